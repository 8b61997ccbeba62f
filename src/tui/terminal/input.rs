//! The input of a terminal: makes events of the bytes that it sends.

use super::decoder::Decoder;
use crate::tui::message::TerminalEvent;
use std::collections::VecDeque;
use tokio::time::Instant;

/// The input of a terminal. The [`Decoder`] knows what the bytes mean; here is the time.
pub(crate) struct TerminalInput {
    decoder: Decoder,
    last_bytes: Instant,
}

impl TerminalInput {
    /// The input of a terminal that has sent nothing yet.
    pub(crate) fn new() -> TerminalInput {
        TerminalInput {
            decoder: Decoder::default(),
            last_bytes: Instant::now(),
        }
    }

    /// Decodes bytes that have come.
    pub(crate) fn take_in(&mut self, bytes: &[u8]) -> VecDeque<TerminalEvent> {
        self.last_bytes = Instant::now();

        let mut events = VecDeque::new();
        self.decoder.feed(bytes, &mut events);
        let keys = events.iter().filter(|event| !is_told_by_terminal(event));
        if keys.count() > 1 {
            events.push_front(TerminalEvent::KeysTogether);
        }
        events
    }

    /// Tells whether the terminal knows margins at the sides, where it has told that since last
    /// asked.
    pub(crate) fn take_side_margins(&mut self) -> Option<bool> {
        self.decoder.side_margins.take()
    }

    /// The moment of [`TerminalInput::on_timeout`]; `None` where nothing waits for more bytes.
    pub(crate) fn timeout_at(&self) -> Option<Instant> {
        let timeout = self.decoder.timeout()?;
        Some(self.last_bytes + timeout)
    }

    /// Ends a sequence that was begun and did not go on in time.
    pub(crate) fn on_timeout(&mut self) -> VecDeque<TerminalEvent> {
        let mut events = VecDeque::new();
        self.decoder.on_timeout(&mut events);
        events
    }
}

/// Returns whether it is the terminal that tells this, and nobody has pressed or typed anything.
fn is_told_by_terminal(event: &TerminalEvent) -> bool {
    match event {
        TerminalEvent::Focus(_) | TerminalEvent::Background { .. } => true,
        TerminalEvent::Key(_)
        | TerminalEvent::KeysTogether
        | TerminalEvent::Paste(_)
        | TerminalEvent::Mouse(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_comes_with_the_focus_does_not_come_with_other_keys() {
        let mut input = TerminalInput::new();
        let came = input.take_in(b"\x1b[O\x1b[Ij");
        assert!(matches!(came[0], TerminalEvent::Focus(false)), "{came:?}");
        assert!(matches!(came[1], TerminalEvent::Focus(true)), "{came:?}");
        assert!(matches!(came[2], TerminalEvent::Key(_)), "{came:?}");
        let more = input.take_in(b"\x1b[Ijj");
        assert!(matches!(more[0], TerminalEvent::KeysTogether), "{more:?}");
    }

    #[test]
    fn the_answer_about_the_background_is_no_key() {
        for (answer, is_light) in [
            ("\x1b]11;rgb:ffff/ffff/ffff\x07", Some(true)),
            ("\x1b]11;rgb:ffff/ffff/ffff\x1b\\", Some(true)),
            ("\x1b]11;#101010\x07", Some(false)),
            ("\x1b]11;rgba:0000/0000/0000/ffff\x07", Some(false)),
            ("\x1b]11;purple\x07", None),
            ("\x1b]10;rgb:ffff/ffff/ffff\x07", None),
            (
                "\x1b]11;rgb:ffff/ffff/ffff;and so on, for longer than any colour is, and still more\x07",
                None,
            ),
            ("\x1bPrgb:ffff/ffff/ffff\x1b\\", None),
        ] {
            let mut input = TerminalInput::new();
            let came = input.take_in(format!("j{answer}").as_bytes());
            assert!(matches!(came[0], TerminalEvent::Key(_)), "{came:?}");
            let told: Vec<_> = came.iter().skip(1).collect();
            let expected = is_light.map(|is_light| TerminalEvent::Background { is_light });
            assert_eq!(told, expected.iter().collect::<Vec<_>>(), "{answer:?}");
        }

        // Where its beginning was given up, the rest is nothing.
        let mut input = TerminalInput::new();
        assert!(input.take_in(b"\x1b]11;rgb:ff").is_empty());
        assert!(input.on_timeout().is_empty());
        assert!(input.take_in(b"ff/ffff/ffff\x07").is_empty());
    }

    #[test]
    fn the_answer_about_margins_is_no_key() {
        for (answer, has_side_margins) in [("1", true), ("2", true), ("0", false), ("4", false)] {
            let mut input = TerminalInput::new();
            let came = input.take_in(format!("j\x1b[?69;{answer}$y").as_bytes());
            assert_eq!(came.len(), 1, "{came:?}");
            assert_eq!(input.take_side_margins(), Some(has_side_margins));
            assert_eq!(input.take_side_margins(), None);
        }

        let mut input = TerminalInput::new();
        assert_eq!(input.take_in(b"\x1b[?2026;2$y\x1b[?69;2$").len(), 0);
        assert_eq!(input.take_side_margins(), None);
        assert_eq!(input.take_in(b"y").len(), 0);
        assert_eq!(input.take_side_margins(), Some(true));
    }
}
