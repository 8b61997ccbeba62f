//! Reads order records, and moves an order to its next state (accepted, ready, done, cancelled).

use super::document::LONGEST_CURRENCY;
use super::{document, stock};
use crate::model::change::{clean_name, sanitize_actor};
use crate::model::notes::stored_note;
use crate::model::{
    Order, OrderBrief, OrderId, OrderState, People, Refusal, UserName, order, text,
};
use crate::store::cart::decode::names;
use crate::store::catalog::get_order_settings;
use crate::store::connection::replicas::ReplicaWait;
use crate::store::connection::{Conn, Connection, answer, pipeline};
use crate::store::error::{Error, Trouble};
use crate::store::keys;
use crate::store::order::begun::read_reason;
use crate::store::order::stock::StockReturn;
use crate::store::scripts::{HIGHEST_NUMBER, MARK_DELIVERED, MARK_SETTLED, STATE};
use redis::aio::ConnectionLike;
use redis::{Cmd, Value};

/// The fields of an order's hash, in the order in which they are read.
const FIELDS: [&str; 17] = [
    "id",
    "number",
    "user",
    "who",
    "at",
    "state",
    "changed",
    "accepted_at",
    "ready_at",
    "done_at",
    "cancelled_at",
    "currency",
    "lines",
    "note",
    "settled",
    "returned",
    "reason",
];

/// An order as it is stored.
struct OrderRecord {
    order: Order,
    /// Set once the order is over and its products have forgotten it, with its stock given back
    /// where it was cancelled.
    returned: bool,
}

/// The command that reads the fields of an order.
fn fetch(id: &OrderId) -> Cmd {
    let mut command = redis::cmd("HMGET");
    command.arg(keys::order(id)).arg(&FIELDS);
    command
}

/// Reads the answer to [`fetch`]; `None` where there is no such order.
fn decode(fields: &[Option<Vec<u8>>]) -> Option<OrderRecord> {
    let [
        id,
        number,
        user,
        who,
        at,
        state,
        changed,
        accepted_at,
        ready_at,
        done_at,
        cancelled_at,
        currency,
        lines,
        note,
        settled,
        returned,
        _reason,
    ] = fields
    else {
        return None;
    };

    let mut order = Order {
        id: OrderId::parse(utf8(id)?)?,
        number: utf8(number).and_then(read_number),
        user: clean_name(user.as_deref()?),
        who: sanitize_actor(who.as_deref()?),
        at: utf8(at)?.parse().ok().filter(|at| *at <= LATEST)?,
        state: OrderState::named(utf8(state)?)?,
        changed: utf8(changed)?.parse().ok()?,
        reached: reached([accepted_at, ready_at, done_at, cancelled_at]),
        currency: text::sanitize_to(currency.as_deref().unwrap_or_default(), LONGEST_CURRENCY),
        lines: document::lines_from_json(lines.as_deref()?)?,
        note: stored_note(note.as_deref().unwrap_or_default()),
        settled: Vec::new(),
    };

    // Who has nothing in it has nothing to settle.
    if let Some(settled) = settled {
        let people = People::of_order(&order);
        order.settled = names(settled, usize::MAX);
        order.settled.retain(|name| people.has(name));
    }
    Some(OrderRecord {
        order,
        returned: returned.is_some(),
    })
}

/// The last moment of the year 9999, in Unix milliseconds: no order is of a later one.
const LATEST: u64 = 253_402_300_799_999;

/// When an order came into the states of [`OrderState::LATER`]; older orders don't tell.
fn reached(fields: [&Option<Vec<u8>>; 4]) -> Vec<(OrderState, u64)> {
    let times = fields.map(|field| utf8(field).and_then(|at| at.parse().ok()));
    let times = times.map(|at| at.filter(|at| *at <= LATEST));
    let states = OrderState::LATER.into_iter().zip(times);
    states
        .filter_map(|(state, at)| Some((state, at?)))
        .collect()
}

/// Reads the number of an order, where it is one.
pub(crate) fn read_number(text: &str) -> Option<u32> {
    let number = text.parse().ok()?;
    (1..=HIGHEST_NUMBER).contains(&number).then_some(number)
}

fn utf8(field: &Option<Vec<u8>>) -> Option<&str> {
    std::str::from_utf8(field.as_deref()?).ok()
}

