//! The signals that matter to a full-screen program.

use rustix::process::{Signal, getpgrp, getpid, kill_process, kill_process_group};
use std::io;
use tokio::signal::unix::{self, SignalKind, signal};

/// The request behind a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SignalRequest {
    /// End, with this exit status.
    End(u8),
    /// Stop until told to go on.
    Stop,
    /// The terminal has another size.
    Resize,
    /// Somebody stopped the program and let it go on: the screen may show anything.
    Continued,
}

/// Listens to the signals.
pub(crate) struct Signals {
    terminate: unix::Signal,
    hangup: unix::Signal,
    interrupt: unix::Signal,
    stop: unix::Signal,
    resize: unix::Signal,
    go_on: unix::Signal,
}

impl Signals {
    /// Begins to listen.
    ///
    /// # Errors
    /// The system's.
    pub(crate) fn listen() -> io::Result<Signals> {
        Ok(Signals {
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
            stop: signal(SignalKind::from_raw(Signal::TSTP.as_raw()))?,
            resize: signal(SignalKind::window_change())?,
            go_on: signal(SignalKind::from_raw(Signal::CONT.as_raw()))?,
        })
    }

    /// Waits for the next one.
    pub(crate) async fn next(&mut self) -> SignalRequest {
        tokio::select! {
            _ = self.terminate.recv() => SignalRequest::End(143),
            _ = self.hangup.recv() => SignalRequest::End(129),
            _ = self.interrupt.recv() => SignalRequest::End(130),
            _ = self.stop.recv() => SignalRequest::Stop,
            _ = self.resize.recv() => SignalRequest::Resize,
            _ = self.go_on.recv() => SignalRequest::Continued,
        }
    }

    /// Stops this program, and returns when it goes on.
    pub(crate) fn stop_here() {
        let _ = kill_process(getpid(), Signal::STOP);
    }

    /// Stops the whole job, as the terminal does for ctrl-z: a program that waits for this
    /// one (`cargo run`, a script) must stop, too, or the shell gets no prompt. Our own
    /// copy of the signal comes back as [`SignalRequest::Stop`].
    pub(crate) fn stop_job() {
        let _ = kill_process_group(getpgrp(), Signal::TSTP);
    }
}
