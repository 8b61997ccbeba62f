//! Tells open terminals which products changed, without drowning them.

use crate::model::ProductId;
use crate::store::keys::CATALOG_UPDATES;
use redis::aio::ConnectionLike;
use std::time::{Duration, Instant};

/// Ids in one message.
const IDS_IN_MESSAGE: usize = 1_000;
/// Ids that are named in one import; after that, terminals read all products again.
const MOST_NAMED: usize = 10_000;
/// The first pause between two messages; each is twice as long as the last.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// The message after which terminals read the shop and all products again.
const EVERYTHING: &str = "*";

/// Collects the ids of products that changed, and publishes them now and then.
pub(crate) struct ChangeAnnouncer {
    /// Ids that are still to be published.
    ids: Vec<ProductId>,
    /// Ids that were added, with those that are published.
    added: usize,
    /// Set once too much changed, or something that can't be named.
    is_everything: bool,
    pause: Duration,
    last: Instant,
}

impl ChangeAnnouncer {
    /// An announcer without changes; its first pause begins now.
    pub(crate) fn new(now: Instant) -> ChangeAnnouncer {
        ChangeAnnouncer {
            ids: Vec::new(),
            added: 0,
            is_everything: false,
            pause: FIRST_PAUSE,
            last: now,
        }
    }

    /// Adds products that changed, appeared or went.
    pub(crate) fn add(&mut self, ids: Vec<ProductId>) {
        self.added += ids.len();

        // The list is JSON: other ids can't be named.
        let has_unnameable = ids
            .iter()
            .any(|id| std::str::from_utf8(id.as_bytes()).is_err());
        self.is_everything |= !ids.is_empty() && (self.added > MOST_NAMED || has_unnameable);

        if self.is_everything {
            self.ids = Vec::new();
        } else {
            self.ids.extend(ids);
        }
    }

    /// Publishes the changes, unless the pause goes on.
    pub(crate) async fn announce_if_due(&mut self, conn: &mut impl ConnectionLike) {
        if self.last.elapsed() >= self.pause {
            self.announce(conn).await;
        }
    }

    /// Publishes the changes.
    pub(crate) async fn announce(&mut self, conn: &mut impl ConnectionLike) {
        if self.ids.is_empty() && !self.is_everything {
            return;
        }
        self.last = Instant::now();
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);

        if std::mem::take(&mut self.is_everything) {
            announce_everything(conn).await;
        }
        for ids in std::mem::take(&mut self.ids).chunks(IDS_IN_MESSAGE) {
            let names: Vec<_> = ids
                .iter()
                .map(|id| String::from_utf8_lossy(id.as_bytes()))
                .collect();
            // Serialising a list of strings can't fail.
            let message = serde_json::to_string(&names).unwrap_or_default();
            publish(conn, &message).await;
        }
    }
}

/// Has all open terminals read the shop and its products again.
pub(crate) async fn announce_everything(conn: &mut impl ConnectionLike) {
    publish(conn, EVERYTHING).await;
}

/// Publishes a message, in another database than 0 with its number. What it tells is stored
/// already, so a failure is no error.
async fn publish(conn: &mut impl ConnectionLike, message: &str) {
    let message = match (conn.get_db(), message) {
        (0, _) => message.to_owned(),
        (database, EVERYTHING) => format!(r#"{{"db":{database}}}"#),
        (database, products) => format!(r#"{{"db":{database},"products":{products}}}"#),
    };
    let mut publish = redis::cmd("PUBLISH");
    publish.arg(CATALOG_UPDATES).arg(message);
    let _: Result<(), _> = publish.query_async(conn).await;
}
