//! What people note on products and for the whole order: whose it is, where it goes and comes back.

use crate::harness;

use harness::order_screens::shared_checkout;
use harness::screens::{SIZES, TestScreen, demo_products, typed};
use harness::shopping::{
    add, change, check_out, connect_as, hear, id, named, on_many_threads, sell, stop_before, user,
};
use harness::watch::Watch;
use harness::{Server, ok_as, run, shop as terminal, until};
use trolley::config::key::Key;
use trolley::model::{Cart, Catalog, ChangeKind, Edit, ProductId, Refusal, RuleChange, Update};
use trolley::store::live::{self, LiveEvent, LiveRequest, Subscription};
use trolley::store::order::{self, Stage};
use trolley::store::{self, Address, Connection, Error, Policy, Shop};
use trolley::tui::layout::palette;
use trolley::tui::message::{Effect, Message};
use trolley::tui::state::Mode;
use trolley::tui::update::update;

async fn apply(link: &mut Connection, kind: ChangeKind, edits: Vec<Edit>) -> Result<Update, Error> {
    link.apply(&user("office"), &change(kind, edits)).await
}

async fn undo(link: &mut Connection, update: &Update) -> Result<Update, Error> {
    apply(link, ChangeKind::Undo, update.inverse()).await
}

/// Notes something on a product, or for the whole order where that is "".
async fn note(link: &mut Connection, product: &str, text: &str) -> Result<Update, Error> {
    let (office, op) = (user("office"), store::new_op());
    let product = Some(id(product)).filter(|_| !product.is_empty());
    let noted = store::note_as(link, &office, product.as_ref(), text, op).await?;
    Ok(noted.update)
}

async fn cart(link: &mut Connection) -> Cart {
    store::get_cart_items(link, &user("office")).await.unwrap()
}

fn told(cart: &Cart, product: &str) -> String {
    let notes = cart.notes.of(&id(product)).iter();
    notes.map(|note| note.told()).collect::<Vec<_>>().join(", ")
}

/// The notes on a product, as they are read.
async fn notes(link: &mut Connection, product: &str) -> String {
    told(&cart(link).await, product)
}

fn shop() -> Server {
    let server = Server::start();
    sell(&server, "tea", "2.40", "");
    sell(&server, "bun", "1.00", "");
    server
}

#[test]
fn a_note_does_not_come_back_without_its_pieces() {
    let server = shop();
    on_many_threads().block_on(async {
        let office = user("office");
        let mut bob = connect_as(server.url(), "bob").await;
        let mut cy = connect_as(server.url(), "cy").await;
        add(&mut bob, &office, "tea", 2).await;
        note(&mut bob, "tea", "no sugar").await.unwrap();
        add(&mut bob, &office, "bun", 1).await;
        let cleared = store::clear_as(&mut bob, &office, store::new_op()).await;
        add(&mut cy, &office, "tea", 2).await;

        // Not all of it has room any more.
        let policy = Policy {
            line_limit: 3,
            ..named("bob")
        };
        let mut bob = bob.with_policy(policy);
        let undone = undo(&mut bob, &cleared.unwrap().update).await.unwrap();
        assert_eq!(undone.notes, []);
        assert_eq!(notes(&mut bob, "tea").await, "");
    });
}

