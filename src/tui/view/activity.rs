//! The activity: who changed what and when, newest first.

use super::row;
use super::{header, hint, pane, scroll_bar};
use crate::config::theme::Theme;
use crate::model::ChangeKind;
use crate::tui::layout::activity::describe;
use crate::tui::state::State;
use crate::tui::view::row::left;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

/// The columns for the time.
const TIME: u16 = 5;

/// Draws the activity.
pub fn draw(state: &State, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    let block = pane(
        theme,
        false,
        Line::from(Span::styled(" Activity ", theme.accent)),
    );
    let rows = block.inner(area);
    block.render(area, buffer);
    if state.activity.entries.is_empty() {
        let said = "Nothing yet. What anybody changes in this cart shows here.";
        return hint(theme, said, rows, buffer);
    }
    let who = (rows.width / 4).min(24);
    let top = state.activity.top.min(
        state
            .activity
            .entries
            .len()
            .saturating_sub(usize::from(rows.height)),
    );
    scroll_bar(theme, area, rows, state.activity.entries.len(), top, buffer);
    for (line, entry) in (0..rows.height).zip(state.activity.entries.iter().rev().skip(top)) {
        let activity = &entry.summary;
        let time = header::minute(state, i64::try_from(activity.at).unwrap_or(0));
        let by = if activity.kind == ChangeKind::Expire {
            ""
        } else {
            activity.by.as_str()
        };
        let what = describe(state, activity);
        let cells = [
            left(&time, TIME, theme.dim),
            left(by, who, theme.dim),
            left(&what, rows.width.saturating_sub(TIME + who + 2), theme.text),
        ];
        row::draw(
            &cells,
            Rect {
                y: rows.y + line,
                height: 1,
                ..rows
            },
            theme.text,
            false,
            buffer,
        );
    }
}
