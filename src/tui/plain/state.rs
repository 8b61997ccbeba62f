//! The state of plain mode: the shop's own, and what was said of it and asked.

use super::lines::Typed;
use super::words::read;
use crate::config::keymap::Action;
use crate::model::order::OrderRef;
use crate::model::{Money, OrderId, ProductId, UserName, text};
use crate::store::live::{LiveEvent, OrderEvent};
use crate::tui::layout::palette::Run;
use crate::tui::message::Message;
use crate::tui::state::people::Person;
use crate::tui::state::{Mode, State};
use std::collections::VecDeque;

/// The most news that are said at once.
const NEWS_LIMIT: usize = 30;
/// The most lines that are kept of what was typed.
const HISTORY_LIMIT: usize = 100;

/// The shop as it is told in words.
pub struct Plain {
    /// The shop's own state.
    pub state: State,
    /// The answers to what was typed; said at once.
    pub(super) answers: Vec<String>,
    /// News of what others did, and answers that came late; said before the next prompt.
    pub(super) news: News,
    /// The entries of the last list, which their numbers choose.
    pub(super) choices: Vec<Choice>,
    /// Which of them is meant was asked.
    pub(super) asks_which: bool,
    /// The rest of the last list, which was not told.
    pub(super) unlisted: Unlisted,
    /// The order that was placed or told last: commands about an order that name none mean it.
    pub(super) order: Option<OrderId>,
    /// The order that was placed here, while nothing was changed from here since.
    pub(super) just_ordered: Option<OrderId>,
    /// The awaited result of the last command.
    pub(super) waiting: Option<Waiting>,
    /// Somebody is there, whom a sign tells when to type. Lines of a file or a program each wait for
    /// the outcome of the one before, however long that takes.
    pub(super) prompts: bool,
    /// Whoever is there may type: nothing may be said.
    pub(super) is_prompted: bool,
    /// The last thing typed was Ctrl-C.
    pub(super) was_interrupted: bool,
    /// The lines that were typed.
    pub(super) history: History,
    /// The record of what was said so far of things that change.
    pub(super) said: SaidSoFar,
}

/// The news for the next prompt. Whoever was away for long hears the newest of it.
#[derive(Debug, Default)]
pub(super) struct News {
    newest: VecDeque<String>,
    /// The number of earlier ones, which are no longer kept.
    earlier: usize,
}

impl News {
    pub(super) fn add(&mut self, words: String) {
        self.newest.push_back(words);
        if self.newest.len() > NEWS_LIMIT {
            self.newest.pop_front();
            self.earlier += 1;
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.newest.is_empty()
    }

    pub(super) fn take(&mut self) -> Vec<String> {
        let news = std::mem::take(self);
        let earlier = (news.earlier > 0)
            .then(|| format!("{} left out.", text::count(news.earlier, "earlier message")));
        earlier.into_iter().chain(news.newest).collect()
    }
}

/// The lines that were typed. Each keeps its number, whichever are kept.
#[derive(Debug, Default)]
pub(super) struct History {
    /// The newest lines, oldest first.
    newest: VecDeque<String>,
    /// The number of earlier ones, which are no longer kept.
    earlier: usize,
}

impl History {
    pub(super) fn note(&mut self, typed: &str) {
        self.newest.push_back(typed.to_owned());
        if self.newest.len() > HISTORY_LIMIT {
            self.newest.pop_front();
            self.earlier += 1;
        }
    }

    /// The line with this number; the first one that was typed has number 1.
    pub(super) fn line(&self, number: usize) -> Option<&str> {
        let index = number.checked_sub(self.earlier + 1)?;
        self.newest.get(index).map(String::as_str)
    }

    pub(super) fn last(&self) -> Option<&str> {
        self.newest.back().map(String::as_str)
    }

