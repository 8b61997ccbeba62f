//! Finding the server that has a key: by asking a cluster's nodes, or Sentinels.
//!
//! Whoever may be asked can be down, or behind the times: after every failure another one is
//! asked, and a server counts only if it calls itself a master.

use super::address::{Address, Kind};
use super::connection::{self, Role};
use super::error::Trouble;
use redis::Value;
use redis::aio::{AsyncPushSender, MultiplexedConnection};
use std::collections::VecDeque;

/// Knows whom to ask, and learns of others.
#[derive(Clone)]
pub(super) struct Locator {
    address: Address,
    /// Whom to ask, the most promising first.
    ask: VecDeque<Address>,
}

/// A cluster as one of its nodes sees it.
struct Seen {
    /// The master of the slot that was asked for.
    owner: Option<(String, u16)>,
    nodes: Vec<(String, u16)>,
}

impl Locator {
    pub(super) fn new(address: Address) -> Locator {
        let ask = address.nodes().collect();
        Locator { address, ask }
    }

    /// The address, with what has been found out about it.
    pub(super) fn address(&self) -> &Address {
        &self.address
    }

    /// Whether the keys are spread over nodes.
    pub(super) fn is_cluster(&self) -> bool {
        *self.address.kind() == Kind::Cluster
    }

    /// Whether trying again later can help: where another server takes over, it also does
    /// when this one takes no changes any more.
    pub(super) fn may_pass(&self, trouble: &Trouble) -> bool {
        let fails_over = *self.address.kind() != Kind::Server;
        trouble.may_pass() || fails_over && matches!(trouble, Trouble::ReadOnly | Trouble::NoReplicas)
    }

    /// Learns from a redirection where to ask next.
    pub(super) fn learn(&mut self, trouble: &Trouble) {
        if let Trouble::Moved { host, port } = trouble {
            self.address = self.address.as_cluster();
            self.ask.push_front(self.address.at(host, *port));
            self.ask.truncate(MOST_KNOWN);
        }
    }

    /// Connects to the server that has `key`; what it pushes goes to `pushes`.
    pub(super) async fn open<P: AsyncPushSender + Clone>(
        &mut self,
        key: &str,
        pushes: Option<P>,
    ) -> Result<MultiplexedConnection, Trouble> {
        let mut trouble = Trouble::Changing;
        for _ in 0..self.ask.len().max(1) {
            let Some(asked) = self.ask.front().cloned() else { return Err(trouble) };
            match self.open_by(&asked, key, pushes.clone()).await {
                Ok(conn) => return Ok(conn),
                Err(met) => trouble = met,
            }
            // What the others know may be newer.
            if self.ask.front().and_then(Address::place) == asked.place() {
                self.ask.rotate_left(1);
            }
            if !self.may_pass(&trouble) {
                break;
            }
        }
        Err(trouble)
    }

    async fn open_by<P: AsyncPushSender + Clone>(
        &mut self,
        asked: &Address,
        key: &str,
        pushes: Option<P>,
    ) -> Result<MultiplexedConnection, Trouble> {
        let (host, port) = match self.address.kind() {
            Kind::Server => {
                let mut conn = connection::open(asked, pushes.clone()).await?;
                match connection::greet(&mut conn).await? {
                    (_, true) => self.address = self.address.as_cluster(),
                    (Role::Sentinel, _) => return Err(Trouble::IsSentinel),
                    _ => return Ok(conn),
                }
                self.owner(asked, key).await?
            }
            Kind::Cluster => self.owner(asked, key).await?,
            Kind::Sentinel(name) => master(asked, name).await?,
        };
        let mut conn = connection::open(&self.address.at(&host, port), pushes).await?;
        match connection::greet(&mut conn).await? {
            (Role::Master, _) => Ok(conn),
            _ => Err(Trouble::Changing),
        }
    }

    /// Asks one node which one has the slot of `key`.
    async fn owner(&mut self, asked: &Address, key: &str) -> Result<(String, u16), Trouble> {
        let seen = look(asked, key).await?;
        let mut ask = VecDeque::from([asked.clone()]);
        let known = seen.nodes.iter().map(|(host, port)| self.address.at(host, *port));
        // The addresses that were given stay, in case the whole cluster moves.
        for node in known.chain(self.address.nodes()) {
            if ask.len() < MOST_KNOWN && !ask.iter().any(|other| other.place() == node.place()) {
                ask.push_back(node);
            }
        }
        self.ask = ask;
        seen.owner.ok_or(Trouble::Changing)
    }

    /// The nodes known of a cluster that take part in it now; each has been asked for `key`.
    pub(super) async fn known(&mut self, key: &str) -> Result<Vec<Address>, Trouble> {
        let mut trouble = Trouble::Changing;
        for asked in self.ask.clone() {
            match self.owner(&asked, key).await {
                Ok(_) => return Ok(self.ask.iter().cloned().collect()),
                Err(met) => trouble = met,
            }
        }
        Err(trouble)
    }
}

/// The most nodes kept to be asked.
const MOST_KNOWN: usize = 64;

async fn look(asked: &Address, key: &str) -> Result<Seen, Trouble> {
    let mut conn = connection::open(asked, None::<connection::NoPushes>).await?;
    let mut questions = redis::pipe();
    questions.cmd("CLUSTER").arg("KEYSLOT").arg(key).cmd("CLUSTER").arg("SLOTS");
    let (slot, ranges): (i64, Value) = questions.query_async(&mut conn).await.map_err(Trouble::from)?;
    // A node that does not know its own address leaves it out.
    let own = asked.place().map(|(host, _)| host).unwrap_or_default();
    let mut seen = Seen { owner: None, nodes: Vec::new() };
    let Value::Array(ranges) = ranges else { return Ok(seen) };
    for range in &ranges {
        let Value::Array(range) = range else { continue };
        let [Value::Int(from), Value::Int(to), nodes @ ..] = &range[..] else { continue };
        for (place, node) in nodes.iter().filter_map(|node| node_place(node, own)).enumerate() {
            if place == 0 && (*from..=*to).contains(&slot) {
                seen.owner = Some(node.clone());
            }
            if !seen.nodes.contains(&node) {
                seen.nodes.push(node);
            }
        }
    }
    Ok(seen)
}

fn node_place(node: &Value, own: &str) -> Option<(String, u16)> {
    let Value::Array(node) = node else { return None };
    let [host, Value::Int(port), ..] = &node[..] else { return None };
    let host = match host {
        Value::BulkString(host) => String::from_utf8_lossy(host).into_owned(),
        _ => String::new(),
    };
    let host = if host.is_empty() { own.to_owned() } else { host };
    Some((host, u16::try_from(*port).ok()?))
}

/// Asks a Sentinel who is the master.
async fn master(asked: &Address, name: &str) -> Result<(String, u16), Trouble> {
    // Most Sentinels want no password, and don't take one that is not wanted.
    let bare = asked.anonymous();
    match ask_sentinel(&bare, name).await {
        Err(Trouble::NeedsPassword) => ask_sentinel(asked, name).await,
        answer => answer,
    }
}

async fn ask_sentinel(asked: &Address, name: &str) -> Result<(String, u16), Trouble> {
    let mut conn = connection::open(asked, None::<connection::NoPushes>).await?;
    let mut question = redis::cmd("SENTINEL");
    question.arg("GET-MASTER-ADDR-BY-NAME").arg(name);
    let answer: Option<(String, u16)> = question.query_async(&mut conn).await.map_err(Trouble::from)?;
    answer.ok_or_else(|| Trouble::BadAddress(format!("the Sentinels know no master “{name}”")))
}
