//! The server behind a socket: whether somebody listens there, and whether it is ours.

use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// The longest wait for an answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(1);

/// Who was found to listen at a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Peer {
    /// Nobody listens: there is no socket, or whoever made it has ended.
    Nobody,
    /// Another user listens, or nobody can tell who.
    Foreign,
    /// A process of this user listens, and does not answer as a server would.
    Silent,
    /// A server of this user answers that it still reads its data, which may yet fail.
    Loading,
    /// A server of this user answers.
    Server,
}

impl Peer {
    /// Tells whether it is a server that answers.
    pub(super) fn answers(self) -> bool {
        matches!(self, Peer::Loading | Peer::Server)
    }
}

/// Asks who is behind a socket. Another user's server is told nothing.
pub(super) fn ask(socket: &Path) -> Peer {
    match connect(socket) {
        Ok(stream) if !is_ours(&stream) => Peer::Foreign,
        Ok(mut stream) => match start_of_pong(&mut stream) {
            Ok([b'-', b'L']) => Peer::Loading,
            Ok([b'+' | b'-', _]) => Peer::Server,
            Ok(_) | Err(_) => Peer::Silent,
        },
        // So many wait already that there is no room for one more.
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Peer::Silent,
        Err(_) => Peer::Nobody,
    }
}

/// Asks the server to save its data and to end. It answers only where it can't.
pub(super) fn shut_down(socket: &Path) {
    if let Ok(mut stream) = connect(socket)
        && is_ours(&stream)
    {
        let _ = stream.write_all(b"SHUTDOWN\r\n");
    }
}

/// Connects without ever waiting for a server that takes no more connections.
fn connect(socket: &Path) -> io::Result<UnixStream> {
    let stream = rustix::net::socket_with(
        AddressFamily::UNIX,
        SocketType::STREAM,
        SocketFlags::NONBLOCK | SocketFlags::CLOEXEC,
        None,
    )?;
    rustix::net::connect(&stream, &SocketAddrUnix::new(socket)?)?;

    let stream = UnixStream::from(stream);
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(ANSWER_TIMEOUT))?;
    stream.set_write_timeout(Some(ANSWER_TIMEOUT))?;
    Ok(stream)
}

#[cfg(target_os = "linux")]
fn is_ours(stream: &UnixStream) -> bool {
    rustix::net::sockopt::socket_peercred(stream)
        .is_ok_and(|peer| peer.uid == rustix::process::geteuid())
}

/// Elsewhere the socket's folder alone says whose it is.
#[cfg(not(target_os = "linux"))]
fn is_ours(_: &UnixStream) -> bool {
    true
}

/// The first two letters of what a server answers to a greeting.
fn start_of_pong(stream: &mut UnixStream) -> io::Result<[u8; 2]> {
    stream.write_all(b"PING\r\n")?;
    let mut start = [0; 2];
    stream.read_exact(&mut start)?;
    Ok(start)
}
