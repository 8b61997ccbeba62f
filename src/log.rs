//! What happens, written to a file where that is asked for; the last of it is always kept,
//! for a crash report. Nothing of it reaches the screen.

use std::collections::VecDeque;
use std::fmt::{Debug, Write};
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Mutex;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

/// The events kept for a crash report.
const KEPT: usize = 60;

static RECENT: Mutex<VecDeque<String>> = Mutex::new(VecDeque::new());

/// Begins: with a file, everything of this level and above is added to it.
///
/// # Errors
/// Where the file can't be written.
pub fn start(file: Option<(&Path, Level)>) -> std::io::Result<()> {
    let file = match file {
        None => None,
        Some((path, level)) => {
            // What one does in a shop is nobody else's business.
            let file = OpenOptions::new()
                .create(true)
                .append(true)
                .mode(0o600)
                .open(path)?;
            let layer = tracing_subscriber::fmt::layer()
                .with_ansi(false)
                .with_target(false);
            Some(
                layer
                    .with_writer(Mutex::new(file))
                    .with_filter(LevelFilter::from_level(level)),
            )
        }
    };
    let recent = Recent.with_filter(LevelFilter::INFO);
    // Begun already: that is only so in tests.
    let _ = tracing_subscriber::registry()
        .with(recent)
        .with(file)
        .try_init();
    Ok(())
}

/// The last events, oldest first.
#[must_use]
pub fn recent() -> Vec<String> {
    // Never waits: it is asked for in a panic.
    RECENT
        .try_lock()
        .map(|events| events.iter().cloned().collect())
        .unwrap_or_default()
}

struct Recent;

impl<S: Subscriber> Layer<S> for Recent {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut line = Line(format!(
            "{} {:5}",
            jiff::Timestamp::now(),
            event.metadata().level()
        ));
        event.record(&mut line);
        if let Ok(mut events) = RECENT.lock() {
            if events.len() >= KEPT {
                events.pop_front();
            }
            events.push_back(line.0);
        }
    }
}

/// An event as a line of text.
struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        // Writing to a string does not fail.
        let _ = match field.name() {
            "message" => write!(self.0, " {value:?}"),
            name => write!(self.0, " {name}={value:?}"),
        };
    }
}
