//! A cart as it was read, and the effect of changes on it.

use super::shares::{Portions, Share};
use super::{
    Change, ChangeKind, Deadline, Edit, Money, Notes, OrderId, ProductId, Quantity, Rules, Update,
    shares,
};

/// The origin of a line: who added it, when, at which price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Added {
    /// The cart's version when it came; lines stand in this order.
    pub version: u64,
    /// When, by the server's clock, in Unix milliseconds.
    pub at: u64,
    /// Who added it; clean text.
    pub by: String,
    /// The price that they saw.
    pub price: Option<Money>,
}

impl Added {
    /// The origin of a line that the server has not confirmed yet: it stands last, unless it
    /// comes back to where it stood.
    fn unconfirmed(by: &str, price: Option<Money>, place: Option<u64>) -> Added {
        Added {
            version: place.unwrap_or(u64::MAX),
            at: 0,
            by: by.to_owned(),
            price,
        }
    }
}

/// One line of a cart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CartLine {
    /// The product.
    pub product: ProductId,
    /// The number of pieces.
    pub quantity: Quantity,
    /// Its origin; unknown where another client put it in.
    pub added: Option<Added>,
    /// Who asked for how many pieces. The rest was put in by another client: it is nobody's.
    pub shares: Vec<Share>,
    /// When it was last touched, by the server's clock, in Unix milliseconds.
    pub touched: Option<u64>,
}

impl CartLine {
    /// The key to sort by: lines stand as they came, those of unknown origin last, by id.
    fn sort_key(&self) -> (u64, &ProductId) {
        (
            self.added.as_ref().map_or(u64::MAX, |added| added.version),
            &self.product,
        )
    }

    /// The people who have pieces of it.
    #[must_use]
    pub(crate) fn portions(&self) -> Portions<'_> {
        Portions::of(&self.shares, self.quantity.whole())
    }
}

/// The order that a cart is just becoming.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingOrder {
    /// Its id.
    pub id: OrderId,
    /// Who orders; clean text.
    pub by: String,
    /// Since when, by the server's clock, in Unix milliseconds.
    pub at: u64,
}

/// The place of an update in the history of a cart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpdateFit {
    /// It was the next one, and is applied.
    Next,
    /// The cart has it already.
    Old,
    /// Something between is missing: the cart must be read again.
    Gap,
}

/// A cart at one version.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cart {
    /// Counts the changes; 0 where there never was one. It never restarts: a new cart
    /// starts from the server's clock in microseconds.
    pub version: u64,
    /// The lines, in the order in which they came.
    pub lines: Vec<CartLine>,
    /// Lines that are not listed here because the cart has too many.
    pub hidden: usize,
    /// When it expires.
    pub deadline: Deadline,
    /// The rules that its owner set.
    pub rules: Rules,
    /// The order that is being placed, if any: its pieces stay until that is settled.
    pub ordering: Option<PendingOrder>,
    /// Who has said to be ready, in that order; clean text. Whoever changes a line after that is
    /// not ready any more, and nobody is in an empty cart.
    pub ready: Vec<String>,
    /// The notes that people left.
    pub notes: Notes,
}

impl Cart {
    /// The line of `product`.
    #[must_use]
    pub fn line(&self, product: &ProductId) -> Option<&CartLine> {
        self.lines.iter().find(|line| line.product == *product)
    }

    /// The pieces of `product`; 0 where it isn't in the cart or its quantity is damaged.
    #[must_use]
    pub fn quantity(&self, product: &ProductId) -> u32 {
        self.line(product)
            .and_then(|line| line.quantity.whole())
            .unwrap_or(0)
    }

    /// All pieces in the cart.
    #[must_use]
    pub fn pieces(&self) -> u64 {
        self.lines
            .iter()
            .filter_map(|line| line.quantity.whole())
            .map(u64::from)
            .sum()
    }

    /// Puts the lines into their order, as after reading.
    pub fn sort(&mut self) {
        self.lines.sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
    }

