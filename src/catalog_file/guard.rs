//! The reader through which a file comes to its parser. It refuses a record without end, counts
//! lines, and finds the quotes of CSV that don't fit: the parser reads on over them, and the
//! rows behind a quote that is never closed would vanish in its text.
//!
//! It hands over one line at a time, so that its position is that of the parser, which may not
//! count the lines that it passes over.

use crate::catalog_file::check::RowError;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read};
use std::rc::Rc;

/// The longest record of a file, in bytes.
pub(crate) const LONGEST: usize = 256 * 1024;
/// The bytes that are read at once.
pub(crate) const CHUNK: usize = 64 * 1024;

/// The position in a file, shared between the reader and whoever parses what it reads.
#[derive(Debug, Clone)]
pub(crate) struct Position {
    /// Bytes that the record may still have.
    left: Rc<Cell<usize>>,
    /// Line ends that were read.
    line_ends: Rc<Cell<u64>>,
    /// True where the byte that was read last ended a line.
    is_behind_line_end: Rc<Cell<bool>>,
}

impl Position {
    fn start() -> Position {
        Position {
            left: Rc::new(Cell::new(LONGEST + CHUNK)),
            line_ends: Rc::default(),
            is_behind_line_end: Rc::default(),
        }
    }

    /// Notes that a record ended: the next may be as long again.
    pub(crate) fn record_ended(&self) {
        // What is read ahead belongs to the next one.
        self.left.set(LONGEST + CHUNK);
    }

    /// Returns whether a record was refused because it is too long.
    pub(crate) fn is_used_up(&self) -> bool {
        self.left.get() == 0
    }

    /// The number of the line on which the byte stands that was read last, from 1.
    pub(crate) fn line(&self) -> u64 {
        self.line_ends.get() + u64::from(!self.is_behind_line_end.get())
    }

    fn advance(&self, bytes: &[u8]) {
        self.left.set(self.left.get() - bytes.len());

        if let Some(last) = bytes.last() {
            let ends_line = *last == b'\n';
            self.is_behind_line_end.set(ends_line);
            self.line_ends
                .set(self.line_ends.get() + u64::from(ends_line));
        }
    }
}

/// A reader that limits the length of a record, counts lines, and may check quotes.
pub(crate) struct RecordLimiter<R> {
    inner: BufReader<R>,
    position: Position,
    quotes: Option<QuoteChecker>,
}

impl<R: Read> RecordLimiter<R> {
    /// Reads `inner`, whose quotes are left alone. The position follows the reading.
    pub(crate) fn new(inner: BufReader<R>) -> (RecordLimiter<R>, Position) {
        let position = Position::start();
        let limiter = RecordLimiter {
            inner,
            position: position.clone(),
            quotes: None,
        };
        (limiter, position)
    }

    /// Also checks the quotes of CSV with this delimiter. The errors follow the reading.
    pub(crate) fn checking_quotes(mut self, delimiter: u8) -> (RecordLimiter<R>, QuoteErrors) {
        let quotes = QuoteChecker::new(delimiter);
        let errors = quotes.errors.clone();
        self.quotes = Some(quotes);
        (self, errors)
    }
}

impl<R: Read> RecordLimiter<R> {
    /// Reads to the end of the line, as far as there is room and the file has been read ahead.
    fn read_line_part(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let ahead = self.inner.fill_buf()?;
        let most = ahead.len().min(buffer.len());
        let length = memchr::memchr(b'\n', &ahead[..most]).map_or(most, |end| end + 1);

        buffer[..length].copy_from_slice(&ahead[..length]);
        self.inner.consume(length);
        Ok(length)
    }
}

impl<R: Read> Read for RecordLimiter<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.position.left.get();
        if left == 0 && !self.inner.fill_buf()?.is_empty() {
            return Err(io::Error::other("a record without end"));
        }

        let most = buffer.len().min(left);
        let read = self.read_line_part(&mut buffer[..most])?;
        let bytes = &buffer[..read];

        self.position.advance(bytes);
        if let Some(quotes) = &mut self.quotes {
            let is_at_end = bytes.is_empty() && !buffer.is_empty();
            if is_at_end && quotes.is_open() {
                // What looks like the end of the last line is a part of the value.
                self.position.is_behind_line_end.set(false);
                quotes.end();
            } else {
                quotes.check(bytes);
            }
        }
        Ok(read)
    }
}

/// Quotes that don't fit, each with its offset in the file.
#[derive(Clone, Default)]
pub(crate) struct QuoteErrors(Rc<RefCell<VecDeque<(u64, RowError)>>>);

impl QuoteErrors {
    /// Takes the first error before `offset`, and forgets the others before it.
    pub(crate) fn take_before(&self, offset: u64) -> Option<RowError> {
        let mut errors = self.0.borrow_mut();
        let count = errors.iter().take_while(|(at, _)| *at < offset).count();
        let first = errors.drain(..count).next();
        first.map(|(_, error)| error)
    }
}

/// The part of a value in which the reading stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ValuePart {
    Start,
    Plain,
    Quoted,
    /// Behind a quote that ends the value, unless another follows.
    Closed,
}

/// Follows the quotes of CSV from value to value.
struct QuoteChecker {
    delimiter: u8,
    part: ValuePart,
    /// Bytes checked so far.
    offset: u64,
    errors: QuoteErrors,
}

impl QuoteChecker {
    fn new(delimiter: u8) -> QuoteChecker {
        QuoteChecker {
            delimiter,
            part: ValuePart::Start,
            offset: 0,
            errors: QuoteErrors::default(),
        }
    }

