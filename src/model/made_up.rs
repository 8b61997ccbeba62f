//! Made-up orders: a week of a café that sells the demo catalogue, to show how a shop at work looks.
//!
//! They are the same each time, but for the clock: they end now, with a few that are still open.

use super::shares::Share;
use super::time::local;
use super::{Currency, Money, Note, Order, OrderId, OrderLine, OrderState, Product, ProductId};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

/// The days before today that have orders: each of the last week can be compared with the one a week
/// before it.
const DAYS: i64 = 8;
/// The age from which on all orders are over, in milliseconds.
const OVER_AFTER: u64 = 30 * MINUTE;

const MINUTE: u64 = 60_000;

/// The products that people order, by the ids of the demo catalogue, with their relative frequency.
const MENU: [(&str, u64); 16] = [
    ("espresso", 24),
    ("flat-white", 18),
    ("cappuccino", 14),
    ("filter-coffee", 10),
    ("mint-tea", 5),
    ("croissant", 14),
    ("cinnamon-bun", 8),
    ("banana-bread", 7),
    ("bagels", 6),
    ("focaccia", 5),
    ("sourdough", 4),
    ("orange-juice", 8),
    ("ginger-beer", 4),
    ("lemonade", 4),
    ("cold-brew", 3),
    ("espresso-beans", 1),
];

/// The carts that order, and the people at each.
const CARTS: [(&str, &[&str]); 12] = [
    ("walk-in", &["till"]),
    ("table-1", &["ann"]),
    ("table-2", &["cai"]),
    ("table-3", &["tom", "eva"]),
    ("table-4", &["guest"]),
    ("table-5", &["zoe"]),
    ("family", &["eva", "tom", "lou"]),
    ("kim", &["kim"]),
    ("lee", &["lee"]),
    ("bob", &["bob"]),
    ("walk-in", &["till"]),
    ("office", &["bob", "fay", "jon", "ida"]),
];

/// The people who prepare the orders.
const STAFF: [&str; 2] = ["mia", "sam"];
const NOTES: [&str; 5] = [
    "no sugar",
    "toasted",
    "oat milk",
    "to go",
    "one without ice",
];
const ORDER_NOTES: [&str; 3] = ["12:30, back door", "by the window", "one bag, please"];

/// The orders of each hour from 7 o'clock on, beside each other: a morning, a lunch, an afternoon.
const HOURS: [u64; 12] = [3, 8, 9, 6, 11, 10, 6, 4, 4, 3, 2, 1];
/// The first hour that has orders.
const OPENS_AT: i8 = 7;
/// The relative number of orders of each weekday, from Monday on, in percent.
const WEEKDAYS: [u64; 7] = [90, 95, 100, 100, 115, 130, 70];

/// The orders of the last minutes: how many minutes ago each came, its cart and its state.
const RECENT: [(u64, &str, OrderState); 12] = [
    (19, "table-2", OrderState::Ready),
    (16, "kim", OrderState::Ready),
    (14, "lee", OrderState::Ready),
    (12, "table-3", OrderState::Accepted),
    (8, "family", OrderState::Accepted),
    (6, "office", OrderState::Accepted),
    (5, "table-5", OrderState::Cancelled),
    (4, "table-1", OrderState::Placed),
    (3, "bob", OrderState::Placed),
    (2, "table-4", OrderState::Placed),
    (1, "walk-in", OrderState::Placed),
    (0, "table-5", OrderState::Placed),
];

/// An order that was made up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MadeUpOrder {
    pub(crate) order: Order,
    /// Who moved it to each of the states that it has reached.
    pub(crate) by: &'static str,
    /// The products of the lines that are made already.
    pub(crate) ticked: Vec<ProductId>,
}

/// The ids of the products that are ordered.
pub(crate) fn menu() -> Vec<ProductId> {
    let ids = MENU.iter();
    ids.map(|(id, _)| ProductId::stored(id.as_bytes()))
        .collect()
}

/// Makes up the orders until `now` (Unix milliseconds), by the calendar and the clocks of `zone`, the
/// oldest first. `products` are those of the [`menu`]; those that have no price are not ordered.
pub(crate) fn orders(
    now: u64,
    zone: &TimeZone,
    currency: &Currency,
    products: &[Product],
) -> Vec<MadeUpOrder> {
    let mut maker = Maker {
        dice: Dice(1),
        now,
        zone,
        currency,
        products,
    };
    let today = local(now, zone).date();

    let mut made = Vec::new();
    for before in (0..=DAYS).rev() {
        made.extend(maker.day(today.saturating_sub(before.days())));
    }
    for (minutes, cart, state) in RECENT {
        made.push(maker.recent(now.saturating_sub(minutes * MINUTE), cart, state));
    }
    number(&mut made, zone);
    made
}

