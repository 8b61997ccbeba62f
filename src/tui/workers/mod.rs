//! Work that takes too long for the screen's own task: searching, and reading the catalog.

pub mod catalog;
pub(crate) mod search;
