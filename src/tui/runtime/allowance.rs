//! The changes that one person may make in a short time, where others share the server with them.

use super::lock::lock;
use crate::model::allowance::Allowance;
use std::sync::Mutex;
use std::time::Duration;
use tokio::time::Instant;

/// The time in which a change comes back: 20 a second.
const CHANGE_TIME: Duration = Duration::from_millis(50);
/// The changes that may be made at once.
const BURST: u32 = 100;
/// The most that may go ahead of their turn: all that wait at the end of a screen.
const MOST_AHEAD: u32 = 250;

/// The changes that one person may make, on all their screens and by all their commands. What is
/// beyond waits for its turn.
#[derive(Debug)]
pub struct ChangeAllowance(Mutex<Allowance>);

impl Default for ChangeAllowance {
    fn default() -> ChangeAllowance {
        let burst = CHANGE_TIME * BURST;
        let now = Instant::now().into_std();
        ChangeAllowance(Mutex::new(Allowance::new(burst, now)))
    }
}

impl ChangeAllowance {
    /// Takes a change; where there is none, tells the time until there is.
    pub(crate) fn take(&self) -> Result<(), Duration> {
        let now = Instant::now().into_std();
        let mut allowance = lock(&self.0);
        let wait = allowance.wait(CHANGE_TIME, now);
        if !wait.is_zero() {
            return Err(wait);
        }
        allowance.spend(CHANGE_TIME, now);
        Ok(())
    }

    /// Takes a change ahead of its turn; returns false where too many were. Those that come later
    /// wait the longer.
    pub(crate) fn take_ahead(&self) -> bool {
        let now = Instant::now().into_std();
        let mut allowance = lock(&self.0);
        let may_go = allowance.wait(CHANGE_TIME, now) <= CHANGE_TIME * MOST_AHEAD;
        if may_go {
            allowance.spend(CHANGE_TIME, now);
        }
        may_go
    }

    /// Returns whether no change was made for a while.
    pub(crate) fn is_whole(&self) -> bool {
        lock(&self.0).is_whole(Instant::now().into_std())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::sleep;

    #[tokio::test(start_paused = true)]
    async fn changes_beyond_the_burst_have_their_turn() {
        let allowance = ChangeAllowance::default();
        let start = Instant::now();
        for _ in 0..BURST {
            allowance.take().unwrap();
        }
        assert_eq!(allowance.take(), Err(CHANGE_TIME));
        assert!(!allowance.is_whole());

        for turn in 1..=40 {
            while let Err(wait) = allowance.take() {
                sleep(wait).await;
            }
            let passed = start.elapsed();
            assert!(passed >= CHANGE_TIME * turn, "{turn}: {passed:?}");
        }
        sleep(CHANGE_TIME * (BURST + 1)).await;
        assert!(allowance.is_whole());
    }
    #[tokio::test(start_paused = true)]
    async fn what_goes_ahead_of_its_turn_is_bounded_and_is_waited_for_later() {
        let allowance = ChangeAllowance::default();
        for _ in 0..BURST + MOST_AHEAD {
            assert!(allowance.take_ahead());
        }
        assert!(!allowance.take_ahead());
        assert_eq!(allowance.take(), Err(CHANGE_TIME * (MOST_AHEAD + 1)));

        sleep(CHANGE_TIME).await;
        assert!(allowance.take_ahead());
        assert!(!allowance.take_ahead());
    }
}
