//! Measures how fast a server answers, by the heartbeats of a link.

use crate::store::error::Trouble;
use futures::FutureExt;
use futures::future::BoxFuture;
use std::time::Duration;
use tokio::time::{Instant, timeout};

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

/// The answer to a heartbeat, and how long it took.
pub(crate) type Answer<T> = (Result<T, Trouble>, Duration);

/// What has come of a heartbeat after the usual time.
pub(crate) enum Beaten<T> {
    Answered(Answer<T>),
    /// It is overdue; the answer is still to be waited for.
    Overdue(BoxFuture<'static, Answer<T>>),
}

/// What the heartbeats of one connection have shown.
#[derive(Debug, Default)]
pub(crate) struct Pulse {
    /// The time that the last answer took.
    took: Duration,
}

impl Pulse {
    /// Waits for the answer to a heartbeat, and no longer than is usual on the way.
    pub(crate) fn beat<T, F>(&self, asking: F) -> impl Future<Output = Beaten<T>> + Send + use<T, F>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Trouble>> + Send + 'static,
    {
        let patience = self.patience();
        let sent = Instant::now();
        let mut answer = async move { (asking.await, sent.elapsed()) }.boxed();
        async move {
            match timeout(patience, &mut answer).await {
                Ok(answer) => Beaten::Answered(answer),
                Err(_) => Beaten::Overdue(answer),
            }
        }
    }

    /// The time after which a heartbeat without an answer is overdue. On a slow way that is longer.
    fn patience(&self) -> Duration {
        SLOW + 2 * self.took
    }

    /// Notes what became of a heartbeat; returns how fast the server is.
    pub(crate) fn note<T>(&mut self, (outcome, took): &Answer<T>) -> Pace {
        // A server that can't answer now says nothing of what it has.
        if outcome.as_ref().is_err_and(Trouble::is_transient) {
            return Pace::Silent;
        }
        self.took = *took;
        if *took > SLOW {
            Pace::Slow
        } else {
            Pace::Usual
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::sleep;

    async fn answer_after(time: Duration) -> Result<(), Trouble> {
        sleep(time).await;
        Ok(())
    }

    #[tokio::test(start_paused = true)]
    async fn a_heartbeat_is_overdue_by_what_is_usual_on_the_way() {
        let mut pulse = Pulse::default();
        let quick = pulse.beat(answer_after(Duration::from_millis(5))).await;
        let Beaten::Answered(quick) = quick else {
            panic!("it is not overdue");
        };
        assert_eq!(pulse.note(&quick), Pace::Usual);

        let slow = pulse.beat(answer_after(Duration::from_secs(1))).await;
        let Beaten::Overdue(rest) = slow else {
            panic!("it is overdue");
        };
        let slow = rest.await;
        assert_eq!(slow.1, Duration::from_secs(1));
        assert_eq!(pulse.note(&slow), Pace::Slow);

        // What is usual by now is not overdue.
        let slow = pulse.beat(answer_after(Duration::from_secs(2))).await;
        assert!(matches!(slow, Beaten::Answered(_)));
        let missed: Answer<()> = (Err(Trouble::Timeout), Duration::from_secs(2));
        assert_eq!(pulse.note(&missed), Pace::Silent);
    }
}
