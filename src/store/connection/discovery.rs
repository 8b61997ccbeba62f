//! Finds the server that has a key, by asking the nodes of a cluster, or Sentinels.
//!
//! Any of them can be down or out of date. So after every failure another one is asked, and a
//! server counts only if it calls itself a master.

use crate::store::connection::address::{Address, SentinelLogin, ServerKind};
use crate::store::connection::nodes::Node;
use crate::store::connection::raw::{self, Greeting, NoPushes, ServerRole};
use crate::store::error::Trouble;
use redis::aio::{AsyncPushSender, MultiplexedConnection};
use redis::{PushInfo, PushKind, Value};
use std::collections::VecDeque;
use std::time::Duration;
use tokio::sync::mpsc;

/// The most candidates that are kept.
const MOST_CANDIDATES: usize = 64;
/// Messages of a Sentinel that wait to be read. After any of them it is asked for the master.
const SENTINEL_MESSAGES: usize = 16;
/// The pause before another Sentinel is listened to.
const LISTEN_AGAIN: Duration = Duration::from_secs(1);

/// Finds servers, and remembers what it learns about them.
#[derive(Clone)]
pub(crate) struct Locator {
    address: Address,
    /// The servers to ask, the most promising first.
    candidates: VecDeque<Address>,
    /// The master that a Sentinel named last.
    master: Option<Node>,
}

impl Locator {
    pub(crate) fn new(address: Address) -> Locator {
        let candidates = address.servers().collect();
        Locator {
            address,
            candidates,
            master: None,
        }
    }

    /// The address, with what was found out about it.
    pub(crate) fn address(&self) -> &Address {
        &self.address
    }

    /// The server that was found; `None` where the keys are spread over several.
    pub(crate) fn server(&self) -> Option<Address> {
        match self.address.kind() {
            ServerKind::Server => Some(self.address.clone()),
            ServerKind::Cluster => None,
            ServerKind::Sentinel(_) => self.master.as_ref().map(|node| self.address.at(node)),
        }
    }

    /// Tells whether the keys are spread over nodes.
    pub(crate) fn is_cluster(&self) -> bool {
        *self.address.kind() == ServerKind::Cluster
    }

    /// Tells whether trying again later can help. In a cluster or behind Sentinels it also helps
    /// when a server takes no changes any more: another one takes over.
    pub(crate) fn is_transient(&self, trouble: &Trouble) -> bool {
        let fails_over = *self.address.kind() != ServerKind::Server;
        trouble.is_transient()
            || fails_over && matches!(trouble, Trouble::ReadOnly | Trouble::NoReplicas)
    }

    /// Takes from a redirection which server to ask next.
    pub(crate) fn note_redirect(&mut self, trouble: &Trouble) {
        if let Trouble::Moved { host, port } = trouble {
            let node = Node {
                host: host.clone(),
                port: *port,
            };
            self.candidates.push_front(self.address.at(&node));
            self.candidates.truncate(MOST_CANDIDATES);
        }
    }

    /// Connects to the server that has `key`. Its pushes go to `pushes`.
    pub(crate) async fn open<P: AsyncPushSender + Clone>(
        &mut self,
        key: &str,
        pushes: Option<P>,
    ) -> Result<MultiplexedConnection, Trouble> {
        let mut trouble = Trouble::Changing;

        for _ in 0..self.candidates.len().max(1) {
            let Some(asked) = self.candidates.front().cloned() else {
                return Err(trouble);
            };
            match self.open_through(&asked, key, pushes.clone()).await {
                Ok(conn) => return Ok(conn),
                Err(failure) => trouble = failure,
            }

            // The others may know something newer.
            if self.candidates.front().and_then(Address::node) == asked.node() {
                self.candidates.rotate_left(1);
            }
            if !self.is_transient(&trouble) {
                break;
            }
        }
        Err(trouble)
    }

