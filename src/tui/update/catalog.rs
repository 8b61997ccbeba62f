//! What comes of the catalog.

use super::cart::read_unknown;
use super::complain;
use crate::model::{Catalog, Product, ProductId, Sort, search};
use crate::store::decode::CatalogNews;
use crate::store::{Shop, Trouble};
use crate::tui::message::{Effect, Search};
use crate::tui::state::{Link, Scroll, State};
use std::sync::Arc;

/// After reading the whole catalog it rests for this many times as long as that took.
const REST: u64 = 10;

/// Asks for the whole catalog, now or when it has rested.
pub fn ask(state: &mut State, effects: &mut Vec<Effect>) {
    state.catalog.again = true;
    read_again(state, effects);
}

/// Reads the catalog again where that is due.
pub fn read_again(state: &mut State, effects: &mut Vec<Effect>) {
    let pane = &mut state.catalog;
    let online = matches!(state.link, Link::Live | Link::Syncing);
    if pane.again && !pane.loading && online && state.now >= pane.rest_until {
        pane.again = false;
        pane.loading = true;
        effects.push(Effect::LoadCatalog);
    }
}

/// The whole catalog was read.
pub fn on_read(
    state: &mut State,
    read: Result<(Vec<Product>, Shop), Trouble>,
    took: u64,
    effects: &mut Vec<Effect>,
) {
    state.catalog.loading = false;
    state.catalog.rest_until = state.now + took * REST;
    match read {
        Ok((products, shop)) => {
            state.shop = shop;
            state.catalog.loaded = true;
            state.cart.gone.clear();
            replace(state, effects, |catalog| *catalog = Catalog::new(products));
            read_unknown(state, effects);
        }
        Err(trouble) => {
            // A broken link brings it up again by itself.
            state.catalog.again = trouble.may_pass();
            state.catalog.rest_until = state.now + 500;
            if !trouble.may_pass() {
                complain(state, format!("The catalog can't be read: {trouble}"));
            }
        }
    }
}

/// Some products were read.
pub fn on_products(state: &mut State, read: Vec<(ProductId, Option<Product>)>, effects: &mut Vec<Effect>) {
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
            state.cart.gone.insert(id.clone());
        }
    }
    replace(state, effects, |catalog| catalog.refresh(read));
}

/// Something in the catalog changed.
pub fn on_news(state: &mut State, news: CatalogNews, effects: &mut Vec<Effect>) {
    match news {
        CatalogNews::Everything => ask(state, effects),
        CatalogNews::Products(ids) if ids.len() > 100 => {
            drop(ids);
            ask(state, effects);
        }
        CatalogNews::Products(ids) => effects.push(Effect::ReadProducts(ids)),
    }
}

/// Changes the catalog and leaves the selected product selected, at its place on the screen.
fn replace(state: &mut State, effects: &mut Vec<Effect>, change: impl FnOnce(&mut Catalog)) {
    let keep = state.catalog.selected().map(|product| product.id.clone());
    change(Arc::make_mut(&mut state.catalog.catalog));
    // Answers to searches in the old catalog are of no use: its places are others.
    state.catalog.answered = state.catalog.asked;
    if state
        .catalog
        .category
        .as_deref()
        .is_some_and(|name| !state.catalog.catalog.categories().contains(&name))
    {
        state.catalog.category = None;
    }
    find(state, keep, effects);
    if state.catalog.answered != state.catalog.asked {
        state.catalog.shown.clear();
    }
}

/// Up to this many products are searched at once; more, on a thread of their own.
const AT_ONCE: usize = 1_000;

/// Looks for what is typed, and selects `keep` where it is found, else the first row.
pub fn find(state: &mut State, keep: Option<ProductId>, effects: &mut Vec<Effect>) {
    let pane = &mut state.catalog;
    pane.asked += 1;
    pane.keep = keep;
    let (number, query) = (pane.asked, pane.query());
    if query.is_plain() {
        let all = u32::try_from(pane.catalog.len()).unwrap_or(u32::MAX);
        return on_found(state, number, (0..all).collect());
    }
    let lines = state.cart.shown.lines.iter();
    let in_cart = lines.map(|line| (line.product.clone(), line.quantity.whole().unwrap_or(0))).collect();
    if pane.catalog.len() <= AT_ONCE {
        let found = search::search(&pane.catalog, &query, &in_cart);
        on_found(state, number, found);
    } else {
        effects.push(Effect::Search(Search { number, query, in_cart }));
    }
}

/// A search is done.
pub fn on_found(state: &mut State, number: u64, found: Vec<u32>) {
    let pane = &mut state.catalog;
    if number <= pane.answered {
        return;
    }
    let place = pane.keep.as_ref().and_then(|id| pane.catalog.place(id));
    let row = place.and_then(|place| found.iter().position(|other| *other == place));
    pane.answered = number;
    pane.shown = found;
    match row {
        Some(row) => {
            let offset = pane.scroll.cursor.saturating_sub(pane.scroll.top);
            pane.scroll.cursor = row;
            pane.scroll.top = row.saturating_sub(offset);
        }
        // What is new is looked at from its beginning; where a product went, its neighbour is.
        None if pane.keep.is_none() => pane.scroll = Scroll::default(),
        None => {}
    }
}

/// Shows the next category, or the previous one; before the first stand all.
pub fn walk_categories(state: &mut State, forward: bool, effects: &mut Vec<Effect>) {
    let categories = state.catalog.catalog.categories();
    let places = categories.len() + 1;
    let here = |name: &str| categories.iter().position(|other| *other == name).map_or(0, |place| place + 1);
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
