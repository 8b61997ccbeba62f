//! The time until something ends, and since something happened, as people read it.

use crate::tui::state::timers::SECONDS_BELOW;

/// Formats the milliseconds left: in coarse units, towards the end in minutes and seconds.
#[must_use]
pub(crate) fn countdown(left: u64) -> String {
    let seconds = left.div_ceil(1000);
    let minutes = left.div_ceil(60_000);
    match left {
        0..=SECONDS_BELOW => format!("{}:{:02}", seconds / 60, seconds % 60),
        _ if minutes <= 120 => format!("{minutes} min"),
        // Who is told more time than there is comes too late.
        _ if minutes <= 48 * 60 => format!("{} h", minutes / 60),
        _ => format!("{} days", minutes / (60 * 24)),
    }
}

/// Formats the milliseconds since something happened, in whole minutes or hours; `None` before the
/// first minute is over.
#[must_use]
pub(crate) fn elapsed(time: u64) -> Option<String> {
    match time / 60_000 {
        0 => None,
        minutes @ 1..=120 => Some(format!("{minutes} min")),
        minutes => Some(format!("{} h", minutes / 60)),
    }
}

#[cfg(test)]
mod tests {
    use super::{countdown, elapsed};

    #[test]
    fn times_that_went_by() {
        for (time, shown) in [
            (59_999, None),
            (60_000, Some("1 min")),
            (120 * 60_000, Some("120 min")),
            (181 * 60_000, Some("3 h")),
        ] {
            assert_eq!(elapsed(time).as_deref(), shown);
        }
    }

    #[test]
    fn countdowns() {
        for (left, shown) in [
            (0, "0:00"),
            (1, "0:01"),
            (59_001, "1:00"),
            (120_000, "2:00"),
            (120_001, "3 min"),
            (1_800_000, "30 min"),
            (121 * 60_000, "2 h"),
            (4 * 3_600_000, "4 h"),
            (72 * 3_600_000, "3 days"),
        ] {
            assert_eq!(countdown(left), shown);
        }
    }
}
