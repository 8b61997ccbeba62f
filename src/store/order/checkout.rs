//! Ordering over a plain connection: looking, placing, and finishing what others left.

use super::steps;
use crate::model::{OpId, OrderId, Preview, Product, ProductId, Refusal, UserName};
use crate::store::cart::read_with_shares;
use crate::store::catalog::{get_shop, read_products};
use crate::store::connection::retry::RetryPolicy;
use crate::store::connection::{Conn, Connection, answer};
use crate::store::error::{Error, Trouble};
use crate::store::keys;
use crate::store::keys::CartKeys;
use crate::store::order::driver::{Driver, Outcome, Stage};
use redis::aio::ConnectionLike;
use std::collections::HashMap;

/// How long a driver may take before others finish its work, in milliseconds.
const STALE: u64 = 3_000;
/// How long an order stays open whose cart is not frozen, in milliseconds: longer than stock
/// can be taken for it.
const FORGOTTEN: u64 = 2 * 3_600_000;

/// A fresh order id of the day of `at`.
#[must_use]
pub fn new_order_id(at: u64) -> OrderId {
    OrderId::new(at, uuid::Uuid::new_v4().as_u64_pair().0)
}

/// What would be ordered of the cart of `user` now.
///
/// # Errors
/// The [`Trouble`] of the link.
pub async fn preview(connection: &mut Connection, user: &UserName) -> Result<Preview, Error> {
    let currency = get_shop(connection).await?.currency;
    let keys = CartKeys::of(user);
    Ok(connection
        .read(async |mut conn| read_preview(&mut conn, &keys, currency.clone()).await)
        .await?)
}

/// [`preview`] on any link.
pub(crate) async fn read_preview(
    conn: &mut Conn,
    keys: &CartKeys,
    currency: String,
) -> Result<Preview, Trouble> {
    let (cart, shares) = read_with_shares(conn, keys).await?;
    let ids: Vec<ProductId> = cart.lines.iter().map(|line| line.product.clone()).collect();
    let read = read_products(conn, &ids).await?;
    let products: HashMap<ProductId, Product> = read
        .into_iter()
        .filter_map(|(id, product)| Some((id, product?)))
        .collect();
    Ok(Preview::of(&cart, &shares, &products, currency))
}

/// Orders what was confirmed, under this id, exactly once; connects again where the link
/// breaks, for up to five seconds from the last step that succeeded.
///
/// # Errors
/// What [`Preview::order`] refuses; [`Refusal::CartChanged`] where the cart is another by now;
/// [`Refusal::NotOrdered`] where stock is short; [`Error::Unknown`] where the link broke on the
/// way: asking again with the same id is safe, and any terminal that opens the cart goes on.
pub async fn place(
    connection: &mut Connection,
    user: &UserName,
    id: OrderId,
    confirmed: Preview,
) -> Result<OrderId, Error> {
    // The cart may be in an order already: who confirms then joins that.
    let frozen = steps::look(&mut connection.conn, &CartKeys::of(user)).await?;
    if frozen.is_none() && !is_known(connection, &id).await? {
        confirmed.order()?;
    }
    let policy = connection.policy.clone();
    match drive(
        connection,
        user,
        Driver::place(user, &policy, id, confirmed),
    )
    .await?
    {
        Outcome::Placed(id) => Ok(id),
        Outcome::Undone(hitch) => Err(Refusal::NotOrdered(hitch).into()),
        Outcome::Nothing => Err(Refusal::CartChanged.into()),
    }
}

async fn is_known(connection: &mut Connection, id: &OrderId) -> Result<bool, Error> {
    let mut command = redis::cmd("EXISTS");
    command.arg(keys::order(id));
    Ok(answer(&command, &mut connection.conn)
        .await
        .map_err(Trouble::for_orders)?)
}

/// Finishes the order that the cart of `user` is frozen for, where its driver seems to be dead
/// or `now` says so.
///
/// # Errors
/// The [`Trouble`] of the link.
pub async fn resume(
    connection: &mut Connection,
    user: &UserName,
    now: bool,
) -> Result<Outcome, Error> {
    let keys = CartKeys::of(user);
    let Some(frozen) = steps::look(&mut connection.conn, &keys).await? else {
        return Ok(Outcome::Nothing);
    };
    if !now && frozen.at + STALE > server_time(&mut connection.conn).await? {
        return Ok(Outcome::Nothing);
    }
    let policy = connection.policy.clone();
    drive(connection, user, Driver::resume(user, &policy)).await
}

