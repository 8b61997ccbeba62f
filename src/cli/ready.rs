//! `trolley ready`

use super::args::OpIdArg;
use super::cart_output::note_repeat;
use super::connect;
use super::error::CliError;
use super::output::Output;
use crate::config::Settings;
use crate::store;
use clap::Args;
use serde_json::json;

#[derive(Debug, Args)]
pub(super) struct ReadyArgs {
    /// Say that you are not ready any more
    #[arg(long)]
    not: bool,
    #[command(flatten)]
    op: OpIdArg,
}

/// Says that whoever runs this is ready, or is not any more.
pub(super) async fn run(
    args: &ReadyArgs,
    settings: &Settings,
    output: &Output,
) -> Result<(), CliError> {
    let op = args.op.op_id()?;
    let mut connection = connect::open_shop(settings).await?;
    let applied = store::ready_as(&mut connection, &settings.user, !args.not, op).await?;

    let update = &applied.update;
    output.result(
        || {
            json!({
                "user": settings.user.as_str(),
                "op_id": update.op.as_str(),
                "version": update.version,
                "repeated": applied.is_repeat,
                "name": update.by,
                "ready": !args.not,
            })
        },
        |out| {
            note_repeat(out, &applied)?;
            let name = &update.by;
            if args.not {
                writeln!(out, "{name} is not ready any more")
            } else {
                writeln!(out, "{name} is ready, until {name} changes the cart")
            }
        },
    )?;
    Ok(())
}
