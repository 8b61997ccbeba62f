//! The demo catalog, built into the program.

use super::catalog::{Row, Shop, is_untouched, put_products, put_shop};
use super::connection::Connection;
use super::error::{Error, Trouble};
use crate::model::ProductId;
use crate::model::product::FIELDS;

const CATALOG: &str = include_str!("../../assets/demo.csv");

/// Stores the demo shop and its products; returns how many. Products of the same id are replaced.
///
/// # Errors
/// The [`Trouble`] of the link.
pub async fn load(connection: &mut Connection) -> Result<usize, Error> {
    let rows = rows(CATALOG.as_bytes()).map_err(|error| Trouble::Other(error.to_string()))?;
    put_products(connection, &rows).await?;
    put_shop(connection, &Shop { name: "Corner Shop".to_owned(), currency: "€".to_owned() }).await?;
    Ok(rows.len())
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

/// Reads products from a CSV file whose first row names the columns.
///
/// # Errors
/// The [`csv::Error`] with its line.
pub fn rows(file: &[u8]) -> Result<Vec<Row>, csv::Error> {
    let mut reader = csv::Reader::from_reader(file);
    let heads = reader.headers()?.clone();
    let column = |name: &str| heads.iter().position(|head| head == name);
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record?;
        let value = |name: &str| column(name).and_then(|at| record.get(at)).unwrap_or_default().to_owned();
        rows.push(Row { id: ProductId::stored(value("id").as_bytes()), fields: FIELDS.map(value) });
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Product;

    #[test]
    fn every_demo_product_is_well_formed() {
        let rows = rows(CATALOG.as_bytes()).unwrap();
        assert!(rows.len() >= 60, "{}", rows.len());
        for row in &rows {
            let fields = row.fields.each_ref().map(|text| Some(text.as_bytes()));
            let product = Product::decode(row.id.clone(), fields).unwrap();
            assert!(product.price.is_some(), "{:?}", row.id);
            assert!(product.stock != crate::model::Stock::Unreadable, "{:?}", row.id);
            assert!(!product.category.is_empty() && !product.unit.is_empty(), "{:?}", row.id);
        }
    }
}
