//! Counts orders. What stands in an index and is no order that can be read is none.

use super::index::{count_orders, index_of, read_ids};
use super::relist::read_placed;
use crate::model::{OrderId, UserName};
use crate::store::connection::{Conn, Connection};
use crate::store::error::{Error, Trouble};
use std::collections::HashSet;

/// The newest entries of an index that are looked at. Older ones are taken for orders.
const MOST_LOOKED_AT: usize = 10_000;

/// The orders that an index lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OrderCount {
    /// The orders.
    pub orders: usize,
    /// The entries that are no orders, or can't be read.
    pub unreadable: usize,
}

/// Counts the orders of `user`, or all.
///
/// # Errors
/// The [`Trouble`] of the link.
pub async fn count_readable(
    connection: &mut Connection,
    user: Option<&UserName>,
) -> Result<OrderCount, Error> {
    let entries = count_orders(connection, user).await?;
    let unreadable = connection
        .read(async |mut conn| {
            let ids = newest(&mut conn, user, MOST_LOOKED_AT).await?;
            find_unreadable(&conn, user, ids).await
        })
        .await
        .map_err(Trouble::for_orders)?;
    Ok(OrderCount {
        orders: entries.saturating_sub(unreadable.len()),
        unreadable: unreadable.len(),
    })
}

/// Reads the newest entries of an index.
pub(crate) async fn newest(
    conn: &mut Conn,
    user: Option<&UserName>,
    most: usize,
) -> Result<Vec<String>, Trouble> {
    let mut range = redis::cmd("ZREVRANGE");
    range.arg(index_of(user)).arg(0).arg(most.saturating_sub(1));
    read_ids(&range, conn).await
}

/// Finds what is no order among entries of an index, or none of its user's, or can't be read.
pub(crate) async fn find_unreadable(
    conn: &Conn,
    user: Option<&UserName>,
    entries: Vec<String>,
) -> Result<Vec<String>, Trouble> {
    let ids = entries.iter().filter_map(|id| OrderId::parse(id));
    let orders = read_placed(conn, ids.collect()).await?;
    let index = index_of(user);
    let of_index = orders
        .into_iter()
        .filter(|order| user.is_none() || order.index == index);
    let readable: HashSet<String> = of_index.map(|order| order.id.to_string()).collect();

    let unreadable = entries.into_iter().filter(|id| !readable.contains(id));
    Ok(unreadable.collect())
}
