//! A field of a product is changed once, and only as it was seen.

use crate::harness;

use futures::future::{join, join_all};
use harness::patience::{Pending, answered};
use harness::proxy::Proxy;
use harness::screens::id;
use harness::shopping::{connect, on_many_threads};
use harness::{Server, until};
use std::sync::atomic::Ordering;
use trolley::model::product::ProductField;
use trolley::model::{Product, Refusal, Stock};
use trolley::store::{
    Address, Connection, Edited, Error, FieldEdit, RepeatError, ShopChange, ShopEdited, ShopField,
    change_shop, edit_product, get_product,
};

fn shop() -> Server {
    let server = Server::start();
    server.cmd("HSET product:tea name Tea price 2.40 stock 10");
    server
}

async fn open(url: &str) -> Connection {
    connect(&Address::parse(url).unwrap()).await
}

/// A proxy that loses the first answer to an edit, and the link with it.
fn lossy(server: &Server) -> Proxy {
    let proxy = Proxy::start(&server.socket(), "lossy");
    *proxy.faults.change.lock().unwrap() = b"EVAL".to_vec();
    proxy.faults.lose_answers.store(1, Ordering::SeqCst);
    proxy
}

fn edit(field: ProductField, value: &str, seen: Option<&str>) -> FieldEdit {
    FieldEdit {
        product: id("tea"),
        field,
        value: value.to_owned(),
        seen: seen.map(str::to_owned),
    }
}

#[tokio::test]
async fn a_value_that_was_seen_otherwise_is_not_overwritten() {
    let server = shop();
    let mut connection = open(server.url()).await;
    let price = |value, seen| edit(ProductField::Price, value, seen);

    // However it is written, the same amount is the same.
    server.cmd("HSET product:tea price 2.4");
    let saved = edit_product(&mut connection, &price("3.10", Some("2.40"))).await;
    let Ok(Edited::Saved { was, now }) = saved else {
        panic!("{saved:?}");
    };
    assert_eq!(was.price.unwrap().to_string(), "2.40");
    assert_eq!(now.price.unwrap().to_string(), "3.10");
    assert_eq!(server.get("HGET product:tea price"), "3.10");

    let before = server.digest();
    let other = edit_product(&mut connection, &price("9.90", Some("2.40"))).await;
    let Ok(Edited::Otherwise(now)) = other else {
        panic!("{other:?}");
    };
    assert_eq!(now.price.unwrap().to_string(), "3.10");
    assert_eq!(server.digest(), before);

    // A field that there was not, and one that goes.
    for (value, seen) in [("cup", ""), ("", "cup")] {
        let unit = edit(ProductField::Unit, value, Some(seen));
        let saved = edit_product(&mut connection, &unit).await;
        assert!(matches!(saved, Ok(Edited::Saved { .. })), "{saved:?}");
    }
    assert_eq!(server.get("HEXISTS product:tea unit"), "0");
}

#[tokio::test]
async fn what_is_gone_stays_gone() {
    let server = shop();
    let mut connection = open(server.url()).await;
    server.cmd("DEL product:tea");
    for seen in [None, Some("10"), Some("")] {
        let sold_out = edit(ProductField::Stock, "0", seen);
        let refused = edit_product(&mut connection, &sold_out).await;
        let gone = RepeatError::Failed(Error::Refused(Refusal::UnknownProduct("tea".to_owned())));
        assert_eq!(refused, Err(gone), "{seen:?}");
    }
    assert_eq!(server.get("EXISTS product:tea"), "0");
}

#[tokio::test]
async fn of_many_who_saw_the_same_one_is_first() {
    let server = shop();
    let edits = (0..40).map(|n| {
        let url = server.url().to_owned();
        async move {
            let mut connection = open(&url).await;
            let edit = edit(ProductField::Price, &format!("{n}.50"), Some("2.40"));
            (n, edit_product(&mut connection, &edit).await.unwrap())
        }
    });
    let told = join_all(edits).await;
    let winners: Vec<_> = told
        .iter()
        .filter(|(_, edited)| matches!(edited, Edited::Saved { .. }))
        .collect();
    let [(first, _)] = winners[..] else {
        panic!("{told:?}");
    };
    assert_eq!(server.get("HGET product:tea price"), format!("{first}.50"));
}

