//! The activity: who changed what and when, newest first.

use super::row;
use super::row::{RowBackground, left};
use super::{draw_placeholder, draw_scroll_bar, pane};
use crate::model::time::{ClockStyle, clock};
use crate::model::{Activity, ChangeKind};
use crate::tui::layout::activity::describe;
use crate::tui::state::State;
use crate::tui::state::areas::Areas;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Span;
use ratatui::widgets::Widget;

/// The columns for the time.
const TIME: u16 = 5;
/// The most columns for a name.
const WIDEST_NAME: u16 = 24;

/// Draws the activity, where it shows.
pub(super) fn draw(state: &State, areas: &Areas, buffer: &mut Buffer) {
    let Some(frame) = areas.activity else { return };
    let theme = &state.theme;
    let entries = &state.activity.entries;

    let block = pane(theme, false, Span::styled(" Activity ", theme.accent));
    let rows = block.inner(frame);
    block.render(frame, buffer);

    if entries.is_empty() {
        let text = "Nothing yet. What anybody changes in this cart shows here.";
        return draw_placeholder(theme, text, rows, buffer);
    }

    // The pane may have grown since it was scrolled.
    let last_top = entries.len().saturating_sub(usize::from(rows.height));
    let top = state.activity.top.min(last_top);
    draw_scroll_bar(theme, frame, rows, entries.len(), top, buffer);

    for (area, entry) in rows.rows().zip(entries.iter().rev().skip(top)) {
        draw_entry(state, &entry.summary, area, buffer);
    }
}

/// Draws one entry: when, who, what.
fn draw_entry(state: &State, activity: &Activity, area: Rect, buffer: &mut Buffer) {
    let theme = &state.theme;
    let millis = i64::try_from(activity.at).unwrap_or(0);
    let time = clock(millis, &state.env.zone, ClockStyle::Minute);

    // Nobody does it when a line expires.
    let name = if activity.kind == ChangeKind::Expire {
        ""
    } else {
        activity.by.as_str()
    };
    let name_width = (area.width / 4).min(WIDEST_NAME);

    let what = describe(state, activity);
    let what_width = area.width.saturating_sub(TIME + name_width + 2);

    let cells = [
        left(&time, TIME, theme.dim),
        left(name, name_width, theme.dim),
        left(&what, what_width, theme.text),
    ];
    row::draw(&cells, RowBackground::Plain(theme.text), area, buffer);
}
