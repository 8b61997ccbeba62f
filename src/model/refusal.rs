//! The shop's rules as refusals: each its own case with its own sentence.

use super::{Currency, Money, UserName, notes, text, user};
use crate::model::order::OrderFailure;
use crate::model::product::{STOCK_DIGITS, StockStep, only_left};

/// Why the shop refused. Nothing has changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No such product is in the catalog.
    #[error("There is no product “{0}”")]
    UnknownProduct(String),
    /// No such product is in the catalog, but one with a similar name.
    #[error("There is no product “{text}”: did you mean {nearest}?")]
    Misspelt {
        /// The text that was asked for.
        text: String,
        /// The product that is nearest, as `name (id)`.
        nearest: String,
    },
    /// The product has no price that can be read, so it can't be sold.
    #[error("“{0}” has no valid price, so it can't be added")]
    NoPrice(String),
    /// The product is not in the cart.
    #[error("“{0}” is not in the cart")]
    NotInCart(String),
    /// Nobody has those pieces any more that are to be taken out.
    #[error("Those pieces of “{0}” are not in the cart any more")]
    NoneLeft(String),
    /// The quantity is no number.
    #[error("“{0}” is not a number: a quantity is a whole number from 1")]
    NotANumber(String),
    /// The quantity is zero.
    #[error("The quantity is zero: it must be at least 1 (to take a line out, remove it)")]
    Zero,
    /// The quantity is negative.
    #[error("The quantity {0} is negative: it must be at least 1")]
    Negative(String),
    /// The quantity is a fraction.
    #[error("The quantity {0} is a fraction: only whole pieces can be ordered")]
    Fraction(String),
    /// The line would hold more than the limit.
    #[error("Too many: the limit is {limit} of one product{}", but_has(*.already))]
    TooMany {
        /// The most that one line may hold.
        limit: u32,
        /// The pieces that the line holds already.
        already: u32,
    },
    /// The cart has as many lines as a cart may have.
    #[error("The cart is full: it has {0} different products already")]
    CartFull(u32),
    /// A product's name or id is too long to be one.
    #[error("That product name is too long: {length} bytes, the limit is {limit}")]
    NameTooLong {
        /// Its length in bytes.
        length: usize,
        /// The longest that is taken, in bytes.
        limit: usize,
    },
    /// The name of a cart's user has characters that it may not have.
    #[error("“{0}” is not a valid cart name: use 1 to {max} of A-Z a-z 0-9 . _ -", max = user::LONGEST)]
    BadUser(String),
    /// The name matches several products.
    #[error("“{text}” matches several products: {}; name one by its id", .candidates.join(", "))]
    Ambiguous {
        /// The text that was asked for.
        text: String,
        /// The products that it matches, as `name (id)`.
        candidates: Vec<String>,
    },
    /// The note has too many characters.
    #[error("A note has at most {max} characters", max = notes::LONGEST_NOTE)]
    NoteTooLong,
    /// The note is another by now.
    #[error("Somebody else has just changed this note: read it, then write yours again")]
    NoteChanged,
    /// No more can be noted in this cart, or not under that name.
    #[error("The note was not saved: the cart has too many notes, or your name is too long")]
    CantNote,
    /// As many people are ready as a cart can hold.
    #[error("No more people can say that they are ready in this cart")]
    NoMoreReady,
    /// The stored quantity of the line is damaged.
    #[error("The quantity of “{0}” is damaged: set a new quantity or remove the line")]
    DamagedLine(String),
    /// There is nothing in the cart to clear.
    #[error("The cart is empty already")]
    AlreadyEmpty,
    /// Another cart has no line that could be brought here.
    #[error("The cart {0} has no lines that can be taken")]
    NothingToTake(String),
    /// No line was left untouched for long enough to leave.
    #[error("No line has expired")]
    NothingExpired,
    /// The op id was used for another change.
    #[error(
        "This --op-id was used for another change before: nothing was changed; choose a new one"
    )]
    OpReused,
    /// A change sent before the link broke is too old to tell whether it was applied.
    #[error(
        "The connection broke, and it is too late to tell whether this change was made: check the cart"
    )]
    Forgotten,
    /// The owner locked the cart.
    #[error("The cart is locked{}", reopened_by(.0))]
    Locked(String),
    /// The deadline that the owner set for the cart has passed.
    #[error("The deadline has passed{}", reopened_by(.0))]
    Closed(String),
    /// Somebody else set the rules first.
    #[error("Only {0} can change the rules of this cart")]
    NotOwner(String),
    /// The cart would cost more than its budget.
    #[error("{}", over("the", &Currency::default(), *.budget, *.left))]
    OverBudget {
        /// The budget.
        budget: Money,
        /// The amount that is left of it.
        left: Money,
    },
    /// The pieces that one person asked for would cost more than their budget.
    #[error("{}", over("your", &Currency::default(), *.budget, *.left))]
    OverOwnBudget {
        /// The budget of each.
        budget: Money,
        /// The amount that is left of it.
        left: Money,
    },
    /// The pieces of another person that a change brings would cost more than their budget.
    #[error("{}", over(&format!("{name}'s"), &Currency::default(), *.budget, *.left))]
    OverBudgetOf {
        /// The person; clean text.
        name: String,
        /// The budget of each.
        budget: Money,
        /// The amount that is left of it.
        left: Money,
    },
    /// The cart changes too fast for its budget to be counted.
    #[error("Too many people are changing this cart to check its budget: try again")]
    Busy,
    /// The pieces are being ordered.
    #[error("“{0}” is being ordered: try again in a moment")]
    BeingOrdered(String),
    /// There is nothing to order.
    #[error("The cart is empty: there is nothing to order")]
    EmptyCart,
    /// The cart is another than the one that was confirmed.
    #[error("The cart has changed meanwhile: look at it again, then confirm")]
    CartChanged,
    /// A line can't be ordered.
    #[error("“{name}” can't be ordered ({why}): remove it first")]
    CantOrder {
        /// The product's name.
        name: String,
        /// Why.
        why: &'static str,
    },
    /// The total is another than was expected.
    #[error("{}", other_total(&Currency::default(), *.total, *.expected))]
    OtherTotal {
        /// The total that was expected.
        expected: Money,
        /// The total now.
        total: Money,
    },
    /// The order was begun before, with another total than is expected now.
    #[error("{}", placed_total(&Currency::default(), *.total, *.expected))]
    PlacedTotal {
        /// The total that was expected.
        expected: Money,
        /// Its total.
        total: Money,
    },
    /// Another order of the same cart was placed instead.
    #[error("{}", other_order(&Currency::default(), order, by, *.total))]
    OtherOrder {
        /// Its id.
        order: String,
        /// Who ordered it.
        by: String,
        /// Its total.
        total: Money,
    },
    /// The order is not decided yet.
    #[error("Order {0} is still being placed: look again in a moment")]
    OrderPending(String),
    /// The cart costs more than its budget now.
    #[error("{}", dearer(&Currency::default(), *.budget, *.total))]
    DearerThanBudget {
        /// The budget.
        budget: Money,
        /// The total of the cart.
        total: Money,
    },
    /// The pieces that one person asked for cost more than the limit for each now.
    #[error("{}", dearer_of(&Currency::default(), name, *.budget, *.sum))]
    DearerThanBudgetOf {
        /// The person; clean text.
        name: String,
        /// The budget of each.
        budget: Money,
        /// The cost of their pieces.
        sum: Money,
    },
    /// The order was undone.
    #[error(transparent)]
    NotOrdered(OrderFailure),
    /// The cart waits for an order that is placed, and that has lost its record.
    #[error(
        "The cart is being ordered: order {0} is placed, and its record is lost (trolley doctor says what to do)"
    )]
    LostRecord(String),
    /// There is no such order.
    #[error("There is no order “{0}”")]
    UnknownOrder(String),
    /// The order can't come into that state any more.
    #[error("The order is {from} already: it can't become {to}")]
    InvalidTransition {
        /// Its state.
        from: &'static str,
        /// The state asked for.
        to: &'static str,
    },
    /// Another was first: the order is in another state than was seen.
    #[error("{}", was_first(order, state, by))]
    OtherWasFirst {
        /// The name that people call the order.
        order: String,
        /// Its state.
        state: &'static str,
        /// Who brought it there; empty where nobody is known to have.
        by: String,
    },
    /// The order has made no step that could be taken back.
    #[error("{0} is only placed: there is no step to undo")]
    NothingToUndo(String),
    /// A step is taken back only by whoever made it.
    #[error("{}", not_last_mover(order, by))]
    NotLastMover {
        /// The name that people call the order.
        order: String,
        /// Who made its last step; empty where nobody is known to have.
        by: String,
    },
    /// The last step was made too long ago to be taken back.
    #[error("{0} was moved more than 10 minutes ago")]
    TooLateToUndo(String),
    /// A cancelled order stays cancelled: its stock went back.
    #[error("A cancelled order can't come back")]
    CancelledStays,
    /// An order has no line of a product.
    #[error("“{product}” is not in {order}")]
    NoSuchLine {
        /// The product.
        product: String,
        /// The name that people call the order.
        order: String,
    },
    /// Only whoever ordered knows who has settled.
    #[error("Only {0}, who ordered, can mark who has settled")]
    NotBuyer(String),
    /// Somebody has nothing in an order.
    #[error("{name} has nothing in order {order}")]
    NotInOrder {
        /// The name.
        name: String,
        /// The order's id.
        order: String,
    },
    /// Another cart has an order of this id.
    #[error("This order id is used already: choose another")]
    OrderIdUsed,
    /// Only whoever ordered may cancel, and the shop.
    #[error("Only {who}, who ordered, can cancel {order}")]
    OnlyBuyerCancels {
        /// Who ordered.
        who: String,
        /// The name that people call the order.
        order: String,
    },
    /// The shop is at work on the order, or it is over.
    #[error("{order} is {state}{}", if *.state == "cancelled" || *.state == "done" { " already" } else { " already: ask the shop to cancel it" })]
    TooLateToCancel {
        /// The name that people call the order.
        order: String,
        /// Its state.
        state: &'static str,
    },
    /// The shop does not let buyers cancel.
    #[error("This shop doesn't let buyers cancel: ask at the counter")]
    BuyersCantCancel,
    /// Several orders are called so.
    #[error("“{typed}” matches {count} orders: type the whole id")]
    AmbiguousOrder {
        /// The words that were typed.
        typed: String,
        /// The number of orders that they fit.
        count: usize,
    },
    /// Nothing of an order can be ordered again.
    #[error("Nothing in {0} can be ordered today")]
    NoneOrderable(String),
    /// The stock can't be changed by a step.
    #[error("{}", cant_step(name, *.step, *.flaw))]
    CantStepStock {
        /// The product's name.
        name: String,
        /// The step.
        step: StockStep,
        /// Why.
        flaw: StepFlaw,
    },
    /// Made-up orders are of products that the shop does not sell.
    #[error(
        "There is no product “{0}” with a price: made-up orders need the demo catalog (trolley demo)"
    )]
    NoDemoCatalog(String),
    /// Made-up orders would stand among real ones.
    #[error("The shop has orders already: made-up ones go only into a shop that has none")]
    HasOrders,
    /// A backup would be restored among orders of another shop.
    #[error(
        "This file is not a backup of this shop, which has {} already: nothing was restored. Use an empty Redis, or another database",
        text::count(*.0, "order")
    )]
    OtherOrders(usize),
    /// One line of a change of several is refused, and with it all of them.
    #[error("{}", of_line(product, &refusal.to_string()))]
    OfLine {
        /// Its index among the steps of the change.
        index: usize,
        /// Its product.
        product: String,
        /// Why it is refused.
        refusal: Box<Refusal>,
    },
}

