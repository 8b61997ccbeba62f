//! Checks that the products of a file must pass, and the errors they report.

use super::COLUMNS;
use crate::model::product::{FIELDS, LONGEST_NAME, LONGEST_TEXT, STOCK_DIGITS};
use crate::model::{Money, ProductId, barcode, text};
use std::borrow::Cow;

/// A product as a file states it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductRow {
    /// The line on which it begins, from 1; 0 where it came from no file.
    pub line: u64,
    /// The product's id.
    pub id: ProductId,
    /// The raw values of [`FIELDS`]: `None` leaves a field as it is, an empty one removes it.
    pub fields: [Option<String>; FIELDS.len()],
}

impl ProductRow {
    /// Returns whether the row has a name and a price, which a new product needs.
    pub(crate) fn is_complete(&self) -> bool {
        let [name, price, ..] = &self.fields;
        name.is_some() && price.is_some()
    }
}

/// A product that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadRow {
    /// The line on which it begins, from 1.
    pub line: u64,
    /// The checks that it failed.
    pub flaw: RowError,
}

/// The error in a product of a file. Everything quoted is clean.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RowError {
    /// No id.
    #[error("the id is missing")]
    NoId,
    /// An id that is too long.
    #[error("the id is too long: {0} bytes, the limit is {LONGEST_NAME}")]
    LongId(usize),
    /// An id with characters that keys or terminals can't bear.
    #[error("the id “{0}” has a brace, white space around it, or a character that can't be shown")]
    BadId(String),
    /// An empty name.
    #[error("the name is empty")]
    NoName,
    /// A text that is too long.
    #[error("the {column} is too long: {length} bytes, the limit is {limit}")]
    LongText {
        /// Its column.
        column: &'static str,
        /// Its length in bytes.
        length: usize,
        /// The longest, in bytes.
        limit: usize,
    },
    /// No price.
    #[error("the price is empty")]
    NoPrice,
    /// A price that can't be read.
    #[error("“{0}” is not a valid price: {how}", how = how_to_write_price(.0))]
    BadPrice(String),
    /// A stock that can't be read.
    #[error(
        "“{0}” is not a valid stock: write a whole number of at most {STOCK_DIGITS} digits, or nothing for unlimited"
    )]
    BadStock(String),
    /// A bar code that is none.
    #[error(
        "“{0}” is not a bar code: write {least} to {most} digits, or several codes with blanks between them",
        least = barcode::SHORTEST,
        most = barcode::LONGEST
    )]
    BadBarcode(String),
    /// A quote without its end.
    #[error("a quotation mark is opened and never closed, so the rest of the file can't be read")]
    OpenQuote,
    /// Text between a closing quote and the end of its value.
    #[error("there is text after a closing quote: write \"\" for a quote inside quotes")]
    BehindQuote,
    /// Text in another encoding.
    #[error("the {0} is not UTF-8")]
    NotUtf8(&'static str),
    /// A column without a name.
    #[error("a column has no name (a separator at the end of the line?)")]
    NamelessColumn,
    /// A column with a name that is not known.
    #[error("there is no column “{name}”{}", hint(*.nearest))]
    UnknownColumn {
        /// Its name.
        name: String,
        /// The known name that is nearest, where one is near.
        nearest: Option<&'static str>,
    },
    /// Several columns with names that are not known.
    #[error("there are no columns {}", listed(.0.iter()))]
    UnknownColumns(Vec<String>),
    /// A column of another program that appears twice.
    #[error("the column “{0}” appears twice")]
    NameTwice(String),
    /// A column that was mapped to a field, and is not there.
    #[error("the file has no column “{0}” to map")]
    NoSuchColumn(String),
    /// A mapping without an equals sign.
    #[error("“{0}” maps no column: write it like title=name")]
    NoPair(String),
    /// A variant of a product that was not read.
    #[error("it is a variant of “{0}”, which must come before it in the file")]
    NoParent(String),
    /// An id that another product of the file has, too.
    #[error("the product on line {line} has the id “{id}”, too")]
    SameId {
        /// The id.
        id: String,
        /// The line of the product that had it first.
        line: u64,
    },
    /// A column that appears twice.
    #[error("the column “{0}” appears twice")]
    Twice(&'static str),
    /// Another number of columns than the first line has.
    #[error("it has {found} columns, and the first line has {expected}")]
    Columns {
        /// The number of its own columns.
        found: usize,
        /// The number of columns of the first line.
        expected: usize,
    },
    /// A value that is neither text nor a number.
    #[error("the {0} is neither text nor a number")]
    NotText(&'static str),
    /// JSON that can't be read.
    #[error("{0}")]
    Json(String),
    /// An error in a product of an array, whose products may all stand on one line.
    #[error("product {number} of the array: {flaw}")]
    Element {
        /// The product's number in the array, from 1.
        number: u64,
        /// The error itself.
        flaw: Box<RowError>,
    },
    /// Several errors in one product.
    #[error("{}", in_a_row(.0))]
    Several(Vec<RowError>),
    /// A record that never ends.
    #[error("it is longer than {} KiB (a quote that is never closed?)", .0 / 1024)]
    Endless(usize),
    /// A new product without a name or a price.
    #[error("there is no product “{id}” yet: a new one needs a name and a price{}", meant(.nearest.as_deref()))]
    Incomplete {
        /// Its id.
        id: String,
        /// The product that may have been meant, as `name (id)`, where one was looked for.
        nearest: Option<String>,
    },
    /// The key of this product holds something else.
    #[error("the key of “{0}” holds something else (wrong type)")]
    WrongType(String),
}

/// The end of a message on a price: how to write it.
fn how_to_write_price(price: &str) -> String {
    match Money::with_point(price) {
        Some(meant) => format!("write {meant}, with a point"),
        None => {
            "write it like 2.40, with at most 12 digits before the point and 6 after it".to_owned()
        }
    }
}

/// Several errors in a row.
fn in_a_row(flaws: &[RowError]) -> String {
    let flaws: Vec<String> = flaws.iter().map(ToString::to_string).collect();
    flaws.join("; ")
}

/// The end of a message on an unknown column: the one that was meant, and all there are.
fn hint(nearest: Option<&str>) -> String {
    let meant = nearest.map_or_else(String::new, |name| format!(": did you mean “{name}”?"));
    format!("{meant} ({})", COLUMNS.join(", "))
}

/// The most names in a message.
const MOST_NAMES: usize = 10;

/// Names in quotes, of which only the first are told where there are many.
pub(crate) fn listed<'a>(names: impl ExactSizeIterator<Item = &'a String>) -> String {
    let rest = names.len().saturating_sub(MOST_NAMES);
    let told: Vec<String> = names
        .take(MOST_NAMES)
        .map(|name| format!("“{name}”"))
        .collect();
    match rest {
        0 => told.join(", "),
        rest => format!("{} and {rest} more", told.join(", ")),
    }
}

/// The end of a message on an unknown product: the one that may have been meant.
fn meant(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |nearest| format!(" (did you mean {nearest}?)"))
}

