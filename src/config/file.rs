//! Reads the settings file.

use super::ConfigError;
use super::colours::OwnColours;
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

/// A settings file that was read.
#[derive(Debug, Default)]
pub(crate) struct SettingsFile {
    pub(crate) settings: SettingLayer,
    pub(crate) keymap: Keymap,
    pub(crate) colours: OwnColours,
    /// The whole text.
    pub(crate) text: String,
}

/// Reads the settings file and the keys in it.
pub(crate) fn read(
    path: Option<&Path>,
    presence: FilePresence,
) -> Result<SettingsFile, ConfigError> {
    let Some(path) = path else {
        return Ok(SettingsFile::default());
    };
    let toml = match pipe::read(path) {
        Ok(toml) => toml,
        Err(error)
            if error.kind() == io::ErrorKind::NotFound && presence == FilePresence::Optional =>
        {
            return Ok(SettingsFile::default());
        }
        Err(error) => return Err(bad_file(path, error.to_string())),
    };
    let text = String::from_utf8(toml).map_err(|_| bad_file(path, "is not UTF-8".to_owned()))?;

    let settings: SettingLayer =
        toml::from_str(&text).map_err(|error| bad_file(path, told(&error, &text)))?;
    let keymap = keymap(&settings, &text).map_err(|why| bad_file(path, why))?;
    let colours = colours(&settings, &text).map_err(|why| bad_file(path, why))?;
    Ok(SettingsFile {
        settings,
        keymap,
        colours,
        text,
    })
}

/// The number of the line that gives a setting, from 1 on.
pub(crate) fn line_of(text: &str, setting: &str) -> Option<usize> {
    let position = text
        .lines()
        .position(|line| key_of(line).is_some_and(|key| key == setting))?;
    Some(position + 1)
}

/// The name before the sign of equality.
fn key_of(line: &str) -> Option<&str> {
    let (key, _) = line.split_once('=')?;
    Some(key.trim().trim_matches(['"', '\'']))
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

/// The own colours that the file gives. An error says on which line the mistake is.
fn colours(settings: &SettingLayer, toml: &str) -> Result<OwnColours, String> {
    let mut colours = OwnColours::default();
    for (role, style) in &settings.colours {
        colours.add(role.get_ref(), style).map_err(|why| {
            let line = line_at(toml, role.span().start);
            let role = text::sanitize_to(role.get_ref().as_bytes(), 40);
            format!("line {line}: colours.{role}: {}", sanitize_lines(&why))
        })?;
    }
    Ok(colours)
}

/// The number of the line that holds the byte at `position`, from 1 on.
fn line_at(text: &str, position: usize) -> usize {
    text[..position.min(text.len())].matches('\n').count() + 1
}

/// An error of the file's grammar as a sentence, with its line.
fn told(error: &toml::de::Error, text: &str) -> String {
    let line = line_at(text, error.span().map_or(0, |span| span.start));
    let message = sanitize_lines(error.message());
    let told = match message.split_once("unknown field `") {
        Some((_, names)) => unknown_setting(names),
        None => match message.split_once(", expected ") {
            Some((found, expected)) => {
                let key = text.lines().nth(line - 1).and_then(key_of);
                bad_type(key.unwrap_or_default(), found, expected)
            }
            None => message,
        },
    };
    format!("line {line}: {told}")
}

/// The sentence about a setting that is none, from ``usr`, expected one of `redis`, `user`, ...``.
fn unknown_setting(names: &str) -> String {
    let mut names = names.split('`').step_by(2);
    let unknown = names.next().unwrap_or_default();

    let nearest = names.max_by(|a, b| {
        strsim::jaro_winkler(a, unknown).total_cmp(&strsim::jaro_winkler(b, unknown))
    });
    match nearest {
        Some(nearest) => {
            format!("there is no setting “{unknown}”; did you mean “{nearest}”?")
        }
        None => format!("there is no setting “{unknown}”"),
    }
}

/// The sentence about a value of another type, from `invalid type: string "x"` and `i64`.
fn bad_type(key: &str, found: &str, expected: &str) -> String {
    let Some(found) = found
        .strip_prefix("invalid type: ")
        .or_else(|| found.strip_prefix("invalid value: "))
    else {
        return format!("{found}, expected {expected}");
    };
    let expected = match expected {
        "i64" | "usize" => "a whole number",
        "a string" | "path string" => "a text in quotes",
        "a boolean" => "true or false",
        other => other,
    };
    let key = text::sanitize_to(key.as_bytes(), 40);
    format!("{key}: {expected} is expected, not {found}")
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
        let toml = "\nsesion_timeout = '1h'";
        let error = toml::from_str::<SettingLayer>(toml).unwrap_err();
        assert_eq!(
            told(&error, toml),
            "line 2: there is no setting “sesion_timeout”; did you mean “session_timeout”?"
        );
    }

    #[test]
    fn what_is_no_toml_is_told_with_its_line() {
        for toml in [
            "user = 'a'\n=",
            "user = 'a'\nname = 'x\n",
            "user = 'a'\n[[[",
        ] {
            let error = toml::from_str::<SettingLayer>(toml).unwrap_err();
            let told = told(&error, toml);
            assert!(
                told.starts_with("line 2: ") && !told.contains('\n'),
                "{told}"
            );
        }
    }
}
