//! Orders on real servers: nothing sold twice, nothing lost, whatever stops on the way.
//!
//! In full: `TROLLEY_ROUNDS=100 TROLLEY_TRIALS=10000 TROLLEY_INTERLEAVINGS=2 cargo test --release --test suite orders::`

use crate::harness;

use harness::patience::{answered, counted};
use harness::shopping::{
    add, check_out, connect_as, hear, id, named, on_many_threads, quick_server, sell, user,
};
use harness::{Deadline, Proxy, Running, Server, in_time, ok, run, server, trolley, until};
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Duration;
use trolley::model::order::OrderFailure;
use trolley::model::shares::Share;
use trolley::model::{
    Change, ChangeKind, Edit, Money, Order, OrderId, OrderState, Refusal, RuleChange, Timeout,
    UserName,
};
use trolley::store::live::{self, LiveEvent, LiveRequest, OrderEvent, OrderQuestion};
use trolley::store::order::{
    self, Driver, FollowEvent, Follower, LONGEST_WAIT, OrderEntry, Outcome, Stage,
};
use trolley::store::{self, Address, Connection, Error, Policy};

fn many(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |n| n.parse().unwrap())
}

/// Pieces of a product in all orders that are not cancelled.
fn ordered(orders: &[Order], product: &str) -> u64 {
    let lines = orders
        .iter()
        .filter(|order| order.state != OrderState::Cancelled)
        .flat_map(|o| &o.lines);
    lines
        .filter(|line| line.product == id(product))
        .map(|line| u64::from(line.quantity))
        .sum()
}

/// Stock and orders add up, nothing is frozen, and the stream has each order once.
async fn add_up(server: &Server, link: &mut Connection, stocks: &[(&str, u64)]) -> Vec<Order> {
    let orders = order::list_orders(link, None, 100_000).await.unwrap();
    for (product, before) in stocks {
        let left: u64 = server
            .get(&format!("HGET product:{product} stock"))
            .parse()
            .unwrap();
        assert_eq!(
            left + ordered(&orders, product),
            *before,
            "stock and orders of {product}"
        );
        let held = server.get_list(&format!("HVALS {{product:{product}}}:orders"));
        let held: u64 = held.iter().map(|n| n.parse::<u64>().unwrap()).sum();
        assert_eq!(left + held, *before, "what is taken of {product}");
    }
    assert_eq!(
        server.get("XLEN orders"),
        orders.len().to_string(),
        "entries in the stream"
    );
    assert!(
        server.get_list("KEYS {cart:*}:order").is_empty(),
        "a cart is still frozen"
    );
    orders
}

#[test]
fn a_hundred_clients_and_ten_pieces() {
    let server = quick_server();
    on_many_threads().block_on(async {
        let mut links = Vec::new();
        for n in 0..100 {
            links.push((
                connect_as(server.url(), &format!("client {n}")).await,
                user(&format!("c{n}")),
            ));
        }
        for round in 0..many("TROLLEY_ROUNDS", 5) {
            server.cmd("FLUSHALL");
            sell(&server, "cake", "3.10", "10");
            let mut tasks = Vec::new();
            for (mut link, cart) in links.drain(..) {
                tasks.push(tokio::spawn(async move {
                    add(&mut link, &cart, "cake", 1).await;
                    let outcome = check_out(&mut link, &cart).await;
                    (link, cart, outcome)
                }));
            }
            let mut sold = 0;
            for task in tasks {
                let (mut link, cart, outcome) = task.await.unwrap();
                let kept = store::get_cart_items(&mut link, &cart)
                    .await
                    .unwrap()
                    .quantity(&id("cake"));
                match outcome {
                    Ok(_) => {
                        sold += 1;
                        assert_eq!(kept, 0);
                    }
                    Err(Error::Refused(Refusal::NotOrdered(OrderFailure::Short {
                        left: 0,
                        ..
                    }))) => {
                        assert_eq!(kept, 1);
                    }
                    Err(other) => panic!("round {round}: {other:?}"),
                }
                links.push((link, cart));
            }
            assert_eq!(sold, 10, "round {round}");
            add_up(&server, &mut links[0].0, &[("cake", 10)]).await;
        }
    });
}

#[test]
fn what_is_added_during_a_checkout_is_ordered_or_still_there() {
    let server = quick_server();
    on_many_threads().block_on(async {
        sell(&server, "tea", "2.40", "1000000");
        let cart = user("office");
        let mut ann = connect_as(server.url(), "ann").await;
        let mut bob = connect_as(server.url(), "bob").await;
        let (mut inside, mut still, mut changed) = (0, 0, 0);
        let deadline = Deadline::start();
        for trial in 0.. {
            // How often an add comes at which moment is up to the machine: all are to be met.
            if trial >= many("TROLLEY_TRIALS", 300) {
                if inside > 0 && still > 0 && changed > 0 {
                    break;
                }
                deadline.check("an add at each moment of a checkout");
            }
            add(&mut ann, &cart, "tea", 1).await;
            let shared = cart.clone();
            let adding = tokio::spawn(async move {
                // So that the add comes at another moment of the checkout each time.
                for _ in 0..trial % 16 {
                    store::get_product(&mut bob, &id("tea")).await.unwrap();
                }
                add(&mut bob, &shared, "tea", 2).await;
                bob
            });
            let outcome = check_out(&mut ann, &cart).await;
            bob = adding.await.unwrap();
            let left = store::get_cart_items(&mut ann, &cart).await.unwrap();
            match outcome {
                Ok(placed) => {
                    let placed = order::get_order(&mut ann, &placed).await.unwrap();
                    let share = |by: &str, pieces| Share { by: by.to_owned(), pieces };
                    match (placed.lines[0].quantity, left.quantity(&id("tea"))) {
                        (3, 0) => {
                            inside += 1;
                            let mut shares = placed.lines[0].shares.clone();
                            shares.sort_by(|a, b| a.by.cmp(&b.by));
                            assert_eq!(shares, [share("ann", 1), share("bob", 2)]);
                        }
                        (1, 2) => {
                            still += 1;
                            assert_eq!(placed.lines[0].shares, [share("ann", 1)]);
                            let kept = order::preview(&mut ann, &cart).await.unwrap();
                            assert_eq!(kept.lines[0].order_line.shares, [share("bob", 2)]);
                        }
                        (2, 1) => {
                            panic!("the order has what was added, and not what was there before")
                        }
                        other => panic!("ordered and kept: {other:?}"),
                    }
                }
                Err(Error::Refused(Refusal::CartChanged)) => {
                    changed += 1;
                    assert_eq!(left.quantity(&id("tea")), 3);
                }
                Err(other) => panic!("{other:?}"),
            }
            if !left.lines.is_empty() {
                store::remove_from_cart(&mut ann, &cart, &id("tea"), None).await.unwrap();
            }
        }
        println!("adds that were ordered {inside}, still in the cart {still}, that changed the cart first {changed}");
        add_up(&server, &mut ann, &[("tea", 1_000_000)]).await;
    });
}

