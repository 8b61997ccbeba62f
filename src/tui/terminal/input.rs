//! The terminal's input as messages.
//!
//! We read the terminal ourselves, and only where something is there: one consumer, on the
//! screen's own task, that stops reading when it is dropped. What the bytes mean, the parser
//! of `termina` knows; the [`Decoder`] around it sees to what never ends.

use crate::config::key::{Code, Key};
use crate::tui::alarm;
use crate::tui::message::{Message, Mouse, MouseKind};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use std::collections::VecDeque;
use std::io::{self, Stdin};
use std::time::Duration;
use termina::event::{
    KeyCode, KeyEvent, KeyEventKind, Modifiers, MouseButton, MouseEvent, MouseEventKind,
};
use termina::{Event, Parser};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::time::Instant;

/// How long the beginning of a sequence may wait for its rest: a lone escape is a key.
const ALONE: Duration = Duration::from_millis(30);
/// After this long without a byte, what was begun does not end any more.
const NEVER: Duration = Duration::from_secs(1);

/// What terminals put around pasted text.
const PASTE: &[u8] = b"\x1b[200~";
const PASTED: &[u8] = b"\x1b[201~";
/// Terminals take it out of what they paste, so that it is a key even there.
const CTRL_C: u8 = 3;
/// The longest sequence of one key; pasted text comes in larger pieces.
const LONGEST_KEY: usize = 8;
/// What is kept of a pasted text; more can't be typed anyway.
const LONGEST_PASTE: usize = 65_536;

/// The terminal's input.
pub struct Input {
    tty: AsyncFd<Stdin>,
    decoder: Decoder,
    ready: VecDeque<Message>,
    last: Instant,
}

impl Input {
    /// Begins to read the terminal.
    ///
    /// # Errors
    /// The system's.
    pub fn open() -> io::Result<Input> {
        #[allow(
            deprecated,
            reason = "sound here, as Stdin is the same descriptor for ever; its successor is unsafe"
        )]
        let tty = AsyncFd::with_interest(io::stdin(), Interest::READABLE)?;
        Ok(Input {
            tty,
            decoder: Decoder::default(),
            ready: VecDeque::new(),
            last: Instant::now(),
        })
    }

    /// The next message; `None` where the terminal is gone.
    ///
    /// # Errors
    /// The system's.
    pub async fn next(&mut self) -> io::Result<Option<Message>> {
        loop {
            if let Some(message) = self.ready.pop_front() {
                return Ok(Some(message));
            }
            let quiet = self.decoder.patience().map(|patience| self.last + patience);
            tokio::select! {
                readable = self.tty.readable() => {
                    let mut readable = readable?;
                    let mut bytes = [0; 4096];
                    match read(self.tty.get_ref(), &mut bytes)? {
                        Read::Nothing => readable.clear_ready(),
                        Read::Gone => return Ok(None),
                        Read::Bytes(count) => {
                            self.last = Instant::now();
                            self.decoder.feed(&bytes[..count], &mut self.ready);
                        }
                    }
                }
                () = alarm::at(quiet) => self.decoder.quiet(&mut self.ready),
            }
        }
    }
}

enum Read {
    Nothing,
    Bytes(usize),
    Gone,
}

/// Reads what is there, and never waits: the terminal is shared with other programs, so it
/// can't be made one that does not block.
fn read(tty: &Stdin, bytes: &mut [u8]) -> io::Result<Read> {
    let mut asked = [PollFd::new(tty, PollFlags::IN)];
    match poll(
        &mut asked,
        Some(&Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        }),
    ) {
        Ok(_) | Err(Errno::INTR) => {}
        Err(error) => return Err(error.into()),
    }
    let found = asked[0].revents();
    if !found.contains(PollFlags::IN) {
        let gone = found.intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL);
        return Ok(if gone { Read::Gone } else { Read::Nothing });
    }
    match rustix::io::read(tty, bytes) {
        Ok(0) | Err(Errno::IO) => Ok(Read::Gone),
        Ok(count) => Ok(Read::Bytes(count)),
        Err(Errno::INTR | Errno::AGAIN) => Ok(Read::Nothing),
        Err(error) => Err(error.into()),
    }
}