    /// Checks the bytes that follow those checked before, from quote to quote.
    fn check(&mut self, mut bytes: &[u8]) {
        while let (Some(first), Some(last)) = (bytes.first(), bytes.last()) {
            let quote = memchr::memchr(b'"', bytes);

            let (checked, part) = match (self.part, quote) {
                (ValuePart::Quoted, Some(quote)) => (quote + 1, ValuePart::Closed),
                (ValuePart::Quoted, None) => (bytes.len(), ValuePart::Quoted),

                // A doubled quote is a part of the text.
                (ValuePart::Closed, Some(0)) => (1, ValuePart::Quoted),
                (ValuePart::Closed, _) if self.ends_value(*first) => (1, ValuePart::Start),
                (ValuePart::Closed, _) => {
                    self.add_error(self.offset, RowError::BehindQuote);
                    (1, ValuePart::Plain)
                }

                (ValuePart::Start | ValuePart::Plain, Some(quote)) => {
                    (quote + 1, self.part_after_quote(&bytes[..quote]))
                }
                (ValuePart::Start | ValuePart::Plain, None) if self.ends_value(*last) => {
                    (bytes.len(), ValuePart::Start)
                }
                (ValuePart::Start | ValuePart::Plain, None) => (bytes.len(), ValuePart::Plain),
            };

            self.part = part;
            self.offset += checked as u64;
            bytes = &bytes[checked..];
        }
    }

    /// The part that a quote begins, after these bytes of a value that is not quoted.
    fn part_after_quote(&self, before: &[u8]) -> ValuePart {
        let is_at_start = match before.last() {
            Some(byte) => self.ends_value(*byte),
            None => self.part == ValuePart::Start,
        };

        if is_at_start {
            ValuePart::Quoted
        } else {
            // Within a plain value it is a part of the text.
            ValuePart::Plain
        }
    }

    fn is_open(&self) -> bool {
        self.part == ValuePart::Quoted
    }

    /// Notes that the file ends in an open quote.
    fn end(&mut self) {
        self.part = ValuePart::Start;
        self.add_error(self.offset.saturating_sub(1), RowError::OpenQuote);
    }

    /// Returns whether this byte ends a value that is not quoted.
    fn ends_value(&self, byte: u8) -> bool {
        byte == self.delimiter || byte == b'\n' || byte == b'\r'
    }

    fn add_error(&self, offset: u64, error: RowError) {
        self.errors.0.borrow_mut().push_back((offset, error));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guard(text: &str) -> (RecordLimiter<&[u8]>, Position, QuoteErrors) {
        let (limiter, position) = RecordLimiter::new(BufReader::new(text.as_bytes()));
        let (limiter, errors) = limiter.checking_quotes(b',');
        (limiter, position, errors)
    }

    fn all(errors: &QuoteErrors) -> Vec<(u64, RowError)> {
        errors.0.take().into_iter().collect()
    }

    fn quote_errors(text: &str) -> Vec<(u64, RowError)> {
        let (mut limiter, _, errors) = guard(text);
        io::copy(&mut limiter, &mut io::sink()).unwrap();
        all(&errors)
    }

    #[test]
    fn quotes_that_fit_are_left_alone() {
        for text in [
            "",
            "a,b\n",
            "\"a\",\"b\"\n",
            "\"a\"\"b\"\r\n\"\",x",
            "5\" pipe,6\"\n",
            "\"a\nb\",c",
            "\"\"\"\"",
        ] {
            assert!(quote_errors(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn others_are_found_at_their_offset() {
        assert_eq!(quote_errors("a,\"b\nc,d"), [(7, RowError::OpenQuote)]);
        assert_eq!(quote_errors("\"a\" b,c\n"), [(3, RowError::BehindQuote)]);
        assert_eq!(
            quote_errors("1,\"A\nf2,\"B\"\n"),
            [(9, RowError::BehindQuote)]
        );
    }

    #[test]
    fn it_does_not_matter_how_the_bytes_are_cut() {
        for text in [
            "a,\"b\"\"c\"x,\"d\ne\",5\" f\n",
            "\"a\",\"b\"\n\"c\" d\n\"e",
        ] {
            let whole = quote_errors(text);
            assert!(!whole.is_empty());

            let (mut limiter, position, errors) = guard(text);
            while limiter.read(&mut [0]).unwrap() > 0 {}
            assert_eq!(all(&errors), whole, "{text}");
            assert_eq!(position.line(), text.lines().count() as u64);
        }
    }

    #[test]
    fn each_belongs_to_the_record_that_ends_behind_it() {
        let (mut limiter, _, errors) = guard("\"a\"b\n\"c\n");
        io::copy(&mut limiter, &mut io::sink()).unwrap();
        assert_eq!(errors.take_before(5), Some(RowError::BehindQuote));
        assert_eq!(errors.take_before(5), None);
        assert_eq!(errors.take_before(8), Some(RowError::OpenQuote));
    }

    #[test]
    fn a_record_without_end_is_refused() {
        let text = "x".repeat(LONGEST + CHUNK);
        let (mut limiter, position, _) = guard(&text);
        io::copy(&mut limiter, &mut io::sink()).unwrap();
        assert!(position.is_used_up());

        let longer = format!("{text}x");
        let (mut limiter, position, _) = guard(&longer);
        assert!(io::copy(&mut limiter, &mut io::sink()).is_err());
        assert!(position.is_used_up());

        // One that ends in time makes room for the next.
        position.record_ended();
        assert_eq!(limiter.read(&mut [0]).unwrap(), 1);
    }
}