#[test]
fn a_note_is_its_authors_and_is_undone_by_them() {
    let server = shop();
    on_many_threads().block_on(async {
        let office = user("office");
        let mut ann = connect_as(server.url(), "ann").await;
        let mut bob = connect_as(server.url(), "bob").await;
        let nothing = note(&mut ann, "", "back door").await;
        assert_eq!(nothing, Err(Refusal::EmptyCart.into()));
        add(&mut ann, &office, "tea", 2).await;
        let not_there = note(&mut ann, "bun", "warm").await;
        assert_eq!(not_there, Err(Refusal::NotInCart("bun".to_owned()).into()));

        let first = note(&mut ann, "tea", " no\tsugar ").await.unwrap();
        assert_eq!((first.lines.len(), first.count), (0, 1));
        note(&mut bob, "tea", "hot").await.unwrap();
        let second = note(&mut ann, "tea", "sugar").await.unwrap();
        assert_eq!(notes(&mut bob, "tea").await, "ann: sugar, bob: hot");
        undo(&mut ann, &second).await.unwrap();
        assert_eq!(notes(&mut bob, "tea").await, "ann: no sugar, bob: hot");
        undo(&mut ann, &first).await.unwrap();
        assert_eq!(notes(&mut bob, "tea").await, "bob: hot");
        note(&mut bob, "tea", "").await.unwrap();
        assert_eq!(server.get("EXISTS {cart:office}:notes"), "0");

        // One note for the whole order, and undo leaves what others wrote since.
        let mine = note(&mut ann, "", "12:30").await.unwrap();
        note(&mut bob, "", "back door").await.unwrap();
        assert_eq!(
            undo(&mut ann, &mine).await,
            Err(Refusal::NoteChanged.into())
        );
        assert_eq!(cart(&mut ann).await.notes.of_order(), "back door");

        // The same change is applied once.
        let again = change(
            ChangeKind::Edit,
            vec![Edit::Note {
                product: Some(id("tea")),
                text: "hot".to_owned(),
                replaced: None,
            }],
        );
        let applied = bob.apply(&office, &again).await.unwrap();
        note(&mut bob, "tea", "cold").await.unwrap();
        assert_eq!(bob.apply(&office, &again).await.unwrap(), applied);
        assert_eq!(notes(&mut bob, "tea").await, "bob: cold");

        let long = note(&mut ann, "tea", &"x".repeat(201)).await;
        assert_eq!(long, Err(Refusal::NoteTooLong.into()));
        store::set_rules(&mut ann, &office, &[RuleChange::Locked(true)])
            .await
            .unwrap();
        let locked = note(&mut bob, "tea", "late").await;
        assert_eq!(locked, Err(Refusal::Locked("ann".to_owned()).into()));
    });
}

#[test]
fn notes_go_with_their_line_or_the_last_piece_and_come_back_with_undo() {
    let server = shop();
    on_many_threads().block_on(async {
        let (office, tea) = (user("office"), id("tea"));
        let mut ann = connect_as(server.url(), "ann").await;
        let mut bob = connect_as(server.url(), "bob").await;
        add(&mut ann, &office, "tea", 2).await;
        add(&mut bob, &office, "tea", 1).await;
        add(&mut bob, &office, "bun", 1).await;
        note(&mut ann, "tea", "hot").await.unwrap();
        note(&mut bob, "tea", "3 sugars").await.unwrap();
        note(&mut bob, "", "12:30").await.unwrap();

        // Bob's last piece takes his note along, and brings it back.
        let taken = store::remove_from_cart(&mut bob, &office, &tea, Some(1))
            .await
            .unwrap();
        assert_eq!(notes(&mut bob, "tea").await, "ann: hot");
        undo(&mut bob, &taken).await.unwrap();
        assert_eq!(notes(&mut bob, "tea").await, "ann: hot, bob: 3 sugars");

        // So does who takes it from him, and nobody's note is overwritten by that.
        let taken = store::remove_from_cart(&mut ann, &office, &tea, Some(3))
            .await
            .unwrap();
        assert_eq!(notes(&mut ann, "tea").await, "");
        add(&mut bob, &office, "tea", 1).await;
        note(&mut bob, "tea", "4 sugars").await.unwrap();
        let back = undo(&mut ann, &taken).await.unwrap();
        assert_eq!(notes(&mut ann, "tea").await, "bob: 4 sugars, ann: hot");
        let line = cart(&mut ann).await.line(&id("tea")).unwrap().clone();
        let shares: Vec<(&str, u32)> = line
            .shares
            .iter()
            .map(|share| (share.by.as_str(), share.pieces))
            .collect();
        assert_eq!(shares, [("bob", 2), ("ann", 2)]);
        // Redone, it is as before.
        apply(&mut ann, ChangeKind::Redo, back.inverse())
            .await
            .unwrap();
        assert_eq!(notes(&mut ann, "tea").await, "bob: 4 sugars");

        // All go where the cart is cleared, and all come back.
        let whole = cart(&mut ann).await.notes;
        let cleared = store::clear_as(&mut ann, &office, store::new_op()).await;
        assert_eq!(server.get("EXISTS {cart:office}:notes"), "0");
        undo(&mut ann, &cleared.unwrap().update).await.unwrap();
        assert_eq!(cart(&mut ann).await.notes, whole);
        assert_eq!(whole.of_order(), "12:30");
    });
}

