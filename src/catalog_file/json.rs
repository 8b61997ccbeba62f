//! Reads JSON: one object a line, or one array. Numbers are taken as they are written, since
//! prices are decimals and never pass through a float.

use super::{COLUMNS, FileError, ParsedRow};
use crate::catalog_file::check::{BadRow, ProductRow, RowError, checked, column};
use crate::catalog_file::guard::{LONGEST, Position, RecordLimiter};
use crate::model::text;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;
use std::io::{BufRead, BufReader, Read};
use std::ops::ControlFlow;

/// Reads one object a line; see [`super::read`].
pub(crate) fn read_lines<R: Read>(
    mut source: BufReader<R>,
    take: &mut impl FnMut(ParsedRow) -> ControlFlow<()>,
) -> Result<(), FileError> {
    let mut buffer = Vec::new();
    let mut line = 0;
    loop {
        buffer.clear();
        line += 1;
        let mut limited = (&mut source).take(LONGEST as u64);
        let read = limited.read_until(b'\n', &mut buffer)?;
        if read == 0 {
            return Ok(());
        }

        let is_too_long = read == LONGEST && buffer.last() != Some(&b'\n');
        let row = if is_too_long {
            source.skip_until(b'\n')?;
            Err(RowError::Endless(LONGEST))
        } else if buffer.iter().all(u8::is_ascii_whitespace) {
            continue;
        } else {
            match std::str::from_utf8(&buffer) {
                Ok(text) => object(line, text),
                Err(_) => Err(RowError::Json("it is not UTF-8".to_owned())),
            }
        };

        let parsed = match row {
            Ok(row) => ParsedRow::Product(row),
            Err(flaw) => ParsedRow::Bad(BadRow { line, flaw }),
        };
        if take(parsed).is_break() {
            return Ok(());
        }
    }
}

/// Reads an array of objects; see [`super::read`].
pub(crate) fn read_array<R: Read>(
    source: BufReader<R>,
    take: &mut impl FnMut(ParsedRow) -> ControlFlow<()>,
) -> Result<(), FileError> {
    let (limiter, position) = RecordLimiter::new(source);
    let mut json = serde_json::Deserializer::from_reader(limiter);
    let mut stopped = false;
    let visitor = ArrayVisitor {
        take,
        position: &position,
        stopped: &mut stopped,
    };
    let read = json.deserialize_seq(visitor).and_then(|()| json.end());

    match read {
        Ok(()) => Ok(()),
        Err(_) if stopped => Ok(()),
        Err(_) if position.is_used_up() => Err(FileError::Broken {
            line: position.line(),
            flaw: RowError::Endless(LONGEST),
        }),
        Err(error) if error.is_io() => Err(FileError::Read(error.into())),
        Err(error) => Err(FileError::Broken {
            line: position.line(),
            flaw: json_error(&error),
        }),
    }
}

/// The message of serde without its position, which counts from the start of what it was given.
fn json_error(error: &serde_json::Error) -> RowError {
    let message = error.to_string();
    let message = message
        .rsplit_once(" at line ")
        .map_or(message.as_str(), |(message, _)| message);
    RowError::Json(format!(
        "it can't be read as JSON: {}",
        text::sanitize_to(message.as_bytes(), 120)
    ))
}

/// Hands over the elements of an array one by one.
struct ArrayVisitor<'a, F> {
    take: &'a mut F,
    position: &'a Position,
    /// Set where `take` breaks off, as serde knows only errors.
    stopped: &'a mut bool,
}

impl<'de, F: FnMut(ParsedRow) -> ControlFlow<()>> Visitor<'de> for ArrayVisitor<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of products")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        let mut number = 0;
        while let Some(element) = elements.next_element::<Box<RawValue>>()? {
            self.position.record_ended();
            number += 1;

            // The position is at the element's end.
            let text = element.get();
            let line = self.position.line() - text.matches('\n').count() as u64;
            let parsed = match object(line, text) {
                Ok(row) => ParsedRow::Product(row),
                Err(flaw) => ParsedRow::Bad(BadRow {
                    line,
                    flaw: RowError::Element {
                        number,
                        flaw: Box::new(flaw),
                    },
                }),
            };

            if (self.take)(parsed).is_break() {
                *self.stopped = true;
                return Err(A::Error::custom("enough"));
            }
        }
        Ok(())
    }
}

/// Reads one object.
fn object(line: u64, text: &str) -> Result<ProductRow, RowError> {
    let mut json = serde_json::Deserializer::from_str(text);
    let pairs = json.deserialize_map(PairsVisitor);
    let pairs = pairs
        .and_then(|pairs| json.end().map(|()| pairs))
        .map_err(|error| json_error(&error))?;

    let mut values = [const { None }; COLUMNS.len()];
    for (name, value) in pairs {
        let index = column(&name)?;
        if values[index].is_some() {
            return Err(RowError::Twice(COLUMNS[index]));
        }
        values[index] = Some(plain_text(COLUMNS[index], value.get())?);
    }
    checked(line, values)
}

/// The text of a value: a string, a number as it is written, or nothing for null.
fn plain_text<'a>(column: &'static str, raw: &'a str) -> Result<Cow<'a, str>, RowError> {
    match raw.as_bytes().first() {
        Some(b'"') => serde_json::from_str(raw)
            .map(Cow::Owned)
            .map_err(|error| json_error(&error)),
        Some(b'-' | b'0'..=b'9') => Ok(Cow::Borrowed(raw)),
        Some(b'n') => Ok(Cow::Borrowed("")),
        _ => Err(RowError::NotText(column)),
    }
}

/// Reads the names and raw values of one object.
struct PairsVisitor;

impl<'de> Visitor<'de> for PairsVisitor {
    type Value = Vec<(String, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with the columns of a product")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut pairs = Vec::with_capacity(COLUMNS.len());
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Ok(pairs)
    }
}
