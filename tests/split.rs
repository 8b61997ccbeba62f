//! Who pays what: the parts of all people are the whole in every document, and who has settled.

use crate::harness;

use harness::{Server, ok_as, run, shop};
use serde_json::Value;
use trolley::model::Money;

const ORDER: &str = "20261124-7KQ2-M8XD";

/// Runs a command of somebody on the cart of the office.
fn office(server: &Server, name: &str, args: &[&str]) -> String {
    ok_as(server, "office", name, args)
}

/// The document that a command prints for somebody.
fn document(server: &Server, name: &str, args: &[&str]) -> Value {
    let of_office = ["--cart", "office", "--name", name];
    harness::document(server, &[&of_office, args].concat())
}

/// The status and the words of a command that fails.
fn refused(server: &Server, name: &str, args: &[&str]) -> (Option<i32>, String) {
    let output = run(
        server,
        &[&["--user", "office", "--name", name], args].concat(),
    );
    (
        output.status.code(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

/// The people of a document in short: `ann 2 4.80, null 1 2.40`.
fn people(document: &Value) -> String {
    let people = document["people"].as_array().unwrap().iter();
    people
        .map(|person| {
            let name = person["name"].as_str().unwrap_or("null");
            format!(
                "{name} {} {}",
                person["pieces"],
                person["sum"].as_str().unwrap()
            )
        })
        .collect::<Vec<_>>()
        .join(", ")
}

/// Checks that the parts of a document are the whole.
fn check(document: &Value, total: &str) {
    let people = document["people"].as_array().unwrap();
    let sum: Money = people
        .iter()
        .map(|person| Money::parse(person["sum"].as_str().unwrap()).unwrap())
        .sum();
    assert_eq!(
        sum,
        Money::parse(document[total].as_str().unwrap()).unwrap(),
        "{document:#}"
    );

    let pieces: u64 = people
        .iter()
        .map(|person| person["pieces"].as_u64().unwrap())
        .sum();
    let lines = document["lines"].as_array().unwrap().iter();
    let counted: u64 = lines
        .filter(|line| !line["total"].is_null() && line["total"] != "0.00")
        .map(|line| line["quantity"].as_u64().unwrap())
        .sum();
    assert_eq!(pieces, counted, "{document:#}");
}

#[test]
fn the_parts_are_the_whole_in_every_document() {
    let server = Server::with_demo();
    // A price with more digits than a cent has.
    server.cmd("HSET product:baguette price 1.955");
    let steps: [(&str, &[&str], &str); 12] = [
        ("ann", &["add", "espresso", "4"], "ann 4 9.60"),
        ("bob", &["add", "espresso", "2"], "ann 4 9.60, bob 2 4.80"),
        (
            "cai",
            &["add", "baguette", "3"],
            "ann 4 9.60, bob 2 4.80, cai 3 5.865",
        ),
        // One piece of another person's, and two of one's own.
        (
            "bob",
            &["remove", "baguette", "1"],
            "ann 4 9.60, bob 2 4.80, cai 2 3.91",
        ),
        (
            "ann",
            &["remove", "espresso", "2"],
            "ann 2 4.80, bob 2 4.80, cai 2 3.91",
        ),
        (
            "bob",
            &["set", "baguette", "5"],
            "ann 2 4.80, bob 5 10.665, cai 2 3.91",
        ),
        // Other programs know nothing of who asked for what.
        (
            "",
            &["ZINCRBY cart:office 2 espresso"],
            "ann 2 4.80, bob 5 10.665, cai 2 3.91, null 2 4.80",
        ),
        (
            "",
            &["ZADD cart:office 3 baguette"],
            "ann 2 4.80, bob 3 6.755, cai 2 3.91, null 2 4.80",
        ),
        (
            "cai",
            &["remove", "espresso", "1"],
            "ann 2 4.80, bob 3 6.755, cai 2 3.91, null 1 2.40",
        ),
        // What has no price is in no sum.
        (
            "",
            &["HSET product:espresso price free"],
            "bob 1 1.955, cai 2 3.91",
        ),
        (
            "",
            &["HSET product:espresso price 2.40"],
            "ann 2 4.80, bob 3 6.755, cai 2 3.91, null 1 2.40",
        ),
        (
            "",
            &["ZADD cart:office 1 unicorn"],
            "ann 2 4.80, bob 3 6.755, cai 2 3.91, null 1 2.40",
        ),
    ];
    for (name, args, told) in steps {
        match name {
            "" => drop(server.cmd(args[0])),
            name => drop(office(&server, name, args)),
        }
        let cart = document(&server, "ann", &["cart"]);
        check(&cart, "subtotal");
        assert_eq!(people(&cart), told, "{args:?}");

        let output = run(
            &server,
            &["--user", "office", "--name", "ann", "--json", "checkout"],
        );
        let checkout: Value = serde_json::from_slice(&output.stdout).unwrap();
        check(&checkout, "total");
        assert_eq!(people(&checkout), told, "{args:?}");
    }
    // There is no such product: it can't be ordered.
    server.cmd("ZREM cart:office unicorn");

    let told = "ann 2 4.80, bob 3 6.755, cai 2 3.91, null 1 2.40";
    let from = |line: &Value| line["from"].to_string();
    let cart = document(&server, "ann", &["cart"]);
    assert_eq!(
        [&cart["lines"][0], &cart["lines"][1]].map(from),
        [
            r#"[{"name":"ann","quantity":2},{"name":"bob","quantity":2}]"#,
            r#"[{"name":"cai","quantity":2},{"name":"bob","quantity":1}]"#
        ]
    );
    let printed = office(&server, "ann", &["cart"]);
    assert!(
        printed.contains("\n        ann 2, bob 2, nobody 1\n"),
        "{printed}"
    );
    assert!(printed.contains("\n        cai 2, bob 1\n"), "{printed}");
    let printed = office(&server, "ann", &["checkout"]);
    assert!(
        printed.contains("\n        ann 2, bob 2, nobody 1\n"),
        "{printed}"
    );

    let placed = document(&server, "ann", &["checkout", "--yes", "--op-id", ORDER]);
    check(&placed, "total");
    assert_eq!(people(&placed), told);
    let order = document(&server, "bob", &["order", ORDER]);
    assert_eq!(order["people"], placed["people"]);
    let split = document(&server, "bob", &["split", ORDER]);
    assert_eq!(split["people"], placed["people"]);

    let receipt = office(&server, "cai", &["order", ORDER]);
    let (_, below) = receipt.split_once("8 items ").unwrap();
    let rows: Vec<_> = below.lines().skip(2).collect();
    assert_eq!(
        rows.join("\n"),
        "ann 2                               4.80\n\
         bob 3                              6.755\n\
         cai 2                               3.91\n\
         nobody 1                            2.40",
        "{receipt}"
    );
}

#[test]
fn whoever_orders_for_nobody_else_is_not_told_who_pays() {
    let server = Server::with_demo();
    office(&server, "ann", &["add", "espresso", "4"]);
    let cart = office(&server, "ann", &["cart"]);
    assert!(!cart.contains("ann"), "{cart}");
    office(&server, "ann", &["checkout", "--yes", "--op-id", ORDER]);
    let receipt = office(&server, "bob", &["order", ORDER]);
    assert!(receipt.trim_end().ends_with("Total €9.60"), "{receipt}");
    // Who asks is told.
    let split = office(&server, "bob", &["split", ORDER]);
    assert!(split.contains("     4  ann "), "{split}");
}

#[test]
fn whoever_ordered_marks_who_has_settled() {
    let server = Server::with_demo();
    office(&server, "bob", &["add", "espresso", "2"]);
    office(&server, "lee o'hara", &["add", "espresso", "1"]);
    office(&server, "ann", &["add", "baguette", "1"]);
    server.cmd("ZADD cart:office 1 cappuccino");
    office(&server, "ann", &["checkout", "--yes", "--op-id", ORDER]);

    let mut bob = shop(&server, "office", "bob");
    bob.wait("64 products");
    bob.keys("o");
    bob.wait("╭ Orders 1 ");
    bob.keys("enter");
    bob.wait("bob 2 +open +4.80");

    let split = office(&server, "ann", &["split", ORDER]);
    assert_eq!(
        split,
        "Order 20261124-7KQ2-M8XD, ordered by ann\n     \
         1  ann                                        2.10\n     \
         2  bob                                        4.80  open\n     \
         1  lee o'hara                                 2.40  open\n     \
         1  nobody                                     3.50\n        \
         5 items                                  €12.80\n"
    );

    let marked = office(
        &server,
        "ann",
        &[
            "split",
            ORDER,
            "--settled",
            "bob",
            "--settled",
            "lee o'hara",
        ],
    );
    assert!(
        marked.contains("2  bob                                        4.80  settled\n"),
        "{marked}"
    );
    // Everybody who looks at the order sees it.
    bob.wait("bob 2 +settled ✓ +4\\.80");
    let settled = |document: &Value| {
        let people = document["people"].as_array().unwrap().iter();
        let settled = people.filter(|person| person["settled"] == true);
        settled
            .map(|person| person["name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
            .join(", ")
    };
    assert_eq!(
        settled(&document(&server, "cai", &["order", ORDER])),
        "bob, lee o'hara"
    );

    // Once more, or taken away: it is the same however often it is said.
    let both = ["split", ORDER, "--settled", "ann", "--open", "bob"];
    assert_eq!(settled(&document(&server, "ann", &both)), "ann, lee o'hara");
    assert_eq!(settled(&document(&server, "ann", &both)), "ann, lee o'hara");
    assert_eq!(
        server.get(&format!("HGET {{orders}}:{ORDER} settled")),
        "lee o'hara\nann"
    );
    bob.wait("ann 1 +settled ✓ +2\\.10");
    bob.keys("esc esc q");
    bob.wait_exit();

    // A state of the shop leaves the marks alone, and the other way round.
    office(&server, "mia", &["order", ORDER, "done"]);
    let done = document(&server, "ann", &["split", ORDER, "--settled", "bob"]);
    assert_eq!(
        (settled(&done), &done["state"]),
        ("ann, bob, lee o'hara".to_owned(), &"done".into())
    );

    for (name, args, status, told) in [
        (
            "bob",
            &["split", ORDER, "--settled", "bob"][..],
            1,
            "Only ann, who ordered, can mark who has settled",
        ),
        (
            "ann",
            &["split", ORDER, "--settled", "eve"],
            1,
            "eve has nothing in order 20261124-7KQ2-M8XD",
        ),
        (
            "ann",
            &["split", ORDER, "--settled", "nobody"],
            1,
            "“nobody” has nothing in order 20261124-7KQ2-M8XD",
        ),
        (
            "ann",
            &["split", ORDER, "--settled", " "],
            2,
            "settled: a person has a name",
        ),
        (
            "ann",
            &["split", ORDER, "--settled", "bob", "--open", "bob"],
            2,
            "settled: bob can't be both settled and open",
        ),
        (
            "ann",
            &["split", "20261124-7KQ2-0000", "--settled", "bob"],
            1,
            "There is no order “20261124-7KQ2-0000”",
        ),
        (
            "ann",
            &["split", "nonsense"],
            2,
            "order: “nonsense” is not valid: give its number, like 42, the last four of its id, like M8XD, or the id",
        ),
    ] {
        let said = refused(&server, name, args);
        assert_eq!(
            said,
            (Some(status), format!("trolley: {told}\n")),
            "{args:?}"
        );
    }
    assert_eq!(server.get("EXISTS {orders}:20261124-7KQ2-0000"), "0");

    // What others put there is taken for a mark only where it can be one.
    server.raw(&[
        "HSET",
        &format!("{{orders}}:{ORDER}"),
        "settled",
        "eve\n\nann\nann\x1b[31m\nbob",
    ]);
    assert_eq!(
        settled(&document(&server, "cai", &["split", ORDER])),
        "ann, bob"
    );
}

#[test]
fn a_long_list_of_names_is_wrapped_and_none_is_left_out() {
    let server = Server::with_demo();
    let names: Vec<String> = (10..25)
        .map(|number| format!("guest {number} of the table"))
        .collect();
    for name in &names {
        office(&server, name, &["add", "espresso", "2"]);
    }
    for (args, columns) in [
        (&["cart"][..], 80),
        (&["checkout"], 80),
        (&["checkout", "--yes", "--op-id", ORDER], 40),
    ] {
        let printed = office(&server, "ann", args);
        let words: Vec<_> = printed.split_whitespace().collect();
        let words = words.join(" ");
        for name in &names {
            assert!(words.contains(&format!("{name} 2")), "{printed}");
        }
        assert!(
            printed.lines().all(|line| line.chars().count() <= columns),
            "{printed}"
        );
    }
}
