//! The steps of an order: each runs one script, in one cluster slot.

use super::document;
use crate::model::change::sanitize_actor;
use crate::model::order::OrderFailure;
use crate::model::{Money, OrderId, OrderLine, Preview, Refusal, UserName, order};
use crate::store::cart::push_cart_update;
use crate::store::cart::sending::common_refusal;
use crate::store::error::{Error, Trouble};
use crate::store::keys;
use crate::store::keys::CartKeys;
use crate::store::policy::Policy;
use crate::store::scripts::{ANNOUNCE, APPEND, DECIDE, FREEZE, RELEASE, SETTLE, TAKE};
use redis::RedisError;
use redis::aio::ConnectionLike;

/// The decision about an order. The first one stands, whoever made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It is placed.
    Place,
    /// It is undone, for this reason.
    Undo(OrderFailure),
}

impl Decision {
    fn parse(word: &[u8], reason: &[u8]) -> Option<Decision> {
        match word {
            b"place" => Some(Decision::Place),
            b"undo" => {
                let failure = serde_json::from_slice(reason).unwrap_or(OrderFailure::Late);
                Some(Decision::Undo(failure.sanitized()))
            }
            _ => None,
        }
    }

    fn word(&self) -> &'static str {
        match self {
            Decision::Place => "place",
            Decision::Undo(_) => "undo",
        }
    }

    fn reason(&self) -> String {
        match self {
            Decision::Place => String::new(),
            Decision::Undo(failure) => serde_json::to_string(failure).unwrap_or_default(),
        }
    }
}

/// A cart that is frozen to be ordered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FrozenCart {
    /// The order's id.
    pub(crate) id: OrderId,
    /// Who orders; clean text.
    pub(crate) by: String,
    /// Since when, by the server's clock, in Unix milliseconds.
    pub(crate) at: u64,
    /// The decision, if there is one yet.
    pub(crate) decision: Option<Decision>,
    /// The lines.
    pub(crate) lines: Vec<OrderLine>,
    /// The sign of the currency.
    pub(crate) currency: String,
}

/// The answer of a cart that is asked to freeze.
pub(crate) enum FreezeAnswer {
    /// The cart is frozen, by us or by somebody who was first.
    Frozen(FrozenCart),
    /// The order of this id has ended already.
    Over(Decision),
}

/// The answer of the shop that is asked to note an order as open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AnnounceAnswer {
    /// It is open, and not in the stream yet.
    Open,
    /// It is in the stream already.
    AlreadyPlaced,
}

/// The answer of a product whose stock an order wants to take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TakeAnswer {
    /// The stock is taken for this order, or there is no limit to it.
    Taken,
    /// It can't be taken, for this reason: the order must be undone.
    Failed(OrderFailure),
}

/// The fate of the stock that an order took, when a product forgets the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StockReturn {
    /// It goes back to the product: the order is undone or cancelled.
    GiveBack,
    /// It is sold: the order is done.
    Keep,
}

/// Notes the order as open.
pub(crate) async fn announce(
    conn: &mut impl ConnectionLike,
    id: &OrderId,
    user: &UserName,
) -> Result<AnnounceAnswer, Error> {
    let word: String = ANNOUNCE
        .key(keys::ORDERS_OPEN)
        .key(keys::order(id))
        .arg(id.as_str())
        .arg(user.as_str())
        .invoke_async(conn)
        .await?;
    match word.as_str() {
        "used" => Err(Refusal::OrderIdUsed.into()),
        "placed" => Ok(AnnounceAnswer::AlreadyPlaced),
        _ => Ok(AnnounceAnswer::Open),
    }
}

/// Notes that the order is no longer open.
pub(crate) async fn close(conn: &mut impl ConnectionLike, id: &OrderId) -> Result<(), Error> {
    Ok(redis::cmd("HDEL")
        .arg(keys::ORDERS_OPEN)
        .arg(id.as_str())
        .query_async(conn)
        .await?)
}

/// Freezes the cart as the preview showed it.
pub(crate) async fn freeze(
    conn: &mut impl ConnectionLike,
    keys: &CartKeys,
    policy: &Policy,
    id: &OrderId,
    agreed_preview: &Preview,
) -> Result<FreezeAnswer, Error> {
    let (lines, refusal) = match agreed_preview.orderable_lines() {
        Ok(lines) => (lines, None),
        Err(refusal) => (Vec::new(), Some(refusal)),
    };
    // A cart that can't be ordered is sent with no version, which fits none: it can only join
    // an order that is there already.
    let version = match &refusal {
        None => agreed_preview.version.to_string(),
        Some(_) => String::new(),
    };

    let mut call = FREEZE.prepare_invoke();
    push_cart_update(&mut call, keys, policy, id.as_str(), conn.get_db());
    call.arg(version)
        .arg(document::frozen_to_json(&lines, &agreed_preview.currency));
    for line in &agreed_preview.lines {
        call.arg(line.order_line.product.as_bytes())
            .arg(line.order_line.quantity);
    }

    let answer: Result<Vec<Vec<u8>>, RedisError> = call.invoke_async(conn).await;
    let answer = answer.map_err(|error| match common_refusal(&error) {
        Some(found) => Error::Refused(refusal.unwrap_or(found)),
        None => error.into(),
    })?;
    parse_freeze(&answer).ok_or_else(not_understood)
}

