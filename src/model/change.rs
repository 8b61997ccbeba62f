//! Changes that somebody asks for, and the updates that tell everybody what they did.

use super::{Deadline, Money, Note, NoteChange, OrderId, ProductId, RuleChange, shares};
use crate::model::shares::Share;
use std::collections::HashMap;
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
        let is_short_enough = (1..=LONGEST_OP).contains(&typed.len());
        let is_plain = typed
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b':' | b'-'));

        (is_short_enough && is_plain).then(|| OpId(typed.to_owned()))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// This id for the change that puts an order back, of which it tells everybody. One that is too
    /// long for that stays as it is.
    #[must_use]
    pub(crate) fn putting_back(self, order: &OrderId) -> OpId {
        OpId::parse(&format!("{self}:{order}")).unwrap_or(self)
    }

    /// The order that its change puts back, where it tells of one.
    fn order_put_back(&self) -> Option<OrderId> {
        let (_, order) = self.0.rsplit_once(':')?;
        OrderId::parse(order)
    }
}

impl fmt::Display for OpId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The sort of change, as the people who watch the cart see it. Its names stand in messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr, strum::EnumString)]
#[strum(serialize_all = "snake_case")]
pub enum ChangeKind {
    /// Adding, taking, setting, removing.
    Edit,
    /// The whole cart cleared.
    Clear,
    /// Somebody undid a change of their own.
    Undo,
    /// Somebody redid a change of their own.
    Redo,
    /// The session kept alive; no line changed.
    Touch,
    /// Lines that nobody touched for too long have left.
    Expire,
    /// The cart is frozen to be ordered; no line changed.
    Freeze,
    /// The order could not be placed; no line changed.
    Unfreeze,
    /// The ordered pieces have left the cart.
    Order,
    /// The owner set rules; no line changed.
    Rules,
    /// Somebody said to be ready: the cart may be ordered as far as they care. No line changed.
    Ready,
    /// Somebody took that back; no line changed.
    Unready,
}

impl ChangeKind {
    /// The name in messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// The kind with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<ChangeKind> {
        name.parse().ok()
    }

    /// Returns whether a person asks for other lines by it, which undo can take back.
    #[must_use]
    pub(crate) fn changes_lines(self) -> bool {
        match self {
            ChangeKind::Edit | ChangeKind::Clear | ChangeKind::Undo | ChangeKind::Redo => true,
            ChangeKind::Touch
            | ChangeKind::Expire
            | ChangeKind::Freeze
            | ChangeKind::Unfreeze
            | ChangeKind::Order
            | ChangeKind::Rules
            | ChangeKind::Ready
            | ChangeKind::Unready => false,
        }
    }

    /// Returns whether whoever makes such a change is ready after it; `None` where it has nothing
    /// to do with that.
    #[must_use]
    pub(crate) fn makes_ready(self) -> Option<bool> {
        match self {
            ChangeKind::Ready => Some(true),
            ChangeKind::Unready
            | ChangeKind::Edit
            | ChangeKind::Clear
            | ChangeKind::Undo
            | ChangeKind::Redo => Some(false),
            // Lines expire without anybody's doing.
            ChangeKind::Touch
            | ChangeKind::Expire
            | ChangeKind::Freeze
            | ChangeKind::Unfreeze
            | ChangeKind::Order
            | ChangeKind::Rules => None,
        }
    }
}

