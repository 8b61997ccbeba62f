//! The command palette: what can be typed, and what each entry does.

use super::keymap::Action;
use super::state::State;
use super::theme::Theme;
use crate::model::search::{self, Query, Sort};
use crate::model::{ProductId, text};
use std::collections::HashMap;

/// The most entries that are offered.
const MOST: usize = 9;

/// What an entry does.
#[derive(Debug, Clone, PartialEq)]
pub enum Run {
    /// What a key does.
    Action(Action),
    /// Goes on with this typed.
    Type(String),
    /// Adds pieces of a product.
    Add(ProductId, u32),
    /// Sets a quantity.
    Set(ProductId, u32),
    /// Removes a line.
    Remove(ProductId),
    /// Shows one category, or all.
    Category(Option<Box<str>>),
    /// Orders the catalog.
    Sort(Sort),
    /// Takes another theme.
    Theme(Theme),
}

/// One entry.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// What it says.
    pub label: String,
    /// Its keys, or what follows.
    pub hint: String,
    /// What Tab makes of the typed text.
    pub completed: String,
    /// What Enter does.
    pub run: Run,
}

/// Commands that take words: name, what follows, what it does.
const VERBS: [(&str, &str, &str); 6] = [
    ("add", "PRODUCT [N]", "Add a product"),
    ("set", "PRODUCT N", "Set a quantity"),
    ("remove", "PRODUCT", "Remove a line"),
    ("category", "[NAME]", "Show one category, or all"),
    ("sort", "ORDER", "Order the catalog"),
    ("theme", "NAME", "Take another theme"),
];

/// What is offered for `typed`, best first.
#[must_use]
pub fn entries(state: &State, typed: &str) -> Vec<Entry> {
    let typed = typed.trim_start().trim_start_matches(':');
    let mut found = match typed.split_once(' ') {
        Some((verb, rest)) if VERBS.iter().any(|(known, ..)| *known == verb) => arguments(state, verb, rest),
        _ => commands(state, typed),
    };
    found.truncate(MOST);
    found
}

fn commands(state: &State, typed: &str) -> Vec<Entry> {
    let verbs = VERBS.iter().map(|(name, follows, what)| Entry {
        label: format!("{what}: {name} {follows}"),
        hint: String::new(),
        completed: format!("{name} "),
        run: Run::Type(format!("{name} ")),
    });
    let actions = state.session.keymap.explained().map(|entry| Entry {
        label: entry.help.to_owned(),
        hint: entry.shown(),
        completed: entry.action.name(),
        run: Run::Action(entry.action),
    });
    // The rows for moving share their words with others; the palette is not for them.
    let offered = verbs.chain(actions);
    let fits = |entry: &Entry| {
        let text = format!("{} {}", entry.completed, entry.label);
        typed.split_whitespace().all(|word| !search::marks(word, &text).is_empty())
    };
    let mut found: Vec<Entry> = offered.filter(fits).collect();
    found.sort_by_key(|entry| !entry.completed.trim_end().starts_with(typed.trim_end()));
    found
}

fn arguments(state: &State, verb: &str, rest: &str) -> Vec<Entry> {
    let plain = |label: String, completed: &str, run: Run| Entry {
        label,
        hint: String::new(),
        completed: format!("{verb} {completed}"),
        run,
    };
    let fits = |name: &str| name.to_lowercase().contains(&rest.trim().to_lowercase());
    match verb {
        "category" => {
            let all = std::iter::once(plain("All categories".to_owned(), "", Run::Category(None)));
            let categories = state.catalog.catalog.categories();
            let one = |name: &&str| plain((*name).to_owned(), name, Run::Category(Some((*name).into())));
            let named: Vec<Entry> = categories.iter().filter(|name| fits(name)).map(one).collect();
            if rest.trim().is_empty() { all.chain(named).collect() } else { named }
        }
        "sort" => {
            let names = Sort::ALL.into_iter().filter(|sort| fits(sort.name()));
            names.map(|sort| plain(format!("By {}", sort.name()), sort.name(), Run::Sort(sort))).collect()
        }
        "theme" => {
            let names = Theme::NAMED.iter().filter(|(name, _)| fits(name));
            names.map(|(name, theme)| plain((*name).to_owned(), name, Run::Theme(*theme))).collect()
        }
        _ => products(state, verb, rest),
    }
}

/// Products for `verb`; a number at the end is the quantity.
fn products(state: &State, verb: &str, rest: &str) -> Vec<Entry> {
    let rest = rest.trim_end();
    let (words, quantity) = match rest.rsplit_once(' ') {
        Some((words, last)) if let Ok(quantity) = last.parse::<u32>() => (words, Some(quantity)),
        _ => (rest, None),
    };
    let query = Query { words: words.to_owned(), ..Query::default() };
    let catalog = &state.catalog.catalog;
    let places = search::search(catalog, &query, &HashMap::new());
    let products = places.iter().filter_map(|place| catalog.at(*place));
    let in_cart = |id: &ProductId| state.cart.shown.line(id).is_some();
    let wanted = products.filter(|product| verb != "remove" || in_cart(&product.id));
    let entry = |product: &crate::model::Product| {
        let (id, count) = (product.id.clone(), quantity.unwrap_or(1));
        let (label, run) = match verb {
            "add" => (format!("Add {count} × {}", product.name), Run::Add(id, count)),
            "set" => (format!("Set {} to {count}", product.name), Run::Set(id, count)),
            _ => (format!("Remove {}", product.name), Run::Remove(id)),
        };
        let number = quantity.map(|n| format!(" {n}")).unwrap_or_default();
        let held = match state.cart.shown.quantity(&product.id) {
            0 => String::new(),
            n => format!("{n} in the cart"),
        };
        Entry {
            label,
            hint: held,
            completed: text::clean(format!("{verb} {}{number}", product.name).as_bytes()),
            run,
        }
    };
    wanted.take(MOST).map(entry).collect()
}
