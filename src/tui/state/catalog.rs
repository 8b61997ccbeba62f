//! The catalog pane: the products, the search, and how far the catalog is read.

mod loading;
mod searching;

pub use loading::{CatalogLoad, LoadProgress, RunningLoad, Unread};
pub use searching::{SearchPurpose, SearchRequest, SearchResults};

use super::scroll::Scroll;
use crate::config::key::Key;
use crate::model::usual::{USUAL, USUAL_PRODUCTS};
use crate::model::{Catalog, Item, ProductId, Query, Sorting};
use crate::store::Trouble;
use std::sync::Arc;
use tui_input::Input;

/// The largest catalog that is searched at once. Larger ones are searched on a thread, so that
/// typing never waits.
pub(crate) const SEARCHED_AT_ONCE: usize = 1_000;

/// The catalog pane.
#[derive(Debug, Default)]
pub struct CatalogPane {
    /// All products.
    pub catalog: Catalog,
    /// The numbers of the products that show, in their order, behind the usual ones.
    pub shown: Arc<Vec<u32>>,
    /// The numbers of the usual products, which stand before all others where none is left out.
    pub leading: Vec<u32>,
    /// The products that this cart orders most, most first.
    pub usual: Usual,
    /// The numbers of the products among which alone is searched, in their order; `None` for all.
    pub among: Option<Arc<Vec<u32>>>,
    /// The number of products that match the search; while it goes on, not all of them show.
    pub count: usize,
    /// The words to search for.
    pub words: Input,
    /// The category that shows.
    pub category: ShownCategory,
    /// The sorting of the products.
    pub sorting: Sorting,
    /// The number of the last search that was sent.
    pub search_sent: u64,
    /// The number of the last search that was completed.
    pub search_done: u64,
    /// Keys typed while a search runs. They are replayed when it ends, so that they act on the
    /// row that the user meant.
    pub typed_ahead: Vec<Key>,
    /// The product to select when the search has results.
    pub select_after_search: Option<ProductId>,
    /// The position within the list.
    pub scroll: Scroll,
    /// A key was pressed or the mouse was used. Until then the first row is selected only because
    /// nothing else is.
    pub touched: bool,
    /// The whole catalog was read at least once.
    pub loaded: bool,
    /// The shop's settings were read: only then is it known in which currency something is ordered,
    /// and what a typed amount means.
    pub knows_shop: bool,
    /// Why products are missing, or all of them; a sentence without its full stop.
    pub unread: Option<String>,
    /// The state of reading the whole catalog.
    pub load: CatalogLoad,
    /// Something may have changed in it that nobody announced: next it is read anew.
    pub is_doubted: bool,
    /// The reason why the catalog could not be read the last time.
    pub load_trouble: Option<Trouble>,
}

/// The category that shows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ShownCategory {
    /// All of them.
    #[default]
    All,
    /// The products that this cart orders most.
    Usual,
    /// The products of this category alone.
    Only(Box<str>),
}

impl ShownCategory {
    /// The name; `None` for all.
    #[must_use]
    pub(crate) fn name(&self) -> Option<&str> {
        match self {
            ShownCategory::All => None,
            ShownCategory::Usual => Some(USUAL),
            ShownCategory::Only(name) => Some(name),
        }
    }
}

/// The products that this cart orders most.
#[derive(Debug)]
pub struct Usual {
    /// The products, most first, as the newest orders tell. Some may not be sold any more.
    pub products: Vec<ProductId>,
    /// They were not read yet, or an order was placed or cancelled since.
    pub is_old: bool,
}

impl Default for Usual {
    fn default() -> Usual {
        Usual {
            products: Vec::new(),
            is_old: true,
        }
    }
}

impl CatalogPane {
    /// The search that is typed and chosen.
    #[must_use]
    pub(crate) fn query(&self) -> Query {
        Query {
            words: self.words.value().to_owned(),
            category: match &self.category {
                ShownCategory::All | ShownCategory::Usual => None,
                ShownCategory::Only(name) => Some(name.clone()),
            },
            sorting: self.sorting,
        }
    }

