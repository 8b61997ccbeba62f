//! Putting products into the shop, some or a million, with flat memory.
//!
//! Rows travel in batches, several of which are under way at once; no product is in two of
//! them, so the last row of a product wins whatever overtakes what. All steps can be
//! repeated: a batch whose answer was lost is sent again, and an import that broke off is
//! mended by running it again.
//!
//! A row sets the fields that it gives, removes those that it gives as empty, and leaves
//! the rest of the hash alone. Products that already are what their row says are not written.

pub(crate) mod announcer;
pub(crate) mod batch;
pub(crate) mod sweep;

use crate::catalog_file::{BadRow, ProductRow};
use crate::model::ProductId;
use crate::store::catalog::index::{NoHash, fetch_raw};
use crate::store::connection::retry::RetryPolicy;
use crate::store::connection::{Conn, Connection};
use crate::store::error::{Error, Trouble};
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
const UNDER_WAY: usize = 6;

/// What an import does besides storing rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    /// Products that no row named are removed at the end, unless it is dry.
    pub replace: bool,
    /// Nothing is written; all is checked and counted.
    pub dry: bool,
}

/// What an import did.
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
    /// Rows that were refused here.
    pub bad: u64,
}

type Sent = (Vec<ProductRow>, Result<BatchReport, Trouble>);

/// An import under way.
pub struct Import<'c> {
    connection: &'c mut Connection,
    how: BatchOptions,
    rows: Vec<ProductRow>,
    bytes: usize,
    /// The products of the rows that wait or are under way.
    ids: HashSet<ProductId>,
    under_way: FuturesUnordered<BoxFuture<'static, Sent>>,
    news: ChangeAnnouncer,
    counts: Counts,
    /// Ids noted for the replacing.
    noted: u64,
}

impl<'c> Import<'c> {
    /// Begins an import.
    pub fn new(connection: &'c mut Connection, options: Options) -> Import<'c> {
        let seen = (options.replace && !options.dry)
            .then(|| crate::store::keys::import(&uuid::Uuid::new_v4().simple().to_string()));
        Import {
            connection,
            how: BatchOptions {
                seen: seen.map(Into::into),
                dry: options.dry,
            },
            rows: Vec::with_capacity(ROWS),
            bytes: 0,
            ids: HashSet::new(),
            under_way: FuturesUnordered::new(),
            news: ChangeAnnouncer::new(Instant::now()),
            counts: Counts::default(),
            noted: 0,
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
            self.settle(&mut bad).await?;
            self.ids.insert(row.id.clone());
        }
        self.bytes += row.fields.iter().flatten().map(String::len).sum::<usize>();
        self.rows.push(row);
        if self.rows.len() >= ROWS || self.bytes >= BYTES {
            while self.under_way.len() >= UNDER_WAY {
                self.take_one(&mut bad).await?;
            }
            self.send();
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
        self.settle(&mut bad).await?;
        if complete && self.counts.bad == 0 && self.named() > 0 {
            self.counts.removed = self.sweep().await?;
        }
        self.news.tell(&mut self.connection.conn, true).await;
        if let Some(seen) = &self.how.seen {
            // It goes by itself, too.
            let _: Result<(), _> = redis::cmd("UNLINK")
                .arg(&**seen)
                .query_async(&mut self.connection.conn)
                .await;
        }
        Ok((self.counts, bad))
    }

    /// The products that rows named.
    fn named(&self) -> u64 {
        self.counts.added + self.counts.changed + self.counts.unchanged
    }

    /// Waits until all that was taken is stored.
    async fn settle(&mut self, bad: &mut Vec<BadRow>) -> Result<(), Error> {
        self.send();
        while !self.under_way.is_empty() {
            self.take_one(bad).await?;
        }
        Ok(())
    }

    fn send(&mut self) {
        if !self.rows.is_empty() {
            self.bytes = 0;
            let rows = std::mem::replace(&mut self.rows, Vec::with_capacity(ROWS));
            self.send_rows(rows);
        }
    }

    fn send_rows(&mut self, rows: Vec<ProductRow>) {
        let (mut conn, how): (Conn, BatchOptions) =
            (self.connection.conn.clone(), self.how.clone());
        self.under_way.push(Box::pin(async move {
            let told = batch::store(&mut conn, &rows, &how).await;
            (rows, told)
        }));
    }

    /// Waits for one batch; where the link broke, connects again and sends it again.
    async fn take_one(&mut self, bad: &mut Vec<BadRow>) -> Result<(), Error> {
        let Some((rows, told)) = self.under_way.next().await else {
            return Ok(());
        };
        match told {
            Ok(told) => {
                for row in &rows {
                    self.ids.remove(&row.id);
                }
                self.count(told, bad);
                self.news.tell(&mut self.connection.conn, false).await;
                Ok(())
            }
            Err(trouble) => {
                let mut retry = RetryPolicy::IMPORT.start();
                retry
                    .again(self.connection, trouble)
                    .await
                    .map_err(Trouble::for_products)?;
                self.send_rows(rows);
                Ok(())
            }
        }
    }

    fn count(&mut self, told: BatchReport, bad: &mut Vec<BadRow>) {
        self.counts.added += told.added;
        self.counts.changed += told.changed;
        self.counts.unchanged += told.unchanged;
        self.counts.bad += told.bad.len() as u64;
        self.noted += told.noted;
        self.news.add(told.news);
        bad.extend(told.bad);
    }
}

/// Stores `rows` and tells all open terminals.
///
/// # Errors
/// The [`Trouble`] of the link.
pub async fn put_products(
    connection: &mut Connection,
    rows: Vec<ProductRow>,
) -> Result<(Counts, Vec<BadRow>), Error> {
    let mut import = Import::new(connection, Options::default());
    let mut bad = Vec::new();
    for row in rows {
        bad.extend(import.put(row).await?);
    }
    let (counts, more) = import.finish(true).await?;
    bad.extend(more);
    Ok((counts, bad))
}

/// Has all open terminals read the shop and its products again.
pub(crate) async fn tell_of_everything(conn: &mut Conn) {
    announcer::publish(conn, "*").await;
}

/// Removes one product and tells all open terminals; returns whether it was there.
///
/// # Errors
/// [`Trouble::WrongType`] where its key is no hash, and the [`Trouble`] of the link.
pub async fn delete_product(connection: &mut Connection, id: &ProductId) -> Result<bool, Error> {
    let conn = &mut connection.conn;
    // What is no product is somebody else's.
    if fetch_raw(conn, std::iter::once(id))
        .await?
        .contains(&Err(NoHash))
    {
        return Err(Trouble::WrongType.into());
    }
    let removed = sweep::remove(conn, std::slice::from_ref(id))
        .await
        .map_err(Trouble::for_products)?;
    let mut news = ChangeAnnouncer::new(Instant::now());
    news.add(vec![id.clone()]);
    news.tell(conn, true).await;
    Ok(removed > 0)
}
