//! How fast the shop is, beside what it can be compared with, in one run:
//!
//! `cargo bench --bench speed` for all parts, `cargo bench --bench speed -- frame search` for some.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a benchmark may fail"
)]

#[path = "../../harness/mod.rs"]
mod harness;

mod codes;
mod crowd;
mod frame;
mod idle;
mod keys;
mod load;
mod million;
mod orders;
mod script;
mod search;
mod staff;
mod start;

use std::time::{Duration, Instant};

/// As in the program.
#[cfg(feature = "serve")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Part = (&'static str, fn());

/// The start comes first: after parts with a million products this process is so large that
/// forking it takes longer than all that is measured.
const PARTS: [Part; 14] = [
    ("start", start::run),
    ("keys", keys::run),
    ("frame", frame::run),
    ("search", search::run),
    ("orders", orders::run),
    ("codes", codes::run),
    ("load", load::run),
    ("script", script::run),
    ("idle", idle::run),
    ("crowd", crowd::run),
    ("backup", staff::backup),
    ("today", staff::today),
    ("tickets", staff::tickets),
    ("waiting", staff::waiting),
];

fn main() {
    let asked: Vec<String> = std::env::args()
        .skip(1)
        .filter(|arg| !arg.starts_with("--"))
        .collect();
    if keys::is_trivial(&asked) || load::is_child(&asked) {
        return;
    }
    println!("| what | figure |\n| --- | --- |");
    for (_, run) in PARTS
        .iter()
        .filter(|(name, _)| asked.is_empty() || asked.iter().any(|a| a == name))
    {
        run();
    }
}

/// A row of the table.
fn row(what: &str, figure: &str) {
    println!("| {what} | {figure} |");
}

fn ms(span: Duration) -> String {
    format!("{:.2} ms", span.as_secs_f64() * 1000.0)
}

fn ratio(one: Duration, other: Duration) -> f64 {
    one.as_secs_f64() / other.as_secs_f64()
}

/// How long `work` takes.
fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let began = Instant::now();
    let done = work();
    (began.elapsed(), done)
}

/// The value below which this part of all lies.
fn percentile(spans: &[Duration], part: f64) -> Duration {
    let mut sorted = spans.to_vec();
    sorted.sort();
    sorted[((sorted.len() - 1) as f64 * part).round() as usize]
}
