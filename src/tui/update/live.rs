//! Events of the live connection: it goes up and down, and reports changes of the cart.

use super::Updater;
use crate::config::keymap::Action;
use crate::model::total::ProductLookup;
use crate::model::{
    Activity, Cart, Change, ChangeKind, Deadline, LineChange, OpId, ProductId, Refusal, Update,
    UpdateFit, text,
};
use crate::store::live::{LiveEvent, LiveRequest};
use crate::store::{Error, Pace, Trouble, Watcher};
use crate::tui::layout::activity::{describe_own, describe_with_author};
use crate::tui::message::Effect;
use crate::tui::state::activity::{CartEvent, CartEventKind};
use crate::tui::state::{Connectivity, Highlight, Mode, Tone};

/// Milliseconds that a changed line is highlighted.
const HIGHLIGHT_TIME: u64 = 1_500;

impl Updater<'_> {
    /// Takes in an event of the live connection.
    pub(super) fn on_live(&mut self, event: LiveEvent) {
        match event {
            LiveEvent::Down(trouble) => self.on_down(trouble),
            LiveEvent::Stale => {
                // The answer may be among what was left out.
                self.state.orders.marking = None;
                if self.state.connectivity == Connectivity::Live {
                    self.state.connectivity = Connectivity::Syncing;
                }
            }

            // This precedes the cart that has these changes: displaying that cart must not put
            // them on top of it a second time.
            LiveEvent::Applied(ops) => self.state.cart.applied = ops,
            LiveEvent::Cart(cart) => self.on_cart(cart),
            LiveEvent::Deadline(deadline) => {
                self.state.cart.confirmed.deadline = deadline;
                self.set_deadline(deadline);
            }
            LiveEvent::Unreadable(trouble) => self.on_unreadable(trouble),
            LiveEvent::Update(update) => self.on_cart_update(&update),
            LiveEvent::Waits(trouble) => {
                self.notify_warn(format!(
                    "One change is waiting; the others go on: {trouble}"
                ));
            }
            LiveEvent::Settled(op, outcome) => self.on_settled(&op, outcome),
            LiveEvent::RulesSet(outcome) => self.on_rules_set(outcome),

            LiveEvent::Products(read) => {
                self.on_products(read);
                self.invalidate_preview();
            }
            LiveEvent::Catalog(news) => {
                self.on_catalog_news(news);
                self.invalidate_preview();
            }

            LiveEvent::Pace(pace) => self.state.pace = pace,
            LiveEvent::Order(event) => self.on_order_event(event),
            LiveEvent::Activity(updates) => self.note_activity(&updates),
            LiveEvent::Watchers(watchers) => self.on_watchers(watchers),
        }
    }

    fn on_down(&mut self, trouble: Trouble) {
        // A private server that is gone is ours to start again.
        if trouble.is_not_running() && self.state.env.private && !self.state.reviving {
            self.state.reviving = true;
            self.effects.push(Effect::Revive);
        }

        // Before the first connection there is nothing to lose, and waiting corrects neither an
        // address nor a password.
        if self.state.connectivity == Connectivity::Connecting && trouble.is_access_error() {
            self.effects.push(Effect::GiveUp(trouble));
            return;
        }

        self.interrupt_orders();
        self.state.pace = Pace::Usual;
        self.state.connectivity.go_down(trouble, self.now.wall);
    }

    /// Takes in that the cart can't be read. The connection is up, and the shop is open.
    fn on_unreadable(&mut self, trouble: Trouble) {
        let was_down = self.is_down();
        let was_unreadable = matches!(self.state.connectivity, Connectivity::Unreadable(_));
        self.state.connectivity = Connectivity::Unreadable(trouble);
        self.end_connection_notice();

        let is_first = !self.state.cart.loaded && !was_unreadable;
        if was_down || is_first {
            self.load_catalog();
        }
        if was_down {
            self.reread_shown_orders();
        }
    }

    pub(super) fn is_down(&self) -> bool {
        match self.state.connectivity {
            Connectivity::Connecting | Connectivity::Offline { .. } => true,
            Connectivity::Live | Connectivity::Syncing | Connectivity::Unreadable(_) => false,
        }
    }

    /// Takes in the whole cart, which also means that the connection is up.
    fn on_cart(&mut self, cart: Cart) {
        let was_down = self.is_down();
        let was_offline = matches!(self.state.connectivity, Connectivity::Offline { .. });

        // The first cart is no news: nothing was displayed before that it could differ from.
        let is_first = !self.state.cart.loaded;
        if !is_first {
            self.highlight_differences(&cart);
            if let Some(words) = self.state.settle_claims(&cart) {
                self.alert(words);
            }
            if let Some(at) = self.expired_before(&cart) {
                self.note_event(at, CartEventKind::Expired);
                self.notify_info("The cart has expired: it is empty now");
            }
        }

        self.state.connectivity = Connectivity::Live;
        self.end_connection_notice();
        self.set_deadline(cart.deadline);
        self.state.cart.confirmed = cart;
        self.state.cart.loaded = true;
        self.rebuild_shown();

        // Nobody told us what changed while the connection was down, or between two carts.
        let was_switched = is_first && !was_down;
        if was_offline || was_switched || !self.state.catalog.loaded {
            // What could not be read before is read with all others.
            self.state.catalog.unread = None;
            self.load_catalog();
        }
        if was_down {
            self.reread_shown_orders();
        }
        if was_down || was_switched {
            self.read_newest_orders();
        }
        self.read_missing_products();
    }

    /// The time at which the displayed cart expired; `None` where it did not. It did where `cart`
    /// is empty and was read after that time. The server's clock counts, as it may have jumped.
    fn expired_before(&self, cart: &Cart) -> Option<u64> {
        let confirmed = &self.state.cart.confirmed;
        let at = confirmed.deadline.at?;

        let is_over = at <= cart.deadline.told_at;
        let was_emptied = !confirmed.lines.is_empty() && cart.lines.is_empty();
        (is_over && was_emptied).then_some(at)
    }

    /// Notes in the activity, once, that the cart's deadline has passed.
    pub(super) fn note_closing(&mut self) {
        let Some(closes) = self.state.cart.confirmed.rules.closes else {
            return;
        };
        if self.state.is_closed() {
            self.note_event(closes, CartEventKind::Closed);
        }
    }

    /// Tells that the cart's deadline has just passed, while somebody looks.
    pub(super) fn tell_of_closing(&mut self) {
        if !self.state.is_closed() {
            return;
        }

        let news = match &self.state.cart.confirmed.rules.owner {
            Some(owner) => self.told(Refusal::Closed(owner.clone())),
            None => "The deadline has passed".to_owned(),
        };
        self.notify_until_key(news, Tone::Warn);
    }

    /// Notes in the activity what came about without a change, at this time by the server's clock.
    pub(super) fn note_event(&mut self, at: u64, kind: CartEventKind) {
        let page = self.activity_page();
        self.state.activity.note_event(CartEvent { at, kind }, page);
    }

    /// Takes in a change of the cart, by anybody.
    fn on_cart_update(&mut self, update: &Update) {
        let claim = self.claim_of(update);
        let cart = &mut self.state.cart;
        let fit = cart.confirmed.apply(update);
        // One of ours shows on top of the cart until the cart has it.
        let has_it = cart.confirmed.version >= update.version;
        if has_it && cart.unconfirmed.iter().any(|it| it.op == update.op) {
            cart.applied.push(update.op.clone());
        }

        match fit {
            UpdateFit::Next => {
                if self.keep_claim(claim) {
                    self.effects.push(Effect::Live(LiveRequest::Reread));
                }
            }
            // The cart has this change already. Where it is ours, it was displayed on top of the
            // cart until now, and must not count twice.
            UpdateFit::Old => {
                // It was held back while the cart was read, and is news all the same.
                self.announce_order(update);
                self.settle_late_claim(claim);
                self.rebuild_shown();
                return;
            }
            // An update is missing, or this one does not say everything: the live connection
            // reads the cart again.
            UpdateFit::Gap => {
                self.announce_gap(update);
                self.keep_claim(claim);
                return;
            }
        }

        self.set_deadline(update.deadline);
        self.note_activity(std::slice::from_ref(update));
        self.announce(update);
        self.rebuild_shown();
        self.read_missing_products();
    }

    /// Reports a change and highlights its lines. Our own changes are no news, except where it is
    /// not obvious what they did.
    fn announce(&mut self, update: &Update) {
        // Our op ids tell this terminal from another one under the same name.
        let is_ours = update.op.as_str().starts_with(&self.state.env.ops);
        let is_news = match update.kind {
            ChangeKind::Expire | ChangeKind::Undo | ChangeKind::Redo => true,
            ChangeKind::Edit
            | ChangeKind::Clear
            | ChangeKind::Touch
            | ChangeKind::Freeze
            | ChangeKind::Unfreeze
            | ChangeKind::Order
            | ChangeKind::Rules
            | ChangeKind::Ready
            | ChangeKind::Unready => !is_ours,
        };

        if is_news {
            for line in &update.lines {
                self.highlight(line.product.clone());
            }
            for product in update.notes.iter().filter_map(|note| note.product.as_ref()) {
                self.highlight(product.clone());
            }
            let description = describe_with_author(self.state, &Activity::from(update));
            self.notify_of_change(description);
        }
    }

    /// Reports a change for which the cart must be read again.
    fn announce_gap(&mut self, update: &Update) {
        // Orders and rules have no op id of this terminal: an order goes by its own id, and rules
        // are set on the command line. So the name has to tell.
        let is_ours = update.by == self.state.env.me;
        let is_news = match update.kind {
            ChangeKind::Undo | ChangeKind::Redo => true,
            ChangeKind::Order | ChangeKind::Rules | ChangeKind::Freeze => !is_ours,
            ChangeKind::Edit
            | ChangeKind::Clear
            | ChangeKind::Touch
            | ChangeKind::Expire
            | ChangeKind::Unfreeze
            | ChangeKind::Ready
            | ChangeKind::Unready => false,
        };

        if is_news && !self.announce_order(update) {
            let description = describe_with_author(self.state, &Activity::from(update));
            self.notify_of_change(description);
        }
    }

    /// Reports an order of somebody else; returns whether it is one.
    fn announce_order(&mut self, update: &Update) -> bool {
        let order = update.order().filter(|_| update.by != self.state.env.me);
        let is_order = order.is_some();
        if let Some(id) = order {
            self.on_placed_by_other(id, update.by.clone(), update.lines.len());
        }
        is_order
    }

    /// Shows what somebody did, unless there are news that wait for a key: the activity has it. In
    /// plain mode the activity itself is said, so that nothing is said twice or left out.
    fn notify_of_change(&mut self, description: String) {
        if self.state.env.keymap.is_in_words() {
            return;
        }
        let notice = self.state.notice.as_ref();
        if notice.is_none_or(|notice| notice.until.is_some()) {
            self.notify_info(description);
        }
    }

    fn note_activity(&mut self, updates: &[Update]) {
        let page = self.activity_page();
        self.state.activity.note(updates, page);
    }

    fn activity_page(&self) -> usize {
        let areas = self.state.areas();
        areas.map_or(0, |areas| areas.activity_page())
    }

    fn on_watchers(&mut self, mut watchers: Vec<Watcher>) {
        watchers.retain(|watcher| watcher.id != self.state.env.ops);
        self.state.watchers = watchers;
    }

    /// Takes in that a change of ours is applied or refused.
    fn on_settled(&mut self, op: &OpId, outcome: Result<Update, Error>) {
        let cart = &mut self.state.cart;
        cart.applied.retain(|applied| applied != op);
        let mut unconfirmed = cart.unconfirmed.iter();
        let Some(index) = unconfirmed.position(|change| change.op == *op) else {
            return;
        };
        let settled = cart.unconfirmed.remove(index);

        if let Ok(update) = &outcome {
            cart.history.note(update.clone());
        }
        self.rebuild_shown();

        let asks_to_quit = matches!(self.state.mode, Mode::ConfirmQuit);
        let failure = match outcome {
            // The user asked to quit, and only waited for this.
            Ok(_) if self.state.is_settled() && asks_to_quit => {
                self.effects.push(Effect::Quit);
                return;
            }
            Ok(update) => {
                self.report_own_change(&update);
                self.report_withdrawn_short(settled.as_ref(), &update);
                return;
            }
            Err(Error::Refused(refusal)) => {
                let named = refusal.with_name(|id| {
                    let id = ProductId::stored(id.as_bytes());
                    self.state.name_of(&id)
                });
                self.told(named)
            }
            // It may well have been applied: the cart, which is read again, shows whether it was.
            Err(Error::Unknown { trouble, .. }) => {
                self.effects.push(Effect::Live(LiveRequest::Reread));
                format!(
                    "It is not known whether the change was applied ({trouble}): check the cart"
                )
            }
            Err(Error::Trouble(trouble)) => format!("The change was not made: {trouble}"),
        };

        self.notify_error(failure);
        if asks_to_quit {
            // The user should see that before quitting.
            self.state.mode = Mode::Browse;
        }
    }

    /// Reports of our own change what the cart alone does not show; all of it where no cart shows.
    fn report_own_change(&mut self, update: &Update) {
        let undo = self.state.env.keymap.key_of(Action::Undo);
        let shows_cart = !self.state.env.keymap.is_in_words();
        // A point between words has no sound.
        let then = if shows_cart { " ·" } else { ";" };

        match update.kind {
            ChangeKind::Clear => {
                let them = if update.lines.len() == 1 {
                    "it"
                } else {
                    "them"
                };
                let lines = text::count(update.lines.len(), "line");
                self.notify_info(format!("Cleared {lines}{then} {undo} brings {them} back"));
            }
            ChangeKind::Edit if update.noted().is_some() => {
                let description = describe_with_author(self.state, &Activity::from(update));
                self.notify_info(description);
            }
            ChangeKind::Edit if self.report_taken(update) => {}
            ChangeKind::Edit => match &update.lines[..] {
                [line] if line.quantity == 0 => {
                    let name = self.state.name_of(&line.product);
                    self.notify_info(format!("Removed {name}{then} {undo} brings it back"));
                }
                [line] if line.delta > 0 && self.warn_of_short_stock(line) => {}
                _ if shows_cart => {}
                _ => self.notify_info(describe_own(self.state, &Activity::from(update))),
            },
            ChangeKind::Undo | ChangeKind::Redo | ChangeKind::Touch if !shows_cart => {
                self.notify_info(describe_own(self.state, &Activity::from(update)));
            }
            // The cart shows all that these did, or the update itself was news.
            ChangeKind::Undo
            | ChangeKind::Redo
            | ChangeKind::Touch
            | ChangeKind::Expire
            | ChangeKind::Freeze
            | ChangeKind::Unfreeze
            | ChangeKind::Order
            | ChangeKind::Rules => {}
            ChangeKind::Ready => {
                self.notify_info("You are ready. Your next change takes that back.");
            }
            ChangeKind::Unready => self.notify_info("You are not ready any more."),
        }
    }

    /// Warns that others have taken pieces meanwhile which a change of ours was to take out.
    fn report_withdrawn_short(&mut self, change: Option<&Change>, update: &Update) {
        let short: Vec<String> = change
            .into_iter()
            .flat_map(|change| update.withdrawn_short(change))
            .map(|(product, taken, meant)| {
                format!("{taken} of {meant} {}", self.state.name_of(product))
            })
            .collect();

        if !short.is_empty() {
            let short = short.join(", ");
            self.notify_warn(format!("Took out {short}: the others are gone already"));
        }
    }

    /// Warns that a line holds more than the shop has; returns whether it does. The cart may; the
    /// checkout decides.
    fn warn_of_short_stock(&mut self, line: &LineChange) -> bool {
        let ProductLookup::Product(product) = self.state.lookup(&line.product) else {
            return false;
        };
        let Some(warning) = product.stock.warning(line.quantity) else {
            return false;
        };

        // Where the cart shows, its line is selected.
        let name = match self.state.env.keymap.is_in_words() {
            true => format!(" {}", product.name),
            false => String::new(),
        };
        self.notify_warn(format!("Added {}{name}, but {warning}", line.delta));
        true
    }

    fn highlight(&mut self, product: ProductId) {
        let highlights = &mut self.state.highlights;
        highlights.retain(|line| line.product != product);
        highlights.push(Highlight {
            product,
            until: self.state.now + HIGHLIGHT_TIME,
        });
    }

    /// Highlights the lines that are new, or have another quantity or other notes, in `cart`.
    fn highlight_differences(&mut self, cart: &Cart) {
        for line in &cart.lines {
            let confirmed = &self.state.cart.confirmed;
            let old = confirmed.line(&line.product);
            let has_other_notes = cart.notes.of(&line.product) != confirmed.notes.of(&line.product);
            if has_other_notes || old.is_none_or(|old| old.quantity != line.quantity) {
                self.highlight(line.product.clone());
            }
        }
    }

    fn set_deadline(&mut self, deadline: Deadline) {
        let now = self.state.now;
        self.state.cart.deadline = deadline.left_when_told().map(|left| now + left);
        self.state.cart.server_ahead = deadline.told_at.saturating_sub(now);
    }
}
