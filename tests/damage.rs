//! What others put into a cart's keys: no number there is believed before it is checked, nothing
//! hangs, nothing is half written, and every change is told as it was.

use crate::harness;

use harness::shopping::{id, named, on_many_threads, quick_server, sell, user};
use harness::{Finish, Server, server};
use trolley::model::{Change, ChangeKind, Edit, Money};
use trolley::store;
use trolley::store::keys::CartKeys;
use trolley::store::order::Stage;
use trolley::store::{Attempt, ProductCheck};

/// A server without a file where eve's cart has three pieces of tea.
fn shop() -> Server {
    let server = quick_server();
    sell(&server, "tea", "2.40", "100000");
    sell(&server, "cake", "3.10", "100000");
    harness::ok(&server, &["--user", "eve", "add", "tea", "3"]);
    server
}

fn meta(server: &Server, field: &str) -> String {
    server.get(&format!("HGET {{cart:eve}}:meta {field}"))
}

/// The highest version that a cart can have.
const HIGHEST_VERSION: u64 = 9_000_000_000_000_000;

const NO_VERSIONS: &[&str] = &[
    "1e300",
    "18446744073709551615",
    "9000000000000000",
    "9000000000000001",
    "-5",
    "nan",
    "inf",
    "0x10",
    "1.5",
    "+17",
    "00000000000000017",
    "x",
    "",
    " 17",
];

#[test]
fn a_damaged_version_is_mended_by_the_next_change() {
    for binary in server::binaries() {
        let server = Server::start_with(&binary, &["--appendonly", "no"]);
        sell(&server, "tea", "2.40", "100000");
        for (pieces, damage) in (2..).zip(NO_VERSIONS) {
            harness::ok(&server, &["--user", "eve", "set", "tea", "1"]);
            server.raw(&["HSET", "{cart:eve}:meta", "version", damage]);

            let told = harness::ok(
                &server,
                &["--user", "eve", "--json", "set", "tea", &pieces.to_string()],
            );
            let told: serde_json::Value = serde_json::from_str(&told).unwrap();
            let version = told["version"].as_u64().unwrap();
            assert_eq!(told["quantity"], pieces, "{damage}");
            assert_eq!(meta(&server, "version"), version.to_string(), "{damage}");
            assert!((1..=HIGHEST_VERSION).contains(&version), "{damage}");

            let read = harness::ok(&server, &["--user", "eve", "--json", "cart"]);
            let read: serde_json::Value = serde_json::from_str(&read).unwrap();
            assert_eq!(read["version"].as_u64(), Some(version), "{damage}");
            let expires = server.get("PTTL cart:eve").parse::<i64>().unwrap();
            assert!(expires > 0, "{damage}: {expires}");
            assert!(server.get("PTTL {cart:eve}:meta").parse::<i64>().unwrap() > 0);

            // Rules and a checkout begin one, too.
            server.raw(&["HSET", "{cart:eve}:meta", "version", damage]);
            harness::ok(&server, &["--user", "eve", "rules", "--deadline", "none"]);
            assert!(meta(&server, "version").parse::<u64>().unwrap() > version);
            server.raw(&["HSET", "{cart:eve}:meta", "version", damage]);
            harness::ok(&server, &["--user", "eve", "checkout", "--yes"]);
        }
    }
}

#[test]
fn the_companions_get_an_expiry_whatever_is_noted_of_it() {
    let server = shop();
    for damage in ["x", "nan", "-nan", "inf", "-1", "1e300", "", "0"] {
        server.raw(&["HSET", "{cart:eve}:meta", "kept", damage]);
        for companion in ["meta", "lines", "ops0", "ops1", "by", "log"] {
            server.raw(&["PERSIST", &format!("{{cart:eve}}:{companion}")]);
        }

        harness::ok(&server, &["--user", "eve", "add", "tea"]);
        for companion in ["meta", "lines", "by", "log"] {
            let expires = server.get(&format!("PTTL {{cart:eve}}:{companion}"));
            assert_ne!(expires, "-1", "{companion} with {damage}");
        }
    }
}

