//! Finds the open orders that are not listed as such, and lists them.
//!
//! An order is listed among the open ones in the step that places it. Where that list was deleted
//! or evicted, or an older version placed the order, boards would never show it.

use super::index::{index_of, read_ids, score};
use crate::model::{OrderId, OrderState};
use crate::store::connection::{Conn, Connection, pipeline};
use crate::store::error::{Error, Trouble};
use crate::store::keys;
use crate::store::scripts::LIST_OPEN;
use redis::Value;
use redis::aio::ConnectionLike;

/// The newest orders that are looked through.
const MOST_LOOKED_THROUGH: usize = 10_000;

/// The newest orders for which something is left to do.
#[derive(Debug, Default)]
pub(crate) struct Leftovers {
    /// Open ones that are not listed as such.
    pub(crate) unlisted: Vec<OrderId>,
    /// The ids of those that are over, and that their products have not forgotten.
    pub(crate) unforgotten: Vec<String>,
}

/// Looks through the newest orders.
pub(crate) async fn look_through(conn: &mut Conn) -> Result<Leftovers, Trouble> {
    let mut range = redis::cmd("ZREVRANGE");
    range
        .arg(index_of(None))
        .arg(0)
        .arg(MOST_LOOKED_THROUGH - 1);
    let ids = read_ids(&range, conn).await?;
    let ids: Vec<OrderId> = ids.iter().filter_map(|id| OrderId::parse(id)).collect();

    let commands = ids.iter().map(|id| {
        let mut state = redis::cmd("HMGET");
        state.arg(keys::order(id)).arg("state").arg("returned");
        state
    });
    let answers = pipeline::run_all(conn, commands.collect()).await?;

    let mut leftovers = Leftovers::default();
    let mut open = Vec::new();
    for (id, answer) in ids.into_iter().zip(answers) {
        // One record that can't be read must not hide the others.
        let fields = redis::from_redis_value(answer.unwrap_or(Value::Nil));
        let (state, returned): (Option<String>, Option<Vec<u8>>) = fields.unwrap_or_default();
        match state.and_then(|state| OrderState::named(&state)) {
            Some(state) if !state.is_over() => open.push(id),
            Some(_) if returned.is_none() => leftovers.unforgotten.push(id.to_string()),
            Some(_) | None => {}
        }
    }

    let commands = open.iter().map(|id| score(keys::ORDERS_OPEN, id.as_str()));
    let scores = pipeline::run_all(conn, commands.collect()).await?;
    let listed = open.into_iter().zip(scores);
    let unlisted = listed.filter(|(_, score)| matches!(score, Ok(Value::Nil)));
    leftovers.unlisted = unlisted.map(|(id, _)| id).collect();
    Ok(leftovers)
}

/// Finds what is listed among the open orders and is none, in at most so many of those entries.
pub(crate) async fn find_closed(conn: &mut Conn, most: usize) -> Result<Vec<String>, Trouble> {
    let listed = read_listed(conn, most).await?.into_iter();
    let closed = listed.filter(|(_, state)| state.is_none_or(OrderState::is_over));
    Ok(closed.map(|(id, _)| id).collect())
}

/// Reads at most so many of the entries of the open orders, with the state that the record of each
/// has; `None` where there is none that can be read.
pub(crate) async fn read_listed(
    conn: &mut Conn,
    most: usize,
) -> Result<Vec<(String, Option<OrderState>)>, Trouble> {
    let mut range = redis::cmd("ZREVRANGE");
    range.arg(keys::ORDERS_OPEN).arg(0).arg(most - 1);
    let ids = read_ids(&range, conn).await?;
    let commands = ids.iter().map(|id| {
        let mut state = redis::cmd("HGET");
        state.arg(keys::order_named(id)).arg("state");
        state
    });
    let states = pipeline::run_all(conn, commands.collect()).await?;

    let listed = ids.into_iter().zip(states).map(|(id, state)| {
        let state: Option<String> =
            redis::from_redis_value(state.unwrap_or(Value::Nil)).unwrap_or_default();
        (id, state.and_then(|state| OrderState::named(&state)))
    });
    Ok(listed.collect())
}

/// Lists these orders among the open ones, where they are open.
pub(crate) async fn list(
    conn: &mut impl ConnectionLike,
    unlisted: &[OrderId],
) -> Result<(), Error> {
    let boards = keys::channel_in(keys::ORDER_UPDATES, conn.get_db());
    for id in unlisted {
        LIST_OPEN
            .key(keys::order(id))
            .key(keys::ORDERS_OPEN)
            .key(keys::ORDERS_VERSION)
            .arg(id.as_str())
            .arg(&boards)
            .invoke_async::<u8>(conn)
            .await?;
    }
    Ok(())
}

/// Lists all open orders among the newest ones that are not listed as such.
///
/// # Errors
/// The [`Trouble`] of the link.
pub async fn list_open(connection: &mut Connection) -> Result<(), Error> {
    let leftovers = look_through(&mut connection.conn).await?;
    list(&mut connection.conn, &leftovers.unlisted).await
}
