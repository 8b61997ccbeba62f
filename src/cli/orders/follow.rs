//! `trolley orders --follow`: a consumer of the stream of orders. An order that is cancelled
//! after it was printed is printed once more, as cancelled. With `--exec`, a command is given what
//! would be printed.

use super::exec::OrderRunner;
use super::printer::OrderPrinter;
use crate::cli::args::{time, whole_number};
use crate::cli::error::{CliError, usage_error};
use crate::cli::output::Output;
use crate::cli::stop::StopSignals;
use crate::config::Settings;
use crate::order_command::OrderCommand;
use crate::store::order::{self, Follower};
use crate::store::{Connection, Error};
use clap::Args;
use std::time::{Duration, Instant};

/// The time between two searches for orders that dead terminals left unfinished.
const SWEEP_INTERVAL: Duration = Duration::from_secs(30);
/// The time between two searches for stock that no order owns: that is seldom lost, and all products
/// are looked through.
const STOCK_SWEEP_INTERVAL: Duration = Duration::from_secs(86_400);
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
    let printer = OrderPrinter::new(args.count, args.from_start, settings, output);
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
    let mut swept_stock: Option<Instant> = None;

    while recipient.remaining() > 0 {
        if swept_stock.is_none_or(|at| at.elapsed() > STOCK_SWEEP_INTERVAL) {
            swept_stock = Some(Instant::now());
            // It only helps, as the other search.
            let _ = order::give_back_unowned(connection).await;
        }
        if swept.is_none_or(|at| at.elapsed() > SWEEP_INTERVAL) {
            swept = Some(Instant::now());
            // It only helps: a broken connection shows below.
            let _ = order::finish_open(connection).await;
        }

        match recipient.take_next(follower, connection).await {
            Err(CliError::Store(Error::Trouble(trouble))) if connection.is_transient(&trouble) => {
                follower.renew(connection, &trouble).await;
            }
            other => other?,
        }
    }
    Ok(())
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
