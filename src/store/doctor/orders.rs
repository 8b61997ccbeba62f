//! Examines orders: those that lost their driver, and stock that is held for none.

use super::{Finding, some_names};
use crate::model::{OrderId, text};
use crate::store::clock::server_time;
use crate::store::connection::{Conn, Connection, pipeline};
use crate::store::error::Trouble;
use crate::store::keys;
use crate::store::order::begun::BegunOrder;
use crate::store::order::count::{find_unreadable, newest};
use crate::store::order::index::score;
use crate::store::order::leftovers::{beyond, read_due};
use crate::store::order::open::{find_closed, look_through, read_listed};
use crate::store::order::relist::{find_unindexed, find_unindexed_of_users};
use crate::store::order::restore::STORED_VERSION;
use crate::store::order::unowned::find_stranded;
use redis::Value;

/// An order that nobody has looked after for this long, in milliseconds, has lost its driver.
const DRIVER_LOST: u64 = 60_000;
/// The age of an order, in milliseconds, from which on it has been tried in vain for long.
const TRIED_FOR_LONG: u64 = 3_600_000;
/// The most lines of open orders that are examined.
const MOST_ORDERED: usize = 10_000;
/// The newest orders that are examined.
const MOST_ORDERS: usize = 1_000;

/// Examines whether there are orders that somebody must finish.
pub(super) async fn examine(connection: &mut Connection) -> Vec<Finding> {
    let mut findings = match read_orders(&mut connection.conn).await {
        Ok(orders) => judge(&orders),
        Err(trouble) => vec![Finding::hidden("orders", &trouble)],
    };
    findings.extend(examine_stock(connection).await);
    findings.extend(examine_books(&mut connection.conn).await);
    findings.extend(examine_open(&mut connection.conn).await);
    findings.extend(examine_indexes(&mut connection.conn).await);
    findings
}

struct Orders {
    /// The number of orders that were examined.
    examined: usize,
    /// True where there are older ones, which were not.
    has_older: bool,
    /// The entries among them that are no orders, or can't be read.
    unreadable: Vec<String>,
    /// The ids of those that stopped on their way.
    abandoned: Vec<String>,
    /// The ids of those that are tried again and again.
    tried_for_long: Vec<String>,
    /// The orders that nobody could finish.
    given_up: GivenUp,
    /// The ids of cancelled ones that gave no stock back.
    holding_stock: Vec<String>,
}

async fn read_orders(conn: &mut Conn) -> Result<Orders, Trouble> {
    let abandoned = find_abandoned(conn).await?;
    let mut tried_for_long = find_tried_for_long(conn).await?;
    tried_for_long.retain(|id| !abandoned.contains(id));
    let given_up = find_given_up(conn).await?;
    let ids = newest(conn, None, MOST_ORDERS).await?;
    let holding_stock = holding_stock(conn, &ids).await?;
    let listed = ids.len();
    let mut unreadable = find_unreadable(conn, None, ids).await?;
    unreadable.retain(|id| !given_up.placed.contains(id));
    Ok(Orders {
        examined: listed - unreadable.len(),
        has_older: listed == MOST_ORDERS,
        unreadable,
        abandoned,
        tried_for_long,
        given_up,
        holding_stock,
    })
}

fn judge(orders: &Orders) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(note_some(
        &orders.abandoned,
        "orders that stopped halfway",
        "trolley orders finishes them",
    ));
    for (ids, what, advice) in [
        (
            &orders.given_up.readable,
            "orders could not be finished, and are left alone",
            "trolley checkout --cart NAME tries again, and says what is in the way",
        ),
        (
            &orders.given_up.unreadable,
            "orders were never placed, and their records can't be read",
            "redis-cli DEL {orders}:ID and redis-cli ZREM {orders}:due ID, then trolley orders \
             --all: what they took goes back into stock, and their carts keep all pieces",
        ),
        (
            &orders.given_up.placed,
            "orders are placed, and their records can't be read",
            "put the fields of {orders}:ID back as they stand in the stream orders (XRANGE \
             orders - +), with version 1, begun and changed as at, and state placed; then trolley \
             checkout --cart NAME finishes them",
        ),
    ] {
        if !ids.is_empty() {
            let found = format!("{} {what}: {}", ids.len(), some_names(ids));
            findings.push(Finding::bad("orders", found, advice));
        }
    }
    findings.extend(note_some(
        &orders.tried_for_long,
        "orders that are tried in vain",
        "trolley checkout --cart NAME tries again, and says what is in the way",
    ));
    findings.extend(note_some(
        &orders.holding_stock,
        "cancelled orders that still hold stock",
        "trolley order ID gives it back",
    ));
    findings.extend(note_some(
        &orders.unreadable,
        "entries of {orders}:all that are no orders, or can't be read",
        "redis-cli HGETALL {orders}:ID shows what is there. Where XRANGE orders - + shows such an order, \
         put its fields back, with version 1, begun and changed as at, state placed and closed 1; else \
         redis-cli ZREM {orders}:all ID takes it off all lists",
    ));

    if findings.is_empty() {
        let examined = orders.examined;
        let newest = if orders.has_older { "the newest " } else { "" };
        let found = format!(
            "{newest}{}, none stopped on its way",
            text::count(examined, "order")
        );
        findings.push(Finding::good("orders", found));
    }
    findings
}