fn parse_freeze(answer: &[Vec<u8>]) -> Option<FreezeAnswer> {
    let (state, fields) = answer.split_first()?;
    match (&state[..], fields) {
        (b"over", [_, _, _, decision, reason, _]) => {
            Decision::parse(decision, reason).map(FreezeAnswer::Over)
        }
        (_, fields) => parse_frozen(fields).map(FreezeAnswer::Frozen),
    }
}

/// Reads the order for which a cart is frozen, if it is.
pub(crate) async fn read_frozen(
    conn: &mut impl ConnectionLike,
    keys: &CartKeys,
) -> Result<Option<FrozenCart>, Error> {
    let fields: Vec<Option<Vec<u8>>> = redis::cmd("HMGET")
        .arg(&keys.order)
        .arg(&["id", "by", "at", "decision", "reason", "doc"])
        .query_async(conn)
        .await?;
    if fields.first().is_none_or(Option::is_none) {
        return Ok(None);
    }

    let fields: Vec<Vec<u8>> = fields.into_iter().map(Option::unwrap_or_default).collect();
    parse_frozen(&fields).map(Some).ok_or_else(not_understood)
}

fn parse_frozen(fields: &[Vec<u8>]) -> Option<FrozenCart> {
    let [id, by, at, decision, reason, document] = fields else {
        return None;
    };
    let (lines, currency) = document::frozen_from_json(document)?;
    Some(FrozenCart {
        id: OrderId::parse(std::str::from_utf8(id).ok()?)?,
        by: sanitize_actor(by),
        at: std::str::from_utf8(at).ok()?.parse().ok()?,
        decision: Decision::parse(decision, reason),
        lines,
        currency,
    })
}

fn not_understood() -> Error {
    Trouble::not_understood().into()
}

/// Takes the stock of one line.
pub(crate) async fn take(
    conn: &mut impl ConnectionLike,
    order: &FrozenCart,
    line: &OrderLine,
) -> Result<TakeAnswer, Error> {
    let [taken, released] = keys::stock(&line.product);
    let answer: Result<Vec<Vec<u8>>, RedisError> = TAKE
        .key(keys::product(&line.product))
        .key(taken)
        .key(released)
        .arg(order.id.as_str())
        .arg(line.quantity)
        .arg(order.at)
        .arg(keys::channel_in(keys::CATALOG_UPDATES, conn.get_db()))
        .arg(line.product.as_bytes())
        .arg(line.price.to_string())
        .invoke_async(conn)
        .await;

    match answer {
        Ok(answer) => parse_take(&answer, &line.name),
        Err(error) if crosses_slots(&error) => take_without_companions(conn, line).await,
        Err(error) => Err(error.into()),
    }
}

/// Reads the answer of `take.lua`: a word, and a detail with some of the words.
fn parse_take(answer: &[Vec<u8>], name: &str) -> Result<TakeAnswer, Error> {
    let word = answer.first().map_or(&[][..], Vec::as_slice);
    let detail = answer.get(1).map_or(&[][..], Vec::as_slice);
    let detail = String::from_utf8_lossy(detail);
    let name = name.to_owned();

    let failure = match word {
        b"taken" | b"unlimited" => return Ok(TakeAnswer::Taken),
        b"short" => OrderFailure::Short {
            name,
            left: detail.parse().unwrap_or(0),
        },
        b"repriced" => {
            let now = detail.into_owned();
            OrderFailure::Repriced { name, now }.sanitized()
        }
        b"missing" => OrderFailure::Missing { name },
        b"unreadable" => OrderFailure::Unreadable { name },
        // Released by a driver that undid the order, or too late for any driver.
        b"released" | b"old" => OrderFailure::Late,
        _ => return Err(not_understood()),
    };
    Ok(TakeAnswer::Failed(failure))
}

