//! The board's link: all open orders of the shop, live and whole, whatever breaks.

use crate::harness;

use harness::patience::{answered, counted};
use harness::sentinel::Sentinels;
use harness::shopping::{
    add, check_out, connect_as, id, named, on_many_threads, quick_server, sell, user,
};
use harness::{Cluster, Proxy, Server, in_time, keep_day, ok, server, until};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use trolley::model::{OrderId, OrderState, Refusal, Ticket};
use trolley::store::board::{self, BoardEvent, BoardLink, BoardRequest};
use trolley::store::order;
use trolley::store::{self, Address, Connection, Error};

use OrderState::{Accepted, Cancelled, Done, Placed, Ready};

/// A board that takes in what its link tells.
struct Board {
    link: BoardLink,
    /// All tickets that were told, and are stored.
    tickets: BTreeMap<OrderId, Ticket>,
    more: usize,
    unread: usize,
    is_current: bool,
    times_stale: u64,
    times_read: u64,
    answers: Vec<(BoardRequest, Result<Ticket, Error>)>,
}

impl Board {
    fn open(url: &str, by: &str) -> Board {
        Board {
            link: board::open(Address::parse(url).unwrap(), named(by)),
            tickets: BTreeMap::new(),
            more: 0,
            unread: 0,
            is_current: false,
            times_stale: 0,
            times_read: 0,
            answers: Vec::new(),
        }
    }

    async fn opened(url: &str, by: &str) -> Board {
        let mut board = Board::open(url, by);
        board.until("the tickets", |board| board.is_current).await;
        board
    }

    /// Takes in the next event.
    async fn take_in(&mut self) {
        match self.link.next().await.expect("the link runs") {
            BoardEvent::Down(_) => self.is_current = false,
            BoardEvent::Stale => {
                self.is_current = false;
                self.times_stale += 1;
            }
            BoardEvent::Tickets {
                tickets,
                more,
                unread,
                ..
            } => {
                let ages: Vec<u64> = tickets.iter().map(|ticket| ticket.order.at).collect();
                assert!(ages.is_sorted(), "the oldest come first");
                let by_id = |ticket: Ticket| (ticket.order.id.clone(), ticket);
                self.tickets = tickets.into_iter().map(by_id).collect();
                self.more = more;
                self.unread = unread;
                self.is_current = true;
                self.times_read += 1;
            }
            BoardEvent::Ticket(ticket) => {
                self.tickets.insert(ticket.order.id.clone(), *ticket);
            }
            BoardEvent::Gone(id) => {
                self.tickets.remove(&id);
            }
            // Boards show no products.
            BoardEvent::Pace(_) | BoardEvent::Catalog(_) => {}
            BoardEvent::Answered { request, outcome } => {
                let outcome = outcome.map(|ticket| *ticket);
                if let Ok(ticket) = &outcome {
                    self.tickets.insert(ticket.order.id.clone(), ticket.clone());
                }
                self.answers.push((request, outcome));
            }
        }
    }

    /// Takes in what comes until this is so.
    async fn until(&mut self, what: &str, test: impl Fn(&Board) -> bool) {
        let waiting = async {
            while !test(self) {
                self.take_in().await;
            }
        };
        in_time(what, waiting).await;
    }

    /// Makes a request; returns its answer.
    async fn ask(&mut self, request: BoardRequest) -> Result<Ticket, Error> {
        let before = self.answers.len();
        self.link.request(request.clone());
        self.until("an answer", |board| board.answers.len() > before)
            .await;
        let (answered, outcome) = self.answers.pop().unwrap();
        assert_eq!(answered, request);
        outcome
    }

    /// The open tickets.
    fn open_tickets(&self) -> Vec<Ticket> {
        let tickets = self.tickets.values();
        tickets
            .filter(|ticket| !ticket.order.state.is_over())
            .cloned()
            .collect()
    }

    fn state(&self, id: &OrderId) -> Option<OrderState> {
        Some(self.tickets.get(id)?.order.state)
    }
}

fn step(id: &OrderId, from: OrderState, to: OrderState) -> BoardRequest {
    let id = id.clone();
    BoardRequest::Step { id, from, to }
}