/// A reason why a stock can't be changed by a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepFlaw {
    /// More would be taken than are left.
    Short {
        /// The number of pieces that are left.
        left: u64,
    },
    /// More would be there than a stock can be.
    TooHigh,
    /// The stock is not counted.
    Unlimited,
    /// The stored stock can't be read.
    Unreadable,
}

fn cant_step(name: &str, step: StockStep, flaw: StepFlaw) -> String {
    match flaw {
        StepFlaw::Short { left } => {
            let left = only_left(left);
            format!("The stock of “{name}” can't change by {step}: {left}")
        }
        StepFlaw::TooHigh => format!(
            "The stock of “{name}” can't change by {step}: it may have at most {STOCK_DIGITS} digits"
        ),
        StepFlaw::Unlimited => format!(
            "The stock of “{name}” is unlimited, so it can't change by {step}: first set how many there are, like stock=40"
        ),
        StepFlaw::Unreadable => format!(
            "The stock of “{name}” can't be read, so it can't change by {step}: first set how many there are, like stock=40"
        ),
    }
}

/// A refusal of one line, with the product's name where the sentence lacks it.
fn of_line(product: &str, refusal: &str) -> String {
    if refusal.contains(product) {
        refusal.to_owned()
    } else {
        format!("{product}: {refusal}")
    }
}