#[test]
fn a_new_line_has_no_notes_of_an_old_one() {
    let server = shop();
    on_many_threads().block_on(async {
        let office = user("office");
        let mut ann = connect_as(server.url(), "ann").await;
        add(&mut ann, &office, "tea", 2).await;
        add(&mut ann, &office, "bun", 2).await;
        note(&mut ann, "tea", "hot").await.unwrap();
        note(&mut ann, "", "12:30").await.unwrap();
        // Another client, which knows nothing of notes.
        server.cmd("ZREM cart:office tea");
        assert_eq!(notes(&mut ann, "tea").await, "");
        let mut bob = connect_as(server.url(), "bob").await;
        add(&mut bob, &office, "tea", 1).await;
        assert_eq!(notes(&mut ann, "tea").await, "");
        server.cmd("ZADD cart:office 7 tea");
        note(&mut ann, "tea", "hot").await.unwrap();
        assert_eq!(notes(&mut ann, "tea").await, "ann: hot");

        // An expired cart leaves none.
        server.cmd("PEXPIRE cart:office 1");
        until("the cart is gone", || {
            server.get("EXISTS cart:office") == "0"
        });
        assert_eq!(cart(&mut ann).await.notes, Cart::default().notes);
        add(&mut bob, &office, "tea", 1).await;
        assert_eq!(cart(&mut ann).await.notes, Cart::default().notes);
        assert_eq!(server.get("EXISTS {cart:office}:notes"), "0");
    });
}

#[test]
fn notes_live_as_long_as_their_cart() {
    let server = shop();
    on_many_threads().block_on(async {
        let mut ann = connect_as(server.url(), "ann").await;
        add(&mut ann, &user("office"), "tea", 2).await;
        note(&mut ann, "tea", "hot").await.unwrap();
        let end = |key: &str| {
            let end = server.get(&format!("PEXPIRETIME {key}"));
            end.parse::<i64>().unwrap()
        };
        assert!(end("{cart:office}:notes") > end("cart:office"));
        assert!(end("{cart:office}:notes") > 0);
        server.cmd("DEL {cart:office}:notes");
        note(&mut ann, "tea", "hot").await.unwrap();
        assert!(end("{cart:office}:notes") > end("cart:office"));
    });
}

#[test]
fn an_order_has_what_was_noted_and_leaves_none() {
    let server = shop();
    on_many_threads().block_on(async {
        let office = user("office");
        let mut ann = connect_as(server.url(), "ann").await;
        add(&mut ann, &office, "tea", 2).await;
        note(&mut ann, "tea", "3 sugars").await.unwrap();
        note(&mut ann, "", "12:30, back door").await.unwrap();

        let order = check_out(&mut ann, &office).await.unwrap();
        let order = order::get_order(&mut ann, &order).await.unwrap();
        assert_eq!(order.note, "12:30, back door");
        assert_eq!(order.lines[0].notes[0].told(), "ann: 3 sugars");
        assert_eq!(server.get("EXISTS {cart:office}:notes"), "0");
        let entries = server.cli("XRANGE orders - +");
        assert!(entries.contains("12:30, back door"), "{entries}");

        // While an order is on its way, nobody changes what is noted for it.
        add(&mut ann, &office, "tea", 2).await;
        note(&mut ann, "tea", "hot").await.unwrap();
    });
    stop_before(&server, "office", &Stage::Settle);
    on_many_threads().block_on(async {
        let office = user("office");
        let mut ann = connect_as(server.url(), "ann").await;
        add(&mut ann, &office, "bun", 1).await;
        for product in ["tea", ""] {
            let refused = note(&mut ann, product, "cold").await;
            assert!(
                matches!(refused, Err(Error::Refused(Refusal::BeingOrdered(_)))),
                "{refused:?}"
            );
        }
        note(&mut ann, "bun", "warm").await.unwrap();
        order::resume_now(&mut ann, &office).await.unwrap();
        assert_eq!(notes(&mut ann, "bun").await, "ann: warm");
        assert_eq!(notes(&mut ann, "tea").await, "");
        let last = &order::list_orders(&mut ann, Some(&office), 1)
            .await
            .unwrap()[0];
        assert_eq!(last.lines[0].notes[0].told(), "ann: hot");
    });
}

