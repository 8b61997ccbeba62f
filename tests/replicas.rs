//! What replicas must have: nothing of an order is built on what they lack.

use crate::harness;

use harness::server::open_shared;
use harness::server::{binaries, free_port};
use harness::shopping::{add, connect_as, id, quick_server, sell, user};
use harness::{Deadline, Finish, Headless, Proxy, Server, trolley, until};
use redis::aio::MultiplexedConnection;
use std::sync::atomic::Ordering;
use std::time::Duration;
use trolley::model::order::OrderFailure;
use trolley::model::{OrderId, OrderState, Preview, Ticket};
use trolley::store::order::{self, Driver, Outcome, Stage};
use trolley::store::{self, Connection, Error, Policy, Trouble};
use trolley::tui::state::{Mode, State};

/// A master with its replica.
struct Pair {
    port: String,
    master: Server,
    replica: Server,
}

impl Pair {
    fn start(binary: &str) -> Pair {
        let port = free_port().to_string();
        let quick = ["--bind", "127.0.0.1", "--repl-diskless-sync-delay", "0"];
        let master = Server::start_with(binary, &[&quick[..], &["--port", &port]].concat());
        let follows = format!("127.0.0.1 {port}");
        let replica =
            Server::start_with(binary, &[&quick[..], &["--replicaof", &follows]].concat());
        let pair = Pair {
            port,
            master,
            replica,
        };
        pair.wait();
        pair
    }

    /// Waits until the replica follows: a server tells nobody when that is.
    fn wait(&self) {
        until("the replica follows", || {
            let info = self.replica.get("INFO replication");
            info.contains("master_link_status:up")
        });
    }

    /// One more replica, which has all that the master has now.
    fn second_replica(&self, binary: &str) -> Server {
        let follows = format!("127.0.0.1 {}", self.port);
        let quick = ["--bind", "127.0.0.1", "--repl-diskless-sync-delay", "0"];
        let other = Server::start_with(binary, &[&quick[..], &["--replicaof", &follows]].concat());
        until("it has all", || {
            let info = other.get("INFO replication");
            info.contains("master_link_status:up") && other.digest() == self.master.digest()
        });
        other
    }

    /// A server that has all that the master has now, and that no replica follows: a master that was
    /// replaced and does not know it yet.
    fn replaced_master(&self, binary: &str) -> Server {
        let other = self.second_replica(binary);
        other.cmd("REPLICAOF NO ONE");
        other
    }

    async fn link(&self) -> MultiplexedConnection {
        open_shared(self.master.url()).await
    }

    /// Does the next step of an order; the replica may take its time.
    async fn step(&self, driver: &mut Driver) -> Option<Outcome> {
        let deadline = Deadline::start();
        loop {
            let done = driver.step(&mut self.link().await).await;
            if !is_short(&done) {
                return done.unwrap();
            }
            deadline.check("the replica has the step");
        }
    }

    /// Two products in the cart of office.
    async fn cart(&self) -> Preview {
        sell(&self.master, "cake", "3.10", "10");
        sell(&self.master, "tea", "2.00", "10");
        let mut link = connect_as(self.master.url(), "ann").await;
        add(&mut link, &user("office"), "cake", 2).await;
        add(&mut link, &user("office"), "tea", 3).await;
        order::preview(&mut link, &user("office")).await.unwrap()
    }
}

fn copied() -> Policy {
    Policy {
        confirm_replicas: 1,
        by: "ann".to_owned(),
        ..Policy::default()
    }
}

async fn connect(pair: &Pair) -> Connection {
    connect_as(pair.master.url(), "ann")
        .await
        .with_policy(copied())
}

fn is_short<T: std::fmt::Debug>(outcome: &Result<T, Error>) -> bool {
    let trouble = match outcome {
        Err(Error::Trouble(trouble) | Error::Unknown { trouble, .. }) => trouble,
        _ => return false,
    };
    *trouble == Trouble::TooFewReplicas { have: 0, wanted: 1 }
}

#[tokio::test]
async fn a_change_waits_for_as_many_replicas_as_are_asked_for() {
    for binary in binaries() {
        let pair = Pair::start(&binary);
        sell(&pair.master, "tea", "2.00", "90");
        let second = pair.second_replica(&binary);
        let asks = async |wanted| {
            connect_as(pair.master.url(), "ann")
                .await
                .with_policy(Policy {
                    confirm_replicas: wanted,
                    ..copied()
                })
        };

        second.freeze();
        add(&mut asks(1).await, &user("office"), "tea", 1).await;
        let told = store::add_to_cart(&mut asks(2).await, &user("office"), &id("tea"), 2).await;
        // The other one may be late, too.
        let is_told = matches!(
            &told,
            Err(Error::Unknown {
                trouble: Trouble::TooFewReplicas {
                    have: 0 | 1,
                    wanted: 2
                },
                ..
            })
        );
        assert!(is_told, "{told:?}");

        // What it called unconfirmed is there, and with both, the next one counts.
        second.thaw();
        add(&mut asks(2).await, &user("office"), "tea", 4).await;
        for server in [&pair.master, &pair.replica, &second] {
            assert_eq!(server.get("ZSCORE cart:office tea"), "7");
        }
    }
}