fn reopened_by(owner: &str) -> String {
    match owner {
        "" => ": nothing was changed".to_owned(),
        owner => format!("; {owner} can reopen it"),
    }
}

fn over(whose: &str, currency: &Currency, budget: Money, left: Money) -> String {
    let budget = budget.in_currency(currency);
    let left = left.in_currency(currency);
    format!("Over {whose} budget of {budget}: {left} left")
}

fn dearer(currency: &Currency, budget: Money, total: Money) -> String {
    let budget = budget.in_currency(currency);
    let total = total.in_currency(currency);
    format!("The cart costs {total}, and its budget is {budget}: nothing was ordered")
}

fn dearer_of(currency: &Currency, name: &str, budget: Money, sum: Money) -> String {
    let costs = costs_more(currency, name, budget, sum);
    format!("What {costs}: nothing was ordered")
}

/// The clause after the word “what”: the pieces of one person cost more than they may.
fn costs_more(currency: &Currency, name: &str, budget: Money, sum: Money) -> String {
    let budget = budget.in_currency(currency);
    let sum = sum.in_currency(currency);
    format!("{name} asked for costs {sum}, and the limit for each person is {budget}")
}

fn other_total(currency: &Currency, total: Money, expected: Money) -> String {
    let total = total.in_currency(currency);
    let expected = expected.in_currency(currency);
    format!("The total is {total}, not {expected}: nothing was ordered")
}

