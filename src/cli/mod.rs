//! The command line: one file per command.

mod acl;
mod add;
mod cart;
mod config;
mod demo;
mod doctor;
mod engine;
mod output;
mod place;
mod products;
mod remove;

use crate::config::{ConfigError, Flags, PlaceError, Settings};
use crate::engine::EngineError;
use crate::model::{Refusal, text};
use crate::store::{Error, Trouble};
use crate::tui;
use crate::{crash, log};
use clap::{Parser, Subcommand};
use output::Output;
use std::process::ExitCode;

/// A full-screen shop with a shared, live cart. Without a command it opens the shop.
#[derive(Debug, Parser)]
#[command(
    name = "trolley",
    version,
    about,
    after_help = "Exit status: 0 done, 1 refused by the shop's rules, 2 wrong usage, 3 no connection."
)]
pub struct Cli {
    #[command(flatten)]
    flags: Flags,
    /// Print JSON
    #[arg(long, global = true)]
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
    /// Show the cart
    Cart,
    /// List the products
    Products(products::Products),
    /// Load the demo catalog
    Demo,
    /// Show the settings in force and where they come from
    Config,
    /// Examine the shop's Redis, and say what to do
    Doctor,
    /// Print the server's narrowest rules for a shopper, a clerk or an importer
    Acl(acl::Acl),
    /// Show, start or stop the private server
    Engine(engine::EngineArgs),
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
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
    /// Output could not be written.
    #[error("can't write: {0}")]
    Output(#[from] std::io::Error),
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Failure {
        Failure::Store(refusal.into())
    }
}

impl From<PlaceError> for Failure {
    fn from(error: PlaceError) -> Failure {
        match error {
            PlaceError::Engine(error) => Failure::Engine(error),
            PlaceError::Address(trouble) => trouble.into(),
        }
    }
}

impl From<tui::ScreenError> for Failure {
    fn from(error: tui::ScreenError) -> Failure {
        match error {
            tui::ScreenError::Place(error) => error.into(),
            other => Failure::Screen(other),
        }
    }
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Failure {
        Failure::Store(trouble.into())
    }
}

impl Failure {
    /// 1 refused by the shop's rules, 2 wrong usage, 3 no connection.
    fn exit_code(&self) -> u8 {
        match self {
            Failure::Store(Error::Refused(_)) | Failure::Config(ConfigError::User(_)) => 1,
            Failure::Store(Error::Trouble(Trouble::BadAddress(_)))
            | Failure::Config(_)
            | Failure::Screen(_) => 2,
            Failure::Store(_) | Failure::Engine(_) | Failure::Output(_) => 3,
        }
    }

    /// A short name for programs; stable.
    fn code(&self) -> &'static str {
        match self {
            Failure::Store(Error::Refused(refusal)) | Failure::Config(ConfigError::User(refusal)) => {
                refusal.code()
            }
            Failure::Store(Error::Trouble(trouble)) => trouble.code(),
            Failure::Store(Error::Unknown { .. }) => "unknown",
            Failure::Config(_) => "config",
            Failure::Engine(_) => "engine",
            Failure::Screen(_) => "screen",
            Failure::Output(_) => "output",
        }
    }
}

/// Runs the program; returns its exit status.
#[must_use]
pub fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let output = Output::new(cli.json);
    crash::report_to(crate::config::state_folder());
    match execute(cli, &output) {
        Ok(code) => code,
        // `| head` has seen enough.
        Err(Failure::Output(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(failure) => {
            output.failure(&failure);
            ExitCode::from(failure.exit_code())
        }
    }
}

fn no_log(error: std::io::Error) -> Failure {
    Failure::Config(ConfigError::Value { setting: "log", why: error.to_string() })
}

/// Help and version as they are; mistakes without what they quote from the command line
/// reaching the terminal as control.
fn usage(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        // Nothing can be done about a stream that is closed.
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    for line in error.render().to_string().lines() {
        eprintln!("{}", text::clean(line.as_bytes()));
    }
    ExitCode::from(2)
}

fn execute(cli: Cli, output: &Output) -> Result<ExitCode, Failure> {
    if let Some(Command::Engine(args)) = &cli.command {
        return engine::run(args, output);
    }
    let mut settings = Settings::load(cli.flags)?;
    settings.warnings.iter().for_each(|warning| output.warn(warning));
    log::start(settings.log.as_ref().map(|(path, level)| (path.as_path(), *level))).map_err(no_log)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    if !matches!(cli.command, Some(Command::Config)) {
        runtime.block_on(place::unlock(&mut settings))?;
    }
    match cli.command {
        None => return Ok(tui::run(&settings)?),
        Some(Command::Add(args)) => runtime.block_on(add::run(args, &settings, output))?,
        Some(Command::Remove(args)) => runtime.block_on(remove::run(args, &settings, output))?,
        Some(Command::Cart) => runtime.block_on(cart::run(&settings, output))?,
        Some(Command::Products(args)) => runtime.block_on(products::run(&args, &settings, output))?,
        Some(Command::Demo) => runtime.block_on(demo::run(&settings, output))?,
        Some(Command::Acl(args)) => runtime.block_on(acl::run(&args, &settings, output))?,
        Some(Command::Doctor) => return runtime.block_on(doctor::run(&settings, output)),
        Some(Command::Config) => config::run(&settings, output)?,
        Some(Command::Engine(_)) => {}
    }
    Ok(ExitCode::SUCCESS)
}
