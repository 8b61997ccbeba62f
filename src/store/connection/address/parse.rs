//! Reads addresses: of one server, of a cluster, of Sentinels.

use super::{Address, ServerKind};
use crate::model::text;
use crate::store::error::Trouble;
use redis::{ConnectionInfo, IntoConnectionInfo};
use url::Url;

/// The port of a Sentinel where none is given.
const SENTINEL_PORT: u16 = 26379;

pub(super) fn parse(typed: &str) -> Result<Address, Trouble> {
    let typed = typed.trim();
    let (scheme, rest) = typed.split_once("://").unwrap_or_default();
    match scheme.split_once('+') {
        Some((base @ ("redis" | "rediss" | "valkey" | "valkeys"), "cluster")) => {
            cluster(&HostList::split(base, rest))
        }
        Some((base @ ("redis" | "rediss" | "valkey" | "valkeys"), "sentinel")) => {
            sentinel(&HostList::split(base, rest))
        }
        _ => server(typed),
    }
}

fn server(typed: &str) -> Result<Address, Trouble> {
    let url = Url::parse(typed).map_err(|_| {
        bad_address("write it like redis://host:6379/0, rediss://host or unix:///path/to.sock")
    })?;
    if !matches!(
        url.scheme(),
        "redis" | "rediss" | "valkey" | "valkeys" | "unix" | "redis+unix" | "valkey+unix"
    ) {
        return Err(bad_address(
            "it must begin with redis://, rediss://, unix://, redis+unix://, redis+cluster:// or redis+sentinel://",
        ));
    }

    let shown = redacted(url.clone());
    let info = connection_info(url)?;
    Ok(Address::new(ServerKind::Server, vec![info], &shown))
}

fn cluster(list: &HostList<'_>) -> Result<Address, Trouble> {
    if !matches!(list.path, "" | "/" | "/0") {
        return Err(bad_address(
            "a cluster has no databases: write it like redis+cluster://host:7000,host:7001",
        ));
    }

    let servers = list.connection_infos("", None)?;
    let shown = format!("{}+cluster://{}", list.base, list.redacted());
    Ok(Address::new(ServerKind::Cluster, servers, &shown))
}

fn sentinel(list: &HostList<'_>) -> Result<Address, Trouble> {
    let path = list.path.trim_start_matches('/');
    let (name, database) = path.split_once('/').unwrap_or((path, ""));
    if name.is_empty() || name.contains('?') {
        return Err(bad_address(
            "name the master, like redis+sentinel://host:26379,host:26379/mymaster",
        ));
    }

    let servers = list.connection_infos(database, Some(SENTINEL_PORT))?;
    let shown = format!("{}+sentinel://{}{}", list.base, list.redacted(), list.path);
    Ok(Address::new(
        ServerKind::Sentinel(name.to_owned()),
        servers,
        &shown,
    ))
}

/// The parts of an address with several hosts.
struct HostList<'a> {
    /// The scheme of a single server.
    base: &'a str,
    /// User and password with the `@` behind them, or nothing.
    login: &'a str,
    hosts: Vec<&'a str>,
    path: &'a str,
}

impl<'a> HostList<'a> {
    fn split(base: &'a str, rest: &'a str) -> HostList<'a> {
        let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let (login, hosts) = authority.split_at(authority.rfind('@').map_or(0, |at| at + 1));
        HostList {
            base,
            login,
            hosts: hosts.split(',').collect(),
            path,
        }
    }

    /// Each of the hosts, in the form that the Redis library connects by.
    fn connection_infos(
        &self,
        database: &str,
        default_port: Option<u16>,
    ) -> Result<Vec<ConnectionInfo>, Trouble> {
        let HostList { base, login, .. } = self;
        let mut infos = Vec::new();

        for host in &self.hosts {
            let mut url = Url::parse(&format!("{base}://{login}{host}/{database}"))
                .map_err(|_| bad_address("write the servers like host:7000,host:7001"))?;
            if let (None, Some(port)) = (url.port(), default_port) {
                let _ = url.set_port(Some(port));
            }
            infos.push(connection_info(url)?);
        }
        Ok(infos)
    }

    /// User and hosts, without the password.
    fn redacted(&self) -> String {
        let user = self.login.split([':', '@']).next().unwrap_or_default();
        let hosts = self.hosts.join(",");
        if user.is_empty() {
            hosts
        } else {
            format!("{user}@{hosts}")
        }
    }
}

fn connection_info(url: Url) -> Result<ConnectionInfo, Trouble> {
    url.into_connection_info().map_err(|error| {
        let said = error.to_string();
        if said.contains("database number") {
            bad_address("a database is a number: write it like redis://host:6379/0")
        } else {
            bad_address(&text::sanitize_to(said.as_bytes(), 120))
        }
    })
}

fn redacted(mut url: Url) -> String {
    let _ = url.set_password(None);

    // On Unix sockets user and password stand in the query.
    let pairs: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(key, _)| key != "pass")
        .map(|(key, value)| (key.into_owned(), value.into_owned()))
        .collect();
    url.set_query(None);
    if !pairs.is_empty() {
        url.query_pairs_mut().extend_pairs(pairs);
    }
    url.to_string()
}

fn bad_address(why: &str) -> Trouble {
    Trouble::BadAddress(why.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::connection::address::SentinelLogin;
    use crate::store::connection::nodes::Node;

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
        let nodes: Vec<String> = address
            .servers()
            .filter_map(|server| Some(server.node()?.to_string()))
            .collect();
        assert_eq!(nodes, ["one:26379", "two:7000"]);

        let master = address.at(&Node {
            host: "three".to_owned(),
            port: 6379,
        });
        assert_eq!(master.connection_info().unwrap().redis_settings().db(), 3);
        assert!(master.is_tls() && master.has_password());
        assert!(!master.for_sentinel(SentinelLogin::Anonymous).has_password());

        let cluster = Address::parse("redis+cluster://one:7000,[::1]:7001").unwrap();
        assert_eq!(*cluster.kind(), ServerKind::Cluster);
        assert_eq!(cluster.servers().count(), 2);
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
        assert_eq!(
            Address::parse("redis://h/notadb").unwrap_err().to_string(),
            "the address is not usable: a database is a number: write it like redis://host:6379/0"
        );
    }
}
