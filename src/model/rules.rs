//! The rules of a shared cart, which its owner sets.

use super::{Cart, Change, ChangeKind, Currency, Edit, Money, ProductId, Refusal, shares};
use crate::model::name::{NameError, sanitize_actors, typed_name};
use crate::model::shares::Share;
use crate::model::time::Clock;
use std::collections::{BTreeMap, HashMap};

/// The rules of one cart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rules {
    /// Who set them first, and alone may change them; clean text.
    pub owner: Option<String>,
    /// True where nothing may be changed.
    pub locked: bool,
    /// From when on nothing may be changed, by the server's clock, in Unix milliseconds.
    pub closes: Option<u64>,
    /// The most that the whole cart may cost.
    pub budget: Option<Money>,
    /// The most that what one person asked for may cost.
    pub budget_each: Option<Money>,
    /// Who is expected to ask for something; clean text, each name once.
    pub expected: Vec<String>,
}

/// The most names that are expected.
pub(crate) const MOST_EXPECTED: usize = 100;

/// Reads names with commas between them; `None` where they are more than [`MOST_EXPECTED`], or one
/// of them can't be a name.
#[must_use]
pub(crate) fn expected_names(typed: &str) -> Option<Vec<String>> {
    let names = sanitize_actors(typed.split(',').map(str::as_bytes), MOST_EXPECTED + 1);
    (names.len() <= MOST_EXPECTED && own_word(typed).is_none()).then_some(names)
}

/// The error of the first name among these, with commas between them, that is no name but a word
/// of trolley's own.
#[must_use]
pub(crate) fn own_word(typed: &str) -> Option<NameError> {
    let mut errors = typed
        .split(',')
        .filter_map(|name| typed_name(name.as_bytes()).err());
    errors.find(|error| *error != NameError::Empty)
}

/// A rule and its new value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleChange {
    /// The lock of the cart, set or removed: while it is locked nothing may be changed.
    Locked(bool),
    /// The time from which on nothing may be changed, in Unix milliseconds.
    Closes(Option<u64>),
    /// The most that the whole cart may cost.
    Budget(Option<Money>),
    /// The most that what one person asked for may cost.
    BudgetEach(Option<Money>),
    /// Who is expected to ask for something; clean text.
    Expected(Vec<String>),
    /// A new owner of the rules; clean text.
    Owner(String),
}

impl RuleChange {
    /// The change in a few words, for people who see it at `at` (Unix milliseconds).
    fn told(&self, currency: &Currency, at: u64, clock: &Clock) -> String {
        match self {
            RuleChange::Locked(true) => "locked the cart".to_owned(),
            RuleChange::Locked(false) => "unlocked the cart".to_owned(),
            RuleChange::Closes(Some(closes)) => {
                format!("set the deadline ({})", clock.day_and_minute(*closes, at))
            }
            RuleChange::Closes(None) => "removed the deadline".to_owned(),
            RuleChange::Budget(amount) => told_budget("the budget", *amount, currency),
            RuleChange::BudgetEach(amount) => told_budget("the budget of each", *amount, currency),
            RuleChange::Expected(names) if names.is_empty() => {
                "removed the expected names".to_owned()
            }
            RuleChange::Expected(names) => {
                format!("set the expected names ({})", names.join(", "))
            }
            RuleChange::Owner(name) => format!("handed the rules over to {name}"),
        }
    }
}

fn told_budget(which: &str, amount: Option<Money>, currency: &Currency) -> String {
    match amount {
        Some(amount) => format!("set {which} to {}", amount.in_currency(currency)),
        None => format!("removed {which}"),
    }
}

/// Changes of rules in a few words, for people who see them at `at` (Unix milliseconds): `locked
/// the cart, set the budget to €80.00`. What is not known is not told.
#[must_use]
pub fn told(changes: &[RuleChange], currency: &Currency, at: u64, clock: &Clock) -> String {
    if changes.is_empty() {
        return "set rules for the cart".to_owned();
    }
    let told: Vec<String> = changes
        .iter()
        .map(|change| change.told(currency, at, clock))
        .collect();
    told.join(", ")
}

/// A line of a cart as a budget counts it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Portion {
    /// Its pieces.
    pub quantity: u32,
    /// Who asked for how many.
    pub shares: Vec<Share>,
}

/// The pieces and prices that a budget is counted on.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    /// The lines.
    pub portions: BTreeMap<ProductId, Portion>,
    /// The prices now; what has none counts nothing.
    pub prices: HashMap<ProductId, Money>,
}

impl Ledger {
    /// The pieces of a cart at these prices. Lines whose quantity is damaged count nothing.
    #[must_use]
    pub fn of(cart: &Cart, prices: HashMap<ProductId, Money>) -> Ledger {
        let portions = cart.lines.iter().filter_map(|line| {
            let portion = Portion {
                quantity: line.quantity.whole()?,
                shares: line.shares.clone(),
            };
            Some((line.product.clone(), portion))
        });
        Ledger {
            portions: portions.collect(),
            prices,
        }
    }

