//! The first line: shop, whose cart, the link, the session.

use crate::config::theme::{DOWN, LIVE, Theme};
use crate::model::text;
use crate::tui::state::timers::SECONDS_BELOW;
use crate::tui::state::{Connectivity, State};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

/// The columns for how many others watch, at the least.
const BRIEFLY: usize = 4;

/// Draws the header.
pub fn draw(state: &State, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    let (sign, word, style) = match &state.connectivity {
        Connectivity::Connecting => (DOWN, "connecting".to_owned(), theme.dim),
        Connectivity::Live => (LIVE, "live".to_owned(), theme.good),
        Connectivity::Syncing => (LIVE, "reading".to_owned(), theme.warn),
        Connectivity::Offline { since, .. } => (
            DOWN,
            format!("offline since {}", clock(state, *since)),
            theme.bad,
        ),
        Connectivity::Unreadable(_) => (DOWN, "unreadable".to_owned(), theme.bad),
    };
    let mut right = vec![Span::styled(format!("{sign} {word}"), style)];
    if let Some(left) = state.time_left() {
        let style = if left <= SECONDS_BELOW {
            theme.warn
        } else {
            theme.dim
        };
        right.push(Span::styled(format!("  {} left", countdown(left)), style));
    }
    right.push(Span::raw(" "));
    let right = Line::from(right);
    let free = usize::from(area.width).saturating_sub(right.width() + 2);
    let shop = text::truncate(&state.shop.name, free.min(24));
    let mut left = vec![Span::raw(" "), Span::styled(shop, theme.accent)];
    let mut rest = free.saturating_sub(left.iter().map(Span::width).sum());
    if rest > 12 {
        let user = &state.env.user;
        let cart = format!("cart of {user}");
        // Who else watches is worth more than two words.
        let least = if state.watchers.is_empty() {
            2
        } else {
            2 + BRIEFLY
        };
        let cart = if text::width(&cart) + least > rest {
            user.to_string()
        } else {
            cart
        };
        let cart = Span::styled(format!("  {}", text::truncate(&cart, rest - 2)), theme.text);
        rest = rest.saturating_sub(cart.width());
        left.push(cart);
    }
    left.push(Span::styled(watchers(state, rest), theme.dim));
    Line::from(left).render(area, buffer);
    right.right_aligned().render(area, buffer);
}

/// Who else watches: their names where they fit, else how many.
fn watchers(state: &State, room: usize) -> String {
    if state.watchers.is_empty() {
        return String::new();
    }
    let names: Vec<&str> = state
        .watchers
        .iter()
        .map(|watcher| watcher.name.as_str())
        .collect();
    let named = format!("  with {}", names.join(", "));
    let counted = format!("  +{} watching", names.len());
    let briefly = format!("  +{}", names.len());
    [named, counted, briefly]
        .into_iter()
        .find(|said| text::width(said) <= room)
        .unwrap_or_default()
}

/// Minutes, or minutes and seconds towards the end.
fn countdown(left: u64) -> String {
    let seconds = left.div_ceil(1000);
    let minutes = left.div_ceil(60_000);
    match left {
        0..=SECONDS_BELOW => format!("{}:{:02}", seconds / 60, seconds % 60),
        _ if minutes <= 120 => format!("{minutes} min"),
        _ if minutes <= 48 * 60 => format!("{} h", minutes.div_ceil(60)),
        _ => format!("{} days", minutes.div_ceil(60 * 24)),
    }
}

/// The time of day at a Unix time in milliseconds.
pub fn clock(state: &State, at: i64) -> String {
    let time = state
        .env
        .zone
        .to_datetime(jiff::Timestamp::from_millisecond(at).unwrap_or_default());
    format!(
        "{:02}:{:02}:{:02}",
        time.hour(),
        time.minute(),
        time.second()
    )
}

/// The same to the minute.
pub fn minute(state: &State, at: i64) -> String {
    let mut time = clock(state, at);
    time.truncate(5);
    time
}

#[cfg(test)]
mod tests {
    use super::countdown;

    #[test]
    fn countdowns() {
        for (left, shown) in [
            (0, "0:00"),
            (1, "0:01"),
            (59_001, "1:00"),
            (120_000, "2:00"),
            (120_001, "3 min"),
            (1_800_000, "30 min"),
            (4 * 3_600_000, "4 h"),
            (72 * 3_600_000, "3 days"),
        ] {
            assert_eq!(countdown(left), shown);
        }
    }
}
