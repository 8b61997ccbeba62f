//! `trolley add PRODUCT [QTY]`

use super::args::OpIdArg;
use super::cart_output::{change_json, note_repeat};
use super::error::CliError;
use super::output::Output;
use super::{complete, connect};
use crate::config::Settings;
use crate::model::quantity;
use crate::store;
use clap::Args;
use clap_complete::ArgValueCompleter;
use serde_json::json;

#[derive(Debug, Args)]
pub(super) struct AddArgs {
    /// The product's id or name
    #[arg(add = ArgValueCompleter::new(complete::product_ids))]
    product: String,
    /// The number of pieces
    #[arg(default_value = "1", allow_hyphen_values = true, value_name = "QTY")]
    quantity: String,
    #[command(flatten)]
    op: OpIdArg,
}

/// Adds pieces of a product to the cart.
pub(super) async fn run(
    args: &AddArgs,
    settings: &Settings,
    output: &Output,
) -> Result<(), CliError> {
    let op = args.op.op_id()?;
    let quantity = quantity::parse(&args.quantity, settings.policy.line_limit)?;

    let mut connection = connect::open_shop(settings).await?;
    let product = connect::product(&mut connection, &args.product).await?;
    let applied = store::add_as(&mut connection, &settings.user, &product.id, quantity, op)
        .await
        .map_err(|error| CliError::of_line(error, &product))?;

    let in_cart = applied.update.lines.first().map_or(0, |line| line.quantity);
    // Only a warning: more may come in until the checkout, which takes the stock.
    let warning = product.stock.warning(in_cart);
    output.result(
        || {
            let mut document = change_json(settings, &applied, &product);
            document["warning"] = json!(warning);
            document
        },
        |out| {
            note_repeat(out, &applied)?;
            writeln!(
                out,
                "Added {quantity} × {}: {in_cart} in the cart of {}",
                product.name, settings.user
            )?;
            match &warning {
                Some(warning) => writeln!(out, "But {warning}"),
                None => Ok(()),
            }
        },
    )?;
    Ok(())
}
