//! Whether the shop's keys hold what they should.

use super::{Finding, Level};
use crate::model::UserName;
use crate::store::connection::Connection;
use crate::store::connection::pipeline;
use crate::store::error::Trouble;
use crate::store::keys;
use crate::store::keys::CartKeys;
use redis::Value;

/// Looks at the keys of the shop, and at those of one cart.
pub(crate) async fn examine(connection: &mut Connection, user: &UserName) -> Finding {
    match wrong(connection, user).await {
        Err(trouble) => Finding::hidden("types", &trouble),
        Ok(wrong) if wrong.is_empty() => Finding::good(
            "types",
            format!("the keys of the shop and of cart:{user} hold what they should"),
        ),
        Ok(wrong) => Finding::new(
            "types",
            Level::Bad,
            wrong.join(", "),
            "another program uses the name: RENAME the key, or give the shop a database of its own",
        ),
    }
}

/// The keys that hold something else, with what they hold.
async fn wrong(connection: &mut Connection, user: &UserName) -> Result<Vec<String>, Trouble> {
    let CartKeys {
        cart,
        meta,
        lines,
        ops: [one, other],
        log,
        touched,
        by,
        order,
        ordered,
        watchers,
        ..
    } = CartKeys::of(user);
    let expected = [
        (keys::CATALOG.to_owned(), "zset"),
        (keys::SHOP.to_owned(), "hash"),
        (keys::ORDERS.to_owned(), "stream"),
        (keys::ORDERS_ALL.to_owned(), "zset"),
        (keys::ORDERS_OPEN.to_owned(), "hash"),
        (keys::ORDERS_CANCELLED.to_owned(), "stream"),
        (cart, "zset"),
        (meta, "hash"),
        (lines, "hash"),
        (one, "hash"),
        (other, "hash"),
        (log, "stream"),
        (touched, "zset"),
        (by, "hash"),
        (order, "hash"),
        (ordered, "hash"),
        (watchers, "zset"),
    ];
    let ask = |(key, _): &(String, _)| redis::cmd("TYPE").arg(key).to_owned();
    let types = pipeline::run(&connection.conn, expected.iter().map(ask).collect()).await?;
    let mut wrong = Vec::new();
    for ((key, wanted), found) in expected.into_iter().zip(types) {
        if let Value::SimpleString(found) = found?
            && found != wanted
            && found != "none"
        {
            wrong.push(format!("{key} is a {found} and should be a {wanted}"));
        }
    }
    Ok(wrong)
}
