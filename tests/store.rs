//! The store on real servers: every rule, every refusal, expiry, atomicity.

use crate::harness;

use harness::{Deadline, Server, server, until};
use redis::Value;
use trolley::model::{
    Cart, Change, ChangeKind, Edit, Money, ProductId, Quantity, Refusal, Timeout, UserName,
};
use trolley::store;
use trolley::store::keys::CartKeys;
use trolley::store::{Address, Attempt, Connection, Error, Policy, ProductCheck, Trouble};

fn id(name: &str) -> ProductId {
    ProductId::stored(name.as_bytes())
}

fn alice() -> UserName {
    UserName::parse("alice").unwrap()
}

/// Runs `test` on each kind of server that is installed.
fn on_each_server<F: Future<Output = ()>>(test: impl Fn(Server) -> F) {
    for binary in server::binaries() {
        let server = Server::start_with(&binary, &[]);
        harness::ok(&server, &["demo"]);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(test(server));
    }
}

async fn connect(server: &Server) -> Connection {
    harness::shopping::connect(&Address::parse(server.url()).unwrap()).await
}

async fn cart(connection: &mut Connection) -> Cart {
    store::get_cart_items(connection, &alice()).await.unwrap()
}

#[test]
fn adding_and_removing() {
    on_each_server(async |server| {
        let mut link = connect(&server).await;
        let product = store::get_product(&mut link, &id("espresso"))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(
            (&*product.name, product.price.unwrap().to_string()),
            ("Espresso", "2.40".to_owned())
        );
        assert_eq!(
            store::get_product(&mut link, &id("nothing")).await.unwrap(),
            None
        );

        let first = store::add_to_cart(&mut link, &alice(), &id("espresso"), 3)
            .await
            .unwrap();
        let second = store::add_to_cart(&mut link, &alice(), &id("espresso"), 2)
            .await
            .unwrap();
        assert_eq!(second.version, first.version + 1);
        assert_eq!((second.lines[0].quantity, second.lines[0].delta), (5, 2));
        assert_eq!(server.get("ZSCORE cart:alice espresso"), "5");
        let left = store::remove_from_cart(&mut link, &alice(), &id("espresso"), Some(1))
            .await
            .unwrap();
        assert_eq!(left.lines[0].quantity, 4);
        let gone = store::remove_from_cart(&mut link, &alice(), &id("espresso"), None)
            .await
            .unwrap();
        assert_eq!(
            (gone.lines[0].quantity, gone.lines[0].delta, gone.count),
            (0, -4, 0)
        );
        assert!(cart(&mut link).await.lines.is_empty());
    });
}

#[test]
fn each_refusal_leaves_redis_as_it_was() {
    on_each_server(async |server| {
        let mut link = connect(&server).await;
        let user = alice();
        server.cmd("HSET product:free name Free");
        server.cmd("SET product:odd text");
        server.cmd("ZADD cart:alice 1.5 rye");
        store::add_to_cart(&mut link, &user, &id("espresso"), 998)
            .await
            .unwrap();
        let before = server.digest();
        let expect = async |outcome: Result<trolley::model::Update, Error>, refusal: Refusal| {
            assert_eq!(outcome, Err(Error::Refused(refusal)));
            assert_eq!(server.digest(), before);
        };
        let refused = store::add_to_cart(&mut link, &user, &id("nothing"), 1).await;
        expect(refused, Refusal::UnknownProduct("nothing".into())).await;
        let refused = store::add_to_cart(&mut link, &user, &id("free"), 1).await;
        expect(refused, Refusal::NoPrice("Free".into())).await;
        let refused = store::add_to_cart(&mut link, &user, &id("espresso"), 2).await;
        expect(
            refused,
            Refusal::TooMany {
                limit: 999,
                already: 998,
            },
        )
        .await;
        let refused = store::add_to_cart(&mut link, &user, &id("espresso"), 0).await;
        expect(refused, Refusal::Zero).await;
        let refused = store::remove_from_cart(&mut link, &user, &id("flat-white"), None).await;
        expect(refused, Refusal::NotInCart("flat-white".into())).await;
        let refused = store::remove_from_cart(&mut link, &user, &id("rye"), Some(1)).await;
        expect(refused, Refusal::DamagedLine("rye".into())).await;
        let refused = store::add_to_cart(&mut link, &user, &id("odd"), 1).await;
        assert_eq!(refused, Err(Error::Trouble(Trouble::WrongType)));
        assert_eq!(server.digest(), before);
    });
}

