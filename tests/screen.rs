//! Two real terminals on one cart.

use crate::harness;

use harness::{Server, TROLLEY, Terminal, ok, server, shop, shop_sized, until};
use rustix::process::Signal;

#[test]
fn a_change_in_one_terminal_shows_in_the_other() {
    for binary in server::binaries() {
        let server = Server::start_with(&binary, &[]);
        ok(&server, &["demo"]);
        let mut ann = shop(&server, "alice", "ann@till");
        let mut bob = shop(&server, "alice", "bob@kitchen");
        ann.wait("64 products");
        bob.wait("64 products");
        ann.keys("/ espresso enter 1 2 a");
        bob.wait(r"12 Espresso .* 28\.80");
        bob.wait(r"ann@till added 12 × Espresso");
        // The mark of what is not confirmed goes with the confirmation.
        ann.wait(r"12 Espresso .* 28\.80");
        ann.gone("12…");
        bob.keys("tab - d");
        ann.wait("The cart is empty");
        ann.wait("bob@kitchen removed Espresso");
        bob.keys("q");
        assert_eq!(bob.wait_exit().exit_code(), 0);
        bob.assert_restored();
        ann.keys("ctrl-c");
        assert_eq!(ann.wait_exit().exit_code(), 0);
        ann.assert_restored();
    }
}

#[test]
fn carts_of_other_users_are_apart() {
    let server = Server::with_demo();
    let mut ann = shop(&server, "alice", "ann");
    let bob = shop(&server, "bob", "bob");
    ann.wait("Espresso");
    ann.keys("a");
    ann.wait("1 item ");
    bob.wait("The cart is empty");
}

#[test]
fn another_program_changes_what_every_terminal_shows() {
    let server = Server::with_demo();
    let terminals = [shop(&server, "alice", "ann"), shop(&server, "alice", "bob")];
    for terminal in &terminals {
        terminal.wait("64 products");
    }
    server.cli("HSET product:x name Xylophone price 12.50");
    server.cli("ZADD cart:alice 3 x");
    server.cli("PUBLISH cart-updates:alice anything");
    for terminal in &terminals {
        terminal.wait(r"3 Xylophone .* 37\.50");
        terminal.wait("65 products");
    }
    server.cli("ZINCRBY cart:alice 2 x");
    server.cli("HSET product:x price 10.00");
    server.cli("PUBLISH cart-updates:alice anything");
    for terminal in &terminals {
        terminal.wait(r"5 Xylophone .* 50\.00");
    }
    // A product that goes while it lies in the cart is marked and not counted.
    server.cli("DEL product:x");
    server.cli("PUBLISH cart-updates:alice anything");
    for terminal in &terminals {
        terminal.wait(r"\(no longer sold\) ");
        terminal.wait("1 not counted");
        terminal.wait("64 products");
    }
}

#[test]
fn malformed_products_and_lines_are_marked() {
    let server = Server::with_demo();
    server.cmd("HSET product:noprice name Priceless");
    server.cmd("HSET product:badprice name Odd price 1.2.3");
    server.raw(&[
        "HSET",
        "product:evil",
        "name",
        "Evil\u{1b}]52;c;aGk=\u{7}\u{202e}x",
        "price",
        "1.00",
    ]);
    server.cmd("SET product:text text");
    for (score, product) in [
        ("-5", "espresso"),
        ("1.5", "noprice"),
        ("2", "gone"),
        ("3", "text"),
        ("inf", "badprice"),
        ("2", "evil"),
    ] {
        server.cmd(&format!("ZADD cart:alice {score} {product}"));
    }
    let mut shop = shop(&server, "alice", "ann");
    shop.wait(r"-5 \(damaged quantity\) Espresso");
    shop.wait(r"1\.5 \(damaged quantity\) Priceless");
    shop.wait(r"2 \(no longer sold\) gone");
    shop.wait(r"3 \(no longer sold\) text");
    shop.wait("5 not counted");
    shop.wait("2 Evil");
    assert!(!shop.raw().windows(4).any(|bytes| bytes == b"\x1b]52"));
    shop.keys("/ priceless enter a");
    shop.wait("“Priceless” has no valid price");
    server.cmd("DEL cart:alice");
    server.cmd("SET cart:alice text");
    server.cmd("PUBLISH cart-updates:alice x");
    shop.wait("The cart can't be read: wrong type: cart:alice is a string and should be a zset");
    // Whoever mends it says nothing.
    server.cmd("DEL cart:alice");
    shop.wait("● live");
    shop.wait("The cart is empty");
}

