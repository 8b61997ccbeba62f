//! `trolley config`

use super::CliError;
use crate::cli::output::{Output, pad};
use crate::config::{SettingSource, Settings};
use crate::model::text;
use serde_json::json;

/// Where it says where a setting came from; a longer one is not cut.
const COLUMNS: usize = 56;

/// Shows every setting with its value and where that came from: as a settings file, in which
/// what nobody has set is left out.
pub fn run(settings: &Settings, output: &Output) -> Result<(), CliError> {
    let file = settings
        .file
        .as_ref()
        .map(|path| text::sanitize(path.as_os_str().as_encoded_bytes()));
    let program = || {
        let all = settings.origins.iter().map(|origin| {
            (
                origin.name.to_owned(),
                json!({ "value": plain(&origin.value), "from": origin.source.to_string() }),
            )
        });
        json!({ "file": file, "settings": serde_json::Value::Object(all.collect()) })
    };
    output.result(program, |out| {
        writeln!(
            out,
            "# settings file: {}",
            file.as_deref().unwrap_or("none")
        )?;
        for origin in &settings.origins {
            let usual = if origin.source == SettingSource::Default {
                "# "
            } else {
                ""
            };
            let line = format!("{usual}{} = {}", origin.name, origin.value);
            let line = if text::width(&line) < COLUMNS {
                pad(&line, COLUMNS)
            } else {
                line
            };
            writeln!(out, "{line} # {}", origin.source)?;
        }
        Ok(())
    })?;
    Ok(())
}

/// A value as text.
fn plain(value: &toml::Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), ToOwned::to_owned)
}
