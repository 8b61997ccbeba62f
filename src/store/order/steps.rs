//! The steps of an order that concern its record and its cart: each runs one script, in one
//! cluster slot.

use super::document;
use crate::model::{Currency, OpId, OrderId, OrderLine, Refusal, UserName, order};
use crate::store::cart::push_cart_update;
use crate::store::cart::sending::common_refusal;
use crate::store::connection::answer;
use crate::store::error::{Error, Trouble};
use crate::store::keys;
use crate::store::keys::CartKeys;
use crate::store::order::begun::{BegunOrder, Decision};
use crate::store::order::index::score;
use crate::store::policy::Policy;
use crate::store::scripts::{ANNOUNCE, CLOSE, DECIDE, FREEZE, SETTLE};
use redis::aio::ConnectionLike;
use redis::{RedisError, Value};

/// An order before it is announced.
pub(crate) struct Announcement<'a> {
    pub(crate) id: &'a OrderId,
    pub(crate) user: &'a UserName,
    /// Who orders.
    pub(crate) who: &'a str,
    /// The version of the cart that was confirmed.
    pub(crate) version: u64,
    pub(crate) currency: &'a Currency,
    pub(crate) lines: &'a [OrderLine],
    /// The note for the whole order.
    pub(crate) note: &'a str,
    /// The minutes by which the shop's clocks are ahead of UTC.
    pub(crate) utc_offset: i32,
}

/// Writes the record of an order, unless there is one: then that is returned as it stands.
///
/// # Errors
/// [`Refusal::OrderIdUsed`] where another cart has an order of this id; the [`Trouble`] of the
/// link; [`Trouble::ForeignKey`].
pub(crate) async fn announce(
    conn: &mut impl ConnectionLike,
    order: &Announcement<'_>,
) -> Result<BegunOrder, Error> {
    // An order has lines, and whoever may take the stock of one may take that of all.
    let product = order.lines.first().map(|line| &line.product);
    let [taken, released] = product.map(keys::stock).unwrap_or_default();

    let answer: Value = ANNOUNCE
        .key(keys::order(order.id))
        .key(keys::ORDERS_DUE)
        .key(keys::ORDERS)
        .key(keys::ORDERS_ALL)
        .key(keys::orders_of(order.user.as_str()))
        .key(keys::ORDERS_NUMBERS)
        .key(keys::ORDERS_OPEN)
        .arg(order.id.as_str())
        .arg(order.user.as_str())
        .arg(order.who)
        .arg(order.version)
        .arg(order.currency.sign())
        .arg(document::lines_to_json(order.lines))
        .arg(order::total(order.lines).to_string())
        .arg(product.map(keys::product).unwrap_or_default())
        .arg(taken)
        .arg(released)
        .arg(order.note)
        .arg(order.utc_offset)
        .arg(order.currency.example())
        .invoke_async(conn)
        .await?;

    match BegunOrder::parse(order.id, answer)? {
        Some(begun) if begun.user == *order.user => Ok(begun),
        Some(_) | None => Err(Refusal::OrderIdUsed.into()),
    }
}

/// Reads the record of an order; `None` where there is none.
pub(crate) async fn read(
    conn: &mut impl ConnectionLike,
    id: &OrderId,
) -> Result<Option<BegunOrder>, Error> {
    let answer: Value = BegunOrder::fetch(id.as_str()).query_async(conn).await?;
    Ok(BegunOrder::parse(id, answer)?)
}

/// Reads the record of an order like [`read`], and writes a little of it again. Replicas are
/// counted by what this connection has written, so it must write to learn who has the record.
pub(crate) async fn reread(
    conn: &mut impl ConnectionLike,
    id: &OrderId,
    user: &UserName,
) -> Result<Option<BegunOrder>, Error> {
    run_decide(conn, id, user, "", "").await
}

/// Decides, unless another driver has decided before; returns the record with the decision that
/// stands. There is none where the order ended so long ago that the shop has forgotten it.
pub(crate) async fn decide(
    conn: &mut impl ConnectionLike,
    id: &OrderId,
    user: &UserName,
    decision: &Decision,
) -> Result<Option<BegunOrder>, Error> {
    run_decide(conn, id, user, decision.word(), &decision.reason()).await
}

/// Runs `decide.lua`; an empty word decides nothing.
async fn run_decide(
    conn: &mut impl ConnectionLike,
    id: &OrderId,
    user: &UserName,
    word: &str,
    reason: &str,
) -> Result<Option<BegunOrder>, Error> {
    let answer: Value = DECIDE
        .key(keys::order(id))
        .key(keys::ORDERS)
        .key(keys::ORDERS_ALL)
        .key(keys::orders_of(user.as_str()))
        .key(keys::ORDERS_NUMBERS)
        .key(keys::ORDERS_OPEN)
        .key(keys::ORDERS_VERSION)
        .arg(word)
        .arg(reason)
        .arg(keys::channel_in(&CartKeys::of(user).updates, conn.get_db()))
        .arg(keys::channel_in(keys::ORDER_UPDATES, conn.get_db()))
        .invoke_async(conn)
        .await?;
    Ok(BegunOrder::parse(id, answer)?)
}

/// Notes that nothing is left to do for an order.
pub(crate) async fn close(conn: &mut impl ConnectionLike, id: &OrderId) -> Result<(), Error> {
    CLOSE
        .key(keys::order(id))
        .key(keys::ORDERS_DUE)
        .arg(id.as_str())
        .invoke_async::<u8>(conn)
        .await?;
    Ok(())
}

/// The mark in a cart that it is being ordered. Anybody who may fill the cart can write it: it
/// counts only where the record of the order agrees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FreezeMark(Vec<u8>);

