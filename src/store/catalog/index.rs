//! The catalog page by page: its index, and the raw hashes behind it, with flat memory.

use crate::model::ProductId;
use crate::model::product::FIELDS;
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
pub type Raw = [Option<Vec<u8>>; FIELDS.len()];

/// A way through the index, one page after the other. It keeps its place by the last id,
/// where others add and remove products meanwhile.
#[derive(Debug, Default)]
pub struct IndexCursor {
    at: usize,
    last: Option<ProductId>,
}

impl IndexCursor {
    /// The next page; empty at the end.
    pub async fn next(
        &mut self,
        conn: &mut impl ConnectionLike,
    ) -> Result<Vec<ProductId>, Trouble> {
        if let Some(last) = &self.last {
            let mut rank = redis::cmd("ZRANK");
            rank.arg(keys::CATALOG).arg(last.as_bytes());
            let rank: Option<usize> = rank.query_async(conn).await.map_err(Trouble::from)?;
            self.at = rank.map_or(self.at, |rank| rank + 1);
        }
        let mut range = redis::cmd("ZRANGE");
        range
            .arg(keys::CATALOG)
            .arg(self.at)
            .arg(self.at + PAGE - 1);
        let ids: Vec<Vec<u8>> = range.query_async(conn).await.map_err(Trouble::from)?;
        self.at += ids.len();
        let ids: Vec<ProductId> = ids.iter().map(|id| ProductId::stored(id)).collect();
        self.last = ids.last().cloned();
        Ok(ids)
    }

    /// So many ids of this page were removed from the index.
    pub fn removed(&mut self, count: usize) {
        self.at = self.at.saturating_sub(count);
    }
}

/// The next products of a scan, in any order, with repeats; `None` at the end.
pub async fn scan(conn: &mut Conn, scan: &mut Scan) -> Result<Option<Vec<ProductId>>, Trouble> {
    let keys = scan
        .next(conn, &format!("{}*", keys::PRODUCT), "hash")
        .await?;
    let id = |key: Vec<u8>| ProductId::stored(key.get(keys::PRODUCT.len()..).unwrap_or_default());
    Ok(keys.map(|keys| keys.into_iter().map(id).collect()))
}

/// Which of these stand in the index.
pub async fn listed(
    conn: &mut impl ConnectionLike,
    key: &str,
    ids: impl Iterator<Item = &ProductId>,
) -> Result<Vec<bool>, Trouble> {
    let mut scores = redis::cmd("ZMSCORE");
    scores.arg(key);
    let mut none = true;
    for id in ids {
        none = false;
        scores.arg(id.as_bytes());
    }
    if none {
        return Ok(Vec::new());
    }
    let scores: Vec<Option<f64>> = scores.query_async(conn).await.map_err(Trouble::from)?;
    Ok(scores.iter().map(Option::is_some).collect())
}

/// Puts products into the index; those that are there keep their place.
pub async fn list(
    conn: &mut impl ConnectionLike,
    ids: impl Iterator<Item = &ProductId>,
) -> Result<(), Trouble> {
    let mut add = redis::cmd("ZADD");
    add.arg(keys::CATALOG).arg("NX");
    let mut none = true;
    for id in ids {
        none = false;
        add.arg(0).arg(id.as_bytes());
    }
    if none {
        Ok(())
    } else {
        add.query_async(conn).await.map_err(Trouble::from)
    }
}

/// A key of the wrong type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoHash;

/// Reads the raw fields of products; `None` for those that are missing.
pub async fn fetch_raw(
    conn: &Conn,
    ids: impl Iterator<Item = &ProductId>,
) -> Result<Vec<Result<Option<Raw>, NoHash>>, Trouble> {
    let fetch = |id| {
        let mut fetch = redis::cmd("HMGET");
        fetch.arg(keys::product(id)).arg(&FIELDS);
        fetch
    };
    pipeline::run_all(conn, ids.map(fetch).collect())
        .await?
        .into_iter()
        .map(raw)
        .collect()
}

fn raw(answer: Result<Value, Trouble>) -> Result<Result<Option<Raw>, NoHash>, Trouble> {
    let values = match answer {
        Ok(Value::Array(values)) => values,
        // One key of the wrong type must not hide the others.
        Err(Trouble::WrongType) => return Ok(Err(NoHash)),
        Err(trouble) => return Err(trouble),
        Ok(_) => return Ok(Ok(None)),
    };
    let mut fields = Raw::default();
    for (field, value) in fields.iter_mut().zip(values) {
        if let Value::BulkString(bytes) = value {
            *field = Some(bytes);
        }
    }
    Ok(Ok(fields.iter().any(Option::is_some).then_some(fields)))
}
