//! Reads, checks and writes files of products: CSV, a JSON array, JSON lines. Nothing here knows
//! Redis.
//!
//! Files are untrusted and of any size: they are read one product at a time, a record that
//! never ends is refused, and what is wrong with one product is reported with its line and does
//! not hide the others.

mod check;
mod csv;
mod foreign;
mod formats;
mod guard;
mod html;
mod json;
mod lines;
mod write;

pub use check::{BadRow, ProductRow, RowError};
pub(crate) use check::{checked, checked_value, column, flaw_of_id, flaw_of_values, listed};
pub use formats::{ColumnFacts, ColumnRules};
pub(crate) use guard::LONGEST;
pub(crate) use json::json_error;
pub(crate) use lines::Lines;
pub use write::Writer;
pub(crate) use write::csv_error;

use crate::model::product::FIELDS;
use std::io::{BufRead, BufReader, Read};
use std::ops::ControlFlow;
use std::path::Path;

/// The names of the columns: `id`, and the fields of a product.
pub(crate) const COLUMNS: [&str; 1 + FIELDS.len()] = {
    let [name, price, category, unit, stock, description, barcode] = FIELDS;
    [
        "id",
        name,
        price,
        category,
        unit,
        stock,
        description,
        barcode,
    ]
};

/// The format of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Comma-separated values; the first line names the columns
    Csv,
    /// A JSON array of objects
    Json,
    /// One JSON object a line
    Jsonl,
}

impl Format {
    /// The format by a file's name; `None` where that says nothing.
    #[must_use]
    pub fn of(path: &Path) -> Option<Format> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "csv" | "tsv" => Some(Format::Csv),
            "json" => Some(Format::Json),
            "jsonl" | "ndjson" => Some(Format::Jsonl),
            _ => None,
        }
    }

    /// The format by a file's first byte that is no white space.
    fn sniffed(first: u8) -> Format {
        match first {
            b'[' => Format::Json,
            b'{' => Format::Jsonl,
            _ => Format::Csv,
        }
    }
}

/// A product as it was read from a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParsedRow {
    /// A product that passed all checks.
    Product(ProductRow),
    /// A product that did not.
    Bad(BadRow),
    /// The facts about the columns of what follows, where they are not this program's own.
    Columns(ColumnFacts),
    /// A row that is no product of its own, or one that is not for sale.
    PassedOver,
}

/// The reason why a file can't be read on.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The system can't read it.
    #[error("can't read the file: {0}")]
    Read(#[from] std::io::Error),
    /// The file is in an encoding that is not read.
    #[error("the file is in UTF-16: save it as UTF-8")]
    Utf16,
    /// The file has to be unpacked or saved in another format first.
    #[error("{0}")]
    Packed(&'static str),
    /// The first line names no columns that can be used.
    #[error("the first line must name the columns: {0}{rest}", rest = way_out(.0))]
    Header(RowError),
    /// The rest of the file can't be understood.
    #[error("line {line}: {flaw}; nothing after it was read")]
    Broken {
        /// The line, from 1.
        line: u64,
        /// The error there.
        flaw: RowError,
    },
}

/// The end of a message on columns: how they can be read all the same.
fn way_out(flaw: &RowError) -> &'static str {
    if matches!(
        flaw,
        RowError::UnknownColumn { .. } | RowError::UnknownColumns(_)
    ) {
        "; --map COLUMN=FIELD says what one is, --ignore-unknown passes over them"
    } else if *flaw == RowError::NoId {
        "; --map COLUMN=id says which column it is"
    } else {
        ""
    }
}

/// Reads products from `source` and hands them to `take` one by one, until the end or until
/// `take` breaks off. Where `format` is `None`, the first byte tells. `rules` say how columns are
/// taken that are not this program's own.
///
/// # Errors
/// The [`FileError`] at which reading ended. What came before it has been handed over.
pub fn read(
    source: impl Read,
    format: Option<Format>,
    rules: &ColumnRules,
    mut take: impl FnMut(ParsedRow) -> ControlFlow<()>,
) -> Result<(), FileError> {
    let mut source = begin(source)?;
    let first = source
        .fill_buf()?
        .iter()
        .copied()
        .find(|byte| !byte.is_ascii_whitespace());
    let sniffed = first.map_or(Format::Csv, Format::sniffed);

    match (format, sniffed) {
        (Some(Format::Csv), _) | (None, Format::Csv) => csv::read(source, rules, &mut take),
        (Some(Format::Jsonl), _) => json::read_lines(source, rules, &mut take),
        // Objects under the name of an array are read all the same.
        (_, Format::Jsonl) => json::read_objects(source, rules, &mut take),
        (Some(Format::Json) | None, _) => json::read_array(source, rules, &mut take),
    }
}

/// Begins to read a file of text, which may have a byte order mark.
///
/// # Errors
/// [`FileError::Packed`], [`FileError::Utf16`], [`FileError::Read`].
pub(crate) fn begin<R: Read>(source: R) -> Result<BufReader<R>, FileError> {
    let mut source = BufReader::with_capacity(guard::CHUNK, source);
    refuse_packed(source.fill_buf()?)?;
    skip_byte_order_mark(&mut source)?;
    Ok(source)
}

/// Refuses a file that is a workbook or compressed, by its first bytes.
fn refuse_packed(start: &[u8]) -> Result<(), FileError> {
    let workbook = "the file is a workbook: save its sheet as CSV (UTF-8)";
    let archive = "the file is an archive: unpack it first";
    let compressed = "the file is compressed: unpack it first";

    let kinds: [(&[u8], &'static str); 8] = [
        (b"PK\x03\x04", archive),
        (b"\xD0\xCF\x11\xE0", workbook),
        (b"Rar!", archive),
        (b"7z\xBC\xAF", archive),
        (b"\x1F\x8B", compressed),
        (b"\xFD7zXZ", compressed),
        (b"\x28\xB5\x2F\xFD", compressed),
        (b"BZh", compressed),
    ];
    let kind = kinds.iter().find(|(magic, _)| start.starts_with(magic));
    let Some((_, what)) = kind else {
        return Ok(());
    };

    let is_workbook = [
        &b"[Content_Types].xml"[..],
        b"xl/",
        b"opendocument.spreadsheet",
    ]
    .iter()
    .any(|part| memchr::memmem::find(start, part).is_some());
    Err(FileError::Packed(if is_workbook { workbook } else { what }))
}

fn skip_byte_order_mark(source: &mut impl BufRead) -> Result<(), FileError> {
    let start = source.fill_buf()?;
    if start.starts_with(b"\xFF\xFE") || start.starts_with(b"\xFE\xFF") {
        return Err(FileError::Utf16);
    }
    if start.starts_with(b"\xEF\xBB\xBF") {
        source.consume(3);
    }
    Ok(())
}
