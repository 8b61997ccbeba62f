//! Who is ready, and the rules of the cart, as they are set from the screen.

use super::{CART_UNREAD, Updater};
use crate::config::keymap::Action;
use crate::model::typed_rule::TypedRule;
use crate::model::{ChangeKind, Refusal, RuleChange, rules, text};
use crate::store::live::LiveRequest;
use crate::store::{Error, Trouble};
use crate::tui::layout::ordering::ordering;
use crate::tui::layout::people::{PersonSums, Standing, all_sums};
use crate::tui::message::Effect;
use crate::tui::state::areas::Pane;
use crate::tui::state::people::Person;
use crate::tui::state::timers::MINUTE;
use crate::tui::state::{Asked, Connectivity, Mode, Notice, State, Tone};
use tui_input::Input;

/// The most rules that may be on their way to the server. A key that is held asks for more than it
/// takes.
const MOST_RULES_SENT: usize = 20;

impl Updater<'_> {
    /// Says that we are ready, or are not any more.
    pub(super) fn toggle_ready(&mut self) {
        if !self.state.cart.loaded {
            self.notify_error(CART_UNREAD);
        } else if self.state.cart.shown.lines.is_empty() {
            self.notify_error("The cart is empty: there is nothing to be ready for yet");
        } else if self.state.is_ready(&self.state.env.me) {
            self.submit(ChangeKind::Unready, Vec::new());
        } else {
            self.submit(ChangeKind::Ready, Vec::new());
        }
    }

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

    /// Reminds whoever is not ready that the cart closes soon; its owner reads who that is.
    pub(super) fn remind_of_closing(&mut self) {
        self.state.plan_reminders();
        let now = self.state.now;
        if self.state.reminder_due_at().is_none_or(|due| due > now) {
            return;
        }
        self.state.plan_next_reminder();

        let left = self
            .state
            .closes_at()
            .map_or(0, |at| at.saturating_sub(now));
        let rules = &self.state.cart.confirmed.rules;
        if left > 0 && !rules.locked && ordering(self.state).is_none() {
            let minutes = text::count(left.div_ceil(MINUTE), "minute");
            if !self.state.cart.shown.lines.is_empty() && !self.state.is_ready(&self.state.env.me) {
                self.alert(format!("{minutes} left: you are not ready"));
            }
            if let Some(reminder) = reminder(self.state, &minutes) {
                self.notify_until_key(reminder, Tone::Warn);
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

/// The reminder that so many minutes are left; `None` where there is nothing to be reminded of.
fn reminder(state: &State, minutes: &str) -> Option<String> {
    let me = &state.env.me;
    let is_owner = state.cart.confirmed.rules.owner.as_ref() == Some(me);
    let not_ready = not_ready(state);
    let has_others = not_ready.iter().any(|sums| !sums.is_me);
    if is_owner && has_others {
        let others = not_ready.iter().filter(|sums| !sums.is_me);
        let me = not_ready.iter().find(|sums| sums.is_me);
        let me = me.map(|_| "you".to_owned());
        let names: Vec<String> = me.into_iter().chain(others.filter_map(name_of)).collect();
        let count = names.len();
        let are = if count == 1 { "is" } else { "are" };
        let names = text::listed(&names);
        let named = format!("{minutes} left: {names} {are} not ready");
        // The line has a column at each end.
        let has_room = text::width(&named) + 2 <= usize::from(state.size.0);
        return Some(if has_room {
            named
        } else {
            format!("{minutes} left: {count} people are not ready")
        });
    }

    let own = not_ready.iter().find(|sums| sums.is_me);
    if own.is_some_and(|sums| sums.standing == Standing::Missing) {
        return Some(format!(
            "{minutes} until the cart closes: you are expected, and have nothing in it yet"
        ));
    }
    if state.cart.shown.lines.is_empty() || state.is_ready(me) {
        return None;
    }
    let keymap = &state.env.keymap;
    let ready = keymap.key_of(Action::Ready);
    let press = if keymap.is_in_words() {
        format!("type {ready}")
    } else if state.focus == Pane::People {
        format!("press {ready}")
    } else {
        format!("press {}, then {ready},", keymap.key_of(Action::People))
    };
    Some(format!(
        "{minutes} until the cart closes: {press} when you are ready"
    ))
}

/// The people who take part, or are expected to, and are not ready: yourself first.
fn not_ready(state: &State) -> Vec<PersonSums> {
    let mut sums = all_sums(state);
    sums.retain(|sums| match sums.standing {
        Standing::Ready => false,
        Standing::Missing => true,
        Standing::Shopping => sums.part.pieces > 0,
    });
    sums.retain(|sums| matches!(sums.person, Person::Named(_)));
    sums
}

fn name_of(sums: &PersonSums) -> Option<String> {
    match &sums.person {
        Person::Named(name) => Some(name.clone()),
        Person::Nobody => None,
    }
}
