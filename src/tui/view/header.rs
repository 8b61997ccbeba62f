//! The first line: the shop, the cart, who one is and who else is there, the connection, the session.

use super::sketch::Sketch;
use crate::config::display::Charset;
use crate::config::theme::{CANCELLED, CART, CART_IN_ASCII, CONNECTED, DISCONNECTED, READY, Theme};
use crate::model::time::Clock;
use crate::model::{OrderState, text};
use crate::store::Pace;
use crate::tui::layout::countdown::{countdown, elapsed};
use crate::tui::state::timers::SECONDS_BELOW;
use crate::tui::state::timers::age;
use crate::tui::state::{Connectivity, State};
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// The most columns for the shop's name, and for any name where there is little room.
const WIDEST_NAME: usize = 24;
/// The least columns for the name of the cart, where it is longer.
const LEAST_CART: usize = 10;

/// The words that give way where the header is narrow, each with those before it. The order's state
/// goes with none of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum GivesWay {
    Nothing,
    /// The words that nobody else's login reaches this shop.
    LoginOnly,
    /// The part of the cart's name that is long.
    LongName,
    /// The names of the others; their number stays.
    Names,
    /// The word behind the time that is left.
    Left,
    /// The time that is left.
    Time,
    /// The number of the others.
    Others,
    /// Who one is.
    Me,
}

impl GivesWay {
    const ALL: [GivesWay; 8] = [
        GivesWay::Nothing,
        GivesWay::LoginOnly,
        GivesWay::LongName,
        GivesWay::Names,
        GivesWay::Left,
        GivesWay::Time,
        GivesWay::Others,
        GivesWay::Me,
    ];
}

/// Draws the header.
pub(super) fn draw(state: &State, area: Rect, sketch: &mut Sketch) {
    let width = usize::from(area.width);
    for gives_way in GivesWay::ALL {
        let right = right_side(state, gives_way);
        let room = width.saturating_sub(right.width() + 1);
        let left = left_side(state, gives_way, room);

        let is_last = gives_way == GivesWay::Me;
        if left.width() <= room || is_last {
            sketch.write_line(&left, area);
            sketch.write_line(&right.right_aligned(), area);
            return;
        }
    }
}

/// The right side: news of orders, the state of the connection, and how long the session lasts.
fn right_side(state: &State, gives_way: GivesWay) -> Line<'static> {
    let mut spans = Vec::new();
    if let Some(news) = order_news(state) {
        spans.extend([news, Span::raw("  ")]);
    }
    spans.push(connection(
        &state.theme,
        &state.clock(),
        &state.connectivity,
        state.pace,
    ));
    spans.extend(session(state, gives_way));

    spans.push(Span::raw(" "));
    Line::from(spans)
}

/// The open order that matters most, its state and since when it has that, and how many others are
/// open; `None` where none is.
fn order_news(state: &State) -> Option<Span<'static>> {
    let now = state.server_now();
    let (order, others) = state.orders.open(now)?;
    let theme = &state.theme;
    let (sign, style) = match order.state {
        OrderState::Ready => (READY, theme.good),
        OrderState::Cancelled => (CANCELLED, theme.bad),
        OrderState::Placed | OrderState::Accepted | OrderState::Done => ("", theme.warn),
    };

    let mut words = vec![sign.to_owned(), order.name(), order.state.name().to_owned()];
    if matches!(order.state, OrderState::Placed | OrderState::Accepted) {
        words.extend(elapsed(age(order, now)));
    }
    if others > 0 {
        words.push(format!("+{others}"));
    }
    words.retain(|word| !word.is_empty());
    Some(Span::styled(words.join(" "), style))
}

/// The state of the connection.
pub(in crate::tui) fn connection(
    theme: &Theme,
    clock: &Clock,
    connectivity: &Connectivity,
    pace: Pace,
) -> Span<'static> {
    let (sign, word, style) = match connectivity {
        Connectivity::Connecting => (DISCONNECTED, "connecting".to_owned(), theme.dim),
        // What it has now is not known before it answers.
        Connectivity::Live | Connectivity::Syncing if pace == Pace::Silent => {
            (CONNECTED, "waiting".to_owned(), theme.warn)
        }
        Connectivity::Live if pace == Pace::Slow => {
            (CONNECTED, "live, slow".to_owned(), theme.warn)
        }
        Connectivity::Live => (CONNECTED, "live".to_owned(), theme.good),
        Connectivity::Syncing => (CONNECTED, "reading".to_owned(), theme.warn),
        Connectivity::Offline { since, .. } => {
            let since = u64::try_from(*since).unwrap_or_default();
            let since = clock.second(since);
            (DISCONNECTED, format!("offline since {since}"), theme.bad)
        }
        Connectivity::Unreadable(_) => (DISCONNECTED, "unreadable".to_owned(), theme.bad),
    };
    Span::styled(format!("{sign} {word}"), style)
}

