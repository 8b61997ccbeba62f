//! Nothing is lost, doubled or hidden: gaps, bursts, undo, watchers, expiry, hostile text.

use crate::harness;

use harness::proxy::Door;
use harness::shopping::{connect, named};
use harness::{
    Deadline, Finish, Headless, Proxy, Server, TROLLEY, Terminal, in_time, ok, run, shop, trolley,
    until,
};
use rustix::process::Signal;
use std::sync::atomic::Ordering;
use std::time::Duration;
use trolley::model::{Cart, Product, Timeout};
use trolley::store::live::LiveEvent;
use trolley::store::{self, Address, Policy};
use trolley::tui::message::{Message, Mouse, MouseKind};
use trolley::tui::state::Connectivity;

async fn products(server: &Server) -> Vec<Product> {
    let mut link = connect(&Address::parse(server.url()).unwrap()).await;
    let catalog = store::get_catalog(&mut link).await.unwrap();
    catalog.iter().map(|item| item.to_product()).collect()
}

#[tokio::test]
async fn a_message_that_never_arrives_is_noticed() {
    let server = Server::with_demo();
    let products = products(&server).await;
    let between = Proxy::start(&server.socket(), "between");
    let mut ann = Headless::open(&between.url(), "alice", named("ann"), &products);
    let mut bob = Headless::open(server.url(), "alice", named("bob"), &products);
    ann.calm().await;
    bob.calm().await;
    bob.key("a");
    ann.until("the first", |state| state.cart.confirmed.pieces() == 1)
        .await;
    // The next update is the gap; one that follows shows it, or a beat that comes before.
    let want = swallowed(&between, &mut ann, &mut bob).await + 1;
    bob.key("a");
    ann.until("all of them", |state| {
        state.cart.confirmed.pieces() == want && state.connectivity == Connectivity::Live
    })
    .await;
    // With nothing after it, the next beat does.
    let before = ann.stale;
    let want = swallowed(&between, &mut ann, &mut bob).await;
    ann.until("the last", |state| {
        state.cart.confirmed.pieces() == want && state.connectivity == Connectivity::Live
    })
    .await;
    assert!(ann.stale > before, "no beat found the gap");
}

/// Has bob add pieces until the proxy swallows the message of one, which ann does not hear of
/// by it; returns how many pieces there are then.
async fn swallowed(between: &Proxy, ann: &mut Headless, bob: &mut Headless) -> u64 {
    let before = between.faults.caused.load(Ordering::Relaxed);
    let is_swallowed = || between.faults.caused.load(Ordering::Relaxed) > before;
    between.faults.swallow.store(1, Ordering::Relaxed);

    // One that comes together with another is passed on: then ann has it, and bob goes on.
    let deadline = Deadline::start();
    loop {
        deadline.check("a message that is swallowed");
        bob.key("a");
        bob.calm().await;
        let pieces = bob.cart().pieces();
        while !is_swallowed() && ann.cart().pieces() < pieces {
            deadline.check("a message, or its loss");
            tokio::time::timeout(Duration::from_millis(10), ann.step())
                .await
                .ok();
        }
        if is_swallowed() {
            return pieces;
        }
    }
}

#[tokio::test]
async fn a_killed_subscription_is_replaced() {
    let server = Server::with_demo();
    let products = products(&server).await;
    let mut ann = Headless::open(server.url(), "alice", named("ann"), &products);
    ann.calm().await;
    for kind in ["pubsub", "normal"] {
        server.cmd(&format!("CLIENT KILL TYPE {kind} SKIPME yes"));
        server.cmd("ZINCRBY cart:alice 2 espresso");
        server.cmd("PUBLISH cart-updates:alice x");
        let want: u64 = server.get("ZSCORE cart:alice espresso").parse().unwrap();
        ann.until("the change", |state| {
            state.cart.confirmed.pieces() == want && state.connectivity == Connectivity::Live
        })
        .await;
    }
}

