//! Tickets.

use crate::config::keymap::Action;
use crate::config::theme::{CHANGED, LATE, PENDING, READY, SELECTED, SHORT, Theme};
use crate::model::{OrderState, ProductId, text};
use crate::tui::staff::layout::board::{TicketPlace, age_words};
use crate::tui::staff::layout::ticket::{SIGN_WIDTH, TicketPart, TicketRow, quantity_width};
use crate::tui::staff::state::StaffState;
use crate::tui::staff::state::board::BoardTicket;
use crate::tui::view::row::{self, RowBackground, foot_line, left, right};
use crate::tui::view::sketch::Sketch;
use crate::tui::view::{draw_frame, row_background};
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

/// Draws a ticket in its place; `has_keyboard` where its lines can be walked through.
pub(super) fn draw(
    state: &StaffState,
    place: &TicketPlace,
    has_keyboard: bool,
    sketch: &mut Sketch,
) {
    let theme = &state.theme;
    let Some(ticket) = state.board.shown_ticket(place.index) else {
        return;
    };
    let is_selected = state.board.selected.as_ref() == Some(&ticket.order().id);
    let style = if is_selected && has_keyboard {
        theme.focus
    } else if ticket.is_new {
        theme.changed
    } else {
        theme.border
    };

    let frame = place.frame;
    let inner = draw_frame(
        style,
        title(state, ticket, is_selected, frame),
        frame,
        sketch,
    );
    sketch.write_line(&age(state, ticket).right_aligned(), top_line(frame));
    draw_foot(state, ticket, frame, sketch);

    let quantity_width = quantity_width(ticket);
    let lines = ticket.lines_of(state.board.station.as_deref());
    let mut line_above = None;
    for (area, row) in inner.rows().zip(&place.rows) {
        let has_cursor = is_selected && row.line == Some(state.board.line);
        let background = row_background(theme, has_cursor, has_keyboard);
        if line_above != row.line {
            row::draw_sign(theme, background, area, sketch);
        }
        line_above = row.line;

        let line = row.line.and_then(|line| lines.get(line));
        let line = line.and_then(|line| ticket.order().lines.get(*line));
        let tick = line.map_or(Tick::Open, |line| Tick::of(state, ticket, &line.product));
        draw_row(theme, row, tick, quantity_width, background, area, sketch);
    }
}

/// The first line of a frame, between its corners.
fn top_line(frame: Rect) -> Rect {
    Rect {
        y: frame.y,
        ..foot_line(frame)
    }
}

fn title(
    state: &StaffState,
    ticket: &BoardTicket,
    is_selected: bool,
    frame: Rect,
) -> Line<'static> {
    let theme = &state.theme;
    let order = ticket.order();
    let mut line = Line::from(Span::raw(" "));
    if is_selected {
        line.push_span(Span::styled(format!("{SELECTED} "), theme.accent));
    } else if ticket.is_new {
        line.push_span(Span::styled(format!("{CHANGED} "), theme.accent));
    }
    line.push_span(Span::styled(order.name(), theme.accent));
    line.push_span(Span::raw(" "));

    let room = usize::from(frame.width.saturating_sub(2));
    let room = room.saturating_sub(line.width() + age(state, ticket).width() + 2);
    let cart = text::truncate(&order.user, room);
    line.push_span(Span::styled(format!("{cart} "), theme.text));
    line
}

/// The sign and the words of a ticket's age, or that it is cancelled.
fn age(state: &StaffState, ticket: &BoardTicket) -> Line<'static> {
    let (sign, words, style) = age_parts(state, ticket);
    let gap = if sign.is_empty() { "" } else { " " };
    Line::styled(format!(" {sign}{gap}{words} "), style)
}

/// The sign of a ticket's age, its words, and their style.
pub(super) fn age_parts(state: &StaffState, ticket: &BoardTicket) -> (&'static str, String, Style) {
    let theme = &state.theme;
    if ticket.order().state == OrderState::Cancelled {
        return ("", "CANCELLED".to_owned(), theme.bad);
    }

    let age = ticket.age(state.server_now());
    let words = age_words(age);
    if !ticket.is_to_make() || age < state.env.warn_after {
        ("", words, theme.dim)
    } else if age < state.env.late_after {
        (SHORT, words, theme.warn)
    } else {
        (LATE, words, theme.bad)
    }
}

