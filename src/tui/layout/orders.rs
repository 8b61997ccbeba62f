//! The frames and rows of the past orders and a receipt: drawing and scrolling both read them.

use crate::model::Order;
use crate::tui::state::areas::{list_and_selected, list_rows};
use crate::tui::state::{Mode, State};
use ratatui::layout::Rect;

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

/// The order whose receipt shows on this page, where it is read.
#[must_use]
pub(crate) fn order_of_receipt<'a>(state: &'a State, page: &Mode) -> Option<&'a Order> {
    match page {
        Mode::Receipt { order, .. } => state.orders.order(order),
        _ => state.orders.selected(),
    }
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
