//! Random histories of carts that several people fill: after each step, the parts are the whole.

use super::*;
use crate::model::order::OrderState;
use crate::model::receipt::Letterhead;
use crate::model::time::Clock;
use crate::model::{Cart, ChangeKind, Currency, Deadline, Edit, LineChange, OpId, OrderId};
use crate::model::{Product, ProductId, Quantity, Update, receipt};
use std::collections::HashMap;

/// The histories that are tried.
const HISTORIES: u64 = 100_000;
/// The most steps of one.
const MOST_STEPS: u64 = 12;

const PEOPLE: [&str; 3] = ["ann", "bob", "cai"];
const PRODUCTS: [&str; 3] = ["tea", "bun", "jam"];
const PRICES: [&str; 6] = ["2.40", "0", "1.955", "0.000001", "999999.99", "unreadable"];

/// A number that looks like a random one, always the same for the same seed (SplitMix64).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (bits ^ (bits >> 31)) % limit
    }

    fn pieces(&mut self) -> u32 {
        1 + self.below(7) as u32
    }

    fn one_of(&mut self, names: &[&'static str]) -> &'static str {
        names[self.below(names.len() as u64) as usize]
    }
}

fn id(name: &str) -> ProductId {
    ProductId::stored(name.as_bytes())
}

fn lookup<'a>(products: &'a HashMap<ProductId, Product>, id: &ProductId) -> ProductLookup<'a> {
    products.get(id).map_or(ProductLookup::Gone, |product| {
        ProductLookup::Product(product.item())
    })
}

impl People {
    /// The price of all parts.
    fn total(&self) -> Money {
        let named: Money = self.parts.values().map(|part| part.sum).sum();
        named + self.nobodys.sum
    }

    /// The pieces of all parts.
    fn pieces(&self) -> u64 {
        let named: u64 = self.parts.values().map(|part| part.pieces).sum();
        named + self.nobodys.pieces
    }
}

/// A cart in the course of its history.
struct History {
    random: Random,
    cart: Cart,
    products: HashMap<ProductId, Product>,
    /// The steps that undo what each person did, the latest last.
    undo: Vec<(&'static str, Vec<Edit>)>,
    /// The log of what has happened, to tell where it went wrong.
    told: Vec<String>,
}

impl History {
    fn new(seed: u64) -> History {
        let mut history = History {
            random: Random(seed),
            cart: Cart::default(),
            products: HashMap::new(),
            undo: Vec::new(),
            told: vec![format!("history {seed}")],
        };
        for product in PRODUCTS {
            history.reprice(product);
        }
        history
    }

    fn people(&self) -> People {
        let lines = self.cart.lines.iter();
        People::of_cart(lines.map(|line| (line, lookup(&self.products, &line.product))))
    }

    /// The shop gives a product a price, of which some can't be read.
    fn reprice(&mut self, product: &str) {
        let price = self.random.one_of(&PRICES).as_bytes();
        let fields = [None, Some(price), None, None, None, None, None];
        let decoded = Product::decode(id(product), fields).unwrap();
        self.products.insert(id(product), decoded);
    }

    /// Somebody makes a change. Returns the steps that undo it.
    fn change(&mut self, by: &str, edits: &[Edit]) -> Vec<Edit> {
        let before = self.cart.clone();
        for edit in edits {
            self.cart.preview(edit, by);
        }

        let mut products: Vec<_> = before.lines.iter().chain(&self.cart.lines).collect();
        products.sort_by(|a, b| a.product.cmp(&b.product));
        products.dedup_by(|a, b| a.product == b.product);
        let lines = products.iter().map(|line| {
            let product = &line.product;
            LineChange {
                product: product.clone(),
                quantity: self.cart.quantity(product),
                delta: i64::from(self.cart.quantity(product)) - i64::from(before.quantity(product)),
                price: None,
                taken: taken(before.line(product), self.cart.line(product), by),
            }
        });

        let update = Update {
            version: 1,
            op: OpId::parse("x").unwrap(),
            by: by.to_owned(),
            kind: ChangeKind::Edit,
            lines: lines.filter(|line| line.delta != 0).collect(),
            notes: Vec::new(),
            rules: Vec::new(),
            count: self.cart.lines.len(),
            deadline: Deadline::default(),
        };
        update.inverse()
    }

    /// Another client writes with plain commands, and knows nothing of who asked for what.
    fn write_plainly(&mut self, product: &str) {
        let quantity = match self.random.below(6) {
            0 => Quantity::Damaged("1.5".to_owned()),
            _ => Quantity::Whole(self.random.pieces()),
        };

        match self
            .cart
            .lines
            .iter_mut()
            .find(|line| line.product == id(product))
        {
            Some(line) => line.quantity = quantity,
            None => self.cart.lines.push(CartLine {
                product: id(product),
                quantity,
                added: None,
                shares: Vec::new(),
                touched: None,
            }),
        }
    }

