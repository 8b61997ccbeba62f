//! Connections to Redis.

use super::address::{Address, Kind};
use super::error::Trouble;
use super::keys;
use super::locate::Locator;
use super::probe;
use crate::model::{Timeout, quantity};
use redis::aio::{AsyncPushSender, ConnectionLike, MultiplexedConnection};
use redis::cluster::ClusterClientBuilder;
use redis::cluster_async::ClusterConnection;
use redis::cluster_routing::{MultipleNodeRoutingInfo, RoutingInfo, SingleNodeRoutingInfo};
use redis::io::tcp::TcpSettings;
use redis::{
    AsyncConnectionConfig, Cmd, FromRedisValue, Pipeline, ProtocolVersion, RedisError, RedisFuture,
    Value,
};
use std::collections::HashMap;
use std::time::Duration;

/// How long a connection may take to come about.
pub(super) const CONNECT: Duration = Duration::from_millis(1000);
/// How long an answer may take.
pub(super) const ANSWER: Duration = Duration::from_millis(1500);

/// How long an answer of a cluster may take, with all that its client tries.
const OVERALL: Duration = Duration::from_millis(5000);
/// How often a cluster's client tries again: what it asks may be done twice without harm.
const RETRIES: u32 = 4;

/// Keys that one step of a scan looks at.
const SCANNED: usize = 1_000;

/// The rules by which changes are made, and who makes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Who changes carts: shown to the others.
    pub by: String,
    /// How long a cart lives after its last change.
    pub session_timeout: Timeout,
    /// How long a line stays that nobody touches.
    pub item_timeout: Timeout,
    /// The replicas that must have a change before it counts as confirmed.
    pub confirm_replicas: u32,
    /// The most pieces on one line, from 1 to [`quantity::HIGHEST_LIMIT`].
    pub line_limit: u32,
}

