//! The footer's keys with their places: drawing and the mouse both read them.

use super::keymap::Action;
use super::state::State;
use super::update::context;
use crate::model::text;

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

/// The keys that work now, as many as fit in `width`; the last two, help and quit, always.
#[must_use]
pub fn hints(state: &State, width: u16) -> Vec<Hint> {
    let mut all: Vec<Hint> = state
        .session
        .keymap
        .footer(context(state))
        .filter(|(action, ..)| *action != Action::PlaceOrder || can_order(state))
        .map(|(action, key, word)| {
            let columns = text::width(&key) + 1 + text::width(word);
            Hint { x: 0, width: u16::try_from(columns).unwrap_or(u16::MAX), action, key, word }
        })
        .collect();
    let last = all.split_off(all.len().saturating_sub(2));
    let kept: u16 = last.iter().map(|hint| hint.width.saturating_add(2)).sum();
    let end = width.saturating_sub(kept);
    let mut x = 1;
    let mut place = |hint: &mut Hint, end: u16| {
        hint.x = x;
        let fits = x.saturating_add(hint.width) <= end;
        x = x.saturating_add(hint.width).saturating_add(2);
        fits
    };
    let mut shown: Vec<Hint> = Vec::new();
    for mut hint in all {
        if !place(&mut hint, end) {
            x = hint.x;
            break;
        }
        shown.push(hint);
    }
    let mut place = |hint: &mut Hint| {
        hint.x = x;
        let fits = x.saturating_add(hint.width) <= width;
        x = if fits { x.saturating_add(hint.width).saturating_add(2) } else { x };
        fits
    };
    shown.extend(last.into_iter().filter_map(|mut hint| place(&mut hint).then_some(hint)));
    shown
}

/// Whether nothing known stands in the way of ordering what the checkout shows.
fn can_order(state: &State) -> bool {
    state.desk.preview.as_ref().is_none_or(|preview| preview.order().is_ok())
}
