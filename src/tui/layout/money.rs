//! Amounts that line up on their decimal point.

use crate::model::Money;

/// The digits after the point that the widest of these amounts shows.
pub fn decimals(amounts: impl Iterator<Item = Money>) -> usize {
    amounts
        .map(|amount| digits(&amount.to_string()))
        .max()
        .unwrap_or(2)
}

/// The amount, padded on its right so that its point stands where that of `decimals` digits does.
pub fn aligned(amount: Money, decimals: usize) -> String {
    let text = amount.to_string();
    let gap = decimals.saturating_sub(digits(&text));
    text + &" ".repeat(gap)
}

fn digits(text: &str) -> usize {
    text.split_once('.').map_or(0, |(_, digits)| digits.len())
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
    }
}
