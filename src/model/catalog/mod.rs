//! The catalog: its order, and finding products in it.

mod products;
mod sort;

pub(crate) use products::Chunk;
pub use products::{Item, ProductTable};

use super::{Product, ProductId, Refusal, text};
use crate::model::product::Decoded;
use hashbrown::HashTable;
pub(crate) use sort::{beginning, by_name, sort_by};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

/// More products than this, that come, go or get another name, are sorted with all others.
const FEW: usize = 100;

/// All products, sorted by category, then name.
///
/// Each has a number, which it keeps for as long as the catalog lives.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    products: ProductTable,
    numbers: HashTable<u32>,
    hasher: RandomState,
    order: Arc<Vec<u32>>,
    /// Counts what it went through.
    generation: u64,
}

/// A catalog as it was at one moment, for a search: it costs next to nothing to make.
#[derive(Debug, Clone)]
pub struct View {
    pub(crate) products: ProductTable,
    pub(crate) order: Arc<Vec<u32>>,
    pub(crate) generation: u64,
}

/// What became of a catalog.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Changed {
    /// It is as it was.
    Nothing,
    /// Prices, stocks or descriptions are new.
    Values,
    /// Products came, went, or stand elsewhere.
    Order,
}

impl Catalog {
    /// A catalog of `products`, in any order; of those with the same id, the first.
    #[must_use]
    pub fn new(products: Vec<Product>) -> Catalog {
        let mut catalog = Catalog::default();
        for product in &products {
            catalog.push(product.id.as_bytes(), &product.into());
        }
        catalog.sort();
        catalog
    }

    /// Takes in one more product, if its id is new; [`Catalog::sort`] puts it in its place.
    pub fn push(&mut self, id: &[u8], product: &Decoded<'_>) {
        if self.number_of(id).is_none() {
            self.take_in(id, product);
        }
    }

    /// Makes room for so many more products.
    pub fn reserve(&mut self, more: usize) {
        let (products, hasher) = (&self.products, &self.hasher);
        self.numbers
            .reserve(more, |number| hasher.hash_one(products.id(*number)));
    }

    fn take_in(&mut self, id: &[u8], product: &Decoded<'_>) -> Option<u32> {
        let number = self.products.push(id, product)?;
        let (products, hasher) = (&self.products, &self.hasher);
        let hash = |number: &u32| hasher.hash_one(products.id(*number));
        self.numbers
            .insert_unique(hasher.hash_one(id), number, hash);
        Some(number)
    }

    /// Puts all products into their order.
    pub fn sort(&mut self) {
        self.products.shrink();
        self.order = Arc::new(sort::sorted(&self.products));
    }

