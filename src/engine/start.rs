//! Joins the private server that runs, or starts one.

use super::error::{EngineError, LONGEST_SOCKET, system_error};
use super::folder;
use super::lock;
use super::peer::Peer;
use super::program;
use super::{Engine, POLL, last_words, peer};
use rustix::io::FdFlags;
use rustix::process::Signal;
use std::fs::{self, File};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

/// The time limit for a new server to answer.
const START_TIMEOUT: Duration = Duration::from_secs(20);
/// The longest wait for somebody else who starts or stops a server.
const TURN_TIMEOUT: Duration = Duration::from_secs(60);
/// The longest wait for what holds the lock of the data.
const JOIN_TIMEOUT: Duration = Duration::from_secs(6);
/// The time after which a server that nobody can reach is told to end. A new one listens sooner.
const UNREACHABLE_AFTER: Duration = Duration::from_secs(1);
/// The time after which it, or a child that it has left behind, is killed.
const KILLED_AFTER: Duration = Duration::from_secs(3);
/// The time limit for a server to end whose data folder was removed.
const FORGOTTEN_TIMEOUT: Duration = Duration::from_secs(3);
/// The least time between two starts that no person asked for.
const REVIVAL_PAUSE: Duration = Duration::from_secs(5);

/// Who wants a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Demand {
    /// Somebody runs a command, which also undoes an earlier `trolley engine stop`.
    Person,
    /// A terminal has lost its server.
    Terminal,
}

impl Engine {
    /// Joins the server that runs, or starts one, and waits until it answers.
    ///
    /// # Errors
    /// The [`EngineError`] that stands in the way.
    pub(crate) fn ensure(&self) -> Result<PathBuf, EngineError> {
        self.join_or_start(Demand::Person)
    }

    /// Does the same as [`Engine::ensure`] for a server that broke while terminals were open,
    /// but not for one that was stopped on purpose. One that does not last is started again only
    /// after a pause.
    ///
    /// # Errors
    /// [`EngineError::Stopped`], and those of [`Engine::ensure`].
    pub(crate) fn revive(&self) -> Result<PathBuf, EngineError> {
        while self.was_started_within(REVIVAL_PAUSE) {
            if self.running().is_some() || self.stop_note().exists() {
                break;
            }
            thread::sleep(POLL);
        }
        self.join_or_start(Demand::Terminal)
    }

    /// Tells whether a server was started, or should have been, in the last `time`.
    fn was_started_within(&self, time: Duration) -> bool {
        let noted = fs::metadata(self.socket_note()).and_then(|note| note.modified());
        let age = noted.ok().and_then(|noted| noted.elapsed().ok());
        age.is_some_and(|age| age < time)
    }

    fn join_or_start(&self, demand: Demand) -> Result<PathBuf, EngineError> {
        folder::make_private(&self.data)?;
        let path = self.turn_file();
        let started = Instant::now();

        loop {
            // The usual case first, without any lock.
            if let Some(socket) = self.running() {
                return Ok(socket);
            }

            let mut limit = JOIN_TIMEOUT;
            // One that listens and does not answer needs nothing but time.
            if !self.is_silent() {
                let turn = lock::open(&path)?;
                if !lock::take(&turn, &path)? {
                    limit = TURN_TIMEOUT;
                } else if let Some(socket) = self.start_if_none(demand, started)? {
                    return Ok(socket);
                }
            }

            if started.elapsed() > limit {
                return Err(self.no_answer());
            }
            thread::sleep(POLL);
        }
    }

    /// Tells whether a server lives that listens and does not answer.
    fn is_silent(&self) -> bool {
        lock::is_held(&self.lock_file()) && peer::ask(&self.socket()) == Peer::Silent
    }

    /// Starts a server where none is alive on this folder; ends one that nobody can reach.
    /// `since` is the moment from which on it was awaited.
    fn start_if_none(
        &self,
        demand: Demand,
        since: Instant,
    ) -> Result<Option<PathBuf>, EngineError> {
        match demand {
            Demand::Terminal if self.stop_note().exists() => return Err(EngineError::Stopped),
            Demand::Terminal => {}
            Demand::Person => {
                let _ = fs::remove_file(self.stop_note());
            }
        }

        let path = self.lock_file();
        let lock = lock::open(&path)?;
        // None can start while this is held.
        if lock::take(&lock, &path)? {
            return self.start(lock).map(Some);
        }

        self.end_unreachable(since);
        Ok(None)
    }

    /// The reason why a server that lives is not spoken to.
    fn no_answer(&self) -> EngineError {
        let socket = self.socket();
        let folder = socket.parent().unwrap_or(&socket);

        match folder::check(folder) {
            Err(fault) => folder::folder_error(folder, fault),
            Ok(()) => EngineError::Silent(self.log()),
        }
    }

    /// Waits until nobody else starts or stops a server, and keeps others from it for as long as
    /// the file is open.
    pub(super) fn take_turn(&self) -> Result<File, EngineError> {
        let path = self.turn_file();
        let turn = lock::open(&path)?;
        let started = Instant::now();

        while !lock::take(&turn, &path)? {
            if started.elapsed() > TURN_TIMEOUT {
                return Err(self.no_answer());
            }
            thread::sleep(POLL);
        }
        Ok(turn)
    }

