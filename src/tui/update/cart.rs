//! Changing the cart: our own edits, undo and redo, and what is asked of the server over time.

use super::Updater;
use crate::model::product::SOLD_OUT;
use crate::model::total::ProductLookup;
use crate::model::{Change, ChangeKind, Edit, Money, ProductId, Refusal, Update, quantity};
use crate::store::live::LiveRequest;
use crate::tui::message::Effect;
use crate::tui::state::{Asked, Connectivity, Mode, RepeatableEdit};
use tui_input::Input;

/// The most changes that may wait for their confirmation at the same time.
pub(crate) const UNCONFIRMED_LIMIT: usize = 200;

/// Milliseconds until a cart is read again that can't be read.
const UNREADABLE_PAUSE: u64 = 2_000;

impl Updater<'_> {
    /// Applies an edit to the selected product, and remembers it so that it can be repeated.
    pub(super) fn edit_target(&mut self, edit: RepeatableEdit) {
        if let Some(loss) = self.refuse_lost() {
            return self.notify_warn(loss);
        }
        let Some(product) = self.state.target() else {
            return;
        };
        self.state.last_edit = Some(edit);

        match edit {
            RepeatableEdit::Add(quantity) => self.add(product, quantity),
            RepeatableEdit::Take(quantity) => self.edit(Edit::Take { product, quantity }),
            RepeatableEdit::Remove => self.remove(product),
        }
    }

    /// Applies the last edit to the selected product; a number typed before it replaces its own.
    pub(super) fn repeat_last_edit(&mut self) {
        let Some(last) = self.state.last_edit else {
            self.notify_error("There is nothing to repeat yet");
            return;
        };

        let count = self.state.digits.count();
        self.edit_target(match last {
            RepeatableEdit::Add(quantity) => RepeatableEdit::Add(count.unwrap_or(quantity)),
            RepeatableEdit::Take(quantity) => RepeatableEdit::Take(count.unwrap_or(quantity)),
            RepeatableEdit::Remove => RepeatableEdit::Remove,
        });
    }

    /// Opens the prompt for the quantity of the selected product.
    pub(super) fn ask_quantity(&mut self) {
        if let Some(loss) = self.refuse_lost() {
            return self.refuse_prompt(loss);
        }
        let Some(product) = self.state.target() else {
            return;
        };
        // It begins with the number that was typed, else empty: the prompt shows the old quantity,
        // and the new one replaces it.
        let typed = self.state.digits.as_str().to_owned();
        self.cover(Mode::Prompt {
            asked: Asked::Quantity(product),
            input: Input::new(typed),
        });
    }

    /// Adds pieces of a product.
    pub(super) fn add(&mut self, product: ProductId, quantity: u32) {
        match self.price_to_note(&product) {
            Ok(price) => {
                self.warn_if_sold_out(&product);
                self.edit(Edit::Add {
                    product,
                    quantity,
                    price,
                });
            }
            Err(refusal) => self.notify_error(refusal.to_string()),
        }
    }

    /// Sets the quantity that was typed at the prompt; nothing typed changes nothing.
    pub(super) fn set_quantity(&mut self, product: ProductId, typed: &str) {
        if typed.trim().is_empty() {
            return;
        }

        // The server knows the limit; here only text that is no quantity at all is refused.
        let quantity = match quantity::parse(typed, quantity::HIGHEST_LIMIT) {
            Ok(quantity) => quantity,
            Err(Refusal::Zero) if self.state.cart.shown.line(&product).is_some() => {
                self.remove(product);
                return;
            }
            Err(refusal) => {
                self.notify_error(refusal.to_string());
                return;
            }
        };

        match self.price_to_note(&product) {
            Ok(price) => {
                self.warn_if_sold_out(&product);
                self.edit(Edit::Set {
                    product,
                    quantity,
                    price,
                });
            }
            Err(refusal) => self.notify_error(refusal.to_string()),
        }
    }

    /// Warns that the shop has none of a product. The cart may hold it: more may come until it is
    /// ordered.
    pub(super) fn warn_if_sold_out(&mut self, product: &ProductId) {
        if let ProductLookup::Product(known) = self.state.lookup(product)
            && known.stock.is_sold_out()
        {
            let warning = format!(
                "{} is {SOLD_OUT}: it can wait in the cart, but not be ordered yet",
                known.name
            );
            self.notify_warn(warning);
        }
    }

    /// Removes a line.
    pub(super) fn remove(&mut self, product: ProductId) {
        self.edit(Edit::Remove { product });
    }

    /// Undoes our own last change.
    pub(super) fn undo(&mut self) {
        let last = match self.awaits_another_than(ChangeKind::Undo) {
            true => None,
            false => self.state.cart.history.done.pop(),
        };
        self.undo_or_redo(ChangeKind::Undo, last);
    }

    /// Redoes the change of ours that was undone last.
    pub(super) fn redo(&mut self) {
        let last = match self.awaits_another_than(ChangeKind::Redo) {
            true => None,
            false => self.state.cart.history.undone.pop(),
        };
        self.undo_or_redo(ChangeKind::Redo, last);
    }

    /// True where a change of another kind is not confirmed yet. That one is the last change,
    /// and the ones before it are not meant; several undos in a row are sent one after the other.
    fn awaits_another_than(&self, kind: ChangeKind) -> bool {
        let mut unconfirmed = self.state.cart.unconfirmed.iter();
        unconfirmed.any(|change| change.kind != kind && change.kind.changes_lines())
    }

    /// Submits the inverse of `update`, which undoes a change or an undo of it.
    fn undo_or_redo(&mut self, kind: ChangeKind, update: Option<Update>) {
        let Some(update) = update else {
            let is_waiting = !self.state.cart.unconfirmed.is_empty();
            self.notify_error(if is_waiting {
                "The last change is not confirmed yet"
            } else if kind == ChangeKind::Redo {
                "There is nothing to redo"
            } else {
                "There is nothing to undo"
            });
            return;
        };

        let mut edits = update.inverse();
        for edit in &mut edits {
            if let Edit::Restore {
                product,
                price,
                place,
                ..
            } = edit
            {
                *price = self.price_to_note(product).ok().flatten();
                *place = self.state.cart.places.get(product).copied();
            }
        }
        self.submit(kind, edits);
    }

    /// The price to note on a line. A product without a price can't be sold.
    pub(super) fn price_to_note(&self, product: &ProductId) -> Result<Option<Money>, Refusal> {
        match self.state.lookup(product) {
            ProductLookup::Product(known) if known.price.is_none() => {
                Err(Refusal::NoPrice(known.name.to_string()))
            }
            ProductLookup::Product(known) => Ok(known.price),
            ProductLookup::Gone => Err(Refusal::UnknownProduct(self.state.name_of(product))),
            ProductLookup::Unread => Ok(None),
        }
    }

    /// Submits one edit, and selects its line in the cart, ready for the next key there.
    fn edit(&mut self, edit: Edit) {
        let product = edit.product().cloned();
        self.submit(ChangeKind::Edit, vec![edit]);

        let cart = &mut self.state.cart;
        if let Some(row) = product.and_then(|product| cart.row_of(&product)) {
            cart.scroll.cursor = row;
        }
    }

    /// Submits a change: it shows at once as unconfirmed, and is sent to the server. Returns whether
    /// there was room for it among those that wait.
    pub(super) fn submit(&mut self, kind: ChangeKind, edits: Vec<Edit>) -> bool {
        let op = self.state.next_op();
        self.submit_change(Change { op, kind, edits })
    }

    /// Submits a change that has its id already.
    pub(super) fn submit_change(&mut self, change: Change) -> bool {
        if self.state.cart.unconfirmed.len() >= UNCONFIRMED_LIMIT {
            self.notify_error(format!(
                "{UNCONFIRMED_LIMIT} changes wait for the server already: this one was not made"
            ));
            return false;
        }

        self.state.cart.unconfirmed.push_back(change.clone());
        self.rebuild_shown();
        self.state.cart.remember_places(&change.edits);
        self.effects.push(Effect::Live(LiveRequest::Change(change)));
        true
    }

    /// Displays the confirmed cart with the unconfirmed changes on top.
    pub(super) fn rebuild_shown(&mut self) {
        let state = &mut *self.state;
        state.cart.rebuild_shown(&state.env.me);
    }

    /// Reads the products in the cart that the catalog does not have.
    pub(super) fn read_missing_products(&mut self) {
        // Where the catalog can't be read, its products may be there nevertheless.
        let catalog = &self.state.catalog;
        if !catalog.loaded && catalog.load_trouble.is_none() {
            return;
        }

        let lines = self.state.cart.confirmed.lines.iter();
        let missing: Vec<ProductId> = lines
            .map(|line| &line.product)
            .filter(|id| matches!(self.state.lookup(id), ProductLookup::Unread))
            .cloned()
            .collect();
        if !missing.is_empty() {
            self.effects
                .push(Effect::Live(LiveRequest::Products(missing)));
        }
    }

    /// Asks the server to remove the lines that nobody has touched for too long.
    pub(super) fn expire_lines(&mut self) {
        let now = self.state.now;
        let is_due = self.state.next_line_expiry().is_some_and(|at| at <= now);
        if !is_due || self.state.connectivity != Connectivity::Live {
            return;
        }

        self.state.cart.expiry_asked = Some(now);
        // This is nobody's change: it is not kept, and where it is lost another follows.
        let change = Change {
            op: self.state.next_op(),
            kind: ChangeKind::Expire,
            edits: vec![Edit::Expire],
        };
        self.effects.push(Effect::Live(LiveRequest::Change(change)));
    }

    /// Reads the cart again when its time is over: only the server decides that it has expired.
    pub(super) fn reread_at_deadline(&mut self) {
        let has_lines = !self.state.cart.confirmed.lines.is_empty();
        let is_live = self.state.connectivity == Connectivity::Live;

        if self.state.is_past_deadline() && has_lines && is_live {
            self.reread_cart();
        }
    }

    /// Reads a cart again and again that can't be read: whoever mends it need not know of us.
    pub(super) fn reread_unreadable(&mut self) {
        if !matches!(self.state.connectivity, Connectivity::Unreadable(_)) {
            self.state.cart.reread_at = None;
            return;
        }

        let now = self.state.now;
        let due = self.state.cart.reread_at;
        if due.is_some_and(|due| due <= now) {
            self.reread_cart();
        }
        if due.is_none_or(|due| due <= now) {
            self.state.cart.reread_at = Some(now + UNREADABLE_PAUSE);
        }
    }

    /// Reads the cart again; until then it may be out of date.
    pub(super) fn reread_cart(&mut self) {
        if self.state.connectivity == Connectivity::Live {
            self.state.connectivity = Connectivity::Syncing;
        }
        self.effects.push(Effect::Live(LiveRequest::Reread));
    }
}
