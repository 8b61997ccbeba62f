//! Decodes the terminal's bytes to messages.
//!
//! The parser of the `termina` crate knows what sequences mean; it is used in this file alone.
//! The [`Decoder`] around it takes pastes out, and ends whatever does not end by itself.

use crate::config::key::{Code, Key};
use crate::tui::message::{Message, Mouse, MouseKind};
use std::collections::VecDeque;
use std::time::Duration;
use termina::event::{
    KeyCode, KeyEvent, KeyEventKind, Modifiers, MouseButton, MouseEvent, MouseEventKind,
};
use termina::{Event, Parser};

/// The time that the beginning of a sequence waits for its rest: a lone escape is a key.
const ESCAPE_TIMEOUT: Duration = Duration::from_millis(30);
/// After this long without a byte, a sequence or paste that was begun does not end any more.
const SEQUENCE_TIMEOUT: Duration = Duration::from_secs(1);

/// The marker that terminals put before pasted text.
const PASTE_START: &[u8] = b"\x1b[200~";
/// The marker that terminals put behind pasted text.
const PASTE_END: &[u8] = b"\x1b[201~";
/// Ctrl-c. Terminals take it out of what they paste, so that it is a key even there.
const CTRL_C: u8 = 3;
/// The longest sequence of one key; pasted text comes in larger pieces.
const LONGEST_KEY: usize = 8;
/// The bytes that are kept of a pasted text; more can't be typed anyway.
const LONGEST_PASTE: usize = 65_536;

/// Decodes bytes to messages. Whatever comes, and wherever it is cut, keys work again after a
/// moment of silence.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    parser: Parser,
    /// True where the parser may be within a sequence.
    in_sequence: bool,
    /// Bytes that may be the beginning of a marker.
    held: Vec<u8>,
    paste: Option<Paste>,
}

/// A paste whose end has not come yet.
#[derive(Debug, Default)]
struct Paste {
    text: Vec<u8>,
    /// Nothing came for long, and the text so far was passed on. From now on, what looks like
    /// a key is one.
    is_overdue: bool,
}

/// Tells whether a sequence may go on behind the bytes at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Continuation {
    /// A sequence that they begin may go on with what is read next.
    MayFollow,
    /// A sequence that they begin does not go on.
    Ended,
}

impl Decoder {
    /// Decodes what was read.
    pub(super) fn feed(&mut self, bytes: &[u8], out: &mut VecDeque<Message>) {
        let looks_like_key = bytes.len() <= LONGEST_KEY && find(bytes, PASTE_END).is_none();
        if looks_like_key && self.paste.as_ref().is_some_and(|paste| paste.is_overdue) {
            self.paste = None;
        }

        self.held.extend_from_slice(bytes);
        while self.paste.is_none() || self.continue_paste(out) {
            let Some(start) = find(&self.held, PASTE_START) else {
                // The last bytes may be the beginning of a marker: they wait for the next ones.
                let keys = self.held.len() - partial_end(&self.held, PASTE_START);
                let keys: Vec<u8> = self.held.drain(..keys).collect();
                self.decode_keys(&keys, Continuation::MayFollow, out);
                return;
            };

            let keys: Vec<u8> = self.held.drain(..start).collect();
            self.held.drain(..PASTE_START.len());
            self.decode_keys(&keys, Continuation::Ended, out);
            // A sequence that the paste cut off does not go on after it.
            self.reset_parser();
            self.paste = Some(Paste::default());
        }
    }

    /// Moves bytes from `held` to the paste; returns whether it ended.
    fn continue_paste(&mut self, out: &mut VecDeque<Message>) -> bool {
        let Some(paste) = &mut self.paste else {
            return true;
        };

        // Whichever comes first ends it: its marker, which goes, or ctrl-c, which stays.
        let marker = find(&self.held, PASTE_END);
        let ctrl_c = self.held.iter().position(|byte| *byte == CTRL_C);
        let end = match (marker, ctrl_c) {
            (Some(marker), Some(ctrl_c)) if ctrl_c < marker => Some((ctrl_c, ctrl_c)),
            (Some(marker), _) => Some((marker, marker + PASTE_END.len())),
            (None, Some(ctrl_c)) => Some((ctrl_c, ctrl_c)),
            (None, None) => None,
        };

        // Without an end, the last bytes may be the beginning of its marker.
        let open_end = self.held.len() - partial_end(&self.held, PASTE_END);
        let (text_end, rest) = end.unwrap_or((open_end, open_end));
        let room = LONGEST_PASTE.saturating_sub(paste.text.len());
        paste
            .text
            .extend_from_slice(&self.held[..text_end.min(room)]);
        self.held.drain(..rest);

        if end.is_some()
            && let Some(paste) = self.paste.take()
        {
            out.extend(paste_message(&paste.text));
        }
        end.is_some()
    }

