//! Examines a shop's Redis: what is well, what is not, and what to do about it.

mod cluster;
mod data;
mod orders;
mod rights;
mod sentinel;
mod server;
mod types;

use super::connect;
use crate::model::{UserName, text};
use crate::store::connection::Connection;
use crate::store::connection::address::{Address, ServerKind};
use crate::store::connection::nodes::{Target, masters, on_node};
use crate::store::error::Trouble;
use crate::store::policy::Policy;
use redis::{Cmd, FromRedisValue, RedisError};
use std::net::IpAddr;
use std::time::Instant;

/// The most names that one finding lists.
const MOST_NAMES: usize = 5;

/// The severity of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// As it should be.
    Good,
    /// Worth knowing.
    Note,
    /// It could not be examined.
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

/// The result of examining one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The thing that was examined; stable.
    pub about: &'static str,
    /// The node of a cluster that it is about; empty otherwise.
    pub node: String,
    /// Its severity.
    pub level: Level,
    /// The state of the thing; clean text.
    pub found: String,
    /// The way to mend it; empty where nothing is to be done.
    pub advice: String,
}

impl Finding {
    fn new(
        about: &'static str,
        level: Level,
        found: impl Into<String>,
        advice: impl Into<String>,
    ) -> Finding {
        Finding {
            about,
            node: String::new(),
            level,
            found: text::sanitize_to(found.into().as_bytes(), 400),
            advice: text::sanitize_to(advice.into().as_bytes(), 400),
        }
    }

    fn good(about: &'static str, found: impl Into<String>) -> Finding {
        Finding::new(about, Level::Good, found, "")
    }

