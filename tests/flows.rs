//! What people do, in a real terminal: search, palette, mouse, paste, resize, slow terminals. Most
//! flows are gone through twice: with the program in that terminal, and by SSH.

use crate::harness;

use harness::{Entrance, Finish, Server, TROLLEY, Terminal, ok, ok_as, run, shop, until};
use rustix::process::Signal;
use serde_json::Value;

/// Goes through each of these flows by every way into the shop.
macro_rules! by_every_entrance {
    ($($flow:ident,)*) => {
        mod local {
            $(#[test] fn $flow() { super::$flow(super::Entrance::Local); })*
        }
        #[cfg(feature = "serve")]
        mod by_ssh {
            $(#[test] fn $flow() { super::$flow(super::Entrance::Ssh); })*
        }
    };
}

by_every_entrance! {
    find_and_add_three_products_and_change_one_with_few_keys,
    searching_marks_counts_keeps_and_clears,
    what_is_undone_stands_where_it_stood,
    names_are_found_as_keyboards_write_them,
    what_a_terminal_cannot_bear_stays_in_documents,
    the_palette_adds_completes_and_acts,
    the_mouse_selects_adds_and_can_be_left_to_the_terminal,
    pasted_text_is_typed_and_orders_nothing,
    a_paste_that_never_ends_holds_nothing_up,
    a_storm_of_sizes_leaves_a_whole_screen,
    a_terminal_that_does_not_read_delays_nobody,
    the_title_says_the_shop_and_the_items_and_is_put_back,
    twelve_rows_and_fifty_columns_are_enough,
    an_idle_screen_writes_and_asks_nothing,
    last_weeks_lunch_is_ordered_again_in_three_keys,
    words_that_are_typed_ahead_at_the_checkout_order_nothing,
}

fn find_and_add_three_products_and_change_one_with_few_keys(entrance: Entrance) {
    let door = entrance.open(Server::with_demo());
    let server = door.server();
    let mut shop = door.shop("alice", "ann");
    shop.wait("64 products");
    // assets/guide/keys.md quotes these numbers: by command, and by search.
    let command = ": e s p space 2 enter : s o u enter : o a t space 3 enter tab g 3 +";
    let search = "/ e s p enter 2 a / s o u enter a / o a t enter 3 a tab g 3 +";
    assert_eq!(
        [command, search].map(|keys| keys.split_whitespace().count()),
        [23, 24]
    );
    for keys in [command, search] {
        shop.keys(keys);
        shop.wait(r"5 Espresso ");
        shop.wait(r"1 Sourdough Loaf ");
        shop.wait(r"3 Oat Milk ");
        shop.wait("9 items ");
        shop.keys("C y");
        shop.wait("The cart is empty");
        shop.keys("left esc esc");
        shop.wait("64 products");
    }
    // The same with the server's own client, without any search, price or total.
    let lines = [
        "HGET product:espresso name",
        "ZINCRBY cart:bob 2 espresso",
        "ZINCRBY cart:bob 1 sourdough",
        "ZINCRBY cart:bob 3 oat-milk",
        "ZINCRBY cart:bob 3 espresso",
    ];
    let typed: usize = lines[1..].iter().map(|line| line.len() + 1).sum();
    assert_eq!(typed, 113);
    for line in lines {
        server.cli(line);
    }
    assert_eq!(server.get("ZSCORE cart:bob espresso"), "5");
}

fn searching_marks_counts_keeps_and_clears(entrance: Entrance) {
    let door = entrance.open(Server::with_demo());
    let mut shop = door.shop("alice", "ann");
    shop.wait("64 products");
    shop.keys("/ c o f f e e");
    shop.wait(r"/coffee \d+ of 64");
    shop.wait("Filter Coffee");
    shop.wait_until("the letters are not marked", |screen| {
        (0..36).any(|row| {
            (0..66).any(|column| {
                screen
                    .cell(row, column)
                    .is_some_and(|cell| cell.contents() == "C" && cell.bold())
            })
        })
    });
    shop.keys("enter j esc");
    shop.wait("64 products");
    shop.keys("] ]");
    shop.wait("Coffee & Tea 8 of 64");
    shop.keys("esc s s s s");
    shop.wait_until("the cheapest is not first", |screen| {
        screen
            .rows(0, 60)
            .nth(3)
            .unwrap()
            .contains("Safety Matches")
    });
}

fn what_is_undone_stands_where_it_stood(entrance: Entrance) {
    let door = entrance.open(Server::with_demo());
    let server = door.server();
    let mut ann = door.shop("office", "ann");
    ann.wait("64 products");
    // Neither their ids nor their quantities stand in this order.
    for (words, quantity) in [("o a t", 3), ("f l a t", 1), ("e s p", 2), ("b a g u", 4)] {
        ann.keys(&format!(": {words} space {quantity} enter"));
    }
    ann.wait("10 items ");
    ann.gone("…€");
    let bob = door.shop("office", "bob");
    bob.wait("10 items ");

    let lines = || {
        let cart = ok(server, &["cart", "--user", "office", "--json"]);
        let cart: Value = serde_json::from_str(&cart).unwrap();
        let lines = cart["lines"].as_array().unwrap();
        let product = |line: &Value| line["product"].as_str().unwrap().to_owned();
        lines.iter().map(product).collect::<Vec<String>>()
    };
    let before = lines();
    assert_eq!(before, ["oat-milk", "flat-white", "espresso", "baguette"]);

    let in_order = "(?s)Oat Milk.*Flat White .*Espresso .*Baguette .*10 items ";
    for taken_out in ["C y", "tab g down d"] {
        ann.keys(taken_out);
        ann.wait("Cleared|Removed");
        ann.gone("…€");
        bob.gone("10 items");
        ann.keys("u");
        bob.wait(in_order);
        ann.wait(in_order);
        assert_eq!(lines(), before, "{taken_out}");
    }
}

fn names_are_found_as_keyboards_write_them(entrance: Entrance) {
    // The letters of these names stand apart from their accents and vowels.
    let names = [
        ("nfd", "Cafe\u{301} au lait", "café au", 1),
        (
            "kor",
            "\u{1112}\u{1161}\u{11ab}\u{1100}\u{116e}\u{11a8}",
            "한국",
            2,
        ),
        ("jp", "\u{304b}\u{3099}\u{3093}\u{3082}", "がんも", 3),
    ];
    let door = entrance.open(Server::start());
    let server = door.server();
    for (id, name, ..) in names {
        server.raw(&["HSET", &format!("product:{id}"), "name", name, "price", "2"]);
    }
    let mut shop = door.shop("alice", "ann");
    shop.wait("3 products");

    for (_, name, typed, quantity) in names {
        shop.send(format!("/{typed}").as_bytes());
        shop.wait("1 of 3");
        shop.send(b"\x1b\x1b");
        shop.wait("3 products");
        shop.send(format!(":{typed} {quantity}\r").as_bytes());
        shop.wait(&format!("{quantity} {name}"));
    }
    ok(server, &["--user", "alice", "add", "Café au lait"]);
    ok(server, &["--user", "alice", "set", "한국", "3"]);
    shop.wait("8 items");
}

fn what_a_terminal_cannot_bear_stays_in_documents(entrance: Entrance) {
    let names = [
        ("joiner", "می\u{200c}خواهم", "می\u{200c}خواهم"),
        ("mark", "Milk\u{200e} 1 l", "Milk 1 l"),
        ("hyphen", "Hard\u{ad}cover", "Hardcover"),
        ("override", "Lemon \u{202e}nolem", "Lemon nolem"),
        (
            "family",
            "Family \u{1f468}\u{200d}\u{1f469} pack",
            "Family \u{1f468} pack",
        ),
    ];
    let long = "long ".repeat(1000);
    let door = entrance.open(Server::start());
    let server = door.server();
    for (id, name, _) in names {
        let key = format!("product:{id}");
        server.raw(&[
            "HSET",
            &key,
            "name",
            name,
            "price",
            "2",
            "description",
            &long,
        ]);
    }
    let shop = door.shop("alice", "ann");
    shop.wait("5 products");

    for (id, name, on_screen) in names {
        shop.wait(on_screen);

        let document = ok(server, &["--user", "alice", "add", id, "--json"]);
        let document: Value = serde_json::from_str(&document).unwrap();
        assert_eq!(document["name"], name);
        let document = ok(server, &["product", "show", id, "--json"]);
        let document: Value = serde_json::from_str(&document).unwrap();
        assert_eq!(document["name"], name);
        assert_eq!(document["description"], long.trim_end());

        let said = ok(server, &["--user", "alice", "remove", id]);
        let without_width = on_screen.replace(" pack", "\u{1f469} pack");
        assert!(said.contains(&without_width), "{said}");
    }
}

fn the_palette_adds_completes_and_acts(entrance: Entrance) {
    let door = entrance.open(Server::with_demo());
    let mut shop = door.shop("alice", "ann");
    shop.wait("64 products");
    shop.keys(":");
    shop.wait("Commands");
    shop.send(b"add espresso 3");
    shop.wait("Add 3 × Espresso");
    shop.keys("enter");
    shop.wait("3 items ");
    shop.keys("ctrl-p r e m tab e s p enter");
    shop.wait("The cart is empty");
    shop.keys(": h e l p enter");
    shop.wait(" Keys ");
    shop.keys("esc : n o s u c h enter");
    shop.wait("No product or command matches “nosuch”");
    shop.keys("ctrl-u t h e m e space l i g h t enter");
    shop.wait_until("the theme is not light", |screen| {
        screen
            .cell(10, 1)
            .is_some_and(|cell| cell.bgcolor() == vt100::Color::Rgb(255, 255, 255))
    });
}

fn the_mouse_selects_adds_and_can_be_left_to_the_terminal(entrance: Entrance) {
    let door = entrance.open(Server::with_demo());
    let mut shop = door.shop("alice", "ann");
    shop.wait("64 products");
    let mode = |shop: &Terminal| shop.screen(vt100::Screen::mouse_protocol_mode);
    shop.wait_until("no mouse", |screen| {
        screen.mouse_protocol_mode() != vt100::MouseProtocolMode::None
    });
    shop.click(10, 14);
    shop.click(10, 14);
    shop.wait(r"1 Espresso ");
    // A click on the footer's word does what its key does.
    let footer = shop.screen(|screen| screen.rows(0, 120).last().unwrap());
    let column = footer.chars().position(|c| c == '?').unwrap() + 1;
    shop.click(u16::try_from(column).unwrap(), 36);
    shop.wait(" Keys ");
    shop.keys("esc m");
    shop.wait("The mouse is left to the terminal");
    assert_eq!(mode(&shop), vt100::MouseProtocolMode::None);
    shop.keys("q");
    shop.wait_exit();
    shop.assert_restored();
}

#[test]
fn the_mouse_can_be_the_terminals_from_the_start() {
    let server = Server::with_demo();
    let args = ["--redis", server.url(), "--no-mouse"];
    let shop = Terminal::builder(TROLLEY)
        .args(&args)
        .home(server.dir())
        .open();
    shop.wait("64 products");
    let mode = shop.screen(vt100::Screen::mouse_protocol_mode);
    assert_eq!(mode, vt100::MouseProtocolMode::None);
}

fn pasted_text_is_typed_and_orders_nothing(entrance: Entrance) {
    let door = entrance.open(Server::with_demo());
    let server = door.server();
    let mut shop = door.shop("alice", "ann");
    shop.wait("64 products");
    shop.paste("a\na\n");
    shop.keys("/");
    shop.paste("espresso\nbeans\n");
    shop.wait("/espresso beans 1 of 64");
    assert_eq!(server.get("EXISTS cart:alice"), "0");
    // Focus in and out does nothing either.
    shop.send(b"\x1b[I\x1b[O");
    shop.keys("enter a");
    shop.wait("1 item ");
}

fn a_paste_that_never_ends_holds_nothing_up(entrance: Entrance) {
    let door = entrance.open(Server::with_demo());
    let server = door.server();
    let mut ann = door.shop("alice", "ann");
    ann.wait("64 products");
    ann.send(b"/\x1b[200~esp");
    // Sizes and other people's changes go on meanwhile.
    ann.resize(100, 30);
    harness::ok(
        server,
        &["--user", "alice", "--name", "bob", "add", "milk", "2"],
    );
    ann.wait("2 items ");
    // After a silence the text is there, and keys are keys.
    ann.wait("/esp [0-9]+ of 64");
    ann.keys("enter 3 a");
    ann.wait("5 items ");
    ann.gone("…€");
    // Ctrl-C is one at once, as terminals take it out of what they paste.
    ann.send(b"\x1b[200~aaa\x03");
    assert_eq!(ann.wait_exit().exit_code(), 0);
    ann.assert_restored();
    assert_eq!(server.get("ZCARD cart:alice"), "2");
}

#[test]
fn a_terminal_that_goes_in_the_midst_of_a_paste_ends_the_program() {
    let server = Server::with_demo();
    for (signal, status) in [(Signal::TERM, 143), (Signal::HUP, 129), (Signal::INT, 130)] {
        let mut bob = shop(&server, "alice", "bob");
        bob.wait("64 products");
        bob.send(b"\x1b[200~aaa");
        bob.signal(signal);
        assert_eq!(bob.wait_exit().exit_code(), status);
    }
    let mut cleo = shop(&server, "alice", "cleo");
    cleo.wait("64 products");
    cleo.send(b"\x1b[200~aaa");
    cleo.hang_up();
    assert_eq!(cleo.wait_exit().exit_code(), 129);
    assert_eq!(server.get("EXISTS cart:alice"), "0");
}

fn a_storm_of_sizes_leaves_a_whole_screen(entrance: Entrance) {
    let door = entrance.open(Server::with_demo());
    let mut shop = door.shop("alice", "ann");
    shop.wait("64 products");
    for step in 0..40 {
        shop.resize(1 + step, 1 + step % 9);
    }
    shop.resize(100, 30);
    shop.wait("64 products");
    // From here on the window is never too small for keys to act.
    for step in 0..120 {
        shop.resize(24 + step % 136, 7 + step % 37);
        if step % 10 == 0 {
            shop.keys("a");
        }
    }
    shop.resize(100, 30);
    shop.wait("12 items ");
    shop.wait_until("the frame is broken", |screen| {
        let rows: Vec<String> = screen.rows(0, 100).collect();
        rows[1].starts_with('╭')
            && rows[1].trim_end().ends_with('╮')
            && rows[27].starts_with('╰')
            && rows[29].contains("quit")
    });
}

fn a_terminal_that_does_not_read_delays_nobody(entrance: Entrance) {
    let door = entrance.open(Server::with_demo());
    let server = door.server();
    let ann = door.shop("alice", "ann");
    let mut bob = door.shop("alice", "bob");
    ann.wait("with bob");
    bob.wait("64 products");
    {
        let unread = ann.unread();
        // Far more frames than fit into the terminal's buffer.
        for _ in 0..40 {
            bob.keys("G + g + G - g -");
        }
        // Ann's link lives: she is counted as watching for longer than she would be if silent.
        let until: f64 = server
            .get_list("ZRANGE {cart:alice}:watchers 0 -1 WITHSCORES")
            .iter()
            .filter_map(|s| s.parse().ok())
            .fold(0.0, f64::max);
        harness::until("ann is still watching", || {
            let scores = server.get_list("ZRANGE {cart:alice}:watchers 0 -1 WITHSCORES");
            scores
                .chunks(2)
                .filter(|pair| pair[0].ends_with(" ann"))
                .any(|pair| pair[1].parse::<f64>().unwrap() > until)
        });
        drop(unread);
    }
    bob.keys("9 a");
    ann.wait("9 items ");
}

fn the_title_says_the_shop_and_the_items_and_is_put_back(entrance: Entrance) {
    let door = entrance.open(Server::with_demo());
    let mut shop = door.shop("alice", "ann");
    shop.wait("64 products");
    shop.keys("3 a");
    shop.wait("3 items ");
    shop.keys("q");
    shop.wait_exit();
    let written = || String::from_utf8_lossy(&shop.raw()).into_owned();
    until("the title is put back", || {
        written().contains("\u{1b}[23;2t")
    });
    let raw = written();
    let saved = raw.find("\u{1b}[22;2t").unwrap();
    let set = raw
        .find("\u{1b}]0;Corner Shop · alice · 3 items\u{7}")
        .unwrap();
    let restored = raw.find("\u{1b}[23;2t").unwrap();
    assert!(saved < set && set < restored);
}

#[test]
fn the_theme_fits_the_terminals_ground() {
    let server = Server::with_demo();
    let args = ["--redis", server.url()];
    let text = |ground: &'static str| {
        let shop = Terminal::builder(TROLLEY)
            .args(&args)
            .home(server.dir())
            .ground(ground)
            .open();
        shop.wait("64 products");
        shop.screen(|screen| screen.cell(4, 2).unwrap().fgcolor())
    };
    assert_eq!(text("ffff/ffff/ffff"), vt100::Color::Rgb(0x24, 0x29, 0x2f));
    assert_eq!(text("1e1e/1e1e/2e2e"), vt100::Color::Rgb(0xd8, 0xde, 0xe9));
    // What is hard to read on it is told once it is known.
    let config = server.dir().join("colours.toml");
    std::fs::write(&config, "[colours]\naccent = '#ffb000'\n").unwrap();
    let amber = |ground: Option<&'static str>, args: &[&str]| {
        let terminal = Terminal::builder(TROLLEY);
        let terminal = match ground {
            Some(ground) => terminal.ground(ground),
            None => terminal,
        };
        terminal
            .args(&[
                "--redis",
                server.url(),
                "--config",
                config.to_str().unwrap(),
            ])
            .args(args)
            .home(server.dir())
            .size(120, 36)
            .open()
    };
    let hard = "colours.accent is hard to read: its contrast with its background is 1.";
    amber(Some("ffff/ffff/ffff"), &[]).wait(hard);
    amber(Some("ffff/ffff/ffff"), &["--clerk"]).wait(hard);
    // Also where the terminal takes its time to tell.
    for (args, shown) in [(&[][..], "64 products"), (&["--clerk"], "6 of 64")] {
        let mut late = amber(None, args);
        late.wait(shown);
        late.send(b"\x1b]11;rgb:ffff/ffff/ffff\x1b\\");
        late.wait(hard);
        let text = late.screen(|screen| screen.cell(4, 5).unwrap().fgcolor());
        assert_eq!(text, vt100::Color::Rgb(0x24, 0x29, 0x2f), "{args:?}");
    }
    let dark = amber(Some("1e1e/1e1e/2e2e"), &[]);
    dark.wait("64 products");
    assert!(!dark.text().contains("hard to read"));
    // One that does not answer costs a moment, no more.
    let silent = Terminal::builder(TROLLEY)
        .args(&args)
        .home(server.dir())
        .env("TERM", "vt100")
        .env("COLORTERM", "")
        .open();
    silent.wait("64 products");
}

