//! The way a shop writes money: the sign of its currency and the notation of amounts, both read
//! from one example such as `1.234,50 €`.
//!
//! Only what people read and type is written so. Redis, files and JSON keep decimal strings.

use super::{Money, text};
use serde::{Serialize, Serializer};
use std::fmt;
use std::iter::repeat_n;

/// The longest sign of a currency, in characters.
pub(crate) const LONGEST_SIGN: usize = 4;
/// The longest example, in characters.
pub(crate) const LONGEST_EXAMPLE: usize = 32;

/// The most digits behind the point.
const MOST_PLACES: u32 = 6;
/// The digits of a group next to the point.
const GROUP: usize = 3;
/// The digits of an amount with all kinds of groups.
const MANY_DIGITS: &str = "1234567";
/// The digits of an amount with one group at most.
const FEW_DIGITS: &str = "1234";
/// A blank at which no line is wrapped.
const BLANK: char = '\u{a0}';

/// Signs of currencies without a smaller unit in use. Where an example could mean a thousand or
/// three digits behind the point, they decide.
const WITHOUT_PLACES: &[&str] = &[
    "¥", "円", "JP¥", "JPY", "₩", "KRW", "₫", "VND", "Ft", "HUF", "ISK", "CLP", "₲", "PYG", "Rp",
    "IDR", "XAF", "XOF", "XPF", "FCFA", "UGX", "RWF",
];
/// Signs of currencies with thousandths.
const WITH_THREE_PLACES: &[&str] = &[
    "KD", "KWD", "BD", "BHD", "OMR", "JD", "JOD", "DT", "TND", "LD", "LYD", "IQD",
];

/// Signs that are no letters of ASCII, and the letters that ISO 4217 has for their currencies.
const IN_LETTERS: &[(&str, &str)] = &[
    ("€", "EUR"),
    ("£", "GBP"),
    ("¥", "JPY"),
    ("円", "JPY"),
    ("JP¥", "JPY"),
    ("CN¥", "CNY"),
    ("元", "CNY"),
    ("₹", "INR"),
    ("₩", "KRW"),
    ("₽", "RUB"),
    ("zł", "PLN"),
    ("Kč", "CZK"),
    ("₫", "VND"),
    ("₪", "ILS"),
    ("₺", "TRY"),
    ("₴", "UAH"),
    ("฿", "THB"),
    ("₱", "PHP"),
    ("₦", "NGN"),
    ("₲", "PYG"),
];

/// The way in which a shop writes money.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Currency {
    sign: String,
    notation: Notation,
    /// The letters that stand for the sign where amounts are shown; what is stored has the sign.
    letters: Option<&'static str>,
}

/// The way in which amounts are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Notation {
    /// The character before the digits that are parts of one.
    point: char,
    /// The least number of those digits. An amount that has more keeps them.
    places: u32,
    grouping: Grouping,
    position: SignPosition,
    /// A blank stands between sign and amount.
    is_apart: bool,
}

/// The character that parts groups of digits, and the length of all groups but the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Grouping {
    None,
    /// `1,234,567`
    Thousands(char),
    /// `12,34,567`
    Indian(char),
}

/// The side of an amount on which the sign stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SignPosition {
    Before,
    After,
}

impl Default for Notation {
    /// `€1234.50`
    fn default() -> Notation {
        Notation {
            point: '.',
            places: 2,
            grouping: Grouping::None,
            position: SignPosition::Before,
            is_apart: false,
        }
    }
}

/// The reason why an example says nothing about money.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExampleError {
    /// It is no amount.
    #[error("“{0}” is not an amount: type one like 1,234.50")]
    NotAnAmount(String),
    /// Its only mark may stand before thousands or before three digits of parts.
    #[error("“{shown}” may mean thousands, or {whole} and a fraction: type {grouped} or {parted}")]
    Ambiguous {
        /// The example.
        shown: String,
        /// Its digits before the mark.
        whole: String,
        /// An example that can only have groups.
        grouped: String,
        /// An example that can only have parts.
        parted: String,
    },
}

