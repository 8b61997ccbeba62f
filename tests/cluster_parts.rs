//! A cluster of which one part is silent or dead: whoever needs the other parts goes on.

use crate::harness;

use harness::patience::answered;
use harness::shopping::connect;
use harness::{Cluster, Deadline, Headless, Terminal, ok_at, run_at, shop_at};
use std::cell::Cell;
use std::process::Output;
use trolley::model::{Product, ProductId};
use trolley::store;
use trolley::store::{Address, Error, Policy, Trouble};
use trolley::tui::state::{Connectivity, State};

/// Three parts that go on without each other, and what lives where.
struct Parts {
    cluster: Cluster,
    /// The part that will be lost. Mostly, the shop's settings, the catalog's index and the orders
    /// are elsewhere.
    lost: usize,
    /// A user whose cart is not in that part.
    user: String,
    /// Products of the other parts.
    there: Vec<String>,
    /// Products of the part that will be lost.
    gone: Vec<String>,
}

impl Parts {
    fn start(replicas: usize) -> Parts {
        Parts::start_to_lose(replicas, |cluster| {
            let needed = ["catalog", "shop", "orders"].map(|key| cluster.owner(key));
            (0..3).find(|part| !needed.contains(part)).unwrap()
        })
    }

    /// The same, where the part that will be lost has this key of the shop.
    fn start_to_lose_key(key: &str) -> Parts {
        Parts::start_to_lose(0, |cluster| cluster.owner(key))
    }

    fn start_to_lose(replicas: usize, part: impl FnOnce(&Cluster) -> usize) -> Parts {
        let settings = ["--cluster-require-full-coverage", "no"];
        let binary = &harness::server::binaries()[0];
        let cluster = Cluster::start_with(binary, 3, replicas, &settings);

        let lost = part(&cluster);
        let user = (0..).map(|n| format!("user{n}"));
        let user = user
            .into_iter()
            .find(|user| cluster.owner(&format!("cart:{user}")) != lost)
            .unwrap();

        let (mut there, mut gone) = (Vec::new(), Vec::new());
        for n in 0..12 {
            let id = format!("p{n:02}");
            let key = format!("product:{id}");
            cluster.get(
                &key,
                &format!("HSET {key} name Product-{n:02} price 2.50 stock 90"),
            );
            cluster.get("catalog", &format!("ZADD catalog 0 {id}"));
            let part = if cluster.owner(&key) == lost {
                &mut gone
            } else {
                &mut there
            };
            part.push(id);
        }
        assert!(there.len() > 3 && gone.len() > 1, "{there:?} {gone:?}");
        Parts {
            cluster,
            lost,
            user,
            there,
            gone,
        }
    }

    /// Freezes the part with all its nodes: they are there, and say nothing.
    fn freeze(&self) {
        self.nodes()
            .for_each(|node| self.cluster.nodes[node].freeze());
    }

    fn thaw(&self) {
        self.nodes()
            .for_each(|node| self.cluster.nodes[node].thaw());
    }

    fn kill(&mut self) {
        for node in self.nodes().collect::<Vec<_>>() {
            self.cluster.nodes[node].kill();
        }
    }

    /// Kills the part, or freezes it.
    fn lose(&mut self, is_killed: bool) {
        if is_killed {
            self.kill();
        } else {
            self.freeze();
        }
    }

