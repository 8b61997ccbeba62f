//! A product as the catalog shows it.

use crate::model::Money;
use crate::model::product::{Product, ProductId, Stock};
use std::fmt;

/// A product as the catalog shows it. All text is clean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Item<'a> {
    /// The id as Redis holds it.
    pub id: &'a [u8],
    /// The name; the id where it has none.
    pub name: &'a str,
    /// Price of one unit; `None` where it is missing or can't be read.
    pub price: Option<Money>,
    /// The category; may be empty.
    pub category: &'a str,
    /// The unit: what one piece is; may be empty.
    pub unit: &'a str,
    /// The stock that the shop has.
    pub stock: Stock,
    /// A sentence about the product; may be empty.
    pub description: &'a str,
    /// The bar codes, with blanks between; may be empty.
    pub barcode: &'a str,
}

impl Item<'_> {
    /// The product's id.
    #[must_use]
    pub fn product_id(&self) -> ProductId {
        ProductId::stored(self.id)
    }

    /// The same product as a value that owns its text.
    #[must_use]
    pub fn to_product(&self) -> Product {
        Product {
            id: self.product_id(),
            name: self.name.into(),
            price: self.price,
            category: self.category.into(),
            unit: self.unit.into(),
            stock: self.stock,
            description: self.description.into(),
            barcode: self.barcode.into(),
        }
    }
}

impl fmt::Display for Item<'_> {
    /// As messages name it: `Espresso (espresso)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name, self.product_id())
    }
}
