//! Settings: flags over environment over file over defaults.

mod credentials;
mod file;
mod flags;
pub mod key;
pub mod keymap;
mod origins;
mod server;
pub mod theme;

pub use flags::{Flags, HEADING};
pub use origins::Origin;
pub use server::{Server, ServerError, engine, state_folder};

use crate::model::change::sanitize_actor;
use crate::model::{Timeout, UserName, quantity, text};
use crate::store::{Address, Policy};
use flags::LEVELS;
use keymap::Keymap;
use origins::{Origins, in_environment};
use std::path::PathBuf;
use theme::Theme;
use tracing::Level;

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

/// The settings in force.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where the shop is.
    pub server: Server,
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

impl Settings {
    /// Puts the settings together.
    ///
    /// # Errors
    /// The first [`ConfigError`] found.
    pub fn load(flags: Flags) -> Result<Settings, ConfigError> {
        let path = flags.config.clone().or_else(server::usual_file);
        let (file, keymap) = file::read(path.as_deref(), flags.config.is_some())?;
        let default = Policy::default();
        let mut origins = Origins::default();
        let given = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());

        let from = (given(&flags.redis), given(&file.redis));
        // A script's variable without a value must not mean another shop.
        if flags.redis.as_deref() == Some("") && std::env::var_os("TROLLEY_REDIS").is_none() {
            return Err(value(
                "redis",
                &"the address is empty; leave the option out for the private shop",
            ));
        }
        let address = flags
            .redis
            .or_else(|| file.redis.clone())
            .filter(|address| !address.is_empty());
        let address = address.map(|address| Address::parse(&address)).transpose();
        let address = address.map_err(|why| value("redis", &why))?;
        let mut warnings = Vec::new();
        if from.0
            && !in_environment("TROLLEY_REDIS")
            && address.as_ref().is_some_and(Address::has_password)
        {
            warnings.push(PASSWORD_SHOWS.to_owned());
        }
        let server = match credentials::equip(address, &flags.access, &file, &mut origins)? {
            Some(address) => Server::External(Box::new(address)),
            None => Server::Private(engine()?),
        };
        origins.note("redis", server.to_string(), "TROLLEY_REDIS", from.0, from.1);

        let from = (flags.user.is_some(), file.user.is_some());
        let user = UserName::parse(&flags.user.or(file.user).unwrap_or_else(login_name))?;
        origins.note("user", user.to_string(), "TROLLEY_USER", from.0, from.1);

        let from = (flags.name.is_some(), file.name.is_some());
        let by = sanitize_actor(
            flags
                .name
                .or(file.name)
                .unwrap_or_else(who_and_where)
                .as_bytes(),
        );
        let by = if by.is_empty() { user.to_string() } else { by };
        origins.note("name", by.clone(), "TROLLEY_NAME", from.0, from.1);

