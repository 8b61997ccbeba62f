//! Splits a terminal's bytes into keys and control sequences, whether or not anybody knows what they
//! mean: a sequence ends at its final byte, and a byte that can't be a part of it ends it, too.

/// The longest sequence that is kept. One that is longer means nothing here.
const LONGEST_SEQUENCE: usize = 64;
/// The longest text within a sequence, such as the answer to a question.
const LONGEST_TEXT: usize = 65_536;

const ESCAPE: u8 = 0x1b;
const BELL: u8 = 0x07;

/// The part of a key or sequence at which the bytes so far end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    /// Between two of them.
    #[default]
    Ground,
    /// Behind an escape.
    Escape,
    /// Within a character or another sequence of known length; so many bytes are missing.
    Missing(usize),
    /// Within a sequence that ends with a letter or the like.
    Parameters,
    /// Within a sequence that holds text, behind so many bytes of that.
    Text(usize),
    /// The same behind an escape, which may belong to the end of the text.
    TextEscape,
}

/// The time for which the bytes so far may wait for more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Patience {
    /// A moment: they may be a key that somebody pressed.
    Short,
    /// Longer: they can only be the beginning of a sequence.
    Long,
}

/// Splits bytes into keys and sequences.
#[derive(Debug, Default)]
pub(super) struct Splitter {
    state: State,
    /// The key or sequence that was begun.
    begun: Vec<u8>,
    /// Where a sequence was given up because its rest did not come. The rest may still do so.
    given_up: Option<State>,
}

impl Splitter {
    /// Says what is about to come in one piece. It may be the rest of a sequence that was given up.
    pub(super) fn begin_piece(&mut self, piece: &[u8]) {
        let Some(state) = self.given_up.take() else {
            return;
        };
        if !is_rest(state, piece) {
            return;
        }

        self.state = state;
        self.begun.clear();
        if state == State::Escape {
            self.begun.push(ESCAPE);
        }
    }

    /// Takes in a byte; returns the keys and sequences that end with it, or before it.
    pub(super) fn push(&mut self, byte: u8) -> Vec<Vec<u8>> {
        let mut whole = Vec::new();
        self.take_in(byte, &mut whole);
        whole
    }

    fn take_in(&mut self, byte: u8, whole: &mut Vec<Vec<u8>>) {
        match self.state {
            State::Ground => self.begin(byte, whole),
            State::Escape => self.after_escape(byte, whole),

            State::Missing(missing) if self.fits(byte) => {
                self.keep(byte);
                self.state = State::Missing(missing - 1);
                if missing == 1 {
                    self.end(whole);
                }
            }
            State::Parameters if matches!(byte, b' '..=b'?') => self.keep(byte),
            State::Parameters if matches!(byte, b'@'..=b'~') => self.end_parameters(byte, whole),

            State::Text(_) if byte == ESCAPE => self.state = State::TextEscape,
            State::Text(length) if byte >= b' ' && length < LONGEST_TEXT => {
                self.keep(byte);
                self.state = State::Text(length + 1);
            }
            State::Text(_) if byte == BELL => self.end_text(whole),
            State::TextEscape if byte == b'\\' => self.end_text(whole),
            State::TextEscape => {
                self.drop_begun();
                self.begin(ESCAPE, whole);
                self.take_in(byte, whole);
            }

            // The byte is no part of what was begun, which is given up for it.
            State::Missing(_) | State::Parameters | State::Text(_) => {
                self.drop_begun();
                self.begin(byte, whole);
            }
        }
    }

    /// Begins a key or a sequence.
    fn begin(&mut self, byte: u8, whole: &mut Vec<Vec<u8>>) {
        match byte {
            ESCAPE => {
                self.keep(byte);
                self.state = State::Escape;
            }
            0..=0x7f => whole.push(vec![byte]),
            _ => self.begin_character(byte),
        }
    }

    /// Begins a character of several bytes; other bytes mean nothing.
    fn begin_character(&mut self, byte: u8) {
        let missing = match byte {
            0xc2..=0xdf => 1,
            0xe0..=0xef => 2,
            0xf0..=0xf4 => 3,
            _ => return self.drop_begun(),
        };
        self.keep(byte);
        self.state = State::Missing(missing);
    }

    fn after_escape(&mut self, byte: u8, whole: &mut Vec<Vec<u8>>) {
        match byte {
            ESCAPE => whole.push(vec![ESCAPE]),
            b'[' | b'O' => {
                self.keep(byte);
                self.state = State::Parameters;
            }
            b']' | b'P' | b'_' | b'^' | b'X' => {
                self.keep(byte);
                self.state = State::Text(0);
            }
            0..=0x7f => {
                self.keep(byte);
                self.end(whole);
            }
            _ => self.begin_character(byte),
        }
    }

