//! `trolley man`

use super::{Cli, Failure};
use clap::CommandFactory;
use clap_mangen::Man;
use clap_mangen::roff::Roff;
use std::io::{self, Write};

/// Prints the manual page: the program, then each of its commands.
pub fn run() -> Result<(), Failure> {
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
    Roff::new().control("SH", ["COMMANDS"]).to_writer(&mut page)?;
    page.extend(commands);
    man.render_extra_section(&mut page)?;
    man.render_version_section(&mut page)?;
    io::stdout().write_all(&page)?;
    Ok(())
}

/// Each command that does something, with its own arguments.
fn describe(parent: &clap::Command, page: &mut Vec<u8>) -> io::Result<()> {
    for command in
        parent.get_subcommands().filter(|command| command.get_name() != "help" && !command.is_hide_set())
    {
        if command.has_subcommands() {
            describe(command, page)?;
            continue;
        }
        let mut command = command.clone();
        let usage = command.render_usage().to_string();
        let usage = usage.trim_start_matches("Usage:").trim().to_owned();
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        let mut roff = Roff::new();
        roff.control("SS", [usage.as_str()]);
        roff.text([clap_mangen::roff::roman(about)]);
        for argument in
            command.get_arguments().filter(|a| !a.is_global_set() && a.get_id() != "help" && !a.is_hide_set())
        {
            roff.control("TP", []);
            roff.text([clap_mangen::roff::bold(argument.to_string())]);
            roff.text([clap_mangen::roff::roman(
                argument.get_help().map(ToString::to_string).unwrap_or_default(),
            )]);
        }
        roff.to_writer(page)?;
    }
    Ok(())
}
