//! The rights that `trolley acl` prints: enough for everything, and for nothing else.

use crate::harness;

use harness::{Finish, Running, Server, TROLLEY, Terminal, server, trolley};
use std::process::Output;

/// A server with the demo shop, and a user with the rights of this role.
pub fn admitted(binary: &str, role: &str) -> Server {
    let server = Server::start_with(binary, &[]);
    harness::ok(&server, &["demo"]);
    let rules = harness::ok(&server, &["acl", role, "--user", "alice", "--as", "ann"]);
    assert!(
        rules.starts_with("ACL SETUSER ann reset on ") && rules.lines().count() == 1,
        "{rules}"
    );
    server.cmd(rules.trim());
    server.cmd("ACL SETUSER ann >pw");
    server.cmd("CONFIG RESETSTAT");
    server
}

pub fn run(server: &Server, args: &[&str]) -> Output {
    let url = format!("{}?user=ann", server.url());
    let all = [&["--redis", &url, "--user", "alice"][..], args].concat();
    trolley(server.dir(), &all)
        .env("TROLLEY_PASSWORD", "pw")
        .finish()
}

/// The shop of alice's cart in a terminal; without a password it is asked for.
fn shop(server: &Server, password: &str) -> Terminal {
    let url = format!("{}?user=ann", server.url());
    let args = ["--redis", &url, "--user", "alice"];
    Terminal::builder(TROLLEY)
        .args(&args)
        .env("TROLLEY_PASSWORD", password)
        .home(server.dir())
        .open()
}

