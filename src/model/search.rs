//! Finding products: which ones, in which order, and which letters to mark.

use super::ProductId;
use crate::model::catalog::{Chunk, Item, ProductTable, View, beginning, by_name, sort_by};
use nucleo_matcher::pattern::{Atom, AtomKind, CaseMatching, Normalization};
use nucleo_matcher::{Config, Matcher, Utf32Str, chars};
use rayon::iter::{IntoParallelIterator, ParallelIterator};
use std::cell::RefCell;
use std::collections::HashSet;
use std::sync::Arc;

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
    /// The letters that a name must have.
    letters: u64,
    /// Whether it is looked for outside names and categories, too: see [`is_long`].
    long: bool,
}

fn words(typed: &str) -> Vec<Word> {
    let atom = |word: &str, kind| {
        Atom::new(
            word,
            CaseMatching::Ignore,
            Normalization::Smart,
            kind,
            false,
        )
    };
    let word = |word: &str| Word {
        loose: atom(word, AtomKind::Fuzzy),
        whole: atom(word, AtomKind::Substring),
        letters: word
            .chars()
            .filter(char::is_ascii)
            .fold(0, |letters, c| letters | letter(c)),
        long: is_long(word),
    };
    typed.split_whitespace().map(word).collect()
}

/// One or two letters stand in any description; with a digit it may be the beginning of an id.
fn is_long(word: &str) -> bool {
    !word.is_ascii()
        || word.len() > 2
        || (word.len() == 2 && word.contains(|c: char| c.is_ascii_digit()))
}

/// The letters and digits of a name, a bit for each: what lacks one of a word's is passed
/// over without a closer look.
#[must_use]
pub(crate) fn letters(name: &str) -> u64 {
    if name.is_ascii() {
        return name.chars().fold(0, |letters, c| letters | letter(c));
    }
    name.chars().fold(0, |letters, c| {
        letters | letter(chars::normalize(chars::to_lower_case(c)))
    })
}

fn letter(c: char) -> u64 {
    match c.to_ascii_lowercase() {
        c @ 'a'..='z' => 1 << (u32::from(c) - u32::from('a')),
        c @ '0'..='9' => 1 << (26 + u32::from(c) - u32::from('0')),
        _ => 0,
    }
}

thread_local! {
    // It holds a large buffer of its own: one for each thread that searches or draws.
    static MATCHER: RefCell<Matcher> = RefCell::new(Matcher::new(Config::DEFAULT));
}

/// What a search is told between two steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Go {
    /// Go on.
    On,
    /// Show the best that were found so far, and go on.
    Show,
    /// Nobody waits for it any more.
    Stop,
}

/// Who waits for a search.
pub trait Listener {
    /// Asked after each step.
    fn go(&mut self) -> Go;
    /// Told the best of those that were found so far, and how many these are.
    fn first(&mut self, best: Vec<u32>, so_far: usize);
}

/// Somebody who waits for the end.
impl Listener for () {
    fn go(&mut self) -> Go {
        Go::On
    }
    fn first(&mut self, _: Vec<u32>, _: usize) {}
}

/// How many are shown before a search is done.
const FIRST: usize = 200;
/// Chunks looked through between two questions to the listener.
const STEP: usize = 8;
/// Products of an earlier search that are looked at in one go.
const PART: usize = 2_048;

/// A product that fits: how well, and its number.
type Hit = (u32, u32);
/// A hit in names and categories alone is better than any other.
const IN_NAME: u32 = 1 << 20;

/// A hit that has each word in one piece; where there is one, scattered letters are no hits.
const WHOLE: u32 = 1 << 21;

/// The hits worth showing: those with scattered letters only where there is none better.
fn worthy(hits: &mut Vec<Hit>) {
    if hits.iter().any(|(score, _)| *score >= WHOLE) {
        hits.retain(|(score, _)| *score >= WHOLE);
    }
}

/// Searches catalogs, and remembers what helps the next search.
#[derive(Debug, Default)]
pub struct Searcher {
    /// The order for which `ranks` were made.
    order: Arc<Vec<u32>>,
    /// Number -> place in the order.
    ranks: Vec<u32>,
    last: Option<Last>,
}

