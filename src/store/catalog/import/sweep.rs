//! Removing what an import did not name.

use super::Import;
use crate::model::ProductId;
use crate::store::catalog::index::{IndexCursor, listed, scan};
use crate::store::connection::Conn;
use crate::store::connection::nodes::Scan;
use crate::store::connection::pipeline::run_all;
use crate::store::connection::retry::RetryPolicy;
use crate::store::error::{Error, Trouble};
use crate::store::keys;
use redis::Value;
use redis::aio::ConnectionLike;

impl Import<'_> {
    /// Removes all products that were not noted; returns how many there were.
    pub(crate) async fn sweep(&mut self) -> Result<u64, Error> {
        let Some(seen) = self.how.seen.clone() else {
            return Ok(0);
        };
        let mut removed = 0;
        let mut pages = IndexCursor::default();
        loop {
            let mut retry = RetryPolicy::IMPORT.start();
            let ids = loop {
                match pages.next(&mut self.connection.conn).await {
                    Ok(ids) => break ids,
                    Err(trouble) => retry.again(self.connection, trouble).await?,
                }
            };
            if ids.is_empty() {
                break;
            }
            let rest = self.unnamed(&seen, ids).await?;
            pages.removed(rest.len());
            removed += self.remove_all(rest).await?;
        }
        // Those that stand in no index; where scanning isn't permitted, nobody sees them.
        let mut at = Scan::default();
        loop {
            let ids = match scan(&mut self.connection.conn, &mut at).await {
                Ok(Some(ids)) => ids,
                Err(trouble) if self.connection.is_transient(&trouble) => {
                    let mut retry = RetryPolicy::IMPORT.start();
                    retry.again(self.connection, trouble).await?;
                    // Another server knows nothing of the cursor.
                    at = Scan::default();
                    continue;
                }
                Ok(None) | Err(_) => return Ok(removed),
            };
            let rest = self.unnamed(&seen, ids).await?;
            removed += self.remove_all(rest).await?;
        }
    }

    /// Those of `ids` that were not noted.
    async fn unnamed(&mut self, seen: &str, ids: Vec<ProductId>) -> Result<Vec<ProductId>, Error> {
        let mut retry = RetryPolicy::IMPORT.start();
        let (mut noted, all) = loop {
            match marks(&mut self.connection.conn, seen, &ids).await {
                Ok(marks) => break marks,
                Err(trouble) => retry.again(self.connection, trouble).await?,
            }
        };
        if all < self.noted {
            // A server that restarted without its data would have us remove what is sold.
            let why = "it lost a part of the import, so no more was removed: import again";
            return Err(Trouble::Other(why.to_owned()).into());
        }
        Ok(ids
            .into_iter()
            .filter(|_| noted.next() == Some(false))
            .collect())
    }

    async fn remove_all(&mut self, ids: Vec<ProductId>) -> Result<u64, Error> {
        if ids.is_empty() {
            return Ok(0);
        }
        let mut retry = RetryPolicy::IMPORT.start();
        let there = loop {
            match remove(&mut self.connection.conn, &ids).await {
                Ok(there) => break there,
                Err(trouble) => retry.again(self.connection, trouble).await?,
            }
        };
        // What is gone at a second try, the first one has removed.
        let removed = if retry.is_first_attempt() {
            there
        } else {
            ids.len() as u64
        };
        self.news.add(ids);
        self.news.tell(&mut self.connection.conn, false).await;
        Ok(removed)
    }
}

/// Whether each of `ids` was noted, and after that how many were in all.
async fn marks(
    conn: &mut impl ConnectionLike,
    seen: &str,
    ids: &[ProductId],
) -> Result<(std::vec::IntoIter<bool>, u64), Trouble> {
    let noted = listed(conn, seen, ids.iter()).await?.into_iter();
    let all = redis::cmd("ZCARD")
        .arg(seen)
        .query_async(conn)
        .await
        .map_err(Trouble::from)?;
    Ok((noted, all))
}

/// Removes products; returns how many of them were there. The index lets go of them last,
/// so that a removal that breaks off is found again.
pub async fn remove(conn: &mut Conn, ids: &[ProductId]) -> Result<u64, Trouble> {
    let unlink = |id| redis::cmd("UNLINK").arg(keys::product(id)).to_owned();
    let mut there = 0;
    for answer in run_all(conn, ids.iter().map(unlink).collect()).await? {
        there += u64::from(answer? != Value::Int(0));
    }
    let mut unlist = redis::cmd("ZREM");
    unlist.arg(keys::CATALOG);
    for id in ids {
        unlist.arg(id.as_bytes());
    }
    unlist
        .query_async::<()>(conn)
        .await
        .map_err(Trouble::from)?;
    Ok(there)
}
