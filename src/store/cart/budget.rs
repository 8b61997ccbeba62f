//! Sends changes to a cart that has a budget.
//!
//! A script can't sum money exactly, so the sums are made here, on a version of the cart that
//! was read. The script applies the change only to that version.

use super::reading::read_cart;
use super::sending::{self, Applied, Attempt, ProductCheck, SendError};
use crate::model::rules::Ledger;
use crate::model::{Cart, Change, Edit, Money, ProductId, Refusal};
use crate::store::catalog::read_products;
use crate::store::connection::Conn;
use crate::store::error::{Error, Trouble};
use crate::store::keys::CartKeys;
use crate::store::policy::Policy;
use redis::aio::ConnectionLike;
use std::collections::{BTreeSet, HashMap};

/// The tries before we give up: each fails where the cart changed after we read it.
const TRIES: usize = 50;

/// The connections to a cart and to the products that its budget is counted on.
pub(crate) struct Route<'a, C> {
    /// To the cart.
    pub(crate) cart: &'a mut C,
    /// To the products.
    pub(crate) products: &'a Conn,
    /// Where it is checked that the added products exist.
    pub(crate) check: ProductCheck<'a>,
}

/// Sends `change` where the budget allows it.
///
/// # Errors
/// [`Refusal::OverBudget`], [`Refusal::OverOwnBudget`], [`Refusal::Busy`]; and those of
/// [`sending::send`].
pub(crate) async fn send<C: ConnectionLike>(
    route: Route<'_, C>,
    keys: &CartKeys,
    policy: &Policy,
    change: &Change,
    attempt: Attempt,
) -> Result<Applied, Error> {
    for _ in 0..TRIES {
        let (cart, _) = read_cart(route.cart, keys, &[]).await?;
        let prices = read_prices(route.products, &cart, change).await?;
        let ledger = Ledger::of(&cart, prices);
        cart.rules.allow(&ledger, change, &policy.by)?;

        let attempt = Attempt {
            budget_checked_at: Some(cart.version),
            ..attempt
        };
        match sending::send(route.cart, keys, policy, change, attempt, route.check).await {
            Ok(applied) => return Ok(applied),
            Err(SendError::Failed(error)) => return Err(error),
            // Somebody else was faster: the cart has another version now.
            Err(SendError::NeedsBudgetCheck) => {}
        }
    }
    Err(Refusal::Busy.into())
}

/// Reads the prices of the products in the cart and in the change.
async fn read_prices(
    conn: &Conn,
    cart: &Cart,
    change: &Change,
) -> Result<HashMap<ProductId, Money>, Trouble> {
    let in_cart = cart.lines.iter().map(|line| &line.product);
    let in_change = change.edits.iter().filter_map(Edit::product);
    let ids: BTreeSet<&ProductId> = in_cart.chain(in_change).collect();
    let ids: Vec<ProductId> = ids.into_iter().cloned().collect();

    let products = read_products(conn, &ids).await?;
    Ok(products
        .into_iter()
        .filter_map(|(id, product)| Some((id, product?.price?)))
        .collect())
}
