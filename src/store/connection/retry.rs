//! Retries: something that met trouble is tried again over a new connection.
//!
//! A [`RetryPolicy`] says for how long and after which pauses. Every caller loops in the same
//! way: it attempts, and hands an error to [`Retry::again`], which connects again or gives the
//! error back.

use crate::store::connection::{Conn, Connection};
use crate::store::error::{Error, Trouble};
use backon::{BackoffBuilder, ExponentialBuilder};
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// The pause between two attempts.
pub(crate) const PAUSE: Duration = Duration::from_millis(100);

/// The limit and the pauses for attempts that meet [transient](Connection::is_transient) trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RetryPolicy {
    limit: Limit,
    /// The pause before connecting again.
    first_pause: Duration,
}

/// The moment when retrying ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Limit {
    /// After one more attempt.
    OneMore,
    /// When this time has passed since the first attempt.
    Total(Duration),
    /// When this time has passed since the first failure, however many attempts that takes.
    Outage(Duration),
}

impl RetryPolicy {
    /// One more read: a server that has just taken over may cut the first connection.
    pub(crate) const READ: RetryPolicy = RetryPolicy {
        limit: Limit::OneMore,
        first_pause: Duration::ZERO,
    };
    /// Five seconds for a change or a step of an order: whoever waits then wants to hear that
    /// the outcome is unknown.
    pub(crate) const CHANGE: RetryPolicy = RetryPolicy {
        limit: Limit::Total(Duration::from_secs(5)),
        first_pause: PAUSE,
    };
    /// As many attempts as an import needs, which thus outlives a failover.
    pub(crate) const IMPORT: RetryPolicy = RetryPolicy {
        limit: Limit::Outage(Duration::from_secs(10)),
        first_pause: PAUSE,
    };

    /// True where an error that lasts ends the attempts to connect again. A change goes on for
    /// all its time, since a server that just takes over may say anything.
    fn ends_with_lasting_trouble(self) -> bool {
        match self.limit {
            Limit::OneMore | Limit::Outage(_) => true,
            Limit::Total(_) => false,
        }
    }

    /// Starts the first attempt.
    pub(crate) fn start(self) -> Retry {
        Retry {
            policy: self,
            started: Instant::now(),
            failing_since: None,
            attempts: 1,
        }
    }
}

/// The attempts at one thing.
#[derive(Debug)]
pub(crate) struct Retry {
    policy: RetryPolicy,
    /// When the first attempt began.
    started: Instant,
    /// When the first attempt failed.
    failing_since: Option<Instant>,
    attempts: u32,
}

impl Retry {
    /// Gets ready for another attempt after one that failed: connects again.
    ///
    /// # Errors
    /// The error that ends it: one that lasts, or any after the limit of the policy.
    pub(crate) async fn again<E: MaybeTrouble>(
        &mut self,
        connection: &mut Connection,
        error: E,
    ) -> Result<(), E> {
        let Some(trouble) = error.trouble() else {
            return Err(error);
        };
        self.failing_since.get_or_insert_with(Instant::now);
        if !connection.is_transient(trouble) || !self.allows_another() {
            return Err(error);
        }

        let trouble = trouble.clone();
        match self.reconnect(connection, &trouble).await {
            Ok(()) => {
                self.attempts += 1;
                Ok(())
            }
            Err(unreachable) => Err(match self.policy.limit {
                // The trouble of a change says whether the change may have been applied.
                Limit::Total(_) => error,
                Limit::OneMore | Limit::Outage(_) => unreachable.into(),
            }),
        }
    }

    fn allows_another(&self) -> bool {
        match self.policy.limit {
            Limit::OneMore => self.attempts < 2,
            Limit::Total(limit) => self.started.elapsed() < limit,
            Limit::Outage(_) => Instant::now() < self.deadline(),
        }
    }

    /// The end of all attempts to connect again.
    fn deadline(&self) -> Instant {
        match self.policy.limit {
            Limit::OneMore => Instant::now(),
            Limit::Total(limit) => self.started + limit,
            Limit::Outage(limit) => self.failing_since.unwrap_or_else(Instant::now) + limit,
        }
    }

