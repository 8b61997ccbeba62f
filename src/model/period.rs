//! A period of time, as people name its ends: `today`, `2026-11-26`, `2026-11-26 11:30`, `11:30`.

use super::text;
use super::time::{local, time_of_day};
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

/// A period, in Unix milliseconds; an end that is `None` is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Period {
    /// Its first moment.
    pub since: Option<u64>,
    /// The first moment after it.
    pub until: Option<u64>,
}

impl Period {
    /// Reads the two ends as they were typed, by the calendar of `zone`, at `now` (Unix
    /// milliseconds). A day that ends a period belongs to it.
    ///
    /// # Errors
    /// A sentence that says what is expected.
    pub fn parse(
        since: Option<&str>,
        until: Option<&str>,
        now: u64,
        zone: &TimeZone,
    ) -> Result<Period, String> {
        let since = since.map(|typed| Moment::parse(typed, now, zone));
        let since = since.transpose()?.map(|moment| moment.start(zone));
        let until = until.map(|typed| Moment::parse(typed, now, zone));
        let until = until.transpose()?.map(|moment| moment.end(zone));

        let is_empty = since
            .zip(until)
            .is_some_and(|(since, until)| since >= until);
        if is_empty {
            return Err("the period ends before it begins".to_owned());
        }
        Ok(Period { since, until })
    }

    /// A day, by the calendar of `zone`.
    #[must_use]
    pub fn of_day(day: Date, zone: &TimeZone) -> Period {
        let day = Moment::Day(day);
        Period {
            since: Some(day.start(zone)),
            until: Some(day.end(zone)),
        }
    }

    /// The same days and times of the week before, by the clocks of `zone`, as far as they are past
    /// at `now` (Unix milliseconds).
    #[must_use]
    pub fn week_before(self, now: u64, zone: &TimeZone) -> Period {
        let until = self.until.map_or(now, |until| until.min(now));
        let past = Period {
            until: Some(until),
            ..self
        };
        past.whole_week_before(zone)
    }

    /// The same of the week before, whether or not it is past.
    #[must_use]
    pub(crate) fn whole_week_before(self, zone: &TimeZone) -> Period {
        Period {
            since: self.since.map(|since| week_before(since, zone)),
            until: self.until.map(|until| week_before(until, zone)),
        }
    }

    /// Tells whether a moment, in Unix milliseconds, belongs to it.
    #[must_use]
    pub fn contains(self, at: u64) -> bool {
        self.since.is_none_or(|since| since <= at) && self.until.is_none_or(|until| at < until)
    }
}

/// An end of a period, as it was typed.
enum Moment {
    Day(Date),
    Time(DateTime),
    /// A time that says by how much its clocks differ from UTC.
    Exact(Timestamp),
}

impl Moment {
    fn parse(typed: &str, now: u64, zone: &TimeZone) -> Result<Moment, String> {
        let typed = typed.trim();
        let today = local(now, zone).date();
        // With a time, it is no day alone.
        let has_time = typed.contains([':', 'T', 't']);
        let day = day_named(typed, today);
        let day = day.or_else(|| typed.parse().ok().filter(|_| !has_time));
        let time = || {
            let of_today = typed.parse().ok().map(|time| today.to_datetime(time));
            let time = typed.parse().ok().or(of_today);
            time.or_else(|| by_clock(typed, today)).map(Moment::Time)
        };
        // Where zones are named, or an offset stands, nothing of it may be passed over.
        let exact = typed.parse().ok().map(Moment::Exact);
        let is_named = typed.contains('[');

        let moment = day.map(Moment::Day).or(exact).or_else(time);
        moment.filter(|_| !is_named).ok_or_else(|| {
            format!(
                "“{}” is not a valid day: write it like 2026-11-26, \"2026-11-26 11:30\", 11:30, today or yesterday",
                text::sanitize_to(typed.as_bytes(), 40)
            )
        })
    }

    /// The moment when it begins.
    fn start(&self, zone: &TimeZone) -> u64 {
        match self {
            Moment::Day(date) => unix_millis(date.to_datetime(jiff::civil::Time::midnight()), zone),
            Moment::Time(time) => unix_millis(*time, zone),
            Moment::Exact(moment) => u64::try_from(moment.as_millisecond()).unwrap_or(0),
        }
    }

    /// The moment before which all belongs to what ends with it.
    fn end(&self, zone: &TimeZone) -> u64 {
        match self {
            Moment::Day(date) => date
                .tomorrow()
                .map_or(u64::MAX, |next| Moment::Day(next).start(zone)),
            Moment::Time(_) | Moment::Exact(_) => self.start(zone),
        }
    }
}

/// A day by its name.
fn day_named(typed: &str, today: Date) -> Option<Date> {
    match typed.to_ascii_lowercase().as_str() {
        "today" => Some(today),
        "yesterday" => today.yesterday().ok(),
        _ => None,
    }
}

