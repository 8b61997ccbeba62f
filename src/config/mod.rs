//! Settings: flags over environment over file over defaults.
//!
//! `setting_table` is the table of all settings, `flags` has those of the command line and the
//! environment, `file` reads the settings file, and `origins` picks each setting's value from the
//! strongest layer that has it. [`Settings::load`] checks the values.

pub mod alerts;
mod ascii;
pub mod colours;
mod credentials;
pub mod display;
mod file;
mod flags;
pub mod key;
pub mod keymap;
mod origins;
mod paths;
pub(crate) mod pipe;
mod server;
pub mod serving;
mod setting_table;
pub mod theme;
pub mod used_carts;

pub(crate) use credentials::PASSWORD_VARIABLE;
pub use flags::Flags;
pub use origins::SettingOrigin;
#[cfg(feature = "serve")]
pub(crate) use paths::{control_socket, host_key_file};
pub(crate) use paths::{make_private, state_folder};
pub(crate) use server::private_engine;
pub use server::{Server, ServerError};
pub use setting_table::SettingSource;
pub(crate) use setting_table::{HEADING, name_variable};

use crate::model::name::{NameError, sanitize_actor, typed_name};
use crate::model::time::{Hours, PersonalClock};
use crate::model::{Refusal, Timeout, UserName, quantity, text};
use crate::store::{Address, Policy};
use alerts::Alerts;
use colours::OwnColours;
use credentials::Credentials;
use display::AsciiMode;
use file::FilePresence;
use jiff::tz::TimeZone;
use keymap::Keymap;
use origins::SettingLayers;
use serving::ServeSettings;
use setting_table::{LOG_LEVELS, SettingLayer};
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use theme::Theme;
use tracing::Level;

/// The most replicas that can be waited for; more would only keep each other waiting.
const MOST_REPLICAS: u32 = 16;

/// The warning about an address with a password that stands on the command line: whoever may
/// list processes reads it.
const PASSWORD_SHOWS: &str = "others on this machine can see the password on the command line: give it with \
    --password-file, with TROLLEY_PASSWORD, in the settings file, or type it when asked";

/// A setting that can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The settings file can't be read or understood.
    #[error("{path}: {why}")]
    File {
        /// The file.
        path: String,
        /// The mistake in it.
        why: String,
    },
    /// A value is not valid.
    #[error("{setting}: {why}")]
    Value {
        /// The setting's name.
        setting: &'static str,
        /// The mistake in it.
        why: String,
    },
    /// The cart's name is refused.
    #[error(transparent)]
    User(#[from] Refusal),
    /// Another error of these, in a value that a variable of the environment gives.
    #[error("{variable}: {}", error.without_setting())]
    Variable {
        /// The variable's name.
        variable: String,
        /// The error.
        error: Box<ConfigError>,
    },
    /// Another error of these, in a value that the settings file gives.
    #[error("{path}: line {line}: {error}")]
    Placed {
        /// The file; clean text.
        path: String,
        /// The line, from 1.
        line: usize,
        /// The error.
        error: Box<ConfigError>,
    },
}

impl ConfigError {
    /// The reason alone, without the name of the setting.
    fn without_setting(&self) -> String {
        match self {
            ConfigError::Value { why, .. } => why.clone(),
            ConfigError::File { .. }
            | ConfigError::User(_)
            | ConfigError::Variable { .. }
            | ConfigError::Placed { .. } => self.to_string(),
        }
    }
}

