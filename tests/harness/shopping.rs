//! Short words for shopping through the library.

use super::patience::{Deadline, in_time};
use super::{Server, server};
use std::time::Duration;
use trolley::model::{Change, ChangeKind, Edit, Money, OrderId, ProductId, UserName};
use trolley::store;
use trolley::store::live::{LiveEvent, Subscription};
use trolley::store::order::{self, Driver, Stage};
use trolley::store::{Address, Connection, Error, Policy};

/// The id of a product.
pub fn id(name: &str) -> ProductId {
    ProductId::stored(name.as_bytes())
}

/// The name of a cart.
pub fn user(name: &str) -> UserName {
    UserName::parse(name).unwrap()
}

/// An amount.
pub fn money(text: &str) -> Money {
    Money::parse(text).unwrap()
}

/// A server that writes no file, for what needs thousands of steps.
pub fn quick_server() -> Server {
    Server::start_with(&server::binaries()[0], &["--appendonly", "no"])
}

/// Puts a product into the shop.
pub fn sell(server: &Server, product: &str, price: &str, stock: &str) {
    server.cmd(&format!(
        "HSET product:{product} name {product} price {price} stock {stock}"
    ));
}

/// The usual policy of somebody.
pub fn named(by: &str) -> Policy {
    Policy {
        by: by.to_owned(),
        ..Policy::default()
    }
}

/// A connection of somebody.
pub async fn connect_as(url: &str, by: &str) -> Connection {
    connect(&Address::parse(url).unwrap())
        .await
        .with_policy(named(by))
}

/// A connection to a shop that is there: on a busy machine it may take longer than the program
/// waits for one.
pub async fn connect(address: &Address) -> Connection {
    let deadline = Deadline::start();
    loop {
        match store::connect(address).await {
            Ok(connection) => return connection,
            Err(trouble) => deadline.check(&format!("a connection to the shop: {trouble}")),
        }

        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// A new change.
pub fn change(kind: ChangeKind, edits: Vec<Edit>) -> Change {
    Change {
        op: store::new_op(),
        kind,
        edits,
    }
}

/// Takes in what a link tells until `find` finds what it looks for.
pub async fn hear<T>(
    live: &mut Subscription,
    what: &str,
    mut find: impl FnMut(LiveEvent) -> Option<T>,
) -> T {
    let hearing = async {
        loop {
            let event = live.next().await.expect("the link runs");
            if let Some(found) = find(event) {
                return found;
            }
        }
    };
    in_time(what, hearing).await
}

/// Adds to a cart.
pub async fn add(link: &mut Connection, cart: &UserName, product: &str, quantity: u32) {
    store::add_to_cart(link, cart, &id(product), quantity)
        .await
        .unwrap();
}

/// Orders what is in a cart.
pub async fn check_out(link: &mut Connection, cart: &UserName) -> Result<OrderId, Error> {
    let preview = order::preview(link, cart).await?;
    let order_id = order::new_order_id(preview.at);
    order::place(link, cart, order_id, preview).await
}

/// A runtime like that of the program under load.
pub fn on_many_threads() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
}

/// Has somebody order the cart of this user, and stop before this stage; returns the order's id.
/// Nobody looks after it before it is due, for which the test has to see.
pub fn stop_before(server: &Server, cart: &str, stage: &Stage) -> String {
    on_many_threads().block_on(async {
        let mut link = connect_as(server.url(), "bob").await;
        let mut plain = server::open_shared(server.url()).await;
        let preview = order::preview(&mut link, &user(cart)).await.unwrap();
        let id = order::new_order_id(preview.at);
        let mut driver = Driver::place(&user(cart), &named("bob"), id.clone(), preview);
        let deadline = Deadline::start();
        while driver.stage() != stage {
            deadline.check("the stage of an order");
            driver.step(&mut plain).await.unwrap();
        }
        server.cmd(&format!("ZADD {{orders}}:due +inf {id}"));
        id.to_string()
    })
}
