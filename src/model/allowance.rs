//! An allowance: how much somebody may do at once, and how much in the long run.

use std::time::{Duration, Instant};

/// An allowance that is spent and comes back by itself. All costs are told as the time in which they
/// come back.
#[derive(Debug, Clone)]
pub(crate) struct Allowance {
    /// All that can be spent at once.
    burst: Duration,
    /// The moment when all that was spent has come back.
    whole_at: Instant,
}

impl Allowance {
    /// One of which nothing is spent.
    pub(crate) fn new(burst: Duration, now: Instant) -> Allowance {
        Allowance {
            burst,
            whole_at: now,
        }
    }

    /// The time until this much may be spent; nothing where that is now.
    pub(crate) fn wait(&self, cost: Duration, now: Instant) -> Duration {
        let spent = self.whole_at.saturating_duration_since(now);
        (spent + cost).saturating_sub(self.burst)
    }

    /// Spends this much, whether it is there or not.
    pub(crate) fn spend(&mut self, cost: Duration, now: Instant) {
        self.whole_at = self.whole_at.max(now) + cost;
    }

    /// Returns whether all that was spent has come back.
    pub(crate) fn is_whole(&self, now: Instant) -> bool {
        self.whole_at <= now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_spent_at_once_and_comes_back() {
        let cost = Duration::from_millis(50);
        let start = Instant::now();
        let mut allowance = Allowance::new(cost * 3, start);
        for _ in 0..3 {
            assert_eq!(allowance.wait(cost, start), Duration::ZERO);
            allowance.spend(cost, start);
        }
        assert_eq!(allowance.wait(cost, start), cost);
        assert_eq!(allowance.wait(cost, start + cost / 2), cost / 2);
        assert_eq!(allowance.wait(cost, start + cost), Duration::ZERO);
        assert!(!allowance.is_whole(start + cost));

        // No more comes back than was spent.
        let later = start + cost * 1000;
        assert!(allowance.is_whole(later));
        allowance.spend(cost * 4, later);
        assert_eq!(allowance.wait(Duration::ZERO, later), cost);
    }
}
