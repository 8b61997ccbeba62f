//! `trolley orders`: lists orders, or follows them as they come.

mod csv;
mod exec;
mod follow;
mod printer;

use super::error::CliError;
use super::order_output::order_json;
use super::output::{Output, pad};
use super::{args, connect, now};
use crate::config::Settings;
use crate::model::time::Clock;
use crate::model::{OrderState, Ticket, UserName, text};
use crate::store::order::{self, OrderCount, OrderFilter, OrderListing};
use crate::store::{self, Connection};
use clap::Args;
use serde_json::{Value, json};
use std::io::{self, Write};

/// The orders that are listed where nobody says how many or which.
const USUAL: usize = 50;
/// The most orders that are listed at once; as CSV, any number is.
const MOST_ORDERS: usize = 10_000;
/// The columns for when an order was placed, by 24 hours.
const PLACED: usize = 16;

#[derive(Debug, Default, Args)]
pub(super) struct OrdersArgs {
    #[command(flatten)]
    list: OrderListArgs,
    #[command(flatten)]
    follow: follow::FollowArgs,
}

impl OrdersArgs {
    /// The open orders of all carts; those alone that can be collected, where `ready`.
    pub(super) fn open(ready: bool) -> OrdersArgs {
        OrdersArgs {
            list: OrderListArgs {
                all: true,
                state: vec![if ready { &[OrderState::Ready] } else { OPEN }],
                ..OrderListArgs::default()
            },
            ..OrdersArgs::default()
        }
    }
}

#[derive(Debug, Default, Args)]
pub(super) struct OrderListArgs {
    /// List the orders of all carts
    #[arg(long)]
    pub(super) all: bool,
    /// The most orders to list, newest first [default: 50, or all that --since, --until or --state choose]
    #[arg(long, value_name = "N", value_parser = args::whole_number::<usize>)]
    most: Option<usize>,
    /// Only orders from this time on: today, 2026-11-26, '2026-11-26 11:30'
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
    /// Only orders until this time; a day counts to its end
    #[arg(long, value_name = "WHEN")]
    until: Option<String>,
    /// Only orders in one of these states: open, placed, accepted, ready, done, cancelled
    #[arg(long, value_name = "STATE", value_delimiter = ',', value_parser = states)]
    state: Vec<States>,
    /// Print a row for each line of an order, for a spreadsheet
    #[arg(long, conflicts_with = "json")]
    csv: bool,
}

impl OrderListArgs {
    /// Tells whether only some of the orders are wanted.
    fn is_filtered(&self) -> bool {
        self.since.is_some() || self.until.is_some() || !self.state.is_empty()
    }

    /// The clock by which times are told, and by whose days orders are chosen.
    async fn clock(
        &self,
        connection: &mut Connection,
        settings: &Settings,
        output: &Output,
    ) -> Result<Clock, CliError> {
        let shop = if self.since.is_some() || self.until.is_some() {
            store::get_shop(connection).await?
        } else {
            let shop = connect::shop_if_reachable(connection, output).await?;
            shop.unwrap_or_default()
        };
        Ok(shop.clock(&settings.personal_clock()))
    }

    /// The most orders that are printed.
    fn most(&self) -> usize {
        match self.most {
            Some(most) if self.csv => most,
            Some(most) => most.min(MOST_ORDERS),
            None if self.csv => usize::MAX,
            None if self.is_filtered() => MOST_ORDERS,
            None => USUAL,
        }
    }
}

/// The states that one word stands for.
type States = &'static [OrderState];

/// The states of orders that the shop has still to do with.
const OPEN: States = &[OrderState::Placed, OrderState::Accepted, OrderState::Ready];

/// Reads the name of a state, or the word for all those of open orders.
fn states(typed: &str) -> Result<States, String> {
    use OrderState::{Accepted, Cancelled, Done, Placed, Ready};
    match typed {
        "open" => Ok(OPEN),
        "placed" => Ok(&[Placed]),
        "accepted" => Ok(&[Accepted]),
        "ready" => Ok(&[Ready]),
        "done" => Ok(&[Done]),
        "cancelled" => Ok(&[Cancelled]),
        _ => Err("the states are open, placed, accepted, ready, done and cancelled".to_owned()),
    }
}

