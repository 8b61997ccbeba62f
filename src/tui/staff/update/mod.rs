//! The pure core of the screens of the staff: a message changes the state and asks for effects.

mod actions;
mod board;
mod editing;
mod events;
mod keys;
mod mouse;
mod notices;
mod palette;
mod products;
mod settings;
mod today;

use crate::model::{Refusal, text};
use crate::store::board::BoardRequest;
use crate::store::{Error, RepeatError, Trouble};
use crate::tui::message::{Mouse, MouseKind, Now, ShellEvent, TerminalEvent};
use crate::tui::staff::layout::board::keep_selected_in_sight;
use crate::tui::staff::message::{StaffEffect, StaffMessage};
use crate::tui::staff::state::{StaffMode, StaffState};
use crate::tui::state::background::suit_theme;
use crate::tui::state::{Notice, Tone, UnknownChange};

/// Applies a message to the state, and returns the effects that it asks for.
pub fn update(state: &mut StaffState, message: StaffMessage, now: Now) -> Vec<StaffEffect> {
    let mut updater = Updater {
        state,
        effects: Vec::new(),
    };
    updater.take_in(message, now);
    updater.effects
}

/// One update: the state that it changes, and the effects that it has asked for so far.
struct Updater<'a> {
    state: &'a mut StaffState,
    effects: Vec<StaffEffect>,
}

