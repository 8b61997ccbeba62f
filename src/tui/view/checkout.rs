//! The checkout: what will be charged, who pays how much of it, and what stands in the way.

use super::people::standing_told;
use super::row;
use super::row::{RowBackground, left, right};
use super::sketch::Sketch;
use super::{
    draw_pane, draw_placeholder, draw_rule, draw_scroll_bar, draw_scroll_bar_of, draw_sentence,
    position, row_background, titled,
};
use crate::config::keymap::Action;
use crate::config::theme::{PENDING, SHORT, Theme};
use crate::model::checkout::PreviewLine;
use crate::model::{Preview, text};
use crate::tui::layout::checkout::fixing;
use crate::tui::layout::checkout::{
    CheckoutColumns, CheckoutFoot, CheckoutLayout, CheckoutPaneAreas, CheckoutPeople, CheckoutRows,
    FACT_NAME, INDENT, LineRows, PersonRow, RowBelow, frames, total,
};
use crate::tui::layout::money;
use crate::tui::layout::ordering;
use crate::tui::layout::ordering::MAY_NOT_ORDER;
use crate::tui::layout::people::Standing;
use crate::tui::layout::price_change::{PriceChange, sign_of};
use crate::tui::state::checkout::{CheckoutPage, CheckoutPane};
use crate::tui::state::{Connectivity, State};
use crate::tui::view::WAITING_FOR_SERVER;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

/// The most columns for the words about the state of the cart, such as who is ordering it.
const STATUS_WIDTH: usize = 60;

/// Draws the checkout at these positions.
pub(super) fn draw(state: &State, page: CheckoutPage, body: Rect, sketch: &mut Sketch) {
    let theme = &state.theme;
    let Some(preview) = &state.checkout.preview else {
        let (lines, people) = frames(state, CheckoutPane::Lines);
        for (frame, name) in [(people, " People "), (lines, " Checkout ")] {
            let Some(frame) = frame else { continue };
            let title = Span::styled(name, theme.accent);
            draw_pane(theme, name == " Checkout ", title, frame, sketch);
        }
        let text = if state.connectivity == Connectivity::Live {
            "Reading prices …"
        } else {
            WAITING_FOR_SERVER
        };
        return draw_placeholder(theme, text, lines.unwrap_or(body), sketch);
    };

    let layout = CheckoutLayout::of(state, preview, page.pane);
    if let Some(areas) = layout.lines {
        draw_lines(state, preview, &layout, areas, page, sketch);
    }
    if let Some(areas) = layout.people {
        draw_people(state, preview, areas, page, sketch);
    }
    draw_foot(state, preview, &layout.foot, sketch);
}

/// Draws the pane of the lines.
fn draw_lines(
    state: &State,
    preview: &Preview,
    layout: &CheckoutLayout,
    areas: CheckoutPaneAreas,
    page: CheckoutPage,
    sketch: &mut Sketch,
) {
    let theme = &state.theme;
    let CheckoutPaneAreas { frame, list } = areas;
    let has_keyboard = page.pane == CheckoutPane::Lines;
    draw_pane(
        theme,
        has_keyboard,
        title(state, preview, frame),
        frame,
        sketch,
    );
    let place = position(theme, page.scroll.cursor, preview.lines.len());
    sketch.write_line(&place, row::foot_line(frame));

    let rows = CheckoutRows::of(state, preview, list.width);
    draw_headings(theme, rows.columns, row::heading_line(list), sketch);
    let mut below = list;
    let lines = preview.lines.iter().zip(&rows.lines).enumerate();
    for (index, (line, around)) in lines.skip(page.scroll.top) {
        let background = row_background(theme, index == page.scroll.cursor, has_keyboard);
        let height = u16::try_from(rows.height(index)).unwrap_or(u16::MAX);
        let area = Rect {
            height: height.min(below.height),
            ..below
        };
        row::draw_sign(theme, background, area, sketch);
        draw_line(state, line, around, rows.columns, background, area, sketch);
        below.y += area.height;
        below.height -= area.height;
    }

    let shown = layout.page(&rows, page.scroll.top);
    draw_scroll_bar_of(
        theme,
        frame,
        list,
        shown,
        preview.lines.len(),
        page.scroll.top,
        sketch,
    );
}

/// The title: how many lines, how many of them can't be ordered, and whether all may be old.
fn title(state: &State, preview: &Preview, frame: Rect) -> Line<'static> {
    let theme = &state.theme;
    let blocked = preview.blocked().count();
    let mut words = vec![(text::count(preview.lines.len(), "line"), theme.dim)];
    match blocked {
        0 => {}
        1 => words.push(("1 needs fixing".to_owned(), theme.bad)),
        blocked => words.push((format!("{blocked} need fixing"), theme.bad)),
    }
    if !is_online(state) {
        words.push(("may be old".to_owned(), theme.bad));
    }
    titled(theme, " Checkout ", words, frame)
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

