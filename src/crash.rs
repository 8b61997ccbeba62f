//! A report of a crash: what a maintainer needs, without secrets.

use super::log;
use std::backtrace::Backtrace;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::panic::PanicHookInfo;
use std::path::{Path, PathBuf};

/// Has every panic leave a report in `folder`, and say where it is.
pub fn report_to(folder: Option<PathBuf>) {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        usual(panic);
        let written = folder
            .as_deref()
            .map(|folder| write(folder, &report(panic)));
        // Nothing can be done about a stream that is closed.
        let _ = match written {
            Some(Ok(path)) => writeln!(
                std::io::stderr(),
                "trolley has crashed; that is a mistake in the program. All confirmed changes are saved.\n\
                 Please send the maintainers this report (it holds no passwords): {}",
                path.display()
            ),
            _ => writeln!(
                std::io::stderr(),
                "trolley has crashed, and no report of it could be written."
            ),
        };
    }));
}

fn report(panic: &PanicHookInfo<'_>) -> String {
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    let system = rustix::system::uname();
    let size = rustix::termios::tcgetwinsize(rustix::stdio::stdout());
    let size = size.map_or_else(
        |_| "none".to_owned(),
        |size| format!("{}x{}", size.ws_col, size.ws_row),
    );
    let text = format!(
        "trolley {}\n{panic}\nthread {:?}\n\n{} {} {}\nTERM={} COLORTERM={} size {size}\n\nlast events:\n{}\n\n{}\n",
        env!("CARGO_PKG_VERSION"),
        std::thread::current().name().unwrap_or_default(),
        system.sysname().to_string_lossy(),
        system.release().to_string_lossy(),
        system.machine().to_string_lossy(),
        variable("TERM"),
        variable("COLORTERM"),
        log::recent().join("\n"),
        Backtrace::force_capture(),
    );
    without_secrets(&text, &variable("TROLLEY_PASSWORD"))
}

fn write(folder: &Path, report: &str) -> std::io::Result<PathBuf> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
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

/// Nothing is meant to bring a secret in here; this is for what somebody overlooked.
fn without_secrets(text: &str, password: &str) -> String {
    let text = if password.is_empty() {
        text.to_owned()
    } else {
        text.replace(password, "***")
    };
    let mut parts = text.split("://");
    let mut clean = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part
            .find(|c: char| c.is_whitespace() || c == '/')
            .unwrap_or(part.len());
        let (authority, rest) = part.split_at(end);
        let host = authority
            .rsplit_once('@')
            .map_or_else(|| authority.to_owned(), |(_, host)| format!("***@{host}"));
        clean.push_str("://");
        clean.push_str(&host);
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
        log::start(None).unwrap();
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
