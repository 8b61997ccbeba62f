//! The past orders, and the order on its way.

mod search;

pub use search::{KeptStates, SearchedWords};

use super::scroll::Scroll;
use super::timers::{MINUTE, age};
use crate::model::{Order, OrderBrief, OrderId, OrderState, order};
use crate::store::order::OrdersPage;
use std::collections::HashSet;
use tui_input::Input;

/// The most orders that are followed.
const FOLLOWED_LIMIT: usize = 20;
/// Milliseconds that a cancelled order still shows among the open ones.
const CANCELLED_SHOWN: u64 = MINUTE;
/// Milliseconds after its last step in which an order counts as open. A shop may well hand over
/// orders and never say so.
const OPEN_SHOWN: u64 = 24 * 60 * MINUTE;

/// The portion of an order that is put back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Portion {
    /// All of it, as ours.
    Whole,
    /// The pieces that we had asked for.
    Own,
}

/// The question before an order is put back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AgainQuestion {
    /// Asks whether our own part would do, as the whole is refused.
    OwnPart,
    /// Asks whether to add another time what is in the cart again already.
    Twice,
}

/// A question what of an order to put back. The same key says yes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedAgain {
    /// The order.
    pub order: OrderId,
    /// The portion that was asked about.
    pub portion: Portion,
    /// The question.
    pub question: AgainQuestion,
}

/// The past orders, and the order on its way.
#[derive(Debug, Default)]
pub struct OrdersState {
    /// The order that was confirmed here and is being placed.
    pub placing: Option<OrderId>,
    /// The question what of an order to put back. The next action answers that.
    pub asked_again: Option<AskedAgain>,
    /// The order that is being cancelled from here.
    pub cancelling: Option<OrderId>,
    /// The cart's past orders as far as they were read, newest first; `None` before that.
    pub list: Option<Vec<Order>>,
    /// The number of newest orders that were read since the link is up.
    pub read: usize,
    /// The number of all past orders.
    pub total: usize,
    /// Older ones are being read, or could not be.
    pub reading_older: bool,
    /// The order, and the person, whose part is being marked as settled or open.
    pub marking: Option<(OrderId, String)>,
    /// The words that are searched for.
    pub words: Input,
    /// The words by which they are found.
    pub searched: SearchedWords,
    /// The states of the orders that show.
    pub kept: KeptStates,
    /// The indexes in the list of those that show.
    pub shown: Vec<usize>,
    /// The position within the list of orders.
    pub scroll: Scroll,
    /// The moment of our last attempt to finish another program's order.
    pub resumed: Option<u64>,
    /// The last order of another program that was finished here, which was told.
    pub finished: Option<OrderId>,
    /// Another program's order that we can't finish. This was reported once, and is not tried
    /// again.
    pub stuck: Option<OrderId>,
    /// The newest orders in short, and those of which there was news; the latest news last.
    pub followed: Vec<OrderBrief>,
    /// The order that somebody else has placed last since the program started.
    pub placed_by_other: Option<PlacedByOther>,
}

/// An order that somebody else has placed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacedByOther {
    /// Its id.
    pub id: OrderId,
    /// Who ordered; clean text.
    pub by: String,
    /// The number of its lines.
    pub lines: usize,
    /// Its record was read, too: whoever may fill the cart could have told of an order.
    pub is_confirmed: bool,
    /// The user has looked at the orders since.
    pub is_seen: bool,
}

impl OrdersState {
    /// The order of this id, where it was read.
    #[must_use]
    pub(crate) fn order(&self, id: &OrderId) -> Option<&Order> {
        self.list.iter().flatten().find(|order| order.id == *id)
    }

    /// Takes in a page of orders; the others that were read stay.
    pub(crate) fn take_in(&mut self, page: OrdersPage) {
        let mut orders = page.orders;
        if let Some(known) = self.list.take()
            && page.total > orders.len()
        {
            let new: HashSet<OrderId> = orders.iter().map(|order| order.id.clone()).collect();
            orders.extend(known.into_iter().filter(|order| !new.contains(&order.id)));
            orders.sort_by(|a, b| (b.at, &b.id).cmp(&(a.at, &a.id)));
        }
        self.list = Some(orders);
        self.read = self.read.max(page.next);
        self.total = page.total;
        self.reading_older = false;
    }

