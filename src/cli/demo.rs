//! `trolley demo`

use super::CliError;
use crate::cli::output::Output;
use crate::config::Settings;
use crate::store;
use serde_json::json;

/// Loads the demo catalog into the shop's Redis, whichever it is.
pub async fn run(settings: &Settings, output: &Output) -> Result<(), CliError> {
    let mut connection = store::connect(&settings.server.open()?).await?;
    let loaded = store::catalog::demo::load(&mut connection).await?;
    output.result(
        || json!({ "products": loaded.stored, "kept": loaded.kept }),
        |out| writeln!(out, "{loaded}"),
    )?;
    Ok(())
}
