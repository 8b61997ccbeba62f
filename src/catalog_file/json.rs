//! Reads JSON: one object a line, objects over several lines, one array, or an array within a
//! document. Numbers are taken as they are written, since prices are decimals and never pass
//! through a float.

use super::{COLUMNS, ColumnFacts, ColumnRules, FileError, ParsedRow};
use crate::catalog_file::check::{BadRow, ProductRow, RowError, checked, column};
use crate::catalog_file::foreign::{ForeignRow, ForeignRows};
use crate::catalog_file::formats::{Layout, NamesOf, layout};
use crate::catalog_file::guard::{CHUNK, LONGEST, Position, RecordLimiter};
use crate::catalog_file::lines::Lines;
use crate::model::text;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;
use std::io::{self, BufReader, Cursor, Read};
use std::ops::ControlFlow;

/// Reads one object a line; see [`super::read`].
pub(crate) fn read_lines<R: Read>(
    source: BufReader<R>,
    rules: &ColumnRules,
    take: &mut impl FnMut(ParsedRow) -> ControlFlow<()>,
) -> Result<(), FileError> {
    let mut objects = Objects::new(rules, take);
    let mut lines = Lines::new(source, LONGEST);
    while let Some((line, text)) = lines.next()? {
        let taken = match text {
            Ok(text) => objects.hand_over(line, None, text),
            Err(flaw) => objects.refuse(line, flaw),
        };
        if taken.is_break() {
            break;
        }
    }
    Ok(())
}

/// Reads objects: one a line, over several lines, or in an array of a document; see
/// [`super::read`].
pub(crate) fn read_objects<R: Read>(
    mut source: BufReader<R>,
    rules: &ColumnRules,
    take: &mut impl FnMut(ParsedRow) -> ControlFlow<()>,
) -> Result<(), FileError> {
    let mut start = Vec::new();
    (&mut source).take(LONGEST as u64).read_to_end(&mut start)?;
    let shape = Shape::of(&start);
    let source = BufReader::with_capacity(CHUNK, Cursor::new(start).chain(source));

    match shape {
        Shape::Lines => read_lines(source, rules, take),
        Shape::Objects => read_stream(source, rules, take),
        Shape::Document(offset) => {
            let (mut limiter, position) = RecordLimiter::new(source);
            io::copy(&mut (&mut limiter).take(offset), &mut io::sink())?;
            position.record_ended();
            read_elements(limiter, &position, Objects::new(rules, take)).map(drop)
        }
    }
}

/// The way in which objects stand in a file.
#[derive(Debug, PartialEq, Eq)]
enum Shape {
    /// Each on a line of its own.
    Lines,
    /// One after the other, over several lines.
    Objects,
    /// In an array that is a part of an object; the array begins at this offset.
    Document(u64),
}

/// Names of which an object has one if it is a product: its arrays hold none.
const NAMES_OF_PRODUCT: [&[u8]; 5] = [b"id", b"name", b"code", b"sku", b"handle"];
/// Names of arrays that hold products, whatever stands before them.
const NAMES_OF_ARRAY: [&[u8]; 2] = [b"products", b"items"];

impl Shape {
    /// The shape of a file by its start, which is an object's.
    fn of(start: &[u8]) -> Shape {
        // The opening brackets around the place.
        let mut around = Vec::new();
        let mut array = None;
        let mut is_product = false;
        let mut string_start = None;
        let mut last_string: &[u8] = b"";
        let mut is_escaped = false;

        for (offset, byte) in start.iter().enumerate() {
            if let Some(from) = string_start {
                match byte {
                    _ if is_escaped => is_escaped = false,
                    b'\\' => is_escaped = true,
                    b'"' => {
                        last_string = &start[from..offset];
                        string_start = None;
                    }
                    _ => {}
                }
                continue;
            }

            if let (b'{', Some(offset)) = (byte, array) {
                return Shape::Document(offset);
            }
            match byte {
                byte if byte.is_ascii_whitespace() => continue,
                b'"' => string_start = Some(offset + 1),
                b':' if around.len() == 1 => is_product |= NAMES_OF_PRODUCT.contains(&last_string),
                b'[' if around == b"{" || around == b"{{" => {
                    around.push(b'[');
                    if !is_product || NAMES_OF_ARRAY.contains(&last_string) {
                        array = Some(offset as u64);
                        continue;
                    }
                }
                b'{' | b'[' => around.push(*byte),
                b'}' | b']' => {
                    around.pop();
                    if around.is_empty() {
                        break;
                    }
                }
                _ => {}
            }
            array = None;
        }

        let first_line = start.split(|byte| *byte == b'\n').next();
        let first_line = first_line.unwrap_or_default().trim_ascii();
        let has_more_lines = first_line.len() < start.trim_ascii().len();
        if has_more_lines && !first_line.ends_with(b"}") {
            Shape::Objects
        } else {
            Shape::Lines
        }
    }
}

