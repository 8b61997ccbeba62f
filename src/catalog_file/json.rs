//! Reading JSON: one object a line, or one array. Numbers are taken as they are written,
//! since prices are decimals and never pass through a float.

use super::{COLUMNS, FileError, ParsedRow};
use crate::catalog_file::check::{BadRow, ProductRow, RowError, checked, column};
use crate::catalog_file::limit::{LONGEST, Position, RecordLimiter};
use crate::model::text;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;
use std::io::{BufRead, BufReader, Read};
use std::ops::ControlFlow;

/// Reads one object a line; see [`super::read`].
pub fn read_lines<R: Read>(
    mut source: BufReader<R>,
    take: &mut impl FnMut(ParsedRow) -> ControlFlow<()>,
) -> Result<(), FileError> {
    let (mut buffer, mut line) = (Vec::new(), 0u64);
    loop {
        buffer.clear();
        line += 1;
        let read = (&mut source)
            .take(LONGEST as u64)
            .read_until(b'\n', &mut buffer)?;
        if read == 0 {
            return Ok(());
        }
        let item = if read == LONGEST && buffer.last() != Some(&b'\n') {
            source.skip_until(b'\n')?;
            ParsedRow::Bad(BadRow {
                line,
                flaw: RowError::Endless(LONGEST),
            })
        } else if buffer.iter().all(u8::is_ascii_whitespace) {
            continue;
        } else {
            item(
                line,
                std::str::from_utf8(&buffer)
                    .map_err(|_| RowError::Json("it is not UTF-8".to_owned())),
            )
        };
        if take(item).is_break() {
            return Ok(());
        }
    }
}

fn item(line: u64, text: Result<&str, RowError>) -> ParsedRow {
    match text.and_then(|text| object(line, text)) {
        Ok(row) => ParsedRow::Product(row),
        Err(flaw) => ParsedRow::Bad(BadRow { line, flaw }),
    }
}

/// Reads an array of objects; see [`super::read`].
pub fn read_array<R: Read>(
    source: BufReader<R>,
    take: &mut impl FnMut(ParsedRow) -> ControlFlow<()>,
) -> Result<(), FileError> {
    let (limited, place) = RecordLimiter::new(source);
    let mut json = serde_json::Deserializer::from_reader(limited);
    let mut stopped = false;
    let read = json.deserialize_seq(Array {
        take,
        place: &place,
        stopped: &mut stopped,
    });
    match read.and_then(|()| json.end()) {
        Ok(()) => Ok(()),
        Err(_) if stopped => Ok(()),
        Err(_) if place.is_used_up() => Err(FileError::Broken {
            line: place.line(),
            flaw: RowError::Endless(LONGEST),
        }),
        Err(error) if error.is_io() => Err(FileError::Read(error.into())),
        Err(error) => Err(FileError::Broken {
            line: place.line(),
            flaw: flaw(&error),
        }),
    }
}

/// What serde says, without its place: that counts from the start of what it was given.
fn flaw(error: &serde_json::Error) -> RowError {
    let said = error.to_string();
    let said = said
        .rsplit_once(" at line ")
        .map_or(said.as_str(), |(said, _)| said);
    RowError::Json(format!(
        "it can't be read as JSON: {}",
        text::sanitize_to(said.as_bytes(), 120)
    ))
}

struct Array<'a, F> {
    take: &'a mut F,
    place: &'a Position,
    stopped: &'a mut bool,
}

impl<'de, F: FnMut(ParsedRow) -> ControlFlow<()>> Visitor<'de> for Array<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of products")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        let mut number = 0;
        while let Some(element) = elements.next_element::<Box<RawValue>>()? {
            self.place.record_ended();
            let text = element.get();
            // The place is at its end.
            let line = self.place.line() - text.matches('\n').count() as u64;
            number += 1;
            let item = match item(line, Ok(text)) {
                ParsedRow::Bad(BadRow { line, flaw }) => ParsedRow::Bad(BadRow {
                    line,
                    flaw: RowError::Element {
                        number,
                        flaw: Box::new(flaw),
                    },
                }),
                good => good,
            };
            if (self.take)(item).is_break() {
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
    let pairs = json
        .deserialize_map(Pairs)
        .and_then(|pairs| json.end().map(|()| pairs));
    let mut values = [const { None }; COLUMNS.len()];
    for (name, value) in pairs.map_err(|error| flaw(&error))? {
        let place = column(&name)?;
        if values[place].is_some() {
            return Err(RowError::Twice(COLUMNS[place]));
        }
        values[place] = Some(plain(COLUMNS[place], value.get())?);
    }
    checked(line, values)
}

/// The text of a value: a string, a number as it is written, or nothing for null.
fn plain<'a>(column: &'static str, raw: &'a str) -> Result<Cow<'a, str>, RowError> {
    match raw.as_bytes().first() {
        Some(b'"') => serde_json::from_str(raw)
            .map(Cow::Owned)
            .map_err(|error| flaw(&error)),
        Some(b'-' | b'0'..=b'9') => Ok(Cow::Borrowed(raw)),
        Some(b'n') => Ok(Cow::Borrowed("")),
        _ => Err(RowError::NotText(column)),
    }
}

struct Pairs;

impl<'de> Visitor<'de> for Pairs {
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
