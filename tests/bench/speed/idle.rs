//! A minute of nothing, with a cart and a countdown.

use super::harness::{Server, shop_sized};
use super::row;
use rustix::process::Pid;
use std::time::Duration;

pub const SPAN: Duration = Duration::from_secs(60);

pub fn run() {
    let server = Server::with_demo();
    super::harness::ok(&server, &["--user", "office", "add", "espresso", "2"]);
    let shop = shop_sized(&server, "office", "ann", 120, 36);
    shop.wait("2 items ");
    let [part] = part_of_a_core([shop.pid()]);
    row(
        "idle for 60 s with a cart and a countdown",
        &format!("{part:.3} % of one core"),
    );
    let status =
        std::fs::read_to_string(format!("/proc/{}/status", shop.pid().as_raw_pid())).unwrap();
    let resident = status
        .lines()
        .find(|line| line.starts_with("VmRSS"))
        .unwrap();
    let kilobytes: f64 = resident.split_whitespace().nth(1).unwrap().parse().unwrap();
    row(
        "resident memory with the demo catalog",
        &format!("{:.1} MB", kilobytes / 1000.0),
    );
}

/// The part of a core that each of these takes while nothing happens, in percent.
pub fn part_of_a_core<const N: usize>(processes: [Pid; N]) -> [f64; N] {
    // The warmth of the start is not what is measured.
    std::thread::sleep(Duration::from_secs(3));
    let before = processes.map(ticks);
    std::thread::sleep(SPAN);

    let mut parts = [0.0; N];
    for ((part, pid), before) in parts.iter_mut().zip(processes).zip(before) {
        // A tick of the kernel is 10 ms.
        let spent = (ticks(pid) - before) as f64 * 0.01;
        *part = spent / SPAN.as_secs_f64() * 100.0;
    }
    parts
}

/// The processor's time that a process has had, in ticks.
fn ticks(pid: Pid) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_pid())).unwrap();
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .unwrap()
        .split_whitespace()
        .collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}
