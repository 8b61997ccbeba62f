//! Reads order records. [`get_order`] and [`get_ticket`] also wind up one that is over, where the
//! products still know it.

use super::document;
use super::over::wind_up;
use crate::model::name::{clean_name, sanitize_actor};
use crate::model::notes::stored_note;
use crate::model::order::{LATEST, is_number};
use crate::model::{
    Currency, Order, OrderId, OrderState, People, ProductId, Refusal, Ticket, UserName,
};
use crate::store::cart::decode::names;
use crate::store::connection::{Conn, Connection, answer, pipeline};
use crate::store::error::{Error, Trouble};
use crate::store::keys;
use crate::store::order::begun::read_reason;
use redis::aio::ConnectionLike;
use redis::{Cmd, Value};
use std::collections::HashSet;

/// The fields of an order's hash that tell what was sold and when, in the order in which they are
/// read.
const SALE_FIELDS: [&str; 5] = ["at", "state", "ready_at", "currency", "lines"];

/// The other fields, which are read after them.
const OTHER_FIELDS: [&str; 15] = [
    "id",
    "number",
    "user",
    "who",
    "changed",
    "changed_by",
    "accepted_at",
    "done_at",
    "cancelled_at",
    "money",
    "note",
    "settled",
    "ticked",
    "returned",
    "reason",
];

/// The number of fields that [`fetch`] asks for.
pub(super) const FIELDS: usize = SALE_FIELDS.len() + OTHER_FIELDS.len();

/// An order as it is stored.
pub(super) struct OrderRecord {
    /// The order, without the categories of its lines: the catalog has them.
    pub(super) ticket: Ticket,
    /// Set once the order is over and its products have forgotten it, with its stock given back
    /// where it was cancelled.
    pub(super) returned: bool,
}

/// The command that reads what was sold with an order.
fn fetch_sale(id: &OrderId) -> Cmd {
    let mut command = redis::cmd("HMGET");
    command.arg(keys::order(id)).arg(&SALE_FIELDS);
    command
}

/// Reads the answer to [`fetch_sale`] of the order with this id; `None` where there is none. All
/// else of it is empty.
fn decode_sale(id: OrderId, fields: &[Option<Vec<u8>>]) -> Option<Order> {
    let [at, state, ready_at, currency, lines] = fields else {
        return None;
    };

    let at = moment(at)?;
    let ready_at = moment(ready_at).map(|at| (OrderState::Ready, at));
    Some(Order {
        id,
        number: None,
        user: String::new(),
        who: String::new(),
        at,
        state: OrderState::named(utf8(state)?)?,
        changed: at,
        reached: ready_at.into_iter().collect(),
        currency: Currency::stored(currency.as_deref(), None),
        lines: document::lines_from_json(lines.as_deref()?)?,
        note: String::new(),
        settled: Vec::new(),
    })
}

/// The command that reads the fields of an order.
pub(super) fn fetch(id: &OrderId) -> Cmd {
    let mut command = fetch_sale(id);
    command.arg(&OTHER_FIELDS);
    command
}

/// Reads the answer to [`fetch`]; `None` where there is no such order.
pub(super) fn decode(fields: &[Option<Vec<u8>>]) -> Option<OrderRecord> {
    let (sale, others) = fields.split_at_checked(SALE_FIELDS.len())?;
    let [
        id,
        number,
        user,
        who,
        changed,
        changed_by,
        accepted_at,
        done_at,
        cancelled_at,
        money,
        note,
        settled,
        ticked,
        returned,
        _reason,
    ] = others
    else {
        return None;
    };
    let [_, _, ready_at, ..] = sale else {
        return None;
    };

    let mut order = decode_sale(OrderId::parse(utf8(id)?)?, sale)?;
    order.number = utf8(number).and_then(read_number);
    order.user = clean_name(user.as_deref()?);
    order.reached = reached([accepted_at, ready_at, done_at, cancelled_at]);
    order.who = sanitize_actor(who.as_deref()?);
    order.changed = utf8(changed)?.parse().ok()?;
    order.currency = order.currency.written_like(money.as_deref());
    order.note = stored_note(note.as_deref().unwrap_or_default());
    // Who has nothing in it has nothing to settle.
    if let Some(settled) = settled {
        let people = People::of_order(&order);
        order.settled = names(settled, usize::MAX);
        order.settled.retain(|name| people.has(name));
    }

    let ticket = Ticket {
        ticked: ticked_lines(&order, ticked.as_deref().unwrap_or_default()),
        moved_by: mover(changed_by).filter(|_| order.state != OrderState::Placed),
        categories: Vec::new(),
        order,
    };
    Some(OrderRecord {
        ticket,
        returned: returned.is_some(),
    })
}

/// Who brought an order into its state; `None` where nobody is known to have.
pub(super) fn mover(changed_by: &Option<Vec<u8>>) -> Option<String> {
    let by = changed_by.as_deref().map(sanitize_actor);
    by.filter(|by| !by.is_empty())
}

/// The products of an order that are ticked, from the stored list of their ids.
fn ticked_lines(order: &Order, ticked: &[u8]) -> Vec<ProductId> {
    let ticked: HashSet<&[u8]> = ticked.split(|byte| *byte == b'\n').collect();
    let products = order.lines.iter().map(|line| &line.product);
    products
        .filter(|product| ticked.contains(product.as_bytes()))
        .cloned()
        .collect()
}