#[tokio::test]
async fn a_burst_keeps_memory_bounded_and_ends_on_the_true_state() {
    let server = Server::with_demo();
    let screen = shop(&server, "alice", "screen");
    let resident = || -> u64 {
        let status =
            std::fs::read_to_string(format!("/proc/{}/status", screen.pid().as_raw_nonzero()))
                .unwrap();
        let line = status
            .lines()
            .find(|line| line.starts_with("VmRSS"))
            .unwrap()
            .to_owned();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    };
    screen.wait("64 products");
    let before = resident();
    // Stopped, it can't read; the server holds its messages for it.
    screen.signal(Signal::STOP);
    let mut link = connect(&Address::parse(server.url()).unwrap()).await;
    let alice = trolley::model::UserName::parse("alice").unwrap();
    let espresso = trolley::model::ProductId::stored(b"espresso");
    for _ in 0..5_000 {
        store::add_to_cart(&mut link, &alice, &espresso, 2)
            .await
            .unwrap();
        store::remove_from_cart(&mut link, &alice, &espresso, Some(1))
            .await
            .unwrap();
        if server_quantity(&mut link, &alice).await >= 900 {
            store::remove_from_cart(&mut link, &alice, &espresso, None)
                .await
                .unwrap();
        }
    }
    store::add_to_cart(&mut link, &alice, &espresso, 7)
        .await
        .unwrap();
    let want = server_quantity(&mut link, &alice).await;
    screen.signal(Signal::CONT);
    screen.wait(&format!("{want} items "));
    screen.wait("● live");
    let grown = resident().saturating_sub(before);
    assert!(grown < 8 * 1024, "it grew by {grown} KiB");
}

async fn server_quantity(link: &mut store::Connection, user: &trolley::model::UserName) -> u64 {
    store::get_cart_items(link, user).await.unwrap().pieces()
}

#[tokio::test]
async fn a_cart_that_has_moved_is_followed_and_the_change_applied_once() {
    let server = Server::with_demo();
    let products = products(&server).await;
    let between = Proxy::start(&server.socket(), "between");
    let port = Proxy::by_port(Door::Socket(server.socket())).port();
    let mut ann = Headless::open(&between.url(), "alice", named("ann"), &products);
    ann.calm().await;
    *between.faults.moved_to.lock().unwrap() = format!("127.0.0.1:{port}");
    between.faults.moved.store(1, Ordering::Relaxed);
    ann.key("3");
    ann.key("a");
    ann.calm().await;
    assert_eq!(ann.cart().pieces(), 3);
    assert_eq!(between.faults.caused.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn an_unknown_outcome_is_told_and_can_be_asked_again() {
    let server = Server::with_demo();
    let between = Proxy::start(&server.socket(), "between");
    // The answer to every change is lost after its execution.
    between
        .faults
        .lose_answers
        .store(u64::MAX, Ordering::Relaxed);
    let home = server.dir().to_owned();
    let args = |url: &str| -> Vec<String> {
        let words = [
            "--redis", url, "--json", "--user", "alice", "add", "espresso", "2", "--op-id",
            "till-1",
        ];
        words.map(str::to_owned).to_vec()
    };
    let lossy = args(&between.url());
    let task = tokio::task::spawn_blocking(move || {
        let lossy: Vec<&str> = lossy.iter().map(String::as_str).collect();
        trolley(&home, &lossy).finish()
    });
    let output = in_time("the answer", task).await.unwrap();
    assert_eq!(output.status.code(), Some(3));
    let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&said["error"]["code"], &said["error"]["op_id"]),
        (&"unknown".into(), &"till-1".into())
    );
    assert!(
        between.faults.caused.load(Ordering::Relaxed) > 1,
        "it was sent again"
    );
    let again = args(server.url());
    let again: Vec<&str> = again.iter().map(String::as_str).collect();
    let output = trolley(server.dir(), &again).finish();
    let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(said["quantity"], 2);
    assert_eq!(server.get("ZSCORE cart:alice espresso"), "2");
}

