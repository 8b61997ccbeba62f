//! The commands of visitors, who come by SSH: `ssh HOST cart --json`.
//!
//! They are the commands of this program, with a parser of their own: it knows no files, no other
//! server, no other name, and only the carts that the visitor is granted.

use super::error::CliError;
use super::order::OrderSide;
use super::output::Output;
use super::streams::Streams;
use super::{
    add, again, args, cart, checkout, clear, connect, note, order, orders, products, ready, remove,
    report, rules, set, split, watch,
};
use crate::config::Settings;
use crate::model::{OrderId, Refusal, text};
use crate::serve::exec::{Call, Caller, Task, Work};
use crate::serve::identity::Role;
use crate::serve::printer::Printer;
use crate::serve::received::Received;
use crate::store::{self, Error};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Parser, Subcommand};
use futures::future::BoxFuture;
use std::io::{Cursor, Read, Write};
use std::sync::Arc;

/// The commands of this shop; without one, it opens on your terminal.
#[derive(Debug, Parser)]
#[command(
    name = "ssh HOST",
    bin_name = "ssh HOST",
    no_binary_name = true,
    term_width = 80,
    after_help = "Quote a name that has spaces twice: ssh HOST add \"'Flat white'\"\nExit status: 0 done, 1 refused by the shop's rules, 2 wrong usage, 3 the shop's server fails."
)]
struct VisitorCli {
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
    /// Use this one of your carts
    #[arg(long, global = true, value_name = "NAME")]
    cart: Option<String>,
    #[command(subcommand)]
    command: VisitorCommand,
}

#[derive(Debug, Subcommand)]
enum VisitorCommand {
    #[command(flatten)]
    Once(OnceCommand),
    /// Print a line for each change of the cart, as it happens
    Watch,
}

/// The commands that come to their end by themselves.
#[derive(Debug, Subcommand, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
enum OnceCommand {
    /// Add products to the cart
    Add(add::AddArgs),
    /// Take a product out of the cart
    Remove(remove::RemoveArgs),
    /// Set how many of a product are in the cart
    Set(set::SetArgs),
    /// Take everything out of the cart
    Clear(clear::ClearArgs),
    /// Show the cart
    Cart,
    /// Note something on a product in the cart, or for the whole order
    Note(note::NoteArgs),
    /// Say that you are ready: your next change takes that back
    Ready(ready::ReadyArgs),
    /// Show what would be ordered; --yes places the order
    Checkout(checkout::CheckoutArgs),
    /// List orders
    Orders(orders::OrderListArgs),
    /// Show an order's receipt, cancel it, or, as a clerk, accept or finish it
    Order(order::OrderArgs),
    /// Show which lines of an order can be ordered today; --yes puts them into the cart
    Again(again::AgainArgs),
    /// Show who owes what of an order, and mark who has settled
    Split(split::SplitArgs),
    /// Show or set the rules of a shared cart: lock, deadline, budgets, who is expected
    Rules(rules::RulesArgs),
    /// List the products
    Products(products::ProductsArgs),
}

impl VisitorCommand {
    fn name(&self) -> &'static str {
        match self {
            VisitorCommand::Once(command) => command.into(),
            VisitorCommand::Watch => "watch",
        }
    }

    /// Tells whether it reads what the client sends.
    fn reads_input(&self) -> bool {
        matches!(self, VisitorCommand::Once(OnceCommand::Add(args)) if args.reads_input())
    }
}

/// The streams of a visitor's command.
struct VisitorStreams {
    printer: Arc<Printer>,
    received: Arc<Received>,
}

impl Streams for VisitorStreams {
    fn stdout(&self) -> Box<dyn Write + '_> {
        Box::new(self.printer.stdout())
    }

    fn stderr(&self) -> Box<dyn Write + '_> {
        Box::new(self.printer.stderr())
    }

    fn stdin(&self) -> Box<dyn Read + '_> {
        Box::new(Cursor::new(self.received.take()))
    }

    fn is_terminal(&self) -> bool {
        self.printer.is_terminal()
    }

    fn wait_until_sent(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.printer.wait_until_sent())
    }
}

