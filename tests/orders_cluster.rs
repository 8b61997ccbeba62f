//! Orders on a real cluster: cart, products and orders on different nodes, some of which fall.

use crate::harness;

use harness::patience::answered;
use harness::shopping::{connect_as, id, on_many_threads, user};
use harness::{Cluster, Running, ok_at, run_at, shop_at, trolley, until};
use std::path::Path;
use trolley::model::{Order, OrderState};
use trolley::store;
use trolley::store::order;

const SIZE: (u16, u16) = (120, 36);
/// The pieces of each product that there are.
const PIECES: u64 = 20;

/// Three products, one on each node: first that of the cart's own, last that of the orders'
/// where the cart is on another.
struct Shop {
    cluster: Cluster,
    products: Vec<String>,
}

impl Shop {
    fn open(replicas: usize) -> Shop {
        let cluster = Cluster::start(3, replicas);
        let of_node = |node: usize| {
            let mut names = (0..).map(|n| format!("p{n}"));
            names
                .find(|name| cluster.owner(&format!("product:{name}")) == node)
                .unwrap()
        };
        let cart = cluster.owner("cart:office");
        let products: Vec<String> = (0..3).map(|n| of_node((cart + n) % 3)).collect();
        for product in &products {
            let key = format!("product:{product}");
            cluster.get(
                &key,
                &format!("HSET {key} name Product-{product} price 1.50 stock {PIECES}"),
            );
            cluster.get("catalog", &format!("ZADD catalog 0 {product}"));
        }
        Shop { cluster, products }
    }

    fn home(&self) -> &Path {
        self.cluster.nodes[0].dir()
    }

    fn url(&self) -> String {
        self.cluster.url()
    }

    fn args<'a>(name: &'a str, args: &[&'a str]) -> Vec<&'a str> {
        [&["--user", "office", "--name", name], args].concat()
    }

    fn ok(&self, args: &[&str]) -> String {
        self.ok_as("ann", args)
    }

    fn ok_as(&self, name: &str, args: &[&str]) -> String {
        ok_at(self.home(), &self.url(), &Shop::args(name, args))
    }

    fn fill(&self, quantity: &str) {
        for product in &self.products {
            self.ok(&["add", product, quantity]);
        }
    }

    fn order(&self) -> String {
        let placed: serde_json::Value =
            serde_json::from_str(&self.ok(&["checkout", "--yes", "--json"])).unwrap();
        placed["order"].as_str().unwrap().to_owned()
    }

    /// `trolley checkout --yes`, stopped where it takes the stock of a product on this node.
    fn stopped(&self, node: usize) -> Running {
        self.cluster.nodes[node].cmd("CLIENT PAUSE 60000 WRITE");
        let url = self.url();
        let mut command = trolley(
            self.home(),
            &Shop::args("ann", &["--redis", &url, "checkout", "--yes"]),
        );
        let child = Running::start(&mut command);
        let first = format!("{{product:{}}}:orders", self.products[0]);
        until("the first stock is taken", || {
            self.cluster.get(&first, &format!("HLEN {first}")) == "1"
        });
        child
    }

    /// Stock, orders and the cart add up, and no cart is frozen; returns the orders.
    fn add_up(&self, in_cart: u32) -> Vec<Order> {
        on_many_threads().block_on(async {
            let mut link = connect_as(&self.url(), "judge").await;
            let office = user("office");
            answered("the end of what was begun", async || {
                order::resume_now(&mut link, &office).await
            })
            .await;
            let orders = answered("the orders", async || {
                order::list_orders(&mut link, None, 1_000).await
            })
            .await;
            let cart = answered("the cart", async || {
                store::get_cart_items(&mut link, &office).await
            })
            .await;
            for product in &self.products {
                let key = format!("product:{product}");
                let left: u64 = self
                    .cluster
                    .get(&key, &format!("HGET {key} stock"))
                    .parse()
                    .unwrap();
                let standing = orders
                    .iter()
                    .filter(|order| order.state != OrderState::Cancelled);
                let lines = standing
                    .flat_map(|order| &order.lines)
                    .filter(|line| line.product == id(product));
                let ordered: u64 = lines.map(|line| u64::from(line.quantity)).sum();
                assert_eq!(left + ordered, PIECES, "stock and orders of {product}");
                assert_eq!(
                    cart.quantity(&id(product)),
                    in_cart,
                    "{product} in the cart"
                );
            }
            assert!(cart.ordering.is_none());
            assert_eq!(
                self.cluster.get("orders", "XLEN orders"),
                orders.len().to_string()
            );
            // A terminal shows its receipt before its driver has closed the order.
            until("nothing is left to do", || {
                self.cluster.get("orders", "ZCARD {orders}:due") == "0"
            });
            orders
        })
    }
}

#[test]
fn orders_are_placed_followed_and_cancelled_on_a_cluster() {
    let shop = Shop::open(0);
    shop.fill("3");
    let first = shop.order();
    assert_eq!(shop.add_up(0).len(), 1);
    shop.ok(&["order", &first, "cancel"]);
    shop.add_up(0);
    // A budget is counted over products of all nodes.
    shop.ok(&["rules", "--budget", "14"]);
    shop.fill("3");
    let refused = run_at(
        shop.home(),
        &shop.url(),
        &Shop::args("ann", &["add", &shop.products[1]]),
    );
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        refused.status.code() == Some(1) && said.contains("budget"),
        "{said}"
    );

