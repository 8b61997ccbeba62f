//! The mouse: click, double click, wheel.

use super::{actions, catalog, keys};
use crate::config::keymap::Action;
use crate::model::Sort;
use crate::tui::layout::columns::{CatalogColumn, CatalogColumns};
use crate::tui::layout::footer::key_hints;
use crate::tui::layout::palette;
use crate::tui::message::{Effect, Mouse, MouseKind};
use crate::tui::state::areas::Pane;
use crate::tui::state::{Mode, State};
use ratatui::layout::{Margin, Position, Rect};

/// Two presses within this many milliseconds are a double click.
const DOUBLE: u64 = 400;
/// Rows for one notch of the wheel.
const NOTCH: usize = 3;

/// The mouse did something.
pub fn on_mouse(state: &mut State, mouse: Mouse, effects: &mut Vec<Effect>) {
    match mouse.kind {
        MouseKind::Press => press(state, mouse, effects),
        MouseKind::WheelUp => wheel(state, mouse, Action::Up),
        MouseKind::WheelDown => wheel(state, mouse, Action::Down),
    }
}

fn press(state: &mut State, mouse: Mouse, effects: &mut Vec<Effect>) {
    let Some(areas) = state.areas() else { return };
    let last = state.pressed.replace((mouse.column, mouse.row, state.now));
    let double = last.is_some_and(|(column, row, at)| {
        (column, row) == (mouse.column, mouse.row) && state.now.saturating_sub(at) <= DOUBLE
    });
    if areas.footer.contains(at(mouse)) {
        let hit = |hint: &&crate::tui::layout::footer::KeyHint| {
            (hint.x..hint.x + hint.width).contains(&mouse.column)
        };
        let action = key_hints(state, areas.footer.width)
            .iter()
            .find(hit)
            .map(|hint| hint.action);
        return action
            .into_iter()
            .for_each(|action| keys::act(state, action, effects));
    }
    if matches!(state.mode, Mode::Palette { .. }) {
        return pick(state, areas.palette, mouse, effects);
    }
    if !matches!(state.mode, Mode::Browse | Mode::Search) {
        return;
    }
    let heads = Rect {
        y: areas.catalog_rows.y.saturating_sub(1),
        height: 1,
        ..areas.catalog_rows
    };
    if areas.catalog.is_some() && heads.contains(at(mouse)) {
        return sort_by_head(state, mouse.column - heads.x, areas.catalog_rows, effects);
    }
    for (pane, frame, rows) in [
        (Pane::Catalog, areas.catalog, areas.catalog_rows),
        (Pane::Cart, areas.cart, areas.cart_rows),
    ] {
        if !frame.is_some_and(|frame| frame.contains(at(mouse))) {
            continue;
        }
        actions::go_to(state, pane);
        state.mode = Mode::Browse;
        let Some(row) = row(rows, mouse) else { return };
        let (scroll, length) = match pane {
            Pane::Catalog => (&mut state.catalog.scroll, state.catalog.shown.len()),
            Pane::Cart => (&mut state.cart.scroll, state.cart.shown.lines.len()),
        };
        if scroll.top + row < length {
            scroll.cursor = scroll.top + row;
            if double {
                let action = if pane == Pane::Catalog {
                    Action::Add
                } else {
                    Action::SetQuantity
                };
                state.pressed = None;
                actions::act(state, action, effects);
            }
        }
    }
}

/// Does what the entry of the palette under the pointer says.
fn pick(state: &mut State, frame: Rect, mouse: Mouse, effects: &mut Vec<Effect>) {
    let Mode::Palette { input, cursor } = &state.mode else {
        return;
    };
    let rows = frame.inner(Margin::new(1, 1));
    let Some(row) = row(rows, mouse) else { return };
    let entry = palette::first_row(*cursor, rows.height) + row;
    if entry < palette::entries(state, input.value()).len()
        && let Mode::Palette { cursor, .. } = &mut state.mode
    {
        *cursor = entry;
        keys::act(state, Action::Accept, effects);
    }
}

fn sort_by_head(state: &mut State, x: u16, rows: Rect, effects: &mut Vec<Effect>) {
    let sort = match CatalogColumns::of(state, rows).column_at(x) {
        Some(CatalogColumn::Name) => Sort::Name,
        Some(CatalogColumn::Category | CatalogColumn::Unit) => Sort::Category,
        Some(CatalogColumn::Price) => Sort::Price,
        Some(CatalogColumn::InCart) => Sort::InCart,
        Some(CatalogColumn::Stock) | None => return,
    };
    // A second click goes back to the usual order.
    let sort = if state.catalog.sort == sort {
        Sort::Category
    } else {
        sort
    };
    catalog::sort(state, sort, effects);
}

/// Turns the list under the pointer, wherever the keyboard is. What is selected stays so
/// while it shows.
fn wheel(state: &mut State, mouse: Mouse, action: Action) {
    let Some(areas) = state.areas() else { return };
    let full = matches!(
        state.mode,
        Mode::Checkout(_) | Mode::Orders | Mode::Receipt { .. }
    );
    if full || matches!(state.mode, Mode::Help(_) | Mode::Palette { .. }) {
        return actions::walk(state, action);
    }
    let over = |frame: Option<Rect>| frame.is_some_and(|frame| frame.contains(at(mouse)));
    let (scroll, length, page) = if over(areas.catalog) {
        (
            &mut state.catalog.scroll,
            state.catalog.shown.len(),
            areas.catalog_rows.height,
        )
    } else if over(areas.cart) {
        (
            &mut state.cart.scroll,
            state.cart.shown.lines.len(),
            areas.cart_rows.height,
        )
    } else if over(areas.activity) {
        let last = state
            .activity
            .entries
            .len()
            .saturating_sub(areas.activity_page());
        let top = state.activity.top;
        state.activity.top = if action == Action::Up {
            top.saturating_sub(NOTCH)
        } else {
            (top + NOTCH).min(last)
        };
        return;
    } else {
        return;
    };
    scroll.turn(action == Action::Down, NOTCH, length, usize::from(page));
}

fn at(mouse: Mouse) -> Position {
    Position::new(mouse.column, mouse.row)
}

fn row(rows: Rect, mouse: Mouse) -> Option<usize> {
    rows.contains(at(mouse))
        .then(|| usize::from(mouse.row - rows.y))
}