fn ok(server: &Server, args: &[&str]) -> String {
    let output = run(server, args);
    assert!(
        output.status.success(),
        "{args:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// What the server says to the user who runs this.
fn says(server: &Server, line: &str) -> String {
    let words: Vec<&str> = line.split(' ').collect();
    let mut link = server.connection();
    redis::cmd("AUTH")
        .arg("ann")
        .arg("pw")
        .exec(&mut link)
        .unwrap();
    let answer = redis::cmd(words[0])
        .arg(&words[1..])
        .query::<redis::Value>(&mut link);
    answer.map_or_else(|error| error.to_string(), |value| format!("{value:?}"))
}

pub fn forbidden(server: &Server, lines: &[&str]) {
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
    "HSET {serve}:keys x y",
    "HGETALL {serve}:keys",
    "ZADD {serve}:invites 1 x",
    "HSET {serve}:invite:x cart alice",
    "HGET {serve}:invite:x cart",
    "TYPE {serve}:keys",
];

/// Everything that was granted was also used, but for what only clusters, replicas and
/// databases need.
pub fn nothing_is_spare(server: &Server) {
    let used = server.get("INFO commandstats").to_lowercase();
    let rules = server
        .get_list("ACL LIST")
        .into_iter()
        .find(|line| line.starts_with("user ann "))
        .unwrap();
    for granted in rules
        .split([' ', ')'])
        .filter_map(|word| word.strip_prefix('+'))
    {
        let elsewhere = ["ping", "wait", "cluster|slots"].contains(&granted);
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
        // Rules, with a budget that is counted at today's prices.
        ok(&server, &["rules", "--budget", "80", "--lock"]);
        assert!(ok(&server, &["rules", "--unlock"]).contains("80"));
        ok(&server, &["add", "espresso", "3"]);
        ok(&server, &["add", "sourdough"]);
        ok(&server, &["note", "espresso", "no", "sugar"]);
        ok(&server, &["ready"]);
        ok(&server, &["remove", "espresso", "1"]);
        ok(&server, &["remove", "sourdough", "--item-timeout", "20m"]);
        ok(
            &server,
            &[
                "cart",
                "--session-timeout",
                "never",
                "--item-timeout",
                "20m",
            ],
        );
        ok(&server, &["add", "espresso", "--session-timeout", "never"]);
        let mut ann = shop(&server, "pw");
        ann.wait("64 products");
        ann.keys("/ espresso enter 3 a");
        ann.wait("6 Espresso");
        ann.gone("…€");
        ann.keys("u");
        ann.wait("3 Espresso");
        server.cmd("HSET product:espresso price 9.99");
        server.cmd("PUBLISH catalog-updates espresso");
        ann.wait("9.99");
        // Ordering is not theirs, and the screen says so and goes on.
        ann.keys("c");
        ann.wait("To pay €");
        ann.keys_until(
            "Y",
            "Nothing was ordered: no permission: this user may not order",
        );
        ann.keys("esc o");
        ann.wait("this user may not order, nor see orders");
        // An order that a dead buyer left: told, and what is open stays open.
        ann.keys("esc c");
        ann.wait("To pay €");
        server.cmd("HSET {cart:alice}:order id 20261124-AB12-CD34 by bob at 1000");
        server.cmd("PUBLISH cart-updates:alice x");
        ann.wait("The order of bob stopped halfway");
        assert!(ann.text().contains("To pay €"), "{}", ann.text());
        server.cmd("DEL {cart:alice}:order");
        server.cmd("PUBLISH cart-updates:alice x");
        ann.gone("being ordered by bob");
        ann.keys("esc");
        ann.keys("esc q");
        ann.wait_exit();
        let url = format!("{}?user=ann", server.url());
        let args = ["--redis", &url, "--user", "alice", "--json", "watch"];
        let mut watch = Running::start(trolley(server.dir(), &args).env("TROLLEY_PASSWORD", "pw"));
        watch.line();
        ok(&server, &["add", "espresso"]);
        assert!(watch.line().contains("espresso"));
        watch.kill();
        assert!(ok(&server, &["checkout"]).contains("to pay"));
        for line in [
            &["checkout", "--yes"][..],
            &["orders"],
            &["order", "20261124-7KQ2-M8XD"],
            &["split", "20261124-7KQ2-M8XD", "--settled", "ann"],
            &["orders", "--follow"],
        ] {
            let refused = run(&server, line);
            assert_eq!(refused.status.code(), Some(3), "{line:?}");
            let said = String::from_utf8_lossy(&refused.stderr).into_owned();
            assert!(
                said.contains("may not order, nor see orders")
                    && said.contains("trolley acl buyer"),
                "{said}"
            );
        }
        // A long history starts another generation of op ids.
        server.cmd("HSET {cart:alice}:meta version 8191");
        ok(&server, &["add", "espresso"]);
        nothing_is_spare(&server);
        // Products that no index lists are looked for where that is allowed; and the stock
        // for the order that was left.
        let denied = server.denied();
        let orders = [
            "hkeys",
            "zcard",
            "zrevrange",
            "zrevrangebyscore",
            "xgroup|create",
        ];
        let known = |what: &str| {
            ["scan", "dbsize", "product:espresso"].contains(&what)
                || orders.contains(&what)
                || what.starts_with("{orders}:")
        };
        assert!(denied.iter().all(|what| known(what)), "{denied:?}");
        forbidden(&server, NEVER);
        forbidden(
            &server,
            &[
                "ZRANGE {orders}:due 0 -1",
                "XADD orders * id x",
                "HSET {product:espresso}:orders x 1",
            ],
        );
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
                "SELECT 1",
            ],
        );
        let other = run(&server, &["add", "espresso", "--user", "bob"]);
        assert_eq!(other.status.code(), Some(3));
        assert!(String::from_utf8_lossy(&other.stderr).contains("no permission"));
        assert_eq!(run(&server, &["demo"]).status.code(), Some(3));
    }
}

#[test]
fn only_the_database_of_the_shop_may_be_selected() {
    for binary in server::binaries() {
        let server = Server::start_with(&binary, &[]);
        let third = format!("{}?db=3", server.url());
        harness::ok_at(server.dir(), &third, &["demo"]);
        let args = ["acl", "shopper", "--user", "alice", "--as", "ann"];
        let rules = harness::ok_at(server.dir(), &third, &args);
        server.cmd(&format!("{} >pw", rules.trim()));

        let url = format!("{third}&user=ann");
        let mut ann = trolley(
            server.dir(),
            &["--redis", &url, "--user", "alice", "add", "espresso"],
        );
        let output = ann.env("TROLLEY_PASSWORD", "pw").finish();
        assert!(output.status.success(), "{output:?}");
        assert_eq!(says(&server, "SELECT 3"), "ok");
        forbidden(&server, &["SELECT 2", "SELECT 0"]);
        let other = format!("{}?db=2&user=ann", server.url());
        let refused = trolley(server.dir(), &["--redis", &other, "cart"])
            .env("TROLLEY_PASSWORD", "pw")
            .finish();
        let said = String::from_utf8(refused.stderr).unwrap();
        assert_eq!(refused.status.code(), Some(3));
        assert!(
            said.starts_with(
                "trolley: no permission: this user may not choose a database: take its number off \
                 the address, or ask for the right (trolley acl prints it) (the server said: "
            ),
            "{said}"
        );
    }
}

