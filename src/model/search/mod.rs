//! Finds products: which ones, how they are sorted, and which letters to mark.

mod browse;
mod matching;
mod query;
mod searcher;
mod words;

pub use matching::marks;
pub use query::{Query, Sort, Sorting};
pub use searcher::{Go, Listener, Ranks, Searcher};
