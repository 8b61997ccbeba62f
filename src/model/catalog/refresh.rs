//! Takes changed products into a catalog.

use super::chunk::CHUNK;
use super::{Catalog, sort};
use crate::model::product::Decoded;
use crate::model::{Product, ProductId};
use std::hash::BuildHasher;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Up to this many products that come, go or get another name are moved one by one; with more,
/// all are sorted anew.
const FEW: usize = 100;
/// A catalog that was read anew is shared with the one before where less than one product in this
/// many has changed.
const SHARED_FROM: usize = 4;

/// The change that a refreshing made to a catalog, from the least to the greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CatalogChange {
    /// The catalog is as it was.
    Nothing,
    /// Prices, stocks or descriptions are new.
    Values,
    /// Products came, went, or stand elsewhere.
    Positions,
}

impl CatalogChange {
    fn between(old: Option<&Product>, new: Option<&Product>) -> CatalogChange {
        match (old, new) {
            (None, None) => CatalogChange::Nothing,
            (Some(old), Some(new)) if old == new => CatalogChange::Nothing,
            (Some(old), Some(new)) if old.name == new.name && old.category == new.category => {
                CatalogChange::Values
            }
            (None, Some(_)) | (Some(_), None | Some(_)) => CatalogChange::Positions,
        }
    }
}

impl Catalog {
    /// Takes in products as they were read: new values, or `None` for one that is gone.
    pub(crate) fn refresh(&mut self, read: Vec<(ProductId, Option<Product>)>) -> CatalogChange {
        self.generation = next_generation();
        let moves_one_by_one = read.len() <= FEW;
        let mut greatest = CatalogChange::Nothing;
        let mut moved = Vec::new();
        let mut recoded = Vec::new();

        for (id, product) in read {
            let number = self.number(&id);
            let old = number.and_then(|number| self.at(number));
            let old = old.map(|item| item.to_product());
            let change = CatalogChange::between(old.as_ref(), product.as_ref());
            greatest = greatest.max(change);
            let has_same_codes = codes_of(old.as_ref()) == codes_of(product.as_ref());

            let new = product.as_ref().map(Decoded::from);
            match (change, number, new) {
                (CatalogChange::Nothing, ..) => {}
                (CatalogChange::Values, Some(number), Some(new)) => {
                    self.products.replace(number, &new);
                    recoded.extend((!has_same_codes).then_some(number));
                }
                (CatalogChange::Values | CatalogChange::Positions, number, new) => {
                    if moves_one_by_one && let Some(number) = number {
                        self.displace(number);
                    }
                    let placed = self.replace(&id, number, new.as_ref());
                    moved.extend(placed);
                    if !has_same_codes {
                        recoded.extend(number.or(placed));
                    }
                }
            }
        }

        if greatest == CatalogChange::Positions && !moves_one_by_one {
            self.sort();
        } else {
            for number in moved {
                self.place(number);
            }
            self.codes.refresh(&self.products, recoded);
        }
        greatest
    }

    /// The catalog as it was read anew. What has not changed since this one is shared with it, so
    /// that whoever has this one and whoever gets the new one hold most of it once.
    #[must_use]
    pub(crate) fn renewed(mut self, read: Catalog) -> Catalog {
        let most = self.len() / SHARED_FROM;
        let new = read
            .iter()
            .filter(|item| self.get_by(item.id).as_ref() != Some(item));
        let new = new.map(|item| (item.product_id(), Some(item.to_product())));
        let gone = self.iter().filter(|item| read.get_by(item.id).is_none());
        let gone = gone.map(|item| (item.product_id(), None));

        let changed: Vec<_> = new.chain(gone).take(most + 1).collect();
        // Numbers of products that are gone are not given again.
        let is_sparse = self.products.numbers() / 2 > self.len() + CHUNK;
        if changed.len() > most || is_sparse {
            return read;
        }
        if !changed.is_empty() {
            self.refresh(changed);
        }
        self
    }

    /// Replaces a product that comes, goes or gets another name; returns its number where it
    /// must find its place.
    fn replace(
        &mut self,
        id: &ProductId,
        number: Option<u32>,
        new: Option<&Decoded<'_>>,
    ) -> Option<u32> {
        match (number, new) {
            (Some(number), Some(new)) => {
                self.products.replace(number, new);
                Some(number)
            }
            (Some(number), None) => {
                self.remove(id, number);
                None
            }
            (None, Some(new)) => self.insert(id.as_bytes(), new),
            (None, None) => None,
        }
    }

    fn remove(&mut self, id: &ProductId, number: u32) {
        let hash = self.hasher.hash_one(id.as_bytes());
        let numbers = Arc::make_mut(&mut self.numbers);
        if let Ok(entry) = numbers.find_entry(hash, |known| *known == number) {
            entry.remove();
        }
        self.products.remove(number);
    }

    /// The position at which a product stands among the sorted, or would stand.
    fn position(&self, number: u32) -> usize {
        let Some(product) = self.at(number) else {
            return self.sorted.len();
        };
        self.sorted.partition_point(|other| {
            self.at(*other)
                .is_some_and(|other| sort::compare(&other, &product).is_lt())
        })
    }

