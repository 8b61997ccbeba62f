//! Reads the settings file.

use super::ConfigError;
use super::keymap::Keymap;
use super::pipe;
use super::setting_table::{KeyNames, SettingLayer};
use crate::model::text;
use std::collections::BTreeMap;
use std::io;
use std::path::Path;

/// The two ways in which a settings file is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FilePresence {
    /// Somebody has named it: it must be there.
    Required,
    /// It is read where it exists.
    Optional,
}

/// Reads the settings file and the keys in it.
pub(crate) fn read(
    path: Option<&Path>,
    presence: FilePresence,
) -> Result<(SettingLayer, Keymap), ConfigError> {
    let Some(path) = path else {
        return Ok(Default::default());
    };
    let toml = match pipe::read(path) {
        Ok(toml) => toml,
        Err(error)
            if error.kind() == io::ErrorKind::NotFound && presence == FilePresence::Optional =>
        {
            return Ok(Default::default());
        }
        Err(error) => return Err(bad_file(path, error.to_string())),
    };
    let toml = String::from_utf8(toml).map_err(|_| bad_file(path, "is not UTF-8".to_owned()))?;

    let settings: SettingLayer = toml::from_str(&toml)
        .map_err(|error| bad_file(path, with_suggestion(&sanitize_lines(&error.to_string()))))?;
    let keymap = keymap(&settings, &toml).map_err(|why| bad_file(path, why))?;
    Ok((settings, keymap))
}

fn bad_file(path: &Path, why: String) -> ConfigError {
    ConfigError::File {
        path: text::sanitize(path.as_os_str().as_encoded_bytes()),
        why,
    }
}

/// The usual keys with those that the file changes. An error says on which line the mistake is.
fn keymap(settings: &SettingLayer, toml: &str) -> Result<Keymap, String> {
    let changes: BTreeMap<String, Vec<String>> = settings
        .keys
        .iter()
        .map(|(action, keys)| {
            let keys = match keys {
                KeyNames::One(key) => vec![key.clone()],
                KeyNames::Several(keys) => keys.clone(),
            };
            (action.get_ref().clone(), keys)
        })
        .collect();

    Keymap::with(&changes).map_err(|bad| {
        let line = settings
            .keys
            .keys()
            .find(|action| *action.get_ref() == bad.action)
            .map_or(0, |action| line_at(toml, action.span().start));
        format!(
            "line {line}: keys.{}: {}",
            text::sanitize_to(bad.action.as_bytes(), 40),
            sanitize_lines(&bad.why)
        )
    })
}

/// The number of the line that holds the byte at `position`, from 1 on.
fn line_at(text: &str, position: usize) -> usize {
    text[..position.min(text.len())].matches('\n').count() + 1
}

/// Adds the nearest known name to a complaint about an unknown one.
fn with_suggestion(complaint: &str) -> String {
    // ... unknown field `usr`, expected one of `redis`, `user`, ...
    let Some((_, names)) = complaint.split_once("unknown field `") else {
        return complaint.to_owned();
    };
    let mut names = names.split('`').step_by(2);
    let unknown = names.next().unwrap_or_default();

    let nearest = names.max_by(|a, b| {
        strsim::jaro_winkler(a, unknown).total_cmp(&strsim::jaro_winkler(b, unknown))
    });
    match nearest {
        Some(nearest) => format!("{complaint}\ndid you mean `{nearest}`?"),
        None => complaint.to_owned(),
    }
}

/// Cleans a text of several lines.
fn sanitize_lines(text: &str) -> String {
    text.trim_end()
        .lines()
        .map(|line| text::sanitize(line.as_bytes()))
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_suggested() {
        let complaint = toml::from_str::<SettingLayer>("sesion_timeout = '1h'")
            .unwrap_err()
            .to_string();
        assert!(
            with_suggestion(&complaint).ends_with("\ndid you mean `session_timeout`?"),
            "{complaint}"
        );
    }
}
