//! Amounts that line up on their decimal point.

use crate::model::Money;

/// The most digits after the point that one of these amounts has.
pub(crate) fn decimals(amounts: impl Iterator<Item = Money>) -> usize {
    amounts
        .map(|amount| digits_after_point(&amount.to_string()))
        .max()
        .unwrap_or(2)
}

/// The amount, with spaces at its right so that its point stands where that of an amount with
/// `decimals` digits does.
pub(crate) fn aligned(amount: Money, decimals: usize) -> String {
    pad(amount.to_string(), decimals)
}

/// The amount with its currency, padded like [`aligned`].
pub(crate) fn aligned_in(currency: &str, amount: Money, decimals: usize) -> String {
    pad(amount.in_currency(currency), decimals)
}

fn pad(amount: String, decimals: usize) -> String {
    let missing = decimals.saturating_sub(digits_after_point(&amount));
    amount + &" ".repeat(missing)
}

/// The digits after the last point; the sign of a currency before the amount may have one, too.
fn digits_after_point(amount: &str) -> usize {
    amount
        .rsplit_once('.')
        .map_or(0, |(_, digits)| digits.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_line_up() {
        let amounts = ["2.4", "1.005", "12"].map(|text| Money::parse(text).unwrap());
        let decimals = decimals(amounts.into_iter());
        assert_eq!(
            amounts.map(|amount| aligned(amount, decimals)),
            ["2.40 ", "1.005", "12.00 "]
        );
        assert_eq!(
            amounts.map(|amount| aligned_in("Fr.", amount, decimals)),
            ["Fr.2.40 ", "Fr.1.005", "Fr.12.00 "]
        );
    }
}
