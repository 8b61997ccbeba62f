//! Reading and filling the catalog.

use super::batch;
use super::connection::{Conn, Connection, Scan, answer, read_again};
use super::decode;
use super::error::{Error, Trouble};
use super::{keys, pages};
use crate::model::product::{FIELDS, LONGEST_NAME};
use crate::model::{Catalog, Product, ProductId};
use futures::{Stream, StreamExt, stream};
use redis::Cmd;
use std::pin::pin;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;

/// Products read in one round trip.
const BATCH: usize = 1_500;

fn fetch(id: &ProductId) -> Cmd {
    let mut command = redis::cmd("HMGET");
    command.arg(keys::product(id)).arg(&FIELDS);
    command
}

/// Reads one product; `None` where there is none with this id.
///
/// # Errors
/// The [`Trouble`] of the link; [`Trouble::WrongType`] where the key is no hash.
pub async fn get_product(connection: &mut Connection, id: &ProductId) -> Result<Option<Product>, Error> {
    if id.as_bytes().len() > LONGEST_NAME {
        return Ok(None);
    }
    let fields = read_again!(connection, answer(&fetch(id), &mut connection.link).await)?;
    Ok(decode::product(id.clone(), &fields))
}

/// Reads some products; those that are missing, or no hashes, come as `None`.
///
/// # Errors
/// The [`Trouble`] of the link.
pub async fn get_products(
    connection: &mut Connection,
    ids: &[ProductId],
) -> Result<Vec<(ProductId, Option<Product>)>, Error> {
    Ok(read_products(&connection.link, ids).await?)
}

/// [`get_products`] on any connection.
///
/// # Errors
/// The [`Trouble`] of the link.
pub(super) async fn read_products(
    conn: &Conn,
    ids: &[ProductId],
) -> Result<Vec<(ProductId, Option<Product>)>, Trouble> {
    let answers = batch::run(conn, ids.iter().map(fetch).collect()).await?;
    let products = ids.iter().zip(answers).map(|(id, answer)| {
        // One key of the wrong type must not hide the others.
        let product = answer.ok().and_then(|fields| decode::product(id.clone(), &fields));
        (id.clone(), product)
    });
    Ok(products.collect())
}

/// What is told while a catalog is read.
#[derive(Debug)]
pub enum Reading {
    /// Its first products, as soon as they are there.
    First(Catalog),
    /// So many of so many products are read.
    Count(usize, usize),
}

/// Ids read in the first step, and in each that follows.
const STEPS: (isize, isize) = (200, 10_000);
/// Round trips that are under way at the same time: the server never waits for us.
const UNDER_WAY: usize = 4;
/// Up to this many keys that are no listed product are searched for products that stand in no
/// index; a database with more belongs to more than a shop's catalog.
const MOST_OTHERS: usize = 100_000;

/// Reads the whole catalog by its index. Where the index is missing, or lacks products that
/// another client has put in, it is mended; in a database with more than 100,000 other keys
/// only where it is missing.
///
/// # Errors
/// The [`Trouble`] of the link.
pub async fn get_catalog(connection: &mut Connection) -> Result<Catalog, Error> {
    let mut catalog = load_catalog(connection, |_| ()).await?;
    catalog.refresh(find_unlisted(connection, &catalog).await?);
    Ok(catalog)
}