#[test]
fn what_others_put_into_the_notes_is_bounded_and_clean() {
    let server = shop();
    on_many_threads().block_on(async {
        let office = user("office");
        let mut ann = connect_as(server.url(), "ann").await;
        add(&mut ann, &office, "tea", 2).await;
        for name in ["x\nbob\thot", "x\ty"] {
            let mut hostile = connect_as(server.url(), name).await;
            let refused = note(&mut hostile, "tea", "hot").await;
            assert_eq!(refused, Err(Refusal::CantNote.into()), "{name:?}");
        }
        // Made-up names keep out those who have nothing of the line, and only those.
        add(&mut ann, &office, "bun", 1).await;
        let fill = |from: usize, to: usize| {
            let many: String = (from..to).map(|n| format!("n{n}\thot\n")).collect();
            server.raw(&["HSET", "{cart:office}:notes", "bun", &many]);
        };
        let mut bob = connect_as(server.url(), "bob").await;
        fill(0, 199);
        note(&mut bob, "tea", "hot").await.unwrap();
        note(&mut bob, "tea", "cold").await.unwrap();
        let refused = note(&mut bob, "bun", "hot").await;
        assert_eq!(refused, Err(Refusal::CantNote.into()));
        note(&mut bob, "", "back door").await.unwrap();
        note(&mut ann, "tea", "hot").await.unwrap();
        note(&mut ann, "bun", "warm").await.unwrap();
        note(&mut ann, "bun", "").await.unwrap();
        // Pieces that come by the same change count.
        let edits = vec![
            Edit::Add {
                product: id("bun"),
                quantity: 1,
                price: None,
            },
            Edit::Note {
                product: Some(id("bun")),
                text: "hot".to_owned(),
                replaced: None,
            },
        ];
        bob.apply(&office, &change(ChangeKind::Edit, edits))
            .await
            .unwrap();

        // There is an end for all.
        fill(0, 998);
        let refused = note(&mut ann, "bun", "hot").await;
        assert_eq!(refused, Err(Refusal::CantNote.into()));
        note(&mut ann, "tea", "sugar").await.unwrap();
        fill(0, 200_000);
        let read = cart(&mut ann).await.notes;
        assert_eq!(read.of(&id("bun")).len() + read.of(&id("tea")).len(), 1_000);
        let removed = store::remove_from_cart(&mut ann, &office, &id("bun"), None).await;
        removed.unwrap();
        assert_eq!(notes(&mut ann, "tea").await, "bob: cold, ann: sugar");
        let long = "x".repeat(1_000);
        server.raw(&[
            "HSET",
            "{cart:office}:notes",
            "tea",
            &format!("\n\t\nan\x1bn\t{long}\nno tab"),
        ]);
        let read = cart(&mut ann).await;
        let read = read.notes.of(&id("tea"));
        assert_eq!((read.len(), read[0].by.as_str()), (1, "an\u{fffd}n"));
        assert_eq!(read[0].text.chars().count(), 201);

        server.cmd("DEL {cart:office}:notes");
        server.cmd("SET {cart:office}:notes text");
        let before = server.digest();
        let wrong = note(&mut ann, "tea", "hot").await.unwrap_err().to_string();
        assert!(wrong.contains("{cart:office}:notes is a string"), "{wrong}");
        assert_eq!(server.digest(), before);
        // Who has nothing to do with notes goes on.
        add(&mut ann, &office, "tea", 1).await;
    });
}

/// Waits until what a link tells leads to these notes; returns how often the whole cart was read.
async fn hear_notes(live: &mut Subscription, cart: &mut Cart, text: &str) -> u32 {
    let mut reads = 0;
    hear(live, "the notes", |event| {
        match event {
            LiveEvent::Cart(read) => {
                *cart = read;
                reads += 1;
            }
            LiveEvent::Update(update) => _ = cart.apply(&update),
            _ => {}
        }
        (told(cart, "espresso") == text).then_some(())
    })
    .await;
    reads
}

