//! A real cluster of the test's own, on free ports of this machine.

use super::Server;
use super::patience::{Deadline, answer, until};
use super::server::{binaries, free_port};

/// The number of slots.
const SLOTS: usize = 16384;

/// Masters with their replicas; killed when dropped.
pub struct Cluster {
    /// First the masters, then their replicas in the same order.
    pub nodes: Vec<Server>,
    ports: Vec<u16>,
    /// The ports that they tell: their own, or those of proxies.
    told: Vec<u16>,
}

impl Cluster {
    /// So many masters, each with so many replicas, by the first server that is installed.
    pub fn start(masters: usize, replicas: usize) -> Cluster {
        Cluster::start_with(&binaries()[0], masters, replicas, &[])
    }

    /// The same of this server, with more of its settings.
    pub fn start_with(binary: &str, masters: usize, replicas: usize, extra: &[&str]) -> Cluster {
        Cluster::start_behind(binary, masters, replicas, extra, |port| port)
    }

    /// The same, where `told` says which port each node tells instead of its own.
    pub fn start_behind(
        binary: &str,
        masters: usize,
        replicas: usize,
        extra: &[&str],
        mut told: impl FnMut(u16) -> u16,
    ) -> Cluster {
        let count = masters * (1 + replicas);
        let (mut nodes, mut ports, mut told_ports) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..count {
            let (port, bus) = (free_port(), free_port());
            let (text, bus) = (port.to_string(), bus.to_string());
            // Replicas are to take over soon. Where there are none, a node that is held up for a
            // moment is not to be taken for lost.
            let timeout = if replicas > 0 { "1000" } else { "5000" };
            let cluster = [
                "--cluster-enabled",
                "yes",
                "--cluster-node-timeout",
                timeout,
            ];
            let place = [
                "--port",
                &text,
                "--cluster-port",
                &bus,
                "--bind",
                "127.0.0.1",
            ];
            // Without the pause before a replica is sent what changed.
            let quick = [
                "--repl-diskless-sync-delay",
                "0",
                "--cluster-replica-validity-factor",
                "0",
            ];
            let tells = told(port);
            let tell = tells.to_string();
            let tell = [
                "--cluster-announce-port",
                &tell,
                "--cluster-announce-bus-port",
                &bus,
            ];
            nodes.push(Server::start_with(
                binary,
                &[&cluster[..], &place, &quick, &tell, extra].concat(),
            ));
            ports.push(port);
            told_ports.push(tells);
        }
        let cluster = Cluster {
            nodes,
            ports,
            told: told_ports,
        };
        cluster.join(masters);
        cluster
    }

    fn join(&self, masters: usize) {
        let buses: Vec<String> = self
            .nodes
            .iter()
            .map(|node| self.config(node, "cluster-port"))
            .collect();
        for (at, node) in self.nodes.iter().enumerate() {
            node.cmd(&format!("CLUSTER SET-CONFIG-EPOCH {}", at + 1));
            if at < masters {
                let (from, to) = (SLOTS * at / masters, SLOTS * (at + 1) / masters - 1);
                node.cmd(&format!("CLUSTER ADDSLOTSRANGE {from} {to}"));
            }
            self.nodes[0].cmd(&format!(
                "CLUSTER MEET 127.0.0.1 {} {}",
                self.ports[at], buses[at]
            ));
        }
        let known = format!("cluster_known_nodes:{}", self.nodes.len());
        self.wait("all nodes know each other", |node| {
            node.get("CLUSTER INFO").contains(&known)
        });
        for at in masters..self.nodes.len() {
            let master = self.nodes[at % masters].get("CLUSTER MYID");
            // A node that has not heard of its master by name yet refuses.
            answer("a replica is taken", || {
                self.nodes[at].ask::<()>(&format!("CLUSTER REPLICATE {master}"))
            });
        }
        // A node may call the cluster ready before it has heard who has all slots.
        let assigned = format!("cluster_slots_assigned:{SLOTS}\r");
        self.wait("the cluster is ready", |node| {
            let info = node.get("CLUSTER INFO");
            info.contains("cluster_state:ok")
                && info.contains(&assigned)
                && (node.get("INFO replication").contains("role:master")
                    || node
                        .get("INFO replication")
                        .contains("master_link_status:up"))
        });
        // All must know the replicas, or a failover finds no majority that agrees.
        let nodes = self.nodes.len();
        self.wait("the nodes agree", |node| {
            node.get("CLUSTER NODES").matches("slave").count() == nodes - masters
        });
    }

    fn config(&self, node: &Server, name: &str) -> String {
        node.get_list(&format!("CONFIG GET {name}")).swap_remove(1)
    }

    /// The address with these nodes as seeds.
    pub fn url_of(&self, seeds: &[usize]) -> String {
        let hosts: Vec<String> = seeds
            .iter()
            .map(|at| format!("127.0.0.1:{}", self.told[*at]))
            .collect();
        format!("redis+cluster://{}", hosts.join(","))
    }

