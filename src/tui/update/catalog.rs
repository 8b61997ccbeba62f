//! The catalog: reading it, news of its products, searching and sorting.

use super::Updater;
use crate::model::catalog::CatalogChange;
use crate::model::{Catalog, Product, ProductId, Sort, Sorting};
use crate::store::catalog::decode::CatalogNews;
use crate::store::live::LiveRequest;
use crate::store::live::OrderQuestion;
use crate::store::{Shop, Trouble};
use crate::tui::message::{Effect, Freshness};
use crate::tui::state::areas::Pane;
use crate::tui::state::catalog::ShownCategory;
use crate::tui::state::catalog::{SearchPurpose, SearchResults, Unread};
use crate::tui::state::{Connectivity, Mode};
use std::sync::Arc;
use tui_input::Input;

/// Names of products that are gone, before those are forgotten that are not in the cart.
const NAMES_LIMIT: usize = 200;

impl Updater<'_> {
    /// Reads the whole catalog anew, now or when it has rested: something may have changed in it
    /// without a word.
    fn reload_catalog(&mut self) {
        self.state.catalog.is_doubted = true;
        self.load_catalog();
    }

    /// Reads the whole catalog, now or when it has rested.
    pub(super) fn load_catalog(&mut self) {
        self.state.catalog.load.want();
        self.load_catalog_if_due();
    }

    /// Reads the whole catalog where that is due by now.
    pub(super) fn load_catalog_if_due(&mut self) {
        let now = self.state.now;
        if self.state.catalog_load_due_at().is_some_and(|at| at <= now) {
            self.state.catalog.load.start();
            let is_doubted = std::mem::take(&mut self.state.catalog.is_doubted);
            self.effects.push(Effect::LoadCatalog(if is_doubted {
                Freshness::ReadAnew
            } else {
                Freshness::AsAnnounced
            }));
        }
    }

    /// Shows the first products while the first read goes on.
    pub(super) fn on_catalog_begun(&mut self, begun: Catalog, shop: Option<Shop>) {
        if !self.state.catalog.loaded {
            self.set_shop(shop);
            self.replace_catalog(begun);
        }
    }

    /// Takes in the settings of the shop; where they can't be read, those of before stay.
    fn set_shop(&mut self, shop: Option<Shop>) {
        let Some(mut shop) = shop else {
            return;
        };
        self.state.catalog.knows_shop = true;
        self.state.env.display.fit_currency(&mut shop.currency);
        // What the checkout asks to confirm is in the currency of before.
        if self.state.shop.currency != shop.currency {
            self.invalidate_preview();
        }
        let clock = self.state.clock();
        self.state.shop = shop;
        // Orders are looked for by the times that show, too.
        if self.state.clock() != clock {
            self.refilter_orders();
        }
    }

    /// Takes in the whole catalog, which took so many milliseconds to read.
    pub(super) fn on_catalog_read(&mut self, catalog: Catalog, shop: Option<Shop>, took: u64) {
        let now = self.state.now;
        let changed_meanwhile = self.state.catalog.end_load(now, took);

        self.set_shop(shop);
        self.state.cart.gone.clear();
        self.replace_catalog(catalog);

        self.read_missing_products();
        if !changed_meanwhile.is_empty() {
            self.effects
                .push(Effect::Live(LiveRequest::Products(changed_meanwhile)));
        }
    }

    /// Takes in that the catalog can't be read. It is read again, soon where the reason passes by
    /// itself, and later where somebody must mend it, which is told once.
    pub(super) fn on_catalog_failed(&mut self, trouble: Trouble) {
        let now = self.state.now;
        if let Some(message) = self.state.catalog.fail_load(now, trouble) {
            self.notify_error(message);
        }
        self.read_missing_products();
    }

    /// Takes in what could not be read. It is tried again.
    pub(super) fn on_catalog_unread(&mut self, unread: Unread, trouble: &Trouble) {
        let now = self.state.now;
        self.state.catalog.note_unread(now, unread, trouble);
    }

    /// Takes in products that were read; `None` for those that are not sold any more.
    pub(super) fn on_products(&mut self, read: Vec<(ProductId, Option<Product>)>) {
        // An id that is no product, and never was, is another client's "read everything again".
        let mut missing = read.iter().filter(|(_, product)| product.is_none());
        if missing.any(|(id, _)| !self.is_known(id)) {
            self.reload_catalog();
        }

        for (id, product) in &read {
            if product.is_some() {
                self.state.cart.gone.remove(id);
            } else if self.state.cart.confirmed.line(id).is_some() {
                self.remember_name(id);
                self.state.cart.gone.insert(id.clone());
            }
        }

        let selected = self.state.catalog.selected_id();
        match self.state.catalog.catalog.refresh(read) {
            CatalogChange::Positions => self.search_again(selected),
            // New prices move rows only where those are sorted by price.
            CatalogChange::Values if self.state.catalog.sorting.by == Sort::Price => {
                self.search_again(selected);
            }
            CatalogChange::Values | CatalogChange::Nothing => {}
        }
    }

    fn is_known(&self, id: &ProductId) -> bool {
        self.state.catalog.catalog.get(id).is_some() || self.state.cart.confirmed.line(id).is_some()
    }

    /// Takes in which products somebody has changed. The link reads a few of them by itself.
    pub(super) fn on_catalog_news(&mut self, news: CatalogNews) {
        match news {
            CatalogNews::Products(ids) => self.state.catalog.load.note_changed(&ids),
            CatalogNews::Everything => self.reload_catalog(),
        }
    }

    /// Remembers the name of a product in the cart that is about to go.
    fn remember_name(&mut self, id: &ProductId) {
        let cart = &mut self.state.cart;
        if let Some(product) = self.state.catalog.catalog.get(id) {
            cart.names.insert(id.clone(), product.name.to_string());
        }

        // The activity shows them, too, for a while.
        if cart.names.len() > NAMES_LIMIT {
            cart.names.retain(|id, _| cart.confirmed.line(id).is_some());
        }
    }

    /// Replaces the catalog, and leaves the selected product selected at its height on the screen.
    fn replace_catalog(&mut self, catalog: Catalog) {
        let lines = self.state.cart.confirmed.lines.iter();
        let gone: Vec<ProductId> = lines
            .map(|line| &line.product)
            .filter(|id| catalog.get(id).is_none())
            .cloned()
            .collect();
        for id in &gone {
            self.remember_name(id);
        }

        let pane = &mut self.state.catalog;
        let selected = pane.selected_id().filter(|_| pane.touched);
        let old = std::mem::replace(&mut pane.catalog, catalog);
        self.effects.push(Effect::Replaced(Box::new(old)));

        // The numbers of the old catalog mean other products now.
        pane.shown = Arc::default();
        self.state.matches.found.clear();
        self.search_open_palette();
        self.search_again(selected);
    }

    /// Repeats the search in a catalog that has changed, with this product selected.
    fn search_again(&mut self, selected: Option<ProductId>) {
        let lines = &self.state.cart.shown.lines;
        let in_cart = || lines.iter().map(|line| line.product.clone()).collect();
        let search = self.state.catalog.search_again(selected, in_cart);
        self.effects.extend(search.map(Effect::Search));
    }

    /// Searches the catalog for what is typed and chosen. Then selects this product where it is
    /// found, else the first row.
    pub(super) fn search_catalog(&mut self, select: Option<ProductId>) {
        let lines = &self.state.cart.shown.lines;
        let in_cart = || lines.iter().map(|line| line.product.clone()).collect();
        let search = self.state.catalog.search(select, in_cart);
        self.effects.extend(search.map(Effect::Search));
    }

    /// Shows what a search has found, unless a newer one was sent; then the keys go on that
    /// waited for it.
    pub(super) fn on_search_results(&mut self, results: SearchResults) {
        let is_done = results.done;

        match results.purpose {
            SearchPurpose::Catalog => self.state.catalog.take_results(results),
            SearchPurpose::Palette => {
                let matches = &mut self.state.matches;
                if results.number == matches.search_sent {
                    matches.found = results.products;
                    if is_done {
                        matches.search_done = results.number;
                    }
                }
            }
        }

        if is_done {
            self.replay_typed_ahead();
        }
    }

    /// Opens the prompt for a new search; the words of the last one are dropped.
    pub(super) fn start_search(&mut self) {
        self.focus_pane(Pane::Catalog);
        self.state.mode = Mode::Search;
        self.state.covered = None;

        // Words are looked for in all that is sold.
        let was_usual = self.state.catalog.category == ShownCategory::Usual;
        if was_usual {
            self.state.catalog.category = ShownCategory::All;
        }
        if was_usual || !self.state.catalog.words.value().is_empty() {
            self.state.catalog.words = Input::default();
            self.search_catalog(None);
        }
    }

    /// Shows all products again. The selected one stays selected among them.
    pub(super) fn clear_search(&mut self) {
        let pane = &mut self.state.catalog;
        if pane.words.value().is_empty() && pane.category == ShownCategory::All {
            return;
        }

        let selected = pane.selected_id();
        pane.words = Input::default();
        pane.category = ShownCategory::All;
        self.search_catalog(selected);

        // Some of the products before it show, too.
        let areas = self.state.areas();
        let page = areas.map_or(0, |areas| usize::from(areas.catalog_rows.height));
        let scroll = &mut self.state.catalog.scroll;
        scroll.top = if scroll.cursor < page {
            0
        } else {
            scroll.cursor - page / 2
        };
    }

    /// Shows the category after this one; after the last, all products.
    pub(super) fn show_next_category(&mut self) {
        self.show_category(self.state.catalog.next_category());
    }

    /// Shows the category before this one; before the first, all products.
    pub(super) fn show_previous_category(&mut self) {
        self.show_category(self.state.catalog.previous_category());
    }

    /// Shows one category, or all.
    pub(super) fn show_category(&mut self, category: ShownCategory) {
        self.state.catalog.category = category;
        self.search_catalog(None);
    }

    /// Reads what this cart orders most, once there is a catalog to show it in, and again when an
    /// order is placed or cancelled.
    pub(super) fn refresh_usual(&mut self) {
        let is_live = self.state.connectivity == Connectivity::Live;
        if is_live && self.state.catalog.loaded && self.state.catalog.usual.is_old {
            self.state.catalog.usual.is_old = false;
            self.ask_orders(OrderQuestion::Usual);
        }
    }

    /// Takes in what this cart orders most. The selected product stays where it is on the screen.
    pub(super) fn on_usual(&mut self, products: Vec<ProductId>) {
        let pane = &mut self.state.catalog;
        if pane.usual.products == products {
            return;
        }
        pane.usual.products = products;

        let shows_usual = pane.is_plain() || pane.category == ShownCategory::Usual;
        if shows_usual {
            let selected = pane.selected_id().filter(|_| pane.touched);
            self.search_again(selected);
        }
    }

    /// Sorts the catalog.
    pub(super) fn sort_catalog(&mut self, sorting: Sorting) {
        self.state.catalog.sorting = sorting;
        self.search_catalog(None);
    }
}
