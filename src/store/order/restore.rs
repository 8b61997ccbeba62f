//! Stores orders as they are: those of a backup, and made-up ones.
//!
//! Their records and lists are those of real orders. But no stock is taken for them, nor does any go
//! back where one is cancelled: products know none of them. Nobody is told of them.

use super::{document, index};
use crate::model::{OrderId, ProductId, StoredOrder, Ticket};
use crate::store::connection::{Connection, pipeline};
use crate::store::error::{Error, Trouble};
use crate::store::keys;
use crate::store::scripts::STORE_ORDERS;
use redis::Value;

const MINUTE: i64 = 60_000;
/// The milliseconds of a day.
const DAY: u64 = 86_400_000;

/// The version of the cart that is noted in an order which is stored as it is: no cart has it.
pub(crate) const STORED_VERSION: u64 = 1;

/// The result of storing one order as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum Restored {
    /// It is stored.
    Stored,
    /// It was there already, and stays as it is.
    Kept,
    /// Another order has its id.
    Other,
}

/// The shops into which orders may be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shops {
    /// Any.
    Any,
    /// One that has none.
    WithoutOrders,
}

/// Stores orders of a backup in one step. Doing so again changes nothing.
///
/// # Errors
/// The [`Trouble`] of the link.
pub(crate) async fn restore(
    connection: &mut Connection,
    orders: &[StoredOrder],
) -> Result<Vec<Restored>, Error> {
    store(connection, orders, Shops::Any).await
}

/// Stores orders in one step; tells of none where the shop has orders and must have none.
pub(super) async fn store(
    connection: &mut Connection,
    orders: &[StoredOrder],
    shops: Shops,
) -> Result<Vec<Restored>, Error> {
    let mut call = STORE_ORDERS.prepare_invoke();
    let common = [
        keys::ORDERS_ALL,
        keys::ORDERS,
        keys::ORDERS_NUMBERS,
        keys::ORDERS_OPEN,
    ];
    for key in common {
        call.key(key);
    }
    call.arg(u8::from(shops == Shops::WithoutOrders));

    for stored in orders {
        let order = &stored.ticket.order;
        call.key(keys::order(&order.id));
        call.key(keys::orders_of(&order.user));
        call.arg(order.id.as_str()).arg(&order.user).arg(order.at);
        call.arg(order.state.name());
        call.arg(order.number.unwrap_or(0));
        call.arg(day_of(stored));
        // Text can always be written as JSON.
        let fields = serde_json::to_string(&fields(stored));
        call.arg(fields.unwrap_or_default());
    }
    let told = call
        .invoke_async::<Vec<String>>(&mut connection.conn)
        .await
        .map_err(|error| Trouble::from(error).for_orders())?;
    let unclear = || Trouble::Unexpected("the answer to stored orders can't be read".to_owned());
    let told = told.iter().map(|word| word.parse().map_err(|_| unclear()));
    Ok(told.collect::<Result<_, _>>()?)
}

/// The day since 1970 on which an order was placed, by the clocks of the shop.
fn day_of(stored: &StoredOrder) -> u64 {
    let ahead = i64::from(stored.utc_offset) * MINUTE;
    stored.ticket.order.at.saturating_add_signed(ahead) / DAY
}

/// The fields of an order's record, each followed by its value.
fn fields(stored: &StoredOrder) -> Vec<String> {
    let Ticket {
        order,
        ticked,
        moved_by,
        categories: _,
    } = &stored.ticket;
    let mut record = Record::default();

    record.set("id", order.id.as_str());
    record.set("user", &order.user);
    record.set("who", &order.who);
    record.set("version", STORED_VERSION.to_string());
    record.set("currency", order.currency.sign());
    record.set("lines", document::lines_to_json(&order.lines));
    record.set("total", order.total().to_string());
    record.set("utc_offset", stored.utc_offset.to_string());
    record.set("begun", order.at.to_string());
    record.set("at", order.at.to_string());
    record.set("state", order.state.name());
    record.set("changed", order.changed.to_string());
    record.set("closed", "1");

    if let Some(number) = order.number {
        record.set("number", number.to_string());
    }
    if let Some(by) = moved_by {
        record.set("changed_by", by);
    }
    if stored.is_returned {
        record.set("returned", "1");
    }
    record.set_text("money", order.currency.example());
    record.set_text("note", order.note.clone());
    record.set_text("settled", order.settled.join("\n"));
    let ticked: Vec<String> = ticked.iter().map(ProductId::to_string).collect();
    record.set_text("ticked", ticked.join("\n"));
    for (state, at) in &order.reached {
        record.set(&format!("{}_at", state.name()), at.to_string());
    }
    for (state, by) in &stored.reached_by {
        record.set(&format!("{}_by", state.name()), by);
    }
    record.0
}

/// The fields of a record, each followed by its value.
#[derive(Default)]
struct Record(Vec<String>);

impl Record {
    fn set(&mut self, name: &str, value: impl Into<String>) {
        self.0.extend([name.to_owned(), value.into()]);
    }

    /// Sets a text that is not there where it is empty.
    fn set_text(&mut self, name: &str, value: String) {
        if !value.is_empty() {
            self.set(name, value);
        }
    }
}

/// Tells of each of these orders whether the shop lists it.
///
/// # Errors
/// The [`Trouble`] of the link.
pub(crate) async fn are_listed(
    connection: &mut Connection,
    ids: impl Iterator<Item = &OrderId>,
) -> Result<Vec<bool>, Error> {
    let commands = ids.map(|id| index::score(keys::ORDERS_ALL, id.as_str()));
    let answers = pipeline::run_all(&connection.conn, commands.collect()).await;
    let answers = answers.map_err(Trouble::for_orders)?;
    let answers = answers.into_iter();
    let listed = answers.map(|answer| answer.map(|score| score != Value::Nil));
    let listed: Result<_, Trouble> = listed.collect();
    Ok(listed.map_err(Trouble::for_orders)?)
}