#[test]
fn undo_takes_back_only_ones_own_work() {
    let server = Server::with_demo();
    let mut ann = shop(&server, "alice", "ann");
    let mut bob = shop(&server, "alice", "bob");
    ann.wait("64 products");
    bob.wait("64 products");
    ann.keys("u");
    ann.wait("There is nothing to undo");
    ann.keys("3 a");
    bob.wait("3 items");
    bob.keys("2 a");
    ann.wait("5 items");
    // Only what is confirmed can be taken back.
    ann.gone("…€");
    ann.keys("u");
    bob.wait("2 items");
    ann.wait("2 items");
    ann.gone("…€");
    ann.keys("ctrl-r");
    bob.wait("5 items");
    ann.wait("5 items");
    ann.gone("…€");
    // Clearing asks for another key than its own, and can be taken back.
    ann.keys("down 4 a");
    bob.wait("9 items");
    ann.wait("9 items");
    ann.keys("C C");
    ann.wait("Clear the whole cart, 2 lines");
    ann.keys("y");
    ann.wait("Cleared 2 lines");
    bob.wait("The cart is empty");
    ann.wait("you +cleared 2 lines");
    ann.keys("u");
    bob.wait("9 items");
    bob.wait("ann +undid a change of 2 lines");
    // Nobody's pieces have become another's by that.
    let shares = |product: &str| {
        let raw = server.get(&format!("HGET {{cart:alice}}:by {product}"));
        let mut shares: Vec<String> = raw.lines().map(str::to_owned).collect();
        shares.sort();
        shares
    };
    let products = server.get_list("ZRANGE cart:alice 0 -1");
    let shared = products
        .iter()
        .find(|product| server.get(&format!("ZSCORE cart:alice {product}")) == "5")
        .unwrap();
    assert_eq!(shares(shared), ["2 bob", "3 ann"]);
    // Of a part, too, and of the line that bob removes. Whoever acts has seen what was before.
    ann.wait("9 items");
    ann.gone("…€");
    ann.keys("tab g 4 -");
    bob.wait("5 items");
    assert_eq!(shares(shared), ["1 bob"]);
    ann.wait("5 items");
    ann.gone("…€");
    ann.keys("u");
    bob.wait("9 items");
    assert_eq!(shares(shared), ["2 bob", "3 ann"]);
    bob.keys("tab g d");
    bob.wait("Removed");
    ann.wait("4 items");
    bob.keys("u");
    ann.wait("9 items");
    bob.wait("9 items");
    bob.gone("…€");
    assert_eq!(shares(shared), ["2 bob", "3 ann"]);
    // What was ann's alone comes from her, whoever brings it back; all see that.
    let hers = products.iter().find(|product| *product != shared).unwrap();
    bob.keys("C y");
    bob.wait("Cleared 2 lines");
    ann.wait("The cart is empty");
    bob.keys("u");
    ann.wait("9 items");
    assert_eq!(shares(hers), ["4 ann"]);
    assert!(
        server
            .get(&format!("HGET {{cart:alice}}:lines {hers}"))
            .ends_with(" ann")
    );
    let name = server.get(&format!("HGET product:{hers} name"));
    for terminal in [&ann, &bob] {
        terminal.wait(&format!("4 {name} +ann "));
    }
}

#[tokio::test]
async fn what_is_taken_back_is_never_the_change_before_the_last() {
    let server = Server::with_demo();
    let products = products(&server).await;
    let mut ann = Headless::open(server.url(), "alice", named("ann"), &products);
    let said = |ann: &Headless| ann.state.notice.as_ref().map(|notice| notice.text.clone());
    let wait = Some("The last change is not confirmed yet".to_owned());
    ann.calm().await;
    ann.key("3");
    ann.key("a");
    ann.calm().await;
    // No answer is taken in between two keys.
    ann.key("a");
    ann.key("u");
    assert_eq!((said(&ann), ann.sent.len()), (wait.clone(), 2));
    ann.calm().await;
    ann.key("u");
    ann.key("ctrl-r");
    assert_eq!((said(&ann), ann.sent.len()), (wait, 3));
    ann.calm().await;
    assert_eq!(ann.cart().pieces(), 3);
    // Several in a row are each the last.
    ann.key("ctrl-r");
    ann.calm().await;
    ann.key("u");
    ann.key("u");
    ann.calm().await;
    assert_eq!((ann.cart().pieces(), ann.sent.len()), (0, 6));
}

