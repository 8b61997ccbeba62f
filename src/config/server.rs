//! Where the shop is, and where the program keeps its files.

use super::{ConfigError, value};
use crate::engine::{Engine, EngineError};
use crate::store::{Address, Trouble};
use etcetera::{AppStrategy, AppStrategyArgs, choose_app_strategy};
use std::path::PathBuf;

/// Where the shop is.
#[derive(Debug, Clone)]
pub enum Server {
    /// On the Redis at this address.
    External(Box<Address>),
    /// On the private server.
    Private(Engine),
}

/// Why the shop's server can't be had.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The private server fails.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// Its address is no good.
    #[error(transparent)]
    Address(#[from] Trouble),
}

impl Server {
    /// The address of the shop, with the private server running where it is that.
    ///
    /// # Errors
    /// The [`ServerError`] that stands in the way.
    pub fn open(&self) -> Result<Address, ServerError> {
        match self {
            Server::External(address) => Ok(Address::clone(address)),
            Server::Private(engine) => Ok(Address::socket(&engine.ensure()?)?),
        }
    }
}

impl std::fmt::Display for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Server::External(address) => address.fmt(f),
            Server::Private(engine) => write!(f, "private server on {}", engine.socket().display()),
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
    Ok(Engine::new(
        folders.runtime_dir().unwrap_or(state),
        folders.data_dir(),
    ))
}

fn folders() -> Option<impl AppStrategy> {
    let names = AppStrategyArgs {
        top_level_domain: String::new(),
        author: String::new(),
        app_name: "trolley".to_owned(),
    };
    choose_app_strategy(names).ok()
}

/// The folder for what the program notes down, such as crash reports.
#[must_use]
pub fn state_folder() -> Option<PathBuf> {
    folders().map(|folders| folders.state_dir().unwrap_or_else(|| folders.data_dir()))
}

/// The settings file that is read where none is named.
pub(crate) fn usual_file() -> Option<PathBuf> {
    folders().map(|folders| folders.in_config_dir("config.toml"))
}
