//! Writes whose answers are lost: each is asked again, and where no answer comes it is told as
//! unknown, with the id that it has.

use crate::harness;

use futures::future::join;
use harness::patience::answered;
use harness::shopping::{connect_as, id, named, quick_server, sell, user};
use harness::{Headless, Proxy, Server};
use serde_json::Value;
use std::sync::atomic::Ordering;
use tokio::runtime::Handle;
use trolley::model::{ChangeKind, Edit};
use trolley::store::{self, Error, Trouble};

/// A server with two products, an order of eve's, and something in her cart again. It knows all
/// scripts: one that must be loaded first is never run where no answer comes.
fn shop() -> (Server, String) {
    let server = quick_server();
    sell(&server, "tea", "2.40", "100");
    sell(&server, "cake", "3.10", "100");
    let eve = |args: &[&str]| harness::ok_as(&server, "eve", "eve", args);
    let order = || {
        eve(&["add", "tea", "3"]);
        let placed: Value = serde_json::from_str(&eve(&["checkout", "--yes", "--json"])).unwrap();
        placed["order"].as_str().unwrap().to_owned()
    };

    let cancelled = order();
    eve(&["split", &cancelled, "--open", "eve"]);
    eve(&["order", &cancelled, "accept"]);
    eve(&["order", &cancelled, "undo"]);
    eve(&["order", &cancelled, "cancel"]);
    eve(&["rules", "--deadline", "none"]);
    #[cfg(feature = "serve")]
    eve(&["invite", "--cart", "eve", "--name", "zoe"]);
    let placed = order();
    eve(&["add", "tea", "2"]);
    (server, placed)
}

/// Runs a command of eve's whose requests with the bytes `on` lose their first `most` answers.
fn lossy(server: &Server, proxy: &Proxy, args: &[&str], on: &str, most: u64) -> (i32, Value) {
    let faults = &proxy.faults;
    *faults.change.lock().unwrap() = on.as_bytes().to_vec();
    faults.lose_answers.store(most, Ordering::Relaxed);
    faults.caused.store(0, Ordering::Relaxed);

    let all = [&["--user", "eve", "--name", "eve", "--json"][..], args].concat();
    let output = harness::run_at(server.dir(), &proxy.url(), &all);
    assert!(
        faults.caused.load(Ordering::Relaxed) > 0,
        "{args:?} lost nothing"
    );

    faults.lose_answers.store(0, Ordering::Relaxed);
    let said = serde_json::from_slice(&output.stdout);
    let said = said.unwrap_or_else(|_| panic!("{args:?}: {output:?}"));
    (output.status.code().unwrap(), said)
}

/// A command, bytes of its write, and what it does: a question to the server and its answer.
type Case<'a> = (Vec<&'a str>, &'a str, String, &'a str);

