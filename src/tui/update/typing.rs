//! Typing and editing a line of text.

use super::Updater;
use crate::config::key::{Code, Key};
use crate::config::keymap::Action;
use crate::model::notes::LONGEST_NOTE;
use crate::model::text;
use crate::model::typed_rule::TypedRule;
use crate::tui::state::{Asked, Mode};
use tui_input::{Input, InputRequest};

/// The longest text that can be typed, in characters.
pub(in crate::tui) const TEXT_LIMIT: usize = 100;
/// The same for many names.
const NAMES_LIMIT: usize = 2_000;
/// The same for a command, which may end with a note.
const COMMAND_LIMIT: usize = TEXT_LIMIT + LONGEST_NOTE;

impl Updater<'_> {
    /// Types pasted text where something is typed, and adds the products of pasted codes. Any other
    /// does nothing, so that a pasted newline places no order.
    pub(super) fn paste(&mut self, pasted: &str) {
        // On a screen that is too small nobody sees what is typed.
        if self.state.areas().is_none() {
            return;
        }

        // More of it may come after a pause, and then look like keys.
        if matches!(self.state.mode, Mode::Checkout(_)) {
            self.state.mode = Mode::Browse;
            let key = self.state.env.keymap.key_of(Action::Checkout);
            self.notify_info(format!(
                "Pasted text orders nothing: {key} opens the checkout again"
            ));
            return;
        }

        if self.paste_codes(pasted) {
            return;
        }

        let limit = text_limit(&self.state.mode);
        let line = text::sanitize_to(pasted.trim().as_bytes(), limit);
        for c in line.chars() {
            self.edit_text(Key::plain(Code::Char(c)));
        }
    }

    /// Handles a key that types or edits, at the prompt that is open.
    pub(super) fn edit_text(&mut self, key: Key) {
        let Some(request) = edit_request(key) else {
            return;
        };

        let limit = text_limit(&self.state.mode);
        match &mut self.state.mode {
            Mode::Prompt { input, .. } => {
                apply(input, request, limit);
            }
            Mode::Palette { input, cursor } => {
                if apply(input, request, limit) {
                    *cursor = 0;
                    self.search_open_palette();
                }
            }
            Mode::Search => {
                if apply(&mut self.state.catalog.words, request, limit) {
                    self.search_catalog(None);
                }
            }
            Mode::OrderSearch => {
                if apply(&mut self.state.orders.words, request, limit) {
                    self.show_found_orders();
                }
            }
            Mode::Help(page) => {
                if apply(&mut page.words, request, limit) {
                    page.top = 0;
                }
            }
            Mode::Browse
            | Mode::Checkout(_)
            | Mode::Orders
            | Mode::Receipt { .. }
            | Mode::Carts
            | Mode::ConfirmQuit
            | Mode::ConfirmCancel(_)
            | Mode::ConfirmClear(_) => {}
        }
    }
}

/// Edits a line of text of at most `limit` characters by a key; returns whether the text changed.
pub(in crate::tui) fn edit(input: &mut Input, key: Key, limit: usize) -> bool {
    edit_request(key).is_some_and(|request| apply(input, request, limit))
}

/// Returns whether a key types or edits.
pub(in crate::tui) fn is_edit(key: Key) -> bool {
    edit_request(key).is_some()
}

/// The longest text that can be typed here, in characters.
fn text_limit(mode: &Mode) -> usize {
    let names = Asked::Rule(TypedRule::Expect);
    match mode {
        Mode::Prompt { asked, .. } if *asked == names => NAMES_LIMIT,
        Mode::Prompt {
            asked: Asked::Note(_),
            ..
        } => LONGEST_NOTE,
        Mode::Palette { .. } => COMMAND_LIMIT,
        Mode::Prompt { .. }
        | Mode::Search
        | Mode::OrderSearch
        | Mode::Browse
        | Mode::Help(_)
        | Mode::Checkout(_)
        | Mode::Orders
        | Mode::Receipt { .. }
        | Mode::Carts
        | Mode::ConfirmQuit
        | Mode::ConfirmCancel(_)
        | Mode::ConfirmClear(_) => TEXT_LIMIT,
    }
}

/// Edits a line of text of at most `limit` characters, and returns whether the text changed.
fn apply(input: &mut Input, request: InputRequest, limit: usize) -> bool {
    let grows = matches!(request, InputRequest::InsertChar(_));
    if grows && input.value().chars().count() >= limit {
        return false;
    }
    input.handle(request).is_some_and(|change| change.value)
}

/// The edit that a key stands for, as in a shell.
fn edit_request(key: Key) -> Option<InputRequest> {
    Some(match (key.code, key.ctrl, key.alt) {
        (Code::Char(c), false, false) => InputRequest::InsertChar(c),

        (Code::Named("backspace"), false, false) | (Code::Char('h'), true, false) => {
            InputRequest::DeletePrevChar
        }
        (Code::Named("delete"), false, false) | (Code::Char('d'), true, false) => {
            InputRequest::DeleteNextChar
        }
        (Code::Char('w'), true, false) | (Code::Named("backspace"), ..) => {
            InputRequest::DeletePrevWord
        }
        (Code::Char('u'), true, false) => InputRequest::DeleteLine,
        (Code::Char('k'), true, false) => InputRequest::DeleteTillEnd,

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

        _ => return None,
    })
}
