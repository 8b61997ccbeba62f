//! Reads how carts are, for the list of them.

use crate::model::UserName;
use crate::store::{self, Address, Connection, Policy, Trouble};
use crate::tui::message::Message;
use crate::tui::state::carts::CartGlance;
use crate::tui::workers::catalog::into_trouble;
use tokio::sync::mpsc;

/// Reads these carts one after the other, over a connection of its own, and tells how they are.
pub(crate) async fn read(
    address: Address,
    policy: Policy,
    carts: Vec<UserName>,
    results: mpsc::Sender<Message>,
) {
    let mut connection = match store::connect(&address).await {
        Ok(connection) => connection.with_policy(policy),
        Err(trouble) => {
            let read = carts.into_iter().map(|cart| (cart, Err(trouble.clone())));
            return tell(&results, read.collect()).await;
        }
    };

    let mut read = Vec::with_capacity(carts.len());
    for cart in carts {
        let glance = glance_at(&mut connection, &cart).await;
        read.push((cart, glance));
    }
    tell(&results, read).await;
}

async fn glance_at(connection: &mut Connection, cart: &UserName) -> Result<CartGlance, Trouble> {
    let read = store::glance_at(connection, cart).await;
    let (cart, watchers) = read.map_err(into_trouble)?;
    Ok(CartGlance { cart, watchers })
}

/// Nobody listens any more where the screen has ended.
async fn tell(results: &mpsc::Sender<Message>, read: Vec<(UserName, Result<CartGlance, Trouble>)>) {
    let _ = results.send(Message::Carts(read)).await;
}
