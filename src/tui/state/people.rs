//! The people pane: who fills the cart, and what each of them asked for.

use super::State;
use super::areas::{Pane, PeopleVisibility, THREE_PANES};
use super::scroll::Scroll;
use crate::model::people::People;
use crate::model::typed_rule::TypedRule;
use crate::model::{Cart, Money, ProductId, RuleChange};
use std::collections::VecDeque;

/// Somebody who fills the cart, or watches it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Person {
    /// The person of this name.
    Named(String),
    /// Whoever put in the pieces of another client.
    Nobody,
}

/// A row of the pane: whose it is, and which of theirs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeopleRowId {
    /// The person.
    pub person: Person,
    /// The row among theirs.
    pub kind: PeopleRowKind,
}

/// A kind of row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PeopleRowKind {
    /// The person and their sums.
    Sums,
    /// The words on the person.
    Words,
    /// A product that they asked for.
    Line(ProductId),
    /// The note that they left on it: one of the rows that it takes.
    Note(ProductId, usize),
}

/// The people pane.
#[derive(Debug, Default)]
pub struct PeoplePane {
    /// The conditions under which the pane shows.
    pub visibility: PeopleVisibility,
    /// The person whose lines show.
    pub opened: Option<Person>,
    /// The position within the rows.
    pub scroll: Scroll,
    /// The selected row, so that it stays selected when others come and go. `None` where the
    /// selection has just moved: it is the row under the cursor.
    pub selected: Option<PeopleRowId>,
    /// The rules that were sent and are not set yet, in order.
    pub rules_sent: VecDeque<RuleChange>,
    /// The pane to return to when this one is hidden.
    pub return_to: Option<Pane>,
}

impl PeoplePane {
    /// Selects the row with this index.
    pub(crate) fn select(&mut self, row: usize) {
        self.scroll.cursor = row;
        self.selected = None;
    }
}

impl State {
    /// True where the people stand in the cart's place.
    #[must_use]
    pub(crate) fn people_cover_cart(&self) -> bool {
        self.people.visibility == PeopleVisibility::Shown && self.size.0 < THREE_PANES
    }

    /// True where nobody else owns the rules of the cart, as far as they are known.
    #[must_use]
    pub(crate) fn may_change_rules(&self) -> bool {
        let owner = self.cart.confirmed.rules.owner.as_ref();
        self.cart.loaded && owner.is_none_or(|owner| *owner == self.env.me)
    }

    /// Returns whether a person has said to be ready.
    #[must_use]
    pub(crate) fn is_ready(&self, name: &str) -> bool {
        self.cart.shown.ready.iter().any(|ready| ready == name)
    }

    /// The change of a rule to the value that is typed; `None` where that is none of its values.
    #[must_use]
    pub(crate) fn typed_rule(&self, rule: TypedRule, typed: &str) -> Option<RuleChange> {
        let currency = &self.shop.currency;
        rule.parse(typed, currency, self.server_now(), &self.clock().zone)
    }

    /// The parts of all people in a cart.
    #[must_use]
    pub(crate) fn people_of(&self, cart: &Cart) -> People {
        let lines = cart.lines.iter();
        People::of_cart(lines.map(|line| (line, self.lookup(&line.product))))
    }

    /// The price of one's own pieces in the cart that shows.
    #[must_use]
    pub(crate) fn own_sum(&self) -> Money {
        let people = self.people_of(&self.cart.shown);
        people
            .parts
            .get(&self.env.me)
            .map(|part| part.sum)
            .unwrap_or_default()
    }

    /// The panes, from the left.
    fn panes(&self) -> &'static [Pane] {
        match self.people.visibility {
            PeopleVisibility::Hidden => &[Pane::Catalog, Pane::Cart],
            PeopleVisibility::Shown if self.people_cover_cart() => &[Pane::Catalog, Pane::People],
            PeopleVisibility::Shown => &[Pane::Catalog, Pane::Cart, Pane::People],
        }
    }

    /// The place of the focused pane among them.
    fn place_of_focus(&self) -> usize {
        let mut panes = self.panes().iter();
        panes.position(|pane| *pane == self.focus).unwrap_or(0)
    }

    /// The pane behind the focused one; the first behind the last.
    #[must_use]
    pub(crate) fn next_pane(&self) -> Pane {
        let panes = self.panes();
        panes[(self.place_of_focus() + 1) % panes.len()]
    }

    /// The pane to the left of the focused one, or itself.
    #[must_use]
    pub(crate) fn pane_at_left(&self) -> Pane {
        self.panes()[self.place_of_focus().saturating_sub(1)]
    }

    /// The pane to the right of the focused one, or itself.
    #[must_use]
    pub(crate) fn pane_at_right(&self) -> Pane {
        let panes = self.panes();
        panes[(self.place_of_focus() + 1).min(panes.len() - 1)]
    }
}
