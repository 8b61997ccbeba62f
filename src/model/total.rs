//! The sums of a cart, and why a line may not count.

use super::{CartLine, Item, Money, Quantity, Stock};
use crate::model::product::WITHOUT_PRICE;

/// The standing of a line: it counts towards the total, or the reason why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineStatus {
    /// It counts.
    Good,
    /// Its product is no longer sold.
    Gone,
    /// Its product has no price that can be read.
    NoPrice,
    /// Its quantity is damaged.
    Damaged,
    /// Its product has not been read yet.
    Reading,
}

impl LineStatus {
    /// True where the line counts, as far as is known.
    #[must_use]
    pub(crate) fn may_count(self) -> bool {
        match self {
            LineStatus::Good | LineStatus::Reading => true,
            LineStatus::Gone | LineStatus::NoPrice | LineStatus::Damaged => false,
        }
    }

    /// A word for people; empty where all is well.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            LineStatus::Good => "",
            LineStatus::Gone => "no longer sold",
            LineStatus::NoPrice => "no valid price",
            LineStatus::Damaged => "damaged quantity",
            LineStatus::Reading => "reading",
        }
    }

    /// The same where there is little room.
    #[must_use]
    pub(crate) fn short_word(self) -> &'static str {
        match self {
            LineStatus::Gone => "gone",
            LineStatus::NoPrice => WITHOUT_PRICE,
            LineStatus::Damaged => "damaged",
            LineStatus::Good | LineStatus::Reading => self.word(),
        }
    }

    /// A short name for programs; stable.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            LineStatus::Good => "ok",
            LineStatus::Gone => "gone",
            LineStatus::NoPrice => "no_price",
            LineStatus::Damaged => "damaged",
            LineStatus::Reading => "reading",
        }
    }
}

/// The product of a line, as far as it has been looked up.
#[derive(Debug, Clone, Copy)]
pub enum ProductLookup<'a> {
    /// It is sold, and this is what the catalog has of it.
    Product(Item<'a>),
    /// No product has this id any more.
    Gone,
    /// The catalog was not read that far.
    Unread,
}

/// The standing of a line, and what it costs where it counts.
#[must_use]
pub fn line(line: &CartLine, known: ProductLookup<'_>) -> (LineStatus, Option<Money>) {
    let price = match known {
        ProductLookup::Unread => return (LineStatus::Reading, None),
        ProductLookup::Gone => return (LineStatus::Gone, None),
        ProductLookup::Product(product) => product.price,
    };
    match (&line.quantity, price) {
        (Quantity::Damaged(_), _) => (LineStatus::Damaged, None),
        (_, None) => (LineStatus::NoPrice, None),
        (Quantity::Whole(quantity), Some(price)) => {
            (LineStatus::Good, Some(price.times(*quantity)))
        }
    }
}

/// The stock of a line's product where that is less than the line holds. The line counts all the
/// same: more may come until it is ordered.
#[must_use]
pub fn short(line: &CartLine, known: ProductLookup<'_>) -> Option<u64> {
    match known {
        ProductLookup::Product(Item {
            stock: Stock::Left(left),
            ..
        }) => line
            .quantity
            .whole()
            .filter(|quantity| left < u64::from(*quantity))
            .map(|_| left),
        _ => None,
    }
}

/// The sums of a cart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// The sum of the lines that count.
    pub subtotal: Money,
    /// The pieces of the lines that count.
    pub items: u64,
    /// The lines that don't.
    pub uncounted: usize,
}

/// Sums the lines of a cart.
pub fn totals<'a>(lines: impl Iterator<Item = (&'a CartLine, ProductLookup<'a>)>) -> Totals {
    let mut totals = Totals::default();
    for (one, known) in lines {
        match line(one, known) {
            (_, Some(total)) => {
                totals.subtotal = totals.subtotal + total;
                totals.items += u64::from(one.quantity.whole().unwrap_or(0));
            }
            (_, None) => totals.uncounted += 1,
        }
    }
    totals
}