#[tokio::test]
async fn everybody_on_a_link_hears_of_notes_in_the_update_itself() {
    let server = Server::with_demo();
    let address = Address::parse(server.url()).unwrap();
    let (_link, mut live) = live::open(address, &user("office"), named("ann"), None);
    let mut bob = connect_as(server.url(), "bob").await;
    add(&mut bob, &user("office"), "espresso", 1).await;

    let espresso = ProductId::stored(b"espresso");
    let mut cart = Cart::default();
    note(&mut bob, "espresso", "hot").await.unwrap();
    hear_notes(&mut live, &mut cart, "bob: hot").await;
    let edit = Edit::Note {
        product: Some(espresso.clone()),
        text: "no sugar".to_owned(),
        replaced: None,
    };
    live.request(LiveRequest::Change(change(ChangeKind::Edit, vec![edit])));
    let mut reads = hear_notes(&mut live, &mut cart, "bob: hot, ann: no sugar").await;
    let removed = store::remove_from_cart(&mut bob, &user("office"), &espresso, None)
        .await
        .unwrap();
    reads += hear_notes(&mut live, &mut cart, "").await;
    assert_eq!(reads, 0, "the updates tell all");
    undo(&mut bob, &removed).await.unwrap();
    hear_notes(&mut live, &mut cart, "bob: hot, ann: no sugar").await;
}

#[test]
fn the_command_of_notes_and_where_they_are_told() {
    let server = Server::with_demo();
    let by = |name: &str, args: &[&str]| ok_as(&server, "alice", name, args);
    by("bob", &["add", "espresso", "2"]);
    let mut watch = Watch::start(&server, server.url());
    assert_eq!(
        by("bob", &["note", "espr", "no", "sugar"]),
        "Noted on Espresso: no sugar\n"
    );
    let heard = watch.next();
    let of = |product: Option<&str>, name: Option<&str>, text: &str| serde_json::json!([{ "product": product, "name": name, "text": text }]);
    assert_eq!(
        heard["notes"],
        of(Some("espresso"), Some("bob"), "no sugar")
    );
    assert_eq!(
        by("ann", &["note", "--order", "12:30,", "back", "door"]),
        "Noted on the whole order: 12:30, back door\n"
    );
    assert_eq!(watch.next()["notes"], of(None, None, "12:30, back door"));

    let shown = by("ann", &["cart"]);
    assert!(shown.contains("\n        › bob: no sugar\n"), "{shown}");
    assert!(
        shown.ends_with("\n        Note: 12:30, back door\n"),
        "{shown}"
    );
    let preview = by("ann", &["checkout"]);
    assert!(preview.contains("\n        › bob: no sugar\n"), "{preview}");
    assert!(
        preview.contains("\n        Note: 12:30, back door\n"),
        "{preview}"
    );
    let receipt = by("ann", &["checkout", "--yes"]);
    assert!(receipt.contains("\n    › bob: no sugar\n"), "{receipt}");
    assert!(receipt.contains("\nNote: 12:30, back door\n"), "{receipt}");
    let stream = by(
        "ann",
        &["orders", "--follow", "--from-start", "--count", "1"],
    );
    assert!(stream.contains("\n    › bob: no sugar\n"), "{stream}");
    assert!(stream.contains("\nNote: 12:30, back door\n"), "{stream}");

    by("bob", &["add", "espresso"]);
    by("bob", &["note", "espresso", "hot"]);
    assert_eq!(
        by("bob", &["note", "espresso"]),
        "There is no note of yours on Espresso now\n"
    );
    let wrong = run(&server, &["note"]);
    assert_eq!(wrong.status.code(), Some(2));
}

/// The edit that keys ask of the live link.
fn edit_of(requests: Vec<LiveRequest>) -> Option<Edit> {
    let changes = requests.into_iter().filter_map(|request| match request {
        LiveRequest::Change(change) => Some(change),
        _ => None,
    });
    changes.flat_map(|change| change.edits).next()
}

