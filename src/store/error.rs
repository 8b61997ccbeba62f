//! What can go wrong between the shop and its Redis, in words a shopper understands.

use crate::model::{OpId, Refusal, text};
use redis::{ErrorKind, RedisError};

/// Why the link to Redis doesn't work, or why Redis did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// Nothing listens there.
    #[error("nothing answers at the server's address (connection refused)")]
    Refused,
    /// There is no socket file.
    #[error("the server's socket is not there")]
    NoSocket,
    /// The host's name is unknown.
    #[error("no such host")]
    NoHost,
    /// No answer in time.
    #[error("the server does not answer in time")]
    Timeout,
    /// The link broke.
    #[error("the connection to the server was lost")]
    Lost,
    /// Wrong user or password.
    #[error("wrong user name or password")]
    WrongPassword,
    /// A password is needed.
    #[error("the server wants a password")]
    NeedsPassword,
    /// The user may not do that.
    #[error("no permission: {0}")]
    NoPermission(String),
    /// The server reads its data.
    #[error("the server is still loading its data")]
    Loading,
    /// A replica that takes no changes.
    #[error("the server is a read-only replica: it takes no changes")]
    ReadOnly,
    /// A master without the replicas that it must have.
    #[error("the server has lost its replicas: it takes no changes")]
    NoReplicas,
    /// Fewer replicas than must have a change have it.
    #[error(
        "only {have} of the {wanted} replicas that must have it do: should the server fall now, it may be lost"
    )]
    FewCopies {
        /// Those that have it.
        have: u32,
        /// Those that must.
        wanted: u32,
    },
    /// A Sentinel, where a server was expected.
    #[error("that is a Sentinel: write redis+sentinel://host:port/NAME with the master's name")]
    IsSentinel,
    /// A version without what is asked for.
    #[error("the server is too old for this: Redis 7.0 or Valkey is needed")]
    TooOld,
    /// No memory left.
    #[error("the server is out of memory: it takes no changes")]
    OutOfMemory,
    /// The server can't write to its disk.
    #[error("the server can't save to its disk: it takes no changes")]
    DiskTrouble,
    /// A key holds something else.
    #[error("a key of the shop holds something else (wrong type); trolley doctor names it")]
    WrongType,
    /// Another node of the cluster has the cart now.
    #[error("the cart has moved to another server")]
    Moved {
        /// Its host.
        host: String,
        /// Its port.
        port: u16,
    },
    /// The cluster is changing.
    #[error("the servers are changing places")]
    Changing,
    /// TLS failed.
    #[error("no secure connection: {0}")]
    Tls(String),
    /// The server wants to see a certificate of the client's, and there is none.
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
}

impl Trouble {
    /// An answer that makes no sense.
    pub(super) fn not_understood() -> Trouble {
        Trouble::Other("its answer can't be understood".to_owned())
    }

    /// A short name for programs; stable.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Trouble::Refused => "refused",
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
            Trouble::FewCopies { .. } => "few_copies",
            Trouble::IsSentinel => "is_sentinel",
            Trouble::TooOld => "too_old",
            Trouble::OutOfMemory => "out_of_memory",
            Trouble::DiskTrouble => "disk_trouble",
            Trouble::WrongType => "wrong_type",
            Trouble::Moved { .. } => "moved",
            Trouble::Changing => "changing",
            Trouble::Tls(_) => "tls",
            Trouble::WantsCertificate => "wants_certificate",
            Trouble::BadAddress(_) => "bad_address",
            Trouble::Other(_) => "other",
        }
    }

    /// The same in words for somebody who wanted to order, or see orders.
    pub(super) fn of_orders(self) -> Trouble {
        self.missing_right(
            "this user may not order, nor see orders (the shop can grant it: trolley acl buyer, or clerk to follow orders)",
        )
    }

    /// The same in words for somebody who wanted to bring products in, or take them away.
    pub(super) fn of_products(self) -> Trouble {
        self.missing_right(
            "this user may not change products (the shop can grant it: trolley acl importer)",
        )
    }

    /// The same in words for somebody who wanted to open a cart.
    pub(super) fn of_shopping(self) -> Trouble {
        self.missing_right(
            "this user may not shop here (the shop can grant it: trolley acl shopper)",
        )
    }

    /// With these words for a right that is missing.
    fn missing_right(self, words: &str) -> Trouble {
        match self {
            Trouble::NoPermission(_) => Trouble::NoPermission(words.to_owned()),
            other => other,
        }
    }

    /// Whether a change that met this may have been applied all the same.
    #[must_use]
    pub fn leaves_doubt(&self) -> bool {
        matches!(self, Trouble::Timeout | Trouble::Lost)
    }

    /// Whether it lies in what was given to get in: address, name, password, certificate.
    #[must_use]
    pub fn is_of_access(&self) -> bool {
        matches!(
            self,
            Trouble::WrongPassword
                | Trouble::NeedsPassword
                | Trouble::NoPermission(_)
                | Trouble::IsSentinel
                | Trouble::TooOld
                | Trouble::Tls(_)
                | Trouble::WantsCertificate
                | Trouble::BadAddress(_)
        )
    }

    /// Whether trying again later can help without anybody's doing.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        matches!(
            self,
            Trouble::Moved { .. }
                | Trouble::Changing
                | Trouble::Refused
                | Trouble::NoSocket
                | Trouble::NoHost
                | Trouble::Timeout
                | Trouble::Lost
                | Trouble::Loading
                | Trouble::FewCopies { .. }
        )
    }
}

