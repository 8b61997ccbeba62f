//! Settings: flags over environment over file over defaults.

mod access;

use crate::engine::{Engine, EngineError};
use crate::model::change::clean_actor;
use crate::model::{Timeout, UserName, quantity, text};
use crate::store::{Address, Policy, Trouble};
use crate::tui::keymap::Keymap;
use crate::tui::theme::Theme;
use clap::Args;
use clap_complete::{ArgValueCandidates, CompletionCandidate};
use etcetera::{AppStrategy, AppStrategyArgs, choose_app_strategy};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use toml::Spanned;
use tracing::Level;

/// Above the options of every command, in its help.
pub const HEADING: &str = "Options of every command";

/// The settings that every command takes. The environment comes in through the same table.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = HEADING)]
pub struct Flags {
    /// Use this Redis or Valkey instead of a private one: redis://, rediss:// (TLS), unix://,
    /// redis+cluster://host,host or redis+sentinel://host,host/name
    #[arg(long, global = true, value_name = "URL", env = "TROLLEY_REDIS", hide_env_values = true)]
    pub redis: Option<String>,
    /// Whose cart: everybody who gives the same name shares it [default: your login name]
    #[arg(long, global = true, value_name = "NAME", env = "TROLLEY_USER", hide_env_values = true)]
    pub user: Option<String>,
    /// Who you are to the others on the cart [default: user@host and terminal]
    #[arg(long, global = true, value_name = "NAME", env = "TROLLEY_NAME", hide_env_values = true)]
    pub name: Option<String>,
    /// How long a cart lives after its last change: 30m, 2h, never [default: 30m]
    #[arg(long, global = true, value_name = "TIME", env = "TROLLEY_SESSION_TIMEOUT", hide_env_values = true)]
    pub session_timeout: Option<String>,
    /// How long a line stays that nobody touches: 10m, never [default: never]
    #[arg(long, global = true, value_name = "TIME", env = "TROLLEY_ITEM_TIMEOUT", hide_env_values = true)]
    pub item_timeout: Option<String>,
    /// The most pieces on one line of the cart [default: 999]
    #[arg(long, global = true, value_name = "N", env = "TROLLEY_LINE_LIMIT", hide_env_values = true)]
    pub line_limit: Option<u32>,
    /// A change counts as confirmed once so many replicas have it, too [default: 0]
    #[arg(long, global = true, value_name = "N", env = "TROLLEY_CONFIRM_REPLICAS", hide_env_values = true)]
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
    #[arg(long, global = true, value_name = "FILE", env = "TROLLEY_CONFIG", hide_env_values = true)]
    pub config: Option<PathBuf>,
    /// Certificates and passwords.
    #[command(flatten)]
    pub access: access::AccessFlags,
    /// What is written down.
    #[command(flatten)]
    pub log: LogFlags,
}

/// What is written down.
#[derive(Debug, Clone, Default, Args)]
pub struct LogFlags {
    /// Write what happens to this file, one line per change
    #[arg(long, global = true, value_name = "FILE", env = "TROLLEY_LOG", hide_env_values = true)]
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
const LEVELS: [&str; 5] = ["error", "warn", "info", "debug", "trace"];

fn themes() -> Vec<CompletionCandidate> {
    candidates(std::iter::once("auto").chain(Theme::NAMED.iter().map(|(name, _)| *name)))
}

fn candidates(names: impl Iterator<Item = &'static str>) -> Vec<CompletionCandidate> {
    names.map(CompletionCandidate::new).collect()
}

/// The settings file; the same names with the same meaning.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileSettings {
    redis: Option<String>,
    user: Option<String>,
    name: Option<String>,
    session_timeout: Option<String>,
    item_timeout: Option<String>,
    line_limit: Option<u32>,
    confirm_replicas: Option<u32>,
    theme: Option<String>,
    mouse: Option<bool>,
    password_file: Option<PathBuf>,
    tls_ca: Option<PathBuf>,
    tls_cert: Option<PathBuf>,
    tls_key: Option<PathBuf>,
    log: Option<PathBuf>,
    log_level: Option<String>,
    #[serde(default)]
    keys: BTreeMap<Spanned<String>, OneOrMore>,
}

/// One key, or some.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum OneOrMore {
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

