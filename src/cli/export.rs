//! `trolley export [FILE|-]`: all products, or all orders as a backup.

use super::connect;
use super::error::{CliError, FileAccess, usage_error};
use super::order_output::stored_order_json;
use super::output::{Output, OutputForm, shown_path, write_json};
use super::{stop, streams};
use crate::catalog_file::{Format, RowError, Writer, flaw_of_id, flaw_of_values};
use crate::config::Settings;
use crate::model::{OrderId, ProductId, text};
use crate::store::order::backup::OrderExport;
use crate::store::{Connection, Export};
use clap::Args;
use serde_json::json;
use std::fs::{self, File, Permissions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    /// The file, or - for standard output
    #[arg(default_value = "-")]
    file: PathBuf,
    /// The format to write [default: by the file's name, else CSV, or JSON with --json]
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,
    /// Write all orders instead, one a line, to be restored by import --orders
    #[arg(long, conflicts_with = "format")]
    orders: bool,
}

/// The things that are exported.
#[derive(Debug, Clone, Copy)]
enum Content {
    Products(Format),
    Orders,
}

/// The numbers that an export ends with.
#[derive(Debug, Default)]
struct ExportCounts {
    /// Products, or orders.
    written: u64,
    /// Values that could not be written exactly.
    inexact: u64,
    /// Products that no file can bring in, as their ids are refused; orders that can't be read.
    left_out: Flaws,
    /// Products that are written, and whose values an import refuses.
    refused: Flaws,
}

/// The number of flawed products or orders, and an example.
#[derive(Debug, Default)]
struct Flaws {
    count: u64,
    first: Option<String>,
}

impl Flaws {
    fn note(&mut self, id: &ProductId, flaw: &RowError) {
        self.count += 1;
        self.first.get_or_insert_with(|| format!("“{id}”: {flaw}"));
    }

    fn note_order(&mut self, id: &OrderId) {
        self.count += 1;
        self.first.get_or_insert_with(|| id.to_string());
    }
}

/// Exports all products, as they are stored, or all orders.
pub(super) async fn run(
    args: &ExportArgs,
    settings: &Settings,
    output: &Output,
) -> Result<(), CliError> {
    let content = if args.orders {
        Content::Orders
    } else {
        Content::Products(format(args, output)?)
    };

    let mut connection = connect::open_shop(settings).await?;
    if args.file.as_os_str() == "-" || args.file == Path::new("/dev/stdout") {
        let stdout = BufWriter::new(streams::stdout());
        let counts = write(&mut connection, content, stdout).await?;
        warn(&counts, content, output);
        return Ok(());
    }

    // A symbolic link stays one: the file that it names is written.
    let file = fs::canonicalize(&args.file).unwrap_or_else(|_| args.file.clone());
    let is_special = fs::metadata(&file).is_ok_and(|metadata| !metadata.is_file());
    let counts = if is_special {
        write_special(&mut connection, content, &file).await?
    } else {
        stop::or_tidy(replace(&mut connection, content, &file)).await?
    };
    warn(&counts, content, output);

    let shown = shown_path(&args.file);
    let (things, thing) = match content {
        Content::Products(_) => ("products", "product"),
        Content::Orders => ("orders", "order"),
    };
    output.result(
        || json!({ "file": shown, things: counts.written, "left_out": counts.left_out.count }),
        |out| {
            let written = text::count(counts.written, thing);
            writeln!(out, "Exported {written} to {shown}")
        },
    )?;
    Ok(())
}

/// The format in which products are written.
fn format(args: &ExportArgs, output: &Output) -> Result<Format, CliError> {
    if let Some(format) = args.format.or_else(|| Format::of(&args.file)) {
        return Ok(format);
    }
    checked_ending(&args.file)?;
    Ok(match output.form() {
        OutputForm::Human => Format::Csv,
        OutputForm::Json => Format::Json,
    })
}

/// Refuses a file whose name ends like one of a format that is not written, such as `.xlsx`.
fn checked_ending(file: &Path) -> Result<(), CliError> {
    let is_special = fs::metadata(file).is_ok_and(|metadata| !metadata.is_file());
    match file.extension() {
        Some(ending) if !is_special => {
            let ending = text::sanitize_to(ending.as_encoded_bytes(), 40);
            Err(usage_error(
                "file",
                format!(
                    "no format is known by the ending “.{ending}”: use .csv, .json or .jsonl, or say which with --format"
                ),
            ))
        }
        Some(_) | None => Ok(()),
    }
}

/// Writes all into a pipe or a device, which can't be replaced.
async fn write_special(
    connection: &mut Connection,
    content: Content,
    file: &Path,
) -> Result<ExportCounts, CliError> {
    let out = File::options()
        .write(true)
        .open(file)
        .map_err(|error| write_failed(file, &error))?;

    write(connection, content, BufWriter::new(out))
        .await
        .map_err(|failure| in_file(failure, file))
}

