//! One table: keys, action, help. Dispatch, the footer, the palette and the help all read it;
//! the settings can give actions other keys.

use crate::config::key::Key;
use std::collections::BTreeMap;

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
    /// The last change of a line once more, to the selected product.
    Repeat,
    /// Type a search.
    Search,
    /// The next category.
    NextCategory,
    /// The previous category.
    PreviousCategory,
    /// The next order of the catalog.
    Sort,
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
    /// Take the mouse, or leave it to the terminal.
    Mouse,
    /// Open the command palette.
    Palette,
    /// Take over the selected entry of the palette.
    Complete,
    /// Open the checkout.
    Checkout,
    /// Order what the checkout shows.
    PlaceOrder,
    /// Show past orders.
    Orders,
    /// Show the receipt of the selected order.
    Receipt,
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

impl Action {
    /// Its name in the settings: `set-quantity`.
    #[must_use]
    pub fn name(self) -> String {
        let mut name = String::new();
        for c in format!("{self:?}").chars() {
            if c.is_uppercase() && !name.is_empty() {
                name.push('-');
            }
            name.extend(c.to_lowercase());
        }
        name
    }

    /// Its group in the help.
    #[must_use]
    pub fn group(self) -> &'static str {
        match self {
            Action::Add | Action::More | Action::Less | Action::Remove | Action::SetQuantity => {
                GROUPS[0]
            }
            Action::Repeat | Action::Undo | Action::Redo | Action::AskClear | Action::KeepAlive => {
                GROUPS[0]
            }
            Action::Checkout | Action::PlaceOrder | Action::Orders | Action::Receipt => GROUPS[0],
            Action::Search | Action::NextCategory | Action::PreviousCategory | Action::Sort => {
                GROUPS[1]
            }
            Action::Up | Action::Down | Action::PageUp | Action::PageDown | Action::Top => {
                GROUPS[2]
            }
            Action::Bottom | Action::SwitchPane | Action::ToCatalog | Action::ToCart => GROUPS[2],
            _ => GROUPS[3],
        }
    }
}

/// The groups of the help, in their order.
pub const GROUPS: [&str; 4] = ["Cart", "Find", "Move", "Program"];

/// Where keys are pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Context {
    /// In the list of products.
    Catalog,
    /// In the catalog when it has no products.
    EmptyCatalog,
    /// In the cart.
    Cart,
    /// In the activity, where it covers the cart.
    Activity,
    /// Typing a search.
    Search,
    /// Typing a quantity.
    Quantity,
    /// Typing a command.
    Palette,
    /// In the help.
    Help,
    /// In the checkout.
    Checkout,
    /// In the past orders.
    Orders,
    /// In a receipt.
    Receipt,
    /// Asked whether to quit with unconfirmed changes.
    ConfirmQuit,
    /// Asked whether to clear the cart.
    ConfirmClear,
}

/// One row of the table.
#[derive(Debug)]
struct Binding {
    action: Action,
    keys: &'static [&'static str],
    contexts: &'static [Context],
    /// A word for the footer; none where it is empty.
    word: &'static str,
    /// A sentence for help and palette; none where it is empty.
    help: &'static str,
}

use Context::{
    Activity, Cart, Catalog, Checkout, ConfirmClear, ConfirmQuit, EmptyCatalog, Help, Orders,
    Palette, Quantity, Receipt, Search,
};

const LISTS: &[Context] = &[Catalog, EmptyCatalog, Cart, Activity];
/// Where a product is selected.
const PRODUCTS: &[Context] = &[Catalog, Cart];
const ROWS: &[Context] = &[
    Catalog,
    EmptyCatalog,
    Cart,
    Activity,
    Help,
    Checkout,
    Orders,
    Receipt,
];
const TYPING: &[Context] = &[Search, Quantity, Palette];
const ALL: &[Context] = &[
    Catalog,
    EmptyCatalog,
    Cart,
    Activity,
    Search,
    Quantity,
    Palette,
    Help,
    Checkout,
    Orders,
    Receipt,
    ConfirmQuit,
    ConfirmClear,
];

const fn row(
    action: Action,
    keys: &'static [&'static str],
    contexts: &'static [Context],
    word: &'static str,
    help: &'static str,
) -> Binding {
    Binding {
        action,
        keys,
        contexts,
        word,
        help,
    }
}

