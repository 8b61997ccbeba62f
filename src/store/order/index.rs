//! The lists of orders: of all, and of each cart. Whoever may order can write anything into them.

use crate::model::UserName;
use crate::store::connection::{Connection, answer};
use crate::store::error::{Error, Trouble};
use crate::store::keys;
use redis::Cmd;
use redis::aio::ConnectionLike;

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

/// Asks for ids of an index, into which whoever may order can write anything.
pub(crate) async fn read_ids(
    command: &Cmd,
    conn: &mut impl ConnectionLike,
) -> Result<Vec<String>, Trouble> {
    let ids: Vec<Vec<u8>> = answer(command, conn).await?;
    Ok(ids.iter().map(|id| read_id(id)).collect())
}

/// An entry of an index as text. Bytes that are no text make no id, and are left out later.
pub(super) fn read_id(id: &[u8]) -> String {
    String::from_utf8_lossy(id).into_owned()
}