/// Similarity from which a name is taken for a slip of another, from 0 to 1.
const NEAR: f64 = 0.8;

/// The index in [`COLUMNS`] of a column with this name; letter case doesn't matter.
///
/// # Errors
/// [`RowError::NamelessColumn`], or [`RowError::UnknownColumn`] with the name that is nearest.
pub(crate) fn column(name: &str) -> Result<usize, RowError> {
    let wanted = name.trim().to_lowercase();
    if let Some(index) = COLUMNS.iter().position(|known| *known == wanted) {
        return Ok(index);
    }
    if wanted.is_empty() {
        return Err(RowError::NamelessColumn);
    }

    let (nearest, similarity) = COLUMNS
        .into_iter()
        .map(|known| (known, strsim::jaro_winkler(known, &wanted)))
        .max_by(|(_, a), (_, b)| a.total_cmp(b))
        .unzip();
    Err(RowError::UnknownColumn {
        name: text::sanitize_to(name.as_bytes(), 40),
        nearest: nearest.filter(|_| similarity >= Some(NEAR)),
    })
}

impl RowError {
    /// These errors as one.
    pub(crate) fn of_all(mut flaws: Vec<RowError>) -> RowError {
        if flaws.len() == 1 {
            flaws.remove(0)
        } else {
            RowError::Several(flaws)
        }
    }
}

