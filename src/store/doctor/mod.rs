//! What is well and what is not with a shop's Redis, and what to do about it.

mod cluster;
mod data;
mod orders;
mod sentinel;
mod server;
mod types;

use super::acl;
use super::connection;
use super::{Address, connect};
use crate::model::{UserName, text};
use crate::store::acl::Role;
use crate::store::connection::address::ServerKind;
use crate::store::connection::{Connection, Policy, masters, on_node};
use crate::store::error::Trouble;
use redis::{Cmd, FromRedisValue, RedisError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// How grave something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// As it should be.
    Good,
    /// Worth knowing.
    Note,
    /// It could not be looked at.
    Unknown,
    /// It loses or hides something, or will.
    Bad,
}

impl Level {
    /// Its name, for programs and people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Level::Good => "good",
            Level::Note => "note",
            Level::Unknown => "unknown",
            Level::Bad => "bad",
        }
    }
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at; stable.
    pub about: &'static str,
    /// The node of a cluster that it is about; empty otherwise.
    pub node: String,
    /// How it is.
    pub level: Level,
    /// What was found; clean text.
    pub found: String,
    /// What to do about it; empty where nothing is to be done.
    pub advice: String,
}

impl Finding {
    fn new(
        about: &'static str,
        level: Level,
        found: impl Into<String>,
        advice: impl Into<String>,
    ) -> Finding {
        let clean = |said: String| text::sanitize_to(said.as_bytes(), 400);
        let (found, advice) = (clean(found.into()), clean(advice.into()));
        Finding {
            about,
            node: String::new(),
            level,
            found,
            advice,
        }
    }

    fn good(about: &'static str, found: impl Into<String>) -> Finding {
        Finding::new(about, Level::Good, found, "")
    }

    /// Something that the user may not look at, or that went wrong meanwhile.
    fn hidden(about: &'static str, trouble: &Trouble) -> Finding {
        let advice = match trouble {
            Trouble::NoPermission(_) => "ask somebody who may look at the server to run this",
            _ => "",
        };
        Finding::new(about, Level::Unknown, trouble.to_string(), advice)
    }
}

/// Examines the shop at `address`, as the one who fills the cart of `user` by these rules.
pub async fn examine(address: &Address, user: &UserName, policy: &Policy) -> Vec<Finding> {
    let began = Instant::now();
    let mut connection = match connect(address).await {
        Ok(connection) => connection,
        Err(trouble) => {
            let mut findings = vec![Finding::new(
                "reachable",
                Level::Bad,
                trouble.to_string(),
                advice(&trouble),
            )];
            // The Sentinels may know why.
            if let ServerKind::Sentinel(name) = address.kind() {
                findings.extend(sentinel::examine(address, name).await);
            }
            return findings;
        }
    };
    let took = began.elapsed().as_millis();
    let mut findings = vec![Finding::good(
        "reachable",
        format!("{address} in {took} ms"),
    )];
    findings.push(way(address));
    let nodes = masters(&mut connection.conn).await.unwrap_or_default();
    findings.extend(topology(&mut connection, address, &nodes).await);
    for node in &nodes {
        let name = node
            .as_ref()
            .map(|(host, port)| format!("{host}:{port}"))
            .unwrap_or_default();
        let mut of_node =
            server::examine(&mut connection, node.as_ref(), policy.confirm_replicas).await;
        of_node.push(clock(&mut connection, node.as_ref()).await);
        findings.extend(of_node.into_iter().map(|finding| Finding {
            node: name.clone(),
            ..finding
        }));
    }
    findings.extend(rights(&mut connection, user).await);
    findings.push(types::examine(&mut connection, user).await);
    findings.push(data::carts(&mut connection, policy.session_timeout).await);
    findings.push(data::index(&mut connection).await);
    findings.extend(orders::examine(&mut connection).await);
    findings
}

