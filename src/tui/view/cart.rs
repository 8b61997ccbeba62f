//! The cart pane.

use super::row;
use super::row::{RowBackground, left, price_style, right};
use super::sketch::Sketch;
use super::{draw_pane, draw_placeholder, draw_scroll_bar_of, list_background, position, sums};
use crate::config::keymap::Action;
use crate::config::theme::Theme;
use crate::model::total;
use crate::model::total::{LineStatus, ProductLookup};
use crate::model::{CartLine, Money, OrderBrief, text};
use crate::tui::layout::cart::{AroundLine, CartRows, FromPlace, RowBelow};
use crate::tui::layout::columns;
use crate::tui::layout::columns::CartColumns;
use crate::tui::layout::money;
use crate::tui::layout::price_change::{PriceChange, sign_of};
use crate::tui::layout::rules::{TitleImportance, title_words};
use crate::tui::state::areas::{Areas, Pane};
use crate::tui::state::scroll::fitting;
use crate::tui::state::{Connectivity, State};
use crate::tui::view::WAITING_FOR_SERVER;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

/// The words of an empty cart on the private server: where the cart is, and who can reach it.
const PRIVATE_SHOP: &str = "\n\nThis shop is on this computer, for your login only.\n\
    To share one with others, see: trolley guide sharing";

/// Draws the cart, where it shows.
pub(super) fn draw(state: &State, areas: &Areas, sketch: &mut Sketch) {
    let Some(frame) = areas.cart else { return };
    let theme = &state.theme;
    let scroll = state.cart.scroll;
    let lines = &state.cart.shown.lines;

    let title = title(state, frame);
    draw_pane(theme, state.focus == Pane::Cart, title, frame, sketch);
    let position = position(theme, scroll.cursor, lines.len());
    sketch.write_line(&position, row::foot_line(frame));

    let rows = areas.cart_rows;
    if lines.is_empty() {
        // There are no sums that would need their room.
        let room = Rect {
            height: rows.height + areas.sums.height,
            ..rows
        };
        return draw_placeholder(theme, &empty_message(state, areas), room, sketch);
    }

    let totals = state.totals();
    let cart_rows = CartRows::of(state, rows);
    let columns = &cart_rows.columns;
    draw_headings(theme, columns, row::heading_line(rows), sketch);

    let mut below = rows;
    let arounds = cart_rows.around_visible();
    let shown = lines.iter().enumerate().skip(scroll.top);
    for ((row, line), around) in shown.zip(&arounds) {
        let has_changed = state
            .highlights
            .iter()
            .any(|highlight| highlight.product == line.product);
        let mut background = list_background(state, Pane::Cart, row);
        if has_changed {
            background = background.highlighted(theme.changed);
        }
        row::draw_sign(theme, background, below, sketch);
        let view = LineView::of(state, line, totals.subtotal);
        let drawn = view.draw(columns, around, background, below, sketch);
        below.y += drawn;
        below.height -= drawn;
    }

    let page = fitting(0, arounds.len(), rows.height.into(), |row| {
        arounds[row].height()
    });
    draw_scroll_bar_of(theme, frame, rows, page, lines.len(), scroll.top, sketch);
    sums::draw(state, &totals, columns, areas.sums, sketch);
}

/// The title: how many lines, and what the owner's rules or an order say of the cart.
fn title<'a>(state: &State, frame: Rect) -> Line<'a> {
    let theme = &state.theme;
    let mut title = Line::from(Span::styled(" Cart ", theme.accent));

    let room = usize::from(frame.width).saturating_sub(title.width() + 3);
    for (index, word) in title_words(state, room).into_iter().enumerate() {
        let gap = if index > 0 { "· " } else { "" };
        let style = match word.importance {
            TitleImportance::Count => theme.dim,
            TitleImportance::Rule => theme.warn,
            TitleImportance::Closed => theme.bad,
        };
        title.push_span(Span::styled(gap, theme.dim));
        title.push_span(Span::styled(format!("{} ", word.text), style));
    }
    title
}

