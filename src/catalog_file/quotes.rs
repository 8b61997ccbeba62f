//! Finds the quotes of CSV that don't fit. The library reads on over them, and the rows behind
//! one that is never closed would vanish in its text.

use crate::catalog_file::check::RowError;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, Read};
use std::rc::Rc;

/// What doesn't fit, by its place in the file.
#[derive(Clone, Default)]
pub struct QuoteErrors(Rc<RefCell<VecDeque<(u64, RowError)>>>);

impl QuoteErrors {
    /// The first one before `place`; those before it are forgotten.
    pub fn before(&self, place: u64) -> Option<RowError> {
        let mut all = self.0.borrow_mut();
        let count = all.iter().take_while(|(at, _)| *at < place).count();
        let first = all.drain(..count).next();
        first.map(|(_, flaw)| flaw)
    }
}

/// Where in a value the reading stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    Start,
    Plain,
    Quoted,
    /// Behind a quote that ends the value, unless another follows.
    Closed,
}

/// A reader that looks at the quotes.
pub struct QuoteChecker<R> {
    inner: R,
    delimiter: u8,
    at: At,
    place: u64,
    misfits: QuoteErrors,
}

impl<R: Read> QuoteChecker<R> {
    /// Reads `inner`.
    pub fn new(inner: R, delimiter: u8) -> (QuoteChecker<R>, QuoteErrors) {
        let misfits = QuoteErrors::default();
        (
            QuoteChecker {
                inner,
                delimiter,
                at: At::Start,
                place: 0,
                misfits: misfits.clone(),
            },
            misfits,
        )
    }

    fn found(&self, place: u64, flaw: RowError) {
        self.misfits.0.borrow_mut().push_back((place, flaw));
    }

    /// Looks at what was read, from quote to quote.
    fn look(&mut self, mut bytes: &[u8]) {
        while let (Some(first), Some(last)) = (bytes.first(), bytes.last()) {
            let quote = memchr::memchr(b'"', bytes);
            let (seen, at) = match (self.at, quote) {
                (At::Quoted, Some(quote)) => (quote + 1, At::Closed),
                (At::Quoted, None) => (bytes.len(), At::Quoted),
                (At::Closed, Some(0)) => (1, At::Quoted),
                (At::Closed, _) if self.ends(*first) => (1, At::Start),
                (At::Closed, _) => {
                    self.found(self.place, RowError::BehindQuote);
                    (1, At::Plain)
                }
                (at, Some(quote)) => {
                    let begins = quote
                        .checked_sub(1)
                        .map_or(at == At::Start, |before| self.ends(bytes[before]));
                    // Within a plain value it is a part of that.
                    (quote + 1, if begins { At::Quoted } else { At::Plain })
                }
                (_, None) => (
                    bytes.len(),
                    if self.ends(*last) {
                        At::Start
                    } else {
                        At::Plain
                    },
                ),
            };
            (self.at, self.place, bytes) = (at, self.place + seen as u64, &bytes[seen..]);
        }
    }

    /// Whether this ends a value that is not quoted.
    fn ends(&self, byte: u8) -> bool {
        byte == self.delimiter || byte == b'\n' || byte == b'\r'
    }
}

impl<R: Read> Read for QuoteChecker<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.look(&buffer[..read]);
        if read == 0 && !buffer.is_empty() && self.at == At::Quoted {
            self.at = At::Start;
            self.found(self.place.saturating_sub(1), RowError::OpenQuote);
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flaws(text: &str) -> Vec<(u64, RowError)> {
        let (mut watched, misfits) = QuoteChecker::new(text.as_bytes(), b',');
        io::copy(&mut watched, &mut io::sink()).unwrap();
        misfits.0.take().into_iter().collect()
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
            assert!(flaws(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn others_are_found_at_their_place() {
        assert_eq!(flaws("a,\"b\nc,d"), [(7, RowError::OpenQuote)]);
        assert_eq!(flaws("\"a\" b,c\n"), [(3, RowError::BehindQuote)]);
        assert_eq!(flaws("1,\"A\nf2,\"B\"\n"), [(9, RowError::BehindQuote)]);
    }

    #[test]
    fn it_does_not_matter_how_it_is_cut() {
        for text in [
            "a,\"b\"\"c\"x,\"d\ne\",5\" f\n",
            "\"a\",\"b\"\n\"c\" d\n\"e",
        ] {
            let whole = flaws(text);
            let (mut watched, misfits) = QuoteChecker::new(text.as_bytes(), b',');
            while watched.read(&mut [0]).unwrap() > 0 {}
            assert_eq!(
                misfits.0.take().into_iter().collect::<Vec<_>>(),
                whole,
                "{text}"
            );
            assert!(!whole.is_empty());
        }
    }

    #[test]
    fn each_belongs_to_what_comes_before_a_place() {
        let (mut watched, misfits) = QuoteChecker::new(&b"\"a\"b\n\"c\n"[..], b',');
        io::copy(&mut watched, &mut io::sink()).unwrap();
        assert_eq!(misfits.before(5), Some(RowError::BehindQuote));
        assert_eq!(misfits.before(5), None);
        assert_eq!(misfits.before(8), Some(RowError::OpenQuote));
    }
}
