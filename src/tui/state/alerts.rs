//! The alerts to somebody who looks elsewhere: no more than what the shop itself has shown, each of
//! it once, and not too often. Whoever may fill the cart can send messages about anything.

use super::State;
use crate::model::rules::pieces_of;
use crate::model::{Cart, OrderId};
use std::collections::VecDeque;

/// Milliseconds from one alert to the next, at least.
const PAUSE: u64 = 3_000;
/// The most messages that wait for the cart to show the same.
const MOST_CLAIMS: usize = 8;
/// The most orders that are remembered to have been told.
const MOST_ORDERS: usize = 20;

/// The alerts that were told to somebody who looks elsewhere, and those that wait for that.
#[derive(Debug, Default)]
pub struct Alerts {
    /// When it was told last that something happened.
    told_at: Option<u64>,
    /// The words on what happened since; the last of it is told when some time is over.
    waiting: Option<String>,
    /// The claims of messages that the cart has not shown yet.
    claims: Vec<Claim>,
    /// The cart before it was read last and as it was read, unless what that showed is told.
    last_reading: Option<(Before, Before)>,
    /// The orders of others that were told.
    orders: VecDeque<OrderId>,
}

/// A message that somebody else has locked the cart, or has taken pieces of ours.
#[derive(Debug)]
pub(crate) struct Claim {
    /// The cart's version of which it tells.
    pub(crate) version: u64,
    /// It in a few words.
    pub(crate) words: String,
    /// The cart is locked.
    pub(crate) locks: bool,
    /// Pieces of ours were taken.
    pub(crate) takes: bool,
    /// The cart before it.
    pub(crate) before: Before,
}

/// The cart before something happened, as far as that matters here.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Before {
    version: u64,
    is_locked: bool,
    /// Our own pieces.
    pieces: u64,
}

impl Before {
    fn of(cart: &Cart, me: &str) -> Before {
        let own = cart.lines.iter();
        let own = own.map(|line| u64::from(pieces_of(&line.shares, me)));
        Before {
            version: cart.version,
            is_locked: cart.rules.locked,
            pieces: own.sum(),
        }
    }
}

impl Claim {
    /// Tells whether the cart, as it was read, shows the same.
    fn is_shown_by(&self, cart: &Before) -> bool {
        let is_locked = self.locks && cart.is_locked && !self.before.is_locked;
        let is_taken = self.takes && cart.pieces < self.before.pieces;
        self.version <= cart.version && (is_locked || is_taken)
    }
}

impl Alerts {
    /// Has this told when the time for it has come.
    pub(crate) fn wait(&mut self, words: String) {
        self.waiting = Some(words);
    }

    /// The moment when something is to be told.
    pub(crate) fn due_at(&self) -> Option<u64> {
        self.waiting.as_ref()?;
        Some(self.told_at.map_or(0, |at| at + PAUSE))
    }

    /// Takes what is to be told by now.
    pub(crate) fn take_due(&mut self, now: u64) -> Option<String> {
        self.due_at().filter(|due| *due <= now)?;
        self.told_at = Some(now);
        self.waiting.take()
    }

    /// Forgets what waits, as the person looks here.
    pub(crate) fn forget(&mut self) {
        self.waiting = None;
        self.claims.clear();
    }

    /// Keeps a claim until the cart is read; returns whether there was room for it.
    pub(crate) fn keep(&mut self, claim: Claim) -> bool {
        let has_room = self.claims.len() < MOST_CLAIMS;
        if has_room {
            self.claims.push(claim);
        }
        has_room
    }

    /// The words of a claim that comes after the cart was read, where that showed the same.
    pub(crate) fn settle_late(&mut self, mut claim: Claim) -> Option<String> {
        let (before, read) = self.last_reading?;
        claim.before = before;
        if claim.version <= before.version || !claim.is_shown_by(&read) {
            return None;
        }
        self.last_reading = None;
        Some(claim.words)
    }

    /// Notes an order of somebody else; returns whether it was not told yet.
    pub(crate) fn note_order(&mut self, order: &OrderId) -> bool {
        if self.orders.contains(order) {
            return false;
        }
        if self.orders.len() >= MOST_ORDERS {
            self.orders.pop_front();
        }
        self.orders.push_back(order.clone());
        true
    }
}

impl State {
    /// The cart as it is known.
    pub(crate) fn cart_before(&self) -> Before {
        Before::of(&self.cart.confirmed, &self.env.me)
    }

    /// Takes in the cart as it was read; returns the words of a claim that it shows to be true.
    pub(crate) fn settle_claims(&mut self, cart: &Cart) -> Option<String> {
        let before = self.cart_before();
        let read = Before::of(cart, &self.env.me);
        let mut claims = self.alerts.claims.drain(..);
        let shown = claims.find(|claim| claim.is_shown_by(&read));
        drop(claims);

        self.alerts.last_reading = match shown {
            Some(_) => None,
            None => Some((before, read)),
        };
        shown.map(|claim| claim.words)
    }
}
