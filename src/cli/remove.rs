//! `trolley remove PRODUCT [QTY]`

use super::args::OpIdArg;
use super::cart_output::show_removed;
use super::error::CliError;
use super::output::Output;
use super::{complete, connect, lookup};
use crate::config::Settings;
use crate::model::quantity;
use crate::store;
use clap::Args;
use clap_complete::ArgValueCompleter;

#[derive(Debug, Args)]
pub(super) struct RemoveArgs {
    /// The product's id, bar code or name
    #[arg(add = ArgValueCompleter::new(complete::product_ids_in_cart))]
    product: String,
    /// The number of pieces [default: all]
    #[arg(allow_hyphen_values = true, value_name = "QTY")]
    quantity: Option<String>,
    #[command(flatten)]
    op: OpIdArg,
}

/// Takes pieces of a product, or all of them, out of the cart.
pub(super) async fn run(
    args: &RemoveArgs,
    settings: &Settings,
    output: &Output,
) -> Result<(), CliError> {
    let op = args.op.op_id()?;
    let quantity = match &args.quantity {
        Some(typed) => Some(quantity::parse(typed, quantity::HIGHEST_LIMIT)?),
        None => None,
    };

    let mut connection = connect::open_shop(settings).await?;
    let product = lookup::product_in_cart(&mut connection, settings, &args.product).await?;
    let applied = store::remove_as(&mut connection, &settings.user, &product.id, quantity, op)
        .await
        .map_err(|error| CliError::of_line(error, &product))?;

    show_removed(settings, output, &applied, &product)?;
    Ok(())
}
