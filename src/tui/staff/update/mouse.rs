//! The mouse: click, double click, wheel.

use super::Updater;
use crate::config::keymap::{Action, Motion};
use crate::model::product::ProductField;
use crate::tui::layout::footer::action_at;
use crate::tui::layout::palette::first_row;
use crate::tui::message::{Mouse, MouseKind};
use crate::tui::staff::layout::board::{BoardLayout, list_height, strip_entries};
use crate::tui::staff::layout::footer::key_hints;
use crate::tui::staff::layout::header::tabs;
use crate::tui::staff::layout::palette;
use crate::tui::staff::layout::products::ProductsLayout;
use crate::tui::staff::layout::settings::SettingsLayout;
use crate::tui::staff::state::board::BoardPane;
use crate::tui::staff::state::products::ProductsPane;
use crate::tui::staff::state::{Page, StaffMode};
use crate::tui::state::areas;
use crate::tui::state::areas::list_rows;
use crate::tui::update::mouse::{Clicks, count_clicks, position, row_at};
use ratatui::layout::Margin;
use strum::VariantArray;

impl Updater<'_> {
    /// Takes in what the mouse did. On a screen that is too small it does nothing.
    pub(super) fn on_mouse(&mut self, mouse: Mouse) {
        if !self.state.has_room() {
            return;
        }
        match mouse.kind {
            MouseKind::Press => self.press_mouse(mouse),
            MouseKind::WheelUp => self.turn_wheel(Motion::Up, Motion::PageUp),
            MouseKind::WheelDown => self.turn_wheel(Motion::Down, Motion::PageDown),
        }
    }

    /// Turns what covers the page row by row, and the board ticket by ticket.
    fn turn_wheel(&mut self, by_row: Motion, by_ticket: Motion) {
        match self.state.mode {
            StaffMode::Help(_) | StaffMode::Palette { .. } => self.move_cursor(by_row),
            StaffMode::Browse | StaffMode::Find if self.state.page != Page::Board => {
                self.move_cursor(by_row);
            }
            StaffMode::Browse | StaffMode::Find | StaffMode::ConfirmCancel(..) => {
                self.move_cursor(by_ticket);
            }
            StaffMode::Prompt { .. } | StaffMode::ConfirmSave(_) => {}
        }
    }

    fn press_mouse(&mut self, mouse: Mouse) {
        let now = self.state.now.steady;
        let clicks = count_clicks(&mut self.state.last_press, mouse, now);

        if self.state.footer_line().contains(position(mouse)) {
            let hints = key_hints(self.state, self.state.size.0);
            if let Some(action) = action_at(&hints, mouse.column) {
                self.act(action);
            }
            return;
        }
        if mouse.row == 0 {
            // What was typed goes only where that is said.
            if matches!(self.state.mode, StaffMode::ConfirmSave(_)) {
                return;
            }
            let tabs = tabs(self.state);
            let clicked = tabs
                .iter()
                .find(|tab| (tab.x..tab.end()).contains(&mouse.column));
            if let Some(page) = clicked.map(|tab| tab.page) {
                self.show(page);
            }
            return;
        }

        match self.state.mode {
            StaffMode::Palette { .. } => self.click_palette(mouse),
            StaffMode::Browse | StaffMode::Find if self.state.page == Page::Board => {
                self.click_board(mouse, clicks);
            }
            StaffMode::Browse | StaffMode::Find if self.state.page == Page::Products => {
                self.click_products(mouse, clicks);
            }
            StaffMode::Browse if self.state.page == Page::Shop => {
                self.click_settings(mouse, clicks);
            }
            StaffMode::Browse
            | StaffMode::Find
            | StaffMode::Prompt { .. }
            | StaffMode::ConfirmSave(_)
            | StaffMode::Help(_)
            | StaffMode::ConfirmCancel(..) => {}
        }
    }

    fn click_palette(&mut self, mouse: Mouse) {
        let StaffMode::Palette { input, cursor } = &self.state.mode else {
            return;
        };
        let rows = areas::palette(self.state.body()).inner(Margin::new(1, 1));
        let Some(row) = row_at(rows, mouse) else {
            return;
        };

        let clicked = first_row(*cursor, rows.height) + row;
        if clicked >= palette::entries(self.state, input.value()).len() {
            return;
        }
        if let StaffMode::Palette { cursor, .. } = &mut self.state.mode {
            *cursor = clicked;
        }
        self.act(Action::Accept);
    }

    /// Selects the ticket and the line under the pointer; a double click moves it on.
    fn click_board(&mut self, mouse: Mouse, clicks: Clicks) {
        self.state.mode = StaffMode::Browse;
        let layout = BoardLayout::of(self.state);

        let ticket = layout
            .tickets
            .iter()
            .find(|ticket| ticket.frame.contains(position(mouse)));
        let clicked = if let Some(ticket) = ticket {
            let row = usize::from(mouse.row.saturating_sub(ticket.frame.y + 1));
            let line = ticket.rows.get(row).and_then(|row| row.line);
            if layout.list.is_some() || layout.beside.is_some() {
                self.state.board.pane = BoardPane::Ticket;
            }
            Some((ticket.index, line))
        } else {
            self.listed_at(&layout, mouse).map(|index| {
                self.state.board.pane = BoardPane::List;
                (index, None)
            })
        };
        let Some((index, line)) = clicked else {
            return;
        };

        self.select_index(index);
        if let Some(line) = line {
            self.state.board.line = line;
        }
        if clicks == Clicks::Double {
            self.state.last_press = None;
            self.act(Action::Step);
        }
    }

    /// Selects the product or the field under the pointer; a double click edits it.
    fn click_products(&mut self, mouse: Mouse, clicks: Clicks) {
        self.state.mode = StaffMode::Browse;
        let layout = ProductsLayout::of(self.state);
        let products = &mut self.state.products;
        products.lost = None;
        if let Some(row) = row_at(layout.rows(), mouse) {
            let row = products.list.scroll.top + row;
            if row >= products.list.rows() {
                return;
            }
            products.list.scroll.cursor = row;
            products.pane = ProductsPane::List;
        } else if let Some(row) = row_at(layout.fields(), mouse) {
            // The last one goes on over several rows.
            let fields = ProductField::VARIANTS;
            let row = layout.first_field(products.field) + row;
            let field = fields.get(row).or(fields.last());
            products.field = field.copied().unwrap_or_default();
            self.go_to(ProductsPane::Form);
        } else {
            return;
        }

        if clicks == Clicks::Double {
            self.state.last_press = None;
            self.act(Action::Edit);
        }
    }

    /// Selects the setting under the pointer; a double click edits it.
    fn click_settings(&mut self, mouse: Mouse, clicks: Clicks) {
        let layout = SettingsLayout::of(self.state);
        let row = row_at(layout.inner(), mouse);
        let selected = self.state.settings.field;
        let Some(field) = row.and_then(|row| layout.field_at(selected, row)) else {
            return;
        };
        self.state.settings.field = field;
        if clicks == Clicks::Double {
            self.state.last_press = None;
            self.act(Action::Edit);
        }
    }

    /// The ticket in the list or in the row of those to be collected under the pointer.
    fn listed_at(&self, layout: &BoardLayout, mouse: Mouse) -> Option<usize> {
        if let Some(strip) = layout.strip.filter(|strip| strip.contains(position(mouse))) {
            let entries = strip_entries(self.state, strip);
            let mut entries = entries.entries.iter();
            let entry = entries.find(|entry| (entry.x..entry.end).contains(&mouse.column));
            return entry.map(|entry| entry.index);
        }

        let rows = layout.list.map(list_rows)?;
        let mut left = row_at(rows, mouse)?;
        for index in self.state.board.list_top..self.state.board.shown.len() {
            let height = list_height(self.state, index);
            if left < height {
                return Some(index);
            }
            left -= height;
        }
        None
    }
}
