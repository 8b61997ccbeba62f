//! Checkout and orders in terminals: confirmed once, shown honestly, live for everybody.

use crate::harness;

use harness::order_screens;
use harness::shopping::{connect_as, named};
use harness::{
    Deadline, Headless, Proxy, Server, Terminal, keep_day, ok, ok_as, shop, shop_sized, until,
};
use rustix::process::Signal;
use std::sync::atomic::Ordering::Relaxed;
use trolley::model::cart::PendingOrder;
use trolley::model::{Money, Product, RuleChange, UserName};
use trolley::store::live::{LiveEvent, LiveRequest, OrderEvent, OrderQuestion, OrderRequest};
use trolley::store::order::{self, Driver, Stage};
use trolley::store::{self, Connection, Trouble};
use trolley::tui::message::{Effect, Message};
use trolley::tui::state::{Mode, State};
use trolley::tui::update::update;

async fn connect(server: &Server) -> Connection {
    connect_as(server.url(), "direct").await
}

async fn products(server: &Server) -> Vec<Product> {
    let catalog = store::get_catalog(&mut connect(server).await)
        .await
        .unwrap();
    catalog.iter().map(|item| item.to_product()).collect()
}

fn alice() -> UserName {
    UserName::parse("alice").unwrap()
}

#[test]
fn a_cart_becomes_an_order_by_another_key_and_its_state_is_live() {
    let server = Server::with_demo();
    let mut ann = shop(&server, "alice", "ann");
    let mut bob = shop_sized(&server, "alice", "bob", 80, 24);
    ann.wait("64 products");
    ann.keys("3 a");
    bob.wait("3 items ");
    ann.keys("c");
    ann.wait("To pay €6.30");
    ann.wait("Press Y to place the order");
    // What opened it does not confirm it, nor does Enter.
    ann.keys("c enter enter space");
    // Another changes the cart meanwhile: what shows is what would be charged.
    bob.keys("a");
    ann.wait("To pay €8.40");
    ann.wait("Press Y to place the order");
    assert_eq!(server.get("EXISTS orders"), "0");
    ann.keys_until("Y Y Y", " Receipt ");
    ann.wait("4 items +Total €8.40");
    ann.wait("ann 3, bob 1");
    // Who has to pay what.
    ann.wait("ann 3 +6.30");
    ann.wait("bob 1 +open +2.10");
    bob.wait("ann ordered 1 line");
    bob.wait("The cart is empty");
    assert_eq!(server.get("XLEN orders"), "1");
    bob.keys("o");
    bob.wait("placed .* 8\\.40");
    let id = server.get_list("ZRANGE {orders}:all 0 -1").remove(0);
    ok(&server, &["order", &id, "ready"]);
    ann.wait("Order #1 is ready");
    ann.wait(r"placed \d\d:\d\d → ready \d\d:\d\d → done");
    bob.wait("ready .* 8\\.40");
    bob.keys("enter");
    bob.wait(" Receipt ");
    bob.keys("esc esc q");
    bob.wait_exit();
    ann.keys("esc esc q");
    ann.wait_exit();
}

#[test]
fn orders_that_are_asked_for_while_the_server_is_away_come_when_it_is_back() {
    let mut server = Server::with_demo();
    ok(&server, &["--user", "alice", "add", "espresso", "2"]);
    ok(&server, &["--user", "alice", "checkout", "--yes"]);
    let id = server.get_list("ZRANGE {orders}:all 0 -1").remove(0);
    let mut ann = shop(&server, "alice", "ann");
    let mut bob = shop(&server, "alice", "bob");
    for terminal in [&ann, &bob] {
        terminal.wait("64 products");
    }
    bob.keys("o");
    bob.wait("placed .* 4\\.80");
    bob.keys("enter");
    bob.wait(" Receipt ");
    server.kill();
    ann.wait("offline since");
    bob.wait("may be old");
    ann.keys("o");
    ann.wait("Waiting for the server");
    server.restart();
    ann.wait("● live");
    ann.wait("placed .* 4\\.80");
    ann.keys("enter");
    ann.wait("€4.80");
    bob.gone("may be old");
    // What was read before is read again, too: nobody told of what happened meanwhile.
    server.kill();
    bob.wait("may be old");
    bob.signal(Signal::STOP);
    server.restart();
    ok(&server, &["order", &id, "ready"]);
    bob.signal(Signal::CONT);
    bob.wait(r"→ ready \d\d:\d\d");
}

