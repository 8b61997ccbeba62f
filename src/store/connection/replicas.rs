//! A link over which what is written counts only once replicas have it, too.
//!
//! WAIT counts the replicas that have all that its own connection has written. So it goes out
//! in one go with what it is about: sent after that, it could come to run on a connection that
//! a cluster's client has opened anew meanwhile, which has written nothing and waits for
//! nothing. For the same reason a script that finds its work done writes a little of it again.

use crate::store::error::{Error, Trouble};
use redis::aio::ConnectionLike;
use redis::{Arg, Cmd, Pipeline, RedisFuture, Value};

/// How long a server is asked to wait for its replicas, in milliseconds: whatever else is
/// asked on the same connection waits, too.
const COPYING: u64 = 200;

/// Asks until so many replicas have all that the server has confirmed on this connection.
pub(crate) fn copies(replicas: u32) -> Cmd {
    let mut wait = redis::cmd("WAIT");
    wait.arg(replicas).arg(COPYING);
    wait
}

/// A link whose scripts wait for replicas.
pub(crate) struct ReplicaWait<'a, C> {
    conn: &'a mut C,
    wanted: u32,
    /// The fewest replicas that had what was written.
    have: u32,
}

impl<'a, C> ReplicaWait<'a, C> {
    /// Over `link`, so many replicas must have what is written; 0 asks none.
    pub(crate) fn new(conn: &'a mut C, wanted: u32) -> ReplicaWait<'a, C> {
        ReplicaWait {
            conn,
            wanted,
            have: wanted,
        }
    }

    /// The outcome of what was written, which is none where replicas are missing: doing it
    /// again asks them again.
    ///
    /// # Errors
    /// [`Trouble::TooFewReplicas`], and those of the outcome.
    pub(crate) fn confirm<T>(&self, outcome: Result<T, Error>) -> Result<T, Error> {
        let (have, wanted) = (self.have, self.wanted);
        match outcome {
            Ok(_) if have < wanted => Err(Trouble::TooFewReplicas { have, wanted }.into()),
            outcome => outcome,
        }
    }
}

fn writes(command: &Cmd) -> bool {
    matches!(
        command.args_iter().next(),
        Some(Arg::Simple(b"EVALSHA" | b"HSET"))
    )
}

impl<C: ConnectionLike + Send> ConnectionLike for ReplicaWait<'_, C> {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        if self.wanted == 0 || !writes(command) {
            return self.conn.req_packed_command(command);
        }
        Box::pin(async move {
            let mut both = Pipeline::with_capacity(2);
            both.add_command(command.clone())
                .add_command(copies(self.wanted));
            let mut answers = self
                .conn
                .req_packed_commands(&both, 0, 2)
                .await?
                .into_iter();
            let answer = answers.next().unwrap_or(Value::Nil).extract_error()?;
            let have = match answers.next().unwrap_or(Value::Nil).extract_error()? {
                Value::Int(have) => u32::try_from(have).unwrap_or(0),
                _ => 0,
            };
            self.have = self.have.min(have);
            Ok(answer)
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
