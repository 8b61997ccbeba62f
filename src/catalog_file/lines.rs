//! Reads a text line by line, however long its lines are.

use super::RowError;
use std::io::{self, BufRead, BufReader, Read};

/// The lines of a text that are not blank.
pub(crate) struct Lines<R> {
    source: BufReader<R>,
    /// The longest line that is read, in bytes.
    longest: usize,
    buffer: Vec<u8>,
    /// The number of the last line, from 1.
    line: u64,
}

impl<R: Read> Lines<R> {
    pub(crate) fn new(source: BufReader<R>, longest: usize) -> Lines<R> {
        Lines {
            source,
            longest,
            buffer: Vec::new(),
            line: 0,
        }
    }

    /// The next line with its number, or what is wrong with it; `None` at the end.
    ///
    /// # Errors
    /// The errors of the source.
    pub(crate) fn next(&mut self) -> io::Result<Option<(u64, Result<&str, RowError>)>> {
        loop {
            self.buffer.clear();
            self.line += 1;
            let mut limited = (&mut self.source).take(self.longest as u64);
            let read = limited.read_until(b'\n', &mut self.buffer)?;
            if read == 0 {
                return Ok(None);
            }

            if read == self.longest && self.buffer.last() != Some(&b'\n') {
                self.source.skip_until(b'\n')?;
                return Ok(Some((self.line, Err(RowError::Endless(self.longest)))));
            }
            if !self.buffer.iter().all(u8::is_ascii_whitespace) {
                break;
            }
        }

        let text = self.buffer.strip_suffix(b"\n").unwrap_or(&self.buffer);
        let text = std::str::from_utf8(text);
        let text = text.map_err(|_| RowError::Json("it is not UTF-8".to_owned()));
        Ok(Some((self.line, text)))
    }
}