/// The table. Its order is the order of the footer and of the help.
const BINDINGS: &[Binding] = &[
    row(
        Action::LoadDemo,
        &["D"],
        &[EmptyCatalog],
        "load the demo catalog",
        "Load the demo catalog (while the catalog is empty)",
    ),
    row(
        Action::Add,
        &["enter", "a"],
        &[Catalog],
        "add",
        "Add the product (in the catalog); 12a adds twelve",
    ),
    row(Action::Activity, &["v"], &[Activity], "hide", ""),
    row(
        Action::SwitchPane,
        &["tab", "backtab"],
        &[Catalog, EmptyCatalog],
        "cart",
        "",
    ),
    row(
        Action::SwitchPane,
        &["tab", "backtab"],
        &[Cart, Activity],
        "shop",
        "",
    ),
    row(Action::Checkout, &["c"], LISTS, "checkout", ""),
    row(
        Action::SetQuantity,
        &["enter", "="],
        &[Cart],
        "qty",
        "Set the exact quantity (in the cart; = anywhere)",
    ),
    row(Action::SetQuantity, &["="], &[Catalog], "", ""),
    row(
        Action::Checkout,
        &["c"],
        LISTS,
        "",
        "Check out: shows what will be charged; y orders it",
    ),
    row(
        Action::More,
        &["+"],
        PRODUCTS,
        "more",
        "One more; with a number first, that many",
    ),
    row(
        Action::Less,
        &["-"],
        PRODUCTS,
        "less",
        "One less; the line goes at zero",
    ),
    row(
        Action::Remove,
        &["d", "delete"],
        PRODUCTS,
        "remove",
        "Remove the line from the cart",
    ),
    row(
        Action::Search,
        &["/"],
        LISTS,
        "search",
        "Search name, category, description, id as you type",
    ),
    row(
        Action::Undo,
        &["u"],
        LISTS,
        "undo",
        "Take back your own last change; what others did stays",
    ),
    row(
        Action::SwitchPane,
        &["tab", "backtab"],
        LISTS,
        "",
        "Switch between catalog and cart",
    ),
    row(
        Action::Palette,
        &["ctrl-p", ":"],
        LISTS,
        "commands",
        "Any command by name; :esp 3 adds three espressos",
    ),
    row(
        Action::Redo,
        &["ctrl-r"],
        LISTS,
        "",
        "Make it again after taking it back",
    ),
    row(
        Action::Repeat,
        &["."],
        PRODUCTS,
        "",
        "The last change once more, to the selected product",
    ),
    row(
        Action::NextCategory,
        &["]"],
        LISTS,
        "",
        "Only the next category",
    ),
    row(
        Action::PreviousCategory,
        &["["],
        LISTS,
        "",
        "Only the previous category",
    ),
    row(
        Action::Sort,
        &["s"],
        LISTS,
        "",
        "Order by category, name, price, what is in the cart",
    ),
    row(
        Action::Orders,
        &["o"],
        LISTS,
        "",
        "Past orders, their state and their receipts",
    ),
    row(
        Action::AskClear,
        &["C"],
        LISTS,
        "",
        "Clear the cart (asks first; u brings it back)",
    ),
    row(
        Action::KeepAlive,
        &["K"],
        LISTS,
        "",
        "Keep the cart alive: its time begins anew",
    ),
    row(
        Action::Activity,
        &["v"],
        LISTS,
        "",
        "Show or hide who changed what",
    ),
    row(
        Action::Mouse,
        &["m"],
        LISTS,
        "",
        "Take the mouse, or leave selecting to the terminal",
    ),
    row(
        Action::ToCatalog,
        &["left", "h"],
        LISTS,
        "",
        "To the catalog",
    ),
    row(Action::ToCart, &["right", "l"], LISTS, "", "To the cart"),
    row(Action::Up, &["up", "k"], ROWS, "", "Up"),
    row(Action::Down, &["down", "j"], ROWS, "", "Down"),
    row(
        Action::PageUp,
        &["pageup", "ctrl-b", "ctrl-u"],
        ROWS,
        "",
        "A page up",
    ),
    row(
        Action::PageDown,
        &["pagedown", "ctrl-f", "ctrl-d", "space"],
        ROWS,
        "",
        "A page down",
    ),
    row(Action::Top, &["g", "home"], ROWS, "", "To the first row"),
    row(Action::Bottom, &["G", "end"], ROWS, "", "To the last row"),
    row(Action::Up, &["up"], &[Search, Palette], "", ""),
    row(Action::Down, &["down"], &[Search, Palette], "", ""),
    row(Action::Accept, &["enter"], &[Search], "keep the search", ""),
    row(Action::Accept, &["enter"], &[Quantity], "set", ""),
    row(Action::Accept, &["enter"], &[Palette], "do it", ""),
    row(Action::Complete, &["tab"], &[Palette], "complete", ""),
    row(Action::Back, &["esc"], TYPING, "cancel", ""),
    row(Action::PageDown, &["space"], &[Help], "more", ""),
    row(Action::Back, &["esc", "q", "?", "f1"], &[Help], "close", ""),
    row(Action::PlaceOrder, &["y"], &[Checkout], "order it", ""),
    row(Action::Back, &["esc", "n", "q"], &[Checkout], "back", ""),
    row(Action::Receipt, &["enter"], &[Orders], "receipt", ""),
    row(Action::Back, &["esc", "q", "o"], &[Orders], "close", ""),
    row(Action::Orders, &["o"], &[Receipt], "all orders", ""),
    row(Action::Back, &["esc", "q"], &[Receipt], "back", ""),
    row(
        Action::Back,
        &["esc"],
        LISTS,
        "",
        "Go back: drop the number, the message, the search",
    ),
    row(Action::Clear, &["y"], &[ConfirmClear], "clear the cart", ""),
    row(
        Action::Back,
        &["esc", "n", "q"],
        &[ConfirmClear],
        "keep it",
        "",
    ),
    row(
        Action::QuitAnyway,
        &["y"],
        &[ConfirmQuit],
        "quit and lose them",
        "",
    ),
    row(Action::Back, &["esc", "n", "q"], &[ConfirmQuit], "stay", ""),
    row(Action::Quit, &["ctrl-c"], ALL, "", "Quit, from anywhere"),
    row(
        Action::Suspend,
        &["ctrl-z"],
        ALL,
        "",
        "Suspend; fg comes back",
    ),
    row(
        Action::Help,
        &["?", "f1"],
        LISTS,
        "help",
        "Show or hide this help",
    ),
    row(Action::Quit, &["q"], LISTS, "quit", "Quit"),
];

