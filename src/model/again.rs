//! Ordering an order again: what of it can be put into a cart today, and what is not as it was.

use super::product::SOLD_OUT;
use super::total::LineStatus;
use super::{Edit, Item, Money, Order, ProductId, Stock};

/// The standing of an order's line today.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum AgainStatus {
    /// All of it can be ordered.
    Ok,
    /// The shop has fewer than were ordered, beside those in the cart.
    Short,
    /// The shop has none, or the cart holds all of them.
    SoldOut,
    /// The product has no price that can be read.
    NoPrice,
    /// The product is no longer sold.
    Gone,
}

impl AgainStatus {
    /// A short name for programs; stable.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.into()
    }

    /// A word for people where nothing of the line comes back; empty else.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            AgainStatus::Ok | AgainStatus::Short => "",
            AgainStatus::SoldOut => SOLD_OUT,
            AgainStatus::NoPrice => LineStatus::NoPrice.word(),
            AgainStatus::Gone => LineStatus::Gone.word(),
        }
    }
}

/// A line of an order, as it can be ordered today.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgainLine {
    /// The product.
    pub product: ProductId,
    /// Its name today, or that of the order where it is gone; clean text.
    pub name: String,
    /// The pieces that were ordered.
    pub ordered: u32,
    /// The pieces that come back; 0 where none do.
    pub quantity: u32,
    /// The price today.
    pub price: Option<Money>,
    /// The price that was paid.
    pub price_then: Money,
    /// Its standing.
    pub status: AgainStatus,
}

/// An order as it can be ordered today.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Again {
    /// The lines of the order, in its sequence.
    pub lines: Vec<AgainLine>,
    /// The sign of today's currency.
    pub currency: String,
    /// Set where the prices then were of another currency, so that nothing is said of them.
    is_incomparable: bool,
}

impl Again {
    /// Works out what of `order` can be put into a cart that holds so many of each product;
    /// `find` finds a product of today's catalog.
    #[must_use]
    pub fn of<'a>(
        order: &Order,
        currency: &str,
        in_cart: impl Fn(&ProductId) -> u32,
        find: impl Fn(&ProductId) -> Option<Item<'a>>,
    ) -> Again {
        let lines = order.lines.iter().map(|line| {
            let found = find(&line.product);
            let (status, quantity) = found.map_or((AgainStatus::Gone, 0), |product| {
                standing(&product, line.quantity, in_cart(&line.product))
            });

            AgainLine {
                product: line.product.clone(),
                name: found.map_or_else(|| line.name.clone(), |product| product.name.to_owned()),
                ordered: line.quantity,
                quantity,
                price: found.and_then(|product| product.price),
                price_then: line.price,
                status,
            }
        });

        Again {
            lines: lines.collect(),
            currency: currency.to_owned(),
            is_incomparable: order.currency != currency,
        }
    }

    /// The lines that come back.
    pub fn coming_back(&self) -> impl Iterator<Item = &AgainLine> {
        self.lines.iter().filter(|line| line.quantity > 0)
    }

    /// The steps of the one change that puts them back.
    #[must_use]
    pub fn edits(&self) -> Vec<Edit> {
        self.coming_back()
            .map(|line| Edit::Add {
                product: line.product.clone(),
                quantity: line.quantity,
                price: line.price,
            })
            .collect()
    }

    /// The price of all that comes back, today.
    #[must_use]
    pub fn total(&self) -> Money {
        self.coming_back()
            .filter_map(|line| Some(line.price?.times(line.quantity)))
            .sum()
    }

    /// Tells whether a line costs something else today than then.
    #[must_use]
    pub fn has_another_price(&self, line: &AgainLine) -> bool {
        let is_other = line.price.is_some_and(|now| now != line.price_then);
        is_other && line.quantity > 0 && !self.is_incomparable
    }

    /// What is not as it was, each kind as a sentence: `Short: 3 of 4 Focaccia.`
    #[must_use]
    pub fn differences(&self) -> Vec<String> {
        let of_status = |status: AgainStatus| {
            let lines = self.lines.iter();
            lines.filter(move |line| line.status == status)
        };
        let names = |status| of_status(status).map(|line| line.name.clone()).collect();
        let short = of_status(AgainStatus::Short)
            .map(|line| format!("{} of {} {}", line.quantity, line.ordered, line.name))
            .collect();

        let mut dearer = Vec::new();
        let mut cheaper = Vec::new();
        for line in self
            .lines
            .iter()
            .filter(|line| self.has_another_price(line))
        {
            let now = line.price.unwrap_or_default();
            let shown_now = now.in_currency(&self.currency);
            let then = line.price_then.in_currency(&self.currency);
            let told = format!("{} {shown_now}, was {then}", line.name);
            if now > line.price_then {
                dearer.push(told);
            } else {
                cheaper.push(told);
            }
        }

        [
            ("Short", short),
            ("Sold out", names(AgainStatus::SoldOut)),
            ("Dearer", dearer),
            ("Cheaper", cheaper),
            ("No valid price", names(AgainStatus::NoPrice)),
            ("Gone", names(AgainStatus::Gone)),
        ]
        .into_iter()
        .filter(|(_, lines)| !lines.is_empty())
        .map(|(kind, lines): (&str, Vec<String>)| format!("{kind}: {}.", lines.join("; ")))
        .collect()
    }
}

