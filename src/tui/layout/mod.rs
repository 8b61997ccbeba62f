//! Where things stand on the screen, and the words that a screen and plain mode share. Drawing and
//! the mouse both ask here, so that a click meets what is drawn.

pub(crate) mod activity;
pub(crate) mod cart;
pub mod checkout;
pub(crate) mod columns;
pub(crate) mod countdown;
pub mod footer;
pub(crate) mod from;
pub(crate) mod help;
pub(crate) mod money;
pub(crate) mod notes;
pub(crate) mod ordering;
pub(crate) mod orders;
pub mod palette;
pub(crate) mod people;
pub(crate) mod price_change;
pub(crate) mod receipt;
pub(crate) mod rules;
