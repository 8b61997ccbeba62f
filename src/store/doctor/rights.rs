//! Examines whether the user may do what trolley does.

use super::{Finding, Level, ask};
use crate::model::UserName;
use crate::store::acl::{self, Gaps, Role};
use crate::store::connection::Connection;
use crate::store::connection::nodes::Target;
use crate::store::error::Trouble;

/// Examines the rights for each role. Only a user who can't fill the cart is in a bad way: most
/// users are meant to do no more than that.
pub(super) async fn examine(connection: &mut Connection, user: &UserName) -> Vec<Finding> {
    let name: String = match ask(connection, &Target::Any, "ACL WHOAMI").await {
        Ok(name) => name,
        Err(trouble) => return vec![Finding::hidden("rights", &trouble)],
    };

    let mut findings = Vec::new();
    for (role, task, level_of_gap) in [
        (
            Role::Shopper,
            format!("fill the cart of {user}"),
            Level::Bad,
        ),
        (
            Role::Buyer,
            format!("order what is in the cart of {user}"),
            Level::Note,
        ),
        (Role::Importer, "import products".to_owned(), Level::Note),
    ] {
        let gaps = acl::gaps(connection, role, &name, user).await;
        findings.push(judge(&name, &task, level_of_gap, gaps));
    }
    findings
}

fn judge(name: &str, task: &str, level_of_gap: Level, gaps: Result<Gaps, Trouble>) -> Finding {
    match gaps {
        Ok(Gaps::Commands(gaps)) if gaps.is_empty() => {
            Finding::good("rights", format!("the server's user {name} may {task}"))
        }
        Ok(Gaps::Commands(gaps)) => Finding::new(
            "rights",
            level_of_gap,
            format!(
                "the server's user {name} may not {task}: {}",
                gaps.join(", ")
            ),
            "trolley acl prints the rules that are enough",
        ),
        Ok(Gaps::Unknown) => Finding::new(
            "rights",
            Level::Unknown,
            format!("the server's user {name} may not check whether they may {task}"),
            "somebody with the right to ACL DRYRUN can",
        ),
        Err(trouble) => Finding::hidden("rights", &trouble),
    }
}
