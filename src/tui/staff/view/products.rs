//! The products: the list, and the form of the selected one.

use crate::config::keymap::Action;
use crate::config::theme::{PENDING, SHORT};
use crate::model::figures::{Figures, LOW_STOCK};
use crate::model::product::ProductField;
use crate::model::product::WITHOUT_PRICE;
use crate::model::{Item, ProductId, Stock, text};
use crate::tui::layout::columns::stock;
use crate::tui::layout::money;
use crate::tui::staff::layout::products::{ProductsLayout, label, row_of};
use crate::tui::staff::state::StaffState;
use crate::tui::staff::state::products::{ProductsPane, StockFilter};
use crate::tui::state::Connectivity;
use crate::tui::view::WAITING_FOR_SERVER;
use crate::tui::view::catalog::product_count;
use crate::tui::view::row::{self, left, right};
use crate::tui::view::sketch::Sketch;
use crate::tui::view::{
    draw_pane, draw_placeholder, draw_scroll_bar, position, row_background, titled,
};
use ratatui::layout::Rect;
use ratatui::style::Style;
use strum::VariantArray;

/// The columns of a list from which on it says what today sold.
const LEAST_FOR_SOLD: u16 = 40;
/// The columns of a list from which on it has the categories, and those that they get.
const LEAST_FOR_CATEGORY: u16 = 70;
const CATEGORY: u16 = 20;
/// The columns before the values of a form, with the sign of the selected field.
const LABELS: u16 = 10;
/// The columns that a stock keeps before what is told of it.
const STOCK_ROOM: usize = 10;

/// Draws the page.
pub(super) fn draw(state: &StaffState, sketch: &mut Sketch) {
    let layout = ProductsLayout::of(state);
    if let Some(frame) = layout.list {
        draw_list(state, frame, layout.rows(), sketch);
    }
    if let Some(frame) = layout.form {
        draw_form(state, frame, &layout, sketch);
    }
}

fn draw_list(state: &StaffState, frame: Rect, rows: Rect, sketch: &mut Sketch) {
    let theme = &state.theme;
    let products = &state.products;
    let list = &products.list;
    let has_keyboard = products.pane == ProductsPane::List;

    let title = titled(theme, " Products ", title_words(state), frame);
    draw_pane(theme, has_keyboard, title, frame, sketch);
    if list.rows() == 0 {
        return draw_placeholder(theme, &empty_message(state), rows, sketch);
    }
    let scroll = list.scroll;
    let foot = position(theme, scroll.cursor, list.rows());
    sketch.write_line(&foot, row::foot_line(frame));

    let columns = ListColumns::of(state, rows);
    columns.draw_headings(state, row::heading_line(rows), sketch);
    let visible = (scroll.top..list.rows()).filter_map(|row| Some((row, list.row(row)?)));
    for (area, (row, item)) in rows.rows().zip(visible) {
        let background = row_background(theme, row == scroll.cursor, has_keyboard);
        row::draw_sign(theme, background, area, sketch);
        let cells = ProductTexts::of(state, &item, columns.decimals);
        let cells = [
            left(cells.sign, 1, theme.bad),
            left(item.name, columns.name, theme.text),
            left(item.category, columns.category, theme.dim),
            right(&cells.price, columns.price, cells.price_style(state)),
            right(&cells.stock, columns.stock, cells.stock_style),
            right(&cells.sold, columns.sold, theme.dim),
        ];
        row::draw(&cells, background, area, sketch);
    }
    draw_scroll_bar(theme, frame, rows, list.rows(), scroll.top, sketch);
}

/// The words of the title: the filters of the list, and the number of products.
fn title_words(state: &StaffState) -> Vec<(String, Style)> {
    let theme = &state.theme;
    let products = &state.products;
    let list = &products.list;

    let mut words = Vec::new();
    if !state.is_current() && list.loaded {
        words.push(("may be old".to_owned(), theme.bad));
    }
    let looked_for = list.words.value().trim();
    if !looked_for.is_empty() {
        words.push((format!("“{}”", text::shown(looked_for)), theme.warn));
    }
    if let Some(category) = list.category.name() {
        words.push((category.to_owned(), theme.warn));
    }
    if let Some(filter) = products.filter.word() {
        words.push((filter.to_owned(), theme.warn));
    }
    words.push((product_count(list).trim_end().to_owned(), theme.dim));
    if let Some(sorting) = list.sorting_in_force() {
        words.push((format!("by {}", sorting.name()), theme.dim));
    }
    words.retain(|(word, _)| !word.is_empty());
    words
}

