//! The lines that are typed. A terminal's own line editing makes them, mostly; a terminal at the
//! other end of a connection sends each key, so that they are edited here.

use crate::tui::terminal::port::{END, INTERRUPT};

/// The longest line, in bytes; what is typed beyond that is dropped.
const LONGEST_LINE: usize = 4_096;

/// Something that was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Typed {
    /// A line.
    Line(String),
    /// The line was dropped.
    Interrupt,
    /// Nothing more comes, or whoever types says so.
    End,
}

/// Whoever edits the line that is being typed, and shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Editing {
    /// The terminal, or nobody: bytes come in whole lines.
    Elsewhere,
    /// This program: each key comes as it is pressed.
    #[cfg_attr(
        not(feature = "serve"),
        allow(dead_code, reason = "only visitors by SSH have such terminals")
    )]
    Here,
}

impl Editing {
    /// The end of a line, as the terminal takes it.
    pub(crate) fn line_end(self) -> &'static str {
        match self {
            Editing::Elsewhere => "\n",
            Editing::Here => "\r\n",
        }
    }
}

/// The progress within a sequence that a key of a terminal sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sequence {
    Outside,
    AfterEscape,
    /// Up to its last letter.
    Within,
}

/// Makes lines of bytes.
#[derive(Debug)]
pub(crate) struct LineReader {
    editing: Editing,
    line: Vec<u8>,
    after_return: bool,
    sequence: Sequence,
    /// The bytes with which the terminal is to show the keys.
    echo: Vec<u8>,
}

impl LineReader {
    pub(crate) fn new(editing: Editing) -> LineReader {
        LineReader {
            editing,
            line: Vec::new(),
            after_return: false,
            sequence: Sequence::Outside,
            echo: Vec::new(),
        }
    }

    /// Takes in bytes; returns what they complete.
    pub(crate) fn take_in(&mut self, bytes: &[u8]) -> Vec<Typed> {
        let mut typed = Vec::new();
        for byte in bytes {
            typed.extend(self.take_byte(*byte));
        }
        typed
    }

    /// Takes the bytes with which the terminal is to show the keys taken in.
    pub(crate) fn take_echo(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.echo)
    }

    fn take_byte(&mut self, byte: u8) -> Option<Typed> {
        if self.is_in_sequence(byte) {
            return None;
        }

        let is_second_end = byte == b'\n' && std::mem::take(&mut self.after_return);
        self.after_return = byte == b'\r' && self.editing == Editing::Here;
        match byte {
            b'\n' if is_second_end => None,
            b'\n' => Some(self.end_line()),
            b'\r' if self.editing == Editing::Here => Some(self.end_line()),
            b'\r' => None,
            INTERRUPT => {
                self.line.clear();
                self.show(b"^C\r\n");
                Some(Typed::Interrupt)
            }
            END if self.line.is_empty() => {
                self.show(b"\r\n");
                Some(Typed::End)
            }
            // The last line of a file may have no end.
            END if self.editing == Editing::Elsewhere => Some(self.end_line()),
            END => None,
            0x08 | 0x7f if self.editing == Editing::Here => {
                self.erase();
                None
            }
            // Ctrl-U.
            0x15 if self.editing == Editing::Here => {
                while !self.line.is_empty() {
                    self.erase();
                }
                None
            }
            byte => {
                self.add(byte);
                None
            }
        }
    }

    /// Passes over the sequences of keys that mean nothing here, such as arrows.
    fn is_in_sequence(&mut self, byte: u8) -> bool {
        if self.editing == Editing::Elsewhere {
            return false;
        }

        self.sequence = match (self.sequence, byte) {
            (_, 0x1b) => Sequence::AfterEscape,
            (Sequence::Outside, _) => return false,
            // A key that ends a line is one, whatever was pressed before it.
            (_, 0x00..=0x1f) => {
                self.sequence = Sequence::Outside;
                return false;
            }
            (Sequence::AfterEscape, b'[' | b'O') => Sequence::Within,
            (Sequence::Within, 0x20..=0x3f) => Sequence::Within,
            (Sequence::AfterEscape | Sequence::Within, _) => Sequence::Outside,
        };
        true
    }

    fn add(&mut self, byte: u8) {
        let has_room = self.line.len() < LONGEST_LINE;
        let is_text = byte >= b' ' || byte == b'\t';
        if has_room && is_text {
            self.line.push(byte);
            self.show(&[byte]);
        }
    }

    /// Takes the last character away.
    fn erase(&mut self) {
        let is_inside = |byte: &u8| byte & 0xc0 == 0x80;
        while self.line.last().is_some_and(is_inside) {
            self.line.pop();
        }
        if self.line.pop().is_some() {
            self.show(b"\x08 \x08");
        }
    }

    fn end_line(&mut self) -> Typed {
        self.show(b"\r\n");
        let line = std::mem::take(&mut self.line);
        Typed::Line(String::from_utf8_lossy(&line).into_owned())
    }

    fn show(&mut self, bytes: &[u8]) {
        if self.editing == Editing::Here {
            self.echo.extend_from_slice(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Typed {
        Typed::Line(text.to_owned())
    }

    #[test]
    fn lines_come_whole_however_their_bytes_come() {
        let mut reader = LineReader::new(Editing::Elsewhere);
        assert_eq!(reader.take_in(b"add es"), []);
        assert_eq!(
            reader.take_in(b"p 2\r\ncart\nre"),
            [line("add esp 2"), line("cart")]
        );
        assert_eq!(reader.take_in(&[INTERRUPT]), [Typed::Interrupt]);
        // The last line of a file may have no end.
        assert_eq!(reader.take_in(b"people"), []);
        assert_eq!(reader.take_in(&[END, END]), [line("people"), Typed::End]);
        assert_eq!(reader.take_echo(), b"");
    }

    #[test]
    fn keys_are_shown_and_erased_by_characters() {
        let mut reader = LineReader::new(Editing::Here);
        assert_eq!(
            reader.take_in("caf\u{e9}\u{7f}e\r\n".as_bytes()),
            [line("cafe")]
        );
        assert_eq!(reader.take_echo(), "caf\u{e9}\u{8} \u{8}e\r\n".as_bytes());

        // Arrows and other keys type nothing.
        assert_eq!(
            reader.take_in(b"\x1b[A\x1b[1;5Cx\x1bOB\x15ok\r"),
            [line("ok")]
        );
        reader.take_echo();
        assert_eq!(reader.take_in(b"\x7f\x04"), [Typed::End]);
        assert_eq!(reader.take_echo(), b"\r\n");
    }
}
