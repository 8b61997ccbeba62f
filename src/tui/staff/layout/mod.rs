//! Where things stand on the screens of the staff, and the words there: drawing and the mouse both
//! ask here. `shown` tells when something there changes by itself, and what a key may rely on.

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
