//! The product or the order that somebody means by what they typed.

use super::args;
use super::error::CliError;
use crate::config::Settings;
use crate::model::{Catalog, OrderId, Product, ProductId, Refusal};
use crate::store::{self, Connection, Error, Trouble, order};
use std::collections::HashMap;

/// Finds the product that somebody means: by its id, else by its name in the catalog.
pub(super) async fn product(connection: &mut Connection, typed: &str) -> Result<Product, CliError> {
    let id = ProductId::asked(typed)?;
    match store::get_product(connection, &id).await {
        Ok(Some(product)) => return Ok(product),
        Ok(None) | Err(Error::Trouble(Trouble::WrongType)) => {}
        Err(error) => return Err(error.into()),
    }

    let catalog = store::get_catalog(connection).await?;
    match catalog.resolve(typed) {
        Ok(found) => Ok(found.to_product()),
        Err(refusal) if catalog.is_empty() => Err(CliError::EmptyCatalog(refusal)),
        Err(refusal) => Err(refusal.into()),
    }
}

/// Finds the product of a cart's line that somebody means: by its id, else by its name among
/// those in the cart. A product that is gone can still be in there.
pub(super) async fn product_in_cart(
    connection: &mut Connection,
    settings: &Settings,
    typed: &str,
) -> Result<Product, CliError> {
    let id = ProductId::asked(typed)?;
    let cart = store::get_cart_items(connection, &settings.user).await?;
    let ids: Vec<ProductId> = cart.lines.into_iter().map(|line| line.product).collect();

    // One that can't be read now can be named by its id.
    let (read, _) = store::get_reachable_products(connection, &ids).await?;
    let mut read: HashMap<_, _> = read.into_iter().collect();
    let products = ids
        .iter()
        .filter_map(|id| {
            let product = read.remove(id).flatten();
            product.or_else(|| Product::nameless(id.clone()))
        })
        .collect();
    match Catalog::new(products).resolve(typed) {
        Ok(found) => Ok(found.to_product()),
        // It may be a product that is not in the cart, which the change then says.
        Err(Refusal::UnknownProduct(_) | Refusal::Misspelt { .. }) if !ids.contains(&id) => {
            product(connection, typed).await
        }
        Err(refusal) => Err(refusal.into()),
    }
}

/// Finds several products, each by its id or its whole name; each comes as itself, or as the reason
/// why it is none.
pub(super) async fn whole_products(
    connection: &mut Connection,
    typed: &[&str],
) -> Result<Vec<Result<Product, CliError>>, CliError> {
    let asked: Vec<Option<ProductId>> = typed
        .iter()
        .map(|typed| ProductId::asked(typed).ok())
        .collect();
    let ids: Vec<ProductId> = asked.iter().flatten().cloned().collect();
    let read = store::get_products(connection, &ids).await?;
    let read: HashMap<ProductId, Option<Product>> = read.into_iter().collect();

    // The catalog is read only for those that are named.
    let by_id = asked.iter().map(|id| read.get(id.as_ref()?)?.clone());
    let by_id: Vec<Option<Product>> = by_id.collect();
    let catalog = if by_id.iter().any(Option::is_none) {
        store::get_catalog(connection).await?
    } else {
        Catalog::default()
    };

    let find = |(found, typed): (Option<Product>, &&str)| match found {
        Some(product) => Ok(product),
        None => match catalog.resolve_whole(typed) {
            Ok(found) => Ok(found.to_product()),
            Err(refusal) if catalog.is_empty() => Err(CliError::EmptyCatalog(refusal)),
            Err(refusal) => Err(refusal.into()),
        },
    };
    Ok(by_id.into_iter().zip(typed).map(find).collect())
}

/// Finds the order that somebody means, by its number, the end of its id, or the whole id.
pub(super) async fn order_id(
    connection: &mut Connection,
    typed: &str,
) -> Result<OrderId, CliError> {
    let meant = args::order_ref(typed)?;
    Ok(order::find_order(connection, None, &meant).await?)
}
