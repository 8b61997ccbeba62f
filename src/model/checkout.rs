//! The preview of an order: the cart at today's prices, and what stands in the way.

use super::total;
use super::{Cart, CartLine, Money, Note, Product, ProductId, Quantity, Refusal};
use crate::model::order::{OrderFailure, OrderLine, Share};
use crate::model::total::{LineStatus, ProductLookup};
use std::collections::HashMap;

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
    pub currency: String,
    /// The most that it may cost.
    pub budget: Option<Money>,
    /// What is noted for the whole order; empty where nothing is.
    pub note: String,
    /// Lines that were not read because the cart has too many.
    pub hidden: usize,
}

impl Preview {
    /// Previews `cart` as an order.
    #[must_use]
    pub fn of(cart: &Cart, products: &HashMap<ProductId, Product>, currency: String) -> Preview {
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
            note: cart.notes.of_order().to_owned(),
            hidden: cart.hidden,
        }
    }

    /// The amount that would be charged for the lines that can be ordered.
    #[must_use]
    pub fn total(&self) -> Money {
        self.lines.iter().map(|line| line.order_line.total()).sum()
    }

    /// The lines of the order.
    ///
    /// # Errors
    /// The first thing that stands in the way of ordering: an empty cart, a line that can't be
    /// ordered, too little stock, the budget.
    pub fn orderable_lines(&self) -> Result<Vec<OrderLine>, Refusal> {
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

        let total = self.total();
        match self.budget {
            Some(budget) if total > budget => Err(Refusal::DearerThanBudget { budget, total }),
            _ => Ok(self
                .lines
                .iter()
                .map(|line| line.order_line.clone())
                .collect()),
        }
    }
}

impl PreviewLine {
    /// Who asked for how many, and the pieces that the line holds; `None` where that is damaged.
    #[must_use]
    pub(crate) fn shares(&self) -> (&[Share], Option<u32>) {
        (&self.order_line.shares, self.quantity_in_cart.whole())
    }

    /// Checks that the line can be ordered.
    fn check(&self) -> Result<(), Refusal> {
        let name = self.order_line.name.clone();

        if self.status != LineStatus::Good {
            return Err(Refusal::CantOrder {
                name,
                why: self.status.word(),
            });
        }

        // An order is stored as JSON, which holds text alone.
        if std::str::from_utf8(self.order_line.product.as_bytes()).is_err() {
            return Err(Refusal::CantOrder {
                name,
                why: "its id is not text",
            });
        }

        match self.short {
            Some(left) => Err(Refusal::NotOrdered(OrderFailure::Short { name, left })),
            None => Ok(()),
        }
    }
}

fn preview_line(line: &CartLine, notes: &[Note], product: Option<&Product>) -> PreviewLine {
    let price = product.and_then(|product| product.price);
    let quantity = line.quantity.whole().unwrap_or(0);

    let status = match (&line.quantity, product, price) {
        (Quantity::Damaged(_), ..) => LineStatus::Damaged,
        (_, None, _) => LineStatus::Gone,
        (_, _, None) => LineStatus::NoPrice,
        _ => LineStatus::Good,
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
