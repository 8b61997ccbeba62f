//! The catalog pane.

use super::row;
use super::row::{RowBackground, left, right};
use super::sketch::Sketch;
use super::typed::TypedText;
use super::{details, draw_pane, draw_placeholder, draw_scroll_bar, list_background, position};
use crate::config::keymap::Action;
use crate::model::product::SOLD_OUT;
use crate::model::search;
use crate::model::search::{Sort, Sorting};
use crate::model::usual::USUAL;
use crate::model::{Item, Stock, text};
use crate::tui::layout::columns;
use crate::tui::layout::columns::CatalogColumns;
use crate::tui::layout::rules::open_until;
use crate::tui::state::areas::{Areas, Pane};
use crate::tui::state::catalog::{CatalogPane, ShownCategory};
use crate::tui::state::{Connectivity, Mode, State};
use crate::tui::view::WAITING_FOR_SERVER;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

/// The beginning of the title.
const TITLE: &str = " Catalog ";
/// The columns that the title keeps for everything but the words of a search.
const BESIDE_WORDS: usize = 26;
/// The columns that the words of a search have in any case.
const LEAST_WORDS: usize = 4;
/// The columns of a category from which on it is understood.
const LEAST_CATEGORY: usize = 10;

/// Draws the catalog, where it shows.
pub(super) fn draw(state: &State, areas: &Areas, sketch: &mut Sketch) {
    let Some(frame) = areas.catalog else { return };
    let theme = &state.theme;
    let scroll = state.catalog.scroll;
    let product_count = state.catalog.rows();

    let rows = areas.catalog_rows;
    let columns = CatalogColumns::of(state, rows);
    let title = title(state, frame, &columns);
    draw_pane(theme, state.focus == Pane::Catalog, title, frame, sketch);
    if matches!(state.mode, Mode::Search)
        && let Some(words) = search_words(state, frame)
    {
        words.point_at(frame, TITLE, sketch);
    }
    let foot = row::foot_line(frame);
    // The usual ones are counted apart: the title counts each product once.
    let leading = state.catalog.leading.len();
    let position = match scroll.cursor.checked_sub(leading) {
        None => position(theme, scroll.cursor, leading),
        Some(cursor) => position(theme, cursor, product_count - leading),
    };
    sketch.write_line(&position, foot);
    let room = usize::from(foot.width).saturating_sub(position.width());
    let cart = cart_in_short(state, areas, room);
    sketch.write(foot.x, foot.y, &cart, foot.width, theme.dim);

    if product_count == 0 {
        return draw_placeholder(theme, &empty_message(state), rows, sketch);
    }

    draw_headings(state, &columns, row::heading_line(rows), sketch);
    draw_products(state, &columns, rows, sketch);
    draw_scroll_bar(theme, frame, rows, product_count, scroll.top, sketch);
    details::draw(state, areas.details, sketch);
}

/// The title: the words of the search, the category, and how many products there are.
fn title<'a>(state: &State, frame: Rect, columns: &CatalogColumns) -> Line<'a> {
    let theme = &state.theme;
    let mut spans = vec![Span::styled(TITLE, theme.accent)];

    if let Some(words) = search_words(state, frame) {
        spans.push(Span::styled("/", theme.dim));
        spans.push(Span::styled(format!("{} ", words.shown), theme.warn));
    }
    if let Some(category) = state.catalog.category.name() {
        spans.push(Span::styled(format!("{category} "), theme.warn));
    }

    spans.push(Span::styled(product_count(&state.catalog), theme.dim));
    if let Some(sorting) = unmarked_sorting(state, columns) {
        spans.push(Span::styled(format!("{} ", sorting.name()), theme.warn));
    }
    Line::from(spans)
}

/// The sorting in force where no heading can have its mark: by a column that has no room.
fn unmarked_sorting(state: &State, columns: &CatalogColumns) -> Option<Sorting> {
    let sorting = state.catalog.sorting_in_force()?;
    let is_unmarked = sorting.by == Sort::Category && columns.category == 0;
    (is_unmarked && sorting != Sorting::default()).then_some(sorting)
}

