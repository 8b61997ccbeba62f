//! The help: what the keys and the mouse do, by groups, in rows that fit the screen. Drawing
//! and scrolling both read it.

use crate::config::keymap::GROUPS;
use crate::model::text;
use crate::tui::state::State;

/// What the mouse does.
const MOUSE: [(&str, &str); 4] = [
    ("click", "Select a row, or do what the last line says"),
    (
        "double click",
        "Add the product, or set the quantity of the line",
    ),
    (
        "click on a head",
        "Order the catalog by that column; once more: by category",
    ),
    (
        "wheel",
        "Scroll; what is selected stays selected while it shows",
    ),
];

/// A row of the help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HelpRow {
    /// The name of a group.
    Head(&'static str),
    /// Keys, and what they do; no keys where the sentence goes on.
    Keys(String, String),
}

/// The rows of the help on this screen.
#[must_use]
pub fn rows(state: &State) -> Vec<HelpRow> {
    let width = state.size.0.saturating_sub(2);
    let columns = usize::from(width.saturating_sub(keys(width) + 1));
    let row = |keys: String, said: &str| {
        let shown = [keys].into_iter().chain(std::iter::repeat(String::new()));
        shown
            .zip(text::wrap(said, columns, 4))
            .map(|(keys, line)| HelpRow::Keys(keys, line))
            .collect::<Vec<_>>()
    };
    let mut rows = Vec::new();
    for group in GROUPS {
        rows.push(HelpRow::Head(group.title()));
        let entries = state
            .env
            .keymap
            .explained()
            .filter(|entry| entry.action.group() == *group);
        rows.extend(entries.flat_map(|entry| row(entry.shown(), &entry.help)));
    }
    rows.push(HelpRow::Head("Mouse"));
    rows.extend(
        MOUSE
            .iter()
            .flat_map(|(what, does)| row((*what).to_owned(), does)),
    );
    rows
}

/// The columns for the keys in rows of `width`.
#[must_use]
pub fn keys(width: u16) -> u16 {
    (width / 3).min(26)
}

/// How many rows of it show.
#[must_use]
pub fn page(state: &State) -> usize {
    usize::from(state.size.1.saturating_sub(5)).max(1)
}
