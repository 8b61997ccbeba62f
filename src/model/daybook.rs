//! The figures of a day, or of another period, beside those of the week before. Orders that come or
//! change are counted one by one; the figures are always those of all orders read anew.

use super::figures::{Figures, Sales};
use super::time::local;
use super::{Currency, Money, Order, OrderId, OrderState, Period};
use jiff::ToSpan;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use std::collections::{BTreeMap, HashMap};

/// The figures of a period, beside those of the week before.
#[derive(Debug, Clone)]
pub struct Daybook {
    /// The period.
    pub period: Period,
    /// The whole period a week before.
    pub period_before: Period,
    /// The currency that is counted.
    pub currency: Currency,
    zone: TimeZone,
    figures: Figures,
    /// The orders that are counted, as they are counted.
    standings: HashMap<OrderId, Standing>,
    /// The figures of the whole period a week before.
    before: Figures,
    /// The orders that those are of.
    passed: Vec<Passed>,
}

/// The standing of an order when it was counted: its state and its times.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Standing {
    at: u64,
    state: OrderState,
    ready_at: Option<u64>,
}

impl Standing {
    fn of(order: &Order) -> Standing {
        Standing {
            at: order.at,
            state: order.state,
            ready_at: order.ready_at(),
        }
    }
}

/// An order of a week before that counts.
#[derive(Debug, Clone, Copy)]
struct Passed {
    at: u64,
    total: Money,
    time_to_ready: Option<u64>,
}

/// The figures of the orders of a week before, until the same time of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Before {
    /// The orders and their total.
    pub sold: Sales,
    /// The average time from an order until it was ready, in milliseconds; `None` where none was.
    pub time_to_ready: Option<u64>,
}

/// The result of posting an order that changed: whether it is counted as it is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Posted {
    /// It is, or belongs to another time.
    Counted,
    /// It is of the week before: all must be read again.
    Outdated,
}

impl Daybook {
    /// An empty daybook, in this currency, by the calendar and the clocks of `zone`.
    #[must_use]
    pub fn new(period: Period, currency: &Currency, zone: TimeZone) -> Daybook {
        Daybook {
            period,
            period_before: period.whole_week_before(&zone),
            currency: currency.clone(),
            zone,
            figures: Figures::default(),
            standings: HashMap::new(),
            before: Figures::default(),
            passed: Vec::new(),
        }
    }

    /// The zone by whose calendar and clocks the figures are.
    #[must_use]
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The last day of the period.
    #[must_use]
    pub(crate) fn last_day(&self) -> Date {
        let until = self.period.until.unwrap_or(u64::MAX);
        local(until.saturating_sub(1), &self.zone).date()
    }

    /// Counts an order that was read: of the period, or of the one a week before.
    pub fn count(&mut self, order: &Order) {
        if self.period.contains(order.at) {
            self.replace(order);
        }
        if self.period_before.contains(order.at) {
            self.before.add(order, &self.currency, &self.zone);
            if order.state != OrderState::Cancelled && order.currency.is_same_as(&self.currency) {
                self.passed.push(Passed {
                    at: order.at,
                    total: order.total(),
                    time_to_ready: order.time_to_ready(),
                });
            }
        }
    }

    /// The same beside the week before of another one, whose week before was read alone.
    #[must_use]
    pub fn beside(self, other: Daybook) -> Daybook {
        Daybook {
            before: other.before,
            passed: other.passed,
            ..self
        }
    }

    /// Counts an order that came or changed, in place of what it was before.
    pub(crate) fn post(&mut self, order: &Order) -> Posted {
        if self.period_before.contains(order.at) {
            return Posted::Outdated;
        }
        if self.period.contains(order.at) {
            self.replace(order);
        }
        Posted::Counted
    }

    /// Returns whether an order is counted just as it is.
    #[must_use]
    pub fn has(&self, order: &Order) -> bool {
        self.standings.get(&order.id) == Some(&Standing::of(order))
    }

    fn replace(&mut self, order: &Order) {
        let now = Standing::of(order);
        let before = self.standings.insert(order.id.clone(), now.clone());
        if before.as_ref() == Some(&now) {
            return;
        }

        // What was ordered, and when, never changes.
        if let Some(Standing {
            at,
            state,
            ready_at,
        }) = before
        {
            let ready_at = ready_at.map(|at| (OrderState::Ready, at));
            let before = Order {
                at,
                state,
                reached: ready_at.into_iter().collect(),
                ..order.clone()
            };
            self.figures.remove(&before, &self.currency, &self.zone);
        }
        self.figures.add(order, &self.currency, &self.zone);
    }

    /// The figures of the period.
    #[must_use]
    pub fn figures(&self) -> &Figures {
        &self.figures
    }

