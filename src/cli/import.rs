//! `trolley import FILE|-`

use super::{CliError, connect};
use crate::catalog_file;
use crate::catalog_file::{BadRow, FileError, Format, ParsedRow, ProductRow};
use crate::cli::output::Output;
use crate::config::Settings;
use crate::model::text;
use crate::store::catalog::import::{Counts, Import, Options};
use crate::store::{Connection, Error};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use std::fs::File;
use std::io::{self, IsTerminal, Seek, Write};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::process::ExitCode;
use tokio::sync::mpsc;

/// Items that wait between the reading of the file and the storing.
const WAITING: usize = 4;
/// Items handed over at once.
const CHUNK: usize = 256;

/// What to import.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// The file, or - for standard input
    file: PathBuf,
    /// How it is written; without this, its name or its first byte tells
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,
    /// Change nothing where any product of the file is bad
    #[arg(long)]
    strict: bool,
    /// Remove the products that the file lacks; not where any product is bad
    #[arg(long)]
    replace: bool,
}

/// Imports products. The status is 1 where any was bad.
pub async fn run(
    args: ImportArgs,
    settings: &Settings,
    output: &Output,
) -> Result<ExitCode, CliError> {
    let format = args.format.or_else(|| Format::of(&args.file));
    let named = |failure| match failure {
        CliError::File(FileError::Read(error)) => CliError::path("read", &args.file, &error),
        other => other,
    };
    let mut source = Source::open(&args).map_err(|error| named(error.into()))?;
    let mut connection = connect::enter_bare(settings).await?;
    let mut report = Report {
        bar: source.bar(),
        bad: 0,
        output,
        rows: 0,
    };
    let mut counts = Counts::default();
    let mut result = Ok(());
    if args.strict {
        let dry = Options {
            dry: true,
            replace: false,
        };
        result = pass(&mut connection, source.again()?, format, dry, &mut report)
            .await
            .map(|_| ());
        report.bar.reset();
    }
    if result.is_ok() && (!args.strict || report.bad == 0) {
        let options = Options {
            dry: false,
            replace: args.replace,
        };
        result = pass(
            &mut connection,
            source.again()?,
            format,
            options,
            &mut report,
        )
        .await
        .map(|counted| counts = counted);
    }
    report.bar.finish_and_clear();
    if let Err(CliError::Store(Error::Trouble(trouble))) = &result
        && trouble.is_transient()
    {
        report.complain("The import broke off; running it again completes it")?;
    }
    result.map_err(named)?;
    report.finish(&args, counts)?;
    Ok(if report.bad == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Where the products come from.
enum Source {
    File(File),
    Stdin,
}

impl Source {
    fn open(args: &ImportArgs) -> Result<Source, FileError> {
        if args.file.as_os_str() != "-" {
            return Ok(Source::File(File::open(&args.file)?));
        }
        if !args.strict {
            return Ok(Source::Stdin);
        }
        // It is read twice.
        let mut spool = tempfile::tempfile()?;
        io::copy(&mut io::stdin().lock(), &mut spool)?;
        Ok(Source::File(spool))
    }

    /// From the start.
    fn again(&mut self) -> Result<Source, FileError> {
        Ok(match self {
            Source::File(file) => {
                // A pipe can't, and is read from where it is.
                let _ = file.rewind();
                Source::File(file.try_clone()?)
            }
            Source::Stdin => Source::Stdin,
        })
    }

    /// A progress bar; it shows on a terminal only.
    fn bar(&self) -> ProgressBar {
        if !io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let length = match self {
            Source::File(file) => file
                .metadata()
                .ok()
                .filter(std::fs::Metadata::is_file)
                .map(|file| file.len()),
            Source::Stdin => None,
        };
        let (bar, look) = match length {
            Some(length) => (
                ProgressBar::new(length),
                "{bar:30} {percent:>3} %  {bytes} of {total_bytes}  {msg}  {eta} left",
            ),
            None => (ProgressBar::new_spinner(), "{spinner} {bytes}  {msg}"),
        };
        bar.set_style(
            ProgressStyle::with_template(look).unwrap_or_else(|_| ProgressStyle::default_bar()),
        );
        bar
    }
}

/// Reads the file once and stores what it holds.
async fn pass(
    connection: &mut Connection,
    source: Source,
    format: Option<Format>,
    options: Options,
    report: &mut Report<'_>,
) -> Result<Counts, CliError> {
    let (sender, mut items) = mpsc::channel(WAITING);
    let bar = report.bar.clone();
    let reading = std::thread::spawn(move || match source {
        Source::File(file) => hand_over(bar.wrap_read(file), format, &sender),
        Source::Stdin => hand_over(bar.wrap_read(io::stdin().lock()), format, &sender),
    });
    let mut import = Import::new(connection, options);
    while let Some(chunk) = items.recv().await {
        for item in chunk {
            match item {
                ParsedRow::Product(row) => {
                    report.row();
                    report.bad(import.put(row).await?)?;
                }
                ParsedRow::Bad(bad) => report.bad(vec![bad])?,
            }
        }
    }
    // It ended with the channel; a thread that panicked has told so itself.
    let read = reading
        .join()
        .unwrap_or_else(|_| Err(io::Error::other("the reader died").into()));
    let (counts, bad) = import.finish(read.is_ok() && report.bad == 0).await?;
    report.bad(bad)?;
    match read {
        Ok(()) => Ok(counts),
        // What came before it is stored.
        Err(FileError::Broken { line, flaw }) => {
            report.bad(vec![BadRow { line, flaw }])?;
            report.complain("The rest of the file was not read")?;
            Ok(counts)
        }
        Err(error) => Err(error.into()),
    }
}

fn hand_over(
    source: impl io::Read,
    format: Option<Format>,
    sender: &mpsc::Sender<Vec<ParsedRow>>,
) -> Result<(), FileError> {
    let mut chunk = Vec::with_capacity(CHUNK);
    let mut waits = 0;
    let read = catalog_file::read(source, format, |item| {
        waits += weight(&item);
        chunk.push(item);
        if chunk.len() < CHUNK && waits < catalog_file::LONGEST {
            return ControlFlow::Continue(());
        }
        waits = 0;
        // It fails where the storing has ended already.
        match sender.blocking_send(std::mem::replace(&mut chunk, Vec::with_capacity(CHUNK))) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    });
    let _ = sender.blocking_send(chunk);
    read
}

fn weight(item: &ParsedRow) -> usize {
    match item {
        ParsedRow::Product(ProductRow { fields, .. }) => {
            fields.iter().flatten().map(String::len).sum()
        }
        ParsedRow::Bad(_) => 0,
    }
}

/// What is told while an import runs, and at its end.
struct Report<'a> {
    bar: ProgressBar,
    output: &'a Output,
    bad: u64,
    rows: u64,
}

impl Report<'_> {
    fn row(&mut self) {
        self.rows += 1;
        if self.rows.is_multiple_of(CHUNK as u64) {
            self.bar.set_message(format!("{} products", self.rows));
        }
    }

    /// Tells of bad rows as they come, since there may be a million.
    fn bad(&mut self, rows: Vec<BadRow>) -> io::Result<()> {
        for BadRow { line, flaw } in rows {
            self.bad += 1;
            let (json, flaw) = (self.output.is_json(), flaw.to_string());
            self.bar.suspend(|| {
                let mut out = io::stderr().lock();
                match json {
                    true => writeln!(
                        out,
                        "{}",
                        json!({ "bad": { "line": line, "reason": flaw } })
                    ),
                    false => writeln!(out, "line {line}: {flaw}"),
                }
            })?;
        }
        Ok(())
    }

    /// Tells that something is missing, to people; programs see it by the status.
    fn complain(&self, said: &str) -> io::Result<()> {
        if self.output.is_json() {
            Ok(())
        } else {
            writeln!(io::stderr(), "{said}")
        }
    }

    fn finish(&self, args: &ImportArgs, counts: Counts) -> io::Result<()> {
        let refused = args.strict && self.bad > 0;
        let kept = args.replace && self.bad > 0;
        let program = || {
            json!({
                "file": text::sanitize(args.file.as_os_str().as_encoded_bytes()),
                "added": counts.added,
                "changed": counts.changed,
                "unchanged": counts.unchanged,
                "removed": counts.removed,
                "bad": self.bad,
            })
        };
        self.output.result(program, |out| {
            if refused {
                return writeln!(out, "{} bad: nothing was changed", self.bad);
            }
            let Counts {
                added,
                changed,
                unchanged,
                removed,
                ..
            } = counts;
            write!(
                out,
                "{added} added, {changed} changed, {unchanged} unchanged"
            )?;
            if args.replace {
                write!(out, ", {removed} removed")?;
            }
            if self.bad > 0 {
                write!(out, ", {} bad", self.bad)?;
            }
            writeln!(out)?;
            if args.replace && self.bad == 0 && self.rows == 0 {
                writeln!(out, "Nothing was removed, since the file has no products")?;
            }
            if kept {
                writeln!(
                    out,
                    "Nothing was removed, since not all products of the file could be read"
                )?;
            }
            Ok(())
        })
    }
}
