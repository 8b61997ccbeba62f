//! The Lua scripts that run on the server, each as a static.
//!
//! A limit that Rust and Lua share, or two scripts, is a constant here. It stands in front of
//! a script's text as a line `local NAME = value`, so that no number is written down twice.

use crate::model::OrderState;
use crate::model::notes::LONGEST_NOTE;
use crate::model::order::HIGHEST_NUMBER;
use crate::model::product::STOCK_DIGITS;
use crate::model::quantity::HIGHEST_LIMIT;
use crate::model::stored_order::MOST_MINUTES_AHEAD;
use crate::model::timeout::{LONGEST_TIMEOUT_MS, SHORTEST_TIMEOUT_MS};
use redis::Script;
use std::fmt::Display;
use std::sync::LazyLock;

/// The most lines that a cart may get.
pub const MOST_LINES: u32 = 1_000;

/// The most people who are ready in one cart.
pub(crate) const MOST_READY: usize = 1_000;

/// The most notes on the lines of a cart.
pub(crate) const MOST_NOTES: usize = 1_000;

/// The notes on the lines of a cart from which on only who has pieces of a line may note something
/// on it.
const FREE_NOTES: usize = 200;

/// The longest name of somebody who is ready or notes something, in bytes: no clean name is longer.
const LONGEST_NAME: usize = 260;

/// The op ids in one generation. A cart remembers this generation and the one before, so it
/// recognizes a repeated change at least this many versions later.
const OPS_PER_GENERATION: u32 = 8_192;

/// The highest version of a cart that can be: versions count up from the clock in microseconds,
/// and Lua counts exactly up to 2^53. Anything else that is stored as a version is damage.
pub(crate) const HIGHEST_VERSION: u64 = 9_000_000_000_000_000;

/// The time by which a cart's companions outlive the cart, in milliseconds: a late repeat of a
/// change is still recognized.
const COMPANIONS_OUTLIVE_MS: u32 = 3_600_000;

/// The updates in a cart's log. It is trimmed roughly, and not at each: it may hold some more.
pub(crate) const LOG_LENGTH: usize = 200;

/// The age up to which an order may take stock, in milliseconds.
pub(crate) const TAKE_WITHIN_MS: u64 = 3_600_000;

/// The age of an order from which on others look after it, in milliseconds: its driver seems dead.
pub(crate) const LOOK_AFTER_MS: u64 = 3_000;

/// The fields of an order's record that its steps read and return, in this sequence.
pub(crate) const RECORD_FIELDS: [&str; 9] = [
    "user", "who", "begun", "version", "currency", "lines", "state", "reason", "closed",
];

/// The time for which whoever moved an order last can take that back, in milliseconds.
pub(crate) const UNDO_WITHIN_MS: u64 = 600_000;

/// The time for which the record of an undone order is kept, in milliseconds.
const UNDONE_KEPT_MS: u64 = 86_400_000;

/// The time for which a product remembers the orders that it was made to forget, in
/// milliseconds: longer than they could take stock.
const RELEASES_KEPT_MS: u64 = 4 * TAKE_WITHIN_MS;

/// The most keys that may come by one invitation.
#[cfg(feature = "serve")]
pub const MOST_USES: u32 = 1_000;

/// The longest record of a key that is bound to something, in bytes.
#[cfg(feature = "serve")]
pub(crate) const LONGEST_RECORD: usize = 1_024;

/// The function that reads whole numbers.
const WHOLE: &str = include_str!("whole.lua");
/// Functions for what a cart's keys tell about its history.
const HISTORY: &str = include_str!("history.lua");
/// Functions for the shares of a line: who asked for how many pieces.
const SHARES: &str = include_str!("shares.lua");
/// Functions for the notes of a cart.
const NOTES: &str = include_str!("notes.lua");
/// The function that looks for a right that is missing.
const RIGHTS: &str = include_str!("rights.lua");
/// The function that publishes messages.
const PUBLISH: &str = include_str!("publish.lua");
/// The function that counts a change of an order, and tells the boards of it.
const ORDER_NEWS: &str = include_str!("order_news.lua");
/// The beginning of the scripts that change a cart as a whole.
const CART_UPDATE: &str = include_str!("cart_update.lua");

/// Sets and removes fields of one product. It is sent as text, since an import runs it rarely.
pub(crate) static PRODUCT: LazyLock<String> = LazyLock::new(|| {
    let text = include_str!("product.lua");
    [RIGHTS, text].concat()
});

/// Changes the stock of one product by a step. It is sent as text, too.
pub(crate) static STEP_STOCK: LazyLock<String> = LazyLock::new(|| {
    let text = include_str!("step_stock.lua");
    [&stock(), PUBLISH, text].concat()
});

