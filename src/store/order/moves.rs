//! Moves an order to its next state (accepted, ready, done, cancelled) and back, ticks its lines, and
//! marks who has settled.

use super::records::{get_order, get_ticket, read_ticket};
use crate::model::name::sanitize_actor;
use crate::model::{Order, OrderId, OrderState, People, ProductId, Refusal, Ticket};
use crate::store::catalog::get_shop;
use crate::store::connection::Connection;
use crate::store::connection::replicas::ReplicaWait;
use crate::store::error::{Error, Trouble};
use crate::store::keys;
use crate::store::scripts::{MARK_SETTLED, STATE, TICK, UNDO_STEP};
use redis::aio::ConnectionLike;
use redis::{FromRedisValue, ScriptInvocation};

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
) -> Result<Ticket, Error> {
    let (found, is_moved) = move_to(connection, id, state, None).await?;
    if let Some(refusal) = refuse_move(&found, state).filter(|_| !is_moved) {
        return Err(refusal.into());
    }
    // Where there is no such order, or it is not placed, this says which.
    get_ticket(connection, id).await
}

/// Tells whether an order was ordered by whoever makes changes over this connection.
fn has_ordered(connection: &Connection, order: &Order) -> bool {
    order.who == sanitize_actor(connection.policy.by.as_bytes())
}

/// Cancels an order for whoever ordered it, while it is only placed and the shop lets buyers cancel.
///
/// # Errors
/// The errors of [`get_order`]; [`Refusal::OnlyBuyerCancels`], [`Refusal::TooLateToCancel`],
/// [`Refusal::BuyersCantCancel`]; the [`Trouble`] of the link and of replicas, after which asking
/// again is safe.
pub async fn cancel_own(connection: &mut Connection, id: &OrderId) -> Result<Ticket, Error> {
    // Who ordered never changes.
    let ticket = get_ticket(connection, id).await?;
    let order = &ticket.order;
    let is_theirs = has_ordered(connection, order);
    if is_theirs && order.state == OrderState::Cancelled {
        return Ok(ticket);
    }
    if let Some(refusal) = order.refuse_cancel_by(is_theirs) {
        return Err(refusal.into());
    }
    if !get_shop(connection).await?.buyers_cancel {
        return Err(Refusal::BuyersCantCancel.into());
    }

    let from = Some(OrderState::Placed);
    let (found, is_moved) = move_to(connection, id, OrderState::Cancelled, from).await?;
    if let Some(from) = found
        .state
        .filter(|from| !is_moved && *from != OrderState::Cancelled)
    {
        return Err(Refusal::TooLateToCancel {
            order: order.name(),
            state: from.name(),
        }
        .into());
    }
    get_ticket(connection, id).await
}

/// An order as a script found it that was to move it.
struct Found {
    /// Its state; `None` where there is no such order, or it is not placed.
    state: Option<OrderState>,
    /// Who brought it there, as it is stored; empty where nobody has.
    by: Vec<u8>,
}

impl Found {
    fn new(state: &str, by: Vec<u8>) -> Found {
        Found {
            state: OrderState::named(state),
            by,
        }
    }

    /// The refusal to do something with an order that is in another state by now.
    async fn refuse(self, connection: &mut Connection, id: &OrderId) -> Error {
        // Where there is no such order, or it is not placed, reading it says which.
        match (self.state, read_ticket(&mut connection.conn, id).await) {
            (Some(state), Ok(ticket)) => Refusal::OtherWasFirst {
                order: ticket.order.name(),
                state: state.name(),
                by: sanitize_actor(&self.by),
            }
            .into(),
            (None, Ok(_)) => Refusal::UnknownOrder(id.to_string()).into(),
            (_, Err(error)) => error,
        }
    }
}

/// Runs a script that changes an order, and waits for the replicas that must have that.
async fn change<T: FromRedisValue>(
    connection: &mut Connection,
    call: &ScriptInvocation<'_>,
) -> Result<T, Error> {
    let mut conn = ReplicaWait::new(&mut connection.conn, connection.policy.confirm_replicas);
    let answer = call
        .invoke_async(&mut conn)
        .await
        .map_err(|error| Trouble::from(error).for_orders().into());
    conn.require_replicas(answer)
}

/// The channel of the boards, as the scripts take it.
fn boards(connection: &Connection) -> String {
    keys::channel_in(keys::ORDER_UPDATES, connection.conn.get_db())
}

/// Writes another state of an order, where it may come from its present one, and that is `from` if
/// one is given. Returns how the order was found, and whether it was moved.
async fn move_to(
    connection: &mut Connection,
    id: &OrderId,
    state: OrderState,
    from: Option<OrderState>,
) -> Result<(Found, bool), Error> {
    let mut call = STATE.prepare_invoke();
    call.key(keys::order(id))
        .key(keys::ORDERS_CANCELLED)
        .key(keys::ORDERS_OPEN)
        .key(keys::ORDERS_VERSION)
        .arg(id.as_str())
        .arg(state.name())
        .arg(keys::UPDATES)
        .arg(keys::database_suffix(connection.conn.get_db()))
        .arg(from.map_or("", OrderState::name))
        .arg(&connection.policy.by)
        .arg(boards(connection));
    let (before, moved, by): (String, String, Vec<u8>) = change(connection, &call).await?;
    Ok((Found::new(&before, by), !moved.is_empty()))
}

