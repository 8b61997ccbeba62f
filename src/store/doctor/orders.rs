//! Examines orders: those that lost their driver, and cancelled ones that still hold stock.

use super::{Finding, some_names};
use crate::store::connection::{Conn, Connection, answer};
use crate::store::error::Trouble;
use crate::store::keys;
use crate::store::order::checkout::server_time;
use redis::Pipeline;
use std::collections::HashMap;

/// An open order that is older than this, in milliseconds, has lost its driver.
const DRIVER_LOST: u64 = 60_000;
/// The newest orders that are examined.
const MOST_ORDERS: usize = 1_000;

/// Examines whether there are orders that somebody must finish.
pub(super) async fn examine(connection: &mut Connection) -> Vec<Finding> {
    match read_orders(&mut connection.conn).await {
        Ok(orders) => judge(&orders),
        Err(trouble) => vec![Finding::hidden("orders", &trouble)],
    }
}

struct Orders {
    /// The number of orders that were examined.
    examined: usize,
    /// The ids of those that were begun long ago and are in no stream.
    abandoned: Vec<String>,
    /// The ids of cancelled ones that gave no stock back.
    holding_stock: Vec<String>,
}

async fn read_orders(conn: &mut Conn) -> Result<Orders, Trouble> {
    let abandoned = abandoned(conn).await?;
    let ids = newest(conn).await?;
    let holding_stock = holding_stock(conn, &ids).await?;
    Ok(Orders {
        examined: ids.len(),
        abandoned,
        holding_stock,
    })
}

fn judge(orders: &Orders) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !orders.abandoned.is_empty() {
        findings.push(Finding::note(
            "orders",
            format!(
                "{} orders stopped on their way: {}",
                orders.abandoned.len(),
                some_names(&orders.abandoned)
            ),
            "trolley orders finishes them; one that never came to its cart leaves by itself in an hour",
        ));
    }
    if !orders.holding_stock.is_empty() {
        findings.push(Finding::note(
            "orders",
            format!(
                "{} cancelled orders still hold stock: {}",
                orders.holding_stock.len(),
                some_names(&orders.holding_stock)
            ),
            "trolley order ID gives it back",
        ));
    }

    if findings.is_empty() {
        let examined = orders.examined;
        let newest = if examined == MOST_ORDERS {
            "the newest "
        } else {
            ""
        };
        let found = format!("{newest}{examined} orders, none stopped on its way");
        findings.push(Finding::good("orders", found));
    }
    findings
}

async fn abandoned(conn: &mut Conn) -> Result<Vec<String>, Trouble> {
    let mut command = redis::cmd("HGETALL");
    command.arg(keys::ORDERS_OPEN);
    let open: HashMap<String, String> = answer(&command, conn).await?;
    let now = server_time(conn).await?;

    let mut abandoned: Vec<String> = open
        .into_iter()
        .filter(|(_, note)| begun_at(note) + DRIVER_LOST < now)
        .map(|(id, _)| id)
        .collect();
    abandoned.sort();
    Ok(abandoned)
}

/// The time at the beginning of the note on an open order; 0 where it can't be read.
fn begun_at(note: &str) -> u64 {
    let time = note.split(' ').next();
    time.and_then(|time| time.parse().ok()).unwrap_or(0)
}

async fn newest(conn: &mut Conn) -> Result<Vec<String>, Trouble> {
    let mut range = redis::cmd("ZREVRANGE");
    range.arg(keys::ORDERS_ALL).arg(0).arg(MOST_ORDERS - 1);
    answer(&range, conn).await
}

async fn holding_stock(conn: &mut Conn, ids: &[String]) -> Result<Vec<String>, Trouble> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }

    // All orders are in one slot, so a pipeline reaches them.
    let mut pipeline = Pipeline::new();
    for id in ids {
        pipeline
            .cmd("HMGET")
            .arg(keys::order_named(id))
            .arg("state")
            .arg("returned");
    }
    let states: Vec<(Option<String>, Option<String>)> = pipeline.query_async(conn).await?;

    let holding = ids.iter().zip(states).filter(|(_, (state, returned))| {
        state.as_deref() == Some("cancelled") && returned.is_none()
    });
    Ok(holding.map(|(id, _)| id.clone()).collect())
}