/// The sentence in an empty list: why it is empty, and what to do about it.
fn empty_message(state: &StaffState) -> String {
    let products = &state.products;
    let list = &products.list;
    let keymap = &state.env.keymap;
    if !list.loaded {
        return match (&list.unread, &state.connectivity) {
            (Some(unread), _) => format!("{unread}."),
            (None, Connectivity::Offline { .. }) => WAITING_FOR_SERVER.to_owned(),
            (
                None,
                Connectivity::Connecting
                | Connectivity::Live
                | Connectivity::Syncing
                | Connectivity::Unreadable(_),
            ) => "Reading the catalog …".to_owned(),
        };
    }
    if list.is_searching() {
        return "Searching …".to_owned();
    }

    let back = keymap.key_of(Action::Back);
    let words = list.words.value().trim();
    if !words.is_empty() {
        return format!("No product matches “{words}”.\n{back} shows the others again.");
    }
    if let (Some(category), Some(filter)) = (list.category.name(), products.filter.word()) {
        return format!("Nothing in {category} is {filter}.\n{back} shows the others again.");
    }
    let filter = keymap.key_of(Action::Filter);
    match products.filter {
        StockFilter::Low => {
            format!("No product is low in stock.\nPress {filter} for what is sold out.")
        }
        StockFilter::SoldOut => format!("Nothing is sold out.\nPress {filter} for all products."),
        StockFilter::All => {
            "There are no products yet: trolley import FILE brings them in.".to_owned()
        }
    }
}

/// The texts of a product in the list.
struct ProductTexts {
    /// It needs attention: none is left, or fewer than today sold.
    sign: &'static str,
    price: String,
    has_price: bool,
    stock: String,
    stock_style: Style,
    sold: String,
}

impl ProductTexts {
    fn of(state: &StaffState, item: &Item<'_>, decimals: usize) -> ProductTexts {
        let theme = &state.theme;
        let sold = state.today.sold_today();
        let sold = sold.map(|sold| sold.pieces_of(&item.product_id()));
        let price = item.price.map(|price| {
            let currency = &state.shop.currency;
            money::aligned_in(currency, price, decimals)
        });
        let id = item.product_id();
        let pending = pending(state, &id, ProductField::Stock);
        let stock_style = match item.stock {
            _ if !pending.is_empty() => theme.pending,
            Stock::Unlimited => theme.dim,
            Stock::Left(0) | Stock::Unreadable => theme.bad,
            Stock::Left(left) if left < LOW_STOCK => theme.warn,
            Stock::Left(_) => theme.text,
        };

        ProductTexts {
            sign: if needs_attention(item.stock, sold) {
                SHORT
            } else {
                ""
            },
            has_price: price.is_some(),
            price: price.unwrap_or_else(|| WITHOUT_PRICE.to_owned()),
            stock: format!("{}{pending}", stock(state.env.display.charset, item.stock)),
            stock_style,
            sold: sold.map_or_else(String::new, |sold| sold.to_string()),
        }
    }

    fn price_style(&self, state: &StaffState) -> Style {
        if self.has_price {
            state.theme.text
        } else {
            state.theme.bad
        }
    }
}

/// The sign behind a value that is being changed; else nothing.
fn pending(state: &StaffState, product: &ProductId, field: ProductField) -> &'static str {
    if state.products.is_saving(product, field) {
        PENDING
    } else {
        ""
    }
}

/// Tells whether none is left of a product, or fewer than today sold.
fn needs_attention(stock: Stock, sold: Option<u64>) -> bool {
    match stock {
        Stock::Left(left) => left == 0 || sold.is_some_and(|sold| left < sold),
        Stock::Unreadable => true,
        Stock::Unlimited => false,
    }
}

/// The widths of the list's columns.
struct ListColumns {
    name: u16,
    /// 0 where there is no room.
    category: u16,
    price: u16,
    stock: u16,
    /// For what today sold; 0 where there is no room, or it is not known.
    sold: u16,
    /// The digits after the point that the prices make room for.
    decimals: usize,
}

impl ListColumns {
    const STOCK: &str = "Stock";
    const SOLD: &str = "Today";

    /// The columns for the products that show.
    fn of(state: &StaffState, rows: Rect) -> ListColumns {
        let list = &state.products.list;
        let top = list.scroll.top;
        let shown = top..top + usize::from(rows.height);
        let shown: Vec<Item<'_>> = shown.map_while(|row| list.row(row)).collect();
        let prices = shown.iter().filter_map(|item| item.price);
        let decimals = money::decimals(&state.shop.currency, prices);

        let mut price = "Price".len();
        let mut stock = ListColumns::STOCK.len();
        for item in &shown {
            let texts = ProductTexts::of(state, item, decimals);
            price = price.max(text::width(&texts.price));
            stock = stock.max(text::width(&texts.stock));
        }
        let [price, stock] = [price, stock].map(|width| u16::try_from(width).unwrap_or(u16::MAX));
        let is_known = state.today.sold_today().is_some();
        let sold = if is_known && rows.width >= LEAST_FOR_SOLD {
            6
        } else {
            0
        };

        let category = if rows.width >= LEAST_FOR_CATEGORY {
            CATEGORY
        } else {
            0
        };

        // The sign takes a column, and each column a gap before it.
        let used = row::taken(&[category, price, stock, sold]);
        ListColumns {
            name: rows.width.saturating_sub(2 + used),
            category,
            price,
            stock,
            sold,
            decimals,
        }
    }

