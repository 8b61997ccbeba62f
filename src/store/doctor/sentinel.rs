//! The Sentinels before the shop: whether they answer, agree, and could replace the master.

use super::{Finding, Level};
use crate::store::connection::NoPushes;
use crate::store::connection::address::Address;
use crate::store::connection::discovery::open_sentinel;
use crate::store::error::Trouble;
use futures::future::join_all;
use redis::aio::MultiplexedConnection;
use std::collections::{BTreeSet, HashMap};

/// So many are needed to tell a fallen master from a broken link.
const ENOUGH: u64 = 3;

type Fields = HashMap<String, String>;

/// What one Sentinel says.
struct Said {
    master: Fields,
    replicas: Vec<Fields>,
    /// What keeps them from agreeing that the master has fallen.
    quorum: Result<(), Trouble>,
}

/// Asks all Sentinels that are named for the master of this name.
pub(crate) async fn examine(address: &Address, name: &str) -> Vec<Finding> {
    let asked: Vec<Address> = address.nodes().collect();
    let answers = join_all(asked.iter().map(|sentinel| ask(sentinel, name))).await;
    let (mut said, mut silent) = (Vec::new(), Vec::new());
    for (sentinel, answer) in asked.iter().zip(answers) {
        let place = sentinel
            .place()
            .map(|(host, port)| format!("{host}:{port}"))
            .unwrap_or_default();
        match answer {
            Ok(answer) => said.push(answer),
            Err(trouble) => silent.push(format!("{place} ({trouble})")),
        }
    }
    let mut findings = vec![reachable(said.len(), asked.len(), &silent)];
    if let Some(first) = said.first() {
        let masters: BTreeSet<String> = said.iter().map(|said| place(&said.master)).collect();
        findings.push(master(name, &masters));
        findings.push(quorum(first));
        findings.push(replicas(name, first));
    }
    findings
}

async fn ask(sentinel: &Address, name: &str) -> Result<Said, Trouble> {
    let mut conn = open_sentinel(sentinel, name, None::<NoPushes>).await?;
    let master = put(&mut conn, "MASTER", name).await?;
    let replicas = put(&mut conn, "REPLICAS", name).await?;
    let quorum = put::<redis::Value>(&mut conn, "CKQUORUM", name)
        .await
        .map(drop);
    Ok(Said {
        master,
        replicas,
        quorum,
    })
}

async fn put<T: redis::FromRedisValue>(
    conn: &mut MultiplexedConnection,
    question: &str,
    name: &str,
) -> Result<T, Trouble> {
    redis::cmd("SENTINEL")
        .arg(question)
        .arg(name)
        .query_async(conn)
        .await
        .map_err(Trouble::from)
}

fn field<'a>(fields: &'a Fields, name: &str) -> &'a str {
    fields.get(name).map_or("", String::as_str)
}

fn place(fields: &Fields) -> String {
    format!("{}:{}", field(fields, "ip"), field(fields, "port"))
}

fn reachable(answer: usize, named: usize, silent: &[String]) -> Finding {
    if silent.is_empty() {
        return Finding::good("sentinel", format!("all {named} that are named answer"));
    }
    Finding::new(
        "sentinel",
        Level::Note,
        format!(
            "{answer} of {named} that are named answer; not {}",
            silent.join(", ")
        ),
        "start them again, or leave them out of the address",
    )
}

fn master(name: &str, masters: &BTreeSet<String>) -> Finding {
    let all: Vec<&str> = masters.iter().map(String::as_str).collect();
    match &all[..] {
        [master] => Finding::good(
            "sentinel",
            format!("all lead to the master “{name}” at {master}"),
        ),
        _ => Finding::new(
            "sentinel",
            Level::Bad,
            format!(
                "they disagree where the master “{name}” is: {}",
                all.join(", ")
            ),
            "a new one is being chosen, or they don't hear each other: look again in a few seconds",
        ),
    }
}

fn quorum(said: &Said) -> Finding {
    let number = |name: &str| field(&said.master, name).parse::<u64>().unwrap_or(0);
    let (all, quorum) = (number("num-other-sentinels") + 1, number("quorum"));
    let found = format!("{all} know each other, {quorum} must agree that the master has fallen");
    match &said.quorum {
        Err(trouble) => Finding::new(
            "sentinel",
            Level::Bad,
            format!("{found}; {trouble}"),
            "bring Sentinels back: without most of them, nobody replaces a fallen master",
        ),
        Ok(()) if all < ENOUGH => Finding::new(
            "sentinel",
            Level::Note,
            found,
            "run three at least, on different machines: when one is lost, the others still agree",
        ),
        Ok(()) => Finding::good("sentinel", found),
    }
}

fn replicas(name: &str, said: &Said) -> Finding {
    let is_down = |replica: &&Fields| {
        field(replica, "flags").contains("down") || field(replica, "master-link-status") != "ok"
    };
    let down: Vec<String> = said.replicas.iter().filter(is_down).map(place).collect();
    let all = said.replicas.len();
    if all == down.len() {
        let found = if all == 0 {
            "no replica".to_owned()
        } else {
            format!("no replica but lost ones: {}", down.join(", "))
        };
        return Finding::new(
            "sentinel",
            Level::Bad,
            format!("the master has {found}: nobody can take over"),
            "start a replica of it (REPLICAOF with the master's host and port)",
        );
    }
    if !down.is_empty() {
        return Finding::new(
            "sentinel",
            Level::Note,
            format!(
                "{} of {all} replicas are lost: {}",
                down.len(),
                down.join(", ")
            ),
            format!("start them again, or SENTINEL RESET {name} forgets them"),
        );
    }
    Finding::good("sentinel", format!("{all} replicas could take over"))
}
