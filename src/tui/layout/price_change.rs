//! A price that is another than when its line was added.

use crate::config::theme::{CHEAPER, DEARER};
use crate::model::Money;

/// The way in which a price has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PriceChange {
    Dearer,
    Cheaper,
}

impl PriceChange {
    /// The change from one price to another; `None` where they are the same.
    #[must_use]
    pub(crate) fn between(then: Money, now: Money) -> Option<PriceChange> {
        match now.cmp(&then) {
            std::cmp::Ordering::Greater => Some(PriceChange::Dearer),
            std::cmp::Ordering::Less => Some(PriceChange::Cheaper),
            std::cmp::Ordering::Equal => None,
        }
    }

    /// The sign before the price.
    #[must_use]
    pub(crate) fn sign(self) -> &'static str {
        match self {
            PriceChange::Dearer => DEARER,
            PriceChange::Cheaper => CHEAPER,
        }
    }

    /// The word for it.
    #[must_use]
    pub(crate) fn word(self) -> &'static str {
        match self {
            PriceChange::Dearer => "dearer",
            PriceChange::Cheaper => "cheaper",
        }
    }
}

/// The sign before a price; nothing where it is as it was.
#[must_use]
pub(crate) fn sign_of(change: Option<PriceChange>) -> &'static str {
    change.map_or("", PriceChange::sign)
}
