//! What people are told of: orders of others, the open order in the header, totals that changed, and
//! whatever happens while they look elsewhere.

use crate::harness;

use harness::order_screens::{list, order_id, orders, preview};
use harness::screens::TestScreen;
use harness::{Server, TROLLEY, Terminal, ok, shop, shop_sized, until};
use rustix::process::Signal;
use trolley::config::key::Key;
use trolley::model::shares::Share;
use trolley::model::{
    Cart, ChangeKind, Currency, Money, OpId, OrderBrief, OrderState, RuleChange, Update,
};
use trolley::store::live::{LiveEvent, LiveRequest, OrderEvent, OrderQuestion, OrderRequest};
use trolley::store::order::Outcome;
use trolley::tui::message::{Effect, Message};
use trolley::tui::state::Mode;
use trolley::tui::update::update;

/// What is read of the order #42 in this state, which mia brought it into.
fn brief(stage: &TestScreen, state: OrderState) -> OrderBrief {
    OrderBrief {
        number: Some(42),
        who: Some("bob".to_owned()),
        at: Some(stage.server),
        changed: Some(stage.server),
        changed_by: (state != OrderState::Placed).then(|| "mia".to_owned()),
        total: Money::parse("77.10").map(|total| (total, Currency::with_sign("€"))),
        ..OrderBrief::in_state(order_id(1), state)
    }
}

fn news(order: OrderBrief) -> LiveEvent {
    LiveEvent::Order(OrderEvent::State(order))
}

/// Bob's order of two lines, as all on the cart hear of it.
fn ordered(stage: &mut TestScreen) -> Update {
    let lines = [("baguette", 0, -2), ("espresso", 0, -12)];
    let mut update = stage.update("bob", ChangeKind::Order, &lines);
    update.op = OpId::parse(order_id(1).as_str()).unwrap();
    update
}

fn header(stage: &TestScreen) -> String {
    stage.picture().lines().next().unwrap().to_owned()
}

/// What a message asks of the live link, and what it says to who looks elsewhere.
fn effects(stage: &mut TestScreen, message: Message) -> (Vec<LiveRequest>, Vec<String>) {
    let mut requests = Vec::new();
    let mut alerts = Vec::new();
    for effect in update(&mut stage.state, message, stage.now) {
        match effect {
            Effect::Live(request) => requests.push(request),
            Effect::Alert(words) => alerts.push(words),
            _ => {}
        }
    }
    (requests, alerts)
}

fn alerts(stage: &mut TestScreen, event: LiveEvent) -> Vec<String> {
    effects(stage, Message::Live(event)).1
}

#[test]
fn who_tells_of_an_old_order_or_of_somebody_elses_shows_nobody_a_receipt() {
    let told_of = |forge: fn(&mut OrderBrief)| {
        let mut stage = TestScreen::filled(80, 24);
        let mut known = brief(&stage, OrderState::Placed);
        forge(&mut known);
        stage.link(LiveEvent::Order(OrderEvent::Newest(vec![known])));
        stage.keys("c");
        let told = ordered(&mut stage);
        let (_, alerts) = effects(&mut stage, Message::Live(LiveEvent::Update(told)));
        assert_eq!(alerts, [""; 0]);
        matches!(stage.state.mode, Mode::Receipt { .. })
    };
    assert!(told_of(|_| {}));
    assert!(!told_of(|order| order.at = Some(order.at.unwrap() - 61_000)));
    assert!(!told_of(|order| order.at = None));
    assert!(!told_of(|order| order.who = Some("cai".to_owned())));
}

#[test]
fn a_note_for_an_order_that_went_out_is_not_on_the_next_one() {
    let mut stage = TestScreen::filled(80, 24);
    stage.keys("c n r i n g");
    let told = ordered(&mut stage);
    stage.link(LiveEvent::Update(told));
    let placed = brief(&stage, OrderState::Placed);
    stage.link(LiveEvent::Order(OrderEvent::Newest(vec![placed])));

    let (requests, _) = effects(&mut stage, Message::Key(Key::parse("enter").unwrap()));
    let notes = |request: &LiveRequest| matches!(request, LiveRequest::Change(_));
    assert!(!requests.iter().any(notes), "{requests:?}");
    assert_eq!(
        stage.notice(),
        "The order was placed before your note, which was not saved: ring"
    );
    assert!(matches!(stage.state.mode, Mode::Receipt { .. }));
}

