//! `trolley add PRODUCT [QTY]`

use super::{CliError, complete, connect};
use crate::cli::output::Output;
use crate::config::Settings;
use crate::model::{Product, Update, quantity};
use crate::store;
use clap::Args;
use clap_complete::ArgValueCompleter;
use serde_json::{Value, json};

/// What to add.
#[derive(Debug, Args)]
pub struct Add {
    /// The product's id or name
    #[arg(add = ArgValueCompleter::new(complete::ids))]
    product: String,
    /// How many
    #[arg(default_value = "1", allow_hyphen_values = true, value_name = "QTY")]
    quantity: String,
    /// The id of this change: repeated with the same id, it is applied once
    #[arg(long, value_name = "ID")]
    op_id: Option<String>,
}

/// Adds to the cart.
pub async fn run(args: Add, settings: &Settings, output: &Output) -> Result<(), CliError> {
    let op = connect::op(args.op_id.as_deref())?;
    let quantity = quantity::parse(&args.quantity, settings.policy.line_limit)?;
    let mut connection = connect::open_shop(settings).await?;
    let product = connect::product(&mut connection, &args.product).await?;
    let update = store::add_as(&mut connection, &settings.user, &product.id, quantity, op).await?;
    let now = update.lines.first().map_or(0, |line| line.quantity);
    // Only a warning: more may come in until the checkout, which takes the stock.
    let warning = product.stock.warning(now);
    let program = || {
        let mut changed = changed(settings, &update, &product);
        changed["warning"] = json!(warning);
        changed
    };
    output.result(program, |out| {
        writeln!(
            out,
            "Added {quantity} × {}: {now} in the cart of {}",
            product.name, settings.user
        )?;
        warning
            .iter()
            .try_for_each(|warning| writeln!(out, "But {warning}"))
    })?;
    Ok(())
}

/// A change to one line, for programs.
pub fn changed(settings: &Settings, update: &Update, product: &Product) -> Value {
    let line = update.lines.first();
    json!({
        "user": settings.user.as_str(),
        "op_id": update.op.as_str(),
        "version": update.version,
        "product": product.id.to_string(),
        "name": product.name,
        "quantity": line.map_or(0, |line| line.quantity),
        "delta": line.map_or(0, |line| line.delta),
        "lines": update.count,
        "expires_at": update.deadline.at,
    })
}
