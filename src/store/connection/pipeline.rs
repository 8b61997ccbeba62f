//! Runs many commands at once, each of one key.
//!
//! A single server gets them in pipelines. In a cluster each command goes to its own node, with
//! many in flight: those for one node leave together. A cluster's client may send a command
//! again by itself, so running one of them twice must do no harm.

use super::Conn;
use super::cluster::ClusterConn;
use super::raw::ServerConn;
use crate::store::error::Trouble;
use futures::{StreamExt, stream};
use redis::aio::ConnectionLike;
use redis::{Cmd, Pipeline, RedisError, Value};

/// Commands in one pipeline.
const PIPELINE: usize = 1_500;
/// Commands in flight in a cluster.
const IN_FLIGHT: usize = 256;

/// The answer to one command, or the server's objection to that command alone.
pub(crate) type Answer = Result<Value, Trouble>;

/// Runs commands. Their answers come in the same order, and an objection to one of them does not
/// keep the others from running.
///
/// # Errors
/// The first [transient](Trouble::is_transient) trouble: then some commands may have run.
pub(crate) async fn run_all(conn: &Conn, commands: Vec<Cmd>) -> Result<Vec<Answer>, Trouble> {
    let answers = run_each(conn, commands).await?;
    let first = answers.iter().find_map(|answer| {
        answer
            .as_ref()
            .err()
            .filter(|trouble| trouble.is_transient())
    });
    match first {
        Some(trouble) => Err(trouble.clone()),
        None => Ok(answers),
    }
}

/// Runs commands like [`run_all`]; in a cluster, the trouble of one node is the answer to the
/// commands that are for it alone.
///
/// # Errors
/// The trouble of a single server.
pub(crate) async fn run_each(conn: &Conn, commands: Vec<Cmd>) -> Result<Vec<Answer>, Trouble> {
    match conn {
        Conn::One(server) => run_on_server(server.clone(), commands).await,
        Conn::Cluster(cluster) => Ok(stream::iter(commands)
            .map(|command| run_on_cluster(cluster.clone(), command))
            .buffered(IN_FLIGHT)
            .collect()
            .await),
    }
}

async fn run_on_server(mut server: ServerConn, commands: Vec<Cmd>) -> Result<Vec<Answer>, Trouble> {
    let mut answers = Vec::with_capacity(commands.len());
    let mut commands = commands.into_iter();

    while commands.len() > 0 {
        let mut pipeline = Pipeline::with_capacity(PIPELINE.min(commands.len()));
        for command in commands.by_ref().take(PIPELINE) {
            pipeline.add_command(command);
        }

        let count = pipeline.len();
        for answer in server.req_packed_commands(&pipeline, 0, count).await? {
            answers.push(check_answer(answer)?);
        }
    }
    Ok(answers)
}

async fn run_on_cluster(mut cluster: ClusterConn, command: Cmd) -> Answer {
    cluster
        .req_packed_command(&command)
        .await
        .map_err(Trouble::from)
}

/// Checks an answer for an error. It is looked for at the top alone: no answer that is asked for
/// here has one further inside.
pub(crate) fn check_answer(answer: Value) -> Result<Answer, Trouble> {
    match answer {
        Value::ServerError(error) => sort_error(error.into()),
        answer => Ok(Ok(answer)),
    }
}

/// Tells an error that concerns one command from one that concerns the connection.
fn sort_error(error: RedisError) -> Result<Answer, Trouble> {
    let trouble = Trouble::from(error);
    if trouble.is_transient() {
        Err(trouble)
    } else {
        Ok(Err(trouble))
    }
}
