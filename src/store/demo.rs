//! The demo catalog, built into the program.

use super::catalog::{Shop, is_untouched, put_shop};
use super::connection::Connection;
use super::error::{Error, Trouble};
use super::import::put_products;
use crate::catalog_file::{self, FileError, Format, Item, Row};
use std::ops::ControlFlow;

const CATALOG: &str = include_str!("../../assets/demo.csv");

/// Stores the demo shop and its products; returns how many. Products of the same id are changed.
///
/// # Errors
/// The [`Trouble`] of the link.
pub async fn load(connection: &mut Connection) -> Result<usize, Error> {
    let rows = rows(CATALOG.as_bytes()).map_err(|error| Trouble::Other(error.to_string()))?;
    let count = rows.len();
    put_products(connection, rows).await?;
    put_shop(connection, &Shop { name: "Corner Shop".to_owned(), currency: "€".to_owned() }).await?;
    Ok(count)
}

/// [`load`] where nobody has set up a shop yet.
///
/// # Errors
/// The [`Trouble`] of the link.
pub async fn load_if_untouched(connection: &mut Connection) -> Result<(), Error> {
    if is_untouched(connection).await? {
        load(connection).await?;
    }
    Ok(())
}

/// Reads the good products of a CSV file.
///
/// # Errors
/// The [`FileError`] at which reading ended.
pub fn rows(file: &[u8]) -> Result<Vec<Row>, FileError> {
    let mut rows = Vec::new();
    catalog_file::read(file, Some(Format::Csv), |item| {
        if let Item::Row(row) = item {
            rows.push(row);
        }
        ControlFlow::Continue(())
    })?;
    Ok(rows)
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
            let fields = row.fields.each_ref().map(|text| text.as_deref().map(str::as_bytes));
            let product = Product::decode(row.id.clone(), fields).unwrap();
            assert!(product.price.is_some(), "{:?}", row.id);
            assert!(product.stock != crate::model::Stock::Unreadable, "{:?}", row.id);
            assert!(!product.category.is_empty() && !product.unit.is_empty(), "{:?}", row.id);
        }
    }
}