/// The last search that came to its end.
#[derive(Debug)]
struct Last {
    generation: u64,
    query: Query,
    /// The numbers that fitted, in order.
    found: Vec<u32>,
}

impl Searcher {
    /// Gets ready for a catalog, so that the first search need not.
    pub fn prepare(&mut self, view: &View) {
        if Arc::ptr_eq(&self.order, &view.order) && self.ranks.len() == view.products.numbers() {
            return;
        }
        self.order = view.order.clone();
        self.ranks = vec![0; view.products.numbers()];
        for (rank, number) in (0..).zip(self.order.iter()) {
            if let Some(slot) = self.ranks.get_mut(*number as usize) {
                *slot = rank;
            }
        }
    }

    /// The numbers of the products that fit, best first; `None` where the listener said stop.
    pub fn search(
        &mut self,
        view: &View,
        query: &Query,
        in_cart: &HashSet<ProductId>,
        listener: &mut impl Listener,
    ) -> Option<Vec<u32>> {
        let words = words(&query.words);
        if words.is_empty() {
            return Some(sorted(view, query, in_cart));
        }
        self.prepare(view);
        let mut hits = match self.last.take().filter(|last| last.narrows_to(view, query)) {
            Some(last) => self.narrow(view, &last.found, &words, listener)?,
            None => self.scan(view, query, &words, listener)?,
        };
        let mut numbers: Vec<u32> = hits.iter().map(|(_, number)| *number).collect();
        numbers.sort_unstable();
        self.last = Some(Last {
            generation: view.generation,
            query: query.clone(),
            found: numbers,
        });
        worthy(&mut hits);
        let mut keys = self.keys(&hits);
        sort_by(&mut keys, u64::cmp);
        Some(self.numbers(&keys))
    }

    /// Looks through all products: names and categories first, then the rest.
    fn scan(
        &self,
        view: &View,
        query: &Query,
        words: &[Word],
        listener: &mut impl Listener,
    ) -> Option<Vec<Hit>> {
        let chunks = view.products.chunks().len();
        let fits = |chunk: &Chunk| {
            query
                .category
                .as_ref()
                .map(|name| chunk.categories().position(|known| *known == **name))
        };
        let mut hits: Vec<Vec<Hit>> = Vec::with_capacity(chunks);
        let mut all: Vec<Hit> = Vec::new();
        let long = words.iter().any(|word| word.long);
        for rest in [false, true].into_iter().filter(|rest| !rest || long) {
            for from in (0..chunks).step_by(STEP) {
                let step = (from..chunks.min(from + STEP))
                    .into_par_iter()
                    .map(|place| {
                        let Some((first, chunk)) = view.products.chunk(place) else {
                            return Vec::new();
                        };
                        let only = match fits(chunk) {
                            Some(None) => return Vec::new(),
                            Some(only) => only,
                            None => None,
                        };
                        let known: &[Hit] = hits.get(place).map_or(&[], Vec::as_slice);
                        let mut known = known.iter().peekable();
                        let slots = (0..chunk.len()).filter(|slot| {
                            let is_known = known
                                .next_if(|(_, number)| (number - first) as usize == *slot)
                                .is_some();
                            !is_known && (only.is_none() || chunk.category(*slot) == only)
                        });
                        look(chunk, first, slots, words, rest)
                    });
                let step: Vec<Vec<Hit>> = step.collect();
                all.extend(step.iter().flatten());
                if !rest {
                    hits.extend(step);
                }
                self.report(&all, listener)?;
            }
        }
        Some(all)
    }

    /// Looks through what was found before.
    fn narrow(
        &self,
        view: &View,
        found: &[u32],
        words: &[Word],
        listener: &mut impl Listener,
    ) -> Option<Vec<Hit>> {
        let mut all = Vec::new();
        for step in found.chunks(STEP * PART) {
            let parts: Vec<&[u32]> = step.chunks(PART).collect();
            let look = |part: &[u32]| look_at(&view.products, part, words);
            let hits: Vec<Vec<Hit>> = parts.into_par_iter().map(look).collect();
            all.extend(hits.into_iter().flatten());
            self.report(&all, listener)?;
        }
        Some(all)
    }