impl Currency {
    /// A currency with this sign, amounts written as in `€1234.50`.
    #[must_use]
    pub fn with_sign(sign: &str) -> Currency {
        Currency {
            sign: sign.to_owned(),
            notation: Notation::default(),
            letters: None,
        }
    }

    /// The currency whose sign and example were stored; both may be any text. An example that says
    /// nothing leaves the usual notation.
    #[must_use]
    pub fn stored(sign: Option<&[u8]>, example: Option<&[u8]>) -> Currency {
        let sign = text::sanitize_to(sign.unwrap_or_default(), LONGEST_SIGN);
        let currency = Currency::with_sign(sign.trim());
        currency.written_like(example)
    }

    /// The same currency, written like a stored example.
    #[must_use]
    pub(crate) fn written_like(self, example: Option<&[u8]>) -> Currency {
        let example = String::from_utf8_lossy(example.unwrap_or_default());
        let example = Currency::from_example(&example);
        Currency {
            notation: example.map(|read| read.notation).unwrap_or_default(),
            ..self
        }
    }

    /// Tells whether amounts in both can be added up: they have the same sign.
    #[must_use]
    pub(crate) fn is_same_as(&self, other: &Currency) -> bool {
        self.sign == other.sign
    }

    /// Reads how money is written from one example: `€1,234.50`, `1.234,50 €`, `¥1,234`, `KD 1.234`,
    /// `₹1,23,456.00`.
    ///
    /// # Errors
    /// [`ExampleError`]
    pub fn from_example(example: &str) -> Result<Currency, ExampleError> {
        let not_an_amount = || {
            let shown = text::sanitize_to(example.trim().as_bytes(), LONGEST_EXAMPLE);
            ExampleError::NotAnAmount(shown)
        };
        if example.chars().count() > LONGEST_EXAMPLE {
            return Err(not_an_amount());
        }

        let first = example.find(|c: char| c.is_ascii_digit());
        let last = example.rfind(|c: char| c.is_ascii_digit());
        let (Some(first), Some(last)) = (first, last) else {
            return Err(not_an_amount());
        };
        let (before, after) = (&example[..first], &example[last + 1..]);
        let (position, beside) = match (before.trim(), after.trim()) {
            (_, "") => (SignPosition::Before, before),
            ("", _) => (SignPosition::After, after),
            _ => return Err(not_an_amount()),
        };
        let sign = beside.trim();
        if sign.chars().count() > LONGEST_SIGN {
            return Err(not_an_amount());
        }

        let digits = Digits::of(&example[first..=last]).ok_or_else(not_an_amount)?;
        let (point, places, grouping) =
            digits.notation(sign, example)?.ok_or_else(not_an_amount)?;
        Ok(Currency {
            sign: sign.to_owned(),
            notation: Notation {
                point,
                places,
                grouping,
                position,
                is_apart: sign.len() < beside.len() && !sign.is_empty(),
            },
            letters: None,
        })
    }

    /// The sign: `€`; empty where the shop has none.
    #[must_use]
    pub fn sign(&self) -> &str {
        &self.sign
    }

    /// Shows amounts with letters in place of the sign, where it has some: `EUR 4.50` for `€4.50`.
    pub fn show_letters(&mut self) {
        // Yuan have the sign of yen, and places.
        let is_unsure = self.sign == "¥" && self.notation.places > 0;
        let known = IN_LETTERS.iter().find(|(sign, _)| *sign == self.sign);
        self.letters = known.filter(|_| !is_unsure).map(|(_, letters)| *letters);
    }

    /// The sign as amounts show it.
    #[must_use]
    pub(crate) fn shown_sign(&self) -> &str {
        self.letters.unwrap_or(&self.sign)
    }

    /// Tells whether a blank stands between sign and amount. Letters are always apart.
    fn is_sign_apart(&self) -> bool {
        let is_apart = self.notation.is_apart || self.letters.is_some();
        is_apart && !self.sign.is_empty()
    }

