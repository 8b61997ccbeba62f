//! A slow way to the server: everything works, and takes its time.

use crate::harness;

use harness::proxy::Door;
use harness::tls::{Certificates, secure};
use harness::{Finish, Server, SlowWay, Terminal, ok, ok_at, trolley, until};
use std::time::Duration;

const NO_DELAY: Duration = Duration::ZERO;

fn terminal(server: &Server, way: &SlowWay) -> Terminal {
    harness::Terminal::builder(harness::TROLLEY)
        .args(&["--redis", &way.url(), "--user", "alice", "--name", "ann"])
        .size(120, 36)
        .home(server.dir())
        .open()
}

#[test]
fn a_terminal_gets_live_where_little_gets_through() {
    let server = Server::start();
    // A cart that takes a while, and products that take longer.
    let rows: String = (0..400)
        .map(|n| format!("p{n:03},Product {n:03} with a name of some length,1.50\n"))
        .collect();
    let file = server.dir().join("shop.csv");
    std::fs::write(&file, format!("id,name,price\n{rows}")).unwrap();
    ok(&server, &["import", file.to_str().unwrap()]);
    for n in 0..100 {
        ok(&server, &["add", &format!("p{n:03}"), "--user", "alice"]);
    }

    let way = SlowWay::start(&server, 8_000, NO_DELAY);
    let mut ann = terminal(&server, &way);
    ann.wait("● live, slow");
    ann.wait("400 products");
    ann.keys("/ 399 enter 3 a");
    until("it is added", || {
        server.get("ZSCORE cart:alice p399") == "3"
    });

    // What is loaded is not sent again.
    let loaded = way.sent();
    let again = terminal(&server, &way);
    again.wait("● live");
    assert!(
        way.sent() - loaded < 10_000,
        "{} bytes",
        way.sent() - loaded
    );
    let cart = ok_at(server.dir(), &way.url(), &["cart", "--user", "alice"]);
    assert!(cart.contains("103 items"), "{cart}");
}

/// A secure connection takes more round trips.
#[test]
fn a_secure_way_on_which_everything_is_late_is_borne() {
    let papers = Certificates::make();
    let (server, port) = secure(&papers, &["--tls-auth-clients", "no"]);
    let way = SlowWay::to(Door::Port(port), 50_000, Duration::from_millis(350));
    let url = format!("rediss://localhost:{}", way.port());
    let added = trolley(server.dir(), &["--redis", &url, "--tls-ca"])
        .arg(papers.path("ca.crt"))
        .args(["product", "set", "tea", "name=Tea", "price=2.50"])
        .finish();
    assert!(
        added.status.success(),
        "{}",
        String::from_utf8_lossy(&added.stderr)
    );
    assert_eq!(server.get("HGET product:tea price"), "2.50");
}

#[test]
fn a_way_on_which_everything_is_late_is_borne() {
    let server = Server::with_demo();
    // A round trip of 700 ms.
    let way = SlowWay::start(&server, 1_000_000, Duration::from_millis(350));
    ok_at(
        server.dir(),
        &way.url(),
        &["add", "espresso", "2", "--user", "alice"],
    );
    let mut ann = terminal(&server, &way);
    ann.wait("● live, slow");
    ann.wait("64 products");
    ann.keys("/ espresso enter 3 a");
    until("it is added", || {
        server.get("ZSCORE cart:alice espresso") == "5"
    });
}
