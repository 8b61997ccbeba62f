//! The bytes that tell somebody something who looks elsewhere: the bell and a notification.

use crate::config::alerts::{AlertWays, Notification};
use crate::config::display::Display;
use crate::model::text;

/// The longest text of a notification, in characters.
const LONGEST: usize = 200;
/// The end of a sequence. A bell would end it, too, but ring where a terminal does not know it.
const END: &str = "\x1b\\";

/// The bytes for something that happened at `place`, a cart or a page, as far as a terminal takes
/// them.
pub(crate) fn bytes(ways: AlertWays, display: Display, place: &str, words: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    if ways.bell {
        bytes.push(b'\x07');
    }

    // It must begin with a letter: some terminals take a number there for another command.
    let title = plain(display, &format!("trolley · {place}"));
    let words = plain(display, words);
    let sequence = match ways.notification {
        None => return bytes,
        Some(Notification::Osc9) => format!("\x1b]9;{title}: {words}{END}"),
        Some(Notification::Osc99) => format!("\x1b]99;;{title}: {words}{END}"),
        Some(Notification::Osc777) => format!("\x1b]777;notify;{title};{words}{END}"),
    };
    bytes.extend(sequence.into_bytes());
    bytes
}

/// A text without anything that could end the sequence, or a field of it, early.
fn plain(display: Display, words: &str) -> String {
    let words = text::sanitize_to(words.as_bytes(), LONGEST);
    let words = text::shown(&words).into_owned();
    display.text(words).replace(';', ",")
}
