//! A cluster as a whole: its slots, lost nodes, slots that stopped on their way.

use super::{Finding, Level, ask, command};
use crate::model::text;
use crate::store::connection::{Connection, Node};
use crate::store::doctor::data::named;
use crate::store::doctor::server::{fields, number};
use std::collections::BTreeSet;

/// Looks at the cluster as its masters see it.
pub(crate) async fn examine(connection: &mut Connection, masters: &[Option<Node>]) -> Vec<Finding> {
    let info = ask::<String>(connection, None, command("CLUSTER INFO")).await;
    let mut findings = vec![info.map_or_else(
        |trouble| Finding::hidden("cluster", &trouble),
        |info| state(&info),
    )];
    let (mut lost, mut moving) = (BTreeSet::new(), BTreeSet::new());
    for master in masters {
        // Who may not ask this learns of the slots alone.
        let Ok(nodes) = ask::<String>(connection, master.as_ref(), command("CLUSTER NODES")).await
        else {
            continue;
        };
        for node in nodes.lines() {
            look(node, &mut lost, &mut moving);
        }
    }
    let note = |found, advice| Finding::new("cluster", Level::Note, found, advice);
    if !lost.is_empty() {
        let lost: Vec<String> = lost.into_iter().collect();
        let advice = "start them again, or CLUSTER FORGET takes them out";
        findings.push(note(
            format!("{} nodes are lost: {}", lost.len(), named(&lost)),
            advice,
        ));
    }
    if !moving.is_empty() {
        let moving: Vec<String> = moving.into_iter().collect();
        let advice =
            "let that end: carts in them may pause; where it stopped, redis-cli --cluster fix";
        findings.push(note(
            format!("{} slots are being moved: {}", moving.len(), named(&moving)),
            advice,
        ));
    }
    findings
}

/// Takes in one line of a node's view: id, address, flags, master, .., slots.
fn look(node: &str, lost: &mut BTreeSet<String>, moving: &mut BTreeSet<String>) {
    let words: Vec<&str> = node.split(' ').collect();
    let [_, address, flags, _, _, _, _, _, slots @ ..] = &words[..] else {
        return;
    };
    let place = address.split(['@', ',']).next().unwrap_or_default();
    if flags
        .split(',')
        .any(|flag| matches!(flag, "fail" | "noaddr"))
    {
        let role = if flags.contains("master") {
            "master"
        } else {
            "replica"
        };
        lost.insert(format!("{place} ({role})"));
    }
    for slot in slots.iter().filter_map(|slot| slot.strip_prefix('[')) {
        moving.extend(slot.split('-').next().map(str::to_owned));
    }
}

/// Judges what a cluster says of itself.
fn state(info: &str) -> Finding {
    let info = fields(info);
    let (state, assigned, ok) = (
        info.get("cluster_state").copied().unwrap_or("unknown"),
        number(&info, "cluster_slots_assigned"),
        number(&info, "cluster_slots_ok"),
    );
    let found = format!(
        "{state}: {}, {}, {ok} of 16384 slots served",
        text::count(number(&info, "cluster_size"), "master"),
        text::count(number(&info, "cluster_known_nodes"), "node")
    );
    if state == "ok" && assigned == 16384 && ok == 16384 {
        return Finding::good("cluster", found);
    }
    Finding::new(
        "cluster",
        Level::Bad,
        found,
        "bring its lost nodes back, or see redis-cli --cluster check and fix",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lost_nodes_and_slots_on_their_way_are_seen() {
        assert_eq!(
            state("cluster_state:fail\r\ncluster_slots_assigned:16384").level,
            Level::Bad
        );
        let (mut lost, mut moving) = (BTreeSet::new(), BTreeSet::new());
        for node in [
            "a 127.0.0.1:7000@17000 myself,master - 0 0 1 connected 0-5460 [93->-b] [77-<-c]",
            "b 127.0.0.1:7001@17001,name master - 0 0 2 connected 5461-10922",
            "c 127.0.0.1:7002@17002 slave,fail a 0 0 3 disconnected",
            "d 127.0.0.1:7003@17003 master,fail? - 0 0 4 connected",
            "",
        ] {
            look(node, &mut lost, &mut moving);
        }
        assert_eq!(
            lost.into_iter().collect::<Vec<_>>(),
            ["127.0.0.1:7002 (replica)"]
        );
        assert_eq!(moving.into_iter().collect::<Vec<_>>(), ["77", "93"]);
    }
}
