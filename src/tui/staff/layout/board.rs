//! The places of tickets: in columns, or as a list with the selected one beside it.

use super::ticket::{self, TicketRow};
use crate::model::text;
use crate::tui::layout::countdown::elapsed;
use crate::tui::staff::state::StaffState;
use crate::tui::staff::state::board::{BoardForm, BoardPane, BoardTicket};
use crate::tui::state::areas::{list_rows, side_by_side};
use crate::tui::state::scroll::Scroll;
use ratatui::layout::{Margin, Rect};

/// The least columns of a ticket, with the gap behind it.
const COLUMN: u16 = 33;
/// The columns of tickets from which on they show side by side where nobody has chosen.
const MANY_COLUMNS: u16 = 3;
/// The columns of a screen below which tickets never show side by side.
const LEAST_FOR_COLUMNS: u16 = 60;
/// The rows of the frame with the orders that can be collected.
const STRIP: u16 = 3;
/// The rows of a body from which on tickets show side by side, above that frame.
const LEAST_FOR_STRIP: u16 = 12;

/// The places of all that the board shows.
#[derive(Debug, Default)]
pub(in crate::tui) struct BoardLayout {
    /// The tickets that show whole.
    pub(in crate::tui) tickets: Vec<TicketPlace>,
    /// The frame of the list.
    pub(in crate::tui) list: Option<Rect>,
    /// The frame for the selected ticket beside the list, or in its place.
    pub(in crate::tui) beside: Option<Rect>,
    /// The frame of the orders that can be collected.
    pub(in crate::tui) strip: Option<Rect>,
    /// The frame of the totals.
    pub(in crate::tui) totals: Option<Rect>,
    /// The index of the first ticket that has no room behind those that show.
    pub(in crate::tui) next: usize,
}

/// Where a ticket stands.
#[derive(Debug)]
pub(in crate::tui) struct TicketPlace {
    /// Its index among those that show.
    pub(in crate::tui) index: usize,
    /// Its column, from the left.
    pub(in crate::tui) column: u16,
    /// Its frame.
    pub(in crate::tui) frame: Rect,
    /// The rows in it.
    pub(in crate::tui) rows: Vec<TicketRow>,
}

impl BoardLayout {
    /// The layout of the board as it is now.
    #[must_use]
    pub(in crate::tui) fn of(state: &StaffState) -> BoardLayout {
        if shows_list(state) {
            return BoardLayout::list(state);
        }

        let body = state.body();
        let columns = (body.width + 1) / COLUMN;
        let all = columns_frame(body);
        let (used, totals) = if state.board.shows_totals {
            let used = columns - 1;
            let x = column_x(all, columns, used);
            let totals = Rect {
                x,
                width: all.right() - x,
                ..all
            };
            (used, Some(totals))
        } else {
            (columns, None)
        };

        let filled = fill_columns(state, all, columns, used, state.board.first);
        BoardLayout {
            next: filled.next,
            tickets: filled.tickets,
            strip: Some(Rect {
                y: body.bottom() - STRIP,
                height: STRIP,
                ..body
            }),
            totals,
            ..BoardLayout::default()
        }
    }

    /// The layout as a list.
    fn list(state: &StaffState) -> BoardLayout {
        let body = state.body();
        let board = &state.board;
        let (list, beside) = if let Some((list, beside)) = side_by_side(body) {
            (Some(list), Some(beside))
        } else if board.shows_totals || board.pane == BoardPane::Ticket {
            (None, Some(body))
        } else {
            (Some(body), None)
        };

        if board.shows_totals {
            return BoardLayout {
                list,
                totals: beside,
                ..BoardLayout::default()
            };
        }

        let ticket = board.selected_index().zip(beside);
        let ticket = ticket.map(|(index, frame)| TicketPlace {
            index,
            column: 0,
            frame,
            rows: board
                .shown_ticket(index)
                .map_or_else(Vec::new, |ticket| rows_within(state, ticket, frame)),
        });
        BoardLayout {
            list,
            beside,
            tickets: ticket.into_iter().collect(),
            ..BoardLayout::default()
        }
    }