/// Bytes to messages. Whatever comes, and wherever it is cut, keys work again after a moment
/// of silence.
#[derive(Debug, Default)]
pub struct Decoder {
    parser: Parser,
    /// What may be the beginning of a paste.
    held: Vec<u8>,
    paste: Option<Paste>,
    /// Whether the parser may be within a sequence.
    unsure: bool,
}

/// A paste whose end has not come yet.
#[derive(Debug, Default)]
struct Paste {
    text: Vec<u8>,
    /// Nothing came for long: what looks like a key is one.
    doubtful: bool,
}

impl Decoder {
    /// Takes in what was read.
    pub fn feed(&mut self, bytes: &[u8], out: &mut VecDeque<Message>) {
        let key = bytes.len() <= LONGEST_KEY && find(bytes, PASTED).is_none();
        if key && self.paste.as_ref().is_some_and(|paste| paste.doubtful) {
            self.paste = None;
        }
        self.held.extend_from_slice(bytes);
        while self.paste.is_none() || self.end_paste(out) {
            let Some(at) = find(&self.held, PASTE) else {
                let whole = self.held.len() - begun(&self.held, PASTE);
                let keys: Vec<u8> = self.held.drain(..whole).collect();
                return self.keys(&keys, true, out);
            };
            let keys: Vec<u8> = self.held.drain(..at + PASTE.len()).collect();
            self.keys(&keys[..at], false, out);
            // What was begun before it does not go on after it.
            (self.parser, self.unsure) = (Parser::default(), false);
            self.paste = Some(Paste::default());
        }
    }

    /// Takes over what belongs to the paste; whether it ended.
    fn end_paste(&mut self, out: &mut VecDeque<Message>) -> bool {
        let Some(paste) = &mut self.paste else {
            return true;
        };
        let key = self.held.iter().position(|byte| *byte == CTRL_C);
        let end = find(&self.held, PASTED);
        let (text, rest) = match (end, key) {
            (Some(end), key) if key.is_none_or(|key| end < key) => (end, end + PASTED.len()),
            (_, Some(key)) => (key, key),
            // Its end may have come in part.
            _ => (self.held.len() - begun(&self.held, PASTED), usize::MAX),
        };
        let room = LONGEST_PASTE.saturating_sub(paste.text.len());
        paste.text.extend_from_slice(&self.held[..text.min(room)]);
        let ended = rest <= self.held.len();
        self.held.drain(..if ended { rest } else { text });
        if ended && let Some(paste) = self.paste.take() {
            paste.tell(out);
        }
        ended
    }

    /// How long to wait for more before [`Decoder::quiet`].
    #[must_use]
    pub fn patience(&self) -> Option<Duration> {
        match &self.paste {
            Some(paste) => (!paste.doubtful).then_some(NEVER),
            None if !self.held.is_empty() => Some(ALONE),
            None => self.unsure.then_some(NEVER),
        }
    }

    /// Nothing came for as long as [`Decoder::patience`] said.
    pub fn quiet(&mut self, out: &mut VecDeque<Message>) {
        if let Some(paste) = &mut self.paste {
            let told = Paste {
                text: std::mem::take(&mut paste.text),
                doubtful: true,
            };
            paste.doubtful = true;
            self.held.clear();
            return told.tell(out);
        }
        if self.held.is_empty() {
            (self.parser, self.unsure) = (Parser::default(), false);
        }
        let held = std::mem::take(&mut self.held);
        self.keys(&held, false, out);
    }

    fn keys(&mut self, bytes: &[u8], more: bool, out: &mut VecDeque<Message>) {
        for (at, byte) in bytes.iter().enumerate() {
            self.parser.parse(&[*byte], more || at + 1 < bytes.len());
            self.unsure = true;
            while let Some(event) = self.parser.pop() {
                self.unsure = false;
                out.extend(message(event));
            }
        }
    }
}

