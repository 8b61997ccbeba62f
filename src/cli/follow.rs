//! `trolley orders --follow`: a consumer of the stream of orders. What it has printed and is
//! cancelled later, it prints again as that.

use super::{CliError, checkout, orders};
use crate::cli::output::Output;
use crate::config::ConfigError;
use crate::model::{OrderState, Timeout, receipt};
use crate::store::order;
use crate::store::order::{FollowEvent, Follower, OrderEntry};
use crate::store::{Connection, Error};
use clap::Args;
use jiff::tz::TimeZone;
use serde_json::json;
use std::io::{self, Write};
use std::time::{Duration, Instant};

/// How often orders are looked for that dead terminals left on their way.
const SWEEP: Duration = Duration::from_secs(30);
/// The pause before connecting again.
const PAUSE: Duration = Duration::from_millis(500);

/// Longer than any follower is idle.
const NEVER: Duration = Duration::from_secs(100 * 365 * 86_400);

/// How to follow.
#[derive(Debug, Args)]
pub struct Follow {
    /// Go on with the orders as they come, each to one follower of its group
    #[arg(long)]
    pub follow: bool,
    /// The group: each group is given all orders; a new one begins with those that are open
    #[arg(
        long,
        default_value = "trolley",
        value_name = "NAME",
        requires = "follow"
    )]
    group: String,
    /// The name of this follower; the same name goes on where it ended [default: one of its own]
    #[arg(long, value_name = "NAME", requires = "follow")]
    consumer: Option<String>,
    /// Print those, too, that are done or cancelled already
    #[arg(long, requires = "follow")]
    from_start: bool,
    /// Take over what another follower left unacknowledged for so long
    #[arg(long, default_value = "30s", value_name = "TIME", requires = "follow")]
    claim_after: String,
    /// End after so many orders, not counting what is cancelled
    #[arg(long, value_name = "N", requires = "follow")]
    count: Option<u64>,
}

/// Prints orders as they come; each is acknowledged once it is printed.
pub async fn run(
    args: Follow,
    connection: &mut Connection,
    output: &Output,
) -> Result<(), CliError> {
    let claim_after = match Timeout::parse(&args.claim_after) {
        Ok(Timeout::After(ms)) => Duration::from_millis(ms),
        Ok(Timeout::Never) => NEVER,
        Err(why) => {
            return Err(CliError::Config(ConfigError::Value {
                setting: "claim-after",
                why,
            }));
        }
    };
    if args.group.is_empty() {
        return Err(checkout::wrong("group", "a group has a name".to_owned()));
    }
    let consumer = args
        .consumer
        .unwrap_or_else(|| uuid::Uuid::new_v4().simple().to_string());
    output.warn(&format!("following the orders as group {}", args.group));
    let mut follower = Follower::new(args.group, consumer, claim_after);
    let left = args.count.unwrap_or(u64::MAX);
    let mut printer = Printer {
        output,
        zone: TimeZone::system(),
        all: args.from_start,
        left,
        over: 0,
    };
    let mut swept: Option<Instant> = None;
    while printer.left > 0 {
        if swept.is_none_or(|at| at.elapsed() > SWEEP) {
            swept = Some(Instant::now());
            // It only helps: a broken link shows below.
            let _ = order::finish_open(connection).await;
        }
        let outcome = match follower.next(connection).await {
            Ok(entries) => printer.deal(&follower, connection, entries).await,
            Err(error) => Err(error.into()),
        };
        match outcome {
            Err(CliError::Store(error)) if passes(&error) => {
                tokio::time::sleep(PAUSE).await;
                // Tried again until it works.
                let _ = follower.renew(connection, &error).await;
            }
            outcome => outcome?,
        }
    }
    Ok(())
}

fn passes(error: &Error) -> bool {
    matches!(error, Error::Trouble(trouble) if trouble.is_transient())
}

/// Prints orders.
struct Printer<'a> {
    output: &'a Output,
    zone: TimeZone,
    /// Those, too, that are over.
    all: bool,
    /// How many are still to be printed.
    left: u64,
    /// How many were left out since that was told.
    over: u64,
}

impl Printer<'_> {
    async fn deal(
        &mut self,
        follower: &Follower,
        connection: &mut Connection,
        entries: Vec<OrderEntry>,
    ) -> Result<(), CliError> {
        if entries.is_empty() {
            self.tell_left_out();
        }
        for entry in entries {
            if self.left == 0 {
                return Ok(());
            }
            let state = match entry.news {
                FollowEvent::Cancelled(_) => Some(OrderState::Cancelled),
                // As late as can be: what was cancelled meanwhile must not be cooked.
                FollowEvent::Placed => follower.mark_delivered(connection, &entry.id).await?,
            };
            let is_new = entry.news == FollowEvent::Placed;
            if is_new && !self.all && state.is_some_and(OrderState::is_over) {
                self.over += 1;
            } else {
                self.tell_left_out();
                self.output.result(
                    || program(&entry, state),
                    |out| people(out, &entry, state, &self.zone),
                )?;
                self.left -= u64::from(is_new);
            }
            follower.acknowledge(connection, &entry).await?;
        }
        Ok(())
    }

    fn tell_left_out(&mut self) {
        match std::mem::take(&mut self.over) {
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

fn program(entry: &OrderEntry, state: Option<OrderState>) -> serde_json::Value {
    let mut document = json!({
        "event": "order",
        "entry": entry.entry,
        "order": entry.id.as_str(),
        "user": entry.user,
        "who": entry.who,
        "at": entry.at,
        "state": state.map(OrderState::name),
        "lines": entry.lines.iter().map(orders::line).collect::<Vec<_>>(),
        "total": entry.total,
        "currency": entry.currency,
    });
    if let FollowEvent::Cancelled(at) = entry.news {
        document["event"] = json!("cancelled");
        document["changed"] = json!(at);
    }
    document
}

fn people(
    out: &mut dyn Write,
    entry: &OrderEntry,
    state: Option<OrderState>,
    zone: &TimeZone,
) -> io::Result<()> {
    let (at, state) = (
        receipt::time(entry.at, zone),
        state.map_or("state unknown", OrderState::name),
    );
    let OrderEntry { id, user, who, .. } = entry;
    match entry.news {
        FollowEvent::Placed => writeln!(out, "{id}  {state}  {at}  for {user}, by {who}")?,
        FollowEvent::Cancelled(since) => {
            let since = receipt::time(since, zone);
            writeln!(
                out,
                "{id}  CANCELLED at {since}  for {user}, by {who}: don't make these"
            )?;
        }
    }
    for line in receipt::lines(&entry.lines, who, orders::COLUMNS) {
        writeln!(out, "{line}")?;
    }
    let total = format!("{}{}", entry.currency, entry.total);
    writeln!(out, "{total:>width$}", width = orders::COLUMNS)
}
