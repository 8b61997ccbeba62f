//! The words of a query, ready to be looked for.

use crate::model::catalog::word_mask;
use crate::model::text;
use nucleo_matcher::chars;
use nucleo_matcher::pattern::{Atom, AtomKind, CaseMatching, Normalization};
use regex::bytes::{Regex, RegexBuilder};
use unicode_segmentation::UnicodeSegmentation;

/// A word of a query.
pub(super) struct Word {
    /// Matches letters that stand apart, in their sequence.
    pub(super) loose: Atom,
    /// Matches the word in one piece. It passes over some, as the library does where they stand at
    /// the end: [`Word::stands_in`] passes over none.
    pub(super) whole: Atom,
    /// Finds the word in one piece in many ASCII texts at once; `None` where it is not worth it.
    pub(super) ascii_finder: Option<Regex>,
    /// The letters that a name must have; see [`word_mask`].
    pub(super) letter_mask: u64,
    /// Set where the word is looked for outside names and categories, too; see [`is_long`].
    pub(super) is_long: bool,
    /// Its letters as [`fold`] leaves them.
    folded: Vec<char>,
    /// Set where accents were typed, so that they count.
    has_accents: bool,
}

impl Word {
    fn new(word: &str) -> Word {
        // Accents of capital letters are known only once these are small.
        let folded = fold(word, true);
        let has_accents = folded
            .iter()
            .any(|letter| chars::normalize(*letter) != *letter);

        Word {
            loose: loose(word),
            whole: atom(word, AtomKind::Substring),
            ascii_finder: ascii_finder(word),
            letter_mask: word_mask(word),
            is_long: is_long(word),
            folded,
            has_accents,
        }
    }

    /// Returns whether a text has the word in one piece.
    pub(super) fn stands_in(&self, text: &str) -> bool {
        let letters = fold(&text::composed(text), self.has_accents);
        let mut pieces = letters.windows(self.folded.len());
        pieces.any(|piece| piece == self.folded)
    }
}

/// The letters of a text as the library compares them: small ones, one for each grapheme.
fn fold(text: &str, keeps_accents: bool) -> Vec<char> {
    let letters = text.graphemes(true).filter_map(|part| part.chars().next());
    letters
        .map(|letter| {
            if keeps_accents {
                letter
            } else {
                chars::normalize(letter)
            }
        })
        .map(chars::to_lower_case)
        .collect()
}

fn loose(word: &str) -> Atom {
    atom(word, AtomKind::Fuzzy)
}

fn atom(word: &str, kind: AtomKind) -> Atom {
    Atom::new(
        word,
        CaseMatching::Ignore,
        Normalization::Smart,
        kind,
        false,
    )
}

fn ascii_finder(word: &str) -> Option<Regex> {
    // Of a single letter, the letters of a name tell as much.
    let is_worth_it = word.is_ascii() && word.len() > 1;
    let pattern = is_worth_it.then(|| regex::escape(word))?;
    RegexBuilder::new(&pattern)
        .case_insensitive(true)
        .unicode(false)
        .build()
        .ok()
}

/// The words of what was typed.
pub(super) fn words(typed: &str) -> Vec<Word> {
    let typed = text::composed(typed);
    typed.split_whitespace().map(Word::new).collect()
}

/// The words of what was typed, to match letters that stand apart.
pub(super) fn loose_words(typed: &str) -> Vec<Atom> {
    let typed = text::composed(typed);
    typed.split_whitespace().map(loose).collect()
}

/// Returns whether a word is worth looking for outside names and categories. One or two letters stand
/// in any description; with a digit they may be the beginning of an id.
pub(super) fn is_long(word: &str) -> bool {
    !word.is_ascii()
        || word.len() > 2
        || (word.len() == 2 && word.contains(|c: char| c.is_ascii_digit()))
}
