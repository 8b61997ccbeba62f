//! Orders: what a cart becomes when it is checked out.

use super::shares::{Portions, Share};
use super::{Currency, Money, Note, ProductId, Refusal, product, shares, text};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The signs of an order's id, and of other codes that people read out: none that they mishear or
/// mistake for another.
pub(super) const SIGNS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// The highest number that an order may have.
pub(crate) const HIGHEST_NUMBER: u32 = 999_999;

/// Tells whether an order may have this number.
pub(crate) fn is_number(number: u32) -> bool {
    (1..=HIGHEST_NUMBER).contains(&number)
}

/// The longest name of a product on a line of an order, in characters.
const LONGEST_LINE_NAME: usize = 80;
/// The longest unit of one, in characters.
const LONGEST_LINE_UNIT: usize = 40;

/// Cleans the name of a product that is stored with a line.
pub(crate) fn stored_name(raw: &[u8]) -> String {
    text::sanitize_to(raw, LONGEST_LINE_NAME)
}

/// Cleans the unit of a product that is stored with a line.
pub(crate) fn stored_unit(raw: &[u8]) -> String {
    text::sanitize_to(raw, LONGEST_LINE_UNIT)
}

/// The last moment of the year 9999, in Unix milliseconds: no order is of a later one.
pub(crate) const LATEST: u64 = 253_402_300_799_999;

/// The id of an order, such as `20261124-7KQ2-M8XD`: the day, then 40 random bits. Short
/// enough to be read out; the store sees to it that no two orders have the same.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OrderId(String);

impl OrderId {
    /// An id for an order of the day of `at` (Unix milliseconds, UTC).
    #[must_use]
    pub fn new(at: u64, random: u64) -> OrderId {
        let ms = i64::try_from(at).unwrap_or_default();
        let day = jiff::Timestamp::from_millisecond(ms)
            .unwrap_or_default()
            .strftime("%Y%m%d")
            .to_string();

        // Five bits a sign, the lowest first.
        let signs: String = (0..8)
            .map(|n| char::from(SIGNS[usize::try_from(random >> (5 * n) & 31).unwrap_or(0)]))
            .collect();
        OrderId(format!("{day}-{}-{}", &signs[..4], &signs[4..]))
    }

    /// Reads an id as people type it: small letters will do.
    #[must_use]
    pub fn parse(typed: &str) -> Option<OrderId> {
        let id = typed.trim().to_ascii_uppercase();
        let parts: Vec<&str> = id.split('-').collect();
        let [day, one, two] = parts[..] else {
            return None;
        };

        let is_day = day.len() == 8 && day.bytes().all(|b| b.is_ascii_digit());
        let is_random = is_group(one) && is_group(two);
        (is_day && is_random).then_some(OrderId(id))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The day of the order, as in `20261124`.
    #[must_use]
    pub(crate) fn day(&self) -> &str {
        self.0.split_once('-').map_or("", |(day, _)| day)
    }

    /// The end of the id, without the day: where there is little room, or as a name for an order
    /// that is quite new.
    #[must_use]
    pub fn without_day(&self) -> &str {
        self.0.split_once('-').map_or("", |(_, end)| end)
    }
}

/// Tells whether this is one of the two groups of random signs in an id.
fn is_group(part: &str) -> bool {
    part.len() == 4 && part.bytes().all(|byte| SIGNS.contains(&byte))
}

impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The words by which somebody means an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderRef {
    /// Its whole id.
    Id(OrderId),
    /// Something shorter: four digits may be its number, or the last four of its id.
    Short {
        /// Its number.
        number: Option<u32>,
        /// The end of its id.
        end: Option<String>,
        /// The words as they were typed.
        typed: String,
    },
}

impl OrderRef {
    /// Reads `42`, `#42`, `M8XD`, `7KQ2-M8XD` or a whole id; small letters will do.
    #[must_use]
    pub fn parse(typed: &str) -> Option<OrderRef> {
        if let Some(id) = OrderId::parse(typed) {
            return Some(OrderRef::Id(id));
        }

        let typed = typed.trim().to_ascii_uppercase();
        let digits = typed.strip_prefix('#').unwrap_or(&typed);
        let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
        let number = digits.parse().ok().filter(|_| is_number);

        let mut parts = typed.split('-');
        let is_end = typed.len() <= 9 && parts.all(is_group);
        let end = is_end.then(|| typed.clone());
        (number.is_some() || end.is_some()).then_some(OrderRef::Short { number, end, typed })
    }
}

/// One line of an order, with everything as it was when it was ordered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderLine {
    /// The product.
    pub product: ProductId,
    /// Its name; clean text.
    pub name: String,
    /// The unit of one piece (`250 g`); clean text, may be empty.
    pub unit: String,
    /// The number of pieces, from 1.
    pub quantity: u32,
    /// The price of one.
    pub price: Money,
    /// Who asked for how many. Of pieces that are missing here nobody knows who wanted them.
    pub shares: Vec<Share>,
    /// The notes of people on this line.
    pub notes: Vec<Note>,
}

