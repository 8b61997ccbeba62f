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
    match action {
        Action::Accept | Action::Complete if matches!(state.mode, StaffMode::Palette { .. }) => {
            palette::selected(state).map(|_| word)
        }
        Action::Accept if matches!(state.mode, StaffMode::Find) => Some("keep"),
        Action::Accept if matches!(state.mode, StaffMode::ConfirmSave(_)) => Some("save"),
        Action::Back => Some(word_of_back(state, word)),

        Action::Step
        | Action::Tick
        | Action::AskCancel
        | Action::Print
        | Action::Undo
        | Action::Left
        | Action::Right => word_on_board(state, action, word),
        Action::Move(_) if state.page == Page::Board => word_on_board(state, action, word),

        Action::Edit if state.page == Page::Shop => Some(word),
        Action::Edit
        | Action::More
        | Action::Less
        | Action::SetQuantity
        | Action::SellOut
        | Action::Filter => word_on_products(state, action, word),
        Action::Sort if state.page == Page::Products => {
            state.products.list.sorting_in_force().map(|_| word)
        }

        Action::Sort | Action::Live => word_on_today(state, action, word),
        Action::SwitchPane if state.page == Page::Today => word_on_today(state, action, word),

        // These need nothing that is selected.
        Action::Move(_)
        | Action::Search
        | Action::NextCategory
        | Action::PreviousCategory
        | Action::SwitchPane
        | Action::Redo
        | Action::Mouse
        | Action::Palette
        | Action::Complete
        | Action::Orders
        | Action::Receipt
        | Action::CancelOrder
        | Action::Totals
        | Action::Station
        | Action::List
        | Action::Products
        | Action::Help
        | Action::Accept
        | Action::Suspend
        | Action::Quit
        | Action::QuitAnyway => Some(word),

        // These are keys of the shop.
        Action::Add
        | Action::Remove
        | Action::Note
        | Action::Repeat
        | Action::ToCatalog
        | Action::ToCart
        | Action::AskClear
        | Action::Clear
        | Action::KeepAlive
        | Action::People
        | Action::PersonLines
        | Action::Ready
        | Action::Lock
        | Action::AskRule(_)
        | Action::Activity
        | Action::Checkout
        | Action::PlaceOrder
        | Action::Fix
        | Action::FixAll
        | Action::Again
        | Action::Settle
        | Action::Carts
        | Action::GoToCart
        | Action::ForgetCart
        | Action::LoadDemo => Some(word),
    }
}

fn word_of_back(state: &StaffState, word: &'static str) -> &'static str {
    match &state.mode {
        StaffMode::ConfirmSave(unsaved) => match unsaved.reason {
            UnsavedReason::Theirs(_) => "keep it",
            UnsavedReason::NotMade(_) => "drop it",
        },
        StaffMode::Browse
        | StaffMode::Find
        | StaffMode::Palette { .. }
        | StaffMode::Help(_)
        | StaffMode::ConfirmCancel(..)
        | StaffMode::Prompt { .. } => word,
    }
}

/// [`word_now`] of a key that does something with the selected ticket.
fn word_on_board(state: &StaffState, action: Action, word: &'static str) -> Option<&'static str> {
    let selected = state.board.selected();
    match action {
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
        Action::Left | Action::Right if state.page == Page::Board => {
            (!state.board.shown.is_empty()).then_some(word)
        }
        Action::Left | Action::Right => Some(word),
        Action::Print => {
            let can_print = selected.is_some() && state.env.print.is_some();
            can_print.then_some(word)
        }
        Action::Undo => {
            let moved = selected.is_some_and(|it| it.order().state != OrderState::Placed);
            (moved || !state.board.own_steps.is_empty()).then_some(word)
        }
        _ => selected.map(|_| word),
    }
}

/// [`word_now`] of a key that does something with the selected product, or the list of products.
fn word_on_products(
    state: &StaffState,
    action: Action,
    word: &'static str,
) -> Option<&'static str> {
    if action == Action::Filter {
        return Some(match state.products.filter.next() {
            StockFilter::Low => "what is low",
            StockFilter::SoldOut => "what is sold out",
            StockFilter::All => "all",
        });
    }

    let selected = state.selected_product()?;
    if action != Action::SellOut || !selected.stock.is_sold_out() {
        return Some(word);
    }
    let there_was = state.products.put_back.contains_key(&selected.product_id());
    there_was.then_some("put back")
}

/// [`word_now`] of a key that shows other figures.
fn word_on_today(state: &StaffState, action: Action, word: &'static str) -> Option<&'static str> {
    match action {
        Action::Live => (state.today.time != ShownTime::Today).then_some(word),
        Action::Sort => Some(match state.today.ranking {
            Ranking::Pieces => "by money",
            Ranking::Money => "by items",
        }),
        _ => {
            let has_hours = !shows_both(state) && !state.today.shows_hours;
            Some(if has_hours { "hours" } else { word })
        }
    }
}
