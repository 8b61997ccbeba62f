//! Queries: the words and the category that products are searched for.

/// The criterion by which products are sorted where nothing is searched for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// By category, then name.
    #[default]
    Category,
    /// By name.
    Name,
    /// By price, the lowest first.
    Price,
    /// Products in the cart first.
    InCart,
    /// By stock, the fewest pieces first; of what is unlimited there are the most.
    Stock,
}

impl Sort {
    /// The criteria of those who buy.
    const ALL: [Sort; 4] = [Sort::Category, Sort::Name, Sort::Price, Sort::InCart];
}

/// The way in which products are sorted: by a criterion, or in reverse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sorting {
    /// The criterion.
    pub by: Sort,
    /// The last by that criterion comes first.
    pub is_reversed: bool,
}

impl Sorting {
    /// All ways of sorting for those who buy.
    pub fn all() -> impl Iterator<Item = Sorting> {
        Sort::ALL
            .into_iter()
            .flat_map(|by| [false, true].map(|is_reversed| Sorting { by, is_reversed }))
    }

    /// The words that are typed for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match (self.by, self.is_reversed) {
            (Sort::Category, false) => "category",
            (Sort::Category, true) => "category reversed",
            (Sort::Name, false) => "name",
            (Sort::Name, true) => "name reversed",
            (Sort::Price, false) => "price",
            (Sort::Price, true) => "price reversed",
            (Sort::InCart, false) => "cart",
            (Sort::InCart, true) => "cart reversed",
            (Sort::Stock, false) => "stock",
            (Sort::Stock, true) => "stock reversed",
        }
    }

    /// The sentence that is shown for it.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match (self.by, self.is_reversed) {
            (Sort::Category, false) => "By category",
            (Sort::Category, true) => "By category, Z to A",
            (Sort::Name, false) => "By name, A to Z",
            (Sort::Name, true) => "By name, Z to A",
            (Sort::Price, false) => "By price, lowest first",
            (Sort::Price, true) => "By price, highest first",
            (Sort::InCart, false) => "What is in the cart first",
            (Sort::InCart, true) => "What is in the cart last",
            (Sort::Stock, false) => "By stock, fewest first",
            (Sort::Stock, true) => "By stock, most first",
        }
    }

    /// Returns whether the first, the least or the cheapest comes first.
    #[must_use]
    pub(crate) fn is_ascending(self) -> bool {
        match self.by {
            Sort::Category | Sort::Name | Sort::Price | Sort::Stock => !self.is_reversed,
            Sort::InCart => self.is_reversed,
        }
    }

    /// The next one: each criterion is reversed before the next one comes.
    #[must_use]
    pub fn next(self) -> Sorting {
        let mut following = Sorting::all().skip_while(|sorting| *sorting != self);
        following.nth(1).unwrap_or_default()
    }

    /// The next one for those who sell: by stock, too, and by no cart.
    #[must_use]
    pub(crate) fn next_for_staff(self) -> Sorting {
        let by = match (self.by, self.is_reversed) {
            (by, false) => {
                return Sorting {
                    by,
                    is_reversed: true,
                };
            }
            (Sort::Stock | Sort::InCart, true) => Sort::Category,
            (Sort::Category, true) => Sort::Name,
            (Sort::Name, true) => Sort::Price,
            (Sort::Price, true) => Sort::Stock,
        };

        Sorting {
            by,
            is_reversed: false,
        }
    }

    /// The sorting after another click on the heading of `by`: that criterion, its reverse, and
    /// then the usual one.
    #[must_use]
    pub(crate) fn after_click_on(self, by: Sort) -> Sorting {
        if self.by != by {
            return Sorting {
                by,
                is_reversed: false,
            };
        }
        if self.is_reversed {
            return Sorting::default();
        }
        Sorting {
            by,
            is_reversed: true,
        }
    }
}

/// A search for products.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Query {
    /// Words: each must stand in the name, the category, the description or the id; where no
    /// product has them all, their letters may stand apart in the name.
    pub words: String,
    /// The only category that is searched.
    pub category: Option<Box<str>>,
    /// The sorting where there are no words; with words the best match comes first.
    pub sorting: Sorting,
}

impl Query {
    /// Returns whether the query leaves the catalog as it is.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.words.trim().is_empty()
            && self.category.is_none()
            && self.sorting == Sorting::default()
    }
}
