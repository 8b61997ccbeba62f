//! Removes the products that an import did not name. What lies under `product:` and is no
//! product is another program's, and stays.

use super::Import;
use crate::model::ProductId;
use crate::store::catalog::has_many_other_keys;
use crate::store::catalog::index::{IndexCursor, are_members, products_among, scan};
use crate::store::catalog::load::index_size;
use crate::store::connection::nodes::Scan;
use crate::store::connection::retry::RetryPolicy;
use crate::store::connection::{Conn, pipeline};
use crate::store::error::{Error, Trouble};
use crate::store::keys;
use redis::aio::ConnectionLike;

impl Import<'_> {
    /// Removes all products that were not noted, and counts them and the hashes that are none.
    pub(super) async fn sweep(&mut self) -> Result<(), Error> {
        if self.options.seen.is_none() && self.named.is_none() {
            return Ok(());
        }
        self.counts.removed = self.sweep_index().await?;
        self.sweep_unlisted().await
    }

    async fn sweep_index(&mut self) -> Result<u64, Error> {
        let mut removed = 0;
        let mut cursor = IndexCursor::default();
        loop {
            let mut retry = RetryPolicy::IMPORT.start();
            let ids = loop {
                match cursor.next(&mut self.connection.conn).await {
                    Ok(ids) => break ids,
                    Err(trouble) => retry.again(self.connection, trouble).await?,
                }
            };
            if ids.is_empty() {
                return Ok(removed);
            }

            let unnamed = self.unnamed(ids).await?;
            if !self.options.dry {
                cursor.note_removed(unnamed.len());
            }
            removed += self.remove_all(unnamed).await?;
        }
    }

    /// Removes the products that stand in no index; where scanning isn't permitted, or the database
    /// is mostly another program's, nobody sees them.
    async fn sweep_unlisted(&mut self) -> Result<(), Error> {
        let size = async |mut conn| index_size(&mut conn).await;
        let listed = self.connection.read_by(RetryPolicy::IMPORT, size).await?;
        if has_many_other_keys(&mut self.connection.conn, listed).await {
            return Ok(());
        }
        let mut position = Scan::default();
        loop {
            let ids = match scan(&mut self.connection.conn, &mut position).await {
                Ok(Some(ids)) => ids,
                Err(trouble) if self.connection.is_transient(&trouble) => {
                    let mut retry = RetryPolicy::IMPORT.start();
                    retry.again(self.connection, trouble).await?;
                    // Another server knows nothing of the position.
                    position = Scan::default();
                    if !self.options.dry {
                        self.counts.left = 0;
                    }
                    continue;
                }
                Ok(None) | Err(_) => return Ok(()),
            };

            let unnamed = self.unnamed(ids).await?;
            let count = unnamed.len() as u64;
            let removed = self.remove_all(unnamed).await?;
            self.counts.removed += removed;
            self.counts.left += count - removed;
        }
    }

    /// Keeps those of `ids` that were not noted.
    async fn unnamed(&mut self, mut ids: Vec<ProductId>) -> Result<Vec<ProductId>, Error> {
        if let Some(named) = &mut self.named {
            // Those that were counted are still there, and must not be counted again.
            ids.retain(|id| named.insert(id.clone()));
            return Ok(ids);
        }
        let Some(seen) = self.options.seen.clone() else {
            return Ok(Vec::new());
        };

        let noted = async |mut conn| NotedIds::read(&mut conn, &seen, &ids).await;
        let noted = self.connection.read_by(RetryPolicy::IMPORT, noted).await?;

        if noted.total < self.noted {
            // A server that restarted without its data would have us remove what is sold.
            let why = "the server lost a part of the import, so no more was removed: import again";
            return Err(Trouble::Unexpected(why.to_owned()).into());
        }

        let mut are_noted = noted.are_noted.into_iter();
        ids.retain(|_| are_noted.next() == Some(false));
        Ok(ids)
    }

    /// Removes those of `ids` that are products, unless the import is dry; returns how many are.
    async fn remove_all(&mut self, ids: Vec<ProductId>) -> Result<u64, Error> {
        if ids.is_empty() {
            return Ok(0);
        }

        let among = async |conn| products_among(&conn, &ids).await;
        let products = self.connection.read_by(RetryPolicy::IMPORT, among).await?;

        if self.options.dry {
            return Ok(products.len() as u64);
        }

        let mut retry = RetryPolicy::IMPORT.start();
        while let Err(trouble) = remove(&mut self.connection.conn, &products, &ids).await {
            retry.again(self.connection, trouble).await?;
        }

        let removed = products.len() as u64;
        self.announcer.add(ids);
        let conn = &mut self.connection.conn;
        self.announcer.announce_if_due(conn).await;
        Ok(removed)
    }
}

/// The ids that an import noted.
struct NotedIds {
    /// For each id that was asked for, whether it was noted.
    are_noted: Vec<bool>,
    /// The count of all that were noted.
    total: u64,
}

impl NotedIds {
    async fn read(
        conn: &mut impl ConnectionLike,
        seen: &str,
        ids: &[ProductId],
    ) -> Result<NotedIds, Trouble> {
        let are_noted = are_members(conn, seen, ids.iter()).await?;
        let mut count = redis::cmd("ZCARD");
        count.arg(seen);
        let total = count.query_async(conn).await.map_err(Trouble::from)?;
        Ok(NotedIds { are_noted, total })
    }
}

/// Removes `products`, and `listed` from the index. The index lets go of them last, so that a
/// removal that breaks off is found again.
pub(super) async fn remove(
    conn: &mut Conn,
    products: &[ProductId],
    listed: &[ProductId],
) -> Result<(), Trouble> {
    let commands = products
        .iter()
        .map(|id| redis::cmd("UNLINK").arg(keys::product(id)).to_owned())
        .collect();
    for answer in pipeline::run_all(conn, commands).await? {
        answer?;
    }

    let mut unlist = redis::cmd("ZREM");
    unlist.arg(keys::CATALOG);
    for id in listed {
        unlist.arg(id.as_bytes());
    }
    unlist.query_async(conn).await.map_err(Trouble::from)
}
