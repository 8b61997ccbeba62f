//! Moments at which something happens by itself, all by the steady clock.
//!
//! [`State::next_moment`] is the next of them, for which the screen sets its alarm.

use super::areas::PeopleVisibility;
use super::{Connectivity, Mode, State};
use crate::model::OrderBrief;

/// The time left below which the cart's countdown shows seconds, in milliseconds.
pub(crate) const SECONDS_BELOW: u64 = 120_000;

const SECOND: u64 = 1_000;
/// A minute in milliseconds.
pub(crate) const MINUTE: u64 = 60_000;

/// Milliseconds that another program may take to place its order before we finish its work.
const ABANDONED_AFTER: u64 = 4_000;
/// Milliseconds between two attempts to finish it.
const RESUME_PAUSE: u64 = 5_000;
/// Milliseconds between two requests to remove expired lines, should the clocks differ.
const EXPIRY_PAUSE: u64 = 1_000;

/// The times before the cart closes at which people are reminded of it, in milliseconds.
const REMIND_BEFORE: [u64; 2] = [5 * MINUTE, MINUTE];

/// Milliseconds since an order came into its state.
#[must_use]
pub(crate) fn age(order: &OrderBrief, server_now: u64) -> u64 {
    server_now.saturating_sub(order.changed.unwrap_or(server_now))
}

/// The reminders of the time when the cart closes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Reminders {
    /// When it closes, by the server's clock, as was last heard.
    closes: Option<u64>,
    /// The time before that at which the next reminder is due, in milliseconds.
    next: Option<u64>,
}

impl State {
    /// The server's clock, in Unix milliseconds.
    #[must_use]
    pub(crate) fn server_now(&self) -> u64 {
        self.now + self.cart.server_ahead
    }

    /// Milliseconds until the cart expires; `None` where it is empty or never does.
    #[must_use]
    pub(crate) fn time_left(&self) -> Option<u64> {
        if self.cart.shown.lines.is_empty() {
            return None;
        }
        Some(self.cart.deadline?.saturating_sub(self.now))
    }

    /// Returns whether the cart's time is over, by our clock.
    #[must_use]
    pub(crate) fn is_past_deadline(&self) -> bool {
        self.cart
            .deadline
            .is_some_and(|deadline| deadline <= self.now)
    }

    /// The moment when the cart closes by its owner's rule.
    #[must_use]
    pub(crate) fn closes_at(&self) -> Option<u64> {
        let closes = self.cart.confirmed.rules.closes?;
        Some(closes.saturating_sub(self.cart.server_ahead))
    }

    /// The moment to remind people that the cart closes soon.
    #[must_use]
    pub(crate) fn reminder_due_at(&self) -> Option<u64> {
        let before = self.cart.reminders.next?;
        Some(self.closes_at()?.saturating_sub(before))
    }

    /// Plans the reminders before the cart closes, once it is known when that is. What is due then
    /// already is no news.
    pub(crate) fn plan_reminders(&mut self) {
        let closes = self.cart.confirmed.rules.closes;
        if self.cart.reminders.closes != closes {
            self.cart.reminders.closes = closes;
            self.plan_next_reminder();
        }
    }

    /// Plans the next reminder: the first that is not due yet.
    pub(crate) fn plan_next_reminder(&mut self) {
        let left = self.closes_at().map(|at| at.saturating_sub(self.now));
        self.cart.reminders.next = left.and_then(|left| {
            let mut times = REMIND_BEFORE.into_iter();
            times.find(|before| *before < left)
        });
    }

    /// Returns whether the cart is closed by its owner's rule.
    #[must_use]
    pub(crate) fn is_closed(&self) -> bool {
        self.closes_at().is_some_and(|at| at <= self.now)
    }

