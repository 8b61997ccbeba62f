//! What a screen shows is what the server has, whoever wrote it and whatever was told of it.

use crate::harness;

use harness::screens::TestScreen;
use harness::watch::Watch;
use harness::{Headless, Server, ok, ok_at, shop, shop_at};
use rustix::process::Signal;
use serde_json::json;
use std::collections::BTreeMap;
use trolley::model::ChangeKind;
use trolley::store::Policy;
use trolley::store::live::{LiveEvent, LiveRequest};
use trolley::tui::message::{Effect, Message, Now};
use trolley::tui::state::Connectivity;
use trolley::tui::update::update;

const META: &str = "{cart:alice}:meta";
const LOG: &str = "{cart:alice}:log";

fn version(server: &Server) -> u64 {
    server
        .get(&format!("HGET {META} version"))
        .parse()
        .unwrap_or(0)
}

/// An update as trolley publishes it, of a line that is not new.
fn forged(version: u64, quantity: u64, delta: i64) -> String {
    json!({
        "v": version.to_string(), "op": "forged", "by": "eve", "kind": "edit",
        "at": 1, "until": 0, "count": 1, "lines": [["espresso", quantity, delta]],
    })
    .to_string()
}

#[test]
fn what_plain_clients_write_without_a_word_shows() {
    let server = Server::with_demo();
    ok(&server, &["--user", "alice", "add", "espresso", "3"]);
    let screens = [shop(&server, "alice", "ann"), shop(&server, "alice", "bob")];
    let mut watch = Watch::start(&server, server.url());

    // The version and the number of lines stay.
    server.cli("ZINCRBY cart:alice 5 espresso");
    for screen in &screens {
        screen.wait("8 Espresso");
    }
    let told = watch.next();
    assert_eq!(told["event"], "foreign");
    assert_eq!(
        told["changes"],
        json!([{ "product": "espresso", "quantity": 8, "delta": 5 }])
    );

    // A change comes before any heartbeat.
    server.cli("ZINCRBY cart:alice -2 espresso");
    ok(&server, &["--user", "alice", "add", "bun", "1"]);
    for screen in &screens {
        screen.wait("6 Espresso");
    }

    server.cli("DEL cart:alice");
    for screen in &screens {
        screen.gone("6 Espresso");
    }
}

#[test]
fn another_time_left_shows() {
    let server = Server::with_demo();
    ok(&server, &["--user", "alice", "add", "espresso", "3"]);
    let screen = shop(&server, "alice", "ann");
    screen.wait("live +30 min left");
    server.cli("PEXPIRE cart:alice 600000");
    screen.wait("live +10 min left");
    server.cli("PERSIST cart:alice");
    screen.gone("min left");
}

#[test]
fn forged_versions_hide_nothing() {
    let server = Server::with_demo();
    ok(&server, &["--user", "alice", "add", "espresso", "3"]);
    let screens = [shop(&server, "alice", "ann"), shop(&server, "alice", "bob")];
    let mut watch = Watch::start(&server, server.url());
    let next = version(&server) + 1;

    for forgery in [next, 1 << 53, 9_000_000_000_000_000_000] {
        for change in ["add", "remove"] {
            let message = forged(forgery, 77, 74);
            server.raw(&["PUBLISH", "cart-updates:alice", &message]);
            ok(&server, &["--user", "alice", change, "espresso", "2"]);
            let quantity: u64 = server.get("ZSCORE cart:alice espresso").parse().unwrap();
            for screen in &screens {
                screen.wait(&format!("{quantity} Espresso"));
            }
            watch.until(&BTreeMap::from([("espresso".to_owned(), quantity)]));
        }
    }

    // With nothing after it, a heartbeat finds it.
    let message = forged(version(&server) + 1, 78, 75);
    server.raw(&["PUBLISH", "cart-updates:alice", &message]);
    for screen in &screens {
        screen.wait("eve +added 75 × Espresso");
        screen.gone("78 Espresso");
        screen.wait("3 Espresso");
    }
    while watch.next()["event"] != "rewound" {}
    assert_eq!(watch.lines, BTreeMap::from([("espresso".to_owned(), 3)]));
}

#[test]
fn the_first_change_of_a_cart_may_be_forged() {
    let server = Server::with_demo();
    let screen = shop(&server, "alice", "ann");
    let mut watch = Watch::start(&server, server.url());
    let message = forged(9_000_000_000_000_000_000, 77, 77);
    server.raw(&["PUBLISH", "cart-updates:alice", &message]);
    ok(&server, &["--user", "alice", "add", "bun", "2"]);
    screen.wait("2 .*[Bb]un");
    watch.until(&BTreeMap::from([("cinnamon-bun".to_owned(), 2)]));
    screen.gone("77 Espresso");
}