/// The settings in force.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The server that holds the shop.
    pub server: Server,
    /// The owner of the cart.
    pub user: UserName,
    /// The name under which we make changes, and the rules for them.
    pub policy: Policy,
    /// The colours; `None`: those that suit the terminal.
    pub theme: Option<Theme>,
    /// Other colours for some roles of the theme.
    pub colours: OwnColours,
    /// The setting that decides whether a terminal gets nothing but ASCII.
    pub ascii: AsciiMode,
    /// The ways to tell somebody what happens while they look elsewhere.
    pub alerts: Alerts,
    /// The way in which times count the hours of a day; `None`: as the shop says.
    pub hours: Option<Hours>,
    /// True where clicks go to the shop, not to the terminal.
    pub mouse: bool,
    /// True where the shop is told in words, without a screen.
    pub plain: bool,
    /// The keys in force.
    pub keymap: Keymap,
    /// The age from which on a ticket of the board needs a look, in milliseconds.
    pub board_warn: u64,
    /// The age from which on it is late, in milliseconds.
    pub board_late: u64,
    /// The shell command that prints a ticket; `None` where there is none.
    pub print: Option<String>,
    /// The settings of `trolley serve` in the settings file.
    pub serve: ServeSettings,
    /// The file for the log, and the lowest level that is written to it.
    pub log: Option<(PathBuf, Level)>,
    /// Notes about these settings for the person who gave them.
    pub warnings: Vec<String>,
    /// The settings file, whether it exists or not.
    pub file: Option<PathBuf>,
    /// All settings with their sources, for people to read.
    pub origins: Vec<SettingOrigin>,
}

impl Settings {
    /// Puts the settings together.
    ///
    /// # Errors
    /// The first [`ConfigError`] found.
    pub fn load(flags: Flags) -> Result<Settings, ConfigError> {
        let named_file = flags.layer.config.clone();
        let presence = match named_file {
            Some(_) => FilePresence::Required,
            None => FilePresence::Optional,
        };
        let path = named_file.or_else(paths::settings_file);
        let file = file::read(path.as_deref(), presence)?;

        let mut layers = SettingLayers::new(flags, file.settings);
        let mut settings = Settings::of(&mut layers, file.keymap, file.colours)
            .map_err(|error| placed(error, &layers, path.as_deref(), &file.text))?;
        settings.file = path;
        settings.origins = layers.into_origins();
        Ok(settings)
    }

    /// The zone of this computer and the hours of these settings, for telling times.
    #[must_use]
    pub(crate) fn personal_clock(&self) -> PersonalClock {
        PersonalClock {
            zone: TimeZone::system(),
            hours: self.hours,
        }
    }

    /// The settings of these layers, whose origins are noted there.
    fn of(
        layers: &mut SettingLayers,
        keymap: Keymap,
        colours: OwnColours,
    ) -> Result<Settings, ConfigError> {
        // The order of these is the order in which `trolley config` shows them.
        let mut warnings = Vec::new();
        let server = server(layers, &mut warnings)?;
        let user = user(layers)?;
        let policy = policy(layers, &user)?;
        let theme = theme(layers)?;
        // Nobody knows yet on which background that is, where the terminal decides.
        if let Some(theme) = theme {
            warnings.extend(colours.warnings(theme));
        }
        let ascii = ascii(layers)?;
        let alerts = alerts(layers)?;
        let hours = hours(layers)?;
        let mouse = layers.pick_noted("mouse", |layer| layer.mouse);
        let plain = layers.pick_noted("plain", |layer| layer.plain);
        let board_warn = age(layers, "board_warn", |layer| layer.board_warn.clone())?;
        let board_late = age(layers, "board_late", |layer| layer.board_late.clone())?;
        let print = layers.pick_noted("print", |layer| layer.print.clone());
        let log = log(layers)?;
        let serve = layers.serve_of_file();

        Ok(Settings {
            server,
            user,
            policy,
            theme,
            colours,
            ascii,
            alerts,
            hours,
            mouse,
            plain,
            keymap,
            board_warn,
            board_late,
            print: Some(print).filter(|command| !command.trim().is_empty()),
            serve,
            log,
            warnings,
            file: None,
            origins: Vec::new(),
        })
    }
}

