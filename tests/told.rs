//! What people are told of: orders of others, the open order in the header, totals that changed.

use crate::harness;

use harness::order_screens::{list, order_id, orders, preview};
use harness::screens::TestScreen;
use harness::{Server, ok, shop_sized};
use trolley::model::{Cart, ChangeKind, OpId, OrderBrief, OrderState, Update};
use trolley::store::live::{LiveEvent, LiveRequest, OrderEvent, OrderRequest};
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
        total: Some("€77.10".to_owned()),
        ..OrderBrief::told(order_id(1), state)
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

/// What a message asks of the live link.
fn requests(stage: &mut TestScreen, message: Message) -> Vec<LiveRequest> {
    let effects = update(&mut stage.state, message, stage.now);
    let requests = effects.into_iter().filter_map(|effect| match effect {
        Effect::Live(request) => Some(request),
        _ => None,
    });
    requests.collect()
}

#[test]
fn somebodys_order_is_told_with_its_number_and_total_as_soon_as_they_are_read() {
    let mut stage = TestScreen::filled(80, 24);
    let update = ordered(&mut stage);
    let requests = requests(&mut stage, Message::Live(LiveEvent::Update(update.clone())));
    let asks = |request: &LiveRequest| matches!(request, LiveRequest::Order(OrderRequest::Newest));
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
        "o shows its receipt",
        "r there orders it again",
    ] {
        assert!(picture.contains(words), "{words}\n{picture}");
    }
    stage.keys("down");
    assert_eq!(stage.notice(), "");
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
