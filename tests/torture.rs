//! Everything that breaks, at once and in every place, and the sums must agree.
//!
//! Longer: `TROLLEY_TORTURE=20000 cargo test --release --test suite torture:: -- --nocapture`

use crate::harness;

use harness::deployment::Deployment;
use harness::load::{self, Load};
use harness::patience::counted;
use harness::visitors::Visitors;
use std::sync::atomic::Ordering;

const CLIENTS: u64 = 20;

/// Runs clients through every fault; `changes` are made where it is not said how many.
async fn torture(name: &str, place: Deployment, changes: u64) {
    torture_beside(name, place, changes, 0).await;
}

/// [`torture`] beside so many visitors by SSH, whose links break, too.
async fn torture_beside(name: &str, mut place: Deployment, changes: u64, visitors: usize) {
    let changes: u64 = std::env::var("TROLLEY_TORTURE").map_or(changes, |n| n.parse().unwrap());
    let seed: u64 = std::env::var("TROLLEY_SEED").map_or_else(
        |_| u64::from(std::process::id()) + 1,
        |n| n.parse().unwrap(),
    );
    println!("{name}: replay with TROLLEY_SEED={seed}");
    place.stock();
    let address = place.address();
    let products = load::products(&address).await;
    let screens = [place.screen("screen-1"), place.screen("screen-2")];
    // Each takes its time: their number is to stay within reason.
    let often = (changes / 4_000).max(1);
    let shared = place.clients_of_a_proxy(CLIENTS);
    for (proxy, n) in place.proxies.iter().zip(0..) {
        let faults = &proxy.faults;
        faults
            .drop_every
            .store((23 + n) * often * shared, Ordering::Relaxed);
        faults
            .mute_every
            .store((211 + 7 * n) * often * often * shared, Ordering::Relaxed);
        faults
            .half_close_every
            .store((97 + 3 * n) * often * shared, Ordering::Relaxed);
        faults
            .delay_every
            .store((41 + n) * often * shared, Ordering::Relaxed);
    }
    let visitors = Visitors::come(&place, visitors, seed);
    place.disturb(true);
    let mut addresses = place.addresses(CLIENTS);
    addresses.truncate(usize::try_from(CLIENTS).unwrap());
    let mut load = Load::start(
        addresses,
        &place.policy(),
        seed * 1000 + 1,
        changes / CLIENTS,
        products.clone(),
    );
    if visitors.are_there() {
        load.look_on(address.clone(), products);
        load.read_log(address.clone());
    }
    // Faults of the servers themselves, while the clients go on.
    let server_faults = place.server_faults();
    for fault in 0..server_faults {
        let goal = changes * (fault + 1) / (server_faults + 2);
        counted("changes before a fault", goal, || load.changes());
        place.fault(fault);
    }
    counted("all changes", changes / CLIENTS * CLIENTS, || {
        load.changes()
    });
    place.disturb(false);
    let visitors = visitors.calm();
    let mut made = load.made().await;
    let caused = place.caused() + visitors.caused();

    // All calm down; what is still open is asked again by its op id.
    let (sums, truth) = made.settle(&address, place.seen()).await;
    // Every terminal holds that cart, and the real ones show it.
    let stale = load::stale(&mut made.terminals, &truth).await;
    for screen in &screens {
        screen.wait("● live");
        screen.wait(&format!("{} items ", truth.pieces()));
    }
    for screen in &visitors.screens {
        screen.wait("● live");
        screen.wait(&format!("{} items ", truth.pieces()));
    }
    let holder = place.holder("cart:alice");
    for key in holder.get_list("KEYS *cart:alice*") {
        assert!(
            holder.get(&format!("PTTL {key}")).parse::<i64>().unwrap() > 0,
            "{key} has no expiry"
        );
    }
    sums.print(
        caused + made.kills + server_faults,
        stale,
        made.terminals.len() + screens.len() + visitors.screens.len(),
    );
    assert_eq!((sums.lost, sums.doubled, stale), (0, 0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_alone() {
    torture("one server", Deployment::plain(CLIENTS), 4_000).await;
}

/// Their links are cut and held up, and their clients killed and stopped. The server that they come to
/// reaches Redis through a proxy of its own, with the faults of all others.
#[cfg(feature = "serve")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn visitors_by_ssh() {
    let place = Deployment::plain(CLIENTS + 1);
    torture_beside("20 visitors by SSH", place, 1_200, 20).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secure_way() {
    torture("TLS", Deployment::secure(CLIENTS), 1_600).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shopper_with_few_rights() {
    torture(
        "a shopper by trolley acl",
        Deployment::shopper(CLIENTS),
        1_600,
    )
    .await;
}

/// The master is killed and frozen; the other takes over.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_behind_sentinels() {
    torture("Sentinels", Deployment::sentinels(), 1_600).await;
}

/// The cart's master is killed and frozen, its slot moves.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster() {
    torture("a cluster", Deployment::cluster(), 1_600).await;
}