    /// The moment when the next line expires because nobody touches it.
    #[must_use]
    pub(crate) fn next_line_expiry(&self) -> Option<u64> {
        // A locked or closed cart keeps its lines.
        if self.cart.confirmed.rules.locked || self.is_closed() {
            return None;
        }

        let timeout = self.env.item_timeout?;
        let lines = &self.cart.confirmed.lines;
        let touched = lines.iter().filter_map(|line| line.touched).min()?;
        let due = (touched + timeout).saturating_sub(self.cart.server_ahead);

        let earliest = self.cart.expiry_asked.map_or(0, |at| at + EXPIRY_PAUSE);
        Some(due.max(earliest))
    }

    /// The moment to finish an order that another program has left halfway.
    #[must_use]
    pub(crate) fn resume_due_at(&self) -> Option<u64> {
        let ordering = self.cart.confirmed.ordering.as_ref()?;

        let is_stuck = self.orders.stuck.as_ref() == Some(&ordering.id);
        if self.connectivity != Connectivity::Live || self.orders.placing.is_some() || is_stuck {
            return None;
        }

        let due = (ordering.at + ABANDONED_AFTER).saturating_sub(self.cart.server_ahead);
        let earliest = self.orders.resumed.map_or(0, |at| at + RESUME_PAUSE);
        Some(due.max(earliest))
    }

    /// The moment to read the catalog, where it is to be read and the server is there.
    #[must_use]
    pub(crate) fn catalog_load_due_at(&self) -> Option<u64> {
        match self.connectivity {
            // The catalog does not depend on the cart.
            Connectivity::Live | Connectivity::Syncing | Connectivity::Unreadable(_) => {
                self.catalog.load.due_at()
            }
            Connectivity::Connecting | Connectivity::Offline { .. } => None,
        }
    }

    /// The next moment at which something changes by itself.
    #[must_use]
    pub fn next_moment(&self) -> Option<u64> {
        let highlights = self.highlights.iter().map(|highlight| highlight.until);
        let expiry = match self.connectivity {
            Connectivity::Live => self.next_line_expiry(),
            Connectivity::Connecting
            | Connectivity::Syncing
            | Connectivity::Offline { .. }
            | Connectivity::Unreadable(_) => None,
        };
        let others = [
            self.notice.as_ref().and_then(|notice| notice.until),
            self.next_countdown_step(),
            self.catalog_load_due_at(),
            expiry,
            self.resume_due_at(),
            self.cart.reread_at,
            self.closes_at().filter(|at| *at > self.now),
            self.next_closing_step(),
            self.reminder_due_at(),
            self.next_order_step(),
            self.alerts.due_at(),
        ];

        highlights.chain(others.into_iter().flatten()).min()
    }

    /// The moment when the countdown shows another number. At zero there is none: the cart is
    /// read again, and the live connection reports what became of it.
    fn next_countdown_step(&self) -> Option<u64> {
        if self.cart.confirmed.lines.is_empty() || self.is_past_deadline() {
            return None;
        }

        self.next_step_to(self.cart.deadline?)
    }

    /// The moment when the time to the cart's closing shows another number, where it shows.
    fn next_closing_step(&self) -> Option<u64> {
        if matches!(self.mode, Mode::Carts) {
            let glances = self.carts.glances.values().flatten();
            let closing = glances.filter_map(|glance| glance.cart.rules.closes);
            let moments = closing.map(|at| at.saturating_sub(self.cart.server_ahead));
            return moments.filter_map(|at| self.next_step_to(at)).min();
        }
        match self.people.visibility {
            PeopleVisibility::Shown => self.next_step_to(self.closes_at()?),
            PeopleVisibility::Hidden => None,
        }
    }

    /// The moment when another minute is over since the open order that shows came into its state.
    fn next_order_step(&self) -> Option<u64> {
        let server_now = self.server_now();
        let (order, _) = self.orders.open(server_now)?;
        Some(self.now + MINUTE - age(order, server_now) % MINUTE)
    }

    /// The next step of a countdown to this moment; `None` where it has passed.
    fn next_step_to(&self, end: u64) -> Option<u64> {
        let left = end.checked_sub(self.now).filter(|left| *left > 0)?;
        let step = if left > SECONDS_BELOW { MINUTE } else { SECOND };
        Some(end - (left - 1) / step * step)
    }
}
