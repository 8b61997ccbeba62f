//! A connection for reading much: commands are written ahead, and answers are looked at where
//! they lie.
//!
//! redis-rs gives every value of an answer memory of its own, and its parser takes a core for
//! more than a second with the six million values of a large catalog. This does nothing else
//! than ask for products, of one server, without TLS; where it can't be had, everything is
//! asked the usual way. Nothing is written here.

use crate::model::product::FIELDS;
use crate::store::catalog::load::{Batch, Fields, Ids, fetch};
use crate::store::connection::pipeline;
use crate::store::connection::{ANSWER, CONNECT, Connection};
use crate::store::error::Trouble;
use futures::{FutureExt, Stream, StreamExt, stream};
use redis::{Cmd, ConnectionAddr, ConnectionInfo, Pipeline};
use resp_rs::codec::CodecError;
use resp_rs::resp2::Codec;
pub(crate) use resp_rs::resp2::Frame;
use std::pin::{Pin, pin};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::codec::FramedRead;

/// Batches that are asked for before the first of them is answered.
const AHEAD: usize = 16;

type Reader = Pin<Box<dyn AsyncRead + Send>>;
type Writer = Pin<Box<dyn AsyncWrite + Send>>;

pub(crate) struct Bulk {
    answers: FramedRead<Reader, Codec>,
    commands: Writer,
}

impl Bulk {
    /// Opens one to the server that `connection` leads to; `None` where that is not to be had.
    pub(crate) async fn open(connection: &Connection) -> Option<Bulk> {
        let info = connection.server()?.connection_info().ok()?;
        timeout(CONNECT, Bulk::greet(&info)).await.ok()?
    }

    async fn greet(info: &ConnectionInfo) -> Option<Bulk> {
        let (answers, commands): (Reader, Writer) = match info.addr() {
            ConnectionAddr::Tcp(host, port) => {
                let (answers, commands) = TcpStream::connect((host.as_str(), *port))
                    .await
                    .ok()?
                    .into_split();
                (Box::pin(answers), Box::pin(commands))
            }
            ConnectionAddr::Unix(path) => {
                let (answers, commands) = UnixStream::connect(path).await.ok()?.into_split();
                (Box::pin(answers), Box::pin(commands))
            }
            _ => return None,
        };
        let mut bulk = Bulk {
            answers: FramedRead::new(answers, Codec::new()),
            commands,
        };
        for command in greetings(info) {
            bulk.commands
                .write_all(&command.get_packed_command())
                .await
                .ok()?;
            match bulk.answers.next().await {
                Some(Ok(Frame::SimpleString(_))) => {}
                _ => return None,
            }
        }
        Some(bulk)
    }

    /// Reads the products with these ids.
    pub(crate) fn read(
        self,
        ids: impl Stream<Item = Result<Ids, Trouble>> + Send + 'static,
    ) -> impl Stream<Item = Result<Batch, Trouble>> {
        let (asked, asking) = mpsc::channel(AHEAD);
        // A server hears the end of the commands, and then answers no more: until all is read,
        // they are kept in what the task leaves behind.
        let task = tokio::spawn(ask(self.commands, ids, asked));
        stream::unfold(
            (self.answers, Some(asking), task),
            |(mut answers, asking, task)| async move {
                let mut asking = asking?;
                let batch = match asking.recv().await? {
                    Ok(ids) => take(&mut answers, ids).await,
                    Err(trouble) => Err(trouble),
                };
                // What follows an error can't be told apart.
                let asking = batch.is_ok().then_some(asking);
                Some((batch, (answers, asking, task)))
            },
        )
    }
}

/// What tells the server who we are, and where we read.
fn greetings(info: &ConnectionInfo) -> Vec<Cmd> {
    let (settings, mut commands) = (info.redis_settings(), Vec::new());
    if let Some(password) = settings.password() {
        let mut auth = redis::cmd("AUTH");
        auth.arg(settings.username()).arg(password);
        commands.push(auth);
    }
    if settings.db() != 0 {
        commands.push(redis::cmd("SELECT").arg(settings.db()).to_owned());
    }
    // A server that has no room for us says so at the first chance.
    commands.push(redis::cmd("PING"));
    commands
}

/// Writes commands, to the last or until nobody waits for the answers any more.
async fn ask(
    mut commands: Writer,
    ids: impl Stream<Item = Result<Ids, Trouble>>,
    asked: mpsc::Sender<Result<Ids, Trouble>>,
) -> Writer {
    let mut ids = pin!(ids);
    while let Some(batch) = ids.next().await {
        let packed = batch.as_ref().map(pack).unwrap_or_default();
        if asked.send(batch).await.is_err() {
            break;
        }
        let written = match timeout(ANSWER, commands.write_all(&packed)).await {
            Ok(written) => written.map_err(|_| Trouble::Lost),
            Err(_) => Err(Trouble::Timeout),
        };
        if let Err(trouble) = written {
            let _ = asked.send(Err(trouble)).await;
            break;
        }
    }
    commands
}

