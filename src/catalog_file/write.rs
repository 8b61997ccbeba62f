//! Writing products: what is stored, as it is stored.

use super::{COLUMNS, Format};
use crate::model::ProductId;
use crate::model::product::FIELDS;
use serde::Serializer;
use serde::ser::SerializeMap;
use std::borrow::Cow;
use std::io::{self, Write};

/// Writes products one by one in one of the formats.
pub struct Writer<W: Write> {
    kind: Kind<W>,
    /// Values that are not UTF-8: CSV keeps their bytes, JSON has a mark instead.
    pub inexact: u64,
}

enum Kind<W: Write> {
    Csv(Box<csv::Writer<W>>),
    Json { out: W, array: bool, first: bool },
}

impl<W: Write> Writer<W> {
    /// Begins to write to `out`.
    ///
    /// # Errors
    /// The system's.
    pub fn new(mut out: W, format: Format) -> io::Result<Writer<W>> {
        let kind = match format {
            Format::Csv => {
                let mut csv = Box::new(csv::Writer::from_writer(out));
                csv.write_record(COLUMNS).map_err(system)?;
                Kind::Csv(csv)
            }
            Format::Json => {
                out.write_all(b"[")?;
                Kind::Json {
                    out,
                    array: true,
                    first: true,
                }
            }
            Format::Jsonl => Kind::Json {
                out,
                array: false,
                first: true,
            },
        };
        Ok(Writer { kind, inexact: 0 })
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
        match &mut self.kind {
            Kind::Csv(csv) => {
                let odd = |value: &Option<&[u8]>| {
                    value.is_some_and(|value| std::str::from_utf8(value).is_err())
                };
                self.inexact += values.clone().filter(odd).count() as u64;
                csv.write_record(values.map(Option::unwrap_or_default))
                    .map_err(system)
            }
            Kind::Json { out, array, first } => {
                let between: &[u8] = match (*array, *first) {
                    (true, true) => b"\n",
                    (true, false) => b",\n",
                    (false, true) => b"",
                    (false, false) => b"\n",
                };
                out.write_all(between)?;
                *first = false;
                let mut json = serde_json::Serializer::new(out);
                let mut map = json.serialize_map(None)?;
                for (name, value) in COLUMNS.iter().zip(values) {
                    let text = value.map(String::from_utf8_lossy);
                    // It is borrowed unless something had to be marked.
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
        match self.kind {
            Kind::Csv(csv) => csv.into_inner().map_err(|error| error.into_error()),
            Kind::Json {
                mut out,
                array,
                first,
            } => {
                out.write_all(match (array, first) {
                    (true, true) => b"]\n",
                    (true, false) => b"\n]\n",
                    (false, true) => b"",
                    (false, false) => b"\n",
                })?;
                out.flush()?;
                Ok(out)
            }
        }
    }
}

/// The system's own error, by whose kind a closed pipe is known.
pub(crate) fn system(error: csv::Error) -> io::Error {
    let said = error.to_string();
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        _ => io::Error::other(said),
    }
}
