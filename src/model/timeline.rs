//! The history of a cart as `trolley watch` tells it: every update once and in order, every gap
//! named, and when the cart expired.

use super::{Cart, Deadline, LineChange, ProductId, Quantity, Update};
use std::collections::BTreeMap;

/// One event in the history of a cart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TimelineEvent {
    /// The next update.
    Update(Update),
    /// Updates that are lost, from one version to another.
    Gap {
        /// The first.
        from: u64,
        /// The last.
        to: u64,
        /// True where the log still reaches that far back: then they changed no line, since
        /// keeping a cart alive is not logged.
        harmless: bool,
    },
    /// The cart shows what no update told: another client has written into it, or it changed
    /// in a gap.
    Foreign {
        /// The cart's version, before and after.
        version: u64,
        /// When it was found, by the server's clock, in Unix milliseconds.
        at: u64,
        /// The lines that are different.
        lines: Vec<LineChange>,
    },
    /// The server has an earlier version again, or another history: what was told after that
    /// version is not in the cart.
    Rewound {
        /// The newest version told.
        from: u64,
        /// The version found; 0 where the cart has no history.
        version: u64,
        /// When it was found, by the server's clock, in Unix milliseconds.
        at: u64,
        /// The lines that are different from what was told.
        lines: Vec<LineChange>,
    },
    /// The cart has expired; nobody made a version of that.
    Expired {
        /// The cart's version, before and after.
        version: u64,
        /// When, by the server's clock, in Unix milliseconds.
        at: u64,
    },
}

/// The events told so far, as far as the next ones depend on them.
#[derive(Debug, Clone, Default)]
pub struct Timeline {
    /// The newest version told; 0 where the cart has no history yet, which then begins at any.
    last: Option<u64>,
    /// The time at which the cart expires unless an update comes before; `None` where it is empty
    /// or stays, and after a gap.
    expires: Option<u64>,
    /// The quantities after all that is told; unknown at first. After a gap the cart, once it is
    /// read, shows what that changed.
    known: Option<BTreeMap<ProductId, u32>>,
}

impl Timeline {
    /// Notes that the cart was found at this version. True where the log must be read for what
    /// came before.
    pub fn found(&mut self, version: u64) -> bool {
        let last = *self.last.get_or_insert(version);
        version > last
    }

    /// True where the log must be read for what came before `update`.
    #[must_use]
    pub fn misses(&self, update: &Update) -> bool {
        self.last
            .is_some_and(|last| last > 0 && update.version > last + 1)
    }

    /// Notes that the cart was read, with all updates before it told. Returns the event where it
    /// has expired, where another client has written into it, or where the server fell back.
    pub fn read(&mut self, cart: &Cart) -> Option<TimelineEvent> {
        let last = *self.last.get_or_insert(cart.version);
        if cart.version > last {
            return None;
        }
        self.last = Some(cart.version);

        let is_empty = cart.lines.is_empty() && cart.hidden == 0;
        let expired = if is_empty {
            self.expired(cart.deadline, last)
        } else {
            None
        };
        self.expires = cart.deadline.at.filter(|_| !is_empty);

        let lines = self.foreign(cart);
        let at = cart.deadline.told_at;
        // The history of a cart that is gone is forgotten in time.
        let is_forgotten = cart.version == 0 && is_empty && lines.is_empty();
        if expired.is_some() {
            expired
        } else if cart.version < last && !is_forgotten {
            Some(TimelineEvent::Rewound {
                from: last,
                version: cart.version,
                at,
                lines,
            })
        } else {
            (!lines.is_empty()).then_some(TimelineEvent::Foreign {
                version: cart.version,
                at,
                lines,
            })
        }
    }

    /// Notes that the cart, which is as it was told, expires at another time.
    pub(crate) fn set_deadline(&mut self, deadline: Deadline) {
        self.expires = deadline.at;
    }

    /// The lines that differ from everything told so far. A damaged line is left out.
    fn foreign(&mut self, cart: &Cart) -> Vec<LineChange> {
        let mut now = BTreeMap::new();
        let mut before = self.known.take().filter(|_| cart.hidden == 0);

        for line in &cart.lines {
            match (&line.quantity, &mut before) {
                (Quantity::Whole(pieces), _) => _ = now.insert(line.product.clone(), *pieces),
                (Quantity::Damaged(_), Some(before)) => _ = before.remove(&line.product),
                (Quantity::Damaged(_), None) => {}
            }
        }

        let lines = before.map_or_else(Vec::new, |before| differences(&before, &now));
        self.known = Some(now);
        lines
    }

