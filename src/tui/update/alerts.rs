//! Telling somebody something while they look elsewhere.

use super::Updater;
use crate::model::{Activity, ChangeKind, RuleChange, Update};
use crate::tui::layout::activity::describe_with_author;
use crate::tui::message::Effect;
use crate::tui::state::alerts::Claim;

impl Updater<'_> {
    /// Takes in that the terminal has the focus, or lost it.
    pub(super) fn on_focus(&mut self, has_focus: bool) {
        self.state.missed = if has_focus {
            self.state.alerts.forget();
            None
        } else {
            self.state.missed.or(Some(0))
        };
    }

    /// Tells this person in a few words what happened, where they look elsewhere. It must be news to
    /// them, read from the shop, and never their own doing.
    pub(super) fn alert(&mut self, words: String) {
        if let Some(missed) = &mut self.state.missed {
            *missed += 1;
            self.state.alerts.wait(words);
            self.alert_if_due();
        }
    }

    /// Tells them what happened, once the last time is some seconds ago.
    pub(super) fn alert_if_due(&mut self) {
        let due = self.state.alerts.take_due(self.state.now);
        self.effects.extend(due.map(Effect::Alert));
    }

    /// The claim in a change of the cart that is worth an alert: somebody else has locked the cart,
    /// or has taken pieces of ours. Only the cart itself can show that it is true.
    pub(super) fn claim_of(&self, update: &Update) -> Option<Claim> {
        let me = &self.state.env.me;
        if self.state.missed.is_none() || update.by == *me {
            return None;
        }

        let locks =
            update.kind == ChangeKind::Rules && update.rules.contains(&RuleChange::Locked(true));
        // Only where a line shrinks can pieces of this person have gone.
        let shrunk = update.lines.iter().filter(|line| line.delta < 0);
        let mut taken = shrunk.flat_map(|line| &line.taken);
        let takes = taken.any(|share| share.by == *me);
        (locks || takes).then(|| Claim {
            version: update.version,
            words: describe_with_author(self.state, &Activity::from(update)),
            locks,
            takes,
            before: self.state.cart_before(),
        })
    }

    /// Keeps a claim until the cart is read; returns whether there was one, and room for it.
    pub(super) fn keep_claim(&mut self, claim: Option<Claim>) -> bool {
        claim.is_some_and(|claim| self.state.alerts.keep(claim))
    }

    /// Tells of a claim that comes after the cart was read which shows the same.
    pub(super) fn settle_late_claim(&mut self, claim: Option<Claim>) {
        let told = claim.and_then(|claim| self.state.alerts.settle_late(claim));
        if let Some(words) = told {
            self.alert(words);
        }
    }
}