impl OrderLine {
    /// The price of all its pieces.
    #[must_use]
    pub fn total(&self) -> Money {
        self.price.times(self.quantity)
    }

    /// The people who have pieces of it.
    #[must_use]
    pub(crate) fn portions(&self) -> Portions<'_> {
        Portions::of(&self.shares, Some(self.quantity))
    }
}

/// The sum of these lines.
#[must_use]
pub fn total(lines: &[OrderLine]) -> Money {
    lines.iter().map(OrderLine::total).sum()
}

/// A step in the life of an order. Its names are stable: they stand in Redis and in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr, strum::EnumString)]
#[strum(serialize_all = "snake_case")]
pub enum OrderState {
    /// Ordered; the shop has not said anything yet.
    Placed,
    /// The shop works on it.
    Accepted,
    /// It can be fetched.
    Ready,
    /// It is handed over: the end.
    Done,
    /// It is called off, and its stock goes back: the end.
    Cancelled,
}

impl OrderState {
    /// The name for people and programs.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// The state with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<OrderState> {
        name.parse().ok()
    }

    /// The states after the first, in the order in which they may follow each other.
    pub(crate) const LATER: [OrderState; 4] = [
        OrderState::Accepted,
        OrderState::Ready,
        OrderState::Done,
        OrderState::Cancelled,
    ];

    /// The states that usually come after this one.
    #[must_use]
    pub fn to_come(self) -> &'static [OrderState] {
        match self {
            OrderState::Placed => &[OrderState::Accepted, OrderState::Ready, OrderState::Done],
            OrderState::Accepted => &[OrderState::Ready, OrderState::Done],
            OrderState::Ready => &[OrderState::Done],
            OrderState::Done | OrderState::Cancelled => &[],
        }
    }

    /// True where nothing can happen to the order any more.
    #[must_use]
    pub fn is_over(self) -> bool {
        matches!(self, OrderState::Done | OrderState::Cancelled)
    }
}

/// An order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Its id.
    pub id: OrderId,
    /// The number that people call it by; older orders have none.
    pub number: Option<u32>,
    /// Whose cart it came from; clean text.
    pub user: String,
    /// Who ordered; clean text.
    pub who: String,
    /// When, by the server's clock, in Unix milliseconds.
    pub at: u64,
    /// The step that it has reached.
    pub state: OrderState,
    /// When it came into that state.
    pub changed: u64,
    /// When it came into the states after the first, as far as that is known, in their order.
    pub reached: Vec<(OrderState, u64)>,
    /// The sign of the currency; clean text.
    pub currency: Currency,
    /// The ordered products.
    pub lines: Vec<OrderLine>,
    /// The names of those who have settled their part with whoever ordered: a mark, no payment.
    pub settled: Vec<String>,
    /// The note for the whole order; clean text, may be empty.
    pub note: String,
}

impl Order {
    /// The sum of its lines.
    #[must_use]
    pub fn total(&self) -> Money {
        total(&self.lines)
    }

    /// The part that this person asked for: their pieces, with what they noted on them.
    #[must_use]
    pub(crate) fn part_of(&self, who: &str) -> Order {
        let mut part = self.clone();
        for line in &mut part.lines {
            line.quantity = shares::within(&line.shares, line.quantity)
                .filter(|(by, _)| *by == who)
                .map(|(_, pieces)| pieces)
                .sum();
            line.shares.retain(|share| share.by == who);
            line.notes.retain(|note| note.by == who);
        }
        part.lines.retain(|line| line.quantity > 0);
        part
    }