/// A row of the table with the keys in force.
#[derive(Debug, Clone)]
pub struct KeymapEntry {
    /// What it does.
    pub action: Action,
    /// The keys that do it.
    pub keys: Vec<Key>,
    contexts: &'static [Context],
    /// A word for the footer; none where it is empty.
    pub word: &'static str,
    /// A sentence for help and palette; none where it is empty.
    pub help: &'static str,
}

impl KeymapEntry {
    /// All its keys, as shown.
    #[must_use]
    pub fn shown(&self) -> String {
        self.keys
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(" ")
    }
}

/// The keys in force.
#[derive(Debug, Clone)]
pub struct Keymap {
    entries: Vec<KeymapEntry>,
}

/// A key map that can't be used: the action in question, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeymapError {
    /// The name of the action, as the settings have it.
    pub action: String,
    /// What is wrong.
    pub why: String,
}

impl Default for Keymap {
    fn default() -> Keymap {
        let entry = |binding: &Binding| KeymapEntry {
            action: binding.action,
            keys: binding
                .keys
                .iter()
                .filter_map(|name| Key::parse(name))
                .collect(),
            contexts: binding.contexts,
            word: binding.word,
            help: binding.help,
        };
        Keymap {
            entries: BINDINGS.iter().map(entry).collect(),
        }
    }
}

impl Keymap {
    /// The table with other keys for some actions.
    ///
    /// # Errors
    /// [`KeymapError`] for an unknown action, an unknown key, or a key with two meanings.
    pub fn with(others: &BTreeMap<String, Vec<String>>) -> Result<Keymap, KeymapError> {
        let mut keymap = Keymap::default();
        for (name, keys) in others {
            let error = |why: String| KeymapError {
                action: name.clone(),
                why,
            };
            let known = |key: &String| {
                Key::parse(key).ok_or_else(|| error(format!("no key is called {key:?}")))
            };
            let keys: Vec<Key> = keys.iter().map(known).collect::<Result<_, _>>()?;
            let mut entries = keymap
                .entries
                .iter_mut()
                .filter(|entry| entry.action.name() == *name)
                .peekable();
            if entries.peek().is_none() {
                let names: Vec<String> = BINDINGS
                    .iter()
                    .map(|binding| binding.action.name())
                    .collect();
                let near = names.iter().max_by(|a, b| {
                    strsim::jaro_winkler(a, name).total_cmp(&strsim::jaro_winkler(b, name))
                });
                let hint = near
                    .map(|near| format!("; did you mean {near}?"))
                    .unwrap_or_default();
                return Err(error(format!("there is no such action{hint}")));
            }
            entries.for_each(|entry| entry.keys.clone_from(&keys));
        }
        keymap.check(others)?;
        Ok(keymap)
    }

