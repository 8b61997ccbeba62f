//! The orders of a catalog.

use super::Item;
use super::Products;
use rayon::slice::ParallelSliceMut;
use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap};

/// From this many on, two cores sort faster than one.
const MANY: usize = 20_000;

/// By category, then name, then id; products without a category come last.
pub(super) fn compare(a: &Item<'_>, b: &Item<'_>) -> Ordering {
    let category = |item: &Item<'_>| item.category.is_empty();
    category(a).cmp(&category(b)).then_with(|| a.category.cmp(b.category)).then_with(|| by_name(a, b))
}

/// By name, whatever the case of its letters, then id.
pub(in crate::model) fn by_name(a: &Item<'_>, b: &Item<'_>) -> Ordering {
    lower(a.name).cmp(lower(b.name)).then_with(|| a.id.cmp(b.id))
}

fn lower(name: &str) -> impl Iterator<Item = char> {
    name.chars().flat_map(char::to_lowercase)
}

/// The beginning of a name as a number, so that most names are told apart by one comparison.
pub(in crate::model) fn beginning(name: &str) -> u64 {
    let mut bytes = [0; 8];
    if name.is_ascii() {
        for (byte, letter) in bytes.iter_mut().zip(name.bytes()) {
            *byte = letter.to_ascii_lowercase();
        }
    } else {
        let folded: String = lower(name).take(8).collect();
        for (byte, letter) in bytes.iter_mut().zip(folded.bytes()) {
            *byte = letter;
        }
    }
    u64::from_be_bytes(bytes)
}

/// The numbers of all products in the catalog's order.
pub(super) fn sorted(products: &Products) -> Vec<u32> {
    let names: BTreeSet<&str> = products.chunks().flat_map(|(_, chunk)| chunk.categories()).collect();
    let (unnamed, named): (Vec<&str>, Vec<&str>) = names.iter().partition(|name| name.is_empty());
    let ranks: HashMap<&str, u32> = named.into_iter().chain(unnamed).zip(0..).collect();
    let mut keys = Vec::with_capacity(products.numbers());
    for (first, chunk) in products.chunks() {
        let local: Vec<u32> = chunk.categories().map(|name| ranks.get(name).copied().unwrap_or(0)).collect();
        for (slot, number) in (0..chunk.len()).zip(first..) {
            if let Some(category) = chunk.category(slot) {
                keys.push((local.get(category).copied().unwrap_or(0), beginning(chunk.name(slot)), number));
            }
        }
    }
    sort_by(&mut keys, |a, b| {
        (a.0, a.1).cmp(&(b.0, b.1)).then_with(|| match (products.at(a.2), products.at(b.2)) {
            (Some(a), Some(b)) => by_name(&a, &b),
            _ => a.2.cmp(&b.2),
        })
    });
    keys.into_iter().map(|(.., number)| number).collect()
}

/// Sorts, on both cores where that is worth it.
pub(in crate::model) fn sort_by<T: Send>(all: &mut [T], compare: impl Fn(&T, &T) -> Ordering + Sync) {
    if all.len() < MANY { all.sort_unstable_by(compare) } else { all.par_sort_unstable_by(compare) }
}
