//! Examines a cluster as a whole: its slots, its lost nodes, slots that are being moved.

use super::server::{number, parse_info};
use super::{Finding, ask, some_names};
use crate::model::text;
use crate::store::connection::Connection;
use crate::store::connection::nodes::Target;
use std::collections::BTreeSet;

/// The slots of a cluster.
const SLOTS: u64 = 16_384;

/// Examines the cluster as its masters see it.
pub(super) async fn examine(connection: &mut Connection, masters: &[Target]) -> Vec<Finding> {
    let info = ask::<String>(connection, &Target::Any, "CLUSTER INFO").await;
    let mut findings = vec![info.map_or_else(
        |trouble| Finding::hidden("cluster", &trouble),
        |info| judge_state(&info),
    )];

    let mut problems = NodeProblems::default();
    for master in masters {
        // A user who may not ask this learns of the slots alone.
        if let Ok(nodes) = ask::<String>(connection, master, "CLUSTER NODES").await {
            nodes.lines().for_each(|line| problems.add(line));
        }
    }

    if !problems.lost.is_empty() {
        let lost: Vec<String> = problems.lost.into_iter().collect();
        findings.push(Finding::note(
            "cluster",
            format!("lost nodes ({}): {}", lost.len(), some_names(&lost)),
            "start them again; CLUSTER FORGET is only for a node that is gone for good, with all that it \
             alone has",
        ));
    }
    if !problems.moving.is_empty() {
        let moving: Vec<String> = problems.moving.into_iter().collect();
        findings.push(Finding::note(
            "cluster",
            format!(
                "slots being moved ({}): {}",
                moving.len(),
                some_names(&moving)
            ),
            "let that end: carts in them may pause; where it stopped, redis-cli --cluster fix",
        ));
    }
    findings
}

/// Problems that the masters see.
#[derive(Debug, Default)]
struct NodeProblems {
    /// Lost nodes with their role.
    lost: BTreeSet<String>,
    /// Slots that are being moved.
    moving: BTreeSet<String>,
}

impl NodeProblems {
    /// Adds the problems in one line of CLUSTER NODES: id, address, flags, master, .., slots.
    fn add(&mut self, line: &str) {
        let words: Vec<&str> = line.split(' ').collect();
        let [_, address, flags, _, _, _, _, _, slots @ ..] = &words[..] else {
            return;
        };

        if flags
            .split(',')
            .any(|flag| matches!(flag, "fail" | "noaddr"))
        {
            let node = address.split(['@', ',']).next().unwrap_or_default();
            let role = if flags.contains("master") {
                "master"
            } else {
                "replica"
            };
            self.lost.insert(format!("{node} ({role})"));
        }

        // A slot on its way looks like [93->-NODE] or [77-<-NODE].
        for slot in slots.iter().filter_map(|slot| slot.strip_prefix('[')) {
            self.moving
                .extend(slot.split('-').next().map(str::to_owned));
        }
    }
}

/// Judges the answer to CLUSTER INFO.
fn judge_state(info: &str) -> Finding {
    let info = parse_info(info);
    let state = info.get("cluster_state").copied().unwrap_or("unknown");
    let assigned = number(&info, "cluster_slots_assigned");
    let served = number(&info, "cluster_slots_ok");

    let found = format!(
        "{state}: {}, {}, {served} of {SLOTS} slots served",
        text::count(number(&info, "cluster_size"), "master"),
        text::count(number(&info, "cluster_known_nodes"), "node")
    );
    if state == "ok" && assigned == SLOTS && served == SLOTS {
        return Finding::good("cluster", found);
    }
    Finding::bad(
        "cluster",
        found,
        "bring its lost nodes back, or see redis-cli --cluster check and fix",
    )
}

#[cfg(test)]
mod tests {
    use super::super::Level;
    use super::*;

    #[test]
    fn lost_nodes_and_slots_on_their_way_are_seen() {
        let state = judge_state("cluster_state:fail\r\ncluster_slots_assigned:16384");
        assert_eq!(state.level, Level::Bad);

        let mut problems = NodeProblems::default();
        for line in [
            "a 127.0.0.1:7000@17000 myself,master - 0 0 1 connected 0-5460 [93->-b] [77-<-c]",
            "b 127.0.0.1:7001@17001,name master - 0 0 2 connected 5461-10922",
            "c 127.0.0.1:7002@17002 slave,fail a 0 0 3 disconnected",
            "d 127.0.0.1:7003@17003 master,fail? - 0 0 4 connected",
            "",
        ] {
            problems.add(line);
        }
        assert!(problems.lost.iter().eq(["127.0.0.1:7002 (replica)"]));
        assert!(problems.moving.iter().eq(["77", "93"]));
    }
}
