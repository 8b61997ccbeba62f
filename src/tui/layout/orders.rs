//! The rows and sizes of the past orders and a receipt: drawing and scrolling both read them. What
//! counts as the total being on the screen. And the words about an order on its way.

use super::checkout::CheckoutLayout;
use crate::config::keymap::Action;
use crate::model::{Order, Preview, text};
use crate::tui::state::areas::list_and_selected;
use crate::tui::state::{Mode, State};
use ratatui::layout::{Margin, Rect};

/// The sentence for somebody whose keys have none that orders.
pub(crate) const MAY_NOT_ORDER: &str = "You may fill this cart, not order it";

/// Tells whether there is a key that orders at all.
#[must_use]
pub(crate) fn has_order_key(state: &State) -> bool {
    state.env.keymap.has_key(Action::PlaceOrder)
}

/// The frames of the past orders and of a receipt, as far as they show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OrdersFrames {
    /// The list of orders.
    pub(crate) list: Option<Rect>,
    /// The receipt of one.
    pub(crate) receipt: Option<Rect>,
}

impl OrdersFrames {
    /// The frames within `body` on this page: both side by side where there is room, else the one
    /// with the keyboard. The receipt of an order that was just placed has all of it.
    #[must_use]
    pub(crate) fn of(page: &Mode, body: Rect) -> OrdersFrames {
        let (list, receipt) = match page {
            Mode::Orders | Mode::OrderSearch => list_and_selected(body, true),
            Mode::Receipt {
                from_list: true, ..
            } => list_and_selected(body, false),
            Mode::Receipt { .. } => (None, Some(body)),
            Mode::Browse
            | Mode::Search
            | Mode::Palette { .. }
            | Mode::Prompt { .. }
            | Mode::Help(_)
            | Mode::Checkout(_)
            | Mode::Carts
            | Mode::ConfirmQuit
            | Mode::ConfirmCancel(_)
            | Mode::ConfirmClear(_) => (None, None),
        };
        OrdersFrames { list, receipt }
    }
}

/// The rows of a list in a frame, below the headings of its columns.
#[must_use]
pub(crate) fn list_rows(frame: Rect) -> Rect {
    let inner = frame.inner(Margin::new(1, 1));
    Rect {
        y: inner.y + 1,
        height: inner.height.saturating_sub(1),
        ..inner
    }
}

/// The order whose receipt shows on this page, where it is read.
#[must_use]
pub(crate) fn order_of_receipt<'a>(state: &'a State, page: &Mode) -> Option<&'a Order> {
    match page {
        Mode::Receipt { order, .. } => state.orders.order(order),
        _ => state.orders.selected(),
    }
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

/// The rows of a view, and how many of them show at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Extent {
    /// All rows.
    pub(crate) rows: usize,
    /// The rows that show at a time.
    pub(crate) page: usize,
}

/// The extent of the list that covers the others; `None` in other modes.
#[must_use]
pub(crate) fn extent(state: &State) -> Option<Extent> {
    let rows = match &state.mode {
        Mode::Orders | Mode::OrderSearch => state.orders.shown.len(),
        Mode::Carts => state.carts.rows(),
        // Their rows are of different heights, or move by what stands on them.
        Mode::Checkout(_)
        | Mode::Receipt { .. }
        | Mode::Browse
        | Mode::Search
        | Mode::Palette { .. }
        | Mode::Prompt { .. }
        | Mode::Help(_)
        | Mode::ConfirmQuit
        | Mode::ConfirmCancel(_)
        | Mode::ConfirmClear(_) => return None,
    };

    let page = usize::from(list_rows(state.body()).height).max(1);
    Some(Extent { rows, page })
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
