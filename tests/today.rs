//! What a shop sold: the sums of its orders, and nothing else.

use crate::harness;

use harness::{Server, document, keep_day, ok, ok_as, run};
use serde_json::Value;

/// 2026-11-20 10:30 UTC, a Friday, in Unix milliseconds.
const FRIDAY: u64 = 1_795_170_600_000;
const HOUR: u64 = 3_600_000;
const WEEK: u64 = 7 * 24 * HOUR;

/// Places an order in the cart of `who`, as if it had been at that time; returns its id.
fn order(server: &Server, who: &str, products: &[(&str, &str)], at: u64) -> String {
    for (product, pieces) in products {
        ok_as(server, who, who, &["add", product, pieces]);
    }
    let placed = ok_as(server, who, who, &["checkout", "--yes", "--json"]);
    let placed: Value = serde_json::from_str(&placed).unwrap();
    let id = placed["order"].as_str().unwrap().to_owned();

    server.get(&format!("HSET {{orders}}:{id} at {at}"));
    server.get(&format!("ZADD {{orders}}:all {at} {id}"));
    server.get(&format!("ZADD {{orders}}:of:{who} {at} {id}"));
    id
}

fn figures(server: &Server, args: &[&str]) -> Value {
    document(server, &[&["today"], args].concat())
}

#[test]
fn the_figures_are_the_sums_of_the_orders() {
    let server = Server::with_demo();
    ok(&server, &["shop", "time_zone=UTC"]);
    order(&server, "ann", &[("espresso", "2")], FRIDAY - WEEK);
    order(
        &server,
        "ann",
        &[("baguette", "9")],
        FRIDAY - WEEK - 24 * HOUR,
    );
    let first = order(
        &server,
        "ann",
        &[("espresso", "3"), ("baguette", "1")],
        FRIDAY,
    );
    let second = order(&server, "bob", &[("espresso", "1")], FRIDAY + HOUR);
    let cancelled = order(&server, "bob", &[("baguette", "5")], FRIDAY + HOUR);
    let dear = order(&server, "cai", &[("baguette", "7")], FRIDAY + 2 * HOUR);
    ok(&server, &["order", &cancelled, "cancel"]);
    ok(&server, &["order", &first, "accept"]);
    server.get(&format!(
        "HSET {{orders}}:{first} ready_at {} state done",
        FRIDAY + 5 * 60_000
    ));
    server.get(&format!(
        "HSET {{orders}}:{second} ready_at {} state ready",
        FRIDAY + HOUR + 8 * 60_000
    ));
    server.get(&format!("HSET {{orders}}:{dear} currency $"));

    let day = ["--since", "2026-11-20", "--until", "2026-11-20"];
    let told = figures(&server, &day);
    let top = [
        "orders",
        "sold",
        "average",
        "open",
        "cancelled",
        "other_currency",
        "ms_to_ready",
    ];
    assert_eq!(
        top.map(|name| told[name].to_string()),
        ["2", "\"11.70\"", "\"5.85\"", "2", "1", "1", "390000"]
    );
    assert_eq!(
        told["week_before"],
        serde_json::json!({ "orders": 1, "sold": "4.80", "average": "4.80" })
    );
    assert_eq!(
        told["hours"],
        serde_json::json!([
            { "hour": "2026-11-20T10:00", "orders": 1, "sold": "9.30" },
            { "hour": "2026-11-20T11:00", "orders": 1, "sold": "2.40" },
        ])
    );
    assert_eq!(
        told["products"],
        serde_json::json!([
            { "product": "espresso", "name": "Espresso", "pieces": 4, "sold": "9.60" },
            { "product": "baguette", "name": "Baguette", "pieces": 1, "sold": "2.10" },
        ])
    );
    assert_eq!(told["categories"][0]["name"], "Coffee & Tea");
    assert_eq!(told["categories"][1]["sold"], "2.10");

    // The same by the list of orders.
    let listed = ok(
        &server,
        &[&["orders", "--all", "--json"], &day[..]].concat(),
    );
    let listed: Value = serde_json::from_str(&listed).unwrap();
    let orders = listed["orders"].as_array().unwrap().iter();
    let counted = orders.filter(|order| order["state"] != "cancelled" && order["currency"] == "€");
    let totals: Vec<f64> = counted
        .map(|order| order["total"].as_str().unwrap().parse().unwrap())
        .collect();
    assert_eq!(format!("{:.2}", totals.iter().sum::<f64>()), "11.70");

    let said = run(&server, &[&["today"], &day[..]].concat());
    let printed = String::from_utf8(said.stdout).unwrap();
    for line in [
        "Corner Shop, Fri 20 Nov 2026",
        "sold       €11.70 in 2 orders, €5.85 on average",
        "week ago   €4.80 in 1 order, €4.80 on average",
        "ready in   7 minutes on average",
        "Fri 20 Nov 10:00                      1         9.30",
        "Espresso                              4         9.60",
    ] {
        assert!(
            printed.lines().any(|printed| printed == line),
            "{line}\n{printed}"
        );
    }
    assert_eq!(
        String::from_utf8(said.stderr).unwrap(),
        "trolley: left out: 1 order in another currency\n"
    );

    let rows = ok(&server, &[&["today", "--csv"], &day[..]].concat());
    let mut rows = rows.lines();
    assert_eq!(rows.next(), Some("figure,id,name,count,sold"));
    assert_eq!(rows.next(), Some("all,,,2,11.70"));
    assert!(rows.any(|row| row == "product,espresso,Espresso,4,9.60"));
}

