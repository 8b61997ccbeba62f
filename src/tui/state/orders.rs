//! The checkout and the past orders.

use super::scroll::Scroll;
use crate::model::{Order, OrderId, Preview};

/// The checkout and the past orders.
#[derive(Debug, Default)]
pub struct OrdersState {
    /// The order that the checkout shows before it is placed.
    pub preview: Option<Box<Preview>>,
    /// Counts the previews that were read: the number of the one at hand.
    pub preview_number: u64,
    /// The number of the preview whose total the user sees. Only that order can be placed.
    pub total_seen: Option<u64>,
    /// The preview is being read.
    pub reading: bool,
    /// The preview must be read again.
    pub outdated: bool,
    /// The order that was confirmed here and is being placed.
    pub placing: Option<OrderId>,
    /// The cart's past orders, newest first; `None` before they were read.
    pub list: Option<Vec<Order>>,
    /// The position within the list of orders.
    pub scroll: Scroll,
    /// The moment of our last attempt to finish another program's order.
    pub resumed: Option<u64>,
    /// Another program's order that we can't finish. This was reported once, and is not tried
    /// again.
    pub stuck: Option<OrderId>,
}

impl OrdersState {
    /// The order of this id, where it was read.
    #[must_use]
    pub(crate) fn order(&self, id: &OrderId) -> Option<&Order> {
        self.list.iter().flatten().find(|order| order.id == *id)
    }

    /// The selected order.
    #[must_use]
    pub(crate) fn selected(&self) -> Option<&Order> {
        self.list.as_ref()?.get(self.scroll.cursor)
    }
}
