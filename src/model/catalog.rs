//! The catalog: its order, and finding products in it.

use super::{Product, ProductId, Refusal};
use std::collections::HashMap;

/// All products, sorted by category, then name.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    products: Vec<Product>,
    places: HashMap<ProductId, u32>,
}

impl Catalog {
    /// A catalog of `products`, in any order.
    #[must_use]
    pub fn new(mut products: Vec<Product>) -> Catalog {
        products.sort_by(|a, b| Catalog::order(a).cmp(&Catalog::order(b)));
        products.dedup_by(|a, b| a.id == b.id);
        let places =
            products.iter().zip(0u32..).map(|(product, place)| (product.id.clone(), place)).collect();
        Catalog { products, places }
    }

    fn order(product: &Product) -> (bool, &str, String, &ProductId) {
        // Products without a category come last.
        (product.category.is_empty(), &product.category, product.name.to_lowercase(), &product.id)
    }

    /// How many products there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.products.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.products.is_empty()
    }

    /// The product at `place` in the order.
    #[must_use]
    pub fn at(&self, place: u32) -> Option<&Product> {
        self.products.get(place as usize)
    }

    /// The product with this id.
    #[must_use]
    pub fn get(&self, id: &ProductId) -> Option<&Product> {
        self.at(self.place(id)?)
    }

    /// The place of the product with this id.
    #[must_use]
    pub fn place(&self, id: &ProductId) -> Option<u32> {
        self.places.get(id).copied()
    }

    /// All products in their order.
    pub fn iter(&self) -> impl Iterator<Item = &Product> {
        self.products.iter()
    }

    /// Takes in what was read of some products: new values, or `None` for one that is gone.
    pub fn refresh(&mut self, read: Vec<(ProductId, Option<Product>)>) {
        let mut resort = false;
        for (id, product) in read {
            match (self.places.get(&id).copied(), product) {
                (Some(place), Some(product)) => {
                    let old = &mut self.products[place as usize];
                    resort |= old.name != product.name || old.category != product.category;
                    *old = product;
                }
                (None, Some(product)) => {
                    self.places.insert(id, u32::try_from(self.products.len()).unwrap_or(u32::MAX));
                    self.products.push(product);
                    resort = true;
                }
                (Some(place), None) => {
                    self.places.remove(&id);
                    self.products.swap_remove(place as usize);
                    if let Some(moved) = self.products.get(place as usize) {
                        self.places.insert(moved.id.clone(), place);
                    }
                    resort = true;
                }
                (None, None) => {}
            }
        }
        if resort {
            *self = Catalog::new(std::mem::take(&mut self.products));
        }
    }

    /// The categories, in their order.
    #[must_use]
    pub fn categories(&self) -> Vec<&str> {
        let (mut found, mut rest) = (Vec::new(), &self.products[..]);
        while let Some(first) = rest.first() {
            if !first.category.is_empty() {
                found.push(&*first.category);
            }
            rest = &rest[rest.partition_point(|product| product.category == first.category)..];
        }
        found
    }

    /// The product that somebody means by an id or a name: the id, else the whole name,
    /// else a part of just one name; letter case doesn't matter in names.
    ///
    /// # Errors
    /// [`Refusal::UnknownProduct`], [`Refusal::Ambiguous`], [`Refusal::NameTooLong`].
    pub fn resolve(&self, typed: &str) -> Result<&Product, Refusal> {
        let id = ProductId::asked(typed)?;
        if let Some(product) = self.get(&id) {
            return Ok(product);
        }
        let wanted = typed.trim().to_lowercase();
        let by = |test: &dyn Fn(&str) -> bool| -> Vec<&Product> {
            self.iter().filter(|product| test(&product.name.to_lowercase())).collect()
        };
        let whole = by(&|name| name == wanted);
        let found =
            if whole.is_empty() { by(&|name| !wanted.is_empty() && name.contains(&wanted)) } else { whole };
        match found[..] {
            [] => Err(Refusal::UnknownProduct(super::text::clean_to(typed.as_bytes(), 80))),
            [one] => Ok(one),
            _ => Err(Refusal::Ambiguous {
                text: super::text::clean_to(typed.as_bytes(), 80),
                candidates: found.iter().take(8).map(|p| format!("{} ({})", p.name, p.id)).collect(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        catalog.iter().map(|p| &*p.name).collect()
    }

    #[test]
    fn order_and_categories() {
        let catalog = catalog();
        assert_eq!(names(&catalog), ["Rye Bread", "Espresso", "Espresso Beans", "Loose Change"]);
        assert_eq!(catalog.categories(), ["Bakery", "Coffee"]);
    }

    #[test]
    fn resolving_what_somebody_means() {
        let catalog = catalog();
        assert_eq!(catalog.resolve("rye").unwrap().id.to_string(), "rye");
        assert_eq!(catalog.resolve("ESPRESSO").unwrap().id.to_string(), "espresso");
        assert_eq!(catalog.resolve("bread").unwrap().id.to_string(), "rye");
        assert!(
            matches!(catalog.resolve("espr"), Err(Refusal::Ambiguous { candidates, .. }) if candidates.len() == 2)
        );
        assert!(matches!(catalog.resolve("tea"), Err(Refusal::UnknownProduct(_))));
        assert!(matches!(catalog.resolve(""), Err(Refusal::UnknownProduct(_))));
        assert!(matches!(catalog.resolve(&"x".repeat(300)), Err(Refusal::NameTooLong { .. })));
    }

    #[test]
    fn refreshing_adds_changes_and_removes() {
        let mut catalog = catalog();
        let id = |name: &str| ProductId::stored(name.as_bytes());
        catalog.refresh(vec![
            (id("rye"), None),
            (id("tea"), Some(product("tea", "Assam", "Coffee"))),
            (id("espresso"), Some(product("espresso", "Zespresso", "Coffee"))),
            (id("gone"), None),
        ]);
        assert_eq!(names(&catalog), ["Assam", "Espresso Beans", "Zespresso", "Loose Change"]);
        assert_eq!(&*catalog.get(&id("espresso")).unwrap().name, "Zespresso");
        assert!(catalog.get(&id("rye")).is_none());
    }
}
