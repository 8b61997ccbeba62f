//! `trolley demo`

use super::error::CliError;
use super::output::Output;
use crate::config::Settings;
use crate::model::text;
use crate::store::{self, order};
use clap::Args;
use serde_json::json;

#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    /// Add a week of made-up orders (the shop must sell the demo catalog and have no orders yet)
    #[arg(long)]
    orders: bool,
}

/// Loads the demo catalog into the shop's Redis, private or not, or made-up orders.
pub(super) async fn run(
    args: &DemoArgs,
    settings: &Settings,
    output: &Output,
) -> Result<(), CliError> {
    let mut connection = store::connect(&settings.server.open()?).await?;
    if args.orders {
        // A clerk may not ask whether a shop is new, and has one.
        let _ = store::catalog::demo::load_if_untouched(&mut connection).await;
        let made = order::make_up(&mut connection).await?;
        output.result(
            || json!({ "orders": made.orders, "open": made.open }),
            |out| {
                let orders = text::count(made.orders, "order");
                writeln!(
                    out,
                    "Made up {orders} of the last days, {} of them open; no stock was taken",
                    made.open
                )?;
                writeln!(out, "See them with trolley board and trolley today")
            },
        )?;
        return Ok(());
    }

    let loaded = store::catalog::demo::load(&mut connection).await?;
    output.result(
        || json!({ "products": loaded.stored, "kept": loaded.kept }),
        |out| writeln!(out, "{loaded}"),
    )?;
    Ok(())
}
