//! Opens one connection to one server, and asks the server for its role.

use crate::store::connection::address::Address;
use crate::store::connection::probe;
use crate::store::connection::stream::{self, GREETING, Progress};
use crate::store::error::Trouble;
use redis::aio::{AsyncPushSender, ConnectionLike, MultiplexedConnection};
use redis::{Arg, AsyncConnectionConfig, Cmd, Pipeline, PushInfo, RedisFuture, Value};
use std::collections::HashMap;
use std::sync::Arc;

/// The receiver of a connection that expects no pushes: `None::<NoPushes>`.
pub(crate) type NoPushes = fn(PushInfo) -> Result<(), ()>;

/// The requests that a connection takes before they are written. Beyond them some wait for room, and
/// do not keep their order.
pub(crate) const REQUESTS_AHEAD: usize = 4_096;

/// A connection to one server. Its clones share it.
#[derive(Clone)]
pub(crate) struct ServerConn {
    conn: MultiplexedConnection,
    progress: Arc<Progress>,
}

impl ServerConn {
    /// Subscribes to channels.
    pub(crate) async fn subscribe(&mut self, channels: &[&str]) -> Result<(), Trouble> {
        let subscribing = self.conn.subscribe(channels);
        let subscribed = self.progress.wait_for_answer(0, subscribing).await?;
        subscribed.map_err(Trouble::from)
    }
}

impl ConnectionLike for ServerConn {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        Box::pin(async move {
            let bytes = bytes_of(command);
            let answer = self.conn.req_packed_command(command);
            self.progress.wait_for_answer(bytes, answer).await?
        })
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        Box::pin(async move {
            let bytes = pipeline.cmd_iter().map(bytes_of).sum();
            let answers = self.conn.req_packed_commands(pipeline, offset, count);
            self.progress.wait_for_answer(bytes, answers).await?
        })
    }

    fn get_db(&self) -> i64 {
        self.conn.get_db()
    }
}

/// The bytes of a command, without what separates its arguments.
fn bytes_of(command: &Cmd) -> usize {
    command
        .args_iter()
        .map(|argument| match argument {
            Arg::Simple(bytes) => bytes.len(),
            _ => 0,
        })
        .sum()
}

/// Opens one connection. Pushes of the server go to `pushes`, which must not block.
pub(crate) async fn open<P: AsyncPushSender>(
    address: &Address,
    pushes: Option<P>,
) -> Result<ServerConn, Trouble> {
    match greeted(address, pushes).await {
        Ok(conn) => Ok(conn),
        Err(trouble) => Err(probe::explain(address, trouble).await),
    }
}

async fn greeted<P: AsyncPushSender>(
    address: &Address,
    pushes: Option<P>,
) -> Result<ServerConn, Trouble> {
    // How long an answer may take is watched over here.
    let mut config = AsyncConnectionConfig::new()
        .set_response_timeout(None)
        .set_pipeline_buffer_size(REQUESTS_AHEAD);
    if let Some(pushes) = pushes {
        config = config.set_push_sender(pushes);
    }

    let progress = Progress::new();
    let stream = stream::open(address, &progress).await?;
    let info = address.connection_info()?;
    let greeting = MultiplexedConnection::new_with_config(info.redis_settings(), stream, config);
    let (conn, driver) = progress.wait(GREETING, greeting).await??;
    tokio::spawn(driver);
    Ok(ServerConn { conn, progress })
}

/// The role of a server, by its own words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ServerRole {
    Master,
    Replica,
    Sentinel,
}

/// A server's answer to HELLO, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Greeting {
    pub(crate) role: ServerRole,
    pub(crate) is_cluster_node: bool,
}

/// Asks a server for its role, and whether it is a node of a cluster. Every user may ask this.
pub(crate) async fn greet(conn: &mut ServerConn) -> Result<Greeting, Trouble> {
    let hello: HashMap<String, Value> = redis::cmd("HELLO")
        .query_async(conn)
        .await
        .map_err(Trouble::from)?;

    let role = if says(&hello, "mode", "sentinel") {
        ServerRole::Sentinel
    } else if says(&hello, "role", "master") {
        ServerRole::Master
    } else {
        ServerRole::Replica
    };
    Ok(Greeting {
        role,
        is_cluster_node: says(&hello, "mode", "cluster"),
    })
}

fn says(hello: &HashMap<String, Value>, field: &str, word: &str) -> bool {
    match hello.get(field) {
        Some(Value::BulkString(said)) => said == word.as_bytes(),
        Some(Value::SimpleString(said)) => said == word,
        _ => false,
    }
}
