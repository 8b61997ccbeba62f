//! Quantities: what a shopper may ask for, and what Redis may hold.

use super::{Refusal, text};
use std::fmt;

/// The most pieces on one line where nothing else is said.
pub(crate) const DEFAULT_LIMIT: u32 = 999;

/// The highest limit per line that can be set; a higher score in Redis is damage.
pub const HIGHEST_LIMIT: u32 = 999_999;

/// The quantity of a cart's line as Redis holds it, where any number may stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Quantity {
    /// A whole number from 1 to [`HIGHEST_LIMIT`].
    Whole(u32),
    /// Anything else, as clean text: -5, 1.5, inf, 9007199254740992.
    Damaged(String),
}

impl Quantity {
    /// Reads a score as Redis writes it.
    #[must_use]
    pub(crate) fn from_score(score: &str) -> Quantity {
        match score.parse::<u32>() {
            Ok(n)
                if (1..=HIGHEST_LIMIT).contains(&n)
                    && score.bytes().all(|b| b.is_ascii_digit()) =>
            {
                Quantity::Whole(n)
            }
            _ => Quantity::Damaged(text::sanitize_to(score.as_bytes(), 24)),
        }
    }

    /// The number of pieces; nothing where it is damaged.
    #[must_use]
    pub fn whole(&self) -> Option<u32> {
        match self {
            Quantity::Whole(n) => Some(*n),
            Quantity::Damaged(_) => None,
        }
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Quantity::Whole(n) => n.fmt(f),
            Quantity::Damaged(score) => f.pad(score),
        }
    }
}

fn is_digits(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit())
}

fn is_zero(part: &str) -> bool {
    part.bytes().all(|b| b == b'0')
}

/// Reads a quantity that somebody typed.
///
/// # Errors
/// Its own [`Refusal`] for no number, zero, a negative number, a fraction, and more than `limit`.
pub fn parse(typed: &str, limit: u32) -> Result<u32, Refusal> {
    let typed = typed.trim();
    let shown = text::sanitize_to(typed.as_bytes(), 24);

    let (negative, digits) = match typed.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, typed.strip_prefix('+').unwrap_or(typed)),
    };
    let (whole, fraction) = match digits.split_once(['.', ',']) {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (digits, None),
    };
    if !is_digits(whole) || fraction.is_some_and(|f| !is_digits(f)) {
        return Err(Refusal::NotANumber(shown));
    }

    match fraction {
        _ if is_zero(whole) && fraction.is_none_or(is_zero) => Err(Refusal::Zero),
        _ if negative => Err(Refusal::Negative(shown)),
        Some(_) => Err(Refusal::Fraction(shown)),
        None => match whole.parse::<u32>() {
            Ok(n) if n <= limit => Ok(n),
            _ => Err(Refusal::TooMany { limit, already: 0 }),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bad_quantity_has_its_own_refusal() {
        assert_eq!(parse("3", 999), Ok(3));
        assert_eq!(parse(" +12 ", 999), Ok(12));
        assert_eq!(parse("999", 999), Ok(999));
        for text in ["0", "-0", "0.0", "000"] {
            assert_eq!(parse(text, 999), Err(Refusal::Zero), "{text}");
        }
        for text in ["-1", "-2.5"] {
            assert!(
                matches!(parse(text, 999), Err(Refusal::Negative(_))),
                "{text}"
            );
        }
        for text in ["1.5", "1,5", "2.0"] {
            assert!(
                matches!(parse(text, 999), Err(Refusal::Fraction(_))),
                "{text}"
            );
        }
        for text in ["1000", "99999999999999999999999"] {
            assert!(
                matches!(parse(text, 999), Err(Refusal::TooMany { .. })),
                "{text}"
            );
        }
        for text in ["", "x", "1e3", "0x10", "inf", "1.", "--1", "١", "1 2"] {
            assert!(
                matches!(parse(text, 999), Err(Refusal::NotANumber(_))),
                "{text}"
            );
        }
    }

    #[test]
    fn scores_are_untrusted() {
        assert_eq!(Quantity::from_score("5"), Quantity::Whole(5));
        assert_eq!(Quantity::from_score("999999"), Quantity::Whole(999_999));
        for score in [
            "-5",
            "1.5",
            "inf",
            "-inf",
            "0",
            "1000000",
            "9007199254740992",
            "nan",
            "",
            "+5",
        ] {
            assert!(
                matches!(Quantity::from_score(score), Quantity::Damaged(_)),
                "{score}"
            );
        }
    }
}
