//! The signals that end a command which has something to end first.

use crate::tui::terminal::signals::ignored_signals;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use std::io;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that people and systems end a program by.
const KINDS: [fn() -> SignalKind; 3] = [
    SignalKind::hangup,
    SignalKind::interrupt,
    SignalKind::terminate,
];

/// The signals that end this command, without those that whoever started it wants ignored.
pub(super) struct StopSignals(Vec<(SignalKind, Signal)>);

/// A signal that came.
pub(super) struct StopSignal(SignalKind);

impl StopSignals {
    /// Begins to hear them: from now on, none ends the process by itself.
    pub(super) fn hear() -> io::Result<StopSignals> {
        let ignored = ignored_signals();
        let mut signals = Vec::new();
        for kind in KINDS.map(|kind| kind()) {
            if ignored >> (kind.as_raw_value() - 1) & 1 == 0 {
                signals.push((kind, signal(kind)?));
            }
        }
        Ok(StopSignals(signals))
    }

    /// Waits for one; for ever, where all are ignored.
    pub(super) async fn next(&mut self) -> StopSignal {
        let waiting = self.0.iter_mut().map(|(kind, signal)| async {
            signal.recv().await;
            StopSignal(*kind)
        });
        let mut waiting: FuturesUnordered<_> = waiting.collect();
        match waiting.next().await {
            Some(signal) => signal,
            None => std::future::pending().await,
        }
    }
}

impl StopSignal {
    /// Ends the program as the signal usually does.
    pub(super) fn end_program(self) -> io::Result<()> {
        signal_hook::low_level::emulate_default_handler(self.0.as_raw_value())
    }
}
