//! The backup of a shop: all orders go into a file and come back as they were, damaged lines are
//! named, and nobody hears of it.

use crate::harness;

use harness::shopping::sell;
use harness::{
    Finish, Proxy, Server, TROLLEY, document, keep_day, ok, ok_as, run, run_at, staff, trolley,
};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::Output;
use std::sync::atomic::Ordering;
use trolley::model::OrderId;

/// Places what is in a cart; returns the order's id.
fn place(server: &Server, cart: &str, name: &str) -> String {
    let placed = ok_as(server, cart, name, &["checkout", "--yes", "--json"]);
    let placed: Value = serde_json::from_str(&placed).unwrap();
    placed["order"].as_str().unwrap().to_owned()
}

/// A shop with an order in each state, of which people, notes and marks are known.
fn busy_shop() -> Server {
    let server = Server::start();
    sell(&server, "tea", "2.40", "100");
    sell(&server, "cake", "3.10", "100");
    ok(&server, &["shop", "money=1.234,50 €"]);
    keep_day(&server);

    let steps: [&[&str]; 5] = [
        &[],
        &["accept"],
        &["accept", "ready"],
        &["accept", "ready", "done"],
        &["accept", "cancel"],
    ];
    for (cart, steps) in ["one", "two", "three", "four", "five"]
        .into_iter()
        .zip(steps)
    {
        ok_as(&server, cart, "ann", &["add", "tea", "2"]);
        ok_as(&server, cart, "bob", &["add", "cake"]);
        ok_as(&server, cart, "bob", &["note", "cake", "no “cream”, bitte"]);
        ok_as(
            &server,
            cart,
            "ann",
            &["note", "--order", "12:30, back door"],
        );
        server.cmd(&format!("ZINCRBY cart:{cart} 1 cake"));
        let order = place(&server, cart, "ann");
        for step in steps {
            ok_as(&server, cart, "mia", &["order", &order, step]);
        }
        ok_as(&server, cart, "ann", &["split", &order, "--settled", "bob"]);
        if steps.len() == 1 {
            server.cmd(&format!("HSET {{orders}}:{order} ticked cake"));
        }
    }
    server
}

fn path(server: &Server, name: &str) -> PathBuf {
    server.dir().join(name)
}

/// Writes a backup of all orders; returns its path and its text.
fn export(server: &Server, name: &str) -> (String, String) {
    let file = path(server, name).to_str().unwrap().to_owned();
    ok(server, &["export", "--orders", &file]);
    let text = std::fs::read_to_string(&file).unwrap();
    (file, text)
}

fn import(server: &Server, file: &str) -> Output {
    run(server, &["import", "--orders", file])
}

fn said(output: &Output) -> (String, String) {
    let text = |raw: &[u8]| String::from_utf8(raw.to_vec()).unwrap();
    (text(&output.stdout), text(&output.stderr))
}

/// What the server holds of all orders, apart from their records.
fn indexes(server: &Server) -> Vec<(String, String)> {
    let mut keys = server.get_list("KEYS {orders}:*");
    keys.retain(|key| !key.contains(":20") && !key.ends_with(":version"));
    keys.retain(|key| !key.ends_with(":cancelled"));
    keys.sort();
    let digests = keys.into_iter().map(|key| {
        let digest = server.digest_of(&key);
        (key, digest)
    });
    digests.collect()
}

