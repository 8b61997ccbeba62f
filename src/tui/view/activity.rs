//! The activity: who changed what and when, newest first.

use super::row;
use super::row::{RowBackground, left, right};
use super::sketch::Sketch;
use super::{draw_pane, draw_placeholder, draw_scroll_bar};
use crate::config::keymap::Action;
use crate::model::text;
use crate::tui::layout::activity::{author_of, describe, describe_event};
use crate::tui::state::State;
use crate::tui::state::activity::ActivityEntry;
use crate::tui::state::areas::Areas;
use ratatui::layout::Rect;
use ratatui::text::Span;

/// The columns for a time by 24 hours.
const TIME: u16 = 5;
/// The most columns for a name.
const WIDEST_NAME: u16 = 24;

/// Draws the activity, where it shows.
pub(super) fn draw(state: &State, areas: &Areas, sketch: &mut Sketch) {
    let Some(frame) = areas.activity else { return };
    let theme = &state.theme;
    let entries = &state.activity.entries;

    let title = Span::styled(" Activity ", theme.accent);
    let rows = draw_pane(theme, false, title, frame, sketch);

    if entries.is_empty() && state.carts.is_first_start {
        return draw_hint(state, rows, sketch);
    }
    if entries.is_empty() {
        let text = "Nothing yet. What anybody changes in this cart shows here.";
        return draw_placeholder(theme, text, rows, sketch);
    }

    // The pane may have grown since it was scrolled.
    let last_top = entries.len().saturating_sub(usize::from(rows.height));
    let top = state.activity.top.min(last_top);
    draw_scroll_bar(theme, frame, rows, entries.len(), top, sketch);

    let visible = entries.iter().rev().skip(top);
    let widest_name = visible
        .clone()
        .take(rows.height.into())
        .map(|entry| text::width(author_of(state, entry).unwrap_or_default()))
        .max();
    let widest_name = u16::try_from(widest_name.unwrap_or(0)).unwrap_or(WIDEST_NAME);
    let name_width = widest_name.min(rows.width / 4).min(WIDEST_NAME);

    for (area, entry) in rows.rows().zip(visible) {
        draw_entry(state, entry, name_width, area, sketch);
    }
}

/// Draws how one shops with others, for whoever has not seen that yet. The last lines go first where
/// there is no room for all.
fn draw_hint(state: &State, rows: Rect, sketch: &mut Sketch) {
    let theme = &state.theme;
    let keymap = &state.env.keymap;
    let people = keymap.key_of(Action::People);
    let help = keymap.key_of(Action::Help);
    let keys = format!(
        "You are {}. :name changes it, {people} shows who wants what.",
        state.env.me
    );
    let paragraphs = [
        (
            "",
            "Nothing yet. What anybody changes shows here.",
            theme.dim,
        ),
        (
            "",
            "To see it live, open a second terminal and run",
            theme.dim,
        ),
        ("  ", &second_terminal(state), theme.text),
        ("", &keys, theme.dim),
        ("", &format!("{help} shows all keys."), theme.dim),
    ];

    let lines = paragraphs.iter().flat_map(|(indent, text, style)| {
        let columns = usize::from(rows.width).saturating_sub(indent.len());
        let wrapped = text::wrap(text, columns, usize::MAX).into_iter();
        wrapped.map(move |line| (format!("{indent}{line}"), *style))
    });
    for (area, (line, style)) in rows.rows().zip(lines) {
        sketch.write(area.x, area.y, &line, area.width, style);
    }
}

/// The command that opens this cart in a second terminal, as somebody else.
fn second_terminal(state: &State) -> String {
    let env = &state.env;
    let redis = if env.private {
        String::new()
    } else {
        format!("--redis {} ", text::shell_word(&env.address))
    };
    let name = if env.me == "ann" { "bob" } else { "ann" };
    format!("trolley {redis}--cart {} --name {name}", env.user)
}

/// Draws one entry: when, who, what.
fn draw_entry(
    state: &State,
    entry: &ActivityEntry,
    name_width: u16,
    area: Rect,
    sketch: &mut Sketch,
) {
    let theme = &state.theme;
    let clock = state.clock();
    let time = clock.minute(entry.at());
    let time_width = TIME + clock.hours.columns_more();
    let author = author_of(state, entry).unwrap_or_default();

    // What nobody did has the room of a name, too.
    let name_width = if author.is_empty() { 0 } else { name_width };
    let used = row::taken(&[time_width, name_width]);
    let room = usize::from(area.width.saturating_sub(used));
    let what = match entry {
        ActivityEntry::Change(run) => describe(state, &run.summary, room),
        ActivityEntry::Event(event) => describe_event(state, &event.kind, room),
    };

    let cells = [
        right(&time, time_width, theme.dim),
        left(author, name_width, theme.dim),
        left(&what, area.width, theme.text),
    ];
    row::draw(&cells, RowBackground::Plain(theme.text), area, sketch);
}
