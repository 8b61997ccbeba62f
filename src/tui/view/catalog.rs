//! The catalog pane.

use super::row;
use super::{details, has_keyboard, hint, pane, place, scroll_bar};
use crate::config::theme::Theme;
use crate::model::search;
use crate::model::search::Sort;
use crate::model::{Item, Stock, text};
use crate::tui::layout::columns;
use crate::tui::layout::columns::CatalogColumns;
use crate::tui::state::areas::{Areas, Pane};
use crate::tui::state::{Connectivity, Mode, State};
use crate::tui::view::row::{left, right};
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
    let (row, rows) = (state.catalog.scroll.cursor, state.catalog.shown.len());
    let foot = Line::styled(cart(state, areas), theme.dim);
    let pane = pane(theme, focused, title)
        .title_bottom(foot)
        .title_bottom(place(theme, row, rows));
    pane.render(area, frame.buffer_mut());
    if let Some(x) = cursor {
        frame.set_cursor_position((area.x + x.min(area.width.saturating_sub(2)), area.y));
    }
    let buffer = frame.buffer_mut();
    let rows = areas.catalog_rows;
    if state.catalog.shown.is_empty() {
        return hint(theme, &empty(state), rows, buffer);
    }
    let columns = CatalogColumns::of(state, rows);
    heads(state, theme, &columns, rows, buffer);
    let top = state.catalog.scroll.top;
    let mut above = None;
    for (line, product) in (0..rows.height).zip(columns::visible(state, rows)) {
        let selected = top + usize::from(line) == state.catalog.scroll.cursor;
        let look = match selected {
            true if focused => (theme.selected, true),
            true => (theme.unfocused, false),
            false => (theme.text, false),
        };
        let area = Rect {
            y: rows.y + line,
            height: 1,
            ..rows
        };
        let begins = above.replace(product.category) != Some(product.category);
        product_row(state, theme, &product, &columns, begins, look, area, buffer);
    }
    scroll_bar(theme, area, rows, state.catalog.shown.len(), top, buffer);
    details::product(state, areas.details, buffer);
}

fn heads(state: &State, theme: &Theme, columns: &CatalogColumns, rows: Rect, buffer: &mut Buffer) {
    // The order stands under its column.
    let style = |sort: Sort| {
        if state.catalog.sort == sort {
            theme.accent
        } else {
            theme.dim
        }
    };
    let heads = [
        left("Product", columns.name, style(Sort::Name)),
        left("Category", columns.category, theme.dim),
        left("Unit", columns.unit, theme.dim),
        right("Price", columns.price, style(Sort::Price)),
        right("Stock", columns.stock, theme.dim),
        right("Cart", columns.inside, style(Sort::InCart)),
    ];
    row::draw(
        &heads,
        Rect {
            y: rows.y - 1,
            height: 1,
            ..rows
        },
        theme.dim,
        false,
        buffer,
    );
}

#[allow(
    clippy::too_many_arguments,
    reason = "a row is drawn from all of these"
)]
fn product_row(
    state: &State,
    theme: &Theme,
    product: &Item<'_>,
    columns: &CatalogColumns,
    begins: bool,
    (ground, over): (Style, bool),
    area: Rect,
    buffer: &mut Buffer,
) {
    let price = columns::price(state, product, columns.decimals);
    let stock_style = match product.stock {
        Stock::Unlimited | Stock::Left(6..) => theme.dim,
        Stock::Left(0) | Stock::Unreadable => theme.bad,
        Stock::Left(_) => theme.warn,
    };
    let stock = columns::stock(product.stock);
    let id = product.product_id();
    let pending = state.cart.is_unconfirmed(&id);
    let inside = columns::inside(state, &id);
    let name = Rect {
        width: columns.name.min(area.width),
        ..area
    };
    let cells = [
        left(product.name, columns.name, theme.text),
        left(product.category, columns.category, theme.dim),
        left(product.unit, columns.unit, theme.dim),
        right(
            &price,
            columns.price,
            if product.price.is_some() {
                theme.text
            } else {
                theme.bad
            },
        ),
        right(&stock, columns.stock, stock_style),
        right(
            &inside,
            columns.inside,
            if pending { theme.pending } else { theme.accent },
        ),
    ];
    row::draw(&cells, area, ground, over, buffer);
    if begins && columns.category == 0 && is_grouped(state) {
        let style = if over {
            row::under(theme.dim, ground)
        } else {
            ground.patch(theme.dim)
        };
        section(product, name, style, buffer);
    }
    let words = state.catalog.words.value();
    if !words.trim().is_empty() {
        row::mark(
            product.name,
            &search::marks(words, product.name),
            name,
            theme.found,
            buffer,
        );
    }
}

/// What is in the cart, where that does not show.
fn cart(state: &State, areas: &Areas) -> String {
    let totals = state.totals();
    match areas.cart {
        None if !state.cart.shown.lines.is_empty() => {
            let items = text::count(totals.items, "item");
            format!(
                " Cart: {items}, {}{} ",
                state.shop.currency, totals.subtotal
            )
        }
        _ => String::new(),
    }
}

/// Whether the products of a category stand together.
fn is_grouped(state: &State) -> bool {
    let query = state.catalog.query();
    query.is_plain() && query.category.is_none()
}

/// The category at the end of the name's room, in the first of its rows that shows: a head
/// that takes no row and never scrolls away.
fn section(product: &Item<'_>, name: Rect, style: Style, buffer: &mut Buffer) {
    let used = u16::try_from(text::width(product.name))
        .unwrap_or(u16::MAX)
        .saturating_add(2);
    let room = name.width.saturating_sub(used);
    let shown = text::truncate(product.category, usize::from(room));
    // A few letters of it say nothing.
    if text::width(&shown) >= text::width(product.category).min(10) {
        let width = u16::try_from(text::width(&shown)).unwrap_or(room);
        buffer.set_stringn(
            name.right() - width,
            name.y,
            &shown,
            usize::from(room),
            style,
        );
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
            cursor =
                u16::try_from(before + pane.words.visual_cursor().saturating_sub(skip) + 1).ok();
        }
        spans.push(Span::styled(format!("{visible} "), theme.warn));
    }
    if let Some(category) = &pane.category {
        spans.push(Span::styled(format!("{category} "), theme.warn));
    }
    let searching = if pane.is_searching() { "… " } else { "" };
    let query = pane.query();
    // Another order leaves nothing out.
    let whole = query.words.trim().is_empty() && query.category.is_none();
    let count = match (pane.loaded, whole) {
        (false, _) => match pane.progress() {
            Some(load) => format!(
                "reading {} of {} ",
                thousands(load.read),
                thousands(load.total)
            ),
            None => String::new(),
        },
        (true, true) => format!("{all} products {searching}"),
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
    match (&state.connectivity, pane.loaded) {
        _ if pane.loaded && pane.is_searching() => "Searching …".to_owned(),
        _ if pane.loaded && !pane.query().is_plain() && !pane.catalog.is_empty() => {
            format!("No product fits “{}”.\nEsc shows all again.", pane.words.value())
        }
        (_, true) => {
            "The catalog is empty.\nPress D to load the demo catalog,\nor let your shop's own program fill it.".to_owned()
        }
        (Connectivity::Offline { .. }, false) => "Waiting for the server …".to_owned(),
        _ => "Reading the catalog …".to_owned(),
    }
}
