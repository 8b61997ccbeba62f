//! The foot of the cart pane: the subtotals of the categories, and that of the cart.

use super::draw_rule;
use super::row;
use super::sketch::Sketch;
use crate::config::theme::PENDING;
use crate::model::total;
use crate::model::total::{ProductLookup, Totals};
use crate::model::{Money, text};
use crate::tui::layout::columns::CartColumns;
use crate::tui::layout::money;
use crate::tui::layout::rules::limit_sentences;
use crate::tui::state::State;
use ratatui::layout::Rect;

/// A space at which no line is broken.
const NO_BREAK_SPACE: &str = "\u{a0}";

/// Draws the foot of the cart: the subtotal in the last line, and above it, as far as there
/// are lines, a rule and the subtotals of the categories.
pub(super) fn draw(
    state: &State,
    totals: &Totals,
    columns: &CartColumns,
    area: Rect,
    sketch: &mut Sketch,
) {
    let Some(last) = area.height.checked_sub(1) else {
        return;
    };

    if last > 0 {
        draw_rule(&state.theme, area, sketch);
    }

    let between = Rect {
        y: area.y + 1,
        height: last.saturating_sub(1),
        ..area
    };
    // What is left of the limits stands next to the total, and goes last.
    let limits = limits(state, between);
    let rest = usize::from(between.height) - limits.len();
    let categories = category_sums(state).join("  ");
    let wrapped = text::wrap(&categories, area.width.into(), rest);
    for (area, line) in between.rows().zip(wrapped) {
        sketch.write(area.x, area.y, &line, area.width, state.theme.dim);
    }
    for (area, line) in between.rows().skip(rest).zip(limits) {
        sketch.write(area.x, area.y, &line, area.width, state.theme.dim);
    }

    let last_line = Rect {
        y: area.y + last,
        height: 1,
        ..area
    };
    draw_subtotal(state, totals, columns, last_line, sketch);
}

/// The lines about what is left of the limits: one where they have room in it.
fn limits(state: &State, area: Rect) -> Vec<String> {
    let mut sentences = limit_sentences(state);
    let joined = sentences.join(" · ");
    if !sentences.is_empty() && text::width(&joined) <= area.width.into() {
        return vec![joined].into_iter().take(area.height.into()).collect();
    }

    sentences.truncate(area.height.into());
    for sentence in &mut sentences {
        *sentence = text::truncate(sentence, area.width.into());
    }
    sentences
}

/// Draws the line with the items and the subtotal.
fn draw_subtotal(
    state: &State,
    totals: &Totals,
    columns: &CartColumns,
    area: Rect,
    sketch: &mut Sketch,
) {
    let theme = &state.theme;

    let mut items = format!("{} ", text::count(totals.items, "item"));
    if totals.uncounted > 0 {
        items.push_str(&format!("· {} not counted ", totals.uncounted));
    }
    if state.cart.shown.hidden > 0 {
        items.push_str(&format!("({} more not shown)", state.cart.shown.hidden));
    }

    let pending = if state.cart.unconfirmed.is_empty() {
        ""
    } else {
        PENDING
    };
    // Its decimal point stands under those of the lines.
    let currency = &state.shop.currency;
    let subtotal = money::aligned_in(currency, totals.subtotal, columns.total_decimals);
    let amount = format!("{pending}{subtotal}");

    let labelled = format!("Subtotal {amount}");
    let room = usize::from(area.width).saturating_sub(text::width(&items));
    let shown = if text::width(&labelled) <= room {
        labelled
    } else {
        amount
    };
    row::draw_total(theme, (&items, &shown), theme.accent, area, sketch);
}

/// The categories with their subtotals, in the order of the lines. None of them is broken
/// where a line ends.
fn category_sums(state: &State) -> Vec<String> {
    let mut sums: Vec<(&str, Money)> = Vec::new();
    for line in &state.cart.shown.lines {
        let lookup = state.lookup(&line.product);
        let ProductLookup::Product(product) = lookup else {
            continue;
        };
        let (_, Some(sum)) = total::line(line, lookup) else {
            continue;
        };

        match sums.iter_mut().find(|(name, _)| *name == product.category) {
            Some((_, total)) => *total = *total + sum,
            None => sums.push((product.category, sum)),
        }
    }

    sums.into_iter()
        .map(|(category, sum)| {
            let category = match category {
                "" => "Other".to_owned(),
                named => named.replace(' ', NO_BREAK_SPACE),
            };
            let sum = sum.in_currency(&state.shop.currency);
            format!("{category}{NO_BREAK_SPACE}{sum}")
        })
        .collect()
}
