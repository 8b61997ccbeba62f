//! The life of a cart after its last change, as somebody types it, and the moment when it expires by
//! the server's clock.

use super::text;

/// The shortest time after its last change that a cart may live, in milliseconds.
pub(crate) const SHORTEST_TIMEOUT_MS: u64 = 1_000;

/// The longest time after its last change that a cart may live, short of for ever: ten years, in
/// milliseconds.
pub(crate) const LONGEST_TIMEOUT_MS: u64 = 3650 * 24 * 60 * 60 * 1000;

/// The time after its last change that a cart lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timeout {
    /// This many milliseconds.
    After(u64),
    /// For ever.
    Never,
}

impl Timeout {
    /// Reads `30m`, `1h 30m`, `90s`, `2 days` or `never`; from one second to ten years.
    ///
    /// # Errors
    /// A sentence that says what is expected.
    pub fn parse(typed: &str) -> Result<Timeout, String> {
        let typed = typed.trim();
        if typed.eq_ignore_ascii_case("never") {
            return Ok(Timeout::Never);
        }

        // Whole days and weeks are calendar units to jiff; here a day is 24 hours.
        let excerpt = text::sanitize_to(typed.as_bytes(), 40);
        let span: jiff::Span = typed.parse().map_err(|_| {
            format!("“{excerpt}” is not a valid duration: write it like 30m, 2h or never")
        })?;
        let length = span
            .to_duration(jiff::SpanRelativeTo::days_are_24_hours())
            .map_err(|_| {
                format!(
                    "“{excerpt}” has no fixed length, as months and years have none: use days, \
                     hours or minutes"
                )
            })?;
        match u64::try_from(length.as_millis()) {
            Ok(ms @ SHORTEST_TIMEOUT_MS..=LONGEST_TIMEOUT_MS) => Ok(Timeout::After(ms)),
            Ok(_) | Err(_) => Err(format!(
                "“{excerpt}” is not valid: a timeout is from 1s to 3650 days, or never"
            )),
        }
    }

    /// Milliseconds, with 0 for never: as the scripts take it.
    #[must_use]
    pub fn as_millis(self) -> u64 {
        match self {
            Timeout::After(ms) => ms,
            Timeout::Never => 0,
        }
    }
}

/// When a cart expires by the server's clock, and what that clock said then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Deadline {
    /// The server's clock when this was told, in Unix milliseconds.
    pub told_at: u64,
    /// When the cart goes, in Unix milliseconds; `None` for a cart that stays or is empty.
    pub at: Option<u64>,
}

impl Deadline {
    /// Milliseconds from the telling to the end.
    #[must_use]
    pub fn left_when_told(self) -> Option<u64> {
        self.at.map(|at| at.saturating_sub(self.told_at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts() {
        assert_eq!(Timeout::parse("30m"), Ok(Timeout::After(1_800_000)));
        assert_eq!(Timeout::parse("1h 30m"), Ok(Timeout::After(5_400_000)));
        assert_eq!(Timeout::parse("2 days"), Ok(Timeout::After(172_800_000)));
        assert_eq!(Timeout::parse("never"), Ok(Timeout::Never));
        for bad in [
            "",
            "30",
            "-5m",
            "0s",
            "soon",
            "1ms",
            "99999 weeks",
            "1 month",
        ] {
            assert!(Timeout::parse(bad).is_err(), "{bad}");
        }
    }
}