#[test]
fn the_settings_can_give_other_keys() {
    let server = Server::with_demo();
    let path = server.dir().join("keys.toml");
    let write = |text: &str| std::fs::write(&path, text).unwrap();
    write("[keys]\nadd = 'x'\nquit = ['Q', 'ctrl-q']\n");
    let args = [
        "--redis",
        server.url(),
        "--user",
        "alice",
        "--config",
        path.to_str().unwrap(),
    ];
    let mut shop = Terminal::builder(TROLLEY)
        .args(&args)
        .home(server.dir())
        .open();
    shop.wait("64 products");
    shop.wait("x add");
    shop.keys("x");
    shop.wait("1 item ");
    shop.keys("ctrl-q");
    assert_eq!(shop.wait_exit().exit_code(), 0);
    for (toml, said) in [
        (
            "user = 'a'\n\n[keys]\nadd = 'q'\n",
            "line 4: keys.add: q is already a key of quit",
        ),
        (
            "[keys]\nquitt = 'x'\n",
            "line 2: keys.quitt: there is no such action; did you mean quit?",
        ),
        (
            "[keys]\nadd = 'ctrl-'\n",
            "line 2: keys.add: no key is called",
        ),
        ("sesion_timeout = '1h'\n", "did you mean “session_timeout”?"),
        (
            "\ntheme = 'pink'\n",
            "keys.toml: line 2: theme: there is no theme “pink”",
        ),
    ] {
        write(toml);
        let output = run(&server, &["--config", path.to_str().unwrap(), "config"]);
        assert_eq!(output.status.code(), Some(2));
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(stderr.contains(said), "{stderr}");
    }
}

