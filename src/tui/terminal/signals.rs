//! The signals that matter to a program on a terminal. Whatever ends it, the line is restored first.

use super::tty;
use rustix::process::{Signal, getpgrp, getpid, kill_process, kill_process_group};
use signal_hook::consts::signal as number;
use signal_hook::iterator;
use std::io;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::signal::unix::{self, SignalKind, signal};
use tokio::sync::Notify;

/// The time that the program may take to leave a terminal that does not read.
const LEAVE_TIMEOUT: Duration = Duration::from_secs(4);
/// The exit status after a panic.
const STATUS_PANIC: u8 = 101;

/// The signals that end a program which does not catch them, without those that can't be caught.
const DEADLY: [i32; 15] = [
    number::SIGHUP,
    number::SIGINT,
    number::SIGQUIT,
    number::SIGABRT,
    number::SIGALRM,
    number::SIGTERM,
    number::SIGUSR1,
    number::SIGUSR2,
    number::SIGXCPU,
    number::SIGXFSZ,
    number::SIGVTALRM,
    number::SIGPROF,
    number::SIGSYS,
    number::SIGTRAP,
    number::SIGBUS,
];
/// The signals that only Linux has: SIGSTKFLT, SIGIO, SIGPWR and the real-time signals.
#[cfg(target_os = "linux")]
const MORE_DEADLY: [std::ops::RangeInclusive<i32>; 3] = [16..=16, 29..=30, 34..=64];
#[cfg(not(target_os = "linux"))]
const MORE_DEADLY: [std::ops::RangeInclusive<i32>; 0] = [];

/// The exit status, once the program ends: what a deadly signal asked for, or its own.
static END: OnceLock<u8> = OnceLock::new();
/// Notified when a deadly signal came.
static ENDED: Notify = Notify::const_new();
/// The deadly signals that other code handles, as bits.
static HANDLED_ELSEWHERE: AtomicU64 = AtomicU64::new(0);

/// Restores the line, from now on, before a signal ends the program. Called again it does nothing.
///
/// # Errors
/// The system's.
pub(crate) fn guard_line() -> io::Result<()> {
    static IS_GUARDED: OnceLock<()> = OnceLock::new();
    if IS_GUARDED.set(()).is_err() {
        return Ok(());
    }

    let ignored = ignored_signals();
    let deadly = DEADLY
        .into_iter()
        .chain(MORE_DEADLY.into_iter().flatten())
        .filter(|signal| ignored & bit(*signal) == 0);

    let mut signals = iterator::Signals::new(std::iter::empty::<i32>())?;
    for signal in deadly {
        // A system may lack one, or keep it for itself.
        let _ = signals.add_signal(signal);
    }

    std::thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || signals.forever().for_each(end))?;
    Ok(())
}

/// Ends the program by a signal: the screen leaves in its own way, for which it has a while;
/// without a screen the signal does what it usually does.
fn end(signal: i32) {
    if HANDLED_ELSEWHERE.load(Ordering::SeqCst) & bit(signal) != 0 {
        return;
    }
    tty::leave_line();

    let has_screen = tty::has_screen();
    let status = status_of(signal);
    if END.set(status).is_err() {
        // It ends already, with another status: a terminal that hangs up ends its input, too.
        return;
    }
    if !has_screen {
        let _ = signal_hook::low_level::emulate_default_handler(signal);
    }
    ENDED.notify_one();
    end_after_timeout(status);
}

/// The exit status after a deadly signal.
pub(super) fn status_of(signal: i32) -> u8 {
    128 + u8::try_from(signal).unwrap_or_default()
}

/// Ends the program after a while, even where the terminal does not read. No signal changes the
/// status any more.
pub(crate) fn end_by_deadline(status: u8) {
    let _ = END.set(status);
    std::thread::spawn(move || end_after_timeout(status));
}

fn end_after_timeout(status: u8) {
    std::thread::sleep(LEAVE_TIMEOUT);
    tty::restore();
    std::process::exit(status.into());
}

/// The exit status, once the program ends; `None` before.
pub(crate) fn end_status() -> Option<u8> {
    END.get().copied()
}

/// Makes a panic anywhere the end of the program, with the terminal whole and the message
/// readable; otherwise the screen would go on without the task that panicked.
pub(crate) fn restore_on_panic() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        end_by_deadline(STATUS_PANIC);
        tty::restore();
        usual(panic);
        std::process::exit(STATUS_PANIC.into());
    }));
}

/// Leaves a deadly signal to other code that listens to it.
pub(crate) fn leave_to_others(kind: SignalKind) {
    HANDLED_ELSEWHERE.fetch_or(bit(kind.as_raw_value()), Ordering::SeqCst);
}

fn bit(signal: i32) -> u64 {
    1 << (signal - 1)
}

/// The signals that whoever started us wants ignored (`nohup`, a script's background), as bits.
pub(crate) fn ignored_signals() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or(0)
}

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

/// Listens to the signals while the screen is up.
#[derive(Debug)]
pub(crate) struct Signals {
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
            stop: signal(SignalKind::from_raw(Signal::TSTP.as_raw()))?,
            resize: signal(SignalKind::window_change())?,
            go_on: signal(SignalKind::from_raw(Signal::CONT.as_raw()))?,
        })
    }

    /// Waits for the next one.
    pub(crate) async fn next(&mut self) -> SignalRequest {
        if let Some(status) = end_status() {
            return SignalRequest::End(status);
        }

        tokio::select! {
            () = ENDED.notified() => SignalRequest::End(end_status().unwrap_or_default()),
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
