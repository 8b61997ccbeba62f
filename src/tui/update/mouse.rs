//! The mouse: click, double click, wheel.

use super::Updater;
use crate::config::keymap::{Action, Motion};
use crate::model::Sort;
use crate::tui::layout::cart::CartRows;
use crate::tui::layout::columns::{CatalogColumn, CatalogColumns};
use crate::tui::layout::footer::{action_at, key_hints};
use crate::tui::layout::orders::OrdersFrames;
use crate::tui::layout::palette;
use crate::tui::layout::people::PeopleLayout;
use crate::tui::message::{Mouse, MouseKind};
use crate::tui::state::areas::{Areas, Pane, list_rows};
use crate::tui::state::scroll::{WheelDirection, turned};
use crate::tui::state::{Mode, MousePress};
use ratatui::layout::{Margin, Position, Rect};

/// Two presses at one place within this many milliseconds are a double click.
const DOUBLE_CLICK_TIME: u64 = 400;
/// The rows for one notch of the wheel.
const NOTCH: usize = 3;

/// The number of clicks at one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::tui) enum Clicks {
    Single,
    Double,
}

impl Updater<'_> {
    /// Takes in what the mouse did. On a screen that is too small it does nothing.
    pub(super) fn on_mouse(&mut self, mouse: Mouse) {
        let Some(areas) = self.state.areas() else {
            return;
        };
        match mouse.kind {
            MouseKind::Press => {
                self.press_mouse(mouse, &areas);
                self.end_seen_loss();
            }
            MouseKind::WheelUp => self.turn_wheel(WheelDirection::Up, mouse, &areas),
            MouseKind::WheelDown => self.turn_wheel(WheelDirection::Down, mouse, &areas),
        }
    }

    fn press_mouse(&mut self, mouse: Mouse, areas: &Areas) {
        let clicks = count_clicks(&mut self.state.last_press, mouse, self.state.now);

        if areas.footer.contains(position(mouse)) {
            self.click_footer(areas.footer, mouse);
            return;
        }

        // Of what the header shows, only the open order leads anywhere.
        if areas.header.contains(position(mouse)) {
            self.open_open_order();
            return;
        }

        match self.state.mode {
            Mode::Palette { .. } => self.click_palette(areas.palette, mouse),
            Mode::Browse | Mode::Search => self.click_lists(areas, mouse, clicks),
            Mode::Orders | Mode::OrderSearch | Mode::Receipt { .. } => {
                self.click_orders(mouse, clicks);
            }
            Mode::Checkout(_) => {
                if self.click_checkout(mouse) && clicks == Clicks::Double {
                    self.state.last_press = None;
                    self.act(Action::Fix);
                }
            }
            Mode::Prompt { .. }
            | Mode::Help(_)
            | Mode::Carts
            | Mode::ConfirmQuit
            | Mode::ConfirmCancel(_)
            | Mode::ConfirmClear(_) => {}
        }
    }

    /// Selects the order under the pointer, or goes into the receipt beside the list. A double click
    /// does so, too.
    fn click_orders(&mut self, mouse: Mouse, clicks: Clicks) {
        let frames = OrdersFrames::of(&self.state.mode, self.state.body());
        if matches!(self.state.mode, Mode::OrderSearch) {
            self.state.mode = Mode::Orders;
        }
        let is_in_list = matches!(self.state.mode, Mode::Orders);
        if is_over(frames.receipt, mouse) && is_in_list {
            return self.act(Action::Receipt);
        }

        let Some(frame) = frames.list.filter(|frame| is_over(Some(*frame), mouse)) else {
            return;
        };
        if !is_in_list {
            self.act(Action::Orders);
        }
        let clicked = row_at(list_rows(frame), mouse);
        let clicked = clicked.map(|row| self.state.orders.scroll.top + row);
        let orders = self.state.orders.shown.len();
        let Some(clicked) = clicked.filter(|row| *row < orders) else {
            return;
        };

        self.state.orders.scroll.cursor = clicked;
        if clicks == Clicks::Double {
            self.state.last_press = None;
            self.act(Action::Receipt);
        }
    }

    /// Does what the key under the pointer says.
    fn click_footer(&mut self, footer: Rect, mouse: Mouse) {
        let hints = key_hints(self.state, footer.width);
        if let Some(action) = action_at(&hints, mouse.column) {
            self.act(action);
        }
    }

    /// Does what the entry of the palette under the pointer says.
    fn click_palette(&mut self, frame: Rect, mouse: Mouse) {
        let Mode::Palette { input, cursor } = &self.state.mode else {
            return;
        };
        let rows = frame.inner(Margin::new(1, 1));
        let Some(row) = row_at(rows, mouse) else {
            return;
        };

        let clicked = palette::first_row(*cursor, rows.height) + row;
        let entries = palette::entries(self.state, input.value()).len();
        if clicked >= entries {
            return;
        }

        if let Mode::Palette { cursor, .. } = &mut self.state.mode {
            *cursor = clicked;
            self.act(Action::Accept);
        }
    }

    /// Sorts by the heading under the pointer, or selects the row.
    fn click_lists(&mut self, areas: &Areas, mouse: Mouse, clicks: Clicks) {
        let headings = Rect {
            y: areas.catalog_rows.y.saturating_sub(1),
            height: 1,
            ..areas.catalog_rows
        };

        if areas.catalog.is_some() && headings.contains(position(mouse)) {
            self.sort_by_column(mouse.column - headings.x, areas.catalog_rows);
        } else if is_over(areas.catalog, mouse) {
            self.click_pane(Pane::Catalog, areas.catalog_rows, mouse, clicks);
        } else if is_over(areas.cart, mouse) {
            self.click_pane(Pane::Cart, areas.cart_rows, mouse, clicks);
        } else if is_over(areas.people, mouse)
            && let Some(layout) = PeopleLayout::shown(self.state)
        {
            let rule = layout.rule_at(mouse.row).and_then(|line| line.action);
            self.click_pane(Pane::People, layout.list, mouse, clicks);
            if let Some(action) = rule {
                self.act(action);
            }
        }
    }

    /// Focuses a pane and selects the row under the pointer. A double click adds the product, or
    /// asks for the quantity of the line.
    fn click_pane(&mut self, pane: Pane, rows: Rect, mouse: Mouse, clicks: Clicks) {
        self.focus_pane(pane);
        self.state.mode = Mode::Browse;
        let Some(row) = row_at(rows, mouse) else {
            return;
        };

        let state = &mut *self.state;
        let (clicked, on_double_click) = match pane {
            Pane::Catalog => {
                let clicked = state.catalog.scroll.top + row;
                let exists = clicked < state.catalog.rows();
                (exists.then_some(clicked), Action::Add)
            }
            Pane::Cart => {
                let cart_rows = CartRows::of(state, rows);
                (cart_rows.line_at(row), Action::SetQuantity)
            }
            Pane::People => {
                let clicked = state.people.scroll.top + row;
                let rows = PeopleLayout::shown(state).map_or(0, |layout| layout.rows.len());
                ((clicked < rows).then_some(clicked), Action::PersonLines)
            }
        };
        let Some(clicked) = clicked else {
            return;
        };
        match pane {
            Pane::Catalog => state.catalog.scroll.cursor = clicked,
            Pane::Cart => state.cart.scroll.cursor = clicked,
            Pane::People => state.people.select(clicked),
        }

        if clicks == Clicks::Double {
            state.last_press = None;
            self.act(on_double_click);
        }
    }

    /// Sorts by the column at `x`. A second click reverses that, a third one returns to the usual
    /// sorting.
    fn sort_by_column(&mut self, x: u16, rows: Rect) {
        let by = match CatalogColumns::of(self.state, rows).column_at(x) {
            Some(CatalogColumn::Name) => Sort::Name,
            Some(CatalogColumn::Category | CatalogColumn::Unit) => Sort::Category,
            Some(CatalogColumn::Price) => Sort::Price,
            Some(CatalogColumn::InCart) => Sort::InCart,
            Some(CatalogColumn::Stock) | None => return,
        };

        self.sort_catalog(self.state.catalog.sorting.after_click_on(by));
    }

    /// Turns the list under the pointer, wherever the keyboard is. Views that cover the lists are
    /// scrolled as by a key.
    fn turn_wheel(&mut self, direction: WheelDirection, mouse: Mouse, areas: &Areas) {
        match self.state.mode {
            Mode::Checkout(_)
            | Mode::Orders
            | Mode::OrderSearch
            | Mode::Receipt { .. }
            | Mode::Carts
            | Mode::Help(_)
            | Mode::Palette { .. } => self.move_cursor(match direction {
                WheelDirection::Up => Motion::Up,
                WheelDirection::Down => Motion::Down,
            }),

            Mode::Browse
            | Mode::Search
            | Mode::Prompt { .. }
            | Mode::ConfirmQuit
            | Mode::ConfirmCancel(_)
            | Mode::ConfirmClear(_) => self.turn_list(direction, mouse, areas),
        }
    }

    /// Turns the list under the pointer. The selected row stays selected while it shows.
    fn turn_list(&mut self, direction: WheelDirection, mouse: Mouse, areas: &Areas) {
        if is_over(areas.catalog, mouse) {
            let pane = &mut self.state.catalog;
            let page = usize::from(areas.catalog_rows.height);
            let products = pane.rows();
            pane.scroll.turn(direction, NOTCH, products, page, |_| 1);
        } else if is_over(areas.cart, mouse) {
            let rows = CartRows::of(self.state, areas.cart_rows);
            let page = usize::from(areas.cart_rows.height);
            let lines = self.state.cart.shown.lines.len();

            let mut scroll = self.state.cart.scroll;
            scroll.turn(direction, NOTCH, lines, page, |row| rows.height(row));
            self.state.cart.scroll = scroll;
        } else if is_over(areas.people, mouse) {
            self.turn_people(direction, NOTCH);
        } else if is_over(areas.activity, mouse) {
            let pane = &mut self.state.activity;
            let last = pane.entries.len().saturating_sub(areas.activity_page());
            pane.top = turned(pane.top, direction, NOTCH, last);
        }
    }
}

