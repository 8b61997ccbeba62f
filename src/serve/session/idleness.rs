//! The time in which a visitor presses no key, and what becomes of them then.

use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// The time from the warning of an idle visitor until they have to go.
const IDLE_WARNING: Duration = Duration::from_secs(60);

/// The time in which a visitor has pressed no key.
pub(super) struct Idleness {
    /// The longest that may be; `None`: for ever.
    most: Option<Duration>,
    since: Instant,
    is_warned: bool,
}

/// The step that an idle visitor gets: a warning, or the end.
pub(super) enum IdleStep {
    Warn(String),
    Leave,
}

impl Idleness {
    pub(super) fn new(most: Option<Duration>) -> Idleness {
        Idleness {
            most,
            since: Instant::now(),
            is_warned: false,
        }
    }

    /// The time begins anew, as a key was pressed.
    pub(super) fn end(&mut self) {
        self.since = Instant::now();
        self.is_warned = false;
    }

    /// Waits until something has to be done about it.
    pub(super) async fn next_step(&mut self) -> IdleStep {
        let Some(most) = self.most else {
            return std::future::pending().await;
        };
        if self.is_warned {
            sleep_until(self.since + most).await;
            return IdleStep::Leave;
        }

        let warning = IDLE_WARNING.min(most / 2);
        sleep_until(self.since + most - warning).await;
        self.is_warned = true;
        let seconds = warning.as_secs();
        IdleStep::Warn(format!(
            "Are you still there? This screen closes in {seconds} seconds unless you press a key"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn is_warned_after(idleness: &mut Idleness, seconds: u64) -> bool {
        let began = Instant::now();
        let step = idleness.next_step().await;
        matches!(step, IdleStep::Warn(_)) && began.elapsed().as_secs() == seconds
    }

    #[tokio::test(start_paused = true)]
    async fn a_key_after_the_warning_gives_the_whole_time_again() {
        let mut idleness = Idleness::new(Some(Duration::from_secs(1800)));
        assert!(is_warned_after(&mut idleness, 1740).await);
        idleness.end();
        assert!(is_warned_after(&mut idleness, 1740).await);

        let warned = Instant::now();
        assert!(matches!(idleness.next_step().await, IdleStep::Leave));
        assert_eq!(warned.elapsed(), IDLE_WARNING);
    }
}
