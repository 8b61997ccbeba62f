//! Visitors of a served shop: SSH clients that note when bytes come and show nothing.

use super::harness::in_time;
use super::harness::ssh::AnyHost;
use russh::ChannelMsg;
use russh::client::{self, Handle, Msg};
use russh::keys::ssh_key::private::Ed25519Keypair;
use russh::keys::{PrivateKey, PrivateKeyWithHashAlg};
use russh::{ChannelReadHalf, ChannelWriteHalf};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// The columns and rows of all terminals.
pub const SIZE: (u16, u16) = (120, 36);
/// The bytes that may be sent ahead. The library says that it has read them after half of that,
/// about as often as OpenSSH does.
const WINDOW: u32 = 192 * 1024;
/// The bytes that no terminal gets before its first frame.
const BEFORE_FIRST_FRAME: usize = 1_000;

/// The key of the visitor of this number.
pub fn key(number: usize) -> PrivateKey {
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&(number as u64 + 1).to_le_bytes());
    PrivateKey::new(Ed25519Keypair::from_seed(&seed).into(), "visitor").unwrap()
}

/// A visitor's terminal.
pub struct Visit {
    /// The time from the start of the connection to the first frame.
    pub first_frame: Duration,
    /// The time until the whole catalog was there.
    pub whole: Duration,
    keys: ChannelWriteHalf<Msg>,
    seen: Arc<Seen>,
    is_reading: watch::Sender<bool>,
    _connection: Handle<AnyHost>,
}

/// What has reached a terminal.
struct Seen {
    bytes: AtomicU64,
    /// The moment of the first bytes since this was cleared.
    first: watch::Sender<Option<Instant>>,
}

impl Visit {
    /// Comes in with the key of this number, and waits for the demo catalog.
    pub async fn begin(address: SocketAddr, number: usize) -> Result<Visit, russh::Error> {
        Visit::begin_until(address, number, "64 products").await
    }

    /// Comes in with the key of this number, and waits until this shows.
    pub async fn begin_until(
        address: SocketAddr,
        number: usize,
        shows: &str,
    ) -> Result<Visit, russh::Error> {
        let began = Instant::now();
        let config = client::Config {
            nodelay: true,
            window_size: WINDOW,
            ..client::Config::default()
        };
        let mut connection = client::connect(Arc::new(config), address, AnyHost).await?;
        let key = PrivateKeyWithHashAlg::new(Arc::new(key(number)), None);
        let login = connection.authenticate_publickey("visitor", key).await?;
        if !login.success() {
            return Err(russh::Error::NotAuthenticated);
        }

        let channel = connection.channel_open_session().await?;
        let (columns, rows) = SIZE;
        let term = "xterm-256color";
        channel
            .request_pty(false, term, columns.into(), rows.into(), 0, 0, &[])
            .await?;
        channel.request_shell(false).await?;

        let (mut incoming, keys) = channel.split();
        let first_frame = wait_for_shop(&mut incoming, began, shows).await?;
        let whole = began.elapsed();
        let (is_reading, reading) = watch::channel(true);
        let seen = Arc::new(Seen {
            bytes: AtomicU64::new(0),
            first: watch::Sender::new(None),
        });
        tokio::spawn(read(incoming, reading, seen.clone()));
        Ok(Visit {
            first_frame,
            whole,
            keys,
            seen,
            is_reading,
            _connection: connection,
        })
    }

    pub async fn press(&self, key: &'static [u8]) {
        self.keys.data_bytes(key).await.unwrap();
    }

    /// Forgets what has come.
    pub fn clear(&self) {
        self.seen.first.send_replace(None);
    }

    /// Waits for the first bytes since [`Visit::clear`]; returns their moment.
    pub async fn first(&self) -> Instant {
        let mut first = self.seen.first.subscribe();
        let came = in_time("changed bytes", first.wait_for(Option::is_some)).await;
        came.unwrap().unwrap()
    }

    /// The bytes that have come since the shop was whole.
    pub fn bytes(&self) -> u64 {
        self.seen.bytes.load(Ordering::Relaxed)
    }

    /// Reads nothing any more, or goes on.
    pub fn set_reading(&self, is_reading: bool) {
        self.is_reading.send_replace(is_reading);
    }
}

/// Reads until this shows; returns when the first frame came.
async fn wait_for_shop(
    incoming: &mut ChannelReadHalf,
    began: Instant,
    shows: &str,
) -> Result<Duration, russh::Error> {
    let mut shown = Vec::new();
    let mut first_frame = None;

    while memchr::memmem::find(&shown, shows.as_bytes()).is_none() {
        match incoming.wait().await {
            Some(ChannelMsg::Data { data }) => shown.extend(&data[..]),
            Some(_) => {}
            None => return Err(russh::Error::Disconnect),
        }
        if shown.len() > BEFORE_FIRST_FRAME {
            first_frame.get_or_insert_with(|| began.elapsed());
        }
    }
    first_frame.ok_or(russh::Error::Disconnect)
}

/// Notes what comes, for as long as it is to be read.
async fn read(mut incoming: ChannelReadHalf, mut reading: watch::Receiver<bool>, seen: Arc<Seen>) {
    while reading.wait_for(|is_reading| *is_reading).await.is_ok() {
        let Some(message) = incoming.wait().await else {
            return;
        };
        let ChannelMsg::Data { data } = message else {
            continue;
        };

        let now = Instant::now();
        seen.bytes.fetch_add(data.len() as u64, Ordering::Relaxed);
        seen.first.send_if_modified(|first| {
            let is_first = first.is_none();
            first.get_or_insert(now);
            is_first
        });
    }
}
