//! The help: made from the key map.

use super::row::{self, left};
use super::{pane, scroll_bar};
use crate::tui::state::State;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

/// The columns for the keys.
const KEYS: u16 = 26;

/// Draws the help from row `top` on.
pub fn draw(state: &State, top: usize, area: Rect, buffer: &mut Buffer) {
    let theme = &state.theme;
    let block = pane(theme, true, Line::from(Span::styled(" Keys ", theme.accent)));
    let inner = block.inner(area);
    block.render(area, buffer);
    let keys = KEYS.min(inner.width / 2);
    for (line, entry) in (0..inner.height).zip(state.session.keymap.explained().skip(top)) {
        let shown = entry.shown();
        let cells = [
            left(&shown, keys, theme.accent),
            left(entry.help, inner.width.saturating_sub(keys + 1), theme.text),
        ];
        row::draw(&cells, Rect { y: inner.y + line, height: 1, ..inner }, theme.text, false, buffer);
    }
    scroll_bar(theme, area, inner, state.session.keymap.explained().count(), top, buffer);
}