    /// Connects again after `trouble`, as often as it takes and the deadline allows.
    async fn reconnect(
        &self,
        connection: &mut Connection,
        trouble: &Trouble,
    ) -> Result<(), Trouble> {
        let deadline = self.deadline();
        let mut pause = self.policy.first_pause;

        loop {
            if !pause.is_zero() {
                sleep(pause).await;
            }
            match connection.reconnect(trouble).await {
                Ok(()) => return Ok(()),
                Err(unreachable) if Instant::now() >= deadline => return Err(unreachable),
                // Waiting mends no wrong password.
                Err(lasting)
                    if self.policy.ends_with_lasting_trouble() && !lasting.is_transient() =>
                {
                    return Err(lasting);
                }
                Err(_) => pause = PAUSE,
            }
        }
    }
}

impl Connection {
    /// Reads something, and reads it once more over a new connection where the first one broke.
    pub(crate) async fn read<T, R>(&mut self, read: impl FnMut(Conn) -> R) -> Result<T, Trouble>
    where
        R: Future<Output = Result<T, Trouble>>,
    {
        self.read_by(RetryPolicy::READ, read).await
    }

    /// Reads something like [`read`](Self::read), as often as this policy allows.
    pub(crate) async fn read_by<T, R>(
        &mut self,
        policy: RetryPolicy,
        mut read: impl FnMut(Conn) -> R,
    ) -> Result<T, Trouble>
    where
        R: Future<Output = Result<T, Trouble>>,
    {
        let mut retry = policy.start();
        loop {
            match read(self.conn.clone()).await {
                Ok(value) => return Ok(value),
                Err(trouble) => retry.again(self, trouble).await?,
            }
        }
    }
}

/// An error that may be trouble with the connection.
pub(crate) trait MaybeTrouble: From<Trouble> {
    /// The trouble with the connection, if it is one.
    fn trouble(&self) -> Option<&Trouble>;
}

impl MaybeTrouble for Trouble {
    fn trouble(&self) -> Option<&Trouble> {
        Some(self)
    }
}

impl MaybeTrouble for Error {
    fn trouble(&self) -> Option<&Trouble> {
        match self {
            Error::Trouble(trouble) => Some(trouble),
            Error::Refused(_) | Error::Unknown { .. } => None,
        }
    }
}

/// The pauses between two attempts to bring up the live link: 50 ms, doubling, with jitter on
/// top. None is above 0.9 s, so that a server that is back is found within a second.
pub(crate) fn growing_pauses() -> impl Iterator<Item = Duration> {
    ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(50))
        .with_max_delay(Duration::from_millis(450))
        .with_jitter()
        .without_max_times()
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn started(policy: RetryPolicy, seconds_ago: u64) -> Retry {
        let now = Instant::now();
        Retry {
            started: now
                .checked_sub(Duration::from_secs(seconds_ago))
                .unwrap_or(now),
            ..policy.start()
        }
    }

    #[test]
    fn every_policy_ends() {
        let mut read = started(RetryPolicy::READ, 60);
        assert!(read.allows_another());
        read.attempts = 2;
        assert!(!read.allows_another());

        assert!(started(RetryPolicy::CHANGE, 4).allows_another());
        assert!(!started(RetryPolicy::CHANGE, 6).allows_another());
        assert!(started(RetryPolicy::CHANGE, 6).deadline() < Instant::now());
        let mut import = started(RetryPolicy::IMPORT, 60);
        assert!(import.allows_another());
        import.failing_since = Some(import.started);
        assert!(!import.allows_another());
    }

    #[test]
    fn pauses_grow_and_stay_short() {
        let pauses: Vec<Duration> = growing_pauses().take(12).collect();
        assert!(pauses[0] < Duration::from_millis(101));
        assert!(pauses[11] >= Duration::from_millis(450));
        assert!(
            pauses
                .iter()
                .all(|pause| *pause <= Duration::from_millis(900))
        );
    }
}
