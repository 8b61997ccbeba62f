//! Bar codes: the digits that a scanner types, and the number that somebody typed before them.
//!
//! A scanner is a keyboard. The digits of a number and those of a code that follows it come as one
//! row, which is told apart by the check digit and by the codes that products have, never by time.

use std::fmt;

/// The fewest digits of a code.
pub(crate) const SHORTEST: usize = 8;
/// The most digits of a code.
pub(crate) const LONGEST: usize = 14;
/// The most digits of a number before a command or a code.
pub(crate) const COUNT_DIGITS: usize = 6;
/// The sign that may stand between a number and a code: `30*4006381333931`.
pub(crate) const TIMES: char = '*';

/// The lengths of EAN-8, UPC-A, EAN-13 and GTIN-14, whose last digit checks the others.
const CHECKED_LENGTHS: [usize; 4] = [8, 12, 13, 14];

/// A code as products are found by it. Zeros before it mean nothing: a UPC-A is an EAN-13 that
/// begins with a zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Barcode(u64);

impl Barcode {
    /// Reads a code; `None` where it is none of 8 to 14 digits.
    pub(crate) fn parse(digits: &str) -> Option<Barcode> {
        if is_code(digits) {
            digits.parse().ok().map(Barcode)
        } else {
            None
        }
    }

    /// The codes of a product's field, with white space between them. What is no code is passed
    /// over.
    pub(crate) fn all_in(field: &str) -> impl Iterator<Item = Barcode> {
        field.split_whitespace().filter_map(Barcode::parse)
    }

    /// The ways to write the code with a check digit, as an id may have it.
    pub(crate) fn spellings(self) -> impl Iterator<Item = String> {
        CHECKED_LENGTHS
            .into_iter()
            .map(move |length| format!("{:0length$}", self.0))
    }
}

/// Returns whether a text is of as many digits as a code.
pub(crate) fn is_code(text: &str) -> bool {
    (SHORTEST..=LONGEST).contains(&text.len()) && are_digits(text)
}

/// Returns whether a code is as long as those that scanners send, with zeros before it or without.
pub(crate) fn has_usual_length(code: &str) -> bool {
    CHECKED_LENGTHS.contains(&code.len())
}

/// Returns whether a code is as long as those with a check digit, and has the right one.
pub(crate) fn has_check_digit(code: &str) -> bool {
    if !has_usual_length(code) || !are_digits(code) {
        return false;
    }

    // From the right, every second digit counts three times.
    let digits = code.bytes().rev().map(|digit| u32::from(digit - b'0'));
    let sum: u32 = digits
        .zip([1, 3].into_iter().cycle())
        .map(|(digit, weight)| digit * weight)
        .sum();
    sum.is_multiple_of(10)
}

fn are_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Reads the number of pieces before a command or a code; `None` where it is zero, or longer than
/// a number may be.
pub(crate) fn parse_count(digits: &str) -> Option<u32> {
    let count = digits.parse().ok().filter(|count| *count > 0);
    count.filter(|_| digits.len() <= COUNT_DIGITS && are_digits(digits))
}

/// A way to divide digits into a number and a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Split<'a> {
    /// The number before the code.
    pub count: Option<u32>,
    /// The code.
    pub code: &'a str,
}

impl Split<'_> {
    /// The pieces that are meant: one without a number.
    #[must_use]
    pub fn pieces(&self) -> u32 {
        self.count.unwrap_or(1)
    }
}

impl fmt::Display for Split<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.count {
            Some(count) => write!(f, "{count} × {}", self.code),
            None => f.write_str(self.code),
        }
    }
}

