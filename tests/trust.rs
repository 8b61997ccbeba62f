//! What a weaker role may write is never believed by a stronger one; and one cart's trouble stays
//! its own.

use crate::harness;

use harness::shopping::{
    add, check_out, connect_as, on_many_threads, quick_server, sell, stop_before, user,
};
use harness::{Deadline, Finish, Server, ok, run, server, shop, trolley};
use std::process::Output;
use trolley::model::OrderId;
use trolley::store::order::{self, Outcome, Stage};

const PLANTED: &str = "20261126-AAAA-AAAA";

/// A shop that sells tea, with the server's user `eve`, who is a shopper of alice's cart.
fn shop_with_eve() -> Server {
    let server = quick_server();
    server.cmd("HSET product:tea name Tea price 2.00 stock 100");
    ok(&server, &["products"]);
    let rules = ok(
        &server,
        &["acl", "shopper", "--user", "alice", "--as", "eve"],
    );
    server.cmd(rules.trim());
    server.cmd("ACL SETUSER eve nopass");
    ok(&server, &["--user", "alice", "add", "tea", "1"]);
    server
}

/// Runs a command as eve.
fn as_eve<T: AsRef<[u8]>>(server: &Server, words: &[T]) {
    let mut link = server.connection();
    redis::cmd("AUTH")
        .arg("eve")
        .arg("x")
        .exec(&mut link)
        .unwrap();
    let mut command = redis::Cmd::new();
    for word in words {
        command.arg(word.as_ref());
    }
    command.exec(&mut link).unwrap();
}

