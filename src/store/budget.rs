//! Changes to a cart that has a budget.
//!
//! A script can't sum money exactly, so the sums are made here, on a version of the cart that
//! was read; the script applies the change only to that version.

use super::cart::{self, Attempt};
use super::catalog::read_products;
use super::connection::Policy;
use super::error::Error;
use super::keys::CartKeys;
use crate::model::rules::{Ledger, Portion};
use crate::model::{Change, Edit, ProductId, Refusal, Update};
use redis::aio::ConnectionLike;
use std::collections::BTreeSet;

/// How often others may be faster.
const TRIES: usize = 50;

/// Sends `change` where the budget allows it.
pub(super) async fn send(
    link: &mut impl ConnectionLike,
    keys: &CartKeys,
    policy: &Policy,
    change: &Change,
    attempt: Attempt,
) -> Result<Update, Error> {
    for _ in 0..TRIES {
        let (cart, shares) = cart::read_with_shares(link, keys).await?;
        let lines = cart.lines.iter().map(|line| &line.product);
        let ids: BTreeSet<&ProductId> = lines.chain(change.edits.iter().filter_map(Edit::product)).collect();
        let ids: Vec<ProductId> = ids.into_iter().cloned().collect();
        let products = read_products(link, &ids).await?;
        let prices = products.into_iter().filter_map(|(id, product)| Some((id, product?.price?)));
        let portions = cart.lines.iter().filter_map(|line| {
            let shares = shares.get(&line.product).cloned().unwrap_or_default();
            Some((line.product.clone(), Portion { quantity: line.quantity.whole()?, shares }))
        });
        let ledger = Ledger { portions: portions.collect(), prices: prices.collect() };
        cart.rules.allow(&ledger, change, &policy.by)?;
        let attempt = Attempt { checked: Some(cart.version), ..attempt };
        match cart::send_once(link, keys, policy, change, attempt).await {
            Err(Error::Refused(Refusal::Busy)) => {}
            settled => return settled,
        }
    }
    Err(Refusal::Busy.into())
}
