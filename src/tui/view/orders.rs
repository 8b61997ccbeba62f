//! The past orders, and the receipt of one.

use super::row;
use super::{hint, pane, scroll_bar};
use crate::config::keymap::Action;
use crate::config::theme::Theme;
use crate::model::receipt::time;
use crate::model::{Order, OrderId, OrderState, text};
use crate::tui::layout::orders;
use crate::tui::state::{Connectivity, State};
use crate::tui::view::row::{left, right};
use ratatui::buffer::Buffer;
use ratatui::layout::{Margin, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

/// The columns for an id, and for its end without the day; for the state, the time, the pieces.
const ID: u16 = 18;
const ID_END: u16 = 9;
const STATE: u16 = 9;
const TIME: u16 = 16;
const ITEMS: u16 = 10;
/// The widest that a total stands apart without need.
const TOTAL: u16 = 18;

/// The columns of the list; those without room are 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Columns {
    id: u16,
    at: u16,
    state: u16,
    items: u16,
    total: u16,
}

impl Columns {
    /// The columns in rows of `width`, where the widest amount takes `amount`: whatever else
    /// must go, money is shown whole.
    fn fitting(width: u16, amount: u16) -> Columns {
        let all = [
            // From so many columns on: the id, the time, the state, the pieces.
            (76, [ID + 2, TIME, STATE, ITEMS]),
            (64, [ID + 2, TIME, STATE, 0]),
            (0, [ID + 2, 0, STATE, 0]),
            (0, [ID, 0, STATE, 0]),
            (0, [ID_END, 0, STATE, 0]),
            (0, [ID_END, 0, 0, 0]),
        ];
        let rest = |columns: &[u16; 4]| {
            let used: u16 = columns
                .iter()
                .filter(|column| **column > 0)
                .map(|column| column + 1)
                .sum();
            width.checked_sub(used).filter(|rest| *rest >= amount)
        };
        let fits = all.into_iter().filter(|(from, _)| width >= *from);
        let found = fits
            .filter_map(|(_, columns)| Some((columns, rest(&columns)?)))
            .next();
        let ([id, at, state, items], rest) = found.unwrap_or(([0; 4], width));
        Columns {
            id,
            at,
            state,
            items,
            total: rest.min(TOTAL.max(amount)),
        }
    }
}

/// Draws the list of past orders.
pub fn draw(state: &State, area: Rect, buffer: &mut Buffer) {
    let theme = &state.theme;
    pane(theme, true, title(state, " Orders ")).render(area, buffer);
    let inner = area.inner(Margin::new(1, 1));
    let orders = match &state.orders.list {
        None => return hint(theme, waiting(state, "Reading the orders …"), inner, buffer),
        Some(orders) if orders.is_empty() => {
            let key = state.env.keymap.key_of(Action::Checkout);
            let said = format!("There are no orders yet.\nIn the cart, {key} makes one.");
            return hint(theme, &said, inner, buffer);
        }
        Some(orders) => orders,
    };
    let list = Rect {
        y: inner.y + 1,
        height: inner.height.saturating_sub(1),
        ..inner
    };
    let top = state.orders.scroll.top;
    let shown = || orders.iter().enumerate().skip(top).take(list.height.into());
    let widest = shown()
        .map(|(_, order)| text::width(&amount(order)))
        .max()
        .unwrap_or(0);
    let columns = Columns::fitting(inner.width, u16::try_from(widest).unwrap_or(u16::MAX));
    let heads = [
        left("Order", columns.id, theme.dim),
        left("When", columns.at, theme.dim),
        left("State", columns.state, theme.dim),
        right("Items", columns.items, theme.dim),
        right("Total", columns.total, theme.dim),
    ];
    row::draw(
        &heads,
        Rect { height: 1, ..inner },
        theme.dim,
        false,
        buffer,
    );
    for ((place, order), y) in shown().zip(list.y..) {
        let (clock, pieces) = (time(order.at, &state.env.zone), order.pieces().to_string());
        let end = order.id.as_str().split_once('-').map_or("", |(_, end)| end);
        let id = if columns.id < ID {
            end
        } else {
            order.id.as_str()
        };
        let amount = amount(order);
        // Without the word, its colour stays.
        let money = if columns.state > 0 {
            theme.text
        } else {
            style(theme, order)
        };
        let cells = [
            left(id, columns.id, theme.text),
            left(&clock, columns.at, theme.dim),
            left(order.state.name(), columns.state, style(theme, order)),
            right(&pieces, columns.items, theme.dim),
            right(&amount, columns.total, money),
        ];
        let selected = place == state.orders.scroll.cursor;
        let ground = if selected { theme.selected } else { theme.text };
        row::draw(
            &cells,
            Rect {
                y,
                height: 1,
                ..list
            },
            ground,
            selected,
            buffer,
        );
    }
    scroll_bar(theme, area, list, orders.len(), top, buffer);
}

/// What an order costs, as the list shows it.
fn amount(order: &Order) -> String {
    format!("{}{}", order.currency, order.total())
}

/// Draws the receipt of an order from row `top` on.
pub fn draw_receipt(state: &State, id: &OrderId, top: usize, area: Rect, buffer: &mut Buffer) {
    let theme = &state.theme;
    pane(theme, true, title(state, " Receipt ")).render(area, buffer);
    let inner = area.inner(Margin::new(1, 1));
    let lines = orders::receipt_lines(state, id, inner.width);
    if lines.is_empty() {
        return hint(theme, waiting(state, "Reading the order …"), inner, buffer);
    }
    for (line, y) in lines.iter().skip(top).zip(inner.y..inner.bottom()) {
        buffer.set_stringn(inner.x, y, line, usize::from(inner.width), theme.text);
    }
    scroll_bar(theme, area, inner, lines.len(), top, buffer);
}

/// What is said before anything is there.
fn waiting(state: &State, reading: &'static str) -> &'static str {
    match state.connectivity {
        Connectivity::Connecting | Connectivity::Offline { .. } => "Waiting for the server …",
        _ => reading,
    }
}

/// What shows may be old while the link is down.
fn title(state: &State, name: &'static str) -> Line<'static> {
    let old =
        matches!(state.connectivity, Connectivity::Offline { .. }) && state.orders.list.is_some();
    let mut spans = vec![Span::styled(name, state.theme.accent)];
    if old {
        spans.push(Span::styled("may be old ", state.theme.bad));
    }
    Line::from(spans)
}

fn style(theme: &Theme, order: &Order) -> Style {
    match order.state {
        OrderState::Ready => theme.good,
        OrderState::Cancelled => theme.bad,
        OrderState::Placed | OrderState::Accepted => theme.warn,
        OrderState::Done => theme.dim,
    }
}