fn placed_total(currency: &Currency, total: Money, expected: Money) -> String {
    let total = total.in_currency(currency);
    let expected = expected.in_currency(currency);
    format!("The total of this order is {total}, not {expected}")
}

fn other_order(currency: &Currency, order: &str, by: &str, total: Money) -> String {
    let total = total.in_currency(currency);
    format!(
        "{by} was first: order {order} is placed at {total}; the rest of the cart was not ordered"
    )
}

fn was_first(order: &str, state: &str, by: &str) -> String {
    match (state, by) {
        ("accepted", by) if !by.is_empty() => format!("{by} has accepted {order} already"),
        ("placed", _) => format!("{order} is placed again: somebody has undone its last step"),
        (state, "") => format!("{order} is {state} already"),
        (state, by) => format!("{order} is {state} already: {by} was first"),
    }
}

fn not_last_mover(order: &str, by: &str) -> String {
    match by {
        "" => format!("It is not known who moved {order} last, so nobody can undo that"),
        by => format!("{by} moved {order} last: only {by} can undo that"),
    }
}

fn but_has(quantity: u32) -> String {
    match quantity {
        0 => String::new(),
        n => format!(" and the cart holds {n}"),
    }
}

impl Refusal {
    /// The sentence with the shop's currency before its amounts.
    #[must_use]
    pub fn told_in(&self, currency: &Currency) -> String {
        match self {
            Refusal::OverBudget { budget, left } => over("the", currency, *budget, *left),
            Refusal::OverOwnBudget { budget, left } => over("your", currency, *budget, *left),
            Refusal::OverBudgetOf { name, budget, left } => {
                over(&format!("{name}'s"), currency, *budget, *left)
            }
            Refusal::DearerThanBudget { budget, total } => dearer(currency, *budget, *total),
            Refusal::DearerThanBudgetOf { name, budget, sum } => {
                dearer_of(currency, name, *budget, *sum)
            }
            Refusal::OtherTotal { expected, total } => other_total(currency, *total, *expected),
            Refusal::PlacedTotal { expected, total } => placed_total(currency, *total, *expected),
            Refusal::OtherOrder { order, by, total } => other_order(currency, order, by, *total),
            Refusal::NotOrdered(failure) => failure.told_in(currency),
            Refusal::OfLine {
                product, refusal, ..
            } => of_line(product, &refusal.told_in(currency)),
            other => other.to_string(),
        }
    }

    /// Tells whether the sentence has an amount, which needs the shop's currency.
    #[must_use]
    pub(crate) fn tells_amount(&self) -> bool {
        self.told_in(&Currency::with_sign("¤")) != self.to_string()
    }

    /// [`told_in`](Self::told_in) for the cart of `user`, with the command that its owner can paste
    /// to reopen it.
    #[must_use]
    pub fn told_of(&self, user: &UserName, currency: &Currency) -> String {
        let (owner, option) = match self {
            Refusal::Locked(owner) => (owner, "--unlock"),
            Refusal::Closed(owner) => (owner, "--deadline none"),
            other => return other.told_in(currency),
        };
        let told = self.told_in(currency);
        if owner.is_empty() {
            return told;
        }

        let user = option_with("--cart", user.as_str());
        let name = option_with("--name", owner);
        format!("{told}: trolley rules {user} {name} {option}")
    }