/// The sentence in the place of a cart that was not read; `None` where it was.
pub(super) fn unread_message(state: &State) -> Option<&'static str> {
    match state.connectivity {
        Connectivity::Connecting => Some("Reading the cart …"),
        Connectivity::Offline { .. } if !state.cart.loaded => Some(WAITING_FOR_SERVER),
        Connectivity::Unreadable(_) => Some("The cart can't be read."),
        Connectivity::Syncing if !state.cart.loaded => Some("Reading the cart …"),
        Connectivity::Live | Connectivity::Syncing | Connectivity::Offline { .. } => None,
    }
}

/// The sentence in an empty cart: why it is empty, and what to do about it.
fn empty_message(state: &State, areas: &Areas) -> String {
    if let Some(message) = unread_message(state) {
        return message.to_owned();
    }

    let keymap = &state.env.keymap;
    if let Some((order, _)) = state.orders.open(state.server_now()) {
        return open_order_message(state, order);
    }

    let mut message = if areas.catalog.is_none() {
        let key = keymap.key_of(Action::SwitchPane);
        format!("The cart is empty.\n{key} shows the products.")
    } else {
        let key = keymap.key_of(Action::Add);
        format!("The cart is empty.\nSelect a product and press {key} to add it.")
    };

    if state.env.private {
        message.push_str(PRIVATE_SHOP);
    }
    message
}

/// The sentences in a cart that is empty as it was ordered: how that order is, and where to find it.
fn open_order_message(state: &State, order: &OrderBrief) -> String {
    let keymap = &state.env.keymap;
    let name = order.name();
    let total = state.orders.total_of(&order.id);
    let total = total.map_or(String::new(), |total| format!(", {total},"));
    let reached = order.state.name();
    let orders = keymap.key_of(Action::Orders);
    let again = keymap.key_of(Action::Again);
    format!(
        "The cart is empty.\n{name}{total} is {reached}.\n\n\
         {orders} shows its receipt.\n{again} there orders it again."
    )
}

/// Draws the headings of the columns.
fn draw_headings(theme: &Theme, columns: &CartColumns, area: Rect, sketch: &mut Sketch) {
    let cells = [
        right("Qty", columns.quantity, theme.dim),
        left("Product", columns.name, theme.dim),
        left("From", columns.by, theme.dim),
        right("Each", columns.price, theme.dim),
        left("Share", columns.share, theme.dim),
        right("Total", columns.total, theme.dim),
    ];
    row::draw(&cells, RowBackground::Plain(theme.dim), area, sketch);
}

/// A line of the cart with all that its row says.
struct LineView<'a> {
    state: &'a State,
    line: &'a CartLine,
    product: ProductLookup<'a>,
    status: LineStatus,
    /// The price of all its pieces, where it counts.
    sum: Option<Money>,
    /// The subtotal of the cart.
    subtotal: Money,
}

