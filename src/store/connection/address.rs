//! Where a Redis is: reading and showing addresses.

use crate::model::text;
use crate::store::error::Trouble;
use redis::io::tcp::TcpSettings;
use redis::{
    Client, ClientTlsConfig, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, ProtocolVersion,
    TlsCertificates,
};
use std::fmt;
use std::path::Path;
use std::sync::Once;
use url::Url;

/// The port of a Sentinel where none is given.
const SENTINEL_PORT: u16 = 26379;

/// The address of a Redis, with user, password and database number.
///
/// It shows itself without the password.
#[derive(Clone)]
pub struct Address {
    kind: ServerKind,
    /// Where to ask; for a single server there is just one.
    nodes: Vec<ConnectionInfo>,
    tls: Option<TlsCertificates>,
    shown: String,
}

/// What answers at an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ServerKind {
    /// One server, or a cluster that is reached by one of its nodes.
    Server,
    /// Nodes of a cluster.
    Cluster,
    /// Sentinels, who know which server is the master of this name.
    Sentinel(String),
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
        let typed = typed.trim();
        let scheme = typed.split_once("://").map_or("", |(scheme, _)| scheme);
        match scheme.split_once('+') {
            Some((base @ ("redis" | "rediss" | "valkey" | "valkeys"), "cluster")) => {
                cluster(base, typed)
            }
            Some((base @ ("redis" | "rediss" | "valkey" | "valkeys"), "sentinel")) => {
                sentinel(base, typed)
            }
            _ => server(typed),
        }
    }

    /// A Redis on a Unix socket.
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

    fn new(kind: ServerKind, nodes: Vec<ConnectionInfo>, shown: &str) -> Address {
        let nodes: Vec<ConnectionInfo> = nodes.into_iter().map(tuned).collect();
        if nodes
            .iter()
            .any(|node| matches!(node.addr(), ConnectionAddr::TcpTls { .. }))
        {
            install_crypto();
        }
        Address {
            kind,
            nodes,
            tls: None,
            shown: text::sanitize_to(shown.as_bytes(), 120),
        }
    }

    /// With this password in place of the address's own.
    #[must_use]
    pub fn with_password(mut self, password: &str) -> Address {
        for node in &mut self.nodes {
            let settings = node.redis_settings().clone().set_password(password);
            *node = node.clone().set_redis_settings(settings);
        }
        self
    }

    /// Whether it says a password.
    #[must_use]
    pub fn has_password(&self) -> bool {
        self.nodes.iter().any(|node| {
            node.redis_settings()
                .password()
                .is_some_and(|known| !known.is_empty())
        })
    }

    /// Whether the way there is TLS.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        self.nodes
            .iter()
            .any(|node| matches!(node.addr(), ConnectionAddr::TcpTls { .. }))
    }

    /// With these certificates for TLS.
    ///
    /// # Errors
    /// [`Trouble::Tls`] where they can't be read.
    pub fn with_tls(mut self, pem: Pem) -> Result<Address, Trouble> {
        let client_tls = pem.client.map(|(client_cert, client_key)| ClientTlsConfig {
            client_cert,
            client_key,
        });
        let tls = TlsCertificates {
            client_tls,
            root_cert: pem.authorities,
        };
        for node in &mut self.nodes {
            let client = Client::build_with_tls(node.clone(), tls.clone()).map_err(|error| {
                Trouble::Tls(text::sanitize_to(error.to_string().as_bytes(), 160))
            })?;
            *node = client.get_connection_info().clone();
        }
        self.tls = Some(tls);
        Ok(self)
    }

    /// The same at another node, as the cluster or a Sentinel names it.
    pub(crate) fn at(&self, host: &str, port: u16) -> Address {
        let node = self.nodes.first().map(|info| {
            let addr = match info.addr() {
                ConnectionAddr::TcpTls {
                    insecure,
                    tls_params,
                    ..
                } => ConnectionAddr::TcpTls {
                    host: host.to_owned(),
                    port,
                    insecure: *insecure,
                    tls_params: tls_params.clone(),
                },
                _ => ConnectionAddr::Tcp(host.to_owned(), port),
            };
            info.clone().set_addr(addr)
        });
        let nodes = node.into_iter().collect();
        Address {
            kind: ServerKind::Server,
            nodes,
            tls: self.tls.clone(),
            shown: self.shown.clone(),
        }
    }

    /// The cluster that has this server as one of its nodes.
    pub(crate) fn as_cluster(&self) -> Address {
        Address {
            kind: ServerKind::Cluster,
            ..self.clone()
        }
    }

    /// The same for asking a Sentinel, which has no databases, and mostly no users.
    pub(crate) fn for_sentinel(&self, with_password: bool) -> Address {
        let plain = |node: &ConnectionInfo| {
            let known = node.redis_settings();
            let mut settings =
                redis::RedisConnectionInfo::default().set_protocol(ProtocolVersion::RESP3);
            if let Some(user) = known.username().filter(|_| with_password) {
                settings = settings.set_username(user);
            }
            if let Some(password) = known.password().filter(|_| with_password) {
                settings = settings.set_password(password);
            }
            node.clone().set_redis_settings(settings)
        };
        Address {
            nodes: self.nodes.iter().map(plain).collect(),
            ..self.clone()
        }
    }

    pub(crate) fn kind(&self) -> &ServerKind {
        &self.kind
    }

    /// Each of its nodes by itself.
    pub(crate) fn nodes(&self) -> impl Iterator<Item = Address> {
        self.nodes.iter().map(|node| Address {
            kind: ServerKind::Server,
            nodes: vec![node.clone()],
            tls: self.tls.clone(),
            shown: self.shown.clone(),
        })
    }

    /// Host and port of its first node; `None` on a Unix socket.
    pub(crate) fn place(&self) -> Option<(&str, u16)> {
        match self.nodes.first()?.addr() {
            ConnectionAddr::Tcp(host, port) | ConnectionAddr::TcpTls { host, port, .. } => {
                Some((host, *port))
            }
            _ => None,
        }
    }

    /// The user it connects as.
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        self.nodes
            .first()
            .and_then(|node| node.redis_settings().username())
    }

    pub(crate) fn tls(&self) -> Option<TlsCertificates> {
        self.tls.clone()
    }

    /// What redis-rs connects by.
    ///
    /// # Errors
    /// [`Trouble::BadAddress`] where it names no server.
    pub(crate) fn info(&self) -> Result<ConnectionInfo, Trouble> {
        self.nodes
            .first()
            .cloned()
            .ok_or_else(|| Trouble::BadAddress("it names no server".to_owned()))
    }
}

