//! Opens one connection to one server, and asks the server for its role.

use crate::store::connection::address::Address;
use crate::store::connection::{ANSWER, CONNECT};
use crate::store::error::Trouble;
use redis::aio::{AsyncPushSender, MultiplexedConnection};
use redis::{AsyncConnectionConfig, PushInfo, Value};
use std::collections::HashMap;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// The time limit for an answer in plain text.
const PLAINTEXT_ANSWER: Duration = Duration::from_secs(1);

/// The receiver of a connection that expects no pushes: `None::<NoPushes>`.
pub(crate) type NoPushes = fn(PushInfo) -> Result<(), ()>;

/// Opens one connection. Pushes of the server go to `pushes`, which must not block.
pub(crate) async fn open<P: AsyncPushSender>(
    address: &Address,
    pushes: Option<P>,
) -> Result<MultiplexedConnection, Trouble> {
    let mut config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(CONNECT))
        .set_response_timeout(Some(ANSWER));
    if let Some(pushes) = pushes {
        config = config.set_push_sender(pushes);
    }

    // The library's own limit leaves out the greeting, and a frozen server never greets.
    let client = redis::Client::open(address.connection_info()?)?;
    let opening = client.get_multiplexed_async_connection_with_config(&config);
    let opened = match timeout(CONNECT, opening).await {
        Ok(opened) => opened.map_err(Trouble::from),
        Err(_) => Err(Trouble::Timeout),
    };

    match opened {
        Err(Trouble::Timeout) if speaks_plaintext(address).await => Err(Trouble::Tls(
            "that port speaks without TLS: write redis:// for rediss://".to_owned(),
        )),
        opened => opened,
    }
}

/// Checks whether the server at a TLS address answers without TLS.
///
/// Such a server waits for the rest of a line, so a secure connection to it only times out.
/// The question holds no secret.
async fn speaks_plaintext(address: &Address) -> bool {
    let Some(node) = address.node().filter(|_| address.is_tls()) else {
        return false;
    };

    let asking = async {
        let mut stream = TcpStream::connect((node.host.as_str(), node.port)).await?;
        stream.write_all(b"PING\r\n").await?;
        let mut answer = [0; 5];
        stream.read_exact(&mut answer).await?;
        Ok::<_, std::io::Error>(matches!(&answer, b"+PONG" | b"-NOAU" | b"-DENI"))
    };
    matches!(timeout(PLAINTEXT_ANSWER, asking).await, Ok(Ok(true)))
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
pub(crate) async fn greet(conn: &mut MultiplexedConnection) -> Result<Greeting, Trouble> {
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
