//! What keys mean on every page, and what never places an order.

use crate::harness;

use harness::board::TestBoard;
use harness::screens::{TestScreen, demo_products};
use harness::{Server, TROLLEY, Terminal, ok_as, order_screens, shop, until};
use trolley::config::key::Key;
use trolley::model::{Cart, Money, ProductId, Sort};
use trolley::store::live::{LiveEvent, LiveRequest, OrderRequest};
use trolley::tui::message::{Effect, Message, Mouse, MouseKind};
use trolley::tui::state::Mode;
use trolley::tui::update::update;

/// The shop after some keys, with a preview and past orders at hand.
fn page(keys: &str) -> TestScreen {
    let mut screen = TestScreen::filled(120, 36);
    screen.keys(keys);
    screen.link(order_screens::preview(104, true));
    screen.link(order_screens::list(order_screens::orders()));
    screen
}

/// Takes in messages without a frame between them; returns how many orders they place.
fn orders_placed(screen: &mut TestScreen, messages: Vec<Message>) -> usize {
    let effects = messages
        .into_iter()
        .flat_map(|message| update(&mut screen.state, message, screen.now));
    effects
        .filter(|effect| {
            matches!(
                effect,
                Effect::Live(LiveRequest::Order(OrderRequest::Place(..)))
            )
        })
        .count()
}

fn key(name: &str) -> Message {
    Message::Key(Key::parse(name).unwrap())
}

/// The text typed in the palette.
fn typed_command(screen: &TestScreen) -> Option<&str> {
    match &screen.state.mode {
        Mode::Palette { input, .. } => Some(input.value()),
        _ => None,
    }
}

#[test]
fn commands_searches_and_the_help_begin_on_every_page() {
    // "o enter" is the receipt of the newest order.
    for open in ["c", "o", "o enter", "?", "C", "tab", "v", "a q"] {
        let mut screen = page("esc");
        screen.keys(open);
        screen.link(order_screens::list(order_screens::orders()));
        if open == "o" {
            screen.keys("enter");
        }

        screen.keys(": y o g h u r t");
        assert_eq!(typed_command(&screen), Some("yoghurt"), "{open}");

        let mut screen = page(open);
        screen.keys("/ y o g");
        // Among the orders it is one for an order.
        let words = match screen.state.mode {
            Mode::Search => &screen.state.catalog.words,
            // On the help it is one for a key.
            Mode::Help(ref page) if open == "?" => &page.words,
            Mode::OrderSearch if open.starts_with('o') => &screen.state.orders.words,
            _ => panic!("no search: {open}"),
        };
        assert_eq!(words.value(), "yog", "{open}");

        let mut screen = page(open);
        let was_help = matches!(screen.state.mode, Mode::Help(_));
        screen.keys("?");
        let is_help = matches!(screen.state.mode, Mode::Help(_));
        assert_ne!(is_help, was_help, "{open}");
    }
}

#[test]
fn a_word_in_the_question_about_an_order_cancels_nothing() {
    for word in [": y o g h u r t", "/ y o g", "? y"] {
        let mut screen = page("o");
        screen.keys("x");
        assert!(matches!(screen.state.mode, Mode::ConfirmCancel(_)));
        screen.keys(word);
        assert_eq!(screen.state.orders.cancelling, None, "{word}");
        let is_search = matches!(screen.state.mode, Mode::OrderSearch);
        assert_eq!(is_search, word.starts_with('/'), "{word}");
        assert!(!is_search || screen.state.covered.is_none());
    }
}

#[test]
fn what_covers_a_page_returns_to_it() {
    for cover in [":", "?"] {
        for open in ["c", "o", "o enter"] {
            let mut screen = page(open);
            let before = format!("{:?}", screen.state.mode);

            screen.keys(cover);
            assert_ne!(format!("{:?}", screen.state.mode), before);
            screen.keys("esc");
            assert_eq!(format!("{:?}", screen.state.mode), before, "{cover}");
            screen.keys("esc esc");
            assert!(matches!(screen.state.mode, Mode::Browse));
        }
    }
}

