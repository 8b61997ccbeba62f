//! Invitations to the served shop: they let in somebody whose key nobody has listed.

use super::order::SIGNS;
use super::{Role, UserName};
use std::fmt;

/// The signs of a code.
const LENGTH: usize = 16;
/// The signs between two hyphens.
const GROUP: usize = 4;

/// The access that an invitation grants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// The cart.
    pub cart: UserName,
    /// The name by which others know the guest; clean text, not empty.
    pub name: String,
    /// The role.
    pub role: Role,
}

/// The code of an invitation, such as `7KQ2-M8XD-4RT9-PWVN`: 80 random bits, in signs that nobody
/// mishears. Whoever has it comes in, so it does not show where a value is written down.
#[derive(Clone, PartialEq, Eq)]
pub struct InvitationCode(String);

impl InvitationCode {
    /// A code from random bytes.
    #[must_use]
    pub fn new(random: [u8; LENGTH]) -> InvitationCode {
        // A byte has eight times as many values as there are signs, so each is as likely.
        let signs = random.map(|byte| char::from(SIGNS[usize::from(byte) % SIGNS.len()]));
        InvitationCode(signs.iter().collect())
    }

    /// Reads a code as people type it: small letters, spaces and lookalikes will do.
    #[must_use]
    pub fn parse(typed: &str) -> Option<InvitationCode> {
        let mut signs = String::new();
        for c in typed.chars().filter(|c| *c != '-' && !c.is_whitespace()) {
            let sign = match c.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                sign => sign,
            };
            let is_sign = SIGNS.iter().any(|known| char::from(*known) == sign);
            if !is_sign || signs.len() == LENGTH {
                return None;
            }
            signs.push(sign);
        }
        (signs.len() == LENGTH).then_some(InvitationCode(signs))
    }

    /// The signs alone.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for InvitationCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, sign) in self.0.chars().enumerate() {
            if n > 0 && n % GROUP == 0 {
                f.write_str("-")?;
            }
            write!(f, "{sign}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for InvitationCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InvitationCode")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn codes_are_read_as_people_type_them() {
        let code = InvitationCode::parse("0123-4567-89AB-CDEF").unwrap();
        for typed in [
            "0123456789abcdef",
            "  o123 4567 89ab cdef ",
            "OI23-4567-89AB-CDEF",
            "0l2-3456-789A-BCDEF",
        ] {
            assert_eq!(InvitationCode::parse(typed), Some(code.clone()), "{typed}");
        }
        for typed in [
            "",
            "-",
            "0123-4567-89AB-CDE",
            "0123-4567-89AB-CDEF-0",
            "0123-4567-89AB-CDEU",
            "0123-4567-89AB-CDÉF",
        ] {
            assert_eq!(InvitationCode::parse(typed), None, "{typed}");
        }
        assert_eq!(format!("{code:?}"), "InvitationCode");
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_back(random: [u8; LENGTH], other: [u8; LENGTH]) {
            let code = InvitationCode::new(random);
            let shown = code.to_string();
            prop_assert_eq!(shown.len(), 19);
            prop_assert_eq!(InvitationCode::parse(&shown), Some(code.clone()));
            let are_same = random.iter().zip(other).all(|(one, other)| one % 32 == other % 32);
            prop_assert_eq!(InvitationCode::new(other) == code, are_same);
        }

        #[test]
        fn no_text_breaks_the_reader(typed in ".{0,40}") {
            let _ = InvitationCode::parse(&typed);
        }
    }
}
