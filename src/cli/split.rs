//! `trolley split ORDER`

use super::cart_output::cart_row;
use super::error::{CliError, usage_error};
use super::order_output::order_people_json;
use super::output::{Output, cut_name};
use super::{args, complete, connect, lookup};
use crate::config::Settings;
use crate::model::name::sanitize_actor;
use crate::model::shares::NOBODY;
use crate::model::{Order, OrderState, People, text};
use crate::store::order;
use clap::Args;
use clap_complete::ArgValueCompleter;
use serde_json::{Value, json};
use std::io::{self, Write};

#[derive(Debug, Args)]
pub(super) struct SplitArgs {
    /// The order's number, the last four of its id, or the id
    #[arg(value_name = "ORDER", add = ArgValueCompleter::new(complete::order_ids))]
    id: String,
    /// Mark that this person has settled with whoever ordered; may be given several times
    #[arg(long, value_name = "NAME", add = ArgValueCompleter::new(complete::people_of_order))]
    settled: Vec<String>,
    /// Take that mark away from this person; may be given several times
    #[arg(long, value_name = "NAME", add = ArgValueCompleter::new(complete::people_of_order))]
    open: Vec<String>,
}

impl SplitArgs {
    /// The text that names the order, as it was typed.
    #[cfg(feature = "serve")]
    pub(super) fn order_mut(&mut self) -> &mut String {
        &mut self.id
    }
}

/// Shows who owes what of an order, once the marks that are given are made.
pub(super) async fn run(
    args: &SplitArgs,
    settings: &Settings,
    output: &Output,
) -> Result<(), CliError> {
    args::order_ref(&args.id)?;
    let settled = names("settled", &args.settled)?;
    let open = names("open", &args.open)?;
    if let Some(name) = settled.iter().find(|name| open.contains(name)) {
        return Err(usage_error(
            "settled",
            format!("{name} can't be both settled and open"),
        ));
    }

    let mut connection = connect::open_shop(settings).await?;
    let id = lookup::order_id(&mut connection, &args.id).await?;
    let order = if settled.is_empty() && open.is_empty() {
        order::get_order(&mut connection, &id).await?
    } else {
        let marked = connection.repeat(async |connection, _| {
            order::mark_settled(connection, &id, &settled, &open).await
        });
        marked.await.map_err(|error| {
            CliError::of_repeated(error, format!("it is marked who has settled order {id}"))
        })?
    };
    output.result(|| split_json(&order), |out| print_split(out, &order))?;
    Ok(())
}

/// Reads names as they stand in orders.
fn names(argument: &'static str, typed: &[String]) -> Result<Vec<String>, CliError> {
    let names: Vec<String> = typed
        .iter()
        .map(|name| sanitize_actor(name.as_bytes()))
        .collect();
    if names.iter().any(String::is_empty) {
        return Err(usage_error(argument, "a person has a name"));
    }
    Ok(names)
}

fn split_json(order: &Order) -> Value {
    json!({
        "order": order.id.as_str(),
        "user": order.user,
        "who": order.who,
        "state": order.state.name(),
        "people": order_people_json(order),
        "total": order.total().to_string(),
        "currency": order.currency,
    })
}

fn print_split(out: &mut dyn Write, order: &Order) -> io::Result<()> {
    let cancelled = match order.state {
        OrderState::Cancelled => ", is cancelled",
        OrderState::Placed | OrderState::Accepted | OrderState::Ready | OrderState::Done => "",
    };
    writeln!(
        out,
        "Order {}, ordered by {}{cancelled}",
        order.id, order.who
    )?;

    for (name, part) in People::of_order(order).iter() {
        let standing = match name {
            Some(name) if order.is_settled(name) => "settled",
            // Nobody owes whoever ordered their own part.
            Some(name) if name != order.who => "open",
            Some(_) | None => "",
        };
        let row = cart_row(
            part.pieces,
            &cut_name(name.unwrap_or(NOBODY)),
            &order.currency.number(part.sum),
        );
        writeln!(out, "{}", format!("{row}  {standing}").trim_end())?;
    }

    let items = text::count(order.pieces(), "item");
    let total = order.total().in_currency(&order.currency);
    writeln!(out, "{}", cart_row("", &items, &total))
}
