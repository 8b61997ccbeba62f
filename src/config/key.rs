//! Keys and their names, for the key map, the help and the settings.

use super::display::Charset;
use std::fmt;

/// A key of the keyboard, without its modifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Code {
    /// A character; shift is already applied to it.
    Char(char),
    /// A key from the table of named keys.
    Named(&'static str),
    /// A function key.
    F(u8),
}

/// A key press with its modifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    /// The key itself.
    pub code: Code,
    /// Ctrl was held.
    pub ctrl: bool,
    /// Alt was held.
    pub alt: bool,
}

/// The named keys: the name that settings use, and the label on the screen.
const NAMED_KEYS: [(&str, &str); 15] = [
    ("up", "↑"),
    ("down", "↓"),
    ("left", "←"),
    ("right", "→"),
    ("home", "Home"),
    ("end", "End"),
    ("pageup", "PgUp"),
    ("pagedown", "PgDn"),
    ("enter", "Enter"),
    ("tab", "Tab"),
    ("backtab", "Shift-Tab"),
    ("esc", "Esc"),
    ("backspace", "Bksp"),
    ("delete", "Del"),
    ("insert", "Ins"),
];

/// The labels that are no ASCII, and the words in their place.
const LABELS_IN_ASCII: [(&str, &str); 4] =
    [("↑", "Up"), ("↓", "Down"), ("←", "Left"), ("→", "Right")];

impl Key {
    /// A key without modifiers.
    #[must_use]
    pub const fn plain(code: Code) -> Key {
        Key {
            code,
            ctrl: false,
            alt: false,
        }
    }

    /// Tells whether words and numbers are typed with it: all letters but capitals, digits, spaces.
    pub(crate) fn is_of_words(&self) -> bool {
        self.typed()
            .is_some_and(|typed| typed == ' ' || typed.is_alphanumeric() && !typed.is_uppercase())
    }

    /// The key with this name: `a`, `G`, `space`, `ctrl-c`, `alt-x`, `f1`, `pagedown` ...
    #[must_use]
    pub fn parse(name: &str) -> Option<Key> {
        let mut rest = name;
        let mut ctrl = false;
        let mut alt = false;

        loop {
            if let Some(unprefixed) = rest.strip_prefix("ctrl-") {
                rest = unprefixed;
                ctrl = true;
            } else if let Some(unprefixed) = rest.strip_prefix("alt-") {
                rest = unprefixed;
                alt = true;
            } else {
                break;
            }
        }

        let mut chars = rest.chars();
        let code = match (chars.next()?, chars.next()) {
            (c, None) => Code::Char(c),
            _ if rest == "space" => Code::Char(' '),
            ('f', Some(_)) if let Ok(n @ 1..=12) = rest[1..].parse() => Code::F(n),
            _ => Code::named(rest)?,
        };

        Some(Key { code, ctrl, alt })
    }

    /// The key with the digit that it means: those of full width count as the plain ones.
    #[must_use]
    pub(crate) fn with_plain_digit(self) -> Key {
        match self.code {
            Code::Char(digit @ '０'..='９') => {
                let plain = u32::from(digit) - u32::from('０') + u32::from('0');
                let plain = char::from_u32(plain).unwrap_or(digit);
                Key {
                    code: Code::Char(plain),
                    ..self
                }
            }
            Code::Char(_) | Code::Named(_) | Code::F(_) => self,
        }
    }

    /// The key as a terminal with these characters shows it.
    #[must_use]
    pub(crate) fn label(self, charset: Charset) -> String {
        let label = self.to_string();
        match charset {
            Charset::Unicode => label,
            Charset::Ascii => LABELS_IN_ASCII
                .iter()
                .fold(label, |label, (sign, word)| label.replace(sign, word)),
        }
    }

    /// The character that this key types; `None` for named keys and with ctrl or alt.
    #[must_use]
    pub fn typed(self) -> Option<char> {
        match self {
            Key {
                code: Code::Char(c),
                ctrl: false,
                alt: false,
            } => Some(c),
            _ => None,
        }
    }
}

impl Code {
    /// The named key with this name: `enter`, `pagedown` ...
    #[must_use]
    pub fn named(name: &str) -> Option<Code> {
        NAMED_KEYS
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(known, _)| Code::Named(known))
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ctrl {
            f.write_str("Ctrl-")?;
        }
        if self.alt {
            f.write_str("Alt-")?;
        }

        match self.code {
            Code::Char(' ') => f.write_str("Space"),
            Code::Char(c) if self.ctrl => write!(f, "{}", c.to_uppercase()),
            Code::Char(c) => write!(f, "{c}"),
            Code::F(n) => write!(f, "F{n}"),
            Code::Named(name) => {
                let label = NAMED_KEYS
                    .iter()
                    .find(|(known, _)| *known == name)
                    .map_or(name, |(_, label)| label);
                f.write_str(label)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (name, shown) in [
            ("a", "a"),
            ("G", "G"),
            ("-", "-"),
            ("space", "Space"),
            ("ctrl-c", "Ctrl-C"),
            ("alt-x", "Alt-x"),
            ("up", "↑"),
            ("f1", "F1"),
            ("f", "f"),
        ] {
            assert_eq!(Key::parse(name).unwrap().to_string(), shown);
        }
        for (name, shown) in [("up", "Up"), ("ctrl-right", "Ctrl-Right"), ("a", "a")] {
            let label = Key::parse(name).unwrap().label(Charset::Ascii);
            assert_eq!(label, shown);
        }

        for bad in ["", "ctrl-", "f13", "upp", "abc"] {
            assert_eq!(Key::parse(bad), None, "{bad}");
        }
    }
}
