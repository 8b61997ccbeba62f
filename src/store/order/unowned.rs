//! Finds stock that is taken for no order, and gives it back; and orders that took stock and that
//! nobody would finish.
//!
//! A product notes for which orders it gave stock away until they are over. An order is
//! announced before it takes anything, so its record is there first. Where that record is gone
//! by the time the note is read, because a key was deleted or evicted, nobody will ever ask for
//! these pieces.

use super::index::score;
use super::relist::newest_of_numbers;
use super::stock;
use crate::model::{OrderId, ProductId};
use crate::store::catalog::index::IndexCursor;
use crate::store::clock::server_time;
use crate::store::connection::{Conn, Connection, answer, pipeline};
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

/// What is wrong with the stock that products have given away.
#[derive(Debug, Default)]
pub(crate) struct StrandedStock {
    /// The stock that is taken for no order.
    pub(crate) unowned: Vec<UnownedStock>,
    /// The orders on their way for which it is taken, and for which nobody would look: they are
    /// not among those that are due.
    pub(crate) forgotten: Vec<OrderId>,
}

/// Finds what is wrong with the stock that is taken of all products that the catalog lists.
///
/// # Errors
/// The [`Trouble`] of the link.
pub(crate) async fn find_stranded(conn: &mut Conn) -> Result<StrandedStock, Trouble> {
    let taken = read_taken(conn).await?;

    // Read after the products: an order that is announced meanwhile is not among them.
    let orders: BTreeSet<&OrderId> = taken.iter().map(|taken| &taken.order).collect();
    let commands = orders.iter().flat_map(|id| look_up(id)).collect();
    let answers = pipeline::run_all(conn, commands).await?;
    let mut traces = BTreeMap::new();
    for (id, found) in orders.iter().zip(answers.chunks_exact(LOOKED_AT)) {
        traces.insert(OrderId::clone(id), trace(found)?);
    }
    let forgotten = traces.iter();
    let forgotten = forgotten.filter(|(_, trace)| **trace == Trace::Forgotten);
    let forgotten = forgotten.map(|(id, _)| id.clone()).collect();
    let unowned = taken.into_iter();
    let unowned = unowned.filter(|taken| traces.get(&taken.order) == Some(&Trace::None));
    let mut unowned: Vec<UnownedStock> = unowned.collect();
    if !unowned.is_empty() {
        if has_lost_its_index(conn).await? {
            unowned.clear();
        }
        let numbered = newest_of_numbers(conn).await?;
        unowned.retain(|stock| !numbered.contains(stock.order.as_str().as_bytes()));
    }
    Ok(StrandedStock { unowned, forgotten })
}

/// Gives back the stock that is taken for no order; returns of how many products. The trouble of
/// one product does not keep it from the others. Orders on their way that nobody would look for are
/// due again. Where this user may not see to all stock and orders, nothing is done.
///
/// # Errors
/// The [`Trouble`] of the link.
pub async fn give_back_unowned(connection: &mut Connection) -> Result<usize, Error> {
    let stranded = match find_stranded(&mut connection.conn).await {
        Err(Trouble::NoPermission(_)) => return Ok(0),
        found => found?,
    };

    if !stranded.forgotten.is_empty() {
        let now = server_time(&mut connection.conn).await?;
        let mut due = redis::cmd("ZADD");
        due.arg(keys::ORDERS_DUE).arg("NX");
        for id in &stranded.forgotten {
            due.arg(now).arg(id.as_str());
        }
        answer::<u64>(&due, &mut connection.conn).await?;
    }

    let mut given_back = 0;
    for UnownedStock { product, order } in stranded.unowned {
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

/// What is left of an order for which stock is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trace {
    /// Nothing that owns stock.
    None,
    /// A record of an order on its way, and it is not due.
    Forgotten,
    /// All that it needs.
    Whole,
}

/// The commands of [`look_up`].
const LOOKED_AT: usize = 4;

/// The commands that look for an order: whether it is due, before its record, since an order is not
/// due any more once it is closed; and the lists of all that were placed, and of the open ones.
fn look_up(id: &OrderId) -> [Cmd; LOOKED_AT] {
    let mut record = redis::cmd("HMGET");
    record.arg(keys::order(id)).arg("state").arg("closed");
    let [due, all, open] = [keys::ORDERS_DUE, keys::ORDERS_ALL, keys::ORDERS_OPEN]
        .map(|list| score(list, id.as_str()));
    [due, record, all, open]
}

/// Tells what is left of an order, from the answers to [`look_up`].
fn trace(answers: &[pipeline::Answer]) -> Result<Trace, Trouble> {
    let is_listed = |list: &pipeline::Answer| match list {
        // Another program's key proves nothing.
        Err(Trouble::WrongType) => Ok(true),
        list => Ok::<_, Trouble>(list.clone()? != Value::Nil),
    };
    let is_due = is_listed(&answers[0])?;
    let is_placed = is_listed(&answers[2])? || is_listed(&answers[3])?;
    let record = match answers[1].clone() {
        // A record that can't be read may be any.
        Err(Trouble::WrongType) => return Ok(Trace::Whole),
        record => record?,
    };
    let (state, closed): (Option<Vec<u8>>, Option<Vec<u8>>) =
        redis::from_redis_value(record).unwrap_or_default();

    Ok(match (state.as_deref(), closed) {
        (None, _) | (Some(b"undone"), Some(_)) if !is_placed => Trace::None,
        (Some(b"pending" | b"undone"), None) if !is_due => Trace::Forgotten,
        _ => Trace::Whole,
    })
}

/// Tells whether the list of all orders is gone though orders were placed: then an order that it
/// does not list may be one of those.
async fn has_lost_its_index(conn: &mut Conn) -> Result<bool, Trouble> {
    let count = async |command: &str, key: &str| {
        let command = redis::cmd(command).arg(key).to_owned();
        match answer::<u64>(&command, &mut conn.clone()).await {
            Err(Trouble::WrongType) => Ok(None),
            count => count.map(Some),
        }
    };
    let listed = count("ZCARD", keys::ORDERS_ALL).await?;
    let placed = count("XLEN", keys::ORDERS).await?;
    Ok(listed.unwrap_or(0) == 0 && placed != Some(0))
}
