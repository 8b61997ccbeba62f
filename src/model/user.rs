//! The name of a cart's user.

use super::{Refusal, text};
use std::fmt;

/// The longest user name, in characters.
pub(crate) const LONGEST: usize = 64;

/// A checked user name: 1 to 64 of `A-Z a-z 0-9 . _ -`.
///
/// Braces are not among them, since they would move a cart's keys to other cluster slots.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UserName(String);

impl UserName {
    /// Reads the name of a cart's owner: letters, digits and a few marks.
    ///
    /// # Errors
    /// [`Refusal::BadUser`] where it is empty, too long or has other characters.
    pub fn parse(name: &str) -> Result<UserName, Refusal> {
        let is_plain = name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));

        if (1..=LONGEST).contains(&name.len()) && is_plain {
            Ok(UserName(name.to_owned()))
        } else {
            Err(Refusal::BadUser(text::sanitize_to(name.as_bytes(), 40)))
        }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked() {
        for good in ["alice", "A.b_c-9", &"x".repeat(64)] {
            assert!(UserName::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "a b", "a:b", "{a}", "é", "a\n", "a/b", &"x".repeat(65)] {
            assert!(
                matches!(UserName::parse(bad), Err(Refusal::BadUser(_))),
                "{bad}"
            );
        }
    }
}