/// The meaning of digits with an Enter behind them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading<'a> {
    /// A code that the catalog knows, maybe with a number before it.
    Code(Split<'a>),
    /// Either of these: which one is not to be told.
    Ambiguous(Split<'a>, Split<'a>),
    /// A code by its check digit, and the catalog knows none.
    Unknown(&'a str),
    /// No code by any sign.
    NotACode,
}

/// Reads digits that somebody typed or scanned; `is_known` tells whether a product has a code.
///
/// A code that the catalog knows counts more than a check digit. But a number is never made of
/// digits that may belong to a longer code.
pub fn read(digits: &str, is_known: impl Fn(&str) -> bool) -> Reading<'_> {
    let splits = splits(digits);
    let is_checked = |split: &&Split<'_>| has_check_digit(split.code);

    let mut known = splits.iter().filter(|split| is_known(split.code));
    let Some(first) = known.next() else {
        return match splits.iter().find(is_checked) {
            Some(split) => Reading::Unknown(split.code),
            None => Reading::NotACode,
        };
    };

    // The longest code stands first.
    let longer = splits.iter().take_while(|split| *split != first);
    match longer
        .chain(known)
        .find(|other| is_known(other.code) || is_checked(other))
    {
        Some(other) => Reading::Ambiguous(*first, *other),
        None => Reading::Code(*first),
    }
}

