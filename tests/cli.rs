//! The plain commands.

use crate::harness;

use harness::server::{binaries, free_port};
use harness::{Finish, Running, Server, command, keep_day, ok, ok_as, run, trolley, until};
use serde_json::{Value, json};
use std::io::{Read, Write};
use trolley::model::text;

fn json(server: &Server, args: &[&str]) -> Value {
    serde_json::from_str(&ok(server, args)).unwrap()
}

/// Runs a command that must fail; returns its exit status and its sentence.
fn fails(server: &Server, args: &[&str]) -> (i32, String) {
    let output = run(server, args);
    assert!(
        output.stdout.is_empty(),
        "{args:?} prints {}",
        String::from_utf8_lossy(&output.stdout)
    );
    (
        output.status.code().unwrap(),
        String::from_utf8(output.stderr).unwrap().trim().to_owned(),
    )
}

#[test]
fn people_read_products_by_category() {
    let server = Server::with_demo();
    let args = ["--redis", server.url(), "products"];
    let mut terminal = harness::Terminal::builder(harness::TROLLEY)
        .args(&args)
        .home(server.dir())
        .open();
    assert_eq!(terminal.wait_exit().exit_code(), 0);
    terminal.wait("^Snacks & Sweets *$");
}

#[test]
fn add_remove_and_cart() {
    let server = Server::with_demo();
    assert_eq!(
        ok(&server, &["--user", "alice", "add", "espresso", "3"]),
        "Added 3 × Espresso: 3 in the cart of alice\n"
    );
    assert_eq!(
        ok(&server, &["--user", "alice", "add", "FLAT WHITE"]),
        "Added 1 × Flat White: 1 in the cart of alice\n"
    );
    let cart = ok(&server, &["--user", "alice", "cart"]);
    assert!(
        cart.contains("3  Espresso")
            && cart.contains("7.20")
            && cart.contains("4 items")
            && cart.contains("€10.80"),
        "{cart}"
    );
    assert_eq!(
        ok(&server, &["--user", "alice", "remove", "espresso", "1"]),
        "Removed 1 × Espresso: 2 left in the cart of alice\n"
    );
    assert_eq!(
        ok(&server, &["--user", "alice", "remove", "espresso"]),
        "Removed 2 × Espresso: 0 left in the cart of alice\n"
    );
    assert_eq!(
        ok(&server, &["--user", "bob", "cart"]),
        "The cart of bob is empty\n"
    );
}

#[test]
fn a_cart_with_more_than_there_is_says_so() {
    let server = Server::with_demo();
    ok(&server, &["--user", "alice", "add", "baguette"]);
    assert!(ok(&server, &["--user", "alice", "cart"]).contains("1 item "));
    ok(&server, &["--user", "alice", "set", "baguette", "9"]);
    server.cmd("HSET product:baguette stock 6");
    assert!(ok(&server, &["--user", "alice", "cart"]).contains("  only 6 left\n"));
    let line = json(&server, &["--user", "alice", "--json", "cart"])["lines"][0].clone();
    assert_eq!(
        (&line["status"], &line["left"], &line["quantity"]),
        (&"short".into(), &6.into(), &9.into())
    );
}

#[test]
fn a_damaged_quantity_is_shown_as_it_is_stored() {
    let server = Server::with_demo();
    for (score, shown) in [
        ("1.5", "1.5"),
        ("-5", "-5"),
        ("inf", "inf"),
        ("9007199254740993", "9007199254740992"),
    ] {
        server.cmd(&format!("ZADD cart:alice {score} espresso"));
        let line = format!("{shown:>6}  {:32} {:>14}", "Espresso", "damaged quantity");
        let cart = ok(&server, &["--user", "alice", "cart"]);
        assert_eq!(cart.lines().next(), Some(&*line));
        let checkout = run(&server, &["--user", "alice", "checkout"]);
        assert_eq!(checkout.status.code(), Some(1));
        assert_eq!(
            String::from_utf8_lossy(&checkout.stdout).lines().next(),
            Some(&*line)
        );
        // Programs go by the status.
        let document = |args: &[&str]| -> Value {
            serde_json::from_slice(&run(&server, args).stdout).unwrap()
        };
        let line = |command| document(&["--json", "--user", "alice", command])["lines"][0].clone();
        let (cart, checkout) = (line("cart"), line("checkout"));
        assert_eq!(
            (&cart["status"], &cart["quantity"]),
            (&"damaged".into(), &Value::Null)
        );
        assert_eq!(
            (&checkout["status"], &checkout["quantity"]),
            (&"damaged".into(), &0.into())
        );
    }
}

#[test]
fn a_preview_says_who_asked_for_what() {
    let server = Server::with_demo();
    let add = |name: &str, product: &str| {
        ok(
            &server,
            &["--user", "office", "--name", name, "add", product],
        );
    };
    let preview = |name: &str| ok(&server, &["--user", "office", "--name", name, "checkout"]);
    add("ann", "espresso");
    assert!(!preview("ann").contains("        ann\n"));
    add("ben", "espresso");
    add("ben", "baguette");
    server.cmd("HSET product:baguette stock 0");
    let refused = run(&server, &["--user", "office", "--name", "ann", "checkout"]);
    let refused = String::from_utf8(refused.stdout).unwrap();
    assert!(
        refused.contains("        total ") && !refused.contains("to pay"),
        "{refused}"
    );
    server.cmd("HDEL product:baguette stock");
    let preview = preview("ann");
    assert!(
        preview.contains("        ann 1, ben 1\n") && preview.contains("        ben\n"),
        "{preview}"
    );
}

#[test]
fn what_is_typed_wrong_is_quoted() {
    let server = Server::with_demo();
    for (args, told) in [
        (
            &["checkout", "--yes", "--expect-total", "2,40"][..],
            "expect-total: “2,40” is not valid: write 2.40, with a point",
        ),
        (
            &["rules", "--deadline", "25:00"],
            "deadline: “25:00” is not valid: write it like 18:00, 45m or none",
        ),
        (
            &["order", "2026-11"],
            "order: “2026-11” is not valid: give its number, like 42, the last four of its id, like M8XD, or the id",
        ),
        (
            &["clear", "--op-id", "a b"],
            "op-id: “a b” is not valid: use 1 to 64 of A-Z a-z 0-9 . _ : -",
        ),
    ] {
        let (status, said) = fails(&server, args);
        assert_eq!((status, &*said), (2, &*format!("trolley: {told}")));
    }
}