#[test]
fn orders_come_back_as_they_were() {
    let from = busy_shop();
    let (file, text) = export(&from, "orders.jsonl");
    assert_eq!(text.lines().count(), 5);

    let to = Server::start();
    sell(&to, "tea", "2.50", "7");
    let (out, _) = said(&import(&to, &file));
    assert_eq!(out, "5 orders restored\n");
    assert_eq!(export(&to, "again.jsonl").1, text);
    assert_eq!(indexes(&to), indexes(&from));
    assert_eq!(to.get("HGET product:tea stock"), "7");
    assert_eq!(to.get("EXISTS orders"), "0");

    // They are orders like others.
    let since = ["today", "--since", "yesterday"];
    let mut today = document(&from, &since);
    let zone = format!("time_zone={}", from.get("HGET shop time_zone"));
    ok(&to, &["shop", "money=1.234,50 €", &zone]);
    let restored = document(&to, &since);
    for name in ["low", "categories"] {
        today[name] = restored[name].clone();
    }
    assert_eq!(restored, today);
    let split = ["split", "3"];
    assert_eq!(document(&to, &split), document(&from, &split));
    let board = staff(&to, "mia", &["board"]);
    for shown in ["#1", "#2", "#3", "12:30, back door"] {
        board.wait(shown);
    }

    // They go on as they would have.
    let refused = run(&to, &["order", "4", "undo", "--name", "sam"]);
    assert!(
        said(&refused).1.contains("mia moved #4 last"),
        "{refused:?}"
    );
    let undone = ok_as(&to, "four", "mia", &["order", "4", "undo"]);
    assert_eq!(undone, "Order #4 is back to ready\n");
    board.wait("#4");
    ok_as(&to, "ann", "ann", &["again", "3", "--yes"]);
    let cart = document(&to, &["cart", "--cart", "ann"]);
    assert_eq!(cart["lines"][0]["quantity"], 2);
    place(&to, "ann", "ann");
    board.wait("#6");
    ok(&to, &["order", "1", "cancel"]);
    assert_eq!(to.get("HGET product:tea stock"), "5");
    let examined = run(&to, &["doctor"]);
    let (examined, _) = said(&examined);
    assert!(examined.contains("none stopped on its way"), "{examined}");
}

/// Pages begin at a moment: of many orders of one moment, none is left out or told twice.
#[test]
fn many_orders_of_one_moment_are_read_page_by_page() {
    const MOMENT: u64 = 1_795_651_200_000;
    let from = busy_shop();
    let (_, text) = export(&from, "orders.jsonl");
    let like: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    let moments = (0..700).map(|n| MOMENT - n);
    let moments = moments.chain(std::iter::repeat_n(MOMENT - 100, 1_201));
    let orders = moments.enumerate().map(|(number, at)| {
        let mut order = like.clone();
        order["order"] = json!(OrderId::new(at, number as u64).as_str());
        order["number"] = json!(number + 1);
        order["at"] = json!(at);
        order["changed"] = json!(at);
        order["reached"] = json!({ "placed": at });
        format!("{order}\n")
    });
    let to = Server::start();
    let file = path(&to, "orders.jsonl");
    std::fs::write(&file, orders.collect::<String>()).unwrap();
    let restored = import(&to, file.to_str().unwrap());
    assert_eq!(said(&restored).0, "1901 orders restored\n");

    let listed = |args: &[&str]| -> Vec<(u64, String)> {
        let orders = document(
            &to,
            &[&["orders", "--all", "--most", "5000"], args].concat(),
        );
        let orders = orders["orders"].as_array().unwrap().clone();
        let told = orders.iter().map(|order| {
            let id = order["order"].as_str().unwrap();
            (order["at"].as_u64().unwrap(), id.to_owned())
        });
        told.collect()
    };
    let all = listed(&[]);
    assert_eq!(all.len(), 1_901);
    assert!(all.is_sorted_by(|one, other| one > other));
    let until = listed(&["--until", "2026-11-25T23:59:59.901Z"]);
    assert_eq!(until.len(), 600 + 1_201, "{:?}", until.first());
    assert!(all.ends_with(&until));
    let since = listed(&["--since", "2026-11-25T23:59:59.950Z"]);
    assert_eq!(since, all[..51]);
}

#[test]
fn nobody_hears_of_restored_orders() {
    let from = busy_shop();
    let (file, _) = export(&from, "orders.jsonl");
    let to = Server::start();
    let mut link = to.connection();
    let mut heard = link.as_pubsub();
    heard.psubscribe("*").unwrap();

    assert_eq!(import(&to, &file).status.code(), Some(0));
    to.cmd("PUBLISH marker end");
    let first = heard.get_message().unwrap();
    assert_eq!(first.get_channel_name(), "marker");
    assert_eq!(to.get("EXISTS {orders}:version"), "0");
}

