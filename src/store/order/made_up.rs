//! Stores a week of made-up orders in a shop that sells the demo catalogue and has no orders yet.

use super::day;
use super::restore::{self, Shops};
use crate::model::made_up::{self, MadeUpOrder};
use crate::model::{OrderState, Product, Refusal, StoredOrder, Ticket, time};
use crate::store::catalog::{get_products, get_shop};
use crate::store::clock::server_time;
use crate::store::connection::Connection;
use crate::store::error::{Error, Trouble};
use jiff::tz::TimeZone;

/// The orders that were stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MadeUp {
    /// All of them.
    pub orders: usize,
    /// The number of them that are open.
    pub open: usize,
}

/// Makes up the orders of the last week, and stores them in one step.
///
/// # Errors
/// [`Refusal::NoDemoCatalog`], [`Refusal::HasOrders`]; the [`Trouble`] of the link.
pub async fn make_up(connection: &mut Connection) -> Result<MadeUp, Error> {
    let read = get_products(connection, &made_up::menu()).await?;
    let mut products: Vec<Product> = Vec::with_capacity(read.len());
    for (id, product) in read {
        let priced = product.filter(|product| product.price.is_some());
        products.push(priced.ok_or_else(|| Refusal::NoDemoCatalog(id.to_string()))?);
    }

    let shop = get_shop(connection).await?;
    let zone = shop.zone_or(&TimeZone::system());
    let now = server_time(&mut connection.conn)
        .await
        .map_err(Trouble::for_orders)?;
    let orders = made_up::orders(now, &zone, &shop.currency, &products);
    let orders: Vec<StoredOrder> = orders
        .into_iter()
        .map(|made| to_store(made, &zone))
        .collect();
    let stored = restore::store(connection, &orders, Shops::WithoutOrders).await?;
    if stored.is_empty() && !orders.is_empty() {
        return Err(Refusal::HasOrders.into());
    }

    let open = orders.iter();
    let open = open.filter(|stored| !stored.ticket.order.state.is_over());
    Ok(MadeUp {
        orders: orders.len(),
        open: open.count(),
    })
}

/// An order as it is stored.
fn to_store(made: MadeUpOrder, zone: &TimeZone) -> StoredOrder {
    let MadeUpOrder { order, by, ticked } = made;
    let who = order.who.clone();
    let mover = |state: OrderState| match state {
        OrderState::Cancelled => who.clone(),
        OrderState::Placed | OrderState::Accepted | OrderState::Ready | OrderState::Done => {
            by.to_owned()
        }
    };

    let reached = order.reached.iter();
    let is_moved = order.state != OrderState::Placed;
    StoredOrder {
        reached_by: reached.map(|(state, _)| (*state, mover(*state))).collect(),
        utc_offset: day::minutes_ahead(time::moment(order.at), zone),
        // The products know nothing of it.
        is_returned: order.state.is_over(),
        ticket: Ticket {
            moved_by: is_moved.then(|| mover(order.state)),
            ticked,
            categories: Vec::new(),
            order,
        },
    }
}
