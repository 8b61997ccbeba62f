//! Notes on products in the cart and for the whole order: asking for them, and setting them.

use super::{CART_UNREAD, Updater};
use crate::model::notes::typed_note;
use crate::model::{ChangeKind, Edit, ProductId, Refusal};
use crate::tui::layout::checkout::fixing::closed;
use crate::tui::state::{Asked, AskedNote, Mode, Tone};
use tui_input::Input;

impl Updater<'_> {
    /// Opens the prompt for a note: in the checkout for the whole order, elsewhere on the selected
    /// product.
    pub(super) fn ask_note(&mut self) {
        if matches!(self.state.mode, Mode::Checkout(_)) {
            self.ask_note_on(None);
        } else if let Some(loss) = self.refuse_lost() {
            self.refuse_prompt(loss);
        } else if let Some(product) = self.state.target() {
            self.ask_note_on(Some(product));
        } else {
            self.refuse_prompt("There is no product here to note something on".to_owned());
        }
    }

    /// Opens the prompt for one's own note on a product, or for that for the whole order. It begins
    /// with the text that is there, so that nobody replaces a note unseen.
    pub(super) fn ask_note_on(&mut self, product: Option<ProductId>) {
        if let Some(refusal) = self.note_refusal(product.as_ref()) {
            return self.refuse_prompt(refusal);
        }
        let before = self.state.own_note(product.as_ref()).to_owned();
        let input = Input::new(before.clone());
        self.cover(Mode::Prompt {
            asked: Asked::Note(AskedNote { product, before }),
            input,
        });
    }

    /// The reason why nothing can be noted there now; `None` where something can.
    fn note_refusal(&self, product: Option<&ProductId>) -> Option<String> {
        let cart = &self.state.cart;
        if !cart.loaded {
            return Some(CART_UNREAD.to_owned());
        }
        if let Some(closed) = closed(self.state) {
            return Some(self.told(closed));
        }

        match product {
            Some(product) if cart.shown.line(product).is_none() => {
                let name = self.state.name_of(product);
                Some(format!("{name} is not in the cart: add it first"))
            }
            None if cart.shown.lines.is_empty() => Some(Refusal::EmptyCart.to_string()),
            Some(_) | None => None,
        }
    }

    /// Sets a note to what was typed, and removes it where that is nothing. What is there already
    /// changes nothing.
    pub(super) fn set_note(&mut self, asked: AskedNote, typed: &str) {
        let AskedNote { product, before } = asked;
        let text = match typed_note(typed) {
            Ok(text) => text,
            Err(refusal) => return self.notify_error(refusal.to_string()),
        };
        if text == before {
            return;
        }
        // What is in the cart by now is for another order.
        let is_ordered = product.is_none() && !matches!(self.state.page(), Mode::Checkout(_));
        if is_ordered {
            let news =
                format!("The order was placed before your note, which was not saved: {text}");
            return self.notify_until_key(news, Tone::Bad);
        }
        if let Some(refusal) = self.note_refusal(product.as_ref()) {
            return self.notify_error(refusal);
        }

        // Everybody may change the note for the order, but only the one that they have seen.
        let now = self.state.own_note(None);
        if product.is_none() && now != before {
            let who = self.state.author_of_order_note().unwrap_or("Somebody");
            let news = match now {
                "" => format!(
                    "{who} has just removed the note for the order. Yours was not saved: {text}"
                ),
                now => format!(
                    "{who} has just noted on the order: {now} · Yours was not saved: {text}"
                ),
            };
            return self.notify_until_key(news, Tone::Bad);
        }
        let replaced = product.is_none().then_some(before);
        let edit = Edit::Note {
            product,
            text,
            replaced,
        };
        self.submit(ChangeKind::Edit, vec![edit]);
    }
}
