//! Plain mode: the flows of a shopper in words, on terminals that can't even move their cursor. No
//! byte comes out that does more than text in lines.

use crate::harness;

use harness::{
    Plain, Running, Server, TROLLEY, Terminal, assert_plain, keep_day, ok, ok_as, trolley,
};
use rustix::process::Signal;
use std::fs::File;
use std::process::Stdio;

/// All that plain mode says to ann, who types these lines by a pipe.
fn piped(server: &Server, lines: &[u8]) -> String {
    let input = server.dir().join("lines");
    std::fs::write(&input, lines).unwrap();
    let args = ["--redis", server.url(), "--cart", "office", "--name", "ann"];
    let mut command = trolley(server.dir(), &[&args[..], &["--plain"]].concat());
    command.stdin(File::open(&input).unwrap());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());

    let output = Running::spawn(&mut command).finish();
    assert!(output.status.success(), "{output:?}");
    assert_plain(&output.stdout);
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn two_people_fill_one_cart_in_words() {
    let server = Server::with_demo();
    let (mut ann, greeting) = Plain::open(&server, "office", "ann");
    assert!(greeting.starts_with("Corner Shop. Cart office, you are ann. The cart is empty.\n"));
    ann.says(
        "add espresso 2",
        "Added 2 Espresso. The cart has 1 line, €4.80.",
    );

    let (mut bob, greeting) = Plain::open(&server, "office", "bob");
    assert!(greeting.contains("you are bob. ann is here. The cart has 1 line, €4.80."));
    // Several begin so: a number says which is meant, and an empty line none.
    let asked = bob.says("add esp 2", "Which one?");
    assert!(asked.starts_with("1. Espresso, €2.40, cup, 2 in the cart\n2. Espresso Beans, €8.90"));
    assert!(asked.ends_with("Which one? Type 1 to 2, or press Enter for none.\n"));
    bob.ask("");
    bob.ask("add esp 2");
    bob.says("1", "Added 2 Espresso, now 4. The cart has 1 line, €9.60.");
    bob.says(
        "add 3 oat milk",
        "Added 3 Oat Milk. The cart has 2 lines, €16.50.",
    );

    // What others did comes with the next line, once.
    let news = ann.hears("bob added 3 Oat Milk.");
    assert!(news.contains("bob added 2 Espresso, now 4."), "{news}");
    ann.says("", "Nothing new.");

    let cart = ann.ask("cart");
    assert!(
        cart.contains("1. Espresso, 4, €9.60, from ann 2, bob 2\n"),
        "{cart}"
    );
    assert!(cart.contains("2. Oat Milk, 3, €6.90, from bob\n"), "{cart}");
    bob.says(
        "undo",
        "Undid adding 3 Oat Milk. The cart has 1 line, €9.60.",
    );
    bob.says("redo", "Added 3 Oat Milk again. The cart has 2 lines");
    bob.says("undo", "Undid adding 3 Oat Milk.");
    bob.says("undo", "Undid adding 2 Espresso, now 2.");
    bob.says("undo", "There is nothing to undo.");
    ann.hears("bob undid adding 2 Espresso, now 2.");
    ann.says("set espresso 5", "Added 3 Espresso, now 5.");
    ann.says(
        "remove espresso",
        "Removed Espresso; undo brings it back. The cart is empty.",
    );
    ann.quit();
    bob.quit();
}

