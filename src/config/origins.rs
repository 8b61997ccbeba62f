//! Where each setting came from.

use crate::model::text;

/// One setting as it is in force.
#[derive(Debug, Clone, PartialEq)]
pub struct Origin {
    /// Its name.
    pub name: &'static str,
    /// Its value as the file would have it; clean text without secrets.
    pub value: toml::Value,
    /// Where that came from: flag, environment, file, default.
    pub from: &'static str,
}

/// The origins of the settings, as they are found.
#[derive(Debug, Default)]
pub(crate) struct Origins(Vec<Origin>);

impl Origins {
    /// All that were noted, in their order.
    pub fn all(self) -> Vec<Origin> {
        self.0
    }

    /// Notes a setting.
    pub fn note(
        &mut self,
        name: &'static str,
        value: impl Into<toml::Value>,
        env: &str,
        flag: bool,
        file: bool,
    ) {
        let from = match (flag, file) {
            (true, _) if in_environment(env) => "environment",
            (true, _) => "flag",
            (false, true) => "file",
            (false, false) => "default",
        };
        let value = match value.into() {
            toml::Value::String(shown) => text::sanitize(shown.as_bytes()).into(),
            other => other,
        };
        self.0.push(Origin { name, value, from });
    }
}

/// Whether the environment sets it.
pub(crate) fn in_environment(name: &str) -> bool {
    std::env::var_os(name).is_some_and(|set| !set.is_empty())
}