fn advice(trouble: &Trouble) -> &'static str {
    match trouble {
        Trouble::Refused | Trouble::NoSocket => "is the server running, and is that its port?",
        Trouble::NoHost => "is the host's name spelt right?",
        Trouble::Timeout => "is a firewall in the way?",
        Trouble::NeedsPassword | Trouble::WrongPassword => {
            "give the password by --password-file or TROLLEY_PASSWORD"
        }
        Trouble::WantsCertificate => "ask whoever runs the server for a certificate and its key",
        Trouble::Tls(_) => "does --tls-ca name the authority that signed the server's certificate?",
        Trouble::Changing => "a server is being replaced; look again in a few seconds",
        _ => "",
    }
}

/// Whether others can listen on the way.
fn way(address: &Address) -> Finding {
    let near = |host: &str| {
        host == "localhost"
            || host
                .parse::<std::net::IpAddr>()
                .is_ok_and(|ip| ip.is_loopback())
    };
    let nodes: Vec<Address> = address.nodes().collect();
    match nodes
        .iter()
        .find_map(|node| node.place().filter(|(host, _)| !near(host)))
    {
        _ if address.is_tls() => Finding::good("way", "encrypted (TLS)"),
        None => Finding::good("way", "stays on this machine"),
        Some((host, _)) => Finding::new(
            "way",
            Level::Note,
            format!("carts and passwords travel readably to {host}"),
            "use rediss:// where others share that network",
        ),
    }
}

/// A command's answer from one node, in the form that is wanted.
async fn ask<T: FromRedisValue>(
    connection: &mut Connection,
    node: Option<&connection::Node>,
    command: Cmd,
) -> Result<T, Trouble> {
    let answer = on_node(&mut connection.conn, node, command).await?;
    redis::from_redis_value(answer).map_err(|error| Trouble::from(RedisError::from(error)))
}

fn command(words: &str) -> Cmd {
    let mut words = words.split(' ');
    let mut command = redis::cmd(words.next().unwrap_or_default());
    words.for_each(|word| {
        command.arg(word);
    });
    command
}

/// How the servers behind the shop stand to each other.
async fn topology(
    connection: &mut Connection,
    address: &Address,
    masters: &[Option<connection::Node>],
) -> Vec<Finding> {
    match connection.kind() {
        ServerKind::Server => Vec::new(),
        ServerKind::Sentinel(name) => sentinel::examine(address, &name).await,
        ServerKind::Cluster => cluster::examine(connection, masters).await,
    }
}

/// The difference between a server's clock and ours.
async fn clock(connection: &mut Connection, node: Option<&connection::Node>) -> Finding {
    let began = Instant::now();
    let time: Result<(i128, i128), _> = ask(connection, node, command("TIME")).await;
    let (seconds, micros) = match time {
        Ok(time) => time,
        Err(trouble) => return Finding::hidden("clock", &trouble),
    };
    let ours = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_millis();
    let ours = i128::try_from(ours).unwrap_or_default();
    let half = i128::try_from(began.elapsed().as_millis() / 2).unwrap_or_default();
    server::clock(seconds * 1000 + micros / 1000 + half - ours)
}

/// Whether this user may do what trolley does.
async fn rights(connection: &mut Connection, user: &UserName) -> Vec<Finding> {
    let name: String = match ask(connection, None, command("ACL WHOAMI")).await {
        Ok(name) => name,
        Err(trouble) => return vec![Finding::hidden("rights", &trouble)],
    };
    let mut findings = Vec::new();
    for (role, what, level) in [
        (
            Role::Shopper,
            format!("fill the cart of {user}"),
            Level::Bad,
        ),
        (
            Role::Buyer,
            format!("order what is in the cart of {user}"),
            Level::Note,
        ),
        (Role::Importer, "bring products in".to_owned(), Level::Note),
    ] {
        findings.push(match acl::gaps(connection, role, &name, user).await {
            Ok(Some(gaps)) if gaps.is_empty() => {
                Finding::good("rights", format!("{name} may {what}"))
            }
            Ok(Some(gaps)) => Finding::new(
                "rights",
                level,
                format!("{name} may not {what}: {}", gaps.join(", ")),
                "trolley acl prints the rules that are enough",
            ),
            Ok(None) => Finding::new(
                "rights",
                Level::Unknown,
                format!("{name} may not ask whether he may {what}"),
                "somebody with the right to ACL DRYRUN can",
            ),
            Err(trouble) => Finding::hidden("rights", &trouble),
        });
    }
    findings
}
