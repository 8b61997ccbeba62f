//! The help: the keys and the mouse, by groups.

use super::row;
use super::row::{RowBackground, left};
use super::{draw_scroll_bar, pane};
use crate::tui::layout::help;
use crate::tui::layout::help::HelpRow;
use crate::tui::state::State;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Span;
use ratatui::widgets::Widget;

/// Draws the help from row `top` on.
pub(super) fn draw(state: &State, top: usize, area: Rect, buffer: &mut Buffer) {
    let theme = &state.theme;
    let block = pane(theme, true, Span::styled(" Keys ", theme.accent));
    let inner = block.inner(area);
    block.render(area, buffer);

    // The screen may have grown since the help was scrolled.
    let rows = help::rows(state);
    let top = top.min(rows.len().saturating_sub(usize::from(inner.height)));
    draw_scroll_bar(theme, area, inner, rows.len(), top, buffer);

    let background = RowBackground::Plain(theme.text);
    let keys_width = help::keys_width(inner.width);
    let text_width = inner.width.saturating_sub(keys_width + 1);
    for (area, help_row) in inner.rows().zip(rows.iter().skip(top)) {
        match help_row {
            HelpRow::Group(name) => {
                let cells = [left(name, inner.width, theme.warn)];
                row::draw(&cells, background, area, buffer);
            }
            HelpRow::Keys { keys, text } => {
                let cells = [
                    left(keys, keys_width, theme.accent),
                    left(text, text_width, theme.text),
                ];
                row::draw(&cells, background, area, buffer);
            }
        }
    }
}
