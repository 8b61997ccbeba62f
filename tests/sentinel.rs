//! The shop behind Sentinels: the master falls, is taken down in order, and comes back.

use crate::harness;

use futures::future::try_join_all;
use harness::load::{self, PRODUCTS};
use harness::sentinel::Sentinels;
use harness::{ok_at, run_at, shop_at, until};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use trolley::model::Product;
use trolley::store;
use trolley::store::{Address, Trouble};

#[test]
fn commands_and_terminals_follow_the_master() {
    let all = Sentinels::start();
    let (home, url) = (all.servers[0].dir(), all.url());
    ok_at(home, &url, &["demo"]);
    ok_at(home, &url, &["add", "espresso", "2", "--user", "alice"]);
    assert_eq!(all.servers[0].get("ZSCORE cart:alice espresso"), "2");
    let mut ann = shop_at(home, &url, "alice", "ann", (120, 36));
    ann.wait("64 products");
    ann.wait("2 Espresso");
    // The master becomes a replica, and takes no changes: the terminal follows the new one.
    all.fail_over();
    until("the other is master", || all.master() == Some(1));
    until("the terminal is there", || {
        all.servers[1].get_list("PUBSUB NUMSUB cart-updates:alice") == ["cart-updates:alice", "1"]
    });
    ann.keys("/ espresso enter 3 a");
    ann.wait(r"5 Espresso .* 12\.00");
    until("it is saved there", || {
        all.servers[1].get("ZSCORE cart:alice espresso") == "5"
    });
    ok_at(home, &url, &["add", "espresso", "--user", "alice"]);
    assert_eq!(all.servers[1].get("ZSCORE cart:alice espresso"), "6");
    // Whoever writes a Sentinel's address like a server's is told so.
    let wrong = url.replace("redis+sentinel://127.0.0.1:1,", "redis://");
    let refused = run_at(home, wrong.split(',').next().unwrap(), &["cart"]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("redis+sentinel://host:port/NAME"));
    let unknown = run_at(home, &url.replace("/shop", "/other"), &["cart"]);
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("no master “other”"));
}

/// The shop's products.
async fn stock(all: &Sentinels) -> Arc<Vec<Product>> {
    for n in 0..PRODUCTS {
        all.servers[0].cmd(&format!(
            "HSET product:p{n:02} name Product-{n:02} price {n}.25"
        ));
        all.servers[0].cmd(&format!("ZADD catalog 0 p{n:02}"));
    }
    let address = Address::parse(&all.url()).unwrap();
    Arc::new(load::products(&address).await)
}

fn wait_for_use(all: &Sentinels) {
    until("the cart is in use", || {
        all.servers[0].get("ZCARD cart:alice") == "12"
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_master_falls_under_twenty_clients() {
    let mut all = Sentinels::start();
    let (url, products) = (all.url(), stock(&all).await);
    let adder = |n| load::adder(url.clone(), n, |made| made < 60, products.clone(), 0);
    let tasks: Vec<_> = (0..20).map(|n| tokio::spawn(adder(n))).collect();
    let all = tokio::task::spawn_blocking(move || {
        wait_for_use(&all);
        all.servers[0].kill();
        until("the replica is master", || all.master() == Some(1));
        all.servers[0].restart();
        // Were the new master to fall before, it would take along what it alone has.
        until("the fallen one follows", || {
            all.says(0, &["master_link_status:up"])
        });
        all
    });
    let mut terminals = try_join_all(tasks).await.unwrap();
    let all = all.await.unwrap();
    load::fallen(&url, &mut terminals).await;
    drop(all);
}

/// Which replica becomes the master nobody knows before: only what all of them have is safe. One
/// of two would confirm here what the other, which is promoted, lacks.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_confirmed_change_falls_that_all_replicas_have() {
    let all = Sentinels::start_with_replicas(2);
    let (url, products) = (all.url(), stock(&all).await);
    let is_over = Arc::<AtomicBool>::default();
    let adder = |n| {
        let is_over = is_over.clone();
        // All are at work while the master changes.
        let goes_on = move |made| made < 60 || !is_over.load(Ordering::Relaxed);
        load::adder(url.clone(), n, goes_on, products.clone(), 2)
    };
    let tasks: Vec<_> = (0..20).map(|n| tokio::spawn(adder(n))).collect();

    let all = tokio::task::spawn_blocking(move || {
        wait_for_use(&all);
        all.fail_over();
        until("another is master, and the others follow it", || {
            let follows = |at| all.says(at, &["role:slave", "master_link_status:up"]);
            all.master().is_some_and(|master| {
                let mut others = (0..all.servers.len()).filter(|&at| at != master);
                master != 0 && others.all(follows)
            })
        });
        is_over.store(true, Ordering::Relaxed);
        all
    });
    let mut terminals = try_join_all(tasks).await.unwrap();
    let all = all.await.unwrap();
    assert_eq!(load::fallen(&url, &mut terminals).await, 0);
    drop(all);
}

/// One that has forgotten the name, one that wants a password, one that is a plain server: the
/// next one knows.
#[test]
fn the_next_sentinel_is_asked_whatever_the_first_one_says() {
    let mut all = Sentinels::start();
    let forgetful = all.add_stranger("");
    let locked = all.add_stranger("requirepass secret\n");
    let plain = all.told()[0];
    let home = all.servers[0].dir();
    let knowing = all.url().replace("127.0.0.1:1,", "");
    for port in [forgetful, locked, plain] {
        let first = format!("redis+sentinel://127.0.0.1:{port},");
        let url = knowing.replace("redis+sentinel://", &first);
        ok_at(home, &url, &["cart"]);
        shop_at(home, &url, "alice", "ann", (120, 36));
    }

    // Where nobody knows, the reason is told.
    let lost = format!("redis+sentinel://127.0.0.1:1,127.0.0.1:{forgetful}/shop");
    let refused = run_at(home, &lost, &["cart"]);
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(said.contains("no master “shop”"), "{said}");
}

#[tokio::test]
async fn dead_sentinels_are_told_as_such() {
    let address = Address::parse("redis+sentinel://127.0.0.1:1,127.0.0.1:2/shop").unwrap();
    let trouble = store::connect(&address).await.err().unwrap();
    assert_eq!(trouble.bare(), &Trouble::ConnectionRefused);
    assert!(trouble.to_string().contains("127.0.0.1:"), "{trouble}");
}
