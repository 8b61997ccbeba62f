//! What comes of the catalog.

use super::complain;
use crate::model::catalog::CatalogChange;
use crate::model::{Catalog, Product, ProductId, Searcher, Sort};
use crate::store::catalog::decode::CatalogNews;
use crate::store::{Shop, Trouble};
use crate::tui::layout::palette;
use crate::tui::message::{Effect, Found, Purpose, Search};
use crate::tui::state::{CatalogPane, Scroll, State};
use crate::tui::update::cart::read_unknown;
use std::sync::Arc;

/// After reading the whole catalog it rests for this many times as long as that took.
const REST: u64 = 10;

/// Products that may change while the catalog is read, before it is read once more instead.
const MOST_MISSED: usize = 1_000;

/// Asks for the whole catalog, now or when it has rested.
pub fn ask(state: &mut State, effects: &mut Vec<Effect>) {
    state.catalog.reload_wanted = true;
    read_again(state, effects);
}

/// Reads the catalog again where that is due.
pub fn read_again(state: &mut State, effects: &mut Vec<Effect>) {
    if state.may_read_again() && state.now >= state.catalog.reload_not_before {
        state.catalog.reload_wanted = false;
        state.catalog.loading = true;
        effects.push(Effect::LoadCatalog);
    }
}

/// The first products are there.
pub fn on_begun(state: &mut State, begun: Catalog, shop: Shop, effects: &mut Vec<Effect>) {
    if !state.catalog.loaded {
        state.shop = shop;
        replace(state, begun, effects);
    }
}

/// The whole catalog was read.
pub fn on_read(
    state: &mut State,
    read: Result<(Catalog, Shop), Trouble>,
    took: u64,
    effects: &mut Vec<Effect>,
) {
    state.catalog.loading = false;
    state.catalog.progress = None;
    state.catalog.reload_not_before = state.now + took * REST;
    match read {
        Ok((catalog, shop)) => {
            state.shop = shop;
            state.catalog.loaded = true;
            state.cart.gone.clear();
            replace(state, catalog, effects);
            read_unknown(state, effects);
            let missed = std::mem::take(&mut state.catalog.changed_while_loading);
            if !missed.is_empty() {
                effects.push(Effect::ReadProducts(missed));
            }
        }
        Err(trouble) => {
            // A broken link brings it up again by itself.
            state.catalog.reload_wanted = trouble.is_transient();
            state.catalog.reload_not_before = state.now + 500;
            if !trouble.is_transient() {
                complain(state, format!("The catalog can't be read: {trouble}"));
            }
        }
    }
}

/// Some products were read.
pub fn on_products(
    state: &mut State,
    read: Vec<(ProductId, Option<Product>)>,
    effects: &mut Vec<Effect>,
) {
    // A word that is no product, and never was, is somebody's "read again".
    let nobodys = |(id, product): &(ProductId, Option<Product>)| {
        product.is_none()
            && state.catalog.catalog.get(id).is_none()
            && state.cart.confirmed.line(id).is_none()
    };
    if read.iter().any(nobodys) {
        ask(state, effects);
    }
    for (id, product) in &read {
        if product.is_some() {
            state.cart.gone.remove(id);
        } else if state.cart.confirmed.line(id).is_some() {
            keep_name(state, id);
            state.cart.gone.insert(id.clone());
        }
    }
    let keep = selected(state);
    let changed = state.catalog.catalog.refresh(read);
    // New prices change no row's place, unless the rows stand by price.
    if changed == CatalogChange::Positions
        || changed == CatalogChange::Values && state.catalog.sort == Sort::Price
    {
        find_again(state, keep, effects);
    }
}

/// Something in the catalog changed.
pub fn on_news(state: &mut State, news: CatalogNews, effects: &mut Vec<Effect>) {
    match news {
        CatalogNews::Everything => ask(state, effects),
        CatalogNews::Products(ids) if ids.len() > 100 => {
            drop(ids);
            ask(state, effects);
        }
        CatalogNews::Products(ids) => {
            if state.catalog.loading {
                state
                    .catalog
                    .changed_while_loading
                    .extend(ids.iter().cloned());
            }
            if state.catalog.changed_while_loading.len() > MOST_MISSED {
                state.catalog.changed_while_loading.clear();
                state.catalog.reload_wanted = true;
            }
            effects.push(Effect::ReadProducts(ids));
        }
    }
}

fn selected(state: &State) -> Option<ProductId> {
    state.catalog.selected().map(|product| product.product_id())
}

/// Names of products that are gone, before those are dropped that are not in the cart.
const MOST_NAMES: usize = 200;

/// Keeps the name of a product of the cart that is about to go.
fn keep_name(state: &mut State, id: &ProductId) {
    let cart = &mut state.cart;
    if let Some(product) = state.catalog.catalog.get(id) {
        cart.names.insert(id.clone(), product.name.to_string());
    }
    // The activity names them, too, for a while.
    if cart.names.len() > MOST_NAMES {
        cart.names.retain(|id, _| cart.confirmed.line(id).is_some());
    }
}

