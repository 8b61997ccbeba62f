//! Changes per second by the cart's script, beside plain ZINCRBY, with 50 clients: those of
//! redis-benchmark, and those of the library that trolley itself uses, which do more with each
//! answer, on the cores that they share with the server.

use super::harness::Server;
use super::row;
use futures::future::join_all;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::time::{Duration, Instant};
use trolley::model::{Change, ChangeKind, Edit, Money, ProductId, UserName};
use trolley::store;
use trolley::store::keys::CartKeys;
use trolley::store::{Attempt, Policy};

const CLIENTS: usize = 50;
const SPAN: Duration = Duration::from_secs(3);
const ROUNDS: usize = 3;

pub fn run() {
    let server = Server::start_with("redis-server", &["--appendonly", "no"]);
    server.cmd("HSET product:tea name Tea price 2.40");
    let change = as_sent(&server);
    let words: Vec<&str> = change.iter().map(String::as_str).collect();
    compare(
        "redis-benchmark",
        || by_benchmark(&server, &["ZINCRBY", "plain", "1", "tea"]),
        || {
            server.cmd("UNLINK cart:user");
            by_benchmark(&server, &words)
        },
    );
    compare("redis-rs", || rate(&server, false), || rate(&server, true));
}

fn compare(whose: &str, mut plain: impl FnMut() -> f64, mut script: impl FnMut() -> f64) {
    let (mut one, mut other) = (0.0_f64, 0.0_f64);
    for _ in 0..ROUNDS {
        one = one.max(plain());
        other = other.max(script());
    }
    row(
        &format!("changes by the cart's script, beside ZINCRBY, 50 clients of {whose}"),
        &format!("{other:.0} beside {one:.0} a second: {:.2}x", other / one),
    );
}

/// A change as the library sends it, each with an op id of its own in redis-benchmark's hands.
fn as_sent(server: &Server) -> Vec<String> {
    let policy = Policy {
        line_limit: 999_999,
        ..Policy::default()
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let add = || runtime.block_on(async { add(&mut open(server.url()).await, &policy).await });
    add();
    let mut monitor = UnixStream::connect(server.socket()).unwrap();
    monitor.write_all(b"MONITOR\r\n").unwrap();
    let mut lines = BufReader::new(monitor).lines().map(Result::unwrap);
    assert_eq!(lines.next().as_deref(), Some("+OK"));
    let op = add();
    let sent = lines.find(|line| line.contains("] \"EVALSHA\" ")).unwrap();
    let words = sent.split('"').skip(1).step_by(2);
    words
        .map(|word| {
            if word == op {
                "__rand_int__".to_owned()
            } else {
                word.to_owned()
            }
        })
        .collect()
}

/// Adds a piece; its op id.
async fn add(link: &mut redis::aio::MultiplexedConnection, policy: &Policy) -> String {
    let edit = Edit::Add {
        product: ProductId::stored(b"tea"),
        quantity: 1,
        price: Money::parse("2.40"),
    };
    let change = Change {
        op: store::new_op(),
        kind: ChangeKind::Edit,
        edits: vec![edit],
    };
    let keys = CartKeys::of(&UserName::parse("user").unwrap());
    store::send(
        link,
        &keys,
        policy,
        &change,
        Attempt::default(),
        store::ProductCheck::Here,
    )
    .await
    .unwrap();
    change.op.as_str().to_owned()
}

/// Commands a second: 50 clients of redis-benchmark.
fn by_benchmark(server: &Server, command: &[&str]) -> f64 {
    let mut run = Command::new("redis-benchmark");
    run.arg("-s").arg(server.socket()).args([
        "-c",
        "50",
        "-n",
        "150000",
        "-r",
        "2000000000",
        "--csv",
    ]);
    let output = String::from_utf8(run.args(command).output().unwrap().stdout).unwrap();
    let last = output.lines().last().unwrap();
    last.split("\",\"").nth(1).unwrap().parse().unwrap()
}

/// Changes a second: 50 clients, each on a connection of its own and a cart of its own.
fn rate(server: &Server, script: bool) -> f64 {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let until = Instant::now() + SPAN;
        let clients = (0..CLIENTS).map(|n| {
            let url = server.url().to_owned();
            tokio::spawn(async move {
                if script {
                    by_script(&url, n, until).await
                } else {
                    by_hand(&url, n, until).await
                }
            })
        });
        let began = Instant::now();
        let made: u64 = join_all(clients)
            .await
            .into_iter()
            .map(Result::unwrap)
            .sum();
        made as f64 / began.elapsed().as_secs_f64()
    })
}

async fn open(url: &str) -> redis::aio::MultiplexedConnection {
    redis::Client::open(url)
        .unwrap()
        .get_multiplexed_async_connection()
        .await
        .unwrap()
}

async fn by_hand(url: &str, n: usize, until: Instant) -> u64 {
    let mut link = open(url).await;
    let key = format!("plain:{n}");
    let mut made = 0;
    while Instant::now() < until {
        let _: f64 = redis::cmd("ZINCRBY")
            .arg(&key)
            .arg(1)
            .arg("tea")
            .query_async(&mut link)
            .await
            .unwrap();
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
            Edit::Add {
                product,
                quantity,
                price: Money::parse("2.40"),
            }
        } else {
            Edit::Take { product, quantity }
        };
        let change = Change {
            op: store::new_op(),
            kind: ChangeKind::Edit,
            edits: vec![edit],
        };
        store::send(
            &mut link,
            &keys,
            &policy,
            &change,
            Attempt::default(),
            store::ProductCheck::Here,
        )
        .await
        .unwrap();
        made += 1;
    }
    made
}
