//! The first line: the shop, the pages, how much is open, who one is, the time, the connection.

use crate::model::text;
use crate::tui::staff::layout::board::{BoardLayout, age_words, shows_list};
use crate::tui::staff::layout::header::{shop_name, tabs};
use crate::tui::staff::state::{Page, StaffState};
use crate::tui::view::header::connection;
use crate::tui::view::sketch::Sketch;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

/// The most columns for one's own name.
const WIDEST_NAME: usize = 24;
/// The columns between what belongs together less.
const GAP: &str = "   ";

/// Draws the header. Where there is little room, the counts give way first, then the time, then
/// one's own name.
pub(super) fn draw(state: &StaffState, layout: &BoardLayout, sketch: &mut Sketch) {
    let theme = &state.theme;
    let area = Rect::new(0, 0, state.size.0, 1);
    let width = usize::from(area.width);

    let mut left = Line::from(vec![
        Span::raw(" "),
        Span::styled(shop_name(state), theme.accent),
        Span::raw(" "),
    ]);
    for tab in tabs(state) {
        let style = if tab.is_present {
            theme.accent
        } else {
            theme.dim
        };
        left.extend([
            Span::raw(" "),
            Span::styled(tab.word, style),
            Span::raw(" "),
        ]);
    }

    let clock = state.clock();
    let link = connection(theme, &clock, &state.connectivity, state.pace);
    let time = clock.minute(state.wall_now());
    let me = format!("as {}", text::truncate(&state.env.me, WIDEST_NAME));
    let mut right = Line::from(vec![link, Span::raw(" ")]);

    // The time alone is better than none.
    let others = [&me, GAP, GAP].map(text::width).iter().sum::<usize>();
    let room = width.saturating_sub(left.width() + right.width() + others);
    let zone = state.unexpected_zone();
    let in_zone = zone.map(|zone| format!("{time} {zone}"));
    let time = in_zone
        .filter(|time| text::width(time) <= room)
        .unwrap_or(time);

    // Those who collect need not know who looks after the board.
    let words = match state.page {
        Page::Board | Page::Today | Page::Products | Page::Shop => vec![me, time],
        Page::Ready => vec![time],
    };
    for words in words {
        let words = format!("{words}{GAP}");
        if left.width() + text::width(&words) + right.width() > width {
            break;
        }
        // One's own name stands before the time.
        let place = right.spans.len() - 2;
        right.spans.insert(place, Span::styled(words, theme.dim));
    }

    // A list has them in its own title.
    if state.page == Page::Board && !shows_list(state) {
        left.push_span(Span::raw(GAP));
        let room = width.saturating_sub(left.width() + right.width() + GAP.len());
        left.extend(fitting(counts(state, layout), room));
    }
    sketch.write_line(&left, area);
    sketch.write_line(&right.right_aligned(), area);
}

/// Words one behind the other, as many as fit.
fn fitting(words: Vec<(String, Style)>, room: usize) -> Vec<Span<'static>> {
    let mut spans: Vec<Span<'static>> = Vec::new();
    let mut used = 0;
    for (word, style) in words {
        let gap = if spans.is_empty() { "" } else { " · " };
        used += text::width(gap) + text::width(&word);
        if used > room {
            break;
        }
        spans.push(Span::raw(gap));
        spans.push(Span::styled(word, style));
    }
    spans
}

/// The words about the open orders: how many there are, how many are late, and which show.
pub(super) fn counts(state: &StaffState, layout: &BoardLayout) -> Vec<(String, Style)> {
    let theme = &state.theme;
    let board = &state.board;
    if !board.is_read {
        return Vec::new();
    }

    let server_now = state.server_now();
    let mut words = Vec::new();
    if !state.is_current() {
        words.push(("may be old".to_owned(), theme.bad));
    }
    if let Some(station) = &board.station {
        words.push((station.clone(), theme.warn));
    }
    let looked_for = board.words.value().trim();
    if !looked_for.is_empty() {
        words.push((format!("“{looked_for}”"), theme.warn));
    }

    let open = board.to_make().count();
    words.push((format!("{open} open"), theme.dim));
    if board.more > 0 {
        words.push((format!("{} more not shown", board.more), theme.warn));
    }
    if board.unread > 0 {
        words.push((format!("{} can't be read", board.unread), theme.bad));
    }

    let ages: Vec<u64> = board.to_make().map(|it| it.age(server_now)).collect();
    let late = ages.iter().filter(|age| **age >= state.env.late_after);
    let late = late.count();
    if late > 0 {
        let limit = age_words(state.env.late_after);
        words.push((format!("{late} over {limit}"), theme.bad));
    }
    if !shows_list(state) {
        let behind = board.to_make - layout.next;
        let before = board.first;
        if before > 0 {
            words.push((format!("← {before} more"), theme.warn));
        }
        if behind > 0 {
            words.push((format!("{behind} more →"), theme.warn));
        }
    }
    if let Some(oldest) = ages.iter().max() {
        words.push((format!("oldest {}", age_words(*oldest)), theme.dim));
    }
    words
}
