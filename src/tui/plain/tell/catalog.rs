//! Products and categories.

use super::name;
use crate::model::Item;
use crate::model::product::WITHOUT_PRICE;
use crate::model::text;
use crate::tui::state::State;
use crate::tui::view::details::stock_words;
use std::collections::HashMap;

/// A product as an entry of a list.
pub(in crate::tui::plain) fn product(state: &State, product: &Item<'_>) -> String {
    facts(state, product, &name(product.name))
}

/// A product by this name: its price, what one piece is, what there is of it.
pub(super) fn facts(state: &State, product: &Item<'_>, name: &str) -> String {
    let price = product.price.map_or_else(
        || WITHOUT_PRICE.to_owned(),
        |price| price.in_currency(&state.shop.currency),
    );
    let in_cart = match state.cart.shown.quantity(&product.product_id()) {
        0 => String::new(),
        pieces => format!("{pieces} in the cart"),
    };
    let stock = stock_words(product.stock);
    let facts = [name, &price, product.unit, &stock, &in_cart];
    let facts: Vec<&str> = facts.into_iter().filter(|fact| !fact.is_empty()).collect();
    facts.join(", ")
}

/// The names of the categories, and how many products each has.
pub(in crate::tui::plain) fn categories(state: &State) -> Vec<(String, String)> {
    let catalog = &state.catalog.catalog;
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for product in catalog.iter() {
        *counts.entry(product.category).or_default() += 1;
    }
    let names = catalog.categories().into_iter();
    let counted = names.map(|name| {
        let count = counts.get(name).copied().unwrap_or_default();
        let count = text::count(count, "product");
        (name.to_owned(), format!("{name}, {count}"))
    });
    counted.collect()
}
