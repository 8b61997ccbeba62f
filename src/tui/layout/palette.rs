//! The command palette: what can be typed, and what each entry does.

use crate::config::keymap::Action;
use crate::config::theme::Theme;
use crate::model::search;
use crate::model::search::Sort;
use crate::model::{Item, ProductId, text};
use crate::tui::state::State;

/// The most entries that are offered.
pub(crate) const MOST: usize = 9;

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
    Theme(&'static Theme),
}

/// One entry.
#[derive(Debug, Clone, PartialEq)]
pub struct PaletteEntry {
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

/// The first entry that shows in so many rows, so that the selected one does.
#[must_use]
pub fn first(cursor: usize, rows: u16) -> usize {
    (cursor + 1).saturating_sub(usize::from(rows))
}

/// What is offered for `typed`, best first.
#[must_use]
pub fn entries(state: &State, typed: &str) -> Vec<PaletteEntry> {
    let typed = typed.trim_start().trim_start_matches(':');
    let mut found = match typed.split_once(' ') {
        Some((verb, rest)) if VERBS.iter().any(|(known, ..)| *known == verb) => {
            arguments(state, typed, verb, rest)
        }
        _ => commands(state, typed),
    };
    found.truncate(MOST);
    found
}

fn commands(state: &State, typed: &str) -> Vec<PaletteEntry> {
    let verbs = VERBS.iter().map(|(name, follows, what)| PaletteEntry {
        label: format!("{what}: {name} {follows}"),
        hint: String::new(),
        completed: format!("{name} "),
        run: Run::Type(format!("{name} ")),
    });
    let actions = state
        .env
        .keymap
        .offered(state.list_context())
        .map(|entry| PaletteEntry {
            label: entry.help.clone(),
            hint: entry.shown(),
            completed: entry.action.name().to_owned(),
            run: Run::Action(entry.action),
        });
    let typed = typed.trim_end().to_lowercase();
    let ranked = verbs
        .chain(actions)
        .filter_map(|entry| Some((fit(&entry, &typed)?, entry)));
    let mut found: Vec<(Fit, PaletteEntry)> = ranked.collect();
    found.sort_by_key(|(fit, _)| *fit);
    // A product by its name alone stands behind the commands that begin so.
    let named = found.partition_point(|(fit, _)| *fit <= Fit::Begins);
    let mut found: Vec<PaletteEntry> = found.into_iter().map(|(_, entry)| entry).collect();
    found.splice(named..named, named_products(state, &typed));
    found
}

/// How well a command fits what is typed, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    /// Its name begins so.
    Named,
    /// What is said of it begins so.
    Begins,
    /// Words of its name begin so.
    InName,
    /// Words of what is said of it do.
    InWords,
}

/// How well `entry` fits, all in lower case. Letters that are scattered over its words do not:
/// Enter would do what nobody asked for.
fn fit(entry: &PaletteEntry, typed: &str) -> Option<Fit> {
    let (name, said) = (entry.completed.trim_end(), entry.label.to_lowercase());
    let begin = |text: &str| {
        let known: Vec<&str> = text.split(|c: char| !c.is_alphanumeric()).collect();
        typed
            .split_whitespace()
            .all(|word| known.iter().any(|known| known.starts_with(word)))
    };
    let fits = [
        (Fit::Named, name.starts_with(typed)),
        (Fit::Begins, said.starts_with(typed)),
        (Fit::InName, begin(name)),
        (Fit::InWords, begin(&format!("{name} {said}"))),
    ];
    fits.into_iter().find(|(_, fits)| *fits).map(|(fit, _)| fit)
}

/// What is said where nothing fits what is typed.
#[must_use]
pub fn nothing(state: &State, typed: &str) -> String {
    let typed = typed.trim_start().trim_start_matches(':');
    if state.matches.search_sent != state.matches.search_done && wanted(typed).is_some() {
        return "Searching …".to_owned();
    }
    let (what, words) = match typed.split_once(' ') {
        Some(("category", rest)) => ("category fits", rest),
        Some(("sort", rest)) => ("order fits", rest),
        Some(("theme", rest)) => ("theme fits", rest),
        Some(("remove", _)) => (
            "line of the cart fits",
            wanted(typed).map_or("", |wanted| wanted.words),
        ),
        Some(("add" | "set", _)) => (
            "product fits",
            wanted(typed).map_or("", |wanted| wanted.words),
        ),
        _ if wanted(typed).is_none() => ("command fits", typed),
        _ => ("product or command fits", typed),
    };
    match words.trim() {
        // Only where there is nothing at all.
        "" => format!("There is no {}", what.trim_end_matches(" fits")),
        words => format!("No {what} “{words}”"),
    }
}

