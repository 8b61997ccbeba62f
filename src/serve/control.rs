//! The control socket, through which whoever runs the server sees who is in the shop, and ends
//! visits. It takes one request on a connection, as a line of JSON, and answers with another.

use super::connections::Status;
use super::{ServeError, ServedShop};
use crate::config::{make_private, shown_path};
use serde::{Deserialize, Serialize};
use std::fs;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tracing::warn;

/// The time for a request, and for its answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// The longest request, in bytes.
const LONGEST_REQUEST: u64 = 1024;
/// The pause after a connection that went wrong.
const PAUSE: Duration = Duration::from_millis(100);

/// A question to a server.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Request {
    /// Who is there.
    Status,
    /// To end a visit, by the number of its session.
    End(u64),
    /// Where the server listens.
    Address,
    /// Whether the server lets in people with an invitation.
    Invites,
}

/// The answer of a server.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Answer {
    /// The state of the server.
    Status(Status),
    /// True where there was such a visit.
    Ended(bool),
    /// Where the server listens.
    Address(SocketAddr),
    /// True where it lets in people with an invitation.
    Invites(bool),
}

/// The socket of a server that runs.
#[derive(Debug)]
pub(crate) struct ControlSocket {
    listener: UnixListener,
    file: SocketFile,
}

/// The file of a socket. It is gone once this is dropped, unless another one is in its place.
#[derive(Debug)]
struct SocketFile {
    path: PathBuf,
    inode: u64,
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        let found = fs::symlink_metadata(&self.path);
        if found.is_ok_and(|found| found.ino() == self.inode) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Begins to listen. A socket that nobody answers on is left from a server that was killed.
///
/// # Errors
/// [`ServeError::Control`], also where another server answers there.
pub(crate) async fn listen(path: &Path) -> Result<ControlSocket, ServeError> {
    match bind(path).await {
        Ok(socket) => Ok(socket),
        Err(error) => Err(ServeError::Control {
            path: shown_path(path),
            why: match error.kind() {
                ErrorKind::AddrInUse => {
                    "another server answers there, or a file is in its place".to_owned()
                }
                _ => error.to_string(),
            },
        }),
    }
}

async fn bind(path: &Path) -> io::Result<ControlSocket> {
    if let Some(folder) = path.parent() {
        make_private(folder)?;
    }

    let listener = match UnixListener::bind(path) {
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            let is_socket = fs::symlink_metadata(path)?.file_type().is_socket();
            if !is_socket || UnixStream::connect(path).await.is_ok() {
                return Err(error);
            }
            fs::remove_file(path)?;
            UnixListener::bind(path)?
        }
        bound => bound?,
    };
    let file = SocketFile {
        path: path.to_owned(),
        inode: fs::symlink_metadata(path)?.ino(),
    };
    Ok(ControlSocket { listener, file })
}

impl ControlSocket {
    /// Answers requests, one after the other, until what this returns is dropped.
    pub(super) fn answer_all(self, shop: Arc<ServedShop>) -> Answering {
        let ControlSocket { listener, file } = self;
        let task = tokio::spawn(async move {
            loop {
                if let Err(error) = answer_next(&listener, &shop).await {
                    warn!(%error, "control");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        });
        Answering { task, _file: file }
    }
}

/// The task of a control socket, until this is dropped.
pub(super) struct Answering {
    task: JoinHandle<()>,
    _file: SocketFile,
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Takes one connection, and answers where it may ask.
async fn answer_next(listener: &UnixListener, shop: &ServedShop) -> io::Result<()> {
    let (stream, _) = listener.accept().await?;
    if !is_allowed(&stream) {
        return Ok(());
    }
    timeout(PATIENCE, answer(stream, shop)).await?
}

/// Tells whether the other side is this user, or the system's.
fn is_allowed(stream: &UnixStream) -> bool {
    let own = rustix::process::geteuid().as_raw();
    stream
        .peer_cred()
        .is_ok_and(|peer| peer.uid() == own || peer.uid() == 0)
}

async fn answer(mut stream: UnixStream, shop: &ServedShop) -> io::Result<()> {
    let mut line = String::new();
    BufReader::new((&mut stream).take(LONGEST_REQUEST))
        .read_line(&mut line)
        .await?;

    let answer = match serde_json::from_str(&line)? {
        Request::Status => Answer::Status(shop.connections.status()),
        Request::End(session) => Answer::Ended(shop.connections.end(session)),
        Request::Address => Answer::Address(shop.listening),
        Request::Invites => Answer::Invites(shop.invited.is_some()),
    };
    let mut answer = serde_json::to_vec(&answer)?;
    answer.push(b'\n');
    stream.write_all(&answer).await
}

/// Asks the server that listens there.
///
/// # Errors
/// The system's, where nobody does, or no good answer comes in time.
pub(crate) async fn ask(path: &Path, request: &Request) -> io::Result<Answer> {
    let asking = async {
        let mut stream = UnixStream::connect(path).await?;
        let mut request = serde_json::to_vec(request)?;
        request.push(b'\n');
        stream.write_all(&request).await?;

        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        Ok(serde_json::from_slice(&answer)?)
    };
    timeout(PATIENCE, asking).await?
}
