//! Moving the selection, or what shows, with the keyboard.

use super::Updater;
use crate::config::keymap::{Context, HelpScope, Keymap, Motion};
use crate::tui::layout::cart::CartRows;
use crate::tui::layout::orders::{Extent, extent};
use crate::tui::layout::{help, palette};
use crate::tui::state::Mode;
use crate::tui::state::areas::{Areas, Pane};
use crate::tui::state::help::HelpPage;

impl Updater<'_> {
    /// Moves within whatever has the keyboard.
    pub(super) fn move_cursor(&mut self, motion: Motion) {
        let Some(areas) = self.state.areas() else {
            return;
        };

        match self.state.mode {
            Mode::Checkout(_) => self.move_in_checkout(motion, self.rows_per_step()),
            Mode::Orders | Mode::OrderSearch | Mode::Carts => self.move_in_orders(motion),
            Mode::Receipt { .. } => self.move_in_receipt(motion),
            Mode::Palette { .. } => self.move_in_palette(motion),
            Mode::Help(_) => self.move_in_help(motion),
            Mode::Browse
            | Mode::Search
            | Mode::Prompt { .. }
            | Mode::ConfirmQuit
            | Mode::ConfirmCancel(_)
            | Mode::ConfirmClear(_) => self.move_in_lists(motion, &areas),
        }
    }

    fn move_in_orders(&mut self, motion: Motion) {
        let Some(Extent { rows, page }) = extent(self.state) else {
            return;
        };
        let by = self.rows_per_step();

        if let Some(scroll) = self.state.page_scroll() {
            scroll.cursor = moved(scroll.cursor, rows, page, motion, by);
            scroll.keep_within(rows, page);
        }
    }

    fn move_in_palette(&mut self, motion: Motion) {
        let Mode::Palette { input, .. } = &self.state.mode else {
            return;
        };
        let entries = palette::entries(self.state, input.value()).len();

        if let Mode::Palette { cursor, .. } = &mut self.state.mode {
            *cursor = moved(*cursor, entries, 1, motion, 1);
        }
    }

    fn move_in_help(&mut self, motion: Motion) {
        let (width, height) = self.state.size;
        let keymap = &self.state.env.keymap;
        if let Mode::Help(page) = &mut self.state.mode {
            scroll_help(page, keymap, HelpScope::Shop, (width, height), motion);
        }
    }

    fn move_in_lists(&mut self, motion: Motion, areas: &Areas) {
        let by = self.rows_per_step();
        let state = &mut *self.state;

        // The activity that covers the cart has the keys that move there.
        if state.list_context() == Context::Activity {
            let page = areas.activity_page();
            let tops = first_rows(state.activity.entries.len(), page);
            state.activity.top = moved(state.activity.top, tops, page, motion, by);
            return;
        }

        let (scroll, rows, page) = match state.focus {
            Pane::Catalog => {
                let rows = state.catalog.rows();
                let page = usize::from(areas.catalog_rows.height);
                (&mut state.catalog.scroll, rows, page)
            }
            Pane::Cart => {
                let rows = state.cart.shown.lines.len();
                let page = CartRows::of(state, areas.cart_rows).page();
                (&mut state.cart.scroll, rows, page)
            }
            Pane::People => {
                self.move_in_people(motion, by);
                return;
            }
        };
        scroll.cursor = moved(scroll.cursor, rows, page, motion, by);
    }

    /// The rows of one step up or down: the number typed before the key.
    pub(super) fn rows_per_step(&self) -> usize {
        self.state.digits.count().unwrap_or(1) as usize
    }
}

/// Scrolls the help on a screen of so many columns and rows.
pub(in crate::tui) fn scroll_help(
    page: &mut HelpPage,
    keymap: &Keymap,
    scope: HelpScope,
    (width, height): (u16, u16),
    motion: Motion,
) {
    let rows = help::rows(keymap, scope, width, page.words.value()).len();
    let shown = help::page(height);
    let tops = first_rows(rows, shown);
    page.top = moved(page.top.min(tops - 1), tops, shown, motion, 1);
}

/// The number of rows that can be the first of a page: the last page is a full one.
pub(in crate::tui) fn first_rows(rows: usize, page: usize) -> usize {
    rows.saturating_sub(page) + 1
}

/// The row to which a motion leads from `row` of `rows`; a step up or down is `by` rows.
pub(in crate::tui) fn moved(
    row: usize,
    rows: usize,
    page: usize,
    motion: Motion,
    by: usize,
) -> usize {
    let last = rows.saturating_sub(1);
    // One row of the last page stays in sight.
    let page = page.saturating_sub(1).max(1);

    match motion {
        Motion::Up => row.saturating_sub(by),
        Motion::Down => row.saturating_add(by).min(last),
        Motion::PageUp => row.saturating_sub(page),
        Motion::PageDown => (row + page).min(last),
        Motion::Top => 0,
        Motion::Bottom => last,
    }
}