/// Reads a visitor's command.
pub(super) fn prepare(call: Call) -> Task {
    let Call {
        words,
        caller,
        printer,
        received,
    } = call;
    let streams = Arc::new(VisitorStreams { printer, received });

    match VisitorCli::try_parse_from(&words) {
        Ok(cli) => {
            let output = Output::new(cli.json, streams);
            let name = cli.command.name();
            let reads = cli.command.reads_input();
            let work = match cli.command {
                VisitorCommand::Watch => Work::Watch(Box::pin(watch(cli.cart, caller, output))),
                VisitorCommand::Once(command) => Work::Once(Box::new(move || {
                    Box::pin(run(command, cli.cart, caller, output))
                })),
            };
            Task {
                name: Some(name),
                reads,
                work,
            }
        }
        Err(error) => Task {
            name: None,
            reads: false,
            work: Work::Told(tell_usage(&error, &words, streams)),
        },
    }
}

/// Prints help, or a mistake in the command; returns the exit status.
fn tell_usage(error: &clap::Error, words: &[String], streams: Arc<VisitorStreams>) -> u8 {
    let text = error.render().to_string();
    if !error.use_stderr() {
        // Nobody is told where nobody reads.
        let _ = streams.stdout().write_all(text.as_bytes());
        return 0;
    }

    let json = words.iter().any(|word| word == "--json");
    let output = Output::new(json, streams);
    match (error.kind(), error.get(ContextKind::InvalidSubcommand)) {
        (ErrorKind::InvalidSubcommand, Some(ContextValue::String(word))) => {
            let word = text::sanitize_to(word.as_bytes(), 40);
            output.usage(&format!(
                "trolley: there is no command “{word}” here; help lists those that there are"
            ));
        }
        _ => output.usage(&text),
    }
    2
}

/// Watches a cart; returns the exit status.
async fn watch(cart: Option<String>, caller: Caller, output: Output) -> u8 {
    let settings = match settings(cart, &caller) {
        Ok(settings) => settings,
        Err(failure) => return report(&failure, &output),
    };

    let hub = caller.hub();
    // Who watches so is not shown among those who shop.
    let link = hub.join(&settings.user, settings.policy.clone(), None);
    match watch::follow(hub.address.clone(), link.into_live(), &settings, &output).await {
        Ok(()) => 0,
        Err(failure) => report(&connect::explained(failure, &settings, None).await, &output),
    }
}

/// Runs a command to its end; returns its exit status.
async fn run(command: OnceCommand, cart: Option<String>, caller: Caller, output: Output) -> u8 {
    let settings = match settings(cart, &caller) {
        Ok(settings) => settings,
        Err(failure) => return report(&failure, &output),
    };

    match run_on_cart(command, &caller, &settings, &output).await {
        Ok(status) => status,
        Err(failure) => report(&connect::explained(failure, &settings, None).await, &output),
    }
}

/// The settings for a command on this cart, or on the usual one.
fn settings(cart: Option<String>, caller: &Caller) -> Result<Settings, CliError> {
    caller.settings(cart.as_deref()).ok_or_else(|| {
        let cart = text::sanitize_to(cart.unwrap_or_default().as_bytes(), 40);
        CliError::Forbidden(format!("there is no cart “{cart}” for you here"))
    })
}

async fn run_on_cart(
    command: OnceCommand,
    caller: &Caller,
    settings: &Settings,
    output: &Output,
) -> Result<u8, CliError> {
    match command {
        OnceCommand::Add(args) => add::run(&args, settings, output).await?,
        OnceCommand::Remove(args) => remove::run(&args, settings, output).await?,
        OnceCommand::Set(args) => set::run(&args, settings, output).await?,
        OnceCommand::Clear(args) => clear::run(&args, settings, output).await?,
        OnceCommand::Cart => cart::run(settings, output).await?,
        OnceCommand::Note(args) => note::run(&args, settings, output).await?,
        OnceCommand::Ready(args) => ready::run(&args, settings, output).await?,
        OnceCommand::Rules(args) => rules::run(&args, settings, output).await?,
        OnceCommand::Products(args) => products::run(&args, settings, output).await?,

        OnceCommand::Checkout(args) => {
            if args.yes && caller.role() == Role::Shopper {
                return Err(forbidden("you may fill this cart, not order it"));
            }
            if let Some(id) = args.order_id()?
                && is_of_others(&id, caller, settings).await?
            {
                return Err(Refusal::UnknownOrder(id.to_string()).into());
            }
            return checkout::run(&args, settings, output).await;
        }
        OnceCommand::Orders(args) => {
            if args.all && !caller.has_every_cart() {
                return Err(forbidden("only a clerk of all carts may list all orders"));
            }
            orders::list(&args, caller.has_every_cart(), settings, output).await?;
        }
        OnceCommand::Split(mut args) => {
            find_own(args.order_mut(), caller, settings).await?;
            split::run(&args, settings, output).await?;
        }
        OnceCommand::Order(mut args) => {
            let side = match caller.role() {
                Role::Clerk => OrderSide::Shop,
                Role::Buyer | Role::Shopper => OrderSide::Buyer,
            };
            let is_allowed = match caller.role() {
                Role::Clerk => true,
                Role::Buyer => args.cancels(),
                Role::Shopper => false,
            };
            if args.moves_order() && !is_allowed {
                return Err(forbidden(
                    "only a clerk may accept and finish orders, and whoever ordered cancel them",
                ));
            }
            find_own(args.order_mut(), caller, settings).await?;
            order::run(&args, side, settings, output).await?;
        }
        OnceCommand::Again(mut args) => {
            find_own(args.order_mut(), caller, settings).await?;
            return again::run(&args, settings, output).await;
        }
    }
    Ok(0)
}

