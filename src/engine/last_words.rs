//! The log of a server that did not start: what it said last, and what that means.

use super::error::EngineError;
use super::program;
use crate::model::text;
use jiff::Timestamp;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

/// The most bytes of a log that are read.
const LONGEST_LOG: u64 = 64 * 1024;
/// The most characters of it that are shown.
const LONGEST_WORDS: usize = 300;
/// The lines on both sides of the words with which a log begins a start.
const START_MARK: &str = "oO0OoO0OoO0Oo";
/// The words of a server that can't read the changes in its data; the file's name follows. What
/// stands behind the damage can be cut off.
const DAMAGED: [&str; 2] = [
    "Bad file format reading the append only file ",
    "Unexpected end of file reading the append only file ",
];
/// The part of a file's name by which the one is known with which the data begin.
const BASE: &str = ".base.";
/// The words of a server that can't read anything of its data: the list of the files, or the file
/// with which they begin, is damaged, or one of them is missing.
const UNREADABLE: [&str; 11] = [
    "Invalid AOF manifest file format",
    "Found an empty AOF manifest",
    "The AOF manifest file contains too long line",
    "Found duplicate base file information",
    "Found a non-monotonic sequence number",
    "Unknown AOF file type",
    "Read AOF manifest failed",
    "Fatal error: the truncated file is not the last file",
    "Internal error in RDB reading ",
    "Unable to obtain the AOF file ",
    // Only of the base: what follows the damage can't be cut off there.
    "Bad file format reading the append only file ",
];

/// The text of a log from `start` on.
pub(super) fn since(log: &Path, start: u64) -> String {
    read_from(log, start).unwrap_or_default()
}

fn read_from(log: &Path, start: u64) -> std::io::Result<String> {
    let mut file = File::open(log)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(
        start.max(length.saturating_sub(LONGEST_LOG)),
    ))?;

    let mut said = Vec::new();
    file.take(LONGEST_LOG).read_to_end(&mut said)?;
    Ok(String::from_utf8_lossy(&said).into_owned())
}

/// The error that a server's words mean, or where it gave no reason, the exit `status` of the
/// program that started it.
pub(super) fn explain(said: &str, status: ExitStatus, data: &Path) -> EngineError {
    if let Some(damage) = damage_in(said, data) {
        return damage;
    }

    EngineError::NotStarted(match last_words(said) {
        Some(words) => words,
        None if status.success() => "it ended without a message".to_owned(),
        None => format!("it ended without a message ({status})"),
    })
}

/// The damage that a log tells of since the last start.
pub(super) fn damage(log: &Path, data: &Path) -> Option<EngineError> {
    let said = since(log, 0);
    let (_, said) = said.rsplit_once(START_MARK)?;
    damage_in(said, data)
}

/// The damage that a server's words tell of.
fn damage_in(said: &str, data: &Path) -> Option<EngineError> {
    let folder = data.join("appendonlydir");
    let name = DAMAGED.iter().find_map(|words| {
        let (_, rest) = said.split_once(words)?;
        let name = rest.split([':', ' ', '\n']).next()?;
        (!name.contains(BASE)).then_some(name)
    });
    let Some(name) = name else {
        return unreadable_in(said, folder);
    };

    let manifest = folder.join("appendonly.aof.manifest");
    let repairer = program::repair_program();
    Some(EngineError::Damaged {
        file: folder.join(text::sanitize_to(name.as_bytes(), 100)),
        repair: format!("{repairer} --fix {}", quoted(&manifest)),
    })
}

/// The damage of all data that a server's words tell of.
fn unreadable_in(said: &str, folder: PathBuf) -> Option<EngineError> {
    let words = said.lines().map(|line| warning(line).unwrap_or(line));
    let fault = words
        .rev()
        .find(|said| UNREADABLE.iter().any(|words| said.starts_with(words)))?;
    // What the server advises is for a file whose end can be cut off.
    let fault = fault.split(": make a backup").next()?;
    Some(unreadable(folder, fault))
}

/// The error of a folder with data that have this fault.
pub(super) fn unreadable(folder: PathBuf, fault: &str) -> EngineError {
    let mut moved = folder.clone().into_os_string();
    // A name that is new each time.
    moved.push(format!(".damaged-{}", Timestamp::now().as_second()));

    EngineError::Unreadable {
        fault: text::sanitize_to(fault.trim().as_bytes(), LONGEST_WORDS),
        set_aside: format!("mv {} {}", quoted(&folder), quoted(Path::new(&moved))),
        folder,
    }
}

/// The last thing that a server said: words outside its log, else the last warning in it.
fn last_words(said: &str) -> Option<String> {
    let lines: Vec<&str> = said
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    let entries = lines.iter().rposition(|line| is_log_entry(line));
    let outside = &lines[entries.map_or(0, |last| last + 1)..];

    let words = if outside.is_empty() {
        let warning = lines.iter().rev().find_map(|line| warning(line));
        warning?.to_owned()
    } else {
        outside.join(" ")
    };
    Some(text::sanitize_to(words.trim().as_bytes(), LONGEST_WORDS))
}

/// Tells whether a line begins like `1234:M 26 Nov 2026 …`.
fn is_log_entry(line: &str) -> bool {
    let Some((process, rest)) = line.split_once(':') else {
        return false;
    };
    let mut rest = rest.chars();
    let has_role = rest.next().is_some_and(|role| role.is_ascii_uppercase());

    !process.is_empty()
        && process.bytes().all(|digit| digit.is_ascii_digit())
        && has_role
        && rest.next() == Some(' ')
}

/// The warning in a line of the log; the usual ones of a good start are none.
fn warning(line: &str) -> Option<&str> {
    let (_, said) = line.split_once(" # ")?;
    let is_usual = said.starts_with("WARNING") || said.starts_with(START_MARK);
    (!is_usual).then_some(said)
}

/// A path as a shell reads it.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_words_are_those_that_tell_why() {
        let start =
            "7:C 26 Nov 2026 20:15:40.616 # oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo\n";
        assert_eq!(last_words(""), None);
        assert_eq!(last_words(start), None);
        for (said, words) in [
            (
                "*** FATAL CONFIG FILE ERROR ***\n>>> 'hz'\nBad directive\n",
                "*** FATAL CONFIG FILE ERROR *** >>> 'hz' Bad directive",
            ),
            (
                "7:M 26 Nov 2026 20:15:40.616 # Failed opening Unix socket: bind: No such file\n7:M 26 Nov 2026 20:15:40.617 * bye\n",
                "Failed opening Unix socket: bind: No such file",
            ),
        ] {
            assert_eq!(last_words(said).as_deref(), Some(words));
            let after_start = format!("{start}{said}");
            assert_eq!(last_words(&after_start).as_deref(), Some(words));
        }
    }

    #[test]
    fn a_damaged_file_is_named_with_the_command_that_repairs_it() {
        let said = "7:M 26 Nov 2026 20:15:40.616 # Bad file format reading the append only file \
            appendonly.aof.1.incr.aof: make a backup of your AOF file\n";
        let error = damage_in(said, Path::new("/home/o'neil/data")).unwrap();
        let told = error.to_string();
        assert!(
            told.contains("/home/o'neil/data/appendonlydir/appendonly.aof.1.incr.aof")
                && told.contains(
                    r"--fix '/home/o'\''neil/data/appendonlydir/appendonly.aof.manifest'"
                ),
            "{told}"
        );
    }
}
