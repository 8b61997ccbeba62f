//! Why a secure connection gets no answer: a server without TLS waits for the rest of a line.

use crate::store::connection::address::Address;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How long the answer may take.
const PATIENCE: Duration = Duration::from_secs(1);

/// Whether the server answers without TLS. It is asked nothing that it must not show.
pub(crate) async fn is_plain(address: &Address) -> bool {
    let Some(place) = address.place().filter(|_| address.is_tls()) else {
        return false;
    };
    let asking = async {
        let mut stream = TcpStream::connect(place).await?;
        stream.write_all(b"PING\r\n").await?;
        let mut answer = [0; 5];
        stream.read_exact(&mut answer).await?;
        Ok::<_, std::io::Error>(matches!(&answer, b"+PONG" | b"-NOAU" | b"-DENI"))
    };
    matches!(tokio::time::timeout(PATIENCE, asking).await, Ok(Ok(true)))
}