#[test]
fn that_an_order_was_finished_here_stays_though_its_placing_is_heard_later() {
    let mut stage = TestScreen::filled(80, 24);
    let resumed = OrderEvent::Resumed(Ok(Outcome::Placed(order_id(1))));
    stage.link(LiveEvent::Order(resumed));
    let said = stage.notice().to_owned();
    assert!(
        said.contains("which had stopped halfway, is placed now"),
        "{said}"
    );

    let placed = ordered(&mut stage);
    stage.link(LiveEvent::Update(placed));
    assert_eq!(stage.notice(), said);
}

#[test]
fn somebodys_order_is_told_with_its_number_and_total_as_soon_as_they_are_read() {
    let mut stage = TestScreen::filled(80, 24);
    let update = ordered(&mut stage);
    let (requests, _) = effects(&mut stage, Message::Live(LiveEvent::Update(update.clone())));
    let asks =
        |request: &LiveRequest| matches!(request, LiveRequest::Orders(OrderQuestion::Newest));
    assert!(requests.iter().any(asks));
    let short = order_id(1).without_day().to_owned();
    assert_eq!(
        stage.notice(),
        format!("bob ordered 2 lines: {short}. o shows the receipt")
    );

    let placed = brief(&stage, OrderState::Placed);
    stage.link(LiveEvent::Order(OrderEvent::Newest(vec![placed])));
    let told = "bob ordered 2 lines: #42, €77.10. o shows the receipt";
    assert_eq!(stage.notice(), told);
    assert!(matches!(stage.state.mode, Mode::Browse));
    // The activity has it, too, and the empty cart says where it went.
    stage.state.size = (120, 36);
    stage.link(LiveEvent::Activity(vec![update]));
    let empty = Cart {
        version: stage.version,
        ..Cart::default()
    };
    stage.link(LiveEvent::Cart(empty));
    let picture = stage.picture();
    for words in [
        "bob ordered 2 lines: #42, €77.10",
        "#42, €77.10, is placed.",
        "o shows its receipt.",
        "r there orders it again.",
    ] {
        assert!(picture.contains(words), "{words}\n{picture}");
    }
    stage.keys("down");
    assert_eq!(stage.notice(), "");
}

#[test]
fn a_step_that_is_taken_back_shows_in_the_header_and_rings_nobody() {
    let mut stage = TestScreen::filled(120, 36);
    let placed = brief(&stage, OrderState::Placed);
    stage.link(LiveEvent::Order(OrderEvent::Newest(vec![placed])));
    stage.take_in(Message::Focus(false));
    for (state, rings) in [
        (OrderState::Accepted, true),
        (OrderState::Ready, true),
        (OrderState::Accepted, false),
        (OrderState::Placed, false),
    ] {
        // One alert follows another after a while only.
        stage.pass(3_000);
        let told = news(brief(&stage, state));
        assert_eq!(!alerts(&mut stage, told).is_empty(), rings, "{state:?}");
        assert!(header(&stage).contains(state.name()), "{}", header(&stage));
        let back = if rings { "" } else { "back to " };
        assert_eq!(
            stage.notice(),
            format!("Order #42 is {back}{}", state.name())
        );
    }
}

#[test]
fn an_order_that_is_told_after_its_cart_is_news_all_the_same() {
    let mut stage = TestScreen::filled(80, 24);
    let update = ordered(&mut stage);
    stage.link(LiveEvent::Cart(Cart {
        version: stage.version,
        ..Cart::default()
    }));
    stage.link(LiveEvent::Update(update));
    assert!(stage.notice().starts_with("bob ordered 2 lines: "));
}

#[test]
fn the_key_to_the_receipt_has_room_on_a_narrow_screen() {
    let mut stage = TestScreen::filled(50, 15);
    let placed = brief(&stage, OrderState::Placed);
    stage.link(news(placed));
    let update = ordered(&mut stage);
    stage.link(LiveEvent::Update(update));
    let told = "bob ordered #42, €77.10. o shows the receipt";
    assert!(stage.picture().contains(told), "{}", stage.picture());
}