    /// Ends what holds the lock though nobody can reach it: a server whose socket's folder was
    /// removed (by a log-out, say), or a child of a killed server that still writes a file. All
    /// that was confirmed is on the disk. Only who has the turn may do so, since nobody else can
    /// be starting it then.
    pub(super) fn end_unreachable(&self, since: Instant) {
        let waited = since.elapsed();
        let listens = match peer::ask(&self.socket()) {
            Peer::Silent | Peer::Loading | Peer::Server => true,
            Peer::Nobody | Peer::Foreign => false,
        };
        if waited < UNREACHABLE_AFTER || listens {
            return;
        }

        let signal = if waited < KILLED_AFTER {
            Signal::TERM
        } else {
            Signal::KILL
        };
        lock::signal_holders(&self.lock_file(), signal);
    }

    /// Starts a server, which inherits `lock` and holds it for as long as it lives, and waits
    /// until it answers.
    fn start(&self, lock: File) -> Result<PathBuf, EngineError> {
        let program = program::find()?;
        folder::check_room(&self.data)?;
        self.check_list()?;
        let socket = self.prepare_socket()?;
        let log = self.open_log()?;
        let log_start = log.metadata().map_or(0, |log| log.len());
        let mut command = program::command(&program, self, &socket, log)?;

        rustix::io::fcntl_setfd(&lock, FdFlags::empty())
            .map_err(|error| system_error("lock", &self.data, error))?;
        let mut child = command
            .spawn()
            .map_err(|source| system_error("start", &program, source))?;
        // From here on, only the server holds it.
        drop(lock);

        // The server goes on in the background.
        let status = program::wait(&mut child, START_TIMEOUT)
            .map_err(|source| system_error("start", &program, source))?;
        if status.success() && self.wait_for_answer(&socket)? {
            return Ok(socket);
        }

        let said = last_words::since(&self.log(), log_start);
        Err(last_words::explain(&said, status, &self.data))
    }

    /// Makes sure that no changes lie there whose list of files is gone: a server would begin anew
    /// beside them.
    fn check_list(&self) -> Result<(), EngineError> {
        let folder = self.data.join("appendonlydir");
        let Ok(files) = fs::read_dir(&folder) else {
            return Ok(());
        };
        let files: Vec<_> = files.flatten().collect();
        let is_called = |file: &fs::DirEntry, end: &str| {
            let name = file.file_name();
            name.as_encoded_bytes().ends_with(end.as_bytes())
        };
        let has_list = files.iter().any(|file| is_called(file, ".manifest"));
        // A first start that was broken off leaves files without a change in them.
        let has_changes = files.iter().any(|file| {
            is_called(file, ".incr.aof") && file.metadata().is_ok_and(|found| found.len() > 0)
        });

        if has_changes && !has_list {
            let fault = "the list of its files (appendonly.aof.manifest) is missing";
            return Err(last_words::unreadable(folder, fault));
        }
        Ok(())
    }

    /// Makes room for the socket of a new server, and notes its path for those who join it.
    fn prepare_socket(&self) -> Result<PathBuf, EngineError> {
        let socket = self.own_socket();
        if socket.as_os_str().len() > LONGEST_SOCKET {
            return Err(EngineError::LongPath(socket));
        }
        folder::make_private(socket.parent().unwrap_or(Path::new("/")))?;

        self.end_forgotten(&socket);
        // A server that was killed leaves its socket behind; the lock says that it is dead.
        let _ = fs::remove_file(&socket);
        let note = self.socket_note();
        fs::write(&note, socket.as_os_str().as_encoded_bytes())
            .map_err(|source| system_error("write", &note, source))?;
        Ok(socket)
    }

    /// Ends a server whose data folder was removed, and its lock with it: it would go on without
    /// a file for what it is told, and take the new server's socket with it when it ends.
    fn end_forgotten(&self, socket: &Path) {
        if !peer::ask(socket).answers() {
            return;
        }

        peer::shut_down(socket);
        let started = Instant::now();
        while socket.exists() && started.elapsed() < FORGOTTEN_TIMEOUT {
            thread::sleep(POLL);
        }
    }

    fn open_log(&self) -> Result<File, EngineError> {
        let path = self.log();
        File::options()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(&path)
            .map_err(|source| system_error("open", &path, source))
    }

    /// Waits until the server that was just started answers and has read its data. Returns whether
    /// it does, or else has ended; one that reads for long may go on with it.
    fn wait_for_answer(&self, socket: &Path) -> Result<bool, EngineError> {
        let started = Instant::now();

        loop {
            let peer = peer::ask(socket);
            if peer == Peer::Server {
                return Ok(true);
            }
            if !lock::is_held(&self.lock_file()) {
                return Ok(false);
            }
            if started.elapsed() > START_TIMEOUT {
                return if peer.answers() {
                    Ok(true)
                } else {
                    Err(self.no_answer())
                };
            }
            thread::sleep(POLL);
        }
    }
}