/// A cart of two lines; of the second there is enough or not.
async fn fill(server: &Server, link: &mut Connection, cart: &UserName, cakes: &str) {
    server.cmd("FLUSHALL");
    sell(server, "tea", "2.40", "5");
    sell(server, "cake", "3.10", cakes);
    add(link, cart, "tea", 2).await;
    add(link, cart, "cake", 3).await;
}

/// A cart of which it was confirmed what to order while the stock was still enough.
async fn confirmed(server: &Server, link: &mut Connection, cart: &UserName, cakes: &str) -> Driver {
    fill(server, link, cart, "9").await;
    let preview = order::preview(link, cart).await.unwrap();
    server.cmd(&format!("HSET product:cake stock {cakes}"));
    Driver::place(
        cart,
        &Policy::default(),
        order::new_order_id(preview.at),
        preview,
    )
}

/// The cart after its order: empty where it was placed, as it was where it was undone.
async fn agrees(link: &mut Connection, cart: &UserName, outcome: &Outcome) {
    let held = store::get_cart_items(link, cart).await.unwrap();
    let held = (held.quantity(&id("tea")), held.quantity(&id("cake")));
    match outcome {
        Outcome::Placed(_) => assert_eq!(held, (0, 0)),
        Outcome::Undone(_) | Outcome::Nothing => assert_eq!(held, (2, 3), "{outcome:?}"),
    }
}

#[test]
fn a_driver_stops_after_each_step_and_another_goes_on() {
    let server = quick_server();
    on_many_threads().block_on(async {
        let mut plain = raw(&server).await;
        let mut link = connect_as(server.url(), "ann").await;
        let cart = user("office");
        for (cakes, stock) in [("3", 3), ("2", 2)] {
            for stop in 0.. {
                let mut driver = confirmed(&server, &mut link, &cart, cakes).await;
                let mut over = None;
                for _ in 0..stop {
                    over = driver.step(&mut plain).await.unwrap();
                }
                let frozen = !matches!(driver.stage(), Stage::Announce | Stage::Freeze);
                let outcome = order::resume_now(&mut link, &cart).await.unwrap();
                match (&outcome, frozen) {
                    (Outcome::Nothing, false) => {}
                    // Settled, or even closed, already.
                    (Outcome::Nothing, true) => {
                        assert!(
                            matches!(driver.stage(), Stage::Close | Stage::Over),
                            "{:?}",
                            driver.stage()
                        );
                    }
                    (Outcome::Placed(_), true) => assert_eq!(cakes, "3"),
                    (Outcome::Undone(hitch), true) => {
                        assert_eq!(
                            *hitch,
                            OrderFailure::Short {
                                name: "cake".into(),
                                left: 2
                            }
                        );
                    }
                    other => panic!("stopped after {stop}: {other:?}"),
                }
                let orders = add_up(&server, &mut link, &[("tea", 5), ("cake", stock)]).await;
                assert_eq!(
                    orders.len(),
                    usize::from(frozen && cakes == "3"),
                    "stopped after {stop}"
                );
                let ended = orders
                    .first()
                    .map_or(Outcome::Nothing, |order| Outcome::Placed(order.id.clone()));
                agrees(&mut link, &cart, &ended).await;
                if over.is_some() {
                    break;
                }
                // The dead one comes back to life and finds all done.
                let deadline = Deadline::start();
                while over.is_none() {
                    deadline.check("the end of an order");
                    match driver.step(&mut plain).await {
                        Ok(next) => over = next,
                        Err(error) => panic!("{error:?}"),
                    }
                }
                add_up(&server, &mut link, &[("tea", 5), ("cake", stock)]).await;
            }
        }
    });
}

/// The answer to the freeze is lost; meanwhile somebody else finishes the order and begins the
/// next one.
#[test]
fn an_order_that_others_finished_is_no_refusal_though_the_next_one_is_on_its_way() {
    let server = Server::start();
    on_many_threads().block_on(async {
        let mut plain = raw(&server).await;
        let mut link = connect_as(server.url(), "ann").await;
        let cart = user("office");

        let mut first = confirmed(&server, &mut link, &cart, "3").await;
        advance(&mut first, &mut plain, Stage::Freeze).await;
        let mut without_answer = first.clone();
        advance(&mut first, &mut plain, Stage::Over).await;

        let added = store::add_to_cart(&mut link, &cart, &id("tea"), 1).await;
        assert!(added.is_ok(), "{added:?}");
        let preview = order::preview(&mut link, &cart).await.unwrap();
        let next_id = order::new_order_id(preview.at);
        let mut next = Driver::place(&cart, &Policy::default(), next_id, preview);
        advance(&mut next, &mut plain, Stage::Take(0)).await;

        let deadline = Deadline::start();
        let outcome = loop {
            deadline.check("the end of the first order");
            if let Some(outcome) = without_answer.step(&mut plain).await.unwrap() {
                break outcome;
            }
        };
        assert_eq!(Some(outcome), first.id().cloned().map(Outcome::Placed));
        advance(&mut next, &mut plain, Stage::Over).await;
        assert_eq!(server.get("XLEN orders"), "2");
    });
}

async fn raw(server: &Server) -> redis::aio::MultiplexedConnection {
    server::open_shared(server.url()).await
}

/// Has a driver do its steps until it has come to this stage.
async fn advance(driver: &mut Driver, link: &mut redis::aio::MultiplexedConnection, stage: Stage) {
    let deadline = Deadline::start();
    while *driver.stage() != stage {
        deadline.check("the stage of an order");
        driver.step(link).await.unwrap();
    }
}

/// All orders in which two drivers can do `a` and `b` steps: bit n is who does step n.
fn interleavings(a: u32, b: u32) -> impl Iterator<Item = u32> {
    (0..1u32 << (a + b)).filter(move |bits| bits.count_ones() == b)
}

