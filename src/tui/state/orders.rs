//! The checkout and the past orders.

use super::scroll::Scroll;
use crate::model::checkout::PreviewLine;
use crate::model::{Order, OrderId, OrderState, Preview, order};

/// The most orders that are followed.
const FOLLOWED_LIMIT: usize = 20;

/// The pane of the checkout that has the keyboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CheckoutPane {
    /// The lines.
    #[default]
    Lines,
    /// The people and their sums.
    People,
}

/// The positions in the checkout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CheckoutPage {
    /// The position within the lines.
    pub scroll: Scroll,
    /// The first person that shows.
    pub people_top: usize,
    /// The pane with the keyboard.
    pub pane: CheckoutPane,
}

/// The checkout and the past orders.
#[derive(Debug, Default)]
pub struct OrdersState {
    /// The order that the checkout shows before it is placed.
    pub preview: Option<Box<Preview>>,
    /// Counts the previews that were read: the number of the one at hand.
    pub preview_number: u64,
    /// The number of the preview whose total the user sees. Only that order can be placed.
    pub total_seen: Option<u64>,
    /// The total was seen, but then keys came together, of which none can be an answer to it.
    pub keys_together: bool,
    /// The preview is being read.
    pub reading: bool,
    /// The preview must be read again.
    pub outdated: bool,
    /// The order that was confirmed here and is being placed.
    pub placing: Option<OrderId>,
    /// The order that is being cancelled from here.
    pub cancelling: Option<OrderId>,
    /// The cart's past orders, newest first; `None` before they were read.
    pub list: Option<Vec<Order>>,
    /// The position within the list of orders.
    pub scroll: Scroll,
    /// The moment of our last attempt to finish another program's order.
    pub resumed: Option<u64>,
    /// Another program's order that we can't finish. This was reported once, and is not tried
    /// again.
    pub stuck: Option<OrderId>,
    /// The orders that were heard of since the program started, the latest news last.
    pub followed: Vec<FollowedOrder>,
}

/// An order of which news came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FollowedOrder {
    /// Its id.
    pub id: OrderId,
    /// The step that it has reached.
    pub state: OrderState,
    /// Its number, where that is known.
    pub number: Option<u32>,
    /// The user has looked at the orders since.
    pub is_seen: bool,
}

impl OrdersState {
    /// The order of this id, where it was read.
    #[must_use]
    pub(crate) fn order(&self, id: &OrderId) -> Option<&Order> {
        self.list.iter().flatten().find(|order| order.id == *id)
    }

    /// Takes in the list of orders. The selected one stays selected, in its place on the screen.
    pub(crate) fn take_in(&mut self, orders: Vec<Order>) {
        if let Some(selected) = self.selected().map(|order| order.id.clone())
            && let Some(row) = orders.iter().position(|order| order.id == selected)
        {
            self.scroll.move_in_place(row);
        }
        self.list = Some(orders);
    }

    /// Takes in an order as it is now, where it is known.
    pub(crate) fn replace(&mut self, order: Order) {
        let mut known = self.list.iter_mut().flatten();
        if let Some(known) = known.find(|known| known.id == order.id) {
            *known = order;
        }
    }

    /// Notes that an order came into this state; returns whether that is news.
    pub(crate) fn follow(&mut self, id: &OrderId, state: OrderState, number: Option<u32>) -> bool {
        let index = self.followed.iter().position(|order| order.id == *id);
        if let Some(known) = index.and_then(|index| self.followed.get_mut(index)) {
            known.number = known.number.or(number);
        }
        // That it was placed may be heard after what came of it.
        if index.is_some() && state == OrderState::Placed {
            return false;
        }

        let known = index.map(|index| self.followed.remove(index));
        let is_news = known.as_ref().is_none_or(|known| known.state != state);

        self.followed.push(FollowedOrder {
            id: id.clone(),
            state,
            number: known.as_ref().map_or(number, |known| known.number),
            is_seen: known.is_some_and(|known| known.is_seen) && !is_news,
        });
        let spare = self.followed.len().saturating_sub(FOLLOWED_LIMIT);
        self.followed.drain(..spare);
        is_news
    }

    /// The orders in this state that the user has not seen in it yet, the latest first.
    pub(crate) fn unseen(&self, state: OrderState) -> impl Iterator<Item = &OrderId> {
        self.followed
            .iter()
            .rev()
            .filter(move |order| order.state == state && !order.is_seen)
            .map(|order| &order.id)
    }

    /// The line of the checkout with this index.
    #[must_use]
    pub(crate) fn previewed(&self, index: usize) -> Option<&PreviewLine> {
        self.preview.as_ref()?.lines.get(index)
    }

    /// What people call the order of this id, as far as that is known.
    #[must_use]
    pub(crate) fn name_of(&self, id: &OrderId) -> String {
        let read = self.order(id).and_then(|order| order.number);
        let mut followed = self.followed.iter().filter(|order| order.id == *id);
        let number = read.or_else(|| followed.find_map(|order| order.number));
        order::name(id, number)
    }

    /// The selected order.
    #[must_use]
    pub(crate) fn selected(&self) -> Option<&Order> {
        self.list.as_ref()?.get(self.scroll.cursor)
    }
}
