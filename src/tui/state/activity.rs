//! The activity pane: what happened to the cart, and who did it.
//!
//! It is a log: an entry stays true. So changes are one entry only where they are one run: the same
//! person adds one product again and again, or takes it out, as with a key held down.

use crate::model::{Activity, ChangeKind, LineChange, OrderId, OrderState, Update};
use crate::tui::state::areas::{ActivityVisibility, Pane};

/// The most entries that are kept.
const ENTRIES_LIMIT: usize = 100;
/// Milliseconds between two changes of a run. After a longer pause somebody may have read the
/// entry, and would take what is added to it for the next one.
const PAUSE_WITHIN_RUN: u64 = 2_000;

/// An entry of the activity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActivityEntry {
    /// A change, or several that are one run.
    Change(ChangeRun),
    /// Something that came about without a change.
    Event(CartEvent),
}

/// A change, or several that are one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeRun {
    /// The cart's version after the first change.
    first_version: u64,
    /// The last change, with the pieces of all of them.
    pub summary: Activity,
}

/// Something that came about without a change of the cart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CartEvent {
    /// When, by the server's clock, in Unix milliseconds.
    pub at: u64,
    /// Its kind.
    pub kind: CartEventKind,
}

/// A kind of event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CartEventKind {
    /// The session timed out, and the cart was emptied.
    Expired,
    /// The deadline of the cart's rules has passed.
    Closed,
    /// An order of the cart came into this state; and who brought it there, where that is known.
    Order(OrderId, OrderState, Option<String>),
}

impl ActivityEntry {
    /// When it happened last, by the server's clock, in Unix milliseconds.
    #[must_use]
    pub fn at(&self) -> u64 {
        match self {
            ActivityEntry::Change(run) => run.summary.at,
            ActivityEntry::Event(event) => event.at,
        }
    }

    /// The change, where it is one.
    #[must_use]
    pub fn change(&self) -> Option<&Activity> {
        match self {
            ActivityEntry::Change(run) => Some(&run.summary),
            ActivityEntry::Event(_) => None,
        }
    }

    /// Adds `next` to this entry where both are one run, and returns whether they are.
    fn join(&mut self, next: &ActivityEntry) -> bool {
        match (self, next) {
            (ActivityEntry::Change(run), ActivityEntry::Change(next)) => run.join(next),
            (ActivityEntry::Change(_) | ActivityEntry::Event(_), _) => false,
        }
    }
}

impl ChangeRun {
    fn of(update: &Update) -> ChangeRun {
        ChangeRun {
            first_version: update.version,
            summary: Activity::from(update),
        }
    }

    /// The line of a change that adds pieces of one product, or takes some of one's own out.
    fn line(&self) -> Option<&LineChange> {
        let is_edit = self.summary.kind == ChangeKind::Edit && self.summary.lines == 1;
        let line = self.summary.first.as_ref().filter(|_| is_edit)?;
        (line.quantity > 0 && line.taken.is_empty()).then_some(line)
    }

    /// Adds the pieces of `next` where that is the next change of this run.
    fn join(&mut self, next: &ChangeRun) -> bool {
        let (Some(line), Some(next_line)) = (self.line(), next.line()) else {
            return false;
        };

        let is_run = line.product == next_line.product
            && line.delta.signum() == next_line.delta.signum()
            && self.summary.by == next.summary.by
            && self.summary.version + 1 == next.first_version
            && next.summary.at.saturating_sub(self.summary.at) <= PAUSE_WITHIN_RUN;
        if !is_run {
            return false;
        }

        let delta = line.delta + next_line.delta;
        self.summary = next.summary.clone();
        if let Some(line) = &mut self.summary.first {
            line.delta = delta;
        }
        true
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
            match update.kind {
                // Keeping a cart alive changes nothing, and an order is told when it is placed.
                ChangeKind::Touch | ChangeKind::Freeze => {}
                ChangeKind::Edit
                | ChangeKind::Clear
                | ChangeKind::Undo
                | ChangeKind::Redo
                | ChangeKind::Expire
                | ChangeKind::Unfreeze
                | ChangeKind::Order
                | ChangeKind::Rules
                | ChangeKind::Ready
                | ChangeKind::Unready => self.insert_change(ChangeRun::of(update)),
            }
        }

        self.drop_oldest(page);
    }

    /// Notes an event, once; `page` entries show.
    pub(crate) fn note_event(&mut self, event: CartEvent, page: usize) {
        let is_known = self.entries.iter().any(|known| match (known, &event.kind) {
            // An order comes into each of its states once.
            (ActivityEntry::Event(known), CartEventKind::Order(order, reached, _)) => {
                matches!(&known.kind, CartEventKind::Order(known, state, _)
                    if known == order && state == reached)
            }
            (ActivityEntry::Event(known), _) => *known == event,
            (ActivityEntry::Change(_), _) => false,
        });
        if is_known {
            return;
        }

        let before = self
            .entries
            .iter()
            .rposition(|known| known.at() <= event.at);
        let index = before.map_or(0, |before| before + 1);
        self.insert(index, ActivityEntry::Event(event));
        self.drop_oldest(page);
    }

    fn drop_oldest(&mut self, page: usize) {
        let spare = self.entries.len().saturating_sub(ENTRIES_LIMIT);
        self.entries.drain(..spare);
        self.top = self.top.min(self.entries.len().saturating_sub(page));
    }

    /// Inserts a change where its version belongs, unless it is known.
    fn insert_change(&mut self, run: ChangeRun) {
        let version = run.first_version;
        let before = self.entries.iter().rposition(|known| {
            let known = known.change();
            known.is_some_and(|known| known.version < version)
        });
        let first_behind = before.map_or(0, |before| before + 1);

        let behind = &self.entries[first_behind..];
        let is_known = behind.iter().any(|known| match known {
            ActivityEntry::Change(known) => known.first_version <= version,
            ActivityEntry::Event(_) => false,
        });
        if is_known {
            return;
        }

        // Events have no version: their time tells which come before it.
        let earlier_events = behind
            .iter()
            .take_while(|known| known.change().is_none() && known.at() <= run.summary.at);
        let index = first_behind + earlier_events.count();
        self.insert(index, ActivityEntry::Change(run));
    }

    fn insert(&mut self, index: usize, entry: ActivityEntry) {
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

    /// Joins the entry at `index` to the one before, where both are one run; returns whether they
    /// are.
    fn join_at(&mut self, index: usize) -> bool {
        let Some((before, behind)) = self.entries.split_at_mut_checked(index) else {
            return false;
        };
        let joined = match (before.last_mut(), behind.first()) {
            (Some(entry), Some(next)) => entry.join(next),
            (Some(_) | None, _) => false,
        };

        if joined {
            self.entries.remove(index);
        }
        joined
    }
}
