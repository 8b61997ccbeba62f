//! The checkout: moving among its lines and people, and fixing what can't be ordered.

use super::Updater;
use super::motion::{first_rows, moved};
use super::orders::ON_ITS_WAY;
use crate::config::keymap::{Action, Motion};
use crate::model::checkout::PreviewLine;
use crate::model::{ChangeKind, Preview, ProductId};
use crate::tui::layout::checkout::fixing;
use crate::tui::layout::checkout::{CheckoutLayout, CheckoutPeople, CheckoutRows};
use crate::tui::message::Mouse;
use crate::tui::state::checkout::{CheckoutPage, CheckoutPane};
use crate::tui::state::{Mode, Tone};
use ratatui::layout::Position;

impl Updater<'_> {
    /// Moves the selection among the lines, or the people that show; a step is `by` rows.
    pub(super) fn move_in_checkout(&mut self, motion: Motion, by: usize) {
        let Some(extent) = self.checkout_extent() else {
            return;
        };
        let Some(page) = self.checkout_page() else {
            return;
        };

        match page.pane {
            CheckoutPane::Lines => {
                let cursor = page.scroll.cursor;
                page.scroll.cursor = moved(cursor, extent.lines, extent.lines_page, motion, by);
            }
            CheckoutPane::People => {
                let tops = first_rows(extent.people, extent.people_page);
                page.people_top = moved(page.people_top, tops, extent.people_page, motion, by);
            }
        }
    }

    /// Gives the keyboard to the other pane.
    pub(super) fn switch_checkout_pane(&mut self) {
        if let Some(page) = self.checkout_page() {
            page.pane = match page.pane {
                CheckoutPane::Lines => CheckoutPane::People,
                CheckoutPane::People => CheckoutPane::Lines,
            };
        }
    }

    /// Does what the row of the selected line says, and goes on to the next line that can't be
    /// ordered. After a number, which was meant for something else, it does nothing.
    pub(super) fn fix_line(&mut self) {
        if let Some(loss) = self.refuse_lost() {
            return self.notify_warn(loss);
        }
        let selected = self.state.target();
        let line = self.blocked_lines().into_iter();
        let mut line = line.filter(|line| Some(&line.order_line.product) == selected.as_ref());
        if self.state.digits.is_empty()
            && let Some(line) = line.next()
            && self.fix(vec![line])
        {
            self.select_next_problem();
        }
    }

    /// Fixes all lines that can't be ordered, as one change.
    pub(super) fn fix_all(&mut self) {
        if !self.state.digits.is_empty() {
            return;
        }
        let lines = self.blocked_lines();
        if lines.is_empty() {
            self.notify_info("There is nothing to fix");
        } else {
            self.fix(lines);
        }
    }

    /// The lines that can't be ordered.
    fn blocked_lines(&self) -> Vec<PreviewLine> {
        let preview = self.state.checkout.preview.as_ref();
        preview
            .map(|preview| preview.blocked().cloned().collect())
            .unwrap_or_default()
    }

    /// Makes lines orderable, as one change; returns whether that was begun.
    fn fix(&mut self, lines: Vec<PreviewLine>) -> bool {
        if let Some(closed) = fixing::closed(self.state) {
            let told = self.told(closed);
            self.notify_error(told);
            return false;
        }
        if self.state.orders.placing.is_some() {
            self.notify_info(ON_ITS_WAY);
            return false;
        }
        // What shows must still be so: pressed twice, the key takes nothing twice.
        if !lines.iter().all(|line| self.is_as_shown(line)) {
            self.notify_warn("The cart has just changed: check it, then fix it");
            return false;
        }

        let edits = lines.iter().filter_map(PreviewLine::mend).collect();
        let done = fixing::done(&lines);
        let undo = self.state.env.keymap.key_of(Action::Undo);
        let is_begun = self.submit(ChangeKind::Edit, edits);
        // In plain mode it is said once it is done.
        if is_begun && !self.state.env.keymap.is_in_words() {
            self.notify_until_key(format!("{done}; {undo} undoes it"), Tone::Info);
        }
        is_begun
    }

    /// Returns whether the cart still holds a line as the checkout shows it.
    fn is_as_shown(&self, line: &PreviewLine) -> bool {
        let product = &line.order_line.product;
        let cart = &self.state.cart;
        let confirmed = cart.confirmed.line(product);
        !cart.is_unconfirmed(product)
            && confirmed.is_some_and(|now| now.quantity == line.quantity_in_cart)
    }

    /// Selects the next line that can't be ordered and is not being fixed.
    fn select_next_problem(&mut self) {
        let Some(preview) = &self.state.checkout.preview else {
            return;
        };
        let Mode::Checkout(page) = &self.state.mode else {
            return;
        };

        let after = page.scroll.cursor + 1;
        let rows = 0..preview.lines.len();
        let next = rows
            .clone()
            .skip(after)
            .chain(rows.take(after))
            .find(|row| {
                let line = &preview.lines[*row];
                let is_waiting = self.state.cart.is_unconfirmed(&line.order_line.product);
                line.obstacle().is_some() && !is_waiting
            });

        if let (Some(next), Some(page)) = (next, self.checkout_page()) {
            page.scroll.cursor = next;
        }
    }

    /// Keeps the selected line on the screen, whole with all that belongs to it.
    pub(super) fn clamp_checkout(&mut self) {
        let Some(extent) = self.checkout_extent() else {
            return;
        };
        let Some(page) = self.checkout_page() else {
            return;
        };
        let mut scroll = page.scroll;
        let last = first_rows(extent.people, extent.people_page) - 1;
        page.people_top = page.people_top.min(last);

        let (Some(layout), Some(preview)) = (
            CheckoutLayout::shown(self.state),
            &self.state.checkout.preview,
        ) else {
            return;
        };
        if let Some(areas) = layout.lines {
            let rows = CheckoutRows::of(self.state, preview, areas.list.width);
            let height = usize::from(areas.list.height);
            scroll.keep_tall_within(extent.lines, height, |line| rows.height(line));
        }
        if let Some(page) = self.checkout_page() {
            page.scroll = scroll;
        }
    }

    /// Selects the line or the pane under the pointer; returns whether it was a line.
    pub(super) fn click_checkout(&mut self, mouse: Mouse) -> bool {
        let (Some(layout), Some(preview)) = (
            CheckoutLayout::shown(self.state),
            &self.state.checkout.preview,
        ) else {
            return false;
        };
        let position = Position::new(mouse.column, mouse.row);
        let is_over_people = layout
            .people
            .is_some_and(|people| people.frame.contains(position));
        let over_lines = layout.lines.filter(|lines| lines.frame.contains(position));

        let mut clicked = None;
        if let (Mode::Checkout(page), Some(areas)) = (&self.state.mode, over_lines)
            && areas.list.contains(position)
        {
            let rows = CheckoutRows::of(self.state, preview, areas.list.width);
            let row = usize::from(mouse.row - areas.list.y);
            clicked = rows.line_at(page.scroll.top, row);
        }
        let is_over_lines = over_lines.is_some();
        let Some(page) = self.checkout_page() else {
            return false;
        };
        if is_over_people {
            page.pane = CheckoutPane::People;
        } else if is_over_lines {
            page.pane = CheckoutPane::Lines;
        }
        if let Some(line) = clicked {
            page.scroll.cursor = line;
        }
        clicked.is_some()
    }

    /// Takes in another preview. The selected line stays selected; at first it is the first one
    /// with a problem.
    pub(super) fn select_in_preview(&mut self, preview: &Preview) {
        let selected = self.selected_in_checkout();
        let is_first = self.state.checkout.preview.is_none();
        let lines = || preview.lines.iter();
        let row = match &selected {
            Some(id) => lines().position(|line| line.order_line.product == *id),
            None if is_first => lines().position(|line| line.obstacle().is_some()),
            None => None,
        };
        if let (Some(row), Mode::Checkout(page)) = (row, self.state.page()) {
            page.scroll.move_in_place(row);
        }
    }

    /// The product of the selected line.
    fn selected_in_checkout(&mut self) -> Option<ProductId> {
        let Mode::Checkout(page) = *self.state.page() else {
            return None;
        };
        let line = self.state.checkout.previewed(page.scroll.cursor)?;
        Some(line.order_line.product.clone())
    }

    fn checkout_page(&mut self) -> Option<&mut CheckoutPage> {
        match &mut self.state.mode {
            Mode::Checkout(page) => Some(page),
            Mode::Browse
            | Mode::Search
            | Mode::Palette { .. }
            | Mode::Prompt { .. }
            | Mode::Help(_)
            | Mode::Orders
            | Mode::OrderSearch
            | Mode::Receipt { .. }
            | Mode::Carts
            | Mode::ConfirmQuit
            | Mode::ConfirmCancel(_)
            | Mode::ConfirmClear(_) => None,
        }
    }

    /// The lines and people of the checkout that shows.
    fn checkout_extent(&self) -> Option<CheckoutExtent> {
        let layout = CheckoutLayout::shown(self.state)?;
        let preview = self.state.checkout.preview.as_ref()?;
        let Mode::Checkout(page) = &self.state.mode else {
            return None;
        };

        let lines_page = layout.lines.map_or(1, |areas| {
            let rows = CheckoutRows::of(self.state, preview, areas.list.width);
            layout.page(&rows, page.scroll.top)
        });
        let (people, people_page) = layout.people.map_or((0, 1), |areas| {
            let people = CheckoutPeople::of(self.state, preview, areas.list.width);
            (people.rows.len(), usize::from(areas.list.height))
        });

        Some(CheckoutExtent {
            lines: preview.lines.len(),
            lines_page,
            people,
            people_page,
        })
    }
}

/// The lines and people of a checkout, and how many of each show at a time.
struct CheckoutExtent {
    lines: usize,
    lines_page: usize,
    people: usize,
    people_page: usize,
}
