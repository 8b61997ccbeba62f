//! A keystroke in the search among 5,000 past orders, beside one that makes their words anew.

use super::{harness, ms, percentile, ratio, row, timed};
use harness::order_screens::{list, orders};
use harness::screens::{TestScreen, typed};
use trolley::config::key::Key;
use trolley::model::{Order, OrderId, text};
use trolley::tui::message::Message;

const ORDERS: u64 = 5_000;
const TYPED: [&str; 4] = ["espresso ann", "crème brûlée", "2026-11-1", "cancelled 20"];

/// An order with ten lines, an hour older than the one before.
fn order(n: u64) -> Order {
    let mut order = orders().swap_remove(usize::try_from(n % 4).unwrap());
    order.id = OrderId::new(1_795_000_000_000, n);
    order.at -= n * 3_600_000;
    order.lines = order.lines.into_iter().cycle().take(10).collect();
    order
}

/// The words of an order, made for one key.
fn words(order: &Order) -> String {
    let mut words = format!("{} {} {}", order.name(), order.id, order.who);
    for line in &order.lines {
        words.push_str(&line.name);
        for share in &line.shares {
            words.push_str(&share.by);
        }
    }
    words
}

pub fn run() {
    let orders: Vec<Order> = (0..ORDERS).map(order).collect();
    let mut screen = TestScreen::filled(120, 36);
    screen.keys("o");
    let event = list(orders.clone());
    let (first, ()) = timed(|| screen.link(event));

    let (mut kept, mut anew) = (Vec::new(), Vec::new());
    for words_typed in TYPED {
        screen.keys("/");
        let mut so_far = String::new();
        for (letter, key) in words_typed.chars().zip(typed(words_typed).split(' ')) {
            let key = Message::Key(Key::parse(key).unwrap());
            kept.push(timed(|| screen.take_in(key)).0);

            so_far.push(letter);
            let found = timed(|| {
                let told = orders
                    .iter()
                    .map(|order| text::folded_for(&so_far, &words(order)));
                told.filter(|told| told.contains(&so_far)).count()
            });
            anew.push(found.0);
        }
        screen.keys("esc");
    }

    let (kept_p50, kept_p99) = (percentile(&kept, 0.5), percentile(&kept, 0.99));
    let anew_p50 = percentile(&anew, 0.5);
    row(
        "keystroke in the search among 5,000 orders, beside their words made anew",
        &format!(
            "p50 {}, p99 {}; {:.3}x ({})",
            ms(kept_p50),
            ms(kept_p99),
            ratio(kept_p50, anew_p50),
            ms(anew_p50)
        ),
    );
    row("5,000 orders taken in at once", &ms(first));
}
