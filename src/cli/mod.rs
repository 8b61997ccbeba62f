//! The command line: one file per command.
//!
//! Beside the commands stand the files that they share: `args`, `connect` and `password` for the way
//! to the shop, `lookup` for the product or order that somebody means, `error`, `output` with
//! `cart_output`, `order_output` and `product_output`, `streams` for stdin and stdout, `markdown` for
//! the guide and the man pages, and `stop` for the signals that end a command. `complete` answers
//! shells, whose scripts `completions` prints. `visitor` has the commands that people may send by SSH.

mod acl;
mod add;
mod again;
mod args;
mod board;
mod cart;
mod cart_output;
mod checkout;
mod clear;
mod complete;
mod completions;
mod config;
mod connect;
mod demo;
mod doctor;
mod engine;
mod error;
mod export;
mod guide;
mod import;
#[cfg(feature = "serve")]
mod invite;
#[cfg(feature = "serve")]
mod keys;
mod lookup;
mod man;
mod markdown;
mod note;
mod order;
mod order_output;
mod orders;
mod output;
mod password;
mod product;
mod product_output;
mod products;
mod ready;
mod remove;
mod rules;
#[cfg(feature = "serve")]
mod serve;
mod set;
mod shop;
mod split;
mod stop;
mod streams;
mod take;
mod today;
#[cfg(feature = "serve")]
mod visitor;
mod watch;

use crate::config::{Flags, HEADING, Server, Settings, name_variable, state_folder};
use crate::log::Console;
use crate::tui::{Showing, local_runtime};
use crate::{crash, log, tui};
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use error::{CliError, FileAccess, usage_error};
use jiff::Timestamp;
use order::OrderSide;
use output::Output;
use std::io;
use std::num::NonZero;
use std::path::Path;
use std::process::ExitCode;

/// A full-screen shop with a shared, live cart. Without a command it opens the shop.
#[derive(Debug, Parser)]
#[command(
    name = "trolley",
    version,
    about,
    after_help = "Exit status: 0 done, 1 refused by the shop, 2 wrong usage or a file that can't be used, 3 no connection, or the server refuses."
)]
struct Cli {
    #[command(flatten)]
    flags: Flags,
    /// Print JSON
    #[arg(long, global = true, help_heading = HEADING)]
    json: bool,
    /// Open the products in place of the shop, to change them
    #[arg(long)]
    clerk: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    #[command(flatten)]
    Shop(ShopCommand),
    /// Show the open orders on a screen, live, for those who make them
    Board(board::BoardArgs),
    #[command(flatten)]
    Local(LocalCommand),
}

/// The commands that need the settings, and most of them a connection to the shop.
#[derive(Debug, Subcommand)]
enum ShopCommand {
    /// Add products to the cart
    Add(add::AddArgs),
    /// Take a product out of the cart
    Remove(remove::RemoveArgs),
    /// Set how many of a product are in the cart
    Set(set::SetArgs),
    /// Take everything out of the cart
    Clear(clear::ClearArgs),
    /// Bring the lines of another cart into this one, as they are
    Take(take::TakeArgs),
    /// Show the cart
    Cart,
    /// Note something on a product in the cart, or for the whole order
    Note(note::NoteArgs),
    /// Say that you are ready: your next change takes that back
    Ready(ready::ReadyArgs),
    /// Print a line for each change of the cart, as it happens
    Watch,
    /// Show what would be ordered; --yes places the order
    Checkout(checkout::CheckoutArgs),
    /// List the cart's orders, or follow all orders as they come
    Orders(Box<orders::OrdersArgs>),
    /// Show what the shop has sold today, or at another time
    Today(today::TodayArgs),
    /// Show an order's receipt, or accept, finish or cancel it
    Order(order::OrderArgs),
    /// Show which lines of an order can be ordered today; --yes puts them into the cart
    Again(again::AgainArgs),
    /// Show who owes what of an order, and mark who has settled
    Split(split::SplitArgs),
    /// Show or set the rules of a shared cart: lock, deadline, budgets, who is expected
    Rules(rules::RulesArgs),
    /// List the products
    Products(products::ProductsArgs),
    /// Add, change, show or delete one product
    Product(product::ProductArgs),
    /// Add and change products from a file: CSV, JSON or JSON lines
    Import(import::ImportArgs),
    /// Write all products to a file
    Export(export::ExportArgs),
    /// Show or set the shop's name and currency
    Shop(shop::ShopArgs),
    /// Load the demo catalog, or a week of made-up orders
    Demo(demo::DemoArgs),
    /// Show the settings in force and where they come from
    Config,
    /// Examine the shop's Redis, and say what to do
    Doctor,
    /// Let people in by SSH: each gets this shop on their terminal, with nothing installed
    #[cfg(feature = "serve")]
    Serve(Box<serve::ServeArgs>),
    /// Make an invitation for somebody to come in by SSH, whatever their key is
    #[cfg(feature = "serve")]
    Invite(invite::InviteArgs),
    /// List the keys that came by an invitation, and the open invitations, or remove one
    #[cfg(feature = "serve")]
    Keys(keys::KeysArgs),
    /// Print the Redis rules that give a role its rights and no more: shopper, buyer, clerk and others
    Acl(acl::AclArgs),
}