    // In two terminals, each of which was told of another node.
    let mut ann = shop_at(
        shop.home(),
        &shop.cluster.url_of(&[1]),
        "office",
        "ann",
        SIZE,
    );
    let mut bob = shop_at(
        shop.home(),
        &shop.cluster.plain_url(2),
        "office",
        "bob",
        SIZE,
    );
    for terminal in [&mut ann, &mut bob] {
        terminal.wait("3 products");
        terminal.keys("c");
        terminal.wait("To pay 13.50");
    }
    // Both confirm, and it is one order.
    ann.keys("Y");
    bob.keys("Y");
    for terminal in [&mut ann, &mut bob] {
        terminal.keys_until("Y", " Receipt |cart has changed|is empty");
    }
    let orders = shop.add_up(0);
    assert_eq!(orders.len(), 2);
    let second = orders
        .iter()
        .find(|order| order.state == OrderState::Placed)
        .unwrap();
    // Who came first has ordered.
    let who = second.who.clone();
    let second = second.id.to_string();
    ann.keys("esc esc o");
    ann.wait("placed .*13.50");
    shop.ok(&["order", &second, "ready"]);
    ann.wait("ready .*13.50");
    let split = shop.ok_as(&who, &["split", &second, "--settled", "ann"]);
    assert!(split.contains("  settled\n"), "{split}");

    let followed = shop.ok(&["orders", "--follow", "--from-start", "--count", "2"]);
    assert!(
        followed.contains(&first) && followed.contains(&second),
        "{followed}"
    );
}

#[test]
fn another_terminal_finishes_what_a_killed_one_began_on_a_cluster() {
    let shop = Shop::open(0);
    shop.fill("2");
    let bob = shop_at(shop.home(), &shop.url(), "office", "bob", SIZE);
    bob.wait("6 items");
    let node = shop.cluster.owner(&format!("product:{}", shop.products[1]));
    let mut child = shop.stopped(node);
    child.kill();
    bob.wait("being ordered by ann");
    shop.cluster.nodes[node].cmd("CLIENT UNPAUSE");
    bob.wait_message("which had stopped halfway, is placed now");
    assert_eq!(shop.add_up(0).len(), 1);
}

#[test]
fn an_order_that_waits_for_a_node_keeps_nobody_else() {
    let shop = Shop::open(0);
    shop.fill("2");
    let cluster = &shop.cluster;
    let busy = [cluster.owner("cart:office"), cluster.owner("orders")];
    let node = (0..3).find(|node| !busy.contains(node)).unwrap();
    let mut child = shop.stopped(node);
    child.kill();

    let due = || {
        let scores = cluster.nodes[busy[1]].get_list("ZRANGE {orders}:due 0 -1 WITHSCORES");
        (scores[0].clone(), scores[1].clone())
    };
    let (id, _) = due();
    let overdue = || cluster.get("orders", &format!("ZADD {{orders}}:due 1 {id}"));
    overdue();

    let other = ["--user", "other", "orders"];
    let listed = ok_at(shop.home(), &shop.url(), &other);
    assert_eq!(listed, "There are no orders of other yet\n");
    assert_ne!(due().1, "1", "it is tried again later");

    cluster.nodes[node].cmd("CLIENT UNPAUSE");
    overdue();
    ok_at(shop.home(), &shop.url(), &other);
    assert_eq!(shop.add_up(0).len(), 1);
}

#[test]
fn a_master_falls_during_a_checkout() {
    let mut shop = Shop::open(1);
    shop.fill("2");
    until("the replicas have all", || shop.cluster.copied());
    // The one whose stock is asked for next: what it had confirmed, its replica has.
    let key = format!("product:{}", shop.products[1]);
    let node = shop.cluster.owner(&key);
    let mut child = shop.stopped(node);
    shop.cluster.nodes[node].kill();
    until("a replica takes over", || shop.cluster.owner(&key) != node);
    // It goes on by itself, or says that it can't tell; whoever comes by finishes it.
    let status = child.wait();
    println!("the checkout whose master fell ended with {status}");
    shop.cluster.wait("all nodes know the new master", |at| {
        at.get("CLUSTER INFO").contains("cluster_state:ok")
    });
    assert_eq!(shop.add_up(0).len(), 1);
}