#[tokio::test]
async fn an_answer_that_is_lost_neither_repeats_nor_hides_what_there_was() {
    let server = shop();
    let proxy = lossy(&server);

    let mut connection = open(&proxy.url()).await;
    let sold_out = edit(ProductField::Stock, "0", None);
    let saved = edit_product(&mut connection, &sold_out).await;
    let Ok(Edited::Saved { was, now }) = saved else {
        panic!("{saved:?}");
    };
    assert_eq!((was.stock, now.stock), (Stock::Left(10), Stock::Left(0)));
    assert_eq!(proxy.faults.caused.load(Ordering::SeqCst), 1);
}

#[test]
fn a_change_whose_answer_was_lost_undoes_nothing_that_came_after() {
    let server = shop();
    let runtime = on_many_threads();
    let _guard = runtime.enter();
    let proxy = lossy(&server);

    let url = proxy.url();
    let editing = Pending::begin(move || {
        on_many_threads().block_on(async {
            let sold_out = edit(ProductField::Stock, "0", None);
            edit_product(&mut open(&url).await, &sold_out).await
        })
    });
    until("it is sold out", || {
        server.get("HGET product:tea stock") == "0"
    });
    // Somebody fills the shelf, mostly before the connection is back.
    server.cmd("HSET product:tea stock 50");

    let told = editing.wait("the edit").unwrap();
    assert_eq!(proxy.faults.caused.load(Ordering::SeqCst), 1);
    match told {
        Edited::Otherwise(now) => assert_eq!(now.stock, Stock::Left(50)),
        Edited::Saved { was, .. } => assert_eq!(was.stock, Stock::Left(10)),
    }
    assert_eq!(server.get("HGET product:tea stock"), "50");
}

#[tokio::test]
async fn a_setting_that_was_seen_otherwise_is_not_overwritten() {
    let server = shop();
    server.cmd("HSET shop name Mill");
    let mut connection = open(server.url()).await;
    let named = |name: &str| {
        let mut change = ShopChange::default();
        change.set("name", name).unwrap();
        change
    };

    let seen = Some((ShopField::Name, "Corner Shop"));
    let told = change_shop(&mut connection, &named("Barn"), seen).await;
    let Ok(ShopEdited::Otherwise(shop)) = told else {
        panic!("{told:?}");
    };
    assert_eq!(shop.name, "Mill");
    assert_eq!(server.get("HGET shop name"), "Mill");

    // What is so already is saved, whatever was seen; all fields are set in one step.
    let told = change_shop(&mut connection, &named("Mill"), seen).await;
    assert!(matches!(told, Ok(ShopEdited::Saved(_))), "{told:?}");
    let mut money = named("");
    money.set("money", "$1,234.50").unwrap();
    let told = change_shop(&mut connection, &money, None).await;
    let Ok(ShopEdited::Saved(shop)) = told else {
        panic!("{told:?}");
    };
    assert_eq!((shop.name.as_str(), shop.currency.sign()), ("trolley", "$"));
    assert_eq!(server.get("HLEN shop"), "2");

    let clear = Some((ShopField::Money, "$1,234.50"));
    let mut cleared = ShopChange::default();
    cleared.set("money", "").unwrap();
    cleared.set("currency", "").unwrap();
    let told = change_shop(&mut connection, &cleared, clear).await;
    assert!(matches!(told, Ok(ShopEdited::Saved(_))), "{told:?}");
    assert_eq!(server.get("EXISTS shop"), "0");
}

#[test]
fn a_setting_whose_answer_was_lost_undoes_nothing_that_came_after() {
    let server = shop();
    let runtime = on_many_threads();
    let _guard = runtime.enter();
    let proxy = lossy(&server);

    let url = proxy.url();
    let editing = Pending::begin(move || {
        on_many_threads().block_on(async {
            let mut change = ShopChange::default();
            change.set("name", "Barn").unwrap();
            change_shop(&mut open(&url).await, &change, None).await
        })
    });
    until("it is named", || server.get("HGET shop name") == "Barn");
    // Somebody else names it, mostly before the connection is back.
    server.cmd("HSET shop name Mill");

    let told = editing.wait("the edit").unwrap();
    assert_eq!(proxy.faults.caused.load(Ordering::SeqCst), 1);
    match told {
        ShopEdited::Otherwise(shop) => assert_eq!(shop.name, "Mill"),
        ShopEdited::Saved(shop) => assert_eq!(shop.name, "Barn"),
    }
    assert_eq!(server.get("HGET shop name"), "Mill");
}