/// The words of a search as the title shows them; `None` where there is no search.
fn search_words(state: &State, frame: Rect) -> Option<TypedText> {
    let words = &state.catalog.words;
    if words.value().is_empty() && !matches!(state.mode, Mode::Search) {
        return None;
    }

    let room = usize::from(frame.width)
        .saturating_sub(BESIDE_WORDS)
        .max(LEAST_WORDS);
    Some(TypedText::fitting(words, room))
}

/// The number of products that show, of all; or the number that were read so far.
pub(in crate::tui) fn product_count(pane: &CatalogPane) -> String {
    if !pane.loaded {
        return match pane.progress() {
            Some(load) => {
                let read = thousands(load.read);
                format!("reading {read} of {} ", thousands(load.total))
            }
            None => String::new(),
        };
    }

    let all = thousands(pane.catalog.len());
    let searching = if pane.is_searching() { "… " } else { "" };
    let query = pane.query();
    // Sorting leaves nothing out.
    let has_all = pane.category == ShownCategory::All && pane.among.is_none();
    if query.words.trim().is_empty() && has_all {
        format!("{all} products {searching}")
    } else {
        format!("{} of {all} {searching}", thousands(pane.count))
    }
}

/// Formats a number with commas between groups of three digits.
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

/// The cart's items and subtotal, and until when it may be changed, for the foot of the frame where
/// the cart does not show.
fn cart_in_short(state: &State, areas: &Areas, room: usize) -> String {
    if areas.cart.is_some() || state.cart.shown.lines.is_empty() {
        return String::new();
    }
    let totals = state.totals();
    let items = text::count(totals.items, "item");
    let subtotal = totals.subtotal.in_currency(&state.shop.currency);
    let cart = format!(" Cart: {items}, {subtotal} ");

    // The people, where they cover the cart, say that themselves.
    let until = open_until(state).filter(|_| areas.people.is_none());
    let with_until = until.map(|until| format!("{cart}· {} ", until.full().text));
    match with_until {
        Some(with_until) if text::width(&with_until) <= room => with_until,
        Some(_) | None => cart,
    }
}

/// The sentence in an empty list: why it is empty, and what to do about it.
fn empty_message(state: &State) -> String {
    let pane = &state.catalog;
    let keymap = &state.env.keymap;
    if !pane.loaded {
        return match state.connectivity {
            Connectivity::Offline { .. } => WAITING_FOR_SERVER.to_owned(),
            Connectivity::Connecting
            | Connectivity::Live
            | Connectivity::Syncing
            | Connectivity::Unreadable(_) => "Reading the catalog …".to_owned(),
        };
    }

    if pane.is_searching() {
        "Searching …".to_owned()
    } else if !pane.query().is_plain() && !pane.catalog.is_empty() {
        let words = pane.words.value();
        let key = keymap.key_of(Action::Back);
        format!("No product matches “{words}”.\n{key} shows all again.")
    } else if keymap.has_key(Action::LoadDemo) {
        let key = keymap.key_of(Action::LoadDemo);
        format!(
            "The catalog is empty.\nPress {key} to load the demo catalog,\nor fill it from a file: trolley import FILE"
        )
    } else {
        "The catalog is empty.".to_owned()
    }
}

/// Draws the headings of the columns; that of the column in force for sorting stands out.
fn draw_headings(state: &State, columns: &CatalogColumns, area: Rect, sketch: &mut Sketch) {
    let dim = state.theme.dim;
    let [name, category, price, in_cart] = [
        ("Product", Sort::Name),
        ("Category", Sort::Category),
        ("Price", Sort::Price),
        (columns::IN_CART, Sort::InCart),
    ]
    .map(|(name, by)| {
        let heading = columns::heading(state, name, by);
        let style = if heading == name {
            dim
        } else {
            state.theme.accent
        };
        (heading, style)
    });

    let cells = [
        left(&name.0, columns.name, name.1),
        left(&category.0, columns.category, category.1),
        left("Unit", columns.unit, dim),
        right(&price.0, columns.price, price.1),
        right("Stock", columns.stock, dim),
        right(&in_cart.0, columns.in_cart, in_cart.1),
    ];
    row::draw(&cells, RowBackground::Plain(dim), area, sketch);
}

