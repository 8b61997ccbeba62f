//! The cart pane.

use super::row::{self, left, right};
use super::{has_keyboard, hint, pane};
use crate::model::total::{self, Known, Standing};
use crate::model::{CartLine, Quantity};
use crate::tui::layout::{Areas, Pane};
use crate::tui::state::{Link, State};
use crate::tui::theme::{PENDING, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

/// The widths of the columns; 0 for those that have no room.
struct Columns {
    quantity: u16,
    name: u16,
    price: u16,
    total: u16,
}

impl Columns {
    fn of(width: u16) -> Columns {
        let (quantity, total) = (5, 10);
        let price = if width >= 40 { 9 } else { 0 };
        let gaps = 2 + u16::from(price > 0);
        Columns { quantity, name: width.saturating_sub(quantity + total + price + gaps), price, total }
    }
}

/// Draws the cart.
pub fn draw(state: &State, theme: &Theme, area: Rect, areas: &Areas, buffer: &mut Buffer) {
    let focused = has_keyboard(state, Pane::Cart);
    let lines = &state.cart.shown.lines;
    let mut title = vec![Span::styled(" Cart ", theme.accent)];
    if !lines.is_empty() {
        title.push(Span::styled(format!("{} ", count(lines.len(), "line")), theme.dim));
    }
    pane(theme, focused, Line::from(title)).render(area, buffer);
    let rows = areas.cart_rows;
    if lines.is_empty() {
        return hint(theme, empty(state), rows, buffer);
    }
    let columns = Columns::of(rows.width);
    let heads = [
        right("Qty", columns.quantity, theme.dim),
        left("Product", columns.name, theme.dim),
        right("Each", columns.price, theme.dim),
        right("Total", columns.total, theme.dim),
    ];
    row::draw(&heads, Rect { y: rows.y - 1, height: 1, ..rows }, theme.dim, false, buffer);
    for at in 0..rows.height {
        let place = state.cart.scroll.top + usize::from(at);
        let Some(line) = lines.get(place) else { break };
        let selected = place == state.cart.scroll.cursor;
        let area = Rect { y: rows.y + at, height: 1, ..rows };
        line_row(state, theme, line, &columns, selected.then_some(focused), area, buffer);
    }
    sums(state, theme, areas.sums, buffer);
}

fn line_row(
    state: &State,
    theme: &Theme,
    line: &CartLine,
    columns: &Columns,
    selected: Option<bool>,
    area: Rect,
    buffer: &mut Buffer,
) {
    let known = state.known(&line.product);
    let (standing, sum) = total::line(line, known);
    let pending = state.cart.is_unconfirmed(&line.product);
    let quantity = match &line.quantity {
        Quantity::Whole(n) if pending => format!("{n}{PENDING}"),
        Quantity::Whole(n) => n.to_string(),
        Quantity::Damaged(score) => score.clone(),
    };
    let price = match known {
        Known::Product(product) => product.price.map(|price| price.to_string()).unwrap_or_default(),
        Known::Gone | Known::Unread => String::new(),
    };
    let good = matches!(standing, Standing::Good | Standing::Reading);
    let mut name = state.name_of(&line.product);
    if !good {
        // The reason stands before the name, so that no width cuts it off.
        name = format!("({}) {name}", standing.word());
    }
    let text = match (good, pending) {
        (false, _) => theme.bad,
        (true, true) => theme.pending,
        (true, false) => theme.text,
    };
    let sum = sum.map_or_else(|| "—".to_owned(), |sum| sum.to_string());
    // A line that does not count has no price to show: its reason takes that room.
    let (name_width, price_width) = match columns.price {
        0 => (columns.name, 0),
        price if good => (columns.name, price),
        price => (columns.name + 1 + price, 0),
    };
    let cells = [
        right(&quantity, columns.quantity, text),
        left(&name, name_width, text),
        right(&price, price_width, theme.dim),
        right(&sum, columns.total, text),
    ];
    let marked = state.marks.iter().any(|mark| mark.product == line.product);
    match selected {
        _ if marked => row::draw(&cells, area, theme.mark, true, buffer),
        Some(true) => row::draw(&cells, area, theme.selected, true, buffer),
        Some(false) => row::draw(&cells, area, theme.unfocused, false, buffer),
        None => row::draw(&cells, area, theme.text, false, buffer),
    }
}

fn sums(state: &State, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    let Some(last) = area.height.checked_sub(1) else { return };
    if last > 0 {
        let rule = "─".repeat(usize::from(area.width));
        buffer.set_stringn(area.x, area.y, rule, usize::from(area.width), theme.border);
    }
    let area = Rect { y: area.y + last, height: 1, ..area };
    let totals = state.totals();
    let mut words = count_items(totals.items);
    if totals.uncounted > 0 {
        words.push_str(&format!(", {} not counted", count(totals.uncounted, "line")));
    }
    if state.cart.shown.hidden > 0 {
        words.push_str(&format!(", {} more not shown", state.cart.shown.hidden));
    }
    let unsure = if state.cart.unconfirmed.is_empty() { "" } else { PENDING };
    let subtotal = format!("Subtotal {}{}{unsure}", state.shop.currency, totals.subtotal);
    let width = u16::try_from(crate::model::text::width(&subtotal)).unwrap_or(area.width).min(area.width);
    let cells = [
        left(&words, area.width.saturating_sub(width + 1), theme.dim),
        right(&subtotal, width, theme.accent),
    ];
    row::draw(&cells, area, theme.text, false, buffer);
}

fn count_items(items: u64) -> String {
    if items == 1 { "1 item".to_owned() } else { format!("{items} items") }
}

fn count(n: usize, thing: &str) -> String {
    if n == 1 { format!("1 {thing}") } else { format!("{n} {thing}s") }
}

fn empty(state: &State) -> &'static str {
    match state.link {
        Link::Connecting => "Reading the cart …",
        Link::Offline { .. } if state.cart.confirmed.version == 0 => "Waiting for the server …",
        Link::Unreadable(_) => "The cart can't be read.",
        _ => "The cart is empty.\nSelect a product and press Enter to add it.",
    }
}