#[test]
fn what_is_no_longer_sold_keeps_its_name() {
    let server = Server::with_demo();
    let mut ann = shop(&server, "alice", "ann");
    ann.wait("64 products");
    ann.keys("3 a");
    ann.wait("3 items");
    // What shows may still be on its way.
    until("the change is made", || {
        server.get("ZSCORE cart:alice baguette") == "3"
    });
    ok(&server, &["product", "delete", "baguette"]);
    ann.wait("63 products");
    ann.wait("no longer sold.*Baguette|Baguette.*no longer");
    // Also where the catalog is read as a whole.
    server.cmd("PUBLISH catalog-updates *");
    ok(&server, &["product", "set", "zz", "name=Zebra", "price=1"]);
    ann.wait("64 products");
    assert!(ann.text().contains("Baguette"), "{}", ann.text());
}

#[test]
fn the_activity_is_there_from_the_start() {
    let server = Server::with_demo();
    ok(
        &server,
        &["--user", "alice", "--name", "cleo", "add", "espresso", "3"],
    );
    ok(
        &server,
        &[
            "--user", "alice", "--name", "cleo", "remove", "espresso", "1",
        ],
    );
    let mut ann = shop(&server, "alice", "ann");
    ann.wait(r"\d\d:\d\d cleo +took out 1 × Espresso");
    ann.wait(r"\d\d:\d\d cleo +added 3 × Espresso");
    ann.keys("v");
    ann.gone(" Activity ");
    ann.resize(80, 24);
    ann.keys("v");
    ann.wait(" Activity ");
}

#[test]
fn the_activity_scrolls_by_keys_and_wheel_and_stays_where_it_is() {
    let mut ann = harness::screens::TestScreen::filled(80, 24);
    for n in 1..=60 {
        ann.change("bob@kitchen", "espresso", 12 + n, 1, "2.40");
        ann.change("bob@kitchen", "baguette", 2 + n, 1, "1.90");
    }
    ann.keys("tab v");
    // Here it has the place of the cart, and its keys; the newest is on top.
    let first = |ann: &harness::screens::TestScreen| ann.state.activity.top;
    ann.keys("down down");
    assert_eq!(first(&ann), 2);
    ann.keys("G");
    let last = first(&ann);
    assert_eq!(last, 100 - 19);
    ann.keys("down pagedown");
    assert_eq!(first(&ann), last);
    ann.keys("5 up");
    assert_eq!(first(&ann), last - 5);
    // What is read stays where it is when more comes.
    ann.keys("g down");
    ann.change("bob@kitchen", "espresso", 80, 1, "2.40");
    assert_eq!(first(&ann), 2);
    ann.keys("g");
    ann.change("bob@kitchen", "espresso", 81, 1, "2.40");
    assert_eq!(first(&ann), 0);
    // Below the cart the wheel scrolls it.
    ann.take_in(Message::Resize(120, 36));
    let areas = ann.state.areas().unwrap();
    let area = areas.activity.unwrap();
    let wheel = |kind| {
        Message::Mouse(Mouse {
            kind,
            column: area.x + 3,
            row: area.y + 2,
        })
    };
    ann.take_in(wheel(MouseKind::WheelDown));
    assert_eq!((first(&ann), ann.state.cart.scroll.cursor), (3, 0));
    ann.take_in(wheel(MouseKind::WheelUp));
    ann.take_in(wheel(MouseKind::WheelUp));
    assert_eq!(first(&ann), 0);
}