    /// The figures of the week before until the same time of day as `now` (Unix milliseconds), or
    /// of the whole period, where it is over.
    #[must_use]
    pub fn before(&self, now: u64) -> Before {
        let past = self.period.week_before(now, &self.zone);
        let passed = self.passed.iter();
        let passed = passed.filter(|passed| past.contains(passed.at));

        let mut before = Before::default();
        let mut ready = (0_u64, 0_u64);
        for order in passed {
            before.sold.count += 1;
            before.sold.sum = before.sold.sum + order.total;
            if let Some(ms) = order.time_to_ready {
                ready = (ready.0 + 1, ready.1.saturating_add(ms));
            }
        }
        before.time_to_ready = ready.1.checked_div(ready.0);
        before
    }

    /// The orders that came `late` milliseconds before `now` or earlier, and are not ready.
    #[must_use]
    pub fn late(&self, now: u64, late: u64) -> usize {
        let standings = self.standings.values();
        let waiting = standings.filter(|order| {
            matches!(order.state, OrderState::Placed | OrderState::Accepted)
                && now.saturating_sub(order.at) >= late
        });
        waiting.count()
    }

    /// Tells whether the period is one day, whose sales are shown by the hour; else by the day.
    #[must_use]
    pub(crate) fn is_one_day(&self) -> bool {
        let ends = self.period.since.zip(self.period.until);
        ends.is_some_and(|(since, until)| {
            local(since, &self.zone).date() == local(until.saturating_sub(1), &self.zone).date()
        })
    }

    /// The sales of each hour, or of each day, from the first sale to the last one: in the period,
    /// and a week before.
    #[must_use]
    pub(crate) fn bars(&self) -> Vec<Bar> {
        let mut sums: BTreeMap<DateTime, [Money; 2]> = BTreeMap::new();
        let is_by_hour = self.is_one_day();
        for (index, figures) in [&self.figures, &self.before].into_iter().enumerate() {
            for (hour, sales) in &figures.hours {
                let weeks = if index == 0 { 0 } else { 1 };
                let hour = hour.saturating_add(weeks.weeks());
                let step = if is_by_hour {
                    hour
                } else {
                    hour.date().to_datetime(jiff::civil::Time::midnight())
                };
                let sum = &mut sums.entry(step).or_default()[index];
                *sum = *sum + sales.sum;
            }
        }

        let ends = sums.keys().next().zip(sums.keys().next_back());
        let Some((first, last)) = ends else {
            return Vec::new();
        };
        let step = if is_by_hour { 1.hour() } else { 1.day() };
        first
            .series(step)
            .take_while(|at| at <= last)
            .map(|at| {
                let [now, before] = sums.get(&at).copied().unwrap_or_default();
                Bar { at, now, before }
            })
            .collect()
    }
}