/// Reads the products of the index, and tells how far it has come.
///
/// # Errors
/// The [`Trouble`] of the link.
pub async fn load_catalog(
    connection: &mut Connection,
    mut tell: impl FnMut(Reading),
) -> Result<Catalog, Error> {
    let link = &connection.link.clone();
    for last_try in [false, false, true] {
        let all: usize = redis::cmd("ZCARD").arg(keys::CATALOG).query_async(&mut connection.link).await?;
        let mut batches =
            pin!(ids(link.clone(), all).map(|step| read_step(link.clone(), step)).buffered(UNDER_WAY));
        // The first step is shown at once. What follows is packed on a thread of its own, while
        // the answers behind it are parsed here.
        let mut begun = Catalog::default();
        let mut listed = 0;
        if let Some(batch) = batches.next().await {
            listed = pack(&mut begun, &batch?);
        }
        let packer = if listed < all {
            let mut first = begun.clone();
            first.sort();
            tell(Reading::First(first));
            Some(Packer::start(begun.clone(), all)?)
        } else {
            None
        };
        while let Some(batch) = batches.next().await {
            let batch = batch?;
            listed += batch.len();
            if let Some(packer) = &packer {
                packer.take(batch)?;
            }
            tell(Reading::Count(listed, all));
        }
        let mut catalog = packer.map_or(Ok(begun), Packer::finish)?;
        catalog.sort();
        if all <= STEPS.0.unsigned_abs() {
            return Ok(catalog);
        }
        let now: usize = redis::cmd("ZCARD").arg(keys::CATALOG).query_async(&mut connection.link).await?;
        // It changed under our hands, so that something may have slipped from step to step.
        if now == listed || last_try {
            return Ok(catalog);
        }
    }
    Ok(Catalog::default())
}

/// Bytes of a command that reads a product, beside its id.
const FETCH: usize = 64;

type Ids = Vec<Vec<u8>>;
/// Ids and what was answered of them.
type Batch = Vec<(Vec<u8>, redis::Value)>;

/// Puts a batch into a catalog; returns how many ids it has.
fn pack(catalog: &mut Catalog, batch: &Batch) -> usize {
    for (id, fields) in batch {
        if let Some(product) = decode::decoded(id, fields) {
            catalog.push(id, &product);
        }
    }
    batch.len()
}

/// A thread that packs what is read.
struct Packer {
    batches: SyncSender<Batch>,
    thread: JoinHandle<Catalog>,
}

/// Batches that may wait for it.
const WAITING: usize = 8;

/// Products for which room is made at once.
const MOST_RESERVED: usize = 2_000_000;

fn no_thread() -> Trouble {
    Trouble::Other("the system gives no thread".to_owned())
}

impl Packer {
    fn start(mut catalog: Catalog, all: usize) -> Result<Packer, Trouble> {
        let (batches, waiting) = sync_channel::<Batch>(WAITING);
        let work = move || {
            // What the server says of itself is a hint, and no reason to take all memory.
            catalog.reserve(all.min(MOST_RESERVED));
            for batch in waiting {
                pack(&mut catalog, &batch);
            }
            catalog
        };
        let thread = std::thread::Builder::new().name("catalog".to_owned()).spawn(work);
        Ok(Packer { batches, thread: thread.map_err(|_| no_thread())? })
    }

    fn take(&self, batch: Batch) -> Result<(), Trouble> {
        self.batches.send(batch).map_err(|_| no_thread())
    }

    fn finish(self) -> Result<Catalog, Trouble> {
        drop(self.batches);
        self.thread.join().map_err(|_| no_thread())
    }
}

