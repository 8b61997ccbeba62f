//! Has the products forget the orders that are over.

use super::stock::{self, StockReturn};
use crate::model::{Order, OrderState, Ticket};
use crate::store::clock::server_time;
use crate::store::connection::replicas::ReplicaWait;
use crate::store::connection::{Connection, pipeline};
use crate::store::error::{Error, Trouble};
use crate::store::keys;
use crate::store::scripts::UNDO_WITHIN_MS;
use redis::Value;

/// The time after which the last step of an order can't be taken back any more, by the clock of any
/// node of a cluster, in milliseconds.
const FINAL_AFTER_MS: u64 = UNDO_WITHIN_MS + 60_000;

/// Goes on where somebody stopped while orders ended: has the products forget those of `tickets`
/// that are over, and gives back the stock that cancelled ones still hold. The trouble of one does
/// not keep it from the others.
///
/// # Errors
/// The [`Trouble`] of the link, where it can't be read which orders hold stock.
pub async fn wind_up_all(connection: &mut Connection, tickets: &[Ticket]) -> Result<(), Error> {
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
