//! When something on the screen changes by itself, and what shows there that a key may rely on.

use super::board::BoardLayout;
use crate::tui::staff::state::{Page, Seen, StaffMode, StaffState};
use crate::tui::state::timers::MINUTE;

impl StaffState {
    /// The next moment at which something changes by itself.
    #[must_use]
    pub fn next_moment(&self) -> Option<u64> {
        let clock = self.now.steady + MINUTE - self.wall_now() % MINUTE;
        let others = [
            self.notice.as_ref().and_then(|notice| notice.until),
            self.next_age_step(),
            self.catalog_load_due_at(),
            self.alerts.due_at(),
        ];
        others.into_iter().flatten().chain([clock]).min()
    }

    /// The moment when a ticket that shows is a minute older.
    fn next_age_step(&self) -> Option<u64> {
        if self.page != Page::Board || !self.has_room() {
            return None;
        }

        let layout = BoardLayout::of(self);
        let ages = layout
            .shown_tickets(self)
            .map(|ticket| ticket.age(self.server_now()));
        let left = ages.map(|age| MINUTE - age % MINUTE).min()?;
        Some(self.now.steady + left)
    }

    /// The things on the screen now that a key may depend on.
    #[must_use]
    pub fn to_be_seen(&self) -> Seen {
        let is_covered = self.page != Page::Board
            || !self.has_room()
            || matches!(self.mode, StaffMode::Help(_) | StaffMode::Palette { .. });
        let shown = self.board.selected_index().filter(|_| !is_covered);
        let shown = shown.filter(|index| BoardLayout::of(self).shows(self, *index));
        let ticket = shown.and_then(|index| self.board.shown_ticket(index));
        let ticket = ticket.map(|ticket| (ticket.order().id.clone(), ticket.order().state));

        let waits = self.notice.as_ref();
        let waits = waits.filter(|notice| notice.until.is_none());
        let question = match &self.mode {
            StaffMode::ConfirmCancel(order, _) if self.has_room() => Some(order.clone()),
            StaffMode::ConfirmCancel(..)
            | StaffMode::Browse
            | StaffMode::Find
            | StaffMode::Palette { .. }
            | StaffMode::Prompt { .. }
            | StaffMode::ConfirmSave(_)
            | StaffMode::Help(_) => None,
        };
        let unsaved = match &self.mode {
            StaffMode::ConfirmSave(unsaved) if self.has_room() => Some(unsaved.clone()),
            StaffMode::ConfirmSave(_)
            | StaffMode::ConfirmCancel(..)
            | StaffMode::Browse
            | StaffMode::Find
            | StaffMode::Palette { .. }
            | StaffMode::Prompt { .. }
            | StaffMode::Help(_) => None,
        };
        Seen {
            ticket,
            notice: waits.map(|notice| notice.text.clone()),
            question,
            unsaved,
        }
    }
}