    /// The time to wait for more bytes before [`Decoder::on_timeout`]; `None` where nothing
    /// waits for more.
    #[must_use]
    pub(super) fn timeout(&self) -> Option<Duration> {
        match &self.paste {
            Some(paste) if paste.is_overdue => None,
            Some(_) => Some(SEQUENCE_TIMEOUT),
            None if !self.held.is_empty() => Some(ESCAPE_TIMEOUT),
            None if self.in_sequence => Some(SEQUENCE_TIMEOUT),
            None => None,
        }
    }

    /// Ends what did not go on in time: nothing came for as long as [`Decoder::timeout`] said.
    pub(super) fn on_timeout(&mut self, out: &mut VecDeque<Message>) {
        if let Some(paste) = &mut self.paste {
            let text = std::mem::take(&mut paste.text);
            paste.is_overdue = true;
            self.held.clear();
            out.extend(paste_message(&text));
            return;
        }

        if self.held.is_empty() {
            self.reset_parser();
        }
        let held = std::mem::take(&mut self.held);
        self.decode_keys(&held, Continuation::Ended, out);
    }

    /// Decodes bytes that are no part of a paste.
    fn decode_keys(
        &mut self,
        bytes: &[u8],
        continuation: Continuation,
        out: &mut VecDeque<Message>,
    ) {
        for (position, byte) in bytes.iter().enumerate() {
            let is_last = position + 1 == bytes.len();
            let maybe_more = !is_last || continuation == Continuation::MayFollow;
            self.parser.parse(&[*byte], maybe_more);

            self.in_sequence = true;
            while let Some(event) = self.parser.pop() {
                self.in_sequence = false;
                out.extend(message(event));
            }
        }
    }

    /// Drops a sequence that was begun.
    fn reset_parser(&mut self) {
        self.parser = Parser::default();
        self.in_sequence = false;
    }
}

/// The message for pasted text; none for nothing.
fn paste_message(text: &[u8]) -> Option<Message> {
    let text = String::from_utf8_lossy(text);
    (!text.is_empty()).then(|| Message::Paste(text.into_owned()))
}

/// The position of `wanted` in `bytes`.
fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes
        .windows(wanted.len())
        .position(|window| window == wanted)
}

/// The number of bytes at the end of `bytes` that may be the beginning of `wanted`.
fn partial_end(bytes: &[u8], wanted: &[u8]) -> usize {
    let longest = bytes.len().min(wanted.len() - 1);
    (1..=longest)
        .rev()
        .find(|length| bytes.ends_with(&wanted[..*length]))
        .unwrap_or(0)
}

/// The message for an event; `None` for events without a use in the shop.
fn message(event: Event) -> Option<Message> {
    #[cfg(debug_assertions)]
    panic_on_demand(&event);

    match event {
        Event::Key(event) if event.kind != KeyEventKind::Release => key(event).map(Message::Key),
        Event::Mouse(event) => mouse(event).map(Message::Mouse),
        Event::Paste(text) => Some(Message::Paste(text)),
        _ => None,
    }
}

/// Lets a test see what a panic leaves behind; not in the released program.
#[cfg(debug_assertions)]
#[allow(clippy::panic, reason = "that is its purpose")]
fn panic_on_demand(event: &Event) {
    let is_asked = matches!(
        event,
        Event::Key(KeyEvent {
            code: KeyCode::Function(12),
            ..
        })
    );
    if is_asked && std::env::var_os("TROLLEY_PANIC").is_some() {
        panic!("asked to panic");
    }
}

fn mouse(event: MouseEvent) -> Option<Mouse> {
    let kind = match event.kind {
        MouseEventKind::Down(MouseButton::Left) => MouseKind::Press,
        MouseEventKind::ScrollUp => MouseKind::WheelUp,
        MouseEventKind::ScrollDown => MouseKind::WheelDown,
        _ => return None,
    };
    Some(Mouse {
        kind,
        column: event.column,
        row: event.row,
    })
}

