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
    /// Matches the word in one piece.
    pub(super) whole: Atom,
    /// The word's letters, as `whole` compares them.
    letters_in_sequence: Vec<char>,
    /// Set where accents were typed, so that they count.
    has_accents: bool,
    /// Finds the word in one piece in ASCII text, far faster than `whole`. Where there is none, any
    /// text may have it.
    pub(super) in_ascii: Option<Regex>,
    /// The letters that a name must have; see [`word_mask`].
    pub(super) letters: u64,
    /// Set where the word is looked for outside names and categories, too; see [`is_long`].
    pub(super) is_long: bool,
}

impl Word {
    fn new(word: &str) -> Word {
        Word {
            loose: atom(word, AtomKind::Fuzzy),
            whole: atom(word, AtomKind::Substring),
            letters_in_sequence: word.chars().map(chars::to_lower_case).collect(),
            has_accents: text::has_accents(word),
            in_ascii: in_ascii(word),
            letters: word_mask(word),
            is_long: is_long(word),
        }
    }

    /// Returns whether a text has the word in one piece.
    pub(super) fn stands_in(&self, text: &str) -> bool {
        let text = text::composed(text);
        let letters = text
            .graphemes(true)
            .filter_map(|letter| letter.chars().next());
        let letters: Vec<char> = letters
            .map(chars::to_lower_case)
            .map(|letter| {
                if self.has_accents {
                    letter
                } else {
                    chars::normalize(letter)
                }
            })
            .collect();
        let mut pieces = letters.windows(self.letters_in_sequence.len());
        pieces.any(|piece| piece == self.letters_in_sequence)
    }
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

fn in_ascii(word: &str) -> Option<Regex> {
    // The letters of a name are known anyway.
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

/// Returns whether a word is worth looking for outside names and categories. One or two letters stand
/// in any description; with a digit they may be the beginning of an id.
pub(super) fn is_long(word: &str) -> bool {
    !word.is_ascii()
        || word.len() > 2
        || (word.len() == 2 && word.contains(|c: char| c.is_ascii_digit()))
}
