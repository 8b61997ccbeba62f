//! The staff's products and settings in real terminals, beside the shop; and who may change them.

use crate::harness;

use harness::{Server, Terminal, document, keep_day, ok, ok_as, run, shop_sized, staff, zone_at};
use rustix::process::Signal;

/// The products of the staff in a terminal of `name`.
fn clerk(server: &Server, name: &str) -> Terminal {
    staff(server, name, &["--clerk"])
}

/// A server that sells tea and cake; of the cake, six are left.
fn tea_shop() -> Server {
    let server = Server::start();
    server.cmd("HSET product:tea name Tea price 2.40 category Drinks");
    server.cmd(
        "HSET product:cake name Cake price 3.10 stock 6 category Bakery barcode 4006381333931",
    );
    server
}

#[test]
fn a_shopper_sees_what_a_clerk_changes() {
    let server = tea_shop();
    keep_day(&server);
    let mut mia = clerk(&server, "mia");
    mia.wait("Products low · 1 of 2");
    let ann = shop_sized(&server, "office", "ann", 120, 36);
    ann.wait("Cake.*3.10 +6");

    mia.keys("1 0 +");
    mia.wait("Cake: stock 16, was 6");
    ann.wait("Cake.*3.10 +16");
    mia.keys("enter down down down enter");
    mia.wait("Price of Cake");
    mia.keys("3 . 5 enter");
    mia.wait("Cake: price 3.50, was 3.10");
    ann.wait("Cake.*3.50 +16");

    mia.keys("x");
    mia.wait("Cake is sold out; x puts 16 back");
    ann.wait("Cake.*none");
    mia.keys("x");
    mia.wait("Cake: stock 16, was none");
    ann.wait("Cake.*3.50 +16");
    assert_eq!(server.get("HGET product:cake stock"), "16");

    // What is sold meanwhile shows, too.
    ok_as(&server, "kim", "kim", &["add", "cake", "4"]);
    ok_as(&server, "kim", "kim", &["checkout", "--yes"]);
    mia.wait("Stock +12 +4 sold today");

    // A product that nothing has told of so far, found by its words.
    mia.keys("esc / t e a enter enter up up enter ctrl-u");
    mia.wait("Category of Tea:");
    mia.keys("H o t enter");
    mia.wait("Tea: category Hot, was Drinks");
    ann.wait("Hot");

    mia.keys("q");
    assert!(mia.wait_exit().success());
    mia.assert_restored();
}

#[test]
fn a_scanned_code_selects_and_its_stock_is_set() {
    let server = tea_shop();
    let mut mia = clerk(&server, "mia");
    mia.keys("f f");
    mia.wait("2 products");
    mia.keys("end 4 0 0 6 3 8 1 3 3 3 9 3 1 enter");
    mia.wait("Barcode +4006381333931");
    mia.keys("= 4 0 enter");
    mia.wait("Cake: stock 40, was 6");
    assert_eq!(server.get("HGET product:cake stock"), "40");
}

#[test]
fn of_two_clerks_the_slower_one_is_asked() {
    let server = tea_shop();
    let mut mia = clerk(&server, "mia");
    let mut sam = clerk(&server, "sam");
    for terminal in [&mut mia, &mut sam] {
        terminal.wait("Cake");
        terminal.keys("enter down down down enter");
        terminal.wait("Price of Cake, now 3.10");
    }
    mia.keys("9 . 2 0 enter");
    mia.wait("Cake: price 9.20, was 3.10");
    sam.keys("8 . 9 0 enter");
    sam.wait("Somebody has just set this price to 9.20: Enter saves 8.90 instead, Esc keeps 9.20");
    sam.keys("esc");
    sam.gone("Somebody has just set");
    assert_eq!(server.get("HGET product:cake price"), "9.20");

    // Who knows of it may do it all the same.
    sam.keys("enter 8 . 9 0 enter");
    sam.wait("Cake: price 8.90, was 9.20");
    mia.wait("Cake.*8.90");
    assert_eq!(server.get("HGET product:cake price"), "8.90");
}

#[test]
fn the_settings_of_the_shop_are_live_on_every_screen_and_receipt() {
    let server = tea_shop();
    ok_as(&server, "office", "ann", &["add", "cake"]);
    ok_as(&server, "office", "ann", &["checkout", "--yes"]);
    let mut ann = shop_sized(&server, "office", "ann", 120, 36);
    ann.keys_until("o", "Past orders|Orders");
    let bob = shop_sized(&server, "office", "bob", 120, 36);
    bob.wait("Cake.*3.10");
    let mut mia = clerk(&server, "mia");

    mia.keys(": s h o p enter");
    mia.wait("Shop settings");
    mia.keys("enter ctrl-u M i l l enter");
    mia.wait("Name set to Mill");
    ann.wait(" Mill ");
    mia.keys("down enter ctrl-u 1 . 2 3 4 , 5 0 space € enter");
    mia.wait("Money set to 1.234,50 €");
    // Her order keeps the way in which it was placed.
    bob.wait("Cake.*3,10.€");
    ann.wait("Total 3.10");
    // There the day of her order does not end meanwhile.
    let zone = zone_at(12);
    mia.keys("down enter");
    mia.send(zone.as_bytes());
    mia.keys("enter");
    mia.wait(&format!("Time zone set to {}", regex::escape(&zone)));
    mia.keys("down enter ctrl-u 1 3 enter");
    mia.wait("“13” is not valid: write 24 or 12");
    mia.keys("enter ctrl-u 1 2 enter");
    mia.wait("Hours set to 12");
    ann.wait("today +1?[0-9]:[0-9][0-9] [ap]m");
    mia.keys("down enter");
    mia.wait("Receipt head");
    mia.send("12 Mill Lane · VAT 123".as_bytes());
    mia.keys("enter");
    mia.wait("Receipt head set to 12 Mill Lane");
    ann.wait("12 Mill Lane *│");
    ann.wait("VAT 123 *│");
    mia.keys("down enter T h a n k s enter");
    mia.wait("Receipt foot set to Thanks");
    ann.wait("Thanks");
    mia.keys("down enter ctrl-u n o enter");
    mia.wait("Buyers cancel set to no");

    let told = document(&server, &["shop"]);
    assert_eq!(told["receipt_head"], "12 Mill Lane · VAT 123");
    assert_eq!(told["receipt_foot"], "Thanks");
    assert_eq!(told["buyers_cancel"], false);
    assert_eq!(
        (&told["time_zone"], &told["hours"]),
        (&zone.as_str().into(), &"12".into())
    );
    let receipt = ok(&server, &["order", "1"]);
    let lines: Vec<&str> = receipt.lines().collect();
    assert_eq!(lines[..3], ["Mill", "12 Mill Lane", "VAT 123"], "{receipt}");
    assert_eq!(lines.last(), Some(&"Thanks"), "{receipt}");
    assert!(
        lines.iter().all(|line| line.chars().count() <= 40),
        "{receipt}"
    );
}

