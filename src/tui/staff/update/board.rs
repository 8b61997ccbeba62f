//! The board: selecting tickets, and what is done with them.

use super::Updater;
use crate::config::key::{Code, Key};
use crate::config::keymap::{Action, Motion};
use crate::model::{OrderId, OrderState};
use crate::store::board::BoardRequest;
use crate::tui::staff::layout::board::{BoardLayout, shows_list};
use crate::tui::staff::message::StaffEffect;
use crate::tui::staff::state::StaffMode;
use crate::tui::staff::state::board::{BoardPane, BoardTicket};
use crate::tui::state::Connectivity;
use crate::tui::state::digits::are_scanned;
use crate::tui::update::scanner::NOT_HERE;

/// The refusal of what needs a ticket.
const NO_TICKET: &str = "No ticket is selected: press an arrow, or type its number";
/// The most digits that are noted.
const MOST_DIGITS: usize = 32;

/// Milliseconds after a ticket's state changed in which a key does not move it on: the second press
/// of a key that was pressed twice meant the state before.
const JUST_NOW: u64 = 700;

impl Updater<'_> {
    /// Types a digit of a ticket's number, or takes the last one away.
    pub(super) fn type_digit(&mut self, key: Key) {
        let board = &mut self.state.board;
        if key.code == Code::Named("backspace") {
            board.digits.pop();
        } else if let Some(digit) = key.typed().filter(char::is_ascii_digit) {
            if board.digits.is_empty() {
                board.before_digits = board.selected.clone();
            }
            if board.digits.len() < MOST_DIGITS {
                board.digits.push(digit);
            }
        } else {
            return;
        }

        let digits = board.digits.clone();
        let meant = board.numbered(&digits).filter(|_| !digits.is_empty());
        let meant = meant.map(|ticket| ticket.order().id.clone());
        let selected = meant.or_else(|| board.before_digits.clone());
        self.select(selected);
    }

    /// Ends the digits that were typed: they only select.
    pub(super) fn end_digits(&mut self, digits: &str, before: Option<OrderId>) {
        if are_scanned(digits) {
            self.select(before);
            self.refuse(NOT_HERE);
        } else if self.state.board.numbered(digits).is_none() {
            self.refuse(format!("There is no ticket {digits}"));
        }
    }

    /// Selects the ticket that these digits mean.
    pub(super) fn pick(&mut self, digits: &str) {
        let ticket = self.state.board.numbered(digits);
        if let Some(id) = ticket.map(|ticket| ticket.order().id.clone()) {
            self.select(Some(id));
        }
    }

    /// Selects a ticket, or none.
    pub(super) fn select(&mut self, id: Option<OrderId>) {
        if self.state.board.selected != id {
            self.state.board.selected = id;
            self.state.board.line = 0;
        }
    }

    pub(super) fn select_index(&mut self, index: usize) {
        let ticket = self.state.board.shown_ticket(index);
        let id = ticket.map(|ticket| ticket.order().id.clone());
        self.select(id);
    }

    /// Keeps the selected line among those of its ticket that show.
    pub(super) fn keep_line_within(&mut self) {
        let lines = self.selected_lines();
        let board = &mut self.state.board;
        board.line = board.line.min(lines.saturating_sub(1));
    }

    /// The number of lines of the selected ticket that show.
    fn selected_lines(&self) -> usize {
        let board = &self.state.board;
        let lines = board
            .selected()
            .map(|it| it.lines_of(board.station.as_deref()));
        lines.map_or(0, |lines| lines.len())
    }

    /// Moves along the lines and from ticket to ticket; in a list from row to row.
    pub(super) fn move_on_board(&mut self, motion: Motion) {
        let Some(last) = self.state.board.shown.len().checked_sub(1) else {
            return;
        };
        // Behind those to make stand the ones that can be collected.
        let newest = self.state.board.to_make.checked_sub(1).unwrap_or(last);
        let Some(index) = self.state.board.selected_index() else {
            return self.select_index(match motion {
                Motion::Bottom => newest,
                Motion::Up | Motion::Down | Motion::PageUp | Motion::PageDown | Motion::Top => 0,
            });
        };

        let is_list = shows_list(self.state);
        let in_ticket = is_list && self.state.board.pane == BoardPane::Ticket;
        // Of those that can be collected, no lines show.
        let has_lines = in_ticket || (!is_list && index < self.state.board.to_make);
        let lines = if has_lines { self.selected_lines() } else { 0 };
        let line = self.state.board.line;

        match motion {
            Motion::Down if line + 1 < lines => self.state.board.line += 1,
            Motion::Up if has_lines && line > 0 => self.state.board.line -= 1,
            Motion::Up | Motion::Down if in_ticket => {}
            Motion::Down | Motion::PageDown => self.select_index((index + 1).min(last)),
            Motion::Up if index > 0 => {
                self.select_index(index - 1);
                if !is_list {
                    self.state.board.line = self.selected_lines().saturating_sub(1);
                }
            }
            Motion::Up => {}
            Motion::PageUp => self.select_index(index.saturating_sub(1)),
            Motion::Top => self.select_index(0),
            Motion::Bottom => self.select_index(newest),
        }
    }

    /// Moves to the ticket at the left or right; in a list, to that part of it.
    pub(super) fn move_sideways(&mut self, towards: BoardPane) {
        if shows_list(self.state) {
            if self.state.board.selected().is_none() {
                self.move_on_board(Motion::Down);
            }
            self.state.board.pane = towards;
            return;
        }

        let Some(index) = self.state.board.selected_index() else {
            return self.move_on_board(Motion::Down);
        };
        let layout = BoardLayout::of(self.state);
        let last = self.state.board.shown.len().saturating_sub(1);
        let target = match (layout.ticket(index), towards) {
            (Some(from), BoardPane::Ticket) => layout
                .beside(from, from.column.checked_add(1))
                .unwrap_or_else(|| layout.behind_column(from).min(last)),
            (Some(from), BoardPane::List) => layout
                .beside(from, from.column.checked_sub(1))
                .unwrap_or_else(|| layout.first_of_column(from).saturating_sub(1)),
            // Those that can be collected stand in one row.
            (None, BoardPane::Ticket) => (index + 1).min(last),
            (None, BoardPane::List) => index.saturating_sub(1),
        };
        self.select_index(target);
    }

    /// Moves the selected ticket on, from the state in which it was seen; a cancelled one goes.
    pub(super) fn step(&mut self) {
        let Some(ticket) = self.state.board.selected() else {
            return self.refuse(NO_TICKET);
        };
        let order = ticket.order();
        let id = order.id.clone();
        let name = order.name();
        let from = order.state;
        let to = match from {
            OrderState::Placed => OrderState::Accepted,
            OrderState::Accepted => OrderState::Ready,
            OrderState::Ready => OrderState::Done,
            OrderState::Cancelled | OrderState::Done => return self.remove(&id),
        };

        let now = self.state.now.steady;
        let since = ticket.changed_here.map(|at| now.saturating_sub(at));
        let is_just_changed = since.is_some_and(|since| since < JUST_NOW);
        let was_seen = self.state.seen.ticket == Some((id.clone(), from));
        if self.state.board.is_moving(&id) {
            return;
        }
        if self.refuse_offline(&name, "moved") {
            return;
        }
        if is_just_changed || !was_seen {
            let step = self.state.env.keymap.typed_key_of(Action::Step);
            let to = to.name();
            let happened = if is_just_changed {
                format!("{name} was {} just now", from.name())
            } else {
                format!("{name} was not on the screen yet")
            };
            self.refuse(format!("{happened}: press {step} again for {to}"));
            if is_just_changed {
                self.note_change_here(&id);
            }
            return;
        }
        self.request(BoardRequest::Step { id, from, to });
    }

    /// Notes that a ticket's state changed just now, as this screen sees it.
    fn note_change_here(&mut self, id: &OrderId) {
        let now = self.state.now.steady;
        if let Some(index) = self.state.board.position(id) {
            self.state.board.tickets[index].changed_here = Some(now);
        }
    }

    /// Ticks the selected line, or takes the tick away. Nobody ticks what they do not see: where the
    /// list alone shows, the ticket opens.
    pub(super) fn tick(&mut self) {
        let index = self.state.board.selected_index();
        let shown = index.and_then(|index| self.state.board.shown_ticket(index));
        let shown = shown.map(|ticket| ticket.order().name());
        if let Some((index, name)) = index.zip(shown)
            && BoardLayout::of(self.state).ticket(index).is_none()
        {
            if shows_list(self.state) && !self.state.board.shows_totals {
                self.state.board.pane = BoardPane::Ticket;
            } else {
                self.refuse(format!("The lines of {name} do not show here"));
            }
            return;
        }

        let board = &self.state.board;
        let Some(ticket) = board.selected() else {
            return self.refuse(NO_TICKET);
        };
        let order = ticket.order();
        let name = order.name();
        let lines = ticket.lines_of(board.station.as_deref());
        let line = lines
            .get(board.line)
            .and_then(|line| order.lines.get(*line));
        let Some(line) = line.filter(|_| !order.state.is_over()) else {
            return;
        };

        let id = order.id.clone();
        let product = line.product.clone();
        let pending = board.pending_tick(&id, &product);
        let is_ticked = pending.unwrap_or_else(|| ticket.ticket.is_ticked(&product));
        if self.refuse_offline(&name, "ticked") {
            return;
        }
        self.request(BoardRequest::Tick {
            id,
            product,
            ticked: !is_ticked,
        });
    }

    /// Takes the last step back that was made here or, where none was, that of the selected ticket.
    pub(super) fn undo(&mut self) {
        let board = &self.state.board;
        let selected = board.selected().map(BoardTicket::order);
        let last = board.own_steps.last().cloned();
        let last = last.or_else(|| selected.map(|order| (order.id.clone(), order.state)));
        let Some((id, from)) = last else {
            return self.refuse("There is no step to undo");
        };

        let name = match board.ticket(&id) {
            Some(ticket) => ticket.order().name(),
            None => "The last ticket".to_owned(),
        };
        if board.is_moving(&id) || self.refuse_offline(&name, "moved") {
            return;
        }
        self.request(BoardRequest::Undo { id, from });
    }

    /// Asks whether to cancel the selected order.
    pub(super) fn ask_cancel(&mut self) {
        let Some(ticket) = self.state.board.selected() else {
            return self.refuse(NO_TICKET);
        };
        let order = ticket.order();
        let name = order.name();
        let question = StaffMode::ConfirmCancel(order.id.clone(), order.state);
        if order.state.is_over() || self.state.board.is_moving(&order.id) {
            return;
        }
        if !self.refuse_offline(&name, "cancelled") {
            self.open(question);
        }
    }

    /// Cancels the order that was asked about, from the state in which it was seen.
    pub(super) fn cancel_order(&mut self) {
        let StaffMode::ConfirmCancel(id, from) = self.state.mode.clone() else {
            return;
        };
        // An answer that was typed before the question was there answers something else.
        if self.state.seen.question.as_ref() != Some(&id) {
            return;
        }

        self.state.mode = StaffMode::Browse;
        let name = self.state.board.ticket(&id);
        let name = name.map_or_else(String::new, |ticket| ticket.order().name());
        if !self.refuse_offline(&name, "cancelled") {
            let to = OrderState::Cancelled;
            self.request(BoardRequest::Step { id, from, to });
        }
    }

    /// Prints the selected ticket.
    pub(super) fn print(&mut self) {
        let Some(command) = self.state.env.print.clone() else {
            return self.refuse("Set print = \"COMMAND\" in the settings to print");
        };
        match self.state.board.selected() {
            Some(ticket) => {
                let order = Box::new(ticket.order().clone());
                self.notify_info(format!("Printing {} …", order.name()));
                self.effects.push(StaffEffect::Print(order, command));
            }
            None => self.refuse(NO_TICKET),
        }
    }

    /// Says where the connection is down that a ticket was not changed; returns whether it is.
    pub(super) fn refuse_offline(&mut self, name: &str, changed: &str) -> bool {
        let is_offline = self.is_offline();
        if is_offline {
            self.refuse_as_offline(format!("Offline: {name} was not {changed}"));
        }
        is_offline
    }

    /// Returns whether nothing can be changed, as the connection is down.
    pub(super) fn is_offline(&self) -> bool {
        match self.state.connectivity {
            Connectivity::Live | Connectivity::Syncing => false,
            Connectivity::Connecting
            | Connectivity::Offline { .. }
            | Connectivity::Unreadable(_) => true,
        }
    }
}
