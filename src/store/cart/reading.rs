//! Reads carts: their lines, version, log, and the terminals that watch them.

use super::beat::{Beat, Watcher};
use super::decode;
use crate::model::{Cart, OpId, Update, UserName};
use crate::store::connection::Connection;
use crate::store::error::{Error, Trouble};
use crate::store::keys::{CartKeys, channel_in};
use crate::store::scripts::{HEARTBEAT, LOG_LENGTH, SNAPSHOT};
use redis::aio::ConnectionLike;

/// The most lines that are read. It is more than trolley puts in: another client may have.
const MOST_READ: usize = 10_000;
/// The time for which a terminal counts as watching after a heartbeat, in milliseconds.
const WATCHING: u64 = 10_000;
/// The most watchers that are shown.
const MOST_WATCHERS: usize = 64;
/// The newest updates that are shown as activity.
pub(crate) const MOST_ACTIVITY: usize = 100;
/// The most entries read of a whole log: more than one ever holds.
const MOST_LOGGED: usize = 5 * LOG_LENGTH;

/// Reads a cart as of one instant, and which of the changes `ops` are in it.
pub(crate) async fn read_cart(
    conn: &mut impl ConnectionLike,
    keys: &CartKeys,
    ops: &[OpId],
) -> Result<(Cart, Vec<OpId>), Trouble> {
    let mut call = SNAPSHOT.prepare_invoke();
    call.key(&keys.cart)
        .key(&keys.meta)
        .key(&keys.lines)
        .key(&keys.touched)
        .key(&keys.by)
        .key(&keys.order)
        .key(&keys.ops)
        .key(&keys.notes);
    call.arg(MOST_READ);
    for op in ops {
        call.arg(op.as_str());
    }

    let answer: Vec<Vec<u8>> = call.invoke_async(conn).await.map_err(Trouble::from)?;
    let cart = decode::snapshot(&answer).ok_or_else(Trouble::not_understood)?;
    Ok((cart, decode::applied(&answer)))
}

/// Reads the cart's version alone, which is cheap; 0 where the cart has none.
pub(crate) async fn read_version(
    conn: &mut impl ConnectionLike,
    keys: &CartKeys,
) -> Result<u64, Trouble> {
    let raw: Option<Vec<u8>> = redis::cmd("HGET")
        .arg(&keys.meta)
        .arg("version")
        .query_async(conn)
        .await
        .map_err(Trouble::from)?;
    Ok(raw.map_or(0, |raw| decode::cart_version(&raw)))
}

/// The presence of watchers, as a heartbeat states it; each by its entry in their list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Presence {
    /// These are here.
    Here(Vec<Box<str>>),
    /// Nothing is said.
    Silent,
    /// These leave.
    Leave(Vec<Box<str>>),
}

/// Heartbeat: reads what shows whether the cart is still as it was told, with the digest of its
/// lines where `wants_digest`, and who watches it; says who of ours does.
pub(crate) async fn heartbeat(
    conn: &mut impl ConnectionLike,
    keys: &CartKeys,
    presence: Presence,
    wants_digest: bool,
) -> Result<Beat, Trouble> {
    let (names, counts) = match presence {
        Presence::Here(names) => (names, WATCHING),
        Presence::Silent => (Vec::new(), 0),
        Presence::Leave(names) => (names, 0),
    };
    let mut call = HEARTBEAT.prepare_invoke();
    call.key(&keys.meta)
        .key(&keys.watchers)
        .key(&keys.cart)
        .key(&keys.order)
        .arg(counts)
        .arg(channel_in(&keys.updates, conn.get_db()))
        .arg(MOST_WATCHERS)
        .arg(if wants_digest { MOST_READ } else { 0 });
    for name in &names {
        call.arg(&**name);
    }

    let answer: Vec<Vec<u8>> = call.invoke_async(conn).await.map_err(Trouble::from)?;
    decode::beat(&answer).ok_or_else(Trouble::not_understood)
}

/// Reads a cart and the terminals that watch it, for a list of carts: nothing in it changes.
pub(crate) async fn glance_at(
    connection: &mut Connection,
    user: &UserName,
) -> Result<(Cart, Vec<Watcher>), Error> {
    let keys = CartKeys::of(user);
    let conn = &mut connection.conn;
    let (cart, _) = read_cart(conn, &keys, &[]).await?;
    let beat = heartbeat(conn, &keys, Presence::Silent, false).await?;
    Ok((cart, beat.watchers))
}

/// Reads the newest updates of a cart, oldest first.
pub(crate) async fn read_activity(
    conn: &mut impl ConnectionLike,
    keys: &CartKeys,
) -> Result<Vec<Update>, Trouble> {
    read_log(conn, keys, MOST_ACTIVITY).await
}

/// Reads all updates that the log of a cart still holds, oldest first.
///
/// # Errors
/// The [`Trouble`] of the link.
pub async fn get_log(connection: &mut Connection, user: &UserName) -> Result<Vec<Update>, Error> {
    Ok(read_log(&mut connection.conn, &CartKeys::of(user), MOST_LOGGED).await?)
}

async fn read_log(
    conn: &mut impl ConnectionLike,
    keys: &CartKeys,
    most: usize,
) -> Result<Vec<Update>, Trouble> {
    /// Entries of a stream: the id, then pairs of field and value.
    type Entries = Vec<(redis::Value, Vec<(Vec<u8>, Vec<u8>)>)>;

    let entries: Entries = redis::cmd("XREVRANGE")
        .arg(&keys.log)
        .arg("+")
        .arg("-")
        .arg("COUNT")
        .arg(most)
        .query_async(conn)
        .await
        .map_err(Trouble::from)?;

    Ok(entries
        .iter()
        .rev()
        .flat_map(|(_, fields)| fields)
        .filter(|(name, _)| name == b"u")
        .filter_map(|(_, update)| decode::update(update))
        .collect())
}
