//! What the staff of a busy shop wait for: a backup of 10,000 orders, the figures of such a day, the
//! ticket of an order, and what the screens cost while nothing happens.

use super::harness::shopping::{add, check_out, connect_as, on_many_threads, user};
use super::harness::{Server, TROLLEY, Terminal, ok};
use super::idle::{SPAN, part_of_a_core};
use super::{ms, percentile, ratio, row, timed};
use redis::Value as Answer;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};
use trolley::model::OrderId;

const ORDERS: u64 = 10_000;
const OPEN: u64 = 200;
const BOARDS: usize = 10;
const ROUNDS: usize = 5;
const TICKETS: usize = 150;

const MINUTE: u64 = 60_000;
const DAY: u64 = 24 * 60 * MINUTE;

/// A server with the demo catalog, and with as many orders of today and of the days so many weeks
/// before: made-up ones, over and over. Returns how long their import took.
fn busy_shop(orders: u64, open: u64, weeks: u64) -> (Server, Duration) {
    let server = Server::with_demo();
    ok(&server, &["demo", "--orders"]);
    let made_up = ok(&server, &["export", "--orders"]);
    let made_up: Vec<Value> = made_up
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    server.cmd("FLUSHALL");
    ok(&server, &["demo"]);
    ok(&server, &["shop", "time_zone=UTC"]);

    let now: u64 = server.get_list("TIME")[0].parse::<u64>().unwrap() * 1000;
    let step = (now % DAY) / orders;
    let mut lines = String::new();
    for (n, order) in (0..(1 + weeks) * orders).zip(made_up.iter().cycle()) {
        let before = n % orders;
        let week = n / orders * 7 * DAY;
        let at = now - week - (before + 1) * step;
        let order = order_at(order, n, at, orders - before, n < open);
        lines.push_str(&format!("{order}\n"));
    }
    let file = server.dir().join("orders.jsonl");
    std::fs::write(&file, lines).unwrap();
    let file = file.to_str().unwrap();
    let (span, _) = timed(|| ok(&server, &["import", "--orders", file]));
    (server, span)
}

/// An order like this one, placed then.
fn order_at(like: &Value, n: u64, at: u64, number: u64, is_open: bool) -> Value {
    let mut order = like.clone();
    order["order"] = json!(OrderId::new(at, n).as_str());
    order["number"] = json!(number);
    order["at"] = json!(at);
    order["ticked"] = json!([]);
    order["reached_by"] = json!({});
    if is_open {
        order["state"] = json!("placed");
        order["changed"] = json!(at);
        order["moved_by"] = Value::Null;
        order["reached"] = json!({ "placed": at });
        order["returned"] = json!(false);
    } else {
        let ready = at + 5 * MINUTE;
        order["state"] = json!("done");
        order["changed"] = json!(ready);
        order["moved_by"] = json!("mia");
        order["reached"] = json!({ "placed": at, "ready": ready, "done": ready });
        order["returned"] = json!(true);
    }
    order
}

/// The shortest of several times: others work on this machine, too.
fn best(mut span: impl FnMut() -> Duration) -> Duration {
    let spans = (0..ROUNDS).map(|_| span());
    spans.min().unwrap()
}

/// An export and an import of 20,000 orders, beside `redis-cli --pipe` with the same commands.
pub fn backup() {
    let (server, _) = busy_shop(ORDERS, OPEN, 1);
    let file = server.dir().join("orders.jsonl");
    let file = file.to_str().unwrap();
    let export = best(|| timed(|| ok(&server, &["export", "--orders", file])).0);
    let commands = server.dir().join("commands");
    write_commands(&server, &commands);

    let import = best(|| {
        let empty = Server::start();
        timed(|| ok(&empty, &["import", "--orders", file])).0
    });
    let pipe = best(|| {
        let empty = Server::start();
        let script = format!(
            "redis-cli -s {} --pipe <{}",
            empty.socket().display(),
            commands.display()
        );
        let (span, output) = timed(|| Command::new("sh").args(["-c", &script]).output().unwrap());
        assert!(output.status.success(), "{output:?}");
        span
    });
    row("export of 20,000 orders", &ms(export));
    row(
        "import of 20,000 orders, beside redis-cli --pipe with their records and entries",
        &format!(
            "{} beside {}: {:.2}x",
            ms(import),
            ms(pipe),
            ratio(import, pipe)
        ),
    );
}

