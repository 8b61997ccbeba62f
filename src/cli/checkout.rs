//! `trolley checkout`

use super::{CliError, connect, orders};
use crate::cli::output::{Output, pad};
use crate::config::{ConfigError, Settings};
use crate::model::checkout::PreviewLine;
use crate::model::product::only_left;
use crate::model::total::LineStatus;
use crate::model::{Money, OrderId, Refusal};
use crate::store;
use crate::store::Connection;
use crate::store::order;
use crate::store::order::Outcome;
use clap::Args;
use serde_json::{Value, json};
use std::io::{self, Write};
use std::process::ExitCode;

/// How to order.
#[derive(Debug, Args)]
pub struct Checkout {
    /// Order it; without this, only what would be ordered is shown
    #[arg(long)]
    yes: bool,
    /// Order only where the total is just this
    #[arg(long, value_name = "AMOUNT")]
    expect_total: Option<String>,
    /// The id of the order: repeated with the same id, it is placed once
    #[arg(long, value_name = "ID")]
    op_id: Option<String>,
}

/// Shows what would be ordered, or orders it. The status is 1 where it can't be ordered.
pub async fn run(
    args: Checkout,
    settings: &Settings,
    output: &Output,
) -> Result<ExitCode, CliError> {
    let expected = args.expect_total.as_deref().map(amount).transpose()?;
    let id = args.op_id.as_deref().map(order_id).transpose()?;
    let mut connection = connect::open_shop(settings).await?;
    // Whoever orders must not find stock that a dead terminal holds.
    order::finish_open(&mut connection).await?;
    if !args.yes
        && let Outcome::Placed(finished) = order::resume(&mut connection, &settings.user).await?
    {
        return told(&mut connection, &finished, output)
            .await
            .map(|()| ExitCode::SUCCESS);
    }
    let preview = order::preview(&mut connection, &settings.user).await?;
    if let Some(expected) = expected.filter(|expected| *expected != preview.total())
        // A repeat finds its cart empty, and the order placed.
        && !is_placed(&mut connection, id.as_ref()).await?
    {
        return Err(Refusal::OtherTotal {
            expected,
            total: preview.total(),
        }
        .into());
    }
    if args.yes {
        let id = id.unwrap_or_else(|| order::new_order_id(preview.at));
        let id = order::place(&mut connection, &settings.user, id, preview).await?;
        return told(&mut connection, &id, output)
            .await
            .map(|()| ExitCode::SUCCESS);
    }
    let possible = preview.order();
    let program = || {
        json!({
            "user": settings.user.as_str(),
            "version": preview.version,
            "lines": preview.lines.iter().map(line).collect::<Vec<_>>(),
            "total": preview.total().to_string(),
            "currency": preview.currency,
            "budget": preview.budget.map(|budget| budget.to_string()),
            "possible": possible.is_ok(),
            "why_not": possible.as_ref().err().map(|why| json!({ "code": why.code(), "message": why.beforehand() })),
        })
    };
    output.result(program, |out| {
        for line in &preview.lines {
            people(out, line)?;
        }
        let total = format!("{}{}", preview.currency, preview.total());
        writeln!(out, "{:>6}  {} {total:>14}", "", pad("to pay", 32))?;
        match &possible {
            Ok(_) => writeln!(
                out,
                "Order it: trolley checkout --yes --expect-total {}",
                preview.total()
            ),
            Err(_) => Ok(()),
        }
    })?;
    let Err(why) = possible else {
        return Ok(ExitCode::SUCCESS);
    };
    if !output.is_json() {
        output.warn(&why.beforehand());
    }
    Ok(ExitCode::FAILURE)
}

async fn is_placed(connection: &mut Connection, id: Option<&OrderId>) -> Result<bool, CliError> {
    let Some(id) = id else { return Ok(false) };
    match order::get_order(connection, id).await {
        Ok(_) => Ok(true),
        Err(store::Error::Refused(Refusal::UnknownOrder(_))) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Shows the order that was placed.
async fn told(connection: &mut Connection, id: &OrderId, output: &Output) -> Result<(), CliError> {
    let placed = order::get_order(connection, id).await?;
    let shop = store::get_shop(connection).await?;
    output.result(
        || orders::json(&placed),
        |out| orders::receipt(out, &placed, &shop.name),
    )?;
    Ok(())
}

fn people(out: &mut dyn Write, line: &PreviewLine) -> io::Result<()> {
    let ordered = &line.line;
    let sum = match line.standing {
        LineStatus::Good => ordered.total().to_string(),
        other => other.word().to_owned(),
    };
    writeln!(
        out,
        "{:>6}  {} {sum:>14}",
        line.held,
        pad(&ordered.name, 32)
    )?;
    if let Some(was) = line.was {
        writeln!(
            out,
            "{:>6}  now {}, was {was} when added",
            "", ordered.price
        )?;
    }
    match line.short {
        Some(left) => writeln!(out, "{:>6}  {}", "", only_left(left)),
        None => Ok(()),
    }
}

fn line(line: &PreviewLine) -> Value {
    let mut value = orders::line(&line.line);
    value["status"] = json!(line.standing.code());
    value["price_when_added"] = json!(line.was.map(|was| was.to_string()));
    value["only_left"] = json!(line.short);
    value
}

/// An amount of money that was typed.
pub fn amount(typed: &str) -> Result<Money, CliError> {
    Money::parse(typed.trim()).ok_or_else(|| wrong("amount", "write it like 12.40".to_owned()))
}

/// An order id that was typed.
pub fn order_id(typed: &str) -> Result<OrderId, CliError> {
    OrderId::parse(typed).ok_or_else(|| {
        wrong(
            "order id",
            "an order id looks like 20261124-7KQ2-M8XD (a checkout's --op-id is one)".to_owned(),
        )
    })
}

/// Wrong usage of an argument.
pub fn wrong(setting: &'static str, why: String) -> CliError {
    CliError::Config(ConfigError::Value { setting, why })
}
