//! Picks each setting's value from the strongest layer that has it, and records which one it was.

use super::flags::Flags;
use super::serving::ServeSettings;
use super::setting_table::{SettingLayer, SettingSource};
use crate::model::text;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// One setting as it is in force, for people to read.
#[derive(Debug, Clone, PartialEq)]
pub struct SettingOrigin {
    /// The setting's name.
    pub name: String,
    /// The value as the settings file would have it; clean text without secrets.
    pub value: toml::Value,
    /// The layer that the value comes from.
    pub source: SettingSource,
}

/// A setting's value with the layer that it comes from.
#[derive(Debug)]
pub(crate) struct PickedSetting<T> {
    name: &'static str,
    pub(crate) value: Option<T>,
    pub(crate) source: SettingSource,
}

/// All layers of settings, with the origins of those that were picked so far.
#[derive(Debug)]
pub(crate) struct SettingLayers {
    pub(crate) flags: Flags,
    file: SettingLayer,
    defaults: SettingLayer,
    origins: Vec<SettingOrigin>,
    /// The sources of the settings that were picked so far.
    sources: BTreeMap<&'static str, SettingSource>,
}

impl SettingLayers {
    pub(crate) fn new(flags: Flags, file: SettingLayer) -> SettingLayers {
        SettingLayers {
            flags,
            file,
            defaults: SettingLayer::defaults(),
            origins: Vec::new(),
            sources: BTreeMap::new(),
        }
    }

    /// Picks a setting from the strongest layer that has it. `name` is its field's.
    pub(crate) fn pick<T>(
        &mut self,
        name: &'static str,
        field: impl Fn(&SettingLayer) -> Option<T>,
    ) -> PickedSetting<T> {
        let (value, source) = if let Some(value) = field(&self.flags.layer) {
            (Some(value), self.flags.source(name))
        } else if let Some(value) = field(&self.file) {
            (Some(value), SettingSource::File)
        } else {
            (field(&self.defaults), SettingSource::Default)
        };
        self.sources.insert(name, source);

        PickedSetting {
            name,
            value,
            source,
        }
    }

    /// Tells whether this setting, which was picked, comes from that layer.
    pub(crate) fn is_from(&self, source: SettingSource, name: &str) -> bool {
        self.sources.get(name) == Some(&source)
    }

    /// [`pick`](Self::pick) for a setting that is shown just as it was given.
    pub(crate) fn pick_noted<T: Clone + Default + Into<toml::Value>>(
        &mut self,
        name: &'static str,
        field: impl Fn(&SettingLayer) -> Option<T>,
    ) -> T {
        let picked = self.pick(name, field);
        let value = picked.value.clone().unwrap_or_default();
        self.note(&picked, value.clone());
        value
    }

    /// Notes the origin of a setting whose value shows as `shown`.
    pub(crate) fn note<T>(&mut self, picked: &PickedSetting<T>, shown: impl Into<toml::Value>) {
        self.origins.push(SettingOrigin {
            name: picked.name.to_owned(),
            value: sanitized(shown.into()),
            source: picked.source,
        });
    }

    /// [`note`](Self::note) for the path of a file; none shows as an empty one.
    pub(crate) fn note_path(&mut self, picked: &PickedSetting<PathBuf>) {
        let shown = match &picked.value {
            Some(path) => path.display().to_string(),
            None => String::new(),
        };
        self.note(picked, shown);
    }

    /// Takes the settings of `trolley serve` from the file. Only those that it gives are noted: the
    /// defaults are those of the command.
    pub(crate) fn serve_of_file(&mut self) -> ServeSettings {
        let given = toml::Table::try_from(&self.file.serve).unwrap_or_default();
        let given = given.into_iter().map(|(name, value)| SettingOrigin {
            name: format!("serve.{name}"),
            value: sanitized(value),
            source: SettingSource::File,
        });
        self.origins.extend(given);
        self.file.serve.clone()
    }

    /// The origins in the order in which they were noted.
    pub(crate) fn into_origins(self) -> Vec<SettingOrigin> {
        self.origins
    }
}

/// A value with all its text clean.
fn sanitized(value: toml::Value) -> toml::Value {
    match value {
        toml::Value::String(shown) => text::sanitize(shown.as_bytes()).into(),
        toml::Value::Array(values) => {
            let values = values.into_iter().map(sanitized);
            toml::Value::Array(values.collect())
        }
        other => other,
    }
}
