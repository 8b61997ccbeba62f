//! The command palette of the staff.

use super::Updater;
use crate::tui::staff::layout::palette::{StaffRun, selected};
use crate::tui::staff::state::{Page, StaffMode};

impl Updater<'_> {
    /// Completes what is typed to the selected entry.
    pub(super) fn complete_command(&mut self) {
        if let Some(entry) = selected(self.state) {
            self.open_palette(entry.completed);
        }
    }

    /// Does what the selected entry says.
    pub(super) fn run_selected_command(&mut self) {
        let Some(entry) = selected(self.state) else {
            return;
        };
        self.state.mode = StaffMode::Browse;

        match entry.run {
            StaffRun::Action(action) => self.act(action),
            StaffRun::Show(page) => self.show(page),
            StaffRun::Pick(digits) => {
                self.show(Page::Board);
                self.pick(&digits);
            }
            StaffRun::Station(station) => {
                self.show(Page::Board);
                self.state.board.station = station;
                self.state.board.refresh();
            }
        }
    }
}