/// Numbers orders, the oldest first, from 1 on each day.
fn number(made: &mut [MadeUpOrder], zone: &TimeZone) {
    let mut day = Date::default();
    let mut last = 0;
    for MadeUpOrder { order, .. } in made {
        let on = local(order.at, zone).date();
        last = if on == day { last + 1 } else { 1 };
        day = on;
        order.number = Some(last);
    }
}

/// Whoever makes up orders.
struct Maker<'a> {
    dice: Dice,
    now: u64,
    zone: &'a TimeZone,
    currency: &'a Currency,
    products: &'a [Product],
}

impl Maker<'_> {
    /// The orders of a day that are over.
    fn day(&mut self, day: Date) -> Vec<MadeUpOrder> {
        let weekday = usize::try_from(day.weekday().to_monday_zero_offset()).unwrap_or(0);
        let mut times = Vec::new();
        for (hour, busy) in (OPENS_AT..).zip(HOURS) {
            let most = busy * WEEKDAYS[weekday] / 100;
            let orders = most + self.dice.below(3);
            for _ in 0..orders {
                let minute = i8::try_from(self.dice.below(60)).unwrap_or(0);
                let second = i8::try_from(self.dice.below(60)).unwrap_or(0);
                times.push(day.at(hour, minute, second, 0));
            }
        }
        times.sort_unstable();

        let mut made = Vec::new();
        for time in times {
            let moment = self.zone.to_ambiguous_timestamp(time).compatible();
            let at = moment.map_or(0, Timestamp::as_millisecond);
            let at = u64::try_from(at).unwrap_or(0);
            // The dice fall as often, whatever the clock says.
            let (cart, _) = CARTS[self.dice.index(CARTS.len())];
            let order = self.over(at, cart);
            if at > 0 && at.saturating_add(OVER_AFTER) < self.now {
                made.push(order);
            }
        }
        made
    }

    /// An order that was handed over, or now and then cancelled.
    fn over(&mut self, at: u64, cart: &str) -> MadeUpOrder {
        let accepted = at + self.within(1, 2);
        let ready = accepted + self.within(2, 6);
        let done = ready + self.within(1, 6);

        if self.dice.below(40) == 0 {
            let reached = vec![(OrderState::Cancelled, accepted)];
            return self.order(at, cart, OrderState::Cancelled, reached);
        }
        let reached = vec![
            (OrderState::Accepted, accepted),
            (OrderState::Ready, ready),
            (OrderState::Done, done),
        ];
        self.order(at, cart, OrderState::Done, reached)
    }

    /// An order of the last minutes.
    fn recent(&mut self, at: u64, cart: &str, state: OrderState) -> MadeUpOrder {
        let age = self.now - at;
        let reached = match state {
            OrderState::Placed | OrderState::Done => Vec::new(),
            OrderState::Accepted => vec![(state, at + age / 3)],
            OrderState::Cancelled => vec![(state, at + age / 2)],
            OrderState::Ready => {
                let ready = self.now.saturating_sub(age / 8);
                vec![(OrderState::Accepted, at + age / 4), (state, ready)]
            }
        };
        let mut made = self.order(at, cart, state, reached);

        // Somebody is at it.
        if state == OrderState::Accepted {
            let lines = &made.order.lines;
            let some = lines.iter().take(lines.len().div_ceil(2));
            made.ticked = some.map(|line| line.product.clone()).collect();
        }
        made
    }

    fn order(
        &mut self,
        at: u64,
        cart: &str,
        state: OrderState,
        reached: Vec<(OrderState, u64)>,
    ) -> MadeUpOrder {
        let people = CARTS.iter().find(|(name, _)| *name == cart);
        let people = people.map_or(&["guest"][..], |(_, people)| people);
        let lines = self.lines(people);

        let has_note = self.dice.below(12) == 0;
        let note = ORDER_NOTES[self.dice.index(ORDER_NOTES.len())];
        let changed = reached.last().map_or(at, |(_, changed)| *changed);
        MadeUpOrder {
            order: Order {
                id: OrderId::new(at, self.dice.next()),
                number: None,
                user: cart.to_owned(),
                who: people[0].to_owned(),
                at,
                state,
                changed,
                reached,
                currency: self.currency.clone(),
                lines,
                settled: Vec::new(),
                note: note[..if has_note { note.len() } else { 0 }].to_owned(),
            },
            by: STAFF[self.dice.index(STAFF.len())],
            ticked: Vec::new(),
        }
    }

    /// The lines that the people at a cart order: more where they are more.
    fn lines(&mut self, people: &[&str]) -> Vec<OrderLine> {
        let mut lines: Vec<OrderLine> = Vec::new();
        for by in people {
            for _ in 0..=self.dice.below(3) {
                let pieces = 1 + u32::from(self.dice.below(4) == 0);
                let id = self.dice.product();
                let product = self.products.iter().find(|product| product.id == id);
                let Some((product, price)) = product.and_then(|it| Some((it, it.price?))) else {
                    continue;
                };
                add(&mut lines, product, price, by, pieces);
            }
        }

        for line in &mut lines {
            if self.dice.below(10) == 0 {
                line.notes.push(Note {
                    by: line.shares[0].by.clone(),
                    text: NOTES[self.dice.index(NOTES.len())].to_owned(),
                });
            }
        }
        lines
    }

    /// A time between two numbers of minutes, in milliseconds.
    fn within(&mut self, least: u64, most: u64) -> u64 {
        least * MINUTE + self.dice.below((most - least) * MINUTE)
    }
}

