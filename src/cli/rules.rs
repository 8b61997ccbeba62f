//! `trolley rules`

use super::args::amount;
use super::connect;
use super::error::{CliError, invalid_argument, usage_error};
use super::output::Output;
use crate::config::Settings;
use crate::model::change::sanitize_actor;
use crate::model::rules::{MOST_EXPECTED, expected_names};
use crate::model::{Money, RuleChange, Rules, Timeout, UserName, time};
use crate::store;
use clap::Args;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::io::{self, Write};

/// The word for no deadline and for no budget.
const NONE: &str = "none";

#[derive(Debug, Args)]
pub(super) struct RulesArgs {
    /// Let nobody change the cart
    #[arg(long)]
    lock: bool,
    /// Let people change the cart again
    #[arg(long, conflicts_with = "lock")]
    unlock: bool,
    /// Close the cart at this time: 18:00, 45m, none
    #[arg(long, value_name = "TIME")]
    deadline: Option<String>,
    /// The most that the whole cart may cost: 50.00, none
    #[arg(long, value_name = "AMOUNT")]
    budget: Option<String>,
    /// The most that one person's items may cost: 10.00, none
    #[arg(long, value_name = "AMOUNT")]
    budget_each: Option<String>,
    /// Those who are expected to ask for something: ann,bob,cai, none
    #[arg(long, value_name = "NAMES")]
    expect: Option<String>,
    /// Hand the cart's rules over to this name
    #[arg(long, value_name = "NAME")]
    owner: Option<String>,
}

/// Sets the rules of the cart that are given, and shows them all.
pub(super) async fn run(
    args: &RulesArgs,
    settings: &Settings,
    output: &Output,
) -> Result<(), CliError> {
    let changes = args.changes()?;
    let mut connection = connect::open_shop(settings).await?;
    let user = &settings.user;
    let cart = if changes.is_empty() {
        store::get_cart_items(&mut connection, user).await?
    } else {
        let setting = connection.repeat(async |connection, _| {
            store::set_rules(connection, user, &changes).await?;
            store::get_cart_items(connection, user).await
        });
        let what = format!("the rules of the cart of {user} are set");
        setting
            .await
            .map_err(|error| CliError::of_repeated(error, what))?
    };

    let now = Timestamp::now();
    let currency = connect::currency(&mut connection).await;
    output.result(
        || rules_json(&settings.user, &cart.rules),
        |out| print_rules(out, &cart.rules, &currency, now),
    )?;
    if let (Some(typed), Some(closes)) = (&args.deadline, cart.rules.closes)
        && time_of_day(typed).is_some()
        && !time::is_same_day(closes, unix_millis(now), &TimeZone::system())
    {
        let closes = deadline(closes, now);
        output.warn(&format!(
            "{typed} has passed today: the deadline is {closes}"
        ));
    }
    Ok(())
}

impl RulesArgs {
    fn changes(&self) -> Result<Vec<RuleChange>, CliError> {
        let mut changes = Vec::new();

        if self.lock || self.unlock {
            changes.push(RuleChange::Locked(self.lock));
        }
        if let Some(typed) = &self.deadline {
            changes.push(RuleChange::Closes(closing_time(typed)?));
        }
        if let Some(typed) = &self.budget {
            changes.push(RuleChange::Budget(budget("budget", typed)?));
        }
        if let Some(typed) = &self.budget_each {
            changes.push(RuleChange::BudgetEach(budget("budget-each", typed)?));
        }
        if let Some(typed) = &self.expect {
            let names = match typed.as_str() {
                NONE => Some(Vec::new()),
                typed => expected_names(typed),
            };
            let names = names
                .ok_or_else(|| usage_error("expect", format!("at most {MOST_EXPECTED} names")))?;
            changes.push(RuleChange::Expected(names));
        }
        if let Some(typed) = &self.owner {
            let owner = sanitize_actor(typed.as_bytes());
            if owner.is_empty() {
                return Err(usage_error("owner", "an owner has a name"));
            }
            changes.push(RuleChange::Owner(owner));
        }

        Ok(changes)
    }
}

fn budget(argument: &'static str, typed: &str) -> Result<Option<Money>, CliError> {
    match typed {
        NONE => Ok(None),
        typed => amount(argument, typed).map(Some),
    }
}

/// Reads `18:00` (the next time that it is that late here), `45m`, or `none`; Unix milliseconds.
fn closing_time(typed: &str) -> Result<Option<u64>, CliError> {
    if typed == NONE {
        return Ok(None);
    }

    let now = Timestamp::now();
    let closes = match time_of_day(typed) {
        Some(time) => next_time_of_day(time, now, &TimeZone::system()),
        None => match Timeout::parse(typed) {
            Ok(Timeout::After(ms)) => after(now, ms),
            Ok(Timeout::Never) | Err(_) => None,
        },
    };
    match closes {
        Some(closes) => Ok(Some(unix_millis(closes))),
        None => Err(invalid_argument(
            "deadline",
            typed,
            "write it like 18:00, 45m or none",
        )),
    }
}

fn time_of_day(typed: &str) -> Option<Time> {
    Time::strptime("%H:%M", typed).ok()
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

fn rules_json(user: &UserName, rules: &Rules) -> Value {
    json!({
        "user": user.as_str(),
        "owner": rules.owner,
        "locked": rules.locked,
        "closes_at": rules.closes,
        "budget": rules.budget.map(|amount| amount.to_string()),
        "budget_each": rules.budget_each.map(|amount| amount.to_string()),
        "expected": rules.expected,
    })
}

/// A deadline for people, with its day.
fn deadline(closes: u64, now: Timestamp) -> String {
    time::day_and_minute(closes, unix_millis(now), &TimeZone::system())
}

fn unix_millis(moment: Timestamp) -> u64 {
    u64::try_from(moment.as_millisecond()).unwrap_or_default()
}

fn print_rules(
    out: &mut dyn Write,
    rules: &Rules,
    currency: &str,
    now: Timestamp,
) -> io::Result<()> {
    let Some(owner) = &rules.owner else {
        return writeln!(out, "This cart has no rules");
    };
    let locked = if rules.locked { "yes" } else { "no" };
    let deadline = rules
        .closes
        .map_or_else(|| NONE.to_owned(), |closes| deadline(closes, now));

    writeln!(out, "owner        {owner}")?;
    writeln!(out, "locked       {locked}")?;
    writeln!(out, "deadline     {deadline}")?;
    writeln!(
        out,
        "budget       {}",
        amount_or_none(rules.budget, currency)
    )?;
    writeln!(
        out,
        "budget each  {}",
        amount_or_none(rules.budget_each, currency)
    )?;
    if !rules.expected.is_empty() {
        writeln!(out, "expected     {}", rules.expected.join(", "))?;
    }
    Ok(())
}

fn amount_or_none(amount: Option<Money>, currency: &str) -> String {
    amount.map_or_else(|| NONE.to_owned(), |amount| amount.in_currency(currency))
}