/// One step of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// Adds pieces of a product that exists.
    Add {
        /// The product.
        product: ProductId,
        /// The number of pieces, from 1.
        quantity: u32,
        /// Its price as the shopper saw it.
        price: Option<Money>,
    },
    /// Adds pieces that one's own change took out: those of others are theirs again, and a line
    /// that was gone stands where it stood.
    Restore {
        /// The product.
        product: ProductId,
        /// The number of pieces, from 1.
        quantity: u32,
        /// Its price as the shopper saw it.
        price: Option<Money>,
        /// Whose they were; the rest are one's own.
        shares: Vec<Share>,
        /// The cart's version when the line first came, by which lines are sorted.
        place: Option<u64>,
        /// The notes that went with them. They don't replace newer ones.
        notes: Vec<Note>,
    },
    /// Takes out pieces that one's own change brought, as far as those whose they became still have
    /// them; nobody else's go.
    Withdraw {
        /// The product.
        product: ProductId,
        /// Whose they are, under the names of that time.
        shares: Vec<Share>,
    },
    /// Takes pieces out; the line goes when none is left.
    Take {
        /// The product.
        product: ProductId,
        /// The number of pieces, from 1.
        quantity: u32,
    },
    /// Sets a line's quantity; the line appears where it is missing.
    Set {
        /// The product.
        product: ProductId,
        /// The number of pieces, from 1.
        quantity: u32,
        /// Its price as the shopper saw it.
        price: Option<Money>,
    },
    /// Removes a line.
    Remove {
        /// The product.
        product: ProductId,
    },
    /// Notes something, on a product in the cart or for the whole order.
    Note {
        /// The product; `None` for the whole order.
        product: Option<ProductId>,
        /// The text; empty to remove the note.
        text: String,
        /// The text that may be replaced; `None` for any.
        replaced: Option<String>,
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
            Edit::Take { .. }
            | Edit::Withdraw { .. }
            | Edit::Remove { .. }
            | Edit::Note { .. }
            | Edit::Clear
            | Edit::Expire => None,
        }
    }

    /// The product that it names.
    #[must_use]
    pub fn product(&self) -> Option<&ProductId> {
        match self {
            Edit::Add { product, .. }
            | Edit::Restore { product, .. }
            | Edit::Take { product, .. }
            | Edit::Withdraw { product, .. }
            | Edit::Set { product, .. }
            | Edit::Remove { product } => Some(product),
            Edit::Note { product, .. } => product.as_ref(),
            Edit::Clear | Edit::Expire => None,
        }
    }

    /// The pieces that come or go as those of somebody, whoever makes the change.
    #[must_use]
    pub fn shares(&self) -> &[Share] {
        match self {
            Edit::Restore { shares, .. } | Edit::Withdraw { shares, .. } => shares,
            Edit::Add { .. }
            | Edit::Take { .. }
            | Edit::Set { .. }
            | Edit::Remove { .. }
            | Edit::Note { .. }
            | Edit::Clear
            | Edit::Expire => &[],
        }
    }
}

/// A change that somebody asks for: all its edits or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its id.
    pub op: OpId,
    /// The sort of change.
    pub kind: ChangeKind,
    /// Its steps.
    pub edits: Vec<Edit>,
}

impl Change {
    /// Tells whether this change and another one have to do with the same lines, so that it
    /// matters which of them comes first.
    #[must_use]
    pub fn touches(&self, other: &Change) -> bool {
        self.edits.iter().any(|edit| {
            other.edits.iter().any(|other| {
                match (edit.product(), other.product()) {
                    (Some(product), Some(other)) => product == other,
                    // All lines, or the note that goes with the last of them.
                    (None, _) | (_, None) => true,
                }
            })
        })
    }
}

/// The effect of an update on one line.
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
    /// The pieces that it took from others than who made it, or that it brought as theirs.
    pub taken: Vec<Share>,
}

impl LineChange {
    /// Tells whether the line was not there before.
    fn is_new(&self) -> bool {
        self.quantity > 0 && self.delta == i64::from(self.quantity)
    }

    /// The pieces of others among those that it took or brought, behind these, told to `me` where
    /// somebody is known to read it: `, 2 of bob's, 1 of yours`.
    #[must_use]
    pub fn of_others(&self, me: Option<&str>) -> String {
        self.taken
            .iter()
            .map(|share| format!(", {} of {}", share.pieces, share.whose(me)))
            .collect()
    }