/// Products to add whose names have words that begin as what is typed: `esp 2`.
fn named_products(state: &State, typed: &str) -> Vec<PaletteEntry> {
    let Some(wanted) = wanted(typed) else {
        return Vec::new();
    };
    let words = wanted.words.to_lowercase();
    let fits = |product: &Item<'_>| {
        let name = product.name.to_lowercase();
        let begins = |word: &str| name.split_whitespace().any(|part| part.starts_with(word));
        words.split_whitespace().all(begins)
    };
    products(state, &wanted, fits)
}

fn arguments(state: &State, typed: &str, verb: &str, rest: &str) -> Vec<PaletteEntry> {
    let plain = |label: String, completed: &str, run: Run| PaletteEntry {
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
            let one = |name: &&str| {
                plain(
                    (*name).to_owned(),
                    name,
                    Run::Category(Some((*name).into())),
                )
            };
            let named: Vec<PaletteEntry> = categories
                .iter()
                .filter(|name| fits(name))
                .map(one)
                .collect();
            if rest.trim().is_empty() {
                all.chain(named).collect()
            } else {
                named
            }
        }
        "sort" => {
            let names = Sort::ALL.into_iter().filter(|sort| fits(sort.name()));
            names
                .map(|sort| plain(format!("By {}", sort.name()), sort.name(), Run::Sort(sort)))
                .collect()
        }
        "theme" => {
            let names = Theme::NAMED.iter().filter(|(name, _)| fits(name));
            names
                .map(|(name, theme)| plain((*name).to_owned(), name, Run::Theme(theme)))
                .collect()
        }
        _ => wanted(typed)
            .map(|wanted| products(state, &wanted, |_| true))
            .unwrap_or_default(),
    }
}

/// A product that is asked for.
struct Wanted<'a> {
    verb: &'a str,
    words: &'a str,
    quantity: Option<u32>,
}

/// What is looked for by `typed`, where that is a product: behind a verb, or, to be added, by
/// its name alone.
fn wanted(typed: &str) -> Option<Wanted<'_>> {
    let typed = typed.trim_start().trim_start_matches(':');
    let (verb, rest) = match typed.split_once(' ') {
        Some((verb @ ("add" | "set" | "remove"), rest)) => (verb, rest),
        Some((verb, _)) if VERBS.iter().any(|(known, ..)| *known == verb) => return None,
        _ => ("", typed),
    };
    let rest = rest.trim();
    let (words, quantity) = match rest.rsplit_once(' ') {
        Some((words, last)) if let Ok(quantity) = last.parse::<u32>() => (words, Some(quantity)),
        _ => (rest, None),
    };
    match verb {
        // One letter is rather a command.
        "" if words.chars().nth(1).is_none() => None,
        "" => Some(Wanted {
            verb: "add",
            words,
            quantity,
        }),
        _ => Some(Wanted {
            verb,
            words,
            quantity,
        }),
    }
}

/// The words of the products that `typed` searches the catalog for; `None` where that needs no
/// search: for a command, or for lines of the cart, which are few.
pub(crate) fn searched_words(typed: &str) -> Option<&str> {
    wanted(typed)
        .filter(|wanted| wanted.verb != "remove")
        .map(|wanted| wanted.words)
}

/// Entries for the products that were found.
fn products(
    state: &State,
    wanted: &Wanted<'_>,
    fits: impl Fn(&Item<'_>) -> bool,
) -> Vec<PaletteEntry> {
    let Wanted {
        verb,
        words,
        quantity,
    } = *wanted;
    let catalog = &state.catalog.catalog;
    let held: Vec<u32> = match verb {
        "remove" => {
            let named = |item: &Item<'_>| {
                words
                    .split_whitespace()
                    .all(|word| !search::marks(word, item.name).is_empty())
            };
            let lines = state
                .cart
                .shown
                .lines
                .iter()
                .filter_map(|line| catalog.number(&line.product));
            lines
                .filter(|number| catalog.at(*number).is_some_and(|item| named(&item)))
                .collect()
        }
        _ => Vec::new(),
    };
    let found = if verb == "remove" {
        &held
    } else {
        &state.matches.found
    };
    let wanted = found
        .iter()
        .filter_map(|number| catalog.at(*number))
        .filter(fits);
    let entry = |product: Item<'_>| {
        let (id, count) = (product.product_id(), quantity.unwrap_or(1));
        let (label, run) = match verb {
            "add" => (
                format!("Add {count} × {}", product.name),
                Run::Add(id, count),
            ),
            "set" => (
                format!("Set {} to {count}", product.name),
                Run::Set(id, count),
            ),
            _ => (format!("Remove {}", product.name), Run::Remove(id)),
        };
        let number = quantity.map(|n| format!(" {n}")).unwrap_or_default();
        let held = match state.cart.shown.quantity(&product.product_id()) {
            0 => String::new(),
            n => format!("{n} in the cart"),
        };
        PaletteEntry {
            label,
            hint: held,
            completed: text::sanitize(format!("{verb} {}{number}", product.name).as_bytes()),
            run,
        }
    };
    wanted.take(MOST).map(entry).collect()
}
