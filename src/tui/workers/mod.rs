//! Work that takes too long for the screen's own task: searching, and reading the
//! catalog or other carts.

pub(crate) mod carts;
pub mod catalog;
pub(crate) mod search;
