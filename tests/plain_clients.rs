//! Random commands of any client between trolley's own changes: two terminals and a watch come to
//! show what is there.
//!
//! Longer: `TROLLEY_ROUNDS=200 cargo test --test suite plain_clients:: -- --nocapture`

use crate::harness;

use harness::watch::Watch;
use harness::{Deadline, Server, Terminal, run, shop};
use redis::Value;
use std::collections::BTreeMap;

const META: &str = "{cart:alice}:meta";
const LOG: &str = "{cart:alice}:log";

/// Random numbers that a seed repeats.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) % limit
    }
}

const PRODUCTS: [&str; 4] = ["alpha", "beta", "gamma", "delta"];

fn fill(server: &Server) {
    for product in PRODUCTS {
        server.cmd(&format!("HSET product:{product} name {product} price 1.00"));
    }
    server.cmd("PUBLISH catalog-updates *");
}

/// What DUMP gave for the cart and its history at one time.
type Copy = [(&'static str, Option<Vec<u8>>); 3];

/// Writes something with the commands that any client has.
fn write_plainly(server: &Server, dice: &mut Dice, copies: &mut Vec<Copy>) {
    let product = PRODUCTS[usize::try_from(dice.below(4)).unwrap()];
    let quantity = 1 + dice.below(40);
    match dice.below(9) {
        0 | 1 => drop(server.cmd(&format!("ZADD cart:alice {quantity} {product}"))),
        2 | 3 => drop(server.cmd(&format!("ZINCRBY cart:alice {quantity} {product}"))),
        4 => drop(server.cmd(&format!("ZREM cart:alice {product}"))),
        5 => drop(server.cmd("DEL cart:alice")),
        6 => {
            let _ = server.ask::<Value>("RENAME cart:alice parked");
            let _ = server.ask::<Value>("RENAME parked cart:alice");
            let _ = server.ask::<Value>("RENAME cart:alice parked");
        }
        7 => {
            let copy = &copies[usize::try_from(dice.below(copies.len() as u64)).unwrap()];
            // The lines alone, or all that the server knew then.
            let keys = if dice.below(2) == 0 { 1 } else { copy.len() };
            for (key, value) in &copy[..keys] {
                server.restore(key, value.as_deref());
            }
        }
        _ => {
            server.cmd("FLUSHDB");
            fill(server);
        }
    }
    if dice.below(3) == 0 {
        copies.push(["cart:alice", META, LOG].map(|key| (key, server.dump(key))));
    }
}

fn stored(server: &Server) -> BTreeMap<String, u64> {
    server
        .get_list("ZRANGE cart:alice 0 -1 WITHSCORES")
        .chunks(2)
        .map(|line| (line[0].clone(), line[1].parse().unwrap()))
        .collect()
}

/// Whether the cart's pane shows these lines and no other.
fn shows(text: &str, lines: &BTreeMap<String, u64>) -> bool {
    let line = regex::Regex::new(r"(\d+) (alpha|beta|gamma|delta)\b").unwrap();
    let shown: BTreeMap<String, u64> = line
        .captures_iter(text)
        .map(|found| (found[2].to_owned(), found[1].parse().unwrap()))
        .collect();
    shown == *lines && text.contains("● live")
}

#[test]
fn everything_shows_whoever_writes_it() {
    let seed = std::env::var("TROLLEY_SEED").map_or_else(
        |_| u64::from(std::process::id()),
        |seed| seed.parse().unwrap(),
    );
    let rounds: u32 = std::env::var("TROLLEY_ROUNDS").map_or(12, |rounds| rounds.parse().unwrap());
    println!("TROLLEY_SEED={seed}");
    let mut dice = Dice(seed);

    let server = Server::start();
    fill(&server);
    let mut screens = [shop(&server, "alice", "ann"), shop(&server, "alice", "bob")];
    let mut watch = Watch::start(&server, server.url());
    let mut copies = vec![["cart:alice", META, LOG].map(|key| (key, None))];

    for round in 0..rounds {
        for _ in 0..=dice.below(3) {
            if dice.below(3) == 0 {
                change(&server, &mut dice, &mut screens);
            }
            write_plainly(&server, &mut dice, &mut copies);
        }
        if dice.below(2) == 0 {
            change(&server, &mut dice, &mut screens);
        }

        all_show(&server, &screens, &mut watch, round);
    }
}

/// Changes the cart with trolley.
fn change(server: &Server, dice: &mut Dice, screens: &mut [Terminal]) {
    let product = PRODUCTS[usize::try_from(dice.below(4)).unwrap()];
    match dice.below(3) {
        0 => drop(run(server, &["--user", "alice", "add", product, "2"])),
        1 => drop(run(server, &["--user", "alice", "remove", product])),
        _ => screens[0].keys("a"),
    }
}

fn all_show(server: &Server, screens: &[Terminal], watch: &mut Watch, round: u32) {
    // A key that was pressed may still be on its way.
    let deadline = Deadline::start();
    loop {
        let lines = stored(server);
        for screen in screens {
            screen.wait_until(&format!("round {round}: {lines:?}"), |screen| {
                shows(&screen.contents(), &lines) || stored(server) != lines
            });
        }
        if stored(server) == lines {
            return watch.until(&lines);
        }
        deadline.check("a cart that stays");
    }
}
