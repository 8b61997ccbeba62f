//! Changes the state by what is typed and what happens, and collects the answers and the news.
//!
//! The shop's own core does everything; this brings it what is typed, and tells what came of it.

use super::commands::Updater;
use super::lines::Typed;
use super::state::{Awaited, Plain, Then};
use super::tell::{self, sentence};
use crate::model::{ChangeKind, Update};
use crate::store::live::{LiveEvent, OrderEvent};
use crate::store::order::Outcome;
use crate::tui::layout::activity::tell_placed;
use crate::tui::message::{Effect, Message, Now};
use crate::tui::state::{Connectivity, Mode};
use crate::tui::update;
use crate::tui::view::footer::session_warning;
use std::mem;

/// Milliseconds after which an order is told of which no more is heard.
const ORDER_TOLD_AFTER: u64 = 2_000;

/// Something that happens to the shop in plain mode.
#[derive(Debug)]
pub(super) enum PlainEvent {
    /// Something happens to the shop.
    Shop(Box<Message>),
    /// Something was typed.
    Typed(Typed),
}

/// Applies an event to the state, and returns the effects that it asks for.
pub(super) fn update(plain: &mut Plain, event: PlainEvent, now: Now) -> Vec<Effect> {
    let mut updater = Updater::new(plain, now);
    match event {
        PlainEvent::Shop(message) => updater.on_message(*message),
        PlainEvent::Typed(typed) => updater.on_typed(typed),
    }
    updater.go_on();
    updater.effects
}

