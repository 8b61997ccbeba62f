//! The board: tickets side by side, or as a list; what can be collected; the totals.

use super::header::counts;
use super::{ticket, totals};
use crate::model::{OrderState, text};
use crate::tui::staff::layout::board::{BoardLayout, list_height, shows_list, strip_entries};
use crate::tui::staff::state::StaffState;
use crate::tui::staff::state::board::{BoardPane, BoardTicket};
use crate::tui::state::areas::list_rows;
use crate::tui::view::row::{self, RowBackground, foot_line, heading_line, left, right};
use crate::tui::view::sketch::Sketch;
use crate::tui::view::{
    draw_pane, draw_placeholder, draw_rule, draw_scroll_bar, position, row_background, titled,
};
use ratatui::layout::{Margin, Rect};
use ratatui::text::{Line, Span};

/// The words of a board without a ticket.
const EMPTY: &str = "No open orders. New ones appear here.";

/// Draws the board.
pub(super) fn draw(state: &StaffState, layout: &BoardLayout, sketch: &mut Sketch) {
    let is_list = shows_list(state);
    let in_ticket = !is_list || state.board.pane == BoardPane::Ticket;
    let has_list = layout.list.is_some();

    if let Some(frame) = layout.list {
        draw_list(state, layout, frame, sketch);
    }
    if let Some(frame) = layout.beside.filter(|_| layout.tickets.is_empty()) {
        draw_pane(&state.theme, false, "", frame, sketch);
    }
    for place in &layout.tickets {
        ticket::draw(state, place, in_ticket || !has_list, sketch);
    }
    if let Some(frame) = layout.strip {
        draw_strip(state, frame, sketch);
    }
    if let Some(frame) = layout.totals {
        totals::draw(state, frame, sketch);
    }
    if !is_list && state.board.to_make == 0 {
        draw_placeholder(&state.theme, why_empty(state), state.body(), sketch);
    }
}

/// Why there are no tickets.
fn why_empty(state: &StaffState) -> &'static str {
    let is_kept = state.board.station.is_some() || !state.board.words.value().trim().is_empty();
    if !state.board.is_read {
        "Reading the open orders …"
    } else if is_kept {
        "No ticket matches."
    } else {
        EMPTY
    }
}

/// Draws the orders that can be collected in one row.
fn draw_strip(state: &StaffState, frame: Rect, sketch: &mut Sketch) {
    let theme = &state.theme;
    let ready = state.board.shown.len() - state.board.to_make;
    let title = Line::from(vec![
        Span::styled(" Ready ", theme.accent),
        Span::styled(format!("{ready} "), theme.dim),
    ]);
    let inner = draw_pane(theme, false, title, frame, sketch);

    let strip = strip_entries(state, frame);
    let selected = state.board.selected_index();
    for entry in &strip.entries {
        let is_selected = selected == Some(entry.index);
        let background = row_background(theme, is_selected, true);
        let width = entry.end - entry.x;
        let name = Span::styled(&entry.name, background.beneath(theme.good));
        let age = Span::styled(format!("  {}", entry.age), background.beneath(theme.dim));
        let area = Rect {
            x: entry.x,
            width: width.min(inner.right().saturating_sub(entry.x)),
            ..inner
        };
        row::draw_sign(theme, background, area, sketch);
        sketch.write_line(&Line::from_iter([name, age]), area);
        if is_selected {
            sketch.point_at(area);
        }
    }

    if strip.entries.is_empty() && state.board.is_read {
        let area = Rect {
            x: inner.x + 2,
            width: inner.width.saturating_sub(2),
            ..inner
        };
        sketch.write_line(&Line::styled("Nothing is ready yet.", theme.dim), area);
    } else if strip.more > 0 {
        let more = Line::styled(format!("+{} ", strip.more), theme.dim);
        sketch.write_line(&more.right_aligned(), inner);
    }
}

/// The columns of the list. Where there is little room, the state goes, then the age.
struct ListColumns {
    number: u16,
    cart: u16,
    age: u16,
    state: u16,
    done: u16,
}

/// The columns of an age and its sign.
const AGE: u16 = 9;
/// The columns of a state.
const STATE: u16 = 9;
/// The least columns of a number, with its sign, as of its heading.
const LEAST_NUMBER: usize = 3;
/// The least columns of the ticked lines, as of their heading.
const LEAST_DONE: usize = 4;
/// The least columns of a cart's name for which other columns give way.
const LEAST_CART: u16 = 8;