/// Two terminals confirm the same cart and drive it, in every order of their steps. The shop
/// gets the missing cake just before the first of them reaches for it: where the second looked
/// before that, it found too little. The first dies after each number of its steps, in turn.
#[test]
fn two_drivers_in_every_order_of_their_steps() {
    let server = quick_server();
    // 0: some of those with one line; 1: all of them; 2: all with two lines.
    let lines = many("TROLLEY_INTERLEAVINGS", 0);
    on_many_threads().block_on(async {
        let mut plain = raw(&server).await;
        let mut link = connect_as(server.url(), "ann").await;
        let cart = user("office");
        let (mut placed, mut undone) = (0, 0);
        // Announce, freeze, take each line and see that it was the last, decide, append or
        // release, settle, close.
        let (steps, every) = match lines {
            0 => (7, 11),
            1 => (7, 1),
            _ => (8, 1),
        };
        let all = (0..=steps)
            .flat_map(|lives| interleavings(lives, steps).map(move |bits| (lives, bits)));
        for (lives, bits) in all.step_by(every) {
            server.cmd("FLUSHALL");
            sell(&server, "cake", "3.10", "3");
            add(&mut link, &cart, "cake", 3).await;
            if lines > 1 {
                sell(&server, "tea", "2.40", "5");
                add(&mut link, &cart, "tea", 2).await;
            }
            let preview = order::preview(&mut link, &cart).await.unwrap();
            server.cmd("HSET product:cake stock 2");
            let mut race = Race {
                drivers: [(); 2].map(|()| {
                    let id = order::new_order_id(preview.at);
                    Driver::place(&cart, &Policy::default(), id, preview.clone())
                }),
                ends: [None, None],
                restocked: false,
            };
            for turn in 0..lives + steps {
                race.step(&server, &mut plain, (bits >> turn & 1) as usize)
                    .await;
            }
            // The first is dead where it is not over; the second, and who comes by, go on.
            let deadline = Deadline::start();
            while race.ends[1].is_none() {
                deadline.check("the end of an order");
                race.step(&server, &mut plain, 1).await;
            }
            order::resume_now(&mut link, &cart).await.unwrap();
            let mut stocks = vec![("cake", if race.restocked { 3 } else { 2 })];
            if lines > 1 {
                stocks.push(("tea", 5));
            }
            let what = format!("the first lives for {lives}, {bits:b}");
            println!("{what}");
            let orders = add_up(&server, &mut link, &stocks).await;
            for end in race.ends.iter().flatten() {
                if let Outcome::Placed(id) = end {
                    assert!(orders.iter().any(|order| order.id == *id), "{what}");
                }
            }
            assert!(orders.len() <= 1, "{what}: {} orders", orders.len());
            let held = store::get_cart_items(&mut link, &cart).await.unwrap();
            assert_eq!(held.lines.is_empty(), orders.len() == 1, "{what}");
            if orders.is_empty() {
                undone += 1
            } else {
                placed += 1
            }
        }
        println!("two drivers: {placed} interleavings placed the order, {undone} undid it");
        assert!(placed > 0 && undone > 0);
    });
}

struct Race {
    drivers: [Driver; 2],
    ends: [Option<Outcome>; 2],
    restocked: bool,
}

impl Race {
    async fn step(
        &mut self,
        server: &Server,
        link: &mut redis::aio::MultiplexedConnection,
        who: usize,
    ) {
        if self.ends[who].is_some() {
            return;
        }
        if who == 0 && *self.drivers[0].stage() == Stage::Take(0) && !self.restocked {
            self.restocked = true;
            server.cmd("HINCRBY product:cake stock 1");
        }
        self.ends[who] = match self.drivers[who].step(link).await {
            Ok(end) => end,
            Err(Error::Refused(Refusal::CartChanged | Refusal::EmptyCart)) => {
                Some(Outcome::Nothing)
            }
            Err(other) => panic!("{other:?}"),
        };
    }
}

/// A real `trolley checkout` is killed at each of its requests in turn, before or after the
/// server has done it; another terminal finishes.
#[test]
fn a_checkout_is_killed_at_each_request() {
    let server = quick_server();
    on_many_threads().block_on(async {
        let mut link = connect_as(server.url(), "bob").await;
        let cart = user("office");
        for executed in [false, true] {
            let (mut placed, mut not) = (0, 0);
            for request in 1.. {
                fill(&server, &mut link, &cart, "3").await;
                let proxy = Proxy::start(
                    &server.socket(),
                    &format!("p{}{request}", u8::from(executed)),
                );
                proxy.faults.hang_answer.store(executed, Ordering::Relaxed);
                proxy.faults.hang_after.store(request, Ordering::Relaxed);
                let url = proxy.url();
                let args = ["--redis", &url, "--user", "office", "checkout", "--yes"];
                let mut child = Running::start(&mut trolley(server.dir(), &args));
                let hangs_or_ends = async {
                    tokio::select! {
                        () = proxy.faults.hung.notified() => false,
                        () = child.ended() => true,
                    }
                };
                let finished = in_time("a request that hangs, or the end", hangs_or_ends).await;
                if finished {
                    assert!(child.wait().success());
                } else {
                    child.kill();
                }
                order::resume_now(&mut link, &cart).await.unwrap();
                let orders = add_up(&server, &mut link, &[("tea", 5), ("cake", 3)]).await;
                let end = orders
                    .first()
                    .map_or(Outcome::Nothing, |order| Outcome::Placed(order.id.clone()));
                assert!(orders.len() <= 1);
                agrees(&mut link, &cart, &end).await;
                if orders.is_empty() {
                    not += 1
                } else {
                    placed += 1
                }
                if finished {
                    break;
                }
            }
            println!(
                "killed at {} requests: {placed} times the order was placed, {not} times not",
                placed + not
            );
            assert!(placed > 3 && not > 3);
        }
    });
}

#[test]
fn a_retry_is_one_order_and_so_are_two_who_confirm() {
    let server = quick_server();
    on_many_threads().block_on(async {
        let mut link = connect_as(server.url(), "ann").await;
        let cart = user("office");
        fill(&server, &mut link, &cart, "9").await;
        let preview = order::preview(&mut link, &cart).await.unwrap();
        let one = order::new_order_id(preview.at);
        let placed = order::place(&mut link, &cart, one.clone(), preview.clone())
            .await
            .unwrap();
        assert_eq!(placed, one);
        // Late, with something new in the cart.
        add(&mut link, &cart, "tea", 1).await;
        assert_eq!(
            order::place(&mut link, &cart, one.clone(), preview.clone())
                .await
                .unwrap(),
            one
        );
        // Another who had confirmed the same.
        let other = order::place(
            &mut link,
            &cart,
            order::new_order_id(preview.at),
            preview.clone(),
        )
        .await;
        assert_eq!(other, Err(Refusal::CartChanged.into()));
        // The same id for another cart.
        add(&mut link, &user("other"), "tea", 1).await;
        let theirs = order::preview(&mut link, &user("other")).await.unwrap();
        let used = order::place(&mut link, &user("other"), one, theirs).await;
        assert_eq!(used, Err(Refusal::OrderIdUsed.into()));
        let orders = add_up(&server, &mut link, &[("tea", 5), ("cake", 9)]).await;
        assert_eq!(orders.len(), 1);
        assert_eq!(
            store::get_cart_items(&mut link, &cart)
                .await
                .unwrap()
                .quantity(&id("tea")),
            1
        );
    });
}

