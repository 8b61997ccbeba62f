//! The reasons why there is no private server, each with what to do about it.

use std::io;
use std::path::{Path, PathBuf};

/// The longest path of a Unix socket, in bytes.
pub(super) const LONGEST_SOCKET: usize = 107;

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
    #[error("the path of the socket is too long: {} bytes, and the limit is {LONGEST_SOCKET}: {}\nSet XDG_RUNTIME_DIR to a shorter folder, or use --redis", .0.as_os_str().len(), .0.display())]
    LongPath(PathBuf),
    /// Somebody else could get at what is in a folder.
    #[error(
        "the private server can't use {}: {fault}.\nSet HOME to a folder of your own (sudo -H does), or use --redis",
        folder.display()
    )]
    Folder {
        /// The folder that is needed.
        folder: PathBuf,
        /// The fault of this folder, or of one above it.
        fault: FolderFault,
    },
    /// The disk has no room for changes.
    #[error(
        "the disk is full: the private server needs room in {} and starts once there is some",
        .0.display()
    )]
    DiskFull(PathBuf),
    /// The file with the data is damaged.
    #[error(
        "the private server's data file is damaged: {}\nCopy its folder, then have what follows the damage cut off:\n    {repair}",
        file.display()
    )]
    Damaged {
        /// The damaged file.
        file: PathBuf,
        /// The command that repairs it.
        repair: String,
    },
    /// The data is damaged where nothing can be cut off.
    #[error(
        "the private server can't read its data in {}: {fault}\nNothing was changed. Move the folder away, and keep it, as parts of it may still be readable:\n    {set_aside}\nThen put a copy of it in its place, or begin with an empty shop (trolley guide servers: Backup)",
        folder.display()
    )]
    Unreadable {
        /// The folder with the data.
        folder: PathBuf,
        /// The fault that the server found.
        fault: String,
        /// The command that moves the folder away.
        set_aside: String,
    },
    /// The server ended at once.
    #[error("the private server did not start: {0}")]
    NotStarted(String),
    /// The server never answered.
    #[error("the private server does not answer; its log is {}", .0.display())]
    Silent(PathBuf),
    /// The server did not end.
    #[error("the private server does not stop; its log is {}", .0.display())]
    NotStopped(PathBuf),
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

/// The reason why a folder is not safe.
#[derive(Debug, thiserror::Error)]
pub enum FolderFault {
    /// A folder, or a link to it, belongs to somebody else.
    #[error("{} belongs to another user (number {owner})", part.display())]
    Owner {
        /// The part of the path that belongs to them.
        part: PathBuf,
        /// Their user id.
        owner: u32,
    },
    /// Others may write to a folder.
    #[error("others can write to {}", .0.display())]
    Writable(PathBuf),
    /// There is something else, or a link where none may be.
    #[error("{} is not a folder", .0.display())]
    NotAFolder(PathBuf),
    /// There are only names relative to the folder where trolley runs, or links in a circle.
    #[error("{} leads to no folder", .0.display())]
    Nowhere(PathBuf),
    /// The system does not let us look.
    #[error("{}: {source}", part.display())]
    Unreadable {
        /// The part of the path that can't be examined.
        part: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

/// The error of an action on a file or folder that the system refused.
pub(super) fn system_error(action: &str, path: &Path, source: impl Into<io::Error>) -> EngineError {
    EngineError::System {
        what: format!("can't {action} {}", path.display()),
        source: source.into(),
    }
}