/// The commands that work without settings.
#[derive(Debug, Subcommand)]
enum LocalCommand {
    /// Show, start or stop the private server
    Engine(engine::EngineArgs),
    /// Print the completions for a shell: source <(trolley completions bash)
    Completions(completions::CompletionsArgs),
    /// Read the guide: keys, sharing, ordering, scripts, servers and more
    Guide(guide::GuideArgs),
    /// Print the manual page: trolley man | man -l -
    Man,
}

impl ShopCommand {
    /// Tells whether this command serves many people.
    #[cfg(feature = "serve")]
    fn serves_many(&self) -> bool {
        matches!(self, ShopCommand::Serve(args) if args.serves())
    }

    /// Without the server, no command does.
    #[cfg(not(feature = "serve"))]
    fn serves_many(&self) -> bool {
        false
    }

    /// The events that are written to stderr.
    fn console(&self) -> Console {
        if self.serves_many() {
            Console::Visits
        } else {
            Console::Silent
        }
    }

    /// The runtime for this command. A server gets a thread for each processor and one more, so
    /// that a key is answered while others draw.
    fn runtime(&self) -> io::Result<tokio::runtime::Runtime> {
        if !self.serves_many() {
            return local_runtime();
        }
        let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(processors + 1)
            .enable_all()
            .build()
    }
}

/// Runs the program; returns its exit status.
#[must_use]
pub fn run() -> ExitCode {
    if let Some(code) = complete::answer(Cli::command) {
        return code;
    }
    let cli = match parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };

    crash::report_to(state_folder());
    let output = Output::standard(cli.json);
    let result = execute(cli, &output);
    log::finish();
    match result {
        Ok(code) => code,
        Err(failure) => ExitCode::from(report(&failure, &output)),
    }
}

/// Prints why a command failed; returns its exit status.
fn report(failure: &CliError, output: &Output) -> u8 {
    match failure {
        // `| head` has seen enough.
        CliError::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => 0,
        failure => {
            output.failure(failure);
            failure.exit_code()
        }
    }
}

/// Reads the command line and the environment.
fn parse() -> Result<Cli, clap::Error> {
    let mut command = Cli::command();
    let matches = command.try_get_matches_from_mut(std::env::args_os());
    let matches = matches.map_err(|mut error| {
        name_variable(&mut error, &command);
        error
    })?;
    let mut cli = Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut command))?;
    cli.flags.note_sources(&matches);
    Ok(cli)
}

/// Prints help and version, or a mistake in the command line.
fn usage(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        // Nothing can be done about a stream that is closed.
        let _ = error.print();
        return ExitCode::SUCCESS;
    }

    // A line that can't be read as a whole may still say for whom it is.
    let json = std::env::args_os().any(|arg| arg == "--json");
    Output::standard(json).usage(&error.render().to_string());
    ExitCode::from(2)
}

fn execute(cli: Cli, output: &Output) -> Result<ExitCode, CliError> {
    match cli.command {
        Some(_) if cli.clerk => Err(usage_error("--clerk", "it opens a screen, and no command")),
        None if cli.clerk => {
            let settings = load_settings(cli.flags, Console::Silent, output)?;
            board::open_products(&with_password(settings)?)
        }
        Some(Command::Local(command)) => run_local(&command, output),
        // Screens have a runtime of their own.
        Some(Command::Board(args)) => {
            let settings = load_settings(cli.flags, Console::Silent, output)?;
            match Showing::of(&settings) {
                Some(Showing::Plain) => {
                    let orders = ShopCommand::Orders(Box::new(args.into_list()));
                    run_command(orders, settings, output)
                }
                Some(Showing::Screen) | None => board::run(&args, &with_password(settings)?),
            }
        }
        Some(Command::Shop(ShopCommand::Today(args))) if args.is_for_people(output) => {
            let settings = load_settings(cli.flags, Console::Silent, output)?;
            match Showing::of(&settings) {
                Some(Showing::Screen) => today::open(&args, &with_password(settings)?),
                Some(Showing::Plain) | None => {
                    run_command(ShopCommand::Today(args), settings, output)
                }
            }
        }
        Some(Command::Shop(command)) => {
            let settings = load_settings(cli.flags, command.console(), output)?;
            run_command(command, settings, output)
        }

        // The shop on the screen.
        None => {
            let settings = load_settings(cli.flags, Console::Silent, output)?;
            Ok(tui::run(&with_password(settings)?)?)
        }
    }
}

