//! Commands that name a product or another thing of the palette, and lists of products.

use super::super::state::{Awaited, Choice, Unlisted};
use super::super::tell::{self, sentence};
use super::{NO_MORE, Updater};
use crate::model::{ProductId, text};
use crate::tui::layout::palette::{
    PaletteEntry, Run, begins_words, entries, no_match_message, suggestion,
};
use crate::tui::message::Message;
use crate::tui::state::{Asked, Mode, State};
use tui_input::Input;

/// The products that are told at a time.
const LISTED: usize = 15;

/// Tells whether the words behind a command name a product first.
pub(super) fn names_product(verb: &str) -> bool {
    matches!(verb, "add" | "set" | "remove")
}

impl Updater<'_> {
    /// Looks for what a command of the palette names; a product's name alone adds it.
    pub(super) fn match_products(&mut self, typed: String) {
        self.send(Message::Match(typed.clone()));
        self.wait_for(Awaited::Command(typed));
    }

    /// Does what a command means, or asks which of several it means.
    pub(super) fn take_matches(&mut self, typed: &str) {
        let state = &self.plain.state;
        let verb = typed.split(' ').next().unwrap_or_default();
        let words = typed.strip_prefix(verb).unwrap_or_default().trim();
        if names_product(verb) && words.is_empty() {
            return self.tell(format!("Type {verb} and a product: {verb} espresso."));
        }

        let mut found = entries(state, typed);
        let is_command = super::read(typed).is_some();
        found.retain(|entry| match &entry.run {
            Run::Add(..) => true,
            Run::Action(_) | Run::Type(_) | Run::Category(_) | Run::Sort(_) | Run::Theme(_) => {
                false
            }
            // Without a command, what is typed is a product.
            Run::Set(..)
            | Run::Remove(_)
            | Run::AskNote(_)
            | Run::Note(..)
            | Run::GoToCart(_)
            | Run::TakeCart(_)
            | Run::ClearCart(_)
            | Run::TakeName(_)
            | Run::Rule(_)
            | Run::Settle(_) => is_command,
        });
        let meant = self.meant(typed, found);

        match meant.len() {
            0 => self.tell_no_match(typed),
            1 => {
                let entry = meant.into_iter().next();
                let run = entry.map(|entry| entry.run);
                run.into_iter().for_each(|run| self.run_typed(run, typed));
            }
            _ => {
                let state = &self.plain.state;
                let told = meant.into_iter().map(|entry| {
                    let told = describe(state, &entry);
                    (Choice::Run(entry.run), told)
                });
                let told: Vec<(Choice, String)> = told.collect();
                let last = told.len();
                self.offer(told);
                self.plain.asks_which = true;
                self.tell(format!(
                    "Which one? Type 1 to {last}, or press Enter for none."
                ));
            }
        }
    }

    /// The entries that may be meant: the one whose name is typed, or those whose words begin so.
    fn meant(&self, typed: &str, mut found: Vec<PaletteEntry>) -> Vec<PaletteEntry> {
        let state = &self.plain.state;
        let words = product_words(typed);
        let name_of = |entry: &PaletteEntry| run_product(&entry.run).map(|id| state.name_of(id));

        // Their names are typed as far as they are known: the first one is meant.
        let is_named = match found.first().map(|entry| &entry.run) {
            Some(Run::Add(id, _) | Run::Set(id, _) | Run::Remove(id)) => {
                let name = text::folded(&state.name_of(id));
                name == text::folded(words) || id.to_string() == words
            }
            Some(Run::Note(note, text)) => {
                let others = found.iter().skip(1);
                let mut others = others.filter_map(|other| match &other.run {
                    Run::Note(_, other) => Some(other),
                    _ => None,
                });
                let noted_name = note.product.as_ref().map(|id| state.name_of(id));
                let behind = text::folded(words);
                let is_whole = noted_name
                    .is_some_and(|name| behind == text::folded(&format!("{name} {text}")));
                is_whole || others.all(|other| other != text)
            }
            // A cart that nobody has used from here may be another one, mistyped.
            Some(Run::GoToCart(cart) | Run::TakeCart(cart)) => state.carts.used.contains(cart),
            Some(_) => true,
            None => false,
        };
        if is_named {
            found.truncate(1);
            return found;
        }
        let begins =
            |entry: &PaletteEntry| name_of(entry).is_some_and(|name| begins_words(words, &name));
        if found.iter().any(begins) {
            found.retain(begins);
        }
        found
    }

    /// Does what was typed; who sets a quantity without one is asked for it.
    fn run_typed(&mut self, run: Run, typed: &str) {
        let has_number = typed
            .rsplit(' ')
            .next()
            .is_some_and(|last| last.parse::<u32>().is_ok());
        match run {
            Run::Set(product, _) if !has_number => {
                self.plain.state.mode = Mode::Prompt {
                    asked: Asked::Quantity(product),
                    input: Input::default(),
                };
            }
            run => self.run(run),
        }
    }

    /// Says that nothing matches, and what was probably meant.
    fn tell_no_match(&mut self, typed: &str) {
        // `add 2 espresso` says the same as `add espresso 2`.
        if let Some(turned) = quantity_behind(typed) {
            return self.match_products(turned);
        }

        let state = &self.plain.state;
        let none = no_match_message(state, typed);
        let meant = suggestion(state, typed);
        self.tell_sentence(&none);
        if let Some(entry) = meant.filter(|entry| entry.completed.trim() != typed.trim()) {
            let words = entry.completed;
            self.plain.asks_which = true;
            self.offer([(Choice::Run(Run::Type(words.clone())), words)]);
            self.tell("Did you mean that? Type 1, or press Enter for none.".to_owned());
        }
    }

    /// Searches the products.
    pub(super) fn search(&mut self, words: &str) {
        self.send(Message::Match(format!("add {words}")));
        self.wait_for(Awaited::Search(words.to_owned()));
    }

    /// Lists what a search has found.
    pub(super) fn list_found(&mut self, words: &str) {
        let found = self.plain.state.matches.found.clone();
        let catalog = &self.plain.state.catalog;
        if found.is_empty()
            && !catalog.loaded
            && let Some(unread) = &catalog.unread
        {
            let told = sentence(unread);
            return self.tell(told);
        }
        if found.is_empty() {
            return self.tell(format!("No product matches “{words}”."));
        }
        self.list_products(found);
    }

    /// Lists the categories, or the products of the one that is named.
    pub(super) fn list(&mut self, words: &str) {
        let categories = tell::categories(&self.plain.state);
        if words.is_empty() {
            let products = self.plain.state.catalog.catalog.len();
            let entries = categories.into_iter();
            self.offer(entries.map(|(name, told)| (Choice::Category(name), told)));
            let products = text::count(products, "product");
            return self.tell(format!(
                "{products} in all. Type a number to hear a category."
            ));
        }

        let typed = text::folded(words);
        let mut names = categories.into_iter().map(|(name, _)| name);
        match names.find(|name| text::folded(name).contains(&typed)) {
            Some(name) => self.list_category(&name),
            None => self.tell(format!("No category matches “{words}”.")),
        }
    }

    /// Lists the products of a category.
    pub(super) fn list_category(&mut self, name: &str) {
        let catalog = &self.plain.state.catalog.catalog;
        let sorted = catalog.sorted().iter().copied();
        let products = sorted.filter(|number| {
            let product = catalog.at(*number);
            product.is_some_and(|product| product.category == name)
        });
        let products = products.collect();
        self.list_products(products);
    }

    fn list_products(&mut self, products: Vec<u32>) {
        self.offer([]);
        self.list_more_products(products);
    }

    /// Goes on with the last list.
    pub(super) fn list_more(&mut self) {
        match std::mem::replace(&mut self.plain.unlisted, Unlisted::Nothing) {
            Unlisted::Nothing => self.tell(NO_MORE.to_owned()),
            Unlisted::Products(products) => self.list_more_products(products),
            Unlisted::Orders(last) => self.list_more_orders(last),
        }
    }

    fn list_more_products(&mut self, mut products: Vec<u32>) {
        let unlisted = products.split_off(LISTED.min(products.len()));
        let state = &self.plain.state;
        let products = products.into_iter().filter_map(|number| {
            let product = state.catalog.catalog.at(number)?;
            let told = tell::product(state, &product);
            Some((Choice::Product(product.product_id()), told))
        });
        let products: Vec<(Choice, String)> = products.collect();
        self.offer_more(products);

        let more = match unlisted.len() {
            0 => String::new(),
            left => {
                self.plain.unlisted = Unlisted::Products(unlisted);
                format!("{left} more: type more. ")
            }
        };
        self.tell(format!(
            "{more}Type a number to add that product, or 3 2 to add two of the third."
        ));
    }
}

