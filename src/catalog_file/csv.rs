//! Reading CSV. Commas, semicolons and tabs separate; the first line tells which.

use super::{COLUMNS, FileError, ParsedRow};
use crate::catalog_file::check::{BadRow, RowError, checked, column};
use crate::catalog_file::limit::{CHUNK, LONGEST, RecordLimiter};
use crate::catalog_file::quotes::QuoteChecker;
use crate::catalog_file::write::system;
use csv::{ByteRecord, ReaderBuilder};
use std::borrow::Cow;
use std::io::{BufRead, BufReader, Read};
use std::ops::ControlFlow;

/// Reads products; see [`super::read`].
pub fn read<R: Read>(
    mut source: BufReader<R>,
    take: &mut impl FnMut(ParsedRow) -> ControlFlow<()>,
) -> Result<(), FileError> {
    let delimiter = delimiter(source.fill_buf()?);
    let (limited, place) = RecordLimiter::new(source);
    let (watched, misfits) = QuoteChecker::new(limited, delimiter);
    let mut reader = ReaderBuilder::new()
        .flexible(true)
        .has_headers(false)
        .delimiter(delimiter)
        .buffer_capacity(CHUNK)
        .from_reader(watched);
    let mut record = ByteRecord::new();
    let mut heads: Option<Vec<usize>> = None;
    loop {
        let line = reader.position().line();
        match reader.read_byte_record(&mut record) {
            Ok(true) => place.record_ended(),
            Ok(false) if heads.is_none() => return Err(FileError::Header(RowError::NoId)),
            Ok(false) => return Ok(()),
            Err(_) if place.is_used_up() => {
                return Err(FileError::Broken {
                    line,
                    flaw: RowError::Endless(LONGEST),
                });
            }
            Err(error) => return Err(FileError::Read(system(error))),
        }
        let misfit = misfits.before(reader.position().byte());
        let Some(heads) = &heads else {
            if let Some(flaw) = misfit {
                return Err(FileError::Header(flaw));
            }
            heads = Some(header(&record).map_err(FileError::Header)?);
            continue;
        };
        // Where it really begins: after empty lines.
        let line = record.position().map_or(line, csv::Position::line);
        let checked = misfit.map_or_else(|| row(line, heads, &record), Err);
        let item = match checked {
            Ok(row) => ParsedRow::Product(row),
            Err(flaw) => ParsedRow::Bad(BadRow { line, flaw }),
        };
        if take(item).is_break() {
            return Ok(());
        }
    }
}

/// The separator that the first line uses most.
fn delimiter(start: &[u8]) -> u8 {
    let line = start
        .split(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    let count = |separator: u8| line.iter().filter(|byte| **byte == separator).count();
    // The last of equals wins.
    [b'\t', b';', b',']
        .into_iter()
        .max_by_key(|separator| count(*separator))
        .unwrap_or(b',')
}

/// The columns that the first line names.
fn header(record: &ByteRecord) -> Result<Vec<usize>, RowError> {
    let mut heads = Vec::with_capacity(record.len());
    for name in record {
        let place = column(&String::from_utf8_lossy(name))?;
        if heads.contains(&place) {
            return Err(RowError::Twice(COLUMNS[place]));
        }
        heads.push(place);
    }
    if heads.contains(&0) {
        Ok(heads)
    } else {
        Err(RowError::NoId)
    }
}

fn row(line: u64, heads: &[usize], record: &ByteRecord) -> Result<super::ProductRow, RowError> {
    if record.len() != heads.len() {
        return Err(RowError::Columns {
            found: record.len(),
            expected: heads.len(),
        });
    }
    let mut values = [const { None }; COLUMNS.len()];
    for (place, value) in heads.iter().zip(record) {
        let text = std::str::from_utf8(value).map_err(|_| RowError::NotUtf8(COLUMNS[*place]))?;
        values[*place] = Some(Cow::Borrowed(text));
    }
    checked(line, values)
}
