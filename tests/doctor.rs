//! `trolley doctor` on healthy servers, and on ones with something wrong.

use crate::harness;

use harness::sentinel::Sentinels;
use harness::{Cluster, Server, run_at, server, until};
use serde_json::Value;
use std::path::Path;

/// Servers that lose nothing: the doctor has no advice for them.
const DURABLE: &[&str] = &["--appendfsync", "always"];

/// What the doctor finds: the exit status, and level and text of each thing looked at.
fn examine(home: &Path, url: &str, more: &[&str]) -> (Option<i32>, Vec<(String, String, String)>) {
    let output = run_at(home, url, &[&["doctor", "--json"][..], more].concat());
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |finding: &Value, name: &str| finding[name].as_str().unwrap().to_owned();
    let findings = report["findings"].as_array().unwrap().iter();
    let findings: Vec<_> = findings
        .map(|f| {
            (
                text(f, "about"),
                text(f, "level"),
                format!("{} → {}", text(f, "found"), text(f, "advice")),
            )
        })
        .collect();
    assert_eq!(
        report["healthy"],
        findings.iter().all(|(_, level, _)| level != "bad")
    );
    (output.status.code(), findings)
}

fn level<'a>(findings: &'a [(String, String, String)], about: &str) -> (&'a str, &'a str) {
    let worst = |level: &str| {
        ["good", "note", "unknown", "bad"]
            .iter()
            .position(|name| *name == level)
    };
    let found = findings
        .iter()
        .filter(|(name, ..)| name == about)
        .max_by_key(|(_, level, _)| worst(level));
    found
        .map(|(_, level, text)| (level.as_str(), text.as_str()))
        .unwrap()
}

#[test]
fn a_healthy_shop_is_called_so() {
    for binary in server::binaries() {
        let server = Server::start_with(&binary, DURABLE);
        harness::ok(&server, &["demo"]);
        harness::ok(&server, &["add", "espresso"]);
        let (status, findings) = examine(server.dir(), server.url(), &[]);
        assert_eq!(status, Some(0), "{findings:#?}");
        assert!(
            findings.iter().all(|(_, level, _)| level == "good"),
            "{findings:#?}"
        );
        let people = harness::ok(&server, &["doctor"]);
        assert!(people.contains("64 products, all listed"), "{people}");
        assert!(
            people.contains("price and stock can be read of 64 products"),
            "{people}"
        );
    }
}

#[test]
fn prices_and_stock_that_can_not_be_read_are_named_with_what_mends_them() {
    let server = Server::start_with(&server::binaries()[0], DURABLE);
    let put = |id: &str, fields: &[&str]| {
        server.raw(&[&["HSET", &format!("product:{id}")][..], fields].concat());
        server.cmd(&format!("ZADD catalog 0 {id}"));
    };
    for n in 0..8 {
        put(&format!("p{n}"), &["name", "P", "price", "2,40"]);
    }
    put("stocked", &["name", "S", "price", "2.40", "stock", "0x10"]);
    put("free", &["name", "F", "price", "2.40", "stock", ""]);
    put("both", &["name", "B", "stock", "1e3"]);
    // More than one page of them is looked through.
    let pipe: String = (0..2_000).map(|n| format!("q{n:04},Q,1.00\n")).collect();
    let file = server.dir().join("more.csv");
    std::fs::write(&file, format!("id,name,price\n{pipe}")).unwrap();
    harness::ok(&server, &["import", file.to_str().unwrap()]);
    put("zzz", &["name", "Z", "price", "x"]);

    let (status, findings) = examine(server.dir(), server.url(), &[]);
    assert_eq!(status, Some(0), "{findings:#?}");
    let products: Vec<&str> = findings
        .iter()
        .filter(|(about, ..)| about == "products")
        .map(|(_, _, text)| text.as_str())
        .collect();
    assert_eq!(
        products,
        [
            "10 products (both, p0, p1, p2, p3 and 5 more) have no price that can be read \
             → trolley product set ID price=2.40 gives it one",
            "2 products (both, stocked) have a stock that can't be read \
             → trolley product set ID stock=12 sets it; stock= makes it unlimited",
        ]
    );

    for id in ["both", "stocked"] {
        harness::ok(&server, &["product", "set", id, "price=2.40", "stock="]);
    }
    let (_, findings) = examine(server.dir(), server.url(), &[]);
    let products = level(&findings, "products").1;
    assert!(products.starts_with("9 products (p0, "), "{products}");
}

