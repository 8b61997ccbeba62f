//! The command line: one file per command.

mod acl;
mod add;
mod cart;
mod checkout;
mod clear;
mod complete;
mod completions;
mod config;
mod connect;
mod demo;
mod doctor;
mod engine;
mod export;
mod follow;
mod import;
mod interrupt;
mod man;
mod orders;
mod output;
mod product;
mod products;
mod remove;
mod rules;
mod set;
mod watch;

use super::tui;
use super::{crash, log};
use crate::catalog_file::{FileError, RowError};
use crate::config::{ConfigError, Flags, HEADING, ServerError, Settings};
use crate::engine::EngineError;
use crate::model::{Refusal, text};
use crate::store::{Error, Trouble};
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use output::Output;
use std::path::Path;
use std::process::ExitCode;

/// A full-screen shop with a shared, live cart. Without a command it opens the shop.
#[derive(Debug, Parser)]
#[command(
    name = "trolley",
    version,
    about,
    after_help = "Exit status: 0 done, 1 refused by the shop's rules, 2 wrong usage or a file that can't be used, 3 no connection, or the server refuses."
)]
pub struct Cli {
    #[command(flatten)]
    flags: Flags,
    /// Print JSON
    #[arg(long, global = true, help_heading = HEADING)]
    json: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Add a product to the cart
    Add(add::Add),
    /// Take a product out of the cart
    Remove(remove::Remove),
    /// Set how many of a product are in the cart
    Set(set::Set),
    /// Take everything out of the cart
    Clear(clear::Clear),
    /// Show the cart
    Cart,
    /// Print a line for each change of the cart, as it happens
    Watch,
    /// Show what would be ordered, and order it with --yes
    Checkout(checkout::Checkout),
    /// List orders, or follow them as they come
    Orders(orders::Orders),
    /// Show an order's receipt, or accept, finish or cancel it
    Order(orders::OneOrder),
    /// Show or set the rules of a shared cart: lock, deadline, budgets
    Rules(rules::Rules),
    /// List the products
    Products(products::Products),
    /// Add, change, show or delete one product
    Product(product::ProductArgs),
    /// Add and change products from a file: CSV, JSON or JSON lines
    Import(import::ImportArgs),
    /// Write all products to a file
    Export(export::ExportArgs),
    /// Load the demo catalog
    Demo,
    /// Show the settings in force and where they come from
    Config,
    /// Examine the shop's Redis, and say what to do
    Doctor,
    /// Print the server's narrowest rules for a shopper, a buyer, a clerk or an importer
    Acl(acl::Acl),
    /// Show, start or stop the private server
    Engine(engine::EngineArgs),
    /// Print the completions for a shell: source <(trolley completions bash)
    Completions(complete::Completions),
    /// Print the manual page: trolley man | man -l -
    Man,
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// Asked for by the shop's rules or the link.
    #[error(transparent)]
    Store(#[from] Error),
    /// A setting can't be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The private server can't be had.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The screen can't be had.
    #[error(transparent)]
    Screen(tui::ScreenError),
    /// A file of products can't be read.
    #[error(transparent)]
    File(FileError),
    /// A product's values are refused.
    #[error(transparent)]
    RowError(RowError),
    /// Not `FIELD=VALUE`.
    #[error("write each field as FIELD=VALUE, like price=2.40")]
    Field,
    /// A file that was named can't be opened, read or written.
    #[error("can't {act} “{file}”: {why}")]
    Path {
        /// What was to be done: `read`, `write`.
        act: &'static str,
        /// The file; clean text.
        file: String,
        /// The system's word.
        why: String,
    },
    /// Output could not be written.
    #[error("can't write the output: {0}")]
    Output(#[from] std::io::Error),
}

impl From<Refusal> for CliError {
    fn from(refusal: Refusal) -> CliError {
        CliError::Store(refusal.into())
    }
}

impl From<ServerError> for CliError {
    fn from(error: ServerError) -> CliError {
        match error {
            ServerError::Engine(error) => CliError::Engine(error),
            ServerError::Address(trouble) => trouble.into(),
        }
    }
}

impl From<tui::ScreenError> for CliError {
    fn from(error: tui::ScreenError) -> CliError {
        match error {
            tui::ScreenError::Server(error) => error.into(),
            tui::ScreenError::Access(trouble) => trouble.into(),
            other => CliError::Screen(other),
        }
    }
}

impl From<Trouble> for CliError {
    fn from(trouble: Trouble) -> CliError {
        CliError::Store(trouble.into())
    }
}

impl CliError {
    /// The failure to `act` on this file. What the error says of other paths is left out.
    fn path(act: &'static str, file: &Path, error: &std::io::Error) -> CliError {
        let inner = error.get_ref().and_then(|inner| inner.source());
        let why = inner.map_or_else(|| error.to_string(), ToString::to_string);
        CliError::Path {
            act,
            file: text::sanitize(file.as_os_str().as_encoded_bytes()),
            why,
        }
    }

    /// 1 refused by the shop's rules, 2 wrong usage, 3 no connection.
    fn exit_code(&self) -> u8 {
        match self {
            CliError::Store(Error::Refused(_))
            | CliError::Config(ConfigError::User(_))
            | CliError::RowError(_)
            | CliError::File(FileError::Utf16 | FileError::Header(_) | FileError::Broken { .. }) => {
                1
            }
            CliError::Store(Error::Trouble(Trouble::BadAddress(_)))
            | CliError::Config(_)
            | CliError::Screen(_)
            | CliError::File(FileError::Read(_))
            | CliError::Path { .. }
            | CliError::Output(_)
            | CliError::Field => 2,
            CliError::Store(_) | CliError::Engine(_) => 3,
        }
    }

    /// A short name for programs; stable.
    fn code(&self) -> &'static str {
        match self {
            CliError::Store(Error::Refused(refusal))
            | CliError::Config(ConfigError::User(refusal)) => refusal.code(),
            CliError::Store(Error::Trouble(trouble)) => trouble.code(),
            CliError::Store(Error::Unknown { .. }) => "unknown",
            CliError::Config(_) => "config",
            CliError::Engine(_) => "engine",
            CliError::Screen(_) => "screen",
            CliError::File(FileError::Read(_)) | CliError::Path { act: "read", .. } => {
                "unreadable_file"
            }
            CliError::Path { .. } => "unwritable_file",
            CliError::File(_) => "bad_file",
            CliError::RowError(_) => "bad_product",
            CliError::Field => "usage",
            CliError::Output(_) => "output",
        }
    }
}

/// Runs the program; returns its exit status.
#[must_use]
pub fn run() -> ExitCode {
    complete::answer();
    let cli = match parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let output = Output::new(cli.json);
    crash::report_to(crate::config::state_folder());
    match execute(cli, &output) {
        Ok(code) => code,
        // `| head` has seen enough.
        Err(CliError::Output(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => {
            ExitCode::SUCCESS
        }
        Err(failure) => {
            output.failure(&failure);
            ExitCode::from(failure.exit_code())
        }
    }
}

/// Reads the command line and the environment.
fn parse() -> Result<Cli, clap::Error> {
    let mut command = Cli::command();
    let matches = command.try_get_matches_from_mut(std::env::args_os())?;
    let mut cli = Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut command))?;
    cli.flags.note_sources(&matches);
    Ok(cli)
}

/// Help and version as they are; mistakes without what they quote from the command line
/// reaching the terminal as control.
fn usage(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        // Nothing can be done about a stream that is closed.
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    let said = error.render().to_string();
    let lines: Vec<String> = said
        .trim_end()
        .lines()
        .map(|line| text::sanitize(line.as_bytes()))
        .collect();
    // What could not be read as a whole may still say for whom.
    Output::new(std::env::args_os().any(|arg| arg == "--json")).usage(&lines.join("\n"));
    ExitCode::from(2)
}

fn execute(cli: Cli, output: &Output) -> Result<ExitCode, CliError> {
    match &cli.command {
        Some(Command::Engine(args)) => return engine::run(args, output),
        Some(Command::Completions(args)) => return complete::run(args).map(|()| ExitCode::SUCCESS),
        Some(Command::Man) => return man::run().map(|()| ExitCode::SUCCESS),
        _ => {}
    }
    let mut settings = Settings::load(cli.flags)?;
    settings
        .warnings
        .iter()
        .for_each(|warning| output.warn(warning));
    let file = settings
        .log
        .as_ref()
        .map(|(path, level)| (path.as_path(), *level));
    let named = file.map_or(Path::new(""), |(path, _)| path);
    log::start(file).map_err(|error| CliError::path("write", named, &error))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    if !matches!(cli.command, Some(Command::Config)) {
        runtime.block_on(connect::ask_password(&mut settings))?;
    }
    match cli.command {
        None => return Ok(tui::run(&settings)?),
        Some(Command::Add(args)) => runtime.block_on(add::run(args, &settings, output))?,
        Some(Command::Remove(args)) => runtime.block_on(remove::run(args, &settings, output))?,
        Some(Command::Cart) => runtime.block_on(cart::run(&settings, output))?,
        Some(Command::Checkout(args)) => {
            return runtime.block_on(checkout::run(args, &settings, output));
        }
        Some(Command::Orders(args)) => runtime.block_on(orders::run(args, &settings, output))?,
        Some(Command::Order(args)) => runtime.block_on(orders::one(args, &settings, output))?,
        Some(Command::Rules(args)) => runtime.block_on(rules::run(args, &settings, output))?,
        Some(Command::Products(args)) => {
            runtime.block_on(products::run(&args, &settings, output))?
        }
        Some(Command::Demo) => runtime.block_on(demo::run(&settings, output))?,
        Some(Command::Acl(args)) => runtime.block_on(acl::run(&args, &settings, output))?,
        Some(Command::Doctor) => return runtime.block_on(doctor::run(&settings, output)),
        Some(Command::Config) => config::run(&settings, output)?,
        Some(Command::Set(args)) => runtime.block_on(set::run(args, &settings, output))?,
        Some(Command::Clear(args)) => runtime.block_on(clear::run(args, &settings, output))?,
        Some(Command::Watch) => runtime.block_on(watch::run(&settings, output))?,
        Some(Command::Product(args)) => runtime.block_on(product::run(args, &settings, output))?,
        Some(Command::Import(args)) => {
            return runtime.block_on(import::run(args, &settings, output));
        }
        Some(Command::Export(args)) => runtime.block_on(export::run(args, &settings, output))?,
        Some(Command::Engine(_) | Command::Completions(_) | Command::Man) => {}
    }
    Ok(ExitCode::SUCCESS)
}
