//! The private server: a `redis-server` (or `valkey-server`) of the shop's own on a Unix
//! socket, for those who name no Redis.
//!
//! The server itself holds the lock of its data folder for as long as it lives: the lock
//! file is open in the process that starts it, and the server inherits it. So two starters
//! never get two servers on one folder, whatever their socket folders are, and a stale
//! socket or a killed server leaves nothing to clean up.

use crate::model::text;
use rustix::io::FdFlags;
use rustix::process::{Pid, Signal};
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The servers that will do, best first.
const SERVERS: [&str; 2] = ["redis-server", "valkey-server"];
/// The longest path of a Unix socket, in bytes.
const LONGEST_SOCKET: usize = 107;
/// How long a server may take until it answers.
const START: Duration = Duration::from_secs(20);
/// How long to wait for a server that runs, or that somebody else starts.
const JOIN: Duration = Duration::from_secs(6);
/// How long a server may take to stop.
const STOP: Duration = Duration::from_secs(10);
/// The pause between two looks at it.
const LOOK: Duration = Duration::from_millis(10);

/// Why there is no private server.
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
    OpenFolder(PathBuf),
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
        /// What was tried.
        what: String,
        /// The system's word.
        source: io::Error,
    },
}

/// What `trolley engine status` shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// The process, where it runs.
    pub pid: Option<u32>,
    /// Whether it answers.
    pub answers: bool,
    /// Its socket.
    pub socket: PathBuf,
    /// The folder of its data.
    pub data: PathBuf,
}

