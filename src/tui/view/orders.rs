//! The past orders, and the receipt of one.

use super::row::{self, left, right};
use super::{hint, pane, scroll_bar};
use crate::model::receipt::time;
use crate::model::{Order, OrderId, OrderState};
use crate::tui::desk;
use crate::tui::keymap::Action;
use crate::tui::state::{Link, State};
use crate::tui::theme::Theme;
use ratatui::buffer::Buffer;
use ratatui::layout::{Margin, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

/// The columns for the id, the state and the total; for the time and the pieces where there is room.
const ID: u16 = 18;
const STATE: u16 = 9;
const TIME: u16 = 16;
const ITEMS: u16 = 10;

/// Draws the list of past orders.
pub fn draw(state: &State, area: Rect, buffer: &mut Buffer) {
    let theme = &state.theme;
    pane(theme, true, title(state, " Orders ")).render(area, buffer);
    let inner = area.inner(Margin::new(1, 1));
    let orders = match &state.desk.orders {
        None => return hint(theme, waiting(state, "Reading the orders …"), inner, buffer),
        Some(orders) if orders.is_empty() => {
            let key = state.session.keymap.key_of(Action::Checkout);
            let said = format!("There are no orders yet.\nIn the cart, {key} makes one.");
            return hint(theme, &said, inner, buffer);
        }
        Some(orders) => orders,
    };
    let at = if inner.width >= 64 { TIME } else { 0 };
    let items = if inner.width >= 76 { ITEMS } else { 0 };
    let total = inner.width.saturating_sub(ID + STATE + at + items + 4).min(18);
    let heads = [
        left("Order", ID + 2, theme.dim),
        left("When", at, theme.dim),
        left("State", STATE, theme.dim),
        right("Items", items, theme.dim),
        right("Total", total, theme.dim),
    ];
    row::draw(&heads, Rect { height: 1, ..inner }, theme.dim, false, buffer);
    let list = Rect { y: inner.y + 1, height: inner.height.saturating_sub(1), ..inner };
    let top = state.desk.scroll.top;
    for ((place, order), y) in orders.iter().enumerate().skip(top).zip(list.y..list.bottom()) {
        let amount = format!("{}{}", order.currency, order.total());
        let (clock, pieces) = (time(order.at, &state.session.zone), order.pieces().to_string());
        let cells = [
            left(order.id.as_str(), ID + 2, theme.text),
            left(&clock, at, theme.dim),
            left(order.state.name(), STATE, style(theme, order)),
            right(&pieces, items, theme.dim),
            right(&amount, total, theme.text),
        ];
        let selected = place == state.desk.scroll.cursor;
        let ground = if selected { theme.selected } else { theme.text };
        row::draw(&cells, Rect { y, height: 1, ..list }, ground, selected, buffer);
    }
    scroll_bar(theme, area, list, orders.len(), top, buffer);
}

/// Draws the receipt of an order from row `top` on.
pub fn draw_receipt(state: &State, id: &OrderId, top: usize, area: Rect, buffer: &mut Buffer) {
    let theme = &state.theme;
    pane(theme, true, title(state, " Receipt ")).render(area, buffer);
    let inner = area.inner(Margin::new(1, 1));
    let lines = desk::receipt_lines(state, id, inner.width);
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
    match state.link {
        Link::Connecting | Link::Offline { .. } => "Waiting for the server …",
        _ => reading,
    }
}

/// What shows may be old while the link is down.
fn title(state: &State, name: &'static str) -> Line<'static> {
    let old = matches!(state.link, Link::Offline { .. });
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
