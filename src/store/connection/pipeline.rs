//! Many commands at once, each of one key: the one place that knows how.
//!
//! A single server gets them in pipelines. The nodes of a cluster get them each on its own
//! way, many in flight: what is under way to one node leaves in one go. As a cluster's client
//! may send a command again by itself, doing one of them twice must do no harm.

use super::Conn;
use crate::store::error::Trouble;
use futures::{StreamExt, TryStreamExt, stream};
use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::{Cmd, Pipeline, RedisError, Value};

/// Commands in one pipeline.
const PIPELINE: usize = 1_500;
/// Commands in flight in a cluster.
const FLYING: usize = 256;

/// Runs commands; their answers come in the same order, and what a server has against one of
/// them does not keep the others from being done.
///
/// # Errors
/// The first [`Trouble`] that [may pass](Trouble::is_transient): then some may have been done.
pub(crate) async fn run(
    conn: &Conn,
    commands: Vec<Cmd>,
) -> Result<Vec<Result<Value, Trouble>>, Trouble> {
    match conn {
        Conn::One(server) => {
            let mut answers = Vec::with_capacity(commands.len());
            let (mut server, mut commands) = (server.clone(), commands.into_iter().peekable());
            while commands.peek().is_some() {
                let some = commands.by_ref().take(PIPELINE);
                for answer in pipeline(&mut server, some).await? {
                    answers.push(settle(answer)?);
                }
            }
            Ok(answers)
        }
        Conn::Cluster(cluster) => {
            let one = |command: Cmd| {
                let mut cluster = cluster.clone();
                async move {
                    match cluster.req_packed_command(&command).await {
                        Ok(answer) => settle(answer),
                        Err(error) => sort_out(error),
                    }
                }
            };
            stream::iter(commands)
                .map(one)
                .buffered(FLYING)
                .try_collect()
                .await
        }
    }
}

async fn pipeline(
    server: &mut MultiplexedConnection,
    commands: impl Iterator<Item = Cmd>,
) -> Result<Vec<Value>, Trouble> {
    let mut pipeline = Pipeline::with_capacity(commands.size_hint().0);
    for command in commands {
        pipeline.add_command(command);
    }
    let count = pipeline.len();
    Ok(server.req_packed_commands(&pipeline, 0, count).await?)
}

/// An answer, or what the server has against the command. No answer that is asked for here has
/// an error further inside.
pub(crate) fn settle(answer: Value) -> Result<Result<Value, Trouble>, Trouble> {
    match answer {
        Value::ServerError(error) => sort_out(error.into()),
        answer => Ok(Ok(answer)),
    }
}

/// Tells what concerns one command from what concerns the link.
fn sort_out(error: RedisError) -> Result<Result<Value, Trouble>, Trouble> {
    let trouble = Trouble::from(error);
    if trouble.is_transient() {
        Err(trouble)
    } else {
        Ok(Err(trouble))
    }
}
