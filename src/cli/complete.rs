//! The answers to a shell that completes a command line: candidates for the word at the cursor.
//!
//! The scripts that `trolley completions` prints call `trolley` with [`SHELL_VARIABLE`] set and
//! the words of the line behind `--`. clap_complete's engine knows commands and options; ids of
//! products are asked of the shop.

use crate::catalog_file::COLUMNS;
use crate::config::{Flags, Server, Settings};
use crate::model::{ProductId, UserName};
use crate::store::{self, Address, Connection};
use clap::{Args, Command, FromArgMatches, ValueEnum};
use clap_complete::CompletionCandidate;
use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

/// The variable that names the shell which asks.
const SHELL_VARIABLE: &str = "TROLLEY_COMPLETE";
/// The variable with the index of the word at the cursor; without it, that is the last one.
const INDEX_VARIABLE: &str = "TROLLEY_COMPLETE_INDEX";

/// The most ids that are offered.
const MOST_IDS: usize = 200;
/// The longest that the shop may take to find them.
const SHOP_TIMEOUT: Duration = Duration::from_millis(500);

/// The options that decide which shop and which cart are asked, by their ids.
const SHOP_OPTIONS: [&str; 7] = [
    "redis",
    "user",
    "config",
    "password_file",
    "tls_ca",
    "tls_cert",
    "tls_key",
];

/// A shell whose command lines we complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Shell {
    Bash,
    Zsh,
    Fish,
}

/// Answers the shell where it is a shell that asks; `None` where it is a person who runs us.
pub(super) fn answer(command: impl FnOnce() -> Command) -> Option<ExitCode> {
    let shell = std::env::var(SHELL_VARIABLE).ok()?;
    let shell = Shell::from_str(&shell, true).ok()?;

    let mut words = words_on_line();
    let index = std::env::var(INDEX_VARIABLE)
        .ok()
        .and_then(|index| index.parse().ok())
        .unwrap_or(words.len().saturating_sub(1));
    // zsh leaves out a word of which nothing is typed yet.
    if words.len() == index {
        words.push(OsString::new());
    }

    let folder = std::env::current_dir().ok();
    let candidates =
        clap_complete::engine::complete(&mut command(), words, index, folder.as_deref());
    let printed = match candidates {
        Ok(candidates) => print_candidates(shell, &candidates),
        Err(error) => Err(error),
    };
    Some(match printed {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    })
}

/// The words of the line that is being typed.
fn words_on_line() -> Vec<OsString> {
    std::env::args_os()
        .skip_while(|word| word != "--")
        .skip(1)
        .map(unquoted)
        .collect()
}

/// Prints one candidate a line, as the shell's script reads it.
fn print_candidates(shell: Shell, candidates: &[CompletionCandidate]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for candidate in candidates {
        let value = candidate.get_value().to_string_lossy();
        let help = candidate.get_help().map(ToString::to_string);
        let help = help.as_deref().and_then(|help| help.lines().next());

        match (shell, help) {
            // Bash alone takes a candidate as it is: an id, which is whatever somebody has put
            // into the shop, would be run as a command.
            (Shell::Bash, _) => writeln!(out, "{}", quoted(&value))?,
            (Shell::Zsh, None) => writeln!(out, "{}", escaped_for_zsh(&value))?,
            (Shell::Zsh, Some(help)) => {
                let help = help.replace('\\', "\\\\");
                writeln!(out, "{}:{help}", escaped_for_zsh(&value))?;
            }
            (Shell::Fish, None) => writeln!(out, "{value}")?,
            (Shell::Fish, Some(help)) => writeln!(out, "{value}\t{help}")?,
        }
    }
    out.flush()
}

/// A word as it was typed, without the backslashes that quote.
fn unquoted(word: OsString) -> OsString {
    let Some(typed) = word.to_str().filter(|typed| typed.contains('\\')) else {
        return word;
    };

    let mut plain = String::new();
    let mut chars = typed.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => plain.extend(chars.next()),
            c => plain.push(c),
        }
    }
    plain.into()
}

