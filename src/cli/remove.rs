//! `trolley remove PRODUCT [QTY]`

use super::{CliError, complete, connect};
use crate::cli::add::changed;
use crate::cli::output::Output;
use crate::config::Settings;
use crate::model::{Catalog, OpId, Product, ProductId, Refusal, quantity};
use crate::store;
use crate::store::Connection;
use clap::Args;
use clap_complete::ArgValueCompleter;

/// What to take out.
#[derive(Debug, Args)]
pub struct Remove {
    /// The product's id or name
    #[arg(add = ArgValueCompleter::new(complete::lines))]
    product: String,
    /// How many; all of them where it is left out
    #[arg(allow_hyphen_values = true, value_name = "QTY")]
    quantity: Option<String>,
    /// The id of this change: repeated with the same id, it is applied once
    #[arg(long, value_name = "ID")]
    op_id: Option<String>,
}

/// Takes out of the cart.
pub async fn run(args: Remove, settings: &Settings, output: &Output) -> Result<(), CliError> {
    let op = connect::op(args.op_id.as_deref())?;
    let limit = quantity::HIGHEST_LIMIT;
    let quantity = args
        .quantity
        .as_deref()
        .map(|typed| quantity::parse(typed, limit))
        .transpose()?;
    line_of(&args.product, quantity, op, settings, output).await
}

/// Takes out so many of the line that is called `typed`, or all of it.
pub async fn line_of(
    typed: &str,
    quantity: Option<u32>,
    op: OpId,
    settings: &Settings,
    output: &Output,
) -> Result<(), CliError> {
    let mut connection = connect::open_shop(settings).await?;
    let product = line(&mut connection, settings, typed).await?;
    let update =
        store::remove_as(&mut connection, &settings.user, &product.id, quantity, op).await?;
    let (now, taken) = update
        .lines
        .first()
        .map_or((0, 0), |line| (line.quantity, -line.delta));
    output.result(
        || changed(settings, &update, &product),
        |out| {
            writeln!(
                out,
                "Removed {taken} × {}: {now} left in the cart of {}",
                product.name, settings.user
            )
        },
    )?;
    Ok(())
}

/// The line that somebody means: by id, else by a name among those in the cart; a product
/// that is gone can still lie there.
async fn line(
    connection: &mut Connection,
    settings: &Settings,
    typed: &str,
) -> Result<Product, CliError> {
    let id = ProductId::asked(typed)?;
    let cart = store::get_cart_items(connection, &settings.user).await?;
    let ids: Vec<ProductId> = cart.lines.into_iter().map(|line| line.product).collect();
    let read = store::get_products(connection, &ids).await?;
    let named = read
        .into_iter()
        .filter_map(|(id, product)| product.or_else(|| Product::nameless(id)));
    match Catalog::new(named.collect()).resolve(typed) {
        Ok(product) => Ok(product.to_product()),
        Err(Refusal::UnknownProduct(_)) if !ids.contains(&id) => {
            connect::product(connection, typed).await
        }
        Err(refusal) => Err(refusal.into()),
    }
}
