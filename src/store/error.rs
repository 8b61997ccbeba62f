//! Errors of the store, in words that a shopper understands.

use crate::model::{OpId, Refusal, text};
use redis::{ErrorKind, RedisError};
use std::error::Error as _;
use std::sync::Arc;
use std::{fmt, io};

/// The reason why the connection to Redis fails, or why Redis did not do as it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// Nothing listens there.
    #[error("nothing answers at the server's address (connection refused)")]
    ConnectionRefused,
    /// There is no socket file.
    #[error("the server's socket is not there")]
    NoSocket,
    /// The host's name is unknown.
    #[error("no such host")]
    NoHost,
    /// No answer in time.
    #[error("the server does not answer in time")]
    Timeout,
    /// The connection broke.
    #[error("the connection to the server was lost")]
    Lost,
    /// Wrong user or password.
    #[error("wrong user name or password")]
    WrongPassword,
    /// A password is needed.
    #[error("the server wants a password")]
    NeedsPassword,
    /// The user lacks a right.
    #[error("no permission: {0}")]
    NoPermission(String),
    /// The server has just started and reads its data.
    #[error("the server is still loading its data")]
    Loading,
    /// A replica that takes no changes.
    #[error("the server is a read-only replica: it takes no changes")]
    ReadOnly,
    /// A master without the replicas that it must have.
    #[error("the server has lost its replicas: it takes no changes")]
    NoReplicas,
    /// Fewer replicas have a change than are asked for.
    #[error(
        "only {have} of {wanted} replicas have this change: if the server fails now, it may be lost"
    )]
    TooFewReplicas {
        /// The replicas that have it.
        have: u32,
        /// The replicas that must have it.
        wanted: u32,
    },
    /// A Sentinel, where a server was expected.
    #[error("that is a Sentinel: write redis+sentinel://host:port/NAME with the master's name")]
    IsSentinel,
    /// A version that lacks something.
    #[error("the server is too old for this: Redis 7.0 or Valkey is needed")]
    TooOld,
    /// Too many connections.
    #[error("the server has as many connections as it allows (maxclients): try again later")]
    TooManyClients,
    /// No memory left.
    #[error("the server is out of memory: it takes no changes")]
    OutOfMemory,
    /// The server can't write to its disk.
    #[error("the server can't save to its disk: it takes no changes")]
    DiskTrouble,
    /// A key holds something else.
    #[error("another program uses a key of the shop (wrong type); trolley doctor names it")]
    WrongType,
    /// A key that the shop needs for its orders belongs to another program.
    #[error(
        "another program uses the key “{0}”, which the shop needs for orders: RENAME that key, or give the shop a database of its own"
    )]
    ForeignKey(String),
    /// Keys of a cart hold something else.
    #[error("wrong type: {0}")]
    WrongTypeOf(String),
    /// Another node of the cluster has the cart now.
    #[error("the cart has moved to another server")]
    Moved {
        /// Its host.
        host: String,
        /// Its port.
        port: u16,
    },
    /// Another server takes over, or keys are on their way to one.
    #[error("the servers are switching over")]
    Changing,
    /// Trouble with one of several servers.
    #[error("{server}: {trouble}")]
    At {
        /// The server: its host and port, or its socket.
        server: String,
        /// The trouble with that server.
        trouble: Box<Trouble>,
    },
    /// TLS failed.
    #[error("no secure connection: {0}")]
    Tls(String),
    /// The server wants to see a certificate, and there is none.
    #[error(
        "the server wants to see a certificate: give one with --tls-cert and its key with --tls-key"
    )]
    WantsCertificate,
    /// Not a usable address.
    #[error("the address is not usable: {0}")]
    BadAddress(String),
    /// Something else, in the server's or the system's words; clean text.
    #[error("the server said: {0}")]
    Other(String),
    /// Something that should not be, in trolley's own words; clean text.
    #[error("{0}")]
    Unexpected(String),
}

impl Trouble {
    /// The trouble with an answer that makes no sense.
    pub(crate) fn not_understood() -> Trouble {
        Trouble::Unexpected("the server said something that trolley can't understand".to_owned())
    }

