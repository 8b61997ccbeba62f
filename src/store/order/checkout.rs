//! Ordering over a plain connection: the preview, placing an order, and finishing orders that
//! others left on their way.

use super::steps;
use crate::model::{OpId, OrderId, Preview, Product, ProductId, Refusal, UserName};
use crate::store::cart::reading::read_cart_with_shares;
use crate::store::catalog::{get_shop, read_products};
use crate::store::connection::retry::RetryPolicy;
use crate::store::connection::{Conn, Connection, answer};
use crate::store::error::{Error, Trouble};
use crate::store::keys;
use crate::store::keys::CartKeys;
use crate::store::order::driver::{Driver, Outcome, Stage};
use crate::store::scripts::TAKE_WITHIN_MS;
use redis::aio::ConnectionLike;
use std::collections::HashMap;

/// The age of an order from which on others finish it, in milliseconds: its driver seems dead.
const STALE_MS: u64 = 3_000;
/// The age from which on an open order without a frozen cart is closed, in milliseconds: by then
/// it can't take stock any more.
const FORGOTTEN_MS: u64 = 2 * TAKE_WITHIN_MS;

/// A fresh order id for the day of `at` (Unix milliseconds).
#[must_use]
pub fn new_order_id(at: u64) -> OrderId {
    OrderId::new(at, uuid::Uuid::new_v4().as_u64_pair().0)
}

/// Reads the preview of an order of the cart of `user`.
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

/// Reads a preview like [`preview`], on any link.
pub(crate) async fn read_preview(
    conn: &mut Conn,
    keys: &CartKeys,
    currency: String,
) -> Result<Preview, Trouble> {
    let (cart, shares) = read_cart_with_shares(conn, keys).await?;

    let ids: Vec<ProductId> = cart.lines.iter().map(|line| line.product.clone()).collect();
    let products: HashMap<ProductId, Product> = read_products(conn, &ids)
        .await?
        .into_iter()
        .filter_map(|(id, product)| Some((id, product?)))
        .collect();

    Ok(Preview::of(&cart, &shares, &products, currency))
}

/// Orders what the user agreed to, under this id, exactly once; connects again where the link
/// breaks, for up to five seconds from the last step that succeeded.
///
/// # Errors
/// The refusals of [`Preview::orderable_lines`]; [`Refusal::CartChanged`] where the cart is another by now;
/// [`Refusal::NotOrdered`] where stock is short; [`Error::Unknown`] where the link broke on the
/// way: asking again with the same id is safe, and any terminal that opens the cart goes on.
pub async fn place(
    connection: &mut Connection,
    user: &UserName,
    id: OrderId,
    agreed_preview: Preview,
) -> Result<OrderId, Error> {
    // Where the cart is in an order already, whoever confirms joins that order.
    let frozen = steps::read_frozen(&mut connection.conn, &CartKeys::of(user)).await?;
    if frozen.is_none() && !is_known(connection, &id).await? {
        agreed_preview.orderable_lines()?;
    }

    let driver = Driver::place(user, &connection.policy, id, agreed_preview);
    match drive(connection, user, driver).await? {
        Outcome::Placed(id) => Ok(id),
        Outcome::Undone(failure) => Err(Refusal::NotOrdered(failure).into()),
        Outcome::Nothing => Err(Refusal::CartChanged.into()),
    }
}

/// Asks whether an order of this id is stored.
async fn is_known(connection: &mut Connection, id: &OrderId) -> Result<bool, Error> {
    let mut command = redis::cmd("EXISTS");
    command.arg(keys::order(id));
    Ok(answer(&command, &mut connection.conn)
        .await
        .map_err(Trouble::for_orders)?)
}

/// Finishes the order for which the cart of `user` is frozen, where its driver seems to be dead.
///
/// # Errors
/// The [`Trouble`] of the link.
pub async fn resume(connection: &mut Connection, user: &UserName) -> Result<Outcome, Error> {
    let keys = CartKeys::of(user);
    let Some(frozen) = steps::read_frozen(&mut connection.conn, &keys).await? else {
        return Ok(Outcome::Nothing);
    };
    if frozen.at + STALE_MS > server_time(&mut connection.conn).await? {
        return Ok(Outcome::Nothing);
    }
    go_on(connection, user).await
}

/// Finishes the order for which the cart of `user` is frozen, even where its driver may be at
/// work: two drivers do no harm.
///
/// # Errors
/// The [`Trouble`] of the link.
pub async fn resume_now(connection: &mut Connection, user: &UserName) -> Result<Outcome, Error> {
    match steps::read_frozen(&mut connection.conn, &CartKeys::of(user)).await? {
        Some(_) => go_on(connection, user).await,
        None => Ok(Outcome::Nothing),
    }
}

async fn go_on(connection: &mut Connection, user: &UserName) -> Result<Outcome, Error> {
    let driver = Driver::resume(user, &connection.policy);
    drive(connection, user, driver).await
}

/// Reads the server's clock, in Unix milliseconds.
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
    if open.is_empty() {
        return Ok(0);
    }

    let now = server_time(&mut connection.conn).await?;
    let mut finished = 0;
    for (id, begun) in open {
        // When it was announced, and the user whose cart it is.
        let (at, user) = begun.split_once(' ').unwrap_or_default();
        let (Ok(user), Some(id)) = (UserName::parse(user), OrderId::parse(&id)) else {
            continue;
        };
        let age = now.saturating_sub(at.parse().unwrap_or(0));
        if age < STALE_MS {
            continue;
        }

        let outcome = match resume_now(connection, &user).await {
            Err(Error::Trouble(Trouble::NoPermission(_))) => continue,
            outcome => outcome?,
        };
        if outcome != Outcome::Nothing {
            finished += 1;
        } else if age > FORGOTTEN_MS {
            // Only now: before, its own driver could just be slow, and still take stock.
            steps::close(&mut connection.conn, &id).await?;
        }
    }
    Ok(finished)
}

/// Drives an order to its end, and writes the outcome to the log file.
async fn drive(
    connection: &mut Connection,
    user: &UserName,
    mut driver: Driver,
) -> Result<Outcome, Error> {
    let outcome = insist(connection, &mut driver).await;
    log_outcome(user, &driver, &outcome);
    outcome
}

/// Writes the outcome of an order to the log file.
pub(crate) fn log_outcome(user: &UserName, driver: &Driver, outcome: &Result<Outcome, Error>) {
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
                Err(Error::Trouble(trouble)) => return Err(order_error(driver, trouble)),
                Err(error) => return Err(error),
            },
        }
    }
}

/// The error of an order that met `trouble` on its way. Before the cart is frozen nothing has
/// happened; after that it is not known how the order ends.
pub(crate) fn order_error(driver: &Driver, trouble: Trouble) -> Error {
    let trouble = trouble.for_orders();
    let is_begun = match driver.stage() {
        // An order that waits for replicas is announced, and goes on under its id.
        Stage::Announce | Stage::FindFrozen => matches!(trouble, Trouble::TooFewReplicas { .. }),
        Stage::Freeze
        | Stage::Take(_)
        | Stage::Decide(_)
        | Stage::Append
        | Stage::Release(_)
        | Stage::Settle
        | Stage::Close
        | Stage::Over => true,
    };

    match driver.id().and_then(|id| OpId::parse(id.as_str())) {
        op @ Some(_) if is_begun => Error::Unknown { op, trouble },
        _ => Error::Trouble(trouble),
    }
}
