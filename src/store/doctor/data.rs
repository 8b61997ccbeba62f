//! Examines the shop's data: the carts, the index of the products, and what can't be read of them.

use super::{Finding, MOST_NAMES, some_names, some_of};
use crate::model::product::Stock;
use crate::model::{ProductId, Timeout, text};
use crate::store::catalog;
use crate::store::catalog::index::{self, IndexCursor};
use crate::store::connection::nodes::Scan;
use crate::store::connection::{Conn, Connection, answer, pipeline};
use crate::store::error::Trouble;
use crate::store::keys;
use jiff::tz::TimeZone;
use redis::{Cmd, Value};
use std::collections::{BTreeSet, HashSet};

/// The most keys that are examined, so that a large database does not take for ever.
const MOST_KEYS: usize = 200_000;

/// Examines whether the shop's settings are understood.
pub(super) async fn examine_shop(connection: &mut Connection) -> Vec<Finding> {
    let shop = match catalog::read_shop(&mut connection.conn).await {
        Ok(shop) => shop,
        Err(trouble) => return vec![Finding::hidden("shop", &trouble)],
    };

    let misunderstandings = shop.misunderstandings(&TimeZone::system());
    if misunderstandings.is_empty() {
        return vec![Finding::good("shop", "its settings are understood")];
    }
    let findings = misunderstandings.into_iter().map(|told| {
        Finding::note(
            "shop",
            format!("its {told}"),
            "trolley shop time_zone=Europe/Berlin hours=24 sets both; an empty value clears one",
        )
    });
    findings.collect()
}

/// Examines whether there are carts that would stay for ever, or keys beside them.
pub(super) async fn examine_carts(connection: &mut Connection, session: Timeout) -> Vec<Finding> {
    let carts = match read_carts(&mut connection.conn).await {
        Ok(carts) => carts,
        Err(trouble) => return vec![Finding::hidden("carts", &trouble)],
    };

    let all = text::count(carts.all, "cart");
    let endless = carts.endless.len();
    let companions = carts.companions.len();
    if endless + companions == 0 {
        return vec![Finding::good(
            "carts",
            format!("{all}, each ends by itself"),
        )];
    }
    if session == Timeout::Never {
        let found = format!("{all}, {endless} of them without expiry, as is set");
        return vec![Finding::good("carts", found)];
    }

    let mut findings = Vec::new();
    if endless > 0 {
        let names = some_names(&carts.endless);
        findings.push(Finding::note(
            "carts",
            format!("{endless} of {} carts never expire: {names}", carts.all),
            "the next change by trolley gives them an expiry, or EXPIRE cart:NAME 1800 does",
        ));
    }
    if companions > 0 {
        let names = some_names(&carts.companions);
        findings.push(Finding::note(
            "carts",
            format!(
                "{} beside carts without an expiry: {names}",
                text::count(companions, "key")
            ),
            "EXPIRE KEY 86400 lets them go in a day; while a cart is in use, its changes renew that",
        ));
    }
    findings
}

struct Carts {
    all: usize,
    /// The keys of those that never expire, though nobody has set that.
    endless: Vec<String>,
    /// The keys beside carts that never expire, though nobody has set that.
    companions: Vec<String>,
}

async fn read_carts(conn: &mut Conn) -> Result<Carts, Trouble> {
    let carts = scan_keys(conn, "cart:*", Some("zset")).await?;
    let companions = scan_keys(conn, "{cart:*}:*", None).await?;

    let endless = find_endless(conn, &carts).await?;
    let mut endless_companions = find_endless(conn, &companions).await?;
    // The companions of a cart that is named already add nothing.
    let named: HashSet<&str> = endless.iter().map(String::as_str).collect();
    endless_companions.retain(|key| keys::cart_of(key).is_some_and(|cart| !named.contains(cart)));

    Ok(Carts {
        all: carts.len(),
        endless,
        companions: endless_companions,
    })
}

/// Finds the keys of this pattern, up to [`MOST_KEYS`], each once.
async fn scan_keys(
    conn: &mut Conn,
    pattern: &str,
    key_type: Option<&str>,
) -> Result<BTreeSet<Vec<u8>>, Trouble> {
    let mut found = BTreeSet::new();
    let mut scan = Scan::default();
    while found.len() < MOST_KEYS {
        let Some(keys) = scan.next(conn, pattern, key_type).await? else {
            break;
        };
        found.extend(keys);
    }
    Ok(found)
}

