//! The signals that matter to a full-screen program.

use rustix::process::{Signal, getpgrp, getpid, kill_process, kill_process_group};
use std::io;
use tokio::signal::unix::{self, SignalKind, signal};

/// What a signal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// End, with this exit status.
    End(u8),
    /// Stop until told to go on.
    Stop,
    /// The terminal has another size.
    Resize,
    /// Somebody stopped the program and let it go on: the screen may be anything.
    Continued,
}

/// The signals.
pub struct Signals {
    term: unix::Signal,
    hangup: unix::Signal,
    interrupt: unix::Signal,
    stop: unix::Signal,
    resize: unix::Signal,
    go: unix::Signal,
}

impl Signals {
    /// Begins to listen.
    ///
    /// # Errors
    /// The system's.
    pub fn listen() -> io::Result<Signals> {
        Ok(Signals {
            term: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
            stop: signal(SignalKind::from_raw(Signal::TSTP.as_raw()))?,
            resize: signal(SignalKind::window_change())?,
            go: signal(SignalKind::from_raw(Signal::CONT.as_raw()))?,
        })
    }

    /// The next one.
    pub async fn next(&mut self) -> Asked {
        tokio::select! {
            _ = self.term.recv() => Asked::End(143),
            _ = self.hangup.recv() => Asked::End(129),
            _ = self.interrupt.recv() => Asked::End(130),
            _ = self.stop.recv() => Asked::Stop,
            _ = self.resize.recv() => Asked::Resize,
            _ = self.go.recv() => Asked::Continued,
        }
    }

    /// Stops this program, and returns when it goes on.
    pub fn stop_here() {
        let _ = kill_process(getpid(), Signal::STOP);
    }

    /// Stops the whole job, as the terminal does for ctrl-z: a program that waits for this
    /// one (`cargo run`, a script) must stop, too, or the shell gets no prompt. Our own
    /// copy of the signal comes back as [`Asked::Stop`].
    pub fn stop_job() {
        let _ = kill_process_group(getpgrp(), Signal::TSTP);
    }
}
