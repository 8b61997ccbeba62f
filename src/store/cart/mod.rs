//! Carts on the server: sending changes, reading carts, and who watches them.

pub(crate) mod beat;
pub(crate) mod budget;
pub(crate) mod commands;
pub mod decode;
pub(crate) mod reading;
pub(crate) mod rules;
pub(crate) mod sending;

use crate::model::OpId;
use crate::store::connection::answer;
use crate::store::connection::raw::ServerConn;
use crate::store::error::Trouble;
use crate::store::keys::{CartKeys, channel_in};
use crate::store::policy::Policy;
use crate::store::scripts::{CHANGE, HEARTBEAT, SNAPSHOT};
use redis::ScriptInvocation;

/// A fresh op id.
#[must_use]
pub fn new_op() -> OpId {
    let id = uuid::Uuid::new_v4().simple().to_string();
    OpId::parse(&id).unwrap_or_else(|| unreachable!("32 hexadecimal digits are an op id"))
}

/// Loads the cart's scripts into the server before any change is sent. Changes sent one right
/// after the other are then applied in that order: one that first had to load its script would
/// fall behind.
pub(crate) async fn load_scripts(mut conn: ServerConn) -> Result<(), Trouble> {
    let scripts = [&*CHANGE, &*SNAPSHOT, &*HEARTBEAT];

    // On a slow way it matters not to send again what is there.
    let mut question = redis::cmd("SCRIPT");
    question.arg("EXISTS");
    for script in scripts {
        question.arg(script.get_hash());
    }
    let are_there: Vec<bool> = match answer(&question, &mut conn).await {
        Err(Trouble::NoPermission(_)) => vec![false; scripts.len()],
        are_there => are_there?,
    };

    for (script, is_there) in scripts.into_iter().zip(are_there) {
        if is_there {
            continue;
        }
        match script.load_async(&mut conn).await.map_err(Trouble::from) {
            // A user without this right can still run the scripts that others have loaded.
            Ok(_) | Err(Trouble::NoPermission(_)) => {}
            Err(trouble) => return Err(trouble),
        }
    }
    Ok(())
}

/// Pushes the keys with which all scripts begin that write to a cart.
pub(crate) fn push_cart_keys(call: &mut ScriptInvocation<'_>, keys: &CartKeys) {
    call.key(&keys.cart)
        .key(&keys.meta)
        .key(&keys.lines)
        .key(&keys.ops)
        .key(&keys.log)
        .key(&keys.touched)
        .key(&keys.by)
        .key(&keys.order)
        .key(&keys.notes);
}

/// Adds the keys and arguments of `cart_update.lua`, the beginning of every script that changes
/// a cart as a whole. `database` is the number of the one that the connection works in.
pub(crate) fn push_cart_update(
    call: &mut ScriptInvocation<'_>,
    keys: &CartKeys,
    policy: &Policy,
    op: &str,
    database: i64,
) {
    push_cart_keys(call, keys);
    call.arg(channel_in(&keys.updates, database))
        .arg(policy.session_timeout.as_millis())
        .arg(&policy.by)
        .arg(op);
}
