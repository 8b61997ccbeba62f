//! Rules of a cart as people type them: on the command line, and on the screen.

use super::rules::{MOST_EXPECTED, expected_names, own_word};
use super::time::{Hours, time_of_day};
use super::{Currency, RuleChange, Timeout, text};
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use strum::{IntoStaticStr, VariantArray};

/// The word for a rule that is not set.
pub const NONE: &str = "none";

/// A rule whose value is typed. The variants' names in kebab-case are their names in settings and
/// commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "kebab-case")]
pub enum TypedRule {
    /// The time from which on nothing may be changed.
    Deadline,
    /// The most that the whole cart may cost.
    Budget,
    /// The most that what one person asked for may cost.
    Each,
    /// The names of those who are expected to ask for something.
    Expect,
}

impl TypedRule {
    /// The rule's name: `deadline`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Reads a value that was typed at `now`, in Unix milliseconds, where amounts are written as in
    /// this currency; `None` where it is none.
    #[must_use]
    pub fn parse(
        self,
        typed: &str,
        currency: &Currency,
        now: u64,
        zone: &TimeZone,
    ) -> Option<RuleChange> {
        let typed = typed.trim();
        let is_none = typed == NONE;

        match self {
            TypedRule::Deadline if is_none => Some(RuleChange::Closes(None)),
            TypedRule::Deadline => {
                let closes = closing_time(typed, now, zone)?;
                Some(RuleChange::Closes(Some(closes)))
            }
            TypedRule::Budget if is_none => Some(RuleChange::Budget(None)),
            TypedRule::Budget => Some(RuleChange::Budget(Some(currency.read(typed)?))),
            TypedRule::Each if is_none => Some(RuleChange::BudgetEach(None)),
            TypedRule::Each => Some(RuleChange::BudgetEach(Some(currency.read(typed)?))),
            TypedRule::Expect if is_none => Some(RuleChange::Expected(Vec::new())),
            TypedRule::Expect => Some(RuleChange::Expected(expected_names(typed)?)),
        }
    }

    /// The sentence for a value that can't be read.
    #[must_use]
    pub fn refusal(self, typed: &str, currency: &Currency, hours: Hours) -> String {
        let shown = text::sanitize_to(typed.trim().as_bytes(), 40);
        let thing = match self {
            TypedRule::Deadline => "a time",
            TypedRule::Budget | TypedRule::Each => "an amount",
            TypedRule::Expect => {
                return own_word(typed).map_or_else(
                    || format!("At most {MOST_EXPECTED} names can be expected"),
                    |error| error.to_string(),
                );
            }
        };
        format!(
            "“{shown}” is not {thing}: type {}",
            self.usage(currency, hours)
        )
    }

    /// The values that may be typed, in words.
    #[must_use]
    pub fn usage(self, currency: &Currency, hours: Hours) -> String {
        match self {
            TypedRule::Deadline => format!("{}, 45m or {NONE}", hours.sample()),
            TypedRule::Budget | TypedRule::Each => {
                format!("{} or {NONE}", currency.small_sample())
            }
            TypedRule::Expect => "names with commas, or none".to_owned(),
        }
    }
}

/// Reads `18:00` or `6 pm` (the next time that it is that late in `zone`), or `45m`; in Unix
/// milliseconds.
fn closing_time(typed: &str, now: u64, zone: &TimeZone) -> Option<u64> {
    let now = Timestamp::from_millisecond(i64::try_from(now).ok()?).ok()?;
    let closes = match time_of_day(typed) {
        Some(time) => next_time_of_day(time, now, zone)?,
        None => match Timeout::parse(typed).ok()? {
            Timeout::After(ms) => after(now, ms)?,
            Timeout::Never => return None,
        },
    };
    u64::try_from(closes.as_millisecond()).ok()
}

/// The next moment at which it is this late; `None` at the end of the calendar.
fn next_time_of_day(time: Time, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    let today = zone.to_datetime(now).date();
    let moment = moment_on(today, time, zone)?;

    if moment > now {
        Some(moment)
    } else {
        moment_on(today.tomorrow().ok()?, time, zone)
    }
}

fn moment_on(date: Date, time: Time, zone: &TimeZone) -> Option<Timestamp> {
    zone.to_timestamp(date.to_datetime(time)).ok()
}

fn after(now: Timestamp, ms: u64) -> Option<Timestamp> {
    let wait = SignedDuration::from_millis(i64::try_from(ms).ok()?);
    now.checked_add(wait).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Money;

    /// 2026-11-24 10:00 in UTC.
    const NOW: u64 = 1_795_514_400_000;

    fn parsed(rule: TypedRule, typed: &str) -> Option<RuleChange> {
        rule.parse(typed, &Currency::default(), NOW, &TimeZone::UTC)
    }

    #[test]
    fn deadlines() {
        let at = |typed| match parsed(TypedRule::Deadline, typed) {
            Some(RuleChange::Closes(at)) => at.map(|at| (at - NOW) / 60_000),
            other => panic!("{typed}: {other:?}"),
        };
        assert_eq!(at("11:30"), Some(90));
        assert_eq!(at(" 45m "), Some(45));
        assert_eq!(at("1h 30m"), Some(90));
        assert_eq!(at("none"), None);
        for afternoon in ["5:30 pm", "5:30PM", "17:30"] {
            assert_eq!(at(afternoon), Some(7 * 60 + 30), "{afternoon}");
        }
        assert_eq!(at("12 am"), Some(14 * 60));
        // It is the next time that it is so late: a minute that has begun has passed.
        assert_eq!(at("10:01"), Some(1));
        assert_eq!(at("10:00"), Some(24 * 60));
        assert_eq!(at("09:59"), Some(24 * 60 - 1));
        for bad in [
            "half past",
            "",
            "25:00",
            "never",
            "0s",
            "11.30",
            "13:00 pm",
            "0 am",
        ] {
            assert_eq!(parsed(TypedRule::Deadline, bad), None, "{bad}");
        }

        let zone = TimeZone::fixed(jiff::tz::offset(1));
        let closes = TypedRule::Deadline.parse("11:30", &Currency::default(), NOW, &zone);
        assert_eq!(closes, Some(RuleChange::Closes(Some(NOW + 1_800_000))));
    }

    #[test]
    fn amounts_and_names() {
        let amount = Money::parse("120");
        let budget = parsed(TypedRule::Budget, " 120 ");
        assert_eq!(budget, Some(RuleChange::Budget(amount)));
        let each = parsed(TypedRule::Each, "none");
        assert_eq!(each, Some(RuleChange::BudgetEach(None)));
        for bad in ["", "-1", "12,40", "lots", "1e3"] {
            assert_eq!(parsed(TypedRule::Budget, bad), None, "{bad}");
            assert_eq!(parsed(TypedRule::Each, bad), None, "{bad}");
        }

        let names = |typed| match parsed(TypedRule::Expect, typed) {
            Some(RuleChange::Expected(names)) => names.join(" "),
            other => panic!("{typed}: {other:?}"),
        };
        assert_eq!(names("ann, bob,ann"), "ann bob");
        assert_eq!(names("none"), "");
    }
}
