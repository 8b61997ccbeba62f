//! `trolley remove PRODUCT [QTY]`

use super::add::changed;
use super::output::Output;
use super::{Failure, place};
use crate::config::Settings;
use crate::model::{Product, ProductId, quantity};
use crate::store;
use clap::Args;

/// What to take out.
#[derive(Debug, Args)]
pub struct Remove {
    /// The product's id or name
    product: String,
    /// How many; all of them where it is left out
    #[arg(allow_hyphen_values = true, value_name = "QTY")]
    quantity: Option<String>,
    /// The id of this change: repeated with the same id, it is applied once
    #[arg(long, value_name = "ID")]
    op_id: Option<String>,
}

/// Takes out of the cart.
pub async fn run(args: Remove, settings: &Settings, output: &Output) -> Result<(), Failure> {
    let op = place::op(args.op_id.as_deref())?;
    let limit = quantity::HIGHEST_LIMIT;
    let quantity = args.quantity.as_deref().map(|typed| quantity::parse(typed, limit)).transpose()?;
    let mut connection = place::enter(settings).await?;
    let product = match place::product(&mut connection, &args.product).await {
        // A product that is gone can still lie in the cart.
        Err(failure) if place::is_unknown(&failure) => gone(&args.product)?.ok_or(failure)?,
        found => found?,
    };
    let update = store::remove_as(&mut connection, &settings.user, &product.id, quantity, op).await?;
    let (now, taken) = update.lines.first().map_or((0, 0), |line| (line.quantity, -line.delta));
    output.result(
        || changed(settings, &update, &product),
        |out| {
            writeln!(out, "Removed {taken} × {}: {now} left in the cart of {}", product.name, settings.user)
        },
    )?;
    Ok(())
}

fn gone(typed: &str) -> Result<Option<Product>, Failure> {
    let id = ProductId::asked(typed)?;
    Ok(Product::decode(id, [Some(typed.as_bytes()), None, None, None, None, None]))
}
