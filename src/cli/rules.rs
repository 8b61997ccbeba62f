//! `trolley rules`

use super::args::invalid_amount;
use super::error::{CliError, invalid_argument, usage_error};
use super::output::Output;
use super::{connect, now};
use crate::config::Settings;
use crate::model::name::typed_name;
use crate::model::rules::{MOST_EXPECTED, own_word};
use crate::model::time::{Clock, time_of_day};
use crate::model::typed_rule::{NONE, TypedRule};
use crate::model::{Currency, Money, Refusal, RuleChange, Rules, UserName};
use crate::store::{self, Error, Shop};
use clap::Args;
use serde_json::{Value, json};
use std::io::{self, Write};

#[derive(Debug, Args)]
pub(super) struct RulesArgs {
    /// Let nobody change the cart
    #[arg(long)]
    lock: bool,
    /// Let people change the cart again
    #[arg(long, conflicts_with = "lock")]
    unlock: bool,
    /// Close the cart at this time: 18:00, 6pm, 45m, none
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
    // What can't be read is said before anything is opened.
    args.changes(&Shop::default().clock(&settings.personal_clock()))?;
    let mut connection = connect::open_shop(settings).await?;
    // A time of the day means nothing without the shop's clock; all else is told in any case.
    let shop = match &args.deadline {
        Some(typed) if time_of_day(typed).is_some() => store::get_shop(&mut connection).await?,
        Some(_) | None => connect::shop_or_usual(&mut connection).await,
    };
    let clock = shop.clock(&settings.personal_clock());
    let changes = args.changes(&clock)?;
    let user = &settings.user;
    let cart = if changes.is_empty() {
        store::get_cart_items(&mut connection, user).await?
    } else {
        let setting = connection.repeat(async |connection, may_be_done| {
            match store::set_rules(connection, user, &changes).await {
                // They are the new owner's already, and the answer to that was lost.
                Err(Error::Refused(Refusal::NotOwner(owner)))
                    if may_be_done && changes == [RuleChange::Owner(owner.clone())] => {}
                set => set?,
            }
            store::get_cart_items(connection, user).await
        });
        let what = format!("the rules of the cart of {user} are set");
        setting
            .await
            .map_err(|error| CliError::of_repeated(error, what))?
    };

    let now = now();
    output.result(
        || rules_json(&settings.user, &cart.rules),
        |out| print_rules(out, &cart.rules, &shop.currency, &clock, now),
    )?;
    if let (Some(typed), Some(closes)) = (&args.deadline, cart.rules.closes)
        && time_of_day(typed).is_some()
        && !clock.is_same_day(closes, now)
    {
        let closes = clock.day_and_minute(closes, now);
        output.warn(&format!(
            "{typed} has passed today: the deadline is {closes}"
        ));
    }
    Ok(())
}

impl RulesArgs {
    fn changes(&self, clock: &Clock) -> Result<Vec<RuleChange>, CliError> {
        let mut changes = Vec::new();

        if self.lock || self.unlock {
            changes.push(RuleChange::Locked(self.lock));
        }
        let now = now();
        for (rule, argument, value) in [
            (TypedRule::Deadline, "deadline", &self.deadline),
            (TypedRule::Budget, "budget", &self.budget),
            (TypedRule::Each, "budget-each", &self.budget_each),
            (TypedRule::Expect, "expect", &self.expect),
        ] {
            if let Some(value) = value {
                changes.push(read_rule(rule, argument, value, now, clock)?);
            }
        }
        if let Some(typed) = &self.owner {
            let owner = typed_name(typed.as_bytes())
                .map_err(|error| usage_error("owner", error.to_string()))?;
            changes.push(RuleChange::Owner(owner));
        }

        Ok(changes)
    }
}

/// Reads the value of a rule.
fn read_rule(
    rule: TypedRule,
    argument: &'static str,
    typed: &str,
    now: u64,
    clock: &Clock,
) -> Result<RuleChange, CliError> {
    let change = rule.parse(typed, &Currency::default(), now, &clock.zone);
    change.ok_or_else(|| match rule {
        TypedRule::Deadline => {
            invalid_argument(argument, typed, "write it like 18:00, 45m or none")
        }
        TypedRule::Budget | TypedRule::Each => invalid_amount(argument, typed),
        TypedRule::Expect => usage_error(
            argument,
            own_word(typed).map_or_else(
                || format!("at most {MOST_EXPECTED} names"),
                |error| error.to_string(),
            ),
        ),
    })
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

fn print_rules(
    out: &mut dyn Write,
    rules: &Rules,
    currency: &Currency,
    clock: &Clock,
    now: u64,
) -> io::Result<()> {
    let Some(owner) = &rules.owner else {
        return writeln!(out, "This cart has no rules");
    };
    let locked = if rules.locked { "yes" } else { "no" };
    let deadline = rules.closes.map_or_else(
        || NONE.to_owned(),
        |closes| clock.day_and_minute(closes, now),
    );

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

fn amount_or_none(amount: Option<Money>, currency: &Currency) -> String {
    amount.map_or_else(|| NONE.to_owned(), |amount| amount.in_currency(currency))
}
