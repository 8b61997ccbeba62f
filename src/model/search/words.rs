//! The words of a query, ready to be looked for.

use crate::model::catalog::word_mask;
use crate::model::text;
use indexmap::IndexSet;
use nucleo_matcher::pattern::{Atom, AtomKind, CaseMatching, Normalization};
use regex::bytes::{Regex, RegexBuilder};

/// A word of a query.
pub(super) struct Word {
    /// Matches letters that stand apart, in their sequence.
    pub(super) loose: Atom,
    /// Matches the word in one piece, but where the library passes over it: at the end of a text, and
    /// in some that are ASCII.
    pub(super) whole: Atom,
    /// Matches the word at the end of a text.
    pub(super) at_end: Atom,
    /// Finds the word in one piece in many ASCII texts at once; `None` where it is not worth it.
    pub(super) ascii_finder: Option<Regex>,
    /// The letters that a name must have; see [`word_mask`].
    pub(super) letter_mask: u64,
    /// Set where the word is looked for outside names and categories, too; see [`is_long`].
    pub(super) is_long: bool,
}

impl Word {
    fn new(word: &str) -> Word {
        Word {
            loose: atom(word, AtomKind::Fuzzy),
            whole: atom(word, AtomKind::Substring),
            at_end: atom(word, AtomKind::Postfix),
            ascii_finder: ascii_finder(word),
            letter_mask: word_mask(word),
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

/// The words of what was typed, each once.
pub(super) fn words(typed: &str) -> Vec<Word> {
    let typed = text::composed(typed);
    let words: IndexSet<&str> = typed.split_whitespace().collect();
    words.into_iter().map(Word::new).collect()
}

/// The matchers of each word of what was typed: in one piece, and by letters that stand apart.
pub(super) fn atoms(typed: &str) -> Vec<[Atom; 2]> {
    let typed = text::composed(typed);
    let kinds = [AtomKind::Substring, AtomKind::Fuzzy];
    typed
        .split_whitespace()
        .map(|word| kinds.map(|kind| atom(word, kind)))
        .collect()
}

/// Returns whether a word is worth looking for outside names and categories. One or two letters stand
/// in any description; with a digit they may be the beginning of an id.
pub(super) fn is_long(word: &str) -> bool {
    !word.is_ascii()
        || word.len() > 2
        || (word.len() == 2 && word.contains(|c: char| c.is_ascii_digit()))
}
