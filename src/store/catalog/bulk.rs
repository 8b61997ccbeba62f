//! A connection for reading a large catalog: commands are written ahead, and answers are looked
//! at where they lie.
//!
//! redis-rs gives every value of an answer memory of its own, and its parser takes a core for
//! more than a second with the six million values of a large catalog. This connection does
//! nothing else than ask for products, of one server; where it can't be had, everything is asked
//! the usual way. Nothing is written here.

use crate::store::catalog::fields::{Batch, Ids, ProductFields, fetch_command};
use crate::store::catalog::resp::{Reply, ReplyDecoder, ReplyError};
use crate::store::connection::Connection;
use crate::store::connection::address::Address;
use crate::store::connection::pipeline;
use crate::store::connection::stream::{
    ANSWER, ByteStream, GREETING, Progress, open as open_stream,
};
use crate::store::error::Trouble;
use futures::{FutureExt, Stream, StreamExt, stream};
use redis::{Cmd, ConnectionInfo, Pipeline};
use std::pin::pin;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::sync::mpsc;
use tokio_util::codec::FramedRead;

/// Batches that are asked for before the first of them is answered.
const BATCHES_AHEAD: usize = 16;
/// Bytes that are read at once.
const READ_AT_ONCE: usize = 64 * 1024;

type Writer = WriteHalf<Box<dyn ByteStream>>;

/// The replies of the server, and a watch over them.
struct Replies<R> {
    frames: FramedRead<R, ReplyDecoder>,
    progress: Arc<Progress>,
}

/// A connection that only reads products.
pub(crate) struct BulkConnection {
    replies: Replies<ReadHalf<Box<dyn ByteStream>>>,
    commands: Writer,
}

impl BulkConnection {
    /// Opens a connection to the server that `connection` leads to; `None` where it can't be
    /// had.
    pub(crate) async fn open(connection: &Connection) -> Option<BulkConnection> {
        let address = connection.server()?;
        let progress = Progress::new();
        let greeting = BulkConnection::greet(&address, &progress);
        progress.wait(GREETING, greeting).await.ok()?
    }

    async fn greet(address: &Address, progress: &Arc<Progress>) -> Option<BulkConnection> {
        let info = address.connection_info().ok()?;
        let stream = open_stream(address, progress).await.ok()?;
        let (reader, commands) = tokio::io::split(stream);
        let mut bulk = BulkConnection {
            replies: Replies::of(reader, progress),
            commands,
        };

        for command in greetings(&info) {
            let packed = command.get_packed_command();
            bulk.commands.write_all(&packed).await.ok()?;

            let reply = bulk.replies.frames.next().await?.ok()?;
            if !reply.is_status() {
                return None;
            }
        }
        Some(bulk)
    }

    /// Reads the products with these ids.
    pub(crate) fn read(
        self,
        ids: impl Stream<Item = Result<Ids, Trouble>> + Send + 'static,
    ) -> impl Stream<Item = Result<Batch, Trouble>> {
        let (asked, asking) = mpsc::channel(BATCHES_AHEAD);
        // A server that hears the end of the commands answers no more. The task returns the
        // writer, so that it stays open until all is read.
        let progress = self.replies.progress.clone();
        let writing = tokio::spawn(write_commands(self.commands, progress, ids, asked));

        let start = (self.replies, Some(asking), writing);
        stream::unfold(start, |(mut replies, asking, writing)| async move {
            let mut asking = asking?;
            let batch = match asking.recv().await? {
                Ok(ids) => take_batch(&mut replies, ids).await,
                Err(trouble) => Err(trouble),
            };

            // What follows an error can't be told apart.
            let asking = batch.is_ok().then_some(asking);
            Some((batch, (replies, asking, writing)))
        })
    }
}

impl<R: AsyncRead> Replies<R> {
    fn of(reader: R, progress: &Arc<Progress>) -> Replies<R> {
        Replies {
            frames: FramedRead::with_capacity(reader, ReplyDecoder::default(), READ_AT_ONCE),
            progress: progress.clone(),
        }
    }
}

