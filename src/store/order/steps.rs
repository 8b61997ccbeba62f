//! The steps of an order, each one script in one slot.

use super::document;
use super::{CART_UPDATE, cart_update};
use crate::model::change::sanitize_actor;
use crate::model::order::OrderFailure;
use crate::model::{Money, OrderId, OrderLine, Preview, Refusal, UserName, order};
use crate::store::cart::owners_refusal;
use crate::store::error::{Error, Trouble};
use crate::store::keys;
use crate::store::keys::CartKeys;
use crate::store::policy::Policy;
use redis::Script;
use redis::aio::ConnectionLike;
use std::sync::LazyLock;

macro_rules! script {
    ($name:ident, $($part:expr),+) => {
        static $name: LazyLock<Script> = LazyLock::new(|| Script::new(&[$($part),+].concat()));
    };
}

script!(ANNOUNCE, include_str!("../scripts/announce.lua"));
script!(FREEZE, CART_UPDATE, include_str!("../scripts/freeze.lua"));
script!(TAKE, include_str!("../scripts/take.lua"));
script!(DECIDE, include_str!("../scripts/decide.lua"));
script!(RELEASE, include_str!("../scripts/release.lua"));
script!(APPEND, include_str!("../scripts/append.lua"));
script!(
    SETTLE,
    include_str!("../scripts/shares.lua"),
    CART_UPDATE,
    include_str!("../scripts/settle.lua")
);

/// What was decided about an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It is placed.
    Place,
    /// It is undone, for this reason.
    Undo(OrderFailure),
}

impl Decision {
    fn read(word: &[u8], reason: &[u8]) -> Option<Decision> {
        match word {
            b"place" => Some(Decision::Place),
            b"undo" => {
                let hitch = serde_json::from_slice(reason).unwrap_or(OrderFailure::Late);
                Some(Decision::Undo(hitch.sanitized()))
            }
            _ => None,
        }
    }
}

/// A cart that is frozen to be ordered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frozen {
    /// The order's id.
    pub id: OrderId,
    /// Who orders; clean text.
    pub by: String,
    /// Since when, by the server's clock, in Unix milliseconds.
    pub at: u64,
    /// What was decided, if anything yet.
    pub decision: Option<Decision>,
    /// The lines.
    pub lines: Vec<OrderLine>,
    /// The sign of the currency.
    pub currency: String,
}

/// What the cart answers to being frozen.
pub enum Freeze {
    /// It is frozen, by us or by who was first.
    Frozen(Frozen),
    /// The order of this id is over already.
    Over(Decision),
}

fn not_understood() -> Error {
    Trouble::not_understood().into()
}

/// Notes the order as open; whether it is in the stream already.
pub async fn announce(
    conn: &mut impl ConnectionLike,
    id: &OrderId,
    user: &UserName,
) -> Result<bool, Error> {
    let mut call = ANNOUNCE.prepare_invoke();
    call.key(keys::ORDERS_OPEN)
        .key(keys::order(id))
        .arg(id.as_str())
        .arg(user.as_str());
    let word: String = call.invoke_async(conn).await?;
    match word.as_str() {
        "used" => Err(Refusal::OrderIdUsed.into()),
        word => Ok(word == "placed"),
    }
}

/// The order is open no more.
pub async fn close(conn: &mut impl ConnectionLike, id: &OrderId) -> Result<(), Error> {
    Ok(redis::cmd("HDEL")
        .arg(keys::ORDERS_OPEN)
        .arg(id.as_str())
        .query_async(conn)
        .await?)
}