#[test]
fn a_narrow_screen_opens_the_unread_receipt_first_and_then_the_list() {
    for (width, opens_receipt) in [(75, true), (76, false)] {
        let mut stage = TestScreen::filled(width, 24);
        let placed = brief(&stage, OrderState::Placed);
        stage.link(news(placed));
        let update = ordered(&mut stage);
        stage.link(LiveEvent::Update(update));
        stage.keys("o");
        let is_receipt =
            matches!(&stage.state.mode, Mode::Receipt { order, .. } if *order == order_id(1));
        assert_eq!(is_receipt, opens_receipt, "{width}");
        if opens_receipt {
            stage.keys("o");
        }
        assert!(matches!(stage.state.mode, Mode::Orders));
        // It is read now.
        stage.link(list(orders()));
        stage.keys("esc o");
        assert!(matches!(stage.state.mode, Mode::Orders));
    }
}

#[test]
fn only_who_was_about_to_order_gets_the_receipt_once_there_is_an_order() {
    let mut stage = TestScreen::filled(80, 24);
    stage.keys("c");
    stage.link(preview(104, true));
    let update = ordered(&mut stage);
    stage.link(LiveEvent::Update(update));
    // Whoever may fill the cart could have said so.
    assert!(matches!(stage.state.mode, Mode::Checkout(_)));
    // Help covers the checkout, and goes on doing so.
    stage.keys("?");
    let placed = brief(&stage, OrderState::Placed);
    stage.link(news(placed));
    assert!(matches!(stage.state.mode, Mode::Help(_)));
    stage.keys("esc");
    assert!(matches!(&stage.state.mode, Mode::Receipt { order, .. } if *order == order_id(1)));
}

#[test]
fn the_header_has_the_open_order_until_it_is_over() {
    let mut stage = TestScreen::filled(80, 24);
    let placed = brief(&stage, OrderState::Placed);
    stage.link(LiveEvent::Order(OrderEvent::Newest(vec![placed])));
    // What was there before is no news.
    assert_eq!(stage.notice(), "");
    assert!(
        header(&stage).contains("#42 placed  ● live"),
        "{}",
        header(&stage)
    );
    let moment = stage.state.next_moment().unwrap();
    assert!(moment <= stage.now.steady + 60_000, "another minute shows");
    stage.pass(60_000);
    assert!(header(&stage).contains("#42 placed 1 min  ● live"));

    let accepted = brief(&stage, OrderState::Accepted);
    stage.link(news(accepted));
    assert_eq!(stage.notice(), "Order #42 is accepted");
    stage.pass(180_000);
    assert!(header(&stage).contains("#42 accepted 3 min  ● live"));

    let other = OrderBrief {
        number: Some(43),
        at: Some(stage.server + 1),
        ..brief(&stage, OrderState::Placed)
    };
    let other = OrderBrief {
        id: order_id(2),
        ..other
    };
    stage.link(news(other.clone()));
    assert!(header(&stage).contains("#43 placed +1  ● live"));
    // What can be fetched comes first.
    let ready = brief(&stage, OrderState::Ready);
    stage.link(news(ready));
    assert!(header(&stage).contains("✓ #42 ready +1  ● live"));
    stage.state.size = (50, 15);
    assert!(
        header(&stage).contains("✓ #42 ready +1  ● live"),
        "{}",
        header(&stage)
    );
    stage.click(20, 0);
    assert!(matches!(&stage.state.mode, Mode::Receipt { order, .. } if *order == order_id(1)));

    let done = brief(&stage, OrderState::Done);
    stage.link(news(done));
    assert!(header(&stage).contains("#43 placed  ● live"));
    let cancelled = OrderBrief {
        state: OrderState::Cancelled,
        changed: Some(stage.server),
        ..other
    };
    stage.link(news(cancelled));
    assert!(
        header(&stage).contains("✗ #43 cancelled  ● live"),
        "{}",
        header(&stage)
    );
    stage.pass(60_000);
    assert!(!header(&stage).contains("#43"), "{}", header(&stage));
}

