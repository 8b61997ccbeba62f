//! Reading products, and what the shop says of itself.

pub(crate) mod bulk;
pub mod demo;
pub(crate) mod export;
pub(crate) mod fields;
pub mod import;
pub(crate) mod index;
pub(crate) mod load;
mod resp;

use super::keys;
use crate::model::product::LONGEST_NAME;
use crate::model::{Catalog, Product, ProductId};
use crate::store::cart::decode;
use crate::store::connection::pipeline;
use crate::store::connection::{Conn, Connection, Scan, answer, read_again};
use crate::store::error::{Error, Trouble};
use fields::fetch_command;
use load::load_catalog;

/// Products read, or listed, in one round trip.
const BATCH: usize = 1_500;

/// Reads one product; `None` where there is none with this id.
///
/// # Errors
/// The [`Trouble`] of the link; [`Trouble::WrongType`] where the key is no hash.
pub async fn get_product(
    connection: &mut Connection,
    id: &ProductId,
) -> Result<Option<Product>, Error> {
    if id.as_bytes().len() > LONGEST_NAME {
        return Ok(None);
    }
    let fields = read_again!(
        connection,
        answer(&fetch_command(id.as_bytes()), &mut connection.conn).await
    )?;
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
    Ok(read_products(&connection.conn, ids).await?)
}

/// [`get_products`] on any connection.
///
/// # Errors
/// The [`Trouble`] of the link.
pub(crate) async fn read_products(
    conn: &Conn,
    ids: &[ProductId],
) -> Result<Vec<(ProductId, Option<Product>)>, Trouble> {
    let answers = pipeline::run(
        conn,
        ids.iter().map(|id| fetch_command(id.as_bytes())).collect(),
    )
    .await?;
    let products = ids.iter().zip(answers).map(|(id, answer)| {
        // One key of the wrong type must not hide the others.
        let product = answer
            .ok()
            .and_then(|fields| decode::product(id.clone(), &fields));
        (id.clone(), product)
    });
    Ok(products.collect())
}

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

/// Finds products that stand in no index, lists them, and reads them.
///
/// # Errors
/// The [`Trouble`] of the link.
pub async fn find_unlisted(
    connection: &mut Connection,
    catalog: &Catalog,
) -> Result<Vec<(ProductId, Option<Product>)>, Error> {
    let keys: usize = redis::cmd("DBSIZE")
        .query_async(&mut connection.conn)
        .await
        .unwrap_or(0);
    if !catalog.is_empty() && keys > catalog.len().saturating_add(MOST_OTHERS) {
        return Ok(Vec::new());
    }
    let missing = unlisted(&mut connection.conn, catalog).await;
    for batch in missing.chunks(BATCH) {
        // It only helps the next reader, so a failure is no error.
        let _ = index::list(&mut connection.conn, batch.iter()).await;
    }
    get_products(connection, &missing).await
}

/// Products that stand in no index, found by a scan; none where scanning isn't permitted.
async fn unlisted(conn: &mut Conn, listed: &Catalog) -> Vec<ProductId> {
    let (mut found, mut scan) = (Vec::new(), Scan::default());
    // What was found before a failure counts.
    while let Ok(Some(ids)) = index::scan(conn, &mut scan).await {
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
        Shop {
            name: "trolley".to_owned(),
            currency: String::new(),
        }
    }
}

/// Reads what the shop says of itself; defaults where it says nothing.
///
/// # Errors
/// The [`Trouble`] of the link.
pub async fn get_shop(connection: &mut Connection) -> Result<Shop, Error> {
    let mut command = redis::cmd("HMGET");
    command.arg(keys::SHOP).arg("name").arg("currency");
    let raw: Vec<Option<Vec<u8>>> =
        read_again!(connection, answer(&command, &mut connection.conn).await)?;
    let field = |at: usize, longest: usize| {
        let text = crate::model::text::sanitize_to(raw.get(at)?.as_deref()?, longest);
        (!text.trim().is_empty()).then(|| text.trim().to_owned())
    };
    let default = Shop::default();
    Ok(Shop {
        name: field(0, 40).unwrap_or(default.name),
        currency: field(1, 4).unwrap_or(default.currency),
    })
}

/// Has the shop say this of itself, unless it says something already, and tells all open
/// terminals.
///
/// # Errors
/// The [`Trouble`] of the link.
pub async fn name_shop(connection: &mut Connection, shop: &Shop) -> Result<(), Error> {
    let mut named = false;
    for (field, value) in [("name", &shop.name), ("currency", &shop.currency)] {
        let mut command = redis::cmd("HSETNX");
        command.arg(keys::SHOP).arg(field).arg(value);
        let set = command.query_async::<bool>(&mut connection.conn).await;
        named |= set.map_err(|error| Trouble::from(error).of_products())?;
    }
    if named {
        crate::store::catalog::import::tell_of_everything(&mut connection.conn).await;
    }
    Ok(())
}

/// Whether nobody has set up a shop or a product here yet.
///
/// # Errors
/// The [`Trouble`] of the link.
pub async fn is_untouched(connection: &mut Connection) -> Result<bool, Error> {
    let ask = |key| redis::cmd("EXISTS").arg(key).to_owned();
    for found in pipeline::run(
        &connection.conn,
        [keys::SHOP, keys::CATALOG].map(ask).to_vec(),
    )
    .await?
    {
        if found? != redis::Value::Int(0) {
            return Ok(false);
        }
    }
    Ok(unlisted(&mut connection.conn, &Catalog::default())
        .await
        .is_empty())
}
