//! The total of the checkout, and whether it shows.

use super::CheckoutLayout;
use crate::model::{Preview, text};
use crate::tui::state::State;

/// The number of the preview whose total the checkout shows; `None` where no total shows, or not
/// all of it.
#[must_use]
pub fn shown_total(state: &State) -> Option<u64> {
    let preview = state.checkout.preview.as_ref()?;
    let place = CheckoutLayout::shown(state)?.foot.total;
    let is_whole = !place.is_empty() && text::width(&total(preview)) <= place.width.into();
    is_whole.then_some(state.checkout.preview_number)
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
