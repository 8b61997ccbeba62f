//! The cart pane.

use super::row;
use super::{has_keyboard, hint, pane, place, rule, scroll_bar};
use crate::config::keymap::Action;
use crate::config::theme::{BAR, CHEAPER, DEARER, PENDING, Theme};
use crate::model::product::only_left;
use crate::model::total;
use crate::model::total::{LineStatus, ProductLookup};
use crate::model::{CartLine, Money, text};
use crate::tui::layout::columns;
use crate::tui::layout::columns::CartColumns;
use crate::tui::layout::money;
use crate::tui::layout::orders;
use crate::tui::state::areas::{Areas, Pane};
use crate::tui::state::{Connectivity, State};
use crate::tui::view::row::{left, right};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

/// Draws the cart.
pub fn draw(state: &State, theme: &Theme, area: Rect, areas: &Areas, buffer: &mut Buffer) {
    let focused = has_keyboard(state, Pane::Cart);
    let lines = &state.cart.shown.lines;
    let mut title = vec![Span::styled(" Cart ", theme.accent)];
    if !lines.is_empty() {
        title.push(Span::styled(
            format!("{} ", text::count(lines.len(), "line")),
            theme.dim,
        ));
    }
    let used: usize = title.iter().map(Span::width).sum();
    let standing = orders::standing(state, usize::from(area.width).saturating_sub(used + 3));
    if !standing.is_empty() {
        title.push(Span::styled(format!("{standing} "), theme.warn));
    }
    let place = place(theme, state.cart.scroll.cursor, lines.len());
    pane(theme, focused, Line::from(title))
        .title_bottom(place)
        .render(area, buffer);
    let rows = areas.cart_rows;
    if lines.is_empty() {
        return hint(theme, &empty(state, areas), rows, buffer);
    }
    let subtotal = state.totals().subtotal;
    let columns = CartColumns::of(state, rows, subtotal);
    let heads = [
        right("Qty", columns.quantity, theme.dim),
        left("Product", columns.name, theme.dim),
        left("From", columns.by, theme.dim),
        right("Each", columns.price, theme.dim),
        left("Share", columns.share, theme.dim),
        right("Total", columns.total, theme.dim),
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
    let top = state.cart.scroll.top;
    let look = Look { subtotal, columns };
    for (at, line) in (0..rows.height).zip(lines.iter().skip(top)) {
        let selected = top + usize::from(at) == state.cart.scroll.cursor;
        let marked = state
            .highlights
            .iter()
            .any(|mark| mark.product == line.product);
        let ground = match selected {
            _ if marked => (theme.mark, true),
            true if focused => (theme.selected, true),
            true => (theme.unfocused, false),
            false => (theme.text, false),
        };
        let area = Rect {
            y: rows.y + at,
            height: 1,
            ..rows
        };
        line_row(state, theme, line, &look, ground, area, buffer);
    }
    scroll_bar(theme, area, rows, lines.len(), top, buffer);
    draw_sums(state, theme, areas.sums, &look, buffer);
}

/// What all rows have in common.
struct Look {
    columns: CartColumns,
    subtotal: Money,
}

fn line_row(
    state: &State,
    theme: &Theme,
    line: &CartLine,
    look: &Look,
    (ground, over): (Style, bool),
    area: Rect,
    buffer: &mut Buffer,
) {
    let columns = &look.columns;
    let known = state.lookup(&line.product);
    let (standing, sum) = total::line(line, known);
    let good = matches!(standing, LineStatus::Good | LineStatus::Reading);
    let mut name = state.name_of(&line.product);
    if !good {
        // The reason stands before the name, so that no width cuts it off.
        let word = if columns.price > 0 {
            standing.word()
        } else {
            standing.short_word()
        };
        name = format!("({word}) {name}");
    }
    let short = total::short(line, known).filter(|_| good).map(only_left);
    let style = match (good, state.cart.is_unconfirmed(&line.product)) {
        (false, _) => theme.bad,
        (true, true) => theme.pending,
        (true, false) => theme.text,
    };
    let quantity = columns::quantity(state, line);
    let (price, price_style) = price(theme, line, known, columns.price_decimals);
    let by = line.added.as_ref().map_or("", |added| added.by.as_str());
    let share = sum
        .map(|sum| share(sum, look.subtotal, columns.share))
        .unwrap_or_default();
    let sum = sum.map_or_else(
        || "—".to_owned(),
        |sum| money::aligned(sum, columns.total_decimals),
    );
    // A line that does not count has no price to show: its reason takes that room, and more.
    let others = [columns.by, columns.price, columns.share];
    let gained = others
        .iter()
        .filter(|width| **width > 0 && !good)
        .map(|width| width + 1)
        .sum::<u16>();
    let [by_width, price_width, share_width] = others.map(|width| if good { width } else { 0 });
    // A bar has no weight of its own.
    let bar = Style {
        add_modifier: Modifier::empty(),
        ..theme.accent
    };
    let cells = [
        // Where there is no room for words, its colour says that there are fewer.
        right(
            &quantity,
            columns.quantity,
            if short.is_some() { theme.warn } else { style },
        ),
        left(&name, columns.name + gained, style),
        left(by, by_width, theme.dim),
        right(&price, price_width, price_style),
        left(&share, share_width, bar),
        right(&sum, columns.total, style),
    ];
    row::draw(&cells, area, ground, over, buffer);
    if let Some(short) = short {
        let style = if over {
            row::under(theme.warn, ground)
        } else {
            ground.patch(theme.warn)
        };
        let place = Rect {
            x: area.x + columns.quantity + 1,
            width: columns.name,
            ..area
        };
        draw_short(&short, &name, style, place.intersection(area), buffer);
    }
}

/// How many are left, behind the name as far as there is room for it.
fn draw_short(short: &str, name: &str, style: Style, place: Rect, buffer: &mut Buffer) {
    let used = text::width(name) + 1;
    let room = usize::from(place.width).saturating_sub(used);
    let words = [
        format!("({short})"),
        format!("({})", short.trim_start_matches("only ")),
    ];
    if let Some(said) = words.iter().find(|said| text::width(said) <= room) {
        let x = place.x + u16::try_from(used).unwrap_or(place.width);
        buffer.set_stringn(x, place.y, said, room, style);
    }
}

/// The price of one, marked where it changed since the line came.
fn price(
    theme: &Theme,
    line: &CartLine,
    known: ProductLookup<'_>,
    decimals: usize,
) -> (String, Style) {
    let ProductLookup::Product(product) = known else {
        return (String::new(), theme.dim);
    };
    let Some(now) = product.price else {
        return (String::new(), theme.dim);
    };
    let shown = money::aligned(now, decimals);
    match line.added.as_ref().and_then(|added| added.price) {
        Some(then) if now > then => (format!("{DEARER}{shown}"), theme.bad),
        Some(then) if now < then => (format!("{CHEAPER}{shown}"), theme.good),
        _ => (shown, theme.dim),
    }
}

/// A bar of up to `width` columns, by eighths of a column.
fn share(sum: Money, subtotal: Money, width: u16) -> String {
    let Some(part) = sum.decimal().checked_div(subtotal.decimal()) else {
        return String::new();
    };
    let eighths = (part * rust_decimal::Decimal::from(width * 8)).round();
    let eighths = usize::try_from(eighths).unwrap_or(0).max(1);
    BAR[8].repeat(eighths / 8) + BAR[eighths % 8]
}

fn draw_sums(state: &State, theme: &Theme, area: Rect, look: &Look, buffer: &mut Buffer) {
    let Some(last) = area.height.checked_sub(1) else {
        return;
    };
    if last > 0 {
        rule(theme, area, buffer);
    }
    let between = Rect {
        y: area.y + 1,
        height: last.saturating_sub(1),
        ..area
    };
    let room = usize::from(area.width);
    let lines = text::wrap(&by_category(state).join("  "), room, between.height.into());
    for (said, y) in lines.iter().zip(between.y..) {
        buffer.set_stringn(area.x, y, said, room, theme.dim);
    }
    let area = Rect {
        y: area.y + last,
        height: 1,
        ..area
    };
    let totals = state.totals();
    let mut words = format!("{} ", text::count(totals.items, "item"));
    if totals.uncounted > 0 {
        words.push_str(&format!("· {} not counted ", totals.uncounted));
    }
    if state.cart.shown.hidden > 0 {
        words.push_str(&format!("({} more not shown)", state.cart.shown.hidden));
    }
    let unsure = if state.cart.unconfirmed.is_empty() {
        ""
    } else {
        PENDING
    };
    // Its point stands under those of the lines.
    let subtotal = money::aligned(totals.subtotal, look.columns.total_decimals);
    let amount = format!("{unsure}{}{subtotal}", state.shop.currency);
    let labelled = format!("Subtotal {amount}");
    let room = usize::from(area.width).saturating_sub(text::width(&words));
    let subtotal = if text::width(&labelled) <= room {
        labelled
    } else {
        amount
    };
    let width = u16::try_from(text::width(&subtotal))
        .unwrap_or(area.width)
        .min(area.width);
    let cells = [
        left(&words, area.width.saturating_sub(width + 1), theme.dim),
        right(&subtotal, width, theme.accent),
    ];
    row::draw(&cells, area, theme.text, false, buffer);
}

/// The subtotal of each category, in the order of the lines.
fn by_category(state: &State) -> Vec<String> {
    let mut sums: Vec<(&str, Money)> = Vec::new();
    for line in &state.cart.shown.lines {
        let known = state.lookup(&line.product);
        let (ProductLookup::Product(product), (_, Some(sum))) = (known, total::line(line, known))
        else {
            continue;
        };
        match sums.iter_mut().find(|(name, _)| *name == product.category) {
            Some((_, total)) => *total = *total + sum,
            None => sums.push((product.category, sum)),
        }
    }
    let currency = &state.shop.currency;
    let named = |name: &str| {
        if name.is_empty() {
            "Other".to_owned()
        } else {
            name.replace(' ', "\u{a0}")
        }
    };
    sums.iter()
        .map(|(name, sum)| format!("{}\u{a0}{currency}{sum}", named(name)))
        .collect()
}

fn empty(state: &State, areas: &Areas) -> String {
    let said = match state.connectivity {
        Connectivity::Connecting => "Reading the cart …",
        Connectivity::Offline { .. } if !state.cart.loaded => "Waiting for the server …",
        Connectivity::Unreadable(_) => "The cart can't be read.",
        _ if areas.catalog.is_none() => {
            let key = state.env.keymap.key_of(Action::SwitchPane);
            return format!("The cart is empty.\n{key} shows the products.");
        }
        _ => "The cart is empty.\nSelect a product and press Enter to add it.",
    };
    said.to_owned()
}