    fn report(&self, hits: &[Hit], listener: &mut impl Listener) -> Option<()> {
        match listener.go() {
            Go::On => {}
            Go::Show => {
                let mut hits = hits.to_vec();
                worthy(&mut hits);
                listener.first(self.best(&hits), hits.len());
            }
            Go::Stop => return None,
        }
        Some(())
    }

    /// Sorts by this: the best first, and as in the catalog where they are equally good.
    fn keys(&self, hits: &[Hit]) -> Vec<u64> {
        let rank = |number: u32| self.ranks.get(number as usize).copied().unwrap_or(u32::MAX);
        hits.iter()
            .map(|(score, number)| u64::from(u32::MAX - score) << 32 | u64::from(rank(*number)))
            .collect()
    }

    fn numbers(&self, keys: &[u64]) -> Vec<u32> {
        let number = |key: &u64| {
            self.order
                .get(usize::try_from(key & u64::from(u32::MAX)).ok()?)
                .copied()
        };
        keys.iter().filter_map(number).collect()
    }

    fn best(&self, hits: &[Hit]) -> Vec<u32> {
        let mut keys = self.keys(hits);
        if keys.len() > FIRST {
            keys.select_nth_unstable(FIRST);
            keys.truncate(FIRST);
        }
        keys.sort_unstable();
        self.numbers(&keys)
    }
}

impl Last {
    /// Whether all that fits `query` is among what was found then.
    fn narrows_to(&self, view: &View, query: &Query) -> bool {
        // Others were not looked for everywhere.
        let long = self.query.words.split_whitespace().all(is_long);
        long && self.generation == view.generation
            && self.query.category == query.category
            && query.words.starts_with(&self.query.words)
    }
}

/// What still fits of some numbers in order.
fn look_at(products: &ProductTable, numbers: &[u32], words: &[Word]) -> Vec<Hit> {
    let mut hits = Vec::new();
    let mut left = numbers;
    while let Some((chunk, slot)) = left.first().and_then(|number| products.find(*number)) {
        let first = left[0] - u32::try_from(slot).unwrap_or(0);
        let end = first.saturating_add(u32::try_from(chunk.len()).unwrap_or(u32::MAX));
        let (here, others) = left.split_at(left.partition_point(|number| *number < end));
        hits.extend(look(
            chunk,
            first,
            here.iter().map(|number| (number - first) as usize),
            words,
            true,
        ));
        left = others;
    }
    hits
}

/// Looks at some products of a chunk; with `rest`, at their ids and descriptions, too.
fn look(
    chunk: &Chunk,
    first: u32,
    slots: impl Iterator<Item = usize>,
    words: &[Word],
    rest: bool,
) -> Vec<Hit> {
    let (mut buffer, mut hits) = (Vec::new(), Vec::new());
    MATCHER.with_borrow_mut(|matcher| {
        let score = |matcher: &mut Matcher, buffer: &mut Vec<char>, atom: &Atom, text: &str| {
            atom.score(Utf32Str::new(text, buffer), matcher)
                .map(u32::from)
        };
        // A category is looked at once.
        let categories: Vec<Vec<Option<u32>>> = words
            .iter()
            .map(|word| {
                chunk
                    .categories()
                    .map(|name| score(matcher, &mut buffer, &word.whole, name))
                    .collect()
            })
            .collect();
        for slot in slots {
            let Some(category) = chunk.category(slot) else {
                continue;
            };
            let letters = chunk.letters().get(slot).copied().unwrap_or(0);
            let (mut total, mut in_name, mut whole) = (0, IN_NAME, WHOLE);
            let fits = words.iter().zip(&categories).all(|(word, categories)| {
                let name = (letters & word.letters == word.letters)
                    .then(|| score(matcher, &mut buffer, &word.loose, chunk.name(slot)))
                    .flatten();
                let scattered = name.filter(|_| {
                    let name = chunk.name(slot);
                    score(matcher, &mut buffer, &word.whole, name).is_none()
                        && (name.is_ascii()
                            || !is_one_piece(matcher, &mut buffer, &word.loose, name))
                });
                let best = name
                    .filter(|_| scattered.is_none())
                    .map(|score| score * 4)
                    .or_else(|| categories.get(category)?.map(|score| score * 2));
                // What would be a hit by scattered letters is looked at whole at once.
                let best = best.or_else(|| {
                    let item = chunk
                        .item(slot)
                        .filter(|_| (rest || scattered.is_some()) && word.long)?;
                    let found = score(
                        matcher,
                        &mut buffer,
                        &word.whole,
                        &String::from_utf8_lossy(item.id),
                    )
                    .or_else(|| score(matcher, &mut buffer, &word.whole, item.description))?;
                    in_name = 0;
                    Some(found)
                });
                let best = best.or_else(|| {
                    whole = 0;
                    scattered.map(|score| score * 4)
                });
                best.map(|best| total += best).is_some()
            });
            if fits {
                let number = first + u32::try_from(slot).unwrap_or(0);
                hits.push((total.min(IN_NAME - 1) + in_name + whole, number));
            }
        }
    });
    hits
}

