//! Finds the orders that the indexes lack, and lists them again.
//!
//! An order is listed in the step that places it: among all, and among those of its user. Where such
//! an index was deleted or evicted, the receipts are there, and no list shows them.

use super::index::score;
use crate::model::{OrderId, OrderState};
use crate::store::connection::nodes::Scan;
use crate::store::connection::{Conn, Connection, answer, pipeline};
use crate::store::error::{Error, Trouble};
use crate::store::keys;
use redis::{Cmd, Value};
use std::collections::BTreeSet;

/// The newest orders of each list that are compared.
const MOST_COMPARED: usize = 1_000;

/// The lists of users that are compared with that of all.
const MOST_LISTS: usize = 1_000;
/// The newest orders of each of them that are compared.
const MOST_OF_LIST: usize = 10;

/// An order whose receipt is there.
pub(super) struct PlacedOrder {
    pub(super) id: OrderId,
    /// When it was placed, in Unix milliseconds, as it is stored.
    at: String,
    /// The index of its user's orders.
    pub(super) index: String,
}

/// Finds placed orders that are not in the index of all, or of their user: among those that this
/// index names, those that are open, and the newest of each number.
pub(crate) async fn find_unindexed(conn: &mut Conn) -> Result<Vec<OrderId>, Trouble> {
    let mut ids = BTreeSet::new();
    for index in [keys::ORDERS_ALL, keys::ORDERS_OPEN] {
        let mut range = redis::cmd("ZREVRANGE");
        range.arg(index).arg(0).arg(MOST_COMPARED - 1);
        let listed: Vec<Vec<u8>> = answer(&range, conn).await?;
        ids.extend(listed);
    }
    ids.extend(newest_of_numbers(conn).await?);

    let orders = read_placed(conn, parsed(&ids)).await?;
    let listed = orders.iter().flat_map(|order| {
        let id = order.id.as_str();
        [score(keys::ORDERS_ALL, id), score(&order.index, id)]
    });
    let listed = pipeline::run_all(conn, listed.collect()).await?;

    let mut unindexed = Vec::new();
    for (order, scores) in orders.into_iter().zip(listed.chunks_exact(2)) {
        if scores.contains(&Ok(Value::Nil)) {
            unindexed.push(order.id);
        }
    }
    Ok(unindexed)
}

/// Reads the ids of the newest orders of the low numbers, as they are stored.
pub(super) async fn newest_of_numbers(conn: &mut Conn) -> Result<BTreeSet<Vec<u8>>, Trouble> {
    let mut numbered = redis::cmd("HMGET");
    numbered.arg(keys::ORDERS_NUMBERS);
    for number in 1..=MOST_COMPARED {
        numbered.arg(number);
    }
    let numbered: Vec<Option<Vec<u8>>> = answer(&numbered, conn).await?;
    Ok(numbered.into_iter().flatten().collect())
}

/// Finds placed orders that are not in the index of all, among the newest in the lists of users. All
/// keys of the server are looked through for those lists.
pub(crate) async fn find_unindexed_of_users(conn: &mut Conn) -> Result<Vec<OrderId>, Trouble> {
    let mut lists = BTreeSet::new();
    let mut scan = Scan::default();
    while lists.len() < MOST_LISTS
        && let Some(found) = scan.next(conn, &keys::orders_of("*"), Some("zset")).await?
    {
        lists.extend(found);
    }

    let newest = lists.iter().take(MOST_LISTS).map(|list| {
        let mut range = redis::cmd("ZREVRANGE");
        range.arg(list).arg(0).arg(MOST_OF_LIST - 1);
        range
    });
    let mut ids = BTreeSet::new();
    for listed in pipeline::run_all(conn, newest.collect()).await? {
        let listed: Vec<Vec<u8>> = redis::from_redis_value(listed?).unwrap_or_default();
        ids.extend(listed);
    }

    let orders = read_placed(conn, parsed(&ids)).await?;
    let scores = orders.iter();
    let scores = scores.map(|order| score(keys::ORDERS_ALL, order.id.as_str()));
    let scores = pipeline::run_all(conn, scores.collect()).await?;
    let listed = orders.into_iter().zip(scores);
    let unindexed = listed.filter(|(_, score)| *score == Ok(Value::Nil));
    Ok(unindexed.map(|(order, _)| order.id).collect())
}

/// The entries of indexes that are ids of orders.
fn parsed(entries: &BTreeSet<Vec<u8>>) -> Vec<OrderId> {
    let ids = entries.iter();
    let ids = ids.filter_map(|id| OrderId::parse(std::str::from_utf8(id).ok()?));
    ids.collect()
}

/// Reads what the indexes need to know of the orders among these that were placed.
pub(super) async fn read_placed(
    conn: &Conn,
    ids: Vec<OrderId>,
) -> Result<Vec<PlacedOrder>, Trouble> {
    let fetch = |id: &OrderId| -> Cmd {
        let mut command = redis::cmd("HMGET");
        command.arg(keys::order(id)).arg(&["state", "user", "at"]);
        command
    };
    let answers = pipeline::run_all(conn, ids.iter().map(fetch).collect()).await?;

    let mut orders = Vec::new();
    for (id, fields) in ids.into_iter().zip(answers) {
        // One record that can't be read must not hide the others.
        let fields = fields.unwrap_or(Value::Nil);
        let fields: [Option<String>; 3] = redis::from_redis_value(fields).unwrap_or_default();
        let [Some(state), Some(user), Some(at)] = fields else {
            continue;
        };
        if OrderState::named(&state).is_some() && at.parse::<u64>().is_ok() {
            let index = keys::orders_of(&user);
            orders.push(PlacedOrder { id, at, index });
        }
    }
    Ok(orders)
}

/// Lists all orders whose receipts are there, where some are found that no index names, or there is
/// no index of all. All keys of the server are looked through for that.
///
/// # Errors
/// The [`Trouble`] of the link; a missing right to look through the keys.
pub async fn relist(connection: &mut Connection) -> Result<(), Error> {
    let conn = &mut connection.conn;
    let exists = redis::cmd("EXISTS").arg(keys::ORDERS_ALL).to_owned();
    let has_index: bool = answer(&exists, conn).await?;
    if has_index && find_unindexed(conn).await?.is_empty() {
        return Ok(());
    }

    let prefix = keys::order_named("");
    let mut scan = Scan::default();
    while let Some(found) = scan
        .next(conn, &format!("{prefix}[0-9]*"), Some("hash"))
        .await?
    {
        let ids = found.iter().filter_map(|key| key.get(prefix.len()..));
        let ids = ids.filter_map(|id| OrderId::parse(std::str::from_utf8(id).ok()?));
        let orders = read_placed(conn, ids.collect()).await?;
        let entries = orders.iter().flat_map(|order| {
            [keys::ORDERS_ALL, &order.index].map(|index| {
                let mut add = redis::cmd("ZADD");
                add.arg(index)
                    .arg("NX")
                    .arg(&order.at)
                    .arg(order.id.as_str());
                add
            })
        });
        for added in pipeline::run_all(conn, entries.collect()).await? {
            added?;
        }
    }
    Ok(())
}