    fn step(&mut self) {
        let by = self.random.one_of(&PEOPLE);
        let name = self.random.one_of(&PRODUCTS);
        let product = id(name);
        let quantity = self.random.pieces();
        let price = None;

        let edit = match self.random.below(16) {
            0..6 => Edit::Add {
                product,
                quantity,
                price,
            },
            6..9 => Edit::Take { product, quantity },
            9 => Edit::Set {
                product,
                quantity,
                price,
            },
            10 => Edit::Remove { product },
            11 => Edit::Clear,
            12 => return self.undo(by),
            13 => {
                self.told.push(format!("another client writes {name}"));
                return self.write_plainly(name);
            }
            14 => {
                self.told.push(format!("the shop reprices {name}"));
                return self.reprice(name);
            }
            // A line that nobody touched leaves, or the whole cart.
            _ => {
                self.told.push(format!("{name} expires, or all"));
                let is_all = self.random.below(2) == 0;
                return self
                    .cart
                    .lines
                    .retain(|line| !is_all && line.product != product);
            }
        };

        self.told.push(format!("{by}: {edit:?}"));
        let before = self.people();
        let inverse = self.change(by, std::slice::from_ref(&edit));
        let is_whole = self
            .cart
            .lines
            .iter()
            .all(|line| line.quantity.whole().is_some());
        let after = self.people();

        // Whoever adds gets what they add, and nobody else loses anything.
        if let (Edit::Add { .. }, true) = (&edit, is_whole) {
            for name in PEOPLE.into_iter().filter(|name| *name != by) {
                assert_eq!(
                    before.parts.get(name),
                    after.parts.get(name),
                    "{:#?}",
                    self.told
                );
            }
            assert_eq!(before.nobodys, after.nobodys, "{:#?}", self.told);
        }
        self.undo.push((by, inverse));

        // What is undone at once is as it was, but for what nobody had: whoever takes that out and
        // puts it back has asked for it.
        if is_whole && before.nobodys == after.nobodys && self.random.below(4) == 0 {
            self.undo(by);
            assert_eq!(self.people(), before, "{:#?}", self.told);
        }
    }

    /// Somebody undoes their last change.
    fn undo(&mut self, by: &'static str) {
        let Some(index) = self.undo.iter().rposition(|(name, _)| *name == by) else {
            return;
        };
        let (_, edits) = self.undo.remove(index);
        self.told.push(format!("{by} undoes: {edits:?}"));
        let before = self.people();
        self.change(by, &edits);

        // Nobody loses by it but those whose pieces it names.
        let after = self.people();
        let named: Vec<_> = edits.iter().flat_map(Edit::shares).collect();
        for (name, part) in &before.parts {
            if !named.iter().any(|share| share.by == *name) {
                let left = after.parts.get(name).map_or(0, |part| part.pieces);
                assert!(left >= part.pieces, "{name}: {:#?}", self.told);
            }
        }
    }

    /// Checks that the parts are the whole.
    fn check(&self) {
        let told = &self.told;
        let lines = self.cart.lines.iter();
        let lines = lines.map(|line| (line, lookup(&self.products, &line.product)));
        let totals = total::totals(lines);
        let people = self.people();
        assert_eq!(
            (people.total(), people.pieces()),
            (totals.subtotal, totals.items),
            "{told:#?}"
        );
        assert!(
            people.parts.values().all(|part| part.pieces > 0),
            "{told:#?}"
        );
    }

    /// Checks that the parts of its preview, of an order of it and of the receipt are the same.
    fn check_order(&self) {
        let told = &self.told;
        let people = self.people();
        let preview = Preview::of(&self.cart, &self.products, Currency::default());
        assert_eq!(preview.total(), people.total(), "{told:#?}");
        assert_eq!(People::of_preview(&preview), people, "{told:#?}");

        let order = Order {
            id: OrderId::parse("20261124-7KQ2-M8XD").unwrap(),
            number: None,
            user: "office".to_owned(),
            who: "ann".to_owned(),
            at: 0,
            state: OrderState::Placed,
            changed: 0,
            reached: Vec::new(),
            currency: Currency::default(),
            lines: preview
                .lines
                .into_iter()
                .filter(|line| line.status == LineStatus::Good)
                .map(|line| line.order_line)
                .collect(),
            note: String::new(),
            settled: Vec::new(),
        };
        assert_eq!(
            (order.total(), order.pieces()),
            (people.total(), people.pieces()),
            "{told:#?}"
        );
        assert_eq!(People::of_order(&order), people, "{told:#?}");
        check_receipt(&order, &people);
    }
}

/// The pieces that others than `by` lost in a line.
fn taken(before: Option<&CartLine>, after: Option<&CartLine>, by: &str) -> Vec<Share> {
    let Some(before) = before else {
        return Vec::new();
    };

    let pieces_after = |name: &str| {
        let shares = after.map_or(&[][..], |line| &line.shares);
        shares
            .iter()
            .find(|share| share.by == name)
            .map_or(0, |share| share.pieces)
    };

    let quantity = before.quantity.whole().unwrap_or(0);
    shares::within(&before.shares, quantity)
        .filter(|(name, _)| *name != by)
        .map(|(name, pieces)| Share {
            by: name.to_owned(),
            pieces: pieces.saturating_sub(pieces_after(name)),
        })
        .filter(|share| share.pieces > 0)
        .collect()
}

/// Checks what a receipt says of who pays what.
fn check_receipt(order: &Order, people: &People) {
    let printed = receipt::receipt(order, Letterhead::default(), &Clock::utc(), 40);
    let rows = &printed[printed
        .iter()
        .rposition(|line| line.starts_with("---"))
        .unwrap()
        + 1..];
    let amount = |row: &String| Money::parse(row.rsplit(' ').next().unwrap()).unwrap();

    if people.are_several("ann") {
        assert_eq!(rows.len(), people.iter().count());
        assert_eq!(rows.iter().map(amount).sum::<Money>(), order.total());
    } else {
        assert_eq!(rows.len(), 1, "{printed:#?}");
        assert!(rows[0].contains("Total"), "{printed:#?}");
    }
}

#[test]
fn the_parts_are_the_whole_after_each_step_of_any_history() {
    for seed in 0..HISTORIES {
        let mut history = History::new(seed);
        for _ in 0..=history.random.below(MOST_STEPS) {
            history.step();
            history.check();
        }
        history.check_order();
    }
}