/// One driver asks no replicas, and does each step first. The other finds that done, on a new
/// connection, and may not go on before the replica has it.
#[tokio::test]
async fn no_step_is_built_on_what_the_replica_lacks() {
    for binary in binaries() {
        for (stock, word) in [("10", "placed"), ("2", "undone")] {
            let pair = Pair::start(&binary);
            let preview = pair.cart().await;
            pair.master.cmd(&format!("HSET product:tea stock {stock}"));
            let order = order::new_order_id(preview.at);
            let one = Policy::default();
            let mut hasty = Driver::place(&user("office"), &one, order.clone(), preview.clone());
            let mut careful = Driver::place(&user("office"), &copied(), order.clone(), preview);
            let mut steps = 0;
            let outcome = loop {
                let stage = careful.stage().clone();
                // What is short is only read, and what is left open does no harm.
                let writes = match stage {
                    Stage::Take(at) => at < if word == "placed" { 2 } else { 1 },
                    Stage::Release(at) => at < 2,
                    Stage::Close => false,
                    _ => true,
                };
                pair.replica.freeze();
                hasty.step(&mut pair.link().await).await.unwrap();
                if writes {
                    let short = careful.step(&mut pair.link().await).await;
                    assert!(is_short(&short), "{stage:?}: {short:?}");
                    assert_eq!(*careful.stage(), stage);
                }
                // Whoever finishes it for another builds on it, too.
                let resumed = Driver::resume(&user("office"), &copied())
                    .step(&mut pair.link().await)
                    .await;
                let frozen = pair.master.get("EXISTS {cart:office}:order") == "1";
                assert_eq!(is_short(&resumed), frozen, "{stage:?}: {resumed:?}");
                pair.replica.thaw();
                // It may take its time to wake.
                let mut done = careful.step(&mut pair.link().await).await;
                let deadline = Deadline::start();
                while is_short(&done) {
                    deadline.check("the replica wakes");
                    done = careful.step(&mut pair.link().await).await;
                }
                if writes {
                    assert_eq!(pair.master.digest(), pair.replica.digest(), "{stage:?}");
                }
                steps += 1;
                if let Some(outcome) = done.unwrap() {
                    break outcome;
                }
            };
            let expected = match word {
                "placed" => Outcome::Placed(order),
                _ => Outcome::Undone(OrderFailure::Short {
                    name: "tea".to_owned(),
                    left: 2,
                }),
            };
            assert_eq!(outcome, expected);
            assert!(steps >= 8, "{steps}");
        }
    }
}

#[tokio::test]
async fn an_order_is_called_placed_once_the_replica_has_it() {
    for binary in binaries() {
        let pair = Pair::start(&binary);
        let preview = pair.cart().await;
        let mut link = connect(&pair).await;
        let order = order::new_order_id(preview.at);
        pair.replica.freeze();
        let short = order::place(&mut link, &user("office"), order.clone(), preview.clone()).await;
        assert!(is_short(&short), "{short:?}");
        assert_eq!(pair.master.get("XLEN orders"), "0");
        let home = pair.master.dir();
        let args = [
            "--redis",
            pair.master.url(),
            "--user",
            "office",
            "--confirm-replicas",
            "1",
            "checkout",
        ];
        let words = [&args[..], &["--yes", "--op-id", order.as_str()]].concat();
        let refused = trolley(home, &words).finish();
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(refused.status.code(), Some(3), "{said}");
        assert!(said.contains("only 0 of 1 replicas"), "{said}");
        pair.replica.thaw();
        let placed = trolley(home, &words).finish();
        assert!(
            placed.status.success(),
            "{}",
            String::from_utf8_lossy(&placed.stderr)
        );
        // The replica alone knows all of it.
        let Pair {
            mut master,
            replica,
            ..
        } = pair;
        master.kill();
        replica.cmd("REPLICAOF NO ONE");
        assert_eq!(replica.get("XLEN orders"), "1");
        assert_eq!(replica.get("HGET product:cake stock"), "8");
        let mut link = connect_as(replica.url(), "ann").await;
        assert_eq!(
            order::get_order(&mut link, &order).await.unwrap().state,
            OrderState::Placed
        );
        assert!(
            store::get_cart_items(&mut link, &user("office"))
                .await
                .unwrap()
                .lines
                .is_empty()
        );
    }
}