/// The standing of a product of which so many were ordered, and how many come back.
fn standing(product: &Item<'_>, ordered: u32, in_cart: u32) -> (AgainStatus, u32) {
    if product.price.is_none() {
        return (AgainStatus::NoPrice, 0);
    }
    let left = match product.stock {
        // What can't be read is the checkout's to refuse.
        Stock::Unlimited | Stock::Unreadable => return (AgainStatus::Ok, ordered),
        Stock::Left(left) => left.saturating_sub(u64::from(in_cart)),
    };

    match u32::try_from(left) {
        Ok(0) => (AgainStatus::SoldOut, 0),
        Ok(left) if left < ordered => (AgainStatus::Short, left),
        Ok(_) | Err(_) => (AgainStatus::Ok, ordered),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{OrderId, OrderLine, OrderState};
    use std::collections::HashMap;

    fn order(lines: &[(&str, u32, &str)]) -> Order {
        let lines = lines.iter().map(|(name, quantity, price)| OrderLine {
            product: ProductId::stored(name.as_bytes()),
            name: (*name).to_owned(),
            unit: String::new(),
            quantity: *quantity,
            price: Money::parse(price).unwrap(),
            shares: Vec::new(),
            notes: Vec::new(),
        });
        Order {
            id: OrderId::parse("20261124-7KQ2-M8XD").unwrap(),
            number: None,
            user: "office".to_owned(),
            who: "ann".to_owned(),
            at: 0,
            state: OrderState::Done,
            changed: 0,
            reached: Vec::new(),
            currency: "€".to_owned(),
            lines: lines.collect(),
            note: String::new(),
            settled: Vec::new(),
        }
    }

    fn item(name: &'static str, price: &str, stock: Stock) -> Item<'static> {
        Item {
            id: name.as_bytes(),
            name,
            price: Money::parse(price),
            category: "",
            unit: "",
            stock,
            description: "",
        }
    }

    #[test]
    fn what_is_not_as_it_was_is_told() {
        let order = order(&[
            ("Espresso", 4, "2.40"),
            ("Focaccia", 4, "4.20"),
            ("Croissant", 2, "1.80"),
            ("Tea", 1, "3.00"),
            ("Basil", 1, "2.20"),
            ("Juice", 3, "3.80"),
            ("Cold Brew", 1, "4.10"),
            ("Bun", 1, "1.00"),
        ]);
        let shop: HashMap<ProductId, Item<'_>> = [
            item("Espresso", "2.40", Stock::Unlimited),
            item("Focaccia", "4.20", Stock::Left(5)),
            item("Croissant", "1.90", Stock::Left(2)),
            item("Tea", "2.50", Stock::Unreadable),
            item("Basil", "2.20", Stock::Left(0)),
            item("Juice", "3.80", Stock::Left(2)),
            item("Bun", "?", Stock::Unlimited),
        ]
        .into_iter()
        .map(|item| (item.product_id(), item))
        .collect();

        // The cart holds pieces that the same stock must do for.
        let in_cart = |id: &ProductId| match id.as_bytes() {
            b"Focaccia" | b"Juice" => 2,
            _ => 0,
        };
        let again = Again::of(&order, "€", in_cart, |id| shop.get(id).copied());
        let back: Vec<(&str, u32)> = again
            .coming_back()
            .map(|line| (line.name.as_str(), line.quantity))
            .collect();
        assert_eq!(
            back,
            [
                ("Espresso", 4),
                ("Focaccia", 3),
                ("Croissant", 2),
                ("Tea", 1)
            ]
        );
        assert_eq!(again.edits().len(), 4);
        assert_eq!(again.total(), Money::parse("28.50").unwrap());
        assert_eq!(
            again.differences(),
            [
                "Short: 3 of 4 Focaccia.",
                "Sold out: Basil; Juice.",
                "Dearer: Croissant €1.90, was €1.80.",
                "Cheaper: Tea €2.50, was €3.00.",
                "No valid price: Bun.",
                "Gone: Cold Brew.",
            ]
        );

        // Amounts in another currency can't be compared.
        let again = Again::of(&order, "£", in_cart, |id| shop.get(id).copied());
        assert!(again.differences().iter().all(|told| !told.contains("was")));

        let again = Again::of(&order, "€", |_| 0, |_| None);
        assert!(again.edits().is_empty() && again.total() == Money::default());
    }
}