#[test]
fn a_lost_index_of_orders_is_found_and_made_anew() {
    let server = Server::start_with(&server::binaries()[0], DURABLE);
    harness::ok(&server, &["demo", "--orders"]);
    let listed = harness::ok(&server, &["orders", "--all", "--most", "2000"]);
    let of_kim = harness::ok(&server, &["orders", "--cart", "kim", "--most", "2000"]);
    let all = server.digest();
    let (_, findings) = examine(server.dir(), server.url(), &[]);
    assert_eq!(level(&findings, "orders").0, "good", "{findings:#?}");

    for (lost, what) in [
        ("{orders}:all", "the index of all"),
        ("{orders}:of:kim", "the index of a cart"),
    ] {
        server.cmd(&format!("DEL {lost}"));
        let (code, findings) = examine(server.dir(), server.url(), &[]);
        assert_eq!(code, Some(1), "{what}");
        let told = findings
            .iter()
            .filter(|(about, level, _)| about == "orders" && level == "bad");
        let told: Vec<_> = told.map(|(.., text)| text.as_str()).collect();
        let [told] = told[..] else {
            panic!("{what}: {findings:#?}")
        };
        assert!(told.contains(" orders are not in {orders}:all"), "{told}");
        assert!(told.contains("→ trolley orders --all finds them"), "{told}");

        let again = harness::ok(&server, &["orders", "--all", "--most", "2000"]);
        assert_eq!(again, listed, "{what}");
        assert_eq!(server.digest(), all, "{what}");
    }
    let again = harness::ok(&server, &["orders", "--cart", "kim", "--most", "2000"]);
    assert_eq!(again, of_kim);
}

#[test]
fn an_index_that_only_the_lists_of_carts_tell_of_is_found_and_made_anew() {
    let server = Server::start_with(&server::binaries()[0], DURABLE);
    harness::ok(&server, &["demo", "--orders"]);
    let listed = harness::ok(&server, &["orders", "--all", "--most", "2000"]);
    server.cmd("DEL {orders}:open {orders}:numbers {orders}:all");
    let (code, findings) = examine(server.dir(), server.url(), &[]);
    assert_eq!(code, Some(1), "{findings:#?}");
    let (bad, told) = level(&findings, "orders");
    assert_eq!(bad, "bad");
    assert!(told.contains(" orders are not in {orders}:all"), "{told}");
    assert!(told.contains("→ redis-cli DEL {orders}:all"), "{told}");
    let again = harness::ok(&server, &["orders", "--all", "--most", "2000"]);
    assert_eq!(again, listed);
}

#[test]
fn what_is_no_order_is_not_counted_as_one() {
    let server = Server::start_with(&server::binaries()[0], DURABLE);
    harness::ok(&server, &["demo"]);
    for cart in ["kim", "lee", "mia"] {
        harness::ok_as(&server, cart, cart, &["add", "espresso"]);
        harness::ok_as(&server, cart, cart, &["checkout", "--yes"]);
    }
    for junk in 0..20 {
        server.cmd(&format!("ZADD {{orders}}:all {junk} junk{junk}"));
    }
    server.cmd("ZADD {orders}:all 9999999999999 20261124-7KQ2-M8XD");

    let (code, findings) = examine(server.dir(), server.url(), &[]);
    assert_eq!(code, Some(0), "{findings:#?}");
    let (note, told) = level(&findings, "orders");
    assert_eq!(note, "note");
    let entries = "entries of {orders}:all that are no orders, or can't be read (21): 20261124-";
    assert!(told.starts_with(entries), "{told}");

    for (most, count, told) in [("2", 3, "these are the newest 2 of 3 orders"), ("5", 3, "")] {
        let listed = harness::document(&server, &["orders", "--all", "--most", most]);
        assert_eq!(listed["count"], count, "{most}");
        let output = harness::run(&server, &["orders", "--all", "--most", most]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(told), "{said}");
        let unread = "21 entries of this list can't be read as orders: see trolley doctor";
        assert!(said.contains(unread), "{said}");
    }
    let own = harness::run(&server, &["orders", "--cart", "kim"]);
    assert!(own.stderr.is_empty(), "{own:?}");
}

