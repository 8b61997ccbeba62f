//! Reads the terminal's input.
//!
//! The terminal is read here and nowhere else, and only where something is there: one
//! consumer, on the screen's own task, that stops reading when it is dropped. The
//! [`Decoder`] knows what the bytes mean.

use super::decoder::Decoder;
use crate::tui::alarm;
use crate::tui::message::Message;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use std::collections::VecDeque;
use std::io::{self, Stdin};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::time::Instant;

/// The bytes that are read at a time.
const BUFFER: usize = 4096;

/// The terminal's input, as messages.
pub(crate) struct TerminalInput {
    tty: AsyncFd<Stdin>,
    decoder: Decoder,
    /// Messages that were decoded and not taken yet.
    ready: VecDeque<Message>,
    last_read: Instant,
}

impl TerminalInput {
    /// Begins to read the terminal.
    ///
    /// # Errors
    /// The system's.
    pub(crate) fn open() -> io::Result<TerminalInput> {
        #[allow(
            deprecated,
            reason = "sound here, as Stdin is the same descriptor for ever; its successor is unsafe"
        )]
        let tty = AsyncFd::with_interest(io::stdin(), Interest::READABLE)?;
        Ok(TerminalInput {
            tty,
            decoder: Decoder::default(),
            ready: VecDeque::new(),
            last_read: Instant::now(),
        })
    }

    /// Waits for the next message; `None` where the terminal is gone.
    ///
    /// # Errors
    /// The system's.
    pub(crate) async fn next(&mut self) -> io::Result<Option<Message>> {
        loop {
            if let Some(message) = self.ready.pop_front() {
                return Ok(Some(message));
            }

            let timeout = self
                .decoder
                .timeout()
                .map(|timeout| self.last_read + timeout);
            tokio::select! {
                // After a pause of our own, what has come meanwhile came in time.
                biased;
                readable = self.tty.readable() => {
                    let mut readable = readable?;
                    let mut bytes = [0; BUFFER];
                    match read(self.tty.get_ref(), &mut bytes)? {
                        ReadOutcome::Nothing => readable.clear_ready(),
                        ReadOutcome::Gone => return Ok(None),
                        ReadOutcome::Bytes(count) => self.decode(&bytes[..count]),
                    }
                }
                () = alarm::at(timeout) => self.decoder.on_timeout(&mut self.ready),
            }
        }
    }

    /// Takes what has come already, without waiting for more.
    ///
    /// # Errors
    /// The system's.
    pub(crate) fn take_waiting(&mut self) -> io::Result<Vec<Message>> {
        let mut waiting: Vec<Message> = self.ready.drain(..).collect();

        let mut bytes = [0; BUFFER];
        if let ReadOutcome::Bytes(count) = read(self.tty.get_ref(), &mut bytes)? {
            self.decode(&bytes[..count]);
            waiting.extend(self.ready.drain(..));
        }
        Ok(waiting)
    }

    /// Decodes what was read. All of `ready` was taken before.
    fn decode(&mut self, bytes: &[u8]) {
        self.last_read = Instant::now();
        self.decoder.feed(bytes, &mut self.ready);
        if self.ready.len() > 1 {
            self.ready.push_front(Message::KeysTogether);
        }
    }
}

/// The outcome of reading once.
enum ReadOutcome {
    Nothing,
    Bytes(usize),
    /// The terminal is gone.
    Gone,
}

/// Reads what is there, and never waits: the terminal is shared with other programs, so it
/// can't be made one that does not block.
fn read(tty: &Stdin, bytes: &mut [u8]) -> io::Result<ReadOutcome> {
    let at_once = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    let mut asked = [PollFd::new(tty, PollFlags::IN)];
    match poll(&mut asked, Some(&at_once)) {
        Ok(_) | Err(Errno::INTR) => {}
        Err(error) => return Err(error.into()),
    }

    let found = asked[0].revents();
    if found.contains(PollFlags::IN) {
        return match rustix::io::read(tty, bytes) {
            Ok(0) | Err(Errno::IO) => Ok(ReadOutcome::Gone),
            Ok(count) => Ok(ReadOutcome::Bytes(count)),
            Err(Errno::INTR | Errno::AGAIN) => Ok(ReadOutcome::Nothing),
            Err(error) => Err(error.into()),
        };
    }

    let gone = PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL;
    if found.intersects(gone) {
        Ok(ReadOutcome::Gone)
    } else {
        Ok(ReadOutcome::Nothing)
    }
}
