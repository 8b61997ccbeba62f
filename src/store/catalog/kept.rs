//! A catalog that is kept for whoever asks next: only what has changed since is read then.

use super::decode::{CatalogNews, catalog_news};
use super::{Shop, read_reachable};
use crate::model::{Catalog, ProductId};
use crate::store::cart::decode;
use crate::store::connection::Connection;
use crate::store::connection::address::{Address, ServerKind};
use crate::store::connection::discovery::Locator;
use crate::store::connection::pushes::{PushQueue, push_queue};
use crate::store::connection::raw::{self, ServerConn};
use crate::store::error::Trouble;
use crate::store::keys::CATALOG_UPDATES;
use redis::PushInfo;
use redis::aio::ConnectionLike;
use std::collections::HashSet;
use std::time::{Duration, Instant};

/// The time for which a catalog is kept, as a multiple of what it took to read. Until then, who comes
/// next may miss what nobody has announced.
const KEPT_FOR: u32 = 30;
/// The longest time for which it is kept.
const LONGEST_KEPT: Duration = Duration::from_secs(60);
/// The most changed products that are read one by one. With more, all are read.
const MOST_CHANGED: usize = 1_000;

/// News of the products. It comes by a connection of its own: a server sends less over one that is
/// subscribed, and cuts it if more waits.
pub(crate) struct NewsFeed {
    server: ServerConn,
    pushes: PushQueue,
    /// The news since it was asked for last.
    changed: Changed,
}

/// The products that have changed.
enum Changed {
    These(HashSet<ProductId>),
    /// Any may have.
    Any,
}

/// A catalog as it was read, and what tells of its changes.
pub(crate) struct KeptCatalog {
    feed: NewsFeed,
    /// Reads what has changed.
    connection: Connection,
    catalog: Catalog,
    shop: Shop,
    /// The moment from which on all of it has to be read anew.
    expires_at: Instant,
}

impl NewsFeed {
    /// Listens to the news of a shop's products. `None` where it may not, and where servers may take
    /// each other's place: the one that is listened to could miss what another one is told.
    ///
    /// # Errors
    /// The [`Trouble`] that stands in the way.
    pub(crate) async fn open(address: &Address) -> Result<Option<NewsFeed>, Trouble> {
        if !matches!(address.kind(), ServerKind::Server) {
            return Ok(None);
        }
        let (queue_push, pushes) = push_queue();
        let mut locator = Locator::new(address.clone());
        let Some(mut server) = locator.open_single(Some(queue_push)).await? else {
            return Ok(None);
        };
        if server.subscribe(&[CATALOG_UPDATES]).await.is_err() {
            return Ok(None);
        }
        Ok(Some(NewsFeed {
            server,
            pushes,
            changed: Changed::These(HashSet::new()),
        }))
    }

    /// Takes in news as it comes; ends with the connection. Nothing is lost where the future is
    /// dropped before its end.
    async fn listen(&mut self) {
        while let Some(push) = self.pushes.next().await {
            self.take_in(&push);
        }
        self.changed = Changed::Any;
    }

    /// The products of which there was news until now, since this was asked last.
    async fn changed(&mut self) -> Result<Changed, Trouble> {
        // What was announced before the server answers comes before its answer.
        raw::greet(&mut self.server).await?;
        while let Some(push) = self.pushes.try_next() {
            self.take_in(&push);
        }
        if self.pushes.take_lag_so_far() {
            self.changed = Changed::Any;
        }
        let none = Changed::These(HashSet::new());
        Ok(std::mem::replace(&mut self.changed, none))
    }

    fn take_in(&mut self, push: &PushInfo) {
        let message = decode::message(push, self.server.get_db());
        let news = message.map(|(_, message)| catalog_news(message));
        match (news, &mut self.changed) {
            (None, _) | (_, Changed::Any) => {}
            (Some(CatalogNews::Products(ids)), Changed::These(changed)) => {
                changed.extend(ids);
                if changed.len() > MOST_CHANGED {
                    self.changed = Changed::Any;
                }
            }
            (Some(CatalogNews::Everything), Changed::These(_)) => self.changed = Changed::Any,
        }
    }
}

impl KeptCatalog {
    /// Keeps what was read by this connection within the time `took`, while the feed was open.
    pub(crate) fn new(
        feed: NewsFeed,
        connection: Connection,
        (catalog, shop): (Catalog, Shop),
        took: Duration,
    ) -> KeptCatalog {
        KeptCatalog {
            feed,
            connection,
            catalog,
            shop,
            expires_at: Instant::now() + (took * KEPT_FOR).min(LONGEST_KEPT),
        }
    }

    /// The catalog as it is now, and the shop; `None` where all of it has to be read anew.
    pub(crate) async fn current(&mut self) -> Option<(Catalog, Shop)> {
        if Instant::now() >= self.expires_at {
            return None;
        }
        // Where the feed is broken, reading anew says why.
        let Ok(Changed::These(changed)) = self.feed.changed().await else {
            return None;
        };
        let changed: Vec<_> = changed.into_iter().collect();

        let read = read_reachable(&self.connection.conn, &changed).await;
        let (read, trouble) = read.ok()?;
        // An id that is no product, and never was, is another client's "read everything again".
        let is_known = |id: &ProductId| self.catalog.get(id).is_some();
        let mut missing = read.iter().filter(|(_, product)| product.is_none());
        if trouble.is_some() || missing.any(|(id, _)| !is_known(id)) {
            return None;
        }

        self.catalog.refresh(read);
        Some((self.catalog.clone(), self.shop.clone()))
    }

    /// Hears of changes while nobody asks; ends where there is nothing more to hear.
    pub(crate) async fn listen(&mut self) {
        self.feed.listen().await;
    }

    /// What was kept, for a catalog that is read anew.
    pub(crate) fn into_catalog(self) -> Catalog {
        self.catalog
    }
}
