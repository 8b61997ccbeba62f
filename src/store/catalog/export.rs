//! Reads the whole catalog as it is stored, with flat memory.

use crate::model::ProductId;
use crate::store::catalog::index::{
    self, IndexCursor, RawFields, StoredHash, are_members, fetch_raw, scan,
};
use crate::store::connection::nodes::Scan;
use crate::store::connection::{Conn, Connection};
use crate::store::error::{Error, Trouble};
use crate::store::keys;

/// An export under way: first the products of the index, as they stand there, then those that
/// another client put in without listing them.
#[derive(Debug, Default)]
pub struct Export {
    index: IndexCursor,
    index_is_done: bool,
    scan: Scan,
}

impl Export {
    /// Reads the next products, perhaps none; `None` at the end.
    ///
    /// # Errors
    /// The [`Trouble`] of the link.
    pub async fn next(
        &mut self,
        connection: &mut Connection,
    ) -> Result<Option<Vec<(ProductId, RawFields)>>, Error> {
        let conn = &mut connection.conn;
        if !self.index_is_done {
            let ids = self.index.next(conn).await?;
            if !ids.is_empty() {
                return Ok(Some(read(conn, ids).await?));
            }
            self.index_is_done = true;
        }

        // Where scanning isn't permitted, nobody sees what is not listed.
        let Ok(Some(mut ids)) = scan(conn, &mut self.scan).await else {
            return Ok(None);
        };
        let are_listed = are_members(conn, keys::CATALOG, ids.iter()).await?;
        let mut are_listed = are_listed.into_iter();
        ids.retain(|_| are_listed.next() == Some(false));
        ids.sort();
        ids.dedup();

        // A scan may find a product twice: from now on it is listed. Where that isn't
        // permitted, it may come out twice.
        let products = read(conn, ids).await?;
        let _ = index::add(conn, products.iter().map(|(id, _)| id)).await;
        Ok(Some(products))
    }
}

async fn read(conn: &Conn, ids: Vec<ProductId>) -> Result<Vec<(ProductId, RawFields)>, Trouble> {
    let hashes = fetch_raw(conn, ids.iter()).await?;
    let products = ids
        .into_iter()
        .zip(hashes)
        .filter_map(|(id, hash)| match hash {
            StoredHash::Fields(fields) => Some((id, fields)),
            StoredHash::Missing | StoredHash::WrongType => None,
        });
    Ok(products.collect())
}

/// Reads some product ids that begin with `prefix`, to complete what somebody types: quick, and
/// at most `most` of them.
///
/// # Errors
/// The [`Trouble`] of the link.
pub async fn ids_from(
    connection: &mut Connection,
    prefix: &str,
    most: usize,
) -> Result<Vec<ProductId>, Error> {
    // No byte of UTF-8 is higher than the last.
    let start = [b"[", prefix.as_bytes()].concat();
    let end = [b"(", prefix.as_bytes(), b"\xFF"].concat();

    let mut range = redis::cmd("ZRANGE");
    range.arg(keys::CATALOG).arg(start).arg(end).arg("BYLEX");
    range.arg("LIMIT").arg(0).arg(most);
    let ids: Vec<Vec<u8>> = range.query_async(&mut connection.conn).await?;

    // Where scores differ, the server may answer other ids, too.
    Ok(ids
        .iter()
        .filter(|id| id.starts_with(prefix.as_bytes()))
        .map(|id| ProductId::stored(id))
        .collect())
}
