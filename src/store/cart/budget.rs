//! Changes to a cart that has a budget.
//!
//! A script can't sum money exactly, so the sums are made here, on a version of the cart that
//! was read; the script applies the change only to that version.

use super::{Attempt, ProductCheck};
use crate::model::rules::{Ledger, Portion};
use crate::model::{Change, Edit, ProductId, Refusal, Update};
use crate::store::cart;
use crate::store::catalog::read_products;
use crate::store::connection::Conn;
use crate::store::error::Error;
use crate::store::keys::CartKeys;
use crate::store::policy::Policy;
use redis::aio::ConnectionLike;
use std::collections::BTreeSet;

/// How often others may be faster.
const TRIES: usize = 50;

/// The ways to a cart and to the products.
pub(crate) struct Route<'a, C> {
    /// To the cart.
    pub(crate) cart: &'a mut C,
    /// To the products.
    pub(crate) products: &'a Conn,
    /// What is known of the products that are added.
    pub(crate) known: ProductCheck<'a>,
}

/// Sends `change` where the budget allows it.
///
/// # Errors
/// [`Refusal::OverBudget`], [`Refusal::OverOwnBudget`], [`Refusal::Busy`]; and those of
/// [`cart::send`].
pub(crate) async fn send<C: ConnectionLike>(
    way: Route<'_, C>,
    keys: &CartKeys,
    policy: &Policy,
    change: &Change,
    attempt: Attempt,
) -> Result<Update, Error> {
    for _ in 0..TRIES {
        let (cart, shares) = cart::read_with_shares(way.cart, keys).await?;
        let lines = cart.lines.iter().map(|line| &line.product);
        let ids: BTreeSet<&ProductId> = lines
            .chain(change.edits.iter().filter_map(Edit::product))
            .collect();
        let ids: Vec<ProductId> = ids.into_iter().cloned().collect();
        let products = read_products(way.products, &ids).await?;
        let prices = products
            .into_iter()
            .filter_map(|(id, product)| Some((id, product?.price?)));
        let portions = cart.lines.iter().filter_map(|line| {
            let shares = shares.get(&line.product).cloned().unwrap_or_default();
            Some((
                line.product.clone(),
                Portion {
                    quantity: line.quantity.whole()?,
                    shares,
                },
            ))
        });
        let ledger = Ledger {
            portions: portions.collect(),
            prices: prices.collect(),
        };
        cart.rules.allow(&ledger, change, &policy.by)?;
        let attempt = Attempt {
            checked: Some(cart.version),
            ..attempt
        };
        match cart::send(way.cart, keys, policy, change, attempt, way.known).await {
            Err(Error::Refused(Refusal::Busy)) => {}
            settled => return settled,
        }
    }
    Err(Refusal::Busy.into())
}
