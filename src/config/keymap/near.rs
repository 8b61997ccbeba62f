//! The message about a key that does nothing where it was pressed.

use super::{Action, Context, Keymap};
use crate::config::key::{Code, Key};

impl Keymap {
    /// A sentence about a letter that does nothing here: what it does in its other case, else where
    /// all keys are told. `None` for keys that people press in passing.
    #[must_use]
    pub(crate) fn about_unknown(&self, context: Context, key: Key) -> Option<String> {
        let letter = key.typed().filter(|typed| typed.is_alphabetic())?;

        let near = Key::plain(Code::Char(other_case(letter)));
        Some(match self.use_of(context, near) {
            Some(does) => format!("{key} does nothing here. {near}: {does}"),
            None => {
                let help = self.key_of(Action::Help);
                format!("{key} does nothing here: {help} shows the keys")
            }
        })
    }

    /// The use of a key in this context, in the words of the help without what follows there.
    fn use_of(&self, context: Context, key: Key) -> Option<&str> {
        let action = self.dispatch(context, key)?;
        let explained = self.with_help();
        // An action has other words on each page: those of this one come first.
        let entry = explained
            .filter(|entry| entry.action == action)
            .min_by_key(|entry| !entry.works_in(context))?;
        entry.help.split([':', ';', '(', ',']).next().map(str::trim)
    }
}

/// The same letter, small where it is large, and large where it is small.
fn other_case(letter: char) -> char {
    let changed = if letter.is_uppercase() {
        letter.to_lowercase().next()
    } else {
        letter.to_uppercase().next()
    };
    changed.unwrap_or(letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_without_a_use_says_what_is_near() {
        let keymap = Keymap::default();
        for (context, key, told) in [
            (
                Context::Catalog,
                "W",
                Some("W does nothing here. w: Show or hide the people"),
            ),
            (
                Context::Catalog,
                "z",
                Some("z does nothing here: ? shows the keys"),
            ),
            (
                Context::Receipt,
                "A",
                Some("A does nothing here: ? shows the keys"),
            ),
            (
                Context::Board,
                "T",
                Some(
                    "T does nothing here. t: Show or hide what all open tickets together still need",
                ),
            ),
            (
                Context::Today,
                "S",
                Some("S does nothing here. s: Sort what was sold by items"),
            ),
            (
                Context::Products,
                "L",
                Some("L does nothing here. l: To the form of the product"),
            ),
            (Context::Catalog, "*", None),
            (Context::Catalog, "backspace", None),
            (Context::Catalog, "ctrl-w", None),
        ] {
            let said = keymap.about_unknown(context, Key::parse(key).unwrap());
            assert_eq!(said.as_deref(), told, "{key}");
        }
    }
}