/// Names some orders of which the same is to be said; nothing where there are none.
fn note_some(ids: &[String], what: &str, advice: &str) -> Option<Finding> {
    let found = format!("{what} ({}): {}", ids.len(), some_names(ids));
    (!ids.is_empty()).then(|| Finding::note("orders", found, advice))
}

/// Reads which orders have been due for a while.
async fn find_abandoned(conn: &mut Conn) -> Result<Vec<String>, Trouble> {
    let now = server_time(conn).await?;
    let lost = now.saturating_sub(DRIVER_LOST).to_string();
    let mut overdue = read_due(conn, ["-inf", &lost], MOST_ORDERS).await?;
    overdue.extend(read_due(conn, [&beyond(now), "(+inf"], MOST_ORDERS).await?);
    Ok(overdue)
}

/// Reads which of the orders that are due were begun long ago: each time that one is tried, it is due
/// later.
async fn find_tried_for_long(conn: &mut Conn) -> Result<Vec<String>, Trouble> {
    let now = server_time(conn).await?;
    let tried = read_due(conn, ["-inf", "(+inf"], MOST_ORDERS).await?;
    let begun = BegunOrder::read_each(conn, &tried).await?;
    let tried = tried.into_iter().zip(begun);
    let for_long = tried.filter(|(_, begun)| {
        let begun = begun.as_ref();
        begun.is_some_and(|begun| begun.age(now) > TRIED_FOR_LONG)
    });
    Ok(for_long.map(|(id, _)| id).collect())
}

/// Orders that nobody could finish, and that are left alone.
#[derive(Default)]
struct GivenUp {
    /// The orders whose record can be read, with their users.
    readable: Vec<String>,
    /// The ids of those that were never placed, and whose record can't be read.
    unreadable: Vec<String>,
    /// The ids of those that are in the stream, and whose record can't be read.
    placed: Vec<String>,
}

async fn find_given_up(conn: &mut Conn) -> Result<GivenUp, Trouble> {
    let ids = read_due(conn, ["+inf", "+inf"], MOST_ORDERS).await?;
    let records = BegunOrder::read_each(conn, &ids).await?;
    let listed = ids.iter().map(|id| score(keys::ORDERS_ALL, id));
    let listed = pipeline::run_all(conn, listed.collect()).await?;

    let mut given_up = GivenUp::default();
    for ((id, record), listed) in ids.into_iter().zip(records).zip(listed) {
        let is_placed = listed? != Value::Nil;
        match record {
            Some(begun) => given_up.readable.push(format!("{id} of {}", begun.user)),
            None if is_placed => given_up.placed.push(id),
            None => given_up.unreadable.push(id),
        }
    }
    Ok(given_up)
}

/// Examines whether stock is taken for orders that don't exist.
async fn examine_stock(connection: &mut Connection) -> Vec<Finding> {
    let stranded = match find_stranded(&mut connection.conn).await {
        // It takes more rights than to look at orders.
        Err(Trouble::NoPermission(_)) => return Vec::new(),
        Err(trouble) => return vec![Finding::hidden("orders", &trouble)],
        Ok(stranded) => stranded,
    };

    let mut findings = Vec::new();
    let forgotten: Vec<String> = stranded.forgotten.iter().map(OrderId::to_string).collect();
    findings.extend(note_some(
        &forgotten,
        "orders that stopped halfway, and that {orders}:due lacks",
        "trolley orders --all finishes them",
    ));
    let unowned = stranded.unowned.iter();
    let names: Vec<String> = unowned
        .map(|unowned| format!("{} ({})", unowned.product, unowned.order))
        .collect();
    if !names.is_empty() {
        let found = format!(
            "stock is taken for orders that are not there: {}",
            some_names(&names)
        );
        let advice = "trolley orders --all gives it back";
        findings.push(Finding::note("orders", found, advice));
    }
    findings
}

/// Examines whether the products know of the open orders: one that has forgotten an order gives
/// nothing back when that is cancelled.
async fn examine_books(conn: &mut Conn) -> Option<Finding> {
    let forgotten = match find_forgotten(conn).await {
        // It takes more rights than to look at orders.
        Err(Trouble::NoPermission(_)) => return None,
        Err(trouble) => return Some(Finding::hidden("orders", &trouble)),
        Ok(forgotten) => forgotten,
    };
    note_some(
        &forgotten,
        "products whose stock is counted, and was not when an open order came, or that have forgotten \
         that order",
        "where its pieces were taken off, a cancel does not bring them back: trolley product set ID \
         stock=+N does",
    )
}