/// Draws the products whose rows show.
fn draw_products(state: &State, columns: &CatalogColumns, rows: Rect, sketch: &mut Sketch) {
    let theme = &state.theme;
    let words = state.catalog.words.value();

    // Without a column for it, a category is named once, where it begins.
    let names_categories = state.catalog.is_plain() && columns.category == 0;

    let mut category_above = None;
    let visible = (state.catalog.scroll.top..).zip(columns::visible(state, rows));
    for (area, (row, product)) in rows.rows().zip(visible) {
        let background = list_background(state, Pane::Catalog, row);
        row::draw_sign(&state.theme, background, area, sketch);

        let is_leading = state.catalog.is_leading(row);
        let category = if is_leading { USUAL } else { product.category };
        let product = Item {
            category,
            ..product
        };
        draw_product(state, &product, columns, background, area, sketch);

        let name = Rect {
            width: columns.name.min(area.width),
            ..area
        };
        let is_first =
            category_above.replace((is_leading, category)) != Some((is_leading, category));
        if names_categories && is_first {
            draw_category(&product, background.beneath(theme.dim), name, sketch);
        }

        if !words.trim().is_empty() {
            let matches = search::marks(words, product.name);
            row::highlight(product.name, &matches, name, theme.matched, sketch);
        }
    }
}

/// Draws the cells of one product.
fn draw_product(
    state: &State,
    product: &Item<'_>,
    columns: &CatalogColumns,
    background: RowBackground,
    area: Rect,
    sketch: &mut Sketch,
) {
    let theme = &state.theme;
    let id = product.product_id();

    let price = columns::price(state, product.price, columns.decimals);
    // What is sold out can't be bought: where no column says so, that matters more than its price.
    let is_sold_out = product.stock.is_sold_out();
    let (price, price_style) = match product.price {
        Some(_) if is_sold_out && columns.stock == 0 => (SOLD_OUT.to_owned(), theme.bad),
        Some(_) => (price, theme.text),
        None => (price, theme.bad),
    };

    let stock = columns::stock(state.env.display.charset, product.stock);
    let stock_style = match product.stock {
        Stock::Unlimited | Stock::Left(6..) => theme.dim,
        Stock::Left(0) | Stock::Unreadable => theme.bad,
        Stock::Left(_) => theme.warn,
    };

    let in_cart = columns::in_cart(state, &id);
    let in_cart_style = if state.cart.is_unconfirmed(&id) {
        theme.pending
    } else {
        theme.accent
    };

    let cells = [
        left(product.name, columns.name, theme.text),
        left(product.category, columns.category, theme.dim),
        left(product.unit, columns.unit, theme.dim),
        right(&price, columns.price, price_style),
        right(&stock, columns.stock, stock_style),
        right(&in_cart, columns.in_cart, in_cart_style),
    ];
    row::draw(&cells, background, area, sketch);
}

/// Draws the product's category at the end of the room for its name: a heading that takes no
/// row of its own and never scrolls away.
fn draw_category(product: &Item<'_>, style: Style, name: Rect, sketch: &mut Sketch) {
    let used = u16::try_from(text::width(product.name))
        .unwrap_or(u16::MAX)
        .saturating_add(2);
    let room = name.width.saturating_sub(used);

    let shown = text::truncate(product.category, usize::from(room));
    if text::width(&shown) < text::width(product.category).min(LEAST_CATEGORY) {
        return;
    }

    let width = u16::try_from(text::width(&shown)).unwrap_or(room);
    let x = name.right() - width;
    sketch.write(x, name.y, &shown, room, style);
}
