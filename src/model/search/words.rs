//! The words of a query, ready to be looked for.

use crate::model::catalog::word_mask;
use crate::model::text;
use nucleo_matcher::pattern::{Atom, AtomKind, CaseMatching, Normalization};

/// A word of a query.
pub(super) struct Word {
    /// Matches letters that stand apart, in their sequence.
    pub(super) loose: Atom,
    /// Matches the word in one piece.
    pub(super) whole: Atom,
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
            letters: word_mask(word),
            is_long: is_long(word),
        }
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
