//! The shop's settings: its name and its currency.

use super::import::announce_everything;
use super::index;
use crate::model::currency::{self, ExampleError};
use crate::model::receipt::Letterhead;
use crate::model::{Catalog, Currency, text};
use crate::store::connection::{Connection, answer, pipeline};
use crate::store::error::{Error, Trouble};
use crate::store::{keys, scripts};
use jiff::tz::TimeZone;
use redis::aio::ConnectionLike;
use std::collections::BTreeMap;
use strum::VariantArray;

/// The longest name of a shop, in characters.
pub const LONGEST_SHOP_NAME: usize = 40;
/// The longest head or foot of receipts, in characters.
pub const LONGEST_RECEIPT_TEXT: usize = 200;
/// The longest name of a time zone, in characters.
const LONGEST_TIME_ZONE: usize = 40;

/// The settings of a shop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shop {
    /// The shop's name; clean text.
    pub name: String,
    /// The shop's currency, and how the shop writes amounts.
    pub currency: Currency,
    /// The words at the top of receipts; clean text, maybe empty.
    pub receipt_head: String,
    /// The words at their bottom; clean text, maybe empty.
    pub receipt_foot: String,
    /// Whoever ordered may cancel while an order is only placed.
    pub buyers_cancel: bool,
}

impl Shop {
    /// The words of the shop on its receipts.
    #[must_use]
    pub fn letterhead(&self) -> Letterhead<'_> {
        Letterhead {
            shop: &self.name,
            head: &self.receipt_head,
            foot: &self.receipt_foot,
        }
    }
}

impl Default for Shop {
    fn default() -> Shop {
        Shop {
            name: "trolley".to_owned(),
            currency: Currency::default(),
            receipt_head: String::new(),
            receipt_foot: String::new(),
            buyers_cancel: true,
        }
    }
}

/// Reads the shop's settings; defaults where there are none.
///
/// # Errors
/// The [`Trouble`] of the link.
pub async fn get_shop(connection: &mut Connection) -> Result<Shop, Error> {
    let mut command = redis::cmd("HMGET");
    command.arg(keys::SHOP).arg(&[
        ShopField::Name.name(),
        "currency",
        ShopField::Money.name(),
        ShopField::ReceiptHead.name(),
        ShopField::ReceiptFoot.name(),
        ShopField::BuyersCancel.name(),
    ]);
    let [name, sign, money, head, foot, buyers_cancel]: [Option<Vec<u8>>; 6] = connection
        .read(async |mut conn| answer(&command, &mut conn).await)
        .await?;

    let default = Shop::default();
    Ok(Shop {
        name: setting(name, LONGEST_SHOP_NAME).unwrap_or(default.name),
        currency: Currency::stored(sign.as_deref(), money.as_deref()),
        receipt_head: setting(head, LONGEST_RECEIPT_TEXT).unwrap_or_default(),
        receipt_foot: setting(foot, LONGEST_RECEIPT_TEXT).unwrap_or_default(),
        buyers_cancel: may_cancel(buyers_cancel.as_deref()),
    })
}

/// Tells whether whoever ordered may cancel, as it is stored.
fn may_cancel(raw: Option<&[u8]>) -> bool {
    raw != Some(NO.as_bytes())
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

/// A setting of the shop that its staff see and change, in the sequence of their screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, VariantArray)]
pub enum ShopField {
    /// The shop's name.
    #[default]
    Name,
    /// An amount as the shop writes it.
    Money,
    /// The words at the top of receipts.
    ReceiptHead,
    /// The words at their bottom.
    ReceiptFoot,
    /// The setting that lets buyers cancel an order that is only placed.
    BuyersCancel,
}

impl ShopField {
    /// Its name in the shop's hash.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            ShopField::Name => "name",
            ShopField::Money => "money",
            ShopField::ReceiptHead => "receipt_head",
            ShopField::ReceiptFoot => "receipt_foot",
            ShopField::BuyersCancel => "buyers_cancel",
        }
    }
}

/// The names of all settings of a shop.
pub const SHOP_FIELDS: [&str; 7] = [
    "name",
    "currency",
    "money",
    "time_zone",
    "buyers_cancel",
    "receipt_head",
    "receipt_foot",
];
/// The words of a setting that is on or off.
const YES: &str = "yes";
const NO: &str = "no";

