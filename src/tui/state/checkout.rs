//! The positions in the checkout.

use super::scroll::Scroll;

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