    /// Finds a key with two meanings; it blames the settings.
    fn check(&self, others: &BTreeMap<String, Vec<String>>) -> Result<(), KeymapError> {
        for context in ALL {
            let mut seen: Vec<(Key, Action)> = Vec::new();
            for entry in self
                .entries
                .iter()
                .filter(|entry| entry.contexts.contains(context))
            {
                for key in &entry.keys {
                    if let Some((_, other)) = seen
                        .iter()
                        .find(|(known, action)| known == key && *action != entry.action)
                    {
                        let (mut action, mut other) = (entry.action.name(), other.name());
                        if !others.contains_key(&action) {
                            std::mem::swap(&mut action, &mut other);
                        }
                        let why = format!("{key} is a key of {other}, too");
                        return Err(KeymapError { action, why });
                    }
                    seen.push((*key, entry.action));
                }
            }
        }
        Ok(())
    }

    /// The action of `key` in `context`.
    #[must_use]
    pub fn dispatch(&self, context: Context, key: Key) -> Option<Action> {
        let here =
            |entry: &&KeymapEntry| entry.contexts.contains(&context) && entry.keys.contains(&key);
        self.entries.iter().find(here).map(|entry| entry.action)
    }

    /// The footer of `context`: action, key and word.
    pub fn footer(&self, context: Context) -> impl Iterator<Item = (Action, String, &'static str)> {
        let here =
            move |entry: &&KeymapEntry| entry.contexts.contains(&context) && !entry.word.is_empty();
        self.entries
            .iter()
            .filter(here)
            .filter_map(|entry| Some((entry.action, entry.keys.first()?.to_string(), entry.word)))
    }

    /// What the palette offers in `context`.
    pub fn offered(&self, context: Context) -> impl Iterator<Item = &KeymapEntry> {
        self.explained()
            .filter(move |entry| entry.contexts.contains(&context))
    }

    /// The first key of an action, as shown.
    #[must_use]
    pub fn key_of(&self, action: Action) -> String {
        let keys = self
            .entries
            .iter()
            .filter(|entry| entry.action == action)
            .flat_map(|entry| &entry.keys);
        keys.map(ToString::to_string).next().unwrap_or_default()
    }

    /// What help lists.
    pub fn explained(&self) -> impl Iterator<Item = &KeymapEntry> {
        self.entries.iter().filter(|entry| !entry.help.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> Key {
        Key::parse(name).unwrap()
    }

    #[test]
    fn every_key_has_a_name_and_one_meaning_in_each_context() {
        for binding in BINDINGS {
            assert!(
                binding.keys.iter().all(|name| Key::parse(name).is_some()),
                "{:?}",
                binding.keys
            );
        }
        assert!(Keymap::with(&BTreeMap::new()).is_ok());
    }

    #[test]
    fn escape_never_quits_and_ctrl_c_always_does() {
        let keymap = Keymap::default();
        for context in ALL {
            assert_eq!(
                keymap.dispatch(*context, key("esc")),
                Some(Action::Back),
                "{context:?}"
            );
            assert_eq!(
                keymap.dispatch(*context, key("ctrl-c")),
                Some(Action::Quit),
                "{context:?}"
            );
        }
    }

    #[test]
    fn other_keys_for_actions() {
        let with = |name: &str, keys: &[&str]| {
            Keymap::with(&BTreeMap::from([(
                name.to_owned(),
                keys.iter().map(|key| (*key).to_owned()).collect(),
            )]))
        };
        let keymap = with("add", &["x", "ctrl-a"]).unwrap();
        assert_eq!(keymap.dispatch(Catalog, key("x")), Some(Action::Add));
        assert_eq!(keymap.dispatch(Catalog, key("a")), None);
        assert!(
            keymap
                .footer(Catalog)
                .any(|(action, key, _)| action == Action::Add && key == "x")
        );
        let why = |name, keys| with(name, keys).unwrap_err().why;
        assert_eq!(
            why("ad", &["x"]),
            "there is no such action; did you mean add?"
        );
        assert_eq!(why("add", &["ctrl-"]), "no key is called \"ctrl-\"");
        assert_eq!(why("add", &["q"]), "q is a key of quit, too");
    }
}
