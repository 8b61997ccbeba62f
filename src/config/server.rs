//! The server that holds the shop: a Redis somewhere, or this user's private one.

use super::{ConfigError, invalid, paths};
use crate::engine::{Engine, EngineError};
use crate::store::{Address, Trouble};
use std::fmt;

/// The server that holds the shop.
#[derive(Debug, Clone)]
pub enum Server {
    /// The Redis at this address.
    External(Box<Address>),
    /// The private server.
    Private(Engine),
}

/// An error that keeps us from the shop's server.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The private server fails.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The address can't be used.
    #[error(transparent)]
    Address(#[from] Trouble),
}

impl Server {
    /// Returns the address of the shop; starts the private server where that is the shop's.
    ///
    /// # Errors
    /// A [`ServerError`] where the private server does not start.
    pub fn open(&self) -> Result<Address, ServerError> {
        match self {
            Server::External(address) => Ok(Address::clone(address)),
            Server::Private(engine) => Ok(Address::socket(&engine.ensure()?)?),
        }
    }

    /// The address of a server that is not the private one.
    #[must_use]
    pub fn external(&self) -> Option<&Address> {
        match self {
            Server::External(address) => Some(address),
            Server::Private(_) => None,
        }
    }

    /// The private server, where that holds the shop.
    #[must_use]
    pub(crate) fn private(&self) -> Option<&Engine> {
        match self {
            Server::External(_) => None,
            Server::Private(engine) => Some(engine),
        }
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Server::External(address) => address.fmt(f),
            Server::Private(engine) => {
                let socket = engine.socket();
                write!(f, "private server of your login, on {}", socket.display())
            }
        }
    }
}

/// The private server in this user's folders.
///
/// # Errors
/// [`ConfigError::Value`] where the system names no home folder.
pub(crate) fn private_engine() -> Result<Engine, ConfigError> {
    let folders =
        paths::engine_folders().ok_or_else(|| invalid("HOME", "your home folder is unknown"))?;

    Ok(Engine::new(folders.runtime, folders.state, folders.data))
}
