//! The past orders, and the receipt of one.

use super::row;
use super::row::{RowBackground, left, right};
use super::sketch::Sketch;
use super::{draw_pane, draw_placeholder, draw_scroll_bar};
use crate::config::keymap::Action;
use crate::config::theme::Theme;
use crate::model::receipt::time;
use crate::model::{Order, OrderId, OrderState, text};
use crate::tui::layout::orders;
use crate::tui::state::{Connectivity, State};
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

/// The columns for an id.
const ID: u16 = 18;
/// The columns for the end of an id, without the day.
const ID_END: u16 = 9;
/// The columns for the state.
const STATE: u16 = 9;
/// The columns for the time.
const TIME: u16 = 16;
/// The columns for how many pieces.
const ITEMS: u16 = 10;
/// The widest that a total stands apart without need.
const TOTAL: u16 = 18;

/// The columns of the list; those without room are 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct OrderColumns {
    id: u16,
    time: u16,
    state: u16,
    items: u16,
    total: u16,
}

impl OrderColumns {
    /// The columns before the total that are tried, the roomiest first: from which width on,
    /// then the id, the time, the state, the pieces.
    const CHOICES: [(u16, [u16; 4]); 6] = [
        (76, [ID + 2, TIME, STATE, ITEMS]),
        (64, [ID + 2, TIME, STATE, 0]),
        (0, [ID + 2, 0, STATE, 0]),
        (0, [ID, 0, STATE, 0]),
        (0, [ID_END, 0, STATE, 0]),
        (0, [ID_END, 0, 0, 0]),
    ];

    /// The columns in rows of `width`, where the widest amount takes `amount`: whatever else
    /// must go, money is shown whole.
    fn fitting(width: u16, amount: u16) -> OrderColumns {
        let mut columns = OrderColumns {
            id: 0,
            time: 0,
            state: 0,
            items: 0,
            total: width.min(TOTAL.max(amount)),
        };

        for (least_width, widths) in OrderColumns::CHOICES {
            let used: u16 = widths
                .iter()
                .filter(|column| **column > 0)
                .map(|column| column + 1)
                .sum();
            let rest = width.saturating_sub(used);
            if width >= least_width && width >= used && rest >= amount {
                [columns.id, columns.time, columns.state, columns.items] = widths;
                columns.total = rest.min(TOTAL.max(amount));
                break;
            }
        }
        columns
    }
}

/// Draws the list of past orders.
pub(super) fn draw(state: &State, area: Rect, sketch: &mut Sketch) {
    let theme = &state.theme;
    let inner = draw_pane(theme, true, title(state, " Orders "), area, sketch);

    let orders = match &state.orders.list {
        None => {
            let text = waiting_message(state, "Reading the orders …");
            return draw_placeholder(theme, text, inner, sketch);
        }
        Some(orders) if orders.is_empty() => {
            let key = state.env.keymap.key_of(Action::Checkout);
            let text = format!("There are no orders yet.\nIn the cart, press {key} to check out.");
            return draw_placeholder(theme, &text, inner, sketch);
        }
        Some(orders) => orders,
    };

    let rows = Rect {
        y: inner.y + 1,
        height: inner.height.saturating_sub(1),
        ..inner
    };
    let top = state.orders.scroll.top;
    let visible = &orders[top.min(orders.len())..];
    let visible = &visible[..visible.len().min(usize::from(rows.height))];

    let widest_amount = visible
        .iter()
        .map(|order| text::width(&amount(order)))
        .max()
        .unwrap_or(0);
    let widest_amount = u16::try_from(widest_amount).unwrap_or(u16::MAX);
    let columns = OrderColumns::fitting(inner.width, widest_amount);

    draw_headings(theme, columns, row::first_line(inner), sketch);
    for (area, (row, order)) in rows.rows().zip((top..).zip(visible)) {
        let background = if row == state.orders.scroll.cursor {
            RowBackground::Highlight(theme.selected)
        } else {
            RowBackground::Plain(theme.text)
        };
        draw_order(state, order, columns, background, area, sketch);
    }
    draw_scroll_bar(theme, area, rows, orders.len(), top, sketch);
}

/// Draws the headings of the columns.
fn draw_headings(theme: &Theme, columns: OrderColumns, area: Rect, sketch: &mut Sketch) {
    let cells = [
        left("Order", columns.id, theme.dim),
        left("When", columns.time, theme.dim),
        left("State", columns.state, theme.dim),
        right("Items", columns.items, theme.dim),
        right("Total", columns.total, theme.dim),
    ];
    row::draw(&cells, RowBackground::Plain(theme.dim), area, sketch);
}

/// Draws one order of the list.
fn draw_order(
    state: &State,
    order: &Order,
    columns: OrderColumns,
    background: RowBackground,
    area: Rect,
    sketch: &mut Sketch,
) {
    let theme = &state.theme;
    let shown_id = if columns.id < ID {
        order.id.without_day()
    } else {
        order.id.as_str()
    };
    let time = time(order.at, &state.env.zone);
    let items = order.pieces().to_string();
    let amount = amount(order);

    // Where there is no room for the state, its colour is the amount's.
    let state_style = state_style(theme, order.state);
    let amount_style = if columns.state > 0 {
        theme.text
    } else {
        state_style
    };

    let cells = [
        left(shown_id, columns.id, theme.text),
        left(&time, columns.time, theme.dim),
        left(order.state.name(), columns.state, state_style),
        right(&items, columns.items, theme.dim),
        right(&amount, columns.total, amount_style),
    ];
    row::draw(&cells, background, area, sketch);
}

/// The total of an order, as the list shows it.
fn amount(order: &Order) -> String {
    order.total().in_currency(&order.currency)
}

/// The style of an order's state.
fn state_style(theme: &Theme, state: OrderState) -> Style {
    match state {
        OrderState::Ready => theme.good,
        OrderState::Cancelled => theme.bad,
        OrderState::Placed | OrderState::Accepted => theme.warn,
        OrderState::Done => theme.dim,
    }
}

/// Draws the receipt of an order from row `top` on.
pub(super) fn draw_receipt(
    state: &State,
    id: &OrderId,
    top: usize,
    area: Rect,
    sketch: &mut Sketch,
) {
    let theme = &state.theme;
    let inner = draw_pane(theme, true, title(state, " Receipt "), area, sketch);

    let lines = orders::receipt_lines(state, id, inner.width);
    if lines.is_empty() {
        let text = waiting_message(state, "Reading the order …");
        return draw_placeholder(theme, text, inner, sketch);
    }

    for (area, line) in inner.rows().zip(lines.iter().skip(top)) {
        sketch.write(area.x, area.y, line, area.width, theme.text);
    }
    draw_scroll_bar(theme, area, inner, lines.len(), top, sketch);
}

/// The title of a page, with a warning where its orders may be old.
fn title(state: &State, name: &'static str) -> Line<'static> {
    let mut title = Line::from(Span::styled(name, state.theme.accent));

    let is_offline = matches!(state.connectivity, Connectivity::Offline { .. });
    if is_offline && state.orders.list.is_some() {
        title.push_span(Span::styled("may be old ", state.theme.bad));
    }
    title
}

/// The sentence on a page whose orders are not there yet.
fn waiting_message(state: &State, reading: &'static str) -> &'static str {
    match state.connectivity {
        Connectivity::Connecting | Connectivity::Offline { .. } => "Waiting for the server …",
        Connectivity::Live | Connectivity::Syncing | Connectivity::Unreadable(_) => reading,
    }
}
