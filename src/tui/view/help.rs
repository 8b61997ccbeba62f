//! The help: the keys and the mouse, by groups.

use super::row;
use super::row::{RowBackground, left};
use super::sketch::Sketch;
use super::{draw_pane, draw_scroll_bar};
use crate::config::theme::Theme;
use crate::tui::layout::help;
use crate::tui::layout::help::HelpRow;
use ratatui::layout::Rect;
use ratatui::text::Span;

/// Draws the rows of the help from row `top` on.
pub(in crate::tui) fn draw(
    theme: &Theme,
    rows: &[HelpRow],
    top: usize,
    area: Rect,
    sketch: &mut Sketch,
) {
    let title = Span::styled(" Keys ", theme.accent);
    let inner = draw_pane(theme, true, title, area, sketch);

    // The screen may have grown since the help was scrolled.
    let top = top.min(rows.len().saturating_sub(usize::from(inner.height)));
    draw_scroll_bar(theme, area, inner, rows.len(), top, sketch);
    // Nothing is selected: whoever follows the cursor reads from the first row that shows.
    sketch.point_at(inner);

    let background = RowBackground::Plain(theme.text);
    let keys_width = help::keys_width(inner.width);
    let text_width = inner.width.saturating_sub(keys_width + 1);
    for (area, help_row) in inner.rows().zip(rows.iter().skip(top)) {
        match help_row {
            HelpRow::Group(name) => {
                let cells = [left(name, inner.width, theme.warn)];
                row::draw(&cells, background, area, sketch);
            }
            HelpRow::Keys { keys, text } => {
                let cells = [
                    left(keys, keys_width, theme.accent),
                    left(text, text_width, theme.text),
                ];
                row::draw(&cells, background, area, sketch);
            }
        }
    }
}
