//! More about the selected product: description, unit, stock, and what its line knows.

use crate::model::{ProductId, Stock};
use crate::tui::layout::Pane;
use crate::tui::state::State;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Widget, Wrap};

/// Draws what is known of the product that keys act on.
pub fn product(state: &State, area: Rect, buffer: &mut Buffer) {
    let Some(id) = state.target() else { return };
    let theme = &state.theme;
    let mut lines = Vec::new();
    if let Some(product) = state.catalog.catalog.get(&id) {
        let mut facts: Vec<String> = vec![product.category.to_string(), product.unit.to_string()];
        facts.push(match product.stock {
            Stock::Unlimited | Stock::Unreadable => String::new(),
            Stock::Left(0) => "none in stock".to_owned(),
            Stock::Left(n) => format!("{n} in stock"),
        });
        facts.retain(|fact| !fact.is_empty());
        lines.push(Line::from(vec![
            Span::styled(format!("{}  ", product.name), theme.accent),
            Span::styled(facts.join(" · "), theme.dim),
        ]));
        lines.push(Line::styled(product.description, theme.text));
    }
    if let Some(said) = line(state, &id) {
        // In the cart that is what matters; elsewhere the description comes first.
        let place = if state.focus == Pane::Cart { 1.min(lines.len()) } else { lines.len() };
        lines.insert(place, Line::styled(said, theme.warn));
    }
    Paragraph::new(lines).wrap(Wrap { trim: true }).render(area, buffer);
}

/// Who added the line, and the old price beside the new where it changed.
fn line(state: &State, id: &ProductId) -> Option<String> {
    let line = state.cart.confirmed.line(id)?;
    let added = line.added.as_ref()?;
    let mut said = format!("In the cart from {}", added.by);
    let now = state.catalog.catalog.get(id).and_then(|product| product.price);
    if let (Some(then), Some(now)) = (added.price, now)
        && then != now
    {
        let currency = &state.shop.currency;
        said = format!("{currency}{then} when {} added it, now {currency}{now}", added.by);
    }
    Some(said)
}