#[test]
fn a_refusal_takes_the_change_back_with_its_reason() {
    let server = Server::with_demo();
    let mut shop = shop(&server, "alice", "ann");
    shop.wait("64 products");
    shop.keys("/ espresso enter 9 9 8 a");
    shop.wait("998 items");
    shop.keys("2 a");
    shop.wait("Too many: the limit is 999 of one product and the cart holds 998");
    shop.wait("998 items");
    // Removed by another program a moment ago, and without a word.
    server.cmd("DEL product:espresso");
    shop.keys("1 a");
    shop.wait("There is no product “Espresso”");
    shop.keys("tab = backspace backspace backspace 1 . 5 enter");
    shop.wait("The quantity 1.5 is a fraction");
    shop.keys("= ctrl-u x enter");
    shop.wait("“x” is not a number");
    // Nothing of it: as when it is removed.
    shop.keys("= ctrl-u 0 enter");
    shop.wait("The cart is empty");
    // The screen shows it before the server has done it.
    until("it is removed", || server.get("EXISTS cart:alice") == "0");
}

#[test]
fn a_killed_server_loses_nothing_and_both_terminals_come_back() {
    let mut server = Server::with_demo();
    let mut ann = shop(&server, "alice", "ann");
    let bob = shop(&server, "alice", "bob");
    ann.wait("64 products");
    ann.keys("3 a");
    bob.wait("3 items");
    // Her own list has what is confirmed, which bob may hear of before.
    ann.wait("added 3 × Baguette");
    server.kill();
    ann.wait(r"offline since \d\d:\d\d:\d\d");
    bob.wait(r"offline since");
    // A change made meanwhile waits, and shows that it does.
    ann.keys("2 a");
    ann.wait("1 change waiting");
    ann.wait(r"5… ");
    // Quitting now asks first.
    ann.keys("q");
    ann.wait("Quit with 1 change not confirmed");
    ann.keys("esc");
    server.restart();
    ann.wait("● live");
    bob.wait("● live");
    bob.wait("5 items");
    ann.gone("5…");
}

#[test]
fn expiry_empties_both_terminals() {
    let server = Server::with_demo();
    let open = |name| {
        let args = [
            "--redis",
            server.url(),
            "--user",
            "alice",
            "--name",
            name,
            "--session-timeout",
            "20s",
        ];
        Terminal::builder(TROLLEY)
            .args(&args)
            .home(server.dir())
            .open()
    };
    let (mut ann, bob) = (open("ann"), open("bob"));
    ann.wait("64 products");
    bob.wait("64 products");
    ann.keys("a");
    bob.wait("1 item ");
    ann.wait("0:[01][0-9] left");
    bob.wait("0:[01][0-9] left");
    ann.wait("The cart is empty");
    ann.wait("The cart has expired");
    bob.wait("The cart is empty");
    assert_eq!(server.get("EXISTS cart:alice"), "0");
}

#[test]
fn the_terminal_is_whole_after_any_exit() {
    let server = Server::with_demo();
    for (signal, status) in [(Signal::TERM, 143), (Signal::HUP, 129), (Signal::INT, 130)] {
        let mut shop = shop(&server, "alice", "ann");
        shop.signal(signal);
        assert_eq!(shop.wait_exit().exit_code(), status, "{signal:?}");
        shop.assert_restored();
    }
    let args = ["--redis", server.url()];
    let mut shop = Terminal::builder(TROLLEY)
        .args(&args)
        .home(server.dir())
        .env("TROLLEY_PANIC", "1")
        .open();
    shop.wait("● live");
    shop.send(b"\x1b[24~"); // F12
    assert_eq!(shop.wait_exit().exit_code(), 101);
    shop.assert_restored();
    shop.wait("asked to panic");
}

#[test]
fn a_closed_window_ends_the_program() {
    let server = Server::with_demo();
    let mut shop = shop(&server, "alice", "ann");
    shop.hang_up();
    shop.wait_exit();
}

#[test]
fn suspended_and_back() {
    let server = Server::with_demo();
    // Under a shell with job control, as people run it.
    let line = format!(
        "{TROLLEY} --redis {} --user alice; echo ended",
        server.url()
    );
    let mut shell = Terminal::builder("bash")
        .args(&["--norc", "-i"])
        .home(server.dir())
        .env("PS1", "prompt> ")
        .open();
    shell.wait("prompt> ");
    shell.send(format!("{line}\r").as_bytes());
    shell.wait("64 products");
    shell.keys("ctrl-z");
    shell.wait("Stopped");
    shell.assert_restored_screen();
    server.cmd("ZADD cart:alice 4 espresso");
    shell.send(b"fg\r");
    shell.wait("64 products");
    shell.wait("● live");
    shell.keys("a");
    shell.wait("5 items|2 lines");
    shell.keys("q");
    shell.wait("^ended");
}

