//! The catalog pane.

use super::row::{self, left, right};
use super::{details, has_keyboard, hint, money, pane, scroll_bar};
use crate::model::search::{self, Sort};
use crate::model::{Item, Stock};
use crate::tui::layout::{Areas, CatalogColumns, Pane};
use crate::tui::state::{Link, Mode, State};
use crate::tui::theme::{PENDING, Theme, UNLIMITED};
use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

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
    let columns = CatalogColumns::of(rows.width);
    heads(state, theme, &columns, rows, buffer);
    let top = state.catalog.scroll.top;
    let visible = || (top..top + usize::from(rows.height)).map_while(|place| state.catalog.row(place));
    let decimals = money::decimals(visible().filter_map(|product| product.price));
    for (line, product) in (0..rows.height).zip(visible()) {
        let selected = top + usize::from(line) == state.catalog.scroll.cursor;
        let look = match selected {
            true if focused => (theme.selected, true),
            true => (theme.unfocused, false),
            false => (theme.text, false),
        };
        let area = Rect { y: rows.y + line, height: 1, ..rows };
        product_row(state, theme, &product, &columns, decimals, look, area, buffer);
    }
    scroll_bar(theme, area, rows, state.catalog.shown.len(), top, buffer);
    details::product(state, areas.details, buffer);
}

fn heads(state: &State, theme: &Theme, columns: &CatalogColumns, rows: Rect, buffer: &mut Buffer) {
    // The order stands under its column.
    let style = |sort: Sort| if state.catalog.sort == sort { theme.accent } else { theme.dim };
    let heads = [
        left("Product", columns.name, style(Sort::Name)),
        left("Category", columns.category, theme.dim),
        left("Unit", columns.unit, theme.dim),
        right("Price", columns.price, style(Sort::Price)),
        right("Stock", columns.stock, theme.dim),
        right("Cart", columns.inside, style(Sort::InCart)),
    ];
    row::draw(&heads, Rect { y: rows.y - 1, height: 1, ..rows }, theme.dim, false, buffer);
}

#[allow(clippy::too_many_arguments, reason = "a row is drawn from all of these")]
fn product_row(
    state: &State,
    theme: &Theme,
    product: &Item<'_>,
    columns: &CatalogColumns,
    decimals: usize,
    (ground, over): (Style, bool),
    area: Rect,
    buffer: &mut Buffer,
) {
    let price = match product.price {
        Some(price) => format!("{}{}", state.shop.currency, money::aligned(price, decimals)),
        None => "no price".to_owned(),
    };
    let (stock, stock_style) = match product.stock {
        Stock::Unlimited => (UNLIMITED.to_owned(), theme.dim),
        Stock::Left(0) => ("none".to_owned(), theme.bad),
        Stock::Left(n @ 1..=5) => (n.to_string(), theme.warn),
        Stock::Left(n) => (n.to_string(), theme.dim),
        Stock::Unreadable => ("?".to_owned(), theme.bad),
    };
    let id = product.product_id();
    let pending = state.cart.is_unconfirmed(&id);
    let inside = match state.cart.shown.quantity(&id) {
        0 if pending => PENDING.to_owned(),
        0 => String::new(),
        n if pending => format!("{n}{PENDING}"),
        n => n.to_string(),
    };
    let cells = [
        left(product.name, columns.name, theme.text),
        left(product.category, columns.category, theme.dim),
        left(product.unit, columns.unit, theme.dim),
        right(&price, columns.price, if product.price.is_some() { theme.text } else { theme.bad }),
        right(&stock, columns.stock, stock_style),
        right(&inside, columns.inside, if pending { theme.pending } else { theme.accent }),
    ];
    row::draw(&cells, area, ground, over, buffer);
    let words = state.catalog.words.value();
    if !words.trim().is_empty() {
        let name = Rect { width: columns.name.min(area.width), ..area };
        row::mark(product.name, &search::marks(words, product.name), name, theme.found, buffer);
    }
}

/// The title, and where the cursor stands while a search is typed.
fn title<'a>(state: &'a State, theme: &Theme, area: Rect) -> (Line<'a>, Option<u16>) {
    let pane = &state.catalog;
    let (shown, all) = (thousands(pane.count), thousands(pane.catalog.len()));
    let words = pane.words.value();
    let typing = matches!(state.mode, Mode::Search);
    let mut spans = vec![Span::styled(" Catalog ", theme.accent)];
    let mut cursor = None;
    if typing || !words.is_empty() {
        let room = usize::from(area.width).saturating_sub(26).max(4);
        let skip = pane.words.visual_scroll(room);
        let visible: String = words.chars().skip(skip).take(room).collect();
        spans.push(Span::styled("/", theme.dim));
        if typing {
            let before: usize = spans.iter().map(Span::width).sum();
            cursor = u16::try_from(before + pane.words.visual_cursor().saturating_sub(skip) + 1).ok();
        }
        spans.push(Span::styled(format!("{visible} "), theme.warn));
    }
    if let Some(category) = &pane.category {
        spans.push(Span::styled(format!("{category} "), theme.warn));
    }
    let searching = if pane.is_searching() { "… " } else { "" };
    let count = match (pane.loaded, pane.query().is_plain()) {
        (false, _) => match pane.progress {
            Some((read, all)) => format!("reading {} of {} ", thousands(read), thousands(all)),
            None => String::new(),
        },
        (true, true) => format!("{all} products "),
        (true, false) => format!("{shown} of {all} {searching}"),
    };
    spans.push(Span::styled(count, theme.dim));
    (Line::from(spans), cursor)
}

/// A number in groups of three digits.
fn thousands(n: usize) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// What to do about an empty list.
fn empty(state: &State) -> String {
    let pane = &state.catalog;
    match (&state.link, pane.loaded) {
        _ if pane.loaded && pane.is_searching() => "Searching …".to_owned(),
        _ if pane.loaded && !pane.query().is_plain() && !pane.catalog.is_empty() => {
            format!("No product fits “{}”.\nEsc shows all again.", pane.words.value())
        }
        (_, true) => {
            "The catalog is empty.\nPress D to load the demo catalog,\nor let your shop's own program fill it.".to_owned()
        }
        (Link::Offline { .. }, false) => "Waiting for the server …".to_owned(),
        _ => "Reading the catalog …".to_owned(),
    }
}
