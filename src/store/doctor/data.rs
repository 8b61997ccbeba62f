//! Examines the shop's data: the carts, and the index of the products.

use super::{Finding, some_names};
use crate::model::{ProductId, Timeout, text};
use crate::store::catalog::index;
use crate::store::connection::nodes::Scan;
use crate::store::connection::{Conn, Connection, answer, pipeline};
use crate::store::error::Trouble;
use crate::store::keys;
use redis::{Cmd, Value};
use std::collections::BTreeSet;

/// The most keys that are examined, so that a large database does not take for ever.
const MOST_KEYS: usize = 200_000;

/// Examines whether there are carts that would stay for ever.
pub(super) async fn examine_carts(connection: &mut Connection, session: Timeout) -> Finding {
    let carts = match read_carts(&mut connection.conn).await {
        Ok(carts) => carts,
        Err(trouble) => return Finding::hidden("carts", &trouble),
    };

    let all = carts.all;
    let endless = carts.endless.len();
    if endless == 0 {
        let found = format!("{}, all expire", text::count(all, "cart"));
        return Finding::good("carts", found);
    }
    if session == Timeout::Never {
        let carts = text::count(all, "cart");
        let found = format!("{carts}, {endless} of them without expiry, as is set");
        return Finding::good("carts", found);
    }
    Finding::note(
        "carts",
        format!(
            "{endless} of {all} carts never expire: {}",
            some_names(&carts.endless)
        ),
        "the next change by trolley gives them an expiry, or EXPIRE cart:NAME 1800 does",
    )
}

struct Carts {
    all: usize,
    /// The keys of those that never expire.
    endless: Vec<String>,
}

async fn read_carts(conn: &mut Conn) -> Result<Carts, Trouble> {
    let mut carts: Vec<Vec<u8>> = Vec::new();
    let mut scan = Scan::default();
    while carts.len() < MOST_KEYS {
        let Some(keys) = scan.next(conn, "cart:*", "zset").await? else {
            break;
        };
        carts.extend(keys);
    }

    let expiry = ask_each(conn, &carts, |key| redis::cmd("PTTL").arg(key).to_owned()).await?;
    let endless: Vec<String> = carts
        .iter()
        .zip(expiry)
        .filter(|(_, expiry)| *expiry == Value::Int(-1))
        .map(|(key, _)| String::from_utf8_lossy(key).into_owned())
        .collect();

    // A cart that is just being ordered has no expiry until that is over.
    let ordering = ask_each(conn, &endless, |cart| {
        let order = format!("{{{cart}}}:order");
        redis::cmd("EXISTS").arg(order).to_owned()
    })
    .await?;
    let endless = endless
        .into_iter()
        .zip(ordering)
        .filter(|(_, ordering)| *ordering == Value::Int(0))
        .map(|(cart, _)| cart)
        .collect();

    Ok(Carts {
        all: carts.len(),
        endless,
    })
}

/// Runs a command for each key. An objection to any of them is an error.
async fn ask_each<K>(
    conn: &Conn,
    keys: &[K],
    command: impl FnMut(&K) -> Cmd,
) -> Result<Vec<Value>, Trouble> {
    let commands = keys.iter().map(command).collect();
    let answers = pipeline::run_all(conn, commands).await?;
    answers.into_iter().collect()
}

/// Examines whether the index lists the products that there are.
pub(super) async fn examine_index(connection: &mut Connection) -> Finding {
    let index = match compare_index(&mut connection.conn).await {
        Ok(index) => index,
        Err(trouble) => return Finding::hidden("catalog", &trouble),
    };

    if !index.dangling.is_empty() {
        return Finding::note(
            "catalog",
            format!(
                "{} listed products are not there: {}",
                index.dangling.len(),
                some_names(&index.dangling)
            ),
            "ZREM catalog with those ids",
        );
    }
    if !index.unlisted.is_empty() {
        return Finding::note(
            "catalog",
            format!(
                "{} products are not listed: {}",
                index.unlisted.len(),
                some_names(&index.unlisted)
            ),
            "trolley products lists them",
        );
    }
    let products = if index.products < MOST_KEYS {
        format!("{} products", index.products)
    } else {
        format!("the {} looked at", index.products)
    };
    Finding::good("catalog", format!("{products}, all listed"))
}

/// The index beside the products themselves.
struct IndexComparison {
    /// The number of products.
    products: usize,
    /// Products that the index lacks.
    unlisted: Vec<String>,
    /// Ids in the index that have no product.
    dangling: Vec<String>,
}

async fn compare_index(conn: &mut Conn) -> Result<IndexComparison, Trouble> {
    let mut range = redis::cmd("ZRANGE");
    range.arg(keys::CATALOG).arg(0).arg(-1);
    let listed: Vec<Vec<u8>> = answer(&range, conn).await?;
    let listed: BTreeSet<ProductId> = listed.iter().map(|id| ProductId::stored(id)).collect();

    let mut stored = BTreeSet::new();
    let mut scan = Scan::default();
    while stored.len() < MOST_KEYS {
        let Some(ids) = index::scan(conn, &mut scan).await? else {
            break;
        };
        stored.extend(ids);
    }

    // A scan that ended early has not seen all products.
    let dangling = if stored.len() < MOST_KEYS {
        difference(&listed, &stored)
    } else {
        Vec::new()
    };
    let unlisted: Vec<ProductId> = stored.difference(&listed).cloned().collect();
    let products = index::products_among(conn, &unlisted).await?;
    let others = unlisted.len() - products.len();
    Ok(IndexComparison {
        products: stored.len() - others,
        unlisted: products.iter().map(ToString::to_string).collect(),
        dangling,
    })
}

fn difference(all: &BTreeSet<ProductId>, without: &BTreeSet<ProductId>) -> Vec<String> {
    all.difference(without).map(ToString::to_string).collect()
}
