//! Every key and channel name, once.

use crate::model::{ProductId, UserName};

/// Prefix of the hashes of the products.
pub const PRODUCT: &str = "product:";
/// Sorted set of the ids of all products; rebuilt from a scan where it is missing.
pub const CATALOG: &str = "catalog";
/// Hash of the shop's settings: name, currency.
pub const SHOP: &str = "shop";
/// Channel of the ids of products that changed.
pub const CATALOG_UPDATES: &str = "catalog-updates";

/// Sorted set of the product ids that the import `id` has named; it shares the slot of [`CATALOG`].
#[must_use]
pub fn import(id: &str) -> String {
    format!("{{{CATALOG}}}:import:{id}")
}

/// The key of a product's hash.
#[must_use]
pub fn product(id: &ProductId) -> Vec<u8> {
    [PRODUCT.as_bytes(), id.as_bytes()].concat()
}

/// The keys of one cart. The companions carry the cart's whole name as their hash tag,
/// so that all of them share one cluster slot.
#[derive(Debug, Clone)]
pub struct CartKeys {
    /// Sorted set: product id -> quantity.
    pub cart: String,
    /// Hash: version, start.
    pub meta: String,
    /// Hash: product id -> how its line came.
    pub lines: String,
    /// Two hashes: op id -> first answer.
    pub ops: [String; 2],
    /// Stream of the updates.
    pub log: String,
    /// Sorted set: product id -> when its line was last touched.
    pub touched: String,
    /// Sorted set: who watches -> until when they count.
    pub watchers: String,
    /// Channel of the updates.
    pub updates: String,
}

impl CartKeys {
    /// The keys of the cart of `user`.
    #[must_use]
    pub fn of(user: &UserName) -> CartKeys {
        let companion = |name: &str| format!("{{cart:{user}}}:{name}");
        CartKeys {
            cart: format!("cart:{user}"),
            meta: companion("meta"),
            lines: companion("lines"),
            ops: [companion("ops0"), companion("ops1")],
            log: companion("log"),
            touched: companion("touched"),
            watchers: companion("watchers"),
            updates: format!("cart-updates:{user}"),
        }
    }
}