fn undo(id: &OrderId, from: OrderState) -> BoardRequest {
    let id = id.clone();
    BoardRequest::Undo { id, from }
}

fn tick(order: &OrderId, product: &str, ticked: bool) -> BoardRequest {
    BoardRequest::Tick {
        id: order.clone(),
        product: id(product),
        ticked,
    }
}

/// A shop with two products of some stock.
fn shop() -> Server {
    let server = quick_server();
    sell(&server, "tea", "2.40", "1000000");
    sell(&server, "cake", "3.10", "1000000");
    server.cmd("HSET product:tea category Drinks");
    server
}

/// Orders tea and cake; returns the order's id.
async fn place(link: &mut Connection, cart: &str) -> OrderId {
    add(link, &user(cart), "tea", 2).await;
    add(link, &user(cart), "cake", 1).await;
    check_out(link, &user(cart)).await.unwrap()
}

fn refusal(outcome: Result<Ticket, Error>) -> String {
    match outcome {
        Err(Error::Refused(refusal)) => refusal.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_board_follows_orders_from_placing_to_the_end() {
    let server = shop();
    on_many_threads().block_on(async {
        let mut till = connect_as(server.url(), "ann").await;
        let first = place(&mut till, "office").await;
        let mut mia = Board::opened(server.url(), "mia").await;
        let mut sam = Board::opened(server.url(), "sam").await;
        assert_eq!(mia.open_tickets(), sam.open_tickets());
        let ticket = &mia.tickets[&first];
        assert_eq!(ticket.categories, ["Drinks", ""]);
        assert_eq!((&ticket.moved_by, &ticket.ticked[..]), (&None, &[][..]));

        let second = place(&mut till, "family").await;
        for board in [&mut mia, &mut sam] {
            board
                .until("the new order", |board| {
                    board.state(&second) == Some(Placed)
                })
                .await;
        }
        let accepted = mia.ask(step(&first, Placed, Accepted)).await.unwrap();
        assert_eq!(accepted.moved_by.as_deref(), Some("mia"));
        assert_eq!(accepted.categories, ["Drinks", ""]);
        assert_eq!(
            refusal(sam.ask(step(&first, Placed, Accepted)).await),
            "mia has accepted #1 already"
        );
        // The same again is what was done.
        mia.ask(step(&first, Placed, Accepted)).await.unwrap();

        let ticked = sam.ask(tick(&first, "tea", true)).await.unwrap();
        assert_eq!(ticked.ticked, [id("tea")]);
        sam.ask(tick(&first, "cake", true)).await.unwrap();
        let ticked = sam.ask(tick(&first, "tea", false)).await.unwrap();
        assert_eq!(ticked.ticked, [id("cake")]);
        assert_eq!(
            refusal(sam.ask(tick(&first, "coffee", true)).await),
            "“coffee” is not in #1"
        );
        mia.until("the ticks", |board| {
            board.tickets[&first].ticked == [id("cake")]
        })
        .await;

        for (from, to) in [(Accepted, Ready), (Ready, Done)] {
            sam.ask(step(&first, from, to)).await.unwrap();
        }
        mia.ask(step(&second, Placed, Cancelled)).await.unwrap();
        for board in [&mut mia, &mut sam] {
            board
                .until("the ends", |board| board.open_tickets().is_empty())
                .await;
            assert_eq!((board.times_stale, board.times_read), (0, 1));
        }
        assert_eq!(
            refusal(mia.ask(tick(&first, "tea", true)).await),
            "#1 is done already: sam was first"
        );
        until("the stock is back", || {
            server.get("HGET product:tea stock") == "999998"
        });
        assert_eq!(server.get("EXISTS {orders}:open"), "0");
    });
}

#[test]
fn a_step_is_taken_back_by_whoever_made_it_for_a_while() {
    let server = shop();
    // The second order has the second number.
    keep_day(&server);
    on_many_threads().block_on(async {
        let mut till = connect_as(server.url(), "ann").await;
        let order = place(&mut till, "office").await;
        let record = format!("{{orders}}:{order}");
        let mut mia = Board::opened(server.url(), "mia").await;
        let mut sam = Board::opened(server.url(), "sam").await;
        assert_eq!(
            refusal(mia.ask(undo(&order, Placed)).await),
            "#1 is only placed: there is no step to undo"
        );

        let placed = mia.tickets[&order].clone();
        let accepted = mia.ask(step(&order, Placed, Accepted)).await.unwrap();
        let ready = sam.ask(step(&order, Accepted, Ready)).await.unwrap();
        assert_eq!(ready.moved_by.as_deref(), Some("sam"));
        assert_eq!(
            refusal(mia.ask(undo(&order, Ready)).await),
            "sam moved #1 last: only sam can undo that"
        );
        let back = sam.ask(undo(&order, Ready)).await.unwrap();
        assert_eq!(back, accepted);
        // The same again is what was done.
        assert_eq!(sam.ask(undo(&order, Ready)).await.unwrap(), accepted);
        assert_eq!(mia.ask(undo(&order, Accepted)).await.unwrap(), placed);
        assert_eq!(
            refusal(mia.ask(step(&order, Accepted, Ready)).await),
            "#1 is placed again: somebody has undone its last step"
        );

        // A step that skips others goes back over them.
        mia.ask(step(&order, Placed, Done)).await.unwrap();
        assert_eq!(server.get("EXISTS {orders}:open"), "0");
        assert_eq!(server.get("HLEN {product:tea}:orders"), "1");
        assert_eq!(mia.ask(undo(&order, Done)).await.unwrap(), placed);
        assert_eq!(server.get(&format!("ZSCORE {{orders}}:open {order}")), "1");
        sam.until("it is back", |board| board.tickets[&order] == placed)
            .await;

        // An order that came back from its end still gives its stock back.
        mia.ask(step(&order, Placed, Cancelled)).await.unwrap();
        until("the stock is back", || {
            server.get("HGET product:tea stock") == "1000000"
        });
        assert_eq!(
            refusal(mia.ask(undo(&order, Cancelled)).await),
            "A cancelled order can't come back"
        );

        // After ten minutes it is too late, and the products forget what is done.
        let order = place(&mut till, "office").await;
        let record_of_second = format!("{{orders}}:{order}");
        mia.until("the order", |board| board.state(&order) == Some(Placed))
            .await;
        mia.ask(step(&order, Placed, Done)).await.unwrap();
        order::get_order(&mut till, &order).await.unwrap();
        assert_eq!(server.get("HLEN {product:tea}:orders"), "1");
        server.cmd(&format!("HINCRBY {record_of_second} changed -601000"));
        assert_eq!(
            refusal(mia.ask(undo(&order, Done)).await),
            "#2 was moved more than 10 minutes ago"
        );
        server.cmd(&format!("HINCRBY {record_of_second} changed -60000"));
        order::get_order(&mut till, &order).await.unwrap();
        assert_eq!(server.get("HLEN {product:tea}:orders"), "0");
        assert_eq!(server.get("HGET product:tea stock"), "999998");
        assert_eq!(server.get(&format!("HEXISTS {record} undone")), "1");
    });
}

#[test]
fn a_deleted_list_of_open_orders_comes_back() {
    let server = shop();
    on_many_threads().block_on(async {
        let mut till = connect_as(server.url(), "ann").await;
        let first = place(&mut till, "office").await;
        let second = place(&mut till, "family").await;
        order::set_state(&mut till, &second, Ready).await.unwrap();
        let over = place(&mut till, "family").await;
        order::set_state(&mut till, &over, Done).await.unwrap();

        // An older program knew no numbers, no versions and no such list.
        server.cmd("DEL {orders}:open {orders}:version");
        server.cmd(&format!("HDEL {{orders}}:{second} number"));
        let mut mia = Board::opened(server.url(), "mia").await;
        let ids: Vec<&OrderId> = mia.tickets.keys().collect();
        assert_eq!(ids.len(), 2, "{ids:?}");
        let listed = || {
            server
                .get_list("ZRANGE {orders}:open 0 -1 WITHSCORES")
                .join(" ")
        };
        assert_eq!(listed(), format!("{second} 0 {first} 1"));

        // Where it is deleted under the eyes of a board, that finds out by itself.
        let before = mia.times_read;
        server.cmd("DEL {orders}:open");
        mia.until("another reading", |board| {
            board.times_read > before && board.is_current
        })
        .await;
        assert_eq!(mia.open_tickets().len(), 2);
        assert_eq!(listed(), format!("{second} 0 {first} 1"));

        // So does one whose record is deleted.
        server.cmd(&format!("DEL {{orders}}:{first}"));
        server.cmd("PUBLISH order-updates anything");
        mia.until("the order is gone", |board| board.tickets.len() == 1)
            .await;
    });
}

#[test]
fn what_others_write_hides_nothing_and_breaks_nothing() {
    let server = shop();
    on_many_threads().block_on(async {
        let mut till = connect_as(server.url(), "ann").await;
        let first = place(&mut till, "office").await;
        let second = place(&mut till, "office").await;
        let mut mia = Board::opened(server.url(), "mia").await;

        // A plain client that says so.
        server.cmd(&format!("HSET {{orders}}:{first} state ready"));
        for message in [
            "anything",
            "{}",
            &format!("{{\"order\":\"{first}\",\"state\":\"ready\"}}"),
            &format!("{{\"order\":\"{first}\",\"version\":18446744073709551615}}"),
            &format!("{{\"order\":\"{first}\",\"version\":-1}}"),
            &format!("{{\"order\":\"{first}\",\"version\":3}}"),
            "{\"order\":\"x\",\"version\":4}",
        ] {
            server.raw(&["PUBLISH", "order-updates", message]);
        }
        mia.until("the state", |board| board.state(&first) == Some(Ready))
            .await;
        // Other databases have other orders.
        mia.until("all is current", |board| board.is_current).await;

        // Records, ids and counts of any kind.
        server.cmd("ZADD {orders}:open inf a -inf b 1.5 20261124-7KQ2-M8XD 3 20261124-7KQ2-M8X0");
        server.cmd("SET {orders}:20261124-7KQ2-M8XD x");
        server.cmd("ZADD {orders}:all 1 20261124-7KQ2-M8XD 2 20261124-7KQ2-M8X0");
        server.cmd("HSET {orders}:20261124-7KQ2-M8X0 state placed lines {");
        server.raw(&[
            "HSET",
            &format!("{{orders}}:{second}"),
            "ticked",
            "tea\nx\n\n",
        ]);
        server.raw(&["HSET", "product:cake", "category", "a\x1b[31mb"]);
        for version in ["x", "9223372036854775807", "-5"] {
            server.raw(&["SET", "{orders}:version", version]);
            let placed = place(&mut till, "office").await;
            mia.until("the new order", |board| {
                board.state(&placed) == Some(Placed)
            })
            .await;
        }
        server.cmd("DEL {orders}:version");
        server.cmd("HSET {orders}:version a b");
        let placed = place(&mut till, "office").await;
        mia.until("the new order", |board| {
            board.state(&placed) == Some(Placed)
        })
        .await;
        server.cmd("DEL {orders}:version");
        mia.link.request(BoardRequest::Reread);
        mia.until("the tick", |board| {
            board.is_current && board.tickets[&second].ticked == [id("tea")]
        })
        .await;
        assert_eq!(mia.open_tickets().len(), 6);
        assert_eq!(mia.unread, 2);
        assert!(!mia.tickets[&second].categories[1].contains('\x1b'));
        let answer = mia.ask(step(&second, Placed, Accepted)).await;
        assert_eq!(answer.unwrap().order.state, Accepted);
        let unknown = OrderId::parse("20261124-7KQ2-0000").unwrap();
        let answer = mia.ask(step(&unknown, Placed, Accepted)).await;
        assert_eq!(
            answer,
            Err(Refusal::UnknownOrder(unknown.to_string()).into())
        );
    });
}

#[test]
fn the_oldest_thousand_show_and_the_rest_are_counted() {
    let server = shop();
    on_many_threads().block_on(async {
        let mut till = connect_as(server.url(), "ann").await;
        let first = place(&mut till, "office").await;
        // Copies of it, the oldest with the highest numbers of an earlier day.
        let script = "for n = 1, 1500 do \
             local id = string.format('202501%02d-0000-%04d', 10 + n % 2, n) \
             redis.call('COPY', KEYS[1], '{orders}:' .. id) \
             redis.call('HSET', '{orders}:' .. id, 'id', id, 'number', n, 'at', (n % 2) * 100000000 + n) \
             redis.call('ZADD', '{orders}:open', n, id) end";
        server.raw(&["EVAL", script, "1", &format!("{{orders}}:{first}")]);
        let mut mia = Board::opened(server.url(), "mia").await;
        assert_eq!((mia.tickets.len(), mia.more), (1000, 501));
        let of_first_day = mia.tickets.values().filter(|t| t.order.at < 100_000_000);
        assert_eq!(of_first_day.count(), 750);
        assert_eq!(mia.state(&first), None);
        // What changes shows all the same.
        order::set_state(&mut till, &first, Accepted).await.unwrap();
        mia.until("the newest", |board| board.state(&first) == Some(Accepted))
            .await;
    });
}

#[test]
fn two_who_press_at_the_same_moment_have_one_owner() {
    let server = shop();
    let rounds = many_rounds(200);
    on_many_threads().block_on(async {
        let mut till = connect_as(server.url(), "ann").await;
        let mut mia = Board::opened(server.url(), "mia").await;
        let mut sam = Board::opened(server.url(), "sam").await;
        for _ in 0..rounds {
            let order = place(&mut till, "office").await;
            for board in [&mut mia, &mut sam] {
                board
                    .until("the order", |board| board.state(&order).is_some())
                    .await;
            }
            for (from, to) in [(Placed, Accepted), (Accepted, Ready), (Ready, Done)] {
                let request = step(&order, from, to);
                let (one, other) = tokio::join!(mia.ask(request.clone()), sam.ask(request));
                let owners = [&one, &other].map(Result::is_ok);
                assert!(owners[0] != owners[1], "{one:?} {other:?}");
                let owner = if owners[0] { "mia" } else { "sam" };
                let refused = if owners[0] { other } else { one };
                assert!(refusal(refused).contains(owner));
                let stored = server.get(&format!("HGET {{orders}}:{order} changed_by"));
                assert_eq!(stored, owner);
                for board in [&mut mia, &mut sam] {
                    board
                        .until("the step", |board| board.state(&order) == Some(to))
                        .await;
                }
            }
        }
        for board in [&mia, &sam] {
            assert_eq!((board.times_stale, board.times_read), (0, 1));
        }
    });
}

/// The orders as another board reads them.
async fn read_anew(url: &str) -> Vec<Ticket> {
    Board::opened(url, "nobody").await.open_tickets()
}

/// Orders tea and cake while everything breaks.
async fn order_once(server: &str) -> Result<(), Error> {
    let mut till = store::connect(&Address::parse(server).unwrap()).await?;
    let cart = user("family");
    for product in ["tea", "cake"] {
        store::add_to_cart(&mut till, &cart, &id(product), 1).await?;
    }
    check_out(&mut till, &cart).await?;
    Ok(())
}

/// What somebody at a board has done: the steps that were theirs, and the orders that they moved back.
#[derive(Default)]
struct Deeds {
    steps: Vec<(OrderId, OrderState)>,
    undone: Vec<OrderId>,
    asked: u64,
}

/// Works at a board until the end: moves orders on, ticks them, takes steps back, cancels.
async fn work(
    mut board: Board,
    by: &str,
    is_over: Arc<AtomicBool>,
    steps: Arc<AtomicU64>,
) -> (Board, Deeds) {
    let mut deeds = Deeds::default();
    let mut chance: u64 = by.bytes().map(u64::from).sum();
    while !is_over.load(Ordering::Relaxed) {
        board
            .until("an open order", |board| {
                board.is_current && !board.open_tickets().is_empty()
            })
            .await;
        chance = chance
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let dice = chance >> 33;
        let mut open = board.open_tickets();
        let ticket = open.swap_remove(dice as usize / 8 % open.len());
        let state = ticket.order.state;
        let order = ticket.order.id;
        let request = match dice % 8 {
            0 => undo(&order, state),
            1 => tick(&order, "tea", (dice / 8).is_multiple_of(2)),
            2 if (dice / 8).is_multiple_of(4) => step(&order, state, Cancelled),
            _ => step(&order, state, state.to_come()[0]),
        };

        deeds.asked += 1;
        match (board.ask(request.clone()).await, request) {
            (Ok(_), BoardRequest::Step { id, to, .. }) => {
                deeds.steps.push((id, to));
                steps.fetch_add(1, Ordering::Relaxed);
            }
            (Ok(_), BoardRequest::Undo { id, .. }) => deeds.undone.push(id),
            (Err(Error::Refused(_) | Error::Trouble(_)), _) | (Ok(_), _) => {}
            (other, _) => panic!("{other:?}"),
        }
    }
    (board, deeds)
}

#[test]
fn boards_whose_links_and_server_break_end_with_the_same_tickets() {
    let mut server = Server::start();
    sell(&server, "tea", "2.40", "1000000");
    sell(&server, "cake", "3.10", "1000000");
    on_many_threads().block_on(async {
        let proxy = Proxy::start(&server.socket(), "faults");
        let faults = proxy.faults.clone();
        faults.drop_every.store(307, Ordering::Relaxed);
        faults.mute_every.store(1_501, Ordering::Relaxed);
        faults.half_close_every.store(701, Ordering::Relaxed);
        faults.delay_every.store(97, Ordering::Relaxed);
        // Steps that are made, and whose answers nobody hears.
        *faults.change.lock().unwrap() = b"{orders}:cancelled".to_vec();
        faults.lose_answers.store(20, Ordering::Relaxed);

        let mut till = connect_as(server.url(), "ann").await;
        for _ in 0..many_rounds(60) {
            place(&mut till, "office").await;
        }
        let mia = Board::opened(&proxy.url(), "mia").await;
        let sam = Board::opened(&proxy.url(), "sam").await;
        faults.on.store(true, Ordering::Relaxed);
        let is_over = Arc::new(AtomicBool::new(false));
        let steps = Arc::new(AtomicU64::new(0));
        let workers = [(mia, "mia"), (sam, "sam")]
            .map(|(board, by)| tokio::spawn(work(board, by, is_over.clone(), steps.clone())));

        // Meanwhile the server is frozen, killed, and loses a list, and messages are lost.
        for turn in 0..5 {
            match turn {
                0 => server.freeze(),
                1 => server.kill(),
                2 => faults.swallow.store(20, Ordering::Relaxed),
                3 => drop(server.get("DEL {orders}:open")),
                _ => is_over.store(true, Ordering::Relaxed),
            }
            if turn < 2 {
                tokio::time::sleep(Duration::from_millis(2_500)).await;
            }
            match turn {
                0 => server.thaw(),
                1 => server.restart(),
                _ => {}
            }
            for _ in 0..30 {
                answered("an order", async || order_once(server.url()).await).await;
            }
            if turn < 4 {
                let goal = steps.load(Ordering::Relaxed) + 3;
                counted("steps at the boards", goal, || {
                    steps.load(Ordering::Relaxed)
                });
            }
        }

        let mut boards = Vec::new();
        let mut owners = BTreeSet::new();
        let mut deeds = Vec::new();
        for worker in workers {
            let (board, done) = in_time("the work", worker).await.unwrap();
            boards.push(board);
            deeds.push(done);
        }
        faults.on.store(false, Ordering::Relaxed);
        // They may have done all that there was.
        answered("an order", async || order_once(server.url()).await).await;
        let undone: BTreeSet<OrderId> = deeds.iter().flat_map(|done| done.undone.clone()).collect();
        let steps = deeds.iter().flat_map(|done| &done.steps);
        for step in steps.filter(|(id, _)| !undone.contains(id)) {
            assert!(
                owners.insert((step.0.clone(), step.1.name())),
                "{step:?} has two owners"
            );
        }

        let fresh = read_anew(server.url()).await;
        assert!(!fresh.is_empty() && !owners.is_empty());
        assert_eq!(server.get("ZCARD {orders}:open"), fresh.len().to_string());
        for board in &mut boards {
            board
                .until("the same tickets", |board| {
                    board.is_current && board.open_tickets() == fresh
                })
                .await;
        }
        let stale: Vec<(u64, u64)> = boards
            .iter()
            .map(|board| (board.times_stale, board.times_read))
            .collect();
        let caused = faults.caused.load(Ordering::Relaxed);
        println!(
            "{caused} faults, {} steps, stale and read: {stale:?}",
            owners.len()
        );

        // What was cancelled gave its stock back, once.
        let all = order::list_orders(&mut connect_as(server.url(), "ann").await, None, 100_000)
            .await
            .unwrap();
        let kept = all.iter().filter(|order| order.state != Cancelled);
        let lines = kept.flat_map(|order| &order.lines);
        let cakes = lines.filter(|line| line.product == id("cake"));
        let sold: u32 = cakes.map(|line| line.quantity).sum();
        until("the stock is back", || {
            server.get("HGET product:cake stock") == (1_000_000 - sold).to_string()
        });
    });
}

fn many_rounds(default: u64) -> u64 {
    std::env::var("TROLLEY_ROUNDS").map_or(default, |rounds| rounds.parse().unwrap())
}

/// Opens a board that finds so many open orders, and does with one all that can be done.
pub fn handle(url: &str, orders: usize) {
    on_many_threads().block_on(async {
        let mut board = Board::opened(url, "mia").await;
        assert_eq!(board.open_tickets().len(), orders);
        let ticket = board.open_tickets().remove(0);
        let order = ticket.order.id.clone();
        let product = ticket.order.lines[0].product.to_string();
        board.ask(tick(&order, &product, true)).await.unwrap();
        board.ask(step(&order, Placed, Accepted)).await.unwrap();
        let back = board.ask(undo(&order, Accepted)).await.unwrap();
        assert_eq!(back.order, ticket.order);
        board.ask(step(&order, Placed, Cancelled)).await.unwrap();
        board
            .until("the end of an order", |board| {
                board.open_tickets().len() == orders - 1
            })
            .await;
    });
}

#[test]
fn buyers_with_the_rights_of_an_older_version_order_as_before() {
    let server = crate::acl::admitted(&server::binaries()[0], "buyer");
    let rules = ok(&server, &["acl", "buyer", "--user", "alice", "--as", "ann"]);
    let older = rules.replace(" +incr", "").replace(" &order-updates", "");
    assert_ne!(older, rules);
    server.cmd(older.trim());
    server.cmd("ACL SETUSER ann >pw");
    let buy = |args: &[&str]| {
        let output = crate::acl::run(&server, &[&["--name", "ann"], args].concat());
        assert!(output.status.success(), "{output:?}");
    };

    on_many_threads().block_on(async {
        let mut mia = Board::opened(server.url(), "mia").await;
        for orders in 1..=2 {
            buy(&["add", "espresso"]);
            buy(&["checkout", "--yes"]);
            // The board finds out by itself.
            mia.until("the order", |board| {
                board.is_current && board.open_tickets().len() == orders
            })
            .await;
        }
        assert_eq!(server.get("EXISTS {orders}:version"), "0");
    });
}

#[test]
fn a_board_of_a_cluster_follows_the_orders_to_another_node() {
    let cluster = Cluster::start(3, 0);
    for (product, category) in [("tea", "Drinks"), ("cake", "Bakery")] {
        let key = format!("product:{product}");
        let fields = format!("name {product} price 2.40 stock 1000 category {category}");
        cluster.get(&key, &format!("HSET {key} {fields}"));
    }
    on_many_threads().block_on(async {
        let mut till = connect_as(&cluster.url(), "ann").await;
        let first = place(&mut till, "office").await;
        let mut mia = Board::opened(&cluster.url(), "mia").await;
        assert_eq!(mia.tickets[&first].categories, ["Drinks", "Bakery"]);
        mia.ask(tick(&first, "tea", true)).await.unwrap();
        mia.ask(step(&first, Placed, Ready)).await.unwrap();
        mia.ask(undo(&first, Ready)).await.unwrap();
        mia.ask(step(&first, Placed, Cancelled)).await.unwrap();
        for product in ["tea", "cake"] {
            let key = format!("product:{product}");
            until("the stock is back", || {
                cluster.get(&key, &format!("HGET {key} stock")) == "1000"
            });
        }

        let owner = cluster.owner("orders");
        cluster.move_slot("orders", (owner + 1) % 3);
        let second = place(&mut till, "family").await;
        mia.until("the order on the other node", |board| {
            board.is_current && board.state(&second) == Some(Placed)
        })
        .await;
        mia.ask(step(&second, Placed, Accepted)).await.unwrap();
    });
}

#[test]
fn a_board_behind_sentinels_follows_the_master() {
    let all = Sentinels::start();
    for product in ["tea", "cake"] {
        all.servers[0].cmd(&format!("HSET product:{product} name {product} price 2.40"));
    }

    on_many_threads().block_on(async {
        let mut till = connect_as(&all.url(), "ann").await;
        let mut mia = Board::opened(&all.url(), "mia").await;
        let first = place(&mut till, "office").await;
        mia.until("the order", |board| board.state(&first) == Some(Placed))
            .await;
        mia.ask(step(&first, Placed, Accepted)).await.unwrap();

        all.fail_over();
        until("the other is master", || all.master() == Some(1));
        let mut till = connect_as(&all.url(), "ann").await;
        let second = place(&mut till, "family").await;
        mia.until("the order at the new master", |board| {
            board.is_current && board.state(&second) == Some(Placed)
        })
        .await;
        assert_eq!(mia.state(&first), Some(Accepted));
        mia.ask(step(&second, Placed, Accepted)).await.unwrap();
        let key = format!("{{orders}}:{second}");
        assert_eq!(all.servers[1].get(&format!("HGET {key} state")), "accepted");
    });
}

#[test]
fn boards_of_other_databases_hear_of_their_own_orders() {
    let server = shop();
    let url = format!("{}?db=1", server.url());
    on_many_threads().block_on(async {
        let mut other = connect_as(&url, "ann").await;
        let mut raw = harness::server::open_shared(&url).await;
        redis::cmd("HSET")
            .arg(&["product:tea", "name", "Tea", "price", "1", "stock", "9"])
            .exec_async(&mut raw)
            .await
            .unwrap();
        let mut there = Board::opened(&url, "mia").await;
        let mut here = Board::opened(server.url(), "mia").await;
        let mut till = connect_as(server.url(), "ann").await;

        let ours = place(&mut till, "office").await;
        add(&mut other, &user("office"), "tea", 1).await;
        let theirs = check_out(&mut other, &user("office")).await.unwrap();
        for (board, order) in [(&mut here, &ours), (&mut there, &theirs)] {
            board
                .until("the order", |board| board.state(order) == Some(Placed))
                .await;
            board.ask(step(order, Placed, Accepted)).await.unwrap();
            assert_eq!((board.tickets.len(), board.times_stale), (1, 0));
        }
    });
}

#[test]
fn a_step_is_taken_back_by_command() {
    let server = shop();
    on_many_threads().block_on(async {
        let mut till = connect_as(server.url(), "ann").await;
        place(&mut till, "office").await;
    });
    let say = |by: &str, args: &[&str]| {
        let all = [&["--user", "office", "--name", by][..], args].concat();
        let output = harness::run(&server, &all);
        let said = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(said).unwrap())
    };

    say("mia", &["order", "1", "accept"]);
    say("mia", &["order", "1", "done"]);
    let (status, said) = say("sam", &["order", "1", "undo"]);
    assert_eq!(status, Some(1), "{said}");
    let why = "mia moved #1 last: only mia can undo that";
    assert!(said.contains(why), "{said}");
    let (status, said) = say("mia", &["order", "1", "undo"]);
    assert_eq!(
        (status, &*said),
        (Some(0), "Order #1 is back to accepted\n")
    );
    let (_, said) = say("mia", &["order", "1", "undo", "--json"]);
    let order: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(order["state"], "placed");
    assert_eq!(order["moved_by"], serde_json::Value::Null);
    let (status, said) = say("mia", &["order", "1", "undo"]);
    assert_eq!(status, Some(1));
    assert!(said.contains("there is no step to undo"), "{said}");
}