    /// The newest lines, at most this many, with their numbers.
    pub(super) fn newest(&self, most: usize) -> impl Iterator<Item = (usize, &str)> {
        let lines = (self.earlier + 1..).zip(self.newest.iter().map(String::as_str));
        lines.skip(self.newest.len().saturating_sub(most))
    }
}

/// The record of what was said so far of things that change, so that each is said once.
#[derive(Debug, Default)]
pub(super) struct SaidSoFar {
    /// The cart's version of the last change.
    pub(super) version: u64,
    /// The connection is lost.
    pub(super) is_down: bool,
    /// Why the cart can't be read.
    pub(super) unreadable: Option<String>,
    /// What of the shop can't be read, as it was told last.
    pub(super) unread: Option<String>,
    /// The total of the checkout.
    pub(super) total: Option<Money>,
    /// Its problems: only what was heard is fixed.
    pub(super) problems: Vec<String>,
    /// The session ends soon.
    pub(super) ends_soon: bool,
    /// The last order of somebody else.
    pub(super) order: Option<OrderId>,
    /// Another one, and when it was heard of.
    pub(super) order_heard: Option<(OrderId, u64)>,
}

/// An entry of a list.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Choice {
    /// Does this.
    Run(Run),
    /// Adds pieces of a product.
    Product(ProductId),
    /// Tells of a line of the cart.
    Line(ProductId),
    /// Tells what a person asked for.
    Person(Person),
    /// Lists the products of a category.
    Category(String),
    /// Tells the receipt of an order.
    Order(OrderId),
    /// Goes to a cart.
    Cart(UserName),
}

/// The rest of a list, which `more` asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unlisted {
    Nothing,
    /// The products at these places of the catalog.
    Products(Vec<u32>),
    /// The orders behind this one, or all where none was told; they may have to be read first.
    Orders(Option<OrderId>),
}

/// Something that a command waits for.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) awaited: Awaited,
    /// Since this moment, by the steady clock.
    pub(super) since: u64,
    /// It takes long, which was said: whoever is there may type meanwhile.
    pub(super) is_late: bool,
    /// The answer came of what was asked for last.
    pub(super) is_answered: bool,
}

/// The result that a command waits for.
#[derive(Debug, Clone)]
pub(super) enum Awaited {
    /// The cart and the catalog.
    Opening,
    /// All that was sent is confirmed or refused.
    Settled,
    /// The products that a command names.
    Command(String),
    /// The products that a search finds.
    Search(String),
    /// The preview of the order.
    Checkout(Then),
    /// The order that was placed is read.
    Placed(OrderId),
    /// The past orders.
    Orders(Wanted),
    /// It is marked who has settled.
    Mark,
    /// The carts.
    Carts,
}

impl Awaited {
    /// Tells whether a message is the answer to what was asked for.
    pub(super) fn is_answered_by(&self, message: &Message) -> bool {
        match self {
            Awaited::Opening => matches!(message, Message::Live(LiveEvent::Watchers(_))),
            Awaited::Orders(_) | Awaited::Placed(_) => {
                matches!(
                    message,
                    Message::Live(LiveEvent::Order(OrderEvent::List(_)))
                )
            }
            Awaited::Mark => matches!(
                message,
                Message::Live(LiveEvent::Order(OrderEvent::Settled(_)))
            ),
            Awaited::Carts => matches!(message, Message::Carts(_)),
            // No message alone ends these: what they wait for is looked up in the state.
            Awaited::Settled | Awaited::Command(_) | Awaited::Search(_) | Awaited::Checkout(_) => {
                false
            }
        }
    }
}

/// The next step, once the preview of an order is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Then {
    /// The preview is told.
    Tell,
    /// A note with this text is added to the order; it is asked for where it is empty.
    Note(String),
    /// It is placed, where it costs this.
    Place(Money),
    /// All that can't be ordered is fixed, or the problem with this number.
    Fix(Option<usize>),
}

/// The next step, once the past orders are read.
#[derive(Debug, Clone)]
pub(super) enum Wanted {
    /// The orders with these words are listed.
    List(String),
    /// The list goes on behind this one, or begins.
    Behind(Option<OrderId>),
    /// One of them is meant.
    One(OrderRef, WithOrder),
}

/// The step that is taken with a past order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WithOrder {
    Tell,
    Again,
    Cancel,
}

impl Plain {
    /// Plain mode of a shop of which nothing is known yet.
    #[must_use]
    pub fn new(state: State) -> Plain {
        Plain {
            state,
            answers: Vec::new(),
            news: News::default(),
            choices: Vec::new(),
            asks_which: false,
            unlisted: Unlisted::Nothing,
            order: None,
            just_ordered: None,
            waiting: Some(Waiting::of(Awaited::Opening, 0)),
            prompts: true,
            is_prompted: false,
            was_interrupted: false,
            history: History::default(),
            said: SaidSoFar::default(),
        }
    }