#[test]
fn a_note_is_typed_on_a_line_of_the_cart() {
    let mut stage = TestScreen::with_people(120, 36);
    // Nothing typed on a new note changes nothing.
    stage.keys("tab");
    assert!(edit_of(stage.requests("n enter")).is_none());
    let edit = edit_of(stage.requests(&format!("n {} enter", typed("no sugar"))));
    let noted = |text: &str| {
        Some(Edit::Note {
            product: Some(id("espresso")),
            text: text.to_owned(),
            replaced: None,
        })
    };
    assert_eq!(edit, noted("no sugar"));
    let picture = stage.picture();
    assert!(picture.contains("› ann@till: no sugar …"), "{picture}");

    // It is edited from what stands there, and removed by an empty one.
    assert_eq!(edit_of(stage.requests("n x enter")), noted("no sugarx"));
    assert!(edit_of(stage.requests("n enter")).is_none());
    assert_eq!(edit_of(stage.requests("n ctrl-u enter")), noted(""));
    assert!(!stage.picture().contains("› ann@till"));

    // In the catalog, on what is in the cart.
    stage.keys("tab g");
    let product = stage.state.target().unwrap();
    stage.keys("n");
    assert_eq!(
        stage.notice(),
        "Baguette is not in the cart: add it first",
        "{product}"
    );
    stage.keys("/");
    stage.keys(&typed("espresso"));
    stage.keys("enter n");
    let picture = stage.picture();
    assert!(
        picture.contains(" Note for Espresso (empty removes it): "),
        "{picture}"
    );
}

#[test]
fn typing_a_note_stops_at_its_longest() {
    let mut stage = TestScreen::with_people(120, 36);
    stage.keys("tab n");
    stage.take_in(Message::Paste("é".repeat(150)));
    assert!(stage.picture().contains(" Note for Espresso "));
    stage.take_in(Message::Paste("é".repeat(150)));
    let picture = stage.picture();
    assert!(
        picture.contains(" A note has at most 200 characters: "),
        "{picture}"
    );
    let Some(Edit::Note { text, .. }) = edit_of(stage.requests("x enter")) else {
        panic!("nothing was noted");
    };
    assert_eq!(text, "é".repeat(200));
}

#[test]
fn what_others_note_is_lit_and_told_and_nothing_can_be_noted_in_a_closed_cart() {
    let mut stage = TestScreen::with_people(120, 36);
    stage.note("bob", "espresso", "no sugar");
    assert_eq!(stage.notice(), "bob noted on Espresso: no sugar");
    assert_eq!(stage.state.highlights[0].product, id("espresso"));
    let picture = stage.picture();
    assert!(picture.contains("  › bob: no sugar "), "{picture}");
    assert!(picture.contains("noted on Espresso: no sugar"), "{picture}");
    stage.note("bob", "espresso", "");
    assert_eq!(stage.notice(), "bob removed the note on Espresso");
    assert!(!stage.picture().contains("› bob"));

    // Missed while nobody listened, it is lit, too.
    stage.pass(10_000);
    let mut cart = stage.state.cart.confirmed.clone();
    cart.version += 5;
    cart.notes.set(Some(&id("flat-white")), "cai", "hot");
    stage.link(LiveEvent::Cart(cart.clone()));
    assert_eq!(stage.state.highlights[0].product, id("flat-white"));

    cart.version += 1;
    cart.rules.owner = Some("bob".to_owned());
    cart.rules.locked = true;
    stage.link(LiveEvent::Cart(cart));
    stage.keys("tab n");
    assert_eq!(stage.notice(), "The cart is locked; bob can reopen it");
}

#[test]
fn a_line_with_many_notes_fits_on_the_screen_and_moves_as_one() {
    for (width, height) in SIZES {
        let mut stage = TestScreen::with_people(width, height);
        stage.keys("tab");
        for n in 0..40 {
            stage.note(
                &format!("guest {n}"),
                "flat-white",
                "with oat milk, and not too hot",
            );
        }
        stage.keys("down");
        let picture = stage.picture();
        assert!(picture.contains("Flat White"), "{picture}");
        assert!(picture.contains(" notes"), "{picture}");
        stage.keys("down");
        let picture = stage.picture();
        assert!(picture.contains("Butter Croissant"), "{picture}");
        let first = stage.state.cart.scroll.top;
        stage.keys("up");
        assert!(stage.state.cart.scroll.top <= first);
        assert!(stage.picture().contains("Flat White"));
    }
}

