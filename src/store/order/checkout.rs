//! Ordering over a plain connection: the preview, placing an order, and finishing the order that
//! somebody left on its way in a cart.

use super::steps;
use crate::model::{
    Currency, Money, OpId, OrderId, Preview, Product, ProductId, Refusal, UserName, text,
};
use crate::store::cart::new_op;
use crate::store::cart::reading::read_cart;
use crate::store::catalog::{get_shop, read_products};
use crate::store::clock::server_time;
use crate::store::connection::retry::RetryPolicy;
use crate::store::connection::{Conn, Connection};
use crate::store::error::{Error, Trouble};
use crate::store::keys::CartKeys;
use crate::store::order::begun::{BegunOrder, Decision};
use crate::store::order::driver::Driver;
use crate::store::order::stage::{Outcome, Stage};
use crate::store::order::steps::FreezeMark;
use crate::store::scripts::LOOK_AFTER_MS;
use std::collections::HashMap;

/// The most characters that are shown of the mark of an order that the shop doesn't know.
const LONGEST_MARK: usize = 40;

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
    currency: Currency,
) -> Result<Preview, Trouble> {
    let (cart, _) = read_cart(conn, keys, &[]).await?;

    let ids: Vec<ProductId> = cart.lines.iter().map(|line| line.product.clone()).collect();
    let products: HashMap<ProductId, Product> = read_products(conn, &ids)
        .await?
        .into_iter()
        .filter_map(|(id, product)| Some((id, product?)))
        .collect();

    Ok(Preview::of(&cart, &products, currency))
}

/// Orders what the user agreed to, under this id, exactly once; connects again where the link
/// breaks, for up to five seconds from the last step that succeeded. Where somebody was just
/// ordering the same, that order is joined, and its id returned.
///
/// # Errors
/// The refusals of [`Preview::orderable_lines`]; [`Refusal::CartChanged`] where the cart is another
/// by now; [`Refusal::NotOrdered`] where stock is short; [`Refusal::OtherOrder`] where somebody's
/// order of something else was first; [`Error::Unknown`] where the link broke on the way: asking
/// again with the same id is safe, and any terminal that opens the cart goes on.
pub async fn place(
    connection: &mut Connection,
    user: &UserName,
    id: OrderId,
    agreed_preview: Preview,
) -> Result<OrderId, Error> {
    let driver = Driver::place(user, &connection.policy, id, agreed_preview);
    placed(drive(connection, user, driver).await?)
}

/// Goes on with the order of this id, which was begun before, as it was agreed to then.
///
/// # Errors
/// The same as [`place`].
pub async fn go_on_with(
    connection: &mut Connection,
    user: &UserName,
    id: OrderId,
) -> Result<OrderId, Error> {
    let driver = Driver::finish(user, &connection.policy, id);
    placed(drive(connection, user, driver).await?)
}

/// The id of the order, where it ended with one.
fn placed(outcome: Outcome) -> Result<OrderId, Error> {
    match outcome {
        Outcome::Placed(id) => Ok(id),
        Outcome::Undone(failure) => Err(Refusal::NotOrdered(failure).into()),
        Outcome::Nothing => Err(Refusal::CartChanged.into()),
    }
}

/// Reads the total of the order of this id, where it is one of this cart that is placed, or being
/// placed. One that never came to the cart counts as not begun.
///
/// # Errors
/// The [`Trouble`] of the link.
pub async fn total_of(
    connection: &mut Connection,
    user: &UserName,
    id: &OrderId,
) -> Result<Option<Money>, Error> {
    let begun = steps::read(&mut connection.conn, id)
        .await
        .map_err(Error::for_orders)?;
    let Some(begun) = begun.filter(|begun| begun.user == *user) else {
        return Ok(None);
    };

    let counts = match &begun.decision {
        Some(Decision::Place) => true,
        Some(Decision::Undo(_)) => false,
        None => {
            let keys = CartKeys::of(user);
            let mark = steps::read_freeze(&mut connection.conn, &keys).await?;
            mark.is_some_and(|mark| mark.is_for(id))
        }
    };
    Ok(counts.then(|| begun.total()))
}

/// Takes away the mark that the cart of `user` is being ordered, where the shop has no such
/// order, or it is over; returns the id that it named, as clean text. Whoever may fill a cart can
/// write such a mark, and all pieces stay in the cart. Where this user may not read orders, nothing
/// is done.
///
/// # Errors
/// The [`Trouble`] of the link.
pub async fn thaw_unknown(
    connection: &mut Connection,
    user: &UserName,
) -> Result<Option<String>, Error> {
    let keys = CartKeys::of(user);
    let Some(mark) = steps::read_freeze(&mut connection.conn, &keys).await? else {
        return Ok(None);
    };

    let is_known = match find_frozen(connection, user, &mark).await {
        Err(Error::Trouble(Trouble::NoPermission(_))) => true,
        found => found?.is_some(),
    };
    if is_known {
        return Ok(None);
    }
    let policy = connection.policy.clone();
    steps::thaw(&mut connection.conn, &keys, &policy, &mark, &new_op()).await?;
    Ok(Some(text::sanitize_to(mark.as_bytes(), LONGEST_MARK)))
}

/// Reads the order for which the cart is marked as frozen, where it is one of this cart that is
/// not over.
async fn find_frozen(
    connection: &mut Connection,
    user: &UserName,
    mark: &FreezeMark,
) -> Result<Option<BegunOrder>, Error> {
    let Some(id) = mark.order() else {
        return Ok(None);
    };
    let begun = steps::read(&mut connection.conn, &id).await?;
    Ok(begun.filter(|begun| begun.may_freeze(user)))
}

/// Finishes the order for which the cart of `user` is frozen, where its driver seems to be dead
/// and this user may order.
///
/// # Errors
/// The [`Trouble`] of the link.
pub async fn resume(connection: &mut Connection, user: &UserName) -> Result<Outcome, Error> {
    let keys = CartKeys::of(user);
    let Some(mark) = steps::read_freeze(&mut connection.conn, &keys).await? else {
        return Ok(Outcome::Nothing);
    };

    let begun = match find_frozen(connection, user, &mark).await {
        Err(Error::Trouble(Trouble::NoPermission(_))) => return Ok(Outcome::Nothing),
        begun => begun?,
    };
    let now = server_time(&mut connection.conn).await?;
    if begun.is_some_and(|begun| begun.age(now) < LOOK_AFTER_MS) {
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
    match steps::read_freeze(&mut connection.conn, &CartKeys::of(user)).await? {
        Some(_) => go_on(connection, user).await,
        None => Ok(Outcome::Nothing),
    }
}

async fn go_on(connection: &mut Connection, user: &UserName) -> Result<Outcome, Error> {
    let driver = Driver::resume(user, &connection.policy);
    drive(connection, user, driver).await
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
        Stage::Announce | Stage::Find => matches!(trouble, Trouble::TooFewReplicas { .. }),
        Stage::Freeze
        | Stage::Take(_)
        | Stage::Decide(_)
        | Stage::Release(_)
        | Stage::Settle
        | Stage::Close
        | Stage::Over => true,
    };

    match driver.id().and_then(|id| OpId::parse(id.as_str())) {
        Some(op) if is_begun => Error::Unknown { op, trouble },
        _ => Error::Trouble(trouble),
    }
}