#[test]
fn an_import_that_broke_off_goes_on() {
    let from = Server::with_demo();
    ok(&from, &["shop", "time_zone=UTC"]);
    ok(&from, &["demo", "--orders"]);
    let (file, text) = export(&from, "orders.jsonl");
    let orders = text.lines().count();

    // The first orders are stored, and the answer is lost. The server knows the script: one that it
    // does not know is not run.
    let to = Server::with_demo();
    ok(&to, &["shop", "time_zone=UTC"]);
    let other = format!("{}?db=1", to.url());
    harness::ok_at(to.dir(), &other, &["import", "--orders", &file]);
    let runtime = harness::shopping::on_many_threads();
    let proxy = runtime.block_on(async { Proxy::start(&to.socket(), "proxy") });
    *proxy.faults.change.lock().unwrap() = b"utc_offset".to_vec();
    proxy.faults.lose_answers.store(u64::MAX, Ordering::Relaxed);
    let broken = run_at(to.dir(), &proxy.url(), &["import", "--orders", &file]);
    assert_eq!(broken.status.code(), Some(3), "{broken:?}");
    let (_, told) = said(&broken);
    assert!(told.contains("run it again to complete it"), "{told}");
    let stored: usize = to.get("ZCARD {orders}:all").parse().unwrap();
    assert!((1..orders).contains(&stored), "{stored} of {orders}");

    // Meanwhile the shop is at work, and what is there stays as it is.
    ok(&to, &["add", "espresso"]);
    let fresh = place(&to, "root", "ann");
    let called = document(&to, &["order", &fresh]);
    // Its number is that of no other order of its day.
    let day_of = |order: &Value| order["at"].as_u64().unwrap() / 86_400_000;
    for line in text.lines() {
        let order: Value = serde_json::from_str(line).unwrap();
        if day_of(&order) == day_of(&called) {
            assert_ne!(order["number"], called["number"], "{called}");
        }
    }
    let newest: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    let newest = newest["order"].as_str().unwrap();
    ok(&to, &["order", newest, "accept"]);

    let (out, _) = said(&import(&to, &file));
    let rest = orders - stored;
    assert_eq!(
        out,
        format!("{rest} orders restored, {stored} there already\n")
    );
    let (_, whole) = export(&to, "again.jsonl");
    let others = |text: &str| -> Vec<String> {
        let lines = text.lines().map(str::to_owned);
        lines
            .filter(|line| !line.contains(&fresh) && !line.contains(newest))
            .collect()
    };
    assert_eq!(others(&whole), others(&text));
    let state = to.get(&format!("HGET {{orders}}:{newest} state"));
    assert_eq!(state, "accepted");
}

#[test]
fn a_backup_is_not_mixed_with_other_orders() {
    let from = busy_shop();
    let (file, _) = export(&from, "orders.jsonl");
    let to = Server::with_demo();
    ok(&to, &["add", "espresso"]);
    place(&to, "root", "ann");
    let before = to.digest();

    let refused = run(&to, &["import", "--orders", &file, "--json"]);
    assert_eq!(refused.status.code(), Some(1));
    let refused: Value = serde_json::from_slice(&refused.stdout).unwrap();
    assert_eq!(refused["error"]["code"], "other_orders");
    assert_eq!(to.digest(), before);
}

