//! Key presses: the action that a key triggers, or what it types.

use super::{Updater, typing};
use crate::config::key::{Code, Key};
use crate::config::keymap::{Action, Context};
use crate::tui::layout::footer::unseen_news;
use crate::tui::state::{Asked, Connectivity, Mode};

/// The most keys that wait for a search. Codes are many keys.
const TYPED_AHEAD_LIMIT: usize = 1_024;

impl Updater<'_> {
    /// Does what a key means where it is pressed.
    pub(super) fn press_key(&mut self, key: Key) {
        if self.state.areas().is_none() {
            self.press_unseen(key);
            return;
        }

        // Whoever types for a prompt has not seen yet that it is refused.
        let notice = self.state.notice.as_ref();
        let holds_keys = notice.is_some_and(|notice| notice.holds_keys);
        if holds_keys && !key.ctrl && unseen_news(self.state).is_some() {
            return;
        }

        let context = self.state.context();
        // A note keeps what is typed.
        let is_note = matches!(
            self.state.mode,
            Mode::Prompt {
                asked: Asked::Note(_),
                ..
            }
        );
        let types_words = is_note || matches!(context, Context::Search | Context::Palette);
        let key = if types_words {
            key
        } else {
            key.with_plain_digit()
        };
        let action = self.state.env.keymap.dispatch(context, key);
        let code = self.code_ended_by(key);

        let code_must_wait = code.is_some() && self.is_catalog_coming();
        if code_must_wait || self.must_wait(context, action) {
            let typed_ahead = &mut self.state.catalog.typed_ahead;
            if typed_ahead.len() < TYPED_AHEAD_LIMIT {
                typed_ahead.push(key);
            }
            return;
        }

        if let Some(code) = code {
            self.take_code(context, &code);
        } else if let Some(action) = action {
            self.act(action);
        } else if key.alt && !(is_typing(context) && typing::is_edit(key)) {
            self.press_split(key);
        } else {
            self.type_key(context, key);
        }
    }

    /// Handles a key with alt that means nothing by itself. Terminals send alt as an escape
    /// before the key, so these were two keys that came together over a slow line.
    fn press_split(&mut self, key: Key) {
        self.press_key(Key::plain(Code::Named("esc")));
        self.press_key(Key { alt: false, ..key });
    }

    /// Handles a key on a screen that is too small to show anything: it only quits or suspends,
    /// as nobody should change what they do not see.
    fn press_unseen(&mut self, key: Key) {
        let asks_to_quit = matches!(self.state.mode, Mode::ConfirmQuit);
        // Whatever was open when the window shrank, the keys are those of the lists.
        let context = if asks_to_quit {
            Context::ConfirmQuit
        } else {
            Context::Catalog
        };

        match self.state.env.keymap.dispatch(context, key) {
            Some(action @ (Action::Quit | Action::Suspend)) => self.act(action),
            Some(action @ Action::Back) if asks_to_quit => self.act(action),
            // Any other action would change, or show, what does not fit on the screen.
            _ => {}
        }
    }

    /// Handles a key without an action: it types text or a number, or does nothing.
    fn type_key(&mut self, context: Context, key: Key) {
        match context {
            Context::Search | Context::Prompt | Context::Palette => self.edit_text(key),

            Context::Activity if self.state.env.keymap.dispatch(Context::Cart, key).is_some() => {
                // Nobody should change a line that they do not see.
                let hides = self.state.env.keymap.key_of(Action::Activity);
                self.refuse_prompt(format!(
                    "The Activity panel covers the cart: {hides} hides it"
                ));
                self.state.digits.clear();
            }
            Context::People
                if self.state.people_cover_cart()
                    && self.state.env.keymap.dispatch(Context::Cart, key).is_some() =>
            {
                let hides = self.state.env.keymap.key_of(Action::People);
                self.refuse_prompt(format!(
                    "The People panel covers the cart: {hides} hides it"
                ));
                self.state.digits.clear();
            }
            Context::Catalog | Context::Cart | Context::Activity
                if self.state.env.keymap.dispatch(Context::People, key) == Some(Action::Ready) =>
            {
                let keymap = &self.state.env.keymap;
                let people = keymap.key_of(Action::People);
                let ready = keymap.key_of(Action::Ready);
                self.notify_info(format!(
                    "Press {people}, then {ready}, to say that you are ready"
                ));
                self.state.digits.clear();
            }
            Context::Checkout if key.typed().is_none_or(|c| !c.is_ascii_digit()) => {
                self.hint_at_place_order(key);
            }

            Context::Catalog
            | Context::Cart
            | Context::People
            | Context::Activity
            | Context::Checkout
            | Context::EmptyCatalog
            | Context::Help
            | Context::Orders
            | Context::Receipt
            | Context::Carts
            | Context::Board
            | Context::Ready
            | Context::Today
            | Context::Products
            | Context::Shop
            | Context::ConfirmQuit
            | Context::ConfirmCancel
            | Context::ConfirmClear => {
                let typed = key.typed();
                if !typed.is_some_and(|typed| self.state.digits.push(typed)) {
                    self.say_what_is_near(context, key);
                }
            }
        }
    }

    /// Says what is near a key that does nothing, unless a message or a number has the line.
    fn say_what_is_near(&mut self, context: Context, key: Key) {
        let is_question = matches!(
            context,
            Context::ConfirmQuit | Context::ConfirmCancel | Context::ConfirmClear
        );
        if is_question || self.state.notice.is_some() || !self.state.digits.is_empty() {
            return;
        }
        if let Some(near) = self.state.env.keymap.about_unknown(context, key) {
            self.notify_info(near);
        }
    }

    /// Returns whether a key must wait until a search ends, as it would act on another row before,
    /// or until the shop is there, as there is no row yet to act on.
    /// Keys that leave never wait, and no key overtakes one that does.
    fn must_wait(&self, context: Context, action: Option<Action>) -> bool {
        let leaves = matches!(
            action,
            Some(Action::Quit | Action::QuitAnyway | Action::Suspend | Action::Back)
        );
        if leaves {
            return false;
        }

        let rows_may_change = match context {
            Context::Catalog => {
                self.state.catalog.is_searching() || action.is_some_and(|it| self.comes_early(it))
            }
            Context::Palette => self.state.matches.is_searching() && action.is_some(),
            Context::EmptyCatalog
            | Context::Cart
            | Context::People
            | Context::Activity
            | Context::Search
            | Context::Prompt
            | Context::Help
            | Context::Checkout
            | Context::Orders
            | Context::Receipt
            | Context::Carts
            | Context::Board
            | Context::Ready
            | Context::Today
            | Context::Products
            | Context::Shop
            | Context::ConfirmQuit
            | Context::ConfirmCancel
            | Context::ConfirmClear => false,
        };
        rows_may_change || !self.state.catalog.typed_ahead.is_empty()
    }

    /// Returns whether an action comes before what it acts on: the cart, or the rows of the catalog.
    fn comes_early(&self, action: Action) -> bool {
        match action {
            Action::Undo | Action::Redo | Action::AskClear | Action::Checkout => {
                self.state.connectivity == Connectivity::Connecting
            }
            action => acts_on_rows(action) && self.is_opening(),
        }
    }

    /// Returns whether the shop is just being opened: it is sure to come, but there is no cart or no
    /// product yet.
    fn is_opening(&self) -> bool {
        let is_connecting = self.state.connectivity == Connectivity::Connecting;
        self.is_catalog_coming() && (is_connecting || self.state.catalog.rows() == 0)
    }

    /// Presses the keys that were typed before the shop was there, once it is, or can't be had.
    pub(super) fn replay_typed_early(&mut self) {
        let waits = self.state.catalog.is_searching() || self.state.matches.is_searching();
        if !waits && !self.is_opening() && !self.state.catalog.typed_ahead.is_empty() {
            self.replay_typed_ahead();
        }
    }

    /// Presses the keys again that were typed ahead.
    pub(super) fn replay_typed_ahead(&mut self) {
        for key in std::mem::take(&mut self.state.catalog.typed_ahead) {
            self.press_key(key);
        }
    }
}

/// Tells whether an action does nothing where the catalog has no rows.
fn acts_on_rows(action: Action) -> bool {
    matches!(
        action,
        Action::Move(_)
            | Action::Add
            | Action::More
            | Action::Less
            | Action::Remove
            | Action::SetQuantity
            | Action::Note
            | Action::Repeat
            | Action::NextCategory
            | Action::PreviousCategory
    )
}

fn is_typing(context: Context) -> bool {
    matches!(
        context,
        Context::Search | Context::Prompt | Context::Palette
    )
}
