//! Importing a million products by the real program, beside `redis-cli --pipe` with the same
//! rows as commands, in alternation on the same server.
//!
//! `cargo bench --bench import` (needs redis-server and redis-cli; fewer rows:
//! `TROLLEY_ROWS=100000`).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a benchmark may fail"
)]

#[path = "../harness/mod.rs"]
mod harness;

use harness::{Server, trolley};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const ROUNDS: usize = 3;

fn main() {
    let rows: usize = std::env::var("TROLLEY_ROWS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(1_000_000);
    let server = Server::start_with("redis-server", &["--appendonly", "no"]);
    let (csv, resp) = (
        server.dir().join("rows.csv"),
        server.dir().join("rows.resp"),
    );
    write_rows(rows, &csv, &resp);
    let (mut ours, mut theirs, mut peak, mut small) = (Vec::new(), Vec::new(), 0, 0);
    for round in 1..=ROUNDS {
        server.cmd("FLUSHALL");
        let started = Instant::now();
        let pipe = Command::new("redis-cli")
            .args(["-s", server.socket().to_str().unwrap(), "--pipe"])
            .stdin(File::open(&resp).unwrap())
            .stdout(Stdio::null())
            .status()
            .unwrap();
        theirs.push(started.elapsed());
        assert!(pipe.success() && server.get("ZCARD catalog") == rows.to_string());
        let expected = server.digest_of("product:p0000777");
        server.cmd("FLUSHALL");
        let started = Instant::now();
        peak = peak.max(import(&server, &csv));
        ours.push(started.elapsed());
        assert_eq!(server.get("ZCARD catalog"), rows.to_string());
        assert_eq!(server.digest_of("product:p0000777"), expected);
        println!(
            "round {round}: redis-cli --pipe {:.2?}, trolley import {:.2?}",
            theirs[round - 1],
            ours[round - 1]
        );
    }
    // Once more, with everything there already.
    let started = Instant::now();
    import(&server, &csv);
    let again = started.elapsed();
    let tenth = server.dir().join("tenth.csv");
    write_rows(rows / 10, &tenth, &resp);
    small = small.max(import(&server, &tenth));
    let (ours, theirs) = (median(ours), median(theirs));
    println!(
        "median of {ROUNDS}, {rows} rows of 4 fields: redis-cli --pipe {theirs:.2?}, trolley import {ours:.2?}, ratio {:.2}",
        ours.as_secs_f64() / theirs.as_secs_f64()
    );
    println!("the same file again (nothing changes): {again:.2?}");
    println!("most memory: {peak} kB; with a tenth of the rows {small} kB");
}

/// Imports, and returns the most memory that it had in kB.
fn import(server: &Server, csv: &Path) -> u64 {
    let child = trolley(
        server.dir(),
        &["--redis", server.url(), "import", csv.to_str().unwrap()],
    )
    .stdout(Stdio::null())
    .spawn()
    .unwrap();
    harness::peak(child)
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// The same rows as CSV and as commands.
fn write_rows(rows: usize, csv: &Path, resp: &Path) {
    let mut csv = BufWriter::new(File::create(csv).unwrap());
    let mut resp = BufWriter::new(File::create(resp).unwrap());
    writeln!(csv, "id,name,price,category,unit").unwrap();
    for n in 0..rows {
        let (id, name) = (format!("p{n:07}"), format!("Product number {n}"));
        let (price, category) = (
            format!("{}.{:02}", n % 500, n % 100),
            format!("Category {}", n % 40),
        );
        writeln!(csv, "{id},{name},{price},{category},each").unwrap();
        let key = format!("product:{id}");
        let set = [
            "HSET", &key, "name", &name, "price", &price, "category", &category, "unit", "each",
        ];
        command(&mut resp, &set);
        command(&mut resp, &["ZADD", "catalog", "0", &id]);
    }
    csv.flush().unwrap();
    resp.flush().unwrap();
}

fn command(out: &mut impl Write, words: &[&str]) {
    write!(out, "*{}\r\n", words.len()).unwrap();
    for word in words {
        write!(out, "${}\r\n{word}\r\n", word.len()).unwrap();
    }
}