#[test]
fn damaged_lines_show_and_can_be_removed() {
    on_each_server(async |server| {
        let mut link = connect(&server).await;
        for (score, product) in [
            ("-5", "a"),
            ("1.5", "b"),
            ("inf", "c"),
            ("9007199254740993", "d"),
            ("0", "e"),
            ("7", "f"),
        ] {
            server.cmd(&format!("ZADD cart:alice {score} {product}"));
        }
        server.raw(&[&b"ZADD"[..], b"cart:alice", b"2", b"\xff\x1b[31m"]);
        let read = cart(&mut link).await;
        assert_eq!(read.lines.len(), 7);
        let good: Vec<&Quantity> = read
            .lines
            .iter()
            .map(|line| &line.quantity)
            .filter(|q| q.whole().is_some())
            .collect();
        assert_eq!(good, [&Quantity::Whole(7), &Quantity::Whole(2)]);
        assert!(
            read.lines
                .iter()
                .any(|line| line.quantity == Quantity::Damaged("9007199254740992".into()))
        );
        for line in &read.lines {
            store::remove_from_cart(&mut link, &alice(), &line.product, None)
                .await
                .unwrap();
        }
        assert_eq!(server.get("EXISTS cart:alice"), "0");
    });
}

#[test]
fn every_key_of_a_cart_expires_and_none_becomes_immortal() {
    on_each_server(async |server| {
        let mut link = connect(&server).await;
        let keys = || {
            let Value::Array(keys) = server.cmd("KEYS *cart:alice*") else {
                panic!("no keys")
            };
            keys.into_iter()
                .map(|key| redis::from_redis_value::<String>(key).unwrap())
                .collect::<Vec<_>>()
        };
        let check = || {
            for key in keys() {
                let left: i64 = server.get(&format!("PTTL {key}")).parse().unwrap();
                assert!(left > 0, "{key} has no expiry");
            }
        };
        store::add_to_cart(&mut link, &alice(), &id("espresso"), 1)
            .await
            .unwrap();
        check();
        store::remove_from_cart(&mut link, &alice(), &id("espresso"), None)
            .await
            .unwrap();
        check();
        store::add_to_cart(&mut link, &alice(), &id("espresso"), 1)
            .await
            .unwrap();
        check();
        assert!(keys().len() >= 4);
        // The timeout slides with each change, and `never` takes it away.
        let policy = Policy {
            session_timeout: Timeout::After(5_000),
            ..Policy::default()
        };
        link = link.with_policy(policy);
        let update = store::add_to_cart(&mut link, &alice(), &id("espresso"), 1)
            .await
            .unwrap();
        assert_eq!(update.deadline.left_when_told(), Some(5_000));
        let left: i64 = server.get("PTTL cart:alice").parse().unwrap();
        assert!((1..=5_000).contains(&left), "{left}");
        link = link.with_policy(Policy {
            session_timeout: Timeout::Never,
            ..Policy::default()
        });
        let update = store::add_to_cart(&mut link, &alice(), &id("espresso"), 1)
            .await
            .unwrap();
        assert_eq!(update.deadline.at, None);
        assert_eq!(server.get("PTTL cart:alice"), "-1");
    });
}

#[test]
fn versions_never_come_again() {
    on_each_server(async |server| {
        let mut link = connect(&server).await;
        let first = store::add_to_cart(&mut link, &alice(), &id("espresso"), 1)
            .await
            .unwrap();
        server.cmd("FLUSHALL");
        harness::ok(&server, &["demo"]);
        let second = store::add_to_cart(&mut link, &alice(), &id("espresso"), 1)
            .await
            .unwrap();
        assert!(second.version > first.version);
    });
}

