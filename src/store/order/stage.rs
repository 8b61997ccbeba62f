//! The stages of an order, and how it may end.

use crate::model::OrderId;
use crate::model::order::OrderFailure;
use crate::store::order::begun::Decision;

/// The step that a driver does next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// Write the order's record.
    Announce,
    /// Freeze the cart as the preview showed it.
    Freeze,
    /// Find the order to go on with: the one for which the cart is frozen, or a given one.
    Find,
    /// Take the stock of the line with this index.
    Take(usize),
    /// Decide this, unless another driver has decided already.
    Decide(Decision),
    /// Give back the stock of the line with this index.
    Release(usize),
    /// Take what was ordered out of the cart.
    Settle,
    /// Note that nothing is left to do.
    Close,
    /// Nothing: the order has ended.
    Over,
}

/// The end of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is in the stream.
    Placed(OrderId),
    /// It was undone: the cart is as it was.
    Undone(OrderFailure),
    /// There was no order to go on with.
    Nothing,
}

impl Outcome {
    /// The outcome of an order about which this was decided.
    pub(crate) fn of(decision: &Decision, id: &OrderId) -> Outcome {
        match decision {
            Decision::Place => Outcome::Placed(id.clone()),
            Decision::Undo(failure) => Outcome::Undone(failure.clone()),
        }
    }
}

impl Stage {
    /// The stage that follows a decision.
    pub(crate) fn after(decision: &Decision) -> Stage {
        match decision {
            Decision::Place => Stage::Settle,
            Decision::Undo(_) => Stage::Release(0),
        }
    }
}