    /// The steps that bring the lines of this cart into another one as they are: with whose they
    /// are, the prices at which they were added, and what was noted on them. Nobody's pieces become
    /// those of `me`, who takes them. What has no sound quantity, or is not sold, stays.
    #[must_use]
    pub(crate) fn edits_to_take(
        &self,
        me: &str,
        is_sold: impl Fn(&ProductId) -> bool,
    ) -> Vec<Edit> {
        let sold = self.lines.iter().filter(|line| is_sold(&line.product));
        sold.filter_map(|line| {
            let quantity = line.quantity.whole()?;
            let of_others = shares::within(&line.shares, quantity).filter(|(by, _)| *by != me);
            let shares = of_others.map(|(by, pieces)| Share {
                by: by.to_owned(),
                pieces,
            });

            Some(Edit::Restore {
                product: line.product.clone(),
                quantity,
                price: line.added.as_ref().and_then(|added| added.price),
                shares: shares.collect(),
                place: None,
                notes: self.notes.of(&line.product).to_vec(),
            })
        })
        .collect()
    }

    /// Applies `update` where it is the next one.
    pub fn apply(&mut self, update: &Update) -> UpdateFit {
        if update.version <= self.version {
            return UpdateFit::Old;
        }
        if !self.can_apply(update) {
            return UpdateFit::Gap;
        }

        let at = update.deadline.told_at;
        for line in &update.lines {
            let added = Added {
                version: update.version,
                at,
                by: update.by.clone(),
                price: line.price,
            };
            self.put(&line.product, line.quantity, &line.taken, added);
            if let Some(changed) = self.lines.iter_mut().find(|l| l.product == line.product) {
                changed.touched = Some(at);
            }
        }
        self.version = update.version;
        self.deadline = update.deadline;
        for note in &update.notes {
            self.notes.set(note.product.as_ref(), &note.by, &note.text);
        }
        if update.count == 0 {
            self.notes.clear();
        }
        self.note_ready(update.kind, &update.by, update.count);

        // Another client may have written without a word: the number of lines tells.
        if self.lines.len() + self.hidden == update.count {
            UpdateFit::Next
        } else {
            UpdateFit::Gap
        }
    }

    /// True where `update` follows this version and tells all that it changed.
    fn can_apply(&self, update: &Update) -> bool {
        // Where there was nothing at all, the number of lines shows whether something is missing.
        let is_first = self.version == 0 && self.lines.is_empty();
        if update.version != self.version + 1 && !is_first {
            return false;
        }

        match update.kind {
            // Whose the pieces were that come back is not in the update, nor where lines stood.
            ChangeKind::Undo | ChangeKind::Redo => !update.lines.iter().any(|line| line.delta > 0),

            // Rules and orders are not in the update.
            ChangeKind::Rules | ChangeKind::Freeze | ChangeKind::Unfreeze | ChangeKind::Order => {
                false
            }

            ChangeKind::Edit
            | ChangeKind::Clear
            | ChangeKind::Touch
            | ChangeKind::Expire
            | ChangeKind::Ready
            | ChangeKind::Unready => true,
        }
    }

    /// Takes note of what a change of this kind by `by` says of who is ready, in a cart that has
    /// so many lines after it. `change.lua` does the same.
    fn note_ready(&mut self, kind: ChangeKind, by: &str, lines: usize) {
        let is_in = self.ready.iter().any(|name| name == by);
        match kind.makes_ready() {
            Some(true) if !is_in && !by.is_empty() => self.ready.push(by.to_owned()),
            Some(false) if is_in => self.ready.retain(|name| name != by),
            Some(_) | None => {}
        }
        if lines == 0 {
            self.ready.clear();
        }
    }

    /// Applies `change` by `by` as the server will once it confirms it, edit by edit.
    pub(crate) fn preview_change(&mut self, change: &Change, by: &str) {
        for edit in &change.edits {
            self.preview(edit, by);
        }
        if self.lines.is_empty() {
            self.notes.clear();
        }
        self.note_ready(change.kind, by, self.lines.len() + self.hidden);
    }

