//! Who is ready, and the reminder that the cart closes soon.

use super::{CART_UNREAD, Updater};
use crate::config::keymap::Action;
use crate::model::{ChangeKind, text};
use crate::tui::layout::ordering::ordering;
use crate::tui::layout::people::{PersonSums, Standing, all_sums};
use crate::tui::state::areas::Pane;
use crate::tui::state::people::Person;
use crate::tui::state::timers::MINUTE;
use crate::tui::state::{State, Tone};

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
