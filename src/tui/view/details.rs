//! More about the selected product: price, unit, stock, description, and what its line knows.

use super::rule;
use crate::config::theme::{CHEAPER, DEARER};
use crate::model::total;
use crate::model::total::ProductLookup;
use crate::model::{Item, ProductId, Stock, text};
use crate::tui::state::State;
use crate::tui::state::areas::Pane;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

/// From so many lines on, the first one is a rule.
const WITH_RULE: u16 = 4;

/// Draws what is known of the product that keys act on.
pub fn product(state: &State, area: Rect, buffer: &mut Buffer) {
    let Some(id) = state.target() else { return };
    let ruled = area.height >= WITH_RULE;
    if ruled {
        rule(&state.theme, area, buffer);
    }
    let area = Rect {
        y: area.y + u16::from(ruled),
        height: area.height - u16::from(ruled),
        ..area
    };
    for (line, y) in lines(state, &id, area)
        .into_iter()
        .zip(area.y..area.bottom())
    {
        line.render(
            Rect {
                y,
                height: 1,
                ..area
            },
            buffer,
        );
    }
}

fn lines<'a>(state: &'a State, id: &ProductId, area: Rect) -> Vec<Line<'a>> {
    let (theme, columns) = (&state.theme, usize::from(area.width));
    let known = state.lookup(id);
    let mut lines = Vec::new();
    let mut description = "";
    if let ProductLookup::Product(product) = known {
        let (price, facts) = facts(state, &product);
        let room = columns
            .saturating_sub(text::width(&price) + 2)
            .max(columns / 2);
        let name = text::truncate(product.name, room);
        let used = text::width(&name) + text::width(&price) + 2;
        lines.push(Line::from(vec![
            Span::styled(name, theme.accent),
            Span::styled(format!("  {price}"), theme.text),
            Span::styled(
                text::truncate(&facts, columns.saturating_sub(used)),
                theme.dim,
            ),
        ]));
        description = product.description;
    }
    let said = line(state, id, known);
    let rest = usize::from(area.height).saturating_sub(lines.len() + usize::from(said.is_some()));
    let told = text::wrap(description, columns, rest.max(1)).into_iter();
    lines.extend(told.map(|line| Line::styled(line, theme.text)));
    if let Some((said, style)) = said {
        // In the cart that is what matters; elsewhere the description comes first.
        let place = if state.focus == Pane::Cart {
            1.min(lines.len())
        } else {
            lines.len()
        };
        lines.insert(place, Line::styled(text::truncate(&said, columns), style));
    }
    lines
}

/// The price, and the other facts.
fn facts(state: &State, product: &Item<'_>) -> (String, String) {
    let currency = &state.shop.currency;
    let price = product.price.map_or_else(
        || "no price".to_owned(),
        |price| format!("{currency}{price}"),
    );
    let stock = match product.stock {
        Stock::Unlimited => String::new(),
        Stock::Unreadable => "stock unreadable".to_owned(),
        Stock::Left(0) => "none in stock".to_owned(),
        Stock::Left(n) => format!("{n} in stock"),
    };
    let facts = [product.unit, &*stock, product.category]
        .into_iter()
        .filter(|fact| !fact.is_empty());
    (price, facts.map(|fact| format!(" · {fact}")).collect())
}

/// What the cart's line says: how many, from whom, what it costs, and the old price beside
/// the new where it changed.
fn line(state: &State, id: &ProductId, known: ProductLookup<'_>) -> Option<(String, Style)> {
    let theme = &state.theme;
    let line = state.cart.shown.line(id)?;
    if matches!(known, ProductLookup::Gone) {
        return Some((format!("{id} is no longer sold and not counted"), theme.bad));
    }
    let currency = &state.shop.currency;
    let mut said = line
        .quantity
        .whole()
        .map_or_else(String::new, |quantity| format!("{quantity} "));
    said.push_str("in the cart");
    if let Some(added) = &line.added {
        said.push_str(&format!(" from {}", added.by));
    }
    if let (_, Some(sum)) = total::line(line, known) {
        said.push_str(&format!(", {currency}{sum}"));
    }
    let ProductLookup::Product(product) = known else {
        return Some((said, theme.dim));
    };
    match (
        line.added.as_ref().and_then(|added| added.price),
        product.price,
    ) {
        (Some(then), Some(now)) if then != now => {
            let (sign, style) = if now > then {
                (DEARER, theme.bad)
            } else {
                (CHEAPER, theme.good)
            };
            Some((
                format!("{sign} was {currency}{then}, now {currency}{now} · {said}"),
                style,
            ))
        }
        _ => Some((said, theme.dim)),
    }
}