    fn draw_headings(&self, state: &StaffState, area: Rect, sketch: &mut Sketch) {
        let dim = state.theme.dim;
        let cells = [
            left("", 1, dim),
            left("Product", self.name, dim),
            left("Category", self.category, dim),
            right("Price", self.price, dim),
            right(ListColumns::STOCK, self.stock, dim),
            right(ListColumns::SOLD, self.sold, dim),
        ];
        row::draw(&cells, row::RowBackground::Plain(dim), area, sketch);
    }
}

fn draw_form(state: &StaffState, frame: Rect, layout: &ProductsLayout, sketch: &mut Sketch) {
    let fields = layout.fields();
    let theme = &state.theme;
    let products = &state.products;
    let has_keyboard = products.pane == ProductsPane::Form;
    let Some(item) = products.list.selected() else {
        draw_pane(theme, has_keyboard, "", frame, sketch);
        return;
    };

    let title = format!(" {} ", text::shown(&item.product_id().to_string()));
    let title = titled(theme, title, Vec::new(), frame);
    draw_pane(theme, has_keyboard, title, frame, sketch);

    let first = layout.first_field(products.field);
    let shown = ProductField::VARIANTS.iter().skip(first);
    for (area, field) in fields.rows().zip(shown) {
        let is_selected = has_keyboard && *field == products.field;
        let (value, style) = form_value(state, &item, *field);
        let pending = match field {
            // That of the stock stands before what else is said of it, and that of the description
            // behind its last row.
            ProductField::Stock | ProductField::Description => "",
            ProductField::Name
            | ProductField::Category
            | ProductField::Unit
            | ProductField::Price
            | ProductField::Barcode => pending(state, &item.product_id(), *field),
        };
        let value = value + pending;
        let style = if pending.is_empty() {
            style
        } else {
            theme.pending
        };
        let cells = [
            left(label(*field), LABELS - 1, theme.dim),
            left(&value, fields.width.saturating_sub(LABELS), style),
        ];
        let background = row_background(theme, is_selected, has_keyboard);
        row::draw_sign(theme, background, area, sketch);
        row::draw(&cells, background, area, sketch);
    }

    // What of the last one had no room in its row goes on below it.
    let row = row_of(ProductField::Description) - first;
    let row = u16::try_from(row).unwrap_or(0);
    let more = Rect {
        x: fields.x + LABELS,
        y: fields.y + row,
        width: fields.width.saturating_sub(LABELS),
        height: fields.height.saturating_sub(row),
    };
    draw_about(state, &item, more, sketch);
}

/// Draws the description of a product, over several rows.
fn draw_about(state: &StaffState, item: &Item<'_>, area: Rect, sketch: &mut Sketch) {
    let theme = &state.theme;
    let products = &state.products;
    let pending = pending(state, &item.product_id(), ProductField::Description);
    let style = if pending.is_empty() {
        theme.text
    } else {
        theme.pending
    };
    let about = text::shown(item.description).into_owned() + pending;
    let about = text::wrap(&about, area.width.into(), area.height.into());

    let has_keyboard = products.pane == ProductsPane::Form;
    let is_selected = has_keyboard && products.field == ProductField::Description;
    for (row, line) in area.rows().zip(about) {
        let background = row_background(theme, is_selected && row.y == area.y, has_keyboard);
        let style = background.beneath(style);
        sketch.set_style(row, style);
        sketch.write(row.x, row.y, &line, row.width, style);
    }
}

/// A value as the form shows it.
fn form_value(state: &StaffState, item: &Item<'_>, field: ProductField) -> (String, Style) {
    let theme = &state.theme;
    match field {
        ProductField::Name => (text::shown(item.name).into_owned(), theme.text),
        ProductField::Category => (text::shown(item.category).into_owned(), theme.text),
        ProductField::Unit => (text::shown(item.unit).into_owned(), theme.text),
        ProductField::Barcode => (text::shown(item.barcode).into_owned(), theme.text),
        ProductField::Description => (String::new(), theme.text),
        ProductField::Price => match item.price {
            Some(price) => (price.in_currency(&state.shop.currency), theme.text),
            None => (WITHOUT_PRICE.to_owned(), theme.bad),
        },
        ProductField::Stock => {
            let texts = ProductTexts::of(state, item, 0);
            let sold = state.today.sold_today().map(|sold| sold_words(sold, item));
            let words = match sold {
                Some(sold) => format!("{:<STOCK_ROOM$}{sold}", texts.stock),
                None => texts.stock,
            };
            (words, texts.stock_style)
        }
    }
}

fn sold_words(sold: &Figures, item: &Item<'_>) -> String {
    format!("{} sold today", sold.pieces_of(&item.product_id()))
}