/// A setting that can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The settings file can't be read or understood.
    #[error("{path}: {why}")]
    File {
        /// The file.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// A value is no good.
    #[error("{setting}: {why}")]
    Value {
        /// The setting's name.
        setting: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// The cart's name is refused.
    #[error(transparent)]
    User(#[from] crate::model::Refusal),
}

/// Where the shop is.
#[derive(Debug, Clone)]
pub enum Place {
    /// On the Redis at this address.
    Given(Box<Address>),
    /// On the private server.
    Private(Engine),
}

/// Why the shop's server can't be had.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// The private server fails.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// Its address is no good.
    #[error(transparent)]
    Address(#[from] Trouble),
}

impl Place {
    /// The address of the shop, with the private server running where it is that.
    ///
    /// # Errors
    /// The [`PlaceError`] that stands in the way.
    pub fn open(&self) -> Result<Address, PlaceError> {
        match self {
            Place::Given(address) => Ok(Address::clone(address)),
            Place::Private(engine) => Ok(Address::socket(&engine.ensure()?)?),
        }
    }
}

/// The settings in force.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where the shop is.
    pub place: Place,
    /// Whose cart.
    pub user: UserName,
    /// Who makes changes, and the rules.
    pub policy: Policy,
    /// How it looks; `None`: what fits the terminal.
    pub theme: Option<Theme>,
    /// Whether the mouse is ours.
    pub mouse: bool,
    /// The keys in force.
    pub keymap: Keymap,
    /// Where to write what happens, and how much of it.
    pub log: Option<(PathBuf, Level)>,
    /// What the person should know about these settings.
    pub warnings: Vec<String>,
    /// The settings file, be it there or not.
    pub file: Option<PathBuf>,
    /// Every setting with its value and where that came from, for people to read.
    pub origins: Vec<Origin>,
}

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
struct Origins(Vec<Origin>);

impl Origins {
    fn note(&mut self, name: &'static str, value: impl Into<toml::Value>, env: &str, flag: bool, file: bool) {
        let from = match (flag, file) {
            (true, _) if in_environment(env) => "environment",
            (true, _) => "flag",
            (false, true) => "file",
            (false, false) => "default",
        };
        let value = match value.into() {
            toml::Value::String(shown) => text::clean(shown.as_bytes()).into(),
            other => other,
        };
        self.0.push(Origin { name, value, from });
    }
}

fn in_environment(name: &str) -> bool {
    std::env::var_os(name).is_some_and(|set| !set.is_empty())
}

impl Settings {
    /// Puts the settings together.
    ///
    /// # Errors
    /// The first [`ConfigError`] found.
    pub fn load(flags: Flags) -> Result<Settings, ConfigError> {
        let path = flags.config.clone().or_else(usual_file);
        let (file, keymap) = read_file(path.as_deref(), flags.config.is_some())?;
        let default = Policy::default();
        let mut origins = Origins::default();
        let given = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());

        let from = (given(&flags.redis), given(&file.redis));
        // A script's variable without a value must not mean another shop.
        if flags.redis.as_deref() == Some("") && std::env::var_os("TROLLEY_REDIS").is_none() {
            return Err(value("redis", &"the address is empty; leave the option out for the private shop"));
        }
        let address = flags.redis.or_else(|| file.redis.clone()).filter(|address| !address.is_empty());
        let address = address.map(|address| Address::parse(&address)).transpose();
        let address = address.map_err(|why| value("redis", &why))?;
        let mut warnings = Vec::new();
        if from.0 && !in_environment("TROLLEY_REDIS") && address.as_ref().is_some_and(Address::has_password) {
            warnings.push(PASSWORD_SHOWS.to_owned());
        }
        let place = match access::equip(address, &flags.access, &file, &mut origins)? {
            Some(address) => Place::Given(Box::new(address)),
            None => Place::Private(engine()?),
        };
        origins.note("redis", place.to_string(), "TROLLEY_REDIS", from.0, from.1);

        let from = (flags.user.is_some(), file.user.is_some());
        let user = UserName::parse(&flags.user.or(file.user).unwrap_or_else(login_name))?;
        origins.note("user", user.to_string(), "TROLLEY_USER", from.0, from.1);

        let from = (flags.name.is_some(), file.name.is_some());
        let by = clean_actor(flags.name.or(file.name).unwrap_or_else(who_and_where).as_bytes());
        let by = if by.is_empty() { user.to_string() } else { by };
        origins.note("name", by.clone(), "TROLLEY_NAME", from.0, from.1);

        let mut timeout = |name, env: &str, flag: Option<String>, file: Option<String>, default: &str| {
            let from = (flag.is_some(), file.is_some());
            let typed = flag.or(file).unwrap_or_else(|| default.to_owned());
            let parsed = Timeout::parse(&typed).map_err(|why| value(name, &why))?;
            origins.note(name, typed, env, from.0, from.1);
            Ok::<_, ConfigError>(parsed)
        };
        let session_timeout = timeout(
            "session_timeout",
            "TROLLEY_SESSION_TIMEOUT",
            flags.session_timeout,
            file.session_timeout,
            "30m",
        )?;
        let item_timeout =
            timeout("item_timeout", "TROLLEY_ITEM_TIMEOUT", flags.item_timeout, file.item_timeout, "never")?;

        let from = (flags.line_limit.is_some(), file.line_limit.is_some());
        let line_limit = flags.line_limit.or(file.line_limit).unwrap_or(default.line_limit);
        if !(1..=quantity::HIGHEST_LIMIT).contains(&line_limit) {
            return Err(value("line_limit", &format!("a number from 1 to {}", quantity::HIGHEST_LIMIT)));
        }
        origins.note("line_limit", line_limit, "TROLLEY_LINE_LIMIT", from.0, from.1);

        let from = (flags.confirm_replicas.is_some(), file.confirm_replicas.is_some());
        let confirm_replicas = flags.confirm_replicas.or(file.confirm_replicas).unwrap_or(0);
        if confirm_replicas > MOST_REPLICAS {
            return Err(value("confirm_replicas", &format!("a number up to {MOST_REPLICAS}")));
        }
        origins.note("confirm_replicas", confirm_replicas, "TROLLEY_CONFIRM_REPLICAS", from.0, from.1);

        let from = (given(&flags.theme), file.theme.is_some());
        let name =
            flags.theme.filter(|name| !name.is_empty()).or(file.theme).unwrap_or_else(|| "auto".to_owned());
        let theme = match name.as_str() {
            "auto" => None,
            name => Some(Theme::named(name).ok_or_else(|| value("theme", &unknown_theme(name)))?),
        };
        origins.note("theme", name, "TROLLEY_THEME", from.0, from.1);

        let mouse = !flags.no_mouse && file.mouse.unwrap_or(true);
        origins.note("mouse", mouse, "", flags.no_mouse, file.mouse.is_some());

        let from = (flags.log.log.is_some(), file.log.is_some());
        let log = flags.log.log.or(file.log).filter(|path| !path.as_os_str().is_empty());
        let shown = log.as_ref().map_or_else(String::new, |path| path.display().to_string());
        origins.note("log", shown, "TROLLEY_LOG", from.0, from.1);
        let from = (flags.log.log_level.is_some(), file.log_level.is_some());
        let level = flags.log.log_level.or(file.log_level).unwrap_or_else(|| "info".to_owned());
        origins.note("log_level", level.clone(), "TROLLEY_LOG_LEVEL", from.0, from.1);
        let level: Level = level.parse().map_err(|_| value("log_level", &LEVELS.join(", ")))?;
        let log = log.map(|path| (path, level));

        let policy = Policy { by, session_timeout, item_timeout, confirm_replicas, line_limit };
        let origins = origins.0;
        Ok(Settings { place, user, policy, theme, mouse, keymap, log, warnings, file: path, origins })
    }
}

