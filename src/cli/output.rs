//! The output of commands: lines for people, or one JSON document for programs. No colours.

use super::error::CliError;
use super::streams::{StandardStreams, Streams};
use crate::model::text;
use crate::store::Error;
use serde_json::{Value, json};
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::Arc;

/// The form in which commands print.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OutputForm {
    /// Lines for people.
    Human,
    /// JSON documents for programs.
    Json,
}

/// The streams that a command prints to, and the form in which it does.
#[derive(Clone)]
pub(super) struct Output {
    form: OutputForm,
    streams: Arc<dyn Streams>,
}

impl Output {
    /// The standard streams of this program, in the form that `--json` or its absence asks for.
    pub(super) fn standard(json: bool) -> Output {
        Output::new(json, Arc::new(StandardStreams))
    }

    /// Other streams, in the form that `--json` or its absence asks for.
    pub(super) fn new(json: bool, streams: Arc<dyn Streams>) -> Output {
        let form = if json {
            OutputForm::Json
        } else {
            OutputForm::Human
        };
        Output { form, streams }
    }

    pub(super) fn form(&self) -> OutputForm {
        self.form
    }

    pub(super) fn is_json(&self) -> bool {
        self.form == OutputForm::Json
    }

    /// Tells whether a terminal shows what is printed.
    pub(super) fn is_terminal(&self) -> bool {
        self.streams.is_terminal()
    }

    /// The stream that a command reads, where it reads one.
    pub(super) fn input(&self) -> Box<dyn Read + '_> {
        self.streams.stdin()
    }

    /// Waits until the reader can be given more without keeping it for them.
    pub(super) async fn wait_until_sent(&self) {
        self.streams.wait_until_sent().await;
    }

    /// Prints a result: `human` writes it for people, `json` makes the document for programs.
    pub(super) fn result(
        &self,
        json: impl FnOnce() -> Value,
        human: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut out = io::BufWriter::new(self.streams.stdout());
        self.write_result(&mut out, json, human)?;
        out.flush()
    }

    /// A result as [`Output::result`] prints it, for another program.
    pub(super) fn result_bytes(
        &self,
        json: impl FnOnce() -> Value,
        human: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.write_result(&mut bytes, json, human)?;
        Ok(bytes)
    }

    fn write_result(
        &self,
        out: &mut impl Write,
        json: impl FnOnce() -> Value,
        human: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()> {
        match self.form {
            OutputForm::Human => human(&mut ForTerminal(out)),
            OutputForm::Json => write_json(out, &json()),
        }
    }

    /// Prints a note for the person at the terminal, on stderr.
    pub(super) fn warn(&self, warning: &str) {
        // Nothing can be done about a stream that is closed.
        let _ = self.print_error(&text::sanitize(warning.as_bytes()));
    }

    /// Prints why a command failed: a sentence on stderr, or the JSON document.
    pub(super) fn failure(&self, failure: &CliError) {
        let message = sanitize_lines(&text::without_error_numbers(&failure.to_string()));

        // Nothing can be done about a stream that is closed.
        let _ = match self.form {
            OutputForm::Human => self.print_error(&message),
            OutputForm::Json => {
                let mut error = json!({ "code": failure.code(), "message": message });
                match failure {
                    CliError::Line { line, .. } => error["line"] = json!(line),
                    CliError::Store(Error::Unknown { op, .. }) => {
                        error["op_id"] = json!(op.as_str());
                    }
                    CliError::Unread { order, .. } => error["order"] = json!(order.as_str()),
                    _ => {}
                }
                self.print_json(&json!({ "error": error }))
                    .or_else(|_| self.print_error(&message))
            }
        };
    }

    /// Prints a mistake in the command line, with its hints.
    pub(super) fn usage(&self, message: &str) {
        let message = sanitize_lines(message.trim_end());

        // Nothing can be done about a stream that is closed.
        let _ = match self.form {
            OutputForm::Human => writeln!(self.streams.stderr(), "{}", text::shown(&message)),
            OutputForm::Json => {
                let error = json!({ "code": "usage", "message": message });
                self.print_json(&json!({ "error": error }))
            }
        };
    }

    /// Prints a line on stderr, beside the output.
    pub(super) fn print_error(&self, message: &str) -> io::Result<()> {
        let mut err = self.streams.stderr();
        writeln!(err, "trolley: {}", text::shown(message))
    }

    /// Prints a line for people on stdout, at once.
    pub(super) fn print_line(&self, line: &str) -> io::Result<()> {
        let mut out = self.streams.stdout();
        writeln!(out, "{}", text::shown(line))?;
        out.flush()
    }

    /// Prints data on stdout, just as they are, at once.
    pub(super) fn print_bytes(&self, bytes: &[u8]) -> io::Result<()> {
        let mut out = self.streams.stdout();
        out.write_all(bytes)?;
        out.flush()
    }

    /// Prints a document on a line of its own, at once.
    pub(super) fn print_json(&self, document: &Value) -> io::Result<()> {
        let mut out = self.streams.stdout();
        write_json(&mut out, document)?;
        out.flush()
    }
}

/// Writes a document on a line of its own.
pub(super) fn write_json(out: &mut impl Write, document: &Value) -> io::Result<()> {
    writeln!(out, "{}", text::escape_hidden(&document.to_string()))
}

/// Passes on the text that people read, as a terminal can show it.
struct ForTerminal<W>(W);

impl<W: Write> Write for ForTerminal<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // What is formatted comes in whole strings.
        let text = String::from_utf8_lossy(bytes);
        self.0.write_all(text::shown(&text).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Cleans a text of several lines: it may quote what would control the terminal.
fn sanitize_lines(text: &str) -> String {
    text.lines()
        .map(|line| text::sanitize(line.as_bytes()))
        .collect::<Vec<_>>()
        .join("\n")
}

/// Pads `shown` to `columns` terminal columns. What is longer stays whole: it may be an id that
/// somebody copies, or that a script reads.
pub(super) fn pad(shown: &str, columns: usize) -> String {
    let shown = text::shown(shown);
    let gap = columns.saturating_sub(text::width(&shown));
    shown.into_owned() + &" ".repeat(gap)
}

/// The columns of a name before its numbers.
pub(super) const NAME_COLUMNS: usize = 32;

/// A name in its columns: what stands behind it keeps its place.
pub(super) fn name_cell(name: &str) -> String {
    pad(&cut_name(name), NAME_COLUMNS)
}

/// A name that is no longer than its columns.
pub(super) fn cut_name(name: &str) -> String {
    text::truncate(&text::shown(name), NAME_COLUMNS)
}

/// A value of CSV that no spreadsheet takes for a formula: people write names and notes.
pub(super) fn csv_text(value: &str) -> String {
    if value.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']) {
        format!("'{value}")
    } else {
        value.to_owned()
    }
}

/// A path as clean text.
pub(super) fn shown_path(path: &Path) -> String {
    text::sanitize(path.as_os_str().as_encoded_bytes())
}