impl Updater<'_> {
    fn take_in(&mut self, message: StaffMessage, now: Now) {
        self.state.now = now;
        if now.is_after_sleep(&mut self.state.wall_ahead) {
            self.reread();
        }

        match message {
            StaffMessage::Shell(event) => self.on_shell(event),
            StaffMessage::Seen(seen) => {
                let lost = &mut self.state.products.lost;
                lost.take_if(|lost| lost.is_refused && seen.notice.is_some());
                self.state.seen = seen;
            }
            StaffMessage::Board(event) => self.on_board(event),
            StaffMessage::Printed(name, Ok(())) => self.notify_info(format!("Printed {name}")),
            StaffMessage::Printed(name, Err(why)) => {
                self.refuse(format!("Printing {name} failed: {why}"));
            }
            StaffMessage::FiguresProgress(number, orders) => {
                self.on_figures_progress(number, orders);
            }
            StaffMessage::Figures(number, read) => self.on_figures(number, read),
            StaffMessage::Products(read) => self.on_products(read),
            StaffMessage::Catalog(message) => self.on_catalog(*message),
            StaffMessage::SteppedStock(before, step, outcome) => {
                self.on_stepped_stock(&before, step, outcome);
            }
            StaffMessage::Edited(edit, outcome) => self.on_edited(edit, outcome),
            StaffMessage::ShopSet(edit, outcome) => self.on_shop_set(edit, outcome),
            StaffMessage::Revived(outcome) => {
                self.state.reviving = false;
                if let Err(why) = outcome {
                    self.refuse(why);
                }
            }
        }

        let now = self.state.now.steady;
        let due = self.state.alerts.take_due(now);
        self.effects.extend(due.map(StaffEffect::Alert));
        let notice = &mut self.state.notice;
        notice.take_if(|notice| notice.until.is_some_and(|until| until <= now));

        self.load_catalog_if_due();
        self.keep_line_within();
        if self.state.has_room() {
            keep_selected_in_sight(self.state);
            self.keep_product_in_sight();
        }
    }

    fn on_shell(&mut self, event: ShellEvent) {
        match event {
            ShellEvent::Terminal(event) => self.on_terminal(event),
            ShellEvent::Resize(width, height) => self.state.size = (width, height),
            ShellEvent::Continued => {
                // Whoever resumes the program is looking at it.
                self.on_focus(true);
                self.reread();
            }
            ShellEvent::Notice(text) => self.notify_until_key(text, Tone::Warn),
            ShellEvent::Clock => self.turn_clock(),
        }
    }

    fn on_terminal(&mut self, event: TerminalEvent) {
        // Whatever a key or a click does, it drops what was on the screen before.
        let is_press = match &event {
            TerminalEvent::Key(_) | TerminalEvent::Paste(_) => true,
            TerminalEvent::Mouse(Mouse { kind, .. }) => *kind == MouseKind::Press,
            TerminalEvent::KeysTogether
            | TerminalEvent::Focus(_)
            | TerminalEvent::Background { .. } => false,
        };
        if is_press {
            self.drop_seen_notice();
            for ticket in &mut self.state.board.tickets {
                ticket.is_new = false;
            }
        }

        match event {
            TerminalEvent::Key(key) => self.press_key(key),
            // The first of them was pressed before anybody saw what it did.
            TerminalEvent::KeysTogether => {
                self.state.seen.ticket = None;
                self.state.seen.question = None;
                self.state.seen.unsaved = None;
            }
            TerminalEvent::Focus(has_focus) => self.on_focus(has_focus),
            TerminalEvent::Background { is_light } => self.on_background(is_light),
            TerminalEvent::Paste(text) => self.paste(&text),
            TerminalEvent::Mouse(mouse) => self.on_mouse(mouse),
        }
    }

    /// Takes in that the terminal has told its background: the theme suits it.
    fn on_background(&mut self, is_light: bool) {
        let state = &mut self.state;
        let warning = suit_theme(
            &mut state.theme,
            state.late_colours.take(),
            state.env.display,
            is_light,
            state.notice.as_ref(),
        );
        if let Some(warning) = warning {
            self.show_notice(warning);
        }
    }

    /// Drops the message that waited for a key and was on the terminal before it.
    fn drop_seen_notice(&mut self) {
        let seen = self.state.seen.notice.take();
        let notice = self.state.notice.as_ref();
        if notice.is_some_and(|it| it.until.is_none() && seen.as_ref() == Some(&it.text)) {
            self.drop_notice();
        }
    }

    fn reread(&mut self) {
        self.request(BoardRequest::Reread);
    }

    /// Makes a request, which is pending until it is answered.
    fn request(&mut self, request: BoardRequest) {
        if request != BoardRequest::Reread {
            self.state.board.pending.push(request.clone());
        }
        self.effects.push(StaffEffect::Board(request));
    }

    /// Takes in that the terminal has the focus, or lost it.
    fn on_focus(&mut self, has_focus: bool) {
        self.state.missed = if has_focus {
            None
        } else {
            self.state.missed.or(Some(0))
        };
    }

    /// Tells this person in a few words what happened, wherever they look: who makes orders looks
    /// at their hands. It must be news to them, and never their own doing.
    fn alert(&mut self, words: String) {
        if let Some(missed) = &mut self.state.missed {
            *missed += 1;
        }
        self.state.alerts.wait(words);
    }

    /// Opens the help, the palette or a question in place of what was open.
    fn open(&mut self, mode: StaffMode) {
        self.state.mode = mode;
    }

    /// The sentence for a refusal, to whoever sits at this screen.
    fn told(&self, refusal: Refusal) -> String {
        let refusal = refusal.for_reader(&self.state.env.me);
        refusal.told_in(&self.state.shop.currency)
    }

    /// Says why `what` was not changed, or is not safe yet, or that nobody knows whether it was
    /// changed. `clerks` names what only a clerk can change.
    fn refuse_failed_change(
        &mut self,
        change: UnknownChange,
        what: &str,
        clerks: &str,
        error: RepeatError,
    ) {
        match error {
            RepeatError::Failed(Error::Refused(refusal)) => {
                let told = self.told(refusal);
                self.refuse(told);
            }
            RepeatError::Failed(Error::Trouble(Trouble::NoPermission(_))) => {
                self.refuse(format!("Only a clerk can change {clerks}"));
            }
            RepeatError::Failed(Error::Trouble(trouble @ Trouble::TooFewReplicas { .. })) => {
                let what = text::capitalized(what);
                self.refuse(format!("{what} was changed, but {trouble}"));
            }
            RepeatError::Failed(Error::Trouble(trouble)) => {
                let what = text::capitalized(what);
                self.refuse(format!("{what} was not changed: {trouble}"));
            }
            RepeatError::Failed(Error::Unknown { trouble, .. }) | RepeatError::Unknown(trouble) => {
                let told = format!("It is not known whether {what} was changed: {trouble}");
                self.say_unknown(change, told);
            }
        }
    }

    /// Shows news.
    fn notify_info(&mut self, text: impl Into<String>) {
        let now = self.state.now.steady;
        self.show_notice(Notice::timed(text.into(), Tone::Info, now));
    }

    /// Shows that something was refused or failed, until the next key.
    fn refuse(&mut self, text: impl Into<String>) {
        self.notify_until_key(text.into(), Tone::Bad);
    }

    fn notify_until_key(&mut self, text: String, tone: Tone) {
        self.show_notice(Notice::until_key(text, tone));
    }
}