    /// The trouble with trolley itself, where a part of it has ended that should go on.
    pub(crate) fn own_fault() -> Trouble {
        Trouble::Unexpected("a part of trolley has failed".to_owned())
    }

    /// The trouble with a word that is none of the answers to what was asked.
    pub(crate) fn no_answer(word: &str, asked: &str) -> Trouble {
        Trouble::Unexpected(format!(
            "the server said {word:?}, which is no answer to {asked}"
        ))
    }

    /// Names the server that this is the trouble with, where that matters.
    pub(crate) fn at(self, server: &impl fmt::Display) -> Trouble {
        match self {
            Trouble::ConnectionRefused
            | Trouble::NoSocket
            | Trouble::NoHost
            | Trouble::Timeout
            | Trouble::Lost
            | Trouble::TooManyClients
            | Trouble::Tls(_) => Trouble::At {
                server: server.to_string(),
                trouble: Box::new(self),
            },
            other => other,
        }
    }

    /// The trouble alone, without the server that it is with.
    #[must_use]
    pub fn bare(&self) -> &Trouble {
        match self {
            Trouble::At { trouble, .. } => trouble,
            bare => bare,
        }
    }

    /// Tells whether this is trouble with one of several servers, and the others may be well.
    #[must_use]
    pub(crate) fn is_elsewhere(&self) -> bool {
        matches!(self, Trouble::At { .. })
    }

    /// A short name for programs; stable.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Trouble::ConnectionRefused => "refused",
            Trouble::NoSocket => "no_socket",
            Trouble::NoHost => "no_host",
            Trouble::Timeout => "timeout",
            Trouble::Lost => "lost",
            Trouble::WrongPassword => "wrong_password",
            Trouble::NeedsPassword => "needs_password",
            Trouble::NoPermission(_) => "no_permission",
            Trouble::Loading => "loading",
            Trouble::ReadOnly => "read_only",
            Trouble::NoReplicas => "no_replicas",
            Trouble::TooFewReplicas { .. } => "few_copies",
            Trouble::IsSentinel => "is_sentinel",
            Trouble::TooOld => "too_old",
            Trouble::TooManyClients => "too_many_clients",
            Trouble::OutOfMemory => "out_of_memory",
            Trouble::DiskTrouble => "disk_trouble",
            Trouble::WrongType | Trouble::WrongTypeOf(_) | Trouble::ForeignKey(_) => "wrong_type",
            Trouble::Moved { .. } => "moved",
            Trouble::Changing => "changing",
            Trouble::At { trouble, .. } => trouble.code(),
            Trouble::Tls(_) => "tls",
            Trouble::WantsCertificate => "wants_certificate",
            Trouble::BadAddress(_) => "bad_address",
            Trouble::Other(_) | Trouble::Unexpected(_) => "other",
        }
    }

    /// Words a missing right for somebody who wanted to order, or see orders.
    pub(crate) fn for_orders(self) -> Trouble {
        self.missing_right(
            "this user may not order, nor see orders (the shop can grant it: trolley acl buyer, or clerk to follow orders)",
        )
    }

    /// Words a missing right for somebody who wanted to bring products in, or take them away.
    pub(crate) fn for_products(self) -> Trouble {
        self.missing_right(
            "this user may not change products (the shop can grant it: trolley acl importer, or clerk)",
        )
    }

    /// Words a missing right for somebody who wanted to open a cart.
    pub(crate) fn for_shopping(self) -> Trouble {
        self.missing_right(
            "this user may not shop here (the shop can grant it: trolley acl shopper)",
        )
    }

    /// Words a missing right for somebody who wanted to invite, or see who is invited.
    #[cfg(feature = "serve")]
    pub(crate) fn for_invitations(self) -> Trouble {
        self.missing_right(
            "this user may not say who comes by SSH (the shop can grant it: trolley acl server)",
        )
    }

    fn missing_right(self, words: &str) -> Trouble {
        match self {
            Trouble::NoPermission(_) => Trouble::NoPermission(words.to_owned()),
            other => other,
        }
    }

    /// Tells whether a change that met this may have been applied all the same.
    #[must_use]
    pub(crate) fn is_ambiguous(&self) -> bool {
        matches!(self.bare(), Trouble::Timeout | Trouble::Lost)
    }

    /// Tells whether no server runs at the address.
    #[must_use]
    pub(crate) fn is_not_running(&self) -> bool {
        matches!(self, Trouble::ConnectionRefused | Trouble::NoSocket)
    }

    /// Tells whether the address, user, password or certificate that was given is at fault.
    #[must_use]
    pub(crate) fn is_access_error(&self) -> bool {
        matches!(
            self.bare(),
            Trouble::NoHost
                | Trouble::WrongPassword
                | Trouble::NeedsPassword
                | Trouble::NoPermission(_)
                | Trouble::IsSentinel
                | Trouble::TooOld
                | Trouble::Tls(_)
                | Trouble::WantsCertificate
                | Trouble::BadAddress(_)
        )
    }

    /// Tells whether trying again later can help without anybody's doing.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(
            self.bare(),
            Trouble::Moved { .. }
                | Trouble::Changing
                | Trouble::ConnectionRefused
                | Trouble::NoSocket
                | Trouble::NoHost
                | Trouble::Timeout
                | Trouble::Lost
                | Trouble::Loading
                | Trouble::TooManyClients
                | Trouble::TooFewReplicas { .. }
        )
    }
}

