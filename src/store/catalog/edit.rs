//! Changes one field of a product, only where it still is as whoever changes it has seen it.

use super::decode::raw_fields;
use super::fields::fetch_command;
use crate::model::product::{Decoded, ProductField};
use crate::model::{Product, ProductId, Refusal};
use crate::store::connection::{Connection, answer};
use crate::store::error::{Error, Trouble};
use crate::store::keys;
use crate::store::repeat::{RepeatError, WriteAttempt};
use crate::store::scripts::EDIT_PRODUCT;
use redis::Value;
use redis::aio::ConnectionLike;

/// A change of one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldEdit {
    /// The product.
    pub product: ProductId,
    /// The field.
    pub field: ProductField,
    /// Its value from now on, as it is stored; empty to clear it.
    pub value: String,
    /// The value that was on the screen; `None` to change it whatever it is.
    pub seen: Option<String>,
}

/// The result of a [`FieldEdit`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edited {
    /// It is stored.
    Saved {
        /// The product before.
        was: Box<Product>,
        /// The product now.
        now: Box<Product>,
    },
    /// Somebody else has changed the field since it was seen, or may have changed it after this
    /// change, whose answer was lost: the product as it is.
    Otherwise(Box<Product>),
}

/// Changes a field of a product, and tells all open terminals.
///
/// # Errors
/// The [`Refusal`] where there is no such product; [`RepeatError::Unknown`] where it may have been
/// changed.
pub async fn edit_product(
    connection: &mut Connection,
    edit: &FieldEdit,
) -> Result<Edited, RepeatError> {
    // The product before the first attempt, as a repeated one finds what that has done.
    let mut first = None;
    connection
        .repeat_against_others(async |connection, of_write| {
            attempt(connection, edit, &mut first, of_write).await
        })
        .await
}

/// Changes the field as it is now; `None` where somebody was faster.
async fn attempt(
    connection: &mut Connection,
    edit: &FieldEdit,
    first: &mut Option<Product>,
    of_write: &mut WriteAttempt,
) -> Result<Option<Edited>, Error> {
    let fetch = fetch_command(edit.product.as_bytes());
    let stored: Value = connection
        .read(async |mut conn| answer(&fetch, &mut conn).await)
        .await?;
    let mut fields = raw_fields(&stored).ok_or_else(|| unknown(edit))?;
    let was = Product::decode(edit.product.clone(), fields).ok_or_else(|| unknown(edit))?;
    let field = fields
        .get_mut(edit.field.index())
        .ok_or_else(|| unknown(edit))?;
    let before = field.unwrap_or_default().to_vec();
    let new = Some(edit.value.as_bytes()).filter(|value| !value.is_empty());
    *field = new;
    let now = Product::decode(edit.product.clone(), fields).ok_or_else(|| unknown(edit))?;

    if before == edit.value.as_bytes() {
        let was = first.take().unwrap_or(was);
        return Ok(Some(saved(was, now)));
    }
    // It was not done, or it was and somebody has changed the field since: making it again could
    // undo their change.
    if of_write.may_be_done {
        return Ok(Some(Edited::Otherwise(Box::new(was))));
    }
    let seen = Decoded::from(&was).text(edit.field).into_owned();
    if edit.seen.as_ref().is_some_and(|expected| *expected != seen) {
        return Ok(Some(Edited::Otherwise(Box::new(was))));
    }

    let was = first.get_or_insert(was).clone();
    of_write.note_sent();
    match send(connection, edit, &before).await?.as_str() {
        "set" => Ok(Some(saved(was, now))),
        "changed" => {
            *first = None;
            Ok(None)
        }
        "gone" => Err(unknown(edit).into()),
        word => Err(Trouble::no_answer(word, "an edited product").into()),
    }
}

/// The refusal of a change where the shop has no such product.
fn unknown(edit: &FieldEdit) -> Refusal {
    Refusal::UnknownProduct(edit.product.to_string())
}

fn saved(was: Product, now: Product) -> Edited {
    Edited::Saved {
        was: Box::new(was),
        now: Box::new(now),
    }
}

async fn send(
    connection: &mut Connection,
    edit: &FieldEdit,
    before: &[u8],
) -> Result<String, Trouble> {
    let conn = &mut connection.conn;
    let mut command = redis::cmd("EVAL");
    command
        .arg(EDIT_PRODUCT.as_str())
        .arg(1)
        .arg(keys::product(&edit.product))
        .arg(edit.field.name())
        .arg(before)
        .arg(&edit.value)
        .arg(keys::channel_in(keys::CATALOG_UPDATES, conn.get_db()))
        .arg(edit.product.as_bytes());
    let told: Result<String, _> = command.query_async(conn).await;
    told.map_err(|error| Trouble::from(error).for_products())
}