/// The ways to divide digits, the longest code first.
fn splits(digits: &str) -> Vec<Split<'_>> {
    if let Some((count, code)) = digits.split_once(TIMES) {
        let count = parse_count(count);
        let is_whole = count.is_some() && Barcode::parse(code).is_some();
        return is_whole
            .then_some(Split { count, code })
            .into_iter()
            .collect();
    }

    let ends = 0..=COUNT_DIGITS.min(digits.len());
    ends.filter_map(|end| {
        let (count, code) = digits.split_at_checked(end)?;
        Barcode::parse(code)?;
        match count {
            "" => Some(Split { count: None, code }),
            // Nobody begins a number with a zero.
            _ if count.starts_with('0') => None,
            _ => Some(Split {
                count: Some(parse_count(count)?),
                code,
            }),
        }
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    const BREW: &str = "4006381333931";
    const COLA: &str = "012345678905";
    const TEA: &str = "96385074";

    /// Reads digits where the catalog knows these codes, as text.
    fn told(digits: &str, known: &[&str]) -> String {
        let is_known = |code: &str| {
            let mut codes = known.iter();
            match has_usual_length(code) {
                true => codes.any(|known| Barcode::parse(known) == Barcode::parse(code)),
                false => known.contains(&code),
            }
        };
        match read(digits, is_known) {
            Reading::Code(split) => split.to_string(),
            Reading::Ambiguous(one, other) => format!("{one} or {other}"),
            Reading::Unknown(code) => format!("unknown {code}"),
            Reading::NotACode => "no code".to_owned(),
        }
    }

    #[test]
    fn digits_are_told_apart() {
        let all = [BREW, COLA, TEA];
        for (digits, meant) in [
            (BREW, "4006381333931"),
            ("34006381333931", "3 × 4006381333931"),
            ("124006381333931", "12 × 4006381333931"),
            (COLA, "012345678905"),
            // A UPC-A is an EAN-13 with a zero before it, and a GTIN-14 with two.
            ("0012345678905", "0012345678905"),
            ("00012345678905", "00012345678905"),
            ("3012345678905", "3 × 012345678905"),
            (TEA, "96385074"),
            ("596385074", "5 × 96385074"),
            ("99999996385074", "999999 × 96385074"),
            // A zero may end the number, or begin the code.
            (
                "304006381333931",
                "3 × 04006381333931 or 30 × 4006381333931",
            ),
            ("30*4006381333931", "30 × 4006381333931"),
            ("3*04006381333931", "3 × 04006381333931"),
            ("20012345678905", "2 × 0012345678905 or 20 × 012345678905"),
            // A GTIN-14 by its check digit.
            ("17012345678905", "17 × 012345678905 or 17012345678905"),
            ("17*012345678905", "17 × 012345678905"),
            // Nobody knows these.
            ("4006381333900", "unknown 4006381333900"),
            ("34006381333900", "unknown 4006381333900"),
            ("3*4006381333900", "unknown 4006381333900"),
            ("4006381333930", "no code"),
            ("12345678", "no code"),
            // Neither a number of seven digits nor a zero stands before a code.
            ("123456796385074", "no code"),
            ("0396385074", "no code"),
            ("0*96385074", "no code"),
            ("1000000*96385074", "no code"),
            ("3**96385074", "no code"),
            ("*96385074", "no code"),
            ("96385074*", "no code"),
            ("1234567", "no code"),
            ("", "no code"),
            ("9638507é", "no code"),
        ] {
            assert_eq!(told(digits, &all), meant, "{digits}");
        }
    }

    #[test]
    fn what_the_catalog_knows_counts_more_than_a_check_digit() {
        // The shop's own code has no check digit.
        assert_eq!(told("1234567890", &["1234567890"]), "1234567890");
        assert_eq!(told("21234567890", &["1234567890"]), "2 × 1234567890");
        // The last eight digits are an EAN-8 by their check digit.
        let code = "4000696385074";
        assert!(has_check_digit(code) && has_check_digit(TEA));
        assert_eq!(told(code, &[code]), code);
        // It is known, and its code may be another one that is not.
        assert_eq!(told(code, &[TEA]), "40006 × 96385074 or 4000696385074");
        assert_eq!(
            told(code, &[code, TEA]),
            "4000696385074 or 40006 × 96385074"
        );
    }

    #[test]
    fn a_field_may_hold_several_codes() {
        let codes = Barcode::all_in("4006381333931  012345678905\t1 x 123456789012345");
        let read: Vec<u64> = codes.map(|code| code.0).collect();
        assert_eq!(read, [4_006_381_333_931, 12_345_678_905]);

        let spellings: Vec<String> = Barcode(12_345_678_905).spellings().collect();
        assert_eq!(
            spellings,
            [
                "12345678905",
                "012345678905",
                "0012345678905",
                "00012345678905"
            ]
        );
    }

    /// A code of one of the usual lengths, with its check digit.
    fn code() -> impl Strategy<Value = String> {
        proptest::sample::select(&CHECKED_LENGTHS[..])
            .prop_flat_map(|length| proptest::collection::vec(0u8..10, length - 1))
            .prop_map(|digits| {
                let digits: String = digits.iter().map(u8::to_string).collect();
                let with_last = (0..10).map(|last| format!("{digits}{last}"));
                with_last
                    .clone()
                    .find(|code| has_check_digit(code))
                    .unwrap()
            })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]

        /// A code is read as itself, with its number, or refused: never as another one, nor as a
        /// number of pieces that nobody typed.
        #[test]
        fn no_code_is_read_as_a_number(
            codes in proptest::collection::vec(code(), 1..30),
            scanned in code(),
            is_sold in any::<bool>(),
            count in proptest::option::of(1u32..=999_999),
        ) {
            let mut known: HashSet<u64> =
                codes.iter().filter_map(|code| Some(Barcode::parse(code)?.0)).collect();
            if is_sold {
                known.extend(Barcode::parse(&scanned).map(|code| code.0));
            }
            let is_known = |code: &str| {
                has_usual_length(code)
                    && Barcode::parse(code).is_some_and(|code| known.contains(&code.0))
            };
            let typed = count.map_or_else(String::new, |count| count.to_string());
            let digits = format!("{typed}{scanned}");

            match read(&digits, is_known) {
                Reading::Code(split) => {
                    prop_assert_eq!(split.pieces(), count.unwrap_or(1));
                    prop_assert_eq!(Barcode::parse(split.code), Barcode::parse(&scanned));
                }
                Reading::Unknown(_) => prop_assert!(!is_known(&scanned)),
                Reading::Ambiguous(..) => {}
                Reading::NotACode => prop_assert!(false, "{} is a code", digits),
            }

            // With the sign between them nothing is left to guess.
            if let (true, Some(count)) = (is_sold, count) {
                let apart = format!("{count}{TIMES}{scanned}");
                let split = Split { count: Some(count), code: &scanned };
                prop_assert_eq!(read(&apart, is_known), Reading::Code(split));
            }
        }

        #[test]
        fn nothing_that_is_typed_is_a_panic(typed in "[0-9*é ]{0,24}") {
            let _ = read(&typed, |code| code.len() > 9);
        }
    }
}
