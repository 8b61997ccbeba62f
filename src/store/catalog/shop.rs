//! The shop's settings, and changes of them as somebody wrote them.

use super::import::announce_everything;
use super::index;
use crate::model::currency::{self, ExampleError};
use crate::model::receipt::Letterhead;
use crate::model::time::{self, Clock, Hours, PersonalClock};
use crate::model::{Catalog, Currency, text};
use crate::store::connection::{Connection, answer, pipeline};
use crate::store::error::{Error, Trouble};
use crate::store::keys;
use jiff::tz::TimeZone;
use redis::aio::ConnectionLike;
use std::collections::BTreeMap;
use strum::VariantArray;

/// The longest name of a shop, in characters.
pub(crate) const LONGEST_SHOP_NAME: usize = 40;
/// The longest head or foot of receipts, in characters.
pub(crate) const LONGEST_RECEIPT_TEXT: usize = 200;
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
    /// The time zone by whose days orders are numbered, and by whose clocks times are told. Without
    /// one, it is the zone of whoever orders or looks.
    pub time_zone: Option<NamedZone>,
    /// The way in which its clocks count the hours of a day; `None` where it does not say.
    pub hours: Option<NamedHours>,
    /// Whoever ordered may cancel while an order is only placed.
    pub buyers_cancel: bool,
}

/// A setting by the name that a shop has for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named<T> {
    /// Its name; clean text.
    pub name: String,
    /// The value of that name; `None` where this computer does not know the name.
    pub(crate) value: Option<T>,
}

impl<T> Named<T> {
    /// Tells whether this computer does not know the name.
    fn is_unknown(&self) -> bool {
        self.value.is_none()
    }
}

/// A time zone by its name.
pub type NamedZone = Named<TimeZone>;
/// A way to count the hours of a day, by its name.
pub type NamedHours = Named<Hours>;

impl NamedZone {
    /// The zone of this name, which is clean text.
    #[must_use]
    pub fn new(name: String) -> NamedZone {
        let value = TimeZone::get(&name).ok();
        Named { name, value }
    }
}

impl NamedHours {
    /// The hours of this name, which is clean text.
    #[must_use]
    pub fn new(name: String) -> NamedHours {
        let value = Hours::named(&name);
        Named { name, value }
    }
}

impl Shop {
    /// The zone by whose days and clocks the shop works: its own, else the local one.
    #[must_use]
    pub(crate) fn zone_or(&self, local: &TimeZone) -> TimeZone {
        let named = self.time_zone.as_ref();
        let own = named.and_then(|named| named.value.as_ref());
        own.unwrap_or(local).clone()
    }

    /// The way in which the shop's clocks count hours; `None` where it does not say, or not so that
    /// it is understood.
    fn known_hours(&self) -> Option<Hours> {
        self.hours.as_ref().and_then(|named| named.value)
    }

    /// The name of what is used in place of a setting that this computer does not understand, where
    /// its own zone is `local`; `None` where it understands the setting.
    #[must_use]
    pub(crate) fn used_instead(&self, field: ShopField, local: &TimeZone) -> Option<String> {
        match field {
            ShopField::TimeZone => {
                let is_unknown = self.time_zone.as_ref().is_some_and(Named::is_unknown);
                is_unknown.then(|| time::zone_name(local))
            }
            ShopField::Hours => {
                let is_unknown = self.hours.as_ref().is_some_and(Named::is_unknown);
                is_unknown.then(|| Hours::default().name().to_owned())
            }
            ShopField::Name
            | ShopField::Money
            | ShopField::ReceiptHead
            | ShopField::ReceiptFoot
            | ShopField::BuyersCancel => None,
        }
    }

    /// Says of each setting that this computer does not understand what is used in its place.
    #[must_use]
    pub(crate) fn misunderstandings(&self, local: &TimeZone) -> Vec<String> {
        let fields = ShopField::VARIANTS.iter();
        let told = fields.filter_map(|field| {
            let used = self.used_instead(*field, local)?;
            let name = field.name();
            let stored = self.text(*field);
            Some(format!(
                "{name} “{stored}” is not understood: {used} is used"
            ))
        });
        told.collect()
    }

    /// The clock by which this shop tells times to a person: in its own zone, and with the hours
    /// that the person chose, else with the shop's.
    #[must_use]
    pub fn clock(&self, personal: &PersonalClock) -> Clock {
        Clock {
            zone: self.zone_or(&personal.zone),
            hours: personal.hours.or(self.known_hours()).unwrap_or_default(),
        }
    }