#[test]
fn what_one_person_does_to_one_product_in_a_row_is_one_entry() {
    let mut ann = harness::screens::TestScreen::filled(120, 36);
    let said = |ann: &harness::screens::TestScreen| {
        let picture = ann.picture();
        let rows = picture
            .lines()
            .skip_while(|line| !line.contains(" Activity "))
            .skip(1)
            .take(6);
        let entry = regex::Regex::new(r"(\d\d:\d\d .*?) *[│┃]").unwrap();
        let words = |row: &str| row.split_whitespace().collect::<Vec<_>>().join(" ");
        rows.filter_map(|row| Some(words(&entry.captures(row)?[1])))
            .collect::<Vec<_>>()
    };
    ann.link(LiveEvent::Cart(Cart {
        version: 104,
        ..Cart::default()
    }));
    let step = |ann: &mut harness::screens::TestScreen,
                after: u64,
                by: &str,
                product: &str,
                quantity: u32,
                delta: i64| {
        ann.server += after;
        ann.change(by, product, quantity, delta, "2.40");
    };
    for n in 1..=40 {
        step(&mut ann, 1_000, "bob", "espresso", n, 1);
    }
    assert_eq!(said(&ann)[0], "11:07 bob added 40 × Espresso");
    assert_eq!(said(&ann)[1], "11:06 old till added 3 × discontinued");
    // Another person, another product, another direction, a pause: entries of their own.
    step(&mut ann, 0, "ann", "espresso", 42, 2);
    step(&mut ann, 0, "bob", "espresso", 43, 1);
    step(&mut ann, 0, "bob", "milk", 1, 1);
    step(&mut ann, 0, "bob", "espresso", 41, -2);
    step(&mut ann, 59_000, "bob", "espresso", 40, -1);
    step(&mut ann, 2_000, "bob", "espresso", 39, -1);
    let expected = [
        "11:08 bob took out 2 × Espresso",
        "11:07 bob took out 2 × Espresso",
        "11:07 bob added 1 × Whole Milk",
        "11:07 bob added 1 × Espresso",
        "11:07 ann added 2 × Espresso",
        "11:07 bob added 40 × Espresso",
    ];
    assert_eq!(said(&ann), expected);
    // Nothing is counted twice when the log is read again, nor lost when it comes late.
    let log: Vec<_> = ann.told.clone();
    ann.link(LiveEvent::Activity(log.clone()));
    assert_eq!(said(&ann), expected);
    let mut late = harness::screens::TestScreen::filled(120, 36);
    late.state.activity = Default::default();
    late.link(LiveEvent::Activity(log[log.len() - 1..].to_vec()));
    late.link(LiveEvent::Activity(log));
    assert_eq!(said(&late), expected);
    // What is read stays where it is, whether what comes is an entry of its own or not.
    ann.state.activity.top = 1;
    step(&mut ann, 1_000, "bob", "espresso", 38, -1);
    assert_eq!(ann.state.activity.top, 1);
    step(&mut ann, 1_000, "ann", "espresso", 40, 2);
    assert_eq!(ann.state.activity.top, 2);
}

#[test]
fn watchers_come_and_go() {
    let server = Server::with_demo();
    let ann = shop(&server, "alice", "ann");
    let mut bob = shop(&server, "alice", "bob");
    ann.wait("with bob");
    bob.wait("with ann");
    bob.keys("q");
    ann.gone("with bob");
    let cleo = shop(&server, "alice", "cleo");
    ann.wait("with cleo");
    let left: i64 = server.get("PTTL {cart:alice}:watchers").parse().unwrap();
    assert!(
        (1..=15_000).contains(&left),
        "a killed terminal is forgotten within 15 s, not {left} ms"
    );
    cleo.signal(Signal::KILL);
    ann.gone("with cleo");
}

#[test]
fn all_screens_count_down_alike_and_one_key_keeps_the_session() {
    let server = Server::with_demo();
    let open = |name| {
        let args = [
            "--redis",
            server.url(),
            "--user",
            "alice",
            "--name",
            name,
            "--session-timeout",
            "100s",
        ];
        Terminal::builder(TROLLEY)
            .args(&args)
            .home(server.dir())
            .open()
    };
    let (mut ann, bob) = (open("ann"), open("bob"));
    ann.wait("64 products");
    bob.wait("64 products");
    ann.keys("a");
    bob.wait("1 item ");
    ann.wait("K keeps it");
    ann.wait("1:[0-3][0-9] left");
    bob.wait("1:[0-3][0-9] left");
    // However long looking takes: what bob's shows lies between what ann's showed before and
    // what it shows after. A screen may be late for a moment.
    let seconds = |terminal: &Terminal| terminal.screen(seconds_left).unwrap();
    let before = seconds(&ann);
    until("both count alike", || {
        let before = seconds(&ann);
        let bobs = seconds(&bob);
        let after = seconds(&ann);
        (after - 1..=before + 1).contains(&bobs)
    });

    let least = before - 4;
    for terminal in [&ann, &bob] {
        terminal.wait_until("it does not count down", |screen| {
            seconds_left(screen).is_some_and(|left| left <= least)
        });
    }
    ann.keys("K");
    for terminal in [&ann, &bob] {
        terminal.wait_until("it does not begin anew", |screen| {
            seconds_left(screen).is_some_and(|left| left > least)
        });
    }
}