    /// The sorting by which the products stand; `None` where the best match of a search comes first.
    #[must_use]
    pub(crate) fn sorting_in_force(&self) -> Option<Sorting> {
        self.words.value().trim().is_empty().then_some(self.sorting)
    }

    /// The number of rows.
    #[must_use]
    pub(crate) fn rows(&self) -> usize {
        self.leading.len() + self.shown.len()
    }

    /// The product in row `row`.
    #[must_use]
    pub(crate) fn row(&self, row: usize) -> Option<Item<'_>> {
        let number = match row.checked_sub(self.leading.len()) {
            None => self.leading.get(row),
            Some(row) => self.shown.get(row),
        };
        self.catalog.at(*number?)
    }

    /// Tells whether this row stands among the usual products before all others.
    #[must_use]
    pub(crate) fn is_leading(&self, row: usize) -> bool {
        row < self.leading.len()
    }

    /// Tells whether all products show, in the order of the catalog.
    #[must_use]
    pub(crate) fn is_plain(&self) -> bool {
        self.category == ShownCategory::All && self.among.is_none() && self.query().is_plain()
    }

    /// The numbers of the usual products that are still sold.
    pub(crate) fn usual_numbers(&self) -> Vec<u32> {
        let products = self.usual.products.iter();
        products
            .filter_map(|id| self.catalog.number(id))
            .take(USUAL_PRODUCTS)
            .collect()
    }

    /// The categories among which one can choose.
    pub(crate) fn categories(&self) -> Vec<ShownCategory> {
        let usual = (!self.usual_numbers().is_empty()).then_some(ShownCategory::Usual);
        let named = self.catalog.categories().into_iter();
        let named = named.map(|name| ShownCategory::Only(name.into()));
        usual.into_iter().chain(named).collect()
    }

    /// The selected product.
    #[must_use]
    pub fn selected(&self) -> Option<Item<'_>> {
        self.row(self.scroll.cursor)
    }

    /// The id of the selected product.
    #[must_use]
    pub(crate) fn selected_id(&self) -> Option<ProductId> {
        self.selected().map(|product| product.product_id())
    }

    /// Returns whether a search is running.
    #[must_use]
    pub(crate) fn is_searching(&self) -> bool {
        self.search_sent != self.search_done
    }

    /// The progress of reading the catalog, while it is being read.
    #[must_use]
    pub(crate) fn progress(&self) -> Option<LoadProgress> {
        match &self.load {
            CatalogLoad::Running(running) => running.progress,
            CatalogLoad::Idle { .. } | CatalogLoad::Wanted { .. } => None,
        }
    }

    /// Shows what a search has found, with the product selected that was to be selected. A usual
    /// one that was selected before all others stays so.
    fn show(&mut self, found: Arc<Vec<u32>>) {
        let was_leading = self.is_leading(self.scroll.cursor);
        self.leading = if self.is_plain() {
            self.usual_numbers()
        } else {
            Vec::new()
        };

        let wanted = &self.select_after_search;
        let number = wanted.as_ref().and_then(|id| self.catalog.number(id));
        let row = number.and_then(|number| {
            let mut leading = self.leading.iter().filter(|_| was_leading);
            let first = leading.position(|other| *other == number);
            first.or_else(|| {
                let row = found.iter().position(|other| *other == number)?;
                Some(self.leading.len() + row)
            })
        });

        match row {
            Some(row) => self.scroll.move_in_place(row),
            // A new list is looked at from its beginning; where a product went, its neighbour is
            // selected.
            None if wanted.is_none() => self.scroll = Scroll::default(),
            None => {}
        }

        self.count = found.len();
        self.shown = found;
    }
}

/// The products that the palette offers.
#[derive(Debug, Default)]
pub struct PaletteMatches {
    /// The words that are searched for.
    pub words: String,
    /// The number of the last search that was sent.
    pub search_sent: u64,
    /// The number of the last search that was completed.
    pub search_done: u64,
    /// The numbers of the products that were found, best first.
    pub found: Vec<u32>,
}

impl PaletteMatches {
    /// Returns whether a search is running.
    #[must_use]
    pub(crate) fn is_searching(&self) -> bool {
        self.search_sent != self.search_done
    }
}
