//! The activity: who changed what, and where its pane stands. What one person does to one
//! product in a row is one entry, so that a key held down leaves room for the others.

use crate::model::{Activity, ChangeKind, LineChange, Update};
use crate::tui::state::areas::Pane;

/// How many entries are kept.
const MOST: usize = 100;
/// What is done in a row within this many milliseconds is one entry.
const IN_A_ROW: u64 = 60_000;

/// One entry: one change, or several in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActivityEntry {
    /// The cart's version after the first of them.
    begun: u64,
    /// When the first of them happened.
    begun_at: u64,
    /// The last of them, with the pieces of all.
    pub sum: Activity,
}

impl ActivityEntry {
    fn of(update: &Update) -> ActivityEntry {
        ActivityEntry {
            begun: update.version,
            begun_at: update.deadline.told_at,
            sum: Activity::from(update),
        }
    }

    /// Its only line, where it is a plain change of one.
    fn line(&self) -> Option<&LineChange> {
        self.sum
            .first
            .as_ref()
            .filter(|_| self.sum.kind == ChangeKind::Edit && self.sum.lines == 1)
    }

    /// Whether `next`, which comes right after it, goes on with the same.
    fn goes_on(&self, next: &ActivityEntry) -> bool {
        let (Some(line), Some(more)) = (self.line(), next.line()) else {
            return false;
        };
        let same = line.product == more.product && line.delta.signum() == more.delta.signum();
        same && self.sum.by == next.sum.by && next.sum.at.saturating_sub(self.begun_at) <= IN_A_ROW
    }

    fn join(&mut self, next: ActivityEntry) {
        let before = self.line().map_or(0, |line| line.delta);
        self.sum = next.sum;
        if let Some(line) = &mut self.sum.first {
            line.delta += before;
        }
    }
}

/// The activity's pane.
#[derive(Debug, Default)]
pub struct ActivityPane {
    /// What was done, oldest first.
    pub entries: Vec<ActivityEntry>,
    /// The first of them that shows, counted from the newest.
    pub top: usize,
    /// Whether it shows; `None`: where there is room.
    pub shown: Option<bool>,
    /// The pane that was left for it, where one shows at a time.
    pub left: Option<Pane>,
}

impl ActivityPane {
    /// Notes updates, new ones and those that the log of the cart remembers; `page` entries show.
    pub fn note(&mut self, updates: &[Update], page: usize) {
        for update in updates
            .iter()
            .filter(|update| update.kind != ChangeKind::Touch)
        {
            self.insert(ActivityEntry::of(update));
        }
        let spare = self.entries.len().saturating_sub(MOST);
        self.entries.drain(..spare);
        self.top = self.top.min(self.entries.len().saturating_sub(page));
    }

    fn insert(&mut self, entry: ActivityEntry) {
        let place = self
            .entries
            .partition_point(|known| known.sum.version < entry.begun);
        if self
            .entries
            .get(place)
            .is_some_and(|known| known.begun <= entry.begun)
        {
            return;
        }
        let newest = place == self.entries.len();
        self.entries.insert(place, entry);
        let joined = self.join_at(place);
        self.join_at(if joined { place } else { place + 1 });
        if newest && !joined && self.top > 0 {
            // Who reads what is older goes on reading it.
            self.top += 1;
        }
    }

    /// Joins the entry at `place` to the one before where it goes on with that; whether it did.
    fn join_at(&mut self, place: usize) -> bool {
        let goes_on = place > 0
            && self
                .entries
                .get(place)
                .is_some_and(|next| self.entries[place - 1].goes_on(next));
        if goes_on {
            let next = self.entries.remove(place);
            self.entries[place - 1].join(next);
        }
        goes_on
    }
}
