//! `trolley orders --follow`: a consumer of the stream of orders. An order that is cancelled
//! after it was printed is printed once more, as cancelled.

use crate::cli::args::{time, whole_number};
use crate::cli::error::{CliError, usage_error};
use crate::cli::order_output::{RECEIPT_COLUMNS, order_line_json};
use crate::cli::output::Output;
use crate::model::{OrderState, receipt};
use crate::store::order::{self, FollowEvent, Follower, OrderEntry};
use crate::store::{Connection, Error};
use clap::Args;
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use std::io::{self, Write};
use std::time::{Duration, Instant};

/// The time between two searches for orders that dead terminals left unfinished.
const SWEEP_INTERVAL: Duration = Duration::from_secs(30);
/// The pause before connecting again.
const RECONNECT_PAUSE: Duration = Duration::from_millis(500);
/// Longer than any follower is idle.
const NEVER: Duration = Duration::from_secs(100 * 365 * 86_400);

#[derive(Debug, Args)]
pub(super) struct FollowArgs {
    /// Follow the orders as they come; each goes to one follower of the group
    #[arg(long, conflicts_with_all = ["most", "since", "until", "state", "csv"])]
    pub(super) follow: bool,
    /// The group: each group is given all orders; a new one begins with those that are open
    #[arg(
        long,
        default_value = "trolley",
        value_name = "NAME",
        requires = "follow"
    )]
    group: String,
    /// The name of this follower; the same name continues where it stopped [default: a new one]
    #[arg(long, value_name = "NAME", requires = "follow")]
    consumer: Option<String>,
    /// Also print orders that are done or cancelled already
    #[arg(long, requires = "follow")]
    from_start: bool,
    /// Take over orders that another follower has not acknowledged for this long
    #[arg(long, default_value = "30s", value_name = "TIME", requires = "follow")]
    claim_after: String,
    /// Stop after this many orders, not counting cancellations
    #[arg(long, value_name = "N", requires = "follow", value_parser = whole_number::<u64>)]
    count: Option<u64>,
}

/// Prints orders as they come; each is acknowledged once it is printed.
pub(super) async fn run(
    args: FollowArgs,
    connection: &mut Connection,
    output: &Output,
) -> Result<(), CliError> {
    let mut printer = OrderPrinter::new(&args, output);
    let mut follower = follower(args, output)?;
    let mut swept: Option<Instant> = None;
    // Once is enough: what an order owned is seldom lost. It only helps, as the other search.
    let _ = order::give_back_unowned(connection).await;

    while printer.remaining > 0 {
        if swept.is_none_or(|at| at.elapsed() > SWEEP_INTERVAL) {
            swept = Some(Instant::now());
            // It only helps: a broken connection shows below.
            let _ = order::finish_open(connection).await;
        }

        let result = match follower.next(connection, printer.remaining).await {
            Ok(entries) => printer.print_all(&follower, connection, entries).await,
            Err(error) => Err(error.into()),
        };
        match result {
            Err(CliError::Store(Error::Trouble(trouble))) if connection.is_transient(&trouble) => {
                tokio::time::sleep(RECONNECT_PAUSE).await;
                // It is tried again until it works.
                let _ = follower.renew(connection, &trouble).await;
            }
            other => other?,
        }
    }
    Ok(())
}

fn follower(args: FollowArgs, output: &Output) -> Result<Follower, CliError> {
    let claim_after = time("claim-after", &args.claim_after)?.unwrap_or(NEVER);
    if args.group.is_empty() {
        return Err(usage_error("group", "a group has a name"));
    }
    let consumer = args
        .consumer
        .unwrap_or_else(|| uuid::Uuid::new_v4().simple().to_string());

    output.warn(&format!("following the orders as group {}", args.group));
    Ok(Follower::new(args.group, consumer, claim_after))
}

/// Prints the entries of a stream of orders.
struct OrderPrinter {
    output: Output,
    zone: TimeZone,
    /// True where orders that are done or cancelled already are printed, too.
    includes_finished: bool,
    /// The number of orders still to be printed.
    remaining: u64,
    /// The number of orders left out since the last note about that.
    left_out: u64,
}