#[test]
fn cart_and_checkout_tell_what_is_short_alike() {
    let server = Server::with_demo();
    server.cmd("HSET product:espresso stock 5");
    ok(&server, &["--user", "alice", "add", "espresso", "7"]);
    ok(&server, &["--user", "alice", "add", "baguette", "1"]);
    for command in ["cart", "checkout"] {
        let output = run(&server, &["--json", "--user", "alice", command]);
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        let line = |index: usize| {
            let line = &document["lines"][index];
            (line["short"].clone(), line["left"].clone())
        };
        assert_eq!(line(0), (true.into(), 5.into()), "{command}");
        assert_eq!(line(1), (false.into(), Value::Null), "{command}");
    }
}

#[test]
fn a_quantity_of_zero_removes_the_line() {
    let server = Server::with_demo();
    ok(&server, &["--user", "alice", "add", "espresso", "3"]);
    let said = ok(&server, &["--user", "alice", "set", "espresso", "0"]);
    assert_eq!(said, "Removed 3 × Espresso: 0 left in the cart of alice\n");
}

#[test]
fn what_is_damaged_is_told_by_its_name_and_removed() {
    let server = Server::with_demo();
    server.cmd("ZADD cart:alice 1.5 espresso");
    let refused = run(&server, &["--user", "alice", "add", "espresso"]);
    assert_eq!(
        String::from_utf8_lossy(&refused.stderr),
        "trolley: The quantity of “Espresso” is damaged: set a new quantity or remove the line\n"
    );
    let said = ok(&server, &["--user", "alice", "remove", "espresso"]);
    assert_eq!(said, "Removed Espresso: 0 left in the cart of alice\n");
}

#[test]
fn an_empty_catalog_says_how_to_fill_it() {
    let server = Server::start();
    let how =
        "fill it from a file with trolley import FILE, or with the demo products: trolley demo";
    for (args, status, told) in [
        (&["products"][..], 0, format!("the catalog is empty; {how}")),
        (
            &["products", "tea"],
            0,
            format!("the catalog is empty; {how}"),
        ),
        (
            &["add", "tea"],
            1,
            format!("There is no product “tea”: the catalog is empty; {how}"),
        ),
    ] {
        let output = run(&server, args);
        assert_eq!(output.status.code(), Some(status));
        assert_eq!(
            String::from_utf8_lossy(&output.stderr),
            format!("trolley: {told}\n")
        );
    }
    let refused = run(&server, &["--json", "add", "tea"]);
    let refused: Value = serde_json::from_slice(&refused.stdout).unwrap();
    assert_eq!(refused["error"]["code"], "unknown_product");
}

#[test]
fn help_keeps_a_commands_own_options_apart() {
    let server = Server::start();
    let help = ok(&server, &["orders", "--help"]);
    let (own, every) = help.split_once("Options of every command:").unwrap();
    assert!(
        own.contains("--most") && own.contains("--help") && !own.contains("--redis"),
        "{help}"
    );
    for option in ["--redis", "--json", "--tls-ca", "--log-level"] {
        assert!(every.contains(option), "{help}");
    }
    assert!(!every.contains("--group"), "{help}");
}

#[test]
fn what_is_found_or_kept_otherwise_is_said() {
    let server = Server::with_demo();
    let none = run(&server, &["products", "nothinglike"]);
    assert_eq!(
        String::from_utf8_lossy(&none.stderr),
        "trolley: no product matches “nothinglike”\n"
    );
    let odd = run(&server, &["product", "set", "x1", "name=a\nb", "price=1"]);
    assert!(
        String::from_utf8_lossy(&odd.stderr).contains("it shows as “a b”"),
        "{odd:?}"
    );
    let long = format!("/{}", "a".repeat(90));
    let config = ok(&server, &["--log", &long, "config"]);
    assert!(config.contains(&format!("log = \"{long}\" # ")), "{config}");
}

#[test]
fn products_are_listed_with_all_that_a_shopper_asks() {
    let server = Server::with_demo();
    let list = ok(&server, &["products", "moka"]);
    assert_eq!(
        list,
        "id                 name                         price € unit       stock  category\n\
         moka-pot           Stovetop Moka Pot              39.90 each           2  Household\n"
    );
}

#[test]
fn a_slip_of_the_keys_is_told_with_what_was_meant() {
    let server = Server::with_demo();
    for (args, told) in [
        (
            &["add", "espreso"][..],
            "There is no product “espreso”: did you mean Espresso (espresso)?",
        ),
        (
            &["product", "show", "CROISANT"],
            "There is no product “CROISANT”: did you mean Butter Croissant (croissant)?",
        ),
        (
            &["product", "set", "croisant", "price=2"],
            "there is no product “croisant” yet: a new one needs a name and a price \
             (did you mean Butter Croissant (croissant)?)",
        ),
        (&["add", "xyzzy"], "There is no product “xyzzy”"),
    ] {
        let refused = run(&server, args);
        assert_eq!(refused.status.code(), Some(1));
        assert_eq!(
            String::from_utf8_lossy(&refused.stderr),
            format!("trolley: {told}\n")
        );
    }
}

#[test]
fn json_output() {
    let server = Server::with_demo();
    let added = json(
        &server,
        &["--json", "--user", "alice", "add", "espresso", "2"],
    );
    assert_eq!(
        (&added["product"], &added["quantity"], &added["delta"]),
        (&"espresso".into(), &2.into(), &2.into())
    );
    let cart = json(&server, &["cart", "--json", "--user", "alice"]);
    assert_eq!(cart["subtotal"], "4.80");
    assert_eq!(cart["lines"][0]["total"], "4.80");
    assert_eq!(cart["lines"][0]["status"], "ok");
    let left: u64 = server.get("PTTL cart:alice").parse().unwrap();
    let told = cart["expires_in_ms"].as_u64().unwrap();
    assert!((left..=1_800_000).contains(&told), "{told}, then {left}");
    assert_eq!(cart["version"], added["version"]);
    let products = json(&server, &["products", "--json"]);
    assert_eq!(products["products"].as_array().unwrap().len(), 64);
    let removed = json(
        &server,
        &["remove", "espresso", "--json", "--user", "alice"],
    );
    assert_eq!(
        (&removed["quantity"], &removed["delta"]),
        (&0.into(), &(-2).into())
    );
    let refused = run(
        &server,
        &["--json", "--user", "alice", "remove", "espresso"],
    );
    assert_eq!(refused.status.code(), Some(1));
    let refused: Value = serde_json::from_slice(&refused.stdout).unwrap();
    assert_eq!(refused["error"]["code"], "not_in_cart");
}

