//! From the start of the process to the first full frame, beside `redis-cli PING` as a process.

use super::harness::{Server, TROLLEY, Terminal};
use super::{ms, percentile, ratio, row, timed};
use std::process::Command;
use std::time::Duration;

const ROUNDS: usize = 40;

pub fn run() {
    let server = Server::with_demo();
    super::harness::ok(&server, &["--user", "office", "add", "espresso", "2"]);
    let (mut ping, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let (span, output) = timed(|| {
            Command::new("redis-cli")
                .arg("-s")
                .arg(server.socket())
                .arg("PING")
                .output()
                .unwrap()
        });
        assert_eq!(output.stdout, b"PONG\n");
        ping.push(span);
        let args = ["--redis", server.url(), "--user", "office"];
        let (span, mut shop) = timed(|| {
            let shop = Terminal::builder(TROLLEY)
                .args(&args)
                .size(120, 36)
                .home(server.dir())
                .ground("1e1e/1e1e/2e2e")
                .open();
            // Products, the cart and its total: nothing more comes.
            shop.wait_until("the first full frame", |screen| {
                let text = screen.contents();
                text.contains("64 products") && text.contains("2 items") && text.contains("4.80")
            });
            shop
        });
        ours.push(span);
        shop.send(b"q");
        shop.wait_exit();
    }
    let half = |spans: &[Duration]| percentile(spans, 0.5);
    row(
        "start to the first full frame, beside redis-cli PING",
        &format!(
            "{} beside {}: {:.2}x",
            ms(half(&ours)),
            ms(half(&ping)),
            ratio(half(&ours), half(&ping))
        ),
    );
}