/// More replicas would only keep each other waiting.
const MOST_REPLICAS: u32 = 16;

/// Whoever may list processes reads their arguments.
const PASSWORD_SHOWS: &str = "others on this machine can see the password on the command line: give it with \
    --password-file, with TROLLEY_PASSWORD, in the settings file, or type it when asked";

fn unknown_theme(name: &str) -> String {
    let names: Vec<&str> = Theme::NAMED.iter().map(|(name, _)| *name).collect();
    format!("there is no theme “{}”: auto, {}", text::clean_to(name.as_bytes(), 40), names.join(", "))
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Place::Given(address) => address.fmt(f),
            Place::Private(engine) => write!(f, "private server on {}", engine.socket().display()),
        }
    }
}

/// The private server in this user's folders.
///
/// # Errors
/// [`ConfigError::Value`] where the system names no home folder.
pub fn engine() -> Result<Engine, ConfigError> {
    let folders = folders().ok_or_else(|| value("HOME", &"your home folder is unknown"))?;
    let state = folders.state_dir().unwrap_or_else(|| folders.data_dir());
    Ok(Engine::new(folders.runtime_dir().unwrap_or(state), folders.data_dir()))
}

fn folders() -> Option<impl AppStrategy> {
    let names = AppStrategyArgs {
        top_level_domain: String::new(),
        author: String::new(),
        app_name: "trolley".to_owned(),
    };
    choose_app_strategy(names).ok()
}