/// An error with the variable of the environment, or its place in the settings file, that gives the
/// value.
fn placed(
    error: ConfigError,
    layers: &SettingLayers,
    path: Option<&Path>,
    text: &str,
) -> ConfigError {
    let setting = match &error {
        ConfigError::Value { setting, .. } => *setting,
        ConfigError::User(_) => "user",
        ConfigError::File { .. } | ConfigError::Variable { .. } | ConfigError::Placed { .. } => {
            return error;
        }
    };
    if layers.is_from(SettingSource::Environment, setting)
        && let Some(variable) = setting_table::variable_of(setting)
    {
        return ConfigError::Variable {
            variable,
            error: Box::new(error),
        };
    }

    let is_from_file = layers.is_from(SettingSource::File, setting);
    let line = file::line_of(text, setting).filter(|_| is_from_file);
    match (path, line) {
        (Some(path), Some(line)) => ConfigError::Placed {
            path: shown_path(path),
            line,
            error: Box::new(error),
        },
        _ => error,
    }
}

/// The server that holds the shop, with the credentials for it.
fn server(layers: &mut SettingLayers, warnings: &mut Vec<String>) -> Result<Server, ConfigError> {
    let given = layers.flags.layer.redis.as_deref();
    // In a script, `--redis "$SHOP"` without that variable must not mean another shop.
    if given == Some("") && layers.flags.source("redis") == SettingSource::Flag {
        return Err(invalid(
            "redis",
            "the address is empty; leave the option out for the private shop",
        ));
    }

    let picked = layers.pick("redis", |layer| not_empty(&layer.redis));
    let address = match &picked.value {
        Some(address) => Some(Address::parse(address).map_err(|error| invalid("redis", error))?),
        None => None,
    };
    let is_on_command_line = picked.source == SettingSource::Flag;
    if is_on_command_line && address.as_ref().is_some_and(Address::has_password) {
        warnings.push(PASSWORD_SHOWS.to_owned());
    }

    let credentials = Credentials::pick(layers)?;
    let server = match address {
        Some(address) => Server::External(Box::new(credentials.equip(address)?)),
        None => {
            let engine = private_engine()?;
            warnings.extend(engine.hint());
            Server::Private(engine)
        }
    };
    layers.note(&picked, server.to_string());
    Ok(server)
}

/// The owner of the cart.
fn user(layers: &mut SettingLayers) -> Result<UserName, ConfigError> {
    let name = layers.pick_noted("user", |layer| layer.user.clone());
    Ok(UserName::parse(&name)?)
}

/// The name under which we make changes, and the rules for them.
fn policy(layers: &mut SettingLayers, user: &UserName) -> Result<Policy, ConfigError> {
    let picked = layers.pick("name", |layer| layer.name.clone());
    let by = match typed_name(picked.value.as_deref().unwrap_or_default().as_bytes()) {
        Ok(name) => name,
        Err(NameError::Empty) => sanitize_actor(user.as_str().as_bytes()),
        Err(error @ NameError::OwnWord(_)) => return Err(invalid("name", error)),
    };
    layers.note(&picked, by.clone());

    let session_timeout = timeout(layers, "session_timeout", |l| l.session_timeout.clone())?;
    let item_timeout = timeout(layers, "item_timeout", |l| l.item_timeout.clone())?;

    let line_limits = 1..=quantity::HIGHEST_LIMIT;
    let line_limit = number(layers, "line_limit", |layer| layer.line_limit, line_limits)?;
    let replicas = 0..=MOST_REPLICAS;
    let confirm_replicas = number(
        layers,
        "confirm_replicas",
        |layer| layer.confirm_replicas,
        replicas,
    )?;

    Ok(Policy {
        by,
        session_timeout,
        item_timeout,
        confirm_replicas,
        line_limit,
    })
}

/// The number that a setting has in the layers, where it is within these limits.
fn number(
    layers: &mut SettingLayers,
    name: &'static str,
    field: impl Fn(&SettingLayer) -> Option<i64>,
    limits: RangeInclusive<u32>,
) -> Result<u32, ConfigError> {
    let given = layers.pick_noted(name, field);
    let number = u32::try_from(given).ok();
    number
        .filter(|number| limits.contains(number))
        .ok_or_else(|| {
            let expected = format!("a number from {} to {}", limits.start(), limits.end());
            not_valid(name, &given.to_string(), &expected)
        })
}

