//! What the shop keeps: carts, and the index of the products.

use super::{Finding, Level};
use crate::model::{ProductId, Timeout, text};
use crate::store::catalog::index;
use crate::store::connection::pipeline;
use crate::store::connection::{Connection, Scan};
use crate::store::error::Trouble;
use crate::store::keys;
use redis::Value;
use std::collections::BTreeSet;

/// The most keys that are looked at; more only take longer.
const MOST: usize = 200_000;
/// The most ids that are named.
const NAMED: usize = 5;

/// Looks for carts that would stay for ever.
pub(crate) async fn carts(connection: &mut Connection, session: Timeout) -> Finding {
    match forever(connection).await {
        Err(trouble) => Finding::hidden("carts", &trouble),
        Ok((all, forever)) if forever.is_empty() => {
            Finding::good("carts", format!("{}, all expire", text::count(all, "cart")))
        }
        Ok((all, forever)) if session == Timeout::Never => Finding::good(
            "carts",
            format!(
                "{}, {} of them without expiry, as is set",
                text::count(all, "cart"),
                forever.len()
            ),
        ),
        Ok((all, forever)) => Finding::new(
            "carts",
            Level::Note,
            format!(
                "{} of {all} carts never expire: {}",
                forever.len(),
                named(&forever)
            ),
            "the next change by trolley gives them an expiry, or EXPIRE cart:NAME 1800 does",
        ),
    }
}

async fn forever(connection: &mut Connection) -> Result<(usize, Vec<String>), Trouble> {
    let (mut carts, mut scan) = (Vec::new(), Scan::default());
    while carts.len() < MOST {
        let Some(keys) = scan.next(&mut connection.conn, "cart:*", "zset").await? else {
            break;
        };
        carts.extend(keys);
    }
    let ask = |key: &Vec<u8>| redis::cmd("PTTL").arg(key).to_owned();
    let left = pipeline::run(&connection.conn, carts.iter().map(ask).collect()).await?;
    let mut endless = Vec::new();
    for (key, left) in carts.iter().zip(left) {
        if left? == Value::Int(-1) {
            endless.push(String::from_utf8_lossy(key).into_owned());
        }
    }
    // A cart that is just being ordered has no expiry until that is over.
    let ask = |cart: &String| {
        redis::cmd("EXISTS")
            .arg(format!("{{{cart}}}:order"))
            .to_owned()
    };
    let ordering = pipeline::run(&connection.conn, endless.iter().map(ask).collect()).await?;
    let mut forever = Vec::new();
    for (cart, ordering) in endless.into_iter().zip(ordering) {
        if ordering? == Value::Int(0) {
            forever.push(cart);
        }
    }
    Ok((carts.len(), forever))
}

/// Compares the index with the products themselves.
pub(crate) async fn index(connection: &mut Connection) -> Finding {
    match compare(connection).await {
        Err(trouble) => Finding::hidden("catalog", &trouble),
        Ok((all, missing, dangling)) if missing.is_empty() && dangling.is_empty() => {
            let all = if all < MOST {
                format!("{all} products")
            } else {
                format!("the {all} looked at")
            };
            Finding::good("catalog", format!("{all}, all listed"))
        }
        Ok((_, missing, dangling)) if dangling.is_empty() => Finding::new(
            "catalog",
            Level::Note,
            format!(
                "{} products are not listed: {}",
                missing.len(),
                named(&missing)
            ),
            "trolley products lists them",
        ),
        Ok((_, _, dangling)) => Finding::new(
            "catalog",
            Level::Note,
            format!(
                "{} listed products are not there: {}",
                dangling.len(),
                named(&dangling)
            ),
            "ZREM catalog with those ids",
        ),
    }
}

/// The number of products, those that are not listed, and those that are only listed.
async fn compare(
    connection: &mut Connection,
) -> Result<(usize, Vec<String>, Vec<String>), Trouble> {
    let mut range = redis::cmd("ZRANGE");
    range.arg(keys::CATALOG).arg(0).arg(-1);
    let listed: Vec<Vec<u8>> = range
        .query_async(&mut connection.conn)
        .await
        .map_err(Trouble::from)?;
    let listed: BTreeSet<ProductId> = listed.iter().map(|id| ProductId::stored(id)).collect();
    let mut stored = BTreeSet::new();
    let mut scan = Scan::default();
    while stored.len() < MOST {
        let Some(ids) = index::scan(&mut connection.conn, &mut scan).await? else {
            break;
        };
        stored.extend(ids);
    }
    let missing = stored
        .difference(&listed)
        .map(ToString::to_string)
        .collect();
    // A scan that ended early has not seen all.
    let dangling = match stored.len() {
        MOST.. => Vec::new(),
        _ => listed
            .difference(&stored)
            .map(ToString::to_string)
            .collect(),
    };
    Ok((stored.len(), missing, dangling))
}

pub(crate) fn named(ids: &[String]) -> String {
    let rest = ids.len().saturating_sub(NAMED);
    let more = if rest > 0 {
        format!(" and {rest} more")
    } else {
        String::new()
    };
    ids.iter()
        .take(NAMED)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ")
        + &more
}
