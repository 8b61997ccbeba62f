//! The stock by steps: `trolley product set tea stock=+10`.

use crate::harness;

use harness::{Deadline, Running, Server, ok, run, trolley};
use serde_json::Value;
use std::process::Output;

/// A server that sells tea; the other products have other stocks.
fn shop() -> Server {
    let server = Server::start();
    server.cmd("HSET product:tea name Tea price 2.40 stock 10");
    server.cmd("HSET product:water name Water price 1");
    server.cmd("HSET product:soup name Soup price 4 stock 1e3");
    server.cmd("HSET product:salt name Salt price 1 stock 999999999999999");
    server
}

/// Sets the stock of a product; returns the status and the document.
fn set(server: &Server, product: &str, stock: &str) -> (i32, Value) {
    let field = format!("stock={stock}");
    let output = run(server, &["product", "set", product, &field, "--json"]);
    let printed = serde_json::from_slice(&output.stdout);
    let printed = printed.unwrap_or_else(|_| panic!("{output:?}"));
    (output.status.code().unwrap(), printed)
}

#[test]
fn a_stock_goes_up_and_down_by_steps() {
    let server = shop();
    for (stock, now, change) in [
        ("+10", 20, "changed"),
        ("-3", 17, "changed"),
        ("+0", 17, "unchanged"),
        ("-17", 0, "changed"),
        ("=40", 40, "changed"),
        ("40", 40, "unchanged"),
        (" +000000000000002 ", 42, "changed"),
    ] {
        let (status, printed) = set(&server, "tea", stock);
        assert_eq!(status, 0, "{printed}");
        assert_eq!(printed["stock"], now, "{stock}");
        assert_eq!(printed["change"], change, "{stock}");
        assert_eq!(printed["name"], "Tea");
        assert_eq!(server.get("HGET product:tea stock"), now.to_string());
    }

    let printed = ok(&server, &["product", "set", "tea", "stock=-2"]);
    assert_eq!(printed, "Changed: Tea (tea), 40 in stock\n");
}

#[test]
fn a_step_that_cannot_be_counted_is_refused() {
    let server = shop();
    let before = server.digest();
    let step = "can't change by";
    for (product, stock, status, code, words) in [
        (
            "tea",
            "-11",
            1,
            "short",
            format!("The stock of “Tea” {step} -11: only 10 left"),
        ),
        (
            "salt",
            "+1",
            1,
            "too_many",
            format!("The stock of “Salt” {step} +1: it may have at most 15 digits"),
        ),
        (
            "water",
            "+1",
            1,
            "unlimited_stock",
            format!(
                "The stock of “Water” is unlimited, so it {step} +1: first set how many there are, like stock=40"
            ),
        ),
        (
            "soup",
            "-1",
            1,
            "unreadable_stock",
            format!(
                "The stock of “Soup” can't be read, so it {step} -1: first set how many there are, like stock=40"
            ),
        ),
        (
            "nothing",
            "+1",
            1,
            "unknown_product",
            "There is no product “nothing”".to_owned(),
        ),
        ("tea", "+", 2, "bad_product", String::new()),
        ("tea", "-1.5", 2, "bad_product", String::new()),
        ("tea", "+-1", 2, "bad_product", String::new()),
        ("tea", "+1000000000000000", 2, "bad_product", String::new()),
        ("tea", "=+1", 2, "bad_product", String::new()),
    ] {
        let (ended, printed) = set(&server, product, stock);
        let error = &printed["error"];
        assert_eq!((ended, &error["code"]), (status, &code.into()), "{printed}");
        let message = error["message"].as_str().unwrap();
        assert!(words.is_empty() || message == words, "{message}");
    }

    // What else is set may be set again, and a step may not.
    let both = ["product", "set", "tea", "price=3", "stock=+1"];
    assert_eq!(run(&server, &both).status.code(), Some(2));
    assert_eq!(server.digest(), before);
}

/// Whether a client found no connection in time: a step whose answer is missing is told as unknown.
fn is_not_let_in(output: &Output) -> bool {
    let printed: Value = serde_json::from_slice(&output.stdout).unwrap();
    printed["error"]["code"] == "timeout"
}

#[test]
fn the_steps_of_fifty_clients_add_up() {
    let server = shop();
    let steps = |step: &str| {
        let args = ["product", "set", "tea", step, "--json"];
        let whole = [&["--redis", server.url()][..], &args].concat();
        let clients: Vec<Running> = (0..50)
            .map(|_| Running::start(&mut trolley(server.dir(), &whole)))
            .collect();
        let deadline = Deadline::start();
        let ended = clients.into_iter().map(|client| {
            let mut output = client.finish();
            // A busy machine may let a client wait too long for its connection, and then it has
            // asked for nothing.
            while is_not_let_in(&output) {
                deadline.check("a client is let in");
                output = run(&server, &args);
            }
            output
        });
        ended.filter(|output| output.status.success()).count()
    };

    assert_eq!(steps("stock=+7"), 50);
    assert_eq!(server.get("HGET product:tea stock"), "360");
    // Nobody takes what is not there.
    assert_eq!(steps("stock=-9"), 40);
    assert_eq!(server.get("HGET product:tea stock"), "0");
}

#[test]
fn a_step_shows_live_on_every_screen() {
    let server = Server::start();
    server.cmd("HSET product:tea name Tea price 2.40 stock 10");
    let terminal = harness::shop(&server, "office", "ann");
    terminal.wait("10 in stock");
    ok(&server, &["product", "set", "tea", "stock=+32"]);
    terminal.wait("42 in stock");
    ok(&server, &["product", "set", "tea", "stock=-25"]);
    terminal.wait("17 in stock");
}