fn timeout(
    layers: &mut SettingLayers,
    name: &'static str,
    field: impl Fn(&SettingLayer) -> Option<String>,
) -> Result<Timeout, ConfigError> {
    let typed = layers.pick_noted(name, field);
    Timeout::parse(&typed).map_err(|why| invalid(name, why))
}

/// An age in milliseconds, which is never reached where the setting is `never`.
fn age(
    layers: &mut SettingLayers,
    name: &'static str,
    field: impl Fn(&SettingLayer) -> Option<String>,
) -> Result<u64, ConfigError> {
    Ok(match timeout(layers, name, field)? {
        Timeout::After(milliseconds) => milliseconds,
        Timeout::Never => u64::MAX,
    })
}

/// The theme; `None` is `auto`.
fn theme(layers: &mut SettingLayers) -> Result<Option<Theme>, ConfigError> {
    let name = layers.pick_noted("theme", |layer| not_empty(&layer.theme));
    if name == "auto" {
        return Ok(None);
    }

    let theme = Theme::named(&name).ok_or_else(|| {
        let names: Vec<&str> = Theme::NAMED.iter().map(|(name, _)| *name).collect();
        let unknown = text::sanitize_to(name.as_bytes(), 40);
        let known = names.join(", ");
        invalid(
            "theme",
            format!("there is no theme “{unknown}”: auto, {known}"),
        )
    })?;
    Ok(Some(theme))
}

/// Reads the setting that decides whether a terminal gets nothing but ASCII.
fn ascii(layers: &mut SettingLayers) -> Result<AsciiMode, ConfigError> {
    let name = layers.pick_noted("ascii", |layer| not_empty(&layer.ascii));
    let names = AsciiMode::NAMED.map(|(name, _)| name);
    AsciiMode::named(&name).ok_or_else(|| not_valid("ascii", &name, &names.join(", ")))
}

/// Reads the setting of how somebody is told what happens while they look elsewhere.
fn alerts(layers: &mut SettingLayers) -> Result<Alerts, ConfigError> {
    let name = layers.pick_noted("alerts", |layer| not_empty(&layer.alerts));
    let names: Vec<&str> = Alerts::NAMED.iter().map(|(name, _)| *name).collect();
    Alerts::named(&name).ok_or_else(|| not_valid("alerts", &name, &names.join(", ")))
}

/// Reads the setting of how times count the hours of a day; `None` is `auto`.
fn hours(layers: &mut SettingLayers) -> Result<Option<Hours>, ConfigError> {
    let name = layers.pick_noted("hours", |layer| not_empty(&layer.hours));
    if name == "auto" {
        return Ok(None);
    }
    let names = Hours::NAMED.map(|(name, _)| name);
    let hours = Hours::named(&name)
        .ok_or_else(|| not_valid("hours", &name, &format!("auto, {}", names.join(", "))))?;
    Ok(Some(hours))
}

/// The file for the log, and the lowest level that is written to it.
fn log(layers: &mut SettingLayers) -> Result<Option<(PathBuf, Level)>, ConfigError> {
    let file = layers.pick("log", |layer| layer.log.clone());
    layers.note_path(&file);

    let name = layers.pick_noted("log_level", |layer| layer.log_level.clone());
    let level: Level = name
        .parse()
        .map_err(|_| not_valid("log_level", &name, &LOG_LEVELS.join(", ")))?;

    let file = file.value.filter(|path| !path.as_os_str().is_empty());
    Ok(file.map(|path| (path, level)))
}

/// A value that is there and not empty.
fn not_empty(value: &Option<String>) -> Option<String> {
    value.clone().filter(|value| !value.is_empty())
}

