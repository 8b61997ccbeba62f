//! The private server: a `redis-server` (or `valkey-server`) of the shop's own on a Unix
//! socket, for people who name no Redis.
//!
//! The server itself holds the lock of its data folder for as long as it lives: the lock
//! file is open in the process that starts it, and the server inherits it. So two starters
//! never get two servers on one folder, whatever their socket folders are, and a stale
//! socket or a killed server leaves nothing to clean up.
//!
//! The data folder holds the server's append-only file and log, and beside them: `lock`;
//! `socket`, a note of the socket's path; `redis.pid`; and `stopped`, a note that the server
//! was stopped on purpose.

use crate::model::text;
use rustix::io::FdFlags;
use rustix::process::{Pid, Signal};
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// The programs that will do, best first.
const SERVERS: [&str; 2] = ["redis-server", "valkey-server"];
/// The longest path of a Unix socket, in bytes.
const LONGEST_SOCKET: usize = 107;
/// The time limit for a new server to answer.
const START_TIMEOUT: Duration = Duration::from_secs(20);
/// The time limit for a new server to show its process.
const PROCESS_TIMEOUT: Duration = Duration::from_secs(2);
/// The longest wait for a server that runs, or that somebody else starts.
const JOIN_TIMEOUT: Duration = Duration::from_secs(6);
/// The time limit for a server to stop.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);
/// The pause between two looks at a server.
const POLL: Duration = Duration::from_millis(10);

/// The reason why there is no private server.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// No server program is installed.
    #[error(
        "neither redis-server nor valkey-server is installed.\nInstall one:\n    {install}\nor name a Redis that runs elsewhere:\n    trolley --redis redis://HOST:6379"
    )]
    NotInstalled {
        /// The command that installs one here.
        install: &'static str,
    },
    /// The socket's path is longer than the system takes.
    #[error("the socket's path has {} bytes, at most {LONGEST_SOCKET} work: {}\nSet XDG_RUNTIME_DIR to a shorter folder, or use --redis", .0.as_os_str().len(), .0.display())]
    LongPath(PathBuf),
    /// A folder belongs to somebody else or can be read by others.
    #[error("the folder {} must belong to you alone", .0.display())]
    NotPrivate(PathBuf),
    /// The server ended at once.
    #[error("the private server did not start: {0}")]
    NotStarted(String),
    /// The server never answered.
    #[error("the private server does not answer; its log is {}", .0.display())]
    Silent(PathBuf),
    /// The server was stopped by `trolley engine stop`.
    #[error("the private server was stopped; start it with: trolley engine start")]
    Stopped,
    /// The system refused.
    #[error("{what}: {source}")]
    System {
        /// The action that failed.
        what: String,
        /// The system's reason.
        source: io::Error,
    },
}

/// The state of the private server, as `trolley engine status` shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// The process, where it runs.
    pub pid: Option<u32>,
    /// Tells whether it answers on its socket.
    pub answers: bool,
    /// Its socket.
    pub socket: PathBuf,
    /// The folder of its data.
    pub data: PathBuf,
}

/// The private server, by its folders.
#[derive(Debug, Clone)]
pub struct Engine {
    runtime: PathBuf,
    data: PathBuf,
}

impl Engine {
    /// A server whose socket lies in `runtime` and whose data lies in `data`.
    #[must_use]
    pub fn new(runtime: PathBuf, data: PathBuf) -> Engine {
        Engine { runtime, data }
    }