/// The keys of eve's cart that never expire.
fn endless(server: &Server) -> Vec<String> {
    let keys = server.get_list("KEYS *cart:eve*");
    let is_endless = |key: &String| server.get(&format!("PTTL {key}")) == "-1";
    keys.into_iter().filter(is_endless).collect()
}

#[test]
fn a_companion_that_was_evicted_comes_back_with_an_expiry() {
    let commands: &[&[&str]] = &[
        &["add", "tea"],
        &["add", "cake"],
        &["add", "tea", "--item-timeout", "20m"],
        &["set", "tea", "9"],
        &["remove", "tea", "1"],
        &["remove", "tea"],
        &["clear"],
        &["rules", "--budget", "900"],
        &["note", "tea", "hot"],
        &["ready"],
        &["checkout", "--yes"],
    ];
    for binary in server::binaries() {
        let server = Server::start_with(&binary, &["--appendonly", "no"]);
        sell(&server, "tea", "2.40", "100000");
        sell(&server, "cake", "3.10", "100000");
        let eve = |args: &[&str]| {
            let eve = ["--user", "eve", "--name", "eve"];
            harness::ok(&server, &[&eve[..], args].concat())
        };
        for evicted in [
            "ops0", "ops1", "log", "meta", "lines", "by", "touched", "notes",
        ] {
            for command in commands {
                eve(&["set", "tea", "5", "--item-timeout", "20m"]);
                eve(&["note", "tea", "cold"]);
                server.raw(&["UNLINK", &format!("{{cart:eve}}:{evicted}")]);
                eve(command);
                let case = format!("{command:?} after {evicted} was evicted");
                assert_eq!(endless(&server), Vec::<String>::new(), "{case}");

                // Where a cart is meant to stay, all of it stays.
                eve(&["set", "tea", "5", "--session-timeout", "never"]);
                server.raw(&["UNLINK", &format!("{{cart:eve}}:{evicted}")]);
                eve(&["add", "tea", "--session-timeout", "never"]);
                let all = server.get_list("KEYS *cart:eve*").len();
                assert_eq!(endless(&server).len(), all, "{case}");
                eve(&["clear"]);
            }
        }
    }
}

#[test]
fn what_no_whole_number_is_counts_as_none_everywhere() {
    let server = shop();
    for damage in ["0x10", "1e3", " 17", "17 ", "+17", "1.", "0b1"] {
        // A version: a new history begins, above all that could have been.
        let before = meta(&server, "start");
        server.raw(&["HSET", "{cart:eve}:meta", "version", damage]);
        harness::ok(&server, &["--user", "eve", "add", "tea"]);
        assert_eq!(meta(&server, "version"), meta(&server, "start"), "{damage}");
        assert!(
            meta(&server, "start") > before,
            "{damage}: {}",
            meta(&server, "start")
        );

        // The timeouts of a cart, and its closing time.
        let life = format!("{damage} 0 ann");
        server.raw(&["HSET", "{cart:eve}:meta", "life", &life, "closes", damage]);
        harness::ok(&server, &["--user", "eve", "add", "tea"]);
        let expires = server.get("PTTL cart:eve").parse::<i64>().unwrap();
        assert!(expires > 1_700_000, "{damage}: {expires}");

        // Stock: nothing of it is sold.
        server.raw(&["HSET", "product:tea", "stock", damage]);
        let checkout = harness::run(&server, &["--user", "eve", "checkout", "--yes"]);
        assert_eq!(checkout.status.code(), Some(1), "{damage}");
        assert_eq!(server.get("HGET product:tea stock"), damage);
        server.raw(&["HSET", "product:tea", "stock", "100000"]);

        // Pieces that are taken for an order, when it is cancelled: none go back.
        let placed = harness::ok(&server, &["--user", "eve", "checkout", "--yes", "--json"]);
        let placed: serde_json::Value = serde_json::from_str(&placed).unwrap();
        let order = placed["order"].as_str().unwrap();
        let left = server.get("HGET product:tea stock");
        server.raw(&["HSET", "{product:tea}:orders", order, damage]);
        harness::ok(&server, &["order", order, "cancel"]);
        assert_eq!(server.get("HGET product:tea stock"), left, "{damage}");
        harness::ok(&server, &["--user", "eve", "add", "tea", "3"]);
    }
}