/// The product of a choice that has one.
pub(super) fn product_of(choice: &Choice) -> Option<&ProductId> {
    match choice {
        Choice::Product(product) | Choice::Line(product) => Some(product),
        Choice::Run(run) => run_product(run),
        Choice::Person(_) | Choice::Category(_) | Choice::Order(_) | Choice::Cart(_) => None,
    }
}

/// The words behind a command that name a product, without a quantity.
fn product_words(typed: &str) -> &str {
    let words = match super::read(typed) {
        Some((_, words)) => words,
        None => typed.trim(),
    };
    match words.rsplit_once(' ') {
        Some((words, last)) if last.parse::<u32>().is_ok() => words.trim(),
        _ => words,
    }
}

/// `add 2 espresso` as `add espresso 2`; `None` where no quantity stands first.
fn quantity_behind(typed: &str) -> Option<String> {
    let (verb, words) = match super::read(typed) {
        Some((command, words)) => (command.name, words),
        None => ("add", typed.trim()),
    };
    let (quantity, words) = words.split_once(' ')?;
    let quantity: u32 = quantity.parse().ok()?;
    // Two numbers say the same either way round.
    let has_another = words.rsplit(' ').next()?.parse::<u32>().is_ok();
    let takes_quantity = matches!(verb, "add" | "set") && !has_another;
    takes_quantity.then(|| format!("{verb} {} {quantity}", words.trim()))
}

/// The product of an entry that has one.
fn run_product(run: &Run) -> Option<&ProductId> {
    match run {
        Run::Add(product, _) | Run::Set(product, _) | Run::Remove(product) => Some(product),
        _ => None,
    }
}

/// An entry that may be meant.
fn describe(state: &State, entry: &PaletteEntry) -> String {
    let product = run_product(&entry.run);
    match product.and_then(|id| state.catalog.catalog.get(id)) {
        Some(product) => tell::product(state, &product),
        None => entry.label.clone(),
    }
}
