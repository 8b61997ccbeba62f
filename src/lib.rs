#![doc = include_str!("README.md")]

pub mod catalog_file;
pub mod cli;
pub mod config;
pub mod crash;
pub mod engine;
pub mod log;
pub mod model;
mod order_command;
pub(crate) mod order_file;
#[cfg(feature = "serve")]
pub(crate) mod serve;
pub mod store;
pub mod tui;