#[test]
fn a_total_that_changed_before_it_was_confirmed_is_told() {
    let mut stage = TestScreen::filled(80, 24);
    stage.keys("c");
    stage.link(preview(104, true));
    // Somebody adds something, and the key comes before that shows.
    stage.change("bob", "matcha-powder", 2, 1, "16.50");
    stage.keys("Y");
    assert!(
        !stage.notice().contains("The total is now"),
        "{}",
        stage.notice()
    );
    let LiveEvent::Order(OrderEvent::Preview(mut dearer)) = preview(105, true) else {
        unreachable!()
    };
    dearer.lines[2].order_line.quantity = 2;
    stage.link(LiveEvent::Order(OrderEvent::Preview(dearer.clone())));
    let told = "The total is now €67.20, it was €50.70. Y orders at the new total.";
    assert_eq!(stage.notice(), told);
    let places =
        |request: &LiveRequest| matches!(request, LiveRequest::Order(OrderRequest::Place(..)));
    assert!(stage.requests("Y").iter().any(places));

    // Or the total is there, and has not shown yet.
    let mut stage = TestScreen::filled(80, 24);
    stage.keys("c");
    stage.link(preview(104, true));
    stage.change("bob", "matcha-powder", 2, 1, "16.50");
    let read = LiveEvent::Order(OrderEvent::Preview(dearer));
    update(&mut stage.state, Message::Live(read), stage.now);
    let requests = stage.requests("Y");
    assert!(!requests.iter().any(places));
    assert_eq!(stage.notice(), told);
}

#[test]
fn a_confirmation_that_was_answered_tells_of_no_total_later() {
    let mut stage = TestScreen::filled(120, 36);
    stage.keys("c");
    stage.link(preview(104, true));
    // Two lines can't be ordered any more, and the key comes before that shows.
    update(
        &mut stage.state,
        Message::Live(preview(104, false)),
        stage.now,
    );
    stage.requests("Y");
    assert!(
        stage
            .notice()
            .contains("came before the total could be read")
    );
    stage.pass(1);
    stage.keys("Y");
    let answer = "Nothing was ordered: 2 lines can't be ordered yet";
    assert_eq!(stage.notice(), answer);

    // One's own fix brings another total, which nobody has confirmed.
    let LiveEvent::Order(OrderEvent::Preview(mut fixed)) = preview(104, true) else {
        unreachable!()
    };
    fixed.lines.pop();
    stage.link(LiveEvent::Order(OrderEvent::Preview(fixed)));
    assert_eq!(stage.notice(), answer);
}

#[test]
fn who_looks_elsewhere_is_told_once_of_what_others_did() {
    let mut stage = TestScreen::with_rules(80, 24, "bob");
    stage.take_in(Message::Focus(false));
    let rules = |stage: &mut TestScreen, by: &str| {
        let mut locked = stage.update(by, ChangeKind::Rules, &[]);
        locked.rules = vec![RuleChange::Locked(true)];
        LiveEvent::Update(locked)
    };
    // What a message says is told once the cart was read and shows it.
    let locked = rules(&mut stage, "bob");
    assert_eq!(alerts(&mut stage, locked.clone()), [""; 0]);
    let read = |stage: &TestScreen, is_locked| {
        let mut cart = stage.state.cart.confirmed.clone();
        cart.version = stage.version;
        cart.rules.locked = is_locked;
        LiveEvent::Cart(cart)
    };
    let cart = read(&stage, true);
    assert_eq!(alerts(&mut stage, cart.clone()), ["bob locked the cart"]);
    assert_eq!(alerts(&mut stage, locked), [""; 0]);
    assert_eq!(alerts(&mut stage, cart), [""; 0]);
    let own = rules(&mut stage, "ann@till");
    assert_eq!(alerts(&mut stage, own), [""; 0]);
    let cart = read(&stage, false);
    stage.link(cart);

    // Pieces of ours, and those of others.
    for (whose, told) in [
        ("ann@till", &["bob took out 2 × Flat White, 1 of yours"][..]),
        ("cai", &[]),
    ] {
        stage.pass(3_000);
        let mut taken = stage.update("bob", ChangeKind::Edit, &[("flat-white", 3, -2)]);
        taken.lines[0].taken = vec![Share {
            by: whose.to_owned(),
            pieces: 1,
        }];
        taken.count = stage.state.cart.confirmed.lines.len();
        let (requests, early) = effects(&mut stage, Message::Live(LiveEvent::Update(taken)));
        assert_eq!(early, [""; 0]);
        let asks = requests.iter().any(|it| matches!(it, LiveRequest::Reread));
        assert_eq!(asks, !told.is_empty());
        let cart = read(&stage, false);
        assert_eq!(alerts(&mut stage, cart), told);
    }

    // Each step of an order once, and none that was there before.
    let placed = brief(&stage, OrderState::Placed);
    let newest = LiveEvent::Order(OrderEvent::Newest(vec![placed]));
    assert_eq!(alerts(&mut stage, newest), [""; 0]);
    stage.pass(3_000);
    let accepted = brief(&stage, OrderState::Accepted);
    assert_eq!(
        alerts(&mut stage, news(accepted.clone())),
        ["mia accepted #42"]
    );
    assert_eq!(alerts(&mut stage, news(accepted)), [""; 0]);
    // What follows soon after is told when some seconds are over.
    let ready = brief(&stage, OrderState::Ready);
    assert_eq!(alerts(&mut stage, news(ready)), [""; 0]);
    assert_eq!(stage.state.missed, Some(4));
    let due = stage.state.next_moment().unwrap();
    assert!(due <= stage.now.steady + 3_000);
    stage.now.steady += 2_999;
    assert_eq!(effects(&mut stage, Message::Clock).1, [""; 0]);
    stage.now.steady += 1;
    assert_eq!(effects(&mut stage, Message::Clock).1, ["#42 is ready"]);
    let cancelled = OrderBrief {
        changed_by: Some("ann@till".to_owned()),
        ..brief(&stage, OrderState::Cancelled)
    };
    assert_eq!(alerts(&mut stage, news(cancelled)), [""; 0]);
    assert_eq!(stage.state.missed, Some(4));
    stage.take_in(Message::Focus(false));
    assert_eq!(stage.state.missed, Some(4));

    // Who looks needs no telling.
    stage.take_in(Message::Focus(true));
    assert_eq!(stage.state.missed, None);
    let unlocked = rules(&mut stage, "bob");
    assert_eq!(alerts(&mut stage, unlocked), [""; 0]);
}