#[test]
fn the_settings_in_force_and_where_they_come_from() {
    let server = Server::with_demo();
    let path = server.dir().join("some.toml");
    std::fs::write(&path, "line_limit = 12\nsession_timeout = '1h'\n").unwrap();
    let output = harness::trolley(
        server.dir(),
        &[
            "--config",
            path.to_str().unwrap(),
            "--session-timeout",
            "2h",
            "config",
        ],
    )
    .env("TROLLEY_USER", "office")
    .env("TROLLEY_REDIS", "redis://me:s3cret@shop:7000/1")
    .finish();
    let said = String::from_utf8(output.stdout).unwrap();
    for line in [
        r#"user = "office" .*# environment"#,
        r#"session_timeout = "2h" .*# flag"#,
        r#"line_limit = 12 .*# file"#,
        r#"theme = "auto" .*# default"#,
        r#"redis = "redis://me@shop:7000/1" .*# environment"#,
    ] {
        assert!(
            regex::Regex::new(line).unwrap().is_match(&said),
            "{line}\n{said}"
        );
    }
    // The example says what is true.
    let example = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/config.toml");
    let output = run(&server, &["--config", example.to_str().unwrap(), "config"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success());
    let plain = run(&server, &["config"]);
    let values = |text: &str| {
        let plain = text
            .lines()
            .skip(1)
            .map(|line| line.strip_prefix("# ").unwrap_or(line));
        plain
            .filter_map(|line| Some(line.split_once(" #")?.0.trim().to_owned()))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        values(&said),
        values(&String::from_utf8(plain.stdout).unwrap())
    );
}

fn twelve_rows_and_fifty_columns_are_enough(entrance: Entrance) {
    let door = entrance.open(Server::with_demo());
    let mut shop = door.shop_sized("alice", "ann", 50, 12);
    shop.wait("64 products");
    shop.keys("/ e s p enter 2 a tab");
    shop.wait(r"2 Espresso .* 4\.80");
    shop.keys("q");
    assert_eq!(shop.wait_exit().exit_code(), 0);
    shop.assert_restored();
}

fn an_idle_screen_writes_and_asks_nothing(entrance: Entrance) {
    let door = entrance.open(Server::with_demo());
    let server = door.server();
    let shop = door.shop("alice", "ann");
    shop.wait("64 products");
    shop.wait("● live");
    // The link goes on feeling for the server; the screen does not move.
    let beats = || {
        let stats = server.get("INFO commandstats");
        let calls = stats
            .lines()
            .find_map(|line| line.strip_prefix("cmdstat_evalsha:calls="))
            .unwrap()
            .to_owned();
        calls.split(',').next().unwrap().parse::<u64>().unwrap()
    };
    let start = beats();
    until("a beat", || beats() > start);
    let (written, start) = (shop.raw().len(), beats());
    until("two more beats", || beats() >= start + 2);
    assert_eq!(shop.raw().len(), written);
    assert!(
        !String::from_utf8_lossy(&shop.raw()).contains("\u{1b}[6n"),
        "it asks for the cursor"
    );
}

fn last_weeks_lunch_is_ordered_again_in_three_keys(entrance: Entrance) {
    let door = entrance.open(Server::with_demo());
    let server = door.server();
    let place = |who: &str, lines: &[&str]| {
        ok_as(server, "office", who, &[&["add"], lines].concat());
        ok_as(server, "office", who, &["checkout", "--yes"]);
    };
    place("ann", &["espresso", "4", "sourdough", "2"]);
    place("bob", &["flat-white"]);
    let mut ann = door.shop_sized("office", "ann", 80, 24);
    let bob = door.shop_sized("office", "bob", 80, 24);
    ann.keys("o");
    ann.wait("#1 .* placed ");
    ann.keys("down r");
    ann.wait("Put 2 lines of #1 into the cart; u undoes that\\.?");
    bob.wait("6 items ");
    assert_eq!(server.get("HGET {cart:office}:by espresso"), "4 ann");
    // A bounce of the key doubles nothing, and whoever means it presses once more.
    ann.keys("r");
    ann.wait("You have 2 lines of #1 in the cart already: r adds the same once more");
    assert_eq!(server.get("ZSCORE cart:office espresso"), "4");
    ann.keys("r");
    bob.wait("12 items ");
    ann.wait("Put 2 lines of #1 into the cart");
    // Each was one change.
    ann.keys_until("u", "There is nothing to undo");
    bob.wait("The cart is empty");
}

fn words_that_are_typed_ahead_at_the_checkout_order_nothing(entrance: Entrance) {
    let door = entrance.open(Server::with_demo());
    let server = door.server();
    ok_as(server, "office", "ann", &["add", "espresso", "2"]);
    let mut ann = door.shop_sized("office", "ann", 80, 24);
    // In one piece: each begins with the key of the checkout, and has its capital in it.
    for words in ["cYes please", "cY", "c Y y Y", "cycle Yes"] {
        ann.send(words.as_bytes());
        ann.wait("Total|To pay €4.80");
        ann.wait("Nothing was ordered|Press Y");
        assert_eq!(server.get("EXISTS orders"), "0", "{words}");
        ann.keys("esc esc esc");
        ann.wait("64 products");
        ann.wait("2 Espresso ");
    }
    ann.keys("c");
    ann.wait("To pay €4.80");
    ann.keys_until("Y", " Receipt ");
    assert_eq!(server.get("XLEN orders"), "1");
}
