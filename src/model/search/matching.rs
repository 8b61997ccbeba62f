//! Matches the words of a query with products, and tells how well they match.

use super::words::{Word, atoms};
use crate::model::catalog::{Chunk, ProductTable};
use crate::model::text;
use nucleo_matcher::pattern::Atom;
use nucleo_matcher::{Config, Matcher, Utf32Str, chars};
use std::cell::{OnceCell, RefCell};

thread_local! {
    // It holds a large buffer of its own: one for each thread that searches or draws.
    static MATCHER: RefCell<Matcher> = RefCell::new(Matcher::new(Config::DEFAULT));
}

/// Added to the score of a hit in names and categories alone, which is better than any other.
const IN_NAME: u32 = 1 << 20;

/// The way in which words are matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// In one piece.
    Whole,
    /// The same, or in names by letters that may stand apart.
    Loose,
}

/// A product that matches.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hit {
    /// A greater score is a better match.
    pub(super) score: u32,
    /// The product's number.
    pub(super) number: u32,
}

/// Matches all slots of a chunk, whose first product has the number `first`.
pub(super) fn match_chunk(chunk: &Chunk, first: u32, words: &[Word], manner: Manner) -> Vec<Hit> {
    let candidates = Some(vec![OnceCell::new(); words.len()]);
    let slots = 0..chunk.len();
    match_among(chunk, first, slots, words, manner, candidates)
}

/// Matches a few slots of a chunk, whose first product has the number `first`.
pub(super) fn match_slots(
    chunk: &Chunk,
    first: u32,
    slots: impl Iterator<Item = usize>,
    words: &[Word],
    manner: Manner,
) -> Vec<Hit> {
    match_among(chunk, first, slots, words, manner, None)
}

/// Matches these products. Their numbers are sorted.
pub(super) fn match_numbers(
    products: &ProductTable,
    numbers: &[u32],
    words: &[Word],
    manner: Manner,
) -> Vec<Hit> {
    let mut hits = Vec::new();
    let mut rest = numbers;

    while let Some((chunk, slot)) = rest.first().and_then(|number| products.find(*number)) {
        let first = rest[0] - u32::try_from(slot).unwrap_or(0);
        let end = first.saturating_add(u32::try_from(chunk.len()).unwrap_or(u32::MAX));
        let (here, others) = rest.split_at(rest.partition_point(|number| *number < end));

        let slots = here.iter().map(|number| (number - first) as usize);
        hits.extend(match_slots(chunk, first, slots, words, manner));
        rest = others;
    }
    hits
}

fn match_among(
    chunk: &Chunk,
    first: u32,
    slots: impl Iterator<Item = usize>,
    words: &[Word],
    manner: Manner,
    candidates: Option<Vec<Candidates>>,
) -> Vec<Hit> {
    MATCHER.with_borrow_mut(|matcher| {
        let scorer = Scorer::new(matcher);
        let mut matching = ChunkMatching::new(chunk, words, manner, candidates, scorer);
        slots
            .filter_map(|slot| {
                let score = matching.score(slot)?;
                let number = first + u32::try_from(slot).unwrap_or(0);
                Some(Hit { score, number })
            })
            .collect()
    })
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
        let text = graphemes(&text, &mut self.buffer);
        atom.score(text, self.matcher).map(u32::from)
    }

    /// The score of a word in one piece.
    fn score_whole(&mut self, word: &Word, text: &str) -> Option<u32> {
        let score = self.score(&word.whole, text);
        score.or_else(|| {
            if text.is_ascii() {
                let finder = word.ascii_finder.as_ref()?;
                let stands = finder.is_match(text.as_bytes());
                stands.then(|| self.score(&word.loose, text))?
            } else {
                self.score(&word.at_end, text)
            }
        })
    }

    /// The indexes of the graphemes that match; `None` where the text does not match.
    fn indices(&mut self, atom: &Atom, text: &str) -> Option<Vec<u32>> {
        let mut indices = Vec::new();
        let text = text::composed(text);
        let text = graphemes(&text, &mut self.buffer);
        atom.indices(text, self.matcher, &mut indices)?;
        Some(indices)
    }
}

/// A text for the matcher, which would take one for ASCII whose graphemes only begin so.
fn graphemes<'a>(text: &'a str, buffer: &'a mut Vec<char>) -> Utf32Str<'a> {
    if text.is_ascii() {
        return Utf32Str::Ascii(text.as_bytes());
    }
    buffer.clear();
    buffer.extend(chars::graphemes(text));
    Utf32Str::Unicode(buffer)
}

/// The place where a word matches, with its score.
enum WordMatch {
    NameOrCategory(u32),
    IdOrDescription(u32),
}

/// For each slot of a chunk, whether a word may stand in it in one piece: looked up once that is
/// asked for.
type Candidates = OnceCell<Vec<bool>>;

/// Words that are matched with the products of one chunk.
struct ChunkMatching<'a> {
    chunk: &'a Chunk,
    words: &'a [Word],
    manner: Manner,
    scorer: Scorer<'a>,
    /// For each word, the scores of the chunk's categories, each of which is looked at once; empty
    /// where none matches.
    categories: Vec<Vec<Option<u32>>>,
    /// The candidates for each word; `None` where few slots are looked at.
    candidates: Option<Vec<Candidates>>,
}

