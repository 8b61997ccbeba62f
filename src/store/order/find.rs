//! Finds the order that somebody means by its number, or by the end of its id.

use super::index::{index_of, read_ids};
use super::page::list_orders;
use crate::model::order::OrderRef;
use crate::model::{OrderId, Refusal, UserName};
use crate::store::connection::{Connection, answer};
use crate::store::error::{Error, Trouble};
use crate::store::keys;

/// The newest orders among which one is looked for by the end of its id.
const MOST_BY_END: usize = 10_000;
/// The newest orders of a cart among which one is looked for by its number.
const MOST_OF_CART: usize = 200;

/// Finds the order that is meant: the newest with a number, of the cart of `user` or of all, or the
/// one whose id ends so.
///
/// # Errors
/// [`Refusal::UnknownOrder`], [`Refusal::AmbiguousOrder`]; the [`Trouble`] of the link.
pub async fn find_order(
    connection: &mut Connection,
    user: Option<&UserName>,
    meant: &OrderRef,
) -> Result<OrderId, Error> {
    let (number, end, typed) = match meant {
        OrderRef::Id(id) => return Ok(id.clone()),
        OrderRef::Short { number, end, typed } => (number, end, typed),
    };

    let mut found = Vec::new();
    if let Some(number) = number {
        found.extend(by_number(connection, user, *number).await?);
    }
    if let Some(end) = end {
        found.extend(by_end(connection, user, end).await?);
    }
    found.sort();
    found.dedup();

    match &found[..] {
        [] => Err(Refusal::UnknownOrder(typed.clone()).into()),
        [one] => Ok(one.clone()),
        several => Err(Refusal::AmbiguousOrder {
            typed: typed.clone(),
            count: several.len(),
        }
        .into()),
    }
}

async fn by_number(
    connection: &mut Connection,
    user: Option<&UserName>,
    number: u32,
) -> Result<Option<OrderId>, Error> {
    if user.is_some() {
        let orders = list_orders(connection, user, MOST_OF_CART).await?;
        let found = orders
            .into_iter()
            .find(|order| order.number == Some(number));
        return Ok(found.map(|order| order.id));
    }

    let mut command = redis::cmd("HGET");
    command.arg(keys::ORDERS_NUMBERS).arg(number);
    let id: Option<String> = connection
        .read(async |mut conn| answer(&command, &mut conn).await)
        .await
        .map_err(Trouble::for_orders)?;
    Ok(id.and_then(|id| OrderId::parse(&id)))
}

async fn by_end(
    connection: &mut Connection,
    user: Option<&UserName>,
    end: &str,
) -> Result<Vec<OrderId>, Error> {
    let mut command = redis::cmd("ZREVRANGE");
    command.arg(index_of(user)).arg(0).arg(MOST_BY_END - 1);
    let ids = connection
        .read(async |mut conn| read_ids(&command, &mut conn).await)
        .await
        .map_err(Trouble::for_orders)?;
    Ok(ids
        .iter()
        .filter(|id| id.ends_with(end))
        .filter_map(|id| OrderId::parse(id))
        .collect())
}
