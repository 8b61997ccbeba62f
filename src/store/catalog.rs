//! Reading and filling the catalog.

use super::connection::Connection;
use super::decode;
use super::error::{Error, Trouble};
use super::keys;
use crate::model::product::{FIELDS, LONGEST_NAME};
use crate::model::{Product, ProductId};
use redis::aio::ConnectionLike;
use redis::{Cmd, Pipeline};

/// Products read in one round trip.
const BATCH: usize = 500;

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
    let fields: redis::Value = fetch(id).query_async(&mut connection.link).await?;
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
    Ok(read_products(&mut connection.link, ids).await?)
}

/// [`get_products`] on any link; those that are missing, or no hashes, come as `None`.
///
/// # Errors
/// The [`Trouble`] of the link.
pub(super) async fn read_products(
    link: &mut impl ConnectionLike,
    ids: &[ProductId],
) -> Result<Vec<(ProductId, Option<Product>)>, Trouble> {
    let mut read = Vec::with_capacity(ids.len());
    for batch in ids.chunks(BATCH) {
        let mut pipeline = Pipeline::with_capacity(batch.len());
        // One key of the wrong type must not hide the others.
        pipeline.ignore_errors();
        for id in batch {
            pipeline.add_command(fetch(id));
        }
        let answers: Vec<redis::Value> = pipeline.query_async(link).await.map_err(Trouble::from)?;
        read.extend(
            batch.iter().zip(&answers).map(|(id, fields)| (id.clone(), decode::product(id.clone(), fields))),
        );
    }
    Ok(read)
}

/// Reads the whole catalog by its index, which is first rebuilt where it is missing or
/// lacks products that another client has put in.
///
/// # Errors
/// The [`Trouble`] of the link.
pub async fn get_catalog(connection: &mut Connection) -> Result<Vec<Product>, Error> {
    let link = &mut connection.link;
    let mut ids = index(link).await?;
    let missing = unlisted(link, &ids).await;
    if !missing.is_empty() {
        list(link, &missing).await;
        ids.extend(missing);
    }
    let read = read_products(link, &ids).await?;
    Ok(read.into_iter().filter_map(|(_, product)| product).collect())
}

async fn index(link: &mut impl ConnectionLike) -> Result<Vec<ProductId>, Trouble> {
    let mut ids: Vec<Vec<u8>> = redis::cmd("ZRANGE")
        .arg(keys::CATALOG)
        .arg(0)
        .arg(-1)
        .query_async(link)
        .await
        .map_err(Trouble::from)?;
    Ok(ids.drain(..).map(|id| ProductId::stored(&id)).collect())
}

/// Products that stand in no index, found by a scan; none where scanning isn't permitted.
async fn unlisted(link: &mut impl ConnectionLike, listed: &[ProductId]) -> Vec<ProductId> {
    let listed: std::collections::HashSet<&ProductId> = listed.iter().collect();
    let (mut found, mut cursor) = (Vec::new(), 0u64);
    loop {
        let mut scan = redis::cmd("SCAN");
        scan.arg(cursor)
            .arg("MATCH")
            .arg(format!("{}*", keys::PRODUCT))
            .arg("COUNT")
            .arg(1000)
            .arg("TYPE")
            .arg("hash");
        let step: Result<(u64, Vec<Vec<u8>>), _> = scan.query_async(link).await;
        let Ok((next, keys)) = step else { return found };
        for key in keys {
            let id = ProductId::stored(&key[keys::PRODUCT.len().min(key.len())..]);
            if !listed.contains(&id) {
                found.push(id);
            }
        }
        if next == 0 {
            found.sort();
            found.dedup();
            return found;
        }
        cursor = next;
    }
}

/// Puts products into the index. It only helps the next reader, so a failure is no error.
async fn list(link: &mut impl ConnectionLike, ids: &[ProductId]) {
    for batch in ids.chunks(BATCH) {
        let mut add = redis::cmd("ZADD");
        add.arg(keys::CATALOG);
        for id in batch {
            add.arg(0).arg(id.as_bytes());
        }
        if add.query_async::<()>(link).await.is_err() {
            return;
        }
    }
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
    let raw: Vec<Option<Vec<u8>>> = command.query_async(&mut connection.link).await?;
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
    let found: u32 =
        redis::cmd("EXISTS").arg(keys::SHOP).arg(keys::CATALOG).query_async(&mut connection.link).await?;
    Ok(found == 0 && unlisted(&mut connection.link, &[]).await.is_empty())
}
