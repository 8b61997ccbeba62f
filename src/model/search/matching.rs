//! Matches the words of a query with products, and tells how well they match.

use super::words::{Word, words};
use crate::model::catalog::{Chunk, ProductTable};
use crate::model::text;
use nucleo_matcher::pattern::Atom;
use nucleo_matcher::{Config, Matcher, Utf32Str};
use std::cell::RefCell;

thread_local! {
    // It holds a large buffer of its own: one for each thread that searches or draws.
    static MATCHER: RefCell<Matcher> = RefCell::new(Matcher::new(Config::DEFAULT));
}

/// Added to the score of a hit in names and categories alone, which is better than any other.
const IN_NAME: u32 = 1 << 20;
/// Added to the score of a hit that has each word in one piece.
const WHOLE: u32 = 1 << 21;

/// A product that matches.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hit {
    /// A greater score is a better match.
    pub(super) score: u32,
    /// The product's number.
    pub(super) number: u32,
}

impl Hit {
    fn is_whole(&self) -> bool {
        self.score >= WHOLE
    }
}

/// Keeps the hits worth showing: those with scattered letters only where none is better.
pub(super) fn retain_worthy(hits: &mut Vec<Hit>) {
    if hits.iter().any(Hit::is_whole) {
        hits.retain(Hit::is_whole);
    }
}

/// The fields of products that are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SearchedFields {
    /// Names and categories, which are quick to look at.
    NamesAndCategories,
    /// Ids and descriptions, too.
    All,
}

/// Matches some slots of a chunk, whose first product has the number `first`.
pub(super) fn match_slots(
    chunk: &Chunk,
    first: u32,
    slots: impl Iterator<Item = usize>,
    words: &[Word],
    fields: SearchedFields,
) -> Vec<Hit> {
    MATCHER.with_borrow_mut(|matcher| {
        let mut matching = ChunkMatching::new(chunk, words, fields, Scorer::new(matcher));
        slots
            .filter_map(|slot| {
                let score = matching.score(slot)?;
                let number = first + u32::try_from(slot).unwrap_or(0);
                Some(Hit { score, number })
            })
            .collect()
    })
}

/// Matches these products, in all fields. Their numbers are sorted.
pub(super) fn match_numbers(products: &ProductTable, numbers: &[u32], words: &[Word]) -> Vec<Hit> {
    let mut hits = Vec::new();
    let mut rest = numbers;

    while let Some((chunk, slot)) = rest.first().and_then(|number| products.find(*number)) {
        let first = rest[0] - u32::try_from(slot).unwrap_or(0);
        let end = first.saturating_add(u32::try_from(chunk.len()).unwrap_or(u32::MAX));
        let (here, others) = rest.split_at(rest.partition_point(|number| *number < end));

        let slots = here.iter().map(|number| (number - first) as usize);
        hits.extend(match_slots(chunk, first, slots, words, SearchedFields::All));
        rest = others;
    }
    hits
}

/// The library's matcher, with the buffer that it wants.
struct Scorer<'a> {
    matcher: &'a mut Matcher,
    buffer: Vec<char>,
}

impl<'a> Scorer<'a> {
    fn new(matcher: &'a mut Matcher) -> Scorer<'a> {
        Scorer {
            matcher,
            buffer: Vec::new(),
        }
    }

    fn score(&mut self, atom: &Atom, text: &str) -> Option<u32> {
        let text = text::composed(text);
        let text = Utf32Str::new(&text, &mut self.buffer);
        atom.score(text, self.matcher).map(u32::from)
    }

    /// The indexes of the graphemes that match; `None` where the text does not match.
    fn indices(&mut self, atom: &Atom, text: &str) -> Option<Vec<u32>> {
        let mut indices = Vec::new();
        let text = text::composed(text);
        let text = Utf32Str::new(&text, &mut self.buffer);
        atom.indices(text, self.matcher, &mut indices)?;
        Some(indices)
    }

    /// Returns whether the letters of a name that match loosely stand apart.
    fn is_scattered(&mut self, word: &Word, name: &str) -> bool {
        if self.score(&word.whole, name).is_some() {
            return false;
        }

        // Of names that are not ASCII, the matcher passes over some whole words.
        let is_one_piece = !name.is_ascii()
            && self
                .indices(&word.loose, name)
                .is_some_and(|indices| indices.windows(2).all(|pair| pair[1] == pair[0] + 1));
        !is_one_piece
    }
}

/// The place where a word matches, with its score.
enum WordMatch {
    NameOrCategory(u32),
    IdOrDescription(u32),
    /// Letters that stand apart in the name.
    Scattered(u32),
}

/// Words that are matched with the products of one chunk.
struct ChunkMatching<'a> {
    chunk: &'a Chunk,
    words: &'a [Word],
    fields: SearchedFields,
    scorer: Scorer<'a>,
    /// For each word, the scores of the chunk's categories, each of which is looked at once.
    categories: Vec<Vec<Option<u32>>>,
}

