//! A master, its replicas, and Sentinels that watch them.

use super::Server;
use super::child::command;
use super::patience::{answer, until};
use super::server::{binaries, free_port, open};
use std::path::Path;
use std::process::{Child, Stdio};
use tempfile::TempDir;

/// The number of Sentinels.
const SENTINELS: usize = 3;

/// Three Sentinels; killed when dropped.
pub struct Sentinels {
    /// The first master and its replicas.
    pub servers: Vec<Server>,
    /// The ports that they tell: their own, or those of proxies.
    told: Vec<u16>,
    /// The Sentinels, and behind them strangers that know nothing of the shop.
    watchers: Vec<(u16, Child)>,
    folder: TempDir,
}

impl Sentinels {
    /// Starts them all, with one replica; the master is called `shop`.
    pub fn start() -> Sentinels {
        Sentinels::start_behind(&[], |port| port)
    }

    /// The same with more of the servers' settings, where `told` says which port each of them
    /// tells instead of its own.
    pub fn start_behind(extra: &[&str], told: impl FnMut(u16) -> u16) -> Sentinels {
        Sentinels::start_all(1, extra, told)
    }

    /// The same with so many replicas.
    pub fn start_with_replicas(replicas: usize) -> Sentinels {
        Sentinels::start_all(replicas, &[], |port| port)
    }

    fn start_all(replicas: usize, extra: &[&str], told: impl FnMut(u16) -> u16) -> Sentinels {
        let binary = &binaries()[0];
        let ports: Vec<u16> = (0..=replicas).map(|_| free_port()).collect();
        let told: Vec<u16> = ports.iter().copied().map(told).collect();
        let start = |at: usize, more: &[&str]| {
            let (port, tells) = (ports[at].to_string(), told[at].to_string());
            let place = [
                "--port",
                &port,
                "--bind",
                "127.0.0.1",
                "--repl-diskless-sync-delay",
                "0",
            ];
            let tell = [
                "--replica-announce-ip",
                "127.0.0.1",
                "--replica-announce-port",
                &tells,
            ];
            Server::start_with(binary, &[&place[..], &tell, extra, more].concat())
        };
        let follows = format!("127.0.0.1 {}", told[0]);
        let mut servers = vec![start(0, &[])];
        servers.extend((1..=replicas).map(|at| start(at, &["--replicaof", &follows])));
        let folder = tempfile::Builder::new()
            .prefix("trolley-")
            .tempdir_in("/tmp")
            .unwrap();
        let settings = format!(
            "sentinel monitor shop 127.0.0.1 {} 2\n\
             sentinel down-after-milliseconds shop 1500\nsentinel failover-timeout shop 3000\n",
            told[0]
        );
        let watchers = (0..SENTINELS)
            .map(|_| spawn(binary, folder.path(), &settings))
            .collect();
        let all = Sentinels {
            servers,
            told,
            watchers,
            folder,
        };
        until("the replicas follow", || {
            (1..=replicas).all(|at| all.says(at, &["master_link_status:up"]))
        });
        let known = replicas.to_string();
        until("the Sentinels know each other and the replicas", || {
            (0..3).all(|n| {
                let master = all.ask(n, "MASTER");
                let says = |name: &str, value: &str| {
                    master
                        .chunks(2)
                        .any(|pair| pair[0] == name && pair[1] == value)
                };
                says("num-other-sentinels", "2") && says("num-slaves", &known)
            })
        });
        all
    }

    /// What a Sentinel says of the master.
    fn ask(&self, number: usize, what: &str) -> Vec<String> {
        let url = format!("redis://127.0.0.1:{}", self.watchers[number].0);
        let mut question = redis::cmd("SENTINEL");
        question.arg(what).arg("shop");
        open(&url)
            .and_then(|mut link| question.query(&mut link))
            .unwrap_or_default()
    }

    /// Whether what a server says of its replication has all these words; not while the
    /// Sentinels close its connections, as they do to one that gets another role.
    pub fn says(&self, at: usize, words: &[&str]) -> bool {
        let info: String = self.servers[at].ask("INFO replication").unwrap_or_default();
        words.iter().all(|word| info.contains(word))
    }

    /// The ports of the servers, as the Sentinels tell them.
    pub fn told(&self) -> &[u16] {
        &self.told
    }

    /// Which server is the master, for all Sentinels; `None` while they don't agree.
    pub fn master(&self) -> Option<usize> {
        let port = self.ask(0, "GET-MASTER-ADDR-BY-NAME").pop()?;
        let agreed = (1..3).all(|n| self.ask(n, "GET-MASTER-ADDR-BY-NAME").last() == Some(&port));
        self.told
            .iter()
            .position(|own| own.to_string() == port)
            .filter(|_| agreed)
    }

    /// Waits until they agree on a master.
    pub fn agreed_master(&self) -> usize {
        answer("a master that all agree on", || {
            self.master().ok_or("they don't agree")
        })
    }

    /// The address; the first Sentinel named is none.
    pub fn url(&self) -> String {
        let ports: Vec<String> = self
            .watchers
            .iter()
            .take(SENTINELS)
            .map(|(port, _)| format!("127.0.0.1:{port}"))
            .collect();
        format!("redis+sentinel://127.0.0.1:1,{}/shop", ports.join(","))
    }

    /// A Sentinel with these settings that knows nothing of the shop; returns its port.
    pub fn add_stranger(&mut self, settings: &str) -> u16 {
        let stranger = spawn(&binaries()[0], self.folder.path(), settings);
        let port = stranger.0;
        self.watchers.push(stranger);
        until("the stranger answers", || {
            open(&format!("redis://127.0.0.1:{port}")).is_ok()
        });
        port
    }

    /// Has the Sentinels make a replica the master, though the master is well.
    pub fn fail_over(&self) {
        let url = format!("redis://127.0.0.1:{}", self.watchers[0].0);
        let mut order = redis::cmd("SENTINEL");
        order.arg("FAILOVER").arg("shop");
        // It refuses while it does not know yet that the replica is well.
        answer("the Sentinels take the order", || {
            open(&url).and_then(|mut link| order.exec(&mut link))
        });
    }

    /// Kills a Sentinel.
    pub fn kill(&mut self, number: usize) {
        let (_, child) = &mut self.watchers[number];
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Has this server, of two, follow the other.
    pub fn follow(&self, at: usize) {
        let order = format!("REPLICAOF 127.0.0.1 {}", self.told[1 - at]);
        self.servers[at].insist::<()>(&order);
    }
}

/// Starts a Sentinel on a port of its own.
fn spawn(binary: &str, folder: &Path, settings: &str) -> (u16, Child) {
    let port = free_port();
    let config = folder.join(format!("sentinel{port}.conf"));
    let text = format!(
        "port {port}\nbind 127.0.0.1\ndir {}\n{settings}",
        folder.display()
    );
    std::fs::write(&config, text).unwrap();
    let child = command(binary)
        .arg(&config)
        .arg("--sentinel")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    (port, child)
}

impl Drop for Sentinels {
    fn drop(&mut self) {
        for (_, child) in &mut self.watchers {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
