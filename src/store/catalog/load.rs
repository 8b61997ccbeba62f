//! Reading the whole catalog by its index.

use super::bulk;
use crate::model::Catalog;
use crate::model::product::{Decoded, FIELDS};
use crate::store::catalog::bulk::Bulk;
use crate::store::catalog::decode;
use crate::store::connection::pipeline;
use crate::store::connection::{Conn, Connection};
use crate::store::error::{Error, Trouble};
use crate::store::keys;
use futures::{Stream, StreamExt, stream};
use redis::Cmd;
use std::pin::pin;

/// What is told while a catalog is read.
#[derive(Debug)]
pub enum Reading {
    /// Its first products, as soon as they are there.
    First(Catalog),
    /// So many of so many products are read.
    Count(usize, usize),
}

/// Ids read in the first step, and in each that follows.
const STEPS: (usize, usize) = (200, 10_000);
/// Steps that are under way at the same time.
const STEPS_UNDER_WAY: usize = 2;
/// Products asked for in one go.
const BATCH: usize = 1_500;
/// Round trips that are under way at the same time: the server never waits for us.
const UNDER_WAY: usize = 4;
/// A catalog with more products than this is read over a connection of its own.
const LARGE: usize = 10_000;
/// Products for which room is made at once: what the server says of itself is a hint, and no
/// reason to take all memory.
const MOST_RESERVED: usize = 2_000_000;

/// Ids, as Redis holds them.
pub(crate) type Ids = Vec<Vec<u8>>;
/// Ids and what was answered of each.
pub(crate) type Batch = Vec<(Vec<u8>, Fields)>;

/// What was answered of one product.
pub(crate) enum Fields {
    /// By the library.
    Read(redis::Value),
    /// By a connection for much.
    Bulk(bulk::Frame),
}

impl Fields {
    pub(crate) fn decoded(&self, id: &[u8]) -> Option<Decoded<'_>> {
        match self {
            Fields::Read(value) => decode::decoded(id, value),
            Fields::Bulk(frame) => Decoded::read(id, bulk::fields(frame)?),
        }
    }
}

/// The command that reads the product with this id.
pub(crate) fn fetch(id: &[u8]) -> Cmd {
    /// Bytes of the command, beside the id.
    const FETCH: usize = 64;
    let mut command = Cmd::with_capacity(FIELDS.len() + 2, id.len() + FETCH);
    command
        .arg("HMGET")
        .arg([keys::PRODUCT.as_bytes(), id].concat())
        .arg(&FIELDS);
    command
}

/// Reads the products of the index, and tells how far it has come.
///
/// # Errors
/// The [`Trouble`] of the link.
pub async fn load_catalog(
    connection: &mut Connection,
    mut tell: impl FnMut(Reading),
) -> Result<Catalog, Error> {
    for last_try in [false, false, true] {
        let all: usize = redis::cmd("ZCARD")
            .arg(keys::CATALOG)
            .query_async(&mut connection.conn)
            .await?;
        let conn = connection.conn.clone();
        let mut ids = Box::pin(ids(conn.clone(), all));
        // The first step is shown at once.
        let mut catalog = Catalog::default();
        let mut listed = 0;
        if let Some(first) = ids.next().await {
            listed = pack(&mut catalog, &read_batch(&conn, first?).await?);
        }
        if listed < all {
            let mut first = catalog.clone();
            first.sort();
            tell(Reading::First(first));
            catalog.reserve(all.min(MOST_RESERVED));
        }
        let bulk = if all > LARGE {
            Bulk::open(connection).await
        } else {
            None
        };
        let mut batches = pin!(match bulk {
            Some(bulk) => bulk.read(ids).left_stream(),
            None => ids
                .map(|ids| {
                    let conn = &conn;
                    async move { read_batch(conn, ids?).await }
                })
                .buffered(UNDER_WAY)
                .right_stream(),
        });
        while let Some(batch) = batches.next().await {
            listed += pack(&mut catalog, &batch?);
            tell(Reading::Count(listed, all));
        }
        catalog.sort();
        if all <= STEPS.0 {
            return Ok(catalog);
        }
        let now: usize = redis::cmd("ZCARD")
            .arg(keys::CATALOG)
            .query_async(&mut connection.conn)
            .await?;
        // It changed under our hands, so that something may have slipped from step to step.
        if now == listed || last_try {
            return Ok(catalog);
        }
    }
    Ok(Catalog::default())
}

/// Puts a batch into a catalog; returns how many ids it has.
fn pack(catalog: &mut Catalog, batch: &Batch) -> usize {
    for (id, fields) in batch {
        if let Some(product) = fields.decoded(id) {
            catalog.push(id, &product);
        }
    }
    batch.len()
}

/// The ids of the index, a batch at a time; the next step is asked for while batches are read.
fn ids(conn: Conn, all: usize) -> impl Stream<Item = Result<Ids, Trouble>> + Send {
    let steps = std::iter::once((0, STEPS.0))
        .chain(
            (STEPS.0..all)
                .step_by(STEPS.1)
                .map(|from| (from, from + STEPS.1)),
        )
        .map(move |(from, to)| step(conn.clone(), from, to));
    stream::iter(steps)
        .buffered(STEPS_UNDER_WAY)
        .flat_map(|step| {
            let batches: Vec<Result<Ids, Trouble>> = match step {
                Ok(mut ids) => {
                    let mut batches = Vec::new();
                    while !ids.is_empty() {
                        let rest = ids.split_off(ids.len().min(BATCH));
                        batches.push(Ok(std::mem::replace(&mut ids, rest)));
                    }
                    batches
                }
                Err(error) => vec![Err(error)],
            };
            stream::iter(batches)
        })
}

async fn step(mut conn: Conn, from: usize, to: usize) -> Result<Ids, Trouble> {
    let mut range = redis::cmd("ZRANGE");
    range.arg(keys::CATALOG).arg(from).arg(to - 1);
    range.query_async(&mut conn).await.map_err(Trouble::from)
}

async fn read_batch(conn: &Conn, ids: Ids) -> Result<Batch, Trouble> {
    let answers = pipeline::run_all(conn, ids.iter().map(|id| fetch(id)).collect()).await?;
    // One key of the wrong type must not hide the others.
    let answers = answers
        .into_iter()
        .map(|answer| Fields::Read(answer.unwrap_or(redis::Value::Nil)));
    Ok(ids.into_iter().zip(answers).collect())
}
