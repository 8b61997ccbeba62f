//! The past orders: their list at the left, the receipt of the selected one at the right.

use super::receipt::{state_style, warn_of_old};
use super::row;
use super::row::{RowBackground, left, right};
use super::sketch::Sketch;
use super::typed::TypedText;
use super::{draw_pane, draw_placeholder, draw_scroll_bar, position, receipt, row_background};
use crate::config::keymap::Action;
use crate::config::theme::{CANCELLED, READY, Theme};
use crate::model::time::Hours;
use crate::model::{Order, OrderState, text};
use crate::tui::layout::money;
use crate::tui::layout::orders::{OrdersFrames, order_of_receipt};
use crate::tui::state::areas::list_rows;
use crate::tui::state::orders::KeptStates;
use crate::tui::state::{Connectivity, Mode, State};
use crate::tui::view::WAITING_FOR_SERVER;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// The title of the list.
const TITLE: &str = " Orders ";
/// The row below the last order while older ones are read.
const READING_OLDER: &str = "Reading older orders …";
/// The columns for the sign of a state.
const SIGN: u16 = 1;
/// The columns for what an order is called.
const NUMBER: u16 = 4;
/// The columns for when, by 24 hours, and for the day alone.
const WHEN: u16 = 16;
const DAY: u16 = 11;
/// The columns for the state.
const STATE: u16 = 9;
/// The least columns for who ordered.
const LEAST_BY: u16 = 5;
/// The columns for how many pieces.
const ITEMS: u16 = 6;
/// The least columns for a total.
const TOTAL: u16 = 8;

/// The columns of the list; those without room are 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct OrderColumns {
    sign: u16,
    number: u16,
    when: u16,
    state: u16,
    by: u16,
    items: u16,
    total: u16,
}

impl OrderColumns {
    /// The columns before the total that are tried, the roomiest first: the sign, when, the state,
    /// who, the pieces.
    fn choices(hours: Hours) -> [[u16; 5]; 7] {
        let when = WHEN + hours.columns_more();
        [
            [SIGN, when, STATE, LEAST_BY, ITEMS],
            [SIGN, DAY, STATE, LEAST_BY, ITEMS],
            [SIGN, DAY, STATE, 0, ITEMS],
            [SIGN, DAY, STATE, 0, 0],
            [SIGN, 0, STATE, 0, 0],
            [SIGN, 0, 0, 0, 0],
            [0, 0, 0, 0, 0],
        ]
    }

    /// The columns in rows of `width`, where the widest amount and the widest name take so many:
    /// whatever else must go, money is shown whole.
    fn fitting(width: u16, amount: u16, number: u16, hours: Hours) -> OrderColumns {
        for [sign, when, state, by, items] in OrderColumns::choices(hours) {
            let used = row::taken(&[sign, number, when, state, by, items]);
            let Some(spare) = width.checked_sub(used + amount) else {
                continue;
            };

            // What is left over goes to who ordered, else it stands before the total.
            let (by, total) = match by {
                0 => (0, amount + spare),
                by => (by + spare, amount),
            };
            return OrderColumns {
                sign,
                number,
                when,
                state,
                by,
                items,
                total,
            };
        }

        OrderColumns {
            sign: 0,
            number: 0,
            when: 0,
            state: 0,
            by: 0,
            items: 0,
            total: width,
        }
    }
}

/// The amounts of the orders that show.
struct Amounts {
    /// The digits behind their point.
    decimals: usize,
    /// Not all of them are in the shop's currency, so each names its own.
    have_currency: bool,
}

impl Amounts {
    fn of(state: &State, orders: &[&Order]) -> Amounts {
        let currency = &state.shop.currency;
        Amounts {
            decimals: money::decimals(currency, orders.iter().map(|order| order.total())),
            have_currency: orders
                .iter()
                .any(|order| !order.currency.is_same_as(currency)),
        }
    }