impl Default for Policy {
    fn default() -> Policy {
        Policy {
            by: "trolley".to_owned(),
            session_timeout: Timeout::After(30 * 60 * 1000),
            item_timeout: Timeout::Never,
            confirm_replicas: 0,
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

/// A scan under way, over one node of a cluster after the other.
#[derive(Debug, Default)]
pub(super) struct Scan {
    nodes: Option<Vec<Option<Node>>>,
    cursor: u64,
}

impl Scan {
    /// The next keys of this pattern and type, perhaps none, with repeats; `None` at the end.
    pub(super) async fn next(
        &mut self,
        conn: &mut Conn,
        pattern: &str,
        kind: &str,
    ) -> Result<Option<Vec<Vec<u8>>>, Trouble> {
        if self.nodes.is_none() {
            self.nodes = Some(masters(conn).await?);
        }
        let Some(node) = self.nodes.as_ref().and_then(|nodes| nodes.last()) else {
            return Ok(None);
        };
        let mut scan = redis::cmd("SCAN");
        scan.arg(self.cursor)
            .arg("MATCH")
            .arg(pattern)
            .arg("COUNT")
            .arg(SCANNED)
            .arg("TYPE")
            .arg(kind);
        let step = on_node(conn, node.as_ref(), scan).await?;
        let (next, keys): (u64, Vec<Vec<u8>>) = redis::from_redis_value(step)
            .map_err(|error| Trouble::from(RedisError::from(error)))?;
        self.cursor = next;
        if let (0, Some(nodes)) = (next, &mut self.nodes) {
            nodes.pop();
        }
        Ok(Some(keys))
    }
}

/// Host and port.
pub(super) type Node = (String, u16);

/// The masters of a cluster; `None` stands for the only server.
pub(super) async fn masters(conn: &mut Conn) -> Result<Vec<Option<Node>>, Trouble> {
    let Conn::Cluster(cluster) = conn else {
        return Ok(vec![None]);
    };
    let everywhere = RoutingInfo::MultiNode((MultipleNodeRoutingInfo::AllMasters, None));
    let ping = redis::cmd("PING");
    let answers = cluster
        .route_command(ping, everywhere)
        .await
        .map_err(Trouble::from)?;
    // Without a policy the answers come by node.
    let Value::Map(by_node) = answers else {
        return Ok(Vec::new());
    };
    let node = |(name, _): (Value, Value)| {
        let name: String = redis::from_redis_value(name).ok()?;
        let (host, port) = name.rsplit_once(':')?;
        Some(Some((host.to_owned(), port.parse().ok()?)))
    };
    Ok(by_node.into_iter().filter_map(node).collect())
}

/// Runs a command on one node of a cluster, or on the only server.
pub(super) async fn on_node(
    conn: &mut Conn,
    node: Option<&Node>,
    command: Cmd,
) -> Result<Value, Trouble> {
    let answer = match (conn, node) {
        (Conn::Cluster(cluster), Some((host, port))) => {
            let there = SingleNodeRoutingInfo::ByAddress {
                host: host.clone(),
                port: *port,
            };
            cluster
                .route_command(command, RoutingInfo::SingleNode(there))
                .await
        }
        (conn, _) => conn.req_packed_command(&command).await,
    };
    answer.and_then(Value::extract_error).map_err(Trouble::from)
}

/// What a command is answered.
pub(super) async fn answer<T: FromRedisValue>(
    command: &Cmd,
    link: &mut impl ConnectionLike,
) -> Result<T, Trouble> {
    command.query_async(link).await.map_err(Trouble::from)
}

/// Reads over `$connection`; where the link breaks on the way, once more over a new one, as a
/// server that has just taken over may cut the first.
macro_rules! read_again {
    ($connection:expr, $read:expr) => {
        match $read {
            Err(trouble) if $connection.may_pass(&trouble) => {
                $connection.renew(&trouble).await?;
                $read
            }
            settled => settled,
        }
    };
}
pub(super) use read_again;

/// A connection for the plain functions of the store. It connects anew where it broke.
pub struct Connection {
    locator: Locator,
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

    /// What answers at its address, as has been found out.
    pub(super) fn kind(&self) -> Kind {
        self.locator.address().kind().clone()
    }

    /// The only server that this leads to; `None` where there are several.
    pub(super) fn server(&self) -> Option<Address> {
        self.locator.server()
    }

    /// Whether trying again later can help.
    pub(super) fn may_pass(&self, trouble: &Trouble) -> bool {
        self.locator.may_pass(trouble)
    }

    /// Connects again, to where the cart has moved.
    pub(super) async fn renew(&mut self, after: &Trouble) -> Result<(), Trouble> {
        self.locator.learn(after);
        self.link = open_all(&mut self.locator).await?;
        Ok(())
    }
}

/// Connects to the Redis at `address`.
///
/// # Errors
/// The [`Trouble`] that stands in the way: refused, no such host, timeout, wrong password ...
pub async fn connect(address: &Address) -> Result<Connection, Trouble> {
    let mut locator = Locator::new(address.clone());
    let link = open_all(&mut locator).await?;
    Ok(Connection {
        locator,
        link,
        policy: Policy::default(),
    })
}

pub(super) type NoPushes = fn(redis::PushInfo) -> Result<(), ()>;

/// Opens a connection to all keys.
pub(super) async fn open_all(locator: &mut Locator) -> Result<Conn, Trouble> {
    if !locator.is_cluster() {
        // The key matters only if this turns out to be a cluster.
        let server = locator.open(keys::CATALOG, None::<NoPushes>).await?;
        if !locator.is_cluster() {
            return Ok(Conn::One(server));
        }
    }
    let nodes = locator.known(keys::CATALOG).await?;
    open_cluster(locator.address(), nodes).await
}

/// Opens a client of a cluster, of which some nodes are known.
async fn open_cluster(address: &Address, nodes: Vec<Address>) -> Result<Conn, Trouble> {
    let infos = nodes
        .iter()
        .map(Address::info)
        .collect::<Result<Vec<_>, _>>()?;
    let mut builder = ClusterClientBuilder::new(infos)
        .use_protocol(ProtocolVersion::RESP3)
        .tcp_settings(TcpSettings::default().set_nodelay(true))
        .connection_timeout(CONNECT)
        .response_timeout(ANSWER)
        .overall_response_timeout(Some(OVERALL))
        .retries(RETRIES);
    if let Some(tls) = address.tls() {
        builder = builder.certs(tls);
    }
    let client = builder.build()?;
    // A frozen node takes up all the time for connecting, and the others answer after that.
    let opening = client.get_async_connection();
    match tokio::time::timeout(CONNECT + ANSWER, opening).await {
        Ok(opened) => Ok(Conn::Cluster(opened?)),
        Err(_) => Err(Trouble::Timeout),
    }
}

/// What a server calls itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Master,
    Replica,
    Sentinel,
}

/// Asks a server for its role, and whether it is a node of a cluster. Every user may ask so.
pub(super) async fn greet(conn: &mut MultiplexedConnection) -> Result<(Role, bool), Trouble> {
    let hello: HashMap<String, Value> = redis::cmd("HELLO")
        .query_async(conn)
        .await
        .map_err(Trouble::from)?;
    let says = |field: &str, word: &str| match hello.get(field) {
        Some(Value::BulkString(said)) => said == word.as_bytes(),
        Some(Value::SimpleString(said)) => said == word,
        _ => false,
    };
    let role = match () {
        () if says("mode", "sentinel") => Role::Sentinel,
        () if says("role", "master") => Role::Master,
        () => Role::Replica,
    };
    Ok((role, says("mode", "cluster")))
}

/// Opens one connection; what the server pushes goes to `pushes`, which must not block.
pub(super) async fn open<P: AsyncPushSender>(
    address: &Address,
    pushes: Option<P>,
) -> Result<MultiplexedConnection, Trouble> {
    let mut config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(CONNECT))
        .set_response_timeout(Some(ANSWER));
    if let Some(pushes) = pushes {
        config = config.set_push_sender(pushes);
    }
    let client = redis::Client::open(address.info()?)?;
    // The library's own limit leaves out the greeting, and a frozen server never greets.
    let opening = client.get_multiplexed_async_connection_with_config(&config);
    let opened = match tokio::time::timeout(CONNECT, opening).await {
        Ok(opened) => opened.map_err(Trouble::from),
        Err(_) => Err(Trouble::Timeout),
    };
    match opened {
        Err(Trouble::Timeout) if probe::is_plain(address).await => Err(Trouble::Tls(
            "that port speaks without TLS: write redis:// for rediss://".to_owned(),
        )),
        opened => opened,
    }
}
