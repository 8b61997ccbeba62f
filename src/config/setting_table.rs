//! The table of all settings: each field of [`SettingLayer`] is one of them. Command line,
//! environment, settings file and defaults all fill this same table.

use crate::config::alerts::Alerts;
use crate::config::display::AsciiMode;
use crate::config::serving::ServeSettings;
use crate::config::theme::Theme;
use crate::model::time::Hours;
use crate::model::{quantity, user};
use clap::Args;
use clap::error::{ContextKind, ContextValue};
use clap_complete::{ArgValueCandidates, CompletionCandidate};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
use std::path::PathBuf;
use toml::Spanned;

/// The heading of these options in every command's help.
pub(crate) const HEADING: &str = "Options of every command";

/// The levels of the log.
pub(crate) const LOG_LEVELS: [&str; 5] = ["error", "warn", "info", "debug", "trace"];

/// The layer that a setting's value comes from, the strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::Display)]
#[strum(serialize_all = "lowercase")]
pub enum SettingSource {
    /// An option on the command line.
    Flag,
    /// A variable of the environment.
    Environment,
    /// The settings file.
    File,
    /// Nobody has set it.
    Default,
}

/// The keys of one action, as the file names them.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged, expecting = "expected a key or a list of keys")]
pub(crate) enum KeyNames {
    One(String),
    Several(Vec<String>),
}

/// The settings as one layer gives them: the command line with the environment, the settings
/// file, or the [defaults](SettingLayer::defaults).
///
/// clap and serde read the same fields, so that a setting has one name everywhere: `item_timeout`
/// in the file and in `trolley config` is `--item-timeout` on the command line.
#[derive(Debug, Clone, Default, Args, Deserialize)]
#[serde(deny_unknown_fields)]
// Before or after the command, and without showing in the help what the environment holds.
#[command(next_help_heading = HEADING, mut_args(|arg| arg.global(true).hide_env_values(true)))]
pub(crate) struct SettingLayer {
    /// Use this Redis or Valkey instead of a private one: redis://, rediss:// (TLS), unix://,
    /// redis+cluster://host,host or redis+sentinel://host,host/name
    #[arg(long, value_name = "URL", env = "TROLLEY_REDIS")]
    pub(crate) redis: Option<String>,

