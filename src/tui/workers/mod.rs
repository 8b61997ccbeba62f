//! Work that takes too long for the screen's own task: searching, and reading the catalog or other
//! carts. The staff's screens have some of their own.

pub(crate) mod carts;
pub mod catalog;
pub(crate) mod results;
pub(crate) mod search;

/// Does slow work on a thread of its own, off the screen's.
pub(in crate::tui) fn in_background(work: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
    std::thread::Builder::new()
        .name("background".to_owned())
        .spawn(work)?;
    Ok(())
}

/// [`in_background`] for work with the store. Where the system gives it no more threads, nothing is
/// done.
pub(in crate::tui) fn with_store_in_background(
    work: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    in_background(move || drop(catalog::on_two_threads(work)))
}