/// Eve marks alice's cart as being ordered, under an id and with a decision of her own.
fn plant(server: &Server, id: &str, decision: &str) {
    let line = r#"{"product":"tea","name":"Tea","unit":"","quantity":90,"price":"0.01","total":"0.90","by":[]}"#;
    let document = format!(r#"{{"currency":"","lines":[{line}]}}"#);
    let words = [
        "HSET",
        "{cart:alice}:order",
        "id",
        id,
        "by",
        "boss",
        "at",
        "1",
        "decision",
        decision,
        "reason",
        "",
        "doc",
        &document,
        "q:tea",
        "90",
    ];
    as_eve(server, &words);
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Nothing is ordered, no stock is taken, and the cart is no longer frozen.
fn nothing_happened(server: &Server) {
    assert_eq!(server.get("XLEN orders"), "0");
    assert_eq!(server.get("HGET product:tea stock"), "100");
    assert_eq!(server.get("EXISTS {cart:alice}:order"), "0");
    assert_eq!(server.get("ZSCORE cart:alice tea"), "1");
}

#[test]
fn an_order_that_a_shopper_planted_is_believed_by_nobody() {
    for decision in ["place", "undo", ""] {
        let server = shop_with_eve();
        for look in [&["checkout"][..], &["cart"], &["orders"]] {
            plant(&server, PLANTED, decision);
            let output = run(&server, &[&["--user", "alice"], look].concat());
            assert_eq!(output.status.code(), Some(0), "{look:?}: {}", said(&output));
            if look == ["orders"] {
                server.cmd("DEL {cart:alice}:order");
            }
            nothing_happened(&server);
        }

        // What was planted is told, and what is ordered is what the cart really holds.
        plant(&server, PLANTED, decision);
        let args = [
            "--user",
            "alice",
            "checkout",
            "--yes",
            "--expect-total",
            "2.00",
        ];
        let output = run(&server, &args);
        assert!(said(&output).contains(PLANTED), "{}", said(&output));
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        assert_eq!(server.get("HGET product:tea stock"), "99");
        assert!(String::from_utf8_lossy(&output.stdout).contains("2.00"));
    }
}

#[test]
fn an_order_that_a_shopper_planted_is_not_finished_by_a_screen() {
    let server = shop_with_eve();
    let mut clerk = shop(&server, "alice", "clerk");
    clerk.wait("1 product");
    plant(&server, PLANTED, "place");
    server.cmd("PUBLISH cart-updates:alice x");
    harness::until("the mark is gone", || {
        server.get("EXISTS {cart:alice}:order") == "0"
    });
    nothing_happened(&server);
    clerk.keys("q");
    clerk.wait_exit();
}

#[test]
fn news_of_orders_that_a_shopper_publishes_are_not_believed_by_a_screen() {
    let server = shop_with_eve();
    let placed = ok(&server, &["--user", "alice", "checkout", "--yes", "--json"]);
    let placed: serde_json::Value = serde_json::from_str(&placed).unwrap();
    let placed = placed["order"].as_str().unwrap();
    let mut clerk = shop(&server, "alice", "clerk");
    clerk.wait("1 product");
    clerk.keys("o");
    clerk.wait("placed .*2.00");

    let publish = |id: &str| {
        let news = format!(r#"{{"order":"{id}","state":"cancelled"}}"#);
        as_eve(&server, &["PUBLISH", "cart-updates:alice", &news]);
    };
    publish(PLANTED);
    publish(placed);
    // What the shop says comes after that.
    ok(&server, &["order", placed, "ready"]);
    clerk.wait("Order #1 is ready");
    clerk.wait("ready .*2.00");
    let seen = String::from_utf8_lossy(&clerk.raw()).into_owned();
    assert!(!seen.contains("is cancelled"), "{seen}");
    clerk.keys("esc q");
    clerk.wait_exit();
}

/// Makes an order look as if it had been begun so long ago, and be due.
fn age(server: &Server, id: &str, ms: i64) {
    let begun: i64 = server
        .get(&format!("HGET {{orders}}:{id} begun"))
        .parse()
        .unwrap();
    server.cmd(&format!("HSET {{orders}}:{id} begun {}", begun - ms));
    server.cmd(&format!("ZADD {{orders}}:due 1 {id}"));
}

/// A shop with stock of tea, and a cart of alice with some of it.
fn shop_with_cart(pieces: &str) -> Server {
    let server = quick_server();
    sell(&server, "tea", "2.00", "100");
    ok(&server, &["products"]);
    ok(&server, &["--user", "alice", "add", "tea", pieces]);
    server
}

#[test]
fn the_id_of_another_order_is_believed_for_no_cart() {
    let server = shop_with_eve();
    let placed = ok(&server, &["--user", "alice", "checkout", "--yes", "--json"]);
    let placed: serde_json::Value = serde_json::from_str(&placed).unwrap();
    let placed = placed["order"].as_str().unwrap();
    assert_eq!(server.get("HGET product:tea stock"), "99");

    // Of an order that was placed before, and is over: its stock stays taken, nothing leaves the
    // cart, and it is told.
    ok(&server, &["--user", "alice", "add", "tea", "1"]);
    for decision in ["undo", "place", ""] {
        for args in [
            &["checkout", "--yes", "--op-id", placed][..],
            &["cart"],
            &["orders"],
            &["checkout"],
        ] {
            plant(&server, placed, decision);
            let output = run(&server, &[&["--user", "alice"], args].concat());
            assert_eq!(output.status.code(), Some(0), "{}", said(&output));
            let told = said(&output).contains(placed);
            assert!(told || args == ["orders"], "{args:?}: {}", said(&output));
            assert_eq!(server.get("ZSCORE cart:alice tea"), "1", "{args:?}");
        }
        // Nor by a driver that comes upon it on its way.
        on_many_threads().block_on(async {
            let mut link = connect_as(server.url(), "bob").await;
            let alice = user("alice");
            plant(&server, placed, decision);
            let id = OrderId::parse(placed).unwrap();
            let known = order::go_on_with(&mut link, &alice, id.clone()).await;
            assert_eq!(known, Ok(id));
            assert_eq!(server.get("ZSCORE cart:alice tea"), "1");

            plant(&server, placed, decision);
            let resumed = order::resume_now(&mut link, &alice).await;
            assert_eq!(resumed, Ok(Outcome::Nothing));
            assert_eq!(server.get("ZSCORE cart:alice tea"), "1");
        });
        assert_eq!(server.get("HGET product:tea stock"), "99");
        assert_eq!(server.get("XLEN orders"), "1");
        assert_eq!(server.get("EXISTS {cart:alice}:order"), "0");
        let state = server.get(&format!("HGET {{orders}}:{placed} state"));
        assert_eq!(state, "placed");
    }

    // Written in another way, or damaged, it is no order's.
    for mark in [&placed.to_lowercase(), "x", "\u{1b}[31m\"}", ""] {
        plant(&server, mark, "");
        let output = run(&server, &["--user", "alice", "checkout"]);
        assert_eq!(output.status.code(), Some(0), "{mark}: {}", said(&output));
        assert_eq!(server.get("EXISTS {cart:alice}:order"), "0", "{mark}");
        assert!(!said(&output).contains('\u{1b}'), "{}", said(&output));
    }

    // Of an order that is on its way in another cart.
    ok(&server, &["--user", "carol", "add", "tea", "5"]);
    let theirs = stop_before(&server, "carol", &Stage::Take(1));
    ok(&server, &["--user", "alice", "set", "tea", "1"]);
    plant(&server, &theirs, "place");
    let output = run(&server, &["--user", "alice", "checkout"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(said(&output).contains(&theirs), "{}", said(&output));
    assert_eq!(server.get("EXISTS {cart:carol}:order"), "1");
    assert_eq!(
        server.get(&format!("HGET {{orders}}:{theirs} state")),
        "pending"
    );
}

#[test]
fn who_joins_an_order_of_something_else_is_told_which_and_what_it_costs() {
    let server = shop_with_cart("40");
    let first = stop_before(&server, "alice", &Stage::Take(0));
    ok(&server, &["--user", "alice", "add", "tea", "1"]);
    let args = [
        "--user",
        "alice",
        "checkout",
        "--yes",
        "--expect-total",
        "82.00",
    ];
    let output = run(&server, &args);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said(&output).contains(&format!("bob was first: order {first} is placed at 80.00")),
        "{}",
        said(&output)
    );
    assert_eq!(server.get("XLEN orders"), "1");
    assert_eq!(server.get("ZSCORE cart:alice tea"), "1");
    assert_eq!(server.get("HGET product:tea stock"), "60");

    // Who confirms the same joins it, and is told that it is another's.
    ok(&server, &["--user", "alice", "add", "tea", "1"]);
    let second = stop_before(&server, "alice", &Stage::Take(0));
    let args = [
        "--user",
        "alice",
        "checkout",
        "--yes",
        "--expect-total",
        "4",
    ];
    let output = run(&server, &args);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(said(&output).contains(&second), "{}", said(&output));
}

#[test]
fn a_checkout_that_finishes_an_order_says_so() {
    for args in [
        &["checkout"][..],
        &["checkout", "--json"],
        &["checkout", "--yes"],
    ] {
        let server = shop_with_cart("1");
        let id = stop_before(&server, "alice", &Stage::Take(0));
        // As if it had been begun some time ago.
        server.raw(&["ZADD", "{orders}:due", "1", &id]);

        let finished = run(&server, &[&["--user", "alice"], args].concat());
        let told = said(&finished);
        if args.contains(&"--yes") {
            let begun = format!("the order {id} over 2.00, which was begun before, is placed now");
            assert!(told.contains(&begun), "{told}");
            assert_eq!(finished.status.code(), Some(1), "{told}");
        } else {
            let receipt = String::from_utf8_lossy(&finished.stdout).into_owned();
            assert!(receipt.contains(&id), "{told} {receipt}");
            assert_eq!(finished.status.code(), Some(0));
        }
        assert_eq!(server.get("XLEN orders"), "1");
    }
}

#[test]
fn a_repeated_id_goes_on_with_the_order_that_was_agreed_to() {
    let server = shop_with_cart("1");
    let id = stop_before(&server, "alice", &Stage::Take(0));
    let pending = run(&server, &["order", &id]);
    assert_eq!(pending.status.code(), Some(1));
    assert!(
        said(&pending).contains("still being placed"),
        "{}",
        said(&pending)
    );
    assert!(!ok(&server, &["orders", "--all"]).contains(&id));

    ok(&server, &["--user", "alice", "add", "tea", "5"]);
    let again = |total: &str| {
        let args = [
            "--user",
            "alice",
            "checkout",
            "--yes",
            "--op-id",
            &id,
            "--expect-total",
            total,
        ];
        run(&server, &args)
    };
    assert!(
        said(&again("12.00")).contains("is 2.00, not 12.00"),
        "{}",
        said(&again("12.00"))
    );
    for _ in 0..2 {
        let repeated = again("2.00");
        assert_eq!(repeated.status.code(), Some(0));
        let told = format!("the order {id} was begun before: nothing more is ordered now");
        assert!(said(&repeated).contains(&told), "{}", said(&repeated));
    }
    assert_eq!(server.get("XLEN orders"), "1");
    assert_eq!(server.get("ZSCORE cart:alice tea"), "5");

    // One that never came to its cart is agreed to anew.
    let id = stop_before(&server, "alice", &Stage::Freeze);
    ok(&server, &["--user", "alice", "add", "tea", "1"]);
    let args = ["--user", "alice", "checkout", "--yes", "--op-id", &id];
    let refused = run(&server, &[&args[..], &["--expect-total", "10"]].concat());
    assert_eq!(refused.status.code(), Some(1), "{}", said(&refused));
    let placed = ok(
        &server,
        &[&args[..], &["--expect-total", "12", "--json"]].concat(),
    );
    assert!(
        placed.contains(&id) && placed.contains("\"12.00\""),
        "{placed}"
    );
}

#[test]
fn a_key_of_another_program_is_named_before_anything_is_done() {
    for key in [
        "orders",
        "{orders}:all",
        "{orders}:of:alice",
        "{orders}:due",
    ] {
        let server = shop_with_cart("1");
        server.raw(&["SET", key, "x"]);
        let output = run(&server, &["--user", "alice", "checkout", "--yes"]);
        assert_eq!(output.status.code(), Some(3), "{key}");
        assert!(
            said(&output).contains(&format!("“{key}”")),
            "{}",
            said(&output)
        );
        assert_eq!(server.get("HGET product:tea stock"), "100");
        assert_eq!(server.get("EXISTS {cart:alice}:order"), "0");
        assert!(server.get_list("KEYS {orders}:2*").is_empty());
    }

    // Where a product's stock is counted: the order is undone, and nothing stays behind.
    let server = shop_with_cart("1");
    server.raw(&["SET", "{product:tea}:orders", "x"]);
    let output = run(&server, &["--user", "alice", "checkout", "--yes"]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert_eq!(server.get("EXISTS {cart:alice}:order"), "0");
    assert_eq!(server.get("ZSCORE cart:alice tea"), "1");
}

#[test]
fn a_buyer_who_lacks_a_right_is_told_before_anything_is_done() {
    for binary in server::binaries() {
        let server = Server::start_with(&binary, &[]);
        sell(&server, "tea", "2.00", "100");
        ok(&server, &["products"]);
        ok(&server, &["--user", "alice", "add", "tea", "1"]);
        let rules = ok(&server, &["acl", "buyer", "--user", "alice", "--as", "bob"]);
        let words: Vec<&str> = rules.trim().split(' ').collect();
        let brackets = words.iter().position(|word| word.starts_with('(')).unwrap();
        let url = format!("{}?user=bob", server.url());

        for (lacks, right) in words.iter().enumerate().skip(brackets) {
            // What is asked for without an order is not needed to place one.
            let name = right.trim_start_matches('(');
            if !name.starts_with('+') || ["+subscribe", "+publish", "+zrevrange"].contains(&name) {
                continue;
            }
            let bracket = if right.starts_with('(') { "(" } else { "" };
            let mut rules = words.clone();
            rules[lacks] = bracket;
            let rules = rules.join(" ").replace("( ", "(").replace("  ", " ");
            server.cmd(&rules);
            server.cmd("ACL SETUSER bob nopass");

            let args = ["--redis", &url, "--user", "alice", "checkout", "--yes"];
            let output = trolley(server.dir(), &args)
                .env("TROLLEY_PASSWORD", "x")
                .finish();
            let state = (
                server.get("HGET product:tea stock"),
                server.get("EXISTS {cart:alice}:order"),
                server.get("ZCARD {orders}:due"),
            );
            if output.status.success() {
                server.cmd("HSET product:tea stock 100");
                ok(&server, &["--user", "alice", "add", "tea", "1"]);
                continue;
            }
            assert!(
                said(&output).contains("may not order"),
                "{right}: {}",
                said(&output)
            );
            let nothing = ("100".to_owned(), "0".to_owned(), "0".to_owned());
            assert_eq!(state, nothing, "without {right}: {}", said(&output));
        }
    }
}

#[test]
fn the_trouble_of_one_cart_is_not_told_to_others() {
    let server = shop_with_cart("1");
    ok(&server, &["--user", "carol", "add", "tea", "5"]);
    ok(&server, &["--user", "dave", "add", "tea", "7"]);
    let broken = stop_before(&server, "carol", &Stage::Take(1));
    let fine = stop_before(&server, "dave", &Stage::Take(1));
    let damaged = "20261126-BBBB-BBBB";
    server.cmd("SET {cart:carol}:by x");
    server.cmd(&format!(
        "HSET {{orders}}:{damaged} user eve who eve lines x state pending"
    ));
    server.cmd(&format!("ZADD {{orders}}:due 1 {damaged} 1 nonsense"));
    server.cmd("SET {orders}:20261126-CCCC-CCCC x");
    server.cmd("ZADD {orders}:due 1 20261126-CCCC-CCCC");
    age(&server, &broken, 60_000);
    age(&server, &fine, 60_000);

    let output = run(&server, &["--user", "alice", "checkout", "--yes"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!(said(&output), "");
    // The others' order is finished, and the one with trouble is tried later.
    assert_eq!(
        server.get(&format!("HGET {{orders}}:{fine} state")),
        "placed"
    );
    let due: f64 = server
        .get(&format!("ZSCORE {{orders}}:due {broken}"))
        .parse()
        .unwrap();
    assert!(due > 1e12 && due.is_finite(), "{due}");
    assert_eq!(server.get("ZSCORE {orders}:due nonsense"), "");
    for unreadable in [damaged, "20261126-CCCC-CCCC"] {
        assert_eq!(
            server.get(&format!("ZSCORE {{orders}}:due {unreadable}")),
            "inf"
        );
    }

    // It ends: nobody tries it for ever, and the doctor names it.
    age(&server, &broken, 3_600_000);
    let output = run(&server, &["--user", "alice", "orders"]);
    assert_eq!(
        (output.status.code(), said(&output)),
        (Some(0), String::new())
    );
    assert_eq!(
        server.get(&format!("ZSCORE {{orders}}:due {broken}")),
        "inf"
    );
    let doctor = run(&server, &["doctor", "--user", "alice"]);
    let doctor = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert!(
        doctor.contains("1 orders could not be finished"),
        "{doctor}"
    );
    let unreadable = "2 orders were never placed, and their records can't be read";
    assert!(doctor.contains(unreadable), "{doctor}");
    assert!(doctor.contains(&format!("{broken} of carol")), "{doctor}");

    // Once it is mended, who opens that cart finishes it.
    server.cmd("DEL {cart:carol}:by");
    ok(&server, &["--user", "carol", "cart"]);
    assert_eq!(server.get("EXISTS {cart:carol}:order"), "0");
    assert_eq!(server.get(&format!("ZSCORE {{orders}}:due {broken}")), "");
}

/// What the doctor finds about orders, and its advice.
fn doctor_on_orders(server: &Server) -> (String, String) {
    let report = run(server, &["doctor", "--json"]);
    let report: serde_json::Value = serde_json::from_slice(&report.stdout).unwrap();
    let findings = report["findings"].as_array().unwrap();
    let finding = findings.iter().find(|finding| finding["about"] == "orders");
    let text = |name: &str| finding.unwrap()[name].as_str().unwrap().to_owned();
    (text("found"), text("advice"))
}

#[test]
fn the_advice_on_an_order_whose_record_can_not_be_read_ends_it() {
    for damage in [
        "HSET {orders}:ID lines x",
        "HDEL {orders}:ID user",
        "SET {orders}:ID x",
    ] {
        // One that was never placed: stock and pieces come back, whatever it had taken.
        let server = shop_with_cart("3");
        let id = stop_before(&server, "alice", &Stage::Take(1));
        assert_eq!(server.get("HGET product:tea stock"), "97");
        server.cmd(&damage.replace("ID", &id));
        server.cmd(&format!("ZADD {{orders}}:due 1 {id}"));
        ok(&server, &["--user", "carol", "orders"]);
        let (found, advice) = doctor_on_orders(&server);
        assert!(
            found.contains("never placed") && found.contains(&id),
            "{found}"
        );

        let (commands, rest) = advice.split_once(", then ").unwrap();
        for command in commands.split(" and ") {
            let line = command.strip_prefix("redis-cli ").unwrap();
            server.cli(&line.replace("ID", &id));
        }
        let then = rest.split_once(": ").unwrap().0;
        assert_eq!(then, "trolley orders --all");
        ok(&server, &["orders", "--all"]);
        assert_eq!(server.get("HGET product:tea stock"), "100", "{damage}");
        let cart = run(&server, &["--user", "alice", "cart"]);
        assert!(said(&cart).contains(&id), "{}", said(&cart));
        assert_eq!(server.get("ZSCORE cart:alice tea"), "3");
        assert_eq!(server.get("EXISTS {cart:alice}:order"), "0");
        assert!(server.get("PTTL cart:alice").parse::<i64>().unwrap() > 0);
        let (found, _) = doctor_on_orders(&server);
        assert!(found.contains("none stopped"), "{damage}: {found}");
        ok(&server, &["--user", "alice", "checkout", "--yes"]);
        assert_eq!(server.get("HGET product:tea stock"), "97");

        // One that is placed keeps its stock, and is never placed twice.
        ok(&server, &["--user", "alice", "add", "tea", "3"]);
        let id = stop_before(&server, "alice", &Stage::Settle);
        age(&server, &id, 60_000);
        let record = server.dump(&format!("{{orders}}:{id}"));
        server.cmd(&damage.replace("ID", &id));
        ok(&server, &["--user", "carol", "orders"]);
        let (found, advice) = doctor_on_orders(&server);
        assert!(
            found.contains("are placed") && found.contains(&id),
            "{found}"
        );
        assert!(advice.contains("XRANGE orders - +"), "{advice}");
        // It hides no other order.
        assert_eq!(
            ok(&server, &["orders", "--all"]).matches("alice").count(),
            1
        );
        assert_eq!(server.get("HGET product:tea stock"), "94");
        server.restore(&format!("{{orders}}:{id}"), record.as_deref());
        ok(&server, &["--user", "alice", "checkout"]);
        let (found, _) = doctor_on_orders(&server);
        assert!(found.contains("none stopped"), "{damage}: {found}");
        assert_eq!(server.get("XLEN orders"), "2");
        assert_eq!(server.get("EXISTS cart:alice"), "0");
        assert_eq!(server.get("HGET product:tea stock"), "94");
    }
}

#[test]
fn stock_that_no_order_owns_goes_back() {
    // The cart forgets the order between take and settle: its record is still there.
    let server = shop_with_cart("3");
    let id = stop_before(&server, "alice", &Stage::Take(1));
    assert_eq!(server.get("HGET product:tea stock"), "97");
    server.cmd("UNLINK {cart:alice}:order");
    age(&server, &id, 60_000);
    ok(&server, &["--user", "carol", "orders"]);
    assert_eq!(server.get("HGET product:tea stock"), "100");
    let undone = run(&server, &["order", &id]);
    assert_eq!(undone.status.code(), Some(1));
    assert!(
        said(&undone).contains("begun too long ago"),
        "{}",
        said(&undone)
    );

    // The record goes as well: the products know what was taken.
    let id = stop_before(&server, "alice", &Stage::Take(1));
    server.cmd(&format!("UNLINK {{cart:alice}}:order {{orders}}:{id}"));
    let doctor = run(&server, &["doctor"]);
    let doctor = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert!(doctor.contains(&format!("tea ({id})")), "{doctor}");
    ok(&server, &["orders", "--all"]);
    assert_eq!(server.get("HGET product:tea stock"), "100");

    // What an order owns stays taken, also where only the index knows of it any more.
    let placed = ok(&server, &["--user", "alice", "checkout", "--yes", "--json"]);
    let placed: serde_json::Value = serde_json::from_str(&placed).unwrap();
    server.cmd(&format!(
        "UNLINK {{orders}}:{}",
        placed["order"].as_str().unwrap()
    ));
    ok(&server, &["orders", "--all"]);
    assert_eq!(server.get("HGET product:tea stock"), "97");
}

#[test]
fn an_order_on_its_way_is_finished_though_nothing_but_its_record_tells_of_it() {
    let server = shop_with_cart("3");
    ok(&server, &["products"]);
    let id = stop_before(&server, "alice", &Stage::Take(1));
    assert_eq!(server.get("HGET product:tea stock"), "97");
    age(&server, &id, 60_000);
    server.cmd("UNLINK {cart:alice}:order {orders}:due");

    let doctor = run(&server, &["doctor"]);
    let doctor = String::from_utf8_lossy(&doctor.stdout).into_owned();
    let named = format!("that {{orders}}:due lacks (1): {id}");
    assert!(doctor.contains(&named), "{doctor}");
    ok(&server, &["orders", "--all"]);
    assert_eq!(server.get("HGET product:tea stock"), "100");
    assert_eq!(server.get(&format!("HGET {{orders}}:{id} closed")), "1");
}

#[test]
fn a_placed_order_that_has_lost_its_record_is_not_ordered_twice() {
    let server = shop_with_cart("3");
    let id = stop_before(&server, "alice", &Stage::Settle);
    assert_eq!(server.get("XLEN orders"), "1");
    let record = format!("{{orders}}:{id}");
    server.cmd(&format!("UNLINK {record}"));
    server.cmd(&format!("ZADD {{orders}}:due 1 {id}"));

    let refused = run(&server, &["--user", "alice", "checkout", "--yes"]);
    let why = format!("order {id} is placed, and its record is lost");
    assert_eq!(refused.status.code(), Some(1), "{}", said(&refused));
    assert!(said(&refused).contains(&why), "{}", said(&refused));
    // The cart shows, with a word on that.
    let cart = run(&server, &["--user", "alice", "cart"]);
    assert_eq!(cart.status.code(), Some(0), "{}", said(&cart));
    assert!(said(&cart).contains(&why), "{}", said(&cart));
    assert_eq!(server.get("XLEN orders"), "1");
    assert_eq!(server.get("HGET product:tea stock"), "97");
    let doctor = String::from_utf8(run(&server, &["doctor"]).stdout).unwrap();
    assert!(
        doctor.contains("orders are placed, and their records can't be read"),
        "{doctor}"
    );

    // Put back as the doctor says, it is finished.
    let (_, fields) = server
        .ask::<Vec<(String, Vec<String>)>>("XRANGE orders - +")
        .unwrap()
        .remove(0);
    let at = fields.iter().position(|word| word == "at").unwrap() + 1;
    let more = [
        "version",
        "1",
        "begun",
        &fields[at],
        "changed",
        &fields[at],
        "state",
        "placed",
    ];
    let words = fields.iter().map(String::as_str).chain(more);
    let words: Vec<&str> = ["HSET", &record].into_iter().chain(words).collect();
    server.raw(&words);
    run(&server, &["--user", "alice", "checkout", "--yes"]);
    assert_eq!(server.get("XLEN orders"), "1");
    assert_eq!(server.get("EXISTS cart:alice"), "0");
}

/// What is no order, or another program's key, where orders are kept.
#[test]
fn any_damage_to_the_keys_of_orders_ends_with_a_word() {
    let server = shop_with_cart("3");
    let placed = ok(&server, &["--user", "alice", "checkout", "--yes", "--json"]);
    let placed: serde_json::Value = serde_json::from_str(&placed).unwrap();
    let id = placed["order"].as_str().unwrap();
    let keys = [
        "orders".to_owned(),
        "{orders}:all".to_owned(),
        "{orders}:of:alice".to_owned(),
        "{orders}:due".to_owned(),
        "{orders}:open".to_owned(),
        "{orders}:numbers".to_owned(),
        "{orders}:version".to_owned(),
        format!("{{orders}}:{id}"),
        "{product:tea}:orders".to_owned(),
        "{product:tea}:released".to_owned(),
    ];
    let mut round = 0;
    for key in &keys {
        for damage in [
            "SET KEY x",
            "RPUSH KEY x y",
            "HSET KEY 1 x state 7",
            "ZADD KEY 1e300 x",
        ] {
            let was_there = server.get(&format!("COPY {key} saved:key REPLACE")) == "1";
            server.cmd(&format!("DEL {key}"));
            server.cmd(&damage.replace("KEY", key));

            round += 1;
            let cart = format!("cart{round}");
            for words in [
                &["--user", &cart, "add", "tea"][..],
                &["--user", &cart, "checkout", "--yes"],
                &["--user", "alice", "orders"],
                &["orders", "--all"],
                &["order", id],
                &["order", id, "accept"],
                &["today"],
                &["doctor"],
            ] {
                let done = run(&server, words);
                let code = done.status.code();
                assert!(
                    matches!(code, Some(0..=3)),
                    "{words:?} after {damage} on {key}: {code:?} {}",
                    said(&done)
                );
            }
            server.cmd(&format!("DEL {key}"));
            if was_there {
                server.cmd(&format!("RENAME saved:key {key}"));
            }
        }
    }
}

#[test]
fn a_product_that_has_lost_its_book_is_named() {
    let server = shop_with_cart("3");
    let placed = ok(&server, &["--user", "alice", "checkout", "--yes", "--json"]);
    let placed: serde_json::Value = serde_json::from_str(&placed).unwrap();
    let named = format!("tea ({})", placed["order"].as_str().unwrap());
    let doctor = || String::from_utf8(run(&server, &["doctor"]).stdout).unwrap();
    assert!(!doctor().contains(&named), "{}", doctor());
    server.cmd("UNLINK {product:tea}:orders");
    assert!(doctor().contains(&named), "{}", doctor());
    // Where the stock is not counted, there is nothing to give back.
    server.cmd("HDEL product:tea stock");
    assert!(!doctor().contains(&named), "{}", doctor());
}

#[test]
fn stock_of_a_placed_order_is_not_given_back_where_no_index_lists_it() {
    let server = shop_with_cart("3");
    let placed = ok(&server, &["--user", "alice", "checkout", "--yes", "--json"]);
    let placed: serde_json::Value = serde_json::from_str(&placed).unwrap();
    let record = format!("{{orders}}:{}", placed["order"].as_str().unwrap());

    // The list of open orders still knows of it, or its number does.
    sell(&server, "cake", "3.00", "9");
    ok(&server, &["--user", "bob", "add", "cake"]);
    ok(&server, &["--user", "bob", "checkout", "--yes"]);
    server.cmd(&format!("UNLINK {record} {{orders}}:all"));
    for lost in ["", "{orders}:open"] {
        if !lost.is_empty() {
            server.cmd(&format!("UNLINK {lost}"));
        }
        for sweep in [
            &["orders", "--all"][..],
            &["orders", "--follow", "--count", "1"],
        ] {
            ok(&server, sweep);
            assert_eq!(
                server.get("HGET product:tea stock"),
                "97",
                "{sweep:?} {lost}"
            );
            server.cmd("XGROUP DESTROY orders trolley");
        }
    }
}

#[test]
fn stock_of_orders_on_their_way_is_never_given_back() {
    let server = quick_server();
    sell(&server, "tea", "2.00", "100000");
    ok(&server, &["products"]);
    on_many_threads().block_on(async {
        let ordering = async |name: &'static str| {
            let mut link = connect_as(server.url(), name).await;
            let cart = user(name);
            for pieces in 1..=60 {
                add(&mut link, &cart, "tea", pieces).await;
                check_out(&mut link, &cart).await.unwrap();
            }
        };
        let orders = async { tokio::join!(ordering("ann"), ordering("bob"), ordering("carol")) };
        let sweeping = async {
            let mut link = connect_as(server.url(), "clerk").await;
            loop {
                assert_eq!(order::give_back_unowned(&mut link).await.unwrap(), 0);
            }
        };
        tokio::select! {
            _ = orders => {}
            () = sweeping => {}
        }
    });
    assert_eq!(server.get("XLEN orders"), "180");
    assert_eq!(
        server.get("HGET product:tea stock"),
        (100_000 - 3 * 1830).to_string()
    );
}

#[test]
fn an_order_begun_by_a_clock_that_was_ahead_is_finished_by_others() {
    let server = shop_with_cart("3");
    let ahead = |id: &str| {
        age(&server, id, -7_200_000);
        let begun: u64 = server
            .get(&format!("HGET {{orders}}:{id} begun"))
            .parse()
            .unwrap();
        server.cmd(&format!("ZADD {{orders}}:due {} {id}", begun + 3_000));
        server.cmd(&format!("HSET {{cart:alice}}:order at {begun}"));
    };
    let id = stop_before(&server, "alice", &Stage::Take(1));
    ahead(&id);
    ok(&server, &["--user", "carol", "orders"]);
    assert_eq!(server.get("EXISTS {cart:alice}:order"), "0");
    assert_eq!(server.get("ZCARD {orders}:due"), "0");
    // What was taken before is the order's; what was not can't be taken any more.
    assert_eq!(server.get("XLEN orders"), "1");
    ok(&server, &["--user", "alice", "add", "tea", "3"]);
    let id = stop_before(&server, "alice", &Stage::Take(0));
    ahead(&id);
    ok(&server, &["--user", "carol", "orders"]);
    assert_eq!(server.get("EXISTS {cart:alice}:order"), "0");
    assert_eq!(server.get("XLEN orders"), "1");
    assert_eq!(server.get("HGET product:tea stock"), "97");

    // An open terminal finishes it as well.
    let id = stop_before(&server, "alice", &Stage::Take(1));
    ahead(&id);
    let mut ann = shop(&server, "alice", "ann");
    ann.wait_message("which had stopped halfway, is placed now");
    ann.keys("q");
    ann.wait_exit();
}

#[test]
fn an_order_that_is_tried_again_and_again_is_named() {
    let server = shop_with_cart("1");
    let id = "20261126-0000-0000";
    server.cmd(&format!(
        "HSET {{orders}}:{id} id {id} user u who x begun 1 version 0 lines [] total 0 currency x state pending"
    ));
    let now: u64 = server.get_list("TIME")[0].parse().unwrap();
    server.cmd(&format!("ZADD {{orders}}:due {} {id}", (now + 300) * 1000));
    let doctor = String::from_utf8(run(&server, &["doctor"]).stdout).unwrap();
    let named = format!("orders that are tried in vain (1): {id}");
    assert!(doctor.contains(&named), "{doctor}");
}

#[test]
fn many_orders_on_their_way_are_looked_at_some_at_a_time() {
    let server = shop_with_cart("1");
    for n in 0..200 {
        let id = format!("20261126-{n:04}-0000");
        server.cmd(&format!(
            "HSET {{orders}}:{id} id {id} user u{n} who x begun 1 version 0 lines [] total 0 currency x state pending"
        ));
        server.cmd(&format!("ZADD {{orders}}:due 1 {id}"));
    }
    // Of these nothing but the id is left, as where a driver died early: they cost no try.
    for n in 0..40 {
        server.cmd(&format!("ZADD {{orders}}:due 0 20261125-{n:04}-0000"));
    }
    ok(&server, &["--user", "alice", "checkout", "--yes"]);
    assert_eq!(server.get("ZCARD {orders}:due"), "192");
    assert_eq!(server.get("XLEN orders"), "1");
}

/// Clerks order again and again, while shoppers write and delete marks of orders in their carts,
/// and records of orders on their way are lost. In the end stock and orders add up.
#[test]
fn stock_and_orders_add_up_whatever_shoppers_write() {
    const CARTS: [&str; 3] = ["ann", "bob", "carol"];
    // What is on its way, and not decided, is deleted as by an eviction.
    const LOSE: &str = "for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do \
        local record = '{orders}:' .. id \
        if redis.call('HGET', record, 'state') == 'pending' then redis.call('UNLINK', record) end end";

    let rounds: u32 = std::env::var("TROLLEY_ROUNDS").map_or(30, |n| n.parse().unwrap());
    let server = quick_server();
    sell(&server, "tea", "2.00", "100000");
    ok(&server, &["products"]);
    on_many_threads().block_on(async {
        let ordering = async |name: &'static str| {
            let mut link = connect_as(server.url(), name).await;
            for _ in 0..rounds {
                let deadline = Deadline::start();
                loop {
                    deadline.check("an order under attack");
                    // What a mark holds can't be taken out, and nothing else is refused here.
                    add(&mut link, &user(name), "tea", 1).await;
                    if check_out(&mut link, &user(name)).await.is_ok() {
                        break;
                    }
                }
            }
            rounds
        };
        let orders = async { tokio::join!(ordering("ann"), ordering("bob"), ordering("carol")) };
        let attacking = async {
            let mut plain = server::open_shared(server.url()).await;
            for round in 0.. {
                let cart = format!("{{cart:{}}}:order", CARTS[round % 3]);
                let on_its_way: Vec<String> = redis::cmd("ZRANGE")
                    .arg("{orders}:due")
                    .arg(0)
                    .arg(-1)
                    .query_async(&mut plain)
                    .await
                    .unwrap();
                let attack = match round % 5 {
                    0 => redis::cmd("UNLINK").arg(&cart).to_owned(),
                    1 => redis::cmd("EVAL")
                        .arg(LOSE)
                        .arg(1)
                        .arg("{orders}:due")
                        .to_owned(),
                    _ => {
                        let id = on_its_way.get(round % 7).map_or(PLANTED, String::as_str);
                        redis::cmd("HSET").arg(&cart).arg("id").arg(id).to_owned()
                    }
                };
                attack.exec_async(&mut plain).await.unwrap();
            }
        };
        tokio::select! {
            (ann, bob, carol) = orders => println!("{} orders under attack", ann + bob + carol),
            () = attacking => {}
        }

        // Whatever is still on its way is brought to its end by whoever comes by.
        let mut link = connect_as(server.url(), "clerk").await;
        for id in server.get_list("ZRANGE {orders}:due 0 -1") {
            server.cmd(&format!("ZADD {{orders}}:due 1 {id}"));
        }
        for name in CARTS {
            order::resume_now(&mut link, &user(name)).await.unwrap();
        }
        order::finish_open(&mut link).await.unwrap();
        order::give_back_unowned(&mut link).await.unwrap();

        let orders = order::list_orders(&mut link, None, 100_000).await.unwrap();
        assert_eq!(server.get("XLEN orders"), orders.len().to_string());
        let ordered: u64 = orders.iter().map(trolley::model::Order::pieces).sum();
        let left: u64 = server.get("HGET product:tea stock").parse().unwrap();
        assert_eq!(left + ordered, 100_000);
        for order in orders {
            let price = harness::shopping::money("2.00");
            assert!(
                order.lines.iter().all(|line| line.price == price),
                "{order:?}"
            );
        }
        assert!(server.get_list("KEYS {cart:*}:order").is_empty());
    });
}
