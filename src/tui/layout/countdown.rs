//! The time until something ends, as people read it.

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

#[cfg(test)]
mod tests {
    use super::countdown;

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
