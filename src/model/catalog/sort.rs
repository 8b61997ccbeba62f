//! The orders of a catalog.

use super::Item;
use super::ProductTable;
use rayon::prelude::*;
use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap};

/// From this many on, two cores sort faster than one.
const MANY: usize = 20_000;

/// By category, then name, then id; products without a category come last.
pub(crate) fn compare(a: &Item<'_>, b: &Item<'_>) -> Ordering {
    let category = |item: &Item<'_>| item.category.is_empty();
    category(a)
        .cmp(&category(b))
        .then_with(|| a.category.cmp(b.category))
        .then_with(|| by_name(a, b))
}

/// By name, whatever the case of its letters, then id.
pub(crate) fn by_name(a: &Item<'_>, b: &Item<'_>) -> Ordering {
    by_letters(a.name, b.name).then_with(|| a.id.cmp(b.id))
}

/// By letters, whatever their case. Most names begin alike and in plain letters, which are
/// compared as bytes.
fn by_letters(a: &str, b: &str) -> Ordering {
    let differ = |(x, y): (u8, u8)| !x.is_ascii() || !y.is_ascii() || !x.eq_ignore_ascii_case(&y);
    let Some(at) = a.bytes().zip(b.bytes()).position(differ) else {
        return a.len().cmp(&b.len());
    };
    // All before it is plain in both, so that a letter begins here in both.
    lower(a.get(at..).unwrap_or_default()).cmp(lower(b.get(at..).unwrap_or_default()))
}

fn lower(name: &str) -> impl Iterator<Item = char> {
    name.chars().flat_map(char::to_lowercase)
}

/// The first letters of a name as a number, eight to a word, so that most names are told
/// apart without a look at their text.
pub(crate) fn beginning<const WORDS: usize>(name: &str) -> [u64; WORDS] {
    let mut words = [0; WORDS];
    let mut put = |at: usize, byte: u8| words[at / 8] |= u64::from(byte) << (56 - at % 8 * 8);
    if name.is_ascii() {
        for (at, letter) in name.bytes().take(WORDS * 8).enumerate() {
            put(at, letter.to_ascii_lowercase());
        }
    } else {
        let folded: String = lower(name).take(WORDS * 8).collect();
        for (at, letter) in folded.bytes().take(WORDS * 8).enumerate() {
            put(at, letter);
        }
    }
    words
}

/// What a product is sorted by within its category.
type Key = ([u64; 3], u32);

/// The numbers of all products in the catalog's order.
pub(crate) fn sorted(products: &ProductTable) -> Vec<u32> {
    let names: BTreeSet<&str> = products
        .chunks()
        .flat_map(|(_, chunk)| chunk.categories())
        .collect();
    let (unnamed, named): (Vec<&str>, Vec<&str>) = names.iter().partition(|name| name.is_empty());
    let ranks: HashMap<&str, usize> = named.into_iter().chain(unnamed).zip(0..).collect();
    // A heap for each category: then only names are left to compare, of neighbours in memory.
    let mut heaps: Vec<Vec<Key>> = vec![Vec::new(); ranks.len()];
    for (first, chunk) in products.chunks() {
        let local: Vec<usize> = chunk
            .categories()
            .filter_map(|name| ranks.get(name).copied())
            .collect();
        for (slot, number) in (0..chunk.len()).zip(first..) {
            let rank = chunk
                .category(slot)
                .and_then(|category| local.get(category));
            if let Some(heap) = rank.and_then(|rank| heaps.get_mut(*rank)) {
                heap.push((beginning(chunk.name(slot)), number));
            }
        }
    }
    let by_key = |a: &Key, b: &Key| {
        a.0.cmp(&b.0)
            .then_with(|| match (products.find(a.1), products.find(b.1)) {
                (Some((one, a)), Some((other, b))) => {
                    by_letters(one.name(a), other.name(b)).then_with(|| one.id(a).cmp(other.id(b)))
                }
                _ => a.1.cmp(&b.1),
            })
    };
    if products.numbers() < MANY {
        heaps
            .iter_mut()
            .for_each(|heap| heap.sort_unstable_by(by_key));
    } else {
        heaps.par_iter_mut().for_each(|heap| sort_by(heap, by_key));
    }
    let mut order = Vec::with_capacity(products.numbers());
    order.extend(heaps.iter().flatten().map(|(_, number)| number));
    order
}

/// Sorts, on both cores where that is worth it.
pub(crate) fn sort_by<T: Send>(all: &mut [T], compare: impl Fn(&T, &T) -> Ordering + Sync) {
    if all.len() < MANY {
        all.sort_unstable_by(compare)
    } else {
        all.par_sort_unstable_by(compare)
    }
}
