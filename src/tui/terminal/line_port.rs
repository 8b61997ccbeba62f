//! The port of plain mode at this process's own terminal, or at pipes. The terminal stays as it is:
//! it edits and shows what is typed by itself, so there is nothing to give back.

use super::port::{
    Arrival, END, Frames, INTERRUPT, Outlet, Port, STATUS_HANGUP, STATUS_UNCONFIRMED,
};
use super::signals::{leave_to_others, status_of};
use super::tty;
use crate::tui::runtime::alarm;
use rustix::process::Signal;
use std::io::{self, Read};
use std::time::{Duration, Instant};
use tokio::signal::unix::{self, SignalKind, signal};
use tokio::sync::mpsc;

/// The bytes that are read at a time.
const BUFFER: usize = 4096;
/// The pieces of input that may wait. Whoever types or pipes more waits, too.
const PIECES: usize = 16;
/// The time for changes to be settled once nothing more is typed.
const SETTLE_TIMEOUT: Duration = Duration::from_secs(10);

/// The keys that are typed here, and the signals of whoever types them.
#[derive(Debug)]
pub(crate) struct LinePort {
    input: mpsc::Receiver<Vec<u8>>,
    /// The input is not read for now.
    is_held: bool,
    /// The moment by which changes must be settled, once the input has ended.
    leaves_by: Option<Instant>,
    interrupt: unix::Signal,
    terminate: unix::Signal,
    hang_up: unix::Signal,
    go_on: unix::Signal,
    outlet: Outlet,
}

impl LinePort {
    /// Begins to listen to signals, to read and to write.
    ///
    /// # Errors
    /// The system's.
    pub(crate) fn open() -> io::Result<LinePort> {
        let (outlet, frames) = Outlet::new();
        let (sender, input) = mpsc::channel(PIECES);
        std::thread::Builder::new()
            .name("output".to_owned())
            .spawn(move || write_frames(frames))?;
        std::thread::Builder::new()
            .name("input".to_owned())
            .spawn(move || read_input(&sender))?;

        let listen = |kind: SignalKind| {
            leave_to_others(kind);
            signal(kind)
        };
        Ok(LinePort {
            input,
            is_held: false,
            leaves_by: None,
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
            hang_up: listen(SignalKind::hangup())?,
            go_on: signal(SignalKind::from_raw(Signal::CONT.as_raw()))?,
            outlet,
        })
    }
}

impl Port for LinePort {
    async fn next(&mut self) -> Arrival {
        let reads = self.leaves_by.is_none() && !self.is_held;
        tokio::select! {
            biased;
            _ = self.hang_up.recv() => Arrival::End(STATUS_HANGUP),
            _ = self.terminate.recv() => Arrival::End(status_of(Signal::TERM.as_raw())),
            _ = self.interrupt.recv() => Arrival::Bytes(vec![INTERRUPT]),
            _ = self.go_on.recv() => Arrival::Continued(None),
            () = alarm::at(self.leaves_by) => Arrival::End(STATUS_UNCONFIRMED),
            bytes = self.input.recv(), if reads => match bytes {
                Some(bytes) => Arrival::Bytes(bytes),
                None => {
                    self.leaves_by = Some(Instant::now() + SETTLE_TIMEOUT);
                    Arrival::Leave
                }
            },
        }
    }

    fn take_waiting(&mut self) -> Vec<Arrival> {
        Vec::new()
    }

    fn outlet(&self) -> &Outlet {
        &self.outlet
    }

    fn hold_input(&mut self, is_held: bool) {
        self.is_held = is_held;
    }

    fn put_off_leaving(&mut self) {
        if let Some(at) = &mut self.leaves_by {
            *at = Instant::now() + SETTLE_TIMEOUT;
        }
    }
}

/// Reads until nobody wants more, or the input has ended: a terminal says so twice in a row once it
/// is gone, as Ctrl-D ends it for a moment only.
fn read_input(sender: &mpsc::Sender<Vec<u8>>) {
    let mut has_ended = false;
    let mut buffer = [0; BUFFER];
    loop {
        let read = match io::stdin().lock().read(&mut buffer) {
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                tty::wait_for_input();
                continue;
            }
            Err(_) => return,
        };

        let bytes = match read {
            0 => vec![END],
            read => buffer[..read].to_vec(),
        };
        let is_over = read == 0 && has_ended;
        has_ended = read == 0;
        if sender.blocking_send(bytes).is_err() || is_over {
            return;
        }
    }
}

/// Writes what is said, until the port is gone or nobody reads it.
fn write_frames(mut frames: Frames) {
    while let Some(frame) = frames.blocking_next() {
        if tty::write_all(&frame).is_err() {
            return;
        }
        frames.written();
    }
}