impl Updater<'_> {
    /// Passes a message on to the shop's core; what that says is told now or before the next prompt.
    pub(super) fn send(&mut self, message: Message) {
        let mut said = self.pass_on(message);
        said.retain(|words| !words.is_empty());
        for words in said {
            self.tell(sentence(&words));
        }
    }

    /// Passes a message on to the shop's core; returns what that says.
    fn pass_on(&mut self, message: Message) -> Vec<String> {
        let mut said = Vec::new();
        for effect in update::update(&mut self.plain.state, message, self.now) {
            match effect {
                Effect::Say(words) => said.push(words),
                effect => self.effects.push(effect),
            }
        }
        said
    }

    /// Tells something: as an answer where one is awaited, else before the next prompt.
    pub(super) fn tell(&mut self, words: String) {
        if self.plain.is_prompted {
            self.plain.news.add(words);
        } else {
            self.plain.answers.push(words);
        }
    }

    fn on_message(&mut self, message: Message) {
        let changes = match &message {
            Message::Live(LiveEvent::Update(update)) => vec![update.clone()],
            Message::Live(LiveEvent::Activity(updates)) => updates.clone(),
            _ => Vec::new(),
        };
        let own = match &message {
            Message::Live(LiveEvent::Settled(_, Ok(update))) => Some(update.clone()),
            _ => None,
        };
        let version_before = self.plain.state.cart.confirmed.version;
        let was_loaded = self.plain.state.cart.loaded;
        self.note_answer(&message);
        let is_cart = matches!(message, Message::Live(LiveEvent::Cart(_)));
        let lines_before = is_cart.then(|| self.plain.state.cart.confirmed.lines.clone());

        match own {
            Some(update) => self.tell_own(message, &update),
            None => self.send(message),
        }

        let cart = &self.plain.state.cart;
        if !cart.loaded || !was_loaded {
            // What was there before is no news.
            self.plain.said.version = cart.confirmed.version;
        } else if cart.confirmed.version == version_before
            && lines_before.is_some_and(|before| cart.confirmed.lines != before)
        {
            let sum = tell::cart_sum(&self.plain.state);
            self.tell_news(format!("Another program has changed the cart. {sum}"));
        }
        self.tell_changes(&changes);
        self.tell_order();
        self.tell_connection();
        self.tell_unread();
        self.tell_session();
        self.tell_total();
    }

    /// Notes that what was asked for has come.
    fn note_answer(&mut self, message: &Message) {
        if let Message::Live(LiveEvent::Order(OrderEvent::Ended(_, outcome))) = message {
            return self.wait_after_order(outcome.as_ref().ok());
        }
        let Some(waiting) = &mut self.plain.waiting else {
            return;
        };
        waiting.is_answered |= waiting.awaited.is_answered_by(message);

        let reads = matches!(
            waiting.awaited,
            Awaited::Orders(_) | Awaited::Checkout(_) | Awaited::Placed(_)
        );
        if reads
            && matches!(
                message,
                Message::Live(LiveEvent::Order(OrderEvent::Failed(_)))
            )
        {
            self.stop_waiting();
        }
    }

    /// Waits for what is told of an order that has ended: what it is called, or what stands in its
    /// way.
    fn wait_after_order(&mut self, outcome: Option<&Outcome>) {
        match outcome {
            Some(Outcome::Placed(id)) => self.wait_for(Awaited::Placed(id.clone())),
            Some(Outcome::Undone(_) | Outcome::Nothing) | None => {
                self.wait_for(Awaited::Checkout(Then::Tell));
            }
        }
    }

    /// Passes on that a change of ours is applied, and tells it with what the cart is now.
    fn tell_own(&mut self, message: Message, update: &Update) {
        if update.kind.changes_lines() {
            self.plain.just_ordered = None;
        }
        let said = self.pass_on(message);
        let mut told: Vec<String> = said.iter().map(|words| sentence(words)).collect();
        if update.kind.changes_lines() && !update.lines.is_empty() {
            told.push(tell::cart_sum(&self.plain.state));
        }
        told.retain(|words| !words.is_empty());
        if !told.is_empty() {
            self.tell(told.join(" "));
        }
    }

    /// Tells the changes of others, each once. Those that don't follow on the cart as it is known
    /// come once more, with it.
    fn tell_changes(&mut self, changes: &[Update]) {
        for update in changes {
            let cart = &self.plain.state.cart.confirmed;
            if update.version <= self.plain.said.version || update.version > cart.version {
                continue;
            }
            self.plain.said.version = update.version;
            if let Some(words) = self.told_of(update) {
                self.tell_news(sentence(&words));
            }
        }
    }

    /// The words for a change of somebody else; `None` where it is ours or no news.
    fn told_of(&self, update: &Update) -> Option<String> {
        let state = &self.plain.state;
        let is_of_this_program = update.op.as_str().starts_with(&state.env.ops);
        let is_by_me = update.by == state.env.me;

        let is_news = match update.kind {
            ChangeKind::Expire => true,
            ChangeKind::Touch | ChangeKind::Freeze => false,
            // They have no id of this program.
            ChangeKind::Rules => !is_by_me,
            // It is told apart, with what it is called, where the core has heard of it.
            ChangeKind::Order => {
                let heard = state.orders.placed_by_other.as_ref();
                !is_by_me && heard.map(|placed| &placed.id) != update.order().as_ref()
            }
            ChangeKind::Edit
            | ChangeKind::Clear
            | ChangeKind::Undo
            | ChangeKind::Redo
            | ChangeKind::Unfreeze
            | ChangeKind::Ready
            | ChangeKind::Unready => !is_of_this_program,
        };
        is_news.then(|| tell::change(state, update))
    }

    /// Tells an order of somebody else, once it is known what it is called; where that can't be had,
    /// without.
    fn tell_order(&mut self) {
        let Some(placed) = self.plain.state.orders.placed_by_other.clone() else {
            return;
        };
        let said = &mut self.plain.said;
        if said.order.as_ref() == Some(&placed.id) {
            return;
        }

        let now = self.now.steady;
        let heard = said.order_heard.take_if(|(id, _)| *id == placed.id);
        let (_, heard_at) = heard.unwrap_or((placed.id.clone(), now));
        if placed.is_confirmed || heard_at + ORDER_TOLD_AFTER <= now {
            said.order = Some(placed.id.clone());
            let words = tell_placed(&self.plain.state, &placed);
            self.tell_news(sentence(&words));
        } else {
            said.order_heard = Some((placed.id, heard_at));
        }
    }

    /// Tells something that nobody here has asked for: before the next prompt.
    fn tell_news(&mut self, words: String) {
        self.plain.news.add(words);
    }

    /// Tells that the connection is lost or there again, and that the cart can't be read.
    fn tell_connection(&mut self) {
        let state = &self.plain.state;
        let (is_down, unreadable) = match &state.connectivity {
            Connectivity::Offline { .. } => (true, None),
            Connectivity::Unreadable(trouble) => (false, Some(trouble.to_string())),
            Connectivity::Live => (false, None),
            // It is not known yet.
            Connectivity::Connecting | Connectivity::Syncing => return,
        };
        let was_down = mem::replace(&mut self.plain.said.is_down, is_down);
        let was_unreadable = self.plain.said.unreadable.take();
        self.plain.said.unreadable.clone_from(&unreadable);

        if is_down && !was_down && state.cart.loaded {
            self.tell_news("The connection is lost. Your changes wait.".to_owned());
        } else if !is_down && was_down && self.plain.state.cart.loaded {
            self.tell_news("Connected again.".to_owned());
        }
        if let Some(why) = unreadable
            && was_unreadable.as_ref() != Some(&why)
        {
            self.tell_news(sentence(&format!("The cart can't be read: {why}")));
        }
    }

    /// Tells once what of the shop can't be read. It is tried again and again, so that an end of that
    /// shows only for a moment.
    fn tell_unread(&mut self) {
        let state = &self.plain.state;
        if state.connectivity != Connectivity::Live {
            self.plain.said.unread = None;
            return;
        }
        if let Some(unread) = &state.catalog.unread
            && self.plain.said.unread.as_ref() != Some(unread)
        {
            let unread = unread.clone();
            self.tell_news(sentence(&unread));
            self.plain.said.unread = Some(unread);
        }
    }

    /// Warns once that the session ends soon.
    fn tell_session(&mut self) {
        let warning = session_warning(&self.plain.state);
        let was_said = mem::replace(&mut self.plain.said.ends_soon, warning.is_some());
        if let Some(warning) = warning.filter(|_| !was_said) {
            self.tell_news(sentence(&warning));
        }
    }

    /// Tells that the total is another one than the checkout said.
    fn tell_total(&mut self) {
        let is_awaited = matches!(
            self.plain.waiting.as_ref().map(|waiting| &waiting.awaited),
            Some(Awaited::Checkout(_) | Awaited::Settled | Awaited::Placed(_))
        );
        let state = &self.plain.state;
        let is_open = matches!(state.mode, Mode::Checkout(_)) && state.orders.placing.is_none();
        let (Some(before), true, false) = (self.plain.said.total, is_open, is_awaited) else {
            return;
        };
        let Some(preview) = self.current_preview() else {
            return;
        };

        let total = preview.total();
        if total != before {
            let now = total.in_currency(&preview.currency);
            let before = before.in_currency(&preview.currency);
            self.plain.said.total = Some(total);
            self.tell_news(format!(
                "The total is now {now}, it was {before}. Type checkout to hear it."
            ));
        }
    }
}