    /// The next moment at which something happens by itself.
    #[must_use]
    pub(super) fn next_moment(&self) -> Option<u64> {
        let waiting = self.waiting.as_ref();
        let late = waiting.and_then(Waiting::late_at);
        let opening = waiting.filter(|waiting| waiting.is_opening());
        // It is looked at once: what has not come by then comes with a message.
        let greets_at = opening.map(Waiting::greets_at);
        let greets_at = greets_at.filter(|at| *at > self.state.now);
        let moments = [late, greets_at, self.state.next_moment()];
        moments.into_iter().flatten().min()
    }

    /// Tells whether a command is still at work, so that whoever types waits.
    pub(super) fn is_busy(&self) -> bool {
        let mut waiting = self.waiting.iter();
        waiting.any(|waiting| !self.prompts || !waiting.is_late || waiting.is_opening())
    }

    /// Tells whether a line may be answered while a change waits of which it was said that it takes
    /// long: the answer changes nothing, and is true whatever comes of the change.
    pub(super) fn is_answered_meanwhile(&self, typed: &Typed) -> bool {
        let (Typed::Line(line), Some(waiting)) = (typed, &self.waiting) else {
            return false;
        };
        let is_change = matches!(waiting.awaited, Awaited::Settled | Awaited::Mark);
        let is_answer = self.has_question();
        let tells_meanwhile = read(line).is_some_and(|(it, _)| it.word.tells_meanwhile());
        waiting.is_late && is_change && tells_meanwhile && !is_answer
    }

    /// Takes what is to be said now.
    pub(super) fn take_answers(&mut self) -> Vec<String> {
        std::mem::take(&mut self.answers)
    }

    /// Returns whether whoever is there may type from now on, and could not before.
    pub(super) fn take_prompt(&mut self) -> bool {
        let may_type = !self.is_busy();
        may_type && !std::mem::replace(&mut self.is_prompted, may_type)
    }

    /// Writes the prompt again, as something stands behind it.
    pub(super) fn prompt_again(&mut self) {
        self.is_prompted = false;
    }

    /// Tells whether the shop asks something that the next line answers.
    pub(super) fn has_question(&self) -> bool {
        matches!(self.state.mode, Mode::Prompt { .. }) || self.yes_action().is_some()
    }

    /// The action by which yes answers what is asked; `None` where nothing is asked so.
    pub(super) fn yes_action(&self) -> Option<Action> {
        match self.state.mode {
            Mode::ConfirmQuit => Some(Action::QuitAnyway),
            Mode::ConfirmCancel(_) => Some(Action::CancelOrder),
            Mode::ConfirmClear(_) => Some(Action::Clear),
            Mode::Browse
            | Mode::Search
            | Mode::Prompt { .. }
            | Mode::Palette { .. }
            | Mode::Help(_)
            | Mode::Checkout(_)
            | Mode::Orders
            | Mode::OrderSearch
            | Mode::Receipt { .. }
            | Mode::Carts => None,
        }
    }
}

impl Waiting {
    /// Milliseconds from which on it is said that something takes long.
    const PATIENCE: u64 = 2_000;
    /// Milliseconds that one waits to hear who else is there.
    const WITHOUT_OTHERS: u64 = 500;

    pub(super) fn of(awaited: Awaited, now: u64) -> Waiting {
        Waiting {
            awaited,
            since: now,
            is_late: false,
            is_answered: false,
        }
    }

    /// Tells whether the shop is being opened: before that no command can do anything.
    pub(super) fn is_opening(&self) -> bool {
        matches!(self.awaited, Awaited::Opening)
    }

    /// The moment from which on one is greeted even where it is not known who else is there.
    pub(super) fn greets_at(&self) -> u64 {
        self.since + Waiting::WITHOUT_OTHERS
    }

    /// The moment from which on it takes long; `None` where that was said.
    pub(super) fn late_at(&self) -> Option<u64> {
        (!self.is_late).then_some(self.since + Waiting::PATIENCE)
    }
}