    /// The milliseconds from when it was placed until it was ready; `None` where it is not known to
    /// have been.
    #[must_use]
    pub(crate) fn time_to_ready(&self) -> Option<u64> {
        Some(self.ready_at()?.saturating_sub(self.at))
    }

    /// The time when it was ready, in Unix milliseconds; `None` where it is not known to have been.
    #[must_use]
    pub fn ready_at(&self) -> Option<u64> {
        let mut reached = self.reached.iter();
        let ready = reached.find(|(state, _)| *state == OrderState::Ready);
        ready.map(|(_, at)| *at)
    }

    /// Tells whether this person has settled their part with whoever ordered.
    #[must_use]
    pub(crate) fn is_settled(&self, name: &str) -> bool {
        self.settled.iter().any(|settled| settled == name)
    }

    /// The name that people call it: `#42`, or the end of its id where it has no number.
    #[must_use]
    pub fn name(&self) -> String {
        name(&self.id, self.number)
    }

    /// The word for it on a command line: a shell takes what begins with `#` for a comment.
    #[must_use]
    pub fn word(&self) -> String {
        self.number
            .map_or_else(|| self.id.to_string(), |number| number.to_string())
    }

    /// The refusal to let a buyer cancel it, `is_theirs` where they have ordered it: that goes
    /// while it is only placed.
    #[must_use]
    pub(crate) fn refuse_cancel_by(&self, is_theirs: bool) -> Option<Refusal> {
        match self.state {
            OrderState::Placed | OrderState::Cancelled if !is_theirs => {
                Some(Refusal::OnlyBuyerCancels {
                    who: self.who.clone(),
                    order: self.name(),
                })
            }
            OrderState::Placed => None,
            OrderState::Accepted | OrderState::Ready | OrderState::Done | OrderState::Cancelled => {
                Some(Refusal::TooLateToCancel {
                    order: self.name(),
                    state: self.state.name(),
                })
            }
        }
    }

    /// The pieces of all lines.
    #[must_use]
    pub fn pieces(&self) -> u64 {
        self.lines.iter().map(|line| u64::from(line.quantity)).sum()
    }
}

/// An order in short, as far as it is known: enough to tell of it in passing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderBrief {
    /// Its id.
    pub id: OrderId,
    /// The step that it has reached.
    pub state: OrderState,
    /// The number that people call it by.
    pub number: Option<u32>,
    /// Who ordered; clean text.
    pub who: Option<String>,
    /// When, by the server's clock, in Unix milliseconds.
    pub at: Option<u64>,
    /// When it came into its state.
    pub changed: Option<u64>,
    /// Who brought it into its state, where that is not the first; clean text.
    pub changed_by: Option<String>,
    /// Its total, and the currency of that.
    pub total: Option<(Money, Currency)>,
}

impl OrderBrief {
    /// An order of which no more is known than its state.
    #[must_use]
    pub fn in_state(id: OrderId, state: OrderState) -> OrderBrief {
        OrderBrief {
            id,
            state,
            number: None,
            who: None,
            at: None,
            changed: None,
            changed_by: None,
            total: None,
        }
    }

    /// The name that people call it, as far as that is known.
    #[must_use]
    pub fn name(&self) -> String {
        name(&self.id, self.number)
    }

    /// Fills in what is missing from what else was heard of the order, maybe in another state.
    pub(crate) fn complete(&mut self, other: OrderBrief) {
        self.number = self.number.or(other.number);
        self.who = self.who.take().or(other.who);
        self.at = self.at.or(other.at);
        self.total = self.total.take().or(other.total);
        if self.state == other.state {
            self.changed = self.changed.or(other.changed);
            self.changed_by = self.changed_by.take().or(other.changed_by);
        }
    }
}

impl From<&Order> for OrderBrief {
    fn from(order: &Order) -> OrderBrief {
        OrderBrief {
            number: order.number,
            who: Some(order.who.clone()),
            at: Some(order.at),
            changed: Some(order.changed),
            total: Some((order.total(), order.currency.clone())),
            ..OrderBrief::in_state(order.id.clone(), order.state)
        }
    }
}

/// The name by which people call the order of this id, which may have a number.
#[must_use]
pub fn name(id: &OrderId, number: Option<u32>) -> String {
    match number {
        Some(number) => format!("#{number}"),
        None => id.without_day().to_owned(),
    }
}

