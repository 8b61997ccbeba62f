//! The help: made from the key map.

use super::pane;
use super::row::{self, left};
use crate::tui::keymap;
use crate::tui::theme::Theme;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

/// The columns for the keys.
const KEYS: u16 = 26;

/// Draws the help from row `top` on.
pub fn draw(top: usize, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    let block = pane(theme, true, Line::from(Span::styled(" Keys ", theme.accent)));
    let inner = block.inner(area);
    block.render(area, buffer);
    let keys = KEYS.min(inner.width / 2);
    for (line, (shown, help)) in (0..inner.height).zip(keymap::help().skip(top)) {
        let cells =
            [left(&shown, keys, theme.accent), left(help, inner.width.saturating_sub(keys + 1), theme.text)];
        row::draw(&cells, Rect { y: inner.y + line, height: 1, ..inner }, theme.text, false, buffer);
    }
}
