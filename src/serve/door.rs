//! The way from the network to a connection: the socket that is listened on, and the address that
//! a visitor really has.

use ipnet::IpNet;
use listenfd::ListenFd;
use proxy_header::io::ProxiedStream;
use proxy_header::{ParseConfig, Protocol};
use rustix::io::{FdFlags, fcntl_setfd};
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// The networks from which connections come with a header of the PROXY protocol.
#[derive(Debug)]
pub(crate) struct Proxies(Vec<IpNet>);

impl Proxies {
    pub(crate) fn new(networks: Vec<IpNet>) -> Proxies {
        Proxies(networks)
    }

    /// Tells whether connections from this address come through a proxy.
    pub(super) fn contain(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }
}

/// Takes over the socket that systemd has opened for this process; `None` where there is none.
///
/// # Errors
/// The system's, where what was passed is no listening socket.
pub(crate) fn passed_socket() -> io::Result<Option<TcpListener>> {
    let Some(listener) = ListenFd::from_env().take_tcp_listener(0)? else {
        return Ok(None);
    };
    if !rustix::net::sockopt::socket_acceptconn(&listener)? {
        return Err(io::Error::other(
            "the socket that was passed does not listen",
        ));
    }
    // The programs that this one starts have nothing to do with it.
    fcntl_setfd(&listener, FdFlags::CLOEXEC)?;
    listener.set_nonblocking(true)?;
    Ok(Some(listener))
}

/// Reads the header that a proxy sends before all else; returns the connection without it, and
/// the address of the visitor.
///
/// # Errors
/// Where no good header comes in time.
pub(super) async fn read_header(
    socket: TcpStream,
    proxy: SocketAddr,
    patience: Duration,
) -> io::Result<(ProxiedStream<TcpStream>, IpAddr)> {
    let reading = ProxiedStream::create_from_tokio(socket, ParseConfig::default());
    let stream = timeout(patience, reading).await??;

    let told = stream.proxy_header().proxied_address();
    let visitor = told.filter(|told| told.protocol == Protocol::Stream);
    // A proxy that asks whether the server is alive names nobody.
    let address = visitor.map_or(proxy.ip(), |visitor| visitor.source.ip());
    Ok((stream, address))
}