#[test]
fn times_that_no_order_can_have_are_no_times() {
    let server = Server::with_demo();
    ok(&server, &["shop", "time_zone=UTC"]);
    let first = order(&server, "ann", &[("espresso", "1")], FRIDAY);
    let second = order(&server, "bob", &[("espresso", "1")], FRIDAY);
    for id in [&first, &second] {
        server.get(&format!(
            "HSET {{orders}}:{id} ready_at 18446744073709551615"
        ));
    }
    let day = ["--since", "2026-11-20", "--until", "9999-12-31"];
    let told = figures(&server, &day);
    assert_eq!(
        (&told["orders"], &told["ms_to_ready"]),
        (&2.into(), &Value::Null)
    );

    // An order that stands in the list of another day, or of another cart, is none of it.
    server.get(&format!("HSET {{orders}}:{first} at {}", FRIDAY - WEEK));
    assert_eq!(figures(&server, &day)["orders"], 1);
    server.get(&format!("ZADD {{orders}}:of:cai {FRIDAY} {second}"));
    let listed = ok_as(&server, "cai", "cai", &["orders"]);
    assert_eq!(listed, "There are no orders of cai yet\n");
    let refused = run(&server, &["today", "--since", "9999-12-31"]);
    assert!(String::from_utf8_lossy(&refused.stdout).contains("sold       nothing"));
}

#[test]
fn what_is_low_is_below_ten_or_below_what_was_sold() {
    let server = Server::with_demo();
    keep_day(&server);
    for (product, stock) in [
        ("baguette", 40),
        ("espresso-beans", 9),
        ("oat-milk", 10),
        ("sourdough", 0),
    ] {
        server.get(&format!("HSET product:{product} stock {stock}"));
    }
    let before = figures(&server, &[]);
    assert_eq!(
        (&before["orders"], &before["average"]),
        (&0.into(), &"0.00".into())
    );

    ok_as(&server, "ann", "ann", &["add", "baguette", "25"]);
    ok_as(&server, "ann", "ann", &["checkout", "--yes"]);
    let told = figures(&server, &[]);
    let low = |id: &str| {
        let low = told["low"].as_array().unwrap().iter();
        low.clone().find(|low| low["product"] == id).cloned()
    };
    assert_eq!(
        low("baguette"),
        Some(
            serde_json::json!({ "product": "baguette", "name": "Baguette", "left": 15, "pieces": 25 })
        )
    );
    assert!(low("espresso-beans").is_some());
    assert_eq!(low("oat-milk"), None);
    // None left of either.
    assert_eq!(
        [0, 1].map(|n| told["low"][n]["product"].as_str().unwrap()),
        ["basil", "sourdough"]
    );

    let printed = ok(&server, &["today"]);
    assert!(printed.contains("week ago   nothing\n"), "{printed}");
}
