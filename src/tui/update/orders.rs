//! The checkout and the past orders: opening them, placing an order, and what becomes of it.

use super::{CART_UNREAD, Updater};
use crate::config::key::Key;
use crate::config::keymap::Action;
use crate::model::total::{LineStatus, ProductLookup};
use crate::model::{
    Again, Change, ChangeKind, Currency, Order, OrderBrief, OrderId, OrderLine, OrderState,
    Preview, Refusal, text,
};
use crate::store::live::{LiveRequest, NEWEST_LISTED};
use crate::store::live::{OrderEvent, OrderRequest};
use crate::store::order::Outcome;
use crate::store::{Error, Trouble};
use crate::tui::layout::activity::{describe_event_with_author, describe_placed, tell_placed};
use crate::tui::layout::orders::{Extent, MAY_NOT_ORDER, extent, has_order_key, shown_total};
use crate::tui::message::Effect;
use crate::tui::state::activity::CartEventKind;
use crate::tui::state::areas::SIDE_BY_SIDE;
use crate::tui::state::orders::{
    AgainQuestion, AskedAgain, CheckoutPage, KeptStates, PlacedByOther, Portion,
};
use crate::tui::state::scroll::Scroll;
use crate::tui::state::{Connectivity, Mode, Tone};
use tui_input::Input;

/// Milliseconds after which an order that is told of is no new one any more.
const JUST_NOW: u64 = 60_000;

