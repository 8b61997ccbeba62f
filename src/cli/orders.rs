//! `trolley orders` and `trolley order ID [accept|ready|done|cancel]`

use super::{CliError, connect, follow};
use crate::cli::checkout::order_id;
use crate::cli::output::{Output, pad};
use crate::config::Settings;
use crate::model::order::{OrderLine, Share};
use crate::model::receipt;
use crate::model::receipt::time;
use crate::model::{Order, OrderState};
use crate::store;
use crate::store::order;
use clap::builder::RangedU64ValueParser;
use clap::{Args, ValueEnum};
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use std::io::{self, Write};

/// Columns of a printed receipt.
pub const COLUMNS: usize = 40;

/// Which orders.
#[derive(Debug, Args)]
pub struct Orders {
    /// Those of all carts
    #[arg(long)]
    all: bool,
    /// How many, the newest first
    #[arg(long, default_value = "50", value_name = "N", conflicts_with = "follow", value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    most: usize,
    #[command(flatten)]
    follow: follow::Follow,
}

/// Which order, and what to do with it.
#[derive(Debug, Args)]
pub struct OneOrder {
    /// Its id
    id: String,
    /// What becomes of it; without this, its receipt is shown
    #[arg(value_enum)]
    step: Option<Step>,
}

/// What can become of an order.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Step {
    /// The shop works on it
    Accept,
    /// It can be fetched
    Ready,
    /// It is handed over
    Done,
    /// It is called off, and its stock goes back
    Cancel,
}

/// Lists orders, or follows them as they come.
pub async fn run(args: Orders, settings: &Settings, output: &Output) -> Result<(), CliError> {
    let mut connection = connect::open_shop(settings).await?;
    if args.follow.follow {
        return follow::run(args.follow, &mut connection, output).await;
    }
    order::finish_open(&mut connection).await?;
    let user = (!args.all).then_some(&settings.user);
    let list = order::list_orders(&mut connection, user, args.most.min(10_000)).await?;
    order::cancel_leftovers(&mut connection, &list).await?;
    let zone = TimeZone::system();
    output.result(
        || json!({ "orders": list.iter().map(json).collect::<Vec<_>>() }),
        |out| {
            if list.is_empty() {
                let whose = user.map_or_else(|| "at all".to_owned(), |user| format!("of {user}"));
                return writeln!(out, "There are no orders {whose} yet");
            }
            for order in &list {
                let total = format!("{}{}", order.currency, order.total());
                let (id, at, state) =
                    (&order.id, time(order.at, &zone), pad(order.state.name(), 9));
                writeln!(out, "{id}  {at}  {state} {total:>14}  {}", order.user)?;
            }
            Ok(())
        },
    )?;
    Ok(())
}

/// Shows an order's receipt, or moves it on.
pub async fn one(args: OneOrder, settings: &Settings, output: &Output) -> Result<(), CliError> {
    let id = order_id(&args.id)?;
    let mut connection = connect::open_shop(settings).await?;
    let shop = store::get_shop(&mut connection).await?;
    let Some(step) = args.step else {
        let order = order::get_order(&mut connection, &id).await?;
        output.result(|| json(&order), |out| receipt(out, &order, &shop.name))?;
        return Ok(());
    };
    let state = match step {
        Step::Accept => OrderState::Accepted,
        Step::Ready => OrderState::Ready,
        Step::Done => OrderState::Done,
        Step::Cancel => OrderState::Cancelled,
    };
    let order = order::set_state(&mut connection, &id, state).await?;
    output.result(
        || json(&order),
        |out| writeln!(out, "Order {id} is {}", order.state.name()),
    )?;
    Ok(())
}

/// An order's receipt as plain text.
pub fn receipt(out: &mut dyn Write, order: &Order, shop: &str) -> io::Result<()> {
    for line in receipt::receipt(order, shop, &TimeZone::system(), COLUMNS) {
        writeln!(out, "{line}")?;
    }
    Ok(())
}

/// A line of an order, for programs.
pub fn line(line: &OrderLine) -> Value {
    let share = |share: &Share| json!({ "name": share.by, "quantity": share.pieces });
    json!({
        "product": line.product.to_string(),
        "name": line.name,
        "unit": line.unit,
        "quantity": line.quantity,
        "price": line.price.to_string(),
        "total": line.total().to_string(),
        "by": line.shares.iter().map(share).collect::<Vec<_>>(),
    })
}

/// An order, for programs.
pub fn json(order: &Order) -> Value {
    json!({
        "order": order.id.as_str(),
        "user": order.user,
        "who": order.who,
        "at": order.at,
        "state": order.state.name(),
        "changed": order.changed,
        "lines": order.lines.iter().map(line).collect::<Vec<_>>(),
        "total": order.total().to_string(),
        "currency": order.currency,
    })
}
