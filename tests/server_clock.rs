//! A server whose clock jumps: screens, carts and orders go by what it says now.

use crate::harness;

use harness::moved_clock::MovedClock;
use harness::shopping::{sell, stop_before};
use harness::watch::Watch;
use harness::{Server, Terminal, document, ok, shop};
use std::collections::BTreeMap;
use trolley::store::order::Stage;

/// Far beyond the thirty minutes that a cart is kept, in seconds.
const FAR: i64 = 7_200;

/// A shop that sells tea, three pieces of which are in the cart of alice.
fn shop_with_tea() -> MovedClock {
    let clock = MovedClock::start();
    sell(&clock.server, "tea", "2.00", "100");
    fill(&clock.server);
    clock
}

fn fill(server: &Server) {
    ok(server, &["--user", "alice", "add", "tea", "3"]);
}

fn screens(server: &Server) -> [Terminal; 2] {
    let screens = ["ann", "bob"].map(|name| shop(server, "alice", name));
    for screen in &screens {
        screen.wait("3 tea");
        screen.wait("live +30 min left");
    }
    screens
}

/// How many orders stand in the list, newest first.
fn orders(server: &Server) -> usize {
    let listed = document(server, &["orders", "--all"]);
    listed["orders"].as_array().unwrap().len()
}

#[test]
fn a_cart_that_is_over_by_a_jump_is_gone_on_every_screen() {
    let clock = shop_with_tea();
    let screens = screens(&clock.server);
    let mut watch = Watch::start(&clock.server, clock.server.url());

    clock.put(FAR);
    for screen in &screens {
        screen.wait("cart (has )?expired");
        screen.gone("3 tea");
        screen.gone("min left");
    }
    assert_eq!(watch.next()["event"], "expired");

    fill(&clock.server);
    for screen in &screens {
        screen.wait("3 tea");
        screen.wait("live +30 min left");
    }
    watch.until(&BTreeMap::from([("tea".to_owned(), 3)]));
}

#[test]
fn a_cart_that_has_longer_by_a_jump_says_so() {
    let clock = shop_with_tea();
    let screens = screens(&clock.server);

    // The server removes the cart at an hour of its clock, which is further away now.
    clock.put(-FAR);
    for screen in &screens {
        screen.wait("live +2 h left");
        screen.wait("3 tea");
    }

    fill(&clock.server);
    for screen in &screens {
        screen.wait("6 tea");
        screen.wait("live +30 min left");
    }
}

#[test]
fn orders_begun_before_a_jump_are_finished_by_others() {
    for jump in [FAR, -FAR] {
        for stage in [Stage::Take(0), Stage::Settle] {
            let clock = shop_with_tea();
            let server = &clock.server;
            let id = stop_before(server, "alice", &stage);
            // From three seconds after its begin on, others look at it.
            let begun = server.get(&format!("HGET {{orders}}:{id} begun"));
            let due = begun.parse::<u64>().unwrap() + 3_000;
            server.cmd(&format!("ZADD {{orders}}:due {due} {id}"));
            clock.put(jump);
            let finished = || {
                ok(server, &["--user", "carol", "orders"]);
                server.get("EXISTS {cart:alice}:order") == "0"
            };
            harness::until("the order is finished", finished);

            // What was taken is the order's, what was not is nobody's.
            let placed = orders(server);
            assert!(placed == 1 || stage == Stage::Take(0), "{jump} {stage:?}");
            let left = 100 - 3 * placed;
            assert_eq!(server.get("HGET product:tea stock"), left.to_string());
            assert_eq!(server.get("XLEN orders"), placed.to_string());
            assert_eq!(server.get("ZCARD {orders}:due"), "0");
        }
    }
}

#[test]
fn orders_on_both_sides_of_a_jump_are_listed_and_followed() {
    let clock = shop_with_tea();
    let server = &clock.server;
    let mut numbers = Vec::new();
    for ahead in [FAR, 0, -FAR, 0] {
        clock.put(ahead);
        fill(server);
        let receipt = document(server, &["--user", "alice", "checkout", "--yes"]);
        numbers.push(receipt["order"]["number"].clone());
    }
    assert_eq!(orders(server), 4, "{numbers:?}");
    assert_eq!(server.get("XLEN orders"), "4");
}