#[test]
fn a_server_that_fell_back_is_told() {
    let server = Server::with_demo();
    ok(&server, &["--user", "alice", "add", "espresso", "3"]);
    let old = ["cart:alice", META, LOG].map(|key| (key, server.dump(key)));
    let screen = shop(&server, "alice", "ann");
    let mut watch = Watch::start(&server, server.url());
    let before = version(&server);

    for _ in 0..5 {
        ok(&server, &["--user", "alice", "add", "espresso", "1"]);
        assert_eq!(watch.next()["event"], "update");
    }
    screen.wait("8 Espresso");
    // At once, or a heartbeat between them finds what never was.
    let mut all = redis::pipe();
    all.atomic();
    for (key, value) in &old {
        let value = value.as_deref().unwrap();
        all.cmd("RESTORE").arg(key).arg(0).arg(value).arg("REPLACE");
    }
    all.exec(&mut server.connection()).unwrap();

    screen.wait("3 Espresso");
    let told = watch.next();
    assert_eq!(
        (&told["event"], &told["from"], &told["version"]),
        (&"rewound".into(), &(before + 5).into(), &before.into())
    );
    assert_eq!(
        told["changes"],
        json!([{ "product": "espresso", "quantity": 3, "delta": -5 }])
    );
    ok(&server, &["--user", "alice", "add", "espresso", "1"]);
    assert_eq!(watch.next()["version"], before + 1);
}

#[tokio::test]
async fn damaged_lines_are_compared_as_they_are() {
    let server = Server::with_demo();
    let mut ann = Headless::open(server.url(), "alice", Policy::default(), &[]);
    ann.calm().await;
    server.cmd("ZADD cart:alice 3 espresso 1.5 bun -5 x inf y -inf z 0 o 1e21 big 0.1 tenth");
    server.cmd("ZADD cart:alice 9007199254740993 odd 1e-7 small -0 minus 3 Espresso 3 esp");
    server.raw(&[b"ZADD".as_slice(), b"cart:alice", b"4", b"\xff\x00\n1"]);
    ann.until("the lines", |state| {
        state.cart.confirmed.lines.len() == 14 && state.connectivity == Connectivity::Live
    })
    .await;

    // The time left is told only where the lines are the same.
    let stale = ann.stale;
    for minutes in [7, 9, 11] {
        server.cmd(&format!("EXPIRE cart:alice {}", minutes * 60));
        ann.until("the time left", |state| {
            let left = state.cart.confirmed.deadline.left_when_told();
            left.is_some_and(|left| left / 60_000 == minutes - 1 || left == minutes * 60_000)
        })
        .await;
    }
    assert_eq!(ann.stale, stale, "it was read again");
}

#[tokio::test]
async fn a_large_cart_is_compared_too() {
    let server = Server::with_demo();
    let fill = "for i = 1, 1000 do redis.call('ZADD', KEYS[1], i % 9 + 1, 'p' .. i) end";
    server.raw(&["EVAL", fill, "1", "cart:alice"]);
    let mut ann = Headless::open(server.url(), "alice", Policy::default(), &[]);
    ann.calm().await;
    let before = ann.cart().pieces();

    server.cmd("ZINCRBY cart:alice 5 p500");
    ann.until("the change", |state| {
        state.cart.confirmed.pieces() == before + 5 && state.connectivity == Connectivity::Live
    })
    .await;
}

