//! Details of the selected product: price, unit, stock and description, and what the cart
//! knows of it.

use super::draw_rule;
use super::row::{note_style, price_style};
use super::sketch::Sketch;
use crate::config::theme::Theme;
use crate::model::product::{SOLD_OUT, WITHOUT_PRICE};
use crate::model::total;
use crate::model::total::ProductLookup;
use crate::model::{CartLine, Item, ProductId, Stock, text};
use crate::tui::layout::notes::note_paragraph;
use crate::tui::layout::price_change::PriceChange;
use crate::tui::state::State;
use crate::tui::state::areas::Pane;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

/// From this many lines on, the first one is a rule.
const WITH_RULE: u16 = 4;

/// Draws the details of a product.
pub(super) fn draw(state: &State, area: Rect, sketch: &mut Sketch) {
    let Some(id) = state.detailed_product() else {
        return;
    };

    let has_rule = area.height >= WITH_RULE;
    if has_rule {
        draw_rule(&state.theme, area, sketch);
    }

    let area = Rect {
        y: area.y + u16::from(has_rule),
        height: area.height - u16::from(has_rule),
        ..area
    };
    for (area, line) in area.rows().zip(lines(state, &id, area)) {
        sketch.write_line(&line, area);
    }
}

/// The lines about a product: its facts, its description, and its line of the cart.
fn lines<'a>(state: &'a State, id: &ProductId, area: Rect) -> Vec<Line<'a>> {
    let theme = &state.theme;
    let columns = usize::from(area.width);
    let product = state.lookup(id);

    let mut lines = Vec::new();
    let mut description = "";
    if let ProductLookup::Product(product) = product {
        lines.push(headline(state, &product, columns));
        description = product.description;
    }

    let room = usize::from(area.height);
    let in_cart = state.cart.shown.line(id).map(|line| {
        let sentence = LineSentence::about(state, line, product);
        let most = room.saturating_sub(lines.len()).max(1);
        let wrapped = text::wrap(&sentence.with_sign(), columns, most);
        (wrapped, sentence.style(theme))
    });

    let used = lines.len() + in_cart.as_ref().map_or(0, |(sentence, _)| sentence.len());
    let has_description = usize::from(!description.is_empty());
    let notes = note_paragraph(
        state,
        id,
        columns,
        room.saturating_sub(used + has_description),
    );
    let notes = notes.into_iter().map(|note| {
        let style = note_style(theme, &note);
        Line::styled(note.text, style)
    });
    let notes: Vec<Line<'_>> = notes.collect();

    // The description takes the lines that are left. Of two it asks for one even beside a line of
    // the cart: whichever comes last is cut off.
    let rest = room
        .saturating_sub(used + notes.len())
        .max(usize::from(room <= 2));
    let wrapped = text::wrap(description, columns, rest).into_iter();
    lines.extend(wrapped.map(|line| Line::styled(line, theme.text)));

    if let Some((sentence, style)) = in_cart {
        // In the cart, its line matters most; elsewhere the description comes first.
        let place = if state.focus == Pane::Cart {
            1.min(lines.len())
        } else {
            lines.len()
        };
        let sentence = sentence.into_iter().map(|line| Line::styled(line, style));
        lines.splice(place..place, sentence.chain(notes));
    }
    lines
}

/// The line with the name, the price and the other facts.
fn headline<'a>(state: &State, product: &Item<'_>, columns: usize) -> Line<'a> {
    let theme = &state.theme;
    let price = product.price.map_or_else(
        || WITHOUT_PRICE.to_owned(),
        |price| price.in_currency(&state.shop.currency),
    );

    // The name leaves room for the price, as long as it keeps half of the line.
    let beside_price = columns.saturating_sub(text::width(&price) + 2);
    let name = text::truncate(product.name, beside_price.max(columns / 2));

    let used = text::width(&name) + text::width(&price) + 2;
    let facts = text::truncate(&facts(product), columns.saturating_sub(used));

    Line::from(vec![
        Span::styled(name, theme.accent),
        Span::styled(format!("  {price}"), theme.text),
        Span::styled(facts, theme.dim),
    ])
}

/// The facts behind the price: unit, stock, category, bar codes.
fn facts(product: &Item<'_>) -> String {
    let stock = stock_words(product.stock);
    [product.unit, &stock, product.category, product.barcode]
        .into_iter()
        .filter(|fact| !fact.is_empty())
        .map(|fact| format!(" · {fact}"))
        .collect()
}

/// The sentence about a line of the cart.
pub(in crate::tui) fn line_words(state: &State, line: &CartLine) -> String {
    LineSentence::about(state, line, state.lookup(&line.product)).words
}

/// The stock of a product in words; empty where there is no end to it.
pub(in crate::tui) fn stock_words(stock: Stock) -> String {
    match stock {
        Stock::Unlimited => String::new(),
        Stock::Unreadable => "stock unreadable".to_owned(),
        Stock::Left(0) => SOLD_OUT.to_owned(),
        Stock::Left(n) => format!("{n} in stock"),
    }
}

/// The sentence about a line of the cart: how many, from whom, what it costs, and the old price beside
/// the new one where it changed.
struct LineSentence {
    words: String,
    price_change: Option<PriceChange>,
    is_gone: bool,
}

impl LineSentence {
    fn about(state: &State, line: &CartLine, product: ProductLookup<'_>) -> LineSentence {
        let currency = &state.shop.currency;
        if matches!(product, ProductLookup::Gone) {
            let name = state.name_of(&line.product);
            return LineSentence {
                words: format!("{name} is no longer sold and not counted"),
                price_change: None,
                is_gone: true,
            };
        }

        let mut words = match line.quantity.whole() {
            Some(quantity) => format!("{quantity} in the cart"),
            None => "in the cart".to_owned(),
        };
        if let Some(people) = line.portions().in_sentence() {
            words.push_str(&format!(" from {people}"));
        }
        if let (_, Some(sum)) = total::line(line, product) {
            words.push_str(&format!(", {}", sum.in_currency(currency)));
        }

        let then = line.added.as_ref().and_then(|added| added.price);
        let now = match product {
            ProductLookup::Product(product) => product.price,
            ProductLookup::Gone | ProductLookup::Unread => None,
        };
        let mut price_change = None;
        if let Some((then, now)) = then.zip(now) {
            price_change = PriceChange::between(then, now);
            if price_change.is_some() {
                let (then, now) = (then.in_currency(currency), now.in_currency(currency));
                words = format!("was {then}, now {now} · {words}");
            }
        }
        LineSentence {
            words,
            price_change,
            is_gone: false,
        }
    }

    /// The sentence behind the sign of the price's change.
    fn with_sign(&self) -> String {
        match self.price_change {
            Some(change) => format!("{} {}", change.sign(), self.words),
            None => self.words.clone(),
        }
    }

    fn style(&self, theme: &Theme) -> Style {
        if self.is_gone {
            theme.bad
        } else {
            price_style(theme, self.price_change)
        }
    }
}