/// Draws a line with what belongs to it, as far as there is room in `area`.
fn draw_line(
    state: &State,
    line: &PreviewLine,
    around: &LineRows,
    columns: CheckoutColumns,
    background: RowBackground,
    area: Rect,
    sketch: &mut Sketch,
) {
    if area.is_empty() {
        return;
    }
    let theme = &state.theme;
    let product = &line.order_line.product;
    let is_pending = state.cart.is_unconfirmed(product);
    let is_blocked = line.obstacle().is_some();
    let style = match is_blocked {
        _ if is_pending => theme.pending,
        true => theme.bad,
        false => theme.text,
    };
    let price_style = match around.price_change {
        Some(PriceChange::Dearer) => theme.warn,
        Some(PriceChange::Cheaper) => theme.good,
        None => theme.dim,
    };
    let quantity = match is_pending {
        true => format!("{}{PENDING}", state.cart.shown.quantity(product)),
        false => line.quantity_in_cart.to_string(),
    };
    let currency = &state.shop.currency;
    let (price, total) = if line.status.may_count() {
        let price = money::aligned(currency, line.order_line.price, columns.price_decimals);
        let total = money::aligned(currency, line.order_line.total(), columns.total_decimals);
        (format!("{}{price}", sign_of(around.price_change)), total)
    } else {
        (String::new(), "—".to_owned())
    };

    let first = row::first_line(area);
    let cells = [
        right(&quantity, columns.quantity, style),
        left(&line.order_line.name, columns.name, style),
        left(&around.beside, columns.by, theme.dim),
        right(&price, columns.price, price_style),
        right(&total, columns.total, style),
    ];
    row::draw(&cells, background, first, sketch);
    if is_blocked && text::width(&quantity) < columns.quantity.into() {
        let style = background.beneath(theme.bad);
        sketch.write(first.x, first.y, SHORT, 1, style);
    }

    for (area, below) in area.rows().skip(1).zip(&around.below) {
        draw_below(theme, below, columns, background, area, sketch);
    }
}

/// Draws a row below a line.
fn draw_below(
    theme: &Theme,
    below: &RowBelow,
    columns: CheckoutColumns,
    background: RowBackground,
    area: Rect,
    sketch: &mut Sketch,
) {
    let (words, style) = match below {
        RowBelow::From(words) | RowBelow::Note(words) => (words, theme.dim),
        RowBelow::Repriced(PriceChange::Dearer, words) => (words, theme.warn),
        RowBelow::Repriced(PriceChange::Cheaper, words) => (words, theme.good),
        RowBelow::Problem(words) => (words, theme.bad),
    };
    let is_in_column = columns.by > 0 && matches!(below, RowBelow::From(_));
    let before = if is_in_column { columns.name } else { 0 };
    let cells = [
        left("", INDENT - 1, style),
        left("", before, style),
        left(words, area.width, style),
    ];
    row::draw(&cells, background, area, sketch);
}

/// Draws the pane of the people.
fn draw_people(
    state: &State,
    preview: &Preview,
    areas: CheckoutPaneAreas,
    page: CheckoutPage,
    sketch: &mut Sketch,
) {
    let theme = &state.theme;
    let CheckoutPaneAreas { frame, list } = areas;
    let people = CheckoutPeople::of(state, preview, list.width);
    let mut words = Vec::new();
    if people.count > 0 {
        words.push((people.count.to_string(), theme.dim));
    }
    if people.ready > 0 {
        words.push((format!("{} ready", people.ready), theme.dim));
    }
    if !people.missing.is_empty() {
        let missing = format!("{} missing", people.missing.len());
        let named = format!("{missing}: {}", people.missing.join(", "));
        let others: usize = words.iter().map(|(words, _)| text::width(words) + 3).sum();
        let others = text::width(" People ") + others;
        let room = usize::from(list.width).saturating_sub(others + 1);
        let words_for_it = if text::width(&named) <= room {
            named
        } else {
            missing
        };
        words.push((words_for_it, theme.warn));
    }
    let title = titled(theme, " People ", words, frame);
    let has_keyboard = page.pane == CheckoutPane::People;
    draw_pane(theme, has_keyboard, title, frame, sketch);

    let headings = PersonRow {
        standing: Standing::Shopping,
        name: "Name".to_owned(),
        pieces: "Qty".to_owned(),
        left: "Left".to_owned(),
        is_over: false,
        sum: "Total".to_owned(),
    };
    let above = row::heading_line(list);
    draw_person(theme, &people, &headings, [theme.dim; 2], above, sketch);
    // Nobody is selected: whoever follows the cursor reads from the first row that shows.
    if has_keyboard {
        sketch.point_at(list);
    }
    let visible = people.rows.iter().skip(page.people_top);
    for (area, person) in list.rows().zip(visible) {
        let left = if person.is_over { theme.bad } else { theme.dim };
        draw_person(theme, &people, person, [theme.text, left], area, sketch);
    }
    draw_scroll_bar(
        theme,
        frame,
        list,
        people.rows.len(),
        page.people_top,
        sketch,
    );
}