/// The sales of an hour or of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bar {
    /// Its beginning, by the clocks of the shop.
    pub at: DateTime,
    /// The sales of that time.
    pub now: Money,
    /// The sales of the same time a week before.
    pub before: Money,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::shares::Share;
    use crate::model::{OrderLine, ProductId};
    use proptest::prelude::*;

    /// 2026-11-26 00:00 UTC, a Thursday.
    const MIDNIGHT: u64 = 1_795_651_200_000;
    const HOUR: u64 = 3_600_000;
    const DAY: u64 = 24 * HOUR;

    fn day() -> Daybook {
        let today = local(MIDNIGHT, &TimeZone::UTC).date();
        Daybook::new(
            Period::of_day(today, &TimeZone::UTC),
            &Currency::with_sign("€"),
            TimeZone::UTC,
        )
    }

    fn order(random: u64, at: u64, state: OrderState, lines: Vec<OrderLine>) -> Order {
        let reached = match state {
            OrderState::Placed | OrderState::Accepted => Vec::new(),
            OrderState::Ready | OrderState::Done => vec![(OrderState::Ready, at + 60_000)],
            OrderState::Cancelled => vec![(OrderState::Cancelled, at + 60_000)],
        };
        Order {
            id: OrderId::new(at, random),
            number: None,
            user: "ann".to_owned(),
            who: "ann".to_owned(),
            at,
            state,
            changed: at,
            reached,
            currency: Currency::with_sign("€"),
            lines,
            settled: Vec::new(),
            note: String::new(),
        }
    }

    fn line(product: &str, name: &str, quantity: u32, price: &str) -> OrderLine {
        OrderLine {
            product: ProductId::stored(product.as_bytes()),
            name: name.to_owned(),
            unit: String::new(),
            quantity,
            price: Money::parse(price).unwrap(),
            shares: vec![Share {
                by: "ann".to_owned(),
                pieces: quantity,
            }],
            notes: Vec::new(),
        }
    }

    fn tea(pieces: u32) -> Vec<OrderLine> {
        vec![line("tea", "Tea", pieces, "2.40")]
    }

    #[test]
    fn a_day_is_beside_the_same_time_of_the_week_before() {
        let mut day = day();
        let done = OrderState::Done;
        for order in [
            order(1, MIDNIGHT + 8 * HOUR, done, tea(1)),
            order(2, MIDNIGHT + 10 * HOUR, OrderState::Placed, tea(2)),
            order(3, MIDNIGHT - 7 * DAY + 9 * HOUR, done, tea(3)),
            order(4, MIDNIGHT - 7 * DAY + 11 * HOUR, done, tea(4)),
            order(5, MIDNIGHT - DAY, done, tea(50)),
        ] {
            day.count(&order);
        }

        let before = day.before(MIDNIGHT + 10 * HOUR + HOUR / 2);
        assert_eq!(
            (before.sold.count, before.sold.sum.to_string()),
            (1, "7.20".to_owned())
        );
        assert_eq!(before.time_to_ready, Some(60_000));
        assert_eq!(day.before(MIDNIGHT + 3 * DAY).sold.count, 2);
        let late = [9, 10, 12].map(|hour| day.late(MIDNIGHT + hour * HOUR, HOUR));
        assert_eq!(late, [0, 0, 1]);

        let bars: Vec<String> = day
            .bars()
            .iter()
            .map(|bar| format!("{} {} {}", bar.at.hour(), bar.now, bar.before))
            .collect();
        assert_eq!(
            bars,
            ["8 2.40 0.00", "9 0.00 7.20", "10 4.80 0.00", "11 0.00 9.60"]
        );
    }

    #[test]
    fn a_longer_time_is_shown_by_the_day() {
        let period = Period {
            since: Some(MIDNIGHT - 2 * DAY),
            until: Some(MIDNIGHT + DAY),
        };
        let mut book = Daybook::new(period, &Currency::with_sign("€"), TimeZone::UTC);
        for (random, at) in [(1, MIDNIGHT - 2 * DAY), (2, MIDNIGHT + HOUR)] {
            book.count(&order(random, at, OrderState::Done, tea(1)));
        }
        assert!(!book.is_one_day());
        let bars = book.bars();
        let sums: Vec<String> = bars.iter().map(|bar| bar.now.to_string()).collect();
        assert_eq!(sums, ["2.40", "0.00", "2.40"]);
    }

    fn orders() -> impl Strategy<Value = Vec<(u64, usize, usize, u32)>> {
        let order = (0..12_u64, 0..48_u64, 0..5_usize, 0..4_usize, 1..9_u32);
        proptest::collection::vec(order, 0..60).prop_map(|orders| {
            let orders = orders.into_iter();
            orders
                .map(|(id, at, state, product, pieces)| {
                    // An order stays as it was placed.
                    let fixed = (id * 7 + at / 40) % 24;
                    (id * 100 + fixed, state, (product + id as usize) % 4, pieces)
                })
                .collect()
        })
    }

    proptest! {
        /// Whatever happens to orders, the figures are those of their last states.
        #[test]
        fn what_changes_is_counted_as_if_read_anew(events in orders()) {
            let states = [
                OrderState::Placed,
                OrderState::Accepted,
                OrderState::Ready,
                OrderState::Done,
                OrderState::Cancelled,
            ];
            let mut live = day();
            let mut last: BTreeMap<OrderId, Order> = BTreeMap::new();
            for (id, state, product, pieces) in events {
                let at = MIDNIGHT + id % 100 * HOUR;
                let placed = last.get(&OrderId::new(at, id)).cloned();
                let price = ["2.40", "0.000001", "999999.99", "1"][product];
                let name = ["Tea", "Té", "Thé"][(id % 3) as usize];
                let lines = vec![line(["a", "b", "c", "d"][product], name, pieces, price)];
                let mut changed = order(id, at, states[state], lines);
                if let Some(placed) = placed {
                    changed.lines = placed.lines;
                }
                if id % 11 == 0 {
                    changed.currency = Currency::with_sign("$");
                }
                prop_assert_eq!(live.post(&changed), Posted::Counted);
                last.insert(changed.id.clone(), changed);
            }

            let mut fresh = day();
            for order in last.values() {
                fresh.count(order);
            }
            prop_assert_eq!(live.figures(), fresh.figures());
            let sums = |book: &Daybook| book.bars().iter().map(|bar| bar.now).sum::<Money>();
            prop_assert_eq!(sums(&live), live.figures().sold.sum);
            prop_assert_eq!(sums(&fresh), fresh.figures().sold.sum);
        }
    }
}
