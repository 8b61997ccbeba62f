//! Times as plain numbers; the clock itself is read elsewhere.

use jiff::civil::{DateTime, Time};
use jiff::tz::TimeZone;
use std::time::Duration;

/// The length of a span in milliseconds.
#[must_use]
pub(crate) fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

/// A way to count the hours of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Hours {
    /// From 0 to 23: `18:05`.
    #[default]
    TwentyFour,
    /// Twice from 12 to 11: `6:05 pm`.
    Twelve,
}

impl Hours {
    /// All ways, with their names in settings.
    pub(crate) const NAMED: [(&str, Hours); 2] = [("24", Hours::TwentyFour), ("12", Hours::Twelve)];

    /// The way with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Hours> {
        let named = Hours::NAMED.iter().find(|(known, _)| *known == name);
        named.map(|(_, hours)| *hours)
    }

    /// Its name in settings.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Hours::TwentyFour => "24",
            Hours::Twelve => "12",
        }
    }

    /// A time of the day: `18:05` or `6:05 pm`.
    #[must_use]
    pub(crate) fn minute(self, time: Time) -> String {
        let format = match self {
            Hours::TwentyFour => "%H:%M",
            Hours::Twelve => "%-I:%M %P",
        };
        time.strftime(format).to_string()
    }

    /// A time of the day with its seconds: `18:05:09` or `6:05:09 pm`.
    #[must_use]
    fn second(self, time: Time) -> String {
        let format = match self {
            Hours::TwentyFour => "%H:%M:%S",
            Hours::Twelve => "%-I:%M:%S %P",
        };
        time.strftime(format).to_string()
    }

    /// An hour of the day in at most three columns: `18` or `6p`.
    #[must_use]
    pub(crate) fn hour(self, hour: i8) -> String {
        match self {
            Hours::TwentyFour => hour.to_string(),
            Hours::Twelve => {
                let half = if hour < 12 { 'a' } else { 'p' };
                format!("{}{half}", (hour + 11) % 12 + 1)
            }
        }
    }

    /// The columns by which a time may be wider than `18:05` is.
    #[must_use]
    pub(crate) fn columns_more(self) -> u16 {
        match self {
            Hours::TwentyFour => 0,
            Hours::Twelve => 3,
        }
    }

    /// A time as somebody may type it.
    #[must_use]
    pub(crate) fn sample(self) -> &'static str {
        match self {
            Hours::TwentyFour => "11:30",
            Hours::Twelve => "11:30 am",
        }
    }
}

/// A person's own zone and hours; the shop's settings say the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonalClock {
    /// The zone of their computer, for where the shop has none.
    pub zone: TimeZone,
    /// The hours that they chose, whatever the shop's are; `None` where they chose none.
    pub hours: Option<Hours>,
}

/// The clock by which times are told to people: where it hangs, and how it counts hours. All times
/// that people read come from here. Moments are Unix milliseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clock {
    /// The time zone.
    pub zone: TimeZone,
    /// The way in which it counts the hours of a day.
    pub hours: Hours,
}

impl Clock {
    /// A moment by its time of the day: `18:05` or `6:05 pm`.
    #[must_use]
    pub fn minute(&self, at: u64) -> String {
        self.hours.minute(self.shown(at).time())
    }

    /// The same with seconds: `18:05:09` or `6:05:09 pm`.
    #[must_use]
    pub fn second(&self, at: u64) -> String {
        self.hours.second(self.shown(at).time())
    }

    /// A moment by its date and time: `2026-11-24 18:05` or `2026-11-24 6:05 pm`.
    #[must_use]
    pub fn date_and_minute(&self, at: u64) -> String {
        format!("{} {}", self.shown(at).date(), self.minute(at))
    }

    /// A moment with its day, for people who see it at `now`: `today 18:05`, `tomorrow, 2026-11-25
    /// 18:05` or `2026-11-30 18:05`.
    #[must_use]
    pub(crate) fn day_and_minute(&self, at: u64, now: u64) -> String {
        let day = self.shown(at).date();
        let today = self.shown(now).date();

        if day == today {
            format!("today {}", self.minute(at))
        } else if day.yesterday().ok() == Some(today) {
            format!("tomorrow, {}", self.date_and_minute(at))
        } else {
            self.date_and_minute(at)
        }
    }

