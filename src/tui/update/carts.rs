//! The list of carts, and the way from one cart to another.

use super::{CART_UNREAD, Updater};
use crate::config::keymap::Action;
use crate::model::{ChangeKind, Refusal, Update, UserName, text};
use crate::store::{Error, Trouble};
use crate::tui::message::Effect;
use crate::tui::state::carts::{CartGlance, CartTake};
use crate::tui::state::{Connectivity, Env, Mode, State};
use std::mem;

impl Updater<'_> {
    /// Opens the list of carts, and reads how they are.
    pub(super) fn open_carts(&mut self) {
        self.state.mode = Mode::Carts;
        self.state.carts.scroll = Default::default();
        self.effects
            .push(Effect::ReadCarts(self.state.carts.used.clone()));
    }

    /// Takes in how the listed carts are.
    pub(super) fn on_carts(&mut self, read: Vec<(UserName, Result<CartGlance, Trouble>)>) {
        self.state.carts.glances = read.into_iter().collect();
    }

    /// Goes to the selected cart, or asks for the name of another one.
    pub(super) fn go_to_selected_cart(&mut self) {
        match self.state.carts.selected().cloned() {
            Some(cart) => self.go_to_cart(cart),
            None => self.open_palette("cart ".to_owned()),
        }
    }

    /// Takes the selected cart off the list; the cart itself stays as it is.
    pub(super) fn forget_selected_cart(&mut self) {
        let Some(cart) = self.state.carts.selected().cloned() else {
            return;
        };
        if cart == self.state.env.user {
            self.notify_error(format!("You are in {cart} now: it stays on the list"));
            return;
        }

        self.state.carts.used.retain(|used| *used != cart);
        self.effects.push(Effect::ForgetCart(cart.clone()));
        self.notify_info(format!(
            "{cart} is off this list; the cart itself stays as it is"
        ));
    }

    /// Goes to another cart, once no change of this one waits for the server.
    pub(super) fn go_to_cart(&mut self, cart: UserName) {
        let here = &self.state.env.user;
        if cart == *here {
            let sentence = format!("You are in {here} already");
            self.state.mode = Mode::Browse;
            self.notify_info(sentence);
            return;
        }
        if self.begin_to_leave(&format!("in {here}")) {
            self.state.carts.next = Some(cart);
        }
    }

    /// Takes another name, once no change under the present one waits for the server.
    pub(super) fn take_name(&mut self, name: String) {
        let me = &self.state.env.me;
        if name == *me {
            self.notify_info(format!("You are {name} already"));
        } else if self.begin_to_leave(&me.clone()) {
            self.state.carts.next_name = Some(name);
        }
    }

    /// Begins to leave the cart or the name, and says so where changes have to be saved first.
    /// Returns false where the server is away: then nothing is left.
    fn begin_to_leave(&mut self, stay: &str) -> bool {
        match self.state.connectivity {
            Connectivity::Live | Connectivity::Syncing | Connectivity::Unreadable(_) => {}
            Connectivity::Connecting | Connectivity::Offline { .. } => {
                let sentence = format!("The server is away: you stay {stay} until it is back");
                self.refuse_as_offline(sentence);
                return false;
            }
        }

        self.state.mode = Mode::Browse;
        if !self.state.is_settled() {
            let waiting = match self.state.unsettled_changes() {
                0 => "the order".to_owned(),
                changes => text::count(changes, "change"),
            };
            self.notify_info(format!("Saving {waiting} first …"));
        }
        true
    }

    /// Takes the name, and goes to the cart, that somebody asked for, once no change of theirs waits
    /// for the server.
    pub(super) fn leave_settled_cart(&mut self) {
        if !self.state.is_settled() {
            return;
        }
        if let Some(name) = self.state.carts.next_name.take() {
            self.go_on_as(name);
        }
        let Some(cart) = self.state.carts.next.take() else {
            return;
        };

        self.enter(cart.clone());
        self.notify_info(format!("Now in {cart}, as {}", self.state.env.me));
        self.state.carts.note_use(&cart);
        self.effects
            .extend([Effect::NoteCart(cart.clone()), Effect::Join(cart)]);
    }

    /// Goes on in this cart under another name: what the one before did is another person's.
    fn go_on_as(&mut self, name: String) {
        let cart = self.state.env.user.clone();
        self.enter(cart.clone());

        let before = mem::replace(&mut self.state.env.me, name.clone());
        self.notify_info(format!(
            "You are {name} now. What {before} added stays {before}'s."
        ));
        self.effects
            .extend([Effect::Rename(name), Effect::Join(cart)]);
    }

    /// Begins anew in a cart. Only what is named here is kept from the cart before.
    fn enter(&mut self, cart: UserName) {
        let old = &mut *self.state;
        let env = Env {
            user: cart,
            ..old.env.clone()
        };
        let mut new = State::new(env, old.theme, old.mouse, old.size);

        new.shop = mem::take(&mut old.shop);
        new.catalog = mem::take(&mut old.catalog);
        new.matches = mem::take(&mut old.matches);
        new.carts = mem::take(&mut old.carts);
        new.focus = old.focus;
        new.activity.visibility = old.activity.visibility;
        new.people.visibility = old.people.visibility;
        new.reviving = old.reviving;
        new.connectivity = Connectivity::Syncing;

        // A total of the cart before may only now reach the terminal, and must not count for
        // another one; nor may an op id be made twice.
        new.checkout.preview_number = old.checkout.preview_number;
        new.ids_made = old.ids_made;
        new.now = old.now;
        new.wall_ahead = old.wall_ahead;

        *self.state = new;

        // What is usual in one cart is not in another.
        self.on_usual(Vec::new());
        self.state.catalog.usual.is_old = true;
    }

    /// Brings the lines of another cart here, once it is read.
    pub(super) fn take_cart(&mut self, from: UserName) {
        if !self.state.cart.loaded {
            self.notify_error(CART_UNREAD);
            return;
        }
        if from == self.state.env.user {
            self.notify_error(format!("You are in {from}: its lines are here already"));
            return;
        }

        self.notify_info(format!("Reading {from} …"));
        self.state.cart.taking = Some(CartTake {
            from: from.clone(),
            op: None,
            staying: 0,
        });
        self.effects.push(Effect::ReadToTake(from));
    }

    /// Brings the lines of a cart that was read here, as one change. The other cart stays as it is.
    pub(super) fn on_cart_to_take(&mut self, from: UserName, read: Result<CartGlance, Trouble>) {
        // Whoever went to another cart meanwhile does not mean that one.
        let taking = self.state.cart.taking.as_ref();
        if taking.is_none_or(|taking| taking.from != from || taking.op.is_some()) {
            return;
        }
        self.state.cart.taking = None;

        let cart = match read {
            Ok(glance) => glance.cart,
            Err(trouble) => {
                self.notify_error(format!("{from} can't be read: {trouble}"));
                return;
            }
        };
        if cart.ordering.is_some() {
            self.notify_error(format!("{from} is being ordered: try again in a moment"));
            return;
        }

        let catalog = &self.state.catalog;
        let edits = cart.edits_to_take(&self.state.env.me, |product| {
            !catalog.loaded || catalog.catalog.get(product).is_some()
        });
        if edits.is_empty() {
            self.notify_error(Refusal::NothingToTake(from.to_string()).to_string());
            return;
        }

        let staying = cart.lines.len() + cart.hidden - edits.len();
        if self.submit(ChangeKind::Edit, edits) {
            let change = self.state.cart.unconfirmed.back();
            self.state.cart.taking = Some(CartTake {
                from,
                op: change.map(|change| change.op.clone()),
                staying,
            });
        }
    }

    /// Tells that the lines of another cart are here; returns false where this change did not bring
    /// them.
    pub(super) fn report_taken(&mut self, update: &Update) -> bool {
        let taking = &mut self.state.cart.taking;
        let Some(taken) = taking.take_if(|taking| taking.op.as_ref() == Some(&update.op)) else {
            return false;
        };

        let keymap = &self.state.env.keymap;
        let undo = keymap.key_of(Action::Undo);
        let clear = match keymap.is_in_words() {
            true => "clear",
            false => ":clear",
        };
        let lines = text::count(update.lines.len(), "line");
        let from = taken.from;
        self.notify_info(match taken.staying {
            0 => format!(
                "Took {lines} from {from} as they were; {undo} undoes that. {clear} {from} empties it."
            ),
            staying => format!(
                "Took {lines} from {from} as they were; {staying} can't be taken. {undo} undoes that."
            ),
        });
        true
    }

    /// Asks whether to clear a cart that was named.
    pub(super) fn ask_clear_cart(&mut self, cart: UserName) {
        if cart == self.state.env.user {
            self.perform(Action::AskClear);
        } else {
            self.state.mode = Mode::ConfirmClear(Some(cart));
        }
    }

    /// Clears another cart.
    pub(super) fn clear_other_cart(&mut self, cart: UserName) {
        self.notify_info(format!("Clearing {cart} …"));
        self.state.carts.clearing = true;
        self.effects.push(Effect::ClearOther(cart));
    }

    /// Tells how the clearing of another cart ended.
    pub(super) fn on_other_cleared(&mut self, cart: &UserName, outcome: Result<Update, Error>) {
        self.state.carts.clearing = false;
        match outcome {
            Ok(update) => {
                let lines = text::count(update.lines.len(), "line");
                self.notify_info(format!("Cleared {lines} of {cart}"));
            }
            Err(Error::Refused(refusal)) => {
                let told = self.told(refusal);
                self.notify_error(format!("{cart}: {told}"));
            }
            Err(Error::Trouble(trouble)) => {
                self.notify_error(format!("{cart} was not cleared: {trouble}"));
            }
            Err(Error::Unknown { trouble, .. }) => {
                self.notify_error(format!(
                    "It is not known whether {cart} was cleared: {trouble}"
                ));
            }
        }
    }

    /// Drops the hint of a first start for good, once the activity has anything else to show.
    pub(super) fn end_first_start(&mut self) {
        let has_entries = !self.state.activity.entries.is_empty();
        if has_entries && mem::take(&mut self.state.carts.is_first_start) {
            self.effects.push(Effect::EndFirstStart);
        }
    }

    /// Drops the wish to go to another cart or by another name: whoever goes on here stays.
    pub(super) fn stay_in_cart(&mut self, action: Action) {
        if !matches!(action, Action::Move(_)) {
            self.state.carts.next = None;
            self.state.carts.next_name = None;
        }
    }
}
