//! Going from one cart to another without leaving the program.

use crate::harness;

use harness::screens::typed;
use harness::{Server, ok, ok_as, shop};
use std::os::unix::fs::MetadataExt;

#[test]
fn three_keys_lead_to_another_cart_and_back() {
    let server = Server::with_demo();
    ok_as(&server, "family", "till", &["add", "sourdough"]);
    let office = shop(&server, "office", "cai");
    let family = shop(&server, "family", "bob");
    let mut ann = shop(&server, "office", "ann");
    office.wait("with ann");
    ann.keys(": e s p enter");
    office.wait("1 Espresso ");

    // A cart is joined by name once; after that it is on the list.
    ann.keys(": c a r t space f a m i l y enter");
    ann.wait("Now in family, as ann");
    ann.wait("1 Sourdough Loaf ");
    family.wait("with ann");
    office.gone("with ann");
    ann.keys(": e s p enter");
    family.wait("1 Espresso ");
    assert_eq!(server.get("ZSCORE cart:family espresso"), "1");

    ann.keys("b");
    ann.wait(r"▸ ▌family +2 .*you, bob");
    ann.wait(r"  ▌office +1 +€2\.40 .*cai");
    ann.keys("down enter");
    ann.wait("Now in office, as ann");
    office.wait("with ann");
    ann.gone("Sourdough Loaf +5");

    // What was done in one cart is not undone in another.
    ann.keys("u");
    ann.wait("nothing to undo|Nothing to undo");
    assert_eq!(server.get("ZSCORE cart:family espresso"), "1");
    assert_eq!(server.get("ZSCORE cart:office espresso"), "1");

    // The next start knows both. In the cart that was used last, it writes nothing.
    drop(ann);
    let list = server.dir().join(".local/state/trolley/carts");
    let written = std::fs::metadata(&list).unwrap().ino();
    let mut ann = shop(&server, "office", "ann");
    ann.keys("b");
    ann.wait("family +2 ");
    assert_eq!(std::fs::metadata(&list).unwrap().ino(), written);
    ann.keys("down d");
    ann.wait("family is off this list");
    ann.gone("family +2 ");
    assert_eq!(server.get("ZCARD cart:family"), "2");
}

#[test]
fn what_waits_is_saved_before_the_cart_is_left() {
    let server = Server::with_demo();
    let mut ann = shop(&server, "office", "ann");
    server.freeze();
    // All at once: the server counts as away soon after it has not answered.
    ann.send(b":esp\r:cart family\r");
    ann.wait("Saving 1 change first");
    ann.wait("…€?2.40|1… Espresso|1 Espresso");
    ann.wait("▌office as ann");
    server.thaw();
    ann.wait("Now in family, as ann");
    assert_eq!(server.get("ZSCORE cart:office espresso"), "1");
    assert_eq!(server.get("EXISTS cart:family"), "0");
}

#[test]
fn nobody_leaves_a_cart_while_the_server_is_away() {
    let mut server = Server::with_demo();
    let mut ann = shop(&server, "office", "ann");
    server.kill();
    ann.wait("offline since");
    ann.keys(": c a r t space f a m i l y enter");
    ann.wait("The server is away: you stay in office until it is back");
    server.restart();
    ann.wait("● live");
    ann.wait("▌office as ann");
}

#[test]
fn prices_are_those_of_now_in_each_cart() {
    let server = Server::with_demo();
    let mut ann = shop(&server, "office", "ann");
    ok_as(&server, "family", "till", &["add", "espresso"]);
    ann.keys(": c a r t space f a m i l y enter");
    ann.wait(r"1 Espresso .*2\.40");
    ok(&server, &["product", "set", "espresso", "price=2.90"]);
    ann.wait(r"1 Espresso .*2\.90");
}

#[test]
fn the_list_says_what_is_wrong_with_a_cart() {
    let server = Server::with_demo();
    let mut ann = shop(&server, "office", "ann");
    for cart in ["text", "few", "half"] {
        ann.keys(&format!("{} enter", typed(&format!(":cart {cart}"))));
        ann.wait(&format!("Now in {cart}, as ann"));
    }
    server.cmd("SET cart:text x");
    server.cmd("ZADD cart:few 1.5 espresso");
    server.cmd("ZADD cart:half 1.5 espresso 2 sourdough");
    ann.keys("b");
    ann.wait(r"▌half +2 +! €10\.40 1 not counted · you");
    ann.wait(r"▌few +1 +not counted nobody");
    ann.wait(r"▌text +! .*wrong type");
    ann.gone("0\\.00");
}