/// Keeps the keys of carts, or beside carts, that never expire, unless that is meant: a cart that
/// is just being ordered has no expiry until that is over, and others are set to stay.
async fn find_endless(conn: &Conn, keys: &BTreeSet<Vec<u8>>) -> Result<Vec<String>, Trouble> {
    let expiry = ask_each(conn, keys, |key| redis::cmd("PTTL").arg(key).to_owned()).await?;
    let endless: Vec<String> = keys
        .iter()
        .zip(expiry)
        .filter(|(_, expiry)| *expiry == Value::Int(-1))
        .map(|(key, _)| String::from_utf8_lossy(key).into_owned())
        .collect();

    let carts = endless.iter().map(|key| keys::cart_of(key).unwrap_or(key));
    let ordering = ask_each(conn, carts.clone(), |cart| {
        let order = keys::companion(cart, "order");
        redis::cmd("EXISTS").arg(order).to_owned()
    })
    .await?;
    let life = carts.map(|cart| {
        let meta = keys::companion(cart, "meta");
        redis::cmd("HGET").arg(meta).arg("life").to_owned()
    });
    let life = pipeline::run_all(conn, life.collect()).await?;

    let unmeant = endless.into_iter().zip(ordering).zip(life);
    Ok(unmeant
        .filter(|((_, ordering), life)| *ordering == Value::Int(0) && !stays(life))
        .map(|((key, _), _)| key)
        .collect())
}

/// Tells from the timeouts of a cart, "session item who", whether it is set to stay.
fn stays(life: &pipeline::Answer) -> bool {
    matches!(life, Ok(Value::BulkString(life)) if life.starts_with(b"0 "))
}

/// Runs a command for each key. An objection to any of them is an error.
async fn ask_each<K>(
    conn: &Conn,
    keys: impl IntoIterator<Item = K>,
    command: impl FnMut(K) -> Cmd,
) -> Result<Vec<Value>, Trouble> {
    let commands = keys.into_iter().map(command).collect();
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
                "listed products that do not exist ({}): {}",
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
                "products that are not listed ({}): {}",
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

/// Examines whether the prices and the stock of the listed products can be read.
pub(super) async fn examine_products(connection: &mut Connection) -> Vec<Finding> {
    let products = match read_products(&mut connection.conn).await {
        Ok(products) => products,
        Err(trouble) => return vec![Finding::hidden("products", &trouble)],
    };

    let mut findings = Vec::new();
    if products.unpriced.count > 0 {
        findings.push(Finding::note(
            "products",
            format!("{} no price that can be read", products.unpriced.have()),
            "trolley product set ID price=2.40 gives it one",
        ));
    }
    if products.uncounted.count > 0 {
        findings.push(Finding::note(
            "products",
            format!("{} a stock that can't be read", products.uncounted.have()),
            "trolley product set ID stock=12 sets it; stock= makes it unlimited",
        ));
    }
    if findings.is_empty() {
        let examined = text::count(products.examined, "product");
        let found = format!("price and stock can be read of {examined}");
        findings.push(Finding::good("products", found));
    }
    findings
}

/// Products of one kind: how many there are, and the first ids.
#[derive(Default)]
struct ProductCount {
    count: usize,
    first: Vec<String>,
}

impl ProductCount {
    fn add(&mut self, id: &ProductId) {
        self.count += 1;
        if self.first.len() < MOST_NAMES {
            self.first.push(id.to_string());
        }
    }

    /// The beginning of a sentence: `3 products (a, b, c) have`.
    fn have(&self) -> String {
        let products = text::count(self.count, "product");
        let names = some_of(&self.first, self.count);
        let verb = if self.count == 1 { "has" } else { "have" };
        format!("{products} ({names}) {verb}")
    }
}

/// The listed products with values that can't be read.
#[derive(Default)]
struct ProductProblems {
    examined: usize,
    unpriced: ProductCount,
    uncounted: ProductCount,
}

/// Reads the listed products page by page, up to [`MOST_KEYS`].
async fn read_products(conn: &mut Conn) -> Result<ProductProblems, Trouble> {
    let mut problems = ProductProblems::default();
    let mut cursor = IndexCursor::default();
    let mut listed = 0;
    while listed < MOST_KEYS {
        let ids = cursor.next(conn).await?;
        if ids.is_empty() {
            break;
        }

        listed += ids.len();
        for (id, product) in catalog::read_products(conn, &ids).await? {
            // What is listed and not there is told with the catalog.
            let Some(product) = product else { continue };
            problems.examined += 1;
            if product.price.is_none() {
                problems.unpriced.add(&id);
            }
            if product.stock == Stock::Unreadable {
                problems.uncounted.add(&id);
            }
        }
    }
    Ok(problems)
}
