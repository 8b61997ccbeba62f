//! The page with the products: reading them, finding one, and going to its form.

use super::Updater;
use super::editing::short_name;
use crate::config::key::Key;
use crate::config::keymap::{Action, Motion};
use crate::model::barcode::Reading;
use crate::model::catalog::CatalogChange;
use crate::model::product::ProductField;
use crate::model::{Catalog, Product, ProductId};
use crate::store::Shop;
use crate::store::catalog::decode::CatalogNews;
use crate::tui::message::Message;
use crate::tui::staff::layout::products::{ProductsLayout, row_of};
use crate::tui::staff::message::{ProductsJob, StaffEffect};
use crate::tui::staff::state::products::{LostProduct, ProductsPane, StockFilter};
use crate::tui::staff::state::{Page, StaffMode};
use crate::tui::state::UnknownChange;
use crate::tui::state::catalog::SearchPurpose;
use crate::tui::state::catalog::{CatalogLoad, LoadProgress, ShownCategory};
use crate::tui::state::digits::are_scanned;
use crate::tui::update::motion::moved;
use crate::tui::update::scanner::no_product_of;
use crate::tui::update::typing::{TEXT_LIMIT, edit};
use std::collections::HashSet;
use std::sync::Arc;
use strum::VariantArray;
use tui_input::Input;

