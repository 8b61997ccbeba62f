//! A scanned code that adds its product, beside `a` on the selected row, at 1,000,000 products.

use super::harness::screens::{TestScreen, typed};
use super::{million, percentile, ratio, row, timed};
use std::time::Duration;
use trolley::model::Catalog;
use trolley::store::Shop;
use trolley::store::live::LiveEvent;
use trolley::tui::message::Message;

const PRODUCTS: u32 = 1_000_000;
const ROUNDS: u32 = 500;

/// A screen with an empty cart and this catalog.
fn screen(catalog: Catalog) -> TestScreen {
    let mut screen = TestScreen::new(120, 36);
    screen.link(LiveEvent::Cart(trolley::model::Cart::default()));
    screen.take_in(Message::Catalog(Ok((catalog, Some(Shop::default()))), 0));
    screen
}

/// How long keys take until their change is on its way; the cart is empty before and afterwards.
fn span_of(screen: &mut TestScreen, keys: &str) -> Duration {
    let (span, requests) = timed(|| screen.requests(keys));
    assert_eq!(requests.len(), 1, "{keys}: {}", screen.notice());
    screen.state.cart.unconfirmed.clear();
    screen.link(LiveEvent::Cart(trolley::model::Cart::default()));
    span
}

pub fn run() {
    let mut coded = screen(million::coded_catalog(PRODUCTS));
    let mut plain = screen(million::catalog(PRODUCTS));
    let mut scans = Vec::new();
    let mut ends = Vec::new();
    let mut adds = Vec::new();
    let mut plain_adds = Vec::new();
    for round in 0..ROUNDS {
        let code = million::code(round * 1_999);
        scans.push(span_of(&mut coded, &(typed(&code) + " enter")));
        coded.keys(&typed(&code));
        ends.push(span_of(&mut coded, "enter"));
        adds.push(span_of(&mut coded, "a"));
        plain_adds.push(span_of(&mut plain, "a"));
    }

    let half = |spans: &[Duration]| percentile(spans, 0.5);
    let us = |spans: &[Duration]| format!("{:.1} us", half(spans).as_secs_f64() * 1e6);
    row(
        "the Enter of a scanned code to its change, 1,000,000 products, beside `a`",
        &format!(
            "{} beside {}: {:.2}x; all 14 keys {}",
            us(&ends),
            us(&adds),
            ratio(half(&ends), half(&adds)),
            us(&scans)
        ),
    );
    row(
        "`a` in a catalog with codes, beside one without",
        &format!("{:.2}x", ratio(half(&adds), half(&plain_adds))),
    );
}