    /// The tickets whose age shows.
    pub(in crate::tui) fn shown_tickets<'a>(
        &'a self,
        state: &'a StaffState,
    ) -> impl Iterator<Item = &'a BoardTicket> {
        let indexes = self.shown_indexes(state);
        indexes.filter_map(|index| state.board.shown_ticket(index))
    }

    /// Returns whether the ticket of this index shows.
    #[must_use]
    pub(in crate::tui) fn shows(&self, state: &StaffState, index: usize) -> bool {
        self.shown_indexes(state).any(|shown| shown == index)
    }

    /// The indexes of the tickets that show, whole or as a row.
    fn shown_indexes(&self, state: &StaffState) -> impl Iterator<Item = usize> {
        let board = &state.board;
        let listed = self.list.map(list_rows);
        let listed = listed.map_or(0..0, |rows| {
            board.list_top..board.list_top + usize::from(rows.height)
        });
        let in_strip = self
            .strip
            .map_or(0..0, |_| board.to_make..board.shown.len());

        let indexes = self.tickets.iter().map(|ticket| ticket.index);
        indexes.chain(listed).chain(in_strip)
    }

    /// The ticket of this index.
    #[must_use]
    pub(in crate::tui) fn ticket(&self, index: usize) -> Option<&TicketPlace> {
        self.tickets.iter().find(|ticket| ticket.index == index)
    }

    /// The ticket at the height of another one in this column; `None` where none shows there.
    #[must_use]
    pub(in crate::tui) fn beside(&self, from: &TicketPlace, column: Option<u16>) -> Option<usize> {
        let in_column = self.tickets.iter().filter(|it| Some(it.column) == column);
        let reaching = in_column.take_while(|it| it.frame.y <= from.frame.y);
        reaching.last().map(|ticket| ticket.index)
    }

    /// The index behind the last ticket of the same column.
    #[must_use]
    pub(in crate::tui) fn behind_column(&self, from: &TicketPlace) -> usize {
        let mut behind = self.tickets.iter().rev();
        let last = behind.find(|it| it.column == from.column);
        last.map_or(from.index, |it| it.index) + 1
    }

    /// The index of the first ticket of the same column.
    #[must_use]
    pub(in crate::tui) fn first_of_column(&self, from: &TicketPlace) -> usize {
        let mut in_column = self.tickets.iter().filter(|it| it.column == from.column);
        in_column.next().map_or(from.index, |it| it.index)
    }
}

/// Returns whether tickets show as a list.
#[must_use]
pub(in crate::tui) fn shows_list(state: &StaffState) -> bool {
    let body = state.body();
    let columns = (body.width + 1) / COLUMN;
    if body.width < LEAST_FOR_COLUMNS || body.height < LEAST_FOR_STRIP {
        return true;
    }
    match state.board.form {
        BoardForm::ByWidth => columns < MANY_COLUMNS,
        BoardForm::List => true,
        BoardForm::Columns => false,
    }
}

/// The lines that the row of a ticket takes in the list: a rule stands above the first that can be
/// collected.
#[must_use]
pub(in crate::tui) fn list_height(state: &StaffState, index: usize) -> usize {
    let board = &state.board;
    if index == board.to_make && index > 0 && index < board.shown.len() {
        2
    } else {
        1
    }
}

/// Scrolls so that the selected ticket shows, and no room is left that others could fill.
pub(in crate::tui) fn keep_selected_in_sight(state: &mut StaffState) {
    if shows_list(state) {
        keep_row_in_sight(state);
        return;
    }

    let to_make = state.board.to_make;
    state.board.first = state.board.first.min(to_make.saturating_sub(1));
    let selected = state.board.selected_index();
    if let Some(selected) = selected.filter(|index| *index < to_make) {
        if selected < state.board.first {
            state.board.first = selected;
        }
        while state.board.first < selected {
            // As far as a jump may go, each look costs what one frame costs.
            let next = BoardLayout::of(state).next;
            if next > selected {
                break;
            }
            state.board.first += ((selected - next) / 2).max(1);
        }
    }

    while state.board.first > 0 {
        state.board.first -= 1;
        if BoardLayout::of(state).next < to_make {
            state.board.first += 1;
            break;
        }
    }
}

fn keep_row_in_sight(state: &mut StaffState) {
    let rows = state.board.shown.len();
    let layout = BoardLayout::of(state);
    let Some(frame) = layout.list.filter(|_| rows > 0) else {
        return;
    };
    let page = usize::from(list_rows(frame).height);

    let mut scroll = Scroll {
        cursor: state.board.selected_index().unwrap_or(state.board.list_top),
        top: state.board.list_top,
    };
    scroll.keep_tall_within(rows, page, |row| list_height(state, row));
    state.board.list_top = scroll.top;
}

/// The area of all columns of tickets.
fn columns_frame(body: Rect) -> Rect {
    Rect {
        height: body.height - STRIP,
        ..body
    }
}

/// The first column of the screen of a column of tickets.
fn column_x(all: Rect, columns: u16, column: u16) -> u16 {
    all.x + column * (column_width(all, columns) + 1)
}

/// The columns of a ticket, without the gap behind it.
fn column_width(all: Rect, columns: u16) -> u16 {
    (all.width + 1) / columns - 1
}

/// Tickets that have their places, and the first behind them.
struct Filled {
    tickets: Vec<TicketPlace>,
    next: usize,
}