#[test]
fn invented_messages_ring_no_bell() {
    let mut stage = TestScreen::with_rules(80, 24, "bob");
    stage.take_in(Message::Focus(false));
    let confirmed = stage.state.cart.confirmed.clone();
    let mut heard = Vec::new();

    // Of what the cart does not show, whatever version they tell.
    for version in 0..2_000 {
        let mut taken = stage.update("bob", ChangeKind::Edit, &[("flat-white", 3, -2)]);
        taken.version = confirmed.version + version % 7;
        taken.count = confirmed.lines.len();
        taken.lines[0].taken = vec![Share {
            by: "ann@till".to_owned(),
            pieces: 1,
        }];
        let mut locked = stage.update("bob", ChangeKind::Rules, &[]);
        locked.rules = vec![RuleChange::Locked(true)];
        for update in [taken, locked] {
            heard.extend(alerts(&mut stage, LiveEvent::Update(update)));
        }
        if version % 10 == 9 {
            heard.extend(alerts(&mut stage, LiveEvent::Cart(confirmed.clone())));
        }
    }
    assert_eq!((heard.len(), stage.state.missed), (0, Some(0)), "{heard:?}");

    // Of a real order, again and again.
    let placed = brief(&stage, OrderState::Placed);
    stage.link(LiveEvent::Order(OrderEvent::Newest(vec![placed])));
    for _ in 0..2_000 {
        let told = ordered(&mut stage);
        heard.extend(alerts(&mut stage, LiveEvent::Update(told)));
        stage.now.steady += 10;
    }
    assert_eq!(heard, ["bob ordered 2 lines: #42, €77.10"]);
    assert_eq!(stage.state.missed, Some(1));

    // Whoever may not read orders can't know whether this is so.
    let unread = OrderBrief::in_state(order_id(2), OrderState::Ready);
    assert_eq!(alerts(&mut stage, news(unread)), [""; 0]);
}

#[test]
fn pieces_that_were_taken_while_the_cart_was_read_are_told_once() {
    let mut stage = TestScreen::with_rules(80, 24, "bob");
    stage.take_in(Message::Focus(false));
    let mut taken = stage.update("bob", ChangeKind::Edit, &[("flat-white", 3, -2)]);
    taken.lines[0].taken = vec![Share {
        by: "ann@till".to_owned(),
        pieces: 2,
    }];
    let mut cart = stage.state.cart.confirmed.clone();
    cart.version = taken.version;
    let flat_white = cart
        .lines
        .iter_mut()
        .find(|line| line.product.as_bytes() == b"flat-white");
    flat_white
        .unwrap()
        .shares
        .retain(|share| share.by != "ann@till");
    assert_eq!(alerts(&mut stage, LiveEvent::Cart(cart)), [""; 0]);
    let told = ["bob took out 2 × Flat White of yours"];
    assert_eq!(alerts(&mut stage, LiveEvent::Update(taken.clone())), told);
    assert_eq!(alerts(&mut stage, LiveEvent::Update(taken)), [""; 0]);
}

