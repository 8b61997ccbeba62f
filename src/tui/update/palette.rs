//! The command palette: opening it, searching its products, running the selected entry.

use super::Updater;
use crate::config::keymap::Action;
use crate::model::{ProductId, Query};
use crate::tui::layout::palette::{self, PaletteEntry, Run};
use crate::tui::message::Effect;
use crate::tui::state::Mode;
use crate::tui::state::catalog::{SearchPurpose, SearchRequest};
use std::collections::HashSet;
use tui_input::Input;

impl Updater<'_> {
    /// Opens the palette with this text typed.
    pub(super) fn open_palette(&mut self, typed: String) {
        self.search_palette(&typed);
        self.cover(Mode::Palette {
            input: Input::new(typed),
            cursor: 0,
        });
    }

    /// Types what the selected entry stands for.
    pub(super) fn complete_command(&mut self) {
        if let Some(entry) = self.selected_entry() {
            self.open_palette(entry.completed);
        }
    }

    /// Closes the palette and runs the selected entry. Without one the palette says so, and stays
    /// open for corrections.
    pub(super) fn run_selected_command(&mut self) {
        if let Some(entry) = self.selected_entry() {
            self.run(entry.run);
        }
    }

    /// Does what an entry stands for, as if it were chosen in the palette.
    pub(super) fn run_directly(&mut self, run: Run) {
        self.cover(Mode::Palette {
            input: Input::default(),
            cursor: 0,
        });
        self.run(run);
    }

    fn run(&mut self, run: Run) {
        self.state.mode = Mode::Browse;
        let page = self.state.covered.take();

        match run {
            // What is about the order that shows needs its page.
            Run::Action(
                action @ (Action::Again | Action::AskCancel | Action::Undo | Action::Redo),
            ) => {
                self.state.mode = page.unwrap_or(Mode::Browse);
                self.act(action);
            }
            Run::Action(
                action @ (Action::Fix
                | Action::FixAll
                | Action::More
                | Action::Less
                | Action::SetQuantity
                | Action::Remove),
            ) if matches!(page, Some(Mode::Checkout(_))) => {
                self.state.mode = page.unwrap_or(Mode::Browse);
                self.act(action);
            }
            Run::Action(action) => self.act(action),
            Run::Type(text) => self.open_palette(text),
            Run::Add(product, quantity) => self.add(product, quantity),
            Run::Set(product, quantity) => self.set_quantity(product, &quantity.to_string()),
            Run::Remove(product) => self.remove(product),
            Run::AskNote(product) => {
                self.stay_on_page_of_note(product.as_ref(), page);
                self.ask_note_on(product);
            }
            Run::Note(note, text) => {
                self.stay_on_page_of_note(note.product.as_ref(), page);
                self.set_note(note, &text);
            }
            Run::GoToCart(cart) => self.go_to_cart(cart),
            Run::TakeCart(cart) => self.take_cart(cart),
            Run::TakeName(name) => self.take_name(name),
            Run::ClearCart(cart) => self.ask_clear_cart(cart),
            Run::Category(category) => self.show_category(category),
            Run::Sort(sort) => self.sort_catalog(sort),
            Run::Rule(change) => self.request_rule(change),
            Run::Settle(name) => {
                self.state.mode = page.unwrap_or(Mode::Browse);
                self.settle(name);
            }
            Run::Theme(theme) => {
                self.state.theme = self.state.env.display.theme(*theme);
                self.state.late_colours = None;
            }
        }
    }

    /// Returns to the page that the palette covered, where a note for the whole order stands on it.
    fn stay_on_page_of_note(&mut self, product: Option<&ProductId>, page: Option<Mode>) {
        if product.is_none()
            && let Some(page) = page
        {
            self.state.mode = page;
        }
    }

    fn selected_entry(&self) -> Option<PaletteEntry> {
        let Mode::Palette { input, cursor } = &self.state.mode else {
            return None;
        };
        let entries = palette::entries(self.state, input.value());
        entries.into_iter().nth(*cursor)
    }

    /// Searches again for what is typed in the palette, where it is open.
    pub(super) fn search_open_palette(&mut self) {
        if let Mode::Palette { input, .. } = &self.state.mode {
            let typed = input.value().to_owned();
            self.search_palette(&typed);
        }
    }

    /// Searches the products that a command names, unless they are found already.
    pub(super) fn search_palette(&mut self, typed: &str) {
        let Some(words) = palette::searched_words(typed) else {
            return;
        };

        let matches = &mut self.state.matches;
        if matches.words == words && !matches.found.is_empty() {
            return;
        }
        words.clone_into(&mut matches.words);
        matches.search_sent += 1;

        let catalog = &self.state.catalog;
        let query = Query {
            words: words.to_owned(),
            ..Query::default()
        };
        let nothing = HashSet::new();

        if let Some(found) = catalog.search_at_once(&query, &nothing) {
            matches.found = found;
            matches.search_done = matches.search_sent;
        } else if query.is_plain() {
            // Without words the first products of the catalog are offered.
            let all = catalog.catalog.sorted();
            matches.found = all.iter().take(palette::MOST).copied().collect();
            matches.search_done = matches.search_sent;
        } else {
            self.effects.push(Effect::Search(SearchRequest {
                purpose: SearchPurpose::Palette,
                number: matches.search_sent,
                query,
                among: None,
                in_cart: nothing,
            }));
        }
    }
}
