//! `trolley set PRODUCT QTY`

use super::args::OpIdArg;
use super::cart_output::{change_json, note_repeat, show_removed};
use super::error::CliError;
use super::output::Output;
use super::{complete, connect, lookup};
use crate::config::Settings;
use crate::model::{OpId, Refusal, quantity};
use crate::store;
use clap::Args;
use clap_complete::ArgValueCompleter;

#[derive(Debug, Args)]
pub(super) struct SetArgs {
    /// The product's id, bar code or name
    #[arg(add = ArgValueCompleter::new(complete::product_ids))]
    product: String,
    /// The number of pieces in the cart; 0 removes the product
    #[arg(allow_hyphen_values = true, value_name = "QTY")]
    quantity: String,
    #[command(flatten)]
    op: OpIdArg,
}

/// Sets the quantity of one line of the cart.
pub(super) async fn run(
    args: &SetArgs,
    settings: &Settings,
    output: &Output,
) -> Result<(), CliError> {
    let op = args.op.op_id()?;
    let quantity = match quantity::parse(&args.quantity, settings.policy.line_limit) {
        Ok(quantity) => quantity,
        Err(Refusal::Zero) => return remove(&args.product, op, settings, output).await,
        Err(refusal) => return Err(refusal.into()),
    };

    let mut connection = connect::open_shop(settings).await?;
    let product = lookup::product(&mut connection, &args.product).await?;
    let applied = store::set_as(&mut connection, &settings.user, &product.id, quantity, op)
        .await
        .map_err(|error| CliError::of_line(error, &product))?;

    output.result(
        || change_json(settings, &applied, &product),
        |out| {
            note_repeat(out, &applied)?;
            if let Some(line) = applied.update.lines.first()
                && !line.taken.is_empty()
            {
                let of_others = line.of_others(None);
                writeln!(
                    out,
                    "Took out {} × {}{of_others}",
                    -line.delta, product.name
                )?;
            }
            writeln!(
                out,
                "{quantity} × {} in the cart of {}",
                product.name, settings.user
            )
        },
    )?;
    Ok(())
}

/// Removes the line whose quantity is set to zero.
async fn remove(
    product: &str,
    op: OpId,
    settings: &Settings,
    output: &Output,
) -> Result<(), CliError> {
    let mut connection = connect::open_shop(settings).await?;
    let product = lookup::product_in_cart(&mut connection, settings, product).await?;
    let applied = store::remove_as(&mut connection, &settings.user, &product.id, None, op)
        .await
        .map_err(|error| CliError::of_line(error, &product))?;

    show_removed(settings, output, &applied, &product)?;
    Ok(())
}
