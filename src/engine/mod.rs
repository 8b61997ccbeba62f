//! The private server: a `redis-server` (or `valkey-server`) of the shop's own on a Unix
//! socket, for people who name no Redis.
//!
//! The server itself holds the lock of its data folder for as long as it lives: the lock
//! file is open in the process that starts it, and the server inherits it. So two starters
//! never get two servers on one folder, whatever their socket folders are, and a stale
//! socket or a killed server leaves nothing to clean up. Who starts or stops it holds another
//! lock meanwhile, his turn: so whoever else holds the first is a server, or a child of one.
//!
//! A process is signalled only where the system says that it holds the lock. A socket is spoken
//! to only where its folder and its listener are this user's own.
//!
//! The data folder holds the server's append-only file and log, and beside them: `lock` and
//! `turn`, the locks; `socket`, a note of the socket's path, written by each start; and
//! `stopped`, a note that the server was stopped on purpose.

mod error;
mod folder;
mod last_words;
mod lock;
mod peer;
mod program;
mod start;
mod stop;

pub use error::{EngineError, FolderFault};

use error::LONGEST_SOCKET;
use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The pause between two looks at a server.
const POLL: Duration = Duration::from_millis(10);

/// The state of the private server, as `trolley engine status` shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// The process that holds the lock of the data, where one does and the system names it.
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
    runtime: Option<PathBuf>,
    state: PathBuf,
    data: PathBuf,
}

impl Engine {
    /// A server whose data lies in `data`. Its socket lies in `runtime`, a folder in the one that
    /// the system keeps for this user's sockets; where there is none, or it can't be used, in
    /// `state`.
    #[must_use]
    pub fn new(runtime: Option<PathBuf>, state: PathBuf, data: PathBuf) -> Engine {
        Engine {
            runtime,
            state,
            data,
        }
    }

    /// The socket to connect to. A running server may have another one than a new server
    /// would get: it was started where `XDG_RUNTIME_DIR` was different.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.noted_socket().unwrap_or_else(|| self.own_socket())
    }

    /// The socket of the server that runs; `None` where none does, or none that is ours.
    #[must_use]
    pub fn running(&self) -> Option<PathBuf> {
        folder::check_own(&self.data).ok()?;
        let socket = self.noted_socket()?;
        folder::check_own(socket.parent()?).ok()?;

        let runs = lock::is_held(&self.lock_file()) && peer::ask(&socket).answers();
        runs.then_some(socket)
    }

    /// The state of the server now.
    ///
    /// # Errors
    /// [`EngineError::Folder`] where the data folder is not this user's own.
    pub fn status(&self) -> Result<Status, EngineError> {
        folder::check(&self.data).map_err(|fault| folder::folder_error(&self.data, fault))?;
        let starters = lock::holders(&self.turn_file());
        let mut servers = lock::holders(&self.lock_file()).into_iter();

        Ok(Status {
            pid: servers.find(|process| !starters.contains(process)),
            answers: self.running().is_some(),
            socket: self.socket(),
            data: self.data.clone(),
        })
    }

    /// Why the socket of a new server does not lie in `XDG_RUNTIME_DIR`, where that is set.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let why = runtime_fault(self.runtime.as_ref()?)?;
        Some(format!(
            "XDG_RUNTIME_DIR is not used: {why}; a private server's socket goes to {}",
            self.state.display()
        ))
    }

    /// Why the server ended, or could not start now, where the system gives the reason; `None`
    /// where it runs.
    #[must_use]
    pub(crate) fn why_gone(&self) -> Option<EngineError> {
        if self.running().is_some() {
            return None;
        }
        folder::check_own(&self.data).ok()?;
        let no_room = folder::check_room(&self.data).err();
        no_room.or_else(|| last_words::damage(&self.log(), &self.data))
    }

    /// The socket that a new server would get.
    fn own_socket(&self) -> PathBuf {
        let runtime = self.runtime.as_ref();
        let usable = runtime.filter(|folder| runtime_fault(folder).is_none());
        socket_in(usable.unwrap_or(&self.state))
    }

    /// The socket that the last start has noted.
    fn noted_socket(&self) -> Option<PathBuf> {
        let noted = fs::read(self.socket_note()).ok()?;
        let path = PathBuf::from(OsString::from_vec(noted));
        path.is_absolute().then_some(path)
    }

    fn lock_file(&self) -> PathBuf {
        self.data.join("lock")
    }

    fn turn_file(&self) -> PathBuf {
        self.data.join("turn")
    }

    fn socket_note(&self) -> PathBuf {
        self.data.join("socket")
    }

    fn stop_note(&self) -> PathBuf {
        self.data.join("stopped")
    }

    fn log(&self) -> PathBuf {
        self.data.join("redis.log")
    }
}

fn socket_in(folder: &Path) -> PathBuf {
    folder.join("redis.sock")
}

/// The fault of our folder in the one for this user's sockets, which must exist: whoever
/// makes it also removes it when this user logs out.
fn runtime_fault(folder: &Path) -> Option<String> {
    if socket_in(folder).as_os_str().len() > LONGEST_SOCKET {
        return Some("its path is too long for a socket".to_owned());
    }

    let is_own = folder.parent().map_or(Ok(()), folder::check_own);
    let is_plain = is_own.and_then(|()| folder::check_no_link(folder));
    is_plain.err().map(|fault| fault.to_string())
}