#[test]
fn a_missing_right_is_told_with_what_to_do() {
    let server = Server::with_demo();
    for (rules, words) in [
        (
            "~* &* +@all -hget",
            "this user may not run HGET: ask for the rights that trolley acl prints",
        ),
        (
            "~cart:bob &* +@all",
            "this user may not use a key that this needs: is --cart the right cart?",
        ),
    ] {
        server.cmd(&format!("ACL SETUSER ann reset on nopass {rules}"));
        let url = format!("{}?user=ann", server.url());
        let refused = harness::run_at(server.dir(), &url, &["--user", "alice", "cart"]);
        let said = String::from_utf8(refused.stderr).unwrap();
        assert_eq!(refused.status.code(), Some(3));
        assert!(
            said.starts_with(&format!("trolley: no permission: {words}"))
                && said.contains(" (the server said: "),
            "{said}"
        );
    }
}

#[test]
fn who_is_named_without_a_password_is_nobody_else() {
    let server = admitted(&server::binaries()[0], "shopper");
    let url = format!("{}?user=ann", server.url());
    let refused = harness::run_at(server.dir(), &url, &["orders", "--all"]);
    assert_eq!(refused.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("wrong user name or password"));
    // Somebody who is there is asked.
    let mut ann = Terminal::builder(TROLLEY)
        .args(&["--redis", &url, "--user", "alice"])
        .home(server.dir())
        .open();
    ann.wait("Password for ");
    ann.send(b"pw\r");
    ann.wait("64 products");
    // Who needs none is let in.
    server.cmd("ACL SETUSER ann nopass");
    assert!(
        harness::run_at(server.dir(), &url, &["cart", "--user", "alice"])
            .status
            .success()
    );
    let looked = harness::run_at(server.dir(), &url, &["doctor", "--user", "alice"]);
    let looked = String::from_utf8_lossy(&looked.stdout).into_owned();
    assert!(
        looked.contains("no permission") && !looked.contains("Incompatible"),
        "{looked}"
    );
}

#[test]
fn a_buyer_orders_one_cart() {
    for binary in server::binaries() {
        let server = admitted(&binary, "buyer");
        server.cmd("HSET product:espresso stock 9");
        ok(&server, &["--name", "ann", "add", "espresso", "3"]);
        ok(
            &server,
            &[
                "export",
                &server.dir().join("shop.csv").display().to_string(),
            ],
        );
        let placed = order_of(&ok(
            &server,
            &["--name", "ann", "checkout", "--yes", "--json"],
        ));
        assert!(ok(&server, &["orders"]).contains(&placed));
        assert!(ok(&server, &["order", &placed]).contains("Espresso"));
        let split = ok(
            &server,
            &["--name", "ann", "split", &placed, "--settled", "ann"],
        );
        assert!(split.contains("  settled"), "{split}");
        ok(&server, &["order", &placed, "cancel"]);
        assert_eq!(server.get("HGET product:espresso stock"), "9");
        // On the screen, which hears of it.
        ok(&server, &["add", "espresso", "4"]);
        let mut ann = shop(&server, "pw");
        ann.wait("64 products");
        ann.keys("c");
        ann.wait("To pay €9.60");
        ann.keys_until("Y", "Ordered: ");
        ann.keys("esc");
        ann.keys("esc");
        ann.wait("c checkout");
        ann.keys("o");
        ann.wait("cancelled");
        ann.keys("esc");
        assert_eq!(server.get("HGET product:espresso stock"), "5");
        // Short: what was taken before is given back.
        ok(&server, &["add", "espresso", "6"]);
        let refused = run(&server, &["checkout", "--yes"]);
        assert!(String::from_utf8_lossy(&refused.stderr).contains("Only 5 left"));
        // An order that is left in another's cart stays there.
        server.cmd("ZADD {orders}:due 1000 20261124-AB12-CD34");
        server.cmd("HSET {orders}:20261124-AB12-CD34 user bob who bob state pending lines []");
        server.cmd("HSET {cart:bob}:order id 20261124-AB12-CD34");
        ok(&server, &["set", "espresso", "5", "--item-timeout", "20m"]);
        ok(&server, &["checkout", "--yes"]);
        server.cmd("DEL {orders}:due {orders}:20261124-AB12-CD34 {cart:bob}:order");
        ok(&server, &["add", "sourdough", "2"]);
        ok(&server, &["remove", "sourdough"]);
        // The last is the look into the other's cart.
        let known =
            |command: &String| ["scan", "dbsize", "{cart:bob}:order"].contains(&command.as_str());
        let denied = server.denied();
        assert!(denied.iter().all(known), "{denied:?}");
        nothing_is_spare(&server);
        forbidden(&server, NEVER);
        forbidden(
            &server,
            &[
                "ZADD cart:bob 1 x",
                "HGETALL {cart:bob}:order",
                "PUBLISH cart-updates:bob x",
                "SUBSCRIBE cart-updates:bob",
                "UNLINK product:espresso",
                "UNLINK {orders}:due",
                "ZADD catalog 0 x",
                "HSET shop name x",
                "XTRIM orders MAXLEN 0",
                "XGROUP CREATE orders g $",
                "XREADGROUP GROUP g c STREAMS orders >",
                "SCAN 0",
            ],
        );
        assert_eq!(run(&server, &["orders", "--follow"]).status.code(), Some(3));
        assert_eq!(run(&server, &["demo"]).status.code(), Some(3));
    }
}