impl<'a> ChunkMatching<'a> {
    fn new(
        chunk: &'a Chunk,
        words: &'a [Word],
        fields: SearchedFields,
        mut scorer: Scorer<'a>,
    ) -> ChunkMatching<'a> {
        let categories = words
            .iter()
            .map(|word| {
                chunk
                    .categories()
                    .map(|name| scorer.score(&word.whole, name))
                    .collect()
            })
            .collect();

        ChunkMatching {
            chunk,
            words,
            fields,
            scorer,
            categories,
        }
    }

    /// The score of the product in `slot`; `None` where a word does not match.
    fn score(&mut self, slot: usize) -> Option<u32> {
        let category = self.chunk.category(slot)?;
        let mut total = 0;
        let mut in_name = IN_NAME;
        let mut whole = WHOLE;

        for index in 0..self.words.len() {
            match self.match_word(index, slot, category)? {
                WordMatch::NameOrCategory(score) => total += score,
                WordMatch::IdOrDescription(score) => {
                    total += score;
                    in_name = 0;
                }
                WordMatch::Scattered(score) => {
                    total += score;
                    whole = 0;
                }
            }
        }
        Some(total.min(IN_NAME - 1) + in_name + whole)
    }

    fn match_word(&mut self, index: usize, slot: usize, category: usize) -> Option<WordMatch> {
        let word = &self.words[index];
        let name = self.chunk.name(slot);

        // A name that lacks a letter needs no closer look.
        let has_letters = self.chunk.letters(slot) & word.letters == word.letters;
        let name_score = if has_letters {
            self.scorer.score(&word.loose, name)
        } else {
            None
        };
        let scattered = name_score.filter(|_| self.scorer.is_scattered(word, name));

        if let Some(score) = name_score
            && scattered.is_none()
        {
            return Some(WordMatch::NameOrCategory(score * 4));
        }
        if let Some(score) = self.categories[index].get(category).copied().flatten() {
            return Some(WordMatch::NameOrCategory(score * 2));
        }

        // What would be a hit by scattered letters is looked at whole at once.
        let looks_further = self.fields == SearchedFields::All || scattered.is_some();
        if looks_further
            && word.is_long
            && let Some(score) = self.match_id_or_description(word, slot)
        {
            return Some(WordMatch::IdOrDescription(score));
        }
        scattered.map(|score| WordMatch::Scattered(score * 4))
    }

    fn match_id_or_description(&mut self, word: &Word, slot: usize) -> Option<u32> {
        let item = self.chunk.item(slot)?;
        let id = String::from_utf8_lossy(item.id);
        self.scorer
            .score(&word.whole, &id)
            .or_else(|| self.scorer.score(&word.whole, item.description))
    }
}

/// The indexes of the graphemes of `name` that the typed words match, sorted.
#[must_use]
pub fn marks(typed: &str, name: &str) -> Vec<usize> {
    let mut marks = Vec::new();
    MATCHER.with_borrow_mut(|matcher| {
        let mut scorer = Scorer::new(matcher);
        for word in words(typed) {
            let indices = scorer.indices(&word.loose, name).unwrap_or_default();
            marks.extend(indices.into_iter().map(|index| index as usize));
        }
    });

    marks.sort_unstable();
    marks.dedup();
    marks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marked_letters() {
        assert_eq!(marks("esb", "Espresso Beans"), [0, 1, 9]);
        assert_eq!(
            marks("beans esp", "Espresso Beans"),
            [0, 1, 2, 9, 10, 11, 12, 13]
        );
        assert!(marks("q", "Tea").is_empty());
        assert_eq!(marks("é l", "Cafe\u{301} au lait"), [3, 8]);
    }
}
