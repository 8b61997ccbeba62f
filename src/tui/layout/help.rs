//! The rows of the help: the keys and the mouse, by groups. Drawing and scrolling both read
//! them.

use crate::config::keymap::GROUPS;
use crate::model::text;
use crate::tui::state::State;

/// The most lines that one sentence of the help takes.
const MOST_LINES: usize = 4;
/// The most columns for keys.
const WIDEST_KEYS: u16 = 26;

/// The uses of the mouse.
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

/// A row of the help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum HelpRow {
    /// The name of a group.
    Group(&'static str),
    /// Some keys and their use. A sentence of several lines has its keys in the first row.
    Keys { keys: String, text: String },
}

/// The rows of the help, wrapped for this screen.
#[must_use]
pub(crate) fn rows(state: &State) -> Vec<HelpRow> {
    let width = state.size.0.saturating_sub(2);
    let columns = usize::from(width.saturating_sub(keys_width(width) + 1));

    let mut rows = Vec::new();
    for group in GROUPS {
        rows.push(HelpRow::Group(group.title()));
        let entries = state.env.keymap.explained();
        for entry in entries.filter(|entry| entry.action.group() == *group) {
            push_wrapped(&mut rows, entry.shown(), &entry.help, columns);
        }
    }

    rows.push(HelpRow::Group("Mouse"));
    for (gesture, text) in MOUSE {
        push_wrapped(&mut rows, gesture.to_owned(), text, columns);
    }
    rows
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
pub(crate) fn page(state: &State) -> usize {
    usize::from(state.size.1.saturating_sub(5)).max(1)
}