/// The server's clock, in Unix milliseconds.
pub(crate) async fn server_time(conn: &mut impl ConnectionLike) -> Result<u64, Trouble> {
    let (seconds, micros): (u64, u64) = answer(&redis::cmd("TIME"), conn).await?;
    Ok(seconds * 1000 + micros / 1000)
}

/// Finishes the orders that dead drivers left in carts that nobody opens any more, as far as
/// this user may; returns how many it found.
///
/// # Errors
/// The [`Trouble`] of the link.
pub async fn finish_open(connection: &mut Connection) -> Result<usize, Error> {
    let mut command = redis::cmd("HGETALL");
    command.arg(keys::ORDERS_OPEN);
    let open: HashMap<String, String> = match connection
        .read(async |mut conn| answer(&command, &mut conn).await)
        .await
    {
        Err(Trouble::NoPermission(_)) => return Ok(0),
        open => open?,
    };
    let now = if open.is_empty() {
        0
    } else {
        server_time(&mut connection.conn).await?
    };
    let mut finished = 0;
    for (id, how) in open {
        let (at, user) = how.split_once(' ').unwrap_or_default();
        let age = now.saturating_sub(at.parse().unwrap_or(0));
        let (Ok(user), Some(id)) = (UserName::parse(user), OrderId::parse(&id)) else {
            continue;
        };
        if age < STALE {
            continue;
        }
        let outcome = match resume(connection, &user, true).await {
            Err(Error::Trouble(Trouble::NoPermission(_))) => continue,
            outcome => outcome?,
        };
        finished += usize::from(outcome != Outcome::Nothing);
        // Its own driver may only be slow, as long as it could still take stock.
        if outcome == Outcome::Nothing && age > FORGOTTEN {
            steps::close(&mut connection.conn, &id).await?;
        }
    }
    Ok(finished)
}

async fn drive(
    connection: &mut Connection,
    user: &UserName,
    mut driver: Driver,
) -> Result<Outcome, Error> {
    let outcome = insist(connection, &mut driver).await;
    note(user, &driver, &outcome);
    outcome
}

/// Writes down how an order ended.
pub(crate) fn note(user: &UserName, driver: &Driver, outcome: &Result<Outcome, Error>) {
    let ended = match outcome {
        Ok(Outcome::Placed(_)) => "placed",
        Ok(Outcome::Undone(_)) => "undone",
        Ok(Outcome::Nothing) => "nothing",
        Err(Error::Refused(refusal)) => refusal.code(),
        Err(Error::Trouble(trouble)) => trouble.code(),
        Err(Error::Unknown { .. }) => "unknown",
    };
    let order = driver.id().map_or("", OrderId::as_str);
    tracing::info!(cart = user.as_str(), order, outcome = ended, "order");
}

/// Takes one step after the other, each of them for as long as the policy allows.
async fn insist(connection: &mut Connection, driver: &mut Driver) -> Result<Outcome, Error> {
    let mut retry = RetryPolicy::CHANGE.start();
    loop {
        match driver.step(&mut connection.conn).await {
            Ok(Some(outcome)) => return Ok(outcome),
            Ok(None) => retry = RetryPolicy::CHANGE.start(),
            Err(error) => match retry.again(connection, error).await {
                Ok(()) => {}
                Err(Error::Trouble(trouble)) => return Err(unknown(driver, trouble)),
                Err(error) => return Err(error),
            },
        }
    }
}

/// Before the cart is frozen nothing has happened; after that it is open how the order ends.
pub(crate) fn unknown(driver: &Driver, trouble: Trouble) -> Error {
    let trouble = trouble.for_orders();
    let op = driver.id().and_then(|id| OpId::parse(id.as_str()));
    match op {
        // An order that is announced goes on under its id.
        Some(op)
            if !matches!(driver.stage(), Stage::Announce | Stage::Look)
                || matches!(trouble, Trouble::TooFewReplicas { .. }) =>
        {
            Error::Unknown { op, trouble }
        }
        _ => Error::Trouble(trouble),
    }
}
