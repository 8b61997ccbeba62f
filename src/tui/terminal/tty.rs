//! The terminal itself: its line and its output. Both are taken for the screen and given back
//! whatever happens: the line first, since a shell can't be used without it, and at once. Only
//! answers that the terminal still owes are read before, for two seconds at most (`LocalPort`): the
//! shell would take them for typed text. Output may be blocked (a slow link, a terminal that does
//! not read), so each wait for it is bounded.

use super::port::USUAL_SIZE;
use super::sequences;
use crate::tui::runtime::lock::lock;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::termios::{
    LocalModes, OptionalActions, QueueSelector, SpecialCodeIndex, Termios, tcflush, tcgetattr,
    tcgetwinsize, tcsetattr,
};
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The time that a terminal may take for the frame that is being written when it is given back.
const FRAME_TIMEOUT: Duration = Duration::from_millis(500);
/// The time that it may take for a little more, once what it has not read is dropped.
const REST_TIMEOUT: Duration = Duration::from_secs(1);
/// The pause after which a write that waits for the terminal looks whether it is still wanted.
const LOOK_AGAIN: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 50_000_000,
};
/// The bytes that are written at a time. A pseudo-terminal that has any room takes so many at once,
/// so that no write waits within the system, where nothing could end it.
const PIECE: usize = 1024;

/// The most bytes that are read of what was typed before the terminal was taken.
const LONGEST_TYPED: usize = 64 * 1024;

/// The largest part of a terminal that is drawn on, in columns and rows.
const LARGEST_SIZE: (u16, u16) = (1_000, 500);

/// Ends a sequence that was cut off.
const CANCEL: &[u8] = b"\x18";

/// The terminal's line: how it treats what is typed.
#[derive(Debug)]
struct Line {
    /// The modes to which it is restored; `None` while they are in force.
    usual: Option<Termios>,
    /// The program ends: the line is not taken again.
    is_leaving: bool,
}

/// The state of the terminal's output, as far as it is known.
#[derive(Debug)]
struct Output {
    /// The screen is up.
    has_screen: bool,
    /// A frame is being written.
    is_writing: bool,
}

// Neither is locked while anything is done that could panic: a panic restores the terminal, and
// locks both for that.
static LINE: Mutex<Line> = Mutex::new(Line {
    usual: None,
    is_leaving: false,
});
static OUTPUT: Mutex<Output> = Mutex::new(Output {
    has_screen: false,
    is_writing: false,
});
/// Notified when a frame has been written.
static WRITTEN: Condvar = Condvar::new();
/// Nobody wants the rest of the frame that is being written.
static IS_ABANDONED: AtomicBool = AtomicBool::new(false);

/// Takes the terminal: from here on it shows the screen, and keys come one by one.
///
/// # Errors
/// The system's; [`io::ErrorKind::Interrupted`] where the program is about to end.
pub(crate) fn enter() -> io::Result<()> {
    change_line(Termios::make_raw)?;
    IS_ABANDONED.store(false, Ordering::SeqCst);
    lock(&OUTPUT).has_screen = true;

    // The title that is there comes back with the terminal.
    write_all(&sequences::entering())
}

/// Gives the terminal back as it was. It can be called at any time, from any thread, and more than
/// once; it never takes long.
pub(crate) fn restore() {
    restore_line();
    restore_screen();
    // A library that asked the terminal something may just have put the modes back that it found.
    release_line();
}

/// Restores the line. It is nobody's business any more.
pub(crate) fn release_line() {
    restore_line();
    lock(&LINE).usual = None;
}

/// Hides what is typed, until [`release_line`].
///
/// # Errors
/// As for [`enter`].
pub(crate) fn hide_typing() -> io::Result<()> {
    change_line(|line| {
        line.local_modes.remove(LocalModes::ECHO);
        line.local_modes.insert(LocalModes::ECHONL);
        // Whoever comes back to a stopped prompt finds the modes of the shell.
        line.special_codes[SpecialCodeIndex::VSUSP] = 0;
    })
}