#[test]
fn notes_people_and_rules_in_words() {
    let server = Server::with_demo();
    let (mut ann, _) = Plain::open(&server, "office", "ann");
    let (mut bob, _) = Plain::open(&server, "office", "bob");
    ann.says("add espresso 2", "Added 2 Espresso.");
    bob.hears("ann added 2 Espresso.");
    bob.says(
        "note espresso",
        "Note for Espresso. Type it or Enter to change nothing.",
    );
    bob.says("no sugar", "You noted on Espresso: no sugar.");
    ann.hears("bob noted on Espresso: no sugar.");
    ann.says("cart", "1. Espresso, 2, €4.80; note by bob: no sugar\n");
    bob.says("note esp with milk", "You noted on Espresso: with milk.");
    bob.says(
        "note espresso",
        "It is now: with milk. Type it, none to remove it,",
    );
    bob.says("none", "You removed the note on Espresso.");

    ann.says("each 12", "You set the budget of each to €12.00.");
    let refused = "Only ann can change the rules of this cart";
    bob.hears("ann set the budget of each to €12.00.");
    bob.says("lock", refused);
    bob.says("budget 5", refused);
    bob.says("add espresso beans 2", "€12.00");
    assert_eq!(server.get("ZSCORE cart:office espresso"), "2");

    ann.says("ready", "You are ready. Your next change takes that back.");
    bob.hears("ann is ready.");
    let people = bob.ask("people");
    assert!(
        people.contains("1. bob (you): 0 items, €12.00 left, here, not ready yet\n"),
        "{people}"
    );
    assert!(people.contains("2. ann: 2 items, €4.80, €7.20 left, here, ready, owns the rules\n"));
    assert!(people.contains("Together €4.80."), "{people}");
    bob.says("people ann", "\nEspresso, 2, €4.80\n");
    ann.says(
        "deadline half past",
        "“half past” is not a time: type 11:30, 45m or none.",
    );
    ann.says(
        "deadline 1:5 pm",
        "“1:5 pm” is not a time: type 11:30, 45m or none.",
    );
    for typed in ["5.30 p.m.", "5:30 PM", "5.30PM", "17:30"] {
        ann.says(&format!("deadline {typed}"), "You set the deadline (");
        ann.says("rules", " 17:30");
    }
    ann.says("deadline none", "You removed the deadline.");
    ann.says("lock", "You locked the cart.");
    bob.hears("ann locked the cart.");
    bob.says("add oat milk", "ann");
    bob.says("status", "ann has locked the cart.");
    assert_eq!(server.get("ZCARD cart:office"), "1");
    ann.quit();
    bob.quit();
}

#[test]
fn an_order_takes_the_words_and_the_total() {
    let server = Server::with_demo();
    keep_day(&server);
    ok_as(&server, "office", "bob", &["add", "focaccia", "3"]);
    let (mut ann, _) = Plain::open(&server, "office", "ann");
    let (mut bob, _) = Plain::open(&server, "office", "bob");
    ann.says("add flat white", "Added 1 Flat White.");
    ok(&server, &["product", "set", "focaccia", "stock=2"]);

    let told = ann.says("checkout", "1 problem");
    assert!(
        told.contains(
            "2 lines, €16.20. 1 problem:\n1. Rosemary Focaccia, 3: only 2 left; fix takes 2"
        ),
        "{told}"
    );
    ann.says("place order 16.20", "Nothing was ordered.");
    let fixed = ann.says("fix", "To order, type");
    assert!(
        fixed.contains("took out 1 Rosemary Focaccia")
            || fixed.contains("Took out 1 Rosemary Focaccia"),
        "{fixed}"
    );
    assert!(
        fixed.ends_with("To pay: €12.00. To order, type: place order 12.00\n"),
        "{fixed}"
    );
    assert!(
        fixed.contains("Type note order and the note to add one for the order.\n"),
        "{fixed}"
    );
    ann.says("note", "note PRODUCT TEXT, or note order TEXT: ");
    ann.says("note order back", "You noted on the order: back.");
    // Wherever it is typed, it is for the order that the cart would become.
    ann.says("order 9", "There is no order “9”");
    ann.says("note order back door", "You noted on the order: back door.");
    ann.says(
        "note order",
        "It is now: back door. Type it, none to remove it,",
    );
    ann.says("", "Nothing was changed.");
    ann.says("checkout", "Note for the order: back door.\n");

    // Neither another total nor other words order anything.
    ann.says(
        "place order 21",
        "Nothing was ordered: the total is €12.00, not €21.00.",
    );
    ann.says("place order", "Nothing was ordered");
    ann.ask("yes");
    assert_eq!(server.get("EXISTS orders"), "0");
    ann.says(
        "place order 12.00",
        "Ordered. Number 1, €12.00. Type order 1 for the receipt.",
    );
    assert_eq!(server.get("XLEN orders"), "1");
    bob.hears("ann ordered 2 lines: #1, €12.00. order 1 shows the receipt");
    let receipt = bob.says("order 1", "Receipt of order 1.");
    assert!(
        receipt.contains("Rosemary Focaccia, 2 at €4.20, €8.40, from bob\n"),
        "{receipt}"
    );
    assert!(
        receipt.contains("3 items, total €12.00.\nNote for the order: back door.\n"),
        "{receipt}"
    );
    bob.says(
        "settle bob",
        "Only ann, who ordered, can mark who has settled",
    );
    ann.says("order 1", "Receipt of order 1.");
    ann.says("settle bob", "bob has settled.");
    ann.says("settle bob", "bob has not settled.");

    ok(&server, &["order", "1", "accept"]);
    ann.hears("accepted #1");
    ann.says("cancel 1", "accepted");
    // What is left of it is put back.
    ann.says("again", "Sold out: Rosemary Focaccia.");
    ann.says("cart", "1. Flat White, 1, €3.60");
    ann.says("orders", "1. Order 1, today ");
    ann.says("orders cola", "No order matches “cola”.");
    ann.says("order 7", "7");
    ann.quit();
    bob.quit();
}

