//! Where a shop may be, each place with faulty proxies between it and its clients.

use super::cluster::Cluster;
use super::load::{PRODUCTS, Seen};
use super::patience::until;
use super::proxy::{Door, Proxy};
use super::sentinel::Sentinels;
use super::server::binaries;
use super::tls::{Certificates, secure};
use super::{Server, TROLLEY, Terminal, ok};
use std::sync::atomic::Ordering;
use std::time::Duration;
use tempfile::TempDir;
use trolley::store::{Address, Pem, Policy};

/// How long a server is frozen: long enough that its links are given up, and that another
/// takes its place where there is one.
const FROZEN: Duration = Duration::from_millis(2500);
/// The password of the one who shops.
const PASSWORD: &str = "pw";
/// A replica that hears nothing asks again soon.
const IMPATIENT: &[&str] = &["--repl-timeout", "3", "--repl-ping-replica-period", "1"];

enum Servers {
    One(Server),
    Sentinels(Sentinels),
    Cluster(Cluster),
}

/// A shop, and the ways to it.
pub struct Deployment {
    servers: Servers,
    /// Before the clients, or before the servers where those tell where they are.
    pub proxies: Vec<Proxy>,
    /// The address of a screen that no fault meets, where there is one.
    url: String,
    papers: Option<Certificates>,
    password: Option<&'static str>,
    /// What the server keeps between two starts.
    _kept: Option<TempDir>,
}

impl Deployment {
    /// One server on a Unix socket, with a proxy for each client.
    pub fn plain(clients: u64) -> Deployment {
        let server = Server::start();
        let proxies = sockets(&server, clients);
        let url = server.url().to_owned();
        Deployment {
            servers: Servers::One(server),
            proxies,
            url,
            papers: None,
            password: None,
            _kept: None,
        }
    }

    /// The same for a user with the rights of a shopper, who gives a password.
    pub fn shopper(clients: u64) -> Deployment {
        let kept = tempfile::Builder::new()
            .prefix("trolley-")
            .tempdir_in("/tmp")
            .unwrap();
        let users = kept.path().join("users.acl");
        std::fs::write(&users, "").unwrap();
        let server =
            Server::start_with(&binaries()[0], &["--aclfile", &users.display().to_string()]);
        server.cmd(
            ok(
                &server,
                &["acl", "shopper", "--user", "alice", "--as", "ann"],
            )
            .trim(),
        );
        server.cmd(&format!("ACL SETUSER ann >{PASSWORD}"));
        server.cmd("ACL SAVE");
        let proxies = sockets(&server, clients);
        let url = format!("{}?user=ann", server.url());
        let (servers, password) = (Servers::One(server), Some(PASSWORD));
        Deployment {
            servers,
            proxies,
            url,
            papers: None,
            password,
            _kept: Some(kept),
        }
    }

    /// One server that talks TLS only, and wants to see a certificate.
    pub fn secure(clients: u64) -> Deployment {
        let papers = Certificates::make();
        let (server, port) = secure(&papers, &["--tls-auth-clients", "yes"]);
        let proxies = (0..clients)
            .map(|_| Proxy::by_port(Door::Port(port)))
            .collect();
        let url = format!("rediss://localhost:{port}");
        let (servers, papers) = (Servers::One(server), Some(papers));
        Deployment {
            servers,
            proxies,
            url,
            papers,
            password: None,
            _kept: None,
        }
    }

    /// A master and a replica behind Sentinels, each with a proxy.
    pub fn sentinels() -> Deployment {
        let mut proxies = Vec::new();
        let all = Sentinels::start_behind(IMPATIENT, |port| before(port, &mut proxies));
        let url = all.url();
        Deployment {
            servers: Servers::Sentinels(all),
            proxies,
            url,
            papers: None,
            password: None,
            _kept: None,
        }
    }

    /// A cluster of three masters with a replica each, each node with a proxy.
    pub fn cluster() -> Deployment {
        let mut proxies = Vec::new();
        let tells = |port| before(port, &mut proxies);
        let cluster = Cluster::start_behind(&binaries()[0], 3, 1, IMPATIENT, tells);
        let url = cluster.url();
        let servers = Servers::Cluster(cluster);
        Deployment {
            servers,
            proxies,
            url,
            papers: None,
            password: None,
            _kept: None,
        }
    }

    /// The products p00, p01 ...
    pub fn stock(&self) {
        for n in 0..PRODUCTS {
            let key = format!("product:p{n:02}");
            self.holder(&key)
                .cmd(&format!("HSET {key} name Product-{n:02} price {n}.25"));
            self.holder("catalog")
                .cmd(&format!("ZADD catalog 0 p{n:02}"));
        }
    }

    /// The server that has this key now.
    pub fn holder(&self, key: &str) -> &Server {
        match &self.servers {
            Servers::One(server) => server,
            Servers::Sentinels(all) => &all.servers[all.agreed_master()],
            Servers::Cluster(cluster) => &cluster.nodes[cluster.owner(key)],
        }
    }

    /// The address that no fault meets, where there is one.
    pub fn address(&self) -> Address {
        self.equip(&self.url)
    }

    /// The addresses of so many clients.
    pub fn addresses(&self, clients: u64) -> Vec<Address> {
        match &self.servers {
            Servers::One(_) => self
                .proxies
                .iter()
                .map(|proxy| self.equip(&self.by(proxy)))
                .collect(),
            // They find out by asking.
            _ => (0..clients).map(|_| self.address()).collect(),
        }
    }

    /// Of so many clients, how many meet at one proxy.
    pub fn clients_of_a_proxy(&self, clients: u64) -> u64 {
        if matches!(self.servers, Servers::One(_)) {
            1
        } else {
            clients
        }
    }

