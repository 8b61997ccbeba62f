//! `trolley import FILE|-`: products, or a backup of orders.

mod orders;
mod report;
mod source;

use super::connect;
use super::error::{CliError, FileAccess, usage_error};
use super::output::Output;
use crate::catalog_file::{BadRow, ColumnRules, FileError, Format, ParsedRow};
use crate::config::Settings;
use crate::store::catalog::import::{Counts, Import, Options};
use crate::store::{Connection, Error};
use clap::Args;
use report::{ImportReport, complain};
use source::{FileKind, ImportSource, RowReader};
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(super) struct ImportArgs {
    /// The file, or - for standard input
    file: PathBuf,
    /// The format of the file [default: by its name or its first byte]
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,
    /// Change nothing if any product or order in the file is bad
    #[arg(long)]
    strict: bool,
    /// Remove products that are not in the file, unless any product in it is bad
    #[arg(long)]
    replace: bool,
    /// The field that a column of the file is; may be given several times
    #[arg(long, value_name = "COLUMN=FIELD")]
    map: Vec<String>,
    /// Pass over columns with unknown names
    #[arg(long)]
    ignore_unknown: bool,
    /// Say what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Restore the orders of a file that export --orders wrote, in a shop without orders
    #[arg(long, conflicts_with_all = ["format", "replace", "map", "ignore_unknown"])]
    orders: bool,
}

/// Imports products or orders. The status is 1 where any was bad.
pub(super) async fn run(
    args: &ImportArgs,
    settings: &Settings,
    output: &Output,
) -> Result<ExitCode, CliError> {
    if args.orders {
        return orders::run(args, settings, output).await;
    }

    let rules = ColumnRules::new(&args.map, args.ignore_unknown)
        .map_err(|flaw| usage_error("map", flaw.to_string()))?;
    let source = ImportSource::open(&args.file, args.strict);
    let mut source = source.map_err(|error| with_file(error.into(), args))?;
    let mut connection = connect::open_empty_shop(settings).await?;
    let mut report = ImportReport::new(source.progress_bar(), output);

    let result = import(args, &rules, &mut source, &mut connection, &mut report).await;
    report.end_progress();
    if let Err(failure) = &result {
        tell_if_broken_off(failure, output)?;
    }
    let counts = result.map_err(|failure| with_file(failure, args))?;

    report.print_result(args, &counts)?;
    Ok(if report.has_bad_rows() {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// The sentence for people where the connection broke.
const BROKEN_OFF: &str = "The import was interrupted: run it again to complete it";

/// Says to people where the connection broke: the same import may well go on later.
fn tell_if_broken_off(failure: &CliError, output: &Output) -> io::Result<()> {
    if let CliError::Store(Error::Trouble(trouble)) | CliError::Unknown { trouble, .. } = failure
        && trouble.is_transient()
    {
        complain(output, BROKEN_OFF)?;
    }
    Ok(())
}

/// A failure to read, with the name of the file.
fn with_file(failure: CliError, args: &ImportArgs) -> CliError {
    match failure {
        CliError::File(FileError::Read(error)) => {
            CliError::path(FileAccess::Read, &args.file, &error)
        }
        other => other,
    }
}

/// Imports the file; a strict import checks all of it first.
async fn import(
    args: &ImportArgs,
    rules: &ColumnRules,
    source: &mut ImportSource,
    connection: &mut Connection,
    report: &mut ImportReport,
) -> Result<Counts, CliError> {
    let file = FileKind {
        format: args.format.or_else(|| Format::of(&args.file)),
        rules: rules.clone(),
    };

    if args.strict {
        let check = Options {
            dry: true,
            replace: false,
        };
        pass(connection, source.rewound()?, file.clone(), check, report).await?;
        report.restart();
        if report.has_bad_rows() {
            return Ok(Counts::default());
        }
    }

    let options = Options {
        dry: args.dry_run,
        replace: args.replace,
    };
    pass(connection, source.rewound()?, file, options, report).await
}

/// Reads the file once and stores the products in it.
async fn pass(
    connection: &mut Connection,
    source: ImportSource,
    file: FileKind,
    options: Options,
    report: &mut ImportReport,
) -> Result<Counts, CliError> {
    let mut reader = RowReader::start(source, file, report.progress());
    let mut import = Import::new(connection, options);
    while let Some(rows) = reader.next().await {
        for row in rows {
            match row {
                ParsedRow::Product(row) => {
                    report.count_row();
                    report.print_bad(import.put(row).await?)?;
                }
                ParsedRow::Bad(bad) => report.print_bad(vec![bad])?,
                ParsedRow::Columns(facts) => report.note_columns(facts),
                ParsedRow::PassedOver => report.count_passed_over(),
            }
        }
    }

    // Products that the file lacks are removed only where all of it could be read.
    let read = reader.result();
    let is_complete = read.is_ok() && !report.has_bad_rows();
    let (counts, bad) = import.finish(is_complete).await?;
    report.print_bad(bad)?;

    match read {
        Ok(()) => Ok(counts),
        // The rows before the broken one are stored.
        Err(FileError::Broken { line, flaw }) => {
            report.print_bad(vec![BadRow { line, flaw }])?;
            report.complain("The rest of the file was not read")?;
            Ok(counts)
        }
        Err(error) => Err(error.into()),
    }
}