#[test]
fn the_log_keeps_the_newest_updates_and_few_more() {
    on_each_server(async |server| {
        let mut link = connect(&server).await;
        for changes in 1..=600 {
            let changed = if changes % 50 == 0 {
                store::remove_from_cart(&mut link, &alice(), &id("espresso"), None).await
            } else {
                store::add_to_cart(&mut link, &alice(), &id("espresso"), 1).await
            };
            let version = changed.unwrap().version.to_string();

            let newest = server.cmd("XREVRANGE {cart:alice}:log + - COUNT 1");
            assert!(format!("{newest:?}").contains(&version), "{newest:?}");
            // Redis drops nodes of up to 100 entries at a time.
            let length: i32 = server.insist("XLEN {cart:alice}:log");
            assert!((changes.min(200)..332).contains(&length), "{length}");
        }
    });
}

#[test]
fn a_repeated_op_gets_the_first_answer() {
    on_each_server(async |server| {
        let mut link = connect(&server).await;
        let op = store::new_op();
        let first = store::add_as(&mut link, &alice(), &id("espresso"), 3, op.clone())
            .await
            .unwrap();
        store::add_to_cart(&mut link, &alice(), &id("espresso"), 1)
            .await
            .unwrap();
        let again = store::add_as(&mut link, &alice(), &id("espresso"), 3, op)
            .await
            .unwrap();
        assert_eq!(first.update, again.update);
        assert_eq!((first.is_repeat, again.is_repeat), (false, true));
        assert_eq!(cart(&mut link).await.quantity(&id("espresso")), 4);
    });
}

#[test]
fn wrong_types_are_told_apart_from_an_empty_cart() {
    on_each_server(async |server| {
        let mut link = connect(&server).await;
        server.cmd("SET cart:alice text");
        let named = |key: &str, should: &str| {
            let words = format!("{key} is a string and should be a {should}");
            Error::Trouble(Trouble::WrongTypeOf(words))
        };
        assert_eq!(
            store::get_cart_items(&mut link, &alice()).await,
            Err(named("cart:alice", "zset"))
        );
        let refused = store::add_to_cart(&mut link, &alice(), &id("espresso"), 1).await;
        assert_eq!(refused, Err(named("cart:alice", "zset")));
        // A companion of the wrong type refuses the whole change, before anything is written.
        server.cmd("DEL cart:alice");
        for companion in ["meta", "lines", "ops0", "ops1"] {
            server.cmd(&format!("SET {{cart:alice}}:{companion} text"));
            let before = server.digest();
            let refused = store::add_to_cart(&mut link, &alice(), &id("espresso"), 1).await;
            assert_eq!(
                refused,
                Err(named(&format!("{{cart:alice}}:{companion}"), "hash")),
                "{companion}"
            );
            assert_eq!(server.digest(), before);
            server.cmd(&format!("DEL {{cart:alice}}:{companion}"));
        }
    });
}

#[test]
fn server_states_have_their_own_words() {
    on_each_server(async |server| {
        let mut link = connect(&server).await;
        server.cmd("CONFIG SET maxmemory 1");
        let refused = store::add_to_cart(&mut link, &alice(), &id("espresso"), 1).await;
        assert_eq!(refused, Err(Error::Trouble(Trouble::OutOfMemory)));
        server.cmd("CONFIG SET maxmemory 0");
        server.cmd("REPLICAOF 127.0.0.1 1");
        let refused = store::add_to_cart(&mut link, &alice(), &id("espresso"), 1).await;
        assert_eq!(refused, Err(Error::Trouble(Trouble::ReadOnly)));
        server.cmd("REPLICAOF NO ONE");
        server.cmd("ACL SETUSER guest on >pw ~* &* +@all -evalsha -hmget");
        let guest = format!("{}?user=guest&pass=pw", server.url());
        let mut guest = harness::shopping::connect(&Address::parse(&guest).unwrap()).await;
        let refused = store::add_to_cart(&mut guest, &alice(), &id("espresso"), 1).await;
        assert!(
            matches!(refused, Err(Error::Trouble(Trouble::NoPermission(_)))),
            "{refused:?}"
        );
        let wrong = format!("{}?user=guest&pass=wrong", server.url());
        assert_eq!(refusal(&wrong).await, Trouble::WrongPassword);
        server.cmd("CONFIG SET requirepass secret");
        assert_eq!(refusal(server.url()).await, Trouble::NeedsPassword);
    });
}

