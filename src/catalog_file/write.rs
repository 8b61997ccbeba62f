//! Writes products as they are stored.

use super::{COLUMNS, Format};
use crate::model::ProductId;
use crate::model::product::FIELDS;
use serde::Serializer;
use serde::ser::SerializeMap;
use std::borrow::Cow;
use std::io::{self, Write};

/// Writes products one by one in one of the formats.
pub struct Writer<W: Write> {
    sink: Sink<W>,
    /// Values that are not UTF-8: CSV keeps their bytes, JSON has a mark instead.
    pub inexact: u64,
}

/// The file that is written, by its format.
enum Sink<W: Write> {
    Csv(Box<csv::Writer<W>>),
    Json {
        out: W,
        shape: JsonShape,
        is_first: bool,
    },
}

/// The way in which the objects of a JSON file stand together.
#[derive(Clone, Copy)]
enum JsonShape {
    Array,
    Lines,
}

impl JsonShape {
    /// The text before an object.
    fn before(self, is_first: bool) -> &'static str {
        match (self, is_first) {
            (JsonShape::Array, true) => "\n",
            (JsonShape::Array, false) => ",\n",
            (JsonShape::Lines, true) => "",
            (JsonShape::Lines, false) => "\n",
        }
    }

    /// The text at the end of the file.
    fn end(self, is_empty: bool) -> &'static str {
        match (self, is_empty) {
            (JsonShape::Array, true) => "]\n",
            (JsonShape::Array, false) => "\n]\n",
            (JsonShape::Lines, true) => "",
            (JsonShape::Lines, false) => "\n",
        }
    }
}

impl<W: Write> Writer<W> {
    /// Begins to write to `out`.
    ///
    /// # Errors
    /// The system's.
    pub fn new(mut out: W, format: Format) -> io::Result<Writer<W>> {
        let sink = match format {
            Format::Csv => {
                let mut csv = Box::new(csv::Writer::from_writer(out));
                csv.write_record(COLUMNS).map_err(csv_error)?;
                Sink::Csv(csv)
            }
            Format::Json => {
                out.write_all(b"[")?;
                Sink::Json {
                    out,
                    shape: JsonShape::Array,
                    is_first: true,
                }
            }
            Format::Jsonl => Sink::Json {
                out,
                shape: JsonShape::Lines,
                is_first: true,
            },
        };

        Ok(Writer { sink, inexact: 0 })
    }

    /// Writes one product with the raw values of [`FIELDS`].
    ///
    /// # Errors
    /// The system's.
    pub fn write(
        &mut self,
        id: &ProductId,
        fields: &[Option<Vec<u8>>; FIELDS.len()],
    ) -> io::Result<()> {
        let id = Some(id.as_bytes());
        let values = std::iter::once(id).chain(fields.iter().map(Option::as_deref));

        match &mut self.sink {
            Sink::Csv(csv) => {
                let inexact = values
                    .clone()
                    .flatten()
                    .filter(|value| std::str::from_utf8(value).is_err());
                self.inexact += inexact.count() as u64;

                csv.write_record(values.map(Option::unwrap_or_default))
                    .map_err(csv_error)
            }
            Sink::Json {
                out,
                shape,
                is_first,
            } => {
                out.write_all(shape.before(*is_first).as_bytes())?;
                *is_first = false;

                let mut json = serde_json::Serializer::new(out);
                let mut map = json.serialize_map(None)?;
                for (name, value) in COLUMNS.iter().zip(values) {
                    let text = value.map(String::from_utf8_lossy);
                    // The text is borrowed unless something had to be marked.
                    self.inexact += u64::from(matches!(text, Some(Cow::Owned(_))));
                    map.serialize_entry(name, &text)?;
                }
                Ok(map.end()?)
            }
        }
    }

    /// Ends the file.
    ///
    /// # Errors
    /// The system's.
    pub fn finish(self) -> io::Result<W> {
        match self.sink {
            Sink::Csv(csv) => csv.into_inner().map_err(|error| error.into_error()),
            Sink::Json {
                mut out,
                shape,
                is_first,
            } => {
                out.write_all(shape.end(is_first).as_bytes())?;
                out.flush()?;
                Ok(out)
            }
        }
    }
}

/// The system's error within a CSV error: its kind tells a closed pipe.
pub(crate) fn csv_error(error: csv::Error) -> io::Error {
    let message = error.to_string();
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        _ => io::Error::other(message),
    }
}
