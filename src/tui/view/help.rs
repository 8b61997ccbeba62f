//! The help: made from the key map.

use super::row;
use super::{pane, scroll_bar};
use crate::tui::layout::help;
use crate::tui::layout::help::HelpRow;
use crate::tui::state::State;
use crate::tui::view::row::left;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

/// Draws the help from row `top` on.
pub fn draw(state: &State, top: usize, area: Rect, buffer: &mut Buffer) {
    let theme = &state.theme;
    let block = pane(
        theme,
        true,
        Line::from(Span::styled(" Keys ", theme.accent)),
    );
    let inner = block.inner(area);
    block.render(area, buffer);
    let rows = help::rows(state);
    // On a screen that grew, all that fits shows.
    let top = top.min(rows.len().saturating_sub(usize::from(inner.height)));
    let keys = help::keys(inner.width);
    for (shown, y) in rows.iter().skip(top).zip(inner.y..inner.bottom()) {
        let area = Rect {
            y,
            height: 1,
            ..inner
        };
        match shown {
            HelpRow::Head(group) => row::draw(
                &[left(group, inner.width, theme.warn)],
                area,
                theme.text,
                false,
                buffer,
            ),
            HelpRow::Keys(names, said) => {
                let rest = inner.width.saturating_sub(keys + 1);
                let cells = [
                    left(names, keys, theme.accent),
                    left(said, rest, theme.text),
                ];
                row::draw(&cells, area, theme.text, false, buffer);
            }
        }
    }
    scroll_bar(theme, area, inner, rows.len(), top, buffer);
}
