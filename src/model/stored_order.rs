//! An order with all that its record keeps, as a backup holds it.

use super::{OrderState, Ticket};

/// The most minutes by which any clocks are ahead of UTC, or behind it.
pub(crate) const MOST_MINUTES_AHEAD: i32 = 900;

/// An order with everything that is needed to store it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredOrder {
    /// The order as a board shows it.
    pub ticket: Ticket,
    /// Who brought it into the states that it has reached, as far as that is known; clean text.
    pub reached_by: Vec<(OrderState, String)>,
    /// The minutes by which the shop's clocks were ahead of UTC when it was placed: they tell of
    /// which day it is.
    pub utc_offset: i32,
    /// Its products have forgotten it, and its stock is back where it was cancelled.
    pub is_returned: bool,
}

impl StoredOrder {
    /// Tells whether any clocks can be ahead of UTC by so many minutes, or behind it.
    #[must_use]
    pub(crate) fn is_utc_offset(minutes: i32) -> bool {
        (-MOST_MINUTES_AHEAD..=MOST_MINUTES_AHEAD).contains(&minutes)
    }
}