    /// The example from which the notation can be read again; empty for the usual one.
    #[must_use]
    pub fn example(&self) -> String {
        if self.notation == Notation::default() {
            return String::new();
        }
        match self.notation.grouping {
            Grouping::Thousands(_) | Grouping::Indian(_) => self.sample_of(MANY_DIGITS),
            Grouping::None => self.sample_of(FEW_DIGITS),
        }
    }

    /// An amount that shows how the shop writes money: `1.234,50 €`. Where so few digits would be
    /// read as another notation, it has more: `₹12,34,567.50`.
    #[must_use]
    pub fn sample(&self) -> String {
        self.sample_of(self.sample_digits())
    }

    /// The same as amounts show it: `1.234,50 EUR` where letters stand for the sign.
    #[must_use]
    pub(crate) fn shown_sample(&self) -> String {
        self.with_sign_beside(&self.write(self.sample_digits(), self.parts("5")))
    }

    /// The digits before the point of a sample.
    fn sample_digits(&self) -> &'static str {
        let short = self.sample_of(FEW_DIGITS);
        let long = self.sample_of(MANY_DIGITS);
        match Currency::from_example(&short) {
            Ok(read) if read.sample_of(MANY_DIGITS) == long => FEW_DIGITS,
            Ok(_) | Err(_) => MANY_DIGITS,
        }
    }

    /// A small amount without the sign, as an example of what may be typed: `12,40`.
    #[must_use]
    pub(crate) fn small_sample(&self) -> String {
        self.write("12", self.parts("4"))
    }

    fn sample_of(&self, whole: &str) -> String {
        let as_stored = Currency {
            letters: None,
            ..self.clone()
        };
        as_stored.with_sign_beside(&self.write(whole, self.parts("5")))
    }

    /// These digits behind the point, where the shop writes any.
    fn parts(&self, digits: &'static str) -> &'static str {
        match self.notation.places {
            0 => "",
            1.. => digits,
        }
    }

    /// An amount with its sign: `1.234,50 €`.
    #[must_use]
    pub(super) fn amount(&self, amount: Money) -> String {
        self.with_sign_beside(&self.number(amount))
    }

    /// An amount without the sign: `1.234,50`. It has as many digits behind the point as the shop
    /// writes, and more where it is not exact with those.
    #[must_use]
    pub fn number(&self, amount: Money) -> String {
        let amount = amount.decimal();
        let scale = usize::try_from(amount.scale()).unwrap_or(0);
        let digits = format!("{:0>1$}", amount.mantissa(), scale + 1);
        let (whole, parts) = digits.split_at(digits.len() - scale);
        self.write(whole, parts.trim_end_matches('0'))
    }

    /// The digits behind the point of an amount as [`Currency::number`] writes it.
    #[must_use]
    pub(crate) fn places_of(&self, amount: Money) -> usize {
        let amount = amount.decimal();
        let places = if amount.scale() <= self.notation.places {
            self.notation.places
        } else {
            self.notation.places.max(amount.normalize().scale())
        };
        usize::try_from(places).unwrap_or(0)
    }

    /// The columns that the sign takes behind an amount.
    #[must_use]
    pub(crate) fn columns_behind(&self) -> usize {
        match self.notation.position {
            SignPosition::Before => 0,
            SignPosition::After => {
                text::width(self.shown_sign()) + usize::from(self.is_sign_apart())
            }
        }
    }

    /// Reads an amount that somebody typed: as the shop writes it, with or without the sign, or as a
    /// plain decimal.
    #[must_use]
    pub fn read(&self, typed: &str) -> Option<Money> {
        let mut amount = typed.trim();
        for sign in [&self.sign, self.shown_sign()] {
            amount = amount.strip_prefix(sign).unwrap_or(amount);
            amount = amount.strip_suffix(sign).unwrap_or(amount);
            amount = amount.trim();
        }
        let as_written = self.plain(amount).and_then(|plain| Money::parse(&plain));
        as_written.or_else(|| Money::parse(amount))
    }

    /// The plain decimal of an amount in the shop's notation.
    fn plain(&self, amount: &str) -> Option<String> {
        let (whole, parts) = match amount.split_once(self.notation.point) {
            Some((whole, parts)) => (whole, Some(parts)),
            None => (amount, None),
        };

        let digits: String = whole.chars().filter(char::is_ascii_digit).collect();
        let is_grouped = digits.len() < whole.len();
        let expected: String = self.notation.grouped(&digits).chars().map(alike).collect();
        let has: String = whole.chars().map(alike).collect();
        if is_grouped && has != expected {
            return None;
        }
        Some(match parts {
            Some(parts) => format!("{digits}.{parts}"),
            None => digits,
        })
    }

    fn write(&self, whole: &str, parts: &str) -> String {
        let places = usize::try_from(self.notation.places).unwrap_or(0);
        let places = places.max(parts.len());

        let mut number = self.notation.grouped(whole);
        if places > 0 {
            number.push(self.notation.point);
            number.push_str(parts);
            number.extend(repeat_n('0', places - parts.len()));
        }
        number
    }

    fn with_sign_beside(&self, amount: &str) -> String {
        let sign = self.shown_sign();
        let mut buffer = [0; BLANK.len_utf8()];
        let blank = match self.is_sign_apart() {
            true => BLANK.encode_utf8(&mut buffer),
            false => "",
        };
        match self.notation.position {
            SignPosition::Before => [sign, blank, amount].concat(),
            SignPosition::After => [amount, blank, sign].concat(),
        }
    }
}

