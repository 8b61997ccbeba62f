//! The shop's settings.

use crate::model::receipt::Letterhead;
use crate::model::time::{self, Clock, Hours, PersonalClock};
use crate::model::{Currency, text};
use crate::store::connection::{Connection, answer};
use crate::store::error::{Error, Trouble};
use crate::store::keys;
use jiff::tz::TimeZone;
use redis::aio::ConnectionLike;
use strum::VariantArray;

/// The longest name of a shop, in characters.
pub(crate) const LONGEST_SHOP_NAME: usize = 40;
/// The longest head or foot of receipts, in characters.
pub(crate) const LONGEST_RECEIPT_TEXT: usize = 200;
/// The longest name of a time zone, in characters.
pub(super) const LONGEST_TIME_ZONE: usize = 40;

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

/// The settings of a shop as they are stored, by their indexes in [`SHOP_FIELDS`].
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
        let stored = index_of(field).and_then(|index| self.0[index].as_deref());
        stored.unwrap_or_default()
    }

    /// Stores a setting, where a shop has it.
    pub(super) fn put(&mut self, field: &str, value: &str) {
        if let Some(index) = index_of(field) {
            self.0[index] = Some(value.as_bytes().to_vec());
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

/// The index of a setting in [`SHOP_FIELDS`].
fn index_of(field: &str) -> Option<usize> {
    SHOP_FIELDS.iter().position(|known| *known == field)
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
pub(super) const YES: &str = "yes";
pub(super) const NO: &str = "no";

#[cfg(test)]
mod tests {
    use super::*;

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