impl Paste {
    fn tell(self, out: &mut VecDeque<Message>) {
        if !self.text.is_empty() {
            out.push_back(Message::Paste(
                String::from_utf8_lossy(&self.text).into_owned(),
            ));
        }
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes
        .windows(wanted.len())
        .position(|window| window == wanted)
}

/// How many bytes at the end may be the beginning of `wanted`.
fn begun(bytes: &[u8], wanted: &[u8]) -> usize {
    let most = bytes.len().min(wanted.len() - 1);
    (1..=most)
        .rev()
        .find(|length| bytes.ends_with(&wanted[..*length]))
        .unwrap_or(0)
}

/// The message behind an event; `None` for what the shop has no use for.
fn message(event: Event) -> Option<Message> {
    #[cfg(debug_assertions)]
    panic_on_demand(&event);
    match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => self::key(key).map(Message::Key),
        Event::Mouse(event) => mouse(event).map(Message::Mouse),
        Event::Paste(text) => Some(Message::Paste(text)),
        _ => None,
    }
}

/// Lets a test see what a panic leaves behind; not in the released program.
#[cfg(debug_assertions)]
#[allow(clippy::panic, reason = "that is its purpose")]
fn panic_on_demand(event: &Event) {
    let asked = matches!(
        event,
        Event::Key(KeyEvent {
            code: KeyCode::Function(12),
            ..
        })
    );
    if asked && std::env::var_os("TROLLEY_PANIC").is_some() {
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
    let with = |modifier| event.modifiers.contains(modifier);
    Some(Key {
        code,
        ctrl: with(Modifiers::CONTROL),
        alt: with(Modifiers::ALT),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What comes of pieces; `-` between them is a silence.
    fn decode(pieces: &[&[u8]]) -> Vec<String> {
        let (mut decoder, mut out) = (Decoder::default(), VecDeque::new());
        for piece in pieces {
            if *piece == b"-" {
                decoder.quiet(&mut out)
            } else {
                decoder.feed(piece, &mut out)
            }
        }
        let said = |message| match message {
            Message::Key(key) => key.to_string(),
            Message::Paste(text) => format!("paste {text:?}"),
            Message::Mouse(mouse) => format!("{:?} {} {}", mouse.kind, mouse.column, mouse.row),
            other => format!("{other:?}"),
        };
        out.into_iter().map(said).collect()
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
        assert_eq!(decode(&[b"\x1b", b"-", b"j"]), ["Esc", "j"]);
        assert_eq!(decode(&[b"\x1b[", b"-", b"-", b"j"]), ["j"]);
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
        let rest = [b'q'; 100];
        assert_eq!(decode(&[b"\x1b[200~x", b"-", b"j"]), ["paste \"x\"", "j"]);
        assert_eq!(
            decode(&[b"\x1b[200~x", b"j\x03"]),
            ["paste \"xj\"", "Ctrl-C"]
        );
        // Where it was only slow, its rest is no keys.
        let slow = decode(&[b"\x1b[200~x", b"-", &rest, b"\x1b[201~", b"j"]);
        assert_eq!(
            slow,
            ["paste \"x\"", &format!("paste {:?}", "q".repeat(100)), "j"]
        );
    }

    #[test]
    fn a_sequence_that_a_paste_cuts_off_does_not_swallow_the_next_key() {
        let (mut decoder, mut out) = (Decoder::default(), VecDeque::new());
        decoder.feed(b"\x1b[\x1b[200~", &mut out);
        decoder.quiet(&mut out);
        out.clear();
        decoder.feed(b"j", &mut out);
        assert!(
            matches!(&out.make_contiguous()[..], [Message::Key(key)] if key.typed() == Some('j'))
        );
    }

    proptest! {
        #[test]
        fn after_any_bytes_keys_work_again(pieces in proptest::collection::vec(
            proptest::collection::vec(prop_oneof![Just(0x1b), Just(b'['), Just(b'2'), Just(b'0'), Just(b'~'), any::<u8>()], 0..40), 0..8)) {
            let (mut decoder, mut out) = (Decoder::default(), VecDeque::new());
            for piece in &pieces {
                decoder.feed(piece, &mut out);
            }
            // Each silence ends one thing: a paste, the beginning of a sequence, the sequence.
            for _ in 0..3 {
                decoder.quiet(&mut out);
            }
            prop_assert_eq!(decoder.patience(), None);
            out.clear();
            decoder.feed(b"j", &mut out);
            prop_assert!(matches!(&out.make_contiguous()[..], [Message::Key(key)] if key.typed() == Some('j')));
        }
    }
}
