//! Everything that breaks, at once, and the sums must agree.
//!
//! Longer: `TROLLEY_TORTURE=20000 cargo test --release --test torture -- --nocapture`
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

mod harness;

use harness::{Headless, Proxy, Server, shop};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use trolley::model::{Cart, Change, OpId, Product, Refusal, Update, UserName};
use trolley::store::{self, Address, Error, Policy};

const CLIENTS: u64 = 20;
const PRODUCTS: u64 = 12;

/// A small generator with a seed, so that a failure can be replayed.
struct Random(u64);

impl Random {
    fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % most
    }
}

/// What one client did, and how it ended.
#[derive(Default)]
struct Account {
    answers: HashMap<OpId, Update>,
    refused: Vec<(OpId, Refusal)>,
    seen: Vec<Update>,
    unsettled: Vec<Change>,
}

/// Keeps changing the cart; every now and then it is killed, and another takes its place.
async fn client(
    url: String,
    seed: u64,
    changes: u64,
    products: Arc<Vec<Product>>,
    kills: Arc<AtomicU64>,
) -> (Account, Headless) {
    let mut random = Random(seed);
    let mut account = Account::default();
    let policy = || Policy { by: format!("client {seed}"), ..Policy::default() };
    let mut terminal = Headless::open(&url, "alice", policy(), &products);
    for made in 0..changes {
        terminal.select(usize::try_from(random.below(PRODUCTS)).unwrap());
        let key = ["a", "a", "a", "+", "-", "d", "u", "ctrl-r"][usize::try_from(random.below(8)).unwrap()];
        if matches!(key, "a" | "-") {
            terminal.key(&(1 + random.below(9)).to_string());
        }
        terminal.key(key);
        while terminal.state.cart.unconfirmed.len() > 6 {
            terminal.step().await;
        }
        if random.below(changes) == 0 && made + 1 < changes {
            kills.fetch_add(1, Ordering::Relaxed);
            settle(&mut account, &mut terminal);
            terminal = Headless::open(&url, "alice", policy(), &products);
        }
    }
    (account, terminal)
}

/// Takes over what a terminal knows.
fn settle(account: &mut Account, terminal: &mut Headless) {
    let mut open: Vec<Change> = std::mem::take(&mut terminal.sent);
    for (op, outcome) in terminal.settled.drain(..) {
        open.retain(|change| change.op != op);
        match outcome {
            Ok(update) => drop(account.answers.insert(op, update)),
            Err(Error::Refused(refusal)) => account.refused.push((op, refusal)),
            Err(other) => panic!("{op}: {other}"),
        }
    }
    account.seen.append(&mut terminal.seen);
    account.unsettled.append(&mut open);
}

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
    let mut direct = store::connect(&address).await.unwrap();
    let catalog = store::get_catalog(&mut direct).await.unwrap();
    let products = Arc::new(catalog.iter().map(|item| item.to_product()).collect::<Vec<_>>());
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
        let work =
            client(proxy.url(), seed * 1000 + n + 1, changes / CLIENTS, products.clone(), kills.clone());
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
        settle(account, terminal);
        for change in std::mem::take(&mut account.unsettled) {
            match direct.apply(&alice, &change).await {
                Ok(update) => drop(account.answers.insert(change.op, update)),
                Err(Error::Refused(refusal)) => account.refused.push((change.op, refusal)),
                Err(error) => panic!("{error}"),
            }
        }
    }
    let truth = store::get_cart_items(&mut direct, &alice).await.unwrap();

    // Each version is one change of one op, and together they are the cart.
    let mut history: BTreeMap<u64, Update> = BTreeMap::new();
    let answers = accounts.iter().flat_map(|account| account.answers.values());
    for update in answers.chain(accounts.iter().flat_map(|account| &account.seen)) {
        let known = history.entry(update.version).or_insert_with(|| update.clone());
        assert_eq!(known, update, "two changes of one version");
    }
    let (first, last) = (*history.keys().next().unwrap(), *history.keys().last().unwrap());
    assert_eq!(last, truth.version);
    let lost = usize::try_from(last - first + 1).unwrap() - history.len();
    assert_eq!(lost, 0, "versions that nobody was told of");
    let mut ops: HashMap<&OpId, u32> = HashMap::new();
    let mut sums: BTreeMap<String, i64> = BTreeMap::new();
    for update in history.values() {
        *ops.entry(&update.op).or_default() += 1;
        for line in &update.lines {
            let sum = sums.entry(line.product.to_string()).or_default();
            *sum += line.delta;
            assert_eq!(*sum, i64::from(line.quantity), "version {} is not explained", update.version);
        }
    }
    let doubled = ops.values().filter(|times| **times > 1).count();
    let confirmed: usize = accounts.iter().map(|account| account.answers.len()).sum();
    let refused: usize = accounts.iter().map(|account| account.refused.len()).sum();
    for (op, refusal) in accounts.iter().flat_map(|account| &account.refused) {
        assert!(!ops.contains_key(op), "{op} was applied and refused: {refusal}");
        assert_ne!(*refusal, Refusal::Forgotten);
    }
    assert!(accounts.iter().flat_map(|account| account.answers.keys()).all(|op| ops.contains_key(op)));
    sums.retain(|_, sum| *sum != 0);
    let held: BTreeMap<String, i64> = truth
        .lines
        .iter()
        .map(|line| (line.product.to_string(), i64::from(line.quantity.whole().unwrap())))
        .collect();
    assert_eq!(sums, held);

    // Every terminal holds that cart, and the real ones show it.
    let mut stale = 0;
    for terminal in &mut terminals {
        terminal.until("the last version", |state| state.cart.confirmed.version == truth.version).await;
        let lines = |cart: &Cart| {
            cart.lines.iter().map(|l| (l.product.clone(), l.quantity.clone())).collect::<Vec<_>>()
        };
        stale += usize::from(lines(terminal.cart()) != lines(&truth));
    }
    for screen in &screens {
        screen.wait("● live");
        screen.wait(&format!("{} items ", truth.pieces()));
    }
    for key in server.get_list("KEYS *cart:alice*") {
        assert!(server.get(&format!("PTTL {key}")).parse::<i64>().unwrap() > 0, "{key} has no expiry");
    }
    let kills = kills.load(Ordering::Relaxed);
    println!("changes tried      {:>6}", confirmed + refused);
    println!("  applied          {confirmed:>6}");
    println!("  refused by rule  {refused:>6}");
    println!("faults caused      {:>6}", caused + kills + server_faults);
    println!("changes lost       {lost:>6}");
    println!("changes doubled    {doubled:>6}");
    println!("stale screens      {stale:>6}  of {}", terminals.len() + screens.len());
    assert_eq!((lost, doubled, stale), (0, 0, 0));
}
