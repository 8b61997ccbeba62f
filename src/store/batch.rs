//! Many commands at once, each of one key: the one place that knows how.
//!
//! A single server gets them in pipelines. The nodes of a cluster get them each on its own
//! way, many in flight: what is under way to one node leaves in one go. As a cluster's client
//! may send a command again by itself, doing one of them twice must do no harm.

use super::connection::Conn;
use super::error::Trouble;
use futures::{StreamExt, TryStreamExt, stream};
use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::{Cmd, Pipeline, Value};

/// Commands in one pipeline.
const PIPELINE: usize = 500;
/// Commands in flight in a cluster.
const FLYING: usize = 256;

/// Runs commands; their answers come in the same order, and what a server has against one of
/// them does not keep the others from being done.
///
/// # Errors
/// The first [`Trouble`] that [may pass](Trouble::may_pass): then some may have been done.
pub(super) async fn run(conn: &Conn, commands: Vec<Cmd>) -> Result<Vec<Result<Value, Trouble>>, Trouble> {
    match conn {
        Conn::One(server) => {
            let mut answers = Vec::with_capacity(commands.len());
            for some in commands.chunks(PIPELINE) {
                answers.extend(pipeline(server.clone(), some).await?);
            }
            Ok(answers)
        }
        Conn::Cluster(cluster) => {
            let one = |command: Cmd| {
                let mut cluster = cluster.clone();
                async move { settle(cluster.req_packed_command(&command).await.map_err(Trouble::from)) }
            };
            stream::iter(commands).map(one).buffered(FLYING).try_collect().await
        }
    }
}

async fn pipeline(
    mut server: MultiplexedConnection,
    commands: &[Cmd],
) -> Result<Vec<Result<Value, Trouble>>, Trouble> {
    let mut pipeline = Pipeline::with_capacity(commands.len());
    pipeline.ignore_errors();
    for command in commands {
        pipeline.add_command(command.clone());
    }
    let answers: Vec<Value> = pipeline.query_async(&mut server).await.map_err(Trouble::from)?;
    answers.into_iter().map(|answer| settle(answer.extract_error().map_err(Trouble::from))).collect()
}

/// Tells what concerns one command from what concerns the link.
fn settle(answer: Result<Value, Trouble>) -> Result<Result<Value, Trouble>, Trouble> {
    match answer {
        Err(trouble) if trouble.may_pass() => Err(trouble),
        settled => Ok(settled),
    }
}
