//! `trolley clear`

use super::args::OpIdArg;
use super::cart_output::note_repeat;
use super::connect;
use super::error::CliError;
use super::output::Output;
use crate::config::Settings;
use crate::model::text;
use crate::store;
use clap::Args;
use serde_json::json;

#[derive(Debug, Args)]
pub(super) struct ClearArgs {
    #[command(flatten)]
    op: OpIdArg,
}

/// Takes everything out of the cart.
pub(super) async fn run(
    args: &ClearArgs,
    settings: &Settings,
    output: &Output,
) -> Result<(), CliError> {
    let op = args.op.op_id()?;
    let mut connection = connect::open_shop(settings).await?;
    let applied = store::clear_as(&mut connection, &settings.user, op).await?;
    let update = &applied.update;

    let cleared = update.lines.len();
    output.result(
        || {
            json!({
                "user": settings.user.as_str(),
                "op_id": update.op.as_str(),
                "version": update.version,
                "repeated": applied.is_repeat,
                "cleared": cleared,
                "lines": update.count,
            })
        },
        |out| {
            note_repeat(out, &applied)?;
            writeln!(
                out,
                "Cleared {} from the cart of {}",
                text::count(cleared, "line"),
                settings.user
            )
        },
    )?;
    Ok(())
}
