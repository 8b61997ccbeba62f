//! Searches a catalog in steps, between which whoever waits for it may stop it.

use super::browse::browse;
use super::matching::{Hit, Manner, match_chunk, match_numbers, match_slots};
use super::query::Query;
use super::words::{Word, is_long, words};
use crate::model::ProductId;
use crate::model::catalog::{Chunk, View};
use crate::model::text;
use rayon::prelude::*;
use std::cell::OnceCell;
use std::cmp::Reverse;
use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

/// The listener's decision between two steps of a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Go {
    /// Go on.
    On,
    /// Show the best that were found so far, and go on.
    Show,
    /// Stop: nobody waits for the search any more.
    Stop,
}

/// Whoever waits for a search.
pub trait Listener {
    /// Decides how to go on, after each step.
    fn go(&mut self) -> Go;
    /// Receives the best of the products found so far, and how many were found.
    fn first(&mut self, best: Vec<u32>, so_far: usize);
}

/// A listener that waits for the end.
impl Listener for () {
    fn go(&mut self) -> Go {
        Go::On
    }
    fn first(&mut self, _: Vec<u32>, _: usize) {}
}

/// The most products that are shown before a search is done.
const MOST_FIRST: usize = 200;
/// Chunks looked through between two questions to the listener.
const CHUNKS_IN_STEP: usize = 8;
/// Where the last search found at most one product in so many, the next looks among those alone;
/// otherwise among all products, which takes less time for each.
const NARROWED_FROM: usize = 8;
/// Products of an earlier search that are looked at in one go.
const PART: usize = 2_048;

/// The rank of each product of a catalog among the sorted. Those who search the same catalog may
/// share it.
#[derive(Debug, Default)]
pub struct Ranks {
    /// The sorted numbers for which this was made.
    sorted: Arc<Vec<u32>>,
    /// The rank of each number.
    of_numbers: Vec<u32>,
}

impl Ranks {
    /// The ranks in this catalog.
    #[must_use]
    pub fn of(view: &View) -> Ranks {
        let mut of_numbers = vec![0; view.products.numbers()];
        for (rank, number) in (0..).zip(view.sorted.iter()) {
            if let Some(slot) = of_numbers.get_mut(*number as usize) {
                *slot = rank;
            }
        }
        Ranks {
            sorted: view.sorted.clone(),
            of_numbers,
        }
    }

    /// Returns whether these are the ranks in this catalog.
    #[must_use]
    pub fn fit(&self, view: &View) -> bool {
        let count = view.products.numbers();
        Arc::ptr_eq(&self.sorted, &view.sorted) && self.of_numbers.len() == count
    }
}

/// Searches catalogs, and remembers what helps the next search.
#[derive(Debug, Default)]
pub struct Searcher {
    ranks: Arc<Ranks>,
    last: Option<LastSearch>,
}

/// The last search that came to its end.
#[derive(Debug)]
struct LastSearch {
    generation: u64,
    query: Query,
    manner: Manner,
    /// The numbers that matched, from the lowest.
    found: Vec<u32>,
}

impl LastSearch {
    /// Returns whether all that matches `query` in the same manner is among what was found.
    fn narrows_to(&self, view: &View, query: &Query) -> bool {
        // A letter may still get an accent, and short words were not looked for everywhere.
        let [last, now] = [&self.query, query].map(|query| text::composed(&query.words));
        let mut pairs = last.split_whitespace().zip(now.split_whitespace());
        let are_as_long = pairs.all(|(word, now)| is_long(word) || !is_long(now));

        are_as_long
            && now.starts_with(&*last)
            && self.generation == view.generation
            && self.query.category == query.category
    }
}

impl Searcher {
    /// Takes over the ranks that `others` use in this catalog, and forgets the last search, where its
    /// own are those of another.
    pub fn share_ranks(&mut self, view: &View, others: impl FnOnce() -> Arc<Ranks>) {
        if !self.ranks.fit(view) {
            self.ranks = others();
            // The numbers that were found last are those of the other catalog.
            self.last = None;
        }
    }