/// The private server's places.
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
        match fs::read_to_string(self.data.join("socket")) {
            Ok(path) if !path.trim().is_empty() => PathBuf::from(path.trim()),
            _ => self.own_socket(),
        }
    }

    fn own_socket(&self) -> PathBuf {
        self.runtime.join("redis.sock")
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
        let _ = fs::remove_file(self.stopped());
        let lock = self.open_lock()?;
        let until = Instant::now() + JOIN;
        loop {
            match lock.try_lock() {
                // No server is alive on this folder, and none can start while this is held.
                Ok(()) => {
                    self.start(&lock)?;
                    return self.wait_until_it_answers(Instant::now() + START);
                }
                // Somebody starts one just now, or one runs.
                Err(TryLockError::WouldBlock) => {
                    if answers(&self.socket()) {
                        return Ok(self.socket());
                    }
                    self.end_unreachable();
                }
                Err(TryLockError::Error(source)) => return Err(system("lock", &self.data, source)),
            }
            if Instant::now() > until {
                return Err(EngineError::Silent(self.log()));
            }
            std::thread::sleep(LOOK);
        }
    }

    /// [`Engine::ensure`] for a server that broke while terminals were open: not where it
    /// was stopped on purpose.
    ///
    /// # Errors
    /// [`EngineError::Stopped`], and those of [`Engine::ensure`].
    pub fn revive(&self) -> Result<PathBuf, EngineError> {
        if self.stopped().exists() {
            Err(EngineError::Stopped)
        } else {
            self.ensure()
        }
    }

    /// What runs now.
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

    /// Stops the server and waits until it has ended. Returns whether one ran.
    ///
    /// # Errors
    /// [`EngineError::Silent`] where it does not end.
    pub fn stop(&self) -> Result<bool, EngineError> {
        if !self.data.is_dir() {
            return Ok(false);
        }
        // Open terminals must not start it again.
        fs::write(self.stopped(), "").map_err(|source| system("write", &self.stopped(), source))?;
        let Some(pid) = self.pid() else {
            return Ok(false);
        };
        signal(pid, Signal::TERM);
        let (lock, until) = (self.open_lock()?, Instant::now() + STOP);
        while lock.try_lock().is_err() {
            if Instant::now() > until {
                return Err(EngineError::Silent(self.log()));
            }
            std::thread::sleep(LOOK);
        }
        let _ = fs::remove_file(self.socket());
        Ok(true)
    }

    fn start(&self, lock: &File) -> Result<(), EngineError> {
        let server =
            SERVERS
                .iter()
                .find_map(|name| on_path(name))
                .ok_or(EngineError::NotInstalled {
                    install: install_command(),
                })?;
        private_folder(&self.runtime)?;
        let socket = self.own_socket();
        if socket.as_os_str().len() > LONGEST_SOCKET {
            return Err(EngineError::LongPath(socket));
        }
        // A server that was killed leaves its socket behind; the lock says that it is dead.
        let _ = fs::remove_file(&socket);
        let note = self.data.join("socket");
        fs::write(&note, socket.as_os_str().as_encoded_bytes())
            .map_err(|source| system("write", &note, source))?;
        let _ = fs::remove_file(self.pid_file());
        // The server inherits the lock and holds it as long as it lives.
        rustix::io::fcntl_setfd(lock, FdFlags::empty())
            .map_err(|error| system("lock", &self.data, error.into()))?;
        let run = Command::new(server)
            .args([
                "--port",
                "0",
                "--unixsocketperm",
                "700",
                "--daemonize",
                "yes",
                "--appendonly",
                "yes",
            ])
            .args([
                "--save",
                "",
                "--maxmemory-policy",
                "noeviction",
                "--hz",
                "1",
            ])
            // With `everysec` a change can be confirmed before it is written: the write waits
            // for a sync that goes on, and a kill then loses it.
            .args(["--appendfsync", "always"])
            .arg("--unixsocket")
            .arg(&socket)
            .arg("--dir")
            .arg(&self.data)
            .arg("--pidfile")
            .arg(self.pid_file())
            .arg("--logfile")
            .arg(self.log())
            .stdin(Stdio::null())
            .output()
            .map_err(|source| system("start", &self.data, source))?;
        let _ = rustix::io::fcntl_setfd(lock, FdFlags::CLOEXEC);
        if run.status.success() {
            Ok(())
        } else {
            let said = [run.stdout, run.stderr].concat();
            Err(EngineError::NotStarted(text::sanitize_to(&said, 300)))
        }
    }

    fn wait_until_it_answers(&self, until: Instant) -> Result<PathBuf, EngineError> {
        let socket = self.socket();
        let (mut seen, patience) = (false, Instant::now() + Duration::from_secs(2));
        while !answers(&socket) {
            let alive = self.pid().is_some();
            seen |= alive;
            // Gone again, or never came: its log says why.
            if (seen && !alive) || (!seen && Instant::now() > patience) {
                return Err(EngineError::NotStarted(self.last_words()));
            }
            if Instant::now() > until {
                return Err(EngineError::Silent(self.log()));
            }
            std::thread::sleep(LOOK);
        }
        Ok(socket)
    }

    /// Ends a server that lives though its socket's folder was removed (by a log-out, say):
    /// nobody can reach it any more, and its data are safe in its file.
    fn end_unreachable(&self) {
        if !self.socket().exists()
            && let Some(pid) = self.pid()
            // It may be starting still: its socket comes before its pid file is a second old.
            && fs::metadata(self.pid_file()).and_then(|file| file.modified()).is_ok_and(|at| at.elapsed().is_ok_and(|age| age > Duration::from_secs(1)))
        {
            signal(pid, Signal::TERM);
        }
    }

    /// The process id of the server that runs: a pid file alone may be stale.
    fn pid(&self) -> Option<u32> {
        let pid = fs::read_to_string(self.pid_file())
            .ok()?
            .trim()
            .parse()
            .ok()?;
        rustix::process::test_kill_process(process(pid)?).ok()?;
        Some(pid)
    }

    fn last_words(&self) -> String {
        let log = fs::read(self.log()).unwrap_or_default();
        let tail = String::from_utf8_lossy(&log);
        let last = tail
            .lines()
            .rev()
            .find(|line| line.contains('#'))
            .or_else(|| tail.lines().last());
        text::sanitize_to(last.unwrap_or("it ended without a word").as_bytes(), 300)
    }

    fn open_lock(&self) -> Result<File, EngineError> {
        let path = self.data.join("lock");
        let opened = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&path);
        opened.map_err(|source| system("open", &path, source))
    }

    fn pid_file(&self) -> PathBuf {
        self.data.join("redis.pid")
    }

    fn log(&self) -> PathBuf {
        self.data.join("redis.log")
    }

    fn stopped(&self) -> PathBuf {
        self.data.join("stopped")
    }
}

fn system(what: &str, path: &Path, source: io::Error) -> EngineError {
    EngineError::System {
        what: format!("can't {what} {}", path.display()),
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

/// Whether a server answers on this socket; one that still loads its data does.
fn answers(socket: &Path) -> bool {
    let ask = || -> io::Result<[u8; 1]> {
        let mut stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        stream.write_all(b"PING\r\n")?;
        let mut first = [0];
        stream.read_exact(&mut first)?;
        Ok(first)
    };
    matches!(ask(), Ok([b'+' | b'-']))
}

/// Makes the folder, for the user alone, or checks that it is so.
fn private_folder(path: &Path) -> Result<(), EngineError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|source| system("make the folder", path, source))?;
    let found = fs::metadata(path).map_err(|source| system("read", path, source))?;
    let mine = std::os::unix::fs::MetadataExt::uid(&found) == rustix::process::geteuid().as_raw();
    if !mine {
        return Err(EngineError::OpenFolder(path.to_owned()));
    }
    if found.permissions().mode() & 0o077 != 0 {
        fs::set_permissions(path, fs::Permissions::from_mode(0o700))
            .map_err(|source| system("close", path, source))?;
    }
    Ok(())
}

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
    let fits = COMMANDS
        .iter()
        .find(|(manager, _)| on_path(manager).is_some());
    fits.map_or("your system's package redis or valkey", |(_, command)| {
        command
    })
}
