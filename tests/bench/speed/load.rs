//! Reading a catalog of 1,000,000 products, beside a bare reader of the same hashes.

use super::harness::Server;
use super::{million, ms, percentile, ratio, row, timed};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};
use trolley::store;
use trolley::store::{Address, Reading};

const SIZE: u32 = 1_000_000;
const ROUNDS: usize = 3;

/// The ids and hashes read by hand: commands written by one thread, answers skipped by another.
fn bare(socket: &Path) -> usize {
    let link = UnixStream::connect(socket).unwrap();
    let mut reader = BufReader::with_capacity(1 << 18, link.try_clone().unwrap());
    let mut writer = BufWriter::with_capacity(1 << 18, link);
    writer.write_all(b"ZRANGE catalog 0 -1\r\n").unwrap();
    writer.flush().unwrap();
    let ids = array(&mut reader);
    let all = ids.len();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            for id in ids {
                let key = [b"product:", &id[..]].concat();
                write!(writer, "*9\r\n$5\r\nHMGET\r\n${}\r\n", key.len()).unwrap();
                writer.write_all(&key).unwrap();
                writer
                    .write_all(
                        b"\r\n$4\r\nname\r\n$5\r\nprice\r\n$8\r\ncategory\r\n$4\r\nunit\r\n$5\r\nstock\r\n$11\r\ndescription\r\n$7\r\nbarcode\r\n",
                    )
                    .unwrap();
            }
            writer.flush().unwrap();
        });
        (0..all)
            .map(|_| array(&mut reader).len())
            .filter(|fields| *fields == 7)
            .count()
    })
}

fn line(reader: &mut impl BufRead) -> i64 {
    let mut line = Vec::with_capacity(16);
    reader.read_until(b'\n', &mut line).unwrap();
    std::str::from_utf8(&line[1..])
        .unwrap()
        .trim_end()
        .parse()
        .unwrap()
}

fn array(reader: &mut impl BufRead) -> Vec<Vec<u8>> {
    let length = line(reader);
    let mut items = Vec::with_capacity(usize::try_from(length).unwrap());
    for _ in 0..length {
        let Ok(length) = usize::try_from(line(reader)) else {
            items.push(Vec::new());
            continue;
        };
        let mut item = vec![0; length + 2];
        reader.read_exact(&mut item).unwrap();
        item.truncate(length);
        items.push(item);
    }
    items
}

/// The program's own reading, in a process of its own so that its memory can be told.
pub fn is_child(args: &[String]) -> bool {
    let [mark, url] = args else { return false };
    if mark != "load-child" {
        return false;
    }
    trolley::tui::workers::catalog::on_two_threads(async {
        let before = resident();
        let mut connection = store::connect(&Address::parse(url).unwrap()).await.unwrap();
        let began = Instant::now();
        let mut first = None;
        let catalog = store::load_catalog(&mut connection, |reading| {
            if let Reading::First(begun) = reading
                && begun.len() >= 50
            {
                first.get_or_insert(began.elapsed());
            }
        })
        .await
        .unwrap();
        let all = began.elapsed();
        let text: usize = catalog
            .iter()
            .map(|item| {
                item.id.len()
                    + item.name.len()
                    + item.category.len()
                    + item.unit.len()
                    + item.description.len()
                    + item.barcode.len()
            })
            .sum();
        let held = resident().saturating_sub(before).saturating_sub(text);
        println!(
            "{} {} {}",
            first.unwrap().as_micros(),
            all.as_micros(),
            held / catalog.len()
        );
    })
    .unwrap();
    true
}

/// Bytes of memory in use.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS"))
        .unwrap();
    line.split_whitespace()
        .nth(1)
        .unwrap()
        .parse::<usize>()
        .unwrap()
        * 1024
}

/// What several readings of one server took.
#[derive(Default)]
struct Loads {
    firsts: Vec<Duration>,
    wholes: Vec<Duration>,
    bytes_a_product: u64,
}

impl Loads {
    /// Reads the catalog once, in a process of its own.
    fn read(&mut self, server: &Server) {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["load-child", server.url()])
            .output()
            .unwrap();
        let said = String::from_utf8(child.stdout).unwrap();
        let numbers: Vec<u64> = said
            .split_whitespace()
            .map(|n| n.parse().unwrap())
            .collect();
        self.firsts.push(Duration::from_micros(numbers[0]));
        self.wholes.push(Duration::from_micros(numbers[1]));
        self.bytes_a_product = numbers[2];
    }
}

pub fn run() {
    let server = || Server::start_with("redis-server", &["--appendonly", "no"]);
    let (plain, coded) = (server(), server());
    million::fill(&plain.socket(), SIZE);
    million::fill_coded(&coded.socket(), SIZE);

    let mut bare_spans = Vec::new();
    let mut ours = Loads::default();
    let mut with_codes = Loads::default();
    for _ in 0..ROUNDS {
        let (span, read) = timed(|| bare(&plain.socket()));
        assert_eq!(read, SIZE as usize);
        bare_spans.push(span);
        ours.read(&plain);
        with_codes.read(&coded);
    }

    let half = |spans: &[Duration]| percentile(spans, 0.5);
    row(
        "first 50 of 1,000,000 products after the connection",
        &ms(half(&ours.firsts)),
    );
    row(
        "all 1,000,000, sorted, beside a bare reader",
        &format!(
            "{} beside {}: {:.2}x",
            ms(half(&ours.wholes)),
            ms(half(&bare_spans)),
            ratio(half(&ours.wholes), half(&bare_spans))
        ),
    );
    row(
        "memory a product beyond its text",
        &format!("{} bytes", ours.bytes_a_product),
    );
    row(
        "all 1,000,000 with a bar code each, beside those without",
        &format!(
            "{}: {:.2}x; {} bytes a product beyond its text",
            ms(half(&with_codes.wholes)),
            ratio(half(&with_codes.wholes), half(&ours.wholes)),
            with_codes.bytes_a_product
        ),
    );
}
