//! The demo catalog, built into the program, for a shop that nobody has touched yet.

use super::import::announce_everything;
use super::index;
use super::shop::Shop;
use crate::catalog_file::{self, ColumnRules, FileError, Format, ParsedRow, ProductRow};
use crate::model::text;
use crate::model::{Catalog, Currency};
use crate::store::catalog::import::put_products;
use crate::store::catalog::index::{StoredHash, fetch_raw};
use crate::store::connection::{Connection, pipeline};
use crate::store::error::{Error, Trouble};
use crate::store::keys;
use std::fmt;
use std::ops::ControlFlow;

const CATALOG: &str = include_str!("../../../assets/demo.csv");

/// The numbers of products that loading the demo stored and kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loaded {
    /// Products that were stored.
    pub stored: usize,
    /// Products whose ids were taken: what was there stays.
    pub kept: usize,
}

impl fmt::Display for Loaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stored = text::count(self.stored, "product");
        write!(f, "Loaded the demo catalog: {stored}")?;

        if self.kept > 0 {
            let kept = self.kept;
            write!(f, "; {kept} of yours with the same id stayed as they were")?;
        }
        Ok(())
    }
}

/// Stores the demo's products, and its name and currency where the shop has none. What is
/// there stays.
///
/// # Errors
/// The [`Trouble`] of the link.
pub async fn load(connection: &mut Connection) -> Result<Loaded, Error> {
    let rows = rows(CATALOG.as_bytes()).map_err(|error| Trouble::Unexpected(error.to_string()))?;
    let count = rows.len();

    let hashes = fetch_raw(&connection.conn, rows.iter().map(|row| &row.id)).await?;
    let new_rows: Vec<ProductRow> = rows
        .into_iter()
        .zip(hashes)
        .filter(|(_, hash)| *hash == StoredHash::Missing)
        .map(|(row, _)| row)
        .collect();
    let stored = new_rows.len();
    put_products(connection, new_rows).await?;

    let shop = Shop {
        name: "Corner Shop".to_owned(),
        currency: Currency::with_sign("€"),
        ..Shop::default()
    };
    name_shop(connection, &shop).await?;

    Ok(Loaded {
        stored,
        kept: count - stored,
    })
}

/// [`load`] where nobody has set up a shop yet.
///
/// # Errors
/// The [`Trouble`] of the link.
pub(crate) async fn load_if_untouched(connection: &mut Connection) -> Result<(), Error> {
    if is_untouched(connection).await? {
        load(connection).await?;
    }
    Ok(())
}

/// Reads the good products of a CSV file.
///
/// # Errors
/// The [`FileError`] at which reading ended.
pub fn rows(file: &[u8]) -> Result<Vec<ProductRow>, FileError> {
    let mut rows = Vec::new();
    catalog_file::read(file, Some(Format::Csv), &ColumnRules::default(), |parsed| {
        if let ParsedRow::Product(row) = parsed {
            rows.push(row);
        }
        ControlFlow::Continue(())
    })?;
    Ok(rows)
}

/// Sets the shop's name and currency, unless it has them already, and tells all open terminals.
///
/// # Errors
/// The [`Trouble`] of the link.
pub(crate) async fn name_shop(connection: &mut Connection, shop: &Shop) -> Result<(), Error> {
    let mut is_changed = false;
    for (field, value) in [
        ("name", shop.name.as_str()),
        ("currency", shop.currency.sign()),
    ] {
        let mut command = redis::cmd("HSETNX");
        command.arg(keys::SHOP).arg(field).arg(value);
        let is_set = command.query_async::<bool>(&mut connection.conn).await;
        is_changed |= is_set.map_err(|error| Trouble::from(error).for_products())?;
    }

    if is_changed {
        announce_everything(&mut connection.conn).await;
    }
    Ok(())
}

/// Returns whether nobody has set up a shop or a product here yet.
///
/// # Errors
/// The [`Trouble`] of the link.
pub(crate) async fn is_untouched(connection: &mut Connection) -> Result<bool, Error> {
    let commands = [keys::SHOP, keys::CATALOG].map(|key| redis::cmd("EXISTS").arg(key).to_owned());
    for exists in pipeline::run_all(&connection.conn, commands.to_vec()).await? {
        if exists? != redis::Value::Int(0) {
            return Ok(false);
        }
    }

    let products = index::find_missing(&mut connection.conn, &Catalog::default()).await?;
    Ok(products.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Product;

    #[test]
    fn every_demo_product_is_well_formed() {
        let rows = rows(CATALOG.as_bytes()).unwrap();
        assert_eq!(rows.len(), CATALOG.lines().count() - 1);
        for row in &rows {
            let fields = row
                .fields
                .each_ref()
                .map(|text| text.as_deref().map(str::as_bytes));
            let product = Product::decode(row.id.clone(), fields).unwrap();
            assert!(product.price.is_some(), "{:?}", row.id);
            assert!(
                product.stock != crate::model::Stock::Unreadable,
                "{:?}",
                row.id
            );
            assert!(
                !product.category.is_empty() && !product.unit.is_empty(),
                "{:?}",
                row.id
            );
        }
    }
}