/// The refusal of a move that can't be made from the state in which an order was found.
fn refuse_move(found: &Found, to: OrderState) -> Option<Refusal> {
    let from = found.state.filter(|from| *from != to)?;
    Some(Refusal::InvalidTransition {
        from: from.name(),
        to: to.name(),
    })
}

/// Moves an order on, or cancels it, only where it is in the state `from`. Who finds that they have
/// made that very step before has made it.
///
/// # Errors
/// [`Refusal::OtherWasFirst`], [`Refusal::InvalidTransition`], those of [`get_order`]; the
/// [`Trouble`] of the link and of replicas, after which asking for the same is safe.
pub async fn step(
    connection: &mut Connection,
    id: &OrderId,
    from: OrderState,
    to: OrderState,
) -> Result<Ticket, Error> {
    let (found, is_moved) = move_to(connection, id, to, Some(from)).await?;
    let is_ours = found.state == Some(to) && found.by == connection.policy.by.as_bytes();
    if !is_moved && !is_ours {
        return Err(match refuse_move(&found, to) {
            Some(refusal) if found.state == Some(from) => refusal.into(),
            Some(_) | None => found.refuse(connection, id).await,
        });
    }
    read_ticket(&mut connection.conn, id).await
}

/// Takes the last step of an order back, only where it is in the state `from`, for whoever made that
/// step and within ten minutes. Who finds that they have done that before has done it.
///
/// # Errors
/// [`Refusal::OtherWasFirst`], [`Refusal::NothingToUndo`], [`Refusal::CancelledStays`],
/// [`Refusal::NotLastMover`], [`Refusal::TooLateToUndo`], those of [`get_order`]; the [`Trouble`] of
/// the link and of replicas, after which asking for the same is safe.
pub async fn undo_step(
    connection: &mut Connection,
    id: &OrderId,
    from: OrderState,
) -> Result<Ticket, Error> {
    let mut call = UNDO_STEP.prepare_invoke();
    call.key(keys::order(id))
        .key(keys::ORDERS_OPEN)
        .key(keys::ORDERS_VERSION)
        .arg(id.as_str())
        .arg(from.name())
        .arg(&connection.policy.by)
        .arg(keys::UPDATES)
        .arg(keys::database_suffix(connection.conn.get_db()))
        .arg(boards(connection));
    let (word, state, by): (String, String, Vec<u8>) = change(connection, &call).await?;
    let found = Found::new(&state, by);

    let order = match word.as_str() {
        "undone" => return read_ticket(&mut connection.conn, id).await,
        "cancelled" => return Err(Refusal::CancelledStays.into()),
        "first" | "other" | "late" => {
            let ticket = read_ticket(&mut connection.conn, id).await?;
            ticket.order.name()
        }
        _ => return Err(found.refuse(connection, id).await),
    };
    Err(match word.as_str() {
        "first" => Refusal::NothingToUndo(order),
        "late" => Refusal::TooLateToUndo(order),
        _ => Refusal::NotLastMover {
            order,
            by: sanitize_actor(&found.by),
        },
    }
    .into())
}

/// Ticks a line of an open order, or takes the tick away.
///
/// # Errors
/// [`Refusal::OtherWasFirst`] where the order is over, [`Refusal::NoSuchLine`], those of
/// [`get_order`]; the [`Trouble`] of the link and of replicas, after which asking for the same is
/// safe.
pub async fn tick(
    connection: &mut Connection,
    id: &OrderId,
    product: &ProductId,
    is_ticked: bool,
) -> Result<Ticket, Error> {
    let mut call = TICK.prepare_invoke();
    call.key(keys::order(id))
        .key(keys::ORDERS_VERSION)
        .arg(id.as_str())
        .arg(product.as_bytes())
        .arg(u8::from(is_ticked))
        .arg(boards(connection));
    let (word, state, by): (String, String, Vec<u8>) = change(connection, &call).await?;

    match word.as_str() {
        "ticked" => read_ticket(&mut connection.conn, id).await,
        "line" => Err(Refusal::NoSuchLine {
            product: product.to_string(),
            order: read_ticket(&mut connection.conn, id).await?.order.name(),
        }
        .into()),
        _ => Err(Found::new(&state, by).refuse(connection, id).await),
    }
}

/// Marks who has settled their part of an order with whoever ordered it, and who has not. It is a
/// mark, no payment: only whoever ordered can know.
///
/// # Errors
/// The errors of [`get_order`]; [`Refusal::NotBuyer`] and [`Refusal::NotInOrder`]; the [`Trouble`]
/// of the link and of replicas, after which marking the same again is safe.
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

    let mut call = MARK_SETTLED.prepare_invoke();
    call.key(keys::order(id))
        .key(keys::ORDERS_VERSION)
        .arg(id.as_str())
        .arg(settled.join("\n"))
        .arg(open.join("\n"))
        .arg(keys::UPDATES)
        .arg(keys::database_suffix(connection.conn.get_db()))
        .arg(boards(connection));
    let (): () = change(connection, &call).await?;
    get_order(connection, id).await
}
