//! Limits how often the screen is drawn: at once where little happens, and no more than a
//! hundred times a second where changes pour in.

use std::time::{Duration, Instant};

/// The pause between two frames, while changes pour in.
const FRAME: Duration = Duration::from_millis(10);
/// Frames that may follow each other without a pause after a quiet while.
const BURST: u32 = 8;

/// Counts the frames that were drawn, and says when the next one may be.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct FrameLimiter {
    /// The moment from which on a whole burst may be drawn again.
    burst_ready_at: Option<Instant>,
}

impl FrameLimiter {
    /// The moment at which the next frame may be drawn; `None` where that is now.
    #[must_use]
    pub(crate) fn next_frame_at(&self, now: Instant) -> Option<Instant> {
        let next = self.burst_ready_at?.checked_sub(FRAME * (BURST - 1))?;
        (next > now).then_some(next)
    }

    /// Counts a frame that is drawn now.
    pub(crate) fn record_frame(&mut self, now: Instant) {
        let ready_at = self.burst_ready_at.map_or(now, |at| at.max(now));
        self.burst_ready_at = Some(ready_at + FRAME);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_at_once_and_then_a_hundred_a_second() {
        let start = Instant::now();
        let mut limiter = FrameLimiter::default();

        let mut drawn = 0;
        for step in 0..1_000 {
            let now = start + Duration::from_micros(100 * step);
            if limiter.next_frame_at(now).is_none() {
                limiter.record_frame(now);
                drawn += 1;
                assert!(step > 7 || drawn == step + 1);
            }
        }
        assert!((17..=18).contains(&drawn), "{drawn} in 100 ms");

        let quiet = start + Duration::from_secs(1);
        assert_eq!(limiter.next_frame_at(quiet), None);
        limiter.record_frame(quiet);
        assert_eq!(limiter.next_frame_at(quiet), None);
    }
}