/// When an order came into the states of [`OrderState::LATER`]; older orders don't tell.
fn reached(fields: [&Option<Vec<u8>>; 4]) -> Vec<(OrderState, u64)> {
    let states = OrderState::LATER.into_iter().zip(fields.map(moment));
    states
        .filter_map(|(state, at)| Some((state, at?)))
        .collect()
}

/// Reads a moment, in Unix milliseconds, where it is one.
fn moment(field: &Option<Vec<u8>>) -> Option<u64> {
    utf8(field)?.parse().ok().filter(|at| *at <= LATEST)
}

/// Reads the number of an order, where it is one.
pub(super) fn read_number(text: &str) -> Option<u32> {
    let number = text.parse().ok()?;
    is_number(number).then_some(number)
}

pub(super) fn utf8(field: &Option<Vec<u8>>) -> Option<&str> {
    std::str::from_utf8(field.as_deref()?).ok()
}

/// The refusal to show an order that was not placed: there is none, it is on its way, or it was
/// undone.
fn not_placed(id: &OrderId, fields: &[Option<Vec<u8>>]) -> Refusal {
    let [_, state, .., reason] = fields else {
        return Refusal::UnknownOrder(id.to_string());
    };
    match state.as_deref() {
        Some(b"pending") => Refusal::OrderPending(id.to_string()),
        Some(b"undone") => Refusal::NotOrdered(read_reason(reason.as_deref().unwrap_or_default())),
        _ => Refusal::UnknownOrder(id.to_string()),
    }
}

/// Reads one order; a cancelled one whose stock was not given back yet gives it back.
///
/// # Errors
/// [`Refusal::UnknownOrder`], [`Refusal::OrderPending`], and [`Refusal::NotOrdered`] for an order
/// that was undone; the [`Trouble`] of the link.
pub async fn get_order(connection: &mut Connection, id: &OrderId) -> Result<Order, Error> {
    let ticket = get_ticket(connection, id).await?;
    Ok(ticket.order)
}

/// Reads one order like [`get_order`], with how far the shop is with it.
///
/// # Errors
/// The errors of [`get_order`].
pub async fn get_ticket(connection: &mut Connection, id: &OrderId) -> Result<Ticket, Error> {
    let fields: Vec<Option<Vec<u8>>> = connection
        .read(async |mut conn| answer(&fetch(id), &mut conn).await)
        .await
        .map_err(Trouble::for_orders)?;
    let record = decode(&fields).ok_or_else(|| not_placed(id, &fields))?;
    if !record.returned {
        match wind_up(connection, &record.ticket.order).await {
            // A product is away: whoever comes by later goes on.
            Err(Error::Trouble(trouble)) if trouble.is_elsewhere() => {
                tracing::warn!(order = id.as_str(), %trouble, "stock of an order that is over");
            }
            wound_up => wound_up?,
        }
    }
    Ok(record.ticket)
}

/// Reads one order, and changes nothing.
pub(super) async fn read_ticket(
    conn: &mut impl ConnectionLike,
    id: &OrderId,
) -> Result<Ticket, Error> {
    let fields: Vec<Option<Vec<u8>>> = answer(&fetch(id), conn)
        .await
        .map_err(Trouble::for_orders)?;
    let record = decode(&fields).ok_or_else(|| not_placed(id, &fields))?;
    Ok(record.ticket)
}

/// Reads an order of `user` on any link; `None` where they have no such order that was placed.
pub(crate) async fn read_own(
    conn: &mut Conn,
    user: &UserName,
    id: &OrderId,
) -> Result<Option<Ticket>, Trouble> {
    let fields: Vec<Option<Vec<u8>>> = answer(&fetch(id), conn).await?;
    let ticket = decode(&fields).map(|record| record.ticket);
    Ok(ticket.filter(|ticket| ticket.order.user == user.as_str()))
}

/// Reads the orders with these ids. What is no id of an order that can be read is left out.
pub(crate) async fn read_tickets(conn: &Conn, ids: &[String]) -> Result<Vec<Ticket>, Trouble> {
    read_each(conn, ids, fetch, |_, fields| {
        decode(fields).map(|record| record.ticket)
    })
    .await
}

/// Reads like [`read_tickets`] what was sold with these orders. All else of them is empty.
pub(super) async fn read_sales(conn: &Conn, ids: &[String]) -> Result<Vec<Order>, Trouble> {
    let decode = |id: &OrderId, fields: &[Option<Vec<u8>>]| decode_sale(id.clone(), fields);
    read_each(conn, ids, fetch_sale, decode).await
}

/// Reads what `fetch` asks of the orders with these ids, and `decode` understands. What is no id of
/// an order that can be read is left out.
pub(super) async fn read_each<T>(
    conn: &Conn,
    ids: &[String],
    fetch: impl Fn(&OrderId) -> Cmd,
    decode: impl Fn(&OrderId, &[Option<Vec<u8>>]) -> Option<T>,
) -> Result<Vec<T>, Trouble> {
    let ids: Vec<OrderId> = ids.iter().filter_map(|id| OrderId::parse(id)).collect();
    let answers = pipeline::run_all(conn, ids.iter().map(fetch).collect()).await?;

    let mut read = Vec::with_capacity(ids.len());
    // One record that can't be read must not hide the others.
    for (id, fields) in ids.iter().zip(answers) {
        let fields = fields.unwrap_or(Value::Nil);
        let fields: Vec<Option<Vec<u8>>> = redis::from_redis_value(fields).unwrap_or_default();
        read.extend(decode(id, &fields));
    }
    Ok(read)
}