    /// The refusal with the product's name in place of its id; `name_of` finds the name of an id.
    #[must_use]
    pub(crate) fn with_name(mut self, name_of: impl Fn(&str) -> String) -> Refusal {
        match &mut self {
            Refusal::UnknownProduct(product)
            | Refusal::NotInCart(product)
            | Refusal::NoneLeft(product)
            | Refusal::DamagedLine(product)
            | Refusal::BeingOrdered(product) => *product = name_of(product),
            Refusal::OfLine {
                product, refusal, ..
            } => {
                *product = name_of(product);
                **refusal = refusal.as_ref().clone().with_name(name_of);
            }
            // The others name no product, or have its name.
            Refusal::Misspelt { .. }
            | Refusal::NoPrice(_)
            | Refusal::NotANumber(_)
            | Refusal::Zero
            | Refusal::Negative(_)
            | Refusal::Fraction(_)
            | Refusal::TooMany { .. }
            | Refusal::CartFull(_)
            | Refusal::NameTooLong { .. }
            | Refusal::BadUser(_)
            | Refusal::Ambiguous { .. }
            | Refusal::NoteTooLong
            | Refusal::NoteChanged
            | Refusal::CantNote
            | Refusal::NoMoreReady
            | Refusal::AlreadyEmpty
            | Refusal::NothingToTake(_)
            | Refusal::NothingExpired
            | Refusal::OpReused
            | Refusal::Forgotten
            | Refusal::Locked(_)
            | Refusal::Closed(_)
            | Refusal::NotOwner(_)
            | Refusal::OverBudget { .. }
            | Refusal::OverOwnBudget { .. }
            | Refusal::OverBudgetOf { .. }
            | Refusal::Busy
            | Refusal::EmptyCart
            | Refusal::CartChanged
            | Refusal::CantOrder { .. }
            | Refusal::OtherTotal { .. }
            | Refusal::PlacedTotal { .. }
            | Refusal::OtherOrder { .. }
            | Refusal::OrderPending(_)
            | Refusal::DearerThanBudget { .. }
            | Refusal::DearerThanBudgetOf { .. }
            | Refusal::NotOrdered(_)
            | Refusal::LostRecord(_)
            | Refusal::UnknownOrder(_)
            | Refusal::InvalidTransition { .. }
            | Refusal::OtherWasFirst { .. }
            | Refusal::NothingToUndo(_)
            | Refusal::NotLastMover { .. }
            | Refusal::TooLateToUndo(_)
            | Refusal::CancelledStays
            | Refusal::NoSuchLine { .. }
            | Refusal::NotBuyer(_)
            | Refusal::NotInOrder { .. }
            | Refusal::OrderIdUsed
            | Refusal::OnlyBuyerCancels { .. }
            | Refusal::TooLateToCancel { .. }
            | Refusal::BuyersCantCancel
            | Refusal::AmbiguousOrder { .. }
            | Refusal::NoneOrderable(_)
            | Refusal::CantStepStock { .. }
            | Refusal::NoDemoCatalog(_)
            | Refusal::HasOrders
            | Refusal::OtherOrders(_) => {}
        }
        self
    }

    /// The same to whoever is called `me`: a cart of theirs is theirs to reopen.
    #[must_use]
    pub(crate) fn for_reader(self, me: &str) -> Refusal {
        match self {
            Refusal::Locked(owner) if owner == me => Refusal::Locked("you".to_owned()),
            Refusal::Closed(owner) if owner == me => Refusal::Closed("you".to_owned()),
            other => other,
        }
    }

    /// The sentence for a preview: what stands in the way of an order that nobody has tried to
    /// place yet, with the shop's currency before its amounts.
    #[must_use]
    pub(crate) fn beforehand(&self, currency: &Currency) -> String {
        match self {
            Refusal::NotOrdered(OrderFailure::Short { name, left }) => {
                let advice = match left {
                    0 => "remove it first",
                    _ => "take fewer",
                };

                let left = only_left(*left);
                format!("Can't be ordered: {left} of “{name}”: {advice}")
            }
            Refusal::DearerThanBudget { budget, total } => {
                let total = total.in_currency(currency);
                let budget = budget.in_currency(currency);
                format!("Can't be ordered: the cart costs {total}, and its budget is {budget}")
            }
            Refusal::DearerThanBudgetOf { name, budget, sum } => {
                let costs = costs_more(currency, name, *budget, *sum);
                format!("Can't be ordered: what {costs}")
            }
            other => other.told_in(currency),
        }
    }

