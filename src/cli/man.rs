//! `trolley man`

use super::error::CliError;
use super::streams;
use super::{Cli, guide, markdown};
use crate::config::PASSWORD_VARIABLE;
use clap::builder::PossibleValue;
use clap::{Arg, Command, CommandFactory};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};
use std::io::{self, Write};

/// The folders and files that the manual names.
const FILES: [(&str, &str); 3] = [
    (
        "~/.config/trolley/config.toml",
        "the settings, one a line: theme = \"dark\"",
    ),
    ("~/.local/share/trolley", "the data of the private server"),
    (
        "~/.local/state/trolley",
        "crash reports, and the private server's socket",
    ),
];

/// Prints the manual page: the program, each of its commands, then the pages of the guide.
pub(super) fn run() -> Result<(), CliError> {
    let mut command = Cli::command();
    command.build();
    let man = Man::new(command.clone()).manual("trolley");

    let mut page = Vec::new();
    man.render_title(&mut page)?;
    // Ragged on the right: words stay as far apart as they are written.
    Roff::new().control("ad", ["l"]).to_writer(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;

    Roff::new()
        .control("SH", ["COMMANDS"])
        .to_writer(&mut page)?;
    write_commands(&command, &mut page)?;
    write_environment(&command, &mut page)?;
    write_definitions(&mut page, "FILES", FILES)?;

    let mut sections = Roff::new();
    for guide_page in guide::pages() {
        markdown::to_roff(&guide_page, &mut sections);
    }
    sections.to_writer(&mut page)?;

    man.render_extra_section(&mut page)?;
    man.render_version_section(&mut page)?;
    streams::stdout().write_all(&page)?;
    Ok(())
}

/// Writes each command that does something, with its own arguments.
fn write_commands(parent: &Command, page: &mut Vec<u8>) -> io::Result<()> {
    for command in parent.get_subcommands() {
        if command.get_name() == "help" || command.is_hide_set() {
            continue;
        }
        if command.has_subcommands() {
            write_commands(command, page)?;
        } else {
            write_command(command, page)?;
        }
    }
    Ok(())
}

fn write_command(command: &Command, page: &mut Vec<u8>) -> io::Result<()> {
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage:").trim();
    let about = command.get_about().map(ToString::to_string);

    let mut roff = Roff::new();
    roff.control("SS", [usage]);
    roff.text([roman(about.unwrap_or_default())]);
    for argument in command.get_arguments() {
        let is_own = !argument.is_global_set() && argument.get_id() != "help";
        if is_own && !argument.is_hide_set() {
            define(&mut roff, &argument.to_string(), &argument_help(argument));
        }
    }
    roff.to_writer(page)
}

/// The help of an argument, with the values that it may have.
fn argument_help(argument: &Arg) -> String {
    let help = argument.get_help().map(ToString::to_string);
    let help = help.unwrap_or_default();

    let values = argument.get_possible_values();
    if values.is_empty() || !argument.get_action().takes_values() {
        return help;
    }
    let values: Vec<&str> = values.iter().map(PossibleValue::get_name).collect();
    format!("{help} [{}]", values.join(", "))
}

/// Writes the variables of the environment: those of the settings, and others.
fn write_environment(command: &Command, page: &mut Vec<u8>) -> io::Result<()> {
    let mut variables = Vec::new();
    for argument in command.get_arguments() {
        if let Some(variable) = argument.get_env().and_then(|name| name.to_str())
            && let Some(flag) = argument.get_long()
        {
            variables.push((variable, format!("as --{flag}")));
        }
    }
    variables.push((PASSWORD_VARIABLE, "the server's password".to_owned()));
    variables.push((
        "NO_COLOR",
        "where it is set, nothing has a colour".to_owned(),
    ));

    write_definitions(page, "ENVIRONMENT", variables)
}

/// Writes a section of names with their meanings.
fn write_definitions<'a>(
    page: &mut Vec<u8>,
    heading: &str,
    definitions: impl IntoIterator<Item = (&'a str, impl AsRef<str>)>,
) -> io::Result<()> {
    let mut roff = Roff::new();
    roff.control("SH", [heading]);
    for (name, meaning) in definitions {
        define(&mut roff, name, meaning.as_ref());
    }
    roff.to_writer(page)
}

/// Adds a name and, below it, its meaning.
fn define(roff: &mut Roff, name: &str, meaning: &str) {
    roff.control("TP", []);
    roff.text([bold(name)]);
    roff.text([roman(meaning)]);
}