impl ListColumns {
    /// The columns for these tickets in rows of `width`.
    fn of(tickets: &[&BoardTicket], width: u16) -> ListColumns {
        let numbers = tickets.iter().map(|ticket| ticket.order().name());
        let done = tickets.iter().map(|ticket| ticket::done(ticket));
        let mut columns = ListColumns {
            number: widest(numbers, LEAST_NUMBER),
            cart: 0,
            age: AGE,
            state: STATE,
            done: widest(done, LEAST_DONE),
        };

        if columns.cart_room(width) < LEAST_CART {
            columns.state = 0;
        }
        if columns.cart_room(width) < LEAST_CART {
            columns.done = 0;
        }

        columns.cart = columns.cart_room(width);
        columns
    }

    /// The columns that are left for the cart.
    fn cart_room(&self, width: u16) -> u16 {
        let others = [self.number, self.age, self.state, self.done];
        width.saturating_sub(row::taken(&others))
    }
}

/// The columns of the widest of these texts.
fn widest(texts: impl Iterator<Item = String>, least: usize) -> u16 {
    let widest = texts.map(|text| text::width(&text)).max();
    u16::try_from(widest.unwrap_or(0).max(least)).unwrap_or(u16::MAX)
}

fn draw_list(state: &StaffState, layout: &BoardLayout, frame: Rect, sketch: &mut Sketch) {
    let theme = &state.theme;
    let board = &state.board;
    let has_keyboard = board.pane == BoardPane::List;
    let title = titled(theme, " Board ", counts(state, layout), frame);
    draw_pane(theme, has_keyboard, title, frame, sketch);

    let rows = list_rows(frame);
    if board.shown.is_empty() {
        return draw_placeholder(
            theme,
            why_empty(state),
            frame.inner(Margin::new(1, 1)),
            sketch,
        );
    }
    let indexes = board.list_top..board.shown.len();
    let listed: Vec<&BoardTicket> = indexes
        .filter_map(|index| board.shown_ticket(index))
        .take(rows.height.into())
        .collect();
    let columns = ListColumns::of(&listed, rows.width);
    let heads = [
        left("No.", columns.number, theme.dim),
        left("Cart", columns.cart, theme.dim),
        left("Age", columns.age, theme.dim),
        left("State", columns.state, theme.dim),
        right("Done", columns.done, theme.dim),
    ];
    row::draw(
        &heads,
        RowBackground::Plain(theme.text),
        heading_line(rows),
        sketch,
    );

    let selected = board.selected_index();
    let mut areas = rows.rows();
    for index in board.list_top..board.shown.len() {
        if list_height(state, index) > 1
            && let Some(area) = areas.next()
        {
            draw_rule(theme, area, sketch);
        }
        let (Some(ticket), Some(area)) = (board.shown_ticket(index), areas.next()) else {
            break;
        };
        let background = match selected == Some(index) {
            false if ticket.is_new => RowBackground::Changed(theme.text),
            is_selected => row_background(theme, is_selected, has_keyboard),
        };
        row::draw_sign(theme, background, area, sketch);
        draw_list_row(state, ticket, &columns, background, area, sketch);
    }

    draw_scroll_bar(
        theme,
        frame,
        rows,
        board.shown.len(),
        board.list_top,
        sketch,
    );
    if let Some(selected) = selected {
        let position = position(theme, selected, board.shown.len());
        sketch.write_line(&position, foot_line(frame));
    }
}

fn draw_list_row(
    state: &StaffState,
    ticket: &BoardTicket,
    columns: &ListColumns,
    background: RowBackground,
    area: Rect,
    sketch: &mut Sketch,
) {
    let theme = &state.theme;
    let order = ticket.order();
    let (age_sign, age_words, age_style) = ticket::age_parts(state, ticket);
    let is_cancelled = order.state == OrderState::Cancelled;
    let age = if is_cancelled {
        String::new()
    } else {
        format!("{age_sign:<2} {age_words}")
    };

    let is_moving = state.board.is_moving(&order.id);
    let (words, style) = if is_cancelled {
        (age_words, age_style)
    } else if is_moving {
        (format!("{} …", order.state.name()), theme.pending)
    } else if order.state == OrderState::Ready {
        (order.state.name().to_owned(), theme.good)
    } else {
        (order.state.name().to_owned(), theme.dim)
    };
    let done = if is_cancelled {
        String::new()
    } else {
        ticket::done(ticket)
    };
    let name = order.name();
    let name_style = if ticket.is_new {
        theme.changed
    } else {
        theme.accent
    };

    let cells = [
        left(&name, columns.number, name_style),
        left(&order.user, columns.cart, theme.text),
        left(&age, columns.age, age_style),
        left(&words, columns.state, style),
        right(&done, columns.done, theme.dim),
    ];
    row::draw(&cells, background, area, sketch);
}
