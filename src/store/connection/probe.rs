//! Finds out why a server can't be talked to, where what happened does not say it: it speaks
//! otherwise, or says something and hangs up before it has read anything.
//!
//! Nothing secret is sent here.

use crate::store::connection::address::Address;
use crate::store::connection::nodes::Node;
use crate::store::connection::stream::{self, Progress};
use crate::store::error::Trouble;
use rustls::ClientConnection;
use rustls::pki_types::ServerName;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// The time limit for finding out one thing.
const LIMIT: Duration = Duration::from_secs(1);
/// The longest line that a server is heard out for, in bytes.
const LONGEST_LINE: usize = 1024;
/// The first byte of a TLS handshake, and that of a TLS alert.
const TLS_RECORDS: [u8; 2] = [0x16, 0x15];

/// Explains the trouble with opening a connection, where more can be found out.
pub(super) async fn explain(address: &Address, trouble: Trouble) -> Trouble {
    match trouble {
        // Such a server waits for the rest of a line.
        Trouble::Timeout if address.is_tls() => {
            let is_plain = within_limit(speaks_plaintext(address)).await;
            is_plain.unwrap_or(Trouble::Timeout)
        }
        Trouble::Lost if !address.is_tls() => {
            if let Some(is_secure) = within_limit(speaks_tls(address)).await {
                return is_secure;
            }
            let words = within_limit(last_words(address)).await;
            words.unwrap_or(Trouble::Lost)
        }
        trouble => trouble,
    }
}

async fn within_limit(finding_out: impl Future<Output = Option<Trouble>>) -> Option<Trouble> {
    timeout(LIMIT, finding_out).await.ok()?
}

async fn reach(node: &Node) -> Option<TcpStream> {
    TcpStream::connect((node.host.as_str(), node.port))
        .await
        .ok()
}

/// The trouble where the server at a TLS address answers without TLS.
async fn speaks_plaintext(address: &Address) -> Option<Trouble> {
    let mut stream = reach(&address.node()?).await?;
    stream.write_all(b"PING\r\n").await.ok()?;
    let mut answer = [0; 5];
    stream.read_exact(&mut answer).await.ok()?;

    matches!(&answer, b"+PONG" | b"-NOAU" | b"-DENI" | b"-ERR ").then(|| {
        Trouble::Tls("that port speaks without TLS: write redis:// for rediss://".to_owned())
    })
}

/// The trouble where the server at an address without TLS answers by TLS alone.
async fn speaks_tls(address: &Address) -> Option<Trouble> {
    let node = address.node()?;
    let name = ServerName::try_from(node.host.clone()).ok()?;
    let mut client = ClientConnection::new(address.tls().ok()?, name).ok()?;
    let mut hello = Vec::new();
    client.write_tls(&mut hello).ok()?;

    let mut stream = reach(&node).await?;
    stream.write_all(&hello).await.ok()?;
    let first = stream.read_u8().await.ok()?;
    TLS_RECORDS
        .contains(&first)
        .then(|| Trouble::Tls("that port speaks TLS: write rediss:// for redis://".to_owned()))
}

/// The words of a server before it hangs up: that it is full, or is not for everybody.
async fn last_words(address: &Address) -> Option<Trouble> {
    let mut stream = stream::open(address, &Progress::new()).await.ok()?;
    let mut line = Vec::new();
    while line.len() < LONGEST_LINE && !line.ends_with(b"\r\n") {
        line.push(stream.read_u8().await.ok()?);
    }

    let words = redis::parse_redis_value(&line).ok()?;
    let error = words.extract_error().err()?;
    Some(Trouble::from(error))
}
