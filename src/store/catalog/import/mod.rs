//! Puts products into the shop, some or a million, with flat memory.
//!
//! Rows travel in batches, several of which are under way at once; no product is in two of
//! them, so the last row of a product wins whatever overtakes what. All steps can be
//! repeated: a batch whose answer was lost is sent again, and an import that broke off is
//! mended by running it again.
//!
//! A row sets the fields that it gives, removes those that it gives as empty, and leaves
//! the rest of the hash alone. Products that already are what their row says are not written.

mod announcer;
mod batch;
mod sweep;

pub(crate) use announcer::announce_everything;

use crate::catalog_file::{BadRow, ProductRow};
use crate::model::ProductId;
use crate::store::catalog::index::{StoredHash, fetch_raw};
use crate::store::connection::Connection;
use crate::store::connection::retry::{Retry, RetryPolicy};
use crate::store::error::{Error, Trouble};
use crate::store::keys;
use crate::store::repeat::RepeatError;
use announcer::ChangeAnnouncer;
use batch::{BatchOptions, BatchReport};
use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use std::collections::HashSet;
use std::time::Instant;

/// Rows in one batch.
const ROWS: usize = 1_000;
/// Bytes of text in one batch; the row that exceeds them is its last.
const BYTES: usize = 256 * 1024;
/// Batches under way at once.
const BATCHES_UNDER_WAY: usize = 6;

/// Options of an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    /// Remove products that no row named at the end.
    pub replace: bool,
    /// Check and count everything, and write nothing.
    pub dry: bool,
}

/// The result of an import, in numbers of products.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Products that are new.
    pub added: u64,
    /// Products that were there and are different now.
    pub changed: u64,
    /// Products that were so already.
    pub unchanged: u64,
    /// Products that the import did not name and that are gone now.
    pub removed: u64,
    /// Other programs' hashes under `product:`, which were left as they are.
    pub left: u64,
    /// Rows that were refused here.
    pub bad: u64,
}

impl Counts {
    /// Products that rows named.
    fn named(&self) -> u64 {
        self.added + self.changed + self.unchanged
    }
}

/// The rows of a batch, and what came of sending them.
type SentBatch = (Vec<ProductRow>, Result<BatchReport, Trouble>);

/// An import under way.
pub struct Import<'c> {
    connection: &'c mut Connection,
    options: BatchOptions,
    /// Rows of the next batch.
    rows: Vec<ProductRow>,
    /// Bytes of text in the next batch.
    bytes: usize,
    /// The products of the rows that wait or are under way.
    ids: HashSet<ProductId>,
    under_way: FuturesUnordered<BoxFuture<'static, SentBatch>>,
    /// The time for which a batch that meets trouble is sent again.
    retry_policy: RetryPolicy,
    /// The attempts at batches since the last one that was stored.
    retry: Option<Retry>,
    announcer: ChangeAnnouncer,
    counts: Counts,
    /// The count of ids noted for the replacing.
    noted: u64,
    /// The products that rows named, for a dry replacing: nothing is noted in Redis then.
    named: Option<HashSet<ProductId>>,
}

