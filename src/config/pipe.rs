//! Reads files that may be pipes, such as `<(pass show shop)` in a shell. One to which nobody writes
//! is an error, and not a program that hangs before it has said anything.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// The time for somebody to open the other end of a pipe.
const WRITER_TIMEOUT: Timespec = Timespec {
    tv_sec: 5,
    tv_nsec: 0,
};
/// The flag with which opening a pipe does not wait for its other end.
const AT_ONCE: i32 = OFlags::NONBLOCK.union(OFlags::NOCTTY).bits().cast_signed();

/// Reads a whole file, or a pipe until nobody writes to it any more.
///
/// # Errors
/// The system's; [`ErrorKind::TimedOut`] for a pipe that nobody opens for writing.
pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = OpenOptions::new()
        .read(true)
        .custom_flags(AT_ONCE)
        .open(path)?;

    let mut all = Vec::new();
    let mut may_have_writer = true;
    loop {
        match file.read_to_end(&mut all) {
            // Nobody writes: any more, or not yet.
            Ok(_) if all.is_empty() && may_have_writer && is_pipe(&file)? => {
                wait(&file, Some(&WRITER_TIMEOUT))?;
                may_have_writer = false;
            }
            Ok(_) => return Ok(all),
            Err(error) if error.kind() == ErrorKind::WouldBlock => wait(&file, None)?,
            Err(error) => return Err(error),
        }
    }
}

/// Tells whether other users of this machine may read, write or run the file.
///
/// # Errors
/// The system's.
pub(crate) fn others_have_access(path: &Path) -> io::Result<bool> {
    let mode = std::fs::metadata(path)?.permissions().mode();
    Ok(mode & 0o077 != 0)
}

/// Tells whether every user of this machine may write to the file.
///
/// # Errors
/// The system's.
#[cfg(feature = "serve")]
pub(crate) fn everybody_may_write(path: &Path) -> io::Result<bool> {
    let mode = std::fs::metadata(path)?.permissions().mode();
    Ok(mode & 0o002 != 0)
}

fn is_pipe(file: &File) -> io::Result<bool> {
    use std::os::unix::fs::FileTypeExt;
    Ok(file.metadata()?.file_type().is_fifo())
}

/// Waits until somebody writes, or has ended writing.
fn wait(file: &File, timeout: Option<&Timespec>) -> io::Result<()> {
    match poll(&mut [PollFd::new(file, PollFlags::IN)], timeout) {
        Ok(0) => Err(io::Error::new(
            ErrorKind::TimedOut,
            "nobody writes to this pipe",
        )),
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
