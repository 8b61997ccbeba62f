//! Placing an order: the preview that somebody confirms, and what becomes of the order.

use super::ON_ITS_WAY;
use super::list::receipt_of;
use crate::config::key::Key;
use crate::config::keymap::Action;
use crate::model::total::LineStatus;
use crate::model::{OrderBrief, OrderId, OrderState, Preview, Refusal, text};
use crate::store::Error;
use crate::store::live::{LiveRequest, OrderQuestion, OrderRequest};
use crate::store::order::Outcome;
use crate::tui::layout::checkout::shown_total;
use crate::tui::layout::ordering::{MAY_NOT_ORDER, has_order_key};
use crate::tui::message::Effect;
use crate::tui::state::checkout::CheckoutPage;
use crate::tui::state::{Connectivity, Mode, Tone};
use crate::tui::update::{CART_UNREAD, Updater};

impl Updater<'_> {
    /// Opens the checkout.
    pub(in crate::tui::update) fn open_checkout(&mut self) {
        if !self.state.cart.loaded {
            self.notify_error(CART_UNREAD);
            return;
        }
        if self.state.cart.shown.lines.is_empty() {
            self.notify_error(Refusal::EmptyCart.to_string());
            return;
        }

        self.state.mode = Mode::Checkout(CheckoutPage::default());
        self.state.checkout.preview = None;
        self.state.checkout.keys_together = false;
        self.state.checkout.last_seen_total = None;
        self.state.checkout.refused_total = None;
        self.read_preview();
    }

    /// Places the order that the checkout shows, once.
    pub(in crate::tui::update) fn place_order(&mut self) {
        // This confirmation has an answer of its own.
        self.state.checkout.refused_total = None;
        if !self.is_ready_to_order() || !self.has_seen_total() {
            return;
        }
        let Some(preview) = self.current_preview() else {
            self.refuse_early(
                "Nothing was ordered: the cart has just changed. Check it, then confirm",
            );
            return;
        };
        if preview.check().is_err() {
            // The checkout shows the reason.
            self.notify_warn(match preview.blocked().count() {
                0 => "Nothing was ordered".to_owned(),
                blocked => {
                    let lines = text::count(blocked, "line");
                    format!("Nothing was ordered: {lines} can't be ordered yet")
                }
            });
            return;
        }

        let id = OrderId::new(preview.at, self.state.next_order_bits());
        self.state.orders.placing = Some(id.clone());
        self.state.notice = None;
        self.request_order(OrderRequest::Place(id, preview));
    }

    /// Tells whether an order can be placed now; says why not.
    fn is_ready_to_order(&mut self) -> bool {
        if self.state.orders.placing.is_some() {
            self.notify_info(ON_ITS_WAY);
            return false;
        }
        if self.state.connectivity != Connectivity::Live {
            self.refuse_as_offline(
                "Nothing was ordered: the server is away. Confirm again when it is back",
            );
            return false;
        }
        if !self.state.catalog.knows_shop {
            self.notify_error(
                "Nothing was ordered: the shop, and so its currency, was not read yet",
            );
            return false;
        }
        if self.state.checkout.reading {
            self.refuse_early(
                "Nothing was ordered: the server has not answered yet. Confirm when it has",
            );
            return false;
        }
        true
    }

    /// Tells whether the total was read before the key was pressed, and the key was pressed for it
    /// alone; says what else is so.
    fn has_seen_total(&mut self) -> bool {
        if !self.state.digits.is_empty() {
            let key = self.state.env.keymap.key_of(Action::PlaceOrder);
            self.notify_error(format!(
                "Nothing was ordered: you typed a number first. Press {key} alone"
            ));
            return false;
        }
        if self.state.checkout.total_seen != Some(self.state.checkout.preview_number) {
            let key = self.state.env.keymap.key_of(Action::PlaceOrder);
            if self.state.checkout.keys_together {
                self.notify_error(format!(
                    "Nothing was ordered: {key} came together with other keys. Press {key} alone"
                ));
            } else {
                self.refuse_early(&format!(
                    "Nothing was ordered: {key} came before the total could be read. Look, then press {key}"
                ));
            }
            return false;
        }
        true
    }

    /// Refuses an order that was confirmed while the total that was seen may be changing. Where there is
    /// another one, or as soon as there is, that is told.
    fn refuse_early(&mut self, words: &str) {
        self.state.checkout.refused_total = self.state.checkout.last_seen_total;
        if !self.tell_changed_total() {
            self.notify_error(words);
        }
    }

    /// Tells of a total that is another one than that for which the order was confirmed; returns
    /// whether it is.
    pub(super) fn tell_changed_total(&mut self) -> bool {
        let checkout = &self.state.checkout;
        let (Some(preview), Some(before)) = (&checkout.preview, checkout.refused_total) else {
            return false;
        };
        let total = preview.total();
        // In plain mode the checkout itself is said again.
        let is_said = self.state.env.keymap.is_in_words();
        if is_said || total == before || preview.check().is_err() {
            return false;
        }

        let total = total.in_currency(&preview.currency);
        let before = before.in_currency(&preview.currency);
        let key = self.state.env.keymap.key_of(Action::PlaceOrder);
        self.notify_until_key(
            format!("The total is now {total}, it was {before}. {key} orders at the new total."),
            Tone::Warn,
        );
        true
    }

    /// Says how to place the order, where the key's small letter is pressed. It must not do so by
    /// itself: it may be a letter of a word that was meant for a prompt.
    pub(in crate::tui::update) fn hint_at_place_order(&mut self, pressed: Key) {
        if !has_order_key(self.state) {
            self.notify_warn(MAY_NOT_ORDER);
            return;
        }

        let key = self.state.env.keymap.key_of(Action::PlaceOrder);
        let is_small_letter = pressed.typed().is_some_and(|letter| {
            letter.is_lowercase() && letter.to_uppercase().to_string() == key
        });
        if is_small_letter {
            self.notify_info(format!("Press {key}, with Shift, to place the order"));
        }
    }

    /// Takes in that the next keys come together. None of them can be an answer to the total that
    /// shows.
    pub(in crate::tui::update) fn on_keys_together(&mut self) {
        let checkout = &mut self.state.checkout;
        checkout.keys_together = checkout.total_seen.take().is_some() || checkout.keys_together;
    }

    /// Takes in that a total has reached the terminal.
    pub(in crate::tui::update) fn on_total_shown(&mut self, number: u64) {
        if shown_total(self.state) == Some(number) {
            let preview = self.state.checkout.preview.as_ref();
            self.state.checkout.last_seen_total = preview.map(|preview| preview.total());
            self.state.checkout.total_seen = Some(number);
            self.state.checkout.keys_together = false;
        }
    }

    /// Forgets that the total was seen, once it does not show any more.
    pub(in crate::tui::update) fn forget_unseen_total(&mut self) {
        let seen = self.state.checkout.total_seen;
        if seen.is_some() && shown_total(self.state) != seen {
            self.state.checkout.total_seen = None;
        }
    }

    /// The preview, where it is what would be ordered now: the user sees what is bought.
    fn current_preview(&self) -> Option<Box<Preview>> {
        let is_changing = self.state.checkout.outdated || !self.state.cart.unconfirmed.is_empty();
        if is_changing {
            return None;
        }
        let preview = self.state.checkout.preview.as_ref()?;
        let is_current = preview.version == self.state.cart.confirmed.version;
        is_current.then(|| preview.clone())
    }

    /// Marks the preview as outdated, because products or rules have changed.
    pub(in crate::tui::update) fn invalidate_preview(&mut self) {
        self.state.checkout.outdated = true;
    }

    /// Reads the preview that the checkout shows, where it is missing or out of date.
    pub(in crate::tui::update) fn refresh_preview(&mut self) {
        let is_shown = matches!(self.state.mode, Mode::Checkout(_));
        if !is_shown || self.state.orders.placing.is_some() {
            return;
        }

        let version = self.state.cart.confirmed.version;
        let preview = self.state.checkout.preview.as_ref();
        let is_old = preview.is_none_or(|preview| preview.version < version);
        if is_old || self.state.checkout.outdated {
            self.read_preview();
        }
    }

    fn read_preview(&mut self) {
        if self.state.connectivity != Connectivity::Live || self.state.checkout.reading {
            return;
        }

        self.state.checkout.reading = true;
        self.state.checkout.outdated = false;
        let currency = self.state.shop.currency.clone();
        self.ask_orders(OrderQuestion::Preview(currency));
    }

    /// Names the products of a preview that are no longer sold as they were known here.
    pub(super) fn name_gone_products(&self, preview: &mut Preview) {
        let lines = preview.lines.iter_mut();
        for line in lines.filter(|line| line.status == LineStatus::Gone) {
            line.order_line.name = self.state.name_of(&line.order_line.product);
        }
    }

    /// Takes in how the order ended that was confirmed here.
    pub(super) fn on_order_ended(&mut self, outcome: Result<Outcome, Error>) {
        self.state.orders.placing = None;
        self.state.checkout.outdated = true;

        let asks_to_quit = matches!(self.state.mode, Mode::ConfirmQuit);
        if asks_to_quit && !matches!(outcome, Ok(Outcome::Placed(_))) {
            // The user should see the failure before quitting.
            self.state.mode = Mode::Browse;
        }

        match outcome {
            // The user asked to quit, and only waited for this.
            Ok(Outcome::Placed(_)) if asks_to_quit && self.state.is_settled() => {
                self.effects.push(Effect::Quit);
            }
            Ok(Outcome::Placed(id)) => self.show_placed_order(id),
            Ok(Outcome::Undone(failure)) => {
                self.read_products_in_cart();
                self.notify_error(failure.told_in(&self.state.shop.currency));
            }
            Ok(Outcome::Nothing) => self.refuse_early(&Refusal::CartChanged.to_string()),
            Err(Error::Refused(Refusal::CartChanged)) => {
                self.refuse_early(&Refusal::CartChanged.to_string());
            }
            Err(Error::Refused(refusal)) => {
                self.notify_error(self.told(refusal));
            }
            Err(Error::Trouble(trouble)) => {
                self.notify_error(format!("Nothing was ordered: {trouble}"))
            }
            Err(Error::Unknown { trouble, .. }) => {
                self.notify_error(format!(
                    "It is not known yet how the order ended: {trouble}"
                ));
            }
        }
    }

    fn show_placed_order(&mut self, id: OrderId) {
        self.follow_placed(id.clone(), self.state.env.me.clone());
        // In plain mode it is said with the total, once the order is read.
        if !self.state.env.keymap.is_in_words() {
            let name = self.state.orders.name_of(&id);
            self.notify_info(format!("Ordered: {name}"));
        }

        if matches!(self.state.page(), Mode::Checkout(_)) {
            self.show_receipt_of_new(id);
        } else {
            self.ask_orders(OrderQuestion::List);
        }
    }

    /// Follows an order that somebody has just placed.
    fn follow_placed(&mut self, id: OrderId, who: String) {
        let now = self.state.server_now();
        // That it was placed may be heard after what came of it.
        let known = self.state.orders.brief(&id).map(|known| known.state);
        self.state.orders.follow(OrderBrief {
            who: Some(who),
            at: Some(now),
            changed: Some(now),
            ..OrderBrief::in_state(id, known.unwrap_or(OrderState::Placed))
        });
    }

    /// Shows the receipt of an order that was just placed in place of the page that shows.
    pub(super) fn show_receipt_of_new(&mut self, id: OrderId) {
        *self.state.page() = receipt_of(id, false);
        self.ask_orders(OrderQuestion::List);
    }

    /// Reads the products in the cart again: somebody may have changed them without a message.
    fn read_products_in_cart(&mut self) {
        let lines = self.state.cart.confirmed.lines.iter();
        let products = lines.map(|line| line.product.clone()).collect();
        self.effects
            .push(Effect::Live(LiveRequest::Products(products)));
    }

    /// Finishes the order of another program that has stopped halfway, when that is due.
    pub(in crate::tui::update) fn resume_order(&mut self) {
        let now = self.state.now;
        if self.state.resume_due_at().is_some_and(|due| due <= now) {
            self.state.orders.resumed = Some(now);
            self.request_order(OrderRequest::Resume);
        }
    }

    /// Takes in how an order ended that another program had left halfway.
    pub(super) fn on_order_resumed(&mut self, outcome: Result<Outcome, Error>) {
        let reason = match outcome {
            Ok(Outcome::Placed(id)) => {
                let name = self.state.orders.name_of(&id);
                self.notify_info(format!(
                    "Order {name}, which had stopped halfway, is placed now"
                ));
                self.state.orders.finished = Some(id);
                return;
            }
            Ok(Outcome::Undone(failure)) => {
                self.notify_error(failure.told_in(&self.state.shop.currency));
                return;
            }
            Ok(Outcome::Nothing) => return,
            Err(Error::Trouble(trouble) | Error::Unknown { trouble, .. }) => {
                Error::Trouble(trouble).to_string()
            }
            Err(Error::Refused(refusal)) => self.told(refusal),
        };

        let Some(ordering) = &self.state.cart.confirmed.ordering else {
            return;
        };
        let by = &ordering.by;
        let report =
            format!("The order of {by} stopped halfway and can't be finished here: {reason}");

        // It is reported once: another program may finish it, and until then nothing changes here.
        self.state.orders.stuck = Some(ordering.id.clone());
        self.notify_error(report);
    }
}
