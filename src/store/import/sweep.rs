//! Removing what an import did not name.

use super::super::batch::run;
use super::super::connection::{Conn, Scan};
use super::super::error::{Error, Trouble};
use super::super::keys;
use super::super::pages::{Pages, listed, scan};
use super::Import;
use crate::model::ProductId;
use redis::Value;
use redis::aio::ConnectionLike;

impl Import<'_> {
    /// Removes all products that were not noted; returns how many there were.
    pub(super) async fn sweep(&mut self) -> Result<u64, Error> {
        let Some(seen) = self.how.seen.clone() else { return Ok(0) };
        let link = &mut self.connection.link;
        let noted: u64 = redis::cmd("ZCARD").arg(&*seen).query_async(link).await.map_err(Trouble::from)?;
        if noted < self.noted {
            // A server that restarted without its data would have us remove what is sold.
            let why = "it lost a part of the import, so nothing was removed: import again";
            return Err(Trouble::Other(why.to_owned()).into());
        }
        let mut removed = 0;
        let mut pages = Pages::default();
        loop {
            let ids = pages.next(&mut self.connection.link).await?;
            if ids.is_empty() {
                break;
            }
            let rest = unnamed(&mut self.connection.link, &seen, ids).await?;
            pages.removed(rest.len());
            removed += self.remove_all(rest).await?;
        }
        // Those that stand in no index; where scanning isn't permitted, nobody sees them.
        let mut at = Scan::default();
        while let Ok(Some(ids)) = scan(&mut self.connection.link, &mut at).await {
            let rest = unnamed(&mut self.connection.link, &seen, ids).await?;
            removed += self.remove_all(rest).await?;
        }
        Ok(removed)
    }

    async fn remove_all(&mut self, ids: Vec<ProductId>) -> Result<u64, Trouble> {
        if ids.is_empty() {
            return Ok(0);
        }
        let removed = remove(&mut self.connection.link, &ids).await?;
        self.news.add(ids);
        self.news.tell(&mut self.connection.link, false).await;
        Ok(removed)
    }
}

/// Those of `ids` that were not noted.
async fn unnamed(
    link: &mut impl ConnectionLike,
    seen: &str,
    ids: Vec<ProductId>,
) -> Result<Vec<ProductId>, Trouble> {
    let mut noted = listed(link, seen, ids.iter()).await?.into_iter();
    Ok(ids.into_iter().filter(|_| noted.next() == Some(false)).collect())
}

/// Removes products; returns how many of them were there. The index lets go of them last,
/// so that a removal that breaks off is found again.
pub async fn remove(conn: &mut Conn, ids: &[ProductId]) -> Result<u64, Trouble> {
    let unlink = |id| redis::cmd("UNLINK").arg(keys::product(id)).to_owned();
    let mut there = 0;
    for answer in run(conn, ids.iter().map(unlink).collect()).await? {
        there += u64::from(answer? != Value::Int(0));
    }
    let mut unlist = redis::cmd("ZREM");
    unlist.arg(keys::CATALOG);
    for id in ids {
        unlist.arg(id.as_bytes());
    }
    unlist.query_async::<()>(conn).await.map_err(Trouble::from)?;
    Ok(there)
}
