//! Followers of orders go on whatever happens to the stream.

use crate::harness;

use harness::{Cluster, Deadline, Running, Server, ok_at, trolley, until};
use std::path::Path;

/// A `trolley orders --follow` under way.
fn following(home: &Path, url: &str) -> Running {
    let args = ["--redis", url, "orders", "--follow", "--json"];
    Running::start(&mut trolley(home, &args))
}

/// Orders something; returns the order's id.
fn order(home: &Path, url: &str) -> String {
    ok_at(home, url, &["--user", "office", "add", "tea"]);
    let told = ok_at(
        home,
        url,
        &["--user", "office", "checkout", "--yes", "--json"],
    );
    id(&serde_json::from_str(&told).unwrap())
}

fn id(document: &serde_json::Value) -> String {
    document["order"].as_str().unwrap().to_owned()
}

/// Waits until somebody waits for the next order.
fn wait_blocked(server: &Server) {
    until("the follower waits", || {
        server.get("INFO clients").contains("blocked_clients:1\r")
    });
}

/// How often the server was asked to create a group.
fn groups_asked_for(server: &Server) -> u64 {
    let stats = server.get("INFO commandstats");
    let calls = regex::Regex::new(r"cmdstat_xgroup\|create:calls=(\d+)").unwrap();
    calls.captures(&stats).unwrap()[1].parse().unwrap()
}

#[test]
fn a_stream_that_goes_and_comes_back_is_followed() {
    let server = Server::start();
    let (home, url) = (server.dir(), server.url());
    server.cmd("HSET product:tea name Tea price 2.40");
    let mut follower = following(home, url);
    let mut placed = vec![order(home, url)];
    assert_eq!(id(&follower.json()), placed[0]);

    // Deleted, and made again by the next order.
    wait_blocked(&server);
    server.cmd("DEL orders");
    placed.push(order(home, url));
    assert_eq!(id(&follower.json()), placed[1]);

    // Renamed: nobody makes another one, so that it can be named back.
    wait_blocked(&server);
    let before = groups_asked_for(&server);
    server.cmd("RENAME orders elsewhere");
    until("the follower sees it", || {
        groups_asked_for(&server) > before
    });
    assert_eq!(server.cli("RENAMENX elsewhere orders"), "1");
    wait_blocked(&server);
    placed.push(order(home, url));
    assert_eq!(id(&follower.json()), placed[2]);

    // The group alone is gone: it begins anew.
    wait_blocked(&server);
    server.cmd("XGROUP DESTROY orders trolley");
    for order in &placed[1..] {
        assert_eq!(id(&follower.json()), *order);
    }
}

/// Has a replica take over from its master. Where the nodes do not agree on that in time, it gives
/// up, and is asked again.
fn take_over(replica: &Server) {
    let is_master = || replica.get("INFO replication").contains("role:master");
    let times_given_up = || {
        let log = std::fs::read_to_string(replica.dir().join("server.log")).unwrap();
        log.matches("Manual failover timed out").count()
    };
    let deadline = Deadline::start();
    while !is_master() {
        deadline.check("the replica takes over");
        let before = times_given_up();
        // It refuses where it has become the master just now.
        let _ = replica.ask::<()>("CLUSTER FAILOVER");
        until("the replica takes over or gives up", || {
            is_master() || times_given_up() > before
        });
    }
}

#[test]
fn a_master_that_hands_over_is_followed() {
    let cluster = Cluster::start(3, 1);
    let home = cluster.nodes[0].dir();
    let url = cluster.url();
    cluster.get("product:tea", "HSET product:tea name Tea price 2.40");
    let mut follower = following(home, &url);
    let first = order(home, &url);
    assert_eq!(id(&follower.json()), first);

    let master = &cluster.nodes[cluster.owner("orders")];
    let name = master.get("CLUSTER MYID");
    let replica = cluster.nodes.iter().find(|node| {
        let nodes = node.get("CLUSTER NODES");
        let mut lines = nodes.lines();
        lines.any(|line| line.contains("myself,slave") && line.contains(&name))
    });
    let replica = replica.unwrap();
    until("the replica has all", || cluster.copied());
    wait_blocked(master);
    take_over(replica);

    let second = order(home, &url);
    assert_eq!(id(&follower.json()), second);
}

#[test]
fn a_follower_that_ends_takes_no_order_with_it() {
    let server = Server::start();
    let (home, url) = (server.dir(), server.url());
    server.cmd("HSET product:tea name Tea price 2.40");
    let placed: Vec<String> = (0..3).map(|_| order(home, url)).collect();

    // Each run is another consumer, and nobody ever takes over what one of them has left.
    let args = ["orders", "--follow", "--json", "--count", "1"];
    let args = [&args[..], &["--claim-after", "never"]].concat();
    for expected in &placed {
        let printed = ok_at(home, url, &args);
        assert_eq!(printed.lines().count(), 1, "{printed}");
        assert_eq!(&id(&serde_json::from_str(&printed).unwrap()), expected);
    }
    assert_eq!(server.cli("XPENDING orders trolley - + 9"), "");
}
