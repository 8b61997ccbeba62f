//! `trolley guide [TOPIC]`: the pages of the guide, which are part of the program.

use super::error::CliError;
use super::markdown::{self, Block, Look};
use super::output::Output;
use super::streams;
use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// The widest text that is comfortable to read.
const WIDEST: usize = 100;

/// The width of what is not written to a terminal.
const USUAL_WIDTH: usize = 80;

/// The options of the usual pager: end where all fits on the screen, show colours, leave the text.
const LESS_OPTIONS: &str = "-FRX";

/// The exit status with which a shell says that it knows no such program.
const NO_SUCH_PROGRAM: i32 = 127;

/// Which page.
#[derive(Debug, Args)]
pub(crate) struct GuideArgs {
    /// The page to show; without this, the topics are listed
    topic: Option<Topic>,
}

/// The topics of the guide, in the order in which they are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Topic {
    /// All keys, typed commands, the mouse, and few keys for much
    Keys,
    /// The shop in words, for screen readers and braille displays
    Plain,
    /// One cart for several people: who is who, how long it lives, rules and budgets
    Sharing,
    /// Let people into your shop by SSH, with nothing installed on their side
    Serve,
    /// Checkout, receipts, and orders as they reach the shop
    Ordering,
    /// The open orders on a screen, for those who make them, and for the counter
    Board,
    /// Commands for scripts, exit status, watching a cart, completions
    Scripts,
    /// Every document that --json prints
    Json,
    /// Your own products: import, export, change
    Products,
    /// The settings file, colours, other keys, logs
    Settings,
    /// Your own Redis, the private one, a backup, Sentinels, clusters, replicas, sizing
    Servers,
    /// Passwords, TLS, and the rights of shoppers, buyers, clerks and importers
    Security,
    /// The keys in Redis, for other clients that join in
    Data,
    /// The largest names, prices, quantities and carts
    Limits,
    /// The speed of everything, and how it was measured
    Speed,
    /// Faults caused on purpose, and what became of changes and orders
    Faults,
}

impl Topic {
    /// The page, as Markdown.
    fn page(self) -> &'static str {
        match self {
            Topic::Keys => include_str!("../../assets/guide/keys.md"),
            Topic::Plain => include_str!("../../assets/guide/plain.md"),
            Topic::Sharing => include_str!("../../assets/guide/sharing.md"),
            Topic::Serve => include_str!("../../assets/guide/serve.md"),
            Topic::Ordering => include_str!("../../assets/guide/ordering.md"),
            Topic::Board => include_str!("../../assets/guide/board.md"),
            Topic::Scripts => include_str!("../../assets/guide/scripts.md"),
            Topic::Json => include_str!("../../assets/guide/json.md"),
            Topic::Products => include_str!("../../assets/guide/products.md"),
            Topic::Settings => include_str!("../../assets/guide/settings.md"),
            Topic::Servers => include_str!("../../assets/guide/servers.md"),
            Topic::Security => include_str!("../../assets/guide/security.md"),
            Topic::Data => include_str!("../../assets/guide/data.md"),
            Topic::Limits => include_str!("../../assets/guide/limits.md"),
            Topic::Speed => include_str!("../../assets/guide/speed.md"),
            Topic::Faults => include_str!("../../assets/guide/faults.md"),
        }
    }

    /// The word that is typed for it, and what its page is about.
    fn described() -> impl Iterator<Item = (String, String)> {
        Topic::value_variants()
            .iter()
            .filter_map(ValueEnum::to_possible_value)
            .map(|value| {
                let about = value.get_help().map(ToString::to_string);
                (value.get_name().to_owned(), about.unwrap_or_default())
            })
    }
}

/// All pages one after the other, for the manual.
pub(super) fn pages() -> impl Iterator<Item = Vec<Block>> {
    Topic::value_variants()
        .iter()
        .map(|topic| markdown::parse(topic.page()))
}

