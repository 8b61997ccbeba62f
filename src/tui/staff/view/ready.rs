//! The orders that can be collected, in numbers that are readable across a room.

use super::digits;
use crate::model::{Order, text};
use crate::tui::staff::state::StaffState;
use crate::tui::staff::state::board::BoardTicket;
use crate::tui::view::sketch::Sketch;
use crate::tui::view::{draw_pane, draw_placeholder, titled};
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// The rows of a screen's body below which numbers are plain text.
const LEAST_FOR_BLOCKS: u16 = 8;
/// The columns between two of the smallest numbers, and how many more there are with each larger
/// scale: the digits of a number stand apart by less.
const GAP: u16 = 7;
const WIDER_GAP: u16 = 4;
/// The columns before the first number.
const INDENT: u16 = 3;
/// The largest scale of numbers.
const LARGEST: u16 = 4;

/// Draws what can be collected, the newest first, and below it what is in the works.
pub(super) fn draw(state: &StaffState, body: Rect, sketch: &mut Sketch) {
    let theme = &state.theme;
    let mut words = Vec::new();
    if state.board.is_read && !state.is_current() {
        words.push(("may be old".to_owned(), theme.bad));
    }
    let title = titled(theme, " Ready to collect ", words, body);
    let inner = draw_pane(theme, true, title, body, sketch);
    let room = Rect {
        height: inner.height.saturating_sub(1),
        ..inner
    };

    let ready: Vec<&Order> = state.board.ready().rev().map(BoardTicket::order).collect();
    if ready.is_empty() {
        let why = if state.board.is_read {
            "Nothing is ready yet."
        } else {
            "Reading the open orders …"
        };
        draw_placeholder(theme, why, room, sketch);
    } else if inner.height < LEAST_FOR_BLOCKS {
        let names: Vec<String> = ready.iter().map(|order| order.name()).collect();
        for (area, line) in room
            .rows()
            .zip(text::wrap(&names.join("  "), room.width.into(), 9))
        {
            sketch.write(area.x, area.y, &line, area.width, theme.good);
        }
    } else {
        draw_blocks(state, &ready, room, sketch);
    }
    draw_works(
        state,
        Rect {
            y: room.bottom(),
            height: 1,
            ..inner
        },
        sketch,
    );
}

/// Draws the numbers in the works.
fn draw_works(state: &StaffState, area: Rect, sketch: &mut Sketch) {
    let theme = &state.theme;
    let mut numbers: Vec<String> = Vec::new();
    let mut left = usize::from(area.width).saturating_sub(20);

    for ticket in state.board.to_make() {
        let name = ticket.order().name();
        let name = name.trim_start_matches('#').to_owned();
        let width = text::width(&name) + 2;
        if width > left {
            numbers.push("…".to_owned());
            break;
        }
        left -= width;
        numbers.push(name);
    }

    if numbers.is_empty() {
        return;
    }

    let line = Line::from(vec![
        Span::styled("   In the works   ", theme.dim),
        Span::styled(numbers.join("  "), theme.text),
    ]);
    sketch.write_line(&line, area);
}

/// Draws numbers of blocks, as large as all of them fit, or as many of the newest as fit.
fn draw_blocks(state: &StaffState, ready: &[&Order], room: Rect, sketch: &mut Sketch) {
    let mut scale = LARGEST;
    while scale > 1 && frames(ready, room, scale).len() < ready.len() {
        scale -= 1;
    }

    let theme = &state.theme;
    let frames = frames(ready, room, scale);
    let left_out = ready.len() - frames.len();
    for (order, area) in ready.iter().zip(frames) {
        let number = number(order);
        match digits::rows(&number, scale) {
            Some(rows) => {
                for (y, text) in (area.y..).zip(rows) {
                    sketch.write(area.x, y, &text, area.width, theme.good);
                }
            }
            // Where it has no number, its id stands at the height of the middle.
            None => {
                let y = area.y + digits::HEIGHT * scale / 2;
                sketch.write(area.x, y, &number, area.width, theme.good);
            }
        }
        let name = text::truncate(&order.user, area.width.into());
        let y = area.y + digits::HEIGHT * scale;
        sketch.write(area.x, y, &name, area.width, theme.text);
    }

    if left_out > 0 {
        let more = Line::styled(format!("+{left_out} "), theme.dim);
        let last = Rect {
            y: room.bottom().saturating_sub(1),
            height: 1,
            ..room
        };
        sketch.write_line(&more.right_aligned(), last);
    }
}

/// The frames of as many numbers as fit.
fn frames(ready: &[&Order], room: Rect, scale: u16) -> Vec<Rect> {
    let height = digits::HEIGHT * scale + 1;
    let mut frames = Vec::new();
    let mut x = room.x + INDENT;
    let mut y = room.y + 1;

    for order in ready {
        let number = number(order);
        let width = if digits::rows(&number, 1).is_some() {
            digits::width(number.len(), scale)
        } else {
            u16::try_from(text::width(&number)).unwrap_or(u16::MAX)
        };
        let width = width.max(LEAST_WIDTH);

        if x.saturating_add(width) > room.right() && x > room.x + INDENT {
            x = room.x + INDENT;
            y += height + 1;
        }
        if y + height > room.bottom() {
            break;
        }

        let width = width.min(room.right().saturating_sub(x));
        frames.push(Rect {
            x,
            y,
            width,
            height,
        });
        x = x.saturating_add(width + GAP + WIDER_GAP * (scale - 1));
    }

    frames
}

/// The least columns of a number and the name below it.
const LEAST_WIDTH: u16 = 14;

/// The number of an order, or the end of its id.
fn number(order: &Order) -> String {
    order.name().trim_start_matches('#').to_owned()
}
