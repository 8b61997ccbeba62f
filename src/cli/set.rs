//! `trolley set PRODUCT QTY`

use super::{CliError, complete, connect, remove};
use crate::cli::add::changed;
use crate::cli::output::Output;
use crate::config::Settings;
use crate::model::{Refusal, quantity};
use crate::store;
use clap::Args;
use clap_complete::ArgValueCompleter;

/// What to set.
#[derive(Debug, Args)]
pub struct Set {
    /// The product's id or name
    #[arg(add = ArgValueCompleter::new(complete::ids))]
    product: String,
    /// How many there are to be in the cart; 0 removes it
    #[arg(allow_hyphen_values = true, value_name = "QTY")]
    quantity: String,
    /// The id of this change: repeated with the same id, it is applied once
    #[arg(long, value_name = "ID")]
    op_id: Option<String>,
}

/// Sets the quantity of one line.
pub async fn run(args: Set, settings: &Settings, output: &Output) -> Result<(), CliError> {
    let op = connect::op(args.op_id.as_deref())?;
    let quantity = match quantity::parse(&args.quantity, settings.policy.line_limit) {
        Err(Refusal::Zero) => {
            return remove::line_of(&args.product, None, op, settings, output).await;
        }
        parsed => parsed?,
    };
    let mut connection = connect::open_shop(settings).await?;
    let product = connect::product(&mut connection, &args.product).await?;
    let update = store::set_as(&mut connection, &settings.user, &product.id, quantity, op).await?;
    output.result(
        || changed(settings, &update, &product),
        |out| {
            writeln!(
                out,
                "{quantity} × {} in the cart of {}",
                product.name, settings.user
            )
        },
    )?;
    Ok(())
}