/// What is done to a line, and the beginning of what is said of it.
type Damage = (fn(&mut Value), &'static str);

/// What a line may have, and is refused for.
const DAMAGE: [Damage; 26] = [
    (
        |it| it["order"] = json!("20261124-7KQ2"),
        "its order can't be “20261124-7KQ2”",
    ),
    (
        |it| it["number"] = json!(1_000_000),
        "its number can't be “1000000”",
    ),
    (
        |it| it["number"] = json!(-1),
        "it can't be read as JSON: invalid value",
    ),
    (|it| it["user"] = json!("{a}"), "its user can't be “{a}”"),
    (
        |it| it["who"] = json!("a\u{1b}[2J"),
        "its who is too long, or has a character",
    ),
    (
        |it| it["at"] = json!(9_999_999_999_999_999_u64),
        "its at can't be “9999999999999999”: that is more than a day ahead of the shop's clock",
    ),
    (
        |it| it["at"] = json!(253_402_300_799_999_u64),
        "its at can't be “253402300799999”: that is more than a day ahead of the shop's clock",
    ),
    (
        |it| it["changed"] = json!(0),
        "its changed can't be “0”: that is before the year 2000",
    ),
    (
        |it| it["reached"]["accepted"] = json!(4_102_444_800_000_u64),
        "its reached can't be “4102444800000”: that is more than a day ahead",
    ),
    (
        |it| it["utc_offset"] = json!(901),
        "its utc_offset can't be “901”",
    ),
    (
        |it| it["utc_offset"] = json!(i32::MIN),
        "its utc_offset can't be",
    ),
    (
        |it| it["state"] = json!("eaten"),
        "its state can't be “eaten”",
    ),
    (
        |it| it["reached"]["eaten"] = json!(1),
        "its reached can't be “eaten”",
    ),
    (
        |it| it["reached"]["placed"] = json!(1_795_000_000_000_u64),
        "its reached can't be “1795000000000”",
    ),
    (
        |it| it["reached_by"]["placed"] = json!("mia"),
        "its reached_by can't be “placed”",
    ),
    (
        |it| it["ticked"] = json!(["coffee"]),
        "its ticked can't be “coffee”",
    ),
    (
        |it| it["ticked"] = json!(["tea", "tea"]),
        "its ticked can't be “tea”",
    ),
    (|it| it["lines"] = json!([]), "it has no lines"),
    (
        |it| it["lines"][0]["quantity"] = json!(0),
        "its quantity can't be “0”",
    ),
    (
        |it| it["lines"][0]["price"] = json!("-1"),
        "its price can't be “-1”",
    ),
    (
        |it| it["lines"][0]["total"] = json!("0.01"),
        "its tea is 0.01, and its lines come to 4.80",
    ),
    (
        |it| it["lines"][1] = it["lines"][0].clone(),
        "“tea” is on two of its lines",
    ),
    (
        |it| it["lines"][0]["by"][0]["quantity"] = json!(9),
        "more pieces of “tea” have names",
    ),
    (
        |it| it["total"] = json!("1.00"),
        "its total is 1.00, and its lines come to 11.00",
    ),
    (
        |it| it["people"][0]["name"] = json!("eve"),
        "its people are not those",
    ),
    (
        |it| it["money"] = json!("much"),
        "its money can't be “much”",
    ),
];

#[test]
fn damaged_lines_are_named_and_hide_no_others() {
    let from = busy_shop();
    let (_, text) = export(&from, "orders.jsonl");
    let whole: Vec<&str> = text.lines().collect();

    // Each damage to the oldest order, with the others around and one twice.
    let mut lines: Vec<String> = whole[..2].iter().map(ToString::to_string).collect();
    let mut expected = Vec::new();
    for (damage, reason) in DAMAGE {
        let mut order: Value = serde_json::from_str(whole[4]).unwrap();
        damage(&mut order);
        lines.push(order.to_string());
        expected.push(format!("line {}: {reason}", lines.len()));
    }
    for (line, reason) in [
        (whole[0].to_owned(), "order "),
        (whole[4][..100].to_owned(), "it can't be read as JSON: EOF"),
        ("[]".to_owned(), "it can't be read as JSON: "),
        ("x".repeat(5 << 20), "it is longer than 4096 KiB"),
    ] {
        lines.push(line);
        expected.push(format!("line {}: {reason}", lines.len()));
    }
    lines.extend(whole[2..4].iter().map(ToString::to_string));
    let damaged = path(&from, "damaged.jsonl");
    std::fs::write(&damaged, lines.join("\n")).unwrap();
    let damaged = damaged.to_str().unwrap();

    let to = Server::start();
    let bad = expected.len();
    let strict = run(&to, &["import", "--orders", damaged, "--strict"]);
    assert_eq!(strict.status.code(), Some(1));
    assert_eq!(said(&strict).0, format!("{bad} bad: nothing was changed\n"));
    let strict = ["import", "--orders", damaged, "--strict"];
    let strict = run(&to, &[&strict[..], &["--json"]].concat());
    let counts: Value = serde_json::from_slice(&strict.stdout).unwrap();
    assert_eq!((&counts["added"], &counts["bad"]), (&json!(0), &json!(bad)));
    let dry = run(&to, &["import", "--orders", damaged, "--dry-run"]);
    let would = "Nothing was changed. Without --dry-run: 4 orders restored";
    assert_eq!(said(&dry).0, format!("{would}, {bad} bad\n"));
    assert!(to.get_list("KEYS *orders*").is_empty());

    let imported = import(&to, damaged);
    assert_eq!(imported.status.code(), Some(1));
    let (out, told) = said(&imported);
    assert_eq!(out, format!("4 orders restored, {bad} bad\n"));
    let told: Vec<&str> = told.lines().collect();
    assert_eq!(told.len(), expected.len(), "{told:#?}");
    for (told, expected) in told.iter().zip(&expected) {
        assert!(told.starts_with(expected), "{told}\n  not {expected}");
    }

    // What was damaged comes in once it is mended.
    let mended = path(&from, "orders.jsonl");
    let (out, _) = said(&import(&to, mended.to_str().unwrap()));
    assert_eq!(out, "1 order restored, 4 there already\n");
    assert_eq!(export(&to, "again.jsonl").1, text);
}

/// Bytes that mean something in JSON, in a terminal or in UTF-8.
const BYTES: &[u8] = b"\"{}[]:,0-9e.\\u\x00\x1b\xff\xc3a ";

#[test]
fn whatever_a_line_is_it_is_restored_or_named() {
    let from = busy_shop();
    let (file, text) = export(&from, "orders.jsonl");
    let whole: Vec<&str> = text.lines().collect();

    // Bytes of lines are replaced, left out, and put in.
    let mut dice = 1_u64;
    let mut below = |limit: usize| {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (dice >> 33) as usize % limit
    };
    let mut damaged = Vec::new();
    for n in 0..3_000 {
        let mut line = whole[n % whole.len()].as_bytes().to_vec();
        for _ in 0..=below(3) {
            let at = below(line.len());
            let byte = BYTES[below(BYTES.len())];
            match below(3) {
                0 => line[at] = byte,
                1 => line.insert(at, byte),
                _ => drop(line.remove(at)),
            }
        }
        damaged.extend(line);
        damaged.push(b'\n');
    }
    std::fs::write(&file, damaged).unwrap();

    let to = Server::start();
    let imported = run(&to, &["import", "--orders", &file, "--json"]);
    assert_eq!(imported.status.code(), Some(1), "{imported:?}");
    let (out, told) = said(&imported);
    let counts: Value = serde_json::from_str(&out).unwrap();
    let [added, kept, bad] = ["added", "kept", "bad"].map(|it| counts[it].as_u64().unwrap());
    assert_eq!((added + bad, kept), (3_000, 0));
    assert_eq!(told.lines().count() as u64, bad);
    assert_eq!(to.get("ZCARD {orders}:all"), added.to_string());
    assert_eq!(export(&to, "again.jsonl").1.lines().count() as u64, added);
}

#[test]
fn an_order_of_another_id_is_not_overwritten() {
    let from = busy_shop();
    let (file, text) = export(&from, "orders.jsonl");
    let to = Server::start();
    import(&to, &file);
    let mut order: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    let id = order["order"].as_str().unwrap().to_owned();
    order["user"] = json!("eve");
    std::fs::write(&file, format!("{order}\n")).unwrap();

    let before = to.digest();
    let imported = run(&to, &["import", "--orders", &file, "--json"]);
    assert_eq!(imported.status.code(), Some(1));
    let (out, told) = said(&imported);
    assert!(told.contains("another order of this id"), "{told}");
    let counts: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&counts["added"], &counts["bad"]), (&json!(0), &json!(1)));
    assert_eq!(to.digest(), before, "{id}");
}