    /// A short name for programs; stable.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Refusal::UnknownProduct(_) | Refusal::Misspelt { .. } => "unknown_product",
            Refusal::NoPrice(_) => "no_price",
            Refusal::NotInCart(_) | Refusal::NoneLeft(_) => "not_in_cart",
            Refusal::NotANumber(_) => "not_a_number",
            Refusal::Zero => "zero",
            Refusal::Negative(_) => "negative",
            Refusal::Fraction(_) => "fraction",
            Refusal::TooMany { .. } => "too_many",
            Refusal::CartFull(_) => "cart_full",
            Refusal::NameTooLong { .. } => "name_too_long",
            Refusal::BadUser(_) => "bad_user",
            Refusal::Ambiguous { .. } => "ambiguous",
            Refusal::NoteTooLong => "note_too_long",
            Refusal::NoteChanged => "note_changed",
            Refusal::CantNote => "cant_note",
            Refusal::NoMoreReady => "no_more_ready",
            Refusal::DamagedLine(_) => "damaged_line",
            Refusal::AlreadyEmpty => "already_empty",
            Refusal::NothingToTake(_) => "nothing_to_take",
            Refusal::NothingExpired => "nothing_expired",
            Refusal::OpReused => "op_reused",
            Refusal::Forgotten => "forgotten",
            Refusal::Locked(_) => "locked",
            Refusal::Closed(_) => "closed",
            Refusal::NotOwner(_) => "not_owner",
            Refusal::OverBudget { .. } => "over_budget",
            Refusal::OverOwnBudget { .. } | Refusal::OverBudgetOf { .. } => "over_own_budget",
            Refusal::Busy => "busy",
            Refusal::BeingOrdered(_) => "being_ordered",
            Refusal::EmptyCart => "empty_cart",
            Refusal::CartChanged => "cart_changed",
            Refusal::CantOrder { .. } => "cant_order",
            Refusal::OtherTotal { .. } => "other_total",
            Refusal::PlacedTotal { .. } => "other_total",
            Refusal::OtherOrder { .. } => "other_order",
            Refusal::LostRecord(_) => "lost_record",
            Refusal::OrderPending(_) => "order_pending",
            Refusal::DearerThanBudget { .. } => "over_budget",
            Refusal::DearerThanBudgetOf { .. } => "over_own_budget",
            Refusal::NotOrdered(OrderFailure::Short { .. }) => "short",
            Refusal::NotOrdered(_) => "not_ordered",
            Refusal::UnknownOrder(_) => "unknown_order",
            Refusal::InvalidTransition { .. } => "no_way",
            Refusal::OtherWasFirst { .. } => "other_first",
            Refusal::NothingToUndo(_) => "no_step",
            Refusal::NotLastMover { .. } => "not_mover",
            Refusal::TooLateToUndo(_) => "too_late",
            Refusal::CancelledStays => "cancelled",
            Refusal::NoSuchLine { .. } => "not_in_order",
            Refusal::NotBuyer(_) => "not_buyer",
            Refusal::NotInOrder { .. } => "not_in_order",
            Refusal::OrderIdUsed => "order_id_used",
            Refusal::OnlyBuyerCancels { .. } => "not_buyer",
            Refusal::TooLateToCancel { .. } => "no_way",
            Refusal::BuyersCantCancel => "buyers_cant_cancel",
            Refusal::AmbiguousOrder { .. } => "ambiguous",
            Refusal::NoneOrderable(_) => "none_orderable",
            Refusal::CantStepStock { flaw, .. } => match flaw {
                StepFlaw::Short { .. } => "short",
                StepFlaw::TooHigh => "too_many",
                StepFlaw::Unlimited => "unlimited_stock",
                StepFlaw::Unreadable => "unreadable_stock",
            },
            Refusal::NoDemoCatalog(_) => "no_demo_catalog",
            Refusal::HasOrders => "has_orders",
            Refusal::OtherOrders(_) => "other_orders",
            Refusal::OfLine { refusal, .. } => refusal.code(),
        }
    }
}

/// An option and its value, for a shell. A value that looks like an option is tied to it.
fn option_with(option: &str, value: &str) -> String {
    let tie = if value.starts_with('-') { '=' } else { ' ' };
    format!("{option}{tie}{}", text::shell_word(value))
}
