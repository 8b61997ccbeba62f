//! Changes settings of the shop, only where they still are as whoever changes them has seen them.

use super::import::announce_everything;
use super::shop::{Shop, ShopField, StoredShop};
use super::shop_change::ShopChange;
use crate::store::connection::Connection;
use crate::store::error::{Error, Trouble};
use crate::store::keys;
use crate::store::repeat::{RepeatError, WriteAttempt};
use crate::store::scripts::EDIT_SHOP;

/// A change of one setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShopEdit {
    /// The setting.
    pub field: ShopField,
    /// The change that is stored.
    pub change: ShopChange,
    /// The setting that was on the screen, as [`Shop::text`] has it.
    pub seen: String,
}

/// The result of a change of the shop's settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShopEdited {
    /// It is stored, and the shop is so now.
    Saved(Shop),
    /// Somebody else has changed the setting since it was seen, or may have changed it after this
    /// change, whose answer was lost: the shop as it is.
    Otherwise(Shop),
}

/// Sets what is given of the shop's settings in one step, and tells all open terminals. Where it was
/// `seen` how one of them was, that must still be so.
///
/// # Errors
/// [`RepeatError::Unknown`] where they may have been changed.
pub async fn change_shop(
    connection: &mut Connection,
    change: &ShopChange,
    seen: Option<(ShopField, &str)>,
) -> Result<ShopEdited, RepeatError> {
    connection
        .repeat_against_others(async |connection, of_write| {
            attempt(connection, change, seen, of_write).await
        })
        .await
}

/// Changes the settings as they are now; `None` where somebody was faster.
async fn attempt(
    connection: &mut Connection,
    change: &ShopChange,
    seen: Option<(ShopField, &str)>,
    of_write: &mut WriteAttempt,
) -> Result<Option<ShopEdited>, Error> {
    let stored = connection.read(async |mut conn| StoredShop::read(&mut conn).await);
    let mut stored = stored.await?;
    let shop = stored.shop();

    match (stored.has(change), of_write.may_be_done) {
        (true, false) => return Ok(Some(ShopEdited::Saved(shop))),
        // The answer was lost: the terminals may not have been told.
        (true, true) => {}
        // It was not done, or it was and somebody has changed the shop since: making it again could
        // undo their change.
        (false, true) => return Ok(Some(ShopEdited::Otherwise(shop))),
        (false, false) if seen.is_some_and(|(field, seen)| shop.text(field) != seen) => {
            return Ok(Some(ShopEdited::Otherwise(shop)));
        }
        (false, false) => {
            of_write.note_sent();
            match send(connection, change, &stored).await?.as_str() {
                "set" => stored.set(change),
                "changed" => return Ok(None),
                word => return Err(Trouble::no_answer(word, "a change of settings").into()),
            }
        }
    }

    announce_everything(&mut connection.conn).await;
    Ok(Some(ShopEdited::Saved(stored.shop())))
}

/// Sends a change, to be made where the settings still are as they were read.
async fn send(
    connection: &mut Connection,
    change: &ShopChange,
    stored: &StoredShop,
) -> Result<String, Trouble> {
    let mut command = redis::cmd("EVAL");
    command.arg(&*EDIT_SHOP).arg(1).arg(keys::SHOP);
    for (field, value) in change.fields() {
        command.arg(field).arg(stored.get(field)).arg(value);
    }
    let told: Result<String, _> = command.query_async(&mut connection.conn).await;
    told.map_err(|error| Trouble::from(error).for_products())
}
