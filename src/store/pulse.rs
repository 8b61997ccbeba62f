//! Measures how fast a server answers, by the heartbeats of a link.

use crate::store::error::Trouble;
use std::time::Duration;

/// The time for the answer to a heartbeat after which it counts as slow.
const SLOW: Duration = Duration::from_millis(700);

/// The speed at which the server answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pace {
    /// As usual.
    #[default]
    Usual,
    /// The way to it is slow.
    Slow,
    /// It should have answered by now: nobody knows what it has since.
    Silent,
}

/// The heartbeats of one connection and their answers, which come one after the other.
#[derive(Debug, Default)]
pub(crate) struct Pulse {
    sent: u64,
    answered: u64,
    /// The time that the last answer took.
    took: Duration,
}

impl Pulse {
    /// Notes that a heartbeat is sent. The future ends once it is overdue, with its number.
    pub(crate) fn send(&mut self) -> impl Future<Output = u64> + use<> {
        let number = self.note_sent();
        let patience = self.patience();
        async move {
            tokio::time::sleep(patience).await;
            number
        }
    }

    /// Notes that a heartbeat is sent; returns its number.
    fn note_sent(&mut self) -> u64 {
        self.sent += 1;
        self.sent
    }

    /// The time after which a heartbeat without an answer is overdue. On a slow way that is longer.
    fn patience(&self) -> Duration {
        SLOW + 2 * self.took
    }

    /// Notes what became of a heartbeat after that time; returns how fast the server is.
    pub(crate) fn note_outcome<T>(&mut self, outcome: &Result<T, Trouble>, took: Duration) -> Pace {
        self.answered += 1;
        // A server that can't answer now says nothing of what it has.
        if outcome.as_ref().is_err_and(Trouble::is_transient) {
            return Pace::Silent;
        }
        self.took = took;
        if took > SLOW { Pace::Slow } else { Pace::Usual }
    }

    /// Tells whether the heartbeat of this number is not answered yet.
    pub(crate) fn waits_for(&self, number: u64) -> bool {
        self.answered < number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heartbeat_is_overdue_by_what_is_usual_on_the_way() {
        let mut pulse = Pulse::default();
        let first = pulse.note_sent();
        assert!(pulse.waits_for(first));
        assert_eq!(pulse.patience(), SLOW);
        let answered = |pulse: &mut Pulse, took| pulse.note_outcome(&Ok(()), took);
        let pace = answered(&mut pulse, Duration::from_millis(5));
        assert_eq!(pace, Pace::Usual);
        assert!(!pulse.waits_for(first));

        let second = pulse.note_sent();
        assert!(pulse.waits_for(second) && !pulse.waits_for(first));
        let pace = answered(&mut pulse, Duration::from_secs(1));
        assert_eq!(pace, Pace::Slow);
        assert!(pulse.patience() > Duration::from_secs(2));

        let third = pulse.note_sent();
        let missed: Result<(), Trouble> = Err(Trouble::Timeout);
        let pace = pulse.note_outcome(&missed, Duration::from_secs(2));
        assert_eq!(pace, Pace::Silent);
        assert!(!pulse.waits_for(third));
    }
}
