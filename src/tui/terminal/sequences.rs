//! The sequences that take a terminal for the screen, and give it back as it was.

use crossterm::style::Print;
use crossterm::{cursor, event, queue, terminal};

/// Puts the title on the terminal's stack of titles.
const SAVE_TITLE: &str = "\x1b[22;2t";
/// Takes the title back from there.
const RESTORE_TITLE: &str = "\x1b[23;2t";
/// Takes back the colours and the margins of a frame that was cut off.
const RESTORE_PEN_AND_MARGINS: &str = "\x1b[m\x1b[?69l\x1b[r";

/// Asks whether the terminal has a mode for margins at the sides. A few terminals that do not
/// understand this write a part of it.
pub(super) const ASK_SIDE_MARGINS: &str = "\x1b[?69$p";

/// Reads the answer to [`ASK_SIDE_MARGINS`]: whether there is such a mode. `None` for any other
/// sequence.
pub(super) fn side_margins_told(sequence: &[u8]) -> Option<bool> {
    let state = sequence.strip_prefix(b"\x1b[?69;")?.strip_suffix(b"$y")?;
    // The mode is set (1) or reset (2): the terminal knows it.
    Some(matches!(state, b"1" | b"2"))
}

/// The sequence that takes a terminal. The mouse is taken with the first frame, where the screen
/// wants it.
pub(crate) fn entering() -> Vec<u8> {
    let mut out = Vec::new();
    // Writing to memory does not fail.
    let _ = queue!(
        out,
        Print(SAVE_TITLE),
        terminal::EnterAlternateScreen,
        cursor::Hide,
        event::EnableBracketedPaste
    );
    out
}

/// The sequence that undoes all that [`entering`] and the frames did.
pub(crate) fn restoring() -> Vec<u8> {
    let mut out = Vec::new();
    // Writing to memory does not fail.
    let _ = queue!(
        out,
        Print(RESTORE_PEN_AND_MARGINS),
        terminal::EndSynchronizedUpdate,
        event::DisableMouseCapture,
        event::DisableFocusChange,
        event::DisableBracketedPaste,
        terminal::LeaveAlternateScreen,
        cursor::Show,
        Print(RESTORE_TITLE)
    );
    out
}
