//! The settings file.

use super::ConfigError;
use crate::config::keymap::Keymap;
use crate::model::text;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use toml::Spanned;

/// The settings file; the same names with the same meaning.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FileSettings {
    pub redis: Option<String>,
    pub user: Option<String>,
    pub name: Option<String>,
    pub session_timeout: Option<String>,
    pub item_timeout: Option<String>,
    pub line_limit: Option<u32>,
    pub confirm_replicas: Option<u32>,
    pub theme: Option<String>,
    pub mouse: Option<bool>,
    pub password_file: Option<PathBuf>,
    pub tls_ca: Option<PathBuf>,
    pub tls_cert: Option<PathBuf>,
    pub tls_key: Option<PathBuf>,
    pub log: Option<PathBuf>,
    pub log_level: Option<String>,
    #[serde(default)]
    pub keys: BTreeMap<Spanned<String>, OneOrMore>,
}

/// One key, or some.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum OneOrMore {
    One(String),
    More(Vec<String>),
}

/// The names that the settings file knows.
const NAMES: [&str; 16] = [
    "redis",
    "user",
    "name",
    "session_timeout",
    "item_timeout",
    "line_limit",
    "confirm_replicas",
    "theme",
    "mouse",
    "password_file",
    "tls_ca",
    "tls_cert",
    "tls_key",
    "log",
    "log_level",
    "keys",
];

/// Reads it; one that was `named` must be there.
pub(crate) fn read(
    path: Option<&Path>,
    named: bool,
) -> Result<(FileSettings, Keymap), ConfigError> {
    let Some(path) = path else {
        return Ok(Default::default());
    };
    let error = |why: String| ConfigError::File {
        path: text::sanitize(path.as_os_str().as_encoded_bytes()),
        why,
    };
    let toml = match std::fs::read_to_string(path) {
        Ok(toml) => toml,
        Err(missing) if missing.kind() == std::io::ErrorKind::NotFound && !named => {
            return Ok(Default::default());
        }
        Err(unreadable) => return Err(error(unreadable.to_string())),
    };
    let settings: FileSettings =
        toml::from_str(&toml).map_err(|bad| error(with_suggestion(&lines(&bad.to_string()))))?;
    let keys = settings.keys.iter().map(|(action, keys)| {
        let keys = match keys {
            OneOrMore::One(key) => vec![key.clone()],
            OneOrMore::More(keys) => keys.clone(),
        };
        (action.get_ref().clone(), keys)
    });
    let keymap = Keymap::with(&keys.collect()).map_err(|bad| {
        let place = settings
            .keys
            .keys()
            .find(|action| *action.get_ref() == bad.action);
        let line = place.map_or(0, |action| {
            toml[..action.span().start.min(toml.len())]
                .matches('\n')
                .count()
                + 1
        });
        error(format!(
            "line {line}: keys.{}: {}",
            text::sanitize_to(bad.action.as_bytes(), 40),
            lines(&bad.why)
        ))
    })?;
    Ok((settings, keymap))
}

/// Adds the nearest name that exists to a complaint about one that doesn't.
fn with_suggestion(said: &str) -> String {
    let unknown = said
        .split_once("unknown field `")
        .and_then(|(_, rest)| rest.split_once('`'));
    let Some((unknown, _)) = unknown else {
        return said.to_owned();
    };
    let near = |name: &&str| strsim::jaro_winkler(name, unknown);
    let nearest = NAMES
        .into_iter()
        .max_by(|a, b| near(a).total_cmp(&near(b)))
        .unwrap_or_default();
    format!("{said}\ndid you mean `{nearest}`?")
}

/// Cleans a text of several lines.
fn lines(said: &str) -> String {
    said.trim_end()
        .lines()
        .map(|line| text::sanitize(line.as_bytes()))
        .collect::<Vec<_>>()
        .join("\n")
}
