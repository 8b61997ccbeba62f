//! The checkout: the preview that it shows, whether its total was seen, and the positions.

use super::scroll::Scroll;
use crate::model::checkout::PreviewLine;
use crate::model::{Money, Preview, ProductId};

/// The pane of the checkout that has the keyboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CheckoutPane {
    /// The lines.
    #[default]
    Lines,
    /// The people and their sums.
    People,
}

/// The positions in the checkout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CheckoutPage {
    /// The position within the lines.
    pub scroll: Scroll,
    /// The first person that shows.
    pub people_top: usize,
    /// The pane with the keyboard.
    pub pane: CheckoutPane,
}

/// The checkout.
#[derive(Debug, Default)]
pub struct CheckoutState {
    /// The order that the checkout shows before it is placed.
    pub preview: Option<Box<Preview>>,
    /// Counts the previews that were read: the number of the one at hand.
    pub preview_number: u64,
    /// The number of the preview whose total the user sees. Only that order can be placed.
    pub total_seen: Option<u64>,
    /// The total was seen, but then several keys came at once, as in a paste. They place no order:
    /// the later ones were pressed before anybody could see what the first did.
    pub keys_together: bool,
    /// The preview is being read.
    pub reading: bool,
    /// The preview must be read again.
    pub outdated: bool,
    /// The total that this person saw last in the checkout that is open.
    pub last_seen_total: Option<Money>,
    /// The total that was confirmed too early or too late, so that nothing was ordered. Where the next
    /// preview has another one, that is said.
    pub refused_total: Option<Money>,
}

impl CheckoutState {
    /// The line of the checkout with this index.
    #[must_use]
    pub(crate) fn previewed(&self, index: usize) -> Option<&PreviewLine> {
        self.preview.as_ref()?.lines.get(index)
    }

    /// Returns whether the checkout has a line of this product.
    #[must_use]
    pub(crate) fn previews(&self, product: &ProductId) -> bool {
        let preview = self.preview.as_ref();
        preview.is_some_and(|preview| {
            let mut lines = preview.lines.iter();
            lines.any(|line| line.order_line.product == *product)
        })
    }
}
