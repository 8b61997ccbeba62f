//! Sets the rules of a shared cart.

use super::sending::common_refusal;
use super::{new_op, push_cart_update};
use crate::model::{OpId, RuleChange, UserName};
use crate::store::connection::Connection;
use crate::store::error::Error;
use crate::store::keys::CartKeys;
use crate::store::policy::Policy;
use crate::store::scripts::RULES;
use redis::aio::ConnectionLike;

/// The field of a rule in the cart's hash, and its value; an empty value removes the rule.
fn field(change: &RuleChange) -> (&'static str, String) {
    match change {
        RuleChange::Locked(true) => ("locked", "1".to_owned()),
        RuleChange::Locked(false) => ("locked", String::new()),
        RuleChange::Closes(at) => ("closes", text_or_empty(*at)),
        RuleChange::Budget(amount) => ("budget", text_or_empty(*amount)),
        RuleChange::BudgetEach(amount) => ("budget_each", text_or_empty(*amount)),
        RuleChange::Expected(names) => ("expected", names.join("\n")),
        RuleChange::Owner(name) => ("owner", name.clone()),
    }
}

fn text_or_empty(value: Option<impl ToString>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

/// Sets rules of the cart of `user`. Who does so first owns them.
///
/// # Errors
/// [`crate::model::Refusal::NotOwner`], and the [`crate::store::Trouble`] of the link.
pub async fn set_rules(
    connection: &mut Connection,
    user: &UserName,
    changes: &[RuleChange],
) -> Result<(), Error> {
    let keys = CartKeys::of(user);
    let op = new_op();

    let conn = &mut connection.conn;
    match send_rules(conn, &keys, &connection.policy, &op, changes).await {
        Ok(()) => Ok(()),
        Err(error) => Err(connection.name_wrong_types(user, error).await),
    }
}

/// Sets rules of a cart over a connection, once.
///
/// # Errors
/// The errors of [`set_rules`].
pub(crate) async fn send_rules(
    conn: &mut impl ConnectionLike,
    keys: &CartKeys,
    policy: &Policy,
    op: &OpId,
    changes: &[RuleChange],
) -> Result<(), Error> {
    let mut call = RULES.prepare_invoke();
    push_cart_update(&mut call, keys, policy, op.as_str(), conn.get_db());
    call.arg(policy.item_timeout.as_millis());
    for change in changes {
        let (field, value) = field(change);
        call.arg(field).arg(value);
    }

    match call.invoke_async::<u8>(conn).await {
        Ok(_) => Ok(()),
        Err(error) => Err(common_refusal(&error).map_or_else(|| error.into(), Error::Refused)),
    }
}
