//! Who is ready, and who is expected: what takes it back, what does not, and who hears of it.

use crate::harness;

use harness::shopping::{
    add, change, check_out, connect_as, hear, id, named, on_many_threads, sell, user,
};
use harness::watch::Watch;
use harness::{Server, ok_as, run, until};
use trolley::model::{Cart, ChangeKind, Edit, Refusal, RuleChange, Update};
use trolley::store::live::{self, LiveEvent, LiveRequest, Subscription};
use trolley::store::{self, Address, Connection, Error};

/// Says to be ready, or takes it back.
async fn say(link: &mut Connection, kind: ChangeKind) -> Result<Update, Error> {
    link.apply(&user("office"), &change(kind, Vec::new())).await
}

async fn ready(link: &mut Connection) -> String {
    let cart = store::get_cart_items(link, &user("office")).await.unwrap();
    cart.ready.join(" ")
}

#[test]
fn who_is_ready_stays_so_until_a_change_of_their_own() {
    let server = Server::start();
    sell(&server, "tea", "2.40", "");
    on_many_threads().block_on(async {
        let cart = user("office");
        let mut ann = connect_as(server.url(), "ann").await;
        let mut bob = connect_as(server.url(), "bob").await;

        // There is nothing to be ready for.
        let early = say(&mut ann, ChangeKind::Ready).await;
        assert_eq!(early, Err(Refusal::EmptyCart.into()));
        add(&mut bob, &cart, "tea", 3).await;
        // Who has nothing in the cart may be ready, too.
        say(&mut ann, ChangeKind::Ready).await.unwrap();
        let said = change(ChangeKind::Ready, Vec::new());
        let first = bob.apply(&cart, &said).await.unwrap();
        assert_eq!(ready(&mut ann).await, "ann bob");

        // A repeat of what was said before says nothing new.
        let more = store::add_to_cart(&mut bob, &cart, &id("tea"), 1).await;
        assert_eq!(more.unwrap().version, first.version + 1);
        assert_eq!(bob.apply(&cart, &said).await.unwrap(), first);
        assert_eq!(ready(&mut ann).await, "ann");

        // Keeping the cart alive changes nothing of it; undoing does.
        say(&mut ann, ChangeKind::Touch).await.unwrap();
        assert_eq!(ready(&mut ann).await, "ann");
        let take = Edit::Take {
            product: id("tea"),
            quantity: 1,
        };
        ann.apply(&cart, &change(ChangeKind::Undo, vec![take]))
            .await
            .unwrap();
        assert_eq!(ready(&mut ann).await, "");
        assert_eq!(server.get("HGET {cart:office}:meta ready"), "");

        // Somebody with a name that is a part of another.
        let mut an = connect_as(server.url(), "an").await;
        for link in [&mut ann, &mut an, &mut bob] {
            say(link, ChangeKind::Ready).await.unwrap();
        }
        say(&mut an, ChangeKind::Unready).await.unwrap();
        assert_eq!(ready(&mut an).await, "ann bob");
        let log = store::get_log(&mut ann, &cart).await.unwrap();
        let kinds: Vec<ChangeKind> = log.iter().rev().take(2).map(|update| update.kind).collect();
        assert_eq!(kinds, [ChangeKind::Unready, ChangeKind::Ready]);
    });
}

#[test]
fn locks_and_deadlines_leave_readiness_alone_and_orders_end_it() {
    let server = Server::start();
    sell(&server, "tea", "2.40", "");
    on_many_threads().block_on(async {
        let cart = user("office");
        let mut ann = connect_as(server.url(), "ann").await;
        add(&mut ann, &cart, "tea", 3).await;
        let closed = [RuleChange::Locked(true), RuleChange::Closes(Some(1))];
        store::set_rules(&mut ann, &cart, &closed).await.unwrap();
        say(&mut ann, ChangeKind::Ready).await.unwrap();
        say(&mut ann, ChangeKind::Unready).await.unwrap();
        say(&mut ann, ChangeKind::Ready).await.unwrap();
        // What has edits is no such change, whatever it calls itself.
        let add_one = Edit::Add {
            product: id("tea"),
            quantity: 1,
            price: None,
        };
        let hidden = change(ChangeKind::Ready, vec![add_one]);
        let hidden = ann.apply(&cart, &hidden).await;
        assert_eq!(hidden, Err(Refusal::Locked("ann".to_owned()).into()));

        check_out(&mut ann, &cart).await.unwrap();
        assert_eq!(server.get("HEXISTS {cart:office}:meta ready"), "0");
        let open = [RuleChange::Locked(false), RuleChange::Closes(None)];
        store::set_rules(&mut ann, &cart, &open).await.unwrap();

        // Nobody is ready in a cart that has been emptied, or has expired.
        for ends in ["DEL cart:office", "PEXPIRE cart:office 1"] {
            add(&mut ann, &cart, "tea", 3).await;
            say(&mut ann, ChangeKind::Ready).await.unwrap();
            assert_eq!(ready(&mut ann).await, "ann");
            server.cmd(ends);
            until("the cart is gone", || {
                server.get("EXISTS cart:office") == "0"
            });
            assert_eq!(ready(&mut ann).await, "");
            let mut bob = connect_as(server.url(), "bob").await;
            add(&mut bob, &cart, "tea", 1).await;
            assert_eq!(ready(&mut ann).await, "");
            say(&mut ann, ChangeKind::Ready).await.unwrap();
            store::clear_as(&mut bob, &cart, store::new_op())
                .await
                .unwrap();
            assert_eq!(server.get("HGET {cart:office}:meta ready"), "");
        }
    });
}

