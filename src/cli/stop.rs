//! The signals that end a command which has something to end, or to tidy up, first.

use super::error::CliError;
use crate::tui::terminal::signals::{ignored_signals, leave_to_others};
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

/// Does `work`, unless a signal that ends programs comes first: then what `work` holds is
/// dropped, and the program ends by that signal as if nobody had caught it.
pub(super) async fn or_tidy<T>(
    work: impl Future<Output = Result<T, CliError>>,
) -> Result<T, CliError> {
    let mut signals = StopSignals::hear()?;
    let signal = tokio::select! {
        result = work => return result,
        signal = signals.next() => signal,
    };

    signal.end_program()?;
    Err(CliError::Output(io::ErrorKind::Interrupted.into()))
}

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
            let is_ignored = ignored >> (kind.as_raw_value() - 1) & 1 == 1;
            if !is_ignored {
                leave_to_others(kind);
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
    /// Ends the program as the signal usually does. A shell must see which signal it was, or the loop
    /// around this command would go on.
    pub(super) fn end_program(self) -> io::Result<()> {
        signal_hook::low_level::emulate_default_handler(self.0.as_raw_value())
    }
}
