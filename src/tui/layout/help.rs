//! The rows of the help: the keys and the mouse, by groups. Drawing and scrolling both read
//! them.

use crate::config::keymap::{Action, Context, GROUPS, HelpScope, Keymap, KeymapEntry};
use crate::model::text;

/// The most lines that one sentence of the help takes.
const MOST_LINES: usize = 4;
/// The most columns for keys.
const WIDEST_KEYS: u16 = 26;

/// The uses of the mouse in the shop.
const MOUSE: [(&str, &str); 4] = [
    ("click", "Select a row, or press a key in the last line"),
    (
        "double click",
        "Add the product, or set the quantity of the line",
    ),
    (
        "click a heading",
        "Sort the catalog by that column; click again to reverse that",
    ),
    (
        "wheel",
        "Scroll; what is selected stays selected while it is in view",
    ),
];

/// The key that takes a ticket a step on, in the sentences below.
const STEP: &str = "{step}";

/// The uses of digits and of the mouse on the board.
const DIGITS_AND_MOUSE: [(&str, &str); 4] = [
    (
        "0 to 9",
        "Select a ticket by its number; {step} after it does nothing more",
    ),
    ("click", "Select a ticket or a line, or press a key below"),
    ("double click", "Move the ticket on"),
    ("wheel", "To the ticket before, or the next one"),
];

/// The uses of the mouse on the other pages of the staff.
const MOUSE_OF_STAFF: [(&str, &str); 3] = [
    ("click", "Select a row, or press a key in the last line"),
    (
        "double click",
        "Edit what is selected, where it can be edited",
    ),
    ("wheel", "Scroll"),
];

/// A row of the help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum HelpRow {
    /// The name of a group.
    Group(&'static str),
    /// Some keys and their use. A sentence of several lines has its keys in the first row.
    Keys { keys: String, text: String },
}

/// The rows of a help that have these words, wrapped for one of so many columns.
#[must_use]
pub(crate) fn rows(keymap: &Keymap, scope: HelpScope, width: u16, words: &str) -> Vec<HelpRow> {
    let words = text::folded(words);
    let width = width.saturating_sub(2);
    let columns = usize::from(width.saturating_sub(keys_width(width) + 1));

    let mut rows = Vec::new();
    for group in GROUPS {
        let entries = keymap.helped(scope);
        let entries = entries.filter(|entry| entry.group() == *group);
        let found = |entry: &&KeymapEntry| has_words(&words, &keymap.labels(entry), &entry.help);
        let mut entries = entries.filter(found).peekable();
        if entries.peek().is_some() {
            rows.push(HelpRow::Group(group.title()));
        }
        for entry in entries {
            push_wrapped(&mut rows, keymap.labels(entry), &entry.help, columns);
        }
    }

    let (title, gestures) = gestures(scope);
    let step = keymap.typed_key_of(Action::Step);
    let gestures = gestures.iter();
    let gestures = gestures.map(|(gesture, text)| (*gesture, text.replace(STEP, &step)));
    let found = |(gesture, text): &(&str, String)| has_words(&words, gesture, text);
    let mut gestures = gestures.filter(found).peekable();
    if gestures.peek().is_some() {
        rows.push(HelpRow::Group(title));
    }
    for (gesture, text) in gestures {
        push_wrapped(&mut rows, gesture.to_owned(), &text, columns);
    }
    rows
}

/// The entries of a help beside keys: the uses of the mouse, and those of digits where they pick.
fn gestures(scope: HelpScope) -> (&'static str, &'static [(&'static str, &'static str)]) {
    match scope {
        HelpScope::Shop => ("Mouse", &MOUSE),
        HelpScope::Page(Context::Board) => ("Digits and the mouse", &DIGITS_AND_MOUSE),
        HelpScope::Page(_) => ("Mouse", &MOUSE_OF_STAFF),
    }
}

/// Tells whether all words, which are folded, are those of some keys or of their use.
fn has_words(words: &str, keys: &str, text: &str) -> bool {
    if words.is_empty() {
        return true;
    }
    let text = text::folded_for(words, &format!("{keys} {text}"));
    words.split_whitespace().all(|word| text.contains(word))
}

/// Adds the rows for some keys, whose text is wrapped to `columns`.
fn push_wrapped(rows: &mut Vec<HelpRow>, mut keys: String, text: &str, columns: usize) {
    for text in text::wrap(text, columns, MOST_LINES) {
        let keys = std::mem::take(&mut keys);
        rows.push(HelpRow::Keys { keys, text });
    }
}

/// The columns for the keys in rows of `width`.
#[must_use]
pub(crate) fn keys_width(width: u16) -> u16 {
    (width / 3).min(WIDEST_KEYS)
}

/// The number of rows of the help that show at a time.
#[must_use]
pub(crate) fn page(height: u16) -> usize {
    usize::from(height.saturating_sub(5)).max(1)
}
