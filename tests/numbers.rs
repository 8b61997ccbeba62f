//! The numbers that people call orders by.

use crate::harness;

use harness::{Server, ok, run};
use serde_json::Value;
use std::collections::BTreeSet;

/// Adds a piece and orders it, in the cart of `user`; returns what is printed of the order.
fn order(server: &Server, user: &str, more: &[&str]) -> Value {
    ok(server, &["--user", user, "add", "espresso"]);
    let args = [&["--user", user, "checkout", "--yes", "--json"], more].concat();
    serde_json::from_str(&ok(server, &args)).unwrap()
}

fn number(order: &Value) -> u64 {
    order["number"].as_u64().unwrap()
}

fn id(order: &Value) -> &str {
    order["order"].as_str().unwrap()
}

#[test]
fn numbers_count_each_day_and_pass_over_open_orders() {
    let server = Server::with_demo();
    let first: Vec<Value> = (0..5).map(|_| order(&server, "office", &[])).collect();
    assert_eq!(
        first.iter().map(number).collect::<Vec<_>>(),
        [1, 2, 3, 4, 5]
    );

    // A number is free again once its order is done or cancelled.
    for (n, step) in [("1", "done"), ("3", "cancel"), ("4", "accept")] {
        ok(&server, &["order", n, step]);
    }
    assert_eq!(
        server.get_list("ZRANGE {orders}:open 0 -1"),
        [id(&first[1]), id(&first[3]), id(&first[4])]
    );
    server.cmd("HINCRBY {orders}:numbers day -1");
    let next: Vec<u64> = (0..4)
        .map(|_| number(&order(&server, "office", &[])))
        .collect();
    assert_eq!(next, [1, 3, 6, 7]);

    // What is damaged there keeps nobody from ordering.
    for (field, value) in [
        ("day", "9999999"),
        ("day", "x"),
        ("last", "-3"),
        ("last", "1e9"),
    ] {
        server.cmd(&format!("HSET {{orders}}:numbers {field} {value}"));
        number(&order(&server, "office", &[]));
    }
    server.cmd("ZADD {orders}:open inf a 1.5 b -inf c 12 d 12 e");
    server.cmd("HDEL {orders}:numbers day last");
    let next: Vec<u64> = (0..3)
        .map(|_| number(&order(&server, "office", &[])))
        .collect();
    assert!(
        !next.contains(&12) && next[0] < next[1] && next[1] < next[2],
        "{next:?}"
    );
    // Many open ones are passed over.
    for n in 1..450 {
        server.cmd(&format!("ZADD {{orders}}:open {n} order-{n}"));
    }
    server.cmd("HINCRBY {orders}:numbers day -1");
    assert_eq!(number(&order(&server, "office", &[])), 450);
    // Whoever may order can list any number of them, which must not keep the server busy.
    let planted: String = (451..10_600).map(|n| format!(" {n} order-{n}")).collect();
    server.cmd(&format!("ZADD {{orders}}:open{planted}"));
    server.cmd("HINCRBY {orders}:numbers day -1");
    assert!(number(&order(&server, "office", &[])) <= 10_001);
}

