//! The rows of notes below the line of a product.

use crate::config::theme::{NOTE, PENDING};
use crate::model::receipt::marked_within;
use crate::model::{Note, ProductId, text};
use crate::tui::state::State;

/// A row of a note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NoteRow {
    pub(crate) text: String,
    /// The note is not confirmed yet.
    pub(crate) is_pending: bool,
}

/// The notes of people on a product, in at most `most` rows of so many columns. Notes that have no
/// room are counted in the last one.
#[must_use]
pub(crate) fn note_rows(
    state: &State,
    product: &ProductId,
    columns: usize,
    most: usize,
) -> Vec<NoteRow> {
    let notes = state.cart.shown.notes.of(product);
    let mut rows = Vec::new();
    for (index, note) in notes.iter().enumerate() {
        let is_last = index + 1 == notes.len();
        let room = most.saturating_sub(rows.len() + usize::from(!is_last));
        if room == 0 {
            let more = if index > 0 { "more note" } else { "note" };
            let others = text::count(notes.len() - index, more);
            let row = NoteRow {
                text: text::truncate(&format!("{NOTE} {others}"), columns),
                is_pending: false,
            };
            rows.extend((most > 0).then_some(row));
            break;
        }

        rows.extend(rows_of(state, product, note, columns, room));
    }

    rows
}

/// The same as one paragraph, where there is little room.
#[must_use]
pub(crate) fn note_paragraph(
    state: &State,
    product: &ProductId,
    columns: usize,
    most: usize,
) -> Vec<NoteRow> {
    let notes = state.cart.shown.notes.of(product);
    let is_pending = notes
        .iter()
        .any(|note| state.cart.is_note_unconfirmed(product, note));
    let told: Vec<String> = notes.iter().map(Note::told).collect();
    rows_of_words(&told.join(" · "), is_pending, columns, most)
}

/// A note in at most `most` rows.
pub(super) fn rows_of(
    state: &State,
    product: &ProductId,
    note: &Note,
    columns: usize,
    most: usize,
) -> Vec<NoteRow> {
    let is_pending = state.cart.is_note_unconfirmed(product, note);
    let mut words = note.told();
    if is_pending {
        words.push_str(&format!(" {PENDING}"));
    }
    rows_of_words(&words, is_pending, columns, most)
}

fn rows_of_words(words: &str, is_pending: bool, columns: usize, most: usize) -> Vec<NoteRow> {
    let texts = marked_within(&format!("{NOTE} "), words, columns, most);
    let rows = texts.into_iter().map(|text| NoteRow { text, is_pending });
    rows.collect()
}