/// The seconds until the cart expires, as a screen shows them.
fn seconds_left(screen: &vt100::Screen) -> Option<i64> {
    let clock = regex::Regex::new(r"(\d):(\d\d) left").unwrap();
    let text = screen.contents();
    let found = clock.captures(&text)?;
    let number = |at: usize| found[at].parse::<i64>().unwrap();
    Some(number(1) * 60 + number(2))
}

#[tokio::test]
async fn lines_that_nobody_touches_leave_by_themselves() {
    let server = Server::with_demo();
    let products = products(&server).await;
    let policy = |by: &str| Policy {
        item_timeout: Timeout::After(3_000),
        ..named(by)
    };
    let mut ann = Headless::open(server.url(), "alice", policy("ann"), &products);
    let mut bob = Headless::open(server.url(), "alice", policy("bob"), &products);
    ann.calm().await;
    bob.calm().await;
    ann.key("a");
    ann.select(5);
    ann.key("a");
    bob.until("both lines", |state| state.cart.confirmed.lines.len() == 2)
        .await;
    // Touched again and again, a line stays.
    let version = ann.cart().version;
    let deadline = Deadline::start();
    while bob.cart().lines.len() == 2 {
        deadline.check("the other line leaves");
        ann.key("a");
        ann.calm().await;
        bob.step().await;
    }
    assert!(bob.cart().version > version);
    assert_eq!(bob.cart().lines[0].product, products_in_order(&products, 5));
    let said: Vec<_> = bob
        .state
        .activity
        .entries
        .iter()
        .filter_map(|entry| entry.change())
        .filter(|change| change.kind == trolley::model::ChangeKind::Expire)
        .collect();
    assert_eq!(said.len(), 1);
    ann.until("empty", |state| state.cart.confirmed.lines.is_empty())
        .await;
    bob.until("empty", |state| state.cart.confirmed.lines.is_empty())
        .await;
    assert_eq!(server.get("EXISTS cart:alice"), "0");
}

fn products_in_order(products: &[Product], place: usize) -> trolley::model::ProductId {
    products[place].id.clone()
}

/// Text that would harm a terminal, each with what must never come out.
const HOSTILE: [&str; 9] = [
    "\u{1b}]52;c;aGFjaw==\u{7}",
    "\u{1b}[2J\u{1b}[31m",
    "\u{9b}31m",
    "\u{90}q\u{9c}",
    "\u{202e}txet\u{202c}\u{2066}x",
    "\u{200b}\u{200d}\u{feff}",
    "e\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}",
    "\r\n\t\u{8}\u{7f}",
    "\u{e0041}\u{fe0f}",
];

fn assert_harmless(bytes: &[u8], what: &str, sequences: bool) {
    let text = String::from_utf8_lossy(bytes);
    for bad in [
        "]52;c;aGFj\u{7}",
        "\u{1b}]52",
        "\u{1b}[2J\u{1b}[31m",
        "\u{9b}",
        "\u{90}",
        "\u{202e}",
        "\u{2066}",
        "\u{200b}",
        "\u{feff}",
        "\u{e0041}",
        "\u{8}",
    ] {
        assert!(!text.contains(bad), "{what} lets {bad:?} through: {text:?}");
    }
    assert!(
        !text.contains(&"\u{301}".repeat(4)),
        "{what} lets a flood through"
    );
    if !sequences {
        assert!(!text.contains('\u{1b}'), "{what}: {text:?}");
    }
}

