//! The checkout: what will be charged, what changed, what is short.

use super::row;
use super::{hint, pane, scroll_bar};
use crate::config::keymap::Action;
use crate::config::theme::Theme;
use crate::model::checkout::PreviewLine;
use crate::model::order::OrderFailure;
use crate::model::total::LineStatus;
use crate::model::{Preview, Refusal};
use crate::tui::layout::orders;
use crate::tui::layout::orders::CheckoutRow;
use crate::tui::state::{Connectivity, State, Tone};
use crate::tui::view::row::{left, right};
use ratatui::buffer::Buffer;
use ratatui::layout::{Margin, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Widget, Wrap};

/// The columns for how many, and for the total of a line.
const QUANTITY: u16 = 6;
const TOTAL: u16 = 14;
/// The columns for the price of one, where there is room.
const EACH: u16 = 12;
/// The widest that amounts stand apart from their products.
const WIDEST: u16 = 90;

/// Draws the checkout from row `top` on.
pub fn draw(state: &State, top: usize, area: Rect, buffer: &mut Buffer) {
    let theme = &state.theme;
    pane(
        theme,
        true,
        Line::from(Span::styled(" Checkout ", theme.accent)),
    )
    .render(area, buffer);
    let inner = area.inner(Margin::new(1, 1));
    let inner = Rect {
        width: inner.width.min(WIDEST),
        ..inner
    };
    let Some(preview) = &state.orders.preview else {
        let said = if state.connectivity == Connectivity::Live {
            "Reading prices …"
        } else {
            "Waiting for the server …"
        };
        return hint(theme, said, inner, buffer);
    };
    let foot = orders::foot(state.size.0).min(inner.height.saturating_sub(1));
    let each = if inner.width >= 50 { EACH } else { 0 };
    let gaps = if each > 0 { 3 } else { 2 };
    let name = inner.width.saturating_sub(QUANTITY + TOTAL + each + gaps);
    let heads = [
        right("Qty", QUANTITY, theme.dim),
        left("Product", name, theme.dim),
        right("Each", each, theme.dim),
        right("Total", TOTAL, theme.dim),
    ];
    row::draw(
        &heads,
        Rect { height: 1, ..inner },
        theme.dim,
        false,
        buffer,
    );
    let list = Rect {
        y: inner.y + 1,
        height: inner.height.saturating_sub(1 + foot),
        ..inner
    };
    let rows = orders::rows(preview);
    for (shown, y) in rows.iter().skip(top).zip(list.y..list.bottom()) {
        let area = Rect {
            y,
            height: 1,
            ..list
        };
        match shown {
            CheckoutRow::Line(place) => {
                let line = &preview.lines[*place];
                let (total, style) = match line.standing {
                    LineStatus::Good => (line.line.total().to_string(), theme.text),
                    other => (other.short_word().to_owned(), theme.bad),
                };
                let quantity = line.held.to_string();
                let price = if line.standing == LineStatus::Good {
                    line.line.price.to_string()
                } else {
                    String::new()
                };
                let cells = [
                    right(&quantity, QUANTITY, style),
                    left(&line.line.name, name, style),
                    right(&price, each, theme.dim),
                    right(&total, TOTAL, style),
                ];
                row::draw(&cells, area, theme.text, false, buffer);
            }
            CheckoutRow::Note(place) => {
                let (said, style) = note(theme, &preview.lines[*place]);
                let cells = [
                    left("", QUANTITY, style),
                    left(&said, inner.width.saturating_sub(QUANTITY + 1), style),
                ];
                row::draw(&cells, area, theme.text, false, buffer);
            }
        }
    }
    scroll_bar(theme, area, list, rows.len(), top, buffer);
    draw_foot(
        state,
        preview,
        Rect {
            y: list.bottom(),
            height: foot,
            ..inner
        },
        buffer,
    );
}

/// What is to be said of a line.
fn note(theme: &Theme, line: &PreviewLine) -> (String, Style) {
    let short = line.short.map(|left| {
        if left == 0 {
            "none left".to_owned()
        } else {
            format!("only {left} left")
        }
    });
    let was = line
        .was
        .map(|was| format!("{} now, {was} when it was added", line.line.price));
    let style = if short.is_some() {
        theme.bad
    } else {
        theme.warn
    };
    (
        short.into_iter().chain(was).collect::<Vec<_>>().join("; "),
        style,
    )
}

fn draw_foot(state: &State, preview: &Preview, area: Rect, buffer: &mut Buffer) {
    let theme = &state.theme;
    if area.height == 0 {
        return;
    }
    let label = if preview.order().is_ok() {
        "To pay"
    } else {
        "Total"
    };
    let total = format!("{label} {}{}", preview.currency, preview.total());
    row::draw(
        &[right(&total, area.width, theme.accent)],
        Rect { height: 1, ..area },
        theme.text,
        false,
        buffer,
    );
    let (said, style) = said(state, preview);
    let below = Rect {
        y: area.y + 1,
        height: area.height - 1,
        ..area
    };
    Paragraph::new(said)
        .style(style)
        .wrap(Wrap { trim: true })
        .render(below, buffer);
}

/// What is to be done next, or what stands in the way.
fn said(state: &State, preview: &Preview) -> (String, Style) {
    let theme = &state.theme;
    match (&state.orders.placing, &state.connectivity) {
        (Some(id), Connectivity::Live | Connectivity::Syncing) => {
            (format!("Ordering {id} … not confirmed yet"), theme.pending)
        }
        (Some(id), _) => (
            format!("Order {id} is not confirmed: it goes on when the server is back"),
            theme.warn,
        ),
        (None, Connectivity::Live | Connectivity::Syncing)
            if state.cart.confirmed.ordering.is_some() =>
        {
            (
                format!("This cart is {} just now", orders::standing(state, 60)),
                theme.warn,
            )
        }
        (None, Connectivity::Live | Connectivity::Syncing) => match preview.order() {
            Ok(_) if state.orders.reading || state.orders.outdated => {
                ("Reading prices again …".to_owned(), theme.dim)
            }
            Ok(_) => {
                let key = state.env.keymap.key_of(Action::PlaceOrder);
                (
                    format!(
                        "{key} orders it. Until then nothing is charged and no stock is taken."
                    ),
                    theme.text,
                )
            }
            // The line below says why just now.
            Err(_)
                if state
                    .notice
                    .as_ref()
                    .is_some_and(|notice| notice.tone == Tone::Bad) =>
            {
                (String::new(), theme.bad)
            }
            Err(refusal) => (obstacle(&refusal, &preview.currency), theme.bad),
        },
        (None, _) => (
            "The server is away: these prices may be old".to_owned(),
            theme.bad,
        ),
    }
}

/// What stands in the way of an order that was not tried.
fn obstacle(refusal: &Refusal, currency: &str) -> String {
    match refusal {
        Refusal::NotOrdered(OrderFailure::Short { name, left: 0 }) => {
            format!("Can't be ordered: none left of “{name}”: remove it first")
        }
        Refusal::NotOrdered(OrderFailure::Short { name, left }) => {
            format!("Can't be ordered: only {left} left of “{name}”: take fewer")
        }
        Refusal::DearerThanBudget { budget, total } => {
            format!(
                "Can't be ordered: the cart costs {currency}{total}, and its budget is {currency}{budget}"
            )
        }
        other => other.told_in(currency),
    }
}