/// Reads objects one after the other, wherever their lines end.
fn read_stream<R: Read>(
    source: BufReader<R>,
    rules: &ColumnRules,
    take: &mut impl FnMut(ParsedRow) -> ControlFlow<()>,
) -> Result<(), FileError> {
    let (limiter, position) = RecordLimiter::new(source);
    let mut objects = Objects::new(rules, take);
    let stream = serde_json::Deserializer::from_reader(limiter).into_iter::<Box<RawValue>>();
    for object in stream {
        let object = object.map_err(|error| file_error(error, &position))?;
        position.record_ended();
        let line = position.line() - line_ends(object.get());
        if objects.hand_over(line, None, object.get()).is_break() {
            break;
        }
    }
    Ok(())
}

/// Reads an array of objects; see [`super::read`].
pub(crate) fn read_array<R: Read>(
    source: BufReader<R>,
    rules: &ColumnRules,
    take: &mut impl FnMut(ParsedRow) -> ControlFlow<()>,
) -> Result<(), FileError> {
    let (limiter, position) = RecordLimiter::new(source);
    let rest = read_elements(limiter, &position, Objects::new(rules, take))?;
    match rest {
        Some(mut json) => json.end().map_err(|error| file_error(error, &position)),
        None => Ok(()),
    }
}

/// The reader of what stands in a file behind its array.
type Rest<R> = serde_json::Deserializer<serde_json::de::IoRead<RecordLimiter<R>>>;

/// Reads the objects of an array; returns what reads the rest, unless `take` broke off.
fn read_elements<R: Read, F: FnMut(ParsedRow) -> ControlFlow<()>>(
    limiter: RecordLimiter<R>,
    position: &Position,
    objects: Objects<'_, F>,
) -> Result<Option<Rest<R>>, FileError> {
    let mut json = serde_json::Deserializer::from_reader(limiter);
    let mut stopped = false;
    let visitor = ArrayVisitor {
        objects,
        position,
        stopped: &mut stopped,
    };
    let read = json.deserialize_seq(visitor);

    match read {
        Ok(()) => Ok(Some(json)),
        Err(_) if stopped => Ok(None),
        Err(error) => Err(file_error(error, position)),
    }
}

/// The error at which the reading of a file ended.
fn file_error(error: serde_json::Error, position: &Position) -> FileError {
    if position.is_used_up() {
        FileError::Broken {
            line: position.line(),
            flaw: RowError::Endless(LONGEST),
        }
    } else if error.is_io() {
        FileError::Read(error.into())
    } else {
        FileError::Broken {
            line: position.line(),
            flaw: json_error(&error),
        }
    }
}

/// The count of ends of lines.
fn line_ends(text: &str) -> u64 {
    memchr::memchr_iter(b'\n', text.as_bytes()).count() as u64
}

/// The message of serde without its position, which counts from the start of what it was given.
pub(crate) fn json_error(error: &serde_json::Error) -> RowError {
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
    objects: Objects<'a, F>,
    position: &'a Position,
    /// Set where `take` breaks off, as serde knows only errors.
    stopped: &'a mut bool,
}

impl<'de, F: FnMut(ParsedRow) -> ControlFlow<()>> Visitor<'de> for ArrayVisitor<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of products")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut elements: A) -> Result<(), A::Error> {
        let mut number = 0;
        while let Some(element) = elements.next_element::<Box<RawValue>>()? {
            self.position.record_ended();
            number += 1;

            // The position is at the element's end.
            let text = element.get();
            let line = self.position.line() - line_ends(text);
            if self.objects.hand_over(line, Some(number), text).is_break() {
                *self.stopped = true;
                return Err(A::Error::custom("enough"));
            }
        }
        Ok(())
    }
}

