//! Orders that stopped on their way: placed by nobody yet, or called off and still holding stock.

use super::{Finding, Level};
use crate::store::connection::{Connection, answer};
use crate::store::doctor::data::named;
use crate::store::error::Trouble;
use crate::store::keys;
use crate::store::order::checkout::server_time;
use redis::Pipeline;
use std::collections::HashMap;

/// An order that takes longer has lost its driver, in milliseconds.
const LONG: u64 = 60_000;
/// The newest orders that are looked at.
const MOST: isize = 1_000;

/// Looks for orders that somebody must finish.
pub(crate) async fn examine(connection: &mut Connection) -> Vec<Finding> {
    let note = |found: String, advice: &str| Finding::new("orders", Level::Note, found, advice);
    let looked =
        async { Ok::<_, Trouble>((left_open(connection).await?, holding(connection).await?)) };
    let (open, (all, holding)) = match looked.await {
        Ok(looked) => looked,
        Err(trouble) => return vec![Finding::hidden("orders", &trouble)],
    };
    let mut findings = Vec::new();
    if !open.is_empty() {
        let found = format!(
            "{} orders stopped on their way: {}",
            open.len(),
            named(&open)
        );
        findings.push(note(
            found,
            "trolley orders finishes them; one that never came to its cart leaves by itself in an hour",
        ));
    }
    if !holding.is_empty() {
        let found = format!(
            "{} cancelled orders still hold stock: {}",
            holding.len(),
            named(&holding)
        );
        findings.push(note(found, "trolley order ID gives it back"));
    }
    if findings.is_empty() {
        let newest = if all == MOST.unsigned_abs() {
            "the newest "
        } else {
            ""
        };
        findings.push(Finding::good(
            "orders",
            format!("{newest}{all} orders, none stopped on its way"),
        ));
    }
    findings
}

/// The orders that were begun long ago and are in no stream.
async fn left_open(connection: &mut Connection) -> Result<Vec<String>, Trouble> {
    let mut command = redis::cmd("HGETALL");
    command.arg(keys::ORDERS_OPEN);
    let open: HashMap<String, String> = answer(&command, &mut connection.conn).await?;
    let now = server_time(&mut connection.conn).await?;
    let begun = |how: &str| {
        how.split(' ')
            .next()
            .and_then(|at| at.parse().ok())
            .unwrap_or(0)
    };
    let mut left: Vec<String> = open
        .into_iter()
        .filter(|(_, how)| begun(how) + LONG < now)
        .map(|(id, _)| id)
        .collect();
    left.sort();
    Ok(left)
}

/// How many orders were looked at, and those cancelled ones that gave no stock back.
async fn holding(connection: &mut Connection) -> Result<(usize, Vec<String>), Trouble> {
    let mut range = redis::cmd("ZREVRANGE");
    range.arg(keys::ORDERS_ALL).arg(0).arg(MOST - 1);
    let ids: Vec<String> = answer(&range, &mut connection.conn).await?;
    let mut pipeline = Pipeline::new();
    // All orders are in one slot.
    for id in &ids {
        pipeline
            .cmd("HMGET")
            .arg(keys::order_named(id))
            .arg("state")
            .arg("returned");
    }
    if ids.is_empty() {
        return Ok((0, Vec::new()));
    }
    let states: Vec<(Option<String>, Option<String>)> =
        pipeline.query_async(&mut connection.conn).await?;
    let holds = |(_, (state, returned)): &(&String, (Option<String>, Option<String>))| {
        state.as_deref() == Some("cancelled") && returned.is_none()
    };
    let holding = ids
        .iter()
        .zip(states)
        .filter(holds)
        .map(|(id, _)| id.clone())
        .collect();
    Ok((ids.len(), holding))
}
