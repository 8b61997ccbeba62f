//! Reads CSV. Commas, semicolons and tabs separate; the first line tells which.

use super::{COLUMNS, ColumnRules, FileError, ParsedRow};
use crate::catalog_file::check::{BadRow, ProductRow, RowError, checked};
use crate::catalog_file::foreign::{ForeignRow, ForeignRows};
use crate::catalog_file::formats::{ColumnFacts, Layout, NamesOf, layout};
use crate::catalog_file::guard::{CHUNK, LONGEST, Position, QuoteErrors, RecordLimiter};
use crate::catalog_file::write::csv_error;
use csv::{ByteRecord, ReaderBuilder};
use std::borrow::Cow;
use std::io::{BufRead, BufReader, Read};
use std::ops::ControlFlow;

/// Reads products; see [`super::read`].
pub(crate) fn read<R: Read>(
    mut source: BufReader<R>,
    rules: &ColumnRules,
    take: &mut impl FnMut(ParsedRow) -> ControlFlow<()>,
) -> Result<(), FileError> {
    let start = source.fill_buf()?;
    let named_delimiter = named_delimiter(start);
    let delimiter = named_delimiter.unwrap_or_else(|| most_used_delimiter(start));
    let mut records = RecordReader::new(source, delimiter);

    if named_delimiter.is_some() {
        records.next()?;
    }
    let Some(first) = records.next()? else {
        return Err(FileError::Header(RowError::NoId));
    };
    let header = match first.quote_error {
        Some(error) => Err(error),
        None => header(&records.values, rules),
    };
    let (columns, facts) = header.map_err(FileError::Header)?;
    if !facts.are_plain() && take(ParsedRow::Columns(facts)).is_break() {
        return Ok(());
    }
    let mut foreign_rows = ForeignRows::default();

    while let Some(RecordFacts { line, quote_error }) = records.next()? {
        // Spreadsheets write the rows below a table as separators alone.
        if records
            .values
            .iter()
            .all(|value| value.trim_ascii().is_empty())
        {
            continue;
        }

        let row = match quote_error {
            Some(error) => Err(error),
            None => row(line, &columns, &records.values, &mut foreign_rows),
        };
        let parsed = match row {
            Ok(ForeignRow::Product(row)) => ParsedRow::Product(row),
            Ok(ForeignRow::PassedOver) => ParsedRow::PassedOver,
            Ok(ForeignRow::Empty) => continue,
            Err(flaw) => ParsedRow::Bad(BadRow { line, flaw }),
        };
        if take(parsed).is_break() {
            break;
        }
    }
    Ok(())
}

/// The records of a file, one after the other.
struct RecordReader<R> {
    reader: csv::Reader<RecordLimiter<R>>,
    position: Position,
    quote_errors: QuoteErrors,
    /// The values of the record that was read last.
    values: ByteRecord,
}

/// The facts about a record beside its values.
struct RecordFacts {
    /// The line on which it begins, from 1.
    line: u64,
    /// A quote in it that doesn't fit.
    quote_error: Option<RowError>,
}

impl<R: Read> RecordReader<R> {
    fn new(source: BufReader<R>, delimiter: u8) -> RecordReader<R> {
        let (limiter, position) = RecordLimiter::new(source);
        let (limiter, quote_errors) = limiter.checking_quotes(delimiter);
        let reader = ReaderBuilder::new()
            .flexible(true)
            .has_headers(false)
            .delimiter(delimiter)
            .buffer_capacity(CHUNK)
            .from_reader(limiter);

        RecordReader {
            reader,
            position,
            quote_errors,
            values: ByteRecord::new(),
        }
    }

    /// Reads the next record; `None` at the end of the file.
    fn next(&mut self) -> Result<Option<RecordFacts>, FileError> {
        match self.reader.read_byte_record(&mut self.values) {
            Ok(true) => self.position.record_ended(),
            Ok(false) => return Ok(None),
            Err(_) if self.position.is_used_up() => {
                return Err(FileError::Broken {
                    line: self.reader.position().line(),
                    flaw: RowError::Endless(LONGEST),
                });
            }
            Err(error) => return Err(FileError::Read(csv_error(error))),
        }

        let lines_within: usize = self
            .values
            .iter()
            .map(|value| memchr::memchr_iter(b'\n', value).count())
            .sum();
        Ok(Some(RecordFacts {
            line: self.position.line() - lines_within as u64,
            quote_error: self.quote_errors.take_before(self.reader.position().byte()),
        }))
    }
}

/// The separator that a line like `sep=;` at the start names, which Excel reads and writes.
fn named_delimiter(start: &[u8]) -> Option<u8> {
    let line = first_line(start);
    match line.strip_suffix(b"\r").unwrap_or(line) {
        [s, e, p, b'=', delimiter] | [b'"', s, e, p, b'=', delimiter, b'"']
            if [*s, *e, *p].eq_ignore_ascii_case(b"sep") =>
        {
            Some(*delimiter)
        }
        _ => None,
    }
}

/// The separator that the first line uses most.
fn most_used_delimiter(start: &[u8]) -> u8 {
    let line = first_line(start);

    // The last of equals wins.
    [b'\t', b';', b',']
        .into_iter()
        .max_by_key(|separator| memchr::memchr_iter(*separator, line).count())
        .unwrap_or(b',')
}

fn first_line(start: &[u8]) -> &[u8] {
    start
        .split(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default()
}

/// The layout of the columns that the first line names.
fn header(record: &ByteRecord, rules: &ColumnRules) -> Result<(Layout, ColumnFacts), RowError> {
    let names = record.iter().map(String::from_utf8_lossy);
    let names: Vec<String> = names.map(Cow::into_owned).collect();
    layout(&names, rules, NamesOf::File)
}

fn row(
    line: u64,
    layout: &Layout,
    record: &ByteRecord,
    foreign_rows: &mut ForeignRows,
) -> Result<ForeignRow, RowError> {
    let expected = layout.width();
    if record.len() != expected {
        return Err(RowError::Columns {
            found: record.len(),
            expected,
        });
    }

    match layout {
        Layout::Own(columns) => own_row(line, columns, record).map(ForeignRow::Product),
        Layout::Mapped(mapping) => foreign_rows.read(line, mapping, |index, name| {
            let value = std::str::from_utf8(&record[index]);
            let text = value.map_err(|_| RowError::NotUtf8(name))?;
            Ok(Cow::Borrowed(text))
        }),
    }
}

fn own_row(
    line: u64,
    columns: &[Option<usize>],
    record: &ByteRecord,
) -> Result<ProductRow, RowError> {
    let mut values = [const { None }; COLUMNS.len()];
    for (index, value) in columns.iter().zip(record) {
        let Some(index) = *index else {
            continue;
        };
        let text = std::str::from_utf8(value).map_err(|_| RowError::NotUtf8(COLUMNS[index]))?;
        values[index] = Some(Cow::Borrowed(text));
    }
    checked(line, values)
}
