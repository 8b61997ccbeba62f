//! Examines whether the shop's keys are of the types that they should be.

use super::Finding;
use crate::model::UserName;
use crate::store::connection::Connection;
use crate::store::key_types::mismatches;

/// Examines the keys of the shop, and those of one cart.
pub(super) async fn examine(connection: &mut Connection, user: &UserName) -> Finding {
    match mismatches(&connection.conn, user).await {
        Err(trouble) => Finding::hidden("types", &trouble),
        Ok(mismatches) if mismatches.is_empty() => Finding::good(
            "types",
            format!("the keys of the shop and of cart:{user} hold what they should"),
        ),
        Ok(mismatches) => Finding::bad(
            "types",
            mismatches.join(", "),
            "another program uses the name: RENAME the key, or give the shop a database of its own",
        ),
    }
}