/// Trouble that is found here travels through the Redis library's traits inside its own errors.
impl From<Trouble> for RedisError {
    fn from(trouble: Trouble) -> RedisError {
        io::Error::other(trouble).into()
    }
}

/// Takes out the trouble that travels inside an error of the Redis library.
fn inside(error: &RedisError) -> Option<&Trouble> {
    let shared: &Arc<dyn std::error::Error + Send + Sync> = error.source()?.downcast_ref()?;
    let carrier: &io::Error = shared.downcast_ref()?;
    carrier.get_ref()?.downcast_ref()
}

impl From<&RedisError> for Trouble {
    fn from(error: &RedisError) -> Trouble {
        if let Some(trouble) = inside(error) {
            return trouble.clone();
        }
        by_code(error).unwrap_or_else(|| by_words(error))
    }
}

impl From<RedisError> for Trouble {
    fn from(error: RedisError) -> Trouble {
        Trouble::from(&error)
    }
}

/// Reads the code at the beginning of a server's error.
fn by_code(error: &RedisError) -> Option<Trouble> {
    Some(match error.code()? {
        "WRONGPASS" => Trouble::WrongPassword,
        "NOAUTH" => Trouble::NeedsPassword,
        "NOPERM" => Trouble::NoPermission(missing(error.detail().unwrap_or_default())),
        "DENIED" => Trouble::NoPermission(
            "the server is in protected mode, and serves its own machine alone: give it a password"
                .to_owned(),
        ),
        "LOADING" => Trouble::Loading,
        "READONLY" => Trouble::ReadOnly,
        "NOREPLICAS" => Trouble::NoReplicas,
        "OOM" => Trouble::OutOfMemory,
        "MISCONF" => Trouble::DiskTrouble,
        "WRONGTYPE" => Trouble::WrongType,
        "FOREIGNKEY" => {
            let key = error.detail().unwrap_or_default();
            Trouble::ForeignKey(text::sanitize_to(key.as_bytes(), 80))
        }
        // While a slot is on its way, a script that also names keys which don't exist is put
        // off by both nodes, by the new one even after ASKING (Redis 7.0, Valkey 9.1). So
        // nothing is gained by following ASK: what was asked is asked again.
        "TRYAGAIN" | "CLUSTERDOWN" | "MASTERDOWN" | "ASK" => Trouble::Changing,
        // A slot has moved since the script was loaded.
        "NOSCRIPT" => Trouble::Changing,
        // The server got another role while it waited: for replicas, or for new orders.
        "UNBLOCKED" => Trouble::Changing,
        "MOVED" => moved_to(error).unwrap_or(Trouble::Changing),
        _ => return None,
    })
}