    /// Takes a product out of the sorted.
    fn displace(&mut self, number: u32) {
        let position = self.position(number);
        if self.sorted.get(position) == Some(&number) {
            Arc::make_mut(&mut self.sorted).remove(position);
        }
    }

    /// Puts a product among the sorted, unless it is gone or there already.
    fn place(&mut self, number: u32) {
        if self.at(number).is_none() {
            return;
        }
        let position = self.position(number);
        if self.sorted.get(position) != Some(&number) {
            Arc::make_mut(&mut self.sorted).insert(position, number);
        }
    }
}

/// A number that no other state of a catalog has.
fn next_generation() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// The bar codes of a product; empty where there is none.
fn codes_of(product: Option<&Product>) -> &str {
    product.map_or("", |product| &product.barcode)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{catalog, names, product};
    use super::*;
    use proptest::prelude::*;
    use std::collections::{BTreeMap, BTreeSet};

    #[test]
    fn refreshing_adds_changes_and_removes() {
        let mut catalog = catalog();
        let id = |name: &str| ProductId::stored(name.as_bytes());
        catalog.refresh(vec![
            (id("rye"), None),
            (id("tea"), Some(product("tea", "Assam", "Coffee"))),
            (
                id("espresso"),
                Some(product("espresso", "Zespresso", "Coffee")),
            ),
            (id("gone"), None),
        ]);
        assert_eq!(
            names(&catalog),
            ["Assam", "Espresso Beans", "Zespresso", "Loose Change"]
        );
        assert_eq!(catalog.get(&id("espresso")).unwrap().name, "Zespresso");
        assert!(catalog.get(&id("rye")).is_none());
    }

    #[test]
    fn new_values_move_nothing() {
        let mut catalog = catalog();
        let id = ProductId::stored(b"rye");
        let sorted = catalog.sorted().clone();
        let mut rye = catalog.get(&id).unwrap().to_product();
        assert_eq!(
            catalog.refresh(vec![(id.clone(), Some(rye.clone()))]),
            CatalogChange::Nothing
        );
        rye.price = None;
        assert_eq!(
            catalog.refresh(vec![(id.clone(), Some(rye))]),
            CatalogChange::Values
        );
        assert!(Arc::ptr_eq(&sorted, catalog.sorted()));
        assert_eq!(catalog.get(&id).unwrap().price, None);
    }

    #[test]
    fn what_is_read_anew_is_shared_where_little_has_changed() {
        let products: Vec<Product> = (0..40)
            .map(|n| product(&format!("p{n}"), &format!("Name {n}"), ""))
            .collect();
        let old = Catalog::new(products.clone());
        let all = |catalog: &Catalog| -> Vec<_> {
            catalog.iter().map(|item| item.to_product()).collect()
        };

        let same = old.clone().renewed(Catalog::new(products.clone()));
        assert_eq!(same.generation, old.generation);
        assert!(Arc::ptr_eq(same.sorted(), old.sorted()));

        let mut changed = products.clone();
        changed.remove(7);
        changed[3].price = None;
        changed.push(product("new", "Another", ""));
        let read = Catalog::new(changed);
        let renewed = old.clone().renewed(read.clone());
        assert_eq!(all(&renewed), all(&read));
        assert_ne!(renewed.generation, old.generation);
        assert_eq!(
            renewed.number(&ProductId::stored(b"p39")),
            old.number(&ProductId::stored(b"p39"))
        );
        assert_eq!(all(&old), all(&Catalog::new(products)));

        let others = Catalog::new(
            (0..40)
                .map(|n| product(&format!("q{n}"), "Q", ""))
                .collect(),
        );
        assert_eq!(all(&old.renewed(others.clone())), all(&others));
    }

    proptest! {
        /// Whatever comes and goes, the catalog is as if it had been read anew.
        #[test]
        fn refreshing_is_as_good_as_reading(steps in proptest::collection::vec(proptest::collection::vec((0u8..40, "[a-cA-Cé]{0,3}", "[xy]?", "(0?1234567[0-3] ?){0,2}", any::<bool>()), 0..130), 1..6)) {
            let mut catalog = Catalog::default();
            let mut truth = BTreeMap::new();
            for step in steps {
                let read = step.into_iter().map(|(n, name, category, barcode, there)| {
                    let id = format!("p{n}");
                    let product = there.then(|| Product {
                        barcode: barcode.into(),
                        ..product(&id, &name, &category)
                    });
                    match &product {
                        Some(product) => drop(truth.insert(id.clone(), product.clone())),
                        None => drop(truth.remove(&id)),
                    }
                    (ProductId::stored(id.as_bytes()), product)
                });
                catalog.refresh(read.collect());
                let anew = Catalog::new(truth.values().cloned().collect());
                let all = |catalog: &Catalog| catalog.iter().map(|item| item.to_product()).collect::<Vec<_>>();
                prop_assert_eq!(all(&catalog), all(&anew));
                prop_assert_eq!(catalog.len(), truth.len());

                for code in ["12345670", "012345671", "12345672", "12345673", "12345674"] {
                    let found = |catalog: &Catalog| {
                        let numbers = catalog.with_code(code).into_iter();
                        let products = numbers.map(|number| catalog.at(number).unwrap().product_id());
                        products.collect::<BTreeSet<_>>()
                    };
                    prop_assert_eq!(found(&catalog), found(&anew));
                }
            }
        }
    }
}