impl<'a> ChunkMatching<'a> {
    fn new(
        chunk: &'a Chunk,
        words: &'a [Word],
        manner: Manner,
        candidates: Option<Vec<Candidates>>,
        mut scorer: Scorer<'a>,
    ) -> ChunkMatching<'a> {
        let categories = words
            .iter()
            .map(|word| {
                let names = chunk.categories();
                let scores: Vec<_> = names.map(|name| scorer.score_whole(word, name)).collect();
                let matches_any = scores.iter().any(Option::is_some);
                if matches_any { scores } else { Vec::new() }
            })
            .collect();

        ChunkMatching {
            chunk,
            words,
            manner,
            scorer,
            categories,
            candidates,
        }
    }

    /// The score of the product in `slot`; `None` where a word does not match.
    fn score(&mut self, slot: usize) -> Option<u32> {
        let mut indexes = 0..self.words.len();
        if !indexes.all(|index| self.may_match(index, slot)) {
            return None;
        }

        let category = self.chunk.category(slot)?;
        let mut total = 0;
        let mut in_name = IN_NAME;

        for index in 0..self.words.len() {
            match self.match_word(index, slot, category)? {
                WordMatch::NameOrCategory(score) => total += score,
                WordMatch::IdOrDescription(score) => {
                    total += score;
                    in_name = 0;
                }
            }
        }
        Some(total.min(IN_NAME - 1) + in_name)
    }

    /// Returns whether a word may match the product in `slot`: most can't, and need no closer look.
    fn may_match(&self, index: usize, slot: usize) -> bool {
        let word = &self.words[index];
        let has_letters = self.has_letters(word, slot);
        if self.is_loose_alone() {
            return has_letters;
        }

        has_letters && self.manner == Manner::Loose
            || (has_letters || word.is_long) && self.may_be_whole(index, slot)
            || !self.categories[index].is_empty()
    }

    /// Returns whether letters of the only word have to stand apart: no product that is looked at has
    /// it in one piece, or it would have been found so before.
    fn is_loose_alone(&self) -> bool {
        self.manner == Manner::Loose && self.words.len() == 1
    }

    /// Returns whether the name in `slot` has all letters of a word.
    fn has_letters(&self, word: &Word, slot: usize) -> bool {
        self.chunk.letters(slot) & word.letter_mask == word.letter_mask
    }

    /// Returns whether a word may stand in `slot` in one piece.
    fn may_be_whole(&self, index: usize, slot: usize) -> bool {
        let finder = self.words[index].ascii_finder.as_ref();
        let (Some(candidates), Some(finder)) = (&self.candidates, finder) else {
            return true;
        };
        let slots = candidates[index].get_or_init(|| self.chunk.slots_that_may_have(finder));
        slots.get(slot) == Some(&true)
    }

    fn match_word(&mut self, index: usize, slot: usize, category: usize) -> Option<WordMatch> {
        let word = &self.words[index];
        let whole = if self.is_loose_alone() {
            None
        } else {
            self.match_whole(index, slot, category)
        };

        whole.or_else(|| {
            let is_loose = self.manner == Manner::Loose && self.has_letters(word, slot);
            let name = is_loose.then(|| self.chunk.name(slot))?;
            let score = self.scorer.score(&word.loose, name)?;
            Some(WordMatch::NameOrCategory(score * 4))
        })
    }

    fn match_whole(&mut self, index: usize, slot: usize, category: usize) -> Option<WordMatch> {
        let word = &self.words[index];
        let has_letters = self.has_letters(word, slot);
        let may_be_whole = (has_letters || word.is_long) && self.may_be_whole(index, slot);

        if has_letters
            && may_be_whole
            && let Some(score) = self.scorer.score_whole(word, self.chunk.name(slot))
        {
            return Some(WordMatch::NameOrCategory(score * 4));
        }
        if let Some(score) = self.categories[index].get(category).copied().flatten() {
            return Some(WordMatch::NameOrCategory(score * 2));
        }
        if word.is_long && may_be_whole {
            let score = self.match_id_or_description(word, slot)?;
            return Some(WordMatch::IdOrDescription(score));
        }
        None
    }

    fn match_id_or_description(&mut self, word: &Word, slot: usize) -> Option<u32> {
        let item = self.chunk.item(slot)?;
        let id = String::from_utf8_lossy(item.id);
        self.scorer
            .score_whole(word, &id)
            .or_else(|| self.scorer.score_whole(word, item.description))
    }
}

/// The indexes of the graphemes of `name` that the typed words match, sorted.
#[must_use]
pub fn marks(typed: &str, name: &str) -> Vec<usize> {
    let mut marks = Vec::new();
    MATCHER.with_borrow_mut(|matcher| {
        let mut scorer = Scorer::new(matcher);
        for [whole, loose] in atoms(typed) {
            let whole = scorer.indices(&whole, name);
            let indices = whole.or_else(|| scorer.indices(&loose, name));
            let indices = indices.unwrap_or_default();
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
        assert_eq!(marks("es", "Kitchen Sponges"), [13, 14]);
        assert!(marks("q", "Tea").is_empty());
        assert_eq!(marks("é l", "Cafe\u{301} au lait"), [3, 8]);
        assert_eq!(marks("aga", "Ag\u{303}a x"), [0, 1, 2]);
    }
}
