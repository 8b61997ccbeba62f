//! `trolley completions SHELL`, and what the shell asks for while somebody types.

use super::{Cli, CliError};
use crate::catalog_file::COLUMNS;
use crate::cli::completions::SHELLS;
use crate::config::{Flags, Server, Settings};
use crate::model::{ProductId, UserName};
use crate::store;
use crate::store::{Address, Connection};
use clap::{Args, CommandFactory, ValueEnum};
use clap_complete::{CompleteEnv, CompletionCandidate};
use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::time::Duration;

/// The variable by which the shell asks.
const ASKS: &str = "TROLLEY_COMPLETE";
/// The most ids that are offered.
const MOST: usize = 200;
/// How long the shop may take to tell them.
const PATIENCE: Duration = Duration::from_millis(500);

/// For which shell.
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell
    shell: Shell,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
}

/// Prints the script that makes a shell ask us.
pub fn run(args: &Completions) -> Result<(), CliError> {
    let name = match args.shell {
        Shell::Bash => "bash",
        Shell::Zsh => "zsh",
        Shell::Fish => "fish",
    };
    let program = std::env::args()
        .next()
        .unwrap_or_else(|| "trolley".to_owned());
    let mut script = Vec::new();
    if let Some(shell) = SHELLS.completer(name) {
        shell.write_registration(ASKS, "trolley", "trolley", &program, &mut script)?;
    }
    io::stdout().write_all(&script)?;
    Ok(())
}

/// Answers the shell and ends the program, where it is the shell that asks.
pub fn answer() {
    CompleteEnv::with_factory(Cli::command)
        .var(ASKS)
        .shells(SHELLS)
        .complete();
}

/// Ids of products that begin with what is typed.
pub fn ids(typed: &OsStr) -> Vec<CompletionCandidate> {
    offer(typed, async |connection, _, prefix| {
        store::ids_from(connection, prefix, MOST).await.ok()
    })
}

/// The same of those that are in the cart.
pub fn lines(typed: &OsStr) -> Vec<CompletionCandidate> {
    offer(typed, async |connection, user, prefix| {
        let cart = store::get_cart_items(connection, user).await.ok()?;
        let ids = cart.lines.into_iter().map(|line| line.product);
        Some(
            ids.filter(|id| id.as_bytes().starts_with(prefix.as_bytes()))
                .take(MOST)
                .collect(),
        )
    })
}

/// What the shop finds, where it runs; nobody wants a server started by the Tab key.
fn offer(
    typed: &OsStr,
    find: impl AsyncFnOnce(&mut Connection, &UserName, &str) -> Option<Vec<ProductId>>,
) -> Vec<CompletionCandidate> {
    let Some(prefix) = typed.to_str() else {
        return Vec::new();
    };
    let found = ask(prefix, find).unwrap_or_default();
    let ids = found
        .iter()
        .filter_map(|id| String::from_utf8(id.as_bytes().to_vec()).ok());
    // One that can't be typed on a line is no help.
    ids.filter(|id| !id.contains(char::is_control))
        .map(CompletionCandidate::new)
        .collect()
}

fn ask<T>(
    prefix: &str,
    find: impl AsyncFnOnce(&mut Connection, &UserName, &str) -> Option<T>,
) -> Option<T> {
    let settings = Settings::load(flags(std::env::args_os())).ok()?;
    let address = match settings.server {
        Server::External(address) => *address,
        Server::Private(engine) => Address::socket(&engine.socket()).ok()?,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .ok()?;
    let asking = async {
        let mut connection = store::connect(&address).await.ok()?;
        find(&mut connection, &settings.user, prefix).await
    };
    runtime.block_on(async { tokio::time::timeout(PATIENCE, asking).await.ok().flatten() })
}

/// The fields of a product, with the sign that follows them.
pub fn fields(typed: &OsStr) -> Vec<CompletionCandidate> {
    let Some(prefix) = typed.to_str() else {
        return Vec::new();
    };
    let fields = COLUMNS.iter().skip(1).map(|name| format!("{name}="));
    fields
        .filter(|field| field.starts_with(prefix))
        .map(CompletionCandidate::new)
        .collect()
}

/// What the line that is being typed says of the shop's place; the environment may say it, too.
fn flags(line: impl Iterator<Item = OsString>) -> Flags {
    let words: Vec<String> = line
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    let value = |flag: &str| {
        let place = words
            .iter()
            .rposition(|word| word == flag || word.starts_with(&format!("{flag}=")))?;
        match words[place].split_once('=') {
            Some((_, value)) => Some(value.to_owned()),
            None => words.get(place + 1).cloned(),
        }
    };
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let mut flags = Flags::default();
    flags.layer.redis = value("--redis").or_else(|| variable("TROLLEY_REDIS"));
    flags.layer.user = value("--user").or_else(|| variable("TROLLEY_USER"));
    flags.layer.config = value("--config")
        .or_else(|| variable("TROLLEY_CONFIG"))
        .map(Into::into);
    flags
}
