//! Finds stock that is taken for no order, and gives it back.
//!
//! A product notes for which orders it gave stock away until they are over. An order is
//! announced before it takes anything, so its record is there first. Where that record is gone
//! by the time the note is read, because a key was deleted or evicted, nobody will ever ask for
//! these pieces.

use super::index::score;
use super::stock;
use crate::model::{OrderId, ProductId};
use crate::store::catalog::index::IndexCursor;
use crate::store::connection::{Conn, Connection, pipeline};
use crate::store::error::{Error, Trouble};
use crate::store::keys;
use crate::store::order::stock::StockReturn;
use redis::{Cmd, FromRedisValue, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Stock of one product that is taken for an order which does not exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UnownedStock {
    /// The product.
    pub(crate) product: ProductId,
    /// The id for which it is taken.
    pub(crate) order: OrderId,
}

/// Finds the stock that is taken for no order, of all products that the catalog lists.
///
/// # Errors
/// The [`Trouble`] of the link.
pub(crate) async fn find_unowned(conn: &mut Conn) -> Result<Vec<UnownedStock>, Trouble> {
    let taken = read_taken(conn).await?;

    // Read after the products: an order that is announced meanwhile is not among them.
    let orders: BTreeSet<&OrderId> = taken.iter().map(|taken| &taken.order).collect();
    let mut exists = BTreeMap::new();
    let commands = orders.iter().flat_map(|id| look_up(id)).collect();
    let answers = pipeline::run_all(conn, commands).await?;
    for (id, found) in orders.iter().zip(answers.chunks_exact(2)) {
        let [record, listed] = found else { continue };
        exists.insert(OrderId::clone(id), owns_stock(record, listed)?);
    }

    Ok(taken
        .into_iter()
        .filter(|taken| exists.get(&taken.order) == Some(&false))
        .collect())
}

/// Gives back the stock that is taken for no order; returns of how many products. The trouble of
/// one product does not keep it from the others. Where this user may not see to all stock and
/// orders, nothing is done.
///
/// # Errors
/// The [`Trouble`] of the link.
pub async fn give_back_unowned(connection: &mut Connection) -> Result<usize, Error> {
    let unowned = match find_unowned(&mut connection.conn).await {
        Err(Trouble::NoPermission(_)) => return Ok(0),
        found => found?,
    };

    let mut given_back = 0;
    for UnownedStock { product, order } in unowned {
        let conn = &mut connection.conn;
        match stock::release(conn, &order, &product, StockReturn::GiveBack).await {
            Ok(()) => given_back += 1,
            Err(error) => {
                tracing::warn!(order = order.as_str(), %error, "stock that no order owns");
            }
        }
    }
    Ok(given_back)
}

/// Reads for which orders the products have given stock away. A catalog may be large, so it is
/// read page by page.
async fn read_taken(conn: &mut Conn) -> Result<Vec<UnownedStock>, Trouble> {
    let mut taken = Vec::new();
    let mut cursor = IndexCursor::default();
    loop {
        let products = cursor.next(conn).await?;
        if products.is_empty() {
            return Ok(taken);
        }
        taken.extend(taken_of(conn, products).await?);
    }
}

async fn taken_of(conn: &Conn, products: Vec<ProductId>) -> Result<Vec<UnownedStock>, Trouble> {
    let commands: Vec<Cmd> = products
        .iter()
        .map(|product| {
            let [taken, _released] = keys::stock(product);
            redis::cmd("HKEYS").arg(taken).to_owned()
        })
        .collect();
    let answers = pipeline::run_all(conn, commands).await?;

    let mut all = Vec::new();
    for (product, orders) in products.into_iter().zip(answers) {
        let orders = match orders {
            // Another program's key: nothing is taken of this product.
            Err(Trouble::WrongType) => continue,
            orders => orders?,
        };
        let orders = Vec::<String>::from_redis_value(orders).unwrap_or_default();
        for order in orders.iter().filter_map(|id| OrderId::parse(id)) {
            all.push(UnownedStock {
                product: product.clone(),
                order,
            });
        }
    }
    Ok(all)
}

/// The commands that look for an order: its record, and the index of all that were placed.
fn look_up(id: &OrderId) -> [Cmd; 2] {
    let mut record = redis::cmd("HMGET");
    record.arg(keys::order(id)).arg("state").arg("closed");
    [record, score(keys::ORDERS_ALL, id.as_str())]
}

/// Tells whether stock may be taken for an order, from the answers to [`look_up`].
fn owns_stock(record: &pipeline::Answer, listed: &pipeline::Answer) -> Result<bool, Trouble> {
    if listed.clone()? != Value::Nil {
        return Ok(true);
    }
    let record = match record.clone() {
        // A record that can't be read may be any.
        Err(Trouble::WrongType) => return Ok(true),
        record => record?,
    };
    let (state, closed): (Option<Vec<u8>>, Option<Vec<u8>>) =
        redis::from_redis_value(record).unwrap_or_default();

    let is_undone = state.as_deref() == Some(b"undone") && closed.is_some();
    Ok(state.is_some() && !is_undone)
}