/// The id of the order in a JSON document.
fn order_of(document: &str) -> String {
    let order: serde_json::Value = serde_json::from_str(document).unwrap();
    order["order"].as_str().unwrap().to_owned()
}

#[test]
fn a_clerk_has_all_carts_and_orders_and_adds_no_products() {
    for binary in server::binaries() {
        let server = admitted(&binary, "clerk");
        server.cmd("HSET product:espresso stock 9");
        let mut placed = Vec::new();
        for user in ["alice", "bob"] {
            ok(&server, &["add", "espresso", "3", "--user", user]);
            ok(&server, &["remove", "espresso", "1", "--user", user]);
            ok(&server, &["cart", "--user", user]);
            ok(&server, &["rules", "--budget", "90", "--user", user]);
            placed.push(order_of(&ok(
                &server,
                &["checkout", "--yes", "--json", "--user", user],
            )));
        }
        let followed = ok(
            &server,
            &["orders", "--follow", "--from-start", "--count", "2"],
        );
        assert!(placed.iter().all(|id| followed.contains(id)), "{followed}");
        for (id, steps) in placed.iter().zip([
            &["accept", "ready", "undo", "ready", "done"][..],
            &["cancel"],
        ]) {
            for step in steps {
                ok(&server, &["order", id, step]);
            }
        }
        assert_eq!(server.get("HGET product:espresso stock"), "7");
        // A cancelled order is passed on to the follower that has it.
        ok(&server, &["add", "espresso", "--user", "bob"]);
        let third = order_of(&ok(
            &server,
            &["checkout", "--yes", "--json", "--user", "bob"],
        ));
        for (name, count) in [("one", "1"), ("two", "1")] {
            let follow = [
                "orders",
                "--follow",
                "--group",
                "bar",
                "--consumer",
                name,
                "--count",
                count,
            ];
            let said = ok(&server, &follow);
            assert!(said.contains("placed"), "{said}");
            ok(&server, &["order", &third, "cancel"]);
            ok(&server, &["add", "espresso", "--user", "bob"]);
            ok(&server, &["checkout", "--yes", "--user", "bob"]);
        }
        let all = ok(&server, &["orders", "--all"]);
        assert!(all.contains("done") && all.contains("cancelled"), "{all}");
        let backup = server.dir().join("orders.jsonl");
        let backup = backup.to_str().unwrap();
        ok(&server, &["export", "--orders", backup]);
        server.cmd(&format!("DEL {{orders}}:{}", placed[0]));
        let restored = ok(&server, &["import", "--orders", backup]);
        assert!(restored.starts_with("1 order restored, "), "{restored}");
        server.cmd("DEL {orders}:open");
        crate::board::handle(&format!("{}?user=ann&pass=pw", server.url()), 2);
        assert_eq!(server.denied(), Vec::<String>::new());
        forbidden(&server, NEVER);
        forbidden(
            &server,
            &[
                "UNLINK product:espresso",
                "ZADD catalog 0 x",
                "UNLINK shop",
                "XTRIM orders MAXLEN 0",
                "SCAN 0",
            ],
        );
        assert_eq!(run(&server, &["demo"]).status.code(), Some(3));
    }
}