    /// Connects to the server that has `key`, by what one candidate says.
    async fn open_through<P: AsyncPushSender + Clone>(
        &mut self,
        asked: &Address,
        key: &str,
        pushes: Option<P>,
    ) -> Result<MultiplexedConnection, Trouble> {
        let owner = match self.address.kind() {
            ServerKind::Server => {
                let mut conn = raw::open(asked, pushes.clone()).await?;
                let greeting = raw::greet(&mut conn).await?;
                match self.owner_by_greeting(asked, key, greeting).await? {
                    Some(owner) => owner,
                    None => return Ok(conn),
                }
            }
            ServerKind::Cluster => self.ask_owner(asked, key).await?,
            ServerKind::Sentinel(name) => {
                let master = ask_sentinel(asked, name).await?;
                self.master = Some(master.clone());
                master
            }
        };

        let mut conn = raw::open(&self.address.at(&owner), pushes).await?;
        match raw::greet(&mut conn).await?.role {
            ServerRole::Master => Ok(conn),
            ServerRole::Replica | ServerRole::Sentinel => Err(Trouble::Changing),
        }
    }

    /// The owner of `key` where a server turns out to be a node of a cluster; `None` where the
    /// server itself has all keys.
    async fn owner_by_greeting(
        &mut self,
        asked: &Address,
        key: &str,
        greeting: Greeting,
    ) -> Result<Option<Node>, Trouble> {
        if !greeting.is_cluster_node {
            return match greeting.role {
                ServerRole::Sentinel => Err(Trouble::IsSentinel),
                ServerRole::Master | ServerRole::Replica => Ok(None),
            };
        }

        let view = ask_node(asked, key).await?;
        // A node behind a socket that knows of no node with a port is all there is.
        if view.nodes.is_empty() && asked.node().is_none() {
            return Ok(None);
        }

        self.address = self.address.as_cluster();
        self.note_nodes(asked, &view);
        view.owner.map(Some).ok_or(Trouble::Changing)
    }

    /// Asks one node of a cluster which node has `key`.
    async fn ask_owner(&mut self, asked: &Address, key: &str) -> Result<Node, Trouble> {
        let view = ask_node(asked, key).await?;
        self.note_nodes(asked, &view);
        view.owner.ok_or(Trouble::Changing)
    }

    /// Takes the nodes that a node knows as the new candidates.
    fn note_nodes(&mut self, asked: &Address, view: &ClusterView) {
        let mut candidates = VecDeque::from([asked.clone()]);
        let known = view.nodes.iter().map(|node| self.address.at(node));

        // The addresses that were given stay, in case the whole cluster moves.
        for server in known.chain(self.address.servers()) {
            let node = server.node();
            if candidates.len() < MOST_CANDIDATES
                && !candidates.iter().any(|other| other.node() == node)
            {
                candidates.push_back(server);
            }
        }
        self.candidates = candidates;
    }

    /// Lists the nodes of a cluster, as the first of them that answers knows them.
    pub(crate) async fn cluster_nodes(&mut self, key: &str) -> Result<Vec<Address>, Trouble> {
        let mut trouble = Trouble::Changing;
        for asked in self.candidates.clone() {
            match self.ask_owner(&asked, key).await {
                Ok(_) => return Ok(self.candidates.iter().cloned().collect()),
                Err(failure) => trouble = failure,
            }
        }
        Err(trouble)
    }

    /// Waits until the Sentinels have made another server the master. The old one goes on taking
    /// changes until they have told it, and then loses those.
    pub(crate) async fn superseded(self) {
        if let ServerKind::Sentinel(name) = self.address.kind() {
            for asked in self.candidates.iter().cycle() {
                if self.listen(asked, name).await.is_ok() {
                    return;
                }
                tokio::time::sleep(LISTEN_AGAIN).await;
            }
        }
        std::future::pending().await
    }