    /// The nodes of the part: a master, and its replica behind all masters.
    fn nodes(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.cluster.nodes.len()).filter(|node| node % 3 == self.lost)
    }

    /// The address, with the node that will be lost as its first seed.
    fn url(&self) -> String {
        self.cluster
            .url_of(&[self.lost, (self.lost + 1) % 3, (self.lost + 2) % 3])
    }

    fn home(&self) -> &std::path::Path {
        self.cluster.nodes[(self.lost + 1) % 3].dir()
    }

    fn run(&self, args: &[&str]) -> Output {
        run_at(
            self.home(),
            &self.url(),
            &[args, &["--user", &self.user]].concat(),
        )
    }

    fn ok(&self, args: &[&str]) -> String {
        ok_at(
            self.home(),
            &self.url(),
            &[args, &["--user", &self.user]].concat(),
        )
    }

    /// How the lost node is named.
    fn name(&self) -> String {
        let url = self.cluster.plain_url(self.lost);
        url.trim_start_matches("redis://").to_owned()
    }

    fn screen(&self) -> Terminal {
        shop_at(self.home(), &self.url(), &self.user, "ann", (120, 36))
    }

    async fn products(&self) -> Vec<Product> {
        let mut link = connect(&Address::parse(&self.url()).unwrap()).await;
        let ids: Vec<ProductId> = [&self.there[..], &self.gone]
            .concat()
            .iter()
            .map(|id| ProductId::stored(id.as_bytes()))
            .collect();
        // The nodes may lose sight of each other for a moment.
        let read = answered("the products", async || {
            store::get_products(&mut link, &ids).await
        })
        .await;
        read.into_iter()
            .filter_map(|(_, product)| product)
            .collect()
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Every command of somebody who needs nothing of the lost part succeeds, and the others end with
/// a word on who does not answer.
fn commands_need_only_their_own_parts(parts: &Parts, name: &str) {
    let (one, two) = (&parts.there[0], &parts.there[1]);
    for words in [
        &["add", one, "3"][..],
        &["set", two, "2"],
        &["remove", one, "1"],
        &["cart"],
        &["checkout", "--yes"],
        &["orders"],
        &["product", "set", one, "price=3.00"],
        &["clear"],
    ] {
        let done = parts.run(words);
        let is_empty = words == ["clear"] && said(&done).contains("empty");
        assert!(
            done.status.success() || is_empty,
            "{words:?}: {}",
            said(&done)
        );
    }

    let gone = &parts.gone[0];
    // The list of products has what is there.
    let listed = parts.run(&["products"]);
    let shown = String::from_utf8_lossy(&listed.stdout).into_owned();
    assert_eq!(listed.status.code(), Some(3), "{}", said(&listed));
    assert!(said(&listed).contains(name), "{}", said(&listed));
    assert!(shown.contains(one) && !shown.contains(gone), "{shown}");
    for words in [&["add", gone][..], &["product", "set", gone, "price=3.00"]] {
        let failed = parts.run(words);
        assert_eq!(
            failed.status.code(),
            Some(3),
            "{words:?}: {}",
            said(&failed)
        );
        assert!(said(&failed).contains(name), "{words:?}: {}", said(&failed));
    }
}

#[test]
fn a_silent_part_stops_only_those_who_need_it() {
    let parts = Parts::start(1);
    let gone = parts.gone[0].clone();
    parts.ok(&["add", &gone, "2"]);
    parts.ok(&["add", &parts.there[2], "4"]);
    parts.freeze();

    // The cart shows what is there, and names what is not.
    let cart = parts.run(&["cart"]);
    let shown = String::from_utf8_lossy(&cart.stdout).into_owned();
    assert_eq!(cart.status.code(), Some(3), "{}", said(&cart));
    assert!(
        shown.contains("10.00") && shown.contains("can't be read"),
        "{shown}"
    );
    assert!(said(&cart).contains(&parts.name()), "{}", said(&cart));

    parts.ok(&["remove", &gone]);
    commands_need_only_their_own_parts(&parts, &parts.name());

    // The doctor examines the others, and names the one that it can't.
    let doctor = parts.run(&["doctor"]);
    let found = String::from_utf8_lossy(&doctor.stdout).into_owned();
    let silent = format!("{}: the server does not answer in time", parts.name());
    assert!(found.contains(&silent), "{found}");
    assert_eq!(found.matches("noeviction").count(), 0, "{found}");
    assert_eq!(
        found.matches("a full server refuses changes").count(),
        2,
        "{found}"
    );
}

#[test]
fn a_dead_part_stops_only_those_who_need_it() {
    let mut parts = Parts::start(0);
    parts.kill();
    commands_need_only_their_own_parts(&parts, &parts.name());

    // An import says what it could not store, and ends.
    let file = parts.home().join("more.csv");
    let rows: String = parts
        .gone
        .iter()
        .chain(&parts.there)
        .map(|id| format!("{id},Name,1.00\n"))
        .collect();
    std::fs::write(&file, format!("id,name,price\n{rows}")).unwrap();
    let failed = parts.run(&["import", file.to_str().unwrap()]);
    assert_eq!(failed.status.code(), Some(3), "{}", said(&failed));
    assert!(said(&failed).contains(&parts.name()), "{}", said(&failed));
}

/// Each of these commands succeeds.
fn all_succeed(parts: &Parts, commands: &[&[&str]]) {
    for words in commands {
        let done = parts.run(words);
        assert!(done.status.success(), "{words:?}: {}", said(&done));
    }
}

/// All that is done with a cart before it is ordered succeeds; four of this product are left in it.
fn a_cart_is_filled(parts: &Parts, product: &str) {
    all_succeed(
        parts,
        &[
            &["add", product, "3"],
            &["set", product, "5"],
            &["remove", product, "1"],
            &["note", product, "cold"],
            &["ready"],
            &["rules", "--budget", "90"],
            &["cart"],
        ],
    );
}

/// Each of these commands ends with a word on who does not answer.
fn all_name_the_lost(parts: &Parts, commands: &[&[&str]]) {
    for words in commands {
        let failed = parts.run(words);
        let said = said(&failed);
        assert_eq!(failed.status.code(), Some(3), "{words:?}: {said}");
        assert!(said.contains(&parts.name()), "{words:?}: {said}");
    }
}

#[test]
fn a_cancelled_order_shows_while_its_product_is_away() {
    let parts = Parts::start(0);
    parts.ok(&["add", &parts.gone[0], "2"]);
    parts.ok(&["checkout", "--yes"]);
    parts.freeze();
    let cancelled = parts.ok(&["order", "1", "cancel"]);
    assert!(cancelled.contains("is cancelled"), "{cancelled}");
    assert!(parts.ok(&["order", "1"]).contains("cancelled"));
    parts.thaw();
    // Whoever looks later gives its stock back.
    parts.ok(&["order", "1"]);
    let key = format!("product:{}", parts.gone[0]);
    assert_eq!(parts.cluster.get(&key, &format!("HGET {key} stock")), "90");
}

/// Who has no part in orders goes on while these are away.
#[test]
fn who_orders_nothing_goes_on_without_the_orders() {
    for is_killed in [false, true] {
        let mut parts = Parts::start_to_lose_key("orders");
        let one = parts.there[0].clone();
        parts.ok(&["add", &one, "1"]);
        // A mark that somebody has planted: whether it is one of an order is not known now.
        let order = format!("{{cart:{}}}:order", parts.user);
        let planted = format!("HSET {order} id 20261126-AAAA-AAAA by eve at 1");
        let home = parts.cluster.owner(&order);
        parts.lose(is_killed);
        all_succeed(
            &parts,
            &[&["add", &one, "3"], &["set", &one, "5"], &["cart"]],
        );
        parts.cluster.nodes[home].cmd(&planted);
        all_succeed(&parts, &[&["cart"]]);
        all_name_the_lost(
            &parts,
            &[&["checkout", "--yes"], &["orders"], &["order", "1"]],
        );
    }
}

#[test]
fn who_needs_no_catalog_goes_on_without_it() {
    for is_killed in [false, true] {
        let mut parts = Parts::start_to_lose_key("catalog");
        let one = parts.there[0].clone();
        parts.lose(is_killed);
        a_cart_is_filled(&parts, &one);
        all_succeed(
            &parts,
            &[
                &["checkout", "--yes"],
                &["order", "1"],
                &["order", "1", "accept"],
                &["orders"],
                &["orders", "--all"],
                &["orders", "--follow", "--count", "1", "--from-start"],
                &["split", "1"],
            ],
        );
        all_name_the_lost(
            &parts,
            &[&["products"], &["product", "set", "new", "name=New"]],
        );

        // A terminal shows the cart, and changes it.
        parts.ok(&["add", &one, "2"]);
        let mut ann = parts.screen();
        ann.wait(&format!("The catalog can't be read: {}", parts.name()));
        ann.wait(r"2 Product-\d\d .* 5\.00");
        ann.keys("tab +");
        ann.wait(r"3 Product-\d\d .* 7\.50");
    }
}

#[test]
fn who_needs_no_settings_of_the_shop_goes_on_without_them() {
    for is_killed in [false, true] {
        let mut parts = Parts::start_to_lose_key("shop");
        let one = parts.there[0].clone();
        // All products that are sold are elsewhere.
        for id in &parts.gone {
            parts.cluster.get("catalog", &format!("ZREM catalog {id}"));
            let key = format!("product:{id}");
            parts.cluster.get(&key, &format!("DEL {key}"));
        }
        parts.cluster.get("shop", "HSET shop currency €");
        assert!(parts.ok(&["products"]).contains("price €"));
        parts.lose(is_killed);

        a_cart_is_filled(&parts, &one);
        let cart = parts.run(&["cart"]);
        let shown = String::from_utf8_lossy(&cart.stdout).into_owned();
        assert!(shown.contains("10.00") && !shown.contains('€'), "{shown}");
        let unread = format!("the shop's settings can't be read: {}", parts.name());
        assert!(said(&cart).contains(&unread), "{}", said(&cart));
        let cart = parts.ok(&["cart", "--json"]);
        assert!(cart.contains(r#""currency":null"#), "{cart}");
        // What is ordered is ordered in the shop's currency, and the orders are there, too.
        all_name_the_lost(&parts, &[&["checkout", "--yes"], &["orders"], &["today"]]);

        let mut ann = parts.screen();
        ann.wait(&format!("{} products", parts.there.len()));
        ann.wait(&format!(
            "The shop's settings can't be read: {}",
            parts.name()
        ));
        ann.wait(r"4 Product-\d\d .* 10\.00");
        ann.keys("tab +");
        ann.wait(r"5 Product-\d\d .* 12\.50");
        // Nothing is ordered, and no amount is understood, in a currency that is not known.
        ann.keys("c");
        ann.wait("12\\.50");
        ann.keys("Y");
        ann.wait("Nothing was ordered: the shop, and so its currency, was not read yet");
        ann.keys("esc");
        if !is_killed {
            parts.thaw();
            ann.wait(r"Subtotal €12\.50");
        }
    }
}

#[test]
fn a_new_terminal_shows_the_parts_that_are_there() {
    let parts = Parts::start(0);
    parts.freeze();
    let mut ann = parts.screen();
    ann.wait(&format!("{} products", parts.there.len()));
    ann.wait(&format!(
        "{} products can't be read: .*{}",
        parts.gone.len(),
        parts.name()
    ));
    let number = parts.there[0].trim_start_matches('p');
    ann.keys(&format!("/ Product-{number} enter 3 a"));
    ann.wait(r"3 Product-\d\d .* 7\.50");

    parts.thaw();
    ann.keys("esc");
    ann.wait(&format!(
        "{} products",
        parts.there.len() + parts.gone.len()
    ));
}

fn row_of(products: &[Product], state: &State, id: &str) -> usize {
    let name = &products
        .iter()
        .find(|product| product.id.to_string() == id)
        .unwrap()
        .name;
    (0..state.catalog.shown.len())
        .find(|row| {
            let at = state.catalog.shown[*row];
            state.catalog.catalog.at(at).unwrap().name == &**name
        })
        .unwrap()
}

/// A cluster whose parts all answer, its products, and a screen that shows them.
async fn parts_with_ann() -> (Parts, Vec<Product>, Headless) {
    let parts = tokio::task::spawn_blocking(|| Parts::start(0))
        .await
        .unwrap();
    let products = parts.products().await;
    let mut ann = Headless::open(&parts.url(), &parts.user, Policy::default(), &products);
    ann.calm().await;
    (parts, products, ann)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_that_can_not_go_lets_the_others_pass() {
    let (parts, products, mut ann) = parts_with_ann().await;
    parts.freeze();

    // First one that must wait, then one that need not, then one that must not overtake the first.
    let press = |ann: &mut Headless, id: &str, keys: &[&str]| {
        let row = row_of(&products, &ann.state, id);
        ann.select(row);
        keys.iter().for_each(|key| ann.key(key));
    };
    press(&mut ann, &parts.gone[0], &["a"]);
    press(&mut ann, &parts.there[0], &["2", "a"]);
    press(&mut ann, &parts.gone[0], &["-"]);
    // It says why before that, and not for long.
    let says_why = Cell::new(false);
    ann.until("the one that can go is settled", |state| {
        let notice = state.notice.as_ref();
        let is_why = notice.is_some_and(|notice| notice.text.contains(&parts.name()));
        says_why.set(says_why.get() || is_why);
        says_why.get() && state.cart.unconfirmed.len() == 2
    })
    .await;
    assert_eq!(ann.settled.len(), 1);
    assert!(ann.settled[0].1.is_ok(), "{:?}", ann.settled);
    assert_eq!(ann.state.connectivity, Connectivity::Live);

    parts.thaw();
    ann.calm().await;
    assert!(
        ann.settled.iter().all(|(_, outcome)| outcome.is_ok()),
        "{:?}",
        ann.settled
    );
    assert_eq!(ann.downs, 0);
    assert_eq!(ann.cart().pieces(), 2);

    // One that never can go fails in the end, and says so.
    parts.freeze();
    press(&mut ann, &parts.gone[0], &["a"]);
    ann.until_it("it has failed", |ann| ann.settled.len() == 4)
        .await;
    let (_, outcome) = ann.settled.pop().unwrap();
    let Err(Error::Trouble(Trouble::At { server, .. })) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(server, parts.name());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_part_holds_up_no_terminal_and_is_told_as_such() {
    let (mut parts, products, mut ann) = parts_with_ann().await;
    ann.select(row_of(&products, &ann.state, &parts.gone[0]));
    ann.key("a");
    ann.calm().await;
    parts.kill();

    // A change of its products waits, and lets others pass.
    ann.key("a");
    ann.select(row_of(&products, &ann.state, &parts.there[0]));
    ann.key("a");
    let told = Cell::new(false);
    let has_moved = Cell::new(false);
    let listen = |state: &State| {
        let notice = state.notice.as_ref().map_or("", |notice| &notice.text);
        told.set(told.get() || notice.contains(&parts.name()));
        has_moved.set(has_moved.get() || notice.contains("has moved"));
    };
    ann.until("the one that can go is settled", |state| {
        listen(state);
        told.get() && state.cart.confirmed.lines.len() == 2
    })
    .await;
    assert_eq!(ann.state.connectivity, Connectivity::Live);

    // An order needs it.
    ann.key("c");
    ann.until("it says why", |state| {
        listen(state);
        !state.checkout.reading && state.checkout.preview.is_none()
    })
    .await;
    // In the end, the change fails, and says so.
    ann.until_it("it has failed", |ann| {
        listen(&ann.state);
        ann.settled.len() == 3
    })
    .await;
    let (_, outcome) = ann.settled.pop().unwrap();
    let Err(Error::Trouble(Trouble::At { server, .. })) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(server, parts.name());
    assert!(!has_moved.get());
    assert_eq!(ann.downs, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_that_needs_a_silent_part_is_told_and_the_link_stays() {
    let (parts, products, mut ann) = parts_with_ann().await;
    let row = row_of(&products, &ann.state, &parts.gone[0]);
    ann.select(row);
    ann.key("a");
    ann.calm().await;

    parts.freeze();
    ann.key("c");
    ann.until("it says why", |state| {
        let notice = state.notice.as_ref();
        notice.is_some_and(|notice| notice.text.contains(&parts.name()))
    })
    .await;
    assert_eq!(ann.state.connectivity, Connectivity::Live);
    assert_eq!(ann.downs, 0);

    // Who asks right after that may still be told what was the matter just before.
    parts.thaw();
    let deadline = Deadline::start();
    while ann.state.checkout.preview.is_none() {
        deadline.check("a preview");
        ann.key("c");
        ann.until("an answer", |state| !state.checkout.reading)
            .await;
    }
}