fn key(event: KeyEvent) -> Option<Key> {
    let code = match event.code {
        KeyCode::Char(c) => Code::Char(c),
        KeyCode::Function(n) => Code::F(n),
        KeyCode::Up => Code::named("up")?,
        KeyCode::Down => Code::named("down")?,
        KeyCode::Left => Code::named("left")?,
        KeyCode::Right => Code::named("right")?,
        KeyCode::Home => Code::named("home")?,
        KeyCode::End => Code::named("end")?,
        KeyCode::PageUp => Code::named("pageup")?,
        KeyCode::PageDown => Code::named("pagedown")?,
        KeyCode::Enter => Code::named("enter")?,
        KeyCode::Tab => Code::named("tab")?,
        KeyCode::BackTab => Code::named("backtab")?,
        KeyCode::Escape => Code::named("esc")?,
        KeyCode::Backspace => Code::named("backspace")?,
        KeyCode::Delete => Code::named("delete")?,
        KeyCode::Insert => Code::named("insert")?,
        _ => return None,
    };

    Some(Key {
        code,
        ctrl: event.modifiers.contains(Modifiers::CONTROL),
        alt: event.modifiers.contains(Modifiers::ALT),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    /// A silence, among pieces of input.
    const SILENCE: &[u8] = b"-";

    /// The messages that come of pieces of input, in words.
    fn decode(pieces: &[&[u8]]) -> Vec<String> {
        let mut decoder = Decoder::default();
        let mut out = VecDeque::new();
        for piece in pieces {
            if *piece == SILENCE {
                decoder.on_timeout(&mut out);
            } else {
                decoder.feed(piece, &mut out);
            }
        }
        out.into_iter().map(in_words).collect()
    }

    fn in_words(message: Message) -> String {
        match message {
            Message::Key(key) => key.to_string(),
            Message::Paste(text) => format!("paste {text:?}"),
            Message::Mouse(mouse) => format!("{:?} {} {}", mouse.kind, mouse.column, mouse.row),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn keys_whole_and_in_pieces() {
        let keys = b"aG\r\x1b[A\x1b[5~\x1bx\x03\x1b[3~\xc3\xa9\x1b[<0;5;7M";
        let whole = [
            "a",
            "G",
            "Enter",
            "↑",
            "PgUp",
            "Alt-x",
            "Ctrl-C",
            "Del",
            "é",
            "Press 4 6",
        ];
        assert_eq!(decode(&[keys]), whole);
        let pieces: Vec<&[u8]> = keys.chunks(1).collect();
        assert_eq!(decode(&pieces), whole);
    }

    #[test]
    fn a_lone_escape_is_a_key_after_a_moment() {
        assert_eq!(decode(&[b"\x1b"]), Vec::<String>::new());
        assert_eq!(decode(&[b"\x1b", SILENCE, b"j"]), ["Esc", "j"]);
        assert_eq!(decode(&[b"\x1b[", SILENCE, SILENCE, b"j"]), ["j"]);
    }

    #[test]
    fn pastes_whole_and_in_pieces() {
        let paste = b"\x1b[200~a\nq\x1b[201~b";
        assert_eq!(decode(&[paste]), ["paste \"a\\nq\"", "b"]);
        assert_eq!(
            decode(&paste.chunks(1).collect::<Vec<_>>()),
            ["paste \"a\\nq\"", "b"]
        );
    }

    #[test]
    fn a_paste_that_never_ends_swallows_no_keys() {
        assert_eq!(
            decode(&[b"\x1b[200~x", SILENCE, b"j"]),
            ["paste \"x\"", "j"]
        );
        assert_eq!(
            decode(&[b"\x1b[200~x", b"j\x03"]),
            ["paste \"xj\"", "Ctrl-C"]
        );
    }

    #[test]
    fn the_rest_of_a_slow_paste_is_no_keys() {
        let rest = [b'q'; 100];
        let slow = decode(&[b"\x1b[200~x", SILENCE, &rest, b"\x1b[201~", b"j"]);
        assert_eq!(
            slow,
            ["paste \"x\"", &format!("paste {:?}", "q".repeat(100)), "j"]
        );
    }

    #[test]
    fn a_sequence_that_a_paste_cuts_off_does_not_swallow_the_next_key() {
        let mut decoder = Decoder::default();
        let mut out = VecDeque::new();
        decoder.feed(b"\x1b[\x1b[200~", &mut out);
        decoder.on_timeout(&mut out);
        out.clear();
        decoder.feed(b"j", &mut out);
        assert_eq!(out.pop_front().map(in_words).as_deref(), Some("j"));
    }

    /// Bytes as a hostile terminal sends them: markers and sequences, whole, cut and mixed
    /// with anything.
    fn hostile_bytes() -> impl Strategy<Value = Vec<u8>> {
        let fragment = prop_oneof![
            Just(PASTE_START.to_vec()),
            Just(PASTE_END.to_vec()),
            Just(b"\x1b".to_vec()),
            Just(b"\x1b[".to_vec()),
            Just(b"\x1b[2".to_vec()),
            Just(b"\x1b[<0;5;7M".to_vec()),
            Just(b"\x1b[<9999999999;5".to_vec()),
            Just(b"\x1b[M".to_vec()),
            Just(b"\x1b]11;rgb:".to_vec()),
            Just(b"\x1bP1$r".to_vec()),
            Just(b"\x1bO".to_vec()),
            Just(vec![CTRL_C]),
            Just("é抹".as_bytes().to_vec()),
            vec(any::<u8>(), 0..12),
        ];
        vec(fragment, 0..12).prop_map(|fragments| fragments.concat())
    }

    /// Input of a terminal that sends only whole sequences.
    fn usual_bytes() -> impl Strategy<Value = Vec<u8>> {
        let sequence = prop_oneof![
            Just("j"),
            Just("é"),
            Just("抹"),
            Just("\r"),
            Just("\x1b[A"),
            Just("\x1b[5~"),
            Just("\x1b[1;5C"),
            Just("\x1bOP"),
            Just("\x1b[<64;12;7M"),
            Just("\x1b[200~one\ntwo\x1b[201~"),
            Just("\x03"),
        ];
        vec(sequence, 0..20).prop_map(|sequences| sequences.concat().into_bytes())
    }

    /// `bytes` in pieces, cut at these positions.
    fn cut<'a>(bytes: &'a [u8], positions: &[prop::sample::Index]) -> Vec<&'a [u8]> {
        let mut cuts: Vec<usize> = positions
            .iter()
            .map(|position| position.index(bytes.len() + 1))
            .collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        cuts.windows(2).map(|cut| &bytes[cut[0]..cut[1]]).collect()
    }

    proptest! {
        #[test]
        fn after_any_bytes_keys_work_again(
            bytes in hostile_bytes(),
            cuts in vec(any::<prop::sample::Index>(), 0..8),
            silences in vec(any::<bool>(), 8),
        ) {
            let mut decoder = Decoder::default();
            let mut out = VecDeque::new();
            for (piece, silence) in cut(&bytes, &cuts).into_iter().zip(silences.into_iter().cycle()) {
                decoder.feed(piece, &mut out);
                if silence {
                    decoder.on_timeout(&mut out);
                }
                // No more is held than the beginning of a marker.
                prop_assert!(decoder.held.len() < PASTE_START.len());
            }

            // Each silence ends one thing: a paste, the beginning of a sequence, the sequence.
            for _ in 0..3 {
                decoder.on_timeout(&mut out);
            }
            prop_assert_eq!(decoder.timeout(), None);
            out.clear();
            decoder.feed(b"j", &mut out);
            prop_assert_eq!(out.into_iter().map(in_words).collect::<Vec<_>>(), ["j"]);
        }

        #[test]
        fn it_does_not_matter_where_input_is_cut(
            bytes in usual_bytes(),
            cuts in vec(any::<prop::sample::Index>(), 0..20),
        ) {
            prop_assert_eq!(decode(&cut(&bytes, &cuts)), decode(&[&bytes]));
        }

        #[test]
        fn ctrl_c_ends_any_paste(text in "[a-z ]{0,40}", cuts in vec(any::<prop::sample::Index>(), 0..5)) {
            let bytes = format!("\x1b[200~{text}\x03");
            let decoded = decode(&cut(bytes.as_bytes(), &cuts));
            prop_assert_eq!(decoded.last().map(String::as_str), Some("Ctrl-C"));
        }
    }
}
