//! Amounts that line up on their decimal point.

use crate::model::{Currency, Money, text};
use std::iter::repeat_n;

/// The most digits after the point that one of these amounts has, as the shop writes them.
pub(crate) fn decimals(currency: &Currency, amounts: impl Iterator<Item = Money>) -> usize {
    let places = amounts.map(|amount| currency.places_of(amount));
    places.max().unwrap_or(2)
}

/// The amount without its currency, with spaces at its right so that its point stands where that
/// of an amount with `decimals` digits does, with its currency or without.
pub(crate) fn aligned(currency: &Currency, amount: Money, decimals: usize) -> String {
    let behind = missing(currency, amount, decimals) + currency.columns_behind();
    with_spaces_behind(currency.number(amount), behind)
}

/// The amount with its currency, padded like [`aligned`].
pub(crate) fn aligned_in(currency: &Currency, amount: Money, decimals: usize) -> String {
    let behind = missing(currency, amount, decimals);
    with_spaces_behind(amount.in_currency(currency), behind)
}

/// The columns of the widest of these amounts, [`aligned`]: of those that line up, that is the
/// highest.
pub(crate) fn widest(
    currency: &Currency,
    amounts: impl Iterator<Item = Money>,
    decimals: usize,
) -> usize {
    let highest = amounts.max();
    highest.map_or(0, |highest| {
        text::width(&aligned(currency, highest, decimals))
    })
}

fn with_spaces_behind(mut text: String, spaces: usize) -> String {
    text.extend(repeat_n(' ', spaces));
    text
}

/// The columns by which the part of an amount from its point on is shorter than one with `decimals`
/// digits.
fn missing(currency: &Currency, amount: Money, decimals: usize) -> usize {
    let places = currency.places_of(amount);
    let point = usize::from(places == 0 && decimals > 0);
    decimals.saturating_sub(places) + point
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_line_up() {
        let amounts = ["2.4", "1.005", "12"].map(|text| Money::parse(text).unwrap());
        let francs = Currency::with_sign("Fr.");
        let three = decimals(&francs, amounts.into_iter());
        assert_eq!(
            amounts.map(|amount| aligned(&francs, amount, three)),
            ["2.40 ", "1.005", "12.00 "]
        );
        assert_eq!(
            amounts.map(|amount| aligned_in(&francs, amount, three)),
            ["Fr.2.40 ", "Fr.1.005", "Fr.12.00 "]
        );

        let kronor = Currency::from_example("1.234 kr").unwrap_or_default();
        assert_eq!(kronor, Currency::default(), "it may be a thousand");
        let kronor = Currency::from_example("12 kr").unwrap();
        let three = decimals(&kronor, amounts.into_iter());
        assert_eq!(
            amounts.map(|amount| aligned(&kronor, amount, three)),
            ["2.4     ", "1.005   ", "12       "]
        );
        assert_eq!(
            amounts.map(|amount| aligned_in(&kronor, amount, three)),
            ["2.4\u{a0}kr  ", "1.005\u{a0}kr", "12\u{a0}kr    "]
        );
    }
}