/// Changes the line's modes, and remembers the usual ones.
fn change_line(change: impl FnOnce(&mut Termios)) -> io::Result<()> {
    let mut line = lock(&LINE);
    if line.is_leaving {
        return Err(io::ErrorKind::Interrupted.into());
    }

    let usual = tcgetattr(rustix::stdio::stdin())?;
    let mut changed = usual.clone();
    change(&mut changed);
    line.usual = Some(usual);
    tcsetattr(rustix::stdio::stdin(), OptionalActions::Now, &changed)?;
    Ok(())
}

/// Restores the line, at once.
fn restore_line() {
    if let Some(usual) = &lock(&LINE).usual {
        // A terminal that is gone needs nothing.
        let _ = tcsetattr(rustix::stdio::stdin(), OptionalActions::Now, usual);
    }
}

/// Restores the line for good, as the program is about to end.
pub(crate) fn leave_line() {
    lock(&LINE).is_leaving = true;
    restore_line();
}

/// Returns whether the screen is up.
pub(super) fn has_screen() -> bool {
    lock(&OUTPUT).has_screen
}

/// Leaves the screen. Nothing may follow that, so the frame that is being written goes first. A
/// terminal that does not read it in time loses what it has not read.
fn restore_screen() {
    let mut output = lock(&OUTPUT);
    if !std::mem::take(&mut output.has_screen) {
        return;
    }

    let mut output = wait_for_frame(output, FRAME_TIMEOUT);
    if output.is_writing || !is_writable(FRAME_TIMEOUT) {
        IS_ABANDONED.store(true, Ordering::SeqCst);
        let _ = tcflush(rustix::stdio::stdout(), QueueSelector::OFlush);
        output = wait_for_frame(output, REST_TIMEOUT);
    }
    drop(output);

    let deadline = Instant::now() + REST_TIMEOUT;
    // A terminal that is gone needs nothing.
    let _ = write_while(&restoring_sequence(), || Instant::now() < deadline);
}

/// Waits until no frame is being written, but no longer than this.
fn wait_for_frame(output: MutexGuard<'_, Output>, timeout: Duration) -> MutexGuard<'_, Output> {
    let waited = WRITTEN.wait_timeout_while(output, timeout, |output| output.is_writing);
    waited.unwrap_or_else(PoisonError::into_inner).0
}

/// The sequence that undoes all that [`enter`] and the frames did.
fn restoring_sequence() -> Vec<u8> {
    let mut out = Vec::new();
    if IS_ABANDONED.load(Ordering::SeqCst) {
        out.extend(CANCEL);
    }
    out.extend(sequences::restoring());
    out
}

/// Writes a frame, unless the screen has been left meanwhile.
pub(super) fn write_frame(frame: &[u8]) {
    let mut output = lock(&OUTPUT);
    if !output.has_screen {
        return;
    }
    output.is_writing = true;
    drop(output);

    // A terminal that is gone is noticed by the signal that comes with it.
    let _ = write_all(frame);

    lock(&OUTPUT).is_writing = false;
    WRITTEN.notify_all();
}

/// Reads what comes within this time; `None` where nothing does, or the terminal is gone. A signal
/// meanwhile changes nothing.
pub(super) fn read_within(timeout: Duration) -> Option<Vec<u8>> {
    if !is_readable_by(Instant::now() + timeout) {
        return None;
    }

    let mut bytes = vec![0; PIECE];
    let read = rustix::io::retry_on_intr(|| rustix::io::read(rustix::stdio::stdin(), &mut bytes))
        .ok()
        .filter(|read| *read > 0)?;
    bytes.truncate(read);
    Some(bytes)
}

/// Waits until there is something to read, but no longer than until the deadline; returns whether
/// there is.
fn is_readable_by(deadline: Instant) -> bool {
    let stdin = rustix::stdio::stdin();
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let Ok(timeout) = Timespec::try_from(left) else {
            return false;
        };

        let mut asked = [PollFd::new(&stdin, PollFlags::IN)];
        match poll(&mut asked, Some(&timeout)) {
            Ok(_) => return asked[0].revents().contains(PollFlags::IN),
            Err(Errno::INTR) => {}
            Err(_) => return false,
        }
    }
}