fn forbidden(why: &str) -> CliError {
    CliError::Forbidden(why.to_owned())
}

/// Finds the order that is meant, and names it by its whole id. There is none that the visitor may
/// not see.
async fn find_own(
    typed: &mut String,
    caller: &Caller,
    settings: &Settings,
) -> Result<(), CliError> {
    let meant = args::order_ref(typed)?;
    let mut connection = connect::open_shop(settings).await?;
    let cart = (!caller.has_every_cart()).then_some(&settings.user);
    let id = store::order::find_order(&mut connection, cart, &meant).await?;
    if is_of_others(&id, caller, settings).await? {
        return Err(Refusal::UnknownOrder(id.to_string()).into());
    }
    *typed = id.to_string();
    Ok(())
}

/// Tells whether there is such an order, and it is one of a cart that the visitor is not granted.
async fn is_of_others(
    id: &OrderId,
    caller: &Caller,
    settings: &Settings,
) -> Result<bool, CliError> {
    let mut connection = connect::open_shop(settings).await?;
    match store::order::get_order(&mut connection, id).await {
        Ok(order) => Ok(!caller.may_use(&order.user)),
        Err(Error::Refused(_)) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;
    use proptest::prelude::*;

    fn parse(line: &str) -> Result<VisitorCli, clap::Error> {
        VisitorCli::try_parse_from(line.split(' '))
    }

    #[test]
    fn the_commands_are_well_formed() {
        VisitorCli::command().debug_assert();
    }

    #[test]
    fn a_visitor_names_no_file_no_server_and_nobody_else() {
        for line in [
            "cart --redis redis://localhost",
            "cart --user ann",
            "cart --name ann",
            "cart --log /tmp/log",
            "cart --config /tmp/file",
            "cart --password-file /etc/passwd",
            "products --theme dark",
            "orders --follow",
            "import x.csv",
            "export x.csv",
            "product espresso",
            "demo",
            "config",
            "doctor",
            "engine stop",
            "acl clerk",
            "serve",
            "completions bash",
            "guide",
            "man",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
        // No variable of the server's environment is read, either.
        let mut commands = vec![VisitorCli::command()];
        while let Some(command) = commands.pop() {
            assert!(command.get_arguments().all(|arg| arg.get_env().is_none()));
            commands.extend(command.get_subcommands().cloned());
        }
    }

    #[test]
    fn options_stand_on_either_side_of_a_command() {
        for line in [
            "--json --cart office add espresso 2",
            "add espresso 2 --cart office --json",
        ] {
            let cli = parse(line).unwrap();
            assert!(cli.json && cli.cart.as_deref() == Some("office"), "{line}");
            assert_eq!(cli.command.name(), "add");
        }
    }

    fn word() -> impl Strategy<Value = String> {
        let known: Vec<String> = "add remove set clear cart watch checkout orders order again split rules ready note \
            products help --json --cart --yes --all --most --lock --deadline --op-id --help -h -- = \
            - 0 -1 999999999999999999999 espresso"
            .split_whitespace()
            .map(str::to_owned)
            .collect();
        prop_oneof![proptest::sample::select(known), ".{0,12}"]
    }

    proptest! {
        #[test]
        fn no_words_break_the_parser(words in proptest::collection::vec(word(), 0..8)) {
            if let Err(error) = VisitorCli::try_parse_from(&words) {
                prop_assert!(!error.render().to_string().is_empty());
            }
        }
    }
}
