//! What commands print: lines for people, or one JSON document. No colours.

use super::CliError;
use crate::model::text;
use crate::store::Error;
use serde_json::{Value, json};
use std::io::{self, Write};

/// Where results go, and in which form.
pub struct Output {
    json: bool,
}

impl Output {
    /// As JSON, or for people.
    pub fn new(json: bool) -> Output {
        Output { json }
    }

    /// Whether programs read it.
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// Prints a result: `people` writes it for people; `program` is the same for programs.
    pub fn result(
        &self,
        program: impl FnOnce() -> Value,
        people: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut out = io::BufWriter::new(io::stdout().lock());
        if self.json {
            writeln!(out, "{}", program())?;
        } else {
            people(&mut out)?;
        }
        out.flush()
    }

    /// Prints what the person should know, on stderr.
    pub fn warn(&self, warning: &str) {
        // Nothing can be done about a stream that is closed.
        let _ = writeln!(
            io::stderr(),
            "trolley: {}",
            text::sanitize(warning.as_bytes())
        );
    }

    /// Prints why a command failed: a sentence on stderr, or the JSON document.
    pub fn failure(&self, failure: &CliError) {
        let said = failure.to_string();
        let lines: Vec<String> = said
            .lines()
            .map(|line| text::sanitize(line.as_bytes()))
            .collect();
        let people = || writeln!(io::stderr(), "trolley: {}", lines.join("\n"));
        // Nothing can be done about a stream that is closed.
        let _ = if self.json {
            let mut error = json!({ "code": failure.code(), "message": lines.join("\n") });
            if let CliError::Store(Error::Unknown { op, .. }) = failure {
                error["op_id"] = json!(op.as_str());
            }
            writeln!(io::stdout(), "{}", json!({ "error": error })).or_else(|_| people())
        } else {
            people()
        };
    }

    /// Prints what is wrong with the command line; `said` is clean.
    pub fn usage(&self, said: &str) {
        // Nothing can be done about a stream that is closed.
        let _ = if self.json {
            let error = json!({ "code": "usage", "message": said });
            writeln!(io::stdout(), "{}", json!({ "error": error }))
        } else {
            writeln!(io::stderr(), "{said}")
        };
    }
}

/// Pads `text` to `columns` terminal columns.
pub fn pad(shown: &str, columns: usize) -> String {
    let fitted = text::truncate(shown, columns);
    let gap = columns.saturating_sub(text::width(&fitted));
    fitted + &" ".repeat(gap)
}
