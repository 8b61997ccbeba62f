//! The JSON documents that commands print, beside the page of the guide that describes them: each
//! key of each document that any test reads must be named there.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::sync::LazyLock;

const PAGE: &str = include_str!("../../assets/guide/json.md");

/// Keys whose values are names from a list: these must be named, too.
const NAMING: [&str; 6] = ["event", "kind", "status", "state", "change", "level"];

/// The names that the page has for each command, by the command's first word.
static NAMES: LazyLock<BTreeMap<&str, BTreeSet<&str>>> = LazyLock::new(|| {
    let mut names: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    // The rows below a heading for events are about the command that it names.
    let mut events_of = None;

    for line in PAGE.lines() {
        if let Some(heading) = line.strip_prefix("## Events of ") {
            events_of = heading.split(' ').next();
        }
        let Some((commands, document)) = line
            .strip_prefix("| ")
            .and_then(|row| row.split_once(" | "))
        else {
            continue;
        };

        let named: Vec<&str> = match events_of {
            Some(command) => vec![command],
            None => quoted(commands)
                .map(|command| command.split(' ').next().unwrap())
                .collect(),
        };
        // What has no command is about all of them.
        for command in if named.is_empty() { vec![""] } else { named } {
            let names = names.entry(command).or_default();
            names.extend(quoted(document));
            names.extend(events_of.iter().flat_map(|_| quoted(commands)));
        }
    }
    names
});

/// The words in backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The first word of the command that prints JSON; `None` where it is none of ours, or prints none.
pub fn command_of(program: &Command) -> Option<&'static str> {
    let args: Vec<&str> = program.get_args().filter_map(|arg| arg.to_str()).collect();
    if program.get_program() != super::TROLLEY || !args.contains(&"--json") {
        return None;
    }
    let known = NAMES.keys().copied();
    let command = known
        .filter_map(|command| Some((args.iter().position(|arg| *arg == command)?, command)))
        .min();
    Some(command.map_or("", |(_, command)| command))
}

/// Checks a line that this command has printed, where it is a document.
pub fn check(command: &str, line: &str) {
    if line.starts_with('{')
        && let Ok(document) = serde_json::from_str(line)
    {
        check_value(command, &document);
    }
}

fn check_value(command: &str, value: &Value) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                check_name(command, key);
                if let (true, Some(name)) = (NAMING.contains(&&**key), value.as_str()) {
                    check_name(command, name);
                }
                // Every setting has a key of its own there.
                if (command, &**key) == ("config", "settings") {
                    let settings = value.as_object().unwrap();
                    settings
                        .values()
                        .for_each(|value| check_value(command, value));
                } else {
                    check_value(command, value);
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| check_value(command, value)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn check_name(command: &str, name: &str) {
    let of_command = &NAMES[command];
    // A row that names another command has all that this one has.
    let is_named = of_command.contains(name)
        || NAMES[""].contains(name)
        || of_command
            .iter()
            .filter_map(|other| NAMES.get(other))
            .any(|names| names.contains(name));
    assert!(
        is_named,
        "assets/guide/json.md does not name `{name}` of `{command}`"
    );
}
