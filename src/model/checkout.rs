//! The preview of an order: the cart at today's prices, and what stands in the way.

use super::product::only_left;
use super::{
    Cart, CartLine, Currency, Edit, Money, Note, People, Product, ProductId, Quantity, Refusal,
};
use super::{shares, total};
use crate::model::order::{OrderFailure, OrderLine};
use crate::model::shares::{Portions, Share};
use crate::model::total::{LineStatus, ProductLookup};
use std::collections::HashMap;

/// The words for a line whose product has an id that is not text.
const ID_NOT_TEXT: &str = "its id is not text";

/// A line of the cart as it would be charged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreviewLine {
    /// The line as it would stand in the order; a price of zero where it can't be ordered.
    pub order_line: OrderLine,
    /// The quantity as the cart holds it; that of the order line is zero where it is damaged.
    pub quantity_in_cart: Quantity,
    /// The reason why it can't be ordered, or that it can.
    pub status: LineStatus,
    /// The price when it was added, where that was another.
    pub price_when_added: Option<Money>,
    /// The pieces that are left, where these are fewer than asked for.
    pub short: Option<u64>,
}

/// A reason why a line can't be ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obstacle {
    /// It does not count.
    Status(LineStatus),
    /// Its product's id is not text; an order is stored as JSON, which holds text alone.
    IdNotText,
    /// The shop has only so many pieces.
    Short(u64),
}

impl Obstacle {
    /// The words for people: `only 3 left`.
    #[must_use]
    pub fn words(self) -> String {
        match self {
            Obstacle::Status(status) => status.word().to_owned(),
            Obstacle::IdNotText => ID_NOT_TEXT.to_owned(),
            Obstacle::Short(left) => only_left(left),
        }
    }
}

/// A change that makes a line orderable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mending {
    /// Only so many pieces of it are kept.
    Keep(u32),
    /// It is removed.
    Remove,
}

/// Somebody who loses pieces of a line when it is mended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    /// Who.
    pub name: String,
    /// The pieces that are left to them.
    pub keeps: u32,
}

/// The order that a cart would become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// The version of the cart that it was made from.
    pub version: u64,
    /// When, by the server's clock, in Unix milliseconds.
    pub at: u64,
    /// The lines, in the order of the cart.
    pub lines: Vec<PreviewLine>,
    /// The sign of the currency.
    pub currency: Currency,
    /// The most that it may cost.
    pub budget: Option<Money>,
    /// The limit for the items that each person asked for.
    pub budget_each: Option<Money>,
    /// The note for the whole order; empty where there is none.
    pub note: String,
    /// Lines that were not read because the cart has too many.
    pub hidden: usize,
}

impl Preview {
    /// Previews `cart` as an order.
    #[must_use]
    pub fn of(cart: &Cart, products: &HashMap<ProductId, Product>, currency: Currency) -> Preview {
        let lines = cart.lines.iter().map(|line| {
            let notes = cart.notes.of(&line.product);
            preview_line(line, notes, products.get(&line.product))
        });

        Preview {
            version: cart.version,
            at: cart.deadline.told_at,
            lines: lines.collect(),
            currency,
            budget: cart.rules.budget,
            budget_each: cart.rules.budget_each,
            note: cart.notes.of_order().to_owned(),
            hidden: cart.hidden,
        }
    }

    /// The amount that would be charged for the lines that can be ordered.
    #[must_use]
    pub fn total(&self) -> Money {
        self.lines.iter().map(|line| line.order_line.total()).sum()
    }

    /// The pieces that would be charged.
    #[must_use]
    pub fn pieces(&self) -> u64 {
        let counted = self.lines.iter().filter(|line| line.status.may_count());
        counted
            .map(|line| u64::from(line.order_line.quantity))
            .sum()
    }

    /// The lines that can't be ordered.
    pub fn blocked(&self) -> impl Iterator<Item = &PreviewLine> {
        self.lines.iter().filter(|line| line.obstacle().is_some())
    }

    /// The amount by which it is over its budget, where it is.
    #[must_use]
    pub fn over_budget(&self) -> Option<Money> {
        let budget = self.exceeded_budget()?;
        Some(self.total().less(budget))
    }

    /// The budget, where the total is over it.
    fn exceeded_budget(&self) -> Option<Money> {
        self.budget.filter(|budget| self.total() > *budget)
    }