#[test]
fn hostile_text_never_reaches_the_terminal() {
    let server = Server::with_demo();
    let long = "x".repeat(100_000);
    let all = HOSTILE.join("!");
    server.raw(&["HSET", "shop", "name", &all, "currency", &all]);
    for (place, text) in HOSTILE
        .iter()
        .copied()
        .chain([long.as_str(), all.as_str()])
        .enumerate()
    {
        let id = format!("h{place}{text}");
        let id = &id[..id.floor_char_boundary(200)];
        let key = format!("product:{id}");
        server.raw(&[
            "HSET",
            &key,
            "name",
            text,
            "price",
            "1.00",
            "category",
            text,
            "unit",
            text,
            "description",
            text,
            "stock",
            text,
        ]);
        server.raw(&["ZADD", "catalog", "0", id]);
        server.raw(&["ZADD", "cart:alice", "2", id]);
    }
    server.raw(&["ZADD", "cart:alice", "2", &format!("gone{all}")]);
    server.raw(&["XADD", "{cart:alice}:log", "*", "u", &format!("{{\"v\":\"1\",\"op\":\"x\",\"by\":{},\"kind\":\"edit\",\"at\":1,\"until\":0,\"count\":1,\"lines\":[[\"espresso\",1,1]]}}", serde_json::to_string(&all).unwrap())]);
    server.raw(&[
        "ZADD",
        "{cart:alice}:watchers",
        "99999999999999",
        &format!("id {all}"),
    ]);

    let args = ["--redis", server.url(), "--user", "alice", "--name", &all];
    let mut screen = Terminal::builder(TROLLEY)
        .args(&args)
        .home(server.dir())
        .size(160, 50)
        .open();
    screen.wait("12 lines|13 lines");
    screen.keys("G tab G K tab /");
    screen.paste(&all);
    screen.keys("enter ? esc");
    screen.wait("● live");
    screen.keys("q");
    screen.wait_exit();
    assert_harmless(&screen.raw(), "the screen", true);

    for command in [
        &["products"][..],
        &["cart", "--user", "alice"],
        &["products", "--json"],
        &["cart", "--json", "--user", "alice"],
    ] {
        let output = run(&server, command);
        assert!(output.status.success(), "{output:?}");
        assert_harmless(&output.stdout, &format!("{command:?}"), false);
    }
    for args in [
        &["add", &all][..],
        &["add", "espresso", &all],
        &["--user", &all, "cart"],
        &[&all],
        &["--config", &all, "cart"],
        &["--session-timeout", &all, "cart"],
        &["--redis", &all, "cart"],
        &["cart", &format!("--{all}")],
    ] {
        for json in [false, true] {
            let mut args = args.to_vec();
            if json {
                args.push("--json");
            }
            let output = run(&server, &args);
            assert!(!output.status.success());
            assert_harmless(&output.stdout, &format!("{args:?}"), false);
            assert_harmless(&output.stderr, &format!("{args:?}"), false);
        }
    }
    let output = trolley(server.dir(), &["cart"])
        .env("TROLLEY_REDIS", &all)
        .finish();
    assert_harmless(&output.stderr, "the environment", false);
    std::fs::write(
        server.dir().join("bad.toml"),
        format!("x = '{}'", all.replace(['\r', '\n'], "")),
    )
    .unwrap();
    let output = run(
        &server,
        &[
            "--config",
            server.dir().join("bad.toml").to_str().unwrap(),
            "cart",
        ],
    );
    assert_harmless(&output.stderr, "the settings file", false);
}

#[tokio::test]
async fn a_change_whose_answer_was_lost_is_never_shown_twice() {
    let server = Server::with_demo();
    let products = products(&server).await;
    let between = Proxy::start(&server.socket(), "between");
    let mut ann = Headless::open(&between.url(), "alice", named("ann"), &products);
    ann.calm().await;
    let downs = ann.downs;
    between.faults.lose_answers.store(1, Ordering::Relaxed);
    ann.key("3");
    ann.key("a");
    ann.until_it("the outcome", |ann| {
        assert_eq!(
            ann.state.cart.shown.pieces(),
            3,
            "{:?}",
            ann.state.connectivity
        );
        !ann.settled.is_empty()
    })
    .await;
    let downs = ann.downs - downs;
    assert_eq!((downs, ann.state.cart.shown.pieces()), (1, 3));
}