#[test]
fn narrow_terminals_show_one_pane_at_a_time() {
    let server = Server::with_demo();
    let mut shop = shop_sized(&server, "alice", "ann", 50, 15);
    shop.wait("Catalog 64 products");
    assert!(!shop.text().contains(" Cart "), "{}", shop.text());
    shop.keys("a tab");
    shop.wait("Subtotal");
    assert!(!shop.text().contains("Catalog"));
    shop.resize(120, 36);
    shop.wait("Catalog 64 products.* Cart 1 line");
    shop.resize(10, 3);
    shop.wait("too small|is too");
    shop.resize(80, 24);
    shop.wait("Catalog 64 products.* Cart 1 line");
}

#[test]
fn an_empty_shop_says_what_to_do() {
    let server = Server::start();
    let mut shop = shop(&server, "alice", "ann");
    shop.wait("Press D to load the demo catalog");
    let filled = server.get("EXISTS shop catalog product:espresso");
    assert_eq!(
        filled, "0",
        "a given Redis is never filled without being asked"
    );
    shop.keys("D");
    shop.wait("64 products");
    // The name and the currency, too.
    shop.wait("Corner Shop.*live");
    shop.wait("€2.10");
    server.cmd("HSET shop name Ann's");
    server.cmd("PUBLISH catalog-updates *");
    shop.wait("Ann's.*live");
}

#[test]
fn an_unreachable_server_is_told_and_tried_again() {
    let mut server = Server::with_demo();
    server.kill();
    let args = ["--redis", server.url(), "--user", "alice"];
    let shop = Terminal::builder(TROLLEY)
        .args(&args)
        .home(server.dir())
        .open();
    shop.wait("offline since");
    shop.wait("Trying again: the server's socket is not there|Trying again: nothing answers");
    server.restart();
    shop.wait("● live");
    shop.wait("64 products");
}

#[test]
fn without_colours_the_selection_still_shows() {
    let server = Server::with_demo();
    let args = ["--redis", server.url()];
    let shop = Terminal::builder(TROLLEY)
        .args(&args)
        .home(server.dir())
        .env("NO_COLOR", "1")
        .open();
    shop.wait("64 products");
    shop.wait_until("nothing is reversed", |screen| {
        screen.cell(3, 3).is_some_and(vt100::Cell::inverse)
    });
    shop.screen(|screen| {
        for row in 0..36 {
            for column in 0..120 {
                let cell = screen.cell(row, column).unwrap();
                assert_eq!(
                    (cell.fgcolor(), cell.bgcolor()),
                    (vt100::Color::Default, vt100::Color::Default)
                );
            }
        }
    });
}

#[test]
fn without_a_terminal_the_plain_commands_are_named() {
    let server = Server::with_demo();
    let output = harness::run(&server, &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("trolley cart"));
}

#[test]
fn a_cart_that_can_not_be_read_leaves_the_shop_open() {
    let server = Server::with_demo();
    ok(&server, &["add", "espresso", "2", "--user", "office"]);
    ok(&server, &["note", "espresso", "hot", "--user", "office"]);
    let companions = ["meta", "by", "notes"];
    let companions = companions.map(|companion| format!("{{cart:office}}:{companion}"));
    for key in [&["cart:office".to_owned()][..], &companions].concat() {
        if server.get(&format!("EXISTS {key}")) == "1" {
            server.cmd(&format!("RENAME {key} {key}:kept"));
        }
        server.cmd(&format!("SET {key} hello"));

        let mut ann = Terminal::builder(TROLLEY)
            .args(&["--redis", server.url(), "--cart", "office", "--name", "ann"])
            .home(server.dir())
            .open();
        ann.wait("64 products");
        ann.wait(&format!(
            r"The cart can't be read: wrong type: {} is a string",
            regex::escape(&key)
        ));
        // Nothing is said of rules that nobody knows.
        ann.keys("w");
        ann.wait("People ");
        ann.wait("The cart can't be read.");
        ann.keys("L");
        ann.wait("The cart has not been read yet");
        assert!(!ann.text().contains("No rules yet"), "{}", ann.text());
        ann.keys("w");

        // Once it is mended, the cart shows.
        server.cmd(&format!("DEL {key}"));
        if server.get(&format!("EXISTS {key}:kept")) == "1" {
            server.cmd(&format!("RENAME {key}:kept {key}"));
        }
        ann.wait("2 Espresso ");
        ann.keys("w");
        ann.wait("No rules yet");
    }
}