/// The rules of a clerk without one of the commands on these keys.
fn clerk_without(rules: &str, keys: &str, command: &str) -> String {
    let of_keys = |selector: &&str| selector.contains(keys) && selector.contains(" +");
    let selector = rules.split(['(', ')']).find(of_keys).unwrap();
    let narrower = selector.replace(&format!("+{command} "), "");
    rules.replace(selector, &narrower)
}

#[test]
fn a_right_that_staff_lack_leaves_nothing_half_written() {
    let server = Server::start();
    let rules = harness::ok(&server, &["acl", "clerk", "--as", "ann"]);
    let rules = rules.trim();
    let (orders, stock) = ("~{orders}:*", "~{product:*}:*");

    // An order of alice that was begun, and more in her cart.
    let begin = |step: &str| {
        server.cmd("FLUSHDB");
        server.cmd("HSET product:tea name Tea price 2.40 stock 90");
        server.cmd("HSET product:cake name Cake price 3.10 stock 90");
        let tea = ["add", "tea", "2", "--user", "alice", "--name", "alice"];
        harness::ok(&server, &tea);
        let placed = harness::ok(&server, &["checkout", "--yes", "--json", "--user", "alice"]);
        harness::ok(&server, &["add", "cake", "2", "--user", "alice"]);
        let id = order_of(&placed);
        if !step.is_empty() {
            server.cmd("ACL SETUSER ann reset on >pw ~* &* +@all");
            ok(&server, &["order", &id, step]);
        }
        id
    };

    let mut refused = 0;
    for (keys, earlier, command) in [
        (orders, "", &["order", "ID", "accept"][..]),
        (orders, "", &["order", "ID", "done"]),
        (orders, "", &["order", "ID", "cancel"]),
        (orders, "ready", &["order", "ID", "undo"]),
        (orders, "done", &["order", "ID", "undo"]),
        (orders, "", &["split", "ID", "--settled", "alice"]),
        (orders, "", &["checkout", "--yes"]),
        (stock, "", &["checkout", "--yes"]),
    ] {
        for missing in [
            "hset",
            "hdel",
            "zadd",
            "zrem",
            "xadd",
            "incr",
            "pexpire",
            "publish",
            "zremrangebyscore",
        ] {
            let id = begin(earlier);
            let narrower = clerk_without(rules, keys, missing);
            server.cmd(&narrower);
            server.cmd("ACL SETUSER ann >pw");
            let before = server.get("DEBUG DIGEST");
            let words: Vec<&str> = command
                .iter()
                .map(|word| if *word == "ID" { &id } else { *word })
                .collect();
            let output = run(&server, &words);
            if output.status.success() {
                continue;
            }
            refused += usize::from(narrower != rules);
            let said = String::from_utf8_lossy(&output.stderr);
            let case = format!("{words:?} without {missing} on {keys}: {said}");
            assert!(said.contains("no permission"), "{case}");
            assert_eq!(server.get("DEBUG DIGEST"), before, "{case}");
        }
    }
    assert!(refused > 20, "{refused}");

    // What can't be given back stays the order's, until somebody may.
    let id = begin("");
    server.cmd(&clerk_without(rules, stock, "hset"));
    server.cmd("ACL SETUSER ann >pw");
    assert_eq!(
        run(&server, &["order", &id, "cancel"]).status.code(),
        Some(3)
    );
    assert_eq!(server.get("HGET product:tea stock"), "88");
    assert_eq!(
        server.get(&format!("HGET {{product:tea}}:orders {id}")),
        "2"
    );
    harness::ok(&server, &["orders", "--all"]);
    assert_eq!(server.get("HGET product:tea stock"), "90");
}

/// The products of the staff in a terminal of ann.
fn clerk(server: &Server) -> Terminal {
    let url = format!("{}?user=ann", server.url());
    Terminal::builder(TROLLEY)
        .args(&["--redis", &url, "--name", "ann", "--clerk"])
        .env("TROLLEY_PASSWORD", "pw")
        .home(server.dir())
        .open()
}

