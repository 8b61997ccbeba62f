//! The names of people: as they are stored, and as somebody types their own.

use super::shares::NOBODY;
use super::text;
use std::collections::HashSet;

/// The words that stand for somebody in what trolley says.
const OWN_WORDS: [&str; 4] = [NOBODY, "nobody's", "you", "yours"];

/// The word that stands behind one's own name.
const OWN_SUFFIX: &str = "(you)";

/// The name of somebody who makes changes, as the others see it: clean and short. One that can't
/// be told from trolley's own words stands in quotes: nobody can choose it any more.
#[must_use]
pub(crate) fn sanitize_actor(raw: &[u8]) -> String {
    let name = clean_name(raw);
    if is_own_word(&name) {
        return format!("“{name}”");
    }
    name
}

/// Names of people, as [`sanitize_actor`] cleans them, each once and at most `most` of them.
#[must_use]
pub(crate) fn sanitize_actors<'a>(
    raw: impl IntoIterator<Item = &'a [u8]>,
    most: usize,
) -> Vec<String> {
    let mut known = HashSet::new();
    raw.into_iter()
        .map(sanitize_actor)
        .filter(|name| !name.is_empty() && known.insert(name.clone()))
        .take(most)
        .collect()
}

/// A name in the characters that a name may have: clean and short.
#[must_use]
pub(crate) fn clean_name(raw: &[u8]) -> String {
    // People are told apart by looking at their names, so there is nothing in them but what shows.
    let name = text::sanitize_to(raw, 64);
    text::shown(&name).trim().to_owned()
}

/// A name that nobody can take.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing of it shows.
    #[error("the name is empty")]
    Empty,
    /// It can't be told from trolley's own words.
    #[error("“{0}” has a meaning of its own here: choose another name")]
    OwnWord(String),
}

/// Reads a name that somebody takes or is given.
///
/// # Errors
/// The [`NameError`].
pub(crate) fn typed_name(typed: &[u8]) -> Result<String, NameError> {
    let name = clean_name(typed);
    if name.is_empty() {
        Err(NameError::Empty)
    } else if is_own_word(&name) {
        Err(NameError::OwnWord(name))
    } else {
        Ok(name)
    }
}

/// Returns whether trolley itself says this of somebody: `nobody`, `you`, `ann (you)`.
fn is_own_word(name: &str) -> bool {
    let name = name.as_bytes();
    let from = name.len().saturating_sub(OWN_SUFFIX.len());
    OWN_WORDS
        .iter()
        .any(|word| name.eq_ignore_ascii_case(word.as_bytes()))
        || name[from..].eq_ignore_ascii_case(OWN_SUFFIX.as_bytes())
}
