//! Reads order records, and has the products forget the orders that are over.

use super::{document, stock};
use crate::model::change::{clean_name, sanitize_actor};
use crate::model::notes::stored_note;
use crate::model::order::{LATEST, is_number};
use crate::model::{
    Currency, Order, OrderBrief, OrderId, OrderState, People, ProductId, Refusal, Ticket, UserName,
    order,
};
use crate::store::cart::decode::names;
use crate::store::connection::replicas::ReplicaWait;
use crate::store::connection::{Conn, Connection, answer, pipeline};
use crate::store::error::{Error, Trouble};
use crate::store::keys;
use crate::store::order::begun::read_reason;
use crate::store::order::checkout::server_time;
use crate::store::order::stock::StockReturn;
use crate::store::scripts::{MARK_DELIVERED, UNDO_WITHIN_MS};
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

/// The time after which the last step of an order can't be taken back any more, by the clock of any
/// node of a cluster, in milliseconds.
const FINAL_AFTER_MS: u64 = UNDO_WITHIN_MS + 60_000;

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
pub(crate) fn read_number(text: &str) -> Option<u32> {
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
        wind_up(connection, &record.ticket.order).await?;
    }
    Ok(record.ticket)
}

/// Reads one order, and changes nothing.
pub(crate) async fn read_ticket(
    conn: &mut impl ConnectionLike,
    id: &OrderId,
) -> Result<Ticket, Error> {
    let fields: Vec<Option<Vec<u8>>> = answer(&fetch(id), conn)
        .await
        .map_err(Trouble::for_orders)?;
    let record = decode(&fields).ok_or_else(|| not_placed(id, &fields))?;
    Ok(record.ticket)
}

/// Reads an order, and the consumer of the follower group `group` to which it was delivered, if
/// any; `None` where the order is no longer stored.
pub(crate) async fn delivered_to(
    conn: &mut impl ConnectionLike,
    id: &OrderId,
    group: &str,
) -> Result<Option<(Order, Option<String>)>, Error> {
    let mut command = fetch(id);
    command.arg(format!("given:{group}"));
    let mut fields: Vec<Option<Vec<u8>>> = command.query_async(conn).await?;

    let consumer = fields.pop().flatten();
    let consumer = consumer.map(|raw| String::from_utf8_lossy(&raw).into_owned());
    Ok(decode(&fields).map(|record| (record.ticket.order, consumer)))
}

/// Notes that an order is delivered to a follower, unless the order is cancelled; returns its
/// state, `None` where the order is no longer stored.
pub(crate) async fn mark_delivered(
    conn: &mut impl ConnectionLike,
    id: &OrderId,
    group: &str,
    consumer: &str,
) -> Result<Option<OrderState>, Error> {
    let state: String = MARK_DELIVERED
        .key(keys::order(id))
        .arg(group)
        .arg(consumer)
        .invoke_async(conn)
        .await?;
    Ok(OrderState::named(&state))
}

/// Reads the newest orders, of `user` or all, newest first.
///
/// # Errors
/// The [`Trouble`] of the link.
pub async fn list_orders(
    connection: &mut Connection,
    user: Option<&UserName>,
    most: usize,
) -> Result<Vec<Order>, Error> {
    let (orders, _) = connection
        .read(async |mut conn| read_range(&mut conn, user, 0, most).await)
        .await
        .map_err(Trouble::for_orders)?;
    Ok(orders)
}

/// Counts the orders of `user`, or all.
///
/// # Errors
/// The [`Trouble`] of the link.
pub async fn count_orders(
    connection: &mut Connection,
    user: Option<&UserName>,
) -> Result<usize, Error> {
    let mut command = redis::cmd("ZCARD");
    command.arg(index_of(user));
    Ok(connection
        .read(async |mut conn| answer(&command, &mut conn).await)
        .await
        .map_err(Trouble::for_orders)?)
}

/// The index with the orders of `user`, or with all.
pub(crate) fn index_of(user: Option<&UserName>) -> String {
    user.map_or_else(
        || keys::ORDERS_ALL.to_owned(),
        |user| keys::orders_of(user.as_str()),
    )
}

