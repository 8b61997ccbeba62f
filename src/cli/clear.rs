//! `trolley clear`

use super::{CliError, connect};
use crate::cli::output::Output;
use crate::config::Settings;
use crate::model::text;
use crate::store;
use clap::Args;
use serde_json::json;

/// How to clear.
#[derive(Debug, Args)]
pub struct Clear {
    /// The id of this change: repeated with the same id, it is applied once
    #[arg(long, value_name = "ID")]
    op_id: Option<String>,
}

/// Takes everything out of the cart.
pub async fn run(args: Clear, settings: &Settings, output: &Output) -> Result<(), CliError> {
    let op = connect::op(args.op_id.as_deref())?;
    let mut connection = connect::open_shop(settings).await?;
    let update = store::clear_as(&mut connection, &settings.user, op).await?;
    let lines = update.lines.len();
    output.result(
        || {
            json!({
                "user": settings.user.as_str(),
                "op_id": update.op.as_str(),
                "version": update.version,
                "cleared": lines,
                "lines": update.count,
            })
        },
        |out| {
            writeln!(
                out,
                "Cleared {} from the cart of {}",
                text::count(lines, "line"),
                settings.user
            )
        },
    )?;
    Ok(())
}
