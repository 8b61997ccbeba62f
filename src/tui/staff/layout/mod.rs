//! The places of what the screens of the staff show: drawing and the mouse both read them.

pub mod board;
pub(in crate::tui) mod footer;
pub(in crate::tui) mod header;
pub(in crate::tui) mod palette;
pub(in crate::tui) mod products;
pub(in crate::tui) mod questions;
pub(in crate::tui) mod settings;
mod shown;
pub(in crate::tui) mod ticket;
pub(in crate::tui) mod today;
