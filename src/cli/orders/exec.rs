//! `trolley orders --follow --exec COMMAND`: a command deals with each order.
//!
//! Commands run one after the other. An order is acknowledged once its command has succeeded. One
//! that fails keeps no other order: it is set aside and tried again after pauses that grow. Once
//! one of these succeeds, all others are tried at once, the oldest first, since what failed for
//! all of them (a printer without paper, say) is most likely over.

use super::printer::{OrderPrinter, mark_delivered};
use crate::cli::error::CliError;
use crate::model::text;
use crate::order_command::{CommandOutput, OrderCommand, OrderFacts, RunningCommand};
use crate::store::order::{FollowEvent, Follower, LONGEST_WAIT, OrderEntry};
use crate::store::{self, Connection, Error};
use std::convert::Infallible;
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// The pause before a command that failed is tried again; each is twice as long as the last.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// The most orders that are set aside; with so many, no other order is asked for.
const MOST_SET_ASIDE: usize = 1_000;
/// The time between two steps by which an order stays ours while its command runs. No follower takes
/// over sooner than after a second.
const HOLD_INTERVAL: Duration = Duration::from_millis(300);

/// Runs a command for each entry of a stream of orders.
pub(super) struct OrderRunner {
    command: OrderCommand,
    pub(super) printer: OrderPrinter,
    running: Option<RunningCommand>,
    /// The entries whose command failed, oldest first.
    set_aside: Vec<FailedEntry>,
}

/// An entry that is tried again.
struct FailedEntry {
    entry: OrderEntry,
    due: Instant,
    /// The last pause before `due`.
    pause: Duration,
}

/// The result of one attempt at an entry.
enum Attempt {
    /// The command succeeded, and the entry is acknowledged.
    Succeeded,
    /// Nothing is to be done: the order is over, or another follower's.
    Dropped,
    /// The command failed.
    Failed {
        /// The reason, for people.
        why: String,
    },
}

impl OrderRunner {
    pub(super) fn new(command: OrderCommand, printer: OrderPrinter) -> OrderRunner {
        OrderRunner {
            command,
            printer,
            running: None,
            set_aside: Vec::new(),
        }
    }

    /// Tries an entry again that is due, then waits a while for a new one and runs its command.
    pub(super) async fn run_next(
        &mut self,
        follower: &mut Follower,
        connection: &mut Connection,
    ) -> Result<(), CliError> {
        if let Some(index) = self.next_due() {
            self.try_again(index, follower, connection).await?;
            if self.printer.remaining() == 0 {
                return Ok(());
            }
        }

        let wait = self.time_until_due();
        if self.set_aside.len() >= MOST_SET_ASIDE {
            sleep(wait).await;
            return Ok(());
        }
        // One at a time: the others are for followers that have nothing to do.
        let entries = follower.next(connection, 1, wait).await?;
        if entries.is_empty() {
            self.printer.note_left_out();
        }
        for entry in entries {
            self.try_new(entry, follower, connection).await?;
        }
        Ok(())
    }

    /// Ends the command that runs.
    pub(super) async fn stop(&mut self) {
        if let Some(mut running) = self.running.take() {
            running.end().await;
        }
    }

    /// The oldest entry that is due.
    fn next_due(&self) -> Option<usize> {
        let now = Instant::now();
        self.set_aside.iter().position(|failed| failed.due <= now)
    }

    /// The time until an entry is due, or that of one wait.
    fn time_until_due(&self) -> Duration {
        let next = self.set_aside.iter().map(|failed| failed.due).min();
        next.map_or(LONGEST_WAIT, |due| {
            due.saturating_duration_since(Instant::now())
                .min(LONGEST_WAIT)
        })
    }

    async fn try_new(
        &mut self,
        entry: OrderEntry,
        follower: &mut Follower,
        connection: &mut Connection,
    ) -> Result<(), CliError> {
        // The stream was read from its beginning again.
        self.set_aside
            .retain(|failed| !is_same(&failed.entry, &entry));

        if let Attempt::Failed { why } = self.attempt(&entry, follower, connection).await? {
            self.tell_failed(&entry, &why, FIRST_PAUSE);
            follower.set_aside(&entry);
            self.set_aside.push(FailedEntry {
                entry,
                due: Instant::now() + FIRST_PAUSE,
                pause: FIRST_PAUSE,
            });
        }
        Ok(())
    }

