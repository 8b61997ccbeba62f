//! The types that the shop's keys should have.

use crate::model::UserName;
use crate::store::connection::{Conn, pipeline};
use crate::store::error::Trouble;
use crate::store::keys;
use crate::store::keys::CartKeys;
use redis::Value;

/// Names the keys of the shop, and those of one cart, that hold something else. The keys of the
/// server are left out for those who may not look at them, who are most.
pub(crate) async fn mismatches(conn: &Conn, user: &UserName) -> Result<Vec<String>, Trouble> {
    let mut mismatches = find_mismatches(conn, expected_types(user)).await?;
    match find_mismatches(conn, types_of_server()).await {
        Ok(others) => mismatches.extend(others),
        Err(Trouble::NoPermission(_)) => {}
        Err(trouble) => return Err(trouble),
    }
    Ok(mismatches)
}

/// The keys of the server that people come to by SSH, with their types.
fn types_of_server() -> Vec<(String, &'static str)> {
    vec![
        (keys::INVITATIONS.to_owned(), "zset"),
        (keys::BOUND_KEYS.to_owned(), "hash"),
    ]
}

/// Names the keys of one cart that hold something else: `cart:ann is a string and should be a
/// zset`.
async fn cart_mismatches(conn: &Conn, user: &UserName) -> Result<Vec<String>, Trouble> {
    let mut expected = expected_types(user);
    expected.retain(|(key, _)| key.starts_with("cart:") || key.starts_with("{cart:"));
    find_mismatches(conn, expected).await
}

/// Names the keys of a cart that are behind a trouble, where it says that they are of the wrong
/// type.
pub(crate) async fn name_wrong_types(conn: &Conn, user: &UserName, trouble: Trouble) -> Trouble {
    if trouble != Trouble::WrongType {
        return trouble;
    }
    match cart_mismatches(conn, user).await {
        Ok(keys) if !keys.is_empty() => Trouble::WrongTypeOf(keys.join(", ")),
        Ok(_) | Err(_) => trouble,
    }
}

async fn find_mismatches(
    conn: &Conn,
    expected: Vec<(String, &'static str)>,
) -> Result<Vec<String>, Trouble> {
    let commands = expected
        .iter()
        .map(|(key, _)| redis::cmd("TYPE").arg(key).to_owned())
        .collect();
    let types = pipeline::run_all(conn, commands).await?;

    let mut mismatches = Vec::new();
    for ((key, expected), found) in expected.into_iter().zip(types) {
        if let Value::SimpleString(found) = found?
            && found != expected
            && found != "none"
        {
            mismatches.push(format!("{key} is a {found} and should be a {expected}"));
        }
    }
    Ok(mismatches)
}

/// The keys with their types. A new key of carts does not compile until it stands here.
fn expected_types(user: &UserName) -> Vec<(String, &'static str)> {
    let CartKeys {
        cart,
        meta,
        lines,
        ops: [first_ops, second_ops],
        log,
        touched,
        by,
        notes,
        order,
        watchers,
        updates: _, // a channel
    } = CartKeys::of(user);

    vec![
        (keys::CATALOG.to_owned(), "zset"),
        (keys::SHOP.to_owned(), "hash"),
        (keys::ORDERS.to_owned(), "stream"),
        (keys::ORDERS_ALL.to_owned(), "zset"),
        (keys::ORDERS_DUE.to_owned(), "zset"),
        (keys::ORDERS_CANCELLED.to_owned(), "stream"),
        (keys::ORDERS_NUMBERS.to_owned(), "hash"),
        (keys::ORDERS_OPEN.to_owned(), "zset"),
        (keys::ORDERS_VERSION.to_owned(), "string"),
        (cart, "zset"),
        (meta, "hash"),
        (lines, "hash"),
        (first_ops, "hash"),
        (second_ops, "hash"),
        (log, "stream"),
        (touched, "zset"),
        (by, "hash"),
        (notes, "hash"),
        (order, "hash"),
        (watchers, "zset"),
    ]
}
