//! `trolley config`

use super::error::CliError;
use super::output::{Output, pad, shown_path};
use crate::config::{SettingOrigin, SettingSource, Settings};
use crate::model::text;
use serde_json::{Map, Value, json};
use std::io::{self, Write};

/// The column at which a setting's source stands; a longer setting is not cut.
const SOURCE_COLUMN: usize = 56;

/// Shows every setting with its value and its source: as a settings file, in which the defaults
/// are comments.
pub(super) fn run(settings: &Settings, output: &Output) -> Result<(), CliError> {
    let file = settings.file.as_deref().map(shown_path);

    output.result(
        || json!({ "file": file, "settings": origins_json(&settings.origins) }),
        |out| {
            let is_there = settings.file.as_ref().is_some_and(|file| file.exists());
            let note = if is_there { "" } else { " (there is none yet)" };
            let file = file.as_deref().unwrap_or("none");
            writeln!(out, "# settings file: {file}{note}")?;
            settings
                .origins
                .iter()
                .try_for_each(|origin| print_origin(out, origin))
        },
    )?;
    Ok(())
}

fn origins_json(origins: &[SettingOrigin]) -> Map<String, Value> {
    let mut document = Map::new();
    for origin in origins {
        let value = match origin.value.as_str() {
            Some(text) => text.to_owned(),
            None => origin.value.to_string(),
        };
        let from = origin.source.to_string();
        document.insert(origin.name.clone(), json!({ "value": value, "from": from }));
    }
    document
}

fn print_origin(out: &mut dyn Write, origin: &SettingOrigin) -> io::Result<()> {
    let mark = match origin.source {
        SettingSource::Default => "# ",
        SettingSource::Flag | SettingSource::Environment | SettingSource::File => "",
    };
    let mut line = format!("{mark}{} = {}", origin.name, origin.value);
    if text::width(&line) < SOURCE_COLUMN {
        line = pad(&line, SOURCE_COLUMN);
    }

    writeln!(out, "{line} # {}", origin.source)
}