#[test]
fn an_order_that_is_there_keeps_its_own_number() {
    let from = busy_shop();
    let (file, text) = export(&from, "orders.jsonl");
    let to = Server::start();
    import(&to, &file);
    let before = to.digest();

    let mut orders = String::new();
    let numbers = [Value::Null, json!(7), json!(8), json!(9), json!(10)];
    for (line, number) in text.lines().zip(numbers) {
        let mut order: Value = serde_json::from_str(line).unwrap();
        order["number"] = number;
        orders += &format!("{order}\n");
    }
    std::fs::write(&file, orders).unwrap();
    let (out, _) = said(&import(&to, &file));
    assert_eq!(out, "0 orders restored, 5 there already\n");
    assert_eq!(to.digest(), before);
}

#[test]
fn a_strict_import_tells_what_is_stored_beside_an_order_of_another_id() {
    let from = busy_shop();
    let (file, text) = export(&from, "orders.jsonl");
    let (others, oldest) = text.trim_end().rsplit_once('\n').unwrap();
    let to = Server::start();
    std::fs::write(&file, oldest).unwrap();
    import(&to, &file);

    let mut order: Value = serde_json::from_str(oldest).unwrap();
    order["user"] = json!("eve");
    std::fs::write(&file, format!("{others}\n{order}\n")).unwrap();
    let imported = run(&to, &["import", "--orders", &file, "--strict"]);
    assert_eq!(imported.status.code(), Some(1));
    assert_eq!(said(&imported).0, "4 orders restored, 1 bad\n");
    assert_eq!(to.get("ZCARD {orders}:all"), "5");
}