#[test]
fn the_day_is_that_of_the_shop_and_never_goes_back() {
    let server = Server::with_demo();
    // There, it is never the same day.
    ok(&server, &["shop", "time_zone=Etc/GMT+12"]);
    assert_eq!(number(&order(&server, "office", &[])), 1);
    let west: u64 = server.get("HGET {orders}:numbers day").parse().unwrap();
    ok(&server, &["shop", "time_zone=Pacific/Kiritimati"]);
    ok(&server, &["order", "1", "done"]);
    assert_eq!(number(&order(&server, "office", &[])), 1);
    let east: u64 = server.get("HGET {orders}:numbers day").parse().unwrap();
    assert!(east > west, "{west} {east}");
    // Whose clocks are behind goes on with the day that has begun.
    ok(&server, &["shop", "time_zone=Etc/GMT+12"]);
    assert_eq!(number(&order(&server, "office", &[])), 2);

    let refused = run(&server, &["shop", "time_zone=Middle/Earth"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(ok(&server, &["shop"]).contains("time zone Etc/GMT+12"));
    ok(&server, &["shop", "time_zone="]);
    let shop: Value = serde_json::from_str(&ok(&server, &["shop", "--json"])).unwrap();
    assert_eq!(shop["time_zone"], Value::Null);
}

#[test]
fn an_order_goes_by_its_number_the_end_of_its_id_or_all_of_it() {
    let server = Server::with_demo();
    let ids = [
        "20261124-7KQ2-M8XD",
        "20261125-9AB2-M8XD",
        "20261125-9AB2-1234",
    ];
    for id in ids {
        order(&server, "office", &["--op-id", id]);
    }
    let shown = |word: &str| -> Value {
        serde_json::from_str(&ok(&server, &["order", word, "--json"])).unwrap()
    };
    for (word, index) in [
        ("1", 0),
        ("#2", 1),
        ("3", 2),
        ("1234", 2),
        ("9ab2-m8xd", 1),
        ("20261124-7kq2-m8xd", 0),
    ] {
        assert_eq!(id(&shown(word)), ids[index], "{word}");
    }
    for (word, status, why) in [
        ("M8XD", 1, "“M8XD” matches 2 orders: type the whole id"),
        ("m8xe", 1, "There is no order “M8XE”"),
        ("7", 1, "There is no order “7”"),
        (
            "nonsense",
            2,
            "“nonsense” is not valid: give its number, like 42",
        ),
        ("", 2, "is not valid"),
    ] {
        let output = run(&server, &["order", word]);
        assert_eq!(output.status.code(), Some(status), "{word}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(why), "{said}");
    }

    // The newest of a number counts, and orders without one go on as they were.
    ok(&server, &["order", "1", "done"]);
    server.cmd("HINCRBY {orders}:numbers day -1");
    let again = order(&server, "home", &[]);
    assert_eq!((number(&again), id(&shown("1"))), (1, id(&again)));
    server.cmd(&format!("HDEL {{orders}}:{} number", ids[0]));
    server.cmd(&format!("ZREM {{orders}}:open {}", ids[0]));
    assert_eq!(shown("7KQ2-M8XD")["number"], Value::Null);

    let list = ok(&server, &["--user", "office", "orders"]);
    assert!(list.contains("   #2  20261125-9AB2-M8XD  "), "{list}");
    assert!(list.contains("\n       20261124-7KQ2-M8XD  "), "{list}");
    let receipt = ok(&server, &["order", "3"]);
    assert!(
        receipt.contains("Order #3, 20261125-9AB2-1234\n"),
        "{receipt}"
    );
    assert_eq!(
        ok(&server, &["order", "#3", "ready"]),
        "Order #3 is ready\n"
    );

    // Four digits may be both.
    server.cmd(&format!("HSET {{orders}}:numbers 1234 {}", ids[1]));
    let output = run(&server, &["order", "1234"]);
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("matches 2 orders")
    );
}

#[test]
fn no_two_open_orders_have_the_same_number() {
    let server = Server::with_demo();
    let numbers: Vec<u64> = std::thread::scope(|scope| {
        let server = &server;
        let buyers: Vec<_> = (0..8)
            .map(|n| {
                scope.spawn(move || {
                    let cart = format!("cart-{n}");
                    let numbers = (0..3).map(|_| number(&order(server, &cart, &[])));
                    numbers.collect::<Vec<_>>()
                })
            })
            .collect();
        buyers
            .into_iter()
            .flat_map(|buyer| buyer.join().unwrap())
            .collect()
    });
    let distinct: BTreeSet<u64> = numbers.iter().copied().collect();
    assert_eq!(distinct, (1..=24).collect());
}
