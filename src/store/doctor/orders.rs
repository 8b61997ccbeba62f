//! Examines orders: those that lost their driver, and stock that is held for none.

use super::{Finding, some_names};
use crate::model::text;
use crate::store::connection::{Conn, Connection, answer, pipeline};
use crate::store::error::Trouble;
use crate::store::keys;
use crate::store::order::checkout::server_time;
use crate::store::order::leftovers::{beyond, read_due};
use crate::store::order::unowned::find_unowned;
use redis::Pipeline;

/// An order that nobody has looked after for this long, in milliseconds, has lost its driver.
const DRIVER_LOST: u64 = 60_000;
/// The newest orders that are examined.
const MOST_ORDERS: usize = 1_000;

/// Examines whether there are orders that somebody must finish.
pub(super) async fn examine(connection: &mut Connection) -> Vec<Finding> {
    let mut findings = match read_orders(&mut connection.conn).await {
        Ok(orders) => judge(&orders),
        Err(trouble) => vec![Finding::hidden("orders", &trouble)],
    };
    findings.extend(examine_stock(connection).await);
    findings
}

struct Orders {
    /// The number of orders that were examined.
    examined: usize,
    /// The ids of those that stopped on their way.
    abandoned: Vec<String>,
    /// The ids of those that nobody could finish.
    given_up: Vec<String>,
    /// The ids of cancelled ones that gave no stock back.
    holding_stock: Vec<String>,
}

async fn read_orders(conn: &mut Conn) -> Result<Orders, Trouble> {
    let [abandoned, given_up] = abandoned(conn).await?;
    let ids = newest(conn).await?;
    let holding_stock = holding_stock(conn, &ids).await?;
    Ok(Orders {
        examined: ids.len(),
        abandoned,
        given_up,
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
            "trolley orders finishes them",
        ));
    }
    if !orders.given_up.is_empty() {
        findings.push(Finding::bad(
            "orders",
            format!(
                "{} orders could not be finished, and are left alone: {}",
                orders.given_up.len(),
                some_names(&orders.given_up)
            ),
            "trolley checkout --user NAME tries again, and says what is in the way",
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
        let found = format!(
            "{newest}{}, none stopped on its way",
            text::count(examined, "order")
        );
        findings.push(Finding::good("orders", found));
    }
    findings
}

/// Reads which orders are on their way: those that have been due for a while, and those that
/// are left alone.
async fn abandoned(conn: &mut Conn) -> Result<[Vec<String>; 2], Trouble> {
    let now = server_time(conn).await?;
    let lost = now.saturating_sub(DRIVER_LOST).to_string();
    let mut overdue = read_due(conn, ["-inf", &lost], MOST_ORDERS).await?;
    overdue.extend(read_due(conn, [&beyond(now), "(+inf"], MOST_ORDERS).await?);
    let given_up = read_due(conn, ["+inf", "+inf"], MOST_ORDERS).await?;
    Ok([overdue, with_users(conn, given_up).await?])
}

/// Adds the user of each order to its id, where that can be read.
async fn with_users(conn: &mut Conn, ids: Vec<String>) -> Result<Vec<String>, Trouble> {
    let ask = |id: &String| {
        let mut command = redis::cmd("HGET");
        command.arg(keys::order_named(id)).arg("user");
        command
    };
    let users = pipeline::run_all(conn, ids.iter().map(ask).collect()).await?;

    let mut named = Vec::new();
    for (id, user) in ids.into_iter().zip(users) {
        let user: Option<String> = user
            .ok()
            .and_then(|user| redis::from_redis_value(user).ok())
            .flatten();
        named.push(match user {
            Some(user) => format!("{id} of {user}"),
            None => format!("{id} (its record can't be read)"),
        });
    }
    Ok(named)
}

/// Examines whether stock is taken for orders that don't exist.
async fn examine_stock(connection: &Connection) -> Option<Finding> {
    let unowned = match find_unowned(&connection.conn).await {
        // It takes more rights than to look at orders.
        Err(Trouble::NoPermission(_)) => return None,
        Err(trouble) => return Some(Finding::hidden("orders", &trouble)),
        Ok(unowned) => unowned,
    };

    let names: Vec<String> = unowned
        .iter()
        .map(|unowned| format!("{} ({})", unowned.product, unowned.order))
        .collect();
    (!names.is_empty()).then(|| {
        Finding::note(
            "orders",
            format!(
                "stock is taken for orders that are not there: {}",
                some_names(&names)
            ),
            "trolley orders --all gives it back",
        )
    })
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