#[test]
fn only_a_key_that_comes_alone_after_the_total_places_an_order() {
    let mut screen = page("c");
    for name in ["y", "enter", "space", "c", "n"] {
        let mut screen = page("c");
        assert_eq!(orders_placed(&mut screen, vec![key(name)]), 0, "{name}");
    }

    // A paste may stall, and its rest look like a key. It has brought no letter yet, perhaps.
    for text in ["Y", "abc YYY", ""] {
        let mut screen = page("c");
        let pasted = Message::Paste(text.to_owned());
        assert_eq!(orders_placed(&mut screen, vec![pasted]), 0);
        assert!(screen.picture().contains("Pasted text orders nothing"));
        assert_eq!(orders_placed(&mut screen, vec![key("Y")]), 0);
    }

    // Among others it may be a letter of a word.
    let word = vec![Message::KeysTogether, key("Y"), key("o"), key("g")];
    assert_eq!(orders_placed(&mut screen, word), 0);
    assert!(screen.picture().contains("Y came together with other keys"));
    let mut screen = page("c");
    assert_eq!(orders_placed(&mut screen, vec![key("Y")]), 1);

    // A total that was read and is not on the terminal yet.
    let mut screen = TestScreen::filled(120, 36);
    screen.keys("c");
    let total = Message::Live(order_screens::preview(104, true));
    assert_eq!(orders_placed(&mut screen, vec![total, key("Y")]), 0);
    assert!(screen.picture().contains("before the total could be read"));

    // A newer total, too, must reach the terminal first.
    let mut screen = page("c");
    let newer = Message::Live(order_screens::preview(104, true));
    assert_eq!(orders_placed(&mut screen, vec![newer, key("Y")]), 0);

    // No total shows where there is no row for it.
    let mut screen = page("c");
    screen.take_in(Message::Resize(120, 6));
    assert_eq!(orders_placed(&mut screen, vec![key("Y")]), 0);
}

#[test]
fn the_small_letter_names_the_key() {
    let mut screen = page("c");
    screen.keys("y");
    assert!(
        screen
            .picture()
            .contains("Press Y, with Shift, to place the order")
    );
}

#[test]
fn a_double_click_uses_up_the_number_before_it() {
    let mut screen = page("1 2");
    for _ in 0..2 {
        screen.take_in(Message::Mouse(Mouse {
            kind: MouseKind::Press,
            column: 5,
            row: 7,
        }));
    }
    let added = screen.state.target().unwrap();
    assert_eq!(screen.state.cart.shown.quantity(&added), 12);
    assert!(screen.state.digits.is_empty());
}

/// Opens the checkout of three pieces.
fn checkout(server: &Server) -> Terminal {
    let mut shop = shop(server, "alice", "ann");
    shop.wait("64 products");
    shop.keys("3 a");
    shop.wait("3 items ");
    shop.gone("…€");
    shop.keys("c");
    shop.wait("Press Y to place the order");
    shop
}

#[test]
fn no_word_in_a_real_terminal_places_an_order() {
    let server = Server::with_demo();
    let mut ann = checkout(&server);

    ann.keys(":yoghurt");
    ann.wait(": yoghurt");
    ann.keys("esc");
    ann.wait("Press Y to place the order");
    ann.keys("/yog");
    ann.wait("yog");
    ann.keys("esc");
    ann.wait("64 products");

    // All at once, as what was typed ahead comes.
    ann.send(b"cY");
    ann.wait("Press Y to place the order");
    ann.paste("Y");
    ann.wait("Pasted text orders nothing");
    ann.send(b"cY");
    ann.wait("Press Y to place the order");
    ann.send(b"Yyy");
    ann.keys("y");
    ann.wait("Press Y, with Shift, to place the order");
    assert_eq!(server.get("EXISTS orders"), "0");

    ann.keys_until("Y", " Receipt ");
    ann.wait("3 items +Total €6.30");
    assert_eq!(server.get("XLEN orders"), "1");

    // On the receipt a command is a command: it adds what it names, and nothing else.
    ann.send(b":sourdough 1\r");
    ann.wait("1 Sourdough Loaf");
    assert_eq!(server.get_list("ZRANGE cart:alice 0 -1"), ["sourdough"]);
}

/// The shop in a terminal, which may not be there yet.
fn opening(server: &Server, ground: Option<&'static str>) -> Terminal {
    let args = ["--redis", server.url(), "--user", "office", "--name", "ann"];
    let shop = Terminal::builder(TROLLEY).args(&args).home(server.dir());
    match ground {
        Some(ground) => shop.ground(ground).open(),
        None => shop.open(),
    }
}