fn bad(why: &str) -> Trouble {
    Trouble::BadAddress(why.to_owned())
}

fn info(url: Url) -> Result<ConnectionInfo, Trouble> {
    url.into_connection_info()
        .map_err(|error| bad(&text::sanitize_to(error.to_string().as_bytes(), 120)))
}

/// RESP3 carries answers and messages on one connection. Without TCP_NODELAY each script
/// waits for Nagle: half the changes per second.
fn tuned(info: ConnectionInfo) -> ConnectionInfo {
    let mut settings = info
        .redis_settings()
        .clone()
        .set_protocol(ProtocolVersion::RESP3)
        .set_lib_name("trolley", env!("CARGO_PKG_VERSION"));
    if settings.username().is_some() && settings.password().is_none() {
        // Without a password the name would not be sent, and the server take us for another.
        settings = settings.set_password("");
    }
    info.set_redis_settings(settings)
        .set_tcp_settings(TcpSettings::default().set_nodelay(true))
}

fn server(typed: &str) -> Result<Address, Trouble> {
    let url = Url::parse(typed).map_err(|_| {
        bad("write it like redis://host:6379/0, rediss://host or unix:///path/to.sock")
    })?;
    if !matches!(
        url.scheme(),
        "redis" | "rediss" | "valkey" | "valkeys" | "unix" | "redis+unix" | "valkey+unix"
    ) {
        return Err(bad(
            "it must begin with redis://, rediss://, unix://, redis+unix://, redis+cluster:// or redis+sentinel://",
        ));
    }
    let shown = redacted(url.clone());
    Ok(Address::new(ServerKind::Server, vec![info(url)?], &shown))
}

/// The parts of an address of many hosts: user and password with their `@`, hosts, path.
fn parts(typed: &str) -> (&str, std::str::Split<'_, char>, &str) {
    let rest = typed.split_once("://").map_or("", |(_, rest)| rest);
    let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let (user, hosts) = authority.split_at(authority.rfind('@').map_or(0, |at| at + 1));
    (user, hosts.split(','), path)
}

fn cluster(base: &str, typed: &str) -> Result<Address, Trouble> {
    let (user, hosts, path) = parts(typed);
    if !matches!(path, "" | "/" | "/0") {
        return Err(bad(
            "a cluster has no databases: write it like redis+cluster://host:7000,host:7001",
        ));
    }
    let (nodes, shown) = many(base, user, hosts, "", None)?;
    Ok(Address::new(
        ServerKind::Cluster,
        nodes,
        &format!("{base}+cluster://{shown}"),
    ))
}