    /// Notes that an update came. Returns nothing where it was told already.
    pub fn next(&mut self, update: Update) -> Vec<TimelineEvent> {
        if self.last.is_some_and(|last| update.version <= last) {
            return Vec::new();
        }

        // In a cart that had expired, every line is new with this update.
        let is_new_cart = update.count == update.lines.len()
            && update
                .lines
                .iter()
                .all(|line| line.delta == i64::from(line.quantity));
        let expired = if is_new_cart {
            self.expired(update.deadline, self.last.unwrap_or(0))
        } else {
            None
        };

        self.last = Some(update.version);
        self.expires = update.deadline.at.filter(|_| update.count > 0);
        if expired.is_some() {
            self.known = Some(BTreeMap::new());
        }

        if let Some(known) = &mut self.known {
            for line in &update.lines {
                match line.quantity {
                    0 => known.remove(&line.product),
                    pieces => known.insert(line.product.clone(), pieces),
                };
            }
        }

        expired
            .into_iter()
            .chain([TimelineEvent::Update(update)])
            .collect()
    }

    /// The expiry, where the time of the cart at this version was over when `seen` was told.
    fn expired(&self, seen: Deadline, version: u64) -> Option<TimelineEvent> {
        let at = self.expires.filter(|at| *at < seen.told_at)?;
        Some(TimelineEvent::Expired { version, at })
    }

    /// Notes that the log was read, oldest first, when the cart had at least the version `until`.
    /// The part of the log beyond that comes by itself.
    pub fn log(&mut self, log: Vec<Update>, until: u64) -> Vec<TimelineEvent> {
        let mut events = Vec::new();

        // A history that has just begun begins with its log.
        if let (Some(0), Some(first)) = (self.last, log.first()) {
            self.last = Some(first.version.saturating_sub(1));
        }

        // Behind its first entry the log has no holes but for updates that changed no line.
        let mut is_within_log = false;
        for update in log.into_iter().filter(|update| update.version <= until) {
            self.close_gap(update.version.saturating_sub(1), is_within_log, &mut events);
            events.extend(self.next(update));
            is_within_log = true;
        }
        self.close_gap(until, is_within_log, &mut events);

        events
    }

    /// Names the gap up to the version `to`, where there is one.
    fn close_gap(&mut self, to: u64, harmless: bool, events: &mut Vec<TimelineEvent>) {
        let last = match self.last {
            // Nobody knows at which version such a history began.
            Some(0) => to.saturating_sub(1),
            last => last.unwrap_or(to),
        };
        if to <= last {
            return;
        }

        events.push(TimelineEvent::Gap {
            from: last + 1,
            to,
            harmless,
        });
        self.last = Some(to);
        self.expires = None;
    }
}

