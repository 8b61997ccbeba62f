//! Decodes the terminal's bytes to events.
//!
//! The [`Splitter`] finds where keys and sequences begin and end, and the parser of the `termina`
//! crate, which is used in this file alone, knows what they mean. The [`Decoder`] takes pastes out,
//! and ends whatever does not end by itself.

use super::background::background_told;
use super::sequences::side_margins_told;
use super::splitter::{Patience, Splitter};
use crate::config::key::{Code, Key};
use crate::crash;
use crate::tui::message::{Mouse, MouseKind, TerminalEvent};
use std::collections::VecDeque;
use std::time::Duration;
use termina::event::{
    KeyCode, KeyEvent, KeyEventKind, Modifiers, MouseButton, MouseEvent, MouseEventKind,
};
use termina::{Event, Parser};

/// The time that an escape waits for the rest of a sequence before it is a key. A slow link may
/// deliver the two that far apart.
const ESCAPE_TIMEOUT: Duration = Duration::from_millis(150);
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

/// Decodes bytes to events. Whatever comes, and wherever it is cut, keys work again after a
/// moment of silence.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    splitter: Splitter,
    parser: Parser,
    paste: Option<Paste>,
    /// The terminal's answer on whether it knows margins at the sides, until somebody takes it.
    pub(super) side_margins: Option<bool>,
}

/// A paste whose end has not come yet.
#[derive(Debug, Default)]
struct Paste {
    text: Vec<u8>,
    /// Bytes that may be the beginning of the end marker.
    held: Vec<u8>,
    /// Nothing came for long, and the text so far was passed on. From now on, what looks like
    /// a key is one.
    is_overdue: bool,
}

impl Decoder {
    /// Decodes what was read.
    pub(super) fn feed(&mut self, bytes: &[u8], out: &mut VecDeque<TerminalEvent>) {
        self.end_overdue_paste(bytes, out);
        self.splitter.begin_piece(bytes);

        let mut rest = bytes;
        while !rest.is_empty() {
            let decoded = match &self.paste {
                Some(_) => self.continue_paste(rest, out),
                None => self.decode_keys(rest, out),
            };
            rest = &rest[decoded..];
        }
    }

    /// Ends an overdue paste before what looks like a key.
    fn end_overdue_paste(&mut self, bytes: &[u8], out: &mut VecDeque<TerminalEvent>) {
        let Some(paste) = &self.paste else {
            return;
        };
        let ahead = [&paste.held, bytes].concat();
        let is_key = bytes.len() <= LONGEST_KEY && find(&ahead, PASTE_END).is_none();
        if paste.is_overdue && is_key {
            out.extend(paste_event(&paste.text));
            self.paste = None;
        }
    }

    /// Adds bytes to the paste, up to its end; returns how many were taken.
    fn continue_paste(&mut self, bytes: &[u8], out: &mut VecDeque<TerminalEvent>) -> usize {
        let Some(paste) = &mut self.paste else {
            return 0;
        };
        let already_held = paste.held.len();
        paste.held.extend_from_slice(bytes);

        // Whichever comes first ends it: its marker, which goes, or ctrl-c, which stays.
        let marker = find(&paste.held, PASTE_END);
        let ctrl_c = paste.held.iter().position(|byte| *byte == CTRL_C);
        let end = match (marker, ctrl_c) {
            (Some(marker), Some(ctrl_c)) if ctrl_c < marker => Some((ctrl_c, ctrl_c)),
            (Some(marker), _) => Some((marker, marker + PASTE_END.len())),
            (None, Some(ctrl_c)) => Some((ctrl_c, ctrl_c)),
            (None, None) => None,
        };

        // Without an end, the last bytes may be the beginning of its marker.
        let open_end = paste.held.len() - partial_end(&paste.held, PASTE_END);
        let (text_end, taken) = end.unwrap_or((open_end, open_end));
        let room = LONGEST_PASTE.saturating_sub(paste.text.len());
        paste
            .text
            .extend_from_slice(&paste.held[..text_end.min(room)]);
        paste.held.drain(..taken);

        if end.is_none() {
            return bytes.len();
        }
        out.extend(paste_event(&paste.text));
        self.paste = None;
        taken - already_held
    }

    /// The time to wait for more bytes before [`Decoder::on_timeout`]; `None` where nothing
    /// waits for more.
    #[must_use]
    pub(super) fn timeout(&self) -> Option<Duration> {
        match &self.paste {
            Some(paste) if paste.is_overdue && paste.text.is_empty() => None,
            Some(_) => Some(SEQUENCE_TIMEOUT),
            None => self.splitter.patience().map(|patience| match patience {
                Patience::Short => ESCAPE_TIMEOUT,
                Patience::Long => SEQUENCE_TIMEOUT,
            }),
        }
    }

