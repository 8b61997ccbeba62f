//! The last two lines: messages and prompts, and the keys that work here.

use crate::config::theme::Theme;
use crate::model::{ProductId, text};
use crate::tui::layout::footer::hints;
use crate::tui::state::timers::SECONDS_BELOW;
use crate::tui::state::{Connectivity, Mode, State, Tone};
use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;
use tui_input::Input;

/// The columns that a prompt leaves for the quantity that is typed, with the cursor behind it.
const TYPED: usize = 8;
/// What is left of a name that is cut for other words.
const LEAST_NAME: usize = 12;

/// Draws the prompt, the message, or what is wrong with the link.
pub fn message(state: &State, theme: &Theme, area: Rect, frame: &mut Frame<'_>) {
    if let Mode::Quantity { product, input } = &state.mode {
        let label = quantity_label(
            state,
            product,
            usize::from(area.width).saturating_sub(TYPED),
        );
        return prompt(theme, &label, input, area, frame);
    }
    if let Mode::Palette { input, .. } = &state.mode {
        return prompt(theme, " : ", input, area, frame);
    }
    let (said, style) = said(state, theme);
    let shown = text::truncate(&said, usize::from(area.width.saturating_sub(2)));
    frame.buffer_mut().set_stringn(
        area.x + 1,
        area.y,
        shown,
        usize::from(area.width - 1),
        style,
    );
}

/// What stands before the quantity that is typed, in so many columns: the name above all.
fn quantity_label(state: &State, product: &ProductId, columns: usize) -> String {
    let now = match state.cart.shown.quantity(product) {
        0 => String::new(),
        n => format!(" (now {n})"),
    };
    let name = state.name_of(product);
    for (before, behind) in [(" Quantity of ", &now[..]), (" ", &now[..])] {
        let room = columns.saturating_sub(text::width(before) + text::width(behind) + 2);
        if room >= text::width(&name).min(LEAST_NAME) {
            return format!("{before}{}{behind}: ", text::truncate(&name, room));
        }
    }
    format!(" {}: ", text::truncate(&name, columns.saturating_sub(3)))
}

/// A label and what is typed behind it, with the cursor.
fn prompt(theme: &Theme, label: &str, input: &Input, area: Rect, frame: &mut Frame<'_>) {
    let room = usize::from(area.width).saturating_sub(text::width(label) + 1);
    let skip = input.visual_scroll(room);
    let visible: String = input.value().chars().skip(skip).collect();
    let at = text::width(label) + input.visual_cursor().saturating_sub(skip);
    let typed = Span::styled(text::truncate(&visible, room), theme.text);
    Line::from(vec![Span::styled(label, theme.accent), typed]).render(area, frame.buffer_mut());
    let x = u16::try_from(at)
        .unwrap_or(u16::MAX)
        .min(area.width.saturating_sub(1));
    frame.set_cursor_position((area.x + x, area.y));
}

fn said(state: &State, theme: &Theme) -> (String, Style) {
    let waiting = state.cart.unconfirmed.len();
    let changes = |n: usize| text::count(n, "change");
    if matches!(state.mode, Mode::ConfirmQuit) {
        return (leaving(state), theme.warn);
    }
    if matches!(state.mode, Mode::ConfirmClear) {
        let lines = state.cart.shown.lines.len();
        return (
            format!("Clear the whole cart, {}?", text::count(lines, "line")),
            theme.warn,
        );
    }
    if let Some(count) = state.count {
        return (format!("{count} × …"), theme.accent);
    }
    if let Some(notice) = &state.notice {
        let style = match notice.tone {
            Tone::Info => theme.news,
            Tone::Warn => theme.warn,
            Tone::Bad => theme.bad,
        };
        return (notice.text.clone(), style);
    }
    let waits = if waiting > 0 {
        format!("{} waiting; ", changes(waiting))
    } else {
        String::new()
    };
    match &state.connectivity {
        Connectivity::Offline { trouble, .. } => (
            sentence(&format!("{waits}trying again: {trouble}")),
            theme.bad,
        ),
        Connectivity::Unreadable(trouble) => {
            (format!("The cart can't be read: {trouble}"), theme.bad)
        }
        _ => match state.time_left() {
            Some(left) if left <= SECONDS_BELOW => (
                "The session ends soon: K keeps the cart".to_owned(),
                theme.warn,
            ),
            _ => (String::new(), theme.text),
        },
    }
}

/// What is asked before quitting.
pub fn leaving(state: &State) -> String {
    let waiting = state.cart.unconfirmed.len();
    if waiting == 0 {
        // Only an order is on its way.
        return "The order is not confirmed yet: quit all the same?".to_owned();
    }
    let it = if waiting == 1 { "it" } else { "them" };
    format!(
        "{} not confirmed yet: quit and lose track of {it}?",
        text::count(waiting, "change")
    )
}

fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map(|first| first.to_uppercase().chain(chars).collect())
        .unwrap_or_default()
}

/// Draws the keys that work here, as many as fit.
pub fn keys(state: &State, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    for hint in hints(state, area.width) {
        let room = usize::from(area.width.saturating_sub(hint.x));
        let (x, _) = buffer.set_stringn(area.x + hint.x, area.y, &hint.key, room, theme.accent);
        let room = usize::from(area.right().saturating_sub(x + 1));
        buffer.set_stringn(x + 1, area.y, hint.word, room, theme.dim);
    }
}