#[test]
fn ones_own_order_is_cancelled_after_a_question() {
    let server = Server::with_demo();
    let (mut ann, _) = Plain::open(&server, "office", "ann");
    ann.says("add espresso", "Added 1 Espresso.");
    ann.says("place order 2.40", "Ordered. Number 1, €2.40.");
    ann.says(
        "undo",
        "Undo does not take back order #1: cancel 1 does that.",
    );
    ann.says(
        "cancel 1",
        "Cancel #1, €2.40? Its stock goes back. Type yes or no.",
    );
    ann.says("no", "Nothing was changed.");
    // It is meant without its number, whatever was asked meanwhile.
    ann.says(
        "again",
        "Added 1 Espresso of #1. The cart has 1 line, €2.40.",
    );
    ann.says("checkout", "1 line, €2.40.");
    ann.says("undo", "The cart is empty.");
    ann.says("cancel", "Cancel #1, €2.40?");
    let told = ann.says("yes", "#1 is cancelled.");
    assert_eq!(told.matches("cancelled").count(), 1, "{told}");
    ann.says("clear", "The cart is empty already.");
    ann.says("add oat milk", "Added 1 Oat Milk.");
    ann.says("clear", "Clear the whole cart, 1 line? Type yes or no.");
    ann.says(
        "yes",
        "Cleared 1 line; undo brings it back. The cart is empty.",
    );
    ann.quit();
}

#[test]
fn only_the_problems_that_were_heard_are_fixed() {
    let server = Server::with_demo();
    let (mut ann, _) = Plain::open(&server, "office", "ann");
    ann.says("add baguette 2", "Added 2 Baguette.");
    ann.says("add oat milk 2", "Added 2 Oat Milk.");
    ok(&server, &["product", "set", "baguette", "stock=0"]);
    ann.says("checkout", "1. Baguette, 2: none left; fix removes it");

    ok(&server, &["product", "set", "baguette", "stock=30"]);
    ok(&server, &["product", "set", "oat-milk", "stock=0"]);
    let told = ann.says("fix 1", "1. Oat Milk, 2: none left; fix removes it");
    assert!(
        told.contains("Nothing was fixed: this is the checkout now."),
        "{told}"
    );
    assert_eq!(server.get("ZCARD cart:office"), "2");
    ann.says("fix 1", "To order, type: place order 4.20");
    assert_eq!(server.get_list("ZRANGE cart:office 0 -1"), ["baguette"]);

    // Another one that goes is fixed as well.
    ok(&server, &["product", "set", "baguette", "stock=0"]);
    ann.says("checkout", "1. Baguette, 2: none left; fix removes it");
    ann.says("fix 1", "The cart is empty");
    ann.quit();
}