fn sentinel(base: &str, typed: &str) -> Result<Address, Trouble> {
    let (user, hosts, path) = parts(typed);
    let (name, db) = path
        .trim_start_matches('/')
        .split_once('/')
        .unwrap_or((path.trim_start_matches('/'), ""));
    if name.is_empty() || name.contains('?') {
        return Err(bad(
            "name the master, like redis+sentinel://host:26379,host:26379/mymaster",
        ));
    }
    let (nodes, shown) = many(base, user, hosts, db, Some(SENTINEL_PORT))?;
    let shown = format!("{base}+sentinel://{shown}{path}");
    Ok(Address::new(
        ServerKind::Sentinel(name.to_owned()),
        nodes,
        &shown,
    ))
}

/// Each of the hosts by itself, and all of them without the password.
fn many(
    base: &str,
    user: &str,
    hosts: std::str::Split<'_, char>,
    db: &str,
    usual_port: Option<u16>,
) -> Result<(Vec<ConnectionInfo>, String), Trouble> {
    let (mut nodes, mut shown) = (Vec::new(), Vec::new());
    for host in hosts {
        let mut url = Url::parse(&format!("{base}://{user}{host}/{db}"))
            .map_err(|_| bad("write the servers like host:7000,host:7001"))?;
        if let (None, Some(port)) = (url.port(), usual_port) {
            let _ = url.set_port(Some(port));
        }
        shown.push(host);
        nodes.push(info(url)?);
    }
    let name = user
        .split([':', '@'])
        .next()
        .filter(|name| !name.is_empty());
    Ok((
        nodes,
        name.map(|name| format!("{name}@")).unwrap_or_default() + &shown.join(","),
    ))
}

/// redis-rs brings no crypto of its own: without this, `rediss://` panics.
fn install_crypto() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // An error means that a provider is there already.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}

fn redacted(mut url: Url) -> String {
    let _ = url.set_password(None);
    // On Unix sockets user and password stand in the query.
    let pairs: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(key, _)| key != "pass")
        .map(|(k, v)| (k.into_owned(), v.into_owned()))
        .collect();
    url.set_query(None);
    if !pairs.is_empty() {
        url.query_pairs_mut().extend_pairs(pairs);
    }
    url.to_string()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_never_show() {
        for address in [
            "redis://alice:s3cret@localhost:7000/2",
            "redis://:s3cret@localhost",
            "rediss://alice:s3cret@shop.example:7000",
            "redis+unix:///tmp/x.sock?db=1&user=alice&pass=s3cret",
            "unix:///tmp/x.sock?pass=s3cret",
            "redis+cluster://alice:s3cret@one:7000,two:7001",
            "rediss+sentinel://:s3cret@one,two:26380/shop/1",
        ] {
            let address = Address::parse(address).unwrap();
            assert!(
                !format!("{address} {address:?}").contains("s3cret"),
                "{address}"
            );
        }
    }

    #[test]
    fn many_hosts_are_read() {
        let address = Address::parse("rediss+sentinel://ann:pw@one,two:7000/shop/3").unwrap();
        assert_eq!(
            address.to_string(),
            "rediss+sentinel://ann@one,two:7000/shop/3"
        );
        assert_eq!(*address.kind(), ServerKind::Sentinel("shop".to_owned()));
        let places: Vec<_> = address
            .nodes()
            .map(|node| node.place().map(|(h, p)| format!("{h}:{p}")))
            .collect();
        assert_eq!(
            places,
            [Some("one:26379".to_owned()), Some("two:7000".to_owned())]
        );
        let master = address.at("three", 6379);
        assert_eq!(master.info().unwrap().redis_settings().db(), 3);
        assert!(
            master.is_tls() && master.has_password() && !master.for_sentinel(false).has_password()
        );
        let cluster = Address::parse("redis+cluster://one:7000,[::1]:7001").unwrap();
        assert_eq!(
            (cluster.kind(), cluster.nodes().count()),
            (&ServerKind::Cluster, 2)
        );
    }

    #[test]
    fn bad_addresses_say_what_is_expected() {
        for bad in [
            "",
            "localhost",
            "localhost:6379",
            "http://x",
            "redis://",
            "redis://h/notadb",
            "redis://h:99999",
            "redis+cluster://",
            "redis+cluster://h:1,,",
            "redis+cluster://h/1",
            "redis+sentinel://h",
            "redis+x://h",
        ] {
            let error = Address::parse(bad).unwrap_err();
            assert!(matches!(error, Trouble::BadAddress(_)), "{bad}: {error}");
        }
    }
}
