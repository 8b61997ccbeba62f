//! The address of a Redis: its servers, who logs in, TLS. It never shows its password.

mod parse;
mod tls;

use crate::model::text;
use crate::store::connection::nodes::Node;
use crate::store::error::Trouble;
use redis::{
    ConnectionAddr, ConnectionInfo, IntoConnectionInfo, ProtocolVersion, RedisConnectionInfo,
};
use rustls::ClientConfig;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// The address of a Redis, with user, password and database number.
///
/// It shows itself without the password.
#[derive(Clone)]
pub struct Address {
    kind: ServerKind,
    /// The servers to ask first; a single server is the only one.
    servers: Vec<ConnectionInfo>,
    tls: Option<Arc<ClientConfig>>,
    shown: String,
    /// Nobody is told where the servers are.
    is_hidden: bool,
}

/// The kind of server behind an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ServerKind {
    /// One server, or a cluster that is reached by one of its nodes.
    Server,
    /// Nodes of a cluster.
    Cluster,
    /// Sentinels, who know which server is the master of this name.
    Sentinel(String),
}

/// The login for a Sentinel. Most of them want no password, and take none that they don't want.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SentinelLogin {
    Anonymous,
    /// User and password of the address.
    FromAddress,
}

/// Certificates and a key for TLS, as PEM.
#[derive(Clone, Default)]
pub struct Pem {
    /// The authorities to trust; `None`: those of the system.
    pub authorities: Option<Vec<u8>>,
    /// The client's own certificate and its key.
    pub client: Option<(Vec<u8>, Vec<u8>)>,
}

impl Address {
    /// Reads `redis://[user[:password]@]host[:port][/db]`, the same with `rediss://` for TLS,
    /// or `redis+unix:///path[?db=&user=&pass=]` (also `unix:///path`);
    /// `redis+cluster://host:port,host:port` or `redis+sentinel://host,host/name[/db]`, both
    /// with `rediss+` for TLS.
    ///
    /// # Errors
    /// [`Trouble::BadAddress`].
    pub fn parse(typed: &str) -> Result<Address, Trouble> {
        parse::parse(typed)
    }

    /// The address of a Redis on a Unix socket.
    ///
    /// # Errors
    /// [`Trouble::BadAddress`].
    pub fn socket(path: &Path) -> Result<Address, Trouble> {
        let info = ConnectionAddr::Unix(path.to_owned())
            .into_connection_info()
            .map_err(|error| Trouble::BadAddress(error.to_string()))?;
        Ok(Address::new(
            ServerKind::Server,
            vec![info],
            &format!("unix://{}", path.display()),
        ))
    }

    fn new(kind: ServerKind, servers: Vec<ConnectionInfo>, shown: &str) -> Address {
        Address {
            kind,
            servers: servers.into_iter().map(with_defaults).collect(),
            tls: None,
            shown: text::sanitize_to(shown.as_bytes(), 120),
            is_hidden: false,
        }
    }

    /// The same address for people who may not know where the servers are: it shows as `the shop's
    /// server`.
    #[cfg(feature = "serve")]
    #[must_use]
    pub(crate) fn hidden(mut self) -> Address {
        "the shop's server".clone_into(&mut self.shown);
        self.is_hidden = true;
        self
    }

    /// Puts this password in place of the address's own.
    #[must_use]
    pub fn with_password(mut self, password: &str) -> Address {
        for server in &mut self.servers {
            let settings = server.redis_settings().clone().set_password(password);
            *server = server.clone().set_redis_settings(settings);
        }
        self
    }

    /// Tells whether the address holds a password.
    #[must_use]
    pub(crate) fn has_password(&self) -> bool {
        self.servers
            .iter()
            .filter_map(|server| server.redis_settings().password())
            .any(|password| !password.is_empty())
    }

    /// Tells whether connections to the address are encrypted.
    #[must_use]
    pub(crate) fn is_tls(&self) -> bool {
        self.servers
            .iter()
            .any(|server| matches!(server.addr(), ConnectionAddr::TcpTls { .. }))
    }

    /// Adds these certificates for TLS.
    ///
    /// # Errors
    /// [`Trouble::Tls`] where they can't be read.
    pub fn with_tls(mut self, pem: Pem) -> Result<Address, Trouble> {
        self.tls = Some(Arc::new(tls::config(&pem)?));
        Ok(self)
    }