    /// [`Searcher::search`] among some of the products alone, which stand as in the catalog.
    pub(crate) fn search_among(
        &mut self,
        view: &View,
        among: &Arc<Vec<u32>>,
        query: &Query,
        in_cart: &HashSet<ProductId>,
        listener: &mut impl Listener,
    ) -> Option<Vec<u32>> {
        if query.words.trim().is_empty() {
            let view = View {
                sorted: among.clone(),
                ..view.clone()
            };
            return self.search(&view, query, in_cart, listener);
        }

        let mut found = self.search(view, query, in_cart, listener)?;
        if !Arc::ptr_eq(among, &view.sorted) {
            let among: HashSet<u32> = among.iter().copied().collect();
            found.retain(|number| among.contains(number));
        }
        Some(found)
    }

    /// The numbers of the products that match, best first; `None` where the listener stopped
    /// the search.
    pub fn search(
        &mut self,
        view: &View,
        query: &Query,
        in_cart: &HashSet<ProductId>,
        listener: &mut impl Listener,
    ) -> Option<Vec<u32>> {
        let words = words(&query.words);
        if words.is_empty() {
            return Some(browse(view, query, in_cart));
        }

        self.share_ranks(view, || Arc::new(Ranks::of(view)));
        let last = self.last.as_ref();
        let last = last.filter(|last| last.narrows_to(view, query));
        // What was not found in one piece is not found where more is typed.
        let mut manner = last.map_or(Manner::Whole, |last| last.manner);
        let few = view.products.numbers() / NARROWED_FROM;
        let mut hits = match last.filter(|last| last.found.len() <= few) {
            Some(last) => self.narrow(view, last, &words, listener)?,
            None => self.scan(view, query, &words, manner, listener)?,
        };
        // Letters that stand apart count only where nothing better is.
        if hits.is_empty() && manner == Manner::Whole {
            manner = Manner::Loose;
            hits = self.scan(view, query, &words, manner, listener)?;
        }

        self.last = Some(LastSearch {
            generation: view.generation,
            query: query.clone(),
            manner,
            // They were looked at from the lowest.
            found: hits.iter().map(|hit| hit.number).collect(),
        });
        Some(self.sorted(&hits))
    }

    /// Looks through all products.
    fn scan(
        &self,
        view: &View,
        query: &Query,
        words: &[Word],
        manner: Manner,
        listener: &mut impl Listener,
    ) -> Option<Vec<Hit>> {
        let apart = OnceCell::new();
        let mut hits = Vec::new();
        for step in steps(view) {
            let found: Vec<Vec<Hit>> = step
                .into_par_iter()
                .map(|index| scan_chunk(view, index, query, words, manner))
                .collect();

            hits.extend(found.into_iter().flatten());
            let others = || &apart.get_or_init(|| self.first_apart(view, query, words))[..];
            self.report(&hits, listener, others)?;
        }
        Some(hits)
    }

    /// Hits whose letters stand apart, of the first products: to show until better ones are found.
    fn first_apart(&self, view: &View, query: &Query, words: &[Word]) -> Vec<Hit> {
        let step = steps(view).next().unwrap_or_default();
        step.into_par_iter()
            .flat_map_iter(|index| scan_chunk(view, index, query, words, Manner::Loose))
            .collect()
    }

    /// Looks through what was found before.
    fn narrow(
        &self,
        view: &View,
        last: &LastSearch,
        words: &[Word],
        listener: &mut impl Listener,
    ) -> Option<Vec<Hit>> {
        let mut hits = Vec::new();
        for step in last.found.chunks(CHUNKS_IN_STEP * PART) {
            let parts: Vec<&[u32]> = step.chunks(PART).collect();
            let matched: Vec<Vec<Hit>> = parts
                .into_par_iter()
                .map(|part| match_numbers(&view.products, part, words, last.manner))
                .collect();

            hits.extend(matched.into_iter().flatten());
            self.report(&hits, listener, || &[])?;
        }
        Some(hits)
    }