    /// The words of the shop on its receipts.
    #[must_use]
    pub(crate) fn letterhead(&self) -> Letterhead<'_> {
        Letterhead {
            shop: &self.name,
            head: &self.receipt_head,
            foot: &self.receipt_foot,
        }
    }

    /// A setting as somebody would write it.
    #[must_use]
    pub fn text(&self, field: ShopField) -> String {
        match field {
            ShopField::Name => self.name.clone(),
            ShopField::Money => with_plain_blanks(&self.currency.sample()),
            ShopField::TimeZone => {
                let zone = self.time_zone.as_ref();
                zone.map_or(String::new(), |zone| zone.name.clone())
            }
            ShopField::Hours => match &self.hours {
                Some(hours) => hours.name.clone(),
                None => Hours::default().name().to_owned(),
            },
            ShopField::ReceiptHead => self.receipt_head.clone(),
            ShopField::ReceiptFoot => self.receipt_foot.clone(),
            ShopField::BuyersCancel if self.buyers_cancel => YES.to_owned(),
            ShopField::BuyersCancel => NO.to_owned(),
        }
    }

    /// A setting as screens show it, with the shop's money as they write it.
    #[must_use]
    pub(crate) fn shown(&self, field: ShopField) -> String {
        match field {
            ShopField::Money => with_plain_blanks(&self.currency.shown_sample()),
            ShopField::Name
            | ShopField::TimeZone
            | ShopField::Hours
            | ShopField::ReceiptHead
            | ShopField::ReceiptFoot
            | ShopField::BuyersCancel => self.text(field),
        }
    }
}

/// An amount as somebody types it: nobody types a blank that wraps no line.
fn with_plain_blanks(amount: &str) -> String {
    amount.replace('\u{a0}', " ")
}

impl Default for Shop {
    fn default() -> Shop {
        Shop {
            name: "trolley".to_owned(),
            currency: Currency::default(),
            receipt_head: String::new(),
            receipt_foot: String::new(),
            time_zone: None,
            hours: None,
            buyers_cancel: true,
        }
    }
}

/// The settings of a shop as they are stored, by their places in [`SHOP_FIELDS`].
#[derive(Default)]
pub(super) struct StoredShop([Option<Vec<u8>>; SHOP_FIELDS.len()]);

impl StoredShop {
    /// Reads the settings as they are stored.
    pub(super) async fn read(conn: &mut impl ConnectionLike) -> Result<StoredShop, Trouble> {
        let mut command = redis::cmd("HMGET");
        command.arg(keys::SHOP).arg(&SHOP_FIELDS);
        Ok(StoredShop(answer(&command, conn).await?))
    }

    /// A setting as it is stored; empty where there is none.
    pub(super) fn get(&self, field: &str) -> &[u8] {
        let place = SHOP_FIELDS.iter().position(|known| *known == field);
        let stored = place.and_then(|place| self.0[place].as_deref());
        stored.unwrap_or_default()
    }

    /// Returns whether all is stored that a change sets.
    pub(super) fn has(&self, change: &ShopChange) -> bool {
        let mut fields = change.fields();
        fields.all(|(field, value)| self.get(field) == value.as_bytes())
    }

    /// Sets what a change sets.
    pub(super) fn set(&mut self, change: &ShopChange) {
        for (stored, field) in self.0.iter_mut().zip(SHOP_FIELDS) {
            if let Some(value) = change.0.get(field) {
                *stored = Some(value.clone().into_bytes());
            }
        }
    }

    /// The shop with these settings; defaults where there are none.
    pub(super) fn shop(&self) -> Shop {
        let text = |field: ShopField, longest| setting(self.get(field.name()), longest);
        let default = Shop::default();
        let sign = self.get("currency");
        let money = self.get(ShopField::Money.name());

        Shop {
            name: text(ShopField::Name, LONGEST_SHOP_NAME).unwrap_or(default.name),
            currency: Currency::stored(Some(sign), Some(money)),
            receipt_head: text(ShopField::ReceiptHead, LONGEST_RECEIPT_TEXT).unwrap_or_default(),
            receipt_foot: text(ShopField::ReceiptFoot, LONGEST_RECEIPT_TEXT).unwrap_or_default(),
            time_zone: text(ShopField::TimeZone, LONGEST_TIME_ZONE).map(NamedZone::new),
            hours: text(ShopField::Hours, LONGEST_SHOP_NAME).map(NamedHours::new),
            buyers_cancel: self.get(ShopField::BuyersCancel.name()) != NO.as_bytes(),
        }
    }
}

