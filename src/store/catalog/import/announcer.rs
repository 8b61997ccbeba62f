//! Telling open terminals what changed, without drowning them.

use crate::model::ProductId;
use crate::store::keys::CATALOG_UPDATES;
use redis::aio::ConnectionLike;
use std::time::{Duration, Instant};

/// Ids in one message.
const IDS: usize = 1_000;
/// Ids that are told by name in one import; after that, terminals read all of it again.
const NAMED: usize = 10_000;
/// The first pause between two messages; each is twice as long as the last.
const PAUSE: Duration = Duration::from_millis(250);
/// The longest pause.
const LONGEST: Duration = Duration::from_secs(30);

/// What is to be told.
pub struct ChangeAnnouncer {
    ids: Vec<ProductId>,
    named: usize,
    everything: bool,
    pause: Duration,
    last: Instant,
}

impl ChangeAnnouncer {
    /// No news yet.
    pub fn new(now: Instant) -> ChangeAnnouncer {
        ChangeAnnouncer {
            ids: Vec::new(),
            named: 0,
            everything: false,
            pause: PAUSE,
            last: now,
        }
    }

    /// These products changed, appeared or went.
    pub fn add(&mut self, ids: Vec<ProductId>) {
        self.named += ids.len();
        // The list is JSON: other ids can't be named.
        let nameless = ids
            .iter()
            .any(|id| std::str::from_utf8(id.as_bytes()).is_err());
        self.everything |= !ids.is_empty() && (self.named > NAMED || nameless);
        if self.everything {
            self.ids = Vec::new();
        } else {
            self.ids.extend(ids);
        }
    }

    /// Publishes what is due, or all of it. It only tells, so a failure is no error.
    pub async fn tell(&mut self, conn: &mut impl ConnectionLike, all: bool) {
        let nothing = self.ids.is_empty() && !self.everything;
        if nothing || (!all && self.last.elapsed() < self.pause) {
            return;
        }
        (self.last, self.pause) = (Instant::now(), (self.pause * 2).min(LONGEST));
        if std::mem::take(&mut self.everything) {
            publish(conn, "*").await;
        }
        for ids in std::mem::take(&mut self.ids).chunks(IDS) {
            let texts: Vec<_> = ids
                .iter()
                .map(|id| String::from_utf8_lossy(id.as_bytes()))
                .collect();
            // Serialising a list of strings can't fail.
            publish(conn, &serde_json::to_string(&texts).unwrap_or_default()).await;
        }
    }
}

/// Publishes a message; it only tells, so a failure is no error.
pub async fn publish(conn: &mut impl ConnectionLike, message: &str) {
    let _: Result<(), _> = redis::cmd("PUBLISH")
        .arg(CATALOG_UPDATES)
        .arg(message)
        .query_async(conn)
        .await;
}
