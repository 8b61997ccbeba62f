//! The index of the catalog, page by page, and the raw hashes behind it, with flat memory.

use crate::model::product::FIELDS;
use crate::model::{Catalog, ProductId};
use crate::store::catalog::fields::fetch_command;
use crate::store::connection::Conn;
use crate::store::connection::nodes::Scan;
use crate::store::connection::pipeline;
use crate::store::error::Trouble;
use crate::store::keys;
use redis::Value;
use redis::aio::ConnectionLike;

/// Ids on one page.
const PAGE: usize = 1_000;

/// The raw values of [`FIELDS`].
pub(crate) type RawFields = [Option<Vec<u8>>; FIELDS.len()];

/// A cursor that goes through the index page by page. It keeps its position by the last id,
/// as others add and remove products meanwhile.
#[derive(Debug, Default)]
pub(crate) struct IndexCursor {
    position: usize,
    last: Option<ProductId>,
}

impl IndexCursor {
    /// Reads the next page; empty at the end.
    pub(crate) async fn next(
        &mut self,
        conn: &mut impl ConnectionLike,
    ) -> Result<Vec<ProductId>, Trouble> {
        if let Some(last) = &self.last {
            let mut rank = redis::cmd("ZRANK");
            rank.arg(keys::CATALOG).arg(last.as_bytes());
            let rank: Option<usize> = rank.query_async(conn).await.map_err(Trouble::from)?;
            self.position = rank.map_or(self.position, |rank| rank + 1);
        }

        let mut range = redis::cmd("ZRANGE");
        range
            .arg(keys::CATALOG)
            .arg(self.position)
            .arg(self.position + PAGE - 1);
        let ids: Vec<Vec<u8>> = range.query_async(conn).await.map_err(Trouble::from)?;
        let ids: Vec<ProductId> = ids.iter().map(|id| ProductId::stored(id)).collect();

        self.position += ids.len();
        self.last = ids.last().cloned();
        Ok(ids)
    }

    /// Notes that this many ids of the last page were removed from the index.
    pub(crate) fn note_removed(&mut self, count: usize) {
        self.position = self.position.saturating_sub(count);
    }
}

/// Reads the next products of a scan, in any sequence, with repeats; `None` at the end.
pub(crate) async fn scan(
    conn: &mut Conn,
    scan: &mut Scan,
) -> Result<Option<Vec<ProductId>>, Trouble> {
    let pattern = format!("{}*", keys::PRODUCT);
    let Some(keys) = scan.next(conn, &pattern, Some("hash")).await? else {
        return Ok(None);
    };

    let ids = keys
        .iter()
        .map(|key| ProductId::stored(key.get(keys::PRODUCT.len()..).unwrap_or_default()));
    Ok(Some(ids.collect()))
}

/// Finds products that are not in `listed` by a scan; none where scanning isn't permitted.
///
/// # Errors
/// The [`Trouble`] of a link that breaks on the way: there may be more of them.
pub(crate) async fn find_missing(
    conn: &mut Conn,
    listed: &Catalog,
) -> Result<Vec<ProductId>, Trouble> {
    let mut missing = Vec::new();
    let mut scan_position = Scan::default();

    loop {
        match scan(conn, &mut scan_position).await {
            Ok(Some(ids)) => {
                missing.extend(ids.into_iter().filter(|id| listed.number(id).is_none()));
            }
            Err(trouble) if trouble.is_transient() => return Err(trouble),
            Ok(None) | Err(_) => break,
        }
    }
    missing.sort();
    missing.dedup();
    Ok(missing)
}

/// Tells of each id whether it stands in the sorted set `key`.
pub(crate) async fn are_members(
    conn: &mut impl ConnectionLike,
    key: &str,
    ids: impl Iterator<Item = &ProductId>,
) -> Result<Vec<bool>, Trouble> {
    let ids: Vec<&ProductId> = ids.collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }

    let mut scores = redis::cmd("ZMSCORE");
    scores.arg(key);
    for id in ids {
        scores.arg(id.as_bytes());
    }
    let scores: Vec<Option<f64>> = scores.query_async(conn).await.map_err(Trouble::from)?;
    Ok(scores.iter().map(Option::is_some).collect())
}

/// Adds products to the index; those that are there keep their place.
pub(crate) async fn add(
    conn: &mut impl ConnectionLike,
    ids: impl Iterator<Item = &ProductId>,
) -> Result<(), Trouble> {
    let ids: Vec<&ProductId> = ids.collect();
    if ids.is_empty() {
        return Ok(());
    }

    let mut add = redis::cmd("ZADD");
    add.arg(keys::CATALOG).arg("NX");
    for id in ids {
        add.arg(0).arg(id.as_bytes());
    }
    add.query_async(conn).await.map_err(Trouble::from)
}

/// The hash that was found at the key of a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum StoredHash {
    /// There is no such key, or none of the fields.
    Missing,
    /// The fields of the product.
    Fields(RawFields),
    /// The key holds another type.
    WrongType,
}

/// Reads the raw fields of products.
pub(crate) async fn fetch_raw(
    conn: &Conn,
    ids: impl Iterator<Item = &ProductId>,
) -> Result<Vec<StoredHash>, Trouble> {
    let commands = ids.map(|id| fetch_command(id.as_bytes())).collect();
    pipeline::run_all(conn, commands)
        .await?
        .into_iter()
        .map(stored_hash)
        .collect()
}

/// Keeps those of `ids` that are products, as every list of products shows them. Hashes that are
/// none belong to other programs.
pub(crate) async fn products_among(
    conn: &Conn,
    ids: &[ProductId],
) -> Result<Vec<ProductId>, Trouble> {
    let hashes = fetch_raw(conn, ids.iter()).await?;
    let products = ids
        .iter()
        .zip(hashes)
        .filter(|(_, hash)| matches!(hash, StoredHash::Fields(_)));
    Ok(products.map(|(id, _)| id.clone()).collect())
}

fn stored_hash(answer: Result<Value, Trouble>) -> Result<StoredHash, Trouble> {
    let values = match answer {
        Ok(Value::Array(values)) => values,
        Ok(_) => return Ok(StoredHash::Missing),
        // One key of the wrong type must not hide the others.
        Err(Trouble::WrongType) => return Ok(StoredHash::WrongType),
        Err(trouble) => return Err(trouble),
    };

    let mut fields = RawFields::default();
    for (field, value) in fields.iter_mut().zip(values) {
        if let Value::BulkString(bytes) = value {
            *field = Some(bytes);
        }
    }
    if fields.iter().any(Option::is_some) {
        Ok(StoredHash::Fields(fields))
    } else {
        Ok(StoredHash::Missing)
    }
}