/// Takes another catalog, and leaves the selected product selected, at its place on the screen.
fn replace(state: &mut State, catalog: Catalog, effects: &mut Vec<Effect>) {
    let lines = state.cart.confirmed.lines.iter().map(|line| &line.product);
    let go: Vec<ProductId> = lines
        .filter(|id| catalog.get(id).is_none())
        .cloned()
        .collect();
    go.iter().for_each(|id| keep_name(state, id));
    let keep = if state.catalog.touched {
        selected(state)
    } else {
        None
    };
    let old = std::mem::replace(&mut state.catalog.catalog, catalog);
    effects.push(Effect::Replaced(Box::new(old)));
    // Its numbers mean other products now.
    state.catalog.shown = Arc::default();
    state.matches.found.clear();
    palette::ask(state, effects);
    find_again(state, keep, effects);
}

fn find_again(state: &mut State, keep: Option<ProductId>, effects: &mut Vec<Effect>) {
    let pane = &mut state.catalog;
    if pane
        .category
        .as_deref()
        .is_some_and(|name| !pane.catalog.has_category(name))
    {
        pane.category = None;
    }
    find(state, keep, effects);
}

/// Up to this many products are searched at once; more, on a thread of their own.
pub const AT_ONCE: usize = 1_000;

/// Looks for what is typed, and selects `keep` where it is found, else the first row.
pub fn find(state: &mut State, keep: Option<ProductId>, effects: &mut Vec<Effect>) {
    let pane = &mut state.catalog;
    pane.search_sent += 1;
    pane.select_after_search = keep;
    let (number, query) = (pane.search_sent, pane.query());
    if query.is_plain() {
        let all = pane.catalog.sorted().clone();
        show(pane, all);
        pane.search_done = number;
        return;
    }
    let in_cart = state
        .cart
        .shown
        .lines
        .iter()
        .map(|line| line.product.clone())
        .collect();
    let search = Search {
        purpose: Purpose::Catalog,
        number,
        query,
        in_cart,
    };
    if pane.catalog.len() <= AT_ONCE {
        let products = search_now(&pane.catalog, &search);
        show(pane, Arc::new(products));
        pane.search_done = number;
    } else {
        effects.push(Effect::Search(search));
    }
}

/// Searches a catalog that is small.
pub fn search_now(catalog: &Catalog, search: &Search) -> Vec<u32> {
    let found =
        Searcher::default().search(&catalog.view(), &search.query, &search.in_cart, &mut ());
    found.unwrap_or_default()
}

/// Something was found; returns whether what waited for it can go on.
pub fn on_found(state: &mut State, found: Found) -> bool {
    if found.purpose == Purpose::Palette {
        let matches = &mut state.matches;
        if found.number == matches.search_sent {
            matches.found = found.products;
            if found.done {
                matches.search_done = found.number;
            }
        }
    } else if found.number == state.catalog.search_sent {
        let pane = &mut state.catalog;
        show(pane, Arc::new(found.products));
        pane.count = found.count;
        if found.done {
            pane.search_done = found.number;
        }
    }
    found.done
}

fn show(pane: &mut CatalogPane, found: Arc<Vec<u32>>) {
    let number = pane
        .select_after_search
        .as_ref()
        .and_then(|id| pane.catalog.number(id));
    let row = number.and_then(|number| found.iter().position(|other| *other == number));
    pane.count = found.len();
    pane.shown = found;
    match row {
        Some(row) => {
            let offset = pane.scroll.cursor.saturating_sub(pane.scroll.top);
            pane.scroll.cursor = row;
            pane.scroll.top = row.saturating_sub(offset);
        }
        // What is new is looked at from its beginning; where a product went, its neighbour is.
        None if pane.select_after_search.is_none() => pane.scroll = Scroll::default(),
        None => {}
    }
}

/// Shows the next category, or the previous one; before the first stand all.
pub fn walk_categories(state: &mut State, forward: bool, effects: &mut Vec<Effect>) {
    let categories = state.catalog.catalog.categories();
    let places = categories.len() + 1;
    let here = |name: &str| {
        categories
            .iter()
            .position(|other| *other == name)
            .map_or(0, |place| place + 1)
    };
    let now = state.catalog.category.as_deref().map_or(0, here);
    let next = if forward { now + 1 } else { now + places - 1 } % places;
    let category = next.checked_sub(1).map(|place| categories[place].into());
    show_category(state, category, effects);
}

/// Shows one category, or all.
pub fn show_category(state: &mut State, category: Option<Box<str>>, effects: &mut Vec<Effect>) {
    state.catalog.category = category;
    find(state, None, effects);
}

/// Orders the catalog.
pub fn sort(state: &mut State, sort: Sort, effects: &mut Vec<Effect>) {
    state.catalog.sort = sort;
    find(state, None, effects);
}