impl Updater<'_> {
    /// Opens the checkout.
    pub(super) fn open_checkout(&mut self) {
        if !self.state.cart.loaded {
            self.notify_error(CART_UNREAD);
            return;
        }
        if self.state.cart.shown.lines.is_empty() {
            self.notify_error(Refusal::EmptyCart.to_string());
            return;
        }

        self.state.mode = Mode::Checkout(CheckoutPage::default());
        self.state.orders.preview = None;
        self.state.orders.keys_together = false;
        self.state.orders.last_seen_total = None;
        self.state.orders.refused_total = None;
        self.read_preview();
    }

    /// Opens the past orders. Where a receipt would not show beside them, that of an order which
    /// nobody has looked at here comes first.
    pub(super) fn open_orders(&mut self) {
        self.request_order(OrderRequest::List);
        let is_narrow = self.state.size.0 < SIDE_BY_SIDE;
        let unread = self.state.orders.unread().filter(|_| is_narrow);
        self.state.mode = match unread {
            Some(order) => receipt_of(order.id.clone(), false),
            None => Mode::Orders,
        };
    }

    /// Opens the receipt of the order that the header shows.
    pub(super) fn open_open_order(&mut self) {
        let now = self.state.server_now();
        let Some((order, _)) = self.state.orders.open(now) else {
            return;
        };
        let id = order.id.clone();
        self.state.notice = None;
        self.state.covered = None;
        self.state.mode = receipt_of(id, false);
        self.request_order(OrderRequest::List);
    }

    /// Opens the receipt of the selected order.
    pub(super) fn open_receipt(&mut self) {
        if let Some(order) = self.state.orders.selected() {
            self.state.mode = receipt_of(order.id.clone(), true);
        }
    }

    /// Puts the lines of the order that shows back into the cart, as one change; or our own part of
    /// it alone, where that was offered.
    pub(super) fn order_again(&mut self) {
        let Some(order) = self.state.shown_order() else {
            return;
        };
        if !self.state.cart.loaded {
            self.notify_error(CART_UNREAD);
            return;
        }
        let has_all = self.state.catalog.loaded && self.state.catalog.load_trouble.is_none();
        let is_unread =
            |line: &OrderLine| matches!(self.state.lookup(&line.product), ProductLookup::Unread);
        if !has_all && order.lines.iter().any(is_unread) {
            self.notify_error("Nothing was added: the products are not read yet");
            return;
        }

        let order = order.clone();
        let asked = self.state.orders.asked_again.take();
        let answered = asked.filter(|asked| asked.order == order.id);
        let portion = answered
            .as_ref()
            .map_or(Portion::Whole, |asked| asked.portion);

        let again = self.again(&order, portion);
        let differences = again.differences();
        let edits = again.edits();
        if edits.is_empty() {
            let none = Refusal::NoneOrderable(order.name()).to_string();
            self.notify_until_key(sentences(none, &differences), Tone::Bad);
            return;
        }
        if let Some(refusal) = self.refusal_of(&again) {
            self.refuse_again(order, portion, &again, refusal);
            return;
        }

        let keymap = &self.state.env.keymap;
        let lines = text::count(again.coming_back().count(), "line");
        let name = order.name();
        let what = match portion {
            Portion::Whole => format!("{lines} of {name}"),
            Portion::Own => format!("your {lines} of {name}"),
        };

        // Pressed twice, it must not double a lunch without a word.
        let is_more = answered.is_some_and(|asked| asked.question == AgainQuestion::Twice);
        if again.is_there(&self.state.cart.shown) && !is_more {
            let key = keymap.key_of(Action::Again);
            let told =
                format!("You have {what} in the cart already: {key} adds the same once more");
            self.notify_until_key(told, Tone::Warn);
            self.state.orders.asked_again = Some(AskedAgain {
                order: order.id,
                portion,
                question: AgainQuestion::Twice,
            });
            return;
        }

        let undo = keymap.key_of(Action::Undo);
        let change = Change {
            op: self.state.next_op().putting_back(&order.id),
            kind: ChangeKind::Edit,
            edits,
        };
        let is_submitted = self.submit_change(change);
        if is_submitted && self.state.env.keymap.is_in_words() {
            // That it is done is said once it is.
            if !differences.is_empty() {
                self.notify_warn(differences.join(" "));
            }
        } else if is_submitted {
            let whose = if again.takes_over { " as yours" } else { "" };
            let put_back = format!("Put {what} into the cart{whose}; {undo} undoes that");
            let tone = if differences.is_empty() {
                Tone::Info
            } else {
                Tone::Warn
            };
            self.notify_until_key(sentences(put_back, &differences), tone);
        }
    }

    /// Says why the cart's rules keep an order out, and offers our own part of it where they would
    /// let that in.
    fn refuse_again(&mut self, order: Order, portion: Portion, again: &Again, refusal: Refusal) {
        let name = order.name();
        let why = self.told(refusal);
        let total = again.total().in_currency(&again.currency);
        let told = match portion {
            Portion::Whole if again.takes_over => {
                format!("{why}. All of {name} would be yours: {total}")
            }
            Portion::Whole => format!("{why}. {name} costs {total} today"),
            Portion::Own => format!("{why}. Your part of {name} costs {total} today"),
        };

        let own = self.again(&order, Portion::Own);
        let has_others = again.takes_over && own.coming_back().next().is_some();
        if !has_others || self.refusal_of(&own).is_some() {
            self.notify_until_key(told, Tone::Bad);
            return;
        }

        let key = self.state.env.keymap.key_of(Action::Again);
        let own_total = own.total().in_currency(&own.currency);
        let offered = format!("{told}. {key} again adds only your part, {own_total}");
        self.notify_until_key(offered, Tone::Bad);
        self.state.orders.asked_again = Some(AskedAgain {
            order: order.id,
            portion: Portion::Own,
            question: AgainQuestion::OwnPart,
        });
    }

    /// Works out what of an order, or of our own part of it, can be put back.
    fn again(&self, order: &Order, portion: Portion) -> Again {
        let me = &self.state.env.me;
        let own = match portion {
            Portion::Whole => None,
            Portion::Own => Some(order.part_of(me)),
        };
        let cart = &self.state.cart.shown;
        let currency = &self.state.shop.currency;
        Again::of(own.as_ref().unwrap_or(order), currency, cart, me, |id| {
            self.state.catalog.catalog.get(id)
        })
    }

    /// The refusal of the cart's rules that putting this back would meet.
    fn refusal_of(&self, again: &Again) -> Option<Refusal> {
        let is_closed = self.state.is_closed();
        again.refused(&self.state.cart.shown, is_closed, |id| {
            self.state.catalog.catalog.get(id)?.price
        })
    }

    /// Asks whether to cancel the order that shows, where whoever ordered may still do so.
    pub(super) fn ask_cancel(&mut self) {
        let Some(order) = self.state.shown_order() else {
            return;
        };
        let refusal = order.refuse_cancel_by(self.state.is_me(&order.who));
        let id = order.id.clone();

        if let Some(refusal) = refusal {
            self.notify_error(refusal.to_string());
        } else if self.state.connectivity != Connectivity::Live {
            let name = self.state.orders.name_of(&id);
            self.refuse_as_offline(format!("Offline: {name} was not cancelled"));
        } else {
            self.cover(Mode::ConfirmCancel(id));
        }
    }

    /// Cancels the order that was asked about.
    pub(super) fn cancel_order(&mut self) {
        let Mode::ConfirmCancel(id) = &self.state.mode else {
            return;
        };
        let id = id.clone();
        self.uncover();
        self.state.orders.cancelling = Some(id.clone());
        self.request_order(OrderRequest::Cancel(id));
    }

    /// Takes in what became of a cancellation that was asked for here.
    fn on_cancelled(&mut self, id: &OrderId, outcome: Result<(), Error>) {
        self.state.orders.cancelling = None;
        let name = self.state.orders.name_of(id);
        match outcome {
            Ok(()) => {
                self.notify_info(format!("{name} is cancelled"));
                self.reread_order(id);
            }
            Err(Error::Refused(refusal)) => self.notify_error(self.told(refusal)),
            Err(Error::Trouble(trouble) | Error::Unknown { trouble, .. }) => {
                self.notify_error(format!(
                    "It is not known whether {name} was cancelled: {trouble}"
                ));
            }
        }
    }

    /// Keeps the rows of these views on the screen, whatever its size and however many there are.
    pub(super) fn clamp_orders_scroll(&mut self) {
        self.clamp_receipt();
        self.read_older_orders();
        let Some(Extent { rows, page }) = extent(self.state) else {
            return;
        };

        if let Some(scroll) = self.state.page_scroll() {
            scroll.keep_within(rows, page);
        }
    }

    /// Places the order that the checkout shows, once.
    pub(super) fn place_order(&mut self) {
        // This confirmation has an answer of its own.
        self.state.orders.refused_total = None;
        if self.state.orders.placing.is_some() {
            self.notify_info("The order is on its way already");
            return;
        }
        if self.state.connectivity != Connectivity::Live {
            self.refuse_as_offline(
                "Nothing was ordered: the server is away. Confirm again when it is back",
            );
            return;
        }
        if !self.state.catalog.loaded {
            self.notify_error(
                "Nothing was ordered: the shop, and so its currency, was not read yet",
            );
            return;
        }
        if self.state.orders.reading {
            self.refuse_early(
                "Nothing was ordered: the server has not answered yet. Confirm when it has",
            );
            return;
        }

        if !self.state.digits.is_empty() {
            let key = self.state.env.keymap.key_of(Action::PlaceOrder);
            self.notify_error(format!(
                "Nothing was ordered: you typed a number first. Press {key} alone"
            ));
            return;
        }
        if self.state.orders.total_seen != Some(self.state.orders.preview_number) {
            let key = self.state.env.keymap.key_of(Action::PlaceOrder);
            if self.state.orders.keys_together {
                self.notify_error(format!(
                    "Nothing was ordered: {key} came together with other keys. Press {key} alone"
                ));
            } else {
                self.refuse_early(&format!(
                    "Nothing was ordered: {key} came before the total could be read. Look, then press {key}"
                ));
            }
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

    /// Refuses an order that was confirmed while the total that was seen may be changing. Where there is
    /// another one, or as soon as there is, that is told.
    fn refuse_early(&mut self, words: &str) {
        self.state.orders.refused_total = self.state.orders.last_seen_total;
        if !self.tell_changed_total() {
            self.notify_error(words);
        }
    }

    /// Tells of a total that is another one than that for which the order was confirmed; returns
    /// whether it is.
    fn tell_changed_total(&mut self) -> bool {
        let orders = &self.state.orders;
        let (Some(preview), Some(before)) = (&orders.preview, orders.refused_total) else {
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
    pub(super) fn hint_at_place_order(&mut self, pressed: Key) {
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
    pub(super) fn on_keys_together(&mut self) {
        let orders = &mut self.state.orders;
        orders.keys_together = orders.total_seen.take().is_some() || orders.keys_together;
    }

    /// Takes in that a total has reached the terminal.
    pub(super) fn on_total_shown(&mut self, number: u64) {
        if shown_total(self.state) == Some(number) {
            let preview = self.state.orders.preview.as_ref();
            self.state.orders.last_seen_total = preview.map(|preview| preview.total());
            self.state.orders.total_seen = Some(number);
            self.state.orders.keys_together = false;
        }
    }

    /// Forgets that the total was seen, once it does not show any more.
    pub(super) fn forget_unseen_total(&mut self) {
        let seen = self.state.orders.total_seen;
        if seen.is_some() && shown_total(self.state) != seen {
            self.state.orders.total_seen = None;
        }
    }

    /// The preview, where it is what would be ordered now: the user sees what is bought.
    fn current_preview(&self) -> Option<Box<Preview>> {
        let is_changing = self.state.orders.outdated || !self.state.cart.unconfirmed.is_empty();
        if is_changing {
            return None;
        }
        let preview = self.state.orders.preview.as_ref()?;
        let is_current = preview.version == self.state.cart.confirmed.version;
        is_current.then(|| preview.clone())
    }

    /// Takes in an event about orders.
    pub(super) fn on_order_event(&mut self, mut event: OrderEvent) {
        let display = self.state.env.display;
        for currency in currencies(&mut event) {
            display.fit_currency(currency);
        }

        match event {
            OrderEvent::Preview(mut preview) => {
                self.name_gone_products(&mut preview);
                self.select_in_preview(&preview);
                self.state.orders.reading = false;
                self.state.orders.preview = Some(preview);
                self.state.orders.preview_number += 1;
                if !self.state.orders.outdated {
                    self.tell_changed_total();
                    self.state.orders.refused_total = None;
                }
            }
            OrderEvent::List(page) => {
                self.take_in_states(page.orders.iter().map(OrderBrief::from));
                let selected = self.state.orders.selected().map(|order| order.id.clone());
                self.state.orders.take_in(page);
                self.filter_in_place(selected.as_ref());
            }

            OrderEvent::State(order) => self.on_order_state(order),
            OrderEvent::Newest(orders) => self.on_newest_orders(orders),
            OrderEvent::Usual(products) => self.on_usual(products),
            OrderEvent::Read(order) => {
                self.take_in_states([OrderBrief::from(&*order)]);
                self.state.orders.replace(*order);
            }
            OrderEvent::Marked(id) if self.state.shows_orders() => self.reread_order(&id),
            OrderEvent::Marked(_) => {}
            OrderEvent::Settled(outcome) => self.on_part_settled(*outcome),
            OrderEvent::Waits(trouble) => self.notify_error(format!("The order waits: {trouble}")),
            OrderEvent::Failed(trouble) => self.on_order_request_failed(trouble),
            OrderEvent::Ended(_, outcome) => self.on_order_ended(outcome),
            OrderEvent::Cancelled(id, outcome) => self.on_cancelled(&id, outcome),
            OrderEvent::Resumed(outcome) => self.on_order_resumed(outcome),
        }
    }

    /// Names the products of a preview that are no longer sold as they were known here.
    fn name_gone_products(&self, preview: &mut Preview) {
        let lines = preview.lines.iter_mut();
        for line in lines.filter(|line| line.status == LineStatus::Gone) {
            line.order_line.name = self.state.name_of(&line.order_line.product);
        }
    }

    /// Takes in that a preview or a list can't be had. A view that has nothing else to show is
    /// closed; the user may open it again, but it is not retried for ever.
    fn on_order_request_failed(&mut self, trouble: Trouble) {
        let was_previewing = std::mem::take(&mut self.state.orders.reading);
        let shows_no_list = !was_previewing && self.state.orders.list.is_none();
        let page = self.state.page();
        let shows_nothing = match page {
            Mode::Checkout(_) => was_previewing,
            Mode::Orders | Mode::OrderSearch | Mode::Receipt { .. } => shows_no_list,
            Mode::Browse
            | Mode::Search
            | Mode::Palette { .. }
            | Mode::Prompt { .. }
            | Mode::Help(_)
            | Mode::Carts
            | Mode::ConfirmQuit
            | Mode::ConfirmCancel(_)
            | Mode::ConfirmClear(_) => false,
        };

        if shows_nothing {
            *page = Mode::Browse;
        }
        self.notify_error(Error::Trouble(trouble).to_string());
    }

    /// Takes in how the order ended that was confirmed here.
    fn on_order_ended(&mut self, outcome: Result<Outcome, Error>) {
        self.state.orders.placing = None;
        self.state.orders.outdated = true;

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
            self.request_order(OrderRequest::List);
        }
    }

    /// Follows an order that somebody has just placed.
    pub(super) fn follow_placed(&mut self, id: OrderId, who: String) {
        let now = self.state.server_now();
        // That it was placed may be heard after what came of it.
        let known = self.state.orders.brief(&id).map(|known| known.state);
        self.state.orders.follow(OrderBrief {
            who: Some(who),
            at: Some(now),
            changed: Some(now),
            ..OrderBrief::told(id, known.unwrap_or(OrderState::Placed))
        });
    }

    /// Shows the receipt of an order that was just placed in place of the page that shows.
    fn show_receipt_of_new(&mut self, id: OrderId) {
        *self.state.page() = receipt_of(id, false);
        self.request_order(OrderRequest::List);
    }

    /// Reads the products in the cart again: somebody may have changed them without a message.
    fn read_products_in_cart(&mut self) {
        let lines = self.state.cart.confirmed.lines.iter();
        let products = lines.map(|line| line.product.clone()).collect();
        self.effects
            .push(Effect::Live(LiveRequest::Products(products)));
    }

    /// Takes in how an order ended that another program had left halfway.
    fn on_order_resumed(&mut self, outcome: Result<Outcome, Error>) {
        let reason = match outcome {
            Ok(Outcome::Placed(id)) => {
                let name = self.state.orders.name_of(&id);
                self.notify_info(format!(
                    "Order {name}, which had stopped halfway, is placed now"
                ));
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

    /// Looks again for the orders that show, as they are told otherwise now.
    pub(super) fn refilter_orders(&mut self) {
        let selected = self.state.orders.selected().map(|order| order.id.clone());
        self.filter_in_place(selected.as_ref());
    }

    /// Shows the orders that are found now; the selected one stays selected.
    fn filter_in_place(&mut self, selected: Option<&OrderId>) {
        self.state.filter_orders(selected);
        if matches!(self.state.mode, Mode::Orders | Mode::OrderSearch)
            && let Some(Extent { rows, page }) = extent(self.state)
        {
            self.state.orders.scroll.keep_within(rows, page);
        }
    }

    /// Takes in orders that were read, the newest first. News of those that are followed may have been
    /// missed.
    fn take_in_states(&mut self, orders: impl IntoIterator<Item = OrderBrief>) {
        for order in orders {
            if self.state.orders.brief(&order.id).is_some() {
                self.announce_order_state(order);
            }
        }
    }

    /// Takes in the newest orders in short. What became of those that were not followed is no news.
    fn on_newest_orders(&mut self, mut orders: Vec<OrderBrief>) {
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
    fn on_order_state(&mut self, mut order: OrderBrief) {
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
    pub(super) fn on_placed_by_other(&mut self, id: OrderId, by: String, lines: usize) {
        let placed = PlacedByOther {
            id,
            by,
            lines,
            is_confirmed: false,
            is_seen: false,
        };
        let is_known = self.state.orders.brief(&placed.id).is_some();
        self.state.orders.placed_by_other = Some(placed.clone());
        self.state.catalog.usual.is_old = true;

        // Where that shows the receipt, the sentence need not say which key does.
        if is_known {
            self.confirm_placed(&placed);
        } else {
            self.read_newest_orders();
        }
        // In plain mode it is said once it is known what it is called.
        if !self.state.env.keymap.is_in_words() {
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

    /// Notes that the user sees the newest orders, where these show.
    pub(super) fn see_orders(&mut self) {
        if self.state.shows_orders()
            && self.state.areas().is_some()
            && let Some(placed) = &mut self.state.orders.placed_by_other
        {
            placed.is_seen = true;
        }
    }

    /// Reads an order again of which there was news: with the newest, or alone.
    fn reread_order(&mut self, id: &OrderId) {
        let mut known = self.state.orders.list.iter().flatten();
        let place = known.position(|order| order.id == *id);
        self.request_order(if place.is_some_and(|place| place >= NEWEST_LISTED) {
            OrderRequest::Read(id.clone())
        } else {
            OrderRequest::List
        });
    }

    /// Reads older orders before they are wanted.
    fn read_older_orders(&mut self) {
        let is_live = self.state.connectivity == Connectivity::Live;
        if !is_live || !self.state.shows_orders() {
            return;
        }
        let page = usize::from(self.state.body().height);
        let top = self.state.orders.scroll.top;
        if let Some(from) = self.state.orders.older_due(top, page) {
            self.state.orders.reading_older = true;
            self.request_order(OrderRequest::Older(from));
        }
    }

    /// Tells whether the keys of the list of orders are those of its search and its states.
    pub(super) fn is_among_orders(&self) -> bool {
        matches!(self.state.mode, Mode::Orders | Mode::Receipt { .. })
    }

    /// Begins a search among the orders.
    pub(super) fn start_order_search(&mut self) {
        self.state.mode = Mode::OrderSearch;
        self.state.orders.words = Input::default();
        self.show_found_orders();
    }

    /// Shows the orders that are searched for now. The selected one stays selected among them.
    pub(super) fn show_found_orders(&mut self) {
        let selected = self.state.orders.selected().map(|order| order.id.clone());
        self.state.orders.scroll = Scroll::default();
        self.state.filter_orders(selected.as_ref());
    }

    /// Shows all orders again.
    pub(super) fn show_all_orders(&mut self) {
        self.state.orders.words = Input::default();
        self.state.orders.kept = KeptStates::All;
        self.show_found_orders();
    }

    /// Shows the orders in other states.
    pub(super) fn show_next_states(&mut self, forward: bool) {
        self.state.mode = Mode::Orders;
        self.state.orders.kept = self.state.orders.kept.next(forward);
        self.show_found_orders();
    }

    /// Gives up on answers that a broken connection does not bring. An order on its way goes on.
    pub(super) fn interrupt_orders(&mut self) {
        self.state.orders.reading = false;
        self.state.orders.outdated = true;
        if let Some(id) = self.state.orders.cancelling.take() {
            let name = self.state.orders.name_of(&id);
            self.notify_error(format!("It is not known whether {name} was cancelled"));
        }
        // What was read may have changed since.
        self.state.orders.read = 0;
        self.state.catalog.usual.is_old = true;
        self.state.orders.reading_older = false;
        // Another server, or other rights, may do better.
        self.state.orders.stuck = None;
    }

    /// Reads the orders that show when the connection is up: for the first time, or again. A
    /// preview is read by [`Updater::refresh_preview`].
    pub(super) fn reread_shown_orders(&mut self) {
        if self.state.shows_orders() {
            self.request_order(OrderRequest::List);
        }
    }

    /// Reads the newest orders in short: which of them are open, and what news were missed.
    pub(super) fn read_newest_orders(&mut self) {
        self.request_order(OrderRequest::Newest);
    }

    /// Marks the preview as outdated, because products or rules have changed.
    pub(super) fn invalidate_preview(&mut self) {
        self.state.orders.outdated = true;
    }

    /// Reads the preview that the checkout shows, where it is missing or out of date.
    pub(super) fn refresh_preview(&mut self) {
        let is_shown = matches!(self.state.mode, Mode::Checkout(_));
        if !is_shown || self.state.orders.placing.is_some() {
            return;
        }

        let version = self.state.cart.confirmed.version;
        let preview = self.state.orders.preview.as_ref();
        let is_old = preview.is_none_or(|preview| preview.version < version);
        if is_old || self.state.orders.outdated {
            self.read_preview();
        }
    }

    fn read_preview(&mut self) {
        if self.state.connectivity != Connectivity::Live || self.state.orders.reading {
            return;
        }

        self.state.orders.reading = true;
        self.state.orders.outdated = false;
        let currency = self.state.shop.currency.clone();
        self.request_order(OrderRequest::Preview(currency));
    }

    /// Finishes the order of another program that has stopped halfway, when that is due.
    pub(super) fn resume_order(&mut self) {
        let now = self.state.now;
        if self.state.resume_due_at().is_some_and(|due| due <= now) {
            self.state.orders.resumed = Some(now);
            self.request_order(OrderRequest::Resume);
        }
    }

    pub(super) fn request_order(&mut self, request: OrderRequest) {
        self.effects.push(Effect::Live(LiveRequest::Order(request)));
    }
}

/// The currencies of the amounts that an event brings.
fn currencies(event: &mut OrderEvent) -> Vec<&mut Currency> {
    match event {
        OrderEvent::Preview(preview) => vec![&mut preview.currency],
        OrderEvent::List(page) => page.orders.iter_mut().map(|it| &mut it.currency).collect(),
        OrderEvent::Newest(briefs) => briefs.iter_mut().filter_map(in_brief).collect(),
        OrderEvent::State(brief) => in_brief(brief).into_iter().collect(),
        OrderEvent::Read(order) => vec![&mut order.currency],
        OrderEvent::Settled(outcome) => match outcome.as_mut() {
            Ok(order) => vec![&mut order.currency],
            Err(_) => Vec::new(),
        },
        OrderEvent::Ended(..)
        | OrderEvent::Resumed(_)
        | OrderEvent::Waits(_)
        | OrderEvent::Failed(_)
        | OrderEvent::Cancelled(..)
        | OrderEvent::Usual(_)
        | OrderEvent::Marked(_) => Vec::new(),
    }
}

/// The currency of an order's total, where that is known.
fn in_brief(brief: &mut OrderBrief) -> Option<&mut Currency> {
    let (_, currency) = brief.total.as_mut()?;
    Some(currency)
}

/// The receipt of an order, which was opened from the list or not.
fn receipt_of(order: OrderId, from_list: bool) -> Mode {
    Mode::Receipt {
        order,
        scroll: Scroll::default(),
        from_list,
    }
}

/// A sentence, and those that follow it.
fn sentences(first: String, others: &[String]) -> String {
    if others.is_empty() {
        return first;
    }
    format!("{first}. {}", others.join(" "))
}