#[test]
fn each_refusal_has_its_sentence_and_its_exit_status() {
    let server = Server::with_demo();
    std::fs::write(server.dir().join("header.csv"), "id,prise\nx,1\n").unwrap();
    let header = server.dir().join("header.csv").display().to_string();
    let before = server.digest();
    for (expected, args, sentence) in [
        // What this shop refuses, and another would not.
        (1, &["add", "nothing"][..], "There is no product “nothing”"),
        (
            1,
            &["add", "espresso", "1000"],
            "Too many: the limit is 999",
        ),
        (
            1,
            &["add", "espr"],
            "“espr” matches several products: Espresso (espresso), Espresso Beans (espresso-beans); name one by its id",
        ),
        (1, &["remove", "espresso"], "“Espresso” is not in the cart"),
        (
            1,
            &["add", "\u{1b}[31mred"],
            "There is no product “\u{fffd}[31mred”",
        ),
        (1, &["clear"], "The cart is empty already"),
        (
            1,
            &["order", "20261124-7KQ2-M8XD", "done"],
            "There is no order “20261124-7KQ2-M8XD”",
        ),
        (1, &["product", "delete", "nothing"], "There is no product"),
        (
            1,
            &["product", "set", "new", "price=1"],
            "a new one needs a name and a price",
        ),
        (
            1,
            &["add", "espresso", "2", "lemmon", "3"],
            "nothing was added, because of line 2: There is no product “lemmon”: did you mean Unwaxed Lemon (lemon)?",
        ),
        (
            1,
            &["add", "espresso", "999", "lemon", "espresso", "1"],
            "because of line 3: Espresso: Too many: the limit is 999 of one product and the cart holds 999",
        ),
        // Parts of names are not enough, or two words of one name would be two products.
        (
            1,
            &["add", "flat", "white"],
            "because of line 1: There is no product “flat”: did you mean Flat White (flat-white)?",
        ),
        // What no shop would take.
        (
            2,
            &["add", "lemon", "espresso", "0"],
            "because of line 2: The quantity is zero",
        ),
        (2, &["add", "espresso", "x"], "“x” is not a number"),
        (2, &["add", "espresso", "0"], "The quantity is zero"),
        (2, &["add", "espresso", "-3"], "The quantity -3 is negative"),
        (
            2,
            &["add", "espresso", "1.5"],
            "The quantity 1.5 is a fraction",
        ),
        (2, &["set", "espresso", "x"], "“x” is not a number"),
        (2, &["remove", "espresso", "0"], "The quantity is zero"),
        (
            2,
            &["--user", "a b", "cart"],
            "“a b” is not a valid cart name",
        ),
        (
            2,
            &["add", &"x".repeat(300)],
            "That product name is too long: 300 bytes",
        ),
        (
            2,
            &["rules", "--budget", "abc"],
            "budget: “abc” is not valid: write it like 12.40",
        ),
        (
            2,
            &["rules", "--budget-each", "3,80"],
            "budget-each: “3,80” is not valid: write 3.80, with a point",
        ),
        (2, &["--line-limit", "some", "cart"], "write a whole number"),
        (
            2,
            &["--line-limit", "99999999999", "cart"],
            "line_limit: “99999999999” is not valid: a number from 1 to 999999",
        ),
        (
            2,
            &["product", "set", "tea", "prise=1", "stock=y", "price=3,80"],
            "there is no column “prise”: did you mean “price”? (id, name, price, category, unit, stock, description, barcode); \
             “3,80” is not a valid price: write 3.80, with a point; “y” is not a valid stock",
        ),
        (2, &["product", "set", "tea", "price"], "“price” has no “=”"),
        (
            2,
            &["product", "set", "tea", "id=x"],
            "the column “id” appears twice",
        ),
        (2, &["import", &header], "there is no column “prise”"),
        (
            2,
            &["import", "/no/such.csv"],
            "can't read “/no/such.csv”: No such file or directory",
        ),
        (
            2,
            &["export", "/tmp/products.xlsx"],
            "no format is known by the ending “.xlsx”: use .csv, .json or .jsonl, or say which with --format",
        ),
        (2, &["shop", "size=3"], "a shop has no setting “size”"),
        (
            2,
            &["shop", "currency=Euros"],
            "it has 5 characters, the limit is 4",
        ),
    ] {
        let (status, said) = fails(&server, args);
        assert_eq!(status, expected, "{args:?}: {said}");
        assert!(!said.contains("os error"), "{said}");
        assert!(
            said.starts_with("trolley: ") || said.starts_with("error: "),
            "{said}"
        );
        assert!(said.contains(sentence), "{said}");
        assert!(!said.contains('\u{1b}'));
    }
    assert_eq!(server.digest(), before);
}

#[test]
fn wrong_usage_is_2_and_no_connection_is_3() {
    let mut server = Server::with_demo();
    let (_, said) = fails(&server, &["orders", "--most", "0"]);
    assert!(said.contains("write a whole number from 1"), "{said}");
    for args in [
        &["add"][..],
        &["frobnicate"],
        &["--redis", "nonsense", "cart"],
        &["--redis", "", "cart"],
        &["--session-timeout", "soon", "cart"],
        &["--line-limit", "0", "cart"],
        &["orders", "--most", "0"],
        &["orders", "--follow", "--count", "some"],
    ] {
        let output = trolley(server.dir(), args).finish();
        assert_eq!(output.status.code(), Some(2), "{args:?}");
    }
    server.kill();
    let (status, said) = fails(&server, &["cart"]);
    assert_eq!(status, 3, "{said}");
}

