//! Ordering an order again: what of it can be put into a cart today, and what is not as it was.

use super::product::SOLD_OUT;
use super::rules::{Ledger, pieces_of};
use super::total::LineStatus;
use super::{
    Cart, ChangeKind, Currency, Edit, Item, Money, Note, Order, OrderLine, ProductId, Refusal,
    Stock,
};

/// Begins the sentence about those whose notes stay out.
const WITHOUT_NOTES: &str = "Without the notes of";

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
    /// The note that comes back with it: one of whoever asks, where they have none on it now.
    pub note: Option<Note>,
    /// Its standing.
    pub status: AgainStatus,
}

/// An order as it can be ordered today.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Again {
    /// The lines of the order, in its sequence.
    pub lines: Vec<AgainLine>,
    /// The sign of today's currency.
    pub currency: Currency,
    /// Whoever asks.
    me: String,
    /// Set where pieces were asked for by others: now they are asked for by whoever asks.
    pub takes_over: bool,
    /// The people whose notes do not come back: a note is its author's alone.
    others_notes: Vec<String>,
    /// Set where the prices then were of another currency, so that nothing is said of them.
    is_incomparable: bool,
}

impl Again {
    /// Works out what of `order` `me` can put into a cart; `find` finds a product of today's
    /// catalog.
    #[must_use]
    pub fn of<'a>(
        order: &Order,
        currency: &Currency,
        cart: &Cart,
        me: &str,
        find: impl Fn(&ProductId) -> Option<Item<'a>>,
    ) -> Again {
        let lines = order.lines.iter().map(|line| {
            let found = find(&line.product);
            let (status, quantity) = found.map_or((AgainStatus::Gone, 0), |product| {
                standing(&product, line.quantity, cart.quantity(&line.product))
            });

            AgainLine {
                product: line.product.clone(),
                name: found.map_or_else(|| line.name.clone(), |product| product.name.to_owned()),
                ordered: line.quantity,
                quantity,
                price: found.and_then(|product| product.price),
                price_then: line.price,
                note: own_note(line, cart, me).filter(|_| quantity > 0),
                status,
            }
        });

        let notes = order.lines.iter().flat_map(|line| &line.notes);
        let mut others_notes: Vec<String> = notes.map(|note| note.by.clone()).collect();
        others_notes.retain(|name| name != me);
        others_notes.sort_unstable();
        others_notes.dedup();

        let mut shares = order.lines.iter().flat_map(|line| &line.shares);
        Again {
            lines: lines.collect(),
            currency: currency.clone(),
            me: me.to_owned(),
            takes_over: shares.any(|share| share.by != me),
            others_notes,
            is_incomparable: !order.currency.is_same_as(currency),
        }
    }

    /// The lines that come back.
    pub(crate) fn coming_back(&self) -> impl Iterator<Item = &AgainLine> {
        self.lines.iter().filter(|line| line.quantity > 0)
    }

    /// The steps of the one change that puts them back.
    #[must_use]
    pub fn edits(&self) -> Vec<Edit> {
        let edits = self.coming_back().map(|line| {
            let product = line.product.clone();
            let (quantity, price) = (line.quantity, line.price);
            match &line.note {
                None => Edit::Add {
                    product,
                    quantity,
                    price,
                },
                Some(note) => Edit::Restore {
                    product,
                    quantity,
                    price,
                    shares: Vec::new(),
                    place: None,
                    notes: vec![note.clone()],
                },
            }
        });
        edits.collect()
    }

    /// The refusal of the cart's rules, by which nothing comes back at all; `price` finds the price
    /// of what the cart holds.
    #[must_use]
    pub fn refused(
        &self,
        cart: &Cart,
        is_closed: bool,
        price: impl Fn(&ProductId) -> Option<Money>,
    ) -> Option<Refusal> {
        let owner = cart.rules.owner.as_ref()?;
        if cart.rules.locked {
            return Some(Refusal::Locked(owner.clone()));
        }
        if is_closed {
            return Some(Refusal::Closed(owner.clone()));
        }

        let held = cart.lines.iter().filter_map(|line| {
            let price = price(&line.product)?;
            Some((line.product.clone(), price))
        });
        let back = self.coming_back();
        let prices = held.chain(back.filter_map(|line| Some((line.product.clone(), line.price?))));
        let ledger = Ledger::of(cart, prices.collect());
        let allowed = cart
            .rules
            .allow_edits(&ledger, ChangeKind::Edit, &self.edits(), &self.me);
        allowed.err()
    }

    /// Tells whether whoever asks has all that comes back in the cart already.
    #[must_use]
    pub fn is_there(&self, cart: &Cart) -> bool {
        self.coming_back().all(|line| {
            let held = cart.line(&line.product);
            held.is_some_and(|held| pieces_of(&held.shares, &self.me) >= line.quantity)
        })
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
    pub(crate) fn has_another_price(&self, line: &AgainLine) -> bool {
        let is_other = line.price.is_some_and(|now| now != line.price_then);
        is_other && line.quantity > 0 && !self.is_incomparable
    }

    /// Whose notes stay out, as a sentence; `None` where there are none.
    #[must_use]
    pub fn left_out(&self) -> Option<String> {
        let names = self.others_notes.join("; ");
        (!names.is_empty()).then(|| format!("{WITHOUT_NOTES}: {names}."))
    }

    /// The differences from the order as it was, each kind as a sentence: `Short: 3 of 4 Focaccia.`
    #[must_use]
    pub(crate) fn differences(&self) -> Vec<String> {
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
            (WITHOUT_NOTES, self.others_notes.clone()),
        ]
        .into_iter()
        .filter(|(_, lines)| !lines.is_empty())
        .map(|(kind, lines): (&str, Vec<String>)| format!("{kind}: {}.", lines.join("; ")))
        .collect()
    }
}