#[test]
fn receipts_have_the_words_of_the_shop_and_never_grow_wider() {
    let server = tea_shop();
    ok_as(&server, "office", "ann", &["add", "cake"]);
    ok_as(&server, "office", "ann", &["checkout", "--yes"]);
    let before = ok(&server, &["order", "1"]);
    let long = "word ".repeat(40).trim().to_owned();
    let head = format!("receipt_head={long}");
    ok(&server, &["shop", &head, "receipt_foot=a · b"]);
    let receipt = ok(&server, &["order", "1"]);
    assert!(
        receipt.lines().all(|line| line.chars().count() <= 40),
        "{receipt}"
    );
    assert!(receipt.ends_with("a\nb\n"), "{receipt}");
    assert_eq!(receipt.matches("word").count(), 40);

    let wrong = run(
        &server,
        &["shop", &format!("receipt_foot={long}x and more")],
    );
    assert_eq!(wrong.status.code(), Some(2));
    let told = String::from_utf8_lossy(&wrong.stderr).into_owned();
    assert!(told.contains("the limit is 200"), "{told}");

    // What others put there is as short and as clean, whatever it is.
    server.cmd(&format!(
        "HSET shop receipt_head \"\u{1b}[31m{}\"",
        "ÿ".repeat(300)
    ));
    let receipt = ok(&server, &["order", "1"]);
    assert_eq!(receipt.matches('ÿ').count(), 200 - 6, "{receipt}");
    assert!(!receipt.contains('\u{1b}'));
    ok(&server, &["shop", "receipt_head=", "receipt_foot="]);
    assert_eq!(ok(&server, &["order", "1"]), before);
}

#[test]
fn offline_nothing_is_changed_and_the_link_comes_back() {
    let mut server = tea_shop();
    let mut mia = clerk(&server, "mia");
    mia.wait("Cake");
    server.kill();
    mia.wait("offline since");
    mia.wait("may be old");
    mia.keys("x");
    mia.wait("Offline: Cake was not changed");

    // Her link must not be back before the stock is another one.
    mia.signal(Signal::STOP);
    server.restart();
    server.cmd("HSET product:cake name Cake price 3.10 stock 4");
    mia.signal(Signal::CONT);
    mia.wait("● live");
    mia.wait("Cake +3.10 +4");
    mia.keys("+");
    mia.wait("Cake: stock 5, was 4");
}

#[test]
fn no_stock_is_live_on_a_server_that_says_nothing() {
    let server = tea_shop();
    let mut mia = clerk(&server, "mia");
    mia.wait("Cake");
    mia.wait("● live");
    server.freeze();
    mia.wait("● waiting");
    mia.wait("Products.*may be old");
    mia.keys("tab tab");
    // The title of its first pane, or its figures where they were read already.
    mia.wait(r"(?s)\[Today\].*may be old");
    server.thaw();
    mia.wait("● live");
    mia.gone("may be old");
}

#[test]
fn of_two_clerks_in_the_settings_the_slower_one_is_asked() {
    let server = tea_shop();
    let mut mia = clerk(&server, "mia");
    let mut sam = clerk(&server, "sam");
    for terminal in [&mut mia, &mut sam] {
        terminal.wait("Cake");
        terminal.keys(": s h o p enter");
        terminal.wait("Shop settings");
        terminal.keys("enter");
        terminal.wait(" Name: ");
    }
    mia.keys("ctrl-u M i l l enter");
    mia.wait("Name set to Mill");
    sam.keys("ctrl-u B a r n enter");
    sam.wait("Somebody has just set “Name” to Mill: Enter saves Barn instead, Esc keeps Mill");
    sam.keys("esc");
    sam.gone("Somebody has just set");
    assert_eq!(server.get("HGET shop name"), "Mill");

    // Who knows of it may do it all the same.
    sam.keys("enter ctrl-u B a r n enter");
    sam.wait("Name set to Barn");
    assert_eq!(server.get("HGET shop name"), "Barn");
}

#[test]
fn the_flag_opens_a_screen_and_no_command() {
    let server = tea_shop();
    let output = run(&server, &["--clerk", "products"]);
    assert_eq!(output.status.code(), Some(2));
    let output = run(&server, &["--clerk"]);
    assert_eq!(output.status.code(), Some(2), "without a terminal");
}
