//! Changes to a cart, and the updates that tell of them.

use super::{Deadline, Money, ProductId, text};
use crate::model::order::Share;
use std::fmt;

/// The longest op id, in bytes.
const LONGEST_OP: usize = 64;

/// The id of one change. Whoever sends a change again sends it with the same id,
/// and it is applied once.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OpId(String);

impl OpId {
    /// Checks an id: 1 to 64 of `A-Z a-z 0-9 . _ : -`.
    #[must_use]
    pub fn parse(typed: &str) -> Option<OpId> {
        let good = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b':' | b'-');
        ((1..=LONGEST_OP).contains(&typed.len()) && typed.bytes().all(good))
            .then(|| OpId(typed.to_owned()))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for OpId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// What a change is for the people who watch the cart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// Adding, taking, setting, removing.
    Edit,
    /// The whole cart cleared.
    Clear,
    /// One's own change taken back.
    Undo,
    /// One's own change made again.
    Redo,
    /// The session kept alive; no line changed.
    Touch,
    /// Lines that nobody touched for too long have left.
    Expire,
    /// The cart is frozen to be ordered; no line changed.
    Freeze,
    /// The order could not be placed; no line changed.
    Unfreeze,
    /// What was ordered has left the cart.
    Order,
    /// The owner set rules; no line changed.
    Rules,
}

impl ChangeKind {
    const NAMES: [(ChangeKind, &'static str); 10] = [
        (ChangeKind::Edit, "edit"),
        (ChangeKind::Clear, "clear"),
        (ChangeKind::Undo, "undo"),
        (ChangeKind::Redo, "redo"),
        (ChangeKind::Touch, "touch"),
        (ChangeKind::Expire, "expire"),
        (ChangeKind::Freeze, "freeze"),
        (ChangeKind::Unfreeze, "unfreeze"),
        (ChangeKind::Order, "order"),
        (ChangeKind::Rules, "rules"),
    ];

    /// The name in messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        ChangeKind::NAMES
            .iter()
            .find(|(kind, _)| *kind == self)
            .map_or("edit", |(_, name)| name)
    }

    /// The kind with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<ChangeKind> {
        ChangeKind::NAMES
            .iter()
            .find(|(_, known)| *known == name)
            .map(|(kind, _)| *kind)
    }
}

/// One step of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// Adds pieces of a product that exists.
    Add {
        /// The product.
        product: ProductId,
        /// How many, from 1.
        quantity: u32,
        /// Its price as the shopper saw it.
        price: Option<Money>,
    },
    /// Adds pieces that one's own change took from others, and gives them back to these.
    Restore {
        /// The product.
        product: ProductId,
        /// How many, from 1.
        quantity: u32,
        /// Its price as the shopper saw it.
        price: Option<Money>,
        /// Whose they were; the rest are one's own.
        shares: Vec<Share>,
    },
    /// Takes pieces out; the line goes when none is left.
    Take {
        /// The product.
        product: ProductId,
        /// How many, from 1.
        quantity: u32,
    },
    /// Sets a line's quantity; the line appears where it is missing.
    Set {
        /// The product.
        product: ProductId,
        /// How many, from 1.
        quantity: u32,
        /// Its price as the shopper saw it.
        price: Option<Money>,
    },
    /// Removes a line.
    Remove {
        /// The product.
        product: ProductId,
    },
    /// Removes all lines.
    Clear,
    /// Removes the lines that nobody touched for longer than the item timeout.
    Expire,
}

impl Edit {
    /// The product that must exist for it.
    #[must_use]
    pub fn adds(&self) -> Option<&ProductId> {
        match self {
            Edit::Add { product, .. }
            | Edit::Restore { product, .. }
            | Edit::Set { product, .. } => Some(product),
            Edit::Take { .. } | Edit::Remove { .. } | Edit::Clear | Edit::Expire => None,
        }
    }

    /// The product that it names.
    #[must_use]
    pub fn product(&self) -> Option<&ProductId> {
        match self {
            Edit::Add { product, .. }
            | Edit::Restore { product, .. }
            | Edit::Take { product, .. }
            | Edit::Set { product, .. }
            | Edit::Remove { product } => Some(product),
            Edit::Clear | Edit::Expire => None,
        }
    }
}