/// Runs a command that prints.
fn run_command(
    command: ShopCommand,
    mut settings: Settings,
    output: &Output,
) -> Result<ExitCode, CliError> {
    let runtime = command.runtime()?;
    if !matches!(command, ShopCommand::Config) {
        runtime.block_on(password::ask_password(&mut settings))?;
    }

    let result = runtime.block_on(run_in_shop(command, &settings, output));
    if let Err(failure) = &result {
        explain_lost_server(failure, &settings, output);
    }
    result.map_err(|failure| {
        let server = settings.server.external();
        runtime.block_on(connect::explained(failure, &settings, server))
    })
}

/// The settings for a screen, with the password that is asked for.
fn with_password(mut settings: Settings) -> Result<Settings, CliError> {
    local_runtime()?.block_on(password::ask_password(&mut settings))?;
    Ok(settings)
}

/// Says why the private server has gone, where that is why a command failed.
fn explain_lost_server(failure: &CliError, settings: &Settings, output: &Output) {
    if let Server::Private(engine) = &settings.server
        && failure.is_lost_connection()
        && let Some(reason) = engine.why_gone()
    {
        output.warn(&reason.to_string());
    }
}

/// Loads the settings, prints warnings about them and begins the log.
fn load_settings(flags: Flags, console: Console, output: &Output) -> Result<Settings, CliError> {
    let settings = Settings::load(flags)?;
    for warning in &settings.warnings {
        output.warn(warning);
    }

    let file = settings.log.as_ref();
    let file = file.map(|(path, level)| (path.as_path(), *level));
    log::start(file, console).map_err(|error| {
        let path = file.map_or(Path::new(""), |(path, _)| path);
        CliError::path(FileAccess::Write, path, &error)
    })?;
    Ok(settings)
}

fn run_local(command: &LocalCommand, output: &Output) -> Result<ExitCode, CliError> {
    match command {
        LocalCommand::Engine(args) => return engine::run(args, output),
        LocalCommand::Completions(args) => completions::run(args)?,
        LocalCommand::Guide(args) => guide::run(args, output)?,
        LocalCommand::Man => man::run()?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn run_in_shop(
    command: ShopCommand,
    settings: &Settings,
    output: &Output,
) -> Result<ExitCode, CliError> {
    match command {
        // These end with a status of their own.
        ShopCommand::Checkout(args) => {
            let status = checkout::run(&args, settings, output).await?;
            return Ok(ExitCode::from(status));
        }
        ShopCommand::Again(args) => {
            let status = again::run(&args, settings, output).await?;
            return Ok(ExitCode::from(status));
        }
        ShopCommand::Import(args) => return import::run(&args, settings, output).await,
        ShopCommand::Doctor => return doctor::run(settings, output).await,

        ShopCommand::Add(args) => add::run(&args, settings, output).await?,
        ShopCommand::Remove(args) => remove::run(&args, settings, output).await?,
        ShopCommand::Set(args) => set::run(&args, settings, output).await?,
        ShopCommand::Clear(args) => clear::run(&args, settings, output).await?,
        ShopCommand::Take(args) => take::run(&args, settings, output).await?,
        ShopCommand::Cart => cart::run(settings, output).await?,
        ShopCommand::Note(args) => note::run(&args, settings, output).await?,
        ShopCommand::Ready(args) => ready::run(&args, settings, output).await?,
        ShopCommand::Watch => watch::run(settings, output).await?,
        ShopCommand::Orders(args) => orders::run(*args, settings, output).await?,
        ShopCommand::Today(args) => today::run(&args, settings, output).await?,
        ShopCommand::Order(args) => order::run(&args, OrderSide::Shop, settings, output).await?,
        ShopCommand::Split(args) => split::run(&args, settings, output).await?,
        ShopCommand::Rules(args) => rules::run(&args, settings, output).await?,
        ShopCommand::Products(args) => products::run(&args, settings, output).await?,
        ShopCommand::Product(args) => product::run(&args, settings, output).await?,
        ShopCommand::Export(args) => export::run(&args, settings, output).await?,
        ShopCommand::Shop(args) => shop::run(&args, settings, output).await?,
        ShopCommand::Demo(args) => demo::run(&args, settings, output).await?,
        ShopCommand::Config => config::run(settings, output)?,
        ShopCommand::Acl(args) => acl::run(&args, settings, output).await?,
        #[cfg(feature = "serve")]
        ShopCommand::Serve(args) => serve::run(&args, settings, output).await?,
        #[cfg(feature = "serve")]
        ShopCommand::Invite(args) => invite::run(&args, settings, output).await?,
        #[cfg(feature = "serve")]
        ShopCommand::Keys(args) => keys::run(&args, settings, output).await?,
    }
    Ok(ExitCode::SUCCESS)
}

/// This computer's clock, in Unix milliseconds.
fn now() -> u64 {
    u64::try_from(Timestamp::now().as_millisecond()).unwrap_or(0)
}
