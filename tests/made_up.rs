//! Made-up orders: a shop as it looks after a week, for a newcomer.

use crate::harness;

use harness::{Finish, Server, document, keep_day, ok, run, trolley, zone_at};
use serde_json::Value;
use std::collections::HashMap;

/// The amount of a document in millionths.
fn amount(document: &Value) -> u128 {
    let text = document.as_str().unwrap();
    let (whole, fraction) = text.split_once('.').unwrap();
    format!("{whole}{fraction:0<6}").parse().unwrap()
}

#[test]
fn a_week_of_orders_is_made_up_for_a_shop_that_has_none() {
    let server = Server::start();
    // Its day does not end before that of the order that is placed below.
    let args = ["--redis", server.url(), "demo", "--orders", "--json"];
    let mut demo = trolley(server.dir(), &args);
    let made = demo.env("TZ", zone_at(12)).finish();
    let made: Value = serde_json::from_slice(&made.stdout).unwrap();
    let orders = usize::try_from(made["orders"].as_u64().unwrap()).unwrap();
    assert!((300..800).contains(&orders), "{made}");

    // They are orders like others, and none of them is for followers.
    let listed = document(&server, &["orders", "--all", "--most", "10000"]);
    let listed = listed["orders"].as_array().unwrap();
    assert_eq!(listed.len(), orders);
    let mut states: HashMap<&str, u64> = HashMap::new();
    for order in listed {
        *states.entry(order["state"].as_str().unwrap()).or_default() += 1;
    }
    let open = ["placed", "accepted", "ready"].map(|state| states[state]);
    assert_eq!(open, [5, 3, 3]);
    assert_eq!(made["open"], 11);
    assert_eq!(server.get("ZCARD {orders}:open"), "11");
    assert_eq!(server.get("EXISTS orders"), "0");
    assert!(
        states["done"] > 250 && states["cancelled"] > 1,
        "{states:?}"
    );

    // The figures of the whole time are their sums.
    let told = document(&server, &["today", "--since", "2020-01-01"]);
    let counted = listed.iter().filter(|order| order["state"] != "cancelled");
    let sum: u128 = counted.clone().map(|order| amount(&order["total"])).sum();
    assert_eq!(amount(&told["sold"]), sum);
    assert_eq!(told["orders"], counted.count());
    assert_eq!(told["open"], 11);

    // Nothing is wrong with them, no stock was taken, and none comes back.
    let said = run(&server, &["doctor"]);
    let said = String::from_utf8(said.stdout).unwrap();
    assert!(said.contains("none stopped on its way"), "{said}");
    assert!(!said.contains("stock is taken"), "{said}");
    assert_eq!(server.get("HGET product:sourdough stock"), "18");
    let open = listed.iter().find(|order| order["state"] == "placed");
    let open = open.unwrap()["order"].as_str().unwrap();
    ok(&server, &["order", open, "cancel"]);
    assert_eq!(server.get("HGET product:croissant stock"), "24");

    // The next order goes on counting.
    keep_day(&server);
    let last: u32 = server.get("HGET {orders}:numbers last").parse().unwrap();
    ok(&server, &["add", "espresso"]);
    let placed = document(&server, &["checkout", "--yes"]);
    assert_eq!(placed["number"], last + 1);
}

#[test]
fn real_orders_and_real_products_stay_alone() {
    let server = Server::with_demo();
    ok(&server, &["add", "espresso"]);
    ok(&server, &["checkout", "--yes"]);
    let refused = run(&server, &["demo", "--orders"]);
    assert_eq!(refused.status.code(), Some(1));
    assert_eq!(
        String::from_utf8(refused.stderr).unwrap(),
        "trolley: The shop has orders already: made-up ones go only into a shop that has none\n"
    );
    assert_eq!(server.get("ZCARD {orders}:all"), "1");

    let server = Server::start();
    ok(
        &server,
        &["product", "set", "tea", "name=Tea", "price=2.40"],
    );
    let refused = run(&server, &["demo", "--orders", "--json"]);
    assert_eq!(refused.status.code(), Some(1));
    let refused = format!("{refused:?}");
    assert!(refused.contains("no_demo_catalog"), "{refused}");
    assert!(server.get_list("KEYS {orders}*").is_empty());
}
