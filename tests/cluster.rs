//! The shop on a real cluster: every command, moved slots, fallen masters.

use crate::harness;

use futures::future::try_join_all;
use harness::load::{self, Load, PRODUCTS, Seen};
use harness::{Cluster, Headless, ok_at, run_at, shop_at, until};
use std::sync::Arc;
use std::time::Duration;
use trolley::model::{Product, ProductId, Refusal, UserName};
use trolley::store;
use trolley::store::{Address, Connection, Error, Policy};
use trolley::tui::state::Connectivity;

const SIZE: (u16, u16) = (120, 36);

fn alice() -> UserName {
    UserName::parse("alice").unwrap()
}

async fn connect(url: &str) -> Connection {
    harness::shopping::connect(&Address::parse(url).unwrap()).await
}

/// The products p00, p01 .. on their nodes.
async fn stock(cluster: &Cluster) -> Vec<Product> {
    for n in 0..PRODUCTS {
        let key = format!("product:p{n:02}");
        cluster.get(
            &key,
            &format!("HSET {key} name Product-{n:02} price {n}.25"),
        );
        cluster.get("catalog", &format!("ZADD catalog 0 p{n:02}"));
    }
    load::products(&Address::parse(&cluster.url()).unwrap()).await
}

#[test]
fn every_command_works_on_a_cluster() {
    let cluster = Cluster::start(3, 0);
    let home = cluster.nodes[0].dir();
    // One node is enough to find the others, and a plain address finds out by itself.
    for url in [cluster.url_of(&[1]), cluster.plain_url(2)] {
        ok_at(home, &url, &["demo"]);
        // Put in by another client, without being listed, one on each node.
        for n in 0..6 {
            let key = format!("product:new{n}");
            cluster.get(&key, &format!("HSET {key} name New-{n} price 1.25"));
        }
        assert_eq!(ok_at(home, &url, &["products"]).lines().count(), 71);
        let added = ok_at(home, &url, &["add", "espresso", "3", "--user", "ann"]);
        assert!(added.contains("3 × Espresso"), "{added}");
        ok_at(home, &url, &["add", "sourdough", "--user", "ann"]);
        ok_at(home, &url, &["remove", "espresso", "1", "--user", "ann"]);
        let cart = ok_at(home, &url, &["cart", "--user", "ann"]);
        assert!(cart.contains("Espresso") && cart.contains("4.80"), "{cart}");
        let refused = run_at(home, &url, &["add", "nothing-like-it", "--user", "ann"]);
        assert_eq!(refused.status.code(), Some(1));
        ok_at(home, &url, &["set", "espresso", "7", "--user", "ann"]);
        ok_at(home, &url, &["clear", "--user", "ann"]);
        // Out, and in again in place of what came since.
        let file = home.join("shop.csv").display().to_string();
        ok_at(home, &url, &["export", &file]);
        cluster.get("product:late", "HSET product:late name Late price 1");
        ok_at(home, &url, &["import", "--replace", &file]);
        assert_eq!(cluster.get("product:late", "EXISTS product:late"), "0");
        assert_eq!(cluster.get("catalog", "ZCARD catalog"), "70");
        for n in 0..6 {
            cluster.get(&format!("product:new{n}"), &format!("DEL product:new{n}"));
        }
        cluster.get("catalog", "DEL catalog");
    }
}

#[test]
fn two_terminals_share_a_cart_on_a_cluster() {
    let cluster = Cluster::start(3, 0);
    let home = cluster.nodes[0].dir();
    let owner = cluster.owner("cart:alice");
    ok_at(home, &cluster.url(), &["demo"]);
    let other = (owner + 1) % 3;
    let mut ann = shop_at(home, &cluster.url_of(&[other]), "alice", "ann", SIZE);
    let bob = shop_at(home, &cluster.plain_url(owner), "alice", "bob", SIZE);
    ann.wait("64 products");
    ann.keys("/ espresso enter 3 a");
    bob.wait(r"3 Espresso .* 7\.20");
    // Both listen where the cart is, whichever node they were told of.
    let here = cluster.nodes[owner].get_list("PUBSUB NUMSUB cart-updates:alice");
    assert_eq!(here, ["cart-updates:alice", "2"]);
    // A product that goes without a word is still refused, though it was on another node.
    cluster.get("product:espresso", "DEL product:espresso");
    ann.keys("1 a");
    ann.wait("There is no product “Espresso”");
    // Another client on another node: the message reaches all.
    cluster.get("cart:alice", "ZADD cart:alice 5 croissant");
    cluster.nodes[other].cmd("PUBLISH cart-updates:alice anything");
    bob.wait("5 Butter Croissant");
    ann.wait("5 Butter Croissant");
}