/// Writes all to a file; one that was there before is replaced when all is written,
/// and not before.
async fn replace(
    connection: &mut Connection,
    content: Content,
    file: &Path,
) -> Result<ExportCounts, CliError> {
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        Some(_) | None => Path::new("."),
    };
    let spool = NamedTempFile::new_in(folder).map_err(|error| write_failed(file, &error))?;

    let counts = write(connection, content, BufWriter::new(spool.as_file()))
        .await
        .map_err(|failure| in_file(failure, file))?;
    sync(spool.as_file())
        .await
        .and_then(|()| publish(spool, file))
        .map_err(|error| write_failed(file, &error))?;
    Ok(counts)
}

/// Waits until the file is on the disk, off this thread: a slow disk must not keep a signal
/// waiting.
async fn sync(file: &File) -> io::Result<()> {
    let file = file.try_clone()?;
    tokio::task::spawn_blocking(move || file.sync_all()).await?
}

/// Puts the finished file into its place, with the owner and the permissions of the one before,
/// else readable as any new file.
fn publish(spool: NamedTempFile, file: &Path) -> io::Result<()> {
    let mode = match fs::metadata(file) {
        Ok(before) => {
            // Only root can give it to another owner; for anybody else it is one's own.
            let _ = fchown(spool.as_file(), Some(before.uid()), Some(before.gid()));
            before.permissions().mode()
        }
        Err(_) => 0o666 & !umask(),
    };

    spool
        .as_file()
        .set_permissions(Permissions::from_mode(mode))?;
    spool.persist(file).map_err(|error| error.error)?;
    Ok(())
}

/// The permissions that new files lack. The system tells them only while they are set.
fn umask() -> u32 {
    let mask = rustix::process::umask(rustix::fs::Mode::empty());
    rustix::process::umask(mask);
    mask.bits()
}

fn write_failed(file: &Path, error: &io::Error) -> CliError {
    CliError::path(FileAccess::Write, file, error)
}

/// A failure to write, with the name of the file.
fn in_file(failure: CliError, file: &Path) -> CliError {
    match failure {
        CliError::Output(error) => write_failed(file, &error),
        other => other,
    }
}

async fn write(
    connection: &mut Connection,
    content: Content,
    out: impl Write,
) -> Result<ExportCounts, CliError> {
    match content {
        Content::Products(format) => write_products(connection, format, out).await,
        Content::Orders => write_orders(connection, out).await,
    }
}

/// Writes all orders, the newest first, each as a document on a line of its own.
async fn write_orders(
    connection: &mut Connection,
    mut out: impl Write,
) -> Result<ExportCounts, CliError> {
    let mut export = OrderExport::default();
    let mut counts = ExportCounts::default();

    while let Some(orders) = export.next(connection).await? {
        for (id, stored) in &orders {
            let Some(stored) = stored else {
                counts.left_out.note_order(id);
                continue;
            };
            write_json(&mut out, &stored_order_json(stored))?;
            counts.written += 1;
        }
    }

    out.flush()?;
    Ok(counts)
}

async fn write_products(
    connection: &mut Connection,
    format: Format,
    out: impl Write,
) -> Result<ExportCounts, CliError> {
    let mut writer = Writer::new(out, format)?;
    let mut export = Export::default();
    let mut counts = ExportCounts::default();

    while let Some(products) = export.next(connection).await? {
        for (id, fields) in &products {
            if let Some(flaw) = flaw_of_id(id) {
                counts.left_out.note(id, &flaw);
                continue;
            }
            if let Some(flaw) = flaw_of_values(fields) {
                counts.refused.note(id, &flaw);
            }
            writer.write(id, fields)?;
            counts.written += 1;
        }
    }

    counts.inexact = writer.inexact;
    writer.finish()?;
    Ok(counts)
}

/// Warns about what is not in the file, and about what an import of it will refuse.
fn warn(counts: &ExportCounts, content: Content, output: &Output) {
    match content {
        Content::Products(format) => warn_of_products(counts, format, output),
        Content::Orders => {
            if let Some(first) = &counts.left_out.first {
                let orders = text::count(counts.left_out.count, "order");
                output.warn(&format!(
                    "left out: {orders} whose records are damaged or gone, such as {first}"
                ));
            }
        }
    }
}

fn warn_of_products(counts: &ExportCounts, format: Format, output: &Output) {
    if let Some(first) = &counts.left_out.first {
        let products = text::count(counts.left_out.count, "product");
        output.warn(&format!(
            "left out: {products} with an id that an import refuses, such as {first} (import --replace of this file would delete them)"
        ));
    }

    if let Some(first) = &counts.refused.first {
        let products = text::count(counts.refused.count, "product");
        output.warn(&format!(
            "written as stored: {products} that an import refuses until they are mended, such as {first}"
        ));
    }

    if counts.inexact > 0 {
        let values = text::count(counts.inexact, "value");
        let what = match format {
            Format::Csv => "kept as stored, and an import refuses them",
            Format::Json | Format::Jsonl => "marked with \u{FFFD}; CSV keeps them as they are",
        };
        output.warn(&format!("not UTF-8: {values}, {what}"));
    }
}
