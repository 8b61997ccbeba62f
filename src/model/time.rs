//! Times as plain numbers; the clock itself is read elsewhere.

use super::text;
use jiff::tz::TimeZone;
use std::time::Duration;

/// The parts of a moment that are shown to people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockStyle {
    /// `2026-11-24 18:05`
    DateAndMinute,
    /// `18:05`
    Minute,
    /// `18:05:09`
    Second,
}

/// The length of a span in milliseconds.
#[must_use]
pub(crate) fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

/// Formats a moment, in Unix milliseconds, as the clocks of `zone` show it. All times that
/// people read come from here.
#[must_use]
pub fn clock(at: u64, zone: &TimeZone, style: ClockStyle) -> String {
    let format = match style {
        ClockStyle::DateAndMinute => "%Y-%m-%d %H:%M",
        ClockStyle::Minute => "%H:%M",
        ClockStyle::Second => "%H:%M:%S",
    };
    local(at, zone).strftime(format).to_string()
}

/// Formats a moment with its day, for people who see it at `now`, both in Unix milliseconds:
/// `today 18:05`, `tomorrow, 2026-11-25 18:05` or `2026-11-30 18:05`.
#[must_use]
pub fn day_and_minute(at: u64, now: u64, zone: &TimeZone) -> String {
    let day = local(at, zone).date();
    let today = local(now, zone).date();

    if day == today {
        format!("today {}", clock(at, zone, ClockStyle::Minute))
    } else if day.yesterday().ok() == Some(today) {
        format!("tomorrow, {}", clock(at, zone, ClockStyle::DateAndMinute))
    } else {
        clock(at, zone, ClockStyle::DateAndMinute)
    }
}

/// The day of a moment, in Unix milliseconds, in words: `Thu 26 Nov 2026`.
#[must_use]
pub(crate) fn long_day(at: u64, zone: &TimeZone) -> String {
    local(at, zone).strftime("%a %-d %b %Y").to_string()
}

/// The days for which the day of the week and the month are enough to know them.
const NEAR: i32 = 300;

/// Formats a moment that is past, for people who see it at `now`, both in Unix milliseconds, in at
/// most 16 columns: `today 18:05`, `Tue 24 Nov 18:05` or `2025-11-24 18:05`.
#[must_use]
pub(crate) fn past(at: u64, now: u64, zone: &TimeZone) -> String {
    let minute = clock(at, zone, ClockStyle::Minute);
    match short_day(at, now, zone) {
        Some(day) => format!("{day} {minute}"),
        None => clock(at, zone, ClockStyle::DateAndMinute),
    }
}

/// The same in at most 11 columns: `today 18:05`, `Tue 24 Nov` or `2025-11-24`.
#[must_use]
pub(crate) fn past_briefly(at: u64, now: u64, zone: &TimeZone) -> String {
    if is_same_day(at, now, zone) {
        return past(at, now, zone);
    }
    short_day(at, now, zone).unwrap_or_else(|| local(at, zone).strftime("%Y-%m-%d").to_string())
}

/// The day of a moment without its year; `None` where that would not tell it.
fn short_day(at: u64, now: u64, zone: &TimeZone) -> Option<String> {
    let (day, today) = (local(at, zone).date(), local(now, zone).date());
    if day == today {
        return Some("today".to_owned());
    }
    let days = day.until(today).ok()?.get_days();
    (-NEAR..=NEAR)
        .contains(&days)
        .then(|| day.strftime("%a %-d %b").to_string())
}

/// Tells whether two moments, in Unix milliseconds, are of one day by the calendar of `zone`.
#[must_use]
pub fn is_same_day(one: u64, other: u64, zone: &TimeZone) -> bool {
    local(one, zone).date() == local(other, zone).date()
}

/// A moment, in Unix milliseconds, by the calendar and the clocks of `zone`.
pub(crate) fn local(at: u64, zone: &TimeZone) -> jiff::civil::DateTime {
    zone.to_datetime(moment(at))
}

/// A moment in Unix milliseconds, as the calendar takes it.
pub(crate) fn moment(at: u64) -> jiff::Timestamp {
    let millis = i64::try_from(at).unwrap_or_default();
    jiff::Timestamp::from_millisecond(millis).unwrap_or_default()
}

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
        let span: jiff::Span = typed.parse().map_err(|_| {
            format!(
                "“{}” is not a valid duration: write it like 30m, 2h or never",
                text::sanitize_to(typed.as_bytes(), 40)
            )
        })?;
        let length = span
            .to_duration(jiff::SpanRelativeTo::days_are_24_hours())
            .map_err(|_| {
                "months and years have no fixed length: use days, hours or minutes".to_owned()
            })?;
        match u64::try_from(length.as_millis()) {
            Ok(ms @ SHORTEST_TIMEOUT_MS..=LONGEST_TIMEOUT_MS) => Ok(Timeout::After(ms)),
            Ok(_) | Err(_) => Err("a timeout is from 1s to 3650 days, or never".to_owned()),
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
    fn a_day_is_named_where_it_is_near() {
        let zone = TimeZone::fixed(jiff::tz::offset(1));
        // 2026-11-24 23:30 there.
        let now: i64 = 1_795_559_400_000;
        for (minutes, told) in [
            (29, "today 23:59"),
            (-60, "today 22:30"),
            (30, "tomorrow, 2026-11-25 00:00"),
            (30 + 1440, "2026-11-26 00:00"),
            (-1440, "2026-11-23 23:30"),
        ] {
            let at = u64::try_from(now + minutes * 60_000).unwrap();
            assert_eq!(day_and_minute(at, now.try_into().unwrap(), &zone), told);
        }
    }

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