/// Reads the new node of a redirection.
fn moved_to(error: &RedisError) -> Option<Trouble> {
    let (node, _slot) = error.redirect_node()?;
    let (host, port) = node.rsplit_once(':')?;
    Some(Trouble::Moved {
        host: host.to_owned(),
        port: port.parse().ok()?,
    })
}

/// Recognises an error without a code of its own, by the words of the server, of the Redis
/// library or of the system.
fn by_words(error: &RedisError) -> Trouble {
    let said = error.to_string();
    match error.kind() {
        ErrorKind::AuthenticationFailed if said.contains("NOAUTH") => Trouble::NeedsPassword,
        ErrorKind::AuthenticationFailed => Trouble::WrongPassword,
        kind => refused_right(&said)
            .or_else(|| wrong_server(kind, &said))
            .or_else(|| refused_by_state(&said))
            .or_else(|| failed_connection(error, &said))
            .unwrap_or_else(|| Trouble::Other(text::sanitize_to(said.as_bytes(), 160))),
    }
}

fn says_any(said: &str, parts: &[&str]) -> bool {
    parts.iter().any(|part| said.contains(part))
}

/// A command that the user may not run inside a script, or while connecting.
fn refused_right(said: &str) -> Option<Trouble> {
    let in_script = ["user executing the script", "ACL failure in script"];
    let is_select = said.contains("refused to switch database") && said.contains("permission");
    (is_select || says_any(said, &in_script)).then(|| Trouble::NoPermission(missing(said)))
}

/// Says which right is missing and what to do, with the server's words behind it.
fn missing(said: &str) -> String {
    // The Redis library puts words of its own before those of the server.
    let said = said
        .split_once("Server(ResponseError): ")
        .map_or(said, |(_, rest)| rest);
    let words = text::sanitize_to(said.as_bytes(), 160);
    let command = said
        .split_once("run the '")
        .and_then(|(_, rest)| rest.split_once('\''))
        .map(|(command, _)| text::sanitize_to(command.to_uppercase().as_bytes(), 40));

    let (missing, remedy) = match command.as_deref() {
        Some("SELECT") => (
            "this user may not choose a database".to_owned(),
            "take its number off the address, or ask for the right (trolley acl prints it)",
        ),
        Some(command) => (
            format!("this user may not run {command}"),
            "ask for the rights that trolley acl prints",
        ),
        None if said.contains("key") => (
            "this user may not use a key that this needs".to_owned(),
            "is --cart the right cart? Else ask for the rights that trolley acl prints",
        ),
        None if said.contains("channel") => (
            "this user may not use a channel that this needs".to_owned(),
            "is --cart the right cart? Else ask for the rights that trolley acl prints",
        ),
        None => return words,
    };
    format!("{missing}: {remedy} (the server said: {words})")
}

/// A server of another kind than the address says.
fn wrong_server(kind: ErrorKind, said: &str) -> Option<Trouble> {
    let why = if said.contains("cluster support disabled") {
        "that server is part of no cluster: write redis:// for redis+cluster://, rediss:// for rediss+cluster://"
    } else if said.contains("unknown command 'SENTINEL'") {
        "what answers there is not a Sentinel: those listen on a port of their own, mostly 26379"
    } else if said.contains("unknown command 'HELLO'") || kind == ErrorKind::RESP3NotSupported {
        "that server knows no HELLO: it is older than Redis 6, or the command is renamed or blocked (trolley needs Redis 7.0 or Valkey)"
    } else if said.contains("DB index is out of range") {
        "the server has no database of that number"
    } else if kind == ErrorKind::Parse {
        "what answers there is not a Redis server"
    } else {
        return None;
    };
    Some(Trouble::BadAddress(why.to_owned()))
}

/// A command that the server's state or a key's type forbids, as a script reports it.
fn refused_by_state(said: &str) -> Option<Trouble> {
    if said.contains("WRONGTYPE") {
        Some(Trouble::WrongType)
    } else if said.contains("max number of clients") {
        Some(Trouble::TooManyClients)
    } else if said.contains("OOM command not allowed") {
        Some(Trouble::OutOfMemory)
    } else if says_any(
        said,
        // A master that was put down while it waited for its replicas says the last.
        &["READONLY", "read only replica", "with replica instances"],
    ) {
        Some(Trouble::ReadOnly)
    } else {
        None
    }
}