#[tokio::test]
async fn a_terminal_says_that_its_order_waits_and_goes_on() {
    let pair = Pair::start(&binaries()[0]);
    pair.cart().await;
    let mut link = connect(&pair).await;
    let known = [
        store::get_product(&mut link, &id("cake"))
            .await
            .unwrap()
            .unwrap(),
        store::get_product(&mut link, &id("tea"))
            .await
            .unwrap()
            .unwrap(),
    ];
    let mut ann = Headless::open(pair.master.url(), "office", copied(), &known);
    ann.calm().await;
    ann.key("c");
    ann.until("a preview", |state| state.checkout.preview.is_some())
        .await;
    pair.replica.freeze();
    ann.key("Y");
    let said = |state: &State| {
        state
            .notice
            .as_ref()
            .map(|notice| notice.text.clone())
            .unwrap_or_default()
    };
    ann.until("that it waits", |state| {
        said(state).contains("waits: only 0 of 1 replicas")
    })
    .await;
    assert_eq!(pair.master.get("XLEN orders"), "0");
    pair.replica.thaw();
    ann.until("the receipt", |state| {
        matches!(state.mode, Mode::Receipt { .. })
    })
    .await;
    assert_eq!(pair.replica.get("XLEN orders"), "1");
    // So does what the shop does with it.
    pair.replica.freeze();
    let placed = order::list_orders(&mut link, None, 1)
        .await
        .unwrap()
        .remove(0);
    let short = order::set_state(&mut link, &placed.id, OrderState::Cancelled).await;
    assert!(is_short(&short), "{short:?}");
    pair.replica.thaw();
    let mut cancelled = short;
    let deadline = Deadline::start();
    while is_short(&cancelled) {
        deadline.check("the replica wakes");
        cancelled = order::set_state(&mut link, &placed.id, OrderState::Cancelled).await;
    }
    cancelled.unwrap();
    assert_eq!(pair.replica.get("HGET product:cake stock"), "10");
}

/// A server that gets another role sends away whoever waits for replicas, and does not say how
/// many have the change: it is asked again, as after a broken link. Here an operator does so.
#[tokio::test]
async fn a_change_that_waits_and_is_sent_away_is_asked_again() {
    for binary in binaries() {
        let pair = Pair::start(&binary);
        sell(&pair.master, "cake", "3.10", "10");
        let mut link = connect(&pair).await;
        let known = [store::get_product(&mut link, &id("cake"))
            .await
            .unwrap()
            .unwrap()];
        let mut ann = Headless::open(pair.master.url(), "office", copied(), &known);
        ann.calm().await;
        pair.replica.freeze();
        ann.key("a");
        ann.until("it is applied", |state| {
            state.cart.confirmed.lines.len() == 1
        })
        .await;

        let downs = ann.downs;
        let deadline = Deadline::start();
        while ann.downs == downs {
            deadline.check("ann is sent away");
            assert!(ann.settled.is_empty(), "{:?}", ann.settled);
            let clients = pair.master.get("CLIENT LIST");
            for line in clients.lines().filter(|line| line.contains(" cmd=wait ")) {
                let id = line.split(['=', ' ']).nth(1).unwrap();
                pair.master.cmd(&format!("CLIENT UNBLOCK {id} ERROR"));
            }
            tokio::time::timeout(Duration::from_millis(100), ann.step())
                .await
                .ok();
        }

        pair.replica.thaw();
        ann.calm().await;
        assert_eq!(ann.settled.len(), 1);
        assert!(ann.settled[0].1.is_ok(), "{:?}", ann.settled);
        assert_eq!(pair.replica.get("ZSCORE cart:office cake"), "1");
    }
}

/// A shop whose ann has one cake in the cart of office, the way to it, and a master that was replaced
/// and does not know it yet, where that cake is gone.
async fn before_a_replaced_master(binary: &str) -> (Pair, Proxy, Server) {
    let pair = Pair::start(binary);
    sell(&pair.master, "cake", "3.10", "10");
    add(&mut connect(&pair).await, &user("office"), "cake", 1).await;
    let replaced = pair.replaced_master(binary);
    replaced.cmd("ZREM cart:office cake");
    let proxy = Proxy::start(&pair.master.socket(), "proxy");
    (pair, proxy, replaced)
}

/// Whether a server was asked how many replicas follow it.
fn waited_for_replicas(server: &Server) -> bool {
    server.get("INFO commandstats").contains("cmdstat_wait:")
}