impl FreezeMark {
    /// The id of the order, where it is one, written as trolley does.
    pub(crate) fn order(&self) -> Option<OrderId> {
        let id = OrderId::parse(std::str::from_utf8(&self.0).ok()?)?;
        self.is_for(&id).then_some(id)
    }

    /// Tells whether the cart is marked for this order.
    pub(crate) fn is_for(&self, id: &OrderId) -> bool {
        self.0 == id.as_str().as_bytes()
    }

    /// Its text, which may be anything.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Freezes the cart for an order; returns for which order it is frozen now.
///
/// # Errors
/// [`Refusal::EmptyCart`], [`Refusal::CartChanged`]; the [`Trouble`] of the link.
pub(crate) async fn freeze(
    conn: &mut impl ConnectionLike,
    keys: &CartKeys,
    policy: &Policy,
    begun: &BegunOrder,
) -> Result<FreezeMark, Error> {
    let mut call = FREEZE.prepare_invoke();
    push_cart_update(&mut call, keys, policy, begun.id.as_str(), conn.get_db());
    call.arg(begun.version);
    for line in &begun.lines {
        call.arg(line.product.as_bytes()).arg(line.quantity);
    }

    let answer: Result<Vec<u8>, RedisError> = call.invoke_async(conn).await;
    match answer {
        Ok(mark) => Ok(FreezeMark(mark)),
        Err(error) => Err(common_refusal(&error).map_or_else(|| error.into(), Error::Refused)),
    }
}

/// Reads for which order the cart is frozen, if it is, and writes that again like [`reread`].
pub(crate) async fn find_freeze(
    conn: &mut impl ConnectionLike,
    keys: &CartKeys,
    policy: &Policy,
) -> Result<Option<FreezeMark>, Error> {
    let mut call = FREEZE.prepare_invoke();
    push_cart_update(&mut call, keys, policy, "", conn.get_db());
    call.arg("");

    let answer: Result<Vec<u8>, RedisError> = call.invoke_async(conn).await;
    match answer {
        Ok(mark) => Ok(Some(FreezeMark(mark))),
        Err(error) if common_refusal(&error).is_some() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Reads for which order the cart is frozen, if it is; writes nothing.
pub(crate) async fn read_freeze(
    conn: &mut impl ConnectionLike,
    keys: &CartKeys,
) -> Result<Option<FreezeMark>, Trouble> {
    let mark: Option<Vec<u8>> = redis::cmd("HGET")
        .arg(&keys.order)
        .arg("id")
        .query_async(conn)
        .await
        .map_err(Trouble::from)?;
    Ok(mark.map(FreezeMark))
}

/// Ends the freeze of a cart for an order whose decision stands: where it is placed, what was
/// ordered leaves the cart.
pub(crate) async fn settle(
    conn: &mut impl ConnectionLike,
    keys: &CartKeys,
    policy: &Policy,
    begun: &BegunOrder,
    decision: &Decision,
) -> Result<(), Error> {
    // The update names the person who ordered, whoever finishes the order.
    let policy = Policy {
        by: begun.who.clone(),
        ..policy.clone()
    };
    let mut call = SETTLE.prepare_invoke();
    push_cart_update(&mut call, keys, &policy, begun.id.as_str(), conn.get_db());
    call.arg(begun.id.as_str()).arg(decision.word());

    for line in &begun.lines {
        call.arg(line.product.as_bytes())
            .arg(line.quantity)
            .arg(shares(line));
    }
    call.invoke_async::<u8>(conn).await?;
    Ok(())
}

/// The shares of a line as `shares.lua` reads them.
fn shares(line: &OrderLine) -> String {
    let shares: Vec<String> = line
        .shares
        .iter()
        .map(|share| format!("{} {}", share.pieces, share.by))
        .collect();
    shares.join("\n")
}

/// Ends a freeze whose order the shop doesn't know. Nothing can have been taken for it, since an
/// order is announced before anything else; all pieces stay in the cart.
///
/// # Errors
/// [`Refusal::LostRecord`] where that order was placed, and has lost its record: what stays in the
/// cart would be ordered twice.
pub(crate) async fn thaw(
    conn: &mut impl ConnectionLike,
    keys: &CartKeys,
    policy: &Policy,
    mark: &FreezeMark,
    op: &OpId,
) -> Result<(), Error> {
    if let Some(id) = mark.order()
        && has_lost_its_record(conn, &id).await?
    {
        return Err(Refusal::LostRecord(id.to_string()).into());
    }

    let mut call = SETTLE.prepare_invoke();
    push_cart_update(&mut call, keys, policy, op.as_str(), conn.get_db());
    call.arg(mark.as_bytes()).arg("undo");
    call.invoke_async::<u8>(conn).await?;
    Ok(())
}

/// Tells whether an order was placed, and has no record any more.
async fn has_lost_its_record(
    conn: &mut impl ConnectionLike,
    id: &OrderId,
) -> Result<bool, Trouble> {
    let exists = redis::cmd("EXISTS").arg(keys::order(id)).to_owned();
    Ok(!answer::<bool>(&exists, conn).await? && is_listed(conn, id.as_str()).await?)
}

/// Tells whether an order is listed among all that were placed, as far as this user may look.
pub(super) async fn is_listed(conn: &mut impl ConnectionLike, id: &str) -> Result<bool, Trouble> {
    match answer::<Option<String>>(&score(keys::ORDERS_ALL, id), conn).await {
        Err(Trouble::NoPermission(_) | Trouble::WrongType) => Ok(false),
        listed => Ok(listed?.is_some()),
    }
}