/// Whether the letters that fit stand together: the matcher passes over some pieces of names
/// that are not ASCII.
fn is_one_piece(matcher: &mut Matcher, buffer: &mut Vec<char>, atom: &Atom, name: &str) -> bool {
    let mut places = Vec::new();
    let fits = atom
        .indices(Utf32Str::new(name, buffer), matcher, &mut places)
        .is_some();
    fits && places.windows(2).all(|pair| pair[1] == pair[0] + 1)
}

/// The products of a category, or all, in the order that is asked for.
fn sorted(view: &View, query: &Query, in_cart: &HashSet<ProductId>) -> Vec<u32> {
    let products = &view.products;
    let category = |number: &u32| products.at(*number).map_or("", |item| item.category);
    let all = &view.order[..];
    let wanted = match query.category.as_deref() {
        // They stand together.
        Some(name) => {
            let place = |number: &u32| (category(number).is_empty(), category(number));
            let from = all.partition_point(|number| place(number) < (name.is_empty(), name));
            let length = all[from..].partition_point(|number| category(number) == name);
            &all[from..from + length]
        }
        None => all,
    };
    let by = |key: &(dyn Fn(&Item<'_>) -> u128 + Sync), tie: bool| -> Vec<u32> {
        let key = |(rank, number): (u32, &u32)| Some((key(&products.at(*number)?), rank, *number));
        let mut keys: Vec<(u128, u32, u32)> = (0..).zip(wanted).filter_map(key).collect();
        sort_by(&mut keys, |a, b| {
            let names = || match (products.at(a.2), products.at(b.2)) {
                (Some(a), Some(b)) if tie => by_name(&a, &b),
                _ => std::cmp::Ordering::Equal,
            };
            a.0.cmp(&b.0).then_with(names).then(a.1.cmp(&b.1))
        });
        keys.into_iter().map(|(.., number)| number).collect()
    };
    match query.sort {
        Sort::Category => wanted.to_vec(),
        Sort::Name => by(&|item| beginning::<1>(item.name)[0].into(), true),
        // Products without a price come last.
        Sort::Price => by(
            &|item| item.price.map_or(u128::MAX, super::Money::millionths),
            false,
        ),
        Sort::InCart => by(
            &|item| u128::from(!in_cart.contains(&item.product_id())),
            false,
        ),
    }
}

/// Which characters of `name` the words fit, in order.
#[must_use]
pub fn marks(typed: &str, name: &str) -> Vec<usize> {
    let (mut marks, mut buffer) = (Vec::new(), Vec::new());
    MATCHER.with_borrow_mut(|matcher| {
        for word in words(typed) {
            let mut found = Vec::new();
            if word
                .loose
                .indices(Utf32Str::new(name, &mut buffer), matcher, &mut found)
                .is_some()
            {
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
    use crate::model::{Catalog, Product};
    use proptest::prelude::*;

    fn catalog() -> Catalog {
        let product = |id: &str, name: &str, price: &str, category: &str, description: &str| {
            let raw =
                [name, price, category, "", "", description].map(|text| Some(text.as_bytes()));
            Product::decode(ProductId::stored(id.as_bytes()), raw).unwrap()
        };
        Catalog::new(vec![
            product(
                "espresso",
                "Espresso",
                "2.40",
                "Coffee",
                "Short and strong.",
            ),
            product("beans", "Espresso Beans", "8.90", "Coffee", "Whole beans."),
            product("press", "French Press", "", "Kitchen", "For strong coffee."),
            product(
                "fraiche",
                "Crème Fraîche",
                "1.95",
                "Dairy",
                "Thick and sour.",
            ),
        ])
    }

    fn found(query: &Query) -> Vec<String> {
        let catalog = catalog();
        let in_cart = HashSet::from([ProductId::stored(b"fraiche")]);
        let found = Searcher::default()
            .search(&catalog.view(), query, &in_cart, &mut ())
            .unwrap();
        found
            .iter()
            .map(|number| catalog.at(*number).unwrap().product_id().to_string())
            .collect()
    }

    fn by_words(words: &str) -> Vec<String> {
        found(&Query {
            words: words.to_owned(),
            ..Query::default()
        })
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
    fn scattered_letters_are_hits_only_where_no_word_is_whole() {
        // French Press and Crème Fraîche have these letters, too; coffee has them in one piece.
        assert_eq!(by_words("fe"), ["espresso", "beans"]);
        assert_eq!(by_words("fp"), ["press"]);
    }

    #[test]
    fn orders() {
        let by = |sort| {
            found(&Query {
                sort,
                ..Query::default()
            })
        };
        assert_eq!(
            by(Sort::Category),
            ["espresso", "beans", "fraiche", "press"]
        );
        assert_eq!(by(Sort::Name), ["fraiche", "espresso", "beans", "press"]);
        assert_eq!(by(Sort::Price), ["fraiche", "espresso", "beans", "press"]);
        assert_eq!(by(Sort::InCart), ["fraiche", "espresso", "beans", "press"]);
        let coffee = Query {
            category: Some("Coffee".into()),
            ..Query::default()
        };
        assert_eq!(found(&coffee), ["espresso", "beans"]);
    }

    #[test]
    fn marked_letters() {
        assert_eq!(marks("esb", "Espresso Beans"), [0, 1, 9]);
        assert_eq!(
            marks("beans esp", "Espresso Beans"),
            [0, 1, 2, 9, 10, 11, 12, 13]
        );
        assert!(marks("q", "Tea").is_empty());
    }

    proptest! {
        /// Typing on finds what looking anew finds, and nothing hides from it.
        #[test]
        fn narrowing_is_as_good_as_looking_anew(
            names in proptest::collection::vec("[a-eA-EéÅ ]{1,9}", 1..40),
            typed in "[a-eé]{1,3}( [a-e]{1,2})?",
        ) {
            let product = |(n, name): (usize, &String)| {
                let raw = [name.as_str(), "", ["bad", "", "Cab"][n % 3], "", "", ["", "deed", "Abbé"][n % 3]];
                Product::decode(ProductId::stored(&[b'a' + u8::try_from(n % 7).unwrap(), b'x', u8::try_from(n).unwrap()]), raw.map(|text| Some(text.as_bytes()))).unwrap()
            };
            let catalog = Catalog::new(names.iter().enumerate().map(product).collect());
            let mut typing = Searcher::default();
            for (end, c) in typed.char_indices() {
                let query = Query { words: typed[..end + c.len_utf8()].to_owned(), ..Query::default() };
                let find = |searcher: &mut Searcher| searcher.search(&catalog.view(), &query, &HashSet::new(), &mut ()).unwrap();
                let (narrowed, anew) = (find(&mut typing), find(&mut Searcher::default()));
                prop_assert_eq!(&narrowed, &anew, "{}", query.words);
                let words: Vec<&str> = query.words.split_whitespace().collect();
                for (number, item) in (0..64).filter_map(|number| Some((number, catalog.at(number)?))) {
                    let places: Vec<Vec<usize>> = words.iter().map(|word| marks(word, item.name)).collect();
                    // Scattered letters are hits only where nothing better is.
                    let whole = |places: &Vec<usize>| places.windows(2).all(|pair| pair[1] == pair[0] + 1);
                    let counts = anew.is_empty() || places.iter().all(whole);
                    if counts && places.iter().all(|places| !places.is_empty()) {
                        prop_assert!(anew.contains(&number), "{} hides from {}", item.name, query.words);
                    }
                }
            }
        }
    }
}