/// The note of `me` on a line of an order, where they have none on that product in the cart.
fn own_note(line: &OrderLine, cart: &Cart, me: &str) -> Option<Note> {
    let has_one = !cart.notes.text(Some(&line.product), me).is_empty();
    let note = line.notes.iter().find(|note| note.by == me)?;
    (!has_one).then(|| note.clone())
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
pub(super) mod tests {
    use super::*;
    use crate::model::shares::Share;
    use crate::model::{OrderId, OrderState};
    use std::collections::HashMap;

    /// An order of these products, with their prices.
    pub(in crate::model) fn order(lines: &[(&str, u32, &str)]) -> Order {
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
            currency: Currency::with_sign("€"),
            lines: lines.collect(),
            note: String::new(),
            settled: Vec::new(),
        }
    }

    fn share(by: &str, pieces: u32) -> Share {
        let by = by.to_owned();
        Share { by, pieces }
    }

    /// A cart with these pieces, each line of one person.
    fn cart(lines: &[(&'static str, &str, u32)]) -> Cart {
        let mut cart = Cart::default();
        for (name, by, quantity) in lines {
            let edit = Edit::Add {
                product: ProductId::stored(name.as_bytes()),
                quantity: *quantity,
                price: None,
            };
            cart.preview(&edit, by);
        }
        cart
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
            barcode: "",
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
        let cart = cart(&[("Focaccia", "bob", 2), ("Juice", "bob", 2)]);
        let find = |id: &ProductId| shop.get(id).copied();
        let again = Again::of(&order, &Currency::with_sign("€"), &cart, "ann", find);
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
        let again = Again::of(&order, &Currency::with_sign("£"), &cart, "ann", find);
        assert!(again.differences().iter().all(|told| !told.contains("was")));

        let again = Again::of(
            &order,
            &Currency::with_sign("€"),
            &Cart::default(),
            "ann",
            |_| None,
        );
        assert!(again.edits().is_empty() && again.total() == Money::default());
    }

    #[test]
    fn whose_notes_and_pieces_come_back_is_told() {
        let mut order = order(&[
            ("Espresso", 4, "2.40"),
            ("Tea", 2, "3.00"),
            ("Bun", 1, "1.00"),
        ]);
        let by = |by: &str| by.to_owned();
        order.lines[0].shares = vec![share("ann", 4)];
        for (line, who, text) in [
            (0, "ann", "no sugar"),
            (1, "bob", "hot"),
            (1, "ann", "cold"),
            (2, "ann", "gone"),
        ] {
            let text = text.to_owned();
            order.lines[line].notes.push(Note { by: by(who), text });
        }
        let find = |id: &ProductId| match id.as_bytes() {
            b"Espresso" => Some(item("Espresso", "2.40", Stock::Unlimited)),
            b"Tea" => Some(item("Tea", "3.00", Stock::Unlimited)),
            _ => None,
        };

        // What ann has noted since stays; what others noted is not hers to say again.
        let mut cart = cart(&[("Tea", "ann", 2)]);
        let tea = ProductId::stored(b"Tea");
        cart.notes.set(Some(&tea), "ann", "with milk");
        let again = Again::of(&order, &Currency::with_sign("€"), &cart, "ann", find);
        let notes: Vec<Option<&str>> = again
            .lines
            .iter()
            .map(|line| line.note.as_ref().map(|note| note.text.as_str()))
            .collect();
        assert_eq!(notes, [Some("no sugar"), None, None]);
        assert!(!again.takes_over);
        assert_eq!(
            again.differences(),
            ["Gone: Bun.", "Without the notes of: bob."]
        );
        for edit in again.edits() {
            cart.preview(&edit, "ann");
        }
        let espresso = ProductId::stored(b"Espresso");
        assert_eq!(cart.line(&espresso).unwrap().shares, [share("ann", 4)]);
        assert_eq!(cart.notes.text(Some(&espresso), "ann"), "no sugar");
        assert_eq!(cart.notes.text(Some(&tea), "ann"), "with milk");

        let again = Again::of(&order, &Currency::with_sign("€"), &cart, "bob", find);
        assert!(again.takes_over);
        assert!(again.lines[0].note.is_none() && again.lines[1].note.is_some());
    }

    #[test]
    fn it_is_known_who_has_it_all_already() {
        let order = order(&[("Espresso", 4, "2.40"), ("Bun", 1, "1.00")]);
        let find = |id: &ProductId| match id.as_bytes() {
            b"Espresso" => Some(item("Espresso", "2.40", Stock::Unlimited)),
            _ => None,
        };
        let is_there = |lines: &[(&'static str, &str, u32)]| {
            let cart = cart(lines);
            Again::of(&order, &Currency::with_sign("€"), &cart, "ann", find).is_there(&cart)
        };
        assert!(is_there(&[("Espresso", "ann", 4)]));
        assert!(!is_there(&[("Espresso", "ann", 3)]));
        assert!(!is_there(&[("Espresso", "bob", 9)]));
        assert!(!is_there(&[]));
    }

    #[test]
    fn rules_refuse_it_beforehand_as_one_s_own() {
        let order = order(&[("Espresso", 4, "2.40")]);
        let find = |_: &ProductId| Some(item("Espresso", "2.50", Stock::Unlimited));
        let price = |_: &ProductId| Money::parse("2.50");
        let refused = |limit: &str, is_closed| {
            let mut cart = cart(&[("Espresso", "bob", 4), ("Tea", "ann", 1)]);
            cart.rules.owner = Some("ann".to_owned());
            cart.rules.budget_each = Money::parse(limit);
            let again = Again::of(&order, &Currency::with_sign("€"), &cart, "ann", find);
            again.refused(&cart, is_closed, price)
        };

        assert_eq!(refused("12.50", false), None);
        let over = Refusal::OverOwnBudget {
            budget: Money::parse("12.00").unwrap(),
            left: Money::parse("9.50").unwrap(),
        };
        assert_eq!(refused("12.00", false), Some(over));
        assert_eq!(
            refused("12.50", true),
            Some(Refusal::Closed("ann".to_owned()))
        );
    }
}
