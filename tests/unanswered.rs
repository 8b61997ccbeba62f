//! Writes whose answer is lost: none is called lost that may be done.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

mod harness;

use harness::{Finish, Proxy, Server, in_time, ok, trolley};
use std::sync::atomic::Ordering;

const META: &str = "{cart:alice}:meta";

/// What a command says where each answer to requests with these bytes is lost after execution.
async fn unanswered(server: &Server, lost: &str, args: &[&str]) -> serde_json::Value {
    let between = Proxy::start(&server.socket(), &format!("lossy-{lost}"));
    *between.faults.change.lock().unwrap() = lost.as_bytes().to_vec();
    between
        .faults
        .lose_answers
        .store(u64::MAX, Ordering::Relaxed);

    let url = between.url();
    let args = [&["--redis", &url, "--user", "alice", "--json"], args].concat();
    let mut command = trolley(server.dir(), &args);
    let task = tokio::task::spawn_blocking(move || command.finish());
    let output = in_time("the answer", task).await.unwrap();
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    assert!(between.faults.caused.load(Ordering::Relaxed) > 0);
    serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()["error"].take()
}

#[tokio::test]
async fn no_write_is_called_lost_that_may_be_done() {
    let server = Server::with_demo();
    // The server knows the scripts, whose texts have the same words.
    ok(&server, &["--user", "alice", "rules", "--lock"]);
    ok(&server, &["--user", "alice", "rules", "--unlock"]);
    ok(&server, &["--user", "alice", "add", "espresso"]);
    ok(&server, &["--user", "alice", "checkout", "--yes"]);
    let first = server.get_list("ZRANGE {orders}:all 0 -1").remove(0);
    ok(&server, &["order", &first, "accept"]);
    ok(&server, &["--user", "alice", "add", "espresso"]);

    let said = unanswered(&server, "locked", &["rules", "--lock"]).await;
    assert_eq!(said["code"], "unknown", "{said}");
    assert_eq!(server.get(&format!("HGET {META} locked")), "1");

    // The order is placed, and nobody can read its receipt.
    let said = unanswered(&server, "returned", &["checkout", "--yes"]).await;
    let order = server.get_list("ZRANGE {orders}:all 0 -1").remove(1);
    assert_eq!(
        (&said["code"], &said["op_id"]),
        (&"unknown".into(), &order.as_str().into())
    );

    let said = unanswered(&server, "accepted", &["order", &order, "accept"]).await;
    assert_eq!(said["code"], "unknown", "{said}");
    assert!(said["message"].as_str().unwrap().contains(&order));
    assert_eq!(
        server.get(&format!("HGET {{orders}}:{order} state")),
        "accepted"
    );

    let said = unanswered(&server, "UNLINK", &["product", "delete", "espresso"]).await;
    assert_eq!(said["code"], "unknown", "{said}");
    assert_eq!(server.cli("EXISTS product:espresso"), "0");
}