/// Lists orders, or follows them as they come.
pub(super) async fn run(
    args: OrdersArgs,
    settings: &Settings,
    output: &Output,
) -> Result<(), CliError> {
    if args.follow.follow {
        let mut connection = connect::open_shop(settings).await?;
        return follow::run(args.follow, &mut connection, settings, output).await;
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
    let clock = args.clock(&mut connection, settings, output).await?;
    let (since, until) = (args.since.as_deref(), args.until.as_deref());
    let period = args::period(since, until, now(), &clock.zone)?;

    finish_others(args.all, &mut connection).await?;
    let user = (!args.all).then_some(&settings.user);
    let mut listing = OrderListing::new(OrderFilter {
        user: user.cloned(),
        period,
        states: args.state.concat(),
    });
    if args.csv {
        let zone = &clock.zone;
        return csv::write(&mut listing, &mut connection, args.most(), zone, output).await;
    }

    let mut listed = Listed::read(args, &mut listing, &mut connection, user).await?;
    if tells_of_others && !args.is_filtered() && user.is_some() && listed.count == 0 {
        // It only helps: not everybody may count them.
        let all = order::count_readable(&mut connection, None).await;
        listed.of_others = all.unwrap_or_default().orders;
    }

    output.result(
        || listed.json(),
        |out| match (listed.tickets.is_empty(), user) {
            (true, _) if args.is_filtered() => writeln!(out, "There are no such orders"),
            (true, Some(user)) => writeln!(out, "There are no orders of {user} yet"),
            (true, None) => writeln!(out, "There are no orders at all yet"),
            (false, _) => print_orders(out, &listed.tickets, &clock),
        },
    )?;
    if !output.is_json() {
        for warning in listed.warnings() {
            output.warn(&warning);
        }
    }
    Ok(())
}

/// Goes on where somebody stopped: orders that dead terminals left unfinished are brought to their
/// end. Where the orders of all carts are meant, so are the lists of them, and the stock.
async fn finish_others(all: bool, connection: &mut Connection) -> Result<(), CliError> {
    if all {
        // These only help: orders are listed while a part of the products is away.
        let _ = order::relist(connection).await;
        let _ = order::give_back_unowned(connection).await;
        let _ = order::list_open(connection).await;
    }
    order::finish_open(connection).await?;
    Ok(())
}

/// The orders that are listed, and what is to be known of the others.
struct Listed {
    tickets: Vec<Ticket>,
    /// The orders that are meant, listed or not.
    count: usize,
    /// All of them are listed.
    is_all: bool,
    /// The entries that can't be read as orders.
    unreadable: usize,
    /// The orders of other carts, where these are to be told of.
    of_others: usize,
}

impl Listed {
    async fn read(
        args: &OrderListArgs,
        listing: &mut OrderListing,
        connection: &mut Connection,
        user: Option<&UserName>,
    ) -> Result<Listed, CliError> {
        let entries = match args.is_filtered() {
            true => 0,
            false => order::count_orders(connection, user).await?,
        };
        let (tickets, is_all) = read(listing, connection, args.most()).await?;
        let counted = match (args.is_filtered(), is_all) {
            (false, false) => order::count_readable(connection, user).await?,
            (true, _) | (false, true) => OrderCount {
                orders: tickets.len(),
                unreadable: entries.saturating_sub(tickets.len()),
            },
        };
        Ok(Listed {
            tickets,
            count: counted.orders,
            is_all,
            unreadable: counted.unreadable,
            of_others: 0,
        })
    }

    /// The list, for programs.
    fn json(&self) -> Value {
        let orders: Vec<Value> = self.tickets.iter().map(order_json).collect();
        json!({ "orders": orders, "count": self.count, "is_all": self.is_all })
    }

    /// What a person has to know besides.
    fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if !self.is_all {
            warnings.push(not_all(self.tickets.len(), self.count));
        }
        if self.unreadable > 0 {
            let entries = match self.unreadable {
                1 => "1 entry".to_owned(),
                more => format!("{more} entries"),
            };
            warnings.push(format!(
                "{entries} of this list can't be read as orders: see trolley doctor"
            ));
        }
        if self.of_others > 0 {
            let others = text::count(self.of_others, "order");
            warnings.push(format!("other carts have {others}; to list them: --all"));
        }
        warnings
    }
}

/// Reads the newest orders of a listing, and tells whether these are all. Those that ended while
/// somebody stopped are brought to their end.
async fn read(
    listing: &mut OrderListing,
    connection: &mut Connection,
    most: usize,
) -> Result<(Vec<Ticket>, bool), CliError> {
    let mut tickets = Vec::new();
    while let Some(page) = listing.next(connection).await? {
        tickets.extend(page);
        if tickets.len() > most {
            break;
        }
    }

    let is_all = tickets.len() <= most;
    tickets.truncate(most);
    order::wind_up_all(connection, &tickets).await?;
    Ok((tickets, is_all))
}

/// Says that there are more orders than were listed, and how to see them.
fn not_all(most: usize, count: usize) -> String {
    if count <= most {
        return format!("these are the newest {most} of them; to list all: --csv");
    }
    let shown = format!("these are the newest {most} of {count} orders");
    if most < MOST_ORDERS {
        format!("{shown}; to list more: --most {}", count.min(MOST_ORDERS))
    } else {
        format!("{shown}; more can't be listed at once")
    }
}

fn print_orders(out: &mut dyn Write, tickets: &[Ticket], clock: &Clock) -> io::Result<()> {
    let columns = PLACED + usize::from(clock.hours.columns_more());
    for Ticket { order, .. } in tickets {
        let placed = pad(&clock.date_and_minute(order.at), columns);
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