impl<'a> LineView<'a> {
    fn of(state: &'a State, line: &'a CartLine, subtotal: Money) -> LineView<'a> {
        let product = state.lookup(&line.product);
        let (status, sum) = total::line(line, product);
        LineView {
            state,
            line,
            product,
            status,
            sum,
            subtotal,
        }
    }

    /// Draws the line with what belongs to it, from the first row of `below` on, and returns the
    /// number of rows that this took.
    fn draw(
        &self,
        columns: &CartColumns,
        around: &AroundLine,
        background: RowBackground,
        below: Rect,
        sketch: &mut Sketch,
    ) -> u16 {
        let first = row::first_line(below);
        self.draw_line(columns, around, background, first, sketch);

        let theme = &self.state.theme;
        let mut drawn = 1;
        for (area, below) in below.rows().skip(1).zip(&around.below) {
            drawn += 1;
            let (problem, from) = match below {
                RowBelow::Names { problem, from } => (problem, from),
                RowBelow::Note(note) => {
                    row::draw_note(theme, note, columns.quantity, background, area, sketch);
                    continue;
                }
            };
            // Without their column, names have all the room.
            let (under_name, by) = match around.place {
                FromPlace::Column => (columns.name, columns.by),
                FromPlace::Below if problem.is_empty() => (0, area.width),
                FromPlace::Below => (area.width, 0),
            };
            let cells = [
                left("", columns.quantity, theme.dim),
                left(problem, under_name, theme.warn),
                left(from, by, theme.dim),
            ];
            row::draw(&cells, background, area, sketch);
        }
        drawn
    }

    /// Draws the row of the line itself, with what stands beside it and behind its name.
    fn draw_line(
        &self,
        columns: &CartColumns,
        around: &AroundLine,
        background: RowBackground,
        area: Rect,
        sketch: &mut Sketch,
    ) {
        let theme = &self.state.theme;
        let style = self.style();
        let name = self.name(columns);
        let quantity = columns::quantity(self.state, self.line);
        let (sign, price_style) = self.price_change();
        let price = self.price(columns, sign);
        let share = self.share_bar(columns);
        let total = self.total(columns, sign);
        let total_style = if columns.price == 0 && !sign.is_empty() {
            price_style
        } else {
            style
        };

        let quantity_style = if self.is_short() { theme.warn } else { style };
        let bar_style = row::bar_style(theme);

        let widths = if self.status.may_count() {
            *columns
        } else {
            columns.without_price()
        };
        let cells = [
            right(&quantity, widths.quantity, quantity_style),
            left(&name, widths.name, style),
            left(&around.beside, widths.by, theme.dim),
            right(&price, widths.price, price_style),
            left(&share, widths.share, bar_style),
            right(&total, widths.total, total_style),
        ];
        row::draw(&cells, background, area, sketch);

        if let Some(words) = &around.behind_name {
            let behind = text::width(&format!("{name} "));
            let behind = u16::try_from(behind).unwrap_or(widths.name);
            let x = area.x + widths.quantity + 1 + behind;
            let style = background.beneath(theme.warn);
            sketch.write(x, area.y, words, area.width, style);
        }
    }

    /// The style of the quantity, the name and the total.
    fn style(&self) -> Style {
        let theme = &self.state.theme;
        if !self.status.may_count() {
            theme.bad
        } else if self.state.cart.is_unconfirmed(&self.line.product) {
            theme.pending
        } else {
            theme.text
        }
    }

    /// The name; where the line does not count, behind the reason, which is never cut off.
    fn name(&self, columns: &CartColumns) -> String {
        let name = self.state.name_of(&self.line.product);
        if self.status.may_count() {
            return name;
        }
        let reason = if columns.price > 0 {
            self.status.word()
        } else {
            self.status.short_word()
        };
        format!("({reason}) {name}")
    }

    /// True where the line counts and holds more than the shop has.
    fn is_short(&self) -> bool {
        self.status.may_count() && total::short(self.line, self.product).is_some()
    }

    /// The product's price now, where it is known.
    fn price_now(&self) -> Option<Money> {
        match self.product {
            ProductLookup::Product(product) => product.price,
            ProductLookup::Gone | ProductLookup::Unread => None,
        }
    }

    /// The sign of a price that changed since the line was added, and its style.
    fn price_change(&self) -> (&'static str, Style) {
        let theme = &self.state.theme;
        let then = self.line.added.as_ref().and_then(|added| added.price);
        let change = then.zip(self.price_now());
        let change = change.and_then(|(then, now)| PriceChange::between(then, now));
        (sign_of(change), price_style(theme, change))
    }

    /// The price of one piece, behind the sign of its change.
    fn price(&self, columns: &CartColumns, sign: &str) -> String {
        match self.price_now() {
            Some(now) => format!(
                "{sign}{}",
                money::aligned(&self.state.shop.currency, now, columns.price_decimals)
            ),
            None => String::new(),
        }
    }

    /// The price of all pieces, behind the sign of its change where no other price shows.
    fn total(&self, columns: &CartColumns, sign: &str) -> String {
        let Some(sum) = self.sum else {
            return "—".to_owned();
        };
        let sign = if columns.price == 0 { sign } else { "" };
        format!(
            "{sign}{}",
            money::aligned(&self.state.shop.currency, sum, columns.total_decimals)
        )
    }

    /// A bar as long as the line's share of the subtotal, by eighths of a column.
    fn share_bar(&self, columns: &CartColumns) -> String {
        let share = self
            .sum
            .and_then(|sum| sum.decimal().checked_div(self.subtotal.decimal()));
        let Some(share) = share else {
            return String::new();
        };

        row::bar(share, columns.share)
    }
}
