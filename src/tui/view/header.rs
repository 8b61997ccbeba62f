//! The first line: the shop, whose cart it is, the connection, the session.

use super::sketch::Sketch;
use crate::config::theme::{CANCELLED, CONNECTED, DISCONNECTED, READY};
use crate::model::time::{ClockStyle, clock};
use crate::model::{OrderState, text};
use crate::tui::layout::countdown::countdown;
use crate::tui::state::timers::SECONDS_BELOW;
use crate::tui::state::{Connectivity, State};
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// The most columns for the shop's name.
const WIDEST_SHOP: usize = 24;
/// The columns from which on the header says whose cart it is.
const LEAST_CART: usize = 12;
/// The columns kept for how many others watch: `  +3 here`.
const LEAST_WATCHERS: usize = 9;

/// Draws the header.
pub(super) fn draw(state: &State, area: Rect, sketch: &mut Sketch) {
    let right = right_side(state, area.width.into());
    let room = usize::from(area.width).saturating_sub(right.width() + 1);
    let left = shop_and_people(state, room);

    sketch.write_line(&left, area);
    sketch.write_line(&right.right_aligned(), area);
}

/// The right side: news of orders, the state of the connection, and how long the session lasts.
fn right_side(state: &State, width: usize) -> Line<'static> {
    let news = order_news(state);
    let connection = connection(state);
    let mut session = session(state);

    let mut spans = Vec::new();
    if let Some(news) = news {
        // The session goes where news has no room beside it.
        let left = text::width(&state.shop.name).min(WIDEST_SHOP) + LEAST_CART;
        let used = left + news.width() + connection.width();
        session = session.filter(|session| used + session.width() <= width);
        spans.extend([news, Span::raw("  ")]);
    }
    spans.push(connection);
    spans.extend(session);

    spans.push(Span::raw(" "));
    Line::from(spans)
}

/// The states of orders that the user has not seen yet: of those that are ready, else cancelled,
/// else accepted, the latest, and how many others there are; `None` where all are seen.
fn order_news(state: &State) -> Option<Span<'static>> {
    let theme = &state.theme;
    let kinds = [
        (OrderState::Ready, READY, theme.good),
        (OrderState::Cancelled, CANCELLED, theme.bad),
        (OrderState::Accepted, "", theme.dim),
    ];

    for (kind, sign, style) in kinds {
        let mut unseen = state.orders.unseen(kind);
        let Some(latest) = unseen.next() else {
            continue;
        };
        let others = match unseen.count() {
            0 => String::new(),
            n => format!(" +{n} more"),
        };
        let news = format!(
            "{sign} {} {}{others}",
            state.orders.name_of(latest),
            kind.name()
        );
        return Some(Span::styled(news.trim_start().to_owned(), style));
    }
    None
}

/// The state of the connection.
fn connection(state: &State) -> Span<'static> {
    let theme = &state.theme;
    let (sign, word, style) = match &state.connectivity {
        Connectivity::Connecting => (DISCONNECTED, "connecting".to_owned(), theme.dim),
        Connectivity::Live if state.is_slow => (CONNECTED, "live, slow".to_owned(), theme.warn),
        Connectivity::Live => (CONNECTED, "live".to_owned(), theme.good),
        Connectivity::Syncing => (CONNECTED, "reading".to_owned(), theme.warn),
        Connectivity::Offline { since, .. } => {
            let since = u64::try_from(*since).unwrap_or_default();
            let since = clock(since, &state.env.zone, ClockStyle::Second);
            (DISCONNECTED, format!("offline since {since}"), theme.bad)
        }
        Connectivity::Unreadable(_) => (DISCONNECTED, "unreadable".to_owned(), theme.bad),
    };
    Span::styled(format!("{sign} {word}"), style)
}

/// The time that is left of the session; `None` where the cart is empty or stays.
fn session(state: &State) -> Option<Span<'static>> {
    let left = state.time_left()?;
    let style = if left <= SECONDS_BELOW {
        state.theme.warn
    } else {
        state.theme.dim
    };
    Some(Span::styled(format!("  {} left", countdown(left)), style))
}

/// The left side, in at most `room` columns: the shop, whose cart it is, who else watches.
fn shop_and_people(state: &State, room: usize) -> Line<'static> {
    let theme = &state.theme;
    let shop = text::truncate(&state.shop.name, room.min(WIDEST_SHOP));
    let mut spans = vec![Span::raw(" "), Span::styled(shop, theme.accent)];
    let used: usize = spans.iter().map(Span::width).sum();
    let mut rest = room.saturating_sub(used);

    if rest > LEAST_CART {
        let cart = Span::styled(format!("  {}", cart_name(state, rest - 2)), theme.text);
        rest = rest.saturating_sub(cart.width());
        spans.push(cart);
    }

    spans.push(Span::styled(watchers(state, rest), theme.dim));
    Line::from(spans)
}

/// The name of the cart, in at most `room` columns.
fn cart_name(state: &State, room: usize) -> String {
    let user = state.env.user.to_string();
    let sentence = format!("cart of {user}");
    // Others with a login of their own can't be with us here, whatever cart they name.
    let private = format!("{sentence} (your login only)");

    // The others who watch are worth more than two words.
    let watchers = if state.watchers.is_empty() {
        0
    } else {
        LEAST_WATCHERS
    };
    if state.env.private && text::width(&private) + watchers <= room {
        private
    } else if text::width(&sentence) + watchers <= room {
        sentence
    } else {
        text::truncate(&user, room)
    }
}

/// The others who watch, in at most `room` columns: as many of their names as fit, else their
/// number.
fn watchers(state: &State, room: usize) -> String {
    let names: Vec<&str> = state
        .watchers
        .iter()
        .map(|watcher| watcher.name.as_str())
        .collect();
    if names.is_empty() {
        return String::new();
    }

    let mut listed = "  with ".to_owned();
    let mut fitting = None;
    for (index, name) in names.iter().enumerate() {
        if index > 0 {
            listed.push_str(", ");
        }
        listed.push_str(name);
        // A cart may have more watchers than any header has room for.
        if text::width(&listed) > room {
            break;
        }

        let text = match names.len() - index - 1 {
            0 => listed.clone(),
            others => format!("{listed} and {others} more"),
        };
        if text::width(&text) <= room {
            fitting = Some(text);
        }
    }

    fitting.unwrap_or_else(|| {
        let counted = [
            format!("  with {}", text::count(names.len(), "other")),
            format!("  +{} here", names.len()),
        ];
        let shortest = counted.into_iter().find(|text| text::width(text) <= room);
        shortest.unwrap_or_default()
    })
}
