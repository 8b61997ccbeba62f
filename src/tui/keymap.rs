//! One table: keys, action, help. Dispatch, the footer and the help screen all read it.

use super::key::Key;

/// Everything that a key can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Move the selection.
    Up,
    /// Move the selection.
    Down,
    /// Move by a page.
    PageUp,
    /// Move by a page.
    PageDown,
    /// To the first row.
    Top,
    /// To the last row.
    Bottom,
    /// Add the selected product.
    Add,
    /// One more of the selected product.
    More,
    /// One less of the selected product.
    Less,
    /// Remove the selected line.
    Remove,
    /// Ask for an exact quantity.
    SetQuantity,
    /// Type a filter.
    Filter,
    /// To the other pane.
    SwitchPane,
    /// To the catalog.
    ToCatalog,
    /// To the cart.
    ToCart,
    /// Take back one's own last change.
    Undo,
    /// Make it again.
    Redo,
    /// Ask whether to clear the cart.
    AskClear,
    /// Clear the cart.
    Clear,
    /// Keep the session alive.
    KeepAlive,
    /// Show or hide the activity.
    Activity,
    /// Load the demo catalog.
    LoadDemo,
    /// Show the keys.
    Help,
    /// Go back; never quits.
    Back,
    /// Accept what was typed.
    Accept,
    /// Suspend the program.
    Suspend,
    /// Quit.
    Quit,
    /// Quit though changes are unconfirmed.
    QuitAnyway,
}

/// Where keys are pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Context {
    /// In the list of products.
    Catalog,
    /// In the catalog when it has no products.
    EmptyCatalog,
    /// In the cart.
    Cart,
    /// Typing a filter.
    Filter,
    /// Typing a quantity.
    Quantity,
    /// In the help.
    Help,
    /// Asked whether to quit with unconfirmed changes.
    Leaving,
    /// Asked whether to clear the cart.
    Clearing,
}

/// One row of the table.
#[derive(Debug)]
pub struct Binding {
    /// What it does.
    pub action: Action,
    /// The keys that do it.
    pub keys: &'static [&'static str],
    /// Where.
    pub contexts: &'static [Context],
    /// A word for the footer; none where it is empty.
    pub word: &'static str,
    /// A sentence for the help; none where it is empty.
    pub help: &'static str,
}

use Context::{Cart, Catalog, Clearing, EmptyCatalog, Filter, Help, Leaving, Quantity};

const LISTS: &[Context] = &[Catalog, EmptyCatalog, Cart];
const PRODUCTS: &[Context] = &[Catalog, Cart];
const ROWS: &[Context] = &[Catalog, EmptyCatalog, Cart, Help];
const TYPING: &[Context] = &[Filter, Quantity];
const ALL: &[Context] = &[Catalog, EmptyCatalog, Cart, Filter, Quantity, Help, Leaving, Clearing];

const fn row(
    action: Action,
    keys: &'static [&'static str],
    contexts: &'static [Context],
    word: &'static str,
    help: &'static str,
) -> Binding {
    Binding { action, keys, contexts, word, help }
}