    /// The price of all pieces.
    #[must_use]
    pub fn total(&self) -> Money {
        self.portions
            .iter()
            .map(|(id, portion)| self.price(id).times(portion.quantity))
            .sum()
    }

    /// The price of the pieces that `who` asked for.
    #[must_use]
    pub fn total_of(&self, who: &str) -> Money {
        self.portions
            .iter()
            .map(|(id, portion)| {
                let pieces = pieces_of(&portion.shares, who).min(portion.quantity);
                self.price(id).times(pieces)
            })
            .sum()
    }

    fn price(&self, id: &ProductId) -> Money {
        self.prices.get(id).copied().unwrap_or_default()
    }

    /// Does what `edit` by `who` will do: one's own pieces come and go first.
    fn apply(&mut self, edit: &Edit, who: &str) {
        let Some(product) = edit.product() else {
            if *edit == Edit::Clear {
                self.portions.clear();
            }
            return;
        };

        let portion = self.portions.entry(product.clone()).or_default();
        let had = portion.quantity;
        portion.quantity = match edit {
            Edit::Add { quantity, .. } | Edit::Restore { quantity, .. } => {
                had.saturating_add(*quantity)
            }
            Edit::Take { quantity, .. } => had.saturating_sub(*quantity),
            Edit::Withdraw { shares, .. } => had - shares::still_held(&portion.shares, had, shares),
            Edit::Set { quantity, .. } => *quantity,
            Edit::Note { .. } => had,
            Edit::Remove { .. } | Edit::Clear | Edit::Expire => 0,
        };

        let shares = &mut portion.shares;
        shares::adjust(shares, had, portion.quantity, who, edit.shares());
    }
}

/// The pieces that `who` asked for.
#[must_use]
pub(crate) fn pieces_of(shares: &[Share], who: &str) -> u32 {
    shares
        .iter()
        .filter(|share| share.by == who)
        .map(|share| share.pieces)
        .sum()
}

impl Rules {
    /// True where there is any budget.
    #[must_use]
    pub(crate) fn has_budget(&self) -> bool {
        self.budget.is_some() || self.budget_each.is_some()
    }

    /// Checks that `change` by `who` keeps within the budgets. A change that makes nothing dearer
    /// always does.
    ///
    /// # Errors
    /// [`Refusal::OverBudget`], [`Refusal::OverOwnBudget`] and [`Refusal::OverBudgetOf`], with the
    /// amount that is left.
    pub fn allow(&self, ledger: &Ledger, change: &Change, who: &str) -> Result<(), Refusal> {
        self.allow_edits(ledger, change.kind, &change.edits, who)
    }

