//! The checkout: what will be charged, which prices changed, what is short.

use super::row;
use super::row::{RowBackground, left, right};
use super::sketch::Sketch;
use super::{draw_pane, draw_placeholder, draw_scroll_bar, draw_sentence};
use crate::config::keymap::Action;
use crate::config::theme::Theme;
use crate::model::checkout::PreviewLine;
use crate::model::product::only_left;
use crate::model::total::LineStatus;
use crate::model::{Preview, text};
use crate::tui::layout::checkout::{CheckoutColumns, CheckoutRow, CheckoutRows, MAX_WIDTH};
use crate::tui::layout::orders;
use crate::tui::layout::orders::MAY_NOT_ORDER;
use crate::tui::state::{Connectivity, State, Tone};
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Span;

/// The most columns for the words about the state of the cart, such as who is ordering it.
const STATUS_WIDTH: usize = 60;

/// Draws the checkout from row `top` on.
pub(super) fn draw(state: &State, top: usize, area: Rect, sketch: &mut Sketch) {
    let theme = &state.theme;
    let title = Span::styled(" Checkout ", theme.accent);
    let inner = draw_pane(theme, true, title, area, sketch);
    let inner = Rect {
        width: inner.width.min(MAX_WIDTH),
        ..inner
    };
    let Some(preview) = &state.orders.preview else {
        let text = if state.connectivity == Connectivity::Live {
            "Reading prices …"
        } else {
            "Waiting for the server …"
        };
        return draw_placeholder(theme, text, inner, sketch);
    };

    // The headings, the list, and below it the total and the next step.
    let foot_height = orders::foot(state.size.0).min(inner.height.saturating_sub(1));
    let list = Rect {
        y: inner.y + 1,
        height: inner.height.saturating_sub(1 + foot_height),
        ..inner
    };
    let foot = Rect {
        y: list.bottom(),
        height: foot_height,
        ..inner
    };

    let CheckoutRows { columns, rows } = CheckoutRows::of(state, preview, inner.width);
    draw_headings(theme, columns, row::first_line(inner), sketch);
    for (area, checkout_row) in list.rows().zip(rows.iter().skip(top)) {
        match checkout_row {
            CheckoutRow::Line(place, from) => {
                draw_line(theme, &preview.lines[*place], from, columns, area, sketch);
            }
            CheckoutRow::From(from) => draw_from(theme, from, columns, area, sketch),
            CheckoutRow::Note(place) => {
                draw_note(theme, &preview.lines[*place], columns, area, sketch);
            }
        }
    }
    draw_scroll_bar(theme, area, list, rows.len(), top, sketch);
    draw_foot(state, preview, foot, sketch);
}

/// Draws the headings of the columns.
fn draw_headings(theme: &Theme, columns: CheckoutColumns, area: Rect, sketch: &mut Sketch) {
    let cells = [
        right("Qty", columns.quantity, theme.dim),
        left("Product", columns.name, theme.dim),
        left("From", columns.by, theme.dim),
        right("Each", columns.price, theme.dim),
        right("Total", columns.total, theme.dim),
    ];
    row::draw(&cells, RowBackground::Plain(theme.dim), area, sketch);
}

/// Draws a line of the order to be: who asked for it, and its amounts, or why it can't be ordered.
fn draw_line(
    theme: &Theme,
    line: &PreviewLine,
    from: &str,
    columns: CheckoutColumns,
    area: Rect,
    sketch: &mut Sketch,
) {
    let quantity = line.quantity_in_cart.to_string();
    let (price, total, style) = match line.status {
        LineStatus::Good => {
            let price = line.order_line.price.to_string();
            (price, line.order_line.total().to_string(), theme.text)
        }
        obstacle => (String::new(), obstacle.short_word().to_owned(), theme.bad),
    };

    let cells = [
        right(&quantity, columns.quantity, style),
        left(&line.order_line.name, columns.name, style),
        left(from, columns.by, theme.dim),
        right(&price, columns.price, theme.dim),
        right(&total, columns.total, style),
    ];
    row::draw(&cells, RowBackground::Plain(theme.text), area, sketch);
}

