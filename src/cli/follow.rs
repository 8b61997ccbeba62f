//! `trolley orders --follow`: a consumer of the stream of orders.

use super::output::Output;
use super::{Failure, checkout, orders};
use crate::config::ConfigError;
use crate::model::{Timeout, receipt};
use crate::store::order::{self, Entry, Follower};
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
    /// The group: each group is given all orders
    #[arg(long, default_value = "trolley", value_name = "NAME", requires = "follow")]
    group: String,
    /// The name of this follower; the same name goes on where it ended [default: one of its own]
    #[arg(long, value_name = "NAME", requires = "follow")]
    consumer: Option<String>,
    /// Let a new group begin with the first order there is
    #[arg(long, requires = "follow")]
    from_start: bool,
    /// Take over what another follower left unacknowledged for so long
    #[arg(long, default_value = "30s", value_name = "TIME", requires = "follow")]
    claim_after: String,
    /// End after so many orders
    #[arg(long, value_name = "N", requires = "follow")]
    count: Option<u64>,
}

/// Prints orders as they come; each is acknowledged once it is printed.
pub async fn run(args: Follow, connection: &mut Connection, output: &Output) -> Result<(), Failure> {
    let claim_after = match Timeout::parse(&args.claim_after) {
        Ok(Timeout::After(ms)) => Duration::from_millis(ms),
        Ok(Timeout::Never) => NEVER,
        Err(why) => return Err(Failure::Config(ConfigError::Value { setting: "claim-after", why })),
    };
    if args.group.is_empty() {
        return Err(checkout::wrong("group", "a group has a name".to_owned()));
    }
    let consumer = args.consumer.unwrap_or_else(|| uuid::Uuid::new_v4().simple().to_string());
    let mut follower = Follower::new(args.group, consumer, claim_after, args.from_start);
    let mut left = args.count.unwrap_or(u64::MAX);
    let zone = TimeZone::system();
    let mut swept: Option<Instant> = None;
    while left > 0 {
        if swept.is_none_or(|at| at.elapsed() > SWEEP) {
            swept = Some(Instant::now());
            // It only helps: a broken link shows below.
            let _ = order::finish_open(connection).await;
        }
        let outcome = match follower.next(connection).await {
            Ok(entries) => deal(&follower, connection, output, &zone, entries, &mut left).await,
            Err(error) => Err(error.into()),
        };
        match outcome {
            Err(Failure::Store(error)) if passes(&error) => {
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
    matches!(error, Error::Trouble(trouble) if trouble.may_pass())
}

async fn deal(
    follower: &Follower,
    connection: &mut Connection,
    output: &Output,
    zone: &TimeZone,
    entries: Vec<Entry>,
    left: &mut u64,
) -> Result<(), Failure> {
    for entry in entries {
        if *left == 0 {
            return Ok(());
        }
        output.result(|| program(&entry), |out| people(out, &entry, zone))?;
        follower.acknowledge(connection, &entry.entry).await?;
        *left -= 1;
    }
    Ok(())
}

fn program(entry: &Entry) -> serde_json::Value {
    json!({
        "entry": entry.entry,
        "order": entry.id.as_str(),
        "user": entry.user,
        "who": entry.who,
        "at": entry.at,
        "lines": entry.lines.iter().map(orders::line).collect::<Vec<_>>(),
        "total": entry.total,
        "currency": entry.currency,
    })
}

fn people(out: &mut dyn Write, entry: &Entry, zone: &TimeZone) -> io::Result<()> {
    let (id, at, user) = (&entry.id, receipt::time(entry.at, zone), &entry.user);
    writeln!(out, "{id}  {at}  {user}  {}{}", entry.currency, entry.total)?;
    for line in &entry.lines {
        writeln!(out, "{:>6}  {}", line.quantity, line.name)?;
    }
    Ok(())
}