#[test]
fn the_palette_notes_what_is_typed_behind_the_products_name() {
    let offered = |stage: &TestScreen, typed: &str| {
        let entries = palette::entries(&stage.state, typed);
        let labels: Vec<String> = entries.into_iter().map(|entry| entry.label).collect();
        labels
    };
    let mut stage = TestScreen::with_people(120, 36);
    stage.change("bob", "espresso-beans", 1, 1, "8.90");
    assert_eq!(
        offered(&stage, "note espresso no sugar"),
        [
            "Note for Espresso: no sugar",
            "Note for Espresso Beans: no sugar"
        ]
    );
    assert_eq!(
        offered(&stage, ":note ESPRESSO beans ground"),
        [
            "Note for Espresso Beans: ground",
            "Note for Espresso: beans ground"
        ]
    );
    assert_eq!(
        offered(&stage, "note esp"),
        [
            "Note something for Espresso",
            "Note something for Espresso Beans"
        ]
    );
    let none = palette::entries(&stage.state, "note milk no sugar");
    assert!(none.is_empty(), "{none:?}");

    stage.keys(":");
    stage.keys(&typed("note flat white hot"));
    let Some(Edit::Note { product, text, .. }) = edit_of(stage.requests("enter")) else {
        panic!("nothing was noted");
    };
    assert_eq!((product, text.as_str()), (Some(id("flat-white")), "hot"));
    // Without a text it is asked for.
    stage.keys(":");
    stage.keys(&typed("note flat"));
    stage.keys("enter");
    let picture = stage.picture();
    assert!(picture.contains("(empty removes it): hot"), "{picture}");
}

#[test]
fn the_note_for_the_order_is_written_at_the_checkout_from_what_stands_there() {
    let mut stage = shared_checkout(120, 36);
    let noted = |text: &str, replaced: &str| {
        Some(Edit::Note {
            product: None,
            text: text.to_owned(),
            replaced: Some(replaced.to_owned()),
        })
    };
    stage.keys("n");
    let picture = stage.picture();
    assert!(
        picture.contains(" Note for the order (empty removes it): "),
        "{picture}"
    );
    let edit = edit_of(stage.requests(&format!("{} enter", typed("12 Y"))));
    assert_eq!(edit, noted("12 Y", ""));
    assert!(matches!(stage.state.mode, Mode::Checkout(_)));
    let picture = stage.picture();
    assert!(picture.contains("Note    12 Y … "), "{picture}");

    // Somebody else's note is named as theirs, and only the one that was seen is replaced.
    let mut stage = shared_checkout(120, 36);
    stage.note("bob", "", "back door");
    assert_eq!(stage.notice(), "bob noted on the order: back door");
    stage.keys("n");
    let picture = stage.picture();
    assert!(
        picture.contains(" Note for the order by bob (empty removes it): back door"),
        "{picture}"
    );
    stage.note("cai", "", "front door");
    assert_eq!(edit_of(stage.requests("! enter")), None);
    assert_eq!(
        stage.notice(),
        "cai has just noted on the order: front door · Yours was not saved: back door!"
    );
    let edit = edit_of(stage.requests("n ! enter"));
    assert_eq!(edit, noted("front door!", "front door"));

    // A long one shows where there is room for it, and hides no rule.
    let long = "12:30, back door, please: the front one is locked ".repeat(4);
    let mut stage = shared_checkout(120, 36);
    stage.note("bob", "", long.trim());
    let mut preview = stage.state.checkout.preview.clone().unwrap();
    preview.note = long.trim().to_owned();
    stage.state.checkout.preview = Some(preview);
    let picture = stage.picture();
    assert!(picture.contains("Note    12:30, back door"), "{picture}");
    assert!(
        picture.contains("│        locked 12:30, back door"),
        "{picture}"
    );
    stage.take_in(Message::Resize(80, 24));
    let picture = stage.picture();
    assert!(picture.contains("Note: 12:30, back door"), "{picture}");
    assert!(picture.contains("… · closes "), "{picture}");

    // By the palette, too.
    let mut stage = shared_checkout(120, 36);
    stage.keys(":");
    stage.keys(&typed("note 12:30"));
    assert_eq!(edit_of(stage.requests("enter")), noted("12:30", ""));
    assert!(matches!(stage.state.mode, Mode::Checkout(_)));
    stage.keys(":");
    stage.keys(&typed("note"));
    stage.keys("enter");
    let picture = stage.picture();
    assert!(picture.contains("(empty removes it): 12:30"), "{picture}");
}