/// Sets one field of a product, as it was seen. It is sent as text, too.
pub(crate) static EDIT_PRODUCT: LazyLock<String> = LazyLock::new(|| {
    let text = include_str!("edit_product.lua");
    [PUBLISH, text].concat()
});

/// Sets and removes settings of the shop, where they are still as they were read. It is sent as text,
/// too.
pub(crate) static EDIT_SHOP: LazyLock<String> = LazyLock::new(|| {
    let text = include_str!("edit_shop.lua");
    [RIGHTS, text].concat()
});

/// Applies one change to a cart.
pub(crate) static CHANGE: LazyLock<Script> = LazyLock::new(|| {
    script(&[
        &limit("MOST_LINES", MOST_LINES),
        &limit("MOST_READY", MOST_READY),
        &limit("MOST_NOTES", MOST_NOTES),
        &limit("FREE_NOTES", FREE_NOTES),
        &limit("LONGEST_NAME", LONGEST_NAME),
        // A character takes at most four bytes.
        &limit("LONGEST_NOTE", 4 * LONGEST_NOTE),
        &history(),
        SHARES,
        NOTES,
        PUBLISH,
        include_str!("change.lua"),
    ])
});

/// Reads a cart as of one instant.
pub(crate) static SNAPSHOT: LazyLock<Script> =
    LazyLock::new(|| script(&[include_str!("snapshot.lua")]));

/// Reads a cart's version and who watches it.
pub(crate) static HEARTBEAT: LazyLock<Script> =
    LazyLock::new(|| script(&[PUBLISH, include_str!("heartbeat.lua")]));

/// Sets the rules of a cart.
pub(crate) static RULES: LazyLock<Script> = LazyLock::new(|| {
    let text = include_str!("rules.lua");
    script(&[&history(), RIGHTS, PUBLISH, CART_UPDATE, text])
});

/// Step 1 of an order: writes its record.
pub(crate) static ANNOUNCE: LazyLock<Script> = LazyLock::new(|| {
    script(&[
        &limit("LOOK_AFTER", LOOK_AFTER_MS),
        &record_fields(),
        RIGHTS,
        include_str!("announce.lua"),
    ])
});

/// Step 2 of an order: freezes the cart.
pub(crate) static FREEZE: LazyLock<Script> = LazyLock::new(|| {
    let text = include_str!("freeze.lua");
    script(&[&history(), RIGHTS, PUBLISH, CART_UPDATE, text])
});

/// Step 3 of an order: takes the stock of one product.
pub(crate) static TAKE: LazyLock<Script> = LazyLock::new(|| {
    script(&[
        &limit("TAKE_WITHIN", TAKE_WITHIN_MS),
        &stock(),
        RIGHTS,
        PUBLISH,
        include_str!("take.lua"),
    ])
});

/// Step 4 of an order: decides whether it is placed or undone, puts it into the stream, and gives it
/// its number.
pub(crate) static DECIDE: LazyLock<Script> = LazyLock::new(|| {
    script(&[
        WHOLE,
        &limit("HIGHEST_NUMBER", HIGHEST_NUMBER),
        &limit("MOST_MINUTES_AHEAD", MOST_MINUTES_AHEAD),
        &record_fields(),
        RIGHTS,
        PUBLISH,
        ORDER_NEWS,
        include_str!("decide.lua"),
    ])
});

/// Step 5 of an order that is undone: gives back the stock of one product.
pub(crate) static RELEASE: LazyLock<Script> = LazyLock::new(|| {
    script(&[
        &limit("RELEASES_KEPT", RELEASES_KEPT_MS),
        &stock(),
        RIGHTS,
        PUBLISH,
        include_str!("release.lua"),
    ])
});

/// Step 6 of an order: takes what was ordered out of the cart.
pub(crate) static SETTLE: LazyLock<Script> = LazyLock::new(|| {
    script(&[
        &history(),
        SHARES,
        RIGHTS,
        PUBLISH,
        CART_UPDATE,
        include_str!("settle.lua"),
    ])
});

/// Step 7 of an order: notes that nothing is left to do for it.
pub(crate) static CLOSE: LazyLock<Script> = LazyLock::new(|| {
    script(&[
        &limit("UNDONE_KEPT", UNDONE_KEPT_MS),
        include_str!("close.lua"),
    ])
});

/// Moves an order to its next state.
pub(crate) static STATE: LazyLock<Script> =
    LazyLock::new(|| script(&[RIGHTS, PUBLISH, ORDER_NEWS, include_str!("state.lua")]));

