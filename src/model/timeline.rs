//! The updates of a cart in order, each once, with every hole named.

use super::Update;

/// One thing to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// The next update.
    Update(Update),
    /// Updates that can't be told, from one version to another.
    Gap {
        /// The first.
        from: u64,
        /// The last.
        to: u64,
        /// Whether the log still reaches that far back: then they changed no line, since
        /// keeping a cart alive is not logged.
        harmless: bool,
    },
}

/// Where the telling stands.
#[derive(Debug, Default)]
pub struct Timeline {
    /// The newest version told; 0 where the cart has no history yet, which then begins at any.
    last: Option<u64>,
}

impl Timeline {
    /// The cart was found at this version; whether the log must tell what came before.
    pub fn found(&mut self, version: u64) -> bool {
        let last = *self.last.get_or_insert(version);
        version > last
    }

    /// Whether the log must tell what came before `update`.
    #[must_use]
    pub fn misses(&self, update: &Update) -> bool {
        self.last.is_some_and(|last| last > 0 && update.version > last + 1)
    }

    /// An update came; `None` where it was told already.
    pub fn next(&mut self, update: Update) -> Option<Told> {
        if self.last.is_some_and(|last| update.version <= last) {
            return None;
        }
        self.last = Some(update.version);
        Some(Told::Update(update))
    }

    /// The log was read, oldest first, when the cart had at least the version `until`.
    pub fn log(&mut self, log: Vec<Update>, until: u64) -> Vec<Told> {
        let mut told = Vec::new();
        // A history that has just begun begins with its log.
        if let (Some(0), Some(first)) = (self.last, log.first()) {
            self.last = Some(first.version.saturating_sub(1));
        }
        let mut reaches = false;
        for update in log {
            self.close(update.version.saturating_sub(1), reaches, &mut told);
            told.extend(self.next(update));
            reaches = true;
        }
        self.close(until, reaches, &mut told);
        told
    }

    /// Names the hole up to `to`, where there is one.
    fn close(&mut self, to: u64, harmless: bool, told: &mut Vec<Told>) {
        let last = match self.last {
            // Where it began, nobody knows.
            Some(0) => to.saturating_sub(1),
            last => last.unwrap_or(to),
        };
        if to > last {
            told.push(Told::Gap { from: last + 1, to, harmless });
            self.last = Some(to);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Deadline, Kind, OpId};
    use proptest::prelude::*;

    fn update(version: u64) -> Update {
        Update {
            version,
            op: OpId::parse("x").unwrap(),
            by: "ann".to_owned(),
            kind: Kind::Edit,
            lines: Vec::new(),
            count: 0,
            deadline: Deadline::default(),
        }
    }

    fn versions(told: &[Told]) -> Vec<(u64, u64, bool)> {
        let range = |told: &Told| match told {
            Told::Update(update) => (update.version, update.version, true),
            Told::Gap { from, to, harmless } => (*from, *to, *harmless),
        };
        told.iter().map(range).collect()
    }

    #[test]
    fn holes_are_filled_from_the_log_or_named() {
        let mut line = Timeline::default();
        assert!(!line.found(10));
        assert!(line.next(update(10)).is_none() && !line.misses(&update(11)) && line.misses(&update(12)));
        assert!(line.found(15));
        // 11 and 12 are lost; 14 changed no line.
        let told = line.log([13, 15].map(update).to_vec(), 15);
        assert_eq!(versions(&told), [(11, 12, false), (13, 13, true), (14, 14, true), (15, 15, true)]);
        assert!(line.next(update(14)).is_none());
        assert_eq!(versions(&line.log(Vec::new(), 17)), [(16, 17, false)]);
    }

    #[test]
    fn a_history_may_begin_anywhere() {
        let mut line = Timeline::default();
        assert!(!line.found(0) && !line.misses(&update(1_000)));
        assert!(line.next(update(1_000)).is_some());
        let mut line = Timeline::default();
        assert!(!line.found(0) && line.found(1_002));
        let told = line.log([1_000, 1_001].map(update).to_vec(), 1_002);
        assert_eq!(versions(&told), [(1_000, 1_000, true), (1_001, 1_001, true), (1_002, 1_002, true)]);
        let mut line = Timeline::default();
        assert!(!line.found(0) && line.found(1_002));
        assert_eq!(versions(&line.log(Vec::new(), 1_002)), [(1_002, 1_002, false)]);
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