impl OrderPrinter {
    fn new(args: &FollowArgs, output: &Output) -> OrderPrinter {
        OrderPrinter {
            output: output.clone(),
            zone: TimeZone::system(),
            includes_finished: args.from_start,
            remaining: args.count.unwrap_or(u64::MAX),
            left_out: 0,
        }
    }

    async fn print_all(
        &mut self,
        follower: &Follower,
        connection: &mut Connection,
        entries: Vec<OrderEntry>,
    ) -> Result<(), CliError> {
        if entries.is_empty() {
            self.note_left_out();
        }

        for entry in entries {
            // The state is asked for as late as can be: an order that was cancelled meanwhile
            // must not be cooked.
            let state = match entry.news {
                FollowEvent::Cancelled(_) => Some(OrderState::Cancelled),
                FollowEvent::Placed => follower.mark_delivered(connection, &entry.id).await?,
            };
            self.print(&entry, state)?;
            follower.acknowledge(connection, &entry).await?;
        }
        Ok(())
    }

    /// Prints an entry, or leaves it out where its order is finished already.
    fn print(&mut self, entry: &OrderEntry, state: Option<OrderState>) -> io::Result<()> {
        let is_new = entry.news == FollowEvent::Placed;
        let is_finished = state.is_some_and(OrderState::is_over);
        if is_new && is_finished && !self.includes_finished {
            self.left_out += 1;
            return Ok(());
        }

        self.note_left_out();
        self.output.result(
            || entry_json(entry, state),
            |out| print_entry(out, entry, state, &self.zone),
        )?;
        self.remaining -= u64::from(is_new);
        Ok(())
    }

    fn note_left_out(&mut self) {
        match std::mem::take(&mut self.left_out) {
            0 => {}
            1 => self
                .output
                .warn("left out 1 order that is done or cancelled already"),
            n => self.output.warn(&format!(
                "left out {n} orders that are done or cancelled already"
            )),
        }
    }
}

fn entry_json(entry: &OrderEntry, state: Option<OrderState>) -> Value {
    let mut document = json!({
        "event": "order",
        "entry": entry.entry,
        "order": entry.id.as_str(),
        "number": entry.number,
        "user": entry.user,
        "who": entry.who,
        "at": entry.at,
        "state": state.map(OrderState::name),
        "lines": entry.lines.iter().map(order_line_json).collect::<Vec<_>>(),
        "total": entry.total,
        "currency": entry.currency,
        "note": entry.note,
    });

    match entry.news {
        FollowEvent::Placed => {}
        FollowEvent::Cancelled(at) => {
            document["event"] = json!("cancelled");
            document["changed"] = json!(at);
        }
    }
    document
}

fn print_entry(
    out: &mut dyn Write,
    entry: &OrderEntry,
    state: Option<OrderState>,
    zone: &TimeZone,
) -> io::Result<()> {
    let OrderEntry { id, user, who, .. } = entry;
    let number = entry.number.map(|number| format!("#{number} "));
    let number = number.unwrap_or_default();
    match entry.news {
        FollowEvent::Placed => {
            let state = state.map_or("state unknown", OrderState::name);
            let placed = receipt::time(entry.at, zone);
            writeln!(out, "{id}  {state}  {placed}  {number}for {user}, by {who}")?;
        }
        FollowEvent::Cancelled(at) => {
            let cancelled = receipt::time(at, zone);
            writeln!(
                out,
                "{id}  CANCELLED at {cancelled}  {number}for {user}, by {who}: don't make these"
            )?;
        }
    }

    let lines = receipt::lines(&entry.lines, who, RECEIPT_COLUMNS);
    for line in lines
        .iter()
        .chain(&receipt::order_note(&entry.note, RECEIPT_COLUMNS))
    {
        writeln!(out, "{line}")?;
    }
    // The total as it was stored, which may be any text.
    let total = format!("{}{}", entry.currency, entry.total);
    writeln!(out, "{total:>RECEIPT_COLUMNS$}")
}
