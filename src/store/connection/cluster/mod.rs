//! A connection to a cluster: each command goes to the node that has its key.
//!
//! A node is connected to once a command needs it. So a node that is lost or silent stands in the
//! way of those who ask for what it has, and of nobody else.

mod node;
mod request;

use super::address::Address;
use super::discovery::Locator;
use super::nodes::Node;
use super::raw::ServerConn;
use super::retry::PAUSE;
use super::slots::SlotMap;
use crate::store::error::Trouble;
use node::NodeConn;
use redis::aio::ConnectionLike;
use redis::{
    Cmd, ErrorKind, Pipeline, RedisError, RedisFuture, RedisResult, ServerErrorKind, Value,
};
use request::{Reaction, Request};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;
use tokio::time::sleep;

/// The times that a command is sent again. That is safe, as a command may run twice without harm.
const RETRIES: u32 = 4;
/// The time for which an answer about who has which slots is taken for fresh.
const FRESH: Duration = Duration::from_millis(200);

/// A connection to all nodes of a cluster. Its clones share it.
#[derive(Clone)]
pub(crate) struct ClusterConn {
    cluster: Arc<Cluster>,
    /// The node that lacked the script of the last command: the script is loaded there.
    lacks_script: Option<Node>,
}

impl ClusterConn {
    pub(crate) fn new(locator: Locator, slots: SlotMap) -> ClusterConn {
        ClusterConn {
            cluster: Arc::new(Cluster {
                address: locator.address().clone(),
                lookout: Mutex::new(Lookout {
                    locator,
                    looked_at: Instant::now(),
                }),
                slots: Mutex::new(Arc::new(slots)),
                nodes: Mutex::default(),
            }),
            lacks_script: None,
        }
    }

    /// The masters, as they are known.
    pub(crate) async fn masters(&self) -> Vec<Node> {
        self.cluster.slots().await.masters()
    }

    /// Runs a command on one node.
    pub(crate) async fn on_node(&self, node: &Node, command: &Cmd) -> RedisResult<Value> {
        let answers = self.cluster.ask(node, Request::Command(command)).await?;
        Ok(only(answers))
    }

    /// Runs a request where its key is.
    async fn run(&mut self, request: Request<'_>) -> RedisResult<Vec<Value>> {
        if let Some(node) = self.lacks_script.take().filter(|_| request.loads_script()) {
            return self.cluster.ask(&node, request).await;
        }

        let (node, outcome) = match request.slot() {
            Some(slot) => self.cluster.ask_owner(slot, request).await?,
            None => self.cluster.ask_any(request).await?,
        };
        if failure(&outcome).is_some_and(|error| error.kind() == NO_SCRIPT) {
            self.lacks_script = Some(node);
        }
        outcome
    }
}

const NO_SCRIPT: ErrorKind = ErrorKind::Server(ServerErrorKind::NoScript);

impl ConnectionLike for ClusterConn {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        Box::pin(async move {
            let answers = self.run(Request::Command(command)).await?;
            Ok(only(answers))
        })
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        let request = Request::Pipeline {
            pipeline,
            offset,
            count,
        };
        Box::pin(self.run(request))
    }

    fn get_db(&self) -> i64 {
        0
    }
}

/// The state that the clones of a connection share.
struct Cluster {
    /// Login and TLS of all nodes.
    address: Address,
    lookout: Mutex<Lookout>,
    slots: Mutex<Arc<SlotMap>>,
    nodes: Mutex<HashMap<Node, Arc<NodeConn>>>,
}

/// Finds out who has which slots.
struct Lookout {
    locator: Locator,
    looked_at: Instant,
}

/// A node that was asked, and the outcome of that.
type Asked = (Node, RedisResult<Vec<Value>>);

impl Cluster {
    async fn slots(&self) -> Arc<SlotMap> {
        self.slots.lock().await.clone()
    }

