//! The entries of the command palette.

use super::row;
use super::row::{RowBackground, left, right};
use super::sketch::Sketch;
use super::{draw_pane, row_background};
use crate::config::theme::Theme;
use crate::model::text;
use crate::tui::layout::palette;
use crate::tui::state::{Mode, State};
use ratatui::layout::Rect;
use ratatui::text::Span;

/// Draws the entries while a command is typed.
pub(super) fn draw(state: &State, area: Rect, sketch: &mut Sketch) {
    let Mode::Palette { input, cursor } = &state.mode else {
        return;
    };
    let entries = palette::entries(state, input.value());
    let rows: Vec<CommandRow<'_>> = entries
        .iter()
        .map(|entry| (entry.label.as_str(), entry.hint.as_str()))
        .collect();
    if rows.is_empty() {
        let message = palette::no_match_message(state, input.value());
        return draw_none(&state.theme, &message, area, sketch);
    }
    draw_commands(&state.theme, &rows, *cursor, area, sketch);
}

/// The sentence of a command, and its keys or other hint.
pub(in crate::tui) type CommandRow<'a> = (&'a str, &'a str);

/// Draws the frame of the palette, and returns the area inside.
fn draw_frame(theme: &Theme, area: Rect, sketch: &mut Sketch) -> Rect {
    sketch.clear_lines(area, theme.text.patch(theme.background));
    let title = Span::styled(" Commands ", theme.accent);
    draw_pane(theme, true, title, area, sketch)
}

/// Draws the sentence in place of the commands, where there are none.
pub(in crate::tui) fn draw_none(theme: &Theme, message: &str, area: Rect, sketch: &mut Sketch) {
    let inner = draw_frame(theme, area, sketch);
    let cells = [left(message, inner.width, theme.bad)];
    let background = RowBackground::Plain(theme.text);
    row::draw(&cells, background, row::first_line(inner), sketch);
}

/// Draws the commands that are offered.
pub(in crate::tui) fn draw_commands(
    theme: &Theme,
    commands: &[CommandRow<'_>],
    cursor: usize,
    area: Rect,
    sketch: &mut Sketch,
) {
    let inner = draw_frame(theme, area, sketch);
    let top = palette::first_row(cursor, inner.height);
    let visible = commands.iter().enumerate().skip(top);
    for (area, (row, command)) in inner.rows().zip(visible) {
        let background = row_background(theme, row == cursor, true);
        row::draw_sign(theme, background, area, sketch);
        draw_command(theme, *command, background, area, sketch);
    }
}

/// Draws one command, with its keys or other hint at the right.
fn draw_command(
    theme: &Theme,
    (label, hint): CommandRow<'_>,
    background: RowBackground,
    area: Rect,
    sketch: &mut Sketch,
) {
    let hint_width = u16::try_from(text::width(hint)).unwrap_or(0);
    let hint_width = hint_width.min(area.width / 2);
    let label_width = area.width.saturating_sub(hint_width + 1);

    let cells = [
        left(label, label_width, theme.text),
        right(hint, hint_width, theme.dim),
    ];
    row::draw(&cells, background, area, sketch);
}