/// Checks the values of [`COLUMNS`], of which some may be missing.
///
/// # Errors
/// Every [`RowError`] found, in one.
pub(crate) fn checked(
    line: u64,
    values: [Option<Cow<'_, str>>; COLUMNS.len()],
) -> Result<ProductRow, RowError> {
    let [id, mut fields @ ..] = values;
    let mut flaws = Vec::new();
    let id = checked_id(&id.unwrap_or_default()).map_err(|flaw| flaws.push(flaw));

    for (name, field) in FIELDS.into_iter().zip(&mut fields) {
        let Some(value) = field else {
            continue;
        };
        let plain = plain(name, value);
        if plain.len() < value.len() {
            *value = Cow::Owned(plain.to_owned());
        }
        flaws.extend(check_field(name, value).err());
    }

    match id {
        Ok(id) if flaws.is_empty() => Ok(ProductRow {
            line,
            id,
            fields: fields.map(|field| field.map(Cow::into_owned)),
        }),
        Ok(_) | Err(()) => Err(RowError::of_all(flaws)),
    }
}

/// A value as it is stored: numbers may have white space around them, texts keep theirs.
fn plain<'a>(column: &str, value: &'a str) -> &'a str {
    match column {
        "price" | "barcode" => value.trim(),
        "stock" => without_zero_fraction(value.trim()),
        _ => value,
    }
}

/// The error for which no file can bring in a product of this stored id.
pub(crate) fn flaw_of_id(id: &ProductId) -> Option<RowError> {
    match std::str::from_utf8(id.as_bytes()) {
        Ok(id) => checked_id(id).err(),
        Err(_) => Some(RowError::NotUtf8("id")),
    }
}

/// The first error for which an import refuses these stored values of [`FIELDS`] as a new product.
/// Values that are not UTF-8 are left out: a file can't hold them in any case.
pub(crate) fn flaw_of_values(values: &[Option<Vec<u8>>; FIELDS.len()]) -> Option<RowError> {
    let mut values = FIELDS.into_iter().zip(values);
    values.find_map(|(name, value)| {
        let value = std::str::from_utf8(value.as_deref().unwrap_or_default()).ok()?;
        check_field(name, plain(name, value)).err()
    })
}

/// Checks the value of one field as [`checked`] does, and returns it as it is stored.
///
/// # Errors
/// The [`RowError`] of the value.
pub(crate) fn checked_value(column: &'static str, value: &str) -> Result<String, RowError> {
    let value = plain(column, value);
    check_field(column, value)?;
    Ok(value.to_owned())
}

fn checked_id(id: &str) -> Result<ProductId, RowError> {
    match id.len() {
        0 => Err(RowError::NoId),
        length if length > LONGEST_NAME => Err(RowError::LongId(length)),
        // Braces would move its key to another slot of a cluster; the others can't be told from
        // another id by looking at them.
        _ if id.contains(['{', '}']) || id.trim() != id || !text::is_shown_exactly(id) => {
            Err(RowError::BadId(text::sanitize_to(id.as_bytes(), 80)))
        }
        _ => Ok(ProductId::stored(id.as_bytes())),
    }
}

fn check_field(column: &'static str, value: &str) -> Result<(), RowError> {
    let limit = if column == "name" {
        LONGEST_NAME
    } else {
        LONGEST_TEXT
    };
    if value.len() > limit {
        return Err(RowError::LongText {
            column,
            length: value.len(),
            limit,
        });
    }

    match column {
        "name" if value.is_empty() => Err(RowError::NoName),
        "price" if value.is_empty() => Err(RowError::NoPrice),
        "price" if Money::parse(value).is_none() => Err(RowError::BadPrice(excerpt(value))),
        "stock" if !is_stock(value) => Err(RowError::BadStock(excerpt(value))),
        "barcode" => match value
            .split_whitespace()
            .find(|code| !barcode::is_code(code))
        {
            Some(other) => Err(RowError::BadBarcode(excerpt(other))),
            None => Ok(()),
        },
        _ => Ok(()),
    }
}

