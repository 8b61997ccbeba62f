//! Prints the entries of a stream of orders.

use crate::cli::error::CliError;
use crate::cli::order_output::{RECEIPT_COLUMNS, order_line_json};
use crate::cli::output::Output;
use crate::config::Settings;
use crate::model::time::{Clock, PersonalClock};
use crate::model::{Money, OrderState, receipt};
use crate::store::order::{FollowEvent, Follower, LONGEST_WAIT, OrderEntry};
use crate::store::{self, Connection, Shop};
use serde_json::{Value, json};
use std::io::{self, Write};

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
    /// A printer of so many orders; without a number, of all that come.
    pub(super) fn new(
        count: Option<u64>,
        includes_finished: bool,
        settings: &Settings,
        output: &Output,
    ) -> OrderPrinter {
        let personal_clock = settings.personal_clock();
        OrderPrinter {
            output: output.clone(),
            clock: Shop::default().clock(&personal_clock),
            personal_clock,
            includes_finished,
            remaining: count.unwrap_or(u64::MAX),
            left_out: 0,
        }
    }

    /// Waits a while for what comes next, and prints it.
    pub(super) async fn print_next(
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
            let state = mark_delivered(&entry, follower, connection).await?;
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
pub(super) async fn mark_delivered(
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
