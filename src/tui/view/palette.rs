//! The entries of the command palette.

use super::pane;
use super::row;
use crate::config::theme::Theme;
use crate::model::text;
use crate::tui::layout::palette;
use crate::tui::state::{Mode, State};
use crate::tui::view::row::{left, right};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Widget};

/// Draws the entries while a command is typed.
pub fn draw(state: &State, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    let Mode::Palette { input, cursor } = &state.mode else {
        return;
    };
    let entries = palette::entries(state, input.value());
    Clear.render(area, buffer);
    buffer.set_style(area, theme.text.patch(theme.ground));
    let block = pane(
        theme,
        true,
        Line::from(Span::styled(" Commands ", theme.accent)),
    );
    let inner = block.inner(area);
    block.render(area, buffer);
    if entries.is_empty() {
        let said = palette::nothing(state, input.value());
        return row::draw(
            &[left(&said, inner.width, theme.bad)],
            Rect { height: 1, ..inner },
            theme.text,
            false,
            buffer,
        );
    }
    let first = palette::first(*cursor, inner.height);
    for (line, (place, entry)) in (0..inner.height).zip(entries.iter().enumerate().skip(first)) {
        let hint = u16::try_from(text::width(&entry.hint))
            .unwrap_or(0)
            .min(inner.width / 2);
        let cells = [
            left(
                &entry.label,
                inner.width.saturating_sub(hint + 1),
                theme.text,
            ),
            right(&entry.hint, hint, theme.dim),
        ];
        let (ground, over) = if place == *cursor {
            (theme.selected, true)
        } else {
            (theme.text, false)
        };
        row::draw(
            &cells,
            Rect {
                y: inner.y + line,
                height: 1,
                ..inner
            },
            ground,
            over,
            buffer,
        );
    }
}
