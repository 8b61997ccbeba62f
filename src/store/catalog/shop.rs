//! The shop's settings: its name and its currency.

use super::import::announce_everything;
use super::index;
use crate::model::{Catalog, Currency, text};
use crate::store::connection::{Connection, answer, pipeline};
use crate::store::error::{Error, Trouble};
use crate::store::keys;
use jiff::tz::TimeZone;
use redis::aio::ConnectionLike;

/// The longest name of a shop, in characters.
pub const LONGEST_SHOP_NAME: usize = 40;
/// The longest name of a time zone, in characters.
const LONGEST_TIME_ZONE: usize = 40;

/// The settings of a shop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shop {
    /// The shop's name; clean text.
    pub name: String,
    /// The shop's currency, and how the shop writes amounts.
    pub currency: Currency,
}

impl Default for Shop {
    fn default() -> Shop {
        Shop {
            name: "trolley".to_owned(),
            currency: Currency::default(),
        }
    }
}

/// Reads the shop's settings; defaults where there are none.
///
/// # Errors
/// The [`Trouble`] of the link.
pub async fn get_shop(connection: &mut Connection) -> Result<Shop, Error> {
    let mut command = redis::cmd("HMGET");
    command.arg(keys::SHOP).arg(&["name", "currency", "money"]);
    let [name, sign, money]: [Option<Vec<u8>>; 3] = connection
        .read(async |mut conn| answer(&command, &mut conn).await)
        .await?;

    let default = Shop::default();
    Ok(Shop {
        name: setting(name, LONGEST_SHOP_NAME).unwrap_or(default.name),
        currency: Currency::stored(sign.as_deref(), money.as_deref()),
    })
}

/// The clean text of a setting; `None` where it is missing or empty.
fn setting(raw: Option<Vec<u8>>, longest: usize) -> Option<String> {
    let text = text::sanitize_to(&raw?, longest);
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// Sets the shop's name and currency, unless it has them already, and tells all open terminals.
///
/// # Errors
/// The [`Trouble`] of the link.
pub async fn name_shop(connection: &mut Connection, shop: &Shop) -> Result<(), Error> {
    let mut is_changed = false;
    for (field, value) in [
        ("name", shop.name.as_str()),
        ("currency", shop.currency.sign()),
    ] {
        let mut command = redis::cmd("HSETNX");
        command.arg(keys::SHOP).arg(field).arg(value);
        let is_set = command.query_async::<bool>(&mut connection.conn).await;
        is_changed |= is_set.map_err(|error| Trouble::from(error).for_products())?;
    }

    if is_changed {
        announce_everything(&mut connection.conn).await;
    }
    Ok(())
}

/// A change of a shop's settings; an empty value clears one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ShopChange {
    /// The name; clean text.
    pub name: Option<String>,
    /// The sign of the currency; clean text.
    pub currency: Option<String>,
    /// The example of how amounts are written; clean text.
    pub money: Option<String>,
    /// The name of the time zone by whose days orders are numbered.
    pub time_zone: Option<String>,
    /// `no` keeps buyers from cancelling their orders.
    pub buyers_cancel: Option<String>,
}

/// Sets what is given of the shop's settings, and tells all open terminals.
///
/// # Errors
/// The [`Trouble`] of the link.
pub async fn set_shop(connection: &mut Connection, change: &ShopChange) -> Result<(), Error> {
    for (field, value) in [
        ("name", &change.name),
        ("currency", &change.currency),
        ("money", &change.money),
        ("time_zone", &change.time_zone),
        ("buyers_cancel", &change.buyers_cancel),
    ] {
        let mut command = match value.as_deref() {
            None => continue,
            Some("") => redis::cmd("HDEL"),
            Some(_) => redis::cmd("HSET"),
        };
        command.arg(keys::SHOP).arg(field);
        if let Some(value) = value.as_deref().filter(|value| !value.is_empty()) {
            command.arg(value);
        }
        let set = command.query_async::<()>(&mut connection.conn).await;
        set.map_err(|error| Trouble::from(error).for_products())?;
    }

    announce_everything(&mut connection.conn).await;
    Ok(())
}

/// The settings of a shop that are about its orders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderSettings {
    /// The name of the time zone by whose days orders are numbered; clean text. Without one, it is
    /// the zone of whoever orders.
    pub time_zone: Option<String>,
    /// Whoever ordered may cancel while an order is only placed.
    pub buyers_cancel: bool,
}

impl OrderSettings {
    /// The zone by whose days and clocks the shop works: its own, else that of this computer.
    #[must_use]
    pub fn zone(&self) -> TimeZone {
        let named = self.time_zone.as_ref();
        let named = named.and_then(|name| TimeZone::get(name).ok());
        named.unwrap_or_else(TimeZone::system)
    }
}

/// Reads the shop's settings about orders; defaults where there are none.
///
/// # Errors
/// The [`Trouble`] of the link.
pub(crate) async fn read_order_settings(
    conn: &mut impl ConnectionLike,
) -> Result<OrderSettings, Trouble> {
    let mut command = redis::cmd("HMGET");
    command
        .arg(keys::SHOP)
        .arg("time_zone")
        .arg("buyers_cancel");
    let (time_zone, buyers_cancel): (Option<Vec<u8>>, Option<Vec<u8>>) =
        answer(&command, conn).await?;
    Ok(OrderSettings {
        time_zone: setting(time_zone, LONGEST_TIME_ZONE),
        buyers_cancel: buyers_cancel.as_deref() != Some(b"no"),
    })
}

/// Reads the shop's settings about orders; defaults where there are none.
///
/// # Errors
/// The [`Trouble`] of the link.
pub async fn get_order_settings(connection: &mut Connection) -> Result<OrderSettings, Error> {
    Ok(connection
        .read(async |mut conn| read_order_settings(&mut conn).await)
        .await?)
}

/// Returns whether nobody has set up a shop or a product here yet.
///
/// # Errors
/// The [`Trouble`] of the link.
pub(crate) async fn is_untouched(connection: &mut Connection) -> Result<bool, Error> {
    let commands = [keys::SHOP, keys::CATALOG].map(|key| redis::cmd("EXISTS").arg(key).to_owned());
    for exists in pipeline::run_all(&connection.conn, commands.to_vec()).await? {
        if exists? != redis::Value::Int(0) {
            return Ok(false);
        }
    }

    let products = index::find_missing(&mut connection.conn, &Catalog::default()).await?;
    Ok(products.is_empty())
}
