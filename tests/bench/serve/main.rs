//! The shop by SSH with 1,000 screens: what they cost, and how fast they are.
//!
//! `cargo bench --bench serve` for all parts, `cargo bench --bench serve -- carts storm` for some.
//! Server, Redis and all clients share this machine. `TROLLEY_SCREENS=100` takes fewer screens.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a benchmark may fail"
)]

#[path = "../../harness/mod.rs"]
mod harness;

mod client;
#[allow(dead_code, reason = "the other benchmark uses the rest")]
#[path = "../speed/million.rs"]
mod million;
mod process;

use client::{SIZE, Visit};
use harness::{Running, Server, TROLLEY, Terminal, ssh, trolley};
use process::Process;
use std::fmt::Write;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::sleep;

/// The time for which an idle shop is watched.
const IDLE: Duration = Duration::from_secs(30);
/// The time in which a shop comes to rest after everybody has come, or after a change.
const REST: Duration = Duration::from_secs(4);
/// The products of a large catalog, and the visitors who come to it one after the other.
const PRODUCTS: u32 = 1_000_000;
const LATER: usize = 20;
/// Keys that are pressed one after the other.
const KEYS: usize = 300;
/// Changes that a whole crowd sees.
const CHANGES: usize = 15;
/// The pause between two changes of a storm.
const STORM_PAUSE: Duration = Duration::from_millis(200);
/// Clients that stop reading, the changes that they miss, and the pause between two of these.
const STOPPED: usize = 20;
const MISSED: usize = 400;
const MISSED_PAUSE: Duration = Duration::from_millis(20);
/// Strangers who connect and never log in, and the visitors who come meanwhile.
const STRANGERS: usize = 999;
const NEWCOMERS: usize = 50;
/// The time that a stranger has.
const LOGIN_GRACE: Duration = Duration::from_secs(20);
/// Visitors who send keys without end, and the pieces in which they do.
const FLOODERS: usize = 10;
const FLOOD: &[u8] = &[b'a'; 32 * 1024];

#[tokio::main]
async fn main() {
    let asked: Vec<String> = std::env::args()
        .skip(1)
        .filter(|arg| !arg.starts_with("--"))
        .collect();
    let is_asked = |part: &str| asked.is_empty() || asked.iter().any(|asked| asked == part);
    let screens = std::env::var("TROLLEY_SCREENS").map_or(1_000, |count| count.parse().unwrap());

    println!("| what | figure |\n| --- | --- |");
    if is_asked("carts") {
        many_carts(screens).await;
    }
    if is_asked("cart") {
        one_cart(screens).await;
    }
    if is_asked("storm") {
        storm(screens).await;
    }
    if is_asked("stopped") {
        stopped().await;
    }
    if is_asked("silent") {
        silent().await;
    }
    if is_asked("flood") {
        flood().await;
    }
    if is_asked("million") {
        large_catalog().await;
    }
}

/// A served shop with the demo catalog.
struct Shop {
    served: Running,
    address: SocketAddr,
    redis: Server,
}

impl Shop {
    /// Serves visitors, each of whom comes to the cart that is named for their number.
    fn serve(carts: &[&str]) -> Shop {
        Shop::serve_on(Server::with_demo(), carts)
    }