#[test]
fn orders_that_cannot_be_read_are_named_by_the_export() {
    let from = busy_shop();
    let (_, text) = export(&from, "orders.jsonl");
    let order: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    let id = order["order"].as_str().unwrap();
    from.cmd(&format!("HSET {{orders}}:{id} lines [}}"));

    // Whoever may order can write anything into the index.
    let mut foreign = redis::cmd("ZADD");
    foreign.arg("{orders}:all").arg(1).arg(b"\xff");
    foreign.exec(&mut from.connection()).unwrap();
    ok(&from, &["orders", "--all"]);
    ok(&from, &["today", "--json"]);

    let exported = run(&from, &["export", "--orders"]);
    let (out, told) = said(&exported);
    assert_eq!(out.lines().count(), 4);
    let expected = format!("left out: 1 order whose records are damaged or gone, such as {id}");
    assert!(told.contains(&expected), "{told}");
}

/// The lines of the guide's page between these, as they are typed.
fn recipe(after: &str) -> String {
    let page = include_str!("../assets/guide/servers.md");
    let (_, rest) = page.split_once("## Backup").unwrap();
    let (_, rest) = rest.split_once(after).unwrap();
    let (_, rest) = rest.split_once("```sh\n").unwrap();
    rest.split_once("```").unwrap().0.to_owned()
}

#[test]
fn the_recipe_of_the_guide_brings_a_whole_shop_back() {
    let from = busy_shop();
    ok(
        &from,
        &[
            "shop",
            "name=Ann's",
            "money=₹1,23,456.00",
            "buyers_cancel=no",
            "receipt_foot=Thank you",
        ],
    );
    let to = Server::start();
    let run_recipe = |server: &Server, after: &str| {
        let folder = std::path::Path::new(TROLLEY).parent().unwrap();
        let path = std::env::var("PATH").unwrap();
        let mut shell = harness::command("sh");
        shell
            .args(["-euc", &recipe(after)])
            .current_dir(from.dir())
            .env("PATH", format!("{}:{path}", folder.display()))
            .env("HOME", server.dir())
            .env("TROLLEY_REDIS", server.url());
        let output = shell.finish();
        assert!(output.status.success(), "{output:?}");
    };
    run_recipe(&from, "Three commands");
    run_recipe(&to, "These bring");

    for args in [
        &["shop"][..],
        &["products"],
        &["orders", "--all"],
        &["today"],
    ] {
        assert_eq!(document(&to, args), document(&from, args), "{args:?}");
    }
    assert_eq!(to.digest_of("shop"), from.digest_of("shop"));
}

#[test]
fn settings_that_are_none_are_refused() {
    let server = Server::start();
    let file = path(&server, "shop.json");
    for bad in ["", "[]", "{\"name\":\"Tea\"}"] {
        std::fs::write(&file, bad).unwrap();
        let refused = run(&server, &["shop", "--from", file.to_str().unwrap()]);
        assert_eq!(refused.status.code(), Some(2));
        let (_, told) = said(&refused);
        assert!(
            told.contains("is not what trolley shop --json prints"),
            "{told}"
        );
    }
    assert_eq!(server.get("EXISTS shop"), "0");
}

#[test]
fn a_pipe_is_read_as_well_as_a_file() {
    let from = busy_shop();
    let (_, text) = export(&from, "orders.jsonl");
    let to = Server::start();
    let args = ["--redis", to.url(), "import", "--orders", "-", "--json"];
    let mut reading = harness::Running::start_fed(&mut trolley(to.dir(), &args));
    reading.feed(text.as_bytes());
    reading.end_input();
    let (out, _) = said(&reading.finish());
    let counts: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(counts["added"], 5);
}
