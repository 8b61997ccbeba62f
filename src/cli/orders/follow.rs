//! `trolley orders --follow`: a consumer of the stream of orders. An order that is cancelled
//! after it was printed is printed once more, as cancelled. With `--exec`, a command is given what
//! would be printed.

use super::exec::OrderRunner;
use crate::cli::args::{time, whole_number};
use crate::cli::error::{CliError, usage_error};
use crate::cli::order_output::{RECEIPT_COLUMNS, order_line_json};
use crate::cli::output::Output;
use crate::cli::stop::StopSignals;
use crate::config::Settings;
use crate::model::time::{Clock, PersonalClock};
use crate::model::{Money, OrderState, receipt};
use crate::order_command::OrderCommand;
use crate::store::order::{self, FollowEvent, Follower, LONGEST_WAIT, OrderEntry};
use crate::store::{self, Connection, Error, Shop, Trouble};
use clap::Args;
use serde_json::{Value, json};
use std::io::{self, Write};
use std::time::{Duration, Instant};

/// The time between two searches for orders that dead terminals left unfinished.
const SWEEP_INTERVAL: Duration = Duration::from_secs(30);
/// The pause before connecting again.
const RECONNECT_PAUSE: Duration = Duration::from_millis(500);
/// Longer than any follower is idle.
const NEVER: Duration = Duration::from_secs(100 * 365 * 86_400);

#[derive(Debug, Default, Args)]
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
    /// Run this command of the shell for each order, with the receipt on its input
    #[arg(long, value_name = "COMMAND", requires = "follow")]
    exec: Option<String>,
    /// End a command that takes longer than this
    #[arg(long, default_value = "30s", value_name = "TIME", requires = "exec")]
    exec_timeout: String,
}

/// Prints orders as they come, or has a command deal with them; each is acknowledged once that is
/// done.
pub(super) async fn run(
    args: FollowArgs,
    connection: &mut Connection,
    settings: &Settings,
    output: &Output,
) -> Result<(), CliError> {
    let printer = OrderPrinter::new(&args, settings, output);
    let Some(command) = args.exec.clone() else {
        let mut recipient = Recipient::Printer(printer);
        return follow(&mut recipient, &mut follower(args, output)?, connection).await;
    };

    let timeout = time("exec-timeout", &args.exec_timeout)?.unwrap_or(NEVER);
    let runner = OrderRunner::new(OrderCommand::new(command, timeout), printer);
    let mut recipient = Recipient::Runner(Box::new(runner));
    let mut signals = StopSignals::hear()?;
    let mut follower = follower(args, output)?;

    let signal = tokio::select! {
        result = follow(&mut recipient, &mut follower, connection) => return result,
        signal = signals.next() => signal,
    };
    // The order stays unacknowledged, and comes again.
    recipient.stop().await;
    Ok(signal.end_program()?)
}

/// Hands orders on until as many as were asked for are dealt with.
async fn follow(
    recipient: &mut Recipient,
    follower: &mut Follower,
    connection: &mut Connection,
) -> Result<(), CliError> {
    let mut swept: Option<Instant> = None;
    // Once is enough: what an order owned is seldom lost. It only helps, as the other search.
    let _ = order::give_back_unowned(connection).await;

    while recipient.remaining() > 0 {
        if swept.is_none_or(|at| at.elapsed() > SWEEP_INTERVAL) {
            swept = Some(Instant::now());
            // It only helps: a broken connection shows below.
            let _ = order::finish_open(connection).await;
        }

        match recipient.take_next(follower, connection).await {
            Err(CliError::Store(Error::Trouble(trouble))) if connection.is_transient(&trouble) => {
                reconnect(follower, connection, &trouble).await;
            }
            other => other?,
        }
    }
    Ok(())
}

/// Connects again after a pause. It is tried again until it works.
pub(super) async fn reconnect(
    follower: &mut Follower,
    connection: &mut Connection,
    after: &Trouble,
) {
    tokio::time::sleep(RECONNECT_PAUSE).await;
    let _ = follower.renew(connection, after).await;
}

/// The recipient of the orders.
enum Recipient {
    /// Prints them.
    Printer(OrderPrinter),
    /// Runs a command for each.
    Runner(Box<OrderRunner>),
}

impl Recipient {
    /// The number of orders still to be dealt with.
    fn remaining(&self) -> u64 {
        match self {
            Recipient::Printer(printer) => printer.remaining(),
            Recipient::Runner(runner) => runner.printer.remaining(),
        }
    }

    /// Waits a while for what comes next, and deals with it.
    async fn take_next(
        &mut self,
        follower: &mut Follower,
        connection: &mut Connection,
    ) -> Result<(), CliError> {
        match self {
            Recipient::Printer(printer) => printer.print_next(follower, connection).await,
            Recipient::Runner(runner) => runner.run_next(follower, connection).await,
        }
    }

