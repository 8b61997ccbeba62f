//! The port of this process's own terminal.
//!
//! The terminal is read here and nowhere else, and only where something is there: one consumer, on
//! the screen's own task, that stops reading when it is dropped. A thread of its own writes the
//! frames, so that a terminal that reads slowly never delays anything else.

use super::port::{Arrival, Frames, Outlet, Port, STATUS_HANGUP};
use super::signals::{SignalRequest, Signals, end_status};
use super::tty;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use std::io::{self, Stdin};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// The bytes that are read at a time.
const BUFFER: usize = 4096;

/// This process's terminal, which was entered before, and its signals.
#[derive(Debug)]
pub(crate) struct LocalPort {
    signals: Signals,
    /// The terminal's input; `None` while the terminal is given back.
    stdin: Option<AsyncFd<Stdin>>,
    /// The bytes that were typed before, which come first.
    typed: Vec<u8>,
    outlet: Outlet,
}

impl LocalPort {
    /// Begins to listen to signals, to read and to write. What was `typed` before comes first.
    ///
    /// # Errors
    /// The system's.
    pub(crate) fn open(typed: Vec<u8>) -> io::Result<LocalPort> {
        let (outlet, frames) = Outlet::new();
        std::thread::Builder::new()
            .name("terminal".to_owned())
            .spawn(move || write_frames(frames))?;

        Ok(LocalPort {
            signals: Signals::listen()?,
            stdin: Some(open_stdin()?),
            typed,
            outlet,
        })
    }

    /// Gives the terminal back and stops the process. Coming back, or the end, is a signal again.
    fn stop(&mut self) {
        self.stdin = None;
        self.outlet.hold();
        tty::restore();
        Signals::stop_here();
    }

    /// Takes the terminal again, unless it is another program's: this one is in the background.
    fn go_on(&mut self) -> Arrival {
        if !tty::is_foreground() {
            return Arrival::Continued(None);
        }

        self.stdin = None;
        if tty::enter().is_err() {
            return end_without_terminal();
        }
        match open_stdin() {
            Ok(stdin) => self.stdin = Some(stdin),
            Err(_) => return end_without_terminal(),
        }
        self.outlet.release();
        Arrival::Continued(Some(tty::size()))
    }
}

impl Port for LocalPort {
    async fn next(&mut self) -> Arrival {
        if !self.typed.is_empty() {
            return Arrival::Bytes(std::mem::take(&mut self.typed));
        }

        loop {
            let signal = tokio::select! {
                biased;
                signal = self.signals.next() => signal,
                arrival = next_bytes(self.stdin.as_ref()) => return arrival,
            };

            match signal {
                SignalRequest::End(status) => return Arrival::End(status),
                SignalRequest::Stop => self.stop(),
                SignalRequest::Continued => return self.go_on(),
                SignalRequest::Resize => {
                    let (columns, rows) = tty::size();
                    return Arrival::Resize(columns, rows);
                }
            }
        }
    }

    fn take_waiting(&mut self) -> Vec<Arrival> {
        let Some(stdin) = &self.stdin else {
            return Vec::new();
        };
        match read(stdin.get_ref()) {
            Ok(ReadOutcome::Bytes(bytes)) => vec![Arrival::Bytes(bytes)],
            Ok(ReadOutcome::Nothing) => Vec::new(),
            Ok(ReadOutcome::Gone) | Err(_) => vec![end_without_terminal()],
        }
    }

    fn outlet(&self) -> &Outlet {
        &self.outlet
    }

    fn suspend(&mut self) {
        Signals::stop_job();
    }
}

/// Writes frames to the terminal, one at a time, until the port is gone.
fn write_frames(mut frames: Frames) {
    while let Some(frame) = frames.blocking_next() {
        tty::write_frame(&frame);
        frames.written();
    }
}

/// The end, as the terminal is gone. A signal that came with that has set the status.
fn end_without_terminal() -> Arrival {
    Arrival::End(end_status().unwrap_or(STATUS_HANGUP))
}

fn open_stdin() -> io::Result<AsyncFd<Stdin>> {
    #[allow(
        deprecated,
        reason = "sound here, as Stdin is the same descriptor for ever; its successor is unsafe"
    )]
    AsyncFd::with_interest(io::stdin(), Interest::READABLE)
}

/// Waits for bytes of the terminal; none ever come while it is given back.
async fn next_bytes(stdin: Option<&AsyncFd<Stdin>>) -> Arrival {
    let Some(stdin) = stdin else {
        return std::future::pending().await;
    };

    loop {
        let Ok(mut readable) = stdin.readable().await else {
            return end_without_terminal();
        };
        match read(stdin.get_ref()) {
            Ok(ReadOutcome::Nothing) => readable.clear_ready(),
            Ok(ReadOutcome::Bytes(bytes)) => return Arrival::Bytes(bytes),
            Ok(ReadOutcome::Gone) | Err(_) => return end_without_terminal(),
        }
    }
}

/// The outcome of reading once.
enum ReadOutcome {
    Nothing,
    Bytes(Vec<u8>),
    /// The terminal is gone.
    Gone,
}

/// Reads what is there, and never waits: the terminal is shared with other programs, so it
/// can't be made one that does not block.
fn read(tty: &Stdin) -> io::Result<ReadOutcome> {
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
        let mut bytes = [0; BUFFER];
        return match rustix::io::read(tty, &mut bytes) {
            Ok(0) | Err(Errno::IO) => Ok(ReadOutcome::Gone),
            Ok(count) => Ok(ReadOutcome::Bytes(bytes[..count].to_vec())),
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
