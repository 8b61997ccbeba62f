//! The sequences that take a terminal for the screen, and give it back as it was.

use crossterm::style::Print;
use crossterm::{cursor, event, queue, terminal};

/// Puts the title on the terminal's stack of titles.
const SAVE_TITLE: &str = "\x1b[22;2t";
/// Takes the title back from there.
const RESTORE_TITLE: &str = "\x1b[23;2t";

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