/// The refusal to show an order that was not placed: there is none, it is on its way, or it was
/// undone.
fn not_placed(id: &OrderId, fields: &[Option<Vec<u8>>]) -> Refusal {
    let [_, _, _, _, _, state, .., reason] = fields else {
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
    let fields: Vec<Option<Vec<u8>>> = connection
        .read(async |mut conn| answer(&fetch(id), &mut conn).await)
        .await
        .map_err(Trouble::for_orders)?;
    let record = decode(&fields).ok_or_else(|| not_placed(id, &fields))?;
    if !record.returned {
        wind_up(connection, &record.order).await?;
    }
    Ok(record.order)
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
    Ok(decode(&fields).map(|record| (record.order, consumer)))
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

/// A page of past orders, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrdersPage {
    /// The orders. Records that can't be read are left out.
    pub orders: Vec<Order>,
    /// How many newer ones there are.
    pub from: usize,
    /// How many newer ones the page after this has.
    pub next: usize,
    /// How many there are at all.
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
    let order = decode(&fields).map(|record| record.order);
    Ok(order.filter(|order| order.user == user.as_str()))
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
    let ids: Vec<String> = redis::cmd("ZREVRANGE")
        .arg(index_of(user))
        .arg(from)
        .arg(from + most - 1)
        .query_async(conn)
        .await
        .map_err(Trouble::from)?;

    let mut orders = read_orders(conn, &ids).await?;
    // Whoever may order can write anything into the index of a cart.
    orders.retain(|order| user.is_none_or(|user| order.user == user.as_str()));
    Ok((orders, ids.len()))
}

/// Reads the orders with these ids. What is no id of an order that can be read is left out.
pub(crate) async fn read_orders(conn: &Conn, ids: &[String]) -> Result<Vec<Order>, Trouble> {
    read_each(conn, ids, fetch, |_, fields| {
        decode(fields).map(|record| record.order)
    })
    .await
}

/// Reads what `fetch` asks of the orders with these ids, and `decode` understands. What is no id of
/// an order that can be read is left out.
async fn read_each<T>(
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
const BRIEF_FIELDS: [&str; 9] = [
    "user",
    "state",
    "number",
    "who",
    "at",
    "changed",
    "changed_by",
    "lines",
    "currency",
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
    ] = fields
    else {
        return None;
    };
    if utf8(owner)? != user.as_str() {
        return None;
    }

    let currency = text::sanitize_to(currency.as_deref().unwrap_or_default(), LONGEST_CURRENCY);
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
        changed_by: changed_by.as_deref().map(sanitize_actor),
        total: total.map(|total| total.in_currency(&currency)),
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
    let ids: Vec<String> = answer(&command, conn).await?;
    read_each(conn, &ids, fetch_brief, |id, fields| {
        decode_brief(id, user, fields)
    })
    .await
}

/// Moves an order to another state; asking for its present state is fine.
///
/// Cancelling gives the stock back, once: first the state is written, then the stock, then a
/// mark that it was given back. Whoever finds a cancelled order without that mark goes on.
///
/// # Errors
/// [`Refusal::UnknownOrder`], [`Refusal::InvalidTransition`]; the [`Trouble`] of the link and of
/// replicas, after which asking for the same state again is safe.
pub async fn set_state(
    connection: &mut Connection,
    id: &OrderId,
    state: OrderState,
) -> Result<Order, Error> {
    move_to(connection, id, state, None).await?;
    get_order(connection, id).await
}

/// Tells whether an order was ordered by whoever makes changes over this connection.
fn has_ordered(connection: &Connection, order: &Order) -> bool {
    order.who == sanitize_actor(connection.policy.by.as_bytes())
}

/// Cancels an order for whoever ordered it, while it is only placed and the shop lets buyers cancel.
///
/// # Errors
/// Those of [`get_order`]; [`Refusal::OnlyBuyerCancels`], [`Refusal::TooLateToCancel`],
/// [`Refusal::BuyersCantCancel`]; the [`Trouble`] of the link and of replicas, after which asking
/// again is safe.
pub async fn cancel_own(connection: &mut Connection, id: &OrderId) -> Result<Order, Error> {
    // Who ordered never changes.
    let order = get_order(connection, id).await?;
    let is_theirs = has_ordered(connection, &order);
    if is_theirs && order.state == OrderState::Cancelled {
        return Ok(order);
    }
    if let Some(refusal) = order.refuse_cancel_by(is_theirs) {
        return Err(refusal.into());
    }
    if !get_order_settings(connection).await?.buyers_cancel {
        return Err(Refusal::BuyersCantCancel.into());
    }

    let from = Some(OrderState::Placed);
    match move_to(connection, id, OrderState::Cancelled, from).await {
        Err(Error::Refused(Refusal::InvalidTransition { from, .. })) => {
            Err(Refusal::TooLateToCancel {
                order: order.name(),
                state: from,
            }
            .into())
        }
        moved => {
            moved?;
            get_order(connection, id).await
        }
    }
}

/// Writes another state of an order, where it may come from its present one, and that is `from` if
/// one is given.
async fn move_to(
    connection: &mut Connection,
    id: &OrderId,
    state: OrderState,
    from: Option<OrderState>,
) -> Result<(), Error> {
    let mut conn = ReplicaWait::new(&mut connection.conn, connection.policy.confirm_replicas);
    let suffix = keys::database_suffix(conn.get_db());
    let answer = STATE
        .key(keys::order(id))
        .key(keys::ORDERS_CANCELLED)
        .key(keys::ORDERS_OPEN)
        .arg(id.as_str())
        .arg(state.name())
        .arg(keys::UPDATES)
        .arg(suffix)
        .arg(from.map_or("", OrderState::name))
        .arg(&connection.policy.by)
        .invoke_async(&mut conn)
        .await
        .map_err(|error| Trouble::from(error).for_orders().into());
    let (before, moved): (String, String) = conn.require_replicas(answer)?;

    // Where there is no such order, or it is not placed, reading it says which.
    match OrderState::named(&before) {
        Some(before) if moved.is_empty() && before != state => Err(Refusal::InvalidTransition {
            from: before.name(),
            to: state.name(),
        }
        .into()),
        Some(_) | None => Ok(()),
    }
}

/// Marks who has settled their part of an order with whoever ordered it, and who has not. It is a
/// mark, no payment: only whoever ordered can know.
///
/// # Errors
/// Those of [`get_order`]; [`Refusal::NotBuyer`] and [`Refusal::NotInOrder`]; the [`Trouble`] of the
/// link and of replicas, after which marking the same again is safe.
pub async fn mark_settled(
    connection: &mut Connection,
    id: &OrderId,
    settled: &[String],
    open: &[String],
) -> Result<Order, Error> {
    // Neither who ordered nor what is in an order ever changes.
    let order = get_order(connection, id).await?;
    if !has_ordered(connection, &order) {
        return Err(Refusal::NotBuyer(order.who).into());
    }
    let people = People::of_order(&order);
    if let Some(stranger) = settled.iter().chain(open).find(|name| !people.has(name)) {
        return Err(Refusal::NotInOrder {
            name: stranger.clone(),
            order: id.to_string(),
        }
        .into());
    }

    let mut conn = ReplicaWait::new(&mut connection.conn, connection.policy.confirm_replicas);
    let suffix = keys::database_suffix(conn.get_db());
    let answer = MARK_SETTLED
        .key(keys::order(id))
        .arg(id.as_str())
        .arg(settled.join("\n"))
        .arg(open.join("\n"))
        .arg(keys::UPDATES)
        .arg(suffix)
        .invoke_async(&mut conn)
        .await
        .map_err(|error| Trouble::from(error).for_orders().into());
    let (): () = conn.require_replicas(answer)?;
    get_order(connection, id).await
}

/// Goes on where somebody stopped while `orders` ended: gives back the stock that cancelled ones
/// still hold. The trouble of one does not keep it from the others.
///
/// # Errors
/// The [`Trouble`] of the link, where it can't be read which orders hold stock.
pub async fn cancel_leftovers(connection: &mut Connection, orders: &[Order]) -> Result<(), Error> {
    let over: Vec<&Order> = orders
        .iter()
        .filter(|order| order.state.is_over())
        .collect();
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

/// Makes the products forget an order that is over, and marks it so; the stock of a cancelled
/// order goes back. An order that isn't over is left alone.
async fn wind_up(connection: &mut Connection, order: &Order) -> Result<(), Error> {
    let fate = match order.state {
        OrderState::Placed | OrderState::Accepted | OrderState::Ready => return Ok(()),
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