    /// [`Shop::serve`] with the products of this server.
    fn serve_on(redis: Server, carts: &[&str]) -> Shop {
        let mut keys = String::new();
        for (number, cart) in carts.iter().enumerate() {
            let public = client::key(number).public_key().to_openssh().unwrap();
            writeln!(keys, r#"cart="{cart}",name="visitor {number}" {public}"#).unwrap();
        }
        let file = redis.dir().join("keys");
        std::fs::write(&file, keys).unwrap();

        let file = file.to_str().unwrap();
        let args = ["--per-ip", "5000", "--max", "5000", "--keys", file];
        let mut command = trolley(redis.dir(), &["--redis", redis.url()]);
        let (served, address, _) = ssh::launch(&mut command, &args);
        Shop {
            served,
            address,
            redis,
        }
    }

    /// Lets all visitors with these numbers come at once; returns those who were let in, and how
    /// long that took.
    async fn open(&self, numbers: std::ops::Range<usize>) -> (Vec<Visit>, Duration) {
        let began = Instant::now();
        let count = numbers.len();
        let mut coming = JoinSet::new();
        for number in numbers {
            coming.spawn(Visit::begin(self.address, number));
        }

        let mut visits = Vec::new();
        while let Some(visit) = harness::in_time("visitors", coming.join_next()).await {
            match visit.unwrap() {
                Ok(visit) => visits.push(visit),
                Err(error) if visits.is_empty() => println!("{error}"),
                Err(_) => {}
            }
        }
        let last = began.elapsed();
        let frames: Vec<_> = visits.iter().map(|visit| visit.first_frame).collect();
        if count > STOPPED {
            let slowest = frames.iter().max().copied().unwrap_or_default();
            row(
                &format!("{count} connect at once"),
                &format!(
                    "{} refused; first frame p50 {}, all {}; all with the catalog {}",
                    count - visits.len(),
                    ms(percentile(&frames, 0.5)),
                    ms(slowest),
                    ms(last),
                ),
            );
        }
        (visits, last)
    }

    fn process(&self) -> Process {
        Process::of(self.served.id())
    }

    fn redis_process(&self) -> Process {
        let info: String = self.redis.insist("INFO server");
        let id = info
            .lines()
            .find_map(|line| line.strip_prefix("process_id:"))
            .unwrap();
        Process::of(id.trim().parse().unwrap())
    }

    /// Tells what the shop costs while nobody does anything.
    async fn row_idle(&self, what: &str) {
        let processes = [self.process(), self.redis_process()];
        let before = processes.each_ref().map(Process::spent);
        sleep(IDLE).await;
        let part = |index: usize| {
            let spent = processes[index].spent().saturating_sub(before[index]);
            spent.as_secs_f64() / IDLE.as_secs_f64() * 100.0
        };
        let [served, redis] = [part(0), part(1)];
        row(
            &format!("idle, {what}, {} s", IDLE.as_secs()),
            &format!(
                "{:.2} % of a core: {served:.2} and Redis {redis:.2}",
                served + redis
            ),
        );
    }
}

/// Each visitor has a cart of their own, with something in it, and so a countdown.
async fn many_carts(screens: usize) {
    let carts: Vec<String> = (0..screens)
        .map(|number| format!("cart-{number}"))
        .collect();
    let shop = Shop::serve(&carts.iter().map(String::as_str).collect::<Vec<_>>());
    let empty = shop.process().memory();
    let (visits, _) = shop.open(0..screens).await;
    for visit in &visits {
        visit.press(b"a").await;
    }
    sleep(REST).await;

    row_memory(&shop, empty, visits.len(), "each with a cart");
    shop.row_idle(&format!("{} screens, each with a cart", visits.len()))
        .await;
}

/// All visitors share one cart.
async fn one_cart(screens: usize) {
    let shop = Shop::serve(&vec!["office"; screens]);
    let empty = shop.process().memory();
    let (visits, _) = shop.open(0..screens).await;
    visits[0].press(b"a").await;
    sleep(REST).await;

    row_memory(&shop, empty, visits.len(), "on one cart");
    shop.row_idle(&format!("{} screens on one cart", visits.len()))
        .await;

    let mut each = Vec::new();
    let mut last = Vec::new();
    let before = shop.process().spent();
    for _ in 0..CHANGES {
        sleep(REST).await;
        visits.iter().for_each(Visit::clear);
        let began = Instant::now();
        visits[0].press(b"+").await;
        let mut round = Vec::new();
        for visit in &visits {
            round.push(visit.first().await - began);
        }
        last.push(*round.iter().max().unwrap());
        each.extend(round);
    }
    let spent = shop.process().spent() - before;
    row(
        &format!("one change, {} screens of one cart", visits.len()),
        &format!(
            "a screen p50 {}, p99 {}; the last p50 {}; {:.0} us of processor a screen",
            ms(percentile(&each, 0.5)),
            ms(percentile(&each, 0.99)),
            ms(percentile(&last, 0.5)),
            spent.as_secs_f64() * 1e6 / each.len() as f64,
        ),
    );
}

/// Two visitors share a cart while many others watch another one change.
async fn storm(screens: usize) {
    let crowd = screens * 9 / 10;
    let mut carts = vec!["office"; crowd];
    carts.extend(["pair"; 2]);
    let shop = Shop::serve(&carts);
    let (pair, _) = shop.open(crowd..crowd + 2).await;
    let mut local = [local(&shop.redis, "ann"), local(&shop.redis, "bob")];
    sleep(REST).await;

    let (mut remote_spans, mut local_spans) = (Vec::new(), Vec::new());
    for _ in 0..KEYS {
        remote_spans.push(remote_key(&pair).await);
        local_spans.push(local_key(&mut local).await);
    }
    drop(local);
    let remote = percentile(&remote_spans, 0.5);
    let beside = percentile(&local_spans, 0.5);
    row(
        "key in one session to changed bytes in another, beside two local terminals",
        &format!(
            "p50 {} beside {}: {:.2}x; p99 {} beside {}",
            ms(remote),
            ms(beside),
            remote.as_secs_f64() / beside.as_secs_f64(),
            ms(percentile(&remote_spans, 0.99)),
            ms(percentile(&local_spans, 0.99)),
        ),
    );

    let (watchers, _) = shop.open(0..crowd).await;
    let crowd = watchers.len();
    sleep(REST).await;
    row_keys(&pair, &format!("the same with {crowd} idle screens")).await;

    let storming = tokio::spawn(async move {
        loop {
            watchers[0].press(b"+").await;
            sleep(STORM_PAUSE).await;
        }
    });
    let what = format!("the same while another cart with {crowd} screens changes 5 times a second");
    row_keys(&pair, &what).await;
    storming.abort();
}

/// Visitors come one after the other while many strangers say nothing, or not enough.
async fn silent() {
    let shop = Shop::serve(&["office"; NEWCOMERS]);
    let began = Instant::now();
    let mut strangers = Vec::new();
    for number in 0..STRANGERS {
        let mut stream = TcpStream::connect(shop.address).await.unwrap();
        let said: &[u8] = [&b""[..], b"S", b"SSH-2.0-x\r\n"][number % 3];
        stream.write_all(said).await.unwrap();
        strangers.push(stream);
    }

    let mut frames = Vec::new();
    let mut whole = Vec::new();
    for number in 0..NEWCOMERS {
        let visit = Visit::begin(shop.address, number).await.unwrap();
        frames.push(visit.first_frame);
        whole.push(visit.whole);
    }
    let meanwhile = began.elapsed();

    let mut last = Duration::ZERO;
    for mut stream in strangers {
        // One that is cut may also be reset.
        let _ = harness::in_time("the end", stream.read_to_end(&mut Vec::new())).await;
        last = began.elapsed();
    }
    row(
        &format!("first frame beside {STRANGERS} who never log in"),
        &format!(
            "p50 {}, p99 {}, with the catalog p50 {}, p99 {}; all of that within {}, and the last of \
             them is cut {:.1} s after the first has come, {} s being the time to log in",
            ms(percentile(&frames, 0.5)),
            ms(percentile(&frames, 0.99)),
            ms(percentile(&whole, 0.5)),
            ms(percentile(&whole, 0.99)),
            ms(meanwhile),
            last.as_secs_f64(),
            LOGIN_GRACE.as_secs(),
        ),
    );
}

/// Two visitors share a cart while others, each in a cart of their own, send keys without end.
async fn flood() {
    let mut carts: Vec<String> = (0..FLOODERS)
        .map(|number| format!("cart-{number}"))
        .collect();
    carts.extend(["pair".to_owned(), "pair".to_owned()]);
    let shop = Shop::serve(&carts.iter().map(String::as_str).collect::<Vec<_>>());
    let (pair, _) = shop.open(FLOODERS..FLOODERS + 2).await;
    let (flooders, _) = shop.open(0..FLOODERS).await;
    sleep(REST).await;
    row_keys(&pair, "key in one session to changed bytes in another").await;

    let process = shop.process();
    let before = process.memory();
    let mut flooding = JoinSet::new();
    for visit in flooders {
        flooding.spawn(async move {
            loop {
                visit.press(FLOOD).await;
            }
        });
    }
    let spent = process.spent();
    let began = Instant::now();
    let what = format!("the same while {FLOODERS} visitors send keys without end");
    row_keys(&pair, &what).await;
    let part = (process.spent() - spent).as_secs_f64() / began.elapsed().as_secs_f64() * 100.0;
    let memory = process.memory();
    row(
        "what that costs",
        &format!("{part:.0} % of a core; {before} kB before, {memory} kB with it"),
    );
}

/// Visitors come one after the other to a shop with many products.
async fn large_catalog() {
    let redis = Server::start();
    let file = redis.dir().join("products.csv");
    let mut rows = "id,name,price,category,description\n".to_owned();
    for number in 0..PRODUCTS {
        let fields = million::fields(number).map(|field| format!(",\"{field}\""));
        writeln!(rows, "{}{}", million::id(number), fields.concat()).unwrap();
    }
    std::fs::write(&file, rows).unwrap();
    harness::ok(&redis, &["import", file.to_str().unwrap()]);

    let shop = Shop::serve_on(redis, &vec!["office"; LATER + 1]);
    // Before, it says how many of them were read. The number itself may come in pieces.
    let come = async |number| {
        let coming = Visit::begin_until(shop.address, number, "products");
        coming.await.unwrap()
    };
    let first = come(0).await;
    sleep(REST).await;
    let before = shop.process().memory();
    let mut others = Vec::new();
    for number in 1..=LATER {
        others.push(come(number).await);
    }
    sleep(REST).await;

    let after = shop.process().memory();
    let whole: Vec<_> = others.iter().map(|visit| visit.whole).collect();
    row(
        &format!("{PRODUCTS} products: a visitor has them all, and the memory of each"),
        &format!(
            "the first one after {}; {LATER} others after p50 {}, at most {}; {before} kB, then {:.0} kB each",
            ms(first.whole),
            ms(percentile(&whole, 0.5)),
            ms(percentile(&whole, 1.0)),
            after.saturating_sub(before) as f64 / LATER as f64,
        ),
    );
}

async fn row_keys(pair: &[Visit], what: &str) {
    let mut spans = Vec::new();
    for _ in 0..KEYS {
        spans.push(remote_key(pair).await);
    }
    row(
        what,
        &format!(
            "p50 {}, p90 {}, p99 {}",
            ms(percentile(&spans, 0.5)),
            ms(percentile(&spans, 0.9)),
            ms(percentile(&spans, 0.99)),
        ),
    );
}

/// A local terminal on a cart of their own.
fn local(redis: &Server, name: &str) -> Terminal {
    let args = ["--redis", redis.url(), "--user", "local", "--name", name];
    let terminal = Terminal::builder(TROLLEY)
        .args(&args)
        .args(&["--theme", "dark"])
        .size(SIZE.0, SIZE.1)
        .home(redis.dir())
        .open();
    terminal.wait("64 products");
    terminal
}

/// Presses a key in one session; returns the time until the other shows what it changes.
async fn remote_key(pair: &[Visit]) -> Duration {
    // Nothing else is under way, and no two keys meet the storm at the same point.
    sleep(Duration::from_millis(33)).await;
    pair[1].clear();
    let began = Instant::now();
    pair[0].press(b"+").await;
    pair[1].first().await - began
}

/// [`remote_key`] between local terminals.
async fn local_key([sender, watcher]: &mut [Terminal; 2]) -> Duration {
    sleep(Duration::from_millis(33)).await;
    let mark = watcher.raw().len();
    let began = Instant::now();
    sender.send(b"+");
    watcher.wait_raw(mark);
    watcher.first_after(mark).unwrap() - began
}

/// Some clients stop reading while their cart changes all the time.
async fn stopped() {
    let shop = Shop::serve(&["office"; STOPPED + 1]);
    let (mut visits, _) = shop.open(0..STOPPED + 1).await;
    let sender = visits.pop().unwrap();
    sender.press(b"a").await;
    sleep(REST).await;

    let before = shop.process().memory();
    let mut most = before;
    for visit in &visits {
        visit.set_reading(false);
    }
    for _ in 0..MISSED {
        sender.press(b"+").await;
        sleep(MISSED_PAUSE).await;
        most = most.max(shop.process().memory());
    }
    sleep(REST).await;
    let marks: Vec<u64> = visits.iter().map(Visit::bytes).collect();
    for visit in &visits {
        visit.set_reading(true);
    }
    sleep(REST).await;

    let behind = visits
        .iter()
        .zip(marks)
        .map(|(visit, mark)| visit.bytes() - mark);
    row(
        &format!("{STOPPED} clients stop reading for {MISSED} changes"),
        &format!(
            "memory {} kB before, {} kB at most; when they go on, at most {:.0} kB were behind",
            before,
            most,
            behind.max().unwrap() as f64 / 1000.0,
        ),
    );
}

fn row_memory(shop: &Shop, empty: u64, screens: usize, what: &str) {
    let process = shop.process();
    let memory = process.memory();
    row(
        &format!("memory a session, {screens} {what}"),
        &format!(
            "{:.0} kB ({empty} kB before, {memory} kB with all; {} threads)",
            memory.saturating_sub(empty) as f64 / screens as f64,
            process.threads(),
        ),
    );
}

/// A row of the table.
fn row(what: &str, figure: &str) {
    println!("| {what} | {figure} |");
}

fn ms(span: Duration) -> String {
    format!("{:.2} ms", span.as_secs_f64() * 1000.0)
}

/// The value below which this part of all lies.
fn percentile(spans: &[Duration], part: f64) -> Duration {
    let mut sorted = spans.to_vec();
    sorted.sort();
    let last = sorted.len().saturating_sub(1);
    let index = (last as f64 * part).round() as usize;
    sorted.get(index).copied().unwrap_or_default()
}