#[test]
fn a_lost_connection_is_told_and_nothing_is_told_as_saved() {
    let mut server = Server::with_demo();
    let (mut ann, _) = Plain::open(&server, "office", "ann");
    ann.says("add espresso", "Added 1 Espresso.");
    server.cmd("SAVE");
    server.kill();
    ann.hears("The connection is lost. Your changes wait.");
    let told = ann.says("add oat milk", "Waiting for the server …");
    assert!(!told.contains("Added"), "{told}");
    let cart = ann.says("cart", "2. Oat Milk, 1, €2.30, not confirmed yet\n");
    let total = "The cart has 2 lines, €4.70, 1 change not confirmed yet.\n";
    assert!(cart.contains(total), "{cart}");
    ann.says("people", "Together €4.70, 1 change not confirmed yet.\n");
    let status = ann.says("status", total);
    assert!(status.contains("No connection since "), "{status}");
    assert!(
        status.contains("\n1 change not confirmed yet.\n"),
        "{status}"
    );
    ann.says(
        "checkout",
        "Nothing can be ordered until the server is back.",
    );
    ann.says("quit", "Quit with 1 change not confirmed? Type yes or no.");
    ann.says("no", "Nothing was changed.");
    server.restart();
    let heard = ann.hears("Added 1 Oat Milk.");
    assert!(heard.contains("Connected again."), "{heard}");
    assert_eq!(server.get("ZSCORE cart:office oat-milk"), "1");
    ann.says("status", "Connected.\nAll that you did is saved.\n");
    ann.quit();
}

#[test]
fn what_is_not_understood_changes_nothing_and_says_what_to_do() {
    let server = Server::start();
    server.raw(&[
        "HSET",
        "product:tea",
        "name",
        "Tea \x1b[31mred",
        "price",
        "2",
    ]);
    let (mut ann, _) = Plain::open(&server, "office", "ann");
    ann.says("esspresso", "No product or command matches “esspresso”.");
    ann.says("teaa", "tea");
    ann.says("", "");
    ann.says("7", "type");
    ann.says("set", "Type set and a product");
    ann.says("cancel x-y", "is not the number of an order");
    ann.says("!9", "There is no line “9”");
    ann.says(
        "help zzz",
        "There is no command “zzz”: help alone tells all.",
    );
    ann.says("help chekout", "type help checkout for the nearest one.");
    ann.says("help pla", "place order TOTAL: ");
    let whole = ann.says("help cart", "cart: ");
    assert!(!whole.contains("carts: "), "{whole}");
    // Keys that a terminal shows with letters come back as letters.
    ann.says("\u{1b}[A", "matches");
    ann.says("add tea 2", "Added 2 Tea");
    ann.says("!!", "now 4");
    ann.says("history", "add tea 2");
    ann.assert_plain();
    assert_eq!(server.get("ZSCORE cart:office tea"), "4");
    ann.quit();
}

#[test]
fn pasted_lines_are_typed_lines() {
    let server = Server::with_demo();
    let (mut ann, _) = Plain::open(&server, "office", "ann");
    ann.terminal
        .send(b"add espresso 2\nplace order 1\nplease place order 4.80\nadd oat milk\n");
    harness::until("all of it is done", || {
        server.get("ZSCORE cart:office oat-milk") == "1"
    });
    ann.hears("Nothing new.");
    assert_eq!(server.get("EXISTS orders"), "0");
    // Exactly these words at the right total order.
    ann.terminal.send(b"add espresso\nplace order 9.50\n");
    harness::until("it is ordered", || server.get("XLEN orders") == "1");
    ann.hears("Nothing new.");
    ann.quit();
}