    /// The socket to connect to. A running server may have another one than a new server
    /// would get: it was started where `XDG_RUNTIME_DIR` was different.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        match fs::read_to_string(self.socket_note()) {
            Ok(path) if !path.trim().is_empty() => PathBuf::from(path.trim()),
            _ => self.own_socket(),
        }
    }

    /// The state of the server now.
    #[must_use]
    pub fn status(&self) -> Status {
        let socket = self.socket();
        Status {
            pid: self.pid(),
            answers: answers(&socket),
            socket,
            data: self.data.clone(),
        }
    }

    /// Joins the server that runs, or starts one, and waits until it answers.
    ///
    /// # Errors
    /// The [`EngineError`] that stands in the way.
    pub fn ensure(&self) -> Result<PathBuf, EngineError> {
        // The usual case first, without any lock.
        if answers(&self.socket()) {
            return Ok(self.socket());
        }

        private_folder(&self.data)?;
        let _ = fs::remove_file(self.stop_note());
        let lock = self.open_lock()?;
        let deadline = Instant::now() + JOIN_TIMEOUT;

        loop {
            match lock.try_lock() {
                // No server is alive on this folder, and none can start while this is held.
                Ok(()) => {
                    self.start(&lock)?;
                    return self.wait_for_answer();
                }
                // Somebody starts one just now, or one runs.
                Err(TryLockError::WouldBlock) => {
                    if answers(&self.socket()) {
                        return Ok(self.socket());
                    }
                    self.end_unreachable();
                }
                Err(TryLockError::Error(source)) => {
                    return Err(system_error("lock", &self.data, source));
                }
            }

            if Instant::now() > deadline {
                return Err(EngineError::Silent(self.log()));
            }
            thread::sleep(POLL);
        }
    }

    /// Does the same as [`Engine::ensure`] for a server that broke while terminals were open,
    /// but not for one that was stopped on purpose.
    ///
    /// # Errors
    /// [`EngineError::Stopped`], and those of [`Engine::ensure`].
    pub fn revive(&self) -> Result<PathBuf, EngineError> {
        if self.stop_note().exists() {
            Err(EngineError::Stopped)
        } else {
            self.ensure()
        }
    }

    /// Stops the server and waits until it has ended. Returns whether one ran.
    ///
    /// # Errors
    /// [`EngineError::Silent`] where it does not end.
    pub fn stop(&self) -> Result<bool, EngineError> {
        if !self.data.is_dir() {
            return Ok(false);
        }

        // Open terminals must not start it again.
        let note = self.stop_note();
        fs::write(&note, "").map_err(|source| system_error("write", &note, source))?;

        let Some(pid) = self.pid() else {
            return Ok(false);
        };
        signal(pid, Signal::TERM);

        // The lock is free as soon as the server has ended.
        let lock = self.open_lock()?;
        let deadline = Instant::now() + STOP_TIMEOUT;
        while lock.try_lock().is_err() {
            if Instant::now() > deadline {
                return Err(EngineError::Silent(self.log()));
            }
            thread::sleep(POLL);
        }

        let _ = fs::remove_file(self.socket());
        Ok(true)
    }

    /// Starts a server, which inherits `lock` and holds it for as long as it lives.
    fn start(&self, lock: &File) -> Result<(), EngineError> {
        let program = SERVERS.iter().find_map(|name| on_path(name));
        let program = program.ok_or_else(|| EngineError::NotInstalled {
            install: install_command(),
        })?;
        let socket = self.prepare_socket()?;
        let _ = fs::remove_file(self.pid_file());

        rustix::io::fcntl_setfd(lock, FdFlags::empty())
            .map_err(|error| system_error("lock", &self.data, error.into()))?;
        let output = self
            .command(&program, &socket)
            .output()
            .map_err(|source| system_error("start", &self.data, source))?;
        let _ = rustix::io::fcntl_setfd(lock, FdFlags::CLOEXEC);

        if output.status.success() {
            Ok(())
        } else {
            let said = [output.stdout, output.stderr].concat();
            Err(EngineError::NotStarted(text::sanitize_to(&said, 300)))
        }
    }

    /// Makes room for the socket of a new server, and notes its path for those who join it.
    fn prepare_socket(&self) -> Result<PathBuf, EngineError> {
        private_folder(&self.runtime)?;
        let socket = self.own_socket();
        if socket.as_os_str().len() > LONGEST_SOCKET {
            return Err(EngineError::LongPath(socket));
        }

        // A server that was killed leaves its socket behind; the lock says that it is dead.
        let _ = fs::remove_file(&socket);
        let note = self.socket_note();
        fs::write(&note, socket.as_os_str().as_encoded_bytes())
            .map_err(|source| system_error("write", &note, source))?;
        Ok(socket)
    }

    fn command(&self, program: &Path, socket: &Path) -> Command {
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
            .arg(&self.data)
            .arg("--pidfile")
            .arg(self.pid_file())
            .arg("--logfile")
            .arg(self.log())
            .stdin(Stdio::null());
        command
    }

    /// Waits until the server that was just started answers.
    fn wait_for_answer(&self) -> Result<PathBuf, EngineError> {
        let socket = self.socket();
        let started = Instant::now();
        let mut was_alive = false;

        while !answers(&socket) {
            let is_alive = self.pid().is_some();
            was_alive |= is_alive;

            // Gone again, or never came: its log says why.
            let gone = was_alive && !is_alive;
            let never_came = !was_alive && started.elapsed() > PROCESS_TIMEOUT;
            if gone || never_came {
                return Err(EngineError::NotStarted(self.last_log_line()));
            }
            if started.elapsed() > START_TIMEOUT {
                return Err(EngineError::Silent(self.log()));
            }
            thread::sleep(POLL);
        }
        Ok(socket)
    }

    /// Ends a server that lives though its socket's folder was removed (by a log-out, say):
    /// nobody can reach it any more, and its data are safe in its file.
    fn end_unreachable(&self) {
        if self.socket().exists() {
            return;
        }
        let Some(pid) = self.pid() else { return };

        // It may be starting still: its socket comes before its pid file is a second old.
        let written = fs::metadata(self.pid_file()).and_then(|file| file.modified());
        let age = written.ok().and_then(|written| written.elapsed().ok());
        if age.is_some_and(|age| age > Duration::from_secs(1)) {
            signal(pid, Signal::TERM);
        }
    }

    /// The process id of the server that runs. A pid file alone may be stale.
    fn pid(&self) -> Option<u32> {
        let file = fs::read_to_string(self.pid_file()).ok()?;
        let pid = file.trim().parse().ok()?;
        rustix::process::test_kill_process(process(pid)?).ok()?;
        Some(pid)
    }

    /// The last warning of the log, or its last line.
    fn last_log_line(&self) -> String {
        let log = fs::read(self.log()).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let warning = log.lines().rev().find(|line| line.contains('#'));
        let line = warning.or_else(|| log.lines().last());
        text::sanitize_to(line.unwrap_or("it ended without a message").as_bytes(), 300)
    }

    fn open_lock(&self) -> Result<File, EngineError> {
        let path = self.data.join("lock");
        OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&path)
            .map_err(|source| system_error("open", &path, source))
    }

    /// The socket that a new server would get.
    fn own_socket(&self) -> PathBuf {
        self.runtime.join("redis.sock")
    }

    fn socket_note(&self) -> PathBuf {
        self.data.join("socket")
    }

    fn stop_note(&self) -> PathBuf {
        self.data.join("stopped")
    }

    fn pid_file(&self) -> PathBuf {
        self.data.join("redis.pid")
    }

    fn log(&self) -> PathBuf {
        self.data.join("redis.log")
    }
}

