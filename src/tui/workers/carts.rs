//! Reads how other carts are, for the list of them or to bring their lines here, and clears them.

use crate::model::{Update, UserName};
use crate::store::{self, Address, Connection, Error, Policy, Trouble};
use crate::tui::message::Message;
use crate::tui::state::carts::CartGlance;
use crate::tui::workers::catalog::into_trouble;
use crate::tui::workers::results::Results;

/// Reads these carts one after the other, over a connection of its own, and tells how they are.
pub(crate) async fn read(address: Address, policy: Policy, carts: Vec<UserName>, results: Results) {
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

/// Reads a cart whose lines are to be brought into another one.
pub(crate) async fn read_to_take(
    address: Address,
    policy: Policy,
    cart: UserName,
    results: Results,
) {
    let read = match store::connect(&address).await {
        Ok(connection) => glance_at(&mut connection.with_policy(policy), &cart).await,
        Err(trouble) => Err(trouble),
    };
    results.send(Message::CartToTake(cart, read)).await;
}

/// Clears a cart.
pub(crate) async fn clear(address: Address, policy: Policy, cart: UserName, results: Results) {
    let cleared = clear_once(&address, policy, &cart).await;
    results.send(Message::Cleared(cart, cleared)).await;
}

async fn clear_once(address: &Address, policy: Policy, cart: &UserName) -> Result<Update, Error> {
    let mut connection = store::connect(address).await?.with_policy(policy);
    let applied = store::clear_as(&mut connection, cart, store::new_op()).await?;
    Ok(applied.update)
}

async fn glance_at(connection: &mut Connection, cart: &UserName) -> Result<CartGlance, Trouble> {
    let read = store::glance_at(connection, cart).await;
    let (cart, watchers) = read.map_err(into_trouble)?;
    Ok(CartGlance { cart, watchers })
}

async fn tell(results: &Results, read: Vec<(UserName, Result<CartGlance, Trouble>)>) {
    results.send(Message::Carts(read)).await;
}
