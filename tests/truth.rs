//! What a screen shows is what the server has, whoever wrote it and whatever was told of it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

mod harness;

use harness::{
    Deadline, Headless, Running, Server, Terminal, ok, ok_at, run, shop, shop_at, trolley,
};
use redis::Value;
use rustix::process::Signal;
use serde_json::json;
use std::collections::BTreeMap;
use trolley::store::Policy;
use trolley::tui::state::Connectivity;

const META: &str = "{cart:alice}:meta";
const LOG: &str = "{cart:alice}:log";

/// A `trolley watch --json` of alice's cart, and the quantities that its events lead to.
struct Watch {
    program: Running,
    lines: BTreeMap<String, u64>,
}

impl Watch {
    fn start(server: &Server, url: &str) -> Watch {
        let args = ["--redis", url, "--user", "alice", "watch", "--json"];
        let mut watch = Watch {
            program: Running::start(&mut trolley(server.dir(), &args)),
            lines: BTreeMap::new(),
        };
        assert_eq!(watch.next()["event"], "up");
        watch
    }

    fn next(&mut self) -> serde_json::Value {
        let event = self.program.json();
        if event["event"] == "expired" {
            self.lines.clear();
        }
        for change in event["changes"].as_array().into_iter().flatten() {
            let product = change["product"].as_str().unwrap().to_owned();
            match change["quantity"].as_u64().unwrap() {
                0 => self.lines.remove(&product),
                quantity => self.lines.insert(product, quantity),
            };
        }
        event
    }

    /// Reads events until they lead to these lines.
    fn until(&mut self, lines: &BTreeMap<String, u64>) {
        let deadline = Deadline::start();
        while self.lines != *lines {
            deadline.check(&format!("watch has {:?}, not {lines:?}", self.lines));
            self.next();
        }
    }
}

fn version(server: &Server) -> u64 {
    server
        .get(&format!("HGET {META} version"))
        .parse()
        .unwrap_or(0)
}

/// An update as trolley publishes it, of a line that is not new.
fn forged(version: u64, quantity: u64, delta: i64) -> String {
    json!({
        "v": version.to_string(), "op": "forged", "by": "eve", "kind": "edit",
        "at": 1, "until": 0, "count": 1, "lines": [["espresso", quantity, delta]],
    })
    .to_string()
}

#[test]
fn what_plain_clients_write_without_a_word_shows() {
    let server = Server::with_demo();
    ok(&server, &["--user", "alice", "add", "espresso", "3"]);
    let screens = [shop(&server, "alice", "ann"), shop(&server, "alice", "bob")];
    let mut watch = Watch::start(&server, server.url());

    // The version and the number of lines stay.
    server.cli("ZINCRBY cart:alice 5 espresso");
    for screen in &screens {
        screen.wait("8 Espresso");
    }
    let told = watch.next();
    assert_eq!(told["event"], "foreign");
    assert_eq!(
        told["changes"],
        json!([{ "product": "espresso", "quantity": 8, "delta": 5 }])
    );

    // A change comes before any heartbeat.
    server.cli("ZINCRBY cart:alice -2 espresso");
    ok(&server, &["--user", "alice", "add", "bun", "1"]);
    for screen in &screens {
        screen.wait("6 Espresso");
    }

    server.cli("DEL cart:alice");
    for screen in &screens {
        screen.gone("6 Espresso");
    }
}

#[test]
fn another_time_left_shows() {
    let server = Server::with_demo();
    ok(&server, &["--user", "alice", "add", "espresso", "3"]);
    let screen = shop(&server, "alice", "ann");
    screen.wait("live +30 min left");
    server.cli("PEXPIRE cart:alice 600000");
    screen.wait("live +10 min left");
    server.cli("PERSIST cart:alice");
    screen.gone("min left");
}

