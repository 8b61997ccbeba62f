//! `trolley export [FILE|-]`

use super::{CliError, connect, interrupt};
use crate::catalog_file::{Format, Writer};
use crate::cli::output::Output;
use crate::config::Settings;
use crate::model::text;
use crate::store::{Connection, Export};
use clap::Args;
use serde_json::json;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Where to, and how.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// The file, or - for standard output
    #[arg(default_value = "-")]
    file: PathBuf,
    /// How to write it; without this, the file's name tells, else CSV, or JSON with --json
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,
}

/// Exports all products, as they are stored.
pub async fn run(args: ExportArgs, settings: &Settings, output: &Output) -> Result<(), CliError> {
    let usual = if output.is_json() {
        Format::Json
    } else {
        Format::Csv
    };
    let format = args
        .format
        .or_else(|| Format::of(&args.file))
        .unwrap_or(usual);
    let mut connection = connect::open_shop(settings).await?;
    if args.file.as_os_str() == "-" || args.file == Path::new("/dev/stdout") {
        let (_, inexact) =
            write(&mut connection, format, BufWriter::new(io::stdout().lock())).await?;
        return Ok(warn(inexact, format)?);
    }
    // A link stays one: what it names is written.
    let file = std::fs::canonicalize(&args.file).unwrap_or_else(|_| args.file.clone());
    let (count, inexact) = if std::fs::metadata(&file).is_ok_and(|known| !known.is_file()) {
        // A pipe or a device can't be replaced.
        let out = File::options()
            .write(true)
            .open(&file)
            .map_err(|e| CliError::path("write", &file, &e))?;
        let written = write(&mut connection, format, BufWriter::new(out)).await;
        written.map_err(|failure| in_file(failure, &file))?
    } else {
        interrupt::or_tidy(replace(&mut connection, format, &file)).await?
    };
    warn(inexact, format)?;
    let shown = text::sanitize(args.file.as_os_str().as_encoded_bytes());
    output.result(
        || json!({ "file": shown, "products": count }),
        |out| writeln!(out, "Exported {count} products to {shown}"),
    )?;
    Ok(())
}

/// A failure to write, with the name of the file.
fn in_file(failure: CliError, file: &Path) -> CliError {
    match failure {
        CliError::Output(error) => CliError::path("write", file, &error),
        other => other,
    }
}

/// Writes all products to a file; one that was there before is replaced when all is written,
/// and not before.
async fn replace(
    connection: &mut Connection,
    format: Format,
    file: &Path,
) -> Result<(u64, u64), CliError> {
    let folder = file
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let failed = |error: io::Error| CliError::path("write", file, &error);
    let spool = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    let written = write(connection, format, BufWriter::new(spool.as_file())).await;
    let counts = written.map_err(|failure| in_file(failure, file))?;
    // A slow disk must not keep a signal waiting.
    let written = spool.as_file().try_clone().map_err(failed)?;
    let synced = tokio::task::spawn_blocking(move || written.sync_all()).await;
    synced
        .map_err(io::Error::from)
        .flatten()
        .and_then(|()| publish(spool, file))
        .map_err(failed)?;
    Ok(counts)
}

/// Puts the finished file into its place, readable as any other file.
fn publish(spool: tempfile::NamedTempFile, file: &Path) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let mask = rustix::process::umask(rustix::fs::Mode::empty());
    rustix::process::umask(mask);
    let old = std::fs::metadata(file).ok();
    let mode = old
        .as_ref()
        .map_or(0o666 & !mask.bits(), |old| old.permissions().mode());
    if let Some(old) = old {
        // Only root can give it to another owner; for anybody else it is one's own.
        let _ = std::os::unix::fs::fchown(spool.as_file(), Some(old.uid()), Some(old.gid()));
    }
    spool
        .as_file()
        .set_permissions(std::fs::Permissions::from_mode(mode))?;
    spool.persist(file).map_err(|error| error.error)?;
    Ok(())
}

/// Writes all products; returns how many, and how many values could not be written exactly.
async fn write(
    connection: &mut Connection,
    format: Format,
    out: impl Write,
) -> Result<(u64, u64), CliError> {
    let mut writer = Writer::new(out, format)?;
    let (mut export, mut count) = (Export::default(), 0);
    while let Some(products) = export.next(connection).await? {
        for (id, fields) in &products {
            writer.write(id, fields)?;
            count += 1;
        }
    }
    let inexact = writer.inexact;
    writer.finish()?;
    Ok((count, inexact))
}

/// Tells of values that are not UTF-8.
fn warn(inexact: u64, format: Format) -> io::Result<()> {
    if inexact == 0 {
        return Ok(());
    }
    let what = match format {
        Format::Csv => "kept as stored, and an import refuses them",
        Format::Json | Format::Jsonl => "marked with \u{FFFD}; CSV keeps them as they are",
    };
    let values = text::count(usize::try_from(inexact).unwrap_or(usize::MAX), "value");
    writeln!(io::stderr(), "trolley: not UTF-8: {values}, {what}")
}
