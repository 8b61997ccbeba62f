//! The checkout and the orders, as plain data.

use super::state::{Link, Mode, Scroll, State};
use crate::model::receipt::{receipt, time};
use crate::model::{Order, OrderId, Preview};

/// How long the driver of another order may take before we finish its work, in milliseconds.
const STALE: u64 = 4_000;
/// How long to wait before trying that again, in milliseconds.
const AGAIN: u64 = 5_000;

/// What is known of ordering.
#[derive(Debug, Default)]
pub struct Desk {
    /// What would be ordered.
    pub preview: Option<Box<Preview>>,
    /// Whether it is being read.
    pub reading: bool,
    /// Whether it must be read again.
    pub outdated: bool,
    /// The order that was confirmed here and is on its way.
    pub placing: Option<OrderId>,
    /// The cart's past orders, newest first; `None` before they were read.
    pub orders: Option<Vec<Order>>,
    /// Where the list of orders stands.
    pub scroll: Scroll,
    /// When we last asked to finish another's order.
    pub resumed: Option<u64>,
}

impl Desk {
    /// The order of this id, where it was read.
    #[must_use]
    pub fn order(&self, id: &OrderId) -> Option<&Order> {
        self.orders.iter().flatten().find(|order| order.id == *id)
    }

    /// The selected order.
    #[must_use]
    pub fn selected(&self) -> Option<&Order> {
        self.orders.as_ref()?.get(self.scroll.cursor)
    }
}

/// A row of the checkout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Row {
    /// The line at this place.
    Line(usize),
    /// What is to be said of the line at this place.
    Note(usize),
}

/// The rows of the checkout: each line, and below it what changed or is short.
#[must_use]
pub fn rows(preview: &Preview) -> Vec<Row> {
    let noted = |place: usize| preview.lines[place].was.is_some() || preview.lines[place].short.is_some();
    let row = |place: usize| [Some(Row::Line(place)), noted(place).then_some(Row::Note(place))];
    (0..preview.lines.len()).flat_map(row).flatten().collect()
}

/// The lines of a receipt as the screen shows them, in `columns`.
#[must_use]
pub fn receipt_lines(state: &State, id: &OrderId, columns: u16) -> Vec<String> {
    let order = state.desk.order(id);
    let lines = |order| receipt(order, &state.shop.name, &state.session.zone, usize::from(columns.min(60)));
    order.map(lines).unwrap_or_default()
}

/// How many rows there are to walk through in this mode, and how many show at a time.
#[must_use]
pub fn extent(state: &State) -> Option<(usize, usize)> {
    let inner = usize::from(state.size.1.saturating_sub(5));
    Some(match &state.mode {
        Mode::Checkout(_) => {
            let rows = state.desk.preview.as_ref().map_or(0, |preview| rows(preview).len());
            (rows, inner.saturating_sub(4).max(1))
        }
        Mode::Orders => (state.desk.orders.as_ref().map_or(0, Vec::len), inner.saturating_sub(1).max(1)),
        Mode::Receipt(id, _) => {
            (receipt_lines(state, id, state.size.0.saturating_sub(2)).len(), inner.max(1))
        }
        _ => return None,
    })
}

/// When to finish the order that another left behind, by the steady clock.
#[must_use]
pub fn resume_due(state: &State) -> Option<u64> {
    let ordering = state.cart.confirmed.ordering.as_ref()?;
    if state.link != Link::Live || state.desk.placing.is_some() {
        return None;
    }
    let due = (ordering.at + STALE).saturating_sub(state.cart.server_ahead);
    Some(due.max(state.desk.resumed.map_or(0, |at| at + AGAIN)))
}

/// When the cart closes by its owner's rule, by the steady clock.
#[must_use]
pub fn closing(state: &State) -> Option<u64> {
    let closes = state.cart.confirmed.rules.closes?;
    Some(closes.saturating_sub(state.cart.server_ahead))
}

/// What the owner's rules and the order on its way say of the cart, in a few words.
#[must_use]
pub fn standing(state: &State) -> Option<String> {
    let cart = &state.cart.confirmed;
    if let Some(id) = &state.desk.placing {
        return Some(format!("ordering {id} …"));
    }
    if let Some(ordering) = &cart.ordering {
        return Some(format!("being ordered by {}", ordering.by));
    }
    let rules = &cart.rules;
    if rules.locked {
        return Some(
            rules.owner.as_ref().map_or_else(|| "locked".to_owned(), |owner| format!("locked by {owner}")),
        );
    }
    let mut words = Vec::new();
    match closing(state) {
        Some(at) if at <= state.now => return Some("closed: its time is over".to_owned()),
        Some(_) => {
            let clock = time(rules.closes.unwrap_or_default(), &state.session.zone);
            words.push(format!("closes {}", clock.get(11..).unwrap_or_default()));
        }
        None => {}
    }
    let currency = &state.shop.currency;
    if let Some(budget) = rules.budget {
        words.push(format!("{currency}{} of {budget} left", budget.less(state.totals().subtotal)));
    }
    if let Some(each) = rules.budget_each {
        words.push(format!("{currency}{each} each"));
    }
    (!words.is_empty()).then(|| words.join(" · "))
}