#[test]
fn a_wrong_variable_is_named_with_its_value_and_what_is_allowed() {
    let server = Server::start();
    for (variable, value, allowed) in [
        ("TROLLEY_HOURS", "13", "auto, 24, 12"),
        ("TROLLEY_ASCII", "maybe", "auto, true, false"),
        ("TROLLEY_ALERTS", "loud", "auto, bell, title, none"),
        ("TROLLEY_THEME", "pink", "auto, dark, light"),
        ("TROLLEY_LOG_LEVEL", "all", "error, warn, info, debug"),
        ("TROLLEY_LINE_LIMIT", "0", "a number from 1 to 999999"),
        ("TROLLEY_LINE_LIMIT", "some", "write a whole number"),
        ("TROLLEY_CONFIRM_REPLICAS", "17", "a number from 0 to 16"),
        ("TROLLEY_SESSION_TIMEOUT", "0s", "from 1s to 3650 days"),
        ("TROLLEY_ITEM_TIMEOUT", "1 month", "use days, hours or min"),
        ("TROLLEY_PLAIN", "perhaps", ""),
        ("TROLLEY_USER", "a b", "use 1 to 64 of A-Z"),
    ] {
        let mut command = trolley(server.dir(), &["cart"]);
        let output = command.env(variable, value).finish();
        assert_eq!(output.status.code(), Some(2), "{variable}");

        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(said.matches(variable).count(), 1, "{said}");
        assert!(said.contains(value) && said.contains(allowed), "{said}");
    }

    // An argument that is no UTF-8 ends with a message, too.
    let mut command = trolley(server.dir(), &["cart"]);
    let odd = <std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(b"--\xff");
    let output = command.arg(odd).env("TROLLEY_LINE_LIMIT", "few").finish();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(!String::from_utf8_lossy(&output.stderr).contains("panicked"));

    // What is typed is no mistake of the variable.
    let mut command = trolley(server.dir(), &["--line-limit", "few", "cart"]);
    let output = command.env("TROLLEY_LINE_LIMIT", "few").finish();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("'few' for '--line-limit <N>'"), "{said}");
}

#[test]
fn every_command_names_the_server_that_it_does_not_reach() {
    let server = Server::start();
    let url = format!("redis://127.0.0.1:{}", free_port());
    let why = format!("{url}: nothing answers at the server's address (connection refused)");
    for args in [
        &["add", "x"][..],
        &["remove", "x"],
        &["set", "x", "1"],
        &["clear"],
        &["cart"],
        &["watch"],
        &["checkout"],
        &["orders"],
        &["orders", "--follow"],
        &["order", "20261124-7KQ2-M8XD"],
        &["again", "20261124-7KQ2-M8XD"],
        &["rules"],
        &["products"],
        &["product", "show", "x"],
        &["import", "/dev/null"],
        &["export"],
        &["demo"],
        &["acl", "shopper"],
    ] {
        let output = harness::run_at(server.dir(), &url, args);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(
            (output.status.code(), &*said),
            (Some(3), &*format!("trolley: {why}\n"))
        );
    }
    let doctor = harness::run_at(server.dir(), &url, &["doctor"]);
    let found = String::from_utf8(doctor.stdout).unwrap();
    assert!(found.contains(&why), "{found}");
}

#[test]
fn an_address_that_does_not_fit_its_server_is_explained() {
    let server = Server::start_with(&binaries()[0], &["--bind", "127.0.0.1", "--databases", "2"]);
    let port = free_port();
    server.cmd(&format!("CONFIG SET port {port}"));
    // It answers like a server of the web.
    let web = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let site = web.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in web.incoming() {
            let mut stream = stream.unwrap();
            // What is closed before it has been read is reset, and the answer may be lost.
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
            let _ = stream.shutdown(std::net::Shutdown::Write);
            let _ = std::io::copy(&mut stream, &mut std::io::sink());
        }
    });
    for (url, why) in [
        (
            format!("redis+cluster://127.0.0.1:{port}"),
            "part of no cluster",
        ),
        (
            format!("redis+sentinel://127.0.0.1:{port}/shop"),
            "not a Sentinel",
        ),
        (
            format!("redis://127.0.0.1:{port}/7"),
            "no database of that number",
        ),
        (format!("redis://{site}"), "not a Redis server"),
        (format!("rediss://127.0.0.1:{port}"), "speaks without TLS"),
    ] {
        let output = trolley(server.dir(), &["--redis", &url, "cart"]).finish();
        let said = String::from_utf8(output.stderr).unwrap();
        let status = if url.starts_with("rediss:") { 3 } else { 2 };
        assert_eq!(output.status.code(), Some(status), "{said}");
        assert!(said.contains(why), "{said}");
    }
}

#[test]
fn the_settings_shown_are_a_settings_file() {
    let server = Server::with_demo();
    let args = [
        "--user",
        "123",
        "--line-limit",
        "7",
        "--no-mouse",
        "--name",
        "Ann \\ Bob",
        "config",
    ];
    let shown = ok(&server, &args);
    let file = server.dir().join("shown.toml");
    std::fs::write(&file, &shown).unwrap();
    let again = trolley(
        server.dir(),
        &["--config", file.to_str().unwrap(), "config"],
    )
    .finish();
    let again = String::from_utf8(again.stdout).unwrap();
    let settings = |shown: &str| -> Vec<String> {
        let lines = shown.lines().skip(1).filter(|line| !line.starts_with('#'));
        lines
            .map(|line| line.rsplit_once('#').unwrap().0.trim().to_owned())
            .collect()
    };
    assert_eq!(settings(&again), settings(&shown));
    assert_eq!(settings(&shown).len(), 5);
    assert!(
        again.starts_with(&format!("# settings file: {}", file.display())),
        "{again}"
    );
}

#[test]
fn a_log_that_cannot_be_written_is_named() {
    let server = Server::start();
    let (status, said) = fails(&server, &["--log", "/no/such/log", "cart"]);
    assert_eq!(status, 2);
    assert!(said.contains("“/no/such/log”"), "{said}");
}

