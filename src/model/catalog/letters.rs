//! The letters of a name as bits, so that a search can pass over names that can't match.

use nucleo_matcher::chars;

/// The letters and digits of a name, a bit for each. A name that lacks one of a word's is
/// passed over without a closer look.
#[must_use]
pub(crate) fn letter_mask(name: &str) -> u64 {
    // Most names are ASCII, and need no folding of accents.
    if name.is_ascii() {
        name.chars().fold(0, |mask, c| mask | letter_bit(c))
    } else {
        name.chars().fold(0, |mask, c| {
            mask | letter_bit(chars::to_lower_case(chars::normalize(c)))
        })
    }
}

/// The letters and digits that a word asks for. Those that are not ASCII may be matched in
/// several ways, and ask for nothing.
pub(crate) fn word_mask(word: &str) -> u64 {
    word.chars()
        .filter(char::is_ascii)
        .fold(0, |mask, c| mask | letter_bit(c))
}

fn letter_bit(c: char) -> u64 {
    match c.to_ascii_lowercase() {
        c @ 'a'..='z' => 1 << (u32::from(c) - u32::from('a')),
        c @ '0'..='9' => 1 << (26 + u32::from(c) - u32::from('0')),
        _ => 0,
    }
}