    /// The settings for TLS.
    ///
    /// # Errors
    /// [`Trouble::Tls`] where there are none that can be used.
    pub(crate) fn tls(&self) -> Result<Arc<ClientConfig>, Trouble> {
        match &self.tls {
            Some(tls) => Ok(tls.clone()),
            None => tls::system(),
        }
    }

    /// The address of another node, with the same login, database and TLS.
    pub(crate) fn at(&self, node: &Node) -> Address {
        let server = self.servers.first().map(|info| {
            let addr = match info.addr() {
                ConnectionAddr::TcpTls {
                    insecure,
                    tls_params,
                    ..
                } => ConnectionAddr::TcpTls {
                    host: node.host.clone(),
                    port: node.port,
                    insecure: *insecure,
                    tls_params: tls_params.clone(),
                },
                _ => ConnectionAddr::Tcp(node.host.clone(), node.port),
            };

            info.clone().set_addr(addr)
        });
        self.single(server)
    }

    /// One address for each server that is named.
    pub(crate) fn servers(&self) -> impl Iterator<Item = Address> {
        self.servers
            .iter()
            .map(|server| self.single(Some(server.clone())))
    }

    fn single(&self, server: Option<ConnectionInfo>) -> Address {
        Address {
            kind: ServerKind::Server,
            servers: server.into_iter().collect(),
            tls: self.tls.clone(),
            shown: self.shown.clone(),
            is_hidden: self.is_hidden,
        }
    }

    /// The address of the cluster that has this server as one of its nodes.
    pub(crate) fn as_cluster(&self) -> Address {
        Address {
            kind: ServerKind::Cluster,
            ..self.clone()
        }
    }

    /// The address for asking a Sentinel, which has no databases and mostly no users.
    pub(crate) fn for_sentinel(&self, login: SentinelLogin) -> Address {
        let servers = self.servers.iter().map(|server| {
            let known = server.redis_settings();
            let mut settings = RedisConnectionInfo::default().set_protocol(ProtocolVersion::RESP3);
            match login {
                SentinelLogin::Anonymous => {}
                SentinelLogin::FromAddress => {
                    if let Some(user) = known.username() {
                        settings = settings.set_username(user);
                    }
                    if let Some(password) = known.password() {
                        settings = settings.set_password(password);
                    }
                }
            }
            server.clone().set_redis_settings(settings)
        });

        Address {
            servers: servers.collect(),
            ..self.clone()
        }
    }

    pub(crate) fn kind(&self) -> &ServerKind {
        &self.kind
    }

    /// Host and port of the first server; `None` on a Unix socket.
    pub(crate) fn node(&self) -> Option<Node> {
        match self.servers.first()?.addr() {
            ConnectionAddr::Tcp(host, port) | ConnectionAddr::TcpTls { host, port, .. } => {
                Some(Node {
                    host: host.clone(),
                    port: *port,
                })
            }
            _ => None,
        }
    }

    /// The same, for people; `None` also where they may not know it.
    pub(crate) fn shown_node(&self) -> Option<Node> {
        self.node().filter(|_| !self.is_hidden)
    }

    /// The user who logs in.
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        self.servers
            .first()
            .and_then(|server| server.redis_settings().username())
    }

    /// The first server, in the form that the Redis library connects by.
    ///
    /// # Errors
    /// [`Trouble::BadAddress`] where the address names no server.
    pub(crate) fn connection_info(&self) -> Result<ConnectionInfo, Trouble> {
        self.servers
            .first()
            .cloned()
            .ok_or_else(|| Trouble::BadAddress("it names no server".to_owned()))
    }
}

/// Adds the settings that all our connections share.
///
/// RESP3 carries answers and messages on one connection.
fn with_defaults(info: ConnectionInfo) -> ConnectionInfo {
    let mut settings = info
        .redis_settings()
        .clone()
        .set_protocol(ProtocolVersion::RESP3)
        .set_lib_name("trolley", env!("CARGO_PKG_VERSION"));
    if settings.username().is_some() && settings.password().is_none() {
        // Without a password the user would not be sent, and the server take us for another.
        settings = settings.set_password("");
    }

    info.set_redis_settings(settings)
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.shown)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Address").field(&self.shown).finish()
    }
}
