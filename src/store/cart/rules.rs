//! Setting the rules of a shared cart.

use super::{new_op, owners_refusal};
use crate::model::{Money, UserName};
use crate::store::connection::Connection;
use crate::store::error::Error;
use crate::store::keys::CartKeys;
use crate::store::order::{CART_UPDATE, cart_update};
use redis::Script;
use std::sync::LazyLock;

static RULES: LazyLock<Script> =
    LazyLock::new(|| Script::new(&[CART_UPDATE, include_str!("../scripts/rules.lua")].concat()));

/// One rule that is set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleChange {
    /// Whether nothing may be changed.
    Locked(bool),
    /// From when on nothing may be changed, in Unix milliseconds.
    Closes(Option<u64>),
    /// The most that the whole cart may cost.
    Budget(Option<Money>),
    /// The most that what one person asked for may cost.
    BudgetEach(Option<Money>),
    /// Who owns the rules from now on; clean text.
    Owner(String),
}

/// Sets rules of the cart of `user`. Who does so first owns them. Setting the same again is
/// harmless, so an unknown outcome is simply tried again.
///
/// # Errors
/// [`crate::model::Refusal::NotOwner`]; the [`crate::store::Trouble`] of the link.
pub async fn set_rules(
    connection: &mut Connection,
    user: &UserName,
    changes: &[RuleChange],
) -> Result<(), Error> {
    let (keys, op) = (CartKeys::of(user), new_op());
    let mut call = RULES.prepare_invoke();
    cart_update(&mut call, &keys, &connection.policy, op.as_str());
    for change in changes {
        let money =
            |amount: &Option<Money>| amount.map(|amount| amount.to_string()).unwrap_or_default();
        let (field, value) = match change {
            RuleChange::Locked(locked) => (
                "locked",
                if *locked {
                    "1".to_owned()
                } else {
                    String::new()
                },
            ),
            RuleChange::Closes(at) => ("closes", at.map(|at| at.to_string()).unwrap_or_default()),
            RuleChange::Budget(amount) => ("budget", money(amount)),
            RuleChange::BudgetEach(amount) => ("budget_each", money(amount)),
            RuleChange::Owner(name) => ("owner", name.clone()),
        };
        call.arg(field).arg(value);
    }
    match call.invoke_async::<u8>(&mut connection.conn).await {
        Ok(_) => Ok(()),
        Err(error) => Err(owners_refusal(&error).map_or_else(|| error.into(), Error::Refused)),
    }
}