    /// [`Rules::allow`] for the steps of a change that is not made yet.
    ///
    /// # Errors
    /// The errors of [`Rules::allow`].
    pub(crate) fn allow_edits(
        &self,
        ledger: &Ledger,
        kind: ChangeKind,
        edits: &[Edit],
        who: &str,
    ) -> Result<(), Refusal> {
        let mut after = ledger.clone();
        for edit in edits {
            after.apply(edit, who);
        }

        if let Some(budget) = self.budget
            && after.total() > budget.max(ledger.total())
        {
            return Err(Refusal::OverBudget {
                budget,
                left: budget.less(ledger.total()),
            });
        }

        if let Some(budget) = self.budget_each
            && after.total_of(who) > budget.max(ledger.total_of(who))
        {
            return Err(Refusal::OverOwnBudget {
                budget,
                left: budget.less(ledger.total_of(who)),
            });
        }

        // What an undo brings back was theirs before.
        if let Some(budget) = self.budget_each
            && matches!(kind, ChangeKind::Edit | ChangeKind::Redo)
        {
            let shares = edits.iter().flat_map(Edit::shares);
            let over = shares
                .map(|share| share.by.as_str())
                .find(|name| after.total_of(name) > budget.max(ledger.total_of(name)));
            if let Some(name) = over {
                return Err(Refusal::OverBudgetOf {
                    name: name.to_owned(),
                    budget,
                    left: budget.less(ledger.total_of(name)),
                });
            }
        }

        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::OpId;

    fn money(text: &str) -> Money {
        Money::parse(text).unwrap()
    }

    fn id(name: &str) -> ProductId {
        ProductId::stored(name.as_bytes())
    }

    fn ledger() -> Ledger {
        let shares = vec![
            Share {
                by: "ann".into(),
                pieces: 1,
            },
            Share {
                by: "bob".into(),
                pieces: 2,
            },
        ];
        Ledger {
            portions: [(
                id("tea"),
                Portion {
                    quantity: 4,
                    shares,
                },
            )]
            .into(),
            prices: [(id("tea"), money("2.50")), (id("cake"), money("3.10"))].into(),
        }
    }

    fn add(product: &str, quantity: u32) -> Change {
        let edit = Edit::Add {
            product: id(product),
            quantity,
            price: None,
        };
        Change {
            op: OpId::parse("x").unwrap(),
            kind: ChangeKind::Edit,
            edits: vec![edit],
        }
    }

    #[test]
    fn rules_that_were_set_are_told() {
        let at = 1_795_500_000_000;
        let clock = Clock::utc();
        let changes = [
            RuleChange::Locked(false),
            RuleChange::Closes(Some(at + 60_000)),
            RuleChange::Budget(Some(money("80"))),
            RuleChange::BudgetEach(None),
            RuleChange::Expected(vec!["bob".to_owned(), "cai".to_owned()]),
            RuleChange::Expected(Vec::new()),
            RuleChange::Owner("ben".to_owned()),
        ];
        assert_eq!(
            told(&changes, &Currency::with_sign("€"), at, &clock),
            "unlocked the cart, set the deadline (today 06:01), set the budget to €80.00, \
             removed the budget of each, set the expected names (bob, cai), \
             removed the expected names, handed the rules over to ben"
        );
        assert_eq!(
            told(&[], &Currency::default(), at, &clock),
            "set rules for the cart"
        );
    }

    #[test]
    fn the_amount_that_is_left_is_told() {
        let rules = Rules {
            budget: Some(money("13.00")),
            ..Rules::default()
        };
        assert_eq!(rules.allow(&ledger(), &add("tea", 1), "ann"), Ok(()));
        let left = money("3.00");
        let over = Err(Refusal::OverBudget {
            budget: money("13.00"),
            left,
        });
        assert_eq!(rules.allow(&ledger(), &add("cake", 1), "ann"), over);
        assert_eq!(rules.allow(&ledger(), &add("tea", 2), "ann"), over);
    }

    #[test]
    fn each_has_a_budget_of_their_own() {
        let rules = Rules {
            budget_each: Some(money("5.00")),
            ..Rules::default()
        };
        assert_eq!(rules.allow(&ledger(), &add("tea", 1), "ann"), Ok(()));
        let none = Err(Refusal::OverOwnBudget {
            budget: money("5.00"),
            left: Money::ZERO,
        });
        assert_eq!(rules.allow(&ledger(), &add("tea", 1), "bob"), none);
        assert_eq!(rules.allow(&ledger(), &add("tea", 2), "cid"), Ok(()));
    }

    #[test]
    fn pieces_that_come_back_to_others_are_not_ones_own() {
        let rules = Rules {
            budget_each: Some(money("5.00")),
            ..Rules::default()
        };
        let restore = |quantity, of_bob| {
            let edit = Edit::Restore {
                product: id("tea"),
                quantity,
                price: None,
                shares: vec![Share {
                    by: "bob".into(),
                    pieces: of_bob,
                }],
                place: None,
                notes: Vec::new(),
            };
            Change {
                edits: vec![edit],
                kind: ChangeKind::Undo,
                ..add("tea", 1)
            }
        };
        let over = Err(Refusal::OverOwnBudget {
            budget: money("5.00"),
            left: money("2.50"),
        });
        assert_eq!(rules.allow(&ledger(), &restore(3, 2), "ann"), Ok(()));
        assert_eq!(rules.allow(&ledger(), &restore(4, 2), "ann"), over);
        // Where more are given back than come, the server takes all for one's own.
        assert_eq!(rules.allow(&ledger(), &restore(2, 3), "ann"), over);

        // Pieces that were another cart's are new to bob: his own limit holds.
        let taken = |kind| Change {
            kind,
            ..restore(3, 2)
        };
        let over = Err(Refusal::OverBudgetOf {
            name: "bob".to_owned(),
            budget: money("5.00"),
            left: money("0"),
        });
        for kind in [ChangeKind::Edit, ChangeKind::Redo] {
            assert_eq!(rules.allow(&ledger(), &taken(kind), "ann"), over);
        }
    }

    #[test]
    fn expected_names_are_clean_and_bounded() {
        let names = expected_names(" ann,bob ,,ann, c\u{1b}i").unwrap();
        assert_eq!(names, ["ann", "bob", "c\u{fffd}i"]);
        assert_eq!(expected_names("  "), Some(Vec::new()));
        let many = |most: usize| (0..most).map(|n| format!("n{n}")).collect::<Vec<_>>();
        assert_eq!(expected_names(&many(100).join(",")), Some(many(100)));
        assert_eq!(expected_names(&many(101).join(",")), None);
    }

    #[test]
    fn who_is_over_already_may_still_take_out() {
        let rules = Rules {
            budget: Some(money("1.00")),
            ..Rules::default()
        };
        let take = Edit::Take {
            product: id("tea"),
            quantity: 1,
        };
        let change = Change {
            edits: vec![take],
            ..add("tea", 1)
        };
        assert_eq!(rules.allow(&ledger(), &change, "ann"), Ok(()));
    }
}