/// The command that tells whether an index lists an order.
pub(crate) fn score(index: &str, id: &str) -> Cmd {
    let mut command = redis::cmd("ZSCORE");
    command.arg(index).arg(id);
    command
}

/// A page of past orders, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrdersPage {
    /// The orders. Records that can't be read are left out.
    pub orders: Vec<Order>,
    /// The number of orders that are newer than this page.
    pub from: usize,
    /// The number of orders that are newer than the page after this.
    pub next: usize,
    /// The total number of orders.
    pub total: usize,
}

impl From<Vec<Order>> for OrdersPage {
    /// All orders on one page.
    fn from(orders: Vec<Order>) -> OrdersPage {
        OrdersPage {
            from: 0,
            next: orders.len(),
            total: orders.len(),
            orders,
        }
    }
}

/// Reads a page of `user`'s orders, after the `from` newest, of at most `most`.
pub(crate) async fn read_page(
    conn: &mut Conn,
    user: &UserName,
    from: usize,
    most: usize,
) -> Result<OrdersPage, Trouble> {
    let mut count = redis::cmd("ZCARD");
    count.arg(index_of(Some(user)));
    let total: usize = answer(&count, conn).await?;
    let (orders, entries) = read_range(conn, Some(user), from, most).await?;

    // A page without entries is the last one, whatever was counted.
    let next = from + entries;
    let total = if entries == 0 { next } else { total };
    Ok(OrdersPage {
        orders,
        from,
        next,
        total,
    })
}

/// Reads an order of `user` on any link; `None` where they have no such order that was placed.
pub(crate) async fn read_own(
    conn: &mut Conn,
    user: &UserName,
    id: &OrderId,
) -> Result<Option<Order>, Trouble> {
    let fields: Vec<Option<Vec<u8>>> = answer(&fetch(id), conn).await?;
    let order = decode(&fields).map(|record| record.ticket.order);
    Ok(order.filter(|order| order.user == user.as_str()))
}

/// Asks for ids of an index, into which whoever may order can write anything.
pub(crate) async fn read_ids(
    command: &Cmd,
    conn: &mut impl ConnectionLike,
) -> Result<Vec<String>, Trouble> {
    let ids: Vec<Vec<u8>> = answer(command, conn).await?;
    Ok(ids.iter().map(|id| read_id(id)).collect())
}

/// An entry of an index as text. What is none is no id, either, and left out later.
pub(super) fn read_id(id: &[u8]) -> String {
    String::from_utf8_lossy(id).into_owned()
}

