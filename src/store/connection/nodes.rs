//! Commands for single nodes of a cluster, and scans over all of them.

use crate::store::connection::Conn;
use crate::store::error::Trouble;
use redis::aio::ConnectionLike;
use redis::{Cmd, RedisError, Value};
use std::fmt;

/// Keys that one step of a scan looks at.
const SCAN_STEP: usize = 1_000;

/// Host and port of one server.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Node {
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// The server that a command is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// The only server; in a cluster, the node that the client picks.
    Any,
    /// A node of a cluster.
    Node(Node),
}

/// Lists the servers that take changes: the masters of a cluster, or the only server.
pub(crate) async fn masters(conn: &Conn) -> Vec<Target> {
    let Conn::Cluster(cluster) = conn else {
        return vec![Target::Any];
    };
    let masters = cluster.masters().await;
    masters.into_iter().map(Target::Node).collect()
}

/// Runs a command on one server.
pub(crate) async fn on_node(
    conn: &mut Conn,
    target: &Target,
    command: Cmd,
) -> Result<Value, Trouble> {
    let answer = match (conn, target) {
        (Conn::Cluster(cluster), Target::Node(node)) => cluster.on_node(node, &command).await,
        (conn, _) => conn.req_packed_command(&command).await,
    };
    answer.and_then(Value::extract_error).map_err(Trouble::from)
}

/// Counts the keys of all servers that answer.
pub(crate) async fn count_keys(conn: &mut Conn) -> usize {
    let mut keys = 0;
    for server in masters(conn).await {
        if let Ok(Value::Int(found)) = on_node(conn, &server, redis::cmd("DBSIZE")).await {
            keys += usize::try_from(found).unwrap_or(0);
        }
    }
    keys
}

/// A scan in progress, over one master after the other.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    /// The masters that are not done; unknown before the first step.
    masters: Option<Vec<Target>>,
    cursor: u64,
}

impl Scan {
    /// Reads the next keys of this pattern, and of this type where one is given, perhaps none;
    /// `None` at the end. A key may come more than once.
    pub(crate) async fn next(
        &mut self,
        conn: &mut Conn,
        pattern: &str,
        key_type: Option<&str>,
    ) -> Result<Option<Vec<Vec<u8>>>, Trouble> {
        let masters = match &mut self.masters {
            Some(masters) => masters,
            unknown => unknown.insert(masters(conn).await),
        };
        let Some(master) = masters.last() else {
            return Ok(None);
        };

        let mut scan = redis::cmd("SCAN");
        scan.arg(self.cursor)
            .arg("MATCH")
            .arg(pattern)
            .arg("COUNT")
            .arg(SCAN_STEP);
        if let Some(key_type) = key_type {
            scan.arg("TYPE").arg(key_type);
        }
        let answer = on_node(conn, master, scan).await?;
        let (cursor, keys): (u64, Vec<Vec<u8>>) = redis::from_redis_value(answer)
            .map_err(|error| Trouble::from(RedisError::from(error)))?;

        // A node is done when its cursor is back at 0.
        self.cursor = cursor;
        if cursor == 0 {
            masters.pop();
        }
        Ok(Some(keys))
    }
}