/// Draws a person in these styles: all, and what is left of their limit.
fn draw_person(
    theme: &Theme,
    people: &CheckoutPeople,
    person: &PersonRow,
    [style, left_style]: [Style; 2],
    area: Rect,
    sketch: &mut Sketch,
) {
    let (sign, word, standing_style) = standing_told(theme, person.standing);
    let standing = format!("{sign} {word}");
    let cells = [
        left(standing.trim(), people.standing_width, standing_style),
        left(&person.name, people.name_width, style),
        right(&person.pieces, people.pieces_width, style),
        right(&person.left, people.left_width, left_style),
        right(&person.sum, people.sum_width, style),
    ];
    row::draw(&cells, RowBackground::Plain(style), area, sketch);
}

/// Draws the foot: what people owe in brief, the rules, the total, and what to do.
fn draw_foot(state: &State, preview: &Preview, foot: &CheckoutFoot, sketch: &mut Sketch) {
    let theme = &state.theme;
    for rule in &foot.rules {
        draw_rule(theme, *rule, sketch);
    }
    for (area, people) in foot.people_rows.rows().zip(&foot.people) {
        sketch.write(area.x, area.y, people, area.width, theme.dim);
    }
    for (area, fact) in foot.facts_rows.rows().zip(&foot.facts) {
        let style = if fact.is_warning {
            theme.warn
        } else {
            theme.dim
        };
        let name_width = if fact.name.is_empty() { 0 } else { FACT_NAME };
        let cells = [
            left(fact.name, name_width, theme.dim),
            left(&fact.value, area.width, style),
        ];
        row::draw(&cells, RowBackground::Plain(theme.text), area, sketch);
    }

    draw_total(state, preview, foot.total, sketch);
    let (text, style) = next_step(state, preview);
    draw_sentence(&text, style, foot.steps, sketch);
}

/// Draws the pieces and the total, which is never cut.
fn draw_total(state: &State, preview: &Preview, area: Rect, sketch: &mut Sketch) {
    if area.is_empty() {
        return;
    }
    let theme = &state.theme;
    let total = total(preview);
    let items = text::count(preview.pieces(), "item");
    let style = if preview.check().is_ok() {
        theme.accent
    } else {
        theme.text
    };
    row::draw_total(theme, (&items, &total), style, area, sketch);
}

/// The sentence below the total: what happens just now, else how to place the order, else
/// what stands in its way.
fn next_step(state: &State, preview: &Preview) -> (String, Style) {
    let theme = &state.theme;
    match &state.orders.placing {
        Some(id) if is_online(state) => {
            let text = format!("Ordering {id} … not confirmed yet");
            (text, theme.pending)
        }
        Some(id) => {
            let text = format!("Order {id} is not confirmed: it goes on when the server is back");
            (text, theme.warn)
        }
        None if !is_online(state) => {
            let text = "The server is away: these prices may be old".to_owned();
            (text, theme.bad)
        }
        None => match ordering::ordering(state) {
            Some(ordering) => {
                let ordering = text::truncate(&ordering, STATUS_WIDTH);
                (format!("This cart is {ordering} right now"), theme.warn)
            }
            None => how_to_order(state, preview),
        },
    }
}

fn is_online(state: &State) -> bool {
    matches!(
        state.connectivity,
        Connectivity::Live | Connectivity::Syncing
    )
}

/// The sentence about an order that nobody has placed yet: the key that places it, or what
/// stands in its way.
fn how_to_order(state: &State, preview: &Preview) -> (String, Style) {
    let theme = &state.theme;
    let is_stale = state.checkout.reading || state.checkout.outdated;
    let is_seen = state.checkout.total_seen == Some(state.checkout.preview_number);

    match preview.check() {
        Ok(_) if is_stale => ("Reading prices again …".to_owned(), theme.dim),
        // Its key does nothing before the total has reached the terminal.
        Ok(_) if !is_seen => (String::new(), theme.dim),
        Ok(_) if !ordering::has_order_key(state) => (format!("{MAY_NOT_ORDER}."), theme.warn),
        Ok(_) => {
            let key = state.env.keymap.key_of(Action::PlaceOrder);
            let text = format!(
                "Press {key} to place the order. Until then nothing is charged or reserved."
            );
            (text, theme.text)
        }
        Err(refusal) => {
            let blocked = preview.blocked().count();
            let text = match preview.over_budget() {
                _ if blocked > 0 => {
                    let lines = text::count(blocked, "line");
                    let how = fixing::how(state, blocked);
                    format!("{SHORT} {lines} can't be ordered yet. {how}")
                }
                Some(over) if preview.hidden == 0 => {
                    let over = over.in_currency(&preview.currency);
                    format!("{SHORT} Over the budget by {over}: take something out first.")
                }
                _ => refusal.beforehand(&preview.currency),
            };
            (text, theme.bad)
        }
    }
}