    /// Applies `edit` by `by` as the server will once it confirms it; an edit that can't be applied
    /// changes nothing.
    pub fn preview(&mut self, edit: &Edit, by: &str) {
        match edit {
            Edit::Add {
                product,
                quantity,
                price,
            } => {
                let sum = self.quantity(product).saturating_add(*quantity);
                self.put(product, sum, &[], Added::unconfirmed(by, *price, None));
            }
            Edit::Restore {
                product,
                quantity,
                price,
                shares,
                place,
                notes,
            } => {
                let sum = self.quantity(product).saturating_add(*quantity);
                self.put(product, sum, shares, Added::unconfirmed(by, *price, *place));
                for note in notes {
                    if self.notes.text(Some(product), &note.by).is_empty() {
                        self.notes.set(Some(product), &note.by, &note.text);
                    }
                }
            }
            Edit::Take { product, quantity } => {
                let rest = self.quantity(product).saturating_sub(*quantity);
                self.put(product, rest, &[], Added::unconfirmed(by, None, None));
            }
            Edit::Withdraw { product, shares } => {
                let Some(line) = self.line(product) else {
                    return;
                };
                let quantity = line.quantity.whole().unwrap_or(0);
                let held = shares::still_held(&line.shares, quantity, shares);
                if held > 0 {
                    let added = Added::unconfirmed(by, None, None);
                    self.put(product, quantity - held, shares, added);
                }
            }
            Edit::Set {
                product,
                quantity,
                price,
            } => self.put(
                product,
                *quantity,
                &[],
                Added::unconfirmed(by, *price, None),
            ),
            Edit::Remove { product } => {
                self.put(product, 0, &[], Added::unconfirmed(by, None, None));
            }
            Edit::Note { product, text, .. } => {
                let line = product.as_ref().map(|product| self.line(product));
                if line.is_none_or(|line| line.is_some()) {
                    self.notes.set(product.as_ref(), by, text);
                }
            }
            Edit::Clear => self.lines.clear(),
            // The server alone knows which.
            Edit::Expire => {}
        }
    }

