//! The receipt of an order: a sheet in the middle of its pane.

use super::row::{self, RowBackground, foot_line, left, right};
use super::sketch::Sketch;
use super::{draw_pane, draw_placeholder, draw_rule, draw_scroll_bar, row_background};
use crate::config::theme::{READY, Theme};
use crate::model::{Order, OrderState};
use crate::store::Pace;
use crate::tui::layout::receipt::{QUANTITY, ReceiptRow, ReceiptRows, SETTLED, SHEET, Step};
use crate::tui::state::scroll::Scroll;
use crate::tui::state::timers::MINUTE;
use crate::tui::state::{Connectivity, State};
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

/// Draws the receipt of an order; without an order, `waiting`. Where the keyboard is elsewhere, it has
/// no `scroll`.
pub(super) fn draw(
    state: &State,
    order: Option<&Order>,
    scroll: Option<Scroll>,
    waiting: &str,
    frame: Rect,
    sketch: &mut Sketch,
) {
    let theme = &state.theme;
    let inner = draw_pane(theme, scroll.is_some(), title(state, order), frame, sketch);
    let Some(order) = order else {
        return draw_placeholder(theme, waiting, inner, sketch);
    };

    let sheet = Rect {
        x: inner.x + inner.width.saturating_sub(SHEET) / 2,
        width: inner.width.min(SHEET),
        ..inner
    };
    let receipt = ReceiptRows::of(state, order, sheet.width);
    let top = scroll.map_or(0, |scroll| scroll.top);
    let mut entries = receipt.entries().into_iter();
    let selected = scroll.and_then(|scroll| entries.nth(scroll.cursor));
    let visible = receipt.rows.iter().enumerate().skip(top);
    for (area, (index, row)) in sheet.rows().zip(visible) {
        let is_selected = selected.as_ref().is_some_and(|rows| rows.contains(&index));
        let background = row_background(theme, is_selected, true);
        if selected.as_ref().is_some_and(|rows| rows.start == index) {
            row::draw_sign(theme, background, area, sketch);
        }
        draw_row(theme, &receipt, row, background, area, sketch);
    }

    let rows = receipt.rows.len();
    let shown = usize::from(inner.height);
    if rows > shown {
        let words = format!(" {}-{} of {rows} ", top + 1, rows.min(top + shown));
        let position = Line::styled(words, theme.dim).right_aligned();
        sketch.write_line(&position, foot_line(frame));
    }
    draw_scroll_bar(theme, frame, inner, rows, top, sketch);
}

/// The title: what the order is called, and its state.
fn title(state: &State, order: Option<&Order>) -> Line<'static> {
    let theme = &state.theme;
    let mut title = Line::from(Span::styled(" Receipt ", theme.accent));
    if let Some(order) = order {
        title.push_span(Span::styled(format!("{} · ", order.name()), theme.dim));
        let is_new = state.server_now().saturating_sub(order.at) < MINUTE;
        let words = match order.state {
            OrderState::Placed if is_new && state.is_me(&order.who) => {
                "ordered by you just now".to_owned()
            }
            OrderState::Placed if is_new => format!("ordered by {} just now", order.who),
            reached => reached.name().to_owned(),
        };
        let style = state_style(theme, order.state);
        title.push_span(Span::styled(format!("{words} "), style));
    }

    warn_of_old(state, &mut title);
    title
}

/// The style of an order's state.
pub(super) fn state_style(theme: &Theme, state: OrderState) -> Style {
    match state {
        OrderState::Ready => theme.good,
        OrderState::Cancelled => theme.bad,
        OrderState::Placed | OrderState::Accepted => theme.warn,
        OrderState::Done => theme.dim,
    }
}

fn draw_row(
    theme: &Theme,
    receipt: &ReceiptRows,
    row: &ReceiptRow,
    background: RowBackground,
    area: Rect,
    sketch: &mut Sketch,
) {
    let indent = u16::try_from(QUANTITY).unwrap_or(0);

    match row {
        ReceiptRow::Head(shop, name) => {
            draw_ends((shop, theme.accent), (name, theme.accent), area, sketch)
        }
        ReceiptRow::Words(words) => sketch.write(area.x, area.y, words, area.width, theme.text),
        ReceiptRow::Steps(steps) => draw_steps(theme, steps, area, sketch),
        ReceiptRow::Rule => draw_rule(theme, area, sketch),
        ReceiptRow::Line {
            pieces,
            name,
            each,
            total,
        } => {
            let pieces = pieces.to_string();
            // One column more sets the sums apart.
            let each_width = receipt.each;
            let apart = if each_width > 0 { each_width + 2 } else { 0 };
            let name_width = area
                .width
                .saturating_sub(indent + apart + receipt.total + 2);
            let cells = [
                right(&pieces, indent, theme.dim),
                left(name, name_width, theme.text),
                right(each, each_width, theme.dim),
                right(total, receipt.total + u16::from(each_width > 0), theme.text),
            ];
            row::draw(&cells, background, area, sketch);
        }
        ReceiptRow::Name(words) | ReceiptRow::Below(words) => {
            let style = match row {
                ReceiptRow::Name(_) => theme.text,
                _ => theme.dim,
            };
            let cells = [
                left("", indent, style),
                left(words, area.width.saturating_sub(indent + 1), style),
            ];
            row::draw(&cells, background, area, sketch);
        }
        ReceiptRow::Total(pieces, total) => {
            draw_ends((pieces, theme.dim), (total, theme.accent), area, sketch);
        }
        ReceiptRow::Person {
            label,
            settled,
            sum,
            ..
        } => {
            let settled_width = u16::try_from(SETTLED).unwrap_or(0);
            let label_width = area.width.saturating_sub(settled_width + receipt.total + 2);
            let (word, style) = match settled {
                Some(true) => (format!("settled {READY}"), theme.good),
                Some(false) => ("open".to_owned(), theme.warn),
                None => (String::new(), theme.dim),
            };
            let cells = [
                left(label, label_width, theme.text),
                left(&word, settled_width, style),
                right(sum, receipt.total, theme.text),
            ];
            row::draw(&cells, background, area, sketch);
        }
        ReceiptRow::Id(id) => sketch.write(area.x, area.y, id, area.width, theme.dim),
    }
}

/// Draws a text at the left end of a row, and one at its right end.
fn draw_ends(left_end: (&str, Style), right_end: (&str, Style), area: Rect, sketch: &mut Sketch) {
    let line = Line::styled(left_end.0.to_owned(), left_end.1);
    sketch.write_line(&line, area);
    let line = Line::styled(right_end.0.to_owned(), right_end.1);
    sketch.write_line(&line.right_aligned(), area);
}

/// Draws steps of an order: those that it has reached, and `dim` those to come.
fn draw_steps(theme: &Theme, steps: &[Step], area: Rect, sketch: &mut Sketch) {
    let spans = steps.iter().map(|step| {
        let style = match step.reached {
            Some(OrderState::Cancelled) => theme.bad,
            Some(_) => theme.text,
            None => theme.dim,
        };
        Span::styled(step.words.as_str(), style)
    });
    sketch.write_line(&Line::from_iter(spans), area);
}

/// Adds to the title of a page that its orders may be old, where that is so.
pub(super) fn warn_of_old(state: &State, title: &mut Line<'_>) {
    let is_offline = matches!(state.connectivity, Connectivity::Offline { .. });
    let is_doubtful = is_offline || state.pace == Pace::Silent;
    if is_doubtful && state.orders.list.is_some() {
        title.push_span(Span::styled("may be old ", state.theme.bad));
    }
}