/// Reads the shop's settings; defaults where there are none.
///
/// # Errors
/// The [`Trouble`] of the link.
pub async fn get_shop(connection: &mut Connection) -> Result<Shop, Error> {
    Ok(connection
        .read(async |mut conn| read_shop(&mut conn).await)
        .await?)
}

/// [`get_shop`] over any connection.
pub(crate) async fn read_shop(conn: &mut impl ConnectionLike) -> Result<Shop, Trouble> {
    Ok(StoredShop::read(conn).await?.shop())
}

/// The clean text of a setting; `None` where it is missing or empty.
fn setting(raw: &[u8], longest: usize) -> Option<String> {
    let text = text::sanitize_to(raw, longest);
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// Sets the shop's name and currency, unless it has them already, and tells all open terminals.
///
/// # Errors
/// The [`Trouble`] of the link.
pub(crate) async fn name_shop(connection: &mut Connection, shop: &Shop) -> Result<(), Error> {
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
    /// The time zone by whose days and clocks the shop works.
    TimeZone,
    /// The way in which its clocks count the hours of a day.
    Hours,
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
            ShopField::TimeZone => "time_zone",
            ShopField::Hours => "hours",
            ShopField::ReceiptHead => "receipt_head",
            ShopField::ReceiptFoot => "receipt_foot",
            ShopField::BuyersCancel => "buyers_cancel",
        }
    }
}

/// The names of all settings of a shop.
pub const SHOP_FIELDS: [&str; 8] = [
    "name",
    "currency",
    "money",
    "time_zone",
    "hours",
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
    /// No way to count hours.
    #[error("“{0}” is not valid: write 24 or 12")]
    NoHours(String),
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
            "hours" if !written.is_empty() && Hours::named(written).is_none() => {
                return Err(ShopFlaw::NoHours(excerpt(written)));
            }
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

    /// All that it stores, by field.
    pub(super) fn fields(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.iter().map(|(field, value)| (*field, value.as_str()))
    }

    /// The shop as it is from then on, by this change alone.
    #[must_use]
    pub fn shop(&self) -> Shop {
        let mut stored = StoredShop::default();
        stored.set(self);
        stored.shop()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_tells_each_setting_as_it_is_then() {
        for (field, typed, told) in [
            (ShopField::Name, "", "trolley"),
            (ShopField::Money, "€1234.50", "€1234.50"),
            (ShopField::Money, "1.234,50 €", "1.234,50 €"),
            (ShopField::TimeZone, "", ""),
            (ShopField::Hours, "", "24"),
            (ShopField::BuyersCancel, "", "yes"),
            (ShopField::BuyersCancel, "no", "no"),
        ] {
            let mut change = ShopChange::default();
            change.set(field.name(), typed).unwrap();
            assert_eq!(change.shop().text(field), told, "{field:?}");
        }
    }

    #[test]
    fn a_person_goes_before_the_shop_in_hours_and_the_shop_before_a_computer_in_zones() {
        use Hours::{Twelve, TwentyFour};
        let here = TimeZone::fixed(jiff::tz::offset(5));
        for (of_person, of_shop, told) in [
            (None, None, TwentyFour),
            (None, Some(Twelve), Twelve),
            (Some(TwentyFour), Some(Twelve), TwentyFour),
            (Some(Twelve), Some(TwentyFour), Twelve),
            (Some(Twelve), None, Twelve),
        ] {
            for (zone, is_known) in [
                (None, false),
                (Some("Middle/Earth"), false),
                (Some("UTC"), true),
            ] {
                let shop = Shop {
                    time_zone: zone.map(|name| NamedZone::new(name.to_owned())),
                    hours: of_shop.map(|hours| NamedHours::new(hours.name().to_owned())),
                    ..Shop::default()
                };
                let clock = shop.clock(&PersonalClock {
                    zone: here.clone(),
                    hours: of_person,
                });
                assert_eq!(clock.hours, told);
                let expected = if is_known { &TimeZone::UTC } else { &here };
                assert_eq!(clock.zone, *expected, "{zone:?}");
            }
        }
    }
}