/// A connection that did not come about, or broke.
fn failed_connection(error: &RedisError, said: &str) -> Option<Trouble> {
    if said.contains("fatal alert: ") {
        Some(by_tls_alert(said))
    } else if says_any(said, &["lookup address", "No address found"]) {
        Some(Trouble::NoHost)
    } else if error.is_timeout() || said.contains("timed out") {
        Some(Trouble::Timeout)
    } else if said.contains("No such file") {
        Some(Trouble::NoSocket)
    } else if said.contains("Permission denied") {
        let why = "your login may not use the server's socket";
        Some(Trouble::NoPermission(why.to_owned()))
    } else if error.is_connection_refusal() {
        Some(Trouble::ConnectionRefused)
    } else if said.contains("not valid for name") {
        let said = text::sanitize_to(said.as_bytes(), 240);
        Some(Trouble::Tls(format!(
            "{said}; the nodes of a cluster and those behind Sentinels must announce names that are in their certificates"
        )))
    } else if says_any(said, &["certificate", "TLS", "tls", "InvalidContentType"]) {
        Some(Trouble::Tls(text::sanitize_to(said.as_bytes(), 160)))
    } else if error.is_connection_dropped() || error.is_io_error() {
        Some(Trouble::Lost)
    } else {
        None
    }
}

/// Reads why the server ended a secure connection. It does so after the greeting, so this looks
/// like a broken connection otherwise.
fn by_tls_alert(said: &str) -> Trouble {
    let alert = said.rsplit("fatal alert: ").next().unwrap_or_default();
    match alert {
        "CertificateRequired" => Trouble::WantsCertificate,
        "UnknownCA"
        | "BadCertificate"
        | "UnsupportedCertificate"
        | "CertificateUnknown"
        | "CertificateExpired"
        | "CertificateRevoked" => Trouble::Tls(format!(
            "the server refuses the certificate that --tls-cert names ({alert})"
        )),
        _ => Trouble::Tls(text::sanitize_to(said.as_bytes(), 160)),
    }
}

/// The error of a function of the store.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The shop's rules say no; nothing has changed.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Redis could not be asked, or would not; nothing has changed.
    #[error(transparent)]
    Trouble(#[from] Trouble),
    /// The change was sent and no answer came: it may have been applied.
    #[error("{}", unknown_outcome(op, trouble))]
    Unknown {
        /// The id of the change or order.
        op: OpId,
        /// The trouble that kept the answer away.
        trouble: Trouble,
    },
}

fn unknown_outcome(op: &OpId, trouble: &Trouble) -> String {
    match trouble {
        Trouble::TooFewReplicas { .. } => {
            format!("not confirmed: {trouble}; repeat it with --op-id {op} to go on")
        }
        _ => format!(
            "it is not known whether the change was applied ({trouble}); to ask again without risk, repeat it with --op-id {op}"
        ),
    }
}

impl Error {
    /// Words a missing right as [`Trouble::for_orders`] does.
    pub(crate) fn for_orders(self) -> Error {
        match self {
            Error::Trouble(trouble) => trouble.for_orders().into(),
            other => other,
        }
    }
}

impl From<RedisError> for Error {
    fn from(error: RedisError) -> Error {
        Error::Trouble(Trouble::from(&error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_trolley_says_is_not_put_into_the_servers_mouth() {
        let own = [
            Trouble::not_understood(),
            Trouble::no_answer("huh", "a change of stock"),
        ];
        for trouble in own {
            let told = trouble.to_string();
            assert!(!told.contains("said: "), "{told}");
            assert_eq!(trouble.code(), "other");
        }

        let error = RedisError::from((
            ErrorKind::UnexpectedReturnType,
            "odd",
            "no such thing".to_owned(),
        ));
        let told = Trouble::from(error).to_string();
        assert!(told.starts_with("the server said: "), "{told}");
    }
}