    /// A moment by its time of the day, and by its day where that is another than today, for people
    /// who see it at `now`, in at most 16 columns, or 19 where hours are counted to 12: `18:05`,
    /// `tomorrow 18:05`, `Thu 26 Nov 18:05` or `2027-11-24 18:05`.
    #[must_use]
    pub(crate) fn minute_on_its_day(&self, at: u64, now: u64) -> String {
        match self.other_day(at, now) {
            Some(day) => format!("{day} {}", self.minute(at)),
            None => self.minute(at),
        }
    }

    /// The same in at most 10 columns: `18:05`, `tomorrow`, `Thu 26 Nov` or `2027-11-24`.
    #[must_use]
    pub(crate) fn minute_or_day(&self, at: u64, now: u64) -> String {
        let day = self.other_day(at, now);
        day.unwrap_or_else(|| self.minute(at))
    }

    /// The day of a moment in few words; `None` where it is today.
    fn other_day(&self, at: u64, now: u64) -> Option<String> {
        let day = self.shown(at).date();
        let today = self.shown(now).date();

        if day == today {
            None
        } else if day.yesterday().ok() == Some(today) {
            Some("tomorrow".to_owned())
        } else {
            let near = self.short_day(at, now);
            Some(near.unwrap_or_else(|| day.to_string()))
        }
    }

    /// The day of a moment in words: `Thu 26 Nov 2026`.
    #[must_use]
    pub(crate) fn long_day(&self, at: u64) -> String {
        self.shown(at).strftime("%a %-d %b %Y").to_string()
    }

    /// A moment that is past, for people who see it at `now`, in at most 16 columns, or 19 where
    /// hours are counted to 12: `today 18:05`, `Tue 24 Nov 18:05` or `2025-11-24 18:05`.
    #[must_use]
    pub(crate) fn past(&self, at: u64, now: u64) -> String {
        match self.short_day(at, now) {
            Some(day) => format!("{day} {}", self.minute(at)),
            None => self.date_and_minute(at),
        }
    }

    /// The same in at most 11 columns: `today 18:05` or `6:05 pm`, `Tue 24 Nov` or `2025-11-24`.
    #[must_use]
    pub(crate) fn past_briefly(&self, at: u64, now: u64) -> String {
        let is_today = self.is_same_day(at, now);
        match self.hours {
            Hours::TwentyFour if is_today => self.past(at, now),
            // A time alone is one of today: all others have their day instead.
            Hours::Twelve if is_today => self.minute(at),
            Hours::TwentyFour | Hours::Twelve => {
                let day = self.short_day(at, now);
                day.unwrap_or_else(|| self.shown(at).date().to_string())
            }
        }
    }

    /// The day of a moment without its year; `None` where that would not tell it.
    fn short_day(&self, at: u64, now: u64) -> Option<String> {
        let day = self.shown(at).date();
        let today = self.shown(now).date();
        if day == today {
            return Some("today".to_owned());
        }
        let days = day.until(today).ok()?.get_days();
        (-NEAR..=NEAR)
            .contains(&days)
            .then(|| day.strftime("%a %-d %b").to_string())
    }

    /// The short name of its zone at a moment: `CET`, or `+04` where there is none.
    #[must_use]
    pub(crate) fn zone_at(&self, at: u64) -> String {
        let info = self.zone.to_offset_info(moment(at));
        if self.zone.is_unknown() {
            zone_name(&self.zone)
        } else {
            info.abbreviation().to_owned()
        }
    }

    /// Tells whether two moments are of one day.
    #[must_use]
    pub(crate) fn is_same_day(&self, one: u64, other: u64) -> bool {
        self.shown(one).date() == self.shown(other).date()
    }

    /// The date and time that the calendar and the clock show at a moment.
    #[must_use]
    pub(crate) fn shown(&self, at: u64) -> DateTime {
        local(at, &self.zone)
    }
}

#[cfg(test)]
impl Clock {
    /// A clock for tests: that of UTC, with 24 hours.
    pub(crate) fn utc() -> Clock {
        Clock {
            zone: TimeZone::UTC,
            hours: Hours::TwentyFour,
        }
    }
}

/// The days for which the day of the week and the month are enough to know them.
const NEAR: i32 = 300;

