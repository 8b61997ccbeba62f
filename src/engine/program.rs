//! The server program: which one is installed, and how it is started.

use super::Engine;
use super::error::{EngineError, system_error};
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

/// The programs that will do, best first.
const SERVERS: [&str; 2] = ["redis-server", "valkey-server"];
/// The pause between two looks at a program.
const POLL: Duration = Duration::from_millis(5);

/// Finds a server program.
///
/// # Errors
/// [`EngineError::NotInstalled`].
pub(super) fn find() -> Result<PathBuf, EngineError> {
    let program = SERVERS.iter().find_map(|name| on_path(name));
    program.ok_or_else(|| EngineError::NotInstalled {
        install: install_command(),
    })
}

/// The name of the program that repairs the data file, of the server that is installed.
pub(super) fn repair_program() -> &'static str {
    let server = find().unwrap_or_default();
    if server.ends_with("valkey-server") {
        "valkey-check-aof"
    } else {
        "redis-check-aof"
    }
}

/// The command that starts the server of this folder in the background. What it says before its
/// log is open goes to the log, too.
pub(super) fn command(
    program: &Path,
    engine: &Engine,
    socket: &Path,
    log: File,
) -> Result<Command, EngineError> {
    let same_log = log
        .try_clone()
        .map_err(|source| system_error("open", &engine.log(), source))?;

    let mut command = Command::new(program);
    command
        .args(["--port", "0"])
        .args(["--unixsocketperm", "700"])
        .args(["--daemonize", "yes"])
        .args(["--appendonly", "yes"])
        .args(["--save", ""])
        .args(["--maxmemory-policy", "noeviction"])
        .args(["--hz", "1"])
        // With `everysec` a change can be confirmed before it is written: the write waits
        // for a sync that goes on, and a kill then loses it.
        .args(["--appendfsync", "always"])
        .arg("--unixsocket")
        .arg(socket)
        .arg("--dir")
        .arg(&engine.data)
        // Nobody reads it, but without a name the server writes one where it may be another's.
        .arg("--pidfile")
        .arg(engine.data.join("redis.pid"))
        .arg("--logfile")
        .arg(engine.log())
        .stdin(std::process::Stdio::null())
        .stdout(log)
        .stderr(same_log);
    Ok(command)
}

/// Waits for a program that must soon end; one that does not is killed.
pub(super) fn wait(child: &mut Child, timeout: Duration) -> io::Result<ExitStatus> {
    let started = Instant::now();

    while started.elapsed() < timeout {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        thread::sleep(POLL);
    }

    child.kill()?;
    child.wait()?;
    let why = "it does not go into the background";
    Err(io::Error::new(io::ErrorKind::TimedOut, why))
}

/// Finds a program as a shell would.
fn on_path(program: &str) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders)
        .map(|folder| folder.join(program))
        .find(|path| {
            fs::metadata(path)
                .is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
        })
}

/// The command that installs a server on this system.
fn install_command() -> &'static str {
    const COMMANDS: [(&str, &str); 6] = [
        ("apt-get", "sudo apt-get install redis-server"),
        ("dnf", "sudo dnf install redis"),
        ("pacman", "sudo pacman -S valkey"),
        ("apk", "sudo apk add redis"),
        ("zypper", "sudo zypper install redis"),
        ("brew", "brew install redis"),
    ];

    COMMANDS
        .iter()
        .find(|(manager, _)| on_path(manager).is_some())
        .map_or("your system's package redis or valkey", |(_, command)| {
            command
        })
}
