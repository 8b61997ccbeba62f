//! The past orders that show: those in some states, and with the words that were typed.

use crate::model::time::Clock;
use crate::model::{Order, OrderId, OrderState, text};
use crate::tui::state::State;
use std::collections::HashMap;

/// The states of the orders that show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KeptStates {
    /// All of them.
    #[default]
    All,
    /// The orders that the shop still works on.
    Open,
    /// The orders that are handed over.
    Done,
    /// The orders that are called off.
    Cancelled,
}

impl KeptStates {
    /// All choices, in the order of the keys that go through them.
    const ALL: [KeptStates; 4] = [
        KeptStates::All,
        KeptStates::Open,
        KeptStates::Done,
        KeptStates::Cancelled,
    ];

    /// The choice after this one, or before it.
    #[must_use]
    pub(crate) fn next(self, forward: bool) -> KeptStates {
        let index = KeptStates::ALL.iter().position(|other| *other == self);
        let by = if forward {
            1
        } else {
            KeptStates::ALL.len() - 1
        };
        KeptStates::ALL[(index.unwrap_or(0) + by) % KeptStates::ALL.len()]
    }

    /// The name in the title.
    #[must_use]
    pub(crate) fn name(self) -> &'static str {
        match self {
            KeptStates::All => "all",
            KeptStates::Open => "open",
            KeptStates::Done => "done",
            KeptStates::Cancelled => "cancelled",
        }
    }

    fn keeps(self, state: OrderState) -> bool {
        match self {
            KeptStates::All => true,
            KeptStates::Open => !state.is_over(),
            KeptStates::Done => state == OrderState::Done,
            KeptStates::Cancelled => state == OrderState::Cancelled,
        }
    }
}

impl State {
    /// Finds the orders that show. The selected one stays selected, in its place on the screen.
    pub(crate) fn filter_orders(&mut self, selected: Option<&OrderId>) {
        let typed = text::folded(self.orders.words.value());
        let has_accents = text::has_accents(&typed);
        let words: Vec<&str> = typed.split_whitespace().collect();
        let kept = self.orders.kept;
        let now = self.server_now();
        let clock = self.clock();

        // All words are made when orders come, so that no key waits for those of thousands.
        let list = self.orders.list.as_deref().unwrap_or_default();
        self.orders.searched.make(list, now, &clock);
        let searched = &self.orders.searched;
        let shows = |order: &Order| {
            let told = searched.of(&order.id, has_accents);
            kept.keeps(order.state) && words.iter().all(|word| told.contains(word))
        };
        let indexed = list.iter().enumerate();
        let shown: Vec<usize> = indexed
            .filter(|(_, order)| shows(order))
            .map(|(index, _)| index)
            .collect();
        let selected =
            selected.and_then(|id| shown.iter().position(|index| list[*index].id == *id));

        self.orders.shown = shown;
        if let Some(row) = selected {
            self.orders.scroll.move_in_place(row);
        }
    }
}

/// The words by which orders are found, as they are on one day by one clock.
#[derive(Debug, Default)]
pub struct SearchedWords {
    /// The moment and the clock by which they were made; on another day an order is no longer of today.
    made: Option<(u64, Clock)>,
    of_orders: HashMap<OrderId, FoldedWords>,
}

/// The words of one order, in small letters.
#[derive(Debug)]
struct FoldedWords {
    /// The facts of which the words were made, where those may change.
    state: OrderState,
    number: Option<u32>,
    /// The words as they are.
    exact: String,
    /// The same without accents, where they have any.
    plain: Option<String>,
}

impl SearchedWords {
    /// Makes the words of those orders that are new, or are not as they were.
    fn make(&mut self, orders: &[Order], now: u64, clock: &Clock) {
        let made = self.made.as_ref();
        let are_current = made.is_some_and(|(at, by)| by == clock && clock.is_same_day(*at, now));
        if !are_current {
            self.made = Some((now, clock.clone()));
            self.of_orders.clear();
        }

        for order in orders {
            let known = self.of_orders.get(&order.id);
            let is_current = known
                .is_some_and(|known| (known.state, known.number) == (order.state, order.number));
            if is_current {
                continue;
            }

            let words = searched(order, now, clock);
            let exact = text::folded(&words);
            let plain = Some(text::folded_for("", &words)).filter(|plain| *plain != exact);
            let words = FoldedWords {
                state: order.state,
                number: order.number,
                exact,
                plain,
            };
            self.of_orders.insert(order.id.clone(), words);
        }
    }

    /// The words of an order; with their accents where such were typed.
    fn of(&self, id: &OrderId, has_accents: bool) -> &str {
        let Some(words) = self.of_orders.get(id) else {
            return "";
        };
        let plain = words.plain.as_ref().filter(|_| !has_accents);
        plain.unwrap_or(&words.exact)
    }
}

/// All words by which an order is found.
fn searched(order: &Order, now: u64, clock: &Clock) -> String {
    let mut words = format!(
        "{}\n{}\n{}\n{}\n{}\n{}\n{}",
        order.name(),
        order.id,
        order.who,
        order.state.name(),
        clock.past(order.at, now),
        clock.long_day(order.at),
        clock.date_and_minute(order.at),
    );

    for line in &order.lines {
        words.push('\n');
        words.push_str(&line.name);
        for share in &line.shares {
            words.push('\n');
            words.push_str(&share.by);
        }
    }

    words
}