#[test]
fn a_long_name_moves_no_amount() {
    let server = Server::with_demo();
    keep_day(&server);
    let alice = |args: &[&str]| ok(&server, &[&["--user", "alice"], args].concat());
    let long = "Very ".repeat(14) + "old";
    let wide = "抹茶".repeat(20);
    for (id, name) in [("long", &long), ("wide", &wide)] {
        alice(&["product", "set", id, &format!("name={name}"), "price=12.34"]);
    }
    for product in ["long", "wide", "espresso"] {
        alice(&["add", product]);
    }

    let aligned = |table: &str| {
        let rows = table.lines().filter(|row| row.contains('.'));
        let ends = rows.map(|row| text::width(row.rsplit_once('.').unwrap().0));
        let ends: Vec<usize> = ends.collect();
        assert!(
            ends.len() >= 3 && ends.windows(2).all(|two| two[0] == two[1]),
            "{table}"
        );
    };
    aligned(&alice(&["cart"]));
    let preview = alice(&["checkout"]);
    let (rows, _) = preview.split_once("To place").unwrap();
    aligned(rows);
    alice(&["checkout", "--yes"]);
    let today = ok(&server, &["today"]);
    let (_, sold) = today.split_once("best sold\n").unwrap();
    aligned(sold.split_once("\n\n").unwrap().0);
}

#[test]
fn a_product_that_is_gone_can_be_removed() {
    let server = Server::with_demo();
    ok(&server, &["--user", "alice", "add", "espresso"]);
    server.cmd("DEL product:espresso");
    assert!(ok(&server, &["--user", "alice", "cart"]).contains("no longer sold"));
    ok(&server, &["--user", "alice", "remove", "espresso"]);
}

#[test]
fn an_op_id_is_applied_once() {
    let server = Server::with_demo();
    let args = [
        "--json",
        "--user",
        "alice",
        "add",
        "espresso",
        "2",
        "--op-id",
        "till-7:42",
    ];
    let mut first = json(&server, &args);
    first["repeated"] = true.into();
    assert_eq!(json(&server, &args), first);
    for other in [
        &["add", "espresso", "5"][..],
        &["remove", "espresso", "1"],
        &["add", "lemon", "2"],
    ] {
        let (status, said) = fails(
            &server,
            &[&["--user", "alice"], other, &["--op-id", "till-7:42"]].concat(),
        );
        assert_eq!(status, 1);
        assert!(
            said.contains("This --op-id was used for another change"),
            "{said}"
        );
    }
    assert_eq!(server.get("ZSCORE cart:alice espresso"), "2");
}

#[test]
fn the_shop_has_a_name_and_a_currency() {
    let server = Server::start();
    assert_eq!(
        ok(&server, &["shop"]),
        "name      trolley\ncurrency  none\nmoney     1234.50\n"
    );
    let set = ["shop", "name= Ann's Café ", "currency=£"];
    assert_eq!(
        ok(&server, &set),
        "name      Ann's Café\ncurrency  £\nmoney     £1234.50\n"
    );
    assert_eq!(server.get("HGET shop name"), "Ann's Café");
    let shown = json(&server, &["shop", "name=", "--json"]);
    assert_eq!(
        shown,
        serde_json::json!({
            "name": "trolley", "currency": "£", "money": "£1234.50", "time_zone": null, "hours": null,
            "buyers_cancel": true, "receipt_head": "", "receipt_foot": "",
        })
    );
}

#[test]
fn money_is_written_as_one_example_shows() {
    let server = Server::with_demo();
    let shown = ok(&server, &["shop", "money=1.234,50 kr"]);
    assert_eq!(
        shown,
        "name      Corner Shop\ncurrency  kr\nmoney     1.234,50\u{a0}kr\n"
    );
    assert_eq!(server.get("HGET shop currency"), "kr");

    ok(&server, &["add", "espresso", "500"]);
    let cart = ok(&server, &["cart"]);
    assert!(cart.contains("1.200,00"), "{cart}");
    assert!(cart.contains("1.200,00\u{a0}kr"), "{cart}");
    // What programs read stays as it is.
    let document = json(&server, &["cart", "--json"]);
    assert_eq!(document["subtotal"], "1200.00");
    assert_eq!(document["currency"], "kr");

    let order = json(&server, &["checkout", "--yes", "--json"]);
    assert_eq!(order["total"], "1200.00");
    assert_eq!(order["currency"], "kr");
    let id = order["order"].as_str().unwrap();
    assert_eq!(server.get(&format!("HGET {{orders}}:{id} currency")), "kr");
    // An order is written as the shop wrote then.
    ok(&server, &["shop", "money=€1,234.50"]);
    let receipt = ok(&server, &["order", id]);
    assert!(receipt.contains("Total 1.200,00\u{a0}kr"), "{receipt}");
    assert!(receipt.contains(" 2,40 each"), "{receipt}");

    for (example, why) in [
        ("money", "is not an amount"),
        ("€1.234", "may mean thousands"),
    ] {
        let (status, told) = fails(&server, &["shop", &format!("money={example}")]);
        assert_eq!(status, 2, "{told}");
        assert!(told.contains(why), "{told}");
    }
    let usual = ok(&server, &["shop", "money="]);
    assert!(usual.ends_with("money     €1234.50\n"), "{usual}");
}

#[test]
fn whose_pieces_were_taken_is_said() {
    let server = Server::with_demo();
    let office = |name: &str, args: &[&str]| {
        let who = ["--user", "office", "--name", name];
        ok(&server, &[&who, args].concat())
    };
    office("ben", &["add", "espresso", "4"]);
    office("ann", &["add", "espresso", "1"]);
    assert_eq!(
        office("ann", &["set", "espresso", "3"]),
        "Took out 2 × Espresso, 1 of ben's\n3 × Espresso in the cart of office\n"
    );
    assert_eq!(
        office("ann", &["remove", "espresso", "1"]),
        "Removed 1 × Espresso, 1 of ben's: 2 left in the cart of office\n"
    );
    let removed = office("ann", &["remove", "espresso", "--json"]);
    let removed: Value = serde_json::from_str(&removed).unwrap();
    let taken = serde_json::json!([{ "name": "ben", "quantity": 2 }]);
    assert_eq!(removed["taken"], taken);
    assert_eq!(
        ok(&server, &["product", "delete", "espresso"]),
        "Deleted Espresso (espresso)\n"
    );
}