    /// Asks the listener between two steps, and shows `others` where there are no hits yet; `None`
    /// where it stops the search.
    fn report<'a>(
        &self,
        hits: &[Hit],
        listener: &mut impl Listener,
        others: impl FnOnce() -> &'a [Hit],
    ) -> Option<()> {
        match listener.go() {
            Go::On => {}
            Go::Show if hits.is_empty() => {
                let others = others();
                // What shows stays until there is something else.
                if !others.is_empty() {
                    listener.first(self.best(others), others.len());
                }
            }
            Go::Show => listener.first(self.best(hits), hits.len()),
            Go::Stop => return None,
        }
        Some(())
    }

    /// The numbers of the hits, best first, and equally good ones as in the catalog.
    fn sorted(&self, hits: &[Hit]) -> Vec<u32> {
        let mut scores = vec![None; self.ranks.sorted.len()];
        for hit in hits {
            if let Some(score) = scores.get_mut(self.rank(hit)) {
                *score = Some(hit.score);
            }
        }

        // Few scores are different, so that this takes far less time than sorting the ranks, too.
        let ranked = scores.into_iter().zip(self.ranks.sorted.iter());
        let mut found: Vec<(u32, u32)> = ranked
            .filter_map(|(score, number)| Some((score?, *number)))
            .collect();
        found.par_sort_by_key(|(score, _)| Reverse(*score));
        found.into_iter().map(|(_, number)| number).collect()
    }

    /// The first of [`Searcher::sorted`].
    fn best(&self, hits: &[Hit]) -> Vec<u32> {
        let mut keys: Vec<(Reverse<u32>, usize)> = hits
            .iter()
            .map(|hit| (Reverse(hit.score), self.rank(hit)))
            .collect();
        if keys.len() > MOST_FIRST {
            keys.select_nth_unstable(MOST_FIRST);
            keys.truncate(MOST_FIRST);
        }
        keys.sort_unstable();
        keys.iter()
            .filter_map(|(_, rank)| self.ranks.sorted.get(*rank).copied())
            .collect()
    }

    /// The rank of a hit among the sorted.
    fn rank(&self, hit: &Hit) -> usize {
        let rank = self.ranks.of_numbers.get(hit.number as usize);
        rank.map_or(usize::MAX, |rank| *rank as usize)
    }
}

/// The indexes of the chunks that are looked through in each step.
fn steps(view: &View) -> impl Iterator<Item = Range<usize>> {
    let count = view.products.chunks().len();
    (0..count)
        .step_by(CHUNKS_IN_STEP)
        .map(move |start| start..count.min(start + CHUNKS_IN_STEP))
}

/// Looks through the chunk with this index.
fn scan_chunk(
    view: &View,
    index: usize,
    query: &Query,
    words: &[Word],
    manner: Manner,
) -> Vec<Hit> {
    let Some((first, chunk)) = view.products.chunk(index) else {
        return Vec::new();
    };
    let category = match ChunkCategory::of(query, chunk) {
        ChunkCategory::Absent => return Vec::new(),
        ChunkCategory::Any => None,
        ChunkCategory::Only(category) => Some(category),
    };

    match category {
        None => match_chunk(chunk, first, words, manner),
        Some(_) => {
            let slots = (0..chunk.len()).filter(|slot| chunk.category(*slot) == category);
            match_slots(chunk, first, slots, words, manner)
        }
    }
}

/// The products of a chunk that are of the query's category.
enum ChunkCategory {
    /// All products: the query is for every category.
    Any,
    /// The products with this index of a category.
    Only(usize),
    /// No product: the chunk lacks the category.
    Absent,
}