#[test]
fn nothing_is_lost_of_what_is_typed_while_the_program_starts() {
    let server = Server::with_demo();
    let in_cart = |product: &str| server.get(&format!("ZSCORE cart:office {product}"));
    // Before it has the terminal: this end of the line is written before it runs.
    let mut shop = opening(&server, None);
    shop.send(b"/oat milk\r2a");
    shop.wait("2 Oat Milk ");
    until("two are added", || in_cart("oat-milk") == "2");
    shop.keys("q");

    // While it asks for the colours, whether it gets an answer or not; none of these come late.
    for (ground, pieces) in [(None, "4"), (Some("ffff/ffff/ffff"), "6")] {
        let mut shop = opening(&server, ground);
        let question = || shop.raw().windows(5).any(|part| part == b"\x1b]11;");
        until("it asks for the background", question);
        shop.send(b"/oat milk\r2a");
        until("two more are added", || in_cart("oat-milk") == pieces);
        shop.keys("q");
    }

    // Before the server answers: each key acts on the row that the user means, and counts once.
    server.freeze();
    let mut shop = opening(&server, None);
    shop.wait("Reading the catalog");
    shop.send(b"jj3a");
    server.thaw();
    shop.wait("3 Butter Croissant ");
    until("three are added", || in_cart("croissant") == "3");
    assert_eq!(server.get("ZCARD cart:office"), "2");
}

#[test]
fn words_typed_while_the_program_starts_never_order() {
    let server = Server::with_demo();
    ok_as(&server, "office", "ann", &["add", "espresso"]);
    server.freeze();
    let mut shop = opening(&server, None);
    shop.send(b"c");
    shop.wait("Reading the catalog");
    shop.keys("Y Y Y");
    server.thaw();
    shop.wait("To pay €2.40");
    shop.wait("Nothing was ordered|Press Y");
    assert_eq!(server.get("EXISTS orders"), "0");
    shop.keys_until("Y", " Receipt ");
}

/// A shop whose cart has an espresso, which is selected, and five ginger beers.
fn two_lines() -> TestScreen {
    let mut screen = TestScreen::filled(120, 36);
    screen.link(LiveEvent::Cart(Cart {
        version: screen.version,
        ..Cart::default()
    }));
    screen.change("bob", "espresso", 1, 1, "2.40");
    screen.change("bob", "ginger-beer", 5, 5, "3.20");
    screen.keys("tab home");
    screen
}

/// Presses keys before any frame shows what they do; returns the products that they change.
fn changed_unseen(screen: &mut TestScreen, keys: &str) -> Vec<String> {
    let requests = screen.requests(keys).into_iter();
    requests
        .filter_map(|request| match request {
            LiveRequest::Change(change) => change.edits.first()?.product().cloned(),
            _ => None,
        })
        .map(|product| product.to_string())
        .collect()
}

#[test]
fn a_key_that_is_held_goes_on_with_no_line_that_nobody_has_seen() {
    for (keys, changes) in [
        ("- - -", 1),
        ("d d", 1),
        ("d . .", 1),
        ("d n", 1),
        ("d = 5 enter", 1),
    ] {
        let mut screen = two_lines();

        let changed = changed_unseen(&mut screen, keys);
        assert_eq!(changed, vec!["espresso"; changes], "{keys}");
        assert!(
            screen.notice().contains("has gone: that key did nothing"),
            "{keys}"
        );
        assert!(!matches!(screen.state.mode, Mode::Prompt { .. }), "{keys}");

        // Once a frame has shown which line is selected now, keys act on that.
        let lost = screen.state.unseen_loss().cloned().unwrap();
        screen.take_in(Message::LossShown(lost));
        assert_eq!(changed_unseen(&mut screen, "-"), ["ginger-beer"], "{keys}");
    }
}

#[test]
fn a_product_that_goes_leaves_no_key_to_its_neighbour() {
    let mut screen = TestScreen::filled(120, 36);
    screen.keys("/ e s p r enter esc");
    let selected = screen.state.target().unwrap();
    assert_eq!(selected.to_string(), "espresso");

    // Where it only moves, keys act on it wherever it is.
    while screen.state.catalog.sorting.by != Sort::Price {
        screen.keys("s");
    }
    screen.keys("/ e s p r enter esc");
    let mut products = demo_products().into_iter();
    let mut dearer = products.find(|product| product.id == selected).unwrap();
    dearer.price = Money::parse("99");
    let moved = LiveEvent::Products(vec![(selected.clone(), Some(dearer))]);
    update(&mut screen.state, Message::Live(moved), screen.now);
    assert_eq!(changed_unseen(&mut screen, "a"), ["espresso"]);

    let gone = LiveEvent::Products(vec![(selected.clone(), None)]);
    update(&mut screen.state, Message::Live(gone), screen.now);
    assert_ne!(screen.state.target(), Some(selected.clone()));
    assert!(changed_unseen(&mut screen, "a 3 a").is_empty());

    // Another loss than the one that was shown leaves it unseen.
    let other = Message::LossShown(ProductId::stored(b"ginger-beer"));
    update(&mut screen.state, other, screen.now);
    assert_eq!(changed_unseen(&mut screen, "a"), [""; 0]);
    screen.take_in(Message::LossShown(selected));
    let neighbour = screen.state.target().unwrap();
    assert!(screen.notice().contains("has gone: that key did nothing"));
    assert_eq!(changed_unseen(&mut screen, "a"), [neighbour.to_string()]);
}

