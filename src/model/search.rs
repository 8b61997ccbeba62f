//! Finding products: which ones, in which order, and which letters to mark.

use super::{Catalog, Product, ProductId};
use nucleo_matcher::pattern::{Atom, AtomKind, CaseMatching, Normalization};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use std::cell::RefCell;
use std::collections::HashMap;

/// The order of products where nothing is searched for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// By category, then name.
    #[default]
    Category,
    /// By name.
    Name,
    /// By price, the lowest first.
    Price,
    /// What is in the cart first.
    InCart,
}

impl Sort {
    /// All orders, as a key walks through them.
    pub const ALL: [Sort; 4] = [Sort::Category, Sort::Name, Sort::Price, Sort::InCart];

    /// Its name.
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
        let place = Sort::ALL.iter().position(|sort| *sort == self).unwrap_or(0);
        Sort::ALL[(place + 1) % Sort::ALL.len()]
    }
}

/// What somebody looks for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Query {
    /// Words: each must fit the name loosely, or stand in the category, the description or
    /// the id.
    pub words: String,
    /// Only this category.
    pub category: Option<Box<str>>,
    /// The order where there are no words; with words the best fit comes first.
    pub sort: Sort,
}

impl Query {
    /// Whether it leaves the catalog as it is.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.words.trim().is_empty() && self.category.is_none() && self.sort == Sort::Category
    }
}

/// A word, ready to be looked for.
struct Word {
    loose: Atom,
    whole: Atom,
}

fn words(typed: &str) -> Vec<Word> {
    let atom = |word: &str, kind| Atom::new(word, CaseMatching::Ignore, Normalization::Smart, kind, false);
    let word = |word| Word { loose: atom(word, AtomKind::Fuzzy), whole: atom(word, AtomKind::Substring) };
    typed.split_whitespace().map(word).collect()
}

thread_local! {
    // It holds a large buffer of its own: one for each thread that searches or draws.
    static MATCHER: RefCell<Matcher> = RefCell::new(Matcher::new(Config::DEFAULT));
}

/// The places of the products that fit, best first.
#[must_use]
pub fn search(catalog: &Catalog, query: &Query, in_cart: &HashMap<ProductId, u32>) -> Vec<u32> {
    let words = words(&query.words);
    let fits =
        |product: &Product| query.category.as_ref().is_none_or(|category| *category == product.category);
    let mut found: Vec<(u32, u32)> = MATCHER.with_borrow_mut(|matcher| {
        let mut buffer = Vec::new();
        (0u32..)
            .zip(catalog.iter())
            .filter(|(_, product)| fits(product))
            .filter_map(|(place, product)| Some((score(product, &words, matcher, &mut buffer)?, place)))
            .collect()
    });
    let product = |place: u32| catalog.at(place);
    if !words.is_empty() {
        found.sort_by_key(|(score, place)| (std::cmp::Reverse(*score), *place));
    } else {
        match query.sort {
            Sort::Category => {}
            Sort::Name => {
                found.sort_by_cached_key(|(_, place)| product(*place).map(|p| p.name.to_lowercase()))
            }
            // Products without a price come last.
            Sort::Price => found.sort_by_key(|(_, place)| {
                let price = product(*place).and_then(|p| p.price);
                (price.is_none(), price)
            }),
            Sort::InCart => {
                found.sort_by_key(|(_, place)| !product(*place).is_some_and(|p| in_cart.contains_key(&p.id)));
            }
        }
    }
    found.into_iter().map(|(_, place)| place).collect()
}

/// How well a product fits all words; `None` where one does not fit at all.
fn score(product: &Product, words: &[Word], matcher: &mut Matcher, buffer: &mut Vec<char>) -> Option<u32> {
    let id = String::from_utf8_lossy(product.id.as_bytes());
    let mut total = 0;
    for word in words {
        let mut text =
            |atom: &Atom, text: &str| atom.score(Utf32Str::new(text, buffer), matcher).map(u32::from);
        // A hit in the name beats any elsewhere.
        let best = text(&word.loose, &product.name)
            .map(|score| score * 4)
            .or_else(|| text(&word.whole, &product.category).map(|score| score * 2))
            .or_else(|| text(&word.whole, &id))
            .or_else(|| text(&word.whole, &product.description))?;
        total += best;
    }
    Some(total)
}

/// Which characters of `name` the words fit, in order.
#[must_use]
pub fn marks(typed: &str, name: &str) -> Vec<usize> {
    let (mut marks, mut buffer) = (Vec::new(), Vec::new());
    MATCHER.with_borrow_mut(|matcher| {
        for word in words(typed) {
            let mut found = Vec::new();
            if word.loose.indices(Utf32Str::new(name, &mut buffer), matcher, &mut found).is_some() {
                marks.extend(found.into_iter().map(|place| place as usize));
            }
        }
    });
    marks.sort_unstable();
    marks.dedup();
    marks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn catalog() -> Catalog {
        let product = |id: &str, name: &str, price: &str, category: &str, description: &str| {
            let raw = [name, price, category, "", "", description].map(|text| Some(text.as_bytes()));
            Product::decode(ProductId::stored(id.as_bytes()), raw).unwrap()
        };
        Catalog::new(vec![
            product("espresso", "Espresso", "2.40", "Coffee", "Short and strong."),
            product("beans", "Espresso Beans", "8.90", "Coffee", "Whole beans."),
            product("press", "French Press", "", "Kitchen", "For strong coffee."),
            product("fraiche", "Crème Fraîche", "1.95", "Dairy", "Thick and sour."),
        ])
    }

    fn found(query: &Query) -> Vec<String> {
        let catalog = catalog();
        let in_cart = HashMap::from([(ProductId::stored(b"fraiche"), 1)]);
        let places = search(&catalog, query, &in_cart);
        places.iter().map(|place| catalog.at(*place).unwrap().id.to_string()).collect()
    }

    fn by_words(words: &str) -> Vec<String> {
        found(&Query { words: words.to_owned(), ..Query::default() })
    }

    #[test]
    fn names_fit_loosely_and_the_rest_by_whole_words() {
        assert_eq!(by_words("espr"), ["espresso", "beans"]);
        assert_eq!(by_words("esb"), ["beans"]);
        assert_eq!(by_words("creme"), ["fraiche"]);
        assert_eq!(by_words("strong"), ["espresso", "press"]);
        assert_eq!(by_words("coffee beans"), ["beans"]);
        assert!(by_words("xyz").is_empty());
        // In the category it must stand as it is.
        assert!(by_words("dry").is_empty());
    }

    #[test]
    fn orders() {
        let by = |sort| found(&Query { sort, ..Query::default() });
        assert_eq!(by(Sort::Category), ["espresso", "beans", "fraiche", "press"]);
        assert_eq!(by(Sort::Name), ["fraiche", "espresso", "beans", "press"]);
        assert_eq!(by(Sort::Price), ["fraiche", "espresso", "beans", "press"]);
        assert_eq!(by(Sort::InCart), ["fraiche", "espresso", "beans", "press"]);
        let coffee = Query { category: Some("Coffee".into()), ..Query::default() };
        assert_eq!(found(&coffee), ["espresso", "beans"]);
    }

    #[test]
    fn marked_letters() {
        assert_eq!(marks("esb", "Espresso Beans"), [0, 1, 9]);
        assert_eq!(marks("beans esp", "Espresso Beans"), [0, 1, 2, 9, 10, 11, 12, 13]);
        assert!(marks("q", "Tea").is_empty());
    }
}