impl From<&RedisError> for Trouble {
    fn from(error: &RedisError) -> Trouble {
        let detail = || text::clean_to(error.detail().unwrap_or_default().as_bytes(), 160);
        match error.code() {
            Some("WRONGPASS") => return Trouble::WrongPassword,
            Some("NOAUTH") => return Trouble::NeedsPassword,
            Some("NOPERM") => return Trouble::NoPermission(detail()),
            Some("LOADING") => return Trouble::Loading,
            Some("READONLY") => return Trouble::ReadOnly,
            Some("NOREPLICAS") => return Trouble::NoReplicas,
            Some("OOM") => return Trouble::OutOfMemory,
            Some("MISCONF") => return Trouble::DiskTrouble,
            Some("WRONGTYPE") => return Trouble::WrongType,
            // While a slot is on its way, a script that also names keys which don't exist is put
            // off by both nodes, by the new one even after ASKING (Redis 7.0, Valkey 9.1). So
            // nothing is gained by following ASK: what was asked is asked again.
            Some("TRYAGAIN" | "CLUSTERDOWN" | "MASTERDOWN" | "ASK") => return Trouble::Changing,
            // The server got another role while it waited: for replicas, or for new orders.
            Some("UNBLOCKED") => return Trouble::Changing,
            Some("MOVED") => {
                let node = error
                    .redirect_node()
                    .and_then(|(node, _)| node.rsplit_once(':'));
                let parsed = node.and_then(|(host, port)| Some((host, port.parse().ok()?)));
                return parsed.map_or(Trouble::Changing, |(host, port)| Trouble::Moved {
                    host: host.to_owned(),
                    port,
                });
            }
            _ => {}
        }
        let said = error.to_string();
        let says = |part: &str| said.contains(part);
        match error.kind() {
            ErrorKind::AuthenticationFailed if says("NOAUTH") => Trouble::NeedsPassword,
            ErrorKind::AuthenticationFailed => Trouble::WrongPassword,
            // Of all nodes at once; what was tried before that is not known.
            ErrorKind::ClusterConnectionNotFound => Trouble::Lost,
            // What a script may not do comes without a code of its own.
            _ if says("user executing the script") || says("ACL failure in script") => {
                Trouble::NoPermission(text::clean_to(said.as_bytes(), 160))
            }
            _ if says("cluster support disabled") => bad_address(
                "that server is part of no cluster: write redis:// for redis+cluster://, rediss:// for rediss+cluster://",
            ),
            _ if says("unknown command 'SENTINEL'") => bad_address(
                "what answers there is not a Sentinel: those listen on a port of their own, mostly 26379",
            ),
            _ if says("DB index is out of range") => {
                bad_address("the server has no database of that number")
            }
            _ if error.kind() == ErrorKind::Parse => {
                bad_address("what answers there is not a Redis server")
            }
            _ if says("WRONGTYPE") => Trouble::WrongType,
            _ if says("OOM command not allowed") => Trouble::OutOfMemory,
            // A master that was put down while it waited for its replicas says the last.
            _ if says("READONLY")
                || says("read only replica")
                || says("with replica instances") =>
            {
                Trouble::ReadOnly
            }
            _ if says("fatal alert: ") => by_alert(&said),
            _ if says("lookup address") || says("No address found") => Trouble::NoHost,
            _ if error.is_timeout() || says("timed out") => Trouble::Timeout,
            _ if says("No such file") => Trouble::NoSocket,
            _ if error.is_connection_refusal() => Trouble::Refused,
            _ if says("certificate")
                || says("TLS")
                || says("tls")
                || says("InvalidContentType") =>
            {
                Trouble::Tls(text::clean_to(said.as_bytes(), 160))
            }
            _ if error.is_connection_dropped() || error.is_io_error() => Trouble::Lost,
            _ => Trouble::Other(text::clean_to(said.as_bytes(), 160)),
        }
    }
}

fn bad_address(why: &str) -> Trouble {
    Trouble::BadAddress(why.to_owned())
}

/// Why the server ended a secure connection: after the greeting, a broken link to all others.
fn by_alert(said: &str) -> Trouble {
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
        _ => Trouble::Tls(text::clean_to(said.as_bytes(), 160)),
    }
}

impl From<RedisError> for Trouble {
    fn from(error: RedisError) -> Trouble {
        Trouble::from(&error)
    }
}

/// What a function of the store may end with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The shop's rules say no; nothing has changed.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Redis could not be asked, or would not; nothing has changed.
    #[error(transparent)]
    Trouble(#[from] Trouble),
    /// The change was sent and no answer came: it may have been applied.
    #[error("{}", unknown(op, trouble))]
    Unknown {
        /// The change's id.
        op: OpId,
        /// What happened to the link.
        trouble: Trouble,
    },
}

fn unknown(op: &OpId, trouble: &Trouble) -> String {
    match trouble {
        Trouble::FewCopies { .. } => {
            format!("not confirmed: {trouble}; repeat it with --op-id {op} to go on")
        }
        _ => format!(
            "it is not known whether the change was applied ({trouble}); to ask again without risk, repeat it with --op-id {op}"
        ),
    }
}

impl Error {
    /// [`Trouble::of_orders`].
    pub(super) fn of_orders(self) -> Error {
        match self {
            Error::Trouble(trouble) => trouble.of_orders().into(),
            other => other,
        }
    }
}

impl From<RedisError> for Error {
    fn from(error: RedisError) -> Error {
        Error::Trouble(Trouble::from(&error))
    }
}
