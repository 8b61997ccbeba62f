//! Commands for single nodes of a cluster, and scans over all of them.

use crate::store::connection::Conn;
use crate::store::error::Trouble;
use redis::aio::ConnectionLike;
use redis::cluster_routing::{MultipleNodeRoutingInfo, RoutingInfo, SingleNodeRoutingInfo};
use redis::{Cmd, RedisError, Value};
use std::fmt;

/// Keys that one step of a scan looks at.
const SCAN_STEP: usize = 1_000;

/// Host and port of one server.
#[derive(Debug, Clone, PartialEq, Eq)]
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
pub(crate) async fn masters(conn: &mut Conn) -> Result<Vec<Target>, Trouble> {
    let Conn::Cluster(cluster) = conn else {
        return Ok(vec![Target::Any]);
    };

    // Without a policy for the answers, they come by node.
    let everywhere = RoutingInfo::MultiNode((MultipleNodeRoutingInfo::AllMasters, None));
    let answers = cluster
        .route_command(redis::cmd("PING"), everywhere)
        .await
        .map_err(Trouble::from)?;
    let Value::Map(by_node) = answers else {
        return Ok(Vec::new());
    };

    let nodes = by_node.into_iter().filter_map(|(name, _)| {
        let name: String = redis::from_redis_value(name).ok()?;
        let (host, port) = name.rsplit_once(':')?;
        Some(Target::Node(Node {
            host: host.to_owned(),
            port: port.parse().ok()?,
        }))
    });
    Ok(nodes.collect())
}

/// Runs a command on one server.
pub(crate) async fn on_node(
    conn: &mut Conn,
    target: &Target,
    command: Cmd,
) -> Result<Value, Trouble> {
    let answer = match (conn, target) {
        (Conn::Cluster(cluster), Target::Node(node)) => {
            let by_address = SingleNodeRoutingInfo::ByAddress {
                host: node.host.clone(),
                port: node.port,
            };
            cluster
                .route_command(command, RoutingInfo::SingleNode(by_address))
                .await
        }
        (conn, _) => conn.req_packed_command(&command).await,
    };
    answer.and_then(Value::extract_error).map_err(Trouble::from)
}

/// A scan in progress, over one master after the other.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    /// The masters that are not done; unknown before the first step.
    masters: Option<Vec<Target>>,
    cursor: u64,
}

impl Scan {
    /// Reads the next keys of this pattern and type, perhaps none; `None` at the end. A key may
    /// come more than once.
    pub(crate) async fn next(
        &mut self,
        conn: &mut Conn,
        pattern: &str,
        key_type: &str,
    ) -> Result<Option<Vec<Vec<u8>>>, Trouble> {
        let masters = match &mut self.masters {
            Some(masters) => masters,
            unknown => unknown.insert(masters(conn).await?),
        };
        let Some(master) = masters.last() else {
            return Ok(None);
        };

        let mut scan = redis::cmd("SCAN");
        scan.arg(self.cursor)
            .arg("MATCH")
            .arg(pattern)
            .arg("COUNT")
            .arg(SCAN_STEP)
            .arg("TYPE")
            .arg(key_type);
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
