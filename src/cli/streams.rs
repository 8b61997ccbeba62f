//! The standard output streams of plain commands. A terminal or pipe is shared with other programs,
//! and one of them may have made it one that does not block. These wait then, as usual.

use rustix::event::{PollFd, PollFlags, poll};
use std::io::{self, ErrorKind, StderrLock, StdoutLock, Write};
use std::os::fd::AsFd;

/// A stream that waits until it takes what is written.
pub(super) struct PatientStream<W>(W);

/// The standard output.
pub(super) fn stdout() -> PatientStream<StdoutLock<'static>> {
    PatientStream(io::stdout().lock())
}

/// The standard error output.
pub(super) fn stderr() -> PatientStream<StderrLock<'static>> {
    PatientStream(io::stderr().lock())
}

impl<W: Write + AsFd> PatientStream<W> {
    /// Waits until a write would do something, or fail.
    fn wait(&self) -> io::Result<()> {
        match poll(&mut [PollFd::new(&self.0, PollFlags::OUT)], None) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

impl<W: Write + AsFd> Write for PatientStream<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match self.0.write(bytes) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.wait()?,
                written => return written,
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        loop {
            match self.0.flush() {
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.wait()?,
                flushed => return flushed,
            }
        }
    }
}
