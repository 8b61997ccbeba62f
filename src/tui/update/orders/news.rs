//! News of orders: placed by somebody, or moved to their next state.

use crate::model::{OrderBrief, OrderId, OrderState};
use crate::tui::layout::activity::{describe_event_with_author, describe_placed, tell_placed};
use crate::tui::state::activity::CartEventKind;
use crate::tui::state::orders::PlacedByOther;
use crate::tui::state::{Mode, Tone};
use crate::tui::update::Updater;

/// Milliseconds after which an order that is told of is no new one any more.
const JUST_NOW: u64 = 60_000;

impl Updater<'_> {
    /// Takes in orders that were read, the newest first. News of those that are followed may have been
    /// missed.
    pub(super) fn take_in_states(&mut self, orders: impl IntoIterator<Item = OrderBrief>) {
        for order in orders {
            if self.state.orders.brief(&order.id).is_some() {
                self.announce_order_state(order);
            }
        }
    }

    /// Takes in the newest orders in short. What became of those that were not followed is no news.
    pub(super) fn on_newest_orders(&mut self, mut orders: Vec<OrderBrief>) {
        orders.reverse();
        for order in orders {
            if self.state.orders.brief(&order.id).is_some() {
                self.announce_order_state(order);
            } else {
                self.hear_of_order(order);
            }
        }
    }

    /// Takes in that an order came into another state.
    pub(super) fn on_order_state(&mut self, mut order: OrderBrief) {
        let id = order.id.clone();
        let now = self.state.server_now();
        order.changed = order.changed.or(Some(now));

        let list = &mut self.state.orders.list;
        let known = list.iter_mut().flatten().find(|known| known.id == id);
        let is_new = known.is_none();
        if let Some(known) = known {
            known.state = order.state;
        }

        if order.state == OrderState::Cancelled {
            self.state.catalog.usual.is_old = true;
        }
        let selected = self.state.orders.selected().map(|order| order.id.clone());
        self.state.filter_orders(selected.as_ref());
        self.announce_order_state(order);

        let has_list = self.state.orders.list.is_some();
        if self.state.shows_orders() || (is_new && has_list) {
            self.reread_order(&id);
        }
    }

    /// Takes in what was heard of an order, and tells its state where that is news.
    fn announce_order_state(&mut self, order: OrderBrief) {
        let id = order.id.clone();
        let reached = order.state;
        let at = order.changed;
        let is_read = order.at.is_some();
        let by = order.changed_by.clone();
        let before = self.state.orders.brief(&id).map(|known| known.state);
        let is_back = before.is_some_and(|before| reached.to_come().contains(&before));
        if !self.hear_of_order(order) {
            return;
        }
        if is_back {
            let name = self.state.orders.name_of(&id);
            let news = format!("Order {name} is back to {}", reached.name());
            self.notify_until_key(news, Tone::Info);
            return;
        }
        if reached == OrderState::Placed {
            return;
        }

        let is_ours = by.as_ref().is_some_and(|by| self.state.is_me(by));
        let event = CartEventKind::Order(id.clone(), reached, by);
        // Where its record can't be read, anybody may have said so.
        if !is_ours && is_read {
            self.alert(describe_event_with_author(self.state, &event));
        }
        let name = self.state.orders.name_of(&id);
        let news = match self.state.env.keymap.is_in_words() {
            true => describe_event_with_author(self.state, &event),
            false => format!("Order {name} is {}", reached.name()),
        };
        self.note_event(at.unwrap_or_else(|| self.state.server_now()), event);
        // The answer to our own step says the same.
        if is_ours && self.state.env.keymap.is_in_words() {
            return;
        }
        self.notify_until_key(news, Tone::Info);
    }

    /// Takes in what was heard of an order; returns whether its state is news.
    fn hear_of_order(&mut self, order: OrderBrief) -> bool {
        let placed = self.state.orders.placed_by_other.clone();
        let told_before = placed
            .as_ref()
            .map(|placed| tell_placed(self.state, placed));

        let id = order.id.clone();
        let is_news = self.state.orders.follow(order);

        if let Some(placed) = placed.filter(|placed| placed.id == id) {
            if !placed.is_confirmed {
                self.confirm_placed(&placed);
            }
            // More may be known of it than in the sentence that still shows.
            let told = tell_placed(self.state, &placed);
            if let Some(notice) = &mut self.state.notice
                && Some(&notice.text) == told_before.as_ref()
                && notice.text != told
            {
                notice.text = told;
                notice.is_seen = false;
            }
        }
        is_news
    }

    /// Takes in that somebody else says to have ordered the cart.
    pub(in crate::tui::update) fn on_placed_by_other(
        &mut self,
        id: OrderId,
        by: String,
        lines: usize,
    ) {
        let placed = PlacedByOther {
            id,
            by,
            lines,
            is_confirmed: false,
            is_seen: false,
        };
        let is_known = self.state.orders.brief(&placed.id).is_some();
        // That it was finished here may come before that it was placed, and says more.
        let is_told = self.state.orders.finished.as_ref() == Some(&placed.id);
        self.state.orders.placed_by_other = Some(placed.clone());
        self.state.catalog.usual.is_old = true;

        // Where that shows the receipt, the sentence need not say which key does.
        if is_known {
            self.confirm_placed(&placed);
        } else {
            self.read_newest_orders();
        }
        // In plain mode it is said once it is known what it is called.
        if !is_told && !self.state.env.keymap.is_in_words() {
            self.notify_until_key(tell_placed(self.state, &placed), Tone::Info);
        }
    }

    /// Tells whether the record of an order says the same as who told of it: that it was placed just
    /// now, by them. Whoever may fill the cart can tell of any order.
    fn is_proven(&self, placed: &PlacedByOther) -> bool {
        let now = self.state.server_now();
        self.state.orders.brief(&placed.id).is_some_and(|order| {
            let is_new = order.at.is_some_and(|at| at.abs_diff(now) <= JUST_NOW);
            is_new && order.who.as_ref() == Some(&placed.by)
        })
    }

    /// Takes in that there is this order of somebody else. Whoever was about to order the same gets
    /// its receipt; all others keep what they look at.
    fn confirm_placed(&mut self, placed: &PlacedByOther) {
        if !self.is_proven(placed) {
            return;
        }
        if let Some(placed) = &mut self.state.orders.placed_by_other {
            placed.is_confirmed = true;
        }
        if self.state.alerts.note_order(&placed.id) {
            self.alert(describe_placed(self.state, placed));
        }
        if matches!(self.state.page(), Mode::Checkout(_)) {
            self.show_receipt_of_new(placed.id.clone());
        }
    }
}