#[test]
fn settings_come_from_the_environment_and_the_file() {
    let server = Server::with_demo();
    let folder = server.dir().join(".config/trolley");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(
        folder.join("config.toml"),
        format!("redis = '{}'\nuser = 'office'\n", server.url()),
    )
    .unwrap();
    let output = trolley(server.dir(), &["cart"]).finish();
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "The cart of office is empty\n"
    );
    let output = trolley(server.dir(), &["cart"])
        .env("TROLLEY_USER", "env")
        .finish();
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "The cart of env is empty\n"
    );
}

#[test]
fn a_setting_says_where_it_comes_from() {
    let server = Server::start();
    std::fs::write(server.dir().join("settings.toml"), "user = 'office'\n").unwrap();
    let file = server.dir().join("settings.toml").display().to_string();
    for (args, variable, user, from) in [
        (&["--user", "alice", "config"][..], "bob", "alice", "flag"),
        (&["config", "--user", "alice"], "bob", "alice", "flag"),
        (&["config", "--user", "bob"], "bob", "bob", "flag"),
        (&["config", "--config", &file], "bob", "bob", "environment"),
        (&["config", "--config", &file], "", "office", "file"),
    ] {
        let mut command = trolley(server.dir(), &[&["--json"], args].concat());
        if !variable.is_empty() {
            command.env("TROLLEY_USER", variable);
        }
        let shown: Value = serde_json::from_slice(&command.finish().stdout).unwrap();
        let expected = serde_json::json!({ "value": user, "from": from });
        assert_eq!(shown["settings"]["user"], expected, "{args:?}");
        assert_eq!(shown["settings"]["mouse"]["from"], "default");
    }
}

#[test]
fn an_address_without_a_value_is_the_next_layers() {
    let server = Server::start();
    let file = server.dir().join("settings.toml");
    std::fs::write(&file, "redis = 'redis://shop:7000/1'\n").unwrap();
    let config = |args: &[&str]| {
        trolley(server.dir(), &[&["--json", "config"], args].concat())
            .env("TROLLEY_CONFIG", &file)
            .env("TROLLEY_REDIS", "")
            .finish()
    };
    let shown: Value = serde_json::from_slice(&config(&[]).stdout).unwrap();
    let expected = serde_json::json!({ "value": "redis://shop:7000/1", "from": "file" });
    assert_eq!(shown["settings"]["redis"], expected);
    // On the command line it is a mistake: a script whose variable is not set.
    assert_eq!(config(&["--redis", ""]).status.code(), Some(2));
}

#[test]
fn output_into_a_closed_pipe_ends_quietly() {
    let server = Server::with_demo();
    let line = format!(
        "{} --redis {} products | head -1",
        harness::TROLLEY,
        server.url()
    );
    let output = command("bash")
        .args(["-o", "pipefail", "-c", &line])
        .env("HOME", server.dir())
        .finish();
    assert!(
        output.status.success() && output.stderr.is_empty(),
        "{output:?}"
    );
}

#[test]
fn lines_expire_without_any_terminal_open() {
    let server = Server::with_demo();
    let args = |command: &'static str| ["--user", "alice", "--item-timeout", "1s", command];
    ok(&server, &[&args("add")[..], &["espresso"]].concat());
    // Only the clock can bring this about: ask until it has.
    until("the line is gone", || {
        ok(&server, &args("cart")) == "The cart of alice is empty\n"
    });
    assert_eq!(server.get("EXISTS cart:alice"), "0");
}

#[test]
fn a_repeated_op_id_is_told_as_a_repeat() {
    let server = Server::with_demo();
    let eve = |args: &[&str]| ok(&server, &[&["--user", "eve"][..], args].concat());
    let commands: [(&[&str], &str); 4] = [
        (
            &["add", "espresso", "6"],
            "Added 6 × Espresso: 6 in the cart of eve\n",
        ),
        (
            &["set", "espresso", "4"],
            "4 × Espresso in the cart of eve\n",
        ),
        (
            &["remove", "espresso", "1"],
            "Removed 1 × Espresso: 3 left in the cart of eve\n",
        ),
        (&["clear"], "Cleared 1 line from the cart of eve\n"),
    ];
    for (command, said) in commands {
        let repeated = [command, &["--op-id", command[0]]].concat();
        assert_eq!(eve(&repeated), said);
        let version = server.get("HGET {cart:eve}:meta version");
        assert_eq!(
            eve(&repeated),
            format!("Nothing changed now: that --op-id was used before, for this:\n{said}")
        );
        let told = eve(&[&repeated[..], &["--json"]].concat());
        let told: serde_json::Value = serde_json::from_str(&told).unwrap();
        assert_eq!(told["repeated"], true);
        assert_eq!(server.get("HGET {cart:eve}:meta version"), version);
    }
}

/// What `trolley add -` says to this input, with its exit status.
fn added_from(server: &Server, input: &str, args: &[&str]) -> (i32, String) {
    let shop = ["--redis", server.url(), "--user", "office", "--name", "ann"];
    let args = [&shop[..], &["add", "-"], args].concat();
    let mut adding = Running::start_fed(&mut trolley(server.dir(), &args));
    adding.feed(input.as_bytes());
    adding.end_input();
    let output = adding.finish();
    let said = [output.stdout, output.stderr].concat();
    (
        output.status.code().unwrap(),
        String::from_utf8(said).unwrap(),
    )
}

