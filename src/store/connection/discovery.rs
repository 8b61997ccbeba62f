//! Finds the server that has a key, by asking the nodes of a cluster, or Sentinels.
//!
//! Any of them can be down or out of date. So after every failure another one is asked, and a
//! server counts only if it calls itself a master.

use crate::store::connection::address::{Address, SentinelLogin, ServerKind};
use crate::store::connection::nodes::Node;
use crate::store::connection::raw::{self, NoPushes, ServerConn, ServerRole};
use crate::store::connection::slots::{SlotMap, slot_of_key};
use crate::store::connection::survey::{Survey, Verdict};
use crate::store::error::Trouble;
use redis::aio::AsyncPushSender;
use redis::{PushInfo, PushKind, Value};
use std::collections::VecDeque;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::sleep;

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

    /// Takes from trouble which server to ask next: the one that it redirects to, else another
    /// one than last time, whose view may be out of date.
    pub(crate) fn note_trouble(&mut self, trouble: &Trouble) {
        if let Trouble::Moved { host, port } = trouble {
            let node = Node {
                host: host.clone(),
                port: *port,
            };
            self.candidates.push_front(self.address.at(&node));
            self.candidates.truncate(MOST_CANDIDATES);
        } else if self.is_cluster() {
            self.ask_another_first();
        }
    }

    /// Has another candidate asked first than last time.
    pub(crate) fn ask_another_first(&mut self) {
        let first = self.candidates.pop_front();
        self.candidates.extend(first);
    }

    /// Connects to the server that has `key`. Its pushes go to `pushes`.
    pub(crate) async fn open<P: AsyncPushSender + Clone>(
        &mut self,
        key: &str,
        pushes: Option<P>,
    ) -> Result<ServerConn, Trouble> {
        match self.open_single(pushes.clone()).await? {
            Some(server) => Ok(server),
            None => self.open_owner(key, pushes).await,
        }
    }

    /// Connects to the only server that there is; `None` where the keys are spread over nodes.
    pub(crate) async fn open_single<P: AsyncPushSender + Clone>(
        &mut self,
        pushes: Option<P>,
    ) -> Result<Option<ServerConn>, Trouble> {
        match self.address.kind().clone() {
            ServerKind::Server => self.open_server(pushes).await,
            ServerKind::Cluster => Ok(None),
            ServerKind::Sentinel(name) => self.open_named(name, pushes).await.map(Some),
        }
    }

    /// Connects to the server at the address; `None` where it turns out to be a node of a cluster.
    async fn open_server<P: AsyncPushSender + Clone>(
        &mut self,
        pushes: Option<P>,
    ) -> Result<Option<ServerConn>, Trouble> {
        let mut conn = raw::open(&self.address, pushes).await?;
        let greeting = raw::greet(&mut conn).await?;
        if !greeting.is_cluster_node {
            return match greeting.role {
                ServerRole::Sentinel => Err(Trouble::IsSentinel),
                ServerRole::Master | ServerRole::Replica => Ok(Some(conn)),
            };
        }

        let asked = self.address.clone();
        let slots = read_slots(&mut conn, &asked).await?;
        // A node behind a socket that knows of no node with a port is all there is.
        if slots.nodes().is_empty() && asked.node().is_none() {
            return Ok(Some(conn));
        }

        self.address = self.address.as_cluster();
        self.note_nodes(&asked, &slots);
        Ok(None)
    }

    /// Connects to the node of a cluster that has `key`.
    async fn open_owner<P: AsyncPushSender + Clone>(
        &mut self,
        key: &str,
        pushes: Option<P>,
    ) -> Result<ServerConn, Trouble> {
        let slot = slot_of_key(key.as_bytes());
        let mut verdict = Verdict::default();
        let mut survey = Survey::of(&self.candidates, ask_slots);

        while let Some((asked, answer)) = survey.next().await {
            let slots = match answer {
                Ok(slots) => slots,
                Err(trouble) => {
                    verdict.note(trouble);
                    continue;
                }
            };

            self.note_nodes(&asked, &slots);
            if let Some(owner) = slots.owner(slot)
                && verdict.is_new(owner)
            {
                match self.open_master(owner, pushes.clone()).await {
                    Ok(conn) => return Ok(conn),
                    Err(trouble) => verdict.rule_out(owner, trouble),
                }
            }
        }
        Err(verdict.trouble())
    }

    /// Connects to the master that the Sentinels name.
    async fn open_named<P: AsyncPushSender + Clone>(
        &mut self,
        name: String,
        pushes: Option<P>,
    ) -> Result<ServerConn, Trouble> {
        let mut verdict = Verdict::default();
        let mut survey = Survey::of(&self.candidates, |asked| {
            let name = name.clone();
            async move { ask_sentinel(&asked, &name).await }
        });

        // One of them may be out of date, or none at all, while the next one knows.
        while let Some((asked, answer)) = survey.next().await {
            let master = match answer {
                Ok(master) => master,
                Err(trouble) => {
                    verdict.note(trouble);
                    continue;
                }
            };

            self.put_first(&asked);
            if verdict.is_new(&master) {
                match self.open_master(&master, pushes.clone()).await {
                    Ok(conn) => {
                        self.master = Some(master);
                        return Ok(conn);
                    }
                    Err(trouble) => verdict.rule_out(&master, trouble),
                }
            }
        }
        Err(verdict.trouble())
    }

    /// Connects to a node that must be a master.
    async fn open_master<P: AsyncPushSender + Clone>(
        &self,
        node: &Node,
        pushes: Option<P>,
    ) -> Result<ServerConn, Trouble> {
        let mut conn = raw::open(&self.address.at(node), pushes).await?;
        match raw::greet(&mut conn).await?.role {
            ServerRole::Master => Ok(conn),
            ServerRole::Replica | ServerRole::Sentinel => Err(Trouble::Changing),
        }
    }

    /// Finds out which node of the cluster has which slots, by the first that answers.
    pub(crate) async fn slot_map(&mut self) -> Result<SlotMap, Trouble> {
        let mut verdict = Verdict::default();
        let mut survey = Survey::of(&self.candidates, ask_slots);

        while let Some((asked, answer)) = survey.next().await {
            match answer {
                Ok(slots) => {
                    self.note_nodes(&asked, &slots);
                    return Ok(slots);
                }
                Err(trouble) => verdict.note(trouble),
            }
        }
        Err(verdict.trouble())
    }

    /// Has this candidate asked first from now on.
    fn put_first(&mut self, asked: &Address) {
        let node = asked.node();
        self.candidates.retain(|other| other.node() != node);
        self.candidates.push_front(asked.clone());
    }

    /// Takes the nodes that a node knows as the new candidates.
    fn note_nodes(&mut self, asked: &Address, slots: &SlotMap) {
        let mut candidates = VecDeque::from([asked.clone()]);
        let known = slots.nodes().iter().map(|node| self.address.at(node));

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

    /// Waits until the Sentinels have made another server the master. The old one goes on taking
    /// changes until they have told it, and then loses those.
    pub(crate) async fn superseded(self) {
        if let ServerKind::Sentinel(name) = self.address.kind() {
            for asked in self.candidates.iter().cycle() {
                if self.listen(asked, name).await.is_ok() {
                    return;
                }
                sleep(LISTEN_AGAIN).await;
            }
        }
        std::future::pending().await
    }

    /// Listens to one Sentinel until the master is another one.
    async fn listen(&self, asked: &Address, name: &str) -> Result<(), Trouble> {
        let (sender, mut messages) = mpsc::channel(SENTINEL_MESSAGES);
        let pushes = move |push: PushInfo| sender.try_send(push);
        let mut conn = open_sentinel(asked, name, Some(pushes)).await?;
        conn.subscribe(&["+switch-master"]).await?;

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

/// Asks one node of a cluster who has which slots.
async fn ask_slots(asked: Address) -> Result<SlotMap, Trouble> {
    let mut conn = raw::open(&asked, None::<NoPushes>).await?;
    let slots = read_slots(&mut conn, &asked).await?;
    if slots.masters().is_empty() {
        return Err(Trouble::Changing);
    }
    Ok(slots)
}

async fn read_slots(conn: &mut ServerConn, asked: &Address) -> Result<SlotMap, Trouble> {
    let mut question = redis::cmd("CLUSTER");
    question.arg("SLOTS");
    let slots: Value = question.query_async(conn).await.map_err(Trouble::from)?;

    let own_host = asked.node().map(|node| node.host).unwrap_or_default();
    Ok(SlotMap::decode(&slots, &own_host))
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
) -> Result<ServerConn, Trouble> {
    let anonymous = asked.for_sentinel(SentinelLogin::Anonymous);
    let mut conn = raw::open(&anonymous, pushes.clone()).await?;
    match master_named(&mut conn, name).await {
        Err(Trouble::NeedsPassword) => {
            raw::open(&asked.for_sentinel(SentinelLogin::FromAddress), pushes).await
        }
        _ => Ok(conn),
    }
}

async fn master_named(conn: &mut ServerConn, name: &str) -> Result<Node, Trouble> {
    let mut question = redis::cmd("SENTINEL");
    question.arg("GET-MASTER-ADDR-BY-NAME").arg(name);
    let answer: Option<(String, u16)> = question.query_async(conn).await.map_err(Trouble::from)?;

    let (host, port) = answer
        .ok_or_else(|| Trouble::BadAddress(format!("the Sentinels know no master “{name}”")))?;
    Ok(Node { host, port })
}