/// The changes that lead from the quantities `before` to those of `now`.
fn differences(
    before: &BTreeMap<ProductId, u32>,
    now: &BTreeMap<ProductId, u32>,
) -> Vec<LineChange> {
    let gone = before
        .keys()
        .filter(|product| !now.contains_key(*product))
        .map(|product| (product, 0));
    let lines = now
        .iter()
        .map(|(product, quantity)| (product, *quantity))
        .chain(gone);

    lines
        .map(|(product, quantity)| {
            let had = before.get(product).copied().unwrap_or(0);
            LineChange {
                product: product.clone(),
                quantity,
                delta: i64::from(quantity) - i64::from(had),
                price: None,
                taken: Vec::new(),
            }
        })
        .filter(|line| line.delta != 0)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ChangeKind, Deadline, OpId};
    use proptest::prelude::*;

    fn update(version: u64) -> Update {
        Update {
            version,
            op: OpId::parse("x").unwrap(),
            by: "ann".to_owned(),
            kind: ChangeKind::Edit,
            lines: Vec::new(),
            notes: Vec::new(),
            rules: Vec::new(),
            count: 0,
            deadline: Deadline::default(),
        }
    }

    fn versions(told: &[TimelineEvent]) -> Vec<(u64, u64, bool)> {
        let range = |told: &TimelineEvent| match told {
            TimelineEvent::Update(update) => Some((update.version, update.version, true)),
            TimelineEvent::Gap { from, to, harmless } => Some((*from, *to, *harmless)),
            TimelineEvent::Expired { .. }
            | TimelineEvent::Foreign { .. }
            | TimelineEvent::Rewound { .. } => None,
        };
        told.iter().filter_map(range).collect()
    }

    #[test]
    fn holes_are_filled_from_the_log_or_named() {
        let mut line = Timeline::default();
        assert!(!line.found(10));
        assert!(
            line.next(update(10)).is_empty()
                && !line.misses(&update(11))
                && line.misses(&update(12))
        );
        assert!(line.found(15));
        // 11 and 12 are lost; 14 changed no line.
        let told = line.log([13, 15].map(update).to_vec(), 15);
        assert_eq!(
            versions(&told),
            [
                (11, 12, false),
                (13, 13, true),
                (14, 14, true),
                (15, 15, true)
            ]
        );
        assert!(line.next(update(14)).is_empty());
        assert_eq!(versions(&line.log(Vec::new(), 17)), [(16, 17, false)]);
    }

    #[test]
    fn a_history_may_begin_anywhere() {
        let mut line = Timeline::default();
        assert!(!line.found(0) && !line.misses(&update(1_000)));
        assert_eq!(line.next(update(1_000)).len(), 1);
        let mut line = Timeline::default();
        assert!(!line.found(0) && line.found(1_002));
        let told = line.log([1_000, 1_001].map(update).to_vec(), 1_002);
        assert_eq!(
            versions(&told),
            [
                (1_000, 1_000, true),
                (1_001, 1_001, true),
                (1_002, 1_002, true)
            ]
        );
        let mut line = Timeline::default();
        assert!(!line.found(0) && line.found(1_002));
        assert_eq!(
            versions(&line.log(Vec::new(), 1_002)),
            [(1_002, 1_002, false)]
        );
    }

    /// An update at a time that leaves so many lines, all of which it has brought where `fresh`.
    fn timed(version: u64, told_at: u64, until: Option<u64>, count: usize, fresh: bool) -> Update {
        let delta = if fresh { 2 } else { 1 };
        let product = crate::model::ProductId::stored(b"tea");
        let line = crate::model::LineChange {
            product,
            quantity: 2,
            delta,
            price: None,
            taken: Vec::new(),
        };
        Update {
            lines: vec![line],
            notes: Vec::new(),
            rules: Vec::new(),
            count,
            deadline: Deadline { told_at, at: until },
            ..update(version)
        }
    }

    fn empty(version: u64, told_at: u64) -> Cart {
        Cart {
            version,
            deadline: Deadline { told_at, at: None },
            ..Cart::default()
        }
    }

    #[test]
    fn a_cart_that_expired_is_told_once() {
        let mut line = Timeline::default();
        line.found(10);
        assert_eq!(line.next(timed(11, 1_000, Some(2_000), 1, true)).len(), 1);
        // Read too early, or another client emptied it.
        assert_eq!(line.clone().read(&empty(11, 1_500)), None);
        let told = Some(TimelineEvent::Expired {
            version: 11,
            at: 2_000,
        });
        assert_eq!(line.read(&empty(11, 2_001)), told);
        assert_eq!(line.read(&empty(11, 2_002)), None);
        assert_eq!(line.next(timed(12, 9_000, Some(9_500), 1, true)).len(), 1);
        // Somebody was quicker than the reading.
        assert_eq!(
            line.next(timed(13, 9_600, Some(9_700), 1, true))[0],
            TimelineEvent::Expired {
                version: 12,
                at: 9_500
            }
        );
        // A change at the last moment, and one that keeps what was there.
        assert_eq!(line.next(timed(14, 9_700, Some(9_800), 1, true)).len(), 1);
        assert_eq!(line.next(timed(15, 9_801, Some(9_900), 1, false)).len(), 1);
        assert_eq!(line.next(timed(16, 9_901, None, 2, true)).len(), 1);
        // One that stays does not expire: it was emptied.
        assert!(matches!(
            line.read(&empty(16, 99_000)),
            Some(TimelineEvent::Foreign { version: 16, .. })
        ));
        assert_eq!(line.read(&empty(16, 99_001)), None);
        // After a hole nobody knows how it came about.
        line.next(timed(17, 99_000, Some(99_500), 1, true));
        line.log(Vec::new(), 18);
        assert!(matches!(
            line.read(&empty(18, 100_000)),
            Some(TimelineEvent::Foreign { version: 18, .. })
        ));
    }

    #[test]
    fn an_earlier_version_wins() {
        let mut line = Timeline::default();
        line.found(10);
        line.read(&empty(10, 1_000));
        line.next(timed(11, 1_000, None, 1, true));

        let rewound = line.read(&empty(9, 2_000));
        let Some(TimelineEvent::Rewound {
            from,
            version,
            lines,
            ..
        }) = rewound
        else {
            panic!("{rewound:?}");
        };
        assert_eq!((from, version, lines[0].delta), (11, 9, -2));
        assert_eq!(line.next(update(10)).len(), 1);

        // What the log has beyond the cart that was read comes by itself, or not at all.
        assert_eq!(
            versions(&line.log([11, 12].map(update).to_vec(), 11)).len(),
            1
        );
        // The history of an empty cart is forgotten in time.
        assert_eq!(line.read(&empty(0, 3_000)), None);
        assert_eq!(line.next(update(1_000)).len(), 1);
    }

    proptest! {
        #[test]
        fn versions_are_contiguous(steps in proptest::collection::vec((0u64..40, any::<bool>(), proptest::collection::btree_set(0u64..40, 0..8)), 0..30)) {
            let mut line = Timeline::default();
            line.found(5);
            let mut told = Vec::new();
            for (version, is_cart, log) in steps {
                let log = || log.iter().copied().map(update).collect();
                if is_cart {
                    if line.found(version) { told.extend(line.log(log(), version)); }
                } else {
                    if line.misses(&update(version)) { told.extend(line.log(log(), version - 1)); }
                    told.extend(line.next(update(version)));
                }
            }
            let mut expected = 6;
            for (from, to, _) in versions(&told) {
                prop_assert_eq!(from, expected);
                prop_assert!(to >= from);
                expected = to + 1;
            }
        }
    }
}
