//! Connections to Redis.

use super::address::Address;
use super::error::Trouble;
use crate::model::{Timeout, quantity};
use redis::aio::{AsyncPushSender, ConnectionLike, MultiplexedConnection};
use redis::cluster_async::ClusterConnection;
use redis::{AsyncConnectionConfig, Cmd, Pipeline, RedisFuture, Value};
use std::time::Duration;

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_millis(1000);
/// How long an answer may take.
const ANSWER: Duration = Duration::from_millis(1500);

/// The rules by which changes are made, and who makes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Who changes carts: shown to the others.
    pub by: String,
    /// How long a cart lives after its last change.
    pub session_timeout: Timeout,
    /// How long a line stays that nobody touches.
    pub item_timeout: Timeout,
    /// The most pieces on one line, from 1 to [`quantity::HIGHEST_LIMIT`].
    pub line_limit: u32,
}

impl Default for Policy {
    fn default() -> Policy {
        Policy {
            by: "trolley".to_owned(),
            session_timeout: Timeout::After(30 * 60 * 1000),
            item_timeout: Timeout::Never,
            line_limit: quantity::DEFAULT_LIMIT,
        }
    }
}

/// Where commands go: to one server, or each to the node of a cluster that has its key.
#[derive(Clone)]
pub(super) enum Conn {
    /// One server has all keys.
    One(MultiplexedConnection),
    /// The keys are spread.
    Cluster(ClusterConnection),
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

/// Finds all keys of this pattern and type, on each node of a cluster.
pub(super) async fn scan(
    conn: &mut Conn,
    pattern: &str,
    kind: &str,
    found: &mut impl FnMut(&[u8]),
) -> Result<(), Trouble> {
    let mut cursor = 0u64;
    loop {
        let mut scan = redis::cmd("SCAN");
        scan.arg(cursor).arg("MATCH").arg(pattern).arg("COUNT").arg(1000).arg("TYPE").arg(kind);
        let step: (u64, Vec<Vec<u8>>) = scan.query_async(conn).await.map_err(Trouble::from)?;
        step.1.iter().for_each(|key| found(key));
        if step.0 == 0 {
            return Ok(());
        }
        cursor = step.0;
    }
}

/// A connection for the plain functions of the store. It connects anew where it broke.
pub struct Connection {
    address: Address,
    pub(super) link: Conn,
    pub(super) policy: Policy,
}

impl Connection {
    /// Sets who makes changes, and by which rules.
    #[must_use]
    pub fn with_policy(mut self, policy: Policy) -> Connection {
        self.policy = policy;
        self
    }

    /// Connects again, to where the cart has moved.
    pub(super) async fn renew(&mut self, after: &Trouble) -> Result<(), Trouble> {
        if let Trouble::Moved { host, port } = after {
            self.address = self.address.at(host, *port);
        }
        self.link = Conn::One(open(&self.address, None::<NoPushes>).await?);
        Ok(())
    }
}

/// Connects to the Redis at `address`.
///
/// # Errors
/// The [`Trouble`] that stands in the way: refused, no such host, timeout, wrong password ...
pub async fn connect(address: &Address) -> Result<Connection, Trouble> {
    let link = Conn::One(open(address, None::<NoPushes>).await?);
    Ok(Connection { address: address.clone(), link, policy: Policy::default() })
}

type NoPushes = fn(redis::PushInfo) -> Result<(), ()>;

/// Opens one connection; what the server pushes goes to `pushes`, which must not block.
pub(super) async fn open<P: AsyncPushSender>(
    address: &Address,
    pushes: Option<P>,
) -> Result<MultiplexedConnection, Trouble> {
    let mut config =
        AsyncConnectionConfig::new().set_connection_timeout(Some(CONNECT)).set_response_timeout(Some(ANSWER));
    if let Some(pushes) = pushes {
        config = config.set_push_sender(pushes);
    }
    let client = redis::Client::open(address.info())?;
    // The library's own limit leaves out the greeting, and a frozen server never greets.
    let opening = client.get_multiplexed_async_connection_with_config(&config);
    match tokio::time::timeout(CONNECT, opening).await {
        Ok(opened) => Ok(opened?),
        Err(_) => Err(Trouble::Timeout),
    }
}