/// The time that is left of the session; `None` where the cart is empty or stays.
fn session(state: &State, gives_way: GivesWay) -> Option<Span<'static>> {
    let left = state.time_left()?;
    let style = if left <= SECONDS_BELOW {
        state.theme.warn
    } else {
        state.theme.dim
    };

    let time = countdown(left);
    let shown = if gives_way < GivesWay::Left {
        format!("  {time} left")
    } else if gives_way < GivesWay::Time {
        format!("  {time}")
    } else {
        return None;
    };
    Some(Span::styled(shown, style))
}

/// The left side: the shop, the cart, who one is in it and who else watches. Only the last of all
/// is cut to the room that there is.
fn left_side(state: &State, gives_way: GivesWay, room: usize) -> Line<'static> {
    let theme = &state.theme;
    let is_cut = gives_way == GivesWay::Me;
    let widest_shop = if is_cut { room } else { WIDEST_NAME };
    let shop = text::truncate(&state.shop.name, widest_shop.min(WIDEST_NAME));
    let mut line = Line::from(vec![Span::raw(" "), Span::styled(shop, theme.accent)]);

    let mark = cart_mark(state, state.env.user.as_str());
    let rest = room.saturating_sub(line.width() + 2 + mark.width());
    if is_cut && rest < LEAST_CART.min(text::width(state.env.user.as_str())) {
        return line;
    }
    let widest_cart = if is_cut {
        rest
    } else if gives_way < GivesWay::LongName {
        usize::MAX
    } else {
        WIDEST_NAME
    };
    let cart = text::truncate(state.env.user.as_str(), widest_cart);
    line.extend([Span::raw("  "), mark, Span::styled(cart, theme.text)]);

    // Where a person shops in a cart of their own name, it is said once.
    if gives_way < GivesWay::Me && state.env.me != state.env.user.as_str() {
        let me = text::truncate(&state.env.me, WIDEST_NAME);
        line.push_span(Span::styled(format!(" as {me}"), theme.dim));
    }
    // Others with a login of their own can't be with us here, whatever cart they name.
    if state.env.private && gives_way < GivesWay::LoginOnly {
        line.push_span(Span::styled(" (your login only)", theme.dim));
    }

    let rest = room.saturating_sub(line.width());
    let others = match gives_way {
        GivesWay::Nothing | GivesWay::LoginOnly | GivesWay::LongName => others_named(state, rest),
        GivesWay::Names | GivesWay::Left | GivesWay::Time => others_counted(state),
        GivesWay::Others | GivesWay::Me => String::new(),
    };
    line.push_span(Span::styled(others, theme.dim));
    line
}

/// The mark before the name of a cart, in the cart's own colour.
pub(super) fn cart_mark(state: &State, cart: &str) -> Span<'static> {
    let sign = match state.env.display.charset {
        Charset::Unicode => CART,
        Charset::Ascii => CART_IN_ASCII,
    };
    Span::styled(sign, state.theme.cart(cart))
}

/// The others who watch: as many of their names as fit in `room` columns, but one at least.
fn others_named(state: &State, room: usize) -> String {
    let mut listed = "  with ".to_owned();
    let mut fitting = None;
    for (index, watcher) in state.watchers.iter().enumerate() {
        if index > 0 {
            listed.push_str(", ");
        }
        listed.push_str(&watcher.name);

        let text = match state.watchers.len() - index - 1 {
            0 => listed.clone(),
            others => format!("{listed} +{others}"),
        };
        let fits = text::width(&text) <= room;
        if fits || fitting.is_none() {
            fitting = Some(text);
        }
        // A cart may have more watchers than any header has room for.
        if text::width(&listed) > room {
            break;
        }
    }
    fitting.unwrap_or_default()
}

/// The number of the others who watch; nothing where there are none.
fn others_counted(state: &State) -> String {
    match state.watchers.len() {
        0 => String::new(),
        others => format!("  with {others}"),
    }
}
