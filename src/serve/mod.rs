//! The SSH server: it gives each visitor a screen of the shop, with nothing installed on their
//! side, and runs commands for them. `trolley serve` runs it.
//!
//! `door` finds the socket and a visitor's address, `hostkey` makes and keeps the server's key,
//! `listener` accepts connections, `connections` counts them, and `stream` is what the SSH library
//! reads, at the `input_pace` of a person, and writes. `identity` says who may come, `invited` who may
//! by what Redis knows of invitations, `handler` answers what a visitor's client asks for, `session`
//! runs one screen on one channel, and `exec` one command, which prints to a `printer` and may read
//! what was `received`. `journal` writes down what other programs read of it. `control` tells whoever
//! runs the server who is there, and `shutdown` ends all that in good order.

pub(crate) mod connections;
pub(crate) mod control;
pub(crate) mod door;
pub(crate) mod exec;
mod handler;
mod hostkey;
pub(crate) mod identity;
mod input_pace;
mod invited;
mod journal;
mod listener;
pub(crate) mod printer;
pub(crate) mod received;
mod session;
mod shutdown;
mod stream;

use crate::config::{Settings, host_key_file, pipe, shown_path};
use crate::crash;
use crate::store::Address;
use crate::tui::runtime::hub::Hub;
use connections::{ConnectionLimits, Connections};
use control::ControlSocket;
use door::Proxies;
use exec::Commands;
use identity::{Admission, Grant, KeyList, Open, fingerprint};
use invited::Invited;
use russh::keys::{PrivateKey, PublicKey};
use session::VisitorKeymaps;
use shutdown::Signals;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::Semaphore;

/// The connections that may wait to be taken. The system drops others, whose clients try again only
/// after a second. It is also the most that Linux grants unless it is told otherwise.
const BACKLOG: u32 = 4_096;

/// An error that keeps the shop from being served.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServeError {
    /// The host key can't be used.
    #[error("the host key {path} can't be used: {why}")]
    HostKey {
        /// Its file.
        path: String,
        /// The reason.
        why: String,
    },
    /// The keys file can't be used.
    #[error("the keys file {path} can't be used: {why}")]
    Keys {
        /// The file, and the line where one is wrong.
        path: String,
        /// The reason.
        why: String,
    },
    /// Nobody could come in.
    #[error(
        "nobody could come in: name a keys file (--keys), or let people in (--invites, --open, --guests)"
    )]
    Nobody,
    /// Nobody would be asked for an invitation.
    #[error(
        "--invites does not go with --open or --guests, which let everybody in: leave out one or the other"
    )]
    NobodyAsked,
    /// There is no such key or invitation.
    #[error("no key or invitation is named {0}: see trolley keys")]
    NoKey(String),
    /// The control socket can't be used.
    #[error("the control socket {path} can't be used: {why}; name another one (--control)")]
    Control {
        /// Its path.
        path: String,
        /// The reason.
        why: String,
    },
    /// No server answers at the control socket.
    #[error("no server answers at {0}: it does not run, or has another --control")]
    NoServer(String),
    /// A server's answer makes no sense.
    #[error("what answers at the control socket is no server of this version")]
    Senseless,
    /// There is no such session.
    #[error("nobody is in the shop with session {0}: see trolley serve status")]
    NoSession(u64),
    /// The address can't be listened on.
    #[error("can't listen on {address}: {error}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The system's reason.
        error: io::Error,
    },
    /// The system fails.
    #[error(transparent)]
    System(#[from] io::Error),
}

/// The way in which the shop is served.
#[derive(Debug)]
pub(crate) struct Options {
    /// The address to listen on.
    pub(crate) listen: SocketAddr,
    /// The proxies that say for whom they pass a connection on.
    pub(crate) proxies: Proxies,
    /// The file of the host key; `None`: the usual one, which is made where it is missing.
    pub(crate) host_key: Option<PathBuf>,
    /// The file of the keys that are let in.
    pub(crate) keys: Option<PathBuf>,
    /// The access that the owners of other keys get.
    pub(crate) open: Open,
    /// Visitors without a key are let in.
    pub(crate) guests: bool,
    /// Visitors are let in who have an invitation, or have come by one before.
    pub(crate) invites: bool,
    /// The most visitors at a time.
    pub(crate) most: usize,
    /// The most connections from one network.
    pub(crate) most_from_network: usize,
    /// The time after which a visitor who presses no key has to go; `None`: never.
    pub(crate) idle: Option<Duration>,
    /// The time to log in.
    pub(crate) login_grace: Duration,
    /// The time for changes to be confirmed when the server stops.
    pub(crate) drain: Duration,
}

/// The sockets that a server begins with.
pub(crate) struct Sockets {
    /// One that listens already, and is used instead of the address.
    pub(crate) listener: Option<std::net::TcpListener>,
    /// The control socket; `None`: the server can't be asked anything.
    pub(crate) control: Option<ControlSocket>,
}

/// The shop as it is served: what all connections share.
struct ServedShop {
    settings: Settings,
    keymaps: VisitorKeymaps,
    hub: Arc<Hub>,
    admission: RwLock<Admission>,
    /// The invitations, as Redis knows them; `None` where nobody comes by one.
    invited: Option<Invited>,
    connections: Arc<Connections>,
    /// The address that it listens on.
    listening: SocketAddr,
    options: Options,
    /// The commands that visitors can run without the screen.
    commands: Commands,
    /// The turns that commands take.
    turns: Arc<Semaphore>,
}