/// The change is applied, the answer gets lost, and the replaced master refuses what it is sent.
#[tokio::test(flavor = "multi_thread")]
async fn the_refusal_of_a_replaced_master_is_none() {
    for binary in binaries() {
        let (pair, proxy, mut replaced) = before_a_replaced_master(&binary).await;
        let mut link = connect(&pair).await;
        let cake = store::get_product(&mut link, &id("cake")).await.unwrap();
        let mut ann = Headless::open(&proxy.url(), "office", copied(), &[cake.unwrap()]);
        ann.calm().await;

        proxy.lead_to(&replaced.socket());
        proxy.faults.lose_answers.store(1, Ordering::Relaxed);
        ann.key("-");
        let deadline = Deadline::start();
        while !waited_for_replicas(&replaced) {
            deadline.check("the replaced master refuses");
            tokio::time::timeout(Duration::from_millis(100), ann.step())
                .await
                .ok();
            assert!(ann.settled.is_empty(), "{:?}", ann.settled);
        }

        proxy.lead_to(&pair.master.socket());
        replaced.kill();
        ann.calm().await;
        assert_eq!(ann.settled.len(), 1);
        assert!(ann.settled[0].1.is_ok(), "{:?}", ann.settled);
        assert_eq!(pair.replica.get("EXISTS cart:office"), "0");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_calls_nothing_refused_that_may_be_done() {
    for binary in binaries() {
        let (pair, proxy, replaced) = before_a_replaced_master(&binary).await;
        let mut ann = connect_as(&proxy.url(), "ann").await.with_policy(copied());
        proxy.lead_to(&replaced.socket());
        proxy.faults.lose_answers.store(1, Ordering::Relaxed);

        let taken = store::remove_from_cart(&mut ann, &user("office"), &id("cake"), Some(1)).await;
        assert!(matches!(taken, Err(Error::Unknown { .. })), "{taken:?}");
        assert!(waited_for_replicas(&replaced));
        assert_eq!(pair.replica.get("EXISTS cart:office"), "0");
    }
}

#[tokio::test]
async fn an_order_that_a_replaced_master_refuses_may_still_be_placed() {
    for binary in binaries() {
        let pair = Pair::start(&binary);
        let preview = pair.cart().await;
        let order = order::new_order_id(preview.at);
        let mut driver = Driver::place(&user("office"), &copied(), order.clone(), preview);
        pair.step(&mut driver).await;
        let replaced = pair.replaced_master(&binary);
        assert_eq!(*driver.stage(), Stage::Freeze);

        replaced.cmd("ZREM cart:office cake");
        replaced.cmd("HINCRBY {cart:office}:meta version 1");
        let refused = driver.step(&mut open_shared(replaced.url()).await).await;
        assert!(is_short(&refused), "{refused:?}");

        let placed = loop {
            if let Some(outcome) = pair.step(&mut driver).await {
                break outcome;
            }
        };
        assert_eq!(placed, Outcome::Placed(order));
    }
}

#[test]
fn what_can_not_be_ordered_is_refused_without_replicas_too() {
    let server = quick_server();
    let args = ["--redis", server.url(), "--confirm-replicas", "1"];
    let refused = trolley(server.dir(), &[&args[..], &["checkout", "--yes"]].concat()).finish();
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(said.contains("cart is empty"), "{said}");
}

/// What a board does with an order.
async fn handle(link: &mut Connection, order: &OrderId, turn: u8) -> Result<Ticket, Error> {
    match turn {
        0 => order::step(link, order, OrderState::Placed, OrderState::Accepted).await,
        1 => order::tick(link, order, &id("cake"), true).await,
        _ => order::undo_step(link, order, OrderState::Accepted).await,
    }
}

#[tokio::test]
async fn what_a_board_does_counts_once_the_replica_has_it() {
    for binary in binaries() {
        let pair = Pair::start(&binary);
        let preview = pair.cart().await;
        let mut link = connect(&pair).await;
        let order = order::new_order_id(preview.at);
        order::place(&mut link, &user("office"), order.clone(), preview)
            .await
            .unwrap();

        for turn in 0..3 {
            pair.replica.freeze();
            let mut done = handle(&mut link, &order, turn).await;
            assert!(is_short(&done), "{done:?}");
            pair.replica.thaw();
            let deadline = Deadline::start();
            while is_short(&done) {
                deadline.check("the replica wakes");
                done = handle(&mut link, &order, turn).await;
            }
            done.unwrap();
            let record = format!("{{orders}}:{order}");
            let servers = [&pair.replica, &pair.master];
            let [of_replica, of_master] = servers.map(|server| server.digest_of(&record));
            assert_eq!(of_replica, of_master);
        }
    }
}