/// Freezes the cart as it was confirmed.
pub async fn freeze(
    conn: &mut impl ConnectionLike,
    keys: &CartKeys,
    policy: &Policy,
    id: &OrderId,
    confirmed: &Preview,
) -> Result<Freeze, Error> {
    let (lines, refusal) = match confirmed.order() {
        Ok(lines) => (lines, None),
        Err(refusal) => (Vec::new(), Some(refusal)),
    };
    let mut call = FREEZE.prepare_invoke();
    cart_update(&mut call, keys, policy, id.as_str());
    // What can't be ordered fits no version: it can only join an order that is there.
    call.arg(if refusal.is_none() {
        confirmed.version.to_string()
    } else {
        String::new()
    });
    call.arg(document::to_json(&lines, &confirmed.currency));
    for line in &confirmed.lines {
        call.arg(line.line.product.as_bytes())
            .arg(line.line.quantity);
    }
    let answer: Result<Vec<Vec<u8>>, _> = call.invoke_async(conn).await;
    let answer = answer.map_err(|error| match owners_refusal(&error) {
        Some(found) => Error::Refused(refusal.unwrap_or(found)),
        None => error.into(),
    })?;
    let [state, fields @ ..] = &answer[..] else {
        return Err(not_understood());
    };
    match (&state[..], fields) {
        (b"over", [_, _, _, decision, reason, _]) => Decision::read(decision, reason)
            .map(Freeze::Over)
            .ok_or_else(not_understood),
        (_, fields) => frozen(fields)
            .map(Freeze::Frozen)
            .ok_or_else(not_understood),
    }
}

/// The order that a cart is just becoming, if any.
pub async fn look(
    conn: &mut impl ConnectionLike,
    keys: &CartKeys,
) -> Result<Option<Frozen>, Error> {
    let mut command = redis::cmd("HMGET");
    command
        .arg(&keys.order)
        .arg(&["id", "by", "at", "decision", "reason", "doc"]);
    let fields: Vec<Option<Vec<u8>>> = command.query_async(conn).await?;
    if fields.first().is_none_or(Option::is_none) {
        return Ok(None);
    }
    let fields: Vec<Vec<u8>> = fields.into_iter().map(Option::unwrap_or_default).collect();
    frozen(&fields).map(Some).ok_or_else(not_understood)
}

fn frozen(fields: &[Vec<u8>]) -> Option<Frozen> {
    let [id, by, at, decision, reason, doc] = fields else {
        return None;
    };
    let text = |raw| std::str::from_utf8(raw).ok();
    let (lines, currency) = document::from_json(doc)?;
    Some(Frozen {
        id: OrderId::parse(text(id)?)?,
        by: sanitize_actor(by),
        at: text(at)?.parse().ok()?,
        decision: Decision::read(decision, reason),
        lines,
        currency,
    })
}

/// Takes the stock of one line; why not, if not.
pub async fn take(
    conn: &mut impl ConnectionLike,
    order: &Frozen,
    line: &OrderLine,
) -> Result<Option<OrderFailure>, Error> {
    let mut call = TAKE.prepare_invoke();
    call.key(keys::product(&line.product))
        .key(&keys::stock(&line.product)[..]);
    call.arg(order.id.as_str()).arg(line.quantity).arg(order.at);
    call.arg(keys::CATALOG_UPDATES)
        .arg(line.product.as_bytes())
        .arg(line.price.to_string());
    let answer: Result<Vec<Vec<u8>>, redis::RedisError> = call.invoke_async(conn).await;
    let name = || line.name.clone();
    let answer = match answer {
        Err(error) if crosses_slots(&error) => return without_companions(conn, line).await,
        answer => answer?,
    };
    let detail = String::from_utf8_lossy(answer.get(1).map_or(&[], Vec::as_slice));
    let word = answer
        .first()
        .and_then(|word| std::str::from_utf8(word).ok());
    Ok(match word.unwrap_or_default() {
        "taken" | "unlimited" => None,
        "short" => Some(OrderFailure::Short {
            name: name(),
            left: detail.parse().unwrap_or(0),
        }),
        "repriced" => Some(
            OrderFailure::Repriced {
                name: name(),
                now: detail.into_owned(),
            }
            .sanitized(),
        ),
        "missing" => Some(OrderFailure::Missing { name: name() }),
        "unreadable" => Some(OrderFailure::Unreadable { name: name() }),
        // Released by a driver that undid the order, or too late for any driver.
        "released" | "old" => Some(OrderFailure::Late),
        _ => return Err(not_understood()),
    })
}

