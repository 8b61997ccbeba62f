//! Connections to Redis: one server, a cluster, or a master that Sentinels name.

pub(crate) mod address;
mod cluster;
pub(crate) mod discovery;
pub(crate) mod nodes;
pub(crate) mod pipeline;
mod probe;
pub(crate) mod pushes;
pub(crate) mod raw;
pub(crate) mod replicas;
pub(crate) mod retry;
mod slots;
pub(crate) mod stream;
mod survey;

use crate::store::error::Trouble;
use crate::store::policy::Policy;
use address::{Address, ServerKind};
use cluster::ClusterConn;
use discovery::Locator;
use raw::{NoPushes, ServerConn};
use redis::aio::ConnectionLike;
use redis::{Cmd, FromRedisValue, Pipeline, RedisFuture, Value};

/// A connection for the plain functions of the store. It can connect again where it broke.
pub struct Connection {
    locator: Locator,
    pub(crate) conn: Conn,
    pub(crate) policy: Policy,
}

impl Connection {
    /// A connection that goes over a link which is open.
    pub(crate) fn over(locator: Locator, conn: Conn, policy: Policy) -> Connection {
        Connection {
            locator,
            conn,
            policy,
        }
    }

    /// Sets who makes changes, and by which rules.
    #[must_use]
    pub fn with_policy(mut self, policy: Policy) -> Connection {
        self.policy = policy;
        self
    }

    /// The kind of server behind the address, as far as it was found out.
    pub(crate) fn kind(&self) -> ServerKind {
        self.locator.address().kind().clone()
    }

    /// The only server that this leads to; `None` where there are several.
    pub(crate) fn server(&self) -> Option<Address> {
        self.locator.server()
    }

    /// Tells whether trying again later can help.
    pub(crate) fn is_transient(&self, trouble: &Trouble) -> bool {
        self.locator.is_transient(trouble)
    }

    /// Connects again. Where `after` says that the keys have moved, this follows them.
    pub(crate) async fn reconnect(&mut self, after: &Trouble) -> Result<(), Trouble> {
        self.locator.note_trouble(after);
        self.conn = open_all(&mut self.locator).await?;
        Ok(())
    }
}

/// Connects to the Redis at `address`.
///
/// # Errors
/// The [`Trouble`] that stands in the way: refused, no such host, timeout, wrong password ...
pub async fn connect(address: &Address) -> Result<Connection, Trouble> {
    let mut locator = Locator::new(address.clone());
    let conn = open_all(&mut locator).await?;
    Ok(Connection {
        locator,
        conn,
        policy: Policy::default(),
    })
}

/// A connection that reaches all keys: to one server, or to all nodes of a cluster.
#[derive(Clone)]
pub(crate) enum Conn {
    /// One server has all keys.
    One(ServerConn),
    /// The keys are spread; each command goes to the node that has its key.
    Cluster(ClusterConn),
}

impl ConnectionLike for Conn {
    fn req_packed_command<'a>(&'a mut self, cmd: &'a Cmd) -> RedisFuture<'a, Value> {
        match self {
            Conn::One(server) => server.req_packed_command(cmd),
            Conn::Cluster(cluster) => cluster.req_packed_command(cmd),
        }
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        match self {
            Conn::One(server) => server.req_packed_commands(pipeline, offset, count),
            Conn::Cluster(cluster) => cluster.req_packed_commands(pipeline, offset, count),
        }
    }

    fn get_db(&self) -> i64 {
        match self {
            Conn::One(server) => server.get_db(),
            Conn::Cluster(cluster) => cluster.get_db(),
        }
    }
}

/// Opens a connection to all keys.
pub(crate) async fn open_all(locator: &mut Locator) -> Result<Conn, Trouble> {
    if let Some(server) = locator.open_single(None::<NoPushes>).await? {
        return Ok(Conn::One(server));
    }
    let slots = locator.slot_map().await?;
    Ok(Conn::Cluster(ClusterConn::new(locator.clone(), slots)))
}

/// Runs a command and decodes its answer.
pub(crate) async fn answer<T: FromRedisValue>(
    command: &Cmd,
    conn: &mut impl ConnectionLike,
) -> Result<T, Trouble> {
    command.query_async(conn).await.map_err(Trouble::from)
}