/// A change that somebody asks for: all its edits or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its id.
    pub op: OpId,
    /// What it is for.
    pub kind: ChangeKind,
    /// Its steps.
    pub edits: Vec<Edit>,
}

/// What an update did to one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineChange {
    /// The product.
    pub product: ProductId,
    /// The line's quantity now; 0 where it is gone.
    pub quantity: u32,
    /// Pieces more (or less) than before.
    pub delta: i64,
    /// The price noted on a line that is new.
    pub price: Option<Money>,
    /// The pieces that it took from others than who made it.
    pub taken: Vec<Share>,
}

/// What has changed in a cart: the answer to a change, and the message to all who watch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    /// The cart's version now; each update is one more than the last.
    pub version: u64,
    /// The change that it came from.
    pub op: OpId,
    /// Who made it; clean text.
    pub by: String,
    /// What it is for.
    pub kind: ChangeKind,
    /// The lines that changed.
    pub lines: Vec<LineChange>,
    /// How many lines the cart has now.
    pub count: usize,
    /// When it happened and when the cart expires, by the server's clock.
    pub deadline: Deadline,
}

impl Update {
    /// Whether this can be the answer to `change`: an op id that was used before is answered
    /// with what it did then.
    #[must_use]
    pub fn answers(&self, change: &Change) -> bool {
        let line = |product: &ProductId| self.lines.iter().find(|line| line.product == *product);
        let fits = |edit: &Edit| match edit {
            Edit::Add {
                product, quantity, ..
            }
            | Edit::Restore {
                product, quantity, ..
            } => line(product).is_some_and(|l| l.delta == i64::from(*quantity)),
            Edit::Take { product, quantity } => {
                line(product).is_some_and(|l| (-i64::from(*quantity)..0).contains(&l.delta))
            }
            Edit::Set {
                product, quantity, ..
            } => line(product).is_some_and(|l| l.quantity == *quantity),
            Edit::Remove { product } => line(product).is_some_and(|l| l.quantity == 0),
            Edit::Clear | Edit::Expire => true,
        };
        // Other changes have edits that may add up, or be left out.
        let [edit] = &change.edits[..] else {
            return self.kind == change.kind;
        };
        self.kind == change.kind && (change.kind != ChangeKind::Edit || fits(edit))
    }

    /// The change that takes this one back and leaves what others did since. What it took from
    /// others is theirs again.
    #[must_use]
    pub fn inverse(&self) -> Vec<Edit> {
        let edit = |line: &LineChange| {
            let product = line.product.clone();
            let quantity = u32::try_from(line.delta.unsigned_abs()).unwrap_or(u32::MAX);
            match line.delta {
                0 => None,
                1.. => Some(Edit::Take { product, quantity }),
                _ if line.taken.is_empty() => Some(Edit::Add {
                    product,
                    quantity,
                    price: line.price,
                }),
                _ => Some(Edit::Restore {
                    product,
                    quantity,
                    price: line.price,
                    shares: line.taken.clone(),
                }),
            }
        };
        self.lines.iter().filter_map(edit).collect()
    }
}

/// An update in short, as the activity shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activity {
    /// The cart's version after it.
    pub version: u64,
    /// When it happened, by the server's clock, in Unix milliseconds.
    pub at: u64,
    /// Who made it; clean text.
    pub by: String,
    /// What it was for.
    pub kind: ChangeKind,
    /// The first line that changed.
    pub first: Option<LineChange>,
    /// How many lines changed.
    pub lines: usize,
}

impl From<&Update> for Activity {
    fn from(update: &Update) -> Activity {
        Activity {
            version: update.version,
            at: update.deadline.told_at,
            by: update.by.clone(),
            kind: update.kind,
            first: update.lines.first().cloned(),
            lines: update.lines.len(),
        }
    }
}

/// Who makes changes: shown to the others. Clean and short.
#[must_use]
pub fn sanitize_actor(raw: &[u8]) -> String {
    text::sanitize_to(raw, 64).trim().to_owned()
}
