//! The settings of the command line and the environment, and which of both each comes from.

use super::setting_table::{SettingLayer, SettingSource};
use clap::parser::ValueSource;
use clap::{ArgMatches, Args};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// The settings that the command line and the environment give.
#[derive(Debug, Clone, Default, Args)]
pub struct Flags {
    #[command(flatten)]
    pub(crate) layer: SettingLayer,
    /// The settings that the environment gives.
    #[arg(skip)]
    from_environment: BTreeSet<String>,
}

impl Flags {
    /// No settings but those in this file.
    #[must_use]
    pub fn with_file(path: PathBuf) -> Flags {
        let mut flags = Flags::default();
        flags.layer.config = Some(path);
        flags
    }

    /// Notes which settings come from the environment; only the `matches` that these flags were
    /// read from tell.
    pub(crate) fn note_sources(&mut self, matches: &ArgMatches) {
        self.from_environment = matches
            .ids()
            .map(clap::Id::as_str)
            .filter(|id| matches.value_source(id) == Some(ValueSource::EnvVariable))
            .map(ToOwned::to_owned)
            .collect();
    }

    /// The source of a setting that these flags have.
    pub(crate) fn source(&self, name: &str) -> SettingSource {
        if self.from_environment.contains(name) {
            SettingSource::Environment
        } else {
            SettingSource::Flag
        }
    }
}