    /// The total of an order, as the list shows it.
    fn shown(&self, order: &Order) -> String {
        if self.have_currency {
            money::aligned_in(&order.currency, order.total(), self.decimals)
        } else {
            money::aligned(&order.currency, order.total(), self.decimals)
        }
    }
}

/// Draws the past orders, or the receipt of one, or both.
pub(super) fn draw(state: &State, page: &Mode, body: Rect, sketch: &mut Sketch) {
    let frames = OrdersFrames::of(page, body);
    let scroll = match page {
        Mode::Receipt { scroll, .. } => Some(*scroll),
        _ => None,
    };

    if let Some(frame) = frames.list {
        draw_list(state, scroll.is_none(), frame, sketch);
    }
    if let Some(frame) = frames.receipt {
        let order = order_of_receipt(state, page);
        let waiting = match &state.orders.list {
            // The list says what there is to say.
            Some(_) if frames.list.is_some() => "",
            _ => waiting_message(state, "Reading the order …"),
        };
        receipt::draw(state, order, scroll, waiting, frame, sketch);
    }
}

/// Draws the list of past orders.
fn draw_list(state: &State, focused: bool, frame: Rect, sketch: &mut Sketch) {
    let theme = &state.theme;
    let inner = draw_pane(theme, focused, title(state, frame), frame, sketch);
    if matches!(state.mode, Mode::OrderSearch)
        && let Some(words) = search_words(state, frame)
    {
        words.point_at(frame, TITLE, sketch);
    }

    let orders = match &state.orders.list {
        None => {
            let text = waiting_message(state, "Reading the orders …");
            return draw_placeholder(theme, text, inner, sketch);
        }
        Some(orders) if orders.is_empty() => {
            let key = state.env.keymap.key_of(Action::Checkout);
            let text = format!("There are no orders yet.\nIn the cart, {key} checks out.");
            return draw_placeholder(theme, &text, inner, sketch);
        }
        Some(_) if state.orders.shown.is_empty() => {
            let text = nothing_found(state);
            return draw_placeholder(theme, &text, inner, sketch);
        }
        Some(_) => &state.orders,
    };

    let rows = list_rows(frame);
    let scroll = state.orders.scroll;
    let visible: Vec<&Order> = orders.rows(scroll.top).take(rows.height.into()).collect();
    let visible = &visible[..];

    let amounts = Amounts::of(state, visible);
    let widest_amount = widest(visible, |order| amounts.shown(order)).max(TOTAL);
    let widest_name = widest(visible, |order| order.name()).max(NUMBER);
    let hours = state.clock().hours;
    let columns = OrderColumns::fitting(inner.width, widest_amount, widest_name, hours);

    draw_headings(theme, columns, row::first_line(inner), sketch);
    for (area, (row, order)) in rows.rows().zip((scroll.top..).zip(visible.iter().copied())) {
        let background = row_background(theme, row == scroll.cursor, focused);
        row::draw_sign(theme, background, area, sketch);
        draw_order(state, order, &amounts, columns, background, area, sketch);
    }
    if let Some(area) = rows.rows().nth(visible.len())
        && orders.read < orders.total
    {
        sketch.write(area.x, area.y, READING_OLDER, area.width, theme.dim);
    }

    // Of a search nobody knows yet how much it finds among those that are not read.
    let all = if orders.is_filtered() {
        orders.shown.len()
    } else {
        orders.total.max(orders.shown.len())
    };
    let position = position(theme, scroll.cursor, all);
    sketch.write_line(&position, row::foot_line(frame));
    draw_scroll_bar(theme, frame, rows, all, scroll.top, sketch);
}

/// The title: what is searched for, which states show, and how many orders there are.
fn title(state: &State, frame: Rect) -> Line<'static> {
    let theme = &state.theme;
    let orders = &state.orders;
    let mut title = Line::from(Span::styled(TITLE, theme.accent));

    if let Some(words) = search_words(state, frame) {
        title.push_span(Span::styled("/", theme.dim));
        title.push_span(Span::styled(format!("{} ", words.shown), theme.warn));
    }

    if orders.kept != KeptStates::All {
        title.push_span(Span::styled(format!("{} ", orders.kept.name()), theme.warn));
    }

    if orders.list.is_some() {
        let count = if orders.is_filtered() {
            format!("{} of {} ", orders.shown.len(), orders.total)
        } else {
            format!("{} ", orders.total)
        };
        title.push_span(Span::styled(count, theme.dim));
    }

    warn_of_old(state, &mut title);
    title
}

