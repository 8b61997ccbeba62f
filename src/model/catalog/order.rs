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
    by_letters(a.name, b.name).then_with(|| a.id.cmp(b.id))
}

/// By letters, whatever their case. Most names begin alike and in plain letters, which are
/// compared as bytes.
fn by_letters(a: &str, b: &str) -> Ordering {
    let differ = |(x, y): (u8, u8)| !x.is_ascii() || !y.is_ascii() || !x.eq_ignore_ascii_case(&y);
    let Some(at) = a.bytes().zip(b.bytes()).position(differ) else { return a.len().cmp(&b.len()) };
    // All before it is plain in both, so that a letter begins here in both.
    lower(a.get(at..).unwrap_or_default()).cmp(lower(b.get(at..).unwrap_or_default()))
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
        (a.0, a.1).cmp(&(b.0, b.1)).then_with(|| match (products.find(a.2), products.find(b.2)) {
            (Some((one, a)), Some((other, b))) => {
                by_letters(one.name(a), other.name(b)).then_with(|| one.id(a).cmp(other.id(b)))
            }
            _ => a.2.cmp(&b.2),
        })
    });
    keys.into_iter().map(|(.., number)| number).collect()
}

/// Sorts, on both cores where that is worth it.
pub(in crate::model) fn sort_by<T: Send>(all: &mut [T], compare: impl Fn(&T, &T) -> Ordering + Sync) {
    if all.len() < MANY { all.sort_unstable_by(compare) } else { all.par_sort_unstable_by(compare) }
}