/// The table. Its order is the order of the footer and of the help.
pub const BINDINGS: &[Binding] = &[
    row(
        Action::LoadDemo,
        &["D"],
        &[EmptyCatalog],
        "load the demo catalog",
        "Load the demo catalog (while the catalog is empty)",
    ),
    row(Action::Add, &["enter", "a"], &[Catalog], "add", "Add the product; 12a adds twelve"),
    row(Action::More, &["+"], PRODUCTS, "more", "One more; with a number first, that many"),
    row(Action::Less, &["-"], PRODUCTS, "less", "One less; the line goes at zero"),
    row(Action::SetQuantity, &["="], &[Catalog], "quantity", ""),
    row(Action::SetQuantity, &["enter", "="], &[Cart], "quantity", "Set the exact quantity"),
    row(Action::Remove, &["d", "delete"], PRODUCTS, "remove", "Remove the line from the cart"),
    row(Action::Undo, &["u"], LISTS, "undo", "Take back your own last change; what others did stays"),
    row(Action::Redo, &["ctrl-r"], LISTS, "", "Make it again"),
    row(Action::AskClear, &["C"], LISTS, "", "Clear the cart (asks first; u brings it back)"),
    row(Action::KeepAlive, &["K"], LISTS, "", "Keep the session alive"),
    row(Action::Activity, &["v"], LISTS, "", "Show or hide who changed what"),
    row(Action::Filter, &["/"], LISTS, "filter", "Filter the catalog while you type"),
    row(Action::SwitchPane, &["tab", "backtab"], LISTS, "other pane", "Switch between catalog and cart"),
    row(Action::ToCatalog, &["left", "h"], LISTS, "", "To the catalog"),
    row(Action::ToCart, &["right", "l"], LISTS, "", "To the cart"),
    row(Action::Up, &["up", "k"], ROWS, "", "Up"),
    row(Action::Down, &["down", "j"], ROWS, "", "Down"),
    row(Action::PageUp, &["pageup", "ctrl-b", "ctrl-u"], ROWS, "", "A page up"),
    row(Action::PageDown, &["pagedown", "ctrl-f", "ctrl-d", "space"], ROWS, "", "A page down"),
    row(Action::Top, &["g", "home"], ROWS, "", "To the first row"),
    row(Action::Bottom, &["G", "end"], ROWS, "", "To the last row"),
    row(Action::Up, &["up"], &[Filter], "", ""),
    row(Action::Down, &["down"], &[Filter], "", ""),
    row(Action::Accept, &["enter"], &[Filter], "keep the filter", ""),
    row(Action::Accept, &["enter"], &[Quantity], "set", ""),
    row(Action::Back, &["esc"], TYPING, "cancel", ""),
    row(Action::Help, &["?", "f1"], LISTS, "help", "Show or hide this help"),
    row(Action::Back, &["esc", "q", "?", "f1"], &[Help], "close", ""),
    row(Action::Back, &["esc"], LISTS, "", "Go back: drop the number, the filter, the message"),
    row(Action::Clear, &["y"], &[Clearing], "clear the cart", ""),
    row(Action::Back, &["esc", "n", "q"], &[Clearing], "keep it", ""),
    row(Action::QuitAnyway, &["y"], &[Leaving], "quit and lose them", ""),
    row(Action::Back, &["esc", "n", "q"], &[Leaving], "stay", ""),
    row(Action::Quit, &["q"], LISTS, "quit", "Quit"),
    row(Action::Quit, &["ctrl-c"], ALL, "", "Quit, from anywhere"),
    row(Action::Suspend, &["ctrl-z"], ALL, "", "Suspend; fg comes back"),
];

/// The action of `key` in `context`.
#[must_use]
pub fn dispatch(context: Context, key: Key) -> Option<Action> {
    let names = |binding: &&Binding| binding.keys.iter().any(|name| Key::parse(name) == Some(key));
    BINDINGS
        .iter()
        .filter(|binding| binding.contexts.contains(&context))
        .find(names)
        .map(|binding| binding.action)
}

/// The footer of `context`: key and word.
pub fn footer(context: Context) -> impl Iterator<Item = (String, &'static str)> {
    let here = BINDINGS
        .iter()
        .filter(move |binding| binding.contexts.contains(&context) && !binding.word.is_empty());
    here.map(|binding| (shown(&binding.keys[..1]), binding.word))
}

/// The help: keys and sentence.
pub fn help() -> impl Iterator<Item = (String, &'static str)> {
    BINDINGS
        .iter()
        .filter(|binding| !binding.help.is_empty())
        .map(|binding| (shown(binding.keys), binding.help))
}

fn shown(names: &[&str]) -> String {
    let keys = names.iter().filter_map(|name| Key::parse(name));
    keys.map(|key| key.to_string()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_has_a_name_and_one_meaning_in_each_context() {
        for context in ALL {
            let mut seen = Vec::new();
            for binding in BINDINGS.iter().filter(|binding| binding.contexts.contains(context)) {
                for name in binding.keys {
                    let key = Key::parse(name).unwrap_or_else(|| panic!("no key is called {name}"));
                    assert!(!seen.contains(&key), "{name} has two meanings in {context:?}");
                    seen.push(key);
                }
            }
        }
    }

    #[test]
    fn escape_never_quits_and_ctrl_c_always_does() {
        for context in ALL {
            let key = |name| Key::parse(name).unwrap();
            assert_eq!(dispatch(*context, key("esc")), Some(Action::Back), "{context:?}");
            assert_eq!(dispatch(*context, key("ctrl-c")), Some(Action::Quit), "{context:?}");
        }
    }
}
