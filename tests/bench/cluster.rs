//! What nodes cost and bring: `cargo bench --bench cluster`, well under a minute.
//!
//! Changes per second over many carts and over one, the delay until another terminal has an
//! update, what waiting for a replica costs, and what a cart and a terminal take of memory.
//! All servers and clients share this machine: compare the rows of one run.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a benchmark may fail")]

#[path = "../harness/mod.rs"]
mod harness;

use harness::server::binaries;
use harness::{Cluster, Server};
use std::time::{Duration, Instant};
use trolley::model::{Change, ChangeKind, Edit, Money, ProductId, UserName};
use trolley::store;
use trolley::store::live;
use trolley::store::live::{LiveEvent, LiveRequest, Subscription};
use trolley::store::{Address, Policy};

/// How long each figure is measured.
const SPAN: Duration = Duration::from_millis(1500);
/// Terminals that change carts at the same time.
const TERMINALS: usize = 24;
/// Changes of one terminal that are under way.
const FLYING: usize = 8;
/// Updates whose delay is measured.
const UPDATES: usize = 300;
const SETTINGS: &[&str] = &["--appendfsync", "everysec"];

struct Terminal {
    live: Subscription,
}

impl Terminal {
    async fn open(url: &str, user: &str, confirm_replicas: u32) -> Terminal {
        let policy = Policy {
            line_limit: 999_999,
            confirm_replicas,
            ..Policy::default()
        };
        let user = UserName::parse(user).unwrap();
        let id = store::new_op().as_str().to_owned();
        let address = Address::parse(url).unwrap();
        let (_, live) = live::open(address, &user, policy, Some(&id));
        let mut terminal = Terminal { live };
        while !matches!(terminal.live.next().await.unwrap(), LiveEvent::Cart(_)) {}
        terminal
    }

    fn change(&self) {
        let price = Some(Money::parse("1.25").unwrap());
        let edit = Edit::Add {
            product: ProductId::stored(b"tea"),
            quantity: 1,
            price,
        };
        let change = Change {
            op: store::new_op(),
            kind: ChangeKind::Edit,
            edits: vec![edit],
        };
        self.live.request(LiveRequest::Change(change));
    }

    /// Keeps changes under way; returns how many were confirmed.
    async fn press(mut self, until: Instant) -> u64 {
        let mut confirmed = 0;
        for _ in 0..FLYING {
            self.change();
        }
        while Instant::now() < until {
            if let LiveEvent::Settled(_, outcome) = self.live.next().await.unwrap() {
                outcome.unwrap();
                confirmed += 1;
                self.change();
            }
        }
        confirmed
    }
}

/// Changes per second over so many carts.
async fn changes(url: &str, carts: usize, confirm_replicas: u32) -> u64 {
    let mut terminals = Vec::new();
    for n in 0..TERMINALS {
        terminals.push(Terminal::open(url, &format!("user{}", n % carts), confirm_replicas).await);
    }
    let until = Instant::now() + SPAN;
    let tasks: Vec<_> = terminals
        .into_iter()
        .map(|terminal| tokio::spawn(terminal.press(until)))
        .collect();
    let mut sum = 0;
    for task in tasks {
        sum += task.await.unwrap();
    }
    sum * 1000 / u64::try_from(SPAN.as_millis()).unwrap()
}

/// How long until another terminal has an update: median and 99th of 100, in microseconds.
async fn delay(url: &str) -> (u128, u128) {
    let mut maker = Terminal::open(url, "delay", 0).await;
    let mut watcher = Terminal::open(url, "delay", 0).await;
    let mut took = Vec::new();
    for _ in 0..UPDATES {
        let began = Instant::now();
        maker.change();
        while !matches!(watcher.live.next().await.unwrap(), LiveEvent::Update(_)) {}
        took.push(began.elapsed().as_micros());
        while !matches!(maker.live.next().await.unwrap(), LiveEvent::Settled(..)) {}
        // Nobody presses keys faster.
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    took.sort_unstable();
    (took[took.len() / 2], took[took.len() * 99 / 100])
}

async fn row(name: &str, url: &str, confirm_replicas: u32) {
    let many = changes(url, TERMINALS, confirm_replicas).await;
    let one = changes(url, 1, confirm_replicas).await;
    let (median, most) = delay(url).await;
    println!("{name:<28} {many:>9} {one:>9} {median:>8} {most:>8}");
}

/// Bytes of a cart of ten lines after twenty changes, and of a terminal that watches.
async fn memory(server: &Server) {
    const CARTS: usize = 200;
    let address = Address::parse(server.url()).unwrap();
    let mut shop = store::connect(&address).await.unwrap();
    for n in 0..10 {
        server.cmd(&format!("HSET product:item{n} name Item-{n} price 2.50"));
    }
    let used = || {
        let info = server.get("INFO memory");
        info.lines()
            .find_map(|line| {
                line.strip_prefix("used_memory:")?
                    .trim()
                    .parse::<usize>()
                    .ok()
            })
            .unwrap()
    };
    let before = used();
    for cart in 0..CARTS {
        let user = UserName::parse(&format!("measured{cart}")).unwrap();
        for n in 0..20 {
            let product = ProductId::stored(format!("item{}", n % 10).as_bytes());
            store::add_to_cart(&mut shop, &user, &product, 1)
                .await
                .unwrap();
        }
    }
    println!(
        "\na cart of 10 lines, 20 changes {:>7} bytes, of which",
        (used() - before) / CARTS
    );
    for key in [
        "cart:measured0",
        "{cart:measured0}:lines",
        "{cart:measured0}:meta",
        "{cart:measured0}:log",
    ] {
        println!(
            "  {key:<28} {:>7}",
            server.get(&format!("MEMORY USAGE {key} SAMPLES 0"))
        );
    }
    let ops = ["ops0", "ops1"]
        .map(|ops| server.get(&format!("MEMORY USAGE {{cart:measured0}}:{ops} SAMPLES 0")));
    println!(
        "  {:<28} {:>7}",
        "{cart:measured0}:ops0, :ops1",
        ops.join(" ")
    );
    let before = used();
    let mut terminals = Vec::new();
    for _ in 0..CARTS {
        terminals.push(Terminal::open(server.url(), "watched", 0).await);
    }
    println!(
        "a terminal that watches        {:>7} bytes",
        (used() - before) / CARTS
    );
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let binary = &binaries()[0];
    println!(
        "{:<28} {:>9} {:>9} {:>17}",
        "", "changes/s", "changes/s", "update delay, us"
    );
    println!(
        "{:<28} {:>9} {:>9} {:>8} {:>8}",
        "", "24 carts", "one cart", "median", "99 %"
    );
    let server = Server::start_with(binary, SETTINGS);
    server.cmd("HSET product:tea name Tea price 1.25");
    row("one server, Unix socket", server.url(), 0).await;
    for nodes in [1, 3, 6] {
        let cluster = Cluster::start_with(binary, nodes, 0, SETTINGS);
        cluster.get("product:tea", "HSET product:tea name Tea price 1.25");
        row(&format!("cluster of {nodes}"), &cluster.url(), 0).await;
    }
    let cluster = Cluster::start_with(binary, 3, 1, SETTINGS);
    cluster.get("product:tea", "HSET product:tea name Tea price 1.25");
    row("3, each with a replica", &cluster.url(), 0).await;
    row("the same, confirm 1 replica", &cluster.url(), 1).await;
    memory(&server).await;
}