    /// Sets the line of `product` to `quantity`, makes it as `added` says, or removes it where that
    /// is 0. The pieces that come or go are those of whoever makes the change, but for those `of`
    /// others.
    fn put(&mut self, product: &ProductId, quantity: u32, of: &[Share], added: Added) {
        let index = self.lines.iter().position(|line| line.product == *product);

        match (index, quantity) {
            (None, 0) => {}
            (Some(index), 0) => {
                self.lines.remove(index);
                self.notes.remove(product);
            }
            (Some(index), _) => {
                let line = &mut self.lines[index];
                let had = line.quantity.whole().unwrap_or(0);
                shares::adjust(&mut line.shares, had, quantity, &added.by, of);
                line.quantity = Quantity::Whole(quantity);
            }
            (None, _) => {
                let mut shares = Vec::new();
                shares::adjust(&mut shares, 0, quantity, &added.by, of);
                let line = CartLine {
                    product: product.clone(),
                    quantity: Quantity::Whole(quantity),
                    added: Some(added),
                    shares,
                    touched: None,
                };
                let index = self
                    .lines
                    .partition_point(|other| other.sort_key() < line.sort_key());
                self.lines.insert(index, line);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ChangeKind, LineChange, OpId};

    fn id(name: &str) -> ProductId {
        ProductId::stored(name.as_bytes())
    }

    fn update(version: u64, product: &str, quantity: u32, delta: i64, count: usize) -> Update {
        Update {
            version,
            op: OpId::parse("op").unwrap(),
            by: "alice".into(),
            kind: ChangeKind::Edit,
            lines: vec![LineChange {
                product: id(product),
                quantity,
                delta,
                price: None,
                taken: Vec::new(),
            }],
            notes: Vec::new(),
            rules: Vec::new(),
            count,
            deadline: Deadline {
                told_at: 1,
                at: Some(2),
            },
        }
    }

    #[test]
    fn updates_apply_in_order_once() {
        let mut cart = Cart {
            version: 7,
            ..Cart::default()
        };
        assert_eq!(cart.apply(&update(8, "tea", 2, 2, 1)), UpdateFit::Next);
        assert_eq!(cart.apply(&update(8, "tea", 2, 2, 1)), UpdateFit::Old);
        assert_eq!(cart.apply(&update(10, "tea", 9, 5, 1)), UpdateFit::Gap);
        assert_eq!(cart.quantity(&id("tea")), 2);
        assert_eq!(cart.apply(&update(9, "tea", 0, -2, 0)), UpdateFit::Next);
        assert!(cart.lines.is_empty());
    }

    #[test]
    fn a_silent_write_of_another_client_is_noticed() {
        let mut cart = Cart {
            version: 7,
            ..Cart::default()
        };
        assert_eq!(cart.apply(&update(8, "tea", 2, 2, 3)), UpdateFit::Gap);
    }

    #[test]
    fn the_inverse_takes_back_only_ones_own() {
        let mut cart = Cart {
            version: 1,
            ..Cart::default()
        };
        let mine = update(2, "tea", 3, 3, 1);
        cart.apply(&mine);
        cart.apply(&update(3, "tea", 5, 2, 1));
        for edit in mine.inverse() {
            cart.preview(&edit, "alice");
        }
        assert_eq!(cart.quantity(&id("tea")), 2);
    }

    #[test]
    fn who_changes_a_line_is_not_ready_any_more() {
        let mut cart = Cart::default();
        let mut version = 0;
        let mut after = |by: &str, kind, (quantity, delta, count)| {
            version += 1;
            let mut update = update(version, "tea", quantity, delta, count);
            update.by = by.to_owned();
            update.kind = kind;
            if delta == 0 {
                update.lines.clear();
            }
            assert_eq!(cart.apply(&update), UpdateFit::Next);
            cart.ready.join(" ")
        };

        assert_eq!(after("ann", ChangeKind::Edit, (3, 3, 1)), "");
        assert_eq!(after("bob", ChangeKind::Ready, (3, 0, 1)), "bob");
        assert_eq!(after("ann", ChangeKind::Ready, (3, 0, 1)), "bob ann");
        assert_eq!(after("bob", ChangeKind::Ready, (3, 0, 1)), "bob ann");
        for kind in [ChangeKind::Touch, ChangeKind::Expire] {
            assert_eq!(after("bob", kind, (3, 0, 1)), "bob ann");
        }
        assert_eq!(after("bob", ChangeKind::Undo, (2, -1, 1)), "ann");
        assert_eq!(after("cai", ChangeKind::Edit, (4, 2, 1)), "ann");
        assert_eq!(after("ann", ChangeKind::Unready, (4, 0, 1)), "");
        assert_eq!(after("ann", ChangeKind::Ready, (4, 0, 1)), "ann");
        assert_eq!(after("cai", ChangeKind::Edit, (0, -4, 0)), "");
    }

    #[test]
    fn lines_keep_the_order_in_which_they_came() {
        let mut cart = Cart {
            version: 1,
            ..Cart::default()
        };
        cart.apply(&update(2, "zucchini", 1, 1, 1));
        cart.apply(&update(3, "apple", 1, 1, 2));
        cart.apply(&update(4, "zucchini", 5, 4, 2));
        let add = Edit::Add {
            product: id("aaa"),
            quantity: 1,
            price: None,
        };
        cart.preview(&add, "alice");
        // One that comes back stands where it stood.
        let restore = Edit::Restore {
            product: id("first"),
            quantity: 1,
            price: None,
            shares: Vec::new(),
            place: Some(1),
            notes: Vec::new(),
        };
        cart.preview(&restore, "alice");
        let names: Vec<String> = cart
            .lines
            .iter()
            .map(|line| line.product.to_string())
            .collect();
        assert_eq!(names, ["first", "zucchini", "apple", "aaa"]);
    }
}
