//! A reader that refuses records without end, and counts lines.

use std::cell::Cell;
use std::io::{self, BufRead, BufReader, Read};
use std::rc::Rc;

/// The longest record of a file, in bytes.
pub const LONGEST: usize = 256 * 1024;
/// The bytes that are read at once.
pub const CHUNK: usize = 64 * 1024;

/// What is known of the place in a file.
#[derive(Debug, Clone)]
pub struct Position {
    left: Rc<Cell<usize>>,
    line: Rc<Cell<u64>>,
}

impl Position {
    /// A record ended: the next may be as long again.
    pub fn record_ended(&self) {
        // What is read ahead belongs to the next one.
        self.left.set(LONGEST + CHUNK);
    }

    /// Whether a record was refused.
    pub fn is_used_up(&self) -> bool {
        self.left.get() == 0
    }

    /// The line, from 1.
    pub fn line(&self) -> u64 {
        self.line.get()
    }
}

/// The reader.
pub struct RecordLimiter<R> {
    inner: BufReader<R>,
    place: Position,
}

impl<R: Read> RecordLimiter<R> {
    /// Reads `inner`; its place is shared.
    pub fn new(inner: BufReader<R>) -> (RecordLimiter<R>, Position) {
        let place = Position {
            left: Rc::new(Cell::new(LONGEST + CHUNK)),
            line: Rc::new(Cell::new(1)),
        };
        (
            RecordLimiter {
                inner,
                place: place.clone(),
            },
            place,
        )
    }
}

impl<R: Read> Read for RecordLimiter<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.place.left.get();
        if left == 0 && !self.inner.fill_buf()?.is_empty() {
            return Err(io::Error::other("a record without end"));
        }
        let most = buffer.len().min(left);
        let read = self.inner.read(&mut buffer[..most])?;
        self.place.left.set(left - read);
        let lines = buffer[..read].iter().filter(|byte| **byte == b'\n').count();
        self.place.line.set(self.place.line.get() + lines as u64);
        Ok(read)
    }
}