/// Fills columns from the ticket `first` on. Only what shows is laid out.
fn fill_columns(state: &StaffState, all: Rect, columns: u16, used: u16, first: usize) -> Filled {
    let board = &state.board;
    let width = column_width(all, columns);
    let mut tickets: Vec<TicketPlace> = Vec::new();
    let mut column = 0;
    let mut y = all.y;

    for index in first..board.to_make {
        let Some(ticket) = board.shown_ticket(index) else {
            break;
        };
        let whole = Rect {
            x: column_x(all, columns, column),
            width,
            ..all
        };
        let rows = rows_within(state, ticket, whole);
        let height = u16::try_from(rows.len()).unwrap_or(u16::MAX) + 2;

        if y + height > all.bottom() {
            column += 1;
            y = all.y;
        }
        if column >= used {
            return Filled {
                tickets,
                next: index,
            };
        }
        tickets.push(TicketPlace {
            index,
            column,
            frame: Rect {
                x: column_x(all, columns, column),
                y,
                width,
                height,
            },
            rows,
        });
        y += height;
    }
    Filled {
        tickets,
        next: board.to_make,
    }
}

/// The rows of a ticket that show in a frame.
fn rows_within(state: &StaffState, ticket: &BoardTicket, frame: Rect) -> Vec<TicketRow> {
    let board = &state.board;
    let inner = frame.inner(Margin::new(1, 1));
    let is_selected = board.selected.as_ref() == Some(&ticket.order().id);
    let cursor = is_selected.then_some(board.line);
    let station = board.station.as_deref();
    ticket::visible_rows(ticket, station, inner.width, inner.height, cursor)
}

/// The columns between two orders that can be collected.
const STRIP_GAP: u16 = 5;

/// The orders that can be collected, as far as they have room in one row.
#[derive(Debug)]
pub(in crate::tui) struct StripEntries {
    pub(in crate::tui) entries: Vec<StripEntry>,
    /// The number of those without room, at the end.
    pub(in crate::tui) more: usize,
}

/// An order that can be collected.
#[derive(Debug)]
pub(in crate::tui) struct StripEntry {
    /// Its index among the tickets that show.
    pub(in crate::tui) index: usize,
    /// Its first column.
    pub(in crate::tui) x: u16,
    /// The column behind it.
    pub(in crate::tui) end: u16,
    /// Its number and its cart.
    pub(in crate::tui) name: String,
    /// The time since it can be collected.
    pub(in crate::tui) age: String,
}

/// The orders in the frame of those that can be collected: the oldest first or, where one is
/// selected that would have no room, as many before it as fit.
#[must_use]
pub(in crate::tui) fn strip_entries(state: &StaffState, frame: Rect) -> StripEntries {
    let board = &state.board;
    let indexes = board.to_make..board.shown.len();
    let selected = board
        .selected_index()
        .filter(|index| indexes.contains(index));

    let mut first = indexes.start;
    loop {
        let strip = strip_from(state, frame, first);
        let end = first + strip.entries.len();
        match selected {
            Some(selected) if selected >= end && !strip.entries.is_empty() => {
                first += (selected - end) / 2 + 1;
            }
            Some(_) | None => return strip,
        }
    }
}

fn strip_from(state: &StaffState, frame: Rect, first: usize) -> StripEntries {
    let board = &state.board;
    let server_now = state.server_now();
    let right = frame.right().saturating_sub(2);
    let mut x = frame.x + 3;
    let mut entries = Vec::new();
    for index in first..board.shown.len() {
        let Some(ticket) = board.shown_ticket(index) else {
            break;
        };
        let order = ticket.order();
        let name = format!(
            "{} {}",
            order.name(),
            text::truncate(&order.user, WIDEST_CART)
        );
        let age = age_words(ticket.age(server_now));
        let width = text::width(&name) + 2 + text::width(&age);
        let width = u16::try_from(width).unwrap_or(u16::MAX);

        // Where others follow, their number needs room, too.
        let is_last = index + 1 == board.shown.len();
        let needed = if is_last {
            width
        } else {
            width + STRIP_GAP + 8
        };
        if x.saturating_add(needed) > right && !entries.is_empty() {
            break;
        }
        entries.push(StripEntry {
            index,
            x,
            end: x.saturating_add(width),
            name,
            age,
        });
        x = x.saturating_add(width + STRIP_GAP);
    }
    let more = board.shown.len() - first - entries.len();
    StripEntries { entries, more }
}

/// The most columns for the name of a cart among those that can be collected.
const WIDEST_CART: usize = 20;

/// An age in words: `now` before the first minute is over.
#[must_use]
pub(in crate::tui) fn age_words(age: u64) -> String {
    elapsed(age).unwrap_or_else(|| "now".to_owned())
}
