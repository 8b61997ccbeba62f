//! The catalog pane.

use super::row::{self, left, right};
use super::{has_keyboard, hint, pane};
use crate::model::{Product, Stock};
use crate::tui::layout::{Areas, Pane};
use crate::tui::state::{Link, Mode, State};
use crate::tui::theme::{PENDING, Theme, UNLIMITED};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Widget, Wrap};

/// The widths of the columns; 0 for those that have no room.
struct Columns {
    name: u16,
    unit: u16,
    price: u16,
    stock: u16,
    inside: u16,
}

impl Columns {
    fn of(width: u16) -> Columns {
        let (price, inside) = (9, 5);
        let stock = if width >= 40 { 5 } else { 0 };
        let unit = if width >= 54 { 10 } else { 0 };
        let gaps = 2 + u16::from(stock > 0) + u16::from(unit > 0);
        Columns {
            name: width.saturating_sub(price + inside + stock + unit + gaps),
            unit,
            price,
            stock,
            inside,
        }
    }
}

/// Draws the catalog.
pub fn draw(state: &State, theme: &Theme, area: Rect, areas: &Areas, frame: &mut Frame<'_>) {
    let focused = has_keyboard(state, Pane::Catalog);
    let (title, cursor) = title(state, theme, area);
    pane(theme, focused, title).render(area, frame.buffer_mut());
    if let Some(x) = cursor {
        frame.set_cursor_position((area.x + x.min(area.width.saturating_sub(2)), area.y));
    }
    let buffer = frame.buffer_mut();
    let rows = areas.catalog_rows;
    if state.catalog.shown.is_empty() {
        return hint(theme, &empty(state), rows, buffer);
    }
    let columns = Columns::of(rows.width);
    let heads = [
        left("Product", columns.name, theme.dim),
        left("Unit", columns.unit, theme.dim),
        right("Price", columns.price, theme.dim),
        right("Stock", columns.stock, theme.dim),
        right("Cart", columns.inside, theme.dim),
    ];
    row::draw(&heads, Rect { y: rows.y - 1, height: 1, ..rows }, theme.dim, false, buffer);
    for line in 0..rows.height {
        let place = state.catalog.scroll.top + usize::from(line);
        let Some(product) = state.catalog.row(place) else { break };
        let selected = place == state.catalog.scroll.cursor;
        let area = Rect { y: rows.y + line, height: 1, ..rows };
        product_row(state, theme, product, &columns, selected.then_some(focused), area, buffer);
    }
    if let Some(product) = state.catalog.selected() {
        details(theme, product, areas.details, buffer);
    }
}

fn product_row(
    state: &State,
    theme: &Theme,
    product: &Product,
    columns: &Columns,
    selected: Option<bool>,
    area: Rect,
    buffer: &mut ratatui::buffer::Buffer,
) {
    let price = match product.price {
        Some(price) => format!("{}{price}", state.shop.currency),
        None => "no price".to_owned(),
    };
    let (stock, stock_style) = match product.stock {
        Stock::Unlimited => (UNLIMITED.to_owned(), theme.dim),
        Stock::Left(0) => ("none".to_owned(), theme.bad),
        Stock::Left(n @ 1..=5) => (n.to_string(), theme.warn),
        Stock::Left(n) => (n.to_string(), theme.dim),
        Stock::Unreadable => ("?".to_owned(), theme.bad),
    };
    let pending = state.cart.is_unconfirmed(&product.id);
    let inside = match state.cart.shown.quantity(&product.id) {
        0 if pending => PENDING.to_owned(),
        0 => String::new(),
        n if pending => format!("{n}{PENDING}"),
        n => n.to_string(),
    };
    let cells = [
        left(&product.name, columns.name, theme.text),
        left(&product.unit, columns.unit, theme.dim),
        right(&price, columns.price, if product.price.is_some() { theme.text } else { theme.bad }),
        right(&stock, columns.stock, stock_style),
        right(&inside, columns.inside, if pending { theme.pending } else { theme.accent }),
    ];
    match selected {
        Some(true) => row::draw(&cells, area, theme.selected, true, buffer),
        Some(false) => row::draw(&cells, area, theme.unfocused, false, buffer),
        None => row::draw(&cells, area, theme.text, false, buffer),
    }
}

/// The title, and where the cursor stands while a filter is typed.
fn title<'a>(state: &'a State, theme: &Theme, area: Rect) -> (Line<'a>, Option<u16>) {
    let (shown, all) = (state.catalog.shown.len(), state.catalog.catalog.len());
    let filter = state.catalog.filter.value();
    let typing = matches!(state.mode, Mode::Filter);
    let mut spans = vec![Span::styled(" Catalog ", theme.accent)];
    let mut cursor = None;
    if typing || !filter.is_empty() {
        let room = usize::from(area.width).saturating_sub(26).max(4);
        let skip = state.catalog.filter.visual_scroll(room);
        let visible: String = filter.chars().skip(skip).take(room).collect();
        spans.push(Span::styled("/", theme.dim));
        if typing {
            let before: usize = spans.iter().map(Span::width).sum();
            let at = state.catalog.filter.visual_cursor().saturating_sub(skip);
            cursor = u16::try_from(before + at + 1).ok();
        }
        spans.push(Span::styled(format!("{visible} "), theme.warn));
        spans.push(Span::styled(format!("{shown} of {all} "), theme.dim));
    } else if state.catalog.loaded {
        spans.push(Span::styled(format!("{all} products "), theme.dim));
    }
    (Line::from(spans), cursor)
}

/// What to do about an empty list.
fn empty(state: &State) -> String {
    let filter = state.catalog.filter.value();
    match (&state.link, state.catalog.loaded) {
        _ if state.catalog.loaded && !filter.is_empty() => {
            format!("No product fits “{filter}”.\nEsc clears the filter.")
        }
        (_, true) => "The catalog is empty.\nPress D to load the demo catalog,\nor let your shop's own program fill it.".to_owned(),
        (Link::Offline { .. }, false) => "Waiting for the server …".to_owned(),
        _ => "Reading the catalog …".to_owned(),
    }
}

fn details(theme: &Theme, product: &Product, area: Rect, buffer: &mut ratatui::buffer::Buffer) {
    let category = Span::styled(format!("{}  ", product.category), theme.accent);
    let text = Span::styled(&*product.description, theme.dim);
    Paragraph::new(Line::from(vec![category, text])).wrap(Wrap { trim: true }).render(area, buffer);
}
