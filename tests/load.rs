//! Large catalogs, read over a connection of their own, or the usual one where that can't be had.

use crate::harness;

use harness::proxy::Proxy;
use harness::screens::TestScreen;
use harness::shopping::connect;
use harness::{Server, server, shop_at, until};
use std::sync::atomic::Ordering;
use trolley::model::{Cart, Catalog, Product, ProductId};
use trolley::store;
use trolley::store::catalog::decode::CatalogNews;
use trolley::store::live::LiveEvent;
use trolley::store::{Address, Connection, Error, Shop, Trouble};
use trolley::tui::message::{Effect, Freshness, Message};
use trolley::tui::update::update;

/// More than are read the usual way.
const MANY: usize = 12_345;

/// Fills a database with products, some of them odd, and some ids that are none's.
fn fill(server: &Server, db: u8) {
    let mut link = server.connection();
    let mut pipe = redis::pipe();
    pipe.cmd("SELECT").arg(db).ignore();
    for n in 0..MANY {
        let (id, name) = (format!("p{n:05}"), format!("Product {n}"));
        pipe.cmd("ZADD").arg("catalog").arg(0).arg(&id).ignore();
        let key = format!("product:{id}");
        match n % 1000 {
            // Listed, and not there.
            1 => {}
            2 => drop(pipe.cmd("SET").arg(key).arg("no hash").ignore()),
            3 => drop(pipe.cmd("HSET").arg(key).arg("stock").arg("7").ignore()),
            4 => drop(
                pipe.cmd("HSET")
                    .arg(key)
                    .arg("name")
                    .arg(b"$3\r\n\x1b[2J\xff\r\n*-1")
                    .ignore(),
            ),
            5 => drop(
                pipe.cmd("HSET")
                    .arg(key)
                    .arg("name")
                    .arg("")
                    .arg("price")
                    .arg("x")
                    .ignore(),
            ),
            6 => drop(
                pipe.cmd("HSET")
                    .arg(key)
                    .arg("description")
                    .arg("long ".repeat(50_000))
                    .ignore(),
            ),
            _ => drop(
                pipe.cmd("HSET")
                    .arg(key)
                    .arg("name")
                    .arg(name)
                    .arg("price")
                    .arg("2.40")
                    .ignore(),
            ),
        }
    }
    let odd = b"p\r\n$1\r\n\0\xff".as_slice();
    pipe.cmd("ZADD").arg("catalog").arg(0).arg(odd).ignore();
    pipe.cmd("HSET")
        .arg([b"product:", odd].concat())
        .arg("name")
        .arg("Odd")
        .ignore();
    pipe.query::<()>(&mut link).unwrap();
}

/// The same products, asked for by their ids.
async fn asked(link: &mut Connection, catalog: &Catalog) -> Vec<Product> {
    let ids: Vec<ProductId> = catalog.iter().map(|item| item.product_id()).collect();
    let read = store::get_products(link, &ids).await.unwrap();
    read.into_iter()
        .map(|(_, product)| product.unwrap())
        .collect()
}

fn connections(server: &Server) -> u64 {
    number(&server.get("INFO stats"), "total_connections_received:")
}

fn number(stats: &str, name: &str) -> u64 {
    stats
        .lines()
        .find_map(|line| line.strip_prefix(name))
        .unwrap()
        .trim()
        .parse()
        .unwrap()
}

/// Reads the catalog, and counts the connections that it took.
async fn read(server: &Server, url: &str) -> (Catalog, Vec<Product>, u64) {
    let mut link = connect(&Address::parse(url).unwrap()).await;
    let before = connections(server);
    let catalog = store::load_catalog(&mut link, |_| ()).await.unwrap();
    // The test asks over a connection, too.
    let took = connections(server) - before - 1;
    let asked = asked(&mut link, &catalog).await;
    (catalog, asked, took)
}

fn check(catalog: &Catalog, asked: &[Product]) {
    // All but those that are not there, or no hashes.
    let none = (0..MANY).filter(|n| matches!(n % 1000, 1 | 2)).count();
    assert_eq!(catalog.len(), MANY + 1 - none);
    for (item, asked) in catalog.iter().zip(asked) {
        // A screen keeps the beginning of a long text.
        let beginning = item.description.trim_end_matches('…');
        assert!(asked.description.starts_with(beginning), "{item}");

        let read = Product {
            description: asked.description.clone(),
            ..item.to_product()
        };
        assert!(
            read == *asked,
            "what is read at once differs from what is asked for: {item}"
        );
    }
    let odd = catalog
        .get(&ProductId::stored(b"p\r\n$1\r\n\0\xff"))
        .unwrap();
    assert_eq!(odd.name, "Odd");
}

#[tokio::test]
async fn much_is_read_as_little_is() {
    for binary in server::binaries() {
        let port = server::free_port().to_string();
        let server = Server::start_with(&binary, &["--port", &port]);
        fill(&server, 0);
        fill(&server, 3);
        server.cmd("ACL SETUSER ann on >secret ~product:* ~catalog &* -@all +@connection +@read");
        let socket = server.url().to_owned();
        for url in [
            socket.clone(),
            format!("redis://ann:secret@localhost:{port}/3"),
            format!("{socket}?db=3&user=ann&pass=secret"),
        ] {
            let (catalog, asked, took) = read(&server, &url).await;
            check(&catalog, &asked);
            assert_eq!(took, 1, "{url}");
        }
    }
}