#[test]
fn a_quantity_that_is_damaged_while_it_is_ordered_stays_as_it_is() {
    for damage in ["2.5", "-3", "inf", "1e300"] {
        let server = shop();
        let order = harness::shopping::stop_before(&server, "eve", &Stage::Settle);
        server.raw(&["ZADD", "cart:eve", damage, "tea"]);
        let kept = server.get("ZSCORE cart:eve tea");
        server.raw(&["ZADD", "{orders}:due", "1", &order]);
        harness::ok(&server, &["--user", "eve", "checkout"]);
        assert_eq!(server.get("ZSCORE cart:eve tea"), kept, "{damage}");
        assert_eq!(server.get("EXISTS {cart:eve}:order"), "0", "{damage}");
        assert_eq!(server.get("XLEN orders"), "1", "{damage}");
    }
}

#[test]
fn rules_and_an_order_that_are_damaged_stop_nobody() {
    let server = shop();
    for (field, damage) in [
        ("owner", ""),
        ("locked", ""),
        ("closes", "nan"),
        ("closes", "-1"),
        ("closes", "x"),
        ("frozen", "1"),
        ("life", "nan eve"),
        ("life", "99999999999999999999 bob"),
        ("start", "1e300"),
        ("start", "x"),
        ("lost", "inf"),
    ] {
        server.raw(&["HSET", "{cart:eve}:meta", "owner", "ann", field, damage]);
        harness::ok(&server, &["--user", "eve", "add", "tea"]);
        harness::ok(&server, &["--user", "eve", "remove", "tea", "1"]);
        let expires = server.get("PTTL cart:eve").parse::<i64>().unwrap();
        assert!(
            (1..=1_800_000).contains(&expires),
            "{field} {damage}: {expires}"
        );
        server.raw(&["HDEL", "{cart:eve}:meta", field]);
    }

    // Shares that can be none are nobody's.
    server.raw(&[
        "HSET",
        "{cart:eve}:by",
        "tea",
        "99999999999999999999 bob\n1 eve",
    ]);
    harness::ok(&server, &["--user", "eve", "--name", "eve", "add", "tea"]);
    assert_eq!(server.get("HGET {cart:eve}:by tea"), "2 eve");
}

/// A change that was sent before, and whose answer was lost.
fn retry(first_version: u64, age: u64) -> Attempt {
    Attempt {
        is_retry: true,
        first_version,
        age,
        budget_checked_at: None,
    }
}

async fn send(server: &Server, change: &Change, attempt: Attempt) -> Result<u64, String> {
    let mut link = server::open_shared(server.url()).await;
    let keys = CartKeys::of(&user("eve"));
    store::send(
        &mut link,
        &keys,
        &named("eve"),
        change,
        attempt,
        ProductCheck::Here,
    )
    .await
    .map(|applied| applied.update.version)
    .map_err(|error| format!("{error:?}"))
}

fn one_more_tea() -> Change {
    Change {
        op: store::new_op(),
        kind: ChangeKind::Edit,
        edits: vec![Edit::Add {
            product: id("tea"),
            quantity: 1,
            price: Money::parse("2.40"),
        }],
    }
}

