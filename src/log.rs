//! Writes events to a log file where one is asked for. Where none is, the visits of a server go to
//! stderr. The last events are always kept, for a crash report. No event reaches the screen.

use rustix::fs::OFlags;
use rustix::io::Errno;
use std::collections::VecDeque;
use std::fmt::{Debug, Write};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Mutex;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

/// The events kept for a crash report.
const MOST_RECENT: usize = 60;

/// The module whose events tell of visits.
const SERVER: &str = "trolley::serve";

static RECENT: Mutex<VecDeque<String>> = Mutex::new(VecDeque::new());

/// The events that are written to stderr where no log file is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Console {
    /// None: most commands share the terminal with what they print.
    Silent,
    /// Who comes to a server, and who leaves it.
    Visits,
}

/// Starts logging. With a file, everything of this level and above is added to it.
///
/// # Errors
/// Where the file can't be written.
pub fn start(file: Option<(&Path, Level)>, console: Console) -> io::Result<()> {
    let file_layer = match file {
        None => None,
        Some((path, level)) => Some(
            tracing_subscriber::fmt::layer()
                .with_ansi(false)
                .with_target(false)
                // They would stand in the middle of the screen.
                .log_internal_errors(false)
                .with_writer(Mutex::new(open_private(path)?))
                .with_filter(LevelFilter::from_level(level)),
        ),
    };

    let shows_visits = console == Console::Visits && file_layer.is_none();
    let console_layer = shows_visits.then(|| {
        tracing_subscriber::fmt::layer()
            .with_ansi(false)
            .with_target(false)
            .log_internal_errors(false)
            .with_writer(console::writer())
            .with_filter(filter_fn(|event| event.target().starts_with(SERVER)))
    });

    // An error means that logging has started already; that is so in tests alone.
    let _ = tracing_subscriber::registry()
        .with(RecentEvents.with_filter(LevelFilter::INFO))
        .with(file_layer)
        .with(console_layer)
        .try_init();
    Ok(())
}

/// Ends the log: what waits for stderr is written, where that takes no longer than a second.
pub(crate) fn finish() {
    console::finish();
}

/// Stderr, for a server. A terminal that is stopped, or a pipe that nobody reads, loses lines and
/// never keeps the visitors.
#[cfg(feature = "serve")]
mod console {
    use std::io;
    use std::sync::{Mutex, mpsc};
    use std::time::Duration;
    use tracing_appender::non_blocking::{NonBlocking, NonBlockingBuilder, WorkerGuard};

    /// The lines that may wait.
    const CAPACITY: usize = 4_096;

    /// The longest time for writing what waits.
    const LONGEST_FINISH: Duration = Duration::from_millis(1_200);

    /// Dropped, it writes what waits.
    static WRITER: Mutex<Option<WorkerGuard>> = Mutex::new(None);

    pub(super) fn writer() -> NonBlocking {
        let lines = NonBlockingBuilder::default().buffered_lines_limit(CAPACITY);
        let (writer, guard) = lines.lossy(true).finish(io::stderr());
        if let Ok(mut kept) = WRITER.lock() {
            *kept = Some(guard);
        }
        writer
    }

    /// The writer waits a second for a stream that takes nothing, and then says so on stdout, which
    /// may take nothing either.
    pub(super) fn finish() {
        let guard = WRITER.lock().ok().and_then(|mut kept| kept.take());
        let Some(guard) = guard else {
            return;
        };
        let (done, written) = mpsc::channel();
        // Where there is no thread for it, it is dropped here.
        let _ = std::thread::Builder::new().spawn(move || {
            drop(guard);
            // Nobody may wait for it any more.
            let _ = done.send(());
        });
        let _ = written.recv_timeout(LONGEST_FINISH);
    }
}

/// Without the server there is nothing to tell.
#[cfg(not(feature = "serve"))]
mod console {
    pub(super) fn writer() -> fn() -> std::io::Stderr {
        std::io::stderr
    }

    pub(super) fn finish() {}
}

/// Opens a log that only this user can read: a shopping list is private. A pipe never keeps the
/// program: one that nobody reads is an error, and one that is read slowly loses lines.
fn open_private(path: &Path) -> io::Result<File> {
    let at_once = OFlags::NONBLOCK.union(OFlags::NOCTTY);
    let opened = OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .custom_flags(at_once.bits().cast_signed())
        .open(path);

    match opened {
        Err(error) if error.raw_os_error() == Some(Errno::NXIO.raw_os_error()) => Err(
            io::Error::new(io::ErrorKind::BrokenPipe, "nobody reads this pipe"),
        ),
        opened => opened,
    }
}

/// The last events, oldest first.
#[must_use]
pub(crate) fn recent() -> Vec<String> {
    // This never waits for the lock, as it is called in a panic.
    RECENT
        .try_lock()
        .map(|events| events.iter().cloned().collect())
        .unwrap_or_default()
}

/// The layer that keeps the last events.
struct RecentEvents;

impl<S: Subscriber> Layer<S> for RecentEvents {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let time = jiff::Timestamp::now();
        let mut line = EventLine(format!("{time} {:5}", event.metadata().level()));
        event.record(&mut line);

        if let Ok(mut events) = RECENT.lock() {
            if events.len() >= MOST_RECENT {
                events.pop_front();
            }
            events.push_back(line.0);
        }
    }
}

/// An event as a line of text.
struct EventLine(String);

impl Visit for EventLine {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        // Writing to a string does not fail.
        let _ = match field.name() {
            "message" => write!(self.0, " {value:?}"),
            name => write!(self.0, " {name}={value:?}"),
        };
    }
}