#[test]
fn a_note_is_seen_by_the_others_undone_and_on_the_receipt() {
    let server = Server::with_demo();
    let mut ann = terminal(&server, "office", "ann");
    ann.wait("64 products");
    ann.keys(": e s p space 2 enter");
    ann.wait("2 Espresso ");
    let mut bob = terminal(&server, "office", "bob");
    bob.wait("2 Espresso ");

    ann.keys("tab n");
    ann.wait(r"Note for Espresso \(empty removes it\):");
    ann.send(b"no sugar\r");
    ann.wait("You noted on Espresso: no sugar");
    bob.wait("ann noted on Espresso: no sugar");
    bob.wait("› ann: no sugar +");
    bob.wait(r"\d\d:\d\d ann +noted on Espresso: no sugar");

    // Undone and redone, on both screens.
    ann.keys("u");
    ann.wait("You removed the note on Espresso");
    bob.gone("› ann: no sugar");
    ann.gone("› ann: no sugar|…€");
    ann.keys("ctrl-r");
    bob.wait("› ann: no sugar +");
    // A line goes with its note, and comes back with it.
    bob.keys("tab d");
    bob.wait("Removed Espresso");
    ann.gone("› ann: no sugar");
    bob.keys("u");
    ann.wait("› ann: no sugar +");

    bob.send(b":note espresso hot\r");
    ann.wait("› bob: hot +");
    bob.keys("c n");
    bob.wait("Note for the order");
    bob.send(b"12:30, back door\r");
    bob.wait("Note +12:30, back door");
    ann.wait("bob noted on the order: 12:30, back door");
    // Whose note it is stands where it would be replaced.
    ann.keys("c n");
    ann.wait(r"Note for the order by bob \(empty removes it\): 12:30, back door");
    ann.keys("esc");
    ann.wait("Y place the order");
    ann.keys_until("Y", "Receipt");
    // Both were at the checkout, and get the receipt.
    for receipt in ["› ann: no sugar", "› bob: hot", "Note: 12:30, back door"] {
        ann.wait(receipt);
        bob.wait(receipt);
    }
    bob.keys("esc");
    bob.gone("› bob: hot");
}

#[test]
fn words_for_a_prompt_that_does_not_open_do_nothing() {
    let press = |stage: &mut TestScreen, keys: &str| {
        // All of it comes before anything of that was seen.
        let keys = keys.split(' ').map(|key| Key::parse(key).unwrap());
        let effects = keys.flat_map(|key| update(&mut stage.state, Message::Key(key), stage.now));
        effects.collect::<Vec<_>>()
    };
    for (keys, refusal) in [
        (
            "g n a q u o d enter",
            "Baguette is not in the cart: add it first",
        ),
        (
            "w T 1 1 : 3 0 enter",
            "Only bob can change the rules of this cart",
        ),
        ("w n L d x", "The People panel covers the cart: w hides it"),
    ] {
        let mut stage = TestScreen::with_rules(120, 36, "bob");
        assert_eq!(press(&mut stage, keys).len(), 0, "{keys}");
        assert_eq!(stage.notice(), refusal);
        assert!(matches!(stage.state.mode, Mode::Browse), "{keys}");
        assert!(stage.state.digits.is_empty());
        assert!(stage.state.cart.unconfirmed.is_empty());

        // Once it was seen, keys are keys again, and the next one drops it.
        let news = stage.notice().to_owned();
        update(&mut stage.state, Message::NewsShown(news), stage.now);
        press(&mut stage, "o");
        assert!(matches!(stage.state.mode, Mode::Orders), "{keys}");
        assert_eq!(stage.notice(), "");
    }

    // Typed before the products are there, it waits for them.
    let mut stage = TestScreen::new(120, 36);
    stage.link(LiveEvent::Cart(Cart::default()));
    press(&mut stage, "n a n a");
    assert_eq!(stage.notice(), "");
    let read = (Catalog::new(demo_products()), Some(Shop::default()));
    let read = Message::Catalog(Ok(read), 0);
    let effects = update(&mut stage.state, read, stage.now);
    assert_eq!(stage.notice(), "Baguette is not in the cart: add it first");
    let adds = |effect: &Effect| matches!(effect, Effect::Live(LiveRequest::Change(_)));
    assert!(!effects.iter().any(adds), "{effects:?}");

    // The way out is open all the time.
    let mut stage = TestScreen::with_rules(120, 36, "bob");
    let effects = press(&mut stage, "g n a ctrl-c");
    assert!(matches!(effects[..], [Effect::Quit]), "{effects:?}");
}