    /// The cart: everybody who gives the same name shares it [default: your login name]
    // The option says what it is; its older name is that of the setting.
    #[arg(
        long = "cart",
        alias = "user",
        value_name = "NAME",
        env = "TROLLEY_USER"
    )]
    pub(crate) user: Option<String>,

    /// Your name: what the others see beside your changes [default: user@host and terminal]
    #[arg(long, value_name = "NAME", env = "TROLLEY_NAME")]
    pub(crate) name: Option<String>,

    /// Empty the cart this long after its last change: 30m, 2h, never [default: 30m]
    #[arg(long, value_name = "TIME", env = "TROLLEY_SESSION_TIMEOUT")]
    pub(crate) session_timeout: Option<String>,

    /// While a terminal is open, remove a line that nobody has changed for this long: 10m, never
    /// [default: never]
    #[arg(long, value_name = "TIME", env = "TROLLEY_ITEM_TIMEOUT")]
    pub(crate) item_timeout: Option<String>,

    /// The most pieces on one line of the cart [default: 999]
    #[arg(long, value_name = "N", env = "TROLLEY_LINE_LIMIT", value_parser = whole_number)]
    pub(crate) line_limit: Option<i64>,

    /// Confirm a change only once this many replicas have it: all of them, to be safe [default: 0]
    #[arg(long, value_name = "N", env = "TROLLEY_CONFIRM_REPLICAS", value_parser = whole_number)]
    pub(crate) confirm_replicas: Option<i64>,

    /// The theme: auto, dark, light, contrast, 16, none [default: auto]
    #[arg(long, value_name = "NAME", env = "TROLLEY_THEME", add = ArgValueCandidates::new(themes))]
    pub(crate) theme: Option<String>,

    /// Draw the screen in ASCII: auto (where the terminal can show no more), true, false
    /// [default: auto]
    #[arg(
        long,
        value_name = "WHEN",
        env = "TROLLEY_ASCII",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        add = ArgValueCandidates::new(ascii_modes)
    )]
    #[serde(default, deserialize_with = "word_or_truth")]
    pub(crate) ascii: Option<String>,

    /// How to be told what happens while you look elsewhere: auto, bell, title, none
    /// [default: auto]
    #[arg(long, value_name = "HOW", env = "TROLLEY_ALERTS", add = ArgValueCandidates::new(alerts))]
    pub(crate) alerts: Option<String>,

    /// How times count the hours of a day: auto (as the shop says, else 24), 24, 12 [default: auto]
    #[arg(long, value_name = "HOURS", env = "TROLLEY_HOURS", add = ArgValueCandidates::new(hours))]
    pub(crate) hours: Option<String>,

    // The option is the opposite of the setting. The mouse is on by default, so the command line
    // only ever turns it off: `--no-mouse` is short, and giving it reads as `mouse = false`.
    /// Leave the mouse to the terminal
    #[arg(long = "no-mouse", num_args = 0, default_missing_value = "false")]
    pub(crate) mouse: Option<bool>,

    /// Shop in words, for screen readers and braille displays: no screen, no escape sequence
    // The environment has `TROLLEY_PLAIN=1`, the option alone says yes.
    #[arg(
        long,
        num_args = 0,
        default_missing_value = "true",
        env = "TROLLEY_PLAIN",
        value_parser = clap::builder::BoolishValueParser::new()
    )]
    pub(crate) plain: Option<bool>,

    // Not in the file: it says which file that is.
    /// Read the settings from this file
    #[arg(long, value_name = "FILE", env = "TROLLEY_CONFIG")]
    #[serde(skip)]
    pub(crate) config: Option<PathBuf>,

    /// Read the password from this file
    #[arg(long, value_name = "FILE", env = "TROLLEY_PASSWORD_FILE")]
    pub(crate) password_file: Option<PathBuf>,

    /// Trust the authorities in this file, for rediss:// [default: those of the system]
    #[arg(long, value_name = "FILE", env = "TROLLEY_TLS_CA")]
    pub(crate) tls_ca: Option<PathBuf>,

    /// Show this certificate to the server
    #[arg(long, value_name = "FILE", env = "TROLLEY_TLS_CERT")]
    pub(crate) tls_cert: Option<PathBuf>,

    /// The key of that certificate
    #[arg(long, value_name = "FILE", env = "TROLLEY_TLS_KEY")]
    pub(crate) tls_key: Option<PathBuf>,

    /// Log to this file, one line per change
    #[arg(long, value_name = "FILE", env = "TROLLEY_LOG")]
    pub(crate) log: Option<PathBuf>,

    /// The lowest level to log: error, warn, info, debug [default: info]
    #[arg(long, value_name = "LEVEL", env = "TROLLEY_LOG_LEVEL", add = ArgValueCandidates::new(levels))]
    pub(crate) log_level: Option<String>,

    // In the file alone, as the board alone has them: the ages from which on a ticket needs a look,
    // and is late, and the shell command that prints one.
    #[arg(skip)]
    pub(crate) board_warn: Option<String>,
    #[arg(skip)]
    pub(crate) board_late: Option<String>,
    #[arg(skip)]
    pub(crate) print: Option<String>,

    // In the file alone, as other commands have no such options.
    #[arg(skip)]
    #[serde(default)]
    pub(crate) serve: ServeSettings,

    // In the file alone: other colours for roles of the theme, and other keys for actions. They are
    // tables, with a line in the file for each, which no single option could hold.
    #[arg(skip)]
    #[serde(default)]
    pub(crate) colours: BTreeMap<Spanned<String>, String>,
    #[arg(skip)]
    #[serde(default)]
    pub(crate) keys: BTreeMap<Spanned<String>, KeyNames>,
}

impl SettingLayer {
    /// The lowest layer: what holds where nobody has set anything. A setting that has no default
    /// is off.
    pub(crate) fn defaults() -> SettingLayer {
        let login = login_name();

        SettingLayer {
            name: Some(format!("{login}@{}", host_and_terminal())),
            user: Some(login),
            session_timeout: Some("30m".to_owned()),
            item_timeout: Some("never".to_owned()),
            line_limit: Some(quantity::DEFAULT_LIMIT.into()),
            confirm_replicas: Some(0),
            theme: Some("auto".to_owned()),
            ascii: Some("auto".to_owned()),
            alerts: Some("auto".to_owned()),
            hours: Some("auto".to_owned()),
            mouse: Some(true),
            plain: Some(false),
            board_warn: Some("5m".to_owned()),
            board_late: Some("10m".to_owned()),
            log_level: Some("info".to_owned()),
            ..SettingLayer::default()
        }
    }
}

/// The login name as far as it can name a cart.
fn login_name() -> String {
    let login = whoami::username().unwrap_or_default();
    let name: String = login
        .chars()
        .take(user::LONGEST)
        .map(|c| match c {
            '.' | '_' | '-' => c,
            c if c.is_ascii_alphanumeric() => c,
            _ => '-',
        })
        .collect();

    if name.is_empty() {
        "shopper".to_owned()
    } else {
        name
    }
}