/// The message where the mouse is taken, or left to the terminal.
pub(in crate::tui) fn mouse_told(captured: bool) -> &'static str {
    if captured {
        "The mouse works in trolley again"
    } else {
        "The mouse is left to the terminal: select text as usual"
    }
}

/// Notes a press, and tells whether it is the second one of a double click.
pub(in crate::tui) fn count_clicks(
    last: &mut Option<MousePress>,
    mouse: Mouse,
    now: u64,
) -> Clicks {
    let press = MousePress {
        column: mouse.column,
        row: mouse.row,
        at: now,
    };

    match last.replace(press) {
        Some(last)
            if (last.column, last.row) == (press.column, press.row)
                && press.at.saturating_sub(last.at) <= DOUBLE_CLICK_TIME =>
        {
            Clicks::Double
        }
        Some(_) | None => Clicks::Single,
    }
}

pub(in crate::tui) fn position(mouse: Mouse) -> Position {
    Position::new(mouse.column, mouse.row)
}

fn is_over(frame: Option<Rect>, mouse: Mouse) -> bool {
    frame.is_some_and(|frame| frame.contains(position(mouse)))
}

/// The row under the pointer, counted from the first that shows.
pub(in crate::tui) fn row_at(rows: Rect, mouse: Mouse) -> Option<usize> {
    rows.contains(position(mouse))
        .then(|| usize::from(mouse.row - rows.y))
}