impl fmt::Display for Currency {
    /// Its sign.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.sign)
    }
}

impl Serialize for Currency {
    /// Its sign: documents write amounts as decimal strings.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.sign)
    }
}

impl Notation {
    /// Parts the digits before the point into groups.
    fn grouped(&self, digits: &str) -> String {
        let (mark, others) = match self.grouping {
            Grouping::None => return digits.to_owned(),
            Grouping::Thousands(mark) => (mark, GROUP),
            Grouping::Indian(mark) => (mark, 2),
        };

        let mut grouped = String::new();
        for (index, digit) in digits.chars().enumerate() {
            let behind = digits.len() - index;
            let ends_group =
                behind == GROUP || (behind > GROUP && (behind - GROUP).is_multiple_of(others));
            if index > 0 && ends_group {
                grouped.push(mark);
            }
            grouped.push(digit);
        }
        grouped
    }
}

/// The digits of an example, parted by marks.
struct Digits<'a> {
    /// The digits between the marks; none is empty.
    runs: Vec<&'a str>,
    /// The marks, as they are written on the screen.
    marks: Vec<char>,
}

impl Digits<'_> {
    /// Takes an example apart; `None` where there is something else than digits and single marks
    /// in it.
    fn of(amount: &str) -> Option<Digits<'_>> {
        let runs: Vec<&str> = amount.split(|c: char| !c.is_ascii_digit()).collect();
        let others = amount.chars().filter(|c| !c.is_ascii_digit());
        let marks: Option<Vec<char>> = others.map(mark).collect();
        let is_well_parted = runs.iter().all(|run| !run.is_empty());
        Some(Digits {
            runs,
            marks: marks.filter(|_| is_well_parted)?,
        })
    }

    /// The point, the digits behind it, and the grouping; `None` where the example has no sense.
    fn notation(
        &self,
        sign: &str,
        example: &str,
    ) -> Result<Option<(char, u32, Grouping)>, ExampleError> {
        Ok(match self.marks[..] {
            [] => Some(('.', 0, Grouping::None)),
            [mark @ (BLANK | '’')] => {
                let grouping = self.grouping(&self.runs, mark);
                grouping.map(|grouping| (other_point(mark), 0, grouping))
            }
            [mark] => match self.single(mark, sign, example)? {
                SingleMark::Point => self.parts().map(|places| (mark, places, Grouping::None)),
                SingleMark::Group => {
                    let grouping = self.grouping(&self.runs, mark);
                    grouping.map(|grouping| (other_point(mark), 0, grouping))
                }
            },
            [first, .., last] if self.marks.iter().all(|mark| *mark == first) => {
                let grouping = self.grouping(&self.runs, last);
                grouping.map(|grouping| (other_point(last), 0, grouping))
            }
            [first, .., last] => {
                let groups = self.marks.len() - 1;
                let are_alike = self.marks[..groups].iter().all(|mark| *mark == first);
                let is_point = matches!(last, '.' | ',') && are_alike;
                let whole = &self.runs[..=groups];
                let grouping = self.grouping(whole, first).filter(|_| is_point);
                grouping.and_then(|grouping| Some((last, self.parts()?, grouping)))
            }
        })
    }

    /// The meaning of the only mark of an example.
    fn single(&self, mark: char, sign: &str, example: &str) -> Result<SingleMark, ExampleError> {
        let (whole, behind) = (self.runs[0], self.runs[1]);
        let can_be_group = behind.len() == GROUP && whole.len() <= GROUP && !whole.starts_with('0');

        if !can_be_group || WITH_THREE_PLACES.contains(&sign) {
            return Ok(SingleMark::Point);
        }
        if WITHOUT_PLACES.contains(&sign) {
            return Ok(SingleMark::Group);
        }

        let other = other_point(mark);
        Err(ExampleError::Ambiguous {
            shown: text::sanitize_to(example.trim().as_bytes(), LONGEST_EXAMPLE),
            whole: whole.to_owned(),
            grouped: format!("{whole}{mark}{behind}{other}00"),
            parted: format!("0{mark}{behind}"),
        })
    }

    /// The number of digits behind the point.
    fn parts(&self) -> Option<u32> {
        let behind = self.runs.last()?.len();
        u32::try_from(behind).ok().filter(|it| *it <= MOST_PLACES)
    }

    /// The grouping of these runs of digits.
    fn grouping(&self, runs: &[&str], mark: char) -> Option<Grouping> {
        let lengths: Vec<usize> = runs.iter().map(|run| run.len()).collect();
        match &lengths[..] {
            [1..=3, GROUP] => Some(Grouping::Thousands(mark)),
            [1..=3, middle @ .., GROUP] if middle.iter().all(|length| *length == GROUP) => {
                Some(Grouping::Thousands(mark))
            }
            [1..=2, middle @ .., GROUP] if middle.iter().all(|length| *length == 2) => {
                Some(Grouping::Indian(mark))
            }
            _ => None,
        }
    }
}

