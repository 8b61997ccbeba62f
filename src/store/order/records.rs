//! The books: reading orders, and moving them from state to state.

use super::{document, steps};
use crate::model::change::sanitize_actor;
use crate::model::{Order, OrderId, OrderState, Refusal, UserName, text};
use crate::store::connection::replicas::ReplicaWait;
use crate::store::connection::{Connection, answer};
use crate::store::error::{Error, Trouble};
use crate::store::keys;
use redis::aio::ConnectionLike;
use redis::{Cmd, Pipeline, Script};
use std::sync::LazyLock;

static STATE: LazyLock<Script> =
    LazyLock::new(|| Script::new(include_str!("../scripts/state.lua")));
static GIVE: LazyLock<Script> =
    LazyLock::new(|| Script::new(include_str!("../scripts/mark_delivered.lua")));

/// The fields of an order's hash, in the order in which they are read.
const FIELDS: [&str; 9] = [
    "id", "user", "who", "at", "state", "changed", "currency", "lines", "returned",
];

fn fetch(id: &OrderId) -> Cmd {
    let mut command = redis::cmd("HMGET");
    command.arg(keys::order(id)).arg(&FIELDS);
    command
}

/// An order, and whether its products know nothing of it any more.
fn decode(fields: &[Option<Vec<u8>>]) -> Option<(Order, bool)> {
    let field = |at: usize| fields.get(at)?.as_deref();
    let text = |at: usize| std::str::from_utf8(field(at)?).ok();
    let order = Order {
        id: OrderId::parse(text(0)?)?,
        user: sanitize_actor(field(1)?),
        who: sanitize_actor(field(2)?),
        at: text(3)?.parse().ok()?,
        state: OrderState::named(text(4)?)?,
        changed: text(5)?.parse().ok()?,
        currency: text::sanitize_to(field(6).unwrap_or_default(), 4),
        lines: document::lines_from_json(field(7)?)?,
    };
    Some((order, field(8).is_some()))
}

/// Reads one order; a cancelled one whose stock was not given back yet gives it back.
///
/// # Errors
/// [`Refusal::UnknownOrder`]; the [`Trouble`] of the link.
pub async fn get_order(connection: &mut Connection, id: &OrderId) -> Result<Order, Error> {
    let fields: Vec<Option<Vec<u8>>> = connection
        .read(async |mut conn| answer(&fetch(id), &mut conn).await)
        .await
        .map_err(Trouble::for_orders)?;
    let (order, returned) = decode(&fields).ok_or_else(|| Refusal::UnknownOrder(id.to_string()))?;
    wind_up(connection, &order, returned).await?;
    Ok(order)
}

/// Reads an order, and whether the follower group `group` was given it and by which consumer;
/// `None` where nothing is kept of it any more.
pub(crate) async fn given(
    conn: &mut impl ConnectionLike,
    id: &OrderId,
    group: &str,
) -> Result<Option<(Order, Option<String>)>, Error> {
    let mut command = fetch(id);
    command.arg(format!("given:{group}"));
    let mut fields: Vec<Option<Vec<u8>>> = command.query_async(conn).await?;
    let consumer = fields
        .pop()
        .flatten()
        .map(|raw| String::from_utf8_lossy(&raw).into_owned());
    Ok(decode(&fields).map(|(order, _)| (order, consumer)))
}

/// Notes that a follower is given an order, unless that is cancelled; returns how far it is,
/// `None` where nothing is kept of it any more.
pub(crate) async fn give(
    conn: &mut impl ConnectionLike,
    id: &OrderId,
    group: &str,
    consumer: &str,
) -> Result<Option<OrderState>, Error> {
    let mut call = GIVE.prepare_invoke();
    let state: String = call
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
    Ok(connection
        .read(async |mut conn| read_list(&mut conn, user, most).await)
        .await
        .map_err(Trouble::for_orders)?)
}