/// Writes the commands that store all orders of a server, as the protocol has them.
fn write_commands(server: &Server, file: &Path) {
    let mut text = Vec::new();
    let mut write = |words: &[Vec<u8>]| {
        text.extend(format!("*{}\r\n", words.len()).into_bytes());
        for word in words {
            text.extend(format!("${}\r\n", word.len()).into_bytes());
            text.extend(word);
            text.extend(b"\r\n");
        }
    };

    let mut link = server.connection();
    for id in server.get_list("ZRANGE {orders}:all 0 -1") {
        let key = format!("{{orders}}:{id}").into_bytes();
        let record: Vec<Vec<u8>> = redis::cmd("HGETALL").arg(&key).query(&mut link).unwrap();
        let field = |name: &[u8]| {
            let at = record.iter().step_by(2).position(|known| known == name);
            record[2 * at.unwrap() + 1].clone()
        };
        let (user, at, number) = (field(b"user"), field(b"at"), field(b"number"));
        let id = id.into_bytes();
        let own = [&b"{orders}:of:"[..], &user].concat();
        let all = b"{orders}:all".to_vec();
        for index in [all, own] {
            write(&[b"ZADD".to_vec(), index, at.clone(), id.clone()]);
        }
        let numbers = b"{orders}:numbers".to_vec();
        write(&[b"HSET".to_vec(), numbers, number, id]);
        write(&[vec![b"HSET".to_vec(), key], record].concat());
    }
    std::fs::write(file, text).unwrap();
}

/// The figures of a day with 10,000 orders on the screen: alone, and beside such a day. The latter
/// printed, beside a bare reader of the same records, which looks at none.
pub fn today() {
    let (quiet, _) = busy_shop(ORDERS, OPEN, 0);
    row(
        "today with 10,000 orders: start to the first figures",
        &ms(first_figures(&quiet)),
    );

    let (server, _) = busy_shop(ORDERS, OPEN, 1);
    let screen = first_figures(&server);
    let printed = best(|| timed(|| ok(&server, &["today", "--json"])).0);
    let bare = best(|| timed(|| read_bare(&server)).0);
    row(
        "the same, and 10,000 a week before",
        &format!("{}: {:.2}x", ms(screen), ratio(screen, bare)),
    );
    row(
        "the same by today --json, beside a bare reader of these records",
        &format!(
            "{} beside {}: {:.2}x",
            ms(printed),
            ms(bare),
            ratio(printed, bare)
        ),
    );
}

/// The time from the start of the screen until it shows figures.
fn first_figures(server: &Server) -> Duration {
    best(|| {
        let args = ["--redis", server.url(), "today"];
        let builder = Terminal::builder(TROLLEY).args(&args).home(server.dir());
        let (span, mut today) = timed(|| {
            let today = builder.open();
            today.wait("Ready in");
            today
        });
        today.send(b"q");
        today.wait_exit();
        span
    })
}

/// Reads all orders, 500 at once.
fn read_bare(server: &Server) {
    let mut link = server.connection();
    let ids = server.get_list("ZREVRANGE {orders}:all 0 -1");
    for page in ids.chunks(500) {
        let mut pipeline = redis::pipe();
        for id in page {
            let record = pipeline.cmd("HMGET").arg(format!("{{orders}}:{id}"));
            record.arg(&[
                "id", "user", "who", "at", "state", "changed", "lines", "note",
            ]);
        }
        let answers: Vec<Answer> = pipeline.query(&mut link).unwrap();
        assert_eq!(answers.len(), page.len());
    }
}

/// A screen of the staff.
fn staff(server: &Server, page: &str) -> Terminal {
    super::harness::staff(server, "mia", &["--theme", "dark", page])
}

/// An order that is confirmed, until ten boards with 200 others show it.
pub fn tickets() {
    let (server, _) = busy_shop(1_000, OPEN, 1);
    let boards: Vec<Terminal> = (0..BOARDS).map(|_| staff(&server, "board")).collect();
    for board in &boards {
        board.wait("200 open");
    }

    let runtime = on_many_threads();
    let mut till = runtime.block_on(connect_as(server.url(), "ann"));
    let cart = user("office");
    let mut spans = Vec::new();
    for _ in 0..TICKETS {
        runtime.block_on(add(&mut till, &cart, "espresso", 1));
        // Nothing else is under way.
        std::thread::sleep(Duration::from_millis(100));
        let marks: Vec<usize> = boards.iter().map(|board| board.raw().len()).collect();

        let order = runtime.block_on(check_out(&mut till, &cart)).unwrap();
        let confirmed = Instant::now();
        for (board, mark) in boards.iter().zip(marks) {
            board.wait("201 open");
            let shown = board.first_after(mark).unwrap();
            spans.push(shown.saturating_duration_since(confirmed));
        }
        ok(&server, &["order", order.as_str(), "done"]);
        for board in &boards {
            board.wait("200 open");
        }
    }
    row(
        "an order is confirmed until its ticket is on each of 10 boards with 200 others",
        &format!(
            "p50 {}, p99 {}",
            ms(percentile(&spans, 0.5)),
            ms(percentile(&spans, 0.99))
        ),
    );
}

/// A minute of nothing, with a board of 200 tickets and the figures of 10,000 orders.
pub fn waiting() {
    let (server, _) = busy_shop(ORDERS, OPEN, 1);
    let board = staff(&server, "board");
    board.wait("200 open");
    let today = staff(&server, "today");
    today.wait("Ready in");
    let [of_board, of_today] = part_of_a_core([board.pid(), today.pid()]);
    row(
        &format!("idle for {} s: a board with 200 tickets", SPAN.as_secs()),
        &format!("{of_board:.3} % of one core"),
    );
    row(
        "the same: the figures of 10,000 orders",
        &format!("{of_today:.3} % of one core"),
    );
}
