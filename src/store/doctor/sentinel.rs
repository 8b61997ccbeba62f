//! Examines the Sentinels: whether they answer, agree, and could replace the master.

use super::Finding;
use crate::store::connection::address::Address;
use crate::store::connection::discovery::open_sentinel;
use crate::store::connection::raw::{NoPushes, ServerConn};
use crate::store::error::Trouble;
use futures::future::join_all;
use redis::{FromRedisValue, Value};
use std::collections::{BTreeSet, HashMap};

/// The fewest Sentinels that can tell a failed master from a broken link.
const ENOUGH: u64 = 3;

type Fields = HashMap<String, String>;

/// The answers of one Sentinel.
struct SentinelReport {
    master: Fields,
    replicas: Vec<Fields>,
    /// An error where the Sentinels are too few to agree that the master has failed.
    quorum: Result<(), Trouble>,
}

/// Examines all Sentinels of an address that watch the master of this name.
pub(super) async fn examine(address: &Address, name: &str) -> Vec<Finding> {
    let sentinels: Vec<Address> = address.servers().collect();
    let answers = join_all(sentinels.iter().map(|sentinel| ask(sentinel, name))).await;

    let mut reports = Vec::new();
    let mut silent = Vec::new();
    for (sentinel, answer) in sentinels.iter().zip(answers) {
        match answer {
            Ok(report) => reports.push(report),
            Err(trouble) => {
                let node = sentinel.node().map(|node| node.to_string());
                silent.push(format!("{} ({trouble})", node.unwrap_or_default()));
            }
        }
    }

    let mut findings = vec![judge_answers(reports.len(), sentinels.len(), &silent)];
    if let Some(first) = reports.first() {
        let masters = reports.iter().map(|report| node_of(&report.master));
        findings.push(judge_masters(name, &masters.collect()));
        findings.push(judge_quorum(first));
        findings.push(judge_replicas(name, &first.replicas));
    }
    findings
}

async fn ask(sentinel: &Address, name: &str) -> Result<SentinelReport, Trouble> {
    let mut conn = open_sentinel(sentinel, name, None::<NoPushes>).await?;
    let master = query(&mut conn, "MASTER", name).await?;
    let replicas = query(&mut conn, "REPLICAS", name).await?;
    let quorum = query::<Value>(&mut conn, "CKQUORUM", name).await;
    Ok(SentinelReport {
        master,
        replicas,
        quorum: quorum.map(drop),
    })
}

async fn query<T: FromRedisValue>(
    conn: &mut ServerConn,
    subcommand: &str,
    name: &str,
) -> Result<T, Trouble> {
    redis::cmd("SENTINEL")
        .arg(subcommand)
        .arg(name)
        .query_async(conn)
        .await
        .map_err(Trouble::from)
}

fn field<'a>(fields: &'a Fields, name: &str) -> &'a str {
    fields.get(name).map_or("", String::as_str)
}

fn number(fields: &Fields, name: &str) -> u64 {
    field(fields, name).parse().unwrap_or(0)
}

fn node_of(fields: &Fields) -> String {
    format!("{}:{}", field(fields, "ip"), field(fields, "port"))
}

fn judge_answers(answering: usize, named: usize, silent: &[String]) -> Finding {
    if silent.is_empty() {
        return Finding::good("sentinel", format!("all {named} that are named answer"));
    }
    Finding::note(
        "sentinel",
        format!(
            "{answering} of {named} that are named answer; not {}",
            silent.join(", ")
        ),
        "start them again, or leave them out of the address",
    )
}

fn judge_masters(name: &str, masters: &BTreeSet<String>) -> Finding {
    let masters: Vec<&str> = masters.iter().map(String::as_str).collect();
    match &masters[..] {
        [master] => Finding::good(
            "sentinel",
            format!("all lead to the master “{name}” at {master}"),
        ),
        _ => Finding::bad(
            "sentinel",
            format!(
                "they disagree where the master “{name}” is: {}",
                masters.join(", ")
            ),
            "a new one is being chosen, or they can't reach each other: look again in a few seconds",
        ),
    }
}

fn judge_quorum(report: &SentinelReport) -> Finding {
    let sentinels = number(&report.master, "num-other-sentinels") + 1;
    let quorum = number(&report.master, "quorum");
    let found =
        format!("{sentinels} know each other, {quorum} must agree that the master has failed");

    match &report.quorum {
        Err(trouble) => Finding::bad(
            "sentinel",
            format!("{found}; {trouble}"),
            "bring Sentinels back: without most of them, nobody replaces a failed master",
        ),
        Ok(()) if sentinels < ENOUGH => Finding::note(
            "sentinel",
            found,
            "run at least three, on different machines: when one is lost, the others still agree",
        ),
        Ok(()) => Finding::good("sentinel", found),
    }
}

fn judge_replicas(name: &str, replicas: &[Fields]) -> Finding {
    let all = replicas.len();
    let down: Vec<String> = replicas
        .iter()
        .filter(|replica| is_down(replica))
        .map(node_of)
        .collect();

    if all == down.len() {
        let found = if all == 0 {
            "no replica".to_owned()
        } else {
            format!("all replicas are lost: {}", down.join(", "))
        };
        return Finding::bad(
            "sentinel",
            format!("the master has {found}: nobody can take over"),
            "start a replica of it (REPLICAOF with the master's host and port)",
        );
    }
    if !down.is_empty() {
        return Finding::note(
            "sentinel",
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

fn is_down(replica: &Fields) -> bool {
    field(replica, "flags").contains("down") || field(replica, "master-link-status") != "ok"
}
