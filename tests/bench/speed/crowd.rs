//! 200 terminals on one cart: one changes, and all are to show it.

use super::harness::{Server, TROLLEY, Terminal, shop_sized};
use super::{ms, percentile, row};
use std::time::{Duration, Instant};

const TERMINALS: usize = 200;
const ROUNDS: u32 = 15;

pub fn run() {
    let server = Server::with_demo();
    let mut one = shop_sized(&server, "office", "ann", 80, 24);
    one.wait("64 products");
    let args = [
        "--redis",
        server.url(),
        "--user",
        "office",
        "--theme",
        "dark",
    ];
    let open = || {
        Terminal::builder(TROLLEY)
            .args(&args)
            .size(80, 24)
            .home(server.dir())
            .open()
    };
    let all: Vec<Terminal> = (0..TERMINALS).map(|_| open()).collect();
    for terminal in &all {
        terminal.wait("64 products");
    }
    let mut last = Vec::new();
    let mut each = Vec::new();
    // At the first change of all, each of them writes down that the hint of a first start was seen:
    // that is once for a home, and no round.
    for round in 0..=ROUNDS {
        // All are done with the round before, highlights and all.
        std::thread::sleep(Duration::from_secs(4));
        let marks: Vec<usize> = all.iter().map(|terminal| terminal.raw().len()).collect();
        let began = Instant::now();
        one.send(b"a");
        let shown = format!("│{} items? ", round + 1);
        for terminal in &all {
            terminal.wait(&shown);
        }
        if round == 0 {
            continue;
        }
        let spans: Vec<Duration> = all
            .iter()
            .zip(&marks)
            .map(|(terminal, mark)| {
                terminal
                    .first_after(*mark)
                    .unwrap()
                    .saturating_duration_since(began)
            })
            .collect();
        last.push(*spans.iter().max().unwrap());
        each.extend(spans);
    }
    row(
        "200 terminals on one cart, one changes",
        &format!(
            "a terminal p50 {}, p99 {}; the last of 200 p50 {}",
            ms(percentile(&each, 0.5)),
            ms(percentile(&each, 0.99)),
            ms(percentile(&last, 0.5))
        ),
    );
}