/// The reason why a value is no setting of a shop.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ShopFlaw {
    /// No such setting.
    #[error("a shop has no setting “{0}”; it has {known}", known = known_fields())]
    NoField(String),
    /// Too long.
    #[error("it has {length} characters, the limit is {limit}")]
    TooLong {
        /// Its length.
        length: usize,
        /// The longest.
        limit: usize,
    },
    /// A character that no terminal shows.
    #[error("it has a character that can't be shown")]
    NotShown,
    /// No amount.
    #[error("{0}")]
    Example(#[from] ExampleError),
    /// Neither yes nor no.
    #[error("“{0}” is not valid: write yes or no")]
    NotYesOrNo(String),
    /// No time zone.
    #[error("“{0}” is not valid: name a time zone, like Europe/Berlin")]
    NoZone(String),
}

/// The names of all settings, in a sentence.
fn known_fields() -> String {
    let [others @ .., last] = SHOP_FIELDS;
    format!("{} and {last}", others.join(", "))
}

/// A change of a shop's settings: fields of its hash, and their values; an empty value clears one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ShopChange(BTreeMap<&'static str, String>);

impl ShopChange {
    /// Sets a setting to what somebody wrote.
    ///
    /// # Errors
    /// The [`ShopFlaw`] of what is written.
    pub fn set(&mut self, field: &str, written: &str) -> Result<(), ShopFlaw> {
        let written = written.trim();
        let Some(field) = SHOP_FIELDS.into_iter().find(|known| *known == field) else {
            return Err(ShopFlaw::NoField(excerpt(field)));
        };

        let value = match field {
            "money" if !written.is_empty() => {
                let currency = Currency::from_example(written)?;
                let sign = checked(currency.sign(), currency::LONGEST_SIGN)?;
                self.0.insert("currency", sign);
                currency.example()
            }
            "time_zone" => match TimeZone::get(written) {
                Err(_) if !written.is_empty() => return Err(ShopFlaw::NoZone(excerpt(written))),
                Ok(_) | Err(_) => written.to_owned(),
            },
            "buyers_cancel" if !["", YES, NO].contains(&written) => {
                return Err(ShopFlaw::NotYesOrNo(excerpt(written)));
            }
            "currency" => checked(written, currency::LONGEST_SIGN)?,
            "receipt_head" | "receipt_foot" => checked(written, LONGEST_RECEIPT_TEXT)?,
            _ => checked(written, LONGEST_SHOP_NAME)?,
        };
        self.0.insert(field, value);
        Ok(())
    }
}

/// The beginning of what somebody wrote, clean for a message.
fn excerpt(written: &str) -> String {
    text::sanitize_to(written.as_bytes(), LONGEST_SHOP_NAME)
}

/// A value that shows just as it is written.
fn checked(value: &str, limit: usize) -> Result<String, ShopFlaw> {
    let length = value.chars().count();
    if length > limit {
        return Err(ShopFlaw::TooLong { length, limit });
    }
    if !text::is_shown_exactly(value) {
        return Err(ShopFlaw::NotShown);
    }
    Ok(value.to_owned())
}

/// Sets what is given of the shop's settings in one step, and tells all open terminals.
///
/// # Errors
/// The [`Trouble`] of the link.
pub async fn set_shop(connection: &mut Connection, change: &ShopChange) -> Result<(), Error> {
    let (cleared, set): (Vec<_>, Vec<_>) = change.0.iter().partition(|(_, value)| value.is_empty());
    let mut command = redis::cmd("EVAL");
    command
        .arg(scripts::PRODUCT)
        .arg(1)
        .arg(keys::SHOP)
        .arg(cleared.len());
    for (field, _) in cleared {
        command.arg(field);
    }
    for (field, value) in set {
        command.arg(field).arg(value);
    }

    let set = command.query_async::<()>(&mut connection.conn).await;
    set.map_err(|error| Trouble::from(error).for_products())?;
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
        buyers_cancel: may_cancel(buyers_cancel.as_deref()),
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