/// Nobody needs a replica, though all of them say nothing and the address names them first.
#[test]
fn silent_replicas_stop_nobody() {
    let cluster = Cluster::start(3, 1);
    let home = cluster.nodes[0].dir();
    ok_at(home, &cluster.url(), &["demo"]);
    let url = cluster.url_of(&[3, 4, 5, 0, 1, 2]);
    (3..6).for_each(|replica| cluster.nodes[replica].freeze());

    ok_at(home, &url, &["add", "espresso", "2", "--user", "alice"]);
    let mut ann = shop_at(home, &url, "alice", "ann", SIZE);
    ann.wait("64 products");
    ann.keys("/ espresso enter 3 a");
    ann.wait(r"5 Espresso .* 12\.00");
    ann.wait("● live");
    let cart = ok_at(home, &url, &["cart", "--user", "alice"]);
    assert!(cart.contains("12.00"), "{cart}");
    ok_at(home, &url, &["checkout", "--yes", "--user", "alice"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unknown_products_are_refused_on_a_cluster() {
    let cluster = Cluster::start(3, 0);
    let products = stock(&cluster).await;
    let mut link = connect(&cluster.url()).await;
    let id = ProductId::stored(b"p03");
    cluster.get("product:p03", "DEL product:p03");
    let refused = store::add_to_cart(&mut link, &alice(), &id, 1).await;
    assert_eq!(
        refused,
        Err(Error::Refused(Refusal::UnknownProduct("p03".into())))
    );
    // Changes behind one that must ask for its product still come in their order.
    let terminal = Headless::open(&cluster.url(), "alice", Policy::default(), &products);
    let mut terminal = terminal.opened().await;
    for (row, key) in [(1, "4 a"), (1, "-"), (3, "a"), (2, "a"), (1, "a")] {
        terminal.select(row);
        key.split(' ').for_each(|key| terminal.key(key));
    }
    terminal.calm().await;
    let outcomes: Vec<bool> = terminal
        .settled
        .iter()
        .map(|(_, outcome)| outcome.is_ok())
        .collect();
    assert_eq!(outcomes, [true, true, false, true, true]);
    let mut versions: Vec<u64> = terminal
        .settled
        .iter()
        .filter_map(|(_, o)| Some(o.as_ref().ok()?.version))
        .collect();
    let sent = versions.clone();
    versions.sort_unstable();
    assert_eq!(sent, versions);
    assert_eq!(cluster.get("cart:alice", "ZSCORE cart:alice p01"), "4");
}

/// Runs clients on one cart, does something meanwhile, and checks the sums.
async fn under_load(cluster: Cluster, meanwhile: impl FnOnce(&Cluster) + Send + 'static) {
    let products = stock(&cluster).await;
    let address = Address::parse(&cluster.url()).unwrap();
    let load = Load::start(
        vec![address.clone(); 20],
        &Policy::default(),
        77,
        60,
        products,
    );
    let cluster = tokio::task::spawn_blocking(move || {
        // Some changes first.
        until("the cart is in use", || {
            cluster.get("cart:alice", "ZCARD cart:alice") != "0"
        });
        meanwhile(&cluster);
        cluster
    });
    let mut made = load.made().await;
    let cluster = cluster.await.unwrap();
    let (sums, truth) = made.settle(&address, Seen::Counts).await;
    assert!(
        made.terminals
            .iter()
            .map(|terminal| terminal.downs)
            .sum::<usize>()
            >= 20,
        "nothing broke"
    );
    let stale = load::stale(&mut made.terminals, &truth).await;
    sums.print(made.kills + 1, stale, made.terminals.len());
    assert_eq!((sums.lost, sums.doubled, stale), (0, 0, 0));
    drop(cluster);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slots_move_links_break_and_nodes_freeze_under_load() {
    under_load(Cluster::start(3, 0), |cluster| {
        let cut = |cluster: &Cluster| {
            for node in &cluster.nodes {
                node.insist::<()>("CLIENT KILL TYPE normal SKIPME yes");
                node.insist::<()>("CLIENT KILL TYPE pubsub");
            }
        };
        let owner = cluster.owner("cart:alice");
        let other = (owner + 1) % 3;
        cluster.move_slot("cart:alice", other);
        cut(cluster);
        cluster.move_slot("cart:alice", owner);
        // Long enough that a link is given up, too.
        cluster.nodes[owner].freeze();
        std::thread::sleep(Duration::from_millis(2500));
        cluster.nodes[owner].thaw();
        cluster.wait("the cluster is whole", |node| {
            node.get("CLUSTER INFO").contains("cluster_state:ok")
        });
        cut(cluster);
        cluster.move_slot("cart:alice", other);
        cut(cluster);
    })
    .await;
}

/// Neither node takes a script on a slot that is on its way: what is asked waits for the end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_wait_while_their_slot_is_on_its_way() {
    let cluster = Cluster::start(3, 0);
    let products = stock(&cluster).await;
    let mut terminal = Headless::open(&cluster.url(), "alice", Policy::default(), &products);
    terminal.key("a");
    terminal.calm().await;
    let owner = cluster.owner("cart:alice");
    let other = (owner + 1) % 3;
    cluster.begin_move("cart:alice", other);
    terminal.key("3");
    terminal.key("a");
    terminal
        .until("the link is down", |state| {
            state.connectivity != Connectivity::Live
        })
        .await;
    assert_eq!(
        (terminal.cart().pieces(), terminal.state.cart.shown.pieces()),
        (1, 4)
    );
    let mut direct = connect(&cluster.url()).await;
    let adding = async move { store::add_to_cart(&mut direct, &alice(), &products[1].id, 2).await };
    let adding = tokio::spawn(adding);
    tokio::task::yield_now().await;
    cluster.end_move("cart:alice", owner, other);
    adding.await.unwrap().unwrap();
    terminal.calm().await;
    terminal
        .until("all is there", |state| state.cart.confirmed.pieces() == 6)
        .await;
    assert_eq!(cluster.nodes[other].get("ZCARD cart:alice"), "2");
}

/// Kills the cart's master under twenty adders; returns how many confirmed changes fell.
async fn falls(confirm_replicas: u32) -> u64 {
    let mut cluster = Cluster::start(3, 1);
    let products = Arc::new(stock(&cluster).await);
    let url = cluster.url();
    let adder = |n| {
        let goes_on = |made| made < 60;
        load::adder(url.clone(), n, goes_on, products.clone(), confirm_replicas)
    };
    let tasks: Vec<_> = (0..20).map(|n| tokio::spawn(adder(n))).collect();
    let cluster = tokio::task::spawn_blocking(move || {
        until("the cart is in use", || {
            cluster.get("cart:alice", "ZCARD cart:alice") == "12"
        });
        let owner = cluster.owner("cart:alice");
        cluster.nodes[owner].kill();
        until("a replica takes over", || {
            cluster.owner("cart:alice") != owner
        });
        cluster.nodes[owner].restart();
        cluster.wait("the fallen one follows", |node| {
            node.get("CLUSTER INFO").contains("cluster_state:ok")
        });
        cluster
    });
    let mut terminals = try_join_all(tasks).await.unwrap();
    let cluster = cluster.await.unwrap();
    let fell = load::fallen(&url, &mut terminals).await;
    drop(cluster);
    fell
}

/// Replicas follow a moment behind: what a master has confirmed in its last moment can fall
/// with it. That is counted here; what may never happen is a change that is applied twice,
/// or a screen that goes on showing what is gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_master_falls_under_twenty_clients() {
    falls(0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_confirmed_change_falls_that_a_replica_has() {
    assert_eq!(falls(1).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_is_confirmed_once_a_replica_has_it() {
    let cluster = Cluster::start(1, 1);
    let products = stock(&cluster).await;
    let policy = Policy {
        confirm_replicas: 1,
        ..Policy::default()
    };
    let mut terminal = Headless::open(&cluster.url(), "alice", policy.clone(), &products);
    terminal.calm().await;
    cluster.nodes[1].freeze();
    terminal.key("3");
    terminal.key("a");
    terminal
        .until("it is applied", |state| {
            state.cart.confirmed.lines.len() == 1
        })
        .await;
    // It shows once, and as unconfirmed.
    assert_eq!(
        (
            terminal.state.cart.shown.pieces(),
            terminal.state.cart.unconfirmed.len()
        ),
        (3, 1)
    );
    let mut direct = connect(&cluster.url()).await.with_policy(policy);
    let unknown = store::add_to_cart(&mut direct, &alice(), &products[1].id, 1).await;
    assert!(matches!(unknown, Err(Error::Unknown { .. })), "{unknown:?}");
    cluster.nodes[1].thaw();
    terminal.calm().await;
    assert!(terminal.settled.iter().all(|(_, outcome)| outcome.is_ok()));
    assert_eq!(terminal.state.cart.shown.pieces(), 4);
}
