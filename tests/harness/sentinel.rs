//! A master, its replica, and Sentinels that watch them.

use super::Server;
use super::server::{binaries, free_port};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long the Sentinels may take to agree on anything.
const PATIENCE: Duration = Duration::from_secs(30);

/// Three Sentinels; killed when dropped.
pub struct Sentinels {
    /// The first master and its replica.
    pub servers: [Server; 2],
    ports: [u16; 2],
    watchers: Vec<(u16, Child)>,
    _folder: TempDir,
}

impl Sentinels {
    /// Starts them all; the master is called `shop`.
    pub fn start() -> Sentinels {
        let binary = &binaries()[0];
        let ports = [free_port(), free_port()];
        let place = |port: u16| ["--port".to_owned(), port.to_string(), "--bind".into(), "127.0.0.1".into()];
        let start = |words: &[String]| {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            Server::start_with(binary, &[&words[..], &["--repl-diskless-sync-delay", "0"]].concat())
        };
        let master = start(&place(ports[0]));
        let follows = ["--replicaof".to_owned(), format!("127.0.0.1 {}", ports[0])];
        let replica = start(&[&place(ports[1])[..], &follows].concat());
        let folder = tempfile::Builder::new().prefix("trolley-").tempdir_in("/tmp").unwrap();
        let watch = |n: usize| {
            let port = free_port();
            let config = folder.path().join(format!("sentinel{n}.conf"));
            let text = format!(
                "port {port}\nbind 127.0.0.1\ndir {}\nsentinel monitor shop 127.0.0.1 {} 2\n\
                 sentinel down-after-milliseconds shop 1500\nsentinel failover-timeout shop 3000\n",
                folder.path().display(),
                ports[0]
            );
            std::fs::write(&config, text).unwrap();
            let child = Command::new(binary)
                .arg(&config)
                .arg("--sentinel")
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            (port, child)
        };
        let watchers = (0..3).map(watch).collect();
        let all = Sentinels { servers: [master, replica], ports, watchers, _folder: folder };
        all.until("the replica follows", || {
            all.servers[1].get("INFO replication").contains("master_link_status:up")
        });
        all.until("the Sentinels know each other and the replica", || {
            (0..3).all(|n| {
                let master = all.ask(n, "MASTER");
                let says = |name: &str, value: &str| {
                    master.chunks(2).any(|pair| pair[0] == name && pair[1] == value)
                };
                says("num-other-sentinels", "2") && says("num-slaves", "1")
            })
        });
        all
    }

    /// What a Sentinel says of the master.
    fn ask(&self, number: usize, what: &str) -> Vec<String> {
        let url = format!("redis://127.0.0.1:{}", self.watchers[number].0);
        let mut question = redis::cmd("SENTINEL");
        question.arg(what).arg("shop");
        let ask = || question.query(&mut redis::Client::open(url).ok()?.get_connection().ok()?).ok();
        ask().unwrap_or_default()
    }

    /// Which server is the master, for all Sentinels; `None` while they don't agree.
    pub fn master(&self) -> Option<usize> {
        let port = self.ask(0, "GET-MASTER-ADDR-BY-NAME").pop()?;
        let agreed = (1..3).all(|n| self.ask(n, "GET-MASTER-ADDR-BY-NAME").last() == Some(&port));
        self.ports.iter().position(|own| own.to_string() == port).filter(|_| agreed)
    }

    /// The address; the first Sentinel named is none.
    pub fn url(&self) -> String {
        let ports: Vec<String> = self.watchers.iter().map(|(port, _)| format!("127.0.0.1:{port}")).collect();
        format!("redis+sentinel://127.0.0.1:1,{}/shop", ports.join(","))
    }

    /// Has the Sentinels make the replica the master, though the master is well.
    pub fn fail_over(&self) {
        let url = format!("redis://127.0.0.1:{}", self.watchers[0].0);
        let mut link = redis::Client::open(url).unwrap().get_connection().unwrap();
        redis::cmd("SENTINEL").arg("FAILOVER").arg("shop").exec(&mut link).unwrap();
    }

    /// Waits until `test` holds: Sentinels agree by talking, and tell nobody when they have.
    pub fn until(&self, what: &str, test: impl Fn() -> bool) {
        let until = Instant::now() + PATIENCE;
        while !test() {
            assert!(Instant::now() < until, "{what}: never");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Sentinels {
    fn drop(&mut self) {
        for (_, child) in &mut self.watchers {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