impl ChunkCategory {
    fn of(query: &Query, chunk: &Chunk) -> ChunkCategory {
        let Some(name) = query.category.as_deref() else {
            return ChunkCategory::Any;
        };
        match chunk.categories().position(|known| known == name) {
            Some(index) => ChunkCategory::Only(index),
            None => ChunkCategory::Absent,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::search::{Sort, Sorting, marks};
    use crate::model::{Catalog, Product};
    use proptest::prelude::*;

    fn catalog() -> Catalog {
        let product = |id: &str, name: &str, price: &str, category: &str, description: &str| {
            let raw =
                [name, price, category, "", "", description, ""].map(|text| Some(text.as_bytes()));
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

    fn query(words: &str) -> Query {
        Query {
            words: words.to_owned(),
            ..Query::default()
        }
    }

    fn by_words(words: &str) -> Vec<String> {
        found(&query(words))
    }

    #[test]
    fn names_match_loosely_and_the_rest_by_whole_words() {
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
    fn a_word_in_one_piece_is_found_wherever_it_stands() {
        for (typed, names) in [
            ("250g", ["250g Coffee", "Coffee 250g"]),
            ("250G", ["250g Coffee", "Coffee 250g"]),
            ("Čaj", ["Čaj zelený", "Zelený Čaj"]),
            ("istanbul", ["İstanbul Çay", "Çay İstanbul"]),
            ("चाय", ["चाय पत्ती", "मसाला चाय"]),
            ("ag\u{303}a", ["Ag\u{303}a", "Po Ag\u{303}a"]),
        ] {
            let products = names.map(|name| {
                let raw = [name, "", "", "", "", "", ""].map(|text| Some(text.as_bytes()));
                Product::decode(ProductId::stored(name.as_bytes()), raw).unwrap()
            });
            let catalog = Catalog::new(products.to_vec());
            let mut searcher = Searcher::default();
            let found = searcher.search(&catalog.view(), &query(typed), &HashSet::new(), &mut ());
            assert_eq!(found.unwrap().len(), 2, "{typed}");
        }
    }

    #[test]
    fn sorting_without_words() {
        let sorted = |by, is_reversed| {
            found(&Query {
                sorting: Sorting { by, is_reversed },
                ..Query::default()
            })
        };
        let by = |by| sorted(by, false);
        assert_eq!(
            by(Sort::Category),
            ["espresso", "beans", "fraiche", "press"]
        );
        assert_eq!(by(Sort::Name), ["fraiche", "espresso", "beans", "press"]);
        assert_eq!(by(Sort::Price), ["fraiche", "espresso", "beans", "press"]);
        assert_eq!(by(Sort::InCart), ["fraiche", "espresso", "beans", "press"]);
        let reversed = |by| sorted(by, true);
        assert_eq!(
            reversed(Sort::Name),
            ["press", "beans", "espresso", "fraiche"]
        );
        // What has no price comes last all the same.
        assert_eq!(
            reversed(Sort::Price),
            ["beans", "espresso", "fraiche", "press"]
        );
        assert_eq!(
            reversed(Sort::InCart),
            ["espresso", "beans", "press", "fraiche"]
        );
        let coffee = Query {
            category: Some("Coffee".into()),
            ..Query::default()
        };
        assert_eq!(found(&coffee), ["espresso", "beans"]);
    }

    #[test]
    fn a_search_in_another_catalog_begins_anew() {
        let query = query("espresso");
        let mut searcher = Searcher::default();
        for (catalog, found) in [(Catalog::default(), 0), (catalog(), 2), (catalog(), 2)] {
            let search = searcher.search(&catalog.view(), &query, &HashSet::new(), &mut ());
            assert_eq!(search.unwrap().len(), found);
        }
    }

    #[test]
    fn ranks_are_asked_for_once_in_each_catalog() {
        let mut searcher = Searcher::default();
        let mut asked = 0;
        let [first, second] = [catalog(), catalog()].map(|catalog| catalog.view());
        for view in [&first, &first, &second, &second] {
            searcher.share_ranks(view, || {
                asked += 1;
                Arc::new(Ranks::of(view))
            });
            assert!(searcher.ranks.fit(view));
        }
        assert_eq!(asked, 2);
    }

    proptest! {
        /// Typing on finds what looking anew finds, and nothing hides from it.
        #[test]
        fn narrowing_is_as_good_as_looking_anew(
            names in proptest::collection::vec("[a-eA-EéÅ1 ]{1,9}", 1..60),
            typed in "[a-eé1]{1,3}( [a-e1]{1,2})?",
        ) {
            let product = |(n, name): (usize, &String)| {
                let raw = [name.as_str(), "", ["bad", "", "Cab"][n % 3], "", "", ["", "deed", "Abbé"][n % 3], ""];
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