/// `host pts/1`, which tells two terminals of one person apart.
fn host_and_terminal() -> String {
    let system = rustix::system::uname();
    let host = system.nodename().to_string_lossy();
    let terminal = rustix::termios::ttyname(std::io::stdin(), Vec::new()).unwrap_or_default();
    let terminal = terminal.to_string_lossy();

    format!("{host} {}", terminal.trim_start_matches("/dev/"))
}

/// Reads `true` or `false` with quotes or without, and other words with them.
fn word_or_truth<'de, D: Deserializer<'de>>(value: D) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(
        untagged,
        expecting = "invalid type: another value, expected \"auto\", true or false"
    )]
    enum WordOrTruth {
        Word(String),
        Truth(bool),
    }

    Ok(Some(match WordOrTruth::deserialize(value)? {
        WordOrTruth::Word(word) => word,
        WordOrTruth::Truth(truth) => truth.to_string(),
    }))
}

/// Reads a number; one that is too high for its setting is refused with the limit, later.
fn whole_number(typed: &str) -> Result<i64, String> {
    let number: u64 = typed
        .parse()
        .map_err(|_| "write a whole number".to_owned())?;
    i64::try_from(number).map_err(|_| "that is too high".to_owned())
}

/// The variable of the environment that gives a setting; `None` where there is none.
pub(crate) fn variable_of(setting: &str) -> Option<String> {
    let command = SettingLayer::augment_args(clap::Command::new("trolley"));
    let mut options = command.get_arguments();
    let option = options.find(|option| option.get_id() == setting)?;
    Some(option.get_env()?.to_string_lossy().into_owned())
}

/// Says of a value that clap refuses which variable of the environment gives it, where one does:
/// clap itself names the option.
pub(crate) fn name_variable(error: &mut clap::Error, command: &clap::Command) {
    let (Some(ContextValue::String(named)), Some(ContextValue::String(value))) = (
        error.get(ContextKind::InvalidArg),
        error.get(ContextKind::InvalidValue),
    ) else {
        return;
    };

    let mut options = command.get_arguments();
    let option = options.find(|option| option.to_string() == *named);
    let Some(variable) = option.and_then(clap::Arg::get_env) else {
        return;
    };
    // An option on the command line is stronger.
    let option = named.split([' ', '=', '[']).next().unwrap_or_default();
    let mut words = std::env::args_os();
    let is_typed = words.any(|word| word.to_string_lossy().split('=').next() == Some(option));
    if !is_typed && std::env::var(variable).is_ok_and(|given| given == *value) {
        let variable = ContextValue::String(variable.to_string_lossy().into_owned());
        error.insert(ContextKind::InvalidArg, variable);
    }
}

fn themes() -> Vec<CompletionCandidate> {
    std::iter::once("auto")
        .chain(Theme::NAMED.iter().map(|(name, _)| *name))
        .map(CompletionCandidate::new)
        .collect()
}

fn ascii_modes() -> Vec<CompletionCandidate> {
    let names = AsciiMode::NAMED.iter().map(|(name, _)| *name);
    names.map(CompletionCandidate::new).collect()
}

fn alerts() -> Vec<CompletionCandidate> {
    let names = Alerts::NAMED.iter().map(|(name, _)| *name);
    names.map(CompletionCandidate::new).collect()
}

fn hours() -> Vec<CompletionCandidate> {
    let names = Hours::NAMED.iter().map(|(name, _)| *name);
    let names = std::iter::once("auto").chain(names);
    names.map(CompletionCandidate::new).collect()
}

fn levels() -> Vec<CompletionCandidate> {
    LOG_LEVELS.map(CompletionCandidate::new).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_names_the_defaults() {
        let defaults = SettingLayer::defaults();
        let command = SettingLayer::augment_args(clap::Command::new("trolley"));
        for (name, default) in [
            ("session_timeout", defaults.session_timeout),
            ("item_timeout", defaults.item_timeout),
            ("line_limit", defaults.line_limit.map(|n| n.to_string())),
            (
                "confirm_replicas",
                defaults.confirm_replicas.map(|n| n.to_string()),
            ),
            ("theme", defaults.theme),
            ("ascii", defaults.ascii),
            ("alerts", defaults.alerts),
            ("hours", defaults.hours),
            ("log_level", defaults.log_level),
        ] {
            let option = command
                .get_arguments()
                .find(|option| option.get_id() == name);
            let help = option.unwrap().get_help().unwrap().to_string();
            let default = default.unwrap();
            assert!(help.ends_with(&format!("[default: {default}]")), "{help}");
        }
    }
}