#[test]
fn everything_wrong_is_found_with_what_to_do() {
    for binary in server::binaries() {
        let server = Server::start_with(&binary, DURABLE);
        harness::ok(&server, &["demo"]);
        for line in [
            "CONFIG SET appendonly no",
            "CONFIG SET maxmemory 100mb",
            "CONFIG SET maxmemory-policy allkeys-lru",
            "ZADD cart:old 1 espresso",
            "HSET product:unlisted name Unlisted price 1",
            "ZADD cart:office 1 espresso",
            "HSET {cart:office}:order id 20261124-AB12-CD34",
            "HSET {cart:office}:lines espresso x",
            "HSET {cart:gone}:ops0 x x",
            "XADD {cart:old}:log * u x",
            "ZADD cart:family 1 espresso",
            "HSET {cart:family}:by espresso x",
            "HSET {orders}:20261124-7KQ2-M8XD state cancelled",
            "ZADD {orders}:all 1 20261124-7KQ2-M8XD",
            "ZADD {orders}:open 3 20261124-7KQ2-M8XD",
            "HSET {orders}:20261124-7KQ2-0001 state ready number 7",
            "ZADD {orders}:all 2 20261124-7KQ2-0001",
        ] {
            server.cmd(line);
        }
        server.raw(&["HSET", "{cart:family}:meta", "life", "0 0 ann"]);
        server.cmd("ZADD {orders}:due 1 20261124-AB12-CD34");
        let (status, findings) = examine(server.dir(), server.url(), &[]);
        assert_eq!(status, Some(1), "{findings:#?}");
        let orders: Vec<_> = findings
            .iter()
            .filter(|(about, ..)| about == "orders")
            .collect();
        assert!(
            orders[0]
                .2
                .contains("20261124-AB12-CD34 → trolley orders finishes"),
            "{orders:?}"
        );
        assert!(
            orders[1]
                .2
                .contains("20261124-7KQ2-M8XD → trolley order ID gives"),
            "{orders:?}"
        );
        assert!(
            orders[2]
                .2
                .starts_with("entries of {orders}:all that are no orders"),
            "{orders:?}"
        );
        let lists = [
            "open orders missing from {orders}:open (1): 20261124-7KQ2-0001 → trolley orders --all",
            "entries of {orders}:open that are not open orders (1): 20261124-7KQ2-M8XD → redis-cli ZREM",
        ];
        for (found, says) in orders[3..].iter().zip(lists) {
            assert!(found.2.starts_with(says), "{orders:?}");
        }
        assert_eq!(orders.len(), 5);
        // A cart that is being ordered has no expiry until then, and another is set to stay.
        let carts: Vec<_> = findings
            .iter()
            .filter(|(about, ..)| about == "carts")
            .collect();
        assert_eq!(carts.len(), 2, "{carts:?}");
        let endless = "1 of 3 carts never expire: cart:old → the next change";
        assert!(carts[0].2.starts_with(endless), "{carts:?}");
        let companion = "1 key beside carts without an expiry: {cart:gone}:ops0 → EXPIRE KEY";
        assert!(carts[1].2.starts_with(companion), "{carts:?}");
        for (about, expected, says) in [
            ("persistence", "bad", "appendonly yes"),
            ("eviction", "bad", "maxmemory-policy noeviction"),
            ("catalog", "note", "unlisted"),
        ] {
            let (level, text) = level(&findings, about);
            assert_eq!(level, expected, "{findings:#?}");
            assert!(text.contains(says), "{text}");
        }
        server.cmd("SET shop text");
        let (_, findings) = examine(server.dir(), server.url(), &[]);
        assert_eq!(level(&findings, "types").0, "bad");
        assert!(
            level(&findings, "types")
                .1
                .starts_with("shop is a string and should be a hash")
        );
        server.cmd("DEL shop");
        server.cmd("ZADD catalog 0 ghost");
        server.cmd("CONFIG SET maxmemory-policy noeviction");
        server.cmd("CONFIG SET maxmemory 1mb");
        server.cmd("REPLICAOF 127.0.0.1 1");
        server.cmd("CONFIG SET replica-serve-stale-data yes");
        let (_, findings) = examine(server.dir(), server.url(), &["--session-timeout", "never"]);
        assert_eq!(level(&findings, "carts").0, "good");
        assert_eq!(level(&findings, "memory").0, "bad");
        assert_eq!(level(&findings, "role").0, "bad");
        assert!(level(&findings, "catalog").1.contains("ghost"));
    }
}

