//! The open orders, as the board shows them.

use crate::model::{Order, OrderId, OrderState, ProductId, Ticket, text};
use crate::store::board::BoardRequest;
use std::cell::OnceCell;
use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use tui_input::Input;

/// The form in which tickets show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BoardForm {
    /// As fits the width: side by side, or a list where there are few columns.
    #[default]
    ByWidth,
    /// Side by side, where at least one column fits.
    Columns,
    /// As a list, with the selected ticket beside it.
    List,
}

/// The part of a list that has the keyboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BoardPane {
    /// The list.
    #[default]
    List,
    /// The selected ticket.
    Ticket,
}

/// A ticket, and what this screen knows of it besides.
#[derive(Debug, Clone)]
pub struct BoardTicket {
    /// The ticket.
    pub ticket: Ticket,
    /// When this screen heard of its present state, by the steady clock; `None` for what was so
    /// already when it was read first.
    pub changed_here: Option<u64>,
    /// It came after the board was opened, and no key was pressed since.
    pub is_new: bool,
    /// All words by which it can be found, folded.
    words: OnceCell<String>,
}

impl BoardTicket {
    /// A ticket of which this screen hears now.
    #[must_use]
    pub fn new(ticket: Ticket) -> BoardTicket {
        BoardTicket {
            ticket,
            changed_here: None,
            is_new: false,
            words: OnceCell::new(),
        }
    }

    /// Its order.
    #[must_use]
    pub fn order(&self) -> &Order {
        &self.ticket.order
    }

    /// Milliseconds since it was ordered or, where it can be collected, since then.
    #[must_use]
    pub(in crate::tui) fn age(&self, server_now: u64) -> u64 {
        server_now.saturating_sub(waits_since(self.order()))
    }

    /// Returns whether it is still to be made.
    #[must_use]
    pub(in crate::tui) fn is_to_make(&self) -> bool {
        matches!(
            self.order().state,
            OrderState::Placed | OrderState::Accepted
        )
    }

    /// The places of its lines of this category among those of the order; of all where there is
    /// none.
    #[must_use]
    pub(in crate::tui) fn lines_of(&self, station: Option<&str>) -> Vec<usize> {
        let lines = 0..self.order().lines.len();
        let categories = &self.ticket.categories;
        lines
            .filter(|line| {
                station.is_none_or(|station| {
                    let category = categories.get(*line);
                    category.is_some_and(|category| category == station)
                })
            })
            .collect()
    }

    /// Returns whether each of these folded words occurs in it.
    fn matches(&self, words: &str) -> bool {
        if words.is_empty() {
            return true;
        }
        let all = self.words.get_or_init(|| {
            let order = self.order();
            let mut all = vec![order.name(), order.user.clone(), order.who.clone()];
            for line in &order.lines {
                all.push(line.name.clone());
                all.extend(line.notes.iter().map(|note| note.told()));
            }
            all.push(order.note.clone());
            text::folded(&all.join("\n"))
        });
        words.split_whitespace().all(|word| all.contains(word))
    }
}

/// The pieces of a product that are still to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductTotal {
    /// The product's name.
    pub name: String,
    /// Its pieces on all open tickets that show.
    pub pieces: u64,
}

/// The open orders, and what is done with them.
#[derive(Debug, Default)]
pub struct BoardState {
    /// All tickets, oldest first; cancelled ones until they are cleared off.
    pub tickets: Vec<BoardTicket>,
    /// They were read once at least.
    pub is_read: bool,
    /// The open orders that are left out, as there are too many.
    pub more: usize,
    /// The open orders that are left out, as they can't be read.
    pub unread: usize,
    /// The difference between the server's clock and the steady clock, in milliseconds.
    pub server_ahead: u64,
    /// The places of the tickets that are kept to: first those to be made, then those that can be
    /// collected.
    pub shown: Vec<usize>,
    /// The number of the former.
    pub to_make: usize,
    /// The selected ticket.
    pub selected: Option<OrderId>,
    /// The selected line, among those of it that show.
    pub line: usize,
    /// The first ticket of the first column, among those that show.
    pub first: usize,
    /// The first row of the list.
    pub list_top: usize,
    /// The form in which they show.
    pub form: BoardForm,
    /// The part of the list that has the keyboard.
    pub pane: BoardPane,
    /// The totals show.
    pub shows_totals: bool,
    /// The category that is kept to.
    pub station: Option<String>,
    /// The words that are looked for.
    pub words: Input,
    /// The digits typed so far.
    pub digits: String,
    /// The ticket that was selected before them.
    pub before_digits: Option<OrderId>,
    /// The pieces that nobody has ticked yet, once they were asked for.
    totals: OnceCell<Vec<ProductTotal>>,
    /// The requests that are not answered yet.
    pub pending: Vec<BoardRequest>,
    /// The steps that were made here, and the states to which they led; the last one is undone first.
    pub own_steps: Vec<(OrderId, OrderState)>,
}

impl BoardState {
    /// The index of a ticket among all.
    #[must_use]
    pub(in crate::tui) fn position(&self, id: &OrderId) -> Option<usize> {
        let mut tickets = self.tickets.iter();
        tickets.position(|ticket| ticket.order().id == *id)
    }

    /// A ticket by its order.
    #[must_use]
    pub fn ticket(&self, id: &OrderId) -> Option<&BoardTicket> {
        self.tickets.get(self.position(id)?)
    }

    /// The ticket of an index among those that show.
    #[must_use]
    pub(in crate::tui) fn shown_ticket(&self, index: usize) -> Option<&BoardTicket> {
        self.tickets.get(*self.shown.get(index)?)
    }

