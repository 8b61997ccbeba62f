//! The byte stream to one server: TCP, TLS or a Unix socket.
//!
//! Nobody knows how long an answer takes on a slow way. So what has a limit is the silence: as long
//! as something arrives, whoever waits goes on waiting.

use crate::model::time::millis;
use crate::store::connection::address::Address;
use crate::store::error::Trouble;
use futures::future::select_ok;
use redis::{ConnectionAddr, RedisError};
use rustls::pki_types::ServerName;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream, lookup_host};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsConnector;

/// The time limit for reaching a server: long enough for a packet that is lost and sent again.
const REACH: Duration = Duration::from_millis(3000);
/// The silence after which a server that was reached counts as dead before it has greeted.
pub(crate) const GREETING: Duration = Duration::from_millis(1000);
/// The silence after which a server counts as dead that should answer.
pub(crate) const ANSWER: Duration = Duration::from_millis(1500);
/// The longest wait for an answer, whatever arrives meanwhile.
const LONGEST: Duration = Duration::from_secs(120);

/// The round trips that a server may take on top.
const ROUND_TRIPS: u64 = 4;
/// The slowest way that is waited for, in bytes per millisecond.
const SLOWEST: u64 = 8;
/// The bytes for which that counts: while more are sent, the first of them are answered.
const MOST_UNDER_WAY: u64 = 64 * 1024;

/// Anything that bytes go to and come from.
pub(crate) trait ByteStream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> ByteStream for S {}

/// Opens a stream to the first server of an address; `progress` watches over it.
pub(crate) async fn open(
    address: &Address,
    progress: &Arc<Progress>,
) -> Result<Box<dyn ByteStream>, Trouble> {
    let info = address.connection_info()?;
    match info.addr() {
        ConnectionAddr::Unix(path) => {
            let stream = in_time(REACH, UnixStream::connect(path)).await?;
            Ok(Box::new(Watched::new(stream, progress)))
        }
        ConnectionAddr::Tcp(host, port) => Ok(Box::new(reach(host, *port, progress).await?)),
        ConnectionAddr::TcpTls { host, port, .. } => {
            let stream = reach(host, *port, progress).await?;
            let name = ServerName::try_from(host.clone())
                .map_err(|_| Trouble::BadAddress(format!("“{host}” is no host's name")))?;
            let connector = TlsConnector::from(address.tls()?);
            let securing = connector.connect(name, stream);
            let secured = progress.wait(GREETING, securing).await?;
            Ok(Box::new(secured.map_err(into_trouble)?))
        }
        _ => Err(Trouble::BadAddress(
            "it is of a kind that is not supported".to_owned(),
        )),
    }
}

/// Connects to a host by TCP, by whichever of its addresses answers first.
async fn reach(
    host: &str,
    port: u16,
    progress: &Arc<Progress>,
) -> Result<Watched<TcpStream>, Trouble> {
    let started = Instant::now();
    let stream = in_time(REACH, async {
        let addresses: Vec<_> = lookup_host((host, port)).await?.collect();
        if addresses.is_empty() {
            return Err(io::Error::other("No address found for host"));
        }
        let attempts = addresses
            .into_iter()
            .map(|address| Box::pin(TcpStream::connect(address)));
        Ok(select_ok(attempts).await?.0)
    })
    .await?;

    // Nagle's algorithm would halve the changes per second.
    let _ = stream.set_nodelay(true);
    progress.note_round_trip(started.elapsed());
    Ok(Watched::new(stream, progress))
}

async fn in_time<T>(
    limit: Duration,
    attempt: impl Future<Output = io::Result<T>>,
) -> Result<T, Trouble> {
    match timeout(limit, attempt).await {
        Ok(reached) => reached.map_err(into_trouble),
        Err(_) => Err(Trouble::Timeout),
    }
}

fn into_trouble(error: io::Error) -> Trouble {
    Trouble::from(RedisError::from(error))
}

/// The state of a stream: when something arrived last, and how slow it is.
#[derive(Debug)]
pub(crate) struct Progress {
    started: Instant,
    /// Milliseconds from the start until something arrived last.
    heard: AtomicU64,
    /// Milliseconds of one round trip.
    round_trip: AtomicU64,
    /// Bytes of the requests that are not answered yet.
    under_way: AtomicU64,
}

impl Progress {
    pub(crate) fn new() -> Arc<Progress> {
        Arc::new(Progress {
            started: Instant::now(),
            heard: AtomicU64::new(0),
            round_trip: AtomicU64::new(0),
            under_way: AtomicU64::new(0),
        })
    }

    fn note_heard(&self) {
        let now = millis(self.started.elapsed());
        self.heard.store(now, Ordering::Relaxed);
    }

    fn note_round_trip(&self, took: Duration) {
        self.round_trip.store(millis(took), Ordering::Relaxed);
    }

    fn last_heard(&self) -> Instant {
        self.started + Duration::from_millis(self.heard.load(Ordering::Relaxed))
    }

    /// The silence that is borne where `usual` is borne on a fast way.
    fn longest_silence(&self, usual: Duration) -> Duration {
        let round_trips = ROUND_TRIPS * self.round_trip.load(Ordering::Relaxed);
        let sending = self.under_way.load(Ordering::Relaxed).min(MOST_UNDER_WAY) / SLOWEST;
        usual + Duration::from_millis(round_trips + sending)
    }

    /// Waits for something for as long as bytes arrive, and then for `usual`, or longer where the
    /// way is slow.
    ///
    /// # Errors
    /// [`Trouble::Timeout`].
    pub(crate) async fn wait<T>(
        &self,
        usual: Duration,
        work: impl Future<Output = T>,
    ) -> Result<T, Trouble> {
        let mut work = pin!(work);
        let begun = Instant::now();
        let latest = begun + LONGEST;

        loop {
            let quiet_since = self.last_heard().max(begun);
            let deadline = (quiet_since + self.longest_silence(usual)).min(latest);
            match timeout_at(deadline, &mut work).await {
                Ok(done) => return Ok(done),
                Err(_) if self.last_heard() > quiet_since && Instant::now() < latest => {}
                Err(_) => return Err(Trouble::Timeout),
            }
        }
    }

    /// Waits for the answer to a request of so many bytes.
    ///
    /// # Errors
    /// [`Trouble::Timeout`].
    pub(crate) async fn wait_for_answer<T>(
        &self,
        bytes: usize,
        answer: impl Future<Output = T>,
    ) -> Result<T, Trouble> {
        let _under_way = UnderWay::begin(&self.under_way, bytes as u64);
        self.wait(ANSWER, answer).await
    }
}

/// A request that is not answered yet.
struct UnderWay<'a> {
    total: &'a AtomicU64,
    bytes: u64,
}

impl UnderWay<'_> {
    fn begin(total: &AtomicU64, bytes: u64) -> UnderWay<'_> {
        total.fetch_add(bytes, Ordering::Relaxed);
        UnderWay { total, bytes }
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.total.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// A stream that notes when something arrives.
struct Watched<S> {
    stream: S,
    progress: Arc<Progress>,
}

impl<S> Watched<S> {
    fn new(stream: S, progress: &Arc<Progress>) -> Watched<S> {
        progress.note_heard();
        Watched {
            stream,
            progress: progress.clone(),
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = ready!(Pin::new(&mut self.stream).poll_read(context, buffer));
        self.progress.note_heard();
        Poll::Ready(read)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
