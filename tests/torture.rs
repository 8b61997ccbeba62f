//! Everything that breaks, at once, and the sums must agree.
//!
//! Longer: `TROLLEY_TORTURE=20000 cargo test --release --test torture -- --nocapture`
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

mod harness;

use harness::ledger::{self, PRODUCTS, Seen, client};
use harness::{Proxy, Server, shop};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use trolley::model::UserName;
use trolley::store::{self, Address, Policy};

const CLIENTS: u64 = 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn torture() {
    let changes: u64 = std::env::var("TROLLEY_TORTURE").map_or(4_000, |n| n.parse().unwrap());
    let seed: u64 = std::env::var("TROLLEY_SEED")
        .map_or_else(|_| u64::from(std::process::id()) + 1, |n| n.parse().unwrap());
    println!("replay with TROLLEY_SEED={seed}");
    let mut server = Server::start();
    for n in 0..PRODUCTS {
        server.cmd(&format!("HSET product:p{n:02} name Product-{n:02} price {n}.25"));
        server.cmd(&format!("ZADD catalog 0 p{n:02}"));
    }
    let address = Address::parse(server.url()).unwrap();
    let products = Arc::new(ledger::products(server.url()).await);
    let screens = [shop(&server, "alice", "screen-1"), shop(&server, "alice", "screen-2")];

    let kills = Arc::new(AtomicU64::new(0));
    let mut proxies = Vec::new();
    let mut tasks = Vec::new();
    for n in 0..CLIENTS {
        let proxy = Proxy::start(&server.socket(), &format!("proxy{n}"));
        let faults = &proxy.faults;
        // Each takes its time: their number is to stay within reason.
        let often = (changes / 4_000).max(1);
        faults.drop_every.store((23 + n) * often, Ordering::Relaxed);
        faults.mute_every.store((211 + 7 * n) * often * often, Ordering::Relaxed);
        faults.half_close_every.store((97 + 3 * n) * often, Ordering::Relaxed);
        faults.delay_every.store((41 + n) * often, Ordering::Relaxed);
        faults.on.store(true, Ordering::Relaxed);
        let work = client(
            proxy.url(),
            Policy::default(),
            seed * 1000 + n + 1,
            changes / CLIENTS,
            products.clone(),
            kills.clone(),
        );
        tasks.push(tokio::spawn(work));
        proxies.push(proxy);
    }
    // Faults of the server itself, while the clients go on.
    let mut server_faults = 0;
    for round in 0..3 {
        tokio::time::sleep(Duration::from_millis(700)).await;
        match round {
            0 => {
                server.kill();
                tokio::time::sleep(Duration::from_millis(300)).await;
                server.restart();
            }
            1 => {
                server.freeze();
                tokio::time::sleep(Duration::from_millis(2500)).await;
                server.thaw();
            }
            _ => drop(server.cmd("CLIENT KILL TYPE normal SKIPME yes")),
        }
        server_faults += 1;
    }
    let mut accounts = Vec::new();
    let mut terminals = Vec::new();
    for task in tasks {
        let (account, terminal) = task.await.unwrap();
        accounts.push(account);
        terminals.push(terminal);
    }
    let caused: u64 = proxies.iter().map(|proxy| proxy.faults.caused.load(Ordering::Relaxed)).sum();
    for proxy in &proxies {
        proxy.faults.on.store(false, Ordering::Relaxed);
    }

    // All calm down; what killed clients left open is asked again by its op id.
    let alice = UserName::parse("alice").unwrap();
    let mut direct = store::connect(&address).await.unwrap();
    for (account, terminal) in accounts.iter_mut().zip(&mut terminals) {
        terminal.calm().await;
        account.settle(terminal);
        account.ask_again(&mut direct, &alice).await;
    }
    let truth = store::get_cart_items(&mut direct, &alice).await.unwrap();

    let sums = ledger::agree(&accounts, &truth, Seen::Counts);

    // Every terminal holds that cart, and the real ones show it.
    let stale = ledger::stale(&mut terminals, &truth).await;
    for screen in &screens {
        screen.wait("● live");
        screen.wait(&format!("{} items ", truth.pieces()));
    }
    for key in server.get_list("KEYS *cart:alice*") {
        assert!(server.get(&format!("PTTL {key}")).parse::<i64>().unwrap() > 0, "{key} has no expiry");
    }
    let kills = kills.load(Ordering::Relaxed);
    sums.print(caused + kills + server_faults, stale, terminals.len() + screens.len());
    assert_eq!((sums.lost, sums.doubled, stale), (0, 0, 0));
}