    fn by(&self, proxy: &Proxy) -> String {
        let url = proxy.url();
        match (&self.papers, self.password) {
            (Some(_), _) => url.replace("redis:", "rediss:"),
            (_, Some(_)) => format!("{url}?user=ann"),
            _ => url,
        }
    }

    fn equip(&self, url: &str) -> Address {
        let mut address = Address::parse(url).unwrap();
        if let Some(password) = self.password {
            address = address.with_password(password);
        }
        if let Some(papers) = &self.papers {
            let read = |name: &str| std::fs::read(papers.path(name)).unwrap();
            let client = Some((read("client.crt"), read("client.key")));
            address = address
                .with_tls(Pem {
                    authorities: Some(read("ca.crt")),
                    client,
                })
                .unwrap();
        }
        address
    }

    /// The real program on the cart of alice.
    pub fn screen(&self, name: &str) -> Terminal {
        let mut args: Vec<String> = ["--redis", &self.url, "--user", "alice", "--name", name]
            .map(str::to_owned)
            .to_vec();
        if let Some(papers) = &self.papers {
            for (flag, file) in [
                ("--tls-ca", "ca.crt"),
                ("--tls-cert", "client.crt"),
                ("--tls-key", "client.key"),
            ] {
                args.extend([flag.to_owned(), papers.text(file)]);
            }
        }
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let builder = Terminal::builder(TROLLEY)
            .args(&args)
            .home(self.holder("cart:alice").dir());
        let screen = match self.password {
            Some(password) => builder.env("TROLLEY_PASSWORD", password).open(),
            None => builder.open(),
        };
        screen.wait("● live");
        screen
    }

    /// How changes are confirmed: where a master may fall, a replica must have them.
    pub fn policy(&self) -> Policy {
        let confirm_replicas = u32::from(!matches!(self.servers, Servers::One(_)));
        Policy {
            confirm_replicas,
            ..Policy::default()
        }
    }

    /// Whether what others were told counts as history.
    pub fn seen(&self) -> Seen {
        if matches!(self.servers, Servers::One(_)) {
            Seen::Counts
        } else {
            Seen::MayBeLost
        }
    }

    /// The faults of servers that there are here.
    pub fn server_faults(&self) -> u64 {
        if matches!(self.servers, Servers::Cluster(_)) {
            4
        } else {
            3
        }
    }

    /// Causes one of them, and waits until the servers have got over it.
    pub fn fault(&mut self, number: u64) {
        match &mut self.servers {
            Servers::One(server) => match number {
                0 => {
                    server.kill();
                    std::thread::sleep(Duration::from_millis(300));
                    server.restart();
                }
                1 => freeze(server),
                _ => cut(server),
            },
            Servers::Sentinels(all) => of_sentinels(all, number),
            Servers::Cluster(cluster) => of_cluster(cluster, number),
        }
    }

    /// Lets the proxies cause faults, or no more.
    pub fn disturb(&self, on: bool) {
        self.proxies
            .iter()
            .for_each(|proxy| proxy.faults.on.store(on, Ordering::Relaxed));
    }

    /// The faults that the proxies caused.
    pub fn caused(&self) -> u64 {
        self.proxies
            .iter()
            .map(|proxy| proxy.faults.caused.load(Ordering::Relaxed))
            .sum()
    }
}

fn sockets(server: &Server, clients: u64) -> Vec<Proxy> {
    (0..clients)
        .map(|n| Proxy::start(&server.socket(), &format!("proxy{n}")))
        .collect()
}

/// A proxy before this port; returns its own.
fn before(port: u16, proxies: &mut Vec<Proxy>) -> u16 {
    let proxy = Proxy::by_port(Door::Port(port));
    let own = proxy.port();
    proxies.push(proxy);
    own
}

fn freeze(server: &Server) {
    server.freeze();
    std::thread::sleep(FROZEN);
    server.thaw();
}

fn cut(server: &Server) {
    server.insist::<()>("CLIENT KILL TYPE normal SKIPME yes");
    server.insist::<()>("CLIENT KILL TYPE pubsub");
}

fn of_sentinels(all: &mut Sentinels, number: u64) {
    let master = all.agreed_master();
    match number {
        0 => {
            all.servers[master].kill();
            until("the replica is master", || all.master() == Some(1 - master));
            all.servers[master].restart();
            // The Sentinels would, ten seconds later.
            all.follow(master);
        }
        1 => freeze(&all.servers[master]),
        _ => cut(&all.servers[master]),
    }
    until("one is master, and the other follows", || {
        all.master().is_some_and(|master| {
            all.says(master, &["role:master", "state=online"])
                && all.says(1 - master, &["master_link_status:up"])
        })
    });
}

fn of_cluster(cluster: &mut Cluster, number: u64) {
    let owner = cluster.owner("cart:alice");
    match number {
        0 => {
            cluster.nodes[owner].kill();
            until("a replica takes over", || {
                cluster.owner("cart:alice") != owner
            });
            cluster.nodes[owner].restart();
        }
        1 => freeze(&cluster.nodes[owner]),
        2 => cluster.nodes.iter().for_each(cut),
        _ => {
            let other = (0..cluster.nodes.len()).find(|at| {
                *at != owner
                    && cluster.nodes[*at]
                        .get("INFO replication")
                        .contains("role:master")
            });
            cluster.move_slot("cart:alice", other.unwrap());
        }
    }
    cluster.wait("the cluster is whole", |node| {
        let replication = node.get("INFO replication");
        node.get("CLUSTER INFO").contains("cluster_state:ok")
            && (replication.contains("master_link_status:up")
                || replication.contains("state=online"))
    });
}
