//! Keys and their names, once: for the key map, the help and the settings.

use std::fmt;

/// Which key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Code {
    /// A character, with shift already in it.
    Char(char),
    /// A named key.
    Named(&'static str),
    /// A function key.
    F(u8),
}

/// A key press.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    /// Which key.
    pub code: Code,
    /// With ctrl.
    pub ctrl: bool,
    /// With alt.
    pub alt: bool,
}

/// The named keys, with the sign that help shows.
const NAMED: [(&str, &str); 15] = [
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

    /// The key with this name: `a`, `G`, `space`, `ctrl-c`, `alt-x`, `f1`, `pagedown` ...
    #[must_use]
    pub fn parse(name: &str) -> Option<Key> {
        let (mut rest, mut key) = (name, Key::plain(Code::Char(' ')));
        loop {
            if let Some(more) = rest.strip_prefix("ctrl-") {
                (rest, key.ctrl) = (more, true);
            } else if let Some(more) = rest.strip_prefix("alt-") {
                (rest, key.alt) = (more, true);
            } else {
                break;
            }
        }
        let mut chars = rest.chars();
        key.code = match (chars.next()?, chars.next()) {
            (c, None) => Code::Char(c),
            _ if rest == "space" => Code::Char(' '),
            ('f', Some(_)) if let Ok(n @ 1..=12) = rest[1..].parse() => Code::F(n),
            _ => Code::named(rest)?,
        };
        Some(key)
    }

    /// The character that it types, where it types one.
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
    /// The named key with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Code> {
        NAMED
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
                let sign = NAMED
                    .iter()
                    .find(|(known, _)| *known == name)
                    .map_or(name, |(_, sign)| sign);
                f.write_str(sign)
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
        for bad in ["", "ctrl-", "f13", "upp", "abc"] {
            assert_eq!(Key::parse(bad), None, "{bad}");
        }
    }
}
