//! Telling somebody something while they look elsewhere.

use super::Updater;
use crate::model::{Activity, ChangeKind, RuleChange, Update};
use crate::tui::layout::activity::describe_with_author;
use crate::tui::message::Effect;

impl Updater<'_> {
    /// Takes in that the terminal has the focus, or lost it.
    pub(super) fn on_focus(&mut self, has_focus: bool) {
        self.state.missed = if has_focus {
            None
        } else {
            self.state.missed.or(Some(0))
        };
    }

    /// Tells this person in a few words what happened, where they look elsewhere. It must be news to
    /// them, and never their own doing.
    pub(super) fn alert(&mut self, words: String) {
        let Some(missed) = &mut self.state.missed else {
            return;
        };
        *missed += 1;
        self.effects.push(Effect::Alert(words));
    }

    /// Tells them of a change of the cart which is worth that: somebody else has locked it, or has
    /// taken pieces of theirs.
    pub(super) fn alert_of(&mut self, update: &Update) {
        if update.by == self.state.env.me {
            return;
        }

        let locks =
            update.kind == ChangeKind::Rules && update.rules.contains(&RuleChange::Locked(true));
        let mut taken = update.lines.iter().flat_map(|line| &line.taken);
        if locks || taken.any(|share| share.by == self.state.env.me) {
            let words = describe_with_author(self.state, &Activity::from(update));
            self.alert(words);
        }
    }
}
