//! Crash reports: what a maintainer needs to know about a panic, without secrets.

use super::log;
use crate::config::make_private;
use std::backtrace::Backtrace;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::panic::PanicHookInfo;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

/// The most reports that one process writes. A server that goes on after a panic would else fill the
/// disk with the same one.
const MOST_REPORTS: u32 = 10;

/// Set where the last events are those of visitors, whom nobody has asked.
static LEAVES_OUT_EVENTS: AtomicBool = AtomicBool::new(false);

/// Leaves the last events out of reports from now on: they are those of visitors.
#[cfg(feature = "serve")]
pub(crate) fn leave_out_events() {
    LEAVES_OUT_EVENTS.store(true, Ordering::Relaxed);
}

/// Makes every panic leave a report in `folder`, and say where it is.
pub(crate) fn report_to(folder: Option<PathBuf>) {
    let default_hook = std::panic::take_hook();
    let written_reports = AtomicU32::new(0);
    std::panic::set_hook(Box::new(move |panic| {
        default_hook(panic);
        if written_reports.fetch_add(1, Ordering::Relaxed) >= MOST_REPORTS {
            return;
        }

        let written = folder
            .as_deref()
            .map(|folder| write(folder, &report(panic)));
        let message = match written {
            Some(Ok(path)) => format!(
                "trolley has crashed; that is a bug in the program. All confirmed changes are saved.\n\
                 Please send the maintainers this report (it holds no passwords): {}",
                path.display()
            ),
            Some(Err(_)) | None => {
                "trolley has crashed, and no report of it could be written.".to_owned()
            }
        };
        // Nothing can be done about a stream that is closed.
        let _ = writeln!(io::stderr(), "{message}");
    }));
}

/// Panics where a test asks for it, to see what that leaves behind; not in the released program.
#[allow(clippy::panic, reason = "that is its purpose")]
pub(crate) fn where_asked(is_asked: impl FnOnce() -> bool) {
    if cfg!(debug_assertions) && is_asked() && std::env::var_os("TROLLEY_PANIC").is_some() {
        panic!("asked to panic");
    }
}

fn report(panic: &PanicHookInfo<'_>) -> String {
    let system = rustix::system::uname();
    let terminal_size = match rustix::termios::tcgetwinsize(rustix::stdio::stdout()) {
        Ok(size) => format!("{}x{}", size.ws_col, size.ws_row),
        Err(_) => "none".to_owned(),
    };

    let events = if LEAVES_OUT_EVENTS.load(Ordering::Relaxed) {
        "left out: they are those of visitors".to_owned()
    } else {
        log::recent().join("\n")
    };

    let text = format!(
        "trolley {}\n{panic}\nthread {:?}\n\n{} {} {}\nTERM={} COLORTERM={} size {terminal_size}\n\nlast events:\n{}\n\n{}\n",
        env!("CARGO_PKG_VERSION"),
        std::thread::current().name().unwrap_or_default(),
        system.sysname().to_string_lossy(),
        system.release().to_string_lossy(),
        system.machine().to_string_lossy(),
        env_variable("TERM"),
        env_variable("COLORTERM"),
        events,
        Backtrace::force_capture(),
    );
    without_secrets(&text, &env_variable("TROLLEY_PASSWORD"))
}

fn env_variable(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}

/// Writes a report to a new file that only this user can read.
fn write(folder: &Path, report: &str) -> io::Result<PathBuf> {
    make_private(folder)?;

    let now = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%S");
    let path = folder.join(format!("crash-{now}-{}.txt", std::process::id()));
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(&path)?;
    file.write_all(report.as_bytes())?;
    Ok(path)
}

/// Removes the password, and the logins of all addresses. Reports are not meant to hold any;
/// this is for what somebody overlooked.
fn without_secrets(text: &str, password: &str) -> String {
    let text = if password.is_empty() {
        text.to_owned()
    } else {
        text.replace(password, "***")
    };

    // Behind each "://" comes an authority, up to a slash or a space.
    let mut parts = text.split("://");
    let mut clean = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part
            .find(|c: char| c.is_whitespace() || c == '/')
            .unwrap_or(part.len());
        let (authority, rest) = part.split_at(end);

        clean.push_str("://");
        match authority.rsplit_once('@') {
            Some((_, host)) => {
                clean.push_str("***@");
                clean.push_str(host);
            }
            None => clean.push_str(authority),
        }
        clean.push_str(rest);
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn secrets_go() {
        let text = "at redis://ann:pw1@host:1/0 and secret2, rediss+cluster://:pw3@one,two end";
        let clean = without_secrets(text, "secret2");
        assert_eq!(
            clean,
            "at redis://***@host:1/0 and ***, rediss+cluster://***@one,two end"
        );
    }

    #[test]
    fn a_crash_leaves_a_report() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("state");
        log::start(None, log::Console::Silent).unwrap();
        tracing::info!(op = "o1", version = 7, "change");
        report_to(Some(folder.clone()));
        let crashed = std::thread::spawn(|| panic!("lost at redis://ann:hidden@host")).join();
        let _ = std::panic::take_hook();
        assert!(crashed.is_err());
        let path = std::fs::read_dir(&folder)
            .unwrap()
            .next()
            .unwrap()
            .unwrap()
            .path();
        let report = std::fs::read_to_string(&path).unwrap();
        for part in [
            "lost at redis://***@host",
            "change op=\"o1\" version=7",
            "crash.rs",
            env!("CARGO_PKG_VERSION"),
        ] {
            assert!(report.contains(part), "{part}: {report}");
        }
        assert!(!report.contains("hidden"));
        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
}
