//! The printing of products for programs.

use crate::model::{Item, Stock};
use serde_json::{Value, json};

/// A product, for programs. Fields that hold something else than they should are named.
pub(super) fn product_json(product: Item<'_>) -> Value {
    let stock = match product.stock {
        Stock::Left(left) => Some(left),
        Stock::Unlimited | Stock::Unreadable => None,
    };
    let mut document = json!({
        "id": product.product_id().to_string(),
        "name": product.name,
        "category": product.category,
        "price": product.price.map(|price| price.to_string()),
        "unit": product.unit,
        "stock": stock,
        "description": product.description,
        "barcode": product.barcode,
    });

    let mut unreadable = Vec::new();
    if product.price.is_none() {
        unreadable.push("price");
    }
    if product.stock == Stock::Unreadable {
        unreadable.push("stock");
    }
    if !unreadable.is_empty() {
        document["unreadable"] = json!(unreadable);
    }
    document
}
