//! What the tests stand on: a real server on a private socket, and the real program in a
//! real pseudo-terminal. Nothing sleeps where an event can be awaited; what is awaited has a
//! deadline, and every child starts with default signals.
#![allow(
    dead_code,
    unused_imports,
    reason = "each benchmark uses its own part of it"
)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may fail"
)]

pub mod board;
pub mod cells;
pub mod child;
pub mod cluster;
pub mod deployment;
pub mod documents;
pub mod entrance;
pub mod frame_bytes;
pub mod headless;
pub mod home;
pub mod load;
pub mod moved_clock;
pub mod order_screens;
pub mod patience;
pub mod plain;
pub mod proxy;
pub mod screens;
pub mod sentinel;
pub mod server;
pub mod shopping;
pub mod slow;
pub mod ssh;
pub mod terminal;
pub mod tls;
pub mod visitors;
pub mod watch;

pub use child::{Finish, Running, command};
pub use cluster::Cluster;
pub use entrance::Entrance;
pub use headless::Headless;
pub use home::Home;
pub use patience::{Deadline, PATIENCE, in_time, until};
pub use plain::{Plain, assert_plain};
pub use proxy::Proxy;
pub use server::Server;
pub use slow::SlowWay;
pub use ssh::Served;
pub use terminal::Terminal;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;
use std::process::{Command, Output};

/// The program under test.
pub const TROLLEY: &str = env!("CARGO_BIN_EXE_trolley");

/// A trolley command that sees no settings of the person who runs the tests.
pub fn trolley(home: &std::path::Path, args: &[&str]) -> Command {
    let mut command = command(TROLLEY);
    command
        .args(args)
        .env_clear()
        .env("HOME", home)
        .env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command
}

/// Runs one plain command on `server`.
pub fn run(server: &Server, args: &[&str]) -> Output {
    run_at(server.dir(), server.url(), args)
}

/// Runs one plain command at an address.
pub fn run_at(home: &std::path::Path, url: &str, args: &[&str]) -> Output {
    let mut all = vec!["--redis", url];
    all.extend(args);
    trolley(home, &all).finish()
}

/// [`run_at`] for a command that must succeed; returns what it prints.
pub fn ok_at(home: &std::path::Path, url: &str, args: &[&str]) -> String {
    let output = run_at(home, url, args);
    assert!(
        output.status.success(),
        "{args:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// [`run`] for a command that must succeed; returns what it prints.
pub fn ok(server: &Server, args: &[&str]) -> String {
    ok_at(server.dir(), server.url(), args)
}

/// The document that a command prints with `--json`.
pub fn document(server: &Server, args: &[&str]) -> Value {
    document_at(server.dir(), server.url(), args)
}

/// [`document`] of a command at an address.
pub fn document_at(home: &std::path::Path, url: &str, args: &[&str]) -> Value {
    let printed = ok_at(home, url, &[args, &["--json"]].concat());
    serde_json::from_str(&printed).unwrap()
}

/// [`ok`] for a command of somebody on a cart.
pub fn ok_as(server: &Server, cart: &str, name: &str, args: &[&str]) -> String {
    ok(server, &[&["--cart", cart, "--name", name], args].concat())
}

/// A time zone in which it is this hour of the day.
pub fn zone_at(hour: i8) -> String {
    let utc = TimeZone::UTC.to_datetime(Timestamp::now()).hour();
    let ahead = (hour - utc + 12).rem_euclid(24) - 12;
    // These names say by how much UTC is ahead.
    format!("Etc/GMT{:+}", -ahead)
}

/// Gives the shop a time zone where it is about noon: its day does not end while a test runs.
pub fn keep_day(server: &Server) {
    ok(server, &["shop", &format!("time_zone={}", zone_at(12))]);
}

/// The shop on `server` in a terminal.
pub fn shop(server: &Server, cart: &str, name: &str) -> Terminal {
    shop_sized(server, cart, name, 120, 36)
}

/// [`shop`] in a terminal of this size.
pub fn shop_sized(server: &Server, cart: &str, name: &str, columns: u16, rows: u16) -> Terminal {
    shop_at(server.dir(), server.url(), cart, name, (columns, rows))
}

/// The shop at an address, in a terminal of this size, with its catalog.
pub fn shop_at(
    home: &std::path::Path,
    url: &str,
    cart: &str,
    name: &str,
    size: (u16, u16),
) -> Terminal {
    let args = ["--redis", url, "--user", cart, "--name", name];
    let terminal = Terminal::builder(TROLLEY)
        .args(&args)
        .size(size.0, size.1)
        .home(home)
        .open();
    terminal.wait("● live");
    // Until then a key finds no product that it could act on.
    terminal.gone("Reading the catalog");
    terminal
}

/// The screens of the staff on `server` in a terminal of `name`, opened by this command.
pub fn staff(server: &Server, name: &str, command: &[&str]) -> Terminal {
    staff_sized(server, name, command, (120, 36))
}

/// [`staff`] in a terminal of this size.
pub fn staff_sized(server: &Server, name: &str, command: &[&str], size: (u16, u16)) -> Terminal {
    let args = [&["--redis", server.url(), "--name", name], command].concat();
    let terminal = Terminal::builder(TROLLEY)
        .args(&args)
        .size(size.0, size.1)
        .home(server.dir())
        .open();
    terminal.wait("● live");
    terminal
}

/// Waits for a program; returns the most memory that it had, in kB.
pub fn peak(mut child: std::process::Child) -> u64 {
    let status = format!("/proc/{}/status", child.id());
    let mut most = 0;
    let deadline = Deadline::start();
    // The system tells it only while the program lives.
    while child.try_wait().unwrap().is_none() {
        if deadline.left().is_zero() {
            child.kill().unwrap();
            panic!("the program has not ended within {PATIENCE:?}");
        }

        let told = std::fs::read_to_string(&status).unwrap_or_default();
        let line = told
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))
            .unwrap_or_default();
        most = line
            .trim()
            .trim_end_matches(" kB")
            .parse()
            .unwrap_or(0)
            .max(most);
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    assert!(child.wait().unwrap().success());
    most
}
