//! Going from one cart to another without leaving the program.

use crate::harness;

use harness::patience::until;
use harness::screens::{TestScreen, typed};
use harness::shopping::on_many_threads;
use harness::{Proxy, Server, ok, ok_as, run, shop, shop_at};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use tokio::runtime::Runtime;
use trolley::model::UserName;
use trolley::tui::message::Message;

/// Returns whether this cart is the first in the file of those that were used.
fn is_first(list: &Path, cart: &str) -> bool {
    let carts = std::fs::read_to_string(list).unwrap_or_default();
    let first = carts.lines().next().unwrap_or_default();
    first.ends_with(&format!("\t{cart}"))
}

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
    let list = server.dir().join(".local/state/trolley/carts");
    ann.keys(": c a r t space f a m i l y enter");
    ann.wait("Now in family, as ann");
    ann.wait("1 Sourdough Loaf ");
    family.wait("with ann");
    office.gone("with ann");
    until("family was used last", || is_first(&list, "family"));
    ann.keys(": e s p enter");
    family.wait("1 Espresso ");
    assert_eq!(server.get("ZSCORE cart:family espresso"), "1");

    ann.keys("b");
    ann.wait(r"● ▌family +2 .*you, bob");
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
    until("office was used last", || is_first(&list, "office"));
    drop(ann);
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

/// A way to the server on which changes of carts wait, and nothing else does: the shop is live
/// until somebody changes something, however busy the machine is.
fn holding_changes(server: &Server) -> (Runtime, Proxy) {
    let runtime = on_many_threads();
    let way = runtime.block_on(async { Proxy::start(&server.socket(), "way") });
    *way.faults.hold_on.lock().unwrap() = b"\r\nedit\r\n".to_vec();
    (runtime, way)
}

