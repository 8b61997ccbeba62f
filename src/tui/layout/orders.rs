//! The rows and sizes of the checkout, the past orders and a receipt: drawing and scrolling both
//! read them. And the words about an order on its way.

use super::checkout::CheckoutRows;
use crate::config::keymap::Action;
use crate::model::receipt::receipt;
use crate::model::{OrderId, Preview, text};
use crate::tui::state::{Mode, State};

/// The widest that a receipt is shown, in columns.
const RECEIPT_WIDTH: u16 = 60;
/// The rows of the screen around the body of these views: header, frame, message and footer.
const SURROUNDINGS: u16 = 5;

/// The sentence for somebody whose keys have none that orders.
pub(crate) const MAY_NOT_ORDER: &str = "You may fill this cart, not order it";

/// Tells whether there is a key that orders at all.
#[must_use]
pub(crate) fn has_order_key(state: &State) -> bool {
    state.env.keymap.has_key(Action::PlaceOrder)
}

/// The lines of a receipt as the screen shows them, in `columns`; none before the order is read.
#[must_use]
pub(crate) fn receipt_lines(state: &State, id: &OrderId, columns: u16) -> Vec<String> {
    let Some(order) = state.orders.order(id) else {
        return Vec::new();
    };
    let columns = usize::from(columns.min(RECEIPT_WIDTH));
    receipt(order, &state.shop.name, &state.env.zone, columns)
}

/// The lines below the checkout's rows on a screen of this width: the total, and what to do next.
#[must_use]
pub(crate) fn foot(width: u16) -> u16 {
    if width < 40 { 4 } else { 3 }
}

/// The number of the preview whose total the checkout shows; `None` where no total shows, or not
/// all of it.
#[must_use]
pub fn shown_total(state: &State) -> Option<u64> {
    state.areas()?;
    if !matches!(state.mode, Mode::Checkout(_)) {
        return None;
    }

    let preview = state.orders.preview.as_ref()?;
    let (width, height) = state.size;
    // The first line has the headings.
    let has_row = height > SURROUNDINGS + 1;
    let has_columns = text::width(&total(preview)) + 2 <= usize::from(width);
    (has_row && has_columns).then_some(state.orders.preview_number)
}

/// The total of the checkout, as shown.
#[must_use]
pub(crate) fn total(preview: &Preview) -> String {
    let label = if preview.orderable_lines().is_ok() {
        "To pay"
    } else {
        "Total"
    };
    format!("{label} {}", preview.total().in_currency(&preview.currency))
}

/// The rows of a view, and how many of them show at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Extent {
    /// All rows.
    pub(crate) rows: usize,
    /// The rows that show at a time.
    pub(crate) page: usize,
}

/// The extent of the page that covers the lists; `None` in other modes.
#[must_use]
pub(crate) fn extent(state: &State) -> Option<Extent> {
    let (width, height) = state.size;
    let body = usize::from(height.saturating_sub(SURROUNDINGS));

    let (rows, page) = match &state.mode {
        Mode::Checkout(_) => {
            let preview = state.orders.preview.as_ref();
            let rows = preview.map_or(0, |preview| {
                let width = width.saturating_sub(2);
                CheckoutRows::of(state, preview, width).rows.len()
            });
            (rows, body.saturating_sub(1 + usize::from(foot(width))))
        }
        Mode::Orders => {
            let rows = state.orders.list.as_ref().map_or(0, Vec::len);
            (rows, body.saturating_sub(1))
        }
        Mode::Carts => (state.carts.rows(), body.saturating_sub(1)),
        Mode::Receipt { order, .. } => {
            let rows = receipt_lines(state, order, width.saturating_sub(2)).len();
            (rows, body)
        }
        Mode::Browse
        | Mode::Search
        | Mode::Palette { .. }
        | Mode::Prompt { .. }
        | Mode::Help(_)
        | Mode::ConfirmQuit
        | Mode::ConfirmClear => return None,
    };

    Some(Extent {
        rows,
        page: page.max(1),
    })
}

/// What happens to the cart while it is ordered; `None` where nobody orders it.
#[must_use]
pub(crate) fn ordering(state: &State) -> Option<String> {
    if let Some(id) = &state.orders.placing {
        return Some(format!("ordering {id} …"));
    }
    let ordering = state.cart.confirmed.ordering.as_ref();
    ordering.map(|ordering| format!("being ordered by {}", ordering.by))
}
