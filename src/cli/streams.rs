//! The standard streams of plain commands. A terminal or pipe is shared with other programs,
//! and one of them may have made it one that does not block. These wait then, as usual.

use futures::future::BoxFuture;
use rustix::event::{PollFd, PollFlags, poll};
use std::io::{self, ErrorKind, IsTerminal, Read, StderrLock, StdinLock, StdoutLock, Write};
use std::os::fd::AsFd;

/// The streams that a command prints to.
pub(super) trait Streams: Send + Sync {
    /// The stream for what was asked for.
    fn stdout(&self) -> Box<dyn Write + '_>;
    /// The stream for notes and errors.
    fn stderr(&self) -> Box<dyn Write + '_>;
    /// The stream that a command reads, where it reads one.
    fn stdin(&self) -> Box<dyn Read + '_>;
    /// Tells whether a terminal shows what is printed.
    fn is_terminal(&self) -> bool;

    /// Waits until the reader can be given more without keeping it for them.
    fn wait_until_sent(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

/// The standard streams of this program.
pub(super) struct StandardStreams;

impl Streams for StandardStreams {
    fn stdout(&self) -> Box<dyn Write + '_> {
        Box::new(stdout())
    }

    fn stderr(&self) -> Box<dyn Write + '_> {
        Box::new(stderr())
    }

    fn stdin(&self) -> Box<dyn Read + '_> {
        Box::new(stdin())
    }

    fn is_terminal(&self) -> bool {
        io::stdout().is_terminal()
    }
}

/// A stream that waits until there is something to read, or it takes what is written.
pub(super) struct PatientStream<S>(S);

/// The standard input.
pub(super) fn stdin() -> PatientStream<StdinLock<'static>> {
    PatientStream(io::stdin().lock())
}

/// The standard output.
pub(super) fn stdout() -> PatientStream<StdoutLock<'static>> {
    PatientStream(io::stdout().lock())
}

/// The standard error output.
pub(super) fn stderr() -> PatientStream<StderrLock<'static>> {
    PatientStream(io::stderr().lock())
}

impl<S: AsFd> PatientStream<S> {
    /// Waits until reading or writing would do something, or fail.
    fn wait(&self, what: PollFlags) -> io::Result<()> {
        match poll(&mut [PollFd::new(&self.0, what)], None) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

impl<R: Read + AsFd> Read for PatientStream<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.0.read(bytes) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.wait(PollFlags::IN)?,
                read => return read,
            }
        }
    }
}

impl<W: Write + AsFd> Write for PatientStream<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match self.0.write(bytes) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.wait(PollFlags::OUT)?,
                written => return written,
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        loop {
            match self.0.flush() {
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.wait(PollFlags::OUT)?,
                flushed => return flushed,
            }
        }
    }
}
