//! The footer's keys with their places: drawing and the mouse both read them.

use crate::config::keymap::Action;
use crate::model::text;
use crate::tui::state::State;

/// The columns between two keys.
const GAP: u16 = 2;

/// One key of the footer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    /// Its first column.
    pub x: u16,
    /// Its columns.
    pub width: u16,
    /// What a click on it does.
    pub action: Action,
    /// The key.
    pub key: String,
    /// A word for it.
    pub word: &'static str,
}

/// The keys that work now, in the order of the table, as many as fit in `width`.
#[must_use]
pub fn hints(state: &State, width: u16) -> Vec<Hint> {
    let all: Vec<Hint> = state
        .env
        .keymap
        .footer(state.context())
        .filter(|(action, ..)| *action != Action::PlaceOrder || can_order(state))
        .map(|(action, key, word)| {
            let columns = text::width(&key) + 1 + text::width(word);
            Hint {
                x: 0,
                width: u16::try_from(columns).unwrap_or(u16::MAX),
                action,
                key,
                word,
            }
        })
        .collect();
    let mut x = 1;
    let mut shown = with_room(all, width.saturating_sub(1));
    for hint in &mut shown {
        hint.x = x;
        x += hint.width + GAP;
    }
    shown
}

/// Those that have room in so many columns. Help or the way back takes its own first, then the
/// first two keys of the table, then quit; the others as they come, up to the first without.
fn with_room(all: Vec<Hint>, columns: u16) -> Vec<Hint> {
    let rank = |place: usize| match all[place].action {
        Action::Help | Action::Back => 0,
        _ if place < 2 => 1,
        Action::Quit => 2,
        _ => 3,
    };
    let mut places: Vec<usize> = (0..all.len()).collect();
    places.sort_by_key(|place| rank(*place));
    // The last one needs no gap behind it.
    let mut room = columns.saturating_add(GAP);
    let mut fits = vec![false; all.len()];
    for place in places {
        match room.checked_sub(all[place].width.saturating_add(GAP)) {
            Some(left) => (fits[place], room) = (true, left),
            None if rank(place) == 3 => break,
            None => {}
        }
    }
    all.into_iter()
        .zip(fits)
        .filter_map(|(hint, fits)| fits.then_some(hint))
        .collect()
}

/// Whether nothing known stands in the way of ordering what the checkout shows.
fn can_order(state: &State) -> bool {
    state
        .orders
        .preview
        .as_ref()
        .is_none_or(|preview| preview.order().is_ok())
}
