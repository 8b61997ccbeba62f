//! Reads past orders, newest first: as many as somebody asks for, or one page of the orders of a cart.

use super::index::{index_of, read_ids};
use super::records::read_tickets;
use crate::model::{Order, UserName};
use crate::store::connection::{Conn, Connection, answer};
use crate::store::error::{Error, Trouble};

/// Reads the newest orders, of `user` or all, newest first.
///
/// # Errors
/// The [`Trouble`] of the link.
pub async fn list_orders(
    connection: &mut Connection,
    user: Option<&UserName>,
    most: usize,
) -> Result<Vec<Order>, Error> {
    let (orders, _) = connection
        .read(async |mut conn| read_range(&mut conn, user, 0, most).await)
        .await
        .map_err(Trouble::for_orders)?;
    Ok(orders)
}

/// A page of past orders, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrdersPage {
    /// The orders. Records that can't be read are left out.
    pub orders: Vec<Order>,
    /// The number of orders that are newer than this page.
    pub from: usize,
    /// The number of orders that are newer than the page after this.
    pub next: usize,
    /// The total number of orders.
    pub total: usize,
}

impl From<Vec<Order>> for OrdersPage {
    /// All orders on one page.
    fn from(orders: Vec<Order>) -> OrdersPage {
        OrdersPage {
            from: 0,
            next: orders.len(),
            total: orders.len(),
            orders,
        }
    }
}

/// Reads a page of `user`'s orders, after the `from` newest, of at most `most`.
pub(crate) async fn read_page(
    conn: &mut Conn,
    user: &UserName,
    from: usize,
    most: usize,
) -> Result<OrdersPage, Trouble> {
    let mut count = redis::cmd("ZCARD");
    count.arg(index_of(Some(user)));
    let total: usize = answer(&count, conn).await?;
    let (orders, entries) = read_range(conn, Some(user), from, most).await?;

    // A page without entries is the last one, whatever was counted.
    let next = from + entries;
    let total = if entries == 0 { next } else { total };
    Ok(OrdersPage {
        orders,
        from,
        next,
        total,
    })
}

/// Reads orders after the `from` newest, and how many entries of the index that were.
async fn read_range(
    conn: &mut Conn,
    user: Option<&UserName>,
    from: usize,
    most: usize,
) -> Result<(Vec<Order>, usize), Trouble> {
    if most == 0 {
        return Ok((Vec::new(), 0));
    }
    let mut range = redis::cmd("ZREVRANGE");
    range.arg(index_of(user)).arg(from).arg(from + most - 1);
    let ids = read_ids(&range, conn).await?;

    let tickets = read_tickets(conn, &ids).await?;
    let mut orders: Vec<Order> = tickets.into_iter().map(|ticket| ticket.order).collect();
    // Whoever may order can write anything into the index of a cart.
    orders.retain(|order| user.is_none_or(|user| order.user == user.as_str()));
    Ok((orders, ids.len()))
}