#[test]
fn several_lines_are_one_change_all_or_none() {
    let server = Server::with_demo();
    let version = || server.get("HGET {cart:office}:meta version");
    let office = |args: &[&str]| ok(&server, &[&["--user", "office"], args].concat());
    assert_eq!(
        office(&[
            "add",
            "espresso",
            "3",
            "Flat White",
            "lemon",
            "60",
            "espresso",
            "1"
        ]),
        "Added 4 × Espresso: 4 in the cart of office\n\
         Added 1 × Flat White: 1 in the cart of office\n\
         Added 60 × Unwaxed Lemon: 60 in the cart of office\n"
    );
    let first = version();
    assert_eq!(server.get("ZCARD cart:office"), "3");

    // One op id is one change, whatever its lines.
    let again = ["add", "baguette", "2", "sourdough", "--op-id", "breakfast"];
    let added = office(&again);
    assert_eq!(
        office(&again),
        format!("Nothing changed now: that --op-id was used before, for this:\n{added}")
    );
    let second = version();
    assert_eq!(
        second.parse::<u64>().unwrap(),
        first.parse::<u64>().unwrap() + 1
    );
    for other in [
        &["baguette", "3", "sourdough"][..],
        &["baguette", "2", "lemon"],
    ] {
        let args = [&["--user", "office", "add"], other, &again[4..]].concat();
        let (status, said) = fails(&server, &args);
        assert!(
            status == 1 && said.contains("used for another change"),
            "{said}"
        );
    }

    // An id that is a number, first and behind a quantity.
    office(&["product", "set", "42", "name=Answer", "price=1"]);
    office(&["add", "42", "42", "42"]);
    assert_eq!(server.get("ZSCORE cart:office 42"), "43");

    // What is refused by a rule leaves nothing behind.
    office(&["rules", "--budget", "500"]);
    let before = server.digest();
    let args = [
        "--user", "office", "add", "lemon", "1", "espresso", "300", "--json",
    ];
    let refused = run(&server, &args);
    let refused: Value = serde_json::from_slice(&refused.stdout).unwrap();
    assert_eq!(refused["error"]["code"], "over_budget");
    let args = [
        "--user", "office", "add", "lemon", "1", "espresso", "999", "--json",
    ];
    let refused: Value = serde_json::from_slice(&run(&server, &args).stdout).unwrap();
    assert_eq!(
        (&refused["error"]["code"], &refused["error"]["line"]),
        (&"too_many".into(), &2.into())
    );
    assert_eq!(server.digest(), before);
}

#[test]
fn lines_come_from_the_standard_input() {
    let server = Server::with_demo();
    let lines = "{\"product\":\"espresso\",\"quantity\":3}\n\n{\"product\":\"lemon\"}\n";
    let (status, said) = added_from(&server, lines, &["--json"]);
    let added: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((status, &added["lines"]), (0, &2.into()));
    assert_eq!(
        added["changes"][1],
        json!({ "product": "lemon", "name": "Unwaxed Lemon", "quantity": 1, "delta": 1, "warning": null })
    );

    // The lines of a cart's document will do, in another cart.
    let cart: Value =
        serde_json::from_str(&ok(&server, &["--user", "office", "cart", "--json"])).unwrap();
    let lines: String = cart["lines"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| format!("{line}\n"))
        .collect();
    let (status, said) = added_from(&server, &lines, &[]);
    assert_eq!(status, 0, "{said}");
    assert_eq!(server.get("ZSCORE cart:office espresso"), "6");

    // Words beside the - would be names.
    for args in [&["add", "-", "lemon", "2"][..], &["add", "lemon", "-"]] {
        let (status, said) = fails(&server, args);
        assert_eq!(status, 2);
        let why = "- reads all lines from the standard input: leave out the other products";
        assert!(said.contains(why), "{said}");
    }

    for (input, status, why) in [
        ("", 2, "it has no lines"),
        (
            "espresso\n",
            2,
            "line 1 is not valid: write it like {\"product\":\"espresso\",\"quantity\":3}",
        ),
        (
            "\n{\"product\":\"espresso\",\"quantity\":0.5}",
            2,
            "line 2: The quantity 0.5 is a fraction",
        ),
        (
            "{\"product\":\"lemon\"}\n{\"product\":\"esp\"}",
            1,
            "line 2: “esp” matches several products",
        ),
    ] {
        let (code, said) = added_from(&server, input, &[]);
        assert_eq!(code, status, "{said}");
        assert!(said.contains(why), "{said}");
    }
    assert_eq!(server.get("ZSCORE cart:office lemon"), "2");
}

#[test]
fn what_each_may_spend_is_known_before_an_order_comes_back() {
    let server = Server::with_demo();
    let office = |name: &str, args: &[&str]| ok_as(&server, "office", name, args);
    office("ann", &["add", "espresso", "2"]);
    office("bob", &["add", "espresso", "2"]);
    office("ann", &["note", "espresso", "no sugar"]);
    office("bob", &["note", "espresso", "hot"]);
    office("ann", &["checkout", "--yes"]);

    // Each was within the limit; whoever orders it again has all of it.
    office("ann", &["rules", "--budget-each", "9.59"]);
    let preview = run(
        &server,
        &["--user", "office", "--name", "ann", "again", "1"],
    );
    let shown = String::from_utf8(preview.stdout).unwrap();
    let said = String::from_utf8(preview.stderr).unwrap();
    assert_eq!(preview.status.code(), Some(1));
    let whose = "All pieces would be ann's; with --mine only ann's own come back\n";
    assert!(shown.contains(whose), "{shown}");
    assert!(!shown.contains("--yes"), "{shown}");
    assert!(
        said.contains("Over your budget of €9.59: €9.59 left"),
        "{said}"
    );
    let (status, _) = fails(
        &server,
        &["--user", "office", "--name", "ann", "again", "1", "--yes"],
    );
    assert_eq!(
        (status, server.get("EXISTS cart:office")),
        (1, "0".to_owned())
    );

    // Their own part is within it, and nothing of the others' comes with it.
    let preview = office("bob", &["again", "1", "--mine"]);
    assert_eq!(
        preview,
        "     2  Espresso                                   4.80
        › bob: hot
        total                                     €4.80
To put this into the cart of office: trolley again 1 --mine --yes\n"
    );
    let said = office("bob", &["again", "1", "--mine", "--yes"]);
    assert_eq!(said, "Put 1 line of #1 back into the cart of office\n");
    assert_eq!(server.get("HGET {cart:office}:by espresso"), "2 bob");
    office("bob", &["clear"]);
    let args = ["--cart", "office", "--name", "cai", "again", "1", "--mine"];
    let (status, said) = fails(&server, &args);
    assert_eq!(status, 1);
    assert!(said.contains("cai has nothing in order #1"), "{said}");

    office("ann", &["rules", "--budget-each", "9.60"]);
    let preview = office("ann", &["again", "1"]);
    assert!(preview.contains("› ann: no sugar\n"), "{preview}");
    assert!(
        preview.contains("Without the notes of: bob.\n"),
        "{preview}"
    );
    let said = office("ann", &["again", "1", "--yes"]);
    assert_eq!(
        said,
        "Put 1 line of #1 back into the cart of office, all as ann's\nWithout the notes of: bob.\n"
    );
    assert_eq!(server.get("HGET {cart:office}:by espresso"), "4 ann");
    assert_eq!(
        server.get("HGET {cart:office}:notes espresso"),
        "ann\tno sugar"
    );
}