    /// The step that undoes it, where `by` made it.
    fn inverse(&self, by: &str) -> Option<Edit> {
        let product = self.product.clone();
        let quantity = u32::try_from(self.delta.unsigned_abs()).unwrap_or(u32::MAX);

        match self.delta {
            0 => None,
            1.. => {
                let own = u64::from(quantity).saturating_sub(shares::sum(&self.taken));
                let mut shares = self.taken.clone();
                shares.push(Share {
                    by: by.to_owned(),
                    pieces: u32::try_from(own).unwrap_or(u32::MAX),
                });
                shares.retain(|share| share.pieces > 0);
                Some(Edit::Withdraw { product, shares })
            }
            _ => Some(Edit::Restore {
                product,
                quantity,
                price: self.price,
                shares: self.taken.clone(),
                place: None,
                notes: Vec::new(),
            }),
        }
    }
}

/// A change that was applied: the answer to whoever asked for it, and the message to all who watch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    /// The cart's version now; each update is one more than the last.
    pub version: u64,
    /// The change that it came from.
    pub op: OpId,
    /// Who made it; clean text.
    pub by: String,
    /// The sort of change.
    pub kind: ChangeKind,
    /// The lines that changed.
    pub lines: Vec<LineChange>,
    /// The notes that changed, and those that went with their lines.
    pub notes: Vec<NoteChange>,
    /// The rules that were set; older updates don't tell them.
    pub rules: Vec<RuleChange>,
    /// The number of lines that the cart has now.
    pub count: usize,
    /// When it happened and when the cart expires, by the server's clock.
    pub deadline: Deadline,
}

impl Update {
    /// True where this can be the answer to `change`: an op id that was used before is answered
    /// with the update of that time, which may be another change's.
    #[must_use]
    pub fn answers(&self, change: &Change) -> bool {
        if self.kind != change.kind {
            return false;
        }

        // Steps of other kinds may be left out, so their effect tells nothing.
        match &change.edits[..] {
            _ if change.kind != ChangeKind::Edit => true,
            [edit] => self.is_effect_of(edit),
            edits => self.is_effect_of_adding(edits),
        }
    }

    /// Tells whether it can be the effect of several steps, where all of them add; what others
    /// come to is not worked out.
    fn is_effect_of_adding(&self, edits: &[Edit]) -> bool {
        let mut added: HashMap<&ProductId, i64> = HashMap::new();
        for edit in edits {
            let Edit::Add {
                product, quantity, ..
            } = edit
            else {
                return true;
            };
            *added.entry(product).or_default() += i64::from(*quantity);
        }

        self.lines.len() == added.len()
            && self
                .lines
                .iter()
                .all(|line| added.get(&line.product) == Some(&line.delta))
    }

    fn is_effect_of(&self, edit: &Edit) -> bool {
        match edit {
            Edit::Add {
                product, quantity, ..
            }
            | Edit::Restore {
                product, quantity, ..
            } => self
                .line(product)
                .is_some_and(|line| line.delta == i64::from(*quantity)),

            Edit::Take { product, quantity } => self
                .line(product)
                .is_some_and(|line| (-i64::from(*quantity)..0).contains(&line.delta)),

            Edit::Withdraw { product, .. } => self.line(product).is_some_and(|line| line.delta < 0),

            Edit::Set {
                product, quantity, ..
            } => self
                .line(product)
                .is_some_and(|line| line.quantity == *quantity),

            Edit::Remove { product } => self.line(product).is_some_and(|line| line.quantity == 0),

            // One that stays as it is, is not told.
            Edit::Note { product, text, .. } => {
                let mut notes = self.notes.iter();
                self.lines.is_empty()
                    && notes.all(|note| note.product == *product && note.text == *text)
            }

            Edit::Clear | Edit::Expire => true,
        }
    }

    /// The order that was placed, where it is one.
    #[must_use]
    pub fn order(&self) -> Option<OrderId> {
        self.concerned_order()
            .filter(|_| self.kind == ChangeKind::Order)
    }

