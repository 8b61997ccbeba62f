//! Sorts the products of a catalog.

use super::{Item, ProductTable};
use rayon::prelude::*;
use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap};

/// From this many products on, two cores sort faster than one.
const MANY: usize = 20_000;

/// Compares by category, then name, then id; products without a category come last.
pub(crate) fn compare(a: &Item<'_>, b: &Item<'_>) -> Ordering {
    category_key(a.category)
        .cmp(&category_key(b.category))
        .then_with(|| by_name(a, b))
}

/// The key by which categories are sorted: no category comes last.
pub(crate) fn category_key(category: &str) -> (bool, &str) {
    (category.is_empty(), category)
}

/// Compares by name, whatever the case of its letters, then id.
pub(crate) fn by_name(a: &Item<'_>, b: &Item<'_>) -> Ordering {
    by_letters(a.name, b.name).then_with(|| a.id.cmp(b.id))
}

/// Compares by letters, whatever their case. Most names begin alike and in ASCII letters, which
/// are compared as bytes.
fn by_letters(a: &str, b: &str) -> Ordering {
    let difference = a
        .bytes()
        .zip(b.bytes())
        .position(|(x, y)| !x.is_ascii() || !y.is_ascii() || !x.eq_ignore_ascii_case(&y));
    let Some(start) = difference else {
        return a.len().cmp(&b.len());
    };

    // All before it is ASCII in both, so that a letter begins here in both.
    let rest_of_a = lower(a.get(start..).unwrap_or_default());
    let rest_of_b = lower(b.get(start..).unwrap_or_default());
    rest_of_a.cmp(rest_of_b)
}

fn lower(name: &str) -> impl Iterator<Item = char> {
    name.chars().flat_map(char::to_lowercase)
}

/// The first letters of a name as numbers, eight to a word, so that most names are told apart
/// without a look at their text.
pub(crate) fn leading_letters<const WORDS: usize>(name: &str) -> [u64; WORDS] {
    if name.is_ascii() {
        let letters = name.bytes().map(|letter| letter.to_ascii_lowercase());
        pack_bytes(letters)
    } else {
        let folded: String = lower(name).take(WORDS * 8).collect();
        pack_bytes(folded.bytes())
    }
}

/// Packs as many bytes as there is room for, the first into the highest bits.
fn pack_bytes<const WORDS: usize>(bytes: impl Iterator<Item = u8>) -> [u64; WORDS] {
    let mut words = [0; WORDS];
    for (index, byte) in bytes.take(WORDS * 8).enumerate() {
        words[index / 8] |= u64::from(byte) << (56 - index % 8 * 8);
    }
    words
}

/// The first letters of a product's name, and its number.
type SortKey = ([u64; 3], u32);

/// The numbers of all products, sorted by category, then name, then id.
pub(crate) fn sorted(products: &ProductTable) -> Vec<u32> {
    // Only names are left to compare within a category, of neighbours in memory.
    let mut categories = keys_by_category(products);

    if products.numbers() < MANY {
        for keys in &mut categories {
            keys.sort_unstable_by(|a, b| compare_keys(products, a, b));
        }
    } else {
        categories
            .par_iter_mut()
            .for_each(|keys| sort_by(keys, |a, b| compare_keys(products, a, b)));
    }

    let mut sorted = Vec::with_capacity(products.numbers());
    sorted.extend(categories.iter().flatten().map(|(_, number)| number));
    sorted
}

/// The keys of all products, in a list for each category, the lists sorted by category.
fn keys_by_category(products: &ProductTable) -> Vec<Vec<SortKey>> {
    let ranks = category_ranks(products);
    let mut categories: Vec<Vec<SortKey>> = vec![Vec::new(); ranks.len()];

    for (first_number, chunk) in products.chunks() {
        let chunk_ranks: Vec<usize> = chunk
            .categories()
            .filter_map(|name| ranks.get(name).copied())
            .collect();

        for (slot, number) in (0..chunk.len()).zip(first_number..) {
            let rank = chunk
                .category(slot)
                .and_then(|category| chunk_ranks.get(category));
            if let Some(keys) = rank.and_then(|rank| categories.get_mut(*rank)) {
                keys.push((leading_letters(chunk.name(slot)), number));
            }
        }
    }
    categories
}

/// The rank of each category among the sorted; no category comes last.
fn category_ranks(products: &ProductTable) -> HashMap<&str, usize> {
    let names: BTreeSet<(bool, &str)> = products
        .chunks()
        .flat_map(|(_, chunk)| chunk.categories())
        .map(category_key)
        .collect();
    names.into_iter().map(|(_, name)| name).zip(0..).collect()
}

fn compare_keys(products: &ProductTable, a: &SortKey, b: &SortKey) -> Ordering {
    let (a_letters, a_number) = a;
    let (b_letters, b_number) = b;

    a_letters.cmp(b_letters).then_with(|| {
        match (products.find(*a_number), products.find(*b_number)) {
            (Some((a_chunk, a_slot)), Some((b_chunk, b_slot))) => {
                by_letters(a_chunk.name(a_slot), b_chunk.name(b_slot))
                    .then_with(|| a_chunk.id(a_slot).cmp(b_chunk.id(b_slot)))
            }
            _ => a_number.cmp(b_number),
        }
    })
}

/// The part of the `sorted` numbers whose products have this category: they stand together.
pub(crate) fn category_range<'a>(
    products: &ProductTable,
    sorted: &'a [u32],
    category: &str,
) -> &'a [u32] {
    let start = sorted.partition_point(|number| {
        category_key(products.category(*number)) < category_key(category)
    });
    let rest = &sorted[start..];
    let length = rest.partition_point(|number| products.category(*number) == category);
    &rest[..length]
}

/// Sorts, on both cores where that is worth it.
pub(crate) fn sort_by<T: Send>(all: &mut [T], compare: impl Fn(&T, &T) -> Ordering + Sync) {
    if all.len() < MANY {
        all.sort_unstable_by(compare);
    } else {
        all.par_sort_unstable_by(compare);
    }
}