/// The ids of the index, a batch at a time; the next step is asked for while batches are read.
fn ids(conn: Conn, all: usize) -> impl Stream<Item = Result<Ids, Trouble>> {
    let all = isize::try_from(all).unwrap_or(isize::MAX);
    let steps = stream::unfold((conn, 0), move |(mut conn, from)| async move {
        if from >= all {
            return None;
        }
        let to = from + if from == 0 { STEPS.0 } else { STEPS.1 };
        let mut range = redis::cmd("ZRANGE");
        range.arg(keys::CATALOG).arg(from).arg(to - 1);
        let step: Result<Ids, Trouble> = range.query_async(&mut conn).await.map_err(Trouble::from);
        let next = if step.is_ok() { to } else { all };
        Some((step, (conn, next)))
    });
    steps.flat_map(|step| {
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

async fn read_step(conn: Conn, ids: Result<Ids, Trouble>) -> Result<Batch, Trouble> {
    let ids = ids?;
    let fetch = |id: &Vec<u8>| {
        let mut command = Cmd::with_capacity(FIELDS.len() + 2, id.len() + FETCH);
        command.arg("HMGET").arg([keys::PRODUCT.as_bytes(), id].concat()).arg(&FIELDS);
        command
    };
    let answers = batch::run(&conn, ids.iter().map(fetch).collect()).await?;
    // One key of the wrong type must not hide the others.
    let answers = answers.into_iter().map(|answer| answer.unwrap_or(redis::Value::Nil));
    Ok(ids.into_iter().zip(answers).collect())
}

/// Finds products that stand in no index, lists them, and reads them.
///
/// # Errors
/// The [`Trouble`] of the link.
pub async fn find_unlisted(
    connection: &mut Connection,
    catalog: &Catalog,
) -> Result<Vec<(ProductId, Option<Product>)>, Error> {
    let keys: usize = redis::cmd("DBSIZE").query_async(&mut connection.link).await.unwrap_or(0);
    if !catalog.is_empty() && keys > catalog.len().saturating_add(MOST_OTHERS) {
        return Ok(Vec::new());
    }
    let missing = unlisted(&mut connection.link, catalog).await;
    for batch in missing.chunks(BATCH) {
        // It only helps the next reader, so a failure is no error.
        let _ = pages::list(&mut connection.link, batch.iter()).await;
    }
    get_products(connection, &missing).await
}

/// Products that stand in no index, found by a scan; none where scanning isn't permitted.
async fn unlisted(conn: &mut Conn, listed: &Catalog) -> Vec<ProductId> {
    let (mut found, mut scan) = (Vec::new(), Scan::default());
    // What was found before a failure counts.
    while let Ok(Some(ids)) = pages::scan(conn, &mut scan).await {
        found.extend(ids.into_iter().filter(|id| listed.number(id).is_none()));
    }
    found.sort();
    found.dedup();
    found
}

/// What a shop says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shop {
    /// Its name; clean text.
    pub name: String,
    /// The sign of its currency; clean text of at most 4 characters.
    pub currency: String,
}

impl Default for Shop {
    fn default() -> Shop {
        Shop { name: "trolley".to_owned(), currency: String::new() }
    }
}

/// Reads what the shop says of itself; defaults where it says nothing.
///
/// # Errors
/// The [`Trouble`] of the link.
pub async fn get_shop(connection: &mut Connection) -> Result<Shop, Error> {
    let mut command = redis::cmd("HMGET");
    command.arg(keys::SHOP).arg("name").arg("currency");
    let raw: Vec<Option<Vec<u8>>> = read_again!(connection, answer(&command, &mut connection.link).await)?;
    let field = |at: usize, longest: usize| {
        let text = crate::model::text::clean_to(raw.get(at)?.as_deref()?, longest);
        (!text.trim().is_empty()).then(|| text.trim().to_owned())
    };
    let default = Shop::default();
    Ok(Shop { name: field(0, 40).unwrap_or(default.name), currency: field(1, 4).unwrap_or(default.currency) })
}

/// Sets what the shop says of itself.
///
/// # Errors
/// The [`Trouble`] of the link.
pub async fn put_shop(connection: &mut Connection, shop: &Shop) -> Result<(), Error> {
    let mut command = redis::cmd("HSET");
    command.arg(keys::SHOP).arg("name").arg(&shop.name).arg("currency").arg(&shop.currency);
    Ok(command.query_async(&mut connection.link).await?)
}

/// Whether nobody has set up a shop or a product here yet.
///
/// # Errors
/// The [`Trouble`] of the link.
pub async fn is_untouched(connection: &mut Connection) -> Result<bool, Error> {
    let ask = |key| redis::cmd("EXISTS").arg(key).to_owned();
    for found in batch::run(&connection.link, [keys::SHOP, keys::CATALOG].map(ask).to_vec()).await? {
        if found? != redis::Value::Int(0) {
            return Ok(false);
        }
    }
    Ok(unlisted(&mut connection.link, &Catalog::default()).await.is_empty())
}