/// The commands that tell the server who we are, and which database we read.
fn greetings(info: &ConnectionInfo) -> Vec<Cmd> {
    let settings = info.redis_settings();
    let mut commands = Vec::new();

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

/// Writes the commands for all ids, or until nobody waits for the answers any more. Tells
/// `asked` of each batch before it is written.
async fn write_commands(
    mut commands: Writer,
    progress: Arc<Progress>,
    ids: impl Stream<Item = Result<Ids, Trouble>>,
    asked: mpsc::Sender<Result<Ids, Trouble>>,
) -> Writer {
    let mut ids = pin!(ids);
    while let Some(batch) = ids.next().await {
        let packed = batch.as_ref().map(pack_commands).unwrap_or_default();
        if asked.send(batch).await.is_err() {
            break;
        }

        let writing = commands.write_all(&packed);
        let written = match progress.wait_for_answer(packed.len(), writing).await {
            Ok(written) => written.map_err(|_| Trouble::Lost),
            Err(trouble) => Err(trouble),
        };
        if let Err(trouble) = written {
            let _ = asked.send(Err(trouble)).await;
            break;
        }
    }
    commands
}

fn pack_commands(ids: &Ids) -> Vec<u8> {
    let mut pipeline = Pipeline::with_capacity(ids.len());
    for id in ids {
        pipeline.add_command(fetch_command(id));
    }
    pipeline.get_packed_pipeline()
}

/// Takes the answers to one batch.
async fn take_batch<R>(replies: &mut Replies<R>, ids: Ids) -> Result<Batch, Trouble>
where
    R: AsyncRead + Unpin,
{
    let mut batch = Vec::with_capacity(ids.len());
    for id in ids {
        let reply = next_reply(replies).await?;
        let fields = match reply.error() {
            Some(error) => refused(error)?,
            None => ProductFields::Reply(reply),
        };
        batch.push((id, fields));
    }
    Ok(batch)
}

async fn next_reply<R: AsyncRead + Unpin>(replies: &mut Replies<R>) -> Result<Reply, Trouble> {
    // Most replies are there already, and need no clock.
    let next = match replies.frames.next().now_or_never() {
        Some(next) => next,
        None => replies.progress.wait(ANSWER, replies.frames.next()).await?,
    };

    match next {
        Some(Ok(reply)) => Ok(reply),
        Some(Err(ReplyError::Malformed(why))) => Err(Trouble::Unexpected(format!(
            "the server's answer can't be read: {why}"
        ))),
        Some(Err(ReplyError::Io(_))) | None => Err(Trouble::Lost),
    }
}

/// Stands for a product that the server refuses to read, which must not hide the others.
///
/// # Errors
/// The [`Trouble`] where the error is of the whole connection.
fn refused(error: &[u8]) -> Result<ProductFields, Trouble> {
    let line = [b"-", error, b"\r\n"].concat();
    let answer = redis::parse_redis_value(&line).map_err(|_| Trouble::Lost)?;
    let value = pipeline::check_answer(answer)?.unwrap_or(redis::Value::Nil);
    Ok(ProductFields::Value(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Reads these bytes as the answers to two commands.
    fn read_answers(bytes: &[u8]) -> Result<Batch, Trouble> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        let reader = std::io::Cursor::new(bytes.to_vec());
        let mut replies = Replies::of(reader, &Progress::new());
        let ids = vec![b"one".to_vec(), b"two".to_vec()];
        runtime.block_on(take_batch(&mut replies, ids))
    }

    fn names(batch: &Batch) -> Vec<Option<String>> {
        batch
            .iter()
            .map(|(id, fields)| Some(fields.decode(id)?.name.into_owned()))
            .collect()
    }

    const TWO: &str = "*6\r\n$3\r\nTwo\r\n$-1\r\n$-1\r\n$-1\r\n$-1\r\n$-1\r\n";

    #[test]
    fn one_product_may_fail_and_not_the_others() {
        for odd in [
            "-WRONGTYPE Operation against ..\r\n",
            "*0\r\n",
            "*-1\r\n",
            "$-1\r\n",
            ":3\r\n",
            "+OK\r\n",
            "*1\r\n*1\r\n$1\r\nx\r\n",
        ] {
            let answers = read_answers(format!("{odd}{TWO}").as_bytes()).unwrap();
            assert_eq!(names(&answers), [None, Some("Two".to_owned())], "{odd}");
        }
    }

    #[test]
    fn trouble_of_the_connection_is_told() {
        let loading = "-LOADING Redis is loading the dataset in memory\r\n";
        for (answer, trouble) in [(loading, Trouble::Loading), (TWO, Trouble::Lost)] {
            assert_eq!(read_answers(answer.as_bytes()).err(), Some(trouble));
        }

        let deep = "*1\r\n".repeat(100_000);
        for junk in ["?\r\n", "*99999999999\r\n", deep.as_str()] {
            let answers = read_answers(junk.as_bytes());
            assert!(matches!(answers, Err(Trouble::Unexpected(_))), "{junk:.20}");
        }
    }

    proptest! {
        #[test]
        fn nothing_that_a_server_says_is_a_panic(
            bytes in "([*$+:-][0-9]{0,3}|[a-z]{0,4}|\r\n){0,30}",
        ) {
            if let Ok(batch) = read_answers(bytes.as_bytes()) {
                prop_assert_eq!(names(&batch).len(), 2);
            }
        }
    }
}