/// Finds lines of open orders of which the product does not know, though its stock is counted.
async fn find_forgotten(conn: &mut Conn) -> Result<Vec<String>, Trouble> {
    let listed = read_listed(conn, MOST_ORDERS).await?.into_iter();
    let open = listed.filter(|(_, state)| state.is_some_and(|state| !state.is_over()));
    let ids: Vec<String> = open.map(|(id, _)| id).collect();

    let mut lines = Vec::new();
    for (id, begun) in ids.iter().zip(BegunOrder::read_each(conn, &ids).await?) {
        // What was made up, or came from a backup, has taken no stock here.
        let begun = begun.filter(|begun| begun.version != STORED_VERSION);
        let ordered = begun.into_iter().flat_map(|begun| begun.lines);
        lines.extend(ordered.map(|line| (id, line.product)));
    }
    lines.truncate(MOST_ORDERED);

    let commands = lines.iter().flat_map(|(id, product)| {
        let [taken, _released] = keys::stock(product);
        [(taken, id.as_str()), (keys::product(product), "stock")].map(|(key, field)| {
            let mut read = redis::cmd("HGET");
            read.arg(key).arg(field);
            read
        })
    });
    let answers = pipeline::run_all(conn, commands.collect()).await?;

    let mut forgotten = Vec::new();
    for ((id, product), read) in lines.iter().zip(answers.chunks_exact(2)) {
        let [taken, stock] = read else { continue };
        let is_counted = matches!(stock, Ok(Value::BulkString(stock)) if !stock.is_empty());
        if is_counted && *taken == Ok(Value::Nil) {
            forgotten.push(format!("{product} ({id})"));
        }
    }
    Ok(forgotten)
}

/// Examines whether the orders that are listed as open are those that are open.
async fn examine_open(conn: &mut Conn) -> Vec<Finding> {
    let compared = async {
        let unlisted = look_through(conn).await?.unlisted;
        Ok((unlisted, find_closed(conn, MOST_ORDERS).await?))
    };
    let (unlisted, closed) = match compared.await {
        // It takes more rights than to look at orders.
        Err(Trouble::NoPermission(_)) => return Vec::new(),
        Err(trouble) => return vec![Finding::hidden("orders", &trouble)],
        Ok(compared) => compared,
    };

    let mut findings = Vec::new();
    if !unlisted.is_empty() {
        let names: Vec<String> = unlisted.iter().map(OrderId::to_string).collect();
        findings.push(Finding::note(
            "orders",
            format!(
                "open orders missing from {{orders}}:open ({}): {}",
                names.len(),
                some_names(&names)
            ),
            "trolley orders --all puts them there",
        ));
    }
    if !closed.is_empty() {
        findings.push(Finding::note(
            "orders",
            format!(
                "entries of {{orders}}:open that are not open orders ({}): {}",
                closed.len(),
                some_names(&closed)
            ),
            "redis-cli ZREM {orders}:open ID: until then, no order is given their numbers",
        ));
    }
    findings
}

/// Examines whether all orders are in the indexes by which they are listed.
async fn examine_indexes(conn: &mut Conn) -> Option<Finding> {
    let found = async {
        let unindexed = find_unindexed(conn).await?;
        if !unindexed.is_empty() {
            return Ok((unindexed, RELIST));
        }
        Ok((find_unindexed_of_users(conn).await?, RELIST_ALL))
    };
    let (unindexed, advice) = match found.await {
        // It takes more rights than to look at orders.
        Err(Trouble::NoPermission(_)) => return None,
        Err(trouble) => return Some(Finding::hidden("orders", &trouble)),
        Ok(found) => found,
    };

    let names: Vec<String> = unindexed.iter().map(OrderId::to_string).collect();
    (!names.is_empty()).then(|| {
        Finding::bad(
            "orders",
            format!(
                "{} orders are not in {{orders}}:all, or not in {{orders}}:of:USER, and no list or \
                 figure has them: {}",
                names.len(),
                some_names(&names)
            ),
            advice,
        )
    })
}

/// The advice where indexes lack orders.
const RELIST: &str = "trolley orders --all finds them by their receipts and puts them there; it takes \
    the right to SCAN";
/// The advice where only the lists of users tell of them.
const RELIST_ALL: &str = "redis-cli DEL {orders}:all, then trolley orders --all makes it anew from all \
    receipts; it takes the right to SCAN";

async fn holding_stock(conn: &Conn, ids: &[String]) -> Result<Vec<String>, Trouble> {
    let commands = ids.iter().map(|id| {
        let mut state = redis::cmd("HMGET");
        state
            .arg(keys::order_named(id))
            .arg("state")
            .arg("returned");
        state
    });
    let states = pipeline::run_all(conn, commands.collect()).await?;

    let mut holding = Vec::new();
    for (id, state) in ids.iter().zip(states) {
        // One record that can't be read must not hide the others.
        let Ok(state) = state else { continue };
        let (state, returned): (Option<String>, Option<String>) =
            redis::from_redis_value(state).unwrap_or_default();
        if state.as_deref() == Some("cancelled") && returned.is_none() {
            holding.push(id.clone());
        }
    }
    Ok(holding)
}