/// Reads orders after the `from` newest, and how many entries of the index that were.
async fn read_range(
    conn: &mut Conn,
    user: Option<&UserName>,
    from: usize,
    most: usize,
) -> Result<(Vec<Order>, usize), Trouble> {
    if most == 0 {
        return Ok((Vec::new(), 0));
    }
    let mut range = redis::cmd("ZREVRANGE");
    range.arg(index_of(user)).arg(from).arg(from + most - 1);
    let ids = read_ids(&range, conn).await?;

    let tickets = read_tickets(conn, &ids).await?;
    let mut orders: Vec<Order> = tickets.into_iter().map(|ticket| ticket.order).collect();
    // Whoever may order can write anything into the index of a cart.
    orders.retain(|order| user.is_none_or(|user| order.user == user.as_str()));
    Ok((orders, ids.len()))
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

/// The fields of an order that tell of it in short, in the order in which they are read.
const BRIEF_FIELDS: [&str; 10] = [
    "user",
    "state",
    "number",
    "who",
    "at",
    "changed",
    "changed_by",
    "lines",
    "currency",
    "money",
];

/// The command that reads an order in short.
fn fetch_brief(id: &OrderId) -> Cmd {
    let mut command = redis::cmd("HMGET");
    command.arg(keys::order(id)).arg(&BRIEF_FIELDS);
    command
}

/// Reads the answer to [`fetch_brief`]; `None` where `user` has no such order that was placed.
fn decode_brief(id: &OrderId, user: &UserName, fields: &[Option<Vec<u8>>]) -> Option<OrderBrief> {
    let [
        owner,
        state,
        number,
        who,
        at,
        changed,
        changed_by,
        lines,
        currency,
        money,
    ] = fields
    else {
        return None;
    };
    if utf8(owner)? != user.as_str() {
        return None;
    }

    let currency = Currency::stored(currency.as_deref(), money.as_deref());
    // What the lines cost is the total; another field may say anything.
    let lines = lines.as_deref().and_then(document::lines_from_json);
    let total = lines.map(|lines| order::total(&lines));
    Some(OrderBrief {
        id: id.clone(),
        state: OrderState::named(utf8(state)?)?,
        number: utf8(number).and_then(read_number),
        who: who.as_deref().map(sanitize_actor),
        at: utf8(at).and_then(|at| at.parse().ok()),
        changed: utf8(changed).and_then(|at| at.parse().ok()),
        changed_by: mover(changed_by),
        total: total.map(|total| (total, currency)),
    })
}

/// Reads an order in short; `None` where `user` has no such order that was placed.
pub(crate) async fn read_brief(
    conn: &mut impl ConnectionLike,
    user: &UserName,
    id: &OrderId,
) -> Result<Option<OrderBrief>, Trouble> {
    let fields: Vec<Option<Vec<u8>>> = answer(&fetch_brief(id), conn).await?;
    Ok(decode_brief(id, user, &fields))
}

/// Reads the newest orders of `user` in short, newest first.
pub(crate) async fn read_newest(
    conn: &mut Conn,
    user: &UserName,
    most: usize,
) -> Result<Vec<OrderBrief>, Trouble> {
    let mut command = redis::cmd("ZREVRANGE");
    command.arg(index_of(Some(user))).arg(0).arg(most - 1);
    let ids = read_ids(&command, conn).await?;
    read_each(conn, &ids, fetch_brief, |id, fields| {
        decode_brief(id, user, fields)
    })
    .await
}

/// Goes on where somebody stopped while `orders` ended: gives back the stock that cancelled ones
/// still hold. The trouble of one does not keep it from the others.
///
/// # Errors
/// The [`Trouble`] of the link, where it can't be read which orders hold stock.
pub async fn cancel_leftovers(
    connection: &mut Connection,
    tickets: &[Ticket],
) -> Result<(), Error> {
    let orders = tickets.iter().map(|ticket| &ticket.order);
    let over: Vec<&Order> = orders.filter(|order| order.state.is_over()).collect();
    let ask = |order: &&Order| {
        let mut command = redis::cmd("HEXISTS");
        command.arg(keys::order(&order.id)).arg("returned");
        command
    };
    let answers = pipeline::run_all(&connection.conn, over.iter().map(ask).collect()).await?;

    for (order, returned) in over.into_iter().zip(answers) {
        if returned? == Value::Int(0)
            && let Err(error) = wind_up(connection, order).await
        {
            tracing::warn!(order = order.id.as_str(), %error, "stock of an order that is over");
        }
    }
    Ok(())
}

/// Tells whether the last step of an order was made too long ago to be taken back.
async fn is_final(connection: &mut Connection, order: &Order) -> Result<bool, Trouble> {
    let now = server_time(&mut connection.conn).await?;
    Ok(now > order.changed.saturating_add(FINAL_AFTER_MS))
}

/// Makes the products forget an order that is over, and marks it so; the stock of a cancelled
/// order goes back. An order that isn't over is left alone, and so is one that may come back.
pub(crate) async fn wind_up(connection: &mut Connection, order: &Order) -> Result<(), Error> {
    let fate = match order.state {
        OrderState::Placed | OrderState::Accepted | OrderState::Ready => return Ok(()),
        // Its last step may still be taken back, and then its products must know it.
        OrderState::Done if !is_final(connection, order).await? => return Ok(()),
        OrderState::Done => StockReturn::Keep,
        OrderState::Cancelled => StockReturn::GiveBack,
    };

    let mut conn = ReplicaWait::new(&mut connection.conn, connection.policy.confirm_replicas);
    for line in &order.lines {
        let released = stock::release(&mut conn, &order.id, &line.product, fate).await;
        conn.require_replicas(released)?;
    }

    // Only after the products: whoever finds an order without this mark goes on.
    let mut mark = redis::cmd("HSET");
    mark.arg(keys::order(&order.id)).arg("returned").arg(1);
    Ok(mark.query_async(&mut connection.conn).await?)
}