#[test]
fn forged_versions_hide_nothing() {
    let server = Server::with_demo();
    ok(&server, &["--user", "alice", "add", "espresso", "3"]);
    let screens = [shop(&server, "alice", "ann"), shop(&server, "alice", "bob")];
    let mut watch = Watch::start(&server, server.url());
    let next = version(&server) + 1;

    for forgery in [next, 1 << 53, 9_000_000_000_000_000_000] {
        for change in ["add", "remove"] {
            let message = forged(forgery, 77, 74);
            server.raw(&["PUBLISH", "cart-updates:alice", &message]);
            ok(&server, &["--user", "alice", change, "espresso", "2"]);
            let quantity: u64 = server.get("ZSCORE cart:alice espresso").parse().unwrap();
            for screen in &screens {
                screen.wait(&format!("{quantity} Espresso"));
            }
            watch.until(&BTreeMap::from([("espresso".to_owned(), quantity)]));
        }
    }

    // With nothing after it, a heartbeat finds it.
    let message = forged(version(&server) + 1, 78, 75);
    server.raw(&["PUBLISH", "cart-updates:alice", &message]);
    for screen in &screens {
        screen.gone("78 Espresso");
        screen.wait("3 Espresso");
    }
    while watch.next()["event"] != "rewound" {}
    assert_eq!(watch.lines, BTreeMap::from([("espresso".to_owned(), 3)]));
}

#[test]
fn the_first_change_of_a_cart_may_be_forged() {
    let server = Server::with_demo();
    let screen = shop(&server, "alice", "ann");
    let mut watch = Watch::start(&server, server.url());
    let message = forged(9_000_000_000_000_000_000, 77, 77);
    server.raw(&["PUBLISH", "cart-updates:alice", &message]);
    ok(&server, &["--user", "alice", "add", "bun", "2"]);
    screen.wait("2 .*[Bb]un");
    watch.until(&BTreeMap::from([("cinnamon-bun".to_owned(), 2)]));
    screen.gone("77 Espresso");
}

/// A value as DUMP gives it; nothing where there is no such key.
fn dump(server: &Server, key: &str) -> Option<Vec<u8>> {
    match server.raw(&["DUMP", key]) {
        Value::BulkString(value) => Some(value),
        _ => None,
    }
}

/// Gives a key the value that it had.
fn restore(server: &Server, key: &str, value: Option<&[u8]>) {
    match value {
        Some(value) => server.raw(&[b"RESTORE", key.as_bytes(), b"0", value, b"REPLACE"]),
        None => server.raw(&["DEL", key]),
    };
}

#[test]
fn a_server_that_fell_back_is_told() {
    let server = Server::with_demo();
    ok(&server, &["--user", "alice", "add", "espresso", "3"]);
    let old = ["cart:alice", META, LOG].map(|key| (key, dump(&server, key)));
    let screen = shop(&server, "alice", "ann");
    let mut watch = Watch::start(&server, server.url());
    let before = version(&server);

    for _ in 0..5 {
        ok(&server, &["--user", "alice", "add", "espresso", "1"]);
        assert_eq!(watch.next()["event"], "update");
    }
    screen.wait("8 Espresso");
    for (key, value) in &old {
        restore(&server, key, value.as_deref());
    }

    screen.wait("3 Espresso");
    let told = watch.next();
    assert_eq!(
        (&told["event"], &told["from"], &told["version"]),
        (&"rewound".into(), &(before + 5).into(), &before.into())
    );
    assert_eq!(
        told["changes"],
        json!([{ "product": "espresso", "quantity": 3, "delta": -5 }])
    );
    ok(&server, &["--user", "alice", "add", "espresso", "1"]);
    assert_eq!(watch.next()["version"], before + 1);
}

#[tokio::test]
async fn damaged_lines_are_compared_as_they_are() {
    let server = Server::with_demo();
    let mut ann = Headless::open(server.url(), "alice", Policy::default(), &[]);
    ann.calm().await;
    server.cmd("ZADD cart:alice 3 espresso 1.5 bun -5 x inf y -inf z 0 o 1e21 big 0.1 tenth");
    server.cmd("ZADD cart:alice 9007199254740993 odd 1e-7 small -0 minus 3 Espresso 3 esp");
    server.raw(&[b"ZADD".as_slice(), b"cart:alice", b"4", b"\xff\x00\n1"]);
    ann.until("the lines", |state| {
        state.cart.confirmed.lines.len() == 14 && state.connectivity == Connectivity::Live
    })
    .await;

    // The time left is told only where the lines are the same.
    let stale = ann.stale;
    for minutes in [7, 9, 11] {
        server.cmd(&format!("EXPIRE cart:alice {}", minutes * 60));
        ann.until("the time left", |state| {
            let left = state.cart.confirmed.deadline.left_when_told();
            left.is_some_and(|left| left / 60_000 == minutes - 1 || left == minutes * 60_000)
        })
        .await;
    }
    assert_eq!(ann.stale, stale, "it was read again");
}