#[test]
fn a_clerk_changes_products_and_the_shop() {
    for binary in server::binaries() {
        let server = admitted(&binary, "clerk");
        let mut ann = clerk(&server);
        ann.wait("● live");
        ann.wait("! Potted Basil");
        ann.keys("5 +");
        ann.wait("Potted Basil: stock 5, was none");
        ann.keys("x");
        ann.wait("Potted Basil is sold out; x puts 5 back");
        ann.keys("enter down down down enter 3 enter");
        ann.wait("Potted Basil: price €3.00, was €2.20");
        ann.keys(": s h o p enter enter ctrl-u M i l l enter");
        ann.wait("Name set to Mill");
        ann.keys("down down down down enter ctrl-u enter enter H i enter");
        ann.wait("Receipt head set to Hi");
        assert_eq!(server.get("HGET shop name"), "Mill");
        assert_eq!(server.get("HGET product:basil price"), "3.00");
    }
}

#[test]
fn who_sees_the_board_and_is_no_clerk_changes_nothing() {
    for binary in server::binaries() {
        let server = admitted(&binary, "clerk");
        let rules = harness::ok(&server, &["acl", "clerk", "--as", "ann"]);
        server.cmd(rules.replace("+eval ", "").trim());
        server.cmd("ACL SETUSER ann >pw");
        let mut ann = clerk(&server);
        ann.wait("! Potted Basil");
        ann.keys("+");
        ann.wait("Only a clerk can change products");
        ann.keys("=");
        ann.gone("Only a clerk");
        ann.keys("4 enter");
        ann.wait("Only a clerk can change products");
        ann.keys(": s h o p enter enter ctrl-u M i l l enter");
        ann.wait("Only a clerk can change the shop");
        assert_eq!(server.get("HGET product:basil stock"), "0");
        assert_eq!(server.get("HGET shop name"), "Corner Shop");

        // Whoever may not see the orders has no screen of the staff at all.
        let server = admitted(&binary, "buyer");
        let mut ann = clerk(&server);
        assert_eq!(ann.wait_exit().exit_code(), 3);
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
        ok(
            &server,
            &["product", "set", "tea", "name=Tea", "price=2.40", "stock=4"],
        );
        ok(&server, &["product", "set", "tea", "stock=+3"]);
        assert_eq!(server.get("HGET product:tea stock"), "7");
        ok(&server, &["product", "set", "tea", "stock="]);
        assert!(ok(&server, &["product", "show", "tea"]).contains("2.40"));
        ok(&server, &["product", "delete", "tea"]);
        assert_eq!(
            (
                server.get("EXISTS product:gone"),
                server.get("HGET product:espresso stock")
            ),
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
                "ZRANGE {orders}:due 0 -1",
                "XADD orders * id x",
                "HSET {product:espresso}:orders x 1",
            ],
        );
        assert_eq!(run(&server, &["cart"]).status.code(), Some(3));
    }
}

#[test]
fn who_may_not_change_products_is_told_who_may() {
    let server = admitted(&server::binaries()[0], "shopper");
    let file = server.dir().join("shop.csv").display().to_string();
    std::fs::write(&file, "id,name,price\ntea,Tea,2.40\n").unwrap();
    server.cmd("HSET product:tea name Chai price 2");
    for command in [
        vec!["demo"],
        vec!["import", &file],
        vec!["product", "set", "tea", "price=1"],
        vec!["product", "delete", "tea"],
    ] {
        let output = run(&server, &command);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{command:?}: {said}");
        assert!(said.contains("trolley acl importer"), "{command:?}: {said}");
        assert!(!said.contains("again"), "{command:?}: {said}");
    }
    assert_eq!(server.get("HGET product:tea price"), "2");
}

#[test]
fn who_is_not_let_in_is_told_and_has_the_shell_back() {
    let server = admitted(&server::binaries()[0], "shopper");
    server.cmd("ACL SETUSER ann clearselectors");
    for (password, told) in [
        ("no", "wrong user name or password"),
        ("pw", "this user may not shop here"),
    ] {
        let mut ann = shop(&server, password);
        assert_eq!(ann.wait_exit().exit_code(), 3);
        ann.wait(told);
        ann.assert_restored();
    }
    // A shop that was open once stays, and says why it waits.
    server.cmd(
        harness::ok(
            &server,
            &["acl", "shopper", "--user", "alice", "--as", "ann"],
        )
        .trim(),
    );
    server.cmd("ACL SETUSER ann >pw");
    let ann = shop(&server, "pw");
    ann.wait("● live");
    server.cmd("ACL SETUSER ann >other <pw");
    server.cmd("CLIENT KILL USER ann");
    ann.wait("wrong user name or password");
    server.cmd("ACL SETUSER ann >pw");
    ann.wait("● live");
}
