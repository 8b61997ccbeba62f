//! The lines of the log that other programs read: fixed words in fixed places. What a visitor has
//! chosen stands in them without spaces, so that nobody can write the line of somebody else.

use russh::keys::ssh_key::Fingerprint;
use std::net::IpAddr;
use tracing::info;

/// The most letters of a word.
const LONGEST_WORD: usize = 64;

/// A visitor's words, as one word.
pub(super) fn word(text: &str) -> String {
    text.chars()
        .take(LONGEST_WORD)
        .map(|letter| match letter {
            letter if letter.is_alphanumeric() => letter,
            '-' | '_' | '.' | '@' | '+' | '(' | ')' => letter,
            _ => '_',
        })
        .collect()
}

/// Somebody who is not let in, as far as they are known.
#[derive(Debug, Default)]
pub(super) struct Refused<'a> {
    pub(super) session: Option<u64>,
    pub(super) user: Option<&'a str>,
    pub(super) key: Option<Fingerprint>,
}

impl Refused<'_> {
    /// Writes down that somebody is not let in, and why.
    pub(super) fn log(self, ip: IpAddr, why: &str) {
        let user = self.user.map(word);
        let key = self.key.map(|key| key.to_string());
        info!(
            %ip,
            why,
            session = self.session,
            user = user.as_deref(),
            key = key.as_deref(),
            "refused"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_looks_like_another_part_of_the_line() {
        assert_eq!(word("Ann (a1B2)"), "Ann_(a1B2)");
        assert_eq!(word("é 日本.語-1"), "é_日本.語-1");
        let forged = word("x\" INFO refused ip=192.0.2.1 why=\"\n\u{1b}[2J");
        assert!(
            forged
                .chars()
                .all(|letter| !" =\"\n\u{1b}".contains(letter)),
            "{forged}"
        );
        assert_eq!(word(&"x".repeat(500)).len(), LONGEST_WORD);
    }
}