#[tokio::test]
async fn a_large_cart_is_compared_too() {
    let server = Server::with_demo();
    let fill = "for i = 1, 1000 do redis.call('ZADD', KEYS[1], i % 9 + 1, 'p' .. i) end";
    server.raw(&["EVAL", fill, "1", "cart:alice"]);
    let mut ann = Headless::open(server.url(), "alice", Policy::default(), &[]);
    ann.calm().await;
    let before = ann.cart().pieces();

    server.cmd("ZINCRBY cart:alice 5 p500");
    ann.until("the change", |state| {
        state.cart.confirmed.pieces() == before + 5 && state.connectivity == Connectivity::Live
    })
    .await;
}

#[test]
fn the_databases_of_one_server_are_apart() {
    let server = Server::with_demo();
    let other = format!("{}?db=1", server.url());
    ok_at(server.dir(), &other, &["demo"]);
    let first = shop(&server, "alice", "ann");
    let second = shop_at(server.dir(), &other, "alice", "bob", (120, 36));
    let mut watch = Watch::start(&server, &other);

    ok(&server, &["--user", "alice", "add", "espresso", "3"]);
    first.wait("3 Espresso");
    // Whoever watches comes and goes in one of them.
    first.gone("bob");
    ok_at(
        server.dir(),
        &other,
        &["--user", "alice", "add", "bun", "2"],
    );
    second.wait("2 .*[Bb]un");
    let told = watch.next();
    assert_eq!(told["changes"][0]["product"], "cinnamon-bun");
    let log = second.text();
    assert!(!log.contains("3 Espresso"), "{log}");

    // Plain clients say of which they speak.
    server.cli("-n 1 ZADD cart:alice 4 espresso");
    server.cli(r#"-n 1 PUBLISH cart-updates:alice {"db":1}"#);
    second.wait("4 Espresso");
    assert_eq!(watch.next()["event"], "foreign");
    server.cli("-n 1 HSET product:y name Yarn price 1.00");
    server.cli(r#"-n 1 PUBLISH catalog-updates {"db":1,"products":["y"]}"#);
    second.wait("65 products");
    first.wait("64 products");
}

#[test]
fn nothing_is_live_after_a_sleep_before_it_was_asked() {
    let server = Server::with_demo();
    ok(&server, &["--user", "alice", "add", "espresso", "3"]);
    let screen = shop(&server, "alice", "ann");
    screen.wait("3 Espresso");

    screen.signal(Signal::STOP);
    server.cmd("ZADD cart:alice 9 espresso");
    server.freeze();
    let before = screen.raw().len();
    screen.signal(Signal::CONT);
    screen.wait("● reading|○ offline");
    let drawn = screen.raw().split_off(before);
    assert!(!String::from_utf8_lossy(&drawn).contains("live"));
    server.thaw();
    screen.wait("9 Espresso");
    screen.wait("● live");
}

#[test]
fn nothing_is_live_on_a_server_that_says_nothing() {
    let server = Server::with_demo();
    let screen = shop(&server, "alice", "ann");
    screen.wait("64 products");
    server.freeze();
    screen.gone("● live");
    server.thaw();
    screen.wait("● live");
}

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
                restore(server, key, value.as_deref());
            }
        }
        _ => {
            server.cmd("FLUSHDB");
            fill(server);
        }
    }
    if dice.below(3) == 0 {
        copies.push(["cart:alice", META, LOG].map(|key| (key, dump(server, key))));
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
