//! Where things stand on the screen. Drawing and the mouse both ask here, so that a click meets what is drawn.

pub mod columns;
pub mod footer;
pub mod help;
pub(crate) mod money;
pub mod palette;
