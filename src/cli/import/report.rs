//! The messages of an import while it runs, and its result.

use super::ImportArgs;
use crate::catalog_file::{BadRow, ColumnFacts, listed};
use crate::cli::output::{Output, OutputForm, shown_path};
use crate::cli::streams;
use crate::model::text;
use crate::store::catalog::import::Counts;
use indexmap::IndexSet;
use indicatif::ProgressBar;
use serde_json::{Value, json};
use std::io::{self, Write};

/// The rows between two updates of the progress bar's text.
const ROWS_PER_MESSAGE: u64 = 256;

/// Prints what is wrong on a line of a file.
pub(super) fn print_bad(
    progress: &ProgressBar,
    output: &Output,
    line: u64,
    reason: &str,
) -> io::Result<()> {
    let message = match output.form() {
        OutputForm::Human => text::shown(&format!("line {line}: {reason}")).into_owned(),
        OutputForm::Json => {
            json!({ "bad": { "line": line, "reason": text::shown(reason) } }).to_string()
        }
    };
    progress.suspend(|| writeln!(streams::stderr(), "{message}"))
}

/// Says to people that something is missing; programs see it by the status.
pub(super) fn complain(output: &Output, complaint: &str) -> io::Result<()> {
    match output.form() {
        OutputForm::Human => writeln!(streams::stderr(), "{complaint}"),
        OutputForm::Json => Ok(()),
    }
}

/// Counts the rows of an import and prints what is to be said about them.
pub(super) struct ImportReport {
    progress: ProgressBar,
    output: Output,
    rows: u64,
    bad_rows: u64,
    /// Rows that are no products of their own, or not for sale.
    passed_over: u64,
    /// The export that was recognised.
    recognised: Option<(&'static str, &'static str)>,
    /// The names of columns that are passed over.
    passed_columns: IndexSet<String>,
}

/// The most names of columns that are kept; objects of a file may each have others.
const MOST_COLUMNS: usize = 20_000;

impl ImportReport {
    pub(super) fn new(progress: ProgressBar, output: &Output) -> ImportReport {
        ImportReport {
            progress,
            output: output.clone(),
            rows: 0,
            bad_rows: 0,
            passed_over: 0,
            recognised: None,
            passed_columns: IndexSet::new(),
        }
    }

    pub(super) fn progress(&self) -> ProgressBar {
        self.progress.clone()
    }

    /// Begins anew, with the second reading of the file.
    pub(super) fn restart(&mut self) {
        self.progress.reset();
        self.passed_over = 0;
    }

    pub(super) fn end_progress(&self) {
        self.progress.finish_and_clear();
    }

    pub(super) fn has_bad_rows(&self) -> bool {
        self.bad_rows > 0
    }

    pub(super) fn count_row(&mut self) {
        self.rows += 1;
        if self.rows.is_multiple_of(ROWS_PER_MESSAGE) {
            self.progress.set_message(format!("{} products", self.rows));
        }
    }

    pub(super) fn count_passed_over(&mut self) {
        self.passed_over += 1;
    }

    pub(super) fn note_columns(&mut self, facts: ColumnFacts) {
        self.recognised = self.recognised.or(facts.format);
        let room = MOST_COLUMNS - self.passed_columns.len();
        self.passed_columns
            .extend(facts.passed_over.into_iter().take(room));
    }

    /// Prints bad rows as they come, since there may be a million.
    pub(super) fn print_bad(&mut self, rows: Vec<BadRow>) -> io::Result<()> {
        for BadRow { line, flaw } in rows {
            self.bad_rows += 1;
            print_bad(&self.progress, &self.output, line, &flaw.to_string())?;
        }
        Ok(())
    }

    /// Calls [`complain`] with the output of this report.
    pub(super) fn complain(&self, complaint: &str) -> io::Result<()> {
        complain(&self.output, complaint)
    }

    pub(super) fn print_result(&self, args: &ImportArgs, counts: &Counts) -> io::Result<()> {
        self.output.result(
            || self.json(args, counts),
            |out| self.print_counts(out, args, counts),
        )
    }

    fn json(&self, args: &ImportArgs, counts: &Counts) -> Value {
        json!({
            "file": shown_path(&args.file),
            "format": self.recognised.map(|(code, _)| code),
            "columns_passed_over": self.passed_columns.iter().collect::<Vec<_>>(),
            "rows_passed_over": self.passed_over,
            "dry_run": args.dry_run,
            "added": counts.added,
            "changed": counts.changed,
            "unchanged": counts.unchanged,
            "removed": counts.removed,
            "left": counts.left,
            "bad": self.bad_rows,
        })
    }

    fn print_counts(
        &self,
        out: &mut dyn Write,
        args: &ImportArgs,
        counts: &Counts,
    ) -> io::Result<()> {
        if args.strict && self.has_bad_rows() {
            writeln!(out, "{} bad: nothing was changed", self.bad_rows)?;
            return self.print_columns(out);
        }

        if args.dry_run {
            write!(out, "Nothing was changed. Without --dry-run: ")?;
        }
        write!(
            out,
            "{} added, {} changed, {} unchanged",
            counts.added, counts.changed, counts.unchanged
        )?;
        if args.replace {
            write!(out, ", {} removed", counts.removed)?;
        }
        if self.has_bad_rows() {
            write!(out, ", {} bad", self.bad_rows)?;
        }
        writeln!(out)?;
        self.print_columns(out)?;

        if counts.left > 0 {
            let keys = text::count(counts.left, "key");
            writeln!(
                out,
                "Left as they are: {keys} under product: that other programs use"
            )?;
        }
        if args.replace && self.has_bad_rows() {
            writeln!(
                out,
                "Nothing was removed, since not all products of the file could be read"
            )?;
        } else if args.replace && self.rows == 0 {
            writeln!(out, "Nothing was removed, since the file has no products")?;
        }
        Ok(())
    }

    /// Says which export was recognised, and what was passed over.
    fn print_columns(&self, out: &mut dyn Write) -> io::Result<()> {
        if let Some((_, name)) = self.recognised {
            writeln!(out, "The file was read as a product export of {name}")?;
        }

        if self.passed_over > 0 {
            let reason = match self.passed_over {
                1 => "only heads its variants, or isn't for sale",
                _ => "only head their variants, or aren't for sale",
            };
            let rows = text::count(self.passed_over, "row");
            writeln!(out, "Passed over: {rows} that {reason}")?;
        }

        if !self.passed_columns.is_empty() {
            let columns = text::count(self.passed_columns.len() as u64, "column");
            let names = listed(self.passed_columns.iter());
            let message = format!("Passed over: {columns} ({names})");
            writeln!(out, "{}", text::shown(&message))?;
        }

        Ok(())
    }
}
