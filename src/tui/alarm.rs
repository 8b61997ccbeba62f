//! Waiting for a moment that may not be set.

use tokio::time::{Instant, sleep_until};

/// Ends at `moment`; never where there is none.
pub async fn at(moment: Option<impl Into<Instant>>) {
    match moment {
        Some(moment) => sleep_until(moment.into()).await,
        None => std::future::pending().await,
    }
}