fn system_error(action: &str, path: &Path, source: io::Error) -> EngineError {
    EngineError::System {
        what: format!("can't {action} {}", path.display()),
        source,
    }
}

fn process(pid: u32) -> Option<Pid> {
    Pid::from_raw(i32::try_from(pid).ok()?)
}

fn signal(pid: u32, signal: Signal) {
    if let Some(pid) = process(pid) {
        // One that has just ended needs no signal.
        let _ = rustix::process::kill_process(pid, signal);
    }
}

/// Tells whether a server answers on this socket; one that still loads its data does.
fn answers(socket: &Path) -> bool {
    matches!(first_byte_of_pong(socket), Ok(b'+' | b'-'))
}

fn first_byte_of_pong(socket: &Path) -> io::Result<u8> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(Duration::from_secs(1)))?;
    stream.write_all(b"PING\r\n")?;
    let mut first = [0];
    stream.read_exact(&mut first)?;
    Ok(first[0])
}

/// Makes a folder that only this user can open, or makes sure of that.
fn private_folder(path: &Path) -> Result<(), EngineError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|source| system_error("make the folder", path, source))?;

    let folder = fs::metadata(path).map_err(|source| system_error("read", path, source))?;
    if folder.uid() != rustix::process::geteuid().as_raw() {
        return Err(EngineError::NotPrivate(path.to_owned()));
    }
    if folder.permissions().mode() & 0o077 != 0 {
        fs::set_permissions(path, fs::Permissions::from_mode(0o700))
            .map_err(|source| system_error("close", path, source))?;
    }
    Ok(())
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