#[test]
fn who_looks_elsewhere_hears_of_the_deadline_unless_they_are_ready() {
    for (name, told) in [
        (
            "kim",
            &[
                "5 minutes left: you are not ready",
                "1 minute left: you are not ready",
            ][..],
        ),
        ("cai", &[]),
    ] {
        let mut stage = TestScreen::with_rules(80, 24, "bob");
        stage.state.env.me = name.to_owned();
        stage.take_in(Message::Focus(false));
        let mut heard = Vec::new();
        for _ in 0..12 {
            stage.now.steady += 60_000;
            heard.extend(effects(&mut stage, Message::Clock).1);
        }
        assert_eq!(heard, told);
    }
}

/// Ann's screen at the cart `office`, in a terminal of this kind.
fn screen(server: &Server, term: &str) -> Terminal {
    let args = ["--redis", server.url(), "--cart", "office", "--name", "ann"];
    let terminal = Terminal::builder(TROLLEY)
        .args(&args)
        .env("TERM", term)
        .home(server.dir())
        .open();
    terminal.wait("[●*] live");
    terminal.gone("Reading the catalog");
    terminal
}

/// All that the program wrote after so many bytes.
fn written(terminal: &Terminal, from: usize) -> String {
    String::from_utf8_lossy(&terminal.raw()[from..]).into_owned()
}

/// Waits until the program writes these bytes after so many; returns how many there are then.
fn wait_written(terminal: &Terminal, from: usize, bytes: &str) -> usize {
    let what = format!("{bytes:?} is written");
    until(&what, || written(terminal, from).contains(bytes));
    terminal.raw().len()
}

const FOCUS_OUT: &[u8] = b"\x1b[O";
const FOCUS_IN: &[u8] = b"\x1b[I";

#[test]
fn a_terminal_without_the_focus_is_told_by_title_bell_and_notification() {
    let server = Server::with_demo();
    let mut ann = screen(&server, "xterm-kitty");
    let mut bob = shop(&server, "office", "bob");
    assert!(written(&ann, 0).contains("\x1b[?1004h"));

    bob.keys("3 a");
    ann.wait("3 items ");
    ann.send(FOCUS_OUT);
    let from = ann.raw().len();

    bob.keys("c");
    bob.wait("Press Y to place the order");
    bob.keys_until("Y", "Receipt #1");
    let ordered = "\x07\x1b]99;;trolley · office: bob ordered 1 line: #1, €6.30\x1b\\";
    wait_written(&ann, from, ordered);
    wait_written(&ann, from, "\x1b]0;(1) 0 items · office · trolley\x07");
    ann.wait(r"bob ordered 1 line: #1, €6\.30\. o shows the receipt");
    ann.wait("#1 placed  ● live");

    ok(&server, &["--name", "mia", "order", "1", "accept"]);
    wait_written(
        &ann,
        from,
        "\x07\x1b]99;;trolley · office: mia accepted #1\x1b\\",
    );
    wait_written(&ann, from, "\x1b]0;(2) 0 items · office · trolley\x07");
    ann.wait(r"mia +accepted #1 ");
    ann.wait("#1 accepted  ● live");
    ann.wait("Order #1 is accepted");

    // Looking takes the count away.
    let from = ann.raw().len();
    ann.send(FOCUS_IN);
    let from = wait_written(&ann, from, "\x1b]0;Corner Shop · office · 0 items\x07");
    ok(&server, &["--name", "mia", "order", "1", "ready"]);
    ann.wait("✓ #1 ready  ● live");
    ok(&server, &["--name", "mia", "order", "1", "done"]);
    ann.gone("#1 ready");
    let quiet = written(&ann, from);
    assert!(
        !quiet.contains("99;;") && !quiet.contains("trolley\x07"),
        "{quiet:?}"
    );

    ann.keys("q");
    ann.wait_exit();
    // What was written last may still be on its way.
    let raw = || written(&ann, 0);
    until("nobody asks for the focus any more", || {
        raw().rfind("\x1b[?1004l") > raw().rfind("\x1b[?1004h")
    });
}

