//! Key presses: the action that a key triggers, or what it types.

use super::Updater;
use crate::config::key::{Code, Key};
use crate::config::keymap::{Action, Context};
use crate::model::text;
use crate::tui::staff::state::prompt::UnsavedReason;
use crate::tui::staff::state::{Page, StaffMode};
use crate::tui::update::typing::{TEXT_LIMIT, edit, is_edit};

impl Updater<'_> {
    /// Does what a key means where it is pressed.
    pub(super) fn press_key(&mut self, key: Key) {
        let context = self.state.context();
        let is_typing = matches!(
            context,
            Context::Search | Context::Palette | Context::Prompt
        );
        let key = if is_typing {
            key
        } else {
            key.with_plain_digit()
        };
        let action = self.state.env.keymap.dispatch(context, key);

        if !self.state.has_room() {
            // Nobody should change what they do not see.
            if let Some(action @ (Action::Quit | Action::Suspend)) = action {
                self.act(action);
            }
            return;
        }

        if let Some(action) = action {
            self.act(action);
        } else if key.alt && !(is_typing && is_edit(key)) {
            // An escape and a key that came together over a slow line.
            self.press_key(Key::plain(Code::Named("esc")));
            self.press_key(Key { alt: false, ..key });
        } else {
            self.type_key(key);
        }
    }

    /// Handles a key without an action: it types text or digits, or does nothing.
    fn type_key(&mut self, key: Key) {
        match &mut self.state.mode {
            StaffMode::Palette { input, cursor } => {
                if edit(input, key, TEXT_LIMIT) {
                    *cursor = 0;
                }
            }
            StaffMode::Find if self.state.page == Page::Products => self.type_search(key),
            StaffMode::Find => {
                if edit(&mut self.state.board.words, key, TEXT_LIMIT) {
                    self.state.board.refresh();
                }
            }
            StaffMode::Prompt { input, .. } => {
                edit(input, key, text::LONGEST);
            }
            StaffMode::Help(page) if page.is_typing => {
                if edit(&mut page.words, key, TEXT_LIMIT) {
                    page.top = 0;
                }
            }
            StaffMode::Browse if self.state.page == Page::Board && is_of_number(key) => {
                self.type_digit(key);
            }
            StaffMode::Browse if self.state.page == Page::Products && key.typed().is_some() => {
                if let Some(typed) = key.typed() {
                    self.state.products.digits.push(typed);
                }
            }
            StaffMode::Browse | StaffMode::Help(_) => {
                self.state.products.digits.clear();
                self.say_what_is_near(key);
            }
            StaffMode::ConfirmSave(unsaved) => match unsaved.reason {
                UnsavedReason::Theirs(_) => {
                    self.state.mode = StaffMode::Browse;
                    self.begin_word(key);
                }
                // What was typed goes only where that is said.
                UnsavedReason::NotMade(_) => {}
            },
            // Any other key than the one that says yes keeps things as they are.
            StaffMode::ConfirmCancel(..) => self.state.mode = StaffMode::Browse,
        }
    }

    /// Begins a command, a search or the help where the key is theirs: the letters that follow belong to
    /// that, and act on nothing.
    fn begin_word(&mut self, key: Key) {
        let action = self.state.env.keymap.dispatch(self.state.context(), key);
        if let Some(action @ (Action::Palette | Action::Search | Action::Help)) = action {
            self.act(action);
        }
    }

    /// Says what is near a key that does nothing, unless a message or a number has the line.
    fn say_what_is_near(&mut self, key: Key) {
        if self.state.notice.is_some() || !self.state.board.digits.is_empty() {
            return;
        }
        let context = self.state.context();
        if let Some(near) = self.state.env.keymap.about_unknown(context, key) {
            self.notify_info(near);
        }
    }

    /// Types pasted text where something is typed. Elsewhere it does nothing.
    pub(super) fn paste(&mut self, pasted: &str) {
        if !self.state.has_room() {
            return;
        }

        let line = text::sanitize_to(pasted.trim().as_bytes(), text::LONGEST);
        let is_typing = match &self.state.mode {
            StaffMode::Palette { .. } | StaffMode::Find | StaffMode::Prompt { .. } => true,
            StaffMode::Help(page) => page.is_typing,
            StaffMode::Browse | StaffMode::ConfirmSave(_) | StaffMode::ConfirmCancel(..) => false,
        };

        if is_typing {
            for c in line.chars() {
                self.type_key(Key::plain(Code::Char(c)));
            }
        }
    }
}

/// Tells whether a key types a digit, or takes the last one away.
fn is_of_number(key: Key) -> bool {
    let is_digit = key.typed().is_some_and(|typed| typed.is_ascii_digit());
    is_digit || key.code == Code::Named("backspace")
}