/// Reads a time of the day as any clock tells it, and as people write it: `18:00`, `6:00 pm`, `6pm`,
/// `6 p.m.`, `6.30 PM`. Minutes have two digits, so that none is missing.
#[must_use]
pub(crate) fn time_of_day(typed: &str) -> Option<Time> {
    let letters = typed.find(|it: char| it.is_alphabetic());
    let (time, half) = typed.split_at(letters.unwrap_or(typed.len()));
    let half = half.replace('.', "");

    // Without am or pm, a point may stand in another number.
    let time = match half.is_empty() {
        true => time.trim().to_owned(),
        false => time.trim().replace('.', ":"),
    };
    let minutes = time.split_once(':').map(|(_, minutes)| minutes.as_bytes());
    if minutes.is_some_and(|minutes| !matches!(minutes, [b'0'..=b'9', b'0'..=b'9'])) {
        return None;
    }

    let written = format!("{time} {half}");
    let mut formats = ["%H:%M", "%I:%M %p", "%I %p"].iter();
    formats.find_map(|format| Time::strptime(format, written.trim()).ok())
}

/// The name of a time zone, for people: `Europe/Berlin`.
#[must_use]
pub(crate) fn zone_name(zone: &TimeZone) -> String {
    // A computer that knows none has the clocks of UTC.
    if zone.is_unknown() {
        return "UTC".to_owned();
    }
    let name = zone.iana_name();
    name.unwrap_or("the zone of this computer").to_owned()
}

/// A moment, in Unix milliseconds, by the calendar and the clocks of `zone`.
pub(crate) fn local(at: u64, zone: &TimeZone) -> DateTime {
    zone.to_datetime(moment(at))
}

