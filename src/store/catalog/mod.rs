//! The products, and the shop that sells them.
//!
//! `fields`, `load`, `bulk` and `decode` read products: some, or the whole catalog by its `index`;
//! `kept` holds one that was read.
//! `edit`, `stock` and `import` change them, and `export` hands them out. `demo` sets up a shop that
//! nobody has touched. `shop` reads the shop's own settings, `shop_change` checks what somebody types
//! for them, and `shop_edit` stores it.

mod bulk;
pub mod decode;
pub mod demo;
mod edit;
pub(crate) mod export;
mod fields;
pub(crate) mod import;
pub(crate) mod index;
pub(crate) mod kept;
pub(crate) mod load;
mod resp;
mod shop;
mod shop_change;
mod shop_edit;
mod stock;

pub use edit::{Edited, FieldEdit, edit_product};
pub(crate) use shop::read_shop;
pub use shop::{NamedHours, NamedZone, SHOP_FIELDS, Shop, ShopField, get_shop};
pub use shop_change::{ShopChange, ShopFlaw};
pub use shop_edit::{ShopEdit, ShopEdited, change_shop};
pub use stock::step_stock;

use crate::model::product::LONGEST_NAME;
use crate::model::{Catalog, Product, ProductId};
use crate::store::connection::nodes;
use crate::store::connection::pipeline;
use crate::store::connection::{Conn, Connection, answer};
use crate::store::error::{Error, Trouble};
use fields::fetch_command;
use load::{Reading, load_catalog};

/// Products that are added to the index in one round trip.
const LISTED_AT_ONCE: usize = 1_500;
/// Up to this many keys that are no listed product are searched for products that stand in no
/// index; a database with more belongs to more than a shop's catalog.
const MOST_OTHER_KEYS: usize = 100_000;

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

    let fields = connection
        .read(async |mut conn| answer(&fetch_command(id.as_bytes()), &mut conn).await)
        .await?;
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
    let (products, trouble) = read_reachable(conn, ids).await?;
    match trouble {
        Some(trouble) => Err(trouble),
        None => Ok(products),
    }
}

/// Products with their ids; `None` for those that are missing, or no hashes.
pub(crate) type FoundProducts = Vec<(ProductId, Option<Product>)>;

/// Reads those of some products whose servers answer; and the trouble with the others, if any.
///
/// # Errors
/// The [`Trouble`] of a single server.
pub(crate) async fn read_reachable(
    conn: &Conn,
    ids: &[ProductId],
) -> Result<(FoundProducts, Option<Trouble>), Trouble> {
    let commands = ids.iter().map(|id| fetch_command(id.as_bytes())).collect();
    let answers = pipeline::run_each(conn, commands).await?;

    let mut products = Vec::with_capacity(ids.len());
    let mut unread = None;
    for (id, answer) in ids.iter().zip(answers) {
        let product = match answer {
            Ok(fields) => decode::product(id.clone(), &fields),
            Err(trouble) if trouble.is_transient() => {
                unread = Some(trouble);
                continue;
            }
            // One key of the wrong type must not hide the others.
            Err(_) => None,
        };
        products.push((id.clone(), product));
    }
    Ok((products, unread))
}

/// Reads those of some products whose servers answer; and the trouble with the others, if any.
///
/// # Errors
/// The [`Trouble`] of the link.
pub async fn get_reachable_products(
    connection: &mut Connection,
    ids: &[ProductId],
) -> Result<(Vec<(ProductId, Option<Product>)>, Option<Trouble>), Error> {
    Ok(read_reachable(&connection.conn, ids).await?)
}

/// Reads the whole catalog by its index. Where the index is missing, or lacks products that
/// another client has put in, it is mended; in a database with more than 100,000 other keys
/// only where it is missing.
///
/// # Errors
/// The [`Trouble`] of the link, or of a server that has some of the products.
pub async fn get_catalog(connection: &mut Connection) -> Result<Catalog, Error> {
    match get_reachable_catalog(connection).await? {
        (_, Some(trouble)) => Err(trouble.into()),
        (catalog, None) => Ok(catalog),
    }
}

/// [`get_catalog`] with those products that can be read, and the trouble with the server of the
/// others.
///
/// # Errors
/// The [`Trouble`] of the link.
pub async fn get_reachable_catalog(
    connection: &mut Connection,
) -> Result<(Catalog, Option<Trouble>), Error> {
    let mut unread = None;
    let mut catalog = load_catalog(connection, |reading| {
        if let Reading::Unread(_, trouble) = reading {
            unread = Some(trouble);
        }
    })
    .await?;
    if unread.is_none() {
        catalog.refresh(find_unlisted(connection, &catalog).await?);
    }
    Ok((catalog, unread))
}

/// Tells whether a database has so much beside these listed products that what lies there in no index
/// is none of the shop's.
async fn has_many_other_keys(conn: &mut Conn, listed: usize) -> bool {
    nodes::count_keys(conn).await > listed.saturating_add(MOST_OTHER_KEYS)
}

/// Finds products that stand in no index, adds them to it, and reads them.
///
/// # Errors
/// The [`Trouble`] of the link.
pub async fn find_unlisted(
    connection: &mut Connection,
    catalog: &Catalog,
) -> Result<Vec<(ProductId, Option<Product>)>, Error> {
    if !catalog.is_empty() && has_many_other_keys(&mut connection.conn, catalog.len()).await {
        return Ok(Vec::new());
    }

    let missing = index::find_missing(&mut connection.conn, catalog).await?;
    let mut found = get_products(connection, &missing).await?;
    // Hashes that are no products belong to other programs.
    found.retain(|(_, product)| product.is_some());

    let products: Vec<&ProductId> = found.iter().map(|(id, _)| id).collect();
    for batch in products.chunks(LISTED_AT_ONCE) {
        // It only helps the next reader, so a failure is no error.
        let _ = index::add(&mut connection.conn, batch.iter().copied()).await;
    }
    Ok(found)
}