impl Updater<'_> {
    /// Has the products read that show, unless they are known. Which of them the list is kept to is
    /// looked through again.
    pub(super) fn look_at_products(&mut self) {
        let products = &mut self.state.products;
        let is_shown = self.state.page == Page::Products;
        products.is_used |= is_shown;
        if !products.is_used {
            return;
        }

        let is_idle = matches!(products.list.load, CatalogLoad::Idle { .. });
        if products.is_outdated || (!products.list.loaded && is_idle) {
            products.is_outdated = false;
            products.list.load.want();
        }
    }

    /// Reads the whole catalog where that is due by now.
    pub(super) fn load_catalog_if_due(&mut self) {
        let now = self.state.now.steady;
        if self.state.catalog_load_due_at().is_some_and(|at| at <= now) {
            self.state.products.list.load.start();
            self.effects.push(StaffEffect::LoadCatalog);
        }
    }

    /// Takes in which products somebody has changed.
    pub(super) fn on_catalog_news(&mut self, news: CatalogNews) {
        let products = &mut self.state.products;
        if !products.is_used {
            return;
        }
        match news {
            CatalogNews::Products(ids) => {
                products.list.load.note_changed(&ids);
                self.effects
                    .push(StaffEffect::Products(ProductsJob::Read(ids)));
            }
            CatalogNews::Everything => products.list.load.want(),
        }
    }

    /// Takes in what comes of reading the catalog, or of searching it.
    pub(super) fn on_catalog(&mut self, message: Message) {
        // A reading for other pages that failed is no reason to read all of it.
        if !self.state.products.is_used {
            return;
        }

        let now = self.state.now.steady;
        let list = &mut self.state.products.list;
        match message {
            Message::CatalogBegun(begun, shop) if !list.loaded => self.replace(begun, shop),
            Message::CatalogCount(read, total) => {
                list.load.note_progress(LoadProgress { read, total });
            }
            Message::Catalog(Ok((catalog, shop)), took) => {
                let mut changed_meanwhile = list.end_load(now, took);
                self.replace(catalog, shop);
                // Those products may have been read before they were changed.
                changed_meanwhile.extend(self.unknown_changes().filter_map(
                    |change| match change {
                        UnknownChange::Field(product, _) => Some(product.clone()),
                        UnknownChange::Setting(_) | UnknownChange::Order(_) => None,
                    },
                ));
                if !changed_meanwhile.is_empty() {
                    let read = StaffEffect::Products(ProductsJob::Read(changed_meanwhile));
                    self.effects.push(read);
                }
            }
            Message::Catalog(Err(trouble), _) => {
                if let Some(message) = list.fail_load(now, trouble) {
                    self.refuse(message);
                }
            }
            Message::CatalogUnread(unread, trouble) => {
                list.note_unread(now, unread, &trouble);
            }
            Message::Products(read) => self.refresh_products(read),
            Message::Found(results) if results.purpose == SearchPurpose::Catalog => {
                list.take_results(results);
            }
            // Those who read and search send nothing else.
            _ => {}
        }
    }

    /// Replaces all products, and leaves the selected one selected at its height on the screen.
    fn replace(&mut self, catalog: Catalog, shop: Option<Shop>) {
        // This was read before all products were, and is no news.
        if let Some(shop) = shop {
            self.replace_shop(shop);
        }
        let was_selected = self.selected_product();
        let list = &mut self.state.products.list;
        // A catalog that is not read to its end lacks products that have not gone.
        let was_selected = was_selected.filter(|_| list.loaded);
        let selected = list.selected_id();
        let old = std::mem::replace(&mut list.catalog, catalog);
        // The numbers of the old catalog mean other products now.
        list.shown = Arc::default();
        self.effects.push(StaffEffect::Replaced(Box::new(old)));
        self.filter_again(selected);
        self.note_loss(was_selected);

        let products = &mut self.state.products;
        let catalog = &products.list.catalog;
        products.put_back.retain(|id, _| {
            let item = catalog.get(id);
            item.is_some_and(|item| item.stock.is_sold_out())
        });
        let wanted = products.wanted.take_if(|_| products.list.loaded);
        if let Some(id) = wanted {
            self.edit_product(id);
        }
    }

    /// Looks through all products for those that the list is kept to, and shows them.
    fn filter_again(&mut self, select: Option<ProductId>) {
        let sold = self.state.today.sold_today();
        self.state.products.filter_again(sold, select.as_ref());
        let list = &mut self.state.products.list;
        let search = list.search_again(select, HashSet::new);
        self.effects.extend(search.map(StaffEffect::Search));
    }

    /// Takes in what today sold: it makes products low in stock.
    pub(super) fn filter_by_figures(&mut self) {
        let products = &self.state.products;
        if products.is_used && products.filter == StockFilter::Low {
            let selected = products.list.selected_id();
            self.filter_again(selected);
        }
    }

    /// Takes in products that were read anew; `None` for those that are gone.
    pub(super) fn refresh_products(&mut self, read: Vec<(ProductId, Option<Product>)>) {
        let products = &mut self.state.products;
        if !products.is_used {
            return;
        }

        // An id that is no product, and never was, is another client's "read everything again".
        let mut missing = read.iter().filter(|(_, product)| product.is_none());
        if missing.any(|(id, _)| products.list.catalog.get(id).is_none()) {
            products.list.load.want();
        }

        // What has been stocked again is put back by nobody.
        for (id, product) in &read {
            if product.as_ref().is_some_and(|it| !it.stock.is_sold_out()) {
                products.put_back.remove(id);
            }
        }

        let ids: Vec<ProductId> = read.iter().map(|(id, _)| id.clone()).collect();
        let was_selected = self.selected_product();
        let list = &mut self.state.products.list;
        let selected = list.selected_id();
        let change = list.catalog.refresh(read);
        let is_moved = match change {
            CatalogChange::Positions => true,
            // Rows stay where they are while their stock is changed.
            CatalogChange::Values | CatalogChange::Nothing => false,
        };
        self.note_loss(was_selected);
        if is_moved {
            return self.filter_again(selected);
        }
        let sold = self.state.today.sold_today();
        if self.state.products.admit(&ids, sold) {
            self.search_products(selected);
        }
    }

    /// Searches for what is typed and chosen. Then selects this product where it is found, else the
    /// first row.
    fn search_products(&mut self, select: Option<ProductId>) {
        let search = self.state.products.list.search(select, HashSet::new);
        self.effects.extend(search.map(StaffEffect::Search));
    }

    /// Keeps the list to other products.
    pub(super) fn filter_products(&mut self) {
        let filter = self.state.products.filter.next();
        self.keep_to(filter, None);
    }

    fn keep_to(&mut self, filter: StockFilter, select: Option<ProductId>) {
        let sold = self.state.today.sold_today();
        self.state.products.keep_to(filter, sold);
        self.search_products(select);
    }

    pub(super) fn sort_products(&mut self) {
        let list = &mut self.state.products.list;
        list.sorting = list.sorting.next_for_staff();
        let selected = list.selected_id();
        self.search_products(selected);
    }

    pub(super) fn show_next_category(&mut self) {
        let list = &mut self.state.products.list;
        list.category = list.next_category();
        self.search_products(None);
    }

    pub(super) fn show_previous_category(&mut self) {
        let list = &mut self.state.products.list;
        list.category = list.previous_category();
        self.search_products(None);
    }

    /// Opens the prompt for a new search; the words of the last one are dropped.
    pub(super) fn start_search(&mut self) {
        self.state.products.pane = ProductsPane::List;
        self.open(StaffMode::Find);
        let products = &mut self.state.products;
        let had_words = !products.list.words.value().is_empty();
        products.list.words = Input::default();
        // Words are looked for in all that is sold.
        if products.filter != StockFilter::All {
            self.keep_to(StockFilter::All, None);
        } else if had_words {
            self.search_products(None);
        }
    }

    pub(super) fn type_search(&mut self, key: Key) {
        if edit(&mut self.state.products.list.words, key, TEXT_LIMIT) {
            self.search_products(None);
        }
    }

    /// Ends the typing of what to find. A code that was scanned selects its product.
    pub(super) fn end_find(&mut self) {
        self.state.mode = StaffMode::Browse;
        let words = self.state.words().value().trim().to_owned();
        if self.state.page == Page::Products && are_scanned(&words) {
            self.state.products.list.words = Input::default();
            self.select_code(&words);
        }
    }

    /// Shows all that the list is kept to again; the selected product stays selected.
    pub(super) fn show_all_products(&mut self) {
        let list = &mut self.state.products.list;
        let selected = list.selected_id();
        list.words = Input::default();
        list.category = ShownCategory::All;
        self.search_products(selected);
    }

    /// Goes back by one thing: from the form to the list, then to all that it is kept to.
    pub(super) fn go_back_in_products(&mut self) {
        let products = &mut self.state.products;
        let is_narrow =
            !products.list.words.value().is_empty() || products.list.category != ShownCategory::All;
        if !products.digits.is_empty() {
            products.digits.clear();
        } else if products.pane == ProductsPane::Form {
            products.pane = ProductsPane::List;
        } else if is_narrow {
            self.show_all_products();
        }
    }

    /// Goes to the form of the selected product, or back to the list.
    pub(super) fn go_to(&mut self, pane: ProductsPane) {
        let products = &mut self.state.products;
        if pane == ProductsPane::List || products.list.selected().is_some() {
            products.pane = pane;
        }
    }

    /// Goes from a row to the form. Behind digits, Enter ends a scanned code.
    pub(super) fn edit(&mut self) {
        let digits = self.state.products.digits.as_str().to_owned();
        if are_scanned(&digits) {
            return self.select_code(&digits);
        }
        if !digits.is_empty() {
            let more = self.state.env.keymap.key_of(Action::More);
            return self.refuse(format!(
                "{digits} is not a bar code; {digits}{more} adds that many to the stock"
            ));
        }
        self.open_selected();
    }

    /// Selects the product that has this bar code, among all where the list has it not.
    fn select_code(&mut self, digits: &str) {
        let catalog = &self.state.products.list.catalog;
        let code = match catalog.read_code(digits) {
            Reading::Code(split) => split.code.to_owned(),
            Reading::Ambiguous(..) | Reading::Unknown(_) | Reading::NotACode => digits.to_owned(),
        };

        let found = catalog.of_code(&code);
        let found = found.map(|item| item.map(|item| item.product_id()));
        match found {
            Ok(Some(id)) => self.select_product(id),
            Ok(None) => self.refuse(no_product_of(&code)),
            Err(refusal) => {
                let told = self.told(refusal);
                self.refuse(told);
            }
        }
    }

    /// Selects a product, in the list of all where it stands in no other.
    pub(super) fn select_product(&mut self, id: ProductId) {
        let list = &mut self.state.products.list;
        list.words = Input::default();
        list.category = ShownCategory::All;
        let number = list.catalog.number(&id);
        let is_kept = list
            .among
            .as_ref()
            .is_none_or(|among| number.is_some_and(|number| among.contains(&number)));
        if is_kept {
            self.search_products(Some(id));
        } else {
            self.keep_to(StockFilter::All, Some(id));
        }
    }

    /// Selects a product and goes to its form, once it is read.
    pub(super) fn edit_product(&mut self, id: ProductId) {
        let products = &mut self.state.products;
        products.pane = ProductsPane::Form;
        if products.list.loaded {
            self.select_product(id);
        } else {
            products.wanted = Some(id);
        }
    }

    /// Moves from product to product, or from field to field.
    pub(super) fn move_in_products(&mut self, motion: Motion) {
        let layout = ProductsLayout::of(self.state);
        let products = &mut self.state.products;
        match products.pane {
            ProductsPane::List => {
                let rows = products.list.rows();
                let page = layout.rows().height.into();
                let scroll = &mut products.list.scroll;
                scroll.cursor = moved(scroll.cursor, rows, page, motion, 1);
            }
            ProductsPane::Form => {
                let fields = ProductField::VARIANTS;
                let row = moved(
                    row_of(products.field),
                    fields.len(),
                    fields.len(),
                    motion,
                    1,
                );
                products.field = fields.get(row).copied().unwrap_or_default();
            }
        }
    }

    /// The selected product and its name, by which it is told if it goes.
    fn selected_product(&self) -> Option<(ProductId, String)> {
        let item = self.state.products.list.selected()?;
        Some((item.product_id(), item.name.to_owned()))
    }

    /// Notes that the product that was selected has gone from the shop, where it has, and says so.
    fn note_loss(&mut self, was_selected: Option<(ProductId, String)>) {
        let catalog = &self.state.products.list.catalog;
        let gone = was_selected.filter(|(id, _)| catalog.get(id).is_none());
        let Some((_, name)) = gone.filter(|_| self.state.page == Page::Products) else {
            return;
        };

        self.refuse(format!("{} was taken out of the shop", short_name(&name)));
        self.state.products.lost = Some(LostProduct {
            name,
            is_refused: false,
        });
    }

    /// Refuses a key that would change another product than the one that is meant; returns whether
    /// it does. That is so behind a product that has gone, until the refusal has shown or another
    /// key tells that somebody has seen what is selected instead; and during a search, while other
    /// rows show than are meant.
    pub(super) fn refuse_unseen_change(&mut self, action: Action) -> bool {
        let changes = matches!(
            action,
            Action::More | Action::Less | Action::SetQuantity | Action::SellOut | Action::Edit
        );
        let products = &mut self.state.products;
        if !changes || self.state.page != Page::Products {
            products.lost = None;
            return false;
        }

        if let Some(lost) = &mut products.lost {
            lost.is_refused = true;
            let name = short_name(&lost.name);
            self.refuse(format!("{name} has gone: that key did nothing"));
            return true;
        }

        let is_searching = self.state.products.list.is_searching();
        if is_searching {
            self.refuse("Still searching: that key did nothing");
        }
        is_searching
    }

    /// Keeps the selected product among the rows that show.
    pub(super) fn keep_product_in_sight(&mut self) {
        let page = ProductsLayout::of(self.state).rows().height.into();
        let products = &mut self.state.products;
        let rows = products.list.rows();
        if page > 0 {
            products.list.scroll.keep_within(rows, page);
        }
        if rows == 0 && products.list.loaded {
            products.pane = ProductsPane::List;
        }
    }
}
