//! Notes: a line of text of each person on a product in the cart, and one for the whole order.

use super::{ProductId, Refusal, text};
use std::collections::BTreeMap;

/// The longest note, in characters.
pub(crate) const LONGEST_NOTE: usize = 200;

/// The note of one person on one product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Who noted it; clean text.
    pub by: String,
    /// The words of the note; clean text.
    pub text: String,
}

impl Note {
    /// The note with its author: `bob: no sugar`.
    #[must_use]
    pub fn told(&self) -> String {
        format!("{}: {}", self.by, self.text)
    }
}

/// A note that an update changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteChange {
    /// The product; `None` where it is the note for the whole order.
    pub product: Option<ProductId>,
    /// Whose note it is; empty where it is that for the whole order.
    pub by: String,
    /// The text now; empty where the note is gone.
    pub text: String,
    /// The text before; empty where there was none.
    pub before: String,
}

/// The notes of a cart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Notes {
    /// By product, oldest first; a product without notes has no entry.
    of_products: BTreeMap<ProductId, Vec<Note>>,
    /// The note for the whole order; empty where there is none.
    of_order: String,
}

impl Notes {
    /// The notes on a product, oldest first.
    #[must_use]
    pub fn of(&self, product: &ProductId) -> &[Note] {
        self.of_products.get(product).map_or(&[], Vec::as_slice)
    }

    /// The note for the whole order; empty where there is none.
    #[must_use]
    pub fn of_order(&self) -> &str {
        &self.of_order
    }

    /// The note of `by` on a product, or that for the whole order; empty where there is none.
    #[must_use]
    pub fn text(&self, product: Option<&ProductId>, by: &str) -> &str {
        let Some(product) = product else {
            return &self.of_order;
        };
        let note = self.of(product).iter().find(|note| note.by == by);
        note.map_or("", |note| &note.text)
    }

    /// Sets the note of `by` on a product, or that for the whole order; an empty text removes it.
    pub fn set(&mut self, product: Option<&ProductId>, by: &str, text: &str) {
        let Some(product) = product else {
            text.clone_into(&mut self.of_order);
            return;
        };

        let notes = self.of_products.entry(product.clone()).or_default();
        match notes.iter_mut().find(|note| note.by == by) {
            Some(note) => text.clone_into(&mut note.text),
            None => notes.push(Note {
                by: by.to_owned(),
                text: text.to_owned(),
            }),
        }
        notes.retain(|note| !note.text.is_empty());
        if notes.is_empty() {
            self.of_products.remove(product);
        }
    }

    /// Removes the notes on a product.
    pub fn remove(&mut self, product: &ProductId) {
        self.of_products.remove(product);
    }

    /// Removes all notes.
    pub fn clear(&mut self) {
        *self = Notes::default();
    }
}

/// Reads a note as it is typed: clean, and without spaces around it.
///
/// # Errors
/// [`Refusal::NoteTooLong`] where it is longer than [`LONGEST_NOTE`].
pub(crate) fn typed_note(typed: &str) -> Result<String, Refusal> {
    let note = text::sanitized(typed.as_bytes(), LONGEST_NOTE + 1);
    if note.chars().count() > LONGEST_NOTE {
        return Err(Refusal::NoteTooLong);
    }
    Ok(note.into_owned())
}

/// Cleans a note that is stored.
#[must_use]
pub(crate) fn stored_note(raw: &[u8]) -> String {
    text::sanitized(raw, LONGEST_NOTE).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_person_has_one_note_on_a_product() {
        let tea = ProductId::stored(b"tea");
        let mut notes = Notes::default();
        notes.set(Some(&tea), "bob", "no sugar");
        notes.set(Some(&tea), "ann", "hot");
        notes.set(Some(&tea), "bob", "sugar");
        notes.set(None, "ann", "back door");
        let told: Vec<(&str, &str)> = notes
            .of(&tea)
            .iter()
            .map(|note| (note.by.as_str(), note.text.as_str()))
            .collect();
        assert_eq!(told, [("bob", "sugar"), ("ann", "hot")]);
        assert_eq!(notes.text(None, "bob"), "back door");

        notes.set(Some(&tea), "bob", "");
        notes.set(Some(&tea), "ann", "");
        notes.set(None, "bob", "");
        assert_eq!(notes, Notes::default());
    }

    #[test]
    fn typed_notes_are_clean_and_short() {
        assert_eq!(
            typed_note(" no\tsugar \u{1b}[1m").unwrap(),
            "no sugar \u{fffd}[1m"
        );
        assert_eq!(typed_note("  ").unwrap(), "");
        let longest = "é".repeat(LONGEST_NOTE);
        assert_eq!(typed_note(&longest).unwrap(), longest);
        assert_eq!(typed_note(&(longest + "e")), Err(Refusal::NoteTooLong));
    }
}
