//! Where a Redis is: reading and showing addresses.

use super::error::Trouble;
use crate::model::text;
use redis::io::tcp::TcpSettings;
use redis::{ConnectionAddr, ConnectionInfo, IntoConnectionInfo, ProtocolVersion};
use std::fmt;
use std::path::Path;
use std::sync::Once;

/// The address of a Redis, with user, password and database number.
///
/// It shows itself without the password.
#[derive(Clone)]
pub struct Address {
    info: ConnectionInfo,
    shown: String,
}

impl Address {
    /// Reads `redis://[user[:password]@]host[:port][/db]`, the same with `rediss://` for TLS,
    /// or `redis+unix:///path[?db=&user=&pass=]` (also `unix:///path`).
    ///
    /// # Errors
    /// [`Trouble::BadAddress`].
    pub fn parse(typed: &str) -> Result<Address, Trouble> {
        let bad = |why: &str| Trouble::BadAddress(why.to_owned());
        let url = url::Url::parse(typed.trim())
            .map_err(|_| bad("write it like redis://host:6379/0, rediss://host or unix:///path/to.sock"))?;
        if !matches!(
            url.scheme(),
            "redis" | "rediss" | "valkey" | "valkeys" | "unix" | "redis+unix" | "valkey+unix"
        ) {
            return Err(bad("it must begin with redis://, rediss://, unix:// or redis+unix://"));
        }
        let info = url
            .clone()
            .into_connection_info()
            .map_err(|error| bad(&text::clean_to(error.to_string().as_bytes(), 120)))?;
        Ok(Address::new(info, redacted(url)))
    }

    /// A Redis on a Unix socket.
    ///
    /// # Errors
    /// [`Trouble::BadAddress`].
    pub fn socket(path: &Path) -> Result<Address, Trouble> {
        let info = ConnectionAddr::Unix(path.to_owned())
            .into_connection_info()
            .map_err(|error| Trouble::BadAddress(error.to_string()))?;
        Ok(Address::new(info, format!("unix://{}", path.display())))
    }

    fn new(info: ConnectionInfo, shown: String) -> Address {
        // RESP3 carries answers and messages on one connection. Without TCP_NODELAY each
        // script waits for Nagle: half the changes per second.
        let settings = info
            .redis_settings()
            .clone()
            .set_protocol(ProtocolVersion::RESP3)
            .set_lib_name("trolley", env!("CARGO_PKG_VERSION"));
        let info =
            info.set_redis_settings(settings).set_tcp_settings(TcpSettings::default().set_nodelay(true));
        if matches!(info.addr(), ConnectionAddr::TcpTls { .. }) {
            install_crypto();
        }
        Address { info, shown: text::clean_to(shown.as_bytes(), 120) }
    }

    /// The same at another node, as the cluster names it.
    pub(super) fn at(&self, host: &str, port: u16) -> Address {
        let moved = match self.info.addr() {
            ConnectionAddr::TcpTls { insecure, tls_params, .. } => ConnectionAddr::TcpTls {
                host: host.to_owned(),
                port,
                insecure: *insecure,
                tls_params: tls_params.clone(),
            },
            _ => ConnectionAddr::Tcp(host.to_owned(), port),
        };
        Address { info: self.info.clone().set_addr(moved), shown: self.shown.clone() }
    }

    /// What redis-rs connects by.
    pub(super) fn info(&self) -> ConnectionInfo {
        self.info.clone()
    }
}

/// redis-rs brings no crypto of its own: without this, `rediss://` panics.
fn install_crypto() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // An error means that a provider is there already.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}

fn redacted(mut url: url::Url) -> String {
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
        ] {
            let address = Address::parse(address).unwrap();
            assert!(!format!("{address} {address:?}").contains("s3cret"), "{address}");
        }
    }

    #[test]
    fn bad_addresses_say_what_is_expected() {
        for bad in
            ["", "localhost", "localhost:6379", "http://x", "redis://", "redis://h/notadb", "redis://h:99999"]
        {
            let error = Address::parse(bad).unwrap_err();
            assert!(matches!(error, Trouble::BadAddress(_)), "{bad}: {error}");
        }
    }
}
