//! The people of a cart or an order: how many pieces each asked for, and what those cost.

use super::total::{self, ProductLookup};
use super::{CartLine, Money, Order, OrderLine, Preview, shares};
use crate::model::shares::Share;
use crate::model::total::LineStatus;
use std::collections::BTreeMap;

/// The part of a cart or an order that one person asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Part {
    /// The pieces.
    pub pieces: u64,
    /// Their price.
    pub sum: Money,
}

impl Part {
    fn add(&mut self, pieces: u32, price: Money) {
        self.pieces += u64::from(pieces);
        self.sum = self.sum + price.times(pieces);
    }
}

/// The parts of all people. Together with nobody's they are the whole, to the last cent: every
/// piece belongs to exactly one of them, and nothing is rounded.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct People {
    /// Who asked for something, by name.
    pub parts: BTreeMap<String, Part>,
    /// The pieces that nobody is known to have asked for: another client put them in.
    pub nobodys: Part,
}

impl People {
    /// The people of a cart. Lines that don't count towards its total count towards no part.
    pub(crate) fn of_cart<'a>(
        lines: impl Iterator<Item = (&'a CartLine, ProductLookup<'a>)>,
    ) -> People {
        let mut people = People::default();
        for (line, product) in lines {
            let price = match product {
                ProductLookup::Product(product) => product.price,
                ProductLookup::Gone | ProductLookup::Unread => None,
            };
            let (_, counted) = total::line(line, product);
            if let (Some(_), Some(price), Some(quantity)) = (counted, price, line.quantity.whole())
            {
                people.add_line(&line.shares, quantity, price);
            }
        }
        people
    }

    /// The people of a cart as it would be ordered. What can't be ordered counts towards no part.
    #[must_use]
    pub(crate) fn of_preview(preview: &Preview) -> People {
        let lines = preview.lines.iter();
        People::of_lines(
            lines
                .filter(|line| line.status == LineStatus::Good)
                .map(|line| &line.order_line),
        )
    }

    /// The people of an order.
    #[must_use]
    pub fn of_order(order: &Order) -> People {
        People::of_lines(&order.lines)
    }

    fn of_lines<'a>(lines: impl IntoIterator<Item = &'a OrderLine>) -> People {
        let mut people = People::default();
        for line in lines {
            people.add_line(&line.shares, line.quantity, line.price);
        }
        people
    }

    /// Adds the pieces of a line to the parts of those who asked for them.
    pub(crate) fn add_line(&mut self, shares: &[Share], quantity: u32, price: Money) {
        for (name, pieces) in shares::within(shares, quantity) {
            let part = self.parts.entry(name.to_owned()).or_default();
            part.add(pieces, price);
        }
        self.nobodys.add(shares::nobodys(shares, quantity), price);
    }

    /// Everybody's part with their name, by name; nobody's part last, where it has pieces.
    pub fn iter(&self) -> impl Iterator<Item = (Option<&str>, &Part)> {
        let named = self.parts.iter();
        let nobodys = Some(&self.nobodys).filter(|part| part.pieces > 0);
        named
            .map(|(name, part)| (Some(name.as_str()), part))
            .chain(nobodys.map(|part| (None, part)))
    }

    /// Tells whether this person has a part.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.parts.contains_key(name)
    }

    /// Tells whether the parts of an order by `me` are worth telling: somebody else has one, or some
    /// pieces are nobody's.
    #[must_use]
    pub(crate) fn are_several(&self, me: &str) -> bool {
        self.parts.keys().any(|name| name != me)
            || !self.parts.is_empty() && self.nobodys.pieces > 0
    }
}

#[cfg(test)]
mod tests;