#[test]
fn ones_own_doing_under_the_same_name_is_not_told() {
    let server = Server::with_demo();
    let mut ann = screen(&server, "xterm-kitty");
    ann.send(FOCUS_OUT);
    ann.wait("The cart is empty");
    let from = ann.raw().len();

    let as_ann = ["--cart", "office", "--name", "ann"];
    let run = |args: &[&str]| ok(&server, &[&as_ann[..], args].concat());
    run(&["add", "espresso", "3"]);
    run(&["checkout", "--yes"]);
    run(&["order", "1", "cancel"]);
    ann.wait("✗ #1 cancelled  ● live");
    ok(
        &server,
        &["--cart", "office", "--name", "bob", "add", "baguette"],
    );
    ann.wait("1 item ");
    let quiet = written(&ann, from);
    assert!(!quiet.contains("99;;"), "{quiet:?}");
    assert!(!quiet.contains("office · trolley"), "{quiet:?}");
}

#[test]
fn a_console_is_sent_none_of_it() {
    let server = Server::with_demo();
    let mut ann = screen(&server, "linux");
    ann.send(FOCUS_OUT);
    ok(
        &server,
        &["--cart", "office", "--name", "bob", "add", "baguette"],
    );
    ann.wait("1 item ");
    ok(
        &server,
        &["--cart", "office", "--name", "bob", "checkout", "--yes"],
    );
    ann.wait("bob ordered 1 line: #1");
    let raw = written(&ann, 0);
    assert!(!raw.contains("1004h") && !raw.contains("trolley\x07"));
}

#[test]
fn a_screen_that_starts_later_has_the_open_order_too() {
    let server = Server::with_demo();
    for order in ["1", "2"] {
        ok(
            &server,
            &["--cart", "office", "--name", "bob", "add", "baguette"],
        );
        ok(
            &server,
            &["--cart", "office", "--name", "bob", "checkout", "--yes"],
        );
        ok(&server, &["order", order, "accept"]);
    }
    ok(&server, &["order", "1", "ready"]);
    let mut ann = shop_sized(&server, "office", "ann", 50, 15);
    ann.wait(r"✓ #1 ready \+1  ● live");
    assert!(!ann.text().contains("Order #1 is ready"));
    ann.click(30, 1);
    ann.wait("Receipt #1 · ready");
}

#[test]
fn a_terminal_tells_of_its_focus_again_after_it_was_given_back() {
    let server = Server::with_demo();
    let ann = screen(&server, "xterm-256color");
    let from = wait_written(&ann, 0, "\x1b[?1004h");
    ann.signal(Signal::TSTP);
    let from = wait_written(&ann, from, "\x1b[?1004l");
    // It stops after it has given the terminal back: what lets it go on earlier is lost.
    until("it has stopped", || ann.is_stopped());
    ann.signal(Signal::CONT);
    wait_written(&ann, from, "\x1b[?1004h");
}

#[cfg(feature = "serve")]
#[test]
fn visitors_are_told_as_their_own_terminal_takes_it() {
    let served = harness::Served::office();
    let options = ["-o", "SendEnv=LC_TERMINAL"];
    let mut ann = served
        .builder("visitor", Some("ann"), &options)
        .env("LC_TERMINAL", "iTerm2")
        .open();
    ann.wait("● live");
    ann.wait("64 products");
    assert!(written(&ann, 0).contains("\x1b[?1004h"));
    ann.send(FOCUS_OUT);
    ann.wait("The cart is empty");

    let from = ann.raw().len();
    let as_bob = ["--cart", "office", "--name", "bob"];
    ok(&served.redis, &[&as_bob[..], &["add", "baguette"]].concat());
    ok(
        &served.redis,
        &[&as_bob[..], &["checkout", "--yes"]].concat(),
    );
    let ordered = "\x07\x1b]9;trolley · office: bob ordered 1 line: #1, €2.10\x1b\\";
    wait_written(&ann, from, ordered);
    wait_written(&ann, from, "\x1b]0;(1) 0 items · office · trolley\x07");
    ann.keys("q");
    ann.wait_exit();
    // What was written last may still be on its way.
    let raw = || written(&ann, 0);
    until("nobody asks for the focus any more", || {
        raw().rfind("\x1b[?1004l") > raw().rfind("\x1b[?1004h")
    });
}