/// [`list_orders`] on any link.
pub(crate) async fn read_list(
    conn: &mut impl ConnectionLike,
    user: Option<&UserName>,
    most: usize,
) -> Result<Vec<Order>, Trouble> {
    let index = user.map_or_else(
        || keys::ORDERS_ALL.to_owned(),
        |user| keys::orders_of(user.as_str()),
    );
    let mut range = redis::cmd("ZREVRANGE");
    range.arg(index).arg(0).arg(most.saturating_sub(1));
    let ids: Vec<String> = if most == 0 {
        Vec::new()
    } else {
        range.query_async(conn).await.map_err(Trouble::from)?
    };
    let mut pipeline = Pipeline::new();
    // All orders are in one slot.
    for id in ids.iter().filter_map(|id| OrderId::parse(id)) {
        pipeline.add_command(fetch(&id));
    }
    if pipeline.is_empty() {
        return Ok(Vec::new());
    }
    let read: Vec<Vec<Option<Vec<u8>>>> =
        pipeline.query_async(conn).await.map_err(Trouble::from)?;
    Ok(read
        .iter()
        .filter_map(|fields| Some(decode(fields)?.0))
        .collect())
}

/// Moves an order to another state; the same again is fine. Cancelling gives its stock back,
/// once: first the state, then the stock, then a mark that it was given back. Whoever finds a
/// cancelled order without that mark goes on.
///
/// # Errors
/// [`Refusal::UnknownOrder`], [`Refusal::InvalidTransition`]; the [`Trouble`] of the link and of replicas,
/// after which asking for the same state again is safe.
pub async fn set_state(
    connection: &mut Connection,
    id: &OrderId,
    state: OrderState,
) -> Result<Order, Error> {
    let mut conn = ReplicaWait::new(&mut connection.conn, connection.policy.confirm_replicas);
    let mut call = STATE.prepare_invoke();
    call.key(keys::order(id))
        .key(keys::ORDERS_CANCELLED)
        .arg(id.as_str())
        .arg(state.name())
        .arg(keys::UPDATES);
    let moved = call
        .invoke_async(&mut conn)
        .await
        .map_err(|error| Trouble::from(error).for_orders().into());
    let (before, moved): (String, String) = conn.confirm(moved)?;
    let unknown = || Refusal::UnknownOrder(id.to_string());
    let before = OrderState::named(&before).ok_or_else(unknown)?;
    if moved.is_empty() && before != state {
        return Err(Refusal::InvalidTransition {
            from: before.name(),
            to: state.name(),
        }
        .into());
    }
    get_order(connection, id).await
}

/// Gives back what cancelled orders still hold of the stock, among the newest `most`; returns
/// how many it found.
///
/// # Errors
/// The [`Trouble`] of the link.
pub async fn cancel_leftovers(
    connection: &mut Connection,
    orders: &[Order],
) -> Result<usize, Error> {
    let mut found = 0;
    for order in orders.iter().filter(|order| order.state.is_over()) {
        let returned: bool = redis::cmd("HEXISTS")
            .arg(keys::order(&order.id))
            .arg("returned")
            .query_async(&mut connection.conn)
            .await?;
        wind_up(connection, order, returned).await?;
        found += usize::from(!returned);
    }
    Ok(found)
}

/// Lets the products forget an order that is over; a cancelled one gives its stock back.
async fn wind_up(connection: &mut Connection, order: &Order, returned: bool) -> Result<(), Error> {
    if returned || !order.state.is_over() {
        return Ok(());
    }
    let mut conn = ReplicaWait::new(&mut connection.conn, connection.policy.confirm_replicas);
    for line in &order.lines {
        let released = steps::release(
            &mut conn,
            &order.id,
            line,
            order.state == OrderState::Cancelled,
        )
        .await;
        conn.confirm(released)?;
    }
    let mut mark = redis::cmd("HSET");
    mark.arg(keys::order(&order.id)).arg("returned").arg(1);
    Ok(mark.query_async(&mut connection.conn).await?)
}
