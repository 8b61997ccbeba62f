//! The steps of an order that concern a product: taking its stock, and giving it back.

use crate::model::order::OrderFailure;
use crate::model::{Money, OrderId, OrderLine, ProductId};
use crate::store::error::{Error, Trouble};
use crate::store::keys;
use crate::store::order::begun::BegunOrder;
use crate::store::scripts::{RELEASE, TAKE};
use redis::RedisError;
use redis::aio::ConnectionLike;

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

/// Takes the stock of one line.
pub(crate) async fn take(
    conn: &mut impl ConnectionLike,
    order: &BegunOrder,
    line: &OrderLine,
) -> Result<TakeAnswer, Error> {
    let [taken, released] = keys::stock(&line.product);
    let answer: Result<Vec<Vec<u8>>, RedisError> = TAKE
        .key(keys::product(&line.product))
        .key(taken)
        .key(released)
        .arg(order.id.as_str())
        .arg(line.quantity)
        .arg(order.begun)
        .arg(keys::channel_in(keys::CATALOG_UPDATES, conn.get_db()))
        .arg(line.product.as_bytes())
        .arg(line.price.to_string())
        .invoke_async(conn)
        .await;

    match answer {
        Ok(answer) => parse_take(&answer, &line.name),
        Err(error) if crosses_slots(&error) => take_without_companions(conn, line).await,
        Err(error) => match Trouble::from(error) {
            // Another program's key stands where its stock is counted.
            Trouble::WrongType => {
                let name = line.name.clone();
                Ok(TakeAnswer::Failed(OrderFailure::Unreadable { name }))
            }
            trouble => Err(trouble.into()),
        },
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
        _ => return Err(Trouble::not_understood().into()),
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
    product: &ProductId,
    stock: StockReturn,
) -> Result<(), Error> {
    let [taken, released] = keys::stock(product);
    let outcome = RELEASE
        .key(keys::product(product))
        .key(taken)
        .key(released)
        .arg(id.as_str())
        .arg(u8::from(stock == StockReturn::GiveBack))
        .arg(keys::channel_in(keys::CATALOG_UPDATES, conn.get_db()))
        .arg(product.as_bytes())
        .invoke_async::<u64>(conn)
        .await;

    match outcome {
        Ok(_pieces) => Ok(()),
        // Then nothing could be taken of it either.
        Err(error) if crosses_slots(&error) => Ok(()),
        Err(error) => match Trouble::from(error) {
            Trouble::WrongType => Ok(()),
            trouble => Err(trouble.into()),
        },
    }
}
