//! The answers to a shell that completes a command line: candidates for the word at the cursor.
//!
//! The scripts that `trolley completions` prints call `trolley` with [`SHELL_VARIABLE`] set and
//! the words of the line behind `--`. clap_complete's engine knows commands and options; `shop`
//! knows ids of products and orders.

mod shop;

pub(super) use shop::{
    order_ids, people_of_order, product_fields, product_ids, product_ids_in_cart, shop_fields,
};

use crate::cli::streams;
use crate::model::text;
use clap::{Command, ValueEnum};
use clap_complete::CompletionCandidate;
use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

/// The variable that names the shell which asks.
const SHELL_VARIABLE: &str = "TROLLEY_COMPLETE";
/// The variable with the index of the word at the cursor; without it, that is the last one.
const INDEX_VARIABLE: &str = "TROLLEY_COMPLETE_INDEX";

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
    let mut out = streams::stdout();
    for candidate in candidates {
        let value = candidate.get_value().to_string_lossy();
        let help = candidate.get_help().map(ToString::to_string);
        let help = help.as_deref().and_then(|help| help.lines().next());
        let help = help.map(text::shown);

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
}
