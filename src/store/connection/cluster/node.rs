//! The connection to one node of a cluster.

use super::super::address::Address;
use super::super::raw::{self, NoPushes, ServerConn};
use crate::store::error::Trouble;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// The time for which a node that can't be reached is not tried again: whoever needs it meanwhile
/// is told at once.
const REST: Duration = Duration::from_millis(500);

/// The connection to one node.
pub(super) struct NodeConn {
    address: Address,
    state: Mutex<NodeState>,
}

enum NodeState {
    Closed,
    Open(Arc<ServerConn>),
    /// It could not be reached, and is not tried again until then.
    Resting {
        trouble: Trouble,
        until: Instant,
    },
}

impl NodeConn {
    /// A connection that is opened when it is first needed.
    pub(super) fn new(address: Address) -> NodeConn {
        NodeConn {
            address,
            state: Mutex::new(NodeState::Closed),
        }
    }

    pub(super) async fn is_open(&self) -> bool {
        // Where the lock is taken, somebody is just connecting.
        let state = self.state.try_lock();
        state.is_ok_and(|state| matches!(*state, NodeState::Open(_)))
    }

    /// The open connection. Where there is none, all who need the node wait for one attempt.
    pub(super) async fn open(&self) -> Result<Arc<ServerConn>, Trouble> {
        let mut state = self.state.lock().await;
        match &*state {
            NodeState::Open(conn) => return Ok(conn.clone()),
            NodeState::Resting { trouble, until } if Instant::now() < *until => {
                return Err(trouble.clone());
            }
            NodeState::Resting { .. } | NodeState::Closed => {}
        }

        match raw::open(&self.address, None::<NoPushes>).await {
            Ok(conn) => {
                let conn = Arc::new(conn);
                *state = NodeState::Open(conn.clone());
                Ok(conn)
            }
            Err(trouble) => {
                *state = NodeState::resting(&trouble);
                Err(trouble)
            }
        }
    }

    /// Takes note that `conn` does not work, unless there is another one by now.
    pub(super) async fn give_up(&self, conn: &Arc<ServerConn>, trouble: &Trouble) {
        let mut state = self.state.lock().await;
        if matches!(&*state, NodeState::Open(open) if Arc::ptr_eq(open, conn)) {
            *state = match trouble {
                Trouble::Lost => NodeState::Closed,
                silent => NodeState::resting(silent),
            };
        }
    }
}

impl NodeState {
    fn resting(trouble: &Trouble) -> NodeState {
        NodeState::Resting {
            trouble: trouble.clone(),
            until: Instant::now() + REST,
        }
    }
}