    async fn try_again(
        &mut self,
        index: usize,
        follower: &mut Follower,
        connection: &mut Connection,
    ) -> Result<(), CliError> {
        let entry = self.set_aside[index].entry.clone();
        match self.attempt(&entry, follower, connection).await? {
            Attempt::Succeeded => {
                self.set_aside.remove(index);
                let now = Instant::now();
                for failed in &mut self.set_aside {
                    failed.due = now;
                }
            }
            Attempt::Dropped => {
                self.set_aside.remove(index);
            }
            Attempt::Failed { why } => {
                let failed = &mut self.set_aside[index];
                failed.pause = (failed.pause * 2).min(LONGEST_PAUSE);
                failed.due = Instant::now() + failed.pause;
                let pause = failed.pause;
                self.tell_failed(&entry, &why, pause);
            }
        }
        Ok(())
    }

    /// Runs the command for an entry, and acknowledges it where that succeeds.
    async fn attempt(
        &mut self,
        entry: &OrderEntry,
        follower: &mut Follower,
        connection: &mut Connection,
    ) -> Result<Attempt, CliError> {
        if !follower.hold(connection, entry).await? {
            return Ok(Attempt::Dropped);
        }
        let state = mark_delivered(entry, follower, connection).await?;
        if self.printer.leaves_out(entry, state) {
            follower.acknowledge(connection, entry).await?;
            return Ok(Attempt::Dropped);
        }

        let shop = store::get_shop(connection).await?;
        let document = self.printer.document(entry, state, &shop)?;
        let order = OrderFacts {
            id: &entry.id,
            number: entry.number,
            state,
            cart: &entry.user,
        };
        let running = match self.command.start(&order, CommandOutput::Inherited) {
            Ok(running) => self.running.insert(running),
            Err(error) => {
                let why = error.to_string();
                return Ok(Attempt::Failed { why });
            }
        };
        let ended = tokio::select! {
            ended = running.finish(&document) => ended,
            never = keep_holding(entry, follower, connection) => match never {},
        };
        self.running = None;
        if let Err(error) = ended {
            let why = error.to_string();
            return Ok(Attempt::Failed { why });
        }

        acknowledge(entry, follower, connection).await?;
        self.printer.count(entry);
        Ok(Attempt::Succeeded)
    }

    fn tell_failed(&self, entry: &OrderEntry, why: &str, pause: Duration) {
        let order = match entry.number {
            Some(number) => format!("order #{number} ({})", entry.id),
            None => format!("order {}", entry.id),
        };
        let pause = text::count(pause.as_secs(), "second");
        let message = format!("{order}: {why}; trying it again in {pause}");
        self.printer.output.warn(&message);
    }
}

fn is_same(one: &OrderEntry, other: &OrderEntry) -> bool {
    let are_placed = [one, other].map(|entry| entry.news == FollowEvent::Placed);
    one.entry == other.entry && are_placed[0] == are_placed[1]
}

/// Acknowledges an entry, however long the server is away: its command must not run again.
async fn acknowledge(
    entry: &OrderEntry,
    follower: &mut Follower,
    connection: &mut Connection,
) -> Result<(), CliError> {
    loop {
        match follower.acknowledge(connection, entry).await {
            Err(Error::Trouble(trouble)) if connection.is_transient(&trouble) => {
                follower.renew(connection, &trouble).await;
            }
            other => return Ok(other?),
        }
    }
}

/// Keeps other followers from taking an entry over.
async fn keep_holding(
    entry: &OrderEntry,
    follower: &mut Follower,
    connection: &mut Connection,
) -> Infallible {
    loop {
        sleep(HOLD_INTERVAL).await;
        // Where another follower has it all the same, the command is under way and goes on.
        if let Err(Error::Trouble(trouble)) = follower.hold(connection, entry).await
            && connection.is_transient(&trouble)
        {
            follower.renew(connection, &trouble).await;
        }
    }
}
