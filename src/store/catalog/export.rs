//! Reading the whole catalog as it is stored, with flat memory.

use crate::model::ProductId;
use crate::store::catalog::index::{IndexCursor, Raw, fetch_raw, list, listed, scan};
use crate::store::connection::nodes::Scan;
use crate::store::connection::{Conn, Connection};
use crate::store::error::{Error, Trouble};
use crate::store::keys;

/// An export under way: first the products of the index in its order, then those that
/// another client put in without listing them.
#[derive(Debug, Default)]
pub struct Export {
    pages: IndexCursor,
    unlisted: bool,
    scan: Scan,
}

impl Export {
    /// The next products, perhaps none; `None` at the end.
    ///
    /// # Errors
    /// The [`Trouble`] of the link.
    pub async fn next(
        &mut self,
        connection: &mut Connection,
    ) -> Result<Option<Vec<(ProductId, Raw)>>, Error> {
        let conn = &mut connection.conn;
        if !self.unlisted {
            let ids = self.pages.next(conn).await?;
            if !ids.is_empty() {
                return Ok(Some(read(conn, ids).await?));
            }
            self.unlisted = true;
        }
        // Where scanning isn't permitted, nobody sees what is not listed.
        let Ok(Some(mut ids)) = scan(conn, &mut self.scan).await else {
            return Ok(None);
        };
        let mut known = listed(conn, keys::CATALOG, ids.iter()).await?.into_iter();
        ids.retain(|_| known.next() == Some(false));
        ids.sort();
        ids.dedup();
        // A scan may tell a product twice: from now on it is listed. Where that isn't
        // permitted, it may come out twice.
        let _ = list(conn, ids.iter()).await;
        Ok(Some(read(conn, ids).await?))
    }
}

async fn read(conn: &Conn, ids: Vec<ProductId>) -> Result<Vec<(ProductId, Raw)>, Trouble> {
    let raw = fetch_raw(conn, ids.iter()).await?;
    Ok(ids
        .into_iter()
        .zip(raw)
        .filter_map(|(id, raw)| Some((id, raw.ok()??)))
        .collect())
}

/// Some product ids that begin with `prefix`, for completing what somebody types: quick, and
/// at most `most` of them.
///
/// # Errors
/// The [`Trouble`] of the link.
pub async fn ids_from(
    connection: &mut Connection,
    prefix: &str,
    most: usize,
) -> Result<Vec<ProductId>, Error> {
    let mut range = redis::cmd("ZRANGE");
    range
        .arg(keys::CATALOG)
        .arg([b"[", prefix.as_bytes()].concat());
    // No byte of UTF-8 is higher.
    range
        .arg([b"(", prefix.as_bytes(), b"\xFF"].concat())
        .arg("BYLEX")
        .arg("LIMIT")
        .arg(0)
        .arg(most);
    let ids: Vec<Vec<u8>> = range.query_async(&mut connection.conn).await?;
    Ok(ids
        .iter()
        .filter(|id| id.starts_with(prefix.as_bytes()))
        .map(|id| ProductId::stored(id))
        .collect())
}
