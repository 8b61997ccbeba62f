//! How often the screen is drawn: at once where little happens, and no more than a hundred
//! times a second where changes pour in.

use std::time::{Duration, Instant};

/// The pause between two frames, while changes pour in.
const FRAME: Duration = Duration::from_millis(10);
/// Frames that may follow each other without a pause after a quiet while.
const BURST: u32 = 8;

/// The limit.
#[derive(Debug, Clone, Copy, Default)]
pub struct FrameLimiter {
    /// When all frames of a burst may be drawn again.
    full: Option<Instant>,
}

impl FrameLimiter {
    /// When the next frame may be drawn, if that is not now.
    #[must_use]
    pub fn wait(&self, now: Instant) -> Option<Instant> {
        let next = self.full?.checked_sub(FRAME * (BURST - 1))?;
        (next > now).then_some(next)
    }

    /// A frame is drawn now.
    pub fn spend(&mut self, now: Instant) {
        let full = self.full.filter(|full| *full > now).unwrap_or(now);
        self.full = Some(full + FRAME);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_at_once_and_then_a_hundred_a_second() {
        let (start, mut pace) = (Instant::now(), FrameLimiter::default());
        let mut drawn = 0;
        for step in 0..1_000 {
            let now = start + Duration::from_micros(100 * step);
            if pace.wait(now).is_none() {
                pace.spend(now);
                drawn += 1;
                assert!(step > 7 || drawn == step + 1);
            }
        }
        assert!((17..=18).contains(&drawn), "{drawn} in 100 ms");
        let quiet = start + Duration::from_secs(1);
        assert_eq!(pace.wait(quiet), None);
        pace.spend(quiet);
        assert_eq!(pace.wait(quiet), None);
    }
}