/// A time as a clock tells it, behind its day unless that is today: `5:30 pm`, `yesterday 17:30`.
fn by_clock(typed: &str, today: Date) -> Option<DateTime> {
    let time_alone = time_of_day(typed).map(|time| today.to_datetime(time));
    time_alone.or_else(|| {
        let (day, time) = typed.split_once(' ')?;
        let day = day_named(day, today).or_else(|| day.parse().ok())?;
        Some(day.to_datetime(time_of_day(time)?))
    })
}

/// The moment a week before another, both in Unix milliseconds, when the clocks of `zone` show the
/// same time.
fn week_before(at: u64, zone: &TimeZone) -> u64 {
    unix_millis(local(at, zone).saturating_sub(7.days()), zone)
}

/// The Unix milliseconds of a time that the clocks of `zone` show, from 1970 to the end of time. A
/// time that a change of the clocks leaves out is the one after it.
fn unix_millis(shown: DateTime, zone: &TimeZone) -> u64 {
    match zone.to_ambiguous_timestamp(shown).compatible() {
        Ok(moment) => u64::try_from(moment.as_millisecond()).unwrap_or(0),
        Err(_) if shown.year() > 1970 => u64::MAX,
        Err(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-26 23:30 in Berlin.
    const NOW: u64 = 1_795_732_200_000;
    const HOUR: u64 = 3_600_000;

    fn berlin() -> TimeZone {
        TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap()
    }

    fn period(since: &str, until: &str) -> Result<Period, String> {
        let typed = |end: &str| (!end.is_empty()).then(|| end.to_owned());
        let (since, until) = (typed(since), typed(until));
        Period::parse(since.as_deref(), until.as_deref(), NOW, &berlin())
    }

    #[test]
    fn a_day_that_ends_a_period_belongs_to_it() {
        let midnight = NOW - 23 * HOUR - HOUR / 2;
        for (since, until, first, after) in [
            ("today", "", Some(midnight), None),
            ("", "today", None, Some(midnight + 24 * HOUR)),
            (
                "2026-11-26",
                "2026-11-26",
                Some(midnight),
                Some(midnight + 24 * HOUR),
            ),
            (
                "yesterday",
                "yesterday",
                Some(midnight - 24 * HOUR),
                Some(midnight),
            ),
            (
                "2026-11-26 11:30",
                "2026-11-26T12:00",
                Some(midnight + 11 * HOUR + HOUR / 2),
                Some(midnight + 12 * HOUR),
            ),
            ("11:30", "", Some(midnight + 11 * HOUR + HOUR / 2), None),
            ("1:30 pm", "", Some(midnight + 13 * HOUR + HOUR / 2), None),
            (
                "2026-11-26 1:30pm",
                "today 2 PM",
                Some(midnight + 13 * HOUR + HOUR / 2),
                Some(midnight + 14 * HOUR),
            ),
            (
                "2026-11-26T13:00+05:00",
                "2026-11-26T10:00Z",
                Some(midnight + 9 * HOUR),
                Some(midnight + 11 * HOUR),
            ),
            ("today", "9999-12-31", Some(midnight), Some(u64::MAX)),
            ("", "", None, None),
        ] {
            let expected = Period {
                since: first,
                until: after,
            };
            assert_eq!(period(since, until), Ok(expected), "{since} {until}");
        }
    }

    #[test]
    fn a_day_on_which_the_clocks_change_has_its_own_length() {
        let hours = |date: &str| {
            let day = period(date, date).unwrap();
            (day.until.unwrap() - day.since.unwrap()) / HOUR
        };
        assert_eq!(
            ["2026-03-29", "2026-10-25", "2026-11-26"].map(hours),
            [23, 25, 24]
        );
    }

    #[test]
    fn a_week_before_is_the_same_time_by_the_clocks() {
        let day = |date: &str| period(date, date).unwrap();
        let noon = day("2026-10-28").since.unwrap() + 12 * HOUR;
        let before = day("2026-10-28").week_before(noon, &berlin());
        let summer = day("2026-10-21").since.unwrap();
        assert_eq!(
            before,
            Period {
                since: Some(summer),
                until: Some(summer + 12 * HOUR)
            }
        );
        // What is over is compared whole.
        let later = noon + 96 * HOUR;
        assert_eq!(
            day("2026-10-28").week_before(later, &berlin()),
            day("2026-10-21")
        );
    }

    #[test]
    fn what_is_no_period_is_refused() {
        for (since, until) in [
            ("soon", ""),
            ("", "2026-13-01"),
            ("26.11.2026", ""),
            ("2026-11-26 25:00", ""),
            ("2026-11-26 13:00 pm", ""),
            ("2026-11-26T12:30[America/New_York]", ""),
            ("today", "yesterday"),
            ("\u{1b}[31m", ""),
        ] {
            let refused = period(since, until).unwrap_err();
            assert!(!refused.contains('\u{1b}'), "{refused}");
        }
    }
}