#[test]
fn what_waits_is_saved_before_the_cart_is_left() {
    let server = Server::with_demo();
    let (_runtime, way) = holding_changes(&server);
    let mut ann = shop_at(server.dir(), &way.url(), "office", "ann", (120, 36));
    // All at once: the server counts as away soon after it has not answered.
    ann.send(b":esp\r:cart family\r");
    ann.wait("Saving 1 change first");
    ann.wait("…€?2.40|1… Espresso|1 Espresso");
    ann.wait("▌office as ann");
    way.faults.hold_on.lock().unwrap().clear();
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
fn lines_of_another_cart_come_here_as_they_were() {
    let server = Server::with_demo();
    let by = |cart: &str, product: &str| server.get(&format!("HGET {{cart:{cart}}}:by {product}"));
    ok_as(&server, "family", "bob", &["add", "espresso", "3"]);
    ok_as(&server, "family", "cai", &["add", "espresso", "2"]);
    ok_as(&server, "family", "ann", &["add", "sourdough"]);
    ok_as(&server, "family", "bob", &["note", "espresso", "no sugar"]);
    server.cmd("ZINCRBY cart:family 1 sourdough");
    server.cmd("ZADD cart:family 1 unheard-of");
    ok_as(&server, "office", "ann", &["add", "espresso"]);

    let dee = shop(&server, "office", "dee");
    let mut ann = shop(&server, "office", "ann");
    let take = format!("{} enter", typed(":take family"));
    ann.keys(&take);
    ann.wait("Took 2 lines from family as they were; 1 can't be taken");
    assert_eq!(by("office", "espresso"), "1 ann\n3 bob\n2 cai");
    assert_eq!(by("office", "sourdough"), "2 ann");
    assert_eq!(server.get("ZCARD cart:family"), "3");
    assert_eq!(server.get("ZSCORE cart:family espresso"), "5");
    dee.wait("6 Espresso +bob 3, cai 2, +2\\.40");
    let notes = server.get("HGET {cart:office}:notes espresso");
    assert_eq!(notes, "bob\tno sugar");
    dee.wait("ann changed 2 lines");

    // Nobody loses by an undo, nor by a redo and another undo, what was not taken.
    for (key, sum, espresso, sourdough) in [
        ("u", r"2\.40", "1 ann", ""),
        ("ctrl-r", r"24\.80", "1 ann\n3 bob\n2 cai", "2 ann"),
        ("u", r"2\.40", "1 ann", ""),
    ] {
        ann.keys(key);
        ann.wait(&format!("Subtotal €{sum}"));
        assert_eq!(by("office", "espresso"), espresso);
        assert_eq!(by("office", "sourdough"), sourdough);
    }
    dee.wait("1 Espresso +ann ");

    // What is gone is out of the way; the whole cart is taken, and then cleared by its name alone.
    server.cmd("ZREM cart:family unheard-of");
    ann.keys(&take);
    ann.wait("Took 2 lines from family as they were; u undoes that. :clear family empties it");
    ann.keys(&format!("{} enter", typed(":clear fam")));
    ann.wait("Clear all of fam\\? You can't undo that from here");
    ann.keys("y");
    ann.wait("fam: .*empty");
    assert_eq!(server.get("ZCARD cart:family"), "2");
    ann.keys(&format!("{} enter", typed(":clear family")));
    ann.wait("Clear all of family\\?");
    ann.keys("n");
    ann.gone("Clear all of family");
    assert_eq!(server.get("ZCARD cart:family"), "2");
    ann.keys(&format!("{} enter", typed(":clear family")));
    ann.wait("Clear all of family\\?");
    ann.keys("y");
    ann.wait("Cleared 2 lines of family");
    assert_eq!(server.get("EXISTS cart:family"), "0");
    ann.keys(&take);
    ann.wait("The cart family has no lines that can be taken");
    ann.keys(&format!("{} enter", typed(":take office")));
    ann.wait("You are in office: its lines are here already");
}

#[test]
fn what_is_usual_in_one_cart_is_not_in_another() {
    let server = Server::with_demo();
    ok_as(&server, "office", "ann", &["add", "espresso", "2"]);
    ok_as(&server, "office", "ann", &["checkout", "--yes"]);
    let mut ann = shop(&server, "office", "ann");
    ann.wait("Espresso +Usual");

    ann.keys(&format!("{} enter", typed(":cart fresh")));
    ann.wait("▌fresh as ann");
    ann.gone("Espresso +Usual");
    ann.keys(&format!("{} enter", typed(":cart office")));
    ann.wait("▌office as ann");
    // They come above what is selected, which stays where it is.
    ann.keys_until("home", "Espresso +Usual");
}

#[test]
fn what_comes_from_another_cart_keeps_the_rules_of_this_one() {
    let server = Server::with_demo();
    ok_as(&server, "family", "bob", &["add", "espresso", "3"]);
    let rules = |options: &[&str]| ok_as(&server, "office", "mia", &[&["rules"], options].concat());
    let mut ann = shop(&server, "office", "ann");
    let take = format!("{} enter", typed(":take family"));
    for (options, told) in [
        (&["--budget-each", "5"][..], "bob's budget"),
        (
            &["--budget-each", "none", "--budget", "7"],
            r"Over the budget of €7\.00",
        ),
        (
            &["--budget", "none", "--lock"],
            "The cart is locked; mia can reopen it",
        ),
    ] {
        rules(options);
        ann.keys(&take);
        ann.wait(told);
        assert_eq!(server.get("EXISTS cart:office"), "0");
        ann.keys("esc");
    }
    rules(&["--unlock", "--budget-each", "7.20"]);
    ann.keys(&take);
    ann.wait("Took 1 line from family");
    assert_eq!(server.get("HGET {cart:office}:by espresso"), "3 bob");
}

#[test]
fn whoever_takes_another_name_is_another_person() {
    let server = Server::with_demo();
    let by = || server.get("HGET {cart:office}:by espresso");
    let dee = shop(&server, "office", "dee");
    let (_runtime, way) = holding_changes(&server);
    let mut bob = shop_at(server.dir(), &way.url(), "office", "bob", (120, 36));
    dee.wait("with bob");
    ok_as(&server, "office", "bob", &["rules", "--budget", "90"]);

    // What waits is saved as bob's first.
    bob.send(b":esp\r:name ann\r");
    bob.wait("Saving 1 change first");
    way.faults.hold_on.lock().unwrap().clear();
    bob.wait("You are ann now. What bob added stays bob's.");
    bob.wait("▌office as ann");
    dee.wait("with ann");
    bob.wait("1 Espresso +bob");
    assert_eq!(by(), "1 bob");

    bob.keys(&format!("{} enter", typed(":esp 2")));
    dee.wait("ann added 2 × Espresso");
    assert_eq!(by(), "1 bob\n2 ann");
    bob.wait(r"Subtotal €7\.20");
    bob.keys(&format!("{} enter", typed(":note espresso hot")));
    dee.wait("ann noted on Espresso: hot");
    bob.wait("› ann: hot");
    bob.gone("hot …");
    bob.keys("u");
    dee.wait("ann removed the note on Espresso");
    bob.keys("u");
    bob.wait(r"Subtotal €2\.40");
    assert_eq!(by(), "1 bob");
    bob.keys("u");
    bob.wait("There is nothing to undo");
    bob.keys(&format!("{} enter", typed(":lock")));
    bob.wait("Only bob can change the rules");

    // Nobody can be told from trolley's own words.
    bob.keys(&typed(":name Nobody"));
    bob.wait("“Nobody” has a meaning of its own here");
    bob.keys("enter esc");
    bob.wait("▌office as ann");
}

#[test]
fn names_are_not_trolleys_own_words() {
    let server = Server::with_demo();
    for args in [
        &["cart", "--name", "nobody"][..],
        &["cart", "--name", "YOU"],
        &["cart", "--name", "ann (you)"],
        &["rules", "--owner", "you"],
        &["rules", "--expect", "ann, nobody"],
    ] {
        let refused = run(&server, args);
        assert_eq!(refused.status.code(), Some(2), "{args:?}");
        let told = String::from_utf8(refused.stderr).unwrap();
        assert!(told.contains("has a meaning of its own here"), "{told}");
    }

    // Who had such a name before is told from the others.
    ok_as(&server, "office", "ann", &["add", "espresso", "5"]);
    let shares = b"2 nobody\n1 ann (you)\n1 ann";
    server.raw(&[&b"HSET"[..], b"{cart:office}:by", b"espresso", shares]);
    let cart = ok_as(&server, "office", "ann", &["cart"]);
    let listed = "“nobody” 2, ann 1, “ann (you)” 1, nobody 1";
    assert!(cart.contains(listed), "{cart}");
}

#[test]
fn a_first_start_says_how_one_shops_with_others_until_somebody_does() {
    let server = Server::with_demo();
    let mut bob = shop(&server, "office", "bob");
    bob.wait("To see it live, open a second terminal and run");
    bob.wait("--cart office --name ann");
    bob.wait("You are bob. :name changes it, w shows who wants what.");
    bob.keys(&format!("{} enter", typed(":cart family")));
    bob.wait("--cart family --name ann");
    bob.keys(&format!("{} enter", typed(":esp")));
    bob.wait("1 Espresso ");
    bob.gone("open a second terminal");

    // Nobody reads it again on this machine, not even in an empty cart.
    let begun = server.dir().join(".local/state/trolley/begun");
    until("the note that it has begun", || begun.exists());
    let new = shop(&server, "new", "bob");
    new.wait("Nothing yet. What anybody changes in this cart");
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
    ann.wait("● live");
    server.cmd("SET cart:text x");
    server.cmd("ZADD cart:few 1.5 espresso");
    server.cmd("ZADD cart:half 1.5 espresso 2 sourdough");
    ann.keys("b");
    ann.wait(r"▌half +2 +! €10\.40 1 not counted · you");
    ann.wait(r"▌few +1 +not counted nobody");
    ann.wait(r"▌text +! .*wrong type");
    ann.gone("0\\.00");
}

#[test]
fn the_list_says_how_far_away_the_end_of_each_cart_is() {
    let closes = |stage: &TestScreen, cart: &str| {
        let picture = stage.picture();
        let row = picture.lines().find(|row| row.contains(cart)).unwrap();
        row.trim_end_matches(['"', '│', ' ']).to_owned()
    };
    let mut stage = TestScreen::with_carts(120, 36);
    let name = |name: &str| UserName::parse(name).unwrap();
    let Some(Ok(glance)) = stage.state.carts.glances.get_mut(&name("family")) else {
        panic!("no glance");
    };
    let in_minutes = |minutes: u64| minutes * 60_000;
    glance.cart.rules.closes = Some(stage.server + in_minutes(12));
    let row = closes(&stage, "▌family");
    assert!(row.ends_with(", in 12 min"), "{row}");

    // It goes on while it shows, and the cart closes.
    let moment = stage.state.next_moment().unwrap();
    assert!(moment <= stage.now.steady + in_minutes(1));
    stage.pass(in_minutes(5));
    let row = closes(&stage, "▌family");
    assert!(row.ends_with(", in 7 min"), "{row}");
    stage.take_in(Message::Resize(50, 15));
    let row = closes(&stage, "▌family");
    assert!(!row.contains("in 7 min"), "{row}");
    stage.pass(in_minutes(7));
    let row = closes(&stage, "▌family");
    assert!(row.ends_with("closed"), "{row}");

    // One on another day says so, wherever there is room for a time.
    let Some(Ok(glance)) = stage.state.carts.glances.get_mut(&name("family")) else {
        panic!("no glance");
    };
    glance.cart.rules.closes = Some(stage.server + in_minutes(24 * 60));
    let row = closes(&stage, "▌family");
    assert!(row.ends_with(" tomorrow"), "{row}");
    stage.take_in(Message::Resize(120, 36));
    let row = closes(&stage, "▌family");
    assert!(row.contains(" tomorrow 11:"), "{row}");
}