/// The beginning of a value, clean for a message.
pub(super) fn excerpt(value: &str) -> String {
    text::sanitize_to(value.as_bytes(), 40)
}

/// `10` for `10.0`, which spreadsheets write for whole numbers; anything else as it is.
fn without_zero_fraction(number: &str) -> &str {
    match number.split_once('.') {
        Some((whole, zeros))
            if !whole.is_empty() && !zeros.is_empty() && zeros.bytes().all(|b| b == b'0') =>
        {
            whole
        }
        _ => number,
    }
}

fn is_stock(value: &str) -> bool {
    value.len() <= STOCK_DIGITS && value.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(id: &str, name: &str, price: &str, stock: &str) -> Result<ProductRow, RowError> {
        let value = |text: &str| Some(Cow::Owned(text.to_owned()));
        checked(
            7,
            [
                value(id),
                value(name),
                value(price),
                None,
                None,
                value(stock),
                None,
                None,
            ],
        )
    }

    #[test]
    fn each_flaw_has_its_own_word() {
        assert!(check("tea", "Tea", "2.40", "").is_ok());
        assert_eq!(
            check("tea", "Tea", " 2.40 ", "3 "),
            check("tea", "Tea", "2.40", "3")
        );
        assert_eq!(
            check("tea", "Tea", "2.40", "3.00"),
            check("tea", "Tea", "2.40", "3")
        );
        assert!(check("thé vert", "\u{1b}[31m", "0", "999999999999999").is_ok());
        let long = "x".repeat(257);
        for (row, flaw) in [
            (check("", "Tea", "2.40", ""), RowError::NoId),
            (check(&long, "Tea", "2.40", ""), RowError::LongId(257)),
            (
                check("a{b", "Tea", "2.40", ""),
                RowError::BadId("a{b".into()),
            ),
            (
                check("a\tb", "Tea", "2.40", ""),
                RowError::BadId("a b".into()),
            ),
            (
                check(" tea", "Tea", "2.40", ""),
                RowError::BadId(" tea".into()),
            ),
            (
                check("t\u{202e}a", "Tea", "2.40", ""),
                RowError::BadId("t\u{202e}a".into()),
            ),
            (check("tea", "", "2.40", ""), RowError::NoName),
            (
                check("tea", &long, "1", ""),
                RowError::LongText {
                    column: "name",
                    length: 257,
                    limit: 256,
                },
            ),
            (check("tea", "Tea", "", ""), RowError::NoPrice),
            (
                check("tea", "Tea", "2,40", ""),
                RowError::BadPrice("2,40".into()),
            ),
            (
                check("tea", "Tea", "1e3", ""),
                RowError::BadPrice("1e3".into()),
            ),
            (
                check("", "", "2", "x"),
                RowError::Several(vec![
                    RowError::NoId,
                    RowError::NoName,
                    RowError::BadStock("x".into()),
                ]),
            ),
            (
                check("tea", "Tea", "2", "-1"),
                RowError::BadStock("-1".into()),
            ),
            (
                check("tea", "Tea", "2", "1000000000000000"),
                RowError::BadStock("1000000000000000".into()),
            ),
            (
                check("tea", "Tea", "2", ".0"),
                RowError::BadStock(".0".into()),
            ),
        ] {
            assert_eq!(row, Err(flaw));
        }
        for (price, told) in [
            (
                "3,80",
                "“3,80” is not a valid price: write 3.80, with a point",
            ),
            (
                "1,234.50",
                "“1,234.50” is not a valid price: write it like 2.40, with at most 12 digits before the point and 6 after it",
            ),
        ] {
            assert_eq!(RowError::BadPrice(price.into()).to_string(), told);
        }
    }

    #[test]
    fn columns_are_found_or_the_nearest_is_named() {
        assert_eq!(column(" Price "), Ok(2));
        for (name, nearest) in [("prise", Some("price")), ("colour", None), ("foo", None)] {
            assert_eq!(
                column(name),
                Err(RowError::UnknownColumn {
                    name: name.into(),
                    nearest
                })
            );
        }
        assert_eq!(column(" "), Err(RowError::NamelessColumn));
    }
}
