//! The checkout and the past orders: opening them, placing an order, and what becomes of it.

use super::{CART_UNREAD, Updater};
use crate::config::key::Key;
use crate::config::keymap::Action;
use crate::model::total::{LineStatus, ProductLookup};
use crate::model::{
    Again, ChangeKind, Order, OrderId, OrderLine, OrderState, Preview, Refusal, text,
};
use crate::store::live::{LiveRequest, NEWEST_LISTED};
use crate::store::live::{OrderEvent, OrderRequest};
use crate::store::order::Outcome;
use crate::store::{Error, Trouble};
use crate::tui::layout::orders::{Extent, MAY_NOT_ORDER, extent, has_order_key, shown_total};
use crate::tui::message::Effect;
use crate::tui::state::activity::{ActivityEntry, CartEventKind};
use crate::tui::state::orders::{CheckoutPage, KeptStates};
use crate::tui::state::scroll::Scroll;
use crate::tui::state::{Connectivity, Mode, Tone};
use tui_input::Input;

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
        self.read_preview();
    }

    /// Opens the past orders.
    pub(super) fn open_orders(&mut self) {
        self.state.mode = Mode::Orders;
        self.request_order(OrderRequest::List);
    }

    /// Opens the receipt of the selected order.
    pub(super) fn open_receipt(&mut self) {
        if let Some(order) = self.state.orders.selected() {
            self.state.mode = Mode::Receipt {
                order: order.id.clone(),
                scroll: Scroll::default(),
                from_list: true,
            };
        }
    }

    /// Puts the lines of the order that shows back into the cart, as one change.
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

        let again = Again::of(
            order,
            &self.state.shop.currency,
            |id| self.state.cart.shown.quantity(id),
            |id| self.state.catalog.catalog.get(id),
        );
        let name = order.name();
        let lines = text::count(again.coming_back().count(), "line");
        let undo = self.state.env.keymap.key_of(Action::Undo);
        let differences = again.differences();

        let edits = again.edits();
        if edits.is_empty() {
            let none = Refusal::NoneOrderable(name).to_string();
            self.notify_until_key(sentences(none, &differences), Tone::Bad);
            return;
        }
        if self.submit(ChangeKind::Edit, edits) {
            let put_back = format!("Put {lines} of {name} back; {undo} undoes that");
            let tone = if differences.is_empty() {
                Tone::Info
            } else {
                Tone::Warn
            };
            self.notify_until_key(sentences(put_back, &differences), tone);
        }
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
            self.notify_error(format!("Offline: {name} was not cancelled"));
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
                self.notify_error(format!("{name} may not be cancelled: {trouble}"));
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
        if self.state.orders.placing.is_some() {
            self.notify_info("The order is on its way already");
            return;
        }
        if self.state.connectivity != Connectivity::Live {
            self.notify_error("Not ordered: the server is away. Confirm again when it is back");
            return;
        }
        if self.state.orders.reading {
            self.notify_error(
                "Nothing was ordered: the server has not answered yet. Confirm when it has",
            );
            return;
        }

        if self.state.count.is_some() {
            let key = self.state.env.keymap.key_of(Action::PlaceOrder);
            self.notify_error(format!(
                "Nothing was ordered: a number came before it. Press {key} alone"
            ));
            return;
        }
        if self.state.orders.total_seen != Some(self.state.orders.preview_number) {
            let key = self.state.env.keymap.key_of(Action::PlaceOrder);
            self.notify_error(if self.state.orders.keys_together {
                format!(
                    "Nothing was ordered: {key} came together with other keys. Press {key} alone"
                )
            } else {
                format!(
                    "Nothing was ordered: {key} came before the total could be read. Look, then press {key}"
                )
            });
            return;
        }

        let Some(preview) = self.current_preview() else {
            self.notify_error("Not ordered: the cart is just changing. Look again, then confirm");
            return;
        };
        if preview.orderable_lines().is_err() {
            // The checkout shows the reason.
            let explanation = self.explain_refused_order(&preview);
            self.notify_warn(explanation);
            return;
        }

        let id = OrderId::new(preview.at, self.state.next_order_bits());
        self.state.orders.placing = Some(id.clone());
        self.state.notice = None;
        self.request_order(OrderRequest::Place(id, preview));
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

    /// The message for an order that can't be placed. Somebody else may just have been faster.
    fn explain_refused_order(&self, preview: &Preview) -> String {
        let last = self.state.activity.entries.last();
        match last.and_then(ActivityEntry::change) {
            Some(last) if last.kind == ChangeKind::Order && preview.lines.is_empty() => {
                let orders = self.state.env.keymap.key_of(Action::Orders);
                let by = &last.by;
                format!(
                    "{by} has just ordered it: nothing was ordered again · {orders} shows the order"
                )
            }
            _ => match preview.blocked().count() {
                0 => "Nothing was ordered".to_owned(),
                blocked => {
                    let lines = text::count(blocked, "line");
                    format!("Nothing was ordered: {lines} can't be ordered yet")
                }
            },
        }
    }

    /// Takes in an event about orders.
    pub(super) fn on_order_event(&mut self, event: OrderEvent) {
        match event {
            OrderEvent::Preview(mut preview) => {
                self.name_gone_products(&mut preview);
                self.select_in_preview(&preview);
                self.state.orders.reading = false;
                self.state.orders.preview = Some(preview);
                self.state.orders.preview_number += 1;
            }
            OrderEvent::List(page) => {
                self.take_in_states(&page.orders);
                let selected = self.state.orders.selected().map(|order| order.id.clone());
                self.state.orders.take_in(page);
                self.state.filter_orders(selected.as_ref());
                if matches!(self.state.mode, Mode::Orders | Mode::OrderSearch)
                    && let Some(Extent { rows, page }) = extent(self.state)
                {
                    self.state.orders.scroll.keep_within(rows, page);
                }
            }

            OrderEvent::State(id, order_state, number) => {
                let at = self.state.server_now();
                self.on_order_state(&id, order_state, number, at);
            }
            OrderEvent::Read(order) => {
                self.take_in_states(std::slice::from_ref(&order));
                self.state.orders.replace(*order);
            }
            OrderEvent::Marked(id) if self.shows_orders() => self.reread_order(&id),
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
            | Mode::ConfirmClear => false,
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
            Ok(Outcome::Nothing) => self.notify_error(Refusal::CartChanged.to_string()),
            Err(Error::Refused(refusal)) => {
                self.notify_error(self.told(refusal));
            }
            Err(Error::Trouble(trouble)) => self.notify_error(format!("Not ordered: {trouble}")),
            Err(Error::Unknown { trouble, .. }) => {
                self.notify_error(format!(
                    "It is not known yet how the order ended: {trouble}"
                ));
            }
        }
    }

    fn show_placed_order(&mut self, id: OrderId) {
        self.state.orders.follow(&id, OrderState::Placed, None);
        let name = self.state.orders.name_of(&id);
        self.notify_info(format!("Ordered: {name}"));
        self.request_order(OrderRequest::List);

        let page = self.state.page();
        if matches!(page, Mode::Checkout(_)) {
            *page = Mode::Receipt {
                order: id,
                scroll: Scroll::default(),
                from_list: false,
            };
        }
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
                    "Order {name}, which was left on its way, is placed now"
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
            format!("The order of {by} stopped on its way, and can't be finished here: {reason}");

        // It is reported once: another program may finish it, and until then nothing changes here.
        self.state.orders.stuck = Some(ordering.id.clone());
        self.notify_error(report);
    }

    /// Takes in the states of followed orders that were read: news may have been missed.
    fn take_in_states(&mut self, orders: &[Order]) {
        for order in orders {
            let mut followed = self.state.orders.followed.iter();
            if followed.any(|known| known.id == order.id && known.state != order.state) {
                self.announce_order_state(&order.id, order.state, order.number, order.changed);
            }
        }
    }

    /// Takes in that an order came into another state, at this time by the server's clock.
    fn on_order_state(
        &mut self,
        id: &OrderId,
        order_state: OrderState,
        number: Option<u32>,
        at: u64,
    ) {
        let list = &mut self.state.orders.list;
        let known = list.iter_mut().flatten().find(|order| order.id == *id);
        let is_new = known.is_none();
        if let Some(order) = known {
            order.state = order_state;
        }

        let selected = self.state.orders.selected().map(|order| order.id.clone());
        self.state.filter_orders(selected.as_ref());
        self.announce_order_state(id, order_state, number, at);

        let has_list = self.state.orders.list.is_some();
        if self.shows_orders() || (is_new && has_list) {
            self.reread_order(id);
        }
    }

    /// Tells that an order came into this state, where that is news.
    fn announce_order_state(
        &mut self,
        id: &OrderId,
        order_state: OrderState,
        number: Option<u32>,
        at: u64,
    ) {
        let is_news = self.state.orders.follow(id, order_state, number);
        if is_news && order_state != OrderState::Placed {
            self.note_event(at, CartEventKind::Order(id.clone(), order_state));
            let name = self.state.orders.name_of(id);
            let news = format!("Order {name} is {}", order_state.name());
            self.notify_until_key(news, Tone::Info);
        }
    }

    /// Notes that the user has seen the states of the orders, where these show.
    pub(super) fn see_orders(&mut self) {
        if self.state.orders.list.is_some() && self.shows_orders() && self.state.areas().is_some() {
            for order in &mut self.state.orders.followed {
                order.is_seen = true;
            }
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
        if !is_live || !self.shows_orders() {
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

    fn shows_orders(&mut self) -> bool {
        matches!(
            self.state.page(),
            Mode::Orders | Mode::OrderSearch | Mode::Receipt { .. }
        )
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
        self.state.orders.reading_older = false;
        // Another server, or other rights, may do better.
        self.state.orders.stuck = None;
    }

    /// Reads the orders that show when the connection is up: for the first time, or again. A
    /// preview is read by [`Updater::refresh_preview`].
    pub(super) fn reread_shown_orders(&mut self) {
        if self.shows_orders() {
            self.request_order(OrderRequest::List);
        }
    }

    /// Reads the orders again of which news may have been missed.
    pub(super) fn reread_followed_orders(&mut self) {
        let mut followed = self.state.orders.followed.iter();
        let may_have_news = followed.any(|order| !order.state.is_over());
        if may_have_news && self.state.orders.list.is_some() && !self.shows_orders() {
            self.request_order(OrderRequest::List);
        }
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

/// A sentence, and those that follow it.
fn sentences(first: String, others: &[String]) -> String {
    if others.is_empty() {
        return first;
    }
    format!("{first}. {}", others.join(" "))
}
