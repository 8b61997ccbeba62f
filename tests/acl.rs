//! The rights that `trolley acl` prints: enough for everything, and for nothing else.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

mod harness;

use harness::{Server, TROLLEY, Terminal, server, trolley};
use std::process::Output;

/// A server with the demo shop, and a user with the rights of this role.
fn admitted(binary: &str, role: &str) -> Server {
    let server = Server::start_with(binary, &[]);
    harness::ok(&server, &["demo"]);
    let rules = harness::ok(&server, &["acl", role, "--user", "alice", "--as", "ann"]);
    assert!(rules.starts_with("ACL SETUSER ann reset on ") && rules.lines().count() == 1, "{rules}");
    server.cmd(rules.trim());
    server.cmd("ACL SETUSER ann >pw");
    server.cmd("CONFIG RESETSTAT");
    server
}

fn run(server: &Server, args: &[&str]) -> Output {
    let url = format!("{}?user=ann", server.url());
    let all = [&["--redis", &url, "--user", "alice"][..], args].concat();
    trolley(server.dir(), &all).env("TROLLEY_PASSWORD", "pw").output().unwrap()
}

fn ok(server: &Server, args: &[&str]) -> String {
    let output = run(server, args);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// What the server says to the user who runs this.
fn says(server: &Server, line: &str) -> String {
    let words: Vec<&str> = line.split(' ').collect();
    let mut link = server.connection();
    redis::cmd("AUTH").arg("ann").arg("pw").exec(&mut link).unwrap();
    let answer = redis::cmd(words[0]).arg(&words[1..]).query::<redis::Value>(&mut link);
    answer.map_or_else(|error| error.to_string(), |value| format!("{value:?}"))
}

fn forbidden(server: &Server, lines: &[&str]) {
    for line in lines {
        let said = says(server, line);
        assert!(said.contains("NoPerm"), "{line}: {said}");
    }
}

/// Nobody may do these.
const NEVER: &[&str] = &[
    "FLUSHALL",
    "KEYS *",
    "CONFIG GET *",
    "CONFIG SET appendonly no",
    "ACL LIST",
    "DEBUG SLEEP 0",
    "SHUTDOWN",
    "CLIENT LIST",
    "MONITOR",
    "REPLICAOF no one",
    "FUNCTION LIST",
    "SCRIPT FLUSH",
    "GET other",
    "SET other x",
    "RENAME cart:alice x",
    "PSUBSCRIBE *",
];

/// Everything that was granted was also used, but for what only clusters, replicas and
/// databases need.
fn nothing_is_spare(server: &Server) {
    let used = server.get("INFO commandstats").to_lowercase();
    let rules = server.get_list("ACL LIST").into_iter().find(|line| line.starts_with("user ann ")).unwrap();
    for granted in rules.split([' ', ')']).filter_map(|word| word.strip_prefix('+')) {
        let elsewhere = ["ping", "wait", "select", "cluster|slots", "cluster|keyslot"].contains(&granted);
        assert!(
            elsewhere || used.contains(&format!("cmdstat_{granted}:")),
            "{granted} is spare:\n{rules}\n{used}"
        );
    }
}

#[test]
fn a_shopper_has_one_cart() {
    for binary in server::binaries() {
        let server = admitted(&binary, "shopper");
        ok(&server, &["products", "bread"]);
        let file = server.dir().join("shop.csv").display().to_string();
        ok(&server, &["export", &file]);
        ok(&server, &["set", "croissant", "2"]);
        ok(&server, &["clear"]);
        ok(&server, &["add", "espresso", "3"]);
        ok(&server, &["add", "sourdough"]);
        ok(&server, &["remove", "espresso", "1"]);
        ok(&server, &["remove", "sourdough", "--item-timeout", "20m"]);
        ok(&server, &["cart", "--session-timeout", "never", "--item-timeout", "20m"]);
        ok(&server, &["add", "espresso", "--session-timeout", "never"]);
        let url = format!("{}?user=ann", server.url());
        let mut ann = Terminal::builder(TROLLEY)
            .args(&["--redis", &url, "--user", "alice"])
            .env("TROLLEY_PASSWORD", "pw")
            .home(server.dir())
            .open();
        ann.wait("64 products");
        ann.keys("/ espresso enter 3 a");
        ann.wait("6 Espresso");
        ann.keys("u");
        ann.wait("3 Espresso");
        server.cmd("HSET product:espresso price 9.99");
        server.cmd("PUBLISH catalog-updates espresso");
        ann.wait("9.99");
        ann.keys("q");
        ann.wait_exit();
        // A long history starts another generation of op ids.
        server.cmd("HSET {cart:alice}:meta version 8191");
        ok(&server, &["add", "espresso"]);
        nothing_is_spare(&server);
        // Products that no index lists are looked for where that is allowed.
        let denied = server.denied();
        assert!(denied.iter().all(|command| ["scan", "dbsize"].contains(&command.as_str())), "{denied:?}");
        forbidden(&server, NEVER);
        forbidden(
            &server,
            &[
                "ZADD cart:bob 1 x",
                "ZRANGE cart:bob 0 -1",
                "HGET {cart:bob}:meta version",
                "PUBLISH cart-updates:bob x",
                "PUBLISH catalog-updates x",
                "SUBSCRIBE cart-updates:bob",
                "HSET product:espresso price 0.01",
                "HSET shop name x",
                "ZADD catalog 0 x",
                "SCAN 0",
                "EVAL return 0",
            ],
        );
        let other = run(&server, &["add", "espresso", "--user", "bob"]);
        assert_eq!(other.status.code(), Some(3));
        assert!(String::from_utf8_lossy(&other.stderr).contains("no permission"));
        assert_eq!(run(&server, &["demo"]).status.code(), Some(3));
    }
}

#[test]
fn a_clerk_has_all_carts_and_no_products() {
    for binary in server::binaries() {
        let server = admitted(&binary, "clerk");
        for user in ["alice", "bob"] {
            ok(&server, &["add", "espresso", "3", "--user", user]);
            ok(&server, &["remove", "espresso", "1", "--user", user]);
            ok(&server, &["cart", "--user", user]);
        }
        forbidden(&server, NEVER);
        forbidden(&server, &["HSET product:espresso price 0.01", "PUBLISH catalog-updates x", "SCAN 0"]);
        assert_eq!(run(&server, &["demo"]).status.code(), Some(3));
    }
}

#[test]
fn an_importer_has_products_and_no_carts() {
    for binary in server::binaries() {
        let server = admitted(&binary, "importer");
        ok(&server, &["demo"]);
        let file = server.dir().join("shop.csv").display().to_string();
        ok(&server, &["export", &file]);
        let text = std::fs::read_to_string(&file).unwrap();
        server.cmd("HSET product:espresso stock 5");
        server.cmd("ZADD catalog 0 gone");
        server.cmd("HSET product:gone name Gone price 1");
        std::fs::write(&file, text).unwrap();
        ok(&server, &["import", "--replace", &file]);
        assert_eq!(
            (server.get("EXISTS product:gone"), server.get("HGET product:espresso stock")),
            ("0".into(), String::new())
        );
        server.cmd("ZREM catalog espresso");
        assert!(ok(&server, &["products"]).contains("espresso"));
        assert_ne!(server.get("ZSCORE catalog espresso"), "");
        nothing_is_spare(&server);
        assert_eq!(server.denied(), Vec::<String>::new());
        forbidden(&server, NEVER);
        forbidden(
            &server,
            &[
                "ZADD cart:alice 1 x",
                "ZRANGE cart:alice 0 -1",
                "PUBLISH cart-updates:alice x",
                "SUBSCRIBE catalog-updates",
            ],
        );
        assert_eq!(run(&server, &["cart"]).status.code(), Some(3));
    }
}
