//! The keys in the last line, with their places.

use crate::config::keymap::{Action, Motion};
use crate::model::OrderState;
use crate::model::figures::Ranking;
use crate::model::text;
use crate::tui::layout::footer::{KeyHint, placed};
use crate::tui::staff::layout::palette;
use crate::tui::staff::layout::today::shows_both;
use crate::tui::staff::state::products::StockFilter;
use crate::tui::staff::state::prompt::UnsavedReason;
use crate::tui::staff::state::today::ShownTime;
use crate::tui::staff::state::{Page, StaffMode, StaffState};

/// The keys that work now, in the order of the key map, as many as fit in `width`.
#[must_use]
pub(in crate::tui) fn key_hints(state: &StaffState, width: u16) -> Vec<KeyHint> {
    let keymap = &state.env.keymap;
    let keys = keymap.footer(state.context());
    let all = keys.filter_map(|(action, key, word)| {
        let word = word_now(state, action, word)?;
        // Two keys for the two ways along one line.
        let key = match action {
            Action::Right if state.page != Page::Products => {
                both(keymap.key_of(Action::Left), &key)
            }
            Action::NextCategory => both(keymap.key_of(Action::PreviousCategory), &key),
            Action::Move(Motion::Down) => both(keymap.key_of(Action::Move(Motion::Up)), &key),
            _ => key,
        };
        Some(KeyHint::unplaced(action, key, word))
    });
    placed(all.collect(), width)
}

/// Two keys in one place: `←→`, or `Left/Right` where they are words.
fn both(first: String, second: &str) -> String {
    let are_signs = text::width(&first) <= 1 && text::width(second) <= 1;
    let between = if are_signs { "" } else { "/" };
    first + between + second
}

/// The word for what a key does just now; `None` where it would do nothing.
fn word_now(state: &StaffState, action: Action, word: &'static str) -> Option<&'static str> {
    let selected = state.board.selected();
    match action {
        Action::Accept | Action::Complete if matches!(state.mode, StaffMode::Palette { .. }) => {
            palette::selected(state).map(|_| word)
        }
        Action::Accept if matches!(state.mode, StaffMode::Find) => Some("keep"),
        Action::Accept if matches!(state.mode, StaffMode::ConfirmSave(_)) => Some("save"),
        Action::Back => match &state.mode {
            StaffMode::ConfirmSave(unsaved) => Some(match unsaved.reason {
                UnsavedReason::Theirs(_) => "keep it",
                UnsavedReason::NotMade(_) => "drop it",
            }),
            StaffMode::Browse
            | StaffMode::Find
            | StaffMode::Palette { .. }
            | StaffMode::Help(_)
            | StaffMode::ConfirmCancel(..)
            | StaffMode::Prompt { .. } => Some(word),
        },
        // Behind a number it only ends that.
        Action::Step if !state.board.digits.is_empty() => selected.map(|_| "select"),
        Action::Step => selected.map(|ticket| match ticket.order().state {
            OrderState::Placed => "accept",
            OrderState::Accepted => "ready",
            OrderState::Ready => "done",
            OrderState::Cancelled | OrderState::Done => "clear it",
        }),
        Action::Tick | Action::AskCancel => {
            let is_open = selected.is_some_and(|ticket| !ticket.order().state.is_over());
            is_open.then_some(word)
        }
        Action::Move(_) if state.page == Page::Board => selected.map(|_| word),
        Action::Left | Action::Right if state.page == Page::Board => {
            (!state.board.shown.is_empty()).then_some(word)
        }
        Action::Print => {
            let can_print = selected.is_some() && state.env.print.is_some();
            can_print.then_some(word)
        }
        Action::Undo => {
            let moved = selected.is_some_and(|it| it.order().state != OrderState::Placed);
            (moved || !state.board.own_steps.is_empty()).then_some(word)
        }
        Action::Live => (state.today.time != ShownTime::Today).then_some(word),
        Action::Sort if state.page == Page::Products => {
            state.products.list.sorting_in_force().map(|_| word)
        }
        Action::Sort => Some(match state.today.ranking {
            Ranking::Pieces => "by money",
            Ranking::Money => "by items",
        }),
        Action::SwitchPane if state.page == Page::Today => {
            let has_hours = !shows_both(state) && !state.today.shows_hours;
            Some(if has_hours { "hours" } else { word })
        }
        Action::Edit if state.page == Page::Shop => Some(word),
        Action::Edit | Action::More | Action::Less | Action::SetQuantity => {
            state.selected_product().map(|_| word)
        }
        Action::SellOut => {
            let selected = state.selected_product()?;
            let there_was = state.products.put_back.contains_key(&selected.product_id());
            match (selected.stock.is_sold_out(), there_was) {
                (true, true) => Some("put back"),
                (true, false) => None,
                (false, _) => Some(word),
            }
        }
        Action::Filter => Some(match state.products.filter.next() {
            StockFilter::Low => "what is low",
            StockFilter::SoldOut => "what is sold out",
            StockFilter::All => "all",
        }),
        // The others need nothing that is selected.
        _ => Some(word),
    }
}