        let mut timeout =
            |name, env: &str, flag: Option<String>, file: Option<String>, default: &str| {
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
        let item_timeout = timeout(
            "item_timeout",
            "TROLLEY_ITEM_TIMEOUT",
            flags.item_timeout,
            file.item_timeout,
            "never",
        )?;

        let from = (flags.line_limit.is_some(), file.line_limit.is_some());
        let line_limit = flags
            .line_limit
            .or(file.line_limit)
            .unwrap_or(default.line_limit);
        if !(1..=quantity::HIGHEST_LIMIT).contains(&line_limit) {
            return Err(value(
                "line_limit",
                &format!("a number from 1 to {}", quantity::HIGHEST_LIMIT),
            ));
        }
        origins.note(
            "line_limit",
            line_limit,
            "TROLLEY_LINE_LIMIT",
            from.0,
            from.1,
        );

        let from = (
            flags.confirm_replicas.is_some(),
            file.confirm_replicas.is_some(),
        );
        let confirm_replicas = flags
            .confirm_replicas
            .or(file.confirm_replicas)
            .unwrap_or(0);
        if confirm_replicas > MOST_REPLICAS {
            return Err(value(
                "confirm_replicas",
                &format!("a number up to {MOST_REPLICAS}"),
            ));
        }
        origins.note(
            "confirm_replicas",
            confirm_replicas,
            "TROLLEY_CONFIRM_REPLICAS",
            from.0,
            from.1,
        );

        let from = (given(&flags.theme), file.theme.is_some());
        let name = flags
            .theme
            .filter(|name| !name.is_empty())
            .or(file.theme)
            .unwrap_or_else(|| "auto".to_owned());
        let theme = match name.as_str() {
            "auto" => None,
            name => Some(Theme::named(name).ok_or_else(|| value("theme", &unknown_theme(name)))?),
        };
        origins.note("theme", name, "TROLLEY_THEME", from.0, from.1);

        let mouse = !flags.no_mouse && file.mouse.unwrap_or(true);
        origins.note("mouse", mouse, "", flags.no_mouse, file.mouse.is_some());

        let from = (flags.log.log.is_some(), file.log.is_some());
        let log = flags
            .log
            .log
            .or(file.log)
            .filter(|path| !path.as_os_str().is_empty());
        let shown = log
            .as_ref()
            .map_or_else(String::new, |path| path.display().to_string());
        origins.note("log", shown, "TROLLEY_LOG", from.0, from.1);
        let from = (flags.log.log_level.is_some(), file.log_level.is_some());
        let level = flags
            .log
            .log_level
            .or(file.log_level)
            .unwrap_or_else(|| "info".to_owned());
        origins.note(
            "log_level",
            level.clone(),
            "TROLLEY_LOG_LEVEL",
            from.0,
            from.1,
        );
        let level: Level = level
            .parse()
            .map_err(|_| value("log_level", &LEVELS.join(", ")))?;
        let log = log.map(|path| (path, level));

        let policy = Policy {
            by,
            session_timeout,
            item_timeout,
            confirm_replicas,
            line_limit,
        };
        let origins = origins.all();
        Ok(Settings {
            server,
            user,
            policy,
            theme,
            mouse,
            keymap,
            log,
            warnings,
            file: path,
            origins,
        })
    }
}

/// More replicas would only keep each other waiting.
const MOST_REPLICAS: u32 = 16;

/// Whoever may list processes reads their arguments.
const PASSWORD_SHOWS: &str = "others on this machine can see the password on the command line: give it with \
    --password-file, with TROLLEY_PASSWORD, in the settings file, or type it when asked";

fn unknown_theme(name: &str) -> String {
    let names: Vec<&str> = Theme::NAMED.iter().map(|(name, _)| *name).collect();
    format!(
        "there is no theme “{}”: auto, {}",
        text::sanitize_to(name.as_bytes(), 40),
        names.join(", ")
    )
}

fn value(setting: &'static str, why: &dyn std::fmt::Display) -> ConfigError {
    ConfigError::Value {
        setting,
        why: why.to_string(),
    }
}

fn login_name() -> String {
    let good = |c: char| {
        if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') {
            c
        } else {
            '-'
        }
    };
    let name = whoami::username().unwrap_or_default();
    let name: String = name
        .chars()
        .take(crate::model::user::LONGEST)
        .map(good)
        .collect();
    if name.is_empty() {
        "shopper".to_owned()
    } else {
        name
    }
}

fn who_and_where() -> String {
    let host = rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned();
    let tty = rustix::termios::ttyname(std::io::stdin(), Vec::new());
    let tty = tty
        .map(|path| {
            path.to_string_lossy()
                .trim_start_matches("/dev/")
                .to_owned()
        })
        .unwrap_or_default();
    format!("{}@{host} {tty}", login_name())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(toml: &str, change: impl FnOnce(&mut Flags)) -> Result<Settings, ConfigError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        std::fs::write(&path, toml).unwrap();
        let mut flags = Flags {
            config: Some(path),
            ..Flags::default()
        };
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
            matches!(settings.server, Server::External(address) if address.to_string() == "redis://shop:7000/1")
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
