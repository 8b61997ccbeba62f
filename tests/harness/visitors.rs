//! Visitors by SSH who keep changing the cart of alice while everything breaks: their links, their
//! clients, and the way from their server to Redis.

use super::child::Running;
use super::deployment::Deployment;
use super::load::Random;
use super::patience::Deadline;
use super::proxy::{Door, Proxy};
use super::ssh::{Folder, launch};
use super::{Terminal, trolley};
use rustix::process::Signal;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// The pause between two keys: somebody types, and holds keys.
const PAUSE: Duration = Duration::from_millis(100);
/// How long a client is stopped.
const STOPPED: Duration = Duration::from_millis(700);

/// Visitors at work.
pub struct Visitors {
    tasks: Vec<JoinHandle<Terminal>>,
    shop: Option<Shop>,
    is_over: Arc<AtomicBool>,
    kills: Arc<AtomicU64>,
}

/// Visitors who have come to rest, at their screens.
pub struct Calm {
    pub screens: Vec<Terminal>,
    shop: Option<Shop>,
    kills: u64,
}

/// The shop that they come to.
struct Shop {
    _process: Running,
    folder: Arc<Folder>,
    /// The way of each visitor.
    proxies: Vec<Proxy>,
}

impl Visitors {
    /// Lets so many come, and begin. Their server takes the last proxy of the deployment.
    pub fn come(place: &Deployment, count: usize, seed: u64) -> Visitors {
        let is_over = Arc::<AtomicBool>::default();
        let kills = Arc::<AtomicU64>::default();
        let shop = (count > 0).then(|| Shop::open(place, count));

        let tasks = shop.iter().flat_map(|shop| {
            shop.proxies.iter().enumerate().map(|(number, proxy)| {
                let way = Way {
                    folder: shop.folder.clone(),
                    port: proxy.port(),
                    number,
                };
                let (is_over, kills) = (is_over.clone(), kills.clone());
                let random = Random(seed * 7919 + number as u64 + 1);
                std::thread::spawn(move || way.shop(random, &is_over, &kills))
            })
        });
        Visitors {
            tasks: tasks.collect(),
            shop,
            is_over,
            kills,
        }
    }

    /// Whether any have come.
    pub fn are_there(&self) -> bool {
        self.shop.is_some()
    }

    /// Lets all come to rest.
    pub fn calm(self) -> Calm {
        self.is_over.store(true, Ordering::Relaxed);
        for proxy in self.shop.iter().flat_map(|shop| &shop.proxies) {
            proxy.faults.on.store(false, Ordering::Relaxed);
        }
        let screens: Vec<Terminal> = self
            .tasks
            .into_iter()
            .map(|task| task.join().unwrap())
            .collect();
        Calm {
            screens,
            shop: self.shop,
            kills: self.kills.load(Ordering::Relaxed),
        }
    }
}

impl Calm {
    /// The faults that were caused.
    pub fn caused(&self) -> u64 {
        let proxies = self.shop.iter().flat_map(|shop| &shop.proxies);
        let caused = proxies.map(|proxy| proxy.faults.caused.load(Ordering::Relaxed));
        self.kills + caused.sum::<u64>()
    }
}

impl Shop {
    fn open(place: &Deployment, visitors: usize) -> Shop {
        let folder = Folder::new();
        let mut keys = String::new();
        for number in 0..visitors {
            let who = who(number);
            folder.make_key(&who, "ed25519");
            let options = format!(r#"cart="alice",name="visitor {number}""#);
            keys.push_str(&folder.line(&options, &who));
        }
        std::fs::write(folder.file("keys"), keys).unwrap();

        let url = place.proxies.last().unwrap().url();
        let log = folder.text("log");
        let keys = folder.text("keys");
        let mut command = trolley(folder.path(), &["--redis", &url, "--log", &log]);
        let args = ["--keys", &keys, "--per-ip", "1000"];
        let (process, address, _) = launch(&mut command, &args);

        let proxies = (0..visitors as u64).map(|n| {
            let proxy = Proxy::by_port(Door::Port(address.port()));
            let faults = &proxy.faults;
            faults.drop_every.store(307 + 11 * n, Ordering::Relaxed);
            faults
                .half_close_every
                .store(1009 + 13 * n, Ordering::Relaxed);
            faults.delay_every.store(53 + n, Ordering::Relaxed);
            faults.on.store(true, Ordering::Relaxed);
            proxy
        });
        Shop {
            _process: process,
            proxies: proxies.collect(),
            folder: Arc::new(folder),
        }
    }
}

fn who(number: usize) -> String {
    format!("visitor-{number}")
}

/// The way of one visitor to their screen.
struct Way {
    folder: Arc<Folder>,
    port: u16,
    number: usize,
}

impl Way {
    /// A screen that shows the shop. It may take several attempts.
    fn open(&self) -> Terminal {
        let deadline = Deadline::start();
        loop {
            let builder = self
                .folder
                .builder(self.port, "alice", Some(&who(self.number)), &[]);
            let mut terminal = builder.open();
            while terminal.exit_status().is_none() {
                assert!(!deadline.left().is_zero(), "no shop:\n{}", terminal.text());
                if terminal.text().contains("12 products") {
                    return terminal;
                }
                std::thread::sleep(PAUSE);
            }
        }
    }

    /// Keeps changing the cart until it is over; returns the screen once all is confirmed.
    fn shop(&self, mut random: Random, is_over: &AtomicBool, kills: &AtomicU64) -> Terminal {
        let mut terminal = self.open();
        while !is_over.load(Ordering::Relaxed) {
            if terminal.exit_status().is_some() {
                terminal = self.open();
            }
            match random.below(120) {
                0 => {
                    terminal.signal(Signal::KILL);
                    kills.fetch_add(1, Ordering::Relaxed);
                    terminal = self.open();
                }
                1 => {
                    terminal.signal(Signal::STOP);
                    kills.fetch_add(1, Ordering::Relaxed);
                    std::thread::sleep(STOPPED);
                    terminal.signal(Signal::CONT);
                }
                2..70 => terminal.send(b"a"),
                70..85 => terminal.send(b"+"),
                85..100 => terminal.send(b"-"),
                100..110 => terminal.send(b"j"),
                110..118 => terminal.send(b"k"),
                _ => terminal.send(b"u"),
            }
            std::thread::sleep(PAUSE);
        }

        // Once the help shows, every key before it was taken in.
        let deadline = Deadline::start();
        terminal.send(b"?");
        while !terminal.text().contains("Undo your own last change") {
            deadline.check("the help");
            if terminal.exit_status().is_some() {
                terminal = self.open();
                terminal.send(b"?");
            }
            std::thread::sleep(PAUSE);
        }
        terminal.keys("esc");
        terminal.wait("● live");
        terminal.gone("…€");
        terminal
    }
}
