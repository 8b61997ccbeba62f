//! Changes the stock of a product by a step, as when somebody has baked ten more.

use crate::model::product::StockStep;
use crate::model::{Product, ProductId, Refusal, StepFlaw};
use crate::store::connection::Connection;
use crate::store::connection::retry::RetryPolicy;
use crate::store::error::{Error, Trouble};
use crate::store::keys;
use crate::store::repeat::RepeatError;
use crate::store::scripts::STEP_STOCK;
use redis::aio::ConnectionLike;

/// Changes the stock of a product by a step and tells all open terminals; returns the stock now.
///
/// # Errors
/// The [`Refusal`] where the stock can't be counted, or would be below zero;
/// [`RepeatError::Unknown`] where it may have been changed: it must not be changed twice.
pub async fn step_stock(
    connection: &mut Connection,
    product: &Product,
    step: StockStep,
) -> Result<u64, RepeatError> {
    let mut retry = RetryPolicy::CHANGE.start();
    loop {
        let error = match send(connection, &product.id, step).await {
            Ok(answer) => {
                return read_answer(&answer, product, step).map_err(RepeatError::Failed);
            }
            Err(trouble) if trouble.is_ambiguous() => return Err(RepeatError::Unknown(trouble)),
            Err(trouble) => Error::from(trouble.for_products()),
        };
        retry
            .again(connection, error)
            .await
            .map_err(RepeatError::Failed)?;
    }
}

async fn send(
    connection: &mut Connection,
    id: &ProductId,
    step: StockStep,
) -> Result<Vec<String>, Trouble> {
    let mut command = redis::cmd("EVAL");
    command
        .arg(STEP_STOCK.as_str())
        .arg(1)
        .arg(keys::product(id))
        .arg(step.to_string())
        .arg(keys::channel_in(
            keys::CATALOG_UPDATES,
            connection.conn.get_db(),
        ))
        .arg(id.as_bytes());
    Ok(command.query_async(&mut connection.conn).await?)
}

/// Reads the answer of `step_stock.lua`: a word, and a number with some of the words.
fn read_answer(answer: &[String], product: &Product, step: StockStep) -> Result<u64, Error> {
    let word = answer.first().map_or("", String::as_str);
    let number = answer.get(1).and_then(|number| number.parse().ok());
    let flaw = match (word, number) {
        ("changed", Some(now)) => return Ok(now),
        ("short", Some(left)) => StepFlaw::Short { left },
        ("too_high", _) => StepFlaw::TooHigh,
        ("unlimited", _) => StepFlaw::Unlimited,
        ("unreadable", _) => StepFlaw::Unreadable,
        _ => return Err(Trouble::no_answer(word, "a change of stock").into()),
    };

    let name = product.name.to_string();
    Err(Refusal::CantStepStock { name, step, flaw }.into())
}
