//! Finding the server that has a key: by asking a cluster's nodes, or Sentinels.
//!
//! Whoever may be asked can be down, or behind the times: after every failure another one is
//! asked, and a server counts only if it calls itself a master.

use super::Role;
use crate::store::connection;
use crate::store::connection::address::{Address, ServerKind};
use crate::store::error::Trouble;
use redis::aio::{AsyncPushSender, MultiplexedConnection};
use redis::{PushInfo, PushKind, Value};
use std::collections::VecDeque;
use std::time::Duration;
use tokio::sync::mpsc;

/// The most nodes kept to be asked.
const MOST_KNOWN: usize = 64;
/// Messages of a Sentinel that wait to be read; any of them has the master asked for.
const SWITCHES: usize = 16;
/// The pause before another Sentinel is listened to.
const LISTEN_AGAIN: Duration = Duration::from_secs(1);

/// Knows whom to ask, and learns of others.
#[derive(Clone)]
pub(crate) struct Locator {
    address: Address,
    /// Whom to ask, the most promising first.
    ask: VecDeque<Address>,
    /// The master that a Sentinel named last.
    master: Option<(String, u16)>,
}

/// A cluster as one of its nodes sees it.
struct ClusterView {
    /// The master of the slot that was asked for.
    owner: Option<(String, u16)>,
    nodes: Vec<(String, u16)>,
}

impl Locator {
    pub(crate) fn new(address: Address) -> Locator {
        let ask = address.nodes().collect();
        Locator {
            address,
            ask,
            master: None,
        }
    }

    /// The address, with what has been found out about it.
    pub(crate) fn address(&self) -> &Address {
        &self.address
    }

    /// The server that was found; `None` where the keys are spread over several.
    pub(crate) fn server(&self) -> Option<Address> {
        match self.address.kind() {
            ServerKind::Server => Some(self.address.clone()),
            ServerKind::Cluster => None,
            ServerKind::Sentinel(_) => self
                .master
                .as_ref()
                .map(|(host, port)| self.address.at(host, *port)),
        }
    }

    /// Whether the keys are spread over nodes.
    pub(crate) fn is_cluster(&self) -> bool {
        *self.address.kind() == ServerKind::Cluster
    }

    /// Whether trying again later can help: where another server takes over, it also does
    /// when this one takes no changes any more.
    pub(crate) fn is_transient(&self, trouble: &Trouble) -> bool {
        let fails_over = *self.address.kind() != ServerKind::Server;
        trouble.is_transient()
            || fails_over && matches!(trouble, Trouble::ReadOnly | Trouble::NoReplicas)
    }

    /// Learns from a redirection where to ask next.
    pub(crate) fn learn(&mut self, trouble: &Trouble) {
        if let Trouble::Moved { host, port } = trouble {
            self.ask.push_front(self.address.at(host, *port));
            self.ask.truncate(MOST_KNOWN);
        }
    }