#[test]
fn a_cart_that_is_being_ordered_keeps_its_pieces_and_takes_more() {
    let server = quick_server();
    on_many_threads().block_on(async {
        let mut plain = raw(&server).await;
        let policy = Policy {
            session_timeout: Timeout::After(60_000),
            ..Policy::default()
        };
        let mut link = connect_as(server.url(), "ann")
            .await
            .with_policy(policy.clone());
        let cart = user("office");
        fill(&server, &mut link, &cart, "9").await;
        let preview = order::preview(&mut link, &cart).await.unwrap();
        let mut driver = Driver::place(
            &cart,
            &policy,
            order::new_order_id(preview.at),
            preview.clone(),
        );
        advance(&mut driver, &mut plain, Stage::Take(0)).await;
        assert_eq!(
            server.get("PTTL cart:office"),
            "-1",
            "what is being ordered does not expire"
        );
        // Another terminal that confirmed the same joins it.
        let id_of_other = order::new_order_id(preview.at);
        let mut other = Driver::place(&cart, &policy, id_of_other, preview);
        advance(&mut other, &mut plain, Stage::Take(0)).await;
        assert_eq!(other.id(), driver.id());
        add(&mut link, &cart, "tea", 2).await;
        assert_eq!(server.get("PTTL cart:office"), "-1");
        let taken = store::remove_from_cart(&mut link, &cart, &id("tea"), Some(3)).await;
        assert_eq!(taken, Err(Refusal::BeingOrdered("tea".into()).into()));
        let removed = store::remove_from_cart(&mut link, &cart, &id("cake"), None).await;
        assert_eq!(removed, Err(Refusal::BeingOrdered("cake".into()).into()));
        let clear = Change {
            op: store::new_op(),
            kind: ChangeKind::Clear,
            edits: vec![Edit::Clear],
        };
        assert!(matches!(
            link.apply(&cart, &clear).await,
            Err(Error::Refused(Refusal::BeingOrdered(_)))
        ));
        store::remove_from_cart(&mut link, &cart, &id("tea"), Some(1))
            .await
            .unwrap();
        let shown = store::get_cart_items(&mut link, &cart).await.unwrap();
        assert_eq!(shown.ordering.as_ref().map(|order| &order.id), driver.id());
        assert!(matches!(
            order::resume_now(&mut link, &cart).await.unwrap(),
            Outcome::Placed(_)
        ));
        let left = store::get_cart_items(&mut link, &cart).await.unwrap();
        assert_eq!((left.quantity(&id("tea")), left.lines.len()), (1, 1));
        assert!(
            left.deadline.at.is_some(),
            "after the order it expires again"
        );
        add_up(&server, &mut link, &[("tea", 5), ("cake", 9)]).await;
    });
}

#[test]
fn an_order_in_a_cart_that_nobody_opens_is_found() {
    let server = quick_server();
    on_many_threads().block_on(async {
        let mut plain = raw(&server).await;
        let mut link = connect_as(server.url(), "ann").await;
        let mut driver = confirmed(&server, &mut link, &user("office"), "3").await;
        advance(&mut driver, &mut plain, Stage::Take(1)).await;
        // As if it had been begun a minute ago.
        let id = driver.id().unwrap().to_string();
        server.raw(&["ZADD", "{orders}:due", "1", &id]);
        assert_eq!(order::finish_open(&mut link).await.unwrap().len(), 1);
        assert_eq!(order::finish_open(&mut link).await.unwrap(), []);
        assert_eq!(
            add_up(&server, &mut link, &[("tea", 5), ("cake", 3)])
                .await
                .len(),
            1
        );
    });
}

#[test]
fn an_order_that_was_begun_long_ago_takes_nothing_any_more() {
    let server = quick_server();
    on_many_threads().block_on(async {
        let mut plain = raw(&server).await;
        let mut link = connect_as(server.url(), "ann").await;
        let cart = user("office");
        let mut driver = confirmed(&server, &mut link, &cart, "3").await;
        advance(&mut driver, &mut plain, Stage::Take(0)).await;
        let id = driver.id().unwrap();
        server.cmd(&format!("HSET {{orders}}:{id} begun 1000"));
        let outcome = order::resume_now(&mut link, &cart).await.unwrap();
        assert_eq!(outcome, Outcome::Undone(OrderFailure::Late));
        agrees(&mut link, &cart, &outcome).await;
        // The first driver wakes up: it obeys.
        let mut end = None;
        let deadline = Deadline::start();
        while end.is_none() {
            deadline.check("the end of an order");
            end = driver.step(&mut plain).await.unwrap();
        }
        assert_eq!(end, Some(Outcome::Undone(OrderFailure::Late)));
        assert!(
            add_up(&server, &mut link, &[("tea", 5), ("cake", 3)])
                .await
                .is_empty()
        );
    });
}

/// A node of a cluster with all slots: what reaches over slots is refused.
#[test]
fn every_step_stays_in_one_slot() {
    // Nodes talk over a port of their own, even where clients come by a socket.
    let bus = server::free_port().to_string();
    let cluster = ["--cluster-enabled", "yes", "--cluster-port", &bus];
    let server = Server::start_with(&server::binaries()[0], &cluster);
    server.cmd("CLUSTER ADDSLOTSRANGE 0 16383");
    until("the node has all slots", || {
        server.get("CLUSTER INFO").contains("cluster_state:ok")
    });
    on_many_threads().block_on(async {
        let mut link = connect_as(server.url(), "ann").await;
        let cart = user("office");
        for product in ["tea", "cake", "a{b}c"] {
            sell(&server, product, "1.00", "5");
        }
        server.cmd("HSET product:a}b name odd price 1.00");
        // Other clients fill carts like this.
        let fill = |lines: &str| drop(server.cmd(&format!("ZADD cart:office {lines}")));
        fill("2 tea 5 cake 1 a{b}c 1 a}b");
        let stocks = [("tea", 5), ("cake", 5)];
        let first = check_out(&mut link, &cart).await.unwrap();
        add_up(&server, &mut link, &stocks).await;
        assert_eq!(server.get("HGET product:a{b}c stock"), "4");
        // Short, with something taken before that is given back.
        fill("2 tea 1 cake");
        let preview = {
            server.cmd("HSET product:cake stock 1");
            order::preview(&mut link, &cart).await.unwrap()
        };
        server.cmd("HSET product:cake stock 0");
        let outcome =
            order::place(&mut link, &cart, order::new_order_id(preview.at), preview).await;
        assert!(matches!(
            outcome,
            Err(Error::Refused(Refusal::NotOrdered(OrderFailure::Short {
                left: 0,
                ..
            })))
        ));
        add_up(&server, &mut link, &stocks).await;
        order::set_state(&mut link, &first, OrderState::Cancelled)
            .await
            .unwrap();
        add_up(&server, &mut link, &stocks).await;
        assert_eq!(server.get("HGET product:a{b}c stock"), "5");
        let second = check_out(&mut link, &cart).await.unwrap();
        order::set_state(&mut link, &second, OrderState::Done)
            .await
            .unwrap();
        store::set_rules(&mut link, &cart, &[RuleChange::Locked(true)])
            .await
            .unwrap();
        order::finish_open(&mut link).await.unwrap();
        // What has stock that can't be counted in its slot is refused.
        server.cmd("HSET product:a}b stock 3");
        fill("1 a}b");
        let outcome = check_out(&mut link, &cart).await;
        assert!(
            matches!(
                outcome,
                Err(Error::Refused(Refusal::NotOrdered(
                    OrderFailure::Braces { .. }
                )))
            ),
            "{outcome:?}"
        );
    });
}