/// Why an order was undone at its checkout: the cart stays as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum OrderFailure {
    /// The shop has fewer than were ordered.
    #[error("{}: nothing was ordered; take fewer", product::only_left_of(*.left, .name))]
    Short {
        /// The product's name.
        name: String,
        /// The pieces that are left.
        left: u64,
    },
    /// The shop doesn't sell it any more.
    #[error("“{name}” is no longer sold: nothing was ordered; remove it first")]
    Missing {
        /// The product's name.
        name: String,
    },
    /// It has another price than was confirmed.
    #[error("{}", repriced(&Currency::default(), name, now))]
    Repriced {
        /// The product's name.
        name: String,
        /// The price.
        now: String,
    },
    /// Its stock can't be read.
    #[error("The stock of “{name}” can't be read: nothing was ordered; remove it first")]
    Unreadable {
        /// The product's name.
        name: String,
    },
    /// A cluster can't take the stock of a product with such an id.
    #[error(
        "“{name}” can't be ordered here, because its id has braces: nothing was ordered; remove it first"
    )]
    Braces {
        /// The product's name.
        name: String,
    },
    /// It was begun too long ago.
    #[error("The order was begun too long ago: nothing was ordered; try again")]
    Late,
}

fn repriced(currency: &Currency, name: &str, now: &str) -> String {
    // What stands there may be no amount at all.
    let now = Money::parse(now).map_or(now.to_owned(), |now| now.in_currency(currency));
    format!(
        "The price of “{name}” is {now} now: nothing was ordered; check the total, then order again"
    )
}

impl OrderFailure {
    /// The sentence with the shop's currency before its amounts.
    #[must_use]
    pub fn told_in(&self, currency: &Currency) -> String {
        match self {
            OrderFailure::Repriced { name, now } => repriced(currency, name, now),
            OrderFailure::Short { .. }
            | OrderFailure::Missing { .. }
            | OrderFailure::Unreadable { .. }
            | OrderFailure::Braces { .. }
            | OrderFailure::Late => self.to_string(),
        }
    }

    /// The same with clean text, as it came from Redis.
    #[must_use]
    pub(crate) fn sanitized(mut self) -> OrderFailure {
        match &mut self {
            OrderFailure::Short { name, .. }
            | OrderFailure::Missing { name }
            | OrderFailure::Unreadable { name }
            | OrderFailure::Braces { name } => *name = stored_name(name.as_bytes()),
            OrderFailure::Repriced { name, now } => {
                *name = stored_name(name.as_bytes());
                *now = text::sanitize_to(now.as_bytes(), 20);
            }
            OrderFailure::Late => {}
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ids_are_read_as_people_type_them() {
        let id = OrderId::new(1_795_500_000_000, 0x12_3456_789A);
        assert_eq!(
            OrderId::parse(&id.as_str().to_lowercase()),
            Some(id.clone())
        );
        assert!(id.as_str().starts_with("20261124-"), "{id}");
        for bad in [
            "",
            "open",
            "of:alice",
            "20261124",
            "20261124-7KQ2",
            "20261124-7KQU-M8XD",
            "2026112-7KQ2-M8XD",
        ] {
            assert_eq!(OrderId::parse(bad), None, "{bad}");
        }
    }

    fn line(quantity: u32, price: &str) -> OrderLine {
        OrderLine {
            product: ProductId::stored(b"x"),
            name: String::new(),
            unit: String::new(),
            quantity,
            price: Money::parse(price).unwrap(),
            shares: Vec::new(),
            notes: Vec::new(),
        }
    }

    proptest! {
        /// Against integers: the amount in millionths.
        #[test]
        fn totals_agree_with_integers(lines in proptest::collection::vec((0u64..1_000_000_000_000, 0u32..1_000_000, 1u32..1_000_000), 0..60)) {
            let order: Vec<OrderLine> = lines.iter().map(|(whole, part, n)| line(*n, &format!("{whole}.{part:06}"))).collect();
            let exact: u128 = lines.iter().map(|(whole, part, n)| (u128::from(*whole) * 1_000_000 + u128::from(*part)) * u128::from(*n)).sum();
            let mut sum = total(&order).decimal();
            sum.rescale(6);
            prop_assert_eq!(sum.mantissa().unsigned_abs(), exact);
        }
    }
}