#[test]
fn a_hostile_client_makes_nobody_else_ready_and_no_list_without_end() {
    let server = Server::start();
    sell(&server, "tea", "2.40", "");
    on_many_threads().block_on(async {
        let cart = user("office");
        let mut ann = connect_as(server.url(), "ann").await;
        add(&mut ann, &cart, "tea", 3).await;
        for name in ["x\nbob\n".to_owned(), "x".repeat(300)] {
            let mut hostile = connect_as(server.url(), &name).await;
            let refused = say(&mut hostile, ChangeKind::Ready).await;
            assert!(matches!(refused, Err(Error::Trouble(_))), "{refused:?}");
        }
        let names: String = (0..1_000).map(|n| format!("name{n}\n")).collect();
        server.raw(&["HSET", "{cart:office}:meta", "ready", &names]);
        let refused = say(&mut ann, ChangeKind::Ready).await;
        let full = Err(Error::Refused(Refusal::NoMoreReady));
        assert_eq!(refused.map(drop), full);
        let said = run(&server, &["--user", "office", "--name", "ann", "ready"]);
        let said = String::from_utf8(said.stderr).unwrap();
        assert!(
            said.contains("No more people can say that they are ready"),
            "{said}"
        );
        // One can always go.
        let mut last = connect_as(server.url(), "name999").await;
        say(&mut last, ChangeKind::Unready).await.unwrap();
        say(&mut ann, ChangeKind::Ready).await.unwrap();

        server.raw(&[
            "HSET",
            "{cart:office}:meta",
            "ready",
            "a\x1b[31m\n\n\nann\nann\n",
        ]);
        assert_eq!(ready(&mut ann).await, "a\u{fffd}[31m ann");
    });
}

/// Waits until a screen's link has told this of who is ready.
async fn hear_ready(live: &mut Subscription, cart: &mut Cart, names: &[&str]) {
    hear(live, "who is ready", |event| {
        match event {
            LiveEvent::Cart(read) => *cart = read,
            LiveEvent::Update(update) => _ = cart.apply(&update),
            _ => {}
        }
        (cart.ready == names).then_some(())
    })
    .await;
}

#[tokio::test]
async fn everybody_on_a_link_hears_who_is_ready() {
    let server = Server::with_demo();
    let address = Address::parse(server.url()).unwrap();
    let (_link, mut live) = live::open(address, &user("office"), named("ann"), None);
    let mut bob = connect_as(server.url(), "bob").await;
    add(&mut bob, &user("office"), "espresso", 1).await;

    let mut cart = Cart::default();
    say(&mut bob, ChangeKind::Ready).await.unwrap();
    hear_ready(&mut live, &mut cart, &["bob"]).await;
    live.request(LiveRequest::Change(change(ChangeKind::Ready, Vec::new())));
    hear_ready(&mut live, &mut cart, &["bob", "ann"]).await;
    add(&mut bob, &user("office"), "espresso", 1).await;
    hear_ready(&mut live, &mut cart, &["ann"]).await;

    // What another client writes without a word is found, too.
    server.cmd("HSET {cart:office}:meta ready cai");
    hear_ready(&mut live, &mut cart, &["cai"]).await;
}

#[test]
fn the_commands_of_readiness_and_expected_names() {
    let server = Server::with_demo();
    let by = |name: &str, args: &[&str]| ok_as(&server, "alice", name, args);
    let mut watch = Watch::start(&server, server.url());

    by("ann", &["add", "espresso"]);
    watch.next();
    assert_eq!(
        by("bob", &["ready"]),
        "bob is ready, until bob changes the cart\n"
    );
    let told = watch.next();
    assert_eq!(
        (&told["kind"], &told["by"]),
        (&"ready".into(), &"bob".into())
    );
    let cart = by("ann", &["cart"]);
    assert!(cart.ends_with("\n        ready: bob\n"), "{cart}");
    assert_eq!(
        by("bob", &["ready", "--not"]),
        "bob is not ready any more\n"
    );
    assert_eq!(watch.next()["kind"], "unready");

    let rules = by("ann", &["rules", "--expect", "ann, bob,cai,bob"]);
    assert!(rules.ends_with("expected     ann, bob, cai\n"), "{rules}");
    assert_eq!(
        watch.next()["rules"]["expected"],
        serde_json::json!(["ann", "bob", "cai"])
    );
    let rules: serde_json::Value =
        serde_json::from_str(&by("ann", &["rules", "--expect", "none", "--json"])).unwrap();
    assert_eq!(rules["expected"], serde_json::json!([]));
    assert_eq!(watch.next()["rules"]["expected"], serde_json::json!([]));

    let many: Vec<String> = (0..101).map(|n| format!("n{n}")).collect();
    let many = run(
        &server,
        &["--user", "alice", "rules", "--expect", &many.join(",")],
    );
    assert_eq!(many.status.code(), Some(2));
    by("ann", &["clear"]);
    let empty = run(&server, &["--user", "alice", "ready"]);
    assert_eq!(empty.status.code(), Some(1));
}
