//! The board in real terminals: two of them, the shop beside them, and links that break.

use crate::harness;

use harness::shopping::on_many_threads;
use harness::{Proxy, Server, TROLLEY, Terminal, ok, ok_as, shop_sized, staff, until};
use std::path::Path;

/// The board of `name` in a terminal.
fn board(server: &Server, name: &str, more: &[&str]) -> Terminal {
    staff(server, name, &[&["board"], more].concat())
}

/// A server that sells tea and cake.
fn tea_shop() -> Server {
    let server = Server::start();
    server.cmd("HSET product:tea name Tea price 2.40");
    server.cmd("HSET product:cake name Cake price 3.10");
    server
}

/// Orders tea and cake for a cart.
fn order_for(server: &Server, cart: &str) {
    ok_as(server, cart, "ann", &["add", "tea"]);
    ok_as(server, cart, "ann", &["add", "cake", "2"]);
    ok_as(server, cart, "ann", &["checkout", "--yes"]);
}

/// The bells that a terminal rang: a bell also ends sequences, such as that of a title.
fn bells(terminal: &Terminal) -> usize {
    let raw = String::from_utf8_lossy(&terminal.raw()).into_owned();
    let sequence = regex::Regex::new("\x1b\\][^\x07\x1b]*(\x07|\x1b\\\\)").unwrap();
    sequence.replace_all(&raw, "").matches('\x07').count()
}

/// The state of an order by its number.
fn state(server: &Server, number: &str) -> String {
    let told = ok(server, &["order", number, "--json"]);
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    told["state"].as_str().unwrap().to_owned()
}

#[test]
fn two_boards_and_a_shopper_see_each_step() {
    let server = tea_shop();
    let mut mia = board(&server, "mia", &[]);
    let mut sam = board(&server, "sam", &[]);
    mia.wait("No open orders");

    order_for(&server, "office");
    for terminal in [&mia, &sam] {
        terminal.wait("#1 office");
        terminal.wait("2 Cake");
        until("the bell rings", || bells(terminal) == 1);
    }

    // Whoever ordered sees what becomes of it.
    let ann = shop_sized(&server, "office", "ann", 120, 36);
    ann.wait("#1 placed");

    mia.keys("1 enter");
    mia.wait("▸ #1 office");
    mia.keys("down space");
    sam.wait("✓ +1 Tea|✓ +2 Cake");
    mia.wait("✓ +1 Tea|✓ +2 Cake");
    mia.keys("enter");
    for terminal in [&mia, &sam] {
        terminal.wait("accepted · mia");
    }
    ann.wait("#1 accepted");

    // A key so soon after the last step is refused. One that is not shows at once: pressed again,
    // it would take the message away.
    mia.keys_until("enter", "accepted · mia …|1 line was not ticked");
    mia.wait("1 line was not ticked");
    sam.wait("Ready 1");
    ann.wait("✓ #1 ready");
    mia.keys("u");
    mia.wait("#1 is back to accepted");
    sam.wait("Ready 0");
    ann.wait("#1 accepted");

    sam.keys("1 enter x");
    sam.wait("Cancel #1 of office, 8.60\\?");
    // The question counts as seen a moment after the terminal has it.
    sam.keys_until("y", "#1 is cancelled|CANCELLED");
    mia.wait("CANCELLED");
    mia.wait("by sam · Enter clears it");
    ann.wait("✗ #1 cancelled");
    until("the bell rings for it", || bells(&mia) == 2);
    assert_eq!(bells(&sam), 1, "nobody's own act rings");
    mia.keys_until("1 enter enter", "No open orders");

    for mut terminal in [mia, sam] {
        terminal.keys("q");
        assert!(terminal.wait_exit().success());
        terminal.assert_restored();
    }
}