    /// Asks the node that has `slot`, and follows the slot where it moves.
    async fn ask_owner(&self, slot: u16, request: Request<'_>) -> RedisResult<Asked> {
        let mut slots = self.slots().await;
        let mut node = owner(&slots, slot)?;
        let mut outcome = self.ask(&node, request).await;

        for _ in 0..RETRIES {
            let Some(error) = failure(&outcome) else {
                break;
            };

            match Reaction::to(&error, &node) {
                Reaction::Accept => break,
                Reaction::Ask(target) => {
                    outcome = self.ask(&target, request.asking()).await;
                    node = target;
                    continue;
                }
                Reaction::Follow(target) => {
                    slots = self.note_owner(&slots, slot, target).await;
                }
                Reaction::Wait => {
                    sleep(PAUSE).await;
                    slots = self.look_again(&slots).await;
                }
                Reaction::Reconnect => slots = self.look_again(&slots).await,
                Reaction::Replace => {
                    slots = self.look_again(&slots).await;
                    if slots.owner(slot) == Some(&node) {
                        break;
                    }
                }
            }

            node = owner(&slots, slot)?;
            outcome = self.ask(&node, request).await;
        }
        Ok((node, outcome))
    }

    /// Asks any node: one that is connected, before those that may not answer.
    async fn ask_any(&self, request: Request<'_>) -> RedisResult<Asked> {
        let mut connected = Vec::new();
        let mut others = Vec::new();
        for node in self.slots().await.masters() {
            if self.node(&node).await.is_open().await {
                connected.push(node);
            } else {
                others.push(node);
            }
        }

        let mut last = None;
        for node in connected.into_iter().chain(others) {
            let outcome = self.ask(&node, request).await;
            match &outcome {
                Err(error) if Trouble::from(error).is_transient() => last = Some((node, outcome)),
                Ok(_) | Err(_) => return Ok((node, outcome)),
            }
        }
        last.ok_or_else(|| Trouble::Changing.into())
    }

    /// Asks one node once.
    async fn ask(&self, node: &Node, request: Request<'_>) -> RedisResult<Vec<Value>> {
        let node_conn = self.node(node).await;
        let conn = match node_conn.open().await {
            Ok(conn) => conn,
            Err(trouble) => return Err(trouble.at(node).into()),
        };

        let outcome = request.send(&mut ServerConn::clone(&conn)).await;
        let Err(error) = outcome else { return outcome };
        match Trouble::from(&error) {
            trouble @ (Trouble::Lost | Trouble::Timeout) => {
                node_conn.give_up(&conn, &trouble).await;
                Err(trouble.at(node).into())
            }
            _ => Err(error),
        }
    }

    async fn node(&self, node: &Node) -> Arc<NodeConn> {
        let mut nodes = self.nodes.lock().await;
        let known = nodes
            .entry(node.clone())
            .or_insert_with(|| Arc::new(NodeConn::new(self.address.at(node))));
        known.clone()
    }

    /// Finds out who has which slots, unless somebody has done so since `seen` was found out.
    async fn look_again(&self, seen: &Arc<SlotMap>) -> Arc<SlotMap> {
        let mut lookout = self.lookout.lock().await;
        let known = self.slots().await;
        if !Arc::ptr_eq(seen, &known) || lookout.looked_at.elapsed() < FRESH {
            return known;
        }

        // A node that is cut off from the others does not know that it is out of date.
        lookout.locator.ask_another_first();
        let found = lookout.locator.slot_map().await;
        lookout.looked_at = Instant::now();
        match found {
            Ok(found) => self.replace(found).await,
            Err(_) => known,
        }
    }

    /// Takes note that a node knows the owner of `slot`.
    async fn note_owner(&self, seen: &Arc<SlotMap>, slot: u16, owner: Node) -> Arc<SlotMap> {
        // Others may have moved, too.
        let found = self.look_again(seen).await;
        if found.owner(slot) == Some(&owner) {
            return found;
        }

        // The node that was asked now does not know it yet.
        let mut slots = SlotMap::clone(&found);
        slots.note_owner(slot, owner);
        self.replace(slots).await
    }

    async fn replace(&self, slots: SlotMap) -> Arc<SlotMap> {
        let slots = Arc::new(slots);
        *self.slots.lock().await = slots.clone();
        slots
    }
}

fn owner(slots: &SlotMap, slot: u16) -> RedisResult<Node> {
    slots
        .owner(slot)
        .cloned()
        .ok_or_else(|| Trouble::Changing.into())
}

/// The answer to a single command.
fn only(answers: Vec<Value>) -> Value {
    answers.into_iter().next().unwrap_or(Value::Nil)
}

/// The first error in an outcome. Those of a pipeline stand among its answers.
fn failure(outcome: &RedisResult<Vec<Value>>) -> Option<RedisError> {
    match outcome {
        Ok(answers) => answers.iter().find_map(|answer| match answer {
            Value::ServerError(error) => Some(error.clone().into()),
            _ => None,
        }),
        Err(error) => Some(error.clone()),
    }
}