/// Takes a line whose product can't have its companions in its slot of the cluster, because of
/// its id. It can be ordered only where the product has no stock to take.
async fn take_without_companions(
    conn: &mut impl ConnectionLike,
    line: &OrderLine,
) -> Result<TakeAnswer, Error> {
    let (price, stock): (Option<Vec<u8>>, Option<Vec<u8>>) = redis::cmd("HMGET")
        .arg(keys::product(&line.product))
        .arg("price")
        .arg("stock")
        .query_async(conn)
        .await?;
    let name = line.name.clone();
    let now = String::from_utf8_lossy(price.as_deref().unwrap_or_default()).into_owned();

    Ok(match (price, stock) {
        (None, None) => TakeAnswer::Failed(OrderFailure::Missing { name }),
        _ if Money::parse(&now) != Some(line.price) => {
            TakeAnswer::Failed(OrderFailure::Repriced { name, now }.sanitized())
        }
        (_, Some(stock)) if !stock.is_empty() => TakeAnswer::Failed(OrderFailure::Braces { name }),
        _ => TakeAnswer::Taken,
    })
}

fn crosses_slots(error: &RedisError) -> bool {
    error.code() == Some("CROSSSLOT") || error.to_string().contains("CROSSSLOT")
}

/// Makes one product forget an order.
pub(crate) async fn release(
    conn: &mut impl ConnectionLike,
    id: &OrderId,
    line: &OrderLine,
    stock: StockReturn,
) -> Result<(), Error> {
    let [taken, released] = keys::stock(&line.product);
    let outcome = RELEASE
        .key(keys::product(&line.product))
        .key(taken)
        .key(released)
        .arg(id.as_str())
        .arg(u8::from(stock == StockReturn::GiveBack))
        .arg(keys::channel_in(keys::CATALOG_UPDATES, conn.get_db()))
        .arg(line.product.as_bytes())
        .invoke_async::<u64>(conn)
        .await;

    match outcome {
        // Then nothing could be taken of it either.
        Err(error) if crosses_slots(&error) => Ok(()),
        outcome => Ok(outcome.map(drop)?),
    }
}

/// Decides; returns the decision that stands, which another driver may have made before. There
/// is none where the order ended so long ago that the cart has forgotten it.
pub(crate) async fn decide(
    conn: &mut impl ConnectionLike,
    keys: &CartKeys,
    id: &OrderId,
    decision: &Decision,
) -> Result<Option<Decision>, Error> {
    run_decide(conn, keys, id, decision.word(), &decision.reason()).await
}

/// Writes the decision that stands once more, if there is one, and decides nothing. Replicas are
/// counted by what this connection has written, so it must write to learn who has it.
pub(crate) async fn rewrite_decision(
    conn: &mut impl ConnectionLike,
    keys: &CartKeys,
    id: &OrderId,
) -> Result<(), Error> {
    run_decide(conn, keys, id, "", "").await.map(drop)
}

/// Runs `decide.lua`; an empty word decides nothing.
async fn run_decide(
    conn: &mut impl ConnectionLike,
    keys: &CartKeys,
    id: &OrderId,
    word: &str,
    reason: &str,
) -> Result<Option<Decision>, Error> {
    let (word, reason): (Vec<u8>, Vec<u8>) = DECIDE
        .key(&keys.order)
        .key(&keys.ordered)
        .arg(id.as_str())
        .arg(word)
        .arg(reason)
        .invoke_async(conn)
        .await?;
    Ok(Decision::parse(&word, &reason))
}

/// Puts the order into the stream.
pub(crate) async fn append(
    conn: &mut impl ConnectionLike,
    keys: &CartKeys,
    user: &UserName,
    frozen: &FrozenCart,
) -> Result<(), Error> {
    APPEND
        .key(keys::ORDERS)
        .key(keys::order(&frozen.id))
        .key(keys::ORDERS_ALL)
        .key(keys::orders_of(user.as_str()))
        .arg(frozen.id.as_str())
        .arg(user.as_str())
        .arg(document::lines_to_json(&frozen.lines))
        .arg(order::total(&frozen.lines).to_string())
        .arg(&frozen.currency)
        .arg(&frozen.by)
        .arg(keys::channel_in(&keys.updates, conn.get_db()))
        .invoke_async::<u8>(conn)
        .await?;

    Ok(())
}

/// Ends the frozen order: what was ordered leaves the cart.
pub(crate) async fn settle(
    conn: &mut impl ConnectionLike,
    keys: &CartKeys,
    policy: &Policy,
    id: &OrderId,
) -> Result<(), Error> {
    let mut call = SETTLE.prepare_invoke();
    push_cart_update(&mut call, keys, policy, id.as_str(), conn.get_db());
    call.invoke_async::<u8>(conn).await?;
    Ok(())
}
