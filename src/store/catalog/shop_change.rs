//! Changes of the shop's settings, as somebody types them.

use super::shop::{
    LONGEST_RECEIPT_TEXT, LONGEST_SHOP_NAME, NO, SHOP_FIELDS, Shop, StoredShop, YES,
};
use crate::model::currency::{self, ExampleError};
use crate::model::time::Hours;
use crate::model::{Currency, text};
use jiff::tz::TimeZone;
use std::collections::BTreeMap;

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

impl StoredShop {
    /// Returns whether all is stored that a change sets.
    pub(super) fn has(&self, change: &ShopChange) -> bool {
        let mut fields = change.fields();
        fields.all(|(field, value)| self.get(field) == value.as_bytes())
    }

    /// Sets what a change sets.
    pub(super) fn set(&mut self, change: &ShopChange) {
        for (field, value) in change.fields() {
            self.put(field, value);
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::catalog::shop::ShopField;

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
}