    /// The address with all nodes as seeds.
    pub fn url(&self) -> String {
        self.url_of(&(0..self.nodes.len()).collect::<Vec<_>>())
    }

    /// The address of one node, as if it were alone.
    pub fn plain_url(&self, at: usize) -> String {
        format!("redis://127.0.0.1:{}", self.told[at])
    }

    /// The node that is master of the slot of `key` now, as the node `asked` sees it; `None`
    /// while it sees none.
    fn owner_seen_by(&self, asked: usize, key: &str) -> Option<usize> {
        let slot: usize = self.nodes[asked]
            .get(&format!("CLUSTER KEYSLOT {key}"))
            .parse()
            .unwrap();
        for line in self.nodes[asked].get("CLUSTER NODES").lines() {
            let words: Vec<&str> = line.split(' ').collect();
            let has = |range: &&str| {
                let (from, to) = range.split_once('-').unwrap_or((range, range));
                match (from.parse::<usize>(), to.parse::<usize>()) {
                    (Ok(from), Ok(to)) => (from..=to).contains(&slot),
                    _ => false,
                }
            };
            if words[2].contains("master") && words[8..].iter().any(has) {
                let port = words[1].split(['@', ':']).nth(1).unwrap();
                return self.told.iter().position(|own| own.to_string() == port);
            }
        }
        None
    }

    /// The master of the slot of `key`.
    pub fn owner(&self, key: &str) -> usize {
        answer("a master of the slot", || {
            self.owner_seen_by(self.alive(), key).ok_or("nobody has it")
        })
    }

    fn alive(&self) -> usize {
        self.nodes.iter().position(Server::runs).unwrap()
    }

    /// Whether each replica has all that its master has.
    pub fn copied(&self) -> bool {
        self.nodes.iter().filter(|node| node.runs()).all(|node| {
            let info = node.get("INFO replication");
            let field = |name: &str| {
                info.lines()
                    .find_map(|line| line.strip_prefix(name).map(str::to_owned))
            };
            let written = field("master_repl_offset:").unwrap_or_default();
            field("slave0:").is_none_or(|replica| replica.contains(&format!("offset={written},")))
        })
    }

    /// Runs one command on the node that has `key`, wherever that goes meanwhile: it must do no
    /// harm when it is run twice.
    pub fn get(&self, key: &str, line: &str) -> String {
        answer(line, || {
            self.nodes[self.owner(key)].ask::<Option<String>>(line)
        })
        .unwrap_or_default()
    }

    /// Moves the slot of `key` with all its keys to another master, as `redis-cli` does.
    pub fn move_slot(&self, key: &str, to: usize) {
        let from = self.owner(key);
        self.begin_move(key, to);
        self.end_move(key, from, to);
    }

    /// Moves all keys of a slot, and leaves it on its way.
    pub fn begin_move(&self, key: &str, to: usize) {
        let from = self.owner(key);
        let slot = self.nodes[from].get(&format!("CLUSTER KEYSLOT {key}"));
        let (giver, taker) = (
            self.nodes[from].get("CLUSTER MYID"),
            self.nodes[to].get("CLUSTER MYID"),
        );
        self.nodes[to].insist::<()>(&format!("CLUSTER SETSLOT {slot} IMPORTING {giver}"));
        self.nodes[from].insist::<()>(&format!("CLUSTER SETSLOT {slot} MIGRATING {taker}"));

        let deadline = Deadline::start();
        loop {
            deadline.check("all keys of the slot move");
            let keys = self.nodes[from].get_list(&format!("CLUSTER GETKEYSINSLOT {slot} 100"));
            if keys.is_empty() {
                break;
            }
            let port = self.ports[to].to_string();
            let mut words = vec!["MIGRATE", "127.0.0.1", &port, "", "0", "5000", "KEYS"];
            words.extend(keys.iter().map(String::as_str));
            self.nodes[from].raw(&words);
        }
    }

    /// Gives the slot to its new owner.
    pub fn end_move(&self, key: &str, from: usize, to: usize) {
        let slot = self.nodes[from].get(&format!("CLUSTER KEYSLOT {key}"));
        let taker = self.nodes[to].get("CLUSTER MYID");
        for node in [to, from] {
            self.nodes[node].insist::<()>(&format!("CLUSTER SETSLOT {slot} NODE {taker}"));
        }
        self.wait("all know the slot's new owner", |node| {
            let at = self
                .nodes
                .iter()
                .position(|own| std::ptr::eq(own, node))
                .unwrap();
            self.owner_seen_by(at, key) == Some(to)
        });
    }

    /// Waits until `test` holds for each node that runs: they agree by talking, and tell nobody
    /// when they have.
    pub fn wait(&self, what: &str, test: impl Fn(&Server) -> bool) {
        until(what, || {
            self.nodes.iter().filter(|node| node.runs()).all(&test)
        });
    }
}