#[test]
fn orders_are_asked_for_once_the_link_is_up_and_closed_where_they_can_not_be_had() {
    let list = |effects: &[Effect]| {
        effects.iter().any(|effect| {
            matches!(
                effect,
                Effect::Live(LiveRequest::Orders(OrderQuestion::List))
            )
        })
    };
    let mut ann = harness::screens::TestScreen::new(80, 24);
    let up = |ann: &mut harness::screens::TestScreen| {
        let cart = LiveEvent::Cart(ann.state.cart.confirmed.clone());
        list(&update(&mut ann.state, Message::Live(cart), ann.now))
    };
    // Before the first connection, and after each that broke; not for a view that is closed.
    ann.keys("o");
    assert!(
        ann.picture().contains("Waiting for the server"),
        "{}",
        ann.picture()
    );
    ann.link(LiveEvent::Down(Trouble::ConnectionRefused));
    assert!(
        !ann.picture().contains("may be old"),
        "nothing shows that could be"
    );
    assert!(up(&mut ann));
    assert!(!up(&mut ann));
    ann.link(LiveEvent::Down(Trouble::Lost));
    assert!(up(&mut ann));
    assert!(ann.picture().contains("Reading the orders"));
    ann.link(order_screens::list(order_screens::orders()));
    ann.keys("enter");
    ann.link(LiveEvent::Down(Trouble::Lost));
    assert!(up(&mut ann));
    ann.keys("esc esc");
    ann.link(LiveEvent::Down(Trouble::Lost));
    assert!(!up(&mut ann));
    // A cart that can't be read is no reason.
    ann.keys("o");
    ann.link(LiveEvent::Down(Trouble::Lost));
    let unreadable = Message::Live(LiveEvent::Unreadable(Trouble::WrongType));
    assert!(list(&update(&mut ann.state, unreadable, ann.now)));
    // Where they can't be had, that is said, and nobody waits.
    let denied = || {
        LiveEvent::Order(OrderEvent::Failed(Trouble::NoPermission(
            "zrevrange".to_owned(),
        )))
    };
    ann.link(denied());
    assert!(
        matches!(ann.state.mode, Mode::Orders),
        "what was read stays"
    );
    let mut bob = harness::screens::TestScreen::filled(80, 24);
    bob.keys("o");
    bob.link(denied());
    assert!(matches!(bob.state.mode, Mode::Browse) && bob.state.notice.is_some());
}

#[test]
fn what_is_short_is_told_before_and_stock_is_live() {
    let server = Server::with_demo();
    server.cmd("HSET product:baguette stock 2");
    let mut ann = shop(&server, "alice", "ann");
    ann.wait("64 products");
    ann.keys("3 a");
    ann.wait("Added 3, but only 2 left");
    ann.keys("c");
    ann.wait("only 2 left");
    ann.wait("1 line can't be ordered yet");
    ann.keys_until("Y", "Nothing was ordered");
    // Another shopper's order takes of the same stock: the screens count down.
    let bob = shop(&server, "bob", "bob");
    bob.wait("Baguette .* 2 ");
    ok(&server, &["--user", "carol", "add", "baguette", "1"]);
    ok(&server, &["--user", "carol", "checkout", "--yes"]);
    bob.wait("Baguette .* 1 ");
    ann.wait("only 1 left");
    assert_eq!(server.get("XLEN orders"), "1");
}

