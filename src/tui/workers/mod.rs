//! Work that takes too long for the screen's own task: searching, and reading the
//! catalog, other carts or the figures of a day.

pub(crate) mod carts;
pub mod catalog;
pub(crate) mod desk;
pub(crate) mod figures;
pub(crate) mod results;
pub(crate) mod search;
