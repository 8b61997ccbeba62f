//! `trolley man`

use super::{Cli, CliError, guide, markdown};
use clap::CommandFactory;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};
use std::io::{self, Write};

/// Prints the manual page: the program, each of its commands, then the pages of the guide.
pub fn run() -> Result<(), CliError> {
    let mut command = Cli::command();
    command.build();
    let man = Man::new(command.clone()).manual("trolley");
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    let mut commands = Vec::new();
    describe(&command, &mut commands)?;
    Roff::new()
        .control("SH", ["COMMANDS"])
        .to_writer(&mut page)?;
    page.extend(commands);
    surroundings(&command, &mut page)?;

    let mut sections = Roff::new();
    for guide_page in guide::pages() {
        markdown::to_roff(&guide_page, &mut sections);
    }
    sections.to_writer(&mut page)?;

    man.render_extra_section(&mut page)?;
    man.render_version_section(&mut page)?;
    io::stdout().write_all(&page)?;
    Ok(())
}

/// Each command that does something, with its own arguments.
fn describe(parent: &clap::Command, page: &mut Vec<u8>) -> io::Result<()> {
    for command in parent
        .get_subcommands()
        .filter(|command| command.get_name() != "help" && !command.is_hide_set())
    {
        if command.has_subcommands() {
            describe(command, page)?;
            continue;
        }
        let mut command = command.clone();
        let usage = command.render_usage().to_string();
        let usage = usage.trim_start_matches("Usage:").trim().to_owned();
        let about = command
            .get_about()
            .map(ToString::to_string)
            .unwrap_or_default();
        let mut roff = Roff::new();
        roff.control("SS", [usage.as_str()]);
        roff.text([roman(about)]);
        for argument in command
            .get_arguments()
            .filter(|a| !a.is_global_set() && a.get_id() != "help" && !a.is_hide_set())
        {
            let help = argument
                .get_help()
                .map(ToString::to_string)
                .unwrap_or_default();
            let values = argument.get_possible_values();
            let values: Vec<&str> = values
                .iter()
                .map(clap::builder::PossibleValue::get_name)
                .collect();
            let takes = argument.get_action().takes_values() && !values.is_empty();
            let values = if takes {
                format!(" [{}]", values.join(", "))
            } else {
                String::new()
            };
            explain(&mut roff, argument.to_string(), help + &values);
        }
        roff.to_writer(page)?;
    }
    Ok(())
}

/// What it takes from the environment, and the files that it uses.
fn surroundings(command: &clap::Command, page: &mut Vec<u8>) -> io::Result<()> {
    let option = |argument: &clap::Arg| {
        Some((
            argument.get_env()?.to_str()?.to_owned(),
            format!("as --{}", argument.get_long()?),
        ))
    };
    let own = [
        ("TROLLEY_PASSWORD", "the server's password"),
        ("NO_COLOR", "where it is set, nothing has a colour"),
    ];
    let own = own.map(|(name, what)| (name.to_owned(), what.to_owned()));
    define(
        "ENVIRONMENT",
        command.get_arguments().filter_map(option).chain(own),
        page,
    )?;
    let files = [
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
    define(
        "FILES",
        files
            .map(|(name, what)| (name.to_owned(), what.to_owned()))
            .into_iter(),
        page,
    )
}

/// A section of names with what they mean.
fn define(
    heading: &str,
    names: impl Iterator<Item = (String, String)>,
    page: &mut Vec<u8>,
) -> io::Result<()> {
    let mut roff = Roff::new();
    roff.control("SH", [heading]);
    for (name, what) in names {
        explain(&mut roff, name, what);
    }
    roff.to_writer(page)
}

/// A name, and below it what it means.
fn explain(roff: &mut Roff, name: String, what: String) {
    roff.control("TP", []);
    roff.text([bold(name)]);
    roff.text([roman(what)]);
}
