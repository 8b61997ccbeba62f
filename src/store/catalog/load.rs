//! Reads the whole catalog by its index.

use crate::model::Catalog;
use crate::store::catalog::bulk::BulkConnection;
use crate::store::catalog::fields::{Batch, Ids, ProductFields, fetch_command};
use crate::store::connection::pipeline;
use crate::store::connection::{Conn, Connection, answer};
use crate::store::error::{Error, Trouble};
use crate::store::keys;
use futures::{Stream, StreamExt, stream};
use std::pin::pin;

/// Progress while a catalog is read.
#[derive(Debug)]
pub enum Reading {
    /// The first products, as soon as they are there.
    First(Catalog),
    /// The number of products read so far, and the total.
    Count(usize, usize),
    /// This number of products is left out, because a server does not let them be read.
    Unread(usize, Trouble),
}

/// Ids read in the first step, which is shown at once.
const FIRST_STEP: usize = 200;
/// Ids read in each later step.
const LATER_STEP: usize = 10_000;
/// Steps that are under way at the same time.
const STEPS_UNDER_WAY: usize = 2;
/// Products asked for in one go.
const BATCH: usize = 1_500;
/// Batches that are under way at the same time, so that the server never waits for us.
const BATCHES_UNDER_WAY: usize = 4;
/// A catalog with more products than this is read over a connection of its own.
const LARGE_CATALOG: usize = 10_000;
/// Products for which room is made in advance. The size that a server states is a hint, and no
/// reason to take all memory.
const MOST_RESERVED: usize = 2_000_000;
/// Readings of an index that keeps changing meanwhile.
const MOST_TRIES: usize = 3;

/// Reads the products of the index, and reports its progress to `tell`.
///
/// # Errors
/// The [`Trouble`] of the link.
pub async fn load_catalog(
    connection: &mut Connection,
    mut tell: impl FnMut(Reading),
) -> Result<Catalog, Error> {
    let mut tries = 0;
    loop {
        tries += 1;
        let total = index_size(&mut connection.conn).await?;
        let read = read_index(connection, total, &mut tell).await?;

        // What comes in one step is complete. Where the index of more than that changed meanwhile,
        // a product may have slipped from step to step.
        let is_complete =
            total <= FIRST_STEP || index_size(&mut connection.conn).await? == read.listed;
        if is_complete || tries == MOST_TRIES {
            if let Some(trouble) = read.trouble {
                tell(Reading::Unread(read.unread, trouble));
            }
            return Ok(read.catalog);
        }
    }
}

/// The number of ids in the index.
pub(super) async fn index_size(conn: &mut Conn) -> Result<usize, Trouble> {
    let mut command = redis::cmd("ZCARD");
    command.arg(keys::CATALOG);
    answer(&command, conn).await
}

/// The result of one reading of the index.
#[derive(Default)]
struct IndexReading {
    catalog: Catalog,
    /// The ids that the index had.
    listed: usize,
    /// The products that could not be read, and why.
    unread: usize,
    trouble: Option<Trouble>,
}

impl IndexReading {
    fn add(&mut self, batch: &Batch) {
        self.listed += batch.len();
        for (id, fields) in batch {
            if let ProductFields::Unread(trouble) = fields {
                self.unread += 1;
                self.trouble = Some(trouble.clone());
            } else if let Some(product) = fields.decode(id) {
                self.catalog.push(id, &product);
            }
        }
    }
}

/// Reads an index of `total` ids once.
async fn read_index(
    connection: &Connection,
    total: usize,
    tell: &mut impl FnMut(Reading),
) -> Result<IndexReading, Error> {
    let conn = &connection.conn;
    let mut ids = Box::pin(index_ids(conn.clone(), total));
    let mut read = IndexReading::default();

    if let Some(first) = ids.next().await {
        read.add(&read_batch(conn, first?).await?);
    }
    if read.listed < total {
        let mut first = read.catalog.clone();
        first.sort();
        tell(Reading::First(first));
        read.catalog.reserve(total.min(MOST_RESERVED));
    }

    let bulk = if total > LARGE_CATALOG {
        BulkConnection::open(connection).await
    } else {
        None
    };
    let mut batches = pin!(match bulk {
        Some(bulk) => bulk.read(ids).left_stream(),
        None => ids
            .map(|ids| async move { read_batch(conn, ids?).await })
            .buffered(BATCHES_UNDER_WAY)
            .right_stream(),
    });
    while let Some(batch) = batches.next().await {
        read.add(&batch?);
        tell(Reading::Count(read.listed, total));
    }

    read.catalog.sort();
    Ok(read)
}

/// The ids of the index in batches. The next step is asked for while batches are read.
fn index_ids(conn: Conn, total: usize) -> impl Stream<Item = Result<Ids, Trouble>> + Send {
    let later_steps = (FIRST_STEP..total)
        .step_by(LATER_STEP)
        .map(|start| (start, start + LATER_STEP));
    let steps = std::iter::once((0, FIRST_STEP)).chain(later_steps);

    stream::iter(steps.map(move |(start, end)| read_ids(conn.clone(), start, end)))
        .buffered(STEPS_UNDER_WAY)
        .flat_map(|step| stream::iter(split_into_batches(step)))
}

/// Reads the ids of the index from `start` to before `end`.
async fn read_ids(mut conn: Conn, start: usize, end: usize) -> Result<Ids, Trouble> {
    let mut range = redis::cmd("ZRANGE");
    range.arg(keys::CATALOG).arg(start).arg(end - 1);
    range.query_async(&mut conn).await.map_err(Trouble::from)
}

fn split_into_batches(step: Result<Ids, Trouble>) -> Vec<Result<Ids, Trouble>> {
    let mut ids = match step {
        Ok(ids) => ids,
        Err(trouble) => return vec![Err(trouble)],
    };

    let mut batches = Vec::new();
    while !ids.is_empty() {
        let rest = ids.split_off(ids.len().min(BATCH));
        batches.push(Ok(std::mem::replace(&mut ids, rest)));
    }
    batches
}

/// Reads a batch over the usual connection.
async fn read_batch(conn: &Conn, ids: Ids) -> Result<Batch, Trouble> {
    let commands = ids.iter().map(|id| fetch_command(id)).collect();
    let answers = pipeline::run_each(conn, commands).await?;

    let fields = answers.into_iter().map(|answer| match answer {
        Ok(answer) => ProductFields::Value(answer),
        Err(trouble) if trouble.is_transient() => ProductFields::Unread(trouble),
        // One key of the wrong type must not hide the others.
        Err(_) => ProductFields::Value(redis::Value::Nil),
    });
    Ok(ids.into_iter().zip(fields).collect())
}
