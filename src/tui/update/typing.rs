//! Typing into a line of text.

use super::catalog;
use crate::config::key::{Code, Key};
use crate::model::text;
use crate::tui::layout::palette;
use crate::tui::message::Effect;
use crate::tui::state::{Mode, State};
use tui_input::{Input, InputRequest};

/// The longest text that can be typed.
const LONGEST: usize = 100;

/// Text was pasted: it is typed where something is typed; elsewhere it does nothing, so
/// that a pasted newline orders nothing.
pub fn paste(state: &mut State, pasted: &str, effects: &mut Vec<Effect>) {
    // On a screen that is too small nobody sees what is typed.
    if state.areas().is_none() {
        return;
    }
    let line = text::sanitize_to(pasted.trim().as_bytes(), LONGEST);
    for c in line.chars() {
        edit(state, Key::plain(Code::Char(c)), effects);
    }
}

/// A key that types or edits.
pub fn edit(state: &mut State, key: Key, effects: &mut Vec<Effect>) {
    let Some(request) = request(key) else { return };
    let (input, cursor) = match &mut state.mode {
        Mode::Quantity { input, .. } => (input, None),
        Mode::Palette { input, cursor } => (input, Some(cursor)),
        Mode::Search => (&mut state.catalog.words, None),
        _ => return,
    };
    let changed = handle(input, request);
    if let Some(cursor) = cursor.filter(|_| changed) {
        *cursor = 0;
    }
    match state.mode {
        Mode::Search if changed => catalog::find(state, None, effects),
        Mode::Palette { .. } if changed => palette::ask(state, effects),
        _ => {}
    }
}

/// Whether a key types or edits.
pub fn edits(key: Key) -> bool {
    request(key).is_some()
}

/// Whether the text changed.
fn handle(input: &mut Input, request: InputRequest) -> bool {
    let grows = matches!(request, InputRequest::InsertChar(_));
    if grows && input.value().chars().count() >= LONGEST {
        return false;
    }
    input.handle(request).is_some_and(|change| change.value)
}

/// What a key does to a line of text, as in a shell.
fn request(key: Key) -> Option<InputRequest> {
    Some(match (key.code, key.ctrl, key.alt) {
        (Code::Char(c), false, false) => InputRequest::InsertChar(c),
        (Code::Named("backspace"), false, false) | (Code::Char('h'), true, false) => {
            InputRequest::DeletePrevChar
        }
        (Code::Named("delete"), false, false) | (Code::Char('d'), true, false) => {
            InputRequest::DeleteNextChar
        }
        (Code::Named("left"), false, false) | (Code::Char('b'), true, false) => {
            InputRequest::GoToPrevChar
        }
        (Code::Named("right"), false, false) | (Code::Char('f'), true, false) => {
            InputRequest::GoToNextChar
        }
        (Code::Named("left"), ..) | (Code::Char('b'), _, true) => InputRequest::GoToPrevWord,
        (Code::Named("right"), ..) | (Code::Char('f'), _, true) => InputRequest::GoToNextWord,
        (Code::Named("home"), ..) | (Code::Char('a'), true, false) => InputRequest::GoToStart,
        (Code::Named("end"), ..) | (Code::Char('e'), true, false) => InputRequest::GoToEnd,
        (Code::Char('u'), true, false) => InputRequest::DeleteLine,
        (Code::Char('w'), true, false) | (Code::Named("backspace"), ..) => {
            InputRequest::DeletePrevWord
        }
        (Code::Char('k'), true, false) => InputRequest::DeleteTillEnd,
        _ => return None,
    })
}
