//! What a terminal asks of orders over its live link, and what it is answered.

use crate::model::{Order, OrderId, OrderState, Preview, UserName};
use crate::store::connection::Conn;
use crate::store::error::{Error, Trouble};
use crate::store::keys::CartKeys;
use crate::store::order::checkout::read_preview;
use crate::store::order::driver::{Driver, Outcome};
use crate::store::order::records::read_list;

/// The most orders that a terminal lists.
const MOST: usize = 200;

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderRequest {
    /// What would be ordered now, in this currency.
    Preview(String),
    /// Order what was confirmed, under this id, exactly once. It goes on after a break.
    Place(OrderId, Box<Preview>),
    /// Finish the order that the cart is frozen for.
    Resume,
    /// The cart's past orders.
    List,
}

/// What is answered.
#[derive(Debug)]
pub enum OrderEvent {
    /// What would be ordered.
    Preview(Box<Preview>),
    /// How the order ended that was asked for.
    Ended(OrderId, Result<Outcome, Error>),
    /// How the order ended that another left on its way.
    Resumed(Result<Outcome, Error>),
    /// The order that is on its way waits for this.
    Waits(Trouble),
    /// A preview or a list can't be had.
    Failed(Trouble),
    /// The cart's past orders, newest first.
    List(Vec<Order>),
    /// An order came into this state.
    State(OrderId, OrderState),
}

/// Answers what needs no driver.
pub(crate) async fn answer(
    conn: &mut Conn,
    keys: &CartKeys,
    user: &UserName,
    ask: OrderRequest,
) -> Result<Option<OrderEvent>, Trouble> {
    Ok(match ask {
        OrderRequest::Preview(currency) => Some(OrderEvent::Preview(Box::new(
            read_preview(conn, keys, currency).await?,
        ))),
        OrderRequest::List => Some(OrderEvent::List(
            read_list(conn, Some(user), MOST)
                .await
                .map_err(Trouble::for_orders)?,
        )),
        OrderRequest::Place(..) | OrderRequest::Resume => None,
    })
}

/// Drives an order to its end, or to the trouble after which it can go on.
pub(crate) async fn drive(conn: &mut Conn, driver: &mut Driver) -> Result<Outcome, Error> {
    loop {
        if let Some(outcome) = driver.step(conn).await? {
            return Ok(outcome);
        }
    }
}