/// The words that are searched for, as much of them as a title has room for; `None` where nothing is.
fn search_words(state: &State, frame: Rect) -> Option<TypedText> {
    let words = &state.orders.words;
    if words.value().is_empty() && !matches!(state.mode, Mode::OrderSearch) {
        return None;
    }
    // The count, and which states show, have room behind it.
    let room = usize::from(frame.width).saturating_sub(TITLE.len() + 24);
    Some(TypedText::fitting(words, room.max(4)))
}

/// The sentence where no order is found.
fn nothing_found(state: &State) -> String {
    let orders = &state.orders;
    if orders.read < orders.total {
        return READING_OLDER.to_owned();
    }
    match (orders.words.value().trim(), orders.kept) {
        ("", kept) => format!("No order is {}.", kept.name()),
        (words, KeptStates::All) => format!("No order matches “{words}”."),
        (words, kept) => format!("No order that is {} matches “{words}”.", kept.name()),
    }
}

/// The most columns that something of an order takes.
fn widest(orders: &[&Order], shown: impl Fn(&Order) -> String) -> u16 {
    let widths = orders.iter().map(|order| text::width(&shown(order)));
    u16::try_from(widths.max().unwrap_or(0)).unwrap_or(u16::MAX)
}

/// Draws the headings of the columns.
fn draw_headings(theme: &Theme, columns: OrderColumns, area: Rect, sketch: &mut Sketch) {
    let cells = [
        left("", columns.sign, theme.dim),
        left("No.", columns.number, theme.dim),
        left("When", columns.when, theme.dim),
        left("State", columns.state, theme.dim),
        left("By", columns.by, theme.dim),
        right("Items", columns.items, theme.dim),
        right("Total", columns.total, theme.dim),
    ];
    row::draw(&cells, RowBackground::Plain(theme.dim), area, sketch);
}

/// Draws one order of the list.
fn draw_order(
    state: &State,
    order: &Order,
    amounts: &Amounts,
    columns: OrderColumns,
    background: RowBackground,
    area: Rect,
    sketch: &mut Sketch,
) {
    let theme = &state.theme;
    let now = state.server_now();
    let when = if columns.when < WHEN {
        state.clock().past_briefly(order.at, now)
    } else {
        state.clock().past(order.at, now)
    };
    let sign = match order.state {
        OrderState::Ready => READY,
        OrderState::Cancelled => CANCELLED,
        OrderState::Placed | OrderState::Accepted | OrderState::Done => "",
    };
    let name = order.name();
    let items = order.pieces().to_string();
    let amount = amounts.shown(order);

    // Where there is no room for the state, its colour is the amount's.
    let state_style = state_style(theme, order.state);
    let amount_style = if columns.state > 0 {
        theme.text
    } else {
        state_style
    };

    let cells = [
        left(sign, columns.sign, state_style),
        left(&name, columns.number, theme.text),
        left(&when, columns.when, theme.dim),
        left(order.state.name(), columns.state, state_style),
        left(&order.who, columns.by, theme.text),
        right(&items, columns.items, theme.dim),
        right(&amount, columns.total, amount_style),
    ];
    row::draw(&cells, background, area, sketch);
}

/// The sentence on a page whose orders are not there yet.
fn waiting_message(state: &State, reading: &'static str) -> &'static str {
    match state.connectivity {
        Connectivity::Connecting | Connectivity::Offline { .. } => WAITING_FOR_SERVER,
        Connectivity::Live | Connectivity::Syncing | Connectivity::Unreadable(_) => reading,
    }
}