/// A moment in Unix milliseconds, as the calendar takes it.
pub(crate) fn moment(at: u64) -> jiff::Timestamp {
    let millis = i64::try_from(at).unwrap_or_default();
    jiff::Timestamp::from_millisecond(millis).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A clock in Berlin.
    fn berlin(hours: Hours) -> Clock {
        let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        Clock { zone, hours }
    }

    /// A moment that is written with what its clocks differ from UTC, in Unix milliseconds.
    fn at(written: &str) -> u64 {
        let moment: jiff::Timestamp = written.parse().unwrap();
        moment.as_millisecond().try_into().unwrap()
    }

    #[test]
    fn times_of_the_day_by_both_ways_to_count_hours() {
        for (written, by_24, by_12) in [
            ("2026-11-24T00:00:00+01", "00:00:00", "12:00:00 am"),
            ("2026-11-24T00:05:09+01", "00:05:09", "12:05:09 am"),
            ("2026-11-24T09:30:00+01", "09:30:00", "9:30:00 am"),
            ("2026-11-24T11:59:59+01", "11:59:59", "11:59:59 am"),
            ("2026-11-24T12:00:00+01", "12:00:00", "12:00:00 pm"),
            ("2026-11-24T12:05:00+01", "12:05:00", "12:05:00 pm"),
            ("2026-11-24T18:05:09+01", "18:05:09", "6:05:09 pm"),
            ("2026-11-24T23:59:59+01", "23:59:59", "11:59:59 pm"),
            // The hour that is left out, and the one that comes twice.
            ("2026-03-29T01:59:00+01", "01:59:00", "1:59:00 am"),
            ("2026-03-29T03:00:00+02", "03:00:00", "3:00:00 am"),
            ("2026-10-25T02:30:00+02", "02:30:00", "2:30:00 am"),
            ("2026-10-25T02:30:00+01", "02:30:00", "2:30:00 am"),
        ] {
            for (hours, told) in [(Hours::TwentyFour, by_24), (Hours::Twelve, by_12)] {
                let clock = berlin(hours);
                assert_eq!(clock.second(at(written)), told, "{written}");

                let mut minute = told.to_owned();
                minute.replace_range(told.rfind(':').unwrap()..told.rfind(':').unwrap() + 3, "");
                assert_eq!(clock.minute(at(written)), minute, "{written}");
                let date = format!("{} {minute}", &written[..10]);
                assert_eq!(clock.date_and_minute(at(written)), date);
                // All of them are read again as they are told.
                let time = clock.shown(at(written)).time();
                let time = time.with().second(0).build().unwrap();
                assert_eq!(time_of_day(&minute), Some(time), "{minute}");
            }
        }
    }

    #[test]
    fn hours_of_a_chart_take_few_columns() {
        let hours = [0, 1, 11, 12, 13, 23];
        let told = |way: Hours| hours.map(|hour| way.hour(hour));
        assert_eq!(told(Hours::TwentyFour), ["0", "1", "11", "12", "13", "23"]);
        assert_eq!(
            told(Hours::Twelve),
            ["12a", "1a", "11a", "12p", "1p", "11p"]
        );
    }

    #[test]
    fn times_of_the_day_are_read_as_any_clock_tells_them() {
        for (typed, hour, minute) in [
            ("17:30", 17, 30),
            (" 5:30 pm ", 17, 30),
            ("5:30pm", 17, 30),
            ("05:30 PM", 17, 30),
            ("5 pm", 17, 0),
            ("5am", 5, 0),
            ("12:05 am", 0, 5),
            ("12 pm", 12, 0),
            ("0:05", 0, 5),
            ("5 p.m.", 17, 0),
            ("5.30 P.M.", 17, 30),
            ("12.05 a.m", 0, 5),
            ("5PM", 17, 0),
        ] {
            let time = jiff::civil::time(hour, minute, 0, 0);
            assert_eq!(time_of_day(typed), Some(time), "{typed}");
        }
        for bad in [
            "",
            "5",
            "pm",
            "13 pm",
            "0:30 am",
            "5:60 pm",
            "5:30 pm x",
            "1:5 pm",
            "1:5",
            "1: 5",
            "1:+5 pm",
            "1 :05",
            "1:",
            "1. pm",
            "001:05",
            "+1:05",
            "5.30",
            "24:00",
            "5 xm",
            "5 p m",
        ] {
            assert_eq!(time_of_day(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_day_is_named_where_it_is_near() {
        let now = at("2026-11-24T23:30:00+01");
        for (written, told, past, briefly) in [
            (
                "2026-11-24T23:59:00+01",
                "today 11:59 pm",
                "today 11:59 pm",
                "11:59 pm",
            ),
            (
                "2026-11-24T22:30:00+01",
                "today 10:30 pm",
                "today 10:30 pm",
                "10:30 pm",
            ),
            (
                "2026-11-25T00:00:00+01",
                "tomorrow, 2026-11-25 12:00 am",
                "Wed 25 Nov 12:00 am",
                "Wed 25 Nov",
            ),
            (
                "2026-11-26T00:00:00+01",
                "2026-11-26 12:00 am",
                "Thu 26 Nov 12:00 am",
                "Thu 26 Nov",
            ),
            (
                "2026-11-23T23:30:00+01",
                "2026-11-23 11:30 pm",
                "Mon 23 Nov 11:30 pm",
                "Mon 23 Nov",
            ),
            (
                "2025-11-23T23:30:00+01",
                "2025-11-23 11:30 pm",
                "2025-11-23 11:30 pm",
                "2025-11-23",
            ),
        ] {
            let at = at(written);
            let clock = berlin(Hours::Twelve);
            assert_eq!(clock.day_and_minute(at, now), told);
            assert_eq!(clock.past(at, now), past);
            assert_eq!(clock.past_briefly(at, now), briefly);

            // By 24 hours, only the time is another, and stands beside “today” in any case.
            let by_24 = berlin(Hours::TwentyFour);
            let (by_12, time) = (clock.minute(at), by_24.minute(at));
            assert_eq!(by_24.day_and_minute(at, now), told.replace(&by_12, &time));
            assert_eq!(by_24.past(at, now), past.replace(&by_12, &time));
            let briefly = briefly.replace(&by_12, &format!("today {time}"));
            assert_eq!(by_24.past_briefly(at, now), briefly);
            assert!(past.len() <= 19 && by_24.past(at, now).len() <= 16);
            assert!(briefly.len() <= 11);
        }
    }

    #[test]
    fn a_time_that_is_not_todays_has_its_day() {
        let now = at("2026-11-24T23:30:00+01");
        for (written, told, briefly) in [
            ("2026-11-24T23:59:00+01", "11:59 pm", "11:59 pm"),
            ("2026-11-25T00:05:00+01", "tomorrow 12:05 am", "tomorrow"),
            (
                "2026-11-26T00:05:00+01",
                "Thu 26 Nov 12:05 am",
                "Thu 26 Nov",
            ),
            (
                "2026-11-23T23:30:00+01",
                "Mon 23 Nov 11:30 pm",
                "Mon 23 Nov",
            ),
            (
                "2027-11-24T23:30:00+01",
                "2027-11-24 11:30 pm",
                "2027-11-24",
            ),
        ] {
            let clock = berlin(Hours::Twelve);
            assert_eq!(clock.minute_on_its_day(at(written), now), told);
            assert_eq!(clock.minute_or_day(at(written), now), briefly);
        }
        // Where the clock hangs says which day it is.
        let clock = Clock::utc();
        let told = clock.minute_on_its_day(at("2026-11-25T00:05:00+01"), now);
        assert_eq!(told, "23:05");
    }
}