    /// The order that is being placed, could not be placed, or is placed.
    #[must_use]
    pub(crate) fn concerned_order(&self) -> Option<OrderId> {
        match self.kind {
            // The op id of these is the order's own.
            ChangeKind::Freeze | ChangeKind::Unfreeze | ChangeKind::Order => {
                OrderId::parse(self.op.as_str())
            }
            ChangeKind::Edit
            | ChangeKind::Clear
            | ChangeKind::Undo
            | ChangeKind::Redo
            | ChangeKind::Touch
            | ChangeKind::Expire
            | ChangeKind::Rules
            | ChangeKind::Ready
            | ChangeKind::Unready => None,
        }
    }

    /// The note that it changed, where it changed no line.
    #[must_use]
    pub fn noted(&self) -> Option<&NoteChange> {
        self.notes.first().filter(|_| self.lines.is_empty())
    }

    fn line(&self, product: &ProductId) -> Option<&LineChange> {
        self.lines.iter().find(|line| line.product == *product)
    }

    /// The products of which it took out fewer pieces than `change`, its own, withdraws: each with
    /// those that it took out and those that were meant.
    pub fn withdrawn_short<'a>(
        &self,
        change: &'a Change,
    ) -> impl Iterator<Item = (&'a ProductId, u64, u64)> {
        change.edits.iter().filter_map(|edit| {
            let Edit::Withdraw { product, shares } = edit else {
                return None;
            };
            let line = self.line(product);
            let taken = line.map_or(0, |line| line.delta.unsigned_abs());
            let meant = shares::sum(shares);
            (taken < meant).then_some((product, taken, meant))
        })
    }

    /// The steps that undo this update and leave what others did since. Pieces that it took from
    /// others are theirs again, and so are the notes that went with pieces.
    #[must_use]
    pub fn inverse(&self) -> Vec<Edit> {
        let lines = self.lines.iter();
        let mut lines: Vec<Edit> = lines.filter_map(|line| line.inverse(&self.by)).collect();
        let mut own_notes = Vec::new();
        let mut of_order = None;

        for note in &self.notes {
            let back = Edit::Note {
                product: note.product.clone(),
                text: note.before.clone(),
                replaced: Some(note.text.clone()),
            };
            if note.product.is_none() {
                of_order = Some(back);
            } else if let Some(notes) = notes_restored(&mut lines, note) {
                notes.push(Note {
                    by: note.by.clone(),
                    text: note.before.clone(),
                });
            } else if note.by == self.by {
                own_notes.push(back);
            }
        }

        // A note needs its line, and that for the whole order needs any.
        own_notes.into_iter().chain(lines).chain(of_order).collect()
    }
}

/// The notes that come back with the line from which this note went, where one of `edits` brings
/// pieces of that line back.
fn notes_restored<'a>(edits: &'a mut [Edit], note: &NoteChange) -> Option<&'a mut Vec<Note>> {
    edits.iter_mut().find_map(|edit| {
        let Edit::Restore { product, notes, .. } = edit else {
            return None;
        };
        let is_its_line = note.product.as_ref() == Some(product);
        (is_its_line && note.text.is_empty()).then_some(notes)
    })
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
    /// The sort of change.
    pub kind: ChangeKind,
    /// The first line that changed.
    pub first: Option<LineChange>,
    /// The number of lines that changed.
    pub lines: usize,
    /// True where all of these lines are new.
    pub only_new: bool,
    /// The order that was placed, where it is one.
    pub order: Option<OrderId>,
    /// The order whose lines were put back, where they are some.
    pub put_back: Option<OrderId>,
    /// The note that was changed, where no line was.
    pub note: Option<Box<NoteChange>>,
    /// The rules that were set; older updates don't tell them.
    pub rules: Vec<RuleChange>,
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
            only_new: update.lines.iter().all(LineChange::is_new),
            order: update.order(),
            put_back: (update.kind == ChangeKind::Edit)
                .then(|| update.op.order_put_back())
                .flatten(),
            note: update.noted().cloned().map(Box::new),
            rules: update.rules.clone(),
        }
    }
}
