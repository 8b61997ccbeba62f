//! The digits typed before a command.

use crate::model::barcode::{self, COUNT_DIGITS, LONGEST, SHORTEST, TIMES};

/// The most digits that are kept: more than a number and a code have, so that two codes in a row
/// are not taken for one.
const MOST_KEPT: usize = COUNT_DIGITS + 1 + LONGEST + 1;

/// The digits typed before a command: the number for it or, if Enter follows enough of them, a code
/// from a scanner. Nothing but the next key tells which.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TypedDigits(String);

impl TypedDigits {
    /// Adds a digit, or the sign between a number and a code; returns whether it is one.
    pub(crate) fn push(&mut self, typed: char) -> bool {
        let is_taken = match typed {
            // Behind what is no number it stays, so that the code is not taken for more than it is.
            TIMES => !self.0.is_empty() && !self.0.contains(TIMES),
            _ => typed.is_ascii_digit(),
        };
        if is_taken && self.0.len() < MOST_KEPT {
            self.0.push(typed);
        }
        is_taken
    }

    /// Drops what was typed.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// Returns whether none was typed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The digits as they were typed.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The number; `None` where it is zero, or there are none or too many digits.
    #[must_use]
    pub fn count(&self) -> Option<u32> {
        barcode::parse_count(self.0.strip_suffix(TIMES).unwrap_or(&self.0))
    }

    /// Returns whether a number was typed that is zero.
    #[must_use]
    pub(crate) fn are_zero(&self) -> bool {
        !self.0.is_empty() && self.0.bytes().all(|digit| digit == b'0')
    }

    /// Returns whether the digits are too many for a number.
    #[must_use]
    pub(crate) fn are_no_number(&self) -> bool {
        let number = self.0.strip_suffix(TIMES).unwrap_or(&self.0);
        number.len() > COUNT_DIGITS || number.contains(TIMES)
    }
}

/// Returns whether digits are enough for a code, be it a good one or not.
fn may_be_code(digits: &str) -> bool {
    let code = digits.split_once(TIMES).map_or(digits, |(_, code)| code);
    code.len() >= SHORTEST
}

/// Returns whether a text is nothing but digits that may be a code, maybe with a number before it.
pub(crate) fn are_scanned(text: &str) -> bool {
    may_be_code(text) && text.chars().all(|c| c.is_ascii_digit() || c == TIMES)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(text: &str) -> TypedDigits {
        let mut digits = TypedDigits::default();
        for c in text.chars() {
            digits.push(c);
        }
        digits
    }

    #[test]
    fn digits_are_a_number_or_a_code() {
        for (text, kept, count, are_no_number, may_be_code) in [
            ("", "", None, false, false),
            ("12", "12", Some(12), false, false),
            ("012", "012", Some(12), false, false),
            ("0", "0", None, false, false),
            ("999999", "999999", Some(999_999), false, false),
            ("1234567", "1234567", None, true, false),
            ("96385074", "96385074", None, true, true),
            ("3x", "3", Some(3), false, false),
            ("30*", "30*", Some(30), false, false),
            ("*0*3", "0*3", None, true, false),
            ("0*96385074", "0*96385074", None, true, true),
            ("30**96385074", "30*96385074", None, true, true),
            ("30*9638507", "30*9638507", None, true, false),
            (
                "40063813339314006381333931",
                "4006381333931400638133",
                None,
                true,
                true,
            ),
        ] {
            let digits = typed(text);
            assert_eq!(digits.as_str(), kept, "{text}");
            assert_eq!(digits.count(), count, "{text}");
            assert_eq!(digits.are_no_number(), are_no_number, "{text}");
            assert_eq!(super::may_be_code(digits.as_str()), may_be_code, "{text}");
        }
    }

    #[test]
    fn what_is_kept_of_two_codes_is_no_code() {
        let digits = typed(&"4006381333931".repeat(2));
        let read = barcode::read(digits.as_str(), |_| true);
        assert_eq!(read, barcode::Reading::NotACode);
    }
}