#[tokio::test]
async fn unreachable_servers_have_their_own_words() {
    let connect = async |url: &str| store::connect(&Address::parse(url).unwrap()).await.err();
    let free = format!("127.0.0.1:{}", harness::server::free_port());
    assert_eq!(
        connect(&format!("redis://{free}")).await,
        Some(Trouble::ConnectionRefused)
    );
    // A name of more letters than one may have needs no network to be unknown.
    let nobody = format!("redis://{}.invalid", "x".repeat(64));
    assert_eq!(connect(&nobody).await, Some(Trouble::NoHost));
    assert_eq!(
        connect("unix:///tmp/no/such.sock").await,
        Some(Trouble::NoSocket)
    );
    // Accepts and never answers.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    assert_eq!(
        connect(&format!("redis://{}", silent.local_addr().unwrap())).await,
        Some(Trouble::Timeout)
    );
    let tls = connect(&format!("rediss://{free}")).await;
    assert_eq!(tls, Some(Trouble::ConnectionRefused));
}

/// Why a server lets nobody in: one that is busy may take its time to say so.
async fn refusal(url: &str) -> Trouble {
    let address = Address::parse(url).unwrap();
    let deadline = Deadline::start();
    loop {
        match store::connect(&address).await.err().unwrap() {
            Trouble::Timeout => deadline.check("a word of the server"),
            trouble => return trouble,
        }
    }
}

#[tokio::test]
async fn what_a_server_says_before_it_hangs_up_is_told() {
    for binary in harness::server::binaries() {
        let server = Server::start_with(&binary, &[]);
        let mut holder = server.connection();
        redis::cmd("CONFIG")
            .arg(&["SET", "maxclients", "1"])
            .exec(&mut holder)
            .unwrap();
        // Those that the test has closed may count for a moment more.
        until("there is no room", || {
            let clients: String = redis::cmd("CLIENT").arg("LIST").query(&mut holder).unwrap();
            clients.lines().count() == 1
        });
        assert_eq!(refusal(server.url()).await, Trouble::TooManyClients);
        redis::cmd("CONFIG")
            .arg(&["SET", "maxclients", "100"])
            .exec(&mut holder)
            .unwrap();
    }

    let server = Server::start_with(
        &harness::server::binaries()[0],
        &["--rename-command", "HELLO", ""],
    );
    let trouble = refusal(server.url()).await;
    assert!(trouble.to_string().contains("knows no HELLO"), "{trouble}");
}

#[test]
fn concurrent_adds_are_all_counted() {
    on_each_server(async |server| {
        let clients = (0..10).map(|_| async {
            let mut link = connect(&server).await;
            for _ in 0..50 {
                store::add_to_cart(&mut link, &alice(), &id("espresso"), 1)
                    .await
                    .unwrap();
            }
        });
        futures::future::join_all(clients).await;
        assert_eq!(server.get("ZSCORE cart:alice espresso"), "500");
    });
}

#[test]
fn an_undo_leaves_a_damaged_line_as_it_is() {
    on_each_server(async |server| {
        server.cmd("ZADD cart:alice 1.5 espresso 2 croissant");
        let mut link = server::open_shared(server.url()).await;
        let add = |name: &str| Edit::Add {
            product: id(name),
            quantity: 1,
            price: Money::parse("2.40"),
        };
        let edits = vec![add("espresso"), add("croissant")];
        let change = Change {
            op: store::new_op(),
            kind: ChangeKind::Undo,
            edits,
        };
        let (keys, policy) = (CartKeys::of(&alice()), Policy::default());
        let sent = store::send(
            &mut link,
            &keys,
            &policy,
            &change,
            Attempt::default(),
            ProductCheck::Here,
        )
        .await
        .unwrap()
        .update;
        let told: Vec<_> = sent
            .lines
            .iter()
            .map(|l| (l.product.to_string(), l.quantity, l.delta))
            .collect();
        assert_eq!(told, [("croissant".to_owned(), 3, 1)]);
        assert_eq!(
            server.get_list("ZRANGE cart:alice 0 -1 WITHSCORES"),
            ["espresso", "1.5", "croissant", "3"]
        );
    });
}
