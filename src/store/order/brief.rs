//! Reads orders in short: what a cart tells of those that it has become.

use super::document;
use super::index::{index_of, read_ids};
use super::records::{mover, read_each, read_number, utf8};
use crate::model::name::sanitize_actor;
use crate::model::{Currency, OrderBrief, OrderId, OrderState, UserName, order};
use crate::store::connection::{Conn, answer};
use crate::store::error::Trouble;
use crate::store::keys;
use redis::Cmd;
use redis::aio::ConnectionLike;

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
