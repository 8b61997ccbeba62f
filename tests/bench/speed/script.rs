//! Changes per second by the cart's script, beside plain ZINCRBY, with 50 clients.

use super::harness::Server;
use super::row;
use futures::future::join_all;
use std::time::{Duration, Instant};
use trolley::model::{Change, Edit, Kind, Money, ProductId, UserName};
use trolley::store::keys::CartKeys;
use trolley::store::{self, Attempt, Policy};

const CLIENTS: usize = 50;
const SPAN: Duration = Duration::from_secs(3);
const ROUNDS: usize = 3;

pub fn run() {
    let server = Server::start_with("redis-server", &["--appendonly", "no"]);
    server.cmd("HSET product:tea name Tea price 2.40");
    let (mut plain, mut script) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        plain.push(rate(&server, false));
        script.push(rate(&server, true));
    }
    let best = |rates: &[f64]| rates.iter().copied().fold(0.0, f64::max);
    let (plain, script) = (best(&plain), best(&script));
    row(
        "changes by the cart's script, 50 clients, beside ZINCRBY",
        &format!("{script:.0} beside {plain:.0} a second: {:.2}x", script / plain),
    );
}

/// Changes a second: 50 clients, each on a connection of its own and a cart of its own.
fn rate(server: &Server, script: bool) -> f64 {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let until = Instant::now() + SPAN;
        let clients = (0..CLIENTS).map(|n| {
            let url = server.url().to_owned();
            tokio::spawn(async move {
                if script { by_script(&url, n, until).await } else { by_hand(&url, n, until).await }
            })
        });
        let began = Instant::now();
        let made: u64 = join_all(clients).await.into_iter().map(Result::unwrap).sum();
        made as f64 / began.elapsed().as_secs_f64()
    })
}

async fn open(url: &str) -> redis::aio::MultiplexedConnection {
    redis::Client::open(url).unwrap().get_multiplexed_async_connection().await.unwrap()
}

async fn by_hand(url: &str, n: usize, until: Instant) -> u64 {
    let mut link = open(url).await;
    let key = format!("plain:{n}");
    let mut made = 0;
    while Instant::now() < until {
        let _: f64 = redis::cmd("ZINCRBY").arg(&key).arg(1).arg("tea").query_async(&mut link).await.unwrap();
        made += 1;
    }
    made
}

async fn by_script(url: &str, n: usize, until: Instant) -> u64 {
    let mut link = open(url).await;
    let keys = CartKeys::of(&UserName::parse(&format!("user{n}")).unwrap());
    let policy = Policy::default();
    let mut made = 0;
    while Instant::now() < until {
        let product = ProductId::stored(b"tea");
        let quantity = 1;
        let edit = if made % 200 < 100 {
            Edit::Add { product, quantity, price: Money::parse("2.40") }
        } else {
            Edit::Take { product, quantity }
        };
        let change = Change { op: store::new_op(), kind: Kind::Edit, edits: vec![edit] };
        store::send(&mut link, &keys, &policy, &change, Attempt::default(), store::Known::Here)
            .await
            .unwrap();
        made += 1;
    }
    made
}
