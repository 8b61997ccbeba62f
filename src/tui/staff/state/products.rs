//! The products, as their page shows them.

use crate::model::figures::{Figures, LowStock};
use crate::model::product::ProductField;
use crate::model::{Item, ProductId, Sort, Sorting, Stock};
use crate::tui::state::catalog::CatalogPane;
use crate::tui::state::digits::TypedDigits;
use std::collections::HashMap;
use std::sync::Arc;

/// The products that the list is kept to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StockFilter {
    /// The products that are low in stock.
    #[default]
    Low,
    /// The products of which none is left.
    SoldOut,
    /// All products.
    All,
}

impl StockFilter {
    /// The filter after this.
    #[must_use]
    pub(in crate::tui) fn next(self) -> StockFilter {
        match self {
            StockFilter::Low => StockFilter::SoldOut,
            StockFilter::SoldOut => StockFilter::All,
            StockFilter::All => StockFilter::Low,
        }
    }

    /// The word for it in the title; `None` for all.
    #[must_use]
    pub(in crate::tui) fn word(self) -> Option<&'static str> {
        match self {
            StockFilter::Low => Some("low"),
            StockFilter::SoldOut => Some("sold out"),
            StockFilter::All => None,
        }
    }

    /// The sorting with which it shows at first.
    #[must_use]
    fn sorting(self) -> Sorting {
        let by = match self {
            StockFilter::Low => Sort::Stock,
            StockFilter::SoldOut | StockFilter::All => Sort::Category,
        };
        Sorting {
            by,
            is_reversed: false,
        }
    }

    fn admits(self, item: &Item<'_>, low: &LowStock<'_>) -> bool {
        match self {
            StockFilter::Low => low.low(item).is_some(),
            StockFilter::SoldOut => item.stock.is_sold_out(),
            StockFilter::All => true,
        }
    }
}

/// The part of the page that has the keyboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ProductsPane {
    /// The list.
    #[default]
    List,
    /// The form of the selected product.
    Form,
}

/// A field of a product that is being changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saving {
    /// The product.
    pub product: ProductId,
    /// The field.
    pub field: ProductField,
}

/// A product that has gone from the shop while it was selected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostProduct {
    /// Its name.
    pub name: String,
    /// A key was refused for it. Once the terminal has shown that, somebody knows.
    pub is_refused: bool,
}

/// The products, and how they show.
#[derive(Debug)]
pub struct ProductsState {
    /// The products, the search and the selected row.
    pub list: CatalogPane,
    /// The products that it is kept to. Those that are no longer so stay until it is chosen again,
    /// so that none vanishes while it is changed.
    pub filter: StockFilter,
    /// The part that has the keyboard.
    pub pane: ProductsPane,
    /// The selected field of the form.
    pub field: ProductField,
    /// The digits typed before a key, or those of a bar code.
    pub digits: TypedDigits,
    /// The stock that there was of what was sold out here.
    pub put_back: HashMap<ProductId, Stock>,
    /// The changes that are not answered yet.
    pub saving: Vec<Saving>,
    /// The product that was selected and has gone, until somebody knows: its neighbour is selected
    /// instead.
    pub lost: Option<LostProduct>,
    /// The product to edit once it is read.
    pub wanted: Option<ProductId>,
    /// The page was opened once: from then on it is kept current.
    pub is_used: bool,
    /// Changes may have been missed since the products were read.
    pub is_outdated: bool,
}

impl Default for ProductsState {
    fn default() -> ProductsState {
        let filter = StockFilter::default();
        ProductsState {
            list: CatalogPane {
                sorting: filter.sorting(),
                ..CatalogPane::default()
            },
            filter,
            pane: ProductsPane::default(),
            field: ProductField::default(),
            digits: TypedDigits::default(),
            put_back: HashMap::new(),
            saving: Vec::new(),
            lost: None,
            wanted: None,
            is_used: false,
            is_outdated: false,
        }
    }
}

impl ProductsState {
    /// Tells whether a field is being changed.
    #[must_use]
    pub(in crate::tui) fn is_saving(&self, product: &ProductId, field: ProductField) -> bool {
        let mut saving = self.saving.iter();
        saving.any(|it| it.product == *product && it.field == field)
    }

    /// Keeps the list to other products, sorted as is usual for them.
    pub(in crate::tui) fn keep_to(&mut self, filter: StockFilter, sold: Option<&Figures>) {
        self.filter = filter;
        self.list.sorting = filter.sorting();
        self.filter_again(sold, None);
    }

    /// Looks through all products for those that the list is kept to. The one to `keep` stays, as
    /// somebody may be changing it.
    pub(in crate::tui) fn filter_again(
        &mut self,
        sold: Option<&Figures>,
        keep: Option<&ProductId>,
    ) {
        let catalog = &self.list.catalog;
        let keep = keep.and_then(|id| catalog.number(id));
        self.list.among = match self.filter {
            StockFilter::All => None,
            StockFilter::Low | StockFilter::SoldOut => {
                let low = LowStock::beside(sold);
                let all = catalog.sorted().iter().copied();
                let kept = all.filter(|number| {
                    let item = catalog.at(*number);
                    Some(*number) == keep
                        || item.is_some_and(|item| self.filter.admits(&item, &low))
                });
                Some(Arc::new(kept.collect()))
            }
        };
    }

    /// Adds those of some products that belong to the list now; returns whether there are any.
    pub(in crate::tui) fn admit(&mut self, ids: &[ProductId], sold: Option<&Figures>) -> bool {
        let list = &mut self.list;
        let Some(among) = &mut list.among else {
            return false;
        };

        let low = LowStock::beside(sold);
        let mut has_more = false;
        for number in ids.iter().filter_map(|id| list.catalog.number(id)) {
            let item = list.catalog.at(number);
            let is_wanted = item.is_some_and(|item| self.filter.admits(&item, &low));
            let index = list.catalog.place_among(among, number);
            if is_wanted && among.get(index) != Some(&number) {
                Arc::make_mut(among).insert(index, number);
                has_more = true;
            }
        }
        has_more
    }
}