    /// Connects to the server that has `key`; what it pushes goes to `pushes`.
    pub(crate) async fn open<P: AsyncPushSender + Clone>(
        &mut self,
        key: &str,
        pushes: Option<P>,
    ) -> Result<MultiplexedConnection, Trouble> {
        let mut trouble = Trouble::Changing;
        for _ in 0..self.ask.len().max(1) {
            let Some(asked) = self.ask.front().cloned() else {
                return Err(trouble);
            };
            match self.open_by(&asked, key, pushes.clone()).await {
                Ok(conn) => return Ok(conn),
                Err(met) => trouble = met,
            }
            // What the others know may be newer.
            if self.ask.front().and_then(Address::place) == asked.place() {
                self.ask.rotate_left(1);
            }
            if !self.is_transient(&trouble) {
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
            ServerKind::Server => {
                let mut conn = connection::open(asked, pushes.clone()).await?;
                match connection::greet(&mut conn).await? {
                    (_, true) => {}
                    (Role::Sentinel, _) => return Err(Trouble::IsSentinel),
                    _ => return Ok(conn),
                }
                let seen = look(asked, key).await?;
                // A node behind a socket that knows of no node with a port is all there is.
                if seen.nodes.is_empty() && asked.place().is_none() {
                    return Ok(conn);
                }
                self.address = self.address.as_cluster();
                self.take_in(asked, &seen);
                seen.owner.ok_or(Trouble::Changing)?
            }
            ServerKind::Cluster => self.owner(asked, key).await?,
            ServerKind::Sentinel(name) => {
                let named = master(asked, name).await?;
                self.master = Some(named.clone());
                named
            }
        };
        let mut conn = connection::open(&self.address.at(&host, port), pushes).await?;
        match connection::greet(&mut conn).await? {
            (Role::Master, _) => Ok(conn),
            _ => Err(Trouble::Changing),
        }
    }

    /// Ends when the Sentinels have made another server the master. The one that is no longer
    /// goes on taking changes until they have told it, and forgets those then.
    pub(crate) async fn superseded(mut self) {
        let ServerKind::Sentinel(name) = self.address.kind().clone() else {
            return std::future::pending().await;
        };
        loop {
            if let Some(asked) = self.ask.front()
                && self.listen(asked, &name).await.is_ok()
            {
                return;
            }
            self.ask.rotate_left(self.ask.len().min(1));
            tokio::time::sleep(LISTEN_AGAIN).await;
        }
    }

    /// Listens to one Sentinel until the master is another one.
    async fn listen(&self, asked: &Address, name: &str) -> Result<(), Trouble> {
        let (sender, mut switches) = mpsc::channel(SWITCHES);
        let pushes = move |push: PushInfo| sender.try_send(push);
        let mut conn = open_sentinel(asked, name, Some(pushes)).await?;
        conn.subscribe("+switch-master")
            .await
            .map_err(Trouble::from)?;
        loop {
            if Some(master_of(&mut conn, name).await?) != self.master {
                return Ok(());
            }
            match switches.recv().await {
                Some(push) if push.kind == PushKind::Disconnection => return Err(Trouble::Lost),
                Some(_) => {}
                None => return Err(Trouble::Lost),
            }
        }
    }

    /// Asks one node which one has the slot of `key`.
    async fn owner(&mut self, asked: &Address, key: &str) -> Result<(String, u16), Trouble> {
        let seen = look(asked, key).await?;
        self.take_in(asked, &seen);
        seen.owner.ok_or(Trouble::Changing)
    }

    /// Learns whom to ask from what this node knows.
    fn take_in(&mut self, asked: &Address, seen: &ClusterView) {
        let mut ask = VecDeque::from([asked.clone()]);
        let known = seen
            .nodes
            .iter()
            .map(|(host, port)| self.address.at(host, *port));
        // The addresses that were given stay, in case the whole cluster moves.
        for node in known.chain(self.address.nodes()) {
            if ask.len() < MOST_KNOWN && !ask.iter().any(|other| other.place() == node.place()) {
                ask.push_back(node);
            }
        }
        self.ask = ask;
    }

    /// The nodes known of a cluster that take part in it now; each has been asked for `key`.
    pub(crate) async fn known(&mut self, key: &str) -> Result<Vec<Address>, Trouble> {
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

async fn look(asked: &Address, key: &str) -> Result<ClusterView, Trouble> {
    let mut conn = connection::open(asked, None::<connection::NoPushes>).await?;
    let mut questions = redis::pipe();
    questions
        .cmd("CLUSTER")
        .arg("KEYSLOT")
        .arg(key)
        .cmd("CLUSTER")
        .arg("SLOTS");
    let (slot, ranges): (i64, Value) = questions
        .query_async(&mut conn)
        .await
        .map_err(Trouble::from)?;
    // A node that does not know its own address leaves it out.
    let own = asked.place().map(|(host, _)| host).unwrap_or_default();
    let mut seen = ClusterView {
        owner: None,
        nodes: Vec::new(),
    };
    let Value::Array(ranges) = ranges else {
        return Ok(seen);
    };
    for range in &ranges {
        let Value::Array(range) = range else { continue };
        let [Value::Int(from), Value::Int(to), nodes @ ..] = &range[..] else {
            continue;
        };
        for (place, node) in nodes
            .iter()
            .filter_map(|node| node_place(node, own))
            .enumerate()
        {
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
    let Value::Array(node) = node else {
        return None;
    };
    let [host, Value::Int(port), ..] = &node[..] else {
        return None;
    };
    let host = match host {
        Value::BulkString(host) => String::from_utf8_lossy(host).into_owned(),
        _ => String::new(),
    };
    let host = if host.is_empty() {
        own.to_owned()
    } else {
        host
    };
    let port = u16::try_from(*port).ok()?;
    // A node that is reached by a socket may know neither of itself.
    (!host.is_empty() && port > 0).then_some((host, port))
}

/// Asks a Sentinel who is the master.
async fn master(asked: &Address, name: &str) -> Result<(String, u16), Trouble> {
    let mut conn = open_sentinel(asked, name, None::<connection::NoPushes>).await?;
    master_of(&mut conn, name).await
}

/// Most Sentinels want no password, and don't take one that is not wanted.
pub(crate) async fn open_sentinel<P: AsyncPushSender + Clone>(
    asked: &Address,
    name: &str,
    pushes: Option<P>,
) -> Result<MultiplexedConnection, Trouble> {
    let mut conn = connection::open(&asked.for_sentinel(false), pushes.clone()).await?;
    match master_of(&mut conn, name).await {
        Err(Trouble::NeedsPassword) => connection::open(&asked.for_sentinel(true), pushes).await,
        _ => Ok(conn),
    }
}

async fn master_of(conn: &mut MultiplexedConnection, name: &str) -> Result<(String, u16), Trouble> {
    let mut question = redis::cmd("SENTINEL");
    question.arg("GET-MASTER-ADDR-BY-NAME").arg(name);
    let answer: Option<(String, u16)> = question.query_async(conn).await.map_err(Trouble::from)?;
    answer.ok_or_else(|| Trouble::BadAddress(format!("the Sentinels know no master “{name}”")))
}
