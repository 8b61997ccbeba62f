//! Searching the products of a pane.

use super::{CatalogPane, SEARCHED_AT_ONCE, ShownCategory};
use crate::model::{ProductId, Query, Searcher};
use std::collections::HashSet;
use std::sync::Arc;

/// The list that a search fills. A newer search replaces only those of its own purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SearchPurpose {
    /// The rows of the catalog.
    Catalog,
    /// The products that the palette offers.
    Palette,
}

/// A search of the catalog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchRequest {
    /// The list that it fills.
    pub purpose: SearchPurpose,
    /// The search's number, which its results carry.
    pub number: u64,
    /// The words, category and sorting to look for.
    pub query: Query,
    /// The numbers of the products among which alone is searched, in their order; `None` for all.
    pub among: Option<Arc<Vec<u32>>>,
    /// The products in the cart, for sorting by them.
    pub in_cart: HashSet<ProductId>,
}

/// Results of a search: an early excerpt while it goes on, or all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchResults {
    /// The purpose of the search.
    pub purpose: SearchPurpose,
    /// The number of the search.
    pub number: u64,
    /// The numbers of the products, best first.
    pub products: Vec<u32>,
    /// The number of products that match.
    pub count: usize,
    /// The search is complete.
    pub done: bool,
}

impl CatalogPane {
    /// Searches for what is typed and chosen, and then selects this product where it is found, else
    /// the first row. Returns the search where it takes too long to be done at once.
    pub(crate) fn search(
        &mut self,
        select: Option<ProductId>,
        in_cart: impl FnOnce() -> HashSet<ProductId>,
    ) -> Option<SearchRequest> {
        self.search_sent += 1;
        self.select_after_search = select;
        let query = self.query();

        if self.is_plain() {
            let all = self.catalog.sorted().clone();
            self.show_all_found(all);
            return None;
        }

        let in_cart = in_cart();
        let found = if self.category == ShownCategory::Usual {
            Some(self.sorted_usual(&query, &in_cart))
        } else {
            self.search_at_once(&query, &in_cart)
        };
        if let Some(found) = found {
            self.show_all_found(Arc::new(found));
            return None;
        }
        Some(SearchRequest {
            purpose: SearchPurpose::Catalog,
            number: self.search_sent,
            query,
            among: self.among.clone(),
            in_cart,
        })
    }

    fn show_all_found(&mut self, found: Arc<Vec<u32>>) {
        self.show(found);
        self.search_done = self.search_sent;
    }

    /// Repeats the search in a catalog that has changed, with this product selected.
    pub(crate) fn search_again(
        &mut self,
        selected: Option<ProductId>,
        in_cart: impl FnOnce() -> HashSet<ProductId>,
    ) -> Option<SearchRequest> {
        let category_is_gone = match &self.category {
            ShownCategory::All => false,
            ShownCategory::Usual => self.usual_numbers().is_empty(),
            ShownCategory::Only(name) => !self.catalog.has_category(name),
        };
        if category_is_gone {
            self.category = ShownCategory::All;
        }
        self.search(selected, in_cart)
    }

    /// The usual products alone, sorted as the query asks.
    fn sorted_usual(&self, query: &Query, in_cart: &HashSet<ProductId>) -> Vec<u32> {
        let usual = Arc::new(self.usual_numbers());
        let view = self.catalog.view();
        let found = Searcher::default().search_among(&view, &usual, query, in_cart, &mut ());
        found.unwrap_or_default()
    }

    /// Searches the catalog at once where it is small; `None` where that takes too long.
    pub(crate) fn search_at_once(
        &self,
        query: &Query,
        in_cart: &HashSet<ProductId>,
    ) -> Option<Vec<u32>> {
        let all = self.catalog.sorted();
        let among = self.among.as_ref().unwrap_or(all);
        // Words are looked for in all products, whichever of them are wanted.
        let searched = if query.words.trim().is_empty() {
            among
        } else {
            all
        };
        if searched.len() > SEARCHED_AT_ONCE {
            return None;
        }

        let view = self.catalog.view();
        let found = Searcher::default().search_among(&view, among, query, in_cart, &mut ());
        Some(found.unwrap_or_default())
    }

    /// Shows what a search has found, unless a newer one was sent.
    pub(crate) fn take_results(&mut self, results: SearchResults) {
        if results.number != self.search_sent {
            return;
        }

        self.show(Arc::new(results.products));
        self.count = results.count;
        if results.done {
            self.search_done = results.number;
        }
    }

    /// The category after this one; after the last, all products.
    pub(crate) fn next_category(&self) -> ShownCategory {
        let mut categories = self.categories();
        let next = match self.category_index(&categories) {
            Some(index) => index + 1,
            None => 0,
        };
        categories.push(ShownCategory::All);
        categories.swap_remove(next)
    }

    /// The category before this one; before the first, all products.
    pub(crate) fn previous_category(&self) -> ShownCategory {
        let mut categories = self.categories();
        let current = self.category_index(&categories);
        let previous = current.unwrap_or(categories.len()).checked_sub(1);
        match previous {
            Some(previous) => categories.swap_remove(previous),
            None => ShownCategory::All,
        }
    }

    fn category_index(&self, categories: &[ShownCategory]) -> Option<usize> {
        categories
            .iter()
            .position(|category| *category == self.category)
    }
}
