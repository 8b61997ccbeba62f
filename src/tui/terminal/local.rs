//! The port of this process's own terminal.
//!
//! The terminal is read here and nowhere else, and only where something is there: one consumer, on
//! the screen's own task, that stops reading when it is dropped. A thread of its own writes the
//! frames, so that a terminal that reads slowly never delays anything else. Behind each frame it asks
//! the terminal whether that has arrived ([`FrameFlow`]).

use super::frame_flow::{ASK_STATUS, FrameFlow};
use super::port::{Arrival, Frames, Outlet, Port, STATUS_HANGUP};
use super::signals::{SignalRequest, Signals, end_status};
use super::tty;
use crate::tui::runtime::alarm;
use crate::tui::runtime::lock::lock;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use std::io::{self, Stdin};
use std::sync::{Arc, Mutex};
use std::time::Instant;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::sync::Notify;

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
    flow: Arc<SharedFlow>,
}

/// The flow of frames, for whoever writes them and whoever reads the answers.
#[derive(Debug)]
struct SharedFlow {
    frames: Mutex<FrameFlow>,
    /// Notified when a frame was written that has to arrive before the next one.
    held: Notify,
}

impl LocalPort {
    /// Begins to listen to signals, to read and to write. What was `typed` before comes first.
    ///
    /// # Errors
    /// The system's.
    pub(crate) fn open(typed: Vec<u8>) -> io::Result<LocalPort> {
        let (outlet, frames) = Outlet::new();
        let flow = Arc::new(SharedFlow {
            frames: Mutex::new(FrameFlow::new(Instant::now())),
            held: Notify::new(),
        });
        let flow_of_writer = flow.clone();
        std::thread::Builder::new()
            .name("terminal".to_owned())
            .spawn(move || write_frames(frames, &flow_of_writer))?;

        Ok(LocalPort {
            signals: Signals::listen()?,
            stdin: Some(open_stdin()?),
            typed,
            outlet,
            flow,
        })
    }

    /// Takes in what was read; returns what it is to the screen, unless there is nothing in it but
    /// answers about frames.
    fn arrival(&self, read: io::Result<ReadOutcome>) -> Option<Arrival> {
        let bytes = match read {
            Ok(ReadOutcome::Bytes(bytes)) => bytes,
            Ok(ReadOutcome::Nothing) => return None,
            Ok(ReadOutcome::Gone) | Err(_) => return Some(end_without_terminal()),
        };
        let is_for_screen = self.take_answers(&bytes);
        is_for_screen.then_some(Arrival::Bytes(bytes))
    }

    /// Takes in answers; returns whether there may be anything else.
    fn take_answers(&self, bytes: &[u8]) -> bool {
        let found = lock(&self.flow.frames).take_in(bytes, Instant::now());
        if found.releases {
            self.outlet.note_written();
        }
        !found.is_only_answers
    }

    /// Goes on without answers that did not come in time.
    fn give_up_answers(&self) {
        if lock(&self.flow.frames).give_up() {
            self.outlet.note_written();
        }
    }

    /// Reads the answers that are still to come, for a while: nobody else knows what they are. Keys
    /// that are typed within that time are lost; later ones, and all where there is nothing to wait
    /// for, are left to whoever has the terminal next.
    fn await_last_answers(&self) {
        let deadline = lock(&self.flow.frames).close(Instant::now());
        loop {
            let wait = lock(&self.flow.frames).last_wait(deadline, Instant::now());
            let Some(bytes) = wait.and_then(tty::read_within) else {
                break;
            };
            self.take_answers(&bytes);
        }
    }

    /// Gives the terminal back and stops the process. Coming back, or the end, is a signal again.
    fn stop(&mut self) {
        self.stdin = None;
        self.outlet.hold();
        self.await_last_answers();
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
        if lock(&self.flow.frames).restart(Instant::now()) {
            self.outlet.note_written();
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
            let held_until = lock(&self.flow.frames).held_until();
            let signal = tokio::select! {
                biased;
                signal = self.signals.next() => signal,
                read = next_read(self.stdin.as_ref()) => match self.arrival(read) {
                    Some(arrival) => return arrival,
                    None => continue,
                },
                // A frame is held back now: how long that may last has to be watched.
                () = self.flow.held.notified() => continue,
                () = alarm::at(held_until) => {
                    self.give_up_answers();
                    continue;
                }
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
        let arrival = self.arrival(read(stdin.get_ref()));
        arrival.into_iter().collect()
    }

    fn outlet(&self) -> &Outlet {
        &self.outlet
    }

    fn suspend(&mut self) {
        Signals::stop_job();
    }
}

impl Drop for LocalPort {
    /// Whoever has the terminal next must not get our answers. A signal that ends the program has
    /// given the line back already.
    fn drop(&mut self) {
        if end_status().is_none() {
            self.await_last_answers();
        }
    }
}

/// Writes frames to the terminal, one at a time, until the port is gone.
fn write_frames(mut frames: Frames, flow: &SharedFlow) {
    while let Some(mut frame) = frames.blocking_next() {
        let asks = lock(&flow.frames).begin_frame(frame.len(), Instant::now());
        if asks {
            frame.extend_from_slice(ASK_STATUS);
        }
        tty::write_frame(&frame);
        if lock(&flow.frames).end_frame() {
            frames.written();
        } else {
            flow.held.notify_one();
        }
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

/// Waits until something can be read of the terminal, and reads it; nothing ever comes while it is
/// given back.
async fn next_read(stdin: Option<&AsyncFd<Stdin>>) -> io::Result<ReadOutcome> {
    let Some(stdin) = stdin else {
        return std::future::pending().await;
    };

    loop {
        let mut readable = stdin.readable().await?;
        match read(stdin.get_ref())? {
            ReadOutcome::Nothing => readable.clear_ready(),
            outcome @ (ReadOutcome::Bytes(_) | ReadOutcome::Gone) => return Ok(outcome),
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
