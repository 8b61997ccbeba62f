//! The terminal's events as messages.

use super::key::{Code, Key};
use super::message::{Message, Mouse, MouseKind};
use crossterm::event::{
    Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};

/// The message behind an event; `None` for what the shop has no use for.
#[must_use]
pub fn message(event: Event) -> Option<Message> {
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
    let asked = matches!(event, Event::Key(KeyEvent { code: KeyCode::F(12), .. }));
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
    Some(Mouse { kind, column: event.column, row: event.row })
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