    /// How many products there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.numbers.len()
    }

    /// Whether there is none.
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
        self.at(self.number(id)?)
    }

    /// The number of the product with this id.
    #[must_use]
    pub fn number(&self, id: &ProductId) -> Option<u32> {
        self.number_of(id.as_bytes())
    }

    fn number_of(&self, id: &[u8]) -> Option<u32> {
        let is_it = |number: &u32| self.products.id(*number) == id;
        self.numbers.find(self.hasher.hash_one(id), is_it).copied()
    }

    /// The numbers of all products in their order.
    #[must_use]
    pub fn order(&self) -> &Arc<Vec<u32>> {
        &self.order
    }

    /// The catalog as it is now, for a search.
    #[must_use]
    pub fn view(&self) -> View {
        View {
            products: self.products.clone(),
            order: self.order.clone(),
            generation: self.generation,
        }
    }

    /// All products in their order.
    pub fn iter(&self) -> impl Iterator<Item = Item<'_>> {
        self.order.iter().filter_map(|number| self.at(*number))
    }

    /// Takes in what was read of some products: new values, or `None` for one that is gone.
    pub fn refresh(&mut self, read: Vec<(ProductId, Option<Product>)>) -> Changed {
        let (mut changed, mut moved) = (Changed::Nothing, Vec::new());
        self.generation += 1;
        let few = read.len() <= FEW;
        for (id, product) in read {
            let number = self.number(&id);
            let old = number.and_then(|number| self.at(number));
            let one = match (&old, &product) {
                (None, None) => Changed::Nothing,
                (Some(old), Some(new)) if old.to_product() == *new => Changed::Nothing,
                (Some(old), Some(new))
                    if *old.name == *new.name && *old.category == *new.category =>
                {
                    Changed::Values
                }
                _ => Changed::Order,
            };
            changed = changed.max(one);
            let decoded = product.as_ref().map(Decoded::from);
            match (one, number, decoded) {
                (Changed::Nothing, ..) => {}
                (Changed::Values, Some(number), Some(new)) => self.products.replace(number, &new),
                (_, number, new) => moved.extend(self.move_one(&id, number, new.as_ref(), few)),
            }
        }
        match changed {
            Changed::Order if few => moved.into_iter().for_each(|number| self.place(number)),
            Changed::Order => self.sort(),
            _ => {}
        }
        changed
    }

    /// Changes a product that comes, goes or gets another name; returns its number where it
    /// must find its place. With `keep`, all others keep theirs.
    fn move_one(
        &mut self,
        id: &ProductId,
        number: Option<u32>,
        new: Option<&Decoded<'_>>,
        keep: bool,
    ) -> Option<u32> {
        if let Some(number) = number.filter(|_| keep) {
            self.displace(number);
        }
        match (number, new) {
            (Some(number), Some(new)) => {
                self.products.replace(number, new);
                Some(number)
            }
            (Some(number), None) => {
                let hash = self.hasher.hash_one(id.as_bytes());
                if let Ok(entry) = self.numbers.find_entry(hash, |known| *known == number) {
                    entry.remove();
                }
                self.products.remove(number);
                None
            }
            (None, Some(new)) => self.take_in(id.as_bytes(), new),
            (None, None) => None,
        }
    }

    /// Where a product stands in the order, or would stand.
    fn rank(&self, number: u32) -> usize {
        let Some(product) = self.at(number) else {
            return self.order.len();
        };
        let before = |other: &u32| {
            self.at(*other)
                .is_some_and(|other| sort::compare(&other, &product).is_lt())
        };
        self.order.partition_point(before)
    }

    fn displace(&mut self, number: u32) {
        let rank = self.rank(number);
        if self.order.get(rank) == Some(&number) {
            Arc::make_mut(&mut self.order).remove(rank);
        }
    }

    fn place(&mut self, number: u32) {
        if self.at(number).is_none() {
            return;
        }
        let rank = self.rank(number);
        if self.order.get(rank) != Some(&number) {
            Arc::make_mut(&mut self.order).insert(rank, number);
        }
    }

    /// The categories, in their order.
    #[must_use]
    pub fn categories(&self) -> Vec<&str> {
        let (mut found, mut rest) = (Vec::new(), &self.order[..]);
        let category = |number: &u32| self.at(*number).map_or("", |item| item.category);
        while let Some(first) = rest.first().map(category) {
            if !first.is_empty() {
                found.push(first);
            }
            rest = &rest[rest.partition_point(|number| {
                (category(number).is_empty(), category(number)) <= (first.is_empty(), first)
            })..];
        }
        found
    }

    /// Whether a product has this category.
    #[must_use]
    pub fn has_category(&self, name: &str) -> bool {
        let category = |number: &u32| self.at(*number).map_or("", |item| item.category);
        let before = |number: &u32| {
            (category(number).is_empty(), category(number)) < (name.is_empty(), name)
        };
        self.order
            .get(self.order.partition_point(before))
            .map(category)
            == Some(name)
    }

    /// The product that somebody means by an id or a name: the id, else the whole name,
    /// else a part of just one name; letter case doesn't matter in names.
    ///
    /// # Errors
    /// [`Refusal::UnknownProduct`], [`Refusal::Ambiguous`], [`Refusal::NameTooLong`].
    pub fn resolve(&self, typed: &str) -> Result<Item<'_>, Refusal> {
        let id = ProductId::asked(typed)?;
        if let Some(product) = self.get(&id) {
            return Ok(product);
        }
        let wanted = typed.trim().to_lowercase();
        let by = |test: &dyn Fn(&str) -> bool| -> Vec<Item<'_>> {
            self.iter()
                .filter(|product| test(&product.name.to_lowercase()))
                .collect()
        };
        let whole = by(&|name| name == wanted);
        let found = if whole.is_empty() {
            by(&|name| !wanted.is_empty() && name.contains(&wanted))
        } else {
            whole
        };
        match found[..] {
            [] => Err(Refusal::UnknownProduct(text::sanitize_to(
                typed.as_bytes(),
                80,
            ))),
            [one] => Ok(one),
            _ => Err(Refusal::Ambiguous {
                text: text::sanitize_to(typed.as_bytes(), 80),
                candidates: found
                    .iter()
                    .take(8)
                    .map(|p| format!("{} ({})", p.name, p.product_id()))
                    .collect(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn product(id: &str, name: &str, category: &str) -> Product {
        let raw = |text: &'static str| Some(text.as_bytes());
        let mut product = Product::decode(
            ProductId::stored(id.as_bytes()),
            [raw("x"), raw("1.00"), None, None, None, None],
        )
        .unwrap();
        product.name = name.into();
        product.category = category.into();
        product
    }

    fn catalog() -> Catalog {
        Catalog::new(vec![
            product("loose", "Loose Change", ""),
            product("espresso-beans", "Espresso Beans", "Coffee"),
            product("espresso", "Espresso", "Coffee"),
            product("rye", "Rye Bread", "Bakery"),
        ])
    }

    fn names(catalog: &Catalog) -> Vec<&str> {
        catalog.iter().map(|p| p.name).collect()
    }

    #[test]
    fn order_and_categories() {
        let catalog = catalog();
        assert_eq!(
            names(&catalog),
            ["Rye Bread", "Espresso", "Espresso Beans", "Loose Change"]
        );
        assert_eq!(catalog.categories(), ["Bakery", "Coffee"]);
    }

    #[test]
    fn resolving_what_somebody_means() {
        let catalog = catalog();
        assert_eq!(
            catalog.resolve("rye").unwrap().product_id().to_string(),
            "rye"
        );
        assert_eq!(
            catalog
                .resolve("ESPRESSO")
                .unwrap()
                .product_id()
                .to_string(),
            "espresso"
        );
        assert_eq!(
            catalog.resolve("bread").unwrap().product_id().to_string(),
            "rye"
        );
        assert!(
            matches!(catalog.resolve("espr"), Err(Refusal::Ambiguous { candidates, .. }) if candidates.len() == 2)
        );
        assert!(matches!(
            catalog.resolve("tea"),
            Err(Refusal::UnknownProduct(_))
        ));
        assert!(matches!(
            catalog.resolve(""),
            Err(Refusal::UnknownProduct(_))
        ));
        assert!(matches!(
            catalog.resolve(&"x".repeat(300)),
            Err(Refusal::NameTooLong { .. })
        ));
    }

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
    fn new_values_leave_the_order_alone() {
        let mut catalog = catalog();
        let id = ProductId::stored(b"rye");
        let order = catalog.order().clone();
        let mut rye = catalog.get(&id).unwrap().to_product();
        assert_eq!(
            catalog.refresh(vec![(id.clone(), Some(rye.clone()))]),
            Changed::Nothing
        );
        rye.price = None;
        assert_eq!(
            catalog.refresh(vec![(id.clone(), Some(rye))]),
            Changed::Values
        );
        assert!(Arc::ptr_eq(&order, catalog.order()));
        assert_eq!(catalog.get(&id).unwrap().price, None);
    }

    proptest! {
        /// Whatever comes and goes, the catalog is as if it had been read anew.
        #[test]
        fn refreshing_is_as_good_as_reading(steps in proptest::collection::vec(proptest::collection::vec((0u8..40, "[a-cA-Cé]{0,3}", "[xy]?", any::<bool>()), 0..130), 1..6)) {
            let mut catalog = Catalog::default();
            let mut truth = BTreeMap::new();
            for step in steps {
                let read = step.into_iter().map(|(n, name, category, there)| {
                    let id = format!("p{n}");
                    let product = there.then(|| product(&id, &name, &category));
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
            }
        }
    }
}