#[test]
fn the_databases_of_one_server_are_apart() {
    let server = Server::with_demo();
    let other = format!("{}?db=1", server.url());
    ok_at(server.dir(), &other, &["demo"]);
    let first = shop(&server, "alice", "ann");
    let second = shop_at(server.dir(), &other, "alice", "bob", (120, 36));
    let mut watch = Watch::start(&server, &other);

    ok(&server, &["--user", "alice", "add", "espresso", "3"]);
    first.wait("3 Espresso");
    // Whoever watches comes and goes in one of them.
    first.gone("bob");
    ok_at(
        server.dir(),
        &other,
        &["--user", "alice", "add", "bun", "2"],
    );
    second.wait("2 .*[Bb]un");
    let told = watch.next();
    assert_eq!(told["changes"][0]["product"], "cinnamon-bun");
    let log = second.text();
    assert!(!log.contains("3 Espresso"), "{log}");

    // Plain clients say of which they speak.
    server.cli("-n 1 ZADD cart:alice 4 espresso");
    server.cli(r#"-n 1 PUBLISH cart-updates:alice {"db":1}"#);
    second.wait("4 Espresso");
    assert_eq!(watch.next()["event"], "foreign");
    server.cli("-n 1 HSET product:y name Yarn price 1.00");
    server.cli(r#"-n 1 PUBLISH catalog-updates {"db":1,"products":["y"]}"#);
    second.wait("65 products");
    first.wait("64 products");
}

#[test]
fn nothing_is_live_after_a_sleep_before_it_was_asked() {
    let server = Server::with_demo();
    ok(&server, &["--user", "alice", "add", "espresso", "3"]);
    let screen = shop(&server, "alice", "ann");
    screen.wait("64 products");
    screen.wait("3 Espresso");
    screen.wait("● live");

    screen.signal(Signal::STOP);
    server.cmd("ZADD cart:alice 9 espresso");
    server.freeze();
    let before = screen.raw().len();
    screen.signal(Signal::CONT);
    screen.wait("● reading|● waiting|○ offline");
    let drawn = screen.raw().split_off(before);
    assert!(!String::from_utf8_lossy(&drawn).contains("live"));
    server.thaw();
    screen.wait("9 Espresso");
    screen.wait("● live");
}

/// What comes back is told without whose it was, so that the cart is read again. Until then ours
/// shows as it was: on top of the cart.
#[test]
fn what_we_brought_back_shows_until_the_cart_that_has_it_is_read() {
    let mut stage = TestScreen::filled(120, 36);
    stage.keys("tab");
    let product = stage.state.target().unwrap();
    stage.keys("d");
    let line = stage.state.cart.confirmed.line(&product).unwrap().clone();
    let pieces = line.quantity.whole().unwrap();
    let name = product.to_string();
    let update = |stage: &mut TestScreen, kind, quantity, delta: i64| {
        let mut update = stage.update("ann", kind, &[(&name, quantity, delta)]);
        update.op = stage.state.cart.unconfirmed[0].op.clone();
        stage.link(LiveEvent::Update(update.clone()));
        update
    };
    let told = update(&mut stage, ChangeKind::Edit, 0, -i64::from(pieces));
    stage.link(LiveEvent::Settled(told.op.clone(), Ok(told)));
    assert!(stage.state.cart.shown.line(&product).is_none());

    stage.keys("u");
    assert!(stage.state.cart.shown.line(&product).is_some());
    stage.link(LiveEvent::Stale);
    let before = stage.state.cart.confirmed.clone();
    let told = update(&mut stage, ChangeKind::Undo, pieces, i64::from(pieces));
    // Whatever else happens meanwhile.
    stage.keys("tab down");
    assert_ne!(stage.state.target(), Some(product.clone()));
    stage.keys("a");
    let shown = |stage: &TestScreen| stage.state.cart.shown.quantity(&product);
    assert_eq!(shown(&stage), pieces);

    let mut cart = before;
    cart.version = told.version;
    cart.lines.push(line);
    stage.link(LiveEvent::Applied(vec![told.op.clone()]));
    stage.link(LiveEvent::Cart(cart));
    assert_eq!(shown(&stage), pieces);
    stage.link(LiveEvent::Settled(told.op.clone(), Ok(told)));
    assert_eq!(shown(&stage), pieces);
}

/// The steady clock stands still while the machine sleeps, and the wall clock goes on.
#[tokio::test]
async fn a_sleep_of_the_machine_is_noticed() {
    let server = Server::with_demo();
    let mut ann = Headless::open(server.url(), "alice", Policy::default(), &[]);
    ann.calm().await;

    let steady = ann.state.now;
    let effects = update(
        &mut ann.state,
        Message::Clock,
        Now {
            steady,
            wall: 60_000,
        },
    );
    assert!(matches!(effects[..], [Effect::Live(LiveRequest::Reread)]));
    assert_eq!(ann.state.connectivity, Connectivity::Syncing);
    let effects = update(
        &mut ann.state,
        Message::Clock,
        Now {
            steady,
            wall: 60_500,
        },
    );
    assert!(effects.is_empty());
}

#[test]
fn nothing_is_live_on_a_server_that_says_nothing() {
    let server = Server::with_demo();
    let screen = shop(&server, "alice", "ann");
    screen.wait("64 products");
    server.freeze();
    screen.wait("● waiting");
    server.thaw();
    screen.wait("● live");
}

#[test]
fn rules_and_orders_that_change_without_a_version_show() {
    let server = Server::with_demo();
    ok(&server, &["--user", "alice", "add", "espresso", "3"]);
    let screen = shop(&server, "alice", "ann");
    screen.wait("3 Espresso");
    server.cmd(&format!("HSET {META} owner boss locked 1"));
    screen.wait("[Ll]ocked");
    server.cmd(&format!("HDEL {META} owner locked"));
    screen.gone("[Ll]ocked");

    // An order on its way whose keys are lost.
    let at = "2147483647000";
    server.cmd(&format!(
        "HSET {{cart:alice}}:order id 20261126-AAAA-AAAA by boss at {at}"
    ));
    screen.wait("ordering|ordered");
    server.cmd("DEL {cart:alice}:order");
    screen.gone("ordering|ordered");
}