    /// Ends the command that runs.
    async fn stop(&mut self) {
        match self {
            Recipient::Printer(_) => {}
            Recipient::Runner(runner) => runner.stop().await,
        }
    }
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
pub(super) struct OrderPrinter {
    pub(super) output: Output,
    personal_clock: PersonalClock,
    /// The shop's clock, as it was read last.
    clock: Clock,
    /// True where orders that are done or cancelled already are printed, too.
    includes_finished: bool,
    /// The number of orders still to be dealt with.
    remaining: u64,
    /// The number of orders left out since the last note about that.
    left_out: u64,
}

impl OrderPrinter {
    fn new(args: &FollowArgs, settings: &Settings, output: &Output) -> OrderPrinter {
        let personal_clock = settings.personal_clock();
        OrderPrinter {
            output: output.clone(),
            clock: Shop::default().clock(&personal_clock),
            personal_clock,
            includes_finished: args.from_start,
            remaining: args.count.unwrap_or(u64::MAX),
            left_out: 0,
        }
    }

    async fn print_next(
        &mut self,
        follower: &mut Follower,
        connection: &mut Connection,
    ) -> Result<(), CliError> {
        let entries = follower
            .next(connection, self.remaining, LONGEST_WAIT)
            .await?;
        if entries.is_empty() {
            self.note_left_out();
        } else if !self.output.is_json()
            // It only helps: orders are printed while the shop's settings are away.
            && let Ok(shop) = store::get_shop(connection).await
        {
            self.clock = shop.clock(&self.personal_clock);
        }

        for entry in entries {
            let state = state_now(&entry, follower, connection).await?;
            if !self.leaves_out(&entry, state) {
                self.print(&entry, state)?;
                self.count(&entry);
            }
            follower.acknowledge(connection, &entry).await?;
        }
        Ok(())
    }

    fn print(&self, entry: &OrderEntry, state: Option<OrderState>) -> io::Result<()> {
        self.output.result(
            || entry_json(entry, state),
            |out| print_entry(out, entry, state, &self.clock),
        )
    }

    /// An entry as it would be printed, between the words of the shop for its receipts.
    pub(super) fn document(
        &self,
        entry: &OrderEntry,
        state: Option<OrderState>,
        shop: &Shop,
    ) -> io::Result<Vec<u8>> {
        let clock = shop.clock(&self.personal_clock);
        self.output.result_bytes(
            || entry_json(entry, state),
            |out| {
                print_words(out, &shop.receipt_head)?;
                print_entry(out, entry, state, &clock)?;
                print_words(out, &shop.receipt_foot)
            },
        )
    }

    /// Tells whether an entry is left out, since its order is finished already.
    pub(super) fn leaves_out(&mut self, entry: &OrderEntry, state: Option<OrderState>) -> bool {
        let is_new = entry.news == FollowEvent::Placed;
        let is_finished = state.is_some_and(OrderState::is_over);
        let is_left_out = is_new && is_finished && !self.includes_finished;
        if is_left_out {
            self.left_out += 1;
        } else {
            self.note_left_out();
        }
        is_left_out
    }

    /// The number of orders still to be dealt with.
    pub(super) fn remaining(&self) -> u64 {
        self.remaining
    }

    /// Counts an entry that is dealt with.
    pub(super) fn count(&mut self, entry: &OrderEntry) {
        self.remaining -= u64::from(entry.news == FollowEvent::Placed);
    }

    pub(super) fn note_left_out(&mut self) {
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

/// The state of an entry's order, which is noted as delivered. It is asked for as late as can be: an
/// order that was cancelled meanwhile must not be cooked.
pub(super) async fn state_now(
    entry: &OrderEntry,
    follower: &Follower,
    connection: &mut Connection,
) -> Result<Option<OrderState>, CliError> {
    match entry.news {
        FollowEvent::Cancelled(_) => Ok(Some(OrderState::Cancelled)),
        FollowEvent::Placed => Ok(follower.mark_delivered(connection, &entry.id).await?),
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

fn print_words(out: &mut dyn Write, words: &str) -> io::Result<()> {
    for line in receipt::lines_of_shop(words, RECEIPT_COLUMNS) {
        writeln!(out, "{line}")?;
    }
    Ok(())
}

fn print_entry(
    out: &mut dyn Write,
    entry: &OrderEntry,
    state: Option<OrderState>,
    clock: &Clock,
) -> io::Result<()> {
    let OrderEntry { id, user, who, .. } = entry;
    let number = entry.number.map(|number| format!("#{number} "));
    let number = number.unwrap_or_default();
    match entry.news {
        FollowEvent::Placed => {
            let state = state.map_or("state unknown", OrderState::name);
            let placed = clock.date_and_minute(entry.at);
            writeln!(out, "{id}  {state}  {placed}  {number}for {user}, by {who}")?;
        }
        FollowEvent::Cancelled(at) => {
            let cancelled = clock.date_and_minute(at);
            writeln!(
                out,
                "{id}  CANCELLED at {cancelled}  {number}for {user}, by {who}: don't make these"
            )?;
        }
    }

    let lines = receipt::lines(&entry.lines, who, &entry.currency, RECEIPT_COLUMNS);
    for line in lines
        .iter()
        .chain(&receipt::order_note(&entry.note, RECEIPT_COLUMNS))
    {
        writeln!(out, "{line}")?;
    }
    // The total as it was stored, which may be any text.
    let total = match Money::parse(&entry.total) {
        Some(total) => total.in_currency(&entry.currency),
        None => entry.total.clone(),
    };
    writeln!(out, "{total:>RECEIPT_COLUMNS$}")
}