#[test]
fn each_line_builds_on_the_rules_that_the_one_before_has_set() {
    let server = Server::with_demo();
    let lines = b"budget 80\nrules\nlock\nlock\nlock\nrules\nexpect bob\nrules\n";
    let said = piped(&server, lines);

    let mut told = said.lines().filter(|told| {
        let beginnings = ["Budget: ", "Lock: ", "Expects: ", "You "];
        beginnings.iter().any(|it| told.starts_with(it))
    });
    for line in [
        "You set the budget to €80.00.",
        "Budget: €80.00, €80.00 left.",
        "Lock: open.",
        "Expects: none.",
        "You locked the cart.",
        "You unlocked the cart.",
        "You locked the cart.",
        "Budget: €80.00, €80.00 left.",
        "Lock: locked.",
        "Expects: none.",
        "You set the expected names (bob).",
        "Budget: €80.00, €80.00 left.",
        "Lock: locked.",
        "Expects: bob.",
    ] {
        assert_eq!(told.next(), Some(line), "{said}");
    }
}

#[test]
fn a_pipe_is_told_how_things_are_while_a_change_waits() {
    let server = Server::with_demo();
    let args = ["--redis", server.url(), "--cart", "office", "--name", "ann"];
    let mut command = trolley(server.dir(), &[&args[..], &["--plain"]].concat());
    let mut ann = Running::start_fed(&mut command);
    let heard = |ann: &mut Running, told: &str| {
        let mut lines = Vec::new();
        while lines.last() != Some(&told.to_owned()) {
            lines.push(ann.line());
        }
        lines
    };
    heard(&mut ann, "Type help for the commands.");

    server.freeze();
    ann.feed(b"add espresso\n");
    heard(&mut ann, "Waiting for the server …");
    ann.feed(b"status\ncart\n");
    heard(&mut ann, "1 change not confirmed yet.");
    server.thaw();
    let lines = heard(&mut ann, "1. Espresso, 1, €2.40");
    let added = "Added 1 Espresso. The cart has 1 line, €2.40.";
    let told: Vec<&str> = lines.iter().map(String::as_str).collect();
    assert!(told.contains(&added), "the cart is told after it: {told:?}");
    assert!(ann.finish().status.success());
}

#[test]
fn control_c_drops_the_line_and_a_second_one_leaves() {
    let server = Server::with_demo();
    let (mut ann, _) = Plain::open(&server, "office", "ann");
    ann.terminal.send(b"add espresso\x03");
    ann.terminal.wait("Press Ctrl-C once more to leave.");
    ann.hears("Nothing new.");
    assert_eq!(server.get("EXISTS cart:office"), "0");
    ann.terminal.send(b"\x03");
    ann.terminal.wait("(?s)once more.*once more");
    ann.terminal.send(b"\x03");
    assert_eq!(ann.terminal.wait_exit().exit_code(), 0);
    ann.assert_plain();

    let (mut bob, _) = Plain::open(&server, "office", "bob");
    bob.terminal.send(b"\x04");
    assert_eq!(bob.terminal.wait_exit().exit_code(), 0);
    assert!(bob.terminal.is_cooked());
    for (signal, status) in [(Signal::TERM, 143), (Signal::HUP, 129)] {
        let (mut cai, _) = Plain::open(&server, "office", "cai");
        cai.terminal.signal(signal);
        assert_eq!(cai.terminal.wait_exit().exit_code(), status);
        assert!(cai.terminal.is_cooked());
    }
}

