//! The entries of the command palette.

use super::row;
use super::row::{RowBackground, left, right};
use super::sketch::Sketch;
use super::{draw_pane, row_background};
use crate::model::text;
use crate::tui::layout::palette;
use crate::tui::layout::palette::PaletteEntry;
use crate::tui::state::{Mode, State};
use ratatui::layout::Rect;
use ratatui::text::Span;

/// Draws the entries while a command is typed.
pub(super) fn draw(state: &State, area: Rect, sketch: &mut Sketch) {
    let Mode::Palette { input, cursor } = &state.mode else {
        return;
    };
    let theme = &state.theme;

    sketch.clear_lines(area, theme.text.patch(theme.background));
    let title = Span::styled(" Commands ", theme.accent);
    let inner = draw_pane(theme, true, title, area, sketch);

    let entries = palette::entries(state, input.value());
    if entries.is_empty() {
        let message = palette::no_match_message(state, input.value());
        let cells = [left(&message, inner.width, theme.bad)];
        let background = RowBackground::Plain(theme.text);
        return row::draw(&cells, background, row::first_line(inner), sketch);
    }

    let top = palette::first_row(*cursor, inner.height);
    let visible = entries.iter().enumerate().skip(top);
    for (area, (row, entry)) in inner.rows().zip(visible) {
        let background = row_background(theme, row == *cursor, true);
        draw_entry(state, entry, background, area, sketch);
    }
}

/// Draws one entry, with its keys or other hint at the right.
fn draw_entry(
    state: &State,
    entry: &PaletteEntry,
    background: RowBackground,
    area: Rect,
    sketch: &mut Sketch,
) {
    let theme = &state.theme;
    let hint_width = u16::try_from(text::width(&entry.hint)).unwrap_or(0);
    let hint_width = hint_width.min(area.width / 2);
    let label_width = area.width.saturating_sub(hint_width + 1);

    let cells = [
        left(&entry.label, label_width, theme.text),
        right(&entry.hint, hint_width, theme.dim),
    ];
    row::draw(&cells, background, area, sketch);
}