#[test]
fn a_key_that_changes_nothing_tells_that_a_loss_was_seen() {
    for (keys, changes) in [
        ("d", &[][..]),
        ("d d", &["ginger-beer"]),
        ("= 5 enter", &[]),
        ("n x enter", &[]),
        ("right d", &["ginger-beer"]),
        ("k d", &["ginger-beer"]),
    ] {
        let mut screen = two_lines();

        // It is shown at once that bob takes out what ann has selected.
        screen.change("bob", "espresso", 0, -1, "2.40");
        assert_eq!(screen.state.unseen_loss(), None);
        assert_eq!(changed_unseen(&mut screen, keys), changes, "{keys}");
        assert!(!matches!(screen.state.mode, Mode::Prompt { .. }), "{keys}");
    }
}

#[test]
fn the_help_is_searched_as_one_types() {
    let mut stage = TestScreen::filled(80, 24);
    stage.keys("? / c l e a r space c a r t");
    let picture = stage.picture();
    assert!(picture.contains(" Keys /clear cart "), "{picture}");
    assert!(picture.contains("Clear the cart (asks first"), "{picture}");
    assert!(!picture.contains("Sort by category"), "{picture}");
    assert!(picture.contains(" Find: clear cart"), "{picture}");

    // Keys close the help again once nothing is typed; one step back shows all of it.
    stage.keys("enter");
    assert!(stage.picture().contains(" Keys /clear cart "));
    stage.keys("esc");
    assert!(
        stage.picture().contains("Add the product"),
        "{}",
        stage.picture()
    );
    stage.keys("/ x y z q");
    assert!(stage.picture().contains("No key has “xyzq” in its words"));
    stage.keys("esc q");
    assert!(stage.picture().contains(" Catalog "));

    let mut board = TestBoard::busy(80, 24);
    board.keys("? / t i c k enter");
    let picture = board.picture();
    assert!(
        picture.contains("Tick the line") && !picture.contains("To today"),
        "{picture}"
    );
    board.keys("esc esc");
    assert!(board.picture().contains("#38 table-3"));
}

#[test]
fn a_key_without_a_use_says_what_is_near_and_hides_no_message() {
    let mut stage = TestScreen::filled(80, 24);
    stage.keys("W");
    assert_eq!(
        stage.notice(),
        "W does nothing here. w: Show or hide the people"
    );
    stage.keys("esc z");
    assert_eq!(stage.notice(), "z does nothing here: ? shows the keys");
    stage.keys("esc .");
    let told = stage.notice().to_owned();
    stage.keys("Z");
    assert_eq!(stage.notice(), told);

    let mut board = TestBoard::busy(80, 24);
    board.keys("z");
    assert_eq!(board.notice(), "z does nothing here: ? shows the keys");
}

#[test]
fn digits_of_full_width_count() {
    let mut stage = TestScreen::filled(80, 24);
    stage.keys("３ a");
    assert!(
        stage.picture().contains("5… Baguette"),
        "{}",
        stage.picture()
    );
    stage.keys("tab = １ ２ enter");
    assert!(
        stage.picture().contains("12… Baguette"),
        "{}",
        stage.picture()
    );

    let mut board = TestBoard::busy(80, 24);
    board.keys("４ ３");
    assert_eq!(board.selected(), Some(43));
}

#[test]
fn a_number_before_a_key_is_never_lost_or_taken_for_one() {
    let mut stage = TestScreen::filled(80, 24);
    stage.keys("0 a");
    assert!(stage.state.cart.unconfirmed.is_empty() && !stage.notice().is_empty());
    stage.keys("esc tab 7 =");
    assert!(
        stage.picture().contains("(now 2): 7"),
        "{}",
        stage.picture()
    );
    stage.keys("enter");
    assert!(
        stage.picture().contains("7… Baguette"),
        "{}",
        stage.picture()
    );
}