/// A word with a backslash before all that may mean something to bash.
fn quoted(word: &str) -> String {
    let mut quoted = String::new();
    for c in word.chars() {
        if !c.is_alphanumeric() && !"_-./:@%+,=".contains(c) {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted
}

/// A word in a list for zsh, where `:` ends the word and begins its help.
fn escaped_for_zsh(word: &str) -> String {
    word.replace('\\', "\\\\").replace(':', "\\:")
}

/// Completes the ids of products.
pub(super) fn product_ids(typed: &OsStr) -> Vec<CompletionCandidate> {
    ask_shop(typed, async |connection, _, prefix| {
        store::ids_from(connection, prefix, MOST_IDS).await.ok()
    })
}

/// Completes the ids of the products that are in the cart.
pub(super) fn product_ids_in_cart(typed: &OsStr) -> Vec<CompletionCandidate> {
    ask_shop(typed, async |connection, user, prefix| {
        let cart = store::get_cart_items(connection, user).await.ok()?;
        let ids = cart
            .lines
            .into_iter()
            .map(|line| line.product)
            .filter(|id| id.as_bytes().starts_with(prefix.as_bytes()))
            .take(MOST_IDS)
            .collect();
        Some(ids)
    })
}

/// Completes the fields of a product, with the `=` that follows them.
pub(super) fn product_fields(typed: &OsStr) -> Vec<CompletionCandidate> {
    let Some(prefix) = typed.to_str() else {
        return Vec::new();
    };

    // The first column is the id, which is no field.
    COLUMNS
        .iter()
        .skip(1)
        .map(|name| format!("{name}="))
        .filter(|field| field.starts_with(prefix))
        .map(CompletionCandidate::new)
        .collect()
}

/// Offers the ids that `find` finds in the shop.
fn ask_shop(
    typed: &OsStr,
    find: impl AsyncFnOnce(&mut Connection, &UserName, &str) -> Option<Vec<ProductId>>,
) -> Vec<CompletionCandidate> {
    let Some(prefix) = typed.to_str() else {
        return Vec::new();
    };

    find_in_shop(prefix, find)
        .unwrap_or_default()
        .iter()
        .filter_map(|id| std::str::from_utf8(id.as_bytes()).ok())
        // An id that can't be typed on a line is no help.
        .filter(|id| !id.contains(char::is_control))
        .map(CompletionCandidate::new)
        .collect()
}

fn find_in_shop<T>(
    prefix: &str,
    find: impl AsyncFnOnce(&mut Connection, &UserName, &str) -> Option<T>,
) -> Option<T> {
    let settings = Settings::load(shop_flags(&words_on_line())?).ok()?;
    let address = match settings.server {
        Server::External(address) => *address,
        // It is asked only where it runs already: nobody wants a server started by the Tab key.
        Server::Private(engine) => Address::socket(&engine.socket()).ok()?,
    };

    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .ok()?;
    runtime.block_on(async {
        let asking = async {
            let mut connection = store::connect(&address).await.ok()?;
            find(&mut connection, &settings.user, prefix).await
        };
        tokio::time::timeout(SHOP_TIMEOUT, asking)
            .await
            .ok()
            .flatten()
    })
}

/// The settings on an unfinished line, and in the environment, that decide which shop is asked.
fn shop_flags(words: &[OsString]) -> Option<Flags> {
    let words: Vec<String> = words
        .iter()
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    let command = Flags::augment_args(Command::new("trolley").no_binary_name(true));

    let given: Vec<String> = command
        .get_arguments()
        .filter(|option| SHOP_OPTIONS.contains(&option.get_id().as_str()))
        .filter_map(|option| {
            let flag = format!("--{}", option.get_long()?);
            let value = value_on_line(&words, &flag)?;
            Some(format!("{flag}={value}"))
        })
        .collect();
    let mut matches = command.try_get_matches_from(given).ok()?;
    Flags::from_arg_matches_mut(&mut matches).ok()
}

/// The last value of an option on the line.
fn value_on_line(words: &[String], flag: &str) -> Option<String> {
    words
        .iter()
        .enumerate()
        .rev()
        .find_map(|(index, word)| match word.split_once('=') {
            Some((name, value)) if name == flag => Some(value.to_owned()),
            _ if word == flag => words.get(index + 1).cloned(),
            _ => None,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_word_is_read_back() {
        for word in [
            "espresso",
            "two words",
            "it's",
            "a;ls",
            "$(ls)",
            "`ls`",
            "a\\b",
            "*",
            "~",
            "tea:é",
            "price=",
        ] {
            assert_eq!(unquoted(quoted(word).into()), word);
        }
        assert_eq!(quoted("a b;c"), "a\\ b\\;c");
        // Half a quotation, as somebody types it.
        assert_eq!(unquoted("a\\".into()), "a");
    }

    #[test]
    fn the_line_says_which_shop_is_asked() {
        let words = [
            "trolley",
            "--redis=redis://a",
            "--user",
            "ann",
            "--theme",
            "--redis",
            "redis://b",
        ];
        let words = words.map(OsString::from);
        let flags = shop_flags(&words).unwrap();
        assert_eq!(flags.layer.user.as_deref(), Some("ann"));
        assert_eq!(flags.layer.redis.as_deref(), Some("redis://b"));
    }
}