    /// Checks that nobody asked for more than the limit for each person.
    fn check_each(&self) -> Result<(), Refusal> {
        let Some(budget) = self.budget_each else {
            return Ok(());
        };
        let mut parts = People::of_preview(self).parts.into_iter();
        match parts.find(|(_, part)| part.sum > budget) {
            Some((name, part)) => Err(Refusal::DearerThanBudgetOf {
                name,
                budget,
                sum: part.sum,
            }),
            None => Ok(()),
        }
    }

    /// The lines of the order.
    ///
    /// # Errors
    /// The errors of [`Preview::check`].
    pub fn orderable_lines(&self) -> Result<Vec<OrderLine>, Refusal> {
        self.check()?;
        let lines = self.lines.iter().map(|line| line.order_line.clone());
        Ok(lines.collect())
    }

    /// Checks that nothing stands in the way of ordering.
    ///
    /// # Errors
    /// The first thing that stands in the way of ordering: an empty cart, a line that can't be
    /// ordered, too little stock, the budget, the limit for each person.
    pub fn check(&self) -> Result<(), Refusal> {
        if self.lines.is_empty() {
            return Err(Refusal::EmptyCart);
        }
        if self.hidden > 0 {
            return Err(Refusal::CartFull(
                u32::try_from(self.lines.len()).unwrap_or(u32::MAX),
            ));
        }

        for line in &self.lines {
            line.check()?;
        }

        if let Some(budget) = self.exceeded_budget() {
            let total = self.total();
            return Err(Refusal::DearerThanBudget { budget, total });
        }
        self.check_each()
    }
}

impl PreviewLine {
    /// Who asked for how many, and the pieces that the line holds; `None` where that is damaged.
    #[must_use]
    pub(crate) fn shares(&self) -> (&[Share], Option<u32>) {
        (&self.order_line.shares, self.quantity_in_cart.whole())
    }

    /// The people who have pieces of it.
    #[must_use]
    pub(crate) fn portions(&self) -> Portions<'_> {
        let (shares, quantity) = self.shares();
        Portions::of(shares, quantity)
    }

    /// The reason why this line can't be ordered; `None` where it can.
    #[must_use]
    pub(crate) fn obstacle(&self) -> Option<Obstacle> {
        if self.status != LineStatus::Good {
            return Some(Obstacle::Status(self.status));
        }
        if std::str::from_utf8(self.order_line.product.as_bytes()).is_err() {
            return Some(Obstacle::IdNotText);
        }
        self.short.map(Obstacle::Short)
    }

    /// The change that makes this line orderable, where it can't be ordered as it is.
    #[must_use]
    pub(crate) fn mending(&self) -> Option<Mending> {
        let obstacle = self.obstacle()?;
        Some(match obstacle {
            Obstacle::Short(left) => match u32::try_from(left) {
                Ok(left @ 1..) => Mending::Keep(left),
                Ok(0) | Err(_) => Mending::Remove,
            },
            Obstacle::Status(_) | Obstacle::IdNotText => Mending::Remove,
        })
    }

    /// The step that mends it. It never adds anything, whatever others did meanwhile.
    #[must_use]
    pub(crate) fn mend(&self) -> Option<Edit> {
        let product = self.order_line.product.clone();
        Some(match self.mending()? {
            Mending::Keep(left) => Edit::Take {
                product,
                quantity: self.order_line.quantity.saturating_sub(left),
            },
            Mending::Remove => Edit::Remove { product },
        })
    }

    /// The people who lose pieces but not the whole line when `me` mends it: first `me`, then
    /// whoever came last, as with every change.
    #[must_use]
    pub(crate) fn losses(&self, me: &str) -> Vec<Loss> {
        let Some(Mending::Keep(left)) = self.mending() else {
            return Vec::new();
        };
        let quantity = self.order_line.quantity;
        let mut after = self.order_line.shares.clone();
        shares::adjust(&mut after, quantity, left, me, &[]);

        let before = shares::within(&self.order_line.shares, quantity);
        before
            .filter_map(|(name, had)| {
                let mut kept = shares::within(&after, left).filter(|(by, _)| *by == name);
                let keeps = kept.next().map_or(0, |(_, pieces)| pieces);
                (keeps < had).then(|| Loss {
                    name: name.to_owned(),
                    keeps,
                })
            })
            .collect()
    }

    /// Checks that the line can be ordered.
    fn check(&self) -> Result<(), Refusal> {
        let name = self.order_line.name.clone();
        match self.obstacle() {
            None => Ok(()),
            Some(Obstacle::Status(status)) => Err(Refusal::CantOrder {
                name,
                why: status.word(),
            }),
            Some(Obstacle::IdNotText) => Err(Refusal::CantOrder {
                name,
                why: ID_NOT_TEXT,
            }),
            Some(Obstacle::Short(left)) => {
                Err(Refusal::NotOrdered(OrderFailure::Short { name, left }))
            }
        }
    }
}

