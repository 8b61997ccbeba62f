//! The terminal's events as messages.

use super::key::{Code, Key};
use super::message::Message;
use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// The message behind an event; `None` for what the shop has no use for.
#[must_use]
pub fn message(event: Event) -> Option<Message> {
    match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => self::key(key).map(Message::Key),
        Event::Paste(text) => Some(Message::Paste(text)),
        Event::Resize(width, height) => Some(Message::Resize(width, height)),
        _ => None,
    }
}

fn key(event: KeyEvent) -> Option<Key> {
    let code = match event.code {
        KeyCode::Char(c) => Code::Char(c),
        KeyCode::F(n) => Code::F(n),
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
        KeyCode::Esc => Code::named("esc")?,
        KeyCode::Backspace => Code::named("backspace")?,
        KeyCode::Delete => Code::named("delete")?,
        KeyCode::Insert => Code::named("insert")?,
        _ => return None,
    };
    let with = |modifier| event.modifiers.contains(modifier);
    Some(Key { code, ctrl: with(KeyModifiers::CONTROL), alt: with(KeyModifiers::ALT) })
}