    /// The selected ticket.
    #[must_use]
    pub fn selected(&self) -> Option<&BoardTicket> {
        self.ticket(self.selected.as_ref()?)
    }

    /// The index of the selected ticket among those that show.
    #[must_use]
    pub(in crate::tui) fn selected_index(&self) -> Option<usize> {
        let position = self.position(self.selected.as_ref()?)?;
        self.shown.iter().position(|shown| *shown == position)
    }

    /// The tickets that show and are still to be made.
    pub(in crate::tui) fn to_make(&self) -> impl Iterator<Item = &BoardTicket> {
        let shown = self
            .shown
            .iter()
            .filter_map(|index| self.tickets.get(*index));
        shown.filter(|ticket| ticket.is_to_make())
    }

    /// The tickets that can be collected, those that became so last at the end.
    pub(in crate::tui) fn ready(&self) -> impl DoubleEndedIterator<Item = &BoardTicket> {
        let indexes = self.shown.get(self.to_make..).unwrap_or_default();
        indexes.iter().filter_map(|index| self.tickets.get(*index))
    }

    /// The categories of all lines on the board, by name.
    #[must_use]
    pub(in crate::tui) fn categories(&self) -> Vec<&str> {
        let categories = self.tickets.iter().flat_map(|it| &it.ticket.categories);
        let mut categories: Vec<&str> = categories
            .map(String::as_str)
            .filter(|category| !category.is_empty())
            .collect();
        categories.sort_unstable();
        categories.dedup();
        categories
    }

    /// The requested state of a line's tick that is not answered yet.
    #[must_use]
    pub(in crate::tui) fn pending_tick(&self, order: &OrderId, asked: &ProductId) -> Option<bool> {
        self.pending.iter().rev().find_map(|request| match request {
            BoardRequest::Tick {
                id,
                product,
                ticked,
            } if id == order && product == asked => Some(*ticked),
            BoardRequest::Tick { .. }
            | BoardRequest::Step { .. }
            | BoardRequest::Undo { .. }
            | BoardRequest::Reread => None,
        })
    }

    /// Returns whether a step of this order, or taking one back, is not answered yet.
    #[must_use]
    pub(in crate::tui) fn is_moving(&self, order: &OrderId) -> bool {
        self.pending.iter().any(|request| match request {
            BoardRequest::Step { id, .. } | BoardRequest::Undo { id, .. } => id == order,
            BoardRequest::Tick { .. } | BoardRequest::Reread => false,
        })
    }

    /// The pieces that nobody has ticked yet on all open tickets, those of the station that is kept
    /// to; most pieces first.
    pub(in crate::tui) fn totals(&self) -> &[ProductTotal] {
        self.totals.get_or_init(|| self.sum())
    }

    fn sum(&self) -> Vec<ProductTotal> {
        let station = self.station.as_deref();
        let mut totals: HashMap<&ProductId, ProductTotal> = HashMap::new();
        for ticket in self.to_make() {
            let ticked: HashSet<&ProductId> = ticket.ticket.ticked.iter().collect();
            let lines = ticket.lines_of(station).into_iter();
            let lines = lines.filter_map(|line| ticket.order().lines.get(line));
            for line in lines.filter(|line| !ticked.contains(&line.product)) {
                let total = totals.entry(&line.product).or_insert_with(|| ProductTotal {
                    name: line.name.clone(),
                    pieces: 0,
                });
                total.pieces += u64::from(line.quantity);
            }
        }

        let mut totals: Vec<ProductTotal> = totals.into_values().collect();
        totals.sort_by(|one, other| {
            let by_pieces = other.pieces.cmp(&one.pieces);
            by_pieces.then_with(|| one.name.cmp(&other.name))
        });
        totals
    }

    /// Finds again which tickets show, and keeps what is selected among them.
    pub(in crate::tui) fn refresh(&mut self) {
        self.totals.take();
        self.tickets
            .sort_by(|one, other| sort_key(one).cmp(&sort_key(other)));

        let words = text::folded(self.words.value().trim());
        let station = self.station.as_deref();
        let kept = (0..self.tickets.len()).filter(|index| {
            let ticket = &self.tickets[*index];
            let has_lines = station.is_none() || !ticket.lines_of(station).is_empty();
            has_lines && ticket.matches(&words)
        });
        let (ready, to_make): (Vec<usize>, Vec<usize>) =
            kept.partition(|index| self.tickets[*index].order().state == OrderState::Ready);

        self.to_make = to_make.len();
        self.shown = to_make;
        self.shown.extend(ready);

        if self.selected_index().is_none() {
            self.selected = None;
            self.line = 0;
        }
    }

    /// The ticket that digits mean: that of this number, or else the oldest whose number begins so.
    #[must_use]
    pub(in crate::tui) fn numbered(&self, digits: &str) -> Option<&BoardTicket> {
        let numbered = self.shown.iter().filter_map(|index| {
            let ticket = self.tickets.get(*index)?;
            let number = ticket.order().number?.to_string();
            number.starts_with(digits).then_some((number, ticket))
        });
        let best = numbered.min_by_key(|(number, ticket)| {
            let is_whole = number == digits;
            (Reverse(is_whole), ticket.order().at)
        });
        best.map(|(_, ticket)| ticket)
    }
}

/// What tickets are sorted by: when they were placed, or since when they can be collected; then
/// their ids.
fn sort_key(ticket: &BoardTicket) -> (u64, &OrderId) {
    let order = ticket.order();
    (waits_since(order), &order.id)
}

/// When an order was placed or, where it can be collected, since when.
fn waits_since(order: &Order) -> u64 {
    match order.state {
        OrderState::Ready => order.changed,
        OrderState::Placed | OrderState::Accepted | OrderState::Done | OrderState::Cancelled => {
            order.at
        }
    }
}