fn preview_line(line: &CartLine, notes: &[Note], product: Option<&Product>) -> PreviewLine {
    let price = product.and_then(|product| product.price);
    let quantity = line.quantity.whole().unwrap_or(0);

    let status = match (&line.quantity, product, price) {
        (Quantity::Damaged(_), ..) => LineStatus::Damaged,
        (Quantity::Whole(_), None, _) => LineStatus::Gone,
        (Quantity::Whole(_), Some(_), None) => LineStatus::NoPrice,
        (Quantity::Whole(_), Some(_), Some(_)) => LineStatus::Good,
    };

    let price_when_added = line.added.as_ref().and_then(|added| added.price);
    let known = product.map_or(ProductLookup::Gone, |product| {
        ProductLookup::Product(product.item())
    });

    PreviewLine {
        order_line: OrderLine {
            product: line.product.clone(),
            name: product.map_or_else(
                || line.product.to_string(),
                |product| product.name.to_string(),
            ),
            unit: product
                .map(|product| product.unit.to_string())
                .unwrap_or_default(),
            quantity,
            price: price
                .filter(|_| status == LineStatus::Good)
                .unwrap_or_default(),
            shares: line.shares.clone(),
            notes: notes.to_vec(),
        },
        quantity_in_cart: line.quantity.clone(),
        status,
        price_when_added: price_when_added.filter(|then| price.is_some_and(|now| now != *then)),
        short: total::short(line, known),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(quantity: u32, left: u64, people: &[(&str, u32)]) -> PreviewLine {
        let share = |(by, pieces): &(&str, u32)| Share {
            by: (*by).to_owned(),
            pieces: *pieces,
        };
        PreviewLine {
            order_line: OrderLine {
                product: ProductId::stored(b"focaccia"),
                name: "Focaccia".to_owned(),
                unit: String::new(),
                quantity,
                price: Money::parse("4.20").unwrap_or_default(),
                shares: people.iter().map(share).collect(),
                notes: Vec::new(),
            },
            quantity_in_cart: Quantity::Whole(quantity),
            status: LineStatus::Good,
            price_when_added: None,
            short: Some(left).filter(|left| *left < u64::from(quantity)),
        }
    }

    #[test]
    fn a_short_line_keeps_what_there_is_and_says_whom_that_hits() {
        for (quantity, left, people, keeps) in [
            // Who came last gives way.
            (
                4,
                3,
                &[("cai", 1), ("gus", 1), ("hal", 2)][..],
                &[("hal", 1)][..],
            ),
            (
                4,
                2,
                &[("cai", 1), ("hal", 2), ("gus", 1)],
                &[("hal", 1), ("gus", 0)],
            ),
            // Before them whoever mends it, and before others nobody.
            (4, 3, &[("me", 2), ("hal", 2)], &[("me", 1)]),
            (4, 1, &[("me", 2), ("hal", 2)], &[("me", 0), ("hal", 1)]),
            (4, 3, &[("hal", 3)], &[]),
        ] {
            let line = line(quantity, left, people);
            let losses = line.losses("me");
            let told: Vec<_> = losses.iter().map(|it| (&*it.name, it.keeps)).collect();
            assert_eq!(told, keeps, "{people:?} {left}");
        }
    }

    #[test]
    fn what_can_not_be_ordered_is_cut_down_or_removed() {
        let product = || ProductId::stored(b"focaccia");
        let short = line(4, 3, &[]);
        let quantity = 1;
        assert_eq!(
            short.mend(),
            Some(Edit::Take {
                product: product(),
                quantity
            })
        );

        let remove = Some(Edit::Remove { product: product() });
        assert_eq!(line(4, 0, &[]).mend(), remove);
        let mut gone = line(4, 4, &[]);
        assert_eq!((gone.obstacle(), gone.mend()), (None, None));
        gone.status = LineStatus::Gone;
        assert_eq!(gone.mend(), remove);
        assert_eq!(gone.obstacle().unwrap().words(), "no longer sold");
    }
}
