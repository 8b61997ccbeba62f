//! An alarm for a moment that may not be set.

use tokio::time::{Instant, sleep_until};

/// Waits until `moment`; for ever where there is none.
pub(crate) async fn at(moment: Option<impl Into<Instant>>) {
    match moment {
        Some(moment) => sleep_until(moment.into()).await,
        None => std::future::pending().await,
    }
}