#[test]
fn cancelling_gives_the_stock_back_once() {
    let server = quick_server();
    on_many_threads().block_on(async {
        let mut link = connect_as(server.url(), "ann").await;
        let cart = user("office");
        fill(&server, &mut link, &cart, "3").await;
        let placed = check_out(&mut link, &cart).await.unwrap();
        order::set_state(&mut link, &placed, OrderState::Accepted)
            .await
            .unwrap();
        order::set_state(&mut link, &placed, OrderState::Accepted)
            .await
            .unwrap();
        let tasks: Vec<_> = (0..20)
            .map(|n| {
                let (url, placed) = (server.url().to_owned(), placed.clone());
                tokio::spawn(async move {
                    let mut link = connect_as(&url, &format!("till {n}")).await;
                    order::set_state(&mut link, &placed, OrderState::Cancelled)
                        .await
                        .unwrap();
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        add_up(&server, &mut link, &[("tea", 5), ("cake", 3)]).await;
        assert_eq!(server.get("HGET product:cake stock"), "3");
        let back = order::set_state(&mut link, &placed, OrderState::Ready).await;
        assert_eq!(
            back,
            Err(Refusal::InvalidTransition {
                from: "cancelled",
                to: "ready"
            }
            .into())
        );

        // A driver that died between the state and the stock: whoever looks goes on.
        fill(&server, &mut link, &cart, "3").await;
        let placed = check_out(&mut link, &cart).await.unwrap();
        server.cmd(&format!("HSET {{orders}}:{placed} state cancelled"));
        assert_eq!(server.get("HGET product:cake stock"), "0");
        order::get_order(&mut link, &placed).await.unwrap();
        assert_eq!(server.get("HGET product:cake stock"), "3");

        // What is done is forgotten by the products, and its stock stays sold.
        fill(&server, &mut link, &cart, "3").await;
        let placed = check_out(&mut link, &cart).await.unwrap();
        order::set_state(&mut link, &placed, OrderState::Done)
            .await
            .unwrap();
        // Once that can't be taken back any more.
        assert_eq!(server.get("HLEN {product:cake}:orders"), "1");
        server.cmd(&format!("HINCRBY {{orders}}:{placed} changed -661000"));
        order::get_order(&mut link, &placed).await.unwrap();
        assert_eq!(server.get("HLEN {product:cake}:orders"), "0");
        assert_eq!(server.get("HGET product:cake stock"), "0");
    });
}

#[test]
fn odd_products_are_refused_or_unlimited() {
    let server = quick_server();
    on_many_threads().block_on(async {
        let mut link = connect_as(server.url(), "ann").await;
        let cart = user("office");
        for (product, stock, fits) in [
            ("a{b}c", "4", true),
            ("a}b", "4", true),
            ("many", "1e3", false),
            ("neg", "-4", false),
        ] {
            server.cmd("FLUSHALL");
            sell(&server, product, "1.00", stock);
            add(&mut link, &cart, product, 1).await;
            let outcome = check_out(&mut link, &cart).await;
            match fits {
                true => assert_eq!(
                    server.get(&format!("HGET product:{product} stock")),
                    "3",
                    "{outcome:?}"
                ),
                false => {
                    assert!(
                        matches!(
                            outcome,
                            Err(Error::Refused(Refusal::NotOrdered(
                                OrderFailure::Unreadable { .. }
                            )))
                        ),
                        "{product}: {outcome:?}"
                    );
                }
            }
        }
        server.cmd("FLUSHALL");
        server.cmd("HSET product:air name Air price 0.10");
        add(&mut link, &cart, "air", 999).await;
        check_out(&mut link, &cart).await.unwrap();
        assert_eq!(
            check_out(&mut link, &cart).await,
            Err(Refusal::EmptyCart.into())
        );
        add(&mut link, &cart, "air", 1).await;
        server.cmd("DEL product:air");
        let gone = check_out(&mut link, &cart).await;
        assert_eq!(
            gone,
            Err(Refusal::CantOrder {
                name: "air".into(),
                why: "no longer sold"
            }
            .into())
        );
    });
}

/// Three orders, one after the other.
async fn place_three(server: &Server, link: &mut Connection, cart: &UserName) -> [OrderId; 3] {
    sell(server, "tea", "2.40", "100");
    let mut placed = Vec::new();
    for _ in 0..3 {
        add(link, cart, "tea", 1).await;
        placed.push(check_out(link, cart).await.unwrap());
    }
    placed.try_into().unwrap()
}

#[test]
fn a_follower_is_killed_before_it_acknowledges() {
    let server = quick_server();
    on_many_threads().block_on(async {
        let mut link = connect_as(server.url(), "ann").await;
        let cart = user("office");
        let placed = place_three(&server, &mut link, &cart)
            .await
            .map(|id| id.to_string());
        let proxy = Proxy::start(&server.socket(), "kitchen");
        *proxy.faults.hang_on.lock().unwrap() = b"XACK".to_vec();
        let url = proxy.url();
        let args = [
            "--redis",
            &url,
            "orders",
            "--follow",
            "--json",
            "--consumer",
            "one",
        ];
        let mut child = Running::start(&mut trolley(server.dir(), &args));
        in_time("it acknowledges", proxy.faults.hung.notified()).await;
        child.kill();
        let printed = String::from_utf8(child.finish().stdout).unwrap();
        assert!(
            printed.contains(&placed[0]) && printed.lines().count() == 1,
            "{printed}"
        );
        assert_eq!(pending(&server), 3);

        // Another takes over what it left; it comes again rather than not at all.
        let args = [
            "orders",
            "--follow",
            "--json",
            "--consumer",
            "two",
            "--claim-after",
            "1s",
            "--count",
            "3",
        ];
        let printed = ok(&server, &args);
        let came: Vec<String> = printed
            .lines()
            .map(|line| {
                serde_json::from_str::<serde_json::Value>(line).unwrap()["order"]
                    .as_str()
                    .unwrap()
                    .to_owned()
            })
            .collect();
        assert_eq!(came, placed);
        assert_eq!(pending(&server), 0);

        // A follower that is started again under its name goes on where it was.
        add(&mut link, &cart, "tea", 1).await;
        let last = check_out(&mut link, &cart).await.unwrap();
        let again = || Follower::new("trolley".into(), "two".into(), Duration::from_secs(3600));
        let read = again().next(&mut link, 16, LONGEST_WAIT).await.unwrap();
        assert_eq!(
            read.iter().map(|entry| &entry.id).collect::<Vec<_>>(),
            [&last]
        );
        let read = again().next(&mut link, 16, LONGEST_WAIT).await.unwrap();
        assert_eq!(read[0].id, last);
        again().acknowledge(&mut link, &read[0]).await.unwrap();
        assert_eq!(pending(&server), 0);
    });
}

/// A `trolley orders --follow` under way.
fn following(server: &Server, args: &[&str]) -> Running {
    let args = [&["--redis", server.url(), "orders", "--follow"], args].concat();
    Running::start(trolley(server.dir(), &args).env("TZ", "UTC"))
}

/// Orders a product for the office; returns the order's id.
fn order_one(server: &Server, product: &str) -> String {
    ok(
        server,
        &["--user", "office", "--name", "ann", "add", product],
    );
    let told = ok(
        server,
        &[
            "--user", "office", "--name", "ann", "checkout", "--yes", "--json",
        ],
    );
    serde_json::from_str::<serde_json::Value>(&told).unwrap()["order"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[test]
fn who_was_given_an_order_hears_that_it_is_cancelled() {
    let server = Server::with_demo();
    let first = order_one(&server, "baguette");
    let mut kitchen = following(&server, &["--group", "kitchen"]);
    assert!(kitchen.line().starts_with(&format!("{first}  placed  ")));
    kitchen.line();
    kitchen.line();
    ok(&server, &["order", &first, "cancel"]);
    let line = kitchen.line();
    let words = format!(
        r"^{first}  CANCELLED at \d{{4}}-\d\d-\d\d \d\d:\d\d  #1 for office, by ann: don't make these$"
    );
    assert!(regex::Regex::new(&words).unwrap().is_match(&line), "{line}");
    assert!(kitchen.line().trim_start().starts_with("1 Baguette"));
    kitchen.line();
    // The same for programs, and no word of what was not printed.
    let second = order_one(&server, "espresso");
    ok(&server, &["order", &second, "cancel"]);
    let mut bar = following(&server, &["--group", "bar", "--json"]);
    let third = order_one(&server, "espresso");
    let printed = bar.json();
    assert_eq!(
        (&printed["event"], &printed["order"]),
        (&"order".into(), &third.as_str().into())
    );
    ok(&server, &["order", &third, "accept"]);
    ok(&server, &["order", &third, "cancel"]);
    let cancelled = bar.json();
    assert_eq!(
        (
            &cancelled["event"],
            &cancelled["state"],
            &cancelled["order"]
        ),
        (
            &"cancelled".into(),
            &"cancelled".into(),
            &third.as_str().into()
        )
    );
    assert_eq!(
        (&cancelled["lines"], &cancelled["at"]),
        (&printed["lines"], &printed["at"])
    );
    assert!(cancelled["changed"].as_u64() >= printed["at"].as_u64());
    // It is dealt with: another order comes next, also to one that starts anew.
    let last = order_one(&server, "croissant");
    assert_eq!(bar.json()["order"], last.as_str());
}

#[test]
fn a_cancellation_finds_the_follower_that_has_the_order() {
    let server = quick_server();
    on_many_threads().block_on(async {
        let mut link = connect_as(server.url(), "ann").await;
        let placed = place_three(&server, &mut link, &user("office")).await;
        let follower = |name: &str, after| Follower::new("kitchen".into(), name.into(), after);
        let hour = Duration::from_secs(3600);
        let (mut one, mut two) = (follower("one", hour), follower("two", hour));
        let given = one.next(&mut link, 16, LONGEST_WAIT).await.unwrap();
        assert_eq!(
            given.iter().map(|entry| &entry.id).collect::<Vec<_>>(),
            placed.iter().collect::<Vec<_>>()
        );
        // Of the last one the follower has not said that it deals with it.
        for entry in &given[..2] {
            assert_eq!(
                one.mark_delivered(&mut link, &entry.id).await.unwrap(),
                Some(OrderState::Placed)
            );
            one.acknowledge(&mut link, entry).await.unwrap();
        }
        for id in &placed {
            order::set_state(&mut link, id, OrderState::Cancelled)
                .await
                .unwrap();
            order::set_state(&mut link, id, OrderState::Cancelled)
                .await
                .unwrap();
        }
        assert_eq!(
            one.mark_delivered(&mut link, &placed[2]).await.unwrap(),
            Some(OrderState::Cancelled)
        );
        one.acknowledge(&mut link, &given[2]).await.unwrap();
        // The other one is handed them, and passes them on; a wait ends without news.
        assert_eq!(two.next(&mut link, 16, LONGEST_WAIT).await.unwrap(), []);
        assert_eq!(two.next(&mut link, 16, LONGEST_WAIT).await.unwrap(), []);
        let told = one.next(&mut link, 16, LONGEST_WAIT).await.unwrap();
        let news = |told: &[OrderEntry]| {
            told.iter()
                .map(|entry| {
                    (
                        entry.id.clone(),
                        matches!(entry.news, FollowEvent::Cancelled(_)),
                    )
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(
            news(&told),
            [(placed[0].clone(), true), (placed[1].clone(), true)]
        );
        one.acknowledge(&mut link, &told[0]).await.unwrap();
        // It is killed, and another takes over what it has not told.
        drop(one);
        let mut three = follower("three", Duration::ZERO);
        let told = three.next(&mut link, 16, LONGEST_WAIT).await.unwrap();
        assert_eq!(news(&told), [(placed[1].clone(), true)]);
        three.acknowledge(&mut link, &told[0]).await.unwrap();
        assert_eq!(three.next(&mut link, 16, LONGEST_WAIT).await.unwrap(), []);
        // What is cancelled in a damaged stream is left out.
        server.cmd("XADD {orders}:cancelled * id nonsense");
        server.cmd("XADD {orders}:cancelled * x y");
        server.cmd("XADD {orders}:cancelled * id 20261124-AAAA-BBBB");
        assert_eq!(three.next(&mut link, 16, LONGEST_WAIT).await.unwrap(), []);
        assert!(
            server
                .get_list("XPENDING {orders}:cancelled kitchen - + 9")
                .is_empty()
        );
    });
}

#[test]
fn a_new_group_is_given_what_is_open_and_no_order_that_is_over() {
    let server = Server::with_demo();
    server.cmd("HSET product:baguette unit 400g");
    let mut placed = Vec::new();
    for _ in 0..3 {
        ok(
            &server,
            &["--user", "office", "--name", "ann", "add", "baguette"],
        );
        ok(
            &server,
            &["--user", "office", "--name", "bob", "add", "baguette"],
        );
        let told = ok(
            &server,
            &[
                "--user", "office", "--name", "ann", "checkout", "--yes", "--json",
            ],
        );
        let told: serde_json::Value = serde_json::from_str(&told).unwrap();
        placed.push(told["order"].as_str().unwrap().to_owned());
    }
    ok(&server, &["order", &placed[0], "cancel"]);
    ok(&server, &["order", &placed[1], "done"]);
    ok(&server, &["order", &placed[2], "accept"]);
    let output = run(
        &server,
        &["orders", "--follow", "--group", "kitchen", "--count", "1"],
    );
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(
        printed.starts_with(&format!("{}  accepted  ", placed[2])),
        "{printed}"
    );
    assert!(
        printed.contains("2 Baguette, 400g ") && printed.contains("    ann 1, bob 1\n"),
        "{printed}"
    );
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.starts_with("trolley: following the orders as group kitchen\n"),
        "{said}"
    );
    assert!(
        said.contains("left out 2 orders that are done or cancelled already"),
        "{said}"
    );
    let all = ok(
        &server,
        &[
            "orders",
            "--follow",
            "--group",
            "books",
            "--from-start",
            "--count",
            "3",
            "--json",
        ],
    );
    let states = all
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["state"].clone());
    assert_eq!(
        states.collect::<Vec<_>>(),
        ["cancelled", "done", "accepted"]
    );
    assert_eq!(
        run(&server, &["orders", "--most", "0"]).status.code(),
        Some(2)
    );
}

#[test]
fn a_list_that_is_not_all_says_so() {
    let server = Server::with_demo();
    for _ in 0..3 {
        ok(&server, &["--user", "alice", "add", "espresso"]);
        ok(&server, &["--user", "alice", "checkout", "--yes"]);
    }

    let alice = |args: &[&'static str]| {
        let output = run(&server, &[&["--user", "alice", "orders"], args].concat());
        let [out, said] = [output.stdout, output.stderr];
        (
            String::from_utf8(out).unwrap(),
            String::from_utf8(said).unwrap(),
        )
    };
    let (listed, said) = alice(&["--most", "2"]);
    assert_eq!(listed.lines().count(), 2);
    assert_eq!(
        said,
        "trolley: these are the newest 2 of 3 orders; to list more: --most 3\n"
    );
    for args in [&["--most", "3"][..], &[], &["--all"]] {
        let (listed, said) = alice(args);
        assert_eq!((listed.lines().count(), &*said), (3, ""));
    }

    let others = run(&server, &["--user", "bob", "orders"]);
    assert_eq!(
        String::from_utf8(others.stdout).unwrap(),
        "There are no orders of bob yet\n"
    );
    assert_eq!(
        String::from_utf8(others.stderr).unwrap(),
        "trolley: other carts have 3 orders; to list them: --all\n"
    );

    let (document, said) = alice(&["--most", "2", "--json"]);
    let document: serde_json::Value = serde_json::from_str(&document).unwrap();
    assert_eq!((&document["count"], &*said), (&3.into(), ""));
    assert_eq!(document["orders"].as_array().unwrap().len(), 2);
}

fn pending(server: &Server) -> u64 {
    let redis::Value::Array(parts) = server.cmd("XPENDING orders trolley") else {
        panic!()
    };
    redis::from_redis_value(parts[0].clone()).unwrap()
}

#[test]
fn the_commands_of_checkout_and_orders() {
    let server = Server::with_demo();
    let alice = |args: &[&'static str]| [&["--user", "alice", "--name", "ann"], args].concat();
    let fails = |args: &[&'static str], code: i32, says: &str| {
        let output = run(&server, &alice(args));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            output.status.code() == Some(code) && said.contains(says),
            "{args:?}: {said}"
        );
    };
    fails(
        &["checkout", "--yes"],
        1,
        "The cart is empty: there is nothing to order",
    );
    server.cmd("HSET product:espresso stock 5");
    ok(&server, &alice(&["add", "espresso", "3"]));
    let warned = ok(&server, &alice(&["add", "espresso", "4"]));
    assert!(warned.contains("But only 5 left"), "{warned}");
    fails(&["checkout", "--yes"], 1, "Only 5 left of “Espresso”");
    fails(
        &["checkout"],
        1,
        "Can't be ordered: only 5 left of “Espresso”",
    );
    ok(&server, &alice(&["remove", "espresso", "4"]));
    server.cmd("HSET product:espresso price 2.50");
    let preview = ok(&server, &alice(&["checkout"]));
    assert!(
        preview.contains("now 2.50, was 2.40 when added") && preview.contains("€7.50"),
        "{preview}"
    );
    assert!(
        preview.contains("repeat the command with --yes --expect-total 7.50"),
        "{preview}"
    );
    fails(
        &["checkout", "--yes", "--expect-total", "7.20"],
        1,
        "The total is €7.50, not €7.20",
    );
    fails(
        &["checkout", "--yes", "--expect-total", "x"],
        2,
        "write it like 12.40",
    );
    fails(&["order", "x"], 2, "give its number, like 42");
    fails(&["order", "20261124-0000-0000"], 1, "There is no order");

    let args = [
        "checkout",
        "--yes",
        "--json",
        "--expect-total",
        "7.50",
        "--op-id",
        "20261124-AB12-CD34",
    ];
    let placed: serde_json::Value = serde_json::from_str(&ok(&server, &alice(&args))).unwrap();
    assert_eq!(
        (&placed["total"], &placed["state"]),
        (&"7.50".into(), &"placed".into())
    );
    assert_eq!(
        placed["lines"][0]["by"][0],
        serde_json::json!({ "name": "ann", "quantity": 3 })
    );
    // The same again, as after a lost answer.
    let again: serde_json::Value = serde_json::from_str(&ok(&server, &alice(&args))).unwrap();
    assert_eq!(placed, again);
    assert_eq!(server.get("HGET product:espresso stock"), "2");
    assert_eq!(server.get("XLEN orders"), "1");
    let receipt = ok(&server, &["order", "20261124-ab12-cd34"]);
    assert!(
        receipt.contains("Corner Shop\nOrder #1, 20261124-AB12-CD34"),
        "{receipt}"
    );
    assert!(
        receipt.contains("ordered by ann") && receipt.contains("€7.50"),
        "{receipt}"
    );
    for (step, state) in [
        ("accept", "accepted"),
        ("ready", "ready"),
        ("cancel", "cancelled"),
    ] {
        let said = ok(&server, &["order", "20261124-AB12-CD34", step]);
        assert_eq!(said, format!("Order #1 is {state}\n"));
    }
    assert_eq!(server.get("HGET product:espresso stock"), "5");
    fails(
        &["order", "20261124-AB12-CD34", "done"],
        1,
        "The order is cancelled already: it can't become done",
    );
    let list = ok(&server, &alice(&["orders"]));
    assert!(
        list.contains("20261124-AB12-CD34") && list.contains("cancelled"),
        "{list}"
    );
    assert_eq!(
        ok(&server, &["--user", "bob", "orders"]),
        "There are no orders of bob yet\n"
    );
    let all: serde_json::Value =
        serde_json::from_str(&ok(&server, &["orders", "--all", "--json"])).unwrap();
    assert_eq!(all["orders"].as_array().unwrap().len(), 1);
}

#[test]
fn sums_of_orders_are_exact() {
    let server = quick_server();
    on_many_threads().block_on(async {
        let mut link = connect_as(server.url(), "ann").await;
        let cart = user("office");
        let mut exact: BTreeMap<&str, u128> = BTreeMap::new();
        for (n, price) in ["0.1", "0.2", "19.99", "999999999999.999999", "0.000001"]
            .iter()
            .enumerate()
        {
            server.cmd(&format!("HSET product:p{n} name p price {price}"));
            add(&mut link, &cart, &format!("p{n}"), 999).await;
            let (whole, part) = price.split_once('.').unwrap();
            let millionths: u128 = format!("{whole}{part:0<6}").parse().unwrap();
            *exact.entry("sum").or_default() += millionths * 999;
        }
        let placed = check_out(&mut link, &cart).await.unwrap();
        let stored = server.get(&format!("HGET {{orders}}:{placed} total"));
        let (whole, part) = stored.split_once('.').unwrap();
        assert_eq!(
            format!("{whole}{part:0<6}").parse::<u128>().unwrap(),
            exact["sum"]
        );
    });
}

/// Shoppers order again and again while links break and the server is killed; in the end all
/// adds up.
#[test]
fn orders_survive_broken_links_and_a_killed_server() {
    let mut server = Server::start();
    on_many_threads().block_on(async {
        for (product, stock) in [("tea", "60"), ("cake", "25"), ("milk", "1000")] {
            sell(&server, product, "1.10", stock);
        }
        let mut proxies = Vec::new();
        let mut shoppers = Vec::new();
        for n in 0..8u64 {
            let proxy = Proxy::start(&server.socket(), &format!("proxy{n}"));
            proxy.faults.drop_every.store(17 + n, Ordering::Relaxed);
            proxy.faults.on.store(true, Ordering::Relaxed);
            let url = proxy.url();
            proxies.push(proxy);
            shoppers.push(tokio::spawn(async move {
                // Two share each cart.
                let cart = user(&format!("c{}", n / 2));
                let mut asked = Vec::new();
                let mut link = None;
                for round in 0..12 {
                    let deadline = Deadline::start();
                    while link.is_none() {
                        deadline.check("a link to the shop");
                        let address = Address::parse(&url).unwrap();
                        link = store::connect(&address).await.ok();
                    }
                    let mut here = link.take().unwrap();
                    let product = ["tea", "cake", "milk"][(round + n as usize) % 3];
                    let _ =
                        store::add_to_cart(&mut here, &cart, &id(product), 1 + round as u32 % 2)
                            .await;
                    if let Ok(preview) = order::preview(&mut here, &cart).await {
                        let order_id = order::new_order_id(preview.at);
                        let outcome =
                            order::place(&mut here, &cart, order_id.clone(), preview).await;
                        asked.push((order_id, outcome));
                        link = Some(here);
                    }
                }
                asked
            }));
        }
        counted("orders before the server falls", 6, || {
            server.get("XLEN orders").parse().unwrap()
        });
        server.kill();
        // It is away for a while.
        tokio::time::sleep(Duration::from_millis(200)).await;
        server.restart();
        let mut asked = Vec::new();
        for shopper in shoppers {
            asked.extend(shopper.await.unwrap());
        }
        // Whatever was left on its way is finished by whoever comes by.
        let mut link = connect_as(server.url(), "ann").await;
        for n in 0..4 {
            let cart = user(&format!("c{n}"));
            answered("the end of what was begun", async || {
                order::resume_now(&mut link, &cart).await
            })
            .await;
        }
        let orders = add_up(
            &server,
            &mut link,
            &[("tea", 60), ("cake", 25), ("milk", 1000)],
        )
        .await;
        let placed = |id: &OrderId| orders.iter().any(|order| order.id == *id);
        for (order_id, outcome) in &asked {
            match outcome {
                Ok(id) => assert!(placed(id), "{id} was confirmed and is not there"),
                // A second try may find the first still on its way, under another id.
                Err(Error::Refused(_)) => {
                    assert!(!placed(order_id), "{order_id} was refused and is there")
                }
                Err(_) => {}
            }
        }
        let faults: u64 = proxies
            .iter()
            .map(|p| p.faults.caused.load(Ordering::Relaxed))
            .sum();
        println!(
            "{} tries, {faults} broken links, {} orders",
            asked.len(),
            orders.len()
        );
        assert!(orders.len() > 4 && faults > 4);
    });
}

#[test]
fn what_an_order_costs_is_told_by_its_lines() {
    let server = quick_server();
    on_many_threads().block_on(async {
        sell(&server, "tea", "2.40", "");
        let cart = user("office");
        let mut bob = connect_as(server.url(), "bob").await;
        add(&mut bob, &cart, "tea", 3).await;
        let placed = check_out(&mut bob, &cart).await.unwrap();

        let address = Address::parse(server.url()).unwrap();
        let (_link, mut live) = live::open(address, &cart, named("ann"), None);
        hear(&mut live, "the cart", |event| match event {
            LiveEvent::Cart(_) => Some(()),
            _ => None,
        })
        .await;
        for (field, value, told) in [
            ("total", "0.01", Money::parse("7.20")),
            ("lines", "[", None),
        ] {
            server.cmd(&format!("HSET {{orders}}:{placed} {field} {value}"));
            live.request(LiveRequest::Orders(OrderQuestion::Newest));
            let read = hear(&mut live, "the newest orders", |event| match event {
                LiveEvent::Order(OrderEvent::Newest(orders)) => Some(orders),
                _ => None,
            });
            let total = read.await[0].total.as_ref().map(|(total, _)| *total);
            assert_eq!(total, told);
        }
    });
}