    fn note(about: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Finding {
        Finding::new(about, Level::Note, found, advice)
    }

    fn bad(about: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Finding {
        Finding::new(about, Level::Bad, found, advice)
    }

    /// A thing that the user may not examine, or where the connection failed.
    fn hidden(about: &'static str, trouble: &Trouble) -> Finding {
        let advice = match trouble {
            Trouble::NoPermission(_) => "ask somebody who may look at the server to run this",
            _ => "",
        };
        Finding::new(about, Level::Unknown, trouble.to_string(), advice)
    }
}

/// Examines the shop at `address`, for somebody who fills the cart of `user` by these rules.
pub async fn examine(address: &Address, user: &UserName, policy: &Policy) -> Vec<Finding> {
    let started = Instant::now();
    let mut connection = match connect(address).await {
        Ok(connection) => connection,
        Err(trouble) => return unreachable(address, &trouble).await,
    };
    let millis = started.elapsed().as_millis();
    let mut findings = vec![
        Finding::good("reachable", format!("{address} in {millis} ms")),
        encryption(address),
    ];

    // The servers, together and one by one.
    let masters = masters(&connection.conn).await;
    findings.extend(topology(&mut connection, address, &masters).await);
    for master in &masters {
        let mut of_master = server::examine(&mut connection, master, policy.confirm_replicas).await;
        of_master.push(server::examine_clock(&mut connection, master).await);
        findings.extend(of_master.into_iter().map(|finding| Finding {
            node: name(master),
            ..finding
        }));
    }

    // The user, and the shop's data.
    findings.extend(rights::examine(&mut connection, user).await);
    findings.push(types::examine(&mut connection, user).await);
    findings.extend(data::examine_shop(&mut connection).await);
    findings.extend(data::examine_carts(&mut connection, policy.session_timeout).await);
    findings.push(data::examine_index(&mut connection).await);
    findings.extend(data::examine_products(&mut connection).await);
    findings.extend(orders::examine(&mut connection).await);
    findings
}

/// The findings where there is no connection.
async fn unreachable(address: &Address, trouble: &Trouble) -> Vec<Finding> {
    let mut findings = vec![Finding::bad(
        "reachable",
        trouble.clone().at(address).to_string(),
        advice_on_access(trouble),
    )];
    // The Sentinels may know why.
    if let ServerKind::Sentinel(name) = address.kind() {
        findings.extend(sentinel::examine(address, name).await);
    }
    findings
}

fn advice_on_access(trouble: &Trouble) -> &'static str {
    match trouble {
        Trouble::ConnectionRefused => "is the server running, and is that its port?",
        Trouble::NoSocket => "is the server running, and is that its socket?",
        Trouble::NoHost => "is the host's name spelt right?",
        Trouble::Timeout => "is a firewall in the way?",
        Trouble::TooManyClients => "raise maxclients there, or look who holds connections",
        Trouble::NeedsPassword | Trouble::WrongPassword => {
            "give the password with --password-file or TROLLEY_PASSWORD"
        }
        Trouble::WantsCertificate => "ask whoever runs the server for a certificate and its key",
        Trouble::Tls(_) => "does --tls-ca name the authority that signed the server's certificate?",
        Trouble::At { trouble, .. } => advice_on_access(trouble),
        Trouble::Changing => "a server is being replaced; look again in a few seconds",
        Trouble::Lost
        | Trouble::NoPermission(_)
        | Trouble::Loading
        | Trouble::ReadOnly
        | Trouble::NoReplicas
        | Trouble::TooFewReplicas { .. }
        | Trouble::IsSentinel
        | Trouble::TooOld
        | Trouble::OutOfMemory
        | Trouble::DiskTrouble
        | Trouble::WrongType
        | Trouble::ForeignKey(_)
        | Trouble::WrongTypeOf(_)
        | Trouble::Moved { .. }
        | Trouble::BadAddress(_)
        | Trouble::Other(_)
        | Trouble::Unexpected(_) => "",
    }
}

/// Examines whether others can read along on the network.
fn encryption(address: &Address) -> Finding {
    if address.is_tls() {
        return Finding::good("way", "encrypted (TLS)");
    }

    let nodes = address.servers().filter_map(|server| server.node());
    let distant = nodes.map(|node| node.host).find(|host| !is_local(host));
    match distant {
        None => Finding::good("way", "stays on this machine"),
        Some(host) => Finding::note(
            "way",
            format!("carts and passwords travel unencrypted to {host}"),
            "use rediss:// where others share that network",
        ),
    }
}

fn is_local(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Examines how the servers behind the shop stand to each other.
async fn topology(
    connection: &mut Connection,
    address: &Address,
    masters: &[Target],
) -> Vec<Finding> {
    match connection.kind() {
        ServerKind::Server => Vec::new(),
        ServerKind::Sentinel(name) => sentinel::examine(address, &name).await,
        ServerKind::Cluster => cluster::examine(connection, masters).await,
    }
}

/// The name of a node; empty where there is only one server.
fn name(target: &Target) -> String {
    match target {
        Target::Any => String::new(),
        Target::Node(node) => node.to_string(),
    }
}

/// Runs a command on one server and decodes its answer.
async fn ask<T: FromRedisValue>(
    connection: &mut Connection,
    target: &Target,
    words: &str,
) -> Result<T, Trouble> {
    let answer = on_node(&mut connection.conn, target, command(words)).await?;
    redis::from_redis_value(answer).map_err(|error| Trouble::from(RedisError::from(error)))
}

fn command(words: &str) -> Cmd {
    let mut command = Cmd::new();
    for word in words.split(' ') {
        command.arg(word);
    }
    command
}

/// Joins the first names of a list, and says how many more there are.
fn some_names(names: &[String]) -> String {
    some_of(&names[..names.len().min(MOST_NAMES)], names.len())
}

/// Joins the `first` names of a list of `all`, and says how many more there are.
fn some_of(first: &[String], all: usize) -> String {
    let more = all - first.len();
    if more > 0 {
        format!("{} and {more} more", first.join(", "))
    } else {
        first.join(", ")
    }
}