/// Adds the pieces that somebody asked for to the lines of an order.
fn add(lines: &mut Vec<OrderLine>, product: &Product, price: Money, by: &str, pieces: u32) {
    let share = Share {
        by: by.to_owned(),
        pieces,
    };
    if let Some(line) = lines.iter_mut().find(|line| line.product == product.id) {
        line.quantity += pieces;
        match line.shares.iter_mut().find(|share| share.by == by) {
            Some(share) => share.pieces += pieces,
            None => line.shares.push(share),
        }
        return;
    }

    lines.push(OrderLine {
        product: product.id.clone(),
        name: product.name.to_string(),
        unit: product.unit.to_string(),
        quantity: pieces,
        price,
        shares: vec![share],
        notes: Vec::new(),
    });
}

/// Numbers that look like random ones, always the same (SplitMix64).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn index(&mut self, length: usize) -> usize {
        let length = u64::try_from(length).unwrap_or(1);
        usize::try_from(self.below(length)).unwrap_or(0)
    }

    /// A product of the [`menu`], those that are ordered often more often.
    fn product(&mut self) -> ProductId {
        let all: u64 = MENU.iter().map(|(_, often)| often).sum();
        let mut left = self.below(all);
        let mut menu = MENU.iter();
        let found = menu.find(|(_, often)| {
            let is_it = left < *often;
            left = left.saturating_sub(*often);
            is_it
        });
        ProductId::stored(found.map_or("", |(id, _)| id).as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Stock;
    use std::collections::HashSet;

    /// 2026-11-26 15:20 UTC, a Thursday.
    const NOW: u64 = 1_795_706_400_000;

    fn made(now: u64) -> Vec<MadeUpOrder> {
        let products: Vec<Product> = menu()
            .into_iter()
            .map(|id| Product {
                name: id.to_string().into(),
                id,
                price: Money::parse("2.40"),
                category: "".into(),
                unit: "".into(),
                stock: Stock::Unlimited,
                description: "".into(),
                barcode: "".into(),
            })
            .collect();
        orders(now, &TimeZone::UTC, &Currency::with_sign("€"), &products)
    }

    #[test]
    fn they_are_a_week_that_ends_now_in_the_sequence_of_time() {
        for now in [
            NOW,
            NOW - 14 * 60 * MINUTE,
            NOW - 15 * 60 * MINUTE - 19 * MINUTE,
        ] {
            let made = made(now);
            assert_eq!(made, self::made(now));
            assert!(made.is_sorted_by_key(|made| made.order.at));
            assert!((300..800).contains(&made.len()), "{}", made.len());

            let ids: HashSet<&str> = made.iter().map(|made| made.order.id.as_str()).collect();
            assert_eq!(ids.len(), made.len());
            for MadeUpOrder { order, ticked, .. } in &made {
                assert!(!order.lines.is_empty() && order.changed <= now, "{order:?}");
                assert!(order.reached.is_sorted_by_key(|(_, at)| *at), "{order:?}");
                let is_made = order.state == OrderState::Accepted;
                assert_eq!(!ticked.is_empty(), is_made, "{order:?}");
            }
            let open = made.iter().filter(|made| !made.order.state.is_over());
            assert_eq!(open.count(), 11);
        }
    }

    #[test]
    fn each_day_counts_from_one() {
        let made = made(NOW);
        let numbers: Vec<u32> = made.iter().filter_map(|made| made.order.number).collect();
        assert_eq!(numbers.iter().filter(|number| **number == 1).count(), 9);
        assert_eq!(numbers.len(), made.len());
    }
}