impl ServedShop {
    /// Returns the grant of a key's owner, as the keys file is now. It knows nothing of those who
    /// came by an invitation.
    fn grant(&self, key: &PublicKey, user: &str) -> Option<Grant> {
        self.admission().grant(key, user)
    }

    /// Returns the grant of a guest.
    fn guest_grant(&self, user: &str) -> Option<Grant> {
        self.admission().guest_grant(user)
    }

    fn admission(&self) -> std::sync::RwLockReadGuard<'_, Admission> {
        self.admission
            .read()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the keys file again, and returns the number of keys. Where it can't be used, the keys
    /// stay as they were.
    fn reload_keys(&self) -> Result<usize, ServeError> {
        let Some(path) = &self.options.keys else {
            return Ok(0);
        };

        let keys = read_keys(path)?;
        let count = keys.len();
        let mut admission = self
            .admission
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        admission.keys = keys;
        drop(admission);

        self.connections
            .review(|key, visitor| self.present_grant(key, &visitor.user, &visitor.grant));
        Ok(count)
    }

    /// What somebody is granted now who was granted that before. Keys that came by an invitation do
    /// not stand in the file.
    fn present_grant(&self, key: &PublicKey, user: &str, before: &Grant) -> Option<Grant> {
        match self.grant(key, user) {
            None if before.is_bound => Some(before.clone()),
            grant => grant,
        }
    }
}

/// A server that listens already, and serves once it [runs](Server::run).
pub(crate) struct Server {
    listener: TcpListener,
    control: Option<ControlSocket>,
    signals: Signals,
    host_key: PrivateKey,
    shop: Arc<ServedShop>,
}

impl Server {
    /// Reads the files and begins to listen.
    ///
    /// # Errors
    /// A [`ServeError`] where one of them can't be used.
    pub(crate) async fn open(
        options: Options,
        sockets: Sockets,
        settings: Settings,
        address: Address,
        commands: Commands,
    ) -> Result<Server, ServeError> {
        let lets_strangers_in = options.open != Open::Nobody || options.guests;
        if options.invites && lets_strangers_in {
            return Err(ServeError::NobodyAsked);
        }
        if options.keys.is_none() && !options.invites && !lets_strangers_in {
            return Err(ServeError::Nobody);
        }

        crash::leave_out_events();
        let host_key = read_host_key(options.host_key.as_deref())?;
        let keys = match &options.keys {
            Some(path) => read_keys(path)?,
            None => KeyList::default(),
        };
        let listener = match sockets.listener {
            Some(passed) => TcpListener::from_std(passed)?,
            None => listen(options.listen).map_err(|error| ServeError::Listen {
                address: options.listen,
                error,
            })?,
        };

        let admission = Admission {
            keys,
            open: options.open,
            guests: options.guests,
            shared: settings.user.clone(),
        };
        let limits = ConnectionLimits {
            total: options.most,
            from_network: options.most_from_network,
        };
        let shop = ServedShop {
            keymaps: VisitorKeymaps::new(&settings.keymap),
            settings,
            // Starting a private server again is the matter of whoever runs the shop.
            hub: Hub::for_visitors(address.clone().hidden()),
            invited: options.invites.then(|| Invited::new(address)),
            admission: RwLock::new(admission),
            connections: Connections::new(limits),
            listening: listener.local_addr()?,
            options,
            commands,
            turns: Arc::new(Semaphore::new(exec::TURNS)),
        };
        Ok(Server {
            listener,
            control: sockets.control,
            signals: Signals::hear()?,
            host_key,
            shop: Arc::new(shop),
        })
    }

    /// The address that the server listens on.
    #[must_use]
    pub(crate) fn address(&self) -> SocketAddr {
        self.shop.listening
    }

    /// The fingerprint of the host key, which a visitor's client shows at their first visit.
    #[must_use]
    pub(crate) fn fingerprint(&self) -> String {
        fingerprint(self.host_key.public_key()).to_string()
    }

    /// Serves until a signal ends it.
    pub(crate) async fn run(mut self) {
        let config = Arc::new(handler::config(self.host_key));
        let accepting = tokio::spawn(listener::accept(self.listener, config, self.shop.clone()));
        let watching = tokio::spawn(invited::watch(self.shop.clone()));
        let _answering = self
            .control
            .map(|socket| socket.answer_all(self.shop.clone()));

        self.signals.wait_for_end(&self.shop).await;
        accepting.abort();
        watching.abort();
        shutdown::drain(&self.shop, &mut self.signals).await;
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // The port of a server that has just ended can be had at once.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

fn read_host_key(named: Option<&Path>) -> Result<PrivateKey, ServeError> {
    if let Some(path) = named {
        return hostkey::read(path);
    }
    let path = host_key_file().ok_or_else(|| ServeError::HostKey {
        path: String::new(),
        why: "your home folder is unknown; name a file".to_owned(),
    })?;
    hostkey::read_or_make(&path)
}

fn read_keys(path: &Path) -> Result<KeyList, ServeError> {
    let shown = shown_path(path);
    let unusable = |why: String| ServeError::Keys {
        path: shown.clone(),
        why,
    };
    let is_open = pipe::everybody_may_write(path).map_err(|error| unusable(error.to_string()))?;
    if is_open {
        let why = format!("everybody can write to it: chmod o-w {shown}");
        return Err(unusable(why));
    }
    let text = pipe::read(path).map_err(|error| unusable(error.to_string()))?;

    KeyList::parse(&text).map_err(|bad| ServeError::Keys {
        path: format!("{shown}, line {}", bad.line),
        why: bad.why,
    })
}
