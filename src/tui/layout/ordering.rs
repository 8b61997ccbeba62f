//! What a screen tells about ordering the cart: who orders it, and that one may not.

use crate::config::keymap::Action;
use crate::tui::state::State;

/// The sentence for somebody whose keys have none that orders.
pub(crate) const MAY_NOT_ORDER: &str = "You may fill this cart, not order it";

/// Tells whether there is a key that orders at all.
#[must_use]
pub(crate) fn has_order_key(state: &State) -> bool {
    state.env.keymap.has_key(Action::PlaceOrder)
}

/// The ordering of the cart that is under way, in words; `None` where nobody orders it.
#[must_use]
pub(crate) fn ordering(state: &State) -> Option<String> {
    if let Some(id) = &state.orders.placing {
        return Some(format!("ordering {id} …"));
    }
    let ordering = state.cart.confirmed.ordering.as_ref();
    ordering.map(|ordering| format!("being ordered by {}", ordering.by))
}
