//! A connection over which a change counts only once replicas have it, too.
//!
//! WAIT counts the replicas that have all that its own connection has written. So it is sent in
//! one go with the command that it is about. Sent after that command, it could run on a
//! connection that a cluster's client has opened anew meanwhile, which has written nothing and
//! waits for nothing. For the same reason a script that finds its work done writes a little of
//! it again.

use crate::store::connection::slots::argument;
use crate::store::error::{Error, Trouble};
use redis::aio::ConnectionLike;
use redis::{Cmd, ErrorKind, Pipeline, RedisError, RedisFuture, ServerErrorKind, Value};

/// The longest wait for replicas, in milliseconds. It is short, because all other commands on
/// the same connection wait, too.
const WAIT_MS: u64 = 200;

/// The command that counts the replicas that have all that this connection has written.
pub(crate) fn wait_command(replicas: u32) -> Cmd {
    let mut wait = redis::cmd("WAIT");
    wait.arg(replicas).arg(WAIT_MS);
    wait
}

/// A connection whose scripts wait for replicas.
pub(crate) struct ReplicaWait<'a, C> {
    conn: &'a mut C,
    wanted: u32,
    /// The smallest number of replicas that any of the writes reached.
    reached: u32,
    /// The smallest number of replicas that a server counted as its own when it refused to write.
    followed: u32,
}

impl<'a, C> ReplicaWait<'a, C> {
    /// Wraps `conn`, so that each write waits for `wanted` replicas; with 0 nothing waits.
    pub(crate) fn new(conn: &'a mut C, wanted: u32) -> ReplicaWait<'a, C> {
        ReplicaWait {
            conn,
            wanted,
            reached: wanted,
            followed: wanted,
        }
    }

    /// Passes on the outcome of the writes, unless replicas lack one of them. Writing the same
    /// again asks the replicas again.
    ///
    /// # Errors
    /// [`Trouble::TooFewReplicas`], and those of the outcome.
    pub(crate) fn require_replicas<T>(&self, outcome: Result<T, Error>) -> Result<T, Error> {
        let done = outcome?;
        self.check(self.reached)?;
        Ok(done)
    }

    /// [`Self::require_replicas`] for what may have been done before: there a refusal counts only
    /// from a server that counts replicas as its own. A master that was replaced and does not know
    /// it yet may refuse what its successor has done.
    ///
    /// # Errors
    /// The same.
    pub(crate) fn require_replicas_of_retry<T>(
        &self,
        outcome: Result<T, Error>,
    ) -> Result<T, Error> {
        if matches!(outcome, Err(Error::Refused(_))) {
            self.check(self.followed)?;
        }
        self.require_replicas(outcome)
    }

    fn check(&self, have: u32) -> Result<(), Trouble> {
        if have < self.wanted {
            let wanted = self.wanted;
            return Err(Trouble::TooFewReplicas { have, wanted });
        }
        Ok(())
    }
}

/// Tells whether a command may write: those are the scripts, and the hashes set without one.
fn is_write(command: &Cmd) -> bool {
    matches!(argument(command, 0), Some(b"EVALSHA" | b"HSET"))
}

/// Tells whether the server lacks the script: it is loaded then, and runs after all.
fn is_missing_script(error: &RedisError) -> bool {
    error.kind() == ErrorKind::Server(ServerErrorKind::NoScript)
}

impl<C: ConnectionLike + Send> ConnectionLike for ReplicaWait<'_, C> {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        if self.wanted == 0 || !is_write(command) {
            return self.conn.req_packed_command(command);
        }

        Box::pin(async move {
            let mut pipeline = Pipeline::with_capacity(2);
            pipeline
                .add_command(command.clone())
                .add_command(wait_command(self.wanted));
            let answers = self.conn.req_packed_commands(&pipeline, 0, 2).await?;

            let [answer, reached] = <[Value; 2]>::try_from(answers)
                .unwrap_or_default()
                .map(Value::extract_error);
            let reached = match reached {
                Ok(Value::Int(reached)) => u32::try_from(reached).unwrap_or(0),
                Err(error) if answer.is_ok() => return Err(error),
                Ok(_) | Err(_) => 0,
            };

            match &answer {
                Ok(_) => self.reached = self.reached.min(reached),
                Err(error) if is_missing_script(error) => {}
                Err(_) => self.followed = self.followed.min(reached),
            }
            answer
        })
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        self.conn.req_packed_commands(pipeline, offset, count)
    }

    fn get_db(&self) -> i64 {
        self.conn.get_db()
    }
}
