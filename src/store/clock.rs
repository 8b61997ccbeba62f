//! Clocks: the server's, and moments whose age also counts the time for which the computer slept.

use crate::model::time::millis;
use crate::store::connection::answer;
use crate::store::error::Trouble;
use redis::aio::ConnectionLike;
use std::time::{Instant, SystemTime};

/// A moment. The system's steady clock stands still while a laptop sleeps, and its wall clock may
/// be set back: the age is the longer one of the two.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    steady: Instant,
    wall: SystemTime,
}

impl Moment {
    /// This moment.
    pub(crate) fn now() -> Moment {
        Moment {
            steady: Instant::now(),
            wall: SystemTime::now(),
        }
    }

    /// Milliseconds since then.
    pub(crate) fn age(self) -> u64 {
        let by_wall = self.wall.elapsed().unwrap_or_default();
        millis(self.steady.elapsed().max(by_wall))
    }
}

/// The milliseconds between two heartbeats above which the program, or the machine, has slept.
pub(crate) const SLEEP_NOTICED: u64 = 6_000;

/// Reads the server's clock, in Unix milliseconds.
pub(crate) async fn server_time(conn: &mut impl ConnectionLike) -> Result<u64, Trouble> {
    let (seconds, micros): (u64, u64) = answer(&redis::cmd("TIME"), conn).await?;
    Ok(seconds * 1000 + micros / 1000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn sleep_counts_and_a_clock_that_is_set_back_does_not() {
        let hour = Duration::from_secs(3600);
        let now = Moment::now();
        let asleep = Moment {
            wall: now.wall - hour,
            ..now
        };
        assert!((3_600_000..3_700_000).contains(&asleep.age()));

        let set_back = Moment {
            wall: now.wall + hour,
            ..now
        };
        assert!(set_back.age() < 100_000);
    }
}
