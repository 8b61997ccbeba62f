//! Queries: the words and the category that products are searched for.

/// The way in which products are sorted where nothing is searched for.
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
}

impl Sort {
    /// All ways of sorting, in the sequence in which a key walks through them.
    pub const ALL: [Sort; 4] = [Sort::Category, Sort::Name, Sort::Price, Sort::InCart];

    /// The name that is shown and typed.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Sort::Category => "category",
            Sort::Name => "name",
            Sort::Price => "price",
            Sort::InCart => "cart",
        }
    }

    /// The next one.
    #[must_use]
    pub fn next(self) -> Sort {
        let index = Sort::ALL.iter().position(|sort| *sort == self).unwrap_or(0);
        Sort::ALL[(index + 1) % Sort::ALL.len()]
    }
}

/// A search for products.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Query {
    /// Words: each must match the name loosely, or stand in the category, the description or
    /// the id.
    pub words: String,
    /// The only category that is searched.
    pub category: Option<Box<str>>,
    /// The sorting where there are no words; with words the best match comes first.
    pub sort: Sort,
}

impl Query {
    /// Returns whether the query leaves the catalog as it is.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.words.trim().is_empty() && self.category.is_none() && self.sort == Sort::Category
    }
}