#[test]
fn what_is_sold_out_at_the_checkout_is_fixed_by_one_key_and_then_ordered_by_another() {
    let server = Server::with_demo();
    ok(&server, &["product", "set", "basil", "stock=1"]);
    let lines = ["add", "focaccia", "3", "basil", "1"];
    ok_as(&server, "alice", "bob", &lines);
    let mut ann = shop_sized(&server, "alice", "ann", 120, 36);
    ann.wait("64 products");
    ann.keys("c");
    ann.wait("Press Y to place the order");

    // Somebody else buys all the basil, and most of the focaccia.
    ok(&server, &["product", "set", "focaccia", "stock=2"]);
    ok(&server, &["product", "set", "basil", "stock=0"]);
    ann.wait("! only 2 left · Enter takes 2");
    ann.wait("! none left · Enter removes it");
    ann.keys_until("Y", "Nothing was ordered: 2 lines can't be ordered yet");
    ann.keys("F");
    ann.wait("Took 2 × Rosemary Focaccia and removed Potted Basil; u undoes it");
    ann.wait("To pay €8.40");
    assert_eq!(server.get("ZSCORE cart:alice focaccia"), "2");

    // It is undone whole, there, and done again.
    ann.keys("u");
    ann.wait("! none left · Enter removes it");
    ann.wait("3 Rosemary Focaccia");
    ann.keys("ctrl-r");
    ann.wait("To pay €8.40");
    ann.wait("Press Y to place the order");
    assert_eq!(server.get("EXISTS orders"), "0");
    ann.keys_until("Y", " Receipt ");
    ann.wait("2 items +Total €8.40");
    assert_eq!(server.get("HGET product:focaccia stock"), "0");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_is_placed_once_though_the_link_breaks() {
    let server = Server::with_demo();
    let known = products(&server).await;
    let mut direct = connect(&server).await;
    for round in 0..12 {
        let proxy = Proxy::start(&server.socket(), &format!("proxy{round}"));
        let mut ann = Headless::open(&proxy.url(), "alice", named("ann"), &known);
        ann.calm().await;
        ann.key("a");
        ann.calm().await;
        ann.key("c");
        ann.until("a preview", |state| state.checkout.preview.is_some())
            .await;
        ann.key("Y");
        let id = ann.state.orders.placing.clone().unwrap();
        // Each of the next answers in turn is lost after the server has done its work.
        proxy.faults.drop_every.store(round + 2, Relaxed);
        proxy.faults.on.store(true, Relaxed);
        ann.until("a lost answer, or the end of the order", |state| {
            proxy.faults.caused.load(Relaxed) > 0 || state.orders.placing.is_none()
        })
        .await;
        proxy.faults.on.store(false, Relaxed);
        ann.until("the end of the order", |state| {
            state.orders.placing.is_none()
        })
        .await;
        ann.until("an empty cart", |state| {
            state.cart.confirmed.lines.is_empty()
        })
        .await;
        let placed = order::get_order(&mut direct, &id).await.unwrap();
        assert_eq!(placed.pieces(), 1);
        assert_eq!(server.get("XLEN orders"), (round + 1).to_string());
    }
}

#[tokio::test]
async fn an_open_terminal_finishes_what_a_dead_one_left() {
    let server = Server::with_demo();
    let known = products(&server).await;
    let mut direct = connect(&server).await;
    let mut plain = harness::server::open_shared(server.url()).await;
    let id = known[0].id.clone();
    store::add_to_cart(&mut direct, &alice(), &id, 2)
        .await
        .unwrap();
    let preview = order::preview(&mut direct, &alice()).await.unwrap();
    let mut dead = Driver::place(
        &alice(),
        &named("dead"),
        order::new_order_id(preview.at),
        preview,
    );
    let deadline = Deadline::start();
    while !matches!(dead.stage(), Stage::Decide(_)) {
        deadline.check("the stage of the order");
        dead.step(&mut plain).await.unwrap();
    }
    // As if it had died a while ago; what was taken stays taken.
    let at: u64 = server.get("HGET {cart:alice}:order at").parse().unwrap();
    server.cmd(&format!("HSET {{cart:alice}}:order at {}", at - 60_000));
    let mut ann = Headless::open(server.url(), "alice", named("ann"), &known);
    ann.until("the cart that is being ordered", |state| {
        state.cart.confirmed.ordering.is_some()
    })
    .await;
    ann.until("an empty cart", |state| {
        state.cart.confirmed.lines.is_empty()
    })
    .await;
    assert_eq!(server.get("XLEN orders"), "1");
    assert_eq!(
        order::get_order(&mut direct, dead.id().unwrap())
            .await
            .unwrap()
            .who,
        "dead"
    );
}

#[tokio::test]
async fn rules_show_and_refusals_take_back_what_showed() {
    let server = Server::with_demo();
    let known = products(&server).await;
    let mut owner = connect(&server).await;
    let mut ann = Headless::open(server.url(), "alice", named("ann"), &known);
    ann.calm().await;
    let budget = RuleChange::Budget(Money::parse("4.30"));
    store::set_rules(&mut owner, &alice(), &[budget])
        .await
        .unwrap();
    ann.until("the budget", |state| {
        state.cart.confirmed.rules.budget.is_some()
    })
    .await;
    // In this order: the third is refused, and one of the first two goes.
    ann.key("a");
    ann.key("a");
    ann.key("a");
    ann.key("-");
    ann.calm().await;
    let said = |state: &State| {
        state
            .notice
            .as_ref()
            .map(|notice| notice.text.clone())
            .unwrap_or_default()
    };
    assert_eq!(ann.cart().pieces(), 1);
    ann.key("9");
    ann.key("a");
    ann.calm().await;
    ann.until("the refusal", |state| {
        said(state).contains("Over the budget of 4.30")
    })
    .await;
    store::set_rules(&mut owner, &alice(), &[RuleChange::Locked(true)])
        .await
        .unwrap();
    ann.until("the lock", |state| state.cart.confirmed.rules.locked)
        .await;
    let before = ann.cart().clone();
    ann.key("d");
    ann.calm().await;
    ann.until("the refusal", |state| {
        said(state).contains("locked; direct can reopen")
    })
    .await;
    assert_eq!(ann.cart().lines, before.lines);
    assert_eq!(ann.state.cart.shown.lines, before.lines);
    // It can still be ordered.
    ann.key("c");
    ann.until("a preview", |state| state.checkout.preview.is_some())
        .await;
    ann.key("Y");
    ann.until("the receipt", |state| {
        matches!(state.mode, Mode::Receipt { .. })
    })
    .await;
}

#[test]
fn an_order_that_can_not_be_finished_here_is_told_once() {
    let mut ann = harness::screens::TestScreen::filled(80, 24);
    ann.keys("c");
    ann.link(order_screens::preview(104, true));
    let mut frozen = ann.state.cart.confirmed.clone();
    let id = order_screens::order_id(9);
    frozen.ordering = Some(PendingOrder {
        id: id.clone(),
        by: "bob@kitchen".to_owned(),
        at: 1_795_000_000_000,
    });
    ann.link(LiveEvent::Cart(frozen));
    let asks = |effect: &Effect| {
        matches!(
            effect,
            Effect::Live(LiveRequest::Order(OrderRequest::Resume))
        )
    };
    let mut asked = 0;
    for _ in 0..20 {
        ann.now.steady += 7_000;
        let effects = update(&mut ann.state, Message::Clock, ann.now);
        if effects.iter().any(asks) {
            asked += 1;
            let denied = Trouble::NoPermission("evalsha".to_owned());
            ann.link(LiveEvent::Order(OrderEvent::Resumed(Err(denied.into()))));
            assert!(
                ann.picture()
                    .contains("The order of bob@kitchen stopped halfway"),
                "{}",
                ann.picture()
            );
        }
        assert!(matches!(ann.state.mode, Mode::Checkout(_)));
    }
    assert_eq!(asked, 1);
    assert_eq!(ann.state.notice, None);
    // Over another link it may work.
    ann.link(LiveEvent::Down(Trouble::Lost));
    let cart = ann.state.cart.confirmed.clone();
    ann.link(LiveEvent::Cart(cart));
    ann.now.steady += 7_000;
    assert!(
        update(&mut ann.state, Message::Clock, ann.now)
            .iter()
            .any(asks)
    );
}

#[test]
fn a_price_that_changed_without_a_word_is_not_charged() {
    let server = Server::with_demo();
    let mut ann = shop(&server, "alice", "ann");
    ann.wait("64 products");
    let fill = |ann: &mut Terminal, keys: &str| {
        ann.keys(keys);
        ann.wait("2 items ");
        ann.gone("…€");
        ann.keys("c");
        ann.wait("Press Y to place the order");
    };
    fill(&mut ann, "2 a");
    let due = server.get("HGET product:baguette price");
    // The same in other digits is the same.
    for (price, ordered) in [(format!("0{due}0"), true), ("50".to_owned(), false)] {
        if !ordered {
            fill(&mut ann, "esc esc esc 2 a");
        }
        server.cmd(&format!("HSET product:baguette price {price}"));
        if ordered {
            ann.keys_until("Y", " Receipt ");
        } else {
            // Once the hint shows, the total counts as seen.
            ann.keys("y");
            ann.wait("with Shift, to place the order");
            ann.keys("Y");
            ann.wait("is €50.00 now: nothing was ordered");
            ann.wait("To pay €100.00");
            assert_eq!(server.get("XLEN orders"), "1");
            // What could be taken is given back.
            assert_eq!(server.get("HGET product:baguette stock"), "28");
            ann.keys_until("Y", " Receipt ");
            ann.wait("Total €100.00");
        }
    }
    assert_eq!(server.get("XLEN orders"), "2");
}

#[test]
fn who_was_about_to_order_gets_the_receipt_of_who_was_first() {
    let server = Server::with_demo();
    let mut ann = shop(&server, "alice", "ann");
    let mut bob = shop(&server, "alice", "bob");
    ann.wait("64 products");
    bob.wait("64 products");
    ann.keys("3 a c");
    bob.wait("3 items");
    bob.keys("c");
    for terminal in [&ann, &bob] {
        terminal.wait("Press Y to place the order");
    }
    bob.keys_until("Y", "Receipt #1 · ordered by you just now");
    ann.wait("Receipt #1 · ordered by bob just now");
    ann.wait(r"bob ordered 1 line: #1, €6\.30");
    ann.wait("3 items +Total €6.30");
    ann.keys("Y");
    ann.keys("o");
    ann.wait("╭ Orders 1 ");
    assert_eq!(server.get("XLEN orders"), "1");
}

/// Looks from a receipt at the cart until all changes are confirmed, as only those can be undone,
/// and comes back.
fn await_confirmed(terminal: &mut Terminal) {
    terminal.keys("esc esc");
    terminal.wait("╭ Cart ");
    terminal.gone("…€");
    terminal.keys("o enter");
    terminal.wait(" Receipt ");
}

#[test]
fn an_order_comes_back_as_one_change_by_two_keys() {
    let server = Server::with_demo();
    let lines = ["espresso", "3", "focaccia", "2", "lemon", "2", "cold-brew"];
    ok_as(&server, "alice", "ann", &[&["add"], &lines[..]].concat());
    ok(&server, &["--user", "alice", "checkout", "--yes"]);
    ok(&server, &["product", "set", "focaccia", "stock=1"]);
    ok(&server, &["product", "set", "espresso", "price=2.50"]);
    ok(&server, &["product", "delete", "cold-brew"]);

    let mut ann = shop_sized(&server, "alice", "ann", 160, 48);
    let bob = shop(&server, "alice", "bob");
    ann.wait("63 products");
    // A screen tells only of changes that are made once it is live.
    bob.wait("● live");
    ann.keys("o");
    ann.wait("placed .* [0-9]+\\.[0-9][0-9]");
    ann.wait("r order again");
    ann.keys("r");
    ann.wait(
        "Put 3 lines of #1 into the cart; u undoes that. Short: 1 of 2 Rosemary Focaccia. \
         Dearer: Espresso €2.50, was €2.40. Gone: Bottled Cold Brew.",
    );
    bob.wait("ann put 3 lines of #1 back");
    bob.wait("6 items ");
    assert_eq!(server.get("ZSCORE cart:alice focaccia"), "1");
    // The receipt does the same, as far as the stock goes beside what is in the cart; but not
    // twice without a word.
    ann.keys("enter r");
    ann.wait("You have 2 lines of #1 in the cart already: r adds the same once more");
    ann.keys("j r");
    ann.wait("You have 2 lines of #1 in the cart already: r adds the same once more");
    ann.keys("r");
    ann.wait("Put 2 lines .* Sold out: Rosemary Focaccia. Dearer");
    bob.wait("11 items ");
    assert_eq!(server.get("XLEN {cart:alice}:log"), "5");
    // Each is undone whole, where it was done.
    await_confirmed(&mut ann);
    ann.keys("u");
    bob.wait("6 items ");
    ann.keys("u");
    bob.wait("The cart is empty");
    await_confirmed(&mut ann);
    ann.keys("ctrl-r");
    bob.wait("6 items ");

    // The cart's own rules refuse it whole.
    ok(&server, &["--user", "alice", "rules", "--lock"]);
    // Until ann's screen has heard of the lock, it asks whether she wants it twice.
    ann.keys_until("r", "The cart is locked");
    assert_eq!(server.get("ZCARD cart:alice"), "3");
    for product in ["focaccia", "espresso", "lemon"] {
        ok(&server, &["product", "delete", product]);
    }
    bob.wait("60 products");
    // Until ann's screen has heard of that, too, the lock refuses what she asks for.
    ann.keys_until("r", "Nothing in #1 can be ordered today. Gone: ");
    // The palette does it on these pages, and stays there.
    ok(
        &server,
        &["product", "set", "espresso", "name=Espresso", "price=3"],
    );
    ok(&server, &["--user", "alice", "rules", "--unlock"]);
    bob.wait("61 products");
    ann.keys_until(
        ": again enter",
        "Put 1 line of .* Receipt |Receipt (.*\n)*.*Put 1 line of",
    );
}

#[test]
fn a_buyer_cancels_what_is_only_placed_from_the_screen() {
    let server = Server::with_demo();
    keep_day(&server);
    let place = |who: &str| {
        ok_as(&server, "alice", who, &["add", "sourdough", "2"]);
        ok_as(&server, "alice", who, &["checkout", "--yes"]);
    };
    let stock = server.get("HGET product:sourdough stock");
    place("ann");
    place("bob");
    let mut ann = shop_sized(&server, "alice", "ann", 120, 36);
    ann.wait("64 products");
    ann.keys("o");
    ann.wait("#2 .* placed .*10\\.40");
    ann.keys("x");
    ann.wait("Only bob, who ordered, can cancel #2");
    ann.keys("down");
    ann.wait("x cancel");
    ann.keys("x");
    ann.wait("Cancel #1, €10.40\\? Its stock goes back.");
    // The list stays in sight, and no other key says yes.
    ann.wait("#2 .* placed .*10\\.40");
    ann.keys("n x enter esc");
    assert_eq!(server.get("ZCARD {orders}:open"), "2");
    ann.keys("enter");
    ann.wait("o all orders");
    ann.keys("x y");
    ann.wait("#1 is cancelled");
    ann.wait("Receipt #1 · cancelled");
    let left: u64 = stock.parse().unwrap();
    until("the stock is back", || {
        server.get("HGET product:sourdough stock") == (left - 2).to_string()
    });

    // What the shop has begun, or does not allow, is refused, however old the screen is.
    place("ann");
    ann.keys("esc");
    ann.wait("#3 .* placed ");
    ann.keys("g x");
    ann.wait("Cancel #3, ");
    server.cmd("HSET shop buyers_cancel no");
    ann.keys("y");
    ann.wait("This shop doesn't let buyers cancel: ask at the counter");
    ok(&server, &["order", "3", "accept"]);
    ann.wait("Order #3 is accepted");
    ann.keys("x");
    ann.wait("#3 is accepted already: ask the shop to cancel it");
}