#[test]
fn large_catalogs_are_searched_in_words() {
    let server = Server::start();
    for number in 0..1_500 {
        let key = format!("product:p{number}");
        let name = format!("Tea of the hill {number}");
        server.raw(&["HSET", &key, "name", &name, "price", "2"]);
    }
    let (mut ann, _) = Plain::open(&server, "office", "ann");
    ann.says("add p1499 3", "Added 3 Tea of the hill 1499.");
    let found = ann.says("search hill", "1. Tea of the hill");
    assert!(found.contains("more: type more. Type a number"), "{found}");
    ann.says("more", "16. Tea of the hill");
    ann.says("2 4", "Added 4 Tea of the hill");
    ann.says("add tea of the hill 77 1", "Added 1 Tea of the hill 77.");
    ann.quit();
}

#[test]
fn plain_mode_comes_by_itself_or_when_asked() {
    let server = Server::with_demo();
    let args = ["--redis", server.url(), "--cart", "office", "--name", "ann"];

    // A pipe is read where that is asked for; what is written is no screen then either.
    let input = server.dir().join("lines");
    std::fs::write(&input, "add espresso 2\nplace order 4.80\nadd esp\n1").unwrap();
    let piped = |more: &[&str], home_plain: &str| {
        let mut command = trolley(server.dir(), &[&args[..], more].concat());
        command.env("TROLLEY_PLAIN", home_plain);
        command.stdin(File::open(&input).unwrap());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        Running::spawn(&mut command).finish()
    };
    let output = piped(&["--plain"], "0");
    assert!(output.status.success(), "{output:?}");
    assert_plain(&output.stdout);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("Ordered. Number 1, €4.80."), "{said}");
    assert!(
        said.ends_with("Added 1 Espresso. The cart has 1 line, €2.40.\n"),
        "{said}"
    );
    assert!(!said.contains("> "), "{said}");
    assert!(piped(&[], "1").status.success());
    assert_eq!(piped(&[], "0").status.code(), Some(2));

    // Asked for, it comes on a terminal that could show more.
    let terminal = Terminal::builder(TROLLEY)
        .args(&[&args[..], &["--plain"]].concat())
        .home(server.dir())
        .open();
    terminal.wait("you are ann");
    assert_plain(&terminal.raw());
}

#[test]
fn the_pages_of_the_staff_are_printed_on_dumb_terminals() {
    let server = Server::with_demo();
    keep_day(&server);
    ok_as(&server, "office", "ann", &["add", "espresso", "2"]);
    ok_as(&server, "office", "ann", &["checkout", "--yes"]);
    for (command, told) in [("today", "€4.80 in 1 order"), ("board", "placed")] {
        let mut terminal = Terminal::builder(TROLLEY)
            .args(&["--redis", server.url(), command])
            .home(server.dir())
            .env("TERM", "dumb")
            .open();
        assert_eq!(terminal.wait_exit().exit_code(), 0);
        terminal.wait(told);
        assert_plain(&terminal.raw());
    }
}

/// What ann does before the guide asks what is new, and the last of what is told of it.
const OF_ANN: [&[&str]; 2] = [&["add", "croissant", "1"], &["ready"]];
const LAST_OF_ANN: &str = "ann is ready.";

/// What differs from one day to another, as the guide has it.
fn without_times(text: &str) -> String {
    let mut text = text.to_owned();
    for (pattern, told) in [
        (
            r"\b[A-Z][a-z]{2} \d{1,2} [A-Z][a-z]{2} \d{4}\b",
            "Thu 26 Nov 2026",
        ),
        (r"\b\d{8}-[0-9A-Z]{4}-[0-9A-Z]{4}\b", "20261126-Y2CX-S7Z3"),
        (r"\b\d{2}:\d{2}\b", "11:31"),
    ] {
        let pattern = regex::Regex::new(pattern).unwrap();
        text = pattern.replace_all(&text, told).into_owned();
    }
    text
}