#[test]
fn a_retry_is_never_applied_twice_where_op_ids_were_lost() {
    let server = shop();
    on_many_threads().block_on(async {
        let version = || meta(&server, "version").parse::<u64>().unwrap();
        let pieces = || server.get("ZSCORE cart:eve tea");
        let forgotten = Err("Failed(Refused(Forgotten))".to_owned());

        for (lost, has_ops) in [
            ("UNLINK {cart:eve}:ops0 {cart:eve}:ops1", false),
            (
                "UNLINK {cart:eve}:meta {cart:eve}:ops0 {cart:eve}:ops1",
                false,
            ),
            ("UNLINK {cart:eve}:meta", true),
            ("HSET {cart:eve}:meta version nan", true),
        ] {
            let before = version();
            let change = one_more_tea();
            let applied = send(&server, &change, Attempt::default()).await;
            let had = pieces();
            server.cmd(lost);
            let again = send(&server, &change, retry(before, 10)).await;
            assert_eq!(
                again,
                if has_ops { applied } else { forgotten.clone() },
                "{lost}"
            );
            assert_eq!(pieces(), had, "{lost}");

            // Others' changes don't make it look as if nothing was lost.
            let other = one_more_tea();
            send(&server, &other, Attempt::default()).await.unwrap();
            let has = pieces();
            let again = send(&server, &change, retry(before, 600_000)).await;
            assert!(again == forgotten || has_ops, "{lost}: {again:?}");
            assert_eq!(pieces(), has, "{lost}");

            // What is remembered is answered, and what was never sent before is applied.
            let now = version();
            assert_eq!(send(&server, &other, retry(before, 600_000)).await, Ok(now));

            // A cart that is new has nothing to remember.
            server.cmd("DEL cart:eve {cart:eve}:meta {cart:eve}:ops0 {cart:eve}:ops1");
            let first = one_more_tea();
            send(&server, &first, retry(0, 10)).await.unwrap();
            send(&server, &first, retry(0, 20)).await.unwrap();
            send(&server, &one_more_tea(), retry(0, 30)).await.unwrap();
            assert_eq!(pieces(), "2");
        }
    });
}

/// The commands that the rule of a shopper grants.
fn granted(rules: &str) -> Vec<String> {
    let home = rules.split('(').next().unwrap();
    let words = home.split_whitespace();
    words
        .filter_map(|word| word.strip_prefix('+'))
        .map(str::to_owned)
        .collect()
}

#[test]
fn a_missing_right_leaves_nothing_half_written() {
    let server = quick_server();
    sell(&server, "tea", "2.40", "100000");
    sell(&server, "cake", "3.10", "100000");
    let rules = harness::ok(&server, &["acl", "shopper", "--user", "eve", "--as", "ann"]);
    let url = format!("{}?user=ann", server.url());
    let run = |args: &[&str]| {
        let all = [
            &["--redis", &url, "--user", "eve", "--name", "eve"][..],
            args,
        ]
        .concat();
        let mut command = harness::trolley(server.dir(), &all);
        command.env("TROLLEY_PASSWORD", "pw").finish()
    };
    let commands: &[&[&str]] = &[
        &["add", "tea"],
        &["add", "cake", "--item-timeout", "20m"],
        &["set", "tea", "1"],
        &["remove", "tea"],
        &["clear"],
        &["add", "tea", "--session-timeout", "never"],
        &["note", "tea", "hot"],
        &["note", "tea"],
        &["ready"],
        &["rules", "--lock"],
    ];
    // What a command reads after its change shows the change, and is no part of it.
    let read_after = ["hmget", "hget", "zrange", "zscore", "pttl", "zcard"];

    let mut spoiled = Vec::new();
    // Without any right missing, every command succeeds.
    let everything = ["nothing".to_owned()];
    for missing in everything.into_iter().chain(granted(&rules)) {
        for (is_full, command) in [true, false]
            .into_iter()
            .flat_map(|full| commands.iter().map(move |command| (full, *command)))
        {
            let keys = [
                "meta", "lines", "ops0", "ops1", "log", "touched", "by", "notes",
            ];
            let keys = keys.map(|key| format!("{{cart:eve}}:{key}")).join(" ");
            server.cmd(&format!("DEL cart:eve {keys}"));
            server.cmd(&format!("{} >pw", rules.trim()));
            if is_full {
                run(&["add", "tea", "2"]);
                harness::ok(
                    &server,
                    &["--user", "eve", "--name", "bob", "add", "tea", "3"],
                );
                run(&["note", "tea", "cold"]);
            }

            if missing != "nothing" {
                server.cmd(&format!("ACL SETUSER ann -{missing}"));
            }
            let before = server.get("DEBUG DIGEST");
            let output = run(command);
            let case = format!("{command:?} without {missing}, the cart full: {is_full}");
            if output.status.success() {
                let stays = command.contains(&"never") || server.get("EXISTS cart:eve") == "0";
                if !stays && server.get("PTTL cart:eve") == "-1" {
                    spoiled.push(format!("{case}: it stays for ever"));
                }
            } else if missing == "nothing" && output.status.code() == Some(3)
                || server.get("DEBUG DIGEST") != before
                    && !(command[0] == "rules" && read_after.contains(&&*missing))
            {
                let said = String::from_utf8_lossy(&output.stderr).into_owned();
                spoiled.push(format!("{case}: {said}"));
            }
        }
    }
    assert_eq!(spoiled, Vec::<String>::new());
}