#[test]
fn of_two_who_press_at_the_same_moment_one_has_the_ticket() {
    let server = tea_shop();
    order_for(&server, "office");
    let runtime = on_many_threads();
    let way = runtime.block_on(async { Proxy::start(&server.socket(), "way") });
    let open = |name| {
        Terminal::builder(TROLLEY)
            .args(&["--redis", &way.url(), "--name", name, "board"])
            .home(server.dir())
            .open()
    };
    let mut mia = open("mia");
    let mut sam = open("sam");
    for terminal in [&mia, &sam] {
        terminal.wait("▸ #1 office");
        terminal.wait("placed ─");
    }

    // Both have pressed before the server has heard of either. Only their steps wait, so that
    // neither board finds it away before that.
    *way.faults.hold_on.lock().unwrap() = b"\r\naccepted\r\n".to_vec();
    for terminal in [&mut mia, &mut sam] {
        terminal.keys_until("enter", "placed …");
    }
    way.faults.hold_on.lock().unwrap().clear();

    mia.wait("accepted · (mia|sam)");
    let by = if mia.text().contains("accepted · mia") {
        "mia"
    } else {
        "sam"
    };
    let (first, other) = if by == "mia" {
        (&mia, &sam)
    } else {
        (&sam, &mia)
    };
    other.wait(&format!(
        "{by} has accepted #1 already|Offline: #1 was not moved"
    ));
    other.wait(&format!("accepted · {by}"));
    assert!(!first.text().contains("has accepted #1 already"));
    assert_eq!(state(&server, "1"), "accepted");
}

#[test]
fn a_board_goes_offline_and_comes_back_with_all_tickets() {
    let mut server = tea_shop();
    order_for(&server, "office");
    let mut mia = board(&server, "mia", &[]);
    mia.wait("▸ #1 office");

    server.kill();
    mia.wait("offline since");
    mia.wait("may be old");
    mia.keys("enter");
    mia.wait("Offline: #1 was not moved");

    server.restart();
    mia.wait("● live");
    server.cmd("HSET product:tea name Tea price 2.40");
    server.cmd("HSET product:cake name Cake price 3.10");
    order_for(&server, "kim");
    mia.wait("kim ─");
    mia.gone("may be old");
}

#[test]
fn the_counter_reads_large_numbers_of_what_is_ready() {
    let server = tea_shop();
    order_for(&server, "office");
    order_for(&server, "kim");
    let mut counter = board(&server, "counter", &["--ready"]);
    counter.wait("Nothing is ready yet");
    counter.wait("In the works +1 +2");

    ok(&server, &["order", "2", "accept"]);
    ok(&server, &["order", "2", "ready"]);
    counter.wait("Ready to collect");
    counter.wait("██████");
    counter.wait("kim");
    counter.wait("In the works +1 +│");

    counter.keys("?");
    counter.wait("Keys");
    counter.keys("esc q");
    assert!(counter.wait_exit().success());
}

#[test]
fn a_ticket_is_printed_by_the_command_of_the_settings() {
    let server = tea_shop();
    order_for(&server, "office");
    let printed = server.dir().join("printed");
    let settings = server.dir().join("board.toml");
    let config = |command: &str| {
        std::fs::write(&settings, format!("print = '''{command}'''\n")).unwrap();
        board(&server, "mia", &["--config", settings.to_str().unwrap()])
    };

    let command = format!(
        "cat >{0}.part; echo \"$TROLLEY_NUMBER $TROLLEY_CART\" >>{0}.part; echo noise; mv {0}.part {0}",
        printed.display()
    );
    let mut mia = config(&command);
    mia.wait("▸ #1 office");
    mia.keys("p");
    mia.wait("Printed #1");
    let receipt = read(&printed);
    assert!(
        receipt.contains("Cake") && receipt.contains("8.60"),
        "{receipt}"
    );
    assert!(receipt.ends_with("1 office\n"), "{receipt}");
    assert!(
        receipt.lines().all(|line| line.chars().count() <= 40),
        "{receipt}"
    );
    assert!(!mia.text().contains("noise"));

    let mut mia = config("exit 1");
    mia.wait("▸ #1 office");
    mia.keys("p");
    mia.wait("Printing #1 failed: exit 1 ended with status 1");
}

fn read(file: &Path) -> String {
    until("the receipt is printed", || file.exists());
    std::fs::read_to_string(file).unwrap()
}

#[test]
fn without_a_terminal_the_board_says_what_to_use() {
    let server = tea_shop();
    let output = harness::run(&server, &["board"]);
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("the board needs a terminal"), "{told}");
    assert!(told.contains("trolley orders --follow"), "{told}");
}
