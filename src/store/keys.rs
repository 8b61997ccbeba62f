//! The names of all keys and channels.
//!
//! In a cluster, the part of a key in braces (its hash tag) decides its slot. Keys that one
//! script uses together carry the same hash tag.

use crate::model::{OrderId, ProductId, UserName};

/// Prefix of the hashes of the products.
pub(crate) const PRODUCT: &str = "product:";
/// Sorted set of the ids of all products; rebuilt from a scan where it is missing.
pub(crate) const CATALOG: &str = "catalog";
/// Hash of the shop's settings: name, currency.
pub(crate) const SHOP: &str = "shop";
/// Channel of the ids of products that changed.
pub(crate) const CATALOG_UPDATES: &str = "catalog-updates";
/// Prefix of the channels of the carts' updates.
pub(crate) const UPDATES: &str = "cart-updates:";

/// Stream of the orders.
pub(crate) const ORDERS: &str = "orders";
/// Stream of the ids of the orders that were cancelled.
pub(crate) const ORDERS_CANCELLED: &str = "{orders}:cancelled";
/// Sorted set of the ids of all orders by time.
pub(crate) const ORDERS_ALL: &str = "{orders}:all";
/// Sorted set of the orders that are being placed: order id -> when others look after it, in ms.
/// One that they can't finish, and no longer try to, stands at infinity.
pub(crate) const ORDERS_DUE: &str = "{orders}:due";

/// Hash of the numbers that orders are called by: the day that is counted, the last number, and
/// for each number the id of the newest order that has it.
pub(crate) const ORDERS_NUMBERS: &str = "{orders}:numbers";
/// Sorted set of the open orders: order id -> number, 0 for those that have none.
pub(crate) const ORDERS_OPEN: &str = "{orders}:open";
/// Count of the changes of all orders.
pub(crate) const ORDERS_VERSION: &str = "{orders}:version";
/// Channel of the changes of all orders, for boards.
pub(crate) const ORDER_UPDATES: &str = "order-updates";

/// Sorted set of the invitations to the served shop: hash of the code -> until when, in ms.
pub(crate) const INVITATIONS: &str = "{serve}:invites";
/// Hash of the keys that came by an invitation: fingerprint -> what they are bound to.
pub(crate) const BOUND_KEYS: &str = "{serve}:keys";

/// A channel with what `publish.lua` must know: the number of the database behind it, where that
/// is not 0.
pub(crate) fn channel_in(channel: &str, database: i64) -> String {
    format!("{channel}{}", database_suffix(database))
}

/// The part of [`channel_in`] that follows the channel.
pub(crate) fn database_suffix(database: i64) -> String {
    match database {
        0 => String::new(),
        number => format!(" {number}"),
    }
}

/// Hash of a product.
pub(crate) fn product(id: &ProductId) -> Vec<u8> {
    [PRODUCT.as_bytes(), id.as_bytes()].concat()
}

/// Companions of a product in its cluster slot: a hash of the orders that took of its stock,
/// and a sorted set of the orders that must not take any more.
pub(crate) fn stock(id: &ProductId) -> [Vec<u8>; 2] {
    let product = product(id);

    // An id with a hash tag of its own decides the slot of its key, so its key stands as it is
    // in that of the companions. Any other key becomes their hash tag. That fails for an id
    // with other braces: it can have no companions in its slot, and only a cluster minds.
    let base = if has_hash_tag(id.as_bytes()) {
        [b"stock-of:", &product[..]].concat()
    } else {
        [b"{", &product[..], b"}"].concat()
    };
    ["orders", "released"].map(|name| [&base[..], b":", name.as_bytes()].concat())
}

fn has_hash_tag(bytes: &[u8]) -> bool {
    let Some(open) = bytes.iter().position(|byte| *byte == b'{') else {
        return false;
    };
    let close = bytes[open..].iter().position(|byte| *byte == b'}');
    close.is_some_and(|length| length > 1)
}

/// Sorted set of the product ids that the import `id` has named, in the slot of [`CATALOG`].
pub(crate) fn import(id: &str) -> String {
    format!("{{{CATALOG}}}:import:{id}")
}

/// Hash of an invitation, by the hash of its code. It expires with the invitation.
#[cfg(feature = "serve")]
pub(crate) fn invitation(hash: &str) -> String {
    format!("{{serve}}:invite:{hash}")
}

/// Hash of an order: its record, from when it is announced.
pub(crate) fn order(id: &OrderId) -> String {
    order_named(id.as_str())
}

/// Hash of an order, by its id as it is stored.
pub(crate) fn order_named(id: &str) -> String {
    format!("{{orders}}:{id}")
}

/// Sorted set of the ids of a user's orders by time.
pub(crate) fn orders_of(user: &str) -> String {
    format!("{{orders}}:of:{user}")
}

/// A companion of the cart at this key: it carries the key as its hash tag.
pub(crate) fn companion(cart: &str, name: &str) -> String {
    format!("{{{cart}}}:{name}")
}

/// The key of the cart that a companion belongs to, as in `{cart:ann}:meta`; `None` for any other
/// key.
pub(crate) fn cart_of(companion: &str) -> Option<&str> {
    let (cart, _name) = companion.strip_prefix('{')?.rsplit_once("}:")?;
    cart.starts_with("cart:").then_some(cart)
}

/// The keys of one cart. The companions carry the cart's whole name as their hash tag,
/// so that all of them share one cluster slot.
#[derive(Debug, Clone)]
pub struct CartKeys {
    /// Sorted set: product id -> quantity.
    pub cart: String,
    /// Hash: version, where its history began, timeouts, rules.
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
    /// Hash: product id -> what people noted on it; '' -> the note for the whole order.
    pub notes: String,
    /// Hash: the id of the order that the cart is just becoming, and the pieces that it holds.
    pub order: String,
    /// Sorted set: who watches -> until when they count.
    pub watchers: String,
    /// Channel of the updates.
    pub updates: String,
}

impl CartKeys {
    /// The keys of the cart of `user`.
    #[must_use]
    pub fn of(user: &UserName) -> CartKeys {
        let cart = format!("cart:{user}");

        CartKeys {
            meta: companion(&cart, "meta"),
            lines: companion(&cart, "lines"),
            ops: [companion(&cart, "ops0"), companion(&cart, "ops1")],
            log: companion(&cart, "log"),
            touched: companion(&cart, "touched"),
            by: companion(&cart, "by"),
            notes: companion(&cart, "notes"),
            order: companion(&cart, "order"),
            watchers: companion(&cart, "watchers"),
            updates: format!("{UPDATES}{user}"),
            cart,
        }
    }
}