fn pack(ids: &Ids) -> Vec<u8> {
    let mut pipeline = Pipeline::with_capacity(ids.len());
    for id in ids {
        pipeline.add_command(fetch(id));
    }
    pipeline.get_packed_pipeline()
}

/// Takes the answers to one batch.
async fn take(answers: &mut FramedRead<Reader, Codec>, ids: Ids) -> Result<Batch, Trouble> {
    let mut batch = Vec::with_capacity(ids.len());
    for id in ids {
        // Most answers are there already, and need no clock.
        let frame = match answers.next().now_or_never() {
            Some(frame) => frame,
            None => timeout(ANSWER, answers.next())
                .await
                .map_err(|_| Trouble::Timeout)?,
        };
        let fields = match frame {
            Some(Ok(Frame::Error(error))) => refused(&error)?,
            Some(Ok(frame)) => Fields::Bulk(frame),
            Some(Err(CodecError::Parse(error))) => return Err(Trouble::Other(error.to_string())),
            Some(Err(_)) | None => return Err(Trouble::Lost),
        };
        batch.push((id, fields));
    }
    Ok(batch)
}

/// What the server has against one product must not hide the others; the link's trouble must.
fn refused(error: &[u8]) -> Result<Fields, Trouble> {
    let line = [b"-", error, b"\r\n"].concat();
    let answer = redis::parse_redis_value(&line).map_err(|_| Trouble::Lost)?;
    Ok(Fields::Read(
        pipeline::check_answer(answer)?.unwrap_or(redis::Value::Nil),
    ))
}

/// The values of a product; `None` where the answer is none.
pub(crate) fn fields(frame: &Frame) -> Option<[Option<&[u8]>; FIELDS.len()]> {
    let values = frame.as_array()?;
    Some(std::array::from_fn(|place| match values.get(place) {
        Some(Frame::BulkString(Some(bytes))) => Some(&bytes[..]),
        _ => None,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What becomes of these bytes, as the answers to two commands.
    fn answered(bytes: &[u8]) -> Result<Batch, Trouble> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        let bytes: Reader = Box::pin(std::io::Cursor::new(bytes.to_vec()));
        let ids = vec![b"one".to_vec(), b"two".to_vec()];
        runtime.block_on(take(&mut FramedRead::new(bytes, Codec::new()), ids))
    }

    fn names(batch: &Batch) -> Vec<Option<String>> {
        let name = |(id, fields): &(Vec<u8>, Fields)| Some(fields.decoded(id)?.name.into_owned());
        batch.iter().map(name).collect()
    }

    #[test]
    fn one_product_may_fail_and_not_the_link() {
        let two = "*6\r\n$3\r\nTwo\r\n$-1\r\n$-1\r\n$-1\r\n$-1\r\n$-1\r\n";
        let wrong =
            answered(format!("-WRONGTYPE Operation against ..\r\n{two}").as_bytes()).unwrap();
        assert_eq!(names(&wrong), [None, Some("Two".to_owned())]);
        for odd in [
            "*0\r\n",
            "*-1\r\n",
            "$-1\r\n",
            ":3\r\n",
            "+OK\r\n",
            "*1\r\n*1\r\n$1\r\nx\r\n",
        ] {
            let odd = answered(format!("{odd}{two}").as_bytes()).unwrap();
            assert_eq!(names(&odd), [None, Some("Two".to_owned())]);
        }
        for (said, trouble) in [
            (
                "-LOADING Redis is loading the dataset in memory\r\n",
                Trouble::Loading,
            ),
            (two, Trouble::Lost),
        ] {
            assert_eq!(answered(said.as_bytes()).err(), Some(trouble));
        }
        for junk in [
            "?\r\n".to_owned(),
            "*99999999999\r\n".to_owned(),
            "*1\r\n".repeat(100_000),
        ] {
            assert!(
                matches!(answered(junk.as_bytes()), Err(Trouble::Other(_))),
                "{junk:.20}"
            );
        }
    }

    proptest! {
        #[test]
        fn nothing_that_a_server_says_is_a_panic(bytes in "([*$+:-][0-9]{0,3}|[a-z]{0,4}|\r\n){0,30}") {
            if let Ok(batch) = answered(bytes.as_bytes()) {
                prop_assert_eq!(names(&batch).len(), 2);
            }
        }
    }
}