/// Takes the last step of an order back.
pub(crate) static UNDO_STEP: LazyLock<Script> = LazyLock::new(|| {
    script(&[
        WHOLE,
        &limit("UNDO_WITHIN", UNDO_WITHIN_MS),
        RIGHTS,
        PUBLISH,
        ORDER_NEWS,
        include_str!("undo_step.lua"),
    ])
});

/// Ticks a line of an order.
pub(crate) static TICK: LazyLock<Script> = LazyLock::new(|| {
    script(&[
        &open_states(),
        PUBLISH,
        ORDER_NEWS,
        include_str!("tick.lua"),
    ])
});

/// Tells which orders are open.
pub(crate) static BOARD: LazyLock<Script> = LazyLock::new(|| script(&[include_str!("board.lua")]));

/// Lists an order among the open ones.
pub(crate) static LIST_OPEN: LazyLock<Script> = LazyLock::new(|| {
    script(&[
        WHOLE,
        &limit("HIGHEST_NUMBER", HIGHEST_NUMBER),
        &open_states(),
        PUBLISH,
        ORDER_NEWS,
        include_str!("list_open.lua"),
    ])
});

/// Notes which follower an order was delivered to.
pub(crate) static MARK_DELIVERED: LazyLock<Script> =
    LazyLock::new(|| script(&[include_str!("mark_delivered.lua")]));

/// Marks who has settled their part of an order.
pub(crate) static MARK_SETTLED: LazyLock<Script> =
    LazyLock::new(|| script(&[PUBLISH, ORDER_NEWS, include_str!("mark_settled.lua")]));

/// Stores orders as they are.
pub(crate) static STORE_ORDERS: LazyLock<Script> = LazyLock::new(|| {
    script(&[
        WHOLE,
        &limit("HIGHEST_NUMBER", HIGHEST_NUMBER),
        &open_states(),
        RIGHTS,
        include_str!("store_orders.lua"),
    ])
});

/// Keeps an invitation to the served shop.
#[cfg(feature = "serve")]
pub(crate) static INVITE: LazyLock<Script> =
    LazyLock::new(|| script(&[RIGHTS, include_str!("invite.lua")]));

/// Takes an invitation.
#[cfg(feature = "serve")]
pub(crate) static REDEEM: LazyLock<Script> = LazyLock::new(|| {
    script(&[
        WHOLE,
        &limit("MOST_USES", MOST_USES),
        &limit("LONGEST_RECORD", LONGEST_RECORD),
        RIGHTS,
        include_str!("redeem.lua"),
    ])
});

/// Reads what keys are bound to.
#[cfg(feature = "serve")]
pub(crate) static BOUND_KEYS: LazyLock<Script> = LazyLock::new(|| {
    script(&[
        &limit("LONGEST_RECORD", LONGEST_RECORD),
        include_str!("bound_keys.lua"),
    ])
});

fn script(parts: &[&str]) -> Script {
    Script::new(&parts.concat())
}

/// The limits and functions of a cart's history, for every script that writes a new version.
fn history() -> String {
    [
        limit("HIGHEST_QUANTITY", HIGHEST_LIMIT),
        // One that can still be raised.
        limit("HIGHEST_VERSION", HIGHEST_VERSION - 1),
        limit("SHORTEST_LIFE", SHORTEST_TIMEOUT_MS),
        limit("LONGEST_LIFE", LONGEST_TIMEOUT_MS),
        limit("OPS_PER_GENERATION", OPS_PER_GENERATION),
        limit("COMPANIONS_OUTLIVE", COMPANIONS_OUTLIVE_MS),
        // As text, which spares Lua the conversion at every change.
        limit("LOG_LENGTH", format_args!("'{LOG_LENGTH}'")),
        WHOLE.to_owned(),
        HISTORY.to_owned(),
    ]
    .concat()
}

/// The limit and function for stock, for the scripts that count it.
fn stock() -> String {
    [
        WHOLE,
        &limit("STOCK_DIGITS", STOCK_DIGITS),
        include_str!("stock.lua"),
    ]
    .concat()
}

/// The fields of an order's record that the steps of an order return.
fn record_fields() -> String {
    let names = RECORD_FIELDS.map(|name| format!("'{name}'"));
    limit("RECORD_FIELDS", format_args!("{{{}}}", names.join(", ")))
}

/// The states of orders that are not over.
fn open_states() -> String {
    let all = [OrderState::Placed].into_iter().chain(OrderState::LATER);
    let open = all.filter(|state| !state.is_over());
    let entries: Vec<String> = open.map(|it| format!("{} = true", it.name())).collect();
    limit("IS_OPEN", format_args!("{{{}}}", entries.join(", ")))
}

/// A limit as the line of Lua that stands in front of a script.
fn limit(name: &str, value: impl Display) -> String {
    format!("local {name} = {value}\n")
}
