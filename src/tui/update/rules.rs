//! The rules of the cart, as they are set from the screen.

use super::{CART_UNREAD, Updater};
use crate::model::typed_rule::TypedRule;
use crate::model::{Refusal, RuleChange, rules};
use crate::store::live::LiveRequest;
use crate::store::{Error, Trouble};
use crate::tui::message::Effect;
use crate::tui::state::{Asked, Connectivity, Mode, Notice, Tone};
use tui_input::Input;

/// The most rules that may be on their way to the server. A key that is held asks for more than it
/// takes.
const MOST_RULES_SENT: usize = 20;

/// The word to whoever types an amount or a time before it is known what these mean here.
const SHOP_UNREAD: &str = "The rule was not set: the shop was not read yet";

impl Updater<'_> {
    /// Locks the cart, or unlocks it.
    pub(super) fn toggle_lock(&mut self) {
        let is_locked = self.state.cart.confirmed.rules.locked;
        self.request_rule(RuleChange::Locked(!is_locked));
    }

    /// Opens the prompt for a rule of the cart.
    pub(super) fn ask_rule(&mut self, rule: TypedRule) {
        if let Some(refusal) = self.rules_refusal() {
            return self.show(refusal.of_prompt());
        }
        // Names are many: one more is typed behind them.
        let value = match rule {
            TypedRule::Expect => self.state.cart.confirmed.rules.expected.join(", "),
            TypedRule::Deadline | TypedRule::Budget | TypedRule::Each => String::new(),
        };
        self.state.mode = Mode::Prompt {
            asked: Asked::Rule(rule),
            input: Input::new(value),
        };
    }

    /// Sets a rule to what was typed at its prompt. Nothing typed changes nothing; but who takes
    /// away all names that stood there expects nobody.
    pub(super) fn set_rule(&mut self, rule: TypedRule, typed: &str) {
        if typed.trim().is_empty() {
            let had_names = !self.state.cart.confirmed.rules.expected.is_empty();
            if rule == TypedRule::Expect && had_names {
                self.request_rule(RuleChange::Expected(Vec::new()));
            }
            return;
        }
        let is_amount = matches!(rule, TypedRule::Budget | TypedRule::Each);
        if is_amount && !self.state.catalog.knows_shop {
            return self.notify_error(SHOP_UNREAD);
        }
        match self.state.typed_rule(rule, typed) {
            Some(change) => self.request_rule(change),
            None => {
                let hours = self.state.clock().hours;
                let currency = &self.state.shop.currency;
                self.notify_error(rule.refusal(typed, currency, hours));
            }
        }
    }

    /// Asks the server to set a rule.
    pub(super) fn request_rule(&mut self, change: RuleChange) {
        if let Some(refusal) = self.rules_refusal() {
            return self.show(refusal);
        }
        // What was typed is understood by the shop's currency and clock.
        let is_typed = matches!(
            change,
            RuleChange::Budget(Some(_))
                | RuleChange::BudgetEach(Some(_))
                | RuleChange::Closes(Some(_))
        );
        if is_typed && !self.state.catalog.knows_shop {
            return self.notify_error(SHOP_UNREAD);
        }
        if self.state.people.rules_sent.len() >= MOST_RULES_SENT {
            let why = "Rules wait for the server already: this one was not set";
            return self.notify_error(why);
        }

        self.state.people.rules_sent.push_back(change.clone());
        let request = LiveRequest::Rules(vec![change]);
        self.effects.push(Effect::Live(request));
    }

    /// The reason why no rules can be set here and now; `None` where they can.
    fn rules_refusal(&self) -> Option<Notice> {
        let now = self.state.now;
        if !self.state.cart.loaded {
            return Some(Notice::timed(CART_UNREAD.to_owned(), Tone::Bad, now));
        }

        if let Some(owner) = &self.state.cart.confirmed.rules.owner
            && !self.state.may_change_rules()
        {
            let refusal = Refusal::NotOwner(owner.clone());
            return Some(Notice::timed(refusal.to_string(), Tone::Bad, now));
        }

        match &self.state.connectivity {
            Connectivity::Live | Connectivity::Syncing => None,
            Connectivity::Connecting | Connectivity::Offline { .. } => {
                let why = "The rules can't be changed while the server is away";
                Some(Notice::offline(why.to_owned(), now))
            }
            Connectivity::Unreadable(trouble) => {
                let why = format!("The cart can't be read: {trouble}");
                Some(Notice::timed(why, Tone::Bad, now))
            }
        }
    }

    /// Takes in that the rule that was sent first is set, or is not.
    pub(super) fn on_rules_set(&mut self, outcome: Result<(), Error>) {
        let Some(change) = self.state.people.rules_sent.pop_front() else {
            return;
        };
        let asks_to_quit = matches!(self.state.mode, Mode::ConfirmQuit);

        let failure = match outcome {
            // The user asked to quit, and only waited for this.
            Ok(()) if self.state.is_settled() && asks_to_quit => {
                self.effects.push(Effect::Quit);
                return;
            }
            Ok(()) => {
                let at = self.state.server_now();
                let currency = &self.state.shop.currency;
                let told = rules::told(&[change], currency, at, &self.state.clock());
                self.notify_info(format!("You {told}"));
                return;
            }
            Err(Error::Refused(refusal)) => self.told(refusal),
            Err(Error::Unknown { trouble, .. }) => {
                format!("It is not known whether the rule was set ({trouble}): look at the rules")
            }
            Err(Error::Trouble(trouble @ Trouble::TooFewReplicas { .. })) => {
                format!("The rule is set, but {trouble}")
            }
            Err(Error::Trouble(trouble)) => format!("The rule was not set: {trouble}"),
        };

        self.notify_error(failure);
        if asks_to_quit {
            // The user should see that before quitting.
            self.state.mode = Mode::Browse;
        }
    }
}
