//! The activity pane: who changed what.
//!
//! Changes that one person makes to one product in a row are one entry, so that a key held down
//! leaves room for the others.

use crate::model::{Activity, ChangeKind, LineChange, Update};
use crate::tui::state::areas::{ActivityVisibility, Pane};

/// The most entries that are kept.
const ENTRIES_LIMIT: usize = 100;
/// Milliseconds within which changes in a row are one entry.
const IN_A_ROW: u64 = 60_000;

/// An entry of the activity: one change, or several in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActivityEntry {
    /// The cart's version after the first change.
    first_version: u64,
    /// The time of the first change.
    first_at: u64,
    /// The last change, with the pieces of all of them.
    pub summary: Activity,
}

impl ActivityEntry {
    fn of(update: &Update) -> ActivityEntry {
        ActivityEntry {
            first_version: update.version,
            first_at: update.deadline.told_at,
            summary: Activity::from(update),
        }
    }

    /// The only line of a plain edit of one line.
    fn line(&self) -> Option<&LineChange> {
        if self.summary.kind != ChangeKind::Edit || self.summary.lines != 1 {
            return None;
        }
        self.summary.first.as_ref()
    }

    /// Returns whether `next` continues this entry: the same person changes the same product in the
    /// same direction soon after.
    fn is_continued_by(&self, next: &ActivityEntry) -> bool {
        let (Some(line), Some(next_line)) = (self.line(), next.line()) else {
            return false;
        };

        line.product == next_line.product
            && line.delta.signum() == next_line.delta.signum()
            && self.summary.by == next.summary.by
            && next.summary.at.saturating_sub(self.first_at) <= IN_A_ROW
    }

    fn join(&mut self, next: ActivityEntry) {
        let before = self.line().map_or(0, |line| line.delta);
        self.summary = next.summary;
        if let Some(line) = &mut self.summary.first {
            line.delta += before;
        }
    }
}

/// The activity pane.
#[derive(Debug, Default)]
pub struct ActivityPane {
    /// The entries, oldest first.
    pub entries: Vec<ActivityEntry>,
    /// The first entry that shows, counted from the newest.
    pub top: usize,
    /// The conditions under which the pane shows.
    pub visibility: ActivityVisibility,
    /// The pane to return to when the activity, which took the cart's place, is hidden.
    pub return_to: Option<Pane>,
}

impl ActivityPane {
    /// Notes updates, new ones and those that the cart's log remembers; `page` entries show.
    pub(crate) fn note(&mut self, updates: &[Update], page: usize) {
        for update in updates {
            if update.kind != ChangeKind::Touch {
                self.insert(ActivityEntry::of(update));
            }
        }

        let spare = self.entries.len().saturating_sub(ENTRIES_LIMIT);
        self.entries.drain(..spare);
        self.top = self.top.min(self.entries.len().saturating_sub(page));
    }

    fn insert(&mut self, entry: ActivityEntry) {
        let index = self
            .entries
            .partition_point(|known| known.summary.version < entry.first_version);

        let following = self.entries.get(index);
        if following.is_some_and(|known| known.first_version <= entry.first_version) {
            // The entry is known already.
            return;
        }

        let is_newest = index == self.entries.len();
        self.entries.insert(index, entry);

        // The new entry may continue the one before it, and be continued by the one behind it.
        let joined = self.join_at(index);
        self.join_at(if joined { index } else { index + 1 });

        if is_newest && !joined && self.top > 0 {
            // Somebody is reading older entries: they stay where they are on the screen.
            self.top += 1;
        }
    }

    /// Joins the entry at `index` to the one before, where it continues that; returns whether it
    /// did.
    fn join_at(&mut self, index: usize) -> bool {
        let Some(before) = index.checked_sub(1) else {
            return false;
        };
        let continues = self
            .entries
            .get(index)
            .is_some_and(|next| self.entries[before].is_continued_by(next));

        if continues {
            let next = self.entries.remove(index);
            self.entries[before].join(next);
        }
        continues
    }
}
