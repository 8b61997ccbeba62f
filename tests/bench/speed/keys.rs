//! A key in one terminal to changed bytes in another, both real programs in real terminals,
//! beside two programs that do no more than they must.

use super::harness::{Server, TROLLEY, Terminal};
use super::{ms, percentile, ratio, row};
use redis::{Commands, PubSubCommands};
use std::io::{Read, Write};
use std::time::{Duration, Instant};

const ROUNDS: usize = 400;

/// The two programs: one takes a key, ZINCRBY, PUBLISH; the other writes 100 bytes a message.
pub fn is_trivial(args: &[String]) -> bool {
    let [mark, url] = args else { return false };
    let client = redis::Client::open(url.as_str());
    match mark.as_str() {
        "trivial-sender" => {
            let mut link = client.unwrap().get_connection().unwrap();
            println!("ready");
            let mut key = [0];
            crossterm::terminal::enable_raw_mode().unwrap();
            while std::io::stdin().read_exact(&mut key).is_ok() {
                let _: f64 = link.zincr("trivial", "tea", 1).unwrap();
                let _: i64 = link.publish("trivial-updates", "tea").unwrap();
            }
        }
        "trivial-watcher" => {
            let mut link = client.unwrap().get_connection().unwrap();
            println!("ready");
            let mut out = std::io::stdout();
            link.subscribe::<_, _, ()>("trivial-updates", |_| {
                out.write_all(&[b'x'; 100]).unwrap();
                out.flush().unwrap();
                redis::ControlFlow::<()>::Continue
            })
            .unwrap();
        }
        _ => return false,
    }
    true
}

/// Presses keys in one terminal and waits for what they change in the other.
fn measure(sender: &mut Terminal, watcher: &Terminal, spans: &mut Vec<Duration>) {
    // Nothing else is under way.
    std::thread::sleep(Duration::from_millis(30));
    let mark = watcher.raw().len();
    let began = Instant::now();
    sender.send(b"+");
    watcher.wait_raw(mark);
    spans.push(
        watcher
            .first_after(mark)
            .unwrap()
            .saturating_duration_since(began),
    );
}

pub fn run() {
    let server = Server::with_demo();
    let myself = std::env::current_exe().unwrap();
    let myself = myself.to_str().unwrap();
    let plain = |mark: &str| {
        let terminal = Terminal::builder(myself)
            .args(&[mark, server.url()])
            .size(200, 50)
            .open();
        terminal.wait("ready");
        terminal
    };
    let (mut key, watcher) = (plain("trivial-sender"), plain("trivial-watcher"));
    let shop = |name: &str| {
        let args = [
            "--redis",
            server.url(),
            "--user",
            "office",
            "--name",
            name,
            "--theme",
            "dark",
        ];
        let shop = Terminal::builder(TROLLEY)
            .args(&args)
            .size(200, 50)
            .home(server.dir())
            .open();
        shop.wait("64 products");
        shop
    };
    let (mut ann, bob) = (shop("ann"), shop("bob"));
    ann.wait("with bob");
    let (mut trivial, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        measure(&mut key, &watcher, &mut trivial);
        measure(&mut ann, &bob, &mut ours);
    }
    let at = |spans: &[Duration], part| percentile(spans, part);
    row(
        "key in one terminal to changed bytes in another, beside two trivial programs",
        &format!(
            "p50 {} beside {}: {:.2}x; p99 {} beside {}",
            ms(at(&ours, 0.5)),
            ms(at(&trivial, 0.5)),
            ratio(at(&ours, 0.5), at(&trivial, 0.5)),
            ms(at(&ours, 0.99)),
            ms(at(&trivial, 0.99))
        ),
    );
}
