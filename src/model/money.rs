//! Exact money. Prices are decimal strings in Redis and decimals here, never floats.

use super::Currency;
use rust_decimal::{Decimal, RoundingStrategy};
use std::fmt;

/// Digits before the decimal point that a price may have.
const WHOLE_DIGITS: usize = 12;
/// Digits after the decimal point that a price may have.
const FRACTION_DIGITS: usize = 6;

/// An exact amount in the shop's currency; never negative.
///
/// A price has at most 12 digits before and 6 after the point, so a sum over
/// 10,000 lines of 999,999 pieces still fits a [`Decimal`] of 28 digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Money(Decimal);

impl Money {
    /// No money at all: what sums begin with.
    pub const ZERO: Money = Money(Decimal::ZERO);

    /// Reads a price: digits, then optionally a point and digits. No sign, exponent or space.
    #[must_use]
    pub fn parse(text: &str) -> Option<Money> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        if !is_digits(whole, WHOLE_DIGITS) || !is_digits(fraction, FRACTION_DIGITS) {
            return None;
        }

        Decimal::from_str_exact(text).ok().map(Money)
    }

    /// The price that was meant where somebody wrote a comma for the point, as it is written right.
    #[must_use]
    pub(crate) fn with_point(text: &str) -> Option<String> {
        let (whole, fraction) = text.split_once(',')?;
        let meant = format!("{whole}.{fraction}");
        Money::parse(&meant).map(|_| meant)
    }

    /// This price for `quantity` pieces.
    #[must_use]
    pub fn times(self, quantity: u32) -> Money {
        Money(self.0.saturating_mul(Decimal::from(quantity)))
    }

    /// The equal part of each of `count`, rounded half up to two digits after the point; zero where
    /// there are none.
    #[must_use]
    pub(crate) fn shared_by(self, count: u64) -> Money {
        let part = self.0.checked_div(Decimal::from(count));
        let part = part.unwrap_or_default();
        Money(part.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero))
    }

    /// A price as digits and how many of them follow the point: 10 bytes for a million of
    /// them; `None` for a sum that outgrew what prices may be.
    pub(crate) fn packed(self) -> Option<(u64, u8)> {
        Some((
            u64::try_from(self.0.mantissa()).ok()?,
            u8::try_from(self.0.scale()).ok()?,
        ))
    }

    /// The amount of a price in millionths, for comparing it.
    pub(crate) fn millionths(self) -> u128 {
        let mut amount = self.0;
        amount.rescale(u32::try_from(FRACTION_DIGITS).unwrap_or(6));
        amount.mantissa().unsigned_abs()
    }

    /// The price that was [packed](Money::packed).
    pub(crate) fn unpacked(digits: u64, scale: u8) -> Option<Money> {
        Decimal::try_from_i128_with_scale(digits.into(), scale.into())
            .ok()
            .map(Money)
    }

    /// The rest after `other` is taken from it; zero where `other` is more.
    #[must_use]
    pub fn less(self, other: Money) -> Money {
        Money(self.0.saturating_sub(other.0).max(Decimal::ZERO))
    }

    /// The amount as people read it, with the sign of its currency: `€2.40`.
    #[must_use]
    pub fn in_currency(self, currency: &Currency) -> String {
        currency.amount(self)
    }

    /// The exact value.
    #[must_use]
    pub fn decimal(self) -> Decimal {
        self.0
    }
}

fn is_digits(part: &str, most: usize) -> bool {
    (1..=most).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit())
}

impl std::ops::Add for Money {
    type Output = Money;
    fn add(self, other: Money) -> Money {
        Money(self.0.saturating_add(other.0))
    }
}

impl std::iter::Sum for Money {
    fn sum<I: Iterator<Item = Money>>(all: I) -> Money {
        all.fold(Money::ZERO, |sum, one| sum + one)
    }
}

impl fmt::Display for Money {
    /// At least two digits after the point; more only where the amount has them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut amount = self.0.normalize();
        if amount.scale() < 2 {
            amount.rescale(2);
        }
        f.pad(&amount.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn money(text: &str) -> Money {
        Money::parse(text).unwrap()
    }

    #[test]
    fn prices_are_strict() {
        for good in [
            "0",
            "2",
            "2.4",
            "2.40",
            "19.99",
            "999999999999.999999",
            "007.50",
        ] {
            assert!(Money::parse(good).is_some(), "{good}");
        }
        for bad in [
            "",
            ".",
            "1.",
            ".5",
            "-1",
            "+1",
            "1e3",
            "1,5",
            " 1",
            "1 ",
            "nan",
            "inf",
            "0x1",
            "1.2.3",
            "1234567890123",
            "1.1234567",
            "١",
        ] {
            assert!(Money::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn sums_are_exact() {
        assert_eq!((money("0.10") + money("0.20")).to_string(), "0.30");
        assert_eq!(money("19.99").times(100).to_string(), "1999.00");
        assert_eq!(money("1.005").times(3).to_string(), "3.015");
        assert_eq!(money("2").to_string(), "2.00");
    }

    proptest! {
        /// Against integers: the amount in millionths.
        #[test]
        fn totals_agree_with_integers(lines in proptest::collection::vec((0u64..1_000_000_000_000, 0u32..1_000_000, 1u32..1_000_000), 0..50)) {
            let total: Money = lines.iter().map(|(whole, millionths, quantity)| money(&format!("{whole}.{millionths:06}")).times(*quantity)).sum();
            let exact: u128 = lines.iter().map(|(whole, millionths, quantity)| (u128::from(*whole) * 1_000_000 + u128::from(*millionths)) * u128::from(*quantity)).sum();
            let mut scaled = total.decimal();
            scaled.rescale(6);
            prop_assert_eq!(scaled.mantissa().unsigned_abs(), exact);
        }
    }
}