/// Types the lines of the guide's recordings one after the other; returns the page with what was
/// said.
fn recorded(page: &str, server: &Server) -> String {
    let (mut bob, greeting) = Plain::open(server, "office", "bob");
    let mut written = String::new();
    let mut is_recording = false;
    for line in page.lines() {
        if line.starts_with("```") {
            is_recording = line == "```text";
        }
        let is_start = line.starts_with("$ trolley --plain");
        let is_typed = line == ">" || line.starts_with("> ");
        if is_recording && !line.starts_with("```") && !is_start && !is_typed {
            continue;
        }
        written.push_str(line);
        written.push('\n');
        if is_recording && is_start {
            written.push_str(&greeting);
        } else if is_recording && is_typed {
            let typed = line.trim_start_matches('>').trim();
            let said = if typed.is_empty() {
                for command in OF_ANN {
                    ok_as(server, "office", "ann", command);
                }
                bob.hears(LAST_OF_ANN).replace("Nothing new.\n", "")
            } else {
                bob.ask(typed)
            };
            written.push_str(&said);
        }
    }
    bob.quit();
    without_times(&written)
}

#[test]
fn the_guides_recordings_are_what_is_said() {
    let server = Server::with_demo();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/guide/plain.md");
    let page = std::fs::read_to_string(path).unwrap();
    let recorded = recorded(&page, &server);
    // `TROLLEY_RECORD=1` writes them anew.
    if std::env::var_os("TROLLEY_RECORD").is_some() {
        std::fs::write(path, &recorded).unwrap();
    }
    assert_eq!(page, recorded);
}

#[cfg(feature = "serve")]
#[test]
fn visitors_without_a_screen_shop_in_words() {
    use harness::Served;
    use regex::Regex;

    let served = Served::office();
    let client = |options: &[&str]| served.builder("visitor", Some("ann"), options);

    // Without a pseudo-terminal, lines come from a pipe or a person.
    let running = Running::start_fed(&mut served.ssh(Some("ann"), &["-T"], &[]));
    running.feed(b"add espresso 2\nplace order 4.80\nadd oat milk\ncart\n");
    let output = running.finish();
    assert!(output.status.success(), "{output:?}");
    assert_plain(&output.stdout);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("Ordered. Number 1, €4.80."), "{said}");
    assert!(said.contains("1. Oat Milk, 1, €2.30\n"), "{said}");

    // Of more lines than are kept the last ones are not done, and that is said.
    let running = Running::start_fed(&mut served.ssh(Some("ann"), &["-T"], &[]));
    running.feed("z\n".repeat(16_000).as_bytes());
    let said = String::from_utf8(running.finish().stdout).unwrap();
    let told = Regex::new("Not done: the last ([0-9]+) lines; too many were typed ahead").unwrap();
    let not_done = told
        .captures_iter(&said)
        .map(|found| found[1].parse::<usize>().unwrap());
    let answered = said.matches("matches “z”").count();
    assert_eq!(answered + not_done.sum::<usize>(), 16_000);

    // With one that can show nothing, the keys are shown as they are typed.
    for options in [&["-T"][..], &["-tt"]] {
        let (mut ann, greeting) = Plain::of(client(options));
        assert!(
            greeting.contains("you are ann. The cart has 1 line"),
            "{greeting}"
        );
        let (mut ben, _) = Plain::of(served.builder("visitor", Some("ben"), options));
        ben.says("add espresso", "Added 1 Espresso");
        ann.hears("ben added 1 Espresso");
        ben.says("undo", "Undid adding 1 Espresso.");
        ben.says("carts", "You may use only this cart.");
        ben.quit();
        ann.quit();
    }
    let (mut ann, _) = Plain::of(client(&["-tt"]));
    ann.terminal.send(b"cartx\x7f\n");
    ann.terminal.wait("1. Oat Milk, 1, ");
    ann.terminal.send(b"\x03\x03");
    assert_eq!(ann.terminal.wait_exit().exit_code(), 0);

    // The server's end is a sentence, too.
    let (mut ann, _) = Plain::of(client(&["-T"]));
    served.signal(Signal::TERM);
    ann.terminal.wait_exit();
    ann.assert_plain();
}
