//! `trolley rules`

use super::{CliError, connect};
use crate::cli::checkout::{amount, wrong};
use crate::cli::output::Output;
use crate::config::Settings;
use crate::model::change::sanitize_actor;
use crate::model::{Money, Rules as ProductLookup, Timeout, receipt};
use crate::store;
use crate::store::RuleChange;
use clap::Args;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, civil};
use serde_json::json;

/// Which rules to set; none: they are shown.
#[derive(Debug, Args)]
pub struct Rules {
    /// Let nobody change the cart
    #[arg(long)]
    lock: bool,
    /// Let them change it again
    #[arg(long, conflicts_with = "lock")]
    unlock: bool,
    /// Close the cart then: 18:00, 45m, none
    #[arg(long, value_name = "TIME")]
    deadline: Option<String>,
    /// The most that the whole cart may cost: 50.00, none
    #[arg(long, value_name = "AMOUNT")]
    budget: Option<String>,
    /// The most that what one person asked for may cost: 10.00, none
    #[arg(long, value_name = "AMOUNT")]
    budget_each: Option<String>,
    /// Hand the cart's rules over to this name
    #[arg(long, value_name = "NAME")]
    owner: Option<String>,
}

impl Rules {
    fn changes(&self) -> Result<Vec<RuleChange>, CliError> {
        let mut changes = Vec::new();
        if self.lock || self.unlock {
            changes.push(RuleChange::Locked(self.lock));
        }
        if let Some(typed) = &self.deadline {
            changes.push(RuleChange::Closes(closing_time(typed)?));
        }
        let money = |typed: &String| -> Result<Option<Money>, CliError> {
            if typed == "none" {
                Ok(None)
            } else {
                amount(typed).map(Some)
            }
        };
        if let Some(typed) = &self.budget {
            changes.push(RuleChange::Budget(money(typed)?));
        }
        if let Some(typed) = &self.budget_each {
            changes.push(RuleChange::BudgetEach(money(typed)?));
        }
        if let Some(name) = &self.owner {
            let name = sanitize_actor(name.as_bytes());
            if name.is_empty() {
                return Err(wrong("owner", "an owner has a name".to_owned()));
            }
            changes.push(RuleChange::Owner(name));
        }
        Ok(changes)
    }
}

/// Reads `18:00` (the next time that it is that late here), `45m`, or `none`; Unix milliseconds.
fn closing_time(typed: &str) -> Result<Option<u64>, CliError> {
    if typed == "none" {
        return Ok(None);
    }
    let expected = || wrong("deadline", "write it like 18:00, 45m or none".to_owned());
    let (now, zone) = (Timestamp::now(), TimeZone::system());
    let at = match civil::Time::strptime("%H:%M", typed) {
        Ok(time) => {
            let today = zone.to_datetime(now).date();
            let on = |date: civil::Date| {
                zone.to_timestamp(date.to_datetime(time))
                    .map_err(|_| expected())
            };
            let at = on(today)?;
            if at > now {
                at
            } else {
                on(today.tomorrow().map_err(|_| expected())?)?
            }
        }
        Err(_) => match Timeout::parse(typed) {
            Ok(Timeout::After(ms)) => {
                now + SignedDuration::from_millis(i64::try_from(ms).map_err(|_| expected())?)
            }
            _ => return Err(expected()),
        },
    };
    Ok(u64::try_from(at.as_millisecond()).ok())
}

/// Sets rules of the cart, or shows them.
pub async fn run(args: Rules, settings: &Settings, output: &Output) -> Result<(), CliError> {
    let changes = args.changes()?;
    let mut connection = connect::open_shop(settings).await?;
    if !changes.is_empty() {
        store::set_rules(&mut connection, &settings.user, &changes).await?;
    }
    let rules = store::get_cart_items(&mut connection, &settings.user)
        .await?
        .rules;
    let program = || {
        json!({
            "user": settings.user.as_str(),
            "owner": rules.owner,
            "locked": rules.locked,
            "closes_at": rules.closes,
            "budget": rules.budget.map(|amount| amount.to_string()),
            "budget_each": rules.budget_each.map(|amount| amount.to_string()),
        })
    };
    output.result(program, |out| {
        for line in said(&rules, &TimeZone::system()) {
            writeln!(out, "{line}")?;
        }
        Ok(())
    })?;
    Ok(())
}

fn said(rules: &ProductLookup, zone: &TimeZone) -> Vec<String> {
    let Some(owner) = &rules.owner else {
        return vec!["This cart has no rules".to_owned()];
    };
    let money = |amount: Option<Money>| {
        amount.map_or_else(|| "none".to_owned(), |amount| amount.to_string())
    };
    vec![
        format!("owner        {owner}"),
        format!("locked       {}", if rules.locked { "yes" } else { "no" }),
        format!(
            "deadline     {}",
            rules
                .closes
                .map_or_else(|| "none".to_owned(), |at| receipt::time(at, zone))
        ),
        format!("budget       {}", money(rules.budget)),
        format!("budget each  {}", money(rules.budget_each)),
    ]
}