    /// Takes in the byte that ends most sequences. Two old ones go on: the function keys of the
    /// Linux console, and the mouse of terminals that don't know a better way to tell it.
    fn end_parameters(&mut self, byte: u8, whole: &mut Vec<Vec<u8>>) {
        let is_first = self.begun == b"\x1b[";
        self.keep(byte);
        match byte {
            b'[' if is_first => self.state = State::Missing(1),
            b'M' if is_first => self.state = State::Missing(3),
            _ => self.end(whole),
        }
    }

    /// Returns whether a byte may stand within what is begun: the rest of a character, or anything
    /// but a control character.
    fn fits(&self, byte: u8) -> bool {
        if self.begun.starts_with(b"\x1b[") {
            byte >= b' '
        } else {
            matches!(byte, 0x80..=0xbf)
        }
    }

    /// Keeps a byte of what is begun, unless that is too long to mean anything.
    fn keep(&mut self, byte: u8) {
        if self.begun.len() <= LONGEST_SEQUENCE {
            self.begun.push(byte);
        }
    }

    /// Ends what is begun.
    fn end(&mut self, whole: &mut Vec<Vec<u8>>) {
        let ended = std::mem::take(&mut self.begun);
        self.state = State::Ground;
        if ended.len() <= LONGEST_SEQUENCE {
            whole.push(ended);
        }
    }

    /// Ends a sequence that holds text. It is whole without what ends it; the rest of one that was
    /// given up is not, and one without text would look like a key.
    fn end_text(&mut self, whole: &mut Vec<Vec<u8>>) {
        let is_whole = matches!(self.begun[..], [ESCAPE, _, _, ..]);
        if is_whole {
            self.end(whole);
        } else {
            self.drop_begun();
        }
    }

    /// Drops what is begun.
    pub(super) fn drop_begun(&mut self) {
        self.begun.clear();
        self.state = State::Ground;
    }

    /// The time for which the bytes so far may wait for more; `None` where nothing is begun.
    pub(super) fn patience(&self) -> Option<Patience> {
        match self.state {
            State::Ground => None,
            State::Escape | State::Text(0) => Some(Patience::Short),
            State::Missing(_) | State::Parameters | State::Text(_) | State::TextEscape => {
                Some(Patience::Long)
            }
        }
    }

    /// Gives up what is begun, as nothing came in time; returns the keys that it was after all.
    pub(super) fn give_up(&mut self) -> Vec<Vec<u8>> {
        let keys = match self.state {
            State::Escape | State::TextEscape => vec![vec![ESCAPE]],
            State::Text(0) => self.begun.iter().map(|byte| vec![*byte]).collect(),
            State::Ground | State::Missing(_) | State::Parameters | State::Text(_) => Vec::new(),
        };

        self.given_up = match self.state {
            State::Ground | State::Missing(_) => None,
            state => Some(state),
        };
        self.drop_begun();
        keys
    }
}

/// Returns whether a piece of input looks like the rest of a sequence whose beginning was given up
/// in this state. Nobody types that within one piece.
fn is_rest(state: State, piece: &[u8]) -> bool {
    match state {
        State::Escape => match piece {
            [b'[', b'A'..=b'D' | b'F' | b'H'] => true,
            [b'[', rest @ ..] => is_end_of_parameters(rest),
            [b']' | b'P' | b'_' | b'^', text @ ..] => is_end_of_text(text),
            _ => false,
        },
        State::Parameters => is_end_of_parameters(piece),
        State::Text(_) | State::TextEscape => is_end_of_text(piece),
        State::Ground | State::Missing(_) => false,
    }
}

/// Returns whether this is at least one parameter, and the final byte behind it.
fn is_end_of_parameters(piece: &[u8]) -> bool {
    let Some((last, parameters)) = piece.split_last() else {
        return false;
    };
    matches!(last, b'@'..=b'~')
        && !parameters.is_empty()
        && parameters.iter().all(|byte| matches!(byte, b' '..=b'?'))
}

/// Returns whether this is text with the mark that ends it.
fn is_end_of_text(piece: &[u8]) -> bool {
    let text = piece
        .strip_suffix(b"\x1b\\")
        .or_else(|| piece.strip_suffix(&[BELL]));
    text.is_some_and(|text| text.iter().all(|byte| *byte >= b' '))
}
