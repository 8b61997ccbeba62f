//! `trolley orders`: lists orders, or follows them as they come.

mod follow;

use super::error::CliError;
use super::order_output::order_json;
use super::output::{Output, pad};
use super::{args, connect};
use crate::config::Settings;
use crate::model::{Order, receipt, text};
use crate::store::order;
use clap::Args;
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use std::io::{self, Write};

/// The most orders that are listed at once.
const MOST_ORDERS: usize = 10_000;

#[derive(Debug, Args)]
pub(super) struct OrdersArgs {
    #[command(flatten)]
    list: OrderListArgs,
    #[command(flatten)]
    follow: follow::FollowArgs,
}

#[derive(Debug, Args)]
pub(super) struct OrderListArgs {
    /// List the orders of all carts
    #[arg(long)]
    pub(super) all: bool,
    /// The most orders to list, newest first
    #[arg(long, default_value = "50", value_name = "N", value_parser = args::whole_number::<usize>)]
    most: usize,
}

/// Lists orders, or follows them as they come.
pub(super) async fn run(
    args: OrdersArgs,
    settings: &Settings,
    output: &Output,
) -> Result<(), CliError> {
    if args.follow.follow {
        let mut connection = connect::open_shop(settings).await?;
        return follow::run(args.follow, &mut connection, output).await;
    }
    list(&args.list, true, settings, output).await
}

/// Lists orders. Who finds none is told of those of other carts, where `tells_of_others`.
pub(super) async fn list(
    args: &OrderListArgs,
    tells_of_others: bool,
    settings: &Settings,
    output: &Output,
) -> Result<(), CliError> {
    let mut connection = connect::open_shop(settings).await?;
    // Orders that dead terminals left unfinished are brought to their end first.
    order::finish_open(&mut connection).await?;
    if args.all {
        // It only helps: orders are listed while a part of the products is away.
        let _ = order::give_back_unowned(&mut connection).await;
    }
    let user = (!args.all).then_some(&settings.user);
    let most = args.most.min(MOST_ORDERS);
    let orders = order::list_orders(&mut connection, user, most).await?;
    let count = order::count_orders(&mut connection, user).await?;
    order::cancel_leftovers(&mut connection, &orders).await?;
    // It only helps: not everybody may count them.
    let of_others = match user {
        Some(_) if count == 0 && tells_of_others => order::count_orders(&mut connection, None)
            .await
            .unwrap_or(0),
        Some(_) | None => 0,
    };

    output.result(
        || {
            let orders: Vec<Value> = orders.iter().map(order_json).collect();
            json!({ "orders": orders, "count": count })
        },
        |out| match (orders.is_empty(), user) {
            (true, Some(user)) => writeln!(out, "There are no orders of {user} yet"),
            (true, None) => writeln!(out, "There are no orders at all yet"),
            (false, _) => print_orders(out, &orders),
        },
    )?;
    if count > most && !output.is_json() {
        output.warn(&not_all(most, count));
    }
    if of_others > 0 && !output.is_json() {
        let others = text::count(of_others, "order");
        output.warn(&format!("other carts have {others}; to list them: --all"));
    }
    Ok(())
}

/// Says that there are more orders than were listed, and how to see them.
fn not_all(most: usize, count: usize) -> String {
    let shown = format!("these are the newest {most} of {count} orders");
    if most < MOST_ORDERS {
        format!("{shown}; to list more: --most {}", count.min(MOST_ORDERS))
    } else {
        format!("{shown}; more can't be listed at once")
    }
}

fn print_orders(out: &mut dyn Write, orders: &[Order]) -> io::Result<()> {
    let zone = TimeZone::system();
    for order in orders {
        let placed = receipt::time(order.at, &zone);
        let number = order.number.map(|number| format!("#{number}"));
        let number = number.unwrap_or_default();
        let state = pad(order.state.name(), 9);
        let total = order.total().in_currency(&order.currency);
        writeln!(
            out,
            "{number:>5}  {}  {placed}  {state} {total:>14}  {}",
            order.id, order.user
        )?;
    }
    Ok(())
}