impl<'c> Import<'c> {
    /// Begins an import.
    pub fn new(connection: &'c mut Connection, options: Options) -> Import<'c> {
        let seen = if options.replace && !options.dry {
            let import_id = uuid::Uuid::new_v4().simple().to_string();
            Some(keys::import(&import_id).into())
        } else {
            None
        };

        Import {
            connection,
            options: BatchOptions {
                seen,
                dry: options.dry,
            },
            rows: Vec::with_capacity(ROWS),
            bytes: 0,
            ids: HashSet::new(),
            under_way: FuturesUnordered::new(),
            retry_policy: RetryPolicy::IMPORT,
            retry: None,
            announcer: ChangeAnnouncer::new(Instant::now()),
            counts: Counts::default(),
            noted: 0,
            named: (options.replace && options.dry).then(HashSet::new),
        }
    }

    /// Takes a row; returns rows that turned out to be bad.
    ///
    /// # Errors
    /// The [`Trouble`] that ended the import; running it again completes it.
    pub async fn put(&mut self, row: ProductRow) -> Result<Vec<BadRow>, Error> {
        let mut bad = Vec::new();
        if !self.ids.insert(row.id.clone()) {
            // The same product once more: what came before must be stored first.
            self.store_all(&mut bad).await?;
            self.ids.insert(row.id.clone());
        }

        if let Some(named) = &mut self.named {
            named.insert(row.id.clone());
        }
        self.bytes += row.fields.iter().flatten().map(String::len).sum::<usize>();
        self.rows.push(row);

        if self.rows.len() >= ROWS || self.bytes >= BYTES {
            while self.under_way.len() >= BATCHES_UNDER_WAY {
                self.finish_one(&mut bad).await?;
            }
            self.send_waiting();
        }
        Ok(bad)
    }

    /// Stores what waits, and removes what no row named where that was asked for and
    /// `complete` says that all rows were good. Returns the rows that turned out to be bad.
    ///
    /// # Errors
    /// The [`Trouble`] that ended the import; running it again completes it.
    pub async fn finish(mut self, complete: bool) -> Result<(Counts, Vec<BadRow>), Error> {
        let mut bad = Vec::new();
        self.store_all(&mut bad).await?;
        if complete && self.counts.bad == 0 && self.counts.named() > 0 {
            self.sweep().await?;
        }

        let conn = &mut self.connection.conn;
        self.announcer.announce(conn).await;
        if let Some(seen) = &self.options.seen {
            // The key expires, too, so a failure is no error.
            let mut unlink = redis::cmd("UNLINK");
            let _: Result<(), _> = unlink.arg(&**seen).query_async(conn).await;
        }
        Ok((self.counts, bad))
    }

    /// Waits until all rows that were taken are stored.
    async fn store_all(&mut self, bad: &mut Vec<BadRow>) -> Result<(), Error> {
        self.send_waiting();
        while !self.under_way.is_empty() {
            self.finish_one(bad).await?;
        }
        Ok(())
    }

    fn send_waiting(&mut self) {
        if !self.rows.is_empty() {
            self.bytes = 0;
            let rows = std::mem::replace(&mut self.rows, Vec::with_capacity(ROWS));
            self.send(rows);
        }
    }

    fn send(&mut self, rows: Vec<ProductRow>) {
        let mut conn = self.connection.conn.clone();
        let options = self.options.clone();
        self.under_way.push(Box::pin(async move {
            let report = batch::store(&mut conn, &rows, &options).await;
            (rows, report)
        }));
    }

    /// Waits for one batch; where the link broke, connects again and sends it again.
    async fn finish_one(&mut self, bad: &mut Vec<BadRow>) -> Result<(), Error> {
        let Some((rows, report)) = self.under_way.next().await else {
            return Ok(());
        };

        match report {
            Ok(report) => {
                self.retry = None;
                for row in &rows {
                    self.ids.remove(&row.id);
                }
                self.add_report(report, bad);
                let conn = &mut self.connection.conn;
                self.announcer.announce_if_due(conn).await;
                Ok(())
            }
            Err(trouble) => {
                // Only so long as no batch gets through.
                let policy = self.retry_policy;
                let retry = self.retry.get_or_insert_with(|| policy.start());
                retry
                    .again(self.connection, trouble)
                    .await
                    .map_err(Trouble::for_products)?;
                self.send(rows);
                Ok(())
            }
        }
    }

    fn add_report(&mut self, report: BatchReport, bad: &mut Vec<BadRow>) {
        self.counts.added += report.added;
        self.counts.changed += report.changed;
        self.counts.unchanged += report.unchanged;
        self.counts.bad += report.bad.len() as u64;
        self.noted += report.noted;
        self.announcer.add(report.written);
        bad.extend(report.bad);
    }
}

/// Stores one product and tells all open terminals; returns whether it is new or changed, or what
/// is bad about it.
///
/// # Errors
/// [`RepeatError::Unknown`] where it may have been stored, and else the [`Trouble`] of the link.
pub async fn put_product(
    connection: &mut Connection,
    row: ProductRow,
) -> Result<(Counts, Option<BadRow>), RepeatError> {
    match put_products(connection, vec![row]).await {
        Ok((counts, bad)) => Ok((counts, bad.into_iter().next())),
        // The link was there before, so that the product may have gone over it.
        Err(Error::Trouble(trouble)) if trouble.is_transient() => {
            Err(RepeatError::Unknown(trouble))
        }
        Err(error) => Err(RepeatError::Failed(error)),
    }
}

/// Stores `rows` and tells all open terminals.
///
/// # Errors
/// The [`Trouble`] of the link.
pub(crate) async fn put_products(
    connection: &mut Connection,
    rows: Vec<ProductRow>,
) -> Result<(Counts, Vec<BadRow>), Error> {
    let mut import = Import::new(connection, Options::default());
    // These are few, and whoever waits for them is told after as long as with any other change.
    import.retry_policy = RetryPolicy::CHANGE;
    let mut bad = Vec::new();
    for row in rows {
        bad.extend(import.put(row).await?);
    }

    let (counts, more_bad) = import.finish(true).await?;
    bad.extend(more_bad);
    Ok((counts, bad))
}

/// Removes one product and tells all open terminals; returns whether there was one. A hash that
/// no list of products shows is another program's, and stays.
///
/// # Errors
/// [`Trouble::WrongType`] where its key is no hash, and the [`Trouble`] of the link.
pub async fn delete_product(connection: &mut Connection, id: &ProductId) -> Result<bool, Error> {
    let hashes = connection
        .read(async |conn| fetch_raw(&conn, std::iter::once(id)).await)
        .await?;
    let id = std::slice::from_ref(id);
    let products = match hashes[..] {
        [StoredHash::Fields(_)] => id,
        [StoredHash::WrongType] => return Err(Trouble::WrongType.into()),
        _ => &[],
    };

    sweep::remove(&mut connection.conn, products, id)
        .await
        .map_err(Trouble::for_products)?;

    let mut announcer = ChangeAnnouncer::new(Instant::now());
    announcer.add(id.to_vec());
    announcer.announce(&mut connection.conn).await;
    Ok(!products.is_empty())
}
