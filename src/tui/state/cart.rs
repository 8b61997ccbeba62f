//! The cart pane: the confirmed cart, our unconfirmed changes, and what is displayed of both.

use super::carts::CartTake;
use super::scroll::Scroll;
use super::timers::Reminders;
use crate::model::{Cart, CartLine, Change, ChangeKind, Edit, Note, OpId, ProductId, Update};
use std::collections::{HashMap, HashSet, VecDeque};

/// The places of lines that are remembered: of far more lines than a cart has.
const PLACES_LIMIT: usize = 10_000;

/// The cart pane.
#[derive(Debug, Default)]
pub struct CartPane {
    /// The cart as the server has it.
    pub confirmed: Cart,
    /// The cart was read at least once.
    pub loaded: bool,
    /// Our changes that are neither applied nor refused yet, in order.
    pub unconfirmed: VecDeque<Change>,
    /// Changes among them that the confirmed cart includes already: they only wait for replicas.
    pub applied: Vec<OpId>,
    /// The cart that is displayed: `confirmed` with `unconfirmed` applied on top.
    pub shown: Cart,
    /// Products in the cart that are no longer sold.
    pub gone: HashSet<ProductId>,
    /// The last known names of products that are not in the catalog any more.
    pub names: HashMap<ProductId, String>,
    /// The position within the list.
    pub scroll: Scroll,
    /// The product of the selected line, so that it stays selected when others come and go.
    pub selected: Option<ProductId>,
    /// The moment when the cart expires, by our steady clock.
    pub deadline: Option<u64>,
    /// The difference between the server's clock and our steady clock.
    pub server_ahead: u64,
    /// The reminders of the time when the cart closes.
    pub(crate) reminders: Reminders,
    /// The moment when the server was last asked to remove expired lines.
    pub expiry_asked: Option<u64>,
    /// The moment to read a cart again that can't be read.
    pub(crate) reread_at: Option<u64>,
    /// Our own changes that can be undone and redone.
    pub history: History,
    /// Lines that are being brought here from another cart.
    pub taking: Option<CartTake>,
    /// The places of the lines that our changes took out: undone, they stand there again.
    pub(crate) places: HashMap<ProductId, u64>,
}

impl CartPane {
    /// The selected line.
    #[must_use]
    pub fn selected(&self) -> Option<&CartLine> {
        self.shown.lines.get(self.scroll.cursor)
    }

    /// Returns whether a change to this product is not confirmed yet.
    #[must_use]
    pub(crate) fn is_unconfirmed(&self, product: &ProductId) -> bool {
        let mut edits = self.unconfirmed.iter().flat_map(|change| &change.edits);
        edits.any(|edit| edits_line(edit, product))
    }

    /// Returns whether our own last change took out the line of this product, or is about to.
    #[must_use]
    pub(crate) fn was_taken_out_here(&self, product: &ProductId) -> bool {
        let mut edits = self.unconfirmed.iter().flat_map(|change| &change.edits);
        let last = [self.history.done.last(), self.history.undone.last()];
        let mut lines = last.into_iter().flatten().flat_map(|it| &it.lines);

        edits.any(|edit| edit.adds().is_none() && edits_line(edit, product))
            || lines.any(|line| line.quantity == 0 && line.product == *product)
    }

    /// Returns whether a note that is displayed on this product is not confirmed yet.
    #[must_use]
    pub(crate) fn is_note_unconfirmed(&self, product: &ProductId, note: &Note) -> bool {
        self.confirmed.notes.text(Some(product), &note.by) != note.text
    }

    /// The row of this product's line.
    #[must_use]
    pub(crate) fn row_of(&self, product: &ProductId) -> Option<usize> {
        let mut lines = self.shown.lines.iter();
        lines.position(|line| line.product == *product)
    }

    /// Displays the confirmed cart with the unconfirmed changes on top. The selected line stays
    /// selected, and at its height on the screen, when lines come and go above it.
    pub(crate) fn rebuild_shown(&mut self, me: &str) {
        let selected = self.selected.take();
        self.shown = self.confirmed.clone();

        let on_top = self
            .unconfirmed
            .iter()
            .filter(|change| !self.applied.contains(&change.op));
        for change in on_top {
            self.shown.preview_change(change, me);
        }

        if let Some(row) = selected.and_then(|product| self.row_of(&product)) {
            self.scroll.move_in_place(row);
        }
    }

    /// Remembers the places of the lines that `edits`, which were displayed just now, took out.
    pub(crate) fn remember_places(&mut self, edits: &[Edit]) {
        if self.places.len() > PLACES_LIMIT {
            self.places.clear();
        }

        for line in &self.confirmed.lines {
            if let Some(added) = &line.added
                && edits.iter().any(|edit| edits_line(edit, &line.product))
                && self.shown.line(&line.product).is_none()
            {
                self.places.insert(line.product.clone(), added.version);
            }
        }
    }
}

/// Returns whether an edit may change the line of this product.
fn edits_line(edit: &Edit, product: &ProductId) -> bool {
    match (edit, edit.product()) {
        (_, Some(edited)) => edited == product,
        // The note for the whole order.
        (Edit::Note { .. }, None) => false,
        (_, None) => true,
    }
}

/// Our own confirmed changes, for undo and redo.
#[derive(Debug, Default)]
pub struct History {
    /// Changes to undo, the last one at the end.
    pub done: Vec<Update>,
    /// Changes to redo, the last one at the end.
    pub undone: Vec<Update>,
}

impl History {
    /// The most changes that can be undone.
    const LIMIT: usize = 100;

    /// Notes a change that was confirmed.
    pub(crate) fn note(&mut self, update: Update) {
        match update.kind {
            ChangeKind::Undo => self.undone.push(update),
            ChangeKind::Redo => self.done.push(update),
            ChangeKind::Edit | ChangeKind::Clear => {
                self.undone.clear();
                self.done.push(update);
            }
            ChangeKind::Touch
            | ChangeKind::Expire
            | ChangeKind::Freeze
            | ChangeKind::Unfreeze
            | ChangeKind::Order
            | ChangeKind::Rules
            | ChangeKind::Ready
            | ChangeKind::Unready => {}
        }

        let spare = self.done.len().saturating_sub(History::LIMIT);
        self.done.drain(..spare);
    }
}
