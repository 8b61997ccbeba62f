//! Ends a command early on a signal, but not before it has tidied up.

use crate::cli::error::CliError;
use crate::tui::terminal::signals::{ignored_signals, leave_to_others};
use std::io;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Does `work`, unless a signal that ends programs comes first: then what `work` holds is
/// dropped, and the program ends by that signal as if nobody had caught it.
pub(super) async fn or_tidy<T>(
    work: impl Future<Output = Result<T, CliError>>,
) -> Result<T, CliError> {
    let ignored = ignored_signals();
    let mut hangup = listen(SignalKind::hangup(), ignored)?;
    let mut interrupt = listen(SignalKind::interrupt(), ignored)?;
    let mut terminate = listen(SignalKind::terminate(), ignored)?;

    let signal = tokio::select! {
        result = work => return result,
        () = next(&mut hangup) => SignalKind::hangup(),
        () = next(&mut interrupt) => SignalKind::interrupt(),
        () = next(&mut terminate) => SignalKind::terminate(),
    };

    // A shell must see which signal it was, or the loop around this command would go on.
    signal_hook::low_level::emulate_default_handler(signal.as_raw_value())?;
    Err(CliError::Output(io::ErrorKind::Interrupted.into()))
}

/// Listens for a signal, unless it is among the `ignored` ones.
fn listen(kind: SignalKind, ignored: u64) -> io::Result<Option<Signal>> {
    let is_ignored = ignored >> (kind.as_raw_value() - 1) & 1 == 1;
    if is_ignored {
        return Ok(None);
    }
    leave_to_others(kind);
    signal(kind).map(Some)
}

async fn next(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => std::future::pending().await,
    }
}
