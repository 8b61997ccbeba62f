//! What a screen tells about ordering the cart: the total, who orders, and that one may not.

use super::checkout::CheckoutLayout;
use crate::config::keymap::Action;
use crate::model::{Preview, text};
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

/// The number of the preview whose total the checkout shows; `None` where no total shows, or not
/// all of it.
#[must_use]
pub fn shown_total(state: &State) -> Option<u64> {
    let preview = state.orders.preview.as_ref()?;
    let place = CheckoutLayout::shown(state)?.foot.total;
    let is_whole = !place.is_empty() && text::width(&total(preview)) <= place.width.into();
    is_whole.then_some(state.orders.preview_number)
}

/// The total of the checkout, as shown.
#[must_use]
pub(crate) fn total(preview: &Preview) -> String {
    let label = if preview.check().is_ok() {
        "To pay"
    } else {
        "Total"
    };
    format!("{label} {}", preview.total().in_currency(&preview.currency))
}
