//! The options that every command takes; the environment comes in through the same table.

use super::credentials;
use crate::config::theme::Theme;
use clap::Args;
use clap_complete::{ArgValueCandidates, CompletionCandidate};
use std::path::PathBuf;

/// Above the options of every command, in its help.
pub const HEADING: &str = "Options of every command";

/// The settings that every command takes. The environment comes in through the same table.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = HEADING)]
pub struct Flags {
    /// Use this Redis or Valkey instead of a private one: redis://, rediss:// (TLS), unix://,
    /// redis+cluster://host,host or redis+sentinel://host,host/name
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "TROLLEY_REDIS",
        hide_env_values = true
    )]
    pub redis: Option<String>,
    /// Whose cart: everybody who gives the same name shares it [default: your login name]
    #[arg(
        long,
        global = true,
        value_name = "NAME",
        env = "TROLLEY_USER",
        hide_env_values = true
    )]
    pub user: Option<String>,
    /// Who you are to the others on the cart [default: user@host and terminal]
    #[arg(
        long,
        global = true,
        value_name = "NAME",
        env = "TROLLEY_NAME",
        hide_env_values = true
    )]
    pub name: Option<String>,
    /// How long a cart lives after its last change: 30m, 2h, never [default: 30m]
    #[arg(
        long,
        global = true,
        value_name = "TIME",
        env = "TROLLEY_SESSION_TIMEOUT",
        hide_env_values = true
    )]
    pub session_timeout: Option<String>,
    /// How long a line stays that nobody touches: 10m, never [default: never]
    #[arg(
        long,
        global = true,
        value_name = "TIME",
        env = "TROLLEY_ITEM_TIMEOUT",
        hide_env_values = true
    )]
    pub item_timeout: Option<String>,
    /// The most pieces on one line of the cart [default: 999]
    #[arg(
        long,
        global = true,
        value_name = "N",
        env = "TROLLEY_LINE_LIMIT",
        hide_env_values = true
    )]
    pub line_limit: Option<u32>,
    /// A change counts as confirmed once so many replicas have it, too [default: 0]
    #[arg(
        long,
        global = true,
        value_name = "N",
        env = "TROLLEY_CONFIRM_REPLICAS",
        hide_env_values = true
    )]
    pub confirm_replicas: Option<u32>,
    /// How it looks: auto, dark, light, contrast, 16, none [default: auto]
    #[arg(
        long,
        global = true,
        value_name = "NAME",
        env = "TROLLEY_THEME",
        hide_env_values = true,
        add = ArgValueCandidates::new(themes)
    )]
    pub theme: Option<String>,
    /// Leave the mouse to the terminal
    #[arg(long, global = true)]
    pub no_mouse: bool,
    /// Read the settings from this file
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "TROLLEY_CONFIG",
        hide_env_values = true
    )]
    pub config: Option<PathBuf>,
    /// Certificates and passwords.
    #[command(flatten)]
    pub access: credentials::AccessFlags,
    /// What is written down.
    #[command(flatten)]
    pub log: LogFlags,
}

/// What is written down.
#[derive(Debug, Clone, Default, Args)]
pub struct LogFlags {
    /// Write what happens to this file, one line per change
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "TROLLEY_LOG",
        hide_env_values = true
    )]
    pub log: Option<PathBuf>,
    /// How much of it: error, warn, info, debug [default: info]
    #[arg(
        long,
        global = true,
        value_name = "LEVEL",
        env = "TROLLEY_LOG_LEVEL",
        hide_env_values = true,
        add = ArgValueCandidates::new(|| candidates(LEVELS.iter().copied()))
    )]
    pub log_level: Option<String>,
}

/// The levels of the log.
pub(crate) const LEVELS: [&str; 5] = ["error", "warn", "info", "debug", "trace"];

fn themes() -> Vec<CompletionCandidate> {
    candidates(std::iter::once("auto").chain(Theme::NAMED.iter().map(|(name, _)| *name)))
}

fn candidates(names: impl Iterator<Item = &'static str>) -> Vec<CompletionCandidate> {
    names.map(CompletionCandidate::new).collect()
}