#[test]
fn an_order_is_shown_as_it_can_be_had_today_and_put_back_once() {
    let server = Server::with_demo();
    let office = |args: &[&str]| ok_as(&server, "office", "ann", args);
    let id = "20261124-7KQ2-M8XD";
    office(&["add", "espresso", "3", "focaccia", "2", "lemon"]);
    office(&["checkout", "--yes", "--op-id", id]);
    office(&["product", "set", "focaccia", "stock=1"]);
    office(&["product", "set", "espresso", "price=2.30"]);
    office(&["product", "delete", "lemon"]);

    let preview = office(&["again", id]);
    assert_eq!(
        preview,
        "     3  Espresso                                   6.90
        now 2.30, was 2.40 when ordered
     1  Rosemary Focaccia                          4.20
        only 1 of 2
     0  Unwaxed Lemon                    no longer sold
        total                                    €11.10
To put this into the cart of office: trolley again 1 --yes\n"
    );
    assert_eq!(server.get("EXISTS cart:office"), "0");

    // In the cart of whoever asks, as theirs, and once for each op id.
    let again = ["again", id, "--yes", "--op-id", "lunch"];
    let home = |args: &[&str]| ok_as(&server, "home", "bob", args);
    assert_eq!(
        home(&again),
        "Put 2 lines of #1 back into the cart of home, all as bob's\n\
         Short: 1 of 2 Rosemary Focaccia.\nCheaper: Espresso €2.30, was €2.40.\nGone: Unwaxed Lemon.\n"
    );
    assert_eq!(
        home(&again),
        "Nothing changed now: that --op-id was used before in the cart of home\n"
    );
    assert_eq!(server.get("HGET {cart:home}:by espresso"), "3 bob");

    // What the cart holds is not there a second time.
    let added = home(&["again", id, "--yes", "--json"]);
    let added: Value = serde_json::from_str(&added).unwrap();
    assert_eq!(added["items"][1]["status"], "sold_out");
    // The id of the change tells everybody which order it puts back.
    let op = added["op_id"].as_str().unwrap();
    assert!(op.ends_with(&format!(":{id}")), "{op}");
    assert_eq!(added["changes"][0]["quantity"], 6);
    assert_eq!(server.get("ZSCORE cart:home focaccia"), "1");

    // Over a limit nothing is added at all.
    home(&["rules", "--budget", "15"]);
    let before = server.digest();
    for args in [&["again", id][..], &["again", id, "--yes"]] {
        let refused = run(&server, &[&["--user", "home"], args].concat());
        let said = String::from_utf8(refused.stderr).unwrap();
        assert_eq!(refused.status.code(), Some(1));
        assert!(said.contains("Over the budget of €15.00"), "{said}");
    }
    let refused = run(&server, &["--user", "home", "again", id, "--json"]);
    assert_eq!(refused.status.code(), Some(1));
    let refused: Value = serde_json::from_slice(&refused.stdout).unwrap();
    assert_eq!(refused["possible"], false);
    assert_eq!(refused["why_not"]["code"], "over_budget");
    assert_eq!(server.digest(), before);

    for product in ["espresso", "focaccia"] {
        office(&["product", "delete", product]);
    }
    for args in [&["again", id][..], &["again", id, "--yes"]] {
        let output = run(&server, &[&["--user", "office"], args].concat());
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(
            said.contains("Nothing in #1 can be ordered today"),
            "{said}"
        );
    }
    let unknown = ["again", "20261124-0000-0000"];
    assert!(fails(&server, &unknown).1.contains("There is no order"));
}

#[test]
fn the_lines_of_another_cart_are_taken_as_they_are_and_once() {
    let server = Server::with_demo();
    let family = |name: &str, args: &[&str]| ok_as(&server, "family", name, args);
    family("bob", &["add", "espresso", "3"]);
    family("cai", &["add", "espresso", "2"]);
    family("bob", &["note", "espresso", "no sugar"]);
    family("cai", &["add", "lemon"]);
    ok(&server, &["product", "delete", "lemon"]);

    let office = |args: &[&str]| ok_as(&server, "office", "ann", args);
    let take = ["take", "family", "--op-id", "together"];
    assert_eq!(
        office(&take),
        "Took 1 line from family into the cart of office, as they were\n1 line can't be taken\n"
    );
    assert_eq!(server.get("HGET {cart:office}:by espresso"), "3 bob\n2 cai");
    let notes = server.get("HGET {cart:office}:notes espresso");
    assert_eq!(notes, "bob\tno sugar");
    assert_eq!(server.get("ZSCORE cart:family espresso"), "5");

    // The same op id takes nothing twice, whatever became of the other cart; another does.
    family("bob", &["clear"]);
    assert_eq!(
        office(&take),
        "Nothing changed now: that --op-id was used before in the cart of office\n"
    );
    family("bob", &["add", "baguette", "2"]);
    let taken: Value = serde_json::from_str(&office(&["take", "family", "--json"])).unwrap();
    assert_eq!(
        (&taken["from"], &taken["staying"]),
        (&json!("family"), &json!(0))
    );
    assert_eq!(taken["changes"][0]["quantity"], 2);

    for (args, status, why) in [
        (&["take", "office"][..], 2, "its lines are here already"),
        (&["take", "no body"], 2, "is not a valid cart name"),
        (
            &["take", "nobody"],
            1,
            "The cart nobody has no lines that can be taken",
        ),
    ] {
        let output = run(&server, &[&["--cart", "office"], args].concat());
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(status), "{said}");
        assert!(said.contains(why), "{said}");
    }
    // The rules of this cart hold.
    office(&["rules", "--budget", "12"]);
    let before = server.digest();
    let refused = run(
        &server,
        &["--cart", "office", "--name", "ann", "take", "family"],
    );
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.contains("Over the budget of €12.00"), "{said}");
    assert_eq!(server.digest(), before);
}
