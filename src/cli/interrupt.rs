//! Ending a command early, but not before it has tidied up.

use super::CliError;
use std::io;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Does `work`, unless a signal that ends programs comes first: then what `work` holds is
/// dropped, and the program ends by that signal as if nobody had caught it.
pub async fn or_tidy<T>(work: impl Future<Output = Result<T, CliError>>) -> Result<T, CliError> {
    let ignored = ignored();
    let listen = |kind: SignalKind| match ignored >> (kind.as_raw_value() - 1) & 1 {
        0 => signal(kind).map(Some),
        _ => Ok(None),
    };
    let mut hangup = listen(SignalKind::hangup())?;
    let mut interrupt = listen(SignalKind::interrupt())?;
    let mut terminate = listen(SignalKind::terminate())?;
    let asked = tokio::select! {
        done = work => return done,
        () = next(&mut hangup) => SignalKind::hangup(),
        () = next(&mut interrupt) => SignalKind::interrupt(),
        () = next(&mut terminate) => SignalKind::terminate(),
    };
    // A shell must see what it was, or the loop around this command would go on.
    signal_hook::low_level::emulate_default_handler(asked.as_raw_value())?;
    Err(CliError::Output(io::ErrorKind::Interrupted.into()))
}

async fn next(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => std::future::pending().await,
    }
}

/// The signals that whoever started us wants ignored (`nohup`, a script's background), as bits.
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or(0)
}
