//! The receipt of an order: moving on it, and marking who has settled.

use super::Updater;
use crate::config::keymap::Motion;
use crate::model::{Order, Refusal};
use crate::store::Error;
use crate::store::live::OrderRequest;
use crate::tui::layout::receipt::{ReceiptRows, selected_person};
use crate::tui::state::scroll::Scroll;
use crate::tui::state::{Connectivity, Mode};
use std::ops::Range;

impl Updater<'_> {
    /// Moves on the receipt that shows.
    pub(super) fn move_in_receipt(&mut self, motion: Motion) {
        let steps = match motion {
            Motion::Up | Motion::Down => self.rows_per_step(),
            Motion::PageUp | Motion::PageDown | Motion::Top | Motion::Bottom => 1,
        };
        self.with_receipt(|extent, scroll| {
            for _ in 0..steps.min(extent.rows) {
                extent.step(scroll, motion);
            }
        });
    }

    /// Keeps the receipt within its frame.
    pub(super) fn clamp_receipt(&mut self) {
        self.with_receipt(ReceiptExtent::clamp);
    }

    /// Changes the position on the receipt that shows, if any.
    fn with_receipt(&mut self, change: impl FnOnce(&ReceiptExtent, &mut Scroll)) {
        let Some((receipt, page)) = ReceiptRows::shown(self.state, &self.state.mode) else {
            return;
        };
        let extent = ReceiptExtent {
            rows: receipt.rows.len(),
            page,
            entries: receipt.entries(),
        };
        if let Mode::Receipt { scroll, .. } = &mut self.state.mode {
            change(&extent, scroll);
        }
    }

    /// Marks that the selected person has settled with whoever ordered, or takes that back.
    pub(super) fn toggle_settled(&mut self) {
        if !matches!(self.state.mode, Mode::Receipt { .. }) {
            return;
        }
        match selected_person(self.state) {
            Some(name) => self.settle(name),
            None => self.notify_info("Select a person below the total first"),
        }
    }

    /// Marks that this person has settled their part of the order that shows, or takes that back.
    pub(super) fn settle(&mut self, name: String) {
        let Some(order) = self.state.shown_order() else {
            return;
        };
        let who = order.who.clone();
        if !self.state.is_me(&who) {
            self.notify_error(Refusal::NotBuyer(who).to_string());
            return;
        }
        if self.state.connectivity != Connectivity::Live {
            self.refuse_as_offline("Nothing was marked: the server is away");
            return;
        }

        let mark = (order.id.clone(), name.clone());
        let request = OrderRequest::Settle {
            order: order.id.clone(),
            settled: !order.is_settled(&name),
            name,
        };
        // Held down, the key would ask for the same as fast as it repeats.
        if self.state.orders.marking.replace(mark.clone()) != Some(mark) {
            self.request_order(request);
        }
    }

    /// Takes in that it was marked who has settled, or why not.
    pub(super) fn on_part_settled(&mut self, outcome: Result<Order, Error>) {
        self.state.orders.marking = None;
        match outcome {
            Ok(order) => {
                let words = self.state.env.keymap.is_in_words();
                let before = self.state.orders.order(&order.id).filter(|_| words);
                let told = before.map(|before| settled_now(before, &order));
                self.state.orders.replace(order);
                if let Some(told) = told {
                    self.notify_info(told);
                }
            }
            Err(Error::Trouble(trouble)) if trouble.is_ambiguous() => {
                self.notify_error(format!("It is not known whether that is marked: {trouble}"))
            }
            Err(error) => self.notify_error(error.to_string()),
        }
    }
}

/// Who has settled since an order was as `before`, and whose part is open again.
fn settled_now(before: &Order, now: &Order) -> String {
    let settled = now.settled.iter().filter(|name| !before.is_settled(name));
    let open = before.settled.iter().filter(|name| !now.is_settled(name));
    let settled = settled.map(|name| format!("{name} has settled"));
    let told: Vec<String> = settled
        .chain(open.map(|name| format!("{name} has not settled")))
        .collect();
    told.join(". ")
}

/// The rows of a receipt, those that show at a time, and what can be selected on it.
struct ReceiptExtent {
    rows: usize,
    page: usize,
    entries: Vec<Range<usize>>,
}

impl ReceiptExtent {
    fn last_top(&self) -> usize {
        self.rows.saturating_sub(self.page)
    }

    fn clamp(&self, scroll: &mut Scroll) {
        scroll.top = scroll.top.min(self.last_top());
        scroll.cursor = scroll.cursor.min(self.entries.len().saturating_sub(1));
    }

    /// The rows that are read with an entry: all up to the next one, and from the first one on all
    /// above it.
    fn block(&self, entry: usize) -> Range<usize> {
        let start = match entry.checked_sub(1) {
            Some(_) => self.entries.get(entry).map_or(0, |rows| rows.start),
            None => 0,
        };
        let next = self.entries.get(entry + 1);
        start..next.map_or(self.rows, |rows| rows.start)
    }

    /// Goes one step. No row is passed over: what does not show yet of an entry comes before the
    /// next one.
    fn step(&self, scroll: &mut Scroll, motion: Motion) {
        let block = self.block(scroll.cursor);
        let last = self.entries.len().saturating_sub(1);
        match motion {
            Motion::Down if block.end > scroll.top + self.page => scroll.top += 1,
            Motion::Down if scroll.cursor < last => {
                scroll.cursor += 1;
                let next = self.block(scroll.cursor);
                let whole = next.end.saturating_sub(self.page);
                scroll.top = scroll.top.max(whole.min(next.start));
            }
            Motion::Up if block.start < scroll.top => scroll.top -= 1,
            Motion::Up if scroll.cursor > 0 => {
                scroll.cursor -= 1;
                let next = self.block(scroll.cursor);
                let whole = next.end.saturating_sub(self.page).max(next.start);
                scroll.top = scroll.top.min(whole);
            }
            Motion::Up | Motion::Down => {}

            Motion::PageDown if scroll.top >= self.last_top() => scroll.cursor = last,
            Motion::PageUp if scroll.top == 0 => scroll.cursor = 0,
            Motion::PageDown => {
                scroll.top = self.last_top().min(scroll.top + self.page.max(2) - 1);
                self.select_within(scroll);
            }
            Motion::PageUp => {
                scroll.top = scroll.top.saturating_sub(self.page.max(2) - 1);
                self.select_within(scroll);
            }
            Motion::Top => *scroll = Scroll::default(),
            Motion::Bottom => {
                scroll.top = self.last_top();
                scroll.cursor = last;
            }
        }
        self.clamp(scroll);
    }

    /// Selects the nearest entry that shows.
    fn select_within(&self, scroll: &mut Scroll) {
        let shown = scroll.top..scroll.top + self.page;
        let mut starts = self.entries.iter().map(|rows| rows.start);
        let first = starts.position(|start| shown.contains(&start));
        let starts = self.entries.iter().map(|rows| rows.start);
        let after = starts.filter(|start| *start < shown.end).count();
        match first {
            Some(first) => scroll.cursor = scroll.cursor.clamp(first, after - 1),
            None => scroll.cursor = after.saturating_sub(1),
        }
    }
}