#[tokio::test]
async fn what_breaks_before_a_change_is_sent_leaves_no_doubt() {
    let server = shop();
    let proxy = Proxy::start(&server.socket(), "unread");
    let mut connection = open(&proxy.url()).await;
    let mut change = ShopChange::default();
    change.set("name", "Barn").unwrap();
    let price = edit(ProductField::Price, "3.10", Some("2.40"));

    // Both are read before they are changed.
    *proxy.faults.change.lock().unwrap() = b"HMGET".to_vec();
    proxy.faults.lose_answers.store(u64::MAX, Ordering::SeqCst);
    let told = change_shop(&mut connection, &change, None).await;
    assert!(
        matches!(told, Err(RepeatError::Failed(Error::Trouble(_)))),
        "{told:?}"
    );
    let told = edit_product(&mut connection, &price).await;
    assert!(
        matches!(told, Err(RepeatError::Failed(Error::Trouble(_)))),
        "{told:?}"
    );
    assert_eq!(server.get("EXISTS shop"), "0");
    assert!(proxy.faults.caused.load(Ordering::SeqCst) > 2);

    proxy.faults.lose_answers.store(0, Ordering::SeqCst);
    let mut connection = open(&proxy.url()).await;
    let told = change_shop(&mut connection, &change, None).await;
    assert!(matches!(told, Ok(ShopEdited::Saved(_))), "{told:?}");
}

#[tokio::test]
async fn an_edit_that_somebody_forestalled_leaves_no_doubt() {
    let server = shop();
    let proxy = Proxy::start(&server.socket(), "held");
    let mut connection = open(&proxy.url()).await;
    let price = edit(ProductField::Price, "3.10", None);

    // It is sent, and not made: somebody else was faster. No later attempt gets as far as that.
    *proxy.faults.hold_on.lock().unwrap() = b"EVAL".to_vec();
    let editing = edit_product(&mut connection, &price);
    let forestalling = async {
        answered("the edit is sent", async || {
            let held = proxy.faults.held.load(Ordering::SeqCst);
            if held == 1 { Ok(()) } else { Err(held) }
        })
        .await;
        server.cmd("HSET product:tea price 2.50");
        *proxy.faults.change.lock().unwrap() = b"HMGET\r\n".to_vec();
        proxy.faults.lose_answers.store(u64::MAX, Ordering::SeqCst);
        proxy.faults.hold_on.lock().unwrap().clear();
    };
    let (told, ()) = join(editing, forestalling).await;

    assert!(
        matches!(told, Err(RepeatError::Failed(Error::Trouble(_)))),
        "{told:?}"
    );
    assert!(proxy.faults.caused.load(Ordering::SeqCst) > 1);
    assert_eq!(server.get("HGET product:tea price"), "2.50");
}

#[tokio::test]
async fn an_edit_that_a_server_can_not_repeat_is_unknown() {
    let server = shop();
    let proxy = lossy(&server);
    let mut connection = open(&proxy.url()).await;
    let mut change = ShopChange::default();
    change.set("name", "Barn").unwrap();

    // Nobody is let in again before the user may not read the shop any more.
    proxy.lead_to(&server.dir().join("nowhere"));
    let editing = change_shop(&mut connection, &change, None);
    let revoking = async {
        answered("it is named", async || {
            let name = server.get("HGET shop name");
            if name == "Barn" { Ok(()) } else { Err(name) }
        })
        .await;
        server.cmd("ACL SETUSER default -hmget -hgetall");
        proxy.lead_to(&server.socket());
    };
    let (told, ()) = join(editing, revoking).await;
    assert!(matches!(told, Err(RepeatError::Unknown(_))), "{told:?}");
}

#[tokio::test]
async fn a_long_text_is_the_same_as_its_beginning_in_the_catalog() {
    let server = shop();
    server.cmd("ZADD catalog 0 tea");
    let mut connection = open(server.url()).await;
    let long = "word-".repeat(300);
    server.cmd(&format!("HSET product:tea description {long}"));
    let whole: Product = get_product(&mut connection, &id("tea"))
        .await
        .unwrap()
        .unwrap();
    assert!(whole.description.len() > 1_000);

    let catalog = trolley::store::get_catalog(&mut connection).await.unwrap();
    let seen = catalog.get(&id("tea")).unwrap().description.to_owned();
    let about = edit(ProductField::Description, "Short", Some(&seen));
    let saved = edit_product(&mut connection, &about).await;
    assert!(matches!(saved, Ok(Edited::Saved { .. })), "{saved:?}");
}
