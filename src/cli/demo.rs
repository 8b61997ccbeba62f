//! `trolley demo`

use super::error::CliError;
use super::output::Output;
use crate::config::Settings;
use crate::store;
use serde_json::json;

/// Loads the demo catalog into the shop's Redis, private or not.
pub(super) async fn run(settings: &Settings, output: &Output) -> Result<(), CliError> {
    let mut connection = store::connect(&settings.server.open()?).await?;
    let loaded = store::catalog::demo::load(&mut connection).await?;

    output.result(
        || json!({ "products": loaded.stored, "kept": loaded.kept }),
        |out| writeln!(out, "{loaded}"),
    )?;
    Ok(())
}
