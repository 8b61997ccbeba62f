//! Digits of blocks, readable across a room.

/// The columns of a digit.
pub(super) const WIDTH: u16 = 6;
/// Its rows.
pub(super) const HEIGHT: u16 = 5;
/// The columns between two digits.
pub(super) const GAP: u16 = 2;

/// The digits by their rows: a sign stands for two columns.
const DIGITS: [[&str; HEIGHT as usize]; 10] = [
    ["###", "# #", "# #", "# #", "###"],
    [" # ", "## ", " # ", " # ", "###"],
    ["###", "  #", "###", "#  ", "###"],
    ["###", "  #", "###", "  #", "###"],
    ["# #", "# #", "###", "  #", "  #"],
    ["###", "#  ", "###", "  #", "###"],
    ["###", "#  ", "###", "# #", "###"],
    ["###", "  #", "  #", "  #", "  #"],
    ["###", "# #", "###", "# #", "###"],
    ["###", "# #", "###", "  #", "###"],
];

/// The columns of a number of so many digits, `scale` times as large.
pub(super) fn width(digits: usize, scale: u16) -> u16 {
    let digits = u16::try_from(digits).unwrap_or(u16::MAX);
    digits
        .saturating_mul(WIDTH + GAP)
        .saturating_sub(GAP)
        .saturating_mul(scale)
}

/// The rows of a number, `scale` times as large; `None` where it is no number.
pub(super) fn rows(number: &str, scale: u16) -> Option<Vec<String>> {
    let digits: Vec<&[&str; HEIGHT as usize]> = number
        .chars()
        .map(|digit| DIGITS.get(digit.to_digit(10)? as usize))
        .collect::<Option<_>>()?;
    let scale = usize::from(scale);
    let gap = " ".repeat(usize::from(GAP) * scale);

    let rows = (0..usize::from(HEIGHT)).flat_map(|row| {
        let digits = digits.iter().map(|digit| blocks(digit[row], scale));
        let digits: Vec<String> = digits.collect();
        std::iter::repeat_n(digits.join(&gap), scale)
    });
    Some(rows.collect())
}

/// The blocks of a row of a digit.
fn blocks(row: &str, scale: usize) -> String {
    let blocks = row.chars().map(|sign| match sign {
        '#' => "█".repeat(2 * scale),
        _ => " ".repeat(2 * scale),
    });
    blocks.collect()
}
