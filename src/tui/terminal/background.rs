//! Asks the terminal for the colour of its background. Before a screen of this process's terminal, what
//! is typed meanwhile is no answer: it is kept, for the screen to take in as the first keys. An answer
//! that comes later, or from a terminal elsewhere, is found among the keys.

use super::tty;
use std::time::{Duration, Instant};
use xterm_color::Color;

/// Asks for the background. The bell ends the question, as some terminals end their answer in the
/// same way, and can't be trusted to end it in the other.
pub(crate) const ASK_BACKGROUND: &[u8] = b"\x1b]11;?\x07";
/// Asks for the terminal's attributes, which any terminal tells: where that answer comes, there
/// will be none to the question before.
const ASK_ATTRIBUTES: &[u8] = b"\x1b[c";

/// The beginning of the answer about the background.
const BACKGROUND: &[u8] = b"\x1b]11;";
/// The beginning of the answer about the attributes, which ends with a `c`.
const ATTRIBUTES: &[u8] = b"\x1b[?";

/// The most bytes that are read before the answers.
const MOST_BYTES: usize = 64 * 1024;

/// Asks whether the background is light; `None` where the terminal does not tell that in time. All
/// bytes that came are added to `typed`: the answers among them mean nothing to the screen.
pub(crate) fn is_light(timeout: Duration, typed: &mut Vec<u8>) -> Option<bool> {
    let is_silent = is_known_as_silent(&std::env::var("TERM").unwrap_or_default());
    if is_silent || tty::write_all(&[ASK_BACKGROUND, ASK_ATTRIBUTES].concat()).is_err() {
        return None;
    }

    let deadline = Instant::now() + timeout;
    let start = typed.len();
    while !has_attributes(&typed[start..]) && typed.len() - start < MOST_BYTES {
        let left = deadline.saturating_duration_since(Instant::now());
        match tty::read_within(left) {
            Some(bytes) => typed.extend(bytes),
            None => break,
        }
    }
    background(&typed[start..]).map(|colour| is_light_colour(&colour))
}

/// Reads the answer of a terminal that was asked for its background, without what ends it: whether
/// that is light. `None` for any other sequence.
pub(super) fn background_told(sequence: &[u8]) -> Option<bool> {
    let colour = sequence.strip_prefix(BACKGROUND)?;
    Color::parse(colour)
        .ok()
        .map(|colour| is_light_colour(&colour))
}

fn is_light_colour(colour: &Color) -> bool {
    colour.perceived_lightness() > 0.5
}

/// Tells whether terminals of this kind answer in another sequence than they are asked, or not at
/// all.
pub(crate) fn is_known_as_silent(term: &str) -> bool {
    term == "screen" || term.starts_with("screen.") || term == "Eterm"
}

/// Tells whether the answer about the attributes is there, to its end.
fn has_attributes(bytes: &[u8]) -> bool {
    let answers = following(bytes, ATTRIBUTES);
    answers.into_iter().any(|answer| {
        let end = answer
            .iter()
            .position(|byte| !matches!(byte, b'0'..=b'9' | b';'));
        end.is_some_and(|end| answer[end] == b'c')
    })
}

/// The colour of the background, where the answer is there, to its end.
fn background(bytes: &[u8]) -> Option<Color> {
    let answers = following(bytes, BACKGROUND);
    answers.into_iter().find_map(|answer| {
        let end = answer.iter().position(|byte| matches!(byte, 0x07 | 0x1b))?;
        Color::parse(&answer[..end]).ok()
    })
}

/// The bytes that follow each occurrence of `beginning`.
fn following<'a>(bytes: &'a [u8], beginning: &[u8]) -> Vec<&'a [u8]> {
    let places = bytes.windows(beginning.len()).enumerate();
    places
        .filter(|(_, window)| *window == beginning)
        .map(|(place, _)| &bytes[place + beginning.len()..])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_found_among_what_is_typed() {
        let light = |bytes: &[u8]| background(bytes).map(|c| c.perceived_lightness() > 0.5);
        assert_eq!(
            light(b"jj\x1b]11;rgb:ffff/ffff/ffff\x07a\x1b[?62;4c"),
            Some(true)
        );
        assert_eq!(light(b"\x1b[A\x1b]11;rgb:12/12/12\x1b\\"), Some(false));
        assert_eq!(light(b"\x1b]11;rgba:0000/0000/0000/ffff\x07"), Some(false));
        // Answers that are cut off, damaged or missing.
        for bytes in [
            &b"\x1b]11;rgb:ffff/ffff/ffff"[..],
            b"\x1b]11;purple\x07",
            b"\x1b]10;rgb:ffff/ffff/ffff\x07",
            b"",
        ] {
            assert_eq!(light(bytes), None);
        }

        assert!(has_attributes(b"x\x1b[?62;4cjj"));
        assert!(has_attributes(b"\x1b[?c"));
        for bytes in [&b"\x1b[?62;4"[..], b"\x1b[?2004hc", b"c", b""] {
            assert!(!has_attributes(bytes), "{bytes:?}");
        }
    }
}