fn cases(order: &str) -> Vec<Case<'_>> {
    let state = format!("HGET {{orders}}:{order} state");
    let pieces = "ZSCORE cart:eve tea".to_owned();
    vec![
        (vec!["add", "tea", "4"], "\r\nadd\r\n", pieces.clone(), "6"),
        (vec!["set", "tea", "3"], "\r\nset\r\n", pieces.clone(), "3"),
        (
            vec!["note", "tea", "hot"],
            "\r\nnote\r\n",
            "HLEN {cart:eve}:notes".to_owned(),
            "1",
        ),
        (
            vec!["ready"],
            "\r\nready\r\n",
            "HEXISTS {cart:eve}:meta ready".to_owned(),
            "1",
        ),
        (
            vec!["rules", "--lock"],
            "\r\nlocked\r\n$1\r\n1",
            "HGET {cart:eve}:meta locked".to_owned(),
            "1",
        ),
        (
            vec!["rules", "--unlock"],
            "\r\nlocked\r\n$0",
            "HEXISTS {cart:eve}:meta locked".to_owned(),
            "0",
        ),
        (
            vec!["rules", "--owner", "bob"],
            "\r\nowner\r\n",
            "HGET {cart:eve}:meta owner".to_owned(),
            "bob",
        ),
        (vec!["remove", "tea", "1"], "\r\ntake\r\n", pieces, "2"),
        (
            vec!["clear"],
            "\r\nclear\r\n",
            "EXISTS cart:eve".to_owned(),
            "0",
        ),
        (
            vec!["shop", "currency=£"],
            "-- Setting comes first",
            "HGET shop currency".to_owned(),
            "£",
        ),
        #[cfg(feature = "serve")]
        (
            vec!["invite", "--cart", "eve", "--name", "yan"],
            "\r\nyan\r\n",
            "ZCARD {serve}:invites".to_owned(),
            "2",
        ),
        (
            vec!["product", "set", "cake", "price=4"],
            "HSET",
            "HGET product:cake price".to_owned(),
            "4",
        ),
        (
            vec!["product", "delete", "cake"],
            "UNLINK",
            "EXISTS product:cake".to_owned(),
            "0",
        ),
        (
            vec!["order", order, "accept"],
            "accepted",
            state.clone(),
            "accepted",
        ),
        (
            vec!["split", order, "--settled", "eve"],
            "\r\ncart-updates:\r\n",
            format!("HGET {{orders}}:{order} settled"),
            "eve",
        ),
        (
            vec!["order", order, "undo"],
            "\r\naccepted\r\n$3\r\neve\r\n",
            state.clone(),
            "placed",
        ),
        (
            vec!["order", order, "cancel"],
            "cancelled",
            state,
            "cancelled",
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_whose_answer_is_lost_is_asked_again() {
    let (server, order) = shop();
    let proxy = Proxy::start(&server.socket(), "lossy");
    for (args, on, question, answer) in cases(&order) {
        let (status, said) = lossy(&server, &proxy, &args, on, 1);
        assert_eq!(status, 0, "{args:?}: {said}");
        assert_eq!(server.get(&question), answer, "{args:?}");
    }
    assert_eq!(server.get("HGET product:tea stock"), "100");
}

/// Checks what a command of eve's says whose write is never answered, and that it was done.
fn never_answered(server: &Server, (args, on, question, answer): Case<'_>) {
    let proxy = Proxy::start(&server.socket(), &format!("lossy-{}", args.join("-")));
    let (status, said) = lossy(server, &proxy, &args, on, u64::MAX);
    assert_eq!(server.get(&question), answer, "{args:?}");

    // That a product is gone, or the shop has the setting, is seen without an answer.
    if args.contains(&"delete") || args[0] == "shop" {
        assert_eq!(status, 0, "{said}");
        return;
    }
    let error = &said["error"];
    assert_eq!(
        (status, &error["code"]),
        (3, &"unknown".into()),
        "{args:?}: {said}"
    );
    assert_eq!(
        error["op_id"].is_string(),
        CHANGES.contains(&args[0]),
        "{said}"
    );
}

/// The commands that change a cart: each of their changes has an id.
const CHANGES: [&str; 6] = ["add", "set", "remove", "note", "ready", "clear"];

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_is_never_answered_is_told_as_unknown() {
    let (server, order) = shop();
    // An import waits for longer than a test should. The steps of the order, and the changes of
    // the cart and its lock, follow each other.
    let (cart, others): (Vec<Case<'_>>, Vec<Case<'_>>) = cases(&order)
        .into_iter()
        .filter(|(args, ..)| !args.starts_with(&["product", "set"]))
        .partition(|(args, ..)| CHANGES.contains(&args[0]) || args[0] == "rules");

    let runtime = Handle::current();
    std::thread::scope(|threads| {
        for cases in [cart, others] {
            threads.spawn(|| {
                let _inside = runtime.enter();
                for case in cases {
                    never_answered(&server, case);
                }
            });
        }
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_whose_receipt_cannot_be_read_is_told_with_its_id() {
    let (server, _) = shop();
    let proxy = Proxy::start(&server.socket(), "lossy");
    let args = ["checkout", "--yes"];
    let (status, said) = lossy(&server, &proxy, &args, "returned", u64::MAX);

    let error = &said["error"];
    assert_eq!((status, &error["code"]), (3, &"unread".into()), "{said}");
    let placed = error["order"].as_str().unwrap();
    assert!(
        error["message"].as_str().unwrap().contains(placed),
        "{said}"
    );
    assert_eq!(
        server.get(&format!("HGET {{orders}}:{placed} state")),
        "placed"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_is_never_answered_is_told_as_unknown_with_its_id() {
    let (server, _) = shop();
    let proxy = Proxy::start(&server.socket(), "lossy");
    let args = ["checkout", "--yes"];
    let (status, said) = lossy(&server, &proxy, &args, "\r\nplace\r\n", u64::MAX);

    let error = &said["error"];
    assert_eq!((status, &error["code"]), (3, &"unknown".into()), "{said}");
    let id = error["op_id"].as_str().unwrap();
    assert_eq!(server.get(&format!("HGET {{orders}}:{id} state")), "placed");
    // Asked again under that id, it says what became of it.
    let again = ["checkout", "--yes", "--json", "--op-id", id];
    let again: Value =
        serde_json::from_str(&harness::ok_as(&server, "eve", "eve", &again)).unwrap();
    assert_eq!(again["order"], id);
    assert_eq!(server.get("HGET product:tea stock"), "95");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_of_the_stock_is_never_done_twice() {
    let (server, _) = shop();
    let proxy = Proxy::start(&server.socket(), "lossy");
    let args = ["product", "set", "cake", "stock=+10"];
    let (status, said) = lossy(&server, &proxy, &args, "EVAL", 1);

    let error = &said["error"];
    assert_eq!((status, &error["code"]), (3, &"unknown".into()), "{said}");
    let message = error["message"].as_str().unwrap();
    assert!(
        message.ends_with("; to see it: trolley product show cake"),
        "{message}"
    );
    assert_eq!(server.get("HGET product:cake stock"), "110");
}

/// A server with two pieces of tea in eve's cart, and the way to it.
fn eves_way() -> (Server, Proxy) {
    let server = quick_server();
    sell(&server, "tea", "2.40", "100");
    // It knows the script from now on.
    harness::ok_as(&server, "eve", "eve", &["add", "tea", "2"]);
    let way = Proxy::start(&server.socket(), "lossy");
    (server, way)
}

/// Loses the answer to the next change, and lets nobody in after that.
fn lose_next_answer(server: &Server, way: &Proxy) {
    way.faults.lose_answers.store(1, Ordering::Relaxed);
    way.lead_to(&server.dir().join("nowhere"));
}

/// Waits until eve's four pieces are added. Then it lets people in again, to a server that takes no
/// changes any more.
async fn run_out_of_memory(server: &Server, way: &Proxy) {
    answered("the pieces are added", async || {
        let pieces = server.get("ZSCORE cart:eve tea");
        if pieces == "6" { Ok(()) } else { Err(pieces) }
    })
    .await;
    server.cmd("CONFIG SET maxmemory 1");
    way.lead_to(&server.socket());
}

/// Whether an outcome says that nobody knows it, as the server is out of memory.
fn is_unknown<T>(outcome: &Result<T, Error>) -> bool {
    let out_of_memory = Trouble::OutOfMemory;
    matches!(outcome, Err(Error::Unknown { trouble, .. }) if *trouble == out_of_memory)
}

#[tokio::test]
async fn a_command_that_the_server_can_not_take_again_is_unknown() {
    let (server, way) = eves_way();
    let mut link = connect_as(&way.url(), "eve").await;
    let (eve, tea) = (user("eve"), id("tea"));

    lose_next_answer(&server, &way);
    let adding = store::add_to_cart(&mut link, &eve, &tea, 4);
    let (told, ()) = join(adding, run_out_of_memory(&server, &way)).await;
    assert!(is_unknown(&told), "{told:?}");
}

#[tokio::test]
async fn a_change_that_the_server_can_not_take_again_is_unknown() {
    let (server, way) = eves_way();
    let mut eve = Headless::open(&way.url(), "eve", named("eve"), &[]);
    eve.calm().await;

    lose_next_answer(&server, &way);
    let add = Edit::Add {
        product: id("tea"),
        quantity: 4,
        price: None,
    };
    eve.submit(ChangeKind::Edit, vec![add]);
    run_out_of_memory(&server, &way).await;
    eve.until_it("the outcome", |eve| !eve.settled.is_empty())
        .await;
    assert!(is_unknown(&eve.settled[0].1), "{:?}", eve.settled);
}
