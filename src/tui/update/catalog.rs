//! What comes of the catalog.

use super::cart::read_unknown;
use super::complain;
use crate::model::{Catalog, Product, ProductId};
use crate::store::decode::CatalogNews;
use crate::store::{Shop, Trouble};
use crate::tui::message::Effect;
use crate::tui::state::{Link, State};

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
            replace(state, |catalog| *catalog = Catalog::new(products));
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
pub fn on_products(state: &mut State, read: Vec<(ProductId, Option<Product>)>) {
    for (id, product) in &read {
        if product.is_some() {
            state.cart.gone.remove(id);
        } else if state.cart.confirmed.line(id).is_some() {
            state.cart.gone.insert(id.clone());
        }
    }
    replace(state, |catalog| catalog.refresh(read));
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
fn replace(state: &mut State, change: impl FnOnce(&mut Catalog)) {
    let pane = &mut state.catalog;
    let selected = pane.selected().map(|product| product.id.clone());
    change(&mut pane.catalog);
    pane.shown = pane.catalog.filter(pane.filter.value());
    let is_it = |place: &u32| pane.catalog.at(*place).map(|product| &product.id) == selected.as_ref();
    if selected.is_some()
        && let Some(row) = pane.shown.iter().position(is_it)
    {
        let offset = pane.scroll.cursor.saturating_sub(pane.scroll.top);
        pane.scroll.cursor = row;
        pane.scroll.top = row.saturating_sub(offset);
    }
}