fn value(setting: &'static str, why: &dyn std::fmt::Display) -> ConfigError {
    ConfigError::Value { setting, why: why.to_string() }
}

/// The folder for what the program notes down, such as crash reports.
#[must_use]
pub fn state_folder() -> Option<PathBuf> {
    folders().map(|folders| folders.state_dir().unwrap_or_else(|| folders.data_dir()))
}

/// The settings file that is read where none is named.
fn usual_file() -> Option<PathBuf> {
    folders().map(|folders| folders.in_config_dir("config.toml"))
}

fn read_file(path: Option<&Path>, named: bool) -> Result<(FileSettings, Keymap), ConfigError> {
    let Some(path) = path else { return Ok(Default::default()) };
    let error =
        |why: String| ConfigError::File { path: text::clean(path.as_os_str().as_encoded_bytes()), why };
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
        let place = settings.keys.keys().find(|action| *action.get_ref() == bad.action);
        let line =
            place.map_or(0, |action| toml[..action.span().start.min(toml.len())].matches('\n').count() + 1);
        error(format!("line {line}: keys.{}: {}", text::clean_to(bad.action.as_bytes(), 40), lines(&bad.why)))
    })?;
    Ok((settings, keymap))
}

/// Adds the nearest name that exists to a complaint about one that doesn't.
fn with_suggestion(said: &str) -> String {
    let unknown = said.split_once("unknown field `").and_then(|(_, rest)| rest.split_once('`'));
    let Some((unknown, _)) = unknown else { return said.to_owned() };
    let near = |name: &&str| strsim::jaro_winkler(name, unknown);
    let nearest = NAMES.into_iter().max_by(|a, b| near(a).total_cmp(&near(b))).unwrap_or_default();
    format!("{said}\ndid you mean `{nearest}`?")
}

/// Cleans a text of several lines.
fn lines(said: &str) -> String {
    said.trim_end().lines().map(|line| text::clean(line.as_bytes())).collect::<Vec<_>>().join("\n")
}

fn login_name() -> String {
    let good = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '-' };
    let name = whoami::username().unwrap_or_default();
    let name: String = name.chars().take(crate::model::user::LONGEST).map(good).collect();
    if name.is_empty() { "shopper".to_owned() } else { name }
}

fn who_and_where() -> String {
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let tty = rustix::termios::ttyname(std::io::stdin(), Vec::new());
    let tty =
        tty.map(|path| path.to_string_lossy().trim_start_matches("/dev/").to_owned()).unwrap_or_default();
    format!("{}@{host} {tty}", login_name())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(toml: &str, change: impl FnOnce(&mut Flags)) -> Result<Settings, ConfigError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        std::fs::write(&path, toml).unwrap();
        let mut flags = Flags { config: Some(path), ..Flags::default() };
        change(&mut flags);
        Settings::load(flags)
    }

    #[test]
    fn flags_win_over_the_file_and_the_file_over_defaults() {
        let toml = "user = 'office'\nsession_timeout = '2h'\nredis = 'redis://shop:7000/1'\n";
        let settings = load(toml, |flags| flags.user = Some("alice".into())).unwrap();
        assert_eq!(settings.user.as_str(), "alice");
        assert_eq!(settings.policy.session_timeout, Timeout::After(7_200_000));
        assert_eq!(settings.policy.line_limit, 999);
        assert!(
            matches!(settings.place, Place::Given(address) if address.to_string() == "redis://shop:7000/1")
        );
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        let error = load("usr = 'x'", |_| ()).unwrap_err().to_string();
        assert!(error.contains("usr") && error.contains("line 1"), "{error}");
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
