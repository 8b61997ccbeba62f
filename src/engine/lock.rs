//! Locks on files, and the processes that hold them.

use super::error::{EngineError, system_error};
use rustix::process::Signal;
use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Opens a lock file, which is made where it is missing.
pub(super) fn open(path: &Path) -> Result<File, EngineError> {
    OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(path)
        .map_err(|source| system_error("open", path, source))
}

/// Takes a lock where it is free; tells whether it was.
pub(super) fn take(lock: &File, path: &Path) -> Result<bool, EngineError> {
    match lock.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(source)) => Err(system_error("lock", path, source)),
    }
}

/// Tells whether a process holds this lock.
pub(super) fn is_held(path: &Path) -> bool {
    let Ok(lock) = File::open(path) else {
        return false;
    };
    // Several may look at the same time.
    matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock))
}

/// The processes other than this one that hold a lock.
pub(super) fn holders(path: &Path) -> Vec<u32> {
    process_ids()
        .filter(|&process| process != std::process::id() && holds(process, path))
        .collect()
}

/// Sends a signal to all processes other than this one that hold a lock.
pub(super) fn signal_holders(path: &Path, signal: Signal) {
    for process in holders(path) {
        send_signal(process, path, signal);
    }
}

#[cfg(target_os = "linux")]
fn process_ids() -> impl Iterator<Item = u32> {
    std::fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
}

/// Tells whether a process holds a lock: the system says so of each file that it has open.
#[cfg(target_os = "linux")]
fn holds(process: u32, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;

    let Ok(lock) = path.metadata() else {
        return false;
    };
    let files = std::fs::read_dir(format!("/proc/{process}/fd"));
    files.into_iter().flatten().flatten().any(|entry| {
        let is_the_file = std::fs::metadata(entry.path())
            .is_ok_and(|file| file.dev() == lock.dev() && file.ino() == lock.ino());
        let number = entry.file_name();
        let about = Path::new("/proc")
            .join(process.to_string())
            .join("fdinfo")
            .join(number);
        is_the_file && std::fs::read_to_string(about).is_ok_and(|about| tells_of_lock(&about))
    })
}

/// Tells whether what the system says of an open file names a lock of its own, not a look at one.
#[cfg(target_os = "linux")]
fn tells_of_lock(about: &str) -> bool {
    about
        .lines()
        .any(|line| line.starts_with("lock:") && line.contains(" WRITE "))
}

/// Signals a process if it still holds the lock.
#[cfg(target_os = "linux")]
fn send_signal(process: u32, path: &Path, signal: Signal) {
    use rustix::process::{Pid, PidfdFlags, pidfd_open, pidfd_send_signal};

    let id = i32::try_from(process).ok().and_then(Pid::from_raw);
    let Some(Ok(handle)) = id.map(|id| pidfd_open(id, PidfdFlags::empty())) else {
        return;
    };

    // The number may be another process's since it was found. The handle stays with one process:
    // if that holds the lock, it is the right one.
    if holds(process, path) {
        let _ = pidfd_send_signal(handle, signal);
    }
}

/// Elsewhere no process can be proven to hold a lock, and so none is named or signalled.
#[cfg(not(target_os = "linux"))]
fn process_ids() -> impl Iterator<Item = u32> {
    std::iter::empty()
}

#[cfg(not(target_os = "linux"))]
fn holds(_: u32, _: &Path) -> bool {
    false
}

#[cfg(not(target_os = "linux"))]
fn send_signal(_: u32, _: &Path, _: Signal) {}