    /// Ends what did not go on in time: nothing came for as long as [`Decoder::timeout`] said.
    pub(super) fn on_timeout(&mut self, out: &mut VecDeque<TerminalEvent>) {
        if let Some(paste) = &mut self.paste {
            let text = std::mem::take(&mut paste.text);
            let is_first = !std::mem::replace(&mut paste.is_overdue, true);
            let text = String::from_utf8_lossy(&text).into_owned();
            // One that brought no text yet is told, too: it is not over.
            if is_first || !text.is_empty() {
                out.push_back(TerminalEvent::Paste(text));
            }
            return;
        }

        for key in self.splitter.give_up() {
            out.extend(self.decode(&key));
        }
    }

    /// Decodes bytes up to the beginning of a paste; returns how many were taken.
    fn decode_keys(&mut self, bytes: &[u8], out: &mut VecDeque<TerminalEvent>) -> usize {
        for (position, byte) in bytes.iter().enumerate() {
            for whole in self.splitter.push(*byte) {
                if whole == PASTE_START {
                    self.paste = Some(Paste::default());
                    return position + 1;
                }
                out.extend(self.decode(&whole));
            }
        }
        bytes.len()
    }

    /// Decodes one key or sequence; `None` for one without a use in the shop.
    fn decode(&mut self, whole: &[u8]) -> Option<TerminalEvent> {
        if let Some(has_side_margins) = side_margins_told(whole) {
            self.side_margins = Some(has_side_margins);
            return None;
        }
        if let Some(is_light) = background_told(whole) {
            return Some(TerminalEvent::Background { is_light });
        }
        if let Some(code) = keypad_code(whole) {
            return Some(TerminalEvent::Key(Key::plain(code)));
        }
        if !is_for_parser(whole) {
            return None;
        }

        self.parser.parse(whole, false);
        let event = self.parser.pop();
        let is_one_event = self.parser.pop().is_none();
        // What it does not know it would hold back, or take for keys.
        if event.is_none() || !is_one_event {
            self.parser = Parser::default();
            return None;
        }
        event.and_then(useful)
    }
}

/// The key of a keypad that a terminal sends by a sequence of its own, in either of the two ways;
/// what stands on it is meant, as the screen has no other use for it.
fn keypad_code(whole: &[u8]) -> Option<Code> {
    let character = match whole {
        [0x1b, b'O', key @ (b'j'..=b'y' | b'X')] => match key {
            b'X' => '=',
            key => char::from(key - 0x40),
        },
        [0x1b, b'O', b'M'] => return Code::named("enter"),
        [0x1b, b'[', digits @ .., b'u'] => {
            match std::str::from_utf8(digits).ok()?.parse::<u32>().ok()? {
                digit @ 57_399..=57_408 => char::from_digit(digit - 57_399, 10)?,
                57_409 => '.',
                57_410 => '/',
                57_411 => '*',
                57_412 => '-',
                57_413 => '+',
                57_414 => return Code::named("enter"),
                57_415 => '=',
                _ => return None,
            }
        }
        _ => return None,
    };

    Some(Code::Char(character))
}

/// Returns whether the parser reads a key or sequence to its end. It takes the rest of others for
/// keys.
fn is_for_parser(whole: &[u8]) -> bool {
    match whole {
        [0x1b, b'[', b'0'..=b'9' | b'<' | b'?' | b'[' | b'M', ..] => true,
        [0x1b, b'[' | b'O', rest @ ..] => rest.len() == 1,
        // These hold text.
        [0x1b, b']' | b'P' | b'_' | b'^' | b'X', _, ..] => false,
        _ => true,
    }
}

/// The event of pasted text; none for nothing.
fn paste_event(text: &[u8]) -> Option<TerminalEvent> {
    let text = String::from_utf8_lossy(text);
    (!text.is_empty()).then(|| TerminalEvent::Paste(text.into_owned()))
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

/// Reads an event of the parser; `None` for one without a use in the shop.
fn useful(event: Event) -> Option<TerminalEvent> {
    crash::where_asked(|| matches!(&event, Event::Key(key) if key.code == KeyCode::Function(12)));

    match event {
        Event::Key(event) if event.kind != KeyEventKind::Release => {
            key(event).map(TerminalEvent::Key)
        }
        Event::Mouse(event) => mouse(event).map(TerminalEvent::Mouse),
        Event::Paste(text) => Some(TerminalEvent::Paste(text)),
        Event::FocusIn => Some(TerminalEvent::Focus(true)),
        Event::FocusOut => Some(TerminalEvent::Focus(false)),
        _ => None,
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
mod tests;