/// Draws the state and who has it at the left of the last line, and how much is ticked at the right.
fn draw_foot(state: &StaffState, ticket: &BoardTicket, frame: Rect, sketch: &mut Sketch) {
    let theme = &state.theme;
    let order = ticket.order();
    let by = ticket.ticket.moved_by.as_deref().unwrap_or_default();
    let foot = foot_line(frame);
    let room = usize::from(foot.width).saturating_sub(2);

    if order.state == OrderState::Cancelled {
        let step = state.env.keymap.typed_key_of(Action::Step);
        let by = if by.is_empty() {
            String::new()
        } else {
            format!("by {by} · ")
        };
        let words = text::truncate(&format!("{by}{step} clears it"), room);
        sketch.write_line(&Line::styled(format!(" {words} "), theme.bad), foot);
        return;
    }

    let done = format!(" {} ", done(ticket));
    let mut words = order.state.name().to_owned();
    if !by.is_empty() {
        words = format!("{words} · {by}");
    }
    let style = if state.board.is_moving(&order.id) {
        words.push_str(&format!(" {PENDING}"));
        theme.pending
    } else {
        theme.dim
    };
    let words = text::truncate(&words, room.saturating_sub(done.len() + 1));
    sketch.write_line(&Line::styled(format!(" {words} "), style), foot);
    sketch.write_line(&Line::styled(done, theme.dim).right_aligned(), foot);
}

/// The number of ticked lines of all: `2/3`.
pub(super) fn done(ticket: &BoardTicket) -> String {
    format!(
        "{}/{}",
        ticket.ticket.ticked_lines(),
        ticket.order().lines.len()
    )
}

fn draw_row(
    theme: &Theme,
    ticket_row: &TicketRow,
    tick: Tick,
    quantity_width: u16,
    background: RowBackground,
    area: Rect,
    sketch: &mut Sketch,
) {
    match ticket_row.part {
        TicketPart::Line { quantity } => {
            let text_width = area.width.saturating_sub(SIGN_WIDTH + quantity_width + 1);
            let sign = if quantity.is_some() { tick.sign() } else { "" };
            let quantity = quantity.map_or_else(String::new, |quantity| quantity.to_string());
            let style = tick.style(theme);
            let cells = [
                left(sign, SIGN_WIDTH - 1, tick.sign_style(theme)),
                right(&quantity, quantity_width, style),
                left(&ticket_row.text, text_width, style),
            ];
            row::draw(&cells, background, area, sketch);
        }
        TicketPart::Note => {
            let style = match tick {
                Tick::Open => theme.warn,
                Tick::Ticked | Tick::Pending => theme.dim,
            };
            let cells = [left(&ticket_row.text, area.width, style)];
            row::draw(&cells, background, area, sketch);
        }
        TicketPart::OrderNote => {
            let cells = [left(&ticket_row.text, area.width, theme.warn)];
            row::draw(&cells, background, area, sketch);
        }
        TicketPart::Count => {
            let cells = [left(&ticket_row.text, area.width, theme.dim)];
            row::draw(&cells, background, area, sketch);
        }
    }
}

/// The state of a line's tick.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tick {
    Open,
    Ticked,
    /// It was asked for here, and is not confirmed yet.
    Pending,
}

impl Tick {
    /// The tick of the line of this product.
    fn of(state: &StaffState, ticket: &BoardTicket, product: &ProductId) -> Tick {
        if state
            .board
            .pending_tick(&ticket.order().id, product)
            .is_some()
        {
            Tick::Pending
        } else if ticket.ticket.is_ticked(product) {
            Tick::Ticked
        } else {
            Tick::Open
        }
    }

    fn sign(self) -> &'static str {
        match self {
            Tick::Open => "",
            Tick::Ticked => READY,
            Tick::Pending => PENDING,
        }
    }

    fn sign_style(self, theme: &Theme) -> Style {
        match self {
            Tick::Open | Tick::Ticked => theme.good,
            Tick::Pending => theme.pending,
        }
    }

    fn style(self, theme: &Theme) -> Style {
        match self {
            Tick::Open => theme.text,
            Tick::Ticked => theme.dim,
            Tick::Pending => theme.pending,
        }
    }
}
