//! The checkout and the orders, as plain data.

use super::{Connectivity, Mode, Scroll, State};
use crate::model::receipt::{receipt, time};
use crate::model::{Order, OrderId, Preview, text};

/// How long the driver of another order may take before we finish its work, in milliseconds.
const STALE: u64 = 4_000;
/// How long to wait before trying that again, in milliseconds.
const AGAIN: u64 = 5_000;

/// What is known of ordering.
#[derive(Debug, Default)]
pub struct OrdersState {
    /// What would be ordered.
    pub preview: Option<Box<Preview>>,
    /// Whether it is being read.
    pub reading: bool,
    /// Whether it must be read again.
    pub outdated: bool,
    /// The order that was confirmed here and is on its way.
    pub placing: Option<OrderId>,
    /// The cart's past orders, newest first; `None` before they were read.
    pub list: Option<Vec<Order>>,
    /// Where the list of orders stands.
    pub scroll: Scroll,
    /// When we last asked to finish another's order.
    pub resumed: Option<u64>,
    /// Another's order that we can't finish: that was told, and we don't ask again.
    pub stuck: Option<OrderId>,
}

impl OrdersState {
    /// The order of this id, where it was read.
    #[must_use]
    pub fn order(&self, id: &OrderId) -> Option<&Order> {
        self.list.iter().flatten().find(|order| order.id == *id)
    }

    /// The selected order.
    #[must_use]
    pub fn selected(&self) -> Option<&Order> {
        self.list.as_ref()?.get(self.scroll.cursor)
    }
}

/// A row of the checkout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckoutRow {
    /// The line at this place.
    Line(usize),
    /// What is to be said of the line at this place.
    Note(usize),
}

/// The rows of the checkout: each line, and below it what changed or is short.
#[must_use]
pub fn rows(preview: &Preview) -> Vec<CheckoutRow> {
    let noted =
        |place: usize| preview.lines[place].was.is_some() || preview.lines[place].short.is_some();
    let row = |place: usize| {
        [
            Some(CheckoutRow::Line(place)),
            noted(place).then_some(CheckoutRow::Note(place)),
        ]
    };
    (0..preview.lines.len()).flat_map(row).flatten().collect()
}

/// The lines of a receipt as the screen shows them, in `columns`.
#[must_use]
pub fn receipt_lines(state: &State, id: &OrderId, columns: u16) -> Vec<String> {
    let order = state.orders.order(id);
    let lines = |order| {
        receipt(
            order,
            &state.shop.name,
            &state.env.zone,
            usize::from(columns.min(60)),
        )
    };
    order.map(lines).unwrap_or_default()
}

/// The lines below those of the checkout on a screen of this width: the total, and what to do.
#[must_use]
pub fn foot(width: u16) -> u16 {
    if width < 40 { 4 } else { 3 }
}

/// How many rows there are to walk through in this mode, and how many show at a time.
#[must_use]
pub fn extent(state: &State) -> Option<(usize, usize)> {
    let inner = usize::from(state.size.1.saturating_sub(5));
    Some(match &state.mode {
        Mode::Checkout(_) => {
            let rows = state
                .orders
                .preview
                .as_ref()
                .map_or(0, |preview| rows(preview).len());
            (
                rows,
                inner
                    .saturating_sub(1 + usize::from(foot(state.size.0)))
                    .max(1),
            )
        }
        Mode::Orders => (
            state.orders.list.as_ref().map_or(0, Vec::len),
            inner.saturating_sub(1).max(1),
        ),
        Mode::Receipt { order, .. } => (
            receipt_lines(state, order, state.size.0.saturating_sub(2)).len(),
            inner.max(1),
        ),
        _ => return None,
    })
}

/// When to finish the order that another left behind, by the steady clock.
#[must_use]
pub fn resume_due(state: &State) -> Option<u64> {
    let ordering = state.cart.confirmed.ordering.as_ref()?;
    let stuck = state.orders.stuck.as_ref() == Some(&ordering.id);
    if state.connectivity != Connectivity::Live || state.orders.placing.is_some() || stuck {
        return None;
    }
    let due = (ordering.at + STALE).saturating_sub(state.cart.server_ahead);
    Some(due.max(state.orders.resumed.map_or(0, |at| at + AGAIN)))
}

/// When the cart closes by its owner's rule, by the steady clock.
#[must_use]
pub fn closing(state: &State) -> Option<u64> {
    let closes = state.cart.confirmed.rules.closes?;
    Some(closes.saturating_sub(state.cart.server_ahead))
}

/// What the owner's rules and the order on its way say of the cart, in as many whole words
/// as fit in `room` columns.
#[must_use]
pub fn standing(state: &State, room: usize) -> String {
    let mut words = words(state);
    while words.len() > 1 && text::width(&words.join(" · ")) > room {
        words.pop();
    }
    text::truncate(&words.join(" · "), room)
}

fn words(state: &State) -> Vec<String> {
    let cart = &state.cart.confirmed;
    if let Some(id) = &state.orders.placing {
        return vec![format!("ordering {id} …")];
    }
    if let Some(ordering) = &cart.ordering {
        return vec![format!("being ordered by {}", ordering.by)];
    }
    let rules = &cart.rules;
    if rules.locked {
        let owner = rules
            .owner
            .as_ref()
            .map(|owner| format!("locked by {owner}"));
        return vec![owner.unwrap_or_else(|| "locked".to_owned())];
    }
    if closing(state).is_some_and(|at| at <= state.now) {
        return vec!["closed".to_owned()];
    }
    let currency = &state.shop.currency;
    let left = rules
        .budget
        .map(|budget| format!("{currency}{} left", budget.less(state.totals().subtotal)));
    let closes = rules.closes.map(|at| {
        let clock = time(at, &state.env.zone);
        format!("closes {}", clock.get(11..).unwrap_or_default())
    });
    let each = rules
        .budget_each
        .map(|each| format!("{currency}{each} each"));
    left.into_iter().chain(closes).chain(each).collect()
}
