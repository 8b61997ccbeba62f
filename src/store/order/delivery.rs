//! Notes which follower got an order.

use super::records::{decode, fetch};
use crate::model::{Order, OrderId, OrderState};
use crate::store::error::Error;
use crate::store::keys;
use crate::store::scripts::MARK_DELIVERED;
use redis::aio::ConnectionLike;

/// Reads an order, and the consumer of the follower group `group` to which it was delivered, if
/// any; `None` where the order is no longer stored.
pub(super) async fn delivered_to(
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
pub(super) async fn mark_delivered(
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