    /// The orders that show, from this row on.
    pub(crate) fn rows(&self, top: usize) -> impl Iterator<Item = &Order> {
        let list = self.list.as_deref().unwrap_or_default();
        let shown = self.shown.iter().skip(top);
        shown.filter_map(|index| list.get(*index))
    }

    /// Tells whether not all orders show that there are.
    #[must_use]
    pub(crate) fn is_filtered(&self) -> bool {
        self.kept != KeptStates::All || !self.words.value().trim().is_empty()
    }

    /// The number of orders that were read, where more are to be read behind them: once fewer than
    /// three pages of those follow below `top`.
    #[must_use]
    pub(crate) fn older_due(&self, top: usize, page: usize) -> Option<usize> {
        let fresh = self.shown.partition_point(|index| *index < self.read);
        let is_due = self.read < self.total && fresh < top + 3 * page;
        (is_due && self.list.is_some() && !self.reading_older).then_some(self.read)
    }

    /// Takes in an order as it is now, where it is known.
    pub(crate) fn replace(&mut self, order: Order) {
        let mut known = self.list.iter_mut().flatten();
        if let Some(known) = known.find(|known| known.id == order.id) {
            *known = order;
        }
    }

    /// Notes what was heard of an order; returns whether its state is news.
    pub(crate) fn follow(&mut self, mut order: OrderBrief) -> bool {
        let index = self.followed.iter().position(|known| known.id == order.id);
        if let Some(known) = index.and_then(|index| self.followed.get_mut(index))
            && known.state == order.state
        {
            known.complete(order);
            return false;
        }

        if let Some(index) = index {
            order.complete(self.followed.remove(index));
        }
        self.followed.push(order);
        let spare = self.followed.len().saturating_sub(FOLLOWED_LIMIT);
        self.followed.drain(..spare);
        true
    }

    /// The facts in short that are known of the order of this id.
    #[must_use]
    pub(crate) fn brief(&self, id: &OrderId) -> Option<&OrderBrief> {
        self.followed.iter().find(|order| order.id == *id)
    }

    /// The open order that somebody else has placed last, where the user has not seen it.
    #[must_use]
    pub(crate) fn unread(&self) -> Option<&OrderBrief> {
        let placed = self.placed_by_other.as_ref()?;
        let order = self.brief(&placed.id)?;
        (!placed.is_seen && !order.state.is_over()).then_some(order)
    }

    /// The total of the order of this id, in its currency, as far as that is known.
    #[must_use]
    pub(crate) fn total_of(&self, id: &OrderId) -> Option<String> {
        let brief = self.brief(id).and_then(|order| order.total.as_ref());
        if let Some((total, currency)) = brief {
            return Some(total.in_currency(currency));
        }
        let order = self.order(id)?;
        Some(order.total().in_currency(&order.currency))
    }

    /// The open order to show: one that was cancelled just now, else one that is ready, else the
    /// newest; and how many others are open. `None` where none is.
    #[must_use]
    pub(crate) fn open(&self, server_now: u64) -> Option<(&OrderBrief, usize)> {
        let is_shown = |order: &&OrderBrief| match order.state {
            OrderState::Cancelled => age(order, server_now) < CANCELLED_SHOWN,
            OrderState::Done => false,
            OrderState::Placed | OrderState::Accepted | OrderState::Ready => {
                age(order, server_now) < OPEN_SHOWN
            }
        };

        let open = self.followed.iter().filter(is_shown);
        let shown = open.clone().max_by_key(|order| {
            let importance = match order.state {
                OrderState::Cancelled => 2,
                OrderState::Ready => 1,
                OrderState::Placed | OrderState::Accepted | OrderState::Done => 0,
            };
            (importance, order.at)
        })?;

        let others = open.filter(|order| !order.state.is_over() && order.id != shown.id);
        Some((shown, others.count()))
    }

    /// The name that people call the order of this id, as far as that is known.
    #[must_use]
    pub(crate) fn name_of(&self, id: &OrderId) -> String {
        let read = self.order(id).and_then(|order| order.number);
        let number = read.or_else(|| self.brief(id)?.number);
        order::name(id, number)
    }

    /// The selected order.
    #[must_use]
    pub(crate) fn selected(&self) -> Option<&Order> {
        self.rows(self.scroll.cursor).next()
    }
}