/// A change of eve's cart by this person, with these timeouts.
fn by(server: &Server, name: &str, timeouts: [&str; 2], command: &[&str]) {
    let [session, item] = timeouts;
    let args = [
        "--user",
        "eve",
        "--name",
        name,
        "--session-timeout",
        session,
        "--item-timeout",
        item,
    ];
    harness::ok(server, &[&args[..], command].concat());
}

#[test]
fn how_long_a_cart_stays_is_the_rule_of_who_began_it() {
    let server = shop();
    let minutes = || (server.get("PTTL cart:eve").parse::<i64>().unwrap() + 59_999) / 60_000;
    server.cmd("DEL cart:eve");
    by(&server, "ann", ["50m", "never"], &["add", "tea"]);
    assert_eq!(minutes(), 50);

    // Nobody else makes that shorter or longer, nor takes out what ann put in.
    by(&server, "bob", ["1s", "1s"], &["add", "tea"]);
    assert_eq!(minutes(), 50);
    server.raw(&["HSET", "{cart:eve}:lines", "tea", "1 1 2.40 ann"]);
    by(&server, "bob", ["never", "1s"], &["add", "cake"]);
    assert_eq!(
        (minutes(), server.get("ZSCORE cart:eve tea")),
        (50, "2".to_owned())
    );
    by(&server, "ann", ["20m", "never"], &["remove", "cake"]);
    assert_eq!(minutes(), 20);

    // Who owns the cart's rules sets this one, too, and keeps it when the cart was empty.
    by(
        &server,
        "cy",
        ["40m", "never"],
        &["rules", "--budget", "90"],
    );
    assert_eq!(minutes(), 40);
    by(&server, "ann", ["1s", "never"], &["clear"]);
    by(&server, "ann", ["1s", "never"], &["add", "tea"]);
    assert_eq!(minutes(), 40);
    by(&server, "cy", ["never", "never"], &["add", "tea"]);
    assert_eq!(server.get("PTTL cart:eve"), "-1");
    by(&server, "ann", ["1s", "never"], &["add", "tea"]);
    assert_eq!(server.get("PTTL cart:eve"), "-1");

    // Without an owner it is anew that of who begins the next cart.
    server.cmd("HDEL {cart:eve}:meta owner");
    by(&server, "bob", ["30m", "never"], &["clear"]);
    by(&server, "bob", ["30m", "never"], &["add", "tea"]);
    assert_eq!(minutes(), 30);
}