/// Shows the page, or the list of topics: in a pager where a person reads it.
pub(super) fn run(args: &GuideArgs, output: &Output) -> Result<(), CliError> {
    let blocks = match args.topic {
        Some(topic) => markdown::parse(topic.page()),
        None => topics(),
    };

    if output.is_json() || !io::stdout().is_terminal() {
        let text = markdown::to_text(&blocks, Look::Plain, USUAL_WIDTH);
        output.result(
            || document(args.topic),
            |out| out.write_all(text.as_bytes()),
        )?;
        return Ok(());
    }

    let text = markdown::to_text(&blocks, terminal_look(), terminal_width());
    Ok(show_paged(&text)?)
}

/// The list of topics as a page.
fn topics() -> Vec<Block> {
    let mut list = String::from("# Guide\n\n`trolley guide TOPIC` shows one of these pages:\n\n");
    list.push_str("| | |\n| --- | --- |\n");
    for (topic, about) in Topic::described() {
        list.push_str(&format!("| `{topic}` | {about} |\n"));
    }

    markdown::parse(&list)
}

fn document(topic: Option<Topic>) -> Value {
    let Some(topic) = topic else {
        let topics: Vec<Value> = Topic::described()
            .map(|(topic, about)| json!({ "topic": topic, "about": about }))
            .collect();
        return json!({ "topics": topics });
    };

    let name = topic.to_possible_value();
    json!({
        "topic": name.as_ref().map(|name| name.get_name()),
        "text": topic.page(),
    })
}

/// The look that the terminal can show and the person wants.
fn terminal_look() -> Look {
    let has = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());

    if std::env::var_os("TERM").is_some_and(|terminal| terminal == "dumb") {
        Look::Plain
    } else if has("NO_COLOR") {
        Look::Colourless
    } else {
        Look::Coloured
    }
}

fn terminal_width() -> usize {
    let size = rustix::termios::tcgetwinsize(io::stdout());
    let columns = size.map(|size| usize::from(size.ws_col)).unwrap_or(0);

    match columns {
        0 => USUAL_WIDTH,
        columns => columns.min(WIDEST),
    }
}

/// Shows `text` in the pager, or prints it where there is no pager.
fn show_paged(text: &str) -> io::Result<()> {
    let pager = std::env::var_os("PAGER");
    if pager.as_ref().is_some_and(|pager| pager.is_empty()) {
        return streams::stdout().write_all(text.as_bytes());
    }

    // Ctrl-C is for the pager: were we to end first, both it and the shell would read the keys.
    let interrupted = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(signal_hook::consts::SIGINT, interrupted)?;

    let mut command = pager_command(pager);
    let Ok(mut child) = command.stdin(Stdio::piped()).spawn() else {
        return streams::stdout().write_all(text.as_bytes());
    };

    // A pager that is left early does not read the rest; dropping the pipe ends the text.
    if let Some(mut pipe) = child.stdin.take() {
        let _ = pipe.write_all(text.as_bytes());
    }

    let status = child.wait()?;
    if status.code() == Some(NO_SUCH_PROGRAM) {
        return streams::stdout().write_all(text.as_bytes());
    }
    Ok(())
}

/// The pager that the person has chosen, or `less`.
fn pager_command(pager: Option<OsString>) -> Command {
    let Some(pager) = pager else {
        let mut less = Command::new("less");
        less.arg(LESS_OPTIONS);
        return less;
    };

    // It may have arguments, so a shell reads it. A plain `PAGER=less` must still show colours.
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(pager);
    if std::env::var_os("LESS").is_none() {
        shell.env("LESS", LESS_OPTIONS);
    }
    shell
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_has_a_title_and_fits_a_narrow_terminal() {
        for topic in Topic::value_variants() {
            let blocks = markdown::parse(topic.page());
            assert!(matches!(blocks[0], Block::Title(_)), "{topic:?}");

            let text = markdown::to_text(&blocks, Look::Plain, USUAL_WIDTH);
            for line in text.lines() {
                let is_narrow = line.chars().count() <= USUAL_WIDTH;
                assert!(is_narrow, "{topic:?}: {line}");
            }
        }
    }

    #[test]
    fn the_list_names_every_topic() {
        let text = markdown::to_text(&topics(), Look::Plain, USUAL_WIDTH);

        for (topic, about) in Topic::described() {
            assert!(text.contains(&topic) && !about.is_empty(), "{text}");
        }
    }
}
