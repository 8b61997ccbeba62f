//! The listing of orders: by time, by state, whole or in parts, for people, programs and spreadsheets.

use crate::harness;

use harness::{Server, document, keep_day, ok, ok_as, run};
use serde_json::Value;

/// 2026-11-20 10:00 and 2026-11-21 10:00 UTC, in Unix milliseconds.
const FRIDAY: u64 = 1_795_168_800_000;
const SATURDAY: u64 = FRIDAY + 86_400_000;

/// A shop whose day is that of UTC, with two old orders of alice, one of bob, and a new one of alice.
fn shop() -> (Server, Vec<String>) {
    let server = Server::with_demo();
    ok(&server, &["shop", "time_zone=UTC"]);
    let ids = [
        ("alice", "espresso", FRIDAY),
        ("alice", "baguette", SATURDAY),
        ("bob", "espresso", SATURDAY + 1),
        ("alice", "espresso", 0),
    ]
    .map(|(cart, product, at)| {
        ok_as(&server, cart, cart, &["add", product, "2"]);
        let placed = ok_as(&server, cart, cart, &["checkout", "--yes", "--json"]);
        let placed: Value = serde_json::from_str(&placed).unwrap();
        let id = placed["order"].as_str().unwrap().to_owned();
        if at > 0 {
            server.get(&format!("HSET {{orders}}:{id} at {at}"));
            server.get(&format!("ZADD {{orders}}:all {at} {id}"));
            server.get(&format!("ZADD {{orders}}:of:{cart} {at} {id}"));
        }
        id
    });
    (server, ids.to_vec())
}

fn listed(server: &Server, args: &[&str]) -> Value {
    document(server, &[&["orders"], args].concat())
}

fn ids(document: &Value) -> Vec<&str> {
    let orders = document["orders"].as_array().unwrap();
    orders
        .iter()
        .map(|order| order["order"].as_str().unwrap())
        .collect()
}

/// Checks that these orders are listed, and that none is left out.
fn assert_listed(server: &Server, args: &[&str], expected: &[&String]) {
    let document = listed(server, args);
    assert_eq!(ids(&document), expected, "{args:?}");
    assert_eq!(document["count"], expected.len(), "{args:?}");
    assert_eq!(document["is_all"], true, "{args:?}");
}

#[test]
fn orders_of_a_time_and_of_a_state() {
    let (server, placed) = shop();
    let [friday, saturday, bobs, new] = &placed[..] else {
        panic!("four orders")
    };
    ok(&server, &["order", saturday, "accept"]);
    ok(&server, &["order", bobs, "cancel"]);

    for (args, expected) in [
        (&["--all"][..], vec![new, bobs, saturday, friday]),
        (&["--all", "--until", "2026-11-20"], vec![friday]),
        (
            &["--all", "--since", "2026-11-21", "--until", "2026-11-21"],
            vec![bobs, saturday],
        ),
        (
            &[
                "--all",
                "--since",
                "2026-11-20 10:00",
                "--until",
                "2026-11-21 10:00",
            ],
            vec![friday],
        ),
        (&["--all", "--state", "cancelled"], vec![bobs]),
        (
            &["--all", "--state", "accepted,cancelled"],
            vec![bobs, saturday],
        ),
        (&["--cart", "alice", "--state", "placed"], vec![new, friday]),
        (
            &["--all", "--state", "open,done"],
            vec![new, saturday, friday],
        ),
        (&["--cart", "bob", "--until", "2026-11-20"], vec![]),
    ] {
        assert_listed(&server, args, &expected);
    }

    let some = listed(&server, &["--all", "--since", "2026-11-20", "--most", "3"]);
    assert_eq!(ids(&some), [new, bobs, saturday]);
    assert_eq!(
        (&some["count"], &some["is_all"]),
        (&3.into(), &false.into())
    );
    let said = run(
        &server,
        &["orders", "--all", "--since", "2026-11-20", "--most", "3"],
    );
    assert_eq!(
        String::from_utf8(said.stderr).unwrap(),
        "trolley: these are the newest 3 of them; to list all: --csv\n"
    );
    let none = ok(&server, &["orders", "--all", "--until", "2026-11-19"]);
    assert_eq!(none, "There are no such orders\n");

    for wrong in [
        &["--since", "soon"][..],
        &["--since", "today", "--until", "yesterday"],
        &["--state", "paid"],
        &["--csv", "--json"],
    ] {
        let refused = run(&server, &[&["orders"], wrong].concat());
        assert_eq!(refused.status.code(), Some(2), "{wrong:?}");
    }

    // Today is the day in the zone of the shop.
    keep_day(&server);
    assert_listed(&server, &["--all", "--since", "today"], &[new]);
}