/// The objects of a file, as they are read and handed over.
struct Objects<'a, F> {
    take: &'a mut F,
    layouts: Layouts<'a>,
    foreign_rows: ForeignRows,
}

impl<'a, F: FnMut(ParsedRow) -> ControlFlow<()>> Objects<'a, F> {
    fn new(rules: &'a ColumnRules, take: &'a mut F) -> Objects<'a, F> {
        Objects {
            take,
            layouts: Layouts {
                rules,
                last: None,
                facts: None,
            },
            foreign_rows: ForeignRows::default(),
        }
    }

    /// Reads one object and hands over what it is; `number` is its place in an array.
    fn hand_over(&mut self, line: u64, number: Option<u64>, text: &str) -> ControlFlow<()> {
        let row = self.read(line, text);
        if let Some(facts) = self.layouts.facts.take() {
            (self.take)(ParsedRow::Columns(facts))?;
        }

        match row {
            Ok(ForeignRow::Product(row)) => (self.take)(ParsedRow::Product(row)),
            Ok(ForeignRow::PassedOver) => (self.take)(ParsedRow::PassedOver),
            Ok(ForeignRow::Empty) => ControlFlow::Continue(()),
            Err(flaw) => match number {
                Some(number) => {
                    let flaw = Box::new(flaw);
                    self.refuse(line, RowError::Element { number, flaw })
                }
                None => self.refuse(line, flaw),
            },
        }
    }

    /// Hands over that a product is bad.
    fn refuse(&mut self, line: u64, flaw: RowError) -> ControlFlow<()> {
        (self.take)(ParsedRow::Bad(BadRow { line, flaw }))
    }

    fn read(&mut self, line: u64, text: &str) -> Result<ForeignRow, RowError> {
        let mut json = serde_json::Deserializer::from_str(text);
        let pairs = json.deserialize_map(PairsVisitor);
        let pairs = pairs
            .and_then(|pairs| json.end().map(|()| pairs))
            .map_err(|error| json_error(&error))?;

        if self.layouts.rules.has_no_map() && pairs.iter().all(|(name, _)| is_own(name)) {
            return own_row(line, &pairs, None).map(ForeignRow::Product);
        }
        match self.layouts.of(&pairs)? {
            Layout::Own(columns) => own_row(line, &pairs, Some(columns)).map(ForeignRow::Product),
            Layout::Mapped(mapping) => self.foreign_rows.read(line, mapping, |index, name| {
                plain_text(name, pairs[index].1.get())
            }),
        }
    }
}

/// The layouts of objects whose columns are not this program's own.
struct Layouts<'a> {
    rules: &'a ColumnRules,
    /// The names of the last such object, and its layout.
    last: Option<(Vec<String>, Layout)>,
    /// Facts about it that are still to be told.
    facts: Option<ColumnFacts>,
}

impl Layouts<'_> {
    /// The layout of an object with these names, found anew where the last one had others.
    fn of(&mut self, pairs: &[(String, &RawValue)]) -> Result<&Layout, RowError> {
        let names = pairs.iter().map(|(name, _)| name);
        let last = self.last.take();
        let last = match last.filter(|(last, _)| last.iter().eq(names.clone())) {
            Some(last) => last,
            None => {
                let names: Vec<String> = names.cloned().collect();
                let (layout, facts) = layout(&names, self.rules, NamesOf::Object)?;
                self.facts = Some(facts).filter(|facts| !facts.are_plain());
                (names, layout)
            }
        };
        Ok(&self.last.insert(last).1)
    }
}

/// Returns whether this is the name of a column of this program.
fn is_own(name: &str) -> bool {
    COLUMNS
        .iter()
        .any(|known| known.eq_ignore_ascii_case(name.trim()))
}

/// Reads an object of this program's own columns; where `columns` are given, those that are
/// `None` are passed over.
fn own_row(
    line: u64,
    pairs: &[(String, &RawValue)],
    columns: Option<&[Option<usize>]>,
) -> Result<ProductRow, RowError> {
    let mut values = [const { None }; COLUMNS.len()];
    for (place, (name, value)) in pairs.iter().enumerate() {
        let index = match columns {
            Some(columns) => columns[place],
            None => Some(column(name)?),
        };
        let Some(index) = index else {
            continue;
        };

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
