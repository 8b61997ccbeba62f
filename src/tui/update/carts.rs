//! The list of carts, and the way from one cart to another.

use super::Updater;
use crate::config::keymap::Action;
use crate::model::{UserName, text};
use crate::store::Trouble;
use crate::tui::message::Effect;
use crate::tui::state::carts::CartGlance;
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
        self.remember_carts();
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
        match self.state.connectivity {
            Connectivity::Live | Connectivity::Syncing | Connectivity::Unreadable(_) => {}
            Connectivity::Connecting | Connectivity::Offline { .. } => {
                let sentence = format!("The server is away: you stay in {here} until it is back");
                self.notify_error(sentence);
                return;
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
        self.state.carts.next = Some(cart);
    }

    /// Goes to the cart that was asked for, where nothing waits for the server any more.
    pub(super) fn leave_settled_cart(&mut self) {
        if !self.state.is_settled() {
            return;
        }
        let Some(cart) = self.state.carts.next.take() else {
            return;
        };

        self.enter(cart.clone());
        self.notify_info(format!("Now in {cart}, as {}", self.state.env.me));
        self.state.carts.note_use(&cart);
        self.remember_carts();
        self.effects.push(Effect::Join(cart));
    }

    /// Begins anew in a cart. What is named here outlives the one before, and nothing else does.
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
        new.orders.preview_number = old.orders.preview_number;
        new.ids_made = old.ids_made;
        new.now = old.now;
        new.wall_ahead = old.wall_ahead;

        *self.state = new;
    }

    /// Drops the wish to go to another cart: whoever goes on here stays.
    pub(super) fn stay_in_cart(&mut self, action: Action) {
        if !matches!(action, Action::Move(_)) {
            self.state.carts.next = None;
        }
    }

    fn remember_carts(&mut self) {
        let used = self.state.carts.used.clone();
        self.effects.push(Effect::RememberCarts(used));
    }
}