#[test]
fn a_spreadsheet_has_a_row_for_each_line() {
    let (server, placed) = shop();
    server.get("HSET product:baguette name =2+3");
    ok_as(&server, "alice", "alice", &["add", "baguette", "3"]);
    ok_as(
        &server,
        "alice",
        "alice",
        &["note", "--order", "+1 at the door"],
    );
    ok_as(&server, "alice", "alice", &["checkout", "--yes"]);

    let written = ok(&server, &["orders", "--all", "--csv"]);
    let mut rows = csv::Reader::from_reader(written.as_bytes());
    assert_eq!(
        rows.headers().unwrap().iter().collect::<Vec<_>>().join(" "),
        "order number cart by at state product name unit quantity price total currency from notes note"
    );
    let rows: Vec<csv::StringRecord> = rows.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 5);

    // What people write is no formula.
    let newest: Vec<&str> = rows[0].iter().collect();
    assert_eq!(newest[2..4], ["alice", "alice"]);
    assert_eq!(newest[5..8], ["placed", "baguette", "'=2+3"]);
    assert_eq!(newest[9..13], ["3", "2.10", "6.30", "€"]);
    assert_eq!(newest[13..], ["alice", "", "'+1 at the door"]);

    let oldest: Vec<&str> = rows[4].iter().collect();
    assert_eq!(oldest[0], placed[0]);
    assert_eq!(oldest[4], "2026-11-20T10:00:00+00:00");

    let documents = listed(&server, &["--all"]);
    let totals = documents["orders"].as_array().unwrap().iter();
    let totals: Vec<&str> = totals
        .map(|order| order["total"].as_str().unwrap())
        .collect();
    let column: Vec<&str> = rows.iter().map(|row| &row[11]).collect();
    assert_eq!(column, totals);
}

#[test]
fn more_orders_than_are_read_at_once_are_listed_once_each() {
    let (server, placed) = shop();
    let copy = |n: u64| format!("20261101-0000-{n:04}");

    // Six with each time: a page ends among those of the same moment.
    for n in 0..600 {
        let (id, at) = (copy(n), FRIDAY - 1_000_000 + n / 6);
        server.get(&format!("COPY {{orders}}:{} {{orders}}:{id}", placed[0]));
        server.get(&format!("HSET {{orders}}:{id} id {id} at {at}"));
        server.get(&format!("ZADD {{orders}}:all {at} {id}"));
    }
    let written = ok(&server, &["orders", "--all", "--csv"]);
    let mut rows = csv::Reader::from_reader(written.as_bytes());
    let ids: Vec<String> = rows
        .records()
        .map(|row| row.unwrap()[0].to_owned())
        .collect();
    let mut expected: Vec<String> = (0..600).rev().map(copy).collect();
    let newer = [&placed[3], &placed[2], &placed[1], &placed[0]].map(Clone::clone);
    expected.splice(0..0, newer);
    assert_eq!(ids, expected);

    let all = listed(&server, &["--all", "--most", "9999"]);
    assert_eq!((ids.len(), &all["count"]), (604, &604.into()));
}
