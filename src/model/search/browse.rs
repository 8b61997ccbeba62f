//! Sorts the products of a category, or of the whole catalog, where no words are searched for.

use super::query::{Query, Sort};
use crate::model::catalog::{
    Item, ProductTable, View, by_name, category_range, leading_letters, sort_by,
};
use crate::model::{ProductId, Stock};
use std::cmp::Ordering;
use std::collections::HashSet;

/// The products of the query's category, or all, sorted as the query asks.
pub(super) fn browse(view: &View, query: &Query, in_cart: &HashSet<ProductId>) -> Vec<u32> {
    let products = &view.products;
    let numbers = match query.category.as_deref() {
        Some(name) => category_range(products, &view.sorted, name),
        None => &view.sorted,
    };

    let is_reversed = query.sorting.is_reversed;
    match query.sorting.by {
        Sort::Category => in_direction(numbers.to_vec(), is_reversed),
        Sort::Name => in_direction(sorted_by_name(products, numbers), is_reversed),
        // Products without a price come last, whatever the direction.
        Sort::Price => sorted_by_key(products, numbers, |item| match item.price {
            None => u128::MAX,
            Some(price) if is_reversed => u128::MAX - 1 - price.millionths(),
            Some(price) => price.millionths(),
        }),
        Sort::Stock => sorted_by_key(products, numbers, |item| {
            let left = match item.stock {
                // What is wrong comes first, whatever the direction.
                Stock::Unreadable => return 0,
                Stock::Left(left) => left,
                Stock::Unlimited => u64::MAX - 1,
            };
            if is_reversed {
                u64::MAX - left
            } else {
                left.saturating_add(1)
            }
        }),
        Sort::InCart => sorted_by_key(products, numbers, |item| {
            in_cart.contains(&item.product_id()) == is_reversed
        }),
    }
}

fn in_direction(mut numbers: Vec<u32>, is_reversed: bool) -> Vec<u32> {
    if is_reversed {
        numbers.reverse();
    }
    numbers
}

/// Sorts by a key; products with the same key stay as they stand in the catalog.
fn sorted_by_key<K: Ord + Send>(
    products: &ProductTable,
    numbers: &[u32],
    key: impl Fn(&Item<'_>) -> K,
) -> Vec<u32> {
    let mut keys = ranked(products, numbers, key);
    sort_by(&mut keys, Ord::cmp);
    keys.into_iter().map(|(.., number)| number).collect()
}

/// Sorts by name. Most names differ in their first letters, which are compared as a number.
fn sorted_by_name(products: &ProductTable, numbers: &[u32]) -> Vec<u32> {
    let mut keys = ranked(products, numbers, |item| leading_letters::<1>(item.name));
    sort_by(&mut keys, |a, b| {
        let (a_letters, a_rank, a_number) = a;
        let (b_letters, b_rank, b_number) = b;
        a_letters
            .cmp(b_letters)
            .then_with(|| match (products.at(*a_number), products.at(*b_number)) {
                (Some(a), Some(b)) => by_name(&a, &b),
                _ => Ordering::Equal,
            })
            .then(a_rank.cmp(b_rank))
    });
    keys.into_iter().map(|(.., number)| number).collect()
}

/// Each product's key, its rank in the catalog, and its number.
fn ranked<K>(
    products: &ProductTable,
    numbers: &[u32],
    key: impl Fn(&Item<'_>) -> K,
) -> Vec<(K, u32, u32)> {
    (0..)
        .zip(numbers)
        .filter_map(|(rank, number)| Some((key(&products.at(*number)?), rank, *number)))
        .collect()
}
