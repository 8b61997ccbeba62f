//! Reads the rows of a file on a thread of its own, ahead of the storing.

use crate::catalog_file::{self, ColumnRules, FileError, Format, ParsedRow, ProductRow};
use crate::cli::streams;
use indicatif::{ProgressBar, ProgressStyle};
use std::fs::{File, Metadata};
use std::io::{self, IsTerminal, Read, Seek};
use std::ops::ControlFlow;
use std::path::Path;
use std::thread::JoinHandle;
use tokio::sync::mpsc;

/// The chunks of rows that wait between the reading and the storing.
const CHUNKS_AHEAD: usize = 4;
/// The rows of a chunk.
const CHUNK_ROWS: usize = 256;

/// The way in which a file is read.
#[derive(Debug, Clone)]
pub(super) struct FileKind {
    pub(super) format: Option<Format>,
    pub(super) rules: ColumnRules,
}

/// The file or stream that the products or orders come from.
pub(super) enum ImportSource {
    File(File),
    Stdin,
}

impl ImportSource {
    /// Opens a file, or standard input; a pipe can be read only once, so it is copied where it is
    /// read twice.
    pub(super) fn open(path: &Path, is_read_twice: bool) -> Result<ImportSource, FileError> {
        if path.as_os_str() != "-" {
            let mut file = File::open(path)?;
            return if is_read_twice && !file.metadata()?.is_file() {
                ImportSource::spool(&mut file)
            } else {
                Ok(ImportSource::File(file))
            };
        }

        if is_read_twice {
            ImportSource::spool(&mut streams::stdin())
        } else {
            Ok(ImportSource::Stdin)
        }
    }

    /// Copies a stream into a file that has no name and goes with the program.
    fn spool(stream: &mut impl Read) -> Result<ImportSource, FileError> {
        let mut spool = tempfile::tempfile()?;
        io::copy(stream, &mut spool)?;
        Ok(ImportSource::File(spool))
    }

    /// The same source from its start.
    pub(super) fn rewound(&mut self) -> Result<ImportSource, FileError> {
        match self {
            ImportSource::File(file) => {
                // A pipe can't be rewound. It is read once, from where it is.
                let _ = file.rewind();
                Ok(ImportSource::File(file.try_clone()?))
            }
            ImportSource::Stdin => Ok(ImportSource::Stdin),
        }
    }

    /// A progress bar; it shows on a terminal only.
    pub(super) fn progress_bar(&self) -> ProgressBar {
        if !io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }

        let length = match self {
            ImportSource::File(file) => file
                .metadata()
                .ok()
                .filter(Metadata::is_file)
                .map(|file| file.len()),
            ImportSource::Stdin => None,
        };
        let (bar, template) = match length {
            Some(length) => (
                ProgressBar::new(length),
                "{bar:30} {percent:>3} %  {bytes} of {total_bytes}  {msg}  {eta} left",
            ),
            None => (ProgressBar::new_spinner(), "{spinner} {bytes}  {msg}"),
        };
        let style =
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        bar.with_style(style)
    }
}

impl Read for ImportSource {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            ImportSource::File(file) => file.read(buffer),
            ImportSource::Stdin => streams::stdin().read(buffer),
        }
    }
}

/// A thread that reads rows, and the chunks of them that it has read.
pub(super) struct RowReader {
    thread: JoinHandle<Result<(), FileError>>,
    chunks: mpsc::Receiver<Vec<ParsedRow>>,
}

impl RowReader {
    /// Starts reading; `progress` counts the bytes.
    pub(super) fn start(source: ImportSource, kind: FileKind, progress: ProgressBar) -> RowReader {
        let (sender, chunks) = mpsc::channel(CHUNKS_AHEAD);
        let thread =
            std::thread::spawn(move || read_rows(progress.wrap_read(source), &kind, &sender));

        RowReader { thread, chunks }
    }

    /// The next rows; `None` at the end of what can be read.
    pub(super) async fn next(&mut self) -> Option<Vec<ParsedRow>> {
        self.chunks.recv().await
    }

    /// The end of the reading, for which [`next`](Self::next) has waited.
    pub(super) fn result(self) -> Result<(), FileError> {
        self.thread
            .join()
            // A thread that panicked has said so itself.
            .unwrap_or_else(|_| Err(io::Error::other("the reader died").into()))
    }
}

/// Reads rows and sends them in chunks.
fn read_rows(
    source: impl Read,
    kind: &FileKind,
    sender: &mpsc::Sender<Vec<ParsedRow>>,
) -> Result<(), FileError> {
    let mut chunk = Vec::with_capacity(CHUNK_ROWS);
    let mut bytes = 0;
    let result = catalog_file::read(source, kind.format, &kind.rules, |row| {
        bytes += size(&row);
        chunk.push(row);
        if chunk.len() < CHUNK_ROWS && bytes < catalog_file::LONGEST {
            return ControlFlow::Continue(());
        }

        bytes = 0;
        let full = std::mem::replace(&mut chunk, Vec::with_capacity(CHUNK_ROWS));
        match sender.blocking_send(full) {
            Ok(()) => ControlFlow::Continue(()),
            // The storing has ended already.
            Err(_) => ControlFlow::Break(()),
        }
    });

    let _ = sender.blocking_send(chunk);
    result
}

/// The bytes of a row's values.
fn size(row: &ParsedRow) -> usize {
    match row {
        ParsedRow::Product(ProductRow { fields, .. }) => {
            fields.iter().flatten().map(String::len).sum()
        }
        ParsedRow::Bad(_) | ParsedRow::Columns(_) | ParsedRow::PassedOver => 0,
    }
}
