//! The carts that this person has used, between which they can go.

use super::scroll::Scroll;
use crate::model::{Cart, OpId, UserName};
use crate::store::{Trouble, Watcher};
use std::collections::HashMap;

/// The most carts that are listed.
const MOST: usize = 50;

/// A cart as it was at a glance.
#[derive(Debug, Clone)]
pub struct CartGlance {
    /// The cart.
    pub cart: Cart,
    /// The terminals that watch it.
    pub watchers: Vec<Watcher>,
}

/// Lines that are being brought from another cart into this one.
#[derive(Debug, Clone)]
pub struct CartTake {
    /// The cart that they are in.
    pub from: UserName,
    /// The change that brings them; `None` until the other cart is read.
    pub op: Option<OpId>,
    /// The lines that stay there.
    pub staying: usize,
}

/// The carts between which this person can go.
#[derive(Debug, Default)]
pub struct CartsState {
    /// This person may use others than the present one.
    pub may_switch: bool,
    /// Nobody has seen a change of a cart on this machine yet: they read how one shops with others.
    pub is_first_start: bool,
    /// Their names, the one used last first.
    pub used: Vec<UserName>,
    /// A glance at each of them, or the trouble of reading it.
    pub glances: HashMap<UserName, Result<CartGlance, Trouble>>,
    /// The position within the list, whose last row joins another cart.
    pub scroll: Scroll,
    /// The cart to go to once no change waits for the server.
    pub next: Option<UserName>,
    /// The name to take then.
    pub next_name: Option<String>,
    /// Another cart is being cleared.
    pub clearing: bool,
}

impl CartsState {
    /// The selected cart; `None` on the row that joins another one.
    #[must_use]
    pub(crate) fn selected(&self) -> Option<&UserName> {
        self.used.get(self.scroll.cursor)
    }

    /// The rows of the list.
    #[must_use]
    pub(crate) fn rows(&self) -> usize {
        self.used.len() + 1
    }

    /// Puts a cart that is used now before the others; returns whether another one stood there.
    pub(crate) fn note_use(&mut self, cart: &UserName) -> bool {
        if self.used.first() == Some(cart) {
            return false;
        }
        self.used.retain(|used| used != cart);
        self.used.insert(0, cart.clone());
        self.used.truncate(MOST);
        true
    }
}