/// Draws more of who asked for a line: in their column, or below the line's name.
fn draw_from(theme: &Theme, from: &str, columns: CheckoutColumns, area: Rect, sketch: &mut Sketch) {
    let (under_name, by) = if columns.by > 0 {
        (columns.name, columns.by)
    } else {
        (0, area.width)
    };
    let cells = [
        left("", columns.quantity, theme.dim),
        left("", under_name, theme.dim),
        left(from, by, theme.dim),
    ];
    row::draw(&cells, RowBackground::Plain(theme.text), area, sketch);
}

/// Draws the note below a line: how many are left, and what the price was.
fn draw_note(
    theme: &Theme,
    line: &PreviewLine,
    columns: CheckoutColumns,
    area: Rect,
    sketch: &mut Sketch,
) {
    let short = line.short.map(only_left);
    let style = if short.is_some() {
        theme.bad
    } else {
        theme.warn
    };

    let price_change = line
        .price_when_added
        .map(|was| format!("{} now, {was} when it was added", line.order_line.price));
    let notes: Vec<String> = short.into_iter().chain(price_change).collect();

    let text = notes.join("; ");
    let cells = [
        left("", columns.quantity, style),
        left(&text, area.width, style),
    ];
    row::draw(&cells, RowBackground::Plain(theme.text), area, sketch);
}

/// Draws the total, and below it the next step.
fn draw_foot(state: &State, preview: &Preview, area: Rect, sketch: &mut Sketch) {
    let theme = &state.theme;
    if area.height == 0 {
        return;
    }

    let total = orders::total(preview);
    let cells = [right(&total, area.width, theme.accent)];
    let background = RowBackground::Plain(theme.text);
    row::draw(&cells, background, row::first_line(area), sketch);

    let below = Rect {
        y: area.y + 1,
        height: area.height - 1,
        ..area
    };
    let (text, style) = next_step(state, preview);
    draw_sentence(&text, style, below, sketch);
}

/// The sentence below the total: what happens just now, else how to place the order, else
/// what stands in its way.
fn next_step(state: &State, preview: &Preview) -> (String, Style) {
    let theme = &state.theme;
    let is_online = matches!(
        state.connectivity,
        Connectivity::Live | Connectivity::Syncing
    );

    match &state.orders.placing {
        Some(id) if is_online => {
            let text = format!("Ordering {id} … not confirmed yet");
            (text, theme.pending)
        }
        Some(id) => {
            let text = format!("Order {id} is not confirmed: it goes on when the server is back");
            (text, theme.warn)
        }
        None if !is_online => {
            let text = "The server is away: these prices may be old".to_owned();
            (text, theme.bad)
        }
        None => match orders::ordering(state) {
            Some(ordering) => {
                let ordering = text::truncate(&ordering, STATUS_WIDTH);
                (format!("This cart is {ordering} just now"), theme.warn)
            }
            None => how_to_order(state, preview),
        },
    }
}

/// The sentence about an order that nobody has placed yet: the key that places it, or what
/// stands in its way.
fn how_to_order(state: &State, preview: &Preview) -> (String, Style) {
    let theme = &state.theme;
    let is_stale = state.orders.reading || state.orders.outdated;
    let is_seen = state.orders.total_seen == Some(state.orders.preview_number);
    // The line below says why just now.
    let is_told_below = state
        .notice
        .as_ref()
        .is_some_and(|notice| notice.tone == Tone::Bad);

    match preview.orderable_lines() {
        Ok(_) if is_stale => ("Reading prices again …".to_owned(), theme.dim),
        // Its key does nothing before the total has reached the terminal.
        Ok(_) if !is_seen => (String::new(), theme.dim),
        Ok(_) if !orders::has_order_key(state) => (format!("{MAY_NOT_ORDER}."), theme.warn),
        Ok(_) => {
            let key = state.env.keymap.key_of(Action::PlaceOrder);
            let text = format!(
                "Press {key} to place the order. Until then nothing is charged or reserved."
            );
            (text, theme.text)
        }
        Err(_) if is_told_below => (String::new(), theme.bad),
        Err(refusal) => (refusal.beforehand(&preview.currency), theme.bad),
    }
}