#[test]
fn a_user_with_few_rights_learns_what_is_missing() {
    let server = Server::start_with(&server::binaries()[0], DURABLE);
    harness::ok(&server, &["demo"]);
    server.cmd("ACL SETUSER ann on >pw ~cart:alice %R~product:* +@read +info +acl|whoami +acl|dryrun +config|get +time -zrange");
    let url = format!("{}?user=ann&pass=pw", server.url());
    let (status, findings) = examine(server.dir(), &url, &["--user", "alice"]);
    assert_eq!(status, Some(1), "{findings:#?}");
    let (found, text) = level(&findings, "rights");
    assert_eq!(found, "bad");
    for gap in ["zadd", "zrange", "publish", "trolley acl"] {
        assert!(text.contains(gap), "{gap}: {text}");
    }
    // A shopper by `trolley acl` may look at little, and is told so; nothing is called bad.
    server.cmd(
        harness::ok(
            &server,
            &["acl", "shopper", "--user", "alice", "--as", "bob"],
        )
        .trim(),
    );
    server.cmd("ACL SETUSER bob >pw");
    let (status, findings) = examine(
        server.dir(),
        &url.replace("ann", "bob"),
        &["--user", "alice"],
    );
    assert_eq!(status, Some(0), "{findings:#?}");
    assert_eq!(level(&findings, "server").0, "unknown");
    let nobody = examine(server.dir(), "redis://127.0.0.1:1", &[]);
    assert_eq!(
        (nobody.0, level(&nobody.1, "reachable").0),
        (Some(1), "bad")
    );
}

#[test]
fn a_cluster_is_examined_node_by_node() {
    let mut cluster = Cluster::start_with(&server::binaries()[0], 3, 0, DURABLE);
    let home = cluster.nodes[0].dir().to_owned();
    let url = cluster.url_of(&[0]);
    harness::ok_at(&home, &url, &["demo"]);
    cluster.nodes[1].cmd("CONFIG SET appendonly no");
    let (status, findings) = examine(&home, &url, &[]);
    assert_eq!(status, Some(1));
    assert_eq!(level(&findings, "cluster").0, "good", "{findings:#?}");
    let bad: Vec<_> = findings
        .iter()
        .filter(|(_, level, _)| level == "bad")
        .collect();
    assert_eq!(bad.len(), 1, "{bad:?}");
    assert_eq!(
        findings
            .iter()
            .filter(|(about, ..)| about == "persistence")
            .count(),
        3
    );
    let other = cluster.nodes[1].get("CLUSTER MYID");
    cluster.nodes[0].cmd(&format!("CLUSTER SETSLOT 7 MIGRATING {other}"));
    let (_, findings) = examine(&home, &url, &[]);
    let (found, text) = level(&findings, "cluster");
    assert!(
        found == "note" && text.contains("being moved (1): 7 → let that end"),
        "{findings:#?}"
    );
    cluster.nodes[0].cmd("CLUSTER SETSLOT 7 STABLE");
    cluster.nodes[2].kill();
    cluster.wait("the loss is known", |node| {
        node.get("CLUSTER INFO").contains("cluster_state:fail")
    });
    let (status, findings) = examine(&home, &url, &[]);
    assert_eq!(
        (status, level(&findings, "cluster").0),
        (Some(1), "bad"),
        "{findings:#?}"
    );
    let lost = cluster.plain_url(2).replace("redis://", "") + " (master)";
    assert!(
        findings.iter().any(|(_, _, text)| text.contains(&lost)),
        "{findings:#?}"
    );
}

#[test]
fn sentinels_are_asked_whether_they_could_replace_the_master() {
    let mut all = Sentinels::start_behind(DURABLE, |port| port);
    let (home, url) = (all.servers[0].dir().to_owned(), all.url());
    let says = |status: i32, level: &str, text: &str, more: &[&str]| {
        let (code, findings) = examine(&home, &url, more);
        let found = findings.iter().any(|(about, l, t)| {
            matches!(about.as_str(), "sentinel" | "role") && l == level && t.contains(text)
        });
        found && code == Some(status)
    };
    // One that is named is none.
    for (level, text) in [
        (
            "note",
            "3 of 4 that are named answer; not 127.0.0.1:1 (nothing answers",
        ),
        ("good", "all lead to the master “shop” at 127.0.0.1:"),
        ("good", "3 know each other, 2 must agree"),
        ("good", "1 replicas could take over"),
        ("good", "master with 1 replicas, at most"),
    ] {
        // The Sentinels have seen the replica, and may not have asked it yet.
        until(text, || says(0, level, text, &[]));
    }
    assert!(says(
        1,
        "bad",
        "while 2 must confirm each change",
        &["--confirm-replicas", "2"]
    ));
    all.servers[1].kill();
    until("the lost replica is told", || {
        says(1, "bad", "all replicas are lost: 127.0.0.1:", &[])
    });
    all.kill(0);
    all.kill(1);
    until("the lost quorum is told", || {
        says(1, "bad", "Sentinels back", &[])
    });
    all.servers[0].kill();
    let (status, findings) = examine(&home, &url, &[]);
    assert_eq!((status, level(&findings, "reachable").0), (Some(1), "bad"));
    assert!(
        findings.iter().any(|(about, ..)| about == "sentinel"),
        "{findings:#?}"
    );
}
