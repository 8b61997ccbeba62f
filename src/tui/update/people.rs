//! The people pane: showing and hiding it, moving in it, opening a person's lines.

use super::Updater;
use super::motion::moved;
use crate::config::keymap::Motion;
use crate::tui::layout::people::{PeopleLayout, PeopleRow};
use crate::tui::state::areas::{Pane, PeopleVisibility};
use crate::tui::state::people::Person;
use crate::tui::state::scroll::WheelDirection;

impl Updater<'_> {
    /// Hides the people, or shows them and gives them the keyboard.
    pub(super) fn toggle_people(&mut self) {
        let areas = self.state.areas();
        if areas.is_some_and(|areas| areas.people.is_some()) {
            self.hide_people();
            return;
        }

        self.state.people.visibility = PeopleVisibility::Shown;
        self.state.people.return_to = Some(self.state.focus);
        self.state.focus = Pane::People;
    }

    /// Hides the people. Their keyboard returns to the pane before.
    pub(super) fn hide_people(&mut self) {
        let people = &mut self.state.people;
        people.visibility = PeopleVisibility::Hidden;
        let before = people.return_to.take();

        if self.state.focus == Pane::People {
            self.state.focus = before.unwrap_or(Pane::Cart);
        }
    }

    /// Gives the keyboard to a pane that shows: a window that became narrow may have hidden one.
    pub(super) fn settle_focus(&mut self) {
        if self.state.people_cover_cart() && self.state.focus == Pane::Cart {
            self.state.focus = Pane::People;
        }
    }

    /// Shows what the selected person asked for, or hides it.
    pub(super) fn toggle_person_lines(&mut self) {
        let Some(layout) = PeopleLayout::shown(self.state) else {
            return;
        };
        let people = &mut self.state.people;
        let Some(selected) = layout.rows.get(people.scroll.cursor) else {
            return;
        };

        let person = selected.id().person;
        let is_open = people.opened.as_ref() == Some(&person);
        people.opened = (!is_open).then(|| person.clone());
        self.select_person(person);
    }

    /// Selects a person, and shows as many of their rows as there is room for.
    fn select_person(&mut self, person: Person) {
        let Some(layout) = PeopleLayout::shown(self.state) else {
            return;
        };
        let mut rows = layout.rows.iter();
        let Some(first) = rows.position(|row| row.id().person == person) else {
            return;
        };

        let others = rows.take_while(|row| row.id().person == person).count();
        let end = first + 1 + others;
        let people = &mut self.state.people;
        people.select(first);
        let top = end.saturating_sub(layout.page()).min(first);
        people.scroll.top = people.scroll.top.max(top);
    }

    /// Moves the selection among the people; a step is `by` rows.
    pub(super) fn move_in_people(&mut self, motion: Motion, by: usize) {
        if let Some(layout) = PeopleLayout::shown(self.state) {
            let people = &mut self.state.people;
            let cursor = people.scroll.cursor;
            people.select(moved(cursor, layout.rows.len(), layout.page(), motion, by));
        }
    }

    /// Turns the people by `by` rows. The selected one stays selected while it shows.
    pub(super) fn turn_people(&mut self, direction: WheelDirection, by: usize) {
        if let Some(layout) = PeopleLayout::shown(self.state) {
            let people = &mut self.state.people;
            let rows = layout.rows.len();
            people
                .scroll
                .turn(direction, by, rows, layout.page(), |_| 1);
            people.selected = None;
        }
    }

    /// Keeps the selected row on the screen, whoever comes and goes above it.
    pub(super) fn clamp_people_scroll(&mut self) {
        let Some(layout) = PeopleLayout::shown(self.state) else {
            return;
        };
        let people = &mut self.state.people;

        let selected = people.selected.as_ref();
        if let Some(row) = selected.and_then(|selected| layout.index_of(selected)) {
            people.scroll.move_in_place(row);
        }
        people.scroll.keep_within(layout.rows.len(), layout.page());
        let row = layout.rows.get(people.scroll.cursor);
        people.selected = row.map(PeopleRow::id);
    }
}
