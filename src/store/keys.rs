//! Every key and channel name, once.

use crate::model::{OrderId, ProductId, UserName};

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

/// Stream of the orders.
pub const ORDERS: &str = "orders";
/// Stream of the ids of the orders that were cancelled.
pub const ORDERS_CANCELLED: &str = "{orders}:cancelled";
/// Sorted set of the ids of all orders by time.
pub const ORDERS_ALL: &str = "{orders}:all";
/// Hash of the orders that are being placed: order id -> when, whose.
pub const ORDERS_OPEN: &str = "{orders}:open";
/// Beginning of the channels of the carts' updates.
pub const UPDATES: &str = "cart-updates:";

/// The hash of an order.
#[must_use]
pub fn order(id: &OrderId) -> String {
    order_named(id.as_str())
}

/// [`order`] by an id as it is stored.
#[must_use]
pub fn order_named(id: &str) -> String {
    format!("{{orders}}:{id}")
}

/// Sorted set of the ids of a user's orders by time.
#[must_use]
pub fn orders_of(user: &str) -> String {
    format!("{{orders}}:of:{user}")
}

/// The companions of a product in its cluster slot: a hash of the orders that took of its
/// stock, and a sorted set of those that must not take any more.
#[must_use]
pub fn stock(id: &ProductId) -> [Vec<u8>; 2] {
    let bytes = id.as_bytes();
    // An id with a hash tag of its own decides the slot of its key; then the key stands as it
    // is in that of the companions. An id with other braces can have no companions in its
    // slot, and only a cluster minds.
    let tagged = bytes.iter().position(|b| *b == b'{').is_some_and(|open| {
        bytes[open..]
            .iter()
            .position(|b| *b == b'}')
            .is_some_and(|length| length > 1)
    });
    let (before, after) = if tagged {
        ("stock-of:", "")
    } else {
        ("{", "}")
    };
    ["orders", "released"].map(|name| {
        [
            before.as_bytes(),
            product(id).as_slice(),
            after.as_bytes(),
            b":",
            name.as_bytes(),
        ]
        .concat()
    })
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
    /// Hash: product id -> who asked for how many.
    pub by: String,
    /// Hash: the order that the cart is just becoming.
    pub order: String,
    /// Hash: order id -> when and how it ended.
    pub ordered: String,
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
            by: companion("by"),
            order: companion("order"),
            ordered: companion("ordered"),
            watchers: companion("watchers"),
            updates: format!("{UPDATES}{user}"),
        }
    }
}