/// The keys that were typed before the terminal was taken by [`enter`]. Until then the line made
/// another key of each Enter.
pub(crate) fn typed_before() -> Vec<u8> {
    let mut typed = Vec::new();
    while typed.len() < LONGEST_TYPED
        && let Some(bytes) = read_within(Duration::ZERO)
    {
        typed.extend(bytes);
    }
    for byte in &mut typed {
        if *byte == b'\n' {
            *byte = b'\r';
        }
    }
    typed
}

/// Waits until there is something to read, or the input has ended.
pub(super) fn wait_for_input() {
    let stdin = rustix::stdio::stdin();
    // Reading says what is wrong.
    let _ = poll(&mut [PollFd::new(&stdin, PollFlags::IN)], None);
}

/// Writes straight to the terminal: no lock that a blocked thread could hold.
pub(super) fn write_all(bytes: &[u8]) -> io::Result<()> {
    write_while(bytes, || !IS_ABANDONED.load(Ordering::SeqCst))
}

/// Writes to the terminal while that is wanted. Other programs may have made the terminal one that
/// does not block: then this waits by itself.
fn write_while(mut bytes: &[u8], is_wanted: impl Fn() -> bool) -> io::Result<()> {
    while !bytes.is_empty() {
        let is_writable = poll_output(&LOOK_AGAIN);
        if !is_wanted() {
            return Ok(());
        }
        if !is_writable {
            continue;
        }

        let piece = &bytes[..bytes.len().min(PIECE)];
        match rustix::io::write(rustix::stdio::stdout(), piece) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => bytes = &bytes[written..],
            Err(Errno::INTR | Errno::AGAIN) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Returns whether the terminal takes output within this time.
fn is_writable(timeout: Duration) -> bool {
    Timespec::try_from(timeout).is_ok_and(|timeout| poll_output(&timeout))
}

/// Waits until a write to the terminal would not block, or fails; returns whether that is so.
fn poll_output(timeout: &Timespec) -> bool {
    let stdout = rustix::stdio::stdout();
    let mut asked = [PollFd::new(&stdout, PollFlags::OUT)];
    match poll(&mut asked, Some(timeout)) {
        Ok(ready) => ready > 0,
        Err(Errno::INTR) => false,
        // The write says what is wrong.
        Err(_) => true,
    }
}

/// True where this job is in the foreground: else the terminal is another program's.
pub(crate) fn is_foreground() -> bool {
    rustix::termios::tcgetpgrp(rustix::stdio::stdout())
        .is_ok_and(|job| job == rustix::process::getpgrp())
}

/// The size of the terminal, in columns and rows. Where it does not tell (a serial line, a
/// container's console), `COLUMNS` and `LINES` do, else it is the usual one.
pub(crate) fn size() -> (u16, u16) {
    let (columns, rows) = match tcgetwinsize(rustix::stdio::stdout()) {
        Ok(size) => (size.ws_col, size.ws_row),
        Err(_) => (0, 0),
    };

    let columns = told_or_variable(columns, "COLUMNS", USUAL_SIZE.0);
    let rows = told_or_variable(rows, "LINES", USUAL_SIZE.1);
    (columns.min(LARGEST_SIZE.0), rows.min(LARGEST_SIZE.1))
}

/// The size that the terminal told, else that of the environment, else the usual one.
fn told_or_variable(told: u16, variable: &str, usual: u16) -> u16 {
    if told > 0 {
        return told;
    }
    let variable = std::env::var(variable).unwrap_or_default();
    variable
        .trim()
        .parse()
        .ok()
        .filter(|size| *size > 0)
        .unwrap_or(usual)
}