#[tokio::test]
async fn where_no_more_connections_are_to_be_had_the_usual_one_does() {
    for binary in server::binaries() {
        let server = Server::start_with(&binary, &[]);
        fill(&server, 0);
        let mut link = connect(&Address::parse(server.url()).unwrap()).await;
        let mut own = server.connection();
        redis::cmd("CONFIG")
            .arg("SET")
            .arg("maxclients")
            .arg(2)
            .query::<()>(&mut own)
            .unwrap();
        let catalog = store::load_catalog(&mut link, |_| ()).await.unwrap();
        let asked = asked(&mut link, &catalog).await;
        check(&catalog, &asked);
        let stats: String = redis::cmd("INFO").arg("stats").query(&mut own).unwrap();
        assert_eq!(number(&stats, "rejected_connections:"), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_that_fails_on_the_way_is_no_short_catalog() {
    let server = Server::start();
    fill(&server, 0);
    let proxy = Proxy::start(&server.socket(), "faulty");
    let faults = &proxy.faults;
    for (name, every) in [
        ("cut", &faults.drop_every),
        ("half closed", &faults.half_close_every),
        ("muted", &faults.mute_every),
    ] {
        let mut link = connect(&Address::parse(&proxy.url()).unwrap()).await;
        every.store(20, Ordering::Relaxed);
        faults.on.store(true, Ordering::Relaxed);
        let read = store::load_catalog(&mut link, |_| ()).await;
        let Err(Error::Trouble(trouble)) = read else {
            panic!("{name}: {read:?}")
        };
        assert!(
            matches!(trouble, Trouble::Lost | Trouble::Timeout),
            "{name}: {trouble}"
        );
        // Nor are there no products outside the index, where they could not be looked for.
        faults.on.store(false, Ordering::Relaxed);
        let mut link = connect(&Address::parse(&proxy.url()).unwrap()).await;
        faults.on.store(true, Ordering::Relaxed);
        let unlisted = store::find_unlisted(&mut link, &Catalog::default()).await;
        assert!(
            unlisted.is_err(),
            "{name}: {:?}",
            unlisted.map(|it| it.len())
        );
        faults.on.store(false, Ordering::Relaxed);
        every.store(0, Ordering::Relaxed);
    }
}

#[test]
fn a_catalog_is_read_anew_only_where_it_may_have_changed_without_a_word() {
    let mut screen = TestScreen::filled(120, 36);
    let mut asks = |message: Message| {
        let effects = update(&mut screen.state, message, screen.now);
        let asked = effects.into_iter().find_map(|effect| match effect {
            Effect::LoadCatalog(freshness) => Some(freshness),
            _ => None,
        });
        if asked.is_some() {
            screen.take_in(Message::Catalog(
                Ok((Catalog::default(), Some(Shop::default()))),
                0,
            ));
        }
        asked
    };

    // A link that was down may have missed news, but the news was told.
    assert_eq!(asks(Message::Live(LiveEvent::Down(Trouble::Lost))), None);
    let up = asks(Message::Live(LiveEvent::Cart(Cart::default())));
    assert_eq!(up, Some(Freshness::AsAnnounced));
    let everything = asks(Message::Live(LiveEvent::Catalog(CatalogNews::Everything)));
    assert_eq!(everything, Some(Freshness::ReadAnew));
    let some = CatalogNews::Products(vec![ProductId::stored(b"tea")]);
    assert_eq!(asks(Message::Live(LiveEvent::Catalog(some))), None);
    // An id that is no product means the same as everything.
    let unknown = LiveEvent::Products(vec![(ProductId::stored(b"x"), None)]);
    assert_eq!(asks(Message::Live(unknown)), Some(Freshness::ReadAnew));
}

#[test]
fn what_another_program_keeps_is_no_reason_to_read_again() {
    let server = Server::with_demo();
    server.cmd("HSET product:tea:stats views 3");
    let ann = shop_at(server.dir(), server.url(), "alice", "ann", (120, 36));
    ann.wait("64 products");
    server.insist::<()>("CONFIG RESETSTAT");
    until("three heartbeats came", || server.calls("evalsha") >= 3);
    assert!(server.calls("hmget") < 64);
}

#[test]
fn a_screen_whose_link_has_failed_ends() {
    let mut screen = TestScreen::filled(120, 36);
    let effects = update(&mut screen.state, Message::LinkEnded, screen.now);
    assert!(
        matches!(effects[..], [Effect::GiveUp(Trouble::Unexpected(_))]),
        "{effects:?}"
    );
}

#[test]
fn a_catalog_that_could_not_be_read_is_read_again() {
    for trouble in [Trouble::Lost, Trouble::WrongType] {
        let mut screen = TestScreen::filled(120, 36);
        let failed = |trouble: &Trouble| Message::Catalog(Err(trouble.clone()), 0);
        screen.link(LiveEvent::Catalog(CatalogNews::Everything));
        screen.take_in(failed(&trouble));

        assert!(screen.picture().contains("The catalog can't be read"));
        screen.state.notice = None;
        let due = screen.state.next_moment().unwrap();
        screen.now.steady = due;
        let effects = update(&mut screen.state, Message::Clock, screen.now);
        assert!(
            matches!(effects[..], [Effect::LoadCatalog(_)]),
            "{effects:?}"
        );
        screen.take_in(failed(&trouble));
        // What passes by itself is told until it has; the other once, however often it is tried.
        assert_eq!(
            screen.picture().contains("The catalog can't be read"),
            trouble.is_transient()
        );
    }
}