/// In a cluster, a product whose id keeps its companions out of its slot can be ordered where
/// there is nothing to take of it.
async fn without_companions(
    conn: &mut impl ConnectionLike,
    line: &OrderLine,
) -> Result<Option<OrderFailure>, Error> {
    let mut command = redis::cmd("HMGET");
    command
        .arg(keys::product(&line.product))
        .arg("price")
        .arg("stock");
    let (price, stock): (Option<Vec<u8>>, Option<Vec<u8>>) = command.query_async(conn).await?;
    let name = line.name.clone();
    let now = String::from_utf8_lossy(price.as_deref().unwrap_or_default()).into_owned();
    Ok(match (price, stock) {
        (None, None) => Some(OrderFailure::Missing { name }),
        _ if Money::parse(&now) != Some(line.price) => {
            Some(OrderFailure::Repriced { name, now }.sanitized())
        }
        (_, Some(stock)) if !stock.is_empty() => Some(OrderFailure::Braces { name }),
        _ => None,
    })
}

fn crosses_slots(error: &redis::RedisError) -> bool {
    error.code() == Some("CROSSSLOT") || error.to_string().contains("CROSSSLOT")
}

/// Ends what one product knows of an order, with its stock given back or not.
pub async fn release(
    conn: &mut impl ConnectionLike,
    id: &OrderId,
    line: &OrderLine,
    give_back: bool,
) -> Result<(), Error> {
    let mut call = RELEASE.prepare_invoke();
    call.key(keys::product(&line.product))
        .key(&keys::stock(&line.product)[..]);
    call.arg(id.as_str())
        .arg(u8::from(give_back))
        .arg(keys::CATALOG_UPDATES)
        .arg(line.product.as_bytes());
    match call.invoke_async::<u64>(conn).await {
        // Nothing could be taken of it either.
        Err(error) if crosses_slots(&error) => Ok(()),
        outcome => Ok(outcome.map(drop)?),
    }
}

/// Decides; returns what stands, which another driver may have decided before. `None` decides
/// nothing, and only writes once more what stands.
pub async fn decide(
    conn: &mut impl ConnectionLike,
    keys: &CartKeys,
    id: &OrderId,
    decision: Option<&Decision>,
) -> Result<Option<Decision>, Error> {
    let (word, reason) = match decision {
        None => ("", String::new()),
        Some(Decision::Place) => ("place", String::new()),
        Some(Decision::Undo(hitch)) => ("undo", serde_json::to_string(hitch).unwrap_or_default()),
    };
    let mut call = DECIDE.prepare_invoke();
    call.key(&keys.order)
        .key(&keys.ordered)
        .arg(id.as_str())
        .arg(word)
        .arg(reason);
    let (word, reason): (Vec<u8>, Vec<u8>) = call.invoke_async(conn).await?;
    Ok(Decision::read(&word, &reason))
}

/// Puts the order into the stream.
pub async fn append(
    conn: &mut impl ConnectionLike,
    keys: &CartKeys,
    user: &UserName,
    frozen: &Frozen,
) -> Result<(), Error> {
    let mut call = APPEND.prepare_invoke();
    call.key(keys::ORDERS)
        .key(keys::order(&frozen.id))
        .key(keys::ORDERS_ALL);
    call.key(keys::orders_of(user.as_str()));
    call.arg(frozen.id.as_str())
        .arg(user.as_str())
        .arg(document::lines_to_json(&frozen.lines));
    call.arg(order::total(&frozen.lines).to_string())
        .arg(&frozen.currency)
        .arg(&frozen.by)
        .arg(&keys.updates);
    Ok(call.invoke_async::<u8>(conn).await.map(drop)?)
}

/// Ends the frozen order: what was ordered leaves the cart.
pub async fn settle(
    conn: &mut impl ConnectionLike,
    keys: &CartKeys,
    policy: &Policy,
    id: &OrderId,
) -> Result<(), Error> {
    let mut call = SETTLE.prepare_invoke();
    cart_update(&mut call, keys, policy, id.as_str());
    Ok(call.invoke_async::<u8>(conn).await.map(drop)?)
}
