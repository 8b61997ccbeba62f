//! The catalog: all products, sorted, and found by number, id or name.

mod chunk;
mod codes;
mod item;
mod letters;
mod products;
mod refresh;
mod resolve;
mod sort;

pub(crate) use chunk::Chunk;
pub use item::Item;
pub(crate) use letters::word_mask;
pub(crate) use products::ProductTable;
pub use refresh::CatalogChange;
pub(crate) use resolve::{name_similarity, nearest_of};
pub(crate) use sort::{by_name, category_range, leading_letters, sort_by};

use super::{Product, ProductId};
use crate::model::product::Decoded;
use codes::CodeIndex;
use hashbrown::HashTable;
use sort::category_key;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

/// All products, sorted by category, then name.
///
/// Each has a number, which it keeps for as long as the catalog lives.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    products: ProductTable,
    /// The number of each id. Copies of a catalog share it until one of them changes.
    numbers: Arc<HashTable<u32>>,
    hasher: RandomState,
    /// The numbers of the products that have bar codes.
    codes: CodeIndex,
    /// The numbers of all products, sorted.
    sorted: Arc<Vec<u32>>,
    /// Another number after each refreshing, so that a search knows whether what it found still
    /// holds. Copies have the same one until one of them is refreshed.
    generation: u64,
}

/// A catalog as it was at one moment, for a search: it costs next to nothing to make.
#[derive(Debug, Clone)]
pub struct View {
    pub(crate) products: ProductTable,
    pub(crate) sorted: Arc<Vec<u32>>,
    pub(crate) generation: u64,
}

impl Catalog {
    /// A catalog of `products`, however they are sorted; of those with the same id, the first.
    #[must_use]
    pub fn new(products: Vec<Product>) -> Catalog {
        let mut catalog = Catalog::default();
        for product in &products {
            catalog.push(product.id.as_bytes(), &product.into());
        }
        catalog.sort();
        catalog
    }

    /// Adds a product, if its id is new; [`Catalog::sort`] puts it in its place.
    pub fn push(&mut self, id: &[u8], product: &Decoded<'_>) {
        if self.number_of(id).is_none() {
            self.insert(id, product);
        }
    }

    /// Adds a product whose id is new; returns its number, or `None` where there is no room.
    fn insert(&mut self, id: &[u8], product: &Decoded<'_>) -> Option<u32> {
        let number = self.products.push(id, product)?;
        Arc::make_mut(&mut self.numbers).insert_unique(
            self.hasher.hash_one(id),
            number,
            |number| self.hasher.hash_one(self.products.id(*number)),
        );
        Some(number)
    }

    /// Makes room for this many more products.
    pub(crate) fn reserve(&mut self, more: usize) {
        Arc::make_mut(&mut self.numbers).reserve(more, |number| {
            self.hasher.hash_one(self.products.id(*number))
        });
    }

    /// Sorts all products, by their bar codes, too.
    pub fn sort(&mut self) {
        self.products.shrink();
        self.codes = CodeIndex::of(&self.products);
        self.sorted = Arc::new(sort::sorted(&self.products));
    }

    /// The number of products.
    #[must_use]
    pub fn len(&self) -> usize {
        self.numbers.len()
    }

    /// Returns whether there is no product.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }

    /// The product with this number.
    #[must_use]
    pub fn at(&self, number: u32) -> Option<Item<'_>> {
        self.products.at(number)
    }

    /// The product with this id.
    #[must_use]
    pub fn get(&self, id: &ProductId) -> Option<Item<'_>> {
        self.get_by(id.as_bytes())
    }

    fn get_by(&self, id: &[u8]) -> Option<Item<'_>> {
        self.at(self.number_of(id)?)
    }

    /// The number of the product with this id.
    #[must_use]
    pub fn number(&self, id: &ProductId) -> Option<u32> {
        self.number_of(id.as_bytes())
    }

    fn number_of(&self, id: &[u8]) -> Option<u32> {
        self.numbers
            .find(self.hasher.hash_one(id), |number| {
                self.products.id(*number) == id
            })
            .copied()
    }

    /// The numbers of all products, sorted by category, then name.
    #[must_use]
    pub fn sorted(&self) -> &Arc<Vec<u32>> {
        &self.sorted
    }

    /// The place of a product among others that stand as in the catalog.
    #[must_use]
    pub(crate) fn place_among(&self, others: &[u32], number: u32) -> usize {
        let Some(item) = self.at(number) else {
            return others.len();
        };
        others.partition_point(|other| {
            let other = self.at(*other);
            other.is_some_and(|other| sort::compare(&other, &item).is_lt())
        })
    }

    /// The catalog as it is now, for a search.
    #[must_use]
    pub fn view(&self) -> View {
        View {
            products: self.products.clone(),
            sorted: self.sorted.clone(),
            generation: self.generation,
        }
    }

    /// All products, sorted by category, then name.
    pub fn iter(&self) -> impl Iterator<Item = Item<'_>> {
        self.sorted.iter().filter_map(|number| self.at(*number))
    }

    /// The categories, sorted.
    #[must_use]
    pub fn categories(&self) -> Vec<&str> {
        let mut found = Vec::new();
        let mut rest = &self.sorted[..];

        while let Some(first) = rest.first() {
            let category = self.products.category(*first);
            if !category.is_empty() {
                found.push(category);
            }

            let end = rest.partition_point(|number| {
                category_key(self.products.category(*number)) <= category_key(category)
            });
            rest = &rest[end..];
        }
        found
    }

    /// Returns whether a product has this category.
    #[must_use]
    pub(crate) fn has_category(&self, name: &str) -> bool {
        !category_range(&self.products, &self.sorted, name).is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn product(id: &str, name: &str, category: &str) -> Product {
        let raw = |text: &'static str| Some(text.as_bytes());
        let mut product = Product::decode(
            ProductId::stored(id.as_bytes()),
            [raw("x"), raw("1.00"), None, None, None, None, None],
        )
        .unwrap();
        product.name = name.into();
        product.category = category.into();
        product
    }

    pub(super) fn catalog() -> Catalog {
        Catalog::new(vec![
            product("loose", "Loose Change", ""),
            product("espresso-beans", "Espresso Beans", "Coffee"),
            product("espresso", "Espresso", "Coffee"),
            product("rye", "Rye Bread", "Bakery"),
        ])
    }

    pub(super) fn names(catalog: &Catalog) -> Vec<&str> {
        catalog.iter().map(|p| p.name).collect()
    }

    #[test]
    fn products_and_categories_are_sorted() {
        let catalog = catalog();
        assert_eq!(
            names(&catalog),
            ["Rye Bread", "Espresso", "Espresso Beans", "Loose Change"]
        );
        assert_eq!(catalog.categories(), ["Bakery", "Coffee"]);
    }
}
