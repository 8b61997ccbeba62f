//! The listener: accepts connections, whatever becomes of single ones.

use super::ServedShop;
use super::connections::{Connection, Farewell, Full, LEAVING_TIMEOUT};
use super::door;
use super::handler::VisitorHandler;
use super::journal::Refused;
use super::stream::GuardedStream;
use proxy_header::io::ProxiedStream;
use russh::Disconnect;
use russh::server::RunningSession;
use rustix::net::sockopt;
use rustix::process::{Resource, getrlimit, setrlimit};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tracing::{info, warn};

/// The pause after the system could not accept a connection, as where too many files are open.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The pause after which the system asks whether the computer of a silent client is still there, and
/// that between two such questions.
const PROBE_INTERVAL: Duration = Duration::from_secs(15);
/// The most of these questions in a row that may stay without an answer.
const MOST_PROBES: u32 = 3;
/// The milliseconds without an answer, also to what was sent, after which a client's computer counts as
/// gone.
#[cfg(target_os = "linux")]
const DEAD_AFTER: u32 = 45_000;

/// Accepts connections for ever.
pub(super) async fn accept(
    listener: TcpListener,
    config: Arc<russh::server::Config>,
    shop: Arc<ServedShop>,
) {
    raise_file_limit();
    loop {
        match listener.accept().await {
            Ok((socket, peer)) if shop.options.proxies.contain(peer.ip()) => {
                tokio::spawn(welcome_by_proxy(socket, peer, config.clone(), shop.clone()));
            }
            Ok((socket, peer)) => {
                welcome(ProxiedStream::unproxied(socket), peer.ip(), &config, &shop);
            }
            Err(error) => {
                warn!(%error, "accept");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Allows this process as many open files as the system lets it have: each connection is one.
fn raise_file_limit() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        warn!(%error, "limit of open files");
    }
}

/// Begins to serve a connection that a proxy passes on, once it has said for whom.
async fn welcome_by_proxy(
    socket: TcpStream,
    proxy: SocketAddr,
    config: Arc<russh::server::Config>,
    shop: Arc<ServedShop>,
) {
    match door::read_header(socket, proxy, shop.options.login_grace).await {
        Ok((stream, address)) => welcome(stream, address, &config, &shop),
        // The proxy is at fault, and is no visitor to ban.
        Err(error) => warn!(proxy = %proxy.ip(), %error, "no header of the PROXY protocol"),
    }
}

/// Begins to serve a connection, where there is room for it.
fn welcome(
    stream: ProxiedStream<TcpStream>,
    address: IpAddr,
    config: &Arc<russh::server::Config>,
    shop: &Arc<ServedShop>,
) {
    match shop.connections.admit(address) {
        Ok(connection) => {
            info!(session = connection.id, ip = %connection.address, "connect");
            tokio::spawn(serve(stream, connection, config.clone(), shop.clone()));
        }
        Err(full) => turn_away(stream.get_ref(), address, full),
    }
}

/// Says why there is no room. No client has to show it, and nobody waits for it.
fn turn_away(socket: &TcpStream, address: IpAddr, full: Full) {
    Refused::default().log(address, &full.to_string());
    let _ = socket.try_write(format!("trolley: {full}\r\n").as_bytes());
}

/// Serves one connection to its end.
async fn serve(
    stream: ProxiedStream<TcpStream>,
    connection: Arc<Connection>,
    config: Arc<russh::server::Config>,
    shop: Arc<ServedShop>,
) {
    let started = Instant::now();
    let sent = Arc::<AtomicU64>::default();
    let reason = match converse(stream, &connection, config, shop, sent.clone()).await {
        Ok(reason) => reason,
        Err(error) => end_reason(&error),
    };

    info!(
        session = connection.id,
        ip = %connection.address,
        seconds = started.elapsed().as_secs(),
        bytes = sent.load(Ordering::Relaxed),
        reason,
        "end"
    );
}

/// Speaks SSH until the visitor leaves or has to go, and counts in `sent` the bytes that go out.
/// Returns the reason for the end.
async fn converse(
    stream: ProxiedStream<TcpStream>,
    connection: &Arc<Connection>,
    config: Arc<russh::server::Config>,
    shop: Arc<ServedShop>,
    sent: Arc<AtomicU64>,
) -> Result<String, russh::Error> {
    // Frames are small, and each should go at once.
    stream.get_ref().set_nodelay(true)?;
    notice_dead_peers(stream.get_ref())?;
    let stream = GuardedStream::new(stream, &connection.kill, sent, connection.pace.clone());
    let handler = VisitorHandler::new(shop.clone(), connection.clone());
    let watch = tokio::spawn(watch_over(connection.clone(), shop.clone()));

    // This returns once the other side has said its version.
    let begun = russh::server::run_stream(config, stream, handler).await;
    let result = match begun {
        Ok(mut session) => tokio::select! {
            ended = &mut session => ended.map(|()| "left".to_owned()),
            farewell = asked_to_leave(connection, shop.options.drain) => {
                see_off(session, connection, farewell).await;
                Ok("asked to leave".to_owned())
            }
        },
        Err(error) => Err(error),
    };
    watch.abort();
    result
}

/// Has the system notice that a visitor's computer is gone, which wakes nobody here. It asks nothing
/// while it waits for an answer to what was sent: then the second time limit counts.
fn notice_dead_peers(socket: &TcpStream) -> io::Result<()> {
    sockopt::set_tcp_keepidle(socket, PROBE_INTERVAL)?;
    sockopt::set_tcp_keepintvl(socket, PROBE_INTERVAL)?;
    sockopt::set_tcp_keepcnt(socket, MOST_PROBES)?;
    #[cfg(target_os = "linux")]
    sockopt::set_tcp_user_timeout(socket, DEAD_AFTER)?;
    sockopt::set_socket_keepalive(socket, true)?;
    Ok(())
}

/// Sees to it that nobody keeps a place by a connection alone.
async fn watch_over(connection: Arc<Connection>, shop: Arc<ServedShop>) {
    let cutting = cut_silent(&connection, shop.options.login_grace);
    let leaving = async {
        if let Some(idle) = shop.options.idle {
            unused(&connection, idle).await;
            connection.ask_to_leave(Farewell::Unused);
        }
    };
    tokio::join!(cutting, leaving);
}

/// Cuts the connection where nobody has logged in over it in time.
async fn cut_silent(connection: &Connection, grace: Duration) {
    tokio::time::sleep(grace).await;
    if !connection.is_logged_in() {
        let refused = Refused {
            session: Some(connection.id),
            ..Refused::default()
        };
        refused.log(connection.address, "took too long to log in");
        connection.kill.cancel();
    }
}

/// Waits until nothing has run on the connection for as long as a visitor may be idle.
async fn unused(connection: &Connection, idle: Duration) {
    let mut idle_before = None;
    loop {
        let idle_now = connection.idle_after();
        if idle_now.is_some() && idle_now == idle_before {
            return;
        }
        idle_before = idle_now;
        tokio::time::sleep(idle).await;
    }
}

/// Waits until the visitor has to go, and all their screens and commands have ended or the time to
/// confirm changes is over.
async fn asked_to_leave(connection: &Connection, drain: Duration) -> Farewell {
    let farewell = connection.wait_for_farewell().await;
    connection.screens.close();
    let _ = timeout(drain + LEAVING_TIMEOUT, connection.screens.wait()).await;
    farewell
}

/// Ends the connection of a visitor who has to go. Most clients leave by themselves after their
/// last screen, and a farewell that came before that would make OpenSSH forget what it has not
/// shown yet.
async fn see_off(
    mut session: RunningSession<VisitorHandler>,
    connection: &Connection,
    farewell: Farewell,
) {
    let handle = session.handle();
    let leaving = async {
        if let Ok(left) = timeout(LEAVING_TIMEOUT, &mut session).await {
            return left;
        }
        let reason = Disconnect::ByApplication;
        handle
            .disconnect(reason, farewell.to_string(), String::new())
            .await?;
        session.await
    };

    if timeout(LEAVING_TIMEOUT * 2, leaving).await.is_err() {
        connection.kill.cancel();
    }
}

/// The reason for the end of a connection, in one word where it is a usual one.
fn end_reason(error: &russh::Error) -> String {
    match error {
        russh::Error::HUP | russh::Error::Disconnect => "left".to_owned(),
        // Most clients leave without a word.
        russh::Error::IO(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            "left".to_owned()
        }
        russh::Error::IO(error) if error.kind() == io::ErrorKind::ConnectionAborted => {
            "cut".to_owned()
        }
        error => error.to_string(),
    }
}
