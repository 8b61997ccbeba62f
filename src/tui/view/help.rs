//! The help: the keys and the mouse, by groups.

use super::row;
use super::row::{RowBackground, left};
use super::sketch::Sketch;
use super::{draw_pane, draw_placeholder, draw_scroll_bar, titled};
use crate::config::keymap::{HelpScope, Keymap};
use crate::config::theme::Theme;
use crate::model::text;
use crate::tui::layout::help;
use crate::tui::layout::help::HelpRow;
use crate::tui::state::help::HelpPage;
use ratatui::layout::Rect;

/// The most columns for the words that are looked for.
const LONGEST_WORDS: usize = 30;

/// Draws the help of screens of this kind, as it was scrolled and searched.
pub(in crate::tui) fn draw(
    theme: &Theme,
    keymap: &Keymap,
    scope: HelpScope,
    page: &HelpPage,
    area: Rect,
    sketch: &mut Sketch,
) {
    let words = page.words.value();
    let looked_for = match words {
        "" => Vec::new(),
        words => vec![(
            format!("/{}", text::truncate(words, LONGEST_WORDS)),
            theme.warn,
        )],
    };
    let title = titled(theme, " Keys ", looked_for, area);
    let inner = draw_pane(theme, true, title, area, sketch);

    let rows = help::rows(keymap, scope, area.width, words);
    if rows.is_empty() {
        let message = format!("No key has “{words}” in its words");
        return draw_placeholder(theme, &message, inner, sketch);
    }

    // The screen may have grown since the help was scrolled.
    let top = page
        .top
        .min(rows.len().saturating_sub(usize::from(inner.height)));
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