fn invalid(setting: &'static str, why: impl Display) -> ConfigError {
    ConfigError::Value {
        setting,
        why: why.to_string(),
    }
}

/// The error of a setting that has this value; `expected` says what it may be.
fn not_valid(setting: &'static str, value: &str, expected: &str) -> ConfigError {
    let value = text::sanitize_to(value.as_bytes(), 40);
    invalid(setting, format!("“{value}” is not valid: {expected}"))
}

/// A path in a message.
pub(crate) fn shown_path(path: &Path) -> String {
    text::sanitize_to(path.as_os_str().as_encoded_bytes(), 200)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(toml: &str, change: impl FnOnce(&mut SettingLayer)) -> Result<Settings, ConfigError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        std::fs::write(&path, toml).unwrap();
        let mut flags = Flags::with_file(path);
        change(&mut flags.layer);
        Settings::load(flags)
    }

    #[test]
    fn flags_win_over_the_file_and_the_file_over_defaults() {
        let toml = "user = 'office'\nsession_timeout = '2h'\nredis = 'redis://shop:7000/1'\n";
        let settings = load(toml, |layer| layer.user = Some("alice".into())).unwrap();
        assert_eq!(settings.user.as_str(), "alice");
        assert_eq!(settings.policy.session_timeout, Timeout::After(7_200_000));
        assert_eq!(settings.policy.line_limit, 999);
        assert!(
            matches!(settings.server, Server::External(address) if address.to_string() == "redis://shop:7000/1")
        );
    }

    #[test]
    fn what_is_shown_of_the_file_is_clean() {
        let toml = "[serve]\nlisten = \"\\u001b[2J\"\nproxy_protocol = [\"\\u009b2J\"]\n";
        let settings = load(toml, |_| ()).unwrap();
        let listen = text::sanitize(b"\x1b[2J");
        let networks = vec![text::sanitize("\u{9b}2J".as_bytes())];
        let clean: [(&str, toml::Value); 2] = [
            ("serve.listen", listen.into()),
            ("serve.proxy_protocol", networks.into()),
        ];
        for (name, value) in clean {
            let mut origins = settings.origins.iter();
            let shown = origins.find(|origin| origin.name == name);
            assert_eq!(shown.unwrap().value, value, "{name}");
        }
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        let error = load("usr = 'x'", |_| ()).unwrap_err().to_string();
        assert!(error.contains("usr") && error.contains("line 1"), "{error}");
        for (toml, told) in [
            (
                "user = 'a'\nline_limit = 0\n",
                "config.toml: line 2: line_limit: “0” is not valid: a number from 1 to 999999",
            ),
            (
                "\nuser='a b'",
                "config.toml: line 2: “a b” is not a valid cart name: use 1 to 64 of A-Z a-z 0-9 . _ -",
            ),
            (
                "line_limit = 'x'",
                "config.toml: line 1: line_limit: a whole number is expected, not string \"x\"",
            ),
            (
                "user = 1",
                "config.toml: line 1: user: a text in quotes is expected, not integer `1`",
            ),
            (
                "mouse = 'no'",
                "config.toml: line 1: mouse: true or false is expected, not string \"no\"",
            ),
        ] {
            let error = load(toml, |_| ()).unwrap_err().to_string();
            assert!(error.ends_with(told), "{error}, not {told}");
        }
        // What the command line says is no mistake of the file.
        let flag = |layer: &mut SettingLayer| layer.line_limit = Some(0);
        let error = load("line_limit = 3", flag).unwrap_err().to_string();
        assert_eq!(
            error,
            "line_limit: “0” is not valid: a number from 1 to 999999"
        );
        for toml in [
            "line_limit = 0",
            "session_timeout = 'soon'",
            "redis = 'localhost'",
            "user = 'a b'",
            "line_limit = 'x'",
            "=",
            "redis = 1",
        ] {
            assert!(load(toml, |_| ()).is_err(), "{toml}");
        }
    }
}