/// The meaning of a mark between digits.
enum SingleMark {
    Point,
    Group,
}

/// A mark between digits as it is written on the screen; `None` where it is none.
fn mark(c: char) -> Option<char> {
    match c {
        '.' | ',' => Some(c),
        '\'' | '’' => Some('’'),
        c if is_blank(c) => Some(BLANK),
        _ => None,
    }
}

/// The point that goes with groups parted by this mark.
fn other_point(mark: char) -> char {
    match mark {
        ',' | '’' => '.',
        _ => ',',
    }
}

/// One character for all that look alike, so that people may type any of them.
fn alike(c: char) -> char {
    mark(c).unwrap_or(c)
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\u{a0}' | '\u{2009}' | '\u{202f}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn money(text: &str) -> Money {
        Money::parse(text).unwrap()
    }

    /// Examples, a million in their notation, and a small amount.
    const NOTATIONS: [(&str, &str, &str); 17] = [
        ("€1,234.50", "€1,234,567.50", "€2.40"),
        ("1.234,50 €", "1.234.567,50 €", "2,40 €"),
        ("1 234,50 €", "1 234 567,50 €", "2,40 €"),
        ("CHF 1'234.50", "CHF 1’234’567.50", "CHF 2.40"),
        ("$1234.50", "$1234567.50", "$2.40"),
        ("¥1,234", "¥1,234,567.5", "¥2.4"),
        ("KD 1.234", "KD 1234567.500", "KD 2.400"),
        ("KD 1,234.500", "KD 1,234,567.500", "KD 2.400"),
        ("₹1,23,456.00", "₹12,34,567.50", "₹2.40"),
        ("1.234,50 kr", "1.234.567,50 kr", "2,40 kr"),
        ("R$ 1.234,50", "R$ 1.234.567,50", "R$ 2,40"),
        ("1 234 ₽", "1 234 567,5 ₽", "2,4 ₽"),
        ("₩1,234,567", "₩1,234,567.5", "₩2.4"),
        ("1234,50", "1234567,50", "2,40"),
        ("12 zł", "1234567.5 zł", "2.4 zł"),
        ("€1,234,567", "€1,234,567.5", "€2.4"),
        ("1.234.567 €", "1.234.567,5 €", "2,4 €"),
    ];

    #[test]
    fn notations_of_the_world_are_read_from_one_example() {
        for (example, million, small) in NOTATIONS {
            let currency = Currency::from_example(example).unwrap();
            for (amount, written) in [("1234567.5", million), ("2.4", small)] {
                let written = written.replace(' ', "\u{a0}");
                assert_eq!(money(amount).in_currency(&currency), written, "{example}");
                for typed in [written.clone(), written.replace('\u{a0}', " ")] {
                    assert_eq!(
                        currency.read(&typed),
                        Some(money(amount)),
                        "{example}: {typed}"
                    );
                }
                assert_eq!(currency.read(amount), Some(money(amount)), "{example}");
            }
        }
    }

    #[test]
    fn a_sample_is_read_as_what_it_shows() {
        for (example, ..) in NOTATIONS {
            let currency = Currency::from_example(example).unwrap();
            let sample = currency.sample();
            assert_eq!(Currency::from_example(&sample), Ok(currency), "{sample}");
        }

        // No more digits than are needed.
        for (example, sample) in [
            ("1.234.567,50 €", "1.234,50 €"),
            ("KD 1,234.500", "KD 1,234.500"),
            ("¥1,234,567", "¥1,234"),
            ("₹1,23,456.00", "₹12,34,567.50"),
            ("€1,234,567", "€1,234,567"),
        ] {
            let currency = Currency::from_example(example).unwrap();
            assert_eq!(currency.sample(), sample.replace(' ', "\u{a0}"));
        }
    }

    #[test]
    fn signs_are_shown_in_letters_and_stored_as_they_are() {
        for (example, shown) in [
            ("€1,234.50", "EUR 1,234.50"),
            ("1.234,50 €", "1.234,50 EUR"),
            ("1.234,50€", "1.234,50 EUR"),
            ("£1,234.50", "GBP 1,234.50"),
            ("¥1,234", "JPY 1,234.5"),
            ("₹1,23,456.00", "INR 1,234.50"),
            ("12 zł", "1234.5 PLN"),
            // What is ASCII already, or known to no table, stays.
            ("R$ 1.234,50", "R$ 1.234,50"),
            ("1234,50", "1234,50"),
            ("¤1,234.50", "¤1,234.50"),
            // It may be yuan.
            ("¥1,234.50", "¥1,234.50"),
        ] {
            let stored = Currency::from_example(example).unwrap();
            let mut letters = stored.clone();
            letters.show_letters();

            let amount = money("1234.50");
            let written = amount.in_currency(&letters);
            assert_eq!(written.replace('\u{a0}', " "), shown);
            assert_eq!(letters.read(&written), Some(amount), "{example}");
            assert_eq!(letters.read(example), stored.read(example), "{example}");
            let behind = text::width(&written) - text::width(&letters.number(amount));
            assert!(matches!(letters.columns_behind(), 0 | 4), "{example}");
            assert!(letters.columns_behind() <= behind, "{example}");

            assert!(letters.is_same_as(&stored));
            assert_eq!(letters.sign(), stored.sign());
            assert_eq!(letters.example(), stored.example());
            assert_eq!(letters.sample(), stored.sample());
            assert_eq!(
                letters.read(&letters.shown_sample()),
                letters.read(&letters.sample())
            );
            let is_in_letters = letters.shown_sign() != letters.sign();
            assert_eq!(letters.shown_sample() != letters.sample(), is_in_letters);
        }
    }

    #[test]
    fn what_may_be_a_thousand_or_parts_is_asked() {
        for example in ["1,234", "€1.234", "1.234 €"] {
            let error = Currency::from_example(example).unwrap_err();
            assert!(matches!(error, ExampleError::Ambiguous { .. }), "{error}");
        }
        let told = Currency::from_example("€1,234").unwrap_err().to_string();
        assert_eq!(
            told,
            "“€1,234” may mean thousands, or 1 and a fraction: type 1,234.00 or 0,234"
        );
        for sure in ["1,234.00", "0,234", "1234,567", "1,234,567"] {
            assert!(Currency::from_example(sure).is_ok(), "{sure}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for example in [
            "",
            "money",
            "€",
            "1,2,3",
            "1.23.45,6",
            "1,234.56.78",
            "€1.5 kr",
            "12,3456,789",
            "1..2",
            "1-2",
            "euros 2.50",
            "1,23,45.00",
            "1.2345678",
            "1,234 .50",
            "١٬٢٣٤",
        ] {
            let error = Currency::from_example(example).unwrap_err();
            assert!(matches!(error, ExampleError::NotAnAmount(_)), "{example}");
        }
    }

    #[test]
    fn an_amount_in_groups_is_read_only_where_they_are_right() {
        let currency = Currency::from_example("1.234,50 €").unwrap();
        for (typed, meant) in [
            ("1.234", Some("1234")),
            ("12,5", Some("12.5")),
            ("12.50", Some("12.50")),
            ("€ 3", Some("3")),
            ("1.23.4", None),
            ("4,50.0", None),
            ("1,2,3", None),
            ("-2", None),
            ("", None),
        ] {
            assert_eq!(currency.read(typed), meant.map(money), "{typed}");
        }
    }

    /// Checks that an amount as it is written is read as the same, and that the currency's examples
    /// say all about how it is written.
    fn check_read_again(currency: &Currency, amount: Money) {
        assert_eq!(currency.read(&amount.in_currency(currency)), Some(amount));
        assert_eq!(currency.read(&currency.number(amount)), Some(amount));

        for example in [currency.example(), currency.sample()] {
            let sign = currency.sign().as_bytes();
            let again = Currency::stored(Some(sign), Some(example.as_bytes()));
            assert_eq!(again.number(amount), currency.number(amount));
            assert_eq!(amount.in_currency(&again), amount.in_currency(currency));
        }
    }

    #[test]
    fn the_least_amount_is_read_again_without_places() {
        let currency = Currency {
            sign: String::new(),
            notation: Notation {
                point: '.',
                places: 0,
                grouping: Grouping::Thousands('’'),
                position: SignPosition::Before,
                is_apart: false,
            },
            letters: None,
        };
        check_read_again(&currency, money("0.000001"));
    }

    fn currencies() -> impl Strategy<Value = Currency> {
        let grouping = prop_oneof![
            Just(None),
            proptest::sample::select(vec![('.', false), (',', true), (BLANK, false), ('’', true)])
                .prop_map(Some),
        ];
        (
            grouping,
            any::<bool>(),
            0..=MOST_PLACES,
            any::<bool>(),
            any::<bool>(),
            "[€$]?",
        )
            .prop_map(|(grouping, indian, places, before, apart, sign)| {
                let (grouping, point) = match grouping {
                    None => (Grouping::None, '.'),
                    Some((mark, is_point)) => {
                        let point = if is_point { '.' } else { ',' };
                        let kind = if indian {
                            Grouping::Indian
                        } else {
                            Grouping::Thousands
                        };
                        (kind(mark), point)
                    }
                };
                let position = if before || sign.is_empty() {
                    SignPosition::Before
                } else {
                    SignPosition::After
                };
                let is_apart = apart && !sign.is_empty();
                let notation = Notation {
                    point,
                    places,
                    grouping,
                    position,
                    is_apart,
                };
                Currency {
                    sign,
                    notation,
                    letters: None,
                }
            })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(
            currency in currencies(),
            whole in 0u64..1_000_000_000_000,
            millionths in 0u32..1_000_000,
        ) {
            check_read_again(&currency, money(&format!("{whole}.{millionths:06}")));
        }

        #[test]
        fn any_text_is_borne(example in ".{0,40}", typed in ".{0,20}") {
            if let Ok(currency) = Currency::from_example(&example) {
                let _ = currency.read(&typed);
                let _ = money("1234.5").in_currency(&currency);
            }
        }
    }
}