    /// Listens to one Sentinel until the master is another one.
    async fn listen(&self, asked: &Address, name: &str) -> Result<(), Trouble> {
        let (sender, mut messages) = mpsc::channel(SENTINEL_MESSAGES);
        let pushes = move |push: PushInfo| sender.try_send(push);
        let mut conn = open_sentinel(asked, name, Some(pushes)).await?;
        conn.subscribe("+switch-master")
            .await
            .map_err(Trouble::from)?;

        loop {
            if Some(master_named(&mut conn, name).await?) != self.master {
                return Ok(());
            }
            match messages.recv().await {
                Some(push) if push.kind == PushKind::Disconnection => return Err(Trouble::Lost),
                Some(_) => {}
                None => return Err(Trouble::Lost),
            }
        }
    }
}

/// A cluster as one of its nodes sees it.
#[derive(Debug, Default)]
struct ClusterView {
    /// The master of the slot that was asked for.
    owner: Option<Node>,
    nodes: Vec<Node>,
}

impl ClusterView {
    /// Reads the answer to CLUSTER SLOTS: ranges of slots, each with its master and replicas.
    fn decode(answer: &Value, slot: i64, own_host: &str) -> ClusterView {
        let mut view = ClusterView::default();
        let Value::Array(ranges) = answer else {
            return view;
        };

        for range in ranges {
            let Value::Array(range) = range else { continue };
            let [Value::Int(from), Value::Int(to), nodes @ ..] = &range[..] else {
                continue;
            };

            let mut nodes = nodes
                .iter()
                .filter_map(|node| decode_node(node, own_host))
                .peekable();
            if (*from..=*to).contains(&slot)
                && let Some(master) = nodes.peek()
            {
                view.owner = Some(master.clone());
            }
            for node in nodes {
                if !view.nodes.contains(&node) {
                    view.nodes.push(node);
                }
            }
        }
        view
    }
}

fn decode_node(node: &Value, own_host: &str) -> Option<Node> {
    let Value::Array(node) = node else {
        return None;
    };
    let [host, Value::Int(port), ..] = &node[..] else {
        return None;
    };

    // A node that does not know its own host leaves it out. One that is reached by a socket may
    // know neither host nor port of itself.
    let host = match host {
        Value::BulkString(host) if !host.is_empty() => String::from_utf8_lossy(host).into_owned(),
        _ => own_host.to_owned(),
    };
    let port = u16::try_from(*port).ok()?;
    (!host.is_empty() && port > 0).then_some(Node { host, port })
}

/// Asks one node of a cluster for the nodes it knows, and for the one that has `key`.
async fn ask_node(asked: &Address, key: &str) -> Result<ClusterView, Trouble> {
    let mut conn = raw::open(asked, None::<NoPushes>).await?;
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

    let own_host = asked.node().map(|node| node.host).unwrap_or_default();
    Ok(ClusterView::decode(&ranges, slot, &own_host))
}

/// Asks a Sentinel which server is the master.
async fn ask_sentinel(asked: &Address, name: &str) -> Result<Node, Trouble> {
    let mut conn = open_sentinel(asked, name, None::<NoPushes>).await?;
    master_named(&mut conn, name).await
}

/// Connects to a Sentinel, with the password only where the Sentinel wants one.
pub(crate) async fn open_sentinel<P: AsyncPushSender + Clone>(
    asked: &Address,
    name: &str,
    pushes: Option<P>,
) -> Result<MultiplexedConnection, Trouble> {
    let anonymous = asked.for_sentinel(SentinelLogin::Anonymous);
    let mut conn = raw::open(&anonymous, pushes.clone()).await?;
    match master_named(&mut conn, name).await {
        Err(Trouble::NeedsPassword) => {
            raw::open(&asked.for_sentinel(SentinelLogin::FromAddress), pushes).await
        }
        _ => Ok(conn),
    }
}

async fn master_named(conn: &mut MultiplexedConnection, name: &str) -> Result<Node, Trouble> {
    let mut question = redis::cmd("SENTINEL");
    question.arg("GET-MASTER-ADDR-BY-NAME").arg(name);
    let answer: Option<(String, u16)> = question.query_async(conn).await.map_err(Trouble::from)?;

    let (host, port) = answer
        .ok_or_else(|| Trouble::BadAddress(format!("the Sentinels know no master “{name}”")))?;
    Ok(Node { host, port })
}
