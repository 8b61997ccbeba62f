//! Commands over SSH, by real OpenSSH clients: the same answers as without it, and nothing more.

use crate::harness;

use harness::patience::Pending;
use harness::{Finish, Running, Served, Server, Terminal, until};
use rustix::process::Signal;
use serde_json::Value;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::process::{Child, Output, Stdio};

/// Carts that last as long as the test.
const LASTING: [(&str, &str); 1] = [("TROLLEY_SESSION_TIMEOUT", "never")];

/// Somebody's command; its words are joined by spaces, as ssh does it.
fn send(served: &Served, who: &str, command: &str) -> Output {
    served.ssh(Some(who), &["-qT"], &[command]).finish()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// What a command that must succeed prints, as JSON.
fn json(served: &Served, who: &str, command: &str) -> Value {
    let output = send(served, who, &format!("{command} --json"));
    assert!(output.status.success(), "{command}: {output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The status of a command, and what it says to that.
fn refusal(served: &Served, who: &str, command: &str) -> (Option<i32>, String) {
    let output = send(served, who, command);
    assert_eq!(stdout(&output), "", "{command}");
    (output.status.code(), stderr(&output))
}

/// What a command prints, without versions of carts: they begin at the time of their first change.
fn steady(output: &Output) -> String {
    let version = regex::Regex::new(r#""version":\d+"#).unwrap();
    version.replace_all(&stdout(output), "version").into_owned()
}

#[test]
fn commands_answer_as_they_do_without_ssh() {
    let people = [("ann", r#"cart="office",name="Ann""#)];
    let served = Served::at(Server::with_demo(), &people, &[], &LASTING);
    let twin = Server::with_demo();
    let local = [
        "--user",
        "office",
        "--name",
        "Ann",
        "--session-timeout",
        "never",
    ];

    for (command, status) in [
        ("cart", 0),
        ("add espresso 2 --op-id one", 0),
        ("add espresso 2 --op-id one", 0),
        ("add 'Flat White' --op-id two", 0),
        ("set cappuccino 3 --op-id three", 0),
        ("add baguette 2 'Flat White' espresso 1 --op-id several", 0),
        ("add lemon 2 nonsense 3", 1),
        ("remove espresso 1 --op-id four", 0),
        ("set espresso 1000000", 1),
        ("add nonsense", 1),
        ("add espresso -- -1", 2),
        ("add espresso --op-id 'two words'", 2),
        ("remove lemon", 1),
        ("cart", 0),
        ("products", 0),
        ("products 'flat white'", 0),
        ("products zzz", 0),
        ("rules", 0),
        ("rules --budget 50.00", 0),
        ("rules --deadline soon", 2),
        ("note espresso 'no sugar' --op-id noted", 0),
        ("ready --op-id ready", 0),
        ("checkout", 0),
        ("checkout --expect-total 1.00", 1),
        ("orders", 0),
        ("order 20261124-7KQ2-M8XD", 1),
        ("order nonsense", 2),
        ("split 20261124-7KQ2-M8XD", 1),
        ("again 20261124-7KQ2-M8XD --yes", 1),
        ("clear --op-id five", 0),
        ("checkout", 1),
    ] {
        let (word, rest) = command.split_once(' ').unwrap_or((command, ""));
        for form in ["", "--json"] {
            let command = format!("{word} {form} {rest}");
            let there = send(&served, "ann", &command);

            let words = shlex::split(&command).unwrap();
            let mut args = local.to_vec();
            args.extend(words.iter().map(String::as_str));
            let here = harness::run(&twin, &args);
            assert_eq!(there.status.code(), Some(status), "{command}: {there:?}");
            assert_eq!(there.status, here.status, "{command}");
            assert_eq!(steady(&there), steady(&here), "{command}");
            assert_eq!(stderr(&there), stderr(&here), "{command}");
        }
    }
}

#[test]
fn an_order_is_placed_and_read_by_command() {
    let people = [
        ("ann", r#"cart="office",name="Ann""#),
        ("ben", "role=\"clerk\""),
    ];
    let served = Served::start(&people, &[]);
    json(&served, "ann", "add espresso 2");
    let placed = json(&served, "ann", "checkout --yes --expect-total 4.80");
    assert_eq!(placed["who"], "Ann");
    let id = placed["order"].as_str().unwrap();

    let listed = json(&served, "ann", "orders");
    assert_eq!(listed["orders"][0]["order"], placed["order"]);
    assert_eq!(json(&served, "ben", "orders --all")["count"], 1);
    assert_eq!(
        json(&served, "ben", &format!("order {id} accept"))["state"],
        "accepted"
    );
    // By its number, too, to those who may see it.
    assert_eq!(json(&served, "ann", "order 1")["order"], placed["order"]);
    assert_eq!(json(&served, "ben", "order '#1'")["order"], placed["order"]);
    let receipt = send(&served, "ann", &format!("order {id}"));
    let local = harness::run(&served.redis, &["order", id]);
    assert_eq!(stdout(&receipt), stdout(&local));

    // Who has settled is told by whoever ordered, under the name that is proven.
    let (status, why) = refusal(&served, "ben", &format!("split {id} --settled Ann"));
    assert_eq!(
        (status, why.contains("Only Ann, who ordered,")),
        (Some(1), true),
        "{why}"
    );
    let split = json(&served, "ann", &format!("split {id} --settled Ann"));
    assert_eq!(split["people"][0]["settled"], true);

    // The states of orders are the matter of clerks; what is accepted is not for buyers to cancel.
    let cases = [
        ("done", "only a clerk"),
        ("cancel", "#1 is accepted already: ask the shop"),
    ];
    for (step, told) in cases {
        let (status, why) = refusal(&served, "ann", &format!("order {id} {step}"));
        assert_eq!((status, why.contains(told)), (Some(1), true), "{why}");
    }
    assert_eq!(
        json(&served, "ann", &format!("order {id}"))["state"],
        "accepted"
    );
}

#[test]
fn a_visitor_learns_nothing_of_others_and_of_the_server_behind() {
    let people = [("ann", "role=\"clerk\""), ("ben", r#"cart="home""#)];
    let mut served = Served::start(&people, &[]);
    json(&served, "ann", "add espresso 2 --cart office");
    json(&served, "ann", "checkout --yes --cart office");
    let told = |who| stderr(&send(&served, who, "orders"));
    assert!(!told("ben").contains("other carts"));
    assert!(told("ann").contains("other carts have 1 order"));

    let mut watching = watch(&served, "ann");
    served.redis.kill();
    let (status, why) = refusal(&served, "ann", "cart");
    assert_eq!(status, Some(3), "{why}");
    let watched = watching.line();
    for told in [why, watched] {
        assert!(told.contains("the shop's server"), "{told}");
        assert!(!told.contains("127.0.0.1"), "{told}");
    }
}

#[test]
fn a_search_has_a_bounded_number_of_words() {
    let served = Served::office();
    let words = |count| format!("products \"{}\"", vec!["a"; count].join(" "));
    json(&served, "ann", &words(32));
    let (status, why) = refusal(&served, "ann", &words(33));
    assert_eq!(status, Some(2));
    assert!(why.contains("at most 32 words"), "{why}");
}

#[test]
fn a_shopper_orders_nothing_by_command() {
    let people = [("ann", r#"cart="office",role="shopper""#)];
    let served = Served::start(&people, &[]);
    json(&served, "ann", "add espresso 2");
    assert_eq!(json(&served, "ann", "checkout")["possible"], true);
    let (status, why) = refusal(&served, "ann", "checkout --yes");
    assert_eq!(status, Some(1));
    assert_eq!(why, "trolley: you may fill this cart, not order it\n");

    let refused = send(&served, "ann", "checkout --yes --json");
    let document: Value = serde_json::from_slice(&refused.stdout).unwrap();
    assert_eq!(document["error"]["code"], "forbidden");
    assert_eq!(served.redis.get("XLEN orders"), "0");
}

#[test]
fn nobody_comes_to_anothers_cart_by_any_command() {
    let people = [
        ("ann", r#"cart="office,party",name="Ann""#),
        ("ben", r#"cart="desk",role="clerk""#),
        ("cleo", ""),
    ];
    let served = Served::start(&people, &["--guests"]);
    json(&served, "ann", "add espresso 2");
    let placed = json(&served, "ann", "checkout --yes");
    let id = placed["order"].as_str().unwrap();
    json(&served, "ann", "add cappuccino 3");
    let before = served.redis.digest();

    for who in ["ben", "cleo", "nobody's key"] {
        for command in [
            "cart",
            "add lemon",
            "set lemon 2",
            "remove cappuccino",
            "clear",
            "watch",
            "note 'for eve'",
            "ready",
            "checkout",
            "checkout --yes",
            "orders",
            "rules",
            "rules --lock",
            "products",
        ] {
            let command = format!("{command} --cart office");
            let (status, why) = refusal(&served, who, &command);
            assert_eq!(status, Some(1), "{who}: {command}");
            // Before it, ssh says that it has no key.
            assert!(
                why.ends_with("trolley: there is no cart “office” for you here\n"),
                "{why}"
            );
        }
        for command in [
            format!("order {id}"),
            "order 1".to_owned(),
            format!("again {}", &id[id.len() - 4..]),
            format!("split {id}"),
            format!("split {id} --settled Ann"),
            format!("again {id}"),
            format!("again {id} --yes"),
            format!("checkout --yes --op-id {id}"),
            format!("checkout --op-id {id}"),
        ] {
            let (status, why) = refusal(&served, who, &command);
            assert_eq!(status, Some(1), "{who}: {command}");
            assert!(
                why.contains("There is no order")
                    && command.split(' ').any(|word| why.contains(word)),
                "{why}"
            );
        }
        for command in ["orders --all", &format!("order {id} cancel")] {
            let (status, _) = refusal(&served, who, command);
            assert_eq!(status, Some(1), "{who}: {command}");
        }
        // What is refused tells nothing of the cart.
        let own = json(&served, who, "cart");
        assert_ne!(own["user"], "office");
        assert_eq!(own["lines"], Value::Array(Vec::new()));
        assert_eq!(json(&served, who, "orders")["count"], 0);
    }
    assert_eq!(served.redis.digest(), before);

    // Of several carts, the login or the option picks one.
    assert_eq!(json(&served, "ann", "cart --cart party")["user"], "party");
    assert_eq!(json(&served, "ann", "cart --cart office")["user"], "office");
    let picked = served
        .ssh_as("party", Some("ann"), &["-T"], &["cart", "--json"])
        .finish();
    let picked: Value = serde_json::from_slice(&picked.stdout).unwrap();
    assert_eq!(picked["user"], "party");
    for cart in [
        "'a b'",
        "''",
        "'*'",
        "office,party",
        "../office",
        "'\x1b[31m'",
    ] {
        let (status, why) = refusal(&served, "ann", &format!("cart --cart {cart}"));
        assert_eq!(status, Some(1), "{cart}");
        assert!(!why.contains('\x1b'), "{why}");
    }
}

#[test]
fn there_is_no_other_command_and_no_other_option() {
    let served = Served::office();
    for word in [
        "import",
        "export",
        "product",
        "demo",
        "engine",
        "doctor",
        "config",
        "acl",
        "serve",
        "completions",
        "guide",
        "man",
        "undo",
        "sh",
        "/bin/sh",
        "scp",
        "CART",
    ] {
        let (status, why) = refusal(&served, "ann", &format!("{word} /etc/passwd"));
        assert_eq!(status, Some(2), "{word}");
        let expected = format!(
            "trolley: there is no command “{word}” here; help lists those that there are\n"
        );
        assert_eq!(why, expected);
    }
    for option in [
        "--redis redis://127.0.0.1:1",
        "--user ben",
        "--name Ben",
        "--log /tmp/x",
        "--config /x",
        "--password-file /etc/passwd",
        "--line-limit 5",
        "--session-timeout never",
        "--version",
        "--follow",
    ] {
        for command in ["cart", "orders", "watch"] {
            let (status, why) = refusal(&served, "ann", &format!("{command} {option}"));
            assert_eq!(status, Some(2), "{command} {option}");
            let option = option.split(' ').next().unwrap();
            assert!(
                why.contains(&format!("unexpected argument '{option}'")),
                "{why}"
            );
        }
    }

    let usage = send(&served, "ann", "sh --json");
    let document: Value = serde_json::from_slice(&usage.stdout).unwrap();
    assert_eq!(document["error"]["code"], "usage");
    let help = send(&served, "ann", "help");
    assert_eq!(help.status.code(), Some(0));
    for word in ["Usage: ssh HOST", "checkout", "watch", "--cart <NAME>"] {
        assert!(stdout(&help).contains(word), "{word}: {help:?}");
    }
    let help = send(&served, "ann", "help add");
    assert!(stdout(&help).contains("Usage: ssh HOST add"), "{help:?}");

    // Nothing but the command's name is written down.
    send(&served, "ann", "products 'a secret wish'");
    let log = served.log();
    assert!(log.contains("command=\"products\""), "{log}");
    assert!(!log.contains("wish") && !log.contains("passwd"), "{log}");
}

#[test]
fn hostile_lines_are_refused_and_harm_nobody() {
    let served = Served::office();
    let send_bytes = |line: &[u8]| {
        let mut ssh = served.ssh(Some("ann"), &["-qT"], &[]);
        ssh.arg(OsStr::from_bytes(line)).finish()
    };
    for (line, what) in [
        (&b"add 'espresso"[..], "partner"),
        (b"add \"espresso 1", "partner"),
        (b"add espresso\\", "partner"),
        (b"add \xff\xfe", "UTF-8"),
        (b"\x1b[31m\x07 \x1b]0;x\x07", "there is no command"),
        ("\u{202e}\u{200b}".as_bytes(), "there is no command"),
        (&[b'x'; 4096], "there is no command"),
        (&[b'x'; 4097], "4096 bytes at most"),
        (&[b'"'; 100_000], "4096 bytes at most"),
    ] {
        let output = send_bytes(line);
        assert_eq!(output.status.code(), Some(2), "{line:?}");
        let said = stderr(&output);
        assert!(said.contains(what), "{said}");
        assert!(
            said.len() < 1000 && !said.contains(['\x1b', '\x07', '\u{202e}']),
            "{said}"
        );
    }

    // Quotes keep what a shell would take for something else, and there is no shell.
    let output = send_bytes(b"add '$(reboot) `id` * ; rm' && cat /etc/passwd");
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("no product “$(reboot)"),
        "{output:?}"
    );
    let output = send_bytes(b"add \"$HOME\"");
    assert!(stderr(&output).contains("$HOME"), "{output:?}");
    assert_eq!(
        json(&served, "ann", "cart")["lines"],
        Value::Array(Vec::new())
    );
    let log = served.log();
    assert!(!log.contains("panic") && !log.contains('\x1b'), "{log}");
}

/// A client that watches, once it does.
fn watch(served: &Served, who: &str) -> Running {
    let mut watch = Running::start(&mut served.ssh(Some(who), &["-T"], &["watch", "--json"]));
    assert_eq!(watch.json()["event"], "up");
    watch
}

/// Waits until this many commands have ended.
fn ended(served: &Served, count: usize) {
    until("the command has ended", || {
        served.log().matches("INFO close ").count() == count
    });
}

#[test]
fn watch_tells_each_change_and_ends_with_its_client() {
    let mut served = Served::office();
    let mut first = watch(&served, "ann");
    let mut second = watch(&served, "ben");
    harness::ok(
        &served.redis,
        &["--user", "office", "--name", "till", "add", "espresso", "3"],
    );
    for watch in [&mut first, &mut second] {
        let update = watch.json();
        assert_eq!(
            (&update["by"], &update["kind"]),
            (&"till".into(), &"edit".into())
        );
    }
    // They look on unseen.
    assert_eq!(served.redis.get("EXISTS {cart:office}:watchers"), "0");

    first.kill();
    ended(&served, 1);
    served.signal(Signal::TERM);
    let output = second.finish();
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    assert!(stderr(&output).contains("the shop restarts"), "{output:?}");
    assert_eq!(served.process().wait().code(), Some(0));
}

#[test]
fn a_command_on_a_terminal_ends_at_ctrl_c() {
    let served = Served::office();
    let mut args = served.folder.client(Some("ann"), served.address().port());
    args.extend(["-t", "127.0.0.1", "watch"].map(str::to_owned));
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let mut watch = Terminal::builder("/usr/bin/ssh")
        .args(&args)
        .home(served.folder.path())
        .open();
    watch.wait("watching the cart of office");
    json(&served, "ben", "add espresso 2");
    // New lines begin at the left.
    watch.wait("^[0-9:]+  .*added 2 × Espresso");
    watch.send(b"\x03");
    assert_eq!(watch.wait_exit().exit_code(), 130);
}

#[test]
fn a_client_that_does_not_read_delays_nobody() {
    let served = Served::office();
    let mut ben = served.visit("ben");
    ben.keys("/ espresso enter");
    let mut slow = watch(&served, "ann");
    slow.signal(Signal::STOP);
    // Nearly all in one visit: thirty commands may take longer than a client may be silent.
    for count in 1..30 {
        ben.keys("a");
        ben.wait(&format!(r"\b{count} Espresso "));
    }
    json(&served, "ben", "add espresso");
    slow.signal(Signal::CONT);
    for count in 1..=30 {
        let update = slow.json();
        assert_eq!(update["changes"][0]["quantity"], count, "{update}");
    }
}

/// Replaces the catalog by this many products with long texts.
fn stock(served: &Served, count: usize) {
    let text = "𝔸".repeat(400);
    let mut rows = "id,name,price,category,unit,description\n".to_owned();
    for n in 0..count {
        rows.push_str(&format!("p{n},Product {n},1.00,{text},{text},{text}\n"));
    }
    std::fs::write(served.folder.file("rows.csv"), rows).unwrap();
    let file = served.folder.text("rows.csv");
    harness::ok(&served.redis, &["import", &file, "--replace"]);
}

#[test]
fn what_nobody_reads_keeps_nobody_waiting_and_is_bounded() {
    let served = Served::office();
    // More clients than commands may work at a time read nothing of what OpenSSH takes only in part.
    stock(&served, 500);
    let unread: Vec<Child> = (0..10)
        .map(|_| {
            let mut ssh = served.ssh(Some("ann"), &["-qT"], &["products --json"]);
            ssh.stdin(Stdio::null()).stdout(Stdio::piped());
            ssh.spawn().unwrap()
        })
        .collect();
    until("every command has begun", || {
        served.log().matches("command=\"products\"").count() == 10
    });
    json(&served, "ben", "add p1");
    for client in unread {
        let reading = Pending::begin(move || client.wait_with_output().unwrap());
        let output = reading.wait("the whole list");
        assert!(output.status.success(), "{:?}", output.status);
        let listed: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(listed["products"].as_array().unwrap().len(), 500);
    }

    stock(&served, 2_000);
    let refused = send(&served, "ann", "products --json");
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr(&refused).contains("8 MB"), "{}", stderr(&refused));
    // What people read is shorter, and comes whole.
    let listed = send(&served, "ann", "products");
    assert_eq!(stdout(&listed).lines().count(), 2_001);
}

#[test]
fn lines_are_read_from_the_client_and_only_whole() {
    let people = [("ann", r#"cart="office",name="Ann""#)];
    let served = Served::at(Server::with_demo(), &people, &[], &LASTING);
    let start = || Running::start_fed(&mut served.ssh(Some("ann"), &["-qT"], &["add - --json"]));

    let mut adding = start();
    adding.feed(b"{\"product\":\"espresso\",\"quantity\":2}\n");
    let mut others: Vec<Running> = (0..2).map(|_| start()).collect();
    until("all have come", || {
        served.log().matches("INFO exec ").count() == 3
    });
    // Those who send nothing take no turn from others.
    json(&served, "ann", "add lemon");
    adding.feed(b"{\"product\":\"lemon\",\"quantity\":3}");
    adding.end_input();
    let output = adding.finish();
    let added: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(added["changes"][1]["quantity"], 4, "{output:?}");
    assert_eq!(served.redis.get("ZSCORE cart:office espresso"), "2");

    // A client that goes has sent a part, which is not built on.
    let cut = others.pop().unwrap();
    cut.feed(b"{\"product\":\"espresso\",\"quantity\":5}\n");
    drop(cut);
    let mut last = others.pop().unwrap();
    last.end_input();
    let output = last.finish();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert_eq!(served.redis.get("ZSCORE cart:office espresso"), "2");
}

#[test]
fn whoever_ordered_cancels_what_is_only_placed() {
    let people = [
        ("ann", r#"cart="office",name="Ann""#),
        ("ben", r#"cart="office",name="Ben""#),
        ("cleo", r#"cart="office",role="shopper""#),
    ];
    let served = Served::start(&people, &[]);
    harness::keep_day(&served.redis);
    let place = || {
        json(&served, "ann", "add sourdough 2");
        json(&served, "ann", "checkout --yes");
    };
    let stock = || served.redis.get("HGET product:sourdough stock");
    let before = stock();
    place();
    let (status, why) = refusal(&served, "ben", "order 1 cancel");
    assert_eq!(status, Some(1));
    assert!(
        why.contains("Only Ann, who ordered, can cancel #1"),
        "{why}"
    );
    let (_, why) = refusal(&served, "cleo", "order 1 cancel");
    assert!(why.contains("only a clerk"), "{why}");
    served.redis.cmd("HSET shop buyers_cancel no");
    let (_, why) = refusal(&served, "ann", "order 1 cancel");
    assert!(
        why.contains("This shop doesn't let buyers cancel: ask at the counter"),
        "{why}"
    );
    assert_ne!(stock(), before);

    // Once and again: the stock goes back once.
    served.redis.cmd("HDEL shop buyers_cancel");
    for _ in 0..2 {
        assert_eq!(json(&served, "ann", "order 1 cancel")["state"], "cancelled");
        assert_eq!(stock(), before);
    }
    assert_eq!(served.redis.get("ZCARD {orders}:open"), "0");

    // The clerk may at any time.
    place();
    harness::ok(&served.redis, &["order", "2", "ready"]);
    harness::ok(&served.redis, &["order", "2", "cancel"]);
    assert_eq!(stock(), before);
}
